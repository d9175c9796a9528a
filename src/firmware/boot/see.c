/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables, GiB by GiB, as somebody wants to look at memory: fast boots never need more than the first,
 * which the ROM's own tables map. Before anything is added the tables are copied to RAM (entry.S has made
 * them there already). Intel SDM 3A, 4.5 "4-level and 5-level paging".
 */
#include <zeropage/wire/x86.h>

#include "../../core/seam.h"
#include "../io.h"
#include "boot.h"

#define POOL  16 /* pages: each maps 1 GiB, or tells of 512 such */
#define GIB   (UINT64_C(1) << 30)
#define ENTRY (ZP_PTE_P | ZP_PTE_RW)

extern uint64_t fw_tables[7][ZP_PAGE_TABLE_ENTRIES]; /* pages.S: the top first */
extern uint64_t fw_table_pool[POOL][ZP_PAGE_TABLE_ENTRIES];

static FW_HOT unsigned used;

static void own_tables(void)
{
    uint64_t cr3;

    __asm__("mov %%cr3, %0" : "=r"(cr3));
    if (cr3 - (uintptr_t)fw_tables < sizeof(fw_tables))
        return;
    memcpy(fw_tables[0], (void *)(uintptr_t)cr3, ZP_PAGE_SIZE);
    memcpy(fw_tables[1], (void *)(uintptr_t)(fw_tables[0][0] & ZP_PTE_ADDRESS), ZP_PAGE_SIZE);
    fw_tables[0][0] = (uintptr_t)fw_tables[1] | ENTRY;
    fw_tables[1][FW_ALIAS_GIB] = fw_tables[1][FW_ALIAS_GIB + 1] = 0; /* that was for early times */
    __asm__ volatile("mov %0, %%cr3" : : "r"(fw_tables) : "memory");
}

/* The table that entry names, made from the pool if there is none. */
static uint64_t *table_below(uint64_t *entry)
{
    if (!(*entry & ZP_PTE_P)) {
        if (used == POOL)
            stub_refuse("more than %d GiB to look at", (uint64_t)POOL - 1);
        memset(fw_table_pool[used], 0, ZP_PAGE_SIZE);
        *entry = (uintptr_t)fw_table_pool[used++] | ENTRY;
    }
    return (uint64_t *)(uintptr_t)(*entry & ZP_PTE_ADDRESS);
}

static void map_gib(uint64_t address)
{
    uint64_t *pointers = table_below(&fw_tables[0][address >> 39 & 511]);
    uint64_t *directory = table_below(&pointers[address >> 30 & 511]);

    if (directory[0])
        return;
    for (uint64_t i = 0; i < ZP_PAGE_TABLE_ENTRIES; i++)
        directory[i] = (address + i * ZP_PAGE_SIZE_2M) | ENTRY | ZP_PTE_PS;
}

const void *stub_see(uint64_t address, uint64_t size)
{
    if (size == 0 || address + size <= GIB)
        return (const void *)(uintptr_t)address;
    if (address >> 47 || (address + size - 1) >> 47)
        return NULL;
    own_tables();
    for (uint64_t at = address & ~(GIB - 1); at < address + size; at += GIB)
        map_gib(at);
    return (const void *)(uintptr_t)address;
}

bool fw_reach(uint64_t address, uint64_t size)
{
    return stub_see(address, size) != NULL;
}
