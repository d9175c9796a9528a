/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inspect, plan and load on one input. The first 64 bytes choose machine and request, the rest is the image.
 * Asserted: inspect reads inside the file only; every property of tests/plan_properties.h holds for a plan
 * that was made; the same plan comes out twice; a boot that is possible without KASLR is possible with it;
 * load writes inside the plan's spans only, not to a home that is busy, and cannot fail when the source does
 * not.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zeropage/wire/bootparam.h>
#include <zeropage/zeropage.h>

#include "../tests/plan_properties.h"

#define CONTROL_SIZE 64u
#define RAM_MAX      (UINT64_C(64) << 20)
#define LOAD_MAX     (UINT64_C(2) << 20) /* larger plans are checked but not loaded */
#define SPANS_MAX    4200u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct control {
    uint8_t protocol;
    uint8_t ranges; /* 3 bits; the others are CONTROL_* */
    uint8_t initrd;
    uint8_t flags;
    uint32_t cmdline_length; /* 0: none; 3 bits above the lowest 4 choose among the texts */
    uint32_t range_words[14];
};

#define CONTROL_KASLR        0x08u /* the bits are the last four range words */
#define CONTROL_WRAPPER      0x10u /* its limits are in other bits of the first eight */
#define CONTROL_LARGE_INITRD 0x20u /* the initrd has 4 KiB for each byte of its size */
#define CONTROL_DEFER        0x40u /* over busy memory; the trampoline's size is the last word */
#define CONTROL_HANDED       0x80u /* an earlier loader's RSDP and boot_params; the protocol is told */

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

/* Maps by copying, and not every time. */
static int map_pages(void *context, const struct zp_source *source, uint64_t offset, zp_gpa address,
                     uint64_t size)
{
    void *pages = zp_guest_pointer(context, address, size);

    insist(pages != NULL && size != 0 && ((address.value | offset | size) & 0xfff) == 0,
           "whole pages of guest memory and of the file are mapped");
    if (address.value >> 12 & 1)
        return 1;
    return source->read(source->context, offset, pages, size);
}

/*
 * Guest memory is one heap block per span, so that a sanitizer sees each byte written beside it; what load
 * must not touch at all lies at an address that faults.
 */
static void load_anew(const struct zp_plan *plan, struct zp_guest_region *regions, bool mapped)
{
    struct zp_guest guest = {.struct_size = sizeof(guest),
                             .flags = mapped ? ZP_GUEST_ZEROED : 0,
                             .regions = regions,
                             .region_count = plan->span_count,
                             .map = mapped ? map_pages : NULL,
                             .map_context = &guest};

    for (size_t i = 0; i < plan->span_count; i++) {
        const struct zp_span *span = &plan->spans[i];
        bool untouched = span->kind == ZP_SPAN_KERNEL_RESERVED || span->kind == ZP_SPAN_TRAMPOLINE ||
                         span->staged.value != span->start.value;

        regions[i] = (struct zp_guest_region){span->start, span->size, NULL};
        regions[i].host = untouched ? (void *)(uintptr_t)4096 : calloc(1, span->size);
        insist(regions[i].host != NULL, "memory for the guest");
    }
    insist(zp_load(plan, &guest, NULL) == ZP_OK, "load cannot fail when its source does not");
}

/* Once by reading, once by mapping where it is offered: the same bytes come of it. */
static void check_load(const struct zp_plan *plan)
{
    static struct zp_guest_region regions[2][SPANS_MAX];
    struct zp_sharing sharing;
    uint64_t sum = 0;

    insist(zp_plan_sharing(plan, &sharing, NULL) == ZP_OK, "sharing is counted");
    insist(sharing.relocated <= sharing.mappable && sharing.mappable <= sharing.pages,
           "no more pages are relocated than can be mapped, nor mapped than there are");
    insist(plan->virtual_delta != 0 || sharing.relocated == 0, "only relocation writes to pages");
    for (size_t i = 0; i < plan->span_count; i++)
        if (plan->spans[i].kind != ZP_SPAN_KERNEL_RESERVED)
            sum += plan->spans[i].size;
    if (sum > LOAD_MAX)
        return;
    load_anew(plan, regions[0], false);
    load_anew(plan, regions[1], true);
    for (size_t i = 0; i < plan->span_count; i++) {
        if (regions[0][i].host == (void *)(uintptr_t)4096)
            continue;
        insist(memcmp(regions[0][i].host, regions[1][i].host, plan->spans[i].size) == 0,
               "mapping and reading make the same memory");
        free(regions[0][i].host);
        free(regions[1][i].host);
    }
}

/* A bzImage around the image, as inspect would have found it, and with what it would have refused. */
static void make_wrapper(const struct control *control, struct zp_image *wrapper)
{
    static const uint32_t alignments[] = {1u << 21, 1u << 24, 1u << 12, 0, 3u << 20, 1u << 31, 1, 1u << 22};
    static const uint32_t initrd_ends[] = {0x7fffffff, 0x37ffffff, 0xffffffff, 0x2ffffff};
    static const uint32_t versions[] = {0x20f, 0x20c, 0x209, 0x205};
    const uint32_t *words = control->range_words;

    memset(wrapper, 0, sizeof(*wrapper));
    wrapper->struct_size = sizeof(*wrapper);
    wrapper->formats = ZP_FORMAT_BZIMAGE;
    wrapper->bzimage.version = versions[words[0] >> 16 & 3];
    wrapper->bzimage.header.version = (uint16_t)wrapper->bzimage.version;
    wrapper->bzimage.header.loadflags = (uint8_t)(words[1] >> 16);
    wrapper->bzimage.header.xloadflags = (uint16_t)(words[2] >> 16 & 0x7f);
    wrapper->bzimage.header.setup_data = UINT64_MAX;
    wrapper->bzimage.kernel_alignment = alignments[words[3] >> 16 & 7];
    wrapper->bzimage.initrd_max.value = initrd_ends[words[4] >> 16 & 3];
    wrapper->bzimage.cmdline_max = words[5] >> 16 & 0xff;
}

