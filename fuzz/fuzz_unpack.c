/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zp_unpack_file on any bytes. The first byte says how: its low four bits are an enum zp_compression, 0x10
 * that a size stands behind the stream. What must hold: an error has a code that unpacking knows and its
 * place; what comes out is no longer than the limit; more threads give the same answer.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LIMIT    (UINT64_C(1) << 20)
#define MEMORY   (UINT64_C(32) << 20)
#define HAS_SIZE 0x10

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_error(int status, const struct zp_error *error)
{
    must(error->code == status && error->field != ZP_FIELD_NONE);
    switch (status) {
    case ZP_ERR_TRUNCATED: must(error->value > error->limit); return;
    case ZP_ERR_TOO_LARGE: must(error->value > error->limit && error->limit == LIMIT); return;
    case ZP_ERR_STREAM: must(error->limit <= LIMIT); return;
    case ZP_ERR_UNPACKED_SIZE: must(error->value != error->limit); return;
    case ZP_ERR_UNPACK_MEMORY: must(error->value > error->limit && error->limit == MEMORY); return;
    case ZP_ERR_PAYLOAD_MAGIC: return;
    }
    abort();
}

static void check_same(const struct zp_file *left, const struct zp_file *right)
{
    uint8_t *bytes;
    size_t size = (size_t)left->source.size;

    must(left->source.size == right->source.size);
    must((bytes = malloc(2 * size + 1)) != NULL);
    if (size > 0) {
        must(left->source.read(left->source.context, 0, bytes, size) == 0);
        must(right->source.read(right->source.context, 0, bytes + size, size) == 0);
        must(memcmp(bytes, bytes + size, size) == 0);
    }
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zp_memory_source source;
    struct zp_unpack asked = {.limit = LIMIT, .memory_limit = MEMORY, .threads = 1};
    struct zp_error error = {0}, again = {0};
    struct zp_file file, other;
    int status;

    if (size == 0)
        return 0;
    zp_memory_source_init(&source, data + 1, size - 1);
    asked.source = &source.source;
    asked.length = size - 1;
    asked.compression = data[0] & 0xf;
    asked.has_size = data[0] & HAS_SIZE;
    status = zp_unpack_file(&asked, &file, &error);
    asked.threads = 2;
    must(zp_unpack_file(&asked, &other, &again) == status);
    if (status) {
        check_error(status, &error);
        must(memcmp(&error, &again, sizeof(error)) == 0);
        return 0;
    }
    must(file.source.size <= LIMIT);
    check_same(&file, &other);
    zp_file_close(&file);
    zp_file_close(&other);
    return 0;
}
