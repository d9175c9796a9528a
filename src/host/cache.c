/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cache: a directory of ours with one file an entry, named after a digest of the packed bytes and of how
 * they are packed. Receives what to unpack, gives a file that nobody changes.
 *
 *     <64 hex digits>.vmlinux   unpacked bytes, zeros up to a page, then struct trailer; mode 0400
 *     new-<16 hex digits>       an entry in the making, locked by its writer
 *     lock                      held to make room and to give an entry its name
 *
 * Writing: an entry gets its name when its bytes are on the disk, and is not touched any more. So a reader
 * sees whole entries or none, and who is killed leaves a file in the making, whose lock is free: the next
 * writer removes it. Making room is unlink alone; who has an entry open or mapped keeps it.
 *
 * Trust: an entry is looked at closely each time (owner, mode, size, trailer). Its modification time is set
 * to 0 when its bytes are known to be sound; whoever writes to it later moves that time. Where it is not 0,
 * and at the first use since the host booted, the bytes are read and compared with the digest in the trailer
 * (about 20 ms for a kernel); an entry that fails is removed and made anew. The access time is when an entry
 * was used last, and is set by us, whatever the mount options.
 */
#include "cache.h"

#include "codec.h"
#include "digest.h"
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FORMAT      1 /* of entries; in the key as well, so that formats never meet */
#define PAGE        UINT64_C(4096)
#define ENDING      ".vmlinux"
#define MAKING      "new-"
#define ENTRY_NAME  (2 * ZP_DIGEST_SIZE + sizeof(ENDING))
#define MAKING_NAME (sizeof(MAKING) + 16)
#define ENTRY_MODE  0400
#define LOCK_TRIES  200 /* of 10 ms: a stopped process must not keep others from booting */

struct zp_cache {
    int directory;
    uint64_t size_limit;
};

static const char magic[8] = {'z', 'p', 'c', 'a', 'c', 'h', 'e', '\n'};

/* Behind the bytes of an entry, in the host's byte order: no entry leaves its host. */
struct trailer {
    char magic[8];
    uint64_t format;
    uint64_t size; /* of the unpacked bytes */
    uint8_t key[ZP_DIGEST_SIZE];
    uint8_t content[ZP_DIGEST_SIZE];
};

/* What an entry is named after, before the packed bytes. */
struct label {
    char magic[8];
    uint64_t format, compression, has_size, length;
};

static uint64_t entry_size(uint64_t size)
{
    return (size + PAGE - 1) / PAGE * PAGE + sizeof(struct trailer);
}

static void entry_name(const uint8_t *key, char name[ENTRY_NAME])
{
    for (size_t i = 0; i < ZP_DIGEST_SIZE; i++)
        snprintf(name + 2 * i, 3, "%02x", key[i]);
    memcpy(name + 2 * ZP_DIGEST_SIZE, ENDING, sizeof(ENDING));
}

static bool is_entry(const char *name)
{
    return strlen(name) == ENTRY_NAME - 1 && strspn(name, "0123456789abcdef") == 2 * ZP_DIGEST_SIZE &&
           strcmp(name + 2 * ZP_DIGEST_SIZE, ENDING) == 0;
}

/* ---- the directory --------------------------------------------------------------------------------- */

static void make_folder(const char *path, int *first_error)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST && *first_error == 0)
        *first_error = errno;
}

