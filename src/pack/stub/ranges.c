/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory map, what of it must not be written yet, and where something fits. Receives ranges in any order,
 * overlapping and empty ones too; guarantees a map as zp_machine wants it: sorted, merged, none overlapping.
 * Built for the host as well, where tests ask it. ACPI 6.5, section 15 "System Address Map Interfaces" and
 * 5.2.5.1 "Finding the RSDP".
 */
#include <zeropage/wire/acpi.h>
#include <zeropage/wire/e820.h>
#include <zeropage/wire/x86.h>

#include "../../core/checked.h"
#include "stub.h"

#define BIOS_AREA     0xe0000u
#define BIOS_AREA_END 0x100000u
#define KIB           1024u

/* Where ranges overlap the highest rank counts. */
enum rank {
    NOTHING,
    RAM,
    BUSY,
    TABLES,
    HELD
};

static enum rank rank_of(const struct zp_memory_range *range)
{
    if (range->usage == ZP_USAGE_FREE)
        return RAM;
    return range->e820_type == ZP_E820_ACPI ? TABLES : HELD;
}

/* What lies at an address, and the nearest address behind it where that may change. */
struct look {
    uint64_t at, next;
    enum rank rank;
    uint32_t usage, e820_type;
};

static bool reaches(struct look *look, uint64_t start, uint64_t size)
{
    if (start > look->at) {
        look->next = start < look->next ? start : look->next;
        return false;
    }
    if (look->at - start >= size)
        return false;
    look->next = start + size < look->next ? start + size : look->next;
    return true;
}

static void look_at(const struct arrival *arrival, size_t keep_count, struct look *look)
{
    look->next = UINT64_MAX;
    look->rank = NOTHING;
    for (size_t i = 0; i < arrival->range_count; i++) {
        const struct zp_memory_range *range = &arrival->ranges[i];

        if (!reaches(look, range->start.value, range->size) || rank_of(range) < look->rank)
            continue;
        if (rank_of(range) == look->rank && range->e820_type < look->e820_type)
            continue;
        look->rank = rank_of(range);
        look->usage = range->usage;
        look->e820_type = range->e820_type;
    }
    if (look->rank != RAM)
        return; /* a keep makes no difference here */
    for (size_t i = 0; i < keep_count; i++)
        if (reaches(look, arrival->keeps[i].start, arrival->keeps[i].size)) {
            look->rank = BUSY;
            look->usage = ZP_USAGE_BUSY;
        }
}

/* The whole map from address 0 on, with the keeps or without. */
static size_t sweep(const struct arrival *arrival, size_t keep_count, struct zp_memory_range *to,
                    size_t capacity)
{
    struct look look = {.at = 0};
    size_t count = 0;

    for (; look.at != UINT64_MAX; look.at = look.next) {
        struct zp_memory_range *last = count ? &to[count - 1] : NULL;

        look_at(arrival, keep_count, &look);
        if (look.rank == NOTHING)
            continue;
        if (last && last->start.value + last->size == look.at && last->usage == look.usage &&
            last->e820_type == look.e820_type) {
            last->size += look.next - look.at;
            continue;
        }
        if (count == capacity)
            stub_refuse("memory map: more than %d ranges", (uint64_t)STUB_RANGE_MAX);
        to[count].start.value = look.at;
        to[count].size = look.next - look.at;
        to[count].usage = look.usage;
        to[count++].e820_type = look.e820_type;
    }
    return count;
}

void stub_range_add(struct arrival *arrival, uint64_t start, uint64_t size, uint32_t e820_type)
{
    struct zp_memory_range *range;

    if (size == 0)
        return;
    if (arrival->range_count == STUB_RANGE_MAX)
        stub_ranges_done(arrival);
    if (arrival->range_count == STUB_RANGE_MAX)
        stub_refuse("memory map: more than %d ranges", (uint64_t)STUB_RANGE_MAX);
    range = &arrival->ranges[arrival->range_count++];
    range->start.value = start;
    range->size = size < UINT64_MAX - start ? size : UINT64_MAX - start;
    range->usage = e820_type == ZP_E820_RAM ? ZP_USAGE_FREE : ZP_USAGE_RESERVED;
    range->e820_type = e820_type;
}

void stub_ranges_done(struct arrival *arrival)
{
    static struct zp_memory_range sorted[STUB_RANGE_MAX];
    size_t count = sweep(arrival, 0, sorted, STUB_RANGE_MAX);

    memcpy(arrival->ranges, sorted, count * sizeof(sorted[0]));
    arrival->range_count = count;
}

size_t stub_machine_ranges(const struct arrival *arrival, struct zp_memory_range *ranges)
{
    return sweep(arrival, arrival->keep_count, ranges, STUB_RANGE_MAX + 2 * STUB_KEEP_MAX);
}

