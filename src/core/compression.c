/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compressions by name and by their first bytes: those in which Linux packs its payload (lib/decompress.c)
 * and in which others pack whole kernels. lz4 has two frames, the legacy one of a bzImage and today's of
 * the lz4 tool. lzma has no magic; 5D 00 00 is what its encoders write for the usual settings.
 */
#include <zeropage/image.h>

#include "inspect.h"

const char *zp_compression_name(uint32_t compression)
{
    switch ((enum zp_compression)compression) {
    case ZP_COMPRESSION_NONE: return "none";
    case ZP_COMPRESSION_GZIP: return "gzip";
    case ZP_COMPRESSION_BZIP2: return "bzip2";
    case ZP_COMPRESSION_LZMA: return "lzma";
    case ZP_COMPRESSION_XZ: return "xz";
    case ZP_COMPRESSION_LZO: return "lzo";
    case ZP_COMPRESSION_LZ4: return "lz4";
    case ZP_COMPRESSION_ZSTD: return "zstd";
    case ZP_COMPRESSION_ELF: return "elf";
    case ZP_COMPRESSION_UNKNOWN: break;
    }
    return "unknown";
}

static const struct {
    uint8_t length;
    uint8_t bytes[4];
    uint32_t compression;
} magics[] = {
    {2, {0x1f, 0x8b}, ZP_COMPRESSION_GZIP},
    {3, {0x42, 0x5a, 0x68}, ZP_COMPRESSION_BZIP2},
    {3, {0x5d, 0x00, 0x00}, ZP_COMPRESSION_LZMA},
    {4, {0xfd, 0x37, 0x7a, 0x58}, ZP_COMPRESSION_XZ},
    {3, {0x89, 0x4c, 0x5a}, ZP_COMPRESSION_LZO},
    {4, {0x02, 0x21, 0x4c, 0x18}, ZP_COMPRESSION_LZ4},
    {4, {0x04, 0x22, 0x4d, 0x18}, ZP_COMPRESSION_LZ4},
    {4, {0x28, 0xb5, 0x2f, 0xfd}, ZP_COMPRESSION_ZSTD},
    {4, {0x7f, 0x45, 0x4c, 0x46}, ZP_COMPRESSION_ELF},
};

uint32_t zp_compression_by_magic(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
        if (length >= magics[i].length && memcmp(bytes, magics[i].bytes, magics[i].length) == 0)
            return magics[i].compression;
    return ZP_COMPRESSION_UNKNOWN;
}
