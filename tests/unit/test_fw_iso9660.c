/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ISO 9660 as the firmware reads it: descriptors, records and system use spoiled, names of all three kinds,
 * extents outside, reads that fail. The image: descriptors from sector 16, the root in 20, a directory in 21,
 * its file from 22, Joliet's root in 25, a continuation area in 26.
 * HOSTILE row 20.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fs.h"
#include "fw_host.h"

#define SECTOR    2048u
#define SECTORS   32u
#define FILE_SIZE 5000u
#define ROOT      (20 * SECTOR)
#define SUB       (21 * SECTOR)
#define JOLIET    (25 * SECTOR)
#define MORE      (26 * SECTOR)
#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))

static struct {
    uint8_t bytes[SECTORS * SECTOR];
    size_t size;
    struct fw_host_disk host;
    unsigned char memory[16384];
    struct fw_arena arena;
    struct fw_fs fs;
    struct fw_file file;
    uint8_t got[FILE_SIZE];
    char names[8192];
    unsigned count;
} iso;

static void put(size_t at, unsigned size, uint64_t value)
{
    memcpy(iso.bytes + at, &value, size);
}

/* A record with system use behind it; what follows it lies where is returned. */
static size_t put_record(size_t at, uint32_t sector, uint32_t size, unsigned flags, const char *name,
                         size_t name_size, const char *use, size_t use_size)
{
    size_t length = 33 + (name_size | 1) + use_size;

    put(at, 1, length);
    put(at + 2, 4, sector);
    put(at + 10, 4, size);
    put(at + 25, 1, flags);
    put(at + 32, 1, name_size);
    memcpy(iso.bytes + at + 33, name, name_size);
    if (use_size)
        memcpy(iso.bytes + at + 33 + (name_size | 1), use, use_size);
    return at + length;
}
#define RECORD(at, sector, size, flags, name, use) \
    put_record(at, sector, size, flags, name, sizeof(name) - 1, use, sizeof(use) - 1)

static void put_descriptor(unsigned sector, unsigned type, unsigned root)
{
    size_t at = sector * SECTOR;

    put(at, 1, type);
    memcpy(iso.bytes + at + 1, "CD001\1", 6);
    memset(iso.bytes + at + 40, ' ', 32);
    memcpy(iso.bytes + at + 40, "THE LABEL", 9);
    put(at + 128, 2, SECTOR);
    put_record(at + 156, root, SECTOR, 2, "", 1, "", 0);
    memcpy(iso.bytes + at + 813, "2023040506070809", 16);
    memcpy(iso.bytes + at + 830, "0000000000000000", 16);
}

/* The directory, with these fields of Rock Ridge for its file. */
static void put_sub(const char *use, size_t use_size)
{
    size_t at = RECORD(SUB, 21, SECTOR, 2, "\0", "");

    memset(iso.bytes + at, 0, SECTOR - (at - SUB));
    at = RECORD(at, 20, SECTOR, 2, "\1", "");
    put_record(at, 22, FILE_SIZE, 0, "KERNEL.IMG;1", 12, use, use_size);
}
#define SUB_FILE(use) put_sub(use, sizeof(use) - 1)

static void build(bool rock_ridge, bool joliet)
{
    size_t at;

    memset(iso.bytes, 0, sizeof(iso.bytes));
    iso.size = sizeof(iso.bytes);
    put_descriptor(16, 1, 20);
    put_descriptor(17, joliet ? 2 : 255, 25);
    memcpy(iso.bytes + 17 * SECTOR + 88, "%/E", 3);
    put_descriptor(18, 255, 0);
    at = rock_ridge ? RECORD(ROOT, 20, SECTOR, 2, "\0", "SP\7\1\xbe\xef\0")
                    : RECORD(ROOT, 20, SECTOR, 2, "\0", "");
    at = RECORD(at, 20, SECTOR, 2, "\1", "");
    RECORD(at, 21, SECTOR, 2, "SUB", "NM\x08\1\0sub");
    SUB_FILE("NM\x0b\1\0kernel");
    at = RECORD(JOLIET, 25, SECTOR, 2, "\0", "");
    RECORD(at, 22, FILE_SIZE, 0, "\0k\0\xe4\x4e\2\xd8\x3d\xde\0\0;\0001", "");
    for (size_t i = 0; i < FILE_SIZE; i++)
        iso.bytes[22 * SECTOR + i] = (uint8_t)(i * 7 + i / 256);
}

