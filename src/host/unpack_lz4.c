/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lz4, in both frames of lz4's lz4_Frame_format.md. Today's, with those that are to be skipped, is liblz4's
 * affair. The legacy one, which `lz4 -l` writes into a bzImage, is a magic number, then blocks, each a 32-bit
 * size and so many packed bytes, that unpack to 8 MiB, the last of a frame to what is left. There is no end
 * mark: a frame ends with the file or before the next magic number. A size of 0 begins the padding.
 *
 * Legacy blocks go to where they lie when each before them is full, by several threads. Where one is not (no
 * known packer does that, the tools take it) the frame is unpacked again, one block after another.
 */
#include "codec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <lz4.h>
#include <lz4frame.h>

#define MAGIC        UINT32_C(0x184c2102) /* legacy */
#define MAGIC_TODAY  UINT32_C(0x184d2204)
#define MAGIC_SKIP   UINT32_C(0x184d2a50) /* to 5f */
#define BLOCK_SIZE   (UINT64_C(8) << 20)
#define TODAY_MEMORY (UINT64_C(8) << 20) /* two blocks of the largest kind */

static bool is_today(uint32_t magic)
{
    return magic == MAGIC_TODAY || (magic & UINT32_C(0xfffffff0)) == MAGIC_SKIP;
}

/* ---- today's frame ------------------------------------------------------------------------------------- */

static int step(void *codec, struct zp_window *window, struct zp_stream *stream, struct zp_error *ret_error)
{
    size_t taken = window->in_size, given = window->out_size;
    size_t result = LZ4F_decompress(codec, window->out, &given, window->in, &taken, NULL);

    (void)stream;
    (void)ret_error;
    if (LZ4F_isError(result)) /* by the only way to tell them apart */
        return strcmp(LZ4F_getErrorName(result), "ERROR_allocation_failed") == 0 ? ENOMEM : ZP_ERR_STREAM;
    window->in += taken;
    window->in_size -= taken;
    window->out += given;
    window->out_size -= given;
    return result == 0 ? ZP_PUMP_END : ZP_PUMP_MORE;
}

static int unpack_today(struct zp_stream *stream, uint64_t *at, struct zp_error *ret_error)
{
    LZ4F_dctx *decoder;
    int status;

    if (stream->memory_limit < TODAY_MEMORY)
        return zp_stream_memory(stream, TODAY_MEMORY, ret_error);
    if (LZ4F_isError(LZ4F_createDecompressionContext(&decoder, LZ4F_VERSION)))
        return ENOMEM;
    status = zp_stream_pump(stream, at, step, decoder, ret_error);
    LZ4F_freeDecompressionContext(decoder);
    return status;
}

/* ---- the legacy frame ---------------------------------------------------------------------------------- */

struct frame {
    struct zp_block_run run;
    uint64_t at;       /* of the next block's size */
    uint64_t end;      /* of what came out, as far as is known */
    bool in_turn;      /* a block goes where the one before it ended */
    uint64_t short_at; /* the least place after a block that was not full, or UINT64_MAX */
};

/* Nothing but padding follows, or it is an error. */
static int end_frame(struct frame *frame, struct zp_error *ret_error)
{
    struct zp_stream *stream = frame->run.stream;
    bool part = stream->size - frame->at < sizeof(uint32_t);
    int status = zp_stream_padding(stream, frame->at, frame->run.to, ret_error);

    frame->at = stream->size;
    if (status == ZP_ERR_STREAM && part)
        return zp_stream_cut(stream, ret_error);
    return status ? status : ZP_BLOCK_END;
}

static int next_block(struct zp_block_run *run, struct zp_block *ret_block, struct zp_error *ret_error)
{
    struct frame *frame = (struct frame *)run;
    struct zp_stream *stream = run->stream;
    uint64_t rest = stream->size - frame->at;
    uint32_t size;
    int status;

    if (frame->in_turn)
        run->to = frame->end;
    if (rest < sizeof(size))
        return end_frame(frame, ret_error);
    if ((status = zp_stream_fetch(stream, frame->at + sizeof(size), ret_error)))
        return status;
    memcpy(&size, stream->packed + frame->at, sizeof(size));
    if (size == MAGIC || is_today(size))
        return ZP_BLOCK_END;
    if (size == 0)
        return end_frame(frame, ret_error);
    if (size > (uint32_t)LZ4_COMPRESSBOUND(BLOCK_SIZE))
        return zp_stream_spoiled(stream, run->to, ret_error);
    if (size > rest - sizeof(size))
        return zp_stream_cut(stream, ret_error);
    if ((status = zp_stream_fetch(stream, frame->at + sizeof(size) + size, ret_error)))
        return status;
    *ret_block = (struct zp_block){.at = frame->at + sizeof(size), .size = size, .to = run->to};
    frame->at += sizeof(size) + size;
    run->to += BLOCK_SIZE;
    return 0;
}

