/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * defer: what must lie where memory is busy until entry. The measure of all of it is a plan on the same
 * machine with nothing busy and everything pinned to the same homes: what load and moves leave behind must be
 * what that one's load writes.
 */
#include <zeropage/wire/acpi.h>

#include "plan_fixture.h"

#define DIRT      0xcc
#define MOVES_MAX 64

/* Guest memory [0, size), dirty. */
struct memory {
    unsigned char *bytes;
    struct zp_guest_region region;
    struct zp_guest guest;
};

static void memory_new(struct memory *memory, uint64_t size)
{
    memory->bytes = malloc(size);
    assert_non_null(memory->bytes);
    memset(memory->bytes, DIRT, size);
    memory->region = (struct zp_guest_region){{0}, size, memory->bytes};
    memory->guest = (struct zp_guest){
        .struct_size = sizeof(memory->guest), .regions = &memory->region, .region_count = 1};
}

static size_t list_moves(struct fixture *f, struct zp_move *moves)
{
    size_t count;

    assert_int_equal(zp_plan_moves(&f->plan, moves, MOVES_MAX, &count, &f->error), ZP_OK);
    return count;
}

/* What the trampoline would do. Backwards: the order does not matter. */
static void make_moves(struct fixture *f, struct memory *memory)
{
    struct zp_move moves[MOVES_MAX];

    for (size_t i = list_moves(f, moves); i-- > 0;) {
        memcpy(memory->bytes + moves[i].to.value, memory->bytes + moves[i].from.value, moves[i].size);
        memset(memory->bytes + moves[i].to.value + moves[i].size, 0, moves[i].clear);
    }
}

/* A byte that is busy is as it was until the moves are made. */
static void busy_is_untouched(const struct fixture *f, const struct memory *memory)
{
    for (size_t i = 0; i < f->machine.range_count; i++) {
        const struct zp_memory_range *range = &f->ranges[i];

        for (uint64_t at = 0; range->usage == ZP_USAGE_BUSY && at < range->size; at++)
            if (memory->bytes[range->start.value + at] != DIRT)
                fail_msg("0x%llx is busy and was written to", (unsigned long long)range->start.value + at);
    }
}

static bool is_home(const struct zp_span *span)
{
    return span->kind != ZP_SPAN_STAGING && span->kind != ZP_SPAN_TRAMPOLINE &&
           span->kind != ZP_SPAN_KERNEL_RESERVED;
}

/*
 * The same machine with nothing busy, the same request with nothing deferred and all homes pinned. NULL when
 * that is too much for a table that, pinned, is sized for the longest memory map there can be.
 */
static struct fixture *pinned_twin(const struct fixture *f)
{
    struct fixture *twin = calloc(1, sizeof(*twin));
    static struct zp_pin pins[96];

    assert_non_null(twin);
    *twin = *f;
    twin->machine.ranges = twin->ranges;
    for (size_t i = 0; i < twin->machine.range_count; i++)
        if (twin->ranges[i].usage == ZP_USAGE_BUSY)
            twin->ranges[i].usage = ZP_USAGE_FREE;
    twin->room = (struct zp_plan_room){twin->spans, 96, twin->e820, 400, twin->decisions, 48};
    twin->request.flags &= ~ZP_REQUEST_DEFER;
    twin->request.trampoline_size = 0;
    twin->request.pins = pins;
    twin->request.pin_count = 0;
    for (size_t i = 0; i < f->plan.span_count; i++) {
        const struct zp_span *span = &f->spans[i];
        bool joined = span->kind == ZP_SPAN_INITRD && f->plan.initrd_size && span->index;

        if (!is_home(span) || span->kind == ZP_SPAN_BDA || joined ||
            (span->kind == ZP_SPAN_KERNEL && span->index))
            continue;
        pins[twin->request.pin_count++] = (struct zp_pin){span->kind, span->index, span->start};
    }
    if (make_plan(twin) &&
        (twin->error.field == ZP_FIELD_MEMMAP || twin->error.field == ZP_FIELD_MULTIBOOT_INFO)) {
        free(twin);
        return NULL;
    }
    plan_holds(twin);
    return twin;
}

