/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GDT, TSS and identity page tables, as cpu.h lays them out. Intel SDM volume 3A, chapters 3 to 5 and 8.
 */
#include "cpu.h"
#include "fill.h"
#include "seam.h"

void zp_fill_gdt(const struct zp_plan *plan, void *buffer)
{
    const struct zp_entry_state *state = &plan->state;
    uint64_t code = state->mode == ZP_MODE_LONG64 ? ZP_SEGMENT_FLAT_CODE64 : ZP_SEGMENT_FLAT_CODE32;
    uint64_t data = ZP_SEGMENT_FLAT_DATA;
    uint64_t base = state->tr.base;
    struct zp_segment_descriptor64 tss = {.limit_low = ZP_TSS_SIZE - 1};
    char *gdt = buffer;

    tss.base_low = (uint16_t)base;
    tss.base_mid = (uint8_t)(base >> 16);
    tss.base_high = (uint8_t)(base >> 24);
    tss.base_upper = (uint32_t)(base >> 32);
    tss.access = ZP_SEGMENT_P | ZP_SEGMENT_TSS32_BUSY;
    memset(gdt, 0, ZP_GDT_SIZE);
    memcpy(gdt + state->cs.selector, &code, sizeof(code));
    memcpy(gdt + state->ds.selector, &data, sizeof(data));
    memcpy(gdt + state->tr.selector, &tss, sizeof(tss));
}

void zp_fill_tss(void *buffer)
{
    struct zp_tss32 tss;

    /* No task ever switches to it; the I/O map lies beyond the limit, so there is none. */
    memset(&tss, 0, sizeof(tss));
    tss.iomap_base = ZP_TSS_SIZE;
    memcpy(buffer, &tss, sizeof(tss));
}

/* count entries of one kind of table, from table page number `first` of the span on. */
static void link_tables(char *table, uint64_t base, uint64_t first, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t entry = (base + (first + i) * ZP_PAGE_SIZE) | ZP_PTE_P | ZP_PTE_RW;

        memcpy(table + i * sizeof(entry), &entry, sizeof(entry));
    }
}

void zp_fill_page_tables(const struct zp_plan *plan, const struct zp_span *span, void *buffer)
{
    uint64_t directories = zp_page_directories(plan->identity_end.value);
    uint64_t pointer_tables = zp_page_directory_pointer_tables(plan->identity_end.value);
    uint64_t pages = directories * ZP_PAGE_TABLE_ENTRIES;
    char *tables = buffer;
    char *first_directory = tables + (1 + pointer_tables) * ZP_PAGE_SIZE;

    memset(tables, 0, (size_t)span->size);
    /* Tables of one kind lie behind each other, so a run of entries may cross from one into the next. */
    link_tables(tables, span->start.value, 1, pointer_tables);
    link_tables(tables + ZP_PAGE_SIZE, span->start.value, 1 + pointer_tables, directories);
    for (uint64_t i = 0; i < pages; i++) {
        uint64_t entry = (i << ZP_PAGE_SHIFT_2M) | ZP_PTE_P | ZP_PTE_RW | ZP_PTE_PS;

        memcpy(first_directory + i * sizeof(entry), &entry, sizeof(entry));
    }
}
