/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The GUID partition table (UEFI specification 5.3). Receives a disk whose first sector speaks of one;
 * guarantees that header and entries were used from the very copy whose checksums held. Where the first copy
 * does not hold, the one in the last sector is taken, or where the first says that the second lies (the disk
 * may have grown). Of entries there may be at most 512 KiB, as many times as the specification reserves.
 */
#include "table.h"

#include "../core/checked.h"
#include "bytes.h"

#define HEADER_MIN  92u
#define ENTRIES_MAX (512u << 10)
#define ENTRY_MIN   128u
#define NAME_UNITS  36u

/* Offsets in the header. */
#define GPT_REVISION     8u
#define GPT_HEADER_SIZE  12u
#define GPT_HEADER_CRC   16u
#define GPT_MY_LBA       24u
#define GPT_ALTERNATE    32u
#define GPT_FIRST_USABLE 40u
#define GPT_LAST_USABLE  48u
#define GPT_ENTRIES      72u
#define GPT_ENTRY_COUNT  80u
#define GPT_ENTRY_SIZE   84u
#define GPT_ENTRIES_CRC  88u

/* Offsets in an entry. */
#define ENTRY_GUID       16u
#define ENTRY_FIRST      32u
#define ENTRY_LAST       40u
#define ENTRY_ATTRIBUTES 48u
#define ENTRY_NAME       56u

#define ATTRIBUTE_BIOS_BOOT 0x4u

struct gpt {
    const unsigned char *header, *entries;
    uint64_t first_usable, last_usable;
    uint64_t entries_at, entries_size; /* bytes */
    uint32_t entry_size, count;
};

/* NULL: it holds; else what is wrong. */
static const char *check_header(const struct fw_table *table, unsigned char *header, uint64_t sector,
                                struct gpt *ret)
{
    uint32_t size = fw_get32(header + GPT_HEADER_SIZE), crc = fw_get32(header + GPT_HEADER_CRC);

    if (memcmp(header, "EFI PART", 8) != 0)
        return "it has no header";
    if (size < HEADER_MIN || size > table->disk->sector_size)
        return "its header has no size that can be";
    memset(header + GPT_HEADER_CRC, 0, 4);
    if (fw_crc32(0, header, size) != crc)
        return "the checksum of its header is wrong";
    if (header[GPT_REVISION + 2] != 1 || header[GPT_REVISION + 3] != 0)
        return "its revision is not 1";
    if (fw_get64(header + GPT_MY_LBA) != sector)
        return "its header belongs elsewhere";
    ret->header = header;
    ret->first_usable = fw_get64(header + GPT_FIRST_USABLE);
    ret->last_usable = fw_get64(header + GPT_LAST_USABLE);
    ret->count = fw_get32(header + GPT_ENTRY_COUNT);
    ret->entry_size = fw_get32(header + GPT_ENTRY_SIZE);
    return NULL;
}

static const char *check_entries(const struct fw_table *table, struct gpt *gpt)
{
    unsigned char *entries;

    if (gpt->entry_size < ENTRY_MIN || !zp_is_power_of_two(gpt->entry_size))
        return "its entries have no size that can be";
    if (!zp_multiply(gpt->count, gpt->entry_size, &gpt->entries_size) || gpt->entries_size > ENTRIES_MAX)
        return "it has too many entries";
    if (!zp_multiply(fw_get64(gpt->header + GPT_ENTRIES), table->disk->sector_size, &gpt->entries_at) ||
        !zp_fits(gpt->entries_at, gpt->entries_size, table->whole.size))
        return "its entries do not lie on the disk";
    entries = fw_arena_take(table->arena, (size_t)gpt->entries_size);
    if (!entries)
        return "no memory is left for its entries";
    if (fw_volume_read(&table->whole, gpt->entries_at, entries, (size_t)gpt->entries_size) != 0)
        return "its entries cannot be read";
    if (fw_crc32(0, entries, (size_t)gpt->entries_size) != fw_get32(gpt->header + GPT_ENTRIES_CRC))
        return "the checksum of its entries is wrong";
    gpt->entries = entries;
    return NULL;
}