/* f's plan was made. Its load and moves against the load of its twin. Returns how many moves there were. */
static size_t comes_to_the_same(struct fixture *f, uint64_t size)
{
    struct fixture *twin = pinned_twin(f);
    struct memory deferred, plain;
    struct zp_move moves[MOVES_MAX];
    size_t count = list_moves(f, moves);

    if (!twin)
        return 0;
    memory_new(&deferred, size);
    memory_new(&plain, size);
    assert_int_equal(zp_load(&f->plan, &deferred.guest, &f->error), ZP_OK);
    busy_is_untouched(f, &deferred);
    make_moves(f, &deferred);
    assert_int_equal(zp_load(&twin->plan, &plain.guest, &f->error), ZP_OK);
    for (size_t i = 0; i < f->plan.span_count; i++) {
        const struct zp_span *span = &f->spans[i];
        const struct zp_span *other = zp_plan_span_at(&twin->plan, span->start);
        uint64_t bytes = span->size;

        if (!is_home(span) || span->kind == ZP_SPAN_STACK) /* nothing is on it, and it is not cleared */
            continue;
        assert_non_null(other);
        assert_int_equal(other->kind, span->kind);
        if (other->size < bytes) /* the pinned one is sized for the most there can be */
            bytes = other->size;
        if (memcmp(deferred.bytes + span->start.value, plain.bytes + span->start.value, bytes) != 0)
            fail_msg("%s comes out another way", zp_span_kind_name(span->kind));
    }
    assert_int_equal(twin->plan.e820_count, f->plan.e820_count);
    assert_memory_equal(twin->e820, f->e820, f->plan.e820_count * sizeof(f->e820[0]));
    assert_memory_equal(&twin->plan.state, &f->plan.state, sizeof(f->plan.state));
    free(deferred.bytes);
    free(plain.bytes);
    free(twin);
    return count;
}

static struct fixture *fixture_of(uint32_t protocol)
{
    struct fixture *f = fixture_elf(protocol, ZP_CONTAINER_ELF64);

    add_module(f, 100, "one");
    add_module(f, 5000, "two");
    add_acpi(f);
    add_blob(f, ZP_BLOB_PLAIN, 300);
    set_cmdline(f, "console=ttyS0");
    f->request.entropy = "0123456789abcdef";
    f->request.entropy_length = 16;
    return f;
}

static const struct zp_span *segment(const struct fixture *f, uint32_t index)
{
    for (size_t i = 0; i < f->plan.span_count; i++)
        if (f->spans[i].kind == ZP_SPAN_KERNEL && f->spans[i].index == index)
            return &f->spans[i];
    fail_msg("no segment %u", index);
    return NULL;
}

/* --- one thing at a time -------------------------------------------------------------------------- */

static void bytes_are_moved_and_the_rest_is_cleared(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_LINUX64, ZP_CONTAINER_ELF64);
    struct zp_move moves[MOVES_MAX];

    (void)state;
    make_pc(f, 8 * MIB);
    make_busy(f, 2 * MIB, MIB);
    plan_holds(f);
    assert_int_equal(list_moves(f, moves), 2);
    assert_int_equal(moves[0].to.value, 2 * MIB);
    assert_int_equal(moves[0].size, 4096);
    assert_int_equal(moves[0].clear, 0);
    assert_int_equal(moves[1].to.value, 2 * MIB + 0x3000);
    assert_int_equal(moves[1].from.value, segment(f, 1)->staged.value);
    assert_int_equal(moves[1].size, 512);
    assert_int_equal(moves[1].clear, 0x2000 - 512);
    assert_int_equal(decision(f, ZP_DECISION_DEFERRED)->a, 2);
    assert_int_equal(decision(f, ZP_DECISION_DEFERRED)->b, 4096 + 512);
    assert_int_equal(comes_to_the_same(f, 8 * MIB), 2);
    free(f);
}

