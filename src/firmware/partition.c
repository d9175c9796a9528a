/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The volumes of a disk. Receives a disk; guarantees that each volume lies on it, and that no two share a
 * byte with each other or with the table that names them. A GPT counts where the first sector protects it
 * (UEFI specification 5.2.3), as Linux holds it; so one that is left over from former times does no harm. The
 * whole disk is a volume when it has no partitions, and beside them when it holds an ISO 9660 volume, for
 * such images have partition tables that speak of parts of the same file system (ECMA-119, 6.2.1 leaves them
 * the first 16 sectors).
 */
#include "table.h"

#include "../core/checked.h"
#include "bytes.h"

#define REFUSALS_SAID 8u
#define ISO_OFFSET    32768u

const uint8_t fw_type_esp[16] = {0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
                                 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b};
const uint8_t fw_type_xbootldr[16] = {0xff, 0xc2, 0x13, 0xbc, 0xe6, 0x59, 0x62, 0x42,
                                      0xa3, 0x52, 0xb2, 0x75, 0xfd, 0x6f, 0x71, 0x72};

void fw_table_refuse(struct fw_table *table, uint32_t number, const char *why)
{
    if (table->refused < REFUSALS_SAID)
        fw_note("%s: partition %u %s", table->disk->name, (uint64_t)number, why);
    else if (table->refused == REFUSALS_SAID)
        fw_note("%s: more partitions are left out", table->disk->name);
    table->refused++;
}

static bool shares(const struct fw_table *table, uint64_t start, uint64_t size)
{
    for (size_t i = 0; i < table->busy_count; i++) {
        if (zp_overlaps(start, size, table->busy[i].start, table->busy[i].size))
            return true;
    }
    for (size_t i = 0; i < table->count; i++) {
        if (zp_overlaps(start, size, table->volumes[i].start, table->volumes[i].size))
            return true;
    }
    return false;
}

static bool is_hybrid(const struct fw_table *table, uint64_t start, uint64_t size)
{
    unsigned char descriptor[6];

    return zp_overlaps(start, size, ISO_OFFSET, sizeof(descriptor)) &&
           fw_volume_read(&table->whole, ISO_OFFSET, descriptor, sizeof(descriptor)) == 0 &&
           descriptor[0] == 1 && memcmp(descriptor + 1, "CD001", 5) == 0;
}

void fw_table_add(struct fw_table *table, struct fw_volume *volume, uint64_t first, uint64_t sectors)
{
    const struct fw_disk *disk = table->disk;

    if (sectors == 0 || !zp_fits(first, sectors, disk->sectors)) {
        fw_table_refuse(table, volume->number, "does not lie on the disk");
        return;
    }
    /* The disk's size in bytes has no overflow, so these have none. */
    volume->disk = disk;
    volume->start = first * disk->sector_size;
    volume->size = sectors * disk->sector_size;
    if (is_hybrid(table, volume->start, volume->size))
        table->hybrid = true; /* and this partition is the image itself, or that but for its beginning */
    else if (shares(table, volume->start, volume->size))
        fw_table_refuse(table, volume->number, "overlaps the partition table or another partition");
    else if (table->count == table->capacity)
        fw_table_refuse(table, volume->number, "is one too many");
    else
        table->volumes[table->count++] = *volume;
}

static bool add_partitions(struct fw_table *table)
{
    unsigned char *sector = fw_arena_take(table->arena, table->disk->sector_size);

    if (!sector) {
        fw_note("%s: no memory left for its partition table", table->disk->name);
        return false;
    }
    if (fw_volume_read(&table->whole, 0, sector, table->disk->sector_size) != 0) {
        fw_note("%s: the first sector cannot be read", table->disk->name);
        return false;
    }
    /* Tables in an image of a CD count in sectors of 512 bytes, whatever it lies on. */
    if (!fw_mbr_is(sector) || (table->disk->sector_size != 512 && is_hybrid(table, 0, table->whole.size)))
        return true;
    if (!fw_mbr_protects(sector) || fw_gpt_read(table) != 0)
        fw_mbr_read(table, sector);
    return true;
}

size_t fw_partitions(const struct fw_disk *disk, struct fw_arena *arena, struct fw_volume *ret_volumes,
                     size_t capacity)
{
    size_t used = arena->used;
    bool readable;
    struct fw_table table = {.disk = disk, .arena = arena, .volumes = ret_volumes, .capacity = capacity};

    table.whole.disk = disk;
    if (!zp_is_power_of_two(disk->sector_size) || disk->sector_size < 512 ||
        disk->sector_size > FW_SECTOR_MAX || disk->sectors == 0 ||
        !zp_multiply(disk->sectors, disk->sector_size, &table.whole.size)) {
        fw_note("%s: %u sectors of %u bytes are no disk", disk->name, disk->sectors,
                (uint64_t)disk->sector_size);
        return 0;
    }
    readable = add_partitions(&table);
    arena->used = used;
    if (!readable)
        return 0;
    if (table.count < capacity && (table.count == 0 || table.hybrid))
        ret_volumes[table.count++] = table.whole;
    return table.count;
}
