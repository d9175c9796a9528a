/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inodes and what is in them. Receives an inode's number; guarantees that it is in use, that its checksum is
 * right where there are any, and that its size can be mapped. Small files may be in the inode itself: the
 * first bytes in place of the block numbers, the rest as the extended attribute "system.data"
 * (Documentation/filesystems/ext4: inodes.rst, attributes.rst, inlinedata.rst).
 */
#include "ext4.h"

#define INODE_MODE       0x00
#define INODE_SIZE       0x04
#define INODE_LINKS      0x1a
#define INODE_FLAGS      0x20
#define INODE_MAP        0x28
#define INODE_GENERATION 0x64
#define INODE_SIZE_HIGH  0x6c
#define INODE_SUM        0x7c
#define INODE_EXTRA_SIZE 0x80
#define INODE_SUM_HIGH   0x82
#define INODE_OLD_SIZE   128u /* what follows is as long as INODE_EXTRA_SIZE says */

#define ATTRIBUTES_MAGIC   0xea020000u
#define ATTRIBUTE_SIZE     16u
#define ATTRIBUTE_SYSTEM   7u
#define ATTRIBUTES_IN_BODY 64u /* more cannot be in an inode of 1 KiB; ours are looked for among so many */

static bool is_sum_right(const struct ext4 *ext4, uint32_t seed, const uint8_t *raw)
{
    static const uint8_t zeros[2];
    uint32_t wanted = ext4_16(raw + INODE_SUM), mask = 0xffff;
    uint32_t sum = fw_ext4_sum(ext4, seed, raw, INODE_SUM);
    size_t at = INODE_SUM_HIGH;

    if (!(ext4->ro_compat & EXT4_RO_METADATA_SUM))
        return true;
    sum = fw_ext4_sum(ext4, sum, zeros, 2);
    sum = fw_ext4_sum(ext4, sum, raw + INODE_SUM + 2, INODE_OLD_SIZE - INODE_SUM - 2);
    if (ext4->inode_size > INODE_OLD_SIZE) {
        sum = fw_ext4_sum(ext4, sum, raw + INODE_OLD_SIZE, INODE_SUM_HIGH - INODE_OLD_SIZE);
        if (ext4_16(raw + INODE_EXTRA_SIZE) >= INODE_SUM_HIGH + 2 - INODE_OLD_SIZE) {
            wanted |= ext4_16(raw + INODE_SUM_HIGH) << 16;
            mask = UINT32_MAX;
            sum = fw_ext4_sum(ext4, sum, zeros, 2);
            at += 2;
        }
        sum = fw_ext4_sum(ext4, sum, raw + at, ext4->inode_size - at);
    }
    return (sum & mask) == wanted;
}

static uint32_t seed_of(const struct ext4 *ext4, uint32_t number, const uint8_t *raw)
{
    uint32_t sum = fw_ext4_sum32(ext4, ext4->seed, number);

    return fw_ext4_sum(ext4, sum, raw + INODE_GENERATION, 4);
}

/* The inode as it is on disk, inode_size bytes in the cache, with what fast commits made of it. */
static const uint8_t *find_raw(struct ext4 *ext4, uint32_t number)
{
    uint32_t index = number - 1;
    uint64_t block, within;
    const uint8_t *raw, *fast;

    if (number == 0 || number > ext4->inodes) {
        fw_ext4_refuse(ext4, "inode", number, "there is none of this number");
        return NULL;
    }
    if (fw_ext4_inode_table(ext4, index / ext4->group_inodes, &block) != 0)
        return NULL;
    within = (uint64_t)(index % ext4->group_inodes) * ext4->inode_size;
    raw = fw_ext4_block(ext4, block + (within >> ext4->block_bits));
    if (!raw)
        return NULL;
    raw += within & (ext4->block_size - 1);
    fast = fw_ext4_fast_inode(ext4, number, raw);
    if (fast)
        return fast; /* whose sum the journal had */
    if (!is_sum_right(ext4, seed_of(ext4, number, raw), raw)) {
        fw_ext4_refuse(ext4, "inode", number, "its checksum is wrong");
        return NULL;
    }
    return raw;
}

static bool has_long_size(const struct ext4 *ext4, uint32_t type)
{
    return type == EXT4_MODE_FILE ||
           (type == EXT4_MODE_DIRECTORY && ext4->incompat & EXT4_INCOMPAT_LARGE_DIRECTORY);
}

