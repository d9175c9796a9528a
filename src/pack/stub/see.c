/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables for what lies above the 4 GiB that start.S maps, as somebody wants to look there. Receives any
 * address; guarantees that what it gives back can be looked at. Intel SDM 3A, 4.5.
 */
#include <zeropage/wire/x86.h>

#include "../../core/checked.h"
#include "stub.h"

#define POOL  16 /* pages at stub_table_pool: each maps 1 GiB, or tells of 512 such */
#define GIB   (UINT64_C(1) << 30)
#define ENTRY (ZP_PTE_P | ZP_PTE_RW)

#define LOW_HALF (UINT64_C(1) << 47) /* of what four levels reach */

extern uint64_t stub_tables[]; /* start.S: the top first */
extern uint64_t stub_table_pool[POOL][ZP_PAGE_TABLE_ENTRIES];

/* The table that entry names, made from the pool if there is none; NULL: the pool is empty. */
static uint64_t *table_below(uint64_t *entry)
{
    static unsigned used;

    if (!(*entry & ZP_PTE_P)) {
        if (used == POOL)
            return NULL;
        memset(stub_table_pool[used], 0, ZP_PAGE_SIZE);
        *entry = (uintptr_t)stub_table_pool[used++] | ENTRY;
    }
    return (uint64_t *)(uintptr_t)(*entry & ZP_PTE_ADDRESS);
}

static bool map_gib(uint64_t address)
{
    uint64_t *pointers = table_below(&stub_tables[address >> 39 & 511]);
    uint64_t *directory = pointers ? table_below(&pointers[address >> 30 & 511]) : NULL;

    if (!directory || directory[0])
        return directory != NULL;
    for (uint64_t i = 0; i < ZP_PAGE_TABLE_ENTRIES; i++)
        directory[i] = (address + i * ZP_PAGE_SIZE_2M) | ENTRY | ZP_PTE_PS;
    return true;
}

/* Are we still in the firmware's tables? They map all memory (UEFI 2.3.4). */
static bool foreign_tables(void)
{
    uint64_t cr3;

    __asm__("mov %%cr3, %0" : "=r"(cr3));
    return cr3 != (uintptr_t)stub_tables;
}

const void *stub_see(uint64_t address, uint64_t size)
{
    uint64_t end;

    if (!zp_add(address, size, &end))
        return NULL;
    if (size == 0 || end <= ZP_GIB4 || foreign_tables())
        return (const void *)(uintptr_t)address;
    if (end > LOW_HALF || (end - 1) & ~stub_address_mask())
        return NULL;
    for (uint64_t at = address < ZP_GIB4 ? ZP_GIB4 : address & ~(GIB - 1); at < end; at += GIB)
        if (!map_gib(at))
            return NULL;
    return (const void *)(uintptr_t)address;
}
