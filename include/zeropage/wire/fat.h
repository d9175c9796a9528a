/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fat.h - the boot sector and the directory entries of FAT12, FAT16 and FAT32.
 *
 * Layouts of "FAT: General Overview of On-Disk Format" 1.03 (fatgen103): "Boot Sector and BPB", "FAT Data
 * Structure", "FAT Directory Structure", "FAT Long Directory Entries". Member names are the specification's.
 * Nothing is aligned; all values are little endian.
 */
#ifndef ZEROPAGE_WIRE_FAT_H
#define ZEROPAGE_WIRE_FAT_H

#define ZP_FAT_SIGNATURE_AT 510 /* in the boot sector, whatever its size */
#define ZP_FAT_SIGNATURE    0xaa55

#define ZP_FAT_BOOT_SIG    0x29 /* ID, label and type are there */
#define ZP_FAT_BOOT_SIG_ID 0x28 /* the ID alone */

#define ZP_FAT_EXT_FLAGS_ONE    0x80 /* only the table of the low four bits is kept */
#define ZP_FAT_EXT_FLAGS_ACTIVE 0x0f

/* The number of clusters says what it is; clusters count from 2. */
#define ZP_FAT_FIRST_CLUSTER  2
#define ZP_FAT_CLUSTERS_FAT16 4085 /* from so many on */
#define ZP_FAT_CLUSTERS_FAT32 65525

#define ZP_FAT_ATTR_READ_ONLY      0x01
#define ZP_FAT_ATTR_VOLUME_ID      0x08
#define ZP_FAT_ATTR_DIRECTORY      0x10
#define ZP_FAT_ATTR_ARCHIVE        0x20
#define ZP_FAT_ATTR_LONG_NAME      0x0f
#define ZP_FAT_ATTR_LONG_NAME_MASK 0x3f

/* The first byte of a short name */
#define ZP_FAT_NAME_LAST 0x00 /* no entry from here on */
#define ZP_FAT_NAME_FREE 0xe5
#define ZP_FAT_NAME_E5   0x05 /* stands for 0xe5 */

/* zp_fat_dir.DIR_NTRes, of Windows NT: lower-case letters */
#define ZP_FAT_CASE_NAME      0x08
#define ZP_FAT_CASE_EXTENSION 0x10

#define ZP_FAT_DIR_SIZE        32
#define ZP_FAT_DIR_MAX         65536 /* entries of a directory */
#define ZP_FAT_NAME_SIZE       11    /* of a short name */
#define ZP_FAT_LAST_LONG_ENTRY 0x40

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#include <zeropage/static_assert.h>

/* How each boot sector begins */
struct zp_fat_bpb {
    uint8_t BS_jmpBoot[3]; /* a jump over all this */
    char BS_OEMName[8];
    uint16_t BPB_BytsPerSec; /* 512 to 4096, a power of two */
    uint8_t BPB_SecPerClus;  /* a power of two */
    uint16_t BPB_RsvdSecCnt; /* in front of the first table, this one among them */
    uint8_t BPB_NumFATs;
    uint16_t BPB_RootEntCnt; /* FAT32: 0 */
    uint16_t BPB_TotSec16;   /* 0: BPB_TotSec32 */
    uint8_t BPB_Media;       /* 0xf0, or 0xf8 and above */
    uint16_t BPB_FATSz16;    /* sectors; 0: FAT32, whose BPB_FATSz32 counts */
    uint16_t BPB_SecPerTrk;
    uint16_t BPB_NumHeads;
    uint32_t BPB_HiddSec; /* sectors of the disk in front of the volume */
    uint32_t BPB_TotSec32;
} __attribute__((packed));

