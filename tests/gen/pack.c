/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packers for tests: one function a format, each growing one buffer.
 */
#include "pack.h"

#include <stdlib.h>
#include <string.h>

#include <bzlib.h>
#include <lz4.h>
#include <lzma.h>
#include <lzo/lzo1x.h>
#include <zlib.h>
#include <zstd.h>

#include <zeropage/image.h>

#define MIB ((size_t)1 << 20)

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* Room for `size` more bytes; returns where they go. */
static uint8_t *grow(struct pack *pack, size_t size)
{
    pack->bytes = realloc(pack->bytes, pack->size + size + 1);
    must(pack->bytes != NULL);
    return pack->bytes + pack->size;
}

void pack_append(struct pack *pack, const void *bytes, size_t size)
{
    if (size > 0)
        memcpy(grow(pack, size), bytes, size);
    pack->size += size;
}

void pack_append_size(struct pack *pack, uint64_t size)
{
    const uint8_t bytes[4] = {(uint8_t)size, (uint8_t)(size >> 8), (uint8_t)(size >> 16),
                              (uint8_t)(size >> 24)};

    pack_append(pack, bytes, sizeof(bytes));
}

void pack_free(struct pack *pack)
{
    free(pack->bytes);
    *pack = (struct pack){0};
}

void pack_fill(uint8_t *bytes, size_t size, bool random)
{
    uint64_t state = 0x9e3779b97f4a7c15;

    for (size_t i = 0; i < size; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        /* Runs of near repeats, some zeros, some noise. */
        bytes[i] = random || i < 64         ? (uint8_t)state
                   : (i / 512) % 5 == 4     ? 0
                   : (state & 0x1f) == 0x1f ? (uint8_t)(state >> 8)
                                            : bytes[i - 1 - (i / 64) % 48];
    }
}

