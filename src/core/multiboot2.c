/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot 2: the header in the first 32 KiB, its tags and the entry that they make.
 * Specification: Multiboot2 2.0, section 3.1.
 *
 * Rules where the specification leaves a choice:
 *
 * - The first magic whose four words add up to 0 is the header. All its tags are walked; the list ends with
 *   the end tag, or exactly at header_length.
 * - A tag that must be heeded (the optional flag is clear) and that we do not know makes the entry unusable,
 *   and so does a required request for information that we cannot give. We give the command line, loader
 *   name, modules, basic memory information, memory map, ACPI RSDPs and load base address.
 * - What speaks of EFI (boot services, EFI entries) has no meaning for a loader without it and is passed
 *   over. Console flags and frame buffer are wishes: text mode is given.
 * - Without address tag the file must be an ELF; the entry address tag wins over e_entry. In an EFI
 *   executable a header without address tag is passed over, as in multiboot.c.
 */
#include "inspect.h"

#include <zeropage/wire/multiboot2.h>

#include "checked.h"
#include "report.h"

#define TAG_SIZE      sizeof(struct zp_multiboot2_header_tag)
#define FROM_THE_FILE UINT32_MAX /* load_addr: load the file from its start */

/* What the tags say, and the first thing that is wrong with them. */
struct tags {
    struct zp_multiboot2_header_tag_address address;
    uint64_t address_offset; /* of the tag; 0: none */
    uint32_t entry;
    uint64_t entry_offset; /* of the tag; 0: none */
    struct zp_multiboot2_header_tag_relocatable relocatable;
    uint64_t relocatable_offset; /* of the tag; 0: none */
    struct zp_error fault;
};

/* The first fault stays. */
static void blame(struct tags *tags, int code, uint32_t field, uint64_t offset, uint64_t value,
                  uint64_t limit)
{
    if (tags->fault.code == ZP_OK)
        zp_fault(&tags->fault, code, field, offset, value, limit);
}

static int find_header(struct zp_inspection *in, struct zp_multiboot2_header *header, uint64_t *ret_offset,
                       bool *ret_found)
{
    uint64_t offset = 0;
    uint32_t sum;
    int status;

    for (;;) {
        status = zp_multiboot_search(in, ZP_MULTIBOOT2_HEADER_MAGIC, ZP_MULTIBOOT2_SEARCH,
                                     ZP_MULTIBOOT2_HEADER_ALIGN, sizeof(*header), &offset, ret_found);
        if (status != ZP_OK || !*ret_found)
            return status;
        *ret_offset = offset;
        if ((status = zp_inspection_read(in, offset, header, sizeof(*header))) != ZP_OK)
            return status;
        sum = header->magic + header->architecture + header->header_length + header->checksum;
        if (sum == 0)
            return ZP_OK;
        zp_multiboot_bad_checksum(in, offset + offsetof(struct zp_multiboot2_header, checksum), sum);
        offset += ZP_MULTIBOOT2_HEADER_ALIGN;
    }
}

static int check_header(const struct zp_inspection *in, const struct zp_multiboot2_header *header,
                        uint64_t offset, struct zp_error *fault)
{
    uint64_t architecture = offset + offsetof(struct zp_multiboot2_header, architecture);
    uint64_t length = offset + offsetof(struct zp_multiboot2_header, header_length);

    if (header->architecture != ZP_MULTIBOOT2_ARCHITECTURE_I386)
        return zp_fault(fault, ZP_ERR_VALUE, ZP_FIELD_MB2_ARCHITECTURE, architecture, header->architecture,
                        ZP_MULTIBOOT2_ARCHITECTURE_I386);
    if (header->header_length < sizeof(*header))
        return zp_fault(fault, ZP_ERR_TOO_SMALL, ZP_FIELD_MB2_HEADER_LENGTH, length, header->header_length,
                        sizeof(*header));
    if (header->header_length > ZP_MULTIBOOT2_SEARCH - offset)
        return zp_fault(fault, ZP_ERR_TOO_LARGE, ZP_FIELD_MB2_HEADER_LENGTH, length, header->header_length,
                        ZP_MULTIBOOT2_SEARCH - offset);
    if (header->header_length > in->source->size - offset)
        return zp_fault(fault, ZP_ERR_TRUNCATED, ZP_FIELD_MB2_HEADER_LENGTH, length,
                        offset + header->header_length, in->source->size);
    return ZP_OK;
}

