/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ext2, ext3 and ext4, to read. Receives a volume; guarantees that all numbers of the superblock that others
 * count by make sense and fit the volume, that features which change what is read are known, and that a
 * journal which needs recovery is replayed, in memory alone, before anything is read. Where the first
 * superblock is damaged, a copy in another group will do (Documentation/filesystems/ext4/super.rst).
 */
#include "ext4.h"

#define SUPER_AT            1024u
#define SUPER_INODES        0x00
#define SUPER_BLOCKS        0x04
#define SUPER_FIRST_BLOCK   0x14
#define SUPER_BLOCK_SIZE    0x18
#define SUPER_GROUP_BLOCKS  0x20
#define SUPER_GROUP_INODES  0x28
#define SUPER_MAGIC         0x38
#define SUPER_REVISION      0x4c
#define SUPER_FIRST_INODE   0x54
#define SUPER_INODE_SIZE    0x58
#define SUPER_GROUP         0x5a /* that this copy lies in */
#define SUPER_COMPAT        0x5c
#define SUPER_INCOMPAT      0x60
#define SUPER_RO_COMPAT     0x64
#define SUPER_UUID          0x68
#define SUPER_LABEL         0x78
#define SUPER_DESCRIPTOR    0xfe
#define SUPER_BLOCKS_HIGH   0x150
#define SUPER_SUM_TYPE      0x175
#define SUPER_SUM_SEED      0x270
#define SUPER_SUM           0x3fc
#define MAGIC               0xef53u
#define SUM_CRC32C          1
#define LABEL_SIZE          16u
#define BLOCK_SIZE_BITS     10u
#define BLOCK_SIZE_MAX      6u /* 64 KiB */
#define OLD_INODE_SIZE      128u
#define OLD_FIRST_INODE     11u
#define OLD_DESCRIPTOR_SIZE 32u
#define DESCRIPTOR_SIZE_64  64u
#define DESCRIPTOR_SIZE_MAX 1024u

/*
 * filetype, recover, meta_bg, extents, 64bit, mmp, flex_bg, ea_inode, csum_seed, largedir, inline_data,
 * encrypt, casefold. mmp keeps writers from each other, ea_inode is about attributes alone, encrypted files
 * are refused one by one. Of ro_compat any bit will do, since nothing is written.
 */
#define INCOMPAT_KNOWN 0x3e7d6u

#define BUDGET (UINT64_C(1) << 20) /* steps of one call: some 100,000 blocks read */

/* Of the superblock, where it has one. */
static bool is_sum_right(const struct ext4 *ext4)
{
    return !(ext4_32(ext4->super + SUPER_RO_COMPAT) & EXT4_RO_METADATA_SUM) ||
           fw_ext4_sum(ext4, UINT32_MAX, ext4->super, SUPER_SUM) == ext4_32(ext4->super + SUPER_SUM);
}

static int take_features(struct ext4 *ext4)
{
    const uint8_t *super = ext4->super;

    if (ext4_32(super + SUPER_REVISION) == 0)
        return 0;
    if (ext4_32(super + SUPER_REVISION) > 1)
        return fw_ext4_refuse(ext4, "revision", ext4_32(super + SUPER_REVISION), "not known");
    ext4->compat = ext4_32(super + SUPER_COMPAT);
    ext4->incompat = ext4_32(super + SUPER_INCOMPAT);
    ext4->ro_compat = ext4_32(super + SUPER_RO_COMPAT);
    if (ext4->incompat & EXT4_INCOMPAT_JOURNAL_DEVICE)
        return fw_ext4_refuse(ext4, "superblock", 0, "of a journal for another file system");
    if (ext4->incompat & ~INCOMPAT_KNOWN)
        return fw_ext4_refuse(ext4, "incompatible features of number", ext4->incompat & ~INCOMPAT_KNOWN,
                              "not known");
    if (!(ext4->ro_compat & EXT4_RO_METADATA_SUM))
        return 0;
    if (super[SUPER_SUM_TYPE] != SUM_CRC32C)
        return fw_ext4_refuse(ext4, "checksums of type", super[SUPER_SUM_TYPE], "not known");
    if (!is_sum_right(ext4))
        return fw_ext4_refuse(ext4, "superblock", 0, "its checksum is wrong");
    ext4->seed = ext4->incompat & EXT4_INCOMPAT_SUM_SEED
                     ? ext4_32(super + SUPER_SUM_SEED)
                     : fw_ext4_sum(ext4, UINT32_MAX, super + SUPER_UUID, 16);
    return 0;
}

