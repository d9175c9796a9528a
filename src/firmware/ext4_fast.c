/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fast commits: small changes behind the log of a journal, on top of its last transaction. Receives the
 * journal when its log is collected; guarantees that a file system is not read without what they say.
 * They come as tags of 4 bytes and a value, block after block; a tail with the right checksum commits
 * what is before it (Documentation/filesystems/ext4/journal.rst, "Fast commits"; fs/ext4/fast_commit.h).
 */
#include "ext4_journal.h"

#define TAG_SIZE  4u
#define TAG_FIRST 1u /* ranges, names and inodes */
#define TAG_PAD   7u
#define TAG_TAIL  8u
#define TAG_HEAD  9u

/* 1: this and what follows is of earlier times, or not committed. */
static int take_block(struct ext4_journal *journal, const uint8_t *block, bool *first, uint32_t *sum,
                      uint64_t *count)
{
    struct ext4 *ext4 = journal->ext4;
    uint32_t expected = journal->sequence + journal->transaction, size = ext4->block_size;

    for (uint32_t at = 0, length; zp_fits(at, TAG_SIZE, size); at += TAG_SIZE + length) {
        uint32_t tag = ext4_16(block + at);
        const uint8_t *value = block + at + TAG_SIZE;

        length = ext4_16(block + at + 2);
        if (tag < TAG_FIRST || tag > TAG_HEAD || !zp_fits(at, TAG_SIZE + length, size) ||
            (*first && tag != TAG_HEAD) || (tag >= TAG_TAIL && length < 8))
            return 1;
        *first = false;
        if (tag == TAG_HEAD && ext4_32(value + 4) != expected)
            return 1;
        if (tag == TAG_HEAD && ext4_32(value) != 0)
            return fw_ext4_refuse(ext4, "journal: features of fast commits, number", ext4_32(value),
                                  "not known");
        if (tag != TAG_TAIL) {
            *sum = fw_ext4_sum(ext4, *sum, block + at, TAG_SIZE + length);
            continue;
        }
        *sum = fw_ext4_sum(ext4, *sum, block + at, TAG_SIZE + 4);
        if (ext4_32(value) != expected || ext4_32(value + 4) != *sum)
            return 1;
        *sum = 0;
        (*count)++;
    }
    return 0;
}

int fw_ext4_fast_commits(struct ext4_journal *journal)
{
    uint64_t count = 0;
    uint32_t sum = 0;
    bool first = true;
    int result = 0;

    for (uint32_t index = journal->last + 1; result == 0 && index < journal->end; index++) {
        const uint8_t *block = fw_ext4_journal_block(journal, index);

        if (!block)
            return -1;
        result = take_block(journal, block, &first, &sum, &count);
    }
    if (result < 0)
        return -1;
    if (count > 0)
        return fw_ext4_refuse(journal->ext4, "journal: fast commits", count, "not replayed by this reader");
    return 0;
}
