/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FAT as the firmware reads it: each field of the boot sector spoiled; chains that loop, leave, end early or
 * share clusters; long names whole, broken and of every kind of character; directories without an end; reads
 * that fail and memory that ends. HOSTILE row 20.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fat_image.h"
#include "fs.h"
#include "fw_host.h"

#define FILE_SIZE 5000u
#define PATH      "EFI/BOOT/BOOTX64.EFI"
#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))

static const struct fat_layout layouts[] = {
    {.bits = 12, .sectors = 1024, .per_cluster = 1},  {.bits = 12, .sectors = 2880, .per_cluster = 4},
    {.bits = 16, .sectors = 8192, .per_cluster = 1},  {.bits = 16, .sectors = 0x8800, .per_cluster = 8},
    {.bits = 32, .sectors = 1024, .per_cluster = 1},  {.bits = 32, .sectors = 30000, .per_cluster = 1},
    {.bits = 16, .sectors = 66500, .per_cluster = 1},
};
#define CROWDED 6 /* more clusters than there are numbers */
#define LARGE   3 /* clusters of 128 entries */

static struct {
    uint8_t content[FILE_SIZE];
    struct gen_image image;
    struct fat_layout layout;
    struct fw_host_disk host;
    unsigned char memory[16384];
    struct fw_arena arena;
    struct fw_fs fs;
    struct fw_file file;
    uint8_t got[FILE_SIZE];
    char names[8192];
    unsigned count;
} fat;

static void build(size_t layout)
{
    gen_free(&fat.image);
    fat.layout = layouts[layout];
    for (size_t i = 0; i < FILE_SIZE; i++)
        fat.content[i] = (uint8_t)(i * 7 + i / 256);
    gen_resize(&fat.image, fat.layout.sectors * 512);
    fat_image(&fat.image, 0, &fat.layout, fat.content, FILE_SIZE);
}

static int mount_failing(uint64_t fail_at)
{
    struct fw_volume volume;

    fw_host_forget();
    fw_host_memory(&fat.host, fat.image.bytes, fat.image.size, 512);
    fat.host.fail_at = fail_at;
    fat.host.limit = 200000;
    volume = fw_host_volume(&fat.host);
    fat.arena = (struct fw_arena){fat.memory, sizeof(fat.memory), 0};
    return fw_mount(&volume, &fat.arena, &fat.fs);
}

static int mount(void)
{
    return mount_failing(0);
}

/* Mounts, opens and reads the whole. */
static int run(void)
{
    int result = mount();

    if (result == 0)
        result = fw_open(&fat.fs, PATH, &fat.file);
    if (result == 0) {
        memset(fat.got, 0, FILE_SIZE);
        result =
            fw_read(&fat.file, 0, fat.got, fat.file.size < FILE_SIZE ? (size_t)fat.file.size : FILE_SIZE);
    }
    return result;
}

static void link(size_t cluster, uint32_t next)
{
    fat_image_link(&fat.image, 0, &fat.layout, cluster, next);
}

static void assert_said(const char *says)
{
    if (!strstr(fw_host_notes, says))
        fail_msg("not said: %s; but: %s", says, fw_host_notes);
}

static void each_width(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(layouts); i++) {
        build(i);
        assert_int_equal(run(), 0);
        assert_string_equal(fat.fs.label, "ESP");
        assert_int_equal(fat.file.size, FILE_SIZE);
        assert_memory_equal(fat.got, fat.content, FILE_SIZE);
        assert_string_equal(fw_host_notes, "");
        for (size_t at = FILE_SIZE; at-- > 0;) { /* backwards, over every border */
            size_t size = FILE_SIZE - at < 600 ? FILE_SIZE - at : 600;

            assert_int_equal(fw_read(&fat.file, at, fat.got, size), 0);
            assert_memory_equal(fat.got, fat.content + at, size);
        }
        assert_int_equal(fw_read(&fat.file, FILE_SIZE, fat.got, 0), 0);
        assert_int_equal(fw_read(&fat.file, FILE_SIZE, fat.got, 1), -1);
        assert_int_equal(fw_read(&fat.file, UINT64_MAX, fat.got, 2), -1);
        assert_int_equal(fw_open(&fat.fs, "EFI/BOOT", &fat.file), 0);
        assert_int_equal(fw_read(&fat.file, 0, fat.got, 1), -1);
    }
}

