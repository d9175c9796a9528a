/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Multiboot 1 hands over: the information structure at EBX, and what it points to where its flags say
 * so. Multiboot Specification 0.6.96, section 3.3 "Boot information format". Loaders older than the frame
 * buffer fields end the structure before them.
 */
#include <zeropage/wire/multiboot.h>

#include "reporting.h"

#define BASIC_SIZE (offsetof(struct zp_multiboot_info, framebuffer_addr))
#define ENTRY_SIZE (sizeof(struct zp_multiboot_mmap_entry) - 4) /* what the entry's own size counts */
#define STEPS_MAX  65536u

static void put_basic(struct zp_probe_writer *writer, const struct zp_multiboot_info *info)
{
    zp_probe_hex(writer, "flags", info->flags);
    zp_probe_count(writer, "mem_lower", info->mem_lower);
    zp_probe_count(writer, "mem_upper", info->mem_upper);
    zp_probe_hex(writer, "boot_device", info->boot_device);
    zp_probe_hex(writer, "cmdline", info->cmdline);
    zp_probe_count(writer, "mods_count", info->mods_count);
    zp_probe_hex(writer, "mods_addr", info->mods_addr);
    zp_probe_open(writer, "syms");
    zp_probe_count(writer, "num", info->u.elf_sec.num);
    zp_probe_count(writer, "size", info->u.elf_sec.size);
    zp_probe_hex(writer, "addr", info->u.elf_sec.addr);
    zp_probe_count(writer, "shndx", info->u.elf_sec.shndx);
    zp_probe_close(writer);
    zp_probe_count(writer, "mmap_length", info->mmap_length);
    zp_probe_hex(writer, "mmap_addr", info->mmap_addr);
    zp_probe_count(writer, "drives_length", info->drives_length);
    zp_probe_hex(writer, "drives_addr", info->drives_addr);
    zp_probe_hex(writer, "config_table", info->config_table);
    zp_probe_hex(writer, "boot_loader_name", info->boot_loader_name);
    zp_probe_hex(writer, "apm_table", info->apm_table);
    zp_probe_hex(writer, "vbe_control_info", info->vbe_control_info);
    zp_probe_hex(writer, "vbe_mode_info", info->vbe_mode_info);
    zp_probe_hex(writer, "vbe_mode", info->vbe_mode);
    zp_probe_hex(writer, "vbe_interface_seg", info->vbe_interface_seg);
    zp_probe_hex(writer, "vbe_interface_off", info->vbe_interface_off);
    zp_probe_count(writer, "vbe_interface_len", info->vbe_interface_len);
}

static void put_framebuffer(struct zp_probe_writer *writer, const struct zp_multiboot_info *info)
{
    zp_probe_hex(writer, "framebuffer_addr", info->framebuffer_addr);
    zp_probe_count(writer, "framebuffer_pitch", info->framebuffer_pitch);
    zp_probe_count(writer, "framebuffer_width", info->framebuffer_width);
    zp_probe_count(writer, "framebuffer_height", info->framebuffer_height);
    zp_probe_count(writer, "framebuffer_bpp", info->framebuffer_bpp);
    zp_probe_count(writer, "framebuffer_type", info->framebuffer_type);
}

static bool report_info(struct zp_probe_reporting *reporting, uint64_t address,
                        struct zp_multiboot_info *ret_info)
{
    struct zp_probe_writer *writer = &reporting->writer;
    bool readable;