/* mkdir -p, mode 0700. *ret_error is why a folder that is not there could not be made, an errno value. */
static int make_folders(const char *directory, int *ret_error)
{
    char *path = strdup(directory);

    if (!path)
        return ENOMEM;
    *ret_error = 0;
    for (char *slash = path; *slash && (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        make_folder(path, ret_error);
        *slash = '/';
    }
    make_folder(path, ret_error);
    free(path);
    return 0;
}

/* Nobody else may name, unname or replace entries. */
static int check_directory(int directory)
{
    struct stat about;

    if (fstat(directory, &about) != 0)
        return errno;
    return about.st_uid == geteuid() && (about.st_mode & (S_IWGRP | S_IWOTH)) == 0 ? 0 : EPERM;
}

int zp_cache_open(struct zp_cache **ret_cache, const char *directory, uint64_t size_limit)
{
    struct zp_cache *cache = malloc(sizeof(*cache));
    int making = 0;
    int error = cache ? make_folders(directory, &making) : ENOMEM;

    if (!error) {
        cache->size_limit = size_limit;
        cache->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        error = cache->directory < 0 ? errno : check_directory(cache->directory);
        if (error && cache->directory >= 0)
            close(cache->directory);
        if (error == ENOENT && making)
            error = making; /* that it is not there is no news */
    }
    if (error)
        free(cache);
    else
        *ret_cache = cache;
    return error;
}

void zp_cache_close(struct zp_cache *cache)
{
    if (!cache)
        return;
    close(cache->directory);
    free(cache);
}

/* The directory's lock, given back by close, or a negated errno value. */
static int take_lock(const struct zp_cache *cache)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    int lock = openat(cache->directory, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (lock < 0)
        return -errno;
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(lock, LOCK_EX | LOCK_NB) == 0)
            return lock;
        if (errno != EWOULDBLOCK && errno != EINTR)
            break;
        nanosleep(&pause, NULL);
    }
    close(lock);
    return -ETIMEDOUT;
}

/* ---- finding an entry ------------------------------------------------------------------------------- */

static bool read_all(int fd, uint64_t offset, void *buffer, size_t size)
{
    return pread(fd, buffer, size, (off_t)offset) == (ssize_t)size;
}

/* Was the entry used since the host booted, and not written to since it was known to be sound? */
static bool is_known(const struct stat *about)
{
    struct timespec now, up;

    if (about->st_mtim.tv_sec != 0 || about->st_mtim.tv_nsec != 0 ||
        clock_gettime(CLOCK_REALTIME, &now) != 0 || clock_gettime(CLOCK_BOOTTIME, &up) != 0)
        return false;
    return about->st_atim.tv_sec > now.tv_sec - up.tv_sec && about->st_atim.tv_sec <= now.tv_sec;
}

/* Are the bytes those that were written? */
static bool is_sound(struct zp_file *file, const struct trailer *trailer, unsigned threads)
{
    const struct zp_digest asked = {.source = &file->source, .size = trailer->size, .threads = threads};
    uint8_t digest[ZP_DIGEST_SIZE];

    return zp_digest_make(&asked, digest, NULL) == 0 && memcmp(digest, trailer->content, sizeof(digest)) == 0;
}

/* Opens what has the name of an entry. -1: there is none; one that we did not write, or damaged, is removed.
 */
static int open_entry(const struct zp_cache *cache, const char *name, const uint8_t *key,
                      struct trailer *ret_trailer, struct stat *ret_about)
{
    int fd = openat(cache->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    struct trailer *trailer = ret_trailer;

    if (fd < 0)
        return -1;
    if (fstat(fd, ret_about) == 0 && S_ISREG(ret_about->st_mode) && ret_about->st_uid == geteuid() &&
        (ret_about->st_mode & 07777) == ENTRY_MODE && ret_about->st_size >= (off_t)sizeof(*trailer) &&
        read_all(fd, (uint64_t)ret_about->st_size - sizeof(*trailer), trailer, sizeof(*trailer)) &&
        memcmp(trailer->magic, magic, sizeof(magic)) == 0 && trailer->format == FORMAT &&
        memcmp(trailer->key, key, ZP_DIGEST_SIZE) == 0 && trailer->size < (uint64_t)ret_about->st_size &&
        entry_size(trailer->size) == (uint64_t)ret_about->st_size)
        return fd;
    close(fd);
    unlinkat(cache->directory, name, 0);
    return -1;
}

static void touch(int fd)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {0, 0}};

    futimens(fd, times);
}

