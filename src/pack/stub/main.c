/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stub's story. Some loader put a packed file into memory and jumped to one of its entries; head.S made a
 * 64-bit machine of that. Now the kernel inside is booted as `zeropage run` would boot it, by the same core:
 *
 *   arrive     what the loader hands over, by whichever protocol, becomes one struct arrival
 *   settle     we and the payload go where the kernel is not linked to lie
 *   unpack     a compressed kernel, to memory clear of its home
 *   inspect    what it is and how it is entered
 *   plan       every byte of the memory that it will find, what we still occupy deferred to the last moment
 *   load       what can be written is written
 *   enter      a trampoline moves the rest and jumps
 *
 * Settling starts all over in a copy of ourselves: nothing is carried along but struct stub_entry, so there
 * is no pointer to be forgotten. Linux Documentation/x86/boot; Xen PVH; Multiboot; UEFI, by the arrivals.
 */
#include <zeropage/wire/x86.h>

#include "../../core/checked.h"
#include "../../enter/enter.h"
#include "stub.h"

#define SPAN_MAX     640 /* segments, modules and blobs may each have a second place, too */
#define RANGE_MAX    (STUB_RANGE_MAX + 2 * STUB_KEEP_MAX)
#define E820_MAX     (RANGE_MAX + SPAN_MAX)
#define DECISION_MAX 64

/*
 * All of it in .bss: the stack is small, and pointers into it stay good until the very end. Such pointers
 * are assigned, never initialized: a stub has no relocations.
 */
static struct {
    struct arrival arrival;

    struct zp_memory_source kernel;
    struct zp_segment segments[ZP_PACK_SEGMENT_MAX];
    struct zp_note notes[ZP_PACK_NOTE_MAX];
    struct zp_entry entries[ZP_PACK_ENTRY_MAX];
    struct zp_image_room image_room;
    struct zp_image image;

    struct zp_memory_range ranges[RANGE_MAX];
    struct zp_machine machine;
    struct zp_request request;

    struct zp_span spans[SPAN_MAX];
    struct zp_e820_range e820[E820_MAX];
    struct zp_decision decisions[DECISION_MAX];
    struct zp_plan_room plan_room;
    struct zp_plan plan;
} boot;

static void arrive(const struct stub_entry *entry)
{
    struct arrival *arrival = &boot.arrival;

    switch (entry->way) {
    case ZP_PACK_WAY_LINUX32:
    case ZP_PACK_WAY_LINUX64: stub_arrive_linux(arrival, entry->handed); break;
    case ZP_PACK_WAY_PVH: stub_arrive_pvh(arrival, entry->handed); break;
    case ZP_PACK_WAY_MULTIBOOT1: stub_arrive_multiboot1(arrival, entry->handed); break;
    case ZP_PACK_WAY_MULTIBOOT2: stub_arrive_multiboot2(arrival, entry->handed); break;
    }
    stub_efi_arrive(arrival);
    stub_ranges_done(arrival);
    stub_find_rsdp(arrival);
}

/* Where size bytes may go, clear of the kernel's home and of all that is in use; `now` when they may stay. */
static uint64_t resettle(const struct zp_pack_payload *payload, uint64_t now, uint64_t size)
{
    uint64_t place = 0;

    if (zp_overlaps(now, size, payload->home, payload->home_size))
        place = stub_find(&boot.arrival, size, ZP_PAGE_SIZE, payload->home, payload->home_size, 0);
    return place ? place : now;
}

/*
 * Out of the kernel's home, where loaders like to put us: then most of the kernel goes straight to its place.
 * Where there is no room for that we stay, and the plan defers more. The stub goes with the payload: left
 * alone it would part the gap in which a large initrd has to find its place.
 */
static void settle(struct stub_entry *entry, const struct zp_pack_payload *payload)
{
    struct arrival *arrival = &boot.arrival;
    uint64_t stub = entry->stub, place = entry->payload, beside = 0;

    if (entry->settled)
        return;
    entry->settled = 1;
    entry->payload = resettle(payload, place, payload->size);
    if (entry->payload != place) {
        memcpy((void *)(uintptr_t)entry->payload, payload, payload->size);
        stub_keep(arrival, entry->payload, payload->size);
    }
    if (entry->payload != place)
        beside = stub_find(arrival, stub_memory(), ZP_PAGE_SIZE, payload->home, payload->home_size, 0);
    entry->stub = beside ? beside : resettle(payload, stub, stub_memory());
    if (entry->stub != stub || entry->payload != place)
        stub_move(entry);
}

/* The kernel's bytes, all of them. */
static void unpack(const struct zp_pack_payload *payload)
{
    const char *from = (const char *)payload + payload->kernel_offset;
    size_t arena = stub_unpack_arena(payload->compression);
    const char *wrong;
    uint64_t place;

    if (payload->compression == ZP_PACK_STORED) {
        zp_memory_source_init(&boot.kernel, from, payload->kernel_size);
        return;
    }
    place = stub_find(&boot.arrival, payload->kernel_bytes + arena, ZP_PAGE_SIZE, payload->home,
                      payload->home_size, 0);
    if (place == 0)
        stub_refuse("kernel: no room for %d MiB unpacked", (payload->kernel_bytes + arena) >> 20);
    wrong = stub_unpack(payload->compression, from, payload->kernel_size, (void *)(uintptr_t)place,
                        payload->kernel_bytes, (char *)(uintptr_t)place + payload->kernel_bytes, arena);
    if (wrong)
        stub_refuse("kernel: %s", wrong);
    stub_keep(&boot.arrival, place, payload->kernel_bytes);
    zp_memory_source_init(&boot.kernel, (void *)(uintptr_t)place, payload->kernel_bytes);
}

