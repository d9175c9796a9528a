/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Small things that all of the packer needs: a sentence as the error, bytes to a place in a file, and the
 * checksum of layout.h over bytes that are never in memory all at once. Two runs of words with sums (a, b)
 * and (c, d), the second of n words, have the sums (a + c, b + n a + d) together, modulo 2^32 - 1.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "packing.h"

#define MODULUS UINT64_C(0xffffffff)

int zp_pack_fail(const struct zp_pack_say *say, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (say->size > 0)
        vsnprintf(say->text, say->size, format, arguments);
    va_end(arguments);
    return -1;
}

int zp_pack_put(int fd, uint64_t offset, const void *bytes, size_t size)
{
    const char *from = bytes;

    while (size > 0) {
        ssize_t put = pwrite(fd, from, size, (off_t)offset);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return put < 0 ? -errno : -EIO;
        from += put;
        offset += (uint64_t)put;
        size -= (size_t)put;
    }
    return 0;
}

void zp_pack_sum_add(struct zp_pack_sum *sum, const void *bytes, size_t size)
{
    size_t tail = size % 4;
    uint64_t piece = zp_pack_checksum(bytes, size - tail, SIZE_MAX);
    uint64_t words = size / 4;

    sum->high = (sum->high + words % MODULUS * sum->low % MODULUS + (piece >> 32)) % MODULUS;
    sum->low = (sum->low + (piece & MODULUS)) % MODULUS;
    if (tail) {
        uint32_t last = 0;

        memcpy(&last, (const char *)bytes + size - tail, tail);
        zp_pack_sum_add(sum, &last, sizeof(last));
    }
}

uint64_t zp_pack_sum_end(const struct zp_pack_sum *sum)
{
    return sum->high << 32 | sum->low;
}

void zp_pack_tell(struct zp_pack_progress *progress, uint64_t more)
{
    progress->done += more;
    if (progress->call)
        progress->call(progress->context, progress->done, progress->all);
}