/* Memory to clear alone: at address 0 as well, which says nothing about staging. */
static void what_is_all_zeros_is_staged_nowhere(void **state)
{
    static const uint64_t places[] = {0, 0x3000};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fixture *f = fixture_new();
        struct zp_move moves[MOVES_MAX];

        f->image.formats = ZP_FORMAT_ELF64;
        add_segment(f, places[i], 0, 0x1000);
        add_segment(f, 2 * MIB, 4096, 4096);
        add_entry(f, ZP_PROTOCOL_MULTIBOOT2, ZP_CONTAINER_ELF64, 2 * MIB);
        make_pc(f, 8 * MIB);
        if (i)
            make_busy(f, 0x3000, 0x1000);
        else
            f->ranges[0].usage = ZP_USAGE_BUSY;
        f->request.flags = ZP_REQUEST_DEFER;
        f->request.trampoline_size = 4096;
        plan_holds(f);
        assert_int_equal(list_moves(f, moves), 1);
        assert_int_equal(segment(f, 0)->staged.value, ZP_NOT_STAGED);
        assert_int_equal(moves[0].to.value, places[i]);
        assert_int_equal(moves[0].from.value, 0);
        assert_int_equal(moves[0].size, 0);
        assert_int_equal(moves[0].clear, 0x1000);
        assert_null(zp_plan_span(&f->plan, ZP_SPAN_STAGING));
        comes_to_the_same(f, 8 * MIB);
        free(f);
    }
}

static void what_a_kernel_runs_over_needs_no_move(void **state)
{
    struct fixture *f = fixture_bzimage();
    struct zp_move moves[MOVES_MAX];

    (void)state;
    make_busy(f, 20 * MIB, MIB);
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, 16 * MIB);
    assert_int_equal(list_moves(f, moves), 0);
    assert_non_null(decision(f, ZP_DECISION_KERNEL_LINKED));
    assert_null(decision(f, ZP_DECISION_DEFERRED));
    assert_null(zp_plan_span(&f->plan, ZP_SPAN_STAGING));
    assert_int_not_equal(f->plan.trampoline.value, 0);
    free(f);
}

static void free_memory_is_preferred(void **state)
{
    struct fixture *f = fixture_bzimage();
    struct zp_move moves[MOVES_MAX];

    (void)state;
    make_busy(f, 16 * MIB, MIB);
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, 18 * MIB);
    assert_int_equal(list_moves(f, moves), 0);
    free(f);

    /* Nowhere else: 40 MiB of busy memory and 14 MiB that are free. */
    f = fixture_bzimage();
    make_pc(f, 56 * MIB);
    make_busy(f, 14 * MIB, 41 * MIB);
    add_module(f, MIB / 256, NULL);
    plan_holds(f);
    assert_int_equal(f->plan.kernel_load.value, 16 * MIB);
    assert_int_equal(list_moves(f, moves), 1);
    assert_int_equal(moves[0].to.value, 16 * MIB);
    assert_true(zp_plan_span(&f->plan, ZP_SPAN_INITRD)->start.value >= 55 * MIB);
    assert_int_equal(comes_to_the_same(f, 56 * MIB), 1);
    free(f);
}

static void what_fits_nowhere_else_goes_over_busy_memory(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_LINUX64, ZP_CONTAINER_ELF64);
    static unsigned char initrd[3 * 1024 * 1024];

    (void)state;
    make_pc(f, 16 * MIB);
    make_busy(f, 4 * MIB + 4096, 4 * MIB);
    memory_source(&f->files[0], initrd, sizeof(initrd));
    f->modules[0].source = &f->files[0].source;
    f->request.module_count = 1;
    f->image.formats = ZP_FORMAT_ELF64;
    /* The initrd must end at 8 MiB by the header: its only place is busy. */
    add_wrapper(f);
    f->wrapper.bzimage.initrd_max.value = 8 * MIB - 1;
    f->wrapper.bzimage.header.xloadflags = ZP_XLF_KERNEL_64;
    plan_holds(f);
    assert_true(start_of(f, ZP_SPAN_INITRD) + sizeof(initrd) <= 8 * MIB);
    assert_int_not_equal(zp_plan_span(&f->plan, ZP_SPAN_INITRD)->staged.value, start_of(f, ZP_SPAN_INITRD));
    assert_int_equal(comes_to_the_same(f, 16 * MIB), 1);
    free(f);
}

