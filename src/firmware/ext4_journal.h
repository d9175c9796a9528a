/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A journal while it is walked: by ext4_journal.c, and by ext4_fast.c for what is behind the log.
 */
#ifndef ZP_FIRMWARE_EXT4_JOURNAL_H
#define ZP_FIRMWARE_EXT4_JOURNAL_H

#include "ext4.h"

struct ext4_journal {
    struct ext4 *ext4;
    struct ext4_inode inode;
    struct ext4_run run; /* of its blocks, from run_start on: the last that was asked for */
    uint32_t run_start;

    uint32_t first, last, end; /* the log is of [first, last), fast commits are behind it */
    uint32_t length;           /* of the log */
    uint32_t start, sequence;  /* where it begins, and the number of its first transaction */
    uint32_t incompat, seed, tag_size;
    bool sums, sum1; /* of version 2 or 3, of version 1 */

    /* The walk. */
    uint32_t at, order; /* next block, and how many there were */
    uint32_t transaction;
    uint64_t time;    /* of the last commit */
    uint32_t running; /* version 1: sum of the transaction so far */
    bool spoiled;     /* a checksum of this transaction is wrong */
    uint64_t pending; /* what it holds so far */

    bool collecting;
    struct ext4_replaced *replaced;
    uint64_t count, capacity;
};

/* A block of the journal; NULL: -1. */
const uint8_t *fw_ext4_journal_block(struct ext4_journal *journal, uint32_t index);

/* Behind the log; after the log was collected. */
int fw_ext4_fast_commits(struct ext4_journal *journal);

#endif