/* *ret_other: where this copy says that the other lies. */
static bool read_copy(const struct fw_table *table, uint64_t sector, struct gpt *ret, uint64_t *ret_other)
{
    uint32_t size = table->disk->sector_size;
    size_t used = table->arena->used;
    unsigned char *header;
    const char *wrong;

    if (sector == 0 || sector >= table->disk->sectors)
        return false;
    header = fw_arena_take(table->arena, size);
    if (!header)
        wrong = "no memory is left for its header";
    else if (fw_volume_read(&table->whole, sector * size, header, size) != 0)
        wrong = "its header cannot be read";
    else
        wrong = check_header(table, header, sector, ret);
    if (header)
        *ret_other = fw_get64(header + GPT_ALTERNATE);
    if (!wrong)
        wrong = check_entries(table, ret);
    if (wrong) {
        table->arena->used = used;
        fw_note("%s: GPT in sector %u is of no use, %s", table->disk->name, sector, wrong);
    }
    return !wrong;
}

static bool find_copy(const struct fw_table *table, struct gpt *ret, uint64_t *ret_sector)
{
    uint64_t last = table->disk->sectors - 1, other = 0, nowhere;

    *ret_sector = 1;
    if (read_copy(table, 1, ret, &other))
        return true;
    *ret_sector = last;
    if (last != 1 && read_copy(table, last, ret, &nowhere))
        return true;
    *ret_sector = other;
    return other != 1 && other != last && read_copy(table, other, ret, &nowhere);
}

static void name_volume(struct fw_volume *volume, const unsigned char *name)
{
    for (unsigned i = 0; i < NAME_UNITS; i++) {
        uint16_t unit = fw_get16(name + 2 * i);

        if (unit == 0)
            break;
        volume->name[i] = unit >= ' ' && unit <= '~' ? (char)unit : '?';
    }
}

static void add_entry(struct fw_table *table, const struct gpt *gpt, const unsigned char *entry,
                      uint32_t number)
{
    static const uint8_t unused[16];
    uint64_t first = fw_get64(entry + ENTRY_FIRST), last = fw_get64(entry + ENTRY_LAST);
    struct fw_volume volume = {.number = number, .gpt = true};

    if (memcmp(entry, unused, sizeof(unused)) == 0)
        return;
    if (first > last || first < gpt->first_usable || last > gpt->last_usable) {
        fw_table_refuse(table, number, "ends before it begins, or lies outside of what its table allows");
        return;
    }
    memcpy(volume.type, entry, sizeof(volume.type));
    memcpy(volume.uuid, entry + ENTRY_GUID, sizeof(volume.uuid));
    volume.active = entry[ENTRY_ATTRIBUTES] & ATTRIBUTE_BIOS_BOOT;
    name_volume(&volume, entry + ENTRY_NAME);
    fw_table_add(table, &volume, first, last - first + 1); /* 0 for all of 2^64, which is refused */
}

int fw_gpt_read(struct fw_table *table)
{
    uint64_t sector, size = table->disk->sector_size;
    struct gpt gpt;

    if (!find_copy(table, &gpt, &sector))
        return 1;
    if (sector != 1)
        fw_note("%s: GPT is taken from its copy in sector %u", table->disk->name, sector);
    table->busy[0].size = 2 * size;
    table->busy[1].start = sector * size;
    table->busy[1].size = size;
    table->busy[2].start = gpt.entries_at;
    table->busy[2].size = gpt.entries_size;
    table->busy_count = 3;
    for (uint32_t i = 0; i < gpt.count; i++)
        add_entry(table, &gpt, gpt.entries + (size_t)i * gpt.entry_size, i + 1);
    return 0;
}