/* Clusters that are neighbours come by one read. */
static void neighbours_come_by_one_read(void **state)
{
    uint64_t before;

    (void)state;
    build(2);
    assert_int_equal(run(), 0);
    before = fat.host.reads;
    assert_int_equal(fw_read(&fat.file, 0, fat.got, 4608), 0);
    assert_int_equal(fat.host.reads, before + 1);
}

static void fields_that_are_spoiled(void **state)
{
    static const struct {
        size_t layout, offset, size;
        uint64_t value;
        int result;
        const char *says;
    } mangles[] = {
        {0, 510, 2, 0, 1, ""},
        {0, 11, 2, 0, 1, ""},
        {0, 11, 2, 256, 1, ""},
        {0, 11, 2, 513, 1, ""},
        {0, 11, 2, 8192, 1, ""},
        {0, 13, 1, 0, 1, ""},
        {0, 13, 1, 3, 1, ""},
        {0, 14, 2, 0, 1, ""},
        {0, 16, 1, 0, 1, ""},
        {0, 21, 1, 0xf7, 1, ""},
        {0, 22, 2, 0, 1, ""}, /* and no size for FAT32 either */
        {0, 19, 2, 1025, -1, "ends past its partition"},
        {0, 19, 2, 65535, -1, "ends past its partition"},
        {0, 11, 2, 1024, -1, "ends past its partition"},
        {5, 19, 2, 30001, -1, "ends past its partition"},
        {0, 19, 2, 0, -1, "no room for clusters"}, /* and no 32-bit count */
        {0, 14, 2, 1023, -1, "no room for clusters"},
        {0, 14, 2, 65535, -1, "no room for clusters"},
        {2, 16, 1, 255, -1, "no room for clusters"},
        {0, 17, 2, 65535, -1, "no room for clusters"},
        {0, 22, 2, 65535, -1, "no room for clusters"},
        {5, 36, 4, UINT32_MAX, -1, "no room for clusters"},
        {5, 44, 4, 0, -1, "the root is a cluster"},
        {5, 44, 4, 1, -1, "the root is a cluster"},
        {5, 44, 4, UINT32_MAX, -1, "the root is a cluster"},
        {5, 44, 4, 30000, -1, "the root is a cluster"},
        {5, 40, 2, 0x82, -1, "the table that counts"},
        {5, 40, 2, 0x8f, -1, "the table that counts"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(mangles); i++) {
        build(mangles[i].layout);
        gen_poke(&fat.image, mangles[i].offset, mangles[i].size, mangles[i].value);
        if (mount() != mangles[i].result)
            fail_msg("%u: %s", (unsigned)i, fw_host_notes);
        assert_said(mangles[i].says);
        if (!*mangles[i].says)
            assert_string_equal(fw_host_notes, "");
        assert_int_equal(fat.arena.used, 0);
    }
}

/* The number of sectors as 32 bits, which counts where that of 16 is 0. */
static void many_sectors(void **state)
{
    static const uint32_t counts[] = {30000, 30001, 65536, INT32_MAX, UINT32_MAX};

    (void)state;
    build(5);
    gen_poke(&fat.image, 19, 2, 0);
    for (size_t i = 0; i < COUNT(counts); i++) {
        gen_poke(&fat.image, 32, 4, counts[i]);
        assert_int_equal(mount(), i == 0 ? 0 : -1);
        assert_said(i == 0 ? "" : "ends past its partition");
    }
}

static void the_table_that_counts(void **state)
{
    size_t size;
    uint8_t *table;

    (void)state;
    build(5);
    size = gen_peek(&fat.image, 36, 4) * 512;
    table = fat.image.bytes + fat.layout.table;
    memcpy(table + size, table, size);
    memset(table, 0, size);
    gen_poke(&fat.image, 40, 2, 0x80);
    assert_int_equal(run(), -1);
    gen_poke(&fat.image, 40, 2, 0x81);
    assert_int_equal(run(), 0);
    assert_memory_equal(fat.got, fat.content, FILE_SIZE);
}

/* Where one of two tables cannot be what it was, the other is asked; whichever it is. */
static void a_damaged_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(layouts); i++) {
        size_t size, first;

        build(i);
        first = fat.layout.table;
        size = gen_peek(&fat.image, fat.layout.bits == 32 ? 36 : 22, fat.layout.bits == 32 ? 4 : 2) * 512;
        memcpy(fat.image.bytes + first + size, fat.image.bytes + first, size);
        link(4, 1);
        assert_int_equal(run(), 0);
        assert_memory_equal(fat.got, fat.content, FILE_SIZE);
        if (fat.layout.file_clusters == 1)
            continue; /* no link was asked for */
        assert_said("a table is damaged, the other one is used, instead of number (1)");
        assert_null(strchr(strchr(fw_host_notes, '\n') + 1, '\n')); /* once */
        if (fat.layout.file_clusters > 3) {
            fat.layout.table = first + size; /* and now the second, elsewhere */
            link(6, 1);
            assert_int_equal(run(), 0);
            assert_memory_equal(fat.got, fat.content, FILE_SIZE);
            fat.layout.table = first;
            link(6, 1);
            assert_int_equal(run(), -1);
            assert_said("that there is not (1)");
        }
        gen_poke(&fat.image, 16, 1, 1); /* data are elsewhere then, and there is one table */
        assert_int_not_equal(run(), 0);
    }
}

