/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PVH entry (Xen, docs/misc/pvh.pandoc, "x86/HVM direct boot ABI"; the structure in Xen's public
 * arch-x86/hvm/start_info.h). The text speaks of the segments in force, not of a GDT: only a trace from
 * outside shows them.
 */
#include <string.h>
#include <zeropage/wire/xen.h>

#include "judging.h"

#define ABI        "Xen pvh.pandoc, x86/HVM direct boot ABI: "
#define START_INFO "Xen start_info.h: "

#define CR0_ALLOWED (UINT64_C(1) | UINT64_C(1) << 4) /* PE, and ET, which nobody can clear */
#define EFLAGS_TF   UINT64_C(0x100)
#define EFLAGS_IF   UINT64_C(0x200)
#define EFLAGS_VM   UINT64_C(0x20000)
#define RELOC_ALIGN UINT64_C(0x200000) /* of the probe's note: alignment, and lowest address */
#define MEMMAP_MAX  127u               /* what Linux 6.1 copies into its 128 e820 entries without counting */

static struct json_object *info(const struct zp_judging *judging)
{
    return zp_report_line(judging->report, "start_info");
}

static enum zp_clause_verdict mode(const struct zp_judging *judging)
{
    const char *text = zp_line_text(judging->cpu, "mode", NULL);
    if (!text)
        return zp_unseen(judging, "the mode");
    return zp_judged(judging, strcmp(text, "protected32") == 0, "%s", text);
}

static enum zp_clause_verdict ebx(const struct zp_judging *judging)
{
    uint64_t rbx, address, magic;
    if (!zp_judging_cpu(judging, "rbx", &rbx))
        return zp_unseen(judging, "ebx");
    if (!zp_line_number(info(judging), "address", &address) ||
        !zp_line_number(info(judging), "magic", &magic))
        return zp_judged(judging, false, "nothing to read at 0x%" PRIx64, rbx);
    return zp_judged(judging, address == rbx && magic == ZP_XEN_HVM_START_MAGIC_VALUE,
                     "ebx 0x%" PRIx64 ", there magic 0x%" PRIx64, rbx, magic);
}

static enum zp_clause_verdict cr0(const struct zp_judging *judging)
{
    return zp_judge_bits(judging, "cr0", 1, ~CR0_ALLOWED);
}

static enum zp_clause_verdict cr4(const struct zp_judging *judging)
{
    return zp_judge_bits(judging, "cr4", 0, UINT64_MAX);
}

static enum zp_clause_verdict vm(const struct zp_judging *judging)
{
    return zp_judge_bits(judging, "rflags", 0, EFLAGS_VM);
}

static enum zp_clause_verdict interrupts(const struct zp_judging *judging)
{
    return zp_judge_bits(judging, "rflags", 0, EFLAGS_IF);
}

static enum zp_clause_verdict trap(const struct zp_judging *judging)
{
    return zp_judge_bits(judging, "rflags", 0, EFLAGS_TF);
}

static enum zp_clause_verdict cs(const struct zp_judging *judging)
{
    return zp_judge_hidden(judging, "cs", ZP_FLAT_CODE32);
}

static enum zp_clause_verdict ds(const struct zp_judging *judging)
{
    return zp_judge_hidden(judging, "ds,es", ZP_FLAT_DATA);
}

static enum zp_clause_verdict ss(const struct zp_judging *judging)
{
    return zp_judge_hidden(judging, "ss", ZP_FLAT_DATA);
}

static enum zp_clause_verdict tr(const struct zp_judging *judging)
{
    struct json_object *segment = zp_line_object(zp_report_line(judging->report, "segments"), "tr");
    uint64_t base, limit, type, s, present;
    if (!zp_line_number(segment, "base", &base) || !zp_line_number(segment, "limit", &limit) ||
        !zp_line_number(segment, "type", &type) || !zp_line_number(segment, "s", &s) ||
        !zp_line_number(segment, "present", &present))
        return zp_unseen(judging, "the hidden part of TR: it needs a trace from outside");
    return zp_judged(judging, base == 0 && limit == 0x67 && type == 0xb && s == 0 && present,
                     "base 0x%" PRIx64 ", limit 0x%" PRIx64 ", type 0x%" PRIx64, base, limit, type);
}

static enum zp_clause_verdict version(const struct zp_judging *judging)
{
    uint64_t value;
    if (!zp_line_number(info(judging), "version", &value))
        return zp_unseen(judging, "start_info");
    return zp_judged(judging, value <= 1, "version %" PRIu64, value);
}

