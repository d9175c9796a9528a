/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fat.c: file systems of all three widths, read whole and in pieces; each field spoiled in turn; chains that
 * loop, end early or lead out; truncation at every sector and a source that fails at the n-th read.
 */
#include "packing.h"

#include "fat.h"
#include "fat_image.h"

#define AT        0x8000u
#define FILE_SIZE 5000u
#define PATH      "EFI/BOOT/BOOTX64.EFI"

static const struct fat_layout layouts[] = {
    {.bits = 12, .sectors = 1024, .per_cluster = 1}, {.bits = 12, .sectors = 2880, .per_cluster = 4},
    {.bits = 16, .sectors = 8192, .per_cluster = 1}, {.bits = 16, .sectors = 0x12000, .per_cluster = 8},
    {.bits = 32, .sectors = 1024, .per_cluster = 1}, {.bits = 32, .sectors = 70000, .per_cluster = 1},
};
#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

static uint8_t content[FILE_SIZE];

static void make(struct gen_image *image, struct fat_layout *layout)
{
    for (size_t i = 0; i < FILE_SIZE; i++)
        content[i] = (uint8_t)(i * 7 + i / 256);
    *image = (struct gen_image){0};
    gen_resize(image, AT + layout->sectors * 512);
    fat_image(image, AT, layout, content, FILE_SIZE);
}

static int find(const struct gen_image *image, const char *path, struct zp_fat *fat, struct zp_fat_file *file,
                struct zp_memory_source *memory, uint64_t *ret_at)
{
    int status;

    zp_memory_source_init(memory, image->bytes, image->size);
    status = zp_fat_open(fat, &memory->source, AT, image->size - AT, ret_at);
    return status ? status : zp_fat_find(fat, path, file, ret_at);
}

static void each_width(void **state)
{
    (void)state;
    for (size_t i = 0; i < LAYOUTS; i++) {
        struct fat_layout layout = layouts[i];
        struct zp_memory_source memory;
        struct zp_fat_file file;
        struct gen_image image;
        struct zp_fat fat;
        uint8_t bytes[FILE_SIZE];

        make(&image, &layout);
        assert_int_equal(find(&image, PATH, &fat, &file, &memory, NULL), ZP_FAT_OK);
        assert_int_equal(fat.bits, layout.bits);
        assert_int_equal(file.source.size, FILE_SIZE);
        assert_int_equal(file.source.read(file.source.context, 0, bytes, FILE_SIZE), 0);
        assert_memory_equal(bytes, content, FILE_SIZE);
        for (size_t at = FILE_SIZE; at-- > 0;) { /* backwards, over every border */
            size_t size = FILE_SIZE - at < 600 ? FILE_SIZE - at : 600;

            assert_int_equal(file.source.read(file.source.context, at, bytes, size), 0);
            assert_memory_equal(bytes, content + at, size);
        }
        gen_free(&image);
    }
}

static void names(void **state)
{
    static const struct {
        const char *path;
        int status;
    } cases[] = {
        {"EFI/BOOT/BOOTX64.EFI", ZP_FAT_OK},
        {"EFI/BOOT/BOOTIA32.EFI", ZP_FAT_ABSENT},
        {"EFI/LINUX/A.EFI", ZP_FAT_ABSENT},
        {"ESP", ZP_FAT_ABSENT},
        {"EFI", ZP_FAT_KIND},
        {"EFI/BOOT", ZP_FAT_KIND},
        {"EFI/BOOT/BOOTX64.EFI/A", ZP_FAT_KIND},
        {"EFI/./BOOT/BOOTX64.EFI", ZP_FAT_ABSENT},
        {"BOOTX64.EFI", ZP_FAT_ABSENT},
        {"", ZP_FAT_ABSENT},
    };

    (void)state;
    for (size_t i = 0; i < LAYOUTS; i++) {
        struct fat_layout layout = layouts[i];
        struct gen_image image;

        make(&image, &layout);
        for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
            struct zp_memory_source memory;
            struct zp_fat_file file;
            struct zp_fat fat;

            assert_int_equal(find(&image, cases[c].path, &fat, &file, &memory, NULL), cases[c].status);
        }
        gen_free(&image);
    }
}

