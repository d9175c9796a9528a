/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where things go. Spans are kept sorted by address from the first to the last, so that a search for a gap
 * is one walk over the machine's free ranges with the spans beside it. Most of what is placed goes one behind
 * the other at the bottom of RAM: the next walk begins where there is room for a table at all.
 *
 * Guarantees to the rest of plan: each span inserted lies in free RAM and shares no byte with another.
 */
#include "draft.h"
#include "fill.h"

uint32_t zp_span_field(uint32_t kind)
{
    switch ((enum zp_span_kind)kind) {
    case ZP_SPAN_KERNEL:
    case ZP_SPAN_KERNEL_RESERVED: return ZP_FIELD_KERNEL;
    case ZP_SPAN_INITRD: return ZP_FIELD_INITRD;
    case ZP_SPAN_CMDLINE: return ZP_FIELD_CMDLINE;
    case ZP_SPAN_BOOT_PARAMS: return ZP_FIELD_BOOT_PARAMS;
    case ZP_SPAN_SETUP_DATA: return ZP_FIELD_RNG_SEED;
    case ZP_SPAN_E820_EXT: return ZP_FIELD_E820_EXT;
    case ZP_SPAN_START_INFO: return ZP_FIELD_START_INFO;
    case ZP_SPAN_MODLIST: return ZP_FIELD_MODLIST;
    case ZP_SPAN_MEMMAP: return ZP_FIELD_MEMMAP;
    case ZP_SPAN_MODULE_CMDLINES: return ZP_FIELD_MODULES;
    case ZP_SPAN_MULTIBOOT_INFO:
    case ZP_SPAN_LOADER_NAME: return ZP_FIELD_MULTIBOOT_INFO;
    case ZP_SPAN_GDT: return ZP_FIELD_GDT;
    case ZP_SPAN_TSS: return ZP_FIELD_TSS;
    case ZP_SPAN_PAGE_TABLES: return ZP_FIELD_PAGE_TABLES;
    case ZP_SPAN_STACK: return ZP_FIELD_STACK;
    case ZP_SPAN_BLOB: return ZP_FIELD_BLOB;
    case ZP_SPAN_BDA: return ZP_FIELD_BDA;
    case ZP_SPAN_STAGING: return ZP_FIELD_STAGING;
    case ZP_SPAN_TRAMPOLINE: return ZP_FIELD_TRAMPOLINE;
    case ZP_SPAN_KIND_COUNT: break;
    }
    return ZP_FIELD_NONE;
}

const char *zp_span_kind_name(uint32_t kind)
{
    switch ((enum zp_span_kind)kind) {
    case ZP_SPAN_KERNEL: return "kernel";
    case ZP_SPAN_KERNEL_RESERVED: return "kernel_reserved";
    case ZP_SPAN_INITRD: return "initrd";
    case ZP_SPAN_CMDLINE: return "cmdline";
    case ZP_SPAN_BOOT_PARAMS: return "boot_params";
    case ZP_SPAN_SETUP_DATA: return "setup_data";
    case ZP_SPAN_E820_EXT: return "e820_ext";
    case ZP_SPAN_START_INFO: return "start_info";
    case ZP_SPAN_MODLIST: return "modlist";
    case ZP_SPAN_MEMMAP: return "memmap";
    case ZP_SPAN_MODULE_CMDLINES: return "module_cmdlines";
    case ZP_SPAN_MULTIBOOT_INFO: return "multiboot_info";
    case ZP_SPAN_LOADER_NAME: return "loader_name";
    case ZP_SPAN_GDT: return "gdt";
    case ZP_SPAN_TSS: return "tss";
    case ZP_SPAN_PAGE_TABLES: return "page_tables";
    case ZP_SPAN_STACK: return "stack";
    case ZP_SPAN_BLOB: return "blob";
    case ZP_SPAN_BDA: return "bda";
    case ZP_SPAN_STAGING: return "staging";
    case ZP_SPAN_TRAMPOLINE: return "trampoline";
    case ZP_SPAN_KIND_COUNT: break;
    }
    return "unknown";
}

int zp_draft_decide(struct zp_draft *draft, uint32_t code, uint32_t field, uint64_t a, uint64_t b)
{
    struct zp_decision *decision;
    size_t count = draft->plan.decision_count;

    if (count >= draft->room.decision_capacity)
        return zp_draft_fail(draft, ZP_ERR_ROOM, ZP_FIELD_DECISIONS, count + 1,
                             draft->room.decision_capacity);
    decision = &draft->room.decisions[count];
    decision->code = code;
    decision->field = field;
    decision->a = a;
    decision->b = b;
    draft->plan.decision_count = count + 1;
    return ZP_OK;
}

int zp_machine_cover(const struct zp_machine *machine, uint64_t start, uint64_t size)
{
    uint64_t end;
    bool busy = false;

    if (!zp_add(start, size, &end))
        return ZP_ERR_NOT_RAM;
    for (size_t i = 0; i < machine->range_count && start < end; i++) {
        const struct zp_memory_range *range = &machine->ranges[i];
        uint64_t range_end = range->start.value + range->size;

        if (range_end <= start)
            continue;
        if (range->start.value > start || range->usage == ZP_USAGE_RESERVED)
            return ZP_ERR_NOT_RAM;
        busy = busy || range->usage == ZP_USAGE_BUSY;
        start = range_end;
    }
    if (start < end)
        return ZP_ERR_NOT_RAM;
    return busy ? ZP_ERR_BUSY : ZP_OK;
}

