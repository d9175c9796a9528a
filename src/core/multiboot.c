/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot 1: the header in the first 8 KiB and the entry that it makes; and what multiboot 2 shares with
 * it, the search and the address fields. Specification: Multiboot 0.6.96, section 3.1.
 *
 * Rules where the specification leaves a choice:
 *
 * - The first magic whose three words add up to 0 is the header; others are bytes like any (a bzImage may
 *   hold some by chance).
 * - Address fields (bit 16) win over the ELF's segments, also in an ELF64, and give the entry segments of
 *   its own. load_end_addr 0 is the end of the file, bss_end_addr 0 is no BSS.
 * - Without them the file must be an ELF, of either class, and is entered at e_entry. In an EFI executable
 *   a header without addresses is passed over: Xen's xen.efi holds the one of its ELF.
 * - Of the flags that must be understood we know pages, memory and video mode; we give text mode.
 */
#include "inspect.h"

#include <zeropage/wire/elf.h>
#include <zeropage/wire/multiboot.h>

#include "checked.h"
#include "report.h"

#define KNOWN_FLAGS (ZP_MULTIBOOT_PAGE_ALIGN | ZP_MULTIBOOT_MEMORY_INFO | ZP_MULTIBOOT_VIDEO_MODE)
#define MAGIC_SIZE  offsetof(struct zp_multiboot_header, header_addr) /* what every header has */
#define ADDRESSES   offsetof(struct zp_multiboot_header, mode_type)   /* one with address fields */

int zp_multiboot_search(const struct zp_inspection *in, uint32_t magic, uint64_t search, size_t align,
                        size_t header_size, uint64_t *offset, bool *ret_found)
{
    uint64_t end = in->source->size < search ? in->source->size : search;
    uint8_t chunk[4096]; /* a multiple of every align; each is one read of the source */
    uint32_t word;
    int status;

    *ret_found = false;
    while (zp_fits(*offset, header_size, end)) {
        size_t length = end - *offset < sizeof(chunk) ? (size_t)(end - *offset) : sizeof(chunk);

        if ((status = zp_inspection_read(in, *offset, chunk, length)) != ZP_OK)
            return status;
        for (size_t i = 0; i + sizeof(word) <= length && zp_fits(*offset + i, header_size, end); i += align) {
            memcpy(&word, chunk + i, sizeof(word));
            if (word == magic) {
                *offset += i;
                *ret_found = true;
                return ZP_OK;
            }
        }
        *offset += sizeof(chunk);
    }
    return ZP_OK;
}

void zp_multiboot_bad_checksum(struct zp_inspection *in, uint64_t offset, uint32_t sum)
{
    if (in->checksum.code == ZP_OK)
        zp_fault(&in->checksum, ZP_ERR_CHECKSUM, ZP_FIELD_MB_CHECKSUM, offset, sum, 0);
}

/* --- address fields ------------------------------------------------------------------------------- */

/* Where in the file the load region starts: the header says where it is itself. */
static int find_start(const struct zp_multiboot_addresses *addresses, uint64_t *ret_start,
                      struct zp_error *fault)
{
    uint64_t before; /* bytes of the region before the header */

    if (addresses->header_addr < addresses->load_addr)
        return zp_fault(fault, ZP_ERR_TOO_SMALL, ZP_FIELD_MB_HEADER_ADDR, addresses->fields_offset,
                        addresses->header_addr, addresses->load_addr);
    before = addresses->header_addr - addresses->load_addr;
    if (before > addresses->header_offset)
        return zp_fault(fault, ZP_ERR_TOO_SMALL, ZP_FIELD_MB_LOAD_ADDR, addresses->fields_offset + 4,
                        addresses->load_addr, addresses->header_addr - addresses->header_offset);
    *ret_start = addresses->header_offset - before;
    return ZP_OK;
}

