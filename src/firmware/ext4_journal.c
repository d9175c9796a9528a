/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The journal of a file system that was not unmounted. Receives the journal's inode; guarantees a list of the
 * blocks whose last committed state is in the journal, for ext4_block.c to read from there, or refuses with
 * the reason: nothing is written, and nothing that is needed is left out
 * (Documentation/filesystems/ext4/journal.rst).
 *
 * The log is a ring of transactions: descriptor blocks, each followed by the blocks that it names,
 * revocations of blocks that must not be taken from this transaction or one before, and a commit block. It
 * ends where the next block is no part of the transaction that is expected. It is walked twice: to see which
 * transactions are committed, and to collect what they hold.
 */
#include "ext4_journal.h"

#define SUPER_JOURNAL 0xe0 /* in ext4's superblock: its inode */

#define JOURNAL_MAGIC    0xc03b3998u
#define BLOCK_DESCRIPTOR 1u
#define BLOCK_COMMIT     2u
#define BLOCK_SUPER1     3u
#define BLOCK_SUPER2     4u
#define BLOCK_REVOKE     5u
#define HEADER_SIZE      12u
#define UUID_SIZE        16u
#define TAIL_SIZE        4u /* of descriptors and revocations, when there are checksums */

#define SUPER_BLOCK_SIZE  0x0c
#define SUPER_LENGTH      0x10
#define SUPER_FIRST       0x14
#define SUPER_SEQUENCE    0x18
#define SUPER_START       0x1c
#define SUPER_COMPAT      0x24
#define SUPER_INCOMPAT    0x28
#define SUPER_UUID        0x30
#define SUPER_SUM_TYPE    0x50
#define SUPER_FAST_BLOCKS 0x54
#define SUPER_SUM         0xfc
#define SUPER_SIZE        1024u
#define SUM_CRC32C        4u
#define SUM_CRC32         1u

#define COMPAT_SUM1    0x1u
#define INCOMPAT_64BIT 0x2u
#define INCOMPAT_ASYNC 0x4u
#define INCOMPAT_SUM2  0x8u
#define INCOMPAT_SUM3  0x10u
#define INCOMPAT_FAST  0x20u
#define INCOMPAT_KNOWN 0x3fu /* and 0x1: revocations */

#define FAST_BLOCKS 256u  /* unless it says how many */
#define LENGTH_MIN  1024u /* of a log, with what is left to fast commits taken away */

#define TAG_ESCAPED   1u
#define TAG_SAME_UUID 2u
#define TAG_LAST      8u

#define REVOKE_COUNT 0x0c
#define REVOKE_FIRST 0x10u

#define COMMIT_SUM_TYPE 0x0c
#define COMMIT_SUM_SIZE 0x0d
#define COMMIT_SUM      0x10
#define COMMIT_TIME     0x30

static uint64_t big64(const uint8_t *at)
{
    return (uint64_t)ext4_big32(at) << 32 | ext4_big32(at + 4);
}

/* The block of the disk that is this one of the journal. */
static int locate(struct ext4_journal *journal, uint32_t index, uint64_t *ret_where)
{
    struct ext4_run *run = &journal->run;

    if (index < journal->run_start || index - journal->run_start >= run->count) {
        run->count = 0;
        if (fw_ext4_map(journal->ext4, &journal->inode, index, run) != 0)
            return -1;
        journal->run_start = index;
    }
    if (run->physical == 0)
        return fw_ext4_refuse(journal->ext4, "journal: block", index, "is not there");
    *ret_where = run->physical + (index - journal->run_start);
    return 0;
}

const uint8_t *fw_ext4_journal_block(struct ext4_journal *journal, uint32_t index)
{
    uint64_t where = 0;

    return locate(journal, index, &where) == 0 ? fw_ext4_block(journal->ext4, where) : NULL;
}

/* Version 2 and 3: the sum of a block with the four bytes at `at` taken for zeros, where it is. */
static bool is_sum_right(const struct ext4_journal *journal, const uint8_t *block, size_t at, size_t size)
{
    const struct ext4 *ext4 = journal->ext4;
    uint32_t sum = fw_ext4_sum(ext4, journal->seed, block, at);

    if (!journal->sums)
        return true;
    sum = fw_ext4_sum32(ext4, sum, 0);
    return fw_ext4_sum(ext4, sum, block + at + 4, size - at - 4) == ext4_big32(block + at);
}

static int append(struct ext4_journal *journal, const struct ext4_replaced *replaced)
{
    if (!journal->collecting) {
        journal->pending++;
        return 0;
    }
    if (journal->count == journal->capacity)
        return fw_ext4_refuse(journal->ext4, "journal: transaction", journal->transaction,
                              "not what it was a moment ago");
    journal->replaced[journal->count++] = *replaced;
    return 0;
}

