/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An entry that no header tells of: some kernels have 32-bit code at e_entry that takes multiboot
 * information, or the like, and only their authors know. Receives an ELF that was inspected; guarantees an
 * entry as sound as one that was found: all PT_LOADs as linked, e_entry inside of one of them. System V ABI,
 * chapter 4; the rule that makes an address of e_entry is that of elf.c.
 */
#include <zeropage/image.h>
#include <zeropage/wire/elf.h>

#include "checked.h"
#include "report.h"
#include "seam.h"

static bool covers(const struct zp_image *image, uint64_t address)
{
    const struct zp_segment *segments = image->segments + image->elf.segment_first;

    for (size_t i = 0; i < image->elf.segment_count; i++)
        if (address >= segments[i].paddr.value && address - segments[i].paddr.value < segments[i].memory_size)
            return true;
    return false;
}

/* No segments: the ELF itself is at fault, and an entry of its own says how. */
static int refuse_elf(const struct zp_image *image, struct zp_error *ret_error)
{
    for (size_t i = 0; i < image->entry_count; i++) {
        const struct zp_entry *entry = &image->entries[i];
        const struct zp_error *fault = &entry->fault;

        if (fault->code != ZP_OK &&
            (entry->container == ZP_CONTAINER_ELF32 || entry->container == ZP_CONTAINER_ELF64))
            return zp_report(ret_error, fault->code, fault->field, fault->offset, fault->value, fault->limit);
    }
    return zp_report(ret_error, ZP_ERR_NO_SEGMENT, ZP_FIELD_SEGMENTS, ZP_NO_OFFSET, 0, 1);
}

static int check(const struct zp_image *image, uint32_t protocol, struct zp_error *ret_error)
{
    const uint32_t tellable = (UINT32_C(1) << ZP_PROTOCOL_COUNT) - (UINT32_C(1) << ZP_PROTOCOL_LINUX32);
    const struct zp_elf *elf = &image->elf;
    uint64_t offset = elf->class_bits == 32 ? offsetof(struct zp_elf32_ehdr, e_entry)
                                            : offsetof(struct zp_elf64_ehdr, e_entry);

    if (protocol >= ZP_PROTOCOL_COUNT || !(tellable >> protocol & 1))
        return zp_report(ret_error, ZP_ERR_PROTOCOL, ZP_FIELD_PROTOCOL, ZP_NO_OFFSET, protocol, tellable);
    if (elf->class_bits == 0)
        return zp_report(ret_error, ZP_ERR_FORMAT, ZP_FIELD_MAGIC, 0, image->formats, ZP_FORMAT_ELF64);
    if (elf->segment_count == 0)
        return refuse_elf(image, ret_error);
    if (elf->e_entry == 0 || !covers(image, elf->entry.value))
        return zp_report(ret_error, ZP_ERR_OUTSIDE, ZP_FIELD_E_ENTRY, offset, elf->e_entry, 0);
    if (protocol != ZP_PROTOCOL_LINUX64 && elf->entry.value >= ZP_GIB4)
        return zp_report(ret_error, ZP_ERR_ABOVE_4G, ZP_FIELD_E_ENTRY, offset, elf->entry.value, ZP_GIB4);
    return ZP_OK;
}

static void fill(const struct zp_image *image, uint32_t protocol, struct zp_entry *entry)
{
    const struct zp_segment *first = image->segments + image->elf.segment_first;
    const struct zp_segment *last = first + image->elf.segment_count - 1;

    memset(entry, 0, sizeof(*entry));
    entry->protocol = protocol;
    entry->container = image->elf.class_bits == 32 ? ZP_CONTAINER_ELF32 : ZP_CONTAINER_ELF64;
    entry->address = image->elf.entry;
    entry->segment_first = image->elf.segment_first;
    entry->segment_count = image->elf.segment_count;
    entry->reserve = first->paddr;
    entry->reserve_size = last->paddr.value + last->memory_size - first->paddr.value;
}

int zp_image_tell(struct zp_image *image, const struct zp_image_room *room, uint32_t protocol,
                  struct zp_error *ret_error)
{
    size_t others = 0, at;
    int status;

    if (!image || !room || !room->entries || image->entries != room->entries)
        return zp_report(ret_error, ZP_ERR_ARGUMENT, ZP_FIELD_NONE, ZP_NO_OFFSET, 0, 0);
    if (image->struct_size != sizeof(*image))
        return zp_report(ret_error, ZP_ERR_STRUCT_SIZE, ZP_FIELD_STRUCT_SIZE, ZP_NO_OFFSET,
                         image->struct_size, sizeof(*image));
    status = check(image, protocol, ret_error);
    if (status)
        return status;
    for (size_t i = 0; i < image->entry_count; i++)
        others += room->entries[i].protocol != protocol;
    if (others >= room->entry_capacity)
        return zp_report(ret_error, ZP_ERR_ROOM, ZP_FIELD_ENTRIES, ZP_NO_OFFSET, others + 1,
                         room->entry_capacity);
    at = 0;
    for (size_t i = 0; i < image->entry_count; i++)
        if (room->entries[i].protocol != protocol)
            room->entries[at++] = room->entries[i];
    memmove(room->entries + 1, room->entries, others * sizeof(room->entries[0]));
    fill(image, protocol, &room->entries[0]);
    image->entry_count = others + 1;
    return ZP_OK;
}
