/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FAT12, FAT16 and FAT32 with long names. Receives a volume whose every byte may lie; guarantees that no
 * cluster is read which there is not, that a chain which comes back to itself ends (Brent's tortoise goes
 * with each open file), that a directory ends after the 65536 entries it may have, and that names are UTF-8
 * without control characters or slashes. Letters of ASCII match in either case, and short names beside long
 * ones. fatgen103: "Boot Sector and BPB", "FAT Type Determination", "FAT Directory Structure", "FAT Long
 * Directory Entries"; UEFI specification 13.3.
 */
#include <zeropage/wire/fat.h>

#include "../core/checked.h"
#include "bytes.h"
#include "fs.h"
#include "name.h"

#define DEPTH_MAX  64u /* names in a path */
#define UNITS_EACH 13u /* of a long name, in one entry */
#define UNITS_MAX  255u
#define PIECES_MAX 20u
#define WINDOW     4096u
#define TABLES_MAX 2u /* that are looked at */

/* The first sector, as far as it tells of a file system. */
union boot {
    unsigned char bytes[512];
    struct zp_fat_bpb bpb;
    struct zp_fat16_boot fat16;
    struct zp_fat32_boot fat32;
};

/* What was read last, so that neighbours need no read. */
struct window {
    uint64_t start;
    bool valid;
    unsigned char bytes[WINDOW];
};

struct fat {
    unsigned bits;
    uint32_t cluster_size;
    uint32_t end_cluster;  /* clusters are [2, end_cluster) */
    uint32_t root_cluster; /* FAT32; else 0, and the root is: */
    uint64_t root_start, root_size;
    uint64_t table_start, table_size, data_start;
    unsigned tables, using; /* so many that are alike, and the one that was good so far */
    bool damaged;           /* it was said that they are not alike */
    struct window table, directory;
};

/* How far a file was followed. */
enum {
    NODE_FIRST,   /* cluster; 0: the root of FAT12 and FAT16 */
    NODE_CLUSTER, /* where it is now, */
    NODE_INDEX,   /* that many clusters in */
    NODE_TORTOISE,
    NODE_STEPS, /* since the tortoise sat down, */
    NODE_POWER  /* and after how many it takes the hare's place */
};

struct entry {
    char name[FW_NAME_MAX];
    char alias[ZP_FAT_NAME_SIZE + 2]; /* the short name */
    struct zp_fat_dir raw;
    uint16_t units[PIECES_MAX * UNITS_EACH];
    unsigned pieces; /* of the long name that are still to come; */
    bool whole;      /* none, and all were there */
    uint8_t checksum;
    uint32_t position; /* in the directory, of what comes next */
};

static int refuse(const struct fw_fs *fs, const char *why, uint64_t value)
{
    fw_note("%s, partition %u: FAT: %s (%u)", fs->volume.disk->name, (uint64_t)fs->volume.number, why, value);
    return -1;
}

/* At least up to the end of the 32 bytes that offset lies in; NULL: not to be read. */
static const unsigned char *see(const struct fw_fs *fs, struct window *window, uint64_t offset)
{
    uint64_t start = zp_align_down(offset, WINDOW), rest = fs->volume.size - start;

    if (!window->valid || window->start != start) {
        window->start = start;
        window->valid =
            fw_volume_read(&fs->volume, start, window->bytes, rest < WINDOW ? (size_t)rest : WINDOW) == 0;
    }
    return window->valid ? window->bytes + (offset - start) : NULL;
}

/* What stands in the table for a cluster that cannot be used; all above it ends a chain. */
static uint32_t bad_cluster(const struct fat *fat)
{
    return fat->bits == 32 ? 0x0ffffff7 : (1u << fat->bits) - 9;
}

