/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sizes as people write and read them. In: decimal or 0x hexadecimal digits, then at most one of K, M, G, T
 * in either case, as powers of 1024, also spelt KiB and so on; no sign, no blank, nothing past 64 bits.
 * Out: bytes below 10000, else the largest unit with at most one decimal, which is there when the number
 * is not whole.
 */
#include "host.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int digit_value(char c, uint64_t base)
{
    int value = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;

    return value < (int)base ? value : -1;
}

/* The shift that a unit stands for, or -1. */
static int unit_shift(const char *unit)
{
    static const char letters[] = "KMGT";
    const char *found;

    if (*unit == '\0')
        return 0;
    found = memchr(letters, *unit & ~0x20, sizeof(letters) - 1);
    if (!found || (unit[1] != '\0' && strcmp(unit + 1, "iB") != 0))
        return -1;
    return 10 * (int)(found - letters + 1);
}

bool zp_size_parse(const char *text, uint64_t *ret_size)
{
    uint64_t base = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10;
    const char *at = base == 16 ? text + 2 : text;
    uint64_t size = 0;
    int shift;

    if (digit_value(*at, base) < 0)
        return false;
    for (; digit_value(*at, base) >= 0; at++) {
        if (__builtin_mul_overflow(size, base, &size) ||
            __builtin_add_overflow(size, (uint64_t)digit_value(*at, base), &size))
            return false;
    }
    shift = unit_shift(at);
    if (shift < 0 || (shift > 0 && size >> (64 - shift) != 0))
        return false;
    *ret_size = size << shift;
    return true;
}

char *zp_size_format(uint64_t size, char *buffer, size_t buffer_size)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    unsigned unit = 0;
    uint64_t part, whole, tenths;

    if (size < 10000) {
        snprintf(buffer, buffer_size, "%" PRIu64 " B", size);
        return buffer;
    }
    while (unit < 6 && size >> (10 * (unit + 1)) != 0)
        unit++;
    whole = size >> (10 * unit);
    part = size & ((UINT64_C(1) << (10 * unit)) - 1);
    if (part == 0) {
        snprintf(buffer, buffer_size, "%" PRIu64 " %s", whole, units[unit]);
        return buffer;
    }
    /* Ten bits of the fraction are plenty for one digit, and cannot overflow. */
    tenths = whole * 10 + ((part >> (10 * (unit - 1))) * 10 + 512) / 1024;
    snprintf(buffer, buffer_size, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, units[unit]);
    return buffer;
}
