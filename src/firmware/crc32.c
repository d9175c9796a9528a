/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CRC-32 as in IEEE 802.3, section 3.2.9, bits reflected: four bits at a time, so that the table is 64 bytes.
 */
#include "bytes.h"

#define POLYNOMIAL 0xedb88320u
#define BIT(value) ((value) >> 1 ^ ((value)&1 ? POLYNOMIAL : 0))
#define ROW(value) BIT(BIT(BIT(BIT((uint32_t)(value)))))

uint32_t fw_crc32(uint32_t crc, const void *bytes, size_t size)
{
    static const uint32_t rows[16] = {
        ROW(0), ROW(1), ROW(2),  ROW(3),  ROW(4),  ROW(5),  ROW(6),  ROW(7),
        ROW(8), ROW(9), ROW(10), ROW(11), ROW(12), ROW(13), ROW(14), ROW(15),
    };
    const unsigned char *at = bytes;

    for (crc = ~crc; size != 0; size--) {
        crc ^= *at++;
        crc = crc >> 4 ^ rows[crc & 15];
        crc = crc >> 4 ^ rows[crc & 15];
    }
    return ~crc;
}
