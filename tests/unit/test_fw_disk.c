/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes of a volume and memory of an arena. The disk of fw_host.c ends the program when it is asked for
 * anything but whole sectors of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fw_host.h"

#define SIZE 65536u

static unsigned char bytes[SIZE];

static void fill(void)
{
    uint32_t random = 1;

    for (size_t i = 0; i < SIZE; i++) {
        random = random * 1664525 + 1013904223;
        bytes[i] = (unsigned char)(random >> 24);
    }
}

/* Every start and length around the ends of sectors, on volumes that begin and end anywhere. */
static void any_bytes_of_a_volume(void **state)
{
    static const uint64_t edges[] = {0, 1, 511, 512, 513, 1000, 4095, 4096, 4097, 8192, 20000};
    static const uint32_t sectors[] = {512, 1024, 2048, 4096};
    static unsigned char got[SIZE + 1];
    size_t count = sizeof(edges) / sizeof(*edges);

    (void)state;
    fill();
    for (size_t i = 0; i < 4 * count * count * count; i++) {
        struct fw_host_disk host;
        struct fw_volume volume;
        uint64_t start = edges[i / 4 % count], offset = edges[i / 4 / count % count],
                 length = edges[i / 4 / count / count];

        fw_host_memory(&host, bytes, SIZE, sectors[i % 4]);
        host.disk.max_count = 3;
        volume = fw_host_volume(&host);
        volume.start = start;
        volume.size = offset + length;
        memset(got, 0x5a, length + 1);
        assert_int_equal(fw_volume_read(&volume, offset, got, length), 0);
        assert_memory_equal(got, bytes + start + offset, length);
        assert_int_equal(got[length], 0x5a);
        assert_true(host.reads <= 2 + length / (3 * sectors[i % 4]) + 1);
    }
}

static void nothing_outside_is_read(void **state)
{
    static const struct {
        uint64_t start, size, offset, length;
    } outside[] = {
        {0, SIZE, SIZE, 1},         {0, SIZE, 0, SIZE + 1}, {0, SIZE, UINT64_MAX, 2},
        {0, UINT64_MAX, SIZE, 1},   {SIZE, 1, 0, 1},        {UINT64_MAX, UINT64_MAX, 2, 1},
        {UINT64_MAX - 5, 10, 6, 1}, {4096, 4096, 4096, 1},
    };
    static unsigned char got[16];

    (void)state;
    for (size_t i = 0; i < sizeof(outside) / sizeof(*outside); i++) {
        struct fw_host_disk host;
        struct fw_volume volume;

        fw_host_memory(&host, bytes, SIZE, 512);
        volume = fw_host_volume(&host);
        volume.start = outside[i].start;
        volume.size = outside[i].size;
        assert_int_equal(fw_volume_read(&volume, outside[i].offset, got, (size_t)outside[i].length), -1);
        assert_int_equal(host.reads, 0);
    }
}

static void disks_that_cannot_be(void **state)
{
    static const uint32_t sizes[] = {0, 3, 511, 8192, 0x80000000};
    struct fw_host_disk host;
    struct fw_volume volume;
    unsigned char byte;

    (void)state;
    fw_host_memory(&host, bytes, SIZE, 512);
    volume = fw_host_volume(&host);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        host.disk.sector_size = sizes[i];
        assert_int_equal(fw_volume_read(&volume, 0, &byte, 1), -1);
    }
    host.disk.sector_size = 512;
    host.disk.max_count = 0;
    assert_int_equal(fw_volume_read(&volume, 0, &byte, 1), -1);
    host.disk.max_count = 1;
    host.disk.sectors = UINT64_MAX;
    assert_int_equal(fw_volume_read(&volume, 0, &byte, 1), -1);
    assert_int_equal(host.reads, 0);
}

static void every_failing_read_is_told(void **state)
{
    static unsigned char got[SIZE];
    struct fw_host_disk host;
    struct fw_volume volume;

    (void)state;
    fw_host_memory(&host, bytes, SIZE, 512);
    host.disk.max_count = 16;
    volume = fw_host_volume(&host);
    assert_int_equal(fw_volume_read(&volume, 1, got, 20000), 0);
    for (uint64_t last = host.reads, i = 1; i <= last; i++) {
        host.reads = 0;
        host.fail_at = i;
        assert_int_equal(fw_volume_read(&volume, 1, got, 20000), -1);
        assert_int_equal(host.reads, i);
    }
}

static void an_arena_gives_what_it_has(void **state)
{
    static unsigned char memory[1024] __attribute__((aligned(16)));

    (void)state;
    for (size_t skew = 0; skew < 16; skew++) {
        struct fw_arena arena = {memory + skew, sizeof(memory) - skew, 0};
        unsigned char *last = memory + skew, *one;

        memset(memory, 0xff, sizeof(memory));
        for (size_t size = 1; (one = fw_arena_take(&arena, size)); size++) {
            assert_int_equal((uintptr_t)one % 16, 0);
            assert_true(one >= last && one + size <= memory + sizeof(memory));
            for (size_t i = 0; i < size; i++)
                assert_int_equal(one[i], 0);
            last = one + size;
        }
        assert_null(fw_arena_take(&arena, SIZE_MAX));
        assert_null(fw_arena_take(&arena, SIZE_MAX - 1024));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_bytes_of_a_volume),      cmocka_unit_test(nothing_outside_is_read),
        cmocka_unit_test(disks_that_cannot_be),       cmocka_unit_test(every_failing_read_is_told),
        cmocka_unit_test(an_arena_gives_what_it_has),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
