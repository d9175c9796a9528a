/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files as byte sources. A regular file or block device is read in place by pread; a pipe, FIFO or other
 * stream is read once to its end into a sealed memory file, up to a bound, so that the core may read it in
 * any order. A section is a part of such a file, read by the same descriptor. Guarantees of the source: a
 * read delivers every byte that was asked for or fails, also when the file was cut after it was opened; the
 * context lies on the heap, so struct zp_file may be moved.
 */
#include "file.h"

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

/* The context of a file's source. */
struct backing {
    int fd;
    bool stable; /* nobody can change or cut the bytes */
    bool owned;  /* the descriptor is closed with the file; false: a section */
    uint64_t base;
    const char *name; /* of struct zp_file */
};

static int file_read(void *context, uint64_t offset, void *buffer, size_t length)
{
    const struct backing *backing = context;
    int fd = backing->fd;
    char *to = buffer;

    if (offset > (uint64_t)INT64_MAX - backing->base)
        return -EINVAL;
    offset += backing->base;

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

int zp_file_seal(int memory)
{
    return fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0 ? 0
                                                                                                     : errno;
}

/* Puts a memory file with the stream's bytes in the place of *fd. 0 or a positive errno value. */
static int slurp(int *fd, uint64_t *ret_size)
{
    int memory = memfd_create("stream", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int error = memory < 0 ? errno : copy_stream(*fd, memory, ret_size);

    if (!error)
        error = zp_file_seal(memory);
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

/* All that mapping it needs: no write, no cut. */
static bool is_sealed(int fd)
{
    const int wanted = F_SEAL_SHRINK | F_SEAL_WRITE;
    int seals = fcntl(fd, F_GET_SEALS);

    return seals >= 0 && (seals & wanted) == wanted;
}

static int make_file(struct zp_file *ret_file, const struct backing *like, uint64_t size, const char *name)
{
    struct backing *backing = malloc(sizeof(*backing));
    char *copy = strdup(name);

    if (!backing || !copy) {
        free(backing);
        free(copy);
        return ENOMEM;
    }
    *backing = *like;
    backing->name = copy;
    *ret_file = (struct zp_file){
        .source = {.size = size, .read = file_read, .context = backing}, .fd = like->fd, .name = copy};
    return 0;
}

int zp_file_adopt(struct zp_file *ret_file, int fd, uint64_t base, uint64_t size, bool stable,
                  const char *name)
{
    const struct backing backing = {.fd = fd, .stable = stable, .owned = true, .base = base};
    int error = make_file(ret_file, &backing, size, name);

    if (error)
        close(fd);
    return error;
}

int zp_file_open(struct zp_file *ret_file, const char *name)
{
    uint64_t size = 0;
    int error;
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0)
        return errno;
    if ((error = measure(&fd, &size))) {
        close(fd);
        return error;
    }
    return zp_file_adopt(ret_file, fd, 0, size, is_sealed(fd), name);
}

int zp_file_section(struct zp_file *ret_section, const struct zp_file *file, uint64_t offset, uint64_t size)
{
    const struct backing *whole = file->source.context;
    struct backing part = *whole;

    if (offset > file->source.size || size > file->source.size - offset)
        return EINVAL;
    part.base += offset;
    part.owned = false;
    return make_file(ret_section, &part, size, file->name);
}

void zp_file_close(struct zp_file *file)
{
    struct backing *backing;

    if (!file->name)
        return;
    backing = file->source.context;
    if (backing->owned)
        close(backing->fd);
    free(backing);
    free(file->name);
    *file = (struct zp_file){.fd = -1};
}

int zp_source_descriptor(const struct zp_source *source, uint64_t *ret_base, bool *ret_stable)
{
    const struct backing *backing = source->context;

    if (source->read != file_read)
        return -1;
    *ret_base = backing->base;
    *ret_stable = backing->stable;
    return backing->fd;
}

const char *zp_source_name(const struct zp_source *source)
{
    return source->read == file_read ? ((const struct backing *)source->context)->name : NULL;
}
