/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The handoff to an EFI application on x64 (UEFI 2.10, sections 2.3.4 "x64 Platforms", 2.3.4.1 "Handoff
 * State", 4.2 and 4.3 on the tables, 7.2.3 on the memory map). Unlike all other entries, interrupts are
 * enabled here: the firmware is still at work.
 */
#include <string.h>

#include "judging.h"

#define X64   "UEFI 2.10, 2.3.4 x64 Platforms: "
#define STATE "UEFI 2.10, 2.3.4.1 Handoff State: "
#define TABLE "UEFI 2.10, 4.3 EFI System Table: "
#define MAP   "UEFI 2.10, 7.2.3 EFI_BOOT_SERVICES.GetMemoryMap(): "

#define EFLAGS_IF  UINT64_C(0x200)
#define EFLAGS_DF  UINT64_C(0x400)
#define CR0_PE     UINT64_C(1)
#define CR0_EM     UINT64_C(4)
#define CR0_TS     UINT64_C(8)
#define CR0_PG     (UINT64_C(1) << 31)
#define SIGNATURE  UINT64_C(0x5453595320494249) /* "IBI SYST" */
#define PAGE       4096u
#define STACK_SIZE (128u * 1024)

static struct json_object *efi(const struct zp_judging *judging)
{
    return zp_report_line(judging->report, "efi");
}

static enum zp_clause_verdict mode(const struct zp_judging *judging)
{
    const char *text = zp_line_text(judging->cpu, "mode", NULL);
    if (!text)
        return zp_unseen(judging, "the mode");
    return zp_judged(judging, strcmp(text, "long64") == 0, "%s", text);
}

static enum zp_clause_verdict paging(const struct zp_judging *judging)
{
    return zp_judge_bits(judging, "cr0", CR0_PG | CR0_PE, 0);
}

static enum zp_clause_verdict fpu(const struct zp_judging *judging)
{
    return zp_judge_bits(judging, "cr0", 0, CR0_EM | CR0_TS);
}

static enum zp_clause_verdict interrupts(const struct zp_judging *judging)
{
    return zp_judge_bits(judging, "rflags", EFLAGS_IF, 0);
}

static enum zp_clause_verdict direction(const struct zp_judging *judging)
{
    return zp_judge_bits(judging, "rflags", 0, EFLAGS_DF);
}

static enum zp_clause_verdict stack(const struct zp_judging *judging)
{
    uint64_t rsp;
    if (!zp_judging_cpu(judging, "rsp", &rsp))
        return zp_unseen(judging, "rsp");
    return zp_judged(judging, rsp % 16 == 8, "rsp 0x%" PRIx64 ", which holds the return address", rsp);
}

/* The 128 KiB below RSP, as far as the memory map tells of them. */
static enum zp_clause_verdict stack_size(const struct zp_judging *judging)
{
    uint64_t rsp, missing;
    if (!zp_judging_cpu(judging, "rsp", &rsp) || judging->memory.count == 0 || rsp < STACK_SIZE)
        return zp_unseen(judging, "rsp, or the memory map");
    if (zp_covered(&judging->memory, rsp - STACK_SIZE, STACK_SIZE, ZP_RAM, false, &missing))
        return zp_judged(judging, true, "rsp 0x%" PRIx64, rsp);
    if (judging->memory.cut)
        return zp_unseen(judging, "the whole memory map");
    return zp_judged(judging, false, "rsp 0x%" PRIx64 ", but 0x%" PRIx64 " is no memory of boot services",
                     rsp, missing);
}

static enum zp_clause_verdict identity(const struct zp_judging *judging)
{
    uint64_t missing;
    if (!zp_report_line(judging->report, "paging") || judging->memory.count == 0)
        return zp_unseen(judging, "page tables, or the memory map");
    for (size_t i = 0; i < judging->memory.count; i++) {
        const struct zp_range *range = &judging->memory.ranges[i];
        if (range->type != ZP_RAM ||
            zp_covered(&judging->mapping, range->start, range->size, 0, false, &missing))
            continue;
        if (judging->mapping.cut)
            return zp_unseen(judging, "all mappings");
        return zp_judged(judging, false, "0x%" PRIx64 " is not mapped to itself", missing);
    }
    return zp_judged(judging, true, "%zu ranges", judging->memory.count);
}

static enum zp_clause_verdict handle(const struct zp_judging *judging)
{
    uint64_t rcx;
    if (!zp_judging_cpu(judging, "rcx", &rcx))
        return zp_unseen(judging, "rcx");
    return zp_judged(judging, rcx != 0, "rcx 0x%" PRIx64, rcx);
}

static enum zp_clause_verdict system_table(const struct zp_judging *judging)
{
    uint64_t rdx, at, signature;
    if (!zp_judging_cpu(judging, "rdx", &rdx))
        return zp_unseen(judging, "rdx");
    if (!zp_line_number(efi(judging), "system_table", &at) ||
        !zp_line_number(efi(judging), "signature", &signature))
        return zp_judged(judging, false, "nothing to read at 0x%" PRIx64, rdx);
    return zp_judged(judging, at == rdx && signature == SIGNATURE,
                     "rdx 0x%" PRIx64 ", there signature 0x%" PRIx64, rdx, signature);
}

static enum zp_clause_verdict table_crc(const struct zp_judging *judging)
{
    bool sound;
    if (!zp_line_bool(efi(judging), "table_crc", &sound))
        return zp_unseen(judging, "the system table");
    return zp_judged(judging, sound, "%s", sound ? "right" : "wrong");
}

static enum zp_clause_verdict revision(const struct zp_judging *judging)
{
    uint64_t value;
    if (!zp_line_number(efi(judging), "revision", &value))
        return zp_unseen(judging, "the system table");
    return zp_judged(judging, value >= 0x20000, "0x%" PRIx64, value);
}

static enum zp_clause_verdict descriptor_size(const struct zp_judging *judging)
{
    uint64_t size, whole;
    if (!zp_line_number(efi(judging), "descriptor_size", &size) ||
        !zp_line_number(efi(judging), "memory_map_size", &whole))
        return zp_unseen(judging, "the memory map");
    return zp_judged(judging, size >= 40 && whole > 0 && whole % size == 0,
                     "descriptor_size %" PRIu64 ", memory_map_size %" PRIu64, size, whole);
}

static enum zp_clause_verdict map_aligned(const struct zp_judging *judging)
{
    for (size_t i = 0; i < judging->memory.count; i++) {
        const struct zp_range *range = &judging->memory.ranges[i];
        if (range->start % PAGE != 0 || range->size % PAGE != 0)
            return zp_judged(judging, false, "0x%" PRIx64 ", %" PRIu64 " bytes", range->start, range->size);
    }
    return judging->memory.count ? zp_judged(judging, true, "%zu ranges", judging->memory.count)
                                 : zp_unseen(judging, "the memory map");
}

/* The type of memory that an application is loaded to. */
static enum zp_clause_verdict image_memory(const struct zp_judging *judging)
{
    size_t cursor = 0;
    uint64_t base, start, size, type;
    if (!zp_line_number(zp_report_line(judging->report, "image"), "base", &base))
        return zp_unseen(judging, "where the image lies");
    for (struct json_object *line; (line = zp_report_next(judging->report, "memory", &cursor)) != NULL;)
        if (zp_line_number(line, "start", &start) && zp_line_number(line, "size", &size) &&
            zp_line_number(line, "efi_type", &type) && base >= start && base - start < size)
            return zp_judged(judging, type == 1, "0x%" PRIx64 " has type %" PRIu64, base, type);
    if (judging->memory.count == 0 || judging->memory.cut)
        return zp_unseen(judging, "the memory map");
    return zp_judged(judging, false, "0x%" PRIx64 " is not in the memory map", base);
}

static enum zp_clause_verdict image_base(const struct zp_judging *judging)
{
    uint64_t told, base, size;
    if (!zp_line_number(efi(judging), "image_base", &told) ||
        !zp_line_number(efi(judging), "image_size", &size) ||
        !zp_line_number(zp_report_line(judging->report, "image"), "base", &base))
        return zp_unseen(judging, "the loaded image protocol");
    return zp_judged(judging, told <= base && base - told < size,
                     "ImageBase 0x%" PRIx64 ", the image lies at 0x%" PRIx64, told, base);
}

static enum zp_clause_verdict acpi(const struct zp_judging *judging)
{
    uint64_t told;
    if (!zp_line_number(zp_report_line(judging->report, "rsdp"), "told", &told))
        return zp_unseen(judging, "the configuration tables");
    return zp_judged(judging, told != 0, "0x%" PRIx64, told);
}

static enum zp_clause_verdict cs(const struct zp_judging *judging)
{
    return zp_judge_hidden(judging, "cs", ZP_FLAT_CODE64);
}

static const struct zp_clause clauses[] = {
    {"efi.mode", ZP_BY_EFI, ZP_CLAUSE_MUST, mode, "The CPU is in long mode, in 64-bit mode.",
     X64 "long mode"},
    {"efi.paging", ZP_BY_EFI, ZP_CLAUSE_MUST, paging, "Paging is enabled.", X64 "paging"},
    {"efi.identity", ZP_BY_EFI, ZP_CLAUSE_MUST, identity, "RAM of the memory map is identity-mapped.",
     X64 "paging"},
    {"efi.cs", ZP_BY_EFI, ZP_CLAUSE_MUST, cs, "The code segment is flat and 64-bit.",
     X64 "selectors are flat"},
    {"efi.interrupts", ZP_BY_EFI, ZP_CLAUSE_MUST, interrupts, "Interrupts are enabled.", X64 "interrupts"},
    {"efi.direction", ZP_BY_EFI, ZP_CLAUSE_MUST, direction, "The direction flag is clear.",
     X64 "direction flag"},
    {"efi.fpu", ZP_BY_EFI, ZP_CLAUSE_MUST, fpu, "CR0.EM and CR0.TS are zero.", X64 "CR0"},
    {"efi.stack.aligned", ZP_BY_EFI, ZP_CLAUSE_MUST, stack,
     "The stack is 16-byte aligned before the call, so RSP ends in 8.",
     X64 "stack; 2.3.4.2 Detailed Calling Conventions"},
    {"efi.stack.size", ZP_BY_EFI, ZP_CLAUSE_MUST, stack_size, "The stack has 128 KiB or more.", X64 "stack"},
    {"efi.rcx", ZP_BY_EFI, ZP_CLAUSE_MUST, handle, "RCX holds the image handle.", STATE "Rcx"},
    {"efi.rdx", ZP_BY_EFI, ZP_CLAUSE_MUST, system_table,
     "RDX holds the address of the system table, with its signature.", STATE "Rdx; 4.3 EFI System Table"},
    {"efi.system_table.crc", ZP_BY_EFI, ZP_CLAUSE_MUST, table_crc, "The system table's CRC32 is right.",
     "UEFI 2.10, 4.2 EFI Table Header: CRC32"},
    {"efi.system_table.revision", ZP_BY_EFI, ZP_CLAUSE_NOTE, revision, "The firmware is UEFI 2.0 or later.",
     TABLE "revision"},
    {"efi.system_table.acpi", ZP_BY_EFI, ZP_CLAUSE_SHOULD, acpi,
     "A configuration table tells the RSDP; kernels need it on this platform.",
     "UEFI 2.10, 4.6 EFI Configuration Table"},
    {"efi.memory.size", ZP_BY_EFI, ZP_CLAUSE_MUST, descriptor_size,
     "The memory map consists of whole descriptors of at least 40 bytes.",
     MAP "MemoryMapSize, DescriptorSize"},
    {"efi.memory.aligned", ZP_BY_EFI, ZP_CLAUSE_MUST, map_aligned,
     "Every descriptor begins at a multiple of 4 KiB.", MAP "PhysicalStart"},
    {"efi.image.memory", ZP_BY_EFI, ZP_CLAUSE_MUST, image_memory,
     "The application lies in memory of type EfiLoaderCode.",
     "UEFI 2.10, 7.4.1 EFI_BOOT_SERVICES.LoadImage(); 7.2 Memory Type Usage"},
    {"efi.image.base", ZP_BY_EFI, ZP_CLAUSE_MUST, image_base,
     "The loaded image protocol names the addresses at which the image lies.",
     "UEFI 2.10, 9.1 EFI Loaded Image Protocol: ImageBase"},
};

const struct zp_clause_table zp_clauses_efi = {clauses, sizeof clauses / sizeof clauses[0]};
