/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zeropage inspect: what an image is, what it demands and every entry that it offers, sound or faulty. Reads
 * the file and nothing else.
 */
#include <stdlib.h>

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

int cli_inspect(int argc, char **argv)
{
    struct inspect_options options = {NULL, false};
    struct zp_opened_image opened;
    struct zp_opening opening = {0};
    struct cli_progress progress = {0};
    cli_options(&inspect_argp, argc, argv, 0, &options);

    cli_progress_use(&progress, &opening);
    int code = cli_image_open(&opened, options.image_name, &opening, options.json);
    if (code != CLI_DONE)
        return code;
    char *name = cli_escape_copy(options.image_name);
    if (options.json)
        cli_json_print(cli_image_json(&opened, name));
    else
        cli_image_table(&opened, name);
    free(name);
    zp_opened_image_close(&opened);
    return cli_finish(CLI_DONE);
}
