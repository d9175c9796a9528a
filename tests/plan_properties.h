/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What holds for every plan, whatever it was made from: used by the unit tests and by the fuzzers.
 * zp_plan_broken returns NULL, or a sentence about the first property that does not hold.
 */
#ifndef ZP_TESTS_PLAN_PROPERTIES_H
#define ZP_TESTS_PLAN_PROPERTIES_H

#include <stdbool.h>
#include <stdint.h>

#include <zeropage/zeropage.h>

/* Is [start, +size) free RAM? Byte ranges are walked in a way of their own, not the core's. */
static inline bool zp_is_free(const struct zp_machine *machine, uint64_t start, uint64_t size)
{
    uint64_t covered = 0;

    for (size_t i = 0; i < machine->range_count; i++) {
        uint64_t from = machine->ranges[i].start.value;
        uint64_t to = from + machine->ranges[i].size;

        if (machine->ranges[i].usage != ZP_USAGE_FREE)
            continue;
        if (from < start)
            from = start;
        if (to > start + size)
            to = start + size;
        if (from < to)
            covered += to - from;
    }
    return covered == size;
}

/* As zp_is_free, with memory that is busy until entry below 4 GiB where the plan may defer. */
static inline bool zp_is_home(const struct zp_plan *plan, uint64_t start, uint64_t size)
{
    const struct zp_machine *machine = plan->machine;
    bool defers = (plan->request->flags & ZP_REQUEST_DEFER) && plan->request->trampoline_size;
    uint64_t covered = 0;

    if (!defers || start + size > UINT64_C(1) << 32)
        return zp_is_free(machine, start, size);
    for (size_t i = 0; i < machine->range_count; i++) {
        uint64_t from = machine->ranges[i].start.value;
        uint64_t to = from + machine->ranges[i].size;

        if (machine->ranges[i].usage == ZP_USAGE_RESERVED)
            continue;
        from = from < start ? start : from;
        to = to > start + size ? start + size : to;
        covered += from < to ? to - from : 0;
    }
    return covered == size;
}

/* What load writes of a span lies in free RAM: at home, or in a staging span of its very size. */
static inline const char *zp_staging_broken(const struct zp_plan *plan, const struct zp_span *span)
{
    bool filed = span->kind == ZP_SPAN_KERNEL || span->kind == ZP_SPAN_INITRD;
    uint64_t bytes = filed ? span->file_size : span->kind == ZP_SPAN_STACK ? 0 : span->size;
    const struct zp_span *staging;

    if (span->staged.value == span->start.value) {
        if (span->kind != ZP_SPAN_KERNEL_RESERVED &&
            !zp_is_free(plan->machine, span->start.value, span->size))
            return "a span lies outside free RAM";
        return NULL;
    }
    if (span->kind == ZP_SPAN_KERNEL_RESERVED || span->kind == ZP_SPAN_STAGING ||
        span->kind == ZP_SPAN_TRAMPOLINE)
        return "what load does not write is staged";
    if (zp_is_free(plan->machine, span->start.value, span->size))
        return "a span is staged without need";
    if (span->staged.value == ZP_NOT_STAGED)
        return bytes ? "bytes are staged nowhere" : NULL;
    staging = zp_plan_span_at(plan, span->staged);
    if (!staging || staging->kind != ZP_SPAN_STAGING || staging->start.value != span->staged.value ||
        staging->size != bytes || bytes == 0)
        return "a span is not staged in a staging span of its own";
    if (staging->start.value + staging->size > UINT64_C(1) << 32)
        return "a span is staged above 4 GiB";
    return NULL;
}

