/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The master boot record (UEFI specification 5.2.1) and the chain of logical partitions in an extended one.
 * Receives the first sector as it was read; the boot sector of a file system without partitions looks much
 * the same, so that it counts only where all four entries could be ones. Guarantees that a chain is followed
 * over at most as many links as there may be volumes.
 */
#include "table.h"

#include "../core/checked.h"
#include "bytes.h"

#define MBR_SIGNATURE 440u /* of the disk */
#define MBR_ENTRIES   446u
#define MBR_MAGIC     510u
#define ENTRY_SIZE    16u
#define ENTRY_COUNT   4u
#define ENTRY_TYPE    4u
#define ENTRY_FIRST   8u
#define ENTRY_SECTORS 12u

#define TYPE_EXTENDED       0x05u
#define TYPE_EXTENDED_LBA   0x0fu
#define TYPE_EXTENDED_LINUX 0x85u
#define TYPE_PROTECTIVE     0xeeu

static const unsigned char *entry_of(const unsigned char *sector, unsigned i)
{
    return sector + MBR_ENTRIES + i * ENTRY_SIZE;
}

static bool is_extended(const unsigned char *entry)
{
    uint8_t type = entry[ENTRY_TYPE];

    return type == TYPE_EXTENDED || type == TYPE_EXTENDED_LBA || type == TYPE_EXTENDED_LINUX;
}

bool fw_mbr_is(const unsigned char *sector)
{
    if (fw_get16(sector + MBR_MAGIC) != 0xaa55)
        return false;
    for (unsigned i = 0; i < ENTRY_COUNT; i++) {
        if (entry_of(sector, i)[0] & 0x7f)
            return false;
    }
    return true;
}

bool fw_mbr_protects(const unsigned char *sector)
{
    for (unsigned i = 0; i < ENTRY_COUNT; i++) {
        if (entry_of(sector, i)[ENTRY_TYPE] == TYPE_PROTECTIVE)
            return true;
    }
    return false;
}

/* base: what the entry's first sector counts from. */
static bool add_entry(struct fw_table *table, const unsigned char *mbr, const unsigned char *entry,
                      uint64_t base, uint32_t number)
{
    struct fw_volume volume = {.number = number, .active = entry[0] == 0x80};
    size_t before = table->count;

    volume.type[0] = entry[ENTRY_TYPE];
    memcpy(volume.uuid, mbr + MBR_SIGNATURE, 4);
    volume.uuid[4] = (uint8_t)number;
    fw_table_add(table, &volume, base + fw_get32(entry + ENTRY_FIRST), fw_get32(entry + ENTRY_SECTORS));
    return table->count != before;
}

static bool is_used(const unsigned char *entry)
{
    return entry[ENTRY_TYPE] != 0 && entry[ENTRY_TYPE] != TYPE_PROTECTIVE &&
           fw_get32(entry + ENTRY_SECTORS) != 0;
}

/* Each link holds a logical partition, from its own place, and the next link, from the first one's. */
static void add_logical(struct fw_table *table, const unsigned char *mbr, unsigned char *sector,
                        uint64_t extended)
{
    const unsigned char *logical = entry_of(sector, 0), *next = entry_of(sector, 1);
    uint32_t size = table->disk->sector_size, number = ENTRY_COUNT + 1;
    uint64_t at = extended;

    for (size_t links = 0; links < FW_VOLUME_MAX; links++) {
        if (at >= table->disk->sectors || fw_volume_read(&table->whole, at * size, sector, size) != 0 ||
            !fw_mbr_is(sector)) {
            fw_note("%s: extended partition: no link in sector %u", table->disk->name, at);
            return;
        }
        /* A chain that comes back to itself shows by its first partition, which is there already. */
        if (is_used(logical) && !is_extended(logical) && !add_entry(table, mbr, logical, at, number++))
            return;
        if (!is_extended(next) || fw_get32(next + ENTRY_SECTORS) == 0)
            return;
        at = extended + fw_get32(next + ENTRY_FIRST);
    }
    fw_note("%s: extended partition: more than %u links", table->disk->name, (uint64_t)FW_VOLUME_MAX);
}

int fw_mbr_read(struct fw_table *table, const unsigned char *sector)
{
    unsigned char *link = fw_arena_take(table->arena, table->disk->sector_size);

    table->busy[0].size = table->disk->sector_size;
    table->busy_count = 1;
    for (unsigned i = 0; i < ENTRY_COUNT; i++) {
        const unsigned char *entry = entry_of(sector, i);

        if (is_used(entry) && !is_extended(entry))
            add_entry(table, sector, entry, 0, i + 1);
    }
    for (unsigned i = 0; i < ENTRY_COUNT && link; i++) {
        const unsigned char *entry = entry_of(sector, i);

        if (is_used(entry) && is_extended(entry)) {
            add_logical(table, sector, link, fw_get32(entry + ENTRY_FIRST));
            break; /* there is one at most */
        }
    }
    return table->count != 0 ? 0 : 1;
}
