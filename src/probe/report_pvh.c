/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What PVH hands over: "start_info" at EBX, its memory map, command line and modules. Xen's public
 * arch-x86/hvm/start_info.h: version 0 ends before the memory map.
 */
#include <zeropage/wire/xen.h>

#include "reporting.h"

static void report_modules(struct zp_probe_reporting *reporting, const struct zp_hvm_start_info *info)
{
    struct zp_probe_writer *writer = &reporting->writer;

    for (uint32_t i = 0; i < info->nr_modules; i++) {
        struct zp_hvm_modlist_entry entry;

        if (i == ZP_PROBE_MODULES_MAX) {
            zp_probe_more(reporting, "module", info->nr_modules - i);
            return;
        }
        if (!zp_probe_peek(reporting, info->modlist_paddr + i * sizeof(entry), &entry, sizeof(entry))) {
            zp_probe_line(writer, "module");
            zp_probe_count(writer, "index", i);
            zp_probe_string(writer, "error", "unreadable");
            zp_probe_line_end(writer);
            return;
        }
        zp_probe_module(reporting, i, entry.paddr, entry.size);
        if (entry.cmdline_paddr)
            zp_probe_memory_text(reporting, "cmdline", entry.cmdline_paddr, ZP_PROBE_NAME_MAX);
        else
            zp_probe_null(writer, "cmdline");
        zp_probe_hex(writer, "reserved", entry.reserved);
        zp_probe_line_end(writer);
    }
}

static void report_memory(struct zp_probe_reporting *reporting, const struct zp_hvm_start_info *info)
{
    for (uint32_t i = 0; i < info->memmap_entries; i++) {
        struct zp_hvm_memmap_table_entry entry;

        if (reporting->memory_index == ZP_PROBE_MEMORY_MAX) {
            reporting->memory_more += info->memmap_entries - i;
            break;
        }
        if (!zp_probe_peek(reporting, info->memmap_paddr + i * sizeof(entry), &entry, sizeof(entry)))
            break;
        zp_probe_memory(reporting, entry.addr, entry.size, entry.type);
    }
    zp_probe_memory_end(reporting);
}

static void report_info(struct zp_probe_writer *writer, const struct zp_hvm_start_info *info)
{
    zp_probe_hex(writer, "magic", info->magic);
    zp_probe_count(writer, "version", info->version);
    zp_probe_hex(writer, "flags", info->flags);
    zp_probe_count(writer, "nr_modules", info->nr_modules);
    zp_probe_hex(writer, "modlist_paddr", info->modlist_paddr);
    zp_probe_hex(writer, "cmdline_paddr", info->cmdline_paddr);
    zp_probe_hex(writer, "rsdp_paddr", info->rsdp_paddr);
    if (info->version < 1)
        return;
    zp_probe_hex(writer, "memmap_paddr", info->memmap_paddr);
    zp_probe_count(writer, "memmap_entries", info->memmap_entries);
    zp_probe_hex(writer, "reserved", info->reserved);
}

void zp_probe_report_pvh(struct zp_probe_reporting *reporting)
{
    uint64_t address = reporting->view->cpu.rbx;
    struct zp_probe_writer *writer = &reporting->writer;
    struct zp_hvm_start_info info;
    bool readable;

    memset(&info, 0, sizeof(info));
    readable = zp_probe_peek(reporting, address, &info, ZP_HVM_START_INFO_V0_SIZE);
    if (readable && info.version >= 1)
        readable = zp_probe_peek(reporting, address, &info, ZP_HVM_START_INFO_V1_SIZE);
    zp_probe_line(writer, "start_info");
    zp_probe_hex(writer, "address", address);
    if (readable)
        report_info(writer, &info);
    else
        zp_probe_string(writer, "error", "unreadable");
    zp_probe_line_end(writer);
    /* Without the magic the rest is nobody's: pointers are not followed. */
    if (!readable || info.magic != ZP_XEN_HVM_START_MAGIC_VALUE)
        return;
    reporting->rsdp = info.rsdp_paddr;
    report_memory(reporting, &info);
    zp_probe_cmdline(reporting, info.cmdline_paddr, ZP_PROBE_STRING_MAX);
    report_modules(reporting, &info);
}
