/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zp_inspect: asks the reader of each format in turn and decides whether the image is accepted.
 *
 * The order of entries is the order in which a plan tries them: bzImage linux64, bzImage linux32, Linux's
 * own e_entry, PVH, multiboot 2, multiboot 1, another ELF's e_entry (linux64 for an ELF64, linux32 for an
 * ELF32, always), bzImage linux16. Linux's comes early for it can be moved, unlike its PVH entry before 6.12,
 * and takes a seed. One sound entry makes an image; the faults of the others stay with them. With none, the
 * fault of the first entry is the answer; without any entry, foreign.c names what the file is.
 */
#include "inspect.h"

#include "checked.h"
#include "report.h"
#include "source.h"

int zp_inspection_read(const struct zp_inspection *in, uint64_t offset, void *buffer, size_t length)
{
    return zp_source_read(in->source, offset, buffer, length, in->ret_error);
}

int zp_inspection_read_some(const struct zp_inspection *in, uint64_t offset, void *buffer, size_t length)
{
    uint64_t rest = offset < in->source->size ? in->source->size - offset : 0;

    memset(buffer, 0, length);
    return zp_inspection_read(in, offset, buffer, rest < length ? (size_t)rest : length);
}

void zp_inspection_add_segment(struct zp_inspection *in, const struct zp_segment *segment)
{
    if (in->image->segment_count < in->room->segment_capacity)
        in->room->segments[in->image->segment_count] = *segment;
    in->image->segment_count++;
}

void zp_inspection_add_note(struct zp_inspection *in, const struct zp_note *note)
{
    if (in->image->note_count < in->room->note_capacity)
        in->room->notes[in->image->note_count] = *note;
    in->image->note_count++;
}

void zp_inspection_add_entry(struct zp_inspection *in, const struct zp_entry *entry)
{
    if (in->image->entry_count < in->room->entry_capacity)
        in->room->entries[in->image->entry_count] = *entry;
    in->image->entry_count++;
}

bool zp_inspection_covers(const struct zp_inspection *in, const struct zp_entry *entry, uint64_t address)
{
    for (size_t i = 0; i < entry->segment_count; i++) {
        size_t index = entry->segment_first + i;
        const struct zp_segment *segment = &in->room->segments[index];

        if (address >= segment->paddr.value && address - segment->paddr.value < segment->memory_size)
            return true;
    }
    return false;
}

/* What the caller must give so that a second call succeeds. */
static int check_room(const struct zp_inspection *in)
{
    const struct zp_image_room *room = in->room;
    const struct zp_image *image = in->image;

    if (image->segment_count > room->segment_capacity)
        return zp_report(in->ret_error, ZP_ERR_ROOM, ZP_FIELD_SEGMENTS, ZP_NO_OFFSET, image->segment_count,
                         room->segment_capacity);
    if (image->note_count > room->note_capacity)
        return zp_report(in->ret_error, ZP_ERR_ROOM, ZP_FIELD_NOTES, ZP_NO_OFFSET, image->note_count,
                         room->note_capacity);
    if (image->entry_count > room->entry_capacity)
        return zp_report(in->ret_error, ZP_ERR_ROOM, ZP_FIELD_ENTRIES, ZP_NO_OFFSET, image->entry_count,
                         room->entry_capacity);
    return ZP_OK;
}

static bool is_wanted(const struct zp_inspection *in, uint32_t protocol)
{
    return !(in->room->without >> protocol & 1);
}

/* Every reader, so that entries come in the order of preference. */
static int gather(struct zp_inspection *in)
{
    int status;

    if ((status = zp_inspect_pe(in)) != ZP_OK)
        return status;
    if ((status = zp_inspect_bzimage(in)) != ZP_OK)
        return status;
    if ((status = zp_inspect_elf(in)) != ZP_OK)
        return status;
    if ((status = check_room(in)) != ZP_OK)
        return status;
    zp_inspect_bzimage_protected(in);
    if (zp_inspect_elf_comes_first(in))
        zp_inspect_elf_entry(in);
    zp_inspect_pvh(in);
    if (is_wanted(in, ZP_PROTOCOL_MULTIBOOT2) && (status = zp_inspect_multiboot2(in)) != ZP_OK)
        return status;
    if (is_wanted(in, ZP_PROTOCOL_MULTIBOOT1) && (status = zp_inspect_multiboot1(in)) != ZP_OK)
        return status;
    if (!zp_inspect_elf_comes_first(in))
        zp_inspect_elf_entry(in);
    zp_inspect_bzimage_real(in);
    if (in->image->entry_count == 0 && (status = zp_inspect_boot_sector(in)) != ZP_OK)
        return status;
    return check_room(in);
}

/* No entry is sound: the first fault, or what the file is. */
static int refuse(const struct zp_inspection *in)
{
    const struct zp_error *fault = in->image->entry_count != 0 ? &in->room->entries[0].fault : &in->elf.fault;

    if (fault->code == ZP_OK)
        return zp_inspect_foreign(in);
    return zp_report(in->ret_error, fault->code, fault->field, fault->offset, fault->value, fault->limit);
}

static bool arguments_make_sense(const struct zp_source *source, const struct zp_image_room *room,
                                 const struct zp_image *ret_image)
{
    if (!source || !source->read || !room || !ret_image)
        return false;
    return (room->segments || room->segment_capacity == 0) && (room->notes || room->note_capacity == 0) &&
           (room->entries || room->entry_capacity == 0);
}

/* The whole of it, into an image that the caller has cleared; *ret_described: it is worth telling, whatever
 * the answer. */
static int examine(const struct zp_source *source, const struct zp_image_room *room, struct zp_image *image,
                   bool *ret_described, struct zp_error *ret_error)
{
    struct zp_inspection in = {.source = source, .room = room, .image = image, .ret_error = ret_error};
    int status;

    *ret_described = false;
    if (source->size == 0)
        return zp_report(ret_error, ZP_ERR_EMPTY, ZP_FIELD_FILE, ZP_NO_OFFSET, 0, 0);
    image->struct_size = sizeof(*image);
    image->source = source;
    image->segments = room->segments;
    image->notes = room->notes;
    image->entries = room->entries;
    in.elf.note_budget = source->size < ZP_NOTES_MAX ? source->size : ZP_NOTES_MAX;

    if ((status = gather(&in)) != ZP_OK)
        return status;
    if (zp_image_protocols(image) == 0)
        status = refuse(&in);
    *ret_described = status != ZP_ERR_READ;
    return status;
}

int zp_examine(const struct zp_source *source, const struct zp_image_room *room, struct zp_image *ret_image,
               struct zp_error *ret_error)
{
    struct zp_image image = {0};
    bool described;
    int status;

    if (!arguments_make_sense(source, room, ret_image))
        return zp_report(ret_error, ZP_ERR_ARGUMENT, ZP_FIELD_NONE, ZP_NO_OFFSET, 0, 0);
    status = examine(source, room, &image, &described, ret_error);
    if (described)
        *ret_image = image;
    return status;
}

int zp_inspect(const struct zp_source *source, const struct zp_image_room *room, struct zp_image *ret_image,
               struct zp_error *ret_error)
{
    struct zp_image image = {0};
    bool described;
    int status;

    if (!arguments_make_sense(source, room, ret_image))
        return zp_report(ret_error, ZP_ERR_ARGUMENT, ZP_FIELD_NONE, ZP_NO_OFFSET, 0, 0);
    status = examine(source, room, &image, &described, ret_error);
    if (status == ZP_OK)
        *ret_image = image;
    return status;
}