/* The sector of the first table cannot be read. */
static void an_unreadable_table(void **state)
{
    unsigned good = 0;

    (void)state;
    build(2);
    memcpy(fat.image.bytes + fat.layout.table + gen_peek(&fat.image, 22, 2) * 512,
           fat.image.bytes + fat.layout.table, gen_peek(&fat.image, 22, 2) * 512);
    for (uint64_t fail_at = 1; fail_at < 12; fail_at++) {
        if (mount_failing(fail_at) != 0 || fw_open(&fat.fs, PATH, &fat.file) != 0 ||
            fw_read(&fat.file, 0, fat.got, FILE_SIZE) != 0 || !strstr(fw_host_notes, "a table is damaged"))
            continue;
        assert_memory_equal(fat.got, fat.content, FILE_SIZE);
        good++;
    }
    assert_int_equal(good, 1);
}

/* A table too short for all clusters tells of as many as it has room for: 126, in one sector before them. */
static void a_table_too_short(void **state)
{
    uint64_t before;

    (void)state;
    build(4);
    before = fat.layout.data / 512 - 1;
    memmove(fat.image.bytes + before * 512, fat.image.bytes + fat.layout.table, 512);
    gen_poke(&fat.image, 14, 2, before);
    gen_poke(&fat.image, 16, 1, 1);
    gen_poke(&fat.image, 36, 4, 1);
    assert_int_equal(run(), 0);
    assert_memory_equal(fat.got, fat.content, FILE_SIZE);
    fat.layout.table = before * 512;
    link(10, 127);
    link(127, 12);
    assert_int_equal(run(), 0);
    link(10, 128);
    assert_int_equal(run(), -1);
    assert_said("that there is not (128)");
}

static const struct {
    size_t cluster;
    uint32_t next;
    const char *says;
} chains[] = {
    {4, 4, "comes back to itself"},
    {7, 4, "comes back to itself"},
    {6, 5, "comes back to itself"},
    {4, 0, "that there is not"},
    {5, 1, "that there is not"},
    {6, 0x0ffffff7, "that there is not"},
    {5, 0xffffff6, "that there is not"},
    {4, 0xfffffff, "ends before its file"},
    {5, 0xffffff8, "ends before its file"},
};

