/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fast commits: small changes behind the log of a journal, on top of its last transaction. Receives the
 * journal when its log is collected; guarantees that inodes, maps and directories are read with what they
 * say. They come as tags of 4 bytes and a value, block after block; a tail with the right checksum commits
 * what is before it (Documentation/filesystems/ext4/journal.rst, "Fast commits"; fs/ext4/fast_commit.h).
 *
 * The committed blocks are kept as they are, with a list of their tags: whoever reads an inode, a map or a
 * name asks for the last tag about it.
 */
#include "ext4_journal.h"

#define TAG_SIZE      4u
#define TAG_ADD_RANGE 1u
#define TAG_DEL_RANGE 2u
#define TAG_CREATE    3u
#define TAG_LINK      4u
#define TAG_UNLINK    5u
#define TAG_INODE     6u
#define TAG_PAD       7u
#define TAG_TAIL      8u
#define TAG_HEAD      9u

#define RANGE_SIZE     16u /* inode, extent */
#define DELETED_SIZE   12u /* inode, first block, count */
#define NAME_SIZE      8u  /* parent, inode; and the name */
#define INODE_MIN      (4 + 0x80u)
#define EXTENT_WRITTEN 0x8000u
#define INODE_MAP      0x28u
#define INODE_FLAGS    0x20u
#define INODE_REST     0x64u
#define EXTENT_MAGIC   0xf30au
#define TAGS_MAX       16384u /* all are looked through for each name and each run of blocks */
#define TAGS_OF_A_STEP 32u

/* Are the values of tag what its size has room for? */
static bool is_whole(uint32_t tag, uint32_t size)
{
    switch (tag) {
    case TAG_ADD_RANGE: return size >= RANGE_SIZE;
    case TAG_DEL_RANGE: return size >= DELETED_SIZE;
    case TAG_CREATE:
    case TAG_LINK:
    case TAG_UNLINK: return size > NAME_SIZE && size <= NAME_SIZE + EXT4_NAME_MAX;
    case TAG_INODE: return size >= INODE_MIN;
    case TAG_PAD: return true;
    }
    return (tag == TAG_TAIL || tag == TAG_HEAD) && size >= 8;
}

struct scan {
    uint32_t expected, sum;
    bool begun;
    size_t tags, committed; /* so far, and up to the last good tail */
};

/* 1: this and what follows is of earlier times, or not committed. fast: where to write tags down, or NULL. */
static int scan_block(struct ext4 *ext4, struct scan *scan, const uint8_t *block, struct ext4_fast *fast,
                      size_t room)
{
    uint32_t size = ext4->block_size;

    for (uint32_t at = 0, length; zp_fits(at, TAG_SIZE, size); at += TAG_SIZE + length) {
        uint32_t tag = ext4_16(block + at);
        const uint8_t *value = block + at + TAG_SIZE;

        length = ext4_16(block + at + 2);
        if (!zp_fits(at, TAG_SIZE + length, size) || !is_whole(tag, length) ||
            (!scan->begun && tag != TAG_HEAD))
            return 1;
        scan->begun = true;
        if (tag == TAG_HEAD && ext4_32(value + 4) != scan->expected)
            return 1;
        if (tag == TAG_HEAD && ext4_32(value) != 0)
            return fw_ext4_refuse(ext4, "journal: features of fast commits, number", ext4_32(value),
                                  "not known");
        if (fast && scan->tags < room)
            fast[scan->tags] = (struct ext4_fast){.tag = tag, .size = length, .value = value};
        scan->tags++;
        scan->sum = fw_ext4_sum(ext4, scan->sum, block + at, TAG_SIZE + (tag == TAG_TAIL ? 4 : length));
        if (tag != TAG_TAIL)
            continue;
        if (ext4_32(value) != scan->expected || ext4_32(value + 4) != scan->sum)
            return 1;
        scan->sum = 0;
        scan->committed = scan->tags;
    }
    return 0;
}