static uint32_t step(struct ext4_journal *journal)
{
    uint32_t at = journal->at;

    journal->at = at + 1 == journal->last ? journal->first : at + 1;
    journal->order++;
    return at;
}

/* The block that a tag is about, which is the next of the log; *ret_flags: the tag's. */
static int take_tag(struct ext4_journal *journal, const uint8_t *tag, uint32_t *ret_flags)
{
    struct ext4 *ext4 = journal->ext4;
    struct ext4_replaced replaced = {.block = ext4_big32(tag), .transaction = journal->transaction};
    bool version3 = journal->incompat & INCOMPAT_SUM3;
    uint32_t at;

    *ret_flags = version3 ? ext4_big32(tag + 4) : ext4_big32(tag + 4) & 0xffff;
    if (journal->incompat & INCOMPAT_64BIT)
        replaced.block |= (uint64_t)ext4_big32(tag + 8) << 32;
    replaced.sum = version3 ? ext4_big32(tag + 12) : ext4_big32(tag + 4) >> 16;
    replaced.escaped = *ret_flags & TAG_ESCAPED;
    replaced.order = journal->order;
    at = step(journal);
    if (journal->sum1 && !journal->collecting) {
        const uint8_t *block = fw_ext4_journal_block(journal, at);

        if (!block)
            return -1;
        journal->running = fw_ext4_crc32_big(journal->running, block, ext4->block_size);
    }
    if (!journal->collecting)
        return append(journal, &replaced);
    if (replaced.block >= ext4->blocks)
        return fw_ext4_refuse(ext4, "journal: block", replaced.block, "not of this file system");
    if (locate(journal, at, &replaced.where) != 0)
        return -1;
    return append(journal, &replaced);
}

static int take_descriptor(struct ext4_journal *journal, const uint8_t *block)
{
    uint32_t size = journal->ext4->block_size - (journal->sums ? TAIL_SIZE : 0), at = HEADER_SIZE, flags = 0;

    if (journal->sum1 && !journal->collecting)
        journal->running = fw_ext4_crc32_big(journal->running, block, journal->ext4->block_size);
    /* Reading others may take its place in the cache. */
    memcpy(journal->ext4->scratch, block, journal->ext4->block_size);
    while (!(flags & TAG_LAST) && at + journal->tag_size <= size) {
        if (journal->order >= journal->length)
            return 0; /* more than the log has: it will be found not to be committed */
        if (take_tag(journal, journal->ext4->scratch + at, &flags) != 0)
            return -1;
        at += journal->tag_size + (flags & TAG_SAME_UUID ? 0 : UUID_SIZE);
    }
    return 0;
}

static int take_revocations(struct ext4_journal *journal, const uint8_t *block)
{
    struct ext4 *ext4 = journal->ext4;
    uint32_t size = ext4_big32(block + REVOKE_COUNT), width = journal->incompat & INCOMPAT_64BIT ? 8 : 4;

    if (size > ext4->block_size - (journal->sums ? TAIL_SIZE : 0))
        return fw_ext4_refuse(ext4, "journal: revocations in transaction", journal->transaction,
                              "more than a block holds");
    for (uint32_t at = REVOKE_FIRST; at + width <= size; at += width) {
        struct ext4_replaced revoked = {.order = journal->order, .transaction = journal->transaction};

        revoked.block = width == 8 ? big64(block + at) : ext4_big32(block + at);
        if (append(journal, &revoked) != 0)
            return -1;
    }
    return 0;
}

/* Version 1: one sum of all that a transaction has but the commit block, or none at all. */
static bool is_sum1_right(const struct ext4_journal *journal, const uint8_t *block)
{
    uint32_t sum = ext4_big32(block + COMMIT_SUM);

    if (!journal->sum1)
        return true;
    if (block[COMMIT_SUM_TYPE] == 0 && block[COMMIT_SUM_SIZE] == 0 && sum == 0)
        return true;
    return block[COMMIT_SUM_TYPE] == SUM_CRC32 && block[COMMIT_SUM_SIZE] == 4 && sum == journal->running;
}

/*
 * 0: committed. 1: this is the end of the log, since the transaction is older than the one before it and so
 * remains of an earlier round, or since a commit block may come before its blocks and these have not come.
 */
