/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory: the functions that a compiler may call at will (GCC manual, "Language Standards Supported by GCC"),
 * with string instructions, and page tables for what lies above the 4 GiB that start.S maps. Intel SDM 3A,
 * 4.5.
 */
#include <zeropage/wire/x86.h>

#include "stub.h"

#define POOL  16 /* pages at stub_table_pool: each maps 1 GiB, or tells of 512 such */
#define GIB4  (UINT64_C(1) << 32)
#define ENTRY (ZP_PTE_P | ZP_PTE_RW)

extern uint64_t stub_tables[]; /* start.S: the top first */
extern uint64_t stub_table_pool[POOL][ZP_PAGE_TABLE_ENTRIES];

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

__attribute__((used)) void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    void *start = to;
    size_t words = size / 8, rest = size % 8;

    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(rest) : : "memory");
    return start;
}

__attribute__((used)) void *memmove(void *to, const void *from, size_t size)
{
    char *target = to;
    const char *source = from;

    if (target <= source || (size_t)(target - source) >= size)
        return memcpy(to, from, size);
    target += size - 1;
    source += size - 1;
    __asm__ volatile("std; rep movsb; cld" : "+D"(target), "+S"(source), "+c"(size) : : "memory");
    return to;
}

__attribute__((used)) void *memset(void *to, int byte, size_t size)
{
    void *start = to;
    size_t words = size / 8, rest = size % 8;
    uint64_t pattern = UINT64_C(0x0101010101010101) * (uint8_t)byte;

    __asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(rest) : "a"(pattern) : "memory");
    return start;
}

__attribute__((used)) int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *left = a, *right = b;

    for (size_t i = 0; i < size; i++)
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    return 0;
}

/* The table that entry names, made from the pool if there is none. */
static uint64_t *table_below(uint64_t *entry)
{
    static unsigned used;

    if (!(*entry & ZP_PTE_P)) {
        if (used == POOL)
            stub_refuse("more than %d GiB to look at above 4 GiB", (uint64_t)POOL - 1);
        memset(stub_table_pool[used], 0, ZP_PAGE_SIZE);
        *entry = (uintptr_t)stub_table_pool[used++] | ENTRY;
    }
    return (uint64_t *)(uintptr_t)(*entry & ZP_PTE_ADDRESS);
}

static void map_gib(uint64_t address)
{
    uint64_t *pointers = table_below(&stub_tables[address >> 39 & 511]);
    uint64_t *directory = table_below(&pointers[address >> 30 & 511]);

    if (directory[0])
        return;
    for (uint64_t i = 0; i < ZP_PAGE_TABLE_ENTRIES; i++)
        directory[i] = (address + i * ZP_PAGE_SIZE_2M) | ENTRY | ZP_PTE_PS;
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
    uint64_t gib = UINT64_C(1) << 30;

    if (size == 0 || address + size <= GIB4 || foreign_tables())
        return (const void *)(uintptr_t)address;
    if (address >> 47 || (address + size - 1) >> 47)
        return NULL;
    for (uint64_t at = address < GIB4 ? GIB4 : address & ~(gib - 1); at < address + size; at += gib)
        map_gib(at);
    return (const void *)(uintptr_t)address;
}
