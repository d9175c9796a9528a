/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entered by PVH: start_info. Receives its address (EBX); guarantees in struct arrival the memory map, the
 * command line, the modules with theirs and the RSDP. Version 0 has no memory map - such a guest asks the
 * hypervisor for it, which is Xen's own interface - and is refused. Xen docs/misc/pvh, "x86/HVM direct boot
 * ABI"; its arch-x86/hvm/start_info.h. Types of its map are those of e820.
 */
#include <zeropage/wire/xen.h>

#include "../../core/seam.h"
#include "arrive.h"

static void add_map(struct arrival *arrival, const struct zp_hvm_start_info *info)
{
    uint64_t size = (uint64_t)info->memmap_entries * sizeof(struct zp_hvm_memmap_table_entry);
    const char *entries;

    if (info->memmap_entries == 0)
        stub_refuse("start_info: version %d, no memory map", (uint64_t)info->version);
    if (size > ARRIVE_TABLE_MAX)
        stub_refuse("start_info: memory map of %d entries", (uint64_t)info->memmap_entries);
    entries = arrive_hold(arrival, "start_info: memory map", info->memmap_paddr, size);
    for (size_t i = 0; i < info->memmap_entries; i++) {
        struct zp_hvm_memmap_table_entry entry;

        memcpy(&entry, entries + i * sizeof(entry), sizeof(entry));
        arrive_range(arrival, "start_info: memory map", entry.addr, entry.size, entry.type);
    }
    arrive_map_done(arrival, "start_info");
}

static void add_modules(struct arrival *arrival, const struct zp_hvm_start_info *info)
{
    const char *entries;

    if (info->nr_modules == 0)
        return;
    if (info->nr_modules > STUB_MODULE_MAX)
        stub_refuse("start_info: %d modules", (uint64_t)info->nr_modules);
    entries = arrive_hold(arrival, "start_info: module list", info->modlist_paddr,
                          info->nr_modules * sizeof(struct zp_hvm_modlist_entry));
    for (size_t i = 0; i < info->nr_modules; i++) {
        struct zp_hvm_modlist_entry entry;
        const char *cmdline;
        size_t length;

        memcpy(&entry, entries + i * sizeof(entry), sizeof(entry));
        cmdline = arrive_string(arrival, "start_info: module's command line", entry.cmdline_paddr, &length);
        arrive_module(arrival, "start_info: module", entry.paddr, entry.size, cmdline, length);
    }
}

void stub_arrive_pvh(struct arrival *arrival, uint64_t handed)
{
    struct zp_hvm_start_info info = {.magic = 0};

    memcpy(&info, arrive_hold(arrival, "start_info", handed, ZP_HVM_START_INFO_V0_SIZE),
           ZP_HVM_START_INFO_V0_SIZE);
    if (info.magic != ZP_XEN_HVM_START_MAGIC_VALUE)
        stub_refuse("start_info at 0x%x: its magic is 0x%x", handed, (uint64_t)info.magic);
    if (info.version >= 1)
        memcpy(&info, arrive_hold(arrival, "start_info", handed, sizeof(info)), sizeof(info));
    add_map(arrival, &info);
    add_modules(arrival, &info);
    arrive_cmdline(arrival, "start_info: command line", info.cmdline_paddr);
    arrive_rsdp(arrival, "start_info: rsdp_paddr", info.rsdp_paddr);
}