/* How many blocks have something, and how many tags; kept: those blocks, in memory, or NULL. */
static int scan_all(struct ext4_journal *journal, struct scan *scan, const uint8_t *kept, uint32_t *blocks,
                    struct ext4_fast *fast, size_t room)
{
    struct ext4 *ext4 = journal->ext4;
    uint32_t first = journal->last + 1;
    int result = 0;

    *scan = (struct scan){.expected = journal->sequence + journal->transaction};
    for (uint32_t i = 0; result == 0 && first + i < journal->end && (!kept || i < *blocks); i++) {
        const uint8_t *block =
            kept ? kept + ((size_t)i << ext4->block_bits) : fw_ext4_journal_block(journal, first + i);
        size_t committed = scan->committed;

        if (!block)
            return -1;
        result = scan_block(ext4, scan, block, fast, room);
        if (!kept && scan->committed != committed)
            *blocks = i + 1;
    }
    return result < 0 ? -1 : 0;
}

int fw_ext4_fast_commits(struct ext4_journal *journal)
{
    struct ext4 *ext4 = journal->ext4;
    uint32_t blocks = 0;
    struct scan scan;
    uint8_t *kept;
    size_t count;

    if (scan_all(journal, &scan, NULL, &blocks, NULL, 0) != 0)
        return -1;
    count = scan.committed;
    if (count == 0)
        return 0;
    if (count > TAGS_MAX)
        return fw_ext4_refuse(ext4, "journal: fast commits", count, "more than anybody makes");
    kept = fw_arena_take(ext4->fs->arena, (size_t)blocks << ext4->block_bits);
    ext4->fast = fw_arena_take(ext4->fs->arena, count * sizeof(*ext4->fast));
    ext4->fast_inode = fw_arena_take(ext4->fs->arena, ext4->inode_size);
    if (!kept || !ext4->fast || !ext4->fast_inode)
        return fw_ext4_refuse(ext4, "journal: fast commits", count, "no memory left");
    for (uint32_t i = 0; i < blocks; i++) {
        const uint8_t *block = fw_ext4_journal_block(journal, journal->last + 1 + i);

        if (!block)
            return -1;
        memcpy(kept + ((size_t)i << ext4->block_bits), block, ext4->block_size);
    }
    if (scan_all(journal, &scan, kept, &blocks, ext4->fast, count) != 0)
        return -1;
    if (scan.committed != count)
        return fw_ext4_refuse(ext4, "journal: fast commits", count, "not what they were a moment ago");
    ext4->fast_count = count;
    return 0;
}

/*
 * An inode on top of what it was: all but its map, which ranges tell of; inline data is in the map, though,
 * and so are links that are short.
 */
const uint8_t *fw_ext4_fast_inode(struct ext4 *ext4, uint32_t number, const uint8_t *raw)
{
    for (size_t i = ext4->fast_count; i-- > 0;) {
        const struct ext4_fast *fast = &ext4->fast[i];
        const uint8_t *with = fast->value + 4;
        size_t size = fast->size - 4;
        uint8_t *to = ext4->fast_inode;

        if (fast->tag != TAG_INODE || ext4_32(fast->value) != number)
            continue;
        size = size < ext4->inode_size ? size : ext4->inode_size;
        memcpy(to, raw, ext4->inode_size);
        memcpy(to, with, INODE_MAP);
        memcpy(to + INODE_REST, with + INODE_REST, size - INODE_REST);
        if (!(ext4_32(with + INODE_FLAGS) & EXT4_FLAG_EXTENTS)) {
            memcpy(to + INODE_MAP, with + INODE_MAP, EXT4_MAP_SIZE);
        } else if (ext4_16(to + INODE_MAP) != EXTENT_MAGIC) {
            memset(to + INODE_MAP, 0, EXT4_MAP_SIZE);
            to[INODE_MAP] = EXTENT_MAGIC & 0xff;
            to[INODE_MAP + 1] = EXTENT_MAGIC >> 8;
        }
        return to;
    }
    return NULL;
}

