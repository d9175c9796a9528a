/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a host sees of a file: the image in it as the core describes it, the raw bytes that programs ask
 * before they believe anything, and the file as a disk. Made anew for each host, for one unpacks what another
 * takes as it is.
 */
#ifndef ZP_VERDICT_SUBJECT_H
#define ZP_VERDICT_SUBJECT_H

#include "fat.h"
#include "opened.h"

#define ZP_NUMBERS 4u

/* The file as a disk: its first sector and the EFI system partition on it, by MBR or GPT. */
struct zp_disk {
    bool read;      /* there is a first sector */
    uint16_t magic; /* at 0x1fe */
    bool code;      /* its first bytes are not all zero */
    bool stub;      /* begins as a kernel's does that is no boot code: MZ without a jump, or a complaint */
    bool table;     /* one of the first three partitions is a possible one */
    bool gpt;       /* "EFI PART" in sector 1 */
    uint32_t esp;   /* number of the EFI system partition, from 1; 0: none */
    uint64_t esp_start, esp_size; /* sectors */
    uint64_t last_start;          /* sector at which the last partition of the MBR begins; 0: none */
};

/* What its EFI system partition has for a firmware; esp.c fills it when a rule asks. */
struct zp_esp {
    bool looked;
    bool opened;       /* it is a FAT file system */
    int status;        /* enum zp_fat_status: why there is no loader */
    uint64_t wrong_at; /* of what is wrong in the file */
    struct zp_fat fat;
    struct zp_fat_file loader; /* EFI/BOOT/BOOTX64.EFI, with status ZP_FAT_OK */
    bool pe;
    uint16_t machine, subsystem;
};

/* Made in place and not moved: sources in it point at it. */
struct zp_subject {
    const struct zp_opened_image *opened;
    const struct zp_source *source; /* of what the host reads */
    const struct zp_image *image;
    const struct zp_image *inner;  /* the ELF in the payload; NULL: none, or not unpacked */
    uint32_t compression;          /* of the file as a whole, where the host does not unpack it */
    struct zp_setup_header header; /* as it lies at 0x1f1, whatever the version says; zero past the end */
    bool hdrs;                     /* "HdrS" is at 0x202 */
    uint32_t magic;                /* the first four bytes */
    struct zp_disk disk;
    struct zp_esp esp;
    struct zp_image uki; /* room for image, when the host sees a UKI from outside */

    /* Of the rule last asked: what its sentence names. */
    uint64_t number[ZP_NUMBERS];
    const struct zp_error *fault;
    const char *why;
};

/* unpacks: mask, 1 << enum zp_compression, of what the host unpacks by itself. */
void zp_subject_make(struct zp_subject *ret_subject, const struct zp_opened_image *opened, uint32_t unpacks);

/* Reads what the source has of [offset, +length), the rest is zero. false: nothing was read. */
bool zp_subject_read(const struct zp_source *source, uint64_t offset, void *bytes, size_t length);

/* The first entry of that protocol, sound or faulty, or NULL; preferably a sound one. */
const struct zp_entry *zp_subject_entry(const struct zp_subject *subject, uint32_t protocol);

#endif
