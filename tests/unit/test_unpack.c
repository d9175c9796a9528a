/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unpack.c and the decoders: every format there and back, every length of a cut stream, every byte spoiled,
 * sizes that lie, bombs, and what stays behind afterwards: nothing. HOSTILE row 18.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>
#include <lz4frame.h>

#include "gen/pack.h"
#include "unpack.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

#define FIRST ZP_COMPRESSION_GZIP
#define LAST  ZP_COMPRESSION_ZSTD

/* ---- what stays behind: every mapping that the library makes is counted -------------------------------- */

static int mappings;

void *__real_mmap64(void *address, size_t size, int protection, int flags, int fd, off_t offset);
int __real_munmap(void *address, size_t size);
void *__wrap_mmap64(void *address, size_t size, int protection, int flags, int fd, off_t offset);
int __wrap_munmap(void *address, size_t size);

void *__wrap_mmap64(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    void *map = __real_mmap64(address, size, protection, flags, fd, offset);

    if (map != MAP_FAILED)
        mappings++;
    return map;
}

int __wrap_munmap(void *address, size_t size)
{
    mappings--;
    return __real_munmap(address, size);
}

static int count_descriptors(void)
{
    DIR *listing = opendir("/proc/self/fd");
    int count = 0;

    while (listing && readdir(listing))
        count++;
    if (listing)
        closedir(listing);
    return count;
}

static int descriptors_before;

static int remember(void **state)
{
    (void)state;
    mappings = 0;
    descriptors_before = count_descriptors();
    return 0;
}

static int nothing_stays(void **state)
{
    (void)state;
    if (mappings == 0 && count_descriptors() == descriptors_before)
        return 0;
    print_message("%d mappings, %d descriptors before, %d now\n", mappings, descriptors_before,
                  count_descriptors());
    return -1;
}

/* ---- a source that counts, and fails when it is told to ------------------------------------------------ */

struct bytes {
    struct zp_source source;
    const uint8_t *bytes;
    unsigned reads, fail_at; /* fail_at 0: never */
};

static int read_bytes(void *context, uint64_t offset, void *buffer, size_t length)
{
    struct bytes *bytes = context;

    if (length == 0 || offset > bytes->source.size || length > bytes->source.size - offset)
        abort();
    if (++bytes->reads == bytes->fail_at)
        return -EIO;
    memcpy(buffer, bytes->bytes + offset, length);
    return 0;
}

static void open_bytes(struct bytes *ret_bytes, const void *at, size_t size)
{
    *ret_bytes =
        (struct bytes){.source = {.size = size, .read = read_bytes, .context = ret_bytes}, .bytes = at};
}

/* Unpacks all of the pack with `threads`. */
static int unpack(const struct pack *pack, uint32_t compression, bool has_size, uint64_t limit,
                  unsigned threads, struct zp_file *ret_file, struct zp_error *ret_error)
{
    struct bytes bytes;
    struct zp_unpack asked = {.source = &bytes.source,
                              .length = pack->size,
                              .compression = compression,
                              .has_size = has_size,
                              .limit = limit,
                              .threads = threads};

    open_bytes(&bytes, pack->bytes, pack->size);
    return zp_unpack_file(&asked, ret_file, ret_error);
}

static bool is_same(const struct zp_file *file, const uint8_t *bytes, size_t size)
{
    uint8_t *got = malloc(size + 1);
    bool same = file->source.size == size &&
                (size == 0 || (file->source.read(file->source.context, 0, got, size) == 0 &&
                               memcmp(got, bytes, size) == 0));

    free(got);
    return same;
}

static uint8_t *make_bytes(size_t size, bool random)
{
    uint8_t *bytes = malloc(size + 1);

    assert_non_null(bytes);
    pack_fill(bytes, size, random);
    return bytes;
}

/* ---- there and back --------------------------------------------------------------------------------------
 */

static void round_trip(uint32_t compression, size_t size, bool random, bool has_size, unsigned threads)
{
    uint8_t *bytes = make_bytes(size, random);
    struct zp_error error = {0};
    struct zp_file file = {0};
    struct pack pack;

    pack_make(&pack, compression, bytes, size, NULL);
    if (has_size && compression != ZP_COMPRESSION_GZIP)
        pack_append_size(&pack, size);
    assert_int_equal(unpack(&pack, compression, has_size, size, threads, &file, &error), 0);
    assert_true(is_same(&file, bytes, size));
    assert_string_equal(file.name, "unpacked");
    zp_file_close(&file);
    pack_free(&pack);
    free(bytes);
}

static void every_format_round_trips(void **state)
{
    const size_t sizes[] = {0, 1, 4095, 4096, 4097, 300 * KIB};

    (void)state;
    for (uint32_t compression = FIRST; compression <= LAST; compression++)
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
            for (unsigned way = 0; way < 4; way++)
                round_trip(compression, sizes[i], way & 1, way & 2, 1 + i % 2);
}

static void more_than_one_block_round_trips(void **state)
{
    (void)state;
    for (uint32_t compression = FIRST; compression <= LAST; compression++)
        round_trip(compression, 1300 * KIB, false, true, 2);
    for (uint32_t compression = ZP_COMPRESSION_LZO; compression <= LAST; compression++)
        round_trip(compression, 9 * MIB + 5, false, true, 2);
    for (unsigned threads = 0; threads <= 3; threads++)
        round_trip(ZP_COMPRESSION_LZ4, 17 * MIB, false, true, threads);
    round_trip(ZP_COMPRESSION_LZ4, 16 * MIB, false, false, 2); /* the last block is full */
}

