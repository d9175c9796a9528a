/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * File systems, to read files by their paths. fs.c knows which there are and asks each in turn.
 *
 * A path has '/' between names and may begin with one. Symbolic links are followed, at most 16 of them, and
 * never lead out of the file system: an absolute one begins at its root. FAT takes names in any case.
 */
#ifndef ZP_FIRMWARE_FS_H
#define ZP_FIRMWARE_FS_H

#include "disk.h"

#define FW_NAME_MAX 1024 /* bytes of a name in UTF-8 (255 UTF-16 units), with NUL */
#define FW_PATH_MAX 4096

enum fw_kind {
    FW_FILE,
    FW_DIRECTORY,
    FW_OTHER
};

struct fw_fs;

/* A file or directory that is open; a value, valid as long as its file system. */
struct fw_file {
    struct fw_fs *fs;
    enum fw_kind kind;
    uint64_t size;
    uint64_t node[8]; /* the file system's own: inode or first cluster, where it was read to, ... */
};

/* One name of a directory. Returns 0 to go on, anything else to stop with that. */
typedef int fw_visit(void *context, const char *name, enum fw_kind kind, uint64_t size);

struct fw_fs_ops {
    const char *name; /* "fat", "ext4", "iso9660" */
    /* 0: mounted; 1: not of this kind; -1: of this kind, and not to be read: fw_note said why. */
    int (*mount)(struct fw_fs *fs);
    int (*open)(struct fw_fs *fs, const char *path, struct fw_file *ret); /* 0, 1: not there, -1 */
    int (*read)(struct fw_file *file, uint64_t offset, void *buffer,
                size_t length);                                             /* 0, -1; never past size */
    int (*list)(struct fw_file *directory, fw_visit *visit, void *context); /* 0, visit's, -1 */
};

struct fw_fs {
    struct fw_volume volume;
    struct fw_arena *arena; /* for what mount keeps */
    const struct fw_fs_ops *ops;
    void *own;          /* taken from the arena by mount */
    uint8_t uuid[16];   /* as its tools print it; FAT: the volume ID in the first four bytes, little endian */
    uint32_t uuid_size; /* 16, FAT 4, ISO 9660 16 (its date as text) */
    char label[257];
};

extern const struct fw_fs_ops fw_fat, fw_ext4, fw_ext4_backup, fw_iso9660;

int fw_mount(const struct fw_volume *volume, struct fw_arena *arena, struct fw_fs *ret_fs); /* as mount */
int fw_open(struct fw_fs *fs, const char *path, struct fw_file *ret);
int fw_read(struct fw_file *file, uint64_t offset, void *buffer, size_t length);
int fw_list(struct fw_file *directory, fw_visit *visit, void *context);
/* A whole file of at most max bytes into the arena, with a NUL behind; NULL: not there, too long or not to be
 * read (noted). */
char *fw_slurp(struct fw_fs *fs, struct fw_arena *arena, const char *path, size_t max, size_t *ret_size);

#endif
