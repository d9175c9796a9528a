/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sizes that plan and load must agree on, and the functions with which load fills what plan placed.
 *
 * GDT: null, unused, code at 0x10, data at 0x18, TSS at 0x20 (two places, so that its base can have 64 bits).
 * Page tables: one PML4, then the page directory pointer tables, then the page directories.
 */
#ifndef ZP_CORE_CPU_H
#define ZP_CORE_CPU_H

#include <zeropage/plan.h>
#include <zeropage/wire/x86.h>

#define ZP_BOOT_TSS 0x20
#define ZP_GDT_SIZE 48u
#define ZP_TSS_SIZE 104u

/* Page directories and the tables above them for the identity map [0, end); end is a multiple of 1 GiB. */
static inline uint64_t zp_page_directories(uint64_t end)
{
    return end >> ZP_PAGE_SHIFT_1G;
}

static inline uint64_t zp_page_directory_pointer_tables(uint64_t end)
{
    return (zp_page_directories(end) + ZP_PAGE_TABLE_ENTRIES - 1) / ZP_PAGE_TABLE_ENTRIES;
}

static inline uint64_t zp_page_tables_size(uint64_t end)
{
    return (1 + zp_page_directory_pointer_tables(end) + zp_page_directories(end)) * ZP_PAGE_SIZE;
}

/* fill_cpu.c: buffers are as large as the plan's spans. */
void zp_fill_gdt(const struct zp_plan *plan, void *buffer);
void zp_fill_tss(void *buffer);
void zp_fill_page_tables(const struct zp_plan *plan, const struct zp_span *span, void *buffer);

#endif