static void what_comes_out_is_sealed(void **state)
{
    const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
    struct zp_error error;
    struct zp_file file;
    struct pack pack;
    uint64_t base = 1;
    bool stable = false;

    (void)state;
    pack_make(&pack, ZP_COMPRESSION_ZSTD, "kernel", 6, NULL);
    assert_int_equal(unpack(&pack, ZP_COMPRESSION_ZSTD, false, 100, 1, &file, &error), 0);
    assert_int_equal(zp_source_descriptor(&file.source, &base, &stable), file.fd);
    assert_int_equal(base, 0);
    assert_true(stable);
    assert_int_equal(fcntl(file.fd, F_GET_SEALS) & seals, seals);
    assert_int_equal(pwrite(file.fd, "x", 1, 0), -1);
    zp_file_close(&file);
    pack_free(&pack);
}

static void options_of_the_packers(void **state)
{
    const uint32_t lzo_flags[] = {0x0001, 0x0100, 0x0003, 0x0300, 0x0303, 0x1003, 0x0043, 0x1343, 0x10};
    const uint32_t dictionaries[] = {4096, 16 << 20, 128 << 20};
    uint8_t *bytes = make_bytes(600 * KIB, false);
    struct pack_options options = {0};
    struct zp_error error;
    struct zp_file file;
    struct pack pack;

    (void)state;
    for (size_t i = 0; i < sizeof(lzo_flags) / sizeof(lzo_flags[0]); i++) {
        options.lzo_flags = lzo_flags[i];
        pack_make(&pack, ZP_COMPRESSION_LZO, bytes, 600 * KIB, &options);
        assert_int_equal(unpack(&pack, ZP_COMPRESSION_LZO, false, MIB, 2, &file, &error), 0);
        assert_true(is_same(&file, bytes, 600 * KIB));
        zp_file_close(&file);
        pack_free(&pack);
    }
    for (uint32_t compression = ZP_COMPRESSION_LZMA; compression <= ZP_COMPRESSION_XZ; compression++)
        for (size_t i = 0; i < sizeof(dictionaries) / sizeof(dictionaries[0]); i++) {
            options.dictionary = dictionaries[i];
            pack_make(&pack, compression, bytes, 9 * KIB, &options);
            assert_int_equal(unpack(&pack, compression, false, MIB, 1, &file, &error), 0);
            assert_true(is_same(&file, bytes, 9 * KIB));
            zp_file_close(&file);
            pack_free(&pack);
        }
    free(bytes);
}

/* Members, streams, frames: one after another, with padding after the last. */
static void frames_one_after_another(void **state)
{
    const uint8_t zeros[4096] = {0};
    uint8_t *bytes = make_bytes(40 * KIB, false);

    (void)state;
    for (uint32_t compression = FIRST; compression <= LAST; compression++) {
        bool single = compression == ZP_COMPRESSION_LZMA; /* its format knows one stream alone */
        size_t size = single ? 40 * KIB : 0;
        struct zp_error error;
        struct zp_file file;
        struct pack pack, part;

        pack_make(&pack, compression, bytes, size, NULL);
        for (size_t at = 0; !single && at < 40 * KIB; at += 10 * KIB) {
            pack_make(&part, compression, bytes + at, 10 * KIB, NULL);
            pack_append(&pack, part.bytes, part.size);
            pack_free(&part);
        }
        for (unsigned i = 0; i < 4; i++) {
            assert_int_equal(unpack(&pack, compression, false, MIB, 2, &file, &error), 0);
            assert_true(is_same(&file, bytes, 40 * KIB));
            zp_file_close(&file);
            pack_append(&pack, zeros, i == 0 ? 4 : i == 1 ? 60 : sizeof(zeros));
        }
        pack_append(&pack, "what is this", 12); /* as long as the header of another frame, at least */
        assert_int_equal(unpack(&pack, compression, false, MIB, 2, &file, &error), ZP_ERR_STREAM);
        assert_int_equal(error.value, compression);
        pack_free(&pack);
    }
    free(bytes);
}

/* No known packer makes them; the tools unpack them. */
static void lz4_blocks_that_are_not_full(void **state)
{
    uint8_t *bytes = make_bytes(MIB, false);
    const struct pack_options options = {.lz4_block = 100 * KIB};
    struct zp_error error;
    struct zp_file file;
    struct pack pack;

    (void)state;
    pack_make(&pack, ZP_COMPRESSION_LZ4, bytes, MIB, &options);
    for (unsigned threads = 1; threads <= 2; threads++) {
        assert_int_equal(unpack(&pack, ZP_COMPRESSION_LZ4, false, MIB, threads, &file, &error), 0);
        assert_true(is_same(&file, bytes, MIB));
        zp_file_close(&file);
        assert_int_equal(unpack(&pack, ZP_COMPRESSION_LZ4, false, MIB - 1, threads, &file, &error),
                         ZP_ERR_TOO_LARGE);
    }
    pack_free(&pack);
    free(bytes);
}