static void the_bios_data_area_is_moved_word_by_word(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_MULTIBOOT1, ZP_CONTAINER_ELF64);
    struct zp_move moves[MOVES_MAX];
    size_t at = 0;

    (void)state;
    add_acpi(f);
    make_pc(f, 8 * MIB);
    make_busy(f, 0x400, 0x100);
    plan_holds(f);
    assert_int_equal(list_moves(f, moves), 2);
    assert_int_equal(moves[at].to.value, 0x40e);
    assert_int_equal(moves[at++].size, 2);
    assert_int_equal(moves[at].to.value, 0x413);
    assert_int_equal(moves[at].size, 2);
    assert_int_equal(moves[at].from.value, moves[0].from.value + 5);
    assert_int_equal(comes_to_the_same(f, 8 * MIB), 2);
    free(f);
}

/* Each kind of span of each protocol, pinned where all is busy; multiboot 2 copies its RSDP from staging. */
static void every_kind_is_moved(void **state)
{
    bool seen[ZP_SPAN_KIND_COUNT] = {false};

    (void)state;
    for (uint32_t protocol = ZP_PROTOCOL_LINUX32; protocol < ZP_PROTOCOL_COUNT; protocol++) {
        struct fixture *f = fixture_of(protocol);
        uint64_t at = 4 * MIB;

        make_pc(f, 16 * MIB);
        plan_holds(f);
        for (size_t i = 0; i < f->plan.span_count; i++) {
            const struct zp_span *span = &f->spans[i];
            bool joined = span->kind == ZP_SPAN_INITRD && f->plan.initrd_size && span->index;

            if (span->kind == ZP_SPAN_KERNEL || span->kind == ZP_SPAN_KERNEL_RESERVED || joined ||
                span->kind == ZP_SPAN_BDA || (span->kind == ZP_SPAN_BLOB && span->index == 0))
                continue;
            add_pin(f, span->kind, span->index, at);
            at += 64 * 1024;
            if (f->request.pin_count == 8)
                break;
        }
        make_busy(f, MIB + 4096, 8 * MIB);
        f->ranges[0].usage = ZP_USAGE_BUSY; /* ACPI and the BIOS data area have nowhere else to go */
        plan_holds(f);
        assert_true(comes_to_the_same(f, 16 * MIB) > 5);
        for (size_t i = 0; i < f->plan.span_count; i++)
            if (f->spans[i].staged.value != f->spans[i].start.value)
                seen[f->spans[i].kind] = true;
        free(f);
    }
    for (uint32_t kind = 1; kind < ZP_SPAN_KIND_COUNT; kind++)
        if (!seen[kind] && kind != ZP_SPAN_KERNEL_RESERVED && kind != ZP_SPAN_E820_EXT &&
            kind != ZP_SPAN_STAGING && kind != ZP_SPAN_TRAMPOLINE)
            fail_msg("%s was never moved", zp_span_kind_name(kind));
}

static void relocation_strikes_staged_bytes(void **state)
{
    static const uint32_t words[] = {0x81000010, 0x81000ff8, 0x81000200, 0x81000300, 0x81200ffc};
    struct fixture *f = fixture_vmlinux(64);
    struct zp_relocations *table = &f->image.relocations;

    (void)state;
    memcpy(f->bytes + 6000, words, sizeof(words));
    table->list64_offset = 6000;
    table->list64_count = 2;
    table->list32neg_offset = 6008;
    table->list32neg_count = 1;
    table->list32_offset = 6012;
    table->list32_count = 2;
    make_pc(f, 64 * MIB);
    make_busy(f, 14 * MIB, 36 * MIB);
    f->request.flags |= ZP_REQUEST_KASLR;
    f->request.kaslr_virtual = UINT64_MAX / 3;
    plan_holds(f);
    assert_int_not_equal(f->plan.virtual_delta, 0);
    assert_int_equal(f->plan.kernel_load.value, 16 * MIB);
    assert_true(comes_to_the_same(f, 64 * MIB) > 0);
    free(f);
}

