/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is booted without a configuration: volumes and whole disks that begin as kernels, BOOTX64.EFI that is
 * one or a unified kernel image, and the payload of a packed disk, each field of it spoiled, cut at each
 * length, each read failing.
 */
#include "../../src/pack/layout.h"
#include "fw_menu.h"
#include "fw_uki_image.h"
#include "search.h"

#define SECTORS 64u
#define EFI     "/EFI/BOOT/BOOTX64.EFI"
#define PAYLOAD "/EFI/BOOT/PAYLOAD.ZP"

static bool is_kernel(const struct zp_source *source)
{
    char magic[4];

    return source->size >= 4 && source->read(source->context, 0, magic, 4) == 0 &&
           (memcmp(magic, "KERN", 4) == 0 || memcmp(magic, "MZK", 3) == 0);
}

/* --- Volumes ----------------------------------------------------------------------------------------------
 */

static uint8_t bytes[SECTORS * 512];
static struct fw_host_disk host;

static void put_partition(unsigned index, uint32_t first, uint32_t count)
{
    uint8_t *entry = bytes + 446 + 16 * index;

    memcpy(bytes + 510, "\x55\xaa", 2);
    entry[4] = 0x83;
    memcpy(entry + 8, &first, 4);
    memcpy(entry + 12, &count, 4);
}

static void search_disk(struct fixture *fixture, struct fw_search *ret, uint64_t fail_at)
{
    fixture->arena.used = 0;
    fw_host_memory(&host, bytes, sizeof(bytes), 512);
    host.fail_at = fail_at;
    assert_int_equal(fw_search_begin(ret, &fixture->arena, "c=d", is_kernel), 0);
    assert_int_equal(fw_search_disk(ret, &host.disk), 0);
    fw_search_done(ret, "c=d");
    assert_int_equal(ret->menu.count, 0);
    fw_search_images(ret);
}

static void expect_volume(struct fw_search *found, size_t index, uint32_t number, const char *text)
{
    struct fw_entry *entry = &found->menu.entries[index];
    struct fw_file_source source;
    char got[16];

    assert_int_equal(entry->source, FW_UNIVERSAL);
    assert_int_equal(entry->fs->volume.number, number);
    assert_int_equal(fw_file_source(entry->fs, entry->kernel, entry->kernel_piece, &source), 0);
    assert_int_equal(source.source.size, entry->fs->volume.size);
    assert_int_equal(source.source.read(source.source.context, 0, got, strlen(text)), 0);
    assert_memory_equal(got, text, strlen(text));
    assert_int_equal(source.source.read(source.source.context, source.source.size, got, 1), -1);
    assert_string_equal(fw_search_options(found, entry), "c=d");
}

static void volumes(void **state)
{
    struct fixture fixture;
    struct fw_search found;
    const char *why;

    (void)state;
    begin(&fixture);
    memset(bytes, 0, sizeof(bytes));
    search_disk(&fixture, &found, 0);
    assert_int_equal(found.menu.count, 0);
    memcpy(bytes, "KERN whole", 10);
    search_disk(&fixture, &found, 0);
    assert_int_equal(found.menu.count, 1);
    expect_volume(&found, 0, 0, "KERN whole");
    assert_int_equal(fw_choose(&found.menu, &why), 0);
    put_partition(0, 8, 8);
    put_partition(1, 16, 8);
    put_partition(2, 24, 8);
    memcpy(bytes + 16 * 512, "KERN second", 11);
    memcpy(bytes + 24 * 512 + 1, "KERN", 4);
    search_disk(&fixture, &found, 0);
    assert_int_equal(found.menu.count, 2);
    expect_volume(&found, 0, 0, "KERN whole");
    expect_volume(&found, 1, 2, "KERN second");
    assert_int_equal(fw_choose(&found.menu, &why), 0);
    memset(bytes, 0, 4);
    search_disk(&fixture, &found, 0);
    assert_int_equal(found.menu.count, 1);
    /* A packed file: its partitions are not looked at. */
    memcpy(bytes, "MZK", 3);
    fixture.arena.used = 0;
    assert_int_equal(fw_search_begin(&found, &fixture.arena, "c=d", is_kernel), 0);
    assert_int_equal(fw_search_disk(&found, &host.disk), 0);
    assert_int_equal(found.menu.count, 1);
    expect_volume(&found, 0, 0, "MZK");
    assert_int_equal(found.bare_count, 0);
    memcpy(bytes, "MZX", 3);
    search_disk(&fixture, &found, 0);
    assert_int_equal(found.menu.count, 1);
    expect_volume(&found, 0, 2, "KERN second");
    assert_int_equal(notes(), 0);
    for (uint64_t fail_at = 1; fail_at < 60; fail_at++) {
        search_disk(&fixture, &found, fail_at);
        assert_true(found.menu.count <= 1);
    }
    end(&fixture);
}