    memset(ret_info, 0, sizeof(*ret_info));
    readable = zp_probe_peek(reporting, address, ret_info, BASIC_SIZE);
    if (readable && ret_info->flags & ZP_MULTIBOOT_INFO_FRAMEBUFFER_INFO)
        readable = zp_probe_peek(reporting, address, ret_info, sizeof(*ret_info));
    zp_probe_line(writer, "multiboot1");
    zp_probe_hex(writer, "address", address);
    if (!readable) {
        zp_probe_string(writer, "error", "unreadable");
    } else {
        put_basic(writer, ret_info);
        if (ret_info->flags & ZP_MULTIBOOT_INFO_FRAMEBUFFER_INFO)
            put_framebuffer(writer, ret_info);
        if (ret_info->flags & ZP_MULTIBOOT_INFO_BOOT_LOADER_NAME)
            zp_probe_memory_text(reporting, "loader", ret_info->boot_loader_name, ZP_PROBE_NAME_MAX);
    }
    zp_probe_line_end(writer);
    return readable;
}

static void put_memory_error(struct zp_probe_reporting *reporting, const char *error)
{
    zp_probe_line(&reporting->writer, "memory");
    zp_probe_string(&reporting->writer, "error", error);
    zp_probe_line_end(&reporting->writer);
}

/* Each entry tells how far the next one is. */
static void report_memory(struct zp_probe_reporting *reporting, const struct zp_multiboot_info *info)
{
    uint64_t at = info->mmap_addr, end = at + info->mmap_length;
    const char *error = NULL;

    for (uint32_t steps = 0; at < end && !error; steps++) {
        struct zp_multiboot_mmap_entry entry;

        if (steps == STEPS_MAX)
            error = "too many";
        else if (!zp_probe_peek(reporting, at, &entry, sizeof(entry)))
            error = "unreadable";
        else if (entry.size < ENTRY_SIZE)
            error = "size";
        else if (at + 4 + entry.size > end)
            error = "beyond the end";
        if (error)
            break;
        zp_probe_memory(reporting, entry.addr, entry.len, entry.type);
        at += 4 + (uint64_t)entry.size;
    }
    zp_probe_memory_end(reporting);
    if (error)
        put_memory_error(reporting, error);
}

static void report_modules(struct zp_probe_reporting *reporting, const struct zp_multiboot_info *info)
{
    struct zp_probe_writer *writer = &reporting->writer;

    for (uint32_t i = 0; i < info->mods_count; i++) {
        struct zp_multiboot_mod_list entry;

        if (i == ZP_PROBE_MODULES_MAX) {
            zp_probe_more(reporting, "module", info->mods_count - i);
            return;
        }
        if (!zp_probe_peek(reporting, info->mods_addr + (uint64_t)i * sizeof(entry), &entry, sizeof(entry))) {
            zp_probe_line(writer, "module");
            zp_probe_count(writer, "index", i);
            zp_probe_string(writer, "error", "unreadable");
            zp_probe_line_end(writer);
            return;
        }
        if (entry.mod_end < entry.mod_start) {
            zp_probe_line(writer, "module");
            zp_probe_count(writer, "index", i);
            zp_probe_hex(writer, "start", entry.mod_start);
            zp_probe_string(writer, "error", "ends before it starts");
        } else {
            zp_probe_module(reporting, i, entry.mod_start, entry.mod_end - entry.mod_start);
        }
        if (entry.cmdline)
            zp_probe_memory_text(reporting, "cmdline", entry.cmdline, ZP_PROBE_NAME_MAX);
        else
            zp_probe_null(writer, "cmdline");
        zp_probe_hex(writer, "reserved", entry.pad);
        zp_probe_line_end(writer);
    }
}

void zp_probe_report_multiboot(struct zp_probe_reporting *reporting)
{
    struct zp_multiboot_info info;

    if (!report_info(reporting, reporting->view->cpu.rbx, &info))
        return;
    if (info.flags & ZP_MULTIBOOT_INFO_MEM_MAP)
        report_memory(reporting, &info);
    zp_probe_cmdline(reporting, info.flags & ZP_MULTIBOOT_INFO_CMDLINE ? info.cmdline : 0,
                     ZP_PROBE_STRING_MAX);
    if (info.flags & ZP_MULTIBOOT_INFO_MODS)
        report_modules(reporting, &info);
}
