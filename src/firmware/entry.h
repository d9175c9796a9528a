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

/* Strings lie in the arena; NULL: not given. Paths are of the file system `fs`. */
struct fw_entry {
    enum fw_source source;
    struct fw_fs *fs;
    const char *
        id; /* BLS: file name without .conf and tries; extlinux: LABEL; grub: --id or title; UKI: file name */
    const char *title;
    const char *sort_key, *version, *machine_id, *architecture;
    const char *linux; /* kernel, or the UKI itself */
    const char *initrds[FW_INITRD_MAX];
    size_t initrd_count;
    const char *options; /* all of them, joined by spaces */
    const char *devicetree,
        *efi; /* known, not for us: such an entry is noted and passed over unless it has linux, too */
    int tries_left, tries_done; /* -1: not counted */
};

/* What configuration files say besides entries. */
struct fw_settings {
    bool has_timeout;
    uint32_t timeout; /* seconds; UINT32_MAX: the menu stays (BLS "menu-force", negative of extlinux) */
    bool menu;        /* to be shown in any case */
    const char *default_entry; /* a glob on ids (loader.conf), a label (extlinux) or an id or title or number
                                  (grub) */
    bool editor_off;
};

struct fw_menu {
    struct fw_entry *entries; /* capacity FW_ENTRY_MAX, from the arena */
    size_t count;
    struct fw_settings settings;
    struct fw_arena *arena;
};

/*
 * Each adds what it finds on one file system, in the order of its kind, and settings; a malformed entry is
 * noted with file and line, and left out, never the rest. 0, or -1: the arena is full.
 * root_uuid... of other file systems that a grub.cfg searches for are looked up by `find` (may be NULL).
 */
struct fw_lookup {
    struct fw_fs *(*find)(void *context, const char *kind,
                          const char *value); /* kind: "uuid", "label", "file" */
    void *context;
};
int fw_bls_read(struct fw_menu *menu, struct fw_fs *fs); /* loader/loader.conf, loader/entries/ *.conf */
int fw_uki_read(struct fw_menu *menu, struct fw_fs *fs); /* EFI/Linux/ *.efi */
int fw_extlinux_read(struct fw_menu *menu,
                     struct fw_fs *fs); /* extlinux.conf, syslinux.cfg where they may lie */
int fw_grub_read(struct fw_menu *menu, struct fw_fs *fs,
                 const struct fw_lookup *lookup); /* grub.cfg, grub/grub.cfg, ... */

/* Sorts by the specification's order; the index of what is booted, or SIZE_MAX; *ret_why: a static string. */
size_t fw_choose(struct fw_menu *menu, const char **ret_why);

/* strverscmp_improved of the version format specification: <0, 0, >0. */
int fw_version_compare(const char *a, const char *b);
/* Globs of loader.conf: * ? [...] and \. */
bool fw_glob(const char *pattern, const char *text);

#endif
