/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest made of the firmware's drivers alone. Receives PVH's start_info from QEMU, with devices that its
 * firmware has set up; finds all disks, reads each of them whole, prints name, size and CRC32 of each to
 * COM1, resets the devices, and does it all once more, so that a reset that is not one shows. The command
 * line says where ECAM lies ("ecam=0x..."), else PCI is by ports; "no-pci"; "every-bus".
 */
#include <zeropage/wire/x86.h>
#include <zeropage/wire/xen.h>

#include "../../../src/core/seam.h"
#include "../../../src/firmware/io.h"
#include "../../../src/firmware/virtio.h"

#include <stdarg.h>

#define COM1        0x3f8
#define EXIT_PORT   0xf4 /* isa-debug-exit */
#define BUFFER      UINT64_C(0x2000000)
#define ARENA_SIZE  (1u << 20)
#define POOL        8
#define GIB4        (UINT64_C(1) << 32)
#define CRC32_POLY  0xedb88320u
#define RANDOM_SIZE 32

void guest_main(const struct zp_hvm_start_info *info);

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    void *at = to;

    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(size) : : "memory");
    return to;
}

void *memset(void *to, int value, size_t size)
{
    void *at = to;

    __asm__ volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(value) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *x = a, *y = b;

    for (size_t i = 0; i < size; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

/* --- say --- */

static void say(const char *text)
{
    for (; *text; text++)
        fw_out8(COM1, (uint8_t)*text);
}

static void say_number(uint64_t value, unsigned base, unsigned digits)
{
    char text[24] = "";

    fw_name_number(text, sizeof(text), value, base, digits);
    say(text);
}

void fw_note(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    say("note ");
    for (; *format; format++) {
        if (*format != '%') {
            fw_out8(COM1, (uint8_t)*format);
            continue;
        }
        format++;
        if (*format == 's')
            say(va_arg(values, const char *));
        else
            say_number(va_arg(values, uint64_t), *format == 'x' ? 16 : 10, 1);
    }
    say("\n");
    va_end(values);
}

/* --- memory above 4 GiB --- */

static uint64_t pool[POOL][ZP_PAGE_TABLE_ENTRIES] __attribute__((aligned(ZP_PAGE_SIZE)));

static uint64_t *below(uint64_t *entry)
{
    static unsigned used;

    if (!(*entry & ZP_PTE_P) && used < POOL)
        *entry = (uintptr_t)pool[used++] | ZP_PTE_P | ZP_PTE_RW;
    return *entry & ZP_PTE_P ? (uint64_t *)(uintptr_t)(*entry & ZP_PTE_ADDRESS) : NULL;
}

bool fw_reach(uint64_t address, uint64_t size)
{
    uint64_t cr3, *pointers, *directory;

    __asm__("mov %%cr3, %0" : "=r"(cr3));
    for (uint64_t at = address >> 21; at <= (address + size - 1) >> 21; at++) {
        if (at << 21 < GIB4)
            continue;
        if (at >> 26) /* 47 bits */
            return false;
        pointers = below((uint64_t *)(uintptr_t)cr3 + (at >> 18 & 511));
        directory = pointers ? below(pointers + (at >> 9 & 511)) : NULL;
        if (!directory)
            return false;
        directory[at & 511] = at << 21 | ZP_PTE_P | ZP_PTE_RW | ZP_PTE_PS;
    }
    return true;
}

void *fw_arena_take(struct fw_arena *arena, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    if (size > arena->size - arena->used)
        return NULL;
    arena->used += size;
    return memset(arena->bytes + arena->used - size, 0, size);
}

/* --- read --- */

static uint32_t table[256];

static void make_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (unsigned bit = 0; bit < 8; bit++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? CRC32_POLY : 0);
    }
}

static uint32_t crc32(uint32_t crc, const unsigned char *bytes, size_t size)
{
    crc = ~crc;
    for (size_t i = 0; i < size; i++)
        crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 255];
    return ~crc;
}