static int mount_failing(uint64_t fail_at)
{
    struct fw_volume volume;

    fw_host_forget();
    fw_host_memory(&iso.host, iso.bytes, iso.size, 512);
    iso.host.fail_at = fail_at;
    iso.host.limit = 5000;
    volume = fw_host_volume(&iso.host);
    iso.arena = (struct fw_arena){iso.memory, sizeof(iso.memory), 0};
    return fw_mount(&volume, &iso.arena, &iso.fs);
}

static int mount(void)
{
    return mount_failing(0);
}

static int run(const char *path)
{
    int result = mount();

    if (result == 0)
        result = fw_open(&iso.fs, path, &iso.file);
    if (result == 0 && iso.file.kind == FW_FILE)
        result = fw_read(&iso.file, 0, iso.got, FILE_SIZE);
    return result;
}

static int collect(void *context, const char *name, enum fw_kind kind, uint64_t size)
{
    (void)context;
    (void)size;
    iso.count++;
    if (strlen(iso.names) + strlen(name) + 4 < sizeof(iso.names))
        sprintf(iso.names + strlen(iso.names), "%s%s\n", name,
                kind == FW_DIRECTORY ? "/"
                : kind == FW_OTHER   ? "?"
                                     : "");
    return 0;
}

static int list(const char *path)
{
    iso.names[0] = '\0';
    iso.count = 0;
    assert_int_equal(mount(), 0);
    assert_int_equal(fw_open(&iso.fs, path, &iso.file), 0);
    return fw_list(&iso.file, collect, NULL);
}

static void assert_said(const char *says)
{
    if (!strstr(fw_host_notes, says))
        fail_msg("not said: %s; but: %s", says, fw_host_notes);
}

static void assert_read(void)
{
    uint8_t part[700];

    assert_int_equal(iso.file.size, FILE_SIZE);
    assert_memory_equal(iso.got, iso.bytes + 22 * SECTOR, FILE_SIZE);
    for (size_t at = 0; at + 700 <= FILE_SIZE; at += 333) {
        assert_int_equal(fw_read(&iso.file, at, part, 700), 0);
        assert_memory_equal(part, iso.got + at, 700);
    }
    assert_int_equal(fw_read(&iso.file, FILE_SIZE - 699, part, 700), -1);
    assert_string_equal(fw_host_notes, "");
}

static void plain_names(void **state)
{
    (void)state;
    build(false, false);
    assert_int_equal(run("/sub/KERNEL.img"), 0);
    assert_read();
    assert_string_equal(iso.fs.label, "THE LABEL");
    assert_int_equal(iso.fs.uuid_size, 16);
    assert_memory_equal(iso.fs.uuid, "2023040506070809", 16);
    memcpy(iso.bytes + 16 * SECTOR + 830, "2024040506070809", 16);
    assert_int_equal(list("/"), 0);
    assert_string_equal(iso.names, "sub/\n");
    assert_memory_equal(iso.fs.uuid, "2024040506070809", 16);
    assert_int_equal(list("sub"), 0);
    assert_string_equal(iso.names, "kernel.img\n");
    assert_int_equal(run("sub/kernel"), 1);
    assert_int_equal(run("sub/kernel.img/x"), 1);
    assert_int_equal(run("./sub/.//kernel.img"), 0);
}

static void rock_ridge_names(void **state)
{
    (void)state;
    build(true, true); /* which Rock Ridge goes before */
    assert_int_equal(run("sub/kernel"), 0);
    assert_read();
    assert_int_equal(run("sub/KERNEL"), 1);
    assert_int_equal(list("/"), 0);
    assert_string_equal(iso.names, "sub/\n");
}

