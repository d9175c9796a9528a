/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What QEMU tells by fw_cfg, against a fw_cfg of the test's own behind ports of its own, with DMA and
 * without: memory maps, file directories, SMBIOS tables, kernels, initrds and command lines, sound and not.
 * Whatever is told, nothing is written but what is asked for, and what is wrong is one line (HOSTILE row 22).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <zeropage/wire/bootparam.h>
#include <zeropage/wire/e820.h>
#include <zeropage/wire/elf.h>
#include <zeropage/wire/multiboot.h>

#include "../../src/firmware/boot/fw_cfg.h"
#include "../../src/firmware/boot/handed.h"
#include "../../src/firmware/boot/reset.h"

#define MIB       0x100000u
#define LOW       0x9f000u /* the EBDA, and shadow RAM up to 1 MiB */
#define LOW_SIZE  (MIB - LOW)
#define RAM_END   0x40000000u
#define HIGH_SIZE (16 * MIB)
#define HIGH      (RAM_END - HIGH_SIZE) /* the end of low RAM, where tables lie */
#define GUARD     0xa5
#define ITEMS     400
#define FIRST     0x20 /* items of files */

/* --- the device --- */

static struct {
    struct {
        const void *bytes;
        uint32_t size; /* of bytes: zeros behind them */
    } items[ITEMS];
    uint8_t directory[4 + 64 * 300];
    uint16_t file_count;
    bool absent, no_dma, silent;
    uint16_t item;
    uint64_t at;
    uint8_t cmos[256], cmos_index;
} device;

uint8_t fw_ports_bda[0x100];

static uint8_t next_byte(void)
{
    uint64_t at = device.at++;

    if (device.absent || device.item >= ITEMS || at >= device.items[device.item].size)
        return device.absent ? 0xff : 0;
    return ((const uint8_t *)device.items[device.item].bytes)[at];
}

static void copy(uint8_t *to, uint32_t size)
{
    while (size--)
        *to++ = next_byte();
}

void port_out8(uint16_t port, uint8_t value)
{
    assert_int_equal(port, 0x70);
    device.cmos_index = value;
}

void port_out16(uint16_t port, uint16_t value)
{
    assert_int_equal(port, 0x510);
    device.item = value;
    device.at = 0;
}

/* Big-endian: control, length, address. */
void port_out32(uint16_t port, uint32_t value)
{
    uint32_t *dma = (uint32_t *)(uintptr_t)__builtin_bswap32(value), control, length;
    uint64_t address;

    assert_false(device.no_dma || device.absent);
    if (port == 0x514)
        return;
    assert_int_equal(port, 0x518);
    if (device.silent)
        return;
    control = __builtin_bswap32(dma[0]);
    length = __builtin_bswap32(dma[1]);
    memcpy(&address, dma + 2, sizeof(address));
    address = __builtin_bswap64(address);
    if (control & 8)
        port_out16(0x510, (uint16_t)(control >> 16));
    assert_int_equal(control & 0x10, 0);
    if (control & 2)
        copy((uint8_t *)(uintptr_t)address, length);
    else if (control & 4)
        device.at += length;
    dma[0] = 0;
}

uint8_t port_in8(uint16_t port)
{
    if (port == 0x71)
        return device.cmos[device.cmos_index];
    assert_int_equal(port, 0x511);
    return next_byte();
}

void port_in8s(uint16_t port, void *to, uint64_t count)
{
    assert_int_equal(port, 0x511);
    copy(to, (uint32_t)count);
}

uint16_t port_in16(uint16_t port)
{
    fail_msg("port %x", port);
    return 0;
}

uint32_t port_in32(uint16_t port)
{
    assert_int_equal(port, 0x514);
    return device.absent || device.no_dma ? UINT32_MAX : 0x554d4551;
}

static void put_item(uint16_t item, const void *bytes, uint32_t size)
{
    device.items[item].bytes = bytes;
    device.items[item].size = size;
}

