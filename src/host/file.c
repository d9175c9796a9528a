/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files as byte sources. A regular file or block device is read in place by pread; a pipe, FIFO or other
 * stream is read once to its end into a sealed memory file, up to a bound, so that the core may read it in
 * any order. Guarantees of the source: a read delivers every byte that was asked for or fails, also when
 * the file was cut after it was opened; the context is the descriptor itself, so struct zp_file may be
 * moved.
 */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* An endless stream (/dev/zero) must not eat the machine; no kernel or initrd comes near this. */
#define STREAM_MAX  (UINT64_C(1) << 30)
#define STREAM_STEP ((size_t)1 << 16)

static int file_read(void *context, uint64_t offset, void *buffer, size_t length)
{
    int fd = (int)(intptr_t)context;
    char *to = buffer;

    while (length > 0) {
        ssize_t got = pread(fd, to, length, (off_t)offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            return -ENODATA; /* cut since it was opened */
        to += got;
        offset += (uint64_t)got;
        length -= (size_t)got;
    }
    return 0;
}

/* 0 or a positive errno value. */
static int write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t put = write(fd, bytes, length);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return errno;
        bytes += put;
        length -= (size_t)put;
    }
    return 0;
}

/* Everything that stream still holds goes to memory. 0 or a positive errno value. */
static int copy_stream(int stream, int memory, uint64_t *ret_size)
{
    char *buffer = malloc(STREAM_STEP);
    uint64_t size = 0;
    int error = buffer ? 0 : ENOMEM;

    while (!error) {
        ssize_t got = read(stream, buffer, STREAM_STEP);

        if (got == 0)
            break;
        if (got < 0) {
            error = errno == EINTR ? 0 : errno;
            continue;
        }
        size += (uint64_t)got;
        error = size > STREAM_MAX ? EFBIG : write_all(memory, buffer, (size_t)got);
    }
    free(buffer);
    if (!error)
        *ret_size = size;
    return error;
}

/* Puts a memory file with the stream's bytes in the place of *fd. 0 or a positive errno value. */
static int slurp(int *fd, uint64_t *ret_size)
{
    int memory = memfd_create("stream", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int error = memory < 0 ? errno : copy_stream(*fd, memory, ret_size);

    if (!error && fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
        error = errno;
    if (error) {
        if (memory >= 0)
            close(memory);
        return error;
    }
    close(*fd);
    *fd = memory;
    return 0;
}

/* 0 or a positive errno value. */
static int measure(int *fd, uint64_t *ret_size)
{
    struct stat about;
    off_t end;

    if (fstat(*fd, &about) != 0)
        return errno;
    if (S_ISDIR(about.st_mode))
        return EISDIR;
    if (!S_ISREG(about.st_mode) && !S_ISBLK(about.st_mode))
        return slurp(fd, ret_size);
    end = S_ISREG(about.st_mode) ? about.st_size : lseek(*fd, 0, SEEK_END);
    if (end < 0)
        return errno ? errno : EIO;
    *ret_size = (uint64_t)end;
    return 0;
}

int zp_file_open(struct zp_file *ret_file, const char *name)
{
    uint64_t size = 0;
    char *copy;
    int error;
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0)
        return errno;
    copy = strdup(name);
    error = copy ? measure(&fd, &size) : ENOMEM;
    if (error) {
        free(copy);
        close(fd);
        return error;
    }
    ret_file->source = (struct zp_source){.size = size, .read = file_read, .context = (void *)(intptr_t)fd};
    ret_file->fd = fd;
    ret_file->name = copy;
    return 0;
}

void zp_file_close(struct zp_file *file)
{
    if (!file->name)
        return;
    close(file->fd);
    free(file->name);
    *file = (struct zp_file){.fd = -1};
}
