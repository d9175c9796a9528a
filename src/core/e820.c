/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory map as the guest is told it: the machine's ranges, with the spans that have a type of their
 * own (ACPI tables, a caller's blobs) cut out of the RAM that they lie in. Sorted, neighbours of one type
 * merged, nothing overlapping. Memory that is busy until entry is RAM here.
 */
#include <zeropage/wire/e820.h>

#include "draft.h"

/* At most so many ranges: a typed span splits one into three. */
size_t zp_draft_e820_bound(const struct zp_draft *draft)
{
    return draft->plan.machine->range_count + 2 * draft->plan.request->blob_count;
}

static int tell(struct zp_draft *draft, uint64_t start, uint64_t end, uint32_t type)
{
    size_t count = draft->plan.e820_count;
    struct zp_e820_range *range;

    if (start >= end)
        return ZP_OK;
    if (count > 0) {
        range = &draft->room.e820[count - 1];
        if (range->type == type && range->start.value + range->size == start) {
            range->size += end - start;
            return ZP_OK;
        }
    }
    if (count >= draft->room.e820_capacity)
        return zp_draft_fail(draft, ZP_ERR_ROOM, ZP_FIELD_E820, count + 1, draft->room.e820_capacity);
    range = &draft->room.e820[count];
    range->start.value = start;
    range->size = end - start;
    range->type = type;
    range->reserved = 0;
    draft->plan.e820_count = count + 1;
    return ZP_OK;
}

/* One range of RAM with what is cut out of it; *next walks over the spans, which are sorted too. */
static int tell_ram(struct zp_draft *draft, uint64_t start, uint64_t end, size_t *next)
{
    int status = ZP_OK;

    if (draft->plan.request->blob_count == 0)
        return tell(draft, start, end, ZP_E820_RAM); /* nothing else has a type of its own */
    for (; !status && *next < draft->plan.span_count; ++*next) {
        const struct zp_span *span = &draft->room.spans[*next];
        uint64_t span_end = span->start.value + span->size;
        uint64_t cut_end = span_end < end ? span_end : end;

        if (span->start.value >= end)
            break;
        if (span->e820_type != ZP_E820_RAM && span_end > start) {
            status = tell(draft, start, span->start.value, ZP_E820_RAM);
            if (!status)
                status = tell(draft, span->start.value > start ? span->start.value : start, cut_end,
                              span->e820_type);
            start = cut_end;
        }
        if (span_end > end)
            break; /* goes on in the next range, which touches this one */
    }
    if (!status)
        status = tell(draft, start, end, ZP_E820_RAM);
    return status;
}

int zp_draft_e820(struct zp_draft *draft)
{
    const struct zp_machine *machine = draft->plan.machine;
    size_t next = 0;

    for (size_t i = 0; i < machine->range_count; i++) {
        const struct zp_memory_range *range = &machine->ranges[i];
        uint64_t start = range->start.value;
        uint64_t end = start + range->size;
        int status;

        if (range->usage == ZP_USAGE_RESERVED)
            status = tell(draft, start, end, range->e820_type);
        else
            status = tell_ram(draft, start, end, &next);
        if (status)
            return status;
    }
    return ZP_OK;
}