/* A file of `told` bytes, of which there are `size`. */
static void put_file(const char *name, const void *bytes, uint32_t size, uint32_t told)
{
    uint8_t *entry = device.directory + 4 + 64 * device.file_count;
    uint32_t big = __builtin_bswap32(told), count = __builtin_bswap32(device.file_count + 1u);
    uint16_t item = (uint16_t)(FIRST + device.file_count), big_item = __builtin_bswap16(item);

    memcpy(entry, &big, 4);
    memcpy(entry + 4, &big_item, 2);
    strncpy((char *)entry + 8, name, 56);
    memcpy(device.directory, &count, 4);
    put_item(item, bytes, size);
    device.file_count++;
}

static void put_number(uint16_t item, uint32_t *number)
{
    put_item(item, number, sizeof(*number));
}

/* --- what the firmware calls --- */

static struct arrival arrival;
static struct fw_kernel booted;
static unsigned boots, notes;
static char line[256];
static jmp_buf refused;

static void keep_line(const char *format, va_list values)
{
    size_t at = 0;

    for (; *format && at < sizeof(line) - 32; format++) {
        if (*format != '%')
            line[at++] = *format;
        else if (*++format == 's')
            at += (size_t)snprintf(line + at, sizeof(line) - at, "%.100s", va_arg(values, const char *));
        else
            at += (size_t)snprintf(line + at, sizeof(line) - at, *format == 'x' ? "%llx" : "%llu",
                                   (unsigned long long)va_arg(values, uint64_t));
    }
    line[at] = '\0';
}

_Noreturn void stub_refuse(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    keep_line(format, values);
    va_end(values);
    longjmp(refused, 1);
}

void fw_note(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    keep_line(format, values);
    va_end(values);
    notes++;
}

void stub_say(const char *format, ...)
{
    fail_msg("%s", format);
}

static bool is_there(uint64_t address, uint64_t size)
{
    return (address >= LOW && size <= MIB && address + size <= MIB) ||
           (address >= HIGH && size <= HIGH_SIZE && address + size <= RAM_END);
}

const void *stub_see(uint64_t address, uint64_t size)
{
    return size == 0 || is_there(address, size) ? (const void *)(uintptr_t)address : NULL;
}

void fw_chipset(struct fw_board *board)
{
    board->shadow = 0xf0000;
}

void fw_boot(struct arrival *to, const struct fw_kernel *kernel)
{
    assert_ptr_equal(to, &arrival);
    booted = *kernel;
    boots++;
}

/* --- runs --- */

static struct zp_boot_e820_entry map[300];
static uint8_t anchor[128], tables[4096];
static uint32_t numbers[8];

