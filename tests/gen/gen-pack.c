/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen-pack FORMAT [size]: packs its input as Linux's build does and writes it; with the unpacked size behind
 * it, unless the format is gzip.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zeropage/image.h>

#include "pack.h"

static const char *const names[] = {
    [ZP_COMPRESSION_GZIP] = "gzip", [ZP_COMPRESSION_BZIP2] = "bzip2", [ZP_COMPRESSION_LZMA] = "lzma",
    [ZP_COMPRESSION_XZ] = "xz",     [ZP_COMPRESSION_LZO] = "lzo",     [ZP_COMPRESSION_LZ4] = "lz4",
    [ZP_COMPRESSION_ZSTD] = "zstd",
};
#define COUNT (sizeof(names) / sizeof(names[0]))

int main(int argc, char **argv)
{
    struct pack input = {0}, output;
    uint32_t compression = ZP_COMPRESSION_GZIP;
    char piece[65536];
    size_t got;

    while (argc >= 2 && compression < COUNT && strcmp(argv[1], names[compression]) != 0)
        compression++;
    if (argc < 2 || argc > 3 || compression == COUNT) {
        fprintf(stderr, "usage: gen-pack gzip|bzip2|lzma|xz|lzo|lz4|zstd [size]\n");
        return 2;
    }
    while ((got = fread(piece, 1, sizeof(piece), stdin)) > 0)
        pack_append(&input, piece, got);
    pack_make(&output, compression, input.bytes, input.size, NULL);
    if (argc == 3 && compression != ZP_COMPRESSION_GZIP)
        pack_append_size(&output, input.size);
    got = fwrite(output.bytes, 1, output.size, stdout);
    return got == output.size && fflush(stdout) == 0 ? 0 : 1;
}
