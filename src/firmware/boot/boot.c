/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kernel is booted: inspected, planned, loaded and entered by the core. Receives its bytes, initrds and
 * command line, and the arrival that tells of the machine; comes back only from a kernel that was refused,
 * before any memory was written.
 *
 * A bzImage is entered by Linux's 32-bit protocol where it can be: we should have to build page tables for
 * the 64-bit one, and the kernel builds its own by either.
 */
#include <zeropage/wire/x86.h>

#include "../../core/seam.h"
#include "../../enter/enter.h"
#include "boot.h"

#define SEGMENT_MAX  128
#define NOTE_MAX     64
#define ENTRY_MAX    16
#define SPAN_MAX     256
#define RANGE_MAX    (STUB_RANGE_MAX + 2 * STUB_KEEP_MAX)
#define E820_MAX     (RANGE_MAX + SPAN_MAX)
#define DECISION_MAX 64

/* Filled before they are read: none of it need be clear. */
static FW_KEPT struct {
    struct zp_segment segments[SEGMENT_MAX];
    struct zp_note notes[NOTE_MAX];
    struct zp_entry entries[ENTRY_MAX];
    struct zp_image image;
    struct zp_memory_range ranges[RANGE_MAX];
    struct zp_span spans[SPAN_MAX];
    struct zp_e820_range e820[E820_MAX];
    struct zp_decision decisions[DECISION_MAX];
    struct zp_plan plan;
    struct zp_machine machine;
    struct zp_request request;
} boot;

/* One line for whatever the core says no to: most have numbers that say it all. */
static bool refused(int status, const char *name, const struct zp_error *error)
{
    switch (status) {
    case ZP_OK: return false;
    case ZP_ERR_NO_SPACE:
        fw_note("%s: no room for 0x%x bytes, the largest gap is 0x%x", name, error->value, error->limit);
        break;
    case ZP_ERR_NOT_RAM:
        fw_note("%s: 0x%x bytes at 0x%x are needed, and that is no free RAM", name, error->limit,
                error->value);
        break;
    case ZP_ERR_CMDLINE_LENGTH:
        fw_note("%s: the command line has %d bytes, the kernel takes %d", name, error->value, error->limit);
        break;
    case ZP_ERR_READ:
        fw_note("%s: 0x%x bytes at 0x%x cannot be read", name, error->value, error->offset);
        break;
    case ZP_ERR_FORMAT: fw_note("%s: begins with 0x%x: of no format that boots", name, error->value); break;
    case ZP_ERR_TRUNCATED:
        fw_note("%s: has 0x%x bytes, of 0x%x: it was cut", name, error->limit, error->value);
        break;
    case ZP_ERR_PE_ONLY: fw_note("%s: an EFI program, which is not started here", name); break;
    case ZP_ERR_COMPRESSED: fw_note("%s: a compressed file, which is not unpacked here", name); break;
    case ZP_ERR_NO_ENTRY:
    case ZP_ERR_ELF_PROGRAM: fw_note("%s: has no entry for a boot loader", name); break;
    case ZP_ERR_TOO_LARGE:
        if (error->field == ZP_FIELD_INIT_SIZE) {
            fw_note("%s: asks for 0x%x bytes of RAM (%d MiB, init_size), and 0x%x are there", name,
                    error->value, error->value >> 20, error->limit);
            break;
        }
        fw_note("%s: 0x%x, and 0x%x is the most that there may be (field %d)", name, error->value,
                error->limit, (uint64_t)error->field);
        break;
    default:
        fw_note("%s: error %d of field %d: 0x%x, 0x%x", name, (uint64_t)-status, (uint64_t)error->field,
                error->value, error->limit);
    }
    return true;
}

/* Linux, or what QEMU has taken for a PVH kernel, is known: no multiboot header is sought. */
static int inspect(const struct zp_source *source, bool known, struct zp_error *error)
{
    struct zp_image_room room;

    room.segments = boot.segments;
    room.segment_capacity = SEGMENT_MAX;
    room.notes = boot.notes;
    room.note_capacity = NOTE_MAX;
    room.entries = boot.entries;
    room.entry_capacity = ENTRY_MAX;
    room.without = ZP_WITHOUT_DETAILS;
    if (known)
        room.without |= 1u << ZP_PROTOCOL_MULTIBOOT1 | 1u << ZP_PROTOCOL_MULTIBOOT2;
    return zp_inspect(source, &room, &boot.image, error);
}

bool fw_is_kernel(const struct zp_source *source)
{
    struct zp_error error;

    return inspect(source, false, &error) == ZP_OK;
}

