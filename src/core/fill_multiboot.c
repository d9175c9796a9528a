/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot 1 information, its memory map, module list and strings. Multiboot Specification 0.6.96,
 * section 3.3. Types 1 to 5 are e820's own numbers; anything else is told as reserved.
 */
#include <zeropage/wire/e820.h>
#include <zeropage/wire/multiboot.h>

#include "draft.h"
#include "fill.h"
#include "multiboot_basics.h"
#include "multiboot_info.h"

#define KIB        1024u
#define BASE_LIMIT (640u * KIB)
#define MIB        UINT64_C(0x100000)

/* KiB of RAM from start on without a gap, at most limit bytes. */
static uint32_t kib_from(const struct zp_plan *plan, uint64_t start, uint64_t limit)
{
    uint64_t end = start;

    for (size_t i = 0; i < plan->e820_count; i++) {
        const struct zp_e820_range *range = &plan->e820[i];

        if (range->type == ZP_E820_RAM && range->start.value <= end && range->start.value + range->size > end)
            end = range->start.value + range->size;
    }
    return (uint32_t)((end - start > limit ? limit : end - start) / KIB);
}

uint32_t zp_multiboot_lower(const struct zp_plan *plan)
{
    return kib_from(plan, 0, BASE_LIMIT);
}

uint32_t zp_multiboot_upper(const struct zp_plan *plan)
{
    return kib_from(plan, MIB, UINT64_C(0xffffffff) * KIB);
}

uint32_t zp_multiboot_type(uint32_t e820_type)
{
    return e820_type <= ZP_MULTIBOOT_MEMORY_BADRAM ? e820_type : ZP_MULTIBOOT_MEMORY_RESERVED;
}

void zp_fill_multiboot1_info(const struct zp_plan *plan, void *buffer)
{
    struct zp_multiboot_info info;

    memset(&info, 0, sizeof(info));
    info.flags = ZP_MULTIBOOT_INFO_MEMORY | ZP_MULTIBOOT_INFO_CMDLINE | ZP_MULTIBOOT_INFO_MODS |
                 ZP_MULTIBOOT_INFO_MEM_MAP | ZP_MULTIBOOT_INFO_BOOT_LOADER_NAME;
    info.mem_lower = zp_multiboot_lower(plan);
    info.mem_upper = zp_multiboot_upper(plan);
    info.cmdline = (uint32_t)zp_address_of(plan, ZP_SPAN_CMDLINE, 0);
    info.mods_count = (uint32_t)plan->request->module_count;
    info.mods_addr = (uint32_t)zp_address_of(plan, ZP_SPAN_MODLIST, 0);
    info.mmap_length = (uint32_t)(plan->e820_count * sizeof(struct zp_multiboot_mmap_entry));
    info.mmap_addr = (uint32_t)zp_address_of(plan, ZP_SPAN_MEMMAP, 0);
    info.boot_loader_name = (uint32_t)zp_address_of(plan, ZP_SPAN_LOADER_NAME, 0);
    memcpy(buffer, &info, sizeof(info));
}

void zp_fill_multiboot1_map(const struct zp_plan *plan, void *buffer)
{
    const struct zp_span *span = zp_find_span(plan, ZP_SPAN_MEMMAP, 0);
    char *at = buffer;

    memset(buffer, 0, (size_t)span->size); /* a pinned span may be a little larger */
    for (size_t i = 0; i < plan->e820_count; i++) {
        const struct zp_e820_range *range = &plan->e820[i];
        struct zp_multiboot_mmap_entry entry = {.addr = range->start.value, .len = range->size};

        entry.size = sizeof(entry) - sizeof(entry.size);
        entry.type = zp_multiboot_type(range->type);
        memcpy(at, &entry, sizeof(entry));
        at += sizeof(entry);
    }
}

void zp_fill_multiboot1_modules(const struct zp_plan *plan, void *buffer)
{
    uint32_t cmdline = (uint32_t)zp_address_of(plan, ZP_SPAN_MODULE_CMDLINES, 0);
    char *at = buffer;

    for (size_t i = 0; i < plan->request->module_count; i++) {
        const struct zp_module *module = &plan->request->modules[i];
        struct zp_multiboot_mod_list entry = {.cmdline = cmdline};

        entry.mod_start = (uint32_t)zp_address_of(plan, ZP_SPAN_INITRD, (uint32_t)i);
        entry.mod_end = entry.mod_start + (uint32_t)module->source->size;
        memcpy(at, &entry, sizeof(entry));
        at += sizeof(entry);
        cmdline += (uint32_t)module->cmdline_length + 1;
    }
}
