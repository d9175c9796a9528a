/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CRCs of 32 bits, reflected, by a table of bytes that is made when it is needed first: in the firmware's
 * file its KiB would take more room than what makes it. CRC-32 as in IEEE 802.3, section 3.2.9, is one of
 * them; ext4_sum.c has another.
 */
#include "bytes.h"

#define POLYNOMIAL 0xedb88320u

void fw_crc_rows(uint32_t rows[256], uint32_t polynomial)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;

        for (unsigned bit = 0; bit < 8; bit++)
            value = value >> 1 ^ (value & 1 ? polynomial : 0);
        rows[i] = value;
    }
}

uint32_t fw_crc_by(const uint32_t rows[256], uint32_t crc, const void *bytes, size_t size)
{
    for (const unsigned char *at = bytes, *end = at + size; at != end; at++)
        crc = crc >> 8 ^ rows[(crc ^ *at) & 0xff];
    return crc;
}

uint32_t fw_crc32(uint32_t crc, const void *bytes, size_t size)
{
    static uint32_t rows[256];

    if (rows[1] == 0)
        fw_crc_rows(rows, POLYNOMIAL);
    return ~fw_crc_by(rows, ~crc, bytes, size);
}
