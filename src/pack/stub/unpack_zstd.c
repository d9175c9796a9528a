/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unpacking one zstd frame, by libzstd. Receives the frame as the payload has it, any byte of which may be
 * wrong where nobody verified the checksum, and memory for just the size that the payload tells; guarantees
 * that all of that is written and not a byte more, or a message. All of the decoder's memory is the arena:
 * the frame goes to its place in one step, so that no window is needed. RFC 8878, 3.1.1 "Zstandard Frames".
 */
#define ZSTD_STATIC_LINKING_ONLY /* memory that the caller has: API of zstd 1.4 to 1.5 */
#include <zstd.h>

#include "../../core/seam.h"
#include "shim.h"
#include "stub.h"

#define ARENA_ALIGN 64u

size_t stub_unpack_arena(uint32_t compression)
{
    return compression == ZP_PACK_ZSTD ? ZSTD_estimateDCtxSize() + ARENA_ALIGN : 0;
}

/* One frame, from the first byte to the last: none of old versions behind it, none to be skipped. */
static bool is_one_frame(const void *from, size_t size)
{
    uint32_t magic;

    if (size < sizeof(magic))
        return false;
    memcpy(&magic, from, sizeof(magic));
    return magic == ZSTD_MAGICNUMBER && ZSTD_findFrameCompressedSize(from, size) == size;
}

static const char *unpack(const void *from, size_t size, void *ret, size_t ret_size, void *arena,
                          size_t arena_size)
{
    size_t skip = -(uintptr_t)arena % ARENA_ALIGN, made;
    ZSTD_DCtx *context = NULL;

    if (skip < arena_size)
        context = ZSTD_initStaticDCtx((char *)arena + skip, arena_size - skip);
    if (!context)
        return "no memory to unpack it";
    if (!is_one_frame(from, size))
        return "its zstd frame is spoiled";
    if (ZSTD_getFrameContentSize(from, size) != ret_size)
        return "its zstd frame unpacks to another size";
    made = ZSTD_decompressDCtx(context, ret, ret_size, from, size);
    return ZSTD_isError(made) || made != ret_size ? "its zstd frame is spoiled" : NULL;
}

const char *stub_unpack(uint32_t compression, const void *from, size_t size, void *ret, size_t ret_size,
                        void *arena, size_t arena_size)
{
    const char *wrong;

    if (compression != ZP_PACK_ZSTD)
        return "it is compressed, and this stub unpacks nothing but zstd";
    stub_shim_begin();
    wrong = unpack(from, size, ret, ret_size, arena, arena_size);
    stub_shim_end();
    return wrong;
}
