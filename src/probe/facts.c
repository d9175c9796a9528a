/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The facts of a report that more than one clause looks at: the memory map, the identity mappings, where
 * everything lies that was handed over, and the memory that Linux runs over before it reads its memory map
 * (Linux boot.rst, init_size). A hostile report has numbers that wrap around: ranges are cut at 2^64.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zeropage/wire/bootparam.h>

#include "judging.h"

#define RANGES_MAX ((size_t)1024)

static int add(struct zp_ranges *ranges, uint64_t start, uint64_t size, uint32_t type)
{
    if (ranges->count == RANGES_MAX) {
        ranges->cut = true;
        return 0;
    }
    /* Room grows by doubling, at each power of two. */
    if ((ranges->count & (ranges->count - 1)) == 0) {
        size_t capacity = ranges->count ? 2 * ranges->count : 1;
        struct zp_range *grown = realloc(ranges->ranges, capacity * sizeof *grown);
        if (!grown)
            return -1;
        ranges->ranges = grown;
    }
    if (size > UINT64_MAX - start)
        size = UINT64_MAX - start;
    ranges->ranges[ranges->count++] = (struct zp_range){.start = start, .size = size, .type = type};
    return 0;
}

/* Adds what a line says lies at [at, +size); a line without both, or of nothing, adds nothing. */
static int add_line(struct zp_ranges *ranges, struct json_object *line, const char *at, const char *size,
                    uint64_t extra, uint32_t type)
{
    uint64_t start, length;
    if (!zp_line_number(line, at, &start) || !zp_line_number(line, size, &length) || start == 0)
        return 0;
    return add(ranges, start, length > UINT64_MAX - extra ? length : length + extra, type);
}

/* The same for something of a size that is known. */
static int add_fixed(struct zp_ranges *ranges, struct json_object *line, const char *at, uint64_t size,
                     uint32_t type)
{
    uint64_t start;
    if (!zp_line_number(line, at, &start) || start == 0 || size == 0)
        return 0;
    return add(ranges, start, size, type);
}

static int read_memory(struct zp_judging *judging)
{
    size_t cursor = 0;
    struct json_object *line;
    while ((line = zp_report_next(judging->report, "memory", &cursor)) != NULL) {
        uint64_t start, size, type, more;
        /* What comes after a place where the list breaks is not seen either. */
        if (zp_line_number(line, "more", &more) || zp_line_text(line, "error", NULL))
            judging->memory.cut = true;
        else if (zp_line_number(line, "start", &start) && zp_line_number(line, "size", &size) &&
                 zp_line_number(line, "type", &type) &&
                 add(&judging->memory, start, size, type > UINT32_MAX ? UINT32_MAX : (uint32_t)type) != 0)
            return -1;
    }
    return 0;
}

static int read_mapping(struct zp_judging *judging)
{
    size_t cursor = 0;
    struct json_object *line;
    bool cut = false;
    /* Some tables were not looked at: what they map is not known. */
    zp_line_bool(zp_report_line(judging->report, "paging"), "cut", &cut);
    judging->mapping.cut = cut;
    while ((line = zp_report_next(judging->report, "mapping", &cursor)) != NULL) {
        uint64_t from, to, size, more;
        bool writable = false;
        if (zp_line_number(line, "more", &more))
            judging->mapping.cut = true;
        if (!zp_line_number(line, "virtual", &from) || !zp_line_number(line, "physical", &to) || from != to ||
            !zp_line_number(line, "size", &size))
            continue;
        zp_line_bool(line, "writable", &writable);
        if (add(&judging->mapping, from, size, 0) != 0)
            return -1;
        judging->mapping.ranges[judging->mapping.count - 1].writable = writable;
    }
    return 0;
}

static int add_all(struct zp_judging *judging, const char *kind, const char *at, const char *size,
                   uint64_t extra, enum zp_handed handed)
{
    size_t cursor = 0;
    struct json_object *line;
    while ((line = zp_report_next(judging->report, kind, &cursor)) != NULL)
        if (add_line(&judging->handed, line, at, size, extra, handed) != 0)
            return -1;
    return 0;
}

/* start_info and multiboot information, with the lists that they point to. */
static int read_info(struct zp_judging *judging)
{
    struct zp_ranges *handed = &judging->handed;
    struct json_object *line = zp_report_line(judging->report, "start_info");
    uint64_t version = 0, modules = 0, entries = 0;
    int status = 0;
    if (line) {
        zp_line_number(line, "version", &version);
        zp_line_number(line, "nr_modules", &modules);
        zp_line_number(line, "memmap_entries", &entries);
        status |= add_fixed(handed, line, "address", version == 0 ? 40 : 56, ZP_HANDED_INFO);
        status |= add_fixed(handed, line, "modlist_paddr", (modules & UINT32_MAX) * 32, ZP_HANDED_INFO);
        status |= add_fixed(handed, line, "memmap_paddr", (entries & UINT32_MAX) * 24, ZP_HANDED_INFO);
    }
    line = zp_report_line(judging->report, "multiboot1");
    if (line) {
        uint64_t flags = 0, count = 0;
        zp_line_number(line, "flags", &flags);
        status |= add_fixed(handed, line, "address", 52, ZP_HANDED_INFO);
        if (flags & 8 && zp_line_number(line, "mods_count", &count))
            status |= add_fixed(handed, line, "mods_addr", (count & UINT32_MAX) * 16, ZP_HANDED_INFO);
        if (flags & 64)
            status |= add_line(handed, line, "mmap_addr", "mmap_length", 0, ZP_HANDED_INFO);
    }
    line = zp_report_line(judging->report, "multiboot2");
    if (line)
        status |= add_line(handed, line, "address", "total_size", 0, ZP_HANDED_INFO);
    return status;
}