/* 0 and the entry of a cluster's in the table that is in use, or -1. */
static int look_up(const struct fw_fs *fs, uint32_t cluster, uint32_t *ret_next)
{
    struct fat *fat = fs->own;
    uint64_t at = fat->table_start + fat->using * fat->table_size + (uint64_t)cluster * fat->bits / 8;
    const unsigned char *low = see(fs, &fat->table, at), *high;
    uint32_t value;

    if (!low)
        return -1;
    if (fat->bits == 32) {
        *ret_next = fw_get32(low) & 0x0fffffff;
        return 0;
    }
    value = *low; /* before the window moves: an entry of FAT12 may lie on both sides */
    high = see(fs, &fat->table, at + 1);
    if (!high)
        return -1;
    value |= (uint32_t)*high << 8;
    if (fat->bits == 12)
        value = cluster & 1 ? value >> 4 : value & 0xfff;
    *ret_next = value;
    return 0;
}

static bool is_cluster(const struct fat *fat, uint64_t cluster)
{
    return cluster >= ZP_FAT_FIRST_CLUSTER && cluster < fat->end_cluster;
}

/*
 * What follows on a cluster: one of the file system, or above bad_cluster(): nothing. The tables are alike;
 * where one cannot be read, or says what cannot be, the other is asked, and is in use from then on.
 */
static int next_cluster(const struct fw_fs *fs, uint32_t cluster, uint32_t *ret_next)
{
    struct fat *fat = fs->own;
    const unsigned before = fat->using;
    uint32_t wrong = 0;
    bool seen = false;

    for (unsigned tried = 0; tried < fat->tables; tried++) {
        if (look_up(fs, cluster, ret_next) == 0) {
            if (is_cluster(fat, *ret_next) || *ret_next > bad_cluster(fat)) {
                if (fat->using != before && !fat->damaged)
                    refuse(fs, "a table is damaged, the other one is used, instead of number", before + 1);
                fat->damaged |= fat->using != before;
                return 0;
            }
            if (!seen)
                wrong = *ret_next;
            seen = true;
        }
        fat->using = (fat->using + 1) % fat->tables;
    }
    return seen ? refuse(fs, "a chain of clusters leads to one that there is not", wrong) : -1;
}

static void rewind(uint64_t *node)
{
    node[NODE_CLUSTER] = node[NODE_TORTOISE] = node[NODE_FIRST];
    node[NODE_INDEX] = node[NODE_STEPS] = 0;
    node[NODE_POWER] = 1;
}

/* On to the next cluster. 0, 1: that was the last, -1. */
static int follow(const struct fw_fs *fs, uint64_t *node)
{
    const struct fat *fat = fs->own;
    uint32_t next;

    if (next_cluster(fs, (uint32_t)node[NODE_CLUSTER], &next) != 0)
        return -1;
    if (next > bad_cluster(fat))
        return 1;
    if (next == node[NODE_TORTOISE])
        return refuse(fs, "a chain of clusters comes back to itself", next);
    node[NODE_CLUSTER] = next;
    node[NODE_INDEX]++;
    if (++node[NODE_STEPS] == node[NODE_POWER]) {
        node[NODE_TORTOISE] = next;
        node[NODE_STEPS] = 0;
        node[NODE_POWER] *= 2;
    }
    return 0;
}

static int seek(const struct fw_fs *fs, uint64_t *node, uint64_t index)
{
    int result = 0;

    if (index < node[NODE_INDEX])
        rewind(node);
    while (result == 0 && node[NODE_INDEX] < index)
        result = follow(fs, node);
    return result;
}

static uint64_t cluster_start(const struct fat *fat, uint64_t cluster)
{
    return fat->data_start + (cluster - ZP_FAT_FIRST_CLUSTER) * fat->cluster_size;
}

