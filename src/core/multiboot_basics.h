/* SPDX-License-Identifier: BSD-2-Clause */
/* What both versions of multiboot tell of memory alike. */
#ifndef ZP_CORE_MULTIBOOT_BASICS_H
#define ZP_CORE_MULTIBOOT_BASICS_H

#include <zeropage/plan.h>

uint32_t zp_multiboot_lower(const struct zp_plan *plan); /* KiB from 0, at most 640 */
uint32_t zp_multiboot_upper(const struct zp_plan *plan); /* KiB from 1 MiB up to the first hole */
uint32_t zp_multiboot_type(uint32_t e820_type);

#endif