int fw_ext4_inode(struct ext4 *ext4, uint32_t number, struct ext4_inode *ret)
{
    const uint8_t *raw = find_raw(ext4, number);
    uint32_t type;

    if (!raw)
        return -1;
    type = ext4_16(raw + INODE_MODE) & EXT4_MODE_TYPE;
    ret->number = number;
    ret->mode = type;
    ret->flags = ext4_32(raw + INODE_FLAGS);
    ret->generation = ext4_32(raw + INODE_GENERATION);
    ret->seed = seed_of(ext4, number, raw);
    ret->size = ext4_32(raw + INODE_SIZE);
    if (has_long_size(ext4, type))
        ret->size |= (uint64_t)ext4_32(raw + INODE_SIZE_HIGH) << 32;
    memcpy(ret->map, raw + INODE_MAP, EXT4_MAP_SIZE);
    if (ext4_16(raw + INODE_LINKS) == 0)
        return fw_ext4_refuse(ext4, "inode", number, "not in use");
    if (ret->size > (uint64_t)UINT32_MAX << ext4->block_bits)
        return fw_ext4_refuse(ext4, "inode", number, "too large for what it can hold");
    return 0;
}

/*
 * The value of system.data within the inode: *ret_size bytes, 0 when there is no such attribute. Entries
 * begin behind the fixed fields and the magic number, and values are counted from the first entry.
 */
static const uint8_t *find_data(const struct ext4 *ext4, const uint8_t *raw, size_t *ret_size)
{
    uint64_t start = INODE_OLD_SIZE, at;
    const uint8_t *end = raw + ext4->inode_size;

    *ret_size = 0;
    if (ext4->inode_size <= INODE_OLD_SIZE)
        return raw;
    start += ext4_16(raw + INODE_EXTRA_SIZE);
    if (!zp_fits(start, 4, ext4->inode_size) || ext4_32(raw + start) != ATTRIBUTES_MAGIC)
        return raw;
    start += 4;
    at = start;
    for (unsigned i = 0; i < ATTRIBUTES_IN_BODY && zp_fits(at, ATTRIBUTE_SIZE + 4, ext4->inode_size); i++) {
        const uint8_t *entry = raw + at;
        uint64_t value = start + ext4_16(entry + 2);
        uint32_t size = ext4_32(entry + 8);

        if (ext4_32(entry) == 0)
            break;
        if (entry[0] == 4 && entry[1] == ATTRIBUTE_SYSTEM && memcmp(entry + ATTRIBUTE_SIZE, "data", 4) == 0) {
            if (ext4_32(entry + 4) != 0 || !zp_fits(value, size, (uint64_t)(end - raw)))
                break;
            *ret_size = size;
            return raw + value;
        }
        at += (ATTRIBUTE_SIZE + entry[0] + 3) & ~UINT64_C(3);
    }
    return raw;
}

int fw_ext4_inline(struct ext4 *ext4, const struct ext4_inode *inode, uint64_t offset, void *buffer,
                   size_t length)
{
    const uint8_t *raw = find_raw(ext4, inode->number), *rest;
    uint8_t *to = buffer;
    size_t size, part;

    if (!raw)
        return -1;
    rest = find_data(ext4, raw, &size);
    if (!zp_fits(offset, length, EXT4_MAP_SIZE + size))
        return fw_ext4_refuse(ext4, "inode", inode->number, "its data is shorter than it says");
    if (offset < EXT4_MAP_SIZE) {
        part = EXT4_MAP_SIZE - (size_t)offset;
        part = part < length ? part : length;
        memcpy(to, raw + INODE_MAP + offset, part);
        to += part;
        length -= part;
        offset += part;
    }
    if (length > 0)
        memcpy(to, rest + (offset - EXT4_MAP_SIZE), length);
    return 0;
}

int fw_ext4_read(struct ext4 *ext4, const struct ext4_inode *inode, uint64_t offset, void *buffer,
                 size_t length)
{
    uint8_t *to = buffer;

    if (inode->flags & EXT4_FLAG_INLINE)
        return fw_ext4_inline(ext4, inode, offset, buffer, length);
    while (length > 0) {
        uint64_t within = offset & (ext4->block_size - 1);
        struct ext4_run run;
        size_t part = length;

        if (fw_ext4_map(ext4, inode, offset >> ext4->block_bits, &run) != 0)
            return -1;
        if (part > (run.count << ext4->block_bits) - within)
            part = (size_t)((run.count << ext4->block_bits) - within);
        if (run.physical == 0)
            memset(to, 0, part);
        else if (fw_ext4_bytes(ext4, run.physical, within, to, part) != 0)
            return -1;
        to += part;
        offset += part;
        length -= part;
    }
    return 0;
}
