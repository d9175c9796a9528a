/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zeropage inspect: what an image is, what it demands and every entry that it offers, sound or faulty. Reads
 * the file and nothing else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image_view.h"
#include "opening.h"

#define KEY_JSON 0x100

struct inspect_options {
    const char *image_name;
    bool json;
};

static error_t parse_inspect(int key, char *argument, struct argp_state *state)
{
    struct inspect_options *options = state->input;
    switch (key) {
    case KEY_JSON: options->json = true; return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            cli_usage(state, "one image at a time: '%s' is too many", argument);
        options->image_name = argument;
        return 0;
    case ARGP_KEY_NO_ARGS: cli_usage(state, "no image given");
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp_option argp_options[] = {
    {"json", KEY_JSON, NULL, 0, "Everything, for a program", 0},
    {0},
};

static const struct argp_child children[] = {
    {&cli_common_argp, 0, NULL, 0},
    {0},
};

static const struct argp inspect_argp = {
    argp_options, parse_inspect,
    "IMAGE",      "Says what IMAGE is, what it demands and every entry that it offers.",
    children,     NULL,
    NULL,
};

/* An image that zeropage refuses: why, and where else it boots. Always CLI_NO. */
static int refused(const struct zp_opened_image *opened, const struct inspect_options *options)
{
    size_t size = strlen(options->image_name) + ZP_INSIDE_SIZE + 3;
    char *name = cli_grow(NULL, size, 1);
    zp_inside_name(options->image_name, opened->inside, name, size);
    if (options->json) {
        struct json_object *object = json_object_new_object();
        json_object_object_add(object, "error",
                               cli_json_status(opened->refusal.code, &opened->refusal, name));
        cli_boots_json(object, opened);
        cli_json_print(object);
    } else {
        cli_boots_table(opened);
        cli_advice_table(opened);
        fflush(stdout);
        cli_refuse(false, name, opened->refusal.code, &opened->refusal);
    }
    free(name);
    return CLI_NO;
}

/* 0 or CLI_NO: a packed file of which a checksum is wrong is shown whole, and boots nowhere. */
static int accepted(const struct zp_opened_image *opened, const struct cli_packed *packed,
                    const struct inspect_options *options)
{
    char *name = cli_escape_copy(options->image_name);
    if (options->json) {
        cli_json_print(cli_image_json(opened, packed, name));
    } else {
        cli_image_table(opened, packed, name);
        fflush(stdout);
        if (packed->altered)
            cli_error("%s: %s", name, packed->why);
    }
    free(name);
    return packed->altered ? CLI_NO : CLI_DONE;
}

/* A packed file whose parts do not hold together: one line, for nothing in it can be relied upon. */
static int spoiled(const struct cli_packed *packed, const struct inspect_options *options)
{
    char *name = cli_escape_copy(options->image_name), *why = cli_escape_copy(packed->why);
    size_t size = strlen(name) + strlen(why) + 3;
    char *text = cli_grow(NULL, size, 1);
    snprintf(text, size, "%s: %s", name, why);
    if (options->json) {
        struct json_object *object = json_object_new_object(), *error = json_object_new_object();
        cli_json_text(error, "code", "packed-spoiled");
        cli_json_text(error, "field", "packed file");
        json_object_object_add(error, "offset", NULL);
        cli_json_hex(error, "value", 0);
        cli_json_hex(error, "limit", 0);
        cli_json_text(error, "text", text);
        json_object_object_add(object, "error", error);
        cli_json_print(object);
    } else {
        cli_error("%s", text);
    }
    free(text);
    free(why);
    free(name);
    return CLI_NO;
}

int cli_inspect(int argc, char **argv)
{
    struct inspect_options options = {NULL, false};
    struct zp_opened_image opened;
    struct zp_opening opening = {.examine = true};
    struct cli_progress progress = {0};
    cli_options(&inspect_argp, argc, argv, 0, &options);

    cli_progress_use(&progress, &opening);
    int code = cli_image_open(&opened, options.image_name, &opening, options.json);
    if (code != CLI_DONE)
        return code;
    if (opened.refusal.code == ZP_OK && opened.image.bzimage.payload_length != 0)
        (void)zp_opened_image_direct(&opened, &opening, NULL);
    struct cli_packed packed;
    cli_packed_read(&packed, &opened);
    if (packed.spoiled)
        code = spoiled(&packed, &options);
    else if (opened.refusal.code)
        code = refused(&opened, &options);
    else
        code = accepted(&opened, &packed, &options);
    cli_packed_free(&packed);
    zp_opened_image_close(&opened);
    return cli_finish(code);
}
