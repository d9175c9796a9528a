/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must lie where memory is busy until entry: the code, stack and tables of the stub or firmware that is
 * still running. Receives a draft in which each span has its home; guarantees that load can write all of it
 * at once, to free RAM that is no home, no reserve of the kernel and no trampoline, and that a list of moves
 * takes it home afterwards.
 *
 * Only file bytes of kernel and initrd are staged, and nothing of what starts as zeros. What a kernel runs
 * over without having anything there (ZP_SPAN_KERNEL_RESERVED) needs no move at all.
 */
#include <zeropage/wire/x86.h>

#include "draft.h"

#define STAGING_ALIGN UINT64_C(16)

uint64_t zp_span_bytes(const struct zp_span *span)
{
    switch (span->kind) {
    case ZP_SPAN_KERNEL:
    case ZP_SPAN_INITRD: return span->file_size;
    case ZP_SPAN_KERNEL_RESERVED:
    case ZP_SPAN_STACK:
    case ZP_SPAN_STAGING:
    case ZP_SPAN_TRAMPOLINE: return 0;
    default: return span->size;
    }
}

static int place_trampoline(struct zp_draft *draft)
{
    struct zp_want want = {
        .kind = ZP_SPAN_TRAMPOLINE, .align = ZP_PAGE_SIZE, .end = ZP_GIB4, .free_only = true};
    struct zp_span span = {.kind = ZP_SPAN_TRAMPOLINE, .e820_type = 1};
    uint64_t largest;

    /* It is not above 4 GiB: no overflow. */
    (void)zp_align_up(draft->plan.request->trampoline_size, ZP_PAGE_SIZE, &want.size);
    if (!zp_draft_find(draft, &want, ZP_LOWEST, &span.start.value, &largest))
        return zp_draft_fail(draft, ZP_ERR_NO_SPACE, ZP_FIELD_TRAMPOLINE, want.size, largest);
    span.size = want.size;
    draft->plan.trampoline = span.start;
    return zp_draft_put(draft, &span);
}

/* From the first byte that is busy to behind the last: most spans are elsewhere. */
static void busy_bounds(const struct zp_machine *machine, uint64_t *ret_start, uint64_t *ret_end)
{
    *ret_start = UINT64_MAX;
    *ret_end = 0;
    for (size_t i = 0; i < machine->range_count; i++) {
        const struct zp_memory_range *range = &machine->ranges[i];

        if (range->usage != ZP_USAGE_BUSY)
            continue;
        *ret_start = range->start.value < *ret_start ? range->start.value : *ret_start;
        *ret_end = range->start.value + range->size;
    }
}

static bool must_wait(const struct zp_draft *draft, const struct zp_span *span)
{
    return span->kind != ZP_SPAN_KERNEL_RESERVED &&
           zp_machine_cover(draft->plan.machine, span->start.value, span->size) == ZP_ERR_BUSY;
}

/* Stages span number i; *ret_start is where, 0 when it has no bytes. */
static int stage(struct zp_draft *draft, size_t i, uint32_t move, uint64_t *ret_start)
{
    struct zp_want want = {
        .kind = ZP_SPAN_STAGING, .align = STAGING_ALIGN, .end = ZP_GIB4, .high = true, .free_only = true};
    struct zp_span span = {.kind = ZP_SPAN_STAGING, .index = move, .e820_type = 1};
    uint64_t largest;

    *ret_start = 0;
    draft->room.spans[i].staged.value = ZP_NOT_STAGED;
    want.size = zp_span_bytes(&draft->room.spans[i]);
    if (want.size == 0)
        return ZP_OK;
    if (!zp_draft_find(draft, &want, ZP_LOWEST, &span.start.value, &largest))
        return zp_draft_fail(draft, ZP_ERR_NO_SPACE, ZP_FIELD_STAGING, want.size, largest);
    span.size = want.size;
    *ret_start = span.start.value;
    draft->room.spans[i].staged = span.start;
    return zp_draft_put(draft, &span);
}

int zp_draft_defer(struct zp_draft *draft)
{
    uint32_t moves = 0;
    uint64_t bytes = 0, busy, busy_end;
    int status = ZP_OK;

    if (draft->plan.request->trampoline_size == 0)
        return ZP_OK;
    status = place_trampoline(draft);
    busy_bounds(draft->plan.machine, &busy, &busy_end);
    for (size_t i = zp_span_after(draft, busy); !status && i < draft->plan.span_count; i++) {
        const struct zp_span *here = &draft->room.spans[i];
        struct zp_span span;
        uint64_t start;

        if (here->start.value >= busy_end)
            break;
        if (!must_wait(draft, here))
            continue;
        span = *here;
        status = stage(draft, i, moves, &start);
        moves += span.kind == ZP_SPAN_BDA ? 2 : 1; /* two words, and what is between them is not ours */
        bytes += zp_span_bytes(&span);
        i += start && start < span.start.value; /* the staging went in before it */
    }
    if (status || moves == 0)
        return status;
    return zp_draft_decide(draft, ZP_DECISION_DEFERRED, ZP_FIELD_STAGING, moves, bytes);
}

/* --- the moves ------------------------------------------------------------------------------------ */

struct list {
    struct zp_move *moves;
    size_t capacity;
    size_t count;
};

static void add(struct list *list, const struct zp_span *span, uint64_t offset, uint64_t size, uint64_t clear)
{
    if (list->count < list->capacity) {
        struct zp_move *move = &list->moves[list->count];

        move->to.value = span->start.value + offset;
        move->from.value = size ? span->staged.value + offset : 0;
        move->size = size;
        move->clear = clear;
    }
    list->count++;
}

int zp_plan_moves(const struct zp_plan *plan, struct zp_move *moves, size_t capacity, size_t *ret_count,
                  struct zp_error *ret_error)
{
    struct list list = {.moves = moves, .capacity = capacity};

    if (!plan || !ret_count || (capacity && !moves))
        return zp_report(ret_error, ZP_ERR_ARGUMENT, ZP_FIELD_NONE, ZP_NO_OFFSET, 0, 0);
    for (size_t i = 0; i < plan->span_count; i++) {
        const struct zp_span *span = &plan->spans[i];
        uint64_t second = ZP_BDA_BASE_MEMORY - ZP_BDA_EBDA_SEGMENT;
        uint64_t bytes;

        if (!zp_is_deferred(span))
            continue;
        bytes = zp_span_bytes(span);
        if (span->kind == ZP_SPAN_BDA) {
            add(&list, span, 0, sizeof(uint16_t), 0);
            add(&list, span, second, sizeof(uint16_t), 0);
            continue;
        }
        add(&list, span, 0, bytes, span->size - bytes);
    }
    if (list.count > capacity)
        return zp_report(ret_error, ZP_ERR_ROOM, ZP_FIELD_STAGING, ZP_NO_OFFSET, list.count, capacity);
    *ret_count = list.count;
    return ZP_OK;
}
