/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load: executes a plan on guest memory, span by span. Kernel and initrd bytes are read from their source
 * straight to their place; tables are built in place. Blobs come first, for multiboot 2 copies the RSDP
 * out of one.
 */
#include <zeropage/load.h>
#include <zeropage/wire/e820.h>
#include <zeropage/wire/x86.h>

#include "cpu.h"
#include "draft.h"
#include "fill.h"
#include "loader_name.h"
#include "multiboot_info.h"

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

/* File bytes, then zeros to the end of the span. */
static int load_file(const struct zp_span *span, const struct zp_source *source, char *buffer,
                     struct zp_error *ret_error)
{
    int status;

    if (span->file_size) {
        status = source->read(source->context, span->file_offset, buffer, (size_t)span->file_size);
        if (status)
            return zp_report(ret_error, ZP_ERR_READ, zp_span_field(span->kind), span->file_offset,
                             span->file_size, (uint64_t) - (int64_t)status);
    }
    memset(buffer + span->file_size, 0, (size_t)(span->size - span->file_size));
    return ZP_OK;
}

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
    char *buffer = (char *)zp_guest_pointer(guest, span->start, span->size);

    switch ((enum zp_span_kind)span->kind) {
    case ZP_SPAN_KERNEL: return load_file(span, plan->image->source, buffer, ret_error);
    case ZP_SPAN_INITRD:
        return load_file(span, plan->request->modules[span->index].source, buffer, ret_error);
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
    case ZP_SPAN_STACK: memset(buffer, 0, (size_t)span->size); break;
    case ZP_SPAN_BDA: fill_bda(plan, buffer); break;
    case ZP_SPAN_BLOB:            /* filled before */
    case ZP_SPAN_KERNEL_RESERVED: /* the kernel's own to clear */
    case ZP_SPAN_KIND_COUNT: break;
    }
    return ZP_OK;
}

static int check_guest(const struct zp_plan *plan, const struct zp_guest *guest, struct zp_error *ret_error)
{
    for (size_t i = 0; i < plan->span_count; i++) {
        const struct zp_span *span = &plan->spans[i];

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
    status = check_guest(plan, guest, ret_error);
    for (size_t i = 0; !status && i < plan->span_count; i++)
        if (plan->spans[i].kind == ZP_SPAN_BLOB)
            status = fill_blob(plan, &plan->spans[i],
                               (char *)zp_guest_pointer(guest, plan->spans[i].start, plan->spans[i].size),
                               ret_error);
    for (size_t i = 0; !status && i < plan->span_count; i++)
        status = load_span(plan, guest, &plan->spans[i], ret_error);
    return status;
}