static int read_handed(struct zp_judging *judging)
{
    const struct zp_report *report = judging->report;
    struct zp_ranges *handed = &judging->handed;
    struct json_object *image = zp_report_line(report, "image");
    struct json_object *rsdp = zp_report_line(report, "rsdp");
    size_t cursor = 0;
    uint64_t told = 0, size = 0, bss = 0, bss_size = 0, base = 0;
    int status = add_fixed(handed, zp_report_line(report, "boot_params"), "address", ZP_BOOT_PARAMS_SIZE,
                           ZP_HANDED_BOOT_PARAMS);
    /* With its NUL. */
    status |= add_line(handed, zp_report_line(report, "cmdline"), "address", "length", 1, ZP_HANDED_CMDLINE);
    status |= add_all(judging, "module", "start", "size", 0, ZP_HANDED_MODULE);
    status |=
        add_all(judging, "setup_data", "address", "len", sizeof(struct zp_setup_data), ZP_HANDED_SETUP_DATA);
    if (judging->protocol != ZP_BY_LINUX16)
        status |= add_line(handed, zp_line_object(judging->cpu, "gdt"), "base", "limit", 1, ZP_HANDED_GDT);
    for (struct json_object *line; (line = zp_report_next(report, "table", &cursor)) != NULL;)
        status |= add_fixed(handed, line, "at", 4096, ZP_HANDED_TABLES);
    status |= read_info(judging);
    status |= add_all(judging, "acpi", "address", "length", 0, ZP_HANDED_ACPI);
    /* A multiboot 2 tag is a copy of the RSDP, part of the information, and no home of its own. */
    if (!zp_line_number(rsdp, "told", &told) || told == 0 || judging->protocol == ZP_BY_MULTIBOOT2)
        status |= add_fixed(handed, rsdp, "scanned", 20, ZP_HANDED_ACPI);
    else
        status |= add_fixed(handed, rsdp, "told", 20, ZP_HANDED_ACPI);
    if (zp_line_number(image, "base", &base) && zp_line_number(image, "size", &size)) {
        status |= add(handed, base, size, ZP_HANDED_IMAGE);
        if (zp_line_number(image, "bss_start", &bss) && zp_line_number(image, "bss_size", &bss_size) &&
            bss_size > 0)
            status |= add(handed, bss, bss_size, ZP_HANDED_IMAGE);
    }
    return status ? -1 : 0;
}

/* The image says where it lies; else, seen from outside, the entry does, which every protocol fixes. */
static void find_load(struct zp_judging *judging)
{
    struct json_object *image = zp_report_line(judging->report, "image");
    uint64_t rip;
    judging->load_known = zp_line_number(image, "base", &judging->load);
    if (judging->load_known || !zp_judging_cpu(judging, "rip", &rip))
        return;
    if (judging->protocol == ZP_BY_LINUX32 || judging->protocol == ZP_BY_LINUX64) {
        judging->load_known = true;
        judging->load = judging->protocol == ZP_BY_LINUX64 ? rip & ~UINT64_C(0xfff) : rip;
    }
}

/* boot.rst, init_size: the runtime start; and 64-bit code never runs below its pref_address. */
static void find_reserve(struct zp_judging *judging)
{
    struct json_object *header = judging->header;
    uint64_t version, size, relocatable, alignment, preferred;
    if (!judging->load_known || !zp_line_number(header, "version", &version) || version < 0x20a ||
        !zp_line_number(header, "init_size", &size) || size == 0 ||
        !zp_line_number(header, "relocatable_kernel", &relocatable) ||
        !zp_line_number(header, "kernel_alignment", &alignment) ||
        !zp_line_number(header, "pref_address", &preferred))
        return;
    uint64_t start = judging->load;
    if (relocatable == 0) {
        start = preferred;
    } else {
        bool power = alignment != 0 && (alignment & (alignment - 1)) == 0;
        if (power && start <= UINT64_MAX - (alignment - 1))
            start = (start + alignment - 1) & ~(alignment - 1);
        if (strncmp(judging->report->image, "bzimage", 7) == 0 && start < preferred)
            start = preferred;
    }
    judging->reserve_known = true;
    judging->reserve = start;
    judging->reserve_size = size > UINT64_MAX - start ? UINT64_MAX - start : size;
}

static uint32_t protocol_bit(const char *name)
{
    static const char *const names[] = {"linux16",    "linux32",    "linux64", "pvh",
                                        "multiboot1", "multiboot2", "efi"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0)
            return 1u << i;
    return 0;
}

