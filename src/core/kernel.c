/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Places the kernel: its segments and the range that it runs over before it looks at the memory map
 * (init_size from pref_address, or the span of an ELF's segments).
 *
 * Rules, Linux Documentation/x86/boot "Details of header fields" (pref_address, init_size,
 * relocatable_kernel, kernel_alignment), Xen's PHYS32_RELOC and multiboot 2's relocatable tag alike: the
 * linked address when it is free, else, for an image that may move, the lowest aligned address between its
 * min and max (or the highest, if it says so). The whole reserve must be free RAM, wherever the image lies,
 * but for holes between the segments of a multiboot ELF.
 */
#include "draft.h"

/*
 * Does the image lie around memory that is not free, by the will of its segments? Multiboot loads an ELF
 * segment by segment, and what is between two of them is nobody's: one may lie below 640 KiB (code for
 * other CPUs), the others from 1 MiB on. Linux and PVH speak of one range, and what is moved moves whole.
 */
static bool has_holes(const struct zp_draft *draft)
{
    const struct zp_entry *entry = draft->plan.entry;

    if (entry->protocol != ZP_PROTOCOL_MULTIBOOT1 && entry->protocol != ZP_PROTOCOL_MULTIBOOT2)
        return false;
    return entry->align == 0 && entry->segment_count > 1 &&
           zp_machine_cover(draft->plan.machine, entry->reserve.value, entry->reserve_size) != ZP_OK;
}

/* Can segments and reserve lie where delta puts them? */
static int kernel_fits(const struct zp_draft *draft, uint64_t delta)
{
    const struct zp_entry *entry = draft->plan.entry;
    const struct zp_segment *segments = draft->plan.image->segments + entry->segment_first;
    uint64_t reserve = entry->reserve.value + delta;
    bool whole = !has_holes(draft);
    int status = whole ? zp_machine_cover(draft->plan.machine, reserve, entry->reserve_size) : ZP_OK;

    if (status)
        return status;
    if (whole && zp_draft_hit(draft, reserve, entry->reserve_size))
        return ZP_ERR_OVERLAP;
    for (size_t i = 0; i < entry->segment_count; i++) {
        uint64_t start = segments[i].paddr.value + delta;

        status = zp_machine_cover(draft->plan.machine, start, segments[i].memory_size);
        if (status)
            return status;
        if (zp_draft_hit(draft, start, segments[i].memory_size))
            return ZP_ERR_OVERLAP;
    }
    return ZP_OK;
}

static int fix_segment(struct zp_draft *draft, size_t index, bool pinned)
{
    const struct zp_segment *segment = &draft->plan.image->segments[draft->plan.entry->segment_first + index];
    struct zp_span span = {
        .kind = ZP_SPAN_KERNEL, .index = (uint32_t)index, .e820_type = 1, .pinned = pinned};

    span.start.value = segment->paddr.value + draft->plan.delta;
    span.size = segment->memory_size;
    span.file_offset = segment->file_offset;
    span.file_size = segment->file_size;
    return zp_draft_fix(draft, &span);
}

/* [*at, end) of the reserve, as far as there is any. *at goes on to its end. */
static int fix_reserve(struct zp_draft *draft, uint64_t *at, uint64_t end)
{
    struct zp_span span = {.kind = ZP_SPAN_KERNEL_RESERVED, .e820_type = 1};

    if (*at >= end)
        return ZP_OK;
    span.start.value = *at;
    span.size = end - *at;
    *at = end;
    return zp_draft_fix(draft, &span);
}

/*
 * The segments, and what of the reserve no segment covers: gaps between them and the tail. All of it by
 * address, so that each span goes behind the last and none is moved: an ELF may have a million segments.
 */
static int fix_image(struct zp_draft *draft, bool pinned)
{
    const struct zp_entry *entry = draft->plan.entry;
    const struct zp_segment *segments = draft->plan.image->segments + entry->segment_first;
    uint64_t at = draft->plan.runtime.value;
    uint64_t end = at + draft->plan.runtime_size;

    for (size_t i = 0; i < entry->segment_count; i++) {
        uint64_t start = segments[i].paddr.value + draft->plan.delta;
        int status = fix_reserve(draft, &at, start < end ? start : end);

        if (!status)
            status = fix_segment(draft, i, pinned);
        if (status)
            return status;
        if (start + segments[i].memory_size > at)
            at = start + segments[i].memory_size;
    }
    return fix_reserve(draft, &at, end);
}

/* The segment that holds the entry. */
static const struct zp_segment *entered_segment(const struct zp_draft *draft)
{
    const struct zp_entry *entry = draft->plan.entry;
    const struct zp_segment *segment = draft->plan.image->segments + entry->segment_first;
    const struct zp_segment *last = segment + entry->segment_count - 1;

    while (segment < last && segment[1].paddr.value <= entry->address.value)
        segment++;
    return segment;
}

static int fix_kernel(struct zp_draft *draft, uint64_t load, bool pinned)
{
    const struct zp_entry *entry = draft->plan.entry;
    uint64_t linked = draft->plan.image->segments[entry->segment_first].paddr.value;
    int status;

    draft->plan.kernel_load.value = load;
    draft->plan.delta = load - linked;
    draft->plan.runtime.value = entry->reserve.value + draft->plan.delta;
    draft->plan.runtime_size = entry->reserve_size;
    if (has_holes(draft)) {
        draft->plan.runtime = entered_segment(draft)->paddr;
        draft->plan.runtime_size = entered_segment(draft)->memory_size;
    }
    status = fix_image(draft, pinned);
    if (!status)
        status =
            zp_draft_decide(draft, entry->guessed_size ? ZP_DECISION_RESERVE_GUESSED : ZP_DECISION_RESERVE,
                            ZP_FIELD_KERNEL, draft->plan.runtime.value, draft->plan.runtime_size);
    return status;
}

static int pinned_kernel(struct zp_draft *draft, uint64_t linked, uint64_t load)
{
    const struct zp_entry *entry = draft->plan.entry;
    uint64_t reserve_end;
    int status;

    if (load != linked && entry->align == 0)
        return zp_draft_fail(draft, ZP_ERR_VALUE, ZP_FIELD_KERNEL, load, linked);
    if (load != linked) {
        if (load & (entry->align - 1))
            return zp_draft_fail(draft, ZP_ERR_ALIGNMENT, ZP_FIELD_KERNEL, load, entry->align);
        if (load < entry->min.value)
            return zp_draft_fail(draft, ZP_ERR_TOO_SMALL, ZP_FIELD_KERNEL, load, entry->min.value);
        if (!zp_add(load, entry->reserve_size, &reserve_end) || reserve_end - 1 > entry->max.value)
            return zp_draft_fail(draft, ZP_ERR_TOO_LARGE, ZP_FIELD_KERNEL, load, entry->max.value);
    }
    status = fix_kernel(draft, load, true);
    if (!status)
        status = zp_draft_decide(draft, ZP_DECISION_KERNEL_PINNED, ZP_FIELD_KERNEL, load, 0);
    return status;
}

/* Bytes of RAM that a plan may use at all. */
static uint64_t free_ram(const struct zp_machine *machine)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < machine->range_count; i++)
        if (machine->ranges[i].usage == ZP_USAGE_FREE)
            sum += machine->ranges[i].size;
    return sum;
}

