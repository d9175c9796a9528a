/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file.c: regular files by place, streams read whole, and each way in which a file says no.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "host.h"

static char folder[] = "/tmp/zp-test-file-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

/* The path of a new file with these bytes; remove it with unlink. */
static const char *write_file(const char *bytes, size_t size)
{
    static char path[sizeof(folder) + 16];
    FILE *out;

    snprintf(path, sizeof(path), "%s/file", folder);
    out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, size, out), size);
    assert_int_equal(fclose(out), 0);
    return path;
}

static void regular_file_is_read_by_place(void **state)
{
    const char *path = write_file("0123456789", 10);
    struct zp_file file, moved;
    char got[8] = "";

    (void)state;
    assert_int_equal(zp_file_open(&file, path), 0);
    assert_int_equal(file.source.size, 10);
    assert_string_equal(file.name, path);
    assert_int_equal(file.source.read(file.source.context, 3, got, 4), 0);
    assert_memory_equal(got, "3456", 4);
    moved = file; /* the source refers to the descriptor, not to the struct */
    memset(&file, 0x5a, sizeof(file));
    assert_int_equal(moved.source.read(moved.source.context, 9, got, 1), 0);
    assert_int_equal(got[0], '9');
    zp_file_close(&moved);
    zp_file_close(&moved); /* harmless */
    assert_int_equal(unlink(path), 0);
}

static void cut_file_fails_its_reads(void **state)
{
    const char *path = write_file("0123456789", 10);
    struct zp_file file;
    char got[10];

    (void)state;
    assert_int_equal(zp_file_open(&file, path), 0);
    assert_int_equal(truncate(path, 6), 0);
    assert_int_equal(file.source.read(file.source.context, 0, got, 6), 0);
    assert_int_equal(file.source.read(file.source.context, 0, got, 7), -ENODATA);
    assert_int_equal(file.source.read(file.source.context, 8, got, 2), -ENODATA);
    zp_file_close(&file);
    assert_int_equal(unlink(path), 0);
}

static void empty_file_opens(void **state)
{
    const char *path = write_file("", 0);
    struct zp_file file;

    (void)state;
    assert_int_equal(zp_file_open(&file, path), 0);
    assert_int_equal(file.source.size, 0);
    zp_file_close(&file);
    assert_int_equal(unlink(path), 0);
}

static void folder_and_missing_file_say_no(void **state)
{
    struct zp_file file = {.fd = 77};

    (void)state;
    assert_int_equal(zp_file_open(&file, folder), EISDIR);
    assert_int_equal(zp_file_open(&file, "/nonexistent/file"), ENOENT);
    assert_int_equal(file.fd, 77);
}

static void fifo_is_read_whole(void **state)
{
    char path[sizeof(folder) + 16];
    struct zp_file file;
    char got[5];
    pid_t child;

    (void)state;
    snprintf(path, sizeof(path), "%s/fifo", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char block[4096];
        int fd = open(path, O_WRONLY);

        memset(block, 'a', sizeof(block));
        for (int i = 0; i < 50; i++) /* more than a pipe holds */
            if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
                _exit(1);
        _exit(write(fd, "hello", 5) == 5 ? 0 : 1);
    }
    assert_int_equal(zp_file_open(&file, path), 0);
    assert_int_equal(file.source.size, 50 * 4096 + 5);
    assert_int_equal(file.source.read(file.source.context, 50 * 4096, got, 5), 0);
    assert_memory_equal(got, "hello", 5);
    assert_int_equal(file.source.read(file.source.context, 4095, got, 5), 0);
    assert_memory_equal(got, "aaaaa", 5);
    assert_int_equal(file.source.read(file.source.context, 50 * 4096 + 1, got, 5), -ENODATA);
    zp_file_close(&file);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(unlink(path), 0);
}

static void endless_stream_is_refused(void **state)
{
    struct zp_file file;

    (void)state;
    assert_int_equal(zp_file_open(&file, "/dev/zero"), EFBIG);
}

static void section_has_offsets_of_its_own(void **state)
{
    const char *path = write_file("0123456789", 10);
    struct zp_file file, part, inner;
    bool stable = true;
    uint64_t base = 0;
    char got[4];

    (void)state;
    assert_int_equal(zp_file_open(&file, path), 0);
    assert_int_equal(zp_file_section(&part, &file, 2, 6), 0);
    assert_int_equal(part.source.size, 6);
    assert_int_equal(part.fd, file.fd);
    assert_string_equal(part.name, path);
    assert_int_equal(part.source.read(part.source.context, 1, got, 4), 0);
    assert_memory_equal(got, "3456", 4);
    assert_int_equal(zp_file_section(&inner, &part, 4, 2), 0);
    assert_int_equal(inner.source.read(inner.source.context, 0, got, 2), 0);
    assert_memory_equal(got, "67", 2);
    assert_int_equal(zp_source_descriptor(&inner.source, &base, &stable), file.fd);
    assert_int_equal(base, 6);
    assert_false(stable);
    zp_file_close(&inner);
    zp_file_close(&part); /* leaves the descriptor open */
    assert_int_equal(file.source.read(file.source.context, 9, got, 1), 0);
    assert_int_equal(zp_file_section(&part, &file, 10, 0), 0);
    zp_file_close(&part);
    assert_int_equal(zp_file_section(&part, &file, 5, 6), EINVAL);
    assert_int_equal(zp_file_section(&part, &file, 11, 0), EINVAL);
    assert_int_equal(zp_file_section(&part, &file, 1, UINT64_MAX), EINVAL);
    zp_file_close(&file);
    assert_int_equal(unlink(path), 0);
}

static void only_sealed_memory_is_stable(void **state)
{
    int memory = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct zp_memory_source elsewhere;
    bool stable = true;
    uint64_t base = 7;
    struct zp_file file;
    char path[32];

    (void)state;
    assert_true(memory >= 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", memory);
    assert_int_equal(write(memory, "abc", 3), 3);
    assert_int_equal(zp_file_open(&file, path), 0);
    assert_true(zp_source_descriptor(&file.source, &base, &stable) >= 0);
    assert_false(stable);
    zp_file_close(&file);
    assert_int_equal(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_WRITE), 0);
    assert_int_equal(zp_file_open(&file, path), 0);
    assert_int_equal(zp_source_descriptor(&file.source, &base, &stable), file.fd);
    assert_int_equal(base, 0);
    assert_true(stable);
    zp_file_close(&file);
    close(memory);
    zp_memory_source_init(&elsewhere, "abc", 3);
    assert_int_equal(zp_source_descriptor(&elsewhere.source, &base, &stable), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regular_file_is_read_by_place),
        cmocka_unit_test(cut_file_fails_its_reads),
        cmocka_unit_test(empty_file_opens),
        cmocka_unit_test(folder_and_missing_file_say_no),
        cmocka_unit_test(fifo_is_read_whole),
        cmocka_unit_test(endless_stream_is_refused),
        cmocka_unit_test(section_has_offsets_of_its_own),
        cmocka_unit_test(only_sealed_memory_is_stable),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
