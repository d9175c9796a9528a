/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gzip, RFC 1952: members one after another. libdeflate takes a member at one go, more than twice as fast as
 * zlib, but does not say whether a bad member was cut or spoiled, nor where. So what it refuses is given to
 * zlib, whose answer counts.
 */
#include "codec.h"

#include <errno.h>
#include <string.h>

#include <libdeflate.h>
#include <zlib.h>

#define GZIP_ONLY (15 + 16) /* windowBits of inflateInit2 */

static int step(void *codec, struct zp_window *window, struct zp_stream *stream, struct zp_error *ret_error)
{
    z_stream *inflater = codec;
    size_t room = window->out_size > UINT32_MAX ? UINT32_MAX : window->out_size;
    int result;

    (void)stream;
    (void)ret_error;
    inflater->next_in = (z_const Bytef *)window->in;
    inflater->avail_in = (uInt)window->in_size;
    inflater->next_out = window->out;
    inflater->avail_out = (uInt)room;
    result = inflate(inflater, Z_NO_FLUSH);
    window->in = inflater->next_in;
    window->in_size = inflater->avail_in;
    window->out_size -= room - inflater->avail_out;
    window->out = inflater->next_out;
    switch (result) {
    case Z_OK:
    case Z_BUF_ERROR: return ZP_PUMP_MORE;
    case Z_STREAM_END: return ZP_PUMP_END;
    case Z_MEM_ERROR: return ENOMEM;
    }
    /* The only way to tell the last check of the trailer from all others. */
    return inflater->msg && strcmp(inflater->msg, "incorrect length check") == 0 ? ZP_ERR_UNPACKED_SIZE
                                                                                 : ZP_ERR_STREAM;
}

/* The member at packed[*at] by zlib. */
static int inflate_member(struct zp_stream *stream, uint64_t *at, struct zp_error *ret_error)
{
    uint64_t begun = stream->done;
    z_stream inflater = {0};
    uint32_t said;
    int status;

    if (inflateInit2(&inflater, GZIP_ONLY) != Z_OK)
        return ENOMEM;
    status = zp_stream_pump(stream, at, step, &inflater, ret_error);
    inflateEnd(&inflater);
    if (status != ZP_ERR_UNPACKED_SIZE)
        return status;
    memcpy(&said, stream->packed + *at - sizeof(said), sizeof(said)); /* ISIZE, just read */
    return zp_stream_wrong_size(stream, stream->done - begun, said, ret_error);
}

static int unpack_member(struct libdeflate_decompressor *decoder, struct zp_stream *stream, uint64_t *at,
                         struct zp_error *ret_error)
{
    size_t used = 0, made = 0;
    enum libdeflate_result result = libdeflate_gzip_decompress_ex(
        decoder, stream->packed + *at, (size_t)(stream->size - *at), stream->out + stream->done,
        (size_t)(stream->room - stream->done), &used, &made);

    if (result == LIBDEFLATE_INSUFFICIENT_SPACE)
        return zp_stream_too_large(stream, stream->room + 1, ret_error);
    if (result != LIBDEFLATE_SUCCESS)
        return inflate_member(stream, at, ret_error);
    *at += used;
    stream->done += made;
    return 0;
}

static int unpack_members(struct libdeflate_decompressor *decoder, struct zp_stream *stream,
                          struct zp_error *ret_error)
{
    uint64_t at = 0;
    int status;

    do {
        if ((status = unpack_member(decoder, stream, &at, ret_error)))
            return status;
        zp_stream_progress(stream);
        if (at < stream->size && stream->packed[at] == 0)
            return zp_stream_padding(stream, at, stream->done, ret_error);
    } while (at < stream->size);
    return 0;
}

int zp_codec_gzip(struct zp_stream *stream, struct zp_error *ret_error)
{
    struct libdeflate_decompressor *decoder;
    int status = zp_stream_fetch(stream, stream->size, ret_error);

    if (status)
        return status;
    if (!(decoder = libdeflate_alloc_decompressor()))
        return ENOMEM;
    status = unpack_members(decoder, stream, ret_error);
    libdeflate_free_decompressor(decoder);
    return status;
}
