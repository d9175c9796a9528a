/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GUID partition tables: each field spoiled, in either copy and in both, with checksums that hold. Partitions
 * in sectors 40 to 99 and 100 to 199. Refused wherever enough is wrong, read from the other copy where not.
 * HOSTILE row 20.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bytes.h"
#include "fw_table.h"

#define ENTRIES 128u

/* Makes the checksums of a copy hold, with the entries where its header says. */
static void seal(uint64_t sector)
{
    unsigned char *header = table.disk + sector * table.sector;
    uint64_t at = fw_get64(header + 72), size = (uint64_t)fw_get32(header + 80) * fw_get32(header + 84);
    uint32_t header_size = fw_get32(header + 12);

    if (size <= sizeof(table.disk) && at < SECTORS && at * table.sector + size <= SECTORS * table.sector)
        put(sector * table.sector + 88, 4, fw_crc32(0, table.disk + at * table.sector, (size_t)size));
    put(sector * table.sector + 16, 4, 0);
    if (header_size <= table.sector)
        put(sector * table.sector + 16, 4, fw_crc32(0, header, header_size));
}

static void put_entry(uint64_t entries, unsigned index, uint64_t first, uint64_t last)
{
    uint64_t at = entries * table.sector + index * 128;

    memcpy(table.disk + at, fw_type_esp, 16);
    for (unsigned i = 0; i < 16; i++)
        put(at + 16 + i, 1, 0x10 * (index + 1) + i);
    put(at + 32, 8, first);
    put(at + 40, 8, last);
}

static void put_copy(uint64_t sector, uint64_t other, uint64_t entries)
{
    uint64_t at = sector * table.sector;

    memcpy(table.disk + at, "EFI PART", 8);
    put(at + 8, 4, 0x10000);
    put(at + 12, 4, 92);
    put(at + 24, 8, sector);
    put(at + 32, 8, other);
    put(at + 40, 8, 34);
    put(at + 48, 8, SECTORS - 34);
    put(at + 72, 8, entries);
    put(at + 80, 4, ENTRIES);
    put(at + 84, 4, 128);
    put_entry(entries, 0, 40, 99);
    put_entry(entries, 1, 100, 199);
    memcpy(table.disk + entries * table.sector + 56, "E\0S\0P\0", 6);
    put(entries * table.sector + 56 + 6, 2, 0x00e4);
    put(entries * table.sector + 128 + 48, 8, 4);
    seal(sector);
}

static void build(uint32_t sector)
{
    begin(sector);
    put_mbr(0, 0, 0xee, 1, SECTORS - 1);
    put_copy(1, SECTORS - 1, 2);
    put_copy(SECTORS - 1, 1, SECTORS - 33);
}

static void assert_both(void)
{
    assert_int_equal(table.count, 2);
    assert_int_equal(table.volumes[0].number, 1);
    assert_int_equal(table.volumes[0].start, 40 * table.sector);
    assert_int_equal(table.volumes[0].size, 60 * table.sector);
    assert_memory_equal(table.volumes[0].type, fw_type_esp, 16);
    assert_int_equal(table.volumes[0].uuid[15], 0x1f);
    assert_string_equal(table.volumes[0].name, "ESP?");
    assert_true(table.volumes[0].gpt && !table.volumes[0].active);
    assert_int_equal(table.volumes[1].number, 2);
    assert_int_equal(table.volumes[1].start, 100 * table.sector);
    assert_true(table.volumes[1].gpt && table.volumes[1].active);
}

static void sectors_of_every_size(void **state)
{
    (void)state;
    for (uint32_t sector = 512; sector <= 4096; sector *= 2) {
        build(sector);
        run();
        assert_both();
        assert_string_equal(fw_host_notes, "");
        assert_true(table.host.reads <= 4);
    }
}

