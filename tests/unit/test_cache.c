/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cache.c: hits and misses, entries that are spoiled in each way, the bound, full disks, many writers at a
 * time and writers that are killed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cache.h"
#include "gen/pack.h"

#define KIB     ((size_t)1 << 10)
#define SIZE    (200 * KIB) /* of a kernel, whole pages */
#define ENTRY   (SIZE + 88) /* with its trailer */
#define KERNELS 4

static char folder[] = "/tmp/zp-test-cache-XXXXXX";
static char directory[64]; /* the cache's */

static struct kernel {
    uint8_t bytes[SIZE];
    struct pack pack;
    struct zp_memory_source source;
} kernels[KERNELS];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    for (size_t i = 0; i < KERNELS; i++) {
        pack_fill(kernels[i].bytes, SIZE, false);
        memset(kernels[i].bytes, (int)i + 1, 64);
        pack_make(&kernels[i].pack, ZP_COMPRESSION_ZSTD, kernels[i].bytes, SIZE, NULL);
        zp_memory_source_init(&kernels[i].source, kernels[i].pack.bytes, kernels[i].pack.size);
    }
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    for (size_t i = 0; i < KERNELS; i++)
        pack_free(&kernels[i].pack);
    return rmdir(folder);
}

/* Each test has a cache directory of its own, which need not be there. */
static int new_directory(void **state)
{
    (void)state;
    snprintf(directory, sizeof(directory), "%s/cache", folder);
    return 0;
}

/* The name of the n-th entry in the directory (or of another file by its beginning), or NULL. */
static const char *entry_path(const char *begin, const char *end, size_t n)
{
    static char path[512];
    DIR *listing = opendir(directory);
    struct dirent *entry;
    bool found = false;

    while (listing && !found && (entry = readdir(listing))) {
        size_t length = strlen(entry->d_name);

        if (strncmp(entry->d_name, begin, strlen(begin)) != 0 || length < strlen(end) ||
            strcmp(entry->d_name + length - strlen(end), end) != 0 || n-- > 0)
            continue;
        snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
        found = true;
    }
    if (listing)
        closedir(listing);
    return found ? path : NULL;
}

static size_t count_entries(const char *begin, const char *end)
{
    size_t count = 0;

    while (entry_path(begin, end, count))
        count++;
    return count;
}

static int empty_directory(void **state)
{
    const char *path;

    (void)state;
    while ((path = entry_path("", ".vmlinux", 0)) || (path = entry_path("new-", "", 0)) ||
           (path = entry_path("lock", "", 0)) || (path = entry_path("stranger", "", 0)))
        if (unlink(path) != 0 && rmdir(path) != 0)
            return -1;
    return rmdir(directory);
}

static bool is_kernel(const struct zp_file *file, const struct kernel *kernel)
{
    uint8_t *got = malloc(SIZE);
    bool same = file->source.size == SIZE && got &&
                file->source.read(file->source.context, 0, got, SIZE) == 0 &&
                memcmp(got, kernel->bytes, SIZE) == 0;

    free(got);
    return same;
}

/* Unpacks through the cache; the bytes must be right whatever happened. */
static bool unpack_hits(struct zp_cache *cache, size_t index, int *ret_cache_error)
{
    const struct zp_unpack asked = {.source = &kernels[index].source.source,
                                    .length = kernels[index].pack.size,
                                    .compression = ZP_COMPRESSION_ZSTD,
                                    .limit = SIZE,
                                    .threads = 1};
    struct zp_error error;
    struct zp_file file;
    bool hit, same;

    if (zp_cache_unpack(cache, &asked, &file, &hit, ret_cache_error, &error) != 0)
        abort();
    same = is_kernel(&file, &kernels[index]);
    zp_file_close(&file);
    if (!same)
        abort(); /* in a child too */
    return hit;
}

static struct zp_cache *open_cache(uint64_t limit)
{
    struct zp_cache *cache = NULL;

    assert_int_equal(zp_cache_open(&cache, directory, limit), 0);
    return cache;
}

