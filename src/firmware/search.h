/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From disks to what can be booted from them: volumes, file systems, boot entries, the bytes of a kernel.
 */
#ifndef ZP_FIRMWARE_SEARCH_H
#define ZP_FIRMWARE_SEARCH_H

#include <zeropage/zeropage.h>

#include "entry.h"

#define FW_SYSTEM_MAX 64  /* file systems that are looked at; others are noted */
#define FW_BARE_MAX   128 /* and volumes that have none, */

/* Is that a kernel? */
typedef bool fw_is_image(const struct zp_source *source);

struct fw_search {
    struct fw_arena *arena;
    fw_is_image *is_kernel;
    struct fw_fs *systems; /* in the order of disks and partitions */
    size_t system_count;
    const struct fw_volume **bare; /* without a file system; and disks with partitions, whole */
    size_t bare_count;
    struct fw_menu menu;
    const char *words; /* of the command line that are for the kernel */
};

/*
 * Reads all that configuration files of these disks say, and the words of the command line that are ours:
 *
 *   zeropage.kernel=PATH   boot this file, of the first file system that has it
 *   zeropage.initrd=PATH   with this initrd of the same file system; again for more
 *
 * The other words are handed to the kernel behind those of its entry. 0, or -1: the arena is full, and what
 * was found by then is there. A file system gets a part of the arena: none leaves nothing to the next. Of a
 * disk that is a packed file with partitions behind it, that is what there is: they are its kernel's.
 */
int fw_search_begin(struct fw_search *ret_search, struct fw_arena *arena, const char *cmdline,
                    fw_is_image *is_kernel);
int fw_search_disk(struct fw_search *search, const struct fw_disk *disk); /* each, and then */
void fw_search_done(struct fw_search *search, const char *cmdline);

/*
 * When nothing else is left: entries for what is a kernel, though no configuration names it, such as
 * universal images. First volumes and disks, then files where UEFI has its programs.
 */
void fw_search_images(struct fw_search *search);
void fw_search_programs(struct fw_search *search);

/* The kernel's command line for an entry (NULL: a file that needs none): in the arena, NULL: it is full. */
const char *fw_search_options(struct fw_search *search, const struct fw_entry *entry);

/* A file, or a piece of one, as the core reads it; valid as long as its file system. */
struct fw_file_source {
    struct zp_source source;
    struct fw_file file;
    uint64_t offset;
};
int fw_file_source(struct fw_fs *fs, const char *path, struct fw_piece piece,
                   struct fw_file_source *ret); /* 0, -1 */

#endif