/* The entry of that key, if it is there, whole and within the limit. One that is not sound is removed. */
static bool find(const struct zp_cache *cache, const uint8_t *key, const struct zp_unpack *asked,
                 struct zp_file *ret_file)
{
    const char *source = zp_source_name(asked->source);
    char name[ENTRY_NAME], text[4096];
    struct trailer trailer;
    struct stat about;
    int fd;

    entry_name(key, name);
    fd = open_entry(cache, name, key, &trailer, &about);
    if (fd < 0)
        return false;
    snprintf(text, sizeof(text), "%s%sunpacked", source ? source : "", source ? ":" : "");
    if (trailer.size > asked->limit) {
        close(fd);
        return false;
    }
    if (zp_file_adopt(ret_file, fd, 0, trailer.size, true, text) != 0)
        return false;
    if (!is_known(&about) && !is_sound(ret_file, &trailer, zp_unpack_threads(asked))) {
        unlinkat(cache->directory, name, 0);
        zp_file_close(ret_file);
        return false;
    }
    touch(fd);
    return true;
}

/* ---- making room ------------------------------------------------------------------------------------ */

struct old {
    char name[ENTRY_NAME];
    uint64_t size;
    struct timespec used;
};

struct stock {
    struct old *entries;
    size_t count, capacity;
    uint64_t size; /* of entries and of what is in the making */
};

