/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory map, whatever it is called: e820 in boot_params (Linux zero-page.rst), memmap in start_info, the
 * maps of multiboot, UEFI's. The same is asked of each, under an id of its own. What the words of a protocol
 * leave to "System Address Map Interfaces" is ACPI 6.5, chapter 15.
 */
#include <string.h>
#include <zeropage/wire/bootparam.h>

#include "judging.h"

#define ACPI15  "ACPI 6.5, 15 System Address Map Interfaces"
#define HOLE    UINT64_C(0xa0000)
#define ONE_MIB UINT64_C(0x100000)

/* No range seen has the fault: that is a verdict where all were seen. */
static enum zp_clause_verdict none_of(const struct zp_judging *judging, const char *what)
{
    if (judging->memory.cut)
        return zp_unseen(judging, "the whole memory map");
    return zp_judged(judging, true, "%zu ranges%s", judging->memory.count, what);
}

static enum zp_clause_verdict present(const struct zp_judging *judging)
{
    if (judging->protocol & ZP_BY_BOOTPARAMS && !zp_report_line(judging->report, "boot_params"))
        return zp_unseen(judging, "boot_params");
    return zp_judged(judging, judging->memory.count > 0, "%zu ranges", judging->memory.count);
}

/* A loader that counts further has the kernel take what lies behind the table for memory. */
static enum zp_clause_verdict entries(const struct zp_judging *judging)
{
    uint64_t count;
    if (!zp_line_number(zp_report_line(judging->report, "boot_params"), "e820_entries", &count))
        return zp_unseen(judging, "boot_params");
    return zp_judged(judging, count <= ZP_E820_MAX_ENTRIES_ZEROPAGE, "e820_entries %" PRIu64, count);
}

/* Each entry of Multiboot 1 tells where the next one is. */
static enum zp_clause_verdict walk(const struct zp_judging *judging)
{
    size_t cursor = 0, count = 0;
    for (struct json_object *line; (line = zp_report_next(judging->report, "memory", &cursor)) != NULL;
         count++) {
        const char *error = zp_line_text(line, "error", NULL);
        if (error)
            return zp_judged(judging, false, "the list breaks after %zu entries: %s", count, error);
    }
    return count ? zp_judged(judging, true, "%zu entries", count) : zp_not_arisen(judging, "no memory map");
}

static enum zp_clause_verdict overlap(const struct zp_judging *judging)
{
    const struct zp_ranges *memory = &judging->memory;
    if (memory->count == 0)
        return zp_unseen(judging, "a memory map");
    for (size_t i = 0; i < memory->count; i++)
        for (size_t j = i + 1; j < memory->count; j++)
            if (zp_overlap(&memory->ranges[i], &memory->ranges[j]))
                return zp_judged(judging, false,
                                 "ranges %zu (0x%" PRIx64 ", %" PRIu64 " bytes, type %" PRIu32
                                 ") and %zu (0x%" PRIx64 ", %" PRIu64 " bytes, type %" PRIu32 ")",
                                 i, memory->ranges[i].start, memory->ranges[i].size, memory->ranges[i].type,
                                 j, memory->ranges[j].start, memory->ranges[j].size, memory->ranges[j].type);
    return none_of(judging, "");
}

static enum zp_clause_verdict sorted(const struct zp_judging *judging)
{
    const struct zp_ranges *memory = &judging->memory;
    if (memory->count == 0)
        return zp_unseen(judging, "a memory map");
    for (size_t i = 1; i < memory->count; i++)
        if (memory->ranges[i].start < memory->ranges[i - 1].start)
            return zp_judged(judging, false, "range %zu at 0x%" PRIx64 " comes after 0x%" PRIx64, i,
                             memory->ranges[i].start, memory->ranges[i - 1].start);
    return none_of(judging, "");
}

/* The ranges as they stand in the report: decoding has cut what goes past 2^64. */
static enum zp_clause_verdict sizes(const struct zp_judging *judging)
{
    size_t cursor = 0, index = 0;
    uint64_t start, size;
    for (struct json_object *line; (line = zp_report_next(judging->report, "memory", &cursor)) != NULL;
         index++)
        if (zp_line_number(line, "start", &start) && zp_line_number(line, "size", &size) &&
            (size == 0 || size - 1 > UINT64_MAX - start))
            return zp_judged(judging, false, "range %zu: 0x%" PRIx64 ", %" PRIu64 " bytes", index, start,
                             size);
    return index ? none_of(judging, "") : zp_unseen(judging, "a memory map");
}

