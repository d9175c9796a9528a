/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small ext4 file system with all that its reader goes through: block numbers or extents with a tree of two
 * levels, an inline file, links, and a journal into whose log transactions can be put. One group, blocks of
 * 1 KiB. Documentation/filesystems/ext4 of the kernel says where everything is.
 */
#ifndef ZP_TESTS_EXT4_IMAGE_H
#define ZP_TESTS_EXT4_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define EXT4_BLOCK  1024u
#define EXT4_BLOCKS 256u
#define EXT4_SIZE   (EXT4_BLOCKS * EXT4_BLOCK)
#define EXT4_INODES 32u
#define EXT4_INODE  256u

enum { /* blocks */
    EXT4_AT_SUPER = 1,
    EXT4_AT_GROUPS,
    EXT4_AT_INODES = 5,
    EXT4_AT_ROOT = 13,
    EXT4_AT_DIR = 15,
    EXT4_AT_FILE = 16, /* three of them */
    EXT4_AT_TREE = 20,
    EXT4_AT_HOLES = 21, /* three of them */
    EXT4_AT_INNER = 24,
    EXT4_AT_JOURNAL = 64,
    EXT4_AT_FAST = 200, /* four of them */
};

enum { /* inodes */
    EXT4_IS_ROOT = 2,
    EXT4_IS_JOURNAL = 8,
    EXT4_IS_FILE = 12,
    EXT4_IS_LINK,
    EXT4_IS_DIR,
    EXT4_IS_HOLES,
    EXT4_IS_INNER,
    EXT4_IS_INLINE
};

#define EXT4_FILE_SIZE   3000u
#define EXT4_HOLES_SIZE  (13 * EXT4_BLOCK - 5)
#define EXT4_INNER_SIZE  10u
#define EXT4_INLINE_SIZE 70u
#define EXT4_LOG_LENGTH  1024u /* with fast commits behind it, of which most is not there */
#define EXT4_LOG_BLOCKS  100u  /* with the journal's superblock */

struct ext4_layout {
    bool sums, extents, wide;
    bool recover;
    uint32_t log_compat, log_incompat; /* features of the journal */
    uint32_t log_start, log_sequence;
    uint32_t log_fast; /* blocks of it that are left to fast commits; the log must not wrap then */
};

struct ext4_image {
    struct ext4_layout layout;
    uint8_t bytes[EXT4_SIZE];
    uint32_t log_at, log_sequence, log_sum1;
    uint32_t fast_at, fast_sum;
};

static inline void ext4_put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static inline void ext4_put32(uint8_t *at, uint32_t value)
{
    ext4_put16(at, value);
    ext4_put16(at + 2, value >> 16);
}

static inline void ext4_put_big(uint8_t *at, uint32_t value)
{
    ext4_put32(at, __builtin_bswap32(value));
}

static inline uint32_t ext4_crc32c(uint32_t sum, const void *bytes, size_t size)
{
    static uint32_t of_nibble[16];

    for (uint32_t i = 1; i < 16 && of_nibble[15] == 0; i++) {
        uint32_t value = i;

        for (int bit = 0; bit < 4; bit++)
            value = value >> 1 ^ (value & 1 ? 0x82f63b78u : 0);
        of_nibble[i] = value;
    }
    for (const uint8_t *at = bytes; size > 0; size--) {
        sum ^= *at++;
        sum = sum >> 4 ^ of_nibble[sum & 15];
        sum = sum >> 4 ^ of_nibble[sum & 15];
    }
    return sum;
}

static inline uint32_t ext4_crc32_high_first(uint32_t sum, const void *bytes, size_t size)
{
    for (const uint8_t *at = bytes; size > 0; size--) {
        sum ^= (uint32_t)*at++ << 24;
        for (int bit = 0; bit < 8; bit++)
            sum = sum << 1 ^ (sum >> 31 ? 0x04c11db7u : 0);
    }
    return sum;
}

static inline uint8_t *ext4_block(struct ext4_image *image, uint32_t block)
{
    return image->bytes + block * EXT4_BLOCK;
}

static inline uint8_t *ext4_inode_at(struct ext4_image *image, uint32_t number)
{
    return ext4_block(image, EXT4_AT_INODES) + (number - 1) * EXT4_INODE;
}