static void *map_memory(uint64_t address, size_t size)
{
    void *memory = mmap((void *)(uintptr_t)address, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    assert_ptr_equal(memory, (void *)(uintptr_t)address);
    return memset(memory, GUARD, size);
}

static int begin(void **state)
{
    (void)state;
    memset(&device, 0, sizeof(device));
    memset(&arrival, 0, sizeof(arrival));
    memset(anchor, 0, sizeof(anchor));
    memset(map, 0, sizeof(map));
    boots = notes = 0;
    line[0] = '\0';
    map_memory(LOW, LOW_SIZE);
    map_memory(HIGH, HIGH_SIZE);
    put_item(0x00, "QEMU", 4);
    put_item(0x19, device.directory, sizeof(device.directory));
    map[0] = (struct zp_boot_e820_entry){0, RAM_END, ZP_E820_RAM};
    map[1] = (struct zp_boot_e820_entry){UINT64_C(1) << 32, 5 * MIB, ZP_E820_RAM};
    for (size_t i = 0; i < sizeof(tables); i++)
        tables[i] = (uint8_t)(i * 3);
    return 0;
}

static int end(void **state)
{
    (void)state;
    return munmap((void *)(uintptr_t)LOW, LOW_SIZE) | munmap((void *)(uintptr_t)HIGH, HIGH_SIZE);
}

static bool arrives(void)
{
    const struct fw_start start = {.way = FW_WAY_RESET};

    notes = 0;
    memset(&arrival, 0, sizeof(arrival));
    if (setjmp(refused))
        return false;
    fw_arrive(&arrival, &start);
    return true;
}

static void put_map(uint32_t size)
{
    device.file_count = 0;
    put_file("etc/e820", map, size < sizeof(map) ? size : (uint32_t)sizeof(map), size);
}

static const struct zp_memory_range *range_at(uint64_t start)
{
    for (size_t i = 0; i < arrival.range_count; i++)
        if (arrival.ranges[i].start.value == start)
            return &arrival.ranges[i];
    return NULL;
}

static void maps(void **state)
{
    (void)state;
    for (unsigned dma = 0; dma < 2; dma++) {
        device.no_dma = !dma;
        put_map(40);
        assert_true(arrives());
        stub_ranges_done(&arrival);
        assert_int_equal(range_at(0)->size, FW_EBDA);
        assert_int_equal(range_at(MIB)->size, RAM_END - MIB);
        assert_int_equal(range_at(UINT64_C(1) << 32)->size, 5 * MIB);
        assert_int_equal(notes, 0);
        assert_int_equal(fw_ports_bda[0x0f], 0x9f);
    }
}

static void maps_in_any_order(void **state)
{
    (void)state;
    map[2] = map[1];
    map[1] = (struct zp_boot_e820_entry){MIB, 3 * MIB, ZP_E820_RAM}; /* an overlap */
    map[3] = (struct zp_boot_e820_entry){77, 0, 77};                 /* empty */
    map[4] = (struct zp_boot_e820_entry){UINT64_C(1) << 60, 4096, ZP_E820_RESERVED};
    map[5] = (struct zp_boot_e820_entry){0, RAM_END, ZP_E820_RAM};
    map[0] = (struct zp_boot_e820_entry){0xfeffc000, 0x4000, ZP_E820_RESERVED};
    put_map(120);
    assert_true(arrives());
    stub_ranges_done(&arrival);
    assert_int_equal(range_at(MIB)->size, RAM_END - MIB);
    assert_int_equal(range_at(0xfeffc000)->e820_type, ZP_E820_RESERVED);
}

static void many_ranges(void **state)
{
    (void)state;
    for (uint64_t i = 2; i < 256; i++)
        map[i] = (struct zp_boot_e820_entry){(UINT64_C(2) << 32) + i * 8192, 4096, ZP_E820_RESERVED};
    put_map(256 * 20);
    assert_true(arrives());
    stub_ranges_done(&arrival);
    assert_non_null(range_at((UINT64_C(2) << 32) + 255 * 8192));
    assert_true(arrival.range_count >= 256);
}

static void maps_that_cannot_be(void **state)
{
    static const struct {
        uint32_t size;
        struct zp_boot_e820_entry second;
        const char *line;
    } cases[] = {
        {0, {0}, "RAM from 1 MiB to 0x0"},
        {19, {0}, "etc/e820: 19 bytes"},
        {41, {0}, "etc/e820: 41 bytes"},
        {257 * 20, {0}, "etc/e820: 5140 bytes"},
        {UINT32_MAX, {0}, "etc/e820: 4294967295 bytes"},
        {40,
         {0x1000, UINT64_MAX, ZP_E820_RAM},
         "etc/e820: range at 0x1000 of 0xffffffffffffffff bytes wraps"},
        {40, {UINT64_MAX, 2, ZP_E820_RESERVED}, "wraps"},
        {40, {UINT64_C(1) << 52, 1, ZP_E820_RAM}, "reaches past 2^52"},
        {40, {0, UINT64_C(1) << 32, ZP_E820_RAM}, "RAM from 1 MiB to 0x100000000"},
        {40, {0, 0xfec01000, ZP_E820_RAM}, "RAM from 1 MiB to 0xfec01000"},
        {40, {0, MIB + 1, ZP_E820_RAM}, "RAM from 1 MiB to 0x100001"},
    };

    for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(end(state), 0);
        assert_int_equal(begin(state), 0);
        device.no_dma = i & 1;
        map[1] = cases[i / 2].second;
        put_map(cases[i / 2].size);
        assert_false(arrives());
        if (!strstr(line, cases[i / 2].line))
            fail_msg("%s: %s", cases[i / 2].line, line);
    }
}

