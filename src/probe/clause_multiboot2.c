/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot information of Multiboot 2 (Multiboot2 Specification 2.0, "Boot information format"): a fixed part
 * of 8 bytes and tags one after another, each at a multiple of 8, down to the tag of type 0 and size 8.
 */
#include <zeropage/wire/multiboot2.h>

#include "judging.h"

#define INFO "Multiboot2 2.0, Boot information format: "

#define MIB UINT64_C(0x100000)

static struct json_object *info(const struct zp_judging *judging)
{
    return zp_report_line(judging->report, "multiboot2");
}

/* The first tag of that type, or NULL. */
static struct json_object *tag(const struct zp_judging *judging, uint64_t wanted)
{
    size_t cursor = 0;
    uint64_t type;
    for (struct json_object *line; (line = zp_report_next(judging->report, "tag", &cursor)) != NULL;)
        if (zp_line_number(line, "type", &type) && type == wanted)
            return line;
    return NULL;
}

static enum zp_clause_verdict aligned(const struct zp_judging *judging)
{
    uint64_t address;
    if (!zp_line_number(info(judging), "address", &address))
        return zp_unseen(judging, "the boot information");
    return zp_judged(judging, address % ZP_MULTIBOOT2_INFO_ALIGN == 0, "at 0x%" PRIx64, address);
}

static enum zp_clause_verdict reserved(const struct zp_judging *judging)
{
    uint64_t value;
    if (!zp_line_number(info(judging), "reserved", &value))
        return zp_unseen(judging, "the boot information");
    return zp_judged(judging, value == 0, "0x%" PRIx64, value);
}

static enum zp_clause_verdict total_size(const struct zp_judging *judging)
{
    uint64_t address, size, at, length;
    struct json_object *end = tag(judging, ZP_MULTIBOOT2_TAG_TYPE_END);
    if (!zp_line_number(info(judging), "address", &address) ||
        !zp_line_number(info(judging), "total_size", &size))
        return zp_unseen(judging, "the boot information");
    if (!zp_line_number(end, "at", &at) || !zp_line_number(end, "size", &length))
        return zp_unseen(judging, "the end tag");
    return zp_judged(judging, at + length == address + size,
                     "total_size %" PRIu64 ", the end tag ends at offset %" PRIu64, size,
                     at + length - address);
}

static enum zp_clause_verdict end_tag(const struct zp_judging *judging)
{
    uint64_t size;
    struct json_object *end = tag(judging, ZP_MULTIBOOT2_TAG_TYPE_END);
    if (!info(judging))
        return zp_unseen(judging, "the boot information");
    if (!zp_line_number(end, "size", &size))
        return zp_judged(judging, false, "no end tag");
    return zp_judged(judging, size == 8, "size %" PRIu64, size);
}

static enum zp_clause_verdict walk(const struct zp_judging *judging)
{
    size_t cursor = 0, count = 0;
    if (!info(judging))
        return zp_unseen(judging, "the boot information");
    for (struct json_object *line; (line = zp_report_next(judging->report, "tag", &cursor)) != NULL;
         count++) {
        const char *error = zp_line_text(line, "error", NULL);
        if (error)
            return zp_judged(judging, false, "the walk breaks at tag %zu: %s", count, error);
    }
    return zp_judged(judging, true, "%zu tags", count);
}

static enum zp_clause_verdict tags_aligned(const struct zp_judging *judging)
{
    bool any;
    uint64_t at;
    if (zp_find_unaligned(judging, "tag", "at", ZP_MULTIBOOT2_TAG_ALIGN, &any, &at))
        return zp_judged(judging, false, "a tag lies at 0x%" PRIx64, at);
    return any ? zp_judged(judging, true, "multiples of 8") : zp_unseen(judging, "tags");
}

