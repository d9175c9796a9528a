/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Linux needs besides itself, its initrd and its command line: boot_params and the setup_data list
 * (RNG seed, memory ranges past 128, the caller's own). Linux Documentation/x86/boot, "32-bit boot protocol"
 * and "64-bit boot protocol"; zero-page.
 */
#include <zeropage/wire/bootparam.h>
#include <zeropage/wire/x86.h>

#include "draft.h"

#define VERSION_SUBARCH    0x207
#define VERSION_SETUP_DATA 0x209

bool zp_is_linux(uint32_t protocol)
{
    return protocol == ZP_PROTOCOL_LINUX32 || protocol == ZP_PROTOCOL_LINUX64;
}

const struct zp_bzimage *zp_find_setup(const struct zp_plan *plan)
{
    const struct zp_image *wrapper = plan->request->wrapper;
    uint32_t container = plan->entry->container;

    if (container == ZP_CONTAINER_BZIMAGE)
        return &plan->image->bzimage;
    if (!wrapper || (container != ZP_CONTAINER_ELF32 && container != ZP_CONTAINER_ELF64))
        return NULL;
    return zp_is_linux(plan->protocol) || plan->protocol == ZP_PROTOCOL_PVH ? &wrapper->bzimage : NULL;
}

/* A bare ELF has no header of its own; the one that load writes for it is of the newest kind. */
static bool header_knows(const struct zp_draft *draft, uint32_t version)
{
    const struct zp_bzimage *setup = zp_find_setup(&draft->plan);

    return !setup || setup->version >= version;
}

uint64_t zp_draft_handoff_end(const struct zp_draft *draft)
{
    const struct zp_bzimage *setup = zp_find_setup(&draft->plan);

    if (draft->plan.protocol != ZP_PROTOCOL_LINUX64)
        return ZP_GIB4;
    return setup && !(setup->header.xloadflags & ZP_XLF_CAN_BE_LOADED_ABOVE_4G) ? ZP_GIB4 : 0;
}

static int refuse_old(struct zp_draft *draft, uint32_t field, uint32_t needed)
{
    return zp_draft_fail(draft, ZP_ERR_UNSUPPORTED, field, zp_find_setup(&draft->plan)->version, needed);
}

static int want_seed(struct zp_draft *draft, uint64_t end)
{
    const struct zp_request *request = draft->plan.request;
    struct zp_want want = {.kind = ZP_SPAN_SETUP_DATA, .align = ZP_TABLE_ALIGN, .end = end};
    int status;

    if (request->entropy_length == 0)
        return ZP_OK;
    if (!header_knows(draft, VERSION_SETUP_DATA)) {
        if (draft->pinned_pass)
            return ZP_OK;
        return zp_draft_decide(draft, ZP_DECISION_RNG_SEED_UNUSED, ZP_FIELD_RNG_SEED, draft->plan.protocol,
                               0);
    }
    if (request->entropy_length > UINT32_MAX)
        return zp_draft_fail(draft, ZP_ERR_TOO_LARGE, ZP_FIELD_ENTROPY, request->entropy_length, UINT32_MAX);
    want.size = sizeof(struct zp_setup_data) + request->entropy_length;
    status = zp_draft_want(draft, &want);
    if (!status && !draft->pinned_pass)
        status = zp_draft_decide(draft, ZP_DECISION_RNG_SEED, ZP_FIELD_RNG_SEED, request->entropy_length, 0);
    return status;
}

int zp_draft_linux(struct zp_draft *draft)
{
    const struct zp_request *request = draft->plan.request;
    struct zp_want params = {.kind = ZP_SPAN_BOOT_PARAMS, .size = sizeof(struct zp_boot_params)};
    uint64_t end = zp_draft_handoff_end(draft);
    int status;

    if (!header_knows(draft, VERSION_SUBARCH) &&
        (request->hardware_subarch || request->hardware_subarch_data))
        return refuse_old(draft, ZP_FIELD_VERSION, VERSION_SUBARCH);
    if (!header_knows(draft, VERSION_SUBARCH) && (request->flags & ZP_REQUEST_KEEP_SEGMENTS))
        return refuse_old(draft, ZP_FIELD_LOADFLAGS, VERSION_SUBARCH);
    for (size_t i = 0; i < request->blob_count; i++)
        if (request->blobs[i].role == ZP_BLOB_SETUP_DATA && !header_knows(draft, VERSION_SETUP_DATA))
            return refuse_old(draft, ZP_FIELD_SETUP_DATA, VERSION_SETUP_DATA);
    params.align = ZP_PAGE_SIZE;
    params.end = end;
    status = zp_draft_want(draft, &params);
    if (!status)
        status = want_seed(draft, end);
    if (!status && !draft->pinned_pass && (request->flags & ZP_REQUEST_KEEP_SEGMENTS))
        status = zp_draft_decide(draft, ZP_DECISION_KEEP_SEGMENTS, ZP_FIELD_GDT, 0, 0);
    return status;
}

/* boot_params holds 128 ranges; the rest goes to a SETUP_E820_EXT node. */
int zp_draft_linux_tables(struct zp_draft *draft, size_t range_count)
{
    struct zp_want want = {.kind = ZP_SPAN_E820_EXT, .align = ZP_TABLE_ALIGN};

    if (range_count <= ZP_E820_MAX_ENTRIES_ZEROPAGE)
        return ZP_OK;
    if (!header_knows(draft, VERSION_SETUP_DATA) && draft->pinned_pass)
        return ZP_OK; /* range_count is an upper bound as yet */
    if (!header_knows(draft, VERSION_SETUP_DATA))
        return zp_draft_fail(draft, ZP_ERR_TOO_MANY_RANGES, ZP_FIELD_E820, range_count,
                             ZP_E820_MAX_ENTRIES_ZEROPAGE);
    want.size = sizeof(struct zp_setup_data) +
                (range_count - ZP_E820_MAX_ENTRIES_ZEROPAGE) * sizeof(struct zp_boot_e820_entry);
    want.end = zp_draft_handoff_end(draft);
    return zp_draft_want(draft, &want);
}
