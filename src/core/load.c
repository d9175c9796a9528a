/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load: executes a plan on guest memory, span by span. Kernel and initrd bytes are mapped by the caller where
 * it offers that and they lie in whole pages, else read from their source straight to their place; tables are
 * built in place. Blobs come first, for multiboot 2 copies the RSDP out of one.
 *
 * Last, a kernel that plan moved in virtual memory is relocated (struct zp_relocations has the rules). Its
 * table is read again for that, and no answer of the source makes load write outside of the bytes that the
 * kernel has from its file.
 */
#include <zeropage/load.h>
#include <zeropage/wire/e820.h>
#include <zeropage/wire/x86.h>

#include "cpu.h"
#include "draft.h"
#include "fill.h"
#include "loader_name.h"
#include "multiboot_info.h"
#include "relocation.h"

void *zp_guest_pointer(const struct zp_guest *guest, zp_gpa address, uint64_t size)
{
    for (size_t i = 0; i < guest->region_count; i++) {
        const struct zp_guest_region *region = &guest->regions[i];

        if (address.value >= region->start.value &&
            zp_fits(address.value - region->start.value, size, region->size))
            return (char *)region->host + (address.value - region->start.value);
    }
    return NULL;
}

/* --- file bytes ----------------------------------------------------------------------------------- */

static int read_failed(const struct zp_span *span, uint64_t offset, uint64_t size, int answer,
                       struct zp_error *ret_error)
{
    return zp_report(ret_error, ZP_ERR_READ, zp_span_field(span->kind), offset, size,
                     (uint64_t) - (int64_t)answer);
}

/* Bytes [from, to) of the span. */
static int read_bytes(const struct zp_span *span, const struct zp_source *source, char *buffer, uint64_t from,
                      uint64_t to, struct zp_error *ret_error)
{
    int answer = 0;

    if (from < to)
        answer = source->read(source->context, span->file_offset + from, buffer + from, (size_t)(to - from));
    return answer ? read_failed(span, span->file_offset + from, to - from, answer, ret_error) : ZP_OK;
}

void zp_span_pages(const struct zp_span *span, uint64_t *ret_from, uint64_t *ret_to)
{
    uint64_t from = (ZP_PAGE_SIZE - span->start.value % ZP_PAGE_SIZE) % ZP_PAGE_SIZE;
    uint64_t rest = (span->start.value + span->file_size) % ZP_PAGE_SIZE;

    *ret_from = *ret_to = 0;
    if (span->file_size < from + ZP_PAGE_SIZE)
        return;
    *ret_from = from;
    *ret_to = span->file_size - rest;
}

bool zp_span_agrees(const struct zp_span *span)
{
    return !zp_is_deferred(span) && (span->start.value - span->file_offset) % ZP_PAGE_SIZE == 0;
}

/* Bytes [*ret_from, *ret_to) of the span are there without reading. */
static int map_pages(const struct zp_guest *guest, const struct zp_span *span, const struct zp_source *source,
                     uint64_t *ret_from, uint64_t *ret_to, struct zp_error *ret_error)
{
    zp_gpa address = span->start;
    uint64_t from, to;
    int answer;

    *ret_from = *ret_to = 0;
    if (!guest->map || !zp_span_agrees(span))
        return ZP_OK;
    zp_span_pages(span, &from, &to);
    if (from == to)
        return ZP_OK;
    address.value += from;
    answer = guest->map(guest->map_context, source, span->file_offset + from, address, to - from);
    if (answer < 0)
        return read_failed(span, span->file_offset + from, to - from, answer, ret_error);
    if (answer == 0) {
        *ret_from = from;
        *ret_to = to;
    }
    return ZP_OK;
}

/* What load writes of the span, where it is staged. NULL when that is nothing, or is not covered. */
static char *span_memory(const struct zp_guest *guest, const struct zp_span *span)
{
    uint64_t size = zp_is_deferred(span) ? zp_span_bytes(span) : span->size;

    return size ? (char *)zp_guest_pointer(guest, span->staged, size) : NULL;
}

