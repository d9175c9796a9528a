/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The volumes of a disk. Receives a disk; guarantees that each volume lies on it.
 */
#include "partition.h"

#include "../core/checked.h"

static size_t whole_disk(const struct fw_disk *disk, struct fw_volume *ret_volume)
{
    memset(ret_volume, 0, sizeof(*ret_volume));
    ret_volume->disk = disk;
    return zp_multiply(disk->sectors, disk->sector_size, &ret_volume->size) ? 1 : 0;
}

size_t fw_partitions(const struct fw_disk *disk, struct fw_arena *arena, struct fw_volume *ret_volumes,
                     size_t capacity)
{
    (void)arena;
    return capacity != 0 ? whole_disk(disk, ret_volumes) : 0;
}
