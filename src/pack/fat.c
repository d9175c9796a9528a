/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The EFI system partition of a packed file: a FAT12 or FAT16 volume with \EFI\BOOT\BOOTX64.EFI and
 * \EFI\BOOT\PAYLOAD.ZP, each in one run of clusters, the payload last. Receives two sizes, picks the cluster
 * size that makes the smallest volume, and fills everything in front of the first file's bytes. Same sizes
 * and same id, same bytes. Microsoft FAT specification 1.03; UEFI 2.10, 13.3.
 *
 *     boot sector | one FAT | root directory, one sector | \EFI | \EFI\BOOT | BOOTX64.EFI | PAYLOAD.ZP
 */
#include <string.h>

#include <zeropage/wire/fat.h>

#include "packing.h"

#define DIRECTORIES     2u /* clusters 2 and 3 */
#define ROOT_ENTRIES    (ZP_PACK_SECTOR / ZP_FAT_DIR_SIZE)
#define FAT12_MAX       (ZP_FAT_CLUSTERS_FAT16 - 1u)
#define FAT16_MAX       (ZP_FAT_CLUSTERS_FAT32 - 1u)
#define MARGIN          16u /* other readers are off by a few where the kinds of FAT meet */
#define CLUSTER_SECTORS 64u
#define MEDIA           0xf8u   /* a fixed disk */
#define DATE            0x0021u /* 1980-01-01 */

static void put16(unsigned char *at, uint64_t value)
{
    at[0] = (unsigned char)value;
    at[1] = (unsigned char)(value >> 8);
}

static uint32_t clusters_of(uint64_t size, uint32_t cluster_sectors)
{
    uint64_t cluster = (uint64_t)cluster_sectors * ZP_PACK_SECTOR;

    return (uint32_t)((size + cluster - 1) / cluster);
}

/* false: no FAT12 or FAT16 has so many clusters. */
static bool plan_with(struct zp_pack_fat *fat, uint32_t cluster_sectors)
{
    uint32_t count = DIRECTORIES + clusters_of(fat->efi_size, cluster_sectors) +
                     clusters_of(fat->payload_size, cluster_sectors);
    uint64_t bytes;

    if (count > FAT16_MAX - MARGIN || (count > FAT12_MAX - MARGIN && count <= FAT12_MAX + MARGIN))
        return false;
    fat->fat16 = count > FAT12_MAX;
    bytes = fat->fat16 ? (uint64_t)(count + ZP_FAT_FIRST_CLUSTER) * 2
                       : ((uint64_t)(count + ZP_FAT_FIRST_CLUSTER) * 3 + 1) / 2;
    fat->cluster_sectors = cluster_sectors;
    fat->cluster_count = count;
    fat->fat_sectors = (uint32_t)(zp_pack_align(bytes, ZP_PACK_SECTOR) / ZP_PACK_SECTOR);
    fat->size = (1 + fat->fat_sectors + 1 + (uint64_t)count * cluster_sectors) * ZP_PACK_SECTOR;
    return true;
}

void zp_pack_fat_plan(struct zp_pack_fat *ret_fat, uint64_t at, uint64_t efi_size, uint64_t payload_size)
{
    struct zp_pack_fat best = {.size = UINT64_MAX};
    struct zp_pack_fat fat = {.at = at, .efi_size = efi_size, .payload_size = payload_size};

    for (uint32_t sectors = 1; sectors <= CLUSTER_SECTORS; sectors *= 2)
        if (plan_with(&fat, sectors) && fat.size < best.size)
            best = fat;
    best.head_size =
        (1 + best.fat_sectors + 1 + (uint64_t)DIRECTORIES * best.cluster_sectors) * ZP_PACK_SECTOR;
    best.efi_at = at + best.head_size;
    best.payload_at = best.efi_at + (uint64_t)clusters_of(efi_size, best.cluster_sectors) *
                                        best.cluster_sectors * ZP_PACK_SECTOR;
    *ret_fat = best;
}

