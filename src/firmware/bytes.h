/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers as disks hold them, at any address, by the x86 we run on.
 */
#ifndef ZP_FIRMWARE_BYTES_H
#define ZP_FIRMWARE_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "../core/seam.h"

static inline uint16_t fw_get16(const void *at)
{
    uint16_t value;

    memcpy(&value, at, sizeof(value));
    return value;
}

static inline uint32_t fw_get32(const void *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return value;
}

static inline uint64_t fw_get64(const void *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof(value));
    return value;
}

/* The table of a polynomial, and the CRC by it, inverted nowhere. */
void fw_crc_rows(uint32_t rows[256], uint32_t polynomial);
uint32_t fw_crc_by(const uint32_t rows[256], uint32_t crc, const void *bytes, size_t size);
/* The CRC-32 of IEEE 802.3, which GPT uses; of several pieces when the last one's comes in, at first 0. */
uint32_t fw_crc32(uint32_t crc, const void *bytes, size_t size);

#endif