static void chains_that_are_spoiled(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(layouts); i++) {
        for (size_t c = 0; c < COUNT(chains); c++) {
            build(i);
            if (chains[c].cluster - 4 + 1 >= fat.layout.file_clusters)
                continue; /* not asked for */
            link(chains[c].cluster, chains[c].next);
            assert_int_equal(run(), -1);
            assert_said(chains[c].says);
        }
    }
}

/* What stands for a bad cluster in the table is none, however many there are; nor what ends a chain. */
static void numbers_that_are_no_clusters(void **state)
{
    (void)state;
    build(CROWDED);
    assert_int_equal(run(), 0);
    link(5, 0xfff7);
    assert_int_equal(run(), -1);
    assert_said("that there is not (65527)");
    link(5, 0xfff8);
    assert_int_equal(run(), -1);
    assert_said("ends before its file");
    build(CROWDED);
    gen_poke(&fat.image, fat_image_cluster(0, &fat.layout, 3) + 26, 2, 0xfff8);
    assert_int_equal(run(), -1);
    assert_said("begins at a cluster that there is not (65528)");
}

/* A loop in a file that claims 4 GiB less a byte, on a file system that could hold it: short, all the same.
 */
static void a_loop_is_found_soon(void **state)
{
    (void)state;
    build(5);
    gen_poke(&fat.image, fat_image_cluster(0, &fat.layout, 3) + 28, 4, 25000 * 512);
    for (unsigned i = 4; i < 13; i++)
        link(i, i + 1);
    link(13, 10);
    assert_int_equal(mount(), 0);
    assert_int_equal(fw_open(&fat.fs, PATH, &fat.file), 0);
    assert_int_equal(fw_read(&fat.file, 20000 * 512, fat.got, 1), -1);
    assert_said("comes back to itself");
    assert_true(fat.host.reads < 40);
}

static void entries_that_are_spoiled(void **state)
{
    static const struct {
        size_t offset, size;
        uint64_t value;
        const char *says;
    } wild[] = {
        {26, 2, 0, "begins at a cluster"},           {26, 2, 1, "begins at a cluster"},
        {26, 2, 0xfff7, "begins at a cluster"},      {20, 2, 0xf, "begins at a cluster"},
        {28, 4, UINT32_MAX, "larger than its file"}, {11, 1, 0x10, "ends"},
    };

    (void)state;
    for (size_t i = 0; i + 1 < COUNT(wild); i++) {
        build(4);
        gen_poke(&fat.image, fat_image_cluster(0, &fat.layout, 3) + wild[i].offset, (unsigned)wild[i].size,
                 wild[i].value);
        assert_int_equal(run(), -1);
        assert_said(wild[i].says);
    }
    /* An empty file has no cluster. */
    build(4);
    gen_poke(&fat.image, fat_image_cluster(0, &fat.layout, 3) + 26, 2, 0);
    gen_poke(&fat.image, fat_image_cluster(0, &fat.layout, 3) + 28, 4, 0);
    assert_int_equal(run(), 0);
    assert_int_equal(fat.file.size, 0);
}

static int collect(void *context, const char *name, enum fw_kind kind, uint64_t size)
{
    (void)context;
    fat.count++;
    if (strlen(fat.names) + strlen(name) + 32 < sizeof(fat.names))
        sprintf(fat.names + strlen(fat.names), "%s%s %u\n", name, kind == FW_DIRECTORY ? "/" : "",
                (unsigned)size);
    return 0;
}

static int stop(void *context, const char *name, enum fw_kind kind, uint64_t size)
{
    (void)name;
    (void)kind;
    (void)size;
    return ++*(int *)context == 2 ? 77 : 0;
}

static int list(const char *path)
{
    fat.names[0] = '\0';
    fat.count = 0;
    assert_int_equal(fw_open(&fat.fs, path, &fat.file), 0);
    return fw_list(&fat.file, collect, NULL);
}

