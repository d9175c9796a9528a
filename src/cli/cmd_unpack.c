/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zeropage unpack: takes the kernel out of a bzImage, a compressed ELF or a UKI, and on request the other
 * parts; or lists what is there. The payload is unpacked once, and only when a part of it is wanted. Each
 * file is written whole or not at all; the first part that is missing ends the command.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "unpack.h"

enum {
    KEY_OUTPUT = 0x400,
    KEY_SETUP_HEADER,
    KEY_NOTES,
    KEY_CONFIG,
    KEY_RELOCS,
    KEY_SECTION,
    KEY_SIGNATURE,
    KEY_LIST,
    KEY_JSON
};

#define CONFIG_MAX (UINT64_C(16) << 20) /* a configuration of Linux has some 300 KiB */

struct wanted {
    int key; /* 'o', or KEY_*: what */
    const char *section;
    const char *file_name;
};

struct unpack_options {
    const char *image_name;
    struct wanted *wanted;
    size_t wanted_count;
    bool list, json;
    struct cli_progress progress;
    struct zp_opening opening;
};

static void want(struct unpack_options *options, int key, const char *section, const char *file_name)
{
    options->wanted = cli_grow(options->wanted, options->wanted_count + 1, sizeof *options->wanted);
    options->wanted[options->wanted_count++] = (struct wanted){key, section, file_name};
}

/* NAME:FILE. */
static void want_section(struct unpack_options *options, const struct argp_state *state, char *text)
{
    char *colon = strchr(text, ':');
    if (!colon || colon == text || colon[1] == '\0')
        cli_usage(state, "--section %s: not NAME:FILE", text);
    *colon = '\0';
    want(options, KEY_SECTION, text, colon + 1);
}

/* stdout takes one thing. */
static void check_wanted(struct unpack_options *options, const struct argp_state *state)
{
    size_t on_stdout = options->list || options->json;
    if (!options->image_name)
        cli_usage(state, "no image given");
    options->list |= options->json;
    if (options->wanted_count == 0 && !options->list) {
        if (isatty(STDOUT_FILENO))
            cli_usage(state, "a kernel is nothing for a terminal; -o FILE says where to write it");
        want(options, 'o', NULL, "-");
    }
    for (size_t i = 0; i < options->wanted_count; i++)
        on_stdout += strcmp(options->wanted[i].file_name, "-") == 0;
    if (on_stdout > 1)
        cli_usage(state, "standard output takes one thing; name a file for the others");
}