static bool can_give(uint32_t information)
{
    switch (information) {
    case ZP_MULTIBOOT2_TAG_TYPE_CMDLINE:
    case ZP_MULTIBOOT2_TAG_TYPE_BOOT_LOADER_NAME:
    case ZP_MULTIBOOT2_TAG_TYPE_MODULE:
    case ZP_MULTIBOOT2_TAG_TYPE_BASIC_MEMINFO:
    case ZP_MULTIBOOT2_TAG_TYPE_MMAP:
    case ZP_MULTIBOOT2_TAG_TYPE_ACPI_OLD:
    case ZP_MULTIBOOT2_TAG_TYPE_ACPI_NEW:
    case ZP_MULTIBOOT2_TAG_TYPE_LOAD_BASE_ADDR: return true;
    default: return false;
    }
}

static int take_requests(const struct zp_inspection *in, const struct zp_multiboot2_header_tag *tag,
                         uint64_t at, struct tags *tags)
{
    uint64_t end = at + tag->size;
    uint32_t information;
    int status;

    for (at += TAG_SIZE; end - at >= sizeof(information); at += sizeof(information)) {
        if ((status = zp_inspection_read(in, at, &information, sizeof(information))) != ZP_OK)
            return status;
        if (!can_give(information))
            blame(tags, ZP_ERR_UNSUPPORTED, ZP_FIELD_MB2_INFORMATION_REQUEST, at, information, 0);
    }
    return ZP_OK;
}

/* Reads a tag of a fixed size whole; one that is shorter is a fault. */
static int read_tag(const struct zp_inspection *in, const struct zp_multiboot2_header_tag *tag, uint64_t at,
                    void *ret_tag, size_t size, uint64_t *ret_offset, struct tags *tags)
{
    if (tag->size < size) {
        blame(tags, ZP_ERR_TOO_SMALL, ZP_FIELD_MB2_TAG, at + offsetof(struct zp_multiboot2_header_tag, size),
              tag->size, size);
        return ZP_OK;
    }
    *ret_offset = at;
    return zp_inspection_read(in, at, ret_tag, size);
}

static int take_tag(struct zp_inspection *in, const struct zp_multiboot2_header_tag *tag, uint64_t at,
                    struct tags *tags)
{
    struct zp_multiboot2_header_tag_entry_address entry = {0};
    bool optional = tag->flags & ZP_MULTIBOOT2_HEADER_TAG_OPTIONAL;
    int status;

    switch (tag->type) {
    case ZP_MULTIBOOT2_HEADER_TAG_INFORMATION_REQUEST:
        return optional ? ZP_OK : take_requests(in, tag, at, tags);
    case ZP_MULTIBOOT2_HEADER_TAG_ADDRESS:
        return read_tag(in, tag, at, &tags->address, sizeof(tags->address), &tags->address_offset, tags);
    case ZP_MULTIBOOT2_HEADER_TAG_ENTRY_ADDRESS:
        status = read_tag(in, tag, at, &entry, sizeof(entry), &tags->entry_offset, tags);
        tags->entry = entry.entry_addr;
        return status;
    case ZP_MULTIBOOT2_HEADER_TAG_RELOCATABLE:
        return read_tag(in, tag, at, &tags->relocatable, sizeof(tags->relocatable), &tags->relocatable_offset,
                        tags);
    case ZP_MULTIBOOT2_HEADER_TAG_FRAMEBUFFER: in->image->multiboot2.wants_video_mode = 1; return ZP_OK;
    case ZP_MULTIBOOT2_HEADER_TAG_MODULE_ALIGN:
        in->image->multiboot2.wants_page_aligned_modules = 1;
        return ZP_OK;
    case ZP_MULTIBOOT2_HEADER_TAG_CONSOLE_FLAGS:
    case ZP_MULTIBOOT2_HEADER_TAG_EFI_BS:
    case ZP_MULTIBOOT2_HEADER_TAG_ENTRY_ADDRESS_EFI32:
    case ZP_MULTIBOOT2_HEADER_TAG_ENTRY_ADDRESS_EFI64: return ZP_OK;
    default:
        if (!optional)
            blame(tags, ZP_ERR_UNSUPPORTED, ZP_FIELD_MB2_TAG, at, tag->type, 0);
        return ZP_OK;
    }
}