static void the_second_time_hits(void **state)
{
    struct zp_cache *cache = open_cache(10 * ENTRY);
    struct zp_unpack asked = {.source = &kernels[0].source.source,
                              .length = kernels[0].pack.size,
                              .compression = ZP_COMPRESSION_ZSTD,
                              .limit = SIZE};
    struct zp_file file;
    struct stat about;
    uint64_t base = 1;
    bool stable, hit;
    int error = -1;

    (void)state;
    assert_false(unpack_hits(cache, 0, &error));
    assert_int_equal(error, 0);
    assert_true(unpack_hits(cache, 0, &error));
    assert_false(unpack_hits(cache, 1, &error));
    assert_int_equal(count_entries("", ".vmlinux"), 2);
    assert_int_equal(count_entries("new-", ""), 0);
    assert_int_equal(zp_cache_unpack(cache, &asked, &file, &hit, &error, NULL), 0);
    assert_true(hit);
    assert_int_equal(zp_source_descriptor(&file.source, &base, &stable), file.fd);
    assert_int_equal(base, 0);
    assert_true(stable);
    assert_int_equal(fstat(file.fd, &about), 0);
    assert_int_equal(about.st_mode, S_IFREG | 0400);
    assert_int_equal(about.st_size, ENTRY);
    assert_int_equal(fcntl(file.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    zp_cache_close(cache);
    assert_true(is_kernel(&file, &kernels[0]));
    zp_file_close(&file);
    /* The same bytes packed in another way, or with a size behind them, are another entry. */
    cache = open_cache(10 * ENTRY);
    asked.has_size = true;
    assert_int_equal(zp_cache_unpack(cache, &asked, &file, &hit, &error, NULL), ZP_ERR_TOO_LARGE);
    assert_false(hit);
    zp_cache_close(cache);
    zp_cache_close(NULL);
}

static void without_a_cache_it_unpacks(void **state)
{
    int error = -1;

    (void)state;
    assert_false(unpack_hits(NULL, 0, &error));
    assert_int_equal(error, 0);
    zp_cache_close(open_cache(ENTRY)); /* for the teardown */
}

/* What is larger than a smaller limit is an error as ever, cached or not; errors are not kept. */
static void the_limit_of_the_unpacking_counts(void **state)
{
    struct zp_cache *cache = open_cache(10 * ENTRY);
    struct zp_unpack asked = {.source = &kernels[0].source.source,
                              .length = kernels[0].pack.size,
                              .compression = ZP_COMPRESSION_ZSTD,
                              .limit = SIZE - 1};
    struct zp_error error = {0};
    struct zp_file file;
    bool hit;
    int cache_error;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(zp_cache_unpack(cache, &asked, &file, &hit, &cache_error, &error), ZP_ERR_TOO_LARGE);
        assert_int_equal(error.limit, SIZE - 1);
        assert_int_equal(count_entries("", ".vmlinux"), i);
        unpack_hits(cache, 0, &cache_error);
    }
    asked.limit = SIZE;
    asked.length = kernels[0].pack.size - 1;
    assert_int_equal(zp_cache_unpack(cache, &asked, &file, &hit, &cache_error, &error), ZP_ERR_TRUNCATED);
    assert_int_equal(count_entries("", ".vmlinux"), 1);
    zp_cache_close(cache);
}

static void directories_of_others_are_refused(void **state)
{
    struct zp_cache *cache = NULL;
    char inner[96];

    (void)state;
    assert_int_equal(mkdir(directory, 0700), 0);
    for (mode_t mode = 0; mode < 2; mode++) {
        assert_int_equal(chmod(directory, mode ? 0720 : 0702), 0);
        assert_int_equal(zp_cache_open(&cache, directory, ENTRY), EPERM);
    }
    assert_int_equal(chmod(directory, 0755), 0); /* others may read */
    assert_int_equal(zp_cache_open(&cache, directory, ENTRY), 0);
    zp_cache_close(cache);
    if (geteuid() == 0) {
        assert_int_equal(chown(directory, 65534, 65534), 0);
        assert_int_equal(zp_cache_open(&cache, directory, ENTRY), EPERM);
        assert_int_equal(chown(directory, 0, 0), 0);
    }
    assert_int_equal(zp_cache_open(&cache, "/dev/null", ENTRY), ENOTDIR);
    /* Why it cannot be made, not that it is not there. */
    snprintf(inner, sizeof(inner), "%s/stranger", directory);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(chmod(directory, 0555), 0);
    assert_int_equal(geteuid() == 0 ? seteuid(65534) : 0, 0);
    assert_int_equal(zp_cache_open(&cache, inner, ENTRY), EACCES);
    assert_int_equal(getuid() == 0 ? seteuid(0) : 0, 0);
    assert_int_equal(chmod(directory, 0700), 0);
    assert_int_equal(chmod(folder, 0700), 0);
    assert_int_equal(zp_cache_open(&cache, inner, ENTRY), 0); /* made, and what is above it too */
    zp_cache_close(cache);
}

static void rewrite(const char *path, off_t at, uint8_t value)
{
    int fd;

    assert_int_equal(chmod(path, 0600), 0);
    fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, &value, 1, at), 1);
    close(fd);
    assert_int_equal(chmod(path, 0400), 0);
}

