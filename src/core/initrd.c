/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Places initrds and boot modules.
 *
 * Linux takes all files as one initrd: each is padded to 4 bytes, as its unpacker wants (Documentation/
 * driver-api/early-userspace/buffer-format), and they follow each other. It lies as high as initrd_addr_max
 * allows, page aligned, never across a hole; kernels that say XLF_CAN_BE_LOADED_ABOVE_4G take it anywhere
 * when it does not fit there. The last page belongs to it alone, for Linux frees whole pages. PVH and
 * multiboot hand over one module each, below 4 GiB; a PVH Linux, which looks at the first module only, gets
 * them joined.
 */
#include <zeropage/wire/x86.h>

#include "draft.h"

#define INITRD_MAX_32BIT UINT64_C(0x37ffffff)

static uint64_t padded(uint64_t size)
{
    return (size + 3) & ~UINT64_C(3);
}

/* Highest end allowed at first, and whether anywhere will do when that is full. */
static uint64_t initrd_end(const struct zp_draft *draft, bool *ret_anywhere)
{
    const struct zp_bzimage *setup = zp_find_setup(&draft->plan);
    uint64_t end;

    *ret_anywhere = false;
    /* Multiboot hands over a module's end, in 32 bits: 4 GiB itself would come out as 0. */
    if (draft->plan.protocol == ZP_PROTOCOL_MULTIBOOT1 || draft->plan.protocol == ZP_PROTOCOL_MULTIBOOT2)
        return UINT32_MAX;
    if (!zp_is_linux(draft->plan.protocol))
        return ZP_GIB4;
    if (!setup) {
        *ret_anywhere = draft->plan.entry->container == ZP_CONTAINER_ELF64;
        return *ret_anywhere ? ZP_GIB4 : INITRD_MAX_32BIT + 1;
    }
    *ret_anywhere = (setup->header.xloadflags & ZP_XLF_CAN_BE_LOADED_ABOVE_4G) != 0;
    end = setup->initrd_max.value;
    return end >= ZP_GIB4 ? ZP_GIB4 : end + 1;
}

static int module_sizes(struct zp_draft *draft, uint64_t *ret_joined)
{
    const struct zp_request *request = draft->plan.request;
    uint64_t sum = 0;

    for (size_t i = 0; i < request->module_count; i++) {
        uint64_t size = request->modules[i].source->size;

        if (size == 0)
            return zp_draft_fail(draft, ZP_ERR_INITRD_EMPTY, ZP_FIELD_INITRD, i, 0);
        if (size > UINT64_MAX - 3 - ZP_PAGE_SIZE || !zp_add(sum, padded(size), &sum))
            return zp_draft_fail(draft, ZP_ERR_OVERFLOW, ZP_FIELD_INITRD, size, sum);
    }
    *ret_joined = sum;
    return ZP_OK;
}

/* The home of size bytes: pinned, or as high as allowed. */
static int find_home(struct zp_draft *draft, uint32_t index, uint64_t size, uint64_t *ret_start,
                     bool *ret_pinned)
{
    struct zp_want want = {.kind = ZP_SPAN_INITRD, .align = ZP_PAGE_SIZE, .high = true, .free_only = true};
    const struct zp_pin *pin = zp_draft_pin(draft, ZP_SPAN_INITRD, index);
    uint64_t largest;
    uint64_t end;
    bool anywhere;

    want.end = end = initrd_end(draft, &anywhere);
    if (!zp_align_up(size, ZP_PAGE_SIZE, &want.size))
        return zp_draft_fail(draft, ZP_ERR_OVERFLOW, ZP_FIELD_INITRD, size, ZP_PAGE_SIZE);
    *ret_pinned = pin != NULL;
    if (pin) {
        *ret_start = pin->start.value;
        if (*ret_start % ZP_PAGE_SIZE)
            return zp_draft_fail(draft, ZP_ERR_ALIGNMENT, ZP_FIELD_INITRD, *ret_start, ZP_PAGE_SIZE);
        if (!anywhere && !zp_fits(*ret_start, size, want.end))
            return zp_draft_fail(draft, ZP_ERR_TOO_LARGE, ZP_FIELD_INITRD, *ret_start, want.end - 1);
        return ZP_OK;
    }
    if (zp_draft_find(draft, &want, ZP_LOWEST, ret_start, &largest))
        return zp_draft_decide(draft, ZP_DECISION_INITRD_HIGH, ZP_FIELD_INITRD, *ret_start, want.end);
    if (anywhere) {
        want.end = 0;
        if (zp_draft_find(draft, &want, ZP_LOWEST, ret_start, &largest))
            return zp_draft_decide(draft, ZP_DECISION_INITRD_HIGH, ZP_FIELD_INITRD, *ret_start, 0);
    }
    want.end = end;
    want.free_only = false; /* to be moved there at entry */
    if (draft->deferring && zp_draft_find(draft, &want, ZP_LOWEST, ret_start, &largest))
        return zp_draft_decide(draft, ZP_DECISION_INITRD_HIGH, ZP_FIELD_INITRD, *ret_start, end);
    return zp_draft_fail(draft, ZP_ERR_NO_SPACE, ZP_FIELD_INITRD, want.size, largest);
}

