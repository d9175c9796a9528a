/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Texts of configuration files: what their readers share. A text is read whole into the arena and cut up in
 * place; words and lines end in NUL and live as long as the arena.
 */
#ifndef ZP_FIRMWARE_TEXT_H
#define ZP_FIRMWARE_TEXT_H

#include "../core/seam.h"
#include "entry.h"

bool fw_is_space(char byte);
char fw_lower(char byte); /* ASCII */
size_t fw_length(const char *text);
bool fw_same(const char *a, const char *b);
bool fw_same_letters(const char *a, const char *b); /* in either case */
int fw_order(const char *a, const char *b);         /* as strcmp; NULL is empty */
bool fw_ends(const char *text, const char *with);   /* in either case */
bool fw_decimal(const char *text, uint32_t *ret_value);

/* NULL: the arena is full. */
char *fw_keep(struct fw_arena *arena, const char *text, size_t length);
char *fw_join(struct fw_arena *arena, const char *a, const char *between, const char *b);
/*
 * The path of name, seen from a directory: absolute, without ".", ".." and doubled slashes, never above the
 * root. A path of FW_PATH_MAX bytes is noted, and becomes the root itself, which is no file.
 */
char *fw_path_join(struct fw_arena *arena, const char *directory, const char *name);

/* The next line without space at either end, or NULL; the next word, empty at the end. */
char *fw_cut_line(char **at);
char *fw_cut_word(char **at);

bool fw_is_file(struct fw_fs *fs, const char *path);
/* As fw_slurp; a file with a NUL byte is noted, and none. */
char *fw_slurp_text(struct fw_fs *fs, struct fw_arena *arena, const char *path, size_t max);

/*
 * Names in a directory that end so ("/": those of directories), at most FW_ENTRY_MAX: NULL ends them. NULL:
 * no directory, or no room.
 */
const char **fw_names(struct fw_fs *fs, struct fw_arena *arena, const char *directory, const char *suffix);

#endif