/* With a place in free RAM the kernel is moved there at random and nothing is deferred. */
static void kaslr_goes_to_free_memory(void **state)
{
    (void)state;
    for (uint64_t bits = 0; bits < 16; bits++) {
        struct fixture *f = fixture_vmlinux(64);
        struct zp_move moves[MOVES_MAX];

        make_pc(f, 256 * MIB);
        make_busy(f, 16 * MIB, MIB);
        f->request.flags |= ZP_REQUEST_KASLR;
        f->request.kaslr_physical = bits << 60;
        plan_holds(f);
        assert_non_null(decision(f, ZP_DECISION_KASLR_PHYSICAL));
        assert_int_equal(list_moves(f, moves), 0);
        free(f);
    }
}

static int no_map(void *context, const struct zp_source *source, uint64_t offset, zp_gpa address,
                  uint64_t size)
{
    (void)source;
    (void)offset;
    (void)address;
    (void)size;
    ++*(size_t *)context;
    return 1;
}

static void what_is_moved_is_not_mapped(void **state)
{
    (void)state;
    for (int busy = 0; busy < 2; busy++) {
        struct fixture *f = fixture_elf(ZP_PROTOCOL_LINUX64, ZP_CONTAINER_ELF64);
        struct zp_sharing sharing;
        struct memory memory;
        size_t calls = 0;

        f->segments[0].file_offset = 4096;
        make_pc(f, 8 * MIB);
        if (busy)
            make_busy(f, 2 * MIB, 4096);
        plan_holds(f);
        memory_new(&memory, 8 * MIB);
        memory.guest.map = no_map;
        memory.guest.map_context = &calls;
        assert_int_equal(zp_load(&f->plan, &memory.guest, &f->error), ZP_OK);
        assert_int_equal(calls, !busy);
        assert_int_equal(zp_plan_sharing(&f->plan, &sharing, &f->error), ZP_OK);
        assert_int_equal(sharing.pages, 1);
        assert_int_equal(sharing.mappable, !busy);
        free(memory.bytes);
        free(f);
    }
}

/* --- what cannot be -------------------------------------------------------------------------------- */

static void nothing_is_deferred_unasked(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_LINUX64, ZP_CONTAINER_ELF64);
    struct zp_move moves[MOVES_MAX];

    (void)state;
    make_busy(f, 2 * MIB, 4096);
    f->request.trampoline_size = 0;
    plan_refused(f, ZP_ERR_BUSY, ZP_FIELD_KERNEL);
    f->request.trampoline_size = 100;
    f->request.flags = 0;
    plan_refused(f, ZP_ERR_BUSY, ZP_FIELD_KERNEL);
    add_pin(f, ZP_SPAN_TRAMPOLINE, 0, 8 * MIB);
    f->request.flags = ZP_REQUEST_DEFER;
    plan_refused(f, ZP_ERR_PIN, ZP_FIELD_PIN);
    free(f);

    /* A trampoline alone, and none. */
    f = fixture_elf(ZP_PROTOCOL_PVH, ZP_CONTAINER_ELF64);
    f->request.trampoline_size = 4097;
    plan_holds(f);
    assert_int_equal(zp_plan_span(&f->plan, ZP_SPAN_TRAMPOLINE)->size, 8192);
    assert_int_equal(list_moves(f, moves), 0);
    f->request.trampoline_size = 0;
    f->request.flags = ZP_REQUEST_DEFER;
    plan_holds(f);
    assert_null(zp_plan_span(&f->plan, ZP_SPAN_TRAMPOLINE));
    free(f);
}

