/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors in PVH's start_info, its modules and its memory map. Xen, docs/misc/pvh.pandoc and
 * public/arch-x86/hvm/start_info.h.
 */
#include "spoil_place.h"

static void magic(struct spoil_boot *boot)
{
    spoil_start_info(boot)->magic = 0x336ec568; /* bit 7 of the E is not set: "xEn3" as one would write it */
}

static void reserved(struct spoil_boot *boot)
{
    spoil_start_info(boot)->reserved = 0xffffffff;
}

static void flags(struct spoil_boot *boot)
{
    spoil_start_info(boot)->flags = 0x80;
}

static void module_count(struct spoil_boot *boot)
{
    spoil_start_info(boot)->nr_modules = 0;
}

static void modlist_nowhere(struct spoil_boot *boot)
{
    spoil_start_info(boot)->modlist_paddr = UINT64_C(0xd0000000);
}

static void rsdp_nowhere(struct spoil_boot *boot)
{
    spoil_start_info(boot)->rsdp_paddr = UINT64_C(0xd0000000);
}

/* start_info is handed over in the register of the other 32-bit protocol. */
static void ebx_state(struct spoil_boot *boot)
{
    boot->plan->state.rsi = boot->plan->state.rbx;
    boot->plan->state.rbx = 0;
}

#define PVH (1u << ZP_PROTOCOL_PVH)

const struct spoil_error spoil_pvh_errors[] = {
    {"magic", PVH, NULL, magic},
    {"reserved", PVH, NULL, reserved},
    {"flags", PVH, NULL, flags},
    {"module-count", PVH, NULL, module_count},
    {"modlist-nowhere", PVH, NULL, modlist_nowhere},
    {"rsdp-nowhere", PVH, NULL, rsdp_nowhere},
    {"start-info-in-esi", PVH, ebx_state, NULL},
    {0},
};