/* No place: say it in the image's own words where that is the reason. */
static int kernel_homeless(struct zp_draft *draft, int why, uint64_t largest)
{
    const struct zp_entry *entry = draft->plan.entry;
    uint64_t ram = free_ram(draft->plan.machine);

    if (entry->container == ZP_CONTAINER_BZIMAGE && !entry->guessed_size && entry->reserve_size > ram)
        return zp_report(draft->error, ZP_ERR_TOO_LARGE, ZP_FIELD_INIT_SIZE,
                         offsetof(struct zp_boot_params, hdr) + offsetof(struct zp_setup_header, init_size),
                         entry->reserve_size, ram);
    if (entry->align == 0)
        return zp_draft_fail(draft, why == ZP_ERR_OVERLAP ? ZP_ERR_NOT_RAM : why, ZP_FIELD_KERNEL,
                             entry->reserve.value, entry->reserve_size);
    return zp_draft_fail(draft, ZP_ERR_NO_SPACE, ZP_FIELD_KERNEL, entry->reserve_size, largest);
}

static int moved_kernel(struct zp_draft *draft, uint64_t linked, int why)
{
    const struct zp_entry *entry = draft->plan.entry;
    struct zp_want want = {.kind = ZP_SPAN_KERNEL, .size = entry->reserve_size, .align = entry->align};
    uint64_t largest = 0;
    uint64_t load;
    int status;

    if (entry->align == 0)
        return kernel_homeless(draft, why, 0);
    if (!zp_add(entry->max.value, 1, &want.end))
        want.end = 0;
    want.high = entry->prefer == ZP_PREFER_HIGHEST;
    if (!zp_draft_find(draft, &want, entry->min.value, &load, &largest))
        return kernel_homeless(draft, why, largest);
    status = fix_kernel(draft, load, false);
    if (!status)
        status = zp_draft_decide(draft, load == linked ? ZP_DECISION_KERNEL_LINKED : ZP_DECISION_KERNEL_MOVED,
                                 ZP_FIELD_KERNEL, load, linked);
    return status;
}

int zp_draft_kernel(struct zp_draft *draft)
{
    const struct zp_pin *pin = zp_draft_pin(draft, ZP_SPAN_KERNEL, 0);
    const struct zp_entry *entry = draft->plan.entry;
    uint64_t linked = draft->plan.image->segments[entry->segment_first].paddr.value;
    int why;
    int status;

    if ((pin != NULL) != draft->pinned_pass)
        return ZP_OK;
    if (pin)
        return pinned_kernel(draft, linked, pin->start.value);
    why = kernel_fits(draft, 0);
    if (why || (entry->align && entry->prefer != ZP_PREFER_LINKED))
        return moved_kernel(draft, linked, why);
    status = fix_kernel(draft, linked, false);
    if (!status)
        status = zp_draft_decide(draft, ZP_DECISION_KERNEL_LINKED, ZP_FIELD_KERNEL, linked, linked);
    return status;
}
