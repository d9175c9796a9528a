/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ram.c: regions on both sides of the hole, sparse RAM larger than the host's, and one clear line when the
 * host cannot map it.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "vmm.h"

#define GIB (UINT64_C(1) << 30)

static struct zp_pc pc_of(uint64_t ram_size)
{
    return (struct zp_pc){.struct_size = sizeof(struct zp_pc),
                          .cpu_count = 1,
                          .ram_size = ram_size,
                          .hole_start = {3 * GIB},
                          .hole_end = {4 * GIB}};
}

static void small_ram_is_one_region(void **state)
{
    const struct zp_pc pc = pc_of(16 << 20);
    struct zp_ram ram;

    (void)state;
    assert_int_equal(zp_ram_map(&pc, &ram), 0);
    assert_int_equal(ram.guest.region_count, 1);
    assert_ptr_equal(ram.guest.regions, ram.regions);
    assert_int_equal(ram.regions[0].start.value, 0);
    assert_int_equal(ram.regions[0].size, 16 << 20);
    memset(ram.host, 0x5a, 16 << 20);
    zp_ram_unmap(&ram);
    assert_null(ram.host);
    zp_ram_unmap(&ram); /* harmless */
}

static void large_ram_is_split_and_sparse(void **state)
{
    const struct zp_pc pc = pc_of(64 * GIB);
    struct zp_ram ram;
    struct stat about;
    char byte = 0;

    (void)state;
    assert_int_equal(zp_ram_map(&pc, &ram), 0);
    assert_int_equal(ram.guest.region_count, 2);
    assert_int_equal(ram.regions[0].size, 3 * GIB);
    assert_int_equal(ram.regions[1].start.value, 4 * GIB);
    assert_int_equal(ram.regions[1].size, 61 * GIB);
    assert_ptr_equal(ram.regions[1].host, (char *)ram.host + 3 * GIB);
    ((char *)ram.regions[1].host)[61 * GIB - 1] = 'z';
    assert_int_equal(pread(ram.fd, &byte, 1, 64 * GIB - 1), 1); /* shared with whoever holds the file */
    assert_int_equal(byte, 'z');
    assert_int_equal(fstat(ram.fd, &about), 0);
    assert_int_equal(about.st_size, 64 * GIB);
    assert_true(about.st_blocks <= 2 * 4096); /* of 512 bytes: one page, a huge one at most */
    assert_int_equal(ftruncate(ram.fd, 0), -1);
    zp_ram_unmap(&ram);
}

/* No file, and aligned so that the host can make huge pages of it. */
static void private_ram(void **state)
{
    const struct zp_pc small = pc_of((16 << 20) + 4096), large = pc_of(64 * GIB);
    struct zp_ram ram;

    (void)state;
    assert_int_equal(zp_ram_map_private(&small, &ram), 0);
    assert_int_equal(ram.fd, -1);
    assert_int_equal(ram.guest.flags, ZP_GUEST_ZEROED);
    assert_int_equal((uintptr_t)ram.host % (2 << 20), 0);
    assert_int_equal(((char *)ram.host)[(16 << 20) + 4095], 0);
    memset(ram.host, 0x5a, (16 << 20) + 4096);
    zp_ram_unmap(&ram);
    assert_null(ram.host);
    assert_int_equal(zp_ram_map_private(&large, &ram), 0);
    assert_int_equal(ram.guest.region_count, 2);
    ((char *)ram.regions[1].host)[61 * GIB - 1] = 'z';
    zp_ram_unmap(&ram);
}

static void impossible_ram_is_one_line(void **state)
{
    const struct zp_pc pc = pc_of(UINT64_C(99999) << 40);
    struct zp_ram ram = {.fd = 77};
    char text[512] = "";
    int ends[2], saved, ret;
    ssize_t length;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    saved = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    ret = zp_ram_map(&pc, &ram);
    if (ret == -1)
        ret = zp_ram_map_private(&pc, &ram);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    length = read(ends[0], text, sizeof(text) - 1);
    close(ends[0]);
    assert_int_equal(ret, -1);
    assert_int_equal(ram.fd, 77);
    assert_true(length > 0);
    assert_string_equal(text, "zeropage: guest RAM of 97.7 PiB (-m) cannot be mapped on this host: "
                              "Cannot allocate memory\n"
                              "zeropage: guest RAM of 97.7 PiB (-m) cannot be mapped on this host: "
                              "Cannot allocate memory\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_ram_is_one_region),
        cmocka_unit_test(large_ram_is_split_and_sparse),
        cmocka_unit_test(private_ram),
        cmocka_unit_test(impossible_ram_is_one_line),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
