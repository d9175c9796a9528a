/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine state of Multiboot 1 and 2, which is the same but for the magic, and the information structure
 * of Multiboot 1 (Multiboot Specification 0.6.96, sections 3.1.2, 3.2 and 3.3; Multiboot2 Specification 2.0,
 * "I386 machine state"). Flags say which words of the structure count. The probe asks for page-aligned
 * modules and for memory information.
 */
#include <string.h>
#include <zeropage/wire/multiboot.h>
#include <zeropage/wire/multiboot2.h>

#include "judging.h"

#define STATE   "Multiboot 0.6.96, 3.2 Machine state; Multiboot2 2.0, I386 machine state: "
#define INFO    "Multiboot 0.6.96, 3.3 Boot information format: "
#define HEADER  "Multiboot 0.6.96, 3.1.2 The magic fields of Multiboot header: "
#define BOTH    (ZP_BY_MULTIBOOT1 | ZP_BY_MULTIBOOT2)
#define DEFINED 0x1fffu /* flags[0] to flags[12] */

#define EFLAGS_IF UINT64_C(0x200)
#define EFLAGS_VM UINT64_C(0x20000)
#define CR0_PE    UINT64_C(1)
#define CR0_PG    (UINT64_C(1) << 31)
#define MIB       (UINT64_C(1) << 20)

static struct json_object *info(const struct zp_judging *judging)
{
    return zp_report_line(judging->report, "multiboot1");
}

/* Is that flag set? The words that it stands for count then. */
static bool flag(const struct zp_judging *judging, uint32_t bit)
{
    uint64_t flags = 0;
    zp_line_number(info(judging), "flags", &flags);
    return (flags & bit) != 0;
}

static enum zp_clause_verdict mode(const struct zp_judging *judging)
{
    return zp_judge_bits(judging, "cr0", CR0_PE, 0);
}

static enum zp_clause_verdict paging(const struct zp_judging *judging)
{
    return zp_judge_bits(judging, "cr0", 0, CR0_PG);
}

static enum zp_clause_verdict vm(const struct zp_judging *judging)
{
    return zp_judge_bits(judging, "rflags", 0, EFLAGS_VM);
}

static enum zp_clause_verdict interrupts(const struct zp_judging *judging)
{
    return zp_judge_bits(judging, "rflags", 0, EFLAGS_IF);
}

static enum zp_clause_verdict eax(const struct zp_judging *judging)
{
    uint64_t rax, wanted = judging->protocol == ZP_BY_MULTIBOOT1 ? ZP_MULTIBOOT_BOOTLOADER_MAGIC
                                                                 : ZP_MULTIBOOT2_BOOTLOADER_MAGIC;
    if (!zp_judging_cpu(judging, "rax", &rax))
        return zp_unseen(judging, "eax");
    return zp_judged(judging, rax == wanted, "eax 0x%" PRIx64, rax);
}

static enum zp_clause_verdict ebx(const struct zp_judging *judging)
{
    struct json_object *line =
        zp_report_line(judging->report, judging->protocol == ZP_BY_MULTIBOOT1 ? "multiboot1" : "multiboot2");
    uint64_t rbx, address, first;
    if (!zp_judging_cpu(judging, "rbx", &rbx))
        return zp_unseen(judging, "ebx");
    bool readable = zp_line_number(line, "address", &address) && address == rbx &&
                    (zp_line_number(line, "flags", &first) || zp_line_number(line, "total_size", &first));
    return zp_judged(judging, readable, "ebx 0x%" PRIx64, rbx);
}

static enum zp_clause_verdict cs(const struct zp_judging *judging)
{
    return zp_judge_hidden(judging, "cs", ZP_FLAT_CODE32);
}

static enum zp_clause_verdict ds(const struct zp_judging *judging)
{
    return zp_judge_hidden(judging, "ds,es,fs,gs,ss", ZP_FLAT_DATA);
}

static enum zp_clause_verdict a20(const struct zp_judging *judging)
{
    bool enabled;
    if (!zp_line_bool(zp_report_line(judging->report, "a20"), "enabled", &enabled))
        return zp_unseen(judging, "the A20 gate");
    return zp_judged(judging, enabled, "%s", enabled ? "enabled" : "disabled");
}

static enum zp_clause_verdict linked(const struct zp_judging *judging)
{
    struct json_object *image = zp_report_line(judging->report, "image");
    uint64_t base, link;
    if (!zp_line_number(image, "base", &base) || !zp_line_number(image, "linked", &link))
        return zp_unseen(judging, "where the image lies");
    return zp_judged(judging, base == link, "loaded at 0x%" PRIx64 ", linked at 0x%" PRIx64, base, link);
}

static enum zp_clause_verdict flags_defined(const struct zp_judging *judging)
{
    uint64_t flags;
    if (!zp_line_number(info(judging), "flags", &flags))
        return zp_unseen(judging, "the information structure");
    return zp_judged(judging, (flags & ~(uint64_t)DEFINED) == 0, "flags 0x%" PRIx64, flags);
}

