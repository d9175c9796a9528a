/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Multiboot 2 hands over: tags behind the information at EBX. Multiboot2 Specification 2.0, section 3.6
 * "Boot information". The list is gone through once for the tags themselves, then for the memory map, the
 * command line and the modules; a tag too small to step over, or past the end, ends it with an "error".
 */
#include <zeropage/wire/multiboot2.h>

#include "reporting.h"

#define RANGES_MAX 4096u /* of one map */

/* One tag on the way. */
struct place {
    uint64_t at, end;
    uint32_t index;
    struct zp_multiboot2_tag tag;
};

/* The next tag. NULL: place is it; else why the walk ends there, "" after the end tag. */
static const char *next_tag(struct zp_probe_reporting *reporting, struct place *place)
{
    if (place->index && place->tag.type == ZP_MULTIBOOT2_TAG_TYPE_END)
        return "";
    if (place->index) {
        if (place->tag.size < sizeof(place->tag))
            return "size";
        place->at += ((uint64_t)place->tag.size + 7) & ~UINT64_C(7);
    }
    if (place->index == ZP_PROBE_TAGS_MAX)
        return "too many";
    if (place->at + sizeof(place->tag) > place->end)
        return "no end tag";
    if (!zp_probe_peek(reporting, place->at, &place->tag, sizeof(place->tag)))
        return "unreadable";
    if (place->at + place->tag.size > place->end)
        return "beyond the end";
    place->index++;
    return NULL;
}

static struct place first_place(uint64_t address, const struct zp_multiboot2_info *info)
{
    struct place place = {.at = address + sizeof(*info), .end = address + info->total_size};

    return place;
}

static bool read_tag(struct zp_probe_reporting *reporting, const struct place *place, void *buffer,
                     uint32_t size)
{
    return place->tag.size >= size && zp_probe_peek(reporting, place->at, buffer, size);
}

static void put_module(struct zp_probe_reporting *reporting, const struct place *place)
{
    struct zp_multiboot2_tag_module tag;

    if (!read_tag(reporting, place, &tag, sizeof(tag)))
        return;
    zp_probe_hex(&reporting->writer, "mod_start", tag.mod_start);
    zp_probe_hex(&reporting->writer, "mod_end", tag.mod_end);
}

static void put_meminfo(struct zp_probe_reporting *reporting, const struct place *place)
{
    struct zp_multiboot2_tag_basic_meminfo tag;

    if (!read_tag(reporting, place, &tag, sizeof(tag)))
        return;
    zp_probe_count(&reporting->writer, "mem_lower", tag.mem_lower);
    zp_probe_count(&reporting->writer, "mem_upper", tag.mem_upper);
}

static void put_bootdev(struct zp_probe_reporting *reporting, const struct place *place)
{
    struct zp_multiboot2_tag_bootdev tag;

    if (!read_tag(reporting, place, &tag, sizeof(tag)))
        return;
    zp_probe_hex(&reporting->writer, "biosdev", tag.biosdev);
    zp_probe_hex(&reporting->writer, "slice", tag.slice);
    zp_probe_hex(&reporting->writer, "part", tag.part);
}

static void put_mmap(struct zp_probe_reporting *reporting, const struct place *place)
{
    struct zp_multiboot2_tag_mmap tag;

    if (!read_tag(reporting, place, &tag, sizeof(tag)))
        return;
    zp_probe_count(&reporting->writer, "entry_size", tag.entry_size);
    zp_probe_count(&reporting->writer, "entry_version", tag.entry_version);
}

static void put_framebuffer(struct zp_probe_reporting *reporting, const struct place *place)
{
    struct zp_multiboot2_tag_framebuffer tag;

    if (!read_tag(reporting, place, &tag, sizeof(tag)))
        return;
    zp_probe_hex(&reporting->writer, "framebuffer_addr", tag.framebuffer_addr);
    zp_probe_count(&reporting->writer, "framebuffer_pitch", tag.framebuffer_pitch);
    zp_probe_count(&reporting->writer, "framebuffer_width", tag.framebuffer_width);
    zp_probe_count(&reporting->writer, "framebuffer_height", tag.framebuffer_height);
    zp_probe_count(&reporting->writer, "framebuffer_bpp", tag.framebuffer_bpp);
    zp_probe_count(&reporting->writer, "framebuffer_type", tag.framebuffer_type);
}