/* Nobody has such a file: two counts of CMOS. */
static void counted(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 2; way++) {
        device.absent = way == 1;
        device.cmos[0x34] = 0x00;
        device.cmos[0x35] = 0x3f; /* 64 KiB above 16 MiB */
        device.cmos[0x5b] = 0x50;
        assert_true(arrives());
        stub_ranges_done(&arrival);
        assert_int_equal(range_at(MIB)->size, 15 * MIB + 0x3f000000);
        assert_int_equal(range_at(UINT64_C(1) << 32)->size, 5 * MIB);
        device.cmos[0x35] = device.cmos[0x5b] = 0;
        device.cmos[0x31] = 0x3c; /* KiB above 1 MiB */
        assert_true(arrives());
        stub_ranges_done(&arrival);
        assert_int_equal(range_at(MIB)->size, 15 * MIB);
        device.cmos[0x30] = device.cmos[0x31] = 0;
        assert_false(arrives());
        assert_string_equal(line, "RAM from 1 MiB to 0x100000");
        memset(device.cmos, 0xff, sizeof(device.cmos));
        assert_false(arrives());
        assert_string_equal(line, "RAM from 1 MiB to 0x100ff0000");
        memset(device.cmos, 0, sizeof(device.cmos));
    }
}

/* Names are read by words: with NULs behind them. */
static bool find_file(const char *name, struct fw_cfg_file *ret_file)
{
    char padded[FW_CFG_NAME + sizeof(uint64_t)] = {0};

    strncpy(padded, name, FW_CFG_NAME);
    return fw_cfg_find(padded, ret_file);
}

static void directories(void **state)
{
    struct fw_cfg_file file;
    char long_name[57];

    (void)state;
    for (unsigned dma = 0; dma < 2; dma++) {
        device.no_dma = !dma;
        device.file_count = 0;
        memset(long_name, 'x', 56);
        memcpy(long_name, "etc/e820", 8);
        long_name[56] = '\0';
        put_file(long_name, map, 20, 20); /* all 56 bytes: no NUL */
        put_file("etc/e82", map, 20, 20);
        put_file("xxx/e820", map, 20, 20);
        put_file("", map, 20, 20);
        put_file("etc/e820", map, 40, 40);
        put_file("etc/e820", map, 20, 20);
        assert_true(fw_cfg_begin());
        assert_true(find_file("etc/e820", &file));
        assert_int_equal(file.item, FIRST + 4);
        assert_int_equal(file.size, 40);
        assert_false(find_file("etc/e8200", &file));
        assert_false(find_file("etc/nobody", &file));
        /* The last that is looked at, and one behind it. */
        device.file_count = 255;
        put_file("etc/last", map, 20, 20);
        put_file("etc/behind", map, 20, 20);
        memset(device.directory, 0xff, 4);
        assert_true(fw_cfg_begin());
        assert_true(find_file("etc/last", &file));
        assert_false(find_file("etc/behind", &file));
        memset(device.directory, 0, sizeof(device.directory));
        assert_true(fw_cfg_begin());
        assert_false(find_file("etc/e820", &file));
    }
    device.no_dma = device.absent = true;
    assert_false(fw_cfg_begin());
    assert_false(find_file("etc/e820", &file));
    assert_int_equal(fw_cfg_number(FW_CFG_SETUP_SIZE), 0);
}

static void no_answer(void **state)
{
    (void)state;
    device.silent = true;
    assert_false(arrives());
    assert_string_equal(line, "fw_cfg: no answer");
}

/* --- SMBIOS --- */

static uint8_t sum(const uint8_t *bytes, size_t size)
{
    uint8_t total = 0;

    while (size)
        total = (uint8_t)(total + bytes[--size]);
    return total;
}