static void spoil_content(const char *path)
{
    rewrite(path, 100 * KIB, 0xee);
}

/* Bytes that went bad on the disk: no time tells. At the first use since the host booted they are read. */
static void spoil_content_secretly(const char *path)
{
    const struct timespec times[2] = {{.tv_sec = 1000}, {0}};

    rewrite(path, 100 * KIB, 0xee);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void spoil_trailer(const char *path)
{
    rewrite(path, SIZE + 8, 99);
}

static void spoil_size(const char *path)
{
    rewrite(path, SIZE + 17, 0);
}

static void spoil_key(const char *path)
{
    rewrite(path, SIZE + 30, 0xee);
}

static void cut_short(const char *path)
{
    assert_int_equal(truncate(path, SIZE / 2), 0);
}

static void cut_to_nothing(const char *path)
{
    assert_int_equal(truncate(path, 0), 0);
}

static void make_longer(const char *path)
{
    assert_int_equal(truncate(path, ENTRY + 4096), 0);
}

static void make_writable(const char *path)
{
    assert_int_equal(chmod(path, 0600), 0);
}

static void put_a_link(const char *path)
{
    char other[sizeof(folder) + 16];

    snprintf(other, sizeof(other), "%s/elsewhere", folder);
    assert_int_equal(rename(path, other), 0);
    assert_int_equal(symlink(other, path), 0);
}

static void put_a_fifo(const char *path)
{
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0400), 0);
}

static void entries_that_are_spoiled(void **state)
{
    void (*const ways[])(const char *path) = {
        spoil_content, spoil_content_secretly, spoil_trailer, spoil_size,    spoil_key,
        cut_short,     cut_to_nothing,         make_longer,   make_writable, put_a_link,
        put_a_fifo,
    };
    struct zp_cache *cache = open_cache(10 * ENTRY);
    char other[sizeof(folder) + 16];
    int error;

    (void)state;
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        const char *path;

        unpack_hits(cache, 0, &error);
        path = entry_path("", ".vmlinux", 0);
        assert_non_null(path);
        ways[i](path);
        if (unpack_hits(cache, 0, &error))
            fail_msg("way %zu is a hit", i);
        assert_int_equal(error, 0);
        assert_true(unpack_hits(cache, 0, &error)); /* made anew */
    }
    snprintf(other, sizeof(other), "%s/elsewhere", folder);
    assert_int_equal(unlink(other), 0);
    zp_cache_close(cache);
}

/* A folder in the place of an entry cannot be helped, and does no harm. */
static void a_folder_for_an_entry(void **state)
{
    struct zp_cache *cache = open_cache(10 * ENTRY);
    char path[512];
    int error;

    (void)state;
    unpack_hits(cache, 0, &error);
    snprintf(path, sizeof(path), "%s", entry_path("", ".vmlinux", 0));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(unpack_hits(cache, 0, &error));
    assert_int_equal(error, EISDIR);
    assert_int_equal(count_entries("new-", ""), 0);
    zp_cache_close(cache);
}

