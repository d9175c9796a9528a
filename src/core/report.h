/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the core's functions fail: `return zp_report(ret_error, ZP_ERR_..., ZP_FIELD_..., offset, value,
 * limit);`
 */
#ifndef ZP_CORE_REPORT_H
#define ZP_CORE_REPORT_H

#include <zeropage/error.h>

#include "seam.h"

/* Fills in an error that is there for sure: the fault of an entry, kept with it. */
static inline int zp_fault(struct zp_error *fault, int code, uint32_t field, uint64_t offset, uint64_t value,
                           uint64_t limit)
{
    fault->code = code;
    fault->field = field;
    fault->offset = offset;
    fault->value = value;
    fault->limit = limit;
    return code;
}

static inline int zp_report(struct zp_error *ret_error, int code, uint32_t field, uint64_t offset,
                            uint64_t value, uint64_t limit)
{
    return ret_error ? zp_fault(ret_error, code, field, offset, value, limit) : code;
}

#endif
