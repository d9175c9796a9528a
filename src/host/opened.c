/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opens a file down to its kernel: unpacks a compressed one, takes .linux out of a UKI, inspects, and, when
 * asked, unpacks the ELF in a bzImage's payload and inspects that. One compressed file and one UKI on the
 * way are followed, so that nothing nests without end; of every stream only so much comes out as a bound
 * allows. Linux Documentation/x86/boot, "payload_offset"; UAPI "Unified Kernel Image".
 *
 * Room for the core: zp_inspect and zp_plan_make get arrays that hold any real image, and longer ones as
 * often as they ask. What an image may ask for is bounded by its own size, and by ARRAY_MAX elements, past
 * which the core's ZP_ERR_ROOM is the answer.
 */
#include "opened.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* What the core could not describe: nothing is known of the image. */
static bool undescribed(int status)
{
    return status > 0 || status == ZP_ERR_READ || status == ZP_ERR_ROOM;
}

/* 0, ENOMEM or what zp_inspect answers; then the room is free again, unless the image is to be described. */
static int inspect(const struct zp_file *file, bool examine, struct zp_image_room *room,
                   struct zp_image *ret_image, struct zp_error *ret_error)
{
    struct zp_error error = {0};
    int status, grown;

    *room = (struct zp_image_room){0};
    if (FIRST(room->segments, room->segment_capacity, 64) || FIRST(room->notes, room->note_capacity, 32) ||
        FIRST(room->entries, room->entry_capacity, 12)) {
        free_image_room(room);
        return ENOMEM;
    }
    for (;;) {
        *ret_image = (struct zp_image){.struct_size = sizeof(*ret_image)};
        status = (examine ? zp_examine : zp_inspect)(&file->source, room, ret_image, &error);
        grown = status == ZP_ERR_ROOM ? grow_image_room(room, &error) : status;
        if (status == ZP_ERR_ROOM && grown == 0)
            continue;
        if (grown && (!examine || undescribed(grown)))
            free_image_room(room);
        if (grown < 0)
            *ret_error = error;
        return grown;
    }
}

/* Through the cache, and with a last word to whoever shows progress. */
static int run_unpack(struct zp_unpack *unpack, const struct zp_opening *opening,
                      struct zp_opened_image *opened, struct zp_file *ret_file, bool *ret_hit,
                      struct zp_error *ret_error)
{
    int status, cache_error = 0;

    unpack->progress = opening->progress;
    unpack->progress_context = opening->progress_context;
    status = zp_cache_unpack(opening->cache, unpack, ret_file, ret_hit, &cache_error, ret_error);
    if (cache_error)
        opened->cache_error = cache_error;
    /* Neither the file nor RAM, but what a file of this process may have (RLIMIT_FSIZE). */
    if (status == ZP_ERR_TOO_LARGE && ret_error->limit < unpack->limit)
        status = EFBIG;
    if (opening->progress)
        opening->progress(opening->progress_context, 0, 0);
    return status;
}

static int unpack_file(struct zp_opened_image *opened, const struct zp_file *file, uint32_t compression,
                       const struct zp_opening *opening, struct zp_error *ret_error)
{
    struct zp_unpack unpack = {.source = &file->source,
                               .length = file->source.size,
                               .compression = compression,
                               .limit = ZP_OPENING_LIMIT};
    bool hit = false;
    int status = run_unpack(&unpack, opening, opened, &opened->unpacked, &hit, ret_error);

    if (status == 0) {
        opened->compression = compression;
        zp_inside_enter(opened->inside, "unpacked");
    }
    return status;
}

static int open_uki(struct zp_opened_image *opened, const struct zp_file *file, struct zp_error *ret_error)
{
    int status = zp_uki_open(&opened->uki, file, ret_error);

    opened->uki.pe = opened->image.pe;
    opened->uki.packed = opened->compression != ZP_COMPRESSION_NONE;
    if (status == 0)
        status = zp_file_section(&opened->linux_file, file, opened->uki.linux_offset, opened->uki.linux_size);
    if (status == 0)
        zp_inside_enter(opened->inside, ".linux");
    return status;
}

static int follow(struct zp_opened_image *opened, const struct zp_opening *opening,
                  struct zp_error *ret_error)
{
    const struct zp_file *file = &opened->file;

    for (;;) {
        int status;

        free_image_room(&opened->room);
        status = inspect(file, opening->examine, &opened->room, &opened->image, ret_error);
        if (status == ZP_ERR_COMPRESSED && !opened->compression) {
            status = unpack_file(opened, file, (uint32_t)ret_error->value, opening, ret_error);
            file = &opened->unpacked;
        } else if (status == ZP_ERR_UKI && !opened->uki.present) {
            status = open_uki(opened, file, ret_error);
            file = &opened->linux_file;
        } else
            return status;
        if (status)
            return status;
    }
}

int zp_opened_image_open(struct zp_opened_image *opened, const char *name, const struct zp_opening *opening,
                         struct zp_error *ret_error)
{
    static const struct zp_opening plain = {0};
    struct zp_error error = {0};
    int status;