static int take_commit(struct ext4_journal *journal, const uint8_t *block)
{
    struct ext4 *ext4 = journal->ext4;
    uint64_t time = big64(block + COMMIT_TIME);
    bool right = is_sum1_right(journal, block) && is_sum_right(journal, block, COMMIT_SUM, ext4->block_size);

    if (journal->collecting)
        return 0;
    if (journal->spoiled || !right) {
        if (time < journal->time || (!journal->spoiled && journal->incompat & INCOMPAT_ASYNC))
            return 1;
        return fw_ext4_refuse(ext4, "journal: transaction", journal->sequence + journal->transaction,
                              "its checksum is wrong");
    }
    journal->time = time;
    journal->running = UINT32_MAX;
    journal->capacity += journal->pending;
    journal->pending = 0;
    return 0;
}

/* One block of the log that is no data. 0: go on; 1: the end. */
static int take_block(struct ext4_journal *journal)
{
    struct ext4 *ext4 = journal->ext4;
    const uint8_t *block = fw_ext4_journal_block(journal, step(journal));
    size_t tail = ext4->block_size - TAIL_SIZE;
    uint32_t type;
    int result;

    if (!block)
        return -1;
    type = ext4_big32(block + 4);
    if (ext4_big32(block) != JOURNAL_MAGIC ||
        ext4_big32(block + 8) != journal->sequence + journal->transaction)
        return 1;
    if (type == BLOCK_COMMIT) {
        result = take_commit(journal, block);
        if (result == 0)
            journal->transaction++;
        return result;
    }
    if (type != BLOCK_DESCRIPTOR && type != BLOCK_REVOKE)
        return 1;
    if (!is_sum_right(journal, block, tail, ext4->block_size)) {
        if (journal->collecting)
            return fw_ext4_refuse(ext4, "journal: transaction", journal->sequence + journal->transaction,
                                  "its checksum is wrong");
        journal->spoiled = true; /* or it is of an earlier round: the commit block will tell */
    }
    return type == BLOCK_DESCRIPTOR ? take_descriptor(journal, block) : take_revocations(journal, block);
}

/* At most once around. */
static int walk(struct ext4_journal *journal, uint32_t transactions)
{
    journal->at = journal->start;
    journal->order = 0;
    journal->transaction = 0;
    while (journal->transaction < transactions && journal->order < journal->length) {
        int result = take_block(journal);

        if (result != 0)
            return result < 0 ? -1 : 0;
    }
    return 0;
}

static bool is_before(const struct ext4_replaced *a, const struct ext4_replaced *b)
{
    return a->block != b->block ? a->block < b->block : a->order < b->order;
}

static void sink(struct ext4_replaced *heap, size_t at, size_t count)
{
    struct ext4_replaced sinking = heap[at];

    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && is_before(&heap[child], &heap[child + 1]))
            child++;
        if (!is_before(&sinking, &heap[child]))
            break;
        heap[at] = heap[child];
    }
    heap[at] = sinking;
}

static void sort(struct ext4_replaced *heap, size_t count)
{
    for (size_t i = count / 2; i-- > 0;)
        sink(heap, i, count);
    for (size_t i = count; i-- > 1;) {
        struct ext4_replaced last = heap[i];

        heap[i] = heap[0];
        heap[0] = last;
        sink(heap, 0, i);
    }
}

/* Of each block its last state, unless that was revoked in the same transaction or later. */
static size_t keep_last(struct ext4_replaced *replaced, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count;) {
        struct ext4_replaced last = {.where = 0};
        uint64_t block = replaced[i].block;
        uint32_t good_from = 0;

        for (; i < count && replaced[i].block == block; i++) {
            if (replaced[i].where == 0)
                good_from = replaced[i].transaction + 1;
            else
                last = replaced[i];
        }
        if (last.where != 0 && last.transaction >= good_from)
            replaced[kept++] = last;
    }
    return kept;
}

static int take_features(struct ext4_journal *journal, const uint8_t *super)
{
    struct ext4 *ext4 = journal->ext4;

    if (ext4_big32(super + 4) == BLOCK_SUPER1) {
        journal->tag_size = 8;
        return 0;
    }
    journal->incompat = ext4_big32(super + SUPER_INCOMPAT);
    if (journal->incompat & ~INCOMPAT_KNOWN)
        return fw_ext4_refuse(ext4, "journal: incompatible features of number",
                              journal->incompat & ~INCOMPAT_KNOWN, "not known");
    journal->sums = journal->incompat & (INCOMPAT_SUM2 | INCOMPAT_SUM3);
    journal->sum1 = !journal->sums && ext4_big32(super + SUPER_COMPAT) & COMPAT_SUM1;
    journal->tag_size = journal->incompat & INCOMPAT_64BIT ? 12 : 8;
    if (journal->incompat & INCOMPAT_SUM2)
        journal->tag_size += 2;
    if (journal->incompat & INCOMPAT_SUM3)
        journal->tag_size = 16;
    if (!journal->sums)
        return 0;
    if (super[SUPER_SUM_TYPE] != SUM_CRC32C)
        return fw_ext4_refuse(ext4, "journal: checksums of type", super[SUPER_SUM_TYPE], "not known");
    journal->seed = UINT32_MAX;
    if (!is_sum_right(journal, super, SUPER_SUM, SUPER_SIZE))
        return fw_ext4_refuse(ext4, "journal: superblock", 0, "its checksum is wrong");
    journal->seed = fw_ext4_sum(ext4, UINT32_MAX, super + SUPER_UUID, 16);
    return 0;
}