/* Can the tag at `at` be stepped over? */
static bool is_whole(const struct zp_multiboot2_header_tag *tag, uint64_t at, uint64_t end, struct tags *tags)
{
    uint64_t size = at + offsetof(struct zp_multiboot2_header_tag, size);

    if (tag->size < TAG_SIZE) {
        blame(tags, ZP_ERR_TOO_SMALL, ZP_FIELD_MB2_TAG, size, tag->size, TAG_SIZE);
        return false;
    }
    if (tag->size > end - at) {
        blame(tags, ZP_ERR_TRUNCATED, ZP_FIELD_MB2_TAG, size, at + tag->size, end);
        return false;
    }
    return true;
}

/* From the end of the fixed header to `end`. */
static int walk_tags(struct zp_inspection *in, uint64_t at, uint64_t end, struct tags *tags)
{
    struct zp_multiboot2_header_tag tag;
    int status;

    while (at < end) {
        if (end - at < TAG_SIZE) {
            blame(tags, ZP_ERR_TRUNCATED, ZP_FIELD_MB2_TAG, at, at + TAG_SIZE, end);
            return ZP_OK;
        }
        if ((status = zp_inspection_read(in, at, &tag, sizeof(tag))) != ZP_OK)
            return status;
        if (!is_whole(&tag, at, end, tags) || tag.type == ZP_MULTIBOOT2_HEADER_TAG_END)
            return ZP_OK;
        if ((status = take_tag(in, &tag, at, tags)) != ZP_OK)
            return status;
        at = zp_align_down(at + tag.size + ZP_MULTIBOOT2_TAG_ALIGN - 1, ZP_MULTIBOOT2_TAG_ALIGN);
    }
    return ZP_OK;
}

static void place_by_addresses(struct zp_inspection *in, uint64_t offset, const struct tags *tags,
                               struct zp_entry *entry)
{
    struct zp_multiboot_addresses addresses = {
        .header_addr = tags->address.header_addr,
        .load_addr = tags->address.load_addr,
        .load_end_addr = tags->address.load_end_addr,
        .bss_end_addr = tags->address.bss_end_addr,
        .entry_addr = tags->entry,
        .header_offset = offset,
        .fields_offset =
            tags->address_offset + offsetof(struct zp_multiboot2_header_tag_address, header_addr),
        .entry_offset =
            tags->entry_offset + offsetof(struct zp_multiboot2_header_tag_entry_address, entry_addr),
    };

    if (tags->entry_offset == 0) {
        zp_fault(&entry->fault, ZP_ERR_NO_ENTRY, ZP_FIELD_MB_ENTRY_ADDR, tags->address_offset, 0, 0);
        return;
    }
    if (addresses.load_addr == FROM_THE_FILE) {
        if (addresses.header_addr < offset) {
            zp_fault(&entry->fault, ZP_ERR_TOO_SMALL, ZP_FIELD_MB_HEADER_ADDR, addresses.fields_offset,
                     addresses.header_addr, offset);
            return;
        }
        addresses.load_addr = addresses.header_addr - (uint32_t)offset; /* it is below 32 KiB */
    }
    zp_multiboot_place(in, &addresses, entry);
}

