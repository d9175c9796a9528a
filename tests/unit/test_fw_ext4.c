/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ext4*.c: an image in every shape read whole and in pieces; journals with each kind of tag and checksum;
 * every byte of the metadata spoiled, reads that fail one after the other, memory that ends, volumes that are
 * cut off, and trees and directories that an enemy made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ext4_image.h"
#include "fs.h"
#include "fw_host.h"

#define ARENA_SIZE 65536u

static struct ext4_image image;
static struct fw_host_disk host;
static struct fw_fs fs;
static unsigned char memory[ARENA_SIZE];
static struct fw_arena arena;

static int mount(void)
{
    struct fw_volume volume;
    uint64_t fail_at = host.fail_at;

    fw_host_forget();
    fw_host_memory(&host, image.bytes, EXT4_SIZE, 512);
    host.fail_at = fail_at;
    host.limit = 2000000;
    arena = (struct fw_arena){.bytes = memory, .size = arena.size ? arena.size : sizeof(memory)};
    volume = fw_host_volume(&host);
    return fw_mount(&volume, &arena, &fs);
}

/* 0: the file, of at most capacity bytes; as fw_open otherwise. */
static int slurp(const char *path, uint8_t *to, size_t capacity, size_t *ret_size)
{
    struct fw_file file;
    int result = fw_open(&fs, path, &file);

    if (result != 0)
        return result;
    *ret_size = file.size < capacity ? (size_t)file.size : capacity;
    return fw_read(&file, 0, to, *ret_size);
}

static bool is_file(const uint8_t *bytes, size_t size)
{
    for (uint32_t i = 0; i < size; i++)
        if (bytes[i] != ext4_file_byte(i))
            return false;
    return size == EXT4_FILE_SIZE;
}

static bool is_holes(const uint8_t *bytes, size_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        uint32_t block = i / EXT4_BLOCK;

        if (bytes[i] != (block == 0 ? 'a' : block == 5 ? 'b' : block == 12 ? 'c' : 0))
            return false;
    }
    return size == EXT4_HOLES_SIZE;
}

static bool is_inline(const uint8_t *bytes, size_t size)
{
    for (uint32_t i = 0; i < size; i++)
        if (bytes[i] != (i < 60 ? 'i' : 'j'))
            return false;
    return size == EXT4_INLINE_SIZE;
}

static bool is_inner(const uint8_t *bytes, size_t size)
{
    return size == EXT4_INNER_SIZE && memcmp(bytes, "nnnnnnnnnn", EXT4_INNER_SIZE) == 0;
}

static const struct {
    const char *path;
    bool (*is)(const uint8_t *bytes, size_t size);
} files[] = {
    {"file", is_file},        {"holes", is_holes}, {"inline", is_inline},
    {"/dir/inner", is_inner}, {"link", is_inner},
};
#define FILES (sizeof(files) / sizeof(files[0]))

static int write_down(void *context, const char *name, enum fw_kind kind, uint64_t size)
{
    char *text = context;
    struct fw_file file;

    sprintf(text + strlen(text), "%s%c%d ", name, "fdo"[kind], (int)size);
    return fw_open(&fs, "dir/../link", &file) < 0; /* in between: it must not mind */
}

/* Forwards and backwards, over every border. */
static void read_in_pieces(const char *path)
{
    uint8_t whole[20000], piece[200];
    struct fw_file file;
    size_t size = 0;

    assert_int_equal(slurp(path, whole, sizeof(whole), &size), 0);
    assert_int_equal(fw_open(&fs, path, &file), 0);
    for (size_t at = size; at-- > 0;) {
        size_t length = at % sizeof(piece) < size - at ? at % sizeof(piece) : size - at;

        assert_int_equal(fw_read(&file, at, piece, length), 0);
        assert_memory_equal(piece, whole + at, length);
    }
    assert_int_equal(fw_read(&file, size, piece, 1), -1);
}

