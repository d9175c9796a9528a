/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver of a fuzz target without a fuzzer: gives the target each file of one folder, in the order of
 * their names, and reports each as a TAP point. A target asserts by abort, which ends the program and so
 * fails the test. A folder without a file fails too.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Returns the file's bytes, or NULL with errno set. */
static uint8_t *read_whole(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    long size;

    if (!file)
        return NULL;
    if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0 && fseek(file, 0, SEEK_SET) == 0) {
        /* Exactly as large as the input, so that a sanitizer sees the first byte past it. */
        data = malloc(size > 0 ? (size_t)size : 1);
        if (data && fread(data, 1, (size_t)size, file) != (size_t)size) {
            free(data);
            data = NULL;
            errno = EIO;
        }
        *ret_size = (size_t)size;
    }
    fclose(file);
    return data;
}

static int replay(const char *folder, const char *name)
{
    char path[4096];
    size_t size = 0;
    uint8_t *data;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    data = read_whole(path, &size);
    if (!data) {
        printf("# %s: %s\n", path, strerror(errno));
        return -1;
    }
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 0;
}

int main(int argc, char **argv)
{
    struct dirent **entries;
    int count, failed = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    count = scandir(argv[1], &entries, is_visible, alphasort);
    if (count <= 0) {
        printf("1..1\nnot ok 1 - %s holds no input\n", argv[1]);
        return 1;
    }
    printf("1..%d\n", count);
    for (int i = 0; i < count; i++) {
        int bad = replay(argv[1], entries[i]->d_name) != 0;

        printf("%s %d - %s\n", bad ? "not ok" : "ok", i + 1, entries[i]->d_name);
        fflush(stdout);
        failed |= bad;
        free(entries[i]);
    }
    free(entries);
    return failed;
}