static int take_sizes(struct ext4 *ext4)
{
    const uint8_t *super = ext4->super;
    bool old = ext4_32(super + SUPER_REVISION) == 0;

    if (ext4_32(super + SUPER_BLOCK_SIZE) > BLOCK_SIZE_MAX)
        return fw_ext4_refuse(ext4, "block size, logarithm", ext4_32(super + SUPER_BLOCK_SIZE), "too large");
    ext4->block_bits = BLOCK_SIZE_BITS + ext4_32(super + SUPER_BLOCK_SIZE);
    ext4->block_size = 1u << ext4->block_bits;
    ext4->first_inode = old ? OLD_FIRST_INODE : ext4_32(super + SUPER_FIRST_INODE);
    ext4->inode_size = old ? OLD_INODE_SIZE : ext4_16(super + SUPER_INODE_SIZE);
    if (!zp_is_power_of_two(ext4->inode_size) || ext4->inode_size < OLD_INODE_SIZE ||
        ext4->inode_size > ext4->block_size)
        return fw_ext4_refuse(ext4, "inode size", ext4->inode_size, "makes no sense");
    ext4->descriptor_size = OLD_DESCRIPTOR_SIZE;
    if (!(ext4->incompat & EXT4_INCOMPAT_64BIT))
        return 0;
    ext4->descriptor_size = ext4_16(super + SUPER_DESCRIPTOR);
    if (!zp_is_power_of_two(ext4->descriptor_size) || ext4->descriptor_size < DESCRIPTOR_SIZE_64 ||
        ext4->descriptor_size > DESCRIPTOR_SIZE_MAX)
        return fw_ext4_refuse(ext4, "group descriptor size", ext4->descriptor_size, "makes no sense");
    return 0;
}

static int take_counts(struct ext4 *ext4)
{
    const uint8_t *super = ext4->super;
    uint64_t groups;

    ext4->blocks = ext4_32(super + SUPER_BLOCKS);
    if (ext4->incompat & EXT4_INCOMPAT_64BIT)
        ext4->blocks |= (uint64_t)ext4_32(super + SUPER_BLOCKS_HIGH) << 32;
    ext4->first_block = ext4_32(super + SUPER_FIRST_BLOCK);
    ext4->inodes = ext4_32(super + SUPER_INODES);
    ext4->group_blocks = ext4_32(super + SUPER_GROUP_BLOCKS);
    ext4->group_inodes = ext4_32(super + SUPER_GROUP_INODES);
    if (ext4->blocks > ext4->fs->volume.size >> ext4->block_bits)
        return fw_ext4_refuse(ext4, "block count", ext4->blocks, "more than the volume has");
    if (ext4->first_block > (ext4->block_size == 1024) || ext4->blocks <= ext4->first_block)
        return fw_ext4_refuse(ext4, "first block", ext4->first_block, "makes no sense");
    if (ext4->group_blocks == 0 || ext4->group_inodes == 0)
        return fw_ext4_refuse(ext4, "group", 0, "without blocks or inodes");
    groups = (ext4->blocks - ext4->first_block - 1) / ext4->group_blocks + 1;
    if (groups > UINT32_MAX || ext4->inodes > groups * ext4->group_inodes)
        return fw_ext4_refuse(ext4, "inode count", ext4->inodes, "more than its groups have");
    ext4->groups = (uint32_t)groups;
    return 0;
}

static int take_super(struct ext4 *ext4)
{
    if (take_features(ext4) != 0 || take_sizes(ext4) != 0)
        return -1;
    return take_counts(ext4);
}

/* The journal may have a later superblock, too: of a file system that was grown, say. */
static int recover(struct ext4 *ext4)
{
    uint32_t block_size = ext4->block_size;

    if (fw_ext4_recover(ext4) != 0)
        return -1;
    fw_ext4_cache_forget(ext4);
    if (ext4->backup)
        return 0;
    if (fw_ext4_bytes(ext4, SUPER_AT >> ext4->block_bits, SUPER_AT & (ext4->block_size - 1), ext4->super,
                      sizeof(ext4->super)) != 0)
        return -1;
    if (ext4_16(ext4->super + SUPER_MAGIC) != MAGIC)
        return fw_ext4_refuse(ext4, "superblock", 0, "not one when the journal is through");
    if (take_super(ext4) != 0)
        return -1;
    if (ext4->block_size != block_size)
        return fw_ext4_refuse(ext4, "block size", ext4->block_size, "not what it was before the journal");
    return 0;
}