static void each_shape(void **state)
{
    (void)state;
    for (unsigned shape = 0; shape < 8; shape++) {
        struct ext4_layout layout = {.sums = shape & 1, .extents = shape & 2, .wide = shape & 4};
        struct fw_file root;
        char listed[1000] = "";

        ext4_image_make(&image, &layout);
        assert_int_equal(mount(), 0);
        assert_string_equal(fs.label, "sixteen letters.");
        assert_memory_equal(fs.uuid, "0123456789abcdef", 16);
        for (size_t i = 0; i < FILES; i++) {
            uint8_t bytes[20000];
            size_t size = 0;

            assert_int_equal(slurp(files[i].path, bytes, sizeof(bytes), &size), 0);
            assert_true(files[i].is(bytes, size));
            read_in_pieces(files[i].path);
        }
        assert_int_equal(fw_open(&fs, "/", &root), 0);
        assert_int_equal(fw_list(&root, write_down, listed), 0);
        assert_string_equal(listed, "filef3000 linkf10 dird1024 inlinef70 holesf13307 ");
        assert_string_equal(fw_host_notes, "");
    }
}

/* Features of journals: compatible, incompatible. */
static const uint32_t logs[][2] = {{0, 0},    {0, 1},    {0, 2}, {0, 3}, {0, 9}, {0, 11},
                                   {0, 0x11}, {0, 0x13}, {1, 1}, {1, 3}, {1, 7}, {0, 0x33}};
#define LOGS (sizeof(logs) / sizeof(logs[0]))

static struct ext4_layout layout_of_log(size_t i, uint32_t start)
{
    return (struct ext4_layout){.sums = i & 1,
                                .extents = true,
                                .recover = true,
                                .log_compat = logs[i][0],
                                .log_incompat = logs[i][1],
                                .log_start = start,
                                .log_sequence = UINT32_MAX - 1};
}

/* Three transactions, and one that is not committed; over the end of the ring when start is late. */
static void put_log(bool commit_last)
{
    static const struct ext4_change one[] = {
        {EXT4_AT_FILE, 'x', false}, {EXT4_AT_FILE + 1, 'y', true}, {EXT4_AT_FILE + 2, 'z', false}};
    static const struct ext4_change two[] = {{EXT4_AT_FILE, '2', false}, {EXT4_AT_INNER, 'n', false}};
    static const struct ext4_change three[] = {{EXT4_AT_HOLES, '3', false}};
    static const struct ext4_change four[] = {{EXT4_AT_HOLES, '4', false}, {EXT4_AT_FILE + 1, '4', false}};

    ext4_log_changes(&image, one, 3);
    ext4_log_revoke(&image, EXT4_AT_HOLES);
    ext4_log_commit(&image);
    ext4_log_changes(&image, two, 2);
    ext4_log_revoke(&image, EXT4_AT_FILE + 2);
    ext4_log_commit(&image);
    ext4_log_changes(&image, three, 1);
    ext4_log_commit(&image);
    ext4_log_changes(&image, four, 2);
    if (commit_last)
        ext4_log_commit(&image);
}

/* What file and holes begin with at a border, after so many transactions. */
static bool is_after(const uint8_t *file, uint8_t hole, unsigned transactions)
{
    static const uint8_t magic[4] = {0xc0, 0x3b, 0x39, 0x98};
    uint8_t first = transactions == 0 ? ext4_file_byte(0) : transactions == 1 ? 'x' : '2';
    uint8_t last = transactions == 1 ? 'z' : ext4_file_byte(2048);
    bool second = transactions == 0   ? file[1024] == ext4_file_byte(1024)
                  : transactions == 4 ? file[1024] == '4'
                                      : memcmp(file + 1024, magic, 4) == 0 && file[1028] == 'y';

    return file[0] == first && file[2048] == last && second &&
           hole == (transactions < 3    ? 'a'
                    : transactions == 3 ? '3'
                                        : '4');
}

static bool read_both(uint8_t *file, uint8_t *hole)
{
    size_t size = 0, one = 0;

    return slurp("file", file, EXT4_FILE_SIZE, &size) == 0 && slurp("holes", hole, 1, &one) == 0;
}

static void replays(void **state)
{
    (void)state;
    for (size_t i = 0; i < LOGS; i++) {
        for (uint32_t start = 1; start < EXT4_LOG_BLOCKS; start += start < 80 ? 79 : 1) {
            struct ext4_layout layout = layout_of_log(i, start);
            uint8_t file[EXT4_FILE_SIZE], hole;

            for (unsigned transactions = 3; transactions <= 4; transactions++) {
                ext4_image_make(&image, &layout);
                put_log(transactions == 4);
                assert_int_equal(mount(), 0);
                assert_true(read_both(file, &hole));
                if (transactions == 3)
                    assert_true(is_after(file, hole, 3));
                else
                    assert_true(file[0] == '2' && file[1024] == '4' && hole == '4');
                assert_string_equal(fw_host_notes, "");
            }
        }
    }
}