int zp_draft_cover(const struct zp_draft *draft, uint64_t start, uint64_t size)
{
    int status = zp_machine_cover(draft->plan.machine, start, size);

    if (status == ZP_ERR_BUSY && draft->deferring && zp_fits(start, size, ZP_GIB4))
        return ZP_OK;
    return status;
}

/* In most cases that behind the gap which is filled. */
size_t zp_span_after(const struct zp_draft *draft, uint64_t address)
{
    size_t low = address >= draft->low.next ? draft->low.span : 0;
    size_t high = draft->plan.span_count;

    if (low < high && draft->room.spans[low].start.value > address)
        return low;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct zp_span *span = &draft->room.spans[middle];

        if (span->start.value + span->size <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct zp_span *zp_draft_hit(const struct zp_draft *draft, uint64_t start, uint64_t size)
{
    size_t i = zp_span_after(draft, start);

    if (i < draft->plan.span_count && draft->room.spans[i].start.value < start + size)
        return &draft->room.spans[i];
    return NULL;
}

/* Into its place among the others. */
int zp_draft_put(struct zp_draft *draft, const struct zp_span *span)
{
    size_t count = draft->plan.span_count, i;

    if (count >= draft->room.span_capacity)
        return zp_draft_fail(draft, ZP_ERR_ROOM, ZP_FIELD_SPANS, count + 1, draft->room.span_capacity);
    if (span->start.value < draft->low.next)
        draft->low = (struct zp_walk){0};
    i = zp_span_after(draft, span->start.value);
    memmove(&draft->room.spans[i + 1], &draft->room.spans[i], (count - i) * sizeof(*span));
    draft->room.spans[i] = *span;
    draft->room.spans[i].staged = span->start;
    draft->plan.span_count = count + 1;
    return ZP_OK;
}

int zp_draft_fix(struct zp_draft *draft, const struct zp_span *span)
{
    uint64_t start = span->start.value;
    const struct zp_span *hit;
    int status = zp_draft_cover(draft, start, span->size);

    if (status)
        return zp_draft_fail(draft, status, zp_span_field(span->kind), start, span->size);
    hit = zp_draft_hit(draft, start, span->size);
    if (hit)
        return zp_draft_fail(draft, ZP_ERR_OVERLAP, zp_span_field(span->kind), start, hit->start.value);
    return zp_draft_put(draft, span);
}

struct gap {
    uint64_t start, end;
};

/* busy: memory that is busy until entry will do as well */
static bool is_usable(const struct zp_memory_range *range, bool busy)
{
    return range->usage == ZP_USAGE_FREE || (busy && range->usage == ZP_USAGE_BUSY);
}

/* Free ranges that touch are one run. A span over busy memory may reach into it from the last one. */
static bool next_run(const struct zp_draft *draft, struct zp_walk *walk, bool busy)
{
    const struct zp_machine *machine = draft->plan.machine;
    const struct zp_memory_range *range = machine->ranges + walk->range;
    const struct zp_memory_range *end = machine->ranges + machine->range_count;
    const uint64_t behind = walk->next < ZP_LOWEST ? ZP_LOWEST : walk->next;

    while (range < end && !is_usable(range, busy))
        range++;
    if (range == end)
        return false;
    walk->next = walk->run_end = range->start.value;
    for (; range < end && is_usable(range, busy) && range->start.value == walk->run_end; range++)
        walk->run_end += range->size;
    walk->range = (size_t)(range - machine->ranges);
    if (walk->next < behind)
        walk->next = behind;
    /* Runs ascend, and so do spans. */
    while (walk->span < draft->plan.span_count) {
        const struct zp_span *span = &draft->room.spans[walk->span];

        if (span->start.value + span->size > walk->next)
            break;
        walk->span++;
    }
    return true;
}

/* The next gap; there may be nothing in it. */
static bool next_gap(const struct zp_draft *draft, struct zp_walk *walk, bool busy, struct gap *ret_gap)
{
    const struct zp_span *span;

    if (walk->next >= walk->run_end && !next_run(draft, walk, busy))
        return false;
    ret_gap->start = walk->next;
    ret_gap->end = walk->run_end;
    if (walk->next < walk->run_end)
        walk->next = walk->run_end;
    span = draft->room.spans + walk->span;
    if (walk->span < draft->plan.span_count && span->start.value < walk->run_end) {
        ret_gap->end = span->start.value;
        walk->next = span->start.value + span->size;
        walk->span++;
    }
    return true;
}

/* What a want can have of the gap, from its first aligned byte on: [*ret_first, *ret_end). */
static bool gap_offers(const struct gap *gap, const struct zp_want *want, uint64_t min, uint64_t *ret_first,
                       uint64_t *ret_end)
{
    uint64_t start = gap->start < min ? min : gap->start;
    uint64_t end = want->end && gap->end > want->end ? want->end : gap->end;

    *ret_end = end;
    return zp_align_up(start, want->align, ret_first) && *ret_first < end;
}

static bool find(struct zp_draft *draft, const struct zp_want *want, uint64_t min, bool busy,
                 uint64_t *ret_start, uint64_t *ret_largest)
{
    bool skipping = !busy && want->align >= ZP_TABLE_ALIGN, found = false;
    struct zp_walk walk = {0};
    struct gap gap;
    uint64_t first, end;

    if (skipping)
        walk = draft->low;
    *ret_largest = 0;
    while (next_gap(draft, &walk, busy, &gap)) {
        if (skipping && gap.end < gap.start + ZP_TABLE_ALIGN) {
            draft->low = walk;
            continue;
        }
        skipping = false;
        if (!gap_offers(&gap, want, min, &first, &end))
            continue;
        if (end - first < want->size) {
            if (end - first > *ret_largest)
                *ret_largest = end - first;
            continue;
        }
        found = true;
        *ret_start = want->high ? zp_align_down(end - want->size, want->align) : first;
        if (!want->high)
            return true;
    }
    return found;
}

bool zp_draft_find(struct zp_draft *draft, const struct zp_want *want, uint64_t min, uint64_t *ret_start,
                   uint64_t *ret_largest)
{
    struct zp_want low;

    if (find(draft, want, min, false, ret_start, ret_largest))
        return true;
    if (!draft->deferring || want->free_only)
        return false;
    low = *want;
    if (low.end == 0 || low.end > ZP_GIB4)
        low.end = ZP_GIB4;
    return find(draft, &low, min, true, ret_start, ret_largest);
}

uint64_t zp_draft_places(const struct zp_draft *draft, const struct zp_want *want, uint64_t min, uint64_t nth,
                         uint64_t *ret_start)
{
    struct zp_walk walk = {0};
    struct gap gap;
    uint64_t count = 0;
    uint64_t first;
    uint64_t end;

    while (next_gap(draft, &walk, false, &gap)) {
        uint64_t here;

        if (!gap_offers(&gap, want, min, &first, &end) || end - first < want->size)
            continue;
        here = (end - first - want->size) / want->align + 1;
        if (nth >= count && nth - count < here)
            *ret_start = first + (nth - count) * want->align;
        count += here;
    }
    return count;
}

void zp_draft_drop(struct zp_draft *draft, uint32_t kind)
{
    size_t kept = 0;

    draft->low = (struct zp_walk){0};
    for (size_t i = 0; i < draft->plan.span_count; i++)
        if (draft->room.spans[i].kind != kind)
            draft->room.spans[kept++] = draft->room.spans[i];
    draft->plan.span_count = kept;
}

const struct zp_pin *zp_draft_pin(const struct zp_draft *draft, uint32_t kind, uint32_t index)
{
    const struct zp_request *request = draft->plan.request;

    for (size_t i = 0; i < request->pin_count; i++)
        if (request->pins[i].kind == kind && request->pins[i].index == index)
            return &request->pins[i];
    return NULL;
}

int zp_draft_want(struct zp_draft *draft, const struct zp_want *want)
{
    const struct zp_pin *pin = zp_draft_pin(draft, want->kind, want->index);
    struct zp_span span = {.kind = want->kind, .index = want->index, .size = want->size};
    uint64_t largest;

    span.e820_type = want->e820_type ? want->e820_type : 1;
    if ((pin != NULL) != draft->pinned_pass)
        return ZP_OK;
    if (!pin) {
        if (!zp_draft_find(draft, want, ZP_LOWEST, &span.start.value, &largest))
            return zp_draft_fail(draft, ZP_ERR_NO_SPACE, zp_span_field(want->kind), want->size, largest);
        return zp_draft_put(draft, &span); /* a gap is free and without another span */
    }
    span.start = pin->start;
    span.pinned = 1;
    if (span.start.value & (want->align - 1))
        return zp_draft_fail(draft, ZP_ERR_ALIGNMENT, zp_span_field(want->kind), span.start.value,
                             want->align);
    if (want->end && !zp_fits(span.start.value, want->size, want->end))
        return zp_draft_fail(draft, want->end == ZP_GIB4 ? ZP_ERR_ABOVE_4G : ZP_ERR_TOO_LARGE,
                             zp_span_field(want->kind), span.start.value,
                             want->end == ZP_GIB4 ? want->size : want->end - 1);
    return zp_draft_fix(draft, &span);
}

const struct zp_span *zp_find_span(const struct zp_plan *plan, uint32_t kind, uint32_t index)
{
    for (size_t i = 0; i < plan->span_count; i++)
        if (plan->spans[i].kind == kind && plan->spans[i].index == index)
            return &plan->spans[i];
    return NULL;
}

uint64_t zp_address_of(const struct zp_plan *plan, uint32_t kind, uint32_t index)
{
    const struct zp_span *span = zp_find_span(plan, kind, index);

    return span ? span->start.value : 0;
}