static enum zp_clause_verdict hole(const struct zp_judging *judging)
{
    struct zp_range legacy = {.start = HOLE, .size = ONE_MIB - HOLE};
    if (judging->memory.count == 0)
        return zp_unseen(judging, "a memory map");
    for (size_t i = 0; i < judging->memory.count; i++) {
        const struct zp_range *range = &judging->memory.ranges[i];
        if (range->type == ZP_RAM && zp_overlap(range, &legacy))
            return zp_judged(judging, false, "RAM at 0x%" PRIx64 ", %" PRIu64 " bytes", range->start,
                             range->size);
    }
    return none_of(judging, ", no RAM there");
}

static enum zp_clause_verdict types(const struct zp_judging *judging)
{
    if (judging->memory.count == 0)
        return zp_unseen(judging, "a memory map");
    for (size_t i = 0; i < judging->memory.count; i++) {
        uint32_t type = judging->memory.ranges[i].type;
        if ((type < 1 || type > 7) && type != 12)
            return zp_judged(judging, false, "range %zu has type %" PRIu32, i, type);
    }
    return none_of(judging, " of known types");
}

static enum zp_clause_verdict in_ram(const struct zp_judging *judging, const char *what, uint64_t start,
                                     uint64_t size)
{
    uint64_t missing;
    if (judging->memory.count == 0)
        return zp_unseen(judging, "a memory map");
    if (zp_covered(&judging->memory, start, size, ZP_RAM, false, &missing))
        return zp_judged(judging, true, "%s at 0x%" PRIx64 ", %" PRIu64 " bytes", what, start, size);
    if (judging->memory.cut)
        return zp_unseen(judging, "the whole memory map");
    return zp_judged(judging, false, "0x%" PRIx64 " of %s (0x%" PRIx64 ", %" PRIu64 " bytes) is not RAM",
                     missing, what, start, size);
}

static enum zp_clause_verdict reserve(const struct zp_judging *judging)
{
    if (!judging->reserve_known)
        return zp_unseen(judging, "init_size, or where the kernel lies");
    return in_ram(judging, "the kernel's memory", judging->reserve, judging->reserve_size);
}

static enum zp_clause_verdict image(const struct zp_judging *judging)
{
    const struct zp_range *kernel = zp_handed_first(judging, ZP_HANDED_IMAGE);
    if (!kernel)
        return zp_unseen(judging, "where the image lies");
    return in_ram(judging, "the kernel", kernel->start, kernel->size);
}

/*
 * Through the loader's page tables, a bad page may be one that is not mapped: linux64.map.touched says so,
 * and nothing is known of the memory.
 */
static enum zp_clause_verdict works(const struct zp_judging *judging)
{
    size_t cursor = 0;
    uint64_t bad, at = 0, more, pages = 0;
    bool seen = false, unmapped = false;
    for (struct json_object *line; (line = zp_report_next(judging->report, "touched", &cursor)) != NULL;) {
        const char *through = zp_line_text(line, "through", NULL);
        if (!through || !zp_line_number(line, "bad", &bad))
            continue;
        seen = true;
        if (bad != 0 && strcmp(through, "own") != 0) {
            unmapped = true;
            continue;
        }
        zp_line_number(line, "first_bad", &at);
        if (bad != 0)
            return zp_judged(judging, false,
                             "%" PRIu64 " pages do not keep what is written, first 0x%" PRIx64, bad, at);
        if (zp_line_number(line, "pages", &more))
            pages += more;
    }
    if (unmapped)
        return zp_unseen(judging, "whether pages that are not mapped are memory");
    return seen && pages > 0 ? zp_judged(judging, true, "%" PRIu64 " pages", pages)
                             : zp_unseen(judging, "pages touched");
}

#define MULTIBOOT (ZP_BY_MULTIBOOT1 | ZP_BY_MULTIBOOT2)
#define ZERO      "Linux zero-page.rst: e820_table; " ACPI15
#define MEMMAP    "Xen start_info.h: memory map table; " ACPI15
#define MMAP      "Multiboot 0.6.96, 3.3 Boot information format: mmap; Multiboot2 2.0: Memory map"
#define GETMAP    "UEFI 2.10, 7.2.3 EFI_BOOT_SERVICES.GetMemoryMap()"
#define INITSIZE  "Linux boot.rst, Details of Header Fields: init_size"

