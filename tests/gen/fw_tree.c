/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * File systems without disks. Holds their users to what fs.h promises to file systems: reads within a file
 * alone, and paths that end.
 */
#include "fw_tree.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static void insist(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "property broken: %s\n", what);
    abort();
}

static int mount_tree(struct fw_fs *fs)
{
    (void)fs;
    return 1;
}

static bool fails(struct fw_tree *tree)
{
    return ++tree->calls == tree->fail_at;
}

/* As FAT has it: in any case, with any number of slashes. */
static void clean(char *to, size_t size, const char *path)
{
    size_t length = 0;

    insist(strlen(path) < FW_PATH_MAX + FW_NAME_MAX, "a path that a file system can hold");
    for (; *path && length + 2 < size; path++)
        if (*path != '/' || (path[1] && path[1] != '/')) {
            if (length == 0 && *path != '/')
                to[length++] = '/';
            to[length++] = *path;
        }
    to[length] = '\0';
}

static int open_path(struct fw_fs *fs, const char *path, struct fw_file *ret)
{
    struct fw_tree *tree = fs->own;
    char wanted[FW_PATH_MAX + FW_NAME_MAX + 2];
    size_t length;

    if (fails(tree))
        return -1;
    clean(wanted, sizeof(wanted), path);
    length = strlen(wanted);
    for (size_t i = 0; i < tree->count; i++) {
        const char *own = tree->files[i].path;

        if (strncasecmp(own, wanted, length) != 0 || (own[length] && own[length] != '/'))
            continue;
        ret->kind = own[length] ? FW_DIRECTORY : FW_FILE;
        ret->size = own[length] ? 0 : tree->files[i].size;
        ret->node[0] = i;
        ret->node[1] = length; /* of the directory's path */
        return 0;
    }
    return 1;
}

static int read_file(struct fw_file *file, uint64_t offset, void *buffer, size_t length)
{
    struct fw_tree *tree = file->fs->own;
    const struct fw_tree_file *own = &tree->files[file->node[0]];

    insist(offset <= own->size && length <= own->size - offset, "a read lies in its file");
    if (fails(tree))
        return -1;
    if (own->bytes)
        memcpy(buffer, own->bytes + offset, length);
    else if (own->fd >= 0)
        return pread(own->fd, buffer, length, (off_t)offset) == (ssize_t)length ? 0 : -1;
    else
        memset(buffer, 0, length);
    return 0;
}

/* Has a file before this one shown the same name? */
static bool is_shown(const struct fw_tree *tree, const char *directory, size_t length, size_t index,
                     size_t size)
{
    for (size_t i = 0; i < index; i++)
        if (strncasecmp(tree->files[i].path, directory, length) == 0 &&
            strncasecmp(tree->files[i].path + length, tree->files[index].path + length, size) == 0 &&
            (tree->files[i].path[length + size] == '/' || !tree->files[i].path[length + size]))
            return true;
    return false;
}

static int list(struct fw_file *directory, fw_visit *visit, void *context)
{
    struct fw_tree *tree = directory->fs->own;
    size_t length = (size_t)directory->node[1];
    const char *path = tree->files[directory->node[0]].path;

    if (fails(tree))
        return -1;
    for (size_t i = 0; i < tree->count; i++) {
        const char *own = tree->files[i].path, *name = own + length + 1;
        size_t size = strcspn(strncasecmp(own, path, length) == 0 && own[length] == '/' ? name : "", "/");
        char copy[FW_NAME_MAX];
        int stop;

        if (size == 0 || size >= sizeof(copy) || is_shown(tree, path, length, i, size + 1))
            continue;
        memcpy(copy, name, size);
        copy[size] = '\0';
        stop =
            visit(context, copy, name[size] ? FW_DIRECTORY : FW_FILE, name[size] ? 0 : tree->files[i].size);
        memset(copy, '#', sizeof(copy)); /* a name is the visitor's for the call alone */
        if (stop != 0)
            return stop;
    }
    return 0;
}

static const struct fw_fs_ops ops = {
    .name = "tree", .mount = mount_tree, .open = open_path, .read = read_file, .list = list};

void fw_tree_begin(struct fw_tree *tree, struct fw_arena *arena)
{
    memset(tree, 0, sizeof(*tree));
    tree->fs.ops = &ops;
    tree->fs.own = tree;
    tree->fs.arena = arena;
    tree->fs.uuid_size = 16;
}

void fw_tree_add(struct fw_tree *tree, const char *path, const void *bytes, uint64_t size)
{
    tree->files = realloc(tree->files, (tree->count + 1) * sizeof(*tree->files));
    insist(tree->files != NULL, "memory");
    tree->files[tree->count++] =
        (struct fw_tree_file){.path = strdup(path), .bytes = bytes, .fd = -1, .size = size};
}

void fw_tree_text(struct fw_tree *tree, const char *path, const char *text)
{
    fw_tree_add(tree, path, text, strlen(text));
}

/* nftw has no room for an argument. */
static struct fw_tree *walked;
static size_t walked_length;

static int walk(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)where;
    if (kind != FTW_F)
        return 0;
    fw_tree_add(walked, path + walked_length, NULL, (uint64_t)status->st_size);
    walked->files[walked->count - 1].fd = open(path, O_RDONLY | O_CLOEXEC);
    return walked->files[walked->count - 1].fd < 0 ? -1 : 0;
}

int fw_tree_folder(struct fw_tree *tree, const char *folder)
{
    walked = tree;
    walked_length = strlen(folder);
    while (walked_length > 1 && folder[walked_length - 1] == '/')
        walked_length--;
    return nftw(folder, walk, 16, FTW_PHYS) == 0 ? 0 : -1;
}

void fw_tree_end(struct fw_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        free(tree->files[i].path);
        if (tree->files[i].fd >= 0)
            close(tree->files[i].fd);
    }
    free(tree->files);
}
