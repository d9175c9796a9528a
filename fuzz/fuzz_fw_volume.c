/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file system on a disk that is the input (fw_image.h), of whatever kind. Asserted of what is found in its
 * first directories: names are UTF-8 that a path may hold, what is listed opens or is refused, a file reads
 * the same whole and in pieces, reads are bounded, and a volume that is not mounted takes no memory.
 */
#include "fw_image.h"
#include "kinds.h"

#define NAMES_MAX 24u
#define DEPTH_MAX 3u
#define WHOLE_MAX 65536u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct names {
    char (*names)[FW_NAME_MAX];
    unsigned count;
};

static void check_name(const char *name)
{
    const unsigned char *at = (const unsigned char *)name;

    insist(*at != '\0' && strlen(name) < FW_NAME_MAX, "a name has a length that may be");
    while (*at) {
        unsigned more = *at < 0x80 ? 0 : *at >= 0xf0 ? 3 : *at >= 0xe0 ? 2 : 1;

        insist(*at >= ' ' && *at != 0x7f && *at != '/', "a name has no control characters");
        insist(more == 0 || (*at >= 0xc2 && *at <= 0xf4), "a name begins its characters as UTF-8 does");
        for (at++; more > 0; more--, at++)
            insist((*at & 0xc0) == 0x80, "a name goes on as UTF-8 does");
    }
}

static int keep(void *context, const char *name, enum fw_kind kind, uint64_t size)
{
    struct names *names = context;

    (void)kind;
    (void)size;
    /* Rock Ridge names are bytes of any kind. */
    insist(*name != '\0' && strlen(name) < FW_NAME_MAX && !strchr(name, '/'), "a name is a name");
    memcpy(names->names[names->count++], name, strlen(name) + 1);
    return names->count == NAMES_MAX ? 1 : 0;
}

/* steady: the disk does not change. */
static void read_both_ways(struct fw_file *file, bool steady)
{
    size_t size = file->size < WHOLE_MAX ? (size_t)file->size : WHOLE_MAX;
    unsigned char *whole = malloc(size + 1), *part = malloc(1000);
    bool readable = fw_read(file, 0, whole, size) == 0;
    uint8_t byte;

    for (size_t end = size; end > 0 && readable;) {
        size_t length = end < 1000 ? end : 1000;

        end -= length;
        if (fw_read(file, end, part, length) == 0)
            insist(!steady || memcmp(whole + end, part, length) == 0, "a file reads the same in pieces");
        else
            readable = false; /* the read that fails */
    }
    if (file->size)
        fw_read(file, file->size - 1, &byte, 1);
    insist(fw_read(file, file->size, &byte, 1) != 0, "nothing is read past the end");
    insist(fw_read(file, UINT64_MAX, &byte, 2) != 0, "nothing is read past the end");
    free(whole);
    free(part);
}

static void walk(struct fw_fs *fs, const char *path, unsigned depth, bool steady)
{
    struct names names = {NULL, 0};
    struct fw_file file;

    if (fw_open(fs, path, &file) != 0)
        return;
    if (file.kind == FW_FILE)
        read_both_ways(&file, steady);
    if (file.kind != FW_DIRECTORY || depth == DEPTH_MAX)
        return;
    names.names = malloc(NAMES_MAX * sizeof(*names.names));
    fw_list(&file, keep, &names);
    for (unsigned i = 0; i < names.count; i++) {
        char *inner = malloc(strlen(path) + FW_NAME_MAX + 2);

        if (strcmp(fs->ops->name, "fat") == 0)
            check_name(names.names[i]);
        sprintf(inner, "%s/%s", path, names.names[i]);
        walk(fs, inner, depth + 1, steady);
        free(inner);
    }
    free(names.names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fw_image image;
    struct fw_arena arena = {.size = 1 << 20};
    struct fw_host_disk host;
    struct fw_volume volume;
    struct fw_fs fs;

    if (!fw_image_begin(&image, data, size))
        return 0;
    arena.bytes = malloc(arena.size);
    fw_image_disk(&image, &host);
    volume = fw_host_volume(&host);
    if (fw_mount(&volume, &arena, &fs) == 0) {
        insist(memchr(fs.label, '\0', sizeof(fs.label)) != NULL, "a label has an end");
        insist(fs.uuid_size <= sizeof(fs.uuid), "a UUID fits");
        walk(&fs, "", 0, !image.alters);
    } else {
        insist(arena.used == 0, "what is not mounted takes no memory");
    }
    free(arena.bytes);
    fw_image_patch(&image, data, size, false);
    return 0;
}
