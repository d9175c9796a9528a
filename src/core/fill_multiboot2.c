/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot 2 information: one list of tags, each on a multiple of 8. Multiboot2 Specification 2.0,
 * section 3.6. One function walks the tags; run without a buffer it counts, run with one it writes, so
 * that the size that plan reserves is the size that load fills.
 */
#include <zeropage/wire/acpi.h>
#include <zeropage/wire/multiboot2.h>

#include "draft.h"
#include "fill.h"
#include "loader_name.h"
#include "multiboot_basics.h"
#include "multiboot_info.h"

struct writer {
    char *buffer; /* NULL: count only */
    uint64_t at;
};

static void put(struct writer *writer, const void *bytes, uint64_t size)
{
    if (writer->buffer && size)
        memcpy(writer->buffer + writer->at, bytes, (size_t)size);
    writer->at += size;
}

static void pad(struct writer *writer)
{
    static const char zeros[ZP_MULTIBOOT2_TAG_ALIGN];

    put(writer, zeros, -writer->at & (ZP_MULTIBOOT2_TAG_ALIGN - 1));
}

/* A string tag; the text has no NUL of its own. */
static void put_string(struct writer *writer, uint32_t type, const char *text, uint64_t length)
{
    struct zp_multiboot2_tag tag = {.type = type};

    tag.size = (uint32_t)(sizeof(tag) + length + 1);
    put(writer, &tag, sizeof(tag));
    put(writer, text, length);
    put(writer, "", 1);
    pad(writer);
}

static void put_modules(struct writer *writer, const struct zp_plan *plan)
{
    for (size_t i = 0; i < plan->request->module_count; i++) {
        const struct zp_module *module = &plan->request->modules[i];
        struct zp_multiboot2_tag_module tag = {.type = ZP_MULTIBOOT2_TAG_TYPE_MODULE};

        tag.size = (uint32_t)(sizeof(tag) + module->cmdline_length + 1);
        tag.mod_start = (uint32_t)zp_address_of(plan, ZP_SPAN_INITRD, (uint32_t)i);
        tag.mod_end = tag.mod_start + (uint32_t)module->source->size;
        put(writer, &tag, sizeof(tag));
        put(writer, module->cmdline, module->cmdline_length);
        put(writer, "", 1);
        pad(writer);
    }
}

static void put_memory(struct writer *writer, const struct zp_plan *plan, size_t range_count)
{
    struct zp_multiboot2_tag_basic_meminfo basic = {.type = ZP_MULTIBOOT2_TAG_TYPE_BASIC_MEMINFO};
    struct zp_multiboot2_tag_mmap map = {.type = ZP_MULTIBOOT2_TAG_TYPE_MMAP};

    basic.size = sizeof(basic);
    basic.mem_lower = zp_multiboot_lower(plan);
    basic.mem_upper = zp_multiboot_upper(plan);
    put(writer, &basic, sizeof(basic));
    pad(writer);
    map.size = (uint32_t)(sizeof(map) + range_count * sizeof(struct zp_multiboot2_mmap_entry));
    map.entry_size = sizeof(struct zp_multiboot2_mmap_entry);
    put(writer, &map, sizeof(map));
    for (size_t i = 0; i < range_count; i++) {
        struct zp_multiboot2_mmap_entry entry = {.type = 0};

        if (writer->buffer) {
            entry.addr = plan->e820[i].start.value;
            entry.len = plan->e820[i].size;
            entry.type = zp_multiboot_type(plan->e820[i].type);
        }
        put(writer, &entry, sizeof(entry));
    }
    pad(writer);
}

/* Where the RSDP can be read; while bytes are counted only, any will do. */
static const uint8_t *find_rsdp(const struct writer *writer, const struct zp_plan *plan,
                                const struct zp_guest *guest)
{
    static const struct zp_acpi_rsdp none;
    const struct zp_span *span;
    zp_gpa address = plan->rsdp;

    if (plan->request->rsdp.address.value)
        return plan->request->rsdp.bytes;
    if (!zp_has_acpi(plan->request))
        return NULL;
    if (!writer->buffer)
        return (const uint8_t *)&none;
    span = zp_plan_span_at(plan, address);
    address.value += span->staged.value - span->start.value;
    return zp_guest_pointer(guest, address, sizeof(none));
}

/* A copy of the RSDP: the new one whole, and its first 20 bytes for kernels that know the old one only. */
static void put_rsdp(struct writer *writer, const struct zp_plan *plan, const struct zp_guest *guest)
{
    struct zp_multiboot2_tag tag = {.type = ZP_MULTIBOOT2_TAG_TYPE_ACPI_OLD};
    const uint8_t *rsdp = find_rsdp(writer, plan, guest);
    bool handed = plan->request->rsdp.address.value != 0;

    if (!rsdp)
        return;
    tag.size = sizeof(tag) + ZP_ACPI_RSDP_V1_SIZE;
    put(writer, &tag, sizeof(tag));
    put(writer, rsdp, ZP_ACPI_RSDP_V1_SIZE);
    pad(writer);
    if (handed && rsdp[offsetof(struct zp_acpi_rsdp, revision)] < 2)
        return;
    tag.type = ZP_MULTIBOOT2_TAG_TYPE_ACPI_NEW;
    tag.size = sizeof(tag) + ZP_ACPI_RSDP_V2_SIZE;
    put(writer, &tag, sizeof(tag));
    put(writer, rsdp, ZP_ACPI_RSDP_V2_SIZE);
    pad(writer);
}

static void put_load_base(struct writer *writer, const struct zp_plan *plan)
{
    struct zp_multiboot2_tag_load_base_addr tag = {.type = ZP_MULTIBOOT2_TAG_TYPE_LOAD_BASE_ADDR};

    if (plan->entry->align == 0)
        return;
    tag.size = sizeof(tag);
    tag.load_base_addr = (uint32_t)plan->kernel_load.value;
    put(writer, &tag, sizeof(tag));
    pad(writer);
}

static void put_all(struct writer *writer, const struct zp_plan *plan, const struct zp_guest *guest,
                    size_t range_count)
{
    const struct zp_request *request = plan->request;
    struct zp_multiboot2_tag end = {.type = ZP_MULTIBOOT2_TAG_TYPE_END, .size = sizeof(end)};

    put_string(writer, ZP_MULTIBOOT2_TAG_TYPE_CMDLINE, request->cmdline, request->cmdline_length);
    put_string(writer, ZP_MULTIBOOT2_TAG_TYPE_BOOT_LOADER_NAME, ZP_LOADER_NAME, sizeof(ZP_LOADER_NAME) - 1);
    put_modules(writer, plan);
    put_memory(writer, plan, range_count);
    put_rsdp(writer, plan, guest);
    put_load_base(writer, plan);
    put(writer, &end, sizeof(end));
}

uint64_t zp_multiboot2_info_size(const struct zp_plan *plan, size_t range_count)
{
    struct writer writer = {.at = sizeof(struct zp_multiboot2_info)};

    put_all(&writer, plan, NULL, range_count);
    return writer.at;
}

void zp_fill_multiboot2_info(const struct zp_plan *plan, const struct zp_guest *guest, void *buffer,
                             uint64_t size)
{
    struct zp_multiboot2_info info = {.total_size = 0};
    struct writer writer = {.buffer = buffer};

    memset(buffer, 0, (size_t)size); /* a pinned span may be a little larger */
    put(&writer, &info, sizeof(info));
    put_all(&writer, plan, guest, plan->e820_count);
    info.total_size = (uint32_t)writer.at;
    memcpy(buffer, &info, sizeof(info));
}
