/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of zp_inspect share: a generated image with room for what is found in it, and mangle
 * tables. A mangle spoils one field of a valid image and names the one error that must come of it, at that
 * field unless it says otherwise.
 */
#ifndef ZP_TESTS_INSPECTING_H
#define ZP_TESTS_INSPECTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <zeropage/zeropage.h>

#include "gen.h"

struct inspecting {
    struct zp_segment segments[8];
    struct zp_note notes[8];
    struct zp_entry entries[8];
    struct zp_image_room room;
    struct zp_memory_source memory;
    struct zp_image image;
    struct zp_error error;
    int status;
};

static inline int inspect_bytes(struct inspecting *in, const void *bytes, size_t size)
{
    memset(in, 0, sizeof(*in));
    in->room = (struct zp_image_room){in->segments, 8, in->notes, 8, in->entries, 8};
    zp_memory_source_init(&in->memory, bytes, size);
    in->status = zp_inspect(&in->memory.source, &in->room, &in->image, NULL); /* nobody must want the error */
    assert_int_equal(zp_inspect(&in->memory.source, &in->room, &in->image, &in->error), in->status);
    return in->status;
}

static inline int inspect(struct inspecting *in, const struct gen_image *image)
{
    return inspect_bytes(in, image->bytes, image->size);
}

/* The image is accepted; returns its entry of that protocol, which must be sound. */
static inline const struct zp_entry *sound(struct inspecting *in, const struct gen_image *image,
                                           uint32_t protocol)
{
    const struct zp_entry *entry;

    if (inspect(in, image) != ZP_OK)
        fail_msg("%s %s at %llx", zp_status_name(in->status), zp_field_name(in->error.field),
                 (unsigned long long)in->error.offset);
    entry = zp_image_entry(&in->image, protocol);
    if (!entry)
        fail_msg("no sound entry %s", zp_protocol_name(protocol));
    return entry;
}

/* The entry of that protocol, faulty or not. */
static inline const struct zp_entry *offered(const struct inspecting *in, uint32_t protocol)
{
    for (size_t i = 0; i < in->image.entry_count; i++)
        if (in->entries[i].protocol == protocol)
            return &in->entries[i];
    return NULL;
}

static inline void assert_protocols(const struct inspecting *in, uint32_t expected)
{
    assert_int_equal(zp_image_protocols(&in->image), expected);
}

#define OFFERS(protocol) (UINT32_C(1) << ZP_PROTOCOL_##protocol)
#define OFFERS_LINUX     (OFFERS(LINUX16) | OFFERS(LINUX32) | OFFERS(LINUX64))

struct mangle {
    const char *name;
    size_t offset; /* of the spoiled field */
    size_t size;
    uint64_t value;
    int code; /* ZP_OK: still accepted */
    uint32_t field;
    uint32_t protocol; /* 0: the image is refused; else this entry is faulty, and the image accepted */
    size_t at;         /* offset of the error; 0: that of the spoiled field */
};

static inline void mangle_one(const struct gen_image *valid, const struct mangle *mangle)
{
    struct gen_image spoiled = {0};
    struct inspecting in;
    const struct zp_error *error = &in.error;
    const struct zp_entry *entry;

    gen_resize(&spoiled, valid->size);
    memcpy(spoiled.bytes, valid->bytes, valid->size);
    gen_poke(&spoiled, mangle->offset, mangle->size, mangle->value);
    inspect(&in, &spoiled);
    if (mangle->protocol || mangle->code == ZP_OK) {
        if (in.status != ZP_OK)
            fail_msg("%s: refused: %s %s", mangle->name, zp_status_name(in.status),
                     zp_field_name(in.error.field));
        entry = offered(&in, mangle->protocol);
        if (mangle->protocol && !entry)
            fail_msg("%s: no entry", mangle->name);
        error = mangle->protocol ? &entry->fault : &in.error;
    }
    if (error->code != mangle->code || error->field != mangle->field ||
        (error->code != ZP_OK && error->offset != (mangle->at ? mangle->at : mangle->offset)))
        fail_msg("%s: %s %s at 0x%llx, value 0x%llx", mangle->name, zp_status_name(error->code),
                 zp_field_name(error->field), (unsigned long long)error->offset,
                 (unsigned long long)error->value);
    gen_free(&spoiled);
}

/* Spoils each in turn; the valid image is accepted first, so that it is the spoiling that is refused. */
static inline void mangle_all(const struct gen_image *valid, const struct mangle *mangles, size_t count)
{
    struct inspecting in;

    assert_int_equal(inspect(&in, valid), ZP_OK);
    for (size_t i = 0; i < count; i++)
        mangle_one(valid, &mangles[i]);
}

#define MANGLE_ALL(valid, mangles) mangle_all((valid), (mangles), sizeof(mangles) / sizeof((mangles)[0]))

#endif