#define IS_NEW 20u

/* A new file and a new directory with it in it too, another name for one that was, one that is gone, a file
 * with another block at its begin and its end cut off. */
static void put_fast(void)
{
    ext4_fast_head(&image);
    ext4_fast_inode(&image, IS_NEW, 0x81a4, 2000);
    ext4_fast_range(&image, IS_NEW, 0, 2, EXT4_AT_HOLES);
    ext4_fast_name(&image, 3, EXT4_IS_ROOT, IS_NEW, "new");
    ext4_fast_inode(&image, IS_NEW + 1, 0x41ed, EXT4_BLOCK);
    ext4_fast_name(&image, 3, EXT4_IS_ROOT, IS_NEW + 1, "fresh");
    ext4_fast_tail(&image);
    ext4_fast_head(&image);
    ext4_fast_name(&image, 4, IS_NEW + 1, IS_NEW, "again");
    ext4_fast_name(&image, 5, EXT4_IS_DIR, EXT4_IS_INNER, "inner");
    ext4_fast_name(&image, 5, EXT4_IS_ROOT, EXT4_IS_INLINE, "inline");
    ext4_fast_name(&image, 4, EXT4_IS_ROOT, EXT4_IS_INNER, "inline");
    ext4_fast_inode(&image, EXT4_IS_FILE, 0x81a4, 2 * EXT4_BLOCK);
    ext4_fast_range(&image, EXT4_IS_FILE, 0, 1, EXT4_AT_HOLES + 2);
    ext4_fast_range(&image, EXT4_IS_FILE, 2, 1, 0);
    ext4_fast_tail(&image);
}

static void make_fast(void)
{
    struct ext4_layout layout = layout_of_log(11, 1);

    layout.log_fast = 16;
    ext4_image_make(&image, &layout);
    put_log(false);
}

static void list_is(const char *path, const char *wanted)
{
    char listed[1000] = "";
    struct fw_file file;

    assert_int_equal(fw_open(&fs, path, &file), 0);
    assert_int_equal(fw_list(&file, write_down, listed), 0);
    assert_string_equal(listed, wanted);
}

static void fast_commits(void **state)
{
    uint8_t bytes[5000];
    size_t size = 0;

    (void)state;
    make_fast();
    put_fast();
    assert_int_equal(mount(), 0);
    assert_int_equal(slurp("new", bytes, sizeof(bytes), &size), 0);
    assert_true(size == 2000 && bytes[0] == '3' && bytes[1999] == 'b'); /* the log has block 0 */
    assert_int_equal(slurp("fresh/../fresh/again", bytes, sizeof(bytes), &size), 0);
    assert_int_equal(size, 2000);
    assert_int_equal(slurp("dir/inner", bytes, sizeof(bytes), &size), 1);
    assert_int_equal(slurp("inline", bytes, sizeof(bytes), &size), 0);
    assert_int_equal(size, EXT4_INNER_SIZE);
    assert_int_equal(slurp("file", bytes, sizeof(bytes), &size), 0);
    assert_true(size == 2048 && bytes[0] == 'c' && bytes[1023] == 'c' && bytes[1028] == 'y');
    list_is("/", "filef2048 linko0 dird1024 holesf13307 newf2000 freshd1024 inlinef10 ");
    list_is("fresh", "againf2000 ");
    list_is("dir", "");
    assert_string_equal(fw_host_notes, "");
}

/* The second commit counts when it is whole; so does the first. */
static void spoiled_fast_commits(void **state)
{
    unsigned taken[2] = {0, 0};

    (void)state;
    make_fast();
    put_fast();
    for (size_t at = EXT4_AT_FAST * EXT4_BLOCK; at < (EXT4_AT_FAST + 2) * EXT4_BLOCK; at++) {
        bool first = at >= (EXT4_AT_FAST + 1) * EXT4_BLOCK;
        uint8_t bytes[5000];
        size_t size = 0;

        image.bytes[at] ^= 4;
        if (mount() == 0) {
            int again = slurp("fresh/again", bytes, sizeof(bytes), &size);

            assert_true(again == 0 ? size == 2000 : again == 1);
            if (again == 1) /* the second is not there: then nothing of it */
                assert_true(slurp("file", bytes, sizeof(bytes), &size) == 0 && size == EXT4_FILE_SIZE);
            assert_int_equal(slurp("new", bytes, sizeof(bytes), &size), again == 0 || first ? 0 : 1);
            taken[again == 0]++;
        } else {
            assert_non_null(strstr(fw_host_notes, "fast commits"));
        }
        image.bytes[at] ^= 4;
    }
    assert_true(taken[0] > 100 && taken[1] > 100); /* most of the tails is nobody's */
}