static void directories_are_listed(void **state)
{
    int visits = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(layouts); i++) {
        build(i);
        assert_int_equal(mount(), 0);
        assert_int_equal(list("/"), 0);
        assert_string_equal(fat.names, "EFI/ 0\n");
        assert_int_equal(list("EFI"), 0);
        assert_string_equal(fat.names, "BOOT/ 0\n");
        assert_int_equal(list("EFI/BOOT"), 0);
        assert_string_equal(fat.names, "BOOTX64.EFI 5000\n");
        assert_int_equal(fw_open(&fat.fs, PATH, &fat.file), 0);
        assert_int_equal(fw_list(&fat.file, collect, NULL), -1);
    }
    fat_image_entry(&fat.image, fat_image_cluster(0, &fat.layout, 3) + 32, "B          ", 0x20, 4, 1);
    assert_int_equal(mount(), 0);
    assert_int_equal(fw_open(&fat.fs, "EFI/BOOT", &fat.file), 0);
    assert_int_equal(fw_list(&fat.file, stop, &visits), 77);
    assert_int_equal(visits, 2);
}

/* Directories whose chains loop, and one that has no end. */
static void directories_without_an_end(void **state)
{
    size_t at;

    (void)state;
    build(5);
    at = fat_image_cluster(0, &fat.layout, 3);
    for (unsigned i = 0; i < 16; i++)
        fat_image_entry(&fat.image, at + i * 32, "A          ", 0x20, 4, 1);
    link(3, 3);
    assert_int_equal(mount(), 0);
    assert_int_equal(list("EFI/BOOT"), -1);
    assert_int_equal(fat.count, 16);
    assert_said("comes back to itself");
    assert_int_equal(fw_open(&fat.fs, PATH, &fat.file), -1);

    /* 4096 clusters of 16 entries, and one more. */
    fw_host_forget();
    for (unsigned i = 0; i < 4097; i++) {
        link(i == 0 ? 3 : 20000 + i, 20001 + i);
        memcpy(fat.image.bytes + fat_image_cluster(0, &fat.layout, 20001 + i), fat.image.bytes + at, 512);
    }
    link(24097, 0xfffffff);
    assert_int_equal(mount(), 0);
    assert_int_equal(list("EFI/BOOT"), -1);
    assert_int_equal(fat.count, 65536);
    assert_said("too many entries");

    /* The root comes back to itself. */
    build(5);
    for (unsigned i = 0; i < 16; i++)
        fat_image_entry(&fat.image, fat.layout.root + i * 32, "A          ", 0x20, 4, 1);
    link(fat.layout.root_cluster, (uint32_t)fat.layout.root_cluster);
    assert_int_equal(mount(), 0);
    assert_int_equal(fw_open(&fat.fs, PATH, &fat.file), -1);
    assert_said("comes back to itself");
}

static uint8_t sum_of(const char *name)
{
    uint8_t sum = 0;

    for (unsigned i = 0; i < 11; i++)
        sum = (uint8_t)((sum & 1 ? 0x80 : 0) + (sum >> 1) + (uint8_t)name[i]);
    return sum;
}

/* A long name of units, and its short one, at entry `index` of EFI/BOOT; the index behind it. */
static unsigned put_long(unsigned index, const uint16_t *units, unsigned count, const char *alias)
{
    static const uint8_t places[] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
    size_t start = fat_image_cluster(0, &fat.layout, 3);
    unsigned pieces = (count + 12) / 13;

    for (unsigned piece = pieces; piece > 0; piece--, index++) {
        size_t at = start + index * 32;

        gen_poke(&fat.image, at, 1, piece | (piece == pieces ? 0x40 : 0));
        gen_poke(&fat.image, at + 11, 1, 0x0f);
        gen_poke(&fat.image, at + 13, 1, sum_of(alias));
        for (unsigned i = 0; i < 13; i++) {
            unsigned unit = (piece - 1) * 13 + i;

            gen_poke(&fat.image, at + places[i], 2, unit < count ? units[unit] : unit == count ? 0 : 0xffff);
        }
    }
    fat_image_entry(&fat.image, start + index * 32, alias, 0x20, 4, 1);
    return index + 1;
}

static void assert_names(const char *names)
{
    assert_int_equal(mount(), 0);
    assert_int_equal(list("EFI/BOOT"), 0);
    assert_string_equal(fat.names, names);
}

