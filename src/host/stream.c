/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the decoders share: packed bytes as they are wanted, progress, padding, errors, and the loop around a
 * decoder that takes some bytes and gives some. Packed bytes are read by the source and never mapped from a
 * file that may be cut; a stable one was mapped by unpack.c and is all there.
 */
#include "codec.h"

#include <time.h>

#define PIECE          (UINT64_C(1) << 20) /* read at a time */
#define STEP           (UINT64_C(1) << 18) /* decoded at a time */
#define IDLE_MAX       2u                  /* steps in a row that neither take nor give */
#define PADDING_MAX    (UINT64_C(1) << 20)
#define PROGRESS_EVERY UINT64_C(50000000) /* nanoseconds */

static int error_at(const struct zp_stream *stream, int code, uint32_t field, uint64_t value, uint64_t limit,
                    struct zp_error *ret_error)
{
    *ret_error = (struct zp_error){
        .code = code, .field = field, .offset = stream->asked->offset, .value = value, .limit = limit};
    return code;
}

int zp_stream_spoiled(const struct zp_stream *stream, uint64_t done, struct zp_error *ret_error)
{
    return error_at(stream, ZP_ERR_STREAM, ZP_FIELD_PAYLOAD, stream->asked->compression, done, ret_error);
}

int zp_stream_cut(const struct zp_stream *stream, struct zp_error *ret_error)
{
    uint64_t end = stream->asked->offset + stream->size;

    return error_at(stream, ZP_ERR_TRUNCATED, ZP_FIELD_PAYLOAD, end + 1, end, ret_error);
}

int zp_stream_too_large(const struct zp_stream *stream, uint64_t least, struct zp_error *ret_error)
{
    return error_at(stream, ZP_ERR_TOO_LARGE, ZP_FIELD_PAYLOAD, least, stream->room, ret_error);
}

int zp_stream_wrong_size(const struct zp_stream *stream, uint64_t done, uint64_t said,
                         struct zp_error *ret_error)
{
    return error_at(stream, ZP_ERR_UNPACKED_SIZE, ZP_FIELD_PAYLOAD_SIZE, done, said, ret_error);
}

int zp_stream_memory(const struct zp_stream *stream, uint64_t wanted, struct zp_error *ret_error)
{
    return error_at(stream, ZP_ERR_UNPACK_MEMORY, ZP_FIELD_PAYLOAD, wanted, stream->memory_limit, ret_error);
}

int zp_stream_fetch(struct zp_stream *stream, uint64_t end, struct zp_error *ret_error)
{
    const struct zp_unpack *asked = stream->asked;
    uint64_t size;
    int answer;

    if (end <= stream->fetched)
        return 0;
    /* Whole pieces, so that many small wishes make few reads. */
    size = end - stream->fetched < PIECE ? PIECE : end - stream->fetched;
    if (size > stream->size - stream->fetched)
        size = stream->size - stream->fetched;
    answer = asked->source->read(asked->source->context, asked->offset + stream->fetched,
                                 (uint8_t *)stream->packed + stream->fetched, (size_t)size);
    if (answer != 0) {
        *ret_error = (struct zp_error){.code = ZP_ERR_READ,
                                       .field = ZP_FIELD_PAYLOAD,
                                       .offset = asked->offset + stream->fetched,
                                       .value = size,
                                       .limit = (uint64_t) - (int64_t)answer};
        return ZP_ERR_READ;
    }
    stream->fetched += size;
    return 0;
}

void zp_stream_progress(struct zp_stream *stream)
{
    struct timespec time;
    uint64_t now;

    if (!stream->asked->progress)
        return;
    clock_gettime(CLOCK_MONOTONIC, &time);
    now = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
    if (now - stream->reported < PROGRESS_EVERY)
        return;
    stream->reported = now;
    stream->asked->progress(stream->asked->progress_context, stream->done, stream->total);
}

int zp_stream_padding(struct zp_stream *stream, uint64_t at, uint64_t done, struct zp_error *ret_error)
{
    int status;

    if (stream->size - at > PADDING_MAX)
        return zp_stream_spoiled(stream, done, ret_error);
    if ((status = zp_stream_fetch(stream, stream->size, ret_error)))
        return status;
    for (; at < stream->size; at++)
        if (stream->packed[at] != 0)
            return zp_stream_spoiled(stream, done, ret_error);
    return 0;
}

/* The next piece of input from `at` on, and the room that is left, or one byte that must not be filled. */
static int open_window(struct zp_stream *stream, uint64_t at, uint8_t *spare, struct zp_window *ret_window,
                       struct zp_error *ret_error)
{
    uint64_t end = stream->size - at < STEP ? stream->size : at + STEP;
    bool full = stream->done == stream->room;
    int status = zp_stream_fetch(stream, end, ret_error);

    *ret_window = (struct zp_window){.in = stream->packed + at,
                                     .in_size = (size_t)(end - at),
                                     .out = full ? spare : stream->out + stream->done,
                                     .out_size = full ? 1 : (size_t)(stream->room - stream->done),
                                     .last = end == stream->size};
    return status;
}

int zp_stream_pump(struct zp_stream *stream, uint64_t *at, zp_pump_step *step, void *codec,
                   struct zp_error *ret_error)
{
    struct zp_window window;
    uint64_t taken, given;
    uint8_t spare[1];
    unsigned idle = 0;
    size_t room;
    int status;

    for (;;) {
        if ((status = open_window(stream, *at, spare, &window, ret_error)))
            return status;
        taken = window.in_size;
        room = window.out_size;
        status = step(codec, &window, stream, ret_error);
        taken -= window.in_size;
        given = room - window.out_size;
        if (given > 0 && stream->done == stream->room)
            return zp_stream_too_large(stream, stream->room + 1, ret_error);
        *at += taken;
        stream->done += given;
        if (status == ZP_PUMP_END)
            return 0;
        if (status == ZP_ERR_STREAM)
            return zp_stream_spoiled(stream, stream->done, ret_error);
        if (status != ZP_PUMP_MORE)
            return status;
        idle = taken == 0 && given == 0 ? idle + 1 : 0;
        if (idle > IDLE_MAX)
            return *at == stream->size ? zp_stream_cut(stream, ret_error)
                                       : zp_stream_spoiled(stream, stream->done, ret_error);
        zp_stream_progress(stream);
    }
}
