/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads FAT12, FAT16 and FAT32. Receives bytes that a stranger chose: every number is bounded before it is
 * used, a chain of clusters is walked with a hare and a tortoise (Brent), and no directory is longer than the
 * 65536 entries that one may have. Guarantees that a file which was found lies whole in the source.
 * fatgen103: "Boot Sector and BPB", "FAT Type Determination", "FAT Directory Structure".
 */
#include "fat.h"

#include <stdbool.h>
#include <string.h>

#include <zeropage/wire/fat.h>

/* The boot sector as far as it is read, with what only FAT32 has. */
#define BOOT_SIZE  offsetof(struct zp_fat32_boot, BPB_FSInfo)
#define AT(name)   offsetof(struct zp_fat_bpb, name)
#define AT32(name) offsetof(struct zp_fat32_boot, name)

const char *zp_fat_status_text(int status)
{
    static const char *const texts[ZP_FAT_STATUS_COUNT] = {
        [ZP_FAT_OK] = "nothing is wrong",
        [ZP_FAT_READ] = "it cannot be read",
        [ZP_FAT_FOREIGN] = "no boot sector of a FAT file system",
        [ZP_FAT_CUT] = "the file system ends past its partition or the file",
        [ZP_FAT_SHORT_FAT] = "the allocation table has no room for all clusters",
        [ZP_FAT_ABSENT] = "there is no such name",
        [ZP_FAT_KIND] = "a file where a directory should be, or the other way round",
        [ZP_FAT_CLUSTER] = "a chain of clusters leads to one that there is not",
        [ZP_FAT_LOOP] = "a chain of clusters comes back to itself",
        [ZP_FAT_ENDED] = "a chain of clusters ends before its file does",
    };

    return status >= 0 && status < ZP_FAT_STATUS_COUNT ? texts[status] : "unknown";
}

static bool is_power(uint32_t number)
{
    return number != 0 && (number & (number - 1)) == 0;
}

static int fail(uint64_t *ret_at, uint64_t at, int status)
{
    if (ret_at)
        *ret_at = at;
    return status;
}

static int read_at(const struct zp_source *source, uint64_t at, void *bytes, size_t size)
{
    if (at > source->size || source->size - at < size)
        return ZP_FAT_CUT;
    return source->read(source->context, at, bytes, size) ? ZP_FAT_READ : ZP_FAT_OK;
}

/* --- the boot sector ------------------------------------------------------------------------------ */

/* The first field that no FAT has so, or 0. */
static size_t foreign_field(const struct zp_fat32_boot *boot)
{
    const struct zp_fat_bpb *bpb = &boot->bpb;

    if (!is_power(bpb->BPB_BytsPerSec) || bpb->BPB_BytsPerSec < 512 || bpb->BPB_BytsPerSec > 4096)
        return AT(BPB_BytsPerSec);
    if (!is_power(bpb->BPB_SecPerClus))
        return AT(BPB_SecPerClus);
    if (bpb->BPB_RsvdSecCnt == 0)
        return AT(BPB_RsvdSecCnt);
    if (bpb->BPB_NumFATs == 0)
        return AT(BPB_NumFATs);
    if (bpb->BPB_TotSec16 == 0 && bpb->BPB_TotSec32 == 0)
        return AT(BPB_TotSec32);
    if (bpb->BPB_Media != 0xf0 && bpb->BPB_Media < 0xf8)
        return AT(BPB_Media);
    if (bpb->BPB_FATSz16 == 0 && boot->BPB_FATSz32 == 0)
        return AT32(BPB_FATSz32);
    if (bpb->BPB_FATSz16 != 0 && bpb->BPB_RootEntCnt == 0)
        return AT(BPB_RootEntCnt);
    return 0;
}

/* Bytes that the allocation table must have for entries 0 to the last cluster. */
static uint64_t table_need(const struct zp_fat *fat)
{
    uint64_t entries = (uint64_t)fat->cluster_count + ZP_FAT_FIRST_CLUSTER;

    return (entries * fat->bits + 7) / 8;
}