static void skippable_zstd_frames(void **state)
{
    const uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c'};
    struct pack pack = {0}, part;
    struct zp_error error;
    struct zp_file file;

    (void)state;
    pack_make(&part, ZP_COMPRESSION_ZSTD, "kernel", 6, NULL);
    pack_append(&pack, skippable, sizeof(skippable));
    pack_append(&pack, part.bytes, part.size);
    pack_append(&pack, skippable, sizeof(skippable));
    assert_int_equal(unpack(&pack, ZP_COMPRESSION_ZSTD, false, 6, 1, &file, &error), 0);
    assert_true(is_same(&file, (const uint8_t *)"kernel", 6));
    zp_file_close(&file);
    pack_free(&part);
    pack_free(&pack);
}

/* A frame as the lz4 tool writes it. Checksums and all, so that each spoiled byte is seen. */
static void append_lz4(struct pack *pack, const uint8_t *bytes, size_t size, bool linked)
{
    LZ4F_preferences_t options = {
        .frameInfo = {.blockSizeID = linked ? LZ4F_max64KB : LZ4F_max4MB,
                      .blockMode = linked ? LZ4F_blockLinked : LZ4F_blockIndependent,
                      .contentChecksumFlag = LZ4F_contentChecksumEnabled,
                      .blockChecksumFlag = LZ4F_blockChecksumEnabled,
                      .contentSize = linked ? size : 0}};
    size_t room = LZ4F_compressFrameBound(size, &options);
    uint8_t *packed = malloc(room);
    size_t made = LZ4F_compressFrame(packed, room, bytes, size, &options);

    assert_false(LZ4F_isError(made));
    pack_append(pack, packed, made);
    free(packed);
}