/* The block did not fit into what is left of the room: is it sound? */
static int judge(const struct zp_stream *stream, const struct zp_block *block, struct zp_error *ret_error)
{
    char *scratch = malloc(BLOCK_SIZE);
    int made;

    if (!scratch)
        return ENOMEM;
    made = LZ4_decompress_safe((const char *)stream->packed + block->at, scratch, (int)block->size,
                               (int)BLOCK_SIZE);
    free(scratch);
    if (made < 0)
        return zp_stream_spoiled(stream, block->to, ret_error);
    return zp_stream_too_large(stream, block->to + (uint64_t)made, ret_error);
}

static int decode_block(struct zp_block_run *run, struct zp_block *block, struct zp_error *ret_error)
{
    const struct zp_stream *stream = run->stream;
    uint64_t left = block->to < stream->room ? stream->room - block->to : 0;
    uint64_t room = left < BLOCK_SIZE ? left : BLOCK_SIZE;
    char *out = (char *)stream->out + (left ? block->to : 0);
    int made =
        LZ4_decompress_safe((const char *)stream->packed + block->at, out, (int)block->size, (int)room);

    if (made < 0)
        return room < BLOCK_SIZE ? judge(stream, block, ret_error)
                                 : zp_stream_spoiled(stream, block->to, ret_error);
    block->unpacked = (uint64_t)made;
    return 0;
}

static void finish_block(struct zp_block_run *run, const struct zp_block *block)
{
    struct frame *frame = (struct frame *)run;

    run->stream->done += block->unpacked;
    if (block->to + block->unpacked > frame->end)
        frame->end = block->to + block->unpacked;
    if (block->unpacked != BLOCK_SIZE && block->to < frame->short_at)
        frame->short_at = block->to;
}

static int unpack_frame(struct zp_stream *stream, uint64_t *at, unsigned threads, struct zp_error *ret_error)
{
    struct frame frame = {.run = {.stream = stream,
                                  .next = next_block,
                                  .decode = decode_block,
                                  .finished = finish_block,
                                  .to = stream->done},
                          .at = *at + sizeof(uint32_t),
                          .end = stream->done,
                          .in_turn = threads == 1,
                          .short_at = UINT64_MAX};
    uint64_t done = stream->done;
    int status = zp_block_run(&frame.run, threads, ret_error);

    /* A block that was not full, and something after it. */
    if (threads > 1 && frame.short_at != UINT64_MAX &&
        (status || frame.run.to - frame.short_at > BLOCK_SIZE)) {
        stream->done = done;
        return unpack_frame(stream, at, 1, ret_error);
    }
    *at = frame.at;
    return status;
}

int zp_codec_lz4(struct zp_stream *stream, struct zp_error *ret_error)
{
    unsigned threads = stream->threads;
    uint64_t at = 0, left;
    uint32_t magic;
    int status;

    do {
        left = stream->size - at < sizeof(magic) ? stream->size - at : sizeof(magic);
        if ((status = zp_stream_fetch(stream, at + left, ret_error)))
            return status;
        if (left < sizeof(magic))
            return at > 0 && stream->packed[at] == 0 ? zp_stream_padding(stream, at, stream->done, ret_error)
                                                     : zp_stream_cut(stream, ret_error);
        memcpy(&magic, stream->packed + at, sizeof(magic));
        if (magic != MAGIC && !is_today(magic))
            return at > 0 ? zp_stream_padding(stream, at, stream->done, ret_error)
                          : zp_stream_spoiled(stream, stream->done, ret_error);
        status = magic == MAGIC ? unpack_frame(stream, &at, threads, ret_error)
                                : unpack_today(stream, &at, ret_error);
        if (status)
            return status;
        threads = 1; /* frames are as many as the file likes, threads are not */
    } while (at < stream->size);
    return 0;
}
