/* SPDX-License-Identifier: BSD-2-Clause */
/* What plan and load share of multiboot information. */
#ifndef ZP_CORE_MULTIBOOT_INFO_H
#define ZP_CORE_MULTIBOOT_INFO_H

#include <zeropage/load.h>
#include <zeropage/plan.h>

/* Bytes of the multiboot 2 information of this plan with range_count memory ranges. */
uint64_t zp_multiboot2_info_size(const struct zp_plan *plan, size_t range_count);

/* fill_multiboot.c, fill_multiboot2.c. The RSDP is read from guest memory: blobs are filled before. */
void zp_fill_multiboot1_info(const struct zp_plan *plan, void *buffer);
void zp_fill_multiboot1_map(const struct zp_plan *plan, void *buffer);
void zp_fill_multiboot1_modules(const struct zp_plan *plan, void *buffer);
void zp_fill_module_cmdlines(const struct zp_plan *plan, void *buffer);
void zp_fill_multiboot2_info(const struct zp_plan *plan, const struct zp_guest *guest, void *buffer,
                             uint64_t size);

#endif