static void lz4_frames_of_today(void **state)
{
    const uint8_t skippable[] = {0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c'}, zeros[3] = {0};
    uint8_t *bytes = make_bytes(300 * KIB, false);
    struct pack pack = {0}, legacy;
    struct zp_error error;
    struct zp_file file;

    (void)state;
    append_lz4(&pack, bytes, 100 * KIB, true);
    pack_append(&pack, skippable, sizeof(skippable));
    pack_make(&legacy, ZP_COMPRESSION_LZ4, bytes + 100 * KIB, 100 * KIB, NULL);
    pack_append(&pack, legacy.bytes, legacy.size);
    append_lz4(&pack, bytes + 200 * KIB, 100 * KIB, false);
    for (unsigned threads = 1; threads <= 2; threads++) {
        assert_int_equal(unpack(&pack, ZP_COMPRESSION_LZ4, false, 300 * KIB, threads, &file, &error), 0);
        assert_true(is_same(&file, bytes, 300 * KIB));
        zp_file_close(&file);
        assert_int_equal(unpack(&pack, ZP_COMPRESSION_LZ4, false, 300 * KIB - 1, threads, &file, &error),
                         ZP_ERR_TOO_LARGE);
        pack_append(&pack, zeros, sizeof(zeros));
    }
    pack_append(&pack, "x", 1);
    assert_int_equal(unpack(&pack, ZP_COMPRESSION_LZ4, false, MIB, 1, &file, &error), ZP_ERR_STREAM);
    pack_free(&legacy);
    pack_free(&pack);
    free(bytes);
}

static void lz4_frames_of_today_that_are_spoiled(void **state)
{
    uint8_t *bytes = make_bytes(3 * KIB, false);
    struct pack pack = {0};
    struct zp_error error;
    struct zp_file file;
    size_t size;

    (void)state;
    append_lz4(&pack, bytes, 3 * KIB, true);
    size = pack.size;
    for (pack.size = 4; pack.size < size; pack.size++)
        assert_int_equal(unpack(&pack, ZP_COMPRESSION_LZ4, false, MIB, 1, &file, &error), ZP_ERR_TRUNCATED);
    for (size_t at = 0; at < size; at++) {
        pack.bytes[at] ^= 0x10;
        assert_true(unpack(&pack, ZP_COMPRESSION_LZ4, false, MIB, 1, &file, &error) < 0);
        pack.bytes[at] ^= 0x10;
    }
    pack_free(&pack);
    free(bytes);
}

static void bytes_that_are_not_packed(void **state)
{
    struct pack pack = {0};
    struct zp_unpack asked = {.offset = 4, .length = 5, .limit = 5, .has_size = true};
    struct zp_error error;
    struct zp_file file, part;
    struct bytes bytes;

    (void)state;
    pack_append(&pack, "\177ELFabcdefgh", 12);
    open_bytes(&bytes, pack.bytes, pack.size);
    asked.source = &bytes.source;
    for (unsigned i = 0; i < 2; i++) {
        asked.compression = i ? ZP_COMPRESSION_ELF : ZP_COMPRESSION_NONE;
        assert_int_equal(zp_unpack_file(&asked, &file, &error), 0);
        assert_true(is_same(&file, (const uint8_t *)"abcde", 5));
        /* Out of sealed memory nothing is copied. */
        asked.source = &file.source;
        asked.offset = 1;
        asked.length = 3;
        assert_int_equal(zp_unpack_file(&asked, &part, &error), 0);
        zp_file_close(&file);
        assert_true(is_same(&part, (const uint8_t *)"bcd", 3));
        zp_file_close(&part);
        asked = (struct zp_unpack){.source = &bytes.source, .offset = 4, .length = 5, .limit = 5};
    }
    asked.limit = 4;
    assert_int_equal(zp_unpack_file(&asked, &file, &error), ZP_ERR_TOO_LARGE);
    assert_int_equal(error.value, 5);
    assert_int_equal(error.limit, 4);
    pack_free(&pack);
}

/* ---- what must be refused ---------------------------------------------------------------------------------
 */

/* An ELF that is not packed, with its size behind it and without. */
static void bare_elfs_with_their_size(void **state)
{
    struct pack pack = {0};
    struct zp_error error;
    struct zp_file file, part;

    (void)state;
    pack_append(&pack, "\177ELFabcdefgh", 12);
    pack_append_size(&pack, 12);
    for (unsigned has_size = 0; has_size < 2; has_size++) {
        size_t expected = has_size ? 12 : 16;

        assert_int_equal(unpack(&pack, ZP_COMPRESSION_ELF, has_size, 100, 1, &file, &error), 0);
        assert_true(is_same(&file, pack.bytes, expected));
        /* The same of a source whose bytes are shared. */
        if (!has_size) {
            const struct zp_unpack asked = {.source = &file.source,
                                            .length = 16,
                                            .compression = ZP_COMPRESSION_ELF,
                                            .has_size = true,
                                            .limit = 12};

            assert_int_equal(zp_unpack_file(&asked, &part, &error), 0);
            assert_true(is_same(&part, pack.bytes, 12));
            zp_file_close(&part);
        }
        zp_file_close(&file);
    }
    pack.bytes[12] = 13; /* another number is the ELF's */
    assert_int_equal(unpack(&pack, ZP_COMPRESSION_ELF, true, 100, 1, &file, &error), 0);
    assert_true(is_same(&file, pack.bytes, 16));
    zp_file_close(&file);
    pack.size = 4;
    assert_int_equal(unpack(&pack, ZP_COMPRESSION_ELF, true, 100, 1, &file, &error), 0);
    assert_true(is_same(&file, pack.bytes, 4));
    zp_file_close(&file);
    pack_free(&pack);
}

static void every_cut_is_told(void **state)
{
    uint8_t *bytes = make_bytes(3000, false);

    (void)state;
    for (uint32_t compression = FIRST; compression <= LAST; compression++) {
        struct pack pack, cut;
        struct zp_error error;
        struct zp_file file;

        pack_make(&pack, compression, bytes, 3000, NULL);
        for (size_t size = 0; size < pack.size; size++) {
            int status;

            /* A copy of its own, so that a read past its end is seen. */
            cut = (struct pack){0};
            pack_append(&cut, pack.bytes, size);
            status = unpack(&cut, compression, false, MIB, 1 + size % 2, &file, &error);
            /* A frame of lz4 without a block is a frame. */
            if (compression == ZP_COMPRESSION_LZ4 && size == 4) {
                assert_int_equal(status, 0);
                assert_int_equal(file.source.size, 0);
                zp_file_close(&file);
            } else {
                assert_int_equal(status, ZP_ERR_TRUNCATED);
                assert_int_equal(error.field, ZP_FIELD_PAYLOAD);
                assert_int_equal(error.offset, 0);
                assert_int_equal(error.limit, size);
                assert_true(error.value > size);
            }
            pack_free(&cut);
        }
        pack_free(&pack);
    }
    free(bytes);
}

/* Formats without a checksum cannot tell each spoiled byte; what comes out is then of the size that is told.
 */
static bool has_checksum(uint32_t compression)
{
    return compression != ZP_COMPRESSION_LZMA && compression != ZP_COMPRESSION_LZ4;
}

static void judge_spoiled(uint32_t compression, const struct pack *pack, const uint8_t *bytes, size_t size,
                          unsigned threads)
{
    struct zp_error error = {0};
    struct zp_file file;
    int status = unpack(pack, compression, true, 2 * size, threads, &file, &error);

    if (status == 0) {
        assert_int_equal(file.source.size, size);
        if (has_checksum(compression))
            assert_true(is_same(&file, bytes, size));
        zp_file_close(&file);
        return;
    }
    assert_int_equal(error.code, status);
    assert_true(status == ZP_ERR_STREAM || status == ZP_ERR_TRUNCATED || status == ZP_ERR_TOO_LARGE ||
                status == ZP_ERR_UNPACKED_SIZE || status == ZP_ERR_UNPACK_MEMORY);
    assert_true(status != ZP_ERR_STREAM || (error.value == compression && error.limit <= 2 * size));
    assert_true(status != ZP_ERR_TOO_LARGE || error.value > error.limit);
}

static void every_byte_is_spoiled(void **state)
{
    uint8_t *bytes = make_bytes(2000, false);

    (void)state;
    for (uint32_t compression = FIRST; compression <= LAST; compression++) {
        struct pack pack;

        pack_make(&pack, compression, bytes, 2000, NULL);
        if (compression != ZP_COMPRESSION_GZIP)
            pack_append_size(&pack, 2000);
        for (size_t at = 0; at < pack.size; at++) {
            const uint8_t values[] = {at % 2 ? 0 : 0xff, pack.bytes[at] ^ (1 << at % 8)};
            uint8_t sound = pack.bytes[at];

            for (size_t i = 0; i < sizeof(values); i++) {
                pack.bytes[at] = values[i];
                judge_spoiled(compression, &pack, bytes, 2000, at % 8 ? 1 : 2);
            }
            pack.bytes[at] = sound;
        }
        pack_free(&pack);
    }
    free(bytes);
}

/* Fields of the headers by name: what stands there, where, and the answer. */
static void fields_that_are_spoiled(void **state)
{
    static const struct {
        uint32_t compression;
        size_t at;
        uint8_t value;
        int code;
    } rows[] = {
        {ZP_COMPRESSION_GZIP, 0, 0x1e, ZP_ERR_STREAM},        /* magic */
        {ZP_COMPRESSION_GZIP, 2, 7, ZP_ERR_STREAM},           /* method */
        {ZP_COMPRESSION_GZIP, 3, 0xe0, ZP_ERR_STREAM},        /* reserved flags */
        {ZP_COMPRESSION_BZIP2, 2, 'i', ZP_ERR_STREAM},        /* magic */
        {ZP_COMPRESSION_BZIP2, 3, '0', ZP_ERR_STREAM},        /* size of blocks */
        {ZP_COMPRESSION_BZIP2, 4, 0x32, ZP_ERR_STREAM},       /* magic of a block */
        {ZP_COMPRESSION_BZIP2, 10, 1, ZP_ERR_STREAM},         /* its CRC */
        {ZP_COMPRESSION_LZMA, 0, 0xff, ZP_ERR_STREAM},        /* lc, lp, pb */
        {ZP_COMPRESSION_LZMA, 4, 0xff, ZP_ERR_UNPACK_MEMORY}, /* dictionary */
        {ZP_COMPRESSION_LZMA, 12, 0, ZP_ERR_TOO_LARGE},       /* size: 2^56 - 1 */
        {ZP_COMPRESSION_XZ, 5, 1, ZP_ERR_STREAM},             /* magic */
        {ZP_COMPRESSION_XZ, 7, 0x0f, ZP_ERR_STREAM},          /* kind of check */
        {ZP_COMPRESSION_XZ, 8, 0xa5, ZP_ERR_STREAM},          /* CRC of the header */
        {ZP_COMPRESSION_XZ, 13, 0x3c, ZP_ERR_STREAM},         /* reserved flags of a block */
        {ZP_COMPRESSION_LZO, 4, 1, ZP_ERR_STREAM},            /* magic */
        {ZP_COMPRESSION_LZO, 9, 0x08, ZP_ERR_STREAM},         /* version */
        {ZP_COMPRESSION_LZO, 13, 0x20, ZP_ERR_STREAM},        /* version needed */
        {ZP_COMPRESSION_LZO, 15, 4, ZP_ERR_STREAM},           /* method */
        {ZP_COMPRESSION_LZO, 19, 0x08, ZP_ERR_STREAM},        /* flags: filtered */
        {ZP_COMPRESSION_LZO, 19, 0x04, ZP_ERR_STREAM},        /* in parts */
        {ZP_COMPRESSION_LZO, 34, 'w', ZP_ERR_STREAM},         /* name, under the header's checksum */
        {ZP_COMPRESSION_LZO, 41, 0xff, ZP_ERR_STREAM},        /* unpacked size of a block */
        {ZP_COMPRESSION_LZO, 42, 0xff, ZP_ERR_TOO_LARGE},     /* below 64 MiB */
        {ZP_COMPRESSION_LZO, 43, 0x00, ZP_ERR_STREAM},        /* less than the packed one */
        {ZP_COMPRESSION_LZO, 47, 0xff, ZP_ERR_STREAM},        /* packed size above it */
        {ZP_COMPRESSION_LZO, 49, 0xa5, ZP_ERR_STREAM},        /* Adler-32 of the unpacked bytes */
        {ZP_COMPRESSION_LZO, 53, 0xa5, ZP_ERR_STREAM},        /* of the packed bytes */
        {ZP_COMPRESSION_LZ4, 0, 3, ZP_ERR_STREAM},            /* magic */
        {ZP_COMPRESSION_LZ4, 7, 1, ZP_ERR_STREAM},            /* size of a block: 16 MiB */
        {ZP_COMPRESSION_LZ4, 6, 1, ZP_ERR_TRUNCATED},         /* 64 KiB, past the end */
        {ZP_COMPRESSION_ZSTD, 3, 0xfc, ZP_ERR_STREAM},        /* magic */
        {ZP_COMPRESSION_ZSTD, 4, 0x68, ZP_ERR_STREAM},        /* reserved bit of the descriptor */
    };
    uint8_t *bytes = make_bytes(2000, false);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct zp_error error = {0};
        struct zp_file file;
        struct pack pack;

        pack_make(&pack, rows[i].compression, bytes, 2000, NULL);
        if (pack.bytes[rows[i].at] == rows[i].value)
            fail_msg("row %zu spoils nothing", i);
        pack.bytes[rows[i].at] = rows[i].value;
        if (unpack(&pack, rows[i].compression, false, MIB, 1, &file, &error) != rows[i].code ||
            error.code != rows[i].code)
            fail_msg("row %zu: %s and not %s", i, zp_status_name(error.code), zp_status_name(rows[i].code));
        pack_free(&pack);
    }
    free(bytes);
}