static void fill_boot_sector(const struct zp_pack_fat *fat, unsigned char *sector)
{
    static const unsigned char code[] = {0xcd, 0x18, 0xf4, 0xeb, 0xfd}; /* int $0x18, then hlt for good */
    const uint64_t sectors = fat->size / ZP_PACK_SECTOR;
    const bool is_short = sectors < 0x10000;
    const struct zp_fat16_boot boot = {
        .bpb = {.BS_jmpBoot = {0xeb, sizeof(boot) - 2, 0x90}, /* to the code behind this */
                .BS_OEMName = {'Z', 'E', 'R', 'O', 'P', 'A', 'G', 'E'},
                .BPB_BytsPerSec = ZP_PACK_SECTOR,
                .BPB_SecPerClus = (uint8_t)fat->cluster_sectors,
                .BPB_RsvdSecCnt = 1, /* this one */
                .BPB_NumFATs = 1,
                .BPB_RootEntCnt = ROOT_ENTRIES,
                .BPB_TotSec16 = is_short ? (uint16_t)sectors : 0,
                .BPB_Media = MEDIA,
                .BPB_FATSz16 = (uint16_t)fat->fat_sectors,
                .BPB_SecPerTrk = 63,
                .BPB_NumHeads = 255,
                .BPB_HiddSec = (uint32_t)(fat->at / ZP_PACK_SECTOR),
                .BPB_TotSec32 = is_short ? 0 : (uint32_t)sectors},
        .BS_DrvNum = 0x80,
        .BS_BootSig = ZP_FAT_BOOT_SIG,
        .BS_VolID = fat->id,
        .BS_VolLab = {'Z', 'E', 'R', 'O', 'P', 'A', 'G', 'E', ' ', ' ', ' '},
        .BS_FilSysType = {'F', 'A', 'T', '1', fat->fat16 ? '6' : '2', ' ', ' ', ' '},
    };

    memcpy(sector, &boot, sizeof(boot));
    memcpy(sector + sizeof(boot), code, sizeof(code));
    put16(sector + ZP_FAT_SIGNATURE_AT, ZP_FAT_SIGNATURE);
}

static void set_link(const struct zp_pack_fat *fat, unsigned char *table, uint32_t cluster, uint32_t next)
{
    unsigned char *at = table + (fat->fat16 ? cluster * 2 : cluster * 3 / 2);

    if (fat->fat16)
        put16(at, next);
    else if (cluster % 2 == 0) {
        at[0] = (unsigned char)next;
        at[1] = (unsigned char)((at[1] & 0xf0u) | (next >> 8 & 0x0fu));
    } else {
        at[0] = (unsigned char)((at[0] & 0x0fu) | (next << 4 & 0xf0u));
        at[1] = (unsigned char)(next >> 4);
    }
}

/* A run of clusters as one file. Returns the cluster behind it. */
static uint32_t chain(const struct zp_pack_fat *fat, unsigned char *table, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        set_link(fat, table, first + i, i + 1 < count ? first + i + 1 : 0xffff);
    return first + count;
}

static unsigned char *put_entry(unsigned char *at, const char *name, uint32_t attributes, uint32_t cluster,
                                uint64_t size)
{
    struct zp_fat_dir dir = {.DIR_Attr = (uint8_t)attributes,
                             .DIR_CrtDate = DATE,
                             .DIR_LstAccDate = DATE,
                             .DIR_WrtDate = DATE,
                             .DIR_FstClusLO = (uint16_t)cluster,
                             .DIR_FileSize = (uint32_t)size};

    memcpy(dir.DIR_Name, name, sizeof(dir.DIR_Name));
    memcpy(at, &dir, sizeof(dir));
    return at + sizeof(dir);
}

void zp_pack_fat_fill(const struct zp_pack_fat *fat, unsigned char *head)
{
    const uint32_t file = ZP_FAT_ATTR_ARCHIVE | ZP_FAT_ATTR_READ_ONLY;
    const uint32_t efi = ZP_FAT_FIRST_CLUSTER, boot = efi + 1, stub = boot + 1;
    uint32_t payload;
    unsigned char *table = head + ZP_PACK_SECTOR;
    unsigned char *root = table + (size_t)fat->fat_sectors * ZP_PACK_SECTOR;
    unsigned char *directory = root + ZP_PACK_SECTOR, *at;

    memset(head, 0, (size_t)fat->head_size);
    fill_boot_sector(fat, head);
    set_link(fat, table, 0, 0xff00 | MEDIA);
    set_link(fat, table, 1, 0xffff);
    chain(fat, table, efi, 1);
    chain(fat, table, boot, 1);
    payload = chain(fat, table, stub, clusters_of(fat->efi_size, fat->cluster_sectors));
    chain(fat, table, payload, clusters_of(fat->payload_size, fat->cluster_sectors));

    at = put_entry(root, "ZEROPAGE   ", ZP_FAT_ATTR_VOLUME_ID, 0, 0);
    put_entry(at, "EFI        ", ZP_FAT_ATTR_DIRECTORY, efi, 0);
    at = put_entry(directory, ".          ", ZP_FAT_ATTR_DIRECTORY, efi, 0);
    at = put_entry(at, "..         ", ZP_FAT_ATTR_DIRECTORY, 0, 0);
    put_entry(at, "BOOT       ", ZP_FAT_ATTR_DIRECTORY, boot, 0);
    directory += (size_t)fat->cluster_sectors * ZP_PACK_SECTOR;
    at = put_entry(directory, ".          ", ZP_FAT_ATTR_DIRECTORY, boot, 0);
    at = put_entry(at, "..         ", ZP_FAT_ATTR_DIRECTORY, efi, 0);
    at = put_entry(at, "BOOTX64 EFI", file, stub, fat->efi_size);
    put_entry(at, "PAYLOAD ZP ", file, payload, fat->payload_size);
}