static void place_by_elf(const struct zp_inspection *in, const struct tags *tags, struct zp_entry *entry)
{
    uint64_t entry_offset =
        tags->entry_offset + offsetof(struct zp_multiboot2_header_tag_entry_address, entry_addr);

    if (tags->entry_offset == 0) {
        zp_inspect_elf_start(in, entry);
        if (entry->fault.code == ZP_OK && entry->address.value >= ZP_GIB4)
            zp_fault(&entry->fault, ZP_ERR_TOO_LARGE, ZP_FIELD_E_ENTRY, in->elf.entry_offset,
                     entry->address.value, ZP_GIB4 - 1);
        return;
    }
    zp_inspect_elf_segments(in, entry);
    entry->address.value = tags->entry;
    if (entry->fault.code == ZP_OK && !zp_inspection_covers(in, entry, tags->entry))
        zp_fault(&entry->fault, ZP_ERR_OUTSIDE, ZP_FIELD_MB_ENTRY_ADDR, entry_offset, tags->entry, 0);
}

static void relocate(const struct tags *tags, struct zp_entry *entry)
{
    const struct zp_multiboot2_header_tag_relocatable *tag = &tags->relocatable;
    uint64_t at = tags->relocatable_offset;

    if (at == 0 || entry->fault.code != ZP_OK)
        return;
    if (!zp_is_power_of_two(tag->align)) {
        zp_fault(&entry->fault, ZP_ERR_ALIGNMENT, ZP_FIELD_MB2_TAG,
                 at + offsetof(struct zp_multiboot2_header_tag_relocatable, align), tag->align, 0);
        return;
    }
    if (tag->max_addr < tag->min_addr) {
        zp_fault(&entry->fault, ZP_ERR_TOO_SMALL, ZP_FIELD_MB2_TAG,
                 at + offsetof(struct zp_multiboot2_header_tag_relocatable, max_addr), tag->max_addr,
                 tag->min_addr);
        return;
    }
    entry->align = tag->align;
    entry->min.value = tag->min_addr;
    entry->max.value = tag->max_addr;
    switch (tag->preference) {
    case ZP_MULTIBOOT2_LOAD_PREFERENCE_NONE: entry->prefer = ZP_PREFER_LINKED; break;
    case ZP_MULTIBOOT2_LOAD_PREFERENCE_LOW: entry->prefer = ZP_PREFER_LOWEST; break;
    case ZP_MULTIBOOT2_LOAD_PREFERENCE_HIGH: entry->prefer = ZP_PREFER_HIGHEST; break;
    default:
        zp_fault(&entry->fault, ZP_ERR_VALUE, ZP_FIELD_MB2_TAG,
                 at + offsetof(struct zp_multiboot2_header_tag_relocatable, preference), tag->preference,
                 ZP_MULTIBOOT2_LOAD_PREFERENCE_HIGH);
    }
}

int zp_inspect_multiboot2(struct zp_inspection *in)
{
    struct zp_multiboot *told = &in->image->multiboot2;
    struct zp_multiboot2_header header;
    struct zp_entry entry = {0};
    struct tags tags = {0};
    uint64_t offset = 0;
    bool found = false;
    int status;

    if ((status = find_header(in, &header, &offset, &found)) != ZP_OK)
        return status;
    if (!found)
        return ZP_OK;
    if (check_header(in, &header, offset, &tags.fault) == ZP_OK &&
        (status = walk_tags(in, offset + sizeof(header), offset + header.header_length, &tags)) != ZP_OK)
        return status;
    if (tags.address_offset == 0 && (in->image->formats & ZP_FORMAT_PE)) {
        memset(told, 0, sizeof(*told));
        return ZP_OK;
    }
    told->present = 1;
    told->header_offset = offset;
    told->header_length = header.header_length;
    in->image->formats |= ZP_FORMAT_MULTIBOOT2;

    entry.fault = tags.fault;
    if (entry.fault.code == ZP_OK && tags.address_offset != 0)
        place_by_addresses(in, offset, &tags, &entry);
    else if (entry.fault.code == ZP_OK && in->elf.present)
        place_by_elf(in, &tags, &entry);
    else if (entry.fault.code == ZP_OK)
        zp_fault(&entry.fault, ZP_ERR_NO_SEGMENT, ZP_FIELD_MB2_TAG, offset, 0,
                 ZP_MULTIBOOT2_HEADER_TAG_ADDRESS);
    entry.protocol = ZP_PROTOCOL_MULTIBOOT2;
    relocate(&tags, &entry);
    zp_inspection_add_entry(in, &entry);
    return ZP_OK;
}