/* The last range about a block of an inode: true, or false and *ret->count: how far there is none. */
bool fw_ext4_fast_map(const struct ext4 *ext4, uint32_t number, uint64_t logical, struct ext4_run *ret)
{
    for (size_t i = ext4->fast_count; i-- > 0;) {
        const struct ext4_fast *fast = &ext4->fast[i];
        const uint8_t *value = fast->value;
        uint64_t start, length, physical = 0;

        if (fast->tag > TAG_DEL_RANGE || ext4_32(value) != number)
            continue;
        start = ext4_32(value + 4);
        length = fast->tag == TAG_ADD_RANGE ? ext4_16(value + 8) : ext4_32(value + 8);
        if (fast->tag == TAG_ADD_RANGE && length > EXTENT_WRITTEN)
            length -= EXTENT_WRITTEN;
        else if (fast->tag == TAG_ADD_RANGE)
            physical = ext4_32(value + 12) | (uint64_t)ext4_16(value + 10) << 32;
        if (start > logical && start - logical < ret->count)
            ret->count = start - logical;
        if (start > logical || logical - start >= length)
            continue;
        if (ret->count > start + length - logical)
            ret->count = start + length - logical;
        ret->physical = physical ? physical + (logical - start) : 0;
        return true;
    }
    return false;
}

static bool is_name(const struct ext4_fast *fast, uint32_t parent)
{
    return fast->tag >= TAG_CREATE && fast->tag <= TAG_UNLINK && ext4_32(fast->value) == parent;
}

/* The last tag about a name of a directory, or NULL. */
static const struct ext4_fast *find_name(const struct ext4 *ext4, uint32_t parent, const char *name)
{
    size_t length = 0;

    while (name[length])
        length++;
    for (size_t i = ext4->fast_count; i-- > 0;)
        if (is_name(&ext4->fast[i], parent) && ext4->fast[i].size - NAME_SIZE == length &&
            memcmp(ext4->fast[i].value + NAME_SIZE, name, length) == 0)
            return &ext4->fast[i];
    return NULL;
}

int fw_ext4_fast_spend(struct ext4 *ext4)
{
    return fw_ext4_spend(ext4, (ext4->fast_count + TAGS_OF_A_STEP - 1) / TAGS_OF_A_STEP);
}

bool fw_ext4_fast_has(const struct ext4 *ext4, uint32_t parent, const char *name)
{
    return find_name(ext4, parent, name) != NULL;
}

bool fw_ext4_fast_parent(const struct ext4 *ext4, uint32_t number, uint32_t *ret_parent)
{
    for (size_t i = ext4->fast_count; i-- > 0;) {
        if (ext4->fast[i].tag != TAG_CREATE || ext4_32(ext4->fast[i].value + 4) != number)
            continue;
        *ret_parent = ext4_32(ext4->fast[i].value);
        return true;
    }
    return false;
}

int fw_ext4_fast_entry(struct ext4 *ext4, uint32_t parent, uint64_t *index, struct ext4_entry *ret)
{
    while (*index < ext4->fast_count) {
        const struct ext4_fast *fast = &ext4->fast[(*index)++];
        size_t length = fast->size - NAME_SIZE;

        if (!is_name(fast, parent) || fast->tag == TAG_UNLINK)
            continue;
        if (fw_ext4_fast_spend(ext4) != 0)
            return -1;
        memcpy(ret->name, fast->value + NAME_SIZE, length);
        ret->name[length] = '\0';
        ret->inode = ext4_32(fast->value + 4);
        for (size_t i = 0; i < length; i++)
            if (ret->name[i] == '\0' || ret->name[i] == '/')
                return fw_ext4_refuse(ext4, "directory", parent, "has a name that no file can have");
        if (find_name(ext4, parent, ret->name) == fast)
            return 0;
    }
    return 1;
}