    *opened = (struct zp_opened_image){0};
    status = zp_file_open(&opened->file, name);
    if (status == 0)
        status = follow(opened, opening ? opening : &plain, &error);
    if (status == 0)
        return 0;
    if (status < 0 && ret_error)
        *ret_error = error;
    if (opening && opening->examine && !undescribed(status)) {
        opened->refusal = error;
        return 0;
    }
    zp_opened_image_close(opened);
    return status;
}

void zp_opened_image_close(struct zp_opened_image *opened)
{
    free_image_room(&opened->inner.room);
    zp_file_close(&opened->inner.file);
    free_image_room(&opened->room);
    zp_file_close(&opened->linux_file);
    zp_uki_close(&opened->uki);
    zp_file_close(&opened->unpacked);
    zp_file_close(&opened->file);
    opened->inner = (struct zp_inner_image){0};
    opened->image = (struct zp_image){0};
}

const struct zp_file *zp_opened_image_uki_file(const struct zp_opened_image *opened)
{
    return opened->uki.present && opened->uki.packed ? &opened->unpacked : &opened->file;
}

static int say_no(struct zp_error *ret_error, int code, uint32_t field, uint64_t offset, uint64_t value)
{
    *ret_error = (struct zp_error){.code = code, .field = field, .offset = offset, .value = value};
    return code;
}

/* More RAM helps where RAM is the bound, and nowhere else: that is an error of its own. */
static int unpack_within(struct zp_opened_image *opened, struct zp_unpack *unpack,
                         const struct zp_opening *opening)
{
    struct zp_inner_image *inner = &opened->inner;
    uint64_t init_size = opened->image.bzimage.header.init_size;
    bool by_init_size = init_size && init_size < unpack->limit;
    int status;

    if (by_init_size)
        unpack->limit = init_size;
    status = run_unpack(unpack, opening, opened, &inner->file, &inner->cached, &inner->error);
    if (status == ZP_ERR_TOO_LARGE && opening->limit && !by_init_size)
        status = inner->error.code = ZP_ERR_NO_SPACE;
    return status;
}

static int unpack_payload(struct zp_opened_image *opened, const struct zp_opening *opening)
{
    const struct zp_bzimage *bzimage = &opened->image.bzimage;
    struct zp_inner_image *inner = &opened->inner;
    struct zp_unpack unpack = {.source = opened->image.source,
                               .offset = bzimage->payload_offset,
                               .length = bzimage->payload_length,
                               .compression = bzimage->payload_compression,
                               .has_size = true,
                               .limit = opening->limit ? opening->limit : ZP_OPENING_LIMIT};

    if (bzimage->payload_compression == ZP_COMPRESSION_NONE)
        return say_no(&inner->error, ZP_ERR_NO_PAYLOAD, ZP_FIELD_PAYLOAD_OFFSET,
                      ZP_BOOT_PARAMS_HDR_PAYLOAD_OFFSET, bzimage->version);
    return unpack_within(opened, &unpack, opening);
}

static int open_inner(struct zp_opened_image *opened, const struct zp_opening *opening)
{
    struct zp_inner_image *inner = &opened->inner;
    int status;

    memcpy(inner->inside, opened->inside, sizeof(inner->inside));
    status = unpack_payload(opened, opening);
    if (status)
        return status;
    zp_inside_enter(inner->inside, "payload");
    status = inspect(&inner->file, false, &inner->room, &inner->image, &inner->error);
    if (status || inner->image.elf.class_bits)
        return status;
    free_image_room(&inner->room);
    return say_no(&inner->error, ZP_ERR_FORMAT, ZP_FIELD_MAGIC, 0, 0);
}

int zp_opened_image_direct(struct zp_opened_image *opened, const struct zp_opening *opening,
                           struct zp_error *ret_error)
{
    static const struct zp_opening plain = {0};
    struct zp_inner_image *inner = &opened->inner;

    if (!inner->tried) {
        inner->tried = true;
        inner->status = open_inner(opened, opening ? opening : &plain);
        if (inner->status)
            zp_file_close(&inner->file);
    }
    if (inner->status < 0 && ret_error)
        *ret_error = inner->error;
    return inner->status;
}

const char *zp_opened_image_cache_why(const struct zp_opened_image *opened)
{
    if (opened->cache_error == EFBIG)
        return "the unpacked kernel is larger than --cache-size, or than a file may be here";
    return opened->cache_error ? strerror(opened->cache_error) : NULL;
}

void zp_inside_enter(char *inside, const char *what)
{
    size_t used = strlen(inside);

    snprintf(inside + used, ZP_INSIDE_SIZE - used, "%s%s", used ? ": " : "", what);
}

char *zp_inside_name(const char *name, const char *inside, char *text, size_t text_size)
{
    snprintf(text, text_size, "%s%s%s", name, name[0] && inside[0] ? ": " : "", inside);
    return text;
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