static void no_recovery(void **state)
{
    struct ext4_layout layout = layout_of_log(0, 5);
    uint8_t file[EXT4_FILE_SIZE], hole;

    (void)state;
    layout.recover = false;
    ext4_image_make(&image, &layout);
    put_log(true);
    assert_int_equal(mount(), 0);
    assert_true(read_both(file, &hole));
    assert_true(is_after(file, hole, 0));
}

/* Any state of the log but garbage; with checksums only. */
static void spoiled_log(void **state)
{
    struct ext4_layout layout = layout_of_log(7, EXT4_LOG_BLOCKS - 5);

    (void)state;
    layout.sums = true;
    ext4_image_make(&image, &layout);
    put_log(false);
    for (size_t at = EXT4_AT_JOURNAL * EXT4_BLOCK; at < (EXT4_AT_JOURNAL + EXT4_LOG_BLOCKS) * EXT4_BLOCK;
         at += 13) {
        uint8_t file[EXT4_FILE_SIZE], hole;
        bool known = false;

        image.bytes[at] ^= 0x10;
        if (mount() == 0 && read_both(file, &hole)) {
            for (unsigned transactions = 0; transactions <= 3; transactions++)
                known = known || is_after(file, hole, transactions);
            assert_true(known);
        } else {
            assert_string_not_equal(fw_host_notes, "");
        }
        image.bytes[at] ^= 0x10;
    }
}

/* A byte of metadata that has a checksum: the file comes whole or not at all, and with a line. */
static void spoiled_metadata(void **state)
{
    static const uint32_t spoiled[] = {1,           2,           5, 6, 7, 8, 9, 10, 11, 12, EXT4_AT_ROOT,
                                       EXT4_AT_DIR, EXT4_AT_TREE};
    struct ext4_layout layout = {.sums = true, .extents = true, .wide = true};

    (void)state;
    ext4_image_make(&image, &layout);
    for (size_t i = 0; i < sizeof(spoiled) / sizeof(spoiled[0]); i++) {
        for (size_t at = spoiled[i] * EXT4_BLOCK; at < (spoiled[i] + 1) * EXT4_BLOCK; at++) {
            bool mounted;

            image.bytes[at] ^= 0x80;
            mounted = mount() == 0;
            for (size_t j = 0; j < FILES && mounted; j++) {
                uint8_t bytes[20000];
                size_t size = 0;

                if (slurp(files[j].path, bytes, sizeof(bytes), &size) == 0)
                    assert_true(files[j].is(bytes, size));
                else
                    assert_string_not_equal(fw_host_notes, "");
            }
            image.bytes[at] ^= 0x80;
        }
    }
}

static int count_names(void *context, const char *name, enum fw_kind kind, uint64_t size)
{
    size_t *count = context;

    (void)kind;
    (void)size;
    assert_in_range(strlen(name), 1, 255);
    ++*count;
    return 0;
}

/* Whatever is there: nothing but an end is asked for. */
static void read_all(void)
{
    static uint8_t bytes[1 << 16];
    struct fw_file root;
    size_t size = 0, count = 0;

    if (mount() != 0)
        return;
    for (size_t i = 0; i < FILES; i++)
        slurp(files[i].path, bytes, sizeof(bytes), &size);
    if (fw_open(&fs, "/", &root) == 0 && root.kind == FW_DIRECTORY)
        fw_list(&root, count_names, &count);
}

/* Without checksums, or with checksums that are right again. */
static void every_field(void **state)
{
    static const uint8_t values[] = {0, 0x81, 0xff};

    (void)state;
    for (unsigned shape = 0; shape < 3; shape++) {
        struct ext4_layout layout = layout_of_log(shape == 2 ? 7 : 1, 90);

        layout.sums = shape == 1;
        layout.extents = shape > 0;
        ext4_image_make(&image, &layout);
        put_log(true);
        for (size_t at = EXT4_BLOCK; at < 21 * EXT4_BLOCK; at += at % EXT4_BLOCK < 128 ? 1 : 17) {
            uint8_t was = image.bytes[at];

            for (size_t i = 0; i < sizeof(values); i++) {
                image.bytes[at] = values[i];
                if (layout.sums && i % 2 == 0)
                    ext4_sum_all(&image);
                read_all();
            }
            image.bytes[at] = was;
            ext4_sum_all(&image);
        }
    }
}

