/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPU at entry: GDT, TSS, stack, page tables and every register.
 *
 * 32-bit entries run without paging on flat segments; the 64-bit entry runs on an identity map of at least
 * the first 4 GiB in 2 MiB pages, more where something that the entry reads lies higher. Selectors are
 * those of Linux's boot protocol (CS 0x10, data 0x18), which suit PVH and multiboot as well. TR holds a busy
 * TSS with limit 0x67, as PVH asks, and there with base 0: no memory is behind it, and no task is ever
 * switched to. Linux Documentation/x86/boot; Xen docs/misc/pvh; Multiboot 3.2.
 */
#include <zeropage/wire/bootparam.h>
#include <zeropage/wire/multiboot.h>
#include <zeropage/wire/multiboot2.h>
#include <zeropage/wire/x86.h>

#include "cpu.h"
#include "draft.h"

#define STACK_SIZE   ZP_PAGE_SIZE
#define MAPPABLE_END (UINT64_C(1) << 47) /* what four levels of page tables reach in the lower half */

int zp_draft_cpu(struct zp_draft *draft)
{
    struct zp_want gdt = {.kind = ZP_SPAN_GDT, .size = ZP_GDT_SIZE, .align = ZP_TABLE_ALIGN, .end = ZP_GIB4};
    struct zp_want tss = {.kind = ZP_SPAN_TSS, .size = ZP_TSS_SIZE, .align = ZP_TABLE_ALIGN, .end = ZP_GIB4};
    struct zp_want stack = {
        .kind = ZP_SPAN_STACK, .size = STACK_SIZE, .align = ZP_TABLE_ALIGN, .end = ZP_GIB4};
    int status = zp_draft_want(draft, &gdt);

    if (!status && draft->plan.protocol != ZP_PROTOCOL_PVH)
        status = zp_draft_want(draft, &tss);
    if (!status)
        status = zp_draft_want(draft, &stack);
    return status;
}

/* Does the entry, or the kernel before it maps memory by itself, touch a span of this kind? */
static bool needs_mapping(uint32_t kind)
{
    return kind != ZP_SPAN_INITRD && kind != ZP_SPAN_BLOB;
}

static uint64_t identity_end(const struct zp_plan *plan)
{
    uint64_t end = ZP_GIB4;

    for (size_t i = 0; i < plan->span_count; i++) {
        uint64_t span_end = plan->spans[i].start.value + plan->spans[i].size;

        if (needs_mapping(plan->spans[i].kind) && span_end > end)
            end = span_end;
    }
    /* Spans end below 2^52: no wrap. */
    return (end + ZP_PAGE_SIZE_1G - 1) & ~(uint64_t)(ZP_PAGE_SIZE_1G - 1);
}

int zp_draft_page_tables(struct zp_draft *draft)
{
    struct zp_want want = {.kind = ZP_SPAN_PAGE_TABLES, .align = ZP_PAGE_SIZE, .end = ZP_GIB4};
    const struct zp_span *span;
    uint64_t end;
    int status;

    if (draft->plan.protocol != ZP_PROTOCOL_LINUX64)
        return ZP_OK;
    end = identity_end(&draft->plan);
    if (end > MAPPABLE_END)
        return zp_draft_fail(draft, ZP_ERR_TOO_LARGE, ZP_FIELD_PAGE_TABLES, end, MAPPABLE_END);
    want.size = zp_page_tables_size(end);
    draft->plan.identity_end.value = end;
    status = zp_draft_want(draft, &want);
    if (status || draft->pinned_pass)
        return status;
    /* Pinned in the first pass, perhaps before a kernel above 4 GiB made them grow. */
    span = zp_find_span(&draft->plan, ZP_SPAN_PAGE_TABLES, 0);
    if (span->size < want.size)
        return zp_draft_fail(draft, ZP_ERR_NO_SPACE, ZP_FIELD_PAGE_TABLES, want.size, span->size);
    return zp_draft_decide(draft, ZP_DECISION_PAGE_TABLES, ZP_FIELD_PAGE_TABLES, end, ZP_PAGE_SIZE_2M);
}

/* End of the highest free RAM below *end. */
static uint64_t free_end(const struct zp_machine *machine, uint64_t end)
{
    uint64_t highest = 0;

    for (size_t i = 0; i < machine->range_count; i++) {
        const struct zp_memory_range *range = &machine->ranges[i];

        if (range->usage == ZP_USAGE_FREE && (end == 0 || range->start.value < end))
            highest = range->start.value + range->size;
    }
    return end && highest > end ? end : highest;
}

/*
 * The tables' place is sought while the kernel still has its own, so that this one is there to go back to.
 * Where larger ones do not fit, the kernel stays within what the old ones map.
 */