/* At a cluster: from skip on, neighbours along with it. */
static int read_run(struct fw_file *file, uint64_t skip, unsigned char *to, size_t length, size_t *ret_done)
{
    const struct fat *fat = file->fs->own;
    uint64_t start = cluster_start(fat, file->node[NODE_CLUSTER]) + skip, size = fat->cluster_size - skip;

    while (size < length) {
        uint64_t before = file->node[NODE_CLUSTER];
        int result = follow(file->fs, file->node);

        if (result != 0)
            return result;
        if (file->node[NODE_CLUSTER] != before + 1)
            break;
        size += fat->cluster_size;
    }
    *ret_done = size < length ? (size_t)size : length;
    return fw_volume_read(&file->fs->volume, start, to, *ret_done);
}

static int fat_read(struct fw_file *file, uint64_t offset, void *buffer, size_t length)
{
    const struct fat *fat = file->fs->own;
    unsigned char *to = buffer;

    while (length != 0) {
        size_t done = 0;
        int result = seek(file->fs, file->node, offset / fat->cluster_size);

        if (result == 0)
            result = read_run(file, offset % fat->cluster_size, to, length, &done);
        if (result > 0)
            return refuse(file->fs, "a chain of clusters ends before its file does", file->node[NODE_FIRST]);
        if (result < 0)
            return -1;
        offset += done;
        to += done;
        length -= done;
    }
    return 0;
}

/* The next 32 bytes of a directory into entry->raw. 0, 1: it has no more, -1. */
static int next_raw(struct fw_file *directory, struct entry *entry)
{
    struct fat *fat = directory->fs->own;
    uint64_t offset = (uint64_t)entry->position * ZP_FAT_DIR_SIZE, at;
    const unsigned char *raw;

    if (entry->position == ZP_FAT_DIR_MAX)
        return refuse(directory->fs, "a directory has too many entries", ZP_FAT_DIR_MAX);
    if (directory->node[NODE_FIRST] == 0) {
        if (offset >= fat->root_size)
            return 1;
        at = fat->root_start + offset;
    } else {
        int result = seek(directory->fs, directory->node, offset / fat->cluster_size);

        if (result != 0)
            return result;
        at = cluster_start(fat, directory->node[NODE_CLUSTER]) + offset % fat->cluster_size;
    }
    raw = see(directory->fs, &fat->directory, at);
    if (!raw)
        return -1;
    memcpy(&entry->raw, raw, sizeof(entry->raw));
    entry->position++;
    return raw[0] == ZP_FAT_NAME_LAST ? 1 : 0;
}

/* One piece of a long name: they come from its end to its beginning, numbered. */
static void add_piece(struct entry *entry)
{
    struct zp_fat_ldir piece;
    uint16_t *units;
    unsigned number;

    memcpy(&piece, &entry->raw, sizeof(piece));
    number = piece.LDIR_Ord & (ZP_FAT_LAST_LONG_ENTRY - 1u);
    if (piece.LDIR_Ord & ZP_FAT_LAST_LONG_ENTRY) {
        entry->pieces = number;
        entry->checksum = piece.LDIR_Chksum;
        memset(entry->units, 0, sizeof(entry->units));
    }
    entry->whole = false;
    if (number == 0 || number > PIECES_MAX || number != entry->pieces ||
        entry->checksum != piece.LDIR_Chksum) {
        entry->pieces = 0;
        return;
    }
    entry->pieces = number - 1;
    entry->whole = number == 1;
    units = &entry->units[entry->pieces * UNITS_EACH];
    memcpy(units, piece.LDIR_Name1, sizeof(piece.LDIR_Name1));
    memcpy(units + 5, piece.LDIR_Name2, sizeof(piece.LDIR_Name2));
    memcpy(units + 11, piece.LDIR_Name3, sizeof(piece.LDIR_Name3));
}

static uint8_t checksum(const char *name)
{
    uint8_t sum = 0;

    for (unsigned i = 0; i < ZP_FAT_NAME_SIZE; i++)
        sum = (uint8_t)((uint8_t)(sum << 7 | sum >> 1) + (uint8_t)name[i]);
    return sum;
}

