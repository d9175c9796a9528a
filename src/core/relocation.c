/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The relocation table behind a Linux ELF: found at the ELF's end, read to the end of the file and checked
 * whole, so that plan and load may stand on it. There is no specification but Linux's arch/x86/tools/relocs
 * (writes it) and arch/x86/boot/compressed/misc.c, handle_relocations() (reads it); struct zp_relocations
 * has the layout.
 *
 * Rules:
 *
 * - Bytes behind the end of a Linux ELF are a table. If they are no sound one the image has a fault in
 *   `relocations` and no table; it can still be booted as linked, by every entry.
 * - A table ends with an entry: words of 0 behind the last one, at most 1 MiB of them, are padding, and zeros
 *   alone are no table. Taken for lists they would make the last one empty, which no kernel's is, and give
 *   the others each the next one's sign.
 * - Bytes behind any other ELF are nobody's business, unless all of them parse as a sound table with an
 *   entry in it: that makes it a Linux (before 4.18, and without Xen, Linux has no note that tells).
 * - Targets are told by the kernel's mapping of physical memory, whatever p_vaddr says: the per-cpu segment
 *   of Linux up to 6.14 has p_vaddr 0. Each must lie in the file's bytes of one segment, below the end of
 *   the 32-bit link addresses and below 4 GiB; within a list and between lists no two may share a byte.
 *
 * A first pass finds the lists and checks each for itself, a second one merges them. Each ends at the first
 * bad entry, and there are no more good ones than segments have bytes, so work is bounded by the file.
 */
#include "relocation.h"

#include <zeropage/wire/elf.h>

#include "checked.h"
#include "inspect.h"
#include "report.h"
#include "source.h"

#define WORD_SIZE     sizeof(uint32_t)
#define KERNEL_MAP_64 UINT64_C(0xffffffff80000000) /* Linux: __START_KERNEL_map */
#define NO_HEAD       UINT64_MAX
#define PADDING_MAX   (UINT64_C(1) << 20)

/* --- reading -------------------------------------------------------------------------------------- */

int zp_relocation_next(struct zp_relocation_cursor *cursor, struct zp_error *ret_error)
{
    size_t count = cursor->left < ZP_RELOCATION_CHUNK ? (size_t)cursor->left : ZP_RELOCATION_CHUNK;

    cursor->offset += cursor->count * WORD_SIZE;
    cursor->index = 0;
    cursor->count = count;
    cursor->left -= count;
    return zp_source_read(cursor->source, cursor->offset, cursor->words, count * WORD_SIZE, ret_error);
}

int zp_relocation_first(struct zp_relocation_cursor *cursor, const struct zp_source *source, uint64_t offset,
                        uint64_t count, struct zp_error *ret_error)
{
    cursor->source = source;
    cursor->offset = offset;
    cursor->left = count;
    cursor->count = 0;
    return zp_relocation_next(cursor, ret_error);
}

size_t zp_relocation_lists(const struct zp_relocations *table,
                           struct zp_relocation_list lists[ZP_RELOCATION_LISTS])
{
    const struct zp_relocation_list list64 = {table->list64_offset, table->list64_count, 8, false};
    const struct zp_relocation_list list32neg = {table->list32neg_offset, table->list32neg_count, 4, true};
    const struct zp_relocation_list list32 = {table->list32_offset, table->list32_count, 4, false};
    size_t count = 0;

    if (table->list_count > 1)
        lists[count++] = list64;
    if (table->list_count > 2)
        lists[count++] = list32neg;
    if (table->list_count > 0)
        lists[count++] = list32;
    return count;
}

/* --- merging -------------------------------------------------------------------------------------- */

static void set_head(struct zp_relocation_merge *merge, size_t i)
{
    const struct zp_relocation_cursor *cursor = &merge->cursors[i];

    merge->heads[i] = cursor->index < cursor->count ? cursor->words[cursor->index] : NO_HEAD;
}

int zp_relocation_merge(struct zp_relocation_merge *merge, const struct zp_source *source,
                        const struct zp_relocations *table, struct zp_error *ret_error)
{
    int status = ZP_OK;

    merge->count = zp_relocation_lists(table, merge->lists);
    for (size_t i = 0; i < merge->count && status == ZP_OK; i++) {
        status = zp_relocation_first(&merge->cursors[i], source, merge->lists[i].offset,
                                     merge->lists[i].count, ret_error);
        set_head(merge, i);
    }
    return status;
}

int zp_relocation_run(struct zp_relocation_merge *merge, struct zp_relocation_run *ret_run,
                      struct zp_error *ret_error)
{
    struct zp_relocation_cursor *cursor;
    uint64_t limit = NO_HEAD;
    size_t lowest = 0, end;
    int status;

