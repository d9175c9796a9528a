/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names. Receives UTF-16 of any kind; guarantees UTF-8 that is one name of a path and that a terminal only
 * shows. Unicode 15, 3.9 (D91, D92).
 */
#include "name.h"

char *fw_utf8_put(char *to, uint32_t character)
{
    if (character < 0x80) {
        *to++ = (char)character;
        return to;
    }
    if (character < 0x800) {
        *to++ = (char)(0xc0 | character >> 6);
    } else {
        if (character < 0x10000) {
            *to++ = (char)(0xe0 | character >> 12);
        } else {
            *to++ = (char)(0xf0 | character >> 18);
            *to++ = (char)(0x80 | (character >> 12 & 0x3f));
        }
        *to++ = (char)(0x80 | (character >> 6 & 0x3f));
    }
    *to++ = (char)(0x80 | (character & 0x3f));
    return to;
}

bool fw_is_dots(const char *name)
{
    return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

bool fw_name_spell(char *to, const uint16_t *units, size_t count)
{
    const char *start = to;

    for (size_t i = 0; i < count && units[i] != 0; i++) {
        uint32_t unit = units[i], low = i + 1 < count ? units[i + 1] : 0;

        if (unit < ' ' || unit == '/' || (unit >= 0x7f && unit < 0xa0))
            return false;
        if (unit >= 0xd800 && unit < 0xe000) {
            bool pair = unit < 0xdc00 && low >= 0xdc00 && low < 0xe000;

            unit = pair ? 0x10000 + ((unit & 0x3ff) << 10 | (low & 0x3ff)) : 0xfffd;
            i += pair;
        }
        to = fw_utf8_put(to, unit);
    }
    *to = '\0';
    return to != start && !fw_is_dots(start);
}

static char fold(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter | 0x20) : letter;
}

bool fw_is_named(const char *name, const char *wanted, size_t length)
{
    for (; length != 0; length--, name++, wanted++) {
        if (*name == '\0' || fold(*name) != fold(*wanted))
            return false;
    }
    return *name == '\0';
}
