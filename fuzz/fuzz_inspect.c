/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zp_inspect on any bytes. What must hold: no read at or past the file's end and none of 0 bytes; an error
 * says its code and a known field; an accepted image has a sound entry, and each sound entry's segments lie
 * inside the arrays, the file and the address space, in order and apart, with the entry in one of them; a
 * sound relocation table lies behind the ELF and is good in each entry; the room that an error asks for is
 * enough in the end; asked again, the answer is the same. The sections of a PE lie in the file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zeropage/zeropage.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PHYSICAL_END (UINT64_C(1) << 52)

static void must(bool holds)
{
    if (!holds)
        abort();
}

struct input {
    const uint8_t *data;
    size_t size;
};

static int read_input(void *context, uint64_t offset, void *buffer, size_t length)
{
    const struct input *input = context;

    must(length != 0 && offset < input->size && length <= input->size - offset);
    memcpy(buffer, input->data + offset, length);
    return 0;
}

static bool is_power_of_two(uint64_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

static void check_error(int status, const struct zp_error *error)
{
    must(status < 0 && error->code == status);
    must(strcmp(zp_status_name(status), "unknown") != 0);
    must(strcmp(zp_field_name(error->field), "unknown") != 0);
    must(status != ZP_ERR_READ && status != ZP_ERR_ARGUMENT);
}

static void check_entry(const struct zp_image *image, const struct zp_entry *entry)
{
    bool inside = false;

    must(entry->protocol > ZP_PROTOCOL_AUTO && entry->protocol < ZP_PROTOCOL_COUNT);
    must(entry->container >= ZP_CONTAINER_BZIMAGE && entry->container <= ZP_CONTAINER_ADDRESSES);
    must(entry->segment_count != 0 && entry->segment_first <= image->segment_count);
    must(entry->segment_count <= image->segment_count - entry->segment_first);
    must(entry->reserve_size != 0 && entry->reserve.value <= PHYSICAL_END);
    must(entry->reserve_size <= PHYSICAL_END - entry->reserve.value);
    must(entry->align == 0 || is_power_of_two(entry->align));
    must(entry->align == 0 || entry->min.value <= entry->max.value);
    must(entry->prefer <= ZP_PREFER_HIGHEST);
    for (size_t i = 0; i < entry->segment_count; i++) {
        const struct zp_segment *segment = &image->segments[entry->segment_first + i];
        uint64_t start = segment->paddr.value;

        must(segment->memory_size != 0 && segment->file_size <= segment->memory_size);
        must(segment->file_offset <= image->source->size);
        must(segment->file_size <= image->source->size - segment->file_offset);
        must(start <= PHYSICAL_END && segment->memory_size <= PHYSICAL_END - start);
        must(segment->align == 0 || is_power_of_two(segment->align));
        must(segment->reserved == 0);
        must(i == 0 || segment[-1].paddr.value + segment[-1].memory_size <= start);
        inside |= entry->address.value >= start && entry->address.value - start < segment->memory_size;
    }
    must(inside);
}

struct target {
    uint64_t start;
    uint64_t end;
};

static int compare_targets(const void *a, const void *b)
{
    const struct target *left = a, *right = b;

    return (left->start > right->start) - (left->start < right->start);
}

/* Does [start, end) lie in the file's bytes of one of the ELF's segments? */
static bool is_in_file(const struct zp_image *image, const struct target *target)
{
    for (size_t e = 0; e < image->entry_count; e++) {
        const struct zp_entry *entry = &image->entries[e];

        if (entry->container != ZP_CONTAINER_ELF32 && entry->container != ZP_CONTAINER_ELF64)
            continue;
        for (size_t i = 0; i < entry->segment_count; i++) {
            const struct zp_segment *segment = &image->segments[entry->segment_first + i];

            if (target->start >= segment->paddr.value &&
                target->end <= segment->paddr.value + segment->file_size)
                return true;
        }
    }
    return false;
}

static size_t take_list(const struct zp_image *image, uint64_t offset, uint64_t count, uint32_t width,
                        struct target *targets)
{
    const struct zp_relocations *table = &image->relocations;

    must(count == 0 || offset > table->offset);
    must(offset <= image->source->size && count <= (image->source->size - offset) / 4);
    for (size_t i = 0; i < count; i++) {
        uint32_t word;

        must(image->source->read(image->source->context, offset + 4 * i, &word, 4) == 0);
        targets[i].start = (uint32_t)(word - (uint32_t)table->map);
        targets[i].end = targets[i].start + width;
        must(word != 0 && is_in_file(image, &targets[i]));
    }
    return (size_t)count;
}

/* Each target by itself, then all of them sorted, in a way of their own. */
static void check_relocations(const struct zp_image *image)
{
    const struct zp_relocations *table = &image->relocations;
    struct target *targets;
    size_t count = 0;

    must(table->fault.code == ZP_OK || table->list_count == 0);
    if (table->fault.code != ZP_OK)
        check_error(table->fault.code, &table->fault);
    if (table->list_count == 0)
        return;
    must(image->elf.guest_linux && table->fault.code == ZP_OK);
    must(image->elf.class_bits == 32 ? table->list_count == 1
                                     : table->list_count == 2 || table->list_count == 3);
    must(table->offset == image->elf.file_end && table->offset + table->size == image->source->size);
    must(4 * (table->list_count + table->list64_count + table->list32neg_count + table->list32_count) ==
         table->size);
    targets = malloc(table->size * sizeof(*targets));
    must(targets != NULL);
    count += take_list(image, table->list64_offset, table->list64_count, 8, targets);
    count += take_list(image, table->list32neg_offset, table->list32neg_count, 4, targets + count);
    count += take_list(image, table->list32_offset, table->list32_count, 4, targets + count);
    qsort(targets, count, sizeof(*targets), compare_targets);
    for (size_t i = 1; i < count; i++)
        must(targets[i - 1].end <= targets[i].start);
    free(targets);
}

static void check_sections(const struct zp_source *source)
{
    struct zp_pe_section *sections = NULL;
    struct zp_error error = {0};
    size_t count = 0, capacity = 0;
    int status = zp_pe_sections(source, sections, capacity, &count, &error);

    if (status == ZP_ERR_ROOM) {
        must(error.value > 0 && error.value <= UINT16_MAX && error.limit == 0);
        capacity = error.value;
        sections = calloc(capacity, sizeof(*sections));
        must(sections != NULL);
        status = zp_pe_sections(source, sections, capacity, &count, &error);
        must(status == ZP_OK ? count == capacity : status == ZP_ERR_TRUNCATED);
    }
    if (status != ZP_OK)
        check_error(status, &error);
    for (size_t i = 0; i < count; i++) {
        must(sections[i].name[8] == '\0' && sections[i].size <= sections[i].virtual_size);
        must(sections[i].size == 0 || sections[i].offset <= source->size);
        must(sections[i].size == 0 || sections[i].size <= source->size - sections[i].offset);
    }
    free(sections);
}

static void check_image(const struct zp_image *image)
{
    uint64_t size = image->source->size;
    uint32_t offered = zp_image_protocols(image);

    must(image->struct_size == sizeof(*image) && offered != 0 && image->formats != 0);
    for (size_t i = 0; i < image->entry_count; i++) {
        const struct zp_entry *entry = &image->entries[i];

        if (entry->fault.code == ZP_OK)
            check_entry(image, entry);
        else
            check_error(entry->fault.code, &entry->fault);
    }
    for (uint32_t protocol = 0; protocol < ZP_PROTOCOL_COUNT; protocol++)
        must((zp_image_entry(image, protocol) != NULL) == ((offered >> protocol & 1) != 0));
    for (size_t i = 0; i < image->note_count; i++) {
        must(image->notes[i].header_offset < image->notes[i].descriptor_offset);
        must(image->notes[i].descriptor_offset <= size);
        must(image->notes[i].descriptor_size <= size - image->notes[i].descriptor_offset);
    }
    if (image->bzimage.payload_length != 0) {
        must(image->bzimage.payload_offset < size);
        must(image->bzimage.payload_length <= size - image->bzimage.payload_offset);
    }
    must(image->bzimage.kernel_version_offset < size && image->bzimage.kernel_info_offset < size);
    check_relocations(image);
}

/* Inspects in arrays that have exactly the capacities given, and grows them as the errors say. */
static int inspect(const struct zp_source *source, struct zp_image_room *room, struct zp_image *ret_image,
                   struct zp_error *ret_error)
{
    size_t *const capacities[] = {&room->segment_capacity, &room->note_capacity, &room->entry_capacity};

    for (;;) {
        int status;

        free(room->segments);
        free(room->notes);
        free(room->entries);
        room->segments = calloc(room->segment_capacity + 1, sizeof(*room->segments));
        room->notes = calloc(room->note_capacity + 1, sizeof(*room->notes));
        room->entries = calloc(room->entry_capacity + 1, sizeof(*room->entries));
        must(room->segments && room->notes && room->entries);
        status = zp_inspect(source, room, ret_image, ret_error);
        if (status != ZP_ERR_ROOM)
            return status;
        must(ret_error->field >= ZP_FIELD_SEGMENTS && ret_error->field <= ZP_FIELD_ENTRIES);
        must(ret_error->limit == *capacities[ret_error->field - ZP_FIELD_SEGMENTS]);
        must(ret_error->value > ret_error->limit);
        *capacities[ret_error->field - ZP_FIELD_SEGMENTS] = ret_error->value;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct zp_source source = {.size = size, .read = read_input, .context = &input};
    struct zp_image_room room = {0};
    struct zp_image image = {0}, again = {0};
    struct zp_error error = {0}, other = {0};
    int status = inspect(&source, &room, &image, &error);

    must(zp_inspect(&source, &room, &again, &other) == status);
    if (status == ZP_OK) {
        must(memcmp(&image, &again, sizeof(image)) == 0);
        check_image(&image);
    } else {
        must(memcmp(&error, &other, sizeof(error)) == 0);
        must(image.struct_size == 0 && again.struct_size == 0);
        check_error(status, &error);
    }
    check_sections(&source);
    free(room.segments);
    free(room.notes);
    free(room.entries);
    return 0;
}
