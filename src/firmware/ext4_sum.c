/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The checksums of ext4. Metadata and version 2 and 3 of the journal's have CRC-32C (RFC 3720, appendix B.4),
 * by a table that is made at mount; group descriptors of the feature uninit_bg have CRC-16 (polynomial
 * 0x8005, bits reversed); version 1 of the journal's sums are CRC-32 with the high bit first (IEEE 802.3).
 * None inverts at its end.
 */
#include "ext4.h"

#include "bytes.h"

#define CRC32C 0x82f63b78u
#define CRC32  0x04c11db7u
#define CRC16  0xa001u

void fw_ext4_sum_begin(struct ext4 *ext4)
{
    fw_crc_rows(ext4->table, CRC32C);
}

uint32_t fw_ext4_sum(const struct ext4 *ext4, uint32_t sum, const void *bytes, size_t size)
{
    return fw_crc_by(ext4->table, sum, bytes, size);
}

uint32_t fw_ext4_sum32(const struct ext4 *ext4, uint32_t sum, uint32_t value)
{
    return fw_ext4_sum(ext4, sum, &value, sizeof(value));
}

uint16_t fw_ext4_crc16(uint16_t sum, const void *bytes, size_t size)
{
    for (const uint8_t *at = bytes; size > 0; size--) {
        sum ^= *at++;
        for (unsigned bit = 0; bit < 8; bit++)
            sum = (uint16_t)(sum >> 1 ^ (sum & 1 ? CRC16 : 0));
    }
    return sum;
}

uint32_t fw_ext4_crc32_big(uint32_t sum, const void *bytes, size_t size)
{
    for (const uint8_t *at = bytes; size > 0; size--) {
        sum ^= (uint32_t)*at++ << 24;
        for (unsigned bit = 0; bit < 8; bit++)
            sum = sum << 1 ^ (sum & 0x80000000u ? CRC32 : 0);
    }
    return sum;
}