static inline uint32_t ext4_inode_seed(struct ext4_image *image, uint32_t number)
{
    uint8_t value[4];
    uint32_t sum = ext4_crc32c(UINT32_MAX, ext4_block(image, EXT4_AT_SUPER) + 0x68, 16);

    ext4_put32(value, number);
    sum = ext4_crc32c(sum, value, 4);
    return ext4_crc32c(sum, ext4_inode_at(image, number) + 0x64, 4);
}

/* All checksums of metadata, as things are now. */
static inline void ext4_sum_all(struct ext4_image *image)
{
    uint8_t *super = ext4_block(image, EXT4_AT_SUPER), *group = ext4_block(image, EXT4_AT_GROUPS),
            zeros[4] = {0};
    uint32_t sum;

    if (!image->layout.sums)
        return;
    for (uint32_t number = 1; number <= EXT4_INODES; number++) {
        uint8_t *inode = ext4_inode_at(image, number);

        ext4_put16(inode + 0x7c, 0);
        ext4_put16(inode + 0x82, 0);
        sum = ext4_crc32c(ext4_inode_seed(image, number), inode, EXT4_INODE);
        ext4_put16(inode + 0x7c, sum);
        ext4_put16(inode + 0x82, sum >> 16);
    }
    for (uint32_t number = EXT4_IS_ROOT; number <= EXT4_IS_DIR; number += EXT4_IS_DIR - EXT4_IS_ROOT) {
        uint8_t *block = ext4_block(image, number == EXT4_IS_ROOT ? EXT4_AT_ROOT : EXT4_AT_DIR);

        ext4_put32(block + EXT4_BLOCK - 4,
                   ext4_crc32c(ext4_inode_seed(image, number), block, EXT4_BLOCK - 12));
    }
    sum = ext4_crc32c(ext4_inode_seed(image, EXT4_IS_HOLES), ext4_block(image, EXT4_AT_TREE), EXT4_BLOCK - 4);
    if (image->layout.extents)
        ext4_put32(ext4_block(image, EXT4_AT_TREE) + EXT4_BLOCK - 4, sum);
    ext4_put16(group + 0x1e, 0);
    sum = ext4_crc32c(UINT32_MAX, super + 0x68, 16);
    sum = ext4_crc32c(ext4_crc32c(sum, zeros, 4), group, image->layout.wide ? 64 : 32);
    ext4_put16(group + 0x1e, sum);
    ext4_put32(super + 0x3fc, ext4_crc32c(UINT32_MAX, super, 0x3fc));
}

static inline void ext4_put_extent(uint8_t *at, uint32_t logical, uint32_t length, uint32_t block)
{
    ext4_put32(at, logical);
    ext4_put16(at + 4, length);
    ext4_put32(at + 8, block);
}

static inline void ext4_put_tree(uint8_t *at, uint32_t count, uint32_t max, uint32_t depth)
{
    ext4_put16(at, 0xf30a);
    ext4_put16(at + 2, count);
    ext4_put16(at + 4, max);
    ext4_put16(at + 6, depth);
}

static inline uint8_t *ext4_put_inode(struct ext4_image *image, uint32_t number, uint32_t mode, uint32_t size)
{
    uint8_t *inode = ext4_inode_at(image, number);

    ext4_put16(inode, mode);
    ext4_put32(inode + 4, size);
    ext4_put16(inode + 0x1a, 1);
    ext4_put16(inode + 0x80, 32);
    return inode;
}

