/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks of a file system as they are when its journal is through. Receives block numbers that nobody has
 * checked; guarantees that they lie in the file system, and that a block which the journal holds comes from
 * there, with its checksum right and its first bytes put back (Documentation/filesystems/ext4/journal.rst,
 * "Data Block"). Single blocks are kept for a while: what was checked is what is used.
 */
#include "ext4.h"

#define LINES_MAX 24u /* a directory may have a hundred thousand names to complain of */
#define COST_HIT  1u
#define COST_MISS 8u

static const uint8_t journal_magic[4] = {0xc0, 0x3b, 0x39, 0x98};

int fw_ext4_refuse(struct ext4 *ext4, const char *what, uint64_t number, const char *why)
{
    const struct fw_volume *volume = &ext4->fs->volume;

    if (ext4->lines < LINES_MAX)
        fw_note("%s, partition %u: ext4: %s %u: %s%s", volume->disk->name, (uint64_t)volume->number, what,
                number, why, ++ext4->lines == LINES_MAX ? "; and nothing more of this volume" : "");
    return -1;
}

int fw_ext4_spend(struct ext4 *ext4, uint64_t cost)
{
    if (ext4->budget < cost)
        return fw_ext4_refuse(ext4, "budget", ext4->budget, "this takes too many steps");
    ext4->budget -= cost;
    return 0;
}

void fw_ext4_cache_forget(struct ext4 *ext4)
{
    for (size_t i = 0; i < EXT4_CACHE_SIZE; i++)
        ext4->cache[i].block = EXT4_NO_BLOCK;
}

int fw_ext4_cache_begin(struct ext4 *ext4)
{
    for (size_t i = 0; i < EXT4_CACHE_SIZE; i++)
        if (!(ext4->cache[i].bytes = fw_arena_take(ext4->fs->arena, ext4->block_size)))
            return fw_ext4_refuse(ext4, "cache of blocks of size", ext4->block_size, "no memory left");
    fw_ext4_cache_forget(ext4);
    return 0;
}

/* The first that is at block or behind it; replaced_count: none. */
static size_t find_replaced(const struct ext4 *ext4, uint64_t block)
{
    size_t low = 0, high = ext4->replaced_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (ext4->replaced[middle].block < block)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int read_disk(struct ext4 *ext4, uint64_t block, uint64_t within, void *buffer, size_t length)
{
    if (fw_volume_read(&ext4->fs->volume, (block << ext4->block_bits) + within, buffer, length) != 0)
        return fw_ext4_refuse(ext4, "block", block, "cannot be read");
    return 0;
}

static int read_replaced(struct ext4 *ext4, const struct ext4_replaced *replaced, uint8_t *bytes)
{
    uint32_t sum = ext4->journal_seed;

    if (read_disk(ext4, replaced->where, 0, bytes, ext4->block_size) != 0)
        return -1;
    if (ext4->journal_sum_mask) {
        sum = fw_ext4_sum32(ext4, sum, __builtin_bswap32(ext4->journal_sequence + replaced->transaction));
        sum = fw_ext4_sum(ext4, sum, bytes, ext4->block_size) & ext4->journal_sum_mask;
        if (sum != replaced->sum)
            return fw_ext4_refuse(ext4, "journal: what is meant for block", replaced->block,
                                  "its checksum is wrong");
    }
    if (replaced->escaped)
        memcpy(bytes, journal_magic, sizeof(journal_magic));
    return 0;
}

static struct ext4_cached *oldest(struct ext4 *ext4)
{
    struct ext4_cached *found = &ext4->cache[0];

    for (size_t i = 1; i < EXT4_CACHE_SIZE; i++)
        if (ext4->cache[i].used < found->used)
            found = &ext4->cache[i];
    return found;
}

static struct ext4_cached *load(struct ext4 *ext4, uint64_t block)
{
    struct ext4_cached *slot = oldest(ext4);
    size_t replaced = find_replaced(ext4, block);
    int result;

    slot->block = EXT4_NO_BLOCK;
    slot->checked = 0;
    if (fw_ext4_spend(ext4, COST_MISS) != 0)
        return NULL;
    if (replaced < ext4->replaced_count && ext4->replaced[replaced].block == block)
        result = read_replaced(ext4, &ext4->replaced[replaced], slot->bytes);
    else
        result = read_disk(ext4, block, 0, slot->bytes, ext4->block_size);
    if (result != 0)
        return NULL;
    slot->block = block;
    return slot;
}

static struct ext4_cached *find(struct ext4 *ext4, uint64_t block)
{
    struct ext4_cached *slot = NULL;

    if (block >= ext4->blocks) {
        fw_ext4_refuse(ext4, "block", block, "not of this file system");
        return NULL;
    }
    if (fw_ext4_spend(ext4, COST_HIT) != 0)
        return NULL;
    for (size_t i = 0; i < EXT4_CACHE_SIZE; i++)
        if (ext4->cache[i].block == block)
            slot = &ext4->cache[i];
    if (!slot)
        slot = load(ext4, block);
    if (slot)
        slot->used = ++ext4->clock;
    return slot;
}

const uint8_t *fw_ext4_block(struct ext4 *ext4, uint64_t block)
{
    struct ext4_cached *slot = find(ext4, block);

    return slot ? slot->bytes : NULL;
}

const uint8_t *fw_ext4_block_marked(struct ext4 *ext4, uint64_t block, uint64_t **ret_mark)
{
    struct ext4_cached *slot = find(ext4, block);

    if (!slot)
        return NULL;
    *ret_mark = &slot->checked;
    return slot->bytes;
}

int fw_ext4_bytes(struct ext4 *ext4, uint64_t block, uint64_t within, void *buffer, size_t length)
{
    uint8_t *to = buffer;
    uint64_t last;

    if (length == 0)
        return 0;
    if (!zp_add(within, length - 1, &last) || !zp_fits(block, (last >> ext4->block_bits) + 1, ext4->blocks))
        return fw_ext4_refuse(ext4, "block", block, "not of this file system, or those behind it");
    block += within >> ext4->block_bits;
    within &= ext4->block_size - 1;
    while (length > 0) {
        size_t replaced = find_replaced(ext4, block), part = length;
        uint64_t until = replaced < ext4->replaced_count ? ext4->replaced[replaced].block : ext4->blocks;

        if (until == block) {
            const uint8_t *bytes = fw_ext4_block(ext4, block);

            part = ext4->block_size - (size_t)within;
            part = part < length ? part : length;
            if (!bytes)
                return -1;
            memcpy(to, bytes + within, part);
        } else {
            if (part > ((until - block) << ext4->block_bits) - within)
                part = (size_t)(((until - block) << ext4->block_bits) - within);
            if (read_disk(ext4, block, within, to, part) != 0)
                return -1;
        }
        to += part;
        length -= part;
        within += part;
        block += within >> ext4->block_bits;
        within &= ext4->block_size - 1;
    }
    return 0;
}
