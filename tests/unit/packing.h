/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests of opened images: generated images in files, gzip'd and wrapped. */
#ifndef ZP_TESTS_PACKING_H
#define ZP_TESTS_PACKING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include <zeropage/wire/bootparam.h>

#include "gen.h"

#define PATH_SIZE 40
#define PAYLOAD   0x300 /* in the code of a generated bzImage */

/* A new file with the bytes of an image, which is freed; path has PATH_SIZE bytes. */
static inline void write_image(char *path, struct gen_image *image)
{
    FILE *out;
    int fd;

    strcpy(path, "/tmp/zp-test-image-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    out = fdopen(fd, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(image->bytes, 1, image->size, out), image->size);
    assert_int_equal(fclose(out), 0);
    gen_free(image);
}

/* The image becomes its own gzip file. */
static inline void gzip(struct gen_image *image)
{
    z_stream stream = {0};
    struct gen_image packed = {0};

    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    gen_resize(&packed, deflateBound(&stream, image->size));
    stream.next_in = image->bytes;
    stream.avail_in = (uInt)image->size;
    stream.next_out = packed.bytes;
    stream.avail_out = (uInt)packed.size;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    gen_resize(&packed, stream.total_out);
    deflateEnd(&stream);
    gen_free(image);
    *image = packed;
}

/* A bzImage around a payload, which is freed. */
static inline struct gen_image wrap(struct gen_image *payload, uint32_t init_size)
{
    struct gen_image image;
    size_t code_size = PAYLOAD + payload->size < 0x400 ? 0x400 : PAYLOAD + payload->size;

    gen_bzimage(&image, &(struct gen_bzimage){.code_size = code_size, .init_size = init_size});
    memcpy(image.bytes + image.code + PAYLOAD, payload->bytes, payload->size);
    gen_poke(&image, ZP_BOOT_PARAMS_HDR_PAYLOAD_LENGTH, 4, payload->size);
    gen_free(payload);
    return image;
}

#endif