/* Up to the spaces that fill it. */
static char *spell_part(char *to, const char *from, unsigned size, bool lower)
{
    while (size != 0 && from[size - 1] == ' ')
        size--;
    for (; size != 0; size--, from++) {
        char letter = *from >= ' ' && *from < 0x7f && *from != '/' ? *from : '?';

        *to++ = lower && letter >= 'A' && letter <= 'Z' ? (char)(letter | 0x20) : letter;
    }
    return to;
}

static void spell_short(char *to, const struct zp_fat_dir *raw)
{
    char *start = to, *dot;

    /* ZP_FAT_NAME_E5 shows as what it stands for would: both are no ASCII. */
    dot = spell_part(to, raw->DIR_Name, 8, raw->DIR_NTRes & ZP_FAT_CASE_NAME);
    to = spell_part(dot + 1, raw->DIR_Name + 8, 3, raw->DIR_NTRes & ZP_FAT_CASE_EXTENSION);
    *dot = '.';
    *(to == dot + 1 ? dot : to) = '\0';
    if (dot == start && to == dot + 1)
        memcpy(start, "?", 2); /* all spaces */
}

/* The next name of a directory, or label. 0, 1: there is no more, -1. */
static int next_entry(struct fw_file *directory, struct entry *entry)
{
    entry->pieces = 0;
    entry->whole = false;
    for (;;) {
        int result = next_raw(directory, entry);

        if (result != 0)
            return result;
        if ((uint8_t)entry->raw.DIR_Name[0] == ZP_FAT_NAME_FREE) {
            entry->pieces = 0;
            entry->whole = false;
        } else if ((entry->raw.DIR_Attr & ZP_FAT_ATTR_LONG_NAME_MASK) == ZP_FAT_ATTR_LONG_NAME) {
            add_piece(entry);
        } else {
            break;
        }
    }
    spell_short(entry->alias, &entry->raw);
    if (!entry->whole || entry->checksum != checksum(entry->raw.DIR_Name) ||
        !fw_name_spell(entry->name, entry->units, UNITS_MAX))
        memcpy(entry->name, entry->alias, sizeof(entry->alias));
    return 0;
}

static void open_root(struct fw_fs *fs, struct fw_file *ret)
{
    const struct fat *fat = fs->own;

    memset(ret, 0, sizeof(*ret));
    ret->fs = fs;
    ret->kind = FW_DIRECTORY;
    ret->node[NODE_FIRST] = fat->root_cluster;
    rewind(ret->node);
}

static bool is_directory(const struct entry *entry)
{
    return entry->raw.DIR_Attr & ZP_FAT_ATTR_DIRECTORY;
}

/* 0, or -1: its numbers cannot be. */
static int open_entry(const struct entry *entry, struct fw_file *ret)
{
    struct fw_fs *fs = ret->fs;
    const struct fat *fat = fs->own;
    uint32_t cluster = entry->raw.DIR_FstClusLO;

    if (fat->bits == 32)
        cluster |= (uint32_t)entry->raw.DIR_FstClusHI << 16;
    if (is_directory(entry) && cluster == 0 && fw_is_dots(entry->alias)) {
        open_root(fs, ret);
        return 0;
    }
    ret->kind = is_directory(entry) ? FW_DIRECTORY : FW_FILE;
    ret->size = is_directory(entry) ? 0 : entry->raw.DIR_FileSize;
    ret->node[NODE_FIRST] = cluster;
    rewind(ret->node);
    if (ret->kind == FW_FILE && ret->size == 0)
        return 0;
    if (!is_cluster(fat, cluster))
        return refuse(fs, "a file begins at a cluster that there is not", cluster);
    if (ret->size > (uint64_t)(fat->end_cluster - ZP_FAT_FIRST_CLUSTER) * fat->cluster_size)
        return refuse(fs, "a file is larger than its file system", ret->size);
    return 0;
}

