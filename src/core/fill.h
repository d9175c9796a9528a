/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What load writes into the spans that plan placed. Each function fills a buffer of its span's size, whole,
 * and cannot fail: every check was plan's.
 */
#ifndef ZP_CORE_FILL_H
#define ZP_CORE_FILL_H

#include <zeropage/plan.h>

/* Address of the first span of that kind and index, 0 when there is none. */
uint64_t zp_address_of(const struct zp_plan *plan, uint32_t kind, uint32_t index);

/* fill_linux.c */
void zp_fill_boot_params(const struct zp_plan *plan, void *buffer);
void zp_fill_rng_seed(const struct zp_plan *plan, const struct zp_span *span, void *buffer);
void zp_fill_e820_ext(const struct zp_plan *plan, const struct zp_span *span, void *buffer);
void zp_fill_setup_data_header(const struct zp_plan *plan, const struct zp_span *span, void *buffer);

/* fill_pvh.c */
void zp_fill_start_info(const struct zp_plan *plan, void *buffer);
void zp_fill_pvh_modules(const struct zp_plan *plan, void *buffer);
void zp_fill_pvh_map(const struct zp_plan *plan, void *buffer);

#endif
