/* SPDX-License-Identifier: BSD-2-Clause */
/* In place of the core's pvh.c and fill_pvh.c in stubs whose kernel is entered otherwise. */
#include "../../core/draft.h"
#include "../../core/fill.h"

int zp_draft_pvh(struct zp_draft *draft)
{
    return zp_draft_fail(draft, ZP_ERR_PROTOCOL, ZP_FIELD_PROTOCOL, draft->plan.protocol, 0);
}

int zp_draft_pvh_tables(struct zp_draft *draft, size_t range_count)
{
    (void)range_count;
    return zp_draft_pvh(draft);
}

void zp_fill_start_info(const struct zp_plan *plan, void *buffer)
{
    (void)plan;
    (void)buffer;
}

void zp_fill_pvh_modules(const struct zp_plan *plan, void *buffer)
{
    (void)plan;
    (void)buffer;
}

void zp_fill_pvh_map(const struct zp_plan *plan, void *buffer)
{
    (void)plan;
    (void)buffer;
}