static void sizes_that_lie(void **state)
{
    const int64_t lies[] = {-1, 1, -2000, 100000, -1999};
    uint8_t *bytes = make_bytes(2000, false);

    (void)state;
    for (uint32_t compression = FIRST; compression <= LAST; compression++) {
        for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
            uint64_t said = (uint64_t)(2000 + lies[i]);
            struct zp_error error = {0};
            struct zp_file file;
            struct pack pack;

            pack_make(&pack, compression, bytes, 2000, NULL);
            if (compression == ZP_COMPRESSION_GZIP)
                pack.size -= 4;
            pack_append_size(&pack, said);
            assert_int_equal(unpack(&pack, compression, true, MIB, 1, &file, &error), ZP_ERR_UNPACKED_SIZE);
            assert_int_equal(error.field, ZP_FIELD_PAYLOAD_SIZE);
            assert_int_equal(error.value, 2000);
            assert_int_equal(error.limit, said);
            pack_free(&pack);
        }
    }
    free(bytes);
}

/* Memory may be taken ahead of the decoder, but not as much as a liar wishes. */
static void a_size_that_lies_takes_no_memory(void **state)
{
    uint8_t *bytes = make_bytes(2000, false);
    struct rusage before, after;

    (void)state;
    assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
    for (uint32_t compression = FIRST; compression <= LAST; compression++) {
        struct zp_error error = {0};
        struct zp_file file;
        struct pack pack;

        pack_make(&pack, compression, bytes, 2000, NULL);
        pack.size -= compression == ZP_COMPRESSION_GZIP ? 4 : 0;
        pack_append_size(&pack, 1024 * MIB - 1);
        assert_int_equal(unpack(&pack, compression, true, 1024 * MIB, 2, &file, &error),
                         ZP_ERR_UNPACKED_SIZE);
        assert_int_equal(error.value, 2000);
        pack_free(&pack);
    }
    assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
    assert_true(after.ru_maxrss - before.ru_maxrss < 64 * 1024);
    free(bytes);
}

