/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Room for the core: zp_inspect and zp_plan_make get arrays that hold any real image, and longer ones as
 * often as they ask. What an image may ask for is bounded by its own size, and by ARRAY_MAX elements, past
 * which the core's ZP_ERR_ROOM is the answer.
 */
#include "host.h"

#include <errno.h>
#include <stdlib.h>

#define ARRAY_MAX ((size_t)1 << 22)

/*
 * Makes room for what *error wants of one array. 0; ENOMEM; or ZP_ERR_ROOM when that is more than we give or
 * no more than there was.
 */
static int grow(void **array, size_t *capacity, size_t element, const struct zp_error *error)
{
    size_t wanted = 2 * *capacity;
    void *longer;

    if (error->value > ARRAY_MAX || error->value <= *capacity)
        return ZP_ERR_ROOM;
    if (wanted < error->value)
        wanted = (size_t)error->value;
    longer = reallocarray(*array, wanted, element);
    if (!longer)
        return ENOMEM;
    *array = longer;
    *capacity = wanted;
    return 0;
}

/* One array by its name: first room, or longer. */
#define GROW(array, capacity, error) grow((void **)&(array), &(capacity), sizeof(*(array)), error)

static int first(void **array, size_t *capacity, size_t element, size_t count)
{
    *array = calloc(count, element);
    *capacity = *array ? count : 0;
    return *array ? 0 : ENOMEM;
}
#define FIRST(array, capacity, count) first((void **)&(array), &(capacity), sizeof(*(array)), count)

static void free_image_room(struct zp_image_room *room)
{
    free(room->segments);
    free(room->notes);
    free(room->entries);
    *room = (struct zp_image_room){0};
}

static int grow_image_room(struct zp_image_room *room, const struct zp_error *error)
{
    switch (error->field) {
    case ZP_FIELD_SEGMENTS: return GROW(room->segments, room->segment_capacity, error);
    case ZP_FIELD_NOTES: return GROW(room->notes, room->note_capacity, error);
    case ZP_FIELD_ENTRIES: return GROW(room->entries, room->entry_capacity, error);
    }
    return ZP_ERR_ROOM;
}

static int inspect(struct zp_opened_image *opened, struct zp_error *ret_error)
{
    struct zp_image_room *room = &opened->room;
    struct zp_error error = {0};
    int status, grown;

    if (FIRST(room->segments, room->segment_capacity, 64) || FIRST(room->notes, room->note_capacity, 32) ||
        FIRST(room->entries, room->entry_capacity, 12))
        return ENOMEM;
    for (;;) {
        opened->image = (struct zp_image){.struct_size = sizeof(opened->image)};
        status = zp_inspect(&opened->file.source, room, &opened->image, &error);
        grown = status == ZP_ERR_ROOM ? grow_image_room(room, &error) : status;
        if (status == ZP_ERR_ROOM && grown == 0)
            continue;
        if (grown < 0 && ret_error)
            *ret_error = error;
        return grown;
    }
}

int zp_opened_image_open(struct zp_opened_image *ret_opened, const char *name, struct zp_error *ret_error)
{
    int status;

    *ret_opened = (struct zp_opened_image){.file = {.fd = -1}};
    status = zp_file_open(&ret_opened->file, name);
    if (!status)
        status = inspect(ret_opened, ret_error);
    if (status)
        zp_opened_image_close(ret_opened);
    return status;
}

void zp_opened_image_close(struct zp_opened_image *opened)
{
    free_image_room(&opened->room);
    zp_file_close(&opened->file);
    opened->image = (struct zp_image){0};
}

static int grow_plan_room(struct zp_plan_room *room, const struct zp_error *error)
{
    switch (error->field) {
    case ZP_FIELD_SPANS: return GROW(room->spans, room->span_capacity, error);
    case ZP_FIELD_E820: return GROW(room->e820, room->e820_capacity, error);
    case ZP_FIELD_DECISIONS: return GROW(room->decisions, room->decision_capacity, error);
    }
    return ZP_ERR_ROOM;
}

int zp_made_plan_make(struct zp_made_plan *ret_made, const struct zp_image *image,
                      const struct zp_machine *machine, const struct zp_request *request,
                      struct zp_error *ret_error)
{
    struct zp_plan_room *room = &ret_made->room;
    struct zp_error error = {0};
    int status, grown;

    *ret_made = (struct zp_made_plan){0};
    if (FIRST(room->spans, room->span_capacity, 64) || FIRST(room->e820, room->e820_capacity, 160) ||
        FIRST(room->decisions, room->decision_capacity, 32)) {
        zp_made_plan_free(ret_made);
        return ENOMEM;
    }
    for (;;) {
        ret_made->plan = (struct zp_plan){.struct_size = sizeof(ret_made->plan)};
        status = zp_plan_make(image, machine, request, room, &ret_made->plan, &error);
        grown = status == ZP_ERR_ROOM ? grow_plan_room(room, &error) : status;
        if (status == ZP_ERR_ROOM && grown == 0)
            continue;
        if (grown < 0 && ret_error)
            *ret_error = error;
        if (grown)
            zp_made_plan_free(ret_made);
        return grown;
    }
}

void zp_made_plan_free(struct zp_made_plan *made)
{
    free(made->room.spans);
    free(made->room.e820);
    free(made->room.decisions);
    *made = (struct zp_made_plan){0};
}