/* Sound bytes of which nobody knows that they are: read, then known. */
static void an_entry_that_was_touched_is_read(void **state)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    struct zp_cache *cache = open_cache(10 * ENTRY);
    struct stat about;
    int error;

    (void)state;
    unpack_hits(cache, 0, &error);
    assert_int_equal(utimensat(AT_FDCWD, entry_path("", ".vmlinux", 0), times, 0), 0);
    assert_true(unpack_hits(cache, 0, &error));
    assert_int_equal(stat(entry_path("", ".vmlinux", 0), &about), 0);
    assert_int_equal(about.st_mtim.tv_sec, 0);
    assert_int_equal(about.st_mtim.tv_nsec, 0);
    zp_cache_close(cache);
}

static void the_least_used_goes_first(void **state)
{
    struct zp_cache *cache = open_cache(2 * ENTRY + 100);
    int error;

    (void)state;
    unpack_hits(cache, 0, &error);
    unpack_hits(cache, 1, &error);
    usleep(20000); /* more than the clock of a file system may lag */
    assert_true(unpack_hits(cache, 0, &error));
    assert_false(unpack_hits(cache, 2, &error));
    assert_int_equal(error, 0);
    assert_int_equal(count_entries("", ".vmlinux"), 2);
    assert_true(unpack_hits(cache, 0, &error));
    assert_true(unpack_hits(cache, 2, &error));
    assert_false(unpack_hits(cache, 1, &error));
    zp_cache_close(cache);
    cache = open_cache(ENTRY); /* a smaller bound holds from the next entry on */
    assert_false(unpack_hits(cache, 3, &error));
    assert_int_equal(error, 0);
    assert_int_equal(count_entries("", ".vmlinux"), 1);
    zp_cache_close(cache);
}

static void what_is_larger_than_the_bound_is_not_kept(void **state)
{
    struct zp_cache *cache = open_cache(ENTRY - 1);
    int error;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        assert_false(unpack_hits(cache, 0, &error));
        assert_int_equal(error, EFBIG);
    }
    assert_int_equal(count_entries("", ".vmlinux") + count_entries("new-", ""), 0);
    zp_cache_close(cache);
}

/* Runs work in a child; returns its exit status. */
static int in_child(int (*work)(void))
{
    int status = -1;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        _exit(work());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int unpack_with_small_files(void)
{
    const struct rlimit most = {SIZE + 10, SIZE + 10};
    struct zp_cache *cache;
    int error = 0;

    if (setrlimit(RLIMIT_FSIZE, &most) != 0 || zp_cache_open(&cache, directory, 10 * ENTRY) != 0)
        return 1;
    return !unpack_hits(cache, 0, &error) && error == EFBIG ? 0 : 2;
}

static int unpack_on_full_disk(void)
{
    struct zp_cache *cache;
    int error = 0;

    if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", directory, "tmpfs", 0, "size=100k,mode=0700") != 0)
        return 77;
    if (zp_cache_open(&cache, directory, 10 * ENTRY) != 0)
        return 1;
    if (unpack_hits(cache, 0, &error) || error != ENOSPC)
        return 2;
    return count_entries("", ".vmlinux") + count_entries("new-", "") == 0 ? 0 : 3;
}

static void a_bound_on_files_is_no_signal(void **state)
{
    (void)state;
    zp_cache_close(open_cache(ENTRY));
    assert_int_equal(in_child(unpack_with_small_files), 0);
    assert_int_equal(count_entries("", ".vmlinux") + count_entries("new-", ""), 0);
}

static void a_full_disk_boots(void **state)
{
    int status;

    (void)state;
    zp_cache_close(open_cache(ENTRY));
    status = in_child(unpack_on_full_disk);
    if (status == 77) {
        print_message("# no file system may be mounted here: a bound on files stands for the full disk\n");
        status = in_child(unpack_with_small_files);
    }
    assert_int_equal(status, 0);
}

/* A process that was stopped with the lock in its hand. */
static void a_lock_that_is_never_given_back(void **state)
{
    struct zp_cache *cache = open_cache(10 * ENTRY);
    char path[96];
    int lock, error;

    (void)state;
    snprintf(path, sizeof(path), "%s/lock", directory);
    lock = open(path, O_RDWR | O_CREAT, 0600);
    assert_true(lock >= 0);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    assert_false(unpack_hits(cache, 0, &error));
    assert_int_equal(error, ETIMEDOUT);
    close(lock);
    assert_false(unpack_hits(cache, 0, &error));
    assert_int_equal(error, 0);
    zp_cache_close(cache);
}

/* Unpacks one kernel after another, with room for two, until it is killed or has done `rounds`. */
static void write_entries(unsigned seed, unsigned rounds)
{
    struct zp_cache *cache;
    int error;

    if (zp_cache_open(&cache, directory, 2 * ENTRY + 100) != 0)
        _exit(1);
    for (unsigned i = 0; i < rounds; i++)
        unpack_hits(cache, (size_t)rand_r(&seed) % KERNELS, &error);
    _exit(0);
}

static void many_writers(void **state)
{
    pid_t children[6];
    int status;

    (void)state;
    zp_cache_close(open_cache(ENTRY));
    for (unsigned i = 0; i < 6; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            write_entries(i, 25);
    }
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0); /* not one got wrong bytes */
    }
    assert_in_range(count_entries("", ".vmlinux"), 1, 2);
    assert_int_equal(count_entries("new-", ""), 0);
}