/* An inode with one run of blocks. */
static inline void ext4_put_run(struct ext4_image *image, uint32_t number, uint32_t mode, uint32_t size,
                                uint32_t block)
{
    uint8_t *inode = ext4_put_inode(image, number, mode, size);
    uint32_t count = (size + EXT4_BLOCK - 1) / EXT4_BLOCK;

    if (image->layout.extents || count > 12) { /* the journal has extents in any case */
        ext4_put32(inode + 0x20, 0x80000);
        ext4_put_tree(inode + 0x28, 1, 4, 0);
        ext4_put_extent(inode + 0x34, 0, count, block);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        ext4_put32(inode + 0x28 + 4 * i, block + i);
}

/* Blocks 0, 5 and 12. */
static inline void ext4_put_holes(struct ext4_image *image)
{
    uint8_t *inode = ext4_put_inode(image, EXT4_IS_HOLES, 0x81a4, EXT4_HOLES_SIZE), *map = inode + 0x28;
    uint8_t *tree = ext4_block(image, EXT4_AT_TREE);

    if (!image->layout.extents) {
        ext4_put32(map, EXT4_AT_HOLES);
        ext4_put32(map + 4 * 5, EXT4_AT_HOLES + 1);
        ext4_put32(map + 4 * 12, EXT4_AT_TREE);
        ext4_put32(tree, EXT4_AT_HOLES + 2);
        return;
    }
    ext4_put32(inode + 0x20, 0x80000);
    ext4_put_tree(map, 1, 4, 1);
    ext4_put32(map + 12 + 4, EXT4_AT_TREE);
    ext4_put_tree(tree, 4, 84, 0);
    ext4_put_extent(tree + 12, 0, 1, EXT4_AT_HOLES);
    ext4_put_extent(tree + 24, 5, 1, EXT4_AT_HOLES + 1);
    ext4_put_extent(tree + 36, 6, 0x8000 + 2, 30); /* not written to yet */
    ext4_put_extent(tree + 48, 12, 1, EXT4_AT_HOLES + 2);
}

/* Names follow each other; the last one takes the rest but for the checksum. */
static inline uint8_t *ext4_put_name(uint8_t *at, uint32_t inode, const char *name, uint8_t *end)
{
    uint32_t length = (uint32_t)strlen(name), size = end ? (uint32_t)(end - at) : (8 + length + 3) & ~3u;

    ext4_put32(at, inode);
    ext4_put16(at + 4, size);
    at[6] = (uint8_t)length;
    memcpy(at + 8, name, length);
    return at + size;
}

static inline void ext4_put_tail(struct ext4_image *image, uint32_t block)
{
    uint8_t *tail = ext4_block(image, block) + EXT4_BLOCK - 12;

    ext4_put16(tail + 4, 12);
    tail[7] = 0xde;
}

static inline void ext4_put_directories(struct ext4_image *image)
{
    uint8_t *at = ext4_block(image, EXT4_AT_ROOT), *end = at + EXT4_BLOCK - 12;

    at = ext4_put_name(at, EXT4_IS_ROOT, ".", NULL);
    at = ext4_put_name(at, EXT4_IS_ROOT, "..", NULL);
    at = ext4_put_name(at, EXT4_IS_FILE, "file", NULL);
    at = ext4_put_name(at, 0, "gone", NULL);
    at = ext4_put_name(at, EXT4_IS_LINK, "link", NULL);
    at = ext4_put_name(at, EXT4_IS_DIR, "dir", NULL);
    at = ext4_put_name(at, EXT4_IS_INLINE, "inline", NULL);
    ext4_put_name(at, EXT4_IS_HOLES, "holes", end);
    at = ext4_block(image, EXT4_AT_DIR);
    at = ext4_put_name(at, EXT4_IS_DIR, ".", NULL);
    at = ext4_put_name(at, EXT4_IS_ROOT, "..", NULL);
    ext4_put_name(at, EXT4_IS_INNER, "inner", ext4_block(image, EXT4_AT_DIR) + EXT4_BLOCK - 12);
    ext4_put_tail(image, EXT4_AT_ROOT);
    ext4_put_tail(image, EXT4_AT_DIR);
    ext4_put_run(image, EXT4_IS_ROOT, 0x41ed, EXT4_BLOCK, EXT4_AT_ROOT);
    ext4_put_run(image, EXT4_IS_DIR, 0x41ed, EXT4_BLOCK, EXT4_AT_DIR);
}

static inline void ext4_put_inline(struct ext4_image *image)
{
    uint8_t *inode = ext4_put_inode(image, EXT4_IS_INLINE, 0x81a4, EXT4_INLINE_SIZE),
            *body = inode + 128 + 32;

    ext4_put32(inode + 0x20, 0x10000000);
    memset(inode + 0x28, 'i', 60);
    ext4_put32(body, 0xea020000);
    body[4] = 4;
    body[5] = 7;
    ext4_put16(body + 6, 40); /* value, from body + 4 */
    ext4_put32(body + 12, EXT4_INLINE_SIZE - 60);
    memcpy(body + 20, "data", 4);
    memset(body + 44, 'j', EXT4_INLINE_SIZE - 60);
}

static inline void ext4_put_super(struct ext4_image *image)
{
    const struct ext4_layout *layout = &image->layout;
    uint8_t *super = ext4_block(image, EXT4_AT_SUPER), *group = ext4_block(image, EXT4_AT_GROUPS);

    ext4_put32(super, EXT4_INODES);
    ext4_put32(super + 0x04, EXT4_BLOCKS);
    ext4_put32(super + 0x14, 1);
    ext4_put32(super + 0x20, 8192);
    ext4_put32(super + 0x24, 8192);
    ext4_put32(super + 0x28, EXT4_INODES);
    ext4_put16(super + 0x38, 0xef53);
    ext4_put16(super + 0x3a, 1);
    ext4_put32(super + 0x4c, 1);
    ext4_put32(super + 0x54, 11);
    ext4_put16(super + 0x58, EXT4_INODE);
    ext4_put32(super + 0x5c, 0x4);
    ext4_put32(super + 0x60, 0x8002u | (layout->recover ? 0x4 : 0) | 0x40u | (layout->wide ? 0x80 : 0));
    ext4_put32(super + 0x64, layout->sums ? 0x400 : 0);
    memcpy(super + 0x68, "0123456789abcdef", 16);
    memcpy(super + 0x78, "sixteen letters.", 16);
    ext4_put32(super + 0xe0, EXT4_IS_JOURNAL);
    ext4_put16(super + 0xfe, layout->wide ? 64 : 0);
    super[0x175] = layout->sums ? 1 : 0;
    ext4_put32(group, 3);
    ext4_put32(group + 4, 4);
    ext4_put32(group + 8, EXT4_AT_INODES);
}

/* The block of the disk that is this one of the journal. */
static inline uint8_t *ext4_log_block(struct ext4_image *image, uint32_t index)
{
    return ext4_block(image, EXT4_AT_JOURNAL + index);
}

static inline bool ext4_log_sums(const struct ext4_image *image)
{
    return image->layout.log_incompat & 0x18;
}

static inline uint32_t ext4_log_seed(struct ext4_image *image)
{
    return ext4_crc32c(UINT32_MAX, ext4_log_block(image, 0) + 0x30, 16);
}

/* The sum of a block of the journal's own, where it belongs. */
static inline void ext4_log_sum(struct ext4_image *image, uint8_t *block, uint32_t at)
{
    if (!ext4_log_sums(image))
        return;
    ext4_put32(block + at, 0);
    ext4_put_big(block + at, ext4_crc32c(ext4_log_seed(image), block, EXT4_BLOCK));
}

static inline void ext4_log_put_super(struct ext4_image *image)
{
    uint8_t *super = ext4_log_block(image, 0);

    ext4_put_big(super, 0xc03b3998);
    ext4_put_big(super + 4, 4);
    ext4_put_big(super + 0x0c, EXT4_BLOCK);
    ext4_put_big(super + 0x10,
                 image->layout.log_fast ? EXT4_LOG_LENGTH + image->layout.log_fast : EXT4_LOG_BLOCKS);
    ext4_put_big(super + 0x14, 1);
    ext4_put_big(super + 0x18, image->layout.log_sequence);
    ext4_put_big(super + 0x1c, image->layout.log_start);
    ext4_put_big(super + 0x24, image->layout.log_compat);
    ext4_put_big(super + 0x28, image->layout.log_incompat);
    memcpy(super + 0x30, "journal's number", 16);
    super[0x50] = ext4_log_sums(image) ? 4 : 0;
    ext4_put_big(super + 0x54, image->layout.log_fast);
    if (ext4_log_sums(image)) {
        ext4_put32(super + 0xfc, 0);
        ext4_put_big(super + 0xfc, ext4_crc32c(UINT32_MAX, super, 1024));
    }
    image->log_at = image->layout.log_start;
    image->log_sequence = image->layout.log_sequence;
    image->log_sum1 = UINT32_MAX;
}

/* The next block of the log, round and round, all zeros. */
static inline uint8_t *ext4_log_next(struct ext4_image *image)
{
    uint8_t *block = ext4_log_block(image, image->log_at);

    image->log_at = image->log_at + 1 == EXT4_LOG_BLOCKS ? 1 : image->log_at + 1;
    return memset(block, 0, EXT4_BLOCK);
}

static inline uint8_t *ext4_log_header(struct ext4_image *image, uint32_t type)
{
    uint8_t *block = ext4_log_next(image);

    ext4_put_big(block, 0xc03b3998);
    ext4_put_big(block + 4, type);
    ext4_put_big(block + 8, image->log_sequence);
    return block;
}

struct ext4_change {
    uint32_t block;
    uint8_t fill; /* what the block is full of from then on, */
    bool magic;   /* but for its first bytes: they look like the journal's own */
};

static inline void ext4_log_data(struct ext4_image *image, const struct ext4_change *change, uint8_t *tag,
                                 uint32_t flags)
{
    uint8_t *data = ext4_log_next(image), sequence[4];
    uint32_t incompat = image->layout.log_incompat, sum;

    memset(data, change->fill, EXT4_BLOCK);
    if (change->magic)
        memset(data, 0, 4);
    ext4_put_big(sequence, image->log_sequence);
    sum = ext4_log_sums(image) ? ext4_crc32c(ext4_crc32c(ext4_log_seed(image), sequence, 4), data, EXT4_BLOCK)
                               : 0;
    ext4_put_big(tag, change->block);
    if (incompat & 0x10) {
        ext4_put_big(tag + 4, flags);
        ext4_put_big(tag + 12, sum);
        return;
    }
    ext4_put_big(tag + 4, flags | (incompat & 0x8 ? sum << 16 : 0));
}

/* A descriptor with its blocks; the first tag has a UUID behind it, as the kernel's have. */
static inline void ext4_log_changes(struct ext4_image *image, const struct ext4_change *changes,
                                    uint32_t count)
{
    uint32_t incompat = image->layout.log_incompat, size = incompat & 0x2 ? 12 : 8, at = 12,
             first = image->log_at;
    uint8_t *block = ext4_log_header(image, 1);

    size = incompat & 0x10 ? 16 : size + (incompat & 0x8 ? 2 : 0);
    for (uint32_t i = 0; i < count; i++) {
        ext4_log_data(image, &changes[i], block + at,
                      (changes[i].magic ? 1 : 0) | (i > 0 ? 2 : 0) | (i + 1 == count ? 8 : 0));
        at += size + (i > 0 ? 0 : 16);
    }
    ext4_log_sum(image, block, EXT4_BLOCK - 4);
    for (uint32_t i = 0; i <= count && image->layout.log_compat & 1; i++)
        image->log_sum1 = ext4_crc32_high_first(
            image->log_sum1, ext4_log_block(image, 1 + (first - 1 + i) % (EXT4_LOG_BLOCKS - 1)), EXT4_BLOCK);
}

static inline void ext4_log_revoke(struct ext4_image *image, uint32_t number)
{
    uint32_t width = image->layout.log_incompat & 0x2 ? 8 : 4;
    uint8_t *block = ext4_log_header(image, 5);

    ext4_put_big(block + 12, 16 + width);
    ext4_put_big(block + 16 + width - 4, number);
    ext4_log_sum(image, block, EXT4_BLOCK - 4);
}

static inline void ext4_log_commit(struct ext4_image *image)
{
    uint8_t *block = ext4_log_header(image, 2);

    ext4_put_big(block + 0x34, 1000000 + image->log_sequence);
    if (image->layout.log_compat & 1) {
        block[12] = 1;
        block[13] = 4;
        ext4_put_big(block + 16, image->log_sum1);
    }
    ext4_log_sum(image, block, 16);
    image->log_sequence++;
    image->log_sum1 = UINT32_MAX;
}

/* The next tag of a fast commit; returns its value, all zeros. ext4_fast_close when that is there. */
static inline uint8_t *ext4_fast_tag(struct ext4_image *image, uint32_t tag, uint32_t size)
{
    uint8_t *at = ext4_block(image, EXT4_AT_FAST) + image->fast_at;

    ext4_put16(at, tag);
    ext4_put16(at + 2, size);
    return at + 4;
}

static inline void ext4_fast_close(struct ext4_image *image, const uint8_t *value)
{
    uint32_t size = 4 + (uint32_t)(value[-2] | value[-1] << 8);

    image->fast_sum = ext4_crc32c(image->fast_sum, value - 4, size);
    image->fast_at += size;
}

static inline void ext4_fast_name(struct ext4_image *image, uint32_t tag, uint32_t parent, uint32_t inode,
                                  const char *name)
{
    uint8_t *value = ext4_fast_tag(image, tag, 8 + (uint32_t)strlen(name));

    ext4_put32(value, parent);
    ext4_put32(value + 4, inode);
    memcpy(value + 8, name, strlen(name));
    ext4_fast_close(image, value);
}

static inline void ext4_fast_range(struct ext4_image *image, uint32_t inode, uint32_t logical,
                                   uint32_t length, uint32_t block)
{
    uint8_t *value = ext4_fast_tag(image, block ? 1 : 2, block ? 16 : 12);

    ext4_put32(value, inode);
    if (block) {
        ext4_put_extent(value + 4, logical, length, block);
    } else {
        ext4_put32(value + 4, logical);
        ext4_put32(value + 8, length);
    }
    ext4_fast_close(image, value);
}

/* As a file of extents, or a directory. */
static inline void ext4_fast_inode(struct ext4_image *image, uint32_t number, uint32_t mode, uint32_t size)
{
    uint8_t *value = ext4_fast_tag(image, 6, 4 + 160);

    ext4_put32(value, number);
    ext4_put16(value + 4, mode);
    ext4_put32(value + 8, size);
    ext4_put16(value + 4 + 0x1a, 1);
    ext4_put32(value + 4 + 0x20, 0x80000);
    ext4_put16(value + 4 + 0x80, 32);
    ext4_fast_close(image, value);
}

static inline void ext4_fast_head(struct ext4_image *image)
{
    uint8_t *value = ext4_fast_tag(image, 9, 8);

    ext4_put32(value + 4, image->log_sequence);
    ext4_fast_close(image, value);
}

/* The rest of a block is the tail's. */
static inline void ext4_fast_tail(struct ext4_image *image)
{
    uint8_t *value = ext4_fast_tag(image, 8, EXT4_BLOCK - 4 - image->fast_at % EXT4_BLOCK);

    ext4_put32(value, image->log_sequence);
    ext4_put32(value + 4, ext4_crc32c(image->fast_sum, value - 4, 8));
    image->fast_at += EXT4_BLOCK - image->fast_at % EXT4_BLOCK;
    image->fast_sum = 0;
}

static inline uint8_t ext4_file_byte(uint32_t offset)
{
    return (uint8_t)(offset * 7 + offset / 256);
}

static inline void ext4_image_make(struct ext4_image *image, const struct ext4_layout *layout)
{
    memset(image, 0, sizeof(*image));
    image->layout = *layout;
    ext4_put_super(image);
    ext4_put_directories(image);
    ext4_put_holes(image);
    ext4_put_inline(image);
    ext4_put_run(image, EXT4_IS_FILE, 0x81a4, EXT4_FILE_SIZE, EXT4_AT_FILE);
    ext4_put_run(image, EXT4_IS_INNER, 0x81a4, EXT4_INNER_SIZE, EXT4_AT_INNER);
    ext4_put_run(image, EXT4_IS_JOURNAL, 0x8180, EXT4_LOG_BLOCKS * EXT4_BLOCK, EXT4_AT_JOURNAL);
    if (layout->log_fast) {
        uint8_t *inode =
            ext4_put_inode(image, EXT4_IS_JOURNAL, 0x8180, (EXT4_LOG_LENGTH + layout->log_fast) * EXT4_BLOCK);

        ext4_put_tree(inode + 0x28, 2, 4, 0);
        ext4_put_extent(inode + 0x34, 0, EXT4_LOG_BLOCKS, EXT4_AT_JOURNAL);
        ext4_put_extent(inode + 0x40, EXT4_LOG_LENGTH + 1, 4, EXT4_AT_FAST);
    }
    memcpy(ext4_put_inode(image, EXT4_IS_LINK, 0xa1ff, 9) + 0x28, "dir/inner", 9);
    for (uint32_t i = 0; i < EXT4_FILE_SIZE; i++)
        ext4_block(image, EXT4_AT_FILE)[i] = ext4_file_byte(i);
    for (uint32_t i = 0; i < 3; i++)
        memset(ext4_block(image, EXT4_AT_HOLES + i), 'a' + (int)i, EXT4_BLOCK);
    memset(ext4_block(image, EXT4_AT_INNER), 'n', EXT4_INNER_SIZE);
    ext4_log_put_super(image);
    ext4_sum_all(image);
}

#endif