#define UNITS(...) (const uint16_t[]){__VA_ARGS__}, sizeof((const uint16_t[]){__VA_ARGS__}) / 2

static void every_kind_of_character(void **state)
{
    (void)state;
    build(LARGE);
    put_long(0, UNITS('a', 'B', '.', 'c'), "AB~1    C  ");
    assert_names("aB.c 1\n");
    put_long(0, UNITS(0xe4, 0x7ff, 0x800, 0xffff), "AB~1    C  ");
    assert_names("\xc3\xa4\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf 1\n");
    put_long(0, UNITS(0xd83d, 0xde00, 0xdbff, 0xdfff), "AB~1    C  ");
    assert_names("\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf 1\n");
    put_long(0, UNITS(0xd83d, 'x', 0xde00, 0xd83d), "AB~1    C  "); /* halves */
    assert_names("\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd 1\n");
    /* What no path could name, or what a terminal would obey: the short name stands. */
    put_long(0, UNITS('a', '/', 'b'), "AB~1    C  ");
    assert_names("AB~1.C 1\n");
    put_long(0, UNITS('a', 27, 'b'), "AB~1    C  ");
    assert_names("AB~1.C 1\n");
    put_long(0, UNITS('.'), "AB~1    C  ");
    assert_names("AB~1.C 1\n");
    put_long(0, UNITS('.', '.'), "AB~1    C  ");
    assert_names("AB~1.C 1\n");
    put_long(0, UNITS(0, 'a'), "AB~1    C  ");
    assert_names("AB~1.C 1\n");
}

static void names_of_255_units(void **state)
{
    uint16_t units[260];
    char path[1024] = "EFI/BOOT/", *to = path + 9;

    (void)state;
    build(LARGE);
    for (unsigned i = 0; i < 260; i++)
        units[i] = (uint16_t)(0x4e00 + i);
    put_long(0, units, 255, "LONG~1     ");
    for (unsigned i = 0; i < 255; i++)
        to += sprintf(to, "\xe4%c%c", 0xb8 + (int)(i >> 6), 0x80 + (int)(i & 0x3f));
    assert_int_equal(mount(), 0);
    assert_int_equal(list("EFI/BOOT"), 0);
    assert_int_equal(strlen(fat.names), 255 * 3 + 3);
    assert_memory_equal(fat.names, path + 9, 255 * 3);
    assert_int_equal(fw_open(&fat.fs, path, &fat.file), 0);
    path[9 + 3 * 254] = '\0';
    assert_int_equal(fw_open(&fat.fs, path, &fat.file), 1);
    /* 260 units fill twenty entries; there may be 255. */
    put_long(0, units, 260, "LONG~1     ");
    assert_int_equal(mount(), 0);
    assert_int_equal(list("EFI/BOOT"), 0);
    assert_int_equal(strlen(fat.names), 255 * 3 + 3);
}

/* Pieces of a name of three, spoiled. */
static void broken_long_names(void **state)
{
    static const struct {
        unsigned entry, offset, value;
    } broken[] = {
        {0, 0, 3},    {0, 0, 0x40}, {0, 0, 0x44}, {0, 0, 0x7f}, {0, 0, 0x42}, {1, 0, 1},
        {1, 0, 3},    {2, 0, 2},    {2, 0, 0},    {0, 13, 0},   {1, 13, 0},   {2, 13, 0},
        {1, 0, 0xe5}, {2, 0, 0xe5}, {0, 0, 0xe5}, {0, 11, 8},   {3, 0, 'Z'},
    };
    uint16_t units[39];

    (void)state;
    for (unsigned i = 0; i < 39; i++)
        units[i] = (uint16_t)('a' + i % 26);
    for (size_t i = 0; i < COUNT(broken); i++) {
        build(LARGE);
        put_long(0, units, 39, "ABCDEF~1   ");
        gen_poke(&fat.image, fat_image_cluster(0, &fat.layout, 3) + broken[i].entry * 32 + broken[i].offset,
                 1, broken[i].value);
        if (broken[i].entry == 2 && broken[i].offset == 0 && broken[i].value == 0) {
            assert_names(""); /* the end of the directory */
            continue;
        }
        assert_names(broken[i].entry == 3 ? "ZBCDEF~1 1\n" : "ABCDEF~1 1\n");
    }
    /* A name that is begun again is the second one; and one that nobody follows has no effect. */
    build(LARGE);
    put_long(put_long(0, units, 39, "ABCDEF~1   ") - 1, UNITS('x'), "X          ");
    assert_names("x 1\n");
    put_long(0, units, 39, "ABCDEF~1   ");
    fat_image_entry(&fat.image, fat_image_cluster(0, &fat.layout, 3) + 128, "PLAIN   TXT", 0x20, 4, 1);
    assert_names("abcdefghijklmnopqrstuvwxyzabcdefghijklm 1\nPLAIN.TXT 1\n");
}

