/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan: image + machine + request -> where every byte goes and how the CPU enters.
 *
 * The order of the story: check what came in, choose an entry, place what is pinned, place the kernel and the
 * rest, write down the memory map that follows, place the tables that carry it, map memory, move the kernel
 * at random if that is wished, set registers.
 * Nothing is read but the arguments; nothing is written but the room and, at the very end, *ret_plan.
 */
#include <zeropage/wire/acpi.h>
#include <zeropage/wire/e820.h>
#include <zeropage/wire/x86.h>

#include "draft.h"

#define CMDLINE_MAX_ELF 2047u /* Linux on x86: COMMAND_LINE_SIZE 2048 with its NUL */
#define EBDA_ALIGN      1024u /* the BIOS counts base memory in KiB */

bool zp_has_acpi(const struct zp_request *request)
{
    for (size_t i = 0; i < request->blob_count; i++)
        if (request->blobs[i].role == ZP_BLOB_ACPI)
            return true;
    return false;
}

static int check_blob(struct zp_draft *draft, size_t index, bool *any_acpi)
{
    const struct zp_blob *blob = &draft->plan.request->blobs[index];
    uint64_t align = blob->align ? blob->align : 1;

    if (!blob->fill || blob->size == 0 || !zp_is_power_of_two(align) ||
        blob->size > (UINT64_C(1) << ZP_PHYSICAL_BITS_MAX) || blob->role > ZP_BLOB_SETUP_DATA ||
        (blob->role == ZP_BLOB_SETUP_DATA && blob->size > UINT32_MAX) || blob->where > ZP_BLOB_HIGH)
        return zp_draft_fail(draft, ZP_ERR_BLOB, ZP_FIELD_BLOB, index, blob->size);
    if (blob->role == ZP_BLOB_ACPI && (*any_acpi || blob->size < ZP_ACPI_RSDP_V2_SIZE))
        return zp_draft_fail(draft, ZP_ERR_BLOB, ZP_FIELD_RSDP, index, blob->size);
    *any_acpi = *any_acpi || blob->role == ZP_BLOB_ACPI;
    return ZP_OK;
}

/* An RSDP that lies in memory already: there is one alone, and its bytes are there whole. */
static int check_rsdp(struct zp_draft *draft, bool any_acpi)
{
    const struct zp_rsdp *rsdp = &draft->plan.request->rsdp;
    const uint8_t *bytes = rsdp->bytes;
    size_t needed = ZP_ACPI_RSDP_V1_SIZE;

    if (rsdp->address.value == 0)
        return ZP_OK;
    if (any_acpi)
        return zp_draft_fail(draft, ZP_ERR_BLOB, ZP_FIELD_RSDP, rsdp->address.value, 0);
    if (!bytes)
        return zp_draft_fail(draft, ZP_ERR_ARGUMENT, ZP_FIELD_RSDP, rsdp->address.value, 0);
    if (rsdp->size >= needed && bytes[offsetof(struct zp_acpi_rsdp, revision)] >= 2)
        needed = ZP_ACPI_RSDP_V2_SIZE;
    if (rsdp->size < needed)
        return zp_draft_fail(draft, ZP_ERR_TOO_SMALL, ZP_FIELD_RSDP, rsdp->size, needed);
    return ZP_OK;
}

static int check_request(struct zp_draft *draft)
{
    const struct zp_request *request = draft->plan.request;
    bool any_acpi = false;

    if (request->struct_size != sizeof(*request))
        return zp_draft_fail(draft, ZP_ERR_STRUCT_SIZE, ZP_FIELD_STRUCT_SIZE, request->struct_size,
                             sizeof(*request));
    if ((request->cmdline_length && !request->cmdline) || (request->module_count && !request->modules) ||
        (request->blob_count && !request->blobs) || (request->pin_count && !request->pins) ||
        (request->entropy_length && !request->entropy) || request->protocol >= ZP_PROTOCOL_COUNT ||
        request->type_of_loader > UINT8_MAX || request->vid_mode > UINT16_MAX)
        return zp_draft_fail(draft, ZP_ERR_ARGUMENT, ZP_FIELD_NONE, 0, 0);
    for (size_t i = 0; i < request->cmdline_length; i++)
        if (request->cmdline[i] == '\0')
            return zp_draft_fail(draft, ZP_ERR_CMDLINE_NUL, ZP_FIELD_CMDLINE, i, 0);
    for (size_t i = 0; i < request->module_count; i++)
        if (!request->modules[i].source ||
            (request->modules[i].cmdline_length && !request->modules[i].cmdline))
            return zp_draft_fail(draft, ZP_ERR_ARGUMENT, ZP_FIELD_MODULES, i, 0);
    if (request->wrapper && request->wrapper->struct_size != sizeof(*request->wrapper))
        return zp_draft_fail(draft, ZP_ERR_STRUCT_SIZE, ZP_FIELD_STRUCT_SIZE, request->wrapper->struct_size,
                             sizeof(*request->wrapper));
    if (request->wrapper && !(request->wrapper->formats & ZP_FORMAT_BZIMAGE))
        return zp_draft_fail(draft, ZP_ERR_ARGUMENT, ZP_FIELD_HEADER, request->wrapper->formats,
                             ZP_FORMAT_BZIMAGE);
    for (size_t i = 0; i < request->blob_count; i++) {
        int status = check_blob(draft, i, &any_acpi);

        if (status)
            return status;
    }
    if (request->trampoline_size > ZP_GIB4)
        return zp_draft_fail(draft, ZP_ERR_TOO_LARGE, ZP_FIELD_TRAMPOLINE, request->trampoline_size, ZP_GIB4);
    draft->deferring = (request->flags & ZP_REQUEST_DEFER) && request->trampoline_size;
    return check_rsdp(draft, any_acpi);
}