void zp_draft_map_more(struct zp_draft *draft, uint64_t *end)
{
    struct zp_want want = {
        .kind = ZP_SPAN_PAGE_TABLES, .align = ZP_PAGE_SIZE, .end = ZP_GIB4, .free_only = true};
    const struct zp_span *found = zp_find_span(&draft->plan, ZP_SPAN_PAGE_TABLES, 0);
    uint64_t mapped = draft->plan.identity_end.value;
    uint64_t reach = free_end(draft->plan.machine, *end);
    struct zp_span span;
    uint64_t largest;

    if (draft->plan.protocol != ZP_PROTOCOL_LINUX64 || reach <= mapped)
        return;
    span = *found;
    if (reach <= MAPPABLE_END && !span.pinned && !zp_is_deferred(&span)) {
        want.size = zp_page_tables_size((reach + ZP_PAGE_SIZE_1G - 1) & ~(uint64_t)(ZP_PAGE_SIZE_1G - 1));
        zp_draft_drop(draft, ZP_SPAN_PAGE_TABLES);
        if (zp_draft_find(draft, &want, ZP_LOWEST, &span.start.value, &largest))
            span.size = want.size;
        else
            *end = mapped;
        /* The place is free, found or its old one, and room was made for it: this cannot fail. */
        (void)zp_draft_fix(draft, &span);
        return;
    }
    *end = mapped;
}

void zp_draft_map_exactly(struct zp_draft *draft)
{
    uint64_t end = identity_end(&draft->plan);

    if (draft->plan.protocol != ZP_PROTOCOL_LINUX64)
        return;
    draft->plan.identity_end.value = end;
    draft->low = (struct zp_walk){0};
    for (size_t i = 0; i < draft->plan.span_count; i++)
        if (draft->room.spans[i].kind == ZP_SPAN_PAGE_TABLES && !draft->room.spans[i].pinned &&
            !zp_is_deferred(&draft->room.spans[i]))
            draft->room.spans[i].size = zp_page_tables_size(end);
    for (size_t i = 0; i < draft->plan.decision_count; i++)
        if (draft->room.decisions[i].code == ZP_DECISION_PAGE_TABLES)
            draft->room.decisions[i].a = end;
}

static struct zp_segment_register flat(uint16_t selector, uint8_t type, bool code64)
{
    struct zp_segment_register segment = {.limit = UINT32_MAX, .selector = selector, .type = type};

    segment.s = 1;
    segment.present = 1;
    segment.g = 1;
    segment.l = code64;
    segment.db = !code64;
    return segment;
}

static void set_segments(struct zp_entry_state *state, uint64_t tss)
{
    struct zp_segment_register data = flat(ZP_BOOT_DS, ZP_SEGMENT_WRITABLE | ZP_SEGMENT_ACCESSED, false);

    state->cs = flat(ZP_BOOT_CS, ZP_SEGMENT_CODE | ZP_SEGMENT_READABLE | ZP_SEGMENT_ACCESSED,
                     state->mode == ZP_MODE_LONG64);
    state->ds = data;
    state->es = data;
    state->fs = data;
    state->gs = data;
    state->ss = data;
    state->tr.base = tss;
    state->tr.limit = ZP_TSS_SIZE - 1;
    state->tr.selector = ZP_BOOT_TSS;
    state->tr.type = ZP_SEGMENT_TSS32_BUSY;
    state->tr.present = 1;
    state->ldtr.unusable = 1;
}

static uint64_t start_of(const struct zp_plan *plan, uint32_t kind)
{
    const struct zp_span *span = zp_find_span(plan, kind, 0);

    return span ? span->start.value : 0;
}

/* What the protocol passes in registers. */
static void set_arguments(struct zp_plan *plan)
{
    struct zp_entry_state *state = &plan->state;

    switch (plan->protocol) {
    case ZP_PROTOCOL_PVH: state->rbx = start_of(plan, ZP_SPAN_START_INFO); break;
    case ZP_PROTOCOL_MULTIBOOT1:
        state->rax = ZP_MULTIBOOT_BOOTLOADER_MAGIC;
        state->rbx = start_of(plan, ZP_SPAN_MULTIBOOT_INFO);
        break;
    case ZP_PROTOCOL_MULTIBOOT2:
        state->rax = ZP_MULTIBOOT2_BOOTLOADER_MAGIC;
        state->rbx = start_of(plan, ZP_SPAN_MULTIBOOT_INFO);
        break;
    default: state->rsi = start_of(plan, ZP_SPAN_BOOT_PARAMS); break;
    }
}

void zp_draft_state(struct zp_draft *draft)
{
    struct zp_plan *plan = &draft->plan;
    struct zp_entry_state *state = &plan->state;

    /* The draft began as zeros. */
    state->mode = ZP_MODE_PROTECTED32;
    state->rip = plan->entry->address.value + plan->delta;
    state->rflags = ZP_RFLAGS_FIXED;
    state->rsp = start_of(plan, ZP_SPAN_STACK) + STACK_SIZE;
    state->cr0 = ZP_CR0_PE | ZP_CR0_ET;
    if (plan->protocol == ZP_PROTOCOL_LINUX64) {
        state->mode = ZP_MODE_LONG64;
        state->cr0 |= ZP_CR0_PG;
        state->cr3 = start_of(plan, ZP_SPAN_PAGE_TABLES);
        state->cr4 = ZP_CR4_PAE;
        state->efer = ZP_EFER_LME | ZP_EFER_LMA;
    }
    state->gdt_base.value = start_of(plan, ZP_SPAN_GDT);
    state->gdt_limit = ZP_GDT_SIZE - 1;
    set_segments(state, start_of(plan, ZP_SPAN_TSS));
    set_arguments(plan);
}
