/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From blocks of a file to blocks of the disk: extents, or the block numbers of ext2. Receives an inode;
 * guarantees that the blocks of a run lie in the file system, and comes to an end on any tree: each step goes
 * one level down (Documentation/filesystems/ext4: ifork.rst, blockmap.rst).
 */
#include "ext4.h"

#define EXTENT_MAGIC     0xf30au
#define EXTENT_SIZE      12u /* of a header, an extent and an index alike */
#define EXTENT_DEPTH_MAX 5u
#define EXTENT_WRITTEN   0x8000u               /* longer ones are so much shorter, and read as zeros */
#define MARK             UINT64_C(0x100000000) /* with the inode's number: checked as extents of this inode */

#define DIRECT 12u

/* first_block itself holds the superblock, or is 0. */
static int check_run(struct ext4 *ext4, const struct ext4_inode *inode, const struct ext4_run *run)
{
    if (run->physical <= ext4->first_block || !zp_fits(run->physical, run->count, ext4->blocks))
        return fw_ext4_refuse(ext4, "inode", inode->number, "has blocks that are not in the file system");
    return 0;
}

/* A block of extents, with its checksum behind as many entries as there is room for. */
static const uint8_t *extent_block(struct ext4 *ext4, const struct ext4_inode *inode, uint64_t block)
{
    uint64_t *mark = NULL;
    const uint8_t *node = fw_ext4_block_marked(ext4, block, &mark);
    uint32_t end;

    if (!node || !(ext4->ro_compat & EXT4_RO_METADATA_SUM) || *mark == (MARK | inode->number))
        return node;
    end = EXTENT_SIZE + EXTENT_SIZE * ext4_16(node + 4);
    if (!zp_fits(end, 4, ext4->block_size) ||
        fw_ext4_sum(ext4, inode->seed, node, end) != ext4_32(node + end)) {
        fw_ext4_refuse(ext4, "inode", inode->number, "the checksum of its extents is wrong");
        return NULL;
    }
    *mark = MARK | inode->number;
    return node;
}

/* Extents end at `end` at the latest. */
static int take_extent(struct ext4 *ext4, const struct ext4_inode *inode, const uint8_t *extent,
                       uint64_t logical, uint64_t end, struct ext4_run *ret)
{
    uint64_t skip = logical - ext4_32(extent);
    uint32_t length = ext4_16(extent + 4);
    bool written = length <= EXTENT_WRITTEN;

    if (!written)
        length -= EXTENT_WRITTEN;
    ret->physical = 0;
    ret->count = end - logical;
    if (skip >= length)
        return 0;
    if (ret->count > length - skip)
        ret->count = length - skip;
    if (!written)
        return 0;
    ret->physical = (ext4_32(extent + 8) | (uint64_t)ext4_16(extent + 6) << 32) + skip;
    return check_run(ext4, inode, ret);
}

static int map_extents(struct ext4 *ext4, const struct ext4_inode *inode, uint64_t logical,
                       struct ext4_run *ret)
{
    const uint8_t *node = inode->map;
    uint32_t room = EXT4_MAP_SIZE, depth = ext4_16(node + 6);
    uint64_t end = ZP_GIB4;

    for (;; depth--) {
        uint32_t count = ext4_16(node + 2), max = ext4_16(node + 4), i = 0;
        const uint8_t *entry = node + EXTENT_SIZE;

        if (ext4_16(node) != EXTENT_MAGIC || depth > EXTENT_DEPTH_MAX || ext4_16(node + 6) != depth ||
            count > max || max > room / EXTENT_SIZE - 1)
            return fw_ext4_refuse(ext4, "inode", inode->number, "its extents make no sense");
        for (; i < count && ext4_32(entry) <= logical; i++)
            entry += EXTENT_SIZE;
        if (i < count && ext4_32(entry) < end)
            end = ext4_32(entry);
        if (i == 0) {
            *ret = (struct ext4_run){.count = end - logical};
            return 0;
        }
        entry -= EXTENT_SIZE;
        if (depth == 0)
            return take_extent(ext4, inode, entry, logical, end, ret);
        node = extent_block(ext4, inode, ext4_32(entry + 4) | (uint64_t)ext4_16(entry + 8) << 32);
        room = ext4->block_size;
        if (!node)
            return -1;
    }
}

/* As many as follow each other, of `room` numbers. */
static int take_numbers(struct ext4 *ext4, const struct ext4_inode *inode, const uint8_t *numbers,
                        uint64_t room, struct ext4_run *ret)
{
    ret->physical = ext4_32(numbers);
    ret->count = 1;
    while (ret->count < room &&
           ext4_32(numbers + 4 * ret->count) == (ret->physical ? ret->physical + ret->count : 0))
        ret->count++;
    return ret->physical ? check_run(ext4, inode, ret) : 0;
}

static int map_numbers(struct ext4 *ext4, const struct ext4_inode *inode, uint64_t logical,
                       struct ext4_run *ret)
{
    unsigned bits = ext4->block_bits - 2, level = 1; /* a block holds 1 << bits numbers */
    uint64_t block;

    if (logical < DIRECT)
        return take_numbers(ext4, inode, inode->map + 4 * logical, DIRECT - logical, ret);
    logical -= DIRECT;
    while (logical >> (level * bits) != 0) {
        logical -= UINT64_C(1) << (level * bits);
        if (++level > 3)
            return fw_ext4_refuse(ext4, "inode", inode->number, "too large for its block numbers");
    }
    block = ext4_32(inode->map + 4 * (DIRECT + level - 1));
    for (;; level--) {
        uint64_t span = UINT64_C(1) << ((level - 1) * bits), index = logical >> ((level - 1) * bits);
        const uint8_t *numbers;

        if (block == 0) {
            *ret = (struct ext4_run){.count = (span << bits) - logical};
            return 0;
        }
        numbers = fw_ext4_block(ext4, block);
        if (!numbers)
            return -1;
        if (level == 1)
            return take_numbers(ext4, inode, numbers + 4 * index, (UINT64_C(1) << bits) - index, ret);
        block = ext4_32(numbers + 4 * index);
        logical &= span - 1;
    }
}

int fw_ext4_map(struct ext4 *ext4, const struct ext4_inode *inode, uint64_t logical, struct ext4_run *ret)
{
    struct ext4_run fast = {.count = UINT64_MAX};

    if (logical >= UINT32_MAX)
        return fw_ext4_refuse(ext4, "inode", inode->number, "read behind all that it can hold");
    if (fw_ext4_fast_map(ext4, inode->number, logical, &fast)) {
        *ret = fast;
        return ret->physical ? check_run(ext4, inode, ret) : 0;
    }
    if ((inode->flags & EXT4_FLAG_EXTENTS ? map_extents : map_numbers)(ext4, inode, logical, ret) != 0)
        return -1;
    if (ret->count > fast.count)
        ret->count = fast.count;
    return 0;
}