/* By a superblock that was read. */
static int begin(struct ext4 *ext4)
{
    struct fw_fs *fs = ext4->fs;
    struct ext4_inode root;

    ext4->budget = UINT64_MAX; /* a journal takes what it takes; it is bounded by its own length */
    if (take_super(ext4) != 0 || fw_ext4_cache_begin(ext4) != 0)
        return -1;
    ext4->scratch = fw_arena_take(fs->arena, ext4->block_size);
    if (!ext4->scratch)
        return fw_ext4_refuse(ext4, "block size", ext4->block_size, "no memory left");
    /* Only the first superblock is told that the journal is in use; the journal itself knows. */
    if ((ext4->incompat & EXT4_INCOMPAT_RECOVER || ext4->backup) && ext4->compat & EXT4_COMPAT_JOURNAL &&
        recover(ext4) != 0)
        return -1;
    if (fw_ext4_inode(ext4, EXT4_ROOT, &root) != 0)
        return -1;
    if (root.mode != EXT4_MODE_DIRECTORY)
        return fw_ext4_refuse(ext4, "inode", EXT4_ROOT, "no directory, though it is the root");
    memcpy(fs->uuid, ext4->super + SUPER_UUID, 16);
    fs->uuid_size = 16;
    memcpy(fs->label, ext4->super + SUPER_LABEL, LABEL_SIZE);
    return 0;
}

static struct ext4 *take_memory(struct fw_fs *fs)
{
    struct ext4 *ext4 = fs->own = fw_arena_take(fs->arena, sizeof(*ext4));

    if (!ext4) {
        fw_note("%s, partition %u: ext4: no memory left", fs->volume.disk->name, (uint64_t)fs->volume.number);
        return NULL;
    }
    ext4->fs = fs;
    fw_ext4_sum_begin(ext4);
    return ext4;
}

static int mount(struct fw_fs *fs)
{
    struct ext4 *ext4;
    uint8_t magic[2];

    if (!zp_fits(SUPER_AT, sizeof(ext4->super), fs->volume.size))
        return 1;
    if (fw_volume_read(&fs->volume, SUPER_AT + SUPER_MAGIC, magic, sizeof(magic)) != 0) {
        fw_note("%s, partition %u: its first sectors cannot be read", fs->volume.disk->name,
                (uint64_t)fs->volume.number);
        return -1;
    }
    if (ext4_16(magic) != MAGIC)
        return 1;
    ext4 = take_memory(fs);
    if (!ext4)
        return -1;
    if (fw_volume_read(&fs->volume, SUPER_AT, ext4->super, sizeof(ext4->super)) != 0)
        return fw_ext4_refuse(ext4, "superblock", 0, "cannot be read");
    return begin(ext4);
}

static bool has_super_at(struct ext4 *ext4, uint64_t at)
{
    const struct fw_volume *volume = &ext4->fs->volume;

    return zp_fits(at, sizeof(ext4->super), volume->size) &&
           fw_volume_read(volume, at, ext4->super, sizeof(ext4->super)) == 0 &&
           ext4_16(ext4->super + SUPER_MAGIC) == MAGIC && is_sum_right(ext4);
}

/* Where mke2fs puts the copy of a group, if nobody has told it another size of groups. */
static bool has_backup(struct ext4 *ext4, uint32_t group, uint32_t bits)
{
    uint64_t block = ((uint64_t)group << (bits + 3)) + (bits == BLOCK_SIZE_BITS);

    return has_super_at(ext4, block << bits) && ext4_16(ext4->super + SUPER_GROUP) == group &&
           ext4_32(ext4->super + SUPER_BLOCK_SIZE) + BLOCK_SIZE_BITS == bits;
}

/* Something else was made of the volume since: copies outlive that, and what they tell of is no more. */
static bool is_others(const struct fw_volume *volume)
{
    static const struct {
        uint32_t at, size;
        const char *text;
    } signs[] = {
        {0, 4, "XFSB"},
        {0, 6, "LUKS\xba\xbe"},
        {0, 2, "MZ"},
        {0, 4, "\177ELF"},
        {3, 8, "NTFS    "},
        {3, 8, "EXFAT   "},
        {512, 8, "LABELONE"},          /* LVM */
        {1024, 4, "\x10\x20\xf5\xf2"}, /* F2FS */
        {4086, 8, "SWAPSPAC"},
        {0x10040, 8, "_BHRfS_M"}, /* Btrfs */
    };
    char bytes[8];

    for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
        if (zp_fits(signs[i].at, sizeof(bytes), volume->size) &&
            fw_volume_read(volume, signs[i].at, bytes, sizeof(bytes)) == 0 &&
            memcmp(bytes, signs[i].text, signs[i].size) == 0)
            return true;
    return false;
}

