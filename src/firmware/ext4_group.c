/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block groups. Receives a group's number; guarantees that its table of inodes lies in the file system, as
 * its descriptor says, and that the descriptor's checksum is right where there are any
 * (Documentation/filesystems/ext4: group_descr.rst, and blockgroup.rst on meta_bg, sparse_super and
 * sparse_super2).
 */
#include "ext4.h"

#define SUPER_BACKUPS      0x24c
#define SUPER_FIRST_META   0x104
#define SUPER_UUID         0x68
#define DESCRIPTOR_INODES  0x08
#define DESCRIPTOR_SUM     0x1e
#define DESCRIPTOR_INODES2 0x28
#define DESCRIPTOR_MAX     1024u

static bool is_power_of(uint64_t value, uint32_t base)
{
    while (value % base == 0)
        value /= base;
    return value == 1;
}

/* Has group a copy of the superblock, and so its descriptors one block later? */
static bool has_super(const struct ext4 *ext4, uint32_t group)
{
    if (group == 0)
        return true;
    if (ext4->compat & EXT4_COMPAT_SPARSE_SUPER2)
        return group == ext4_32(ext4->super + SUPER_BACKUPS) ||
               group == ext4_32(ext4->super + SUPER_BACKUPS + 4);
    if (group == 1 || !(ext4->ro_compat & EXT4_RO_SPARSE_SUPER))
        return true;
    return is_power_of(group, 3) || is_power_of(group, 5) || is_power_of(group, 7);
}

/* Where the descriptors of a block's worth of groups are, the nth. */
static uint64_t descriptor_block(const struct ext4 *ext4, uint32_t nth)
{
    uint32_t first = nth * (ext4->block_size / ext4->descriptor_size);
    uint64_t super = ext4->block_size == 1024;

    if (!(ext4->incompat & EXT4_INCOMPAT_META_BG) || nth < ext4_32(ext4->super + SUPER_FIRST_META))
        return super + 1 + nth;
    if (nth == 0)
        return super + 1; /* also where first_block is 0 at blocks of 1 KiB, as with clusters */
    return ext4->first_block + (uint64_t)first * ext4->group_blocks + has_super(ext4, first);
}

static bool is_sum_right(const struct ext4 *ext4, uint32_t group, uint8_t *descriptor)
{
    uint32_t wanted = ext4_16(descriptor + DESCRIPTOR_SUM);
    size_t behind = DESCRIPTOR_SUM + 2;
    uint16_t sum = 0xffff;

    if (ext4->ro_compat & EXT4_RO_METADATA_SUM) {
        memset(descriptor + DESCRIPTOR_SUM, 0, 2);
        return (fw_ext4_sum(ext4, fw_ext4_sum32(ext4, ext4->seed, group), descriptor, ext4->descriptor_size) &
                0xffff) == wanted;
    }
    if (!(ext4->ro_compat & EXT4_RO_DESCRIPTOR_SUM))
        return true;
    sum = fw_ext4_crc16(sum, ext4->super + SUPER_UUID, 16);
    sum = fw_ext4_crc16(sum, &group, 4);
    sum = fw_ext4_crc16(sum, descriptor, DESCRIPTOR_SUM);
    return fw_ext4_crc16(sum, descriptor + behind, ext4->descriptor_size - behind) == wanted;
}

int fw_ext4_inode_table(struct ext4 *ext4, uint32_t group, uint64_t *ret_block)
{
    uint32_t per_block = ext4->block_size / ext4->descriptor_size;
    uint32_t within = group % per_block * ext4->descriptor_size;
    const uint8_t *bytes = fw_ext4_block(ext4, descriptor_block(ext4, group / per_block));
    uint64_t size = (uint64_t)ext4->group_inodes * ext4->inode_size;
    uint8_t descriptor[DESCRIPTOR_MAX];

    if (!bytes)
        return -1;
    memcpy(descriptor, bytes + within, ext4->descriptor_size);
    if (!is_sum_right(ext4, group, descriptor))
        return fw_ext4_refuse(ext4, "group", group, "the checksum of its descriptor is wrong");
    *ret_block = ext4_32(descriptor + DESCRIPTOR_INODES);
    if (ext4->incompat & EXT4_INCOMPAT_64BIT)
        *ret_block |= (uint64_t)ext4_32(descriptor + DESCRIPTOR_INODES2) << 32;
    if (*ret_block <= ext4->first_block ||
        !zp_fits(*ret_block, (size + ext4->block_size - 1) >> ext4->block_bits, ext4->blocks))
        return fw_ext4_refuse(ext4, "group", group, "its inodes are not in the file system");
    return 0;
}