/*
 * A setup header with the 16-bit entry alone speaks for the whole file: a multiboot header found in it
 * (GRUB's lnxboot.img has one in its core) belongs to something inside, which needs the BIOS as well.
 */
static bool real_mode_speaks(const struct zp_image *image, uint32_t offered)
{
    const uint32_t linux16 = UINT32_C(1) << ZP_PROTOCOL_LINUX16;
    const uint32_t others = UINT32_C(1) << ZP_PROTOCOL_LINUX32 | UINT32_C(1) << ZP_PROTOCOL_LINUX64;

    return (offered & linux16) && !(offered & others) &&
           !(image->formats & (ZP_FORMAT_ELF32 | ZP_FORMAT_ELF64));
}

/* An ELF out of a bzImage is Linux, notes or none: Linux's own entries come before all others. */
static bool has_turn(const struct zp_draft *draft, const struct zp_entry *entry, uint32_t turn)
{
    uint32_t wanted = draft->plan.request->wrapper && !zp_is_linux(entry->protocol);

    return entry->protocol != ZP_PROTOCOL_LINUX16 && turn == wanted;
}

/* The first sound entry that plan can execute; the 16-bit one needs a BIOS and is nobody's first choice. */
static int find_sound(struct zp_draft *draft)
{
    const struct zp_image *image = draft->plan.image;
    int status;

    for (size_t i = 0; i < 2 * image->entry_count; i++) {
        const struct zp_entry *entry = &image->entries[i % image->entry_count];

        if (!has_turn(draft, entry, i >= image->entry_count))
            continue;
        if (entry->fault.code == ZP_OK) {
            draft->plan.entry = entry;
            return ZP_OK;
        }
        status = zp_draft_decide(draft, ZP_DECISION_ENTRY_FAULTY, ZP_FIELD_PROTOCOL, entry->protocol,
                                 (uint64_t) - (int64_t)entry->fault.code);
        if (status)
            return status;
    }
    return zp_draft_fail(draft, ZP_ERR_NO_ENTRY, ZP_FIELD_PROTOCOL, 0, 0);
}

static int choose_any(struct zp_draft *draft)
{
    const struct zp_image *image = draft->plan.image;
    uint32_t offered = zp_image_protocols(image);
    uint32_t protocol;
    int status;

    if (real_mode_speaks(image, offered))
        return zp_draft_fail(draft, ZP_ERR_REAL_MODE_ONLY, ZP_FIELD_PROTOCOL, 0, offered);
    status = find_sound(draft);
    if (status == ZP_ERR_NO_ENTRY && (offered & (UINT32_C(1) << ZP_PROTOCOL_LINUX16)))
        return zp_draft_fail(draft, ZP_ERR_REAL_MODE_ONLY, ZP_FIELD_PROTOCOL, 0, offered);
    if (status)
        return status;
    protocol = draft->plan.entry->protocol;
    offered &= ~(UINT32_C(1) << protocol);
    return zp_draft_decide(draft, offered ? ZP_DECISION_PROTOCOL_PREFERRED : ZP_DECISION_PROTOCOL_ONLY,
                           ZP_FIELD_PROTOCOL, protocol, offered);
}

