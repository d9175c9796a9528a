/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zp_inspect on any bytes. What must hold: no read at or past the file's end and none of 0 bytes; an error
 * says its code and a known field; an accepted image has a sound entry, and each sound entry's segments lie
 * inside the arrays, the file and the address space, in order and apart, with the entry in one of them; the
 * room that an error asks for is enough in the end; asked again, the answer is the same.
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
    free(room.segments);
    free(room.notes);
    free(room.entries);
    return 0;
}
