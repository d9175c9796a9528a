/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Load options -> command line (UEFI 2.10, 9.1 "EFI Loaded Image Protocol": their meaning is the program's
 * own). Text is UTF-16, ends with NUL or with its size, and becomes UTF-8, as Linux's EFI stub makes it.
 * Firmware also hands over options that are not text: the identity of a boot entry that it made by itself, a
 * whole boot option. Those are told apart by what no command line has: control characters, half a surrogate,
 * letters beyond ASCII without a NUL at the end.
 *
 * A shell puts the program's name in front (UEFI Shell 2.2, 4.x); it is dropped, with the quotes that it may
 * be in. A boot manager does not, and nothing is dropped.
 */
#include "efi.h"

static uint16_t unit_at(const void *options, uint64_t index)
{
    uint16_t unit;

    memcpy(&unit, (const uint8_t *)options + index * sizeof(unit), sizeof(unit));
    return unit;
}

static bool is_space(uint16_t unit)
{
    return unit == ' ' || unit == '\t';
}

/* The first unit behind a name and the spaces after it. */
static uint64_t skip_name(const void *options, uint64_t length)
{
    bool quoted = false;
    uint64_t at = 0;

    while (at < length && is_space(unit_at(options, at)))
        at++;
    while (at < length && (quoted || !is_space(unit_at(options, at)))) {
        if (unit_at(options, at) == '"')
            quoted = !quoted;
        at++;
    }
    while (at < length && is_space(unit_at(options, at)))
        at++;
    return at;
}

/* The character at *at, which goes on behind it; 0: that is no text. */
static uint32_t next_character(const void *options, uint64_t length, uint64_t *at)
{
    uint32_t high = unit_at(options, (*at)++), low;

    if (high < 0xd800 || high > 0xdfff)
        return high;
    if (high > 0xdbff || *at == length)
        return 0;
    low = unit_at(options, (*at)++);
    if (low < 0xdc00 || low > 0xdfff)
        return 0;
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static size_t put_utf8(uint32_t character, char bytes[4])
{
    if (character < 0x80) {
        bytes[0] = (char)character;
        return 1;
    }
    if (character < 0x800) {
        bytes[0] = (char)(0xc0 | character >> 6);
        bytes[1] = (char)(0x80 | (character & 0x3f));
        return 2;
    }
    if (character < 0x10000) {
        bytes[0] = (char)(0xe0 | character >> 12);
        bytes[1] = (char)(0x80 | (character >> 6 & 0x3f));
        bytes[2] = (char)(0x80 | (character & 0x3f));
        return 3;
    }
    bytes[0] = (char)(0xf0 | character >> 18);
    bytes[1] = (char)(0x80 | (character >> 12 & 0x3f));
    bytes[2] = (char)(0x80 | (character >> 6 & 0x3f));
    bytes[3] = (char)(0x80 | (character & 0x3f));
    return 4;
}

int stub_efi_text(const void *options, uint64_t size, bool named, char *text, size_t capacity,
                  size_t *ret_length)
{
    uint64_t units = size / 2, length = 0;
    size_t used = 0;
    bool fits = true, ended;

    if (options == NULL || size % 2 != 0 || capacity == 0)
        return -1;
    while (length < units && unit_at(options, length) != 0)
        length++;
    ended = length < units;
    for (uint64_t at = named ? skip_name(options, length) : 0; at < length;) {
        uint32_t character = next_character(options, length, &at);
        char bytes[4];
        size_t count;

        if ((character < ' ' && character != '\t') || character == 0x7f || (character > 0x7f && !ended))
            return -1;
        count = put_utf8(character, bytes);
        fits = fits && count < capacity - used;
        if (!fits)
            continue;
        memcpy(text + used, bytes, count);
        used += count;
    }
    if (!fits)
        return -2;
    while (used && is_space((uint8_t)text[used - 1]))
        used--;
    text[used] = 0;
    *ret_length = used;
    return 0;
}
