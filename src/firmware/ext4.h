/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside of the ext2, ext3 and ext4 reader (the kernel's Documentation/filesystems/ext4 describes all of it;
 * numbers are little-endian on disk, big-endian within the journal).
 *
 * Blocks come through a small cache, which looks into the journal's replay first: nobody sees a block as it
 * was before the journal is through. A pointer into the cache holds until the next call that may read.
 * Functions return 0, or -1 when fw_note has said why, unless told otherwise.
 */
#ifndef ZP_FIRMWARE_EXT4_H
#define ZP_FIRMWARE_EXT4_H

#include "fs.h"

#include "../core/checked.h"

#define EXT4_NAME_MAX   255u
#define EXT4_ROOT       2u
#define EXT4_MAP_SIZE   60u /* of an inode: extents, block numbers, a short link or the first inline data */
#define EXT4_CACHE_SIZE 8u
#define EXT4_NO_BLOCK   UINT64_MAX
#define EXT4_LINKS_MAX  16u /* symbolic links on the way to one file */

enum { /* compatible, incompatible, read-only compatible features that matter */
    EXT4_COMPAT_JOURNAL = 0x4,
    EXT4_COMPAT_SPARSE_SUPER2 = 0x200,
    EXT4_INCOMPAT_FILETYPE = 0x2,
    EXT4_INCOMPAT_RECOVER = 0x4,
    EXT4_INCOMPAT_JOURNAL_DEVICE = 0x8,
    EXT4_INCOMPAT_META_BG = 0x10,
    EXT4_INCOMPAT_64BIT = 0x80,
    EXT4_INCOMPAT_SUM_SEED = 0x2000,
    EXT4_INCOMPAT_LARGE_DIRECTORY = 0x4000,
    EXT4_RO_SPARSE_SUPER = 0x1,
    EXT4_RO_DESCRIPTOR_SUM = 0x10,
    EXT4_RO_METADATA_SUM = 0x400,
};

enum { /* of inodes */
    EXT4_FLAG_ENCRYPTED = 0x800,
    EXT4_FLAG_INDEX = 0x1000,
    EXT4_FLAG_EXTENTS = 0x80000,
    EXT4_FLAG_INLINE = 0x10000000,
    EXT4_FLAG_CASEFOLD = 0x40000000,
};

enum {
    EXT4_MODE_TYPE = 0xf000,
    EXT4_MODE_DIRECTORY = 0x4000,
    EXT4_MODE_FILE = 0x8000,
    EXT4_MODE_LINK = 0xa000
};

/* A block that the journal has in a later state, or for a while a revocation. */
struct ext4_replaced {
    uint64_t block, where; /* where: the journal's block of the disk; 0: revoked */
    uint32_t order;        /* blocks from the log's start */
    uint32_t transaction;  /* from the log's start */
    uint32_t sum;
    uint32_t escaped; /* the first four bytes, which would look like the journal's own, are left out */
};

/* A tag of a fast commit, as it is in the journal. */
struct ext4_fast {
    uint32_t tag, size;
    const uint8_t *value;
};

struct ext4_cached {
    uint64_t block;   /* or EXT4_NO_BLOCK */
    uint64_t checked; /* what its checksum was found to be right for; 0: not looked at */
    uint64_t used;
    uint8_t *bytes;
};

struct ext4 {
    struct fw_fs *fs;
    uint8_t super[1024];
    bool backup; /* super is a copy: the first one is damaged */
    uint32_t block_size, block_bits;
    uint64_t blocks; /* all there are; numbers from first_block on are of use */
    uint32_t first_block, groups, group_blocks, group_inodes;
    uint32_t inodes, first_inode, inode_size, descriptor_size;
    uint32_t compat, incompat, ro_compat;
    uint32_t seed; /* of the checksums of metadata */

    struct ext4_replaced *replaced; /* in the order of their blocks, each once */
    size_t replaced_count;
    uint32_t journal_sequence, journal_seed, journal_sum_mask; /* mask 0: the journal has no sums of blocks */

    struct ext4_fast *fast; /* in the order in which they happened */
    size_t fast_count;
    uint8_t *fast_inode;

    struct ext4_cached cache[EXT4_CACHE_SIZE];
    uint64_t clock;
    uint32_t lines;   /* that were said */
    uint64_t budget;  /* how much work one call may still cause */
    uint8_t *scratch; /* a block's worth */
    char path[FW_PATH_MAX];
    uint32_t table[256]; /* of CRC-32C */
};

struct ext4_inode {
    uint32_t number, mode, flags, generation, seed;
    uint64_t size;
    uint8_t map[EXT4_MAP_SIZE];
};

