/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unpacking, in stubs that have no decoder: the packer gives those to kernels that are stored, which nobody
 * unpacks. Receives a compression that is none of ours; guarantees a message.
 */
#include "stub.h"

size_t stub_unpack_arena(uint32_t compression)
{
    (void)compression;
    return 0;
}

const char *stub_unpack(uint32_t compression, const void *from, size_t size, void *ret, size_t ret_size,
                        void *arena, size_t arena_size)
{
    (void)compression;
    (void)from;
    (void)size;
    (void)ret;
    (void)ret_size;
    (void)arena;
    (void)arena_size;
    return "it is compressed, and this stub unpacks nothing";
}
