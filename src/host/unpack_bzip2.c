/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bzip2: streams one after another. The digit of a stream's header tells the memory that it needs, 3.7 MB at
 * most.
 */
#include "codec.h"

#include <errno.h>

#include <bzlib.h>

#define DIGIT 3 /* its offset in the header */

static int step(void *codec, struct zp_window *window, struct zp_stream *stream, struct zp_error *ret_error)
{
    bz_stream *decoder = codec;
    size_t room = window->out_size > UINT32_MAX ? UINT32_MAX : window->out_size;
    int result;

    (void)stream;
    (void)ret_error;
    decoder->next_in = (char *)window->in;
    decoder->avail_in = (unsigned)window->in_size;
    decoder->next_out = (char *)window->out;
    decoder->avail_out = (unsigned)room;
    result = BZ2_bzDecompress(decoder);
    window->in = (const uint8_t *)decoder->next_in;
    window->in_size = decoder->avail_in;
    window->out_size -= room - decoder->avail_out;
    window->out = (uint8_t *)decoder->next_out;
    switch (result) {
    case BZ_OK: return ZP_PUMP_MORE;
    case BZ_STREAM_END: return ZP_PUMP_END;
    case BZ_MEM_ERROR: return ENOMEM;
    }
    return ZP_ERR_STREAM;
}

/* What bzip2's manual says ("memory management"): 100 kB, and 400 kB a step of the digit. */
static int check_memory(struct zp_stream *stream, uint64_t at, struct zp_error *ret_error)
{
    uint64_t wanted;
    int status;

    if (stream->size - at <= DIGIT)
        return 0; /* cut, as the decoder will say */
    if ((status = zp_stream_fetch(stream, at + DIGIT + 1, ret_error)))
        return status;
    wanted = 100000 + 400000 * (uint64_t)(stream->packed[at + DIGIT] & 0xf);
    return wanted > stream->memory_limit ? zp_stream_memory(stream, wanted, ret_error) : 0;
}

static int unpack_stream(struct zp_stream *stream, uint64_t *at, struct zp_error *ret_error)
{
    bz_stream decoder = {0};
    int status = check_memory(stream, *at, ret_error);

    if (status)
        return status;
    if (BZ2_bzDecompressInit(&decoder, 0, 0) != BZ_OK)
        return ENOMEM;
    status = zp_stream_pump(stream, at, step, &decoder, ret_error);
    BZ2_bzDecompressEnd(&decoder);
    return status;
}

int zp_codec_bzip2(struct zp_stream *stream, struct zp_error *ret_error)
{
    uint64_t at = 0;
    int status;

    do {
        if ((status = unpack_stream(stream, &at, ret_error)) ||
            (at < stream->size && (status = zp_stream_fetch(stream, at + 1, ret_error))))
            return status;
        if (at < stream->size && stream->packed[at] == 0)
            return zp_stream_padding(stream, at, stream->done, ret_error);
    } while (at < stream->size);
    return 0;
}