static int choose_wished(struct zp_draft *draft, uint32_t protocol)
{
    const struct zp_image *image = draft->plan.image;
    uint32_t offered = zp_image_protocols(image);

    draft->plan.entry = zp_image_entry(image, protocol);
    if (draft->plan.entry && protocol == ZP_PROTOCOL_LINUX16)
        return zp_draft_fail(draft, ZP_ERR_REAL_MODE_ONLY, ZP_FIELD_PROTOCOL, protocol, offered);
    if (draft->plan.entry)
        return zp_draft_decide(draft, ZP_DECISION_PROTOCOL_ASKED, ZP_FIELD_PROTOCOL, protocol, 0);
    for (size_t i = 0; i < image->entry_count; i++)
        if (image->entries[i].protocol == protocol) {
            const struct zp_error *fault = &image->entries[i].fault;

            return zp_report(draft->error, fault->code, fault->field, fault->offset, fault->value,
                             fault->limit);
        }
    return zp_draft_fail(draft, ZP_ERR_PROTOCOL, ZP_FIELD_PROTOCOL, protocol, offered);
}

static int choose_entry(struct zp_draft *draft)
{
    uint32_t wished = draft->plan.request->protocol;
    int status = wished == ZP_PROTOCOL_AUTO ? choose_any(draft) : choose_wished(draft, wished);

    if (status)
        return status;
    if (draft->plan.entry->segment_count == 0)
        return zp_draft_fail(draft, ZP_ERR_NO_SEGMENT, ZP_FIELD_KERNEL, 0, 0);
    draft->plan.protocol = draft->plan.entry->protocol;
    zp_draft_limits(draft);
    draft->joined =
        zp_is_linux(draft->plan.protocol) || (draft->plan.protocol == ZP_PROTOCOL_PVH && draft->linux_elf);
    return ZP_OK;
}

/* Longest command line that the kernel keeps whole. */
static uint64_t cmdline_limit(const struct zp_plan *plan)
{
    const struct zp_bzimage *setup = zp_find_setup(plan);

    if (setup)
        return setup->cmdline_max;
    if (zp_is_linux(plan->protocol) || plan->image->elf.guest_linux)
        return CMDLINE_MAX_ELF;
    return UINT32_MAX;
}

static int place_cmdline(struct zp_draft *draft)
{
    const struct zp_request *request = draft->plan.request;
    uint64_t limit = cmdline_limit(&draft->plan);
    struct zp_want want = {.kind = ZP_SPAN_CMDLINE, .align = ZP_TABLE_ALIGN};
    int status;

    if (request->cmdline_length > limit)
        return zp_draft_fail(draft, ZP_ERR_CMDLINE_LENGTH, ZP_FIELD_CMDLINE, request->cmdline_length, limit);
    want.size = (uint64_t)request->cmdline_length + 1;
    want.end = zp_draft_handoff_end(draft);
    status = zp_draft_want(draft, &want);
    if (!status && !draft->pinned_pass)
        status =
            zp_draft_decide(draft, ZP_DECISION_CMDLINE, ZP_FIELD_CMDLINE, request->cmdline_length, limit);
    return status;
}

/*
 * The RSDP must be found by kernels that nobody tells (before Linux 5.0, multiboot 1): they scan the first
 * KiB of the EBDA, whose segment stands in the BIOS data area. So the blob is the EBDA.
 */
static int announce_rsdp(struct zp_draft *draft, size_t index)
{
    const struct zp_span *span = zp_find_span(&draft->plan, ZP_SPAN_BLOB, (uint32_t)index);
    const struct zp_machine *machine = draft->plan.machine;
    struct zp_span bda = {.kind = ZP_SPAN_BDA, .e820_type = ZP_E820_RAM};
    uint64_t segment = 0;
    int status;

    if (!span || draft->announced)
        return ZP_OK; /* the other pass places it, or has announced it */
    draft->announced = true;
    draft->plan.rsdp = span->start;
    if (machine->has_bda && span->start.value < ZP_LOW_END && span->start.value % EBDA_ALIGN == 0) {
        segment = span->start.value >> 4;
        bda.start.value = machine->bda.value + (ZP_BDA_EBDA_SEGMENT - ZP_BDA_BASE);
        bda.size = ZP_BDA_BASE_MEMORY + 2 - ZP_BDA_EBDA_SEGMENT;
        status = zp_draft_fix(draft, &bda);
        if (status)
            return status;
    }
    return zp_draft_decide(draft, ZP_DECISION_RSDP, ZP_FIELD_RSDP, draft->plan.rsdp.value, segment);
}

/* The one that a firmware left in memory, and tells of in its own way as well. */
static int announce_handed_rsdp(struct zp_draft *draft)
{
    draft->plan.rsdp = draft->plan.request->rsdp.address;
    if (draft->plan.rsdp.value == 0)
        return ZP_OK;
    return zp_draft_decide(draft, ZP_DECISION_RSDP, ZP_FIELD_RSDP, draft->plan.rsdp.value, 0);
}