static void describe(const struct arrival *arrival, const struct fw_kernel *kernel)
{
    struct zp_request *request = &boot.request;

    stub_describe(arrival, boot.ranges, &boot.machine, request);
    request->trampoline_size = zp_enter_size(SPAN_MAX);
    request->cmdline = kernel->cmdline;
    request->cmdline_length = kernel->cmdline_length;
    request->modules = kernel->modules;
    request->module_count = kernel->module_count;
}

static int make_plan(uint32_t protocol, struct zp_error *error)
{
    struct zp_plan_room room;
    int status = ZP_ERR_PROTOCOL;

    room.spans = boot.spans;
    room.span_capacity = SPAN_MAX;
    room.e820 = boot.e820;
    room.e820_capacity = E820_MAX;
    room.decisions = boot.decisions;
    room.decision_capacity = DECISION_MAX;
    if ((boot.image.formats & ZP_FORMAT_BZIMAGE) && zp_image_entry(&boot.image, ZP_PROTOCOL_LINUX32)) {
        boot.request.protocol = ZP_PROTOCOL_LINUX32;
        status = zp_plan_make(&boot.image, &boot.machine, &boot.request, &room, &boot.plan, error);
    }
    if (status) {
        boot.request.protocol = protocol;
        status = zp_plan_make(&boot.image, &boot.machine, &boot.request, &room, &boot.plan, error);
    }
    /* What a loader of Linux told of in setup_data has no place in what other kernels are handed. */
    if (status == ZP_ERR_UNSUPPORTED && error->field == ZP_FIELD_SETUP_DATA) {
        fw_note("setup_data: this kernel takes none: left out");
        boot.request.blob_count = 0;
        status = zp_plan_make(&boot.image, &boot.machine, &boot.request, &room, &boot.plan, error);
    }
    return status;
}

/*
 * What load will write to must be mapped; a source that fills memory itself leaves the rest of its last page.
 * From the highest span down to what always is: what is staged lies in a span as well.
 */
static bool see_spans(const char *name, bool unseen)
{
    for (size_t i = boot.plan.span_count; i--;) {
        const struct zp_span *span = &boot.plan.spans[i];
        uint64_t skip = 0;

        if (span->start.value + span->size <= FW_ALWAYS_SEEN)
            return true;
        if (span->staged.value != span->start.value)
            continue;
        if (unseen && (span->kind == ZP_SPAN_INITRD || span->kind == ZP_SPAN_KERNEL))
            skip = span->file_size;
        if (!stub_see(span->start.value + skip, span->size - skip)) {
            fw_note("%s: 0x%x bytes at 0x%x are out of sight", name, span->size, span->start.value);
            return false;
        }
    }
    return true;
}

/* What is in memory already is whole if it lies nowhere where we have been. */
static bool stays(const char *name)
{
    for (size_t i = 0; i < boot.plan.span_count; i++) {
        const struct zp_span *span = &boot.plan.spans[i];

        if (span->kind != ZP_SPAN_KERNEL)
            continue;
        if (boot.plan.delta == 0 && span->start.value == span->staged.value &&
            span->start.value >= ZP_PAGE_SIZE)
            continue;
        fw_note("%s: linked for 0x%x, where it cannot lie", name, span->start.value - boot.plan.delta);
        return false;
    }
    return true;
}

void fw_boot(struct arrival *arrival, const struct fw_kernel *kernel)
{
    const struct zp_guest_region memory = {{ZP_PAGE_SIZE}, UINT64_MAX - ZP_PAGE_SIZE, (void *)ZP_PAGE_SIZE};
    /* Who has put the segments into memory has cleared what they have beyond the file. */
    const struct zp_guest guest = {.struct_size = sizeof(guest),
                                   .flags = kernel->in_place ? ZP_GUEST_ZEROED : 0,
                                   .regions = &memory,
                                   .region_count = 1};
    const char *name = kernel->name ? kernel->name : "the kernel";
    struct zp_error error;

    if (refused(inspect(kernel->source, kernel->is_linux || kernel->in_place, &error), name, &error))
        return;
    fw_seed(arrival);
    describe(arrival, kernel);
    if (refused(make_plan(kernel->protocol, &error), name, &error))
        return;
    if (kernel->in_place && !stays(name))
        return;
    if (!see_spans(name, kernel->unseen))
        return;
    if (refused(zp_load(&boot.plan, &guest, &error), name, &error)) {
        if (kernel->in_place)
            stub_refuse("the kernel is in pieces");
        return;
    }
    if (kernel->leave)
        kernel->leave();
    /* A seed is used once. */
    if (arrival->entropy)
        memset((void *)(uintptr_t)arrival->entropy, 0, arrival->entropy_length);
    zp_enter(&boot.plan);
}