/* Where the walk breaks, multiboot2.tags.walk says so. */
static enum zp_clause_verdict sizes(const struct zp_judging *judging)
{
    static const struct {
        uint32_t type, size;
    } fixed[] = {
        {ZP_MULTIBOOT2_TAG_TYPE_BASIC_MEMINFO, 16}, {ZP_MULTIBOOT2_TAG_TYPE_BOOTDEV, 20},
        {ZP_MULTIBOOT2_TAG_TYPE_VBE, 784},          {ZP_MULTIBOOT2_TAG_TYPE_APM, 28},
        {ZP_MULTIBOOT2_TAG_TYPE_EFI32, 12},         {ZP_MULTIBOOT2_TAG_TYPE_EFI64, 16},
        {ZP_MULTIBOOT2_TAG_TYPE_EFI_BS, 8},         {ZP_MULTIBOOT2_TAG_TYPE_EFI32_IH, 12},
        {ZP_MULTIBOOT2_TAG_TYPE_EFI64_IH, 16},      {ZP_MULTIBOOT2_TAG_TYPE_LOAD_BASE_ADDR, 12},
    };
    size_t cursor = 0;
    uint64_t type, size;
    bool any = false;
    for (struct json_object *line; (line = zp_report_next(judging->report, "tag", &cursor)) != NULL;) {
        if (zp_line_text(line, "error", NULL) || !zp_line_number(line, "type", &type) ||
            !zp_line_number(line, "size", &size) || size < 8)
            continue;
        for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
            if (fixed[i].type != type)
                continue;
            any = true;
            if (fixed[i].size != size)
                return zp_judged(judging, false,
                                 "a tag of type %" PRIu64 " has %" PRIu64 " bytes, not %" PRIu32, type, size,
                                 fixed[i].size);
        }
    }
    return any ? zp_judged(judging, true, "as told") : zp_not_arisen(judging, "no tags of one size");
}

static enum zp_clause_verdict known(const struct zp_judging *judging)
{
    size_t cursor = 0;
    uint64_t type;
    for (struct json_object *line; (line = zp_report_next(judging->report, "tag", &cursor)) != NULL;)
        if (zp_line_number(line, "type", &type) && type > ZP_MULTIBOOT2_TAG_TYPE_LOAD_BASE_ADDR)
            return zp_judged(judging, false, "type %" PRIu64, type);
    return tag(judging, ZP_MULTIBOOT2_TAG_TYPE_END) ? zp_judged(judging, true, "known types")
                                                    : zp_unseen(judging, "all tags");
}

static enum zp_clause_verdict meminfo(const struct zp_judging *judging)
{
    uint64_t lower, upper;
    struct json_object *line = tag(judging, ZP_MULTIBOOT2_TAG_TYPE_BASIC_MEMINFO);
    if (!info(judging))
        return zp_unseen(judging, "the boot information");
    bool there = zp_line_number(line, "mem_lower", &lower) && zp_line_number(line, "mem_upper", &upper);
    return zp_judged(judging, there, "%s", there ? "there" : "no such tag");
}

static enum zp_clause_verdict mem_lower(const struct zp_judging *judging)
{
    uint64_t lower;
    if (!zp_line_number(tag(judging, ZP_MULTIBOOT2_TAG_TYPE_BASIC_MEMINFO), "mem_lower", &lower))
        return zp_not_arisen(judging, "no basic memory information");
    return zp_judged(judging, lower <= 640, "mem_lower %" PRIu64 " KiB", lower);
}

static enum zp_clause_verdict mem_upper(const struct zp_judging *judging)
{
    uint64_t upper, missing;
    if (!zp_line_number(tag(judging, ZP_MULTIBOOT2_TAG_TYPE_BASIC_MEMINFO), "mem_upper", &upper) ||
        judging->memory.count == 0)
        return zp_not_arisen(judging, "no basic memory information, or no map to hold it against");
    if (judging->memory.cut)
        return zp_unseen(judging, "the whole memory map");
    if (zp_covered(&judging->memory, MIB, (upper & UINT32_MAX) * 1024, ZP_RAM, false, &missing))
        return zp_judged(judging, true, "mem_upper %" PRIu64 " KiB", upper);
    return zp_judged(judging, false, "mem_upper %" PRIu64 " KiB, but 0x%" PRIx64 " is not available RAM",
                     upper, missing);
}

