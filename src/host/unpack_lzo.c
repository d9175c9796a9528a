/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lzo in the container of lzop, as Linux's build writes it: magic, a header with a checksum of its own, then
 * blocks that each tell both their sizes and carry Adler-32 or CRC-32 of the unpacked and of the packed
 * bytes, then a 0. All numbers are big-endian. Blocks stand for themselves, so several threads share them.
 * Every checksum that is there is checked; filters and archives in parts are refused, as nothing writes
 * them. The format is described by lzop's own sources (1.04) and by Linux's lib/decompress_unlzo.c.
 */
#include "codec.h"

#include <string.h>

#include <libdeflate.h>
#include <lzo/lzo1x.h>

/* Header flags. */
#define ADLER32_UNPACKED UINT32_C(0x0001)
#define ADLER32_PACKED   UINT32_C(0x0002)
#define EXTRA_FIELD      UINT32_C(0x0040)
#define CRC32_UNPACKED   UINT32_C(0x0100)
#define CRC32_PACKED     UINT32_C(0x0200)
#define MULTIPART        UINT32_C(0x0400)
#define FILTER           UINT32_C(0x0800)
#define HEADER_CRC32     UINT32_C(0x1000)

#define VERSION_FIRST 0x0900 /* of lzop, that wrote this format */
#define VERSION_WIDE  0x0940 /* adds version_needed, level and the upper half of the time */
#define VERSION_LAST  0x1fff
#define BLOCK_MAX     (UINT32_C(64) << 20)

static const uint8_t magic[9] = {0x89, 'L', 'Z', 'O', 0, '\r', '\n', 0x1a, '\n'};

enum {
    UNPACKED,
    PACKED
}; /* zp_block.sum, first index */
enum {
    ADLER,
    CRC
}; /* second */

struct archive {
    struct zp_block_run run;
    uint64_t at;
    uint32_t flags;
};

/* `size` bytes, 1 to 4, as a number. 0 or an error. */
static int take_number(struct archive *archive, unsigned size, uint32_t *ret_number,
                       struct zp_error *ret_error)
{
    struct zp_stream *stream = archive->run.stream;
    uint32_t number = 0;
    int status;

    if (size > stream->size - archive->at)
        return zp_stream_cut(stream, ret_error);
    if ((status = zp_stream_fetch(stream, archive->at + size, ret_error)))
        return status;
    for (unsigned i = 0; i < size; i++)
        number = number << 8 | stream->packed[archive->at++];
    *ret_number = number;
    return 0;
}

/* The checksum behind `size` header bytes that begin at `from`. */
static int check_header(struct archive *archive, uint64_t from, struct zp_error *ret_error)
{
    const uint8_t *bytes = archive->run.stream->packed + from;
    size_t size = (size_t)(archive->at - from);
    uint32_t sum =
        archive->flags & HEADER_CRC32 ? libdeflate_crc32(0, bytes, size) : libdeflate_adler32(1, bytes, size);
    uint32_t said = 0;
    int status = take_number(archive, 4, &said, ret_error);

    if (!status && said != sum)
        status = zp_stream_spoiled(archive->run.stream, archive->run.to, ret_error);
    return status;
}

static int skip(struct archive *archive, uint32_t size, struct zp_error *ret_error)
{
    struct zp_stream *stream = archive->run.stream;

    if (size > stream->size - archive->at)
        return zp_stream_cut(stream, ret_error);
    archive->at += size;
    return zp_stream_fetch(stream, archive->at, ret_error);
}

/* An optional field that nothing here needs. */
static int take_extra(struct archive *archive, struct zp_error *ret_error)
{
    uint64_t from = archive->at;
    uint32_t size = 0;
    int status;

    if (!(archive->flags & EXTRA_FIELD))
        return 0;
    if ((status = take_number(archive, 4, &size, ret_error)) || (status = skip(archive, size, ret_error)))
        return status;
    return check_header(archive, from, ret_error);
}

/* What stands between the magic and the header's checksum. */
static int take_fields(struct archive *archive, struct zp_error *ret_error)
{
    struct zp_stream *stream = archive->run.stream;
    uint32_t version = 0, needed = VERSION_FIRST, method = 0, flags = 0, unused = 0, name = 0;
    int status;

    if ((status = take_number(archive, 2, &version, ret_error)) ||
        (status = take_number(archive, 2, &unused, ret_error))) /* version of the library */
        return status;
    if (version >= VERSION_WIDE && (status = take_number(archive, 2, &needed, ret_error)))
        return status;
    if ((status = take_number(archive, 1, &method, ret_error)))
        return status;
    if (version >= VERSION_WIDE && (status = take_number(archive, 1, &unused, ret_error))) /* level */
        return status;
    if ((status = take_number(archive, 4, &flags, ret_error)))
        return status;
    /* Methods 1 to 3 differ in how they pack alone. */
    if (version < VERSION_FIRST || needed < VERSION_FIRST || needed > VERSION_LAST || method < 1 ||
        method > 3 || flags & (FILTER | MULTIPART))
        return zp_stream_spoiled(stream, archive->run.to, ret_error);
    archive->flags = flags;
    if ((status = skip(archive, version >= VERSION_WIDE ? 12 : 8, ret_error)) || /* mode and time */
        (status = take_number(archive, 1, &name, ret_error)))
        return status;
    return skip(archive, name, ret_error);
}

