/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directories, entry after entry: those of hash trees as well, whose inner blocks look like an entry that is
 * not in use. Receives a directory's inode; guarantees names of 1 to 255 bytes without '/' and NUL, entries
 * within their block, and right checksums where there are any
 * (Documentation/filesystems/ext4: directory.rst, inlinedata.rst).
 */
#include "ext4.h"

#define ENTRY_HEADER  8u
#define TAIL_SIZE     12u
#define INLINE_PARENT 4u /* an inline directory begins with its parent's number */
#define HASH_ENTRY    8u
#define MARK          UINT64_C(0x200000000) /* with the inode's number: checked as a block of this directory */
#define FAST_ENTRIES  (UINT64_C(1) << 62)   /* offset of the names that fast commits add */
#define COST_OF_ENTRY 1u

/* Entries [start, end) of bytes. */
struct area {
    const uint8_t *bytes;
    uint32_t start, end;
};

static uint32_t length_of(const struct ext4 *ext4, const uint8_t *entry)
{
    uint32_t length = ext4_16(entry + 4);

    if (ext4->block_size < 0x10000)
        return length;
    return length == 0 || length == 0xffff ? ext4->block_size : (length & 0xfffc) | (length & 3) << 16;
}

/* The checksum of entries is in an entry of no inode and no name at the block's end. */
static bool has_tail(const uint8_t *tail)
{
    return ext4_32(tail) == 0 && ext4_16(tail + 4) == TAIL_SIZE && ext4_16(tail + 6) == 0xde00;
}

/* That of a hash tree's root or inner block is behind the room for its entries; they say first how much. */
static bool is_hash_sum_right(const struct ext4 *ext4, const struct ext4_inode *directory,
                              const uint8_t *bytes)
{
    static const uint8_t zeros[4];
    uint32_t first = length_of(ext4, bytes), at = first == ext4->block_size ? 8 : 32, tail, count, sum;

    if (at == 32 && (first != 12 || ext4_32(bytes + 24) != 0 || bytes[29] != 8))
        return false;
    tail = at + HASH_ENTRY * ext4_16(bytes + at);
    count = ext4_16(bytes + at + 2);
    if (!zp_fits(tail, 8, ext4->block_size) || at + HASH_ENTRY * count > tail)
        return false;
    sum = fw_ext4_sum(ext4, directory->seed, bytes, at + HASH_ENTRY * count);
    sum = fw_ext4_sum(ext4, sum, bytes + tail, 4);
    return fw_ext4_sum(ext4, sum, zeros, 4) == ext4_32(bytes + tail + 4);
}

static bool is_of_hash_tree(const struct ext4 *ext4, const struct ext4_inode *directory, uint64_t logical,
                            const uint8_t *bytes)
{
    return directory->flags & EXT4_FLAG_INDEX &&
           (logical == 0 || (ext4_32(bytes) == 0 && length_of(ext4, bytes) == ext4->block_size));
}

static bool is_sum_right(const struct ext4 *ext4, const struct ext4_inode *directory, uint64_t logical,
                         const uint8_t *bytes)
{
    const uint8_t *tail = bytes + ext4->block_size - TAIL_SIZE;

    if (is_of_hash_tree(ext4, directory, logical, bytes))
        return is_hash_sum_right(ext4, directory, bytes);
    return has_tail(tail) &&
           fw_ext4_sum(ext4, directory->seed, bytes, ext4->block_size - TAIL_SIZE) == ext4_32(tail + 8);
}

static int find_block(struct ext4 *ext4, const struct ext4_inode *directory, uint64_t logical,
                      struct area *ret)
{
    struct ext4_run run;
    uint64_t *mark = NULL;

    if (fw_ext4_map(ext4, directory, logical, &run) != 0)
        return -1;
    if (run.physical == 0)
        return fw_ext4_refuse(ext4, "directory", directory->number, "has holes");
    ret->bytes = fw_ext4_block_marked(ext4, run.physical, &mark);
    ret->start = 0;
    ret->end = ext4->block_size;
    if (!ret->bytes)
        return -1;
    if (!(ext4->ro_compat & EXT4_RO_METADATA_SUM) || *mark == (MARK | directory->number))
        return 0;
    if (!is_sum_right(ext4, directory, logical, ret->bytes))
        return fw_ext4_refuse(ext4, "directory", directory->number, "a checksum is wrong");
    *mark = MARK | directory->number;
    return 0;
}