static const struct mangle {
    const char *says;
    unsigned offset, width;
    uint64_t value;
} mangles[] = {
    {"has no header", 0, 8, 0},
    {"has no size that can be", 12, 4, 91},
    {"has no size that can be", 12, 4, 513},
    {"has no size that can be", 12, 4, UINT32_MAX},
    {"revision", 8, 4, 0x20000},
    {"revision", 8, 4, 0},
    {"belongs elsewhere", 24, 8, 2},
    {"do not lie on the disk", 72, 8, SECTORS - 31},
    {"do not lie on the disk", 72, 8, UINT64_MAX / 512},
    {"do not lie on the disk", 72, 8, UINT64_MAX},
    {"too many entries", 80, 4, UINT32_MAX},
    {"too many entries", 80, 4, 4097},
    {"do not lie on the disk", 80, 4, 4096},
    {"entries have no size", 84, 4, 0},
    {"entries have no size", 84, 4, 64},
    {"entries have no size", 84, 4, 129},
    {"too many entries", 84, 4, 0x80000000},
};

/* With good checksums; and, for the last bit of every field, with a checksum that tells. */
static void fields_that_are_spoiled(void **state)
{
    static const uint64_t copies[] = {1, SECTORS - 1};

    (void)state;
    for (size_t i = 0; i < sizeof(mangles) / sizeof(*mangles); i++) {
        for (unsigned spoiled = 1; spoiled <= 3; spoiled++) {
            build(512);
            for (unsigned copy = 0; copy < 2; copy++) {
                if (!(spoiled & 1u << copy))
                    continue;
                put(copies[copy] * 512 + mangles[i].offset, mangles[i].width, mangles[i].value);
                seal(copies[copy]);
            }
            run();
            if (spoiled == 3) {
                assert_int_equal(table.count, 1);
                assert_int_equal(table.volumes[0].number, 0);
            } else {
                assert_both();
            }
            if ((spoiled & 1) && !strstr(fw_host_notes, mangles[i].says))
                fail_msg("%s: %s", mangles[i].says, fw_host_notes);
            if (spoiled == 2)
                assert_string_equal(fw_host_notes, "");
        }
    }
}

static void checksums_that_tell(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 8 * 92; bit++) {
        build(512);
        table.disk[512 + bit / 8] ^= (unsigned char)(1 << bit % 8);
        run();
        assert_both();
        assert_non_null(strstr(fw_host_notes, "taken from its copy in sector 1023"));
    }
    for (unsigned at = 0; at < ENTRIES * 128; at += 101) {
        build(512);
        table.disk[1024 + at] ^= 1;
        run();
        assert_both();
        assert_non_null(strstr(fw_host_notes, "checksum of its entries"));
    }
}

/* The disk has grown since: the copy lies where the first header says. */
static void a_disk_that_has_grown(void **state)
{
    (void)state;
    build(512);
    put_copy(700, 1, 668);
    memset(table.disk + 1023 * 512, 0, 512);
    put(512 + 32, 8, 700);
    seal(1);
    table.disk[1024] ^= 1;
    run();
    assert_both();
    assert_non_null(strstr(fw_host_notes, "taken from its copy in sector 700"));
}

static void no_gpt_without_protection(void **state)
{
    (void)state;
    build(512);
    put_mbr(0, 0, 0x83, 500, 10);
    run();
    assert_int_equal(table.count, 1);
    assert_int_equal(table.volumes[0].start, 500 * 512);
    assert_false(table.volumes[0].gpt);
    build(512);
    put(510, 2, 0);
    run();
    assert_int_equal(table.count, 1);
    assert_int_equal(table.volumes[0].number, 0);
}

static const struct entry_case {
    uint64_t first, last;
    const char *says;
} entries[] = {
    {99, 98, "ends before it begins"},
    {33, 50, "outside"},
    {0, UINT64_MAX, "outside"},
    {300, SECTORS - 33, "outside"},
    {300, UINT64_MAX, "outside"},
    {199, 300, "overlaps"},
    {90, 110, "overlaps"},
    {40, 40, "overlaps"},
};

