/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs while building: squeeze lz4|lzma|nrv2e STUB PACKED NUMBERS. Receives the stub, or the firmware's part
 * for disks, as it lies in memory; writes it as one LZ4 block, as LZMA or as NRV2E without header, as small
 * as the libraries can make it, and what head.S or whole.S must know of it as a header: its size, and the two
 * words that stub.ld or part.ld put at its end. doc/lz4_Block_format.md of LZ4; DOC/lzma-specification.txt of
 * the LZMA SDK.
 */
#include <lz4hc.h>
#include <lzma.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucl/ucl.h>

#define STUB_MAX (1 << 20)

static char stub[STUB_MAX];
static char packed[STUB_MAX + STUB_MAX / 8 + 256]; /* what NRV2E makes of noise; the others make less */

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

static size_t pack_lz4(size_t size)
{
    int packed_size = LZ4_compress_HC(stub, packed, (int)size, sizeof(packed), LZ4HC_CLEVEL_MAX);

    return packed_size > 0 ? (size_t)packed_size : 0;
}

/*
 * Calls (0xe8), and for a mask of 0xfe jumps (0xe9), with addresses in place of distances; only where the
 * distance may be one, so that constants stay as they are. body_lzma.c, and unpack.S of the firmware, undo
 * that first to last: so this goes from last to first.
 */
static void tell_near(size_t size, unsigned char mask)
{
    const int64_t window = 1 << 18, half = window / 2;

    for (size_t at = size - 5 + 1; at-- > 0;) {
        int32_t distance;

        memcpy(&distance, stub + at + 1, sizeof(distance));
        if (((unsigned char)stub[at] & mask) != 0xe8 || distance < -half || distance >= half)
            continue;
        distance = (int32_t)((distance + (int64_t)at + 1 + half) % window - half);
        memcpy(stub + at + 1, &distance, sizeof(distance));
    }
}

/* As body_lzma.c reads it. */
static size_t pack_lzma(size_t size)
{
    lzma_options_lzma options;
    lzma_filter filters[] = {{LZMA_FILTER_LZMA1, &options}, {LZMA_VLI_UNKNOWN, NULL}};
    size_t packed_size = 0;

    if (lzma_lzma_preset(&options, 9 | LZMA_PRESET_EXTREME))
        return 0;
    options.dict_size = STUB_MAX;
    options.lc = 3;
    options.lp = 0;
    options.pb = 0;
    options.nice_len = 273;
    if (lzma_raw_buffer_encode(filters, NULL, (const uint8_t *)stub, size, (uint8_t *)packed, &packed_size,
                               sizeof(packed)) != LZMA_OK)
        return 0;
    return packed_size;
}

/* As unpack.S reads it: bits in words of 32, lowest byte first. All ones: as the library thinks best. */
static size_t pack_nrv2e(size_t size)
{
    struct ucl_compress_config_t config;
    ucl_uint packed_size = sizeof(packed);

    memset(&config, 0xff, sizeof(config));
    config.bb_endian = 0;
    config.bb_size = 32;
    if (ucl_init() != UCL_E_OK ||
        ucl_nrv2e_99_compress((const ucl_bytep)stub, (ucl_uint)size, (ucl_bytep)packed, &packed_size, NULL,
                              10, &config, NULL) != UCL_E_OK)
        return 0;
    return packed_size;
}

static const struct method {
    const char *name;
    size_t (*pack)(size_t size);
    unsigned char mask; /* of calls to tell; 0: none */
} methods[] = {{"lz4", pack_lz4, 0}, {"lzma", pack_lzma, 0xfe}, {"nrv2e", pack_nrv2e, 0xff}};

static const struct method *find_method(const char *name)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    return NULL;
}

int main(int argc, char **argv)
{
    char text[160];
    uint32_t words[2];
    size_t size, packed_size;
    const struct method *method = argc == 5 ? find_method(argv[1]) : NULL;

    if (!method) {
        fputs("usage: squeeze lz4|lzma|nrv2e STUB PACKED NUMBERS\n", stderr);
        return 2;
    }
    size = read_stub(argv[2]);
    memcpy(words, stub + size - sizeof(words), sizeof(words));
    if (method->mask)
        tell_near(size, method->mask);
    packed_size = method->pack(size);
    if (packed_size == 0) {
        fprintf(stderr, "squeeze: %s: the library gives up\n", argv[2]);
        return 1;
    }
    snprintf(text, sizeof(text),
             "#define STUB_BYTES 0x%zx\n#define STUB_TABLES 0x%x\n#define STUB_MEMORY 0x%x\n", size, words[0],
             words[1]);
    write_file(argv[3], packed, packed_size);
    write_file(argv[4], text, strlen(text));
    return 0;
}