static enum zp_clause_verdict memmap(const struct zp_judging *judging)
{
    uint64_t value, entries;
    if (!zp_line_number(info(judging), "version", &value))
        return zp_unseen(judging, "start_info");
    if (value == 0)
        return zp_judged(judging, false, "start_info has version 0, which has no memory map");
    if (!zp_line_number(info(judging), "memmap_entries", &entries))
        return zp_unseen(judging, "memmap_entries");
    return zp_judged(judging, entries > 0, "%" PRIu64 " entries", entries);
}

/* The report ends the list where it cannot read on. */
static enum zp_clause_verdict memmap_readable(const struct zp_judging *judging)
{
    uint64_t at = 0, entries;
    if (!zp_line_number(info(judging), "memmap_entries", &entries) || entries == 0)
        return zp_not_arisen(judging, "no memory map");
    if (judging->memory.cut)
        return zp_unseen(judging, "the whole memory map");
    zp_line_number(info(judging), "memmap_paddr", &at);
    return zp_judged(judging, judging->memory.count >= entries, "%zu of %" PRIu64 " entries at 0x%" PRIx64,
                     judging->memory.count, entries, at);
}

/* A list with entries needs an address. */
static enum zp_clause_verdict addresses(const struct zp_judging *judging)
{
    static const char *const lists[][2] = {{"nr_modules", "modlist_paddr"},
                                           {"memmap_entries", "memmap_paddr"}};
    bool any = false;
    if (!info(judging))
        return zp_unseen(judging, "start_info");
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        uint64_t count, address;
        if (!zp_line_number(info(judging), lists[i][0], &count) || count == 0 ||
            !zp_line_number(info(judging), lists[i][1], &address))
            continue;
        any = true;
        if (address == 0)
            return zp_judged(judging, false, "%s is %" PRIu64 ", %s 0", lists[i][0], count, lists[i][1]);
    }
    return any ? zp_judged(judging, true, "not 0") : zp_not_arisen(judging, "no lists");
}

static enum zp_clause_verdict memmap_size(const struct zp_judging *judging)
{
    uint64_t entries;
    if (!zp_line_number(info(judging), "memmap_entries", &entries) || entries == 0)
        return zp_not_arisen(judging, "no memory map");
    return zp_judged(judging, entries <= MEMMAP_MAX, "%" PRIu64 " entries", entries);
}

static enum zp_clause_verdict reserved(const struct zp_judging *judging)
{
    uint64_t value;
    if (!zp_line_number(info(judging), "reserved", &value))
        return zp_not_arisen(judging, "version 0 has no such field");
    return zp_judged(judging, value == 0, "0x%" PRIx64, value);
}

static enum zp_clause_verdict flags(const struct zp_judging *judging)
{
    uint64_t value;
    if (!zp_line_number(info(judging), "flags", &value))
        return zp_unseen(judging, "start_info");
    return zp_judged(judging, (value & ~(uint64_t)(ZP_SIF_PRIVILEGED | ZP_SIF_INITDOMAIN)) == 0, "0x%" PRIx64,
                     value);
}

static enum zp_clause_verdict low(const struct zp_judging *judging)
{
    if (!info(judging))
        return zp_unseen(judging, "start_info");
    for (size_t i = 0; i < judging->handed.count; i++) {
        const struct zp_range *range = &judging->handed.ranges[i];
        if (range->start + range->size > UINT64_C(1) << 32)
            return zp_judged(judging, false, "%s lies at 0x%" PRIx64, zp_handed_name(range->type),
                             range->start);
    }
    return zp_judged(judging, true, "all below 4 GiB");
}

static enum zp_clause_verdict rsdp(const struct zp_judging *judging)
{
    uint64_t told, scanned = 0;
    if (!zp_line_number(info(judging), "rsdp_paddr", &told))
        return zp_unseen(judging, "start_info");
    zp_line_number(zp_report_line(judging->report, "rsdp"), "scanned", &scanned);
    if (told == 0 && scanned == 0)
        return zp_not_arisen(judging, "no ACPI tables");
    return zp_judged(judging, told != 0, "rsdp_paddr 0x%" PRIx64 ", found by scanning 0x%" PRIx64, told,
                     scanned);
}

static enum zp_clause_verdict linked(const struct zp_judging *judging)
{
    struct json_object *image = zp_report_line(judging->report, "image");
    uint64_t base, link;
    if (!zp_line_number(image, "base", &base) || !zp_line_number(image, "linked", &link))
        return zp_unseen(judging, "where the image lies");
    bool moved = base % RELOC_ALIGN == 0 && base >= RELOC_ALIGN && base <= UINT32_MAX;
    return zp_judged(judging, base == link || moved, "loaded at 0x%" PRIx64 ", linked at 0x%" PRIx64, base,
                     link);
}

