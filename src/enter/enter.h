/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * enter: the last step of a boot by code that runs on the very CPU that boots - a packer stub, a firmware.
 * What load could not write to its home, because that was busy, is moved there; then the CPU takes the plan's
 * entry state. All of it is done by a trampoline in memory that the plan keeps clear for it.
 *
 * The caller runs in 64-bit mode with memory identity-mapped up to 4 GiB and interrupts off.
 */
#ifndef ZP_ENTER_ENTER_H
#define ZP_ENTER_ENTER_H

#include <stddef.h>

#include <zeropage/plan.h>

/* Bytes for zp_request.trampoline_size. Enough for any plan of up to span_capacity spans. */
size_t zp_enter_size(size_t span_capacity);

/*
 * Executes a loaded plan from its trampoline span; does not come back. The plan and all that it refers to are
 * read before the first byte is moved. plan->trampoline must be below 4 GiB.
 */
_Noreturn void zp_enter(const struct zp_plan *plan);

#endif