/* The name's file in place of its directory. 0, 1: not there, -1. */
static int step(struct fw_file *file, const char *name, size_t length)
{
    struct entry entry = {.position = 0};

    for (;;) {
        int result = next_entry(file, &entry);

        if (result != 0)
            return result;
        if (!(entry.raw.DIR_Attr & ZP_FAT_ATTR_VOLUME_ID) &&
            (fw_is_named(entry.name, name, length) || fw_is_named(entry.alias, name, length)))
            return open_entry(&entry, file);
    }
}

static int fat_open(struct fw_fs *fs, const char *path, struct fw_file *ret)
{
    open_root(fs, ret);
    for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
        const struct fat *fat = fs->own;
        size_t length = 0;
        bool up;
        int result;

        while (*path == '/')
            path++;
        if (*path == '\0')
            return 0;
        if (ret->kind != FW_DIRECTORY)
            return 1;
        while (path[length] != '\0' && path[length] != '/')
            length++;
        /* The root has no entry for its parent; it is its own. */
        up = length == 2 && fw_is_named("..", path, length) && ret->node[NODE_FIRST] == fat->root_cluster;
        result = up || (length == 1 && path[0] == '.') ? 0 : step(ret, path, length);
        if (result != 0)
            return result;
        path += length;
    }
    return refuse(fs, "a path has too many names", DEPTH_MAX);
}

static int fat_list(struct fw_file *directory, fw_visit *visit, void *context)
{
    struct entry entry = {.position = 0};

    for (;;) {
        int result = next_entry(directory, &entry);

        if (result != 0)
            return result < 0 ? -1 : 0;
        if (entry.raw.DIR_Attr & ZP_FAT_ATTR_VOLUME_ID || fw_is_dots(entry.name))
            continue;
        result = visit(context, entry.name, is_directory(&entry) ? FW_DIRECTORY : FW_FILE,
                       is_directory(&entry) ? 0 : entry.raw.DIR_FileSize);
        if (result != 0)
            return result;
    }
}

static bool is_fat(const union boot *boot)
{
    const struct zp_fat_bpb *bpb = &boot->bpb;
    uint32_t sector = bpb->BPB_BytsPerSec;

    return fw_get16(boot->bytes + ZP_FAT_SIGNATURE_AT) == ZP_FAT_SIGNATURE && zp_is_power_of_two(sector) &&
           sector >= 512 && sector <= 4096 && zp_is_power_of_two(bpb->BPB_SecPerClus) &&
           bpb->BPB_RsvdSecCnt != 0 && bpb->BPB_NumFATs != 0 &&
           (bpb->BPB_Media == 0xf0 || bpb->BPB_Media >= 0xf8) &&
           (bpb->BPB_FATSz16 != 0 || boot->fat32.BPB_FATSz32 != 0);
}

/* Where everything lies, by sectors; nothing here can pass 2^48. */
static int measure(struct fw_fs *fs, const union boot *boot)
{
    const struct zp_fat_bpb *bpb = &boot->bpb;
    struct fat *fat = fs->own;
    uint32_t sector = bpb->BPB_BytsPerSec;
    uint64_t sectors = bpb->BPB_TotSec16 ? bpb->BPB_TotSec16 : bpb->BPB_TotSec32;
    uint64_t table = bpb->BPB_FATSz16 ? bpb->BPB_FATSz16 : boot->fat32.BPB_FATSz32;
    uint64_t start = bpb->BPB_RsvdSecCnt, data, clusters, room;

    fat->cluster_size = sector * bpb->BPB_SecPerClus;
    fat->root_size = bpb->BPB_RootEntCnt * ZP_FAT_DIR_SIZE;
    fat->root_start = (start + bpb->BPB_NumFATs * table) * sector;
    data = (fat->root_start + fat->root_size + sector - 1) / sector;
    if (sectors > fs->volume.size / sector)
        return refuse(fs, "it ends past its partition, its sectors", sectors);
    if (data >= sectors || (sectors - data) / bpb->BPB_SecPerClus == 0)
        return refuse(fs, "there is no room for clusters, its sectors", sectors);
    clusters = (sectors - data) / bpb->BPB_SecPerClus;
    fat->bits = bpb->BPB_FATSz16 == 0 ? 32 : clusters >= ZP_FAT_CLUSTERS_FAT16 ? 16 : 12;
    room = table * sector * 8 / fat->bits; /* 128 at least */
    /* As Linux: what the table cannot tell of is not there. Nor is what its numbers end before. */
    if (clusters > room - ZP_FAT_FIRST_CLUSTER)
        clusters = room - ZP_FAT_FIRST_CLUSTER;
    if (clusters > bad_cluster(fat) - ZP_FAT_FIRST_CLUSTER)
        clusters = bad_cluster(fat) - ZP_FAT_FIRST_CLUSTER;
    fat->end_cluster = (uint32_t)clusters + ZP_FAT_FIRST_CLUSTER;
    fat->table_start = start * sector;
    fat->table_size = table * sector;
    fat->tables = bpb->BPB_NumFATs < TABLES_MAX ? bpb->BPB_NumFATs : TABLES_MAX;
    fat->data_start = data * sector;
    return 0;
}

