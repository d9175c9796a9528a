/* SPDX-License-Identifier: BSD-2-Clause */
/* In place of the core's linux.c and fill_linux.c in stubs whose kernel is entered by multiboot. */
#include "../../core/draft.h"
#include "../../core/fill.h"

static int unsupported(struct zp_draft *draft)
{
    return zp_draft_fail(draft, ZP_ERR_PROTOCOL, ZP_FIELD_PROTOCOL, draft->plan.protocol, 0);
}

bool zp_is_linux(uint32_t protocol)
{
    (void)protocol;
    return false;
}

const struct zp_bzimage *zp_find_setup(const struct zp_plan *plan)
{
    (void)plan;
    return NULL;
}

uint64_t zp_draft_handoff_end(const struct zp_draft *draft)
{
    (void)draft;
    return ZP_GIB4;
}

int zp_draft_linux(struct zp_draft *draft)
{
    return unsupported(draft);
}

int zp_draft_linux_tables(struct zp_draft *draft, size_t range_count)
{
    (void)range_count;
    return unsupported(draft);
}

void zp_fill_boot_params(const struct zp_plan *plan, void *buffer)
{
    (void)plan;
    (void)buffer;
}

void zp_fill_rng_seed(const struct zp_plan *plan, const struct zp_span *span, void *buffer)
{
    (void)plan;
    (void)span;
    (void)buffer;
}

void zp_fill_e820_ext(const struct zp_plan *plan, const struct zp_span *span, void *buffer)
{
    (void)plan;
    (void)span;
    (void)buffer;
}

void zp_fill_setup_data_header(const struct zp_plan *plan, const struct zp_span *span, void *buffer)
{
    (void)plan;
    (void)span;
    (void)buffer;
}
