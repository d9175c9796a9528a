/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names as disks hold them, and as we show them: UTF-8.
 */
#ifndef ZP_FIRMWARE_NAME_H
#define ZP_FIRMWARE_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Up to four bytes; where the next character goes. */
char *fw_utf8_put(char *to, uint32_t character);
/*
 * Up to three bytes of each unit and a NUL; the name ends at a unit of 0. Halves of pairs become U+FFFD.
 * False: it is none that a path could have, or holds control characters.
 */
bool fw_name_spell(char *to, const uint16_t *units, size_t count);
bool fw_is_dots(const char *name); /* "." or ".." */
/* Is the whole of name wanted's first length bytes, but for the case of ASCII letters? */
bool fw_is_named(const char *name, const char *wanted, size_t length);

#endif