/* What FAT32 has more. */
static int measure32(struct fw_fs *fs, const struct zp_fat32_boot *boot)
{
    struct fat *fat = fs->own;
    unsigned table = boot->BPB_ExtFlags & ZP_FAT_EXT_FLAGS_ACTIVE;

    if (boot->BPB_ExtFlags & ZP_FAT_EXT_FLAGS_ONE) {
        if (table >= boot->bpb.BPB_NumFATs)
            return refuse(fs, "the table that counts is not there", table);
        fat->table_start += table * fat->table_size;
        fat->tables = 1;
    }
    fat->root_cluster = boot->BPB_RootClus;
    if (!is_cluster(fat, fat->root_cluster))
        return refuse(fs, "the root is a cluster that there is not", fat->root_cluster);
    return 0;
}

static void name_volume(struct fw_fs *fs, unsigned signature, uint32_t id, const char *label)
{
    struct fw_file root;
    struct entry entry = {.position = 0};

    if (signature == ZP_FAT_BOOT_SIG_ID || signature == ZP_FAT_BOOT_SIG) {
        memcpy(fs->uuid, &id, 4);
        fs->uuid_size = 4;
    }
    if (signature == ZP_FAT_BOOT_SIG && memcmp(label, "NO NAME    ", ZP_FAT_NAME_SIZE) != 0)
        *spell_part(fs->label, label, ZP_FAT_NAME_SIZE, false) = '\0';
    open_root(fs, &root);
    while (next_entry(&root, &entry) == 0) {
        if (entry.raw.DIR_Attr & ZP_FAT_ATTR_VOLUME_ID) {
            *spell_part(fs->label, entry.raw.DIR_Name, ZP_FAT_NAME_SIZE, false) = '\0';
            return;
        }
    }
}

static int fat_mount(struct fw_fs *fs)
{
    struct fat *fat;
    union boot boot;

    if (fw_volume_read(&fs->volume, 0, &boot, sizeof(boot)) != 0 || !is_fat(&boot))
        return 1;
    fat = fs->own = fw_arena_take(fs->arena, sizeof(*fat));
    if (!fat)
        return refuse(fs, "no memory left, it needs", sizeof(*fat));
    if (measure(fs, &boot) != 0 || (fat->bits == 32 && measure32(fs, &boot.fat32) != 0))
        return -1;
    if (fat->bits == 32)
        name_volume(fs, boot.fat32.BS_BootSig, boot.fat32.BS_VolID, boot.fat32.BS_VolLab);
    else
        name_volume(fs, boot.fat16.BS_BootSig, boot.fat16.BS_VolID, boot.fat16.BS_VolLab);
    return 0;
}

const struct fw_fs_ops fw_fat = {
    .name = "fat",
    .mount = fat_mount,
    .open = fat_open,
    .read = fat_read,
    .list = fat_list,
};
