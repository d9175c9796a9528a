/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pages.c: which files are mapped into guest RAM and which are copied or left to be read; what the guest
 * writes stays its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "host.h"
#include "vmm.h"

#define PAGE 4096u
#define SIZE (3 * PAGE + 100)

static struct world {
    struct zp_file file;   /* the user's */
    struct zp_file sealed; /* the same bytes in sealed memory */
    struct zp_ram ram;
    uint8_t bytes[SIZE];
    char name[64];
} world;

static const struct zp_pc pc = {.struct_size = sizeof(pc),
                                .cpu_count = 1,
                                .ram_size = 16 << 20,
                                .hole_start = {UINT64_C(3) << 30},
                                .hole_end = {UINT64_C(4) << 30}};

static void open_files(void)
{
    int ends[2], fd;
    char stream[32];

    for (size_t i = 0; i < SIZE; i++)
        world.bytes[i] = (uint8_t)(1 + i * 7 + i / PAGE);
    strcpy(world.name, "/tmp/test_pages.XXXXXX");
    fd = mkstemp(world.name);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, world.bytes, SIZE), SIZE);
    close(fd);
    assert_int_equal(zp_file_open(&world.file, world.name), 0);
    /* A stream is read into sealed memory. */
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], world.bytes, SIZE), SIZE);
    close(ends[1]);
    snprintf(stream, sizeof(stream), "/dev/fd/%d", ends[0]);
    assert_int_equal(zp_file_open(&world.sealed, stream), 0);
    close(ends[0]);
}

static int begin_private(void **state)
{
    (void)state;
    open_files();
    return zp_ram_map_private(&pc, &world.ram);
}

static int begin_shared(void **state)
{
    (void)state;
    open_files();
    return zp_ram_map(&pc, &world.ram);
}

static int end(void **state)
{
    (void)state;
    zp_ram_unmap(&world.ram);
    zp_file_close(&world.file);
    zp_file_close(&world.sealed);
    return unlink(world.name);
}

static int take(const struct zp_file *file, uint64_t offset, uint64_t address, uint64_t size)
{
    const struct zp_guest *guest = &world.ram.guest;

    return guest->map(guest->map_context, &file->source, offset, (zp_gpa){address}, size);
}

static uint8_t *at(uint64_t address)
{
    return (uint8_t *)world.ram.host + address;
}

static void sealed_pages_are_mapped(void **state)
{
    uint8_t byte;

    (void)state;
    zp_ram_take_pages(&world.ram, false);
    assert_int_equal(take(&world.sealed, PAGE, 0x100000, 2 * PAGE), 0);
    assert_memory_equal(at(0x100000), world.bytes + PAGE, 2 * PAGE);
    assert_int_equal(at(0x100000)[-1] | at(0x100000)[2 * PAGE], 0);
    assert_int_equal(world.ram.mapped_bytes, 2 * PAGE);
    /* The guest's writes are its own. */
    at(0x100000)[5] ^= 0xff;
    assert_int_equal(pread(world.sealed.fd, &byte, 1, PAGE + 5), 1);
    assert_int_equal(byte, world.bytes[PAGE + 5]);
}

static void a_file_that_may_change_is_read_unless_asked_for(void **state)
{
    uint8_t byte;

    (void)state;
    zp_ram_take_pages(&world.ram, false);
    assert_int_equal(take(&world.file, 0, 0x100000, PAGE), 1);
    assert_int_equal(at(0x100000)[0], 0);
    assert_int_equal(world.ram.mapped_bytes, 0);
    zp_ram_take_pages(&world.ram, true);
    assert_int_equal(take(&world.file, 0, 0x100000, 3 * PAGE), 0);
    assert_memory_equal(at(0x100000), world.bytes, 3 * PAGE);
    memset(at(0x100000), 0x55, 3 * PAGE);
    assert_int_equal(pread(world.file.fd, &byte, 1, 77), 1);
    assert_int_equal(byte, world.bytes[77]);
}

