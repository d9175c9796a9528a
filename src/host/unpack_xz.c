/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xz and the older .lzma, by liblzma, filters for x86 code included. The dictionary, up to 4 GiB by what the
 * stream says, is the memory that memory_limit bounds. A file of several xz blocks that tell their sizes
 * (xz -T) uses all threads, where memory allows; a kernel's is one block.
 */
#include "codec.h"

#include <errno.h>
#include <string.h>

#include <lzma.h>

#define LZMA_HEADER_SIZE  13 /* properties, dictionary, unpacked size */
#define LZMA_SIZE_OFFSET  5
#define LZMA_SIZE_UNKNOWN UINT64_MAX

static int step(void *codec, struct zp_window *window, struct zp_stream *stream, struct zp_error *ret_error)
{
    lzma_stream *decoder = codec;
    lzma_ret result;

    decoder->next_in = window->in;
    decoder->avail_in = window->in_size;
    decoder->next_out = window->out;
    decoder->avail_out = window->out_size;
    result = lzma_code(decoder, window->last ? LZMA_FINISH : LZMA_RUN);
    window->in = decoder->next_in;
    window->in_size = decoder->avail_in;
    window->out = decoder->next_out;
    window->out_size = decoder->avail_out;
    switch (result) {
    case LZMA_OK:
    case LZMA_BUF_ERROR: return ZP_PUMP_MORE;
    case LZMA_STREAM_END: return ZP_PUMP_END;
    case LZMA_MEM_ERROR: return ENOMEM;
    case LZMA_MEMLIMIT_ERROR: return zp_stream_memory(stream, lzma_memusage(decoder), ret_error);
    default: return ZP_ERR_STREAM;
    }
}

static lzma_ret begin_xz(lzma_stream *decoder, const struct zp_stream *stream, unsigned threads)
{
    lzma_mt options = {.flags = LZMA_CONCATENATED,
                       .threads = threads,
                       .memlimit_threading = stream->memory_limit,
                       .memlimit_stop = stream->memory_limit};

    if (threads > 1)
        return lzma_stream_decoder_mt(decoder, &options);
    return lzma_stream_decoder(decoder, stream->memory_limit, LZMA_CONCATENATED);
}

static int unpack_xz(struct zp_stream *stream, unsigned threads, struct zp_error *ret_error)
{
    lzma_stream decoder = LZMA_STREAM_INIT;
    uint64_t at = 0;
    int status;

    if (begin_xz(&decoder, stream, threads) != LZMA_OK)
        return ENOMEM;
    status = zp_stream_pump(stream, &at, step, &decoder, ret_error);
    lzma_end(&decoder);
    return status;
}

int zp_codec_xz(struct zp_stream *stream, struct zp_error *ret_error)
{
    int status = unpack_xz(stream, stream->threads, ret_error);

    /* With threads, liblzma does not tell how much memory it would have wanted. */
    if (status != ZP_ERR_UNPACK_MEMORY || stream->threads == 1)
        return status;
    stream->done = 0;
    return unpack_xz(stream, 1, ret_error);
}

/* The header of .lzma may tell the unpacked size. */
static int check_size(struct zp_stream *stream, struct zp_error *ret_error)
{
    uint64_t size;
    int status;

    if (stream->size < LZMA_HEADER_SIZE)
        return zp_stream_cut(stream, ret_error);
    if ((status = zp_stream_fetch(stream, LZMA_HEADER_SIZE, ret_error)))
        return status;
    memcpy(&size, stream->packed + LZMA_SIZE_OFFSET, sizeof(size));
    if (size != LZMA_SIZE_UNKNOWN && size > stream->room)
        return zp_stream_too_large(stream, size, ret_error);
    return 0;
}

int zp_codec_lzma(struct zp_stream *stream, struct zp_error *ret_error)
{
    lzma_stream decoder = LZMA_STREAM_INIT;
    uint64_t at = 0;
    int status = check_size(stream, ret_error);

    if (status)
        return status;
    if (lzma_alone_decoder(&decoder, stream->memory_limit) != LZMA_OK)
        return ENOMEM;
    status = zp_stream_pump(stream, &at, step, &decoder, ret_error);
    lzma_end(&decoder);
    return status ? status : zp_stream_padding(stream, at, stream->done, ret_error);
}