/* The trampoline, and that the moves lead from each staging span to one home. */
static inline const char *zp_moves_broken(const struct zp_plan *plan)
{
    const struct zp_span *trampoline = zp_plan_span(plan, ZP_SPAN_TRAMPOLINE);
    static struct zp_move moves[4400];
    size_t count = 0, deferred = 0, staging = 0, words = 0;

    if ((trampoline != NULL) != (plan->request->trampoline_size != 0) ||
        plan->trampoline.value != (trampoline ? trampoline->start.value : 0))
        return "there is a trampoline unasked for, or none";
    if (trampoline &&
        (trampoline->start.value % 4096 || trampoline->size < plan->request->trampoline_size ||
         trampoline->start.value + trampoline->size > UINT64_C(1) << 32 ||
         (plan->identity_end.value && trampoline->start.value + trampoline->size > plan->identity_end.value)))
        return "the trampoline is unaligned, too small or too high";
    if (zp_plan_moves(plan, moves, 4400, &count, NULL))
        return "moves are not listed";
    for (size_t i = 0; i < plan->span_count; i++) {
        const struct zp_span *span = &plan->spans[i];

        staging += span->kind == ZP_SPAN_STAGING;
        if (span->staged.value == span->start.value)
            continue;
        deferred++;
        words += span->kind == ZP_SPAN_BDA;
        if (span->staged.value != ZP_NOT_STAGED &&
            moves[zp_plan_span_at(plan, span->staged)->index].to.value != span->start.value)
            return "a staging span has not the number of its move";
    }
    if (staging > deferred || count != deferred + words)
        return "there are moves for what is not deferred";
    for (size_t i = 0; i < count; i++) {
        if (moves[i].size == 0 && moves[i].clear == 0)
            return "a move does nothing";
        if (moves[i].size && !zp_is_free(plan->machine, moves[i].from.value, moves[i].size))
            return "a move comes from memory that is not free RAM";
        if (!zp_is_home(plan, moves[i].to.value, moves[i].size + moves[i].clear))
            return "a move leads out of RAM";
    }
    return NULL;
}

static inline const char *zp_spans_broken(const struct zp_plan *plan)
{
    uint64_t runtime_end = plan->runtime.value + plan->runtime_size;

    for (size_t i = 0; i < plan->span_count; i++) {
        const struct zp_span *span = &plan->spans[i];
        uint64_t end = span->start.value + span->size;
        bool kernel = span->kind == ZP_SPAN_KERNEL || span->kind == ZP_SPAN_KERNEL_RESERVED;

        if (span->size == 0 || end < span->start.value)
            return "a span is empty or wraps";
        if (span->file_size > span->size)
            return "a span holds more of the file than it has bytes";
        if (i && span->start.value < span[-1].start.value + span[-1].size)
            return "spans are unsorted or overlap";
        if (!zp_is_home(plan, span->start.value, span->size))
            return "a span lies outside RAM";
        if (zp_staging_broken(plan, span))
            return zp_staging_broken(plan, span);
        if (!kernel && span->start.value < runtime_end && end > plan->runtime.value)
            return "something lies in the kernel's runtime range";
    }
    return zp_moves_broken(plan);
}

static inline const char *zp_e820_broken(const struct zp_plan *plan)
{
    for (size_t i = 0; i < plan->e820_count; i++) {
        const struct zp_e820_range *range = &plan->e820[i];

        if (range->size == 0)
            return "an e820 range is empty";
        if (i && range->start.value < range[-1].start.value + range[-1].size)
            return "e820 ranges are unsorted or overlap";
        if (i && range->type == range[-1].type &&
            range->start.value == range[-1].start.value + range[-1].size)
            return "e820 ranges are not merged";
    }
    return NULL;
}

static inline const char *zp_entry_broken(const struct zp_plan *plan)
{
    const struct zp_span *span = zp_plan_span_at(plan, (zp_gpa){plan->state.rip});
    bool long_mode = plan->state.mode == ZP_MODE_LONG64;

    if (!span || span->kind != ZP_SPAN_KERNEL)
        return "the entry is not in a loaded segment";
    if (!long_mode && plan->state.rip >= UINT64_C(1) << 32)
        return "a 32-bit entry lies above 4 GiB";
    if (long_mode && (plan->state.cr3 == 0 || plan->state.rip >= plan->identity_end.value))
        return "the 64-bit entry is not mapped";
    return NULL;
}

/* Where the lowest segment is mapped: by the table's word, else beside the segment that is entered. */
static inline uint64_t zp_virtual_base(const struct zp_plan *plan)
{
    const struct zp_entry *entry = plan->entry;
    const struct zp_segment *segments = plan->image->segments + entry->segment_first;
    uint64_t map = plan->image->relocations.map;

    if (plan->image->relocations.list_count == 0) {
        map = segments[0].vaddr - segments[0].paddr.value;
        for (size_t i = 1; i < entry->segment_count; i++)
            if (segments[i].paddr.value <= entry->address.value)
                map = segments[i].vaddr - segments[i].paddr.value;
    }
    map += segments[0].paddr.value + plan->virtual_delta;
    return entry->container == ZP_CONTAINER_ELF32 ? (uint32_t)map : map;
}