static_assert(offsetof(struct zp_fat_bpb, BS_jmpBoot) == 0, "BS_jmpBoot");
static_assert(offsetof(struct zp_fat_bpb, BS_OEMName) == 3, "BS_OEMName");
static_assert(offsetof(struct zp_fat_bpb, BPB_BytsPerSec) == 11, "BPB_BytsPerSec");
static_assert(offsetof(struct zp_fat_bpb, BPB_SecPerClus) == 13, "BPB_SecPerClus");
static_assert(offsetof(struct zp_fat_bpb, BPB_RsvdSecCnt) == 14, "BPB_RsvdSecCnt");
static_assert(offsetof(struct zp_fat_bpb, BPB_NumFATs) == 16, "BPB_NumFATs");
static_assert(offsetof(struct zp_fat_bpb, BPB_RootEntCnt) == 17, "BPB_RootEntCnt");
static_assert(offsetof(struct zp_fat_bpb, BPB_TotSec16) == 19, "BPB_TotSec16");
static_assert(offsetof(struct zp_fat_bpb, BPB_Media) == 21, "BPB_Media");
static_assert(offsetof(struct zp_fat_bpb, BPB_FATSz16) == 22, "BPB_FATSz16");
static_assert(offsetof(struct zp_fat_bpb, BPB_SecPerTrk) == 24, "BPB_SecPerTrk");
static_assert(offsetof(struct zp_fat_bpb, BPB_NumHeads) == 26, "BPB_NumHeads");
static_assert(offsetof(struct zp_fat_bpb, BPB_HiddSec) == 28, "BPB_HiddSec");
static_assert(offsetof(struct zp_fat_bpb, BPB_TotSec32) == 32, "BPB_TotSec32");
static_assert(sizeof(struct zp_fat_bpb) == 36, "size of fat_bpb");

/* FAT12 and FAT16 */
struct zp_fat16_boot {
    struct zp_fat_bpb bpb;
    uint8_t BS_DrvNum;
    uint8_t BS_Reserved1;
    uint8_t BS_BootSig; /* ZP_FAT_BOOT_SIG, or without label ZP_FAT_BOOT_SIG_ID */
    uint32_t BS_VolID;
    char BS_VolLab[11];
    char BS_FilSysType[8]; /* for people; it decides nothing */
} __attribute__((packed));

static_assert(offsetof(struct zp_fat16_boot, bpb) == 0, "bpb");
static_assert(offsetof(struct zp_fat16_boot, BS_DrvNum) == 36, "BS_DrvNum");
static_assert(offsetof(struct zp_fat16_boot, BS_Reserved1) == 37, "BS_Reserved1");
static_assert(offsetof(struct zp_fat16_boot, BS_BootSig) == 38, "BS_BootSig");
static_assert(offsetof(struct zp_fat16_boot, BS_VolID) == 39, "BS_VolID");
static_assert(offsetof(struct zp_fat16_boot, BS_VolLab) == 43, "BS_VolLab");
static_assert(offsetof(struct zp_fat16_boot, BS_FilSysType) == 54, "BS_FilSysType");
static_assert(sizeof(struct zp_fat16_boot) == 62, "size of fat16_boot");

/* FAT32 */
struct zp_fat32_boot {
    struct zp_fat_bpb bpb;
    uint32_t BPB_FATSz32; /* sectors */
    uint16_t BPB_ExtFlags;
    uint16_t BPB_FSVer;
    uint32_t BPB_RootClus;
    uint16_t BPB_FSInfo;
    uint16_t BPB_BkBootSec;
    uint8_t BPB_Reserved[12];
    uint8_t BS_DrvNum;
    uint8_t BS_Reserved1;
    uint8_t BS_BootSig; /* ZP_FAT_BOOT_SIG, or without label ZP_FAT_BOOT_SIG_ID */
    uint32_t BS_VolID;
    char BS_VolLab[11];
    char BS_FilSysType[8]; /* for people; it decides nothing */
} __attribute__((packed));

static_assert(offsetof(struct zp_fat32_boot, bpb) == 0, "bpb");
static_assert(offsetof(struct zp_fat32_boot, BPB_FATSz32) == 36, "BPB_FATSz32");
static_assert(offsetof(struct zp_fat32_boot, BPB_ExtFlags) == 40, "BPB_ExtFlags");
static_assert(offsetof(struct zp_fat32_boot, BPB_FSVer) == 42, "BPB_FSVer");
static_assert(offsetof(struct zp_fat32_boot, BPB_RootClus) == 44, "BPB_RootClus");
static_assert(offsetof(struct zp_fat32_boot, BPB_FSInfo) == 48, "BPB_FSInfo");
static_assert(offsetof(struct zp_fat32_boot, BPB_BkBootSec) == 50, "BPB_BkBootSec");
static_assert(offsetof(struct zp_fat32_boot, BPB_Reserved) == 52, "BPB_Reserved");
static_assert(offsetof(struct zp_fat32_boot, BS_DrvNum) == 64, "BS_DrvNum");
static_assert(offsetof(struct zp_fat32_boot, BS_Reserved1) == 65, "BS_Reserved1");
static_assert(offsetof(struct zp_fat32_boot, BS_BootSig) == 66, "BS_BootSig");
static_assert(offsetof(struct zp_fat32_boot, BS_VolID) == 67, "BS_VolID");
static_assert(offsetof(struct zp_fat32_boot, BS_VolLab) == 71, "BS_VolLab");
static_assert(offsetof(struct zp_fat32_boot, BS_FilSysType) == 82, "BS_FilSysType");
static_assert(sizeof(struct zp_fat32_boot) == 90, "size of fat32_boot");

