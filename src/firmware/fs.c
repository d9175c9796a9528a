/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way to files for all who read them. Receives volumes and paths; guarantees to the file systems behind
 * it that an open file is read within its size alone and that only directories are listed, and to callers
 * that a volume which nobody can read costs no memory.
 */
#include "fs.h"

#include "../core/checked.h"
#include "kinds.h"

int fw_mount(const struct fw_volume *volume, struct fw_arena *arena, struct fw_fs *ret_fs)
{
    size_t used = arena->used;
    int result = 1;

    for (const struct fw_fs_ops *const *kind = fw_kinds; *kind; kind++) {
        int mounted;

        memset(ret_fs, 0, sizeof(*ret_fs));
        ret_fs->volume = *volume;
        ret_fs->arena = arena;
        ret_fs->ops = *kind;
        mounted = (*kind)->mount(ret_fs);
        if (mounted == 0)
            return 0;
        arena->used = used;
        if (mounted < 0)
            result = -1; /* said already; but it may have been the remains of what was there before */
    }
    return result;
}

int fw_open(struct fw_fs *fs, const char *path, struct fw_file *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->fs = fs;
    return fs->ops->open(fs, path, ret);
}

int fw_read(struct fw_file *file, uint64_t offset, void *buffer, size_t length)
{
    if (file->kind != FW_FILE || !zp_fits(offset, length, file->size))
        return -1;
    return length == 0 ? 0 : file->fs->ops->read(file, offset, buffer, length);
}

int fw_list(struct fw_file *directory, fw_visit *visit, void *context)
{
    if (directory->kind != FW_DIRECTORY)
        return -1;
    return directory->fs->ops->list(directory, visit, context);
}

static char *slurp(struct fw_file *file, struct fw_arena *arena, const char *path, size_t max)
{
    char *text;

    if (file->kind != FW_FILE) {
        fw_note("%s: not a file", path);
        return NULL;
    }
    if (file->size > max) {
        fw_note("%s: %u bytes are too many, %u would do", path, file->size, (uint64_t)max);
        return NULL;
    }
    text = fw_arena_take(arena, (size_t)file->size + 1);
    if (!text) {
        fw_note("%s: no memory left for its %u bytes", path, file->size);
        return NULL;
    }
    if (fw_read(file, 0, text, (size_t)file->size) != 0) {
        fw_note("%s: cannot be read", path);
        return NULL;
    }
    return text;
}

char *fw_slurp(struct fw_fs *fs, struct fw_arena *arena, const char *path, size_t max, size_t *ret_size)
{
    size_t used = arena->used;
    struct fw_file file;
    char *text;

    if (fw_open(fs, path, &file) != 0)
        return NULL;
    text = slurp(&file, arena, path, max < SIZE_MAX ? max : SIZE_MAX - 1);
    if (!text) {
        arena->used = used;
        return NULL;
    }
    *ret_size = (size_t)file.size;
    return text;
}
