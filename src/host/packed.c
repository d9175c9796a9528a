/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packed bytes in memory. Those of a source that keeps them (sealed memory, an entry of the cache) are
 * mapped and are all there at once. Any other file may be cut at any moment, which would be a signal under
 * a mapping: for these there is room to read into, and the disk is told to begin.
 */
#include "codec.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#define PAGE  UINT64_C(4096)
#define SLACK (UINT64_C(1) << 20)

bool zp_packed_plausible(const struct zp_unpack *asked)
{
    uint64_t limit = asked->limit;

    return asked->length <= SLACK || asked->length - SLACK <= limit ||
           asked->length - SLACK - limit <= limit / 8;
}

static int map_packed(struct zp_packed *ret_packed, size_t size, int protection, int flags, int fd,
                      uint64_t offset)
{
    void *map = mmap(NULL, size, protection, flags, fd, (off_t)offset);

    if (map == MAP_FAILED)
        return errno;
    ret_packed->map = map;
    ret_packed->map_size = size;
    return 0;
}

int zp_packed_open(const struct zp_unpack *asked, struct zp_packed *ret_packed)
{
    uint64_t base = 0, from, skip;
    bool stable = false;
    int fd = zp_source_descriptor(asked->source, &base, &stable);
    int error;

    from = base + asked->offset;
    skip = fd >= 0 && stable ? from % PAGE : 0;
    if (fd >= 0 && stable)
        error = map_packed(ret_packed, (size_t)(asked->length + skip), PROT_READ, MAP_PRIVATE | MAP_POPULATE,
                           fd, from - skip);
    else
        error = map_packed(ret_packed, (size_t)asked->length, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (error)
        return error;
    if (fd >= 0 && !stable)
        posix_fadvise(fd, (off_t)from, (off_t)asked->length, POSIX_FADV_WILLNEED);
    if (!stable)
        madvise(ret_packed->map, ret_packed->map_size, MADV_HUGEPAGE);
    ret_packed->bytes = (uint8_t *)ret_packed->map + skip;
    ret_packed->whole = stable;
    return 0;
}

void zp_packed_close(struct zp_packed *packed)
{
    if (packed->map)
        munmap(packed->map, packed->map_size);
    *packed = (struct zp_packed){0};
}