/* How many bytes of the file are loaded, from start on; at least one. */
static int find_file_size(const struct zp_inspection *in, const struct zp_multiboot_addresses *addresses,
                          uint64_t start, uint64_t *ret_size, struct zp_error *fault)
{
    uint64_t rest = in->source->size - start;
    uint64_t load = addresses->load_addr;
    uint64_t end = addresses->load_end_addr;

    if (end == 0) {
        if (rest > ZP_GIB4 - load)
            return zp_fault(fault, ZP_ERR_TOO_LARGE, ZP_FIELD_MB_LOAD_ADDR, addresses->fields_offset + 4,
                            load, rest < ZP_GIB4 ? ZP_GIB4 - rest : 0);
        *ret_size = rest;
        return ZP_OK;
    }
    if (end <= load)
        return zp_fault(fault, ZP_ERR_TOO_SMALL, ZP_FIELD_MB_LOAD_END_ADDR, addresses->fields_offset + 8, end,
                        load + 1);
    if (end - load > rest)
        return zp_fault(fault, ZP_ERR_TRUNCATED, ZP_FIELD_MB_LOAD_END_ADDR, addresses->fields_offset + 8,
                        start + (end - load), in->source->size);
    *ret_size = end - load;
    return ZP_OK;
}

static int find_segment(const struct zp_inspection *in, const struct zp_multiboot_addresses *addresses,
                        struct zp_segment *segment, struct zp_error *fault)
{
    uint64_t load = addresses->load_addr;
    int code;

    if ((code = find_start(addresses, &segment->file_offset, fault)) != ZP_OK)
        return code;
    if ((code = find_file_size(in, addresses, segment->file_offset, &segment->file_size, fault)) != ZP_OK)
        return code;
    segment->paddr.value = load;
    segment->vaddr = load;
    segment->memory_size = segment->file_size;
    segment->flags = ZP_PF_R | ZP_PF_W | ZP_PF_X;
    if (addresses->bss_end_addr != 0) {
        if (addresses->bss_end_addr < load + segment->file_size)
            return zp_fault(fault, ZP_ERR_TOO_SMALL, ZP_FIELD_MB_BSS_END_ADDR, addresses->fields_offset + 12,
                            addresses->bss_end_addr, load + segment->file_size);
        segment->memory_size = addresses->bss_end_addr - load;
    }
    if (addresses->entry_addr < load || addresses->entry_addr - load >= segment->memory_size)
        return zp_fault(fault, ZP_ERR_OUTSIDE, ZP_FIELD_MB_ENTRY_ADDR, addresses->entry_offset,
                        addresses->entry_addr, 0);
    return ZP_OK;
}

void zp_multiboot_place(struct zp_inspection *in, const struct zp_multiboot_addresses *addresses,
                        struct zp_entry *entry)
{
    struct zp_segment segment = {0};
    struct zp_error fault = {0};

    entry->container = ZP_CONTAINER_ADDRESSES;
    entry->address.value = addresses->entry_addr;
    if (find_segment(in, addresses, &segment, &fault) != ZP_OK) {
        if (entry->fault.code == ZP_OK)
            entry->fault = fault;
        return;
    }
    entry->segment_first = in->image->segment_count;
    entry->segment_count = 1;
    entry->reserve = segment.paddr;
    entry->reserve_size = segment.memory_size;
    zp_inspection_add_segment(in, &segment);
}

/* --- the header ----------------------------------------------------------------------------------- */

static int find_header(struct zp_inspection *in, struct zp_multiboot_header *header, uint64_t *ret_offset,
                       bool *ret_found)
{
    uint64_t offset = 0;
    uint32_t sum;
    int status;

    for (;;) {
        status = zp_multiboot_search(in, ZP_MULTIBOOT_HEADER_MAGIC, ZP_MULTIBOOT_SEARCH,
                                     ZP_MULTIBOOT_HEADER_ALIGN, MAGIC_SIZE, &offset, ret_found);
        if (status != ZP_OK || !*ret_found)
            return status;
        *ret_offset = offset;
        if ((status = zp_inspection_read_some(in, offset, header, sizeof(*header))) != ZP_OK)
            return status;
        sum = header->magic + header->flags + header->checksum;
        if (sum == 0)
            return ZP_OK;
        zp_multiboot_bad_checksum(in, offset + offsetof(struct zp_multiboot_header, checksum), sum);
        offset += ZP_MULTIBOOT_HEADER_ALIGN;
    }
}