/* One field spoiled in a file system of that layout; where the answer points, from the volume's start. */
struct mangle {
    size_t layout;
    size_t offset, size;
    uint64_t value;
    int status;
    size_t at;
};

static void mangled(void **state)
{
    static const struct mangle table[] = {
        {0, 11, 2, 0, ZP_FAT_FOREIGN, 11},         {0, 11, 2, 256, ZP_FAT_FOREIGN, 11},
        {0, 11, 2, 513, ZP_FAT_FOREIGN, 11},       {0, 11, 2, 8192, ZP_FAT_FOREIGN, 11},
        {0, 13, 1, 0, ZP_FAT_FOREIGN, 13},         {0, 13, 1, 3, ZP_FAT_FOREIGN, 13},
        {0, 14, 2, 0, ZP_FAT_FOREIGN, 14},         {0, 16, 1, 0, ZP_FAT_FOREIGN, 16},
        {0, 17, 2, 0, ZP_FAT_FOREIGN, 17},         {0, 19, 2, 0, ZP_FAT_FOREIGN, 32},
        {0, 21, 1, 0xf7, ZP_FAT_FOREIGN, 21},      {0, 22, 2, 0, ZP_FAT_FOREIGN, 36},
        {0, 19, 2, 1025, ZP_FAT_CUT, 19},          {0, 14, 2, 0xffff, ZP_FAT_CUT, 22},
        {2, 16, 1, 0xff, ZP_FAT_CUT, 22},          {0, 22, 2, 0xffff, ZP_FAT_CUT, 22},
        {0, 22, 2, 1, ZP_FAT_SHORT_FAT, 22},       {0, 17, 2, 0xffff, ZP_FAT_CUT, 22},
        {4, 36, 4, 1, ZP_FAT_SHORT_FAT, 36},       {4, 36, 4, 0xffffffff, ZP_FAT_CUT, 36},
        {4, 44, 4, 0, ZP_FAT_CLUSTER, 44},         {4, 44, 4, 1, ZP_FAT_CLUSTER, 44},
        {4, 44, 4, 0xfffffff, ZP_FAT_CLUSTER, 44}, {5, 32, 4, 70001, ZP_FAT_CUT, 32},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct fat_layout layout = layouts[table[i].layout];
        struct zp_memory_source memory;
        struct zp_fat_file file;
        struct gen_image image;
        struct zp_fat fat;
        uint64_t at = 0;
        int status;

        make(&image, &layout);
        gen_poke(&image, AT + table[i].offset, table[i].size, table[i].value);
        status = find(&image, PATH, &fat, &file, &memory, &at);
        if (status != table[i].status || at != AT + table[i].at)
            fail_msg("%zu: %s at %#lx", i, zp_fat_status_text(status), (unsigned long)at);
        gen_free(&image);
    }
}

/* The chain of the file or of a directory spoiled at one cluster. */
static void chains(void **state)
{
    static const struct {
        size_t cluster, next; /* next 1000000 + n: n clusters on from the last of the volume */
        int status;
    } cases[] = {
        {4, 4, ZP_FAT_LOOP},          {6, 5, ZP_FAT_LOOP},          {7, 4, ZP_FAT_LOOP},
        {5, 0, ZP_FAT_CLUSTER},       {5, 1, ZP_FAT_CLUSTER},       {4, 0xffffff7, ZP_FAT_CLUSTER},
        {4, 0xfffffff, ZP_FAT_ENDED}, {6, 0xfffffff, ZP_FAT_ENDED}, {5, 2, ZP_FAT_ENDED},
    };
    static const size_t small[] = {0, 2, 4};

    (void)state;
    for (size_t l = 0; l < sizeof(small) / sizeof(small[0]); l++) {
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            struct fat_layout layout = layouts[small[l]];
            struct zp_memory_source memory;
            struct zp_fat_file file;
            struct gen_image image;
            struct zp_fat fat;
            uint64_t at = 0;
            int status;

            make(&image, &layout);
            fat_image_link(&image, AT, &layout, cases[i].cluster, (uint32_t)cases[i].next);
            status = find(&image, PATH, &fat, &file, &memory, &at);
            if (status != cases[i].status)
                fail_msg("%u bits, %zu: %s", layout.bits, i, zp_fat_status_text(status));
            assert_in_range(at, AT + layout.table, AT + layout.data - 1);
            gen_free(&image);
        }
    }
}