/* File bytes, then zeros to the end of the span; those of a deferred one are its move's to clear. */
static int load_file(const struct zp_guest *guest, const struct zp_span *span, const struct zp_source *source,
                     char *buffer, struct zp_error *ret_error)
{
    uint64_t from, to;
    int status = map_pages(guest, span, source, &from, &to, ret_error);

    if (!status)
        status = read_bytes(span, source, buffer, 0, from, ret_error);
    if (!status)
        status = read_bytes(span, source, buffer, to, span->file_size, ret_error);
    if (!status && !(guest->flags & ZP_GUEST_ZEROED) && !zp_is_deferred(span))
        memset(buffer + span->file_size, 0, (size_t)(span->size - span->file_size));
    return status;
}

/* --- tables --------------------------------------------------------------------------------------- */

static int fill_blob(const struct zp_plan *plan, const struct zp_span *span, char *buffer,
                     struct zp_error *ret_error)
{
    const struct zp_blob *blob = &plan->request->blobs[span->index];
    zp_gpa self = span->start;
    int status;

    if (blob->role == ZP_BLOB_SETUP_DATA) {
        zp_fill_setup_data_header(plan, span, buffer);
        buffer += sizeof(struct zp_setup_data);
        self.value += sizeof(struct zp_setup_data);
    }
    status = blob->fill(blob->context, self, buffer, blob->size);
    if (status)
        return zp_report(ret_error, ZP_ERR_FILL, ZP_FIELD_BLOB, ZP_NO_OFFSET, span->index,
                         (uint64_t) - (int64_t)status);
    return ZP_OK;
}

static void fill_cmdline(const struct zp_plan *plan, char *buffer)
{
    if (plan->request->cmdline_length)
        memcpy(buffer, plan->request->cmdline, plan->request->cmdline_length);
    buffer[plan->request->cmdline_length] = '\0';
}

/* The two words that tell of the EBDA; the bytes between them are not ours. */
static void fill_bda(const struct zp_plan *plan, char *buffer)
{
    uint16_t segment = (uint16_t)(plan->rsdp.value >> 4);
    uint16_t base_memory = (uint16_t)(plan->rsdp.value / 1024);

    memcpy(buffer, &segment, sizeof(segment));
    memcpy(buffer + (ZP_BDA_BASE_MEMORY - ZP_BDA_EBDA_SEGMENT), &base_memory, sizeof(base_memory));
}

static void fill_modlist(const struct zp_plan *plan, char *buffer)
{
    if (plan->protocol == ZP_PROTOCOL_PVH)
        zp_fill_pvh_modules(plan, buffer);
    else
        zp_fill_multiboot1_modules(plan, buffer);
}

static void fill_memmap(const struct zp_plan *plan, char *buffer)
{
    if (plan->protocol == ZP_PROTOCOL_PVH)
        zp_fill_pvh_map(plan, buffer);
    else
        zp_fill_multiboot1_map(plan, buffer);
}

static void fill_multiboot_info(const struct zp_plan *plan, const struct zp_guest *guest,
                                const struct zp_span *span, char *buffer)
{
    if (plan->protocol == ZP_PROTOCOL_MULTIBOOT1)
        zp_fill_multiboot1_info(plan, buffer);
    else
        zp_fill_multiboot2_info(plan, guest, buffer, span->size);
}

static int load_span(const struct zp_plan *plan, const struct zp_guest *guest, const struct zp_span *span,
                     struct zp_error *ret_error)
{
    char *buffer = span_memory(guest, span);

