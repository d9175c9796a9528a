/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The volumes of a disk: GPT (UEFI specification 5.3; either copy may be damaged), MBR with extended
 * partitions, else the whole disk as one volume. Volumes overlap neither each other nor the tables, and lie
 * on the disk: what does not is noted and left out. Of an ISO 9660 image with partitions in it, the image is
 * the last volume, number 0.
 */
#ifndef ZP_FIRMWARE_PARTITION_H
#define ZP_FIRMWARE_PARTITION_H

#include "disk.h"

#define FW_VOLUME_MAX 128

/* The number of volumes, 0 when the disk cannot be read. The first is never number 0 unless it is the only
 * one. */
size_t fw_partitions(const struct fw_disk *disk, struct fw_arena *arena, struct fw_volume *ret_volumes,
                     size_t capacity);

extern const uint8_t fw_type_esp[16], fw_type_xbootldr[16]; /* GPT type GUIDs as stored */

#endif