static const struct zp_clause clauses[] = {
    {"pvh.mode", ZP_BY_PVH, ZP_CLAUSE_MUST, mode, "The CPU is in 32-bit protected mode.", ABI "cr0, cs"},
    {"pvh.cr0", ZP_BY_PVH, ZP_CLAUSE_MUST, cr0,
     "CR0 has PE set and all other writeable bits clear (ET cannot be cleared).", ABI "cr0"},
    {"pvh.cr4", ZP_BY_PVH, ZP_CLAUSE_MUST, cr4, "All bits of CR4 are clear.", ABI "cr4"},
    {"pvh.vm", ZP_BY_PVH, ZP_CLAUSE_MUST, vm, "EFLAGS.VM is clear.", ABI "eflags"},
    {"pvh.interrupts", ZP_BY_PVH, ZP_CLAUSE_MUST, interrupts, "EFLAGS.IF is clear.", ABI "eflags"},
    {"pvh.trap", ZP_BY_PVH, ZP_CLAUSE_MUST, trap, "EFLAGS.TF is clear.", ABI "eflags"},
    {"pvh.cs", ZP_BY_PVH, ZP_CLAUSE_MUST, cs,
     "CS is a 32-bit read/execute segment of base 0 and limit 0xffffffff.", ABI "cs"},
    {"pvh.ds", ZP_BY_PVH, ZP_CLAUSE_MUST, ds,
     "DS and ES are 32-bit read/write segments of base 0 and limit 0xffffffff.", ABI "ds, es"},
    {"pvh.ss", ZP_BY_PVH, ZP_CLAUSE_SHOULD, ss,
     "SS is such a segment too: the text is silent, and Linux pushes before it loads SS.",
     "Linux arch/x86/platform/pvh/head.S"},
    {"pvh.tr", ZP_BY_PVH, ZP_CLAUSE_MUST, tr, "TR is a busy 32-bit TSS of base 0 and limit 0x67.", ABI "tr"},
    {"pvh.ebx", ZP_BY_PVH, ZP_CLAUSE_MUST, ebx, "EBX holds the address of start_info, with its magic.",
     ABI "ebx; start_info.h: magic"},
    {"pvh.version", ZP_BY_PVH, ZP_CLAUSE_NOTE, version,
     "start_info has version 0 or 1, the current one; newer ones must be compatible.", START_INFO "version"},
    {"pvh.addresses", ZP_BY_PVH, ZP_CLAUSE_MUST, addresses,
     "Where there are modules or memory ranges, their lists have an address: 0 is \"not present\".",
     START_INFO "a 0 value in any of the address fields"},
    {"pvh.flags", ZP_BY_PVH, ZP_CLAUSE_NOTE, flags,
     "start_info has no flags but SIF_PRIVILEGED and SIF_INITDOMAIN.", START_INFO "flags"},
    {"pvh.reserved", ZP_BY_PVH, ZP_CLAUSE_MUST, reserved, "start_info's reserved field is zero.",
     START_INFO "reserved"},
    {"pvh.memmap.present", ZP_BY_PVH, ZP_CLAUSE_SHOULD, memmap,
     "There is a memory map; it is optional, but Linux has no other outside of Xen.",
     START_INFO "memmap_entries; Linux arch/x86/platform/pvh/enlighten.c"},
    {"pvh.memmap.readable", ZP_BY_PVH, ZP_CLAUSE_MUST, memmap_readable,
     "All memmap_entries entries can be read at memmap_paddr.", START_INFO "memmap_paddr, memmap_entries"},
    {"pvh.memmap.size", ZP_BY_PVH, ZP_CLAUSE_SHOULD, memmap_size,
     "The memory map has at most 127 entries, which Linux copies without counting.",
     "Linux arch/x86/platform/pvh/enlighten.c, init_pvh_bootparams"},
    {"pvh.low", ZP_BY_PVH, ZP_CLAUSE_SHOULD, low,
     "All that is handed over lies below 4 GiB; Linux keeps 32 bits of the addresses.",
     START_INFO "placement of data"},
    {"pvh.rsdp", ZP_BY_PVH, ZP_CLAUSE_SHOULD, rsdp, "Where there are ACPI tables, rsdp_paddr tells them.",
     START_INFO "rsdp_paddr"},
    {"pvh.linked", ZP_BY_PVH, ZP_CLAUSE_SHOULD, linked,
     "The image lies where it is linked, or where its note PHYS32_RELOC lets it.",
     "ELF gABI, Program Header: p_paddr; Xen elfnote.h: XEN_ELFNOTE_PHYS32_RELOC"},
};

const struct zp_clause_table zp_clauses_pvh = {clauses, sizeof clauses / sizeof clauses[0]};