int zp_fat_open(struct zp_fat *ret_fat, const struct zp_source *source, uint64_t at, uint64_t size,
                uint64_t *ret_at)
{
    struct zp_fat fat = {.source = source, .at = at};
    struct zp_fat32_boot boot = {0};
    const struct zp_fat_bpb *bpb = &boot.bpb;
    int status = read_at(source, at, &boot, BOOT_SIZE);
    size_t field;

    if (status)
        return fail(ret_at, at, status);
    if ((field = foreign_field(&boot)) != 0)
        return fail(ret_at, at + field, ZP_FAT_FOREIGN);

    uint32_t sector = bpb->BPB_BytsPerSec;
    bool wide = bpb->BPB_FATSz16 == 0;
    uint64_t sectors = bpb->BPB_TotSec16 ? bpb->BPB_TotSec16 : bpb->BPB_TotSec32;
    uint64_t table = wide ? boot.BPB_FATSz32 : bpb->BPB_FATSz16;
    uint64_t root_at = bpb->BPB_RsvdSecCnt + bpb->BPB_NumFATs * table;
    uint64_t root = wide ? 0 : (bpb->BPB_RootEntCnt * (uint64_t)ZP_FAT_DIR_SIZE + sector - 1) / sector;
    uint64_t data = root_at + root;

    if (sectors * sector > size || sectors * sector > source->size - at)
        return fail(ret_at, at + (bpb->BPB_TotSec16 ? AT(BPB_TotSec16) : AT(BPB_TotSec32)), ZP_FAT_CUT);
    if (data >= sectors)
        return fail(ret_at, at + (wide ? AT32(BPB_FATSz32) : AT(BPB_FATSz16)), ZP_FAT_CUT);
    fat.cluster_size = sector * bpb->BPB_SecPerClus;
    fat.cluster_count = (uint32_t)((sectors - data) / bpb->BPB_SecPerClus);
    fat.bits = wide ? 32 : fat.cluster_count < ZP_FAT_CLUSTERS_FAT16 ? 12 : 16;
    fat.table_at = at + (uint64_t)bpb->BPB_RsvdSecCnt * sector;
    fat.root_at = wide ? 0 : at + root_at * sector;
    fat.root_size = wide ? 0 : bpb->BPB_RootEntCnt * ZP_FAT_DIR_SIZE;
    fat.root_cluster = wide ? boot.BPB_RootClus : 0;
    fat.data_at = at + data * sector;
    if (table_need(&fat) > table * sector || (fat.bits == 16 && fat.cluster_count >= ZP_FAT_CLUSTERS_FAT32))
        return fail(ret_at, at + (wide ? AT32(BPB_FATSz32) : AT(BPB_FATSz16)), ZP_FAT_SHORT_FAT);
    *ret_fat = fat;
    return ZP_FAT_OK;
}

/* --- chains of clusters --------------------------------------------------------------------------- */

static bool is_cluster(const struct zp_fat *fat, uint32_t cluster)
{
    return cluster >= ZP_FAT_FIRST_CLUSTER && cluster - ZP_FAT_FIRST_CLUSTER < fat->cluster_count;
}

static uint64_t cluster_at(const struct zp_fat *fat, uint32_t cluster)
{
    return fat->data_at + (uint64_t)(cluster - ZP_FAT_FIRST_CLUSTER) * fat->cluster_size;
}

/* Where in the source the entry of a cluster lies in the table. */
static uint64_t entry_at(const struct zp_fat *fat, uint32_t cluster)
{
    return fat->table_at + (uint64_t)cluster * fat->bits / 8;
}

/* What follows on a cluster; *ret_next 0: it is the last. */
static int follow(const struct zp_fat *fat, uint32_t cluster, uint32_t *ret_next, uint64_t *ret_at)
{
    uint32_t next = 0, last;
    uint64_t at = entry_at(fat, cluster);
    int status = read_at(fat->source, at, &next, fat->bits == 32 ? 4 : 2);

    if (status)
        return fail(ret_at, at, status);
    if (fat->bits == 12)
        next = cluster & 1 ? next >> 4 : next & 0xfff;
    last = fat->bits == 12 ? 0xff8 : fat->bits == 16 ? 0xfff8 : 0xffffff8;
    next &= 0xfffffff;
    if (next >= last) {
        *ret_next = 0;
        return ZP_FAT_OK;
    }
    if (!is_cluster(fat, next))
        return fail(ret_at, at, ZP_FAT_CLUSTER);
    *ret_next = next;
    return ZP_FAT_OK;
}

