/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opens images for the verbs: everything that takes time or may be inside a file is said here in one way.
 * Progress is one line on stderr that is written over, only on a terminal, only when a second was not
 * enough, and erased at the end: what a person reads afterwards is as if it had never been.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "opening.h"

#define CMDLINE_MAX (UINT64_C(1) << 20) /* no kernel takes more than 4 KiB */

static double seconds_since(const struct timespec *begin)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begin->tv_sec) + (double)(now.tv_nsec - begin->tv_nsec) / 1e9;
}

static void show_progress(void *context, uint64_t done, uint64_t total)
{
    struct cli_progress *progress = context;
    char size[32];
    if (done == 0 && total == 0) {
        if (progress->shown)
            fputs("\r\033[K", stderr);
        *progress = (struct cli_progress){0};
        return;
    }
    if (!progress->running) {
        clock_gettime(CLOCK_MONOTONIC, &progress->begin);
        progress->running = true;
    }
    if (seconds_since(&progress->begin) < 1)
        return;
    progress->shown = true;
    fprintf(stderr, "\rzeropage: unpacking, %s", zp_size_format(done, size, sizeof size));
    if (total >= done && total > 0)
        fprintf(stderr, " of %s, %u%%", zp_size_format(total, size, sizeof size),
                (unsigned)((double)done / (double)total * 100));
    fputs("\033[K", stderr);
}

void cli_progress_use(struct cli_progress *progress, struct zp_opening *opening)
{
    const char *terminal = getenv("TERM");
    if (!isatty(STDERR_FILENO) || (terminal && strcmp(terminal, "dumb") == 0))
        return;
    opening->progress = show_progress;
    opening->progress_context = progress;
}

int cli_cache_open(struct zp_cache **ret_cache, const char *directory, uint64_t size_limit, bool json)
{
    int status = zp_cache_open(ret_cache, directory, size_limit);
    if (status != EPERM || json)
        return status ? cli_refuse(json, directory, status, NULL) : 0;
    char *safe = cli_escape_copy(directory);
    cli_error("%s: others own it or may write to it; a cache of kernels must be yours alone (chmod 700)",
              safe);
    free(safe);
    return CLI_NO;
}

int cli_refuse_inside(bool json, const char *file_name, const char *inside, int status,
                      const struct zp_error *error)
{
    size_t size = strlen(file_name) + strlen(inside) + 3;
    char *name = cli_grow(NULL, size, 1);
    int code = cli_refuse(json, zp_inside_name(file_name, inside, name, size), status, error);
    free(name);
    return code;
}

int cli_image_open(struct zp_opened_image *opened, const char *name, const struct zp_opening *opening,
                   bool json)
{
    struct zp_error error;
    int status = zp_opened_image_open(opened, name, opening, &error);
    return status ? cli_refuse_inside(json, name, opened->inside, status, &error) : 0;
}

int cli_uki_cmdline(const struct zp_opened_image *opened, bool json, char **ret_text, size_t *ret_length)
{
    const struct zp_file *part = &opened->uki.parts[ZP_UKI_CMDLINE];
    if (!part->name)
        return 0;
    const struct zp_source *source = &part->source;
    int status = source->size > CMDLINE_MAX ? EFBIG : 0;
    char *text = status ? NULL : cli_grow(NULL, (size_t)source->size + 1, 1);
    if (!status)
        status = -source->read(source->context, 0, text, (size_t)source->size);
    if (status) {
        free(text);
        return cli_refuse_inside(json, opened->file.name, ".cmdline", status, NULL);
    }
    size_t length = (size_t)source->size;
    while (length > 0 && memchr(" \t\r\n", text[length - 1], 5))
        length--;
    text[length] = '\0';
    if (length == 0) {
        free(text);
        return 0;
    }
    *ret_text = text;
    *ret_length = length;
    return 0;
}