static void failing_reads(void **state)
{
    struct ext4_layout layout = layout_of_log(6, 97);
    uint64_t reads;

    (void)state;
    ext4_image_make(&image, &layout);
    put_log(false);
    read_all();
    reads = host.reads;
    for (uint64_t n = 1; n <= reads; n++) {
        uint8_t file[EXT4_FILE_SIZE], hole;

        host.fail_at = n;
        if (mount() == 0 && read_both(file, &hole))
            assert_true(is_after(file, hole, 3));
        else if (n > 1)
            assert_string_not_equal(fw_host_notes, "");
    }
    host.fail_at = 0;
}

static void no_memory(void **state)
{
    struct ext4_layout layout = layout_of_log(6, 97);
    bool mounted = false;

    (void)state;
    ext4_image_make(&image, &layout);
    put_log(false);
    for (size_t size = 16; size < sizeof(memory); size += 16) {
        uint8_t file[EXT4_FILE_SIZE], hole;
        int result;

        arena.size = size;
        result = mount();
        assert_true(!mounted || result == 0);
        mounted = result == 0;
        if (mounted)
            assert_true(read_both(file, &hole) && is_after(file, hole, 3));
        else
            assert_non_null(strstr(fw_host_notes, "no memory left"));
    }
    assert_true(mounted);
    arena.size = 0;
}

static void cut_off(void **state)
{
    struct ext4_layout layout = {.extents = true};

    (void)state;
    ext4_image_make(&image, &layout);
    for (uint64_t size = 512; size < EXT4_SIZE; size += 512) {
        struct fw_volume volume;

        fw_host_memory(&host, image.bytes, size, 512);
        arena = (struct fw_arena){.bytes = memory, .size = sizeof(memory)};
        volume = fw_host_volume(&host);
        assert_int_equal(fw_mount(&volume, &arena, &fs), size < 2048 ? 1 : -1);
    }
}

static void refuses(const char *why)
{
    ext4_sum_all(&image);
    assert_int_equal(mount(), -1);
    if (!strstr(fw_host_notes, why))
        fail_msg("%s instead of %s", fw_host_notes, why);
}

static void refused(void **state)
{
    struct ext4_layout layout = {.sums = true, .extents = true, .recover = true, .log_start = 1};
    uint8_t *super = ext4_block(&image, EXT4_AT_SUPER);

    (void)state;
    for (unsigned bit = 0; bit < 32; bit++) {
        ext4_image_make(&image, &layout);
        if (!(0x3e7d6u >> bit & 1)) {
            ext4_put32(super + 0x60, 0x8046u | 1u << bit);
            refuses(bit == 3 ? "of a journal for another" : "not known");
        }
    }
    ext4_image_make(&image, &layout);
    ext4_put32(super + 0xe0, 0);
    refuses("on another disk");
    ext4_image_make(&image, &layout);
    ext4_put_big(ext4_log_block(&image, 0) + 0x28, 0x40);
    refuses("journal: incompatible features of number 64: not known");
    ext4_image_make(&image, &layout);
    ext4_put_big(ext4_log_block(&image, 0) + 0x1c, EXT4_LOG_BLOCKS);
    refuses("journal: start 100: outside of the log");
    ext4_image_make(&image, &layout);
    ext4_put_big(ext4_log_block(&image, 0) + 0x10, EXT4_LOG_BLOCKS + 1);
    refuses("journal: length 101: more than its inode has");
    ext4_image_make(&image, &layout);
    ext4_log_changes(&image, &(struct ext4_change){EXT4_BLOCKS, 'x', false}, 1);
    ext4_log_commit(&image);
    refuses("journal: block 256: not of this file system");
    ext4_image_make(&image, &layout);
    ext4_put32(super + 0x4c, 2);
    refuses("revision 2: not known");
    ext4_image_make(&image, &layout);
    ext4_put32(super + 0x18, 7);
    refuses("too large");
}

