/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unpacking one LZ4 block, by liblz4. Receives the block as the payload has it, any byte of which may be
 * wrong where nobody verified the checksum, and memory for just the size that the payload tells; guarantees
 * that all of that is written and not a byte more, or a message. lz4_Block_format.md.
 */
#include <limits.h>
#include <lz4.h>

#include "shim.h"
#include "stub.h"

size_t stub_unpack_arena(uint32_t compression)
{
    (void)compression;
    return 0;
}

const char *stub_unpack(uint32_t compression, const void *from, size_t size, void *ret, size_t ret_size,
                        void *arena, size_t arena_size)
{
    int made;

    (void)arena;
    (void)arena_size;
    if (compression != ZP_PACK_LZ4)
        return "it is compressed, and this stub unpacks nothing but LZ4";
    if (size > INT_MAX || ret_size > INT_MAX)
        return "more than an LZ4 block can hold";
    stub_shim_begin();
    made = LZ4_decompress_safe(from, ret, (int)size, (int)ret_size);
    stub_shim_end();
    if (made < 0)
        return "its LZ4 block is spoiled";
    if ((size_t)made != ret_size)
        return "its LZ4 block unpacks to another size";
    return NULL;
}
