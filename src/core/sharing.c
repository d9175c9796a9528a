/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much of a plan's memory may be shared with the files that it comes from, and with other guests of the
 * same plan: whole pages that hold nothing but file bytes. What relocation writes to is a guest's own.
 *
 * The pages that are relocated are counted in one pass over the table, all lists merged by address.
 */
#include <zeropage/load.h>
#include <zeropage/wire/x86.h>

#include "checked.h"
#include "relocation.h"
#include "report.h"

/* Entries from `word` on strike the same segment, up to `last`. */
struct stretch {
    uint64_t word;
    uint64_t last;
    uint64_t address; /* of word's target in guest memory */
    uint64_t from;    /* pages that can be mapped: [from, to) */
    uint64_t to;
};

static int find_stretch(const struct zp_plan *plan, uint32_t width, uint32_t word, uint64_t at,
                        struct stretch *ret_stretch, struct zp_error *ret_error)
{
    uint64_t address = zp_relocation_target(&plan->image->relocations, word) + plan->delta;
    const struct zp_span *span = zp_kernel_span_at(plan, address);
    uint64_t room = span ? span->file_size - (address - span->start.value) : 0;
    uint64_t from = 0, to = 0;

    if (room < width)
        return zp_report(ret_error, ZP_ERR_OUTSIDE, ZP_FIELD_RELOCATIONS, at, word, address);
    if (zp_span_agrees(span))
        zp_span_pages(span, &from, &to);
    ret_stretch->word = word;
    ret_stretch->last = word + room - width;
    ret_stretch->address = address;
    ret_stretch->from = (span->start.value + from) / ZP_PAGE_SIZE;
    ret_stretch->to = (span->start.value + to) / ZP_PAGE_SIZE;
    return ZP_OK;
}

/* Counts the pages of [address, +width) that are in the stretch and not below *next. */
static uint64_t count_pages(const struct stretch *stretch, uint64_t address, uint32_t width, uint64_t *next)
{
    uint64_t page = address / ZP_PAGE_SIZE;
    uint64_t end = (address + width - 1) / ZP_PAGE_SIZE + 1;
    uint64_t count = 0;

    for (page = page < *next ? *next : page; page < end; page++)
        count += page >= stretch->from && page < stretch->to;
    *next = end > *next ? end : *next;
    return count;
}

static int count_relocated(const struct zp_plan *plan, uint64_t *ret_count, struct zp_error *ret_error)
{
    struct stretch stretch = {.word = 1}; /* of nothing */
    struct zp_relocation_merge merge;
    struct zp_relocation_run run;
    uint64_t count = 0, next = 0;
    int status = zp_relocation_merge(&merge, plan->image->source, &plan->image->relocations, ret_error);

    while (!status) {
        status = zp_relocation_run(&merge, &run, ret_error);
        if (status || run.count == 0)
            break;
        for (size_t i = 0; !status && i < run.count; i++) {
            uint32_t word = run.words[i];

            if (word < stretch.word || word > stretch.last)
                status = find_stretch(plan, run.list->width, word, run.offset + i * sizeof(word), &stretch,
                                      ret_error);
            if (!status)
                count +=
                    count_pages(&stretch, stretch.address + (word - stretch.word), run.list->width, &next);
        }
    }
    *ret_count = count;
    return status;
}

int zp_plan_sharing(const struct zp_plan *plan, struct zp_sharing *ret_sharing, struct zp_error *ret_error)
{
    struct zp_sharing sharing = {0};
    int status = ZP_OK;

    if (!plan || !ret_sharing)
        return zp_report(ret_error, ZP_ERR_ARGUMENT, ZP_FIELD_NONE, ZP_NO_OFFSET, 0, 0);
    for (size_t i = 0; i < plan->span_count; i++) {
        const struct zp_span *span = &plan->spans[i];
        uint64_t from, to;

        if (span->kind != ZP_SPAN_KERNEL && span->kind != ZP_SPAN_INITRD)
            continue;
        zp_span_pages(span, &from, &to);
        sharing.pages += (to - from) / ZP_PAGE_SIZE;
        if (zp_span_agrees(span))
            sharing.mappable += (to - from) / ZP_PAGE_SIZE;
    }
    if (plan->virtual_delta)
        status = count_relocated(plan, &sharing.relocated, ret_error);
    if (!status)
        *ret_sharing = sharing;
    return status;
}