/* Each entry that has its name is whole: one of the kernels, to the last byte. */
static void check_entries(void)
{
    const char *path;

    for (size_t n = 0; (path = entry_path("", ".vmlinux", n)); n++) {
        bool known = false;
        struct zp_file file;

        assert_int_equal(zp_file_open(&file, path), 0);
        assert_int_equal(file.source.size, ENTRY);
        file.source.size = SIZE;
        for (size_t i = 0; i < KERNELS; i++)
            known |= is_kernel(&file, &kernels[i]);
        assert_true(known);
        zp_file_close(&file);
    }
}

static void writers_that_are_killed(void **state)
{
    size_t left = 0;
    unsigned seed = 7;
    struct zp_cache *cache;
    int status, error;

    (void)state;
    zp_cache_close(open_cache(ENTRY));
    for (unsigned round = 0; round < 60; round++) {
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0)
            write_entries(round, 1000000);
        usleep((useconds_t)(1000 + rand_r(&seed) % 12000));
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        left += count_entries("new-", "");
        check_entries();
    }
    print_message("# files in the making were left %zu times\n", left);
    /* The next that makes an entry sweeps. */
    cache = open_cache(ENTRY);
    for (size_t i = 0; i < KERNELS; i++)
        unpack_hits(cache, i, &error);
    assert_int_equal(count_entries("new-", ""), 0);
    assert_int_equal(count_entries("", ".vmlinux"), 1);
    zp_cache_close(cache);
}

/* What others keep in the directory is not ours to count or to remove. */
static void strangers_are_left_alone(void **state)
{
    struct zp_cache *cache = open_cache(ENTRY);
    char path[96];
    int fd, error;

    (void)state;
    snprintf(path, sizeof(path), "%s/stranger.vmlinux", directory);
    fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(ftruncate(fd, 10 * ENTRY), 0);
    close(fd);
    for (size_t i = 0; i < KERNELS; i++) {
        assert_false(unpack_hits(cache, i, &error));
        assert_int_equal(error, 0);
    }
    assert_int_equal(access(path, F_OK), 0);
    zp_cache_close(cache);
}

#define POINT(test) cmocka_unit_test_setup_teardown(test, new_directory, empty_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        POINT(the_second_time_hits),
        POINT(without_a_cache_it_unpacks),
        POINT(the_limit_of_the_unpacking_counts),
        POINT(directories_of_others_are_refused),
        POINT(entries_that_are_spoiled),
        POINT(a_folder_for_an_entry),
        POINT(an_entry_that_was_touched_is_read),
        POINT(the_least_used_goes_first),
        POINT(what_is_larger_than_the_bound_is_not_kept),
        POINT(a_bound_on_files_is_no_signal),
        POINT(a_full_disk_boots),
        POINT(a_lock_that_is_never_given_back),
        POINT(many_writers),
        POINT(writers_that_are_killed),
        POINT(strangers_are_left_alone),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
