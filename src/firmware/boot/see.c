/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables, GiB by GiB, as somebody wants to look at memory. The ROM's own tables map the first, and with
 * a CPU that has pages of 1 GiB all that machines commonly have: fast boots need no more. Before anything is
 * added the tables are copied to RAM (entry.S has made them there already), for code and data of ours may lie
 * in what they map. Receives any address, for tables
 * and command lines name what they like; guarantees that what it gives back can be looked at. Intel SDM
 * 3A, 4.5 "4-level and 5-level paging".
 */
#include <zeropage/wire/x86.h>

#include "../../core/checked.h"
#include "../io.h"
#include "boot.h"

#define POOL  16 /* pages: each maps 1 GiB, or tells of 512 such */
#define GIB   (UINT64_C(1) << 30)
#define ENTRY (ZP_PTE_P | ZP_PTE_RW)

#define CPUID_PAGE1GB (1u << 26) /* leaf 0x80000001, EDX; any CPU of 64 bits has that leaf */

#define LOW_HALF (UINT64_C(1) << 47) /* of what four levels reach */

extern uint64_t fw_tables[7][ZP_PAGE_TABLE_ENTRIES]; /* pages.S: the top first */
extern uint64_t fw_table_pool[POOL][ZP_PAGE_TABLE_ENTRIES];

static FW_HOT unsigned used;

static bool has_own_tables(void)
{
    uint64_t cr3;

    __asm__("mov %%cr3, %0" : "=r"(cr3));
    return cr3 - (uintptr_t)fw_tables < sizeof(fw_tables);
}

static bool has_pages_of_1_gib(void)
{
    uint32_t eax = 0x80000001, ebx, ecx, edx;

    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
    return edx & CPUID_PAGE1GB;
}

/* What was seen by the ROM's tables stays in sight; but not the ROM's top, which is for early times. */
static void own_tables(void)
{
    uint64_t cr3;

    if (has_own_tables())
        return;
    __asm__("mov %%cr3, %0" : "=r"(cr3));
    memset(fw_tables, 0, 2 * ZP_PAGE_SIZE);
    fw_tables[0][0] = (uintptr_t)fw_tables[1] | ENTRY;
    cr3 = *(const uint64_t *)(uintptr_t)cr3;
    memcpy(fw_tables[1], (const void *)(uintptr_t)(cr3 & ZP_PTE_ADDRESS),
           (has_pages_of_1_gib() ? FW_ALIAS_GIB : 1) * sizeof(uint64_t));
    __asm__ volatile("mov %0, %%cr3" : : "r"(fw_tables) : "memory");
}

/* In pages of 1 GiB, by the tables of the ROM. */
static bool is_seen(uint64_t end)
{
    return end <= FW_ALIAS_GIB * GIB && !has_own_tables() && has_pages_of_1_gib();
}

/* The table that entry names, made from the pool if there is none; NULL: the pool is empty. */
static uint64_t *table_below(uint64_t *entry)
{
    if (!(*entry & ZP_PTE_P)) {
        if (used == POOL)
            return NULL;
        memset(fw_table_pool[used], 0, ZP_PAGE_SIZE);
        *entry = (uintptr_t)fw_table_pool[used++] | ENTRY;
    }
    return (uint64_t *)(uintptr_t)(*entry & ZP_PTE_ADDRESS);
}

static bool map_gib(uint64_t address)
{
    uint64_t *pointers = table_below(&fw_tables[0][address >> 39 & 511]);
    uint64_t *entry = pointers ? &pointers[address >> 30 & 511] : NULL, *directory;

    if (entry && *entry & ZP_PTE_PS)
        return true;
    directory = entry ? table_below(entry) : NULL;
    if (!directory || directory[0])
        return directory != NULL;
    for (uint64_t i = 0; i < ZP_PAGE_TABLE_ENTRIES; i++)
        directory[i] = (address + i * ZP_PAGE_SIZE_2M) | ENTRY | ZP_PTE_PS;
    return true;
}

const void *stub_see(uint64_t address, uint64_t size)
{
    uint64_t end;

    if (size == 0)
        return (const void *)(uintptr_t)address;
    if (!zp_add(address, size, &end))
        return NULL;
    if (end <= FW_ALWAYS_SEEN)
        return (const void *)(uintptr_t)address;
    /* An entry that names an address which the CPU has not is a fault, and nobody is there to take it. */
    if (end > ZP_GIB4 && (end > LOW_HALF || (end - 1) & ~stub_address_mask()))
        return NULL;
    if (is_seen(end))
        return (const void *)(uintptr_t)address;
    own_tables();
    for (uint64_t at = address & ~(GIB - 1); at < end; at += GIB)
        if (!map_gib(at))
            return NULL;
    return (const void *)(uintptr_t)address;
}

bool fw_reach(uint64_t address, uint64_t size)
{
    return stub_see(address, size) != NULL;
}
