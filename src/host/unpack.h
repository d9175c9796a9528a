/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is packed inside a file, unpacked into memory: the payload of a bzImage, or a compressed kernel as
 * a whole. Seven formats and bare ELFs (enum zp_compression).
 */
#ifndef ZP_HOST_UNPACK_H
#define ZP_HOST_UNPACK_H

#include "host.h"

/* What to unpack and within which bounds. */
struct zp_unpack {
    const struct zp_source *source;
    uint64_t offset, length; /* the packed bytes */
    uint32_t compression;    /* enum zp_compression; NONE and ELF are taken as they are */
    /*
     * A kernel's payload: the last four bytes are the unpacked size and no part of the stream; for gzip they
     * are its own ISIZE. An ELF may have them or not: they are left out where they tell the bytes before
     * them. Without meaning for NONE.
     */
    bool has_size;
    uint64_t limit;        /* no more than this may come out */
    uint64_t memory_limit; /* for the decoder's dictionary; 0: 256 MiB, for Linux's 128 MiB dictionaries */
    unsigned threads;      /* 0: as many as the process may use */
    /* From the caller's thread, some 20 times a second; may be NULL. total 0: unknown. */
    void (*progress)(void *context, uint64_t done, uint64_t total);
    void *progress_context;
};

/*
 * 0, a positive errno value, or a negative zp_status with *ret_error, whose offset is unpack->offset:
 *
 *     ZP_ERR_TOO_LARGE      more than limit comes out: PAYLOAD, value what is known to come out at least;
 *                           or the size behind the stream says so: PAYLOAD_SIZE
 *     ZP_ERR_TRUNCATED      PAYLOAD: value is the least end of the packed bytes, limit where they stop
 *     ZP_ERR_STREAM         spoiled; limit counts what had come out, by pages or blocks where the decoder
 *                           does not say more
 *     ZP_ERR_UNPACKED_SIZE  sound, but the size behind the stream (or in gzip's trailer) is another
 *     ZP_ERR_UNPACK_MEMORY  the dictionary needs more than memory_limit
 *     ZP_ERR_PAYLOAD_MAGIC  compression is UNKNOWN
 *     ZP_ERR_READ           the source failed, for instance because it was cut
 *
 * Several frames (members, streams) one after another are unpacked one after another, as the tools do. After
 * the last one at most 1 MiB of zero bytes may follow as padding (xz: in steps of four, as its format has
 * it); anything else is ZP_ERR_STREAM.
 *
 * ret_file: a sealed memory file named "NAME:unpacked" after the source's, for zp_file_close. NONE and ELF
 * from a stable source share that source's bytes.
 */
int zp_unpack_file(const struct zp_unpack *unpack, struct zp_file *ret_file, struct zp_error *ret_error);

#endif