static void joliet_names(void **state)
{
    (void)state;
    build(false, true);
    assert_int_equal(list("/"), 0);
    assert_string_equal(iso.names, "k\xc3\xa4\xe4\xb8\x82\xf0\x9f\x98\x80\n");
    assert_int_equal(run("K\xc3\xa4\xe4\xb8\x82\xf0\x9f\x98\x80"), 0);
    assert_read();
}

/* Fields of the file's system use; what stands where there is no name of Rock Ridge is the plain one. */
static void system_use_that_is_spoiled(void **state)
{
    static const struct {
        const char *use;
        size_t size;
        const char *names;
    } uses[] = {
#define USE(use, names) {use, sizeof(use) - 1, names "\n"}
        USE("", "kernel.img"),
        USE("NM\5\1\0", "kernel.img"),
        USE("NM\x07\1\0ab", "ab"),
        USE("NM\x07\1\1abNM\x07\1\0cd", "abcd"),
        USE("XX\4\1NM\x06\1\0a", "a"),
        USE("XX\3\1NM\x06\1\0a", "kernel.img"), /* a field without an end */
        USE("XX\0\1NM\x06\1\0a", "kernel.img"),
        USE("NM\x0a\1\0abcd", "kernel.img"), /* one that ends past the record */
        USE("NM\xff\1\0abcd", "kernel.img"),
        USE("NM\x06\1\0aST\4\1NM\x06\1\0b", "a"),
        USE("NM\x08\1\0a/b", "kernel.img"),
        USE("NM\x08\1\0a\0b", "kernel.img"),
        USE("NM\x08\1\0a\x1b"
            "b",
            "kernel.img"),
        USE("NM\x06\1\0.", "kernel.img"),
        USE("NM\x07\1\0..", "kernel.img"),
        USE("NM\x08\1\0...", "..."),
        USE("NM\x06\1\0aSL\x06\1\0\0", "a?"),
        USE("NM\x06\1\0aCL\x06\1\0\0", "a?"),
        USE("NM\x06\1\0aPX\x08\1\xed\x81\0\0", "a"),
        USE("NM\x06\1\0aPX\x08\1\xff\xa1\0\0", "a?"),
        USE("NM\x06\1\0aPX\x07\1\xff\xa1\0", "a"),
        USE("NM\x06\1\0aCE\x1c\1\x1a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x06\0\0\0\0\0\0\0", "ab"),
        USE("CE\x1c\1\x1a\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x06\0\0\0\0\0\0\0", "kernel.img"),
        USE("NM\x06\1\0aCE\x1c\1\x1a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x08\0\0\0\0\0\0", "a"), /* too large */
        USE("NM\x06\1\0aCE\x1c\1\x1a\0\0\0\0\0\0\0\xff\xff\xff\xff\0\0\0\0\6\0\0\0\0\0\0\0", "a"),
        USE("NM\x06\1\0aCE\x1c\1\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0\6\0\0\0\0\0\0\0", "a"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(uses); i++) {
        build(true, false);
        put_sub(uses[i].use, uses[i].size);
        memcpy(iso.bytes + MORE, "NM\x06\1\0bXX\4\1", 10);
        assert_int_equal(list("sub"), 0);
        if (strcmp(iso.names, uses[i].names) != 0)
            fail_msg("%u: %s", (unsigned)i, iso.names);
    }
}

/* Where symbolic links lead, by components with flags and lengths. */
static void symbolic_links(void **state)
{
    static const struct {
        const char *use;
        size_t size;
        const char *path;
        int result;
    } links[] = {
#define LINK(use, path, result) {"NM\6\1\0lSL" use, sizeof("NM\6\1\0lSL" use) - 1, path, result}
        LINK("\x0c\1\0\0\5plain", "sub/l", 0),
        LINK("\x15\1\0\4\0\0\3sub\0\5plain", "sub/l", 0), /* ../sub/plain */
        LINK("\x13\1\0\x08\0\0\3sub\2\0\4\0\0\0", "sub/l/plain", 1),
        LINK("\x15\1\0\x08\0\0\3sub\0\5plain", "sub/l", 0), /* /sub/plain */
        LINK("\x0c\1\0\x08\0\0\3sub", "sub/l/plain", 0),
        LINK("\x0c\1\0\x08\0\0\3sub", "sub/l/./l/../sub/plain", 0),
        LINK("\7\1\0\2\0", "sub/l/plain", 0),
        LINK("\7\1\0\4\0", "sub/l/sub/l/sub/plain", 0),
        LINK("\x0e\1\0\1\2pl\0\3ain", "sub/l", 0),
        LINK("\7\1\1\1\2plSL\x0a\1\0\0\3ain", "sub/l", 0),
        LINK("\x0c\1\0\0\5plaid", "sub/l", 1),
        LINK("\x0c\1\0\0\6plain", "sub/l", 0), /* a length past its field: nothing; the link itself */
        LINK("\x08\1\0\0\1l", "sub/l", -1),
        LINK("\x0a\1\0\2\0\0\1l", "sub/l", -1),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(links); i++) {
        size_t at;

        build(true, false);
        put_sub(links[i].use, links[i].size);
        at = SUB + 34 + 34 + iso.bytes[SUB + 34 + 34];
        RECORD(at, 22, FILE_SIZE, 0, "P", "NM\x0a\1\0plain");
        if (run(links[i].path) != links[i].result)
            fail_msg("%u: %s", (unsigned)i, fw_host_notes);
        if (links[i].result == 0 && iso.file.kind == FW_FILE)
            assert_read();
    }
}

/* A continuation area that goes on in itself: eight times. Its names grow up to 255 bytes. */
static void system_use_without_an_end(void **state)
{
    char area[256] = "NM\xc8\1\0";

    (void)state;
    build(true, false);
    memset(area + 5, 'n', 195);
    memcpy(area + 200, "CE\x1c\1\x1a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xe4\0\0\0\0\0\0\0", 28);
    memcpy(iso.bytes + MORE, area, 228);
    put_sub(area + 200, 28);
    assert_int_equal(list("sub"), 0);
    assert_int_equal(strlen(iso.names), 196);
    area[2] = 0x45; /* 64 letters, three of which fit */
    memmove(area + 69, area + 200, 28);
    area[69 + 20] = 69 + 28;
    memcpy(iso.bytes + MORE, area, 97);
    assert_int_equal(list("sub"), 0);
    assert_int_equal(strlen(iso.names), 3 * 64 + 1);
}

static void descriptors_that_are_spoiled(void **state)
{
    static const struct {
        size_t offset;
        unsigned size;
        uint64_t value;
        int result;
        const char *says;
    } mangles[] = {
        {1, 1, 'X', 1, ""},
        {0, 1, 0, -1, "no primary volume"},
        {0, 1, 255, -1, "no primary volume"},
        {128, 2, 0, -1, "no primary volume"},
        {128, 2, 256, -1, "no primary volume"},
        {128, 2, 4096, -1, "no primary volume"},
        {128, 2, 1000, -1, "no primary volume"},
        {156 + 2, 4, UINT32_MAX, -1, "does not lie in its volume"},
        {156 + 2, 4, SECTORS, -1, "does not lie in its volume"},
        {156 + 10, 4, UINT32_MAX, -1, "does not lie in its volume"},
        {156 + 10, 4, 13 * SECTOR, -1, "does not lie in its volume"},
        {156 + 1, 1, 12, -1, "does not lie in its volume"},
        {156 + 26, 2, 1, -1, "interleaved"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(mangles); i++) {
        build(false, false);
        put(16 * SECTOR + mangles[i].offset, mangles[i].size, mangles[i].value);
        assert_int_equal(mount(), mangles[i].result);
        assert_said(mangles[i].says);
        assert_int_equal(iso.arena.used, 0);
    }
    /* Descriptors without an end: sixteen are enough. */
    build(false, false);
    for (unsigned i = 17; i < SECTORS; i++)
        memcpy(iso.bytes + i * SECTOR, "\3CD001", 6);
    put_descriptor(16, 3, 0);
    assert_int_equal(mount(), -1);
    assert_true(iso.host.reads < 60);
}

static void records_that_are_spoiled(void **state)
{
    static const struct {
        size_t offset;
        unsigned size;
        uint64_t value;
        const char *says;
    } mangles[] = {
        {0, 1, 1, "a record that cannot be"},
        {0, 1, 33, "a record that cannot be"},
        {32, 1, 255, "a record that cannot be"},
        {2, 4, SECTORS, "does not lie in its volume"},
        {10, 4, UINT32_MAX, "does not lie in its volume"},
        {26, 2, 1, "interleaved"},
    };
    size_t at = SUB + 34 + 34;

    (void)state;
    for (size_t i = 0; i < COUNT(mangles); i++) {
        build(false, false);
        put(at + mangles[i].offset, mangles[i].size, mangles[i].value);
        assert_int_equal(run("sub/kernel.img"), -1);
        assert_said(mangles[i].says);
    }
    /* Longer than what is left of its sector. */
    build(false, false);
    for (at = SUB; at + 60 <= SUB + SECTOR;)
        at = RECORD(at, 22, 1, 0, "FILE", "1234567890123456");
    put(at, 1, 100);
    assert_int_equal(list("sub"), -1);
    assert_said("a record that cannot be");
    /* A directory of 5 MiB; an associated file. */
    build(false, false);
    put(ROOT + 34 + 34 + 10, 4, 5 << 20);
    iso.size = sizeof(iso.bytes);
    assert_int_equal(run("sub"), -1);
    build(false, false);
    SUB_FILE("");
    RECORD(SUB + 34 + 34 + 46, 22, 1, 0, "KERNEL.IMG;1", "");
    put(SUB + 34 + 34 + 25, 1, 4);
    assert_int_equal(list("sub"), 0);
    assert_string_equal(iso.names, "kernel.img\n");
    assert_int_equal(iso.count, 1);
}

/* A file of three extents, the last ones of which lie elsewhere. */
static size_t put_extents(void)
{
    size_t at = SUB + 34 + 34;

    build(false, false);
    memset(iso.bytes + at, 0, SECTOR / 2);
    at = RECORD(at, 22, SECTOR, 0x80, "KERNEL.IMG;1", "");
    at = RECORD(at, 28, SECTOR, 0x80, "KERNEL.IMG;1", "");
    memcpy(iso.bytes + 28 * SECTOR, iso.bytes + 23 * SECTOR, SECTOR);
    memset(iso.bytes + 23 * SECTOR, 0, SECTOR);
    return RECORD(at, 24, FILE_SIZE - 2 * SECTOR, 0, "KERNEL.IMG;1", "");
}

static void several_extents(void **state)
{
    struct fw_file root;
    size_t at;

    (void)state;
    RECORD(put_extents(), 22, 1, 0, "ZERO.IMG;1", "");
    assert_int_equal(list("sub"), 0);
    assert_string_equal(iso.names, "kernel.img\nzero.img\n");
    assert_int_equal(run("sub/kernel.img"), 0);
    assert_int_equal(iso.file.kind, FW_FILE);
    assert_int_equal(iso.file.size, FILE_SIZE);
    for (size_t i = 0; i < FILE_SIZE; i++)
        assert_int_equal(iso.got[i], (uint8_t)(i * 7 + i / 256));
    iso.host.limit = 0;
    for (at = FILE_SIZE; at-- > 0;) {
        size_t size = FILE_SIZE - at < 2100 ? FILE_SIZE - at : 2100;

        assert_int_equal(fw_read(&iso.file, at, iso.got, size), 0);
        assert_int_equal(iso.got[size - 1], (uint8_t)((at + size - 1) * 7 + (at + size - 1) / 256));
    }
    /* One of them outside; one that was larger when it was opened; more than there may be. */
    put(SUB + 34 + 34 + 46 + 2, 4, 1000);
    assert_int_equal(run("sub/kernel.img"), -1);
    assert_said("does not lie in its volume");
    put_extents();
    assert_int_equal(run("sub/kernel.img"), 0);
    put(SUB + 34 + 34 + 10, 4, 1);
    assert_int_equal(fw_open(&iso.fs, "nothing", &root), 1); /* and the directory is read anew */
    assert_int_equal(fw_read(&iso.file, 0, iso.got, FILE_SIZE), -1);
    build(false, false);
    memset(iso.bytes + SUB, 0, SECTOR);
    at = SUB;
    for (unsigned i = 0; i < 30; i++)
        at = RECORD(at, 22, 1, 0x80, "FILE", "1234567890123456");
    RECORD(at, 22, 1, 0, "FILE", "");
    assert_int_equal(mount(), 0);
    assert_int_equal(fw_open(&iso.fs, "sub/file", &iso.file), 0);
    assert_int_equal(iso.file.kind, FW_FILE);
    assert_int_equal(iso.file.size, 31);
    assert_int_equal(fw_read(&iso.file, 0, iso.got, 31), 0);
    put(ROOT + 34 + 34 + 10, 4, 4 * SECTOR); /* the same thrice over: 2 sectors of it are the file's */
    memcpy(iso.bytes + SUB + SECTOR, iso.bytes + SUB, SECTOR);
    put(SUB + SECTOR + (at - SUB) + 25, 1, 0x80);
    memcpy(iso.bytes + SUB + 2 * SECTOR, iso.bytes + SUB, SECTOR);
    memset(iso.bytes + SUB + 3 * SECTOR, 0, SECTOR);
    put(at + 25, 1, 0x80);
    assert_int_equal(mount(), 0);
    assert_int_equal(fw_open(&iso.fs, "sub/file", &iso.file), 0);
    assert_int_equal(iso.file.kind, FW_OTHER);
}

/* A directory that is its own entry: as deep as a path may be. */
static void a_directory_in_itself(void **state)
{
    char path[70 * 4 + 1] = "";

    (void)state;
    build(false, false);
    put(ROOT + 34 + 34 + 2, 4, 20);
    for (unsigned i = 0; i < 70; i++)
        strcat(path, "sub/");
    assert_int_equal(run(path), -1);
    assert_said("too many names");
}

static void every_failing_read_is_told(void **state)
{
    uint64_t last, failed = 0;

    (void)state;
    build(true, false);
    assert_int_equal(run("sub/kernel"), 0);
    last = iso.host.reads;
    for (uint64_t n = 1; n <= last; n++) {
        int result = mount_failing(n);

        if (result == 0)
            result = fw_open(&iso.fs, "sub/kernel", &iso.file);
        if (result == 0)
            result = fw_read(&iso.file, 0, iso.got, FILE_SIZE);
        assert_true(result != 0 || memcmp(iso.got, iso.bytes + 22 * SECTOR, FILE_SIZE) == 0);
        failed += result != 0;
    }
    assert_true(failed >= last - 3);
    for (size_t size = 0; size < SECTORS * SECTOR; size += 512) {
        iso.size = size;
        assert_true(run("sub/kernel") != 0 || size >= 22 * SECTOR + FILE_SIZE);
    }
    iso.size = sizeof(iso.bytes);
    assert_int_equal(run("sub/kernel"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_names),
        cmocka_unit_test(rock_ridge_names),
        cmocka_unit_test(joliet_names),
        cmocka_unit_test(system_use_that_is_spoiled),
        cmocka_unit_test(system_use_without_an_end),
        cmocka_unit_test(symbolic_links),
        cmocka_unit_test(descriptors_that_are_spoiled),
        cmocka_unit_test(records_that_are_spoiled),
        cmocka_unit_test(several_extents),
        cmocka_unit_test(a_directory_in_itself),
        cmocka_unit_test(every_failing_read_is_told),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
