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

static void module_reserved(struct spoil_boot *boot)
{
    struct zp_hvm_modlist_entry *module =
        spoil_at(boot, spoil_start_info(boot)->modlist_paddr, sizeof(*module));

    module->reserved = UINT64_C(0xa5a5a5a500000000);
}

static void map_reserved(struct spoil_boot *boot)
{
    ((struct zp_hvm_memmap_table_entry *)spoil_range(boot, 1))->reserved = 1;
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
    {"magic", PVH, NULL, magic, false},
    {"reserved", PVH, NULL, reserved, false},
    {"flags", PVH, NULL, flags, false},
    {"module-count", PVH, NULL, module_count, false},
    {"modlist-nowhere", PVH, NULL, modlist_nowhere, false},
    {"module-reserved", PVH, NULL, module_reserved, false},
    {"map-reserved", PVH, NULL, map_reserved, false},
    {"rsdp-nowhere", PVH, NULL, rsdp_nowhere, false},
    {"start-info-in-esi", PVH, ebx_state, NULL, false},
    {0},
};
