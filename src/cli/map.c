/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lays a plan's spans over its machine's memory map. Both are sorted and neither overlaps itself, so one
 * walk upwards in address makes the rows; where a span lies on a reserved range (the BIOS data area may)
 * the span is shown.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "map.h"

enum cli_group cli_span_group(uint32_t kind)
{
    switch ((enum zp_span_kind)kind) {
    case ZP_SPAN_KERNEL: return CLI_GROUP_KERNEL;
    case ZP_SPAN_KERNEL_RESERVED: return CLI_GROUP_RESERVED_KERNEL;
    case ZP_SPAN_INITRD: return CLI_GROUP_INITRD;
    case ZP_SPAN_GDT:
    case ZP_SPAN_TSS:
    case ZP_SPAN_PAGE_TABLES:
    case ZP_SPAN_STACK:
    case ZP_SPAN_TRAMPOLINE: return CLI_GROUP_CPU;
    case ZP_SPAN_BLOB:
    case ZP_SPAN_BDA: return CLI_GROUP_BLOB;
    default: return CLI_GROUP_HANDOFF;
    }
}

static void add_row(struct cli_map *map, const struct cli_row *row)
{
    map->rows = cli_grow(map->rows, map->row_count + 1, sizeof *row);
    map->rows[map->row_count++] = *row;
    map->end = row->end;
}

static uint64_t range_end(const struct zp_memory_range *range)
{
    return range->start.value + range->size;
}

/* What lies at position where no span does: a range of the machine, or a hole up to the next one. */
static struct cli_row ground_at(const struct zp_machine *machine, uint64_t position, uint64_t end)
{
    struct cli_row row = {.kind = CLI_ROW_HOLE, .start = position, .end = end};
    for (size_t i = 0; i < machine->range_count; i++) {
        const struct zp_memory_range *range = &machine->ranges[i];
        if (range_end(range) <= position)
            continue;
        if (range->start.value > position) {
            row.end = range->start.value < end ? range->start.value : end;
            return row;
        }
        row.kind = range->usage == ZP_USAGE_FREE   ? CLI_ROW_FREE
                   : range->usage == ZP_USAGE_BUSY ? CLI_ROW_BUSY
                                                   : CLI_ROW_RESERVED;
        row.e820_type = range->e820_type;
        row.end = range_end(range) < end ? range_end(range) : end;
        return row;
    }
    return row;
}

void cli_map_make(struct cli_map *ret_map, const struct zp_plan *plan)
{
    const struct zp_machine *machine = plan->machine;
    struct cli_map map = {NULL, 0, 0};
    uint64_t end = range_end(&machine->ranges[machine->range_count - 1]);
    for (size_t i = 0; i <= plan->span_count; i++) {
        const struct zp_span *span = i < plan->span_count ? &plan->spans[i] : NULL;
        uint64_t limit = span ? span->start.value : end;
        while (map.end < limit) {
            struct cli_row ground = ground_at(machine, map.end, limit);
            add_row(&map, &ground);
        }
        if (span && span->size > 0) {
            struct cli_row row = {CLI_ROW_SPAN, span->start.value, span->start.value + span->size, span, 0};
            add_row(&map, &row);
        }
    }
    *ret_map = map;
}

void cli_map_free(struct cli_map *map)
{
    free(map->rows);
}

/* Where load writes it, when that is not its home. */
static void add_staging(const struct zp_span *span, char *text, size_t text_size)
{
    size_t length = strlen(text);
    if (span->staged.value == ZP_NOT_STAGED)
        snprintf(text + length, text_size - length, ", cleared at entry");
    else if (span->staged.value != span->start.value)
        snprintf(text + length, text_size - length, ", staged at 0x%" PRIx64, span->staged.value);
}

static char *span_name(const struct zp_span *span, const struct zp_plan *plan, char *text, size_t text_size)
{
    const char *name = zp_span_kind_name(span->kind);
    const struct zp_request *request = plan->request;
    if (span->kind == ZP_SPAN_KERNEL && plan->entry->segment_count > 1)
        snprintf(text, text_size, "%s, segment %" PRIu32, name, span->index);
    else if (span->kind == ZP_SPAN_INITRD && request->module_count > 1)
        snprintf(text, text_size, "%s %" PRIu32, name, span->index);
    else if (span->kind == ZP_SPAN_BLOB && span->index < request->blob_count) {
        uint32_t role = request->blobs[span->index].role;
        const char *what = role == ZP_BLOB_ACPI         ? "ACPI tables"
                           : role == ZP_BLOB_SETUP_DATA ? "setup_data"
                                                        : name;
        if (request->blob_count > 1)
            snprintf(text, text_size, "%s (blob %" PRIu32 ")", what, span->index);
        else
            snprintf(text, text_size, "%s", what);
    } else
        snprintf(text, text_size, "%s", name);
    add_staging(span, text, text_size);
    return text;
}

char *cli_row_name(const struct cli_row *row, const struct zp_plan *plan, char *text, size_t text_size)
{
    switch (row->kind) {
    case CLI_ROW_SPAN: return span_name(row->span, plan, text, text_size);
    case CLI_ROW_FREE: snprintf(text, text_size, "free"); break;
    case CLI_ROW_BUSY: snprintf(text, text_size, "busy until entry"); break;
    case CLI_ROW_RESERVED: snprintf(text, text_size, "%s", cli_e820_name(row->e820_type)); break;
    case CLI_ROW_HOLE: snprintf(text, text_size, "no memory"); break;
    }
    return text;
}