/* Two areas: what is left of the inode's map, and the attribute. */
static int find_inline(struct ext4 *ext4, const struct ext4_inode *directory, uint64_t at, struct area *ret)
{
    uint32_t size = (uint32_t)directory->size;

    if (directory->size > ext4->inode_size || size < EXT4_MAP_SIZE)
        return fw_ext4_refuse(ext4, "directory", directory->number, "of a size that fits no inode");
    if (fw_ext4_inline(ext4, directory, 0, ext4->scratch, size) != 0)
        return -1;
    ret->bytes = ext4->scratch;
    ret->start = at < EXT4_MAP_SIZE ? INLINE_PARENT : EXT4_MAP_SIZE;
    ret->end = at < EXT4_MAP_SIZE ? EXT4_MAP_SIZE : size;
    return 0;
}

/* What is at offset at, which becomes a place in the area. */
static int find_area(struct ext4 *ext4, const struct ext4_inode *directory, uint64_t *at, struct area *ret)
{
    uint64_t logical = *at >> ext4->block_bits;

    if (directory->flags & EXT4_FLAG_INLINE)
        return find_inline(ext4, directory, *at, ret);
    *at &= ext4->block_size - 1;
    return find_block(ext4, directory, logical, ret);
}

static int take_name(struct ext4 *ext4, const struct ext4_inode *directory, const uint8_t *entry,
                     uint32_t length, struct ext4_entry *ret)
{
    uint32_t size = ext4->incompat & EXT4_INCOMPAT_FILETYPE ? entry[6] : ext4_16(entry + 6);

    if (size == 0 || size > EXT4_NAME_MAX || size > length - ENTRY_HEADER)
        return fw_ext4_refuse(ext4, "directory", directory->number, "has a name that does not fit");
    for (uint32_t i = 0; i < size; i++)
        if (entry[ENTRY_HEADER + i] == '\0' || entry[ENTRY_HEADER + i] == '/')
            return fw_ext4_refuse(ext4, "directory", directory->number, "has a name that no file can have");
    memcpy(ret->name, entry + ENTRY_HEADER, size);
    ret->name[size] = '\0';
    return 0;
}

/* An inline directory has no entry for its parent. */
static int give_parent(struct ext4 *ext4, const struct ext4_inode *directory, struct ext4_entry *ret)
{
    ret->inode = ext4_32(directory->map);
    memcpy(ret->name, "..", 3);
    return ret->inode ? 0 : fw_ext4_refuse(ext4, "directory", directory->number, "has no parent");
}

static int disk_entry(struct ext4 *ext4, const struct ext4_inode *directory, uint64_t *offset,
                      struct ext4_entry *ret)
{
    if (directory->flags & EXT4_FLAG_INLINE && *offset == 0) {
        *offset = INLINE_PARENT;
        return give_parent(ext4, directory, ret);
    }
    while (*offset < directory->size) {
        uint64_t at = *offset;
        const uint8_t *entry;
        struct area area = {.bytes = NULL};
        uint32_t length;

        if (fw_ext4_spend(ext4, COST_OF_ENTRY) != 0 || find_area(ext4, directory, &at, &area) != 0)
            return -1;
        entry = area.bytes + at;
        if (!zp_fits(at, ENTRY_HEADER, area.end) || (length = length_of(ext4, entry)) < ENTRY_HEADER ||
            length % 4 != 0 || !zp_fits(at, length, area.end))
            return fw_ext4_refuse(ext4, "directory", directory->number, "has an entry that does not fit");
        *offset += length;
        if (ext4_32(entry) == 0)
            continue;
        ret->inode = ext4_32(entry);
        return take_name(ext4, directory, entry, length, ret);
    }
    return 1;
}

/* A directory that a fast commit made has nothing on disk yet. */
static int first_entry(struct ext4 *ext4, const struct ext4_inode *directory, uint64_t *offset,
                       struct ext4_entry *ret)
{
    if (!fw_ext4_fast_parent(ext4, directory->number, &ret->inode))
        return disk_entry(ext4, directory, offset, ret);
    memcpy(ret->name, "..", 3);
    *offset = FAST_ENTRIES;
    return 0;
}

int fw_ext4_entry(struct ext4 *ext4, const struct ext4_inode *directory, uint64_t *offset,
                  struct ext4_entry *ret)
{
    uint64_t index;
    int result;

    while (*offset < FAST_ENTRIES) {
        result = (*offset == 0 ? first_entry : disk_entry)(ext4, directory, offset, ret);
        if (result < 0 || fw_ext4_fast_spend(ext4) != 0)
            return -1;
        if (result > 0)
            *offset = FAST_ENTRIES;
        else if (!fw_ext4_fast_has(ext4, directory->number, ret->name))
            return 0;
    }
    index = *offset - FAST_ENTRIES;
    result = fw_ext4_fast_entry(ext4, directory->number, &index, ret);
    *offset = FAST_ENTRIES + index;
    return result;
}
