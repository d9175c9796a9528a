/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What readers of boot entries need of each other.
 */
#ifndef ZP_FIRMWARE_READING_H
#define ZP_FIRMWARE_READING_H

#include "text.h"

/* Of one configuration file. */
#define FW_CONFIG_MAX (256u << 10)
#define FW_BLS_MAX    (16u << 10)

/* So many files of a directory can be no entries, until it is left. */
#define FW_REFUSED_MAX 64u

/* May a mistake in a file be told? An enemy's file has many. */
#define FW_NOTES_MAX 64u
bool fw_menu_notes(struct fw_menu *menu);
/* The next entry, cleared, which menu->count does not count yet; NULL: there are FW_ENTRY_MAX (noted). */
struct fw_entry *fw_menu_next(struct fw_menu *menu, struct fw_fs *fs, enum fw_source source);
/* Adds a whole file as an initrd; false: there are FW_INITRD_MAX (noted as of `where`). */
bool fw_entry_initrd(struct fw_menu *menu, struct fw_entry *entry, const char *path, const char *where);

/* loader_conf.c: 0, or -1: the arena is full. */
int fw_loader_conf_read(struct fw_menu *menu, struct fw_fs *fs);

/*
 * bls.c: the entries of one directory. Values in GRUB's hands have variables: `value` gives them, NULL: not
 * set. Without it, those that Fedora's entries use are left out. An entry that is in the menu already stays
 * as it is, but with `value` it is read anew.
 */
struct fw_variables {
    const char *(*value)(void *context, const char *name, size_t length);
    void *context;
};
int fw_bls_directory(struct fw_menu *menu, struct fw_fs *fs, const char *directory,
                     const struct fw_variables *variables);
/* Cuts suffix and tries off a file name: what is left, its length. */
size_t fw_tries_cut(const char *name, size_t suffix, int *ret_left, int *ret_done);

/*
 * uki.c: a profile of the UKI entry->kernel becomes entry's pieces; title and the like, too, where entry has
 * none. Returns how many profiles there are (a UKI without any has 1), or 0: it is no UKI for this machine,
 * or none that can be read, and *ret_why says why.
 */
uint32_t fw_uki_take(struct fw_menu *menu, struct fw_entry *entry, uint32_t profile, const char **ret_why);

/* choose.c: <0: a comes before b. */
int fw_entry_compare(const struct fw_entry *a, const struct fw_entry *b);

#endif