/* A hundred disks of a hundred volumes each: the menu, and the list of volumes, have an end. */
static void many_volumes(void **state)
{
    struct fixture fixture;
    struct fw_search found;

    (void)state;
    begin(&fixture);
    memset(bytes, 0, sizeof(bytes));
    memcpy(bytes, "KERN", 4);
    fw_host_memory(&host, bytes, sizeof(bytes), 512);
    assert_int_equal(fw_search_begin(&found, &fixture.arena, "", is_kernel), 0);
    for (unsigned i = 0; i < 400; i++) {
        size_t used = fixture.arena.used;

        assert_int_equal(fw_search_disk(&found, &host.disk), 0);
        if (i >= FW_BARE_MAX)
            fixture.arena.used = used; /* its volumes are not kept */
    }
    assert_int_equal(found.bare_count, FW_BARE_MAX);
    assert_int_equal(notes(), 400 - FW_BARE_MAX);
    fw_search_images(&found);
    assert_in_range(found.menu.count, 1, FW_BARE_MAX);
    end(&fixture);
}

/* --- Files ------------------------------------------------------------------------------------------------
 */

static void search_files(struct fixture *fixture, struct fw_search *ret)
{
    assert_int_equal(fw_search_begin(ret, &fixture->arena, "c=d", is_kernel), 0);
    ret->systems[0] = fixture->tree.fs;
    ret->system_count = 1;
    fw_search_programs(ret);
}

static void program_of_efi(void **state)
{
    static const struct uki_section sections[] = {
        {".linux", "kernel"}, {".initrd", "initrd"}, {".cmdline", "a=b"}};
    static unsigned char image[UKI_SIZE];
    struct fixture fixture;
    struct fw_search found;

    (void)state;
    begin(&fixture);
    search_files(&fixture, &found);
    assert_int_equal(found.menu.count, 0);
    fw_tree_text(&fixture.tree, EFI, "MZ, of a boot loader");
    search_files(&fixture, &found);
    assert_int_equal(found.menu.count, 0);
    end(&fixture);

    begin(&fixture);
    fw_tree_text(&fixture.tree, EFI, "KERN");
    fw_tree_text(&fixture.tree, PAYLOAD, "something else");
    search_files(&fixture, &found);
    assert_int_equal(found.menu.count, 1);
    assert_string_equal(found.menu.entries[0].kernel, EFI);
    assert_int_equal(found.menu.entries[0].kernel_piece.size, 0);
    end(&fixture);

    begin(&fixture);
    uki_build(image, sections, 3);
    fw_tree_add(&fixture.tree, EFI, image, sizeof(image));
    search_files(&fixture, &found);
    assert_int_equal(found.menu.count, 1);
    assert_int_equal(found.menu.entries[0].kernel_piece.size, strlen("kernel"));
    assert_int_equal(found.menu.entries[0].initrd_count, 1);
    assert_string_equal(fw_search_options(&found, &found.menu.entries[0]), "a=b c=d");
    assert_int_equal(notes(), 0);
    end(&fixture);
}

static struct {
    struct zp_pack_payload head;
    char cmdline[16], kernel[32], initrds[2][16];
} packed;

static void pack(void)
{
    memset(&packed, 0, sizeof(packed));
    memcpy(packed.head.magic, ZP_PACK_PAYLOAD_MAGIC, 8);
    packed.head.version = ZP_PACK_VERSION;
    packed.head.header_size = sizeof(packed.head);
    packed.head.size = sizeof(packed);
    packed.head.cmdline_offset = sizeof(packed.head);
    packed.head.cmdline_length = 3;
    packed.head.kernel_offset = offsetof(typeof(packed), kernel);
    packed.head.kernel_size = packed.head.kernel_bytes = sizeof(packed.kernel);
    packed.head.module_count = 2;
    for (unsigned i = 0; i < 2; i++) {
        packed.head.modules[i].offset = offsetof(typeof(packed), initrds) + 16 * i;
        packed.head.modules[i].size = 16 - i;
    }
    strcpy(packed.cmdline, "a=b");
    strcpy(packed.kernel, "KERN");
}