static enum zp_clause_verdict symbols(const struct zp_judging *judging)
{
    if (!info(judging))
        return zp_unseen(judging, "the information structure");
    return zp_judged(
        judging, !(flag(judging, ZP_MULTIBOOT_INFO_AOUT_SYMS) && flag(judging, ZP_MULTIBOOT_INFO_ELF_SHDR)),
        "flags[4] %d, flags[5] %d", flag(judging, ZP_MULTIBOOT_INFO_AOUT_SYMS),
        flag(judging, ZP_MULTIBOOT_INFO_ELF_SHDR));
}

static enum zp_clause_verdict memory_told(const struct zp_judging *judging)
{
    uint64_t flags;
    if (!zp_line_number(info(judging), "flags", &flags))
        return zp_unseen(judging, "the information structure");
    return zp_judged(judging, flags & ZP_MULTIBOOT_INFO_MEMORY, "flags 0x%" PRIx64, flags);
}

static enum zp_clause_verdict mem_lower(const struct zp_judging *judging)
{
    uint64_t lower;
    if (!flag(judging, ZP_MULTIBOOT_INFO_MEMORY) || !zp_line_number(info(judging), "mem_lower", &lower))
        return zp_not_arisen(judging, "no mem_lower");
    return zp_judged(judging, lower <= 640, "mem_lower %" PRIu64 " KiB", lower);
}

/* Against the memory map of the same loader: all of it must be RAM there. */
static enum zp_clause_verdict mem_upper(const struct zp_judging *judging)
{
    uint64_t upper, missing;
    if (!flag(judging, ZP_MULTIBOOT_INFO_MEMORY) || !zp_line_number(info(judging), "mem_upper", &upper) ||
        judging->memory.count == 0)
        return zp_not_arisen(judging, "no mem_upper, or no memory map to hold it against");
    if (judging->memory.cut)
        return zp_unseen(judging, "the whole memory map");
    if (zp_covered(&judging->memory, MIB, (upper & UINT32_MAX) * 1024, ZP_RAM, false, &missing))
        return zp_judged(judging, true, "mem_upper %" PRIu64 " KiB", upper);
    return zp_judged(judging, false, "mem_upper %" PRIu64 " KiB, but 0x%" PRIx64 " is not available RAM",
                     upper, missing);
}

static enum zp_clause_verdict memory_map(const struct zp_judging *judging)
{
    uint64_t length = 0;
    if (!info(judging))
        return zp_unseen(judging, "the information structure");
    zp_line_number(info(judging), "mmap_length", &length);
    return zp_judged(judging, flag(judging, ZP_MULTIBOOT_INFO_MEM_MAP) && judging->memory.count > 0,
                     "flags[6] %d, mmap_length %" PRIu64 ", %zu ranges",
                     flag(judging, ZP_MULTIBOOT_INFO_MEM_MAP), length, judging->memory.count);
}

static enum zp_clause_verdict loader_name(const struct zp_judging *judging)
{
    uint64_t name = 0;
    if (!flag(judging, ZP_MULTIBOOT_INFO_BOOT_LOADER_NAME))
        return zp_not_arisen(judging, "no boot_loader_name");
    zp_line_number(info(judging), "boot_loader_name", &name);
    return zp_judged(judging, name != 0, "boot_loader_name 0x%" PRIx64, name);
}

static enum zp_clause_verdict mods_reserved(const struct zp_judging *judging)
{
    size_t cursor = 0;
    bool any = false;
    uint64_t reserved;
    for (struct json_object *line; (line = zp_report_next(judging->report, "module", &cursor)) != NULL;) {
        if (!zp_line_number(line, "reserved", &reserved))
            continue;
        any = true;
        if (reserved != 0)
            return zp_judged(judging, false, "0x%" PRIx64, reserved);
    }
    return any ? zp_judged(judging, true, "0") : zp_not_arisen(judging, "no modules");
}

static enum zp_clause_verdict mods_aligned(const struct zp_judging *judging)
{
    bool any;
    uint64_t start;
    if (zp_find_unaligned(judging, "module", "start", ZP_MULTIBOOT_MOD_ALIGN, &any, &start))
        return zp_judged(judging, false, "a module lies at 0x%" PRIx64, start);
    return any ? zp_judged(judging, true, "page-aligned") : zp_not_arisen(judging, "no modules");
}

/* The structure, its lists and the command line lie neither in the kernel nor in a module. */
static enum zp_clause_verdict info_apart(const struct zp_judging *judging)
{
    bool any = false;
    for (size_t i = 0; i < judging->handed.count; i++) {
        const struct zp_range *range = &judging->handed.ranges[i], *other;
        if (range->type != ZP_HANDED_INFO && range->type != ZP_HANDED_CMDLINE)
            continue;
        any = true;
        other = zp_handed_in(judging, ZP_HANDED_IMAGE, range->start, range->size);
        if (!other)
            other = zp_handed_in(judging, ZP_HANDED_MODULE, range->start, range->size);
        if (other)
            return zp_judged(judging, false, "%s at 0x%" PRIx64 " lies in %s at 0x%" PRIx64,
                             zp_handed_name(range->type), range->start, zp_handed_name(other->type),
                             other->start);
    }
    return any ? zp_judged(judging, true, "apart") : zp_unseen(judging, "the boot information");
}