/* How the kernel was moved, and whether its virtual addresses went along as they must. */
static inline const char *zp_move_broken(const struct zp_plan *plan)
{
    const struct zp_entry *entry = plan->entry;
    const struct zp_segment *lowest = &plan->image->segments[entry->segment_first];
    const struct zp_relocations *table = &plan->image->relocations;
    bool linux_entry = plan->protocol == ZP_PROTOCOL_LINUX32 || plan->protocol == ZP_PROTOCOL_LINUX64;
    bool elf = entry->container == ZP_CONTAINER_ELF32 || entry->container == ZP_CONTAINER_ELF64;
    bool is_linux = plan->image->elf.guest_linux || (plan->request->wrapper && linux_entry);

    if (plan->kernel_load.value != lowest->paddr.value + plan->delta)
        return "the lowest segment is not where delta puts it";
    if (plan->state.rip != entry->address.value + plan->delta)
        return "the entry does not move with the kernel";
    if (plan->runtime_size == 0 || !zp_is_home(plan, plan->runtime.value, plan->runtime_size))
        return "the runtime range is not all RAM";
    if (plan->virtual_delta && (!elf || !linux_entry || table->list_count == 0 || table->fault.code))
        return "a kernel is relocated without a sound table";
    if (plan->virtual_base != (elf && is_linux ? zp_virtual_base(plan) : 0) &&
        plan->protocol != ZP_PROTOCOL_PVH)
        return "the virtual base is not where virtual_delta puts it";
    if (is_linux && entry->container == ZP_CONTAINER_ELF32 && linux_entry &&
        plan->virtual_delta != plan->delta)
        return "a 32-bit Linux lies elsewhere than it was relocated for";
    if (!elf || !is_linux || !linux_entry)
        return NULL;
    if (plan->delta && plan->delta % (UINT64_C(2) << 20))
        return "Linux is moved by part of a large page";
    if (plan->delta && plan->kernel_load.value < lowest->paddr.value)
        return "Linux lies below the address it was linked for";
    return NULL;
}

static inline const struct zp_decision *zp_decision_of(const struct zp_plan *plan, uint32_t code)
{
    for (size_t i = 0; i < plan->decision_count; i++)
        if (plan->decisions[i].code == code)
            return &plan->decisions[i];
    return NULL;
}

/* What was chosen at random lies on the grid, in the range, and was asked for. */
static inline const char *zp_kaslr_broken(const struct zp_plan *plan)
{
    const struct zp_decision *physical = zp_decision_of(plan, ZP_DECISION_KASLR_PHYSICAL);
    const struct zp_decision *virtually = zp_decision_of(plan, ZP_DECISION_KASLR_VIRTUAL);
    const struct zp_image *wrapper = plan->request->wrapper;
    uint64_t linked = plan->kernel_load.value - plan->delta;
    uint64_t align = plan->entry->align;
    bool is_64 = plan->entry->container == ZP_CONTAINER_ELF64;

    if (wrapper && wrapper->bzimage.kernel_alignment > align && plan->protocol != ZP_PROTOCOL_PVH)
        align = wrapper->bzimage.kernel_alignment;
    if (align == 0)
        align = UINT64_C(2) << 20;
    if ((physical || virtually || zp_decision_of(plan, ZP_DECISION_KASLR_NONE)) &&
        !(plan->request->flags & ZP_REQUEST_KASLR))
        return "KASLR without being asked for";
    if (!virtually && is_64 && plan->virtual_delta)
        return "a 64-bit kernel is relocated without KASLR";
    if (physical && (physical->a != plan->kernel_load.value || physical->b < 2))
        return "the decision about the physical base tells another one";
    if (physical && (plan->kernel_load.value % align || plan->kernel_load.value < linked))
        return "the physical base is unaligned or too low";
    if (physical && plan->entry->align &&
        plan->runtime.value + plan->runtime_size - 1 > plan->entry->max.value)
        return "the physical base is too high";
    if (virtually && (virtually->a != plan->virtual_base || virtually->b < 2))
        return "the decision about the virtual base tells another one";
    if (virtually && is_64 &&
        (plan->virtual_delta % align || plan->virtual_delta > UINT64_C(1) << 30 ||
         linked + plan->virtual_delta + plan->runtime_size > UINT64_C(1) << 30))
        return "the virtual base is unaligned or out of range";
    if ((plan->virtual_delta != 0) != (zp_decision_of(plan, ZP_DECISION_RELOCATIONS) != NULL))
        return "relocation is not told, or told without need";
    return NULL;
}

static inline const char *zp_plan_broken(const struct zp_plan *plan)
{
    const char *broken = zp_spans_broken(plan);

    if (!broken)
        broken = zp_e820_broken(plan);
    if (!broken)
        broken = zp_entry_broken(plan);
    if (!broken)
        broken = zp_move_broken(plan);
    if (!broken)
        broken = zp_kaslr_broken(plan);
    return broken;
}

#endif
