/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Master boot records, chains of logical partitions with loops and wild links, sectors that only look like
 * one, and ISO 9660 images with partitions. HOSTILE row 20.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fw_table.h"

static void assert_volume(size_t i, uint32_t number, uint64_t first, uint64_t sectors)
{
    assert_true(i < table.count);
    assert_int_equal(table.volumes[i].number, number);
    assert_int_equal(table.volumes[i].start, first * table.sector);
    assert_int_equal(table.volumes[i].size, sectors * table.sector);
}

static void assert_whole(void)
{
    assert_int_equal(table.count, 1);
    assert_volume(0, 0, 0, SECTORS);
}

static void primary_partitions(void **state)
{
    (void)state;
    for (uint32_t sector = 512; sector <= 4096; sector *= 2) {
        begin(sector);
        put(440, 4, 0x12345678);
        put_mbr(0, 0, 0xef, 34, 66);
        put_mbr(0, 3, 0x83, 100, SECTORS - 100);
        put(446 + 48, 1, 0x80);
        run();
        assert_int_equal(table.count, 2);
        assert_volume(0, 1, 34, 66);
        assert_volume(1, 4, 100, SECTORS - 100);
        assert_memory_equal(table.volumes[1].uuid, "\x78\x56\x34\x12\x04\0\0\0", 8);
        assert_int_equal(table.volumes[0].type[0], 0xef);
        assert_true(table.volumes[1].active && !table.volumes[0].active && !table.volumes[0].gpt);
        assert_string_equal(fw_host_notes, "");
    }
}

static void build_chain(void)
{
    begin(512);
    put_mbr(0, 0, 0x83, 34, 66);
    put_mbr(0, 1, 0x0f, 100, 900);
    put_mbr(100, 0, 0x83, 10, 90);
    put_mbr(100, 1, 0x05, 300, 100);
    put_mbr(400, 0, 0x82, 10, 90);
    put_mbr(400, 1, 0x05, 100, 100); /* before the last, as it is after one was deleted and another made */
    put_mbr(200, 0, 0x83, 10, 90);
}

static void logical_partitions(void **state)
{
    (void)state;
    build_chain();
    run();
    assert_int_equal(table.count, 4);
    assert_volume(0, 1, 34, 66);
    assert_volume(1, 5, 110, 90);
    assert_volume(2, 6, 410, 90);
    assert_volume(3, 7, 210, 90);
    assert_string_equal(fw_host_notes, "");
}

static void chains_that_come_back(void **state)
{
    (void)state;
    build_chain();
    put_mbr(200, 1, 0x05, 0, 100);
    run();
    assert_int_equal(table.count, 4);
    assert_non_null(strstr(fw_host_notes, "overlaps"));

    /* Links without a partition cannot overlap. */
    begin(512);
    put_mbr(0, 1, 0x05, 100, 900);
    put_mbr(100, 1, 0x05, 0, 100);
    run();
    assert_whole();
    assert_non_null(strstr(fw_host_notes, "more than 128 links"));
    assert_true(table.host.reads < 140);
}

static void links_that_lead_out(void **state)
{
    static const uint32_t wild[] = {SECTORS - 100, UINT32_MAX, 50};

    (void)state;
    for (size_t i = 0; i < sizeof(wild) / sizeof(*wild); i++) {
        build_chain();
        put_mbr(100, 1, 0x05, wild[i], 100);
        run();
        assert_int_equal(table.count, 2);
        assert_non_null(strstr(fw_host_notes, "no link in sector"));
    }
}

static void partitions_that_cannot_be(void **state)
{
    static const struct {
        uint32_t first, sectors;
    } wild[] = {{SECTORS, 1}, {SECTORS - 1, 2}, {UINT32_MAX, UINT32_MAX}, {0, 10}, {90, 20}, {1, UINT32_MAX}};

    (void)state;
    for (size_t i = 0; i < sizeof(wild) / sizeof(*wild); i++) {
        begin(512);
        put_mbr(0, 0, 0x83, 34, 66);
        put_mbr(0, 2, 0x83, wild[i].first, wild[i].sectors);
        run();
        assert_int_equal(table.count, 1);
        assert_volume(0, 1, 34, 66);
        assert_non_null(strstr(fw_host_notes, "partition 3"));
    }
}

static void sectors_that_only_look_like_one(void **state)
{
    (void)state;
    begin(512);
    put_mbr(0, 0, 0x83, 34, 66);
    put(510, 2, 0);
    run();
    assert_whole();

    /* Code or text of a boot sector where entries would be. */
    begin(512);
    put_mbr(0, 0, 0x83, 34, 66);
    put(446 + 32, 1, 'N');
    run();
    assert_whole();
    assert_string_equal(fw_host_notes, "");

    /* Only the protection of a GPT that is not there. */
    begin(512);
    put_mbr(0, 0, 0xee, 1, SECTORS - 1);
    run();
    assert_whole();
    assert_non_null(strstr(fw_host_notes, "GPT in sector 1"));
}

/* The image as a partition from sector 0, from where the image's descriptors are, and as nobody's. */
static void images_with_partitions_in_them(void **state)
{
    static const uint32_t firsts[] = {0, 64, 1};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        begin(512);
        memcpy(table.disk + 32768, "\1CD001", 6);
        put_mbr(0, 0, 0x17, firsts[i], SECTORS - firsts[i]);
        put_mbr(0, 1, 0xef, 500, 100);
        run();
        assert_int_equal(table.count, 2);
        assert_volume(0, 2, 500, 100);
        assert_volume(1, 0, 0, SECTORS);
        assert_string_equal(fw_host_notes, "");
    }
    put_mbr(0, 0, 0x83, 65, 100);
    run();
    assert_int_equal(table.count, 2);
    assert_volume(0, 1, 65, 100);
}

static void disks_that_cannot_be(void **state)
{
    static const uint32_t sizes[] = {0, 1, 256, 513, 8192};
    struct fw_arena arena = {table.disk, sizeof(table.disk), 0};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        fw_host_memory(&table.host, table.disk, sizeof(table.disk), 512);
        table.host.disk.sector_size = sizes[i];
        assert_int_equal(fw_partitions(&table.host.disk, &arena, table.volumes, FW_VOLUME_MAX), 0);
    }
    table.host.disk.sector_size = 512;
    table.host.disk.sectors = 0;
    assert_int_equal(fw_partitions(&table.host.disk, &arena, table.volumes, FW_VOLUME_MAX), 0);
    table.host.disk.sectors = UINT64_MAX / 256;
    assert_int_equal(fw_partitions(&table.host.disk, &arena, table.volumes, FW_VOLUME_MAX), 0);
}

static void every_failing_read_is_told(void **state)
{
    uint64_t last;

    (void)state;
    build_chain();
    run();
    last = table.host.reads;
    run_failing(1);
    assert_int_equal(table.count, 0);
    /* The second asks only whether the first partition is an ISO 9660 image. */
    for (uint64_t i = 3; i <= last; i++) {
        run_failing(i);
        assert_int_equal(table.count, i - 2);
        assert_non_null(strstr(fw_host_notes, "no link in sector"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(primary_partitions),
        cmocka_unit_test(logical_partitions),
        cmocka_unit_test(chains_that_come_back),
        cmocka_unit_test(links_that_lead_out),
        cmocka_unit_test(partitions_that_cannot_be),
        cmocka_unit_test(sectors_that_only_look_like_one),
        cmocka_unit_test(images_with_partitions_in_them),
        cmocka_unit_test(disks_that_cannot_be),
        cmocka_unit_test(every_failing_read_is_told),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
