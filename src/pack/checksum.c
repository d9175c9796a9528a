/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The checksum over packed files, computed by the packer and again by the stub: Fletcher-64. It finds every
 * change of one word and words that changed places; it is no protection against a person.
 */
#include <string.h>

#include "layout.h"

#define MODULUS 0xffffffffu
#define BLOCK   65536u /* words after which the sums are reduced: neither passes 64 bits before */

static void add_words(const unsigned char *bytes, size_t words, uint64_t *low, uint64_t *high)
{
    uint64_t a = *low, b = *high;

    while (words != 0) {
        size_t block = words < BLOCK ? words : BLOCK;

        words -= block;
        for (; block != 0; block--, bytes += sizeof(uint32_t)) {
            uint32_t word;

            __builtin_memcpy(&word, bytes, sizeof(word)); /* one load, where memcpy is our own, too */
            a += word;
            b += a;
        }
        a %= MODULUS;
        b %= MODULUS;
    }
    *low = a;
    *high = b;
}

uint64_t zp_pack_checksum(const void *bytes, size_t size, size_t skip)
{
    static const unsigned char none[8];
    const unsigned char *from = (const unsigned char *)bytes;
    uint64_t low = 0, high = 0;
    size_t before = skip < size ? skip : size;

    add_words(from, before / 4, &low, &high);
    if (before < size) {
        add_words(none, sizeof(none) / 4, &low, &high);
        add_words(from + before + sizeof(none), (size - before - sizeof(none)) / 4, &low, &high);
    }
    return high << 32 | low;
}
