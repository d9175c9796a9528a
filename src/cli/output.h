/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that a verb writes, whole or not at all. */
#ifndef ZP_CLI_OUTPUT_H
#define ZP_CLI_OUTPUT_H

#include <zeropage/image.h>

#include "cli.h"

/*
 * Writes bytes [offset, +size) of source to the file of that name, "-" being stdout: under a temporary name
 * beside it first, so that the name never stands for half of it. What is no regular file (a pipe, /dev/null)
 * is written to as it is. 0, or CLI_NO after a message; source_name is whom a failed read is laid to.
 */
int cli_output_copy(const char *name, const struct zp_source *source, const char *source_name,
                    uint64_t offset, uint64_t size);

/* A file that is written by its descriptor, in any order, and takes its name in the end. */
struct cli_output {
    char *path;      /* where it goes, links followed; NULL: no regular file, written in place */
    char *temporary; /* a name beside it; NULL: written in place */
    bool unnamed;    /* the temporary name is not taken yet */
    int fd;
};
/* 0 or a positive errno value; end it in either case. */
int cli_output_begin(struct cli_output *output, const char *name);
/* error 0: now it takes the name; else nothing of it is left. 0, or error, or what went wrong now. */
int cli_output_end(struct cli_output *output, int error);

#endif
