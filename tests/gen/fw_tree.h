/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * File systems without disks, for what reads files by their paths: files of memory, or of a folder here.
 */
#ifndef ZP_TESTS_FW_TREE_H
#define ZP_TESTS_FW_TREE_H

#include "fs.h"

struct fw_tree_file {
    char *path;
    const unsigned char *bytes; /* NULL: of fd; without it, zeros */
    int fd;
    uint64_t size;
};

struct fw_tree {
    struct fw_fs fs; /* give &fs to the firmware */
    struct fw_tree_file *files;
    size_t count;
    uint64_t calls;   /* of open, read and list */
    uint64_t fail_at; /* the call of this number fails, from 1; 0: none */
};

void fw_tree_begin(struct fw_tree *tree, struct fw_arena *arena);
/* Bytes stay where they are. A path begins with '/'; its directories are there with it. */
void fw_tree_add(struct fw_tree *tree, const char *path, const void *bytes, uint64_t size);
void fw_tree_text(struct fw_tree *tree, const char *path, const char *text);
int fw_tree_folder(struct fw_tree *tree, const char *folder); /* all files below; 0, or -1 with errno */
void fw_tree_end(struct fw_tree *tree);

#endif