static const struct zp_clause clauses[] = {
    {"linux.e820.present", ZP_BY_BOOTPARAMS, ZP_CLAUSE_SHOULD, present,
     "The e820 table has an entry: the loader should fill it, Linux guesses the memory without.",
     "Linux zero-page.rst: e820_entries, e820_table"},
    {"linux.e820.entries", ZP_BY_BOOTPARAMS, ZP_CLAUSE_MUST, entries,
     "e820_entries is no more than the 128 that the table has room for.",
     "Linux zero-page.rst: e820_entries, e820_table"},
    {"linux.e820.overlap", ZP_BY_BOOTPARAMS, ZP_CLAUSE_SHOULD, overlap,
     "No two e820 ranges overlap: no text says which of them counts, and kernels differ.", ZERO},
    {"linux.e820.size", ZP_BY_BOOTPARAMS, ZP_CLAUSE_SHOULD, sizes, "No e820 range is empty or wraps around.",
     ZERO},
    {"linux.e820.hole", ZP_BY_BOOTPARAMS, ZP_CLAUSE_SHOULD, hole,
     "No RAM is told between 0xa0000 and 0x100000.", ACPI15 ", Assumptions and Limitations"},
    {"linux.e820.reserve", ZP_BY_BOOTPARAMS, ZP_CLAUSE_MUST, reserve,
     "init_size bytes from the runtime start are RAM.", INITSIZE},
    {"linux.e820.sorted", ZP_BY_BOOTPARAMS, ZP_CLAUSE_NOTE, sorted, "The e820 ranges are sorted.", ZERO},
    {"linux.e820.types", ZP_BY_BOOTPARAMS, ZP_CLAUSE_NOTE, types, "The e820 types are known ones.", ZERO},
    {"pvh.memmap.overlap", ZP_BY_PVH, ZP_CLAUSE_SHOULD, overlap,
     "No two ranges of the memory map overlap: no text says which of them counts.", MEMMAP},
    {"pvh.memmap.empty", ZP_BY_PVH, ZP_CLAUSE_SHOULD, sizes, "No range is empty or wraps around.", MEMMAP},
    {"pvh.memmap.hole", ZP_BY_PVH, ZP_CLAUSE_SHOULD, hole, "No RAM is told between 0xa0000 and 0x100000.",
     MEMMAP},
    {"pvh.memmap.image", ZP_BY_PVH, ZP_CLAUSE_SHOULD, image, "The kernel lies in RAM of the memory map.",
     MEMMAP},
    {"pvh.memmap.sorted", ZP_BY_PVH, ZP_CLAUSE_NOTE, sorted, "The ranges are sorted.", MEMMAP},
    {"pvh.memmap.types", ZP_BY_PVH, ZP_CLAUSE_NOTE, types, "The types are known ones.", MEMMAP},
    {"multiboot1.mmap.walk", ZP_BY_MULTIBOOT1, ZP_CLAUSE_MUST, walk,
     "The sizes of its entries lead from one to the next, down to mmap_length.", MMAP ", size"},
    {"multiboot.mmap.overlap", MULTIBOOT, ZP_CLAUSE_SHOULD, overlap,
     "No two ranges of the memory map overlap: no text says which of them counts.", MMAP},
    {"multiboot.mmap.empty", MULTIBOOT, ZP_CLAUSE_SHOULD, sizes, "No range is empty or wraps around.", MMAP},
    {"multiboot.mmap.hole", MULTIBOOT, ZP_CLAUSE_SHOULD, hole, "No RAM is told between 0xa0000 and 0x100000.",
     ACPI15 ", Assumptions and Limitations"},
    {"multiboot.mmap.image", MULTIBOOT, ZP_CLAUSE_SHOULD, image,
     "The kernel lies in RAM of the memory map, which lists all standard RAM.", MMAP},
    {"multiboot.mmap.sorted", MULTIBOOT, ZP_CLAUSE_NOTE, sorted, "The ranges are sorted.", MMAP},
    {"multiboot.mmap.types", MULTIBOOT, ZP_CLAUSE_NOTE, types, "The types are known ones.", MMAP},
    {"efi.memory.present", ZP_BY_EFI, ZP_CLAUSE_MUST, present, "The memory map has an entry.", GETMAP},
    {"efi.memory.overlap", ZP_BY_EFI, ZP_CLAUSE_SHOULD, overlap,
     "No two descriptors overlap: a page has one type.", GETMAP},
    {"efi.memory.empty", ZP_BY_EFI, ZP_CLAUSE_MUST, sizes, "No descriptor is empty or wraps around.",
     GETMAP ": NumberOfPages"},
    {"memory.works", ZP_BY_ALL, ZP_CLAUSE_MUST, works,
     "Every page that is promised as memory keeps what is written to it.",
     INITSIZE
     "; Xen start_info.h: memory map table; Multiboot 0.6.96, 3.3: mmap; UEFI 2.10, 7.2: Memory Type "
     "Usage"},
};

const struct zp_clause_table zp_clauses_memory = {clauses, sizeof clauses / sizeof clauses[0]};