    /* Chunks used up are replaced only now, for the caller was reading from them. */
    for (size_t i = 0; i < merge->count; i++) {
        cursor = &merge->cursors[i];
        if (cursor->index == cursor->count && cursor->left != 0) {
            if ((status = zp_relocation_next(cursor, ret_error)) != ZP_OK)
                return status;
            set_head(merge, i);
        }
        if (merge->heads[i] < merge->heads[lowest])
            lowest = i;
    }
    memset(ret_run, 0, sizeof(*ret_run));
    if (merge->count == 0 || merge->heads[lowest] == NO_HEAD)
        return ZP_OK;
    for (size_t i = 0; i < merge->count; i++)
        if (i != lowest && merge->heads[i] < limit)
            limit = merge->heads[i];
    cursor = &merge->cursors[lowest];
    end = cursor->index + 1;
    while (end < cursor->count && cursor->words[end] < limit)
        end++;
    ret_run->list = &merge->lists[lowest];
    ret_run->words = cursor->words + cursor->index;
    ret_run->count = end - cursor->index;
    ret_run->offset = cursor->offset + cursor->index * WORD_SIZE;
    cursor->index = end;
    set_head(merge, lowest);
    return ZP_OK;
}

/* --- inspection ----------------------------------------------------------------------------------- */

/* The table while it is scanned. */
struct scan {
    const struct zp_inspection *in;
    struct zp_relocations table;
    struct zp_error fault;
    uint64_t starts[ZP_RELOCATION_LISTS]; /* of the lists in the file */
    uint32_t terminators;
    uint32_t width; /* of what an entry of this list patches */
    uint64_t floor; /* lowest next entry */
    uint64_t last;  /* highest entry that fits into the segment of the one before */
};

static bool is_wide(const struct scan *scan)
{
    return scan->in->image->elf.class_bits == 64;
}

static uint32_t most_lists(const struct scan *scan)
{
    return is_wide(scan) ? 3 : 1;
}

static int fail(struct scan *scan, int code, uint64_t offset, uint64_t value, uint64_t limit)
{
    return zp_fault(&scan->fault, code, ZP_FIELD_RELOCATIONS, offset, value, limit);
}