static int place_blob(struct zp_draft *draft, size_t index)
{
    const struct zp_blob *blob = &draft->plan.request->blobs[index];
    struct zp_want want = {.kind = ZP_SPAN_BLOB, .index = (uint32_t)index, .size = blob->size};
    int status;

    want.align = blob->align ? blob->align : 1;
    want.end = blob->limit.value;
    want.high = blob->where == ZP_BLOB_HIGH;
    want.e820_type = blob->e820_type;
    if (blob->role == ZP_BLOB_SETUP_DATA) {
        if (!zp_is_linux(draft->plan.protocol))
            return zp_draft_fail(draft, ZP_ERR_UNSUPPORTED, ZP_FIELD_SETUP_DATA, draft->plan.protocol, index);
        want.size += sizeof(struct zp_setup_data);
        want.align = want.align < 8 ? 8 : want.align;
    }
    status = zp_draft_want(draft, &want);
    if (!status && blob->role == ZP_BLOB_ACPI)
        status = announce_rsdp(draft, index);
    return status;
}

static int place_protocol(struct zp_draft *draft)
{
    if (zp_is_linux(draft->plan.protocol))
        return zp_draft_linux(draft);
    if (draft->plan.request->entropy_length && !draft->pinned_pass) {
        int status =
            zp_draft_decide(draft, ZP_DECISION_RNG_SEED_UNUSED, ZP_FIELD_RNG_SEED, draft->plan.protocol, 0);

        if (status)
            return status;
    }
    return draft->plan.protocol == ZP_PROTOCOL_PVH ? zp_draft_pvh(draft) : zp_draft_multiboot(draft);
}

/* Tables whose size follows from the memory map: known in the second pass, bounded from above in the first.
 */
static int place_tables(struct zp_draft *draft)
{
    size_t count = draft->plan.e820_count;

    if (draft->pinned_pass)
        count = zp_draft_e820_bound(draft);
    if (zp_is_linux(draft->plan.protocol))
        return zp_draft_linux_tables(draft, count);
    if (draft->plan.protocol == ZP_PROTOCOL_PVH)
        return zp_draft_pvh_tables(draft, count);
    return zp_draft_multiboot_tables(draft, count);
}

static int tell_e820(struct zp_draft *draft)
{
    int status = zp_draft_e820(draft);
    size_t beyond = 0;

    if (status)
        return status;
    if (zp_is_linux(draft->plan.protocol) && draft->plan.e820_count > ZP_E820_MAX_ENTRIES_ZEROPAGE)
        beyond = draft->plan.e820_count - ZP_E820_MAX_ENTRIES_ZEROPAGE;
    return zp_draft_decide(draft, ZP_DECISION_E820, ZP_FIELD_E820, draft->plan.e820_count, beyond);
}

static int place_pass(struct zp_draft *draft, bool pinned)
{
    int status;

    draft->pinned_pass = pinned;
    status = zp_draft_kernel(draft);
    for (size_t i = 0; !status && i < draft->plan.request->blob_count; i++)
        status = place_blob(draft, i);
    if (!status)
        status = zp_draft_cpu(draft);
    if (!status)
        status = place_cmdline(draft);
    if (!status)
        status = place_protocol(draft);
    if (!status)
        status = zp_draft_modules(draft);
    if (!status && !pinned)
        status = tell_e820(draft);
    if (!status)
        status = place_tables(draft);
    if (!status)
        status = zp_draft_page_tables(draft);
    return status;
}

/* A pin that nothing used, or that another one contradicts, would be a wish passed over in silence. */
static int check_pins(struct zp_draft *draft)
{
    const struct zp_request *request = draft->plan.request;

    for (size_t i = 0; i < request->pin_count; i++) {
        const struct zp_pin *pin = &request->pins[i];
        const struct zp_span *span = zp_find_span(&draft->plan, pin->kind, pin->index);

        if (!span || span->start.value != pin->start.value)
            return zp_draft_fail(draft, ZP_ERR_PIN, ZP_FIELD_PIN, i, pin->kind);
    }
    return ZP_OK;
}

/* Entries in 32-bit mode reach 4 GiB and no further. */
static int check_reach(struct zp_draft *draft)
{
    const struct zp_plan *plan = &draft->plan;

    if (plan->protocol == ZP_PROTOCOL_LINUX64)
        return ZP_OK;
    for (size_t i = plan->span_count; i--;) {
        const struct zp_span *span = &plan->spans[i];

        if (zp_fits(span->start.value, span->size, ZP_GIB4))
            return ZP_OK; /* and so do those below */
        if (span->kind == ZP_SPAN_KERNEL || span->kind == ZP_SPAN_KERNEL_RESERVED)
            return zp_draft_fail(draft, ZP_ERR_ABOVE_4G, ZP_FIELD_KERNEL, span->start.value, span->size);
    }
    return ZP_OK;
}