static error_t parse_unpack(int key, char *argument, struct argp_state *state)
{
    struct unpack_options *options = state->input;
    switch (key) {
    case 'o':
    case KEY_OUTPUT: want(options, 'o', NULL, argument); return 0;
    case KEY_SETUP_HEADER:
    case KEY_NOTES:
    case KEY_CONFIG:
    case KEY_RELOCS:
    case KEY_SIGNATURE: want(options, key, NULL, argument); return 0;
    case KEY_SECTION: want_section(options, state, argument); return 0;
    case KEY_LIST: options->list = true; return 0;
    case KEY_JSON: options->json = true; return 0;
    case ARGP_KEY_ARG:
        if (options->image_name)
            cli_usage(state, "one image at a time: '%s' is too many", argument);
        options->image_name = argument;
        return 0;
    case ARGP_KEY_END: check_wanted(options, state); return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp_option argp_options[] = {
    {NULL, 'o', "FILE", 0, "The vmlinux; - is stdout, the default", 1},
    {"output", KEY_OUTPUT, "FILE", OPTION_HIDDEN, NULL, 1},
    {"setup-header", KEY_SETUP_HEADER, "FILE", 0, "The setup header of a bzImage", 2},
    {"notes", KEY_NOTES, "FILE", 0, "The vmlinux's ELF notes", 2},
    {"config", KEY_CONFIG, "FILE", 0, "The kernel's configuration (IKCONFIG)", 2},
    {"relocs", KEY_RELOCS, "FILE", 0, "The vmlinux's relocation table", 2},
    {"section", KEY_SECTION, "NAME:FILE", 0, "A PE section: .linux of a UKI, ...", 2},
    {"signature", KEY_SIGNATURE, "FILE", 0, "The signature at the image's end", 2},
    {"list", KEY_LIST, NULL, 0, "Show what is inside", 3},
    {"json", KEY_JSON, NULL, 0, "The list, for a program", 3},
    {0},
};

static const struct argp_child children[] = {
    {&cli_common_argp, 0, NULL, 0},
    {0},
};

static const struct argp unpack_argp = {
    argp_options, parse_unpack,
    "IMAGE",      "Takes the vmlinux, or other parts, out of a bzImage, a compressed ELF or a UKI.",
    children,     NULL,
    NULL,
};

/* A part of the ELF, for which the payload of a bzImage is unpacked. */
static bool is_inside(int key)
{
    return key == 'o' || key == KEY_NOTES || key == KEY_CONFIG || key == KEY_RELOCS;
}

static int say_missing(const struct unpack_options *options, const char *inside, const char *what)
{
    char name[4096 + ZP_INSIDE_SIZE];
    char *safe = cli_escape_copy(zp_inside_name(options->image_name, inside, name, sizeof name));
    cli_error("%s: %s", safe, what);
    free(safe);
    return CLI_NO;
}

static int write_extent(const struct unpack_options *options, const struct wanted *wanted,
                        const struct cli_extent *extent)
{
    return cli_output_copy(wanted->file_name, extent->source, options->image_name, extent->offset,
                           extent->size);
}

/* The notes of all segments, one after another. */
static int write_notes(const struct unpack_options *options, const struct zp_opened_image *opened,
                       const struct wanted *wanted)
{
    struct zp_memory_source memory;
    struct cli_extent extent;
    char *bytes = NULL;
    size_t size = 0;
    int status = 0;
    for (uint32_t i = 0; status == 0 && cli_part_notes(opened, &i, &extent);) {
        if (extent.size > extent.source->size - size) {
            free(bytes);
            return say_missing(options, cli_part_elf_inside(opened),
                               "the notes of the ELF lie over each other");
        }
        bytes = cli_grow(bytes, size + (size_t)extent.size, 1);
        status =
            extent.source->read(extent.source->context, extent.offset, bytes + size, (size_t)extent.size);
        size += (size_t)extent.size;
    }
    zp_memory_source_init(&memory, bytes, size);
    int code = status
                   ? cli_refuse_inside(false, options->image_name, cli_part_elf_inside(opened), -status, NULL)
               : size == 0 ? say_missing(options, cli_part_elf_inside(opened), "the ELF has no notes")
                           : cli_output_copy(wanted->file_name, &memory.source, options->image_name, 0, size);
    free(bytes);
    return code;
}

static int write_config(const struct unpack_options *options, const struct zp_opened_image *opened,
                        const struct wanted *wanted)
{
    const struct zp_source *source = cli_part_elf(opened)->source;
    const char *inside = cli_part_elf_inside(opened);
    struct zp_kernel_texts texts;
    struct zp_error error;
    struct zp_file config = {0};
    int status = zp_kernel_texts_find(source, &texts, &error);
    if (status != 0)
        return cli_refuse_inside(false, options->image_name, inside, status, &error);
    if (texts.config_offset == 0)
        return say_missing(options, inside,
                           "the kernel carries no configuration (CONFIG_IKCONFIG is unset, or a module)");
    const struct zp_unpack unpack = {.source = source,
                                     .offset = texts.config_offset,
                                     .length = texts.config_size,
                                     .compression = ZP_COMPRESSION_GZIP,
                                     .limit = CONFIG_MAX};
    status = zp_unpack_file(&unpack, &config, &error);
    if (status != 0)
        return cli_refuse_inside(false, options->image_name, inside, status, &error);
    int code = cli_output_copy(wanted->file_name, &config.source, options->image_name, 0, config.source.size);
    zp_file_close(&config);
    return code;
}

static int write_elf(const struct unpack_options *options, const struct zp_opened_image *opened,
                     const struct wanted *wanted)
{
    const struct zp_image *elf = cli_part_elf(opened);
    if (elf->elf.class_bits == 0)
        return say_missing(options, opened->inside, "no ELF and no bzImage: there is no vmlinux inside");
    return cli_output_copy(wanted->file_name, elf->source, options->image_name, 0, elf->source->size);
}

static int write_relocations(const struct unpack_options *options, const struct zp_opened_image *opened,
                             const struct wanted *wanted)
{
    const struct zp_relocations *table = &cli_part_elf(opened)->relocations;
    const char *inside = cli_part_elf_inside(opened);
    struct cli_extent extent;
    if (table->fault.code)
        return cli_refuse_inside(false, options->image_name, inside, table->fault.code, &table->fault);
    cli_part_relocations(opened, &extent);
    return extent.source ? write_extent(options, wanted, &extent)
                         : say_missing(options, inside, "no relocation table behind the ELF");
}

static int write_section(const struct unpack_options *options, const struct zp_opened_image *opened,
                         const struct wanted *wanted)
{
    struct cli_extent extent;
    struct zp_error error;
    char text[128];
    int status = cli_part_section(opened, wanted->section, &extent, &error);
    if (status != 0)
        return cli_refuse_inside(false, options->image_name, extent.inside, status, &error);
    if (extent.source)
        return write_extent(options, wanted, &extent);
    snprintf(text, sizeof text, "no PE section '%.60s' with bytes in the file", wanted->section);
    return say_missing(options, opened->uki.present ? "" : opened->inside, text);
}

static int write_wanted(const struct unpack_options *options, const struct zp_opened_image *opened,
                        const struct wanted *wanted)
{
    struct cli_extent extent;
    struct zp_error error;
    int status;
    if (is_inside(wanted->key) && opened->inner.status != 0)
        return cli_refuse_inside(false, options->image_name, opened->inner.inside, opened->inner.status,
                                 &opened->inner.error);
    switch (wanted->key) {
    case 'o': return write_elf(options, opened, wanted);
    case KEY_NOTES: return write_notes(options, opened, wanted);
    case KEY_CONFIG: return write_config(options, opened, wanted);
    case KEY_RELOCS: return write_relocations(options, opened, wanted);
    case KEY_SECTION: return write_section(options, opened, wanted);
    case KEY_SETUP_HEADER:
        cli_part_setup_header(opened, &extent);
        return extent.source ? write_extent(options, wanted, &extent)
                             : say_missing(options, opened->inside, "no setup header: this is no bzImage");
    }
    status = cli_part_signature(opened, &extent, &error);
    if (status != 0)
        return cli_refuse_inside(false, options->image_name, extent.inside, status, &error);
    return extent.source ? write_extent(options, wanted, &extent)
                         : say_missing(options, opened->inside, "no signature: nothing follows the kernel");
}

static void unpack_payload(const struct unpack_options *options, struct zp_opened_image *opened)
{
    const uint32_t formats = ZP_FORMAT_BZIMAGE | ZP_FORMAT_ZIMAGE | ZP_FORMAT_PRE_200;
    bool needed = options->list;
    for (size_t i = 0; i < options->wanted_count; i++)
        needed |= is_inside(options->wanted[i].key);
    if (needed && (opened->image.formats & formats))
        zp_opened_image_direct(opened, &options->opening, NULL); /* it keeps what went wrong */
}

static int unpack_image(const struct unpack_options *options, struct zp_opened_image *opened)
{
    int code = CLI_DONE;
    unpack_payload(options, opened);
    if (options->list)
        code = cli_unpack_list(opened, options->image_name, options->json);
    for (size_t i = 0; code == CLI_DONE && i < options->wanted_count; i++)
        code = write_wanted(options, opened, &options->wanted[i]);
    return cli_finish(code);
}

int cli_unpack(int argc, char **argv)
{
    struct unpack_options options = {.list = false};
    struct zp_opened_image opened;
    cli_options(&unpack_argp, argc, argv, 0, &options);

    cli_progress_use(&options.progress, &options.opening);
    int code = cli_image_open(&opened, options.image_name, &options.opening, options.json);
    if (code == CLI_DONE)
        code = unpack_image(&options, &opened);
    zp_opened_image_close(&opened);
    free(options.wanted);
    return code;
}