/* Is the writer of an entry in the making dead? Then it goes. */
static bool sweep(const struct zp_cache *cache, const char *name)
{
    int fd = openat(cache->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool dead = fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0;

    if (dead)
        unlinkat(cache->directory, name, 0);
    if (fd >= 0)
        close(fd);
    return dead;
}

static int add_entry(struct stock *stock, const char *name, const struct stat *about)
{
    struct old *longer;

    if (stock->count == stock->capacity) {
        longer = reallocarray(stock->entries, stock->capacity * 2 + 16, sizeof(*longer));
        if (!longer)
            return ENOMEM;
        stock->entries = longer;
        stock->capacity = stock->capacity * 2 + 16;
    }
    stock->entries[stock->count] = (struct old){.size = (uint64_t)about->st_size, .used = about->st_atim};
    memcpy(stock->entries[stock->count++].name, name, ENTRY_NAME);
    return 0;
}

/* Adds what has that name. Files that have nothing to do with us are left alone. */
static int count_name(const struct zp_cache *cache, struct stock *stock, const char *name)
{
    bool making = strncmp(name, MAKING, sizeof(MAKING) - 1) == 0;
    struct stat about;

    if (!making && !is_entry(name))
        return 0;
    if ((making && sweep(cache, name)) || fstatat(cache->directory, name, &about, AT_SYMLINK_NOFOLLOW) != 0)
        return 0;
    stock->size += (uint64_t)about.st_size;
    return making ? 0 : add_entry(stock, name, &about);
}

static int count_stock(const struct zp_cache *cache, struct stock *stock)
{
    int fd = openat(cache->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    int error = listing ? 0 : errno;

    while (!error && (entry = readdir(listing)))
        error = count_name(cache, stock, entry->d_name);
    if (listing)
        closedir(listing);
    else if (fd >= 0)
        close(fd);
    return error;
}

static int compare_use(const void *left, const void *right)
{
    const struct timespec *a = &((const struct old *)left)->used, *b = &((const struct old *)right)->used;

    if (a->tv_sec != b->tv_sec)
        return a->tv_sec < b->tv_sec ? -1 : 1;
    return (a->tv_nsec > b->tv_nsec) - (a->tv_nsec < b->tv_nsec);
}

/* With the lock held: removes what was not used for longest until `size` more bytes fit. 0 or errno. */
static int make_room(const struct zp_cache *cache, uint64_t size)
{
    struct stock stock = {0};
    int error = count_stock(cache, &stock);

    if (!error && stock.count > 1)
        qsort(stock.entries, stock.count, sizeof(*stock.entries), compare_use);
    for (size_t i = 0; !error && i < stock.count && stock.size + size > cache->size_limit; i++)
        if (unlinkat(cache->directory, stock.entries[i].name, 0) == 0)
            stock.size -= stock.entries[i].size;
    free(stock.entries);
    return error ? error : stock.size + size > cache->size_limit ? ENOSPC : 0;
}

/* ---- making an entry ---------------------------------------------------------------------------------- */

/* An empty file in the making, locked, of the size that it will have. Descriptor or a negated errno. */
static int begin_entry(const struct zp_cache *cache, uint64_t size, char name[MAKING_NAME])
{
    uint64_t number = 0;
    int fd, error;

    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        return -EIO;
    snprintf(name, MAKING_NAME, MAKING "%016llx", (unsigned long long)number);
    fd = openat(cache->directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, ENTRY_MODE);
    if (fd < 0)
        return -errno;
    error = flock(fd, LOCK_EX | LOCK_NB) != 0 || ftruncate(fd, (off_t)size) != 0 ? errno : 0;
    if (!error)
        return fd;
    unlinkat(cache->directory, name, 0);
    close(fd);
    return -error;
}

static int write_at(int fd, uint64_t offset, const void *bytes, uint64_t size)
{
    const char *from = bytes;

    while (size > 0) {
        ssize_t put = pwrite(fd, from, size < (1 << 20) ? (size_t)size : 1 << 20, (off_t)offset);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return put < 0 ? errno : ENOSPC;
        from += put;
        offset += (uint64_t)put;
        size -= (uint64_t)put;
    }
    return 0;
}

/* The bytes of a sealed memory file, then the trailer, down to the disk. */
static int write_entry(int fd, const struct zp_file *file, const struct trailer *trailer)
{
    size_t size = (size_t)trailer->size;
    void *bytes = size > 0 ? mmap(NULL, size, PROT_READ, MAP_SHARED, file->fd, 0) : NULL;
    int error;

    if (bytes == MAP_FAILED)
        return errno;
    error = write_at(fd, 0, bytes, size);
    if (bytes)
        munmap(bytes, size);
    if (!error)
        error = write_at(fd, entry_size(size) - sizeof(*trailer), trailer, sizeof(*trailer));
    if (!error && fchmod(fd, ENTRY_MODE) != 0) /* whatever the umask */
        error = errno;
    if (!error && fdatasync(fd) != 0)
        error = errno;
    if (!error)
        touch(fd);
    return error;
}

/* An entry of the same key that another process made meanwhile is as good, and perhaps in use: it stays. */
static int name_entry(const struct zp_cache *cache, const char *making, const uint8_t *key)
{
    char name[ENTRY_NAME];
    struct trailer trailer;
    struct stat about;
    int lock = take_lock(cache), other;
    int error = 0;

    if (lock < 0)
        return -lock;
    entry_name(key, name);
    other = open_entry(cache, name, key, &trailer, &about);
    if (other >= 0) {
        close(other);
        unlinkat(cache->directory, making, 0);
    } else if (renameat(cache->directory, making, cache->directory, name) != 0) {
        error = errno;
    }
    close(lock);
    return error;
}

/* Would the write be a signal? */
static bool is_allowed(uint64_t size)
{
    struct rlimit most;

    return getrlimit(RLIMIT_FSIZE, &most) != 0 || most.rlim_cur == RLIM_INFINITY || size <= most.rlim_cur;
}

/* Room and a file for the entry, under the lock. Descriptor or a negated errno. */
static int reserve(const struct zp_cache *cache, uint64_t size, char making[MAKING_NAME])
{
    int lock = take_lock(cache);
    int fd;

    if (lock < 0)
        return lock;
    fd = -make_room(cache, size);
    if (fd == 0)
        fd = begin_entry(cache, size, making);
    close(lock);
    return fd;
}

/* Keeps what was unpacked. 0 or errno. */
static int keep(const struct zp_cache *cache, const uint8_t *key, const struct zp_file *file,
                unsigned threads)
{
    struct trailer trailer = {.format = FORMAT, .size = file->source.size};
    const struct zp_digest asked = {.source = &file->source, .size = trailer.size, .threads = threads};
    uint64_t size = entry_size(trailer.size);
    char making[MAKING_NAME];
    int fd, error;

    if (size > cache->size_limit || !is_allowed(size))
        return EFBIG;
    memcpy(trailer.magic, magic, sizeof(magic));
    memcpy(trailer.key, key, sizeof(trailer.key));
    if (zp_digest_make(&asked, trailer.content, NULL) != 0)
        return ENOMEM;
    if ((fd = reserve(cache, size, making)) < 0)
        return -fd;
    error = write_entry(fd, file, &trailer);
    if (!error)
        error = name_entry(cache, making, key);
    if (error)
        unlinkat(cache->directory, making, 0);
    close(fd);
    return error;
}

/* ---- unpacking through it --------------------------------------------------------------------------- */

static int make_key(const struct zp_unpack *asked, uint8_t *kept, uint8_t *ret_key,
                    struct zp_error *ret_error)
{
    struct label label = {.format = FORMAT,
                          .compression = asked->compression,
                          .has_size = asked->has_size,
                          .length = asked->length};
    const struct zp_digest digest = {.source = asked->source,
                                     .offset = asked->offset,
                                     .size = asked->length,
                                     .label = &label,
                                     .label_size = sizeof(label),
                                     .threads = zp_unpack_threads(asked),
                                     .kept = kept};

    memcpy(label.magic, magic, sizeof(magic));
    return zp_digest_make(&digest, ret_key, ret_error);
}

/*
 * Unpacks and keeps. The file may have changed since the key was made: the bytes that are unpacked are held
 * in memory, and the key is made again from them.
 */
static int unpack_anew(const struct zp_cache *cache, const struct zp_unpack *asked, struct zp_file *ret_file,
                       int *ret_cache_error, struct zp_error *ret_error)
{
    uint8_t key[ZP_DIGEST_SIZE];
    struct zp_packed packed = {0};
    struct zp_file kept;
    int status = zp_packed_open(asked, &packed);

    if (!status)
        status = make_key(asked, packed.whole ? NULL : packed.bytes, key, ret_error);
    if (!status) {
        packed.whole = true;
        status = zp_packed_unpack(asked, &packed, ret_file, ret_error);
    }
    zp_packed_close(&packed);
    if (status)
        return status;
    *ret_cache_error = keep(cache, key, ret_file, zp_unpack_threads(asked));
    /* The kept one is shared with whoever comes later. */
    if (*ret_cache_error == 0 && find(cache, key, asked, &kept)) {
        zp_file_close(ret_file);
        *ret_file = kept;
    }
    return 0;
}

static bool is_for_cache(const struct zp_unpack *asked)
{
    uint64_t size = asked->source->size;

    return asked->compression != ZP_COMPRESSION_NONE && asked->compression < ZP_COMPRESSION_ELF &&
           asked->offset <= size && asked->length > 0 && asked->length <= size - asked->offset &&
           zp_packed_plausible(asked);
}

int zp_cache_unpack(struct zp_cache *cache, const struct zp_unpack *asked, struct zp_file *ret_file,
                    bool *ret_hit, int *ret_cache_error, struct zp_error *ret_error)
{
    uint8_t key[ZP_DIGEST_SIZE];
    struct zp_error error = {0};
    int status;

    *ret_hit = false;
    *ret_cache_error = 0;
    if (!cache || !is_for_cache(asked))
        return zp_unpack_file(asked, ret_file, ret_error);
    status = make_key(asked, NULL, key, &error);
    if (!status && find(cache, key, asked, ret_file)) {
        *ret_hit = true;
        return 0;
    }
    if (!status)
        status = unpack_anew(cache, asked, ret_file, ret_cache_error, &error);
    if (status < 0 && ret_error)
        *ret_error = error;
    return status;
}