int zp_judging_make(struct zp_judging *judging, const struct zp_report *report,
                    const struct zp_probe_expected *expected)
{
    static const struct zp_probe_expected nothing;
    memset(judging, 0, sizeof *judging);
    judging->report = report;
    judging->expected = expected ? expected : &nothing;
    judging->protocol = protocol_bit(report->protocol);
    judging->cpu = zp_report_line(report, "cpu");
    judging->header = zp_report_line(report, "setup_header");
    if (read_memory(judging) != 0 || read_mapping(judging) != 0 || read_handed(judging) != 0)
        return -1;
    find_load(judging);
    find_reserve(judging);
    return 0;
}

void zp_judging_release(struct zp_judging *judging)
{
    free(judging->memory.ranges);
    free(judging->mapping.ranges);
    free(judging->handed.ranges);
}

bool zp_judging_cpu(const struct zp_judging *judging, const char *name, uint64_t *ret_value)
{
    return zp_line_number(judging->cpu, name, ret_value);
}

bool zp_covered(const struct zp_ranges *ranges, uint64_t start, uint64_t size, uint32_t type, bool writable,
                uint64_t *ret_missing)
{
    uint64_t at = start, end = size > UINT64_MAX - start ? UINT64_MAX : start + size;
    while (at < end) {
        uint64_t reached = at;
        for (size_t i = 0; i < ranges->count; i++) {
            const struct zp_range *range = &ranges->ranges[i];
            if ((type != 0 && range->type != type) || (writable && !range->writable))
                continue;
            if (range->start <= at && at - range->start < range->size && range->start + range->size > reached)
                reached = range->start + range->size;
        }
        if (reached == at) {
            *ret_missing = at;
            return false;
        }
        at = reached;
    }
    return true;
}

bool zp_overlap(const struct zp_range *left, const struct zp_range *right)
{
    return left->size > 0 && right->size > 0 && left->start < right->start + right->size &&
           right->start < left->start + left->size;
}

const struct zp_range *zp_handed_in(const struct zp_judging *judging, enum zp_handed kind, uint64_t start,
                                    uint64_t size)
{
    struct zp_range wanted = {.start = start, .size = size > UINT64_MAX - start ? UINT64_MAX - start : size};
    for (size_t i = 0; i < judging->handed.count; i++)
        if (judging->handed.ranges[i].type == kind && zp_overlap(&judging->handed.ranges[i], &wanted))
            return &judging->handed.ranges[i];
    return NULL;
}

const struct zp_range *zp_handed_first(const struct zp_judging *judging, enum zp_handed kind)
{
    for (size_t i = 0; i < judging->handed.count; i++)
        if (judging->handed.ranges[i].type == kind)
            return &judging->handed.ranges[i];
    return NULL;
}

const char *zp_handed_name(uint32_t kind)
{
    switch (kind) {
    case ZP_HANDED_BOOT_PARAMS: return "boot_params";
    case ZP_HANDED_CMDLINE: return "the command line";
    case ZP_HANDED_MODULE: return "a module";
    case ZP_HANDED_SETUP_DATA: return "setup_data";
    case ZP_HANDED_GDT: return "the GDT";
    case ZP_HANDED_TABLES: return "a page table";
    case ZP_HANDED_INFO: return "the boot information";
    case ZP_HANDED_ACPI: return "an ACPI table";
    case ZP_HANDED_IMAGE: return "the kernel";
    }
    return "something";
}

/* A detail may quote a stranger's text: what is not plain becomes a question mark. */
static void tell(const struct zp_judging *judging, const char *format, va_list arguments)
{
    char *detail = judging->detail;
    vsnprintf(detail, ZP_DETAIL_SIZE, format, arguments);
    for (; *detail; detail++)
        if (*detail < ' ' || *detail > '~')
            *detail = '?';
}

bool zp_find_unaligned(const struct zp_judging *judging, const char *kind, const char *field, uint64_t align,
                       bool *ret_any, uint64_t *ret_value)
{
    size_t cursor = 0;
    *ret_any = false;
    for (struct json_object *line; (line = zp_report_next(judging->report, kind, &cursor)) != NULL;) {
        if (!zp_line_number(line, field, ret_value))
            continue;
        *ret_any = true;
        if (*ret_value % align != 0)
            return true;
    }
    return false;
}

static void tell_plain(const struct zp_judging *judging, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void tell_plain(const struct zp_judging *judging, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tell(judging, format, arguments);
    va_end(arguments);
}

enum zp_clause_verdict zp_judged(const struct zp_judging *judging, bool holds, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    tell(judging, format, arguments);
    va_end(arguments);
    return holds ? ZP_CLAUSE_PASS : ZP_CLAUSE_FAIL;
}

enum zp_clause_verdict zp_unseen(const struct zp_judging *judging, const char *what)
{
    tell_plain(judging, "the report does not show %s", what);
    return ZP_CLAUSE_NOT_OBSERVABLE;
}

enum zp_clause_verdict zp_not_arisen(const struct zp_judging *judging, const char *why)
{
    tell_plain(judging, "%s", why);
    return ZP_CLAUSE_NOT_APPLICABLE;
}