/* 1: there is nothing in it. */
static int take_super(struct ext4_journal *journal)
{
    struct ext4 *ext4 = journal->ext4;
    const uint8_t *super = fw_ext4_journal_block(journal, 0);
    uint32_t type, fast;

    if (!super)
        return -1;
    type = ext4_big32(super + 4);
    if (ext4_big32(super) != JOURNAL_MAGIC || (type != BLOCK_SUPER1 && type != BLOCK_SUPER2))
        return fw_ext4_refuse(ext4, "journal: superblock", 0, "is none");
    if (ext4_big32(super + SUPER_BLOCK_SIZE) != ext4->block_size)
        return fw_ext4_refuse(ext4, "journal: block size", ext4_big32(super + SUPER_BLOCK_SIZE),
                              "not that of the file system");
    journal->first = ext4_big32(super + SUPER_FIRST);
    journal->last = journal->end = ext4_big32(super + SUPER_LENGTH);
    journal->start = ext4_big32(super + SUPER_START);
    journal->sequence = ext4_big32(super + SUPER_SEQUENCE);
    if (take_features(journal, super) != 0)
        return -1;
    fast = type == BLOCK_SUPER2 ? ext4_big32(super + SUPER_FAST_BLOCKS) : 0;
    fast = fast ? fast : FAST_BLOCKS;
    if (journal->incompat & INCOMPAT_FAST && journal->end > fast && journal->end - fast >= LENGTH_MIN)
        journal->last -= fast;
    if (journal->end > journal->inode.size >> ext4->block_bits)
        return fw_ext4_refuse(ext4, "journal: length", journal->end, "more than its inode has");
    if (journal->start == 0)
        return 1;
    if (journal->first == 0 || journal->first >= journal->last || journal->start < journal->first ||
        journal->start >= journal->last)
        return fw_ext4_refuse(ext4, "journal: start", journal->start, "outside of the log");
    journal->length = journal->last - journal->first;
    return 0;
}

static int collect(struct ext4_journal *journal)
{
    struct ext4 *ext4 = journal->ext4;
    uint32_t transactions;

    if (walk(journal, UINT32_MAX) != 0)
        return -1;
    transactions = journal->transaction;
    if (!zp_fits(journal->capacity, 0, SIZE_MAX / sizeof(*journal->replaced)) ||
        !(journal->replaced =
              fw_arena_take(ext4->fs->arena, (size_t)journal->capacity * sizeof(*journal->replaced))))
        return fw_ext4_refuse(ext4, "journal: blocks", journal->capacity, "no memory left for their list");
    journal->collecting = true;
    if (walk(journal, transactions) != 0)
        return -1;
    if (journal->transaction != transactions)
        return fw_ext4_refuse(ext4, "journal: transaction", journal->transaction,
                              "not what it was a moment ago");
    sort(journal->replaced, (size_t)journal->count);
    ext4->replaced = journal->replaced;
    ext4->replaced_count = keep_last(journal->replaced, (size_t)journal->count);
    ext4->journal_sequence = journal->sequence;
    ext4->journal_seed = journal->seed;
    ext4->journal_sum_mask = !journal->sums ? 0 : journal->incompat & INCOMPAT_SUM3 ? UINT32_MAX : 0xffff;
    return 0;
}

int fw_ext4_recover(struct ext4 *ext4)
{
    struct ext4_journal journal = {.ext4 = ext4, .running = UINT32_MAX};
    uint32_t number = ext4_32(ext4->super + SUPER_JOURNAL);
    int result;

    if (number == 0)
        return fw_ext4_refuse(ext4, "journal", 0, "needs recovery and is on another disk");
    if (fw_ext4_inode(ext4, number, &journal.inode) != 0)
        return -1;
    if (journal.inode.mode != EXT4_MODE_FILE || journal.inode.flags & EXT4_FLAG_INLINE)
        return fw_ext4_refuse(ext4, "journal: inode", number, "no file");
    result = take_super(&journal);
    if (result != 0)
        return result < 0 ? -1 : 0;
    if (collect(&journal) != 0)
        return -1;
    return journal.incompat & INCOMPAT_FAST ? fw_ext4_fast_commits(&journal) : 0;
}