/* A volume that nobody else can read: its first superblock may be damaged, and there are others. */
static int mount_backup(struct fw_fs *fs)
{
    static const uint8_t groups[] = {1, 3, 5, 7, 9};
    struct ext4 *ext4;

    if (is_others(&fs->volume))
        return 1;
    ext4 = take_memory(fs);
    if (!ext4)
        return -1;
    if (has_super_at(ext4, SUPER_AT))
        return 1; /* it was told what is wrong */
    for (size_t i = 0; i < sizeof(groups); i++) {
        for (uint32_t bits = BLOCK_SIZE_BITS; bits <= BLOCK_SIZE_BITS + 2; bits++) {
            if (!has_backup(ext4, groups[i], bits))
                continue;
            ext4->backup = true;
            fw_ext4_refuse(ext4, "superblock", 0, "damaged; a copy is used");
            return begin(ext4);
        }
    }
    return 1;
}

static enum fw_kind kind_of(const struct ext4_inode *inode)
{
    return inode->mode == EXT4_MODE_FILE        ? FW_FILE
           : inode->mode == EXT4_MODE_DIRECTORY ? FW_DIRECTORY
                                                : FW_OTHER;
}

static int open(struct fw_fs *fs, const char *path, struct fw_file *ret)
{
    struct ext4 *ext4 = fs->own;
    struct ext4_inode inode;
    int result;

    ext4->budget = BUDGET;
    result = fw_ext4_walk(ext4, EXT4_ROOT, path, &inode);
    if (result != 0)
        return result;
    if (inode.mode == EXT4_MODE_FILE && inode.flags & EXT4_FLAG_ENCRYPTED)
        return fw_ext4_refuse(ext4, "file", inode.number, "encrypted");
    ret->fs = fs;
    ret->kind = kind_of(&inode);
    ret->size = ret->kind == FW_OTHER ? 0 : inode.size;
    ret->node[0] = inode.number;
    return 0;
}

static int read(struct fw_file *file, uint64_t offset, void *buffer, size_t length)
{
    struct ext4 *ext4 = file->fs->own;
    struct ext4_inode inode;

    ext4->budget = UINT64_MAX; /* bounded by the length */
    if (fw_ext4_inode(ext4, (uint32_t)file->node[0], &inode) != 0)
        return -1;
    if (inode.mode != EXT4_MODE_FILE || inode.size != file->size || !zp_fits(offset, length, inode.size))
        return fw_ext4_refuse(ext4, "file", inode.number, "not what it was when it was opened");
    return fw_ext4_read(ext4, &inode, offset, buffer, length);
}

/*
 * What a name is of. A link to a file counts as that file; one to a directory does not, since it may lead
 * around in a circle; nor do one that leads nowhere and what cannot be read.
 */
static void tell_kind(struct ext4 *ext4, const struct ext4_inode *directory, const struct ext4_entry *entry,
                      enum fw_kind *ret_kind, uint64_t *ret_size)
{
    struct ext4_inode inode;

    *ret_kind = FW_OTHER;
    *ret_size = 0;
    if (fw_ext4_inode(ext4, entry->inode, &inode) != 0)
        return;
    if (inode.mode == EXT4_MODE_LINK) {
        if (fw_ext4_walk(ext4, directory->number, entry->name, &inode) != 0 || inode.mode != EXT4_MODE_FILE)
            return;
    }
    *ret_kind = kind_of(&inode);
    if (*ret_kind != FW_OTHER)
        *ret_size = inode.size;
}

static bool is_dots(const char *name)
{
    return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

static int list(struct fw_file *file, fw_visit *visit, void *context)
{
    struct ext4 *ext4 = file->fs->own;
    struct ext4_inode directory;
    struct ext4_entry entry;
    uint64_t offset = 0;
    int result;

    ext4->budget = BUDGET;
    if (fw_ext4_inode(ext4, (uint32_t)file->node[0], &directory) != 0)
        return -1;
    if (directory.mode != EXT4_MODE_DIRECTORY || directory.flags & EXT4_FLAG_ENCRYPTED)
        return fw_ext4_refuse(ext4, "directory", directory.number,
                              directory.mode != EXT4_MODE_DIRECTORY ? "no longer one" : "encrypted");
    while ((result = fw_ext4_entry(ext4, &directory, &offset, &entry)) == 0) {
        enum fw_kind kind;
        uint64_t size, budget;

        if (is_dots(entry.name))
            continue;
        tell_kind(ext4, &directory, &entry, &kind, &size);
        budget = ext4->budget;
        result = visit(context, entry.name, kind, size);
        if (result != 0)
            return result;
        ext4->budget = budget; /* the visitor may have opened and read */
    }
    return result < 0 ? -1 : 0;
}

const struct fw_fs_ops fw_ext4 = {.name = "ext4", .mount = mount, .open = open, .read = read, .list = list};
const struct fw_fs_ops fw_ext4_backup = {
    .name = "ext4", .mount = mount_backup, .open = open, .read = read, .list = list};