static void put_sections(struct zp_probe_reporting *reporting, const struct place *place)
{
    struct zp_multiboot2_tag_elf_sections tag;

    if (!read_tag(reporting, place, &tag, sizeof(tag)))
        return;
    zp_probe_count(&reporting->writer, "num", tag.num);
    zp_probe_count(&reporting->writer, "entsize", tag.entsize);
    zp_probe_count(&reporting->writer, "shndx", tag.shndx);
}

/* An address of 4 or 8 bytes after the tag's head. */
static void put_pointer(struct zp_probe_reporting *reporting, const struct place *place, const char *name,
                        uint32_t size)
{
    uint64_t pointer = 0;

    if (place->tag.size >= sizeof(place->tag) + size &&
        zp_probe_peek(reporting, place->at + sizeof(place->tag), &pointer, size))
        zp_probe_hex(&reporting->writer, name, pointer);
}

/* The tag holds a copy of the RSDP. The newer one counts. */
static void put_acpi(struct zp_probe_reporting *reporting, const struct place *place)
{
    uint64_t rsdp = place->at + sizeof(place->tag);
    bool is_new = place->tag.type == ZP_MULTIBOOT2_TAG_TYPE_ACPI_NEW;

    zp_probe_count(&reporting->writer, "version", is_new ? 2 : 1);
    zp_probe_hex(&reporting->writer, "rsdp", rsdp);
    if (is_new || !reporting->rsdp)
        reporting->rsdp = rsdp;
}

static void put_efi_map(struct zp_probe_reporting *reporting, const struct place *place)
{
    struct zp_multiboot2_tag_efi_mmap tag;

    if (!read_tag(reporting, place, &tag, sizeof(tag)))
        return;
    zp_probe_count(&reporting->writer, "descr_size", tag.descr_size);
    zp_probe_count(&reporting->writer, "descr_vers", tag.descr_vers);
}

static void put_known(struct zp_probe_reporting *reporting, const struct place *place)
{
    switch (place->tag.type) {
    case ZP_MULTIBOOT2_TAG_TYPE_CMDLINE:
    case ZP_MULTIBOOT2_TAG_TYPE_BOOT_LOADER_NAME: {
        uint32_t length =
            place->tag.size > sizeof(place->tag) ? place->tag.size - (uint32_t)sizeof(place->tag) : 0;

        zp_probe_memory_text(reporting, "string", place->at + sizeof(place->tag),
                             length < ZP_PROBE_NAME_MAX ? length : ZP_PROBE_NAME_MAX);
        break;
    }
    case ZP_MULTIBOOT2_TAG_TYPE_MODULE: put_module(reporting, place); break;
    case ZP_MULTIBOOT2_TAG_TYPE_BASIC_MEMINFO: put_meminfo(reporting, place); break;
    case ZP_MULTIBOOT2_TAG_TYPE_BOOTDEV: put_bootdev(reporting, place); break;
    case ZP_MULTIBOOT2_TAG_TYPE_MMAP: put_mmap(reporting, place); break;
    case ZP_MULTIBOOT2_TAG_TYPE_FRAMEBUFFER: put_framebuffer(reporting, place); break;
    case ZP_MULTIBOOT2_TAG_TYPE_ELF_SECTIONS: put_sections(reporting, place); break;
    case ZP_MULTIBOOT2_TAG_TYPE_EFI32:
    case ZP_MULTIBOOT2_TAG_TYPE_EFI32_IH: put_pointer(reporting, place, "pointer", 4); break;
    case ZP_MULTIBOOT2_TAG_TYPE_EFI64:
    case ZP_MULTIBOOT2_TAG_TYPE_EFI64_IH: put_pointer(reporting, place, "pointer", 8); break;
    case ZP_MULTIBOOT2_TAG_TYPE_ACPI_OLD:
    case ZP_MULTIBOOT2_TAG_TYPE_ACPI_NEW: put_acpi(reporting, place); break;
    case ZP_MULTIBOOT2_TAG_TYPE_EFI_MMAP: put_efi_map(reporting, place); break;
    case ZP_MULTIBOOT2_TAG_TYPE_LOAD_BASE_ADDR: put_pointer(reporting, place, "load_base_addr", 4); break;
    default: break;
    }
}