/* Where it would lie, with the guards around it. */
static const uint8_t *smbios(const char *begins, uint32_t anchor_size, uint32_t table_size)
{
    assert_int_equal(end(NULL), 0);
    assert_int_equal(begin(NULL), 0);
    memcpy(anchor, begins, strlen(begins));
    put_map(40);
    put_file("etc/smbios/smbios-anchor", anchor,
             anchor_size < sizeof(anchor) ? anchor_size : (uint32_t)sizeof(anchor), anchor_size);
    put_file("etc/smbios/smbios-tables", tables, sizeof(tables), table_size);
    assert_true(arrives());
    for (uint32_t at = LOW; at < 0xf0000; at++)
        assert_int_equal(*(uint8_t *)(uintptr_t)at, GUARD);
    for (uint32_t at = 0xf0040; at < MIB; at++)
        assert_int_equal(*(uint8_t *)(uintptr_t)at, GUARD);
    return (const uint8_t *)(uintptr_t)0xf0000;
}

static void smbios_tables(void **state)
{
    const uint8_t *entry = smbios("_SM_", 31, 4096);
    uint64_t address = 0;

    (void)state;
    memcpy(&address, entry + 0x18, 4);
    assert_int_equal(address, RAM_END - 4096);
    assert_memory_equal((void *)(uintptr_t)address, tables, 4096);
    assert_int_equal(sum(entry, 31), 0);
    assert_int_equal(sum(entry + 16, 15), 0);
    assert_int_equal(notes, 0);
    entry = smbios("_SM3_", 24, 100);
    memcpy(&address, entry + 0x10, 8);
    assert_int_equal(address, RAM_END - 4096);
    assert_memory_equal((void *)(uintptr_t)address, tables, 100);
    assert_int_equal(sum(entry, 24), 0);
    assert_int_equal(notes, 0);
    stub_ranges_done(&arrival);
    assert_int_equal(range_at(RAM_END - 4096)->e820_type, ZP_E820_RESERVED);
}

static void smbios_that_cannot_be(void **state)
{
    static const struct {
        const char *begins;
        uint32_t anchor, tables;
    } cases[] = {
        {"_SM_", 0, 100},         {"_SM_", 5, 100},          {"_SM_", 30, 100},
        {"_SM3_", 23, 100},       {"_SM3", 24, 100},         {"", 31, 100},
        {"_SM_", 65, 100},        {"_SM_", UINT32_MAX, 100}, {"_SM_", 31, RAM_END},
        {"_SM_", 31, UINT32_MAX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const uint8_t *entry = smbios(cases[i].begins, cases[i].anchor, cases[i].tables);

        assert_int_equal(notes, 1);
        assert_non_null(strstr(line, "SMBIOS: "));
        assert_true(entry[0] == 0 || entry[0] == GUARD);
    }
    smbios("_SM_", 64, 0); /* no tables are no error */
    assert_int_equal(notes, 0);
}

/* --- -kernel, -initrd, -append --- */

static uint8_t setup[0x9800], kernel[0x3000], initrd[0x500];
static char words[9000];

static void put_kernel(uint32_t setup_size, uint32_t kernel_size, uint32_t initrd_size, uint32_t words_size)
{
    struct zp_setup_header *header = (void *)(setup + ZP_BOOT_PARAMS_HDR);

    numbers[0] = setup_size;
    numbers[1] = kernel_size;
    numbers[2] = initrd_size;
    numbers[3] = words_size;
    for (size_t i = 0; i < sizeof(setup); i++)
        setup[i] = (uint8_t)(i * 5 + (i >> 8));
    for (size_t i = 0; i < sizeof(kernel); i++)
        kernel[i] = (uint8_t)(i * 7 + (i >> 8));
    memset(initrd, 'i', sizeof(initrd));
    memset(words, 'w', sizeof(words));
    header->header = ZP_SETUP_MAGIC_HDRS;
    put_number(FW_CFG_SETUP_SIZE, &numbers[0]);
    put_number(FW_CFG_KERNEL_SIZE, &numbers[1]);
    put_number(FW_CFG_INITRD_SIZE, &numbers[2]);
    put_number(FW_CFG_CMDLINE_SIZE, &numbers[3]);
    put_item(FW_CFG_SETUP_DATA, setup, sizeof(setup));
    put_item(FW_CFG_KERNEL_DATA, kernel, sizeof(kernel));
    put_item(FW_CFG_INITRD_DATA, initrd, sizeof(initrd));
    put_item(FW_CFG_CMDLINE_DATA, words, sizeof(words));
}

static bool hands_over(void)
{
    memset(&booted, 0, sizeof(booted));
    boots = notes = 0;
    line[0] = '\0';
    if (setjmp(refused))
        return false;
    assert_true(fw_cfg_begin());
    fw_boot_handed(&arrival);
    return true;
}

static void read_all(const struct zp_source *source, const uint8_t *first, uint64_t first_size,
                     const uint8_t *second)
{
    static uint8_t bytes[0x2000 + 2];

    for (uint64_t at = 0; at < source->size; at += at < 100 ? 1 : 997) {
        uint64_t length = source->size - at < 0x2000 ? source->size - at : 0x2000;

        memset(bytes, GUARD, sizeof(bytes));
        assert_int_equal(source->read(source->context, at, bytes + 1, (size_t)length), 0);
        assert_true(bytes[0] == GUARD && bytes[length + 1] == GUARD);
        for (uint64_t i = 0; i < length; i++)
            assert_int_equal(bytes[i + 1], at + i < first_size ? first[at + i] : second[at + i - first_size]);
    }
    assert_int_not_equal(source->read(source->context, source->size, bytes, 1), 0);
    assert_int_not_equal(source->read(source->context, source->size - 1, bytes, 2), 0);
    assert_int_not_equal(source->read(source->context, UINT64_MAX, bytes, 2), 0);
}

static void kernels(void **state)
{
    static const uint32_t setups[] = {0x400, 0x8fff, 0x9000, 0x9600};

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        device.no_dma = i & 1;
        put_kernel(setups[i / 2], sizeof(kernel), sizeof(initrd), 12);
        words[5] = '\0';
        memset(words + 5, 0, 20);
        assert_true(hands_over());
        assert_int_equal(boots, 1);
        assert_true(booted.is_linux);
        assert_int_equal(booted.unseen, !device.no_dma);
        assert_int_equal(booted.source->size, setups[i / 2] + sizeof(kernel));
        read_all(booted.source, setup, setups[i / 2], kernel);
        assert_int_equal(booted.module_count, 1);
        read_all(booted.modules[0].source, initrd, sizeof(initrd), NULL);
        assert_string_equal(booted.cmdline, "wwwww");
        assert_int_equal(booted.cmdline_length, 5);
    }
}

