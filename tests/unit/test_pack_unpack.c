/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unpackers of the packer's stub: what the packer's way of compressing makes, they restore; what is cut or
 * spoiled they refuse, and nothing is written past the size that was told. Built once for each of them, with
 * UNPACKS one of enum zp_pack_compression; the shim is not in it, as a C library is there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lz4hc.h>
#include <zstd.h>

#include "../../src/pack/stub/shim.h"
#include "../../src/pack/stub/stub.h"

#define GUARD 64u /* bytes behind the output that must stay */

static int shim_depth, shim_count;

void stub_shim_begin(void)
{
    shim_depth++;
    shim_count++;
}

void stub_shim_end(void)
{
    shim_depth--;
}

struct packing {
    uint8_t *plain, *packed, *output;
    size_t size, packed_size;
};

/* Something like a kernel: code that repeats, text, zeros, and noise. */
static void fill(uint8_t *bytes, size_t size)
{
    uint32_t noise = 12345;

    for (size_t i = 0; i < size; i++) {
        noise = noise * 1664525 + 1013904223;
        switch (i / 512 % 4) {
        case 0: bytes[i] = (uint8_t) "\x48\x89\xe5\x41\x57\xe8\x12\x34"[i % 8]; break;
        case 1: bytes[i] = (uint8_t) "setup_data "[i % 11]; break;
        case 2: bytes[i] = 0; break;
        default: bytes[i] = (uint8_t)(noise >> 24);
        }
    }
}

static size_t compress_lz4(const struct packing *packing, size_t room)
{
    int made = LZ4_compress_HC((const char *)packing->plain, (char *)packing->packed, (int)packing->size,
                               (int)room, 12);

    assert_true(made > 0);
    return (size_t)made;
}

static size_t compress_zstd(const struct packing *packing, size_t room)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_inBuffer in = {packing->plain, packing->size, 0};
    ZSTD_outBuffer out = {packing->packed, room, 0};

    assert_non_null(context);
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 19);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 0);
    ZSTD_CCtx_setPledgedSrcSize(context, packing->size);
    assert_int_equal(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end), 0);
    ZSTD_freeCCtx(context);
    return out.pos;
}

static void pack(struct packing *packing, size_t size, uint32_t compression)
{
    size_t lz4_room = (size_t)LZ4_compressBound((int)size), zstd_room = ZSTD_compressBound(size);
    size_t room = lz4_room > zstd_room ? lz4_room : zstd_room;

    packing->size = size;
    packing->plain = malloc(size);
    packing->packed = malloc(room + GUARD);
    packing->output = malloc(size + GUARD);
    assert_true(packing->plain && packing->packed && packing->output);
    fill(packing->plain, size);
    packing->packed_size =
        compression == ZP_PACK_ZSTD ? compress_zstd(packing, room) : compress_lz4(packing, room);
}

static void discard(struct packing *packing)
{
    free(packing->plain);
    free(packing->packed);
    free(packing->output);
}

/* Unpacks a copy that is just as long as it may be read, so that sanitizer and valgrind see a byte more. */
static const char *unpack_sized(struct packing *packing, const uint8_t *from, size_t size, size_t ret_size)
{
    size_t arena_size = stub_unpack_arena(UNPACKS);
    uint8_t *copy = malloc(size ? size : 1), *arena = malloc(arena_size + 1);
    const char *wrong;

    assert_true(copy && arena && ret_size <= packing->size + GUARD);
    memcpy(copy, from, size);
    memset(packing->output, 0xa5, packing->size + GUARD);
    shim_count = 0;
    /* At any alignment, as it lies behind the output. */
    wrong = stub_unpack(UNPACKS, copy, size, packing->output, ret_size, arena + 1, arena_size);
    assert_int_equal(shim_depth, 0);
    for (size_t i = ret_size; i < packing->size + GUARD; i++)
        assert_int_equal(packing->output[i], 0xa5);
    free(copy);
    free(arena);
    return wrong;
}

static const char *unpack(struct packing *packing, size_t size)
{
    return unpack_sized(packing, packing->packed, size, packing->size);
}

static void other_compressions_are_refused(void **state)
{
    char byte = 0;

    (void)state;
    for (uint32_t compression = 0; compression < 5; compression++)
        if (compression != UNPACKS || UNPACKS == ZP_PACK_STORED)
            assert_non_null(stub_unpack(compression, &byte, 1, &byte, 1, NULL, 0));
}

static void what_was_packed_comes_back(void **state)
{
    static const size_t sizes[] = {1, 511, 4096, 300001, (1u << 21) + 3};
    struct packing packing;

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        pack(&packing, sizes[i], UNPACKS);
        assert_null(unpack(&packing, packing.packed_size));
        assert_true(shim_count > 0);
        assert_memory_equal(packing.output, packing.plain, packing.size);
        discard(&packing);
    }
}