/* The segment that begins at or before address, by bisection: they are sorted. */
static const struct zp_segment *segment_at(const struct zp_inspection *in, uint64_t address)
{
    const struct zp_segment *segments = in->room->segments + in->elf.segment_first;
    size_t low = 0, high = in->elf.segment_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (segments[middle].paddr.value <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? NULL : &segments[low - 1];
}

static int begin_list(struct scan *scan, uint64_t at)
{
    if (scan->terminators == most_lists(scan))
        return fail(scan, ZP_ERR_VALUE, at, scan->terminators + 1, most_lists(scan));
    scan->starts[scan->terminators++] = at + WORD_SIZE;
    scan->width = is_wide(scan) && scan->terminators == 1 ? 8 : 4;
    scan->floor = 1;
    scan->last = 0;
    return ZP_OK;
}

/* A word that is not simply the next entry in the same segment. */
static int turn(struct scan *scan, uint32_t word, uint64_t at)
{
    uint64_t address = zp_relocation_target(&scan->table, word);
    const struct zp_segment *segment;
    uint64_t room;

    if (word == 0)
        return begin_list(scan, at);
    if (scan->terminators == 0)
        return fail(scan, ZP_ERR_VALUE, at, word, 0);
    if (word < scan->floor)
        return fail(scan, ZP_ERR_OVERLAP, at, word, scan->floor);
    segment = segment_at(scan->in, address);
    if (!segment || !zp_fits(address - segment->paddr.value, scan->width, segment->file_size) ||
        !zp_fits(word, scan->width, ZP_GIB4) || !zp_fits(address, scan->width, ZP_GIB4))
        return fail(scan, ZP_ERR_OUTSIDE, at, word, address);
    room = segment->file_size - (address - segment->paddr.value);
    if (room > ZP_GIB4 - word)
        room = ZP_GIB4 - word;
    if (room > ZP_GIB4 - address) /* from there on, entries speak of other addresses */
        room = ZP_GIB4 - address;
    scan->last = word + room - scan->width;
    scan->floor = (uint64_t)word + scan->width;
    return ZP_OK;
}

/* Finds the lists and checks each for itself. A fault ends it, but is no failure. */
static int scan_table(struct scan *scan)
{
    struct zp_relocation_cursor cursor;
    int status = zp_relocation_first(&cursor, scan->in->source, scan->table.offset,
                                     scan->table.size / WORD_SIZE, scan->in->ret_error);

    for (; status == ZP_OK && cursor.count != 0; status = zp_relocation_next(&cursor, scan->in->ret_error)) {
        for (size_t i = 0; i < cursor.count; i++) {
            uint32_t word = cursor.words[i];

            if (word >= scan->floor && word <= scan->last)
                scan->floor = (uint64_t)word + scan->width;
            else if (turn(scan, word, cursor.offset + i * WORD_SIZE) != ZP_OK)
                return ZP_OK;
        }
    }
    return status;
}

static uint64_t words_between(uint64_t start, uint64_t end)
{
    return (end - start) / WORD_SIZE;
}

/* From the terminators to the lists; their number must be right. */
static int name_lists(struct scan *scan)
{
    struct zp_relocations *table = &scan->table;
    uint64_t end = table->offset + table->size;
    uint32_t lists = scan->terminators;

    if (lists < (is_wide(scan) ? 2 : 1)) /* too many were refused before */
        return fail(scan, ZP_ERR_VALUE, table->offset, lists, most_lists(scan));
    if (lists > 1) {
        table->list64_offset = scan->starts[0];
        table->list64_count = words_between(scan->starts[0], scan->starts[1] - WORD_SIZE);
    }
    if (lists > 2) {
        table->list32neg_offset = scan->starts[1];
        table->list32neg_count = words_between(scan->starts[1], scan->starts[2] - WORD_SIZE);
    }
    table->list32_offset = scan->starts[lists - 1];
    table->list32_count = words_between(scan->starts[lists - 1], end);
    table->list_count = lists;
    return ZP_OK;
}

/* No two targets may share a byte, whichever lists they are from. */
static int check_overlap(struct scan *scan)
{
    struct zp_relocation_merge merge;
    struct zp_relocation_run run;
    uint64_t floor = 1;
    int status = zp_relocation_merge(&merge, scan->in->source, &scan->table, scan->in->ret_error);

    while (status == ZP_OK) {
        if ((status = zp_relocation_run(&merge, &run, scan->in->ret_error)) != ZP_OK || run.count == 0)
            break;
        for (size_t i = 0; i < run.count; i++) {
            if (run.words[i] < floor) {
                fail(scan, ZP_ERR_OVERLAP, run.offset + i * WORD_SIZE, run.words[i], floor);
                return ZP_OK;
            }
            floor = (uint64_t)run.words[i] + run.list->width;
        }
    }
    return status;
}

/* Link address minus physical address. */
static uint64_t mapping(const struct zp_inspection *in)
{
    const struct zp_segment *segment;

    if (in->image->elf.class_bits == 64)
        return KERNEL_MAP_64;
    segment = segment_at(in, in->image->elf.entry.value);
    if (!segment)
        segment = in->room->segments + in->elf.segment_first;
    return (uint32_t)(segment->vaddr - segment->paddr.value);
}

static int weigh_table(struct scan *scan)
{
    const struct zp_relocations *table = &scan->table;
    int status;

    if (table->size % WORD_SIZE != 0) {
        fail(scan, ZP_ERR_ALIGNMENT, table->offset + table->size / WORD_SIZE * WORD_SIZE, table->size,
             WORD_SIZE);
        return ZP_OK;
    }
    if ((status = scan_table(scan)) != ZP_OK)
        return status;
    if (scan->fault.code != ZP_OK || name_lists(scan) != ZP_OK || table->list_count == 1)
        return ZP_OK; /* one list was checked whole by the scan */
    return check_overlap(scan);
}

/*
 * The end of the last byte that is not 0 in [start, file size), start when there is none; the file's end when
 * there are more zeros than padding has.
 */
static int find_last(const struct zp_inspection *in, uint64_t start, uint64_t *ret_end)
{
    uint8_t bytes[1024];
    uint64_t end = in->source->size;
    uint64_t stop = end - start > PADDING_MAX + 1 ? end - PADDING_MAX - 1 : start;
    int status;

    while (end > stop) {
        size_t length = end - stop < sizeof(bytes) ? (size_t)(end - stop) : sizeof(bytes);

        if ((status = zp_inspection_read(in, end - length, bytes, length)) != ZP_OK)
            return status;
        while (length > 0 && bytes[length - 1] == 0) {
            length--;
            end--;
        }
        if (length > 0)
            break;
    }
    *ret_end = end == stop && stop != start ? in->source->size : end;
    return ZP_OK;
}

/* Measures the table without its padding; its size is 0 when there is nothing but that. */
static int measure_table(const struct zp_inspection *in, struct zp_relocations *table)
{
    uint64_t end;
    int status;

    table->offset = in->image->elf.file_end;
    table->size = in->source->size - table->offset;
    if ((status = find_last(in, table->offset, &end)) != ZP_OK)
        return status;
    if (end == table->offset)
        table->size = 0;
    else if (table->size % WORD_SIZE == 0) /* else it is a fault, whatever the odd bytes are */
        table->size = zp_align_down(end - table->offset + WORD_SIZE - 1, WORD_SIZE);
    return ZP_OK;
}

int zp_inspect_relocations(struct zp_inspection *in)
{
    struct zp_elf *elf = &in->image->elf;
    struct scan scan = {.in = in, .floor = 1};
    struct zp_relocations *table = &scan.table;
    int status;

    if (elf->file_end >= in->source->size)
        return ZP_OK;
    if ((status = measure_table(in, table)) != ZP_OK || table->size == 0)
        return status;
    table->map = mapping(in);
    if ((status = weigh_table(&scan)) != ZP_OK)
        return status;
    if (scan.fault.code == ZP_OK) {
        elf->guest_linux = 1;
        in->image->relocations = *table;
    } else if (scan.fault.code != ZP_OK && elf->guest_linux) {
        in->image->relocations.fault = scan.fault;
    }
    return ZP_OK;
}
