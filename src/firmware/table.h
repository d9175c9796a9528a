/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The readers of partition tables, and where they put what they find.
 */
#ifndef ZP_FIRMWARE_TABLE_H
#define ZP_FIRMWARE_TABLE_H

#include "partition.h"

#define FW_SECTOR_MAX 4096u

struct fw_table {
    const struct fw_disk *disk;
    struct fw_arena *arena;
    struct fw_volume whole; /* the disk, number 0 */
    struct fw_volume *volumes;
    size_t count, capacity;
    struct {
        uint64_t start, size;
    } busy[3]; /* bytes that the table itself takes */
    size_t busy_count;
    unsigned refused;
    bool hybrid; /* the disk is an ISO 9660 image in which partitions lie */
};

/* Sectors [first, first + sectors) become a volume, or are refused. volume: all but disk, start and size. */
void fw_table_add(struct fw_table *table, struct fw_volume *volume, uint64_t first, uint64_t sectors);
void fw_table_refuse(struct fw_table *table, uint32_t number, const char *why);

/* Each: 0: its volumes were added; 1: the disk has none of these, or none that holds. */
int fw_gpt_read(struct fw_table *table);
int fw_mbr_read(struct fw_table *table, const unsigned char *sector);
/* Does the first sector say that the disk has a GPT? */
bool fw_mbr_protects(const unsigned char *sector);
bool fw_mbr_is(const unsigned char *sector);

#endif