    if (!buffer)
        return ZP_OK; /* cleared at entry */
    switch ((enum zp_span_kind)span->kind) {
    case ZP_SPAN_KERNEL: return load_file(guest, span, plan->image->source, buffer, ret_error);
    case ZP_SPAN_INITRD:
        return load_file(guest, span, plan->request->modules[span->index].source, buffer, ret_error);
    case ZP_SPAN_CMDLINE: fill_cmdline(plan, buffer); break;
    case ZP_SPAN_BOOT_PARAMS: zp_fill_boot_params(plan, buffer); break;
    case ZP_SPAN_SETUP_DATA: zp_fill_rng_seed(plan, span, buffer); break;
    case ZP_SPAN_E820_EXT: zp_fill_e820_ext(plan, span, buffer); break;
    case ZP_SPAN_START_INFO: zp_fill_start_info(plan, buffer); break;
    case ZP_SPAN_MODLIST: fill_modlist(plan, buffer); break;
    case ZP_SPAN_MEMMAP: fill_memmap(plan, buffer); break;
    case ZP_SPAN_MODULE_CMDLINES: zp_fill_module_cmdlines(plan, buffer); break;
    case ZP_SPAN_MULTIBOOT_INFO: fill_multiboot_info(plan, guest, span, buffer); break;
    case ZP_SPAN_LOADER_NAME: memcpy(buffer, ZP_LOADER_NAME, sizeof(ZP_LOADER_NAME)); break;
    case ZP_SPAN_GDT: zp_fill_gdt(plan, buffer); break;
    case ZP_SPAN_TSS: zp_fill_tss(buffer); break;
    case ZP_SPAN_PAGE_TABLES: zp_fill_page_tables(plan, span, buffer); break;
    case ZP_SPAN_BDA: fill_bda(plan, buffer); break;
    case ZP_SPAN_STACK:           /* empty: no protocol says what lies below its top */
    case ZP_SPAN_BLOB:            /* filled before */
    case ZP_SPAN_KERNEL_RESERVED: /* the kernel's own to clear */
    case ZP_SPAN_STAGING:         /* written as the span that is staged there */
    case ZP_SPAN_TRAMPOLINE:      /* for what enters */
    case ZP_SPAN_KIND_COUNT: break;
    }
    return ZP_OK;
}

/* --- relocation ----------------------------------------------------------------------------------- */