static void partitions_that_cannot_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(entries) / sizeof(*entries); i++) {
        build(512);
        put_entry(2, 7, entries[i].first, entries[i].last);
        seal(1);
        run();
        assert_both();
        assert_non_null(strstr(fw_host_notes, "partition 8"));
        assert_non_null(strstr(fw_host_notes, entries[i].says));
    }
}

/* A header that allows everything does not allow the table itself, nor what is past the disk. */
static void the_table_is_no_partition(void **state)
{
    static const struct {
        uint64_t first, last;
    } busy[] = {{0, 0},         {1, 1},         {2, 2}, {33, 33}, {0, 1}, {SECTORS, SECTORS},
                {300, SECTORS}, {0, UINT64_MAX}};

    (void)state;
    for (size_t i = 0; i < sizeof(busy) / sizeof(*busy); i++) {
        build(512);
        put(512 + 40, 8, 0);
        put(512 + 48, 8, UINT64_MAX);
        put_entry(2, 7, busy[i].first, busy[i].last);
        seal(1);
        run();
        assert_both();
        assert_non_null(strstr(fw_host_notes, "partition 8"));
    }
}

static void as_many_as_there_may_be(void **state)
{
    (void)state;
    build(512);
    for (unsigned i = 0; i < ENTRIES; i++)
        put_entry(2, i, 200 + i, 200 + i);
    seal(1);
    run();
    assert_int_equal(table.count, FW_VOLUME_MAX);
    assert_string_equal(fw_host_notes, "");
    table.capacity = 100;
    run();
    assert_int_equal(table.count, 100);
    assert_non_null(strstr(fw_host_notes, "one too many"));
    assert_non_null(strstr(fw_host_notes, "more partitions are left out"));
}

/* Entries of 256 bytes, a header of a whole sector, a name of 36 letters. */
static void larger_entries(void **state)
{
    (void)state;
    build(512);
    memset(table.disk + 1024, 0, 128 * ENTRIES);
    put_entry(2, 0, 40, 99);
    put_entry(2, 2, 100, 199);
    for (unsigned i = 0; i < 36; i++)
        put(1024 + 56 + 2 * i, 2, 'a' + i % 26);
    put(512 + 12, 4, 512);
    put(512 + 80, 4, 64);
    put(512 + 84, 4, 256);
    seal(1);
    run();
    assert_int_equal(table.count, 2);
    assert_int_equal(table.volumes[1].number, 2);
    assert_string_equal(table.volumes[0].name, "abcdefghijklmnopqrstuvwxyzabcdefghij");
}

static void every_failing_read_is_told(void **state)
{
    uint64_t last;

    (void)state;
    build(512);
    run();
    last = table.host.reads - 1; /* the last one asks only whether it is an ISO 9660 image */
    for (uint64_t i = 2; i <= last; i++) {
        run_failing(i);
        assert_both();
        assert_non_null(strstr(fw_host_notes, "cannot be read"));
    }
    run_failing(UINT64_MAX);
    assert_int_equal(table.count, 0);
    for (table.memory = 0; table.memory < 512 + 512 + ENTRIES * 128; table.memory += 100) {
        run();
        assert_true(table.count == 0 || (table.count == 1 && table.volumes[0].number == 0));
        assert_non_null(strstr(fw_host_notes, "memory"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sectors_of_every_size),
        cmocka_unit_test(fields_that_are_spoiled),
        cmocka_unit_test(checksums_that_tell),
        cmocka_unit_test(a_disk_that_has_grown),
        cmocka_unit_test(no_gpt_without_protection),
        cmocka_unit_test(partitions_that_cannot_be),
        cmocka_unit_test(the_table_is_no_partition),
        cmocka_unit_test(as_many_as_there_may_be),
        cmocka_unit_test(larger_entries),
        cmocka_unit_test(every_failing_read_is_told),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
