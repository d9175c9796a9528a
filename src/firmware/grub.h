/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside of the reader of grub.cfg: grub_script.c runs the language, grub_command.c the commands, grub.c
 * makes entries of what they did.
 */
#ifndef ZP_FIRMWARE_GRUB_H
#define ZP_FIRMWARE_GRUB_H

#include "reading.h"

#define FW_GRUB_VARIABLES 128u
#define FW_GRUB_FUNCTIONS 32u
#define FW_GRUB_ITEMS     FW_ENTRY_MAX
#define FW_GRUB_DEVICES   8u
#define FW_GRUB_WORDS     512u
#define FW_GRUB_SCRATCH   (32u << 10)
#define FW_GRUB_UNKNOWN   16u
#define FW_GRUB_STEPS     20000u /* commands, skipped ones too: of the script, and of all bodies */
#define FW_GRUB_DEPTH     16u

/* A place in a script. */
struct fw_grub_at {
    const char *path, *text, *at;
};

struct fw_grub_variable {
    const char *name, *value;
};

struct fw_grub_function {
    const char *name;
    struct fw_grub_at body;
};

enum fw_grub_kind {
    FW_GRUB_ENTRY,
    FW_GRUB_SUBMENU,
    FW_GRUB_BLS, /* all that blscfg found */
};

/* A line of the menu, or of a submenu. */
struct fw_grub_item {
    enum fw_grub_kind kind;
    const char *id, *title;
    struct fw_grub_at body;
    size_t parent;          /* an item; SIZE_MAX: the menu itself */
    struct fw_entry *entry; /* NULL: nothing to boot */
    struct fw_fs *fs;       /* of BLS */
};

struct fw_grub {
    struct fw_menu *menu;
    struct fw_fs *fs;
    const struct fw_lookup *lookup;
    struct fw_grub_at at;
    struct fw_grub_variable *variables;
    size_t variable_count;
    struct fw_grub_function *functions;
    size_t function_count;
    struct fw_grub_item *items;
    size_t item_count;
    size_t parent;                          /* of items that are defined now */
    struct fw_entry *body;                  /* of the menuentry that runs */
    bool spoiled;                           /* it cannot be booted, and that was said */
    struct fw_fs *devices[FW_GRUB_DEVICES]; /* "fs0" is the one with the script */
    size_t device_count;
    /* Words of commands that run, the innermost last, and their bytes. */
    const char **words;
    char *scratch;
    size_t word_count, scratch_used;
    const char *const *arguments; /* of the function that runs: $1 and so on */
    size_t argument_count;
    uint32_t steps, sourced, depth;
    int status; /* of the last command: 0 is true */
    bool returning;
    bool broken; /* the script ends here */
    bool full;   /* the arena */
    const char *unknown[FW_GRUB_UNKNOWN];
    size_t unknown_count;
};

/* grub_script.c */
void fw_grub_run_text(struct fw_grub *grub, const char *path, const char *text);
void fw_grub_run_body(struct fw_grub *grub, const struct fw_grub_at *body);
uint64_t fw_grub_line(const struct fw_grub_at *at);

/* grub_command.c: what a command did, 0: it succeeded */
int fw_grub_command(struct fw_grub *grub, const char *const *words, size_t count);
/* One that has a body: menuentry, submenu. */
void fw_grub_define(struct fw_grub *grub, const char *const *words, size_t count,
                    const struct fw_grub_at *body);
const char *fw_grub_get(const struct fw_grub *grub, const char *name, size_t length); /* NULL: not set */
void fw_grub_set(struct fw_grub *grub, const char *name, size_t length, const char *value);

#endif