/* One block full of numbers of itself: a directory of 4 GiB, in which everything is as often as one likes. */
static void endless(void **state)
{
    struct ext4_layout layout = {.extents = false};
    uint8_t *root = ext4_inode_at(&image, EXT4_IS_ROOT), *tree = ext4_block(&image, EXT4_AT_TREE);
    struct fw_file directory;
    size_t count = 0;

    (void)state;
    ext4_image_make(&image, &layout);
    for (uint32_t i = 0; i < 256; i++)
        ext4_put32(tree + 4 * i, EXT4_AT_TREE);
    for (uint32_t i = 0; i < 12; i++)
        ext4_put32(root + 0x28 + 4 * i, EXT4_AT_ROOT);
    for (uint32_t i = 12; i < 15; i++)
        ext4_put32(root + 0x28 + 4 * i, EXT4_AT_TREE);
    ext4_put32(root + 4, UINT32_MAX);
    ext4_put32(tree, 0);
    ext4_put16(tree + 4, EXT4_BLOCK);
    assert_int_equal(mount(), 0);
    assert_int_equal(fw_open(&fs, "nowhere", &directory), -1);
    assert_int_equal(fw_open(&fs, "/", &directory), 0);
    assert_int_equal(fw_list(&directory, count_names, &count), -1);
}

/* 4 GiB of blocks in which no entry is in use. */
static void steps_run_out(void **state)
{
    uint8_t *map = ext4_inode_at(&image, EXT4_IS_ROOT) + 0x28;
    struct fw_file directory;

    (void)state;
    ext4_image_make(&image, &(struct ext4_layout){.extents = false});
    ext4_put32(ext4_block(&image, 100), 0);
    ext4_put16(ext4_block(&image, 100) + 4, EXT4_BLOCK);
    for (uint32_t i = 0; i < 256; i++) {
        ext4_put32(ext4_block(&image, 101) + 4 * i, 100);
        ext4_put32(ext4_block(&image, 102) + 4 * i, 101);
        ext4_put32(ext4_block(&image, 103) + 4 * i, 102);
    }
    for (uint32_t i = 0; i < 15; i++)
        ext4_put32(map + 4 * i, i < 12 ? 100 : 89 + i);
    ext4_put32(ext4_inode_at(&image, EXT4_IS_ROOT) + 4, UINT32_MAX);
    assert_int_equal(mount(), 0);
    assert_int_equal(fw_open(&fs, "nowhere", &directory), -1);
    assert_non_null(strstr(fw_host_notes, "too many steps"));
}

/* A volume large enough for groups 1 and 3, with copies of the superblock where mke2fs puts them. */
#define COPY(group) ((8192u * (group) + 1) * EXT4_BLOCK)
#define LARGE_SIZE  (COPY(3) + EXT4_BLOCK)

static int mount_large(uint8_t *large)
{
    struct fw_volume volume;

    fw_host_forget();
    fw_host_memory(&host, large, LARGE_SIZE, 512);
    host.limit = 2000000;
    arena = (struct fw_arena){.bytes = memory, .size = sizeof(memory)};
    volume = fw_host_volume(&host);
    return fw_mount(&volume, &arena, &fs);
}

static void put_copy(uint8_t *large, uint32_t group)
{
    uint8_t *copy = large + COPY(group);

    memcpy(copy, large + 1024, 1024);
    ext4_put16(copy + 0x5a, group);
    /* As the kernel leaves it while the file system is in use: only the first one is told. */
    ext4_put32(copy + 0x60, (uint32_t)(copy[0x60] | copy[0x61] << 8) & ~0x4u);
    if (image.layout.sums)
        ext4_put32(copy + 0x3fc, ext4_crc32c(UINT32_MAX, copy, 0x3fc));
}

