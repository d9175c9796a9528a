/* SPDX-License-Identifier: BSD-2-Clause */
/* In place of what the core knows of multiboot, in stubs whose kernel is entered otherwise. */
#include "../../core/draft.h"
#include "../../core/inspect.h"
#include "../../core/multiboot_info.h"

int zp_inspect_multiboot1(struct zp_inspection *in)
{
    (void)in;
    return ZP_OK;
}

int zp_inspect_multiboot2(struct zp_inspection *in)
{
    (void)in;
    return ZP_OK;
}

int zp_draft_multiboot(struct zp_draft *draft)
{
    return zp_draft_fail(draft, ZP_ERR_PROTOCOL, ZP_FIELD_PROTOCOL, draft->plan.protocol, 0);
}

int zp_draft_multiboot_tables(struct zp_draft *draft, size_t range_count)
{
    (void)range_count;
    return zp_draft_multiboot(draft);
}

void zp_fill_multiboot1_info(const struct zp_plan *plan, void *buffer)
{
    (void)plan;
    (void)buffer;
}

void zp_fill_multiboot1_map(const struct zp_plan *plan, void *buffer)
{
    zp_fill_multiboot1_info(plan, buffer);
}

void zp_fill_multiboot1_modules(const struct zp_plan *plan, void *buffer)
{
    zp_fill_multiboot1_info(plan, buffer);
}

void zp_fill_multiboot2_info(const struct zp_plan *plan, const struct zp_guest *guest, void *buffer,
                             uint64_t size)
{
    (void)plan;
    (void)guest;
    (void)buffer;
    (void)size;
}