static void every_cut_is_refused(void **state)
{
    struct packing packing;

    (void)state;
    pack(&packing, 3000, UNPACKS);
    for (size_t size = 0; size < packing.packed_size; size++)
        assert_non_null(unpack(&packing, size));
    memset(packing.packed + packing.packed_size, 0, GUARD);
    assert_non_null(unpack(&packing, packing.packed_size + 1)); /* nor a byte more */
    discard(&packing);
}

/* There is no checksum in it, so some of these unpack to something: of the right size, and not past it. */
static void every_byte_is_spoiled(void **state)
{
    struct packing packing;
    size_t refused = 0;

    (void)state;
    pack(&packing, 3000, UNPACKS);
    for (size_t i = 0; i < packing.packed_size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            packing.packed[i] ^= (uint8_t)(1u << bit);
            refused += unpack(&packing, packing.packed_size) != NULL;
            packing.packed[i] ^= (uint8_t)(1u << bit);
        }
    }
    assert_true(refused > 0);
    assert_null(unpack(&packing, packing.packed_size));
    assert_memory_equal(packing.output, packing.plain, packing.size);
    discard(&packing);
}

static void sizes_that_lie(void **state)
{
    struct packing packing;

    (void)state;
    pack(&packing, 70000, UNPACKS);
    for (size_t size = packing.size - 70; size <= packing.size + GUARD; size++) {
        if (size == packing.size)
            continue;
        assert_non_null(unpack_sized(&packing, packing.packed, packing.packed_size, size));
    }
    assert_non_null(unpack_sized(&packing, packing.packed, packing.packed_size, 0));
    assert_non_null(unpack_sized(&packing, packing.packed, packing.packed_size, 1));
    discard(&packing);
}

static void sizes_of_2_gib(void **state)
{
    char byte = 0;

    (void)state;
    assert_non_null(stub_unpack(UNPACKS, &byte, UINT64_C(1) << 31, &byte, 1, NULL, 0));
    assert_non_null(stub_unpack(UNPACKS, &byte, 1, &byte, UINT64_C(1) << 31, NULL, 0));
}

/* Frames of versions 0.1 to 0.7, skippable ones, and two of them. */
static void other_frames(void **state)
{
    struct packing packing;
    uint8_t *two;

    (void)state;
    pack(&packing, 3000, UNPACKS);
    for (unsigned byte = 0x1e; byte <= 0x28; byte++) {
        packing.packed[0] = (uint8_t)byte;
        assert_int_equal(unpack(&packing, packing.packed_size) == NULL, byte == 0x28);
    }
    two = malloc(2 * packing.packed_size + 12);
    assert_non_null(two);
    memcpy(two, packing.packed, packing.packed_size);
    memcpy(two + packing.packed_size, packing.packed, packing.packed_size);
    assert_non_null(unpack_sized(&packing, two, 2 * packing.packed_size, packing.size));
    memcpy(two, "\x50\x2a\x4d\x18\x04\0\0\0skip", 12);
    memcpy(two + 12, packing.packed, packing.packed_size);
    assert_non_null(unpack_sized(&packing, two, packing.packed_size + 12, packing.size));
    free(two);
    discard(&packing);
}

static void arenas_that_are_too_small(void **state)
{
    struct packing packing;
    char *arena = malloc(stub_unpack_arena(UNPACKS));

    (void)state;
    assert_non_null(arena);
    pack(&packing, 3000, UNPACKS);
    for (size_t size = 0; size < stub_unpack_arena(UNPACKS) - 64; size += 97)
        assert_string_equal(stub_unpack(UNPACKS, packing.packed, packing.packed_size, packing.output,
                                        packing.size, arena, size),
                            "no memory to unpack it");
    free(arena);
    discard(&packing);
}

#define COMMON                                                                                      \
    cmocka_unit_test(other_compressions_are_refused), cmocka_unit_test(what_was_packed_comes_back), \
        cmocka_unit_test(every_cut_is_refused), cmocka_unit_test(every_byte_is_spoiled),            \
        cmocka_unit_test(sizes_that_lie)

int main(void)
{
    const struct CMUnitTest stored[] = {cmocka_unit_test(other_compressions_are_refused)};
    const struct CMUnitTest lz4[] = {COMMON, cmocka_unit_test(sizes_of_2_gib)};
    const struct CMUnitTest zstd[] = {COMMON, cmocka_unit_test(other_frames),
                                      cmocka_unit_test(arenas_that_are_too_small)};

    cmocka_set_message_output(CM_OUTPUT_TAP);
    switch (UNPACKS) {
    case ZP_PACK_LZ4: return cmocka_run_group_tests(lz4, NULL, NULL);
    case ZP_PACK_ZSTD: return cmocka_run_group_tests(zstd, NULL, NULL);
    default: return cmocka_run_group_tests(stored, NULL, NULL);
    }
}
