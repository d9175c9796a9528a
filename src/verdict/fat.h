/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A FAT file system, read: opened in a range of a source, and a file found in it by its path. Names are the
 * short ones of 8 and 3 characters, as those of UEFI's default loaders are. Nothing is allocated, nothing but
 * mem* is called, and every loop ends: a chain of clusters by its length, a directory by its largest size.
 * Microsoft FAT32 File System Specification 1.03 ("fatgen103"); UEFI 2.10, section 13.3.
 */
#ifndef ZP_VERDICT_FAT_H
#define ZP_VERDICT_FAT_H

#include <stddef.h>
#include <stdint.h>

#include <zeropage/image.h>

enum zp_fat_status {
    ZP_FAT_OK = 0,
    ZP_FAT_READ = 1,      /* the source could not be read */
    ZP_FAT_FOREIGN = 2,   /* no FAT boot sector: a field is not what any FAT has */
    ZP_FAT_CUT = 3,       /* the file system ends past its partition or past the file */
    ZP_FAT_SHORT_FAT = 4, /* the allocation table has no room for all clusters */
    ZP_FAT_ABSENT = 5,    /* no such name */
    ZP_FAT_KIND = 6,      /* a file where a directory is wanted, or the other way round */
    ZP_FAT_CLUSTER = 7,   /* a chain leads to a cluster that there is not */
    ZP_FAT_LOOP = 8,      /* a chain comes back to itself */
    ZP_FAT_ENDED = 9,     /* a chain ends before its file does */
    ZP_FAT_STATUS_COUNT = 10
};
/* "a chain of clusters comes back to itself" */
const char *zp_fat_status_text(int status);

struct zp_fat {
    const struct zp_source *source;
    uint64_t at;           /* of the boot sector in the source */
    unsigned bits;         /* 12, 16 or 32 */
    uint32_t cluster_size; /* bytes */
    uint32_t cluster_count;
    uint64_t table_at;     /* of the first allocation table, in the source */
    uint64_t root_at;      /* of the root directory, in the source; with 32 bits 0 */
    uint32_t root_size;    /* bytes of it */
    uint32_t root_cluster; /* with 32 bits */
    uint64_t data_at;      /* of cluster 2, in the source */
};

/* A file that was found, as a source of its own. Do not move it: the source points at it. */
struct zp_fat_file {
    struct zp_source source;
    const struct zp_fat *fat;
    uint32_t first;          /* cluster; 0: an empty file */
    uint32_t index, cluster; /* where the last read ended: the index-th cluster of the chain */
    uint64_t entry_at;       /* of its directory entry, in fat->source */
};

/*
 * The file system in [at, +size) of the source. On failure *ret_at is the place in the source of what is
 * wrong; here and below it may be NULL.
 */
int zp_fat_open(struct zp_fat *ret_fat, const struct zp_source *source, uint64_t at, uint64_t size,
                uint64_t *ret_at);

/*
 * Path: names in upper case, parted by '/', each of at most 8 and 3 characters: "EFI/BOOT/BOOTX64.EFI". A
 * chain that does not hold the whole file is an error here, so that reads of the file fail only where the
 * source does.
 */
int zp_fat_find(const struct zp_fat *fat, const char *path, struct zp_fat_file *ret_file, uint64_t *ret_at);

#endif
