/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk as the firmware reads it, and a run of its bytes. Drivers (virtio_blk.c, virtio_scsi.c) give disks;
 * partition.c gives volumes of a disk; file systems read volumes. Nothing is ever written to a disk.
 *
 * Every byte of a disk may be chosen by an enemy, and may change between two reads: what was checked is used
 * from the copy that was checked.
 */
#ifndef ZP_FIRMWARE_DISK_H
#define ZP_FIRMWARE_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fw_disk {
    char name[48];        /* for messages: "virtio-blk 00:03.0", "virtio-scsi 00:04.0 lun 0" */
    uint32_t sector_size; /* a power of two, 512 to 4096 */
    uint64_t sectors;
    /*
     * Reads count whole sectors. 0, or -1: it failed or timed out; what went wrong was said to the log. Count
     * is at most max_count, and the run lies within the disk. buffer: any address.
     */
    int (*read)(void *context, uint64_t sector, uint32_t count, void *buffer);
    uint32_t max_count;
    void *context;
};

/* Bytes [start, start + size) of a disk. */
struct fw_volume {
    const struct fw_disk *disk;
    uint64_t start, size;
    uint32_t number;  /* of the partition, from 1; 0: the whole disk */
    uint8_t type[16]; /* GPT: type GUID as stored; MBR: the type byte in type[0], else zeros */
    uint8_t
        uuid[16]; /* GPT: the partition's GUID; MBR: disk signature and number as Linux's PARTUUID; else 0 */
    bool gpt;
    bool active;   /* MBR: 0x80; GPT: attribute "legacy BIOS bootable" */
    char name[37]; /* GPT: the name's ASCII characters, others as '?' */
};

/*
 * Any bytes of a volume, by whole sectors through a buffer of its own where they are not aligned. 0, or -1:
 * outside of the volume or of the disk, or the disk failed.
 */
int fw_volume_read(const struct fw_volume *volume, uint64_t offset, void *buffer, size_t length);

/*
 * Memory that parsers take from and give back all at once: a file system's tables, a menu's entries. Not
 * thread safe. Everything that is taken is zeroed and aligned to 16 bytes.
 */
struct fw_arena {
    unsigned char *bytes;
    size_t size, used;
};
void *fw_arena_take(struct fw_arena *arena, size_t size); /* NULL: it is full */

/*
 * One line for people: why a disk, partition, file system or entry is passed over, or what is odd about it.
 * Formats: %s, %d, %u, %x, each of 64 bits (say.c). Hosted tests collect the lines.
 */
void fw_note(const char *format, ...);

#endif