static void nothing_is_deferred_above_4_gib(void **state)
{
    struct fixture *f = fixture_bzimage();

    (void)state;
    make_pc(f, 6 * GIB);
    make_busy(f, 5 * GIB, 4096);
    add_module(f, 4096, NULL);
    add_pin(f, ZP_SPAN_INITRD, 0, 5 * GIB);
    plan_refused(f, ZP_ERR_BUSY, ZP_FIELD_INITRD);
    f->pins[0].start.value = 5 * GIB + 4096;
    plan_holds(f);
    free(f);
}

static void too_little_memory_is_told(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_MULTIBOOT2, ZP_CONTAINER_ELF64);

    (void)state;
    f->request.trampoline_size = 5 * GIB;
    plan_refused(f, ZP_ERR_TOO_LARGE, ZP_FIELD_TRAMPOLINE);
    f->request.trampoline_size = UINT64_MAX;
    plan_refused(f, ZP_ERR_TOO_LARGE, ZP_FIELD_TRAMPOLINE);
    f->request.trampoline_size = 4 * GIB;
    plan_refused(f, ZP_ERR_NO_SPACE, ZP_FIELD_TRAMPOLINE);
    assert_int_equal(f->error.value, 4 * GIB);
    assert_in_range(f->error.limit, 500 * MIB, 511 * MIB);

    /* 12 KiB are free in all, two pages and one: room for the tables and the trampoline alone. */
    f->ranges[0] = (struct zp_memory_range){{0x1000}, 0x2000, ZP_USAGE_FREE, 0};
    f->ranges[1] = (struct zp_memory_range){{0x4000}, 0x1000, ZP_USAGE_FREE, 0};
    f->ranges[2] = (struct zp_memory_range){{MIB}, 7 * MIB, ZP_USAGE_BUSY, 0};
    f->machine.range_count = 3;
    f->request.flags = ZP_REQUEST_DEFER;
    f->request.trampoline_size = 4096;
    plan_refused(f, ZP_ERR_NO_SPACE, ZP_FIELD_STAGING);
    assert_int_equal(f->error.value, 4096);
    assert_true(f->error.limit < 4096);
    f->ranges[1].size = 0x2000;
    plan_holds(f);
    assert_int_equal(comes_to_the_same(f, 8 * MIB), 2);
    free(f);
}

static void moves_need_room(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_LINUX64, ZP_CONTAINER_ELF64);
    struct zp_move moves[MOVES_MAX];
    size_t count = 77;

    (void)state;
    make_busy(f, 2 * MIB, MIB);
    plan_holds(f);
    assert_int_equal(zp_plan_moves(&f->plan, moves, 1, &count, &f->error), ZP_ERR_ROOM);
    assert_int_equal(f->error.value, 2);
    assert_int_equal(f->error.limit, 1);
    assert_int_equal(f->error.field, ZP_FIELD_STAGING);
    assert_int_equal(zp_plan_moves(&f->plan, NULL, 0, &count, &f->error), ZP_ERR_ROOM);
    assert_int_equal(zp_plan_moves(&f->plan, NULL, 2, &count, &f->error), ZP_ERR_ARGUMENT);
    assert_int_equal(zp_plan_moves(NULL, moves, 2, &count, NULL), ZP_ERR_ARGUMENT);
    assert_int_equal(zp_plan_moves(&f->plan, moves, 2, NULL, NULL), ZP_ERR_ARGUMENT);
    assert_int_equal(count, 77);
    assert_int_equal(zp_plan_moves(&f->plan, moves, 2, &count, NULL), ZP_OK);
    assert_int_equal(count, 2);
    free(f);
}

/* Room for spans one at a time: too short a one is told, at any point. */
static void spans_need_room(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_LINUX64, ZP_CONTAINER_ELF64);
    size_t needed;

    (void)state;
    make_busy(f, 2 * MIB, MIB);
    plan_holds(f);
    needed = f->plan.span_count;
    for (f->room.span_capacity = 0; f->room.span_capacity < needed; f->room.span_capacity++)
        plan_refused(f, ZP_ERR_ROOM, ZP_FIELD_SPANS);
    plan_holds(f);
    free(f);
}

