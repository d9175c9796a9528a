/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prepares the trampoline of a loaded plan and jumps to it. Receives a plan whose bytes are staged or at
 * home; from the jump on nothing is read but the trampoline's own memory:
 *
 *     page tables    identity, 4 GiB by pages of 2 MiB, for the time of the moves
 *     code           of enter.S, with struct enter_block at its end
 *     moves          as zp_plan_moves lists them
 */
#include "enter.h"

#include "block.h"

#define GIBS        4u /* that the tables map: a page directory for each */
#define TABLES_SIZE ((2u + GIBS) * ZP_PAGE_SIZE)

/* enter.S */
extern const char enter_begin[] __attribute__((visibility("hidden")));
extern const char enter_far[] __attribute__((visibility("hidden")));
extern const char enter_block[] __attribute__((visibility("hidden")));
extern const char enter_end[] __attribute__((visibility("hidden")));

static size_t code_size(void)
{
    return ((size_t)(enter_end - enter_begin) + 7) & ~(size_t)7;
}

size_t zp_enter_size(size_t span_capacity)
{
    /* The BIOS data area makes two moves. */
    return TABLES_SIZE + code_size() + (span_capacity + 1) * sizeof(struct zp_move);
}

static void fill_tables(uint64_t *tables, uint64_t address)
{
    const uint64_t table = ZP_PTE_P | ZP_PTE_RW;
    uint64_t *pointers = tables + ZP_PAGE_TABLE_ENTRIES;
    uint64_t *directories = pointers + ZP_PAGE_TABLE_ENTRIES;

    for (size_t i = 0; i < 2 * ZP_PAGE_TABLE_ENTRIES; i++)
        tables[i] = 0;
    tables[0] = (address + ZP_PAGE_SIZE) | table;
    for (size_t i = 0; i < GIBS; i++)
        pointers[i] = (address + (2 + i) * ZP_PAGE_SIZE) | table;
    for (size_t i = 0; i < GIBS * ZP_PAGE_TABLE_ENTRIES; i++)
        directories[i] = ((uint64_t)i << ZP_PAGE_SHIFT_2M) | table | ZP_PTE_PS;
}

static void fill_block(const struct zp_entry_state *state, struct enter_block *block)
{
    block->tables = 0;
    block->tss = 0;
    block->long64 = state->mode == ZP_MODE_LONG64;
    block->gdt.limit = (uint16_t)state->gdt_limit;
    block->gdt.base = state->gdt_base.value;
    block->idt.limit = (uint16_t)state->idt_limit;
    block->idt.base = state->idt_base.value;
    block->tr = state->tr.selector;
    if (!state->tr.unusable && state->tr.selector)
        block->tss =
            state->gdt_base.value + state->tr.selector + offsetof(struct zp_segment_descriptor, access);
    block->cr0 = state->cr0;
    block->cr3 = state->cr3;
    block->cr4 = state->cr4;
    block->efer = state->efer;
    block->cs = state->cs.selector;
    block->ds = state->ds.selector;
    block->es = state->es.selector;
    block->fs = state->fs.selector;
    block->gs = state->gs.selector;
    block->ss = state->ss.selector;
    block->rip = state->rip;
    block->rflags = state->rflags;
    block->rax = state->rax;
    block->rbx = state->rbx;
    block->rcx = state->rcx;
    block->rdx = state->rdx;
    block->rsi = state->rsi;
    block->rdi = state->rdi;
    block->rbp = state->rbp;
    block->rsp = state->rsp;
}

void zp_enter(const struct zp_plan *plan)
{
    const struct zp_span *span = zp_plan_span(plan, ZP_SPAN_TRAMPOLINE);
    char *memory = (char *)(uintptr_t)plan->trampoline.value; /* identity-mapped */
    char *code = memory + TABLES_SIZE;
    struct zp_move *moves = (struct zp_move *)(void *)(code + code_size());
    struct enter_block *block = (struct enter_block *)(void *)(code + (enter_block - enter_begin));
    size_t count = 0;
    uint32_t rip = (uint32_t)plan->state.rip;

    /* A plan without the trampoline that it needs: the caller's mistake, and nobody is there to be told. */
    if (!span || span->size < zp_enter_size(0) ||
        zp_plan_moves(plan, moves, (span->size - TABLES_SIZE - code_size()) / sizeof(*moves), &count, NULL))
        for (;;)
            __asm__ volatile("hlt");
    __builtin_memcpy(code, enter_begin, (size_t)(enter_block - enter_begin));
    fill_block(&plan->state, block);
    if (count) {
        fill_tables((uint64_t *)(void *)memory, plan->trampoline.value);
        block->tables = plan->trampoline.value;
    }
    block->moves = (uint64_t)(uintptr_t)moves;
    block->move_count = count;
    __builtin_memcpy(code + (enter_far - enter_begin), &rip, sizeof(rip));
    __builtin_memcpy(code + (enter_far - enter_begin) + sizeof(rip), &block->cs, sizeof(block->cs));
    __asm__ volatile("jmp *%0" : : "r"(code) : "memory");
    __builtin_unreachable();
}