static void short_names(void **state)
{
    static const struct {
        const char *raw, *spelt;
        unsigned how;
    } names[] = {
        {"KERNEL  IMG", "KERNEL.IMG 1\n", 0},
        {"KERNEL  IMG", "kernel.IMG 1\n", 0x08},
        {"KERNEL  IMG", "KERNEL.img 1\n", 0x10},
        {"KERNEL  IMG", "kernel.img 1\n", 0x18},
        {"KERNEL     ", "kernel 1\n", 0x18},
        {"A B     C D", "A B.C D 1\n", 0},
        {"\x05XY     Z  ", "?XY.Z 1\n", 0},
        {"A\x1b\x7f/\x80   C  ", "A????.C 1\n", 0},
        {"ABCDEFGHIJK", "ABCDEFGH.IJK 1\n", 0},
        {"           ", "? 1\n", 0},
        {"        C  ", ".C 1\n", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        build(0);
        memcpy(fat.image.bytes + fat_image_cluster(0, &fat.layout, 3), names[i].raw, 11);
        gen_poke(&fat.image, fat_image_cluster(0, &fat.layout, 3) + 12, 1, names[i].how);
        gen_poke(&fat.image, fat_image_cluster(0, &fat.layout, 3) + 28, 4, 1);
        assert_names(names[i].spelt);
    }
}

static void paths_of_every_kind(void **state)
{
    static const struct {
        const char *path;
        int result;
    } paths[] = {
        {"efi/boot/bootx64.efi", 0},
        {"///EFI//BOOT///BOOTX64.EFI//", 0},
        {"EFI/BOOT/BOOTX64.EFI/A", 1},
        {"EFI/BOOT/BOOTX64.EF", 1},
        {"EFI/BOOT/BOOTX64.EFI2", 1},
        {"ESP", 1},
        {"", 0},
        {"/", 0},
        {".", 0},
        {"..", 0},
        {"../EFI", 0},
        {"EFI/.", 0},
        {"EFI/BOOT..", 1},
        {"\xe5"
         "FI",
         1},
    };
    char deep[200];

    (void)state;
    for (size_t i = 0; i < COUNT(layouts); i++) {
        build(i);
        assert_int_equal(mount(), 0);
        for (size_t p = 0; p < COUNT(paths); p++)
            assert_int_equal(fw_open(&fat.fs, paths[p].path, &fat.file), paths[p].result);
        for (size_t p = 0; p < 66; p++)
            memcpy(deep + 2 * p, "./", 3);
        assert_int_equal(fw_open(&fat.fs, deep, &fat.file), -1);
        assert_said("too many names");
    }
}

static void files_of_any_size_are_limited(void **state)
{
    size_t size = 0;
    char *text;

    (void)state;
    build(0);
    assert_int_equal(mount(), 0);
    text = fw_slurp(&fat.fs, &fat.arena, PATH, FILE_SIZE, &size);
    assert_non_null(text);
    assert_int_equal(size, FILE_SIZE);
    assert_memory_equal(text, fat.content, FILE_SIZE);
    assert_int_equal(text[size], '\0');
    size = fat.arena.used;
    assert_null(fw_slurp(&fat.fs, &fat.arena, PATH, FILE_SIZE - 1, &size));
    assert_said("too many");
    assert_null(fw_slurp(&fat.fs, &fat.arena, "EFI", FILE_SIZE, &size));
    assert_said("not a file");
    assert_null(fw_slurp(&fat.fs, &fat.arena, "nowhere", FILE_SIZE, &size));
    assert_null(fw_slurp(&fat.fs, &fat.arena, PATH, SIZE_MAX, &size));
    assert_said("no memory left");
    assert_int_equal(fat.arena.used, size);
    /* 1 GiB, as a table says. */
    build(5);
    gen_poke(&fat.image, fat_image_cluster(0, &fat.layout, 3) + 28, 4, 1 << 30);
    assert_int_equal(mount(), 0);
    assert_null(fw_slurp(&fat.fs, &fat.arena, PATH, FILE_SIZE, &size));
    assert_said("larger than its file system");
}

static void every_failing_read_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(layouts); i++) {
        uint64_t last, failed = 0;

        build(i);
        assert_int_equal(run(), 0);
        last = fat.host.reads;
        for (uint64_t n = 1; n <= last; n++) {
            int result = mount_failing(n);

            if (result == 0)
                result = fw_open(&fat.fs, PATH, &fat.file);
            if (result == 0)
                result = fw_read(&fat.file, 0, fat.got, FILE_SIZE);
            assert_true(result != 0 || memcmp(fat.got, fat.content, FILE_SIZE) == 0);
            failed += result != 0;
        }
        /* Not so when it was to bring the label, or the magic number of another file system. */
        assert_true(failed >= last - 3);
    }
    build(0);
    assert_int_equal(mount(), 0);
    for (size_t size = 0; size < 8000; size += 1000) {
        struct fw_volume volume = fw_host_volume(&fat.host);

        fw_host_forget();
        fat.arena = (struct fw_arena){fat.memory, size, 0};
        assert_int_equal(fw_mount(&volume, &fat.arena, &fat.fs), -1);
        assert_said("no memory left");
        assert_int_equal(fat.arena.used, 0);
    }
}