static void report_tags(struct zp_probe_reporting *reporting, struct place place)
{
    struct zp_probe_writer *writer = &reporting->writer;
    const char *error;

    while (!(error = next_tag(reporting, &place))) {
        zp_probe_line(writer, "tag");
        zp_probe_count(writer, "index", place.index - 1);
        zp_probe_count(writer, "type", place.tag.type);
        zp_probe_count(writer, "size", place.tag.size);
        zp_probe_hex(writer, "at", place.at);
        put_known(reporting, &place);
        zp_probe_line_end(writer);
    }
    if (!error[0])
        return;
    zp_probe_line(writer, "tag");
    zp_probe_count(writer, "index", place.index);
    zp_probe_hex(writer, "at", place.at);
    zp_probe_string(writer, "error", error);
    zp_probe_line_end(writer);
}

static void report_map(struct zp_probe_reporting *reporting, const struct place *place)
{
    struct zp_multiboot2_tag_mmap tag;
    uint64_t end = place->at + place->tag.size;

    if (!read_tag(reporting, place, &tag, sizeof(tag)) ||
        tag.entry_size < sizeof(struct zp_multiboot2_mmap_entry))
        return;
    for (uint64_t at = place->at + sizeof(tag), count = 0; count < RANGES_MAX;
         at += tag.entry_size, count++) {
        struct zp_multiboot2_mmap_entry entry;

        if (at + sizeof(entry) > end || !zp_probe_peek(reporting, at, &entry, sizeof(entry)))
            return;
        zp_probe_memory(reporting, entry.addr, entry.len, entry.type);
    }
}

static void report_memory(struct zp_probe_reporting *reporting, struct place place)
{
    while (!next_tag(reporting, &place))
        if (place.tag.type == ZP_MULTIBOOT2_TAG_TYPE_MMAP)
            report_map(reporting, &place);
    zp_probe_memory_end(reporting);
}

static void report_cmdline(struct zp_probe_reporting *reporting, struct place place)
{
    while (!next_tag(reporting, &place)) {
        if (place.tag.type != ZP_MULTIBOOT2_TAG_TYPE_CMDLINE || place.tag.size < sizeof(place.tag))
            continue;
        zp_probe_cmdline(reporting, place.at + sizeof(place.tag),
                         place.tag.size - (uint32_t)sizeof(place.tag));
        return;
    }
    zp_probe_cmdline(reporting, 0, 0);
}

static void report_module(struct zp_probe_reporting *reporting, const struct place *place, uint32_t index)
{
    struct zp_probe_writer *writer = &reporting->writer;
    struct zp_multiboot2_tag_module tag;
    uint32_t length = place->tag.size - (uint32_t)sizeof(tag);

    if (!read_tag(reporting, place, &tag, sizeof(tag)) || tag.mod_end < tag.mod_start) {
        zp_probe_line(writer, "module");
        zp_probe_count(writer, "index", index);
        zp_probe_string(writer, "error", "ends before it starts");
        zp_probe_line_end(writer);
        return;
    }
    zp_probe_module(reporting, index, tag.mod_start, tag.mod_end - tag.mod_start);
    zp_probe_memory_text(reporting, "cmdline", place->at + sizeof(tag),
                         length < ZP_PROBE_NAME_MAX ? length : ZP_PROBE_NAME_MAX);
    zp_probe_line_end(writer);
}

static void report_modules(struct zp_probe_reporting *reporting, struct place place)
{
    uint32_t count = 0;

    while (!next_tag(reporting, &place)) {
        if (place.tag.type != ZP_MULTIBOOT2_TAG_TYPE_MODULE)
            continue;
        if (count < ZP_PROBE_MODULES_MAX)
            report_module(reporting, &place, count);
        count++;
    }
    if (count > ZP_PROBE_MODULES_MAX)
        zp_probe_more(reporting, "module", count - ZP_PROBE_MODULES_MAX);
}

void zp_probe_report_multiboot2(struct zp_probe_reporting *reporting)
{
    uint64_t address = reporting->view->cpu.rbx;
    struct zp_probe_writer *writer = &reporting->writer;
    struct zp_multiboot2_info info;
    bool readable = zp_probe_peek(reporting, address, &info, sizeof(info));

    zp_probe_line(writer, "multiboot2");
    zp_probe_hex(writer, "address", address);
    if (readable) {
        zp_probe_count(writer, "total_size", info.total_size);
        zp_probe_hex(writer, "reserved", info.reserved);
    } else {
        zp_probe_string(writer, "error", "unreadable");
    }
    zp_probe_line_end(writer);
    if (!readable)
        return;
    report_tags(reporting, first_place(address, &info));
    report_memory(reporting, first_place(address, &info));
    report_cmdline(reporting, first_place(address, &info));
    report_modules(reporting, first_place(address, &info));
}
