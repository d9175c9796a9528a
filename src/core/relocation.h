/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How inspect, load and sharing read a relocation table: chunk by chunk through buffers of their own, list
 * by list or all lists merged by address. relocation.c says what the table is.
 */
#ifndef ZP_CORE_RELOCATION_H
#define ZP_CORE_RELOCATION_H

#include <zeropage/image.h>
#include <zeropage/plan.h>

#include "seam.h"

#define ZP_RELOCATION_LISTS 3
#define ZP_RELOCATION_CHUNK 1024 /* words */

struct zp_relocation_list {
    uint64_t offset; /* in the file */
    uint64_t count;
    uint32_t width; /* bytes that an entry has patched: 4 or 8 */
    bool negative;  /* the delta is subtracted */
};

/* A list, or the whole table as words, while it is read. */
struct zp_relocation_cursor {
    const struct zp_source *source;
    uint64_t offset; /* of words[0] in the file */
    uint64_t left;   /* words behind this chunk */
    size_t index;    /* the next to be taken by a merge */
    size_t count;    /* of this chunk; 0: all read */
    uint32_t words[ZP_RELOCATION_CHUNK];
};

/* Entries of one list that come one after another in the merged order. */
struct zp_relocation_run {
    const struct zp_relocation_list *list;
    const uint32_t *words;
    size_t count;    /* 0: all lists are through */
    uint64_t offset; /* of words[0] in the file */
};

struct zp_relocation_merge {
    struct zp_relocation_list lists[ZP_RELOCATION_LISTS];
    struct zp_relocation_cursor cursors[ZP_RELOCATION_LISTS];
    uint64_t heads[ZP_RELOCATION_LISTS]; /* the next entry of each, UINT64_MAX behind its last */
    size_t count;
};

/* Fills lists and says how many there are. */
size_t zp_relocation_lists(const struct zp_relocations *table,
                           struct zp_relocation_list lists[ZP_RELOCATION_LISTS]);

/* Reads the first chunk; the next one. */
int zp_relocation_first(struct zp_relocation_cursor *cursor, const struct zp_source *source, uint64_t offset,
                        uint64_t count, struct zp_error *ret_error);
int zp_relocation_next(struct zp_relocation_cursor *cursor, struct zp_error *ret_error);

/* All lists as one. Runs hold at least one entry, ascend among each other as far as the lists do, and are
 * good until the next call. */
int zp_relocation_merge(struct zp_relocation_merge *merge, const struct zp_source *source,
                        const struct zp_relocations *table, struct zp_error *ret_error);
int zp_relocation_run(struct zp_relocation_merge *merge, struct zp_relocation_run *ret_run,
                      struct zp_error *ret_error);

/* The physical address, as linked, that an entry speaks of. */
static inline uint64_t zp_relocation_target(const struct zp_relocations *table, uint32_t word)
{
    return (uint32_t)(word - (uint32_t)table->map);
}

/* load.c: the KERNEL span with a byte of the file at address, or NULL. */
const struct zp_span *zp_kernel_span_at(const struct zp_plan *plan, uint64_t address);
/* load.c: the whole pages of memory that the file's bytes fill, [*ret_from, *ret_to) of the span; and whether
 * such a page begins at a whole page of the file as well and is not moved at entry. */
void zp_span_pages(const struct zp_span *span, uint64_t *ret_from, uint64_t *ret_to);
bool zp_span_agrees(const struct zp_span *span);

#endif