static const struct zp_clause clauses[] = {
    {"multiboot.eax", BOTH, ZP_CLAUSE_MUST, eax, "EAX holds the boot loader's magic.", STATE "EAX"},
    {"multiboot.ebx", BOTH, ZP_CLAUSE_MUST, ebx, "EBX holds the address of the boot information.",
     STATE "EBX"},
    {"multiboot.cs", BOTH, ZP_CLAUSE_MUST, cs,
     "CS is a 32-bit read/execute segment of base 0 and limit 0xffffffff.", STATE "CS"},
    {"multiboot.ds", BOTH, ZP_CLAUSE_MUST, ds,
     "DS, ES, FS, GS and SS are 32-bit read/write segments of base 0 and limit 0xffffffff.",
     STATE "DS, ES, FS, GS, SS"},
    {"multiboot.a20", BOTH, ZP_CLAUSE_MUST, a20, "The A20 gate is enabled.", STATE "A20 gate"},
    {"multiboot.pe", BOTH, ZP_CLAUSE_MUST, mode, "CR0.PE is set.", STATE "CR0"},
    {"multiboot.paging", BOTH, ZP_CLAUSE_MUST, paging, "CR0.PG is clear.", STATE "CR0"},
    {"multiboot.vm", BOTH, ZP_CLAUSE_MUST, vm, "EFLAGS.VM is clear.", STATE "EFLAGS"},
    {"multiboot.interrupts", BOTH, ZP_CLAUSE_MUST, interrupts, "EFLAGS.IF is clear.", STATE "EFLAGS"},
    {"multiboot.linked", BOTH, ZP_CLAUSE_MUST, linked, "The image lies where its headers say.",
     "Multiboot 0.6.96, 3.1.3 The address fields of Multiboot header; ELF gABI, Program Header: p_paddr"},
    {"multiboot.info.apart", BOTH, ZP_CLAUSE_MUST, info_apart,
     "The boot information and the command line lie outside of the kernel and of the modules.",
     INFO "placement"},
    {"pvh.info.apart", ZP_BY_PVH, ZP_CLAUSE_SHOULD, info_apart,
     "start_info, its lists and the command line lie outside of the kernel and of the modules: no text asks "
     "it, "
     "but Linux clears its .bss before it copies the command line.",
     "Linux arch/x86/kernel/head64.c, x86_64_start_kernel()"},
    {"multiboot1.flags", ZP_BY_MULTIBOOT1, ZP_CLAUSE_MUST, flags_defined,
     "Bits of flags that are not defined are zero.", INFO "flags"},
    {"multiboot1.symbols", ZP_BY_MULTIBOOT1, ZP_CLAUSE_MUST, symbols,
     "flags[4] and flags[5] are not both set.", INFO "Bits 4 & 5 are mutually exclusive"},
    {"multiboot1.memory", ZP_BY_MULTIBOOT1, ZP_CLAUSE_MUST, memory_told,
     "mem_lower and mem_upper are there, as the image asks.", HEADER "flags, bit 1"},
    {"multiboot1.mem_lower", ZP_BY_MULTIBOOT1, ZP_CLAUSE_MUST, mem_lower, "mem_lower is at most 640 KiB.",
     INFO "mem_lower"},
    {"multiboot1.mem_upper", ZP_BY_MULTIBOOT1, ZP_CLAUSE_MUST, mem_upper,
     "mem_upper ends at the first hole at the latest.", INFO "mem_upper"},
    {"multiboot1.mmap.present", ZP_BY_MULTIBOOT1, ZP_CLAUSE_NOTE, memory_map,
     "There is a memory map; the text lets a loader leave it out.", HEADER "flags, bit 1"},
    {"multiboot1.loader_name", ZP_BY_MULTIBOOT1, ZP_CLAUSE_MUST, loader_name,
     "Where flags[9] is set, boot_loader_name has an address.", INFO "boot_loader_name"},
    {"multiboot1.modules.reserved", ZP_BY_MULTIBOOT1, ZP_CLAUSE_MUST, mods_reserved,
     "The reserved word of each module is 0.", INFO "mods"},
    {"multiboot1.modules.aligned", ZP_BY_MULTIBOOT1, ZP_CLAUSE_MUST, mods_aligned,
     "Modules lie on page boundaries, as the image asks.", HEADER "flags, bit 0"},
    {"multiboot2.modules.aligned", ZP_BY_MULTIBOOT2, ZP_CLAUSE_MUST, mods_aligned,
     "Modules lie on page boundaries, as the image asks.", "Multiboot2 2.0, Module alignment tag"},
};

const struct zp_clause_table zp_clauses_multiboot = {clauses, sizeof clauses / sizeof clauses[0]};