/* A volume that was cut at any sector: refused, for the boot sector tells its size. */
static void every_cut_is_refused(void **state)
{
    (void)state;
    build(0);
    for (size_t sectors = 0; sectors < 1024; sectors++) {
        struct fw_volume volume;

        fw_host_forget();
        fw_host_memory(&fat.host, fat.image.bytes, sectors * 512, 512);
        volume = fw_host_volume(&fat.host);
        fat.arena = (struct fw_arena){fat.memory, sizeof(fat.memory), 0};
        assert_int_equal(fw_mount(&volume, &fat.arena, &fat.fs), sectors ? -1 : 1);
    }
}

static int end(void **state)
{
    (void)state;
    gen_free(&fat.image);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_width),
        cmocka_unit_test(neighbours_come_by_one_read),
        cmocka_unit_test(fields_that_are_spoiled),
        cmocka_unit_test(many_sectors),
        cmocka_unit_test(the_table_that_counts),
        cmocka_unit_test(a_damaged_table),
        cmocka_unit_test(an_unreadable_table),
        cmocka_unit_test(a_table_too_short),
        cmocka_unit_test(chains_that_are_spoiled),
        cmocka_unit_test(numbers_that_are_no_clusters),
        cmocka_unit_test(a_loop_is_found_soon),
        cmocka_unit_test(entries_that_are_spoiled),
        cmocka_unit_test(directories_are_listed),
        cmocka_unit_test(directories_without_an_end),
        cmocka_unit_test(every_kind_of_character),
        cmocka_unit_test(names_of_255_units),
        cmocka_unit_test(broken_long_names),
        cmocka_unit_test(short_names),
        cmocka_unit_test(paths_of_every_kind),
        cmocka_unit_test(files_of_any_size_are_limited),
        cmocka_unit_test(every_failing_read_is_told),
        cmocka_unit_test(every_cut_is_refused),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, end);
}