/* An entry of a directory */
struct zp_fat_dir {
    char DIR_Name[11]; /* filled with spaces, no dot; the first byte: ZP_FAT_NAME_* */
    uint8_t DIR_Attr;  /* ZP_FAT_ATTR_* */
    uint8_t DIR_NTRes; /* ZP_FAT_CASE_* */
    uint8_t DIR_CrtTimeTenth;
    uint16_t DIR_CrtTime;
    uint16_t DIR_CrtDate;
    uint16_t DIR_LstAccDate;
    uint16_t DIR_FstClusHI; /* FAT32 */
    uint16_t DIR_WrtTime;
    uint16_t DIR_WrtDate;
    uint16_t DIR_FstClusLO;
    uint32_t DIR_FileSize; /* bytes; of a directory 0 */
} __attribute__((packed));

static_assert(offsetof(struct zp_fat_dir, DIR_Name) == 0, "DIR_Name");
static_assert(offsetof(struct zp_fat_dir, DIR_Attr) == 11, "DIR_Attr");
static_assert(offsetof(struct zp_fat_dir, DIR_NTRes) == 12, "DIR_NTRes");
static_assert(offsetof(struct zp_fat_dir, DIR_CrtTimeTenth) == 13, "DIR_CrtTimeTenth");
static_assert(offsetof(struct zp_fat_dir, DIR_CrtTime) == 14, "DIR_CrtTime");
static_assert(offsetof(struct zp_fat_dir, DIR_CrtDate) == 16, "DIR_CrtDate");
static_assert(offsetof(struct zp_fat_dir, DIR_LstAccDate) == 18, "DIR_LstAccDate");
static_assert(offsetof(struct zp_fat_dir, DIR_FstClusHI) == 20, "DIR_FstClusHI");
static_assert(offsetof(struct zp_fat_dir, DIR_WrtTime) == 22, "DIR_WrtTime");
static_assert(offsetof(struct zp_fat_dir, DIR_WrtDate) == 24, "DIR_WrtDate");
static_assert(offsetof(struct zp_fat_dir, DIR_FstClusLO) == 26, "DIR_FstClusLO");
static_assert(offsetof(struct zp_fat_dir, DIR_FileSize) == 28, "DIR_FileSize");
static_assert(sizeof(struct zp_fat_dir) == 32, "size of fat_dir");

/* A piece of a long name, in front of the entry that it names */
struct zp_fat_ldir {
    uint8_t LDIR_Ord;       /* from 1; | ZP_FAT_LAST_LONG_ENTRY: the name's end, which comes first */
    uint16_t LDIR_Name1[5]; /* UTF-16 */
    uint8_t LDIR_Attr;      /* ZP_FAT_ATTR_LONG_NAME */
    uint8_t LDIR_Type;
    uint8_t LDIR_Chksum; /* of the short name behind it */
    uint16_t LDIR_Name2[6];
    uint16_t LDIR_FstClusLO; /* 0 */
    uint16_t LDIR_Name3[2];
} __attribute__((packed));

static_assert(offsetof(struct zp_fat_ldir, LDIR_Ord) == 0, "LDIR_Ord");
static_assert(offsetof(struct zp_fat_ldir, LDIR_Name1) == 1, "LDIR_Name1");
static_assert(offsetof(struct zp_fat_ldir, LDIR_Attr) == 11, "LDIR_Attr");
static_assert(offsetof(struct zp_fat_ldir, LDIR_Type) == 12, "LDIR_Type");
static_assert(offsetof(struct zp_fat_ldir, LDIR_Chksum) == 13, "LDIR_Chksum");
static_assert(offsetof(struct zp_fat_ldir, LDIR_Name2) == 14, "LDIR_Name2");
static_assert(offsetof(struct zp_fat_ldir, LDIR_FstClusLO) == 26, "LDIR_FstClusLO");
static_assert(offsetof(struct zp_fat_ldir, LDIR_Name3) == 28, "LDIR_Name3");
static_assert(sizeof(struct zp_fat_ldir) == 32, "size of fat_ldir");

#endif

#endif