static size_t search_payload(uint64_t size, uint64_t fail_at, struct fixture *fixture, struct fw_search *ret)
{
    begin(fixture);
    fw_tree_add(&fixture->tree, PAYLOAD, &packed, size);
    fw_tree_text(&fixture->tree, EFI, "MZ, as it is beside a payload");
    fixture->tree.fail_at = fail_at;
    search_files(fixture, ret);
    return ret->menu.count;
}

static void payload(void **state)
{
    struct fixture fixture;
    struct fw_search found;
    struct fw_entry *entry;

    (void)state;
    pack();
    assert_int_equal(search_payload(sizeof(packed), 0, &fixture, &found), 1);
    entry = &found.menu.entries[0];
    assert_string_equal(entry->kernel, PAYLOAD);
    assert_int_equal(entry->kernel_piece.offset, packed.head.kernel_offset);
    assert_int_equal(entry->kernel_piece.size, sizeof(packed.kernel));
    assert_int_equal(entry->initrd_count, 2);
    assert_string_equal(entry->initrds[1], PAYLOAD);
    assert_int_equal(entry->initrd_pieces[1].offset, packed.head.modules[1].offset);
    assert_int_equal(entry->initrd_pieces[1].size, 15);
    assert_string_equal(fw_search_options(&found, entry), "a=b c=d");
    assert_true(fw_entry_is_whole(&found.menu, entry));
    assert_int_equal(notes(), 0);
    end(&fixture);
}

static void payload_that_is_spoiled(void **state)
{
    static const struct {
        size_t offset, size;
        uint64_t value;
        unsigned notes;
    } mangles[] = {
#define MANGLE(member, value, notes) \
    {offsetof(struct zp_pack_payload, member), sizeof(((struct zp_pack_payload *)0)->member), value, notes}
        MANGLE(magic[0], 0, 0),
        MANGLE(version, 2, 0),
        MANGLE(compression, ZP_PACK_LZ4, 1),
        MANGLE(compression, ZP_PACK_ZSTD, 1),
        MANGLE(compression, UINT32_MAX, 1),
        MANGLE(told, 1, 1),
        MANGLE(kernel_offset, sizeof(packed), 1),
        MANGLE(kernel_offset, UINT64_MAX, 1),
        MANGLE(kernel_size, 0, 1),
        MANGLE(kernel_size, sizeof(packed), 1),
        MANGLE(kernel_size, UINT64_MAX, 1),
        MANGLE(cmdline_offset, sizeof(packed) - 1, 1),
        MANGLE(cmdline_offset, UINT32_MAX, 1),
        MANGLE(cmdline_length, sizeof(packed), 1),
        MANGLE(cmdline_offset, offsetof(struct zp_pack_payload, version), 1), /* no text: it has a NUL */
        MANGLE(cmdline_length, 65536, 1),
        MANGLE(cmdline_length, UINT32_MAX, 1),
        MANGLE(module_count, 17, 1),
        MANGLE(module_count, UINT32_MAX, 1),
        MANGLE(module_count, 3, 1),
        MANGLE(modules[1].offset, sizeof(packed) - 14, 1),
        MANGLE(modules[1].offset, UINT64_MAX, 1),
        MANGLE(modules[0].size, 0, 1),
        MANGLE(modules[0].size, UINT64_MAX, 1),
    };
    struct fixture fixture;
    struct fw_search found;

    (void)state;
    for (size_t i = 0; i < sizeof(mangles) / sizeof(*mangles); i++) {
        pack();
        memcpy((uint8_t *)&packed + mangles[i].offset, &mangles[i].value, mangles[i].size);
        if (search_payload(sizeof(packed), 0, &fixture, &found) != 0 || notes() != mangles[i].notes)
            fail_msg("%u: %s", (unsigned)i, fw_host_notes);
        end(&fixture);
    }
    pack();
    for (size_t size = 0; size < sizeof(packed) - 1; size++) { /* the last byte is nobody's */
        assert_int_equal(search_payload(size, 0, &fixture, &found), 0);
        end(&fixture);
    }
    for (uint64_t fail_at = 1; fail_at <= 3; fail_at++) { /* open, header, command line */
        assert_int_equal(search_payload(sizeof(packed), fail_at, &fixture, &found), 0);
        end(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(volumes),
        cmocka_unit_test(many_volumes),
        cmocka_unit_test(program_of_efi),
        cmocka_unit_test(payload),
        cmocka_unit_test(payload_that_is_spoiled),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fw-universal", tests, NULL, NULL);
}