/* Each is read instead, and reading says what is wrong where something is. */
static void what_cannot_be_mapped_is_read(void **state)
{
    struct zp_memory_source memory;

    (void)state;
    zp_ram_take_pages(&world.ram, true);
    zp_memory_source_init(&memory, world.bytes, SIZE);
    assert_int_equal(world.ram.guest.map(&world.ram, &memory.source, 0, (zp_gpa){0x100000}, PAGE), 1);
    assert_int_equal(take(&world.file, 512, 0x100000, PAGE), 1);       /* not a page's beginning */
    assert_int_equal(take(&world.file, 0, 0x100000, 4 * PAGE), 1);     /* past its end */
    assert_int_equal(take(&world.file, 0, 16 << 20, PAGE), 1);         /* no RAM */
    assert_int_equal(take(&world.file, INT64_MAX, 0x100000, PAGE), 1); /* no such offset */
    assert_int_equal(take(&world.file, UINT64_MAX - PAGE + 1, 0x100000, PAGE), 1);
    assert_int_equal(world.ram.mapped_bytes, 0);
    assert_int_equal(truncate(world.name, PAGE), 0);
    assert_int_equal(take(&world.file, 0, 0x100000, 2 * PAGE), 1); /* it has been cut */
    assert_int_equal(take(&world.file, 0, 0x100000, PAGE), 0);
}

static void mappings_are_bounded(void **state)
{
    unsigned mapped = 0;

    (void)state;
    zp_ram_take_pages(&world.ram, false);
    for (uint64_t address = 0; address < 16 << 20; address += PAGE)
        mapped += take(&world.sealed, 0, address, PAGE) == 0;
    assert_int_equal(mapped, 1024);
}

/* What QEMU shares cannot show a file's pages privately: the bytes are copied into it. */
static void a_memory_file_gets_copies(void **state)
{
    uint8_t byte;

    (void)state;
    zp_ram_take_pages(&world.ram, false);
    assert_int_equal(take(&world.file, 0, 0x100000, 2 * PAGE), 0);
    assert_int_equal(take(&world.sealed, PAGE, 0x200000, 2 * PAGE), 0);
    assert_memory_equal(at(0x100000), world.bytes, 2 * PAGE);
    assert_memory_equal(at(0x200000), world.bytes + PAGE, 2 * PAGE);
    assert_int_equal(pread(world.ram.fd, &byte, 1, 0x200000), 1);
    assert_int_equal(byte, world.bytes[PAGE]);
    assert_int_equal(world.ram.mapped_bytes, 0);
    assert_int_equal(take(&world.file, 0, 0x300000, 4 * PAGE), 1); /* past its end */
}

/* In a child, for it ends the process. */
static void a_cut_file_is_told(void **state)
{
    char text[256] = "";
    int ends[2], status;
    pid_t child;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        zp_ram_take_pages(&world.ram, true);
        if (take(&world.file, 0, 0x100000, 3 * PAGE) == 0 && truncate(world.name, 0) == 0)
            *(volatile uint8_t *)at(0x100000) = 1;
        _exit(77);
    }
    close(ends[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
    close(ends[0]);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
    assert_string_equal(text, "zeropage: a file was cut whose pages the guest has (--share-pages)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sealed_pages_are_mapped, begin_private, end),
        cmocka_unit_test_setup_teardown(a_file_that_may_change_is_read_unless_asked_for, begin_private, end),
        cmocka_unit_test_setup_teardown(what_cannot_be_mapped_is_read, begin_private, end),
        cmocka_unit_test_setup_teardown(mappings_are_bounded, begin_private, end),
        cmocka_unit_test_setup_teardown(a_cut_file_is_told, begin_private, end),
        cmocka_unit_test_setup_teardown(a_memory_file_gets_copies, begin_shared, end),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