/* A walk that notices when it comes back: the mark stays behind and is set anew after 2, 4, 8... steps. */
struct walk {
    uint32_t cluster, mark;
    uint64_t steps, limit;
};

static int start_walk(const struct zp_fat *fat, struct walk *walk, uint32_t first, uint64_t at,
                      uint64_t *ret_at)
{
    if (!is_cluster(fat, first))
        return fail(ret_at, at, ZP_FAT_CLUSTER);
    *walk = (struct walk){first, first, 0, 2};
    return ZP_FAT_OK;
}

/* One on; walk->cluster 0: the chain ended. */
static int step(const struct zp_fat *fat, struct walk *walk, uint64_t *ret_at)
{
    uint64_t at = entry_at(fat, walk->cluster);
    int status = follow(fat, walk->cluster, &walk->cluster, ret_at);

    if (status || walk->cluster == 0)
        return status;
    if (walk->cluster == walk->mark)
        return fail(ret_at, at, ZP_FAT_LOOP);
    if (++walk->steps == walk->limit) {
        walk->mark = walk->cluster;
        walk->steps = 0;
        walk->limit *= 2;
    }
    return ZP_FAT_OK;
}

/* --- directories ---------------------------------------------------------------------------------- */

struct entry {
    struct zp_fat_dir dir;
    uint64_t at; /* in the source */
};

enum looking {
    LOOKING = -1, /* go on; all else is a zp_fat_status */
};

/* Looks for a name in [at, +size) of a directory. */
static int look(const struct zp_fat *fat, uint64_t at, uint64_t size, const char *name, struct entry *ret,
                uint64_t *ret_at)
{
    for (uint64_t end = at + size; at < end; at += ZP_FAT_DIR_SIZE) {
        int status = read_at(fat->source, at, &ret->dir, sizeof(ret->dir));

        if (status)
            return fail(ret_at, at, status);
        if ((uint8_t)ret->dir.DIR_Name[0] == ZP_FAT_NAME_LAST)
            return fail(ret_at, at, ZP_FAT_ABSENT);
        ret->at = at;
        if ((uint8_t)ret->dir.DIR_Name[0] != ZP_FAT_NAME_FREE &&
            !(ret->dir.DIR_Attr & ZP_FAT_ATTR_VOLUME_ID) &&
            memcmp(ret->dir.DIR_Name, name, ZP_FAT_NAME_SIZE) == 0)
            return ZP_FAT_OK;
    }
    return LOOKING;
}

/* In a directory of clusters; with first 0 in the root directory of FAT12 and FAT16. */
static int look_in(const struct zp_fat *fat, uint32_t first, uint64_t told_at, const char *name,
                   struct entry *ret, uint64_t *ret_at)
{
    uint64_t left = (uint64_t)ZP_FAT_DIR_MAX * ZP_FAT_DIR_SIZE;
    struct walk walk;
    int status;

    if (first == 0 && fat->bits != 32) {
        status = look(fat, fat->root_at, fat->root_size, name, ret, ret_at);
        return status == LOOKING ? fail(ret_at, fat->root_at, ZP_FAT_ABSENT) : status;
    }
    if (first == 0) /* a ".." that leads to the root */
        first = fat->root_cluster;
    if ((status = start_walk(fat, &walk, first, told_at, ret_at)) != 0)
        return status;
    while (walk.cluster != 0 && left > 0) {
        uint64_t size = left < fat->cluster_size ? left : fat->cluster_size;

        status = look(fat, cluster_at(fat, walk.cluster), size, name, ret, ret_at);
        if (status != LOOKING)
            return status;
        left -= size;
        if ((status = step(fat, &walk, ret_at)) != 0)
            return status;
    }
    return fail(ret_at, cluster_at(fat, first), ZP_FAT_ABSENT);
}

