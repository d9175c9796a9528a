/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a PVH kernel needs besides itself, its modules and its command line: start_info version 1, the
 * module list and the memory map. Xen docs/misc/pvh; public/arch-x86/hvm/start_info.h.
 *
 * Linux copies the memory map into an array of 128 ranges unchecked and adds one of its own, and keeps 32
 * bits of the addresses of modules and command line: hence at most 127 ranges and all of it below 4 GiB.
 */
#include <zeropage/wire/xen.h>

#include "draft.h"

#define MEMMAP_MAX 127u

int zp_draft_pvh(struct zp_draft *draft)
{
    const struct zp_request *request = draft->plan.request;
    struct zp_want info = {.kind = ZP_SPAN_START_INFO, .align = ZP_TABLE_ALIGN, .end = ZP_GIB4};
    struct zp_want list = {.kind = ZP_SPAN_MODLIST, .align = ZP_TABLE_ALIGN, .end = ZP_GIB4};
    struct zp_want texts = {.kind = ZP_SPAN_MODULE_CMDLINES, .align = 1, .end = ZP_GIB4};
    size_t modules = draft->joined && request->module_count ? 1 : request->module_count;
    int status;

    info.size = sizeof(struct zp_hvm_start_info);
    status = zp_draft_want(draft, &info);
    if (status || modules == 0)
        return status;
    list.size = modules * sizeof(struct zp_hvm_modlist_entry);
    status = zp_draft_want(draft, &list);
    if (status || draft->joined)
        return status;
    texts.size = zp_module_cmdlines_size(request);
    return zp_draft_want(draft, &texts);
}

int zp_draft_pvh_tables(struct zp_draft *draft, size_t range_count)
{
    struct zp_want map = {.kind = ZP_SPAN_MEMMAP, .align = ZP_TABLE_ALIGN, .end = ZP_GIB4};

    if (draft->pinned_pass && range_count > MEMMAP_MAX)
        range_count = MEMMAP_MAX; /* an upper bound as yet */
    if (range_count > MEMMAP_MAX)
        return zp_draft_fail(draft, ZP_ERR_TOO_MANY_RANGES, ZP_FIELD_MEMMAP, range_count, MEMMAP_MAX);
    map.size = range_count * sizeof(struct zp_hvm_memmap_table_entry);
    return zp_draft_want(draft, &map);
}
