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
 *
 * A Linux ELF without its decompressor: the 64-bit code adapts to any physical base (head_64.S, phys_base),
 * the 32-bit code lies at one constant from its virtual addresses (PAGE_OFFSET), so that moving it means
 * relocating it by the same delta.
 */
#include <zeropage/wire/bootparam.h>

#include "draft.h"

#define LINUX_ALIGN UINT64_C(0x200000)   /* a large page: head_64.S maps the kernel by such */
#define LINUX64_END (UINT64_C(1) << 46)  /* MAX_PHYSMEM_BITS of four-level kernels */
#define LINUX32_END UINT64_C(0x20000000) /* KERNEL_IMAGE_SIZE of i386 */

static uint64_t linked_address(const struct zp_draft *draft)
{
    return draft->plan.image->segments[draft->plan.entry->segment_first].paddr.value;
}

bool zp_moves_as_one(const struct zp_draft *draft)
{
    return draft->linux_elf && draft->plan.protocol == ZP_PROTOCOL_LINUX32 &&
           draft->plan.entry->container == ZP_CONTAINER_ELF32;
}

static void limit_linux_elf(struct zp_draft *draft)
{
    const struct zp_relocations *table = &draft->plan.image->relocations;
    bool as_one = zp_moves_as_one(draft);
    bool is_64 = draft->plan.entry->container == ZP_CONTAINER_ELF64;

    /* An entry of the other class, which somebody told of, is nothing that we know how to move. */
    if (is_64 != (draft->plan.protocol == ZP_PROTOCOL_LINUX64) ||
        (as_one && (table->list_count == 0 || table->fault.code))) {
        draft->align = 0;
        return;
    }
    if (draft->align == 0) {
        draft->align = LINUX_ALIGN;
        draft->min = linked_address(draft);
        draft->max = (as_one ? LINUX32_END : LINUX64_END) - 1;
    }
}

/* The header of the bzImage around it says whether the kernel can be moved, and how. */
static void limit_by_wrapper(struct zp_draft *draft, const struct zp_bzimage *wrapper)
{
    if (!zp_is_power_of_two(wrapper->kernel_alignment))
        draft->align = 0;
    else if (draft->align && draft->align < wrapper->kernel_alignment)
        draft->align = wrapper->kernel_alignment;
    if (!(wrapper->header.xloadflags & ZP_XLF_CAN_BE_LOADED_ABOVE_4G) && draft->max >= ZP_GIB4)
        draft->max = ZP_GIB4 - 1;
}

void zp_draft_limits(struct zp_draft *draft)
{
    const struct zp_entry *entry = draft->plan.entry;
    bool elf = entry->container == ZP_CONTAINER_ELF32 || entry->container == ZP_CONTAINER_ELF64;
    bool as_linux = zp_is_linux(entry->protocol);

    draft->linux_elf = elf && (draft->plan.image->elf.guest_linux || zp_find_setup(&draft->plan));
    draft->align = entry->align;
    draft->min = entry->min.value;
    draft->max = entry->max.value;
    if (entry->protocol != ZP_PROTOCOL_LINUX64 && draft->max >= ZP_GIB4)
        draft->max = ZP_GIB4 - 1;
    if (draft->linux_elf && as_linux) {
        limit_linux_elf(draft);
        if (zp_find_setup(&draft->plan))
            limit_by_wrapper(draft, zp_find_setup(&draft->plan));
        /* It is moved by whole multiples, which a kernel linked beside them would not be after all. */
        if (draft->align && linked_address(draft) & (draft->align - 1))
            draft->align = 0;
    }
}

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
    return draft->align == 0 && entry->segment_count > 1 &&
           zp_draft_cover(draft, entry->reserve.value, entry->reserve_size) != ZP_OK;
}

/* As zp_draft_cover, or without deferring. */
static int cover(const struct zp_draft *draft, uint64_t start, uint64_t size, bool defer)
{
    return defer ? zp_draft_cover(draft, start, size) : zp_machine_cover(draft->plan.machine, start, size);
}

/*
 * Can segments and reserve lie where they are linked? The reserve over memory that is busy until entry needs
 * no moving, for nothing is loaded there; segments do, if `defer` says that they may.
 */
static int kernel_fits(const struct zp_draft *draft, bool defer)
{
    const struct zp_entry *entry = draft->plan.entry;
    const struct zp_segment *segments = draft->plan.image->segments + entry->segment_first;
    uint64_t reserve = entry->reserve.value;
    bool whole = !has_holes(draft);
    bool all_free = whole && zp_machine_cover(draft->plan.machine, reserve, entry->reserve_size) == ZP_OK;
    int status = whole && !all_free ? zp_draft_cover(draft, reserve, entry->reserve_size) : ZP_OK;

    if (status)
        return status;
    if (whole && zp_draft_hit(draft, reserve, entry->reserve_size))
        return ZP_ERR_OVERLAP;
    for (size_t i = 0; i < entry->segment_count; i++) {
        uint64_t start = segments[i].paddr.value;

        if (all_free && start >= reserve &&
            zp_fits(start - reserve, segments[i].memory_size, entry->reserve_size))
            continue;
        status = cover(draft, start, segments[i].memory_size, defer);
        if (status)
            return status;
        if (zp_draft_hit(draft, start, segments[i].memory_size))
            return ZP_ERR_OVERLAP;
    }
    return ZP_OK;
}