/* "BOOTX64.EFI/..." to "BOOTX64 EFI"; returns what follows on the '/', or NULL at the end of the path. */
static const char *take_name(const char *path, char *ret_name)
{
    size_t at = 0;

    memset(ret_name, ' ', ZP_FAT_NAME_SIZE);
    for (; *path && *path != '/'; path++) {
        if (*path == '.')
            at = 8;
        else if (at < ZP_FAT_NAME_SIZE)
            ret_name[at++] = *path;
    }
    return *path ? path + 1 : NULL;
}

/* --- files ---------------------------------------------------------------------------------------- */

/* A zp_source's read: 0, or a negative number. */
static int read_file(void *context, uint64_t offset, void *buffer, size_t length)
{
    struct zp_fat_file *file = context;
    const struct zp_fat *fat = file->fat;
    uint8_t *bytes = buffer;

    while (length > 0) {
        uint32_t index = (uint32_t)(offset / fat->cluster_size),
                 within = (uint32_t)(offset % fat->cluster_size);
        size_t part = fat->cluster_size - within < length ? fat->cluster_size - within : length;

        if (index < file->index) {
            file->index = 0;
            file->cluster = file->first;
        }
        for (; file->index < index; file->index++)
            if (follow(fat, file->cluster, &file->cluster, NULL) || file->cluster == 0)
                return -1; /* changed since it was found */
        if (read_at(fat->source, cluster_at(fat, file->cluster) + within, bytes, part))
            return -1;
        bytes += part;
        offset += part;
        length -= part;
    }
    return 0;
}

/* Its chain is as long as the file. */
static int check_chain(const struct zp_fat *fat, uint32_t first, uint64_t size, uint64_t told_at,
                       uint64_t *ret_at)
{
    uint64_t wanted = (size + fat->cluster_size - 1) / fat->cluster_size;
    struct walk walk;
    int status;

    if (wanted == 0)
        return ZP_FAT_OK;
    if ((status = start_walk(fat, &walk, first, told_at + offsetof(struct zp_fat_dir, DIR_FstClusLO),
                             ret_at)) != 0)
        return status;
    while (--wanted > 0) {
        uint64_t at = entry_at(fat, walk.cluster);

        if ((status = step(fat, &walk, ret_at)) != 0)
            return status;
        if (walk.cluster == 0)
            return fail(ret_at, at, ZP_FAT_ENDED);
    }
    return ZP_FAT_OK;
}

static uint32_t first_cluster(const struct zp_fat *fat, const struct entry *entry)
{
    uint32_t high = fat->bits == 32 ? entry->dir.DIR_FstClusHI : 0;

    return high << 16 | entry->dir.DIR_FstClusLO;
}

int zp_fat_find(const struct zp_fat *fat, const char *path, struct zp_fat_file *ret_file, uint64_t *ret_at)
{
    uint32_t first = fat->bits == 32 ? fat->root_cluster : 0;
    uint64_t told_at = fat->at + AT32(BPB_RootClus), size;
    struct entry entry = {.at = 0};
    char name[ZP_FAT_NAME_SIZE];
    int status;

    while (path) {
        path = take_name(path, name);
        if ((status = look_in(fat, first, told_at, name, &entry, ret_at)) != 0)
            return status;
        if (!(entry.dir.DIR_Attr & ZP_FAT_ATTR_DIRECTORY) != !path)
            return fail(ret_at, entry.at + offsetof(struct zp_fat_dir, DIR_Attr), ZP_FAT_KIND);
        first = first_cluster(fat, &entry);
        told_at = entry.at + offsetof(struct zp_fat_dir, DIR_FstClusLO);
    }
    size = entry.dir.DIR_FileSize;
    if ((status = check_chain(fat, first, size, entry.at, ret_at)) != 0)
        return status;
    *ret_file = (struct zp_fat_file){.source = {size, read_file, ret_file},
                                     .fat = fat,
                                     .first = first,
                                     .cluster = first,
                                     .entry_at = entry.at};
    return ZP_FAT_OK;
}
