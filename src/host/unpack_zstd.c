/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zstd, RFC 8878: frames one after another, skippable ones among them. Each frame is decoded at one go into
 * its place, which needs no window of the decoder's own: however large a window a frame claims, memory does
 * not grow with it. memory_limit has nothing to bound here; a window that the library does not know is told
 * as memory all the same.
 */
#include "codec.h"

#include <errno.h>
#include <string.h>

#include <zstd.h>
#include <zstd_errors.h>

#define SKIPPABLE_MASK    UINT32_C(0xfffffff0)
#define WINDOW_DESCRIPTOR 5 /* its offset in the frame */

/* Window_Descriptor: exponent and mantissa, behind the frame's header descriptor. */
static uint64_t window_of(const uint8_t *frame)
{
    uint64_t base = UINT64_C(1) << (10 + (frame[WINDOW_DESCRIPTOR] >> 3));

    return base + base / 8 * (frame[WINDOW_DESCRIPTOR] & 7);
}

static int answer(const struct zp_stream *stream, const uint8_t *frame, size_t result,
                  struct zp_error *ret_error)
{
    switch (ZSTD_getErrorCode(result)) {
    case ZSTD_error_frameParameter_windowTooLarge:
        return zp_stream_memory(stream, window_of(frame), ret_error);
    case ZSTD_error_srcSize_wrong: return zp_stream_cut(stream, ret_error);
    case ZSTD_error_dstSize_tooSmall: return zp_stream_too_large(stream, stream->room + 1, ret_error);
    case ZSTD_error_memory_allocation: return ENOMEM;
    default: return zp_stream_spoiled(stream, stream->done, ret_error);
    }
}

/* The frame at packed[*at]. */
static int unpack_frame(ZSTD_DCtx *decoder, struct zp_stream *stream, uint64_t *at,
                        struct zp_error *ret_error)
{
    const uint8_t *in = stream->packed + *at;
    uint64_t room = stream->room - stream->done;
    size_t rest = (size_t)(stream->size - *at);
    unsigned long long content = ZSTD_getFrameContentSize(in, rest);
    size_t size, made;

    if (content < ZSTD_CONTENTSIZE_ERROR && content > room)
        return zp_stream_too_large(
            stream, content > UINT64_MAX - stream->done ? UINT64_MAX : stream->done + content, ret_error);
    size = ZSTD_findFrameCompressedSize(in, rest);
    if (ZSTD_isError(size))
        return answer(stream, in, size, ret_error);
    made = ZSTD_decompressDCtx(decoder, stream->out + stream->done, (size_t)room, in, size);
    if (ZSTD_isError(made))
        return answer(stream, in, made, ret_error);
    stream->done += made;
    *at += size;
    return 0;
}

static int unpack_frames(ZSTD_DCtx *decoder, struct zp_stream *stream, struct zp_error *ret_error)
{
    uint64_t at = 0;
    uint32_t magic;
    int status;

    do {
        if (stream->size - at < sizeof(magic))
            return at > 0 && stream->packed[at] == 0 ? zp_stream_padding(stream, at, stream->done, ret_error)
                                                     : zp_stream_cut(stream, ret_error);
        memcpy(&magic, stream->packed + at, sizeof(magic));
        if (magic != ZSTD_MAGICNUMBER && (magic & SKIPPABLE_MASK) != ZSTD_MAGIC_SKIPPABLE_START)
            return at > 0 ? zp_stream_padding(stream, at, stream->done, ret_error)
                          : zp_stream_spoiled(stream, 0, ret_error);
        if ((status = unpack_frame(decoder, stream, &at, ret_error)))
            return status;
        zp_stream_progress(stream);
    } while (at < stream->size);
    return 0;
}

int zp_codec_zstd(struct zp_stream *stream, struct zp_error *ret_error)
{
    ZSTD_DCtx *decoder;
    int status = zp_stream_fetch(stream, stream->size, ret_error);

    if (status)
        return status;
    if (!(decoder = ZSTD_createDCtx()))
        return ENOMEM;
    status = unpack_frames(decoder, stream, ret_error);
    ZSTD_freeDCtx(decoder);
    return status;
}