/* Blocks in a row: count of them from physical on, or from nothing on, which reads as zeros. */
struct ext4_run {
    uint64_t physical, count;
};

struct ext4_entry {
    uint32_t inode;
    char name[EXT4_NAME_MAX + 1];
};

static inline uint32_t ext4_16(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static inline uint32_t ext4_32(const uint8_t *at)
{
    return ext4_16(at) | ext4_16(at + 2) << 16;
}

static inline uint32_t ext4_big32(const uint8_t *at)
{
    return __builtin_bswap32(ext4_32(at));
}

/* "<disk>, volume <n>: ext4: <what> <number>: <why>", as long as there were not many; returns -1. */
int fw_ext4_refuse(struct ext4 *ext4, const char *what, uint64_t number, const char *why);
/* Spends some of the budget; -1 when there is no more. */
int fw_ext4_spend(struct ext4 *ext4, uint64_t cost);

/* ext4_sum.c */
void fw_ext4_sum_begin(struct ext4 *ext4);
uint32_t fw_ext4_sum(const struct ext4 *ext4, uint32_t sum, const void *bytes, size_t size); /* CRC-32C */
uint32_t fw_ext4_sum32(const struct ext4 *ext4, uint32_t sum, uint32_t value);
uint16_t fw_ext4_crc16(uint16_t sum, const void *bytes, size_t size);
uint32_t fw_ext4_crc32_big(uint32_t sum, const void *bytes, size_t size);

/* ext4_block.c; the functions that return bytes return NULL for -1 */
int fw_ext4_cache_begin(struct ext4 *ext4);
void fw_ext4_cache_forget(struct ext4 *ext4);
const uint8_t *fw_ext4_block(struct ext4 *ext4, uint64_t block);
/* The same, with a mark that stays with the bytes: 0 as long as nobody has set it. */
const uint8_t *fw_ext4_block_marked(struct ext4 *ext4, uint64_t block, uint64_t **ret_mark);
/* length bytes from `within` block on, which may go on over the blocks behind it. */
int fw_ext4_bytes(struct ext4 *ext4, uint64_t block, uint64_t within, void *buffer, size_t length);

/* ext4_group.c: where a group's inodes are. */
int fw_ext4_inode_table(struct ext4 *ext4, uint32_t group, uint64_t *ret_block);

/* ext4_inode.c */
int fw_ext4_inode(struct ext4 *ext4, uint32_t number, struct ext4_inode *ret);
int fw_ext4_inline(struct ext4 *ext4, const struct ext4_inode *inode, uint64_t offset, void *buffer,
                   size_t length);
int fw_ext4_read(struct ext4 *ext4, const struct ext4_inode *inode, uint64_t offset, void *buffer,
                 size_t length);

/* ext4_map.c: where an inode's blocks are, from its block `logical` on; count is never 0. */
int fw_ext4_map(struct ext4 *ext4, const struct ext4_inode *inode, uint64_t logical, struct ext4_run *ret);

/* ext4_directory.c: the first entry in use at *offset or later, which becomes where to go on. 1: no more. */
int fw_ext4_entry(struct ext4 *ext4, const struct ext4_inode *directory, uint64_t *offset,
                  struct ext4_entry *ret);

/* ext4_path.c: 1: not there. The path begins at the root, and may lead over links. */
int fw_ext4_walk(struct ext4 *ext4, uint32_t from, const char *path, struct ext4_inode *ret);

/* ext4_journal.c, when the superblock says that it is needed. */
int fw_ext4_recover(struct ext4 *ext4);

/*
 * ext4_fast.c: what fast commits say. Of an inode, with the one on disk (NULL: nothing); of the block
 * `logical` of an inode (false: nothing, up to ret->count, which is lowered); of a name in a directory; of a
 * directory that they made; and the names of one that are to be added, as fw_ext4_entry.
 */
const uint8_t *fw_ext4_fast_inode(struct ext4 *ext4, uint32_t number, const uint8_t *raw);
bool fw_ext4_fast_map(const struct ext4 *ext4, uint32_t number, uint64_t logical, struct ext4_run *ret);
bool fw_ext4_fast_has(const struct ext4 *ext4, uint32_t parent, const char *name);
bool fw_ext4_fast_parent(const struct ext4 *ext4, uint32_t number, uint32_t *ret_parent);
int fw_ext4_fast_entry(struct ext4 *ext4, uint32_t parent, uint64_t *index, struct ext4_entry *ret);
int fw_ext4_fast_spend(struct ext4 *ext4); /* for looking through all tags once */

#endif