static enum zp_clause_verdict memory_map(const struct zp_judging *judging)
{
    if (!info(judging))
        return zp_unseen(judging, "the boot information");
    return zp_judged(judging, tag(judging, ZP_MULTIBOOT2_TAG_TYPE_MMAP) && judging->memory.count > 0,
                     "%zu ranges", judging->memory.count);
}

static enum zp_clause_verdict entry_size(const struct zp_judging *judging)
{
    uint64_t size;
    if (!zp_line_number(tag(judging, ZP_MULTIBOOT2_TAG_TYPE_MMAP), "entry_size", &size))
        return zp_not_arisen(judging, "no memory map");
    return zp_judged(judging, size >= 24 && size % 8 == 0, "entry_size %" PRIu64, size);
}

static const struct zp_clause clauses[] = {
    {"multiboot2.info.aligned", ZP_BY_MULTIBOOT2, ZP_CLAUSE_MUST, aligned,
     "The boot information begins at a multiple of 8.", INFO "Basic tags structure"},
    {"multiboot2.total_size", ZP_BY_MULTIBOOT2, ZP_CLAUSE_MUST, total_size,
     "total_size counts everything through the end tag.", INFO "total_size"},
    {"multiboot2.reserved", ZP_BY_MULTIBOOT2, ZP_CLAUSE_MUST, reserved, "The reserved word is zero.",
     INFO "reserved"},
    {"multiboot2.tags.walk", ZP_BY_MULTIBOOT2, ZP_CLAUSE_MUST, walk,
     "The sizes of the tags lead from one to the next.", INFO "size"},
    {"multiboot2.tags.aligned", ZP_BY_MULTIBOOT2, ZP_CLAUSE_MUST, tags_aligned,
     "Each tag begins at a multiple of 8.", INFO "tags"},
    {"multiboot2.tags.end", ZP_BY_MULTIBOOT2, ZP_CLAUSE_MUST, end_tag,
     "A tag of type 0 and size 8 ends the tags.", INFO "tags are terminated"},
    {"multiboot2.tags.size", ZP_BY_MULTIBOOT2, ZP_CLAUSE_MUST, sizes,
     "A tag whose size the specification gives has that size.", INFO "the size of each tag"},
    {"multiboot2.tags.known", ZP_BY_MULTIBOOT2, ZP_CLAUSE_NOTE, known,
     "Each tag is of a type that the specification has.", INFO "type"},
    {"multiboot2.memory", ZP_BY_MULTIBOOT2, ZP_CLAUSE_SHOULD, meminfo,
     "There is basic memory information; EFI loaders may leave it out.", INFO "Basic memory information"},
    {"multiboot2.mem_lower", ZP_BY_MULTIBOOT2, ZP_CLAUSE_MUST, mem_lower, "mem_lower is at most 640 KiB.",
     INFO "Basic memory information"},
    {"multiboot2.mem_upper", ZP_BY_MULTIBOOT2, ZP_CLAUSE_MUST, mem_upper,
     "mem_upper ends at the first hole at the latest.", INFO "Basic memory information"},
    {"multiboot2.mmap.present", ZP_BY_MULTIBOOT2, ZP_CLAUSE_SHOULD, memory_map,
     "There is a memory map; EFI loaders may leave it out.", INFO "Memory map"},
    {"multiboot2.mmap.entry_size", ZP_BY_MULTIBOOT2, ZP_CLAUSE_MUST, entry_size,
     "The entries of the memory map have a size that is a multiple of 8.", INFO "Memory map, entry_size"},
};

const struct zp_clause_table zp_clauses_multiboot2 = {clauses, sizeof clauses / sizeof clauses[0]};
