/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ext4 reader on a small file system that is spoiled. The first two bytes choose its shape: bit 0 of the
 * first checksums, 1 extents, 2 long descriptors, 3 a journal that needs recovery, 4 checksums made right
 * again afterwards, 5 to 7 the kind of the journal; the second is where its log begins. Each three bytes that
 * follow are a place, 10 bits in a block and 6 that choose it, and what is put there.
 * Asserted: reading comes to an end, twice the same, and what is refused is told.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ext4_image.h"
#include "fs.h"
#include "fw_host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The block that is spoiled: of the metadata, the journal's first, or one of the log from its start on. */
static uint32_t choose(const struct ext4_image *image, uint32_t which)
{
    static const uint8_t metadata[] = {EXT4_AT_SUPER,
                                       EXT4_AT_GROUPS,
                                       5,
                                       6,
                                       7,
                                       8,
                                       9,
                                       10,
                                       11,
                                       12,
                                       EXT4_AT_ROOT,
                                       EXT4_AT_DIR,
                                       EXT4_AT_TREE,
                                       EXT4_AT_HOLES,
                                       EXT4_AT_INNER,
                                       EXT4_AT_JOURNAL};

    if (which < sizeof(metadata))
        return metadata[which];
    which -= (uint32_t)sizeof(metadata);
    if (image->layout.log_fast && which % 2)
        return EXT4_AT_FAST + which / 2 % 2;
    return EXT4_AT_JOURNAL + 1 + (image->layout.log_start - 1 + which % 16) % (EXT4_LOG_BLOCKS - 1);
}

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void put_log(struct ext4_image *image)
{
    static const struct ext4_change changes[] = {{EXT4_AT_FILE, 'x', true},
                                                 {EXT4_AT_TREE, 0, false},
                                                 {EXT4_AT_INODES + 1, 1, false},
                                                 {EXT4_AT_INNER, 'n', false}};

    ext4_log_changes(image, changes, 4);
    ext4_log_revoke(image, EXT4_AT_TREE);
    ext4_log_commit(image);
    ext4_log_changes(image, changes + 3, 1);
    ext4_log_revoke(image, EXT4_AT_INODES + 1);
    ext4_log_commit(image);
}

static void put_fast(struct ext4_image *image)
{
    ext4_fast_head(image);
    ext4_fast_inode(image, EXT4_INODES - 1, 0x81a4, 5000);
    ext4_fast_range(image, EXT4_INODES - 1, 0, 2, EXT4_AT_HOLES);
    ext4_fast_range(image, EXT4_INODES - 1, 3, 1, EXT4_AT_FILE);
    ext4_fast_name(image, 3, EXT4_IS_ROOT, EXT4_INODES - 1, "new");
    ext4_fast_name(image, 5, EXT4_IS_ROOT, EXT4_IS_HOLES, "holes");
    ext4_fast_tail(image);
    ext4_fast_head(image);
    ext4_fast_inode(image, EXT4_INODES - 2, 0x41ed, EXT4_BLOCK);
    ext4_fast_name(image, 3, EXT4_IS_ROOT, EXT4_INODES - 2, "fresh");
    ext4_fast_name(image, 4, EXT4_INODES - 2, EXT4_INODES - 1, "again");
    ext4_fast_range(image, EXT4_IS_FILE, 1, 1, 0);
    ext4_fast_tail(image);
}

/* The sums of fast commits as they are now, tags and tails where they seem to be. */
static void sum_fast(struct ext4_image *image)
{
    uint8_t *at = ext4_block(image, EXT4_AT_FAST), *end = at + 2 * EXT4_BLOCK;
    uint32_t sum = 0;

    while (end - at >= 12) {
        uint32_t tag = at[0] | (uint32_t)at[1] << 8, size = 4 + (at[2] | (uint32_t)at[3] << 8);

        if (size > (size_t)(end - at))
            return;
        if (tag == 8) {
            ext4_put32(at + 8, ext4_crc32c(sum, at, 8));
            sum = 0;
        } else {
            sum = ext4_crc32c(sum, at, size);
        }
        at += size;
    }
}