/* How a span is put where it is to be: zp_draft_put where that is known to be free, else zp_draft_fix. */
typedef int put_span(struct zp_draft *draft, const struct zp_span *span);

static int fix_segment(struct zp_draft *draft, size_t index, bool pinned, put_span *put)
{
    const struct zp_segment *segment = &draft->plan.image->segments[draft->plan.entry->segment_first + index];
    struct zp_span span = {
        .kind = ZP_SPAN_KERNEL, .index = (uint32_t)index, .e820_type = 1, .pinned = pinned};

    span.start.value = segment->paddr.value + draft->plan.delta;
    span.size = segment->memory_size;
    span.file_offset = segment->file_offset;
    span.file_size = segment->file_size;
    return put(draft, &span);
}

/* [*at, end) of the reserve, as far as there is any. *at goes on to its end. */
static int fix_reserve(struct zp_draft *draft, uint64_t *at, uint64_t end, put_span *put)
{
    struct zp_span span = {.kind = ZP_SPAN_KERNEL_RESERVED, .e820_type = 1};

    if (*at >= end)
        return ZP_OK;
    span.start.value = *at;
    span.size = end - *at;
    *at = end;
    return put(draft, &span);
}

/*
 * The segments, and what of the reserve no segment covers: gaps between them and the tail. All of it by
 * address, so that each span goes behind the last and none is moved: an ELF may have a million segments.
 */
