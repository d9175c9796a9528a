/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zeropage firmware: where the guest firmware lies, in both of its shapes. Guarantees paths that can be
 * opened: those beside this program, in the build folder or in the installed tree wherever that has been
 * moved to, else those of the prefix that the build was configured for. Reads no byte of them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

#define KEY_JSON 0x100
#define KEY_ROM  0x101
#define KEY_ELF  0x102

static const struct shape {
    const char *name;
    const char *key;
    const char *purpose;
} shapes[] = {
    {"zeropage-fw.rom", "rom", "for qemu -bios: boots -kernel at once, else from disks"},
    {"zeropage-fw.elf", "elf", "for whoever boots a PVH, multiboot 2 or Linux kernel: boots from disks"},
};
#define SHAPE_COUNT (sizeof shapes / sizeof shapes[0])

struct firmware_options {
    bool json;
    bool wanted[SHAPE_COUNT]; /* none: all, with what they are for */
};

static error_t parse_firmware(int key, char *argument, struct argp_state *state)
{
    struct firmware_options *options = state->input;
    switch (key) {
    case KEY_JSON: options->json = true; return 0;
    case KEY_ROM: options->wanted[0] = true; return 0;
    case KEY_ELF: options->wanted[1] = true; return 0;
    case ARGP_KEY_ARG: cli_usage(state, "takes no image: '%s' is too many", argument);
    case ARGP_KEY_END:
        if (options->json + options->wanted[0] + options->wanted[1] > 1)
            cli_usage(state, "one of --json, --rom and --elf at a time");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp_option argp_options[] = {
    {"rom", KEY_ROM, NULL, 0, "The path of zeropage-fw.rom alone, for scripts", 0},
    {"elf", KEY_ELF, NULL, 0, "The path of zeropage-fw.elf alone", 0},
    {"json", KEY_JSON, NULL, 0, "Both, for a program", 0},
    {0},
};

static const struct argp_child children[] = {
    {&cli_common_argp, 0, NULL, 0},
    {0},
};

static const struct argp firmware_argp = {
    argp_options,
    parse_firmware,
    "",
    "Says where the guest firmware lies. It boots what a VMM hands over with -kernel, "
    "or what virtio disks have to boot.",
    children,
    NULL,
    NULL,
};

/* The path of a file, resolved, in memory of its own; NULL: it is not there. */
static char *path_in(const char *folder, const char *below, const char *name)
{
    char *path = NULL, *real;

    if (asprintf(&path, "%s/%s/%s", folder, below, name) < 0) {
        cli_error("out of memory");
        exit(CLI_NO);
    }
    real = realpath(path, NULL);
    if (real && access(real, R_OK) != 0) {
        free(real);
        real = NULL;
    }
    free(path);
    return real;
}

/* The folder that this program lies in, "" when the system does not tell. */
static void own_folder(char folder[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", folder, PATH_MAX - 1);

    folder[length < 0 ? 0 : length] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
}

static char *find(const char *folder, const char *name)
{
    char *path = path_in(folder, "../firmware/boot", name); /* in the build folder */

    if (!path)
        path = path_in(folder, ZP_FIRMWARE_BESIDE, name);
    return path ? path : path_in(ZP_FIRMWARE_FOLDER, "", name);
}

static int missing(const struct shape *shape, bool json)
{
    char text[PATH_MAX + 128];

    snprintf(text, sizeof text, "%s: not in %s; 'make install' puts it there", shape->name,
             ZP_FIRMWARE_FOLDER);
    if (!json) {
        cli_error("%s", text);
        return CLI_NO;
    }
    struct json_object *object = json_object_new_object();
    struct json_object *error = cli_json_status(ENOENT, NULL, shape->name);
    cli_json_text(error, "text", text);
    json_object_object_add(object, "error", error);
    cli_json_print(object);
    return cli_finish(CLI_NO);
}

static int show(const struct firmware_options *options, char *const paths[SHAPE_COUNT])
{
    const bool all = !options->wanted[0] && !options->wanted[1];
    struct json_object *object = json_object_new_object();

    for (size_t i = 0; i < SHAPE_COUNT; i++) {
        if (!all && !options->wanted[i])
            continue;
        if (!paths[i]) {
            json_object_put(object);
            return missing(&shapes[i], options->json);
        }
        cli_json_text(object, shapes[i].key, paths[i]);
    }
    for (size_t i = 0; i < SHAPE_COUNT && !options->json; i++)
        if (options->wanted[i])
            puts(paths[i]);
        else if (all)
            printf("%s  %s\n", paths[i], shapes[i].purpose);
    if (options->json)
        cli_json_print(object);
    else
        json_object_put(object);
    return cli_finish(CLI_DONE);
}

int cli_firmware(int argc, char **argv)
{
    struct firmware_options options = {0};
    char folder[PATH_MAX], *paths[SHAPE_COUNT];
    int code;

    cli_options(&firmware_argp, argc, argv, 0, &options);
    own_folder(folder);
    for (size_t i = 0; i < SHAPE_COUNT; i++)
        paths[i] = find(folder, shapes[i].name);
    code = show(&options, paths);
    for (size_t i = 0; i < SHAPE_COUNT; i++)
        free(paths[i]);
    return code;
}
