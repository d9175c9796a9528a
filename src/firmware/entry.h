/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boot entries: what a file system offers to boot. Each kind of configuration (boot loader specification
 * types 1 and 2, extlinux.conf, grub.cfg) is read by its own file into the same struct; choose.c puts them in
 * order and says which is booted and why.
 */
#ifndef ZP_FIRMWARE_ENTRY_H
#define ZP_FIRMWARE_ENTRY_H

#include "fs.h"

#define FW_INITRD_MAX 16
#define FW_ENTRY_MAX  256

enum fw_source {
    FW_BLS1,
    FW_UKI,
    FW_EXTLINUX,
    FW_GRUB,
    FW_UNIVERSAL,
    FW_PATH
};

/* Bytes of a file; size 0: the whole file. */
struct fw_piece {
    uint64_t offset, size;
};

/* Strings lie in the arena; NULL: not given. Paths are of the file system `fs`. */
struct fw_entry {
    enum fw_source source;
    struct fw_fs *fs;
    /*
     * What its configuration calls it. BLS1, UKI: the file name without .conf or .efi and without tries;
     * extlinux: LABEL; GRUB: --id, or the title.
     */
    const char *id;
    const char *file; /* BLS1, UKI: its name in the directory, tries and all */
    uint32_t profile; /* UKI: of several profiles this, from 0 */
    const char *title;
    const char *sort_key, *version, *machine_id, *architecture;
    const char *kernel; /* or the file of the UKI that it is in */
    struct fw_piece kernel_piece;
    const char *initrds[FW_INITRD_MAX];
    struct fw_piece initrd_pieces[FW_INITRD_MAX];
    size_t initrd_count;
    const char *options; /* all of them, joined by spaces */
    /* Known, and not for us: an entry without a kernel that names an EFI program is one when that is a UKI.
     */
    const char *devicetree, *efi;
    int tries_left, tries_done; /* -1: not counted */
    bool is_default;            /* its own extlinux.conf or grub.cfg says so */
    bool failed;                /* it could not be booted: fw_choose passes over it */
};

/*
 * What the loader.conf of a disk says about its entries of BLS1 and UKI; of each setting the first that is
 * read counts. Timeouts of extlinux and GRUB are for menus of theirs.
 */
struct fw_settings {
    struct fw_settings *next;
    const struct fw_disk *disk;
    bool has_timeout;
    uint32_t timeout;          /* seconds; UINT32_MAX: "menu-force", the menu stays */
    const char *default_entry; /* a glob on the names of entries */
    const char *preferred;     /* the same, for entries alone whose tries are not spent */
};

struct fw_menu {
    struct fw_entry *entries; /* capacity FW_ENTRY_MAX, from the arena */
    size_t count;
    struct fw_settings *settings; /* in the order of the disks */
    struct fw_arena *arena;
    uint32_t notes;  /* so many mistakes were told */
    uint32_t addons; /* so many were read, of all images */
};

/*
 * Each adds what it finds on one file system, in the order of its kind, and settings; a malformed entry is
 * noted with file and line, and left out, never the rest. 0, or -1: the arena is full.
 * File systems that a grub.cfg searches for are looked up by `find` (NULL: there is none).
 */
struct fw_lookup {
    struct fw_fs *(*find)(void *context, const char *kind,
                          const char *value); /* kind: "uuid", "label", "file" */
    void *context;
};
int fw_menu_begin(struct fw_menu *ret_menu, struct fw_arena *arena);
int fw_bls_read(struct fw_menu *menu, struct fw_fs *fs); /* loader/loader.conf, loader/entries/ *.conf */
int fw_uki_read(struct fw_menu *menu, struct fw_fs *fs); /* EFI/Linux/ *.efi */
int fw_extlinux_read(struct fw_menu *menu,
                     struct fw_fs *fs); /* extlinux.conf, syslinux.cfg where they may lie */
int fw_grub_read(struct fw_menu *menu, struct fw_fs *fs,
                 const struct fw_lookup *lookup); /* grub.cfg, grub/grub.cfg, ...; NULL: this one alone */

/* Is this the file system that a grub.cfg looks for? kind: as above. */
bool fw_fs_is(struct fw_fs *fs, const char *kind, const char *value);

/*
 * Sorts by the specification's order; the index of what is booted, or SIZE_MAX; *ret_why: a static string.
 * Its kernel and initrds are files that exist; a kernel that is a UKI has become its pieces. Whoever cannot
 * boot it sets `failed` and asks again.
 */
size_t fw_choose(struct fw_menu *menu, const char **ret_why);

/* Is all of an entry there, which somebody else chose? Else it is said what is not. Then as of fw_choose. */
bool fw_entry_is_whole(struct fw_menu *menu, struct fw_entry *entry);

/* strverscmp_improved of the version format specification: <0, 0, >0. */
int fw_version_compare(const char *a, const char *b);
/* Globs of loader.conf: * ? [...] and \; letters match in either case. */
bool fw_glob(const char *pattern, const char *text);

#endif
