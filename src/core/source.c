/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sources of image bytes: memory, and the checked read through which the core asks every source.
 *
 * Guarantees the contract of struct zp_source from the asking side: no byte at or past size is ever wanted,
 * no length of 0, and an answer other than 0 is a failure, whatever was written to the buffer.
 */
#include "source.h"

#include "checked.h"
#include "report.h"

static int read_memory(void *context, uint64_t offset, void *buffer, size_t length)
{
    const struct zp_memory_source *memory = context;

    if (!zp_fits(offset, length, memory->source.size))
        return -1;
    memcpy(buffer, (const uint8_t *)memory->bytes + offset, length);
    return 0;
}

void zp_memory_source_init(struct zp_memory_source *ret_source, const void *bytes, uint64_t size)
{
    ret_source->source.size = size;
    ret_source->source.read = read_memory;
    ret_source->source.context = ret_source;
    ret_source->bytes = bytes;
}

int zp_source_read(const struct zp_source *source, uint64_t offset, void *buffer, size_t length,
                   struct zp_error *ret_error)
{
    uint64_t end = UINT64_MAX;
    int answer;

    if (!zp_fits(offset, length, source->size)) {
        (void)zp_add(offset, length, &end);
        return zp_report(ret_error, ZP_ERR_TRUNCATED, ZP_FIELD_FILE, offset, end, source->size);
    }
    if (length == 0)
        return ZP_OK;
    answer = source->read(source->context, offset, buffer, length);
    if (answer != 0)
        return zp_report(ret_error, ZP_ERR_READ, ZP_FIELD_FILE, offset, length, -(uint64_t)(int64_t)answer);
    return ZP_OK;
}
