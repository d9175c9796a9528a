/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plan's memory as rows without gaps, from address 0 to the end of RAM: spans, free RAM between them,
 * reserved ranges, and holes where no memory is. The table and the drawing both show these rows.
 */
#ifndef ZP_CLI_MAP_H
#define ZP_CLI_MAP_H

#include <zeropage/plan.h>

#include "cli.h"

enum cli_row_kind {
    CLI_ROW_SPAN = 1,
    CLI_ROW_FREE,
    CLI_ROW_BUSY,     /* RAM that a firmware still uses */
    CLI_ROW_RESERVED, /* told to the guest with e820_type */
    CLI_ROW_HOLE      /* no memory; devices */
};

struct cli_row {
    enum cli_row_kind kind;
    uint64_t start;
    uint64_t end; /* the first address after it */
    const struct zp_span *span;
    uint32_t e820_type;
};

struct cli_map {
    struct cli_row *rows;
    size_t row_count;
    uint64_t end; /* of the last row */
};

/* What kinds of span have in common; the colours and the legend go by it. */
enum cli_group {
    CLI_GROUP_KERNEL,
    CLI_GROUP_RESERVED_KERNEL,
    CLI_GROUP_INITRD,
    CLI_GROUP_HANDOFF, /* what the kernel is told with */
    CLI_GROUP_CPU,     /* GDT, TSS, page tables, stack */
    CLI_GROUP_BLOB,
    CLI_GROUP_COUNT
};
enum cli_group cli_span_group(uint32_t kind);

void cli_map_make(struct cli_map *ret_map, const struct zp_plan *plan);
void cli_map_free(struct cli_map *map);

/* "initrd", "kernel segment 2", "blob 1 (ACPI)", "free". Returns text. */
char *cli_row_name(const struct cli_row *row, const struct zp_plan *plan, char *text, size_t text_size);

#endif