/* A kernel that begins in front of busy memory and ends behind it: no gap begins in what it has behind. */
static void beyond_busy_memory_is_no_gap(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_LINUX64, ZP_CONTAINER_ELF64);

    (void)state;
    f->ranges[0] = (struct zp_memory_range){{0x1000}, 0x9f000, ZP_USAGE_FREE, 0};
    f->ranges[1] = (struct zp_memory_range){{2 * MIB}, 0x3800, ZP_USAGE_FREE, 0};
    f->ranges[2] = (struct zp_memory_range){{2 * MIB + 0x3800}, 0x400, ZP_USAGE_BUSY, 0};
    f->ranges[3] = (struct zp_memory_range){{2 * MIB + 0x3c00}, 6 * MIB - 0x3c00, ZP_USAGE_FREE, 0};
    f->machine.range_count = 4;
    f->request.flags |= ZP_REQUEST_DEFER;
    f->request.trampoline_size = MIB;
    plan_holds(f);
    assert_true(comes_to_the_same(f, 8 * MIB) != 0);
    free(f);
}

/* --- any map --------------------------------------------------------------------------------------- */

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(*seed >> 33);
}

/* Memory of 6 MiB in up to 40 ranges of any size and any usage but reserved at the kernel. */
static void random_machine(struct fixture *f, uint64_t *seed)
{
    uint64_t at = 0;
    size_t count = 0;

    while (at < 6 * MIB && count < 40) {
        uint64_t size = (1 + next_random(seed) % 400) * 1024;
        uint32_t kind = next_random(seed) % 8;

        f->ranges[count] = (struct zp_memory_range){{at}, size, ZP_USAGE_FREE, 0};
        if (kind < 4)
            f->ranges[count].usage = ZP_USAGE_BUSY;
        if (kind == 7 && (at + size <= 2 * MIB || at >= 3 * MIB)) {
            f->ranges[count].usage = ZP_USAGE_RESERVED;
            f->ranges[count].e820_type = ZP_E820_RESERVED;
        }
        at += size;
        count += next_random(seed) % 16 != 0; /* else a hole */
    }
    f->machine.range_count = count;
    f->request.flags |= ZP_REQUEST_DEFER;
    f->request.trampoline_size = 1 + next_random(seed) % 30000;
}

static void any_map(void **state)
{
    uint64_t seed = 1;
    size_t made = 0, moved = 0;

    (void)state;
    for (uint32_t i = 0; i < 120; i++) {
        struct fixture *f = fixture_of(ZP_PROTOCOL_LINUX32 + i % 5);

        random_machine(f, &seed);
        if (make_plan(f) == ZP_OK) {
            plan_holds(f);
            made++;
            moved += comes_to_the_same(f, 8 * MIB) != 0;
        } else {
            assert_true(f->error.code == ZP_ERR_NO_SPACE || f->error.code == ZP_ERR_NOT_RAM);
        }
        free(f);
    }
    assert_true(made > 30 && moved > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_moved_and_the_rest_is_cleared),
        cmocka_unit_test(what_is_all_zeros_is_staged_nowhere),
        cmocka_unit_test(what_a_kernel_runs_over_needs_no_move),
        cmocka_unit_test(free_memory_is_preferred),
        cmocka_unit_test(what_fits_nowhere_else_goes_over_busy_memory),
        cmocka_unit_test(the_bios_data_area_is_moved_word_by_word),
        cmocka_unit_test(every_kind_is_moved),
        cmocka_unit_test(relocation_strikes_staged_bytes),
        cmocka_unit_test(kaslr_goes_to_free_memory),
        cmocka_unit_test(what_is_moved_is_not_mapped),
        cmocka_unit_test(nothing_is_deferred_unasked),
        cmocka_unit_test(nothing_is_deferred_above_4_gib),
        cmocka_unit_test(too_little_memory_is_told),
        cmocka_unit_test(moves_need_room),
        cmocka_unit_test(spans_need_room),
        cmocka_unit_test(beyond_busy_memory_is_no_gap),
        cmocka_unit_test(any_map),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
