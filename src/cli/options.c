/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options by argp, with the manners of this command: a usage error is one line and exit code 2, and every
 * verb answers --help with one screen. argp's own second line after an error is switched off by taking its
 * error stream away; what getopt says to stderr is the one line.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"

#define KEY_HELP 'h'

static error_t parse_common(int key, char *argument, struct argp_state *state)
{
    (void)argument;
    switch (key) {
    case ARGP_KEY_INIT: state->err_stream = NULL; return 0;
    case KEY_HELP:
        argp_help(state->root_argp, stdout, ARGP_HELP_SHORT_USAGE | ARGP_HELP_PRE_DOC | ARGP_HELP_LONG,
                  state->name);
        exit(cli_finish(CLI_DONE));
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp_option common_options[] = {
    {"help", KEY_HELP, NULL, 0, "This text", -1},
    {0},
};

const struct argp cli_common_argp = {common_options, parse_common, NULL, NULL, NULL, NULL, NULL};

void cli_options(const struct argp *argp, int argc, char **argv, unsigned flags, void *input)
{
    if (argp_parse(argp, argc, argv, flags | ARGP_NO_HELP, NULL, input) != 0)
        exit(CLI_USAGE);
}

void cli_usage(const struct argp_state *state, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    char *safe = cli_escape_copy(text);
    fprintf(stderr, "%s: %s\n", state->name, safe);
    free(safe);
    exit(CLI_USAGE);
}
