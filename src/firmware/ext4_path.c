/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Paths, over symbolic links. Receives a path and where it begins; guarantees to come to an end: a path is of
 * FW_PATH_MAX bytes at most with all that links put in front of it, and of EXT4_LINKS_MAX links
 * (Documentation/filesystems/ext4/ifork.rst, "Symbolic Links").
 *
 * What is still to be walked is at the end of ext4->path, so that a link's target has room before it.
 */
#include "ext4.h"

static size_t length_of(const char *text)
{
    size_t length = 0;

    while (text[length])
        length++;
    return length;
}

static char lower(char character)
{
    return character >= 'A' && character <= 'Z' ? (char)(character + ('a' - 'A')) : character;
}

/* Directories that fold case do so by Unicode; ASCII is what names of kernels are made of. */
static bool is_same(const char *name, const char *wanted, size_t length, bool fold)
{
    for (size_t i = 0; i < length; i++)
        if (fold ? lower(name[i]) != lower(wanted[i]) : name[i] != wanted[i])
            return false;
    return name[length] == '\0';
}

static int look_up(struct ext4 *ext4, const struct ext4_inode *directory, const char *name, size_t length,
                   uint32_t *ret_number)
{
    struct ext4_entry entry;
    uint64_t offset = 0;
    int result;

    if (directory->flags & EXT4_FLAG_ENCRYPTED)
        return fw_ext4_refuse(ext4, "directory", directory->number, "encrypted");
    if (length > EXT4_NAME_MAX)
        return 1;
    while ((result = fw_ext4_entry(ext4, directory, &offset, &entry)) == 0) {
        if (!is_same(entry.name, name, length, directory->flags & EXT4_FLAG_CASEFOLD))
            continue;
        *ret_number = entry.inode;
        if (entry.inode < ext4->first_inode && entry.inode != EXT4_ROOT)
            return fw_ext4_refuse(ext4, "inode", entry.inode, "not one that directories may name");
        return 0;
    }
    return result;
}

/* Puts a link's target before the rest of the path. */
static int take_link(struct ext4 *ext4, const struct ext4_inode *link, char **rest)
{
    size_t room = (size_t)(*rest - ext4->path), size = (size_t)link->size;
    char *to;

    if (link->flags & EXT4_FLAG_ENCRYPTED)
        return fw_ext4_refuse(ext4, "symbolic link", link->number, "encrypted");
    if (link->size == 0 || link->size >= room)
        return fw_ext4_refuse(ext4, "symbolic link", link->number, "its target makes too long a path");
    to = *rest - size;
    if (size < EXT4_MAP_SIZE && !(link->flags & (EXT4_FLAG_EXTENTS | EXT4_FLAG_INLINE)))
        memcpy(to, link->map, size);
    else if (fw_ext4_read(ext4, link, 0, to, size) != 0)
        return -1;
    for (size_t i = 0; i < size; i++)
        if (to[i] == '\0')
            return fw_ext4_refuse(ext4, "symbolic link", link->number, "its target is no path");
    *rest = to;
    return 0;
}

/* One step: the name at *rest, which becomes what is behind it. `at` is a directory, and becomes what it was
 * the name of; a link's directory remains, with the target in *rest. */
static int step(struct ext4 *ext4, struct ext4_inode *at, char **rest, unsigned *links)
{
    const char *name = *rest;
    struct ext4_inode next;
    uint32_t number = 0;
    size_t length = 0;
    int result;

    while (name[length] && name[length] != '/')
        length++;
    *rest += length;
    if (length == 1 && name[0] == '.')
        return 0;
    result = look_up(ext4, at, name, length, &number);
    if (result != 0)
        return result;
    if (fw_ext4_inode(ext4, number, &next) != 0)
        return -1;
    if (next.mode != EXT4_MODE_LINK) {
        *at = next;
        return 0;
    }
    if (++*links > EXT4_LINKS_MAX)
        return fw_ext4_refuse(ext4, "symbolic link", number, "one too many on the way");
    if (take_link(ext4, &next, rest) != 0)
        return -1;
    return **rest == '/' ? fw_ext4_inode(ext4, EXT4_ROOT, at) : 0;
}

int fw_ext4_walk(struct ext4 *ext4, uint32_t from, const char *path, struct ext4_inode *ret)
{
    size_t size = length_of(path) + 1;
    unsigned links = 0;
    char *rest;

    if (size > sizeof(ext4->path))
        return fw_ext4_refuse(ext4, "path of length", size - 1, "too long");
    rest = ext4->path + sizeof(ext4->path) - size;
    memcpy(rest, path, size);
    if (fw_ext4_inode(ext4, *rest == '/' ? EXT4_ROOT : from, ret) != 0)
        return -1;
    while (*rest) {
        int result;

        if (ret->mode != EXT4_MODE_DIRECTORY)
            return 1;
        if (*rest == '/') {
            rest++;
            continue;
        }
        result = step(ext4, ret, &rest, &links);
        if (result != 0)
            return result;
    }
    return 0;
}