static int fix_image(struct zp_draft *draft, bool pinned, put_span *put)
{
    const struct zp_entry *entry = draft->plan.entry;
    const struct zp_segment *segments = draft->plan.image->segments + entry->segment_first;
    uint64_t at = draft->plan.runtime.value;
    uint64_t end = at + draft->plan.runtime_size;

    for (size_t i = 0; i < entry->segment_count; i++) {
        uint64_t start = segments[i].paddr.value + draft->plan.delta;
        int status = fix_reserve(draft, &at, start < end ? start : end, put);

        if (!status)
            status = fix_segment(draft, i, pinned, put);
        if (status)
            return status;
        if (start + segments[i].memory_size > at)
            at = start + segments[i].memory_size;
    }
    return fix_reserve(draft, &at, end, put);
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

/*
 * Where the lowest segment is in virtual memory. Its own p_vaddr does not tell: the per-cpu segment of Linux
 * up to 6.14 has 0, and may be any. The one that is entered lies in the kernel's mapping.
 */
static uint64_t virtual_base(const struct zp_draft *draft)
{
    const struct zp_relocations *table = &draft->plan.image->relocations;
    const struct zp_segment *entered = entered_segment(draft);
    uint64_t map = table->list_count ? table->map : entered->vaddr - entered->paddr.value;
    uint64_t base = map + linked_address(draft) + draft->plan.virtual_delta;

    return draft->plan.entry->container == ZP_CONTAINER_ELF32 ? (uint32_t)base : base;
}

static int put_kernel(struct zp_draft *draft, uint64_t load, bool pinned, put_span *put)
{
    const struct zp_entry *entry = draft->plan.entry;
    struct zp_plan *plan = &draft->plan;

    plan->kernel_load.value = load;
    plan->delta = load - linked_address(draft);
    plan->virtual_delta = zp_moves_as_one(draft) ? plan->delta : 0;
    plan->virtual_base = draft->linux_elf ? virtual_base(draft) : 0;
    plan->runtime.value = entry->reserve.value + plan->delta;
    plan->runtime_size = entry->reserve_size;
    if (has_holes(draft)) {
        plan->runtime = entered_segment(draft)->paddr;
        plan->runtime_size = entered_segment(draft)->memory_size;
    }
    return fix_image(draft, pinned, put);
}

int zp_draft_put_kernel(struct zp_draft *draft, uint64_t load, bool pinned)
{
    return put_kernel(draft, load, pinned, zp_draft_fix);
}

static int fix_kernel(struct zp_draft *draft, uint64_t load, bool pinned, put_span *put)
{
    int status = put_kernel(draft, load, pinned, put);

    if (status)
        return status;
    return zp_draft_decide(
        draft, draft->plan.entry->guessed_size ? ZP_DECISION_RESERVE_GUESSED : ZP_DECISION_RESERVE,
        ZP_FIELD_KERNEL, draft->plan.runtime.value, draft->plan.runtime_size);
}

/* Moving this kernel needs the relocation table, and that is spoiled: says so, else ZP_OK. */
static int table_fault(struct zp_draft *draft)
{
    const struct zp_error *fault = &draft->plan.image->relocations.fault;

    if (!zp_moves_as_one(draft) || fault->code == ZP_OK)
        return ZP_OK;
    return zp_report(draft->error, fault->code, fault->field, fault->offset, fault->value, fault->limit);
}

static int pinned_kernel(struct zp_draft *draft, uint64_t linked, uint64_t load)
{
    const struct zp_entry *entry = draft->plan.entry;
    uint64_t reserve_end;
    int status;

    if (load != linked && draft->align == 0) {
        status = table_fault(draft);
        return status ? status : zp_draft_fail(draft, ZP_ERR_VALUE, ZP_FIELD_KERNEL, load, linked);
    }
    if (load != linked) {
        if (load & (draft->align - 1))
            return zp_draft_fail(draft, ZP_ERR_ALIGNMENT, ZP_FIELD_KERNEL, load, draft->align);
        if (load < draft->min)
            return zp_draft_fail(draft, ZP_ERR_TOO_SMALL, ZP_FIELD_KERNEL, load, draft->min);
        if (!zp_add(load, entry->reserve_size, &reserve_end) || reserve_end - 1 > draft->max)
            return zp_draft_fail(draft, ZP_ERR_TOO_LARGE, ZP_FIELD_KERNEL, load, draft->max);
    }
    status = fix_kernel(draft, load, true, zp_draft_fix);
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
    int status = table_fault(draft);

    if (status)
        return status;
    if (entry->container == ZP_CONTAINER_BZIMAGE && !entry->guessed_size && entry->reserve_size > ram)
        return zp_report(draft->error, ZP_ERR_TOO_LARGE, ZP_FIELD_INIT_SIZE,
                         offsetof(struct zp_boot_params, hdr) + offsetof(struct zp_setup_header, init_size),
                         entry->reserve_size, ram);
    if (draft->align == 0)
        return zp_draft_fail(draft, why == ZP_ERR_OVERLAP ? ZP_ERR_NOT_RAM : why, ZP_FIELD_KERNEL,
                             entry->reserve.value, entry->reserve_size);
    return zp_draft_fail(draft, ZP_ERR_NO_SPACE, ZP_FIELD_KERNEL, entry->reserve_size, largest);
}

static int moved_kernel(struct zp_draft *draft, uint64_t linked, int why)
{
    const struct zp_entry *entry = draft->plan.entry;
    struct zp_want want = {.kind = ZP_SPAN_KERNEL, .size = entry->reserve_size, .align = draft->align};
    uint64_t largest = 0;
    uint64_t load;
    int status;

    if (draft->align == 0)
        return kernel_homeless(draft, why, 0);
    if (!zp_add(draft->max, 1, &want.end))
        want.end = 0;
    want.high = entry->prefer == ZP_PREFER_HIGHEST;
    want.free_only = true;
    if (!zp_draft_find(draft, &want, draft->min, &load, &largest)) {
        want.free_only = false;
        load = linked;
        if ((entry->prefer != ZP_PREFER_LINKED || kernel_fits(draft, true)) &&
            !zp_draft_find(draft, &want, draft->min, &load, &largest))
            return kernel_homeless(draft, why, largest);
    }
    status = fix_kernel(draft, load, false, zp_draft_fix);
    if (!status)
        status = zp_draft_decide(draft, load == linked ? ZP_DECISION_KERNEL_LINKED : ZP_DECISION_KERNEL_MOVED,
                                 ZP_FIELD_KERNEL, load, linked);
    return status;
}

/* In order and none over another: inspect sees to it, but an image may come from elsewhere. */
static bool is_apart(const struct zp_draft *draft)
{
    const struct zp_entry *entry = draft->plan.entry;
    const struct zp_segment *segments = draft->plan.image->segments + entry->segment_first;

    for (size_t i = 1; i < entry->segment_count; i++)
        if (segments[i - 1].paddr.value + segments[i - 1].memory_size > segments[i].paddr.value)
            return false;
    return true;
}

int zp_draft_kernel(struct zp_draft *draft)
{
    const struct zp_pin *pin = zp_draft_pin(draft, ZP_SPAN_KERNEL, 0);
    const struct zp_entry *entry = draft->plan.entry;
    uint64_t linked = linked_address(draft);
    int why;
    int status;

    if ((pin != NULL) != draft->pinned_pass)
        return ZP_OK;
    if (pin)
        return pinned_kernel(draft, linked, pin->start.value);
    why = kernel_fits(draft, draft->align == 0);
    if (why || (draft->align && entry->prefer != ZP_PREFER_LINKED))
        return moved_kernel(draft, linked, why);
    status = fix_kernel(draft, linked, false, is_apart(draft) ? zp_draft_put : zp_draft_fix);
    if (!status)
        status = zp_draft_decide(draft, ZP_DECISION_KERNEL_LINKED, ZP_FIELD_KERNEL, linked, linked);
    return status;
}