/* What load will patch, when virtual addresses are not those that the kernel was linked for. */
static int tell_relocations(struct zp_draft *draft)
{
    const struct zp_relocations *table = &draft->plan.image->relocations;

    if (draft->plan.virtual_delta == 0)
        return ZP_OK;
    return zp_draft_decide(draft, ZP_DECISION_RELOCATIONS, ZP_FIELD_RELOCATIONS,
                           table->list64_count + table->list32neg_count + table->list32_count,
                           draft->plan.virtual_delta);
}

/* What was noticed in the image and passed over; the caller may want to know. */
static int tell_oddities(struct zp_draft *draft)
{
    const struct zp_bzimage *bzimage = &draft->plan.image->bzimage;
    const struct zp_bzimage *setup = zp_find_setup(&draft->plan);
    int status = ZP_OK;

    if (setup && setup != bzimage && zp_is_linux(draft->plan.protocol))
        return zp_draft_decide(draft, ZP_DECISION_WRAPPER, ZP_FIELD_VERSION, setup->version, 0);
    if (setup != bzimage)
        return ZP_OK;
    if (bzimage->trailing_size)
        status = zp_draft_decide(draft, ZP_DECISION_TRAILING, ZP_FIELD_FILE, bzimage->trailing_size, 0);
    if (!status && zp_align_down(bzimage->syssize_bytes, 16) != zp_align_down(bzimage->code_size + 15, 16))
        status = zp_draft_decide(draft, ZP_DECISION_SYSSIZE, ZP_FIELD_SYSSIZE, bzimage->syssize_bytes,
                                 bzimage->code_size);
    return status;
}

static int make(struct zp_draft *draft)
{
    int status = check_request(draft);

    if (!status)
        status = zp_machine_check(draft->plan.machine, draft->error);
    if (!status)
        status = choose_entry(draft);
    if (!status)
        status = announce_handed_rsdp(draft);
    if (!status && draft->plan.request->pin_count)
        status = place_pass(draft, true);
    if (!status)
        status = place_pass(draft, false);
    if (!status)
        status = check_pins(draft);
    if (!status)
        status = zp_draft_defer(draft);
    if (!status)
        status = zp_draft_kaslr(draft);
    if (!status)
        status = check_reach(draft);
    if (!status)
        status = tell_relocations(draft);
    if (!status)
        status = tell_oddities(draft);
    if (!status)
        zp_draft_state(draft);
    return status;
}

int zp_plan_make(const struct zp_image *image, const struct zp_machine *machine,
                 const struct zp_request *request, const struct zp_plan_room *room, struct zp_plan *ret_plan,
                 struct zp_error *ret_error)
{
    struct zp_draft draft;
    int status;

    if (!image || !machine || !request || !room || !ret_plan)
        return zp_report(ret_error, ZP_ERR_ARGUMENT, ZP_FIELD_NONE, ZP_NO_OFFSET, 0, 0);
    if (image->struct_size != sizeof(*image))
        return zp_report(ret_error, ZP_ERR_STRUCT_SIZE, ZP_FIELD_STRUCT_SIZE, ZP_NO_OFFSET,
                         image->struct_size, sizeof(*image));
    memset(&draft, 0, sizeof(draft));
    draft.error = ret_error;
    draft.room = *room;
    draft.plan.struct_size = sizeof(draft.plan);
    draft.plan.image = image;
    draft.plan.machine = machine;
    draft.plan.request = request;
    draft.plan.spans = room->spans;
    draft.plan.e820 = room->e820;
    draft.plan.decisions = room->decisions;
    status = make(&draft);
    if (status)
        return status;
    *ret_plan = draft.plan;
    return ZP_OK;
}

const struct zp_span *zp_plan_span(const struct zp_plan *plan, uint32_t kind)
{
    for (size_t i = 0; i < plan->span_count; i++)
        if (plan->spans[i].kind == kind)
            return &plan->spans[i];
    return NULL;
}

const struct zp_span *zp_plan_span_at(const struct zp_plan *plan, zp_gpa address)
{
    for (size_t i = 0; i < plan->span_count; i++)
        if (address.value >= plan->spans[i].start.value &&
            address.value - plan->spans[i].start.value < plan->spans[i].size)
            return &plan->spans[i];
    return NULL;
}