static void sizes_that_disagree(void **state)
{
    uint8_t bytes[16];

    (void)state;
    put_kernel(0, 100, 100, 100);
    assert_true(hands_over());
    assert_int_equal(boots, 0);
    assert_non_null(strstr(line, "nor multiboot"));
    numbers[4] = MIB;
    put_number(FW_CFG_KERNEL_ENTRY, &numbers[4]);
    put_kernel(1, 100, 0, 0);
    assert_true(hands_over());
    assert_int_equal(boots, 1);
    assert_true(booted.in_place && !booted.is_linux);
    numbers[4] = 0; /* nobody has put it anywhere: it is a file */
    assert_true(hands_over());
    assert_int_equal(boots, 1);
    assert_false(booted.is_linux || booted.in_place);
    assert_int_equal(booted.source->size, 101);
    /* What there is not of them is zeros; nothing wraps. */
    put_kernel(UINT32_MAX, UINT32_MAX, UINT32_MAX, 0);
    assert_true(hands_over());
    assert_int_equal(booted.source->size, 2 * (uint64_t)UINT32_MAX);
    assert_int_equal(booted.source->read(booted.source->context, 2 * (uint64_t)UINT32_MAX - 16, bytes, 16),
                     0);
    assert_int_equal(sum(bytes, 16), 0);
    assert_int_equal(booted.modules[0].source->size, UINT32_MAX);
    assert_int_equal(
        booted.modules[0].source->read(booted.modules[0].source->context, UINT32_MAX - 16, bytes, 16), 0);
    assert_int_equal(booted.cmdline_length, 0);
    put_kernel(0x400, 0, 0, 0);
    assert_true(hands_over());
    assert_int_equal(booted.source->size, 0x400);
    assert_int_equal(booted.module_count, 0);
}

