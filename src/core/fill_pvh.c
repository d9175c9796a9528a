/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * start_info version 1, its modules and its memory map. Xen public/arch-x86/hvm/start_info.h.
 * e820 types 1 to 7 are the memmap's own numbers; anything else is told as reserved.
 */
#include <zeropage/wire/xen.h>

#include "draft.h"
#include "fill.h"

/* A PVH Linux takes the first module as its initrd: all files are joined to one. */
static bool joined(const struct zp_plan *plan)
{
    return plan->initrd_size != 0;
}

void zp_fill_start_info(const struct zp_plan *plan, void *buffer)
{
    struct zp_hvm_start_info info = {.magic = ZP_XEN_HVM_START_MAGIC_VALUE, .version = 1};
    size_t modules = joined(plan) ? 1 : plan->request->module_count;

    info.nr_modules = (uint32_t)modules;
    info.modlist_paddr = zp_address_of(plan, ZP_SPAN_MODLIST, 0);
    info.cmdline_paddr = zp_address_of(plan, ZP_SPAN_CMDLINE, 0);
    info.rsdp_paddr = plan->rsdp.value;
    info.memmap_paddr = zp_address_of(plan, ZP_SPAN_MEMMAP, 0);
    info.memmap_entries = (uint32_t)plan->e820_count;
    memcpy(buffer, &info, sizeof(info));
}

void zp_fill_pvh_modules(const struct zp_plan *plan, void *buffer)
{
    uint64_t cmdline = zp_address_of(plan, ZP_SPAN_MODULE_CMDLINES, 0);
    char *at = buffer;

    if (joined(plan)) {
        struct zp_hvm_modlist_entry entry = {.paddr = plan->initrd.value, .size = plan->initrd_size};

        memcpy(at, &entry, sizeof(entry));
        return;
    }
    for (size_t i = 0; i < plan->request->module_count; i++) {
        const struct zp_module *module = &plan->request->modules[i];
        struct zp_hvm_modlist_entry entry = {.size = module->source->size, .cmdline_paddr = cmdline};

        entry.paddr = zp_address_of(plan, ZP_SPAN_INITRD, (uint32_t)i);
        memcpy(at, &entry, sizeof(entry));
        at += sizeof(entry);
        cmdline += module->cmdline_length + 1;
    }
}

void zp_fill_pvh_map(const struct zp_plan *plan, void *buffer)
{
    const struct zp_span *span = zp_find_span(plan, ZP_SPAN_MEMMAP, 0);
    char *at = buffer;

    memset(buffer, 0, (size_t)span->size); /* a pinned span may be a little larger */
    for (size_t i = 0; i < plan->e820_count; i++) {
        const struct zp_e820_range *range = &plan->e820[i];
        struct zp_hvm_memmap_table_entry entry = {.addr = range->start.value, .size = range->size};

        entry.type =
            range->type <= ZP_XEN_HVM_MEMMAP_TYPE_PMEM ? range->type : ZP_XEN_HVM_MEMMAP_TYPE_RESERVED;
        memcpy(at, &entry, sizeof(entry));
        at += sizeof(entry);
    }
}