/* Whatever can be booted without KASLR can be booted with it, but for a table that is asked for and spoiled.
 */
static void check_possible(const struct zp_plan *plain, const struct zp_image *image, int status)
{
    bool by_linux = plain->protocol == ZP_PROTOCOL_LINUX32 || plain->protocol == ZP_PROTOCOL_LINUX64;

    if (by_linux && image->relocations.fault.code)
        insist(status == ZP_OK || status == image->relocations.fault.code, "the table's own fault is told");
    else
        insist(status == ZP_OK, "KASLR makes no boot impossible");
}

static void choose_kaslr(const struct control *control, struct zp_request *request)
{
    request->flags |= ZP_REQUEST_KASLR;
    memcpy(&request->kaslr_physical, &control->range_words[10], sizeof(request->kaslr_physical));
    memcpy(&request->kaslr_virtual, &control->range_words[12], sizeof(request->kaslr_virtual));
}

/* What a stub or a firmware asks for besides. */
static void hand_over(const struct control *control, struct zp_request *request)
{
    static const uint8_t rsdp[2][36] = {{[15] = 0}, {[15] = 2}};
    static const struct zp_boot_params boot_params = {.sentinel = 0xff};
    uint32_t word = control->range_words[13];

    if (control->ranges & CONTROL_DEFER) {
        request->flags |= ZP_REQUEST_DEFER;
        request->trampoline_size = word & 0xffff;
    }
    if (control->ranges & CONTROL_HANDED) {
        request->rsdp = (struct zp_rsdp){{word}, rsdp[word & 1], word & 2 ? 36 : 20};
        request->boot_params = &boot_params;
    }
}

static void plan_and_load(const struct control *control, const struct zp_image *image)
{
    static const char cmdlines[8][16] = {"console=ttyS0",   "a nokaslr   b",    "mem=64M quiet",
                                         "hugepages=3  ",   "\"a b\" -- mem=4", "memmap=1M$2M ",
                                         "\"mem=1M     \"", "  nokaslrr   "};
    static const char seed[32];
    static const char file[256 * 4096];
    static struct zp_span spans[2][SPANS_MAX];
    struct zp_e820_range e820[64];
    struct zp_decision decisions[64];
    struct zp_memory_range ranges[8];
    struct zp_machine machine;
    struct zp_memory_source initrd;
    struct zp_module module = {.source = &initrd.source};
    struct zp_blob blob = {.size = 1000, .align = 1024, .limit = {0xa0000}, .fill = fill};
    struct zp_request request = {.struct_size = sizeof(request)};
    struct zp_image wrapper;
    struct zp_plan_room room = {spans[0], SPANS_MAX, e820, 64, decisions, 64};
    struct zp_plan plan;
    struct zp_plan again;
    const char *broken;
    int status;

    if (!make_machine(control, ranges, &machine))
        return;
    zp_memory_source_init(&initrd, file,
                          (uint64_t)control->initrd * (control->ranges & CONTROL_LARGE_INITRD ? 4096 : 1));
    blob.role = control->flags & 3;
    blob.where = control->flags >> 2 & 1;
    blob.e820_type = control->flags >> 4 & 7;
    request.protocol = control->protocol % ZP_PROTOCOL_COUNT;
    request.cmdline = cmdlines[control->cmdline_length >> 4 & 7];
    request.cmdline_length = control->cmdline_length % 16 ? 13 : 0;
    request.modules = &module;
    request.module_count = control->initrd != 0;
    request.entropy = seed;
    request.entropy_length = control->flags >> 7 ? 32 : 0;
    request.blobs = &blob;
    request.blob_count = control->flags >> 3 & 1;
    if (control->ranges & CONTROL_WRAPPER) {
        make_wrapper(control, &wrapper);
        request.wrapper = &wrapper;
    }
    hand_over(control, &request);
    status = zp_plan_make(image, &machine, &request, &room, &plan, NULL);
    if (status == ZP_OK && control->ranges & CONTROL_KASLR) {
        broken = zp_plan_broken(&plan);
        insist(broken == NULL, broken ? broken : "");
        choose_kaslr(control, &request);
        status = zp_plan_make(image, &machine, &request, &room, &again, NULL);
        check_possible(&plan, image, status);
        if (status == ZP_OK)
            plan = again;
    }
    if (status)
        return;
    broken = zp_plan_broken(&plan);
    insist(broken == NULL, broken ? broken : "");
    room.spans = spans[1];
    insist(zp_plan_make(image, &machine, &request, &room, &again, NULL) == ZP_OK, "a plan is made twice");
    insist(again.span_count == plan.span_count &&
               memcmp(spans[0], spans[1], plan.span_count * sizeof(spans[0][0])) == 0,
           "the same request makes the same plan");
    insist(again.delta == plan.delta && again.virtual_delta == plan.virtual_delta,
           "the same bases come twice");
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
    if (zp_inspect(&source.source, &room, &image, NULL) != ZP_OK)
        return 0;
    if (control.ranges & CONTROL_HANDED) /* as often as not it is refused, and nothing has changed then */
        (void)zp_image_tell(&image, &room, control.protocol % ZP_PROTOCOL_COUNT, NULL);
    plan_and_load(&control, &image);
    return 0;
}
