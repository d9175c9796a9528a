/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inspect, plan and load on one input. The first 64 bytes choose machine and request, the rest is the image.
 * Asserted: inspect reads inside the file only; every property of tests/plan_properties.h holds for a plan
 * that was made; the same plan comes out twice; load writes inside the plan's spans only and cannot fail when
 * the source does not.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zeropage/zeropage.h>

#include "../tests/plan_properties.h"

#define CONTROL_SIZE 64u
#define RAM_MAX      (UINT64_C(64) << 20)
#define LOAD_MAX     (UINT64_C(2) << 20) /* larger plans are checked but not loaded */
#define SPANS_MAX    4200u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct control {
    uint8_t protocol;
    uint8_t ranges;
    uint8_t initrd;
    uint8_t flags;
    uint32_t cmdline_length;
    uint32_t range_words[14];
};

_Static_assert(sizeof(struct control) == CONTROL_SIZE, "size of control");

static void insist(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "property broken: %s\n", what);
    abort();
}

static int fill(void *context, zp_gpa self, void *buffer, uint64_t size)
{
    (void)context;
    (void)self;
    memset(buffer, 0x11, size);
    return 0;
}

/* A PC, or up to seven ranges out of the control words, in 4 KiB units below RAM_MAX. */
static bool make_machine(const struct control *control, struct zp_memory_range *ranges,
                         struct zp_machine *machine)
{
    struct zp_pc pc = {.struct_size = sizeof(pc), .cpu_count = 1, .ram_size = RAM_MAX};

    pc.hole_start.value = UINT64_C(3) << 30;
    pc.hole_end.value = UINT64_C(4) << 30;
    if (zp_machine_pc(&pc, ranges, ZP_PC_RANGE_COUNT, machine, NULL))
        return false;
    if (control->ranges % 8 == 0)
        return true;
    for (size_t i = 0; i < control->ranges % 8u; i++) {
        ranges[i].start.value = (uint64_t)(control->range_words[2 * i] & 0xffff) << 12;
        ranges[i].size = (uint64_t)(control->range_words[2 * i + 1] & 0xffff) << 12;
        ranges[i].usage = control->range_words[2 * i] >> 30;
        ranges[i].e820_type = control->range_words[2 * i] >> 24 & 0xf;
    }
    machine->range_count = control->ranges % 8u;
    return true;
}

/*
 * Guest memory is one heap block per span, so that a sanitizer sees each byte written beside it; what load
 * must not touch at all lies at an address that faults.
 */
static void check_load(const struct zp_plan *plan)
{
    static struct zp_guest_region regions[SPANS_MAX];
    struct zp_guest guest = {
        .struct_size = sizeof(guest), .regions = regions, .region_count = plan->span_count};
    uint64_t sum = 0;

    for (size_t i = 0; i < plan->span_count; i++)
        if (plan->spans[i].kind != ZP_SPAN_KERNEL_RESERVED)
            sum += plan->spans[i].size;
    if (sum > LOAD_MAX)
        return;
    for (size_t i = 0; i < plan->span_count; i++) {
        const struct zp_span *span = &plan->spans[i];
        bool untouched = span->kind == ZP_SPAN_KERNEL_RESERVED;

        regions[i] = (struct zp_guest_region){span->start, span->size, NULL};
        regions[i].host = untouched ? (void *)(uintptr_t)4096 : malloc(span->size);
        insist(regions[i].host != NULL, "memory for the guest");
    }
    insist(zp_load(plan, &guest, NULL) == ZP_OK, "load cannot fail when its source does not");
    for (size_t i = 0; i < plan->span_count; i++)
        if (plan->spans[i].kind != ZP_SPAN_KERNEL_RESERVED)
            free(regions[i].host);
}

static void plan_and_load(const struct control *control, const struct zp_image *image)
{
    static const char cmdline[4096] = "console=ttyS0";
    static struct zp_span spans[2][SPANS_MAX];
    struct zp_e820_range e820[64];
    struct zp_decision decisions[64];
    struct zp_memory_range ranges[8];
    struct zp_machine machine;
    struct zp_memory_source initrd;
    struct zp_module module = {.source = &initrd.source};
    struct zp_blob blob = {.size = 1000, .align = 1024, .limit = {0xa0000}, .fill = fill};
    struct zp_request request = {.struct_size = sizeof(request), .cmdline = cmdline};
    struct zp_plan_room room = {spans[0], SPANS_MAX, e820, 64, decisions, 64};
    struct zp_plan plan;
    struct zp_plan again;
    const char *broken;

    if (!make_machine(control, ranges, &machine))
        return;
    zp_memory_source_init(&initrd, cmdline, control->initrd);
    blob.role = control->flags & 3;
    blob.where = control->flags >> 2 & 1;
    blob.e820_type = control->flags >> 4 & 7;
    request.protocol = control->protocol % ZP_PROTOCOL_COUNT;
    request.cmdline_length = control->cmdline_length % 16 ? 13 : 0;
    request.modules = &module;
    request.module_count = control->initrd != 0;
    request.entropy = cmdline;
    request.entropy_length = control->flags >> 7 ? 32 : 0;
    request.blobs = &blob;
    request.blob_count = control->flags >> 3 & 1;
    if (zp_plan_make(image, &machine, &request, &room, &plan, NULL))
        return;
    broken = zp_plan_broken(&plan);
    insist(broken == NULL, broken ? broken : "");
    room.spans = spans[1];
    insist(zp_plan_make(image, &machine, &request, &room, &again, NULL) == ZP_OK, "a plan is made twice");
    insist(again.span_count == plan.span_count &&
               memcmp(spans[0], spans[1], plan.span_count * sizeof(spans[0][0])) == 0,
           "the same request makes the same plan");
    check_load(&plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct zp_segment segments[4096];
    static struct zp_note notes[1024];
    struct zp_entry entries[16];
    struct zp_image_room room = {segments, 4096, notes, 1024, entries, 16};
    struct zp_memory_source source;
    struct zp_image image;
    struct control control;

    if (size < sizeof(control))
        return 0;
    memcpy(&control, data, sizeof(control));
    zp_memory_source_init(&source, data + sizeof(control), size - sizeof(control));
    if (zp_inspect(&source.source, &room, &image, NULL) == ZP_OK)
        plan_and_load(&control, &image);
    return 0;
}