/* One byte more than the limit, and a size that is above it: nothing is unpacked for that one. */
static void the_limit_is_kept(void **state)
{
    uint8_t *bytes = make_bytes(10000, false);

    (void)state;
    for (uint32_t compression = FIRST; compression <= LAST; compression++) {
        struct zp_error error = {0};
        struct zp_file file;
        struct pack pack;

        pack_make(&pack, compression, bytes, 10000, NULL);
        for (uint64_t limit = 0; limit < 10000; limit = limit * 3 / 2 + 1) {
            assert_int_equal(unpack(&pack, compression, false, limit, 2, &file, &error), ZP_ERR_TOO_LARGE);
            assert_int_equal(error.field, ZP_FIELD_PAYLOAD);
            assert_int_equal(error.limit, limit);
            assert_true(error.value > limit && error.value <= 10000);
        }
        assert_int_equal(unpack(&pack, compression, false, 9999, 2, &file, &error), ZP_ERR_TOO_LARGE);
        assert_int_equal(unpack(&pack, compression, false, 10000, 2, &file, &error), 0);
        zp_file_close(&file);
        pack_append_size(&pack, 0xffffffff);
        assert_int_equal(unpack(&pack, compression, true, 10000, 2, &file, &error), ZP_ERR_TOO_LARGE);
        assert_int_equal(error.field, ZP_FIELD_PAYLOAD_SIZE);
        assert_int_equal(error.value, 0xffffffff);
        pack_free(&pack);
    }
    free(bytes);
}

/* A GiB of zeros in 64 frames (lzma: 64 MiB in one) against 20 MiB. */
static void bombs_are_quick_and_small(void **state)
{
    uint8_t *zeros = calloc(1, 64 * MIB);
    struct rusage before, after;

    (void)state;
    assert_non_null(zeros);
    for (uint32_t compression = FIRST; compression <= LAST; compression++) {
        bool single = compression == ZP_COMPRESSION_LZMA;
        struct pack pack = {0}, part;
        struct zp_error error = {0};
        struct zp_file file;

        pack_make(&part, compression, zeros, (single ? 64 : 16) * MIB, NULL);
        for (unsigned i = 0; i < (single ? 1 : 64); i++)
            pack_append(&pack, part.bytes, part.size);
        assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
        for (unsigned threads = 1; threads <= 2; threads++)
            assert_int_equal(unpack(&pack, compression, false, 20 * MIB, threads, &file, &error),
                             ZP_ERR_TOO_LARGE);
        assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
        assert_true(error.value <= 32 * MIB || error.value == 64 * MIB);
        assert_true(after.ru_maxrss - before.ru_maxrss < 100 * 1024);
        pack_free(&part);
        pack_free(&pack);
    }
    free(zeros);
}

/* Claims of memory are judged before it is taken. */
static void huge_dictionaries(void **state)
{
    struct pack_options options = {.dictionary = 64 << 20};
    struct zp_unpack asked = {.limit = MIB, .threads = 1};
    struct zp_error error = {0};
    struct bytes bytes;
    struct zp_file file;
    struct pack pack;

    (void)state;
    for (asked.compression = ZP_COMPRESSION_LZMA; asked.compression <= ZP_COMPRESSION_XZ;
         asked.compression++) {
        pack_make(&pack, asked.compression, "kernel", 6, &options);
        open_bytes(&bytes, pack.bytes, pack.size);
        asked.source = &bytes.source;
        asked.length = pack.size;
        for (asked.threads = 1; asked.threads <= 2; asked.threads++) {
            asked.memory_limit = 63 << 20;
            assert_int_equal(zp_unpack_file(&asked, &file, &error), ZP_ERR_UNPACK_MEMORY);
            assert_in_range(error.value, 64 << 20, 66 << 20);
            assert_int_equal(error.limit, 63 << 20);
            asked.memory_limit = 66 << 20;
            assert_int_equal(zp_unpack_file(&asked, &file, &error), 0);
            zp_file_close(&file);
        }
        pack_free(&pack);
    }
    asked.memory_limit = 1 << 20;
    asked.compression = ZP_COMPRESSION_BZIP2;
    pack_make(&pack, asked.compression, "kernel", 6, NULL);
    open_bytes(&bytes, pack.bytes, pack.size);
    asked.length = pack.size;
    assert_int_equal(zp_unpack_file(&asked, &file, &error), ZP_ERR_UNPACK_MEMORY);
    pack_free(&pack);
}

