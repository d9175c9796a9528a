/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads bytes of a volume. Receives any offset and length; guarantees that a driver is asked for whole
 * sectors alone, no more of them than it takes at once, and none outside of the volume or the disk. A volume
 * that begins or ends within a sector is read all the same: an enemy's table can say so, and nothing is lost
 * by it.
 */
#include "disk.h"

#include "../core/checked.h"

#define SECTOR_MAX 4096u

/* One CPU, no interrupts, and no driver reads volumes: one buffer is enough. */
static unsigned char bounce[SECTOR_MAX] __attribute__((aligned(SECTOR_MAX)));

/* At `at` of the disk, at most up to the end of its sector; *ret_done: how much. */
static int read_part(const struct fw_disk *disk, uint64_t at, unsigned char *to, size_t length,
                     size_t *ret_done)
{
    size_t skip = (size_t)(at & (disk->sector_size - 1)), rest = disk->sector_size - skip;

    if (disk->read(disk->context, at / disk->sector_size, 1, bounce) != 0)
        return -1;
    *ret_done = length < rest ? length : rest;
    memcpy(to, bounce + skip, *ret_done);
    return 0;
}

/* The same for whole sectors, into place. */
static int read_whole(const struct fw_disk *disk, uint64_t at, unsigned char *to, size_t length,
                      size_t *ret_done)
{
    size_t count = length / disk->sector_size;

    if (count > disk->max_count)
        count = disk->max_count;
    *ret_done = count * disk->sector_size;
    return disk->read(disk->context, at / disk->sector_size, (uint32_t)count, to) != 0 ? -1 : 0;
}

static bool is_sane(const struct fw_disk *disk)
{
    return disk->max_count != 0 && zp_is_power_of_two(disk->sector_size) && disk->sector_size <= SECTOR_MAX;
}

int fw_volume_read(const struct fw_volume *volume, uint64_t offset, void *buffer, size_t length)
{
    const struct fw_disk *disk = volume->disk;
    unsigned char *to = buffer;
    uint64_t end, at;

    if (!zp_fits(offset, length, volume->size) || !zp_add(volume->start, offset, &at) || !is_sane(disk) ||
        !zp_multiply(disk->sectors, disk->sector_size, &end) || !zp_fits(at, length, end))
        return -1;
    while (length != 0) {
        bool whole = length >= disk->sector_size && (at & (disk->sector_size - 1)) == 0;
        size_t done;

        if ((whole ? read_whole : read_part)(disk, at, to, length, &done) != 0)
            return -1;
        at += done;
        to += done;
        length -= done;
    }
    return 0;
}

void *fw_arena_take(struct fw_arena *arena, size_t size)
{
    uint64_t start = (uintptr_t)arena->bytes + arena->used, at;
    size_t skip;

    if (arena->used > arena->size || !zp_align_up(start, 16, &at))
        return NULL;
    skip = (size_t)(at - start);
    if (skip > arena->size - arena->used || size > arena->size - arena->used - skip)
        return NULL;
    arena->used += skip + size;
    return memset(arena->bytes + (arena->used - size), 0, size);
}