static void command_lines(void **state)
{
    static const uint32_t sizes[] = {STUB_CMDLINE_MAX, STUB_CMDLINE_MAX + 1, INT32_MAX, UINT32_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char expected[64];

        put_kernel(0x400, 1, 0, sizes[i]);
        assert_false(hands_over());
        snprintf(expected, sizeof(expected), "-append: %u bytes", sizes[i]);
        assert_string_equal(line, expected);
    }
    put_kernel(0x400, 1, 0, STUB_CMDLINE_MAX - 1);
    assert_true(hands_over());
    assert_int_equal(booted.cmdline_length, STUB_CMDLINE_MAX - 1);
    assert_int_equal(strlen(booted.cmdline), STUB_CMDLINE_MAX - 1);
}

/* --- ELF --- */

static uint32_t elf_entry, elf_address, elf_size;

static void put_elf(uint32_t entry, uint32_t address, uint32_t size)
{
    elf_entry = entry;
    elf_address = address;
    elf_size = size;
    put_number(FW_CFG_KERNEL_ENTRY, &elf_entry);
    put_number(FW_CFG_KERNEL_ADDR, &elf_address);
    put_number(FW_CFG_KERNEL_SIZE, &elf_size);
}

static void elf_in_place(void **state)
{
    uint8_t bytes[0x3000];
    struct zp_elf32_ehdr ehdr;
    struct zp_source source;

    (void)state;
    for (uint32_t i = 0; i < 0x3000; i++)
        ((uint8_t *)(uintptr_t)HIGH)[i] = (uint8_t)(i * 11);
    put_elf(0, HIGH, 0x3000);
    assert_false(fw_handed_elf(&source));
    put_elf(HIGH + 0x20, HIGH, 0x3000);
    assert_true(fw_handed_elf(&source));
    assert_int_equal(source.size, 0x4000);
    assert_int_equal(source.read(source.context, 0, &ehdr, sizeof(ehdr)), 0);
    assert_memory_equal(ehdr.e_ident, "\177ELF\1\1\1", 7);
    assert_int_equal(ehdr.e_entry, HIGH + 0x20);
    /* Between the headers and the segment there is nothing. */
    assert_int_equal(source.read(source.context, 0x800, bytes, 0x2800), 0);
    assert_int_equal(sum(bytes, 0x800), 0);
    for (uint32_t i = 0; i < 0x2000; i++)
        assert_int_equal(bytes[0x800 + i], (uint8_t)(i * 11));
    assert_int_equal(source.read(source.context, 0x3ffe, bytes, 2), 0);
    assert_int_not_equal(source.read(source.context, 0x3fff, bytes, 2), 0);
    assert_int_not_equal(source.read(source.context, UINT64_MAX - 5, bytes, 100), 0);
}

static void elf_sizes_that_cannot_be(void **state)
{
    static const struct {
        uint32_t address, size;
        bool readable; /* of the first bytes of the segment */
    } rows[] = {{HIGH, UINT32_MAX, true},
                {UINT32_MAX, UINT32_MAX, false},
                {0xfffff000, 0x2000, false},
                {HIGH, 0, false}};
    uint8_t bytes[16];
    struct zp_source source;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        put_elf(MIB, rows[i].address, rows[i].size);
        assert_true(fw_handed_elf(&source));
        assert_int_equal(source.size, 0x1000 + (uint64_t)rows[i].size);
        if (rows[i].size == 0)
            assert_int_not_equal(source.read(source.context, 0x1000, bytes, 1), 0);
        else if (rows[i].readable)
            assert_int_equal(source.read(source.context, 0x1000, bytes, 16), 0);
        assert_int_not_equal(source.read(source.context, source.size - 8, bytes, 16), 0);
    }
}

/* --- multiboot 1 --- */

#define PIECES 0x1000u /* of the kernel, and behind that what QEMU adds */