/* A window of 2^41 bytes is no window; one of 2^31 costs nothing, for frames go straight to their place. */
static void zstd_windows(void **state)
{
    uint8_t frame[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x21, 0x00, 0x00, 'a', 'b', 'c', 'd'};
    struct zp_unpack asked = {.length = sizeof(frame), .compression = ZP_COMPRESSION_ZSTD, .limit = 4};
    struct zp_error error = {0};
    struct bytes bytes;
    struct zp_file file;

    (void)state;
    open_bytes(&bytes, frame, sizeof(frame));
    asked.source = &bytes.source;
    assert_int_equal(zp_unpack_file(&asked, &file, &error), 0);
    assert_true(is_same(&file, (const uint8_t *)"abcd", 4));
    zp_file_close(&file);
    frame[5] = 0xf8;
    assert_int_equal(zp_unpack_file(&asked, &file, &error), ZP_ERR_UNPACK_MEMORY);
    assert_int_equal(error.value, UINT64_C(1) << 41);
}

/* Blocks and chunks that hold nothing. */
static void empty_blocks(void **state)
{
    /* lz4: a block of one token, empty; then one of a letter */
    const uint8_t lz4[] = {0x02, 0x21, 0x4c, 0x18, 1, 0, 0, 0, 0x00, 2, 0, 0, 0, 0x10, 'a'};
    /* zstd: an empty raw block, then one of a letter */
    const uint8_t zstd[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x00, 0, 0, 0, 0x09, 0, 0, 'a'};
    struct zp_error error;
    struct zp_file file;
    struct pack pack = {0};

    (void)state;
    pack_append(&pack, lz4, sizeof(lz4));
    assert_int_equal(unpack(&pack, ZP_COMPRESSION_LZ4, false, 1, 2, &file, &error), 0);
    assert_true(is_same(&file, (const uint8_t *)"a", 1));
    zp_file_close(&file);
    /* A size of 0 begins the padding, and a block is none. */
    memset(pack.bytes + 4, 0, 4);
    assert_int_equal(unpack(&pack, ZP_COMPRESSION_LZ4, false, 1, 2, &file, &error), ZP_ERR_STREAM);
    pack_free(&pack);
    pack_append(&pack, zstd, sizeof(zstd));
    assert_int_equal(unpack(&pack, ZP_COMPRESSION_ZSTD, false, 1, 1, &file, &error), 0);
    assert_true(is_same(&file, (const uint8_t *)"a", 1));
    zp_file_close(&file);
    pack_free(&pack);
}

static void every_failing_read_is_told(void **state)
{
    uint8_t *bytes = make_bytes(1200 * KIB, true);

    (void)state;
    for (uint32_t compression = ZP_COMPRESSION_NONE; compression <= LAST; compression++) {
        struct pack pack = {0};
        struct zp_error error;
        struct zp_file file;
        unsigned reads = 1;

        if (compression == ZP_COMPRESSION_NONE)
            pack_append(&pack, bytes, 1200 * KIB);
        else
            pack_make(&pack, compression, bytes, 1200 * KIB, NULL);
        if (compression != ZP_COMPRESSION_NONE && compression != ZP_COMPRESSION_GZIP)
            pack_append_size(&pack, 1200 * KIB);
        for (unsigned fail_at = 1; fail_at <= reads; fail_at++) {
            struct zp_unpack asked = {.offset = 0,
                                      .length = pack.size,
                                      .compression = compression,
                                      .has_size = true,
                                      .limit = 4 * MIB,
                                      .threads = 2};
            struct bytes source;

            open_bytes(&source, pack.bytes, pack.size);
            asked.source = &source.source;
            if (fail_at == 1) {
                assert_int_equal(zp_unpack_file(&asked, &file, &error), 0);
                zp_file_close(&file);
                reads = source.reads;
                source.reads = 0;
            }
            source.fail_at = fail_at;
            assert_int_equal(zp_unpack_file(&asked, &file, &error), ZP_ERR_READ);
            assert_int_equal(error.limit, EIO);
            assert_true(error.value > 0);
        }
        assert_true(compression == ZP_COMPRESSION_NONE || reads >= 2);
        pack_free(&pack);
    }
    free(bytes);
}