/* Keeps that touch become one, so that a list in one piece of memory counts once. */
void stub_keep(struct arrival *arrival, uint64_t start, uint64_t size)
{
    uint64_t end = start + size;

    if (size == 0)
        return;
    for (size_t i = 0; i < arrival->keep_count;) {
        struct stub_keep *keep = &arrival->keeps[i];
        uint64_t keep_end = keep->start + keep->size;

        if (start > keep_end || end < keep->start) {
            i++;
            continue;
        }
        start = start < keep->start ? start : keep->start;
        end = end > keep_end ? end : keep_end;
        *keep = arrival->keeps[--arrival->keep_count];
        i = 0;
    }
    if (arrival->keep_count == STUB_KEEP_MAX)
        stub_refuse("more than %d areas handed over", (uint64_t)STUB_KEEP_MAX);
    arrival->keeps[arrival->keep_count].start = start;
    arrival->keeps[arrival->keep_count++].size = end - start;
}

/* The lowest start of what [start, +size) touches, or UINT64_MAX. */
static uint64_t obstacle(const struct arrival *arrival, uint64_t start, uint64_t size, uint64_t avoid,
                         uint64_t avoid_size)
{
    uint64_t lowest = UINT64_MAX;

    if (zp_overlaps(start, size, avoid, avoid_size))
        lowest = avoid;
    for (size_t i = 0; i < arrival->keep_count; i++) {
        const struct stub_keep *keep = &arrival->keeps[i];

        if (zp_overlaps(start, size, keep->start, keep->size) && keep->start < lowest)
            lowest = keep->start;
    }
    return lowest;
}

/* The highest place in [from, to), 0 for none. */
static uint64_t find_in(const struct arrival *arrival, uint64_t from, uint64_t to, uint64_t size,
                        uint64_t align, uint64_t avoid, uint64_t avoid_size)
{
    while (to > from && to - from >= size) {
        uint64_t start = zp_align_down(to - size, align);

        if (start < from)
            return 0;
        to = obstacle(arrival, start, size, avoid, avoid_size);
        if (to == UINT64_MAX)
            return start;
    }
    return 0;
}

uint64_t stub_find(const struct arrival *arrival, uint64_t size, uint64_t align, uint64_t avoid,
                   uint64_t avoid_size, uint64_t end)
{
    uint64_t highest = 0;

    if (end == 0)
        end = ZP_GIB4;
    for (size_t i = 0; i < arrival->range_count; i++) {
        const struct zp_memory_range *range = &arrival->ranges[i];
        uint64_t from = range->start.value, to = range->start.value + range->size, start;

        if (range->usage != ZP_USAGE_FREE)
            continue;
        from = from < ZP_PAGE_SIZE ? ZP_PAGE_SIZE : from; /* vectors and BIOS data stay */
        to = to < end ? to : end;
        start = find_in(arrival, from, to, size, align, avoid, avoid_size);
        highest = start > highest ? start : highest;
    }
    return highest;
}

void stub_cmdline_add(struct arrival *arrival, const char *text, size_t length)
{
    size_t at = arrival->cmdline_length;

    if (length == 0)
        return;
    if (length > STUB_CMDLINE_MAX - 2 - at)
        stub_refuse("command line: more than %d bytes, the built-in one included",
                    (uint64_t)STUB_CMDLINE_MAX - 2);
    if (at)
        arrival->cmdline[at++] = ' ';
    memcpy(arrival->cmdline + at, text, length);
    arrival->cmdline_length = at + length;
    arrival->cmdline[at + length] = '\0';
}

void stub_module_add(struct arrival *arrival, uint64_t start, uint64_t size, const char *cmdline,
                     size_t cmdline_length)
{
    size_t index = arrival->module_count;

    if (index == STUB_MODULE_MAX)
        stub_refuse("more than %d initrds and modules", (uint64_t)STUB_MODULE_MAX);
    stub_keep(arrival, start, size);
    zp_memory_source_init(&arrival->sources[index], stub_see(start, size), size);
    arrival->modules[index].source = &arrival->sources[index].source;
    arrival->modules[index].cmdline = cmdline;
    arrival->modules[index].cmdline_length = cmdline_length;
    arrival->module_count++;
}

static bool sums_to_0(const uint8_t *bytes, size_t size)
{
    uint8_t sum = 0;

    while (size)
        sum = (uint8_t)(sum + bytes[--size]);
    return sum == 0;
}

static bool scan(struct arrival *arrival, uint64_t from, uint64_t to)
{
    const uint8_t *bytes = stub_see(from, to - from);

    for (uint64_t at = 0; at + ZP_ACPI_RSDP_V2_SIZE <= to - from; at += 16, bytes += 16) {
        if (memcmp(bytes, "RSD PTR ", 8) || !sums_to_0(bytes, ZP_ACPI_RSDP_V1_SIZE))
            continue;
        arrival->rsdp = from + at;
        memcpy(arrival->rsdp_bytes, bytes, ZP_ACPI_RSDP_V2_SIZE);
        return true;
    }
    return false;
}

void stub_find_rsdp(struct arrival *arrival)
{
    uint16_t segment;
    uint64_t ebda;

    if (arrival->rsdp)
        return;
    memcpy(&segment, stub_see(ZP_BDA_EBDA_SEGMENT, sizeof(segment)), sizeof(segment));
    ebda = (uint64_t)segment << 4;
    if (ebda >= 0x80000 && ebda < 0xa0000 && scan(arrival, ebda, ebda + KIB))
        return;
    scan(arrival, BIOS_AREA, BIOS_AREA_END);
}