static void pack_gzip(struct pack *pack, const uint8_t *bytes, size_t size)
{
    z_stream deflater = {0};
    size_t room = size + size / 100 + 1024;

    must(deflateInit2(&deflater, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    deflater.next_in = (Bytef *)bytes;
    deflater.avail_in = (uInt)size;
    deflater.next_out = grow(pack, room);
    deflater.avail_out = (uInt)room;
    must(deflate(&deflater, Z_FINISH) == Z_STREAM_END);
    pack->size += deflater.total_out;
    deflateEnd(&deflater);
}

static void pack_bzip2(struct pack *pack, const uint8_t *bytes, size_t size)
{
    unsigned room = (unsigned)(size + size / 50 + 1024);

    must(BZ2_bzBuffToBuffCompress((char *)grow(pack, room), &room, (char *)bytes, (unsigned)size, 9, 0, 0) ==
         BZ_OK);
    pack->size += room;
}

/* xz as scripts/xz_wrap.sh has it (x86 filter, CRC32), or .lzma with an end mark. */
static void pack_lzma(struct pack *pack, const uint8_t *bytes, size_t size, bool alone, uint32_t dictionary)
{
    lzma_stream encoder = LZMA_STREAM_INIT;
    size_t room = size + size / 10 + 4096;
    lzma_options_lzma options;
    lzma_filter filters[] = {
        {LZMA_FILTER_X86, NULL}, {LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};

    must(!lzma_lzma_preset(&options, 1));
    options.dict_size = dictionary ? dictionary : (uint32_t)MIB;
    must((alone ? lzma_alone_encoder(&encoder, &options)
                : lzma_stream_encoder(&encoder, filters, LZMA_CHECK_CRC32)) == LZMA_OK);
    encoder.next_in = bytes;
    encoder.avail_in = size;
    encoder.next_out = grow(pack, room);
    encoder.avail_out = room;
    must(lzma_code(&encoder, LZMA_FINISH) == LZMA_STREAM_END);
    pack->size += encoder.total_out;
    lzma_end(&encoder);
}

static void append_number(struct pack *pack, unsigned size, uint32_t number)
{
    for (unsigned i = size; i-- > 0;)
        pack_append(pack, &(uint8_t){(uint8_t)(number >> (8 * i))}, 1);
}

static uint32_t sum_of(uint32_t crc, const uint8_t *bytes, size_t size)
{
    return crc ? (uint32_t)crc32(0, bytes, (uInt)size) : (uint32_t)adler32(1, bytes, (uInt)size);
}

/* One block of lzop: sizes, checksums by the flags, bytes. */
static void pack_lzo_block(struct pack *pack, const uint8_t *bytes, size_t size, uint32_t flags)
{
    uint8_t *work = malloc(LZO1X_1_MEM_COMPRESS), *out = malloc(size + size / 16 + 67);
    lzo_uint made = 0;

    must(work && out && lzo1x_1_compress(bytes, size, out, &made, work) == LZO_E_OK);
    append_number(pack, 4, (uint32_t)size);
    append_number(pack, 4, (uint32_t)(made < size ? made : size));
    if (flags & 0x0001)
        append_number(pack, 4, sum_of(0, bytes, size));
    if (flags & 0x0100)
        append_number(pack, 4, sum_of(1, bytes, size));
    if (made < size && flags & 0x0002)
        append_number(pack, 4, sum_of(0, out, made));
    if (made < size && flags & 0x0200)
        append_number(pack, 4, sum_of(1, out, made));
    pack_append(pack, made < size ? out : bytes, made < size ? made : size);
    free(work);
    free(out);
}

static void pack_lzo(struct pack *pack, const uint8_t *bytes, size_t size, uint32_t flags)
{
    static const uint8_t magic[9] = {0x89, 'L', 'Z', 'O', 0, '\r', '\n', 0x1a, '\n'};
    const size_t block = 256 << 10;
    size_t header;

    flags = flags ? flags : 0x0003;
    pack_append(pack, magic, sizeof(magic));
    header = pack->size;
    append_number(pack, 2, 0x1030); /* lzop, liblzo, needed */
    append_number(pack, 2, 0x20a0);
    append_number(pack, 2, 0x0940);
    append_number(pack, 1, 3); /* method, level */
    append_number(pack, 1, 9);
    append_number(pack, 4, flags);
    append_number(pack, 4, 0100644);
    append_number(pack, 4, 0); /* time */
    append_number(pack, 4, 0);
    append_number(pack, 1, 3);
    pack_append(pack, "vml", 3);
    append_number(pack, 4, sum_of(flags & 0x1000, pack->bytes + header, pack->size - header));
    if (flags & 0x0040) {
        header = pack->size;
        append_number(pack, 4, 5);
        pack_append(pack, "extra", 5);
        append_number(pack, 4, sum_of(flags & 0x1000, pack->bytes + header, pack->size - header));
    }
    for (size_t at = 0; at < size; at += block)
        pack_lzo_block(pack, bytes + at, size - at < block ? size - at : block, flags);
    append_number(pack, 4, 0);
}

static void pack_lz4(struct pack *pack, const uint8_t *bytes, size_t size, size_t block)
{
    block = block ? block : 8 * MIB;
    pack_append_size(pack, 0x184c2102);
    for (size_t at = 0; at < size; at += block) {
        size_t part = size - at < block ? size - at : block;
        int room = LZ4_compressBound((int)part);
        char *out = malloc((size_t)room);
        int made = LZ4_compress_default((const char *)bytes + at, out, (int)part, room);

        must(out && made > 0);
        pack_append_size(pack, (uint64_t)made);
        pack_append(pack, out, (size_t)made);
        free(out);
    }
}

static void pack_zstd(struct pack *pack, const uint8_t *bytes, size_t size, bool checksum)
{
    ZSTD_CCtx *encoder = ZSTD_createCCtx();
    size_t room = ZSTD_compressBound(size), made;

    must(encoder && !ZSTD_isError(ZSTD_CCtx_setParameter(encoder, ZSTD_c_checksumFlag, checksum)));
    made = ZSTD_compress2(encoder, grow(pack, room), room, bytes, size);
    must(!ZSTD_isError(made));
    pack->size += made;
    ZSTD_freeCCtx(encoder);
}

void pack_make(struct pack *ret_pack, uint32_t compression, const void *bytes, size_t size,
               const struct pack_options *options)
{
    const struct pack_options none = {0}, *o = options ? options : &none;

    *ret_pack = (struct pack){0};
    bytes = bytes ? bytes : ""; /* bzip2 wants a place even for nothing */
    switch (compression) {
    case ZP_COMPRESSION_GZIP: pack_gzip(ret_pack, bytes, size); return;
    case ZP_COMPRESSION_BZIP2: pack_bzip2(ret_pack, bytes, size); return;
    case ZP_COMPRESSION_LZMA: pack_lzma(ret_pack, bytes, size, true, o->dictionary); return;
    case ZP_COMPRESSION_XZ: pack_lzma(ret_pack, bytes, size, false, o->dictionary); return;
    case ZP_COMPRESSION_LZO: pack_lzo(ret_pack, bytes, size, o->lzo_flags); return;
    case ZP_COMPRESSION_LZ4: pack_lz4(ret_pack, bytes, size, o->lz4_block); return;
    case ZP_COMPRESSION_ZSTD: pack_zstd(ret_pack, bytes, size, !o->no_checksum); return;
    }
    abort();
}