static void a_file_that_is_cut_meanwhile(void **state)
{
    uint8_t *bytes = make_bytes(100 * KIB, true);
    char path[] = "/tmp/zp-test-unpack-XXXXXX";
    int fd = mkstemp(path);
    struct zp_file whole, file;
    struct zp_error error;
    struct pack pack;

    (void)state;
    assert_true(fd >= 0);
    for (uint32_t compression = FIRST; compression <= LAST; compression++) {
        struct zp_unpack asked = {.compression = compression, .limit = 4 * MIB, .threads = 2};

        pack_make(&pack, compression, bytes, 100 * KIB, NULL);
        assert_int_equal(pwrite(fd, pack.bytes, pack.size, 0), pack.size);
        assert_int_equal(zp_file_open(&whole, path), 0);
        asked.source = &whole.source;
        asked.length = pack.size;
        assert_int_equal(zp_unpack_file(&asked, &file, &error), 0);
        assert_true(is_same(&file, bytes, 100 * KIB));
        assert_non_null(strstr(file.name, "XXXXXX:unpacked") ? NULL : strstr(file.name, ":unpacked"));
        zp_file_close(&file);
        assert_int_equal(ftruncate(fd, (off_t)pack.size / 2), 0);
        assert_int_equal(zp_unpack_file(&asked, &file, &error), ZP_ERR_READ);
        assert_int_equal(error.limit, ENODATA);
        zp_file_close(&whole);
        pack_free(&pack);
    }
    close(fd);
    unlink(path);
    free(bytes);
}

static void places_and_formats_that_are_not_there(void **state)
{
    struct bytes bytes;
    struct zp_unpack asked = {
        .source = &bytes.source, .offset = 3, .length = 8, .compression = ZP_COMPRESSION_ZSTD, .limit = 100};
    struct zp_file file = {.fd = 77};
    struct zp_error error;

    (void)state;
    open_bytes(&bytes, "0123456789", 10);
    assert_int_equal(zp_unpack_file(&asked, &file, &error), ZP_ERR_TRUNCATED);
    assert_int_equal(error.value, 11);
    assert_int_equal(error.limit, 10);
    asked.offset = UINT64_MAX;
    assert_int_equal(zp_unpack_file(&asked, &file, &error), ZP_ERR_TRUNCATED);
    asked.offset = 2;
    asked.compression = ZP_COMPRESSION_UNKNOWN;
    assert_int_equal(zp_unpack_file(&asked, &file, &error), ZP_ERR_PAYLOAD_MAGIC);
    assert_int_equal(error.offset, 2);
    assert_int_equal(error.value, 0x35343332);
    asked.compression = ZP_COMPRESSION_ZSTD;
    assert_int_equal(zp_unpack_file(&asked, &file, NULL), ZP_ERR_STREAM);
    assert_int_equal(zp_unpack_file(&asked, &file, &error), ZP_ERR_STREAM);
    assert_int_equal(error.offset, 2);
    assert_int_equal(file.fd, 77);
    /* More packed bytes than what may come out can be packed into: none is read. */
    asked.length = UINT64_C(1) << 40;
    asked.offset = 0;
    bytes.source.size = asked.length;
    bytes.reads = 0;
    assert_int_equal(zp_unpack_file(&asked, &file, &error), ZP_ERR_TOO_LARGE);
    assert_int_equal(bytes.reads, 0);
}

struct progress {
    unsigned calls;
    uint64_t done, total;
};

static void note_progress(void *context, uint64_t done, uint64_t total)
{
    struct progress *progress = context;

    assert_true(done >= progress->done);
    *progress = (struct progress){progress->calls + 1, done, total};
}

static void progress_ends_at_the_end(void **state)
{
    uint8_t *bytes = make_bytes(300 * KIB, false);
    struct progress progress = {0};
    struct zp_unpack asked = {.compression = ZP_COMPRESSION_XZ,
                              .has_size = true,
                              .limit = MIB,
                              .progress = note_progress,
                              .progress_context = &progress};
    struct bytes source;
    struct zp_error error;
    struct zp_file file;
    struct pack pack;

    (void)state;
    pack_make(&pack, ZP_COMPRESSION_XZ, bytes, 300 * KIB, NULL);
    pack_append_size(&pack, 300 * KIB);
    open_bytes(&source, pack.bytes, pack.size);
    asked.source = &source.source;
    asked.length = pack.size;
    assert_int_equal(zp_unpack_file(&asked, &file, &error), 0);
    assert_true(progress.calls >= 1);
    assert_int_equal(progress.done, 300 * KIB);
    assert_int_equal(progress.total, 300 * KIB);
    zp_file_close(&file);
    pack_free(&pack);
    free(bytes);
}

#define POINT(test) cmocka_unit_test_setup_teardown(test, remember, nothing_stays)

int main(void)
{
    const struct CMUnitTest tests[] = {
        POINT(every_format_round_trips),
        POINT(more_than_one_block_round_trips),
        POINT(what_comes_out_is_sealed),
        POINT(options_of_the_packers),
        POINT(frames_one_after_another),
        POINT(lz4_blocks_that_are_not_full),
        POINT(skippable_zstd_frames),
        POINT(lz4_frames_of_today),
        POINT(lz4_frames_of_today_that_are_spoiled),
        POINT(bytes_that_are_not_packed),
        POINT(bare_elfs_with_their_size),
        POINT(every_cut_is_told),
        POINT(every_byte_is_spoiled),
        POINT(fields_that_are_spoiled),
        POINT(sizes_that_lie),
        POINT(a_size_that_lies_takes_no_memory),
        POINT(the_limit_is_kept),
        POINT(bombs_are_quick_and_small),
        POINT(huge_dictionaries),
        POINT(zstd_windows),
        POINT(empty_blocks),
        POINT(every_failing_read_is_told),
        POINT(a_file_that_is_cut_meanwhile),
        POINT(places_and_formats_that_are_not_there),
        POINT(progress_ends_at_the_end),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
