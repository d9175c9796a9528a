/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A root file system of the user's, as a partition: it may have many GiB, most of them holes. Receives a
 * source; copies what is data, by the kernel where it can (copy_file_range, which shares blocks on file
 * systems that know how), and leaves holes and blocks of zeros unwritten in the new file, where they read as
 * zeros. What the file ends with past its last sector is zeros, too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "packing.h"

#define PIECE ((size_t)1 << 20)
#define BLOCK ((size_t)4096)

struct copy {
    const struct zp_pack_partition *partition;
    int in; /* -1: read by the source alone */
    uint64_t in_base;
    int out;
    uint64_t out_base;
    struct zp_pack_progress *progress;
    const struct zp_pack_say *say;
    unsigned char *piece;
};

static bool is_zero(const unsigned char *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

static int write_failed(const struct copy *copy, int error)
{
    return zp_pack_fail(copy->say, "%s: writing it to the packed file: %s", copy->partition->name,
                        strerror(error));
}

/* Blocks that are not zero, by reading. */
static int copy_bytes(struct copy *copy, uint64_t from, uint64_t to)
{
    const struct zp_source *source = copy->partition->source;

    while (from < to) {
        size_t size = to - from < PIECE ? (size_t)(to - from) : PIECE;
        int status = source->read(source->context, from, copy->piece, size);

        if (status)
            return zp_pack_fail(copy->say, "%s: %s", copy->partition->name, strerror(-status));
        for (size_t at = 0; at < size; at += BLOCK) {
            size_t block = size - at < BLOCK ? size - at : BLOCK;

            if (is_zero(copy->piece + at, block))
                continue;
            status = zp_pack_put(copy->out, copy->out_base + from + at, copy->piece + at, block);
            if (status)
                return write_failed(copy, -status);
        }
        from += size;
        zp_pack_tell(copy->progress, size);
    }
    return 0;
}

/* By the kernel as far as it will; *from is where it stopped. Only running out of space is an error here. */
static int copy_range(struct copy *copy, uint64_t *from, uint64_t to)
{
    while (*from < to) {
        off_t in = (off_t)(copy->in_base + *from), out = (off_t)(copy->out_base + *from);
        size_t size = to - *from < 64 * PIECE ? (size_t)(to - *from) : 64 * PIECE;
        ssize_t done = copy_file_range(copy->in, &in, copy->out, &out, size, 0);

        if (done < 0 && (errno == ENOSPC || errno == EFBIG || errno == EDQUOT))
            return write_failed(copy, errno);
        if (done <= 0)
            return 0;
        *from += (uint64_t)done;
        zp_pack_tell(copy->progress, (uint64_t)done);
    }
    return 0;
}

/* Data by data; where holes cannot be asked for, all of it is data. */
static int copy_sparse(struct copy *copy, uint64_t size)
{
    uint64_t at = 0;

    while (at < size) {
        off_t data = copy->in < 0 ? -1 : lseek(copy->in, (off_t)(copy->in_base + at), SEEK_DATA);
        off_t hole;
        uint64_t start, end;
        int status;

        if (data < 0 && copy->in >= 0 && errno == ENXIO)
            break; /* a hole up to the end */
        hole = data < 0 ? -1 : lseek(copy->in, data, SEEK_HOLE);
        if (hole < 0)
            return copy_bytes(copy, at, size);
        start = (uint64_t)data - copy->in_base;
        end = (uint64_t)hole - copy->in_base < size ? (uint64_t)hole - copy->in_base : size;
        if (start >= size)
            break;
        zp_pack_tell(copy->progress, start - at);
        at = start;
        status = copy_range(copy, &at, end);
        if (status == 0)
            status = copy_bytes(copy, at, end);
        if (status)
            return status;
        at = end;
    }
    zp_pack_tell(copy->progress, size - at);
    return 0;
}

int zp_pack_partition_copy(const struct zp_pack_partition *partition, int out, uint64_t offset,
                           struct zp_pack_progress *progress, const struct zp_pack_say *say)
{
    struct copy copy = {
        .partition = partition, .out = out, .out_base = offset, .progress = progress, .say = say};
    bool stable;
    int status;

    copy.in = zp_source_descriptor(partition->source, &copy.in_base, &stable);
    copy.piece = malloc(PIECE);
    if (!copy.piece)
        return zp_pack_fail(say, "%s: no memory to copy it", partition->name);
    status = copy_sparse(&copy, partition->source->size);
    free(copy.piece);
    return status;
}
