/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table-loader script against a fw_cfg of the test's own: a script that holds makes tables whose sums are
 * 0 and tells of the RSDP; any other is one line, no RSDP, and no byte outside of what it allocated
 * (HOSTILE row 22).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "../../src/firmware/boot/fw_cfg.h"
#include "../../src/firmware/boot/reset.h"

#define LOW_SIZE  4096u
#define HIGH_SIZE 65536u
#define GUARD     0xa5

struct command {
    uint32_t code;
    uint8_t bytes[124];
};

static struct {
    struct command commands[256];
    uint32_t script_size;
    uint8_t rsdp[36], tables[256];
    uint64_t written;
    unsigned notes;
    uint8_t *memory; /* below 4 GiB: guard, low, guard, high, guard */
    uint64_t low_used, high_used;
    struct arrival arrival;
    struct fw_board board;
} with;

static const struct {
    const char *name;
    void *bytes;
    uint32_t size;
} fixed[] = {{"etc/acpi/rsdp", with.rsdp, sizeof(with.rsdp)},
             {"etc/acpi/tables", with.tables, sizeof(with.tables)},
             {"etc/vmgenid_addr", &with.written, sizeof(with.written)}};

bool fw_cfg_find(const char *name, struct fw_cfg_file *ret_file)
{
    if (strcmp(name, "etc/table-loader") == 0) {
        *ret_file = (struct fw_cfg_file){with.script_size, 100};
        return true;
    }
    for (uint16_t i = 0; i < 3; i++)
        if (strcmp(name, fixed[i].name) == 0) {
            *ret_file = (struct fw_cfg_file){fixed[i].size, i};
            return true;
        }
    return false;
}

void fw_cfg_read(uint16_t item, uint32_t skip, void *to, uint32_t size)
{
    assert_int_equal(skip, 0);
    if (item == 100)
        assert_true(size <= sizeof(with.commands));
    else
        assert_int_equal(size, fixed[item].size);
    memcpy(to, item == 100 ? (void *)with.commands : fixed[item].bytes, size);
}

bool fw_cfg_write(uint16_t item, uint32_t skip, const void *from, uint32_t size)
{
    assert_true(skip + size <= fixed[item].size);
    memcpy((char *)fixed[item].bytes + skip, from, size);
    return true;
}

void *fw_board_take(struct fw_board *board, uint64_t size, uint64_t align, uint32_t e820_type)
{
    uint64_t start = (with.high_used + align - 1) & ~(align - 1);

    (void)board;
    assert_int_equal(e820_type, 3);
    if (size > HIGH_SIZE - start)
        return NULL;
    with.high_used = start + size;
    return with.memory + 2 * LOW_SIZE + LOW_SIZE + start;
}

void *fw_board_take_low(struct fw_board *board, uint64_t size, uint64_t align)
{
    uint64_t start = (with.low_used + align - 1) & ~(align - 1);

    (void)board;
    if (size > LOW_SIZE - start)
        return NULL;
    with.low_used = start + size;
    return with.memory + LOW_SIZE + start;
}

void fw_note(const char *format, ...)
{
    assert_non_null(format);
    with.notes++;
}

