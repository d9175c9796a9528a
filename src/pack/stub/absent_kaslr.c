/* SPDX-License-Identifier: BSD-2-Clause */
/* In place of the core's kaslr.c and relocation.c: no base is chosen at random, so nothing is relocated. */
#include "../../core/draft.h"
#include "../../core/inspect.h"
#include "../../core/relocation.h"

int zp_draft_kaslr(struct zp_draft *draft)
{
    (void)draft;
    return ZP_OK;
}

bool zp_plan_randomised(const struct zp_plan *plan)
{
    (void)plan;
    return false;
}

int zp_inspect_relocations(struct zp_inspection *in)
{
    (void)in;
    return ZP_OK;
}

size_t zp_relocation_lists(const struct zp_relocations *table,
                           struct zp_relocation_list lists[ZP_RELOCATION_LISTS])
{
    (void)table;
    (void)lists;
    return 0;
}

int zp_relocation_first(struct zp_relocation_cursor *cursor, const struct zp_source *source, uint64_t offset,
                        uint64_t count, struct zp_error *ret_error)
{
    (void)cursor;
    (void)source;
    return zp_report(ret_error, ZP_ERR_UNSUPPORTED, ZP_FIELD_RELOCATIONS, offset, count, 0);
}

int zp_relocation_next(struct zp_relocation_cursor *cursor, struct zp_error *ret_error)
{
    return zp_relocation_first(cursor, NULL, 0, 0, ret_error);
}
