/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boot entries of folders, each as if it were a file system, for tests: JSON objects, one a line, as fw-look
 * has them.
 *
 *   fw-entries [--arena BYTES] [--fail N] [--uuid 32-HEX-DIGITS | --label TEXT]... FOLDER ...
 *
 * The n-th --uuid and --label are those of the n-th folder. --fail: the N-th call of the first one fails.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fw_host.h"
#include "fw_look.h"
#include "fw_tree.h"

#define SYSTEMS_MAX 8

static void hear(const char *line)
{
    struct json_object *object = json_object_new_object();

    json_object_object_add(object, "note", look_text(line));
    look_line(object);
}

static void set_uuid(struct fw_fs *fs, const char *hex)
{
    unsigned byte;

    fs->uuid_size = (uint32_t)strlen(hex) / 2;
    for (size_t i = 0; i < fs->uuid_size && i < 16 && sscanf(hex + 2 * i, "%2x", &byte) == 1; i++)
        fs->uuid[i] = (uint8_t)byte;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"arena", required_argument, NULL, 'a'},
        {"fail", required_argument, NULL, 'f'},
        {"uuid", required_argument, NULL, 'u'},
        {"label", required_argument, NULL, 'l'},
        {NULL},
    };
    static struct fw_tree trees[SYSTEMS_MAX];
    static struct fw_fs systems[SYSTEMS_MAX];
    struct fw_arena arena = {.size = 16u << 20};
    size_t uuids = 0, labels = 0, count = 0;
    struct json_object *line;

    for (size_t i = 0; i < SYSTEMS_MAX; i++)
        fw_tree_begin(&trees[i], &arena);
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'a': arena.size = strtoull(optarg, NULL, 0); break;
        case 'f': trees[0].fail_at = strtoull(optarg, NULL, 0); break;
        case 'u': set_uuid(&trees[uuids++ % SYSTEMS_MAX].fs, optarg); break;
        case 'l': snprintf(trees[labels++ % SYSTEMS_MAX].fs.label, 257, "%s", optarg); break;
        default: return 2;
        }
    }
    arena.bytes = malloc(arena.size);
    for (; optind < argc && count < SYSTEMS_MAX; optind++, count++) {
        if (!arena.bytes || fw_tree_folder(&trees[count], argv[optind]) != 0) {
            perror(argv[optind]);
            return 1;
        }
        systems[count] = trees[count].fs;
    }
    fw_host_hear = hear;
    look_entries(systems, count, &arena);
    line = json_object_new_object();
    json_object_object_add(line, "end", json_object_new_boolean(true));
    json_object_object_add(line, "reads", json_object_new_uint64(trees[0].calls));
    json_object_object_add(line, "memory", json_object_new_uint64(arena.used));
    look_line(line);
    for (size_t i = 0; i < SYSTEMS_MAX; i++)
        fw_tree_end(&trees[i]);
    free(arena.bytes);
    return 0;
}