static int begin(void **state)
{
    (void)state;
    memset(&with, 0, sizeof(with));
    with.memory = mmap(NULL, 4 * LOW_SIZE + HIGH_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    assert_ptr_not_equal(with.memory, MAP_FAILED);
    memset(with.memory, GUARD, 4 * LOW_SIZE + HIGH_SIZE);
    memcpy(with.rsdp, "RSD PTR ", 8);
    with.rsdp[15] = 2;
    with.rsdp[20] = 36;
    for (size_t i = 0; i < sizeof(with.tables); i++)
        with.tables[i] = (uint8_t)(i * 7);
    with.board.arrival = &with.arrival;
    return 0;
}

static int end(void **state)
{
    (void)state;
    return munmap(with.memory, 4 * LOW_SIZE + HIGH_SIZE);
}

static void guards_stand(void)
{
    const uint8_t *high = with.memory + 3 * LOW_SIZE;

    for (size_t i = 0; i < LOW_SIZE; i++) {
        assert_int_equal(with.memory[i], GUARD);
        assert_int_equal(with.memory[2 * LOW_SIZE + i], GUARD);
    }
    for (uint64_t i = with.low_used; i < LOW_SIZE; i++)
        assert_int_equal(with.memory[LOW_SIZE + i], GUARD);
    for (uint64_t i = with.high_used; i < HIGH_SIZE + LOW_SIZE; i++)
        assert_int_equal(high[i], GUARD);
}

static struct command *add(uint32_t code)
{
    struct command *command = &with.commands[with.script_size / sizeof(*command)];

    with.script_size += sizeof(*command);
    command->code = code;
    return command;
}

static void put(struct command *command, size_t at, uint32_t value, size_t size)
{
    memcpy(command->bytes + at, &value, size);
}

static struct command *allocate(const char *name, uint32_t align, uint8_t zone)
{
    struct command *command = add(1);

    strcpy((char *)command->bytes, name);
    put(command, 56, align, 4);
    put(command, 60, zone, 1);
    return command;
}

static struct command *pointer(const char *to, const char *from, uint32_t offset, uint8_t size)
{
    struct command *command = add(2);

    strcpy((char *)command->bytes, to);
    strcpy((char *)command->bytes + 56, from);
    put(command, 112, offset, 4);
    put(command, 116, size, 1);
    return command;
}

static struct command *checksum(const char *name, uint32_t offset, uint32_t start, uint32_t length)
{
    struct command *command = add(3);

    strcpy((char *)command->bytes, name);
    put(command, 56, offset, 4);
    put(command, 60, start, 4);
    put(command, 64, length, 4);
    return command;
}

static uint8_t sum(const uint8_t *bytes, size_t size)
{
    uint8_t total = 0;

    while (size)
        total = (uint8_t)(total + bytes[--size]);
    return total;
}

static void good_script(void)
{
    struct command *command;

    allocate("etc/acpi/rsdp", 16, 2);
    allocate("etc/acpi/tables", 64, 1);
    checksum("etc/acpi/tables", 9, 3, 200);
    pointer("etc/acpi/rsdp", "etc/acpi/tables", 24, 8);
    checksum("etc/acpi/rsdp", 8, 0, 20);
    checksum("etc/acpi/rsdp", 32, 0, 36);
    command = add(4);
    strcpy((char *)command->bytes, "etc/vmgenid_addr");
    strcpy((char *)command->bytes + 56, "etc/acpi/tables");
    put(command, 112, 0, 4);
    put(command, 116, 40, 4);
    put(command, 120, 8, 1);
    add(77); /* of some later version */
}

static void a_script_makes_tables(void **state)
{
    const uint8_t *rsdp, *tables = with.memory + 3 * LOW_SIZE;
    uint64_t address;

    (void)state;
    good_script();
    fw_acpi(&with.board);
    assert_int_equal(with.notes, 0);
    assert_int_equal(with.arrival.rsdp, (uintptr_t)with.memory + LOW_SIZE);
    rsdp = (const uint8_t *)(uintptr_t)with.arrival.rsdp;
    assert_int_equal(sum(rsdp, 20), 0);
    assert_int_equal(sum(rsdp, 36), 0);
    assert_memory_equal(with.arrival.rsdp_bytes, rsdp, 36);
    memcpy(&address, rsdp + 24, sizeof(address));
    assert_int_equal(address, (uintptr_t)tables);
    assert_int_equal(sum(tables + 3, 200), 0);
    assert_int_equal(with.written, (uintptr_t)tables + 40);
    guards_stand();
}

static void sums_of_every_length(void **state)
{
    (void)state;
    for (uint32_t length = 1; length <= 256; length++) {
        with.script_size = 0;
        with.low_used = with.high_used = 0;
        memset(with.commands, 0, sizeof(with.commands));
        allocate("etc/acpi/tables", 64, 1);
        checksum("etc/acpi/tables", 0, 0, length);
        fw_acpi(&with.board);
        assert_int_equal(sum(with.memory + 3 * LOW_SIZE, length), 0);
    }
    assert_int_equal(with.notes, 0);
}

/* Each of these is refused, and what was told before is not kept. */
static void scripts_that_do_not_hold(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 14; i++) {
        assert_int_equal(end(state), 0);
        assert_int_equal(begin(state), 0);
        good_script();
        switch (i) {
        case 0: allocate("etc/acpi/tables", 64, 1); break; /* twice */
        case 1: allocate("etc/nobody", 64, 1); break;
        case 2: with.commands[1].bytes[56] = 3; break;    /* alignment */
        case 3: with.commands[1].bytes[59] = 0x80; break; /* 2 GiB of it */
        case 4: pointer("etc/acpi/rsdp", "etc/acpi/tables", 29, 8); break;
        case 5: pointer("etc/acpi/rsdp", "etc/acpi/tables", UINT32_MAX - 3, 8); break;
        case 6: pointer("etc/acpi/rsdp", "etc/acpi/tables", 0, 3); break;
        case 7: pointer("etc/acpi/rsdp", "etc/acpi/tables", 0, 0); break;
        case 8: pointer("etc/nobody", "etc/acpi/tables", 0, 4); break;
        case 9: checksum("etc/acpi/rsdp", 36, 0, 36); break;
        case 10: checksum("etc/acpi/rsdp", 0, 1, 36); break;
        case 11: checksum("etc/acpi/rsdp", 0, 0xffffff00, 0x200); break;
        case 12: memset(with.commands[0].bytes, 'x', 56); break;           /* a name without an end */
        case 13: pointer("etc/acpi/rsdp", "etc/acpi/tables", 0, 1); break; /* no room for an address */
        }
        fw_acpi(&with.board);
        assert_int_equal(with.notes, 1);
        assert_int_equal(with.arrival.rsdp, 0);
        guards_stand();
    }
}

static void scripts_of_odd_sizes(void **state)
{
    const uint32_t sizes[] = {1, 127, 129, sizeof(with.commands) + 128, UINT32_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        with.script_size = sizes[i];
        with.notes = 0;
        fw_acpi(&with.board);
        assert_int_equal(with.notes, 1);
    }
    with.script_size = 0;
    fw_acpi(&with.board);
    assert_int_equal(with.arrival.rsdp, 0);
}

static void spoiled_bytes_write_nowhere_else(void **state)
{
    uint32_t seed = 1;

    (void)state;
    for (unsigned turn = 0; turn < 20000; turn++) {
        with.script_size = 0;
        with.low_used = with.high_used = 0;
        memset(with.commands, 0, 16 * sizeof(with.commands[0]));
        good_script();
        for (unsigned i = 0; i < 3; i++) {
            seed = seed * 1664525 + 1013904223;
            ((uint8_t *)with.commands)[(seed >> 8) % with.script_size] = (uint8_t)(seed >> 24);
        }
        fw_acpi(&with.board);
        assert_true(with.low_used <= LOW_SIZE && with.high_used <= HIGH_SIZE);
        for (size_t i = 0; i < LOW_SIZE; i += 64)
            assert_true(with.memory[i] == GUARD && with.memory[2 * LOW_SIZE + i] == GUARD);
    }
}

#define POINT(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        POINT(a_script_makes_tables),
        POINT(sums_of_every_length),
        POINT(scripts_that_do_not_hold),
        POINT(scripts_of_odd_sizes),
        POINT(spoiled_bytes_write_nowhere_else),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
