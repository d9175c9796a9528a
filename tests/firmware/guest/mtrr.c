/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that says which memory types it finds: receives PVH's start_info, and prints to COM1 the RAM of the
 * memory map and the memory type range registers. Intel SDM 3A, 11.11 "Memory Type Range Registers".
 */
#include <zeropage/wire/e820.h>
#include <zeropage/wire/x86.h>
#include <zeropage/wire/xen.h>

#define COM1      0x3f8
#define CAP_COUNT 0xff

void guest_main(const struct zp_hvm_start_info *info);

static void say(const char *text)
{
    for (; *text; text++)
        __asm__ volatile("outb %0, %1" : : "a"(*text), "Nd"((uint16_t)COM1));
}

static void say_pair(const char *name, uint64_t first, uint64_t second)
{
    const uint64_t values[] = {first, second};

    say(name);
    for (unsigned i = 0; i < 2; i++) {
        say(" ");
        for (unsigned digit = 16; digit--;)
            say((const char[]){"0123456789abcdef"[values[i] >> 4 * digit & 15], '\0'});
    }
    say("\n");
}

static void say_register(uint32_t number)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
    say_pair("register", number, (uint64_t)high << 32 | low);
}

void guest_main(const struct zp_hvm_start_info *info)
{
    static const uint32_t fixed[] = {0x250, 0x258, 0x259, 0x268, 0x269, 0x26a,
                                     0x26b, 0x26c, 0x26d, 0x26e, 0x26f};
    const struct zp_hvm_memmap_table_entry *map = (const void *)(uintptr_t)info->memmap_paddr;
    uint32_t low, high;

    for (uint32_t i = 0; i < info->memmap_entries; i++)
        if (map[i].type == ZP_E820_RAM)
            say_pair("ram", map[i].addr, map[i].size);
    say_register(ZP_MSR_MTRR_DEF_TYPE);
    for (unsigned i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
        say_register(fixed[i]);
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(ZP_MSR_MTRRCAP));
    for (uint32_t i = 0; i < (low & CAP_COUNT); i++) {
        say_register(ZP_MSR_MTRR_PHYSBASE0 + 2 * i);
        say_register(ZP_MSR_MTRR_PHYSMASK0 + 2 * i);
    }
    say("end\n");
}