static void copies(void **state)
{
    static const struct {
        size_t at;
        const char *text;
    } others[] = {{0, "XFSB"},       {0, "LUKS\xba\xbe"},  {0, "MZ"},
                  {512, "LABELONE"}, {4086, "SWAPSPACE2"}, {65600, "_BHRfS_M"}};
    static const struct ext4_layout layouts[] = {
        {.extents = false}, {.sums = true, .extents = true, .wide = true}, {.sums = true, .extents = true}};
    uint8_t *large = calloc(1, LARGE_SIZE), got[EXT4_FILE_SIZE];
    size_t size = 0;

    (void)state;
    assert_non_null(large);
    for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++) {
        ext4_image_make(&image, &layouts[i]);
        memcpy(large, image.bytes, EXT4_SIZE);
        put_copy(large, 1);
        put_copy(large, 3);
        assert_int_equal(mount_large(large), 0);
        assert_string_equal(fw_host_notes, "");

        memset(large + 1024, 0, 1024);
        assert_int_equal(mount_large(large), 0);
        assert_non_null(strstr(fw_host_notes, "superblock 0: damaged; a copy is used"));
        assert_int_equal(slurp("file", got, sizeof(got), &size), 0);
        assert_true(is_file(got, size));
        assert_string_equal(fs.label, "sixteen letters.");

        memset(large + COPY(1) + 0x38, 0, 2);
        assert_int_equal(mount_large(large), 0);
        ext4_put16(large + COPY(3) + 0x5a, 5); /* of another group: moved, or of another file system */
        assert_int_equal(mount_large(large), 1);
        assert_string_equal(fw_host_notes, "");
    }
    /* What was made of the volume since is what it is. */
    memcpy(large, image.bytes, EXT4_SIZE);
    put_copy(large, 1);
    memset(large + 1024, 0, 1024);
    assert_int_equal(mount_large(large), 0);
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        uint8_t before[8];

        memcpy(before, large + others[i].at, 8);
        memcpy(large + others[i].at, others[i].text, strlen(others[i].text));
        assert_int_equal(mount_large(large), 1);
        assert_string_equal(fw_host_notes, "");
        memcpy(large + others[i].at, before, 8);
    }
    /* The first one's checksum is wrong; then all are. */
    memcpy(large, image.bytes, EXT4_SIZE);
    put_copy(large, 1);
    put_copy(large, 3);
    large[1024 + 0x70] ^= 1;
    assert_int_equal(mount_large(large), 0);
    assert_non_null(strstr(fw_host_notes, "superblock 0: its checksum is wrong"));
    large[COPY(1) + 0x70] ^= 1;
    large[COPY(3) + 0x70] ^= 1;
    assert_int_equal(mount_large(large), -1);
    /* One that is whole and of no use is no damage. */
    memcpy(large, image.bytes, EXT4_SIZE);
    put_copy(large, 1);
    ext4_put32(large + 1024 + 0x60, 0x80000000u);
    ext4_put32(large + 1024 + 0x3fc, ext4_crc32c(UINT32_MAX, large + 1024, 0x3fc));
    assert_int_equal(mount_large(large), -1);
    assert_null(strstr(fw_host_notes, "a copy is used"));
    free(large);
}

/* A copy does not know that the journal is in use; it is replayed all the same. */
static void copy_and_journal(void **state)
{
    const struct ext4_layout layout = {.extents = true,
                                       .sums = true,
                                       .recover = true,
                                       .log_start = 1,
                                       .log_sequence = 5,
                                       .log_incompat = 0x10};
    const struct ext4_change change = {.block = EXT4_AT_INNER, .fill = 'r'};
    uint8_t *large = calloc(1, LARGE_SIZE), got[EXT4_INNER_SIZE];
    size_t size = 0;

    (void)state;
    assert_non_null(large);
    ext4_image_make(&image, &layout);
    ext4_log_changes(&image, &change, 1);
    ext4_log_commit(&image);
    memcpy(large, image.bytes, EXT4_SIZE);
    put_copy(large, 1);
    memset(large + 1024, 0xa5, 1024);
    assert_int_equal(mount_large(large), 0);
    assert_int_equal(slurp("dir/inner", got, sizeof(got), &size), 0);
    assert_memory_equal(got, "rrrrrrrrrr", EXT4_INNER_SIZE);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_shape),
        cmocka_unit_test(replays),
        cmocka_unit_test(no_recovery),
        cmocka_unit_test(fast_commits),
        cmocka_unit_test(spoiled_fast_commits),
        cmocka_unit_test(spoiled_log),
        cmocka_unit_test(spoiled_metadata),
        cmocka_unit_test(every_field),
        cmocka_unit_test(failing_reads),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(cut_off),
        cmocka_unit_test(refused),
        cmocka_unit_test(endless),
        cmocka_unit_test(steps_run_out),
        cmocka_unit_test(copies),
        cmocka_unit_test(copy_and_journal),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fw_ext4", tests, NULL, NULL);
}
