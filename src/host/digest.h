/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One digest for many bytes, by several threads.
 */
#ifndef ZP_HOST_DIGEST_H
#define ZP_HOST_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include <zeropage/image.h>

#define ZP_DIGEST_SIZE 32

struct zp_digest {
    const struct zp_source *source;
    uint64_t offset, size;
    const void *label; /* goes before the bytes */
    size_t label_size;
    unsigned threads;
    uint8_t *kept; /* room for the bytes themselves, or NULL */
};

/*
 * SHA-256 over the label and the SHA-256 of each MiB. 0, ENOMEM, or ZP_ERR_READ with *ret_error (which MiB
 * it is about differs from run to run when several cannot be read).
 */
int zp_digest_make(const struct zp_digest *digest, uint8_t ret_digest[ZP_DIGEST_SIZE],
                   struct zp_error *ret_error);

#endif
