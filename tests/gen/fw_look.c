/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the firmware's readers see in a disk image, for tests: one JSON object a line, each named by its first
 * key: volume, file_system, file, directory, other, entry, note, and last end.
 *
 *   fw-look [--sector BYTES] [--fail N] [--arena BYTES] IMAGE [PATH]
 *
 * PATH: that alone, of each file system. --fail: the N-th read of the disk fails. --arena: how much memory
 * the readers have.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "fw_host.h"
#include "fw_look.h"
#include "partition.h"

#define ARENA_SIZE    (64u << 20)
#define NAMES_MAX     100000u
#define DEPTH_MAX     64u
#define CHUNK         65521u /* a prime, so that reads begin at odd places */
#define TEXT(value)   json_object_new_string(value)
#define NUMBER(value) json_object_new_uint64(value)

struct names {
    char **names;
    size_t count;
};

static struct json_object *hex(const uint8_t *bytes, size_t size)
{
    char text[65] = "";

    for (size_t i = 0; i < size && i < 32; i++)
        sprintf(text + 2 * i, "%02x", bytes[i]);
    return TEXT(text);
}

static void hear(const char *line)
{
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, "note", look_text(line));
    look_line(object);
}

static int keep_name(void *context, const char *name, enum fw_kind kind, uint64_t size)
{
    struct names *names = context;

    (void)kind;
    (void)size;
    if (names->count == NAMES_MAX)
        return 1;
    names->names = realloc(names->names, (names->count + 1) * sizeof(*names->names));
    names->names[names->count++] = strdup(name);
    return 0;
}

static struct json_object *crc(struct fw_file *file)
{
    static unsigned char buffer[CHUNK];
    uLong value = crc32(0, NULL, 0);
    char text[16];

    for (uint64_t at = 0; at < file->size;) {
        size_t part = file->size - at < CHUNK ? (size_t)(file->size - at) : CHUNK;

        if (fw_read(file, at, buffer, part) != 0)
            return TEXT("unreadable");
        value = crc32(value, buffer, (uInt)part);
        at += part;
    }
    snprintf(text, sizeof(text), "%08lx", value);
    return TEXT(text);
}

static void look_path(struct fw_fs *fs, const char *path, unsigned depth);

static void look_directory(struct fw_file *directory, const char *path, unsigned depth)
{
    struct fw_fs *fs = directory->fs;
    struct names names = {NULL, 0};
    int result = fw_list(directory, keep_name, &names);

    if (result != 0) {
        struct json_object *line = json_object_new_object();

        json_object_object_add(line, "unlisted", look_text(path));
        json_object_object_add(line, "result", json_object_new_int(result));
        look_line(line);
    }
    for (size_t i = 0; i < names.count; i++) {
        static unsigned left = NAMES_MAX; /* directories may be in themselves */
        char *inner;

        if (left != 0 && depth < DEPTH_MAX && strcmp(names.names[i], ".") != 0 &&
            strcmp(names.names[i], "..") != 0 &&
            asprintf(&inner, "%s/%s", strcmp(path, "/") == 0 ? "" : path, names.names[i]) > 0) {
            left--;
            look_path(fs, inner, depth + 1);
            free(inner);
        }
        free(names.names[i]);
    }
    free(names.names);
}

static void look_path(struct fw_fs *fs, const char *path, unsigned depth)
{
    static const char *const kinds[] = {
        [FW_FILE] = "file", [FW_DIRECTORY] = "directory", [FW_OTHER] = "other"};
    struct json_object *line = json_object_new_object();
    struct fw_file file;
    int opened = fw_open(fs, path, &file);

    json_object_object_add(line,
                           opened == 0  ? kinds[file.kind]
                           : opened > 0 ? "absent"
                                        : "unopened",
                           look_text(path));
    json_object_object_add(line, "volume", NUMBER(fs->volume.number));
    if (opened == 0 && file.kind == FW_FILE) {
        json_object_object_add(line, "size", NUMBER(file.size));
        json_object_object_add(line, "crc32", crc(&file));
    }
    look_line(line);
    if (opened == 0 && file.kind == FW_DIRECTORY)
        look_directory(&file, path, depth);
}

static void look_volume(const struct fw_volume *volume)
{
    struct json_object *line = json_object_new_object();

    json_object_object_add(line, "volume", NUMBER(volume->number));
    json_object_object_add(line, "start", NUMBER(volume->start));
    json_object_object_add(line, "size", NUMBER(volume->size));
    json_object_object_add(line, "type", hex(volume->type, 16));
    json_object_object_add(line, "uuid", hex(volume->uuid, 16));
    json_object_object_add(line, "gpt", json_object_new_boolean(volume->gpt));
    json_object_object_add(line, "active", json_object_new_boolean(volume->active));
    json_object_object_add(line, "name", look_text(volume->name));
    look_line(line);
}

static void look_system(const struct fw_fs *fs)
{
    struct json_object *line = json_object_new_object();

    json_object_object_add(line, "file_system", TEXT(fs->ops->name));
    json_object_object_add(line, "volume", NUMBER(fs->volume.number));
    json_object_object_add(line, "uuid", hex(fs->uuid, fs->uuid_size));
    json_object_object_add(line, "label", look_text(fs->label));
    look_line(line);
}

static void look(const struct fw_disk *disk, struct fw_arena *arena, const char *path)
{
    static struct fw_volume volumes[FW_VOLUME_MAX];
    static struct fw_fs systems[FW_VOLUME_MAX];
    size_t count = fw_partitions(disk, arena, volumes, FW_VOLUME_MAX), mounted = 0;

    for (size_t i = 0; i < count; i++) {
        look_volume(&volumes[i]);
        if (fw_mount(&volumes[i], arena, &systems[mounted]) != 0)
            continue;
        look_system(&systems[mounted]);
        look_path(&systems[mounted++], path ? path : "/", 0);
    }
    if (!path)
        look_entries(systems, mounted, arena);
}

static uint64_t number(const char *text)
{
    char *end;
    uint64_t value = strtoull(text, &end, 0);

    if (end == text || *end) {
        fprintf(stderr, "fw-look: %s is no number\n", text);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"sector", required_argument, NULL, 's'},
        {"fail", required_argument, NULL, 'f'},
        {"arena", required_argument, NULL, 'a'},
        {NULL},
    };
    uint64_t sector = 512, fail_at = 0;
    struct fw_arena arena = {.size = ARENA_SIZE};
    struct fw_host_disk host;
    struct json_object *line;

    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 's': sector = number(optarg); break;
        case 'f': fail_at = number(optarg); break;
        case 'a': arena.size = (size_t)number(optarg); break;
        default: return 2;
        }
    }
    if (optind >= argc || optind + 2 < argc) {
        fprintf(stderr, "usage: fw-look [--sector BYTES] [--fail N] [--arena BYTES] IMAGE [PATH]\n");
        return 2;
    }
    arena.bytes = malloc(arena.size);
    if (!arena.bytes || fw_host_file(&host, argv[optind], (uint32_t)sector) != 0) {
        perror(argv[optind]);
        return 1;
    }
    host.fail_at = fail_at;
    fw_host_hear = hear;
    look(&host.disk, &arena, argv[optind + 1]);
    line = json_object_new_object();
    json_object_object_add(line, "end", json_object_new_boolean(true));
    json_object_object_add(line, "reads", NUMBER(host.reads));
    json_object_object_add(line, "memory", NUMBER(arena.used));
    look_line(line);
    free(arena.bytes);
    return 0;
}
