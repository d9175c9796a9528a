/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk out of a fuzzer's input: mostly zeros, with patches. Byte 0: sectors of 512 << (bits 0, 1); bit 2:
 * what checksums a target knows are made to hold; bit 3: each read differs in one byte; byte 1: the read that
 * fails, 0 for none; bytes 2 and 3: its size in 4 KiB, less one, of 1024. Then offset (4 bytes), length (2),
 * and so many bytes, again and again.
 */
#ifndef ZP_FUZZ_FW_IMAGE_H
#define ZP_FUZZ_FW_IMAGE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fw_host.h"

#define FW_IMAGE_MAX   (4u << 20)
#define FW_IMAGE_SEAL  0x04u
#define FW_IMAGE_ALTER 0x08u
#define FW_IMAGE_READS 400000u

struct fw_image {
    unsigned char bytes[FW_IMAGE_MAX];
    uint32_t size, sector_size;
    bool seal, alters;
    unsigned fail_at;
};

static inline void insist(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "property broken: %s\n", what);
    abort();
}

/* on: puts the patches there; else zeros in their place. */
static inline void fw_image_patch(struct fw_image *image, const uint8_t *data, size_t size, bool on)
{
    for (data += 4, size -= 4; size >= 6;) {
        uint32_t offset, length = (uint32_t)data[4] | (uint32_t)data[5] << 8;

        memcpy(&offset, data, sizeof(offset));
        data += 6;
        size -= 6;
        offset %= image->size;
        if (length > size)
            length = (uint32_t)size;
        if (length > image->size - offset)
            length = image->size - offset;
        if (on)
            memcpy(image->bytes + offset, data, length);
        else
            memset(image->bytes + offset, 0, length);
        data += length;
        size -= length;
    }
}

static inline bool fw_image_begin(struct fw_image *image, const uint8_t *data, size_t size)
{
    if (size < 4)
        return false;
    image->sector_size = 512u << (data[0] & 3);
    image->seal = data[0] & FW_IMAGE_SEAL;
    image->alters = data[0] & FW_IMAGE_ALTER;
    image->fail_at = data[1];
    image->size = (1 + ((uint32_t)data[2] | (uint32_t)data[3] << 8) % 1024) * 4096;
    fw_image_patch(image, data, size, true);
    return true;
}

static inline void fw_image_disk(const struct fw_image *image, struct fw_host_disk *host)
{
    fw_host_forget();
    fw_host_memory(host, image->bytes, image->size, image->sector_size);
    host->fail_at = image->fail_at;
    host->change = image->alters ? 0x41 : 0;
    host->limit = FW_IMAGE_READS;
}

#endif