static int take_header(struct archive *archive, struct zp_error *ret_error)
{
    struct zp_stream *stream = archive->run.stream;
    uint64_t from = archive->at + sizeof(magic);
    int status;

    if (stream->size - archive->at < sizeof(magic))
        return zp_stream_cut(stream, ret_error);
    if ((status = zp_stream_fetch(stream, from, ret_error)))
        return status;
    if (memcmp(stream->packed + archive->at, magic, sizeof(magic)) != 0)
        return zp_stream_spoiled(stream, archive->run.to, ret_error);
    archive->at = from;
    if ((status = take_fields(archive, ret_error)) || (status = check_header(archive, from, ret_error)))
        return status;
    return take_extra(archive, ret_error);
}

/* The checksums that the flags announce; those of packed bytes are left out of a block that is not packed. */
static int take_sums(struct archive *archive, struct zp_block *block, struct zp_error *ret_error)
{
    bool packed = block->size < block->unpacked;
    int status = 0;

    if (!status && archive->flags & ADLER32_UNPACKED)
        status = take_number(archive, 4, &block->sum[UNPACKED][ADLER], ret_error);
    if (!status && archive->flags & CRC32_UNPACKED)
        status = take_number(archive, 4, &block->sum[UNPACKED][CRC], ret_error);
    if (!status && packed && archive->flags & ADLER32_PACKED)
        status = take_number(archive, 4, &block->sum[PACKED][ADLER], ret_error);
    if (!status && packed && archive->flags & CRC32_PACKED)
        status = take_number(archive, 4, &block->sum[PACKED][CRC], ret_error);
    return status;
}

static int next_block(struct zp_block_run *run, struct zp_block *ret_block, struct zp_error *ret_error)
{
    struct archive *archive = (struct archive *)run;
    struct zp_stream *stream = run->stream;
    struct zp_block block = {.to = run->to};
    uint32_t unpacked = 0, size = 0;
    int status;

    if ((status = take_number(archive, 4, &unpacked, ret_error)))
        return status;
    if (unpacked == 0)
        return ZP_BLOCK_END;
    if (unpacked > BLOCK_MAX)
        return zp_stream_spoiled(stream, run->to, ret_error);
    if ((status = take_number(archive, 4, &size, ret_error)))
        return status;
    if (size == 0 || size > unpacked)
        return zp_stream_spoiled(stream, run->to, ret_error);
    if (run->to > stream->room || unpacked > stream->room - run->to)
        return zp_stream_too_large(stream, run->to + unpacked, ret_error);
    block.unpacked = unpacked;
    block.size = size;
    if ((status = take_sums(archive, &block, ret_error)))
        return status;
    block.at = archive->at;
    if ((status = skip(archive, size, ret_error)))
        return status;
    run->to += unpacked;
    *ret_block = block;
    return 0;
}

static bool sums_hold(uint32_t flags, uint32_t adler_flag, uint32_t crc_flag, const uint32_t *sum,
                      const uint8_t *bytes, uint64_t size)
{
    if (flags & adler_flag && libdeflate_adler32(1, bytes, (size_t)size) != sum[ADLER])
        return false;
    return !(flags & crc_flag) || libdeflate_crc32(0, bytes, (size_t)size) == sum[CRC];
}

static int decode_block(struct zp_block_run *run, struct zp_block *block, struct zp_error *ret_error)
{
    const struct zp_stream *stream = run->stream;
    uint32_t flags = ((const struct archive *)run)->flags;
    const uint8_t *in = stream->packed + block->at;
    uint8_t *out = stream->out + block->to;
    lzo_uint made = (lzo_uint)block->unpacked;
    bool packed = block->size < block->unpacked;

    if (packed && !sums_hold(flags, ADLER32_PACKED, CRC32_PACKED, block->sum[PACKED], in, block->size))
        return zp_stream_spoiled(stream, block->to, ret_error);
    if (!packed)
        memcpy(out, in, (size_t)block->size);
    else if (lzo1x_decompress_safe(in, (lzo_uint)block->size, out, &made, NULL) != LZO_E_OK ||
             made != block->unpacked)
        return zp_stream_spoiled(stream, block->to, ret_error);
    if (!sums_hold(flags, ADLER32_UNPACKED, CRC32_UNPACKED, block->sum[UNPACKED], out, block->unpacked))
        return zp_stream_spoiled(stream, block->to, ret_error);
    return 0;
}

static void finish_block(struct zp_block_run *run, const struct zp_block *block)
{
    run->stream->done += block->unpacked;
}

int zp_codec_lzo(struct zp_stream *stream, struct zp_error *ret_error)
{
    struct archive archive = {
        .run = {.stream = stream, .next = next_block, .decode = decode_block, .finished = finish_block}};
    unsigned threads = stream->threads;
    int status;

    do {
        if ((status = take_header(&archive, ret_error)) ||
            (status = zp_block_run(&archive.run, threads, ret_error)))
            return status;
        threads = 1; /* archives are as many as the file likes, threads are not */
        /* Another archive, or padding. */
        if (archive.at < stream->size) {
            if ((status = zp_stream_fetch(stream, archive.at + 1, ret_error)))
                return status;
            if (stream->packed[archive.at] == 0)
                return zp_stream_padding(stream, archive.at, stream->done, ret_error);
        }
    } while (archive.at < stream->size);
    return 0;
}