/* One line for whatever the core says no to: most have numbers that say it all. */
static void demand(int status, const char *step, const struct zp_error *error)
{
    if (status == ZP_ERR_TOO_LARGE && error->field == ZP_FIELD_INIT_SIZE)
        stub_refuse("%s: the kernel asks for 0x%x bytes of RAM (%d MiB, init_size), and 0x%x are there", step,
                    error->value, error->value >> 20, error->limit);
    switch (status) {
    case ZP_OK: return;
    case ZP_ERR_NO_SPACE:
        stub_refuse("%s: no room for 0x%x bytes (%d MiB), the largest gap is 0x%x", step, error->value,
                    error->value >> 20, error->limit);
    case ZP_ERR_NOT_RAM:
        stub_refuse("%s: 0x%x bytes at 0x%x are needed, and that is no free RAM", step, error->limit,
                    error->value);
    case ZP_ERR_CMDLINE_LENGTH:
        stub_refuse("%s: the command line has %d bytes, the kernel takes %d", step, error->value,
                    error->limit);
    case ZP_ERR_PROTOCOL: stub_refuse("%s: the kernel has no entry of protocol %d", step, error->value);
    case ZP_ERR_INITRD_UNSUPPORTED: stub_refuse("%s: the kernel takes no initrd", step);
    case ZP_ERR_ABOVE_4G:
        stub_refuse("%s: 0x%x bytes at 0x%x must lie below 4 GiB", step, error->limit, error->value);
    }
    stub_refuse("%s: error %d of field %d: 0x%x, 0x%x", step, (uint64_t)-status, (uint64_t)error->field,
                error->value, error->limit);
}

static void inspect(const struct zp_pack_payload *payload)
{
    struct zp_image_room *room = &boot.image_room;
    struct zp_error error;
    int status;

    room->segments = boot.segments;
    room->segment_capacity = ZP_PACK_SEGMENT_MAX;
    room->notes = boot.notes;
    room->note_capacity = ZP_PACK_NOTE_MAX;
    room->entries = boot.entries;
    room->entry_capacity = ZP_PACK_ENTRY_MAX;

    if (!payload->told) {
        status = zp_inspect(&boot.kernel.source, room, &boot.image, &error);
        demand(status, "kernel", &error);
        return;
    }
    status = zp_examine(&boot.kernel.source, room, &boot.image, &error);
    if (boot.image.struct_size == 0)
        demand(status, "kernel", &error);
    demand(zp_image_tell(&boot.image, room, payload->entry, &error), "kernel", &error);
}

/* What a loader of Linux tells in setup_data has no place in what other kernels are handed. */
static void drop_setup_data(struct arrival *arrival, uint32_t protocol)
{
    size_t kept = 0;

    if (protocol == ZP_PROTOCOL_LINUX32 || protocol == ZP_PROTOCOL_LINUX64)
        return;
    for (size_t i = 0; i < arrival->blob_count; i++) {
        if (arrival->blobs[i].role == ZP_BLOB_SETUP_DATA)
            stub_say("setup_data of type %d: this kernel takes none: left out",
                     (uint64_t)arrival->blobs[i].setup_data_type);
        else
            arrival->blobs[kept++] = arrival->blobs[i];
    }
    arrival->blob_count = kept;
}

static void make_plan(const struct zp_pack_payload *payload)
{
    struct arrival *arrival = &boot.arrival;
    struct zp_error error;
    struct zp_plan_room *room = &boot.plan_room;

    room->spans = boot.spans;
    room->span_capacity = SPAN_MAX;
    room->e820 = boot.e820;
    room->e820_capacity = E820_MAX;
    room->decisions = boot.decisions;
    room->decision_capacity = DECISION_MAX;

    drop_setup_data(arrival, payload->entry);
    stub_describe(arrival, boot.ranges, &boot.machine, &boot.request);
    boot.request.protocol = payload->entry;
    boot.request.trampoline_size = zp_enter_size(SPAN_MAX);
    boot.request.cmdline = arrival->cmdline;
    boot.request.cmdline_length = arrival->cmdline_length;
    boot.request.modules = arrival->modules;
    boot.request.module_count = arrival->module_count;
    demand(zp_plan_make(&boot.image, &boot.machine, &boot.request, room, &boot.plan, &error), "plan", &error);
}

/* To where we see it: addresses are pointers, once those above 4 GiB are mapped. */
static void load(void)
{
    const struct zp_guest_region memory = {{ZP_PAGE_SIZE}, UINT64_MAX - ZP_PAGE_SIZE, (void *)ZP_PAGE_SIZE};
    const struct zp_guest guest = {.struct_size = sizeof(guest), .regions = &memory, .region_count = 1};
    struct zp_error error;

    for (size_t i = 0; i < boot.plan.span_count; i++) {
        const struct zp_span *span = &boot.plan.spans[i];

        if (!stub_see(span->staged.value, span->size))
            stub_refuse("0x%x bytes at 0x%x are out of sight", span->size, span->staged.value);
    }
    demand(zp_load(&boot.plan, &guest, &error), "load", &error);
    /* A seed is used once. */
    if (boot.arrival.entropy)
        memset((void *)(uintptr_t)boot.arrival.entropy, 0, boot.arrival.entropy_length);
}

_Noreturn void stub_main(struct stub_entry *entry)
{
    const struct zp_pack_payload *payload;

    if (entry->way >= ZP_PACK_WAY_EFI) {
        stub_efi(entry);
        stub_take_over(entry);
    }
    stub_keep(&boot.arrival, entry->stub, stub_memory());
    payload = stub_payload(entry, &boot.arrival);
    arrive(entry);
    settle(entry, payload);
    unpack(payload);
    inspect(payload);
    make_plan(payload);
    load();
    zp_enter(&boot.plan);
}
