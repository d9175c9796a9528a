/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel compressed as the stub unpacks it: one LZ4 block (lz4_Block_format.md) or one zstd frame with
 * its content size (RFC 8878). Both are unpacked in one step into memory that is there anyway, so no window
 * has to be held; the frame's is bounded all the same. Same kernel, same library: same bytes.
 */
#include <lz4hc.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "packing.h"

#define LZ4_LEVEL  12
#define ZSTD_LEVEL 19
#define WINDOW_LOG 27
#define PIECE      ((size_t)1 << 20)

static int read_piece(const struct zp_pack_request *request, uint64_t offset, void *bytes, size_t size,
                      const struct zp_pack_say *say)
{
    int status = request->kernel->read(request->kernel->context, offset, bytes, size);

    return status ? zp_pack_fail(say, "%s: %s", request->kernel_name, strerror(-status)) : 0;
}

static int out_of_memory(const struct zp_pack_request *request, const struct zp_pack_say *say)
{
    return zp_pack_fail(say, "%s: no memory to compress it", request->kernel_name);
}

static int compress_lz4(const struct zp_pack_request *request, unsigned char **ret_bytes, size_t *ret_size,
                        struct zp_pack_progress *progress, const struct zp_pack_say *say)
{
    uint64_t size = request->kernel->size;
    int bound, made = 0, status = 0;
    char *plain, *packed;

    if (size > LZ4_MAX_INPUT_SIZE)
        return zp_pack_fail(say, "%s: lz4 takes %d bytes at most", request->kernel_name, LZ4_MAX_INPUT_SIZE);
    bound = LZ4_compressBound((int)size);
    plain = malloc((size_t)size);
    packed = malloc((size_t)bound);
    if (!plain || !packed)
        status = out_of_memory(request, say);
    for (uint64_t at = 0; status == 0 && at < size; at += PIECE) {
        size_t piece = size - at < PIECE ? (size_t)(size - at) : PIECE;

        status = read_piece(request, at, plain + at, piece, say);
        zp_pack_tell(progress, 0);
    }
    if (status == 0)
        made = LZ4_compress_HC(plain, packed, (int)size, bound, LZ4_LEVEL);
    if (status == 0 && made <= 0)
        status = out_of_memory(request, say);
    zp_pack_tell(progress, size);
    free(plain);
    if (status)
        free(packed);
    else {
        *ret_bytes = (unsigned char *)packed;
        *ret_size = (size_t)made;
    }
    return status;
}

static bool set_up(ZSTD_CCtx *context, uint64_t size)
{
    ZSTD_bounds window = ZSTD_cParam_getBounds(ZSTD_c_windowLog);
    size_t bad = ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, ZSTD_LEVEL);
    int log = window.lowerBound;

    while (log < WINDOW_LOG && (UINT64_C(1) << log) < size)
        log++;
    bad |= ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, log);
    bad |= ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1);
    bad |= ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 0);
    bad |= ZSTD_CCtx_setPledgedSrcSize(context, size);
    return !ZSTD_isError(bad);
}

/* Pieces of one size each time, so that the same bytes come out each time. */
static int run_zstd(const struct zp_pack_request *request, ZSTD_CCtx *context, ZSTD_outBuffer *out,
                    struct zp_pack_progress *progress, const struct zp_pack_say *say)
{
    uint64_t size = request->kernel->size;
    void *plain = malloc(PIECE);
    int status = plain ? 0 : out_of_memory(request, say);

    for (uint64_t at = 0; status == 0 && at < size; at += PIECE) {
        size_t piece = size - at < PIECE ? (size_t)(size - at) : PIECE;
        ZSTD_inBuffer in = {plain, piece, 0};
        ZSTD_EndDirective end = at + piece == size ? ZSTD_e_end : ZSTD_e_continue;
        size_t left = 1;

        status = read_piece(request, at, plain, piece, say);
        while (status == 0 && (in.pos < in.size || (end == ZSTD_e_end && left != 0))) {
            left = ZSTD_compressStream2(context, out, &in, end);
            if (ZSTD_isError(left))
                status = zp_pack_fail(say, "%s: zstd: %s", request->kernel_name, ZSTD_getErrorName(left));
        }
        zp_pack_tell(progress, piece);
    }
    free(plain);
    return status;
}

static int compress_zstd(const struct zp_pack_request *request, unsigned char **ret_bytes, size_t *ret_size,
                         struct zp_pack_progress *progress, const struct zp_pack_say *say)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_outBuffer out = {.size = ZSTD_compressBound((size_t)request->kernel->size)};
    int status;

    out.dst = malloc(out.size);
    if (!context || !out.dst || !set_up(context, request->kernel->size))
        status = out_of_memory(request, say);
    else
        status = run_zstd(request, context, &out, progress, say);
    ZSTD_freeCCtx(context);
    if (status)
        free(out.dst);
    else {
        *ret_bytes = out.dst;
        *ret_size = out.pos;
    }
    return status;
}

int zp_pack_compress(const struct zp_pack_request *request, unsigned char **ret_bytes, size_t *ret_size,
                     struct zp_pack_progress *progress, const struct zp_pack_say *say)
{
    return request->compression == ZP_PACK_LZ4 ? compress_lz4(request, ret_bytes, ret_size, progress, say)
                                               : compress_zstd(request, ret_bytes, ret_size, progress, say);
}