static void place_by_addresses(struct zp_inspection *in, const struct zp_multiboot_header *header,
                               uint64_t offset, struct zp_entry *entry)
{
    const struct zp_multiboot_addresses addresses = {
        .header_addr = header->header_addr,
        .load_addr = header->load_addr,
        .load_end_addr = header->load_end_addr,
        .bss_end_addr = header->bss_end_addr,
        .entry_addr = header->entry_addr,
        .header_offset = offset,
        .fields_offset = offset + offsetof(struct zp_multiboot_header, header_addr),
        .entry_offset = offset + offsetof(struct zp_multiboot_header, entry_addr),
    };

    if (!zp_fits(offset, ADDRESSES, in->source->size)) {
        zp_fault(&entry->fault, ZP_ERR_TRUNCATED, ZP_FIELD_MB_HEADER_ADDR, addresses.fields_offset,
                 offset + ADDRESSES, in->source->size);
        return;
    }
    zp_multiboot_place(in, &addresses, entry);
}

int zp_inspect_multiboot1(struct zp_inspection *in)
{
    struct zp_multiboot *told = &in->image->multiboot1;
    struct zp_entry entry = {0};
    struct zp_multiboot_header header;
    uint64_t offset = 0, flags_offset;
    uint32_t unknown;
    bool found = false;
    int status;

    if ((status = find_header(in, &header, &offset, &found)) != ZP_OK)
        return status;
    if (!found)
        return ZP_OK;
    if (!(header.flags & ZP_MULTIBOOT_AOUT_KLUDGE) && (in->image->formats & ZP_FORMAT_PE))
        return ZP_OK;
    told->present = 1;
    told->header_offset = offset;
    told->flags = header.flags;
    told->wants_page_aligned_modules = (header.flags & ZP_MULTIBOOT_PAGE_ALIGN) != 0;
    told->wants_video_mode = (header.flags & ZP_MULTIBOOT_VIDEO_MODE) != 0;
    in->image->formats |= ZP_FORMAT_MULTIBOOT1;

    unknown = header.flags & ZP_MULTIBOOT_REQUIRED_MASK & ~(uint32_t)KNOWN_FLAGS;
    flags_offset = offset + offsetof(struct zp_multiboot_header, flags);
    if (header.flags & ZP_MULTIBOOT_AOUT_KLUDGE)
        place_by_addresses(in, &header, offset, &entry);
    else if (in->elf.present)
        zp_inspect_elf_start(in, &entry);
    else
        zp_fault(&entry.fault, ZP_ERR_VALUE, ZP_FIELD_MB_FLAGS, flags_offset, header.flags,
                 header.flags | ZP_MULTIBOOT_AOUT_KLUDGE);
    entry.protocol = ZP_PROTOCOL_MULTIBOOT1;
    if (entry.fault.code == ZP_OK && unknown != 0)
        zp_fault(&entry.fault, ZP_ERR_UNSUPPORTED, ZP_FIELD_MB_FLAGS, flags_offset, unknown, KNOWN_FLAGS);
    if (entry.fault.code == ZP_OK && entry.address.value >= ZP_GIB4)
        zp_fault(&entry.fault, ZP_ERR_TOO_LARGE, ZP_FIELD_E_ENTRY, in->elf.entry_offset, entry.address.value,
                 ZP_GIB4 - 1);
    zp_inspection_add_entry(in, &entry);
    return ZP_OK;
}
