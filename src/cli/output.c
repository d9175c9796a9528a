/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Output files. A reader sees the old file or the whole new one, whatever happens in between: the bytes go
 * to a new file in the same folder that has no name yet (open(2), O_TMPFILE), so that nothing is left of it
 * when we are killed, and takes the name in one step (rename). Where the file system knows no such files it
 * has a name beside the other. A link is followed, so that it stays one; permissions of a file that was there
 * are kept.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"

#define PIECE  ((size_t)1 << 20)
#define SUFFIX 6u /* characters behind a temporary name's last dot */
#define NAMES  100u
#define LINKS  40u /* as many as Linux follows */
#define FDS    "/proc/self/fd"

static mode_t usual_mode(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

/* A file without a name in the folder of path, or -1. */
static int open_unnamed(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int fd = folder && access(FDS, X_OK) == 0 ? open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600) : -1;
    free(folder);
    return fd;
}

static int open_temporary(struct cli_output *output, mode_t mode)
{
    if (asprintf(&output->temporary, "%s.XXXXXX", output->path) < 0) {
        output->temporary = NULL;
        return ENOMEM;
    }
    output->fd = open_unnamed(output->path);
    output->unnamed = output->fd >= 0;
    if (!output->unnamed)
        output->fd = mkostemp(output->temporary, O_CLOEXEC);
    if (output->fd < 0) {
        int error = errno;
        free(output->temporary);
        output->temporary = NULL;
        return error;
    }
    return fchmod(output->fd, mode) == 0 ? 0 : errno;
}

/* Where a link leads whose end is not there yet, as open(2) would create it. NULL and errno. */
static char *target(const char *name)
{
    char *path = strdup(name);
    for (unsigned links = 0; path; links++) {
        char text[PATH_MAX], *next = NULL;
        ssize_t length = readlink(path, text, sizeof text);
        if (length < 0 && (errno == EINVAL || errno == ENOENT))
            return path;
        const char *slash = strrchr(path, '/');
        int folder = slash ? (int)(slash - path) + 1 : 0;
        if (length < 0 || (size_t)length == sizeof text || links == LINKS)
            errno = length < 0 ? errno : links == LINKS ? ELOOP : ENAMETOOLONG;
        else if (asprintf(&next, "%.*s%.*s", text[0] == '/' ? 0 : folder, path, (int)length, text) < 0)
            next = NULL;
        free(path);
        path = next;
    }
    return NULL;
}

/* 0 or a positive errno value. */
int cli_output_begin(struct cli_output *output, const char *name)
{
    *output = (struct cli_output){.fd = -1};
    struct stat about;
    bool exists = stat(name, &about) == 0;
    if (!exists && errno != ENOENT)
        return errno;
    if (exists && S_ISDIR(about.st_mode))
        return EISDIR;
    if (exists && !S_ISREG(about.st_mode)) {
        output->fd = open(name, O_WRONLY | O_CLOEXEC);
        return output->fd < 0 ? errno : 0;
    }
    output->path = exists ? realpath(name, NULL) : target(name);
    if (!output->path)
        return errno;
    return open_temporary(output, exists ? about.st_mode & 0777 : usual_mode());
}

static int write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

/* 0; a positive errno value of the output; a negative one of the source. */
static int copy(int fd, const struct zp_source *source, uint64_t offset, uint64_t size)
{
    char *piece = cli_grow(NULL, PIECE, 1);
    int error = 0;
    while (error == 0 && size > 0) {
        size_t part = size < PIECE ? (size_t)size : PIECE;
        error = source->read(source->context, offset, piece, part);
        if (error == 0)
            error = write_all(fd, piece, part);
        offset += part;
        size -= part;
    }
    free(piece);
    return error;
}

/* Gives the file without a name the temporary one; linkat never replaces a file. 0 or a positive errno value.
 */
static int name_temporary(struct cli_output *output)
{
    char *suffix = output->temporary + strlen(output->temporary) - SUFFIX;
    char link[32];
    int linked = -1;
    snprintf(link, sizeof link, FDS "/%d", output->fd);
    for (unsigned i = 0; i < NAMES && linked != 0; i++) {
        snprintf(suffix, SUFFIX + 1, "%06u", ((unsigned)getpid() + i) % 1000000);
        linked = linkat(AT_FDCWD, link, AT_FDCWD, output->temporary, AT_SYMLINK_FOLLOW);
        if (linked != 0 && errno != EEXIST)
            return errno;
    }
    output->unnamed = linked != 0;
    return linked == 0 ? 0 : EEXIST;
}

/* 0 or a positive errno value: only now the name is taken. */
int cli_output_end(struct cli_output *output, int error)
{
    if (output->unnamed && error == 0)
        error = name_temporary(output);
    if (output->fd >= 0 && close(output->fd) != 0 && error == 0)
        error = errno;
    if (output->temporary && error == 0 && rename(output->temporary, output->path) != 0)
        error = errno;
    if (output->temporary && error != 0 && !output->unnamed)
        unlink(output->temporary);
    free(output->temporary);
    free(output->path);
    return error;
}

int cli_output_copy(const char *name, const struct zp_source *source, const char *source_name,
                    uint64_t offset, uint64_t size)
{
    if (strcmp(name, "-") == 0) {
        int error = copy(STDOUT_FILENO, source, offset, size);
        if (error != 0)
            cli_error_errno(error > 0 ? "standard output" : source_name, error > 0 ? error : -error);
        return error == 0 ? 0 : CLI_NO;
    }
    struct cli_output output;
    int opened = cli_output_begin(&output, name);
    int error = opened == 0 ? copy(output.fd, source, offset, size) : opened;
    int finished = cli_output_end(&output, error);
    if (finished != 0)
        cli_error_errno(finished > 0 ? name : source_name, finished > 0 ? finished : -finished);
    return finished == 0 ? 0 : CLI_NO;
}