/* Directories full of erased names that go round in circles end too. */
static void directory_loop(void **state)
{
    struct fat_layout layout = layouts[4];
    struct zp_memory_source memory;
    struct zp_fat_file file;
    struct gen_image image;
    struct zp_fat fat;

    (void)state;
    make(&image, &layout);
    for (size_t i = 0; i < 16; i++)
        image.bytes[fat_image_cluster(AT, &layout, 3) + 32 * i] = 0xe5;
    fat_image_link(&image, AT, &layout, 3, 900);
    for (size_t cluster = 900; cluster < 940; cluster++) {
        memset(image.bytes + fat_image_cluster(AT, &layout, cluster), 0xe5, 512);
        fat_image_link(&image, AT, &layout, cluster, cluster < 939 ? (uint32_t)cluster + 1 : 910);
    }
    assert_int_equal(find(&image, PATH, &fat, &file, &memory, NULL), ZP_FAT_LOOP);
    fat_image_link(&image, AT, &layout, 939, 0xfffffff);
    assert_int_equal(find(&image, PATH, &fat, &file, &memory, NULL), ZP_FAT_ABSENT);
    gen_free(&image);
}

static void truncated(void **state)
{
    (void)state;
    for (size_t l = 0; l < LAYOUTS; l++) {
        struct fat_layout layout = layouts[l];
        struct gen_image image;

        make(&image, &layout);
        for (size_t size = 0; size < AT + layout.sectors * 512; size += size < AT + 512 ? 37 : 512 * 61) {
            struct zp_memory_source memory;
            struct zp_fat fat;

            zp_memory_source_init(&memory, image.bytes, size);
            assert_int_equal(zp_fat_open(&fat, &memory.source, AT, size < AT ? 0 : size - AT, NULL),
                             ZP_FAT_CUT);
        }
        gen_free(&image);
    }
}

/* A source that fails at its n-th read. */
struct failing {
    struct zp_source inner;
    unsigned left;
};

static int failing_read(void *context, uint64_t offset, void *buffer, size_t length)
{
    struct failing *failing = context;

    return failing->left-- == 0 ? -5 : failing->inner.read(failing->inner.context, offset, buffer, length);
}

static void nth_read(void **state)
{
    struct fat_layout layout = layouts[2];
    struct zp_memory_source memory;
    struct gen_image image;
    int status = ZP_FAT_READ;
    unsigned reads = 0;

    (void)state;
    make(&image, &layout);
    zp_memory_source_init(&memory, image.bytes, image.size);
    for (; status != ZP_FAT_OK; reads++) {
        struct failing failing = {memory.source, reads};
        struct zp_source source = {image.size, failing_read, &failing};
        struct zp_fat_file file;
        struct zp_fat fat;

        assert_true(reads < 100);
        status = zp_fat_open(&fat, &source, AT, image.size - AT, NULL);
        if (status == ZP_FAT_OK)
            status = zp_fat_find(&fat, PATH, &file, NULL);
        assert_true(status == ZP_FAT_OK || status == ZP_FAT_READ);
        if (status == ZP_FAT_OK) {
            uint8_t byte;

            failing.left = 0;
            assert_true(file.source.read(file.source.context, 4999, &byte, 1) < 0);
        }
    }
    assert_true(reads > 10);
    gen_free(&image);
}

static void texts(void **state)
{
    (void)state;
    for (int i = 0; i < ZP_FAT_STATUS_COUNT; i++)
        assert_string_not_equal(zp_fat_status_text(i), "unknown");
    assert_string_equal(zp_fat_status_text(-1), "unknown");
    assert_string_equal(zp_fat_status_text(ZP_FAT_STATUS_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_width), cmocka_unit_test(names),          cmocka_unit_test(mangled),
        cmocka_unit_test(chains),     cmocka_unit_test(directory_loop), cmocka_unit_test(truncated),
        cmocka_unit_test(nth_read),   cmocka_unit_test(texts),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
