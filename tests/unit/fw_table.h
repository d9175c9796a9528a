/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests of partition tables: a disk of 1024 sectors in memory that a test fills and spoils.
 */
#ifndef ZP_TESTS_FW_TABLE_H
#define ZP_TESTS_FW_TABLE_H

#include <string.h>

#include "fw_host.h"
#include "partition.h"

#define SECTORS 1024u
#define BYTES   (SECTORS * 4096u)

static struct {
    unsigned char disk[BYTES];
    uint32_t sector; /* bytes of one */
    struct fw_host_disk host;
    struct fw_volume volumes[FW_VOLUME_MAX];
    size_t count, capacity;
    size_t memory;
} table;

static inline void put(uint64_t offset, unsigned size, uint64_t value)
{
    memcpy(table.disk + offset, &value, size);
}

static inline void begin(uint32_t sector)
{
    memset(table.disk, 0, sizeof(table.disk));
    table.sector = sector;
    table.capacity = FW_VOLUME_MAX;
    table.memory = 1 << 20;
}

static inline void put_mbr(uint64_t sector, unsigned entry, unsigned type, uint32_t first, uint32_t sectors)
{
    uint64_t at = sector * table.sector + 446 + 16 * entry;

    put(at + 4, 1, type);
    put(at + 8, 4, first);
    put(at + 12, 4, sectors);
    put(sector * table.sector + 510, 2, 0xaa55);
}

static inline void run_failing(uint64_t fail_at)
{
    static unsigned char memory[1 << 20];
    struct fw_arena arena = {memory, table.memory, 0};

    fw_host_forget();
    fw_host_memory(&table.host, table.disk, (uint64_t)SECTORS * table.sector, table.sector);
    table.host.fail_at = fail_at;
    table.host.limit = 1000;
    table.count = fw_partitions(&table.host.disk, &arena, table.volumes, table.capacity);
}

static inline void run(void)
{
    run_failing(0);
}

#endif
