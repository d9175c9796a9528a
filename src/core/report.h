/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the core's functions fail: `return zp_report(ret_error, ZP_ERR_..., ZP_FIELD_..., offset, value,
 * limit);`
 */
#ifndef ZP_CORE_REPORT_H
#define ZP_CORE_REPORT_H

#include <zeropage/error.h>

#include "seam.h"

static inline int zp_report(struct zp_error *ret_error, int code, uint32_t field, uint64_t offset,
                            uint64_t value, uint64_t limit)
{
    if (ret_error) {
        ret_error->code = code;
        ret_error->field = field;
        ret_error->offset = offset;
        ret_error->value = value;
        ret_error->limit = limit;
    }
    return code;
}

#endif
