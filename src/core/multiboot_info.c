/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a multiboot kernel needs besides itself, its modules and its command line. Version 1 wants a
 * structure that points to a memory map, a module list and strings; version 2 one list of tags with all of
 * it inside. Multiboot Specification 0.6.96 section 3.3, 2.0 section 3.6. All below 4 GiB: the addresses
 * have 32 bits.
 */
#include <zeropage/wire/multiboot.h>
#include <zeropage/wire/multiboot2.h>

#include "draft.h"
#include "loader_name.h"
#include "multiboot_info.h"

static int multiboot1(struct zp_draft *draft)
{
    const struct zp_request *request = draft->plan.request;
    struct zp_want info = {.kind = ZP_SPAN_MULTIBOOT_INFO, .align = ZP_TABLE_ALIGN, .end = ZP_GIB4};
    struct zp_want name = {.kind = ZP_SPAN_LOADER_NAME, .align = 1, .end = ZP_GIB4};
    struct zp_want list = {.kind = ZP_SPAN_MODLIST, .align = ZP_TABLE_ALIGN, .end = ZP_GIB4};
    struct zp_want texts = {.kind = ZP_SPAN_MODULE_CMDLINES, .align = 1, .end = ZP_GIB4};
    int status;

    info.size = sizeof(struct zp_multiboot_info);
    name.size = sizeof(ZP_LOADER_NAME);
    list.size = request->module_count * sizeof(struct zp_multiboot_mod_list);
    texts.size = zp_module_cmdlines_size(request);
    status = zp_draft_want(draft, &info);
    if (!status)
        status = zp_draft_want(draft, &name);
    if (!status && request->module_count)
        status = zp_draft_want(draft, &list);
    if (!status && request->module_count)
        status = zp_draft_want(draft, &texts);
    return status;
}

int zp_draft_multiboot(struct zp_draft *draft)
{
    bool first = draft->plan.protocol == ZP_PROTOCOL_MULTIBOOT1;
    const struct zp_multiboot *header =
        first ? &draft->plan.image->multiboot1 : &draft->plan.image->multiboot2;

    if (header->wants_video_mode && !draft->pinned_pass) {
        int status =
            zp_draft_decide(draft, ZP_DECISION_VIDEO_MODE_UNMET, ZP_FIELD_MB_FLAGS, first ? 1 : 2, 0);

        if (status)
            return status;
    }
    return first ? multiboot1(draft) : ZP_OK;
}

int zp_draft_multiboot_tables(struct zp_draft *draft, size_t range_count)
{
    struct zp_want want = {.kind = ZP_SPAN_MEMMAP, .align = ZP_TABLE_ALIGN, .end = ZP_GIB4};

    if (draft->plan.protocol == ZP_PROTOCOL_MULTIBOOT2) {
        want.kind = ZP_SPAN_MULTIBOOT_INFO;
        want.size = zp_multiboot2_info_size(&draft->plan, range_count);
    } else {
        want.size = range_count * sizeof(struct zp_multiboot_mmap_entry);
    }
    return zp_draft_want(draft, &want);
}