/* Two modules, as QEMU lays them out: list, command lines, contents. */
static void put_multiboot(void)
{
    struct zp_multiboot_info *info = (void *)initrd;
    struct zp_multiboot_mod_list *list = (void *)(kernel + PIECES);
    char *text = (char *)(list + 2);
    const uint32_t text_at = MIB + (uint32_t)((uint8_t *)text - kernel);

    put_kernel(0, 0x2000, sizeof(*info), 0);
    memset(info, 0, sizeof(*info));
    info->cmdline = text_at;
    info->mods_addr = MIB + PIECES;
    info->mods_count = 2;
    memcpy(text, "kernel of words\0first\0", 23);
    list[0] = (struct zp_multiboot_mod_list){
        .mod_start = MIB + 0x1800, .mod_end = MIB + 0x1900, .cmdline = text_at + 16};
    list[1] = (struct zp_multiboot_mod_list){
        .mod_start = MIB + 0x1900, .mod_end = MIB + 0x2000, .cmdline = text_at + 22};
    put_elf(MIB + 0x10, MIB, 0x2000);
}

static void multiboot(void **state)
{
    static uint8_t bytes[PIECES];
    const struct zp_source *source;

    (void)state;
    put_multiboot();
    assert_true(hands_over());
    assert_int_equal(boots, 1);
    assert_int_equal(notes, 0);
    assert_string_equal(booted.cmdline, "kernel of words");
    assert_int_equal(booted.cmdline_length, 15);
    assert_int_equal(booted.protocol, ZP_PROTOCOL_MULTIBOOT1);
    assert_int_equal(booted.module_count, 2);
    assert_string_equal(booted.modules[0].cmdline, "first");
    assert_int_equal(booted.modules[1].cmdline_length, 0);
    read_all(booted.modules[0].source, kernel + 0x1800, 0x100, NULL);
    read_all(booted.modules[1].source, kernel + 0x1900, 0x700, NULL);
    source = booted.source;
    assert_int_equal(source->read(source->context, source->size - PIECES, bytes, PIECES), 0);
    assert_memory_equal(bytes, kernel, PIECES);
    assert_int_not_equal(source->read(source->context, source->size, bytes, 1), 0);
}

static void multiboot_that_cannot_be(void **state)
{
    static uint8_t bytes[0x2000];
    uint32_t seed = 11;

    (void)state;
    for (unsigned turn = 0; turn < 4000; turn++) {
        put_multiboot();
        for (unsigned i = 0; i < 3; i++) {
            static uint8_t *const places[] = {initrd + 16, kernel + PIECES};
            static const uint32_t values[] = {0,         1,         0x1000, MIB, MIB + 0x1fff, MIB + 0x2001,
                                              INT32_MAX, UINT32_MAX};

            seed = seed * 1664525 + 1013904223;
            memcpy(places[seed >> 31] + (seed >> 10) % (seed >> 31 ? 8 : 3) * 4, &values[(seed >> 20) % 8],
                   4);
        }
        elf_size = seed & 0x10000 ? 0x2000 : (seed >> 3) % 0x2000;
        numbers[2] = seed & 0x20000 ? (uint32_t)sizeof(struct zp_multiboot_info) : (seed >> 5) % 120;
        if (!hands_over())
            continue;
        assert_int_equal(boots + notes, 1);
        for (size_t i = 0; boots && i < booted.module_count; i++) {
            const struct zp_source *source = booted.modules[i].source;

            assert_true(source->size <= elf_size);
            assert_int_equal(source->read(source->context, 0, bytes, (size_t)source->size), 0);
            assert_true(booted.modules[i].cmdline_length < elf_size);
        }
    }
}

#define POINT(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest points[] = {
        POINT(maps),
        POINT(maps_in_any_order),
        POINT(many_ranges),
        POINT(maps_that_cannot_be),
        POINT(counted),
        POINT(directories),
        POINT(no_answer),
        POINT(smbios_tables),
        POINT(smbios_that_cannot_be),
        POINT(kernels),
        POINT(sizes_that_disagree),
        POINT(command_lines),
        POINT(elf_in_place),
        POINT(elf_sizes_that_cannot_be),
        POINT(multiboot),
        POINT(multiboot_that_cannot_be),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(points, NULL, NULL);
}