/* One file at start; its span ends at end. */
static int fix_module(struct zp_draft *draft, size_t index, uint64_t start, uint64_t end, bool pinned)
{
    struct zp_span span = {
        .kind = ZP_SPAN_INITRD, .index = (uint32_t)index, .e820_type = 1, .pinned = pinned};

    span.start.value = start;
    span.size = end - start;
    span.file_size = draft->plan.request->modules[index].source->size;
    return pinned ? zp_draft_fix(draft, &span) : zp_draft_put(draft, &span);
}

static int joined_modules(struct zp_draft *draft, uint64_t size)
{
    const struct zp_request *request = draft->plan.request;
    uint64_t start;
    uint64_t at;
    bool pinned;
    int status;

    if ((zp_draft_pin(draft, ZP_SPAN_INITRD, 0) != NULL) != draft->pinned_pass)
        return ZP_OK;
    status = find_home(draft, 0, size, &start, &pinned);
    at = start;
    for (size_t i = 0; !status && i < request->module_count; i++) {
        uint64_t end = at + padded(request->modules[i].source->size);

        if (i + 1 == request->module_count && !zp_align_up(end, ZP_PAGE_SIZE, &end))
            return zp_draft_fail(draft, ZP_ERR_OVERFLOW, ZP_FIELD_INITRD, end, ZP_PAGE_SIZE);
        status = fix_module(draft, i, at, end, pinned);
        draft->plan.initrd.value = start;
        draft->plan.initrd_size = at + request->modules[i].source->size - start;
        at = end;
    }
    if (!status && request->module_count > 1)
        status = zp_draft_decide(draft, ZP_DECISION_MODULES_JOINED, ZP_FIELD_INITRD, request->module_count,
                                 draft->plan.initrd_size);
    return status;
}

static int separate_modules(struct zp_draft *draft)
{
    const struct zp_request *request = draft->plan.request;

    for (size_t i = 0; i < request->module_count; i++) {
        uint64_t size = request->modules[i].source->size;
        uint64_t start;
        uint64_t end;
        bool pinned;
        int status;

        if ((zp_draft_pin(draft, ZP_SPAN_INITRD, (uint32_t)i) != NULL) != draft->pinned_pass)
            continue;
        status = find_home(draft, (uint32_t)i, size, &start, &pinned);
        if (status)
            return status;
        if (!zp_add(start, size, &end) || !zp_align_up(end, ZP_PAGE_SIZE, &end))
            return zp_draft_fail(draft, ZP_ERR_OVERFLOW, ZP_FIELD_INITRD, start, size);
        status = fix_module(draft, i, start, end, pinned);
        if (status)
            return status;
    }
    return ZP_OK;
}

int zp_draft_modules(struct zp_draft *draft)
{
    uint64_t size;
    int status;

    if (draft->plan.request->module_count == 0)
        return ZP_OK;
    status = module_sizes(draft, &size);
    if (status)
        return status;
    return draft->joined ? joined_modules(draft, size) : separate_modules(draft);
}