static void make(struct ext4_image *image, const uint8_t *data)
{
    static const uint8_t logs[8][2] = {{0, 0},    {0, 2},    {0, 9}, {0, 11},
                                       {0, 0x11}, {0, 0x13}, {1, 7}, {0, 0x33}};
    struct ext4_layout layout = {.sums = data[0] & 1,
                                 .extents = data[0] & 2,
                                 .wide = data[0] & 4,
                                 .recover = data[0] & 8,
                                 .log_compat = logs[data[0] >> 5][0],
                                 .log_incompat = logs[data[0] >> 5][1],
                                 .log_start = 1 + data[1] % (EXT4_LOG_BLOCKS - 1),
                                 .log_sequence = 7};

    if (layout.log_incompat & 0x20) {
        layout.log_fast = 16;
        layout.log_start = 1 + data[1] % 20;
    }
    ext4_image_make(image, &layout);
    put_log(image);
    if (layout.log_fast)
        put_fast(image);
}

/* All that was read, as one number. */
struct reading {
    struct fw_fs fs;
    uint64_t sum;
    unsigned depth, count;
};

static void add(struct reading *reading, const void *bytes, size_t size)
{
    for (const uint8_t *at = bytes; size > 0; size--)
        reading->sum = (reading->sum ^ *at++) * UINT64_C(0x100000001b3);
}

static void read_path(struct reading *reading, const char *path);

static int visit(void *context, const char *name, enum fw_kind kind, uint64_t size)
{
    struct reading *reading = context;

    must(strlen(name) > 0 && strlen(name) < 256 && !strchr(name, '/'));
    must(kind != FW_OTHER || size == 0);
    add(reading, name, strlen(name));
    add(reading, &size, sizeof(size));
    if (reading->depth > 2 || ++reading->count > 40)
        return 0;
    reading->depth++;
    read_path(reading, name);
    reading->depth--;
    return 0;
}

static void read_path(struct reading *reading, const char *path)
{
    static const uint64_t places[] = {
        0, 1000, 12 * 1024 - 3, 268 * 1024, UINT64_C(1) << 26, UINT64_C(1) << 40};
    uint8_t bytes[3000];
    struct fw_file file;
    int result = fw_open(&reading->fs, path, &file);

    add(reading, &result, sizeof(result));
    if (result != 0)
        return;
    if (file.kind == FW_DIRECTORY) {
        result = fw_list(&file, visit, reading);
        must(result == 0 || result == -1);
    }
    for (size_t i = 0; file.kind == FW_FILE && i < sizeof(places) / sizeof(places[0]); i++) {
        size_t part = sizeof(bytes);

        if (places[i] >= file.size)
            break;
        if (part > file.size - places[i])
            part = (size_t)(file.size - places[i]);
        result = fw_read(&file, places[i], bytes, part);
        add(reading, &result, sizeof(result));
        if (result == 0)
            add(reading, bytes, part);
    }
}

static uint64_t read_all(const struct ext4_image *image)
{
    static unsigned char memory[1 << 17];
    static const char *const paths[] = {
        "/", "file", "holes", "inline", "link", "new", "fresh", "dir/inner", "dir/../dir/..//link"};
    struct fw_arena arena = {.bytes = memory, .size = sizeof(memory)};
    struct reading reading = {.sum = 1};
    struct fw_host_disk host;
    struct fw_volume volume;
    int mounted;

    fw_host_forget();
    fw_host_memory(&host, image->bytes, EXT4_SIZE, 512);
    host.limit = 20000000;
    volume = fw_host_volume(&host);
    mounted = fw_mount(&volume, &arena, &reading.fs);
    must(mounted >= 0 || fw_host_notes[0]);
    for (size_t i = 0; mounted == 0 && i < sizeof(paths) / sizeof(paths[0]); i++)
        read_path(&reading, paths[i]);
    return reading.sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ext4_image image;

    if (size < 2)
        return 0;
    make(&image, data);
    for (size_t i = 2; i + 3 <= size; i += 3) {
        uint32_t place = data[i] | (uint32_t)data[i + 1] << 8;

        ext4_block(&image, choose(&image, place >> 10))[place % EXT4_BLOCK] = data[i + 2];
    }
    if (data[0] & 16) {
        ext4_sum_all(&image);
        sum_fast(&image);
    }
    must(read_all(&image) == read_all(&image));
    return 0;
}