/* Of all sectors; false: one cannot be read. */
static bool read_disk(const struct fw_disk *disk, uint32_t *ret_crc)
{
    unsigned char *buffer = (unsigned char *)(uintptr_t)BUFFER;

    *ret_crc = 0;
    for (uint64_t at = 0; at < disk->sectors;) {
        uint64_t left = disk->sectors - at;
        uint32_t count = left < disk->max_count ? (uint32_t)left : disk->max_count;
        unsigned char *to = buffer + at % 3; /* aligned to nothing */

        if (disk->read(disk->context, at, count, to))
            return false;
        *ret_crc = crc32(*ret_crc, to, (size_t)count * disk->sector_size);
        at += count;
    }
    return true;
}

static void say_disk(const struct fw_disk *disk)
{
    uint32_t crc;
    bool whole = read_disk(disk, &crc);

    say("disk ");
    say(disk->name);
    say(" | ");
    say_number(disk->sectors, 10, 1);
    say(" ");
    say_number(disk->sector_size, 10, 1);
    say(" ");
    say_number(disk->max_count, 10, 1);
    say(" ");
    if (whole)
        say_number(crc, 16, 8);
    else
        say("failed");
    say("\n");
}

static void say_devices(const struct fw_virtio_bus *found)
{
    for (size_t i = 0; i < found->device_count; i++) {
        say("device ");
        say(found->devices[i].name);
        say(" | ");
        say_number(found->devices[i].registers, 16, 1);
        say("\n");
    }
}

static void say_random(struct fw_virtio_bus *bus)
{
    unsigned char bytes[RANDOM_SIZE];
    size_t size = fw_virtio_random(bus, bytes, sizeof(bytes));

    if (!bus->rng)
        return;
    say("random ");
    for (size_t i = 0; i < size; i++)
        say_number(bytes[i], 16, 2);
    say("\n");
}

/* --- go --- */

static bool has(const char *cmdline, const char *word, size_t length)
{
    for (; *cmdline; cmdline++)
        if (memcmp(cmdline, word, length) == 0)
            return true;
    return false;
}

/* Hexadecimal digits behind "ecam=0x". */
static uint64_t ecam_of(const char *cmdline)
{
    uint64_t value = 0;

    while (*cmdline && memcmp(cmdline, "ecam=0x", 7) != 0)
        cmdline++;
    for (cmdline += *cmdline ? 7 : 0; *cmdline && *cmdline != ' '; cmdline++)
        value = value << 4 | (uint64_t)(*cmdline <= '9' ? *cmdline - '0' : (*cmdline | 0x20) - 'a' + 10);
    return value;
}

static struct fw_virtio_bus bus;
static unsigned char arena_bytes[ARENA_SIZE] __attribute__((aligned(16)));

static void run(const char *cmdline)
{
    struct fw_arena arena = {.bytes = arena_bytes, .size = sizeof(arena_bytes)};
    struct fw_pci pci = {.ecam = ecam_of(cmdline), .last_bus = 255};
    uint64_t begin = fw_ticks();

    pci.every_bus = has(cmdline, "every-bus", 9);
    fw_virtio_begin(&bus, &arena);
    if (!has(cmdline, "no-pci", 6))
        fw_virtio_add_pci(&bus, &pci);
    fw_virtio_add_cmdline(&bus, cmdline);
    say("ticks ");
    say_number(fw_ticks() - begin, 10, 1);
    say("\n");
    say_devices(&bus);
    for (size_t i = 0; i < bus.disk_count; i++)
        say_disk(&bus.disks[i]);
    say_random(&bus);
    fw_virtio_quiesce_all(&bus);
    say("quiet\n");
}

void guest_main(const struct zp_hvm_start_info *info)
{
    const char *cmdline = info->cmdline_paddr ? (const char *)(uintptr_t)info->cmdline_paddr : "";

    make_table();
    say("begin\n");
    run(cmdline);
    run(cmdline);
    say("end\n");
    fw_out8(EXIT_PORT, 0);
}
