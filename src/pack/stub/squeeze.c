/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs while building: squeeze STUB PACKED NUMBERS. Receives the stub as it lies in memory; writes it as one
 * LZ4 block, as small as liblz4 can make it, and what head.S must know of it as a header: its size, and the
 * two words that stub.ld put at its end. doc/lz4_Block_format.md of LZ4.
 */
#include <lz4hc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STUB_MAX (1 << 20)

static char stub[STUB_MAX];
static char packed[LZ4_COMPRESSBOUND(STUB_MAX)];

static size_t read_stub(const char *name)
{
    FILE *file = fopen(name, "rb");
    size_t size = file ? fread(stub, 1, sizeof(stub), file) : 0;

    if (file)
        fclose(file);
    if (size < 16 || size == sizeof(stub) || size % 8) {
        fprintf(stderr, "squeeze: %s: no stub of 16 bytes to 1 MiB, in whole words\n", name);
        exit(1);
    }
    return size;
}

static void write_file(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(name, "wb");

    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file)) {
        perror(name);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    char text[160];
    uint32_t words[2];
    size_t size;
    int packed_size;

    if (argc != 4) {
        fputs("usage: squeeze STUB PACKED NUMBERS\n", stderr);
        return 2;
    }
    size = read_stub(argv[1]);
    packed_size = LZ4_compress_HC(stub, packed, (int)size, sizeof(packed), LZ4HC_CLEVEL_MAX);
    if (packed_size <= 0) {
        fprintf(stderr, "squeeze: %s: liblz4 gives up\n", argv[1]);
        return 1;
    }
    memcpy(words, stub + size - sizeof(words), sizeof(words));
    snprintf(text, sizeof(text),
             "#define STUB_BYTES 0x%zx\n#define STUB_TABLES 0x%x\n#define STUB_MEMORY 0x%x\n", size, words[0],
             words[1]);
    write_file(argv[2], packed, (size_t)packed_size);
    write_file(argv[3], text, strlen(text));
    return 0;
}