const struct zp_span *zp_kernel_span_at(const struct zp_plan *plan, uint64_t address)
{
    size_t low = 0, high = plan->span_count;
    const struct zp_span *span;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (plan->spans[middle].start.value <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;
    span = &plan->spans[low - 1];
    return span->kind == ZP_SPAN_KERNEL && address - span->start.value < span->file_size ? span : NULL;
}

/* Where entries of a list strike, as long as they stay in one segment: entry `first` at `bytes`. */
struct aim {
    char *bytes;
    uint64_t first;
    uint64_t last; /* the highest entry whose target is in the file's bytes of the segment */
};

static int take_aim(const struct zp_plan *plan, const struct zp_guest *guest, uint32_t width, uint32_t word,
                    uint64_t at, struct aim *ret_aim, struct zp_error *ret_error)
{
    zp_gpa address = {zp_relocation_target(&plan->image->relocations, word) + plan->delta};
    const struct zp_span *span = zp_kernel_span_at(plan, address.value);
    uint64_t room = span ? span->file_size - (address.value - span->start.value) : 0;

    if (room < width)
        return zp_report(ret_error, ZP_ERR_OUTSIDE, ZP_FIELD_RELOCATIONS, at, word, address.value);
    address.value += span->staged.value - span->start.value;
    ret_aim->bytes = (char *)zp_guest_pointer(guest, address, room);
    ret_aim->first = word;
    ret_aim->last = word + room - width;
    return ZP_OK;
}

static void patch(char *bytes, uint32_t width, uint64_t delta)
{
    uint64_t wide;
    uint32_t narrow;

    if (width == sizeof(wide)) {
        memcpy(&wide, bytes, sizeof(wide));
        wide += delta;
        memcpy(bytes, &wide, sizeof(wide));
    } else {
        memcpy(&narrow, bytes, sizeof(narrow));
        narrow += (uint32_t)delta;
        memcpy(bytes, &narrow, sizeof(narrow));
    }
}

static int relocate_list(const struct zp_plan *plan, const struct zp_guest *guest,
                         const struct zp_relocation_list *list, struct zp_error *ret_error)
{
    uint64_t delta = list->negative ? 0 - plan->virtual_delta : plan->virtual_delta;
    struct zp_relocation_cursor cursor;
    struct aim aim = {.first = 1}; /* at nothing */
    int status = zp_relocation_first(&cursor, plan->image->source, list->offset, list->count, ret_error);

    for (; !status && cursor.count != 0; status = zp_relocation_next(&cursor, ret_error)) {
        for (size_t i = 0; i < cursor.count; i++) {
            uint32_t word = cursor.words[i];

            if (word < aim.first || word > aim.last) {
                status = take_aim(plan, guest, list->width, word, cursor.offset + i * sizeof(word), &aim,
                                  ret_error);
                if (status)
                    return status;
            }
            patch(aim.bytes + (word - aim.first), list->width, delta);
        }
    }
    return status;
}

static int relocate(const struct zp_plan *plan, const struct zp_guest *guest, struct zp_error *ret_error)
{
    struct zp_relocation_list lists[ZP_RELOCATION_LISTS];
    size_t count = zp_relocation_lists(&plan->image->relocations, lists);
    int status = ZP_OK;

    for (size_t i = 0; !status && i < count; i++)
        status = relocate_list(plan, guest, &lists[i], ret_error);
    return status;
}

/* --- the whole plan ------------------------------------------------------------------------------- */

static int check_guest(const struct zp_plan *plan, const struct zp_guest *guest, struct zp_error *ret_error)
{
    const struct zp_span *last = plan->spans + plan->span_count - 1;
    zp_gpa start;

    if (plan->span_count == 0)
        return ZP_OK;
    start = plan->spans->start; /* all may lie in one region */
    if (zp_guest_pointer(guest, start, last->start.value + last->size - start.value))
        return ZP_OK;
    for (size_t i = 0; i < plan->span_count; i++) {
        const struct zp_span *span = &plan->spans[i];

        if (zp_is_deferred(span))
            continue; /* its staging is a span too */
        if (!zp_guest_pointer(guest, span->start, span->size))
            return zp_report(ret_error, ZP_ERR_GUEST_MEMORY, zp_span_field(span->kind), ZP_NO_OFFSET,
                             span->start.value, span->size);
    }
    return ZP_OK;
}

int zp_load(const struct zp_plan *plan, const struct zp_guest *guest, struct zp_error *ret_error)
{
    int status;

    if (!plan || !guest)
        return zp_report(ret_error, ZP_ERR_ARGUMENT, ZP_FIELD_NONE, ZP_NO_OFFSET, 0, 0);
    if (guest->struct_size != sizeof(*guest))
        return zp_report(ret_error, ZP_ERR_STRUCT_SIZE, ZP_FIELD_STRUCT_SIZE, ZP_NO_OFFSET,
                         guest->struct_size, sizeof(*guest));
    if (plan->virtual_delta && plan->image->relocations.list_count == 0)
        return zp_report(ret_error, ZP_ERR_ARGUMENT, ZP_FIELD_RELOCATIONS, ZP_NO_OFFSET, plan->virtual_delta,
                         0);
    status = check_guest(plan, guest, ret_error);
    for (size_t i = 0; !status && plan->request->blob_count && i < plan->span_count; i++)
        if (plan->spans[i].kind == ZP_SPAN_BLOB)
            status = fill_blob(plan, &plan->spans[i], span_memory(guest, &plan->spans[i]), ret_error);
    for (size_t i = 0; !status && i < plan->span_count; i++)
        status = load_span(plan, guest, &plan->spans[i], ret_error);
    if (!status && plan->virtual_delta)
        status = relocate(plan, guest, ret_error);
    return status;
}
