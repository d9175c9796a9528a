/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pack: compresses bytes as Linux's build does, by the compressors of the libraries that unpack them; the
 * containers of lzo and lz4 are written here. For tests and fuzz corpora.
 */
#ifndef ZP_TESTS_PACK_H
#define ZP_TESTS_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pack {
    uint8_t *bytes; /* from malloc: pack_free */
    size_t size;
};

/* Options; {0} is what Linux's build does. */
struct pack_options {
    uint32_t lzo_flags;  /* of the header; 0: Adler-32 of the unpacked and the packed bytes */
    uint32_t dictionary; /* xz, lzma; 0: 1 MiB */
    size_t lz4_block;    /* 0: 8 MiB, as the format has it */
    bool no_checksum;    /* zstd */
};

/* Packs by enum zp_compression (GZIP to ZSTD). Aborts when a library fails. */
void pack_make(struct pack *ret_pack, uint32_t compression, const void *bytes, size_t size,
               const struct pack_options *options);
/* Appends; the size as a kernel's build does, 32 bits little-endian. */
void pack_append(struct pack *pack, const void *bytes, size_t size);
void pack_append_size(struct pack *pack, uint64_t size);
void pack_free(struct pack *pack);

/* Fills bytes with something that packs like machine code. random: with what does not pack at all. */
void pack_fill(uint8_t *bytes, size_t size, bool random);

#endif
