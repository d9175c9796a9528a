/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot 1: headers in an ELF and with addresses of their own, where they are looked for, what spoils
 * them. HOSTILE row 17.
 */
#include "inspecting.h"

#include <zeropage/wire/multiboot.h>

#define MAGIC    0
#define FLAGS    4
#define CHECKSUM 8

/* Sets the flags and the checksum that goes with them. */
static void set_flags(struct gen_image *image, size_t header, uint32_t flags)
{
    gen_poke(image, header + FLAGS, 4, flags);
    gen_poke(image, header + CHECKSUM, 4, 0u - ZP_MULTIBOOT_HEADER_MAGIC - flags);
}

static void a_header_in_an_elf(void **state)
{
    static const unsigned classes[] = {32, 64};
    struct gen_image image;
    struct inspecting in;
    const struct zp_entry *entry;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        gen_elf(&image, &(struct gen_elf){.bits = classes[i], .multiboot1 = true});
        entry = sound(&in, &image, ZP_PROTOCOL_MULTIBOOT1);
        assert_int_equal(entry->address.value, 0x1000010);
        assert_int_equal(entry->container, classes[i] == 32 ? ZP_CONTAINER_ELF32 : ZP_CONTAINER_ELF64);
        assert_int_equal(entry->segment_count, 3);
        assert_int_equal(in.image.multiboot1.present, 1);
        assert_int_equal(in.image.multiboot1.header_offset, image.multiboot1);
        assert_int_equal(in.image.multiboot1.flags, 3);
        assert_int_equal(in.image.multiboot1.wants_page_aligned_modules, 1);
        assert_int_equal(in.image.multiboot1.wants_video_mode, 0);
        assert_int_equal(in.image.multiboot2.present, 0);
        set_flags(&image, image.multiboot1, ZP_MULTIBOOT_VIDEO_MODE);
        sound(&in, &image, ZP_PROTOCOL_MULTIBOOT1);
        assert_int_equal(in.image.multiboot1.wants_page_aligned_modules, 0);
        assert_int_equal(in.image.multiboot1.wants_video_mode, 1);
        set_flags(&image, image.multiboot1, 0xfffe0000); /* optional ones that nobody knows */
        sound(&in, &image, ZP_PROTOCOL_MULTIBOOT1);
        gen_free(&image);
    }
}

static void a_header_with_addresses(void **state)
{
    struct gen_image image;
    struct inspecting in;
    const struct zp_entry *entry;

    (void)state;
    gen_multiboot_addresses(&image, 1);
    entry = sound(&in, &image, ZP_PROTOCOL_MULTIBOOT1);
    assert_protocols(&in, OFFERS(MULTIBOOT1));
    assert_int_equal(in.image.formats, ZP_FORMAT_MULTIBOOT1);
    assert_int_equal(entry->container, ZP_CONTAINER_ADDRESSES);
    assert_int_equal(entry->address.value, 0x1000c0);
    assert_int_equal(entry->reserve.value, 0x100000);
    assert_int_equal(entry->reserve_size, 0x1000);
    assert_int_equal(in.segments[0].file_offset, 0);
    assert_int_equal(in.segments[0].file_size, 0x200);
    assert_int_equal(in.segments[0].memory_size, 0x1000);

    gen_poke(&image, image.multiboot1 + 20, 4, 0); /* to the end of the file */
    gen_poke(&image, image.multiboot1 + 24, 4, 0); /* no BSS */
    entry = sound(&in, &image, ZP_PROTOCOL_MULTIBOOT1);
    assert_int_equal(in.segments[0].file_size, 0x210);
    assert_int_equal(entry->reserve_size, 0x210);

    gen_poke(&image, image.multiboot1 + 16, 4, 0x100010); /* the first bytes of the file are not loaded */
    sound(&in, &image, ZP_PROTOCOL_MULTIBOOT1);
    assert_int_equal(in.segments[0].file_offset, 0x10);
    gen_free(&image);
}

/* Bit 16 wins over the ELF, whose own entry stays. */
static void addresses_win_over_the_elf(void **state)
{
    struct gen_image elf, flat;
    struct inspecting in;
    const struct zp_entry *entry;

    (void)state;
    gen_elf(&elf, &(struct gen_elf){.multiboot1 = true});
    gen_multiboot_addresses(&flat, 1);
    memcpy(elf.bytes + 0x1c0, flat.bytes + flat.multiboot1, 32);
    gen_poke(&elf, elf.multiboot1, 4, 0);
    gen_poke(&elf, 0x1c0 + 12, 4, 0x1001c0);
    entry = sound(&in, &elf, ZP_PROTOCOL_MULTIBOOT1);
    assert_int_equal(entry->container, ZP_CONTAINER_ADDRESSES);
    assert_int_equal(entry->segment_first, 3);
    assert_int_equal(zp_image_entry(&in.image, ZP_PROTOCOL_LINUX64)->segment_count, 3);
    gen_poke(&elf, 16, 2, 1); /* and holds when the ELF does not */
    entry = sound(&in, &elf, ZP_PROTOCOL_MULTIBOOT1);
    assert_int_equal(entry->segment_first, 0);
    gen_free(&elf);
    gen_free(&flat);
}

static void fields_that_are_spoiled(void **state)
{
    enum {
        H = 0x20
    };
    static const struct mangle mangles[] = {
        {"header below load", H + 12, 4, 0xfffff, ZP_ERR_TOO_SMALL, ZP_FIELD_MB_HEADER_ADDR, 0, 0},
        {"load above header", H + 16, 4, 0x100021, ZP_ERR_TOO_SMALL, ZP_FIELD_MB_HEADER_ADDR, 0, H + 12},
        {"starts before the file", H + 16, 4, 0xfffff, ZP_ERR_TOO_SMALL, ZP_FIELD_MB_LOAD_ADDR, 0, 0},
        {"end below load", H + 20, 4, 0xfffff, ZP_ERR_TOO_SMALL, ZP_FIELD_MB_LOAD_END_ADDR, 0, 0},
        {"end at load", H + 20, 4, 0x100000, ZP_ERR_TOO_SMALL, ZP_FIELD_MB_LOAD_END_ADDR, 0, 0},
        {"end past the file", H + 20, 4, 0x100211, ZP_ERR_TRUNCATED, ZP_FIELD_MB_LOAD_END_ADDR, 0, 0},
        {"end at the file's", H + 20, 4, 0x100210, ZP_OK, ZP_FIELD_NONE, 0, 0},
        {"bss below end", H + 24, 4, 0x1001ff, ZP_ERR_TOO_SMALL, ZP_FIELD_MB_BSS_END_ADDR, 0, 0},
        {"bss at end", H + 24, 4, 0x100200, ZP_OK, ZP_FIELD_NONE, 0, 0},
        {"entry below load", H + 28, 4, 0xfffff, ZP_ERR_OUTSIDE, ZP_FIELD_MB_ENTRY_ADDR, 0, 0},
        {"entry at the end", H + 28, 4, 0x101000, ZP_ERR_OUTSIDE, ZP_FIELD_MB_ENTRY_ADDR, 0, 0},
        {"checksum", H + 8, 4, 0, ZP_ERR_CHECKSUM, ZP_FIELD_MB_CHECKSUM, 0, 0},
        {"flags without checksum", H + 4, 4, 0, ZP_ERR_CHECKSUM, ZP_FIELD_MB_CHECKSUM, 0, H + 8},
    };
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_multiboot_addresses(&image, 1);
    MANGLE_ALL(&image, mangles);
    set_flags(&image, image.multiboot1, ZP_MULTIBOOT_AOUT_KLUDGE | 0x88);
    assert_int_equal(inspect(&in, &image), ZP_ERR_UNSUPPORTED);
    assert_int_equal(in.error.field, ZP_FIELD_MB_FLAGS);
    assert_int_equal(in.error.offset, image.multiboot1 + FLAGS);
    assert_int_equal(in.error.value, 0x88);
    set_flags(&image, image.multiboot1, 0); /* no addresses, no ELF */
    assert_int_equal(inspect(&in, &image), ZP_ERR_VALUE);
    assert_int_equal(in.error.field, ZP_FIELD_MB_FLAGS);
    gen_poke(&image, image.multiboot1, 4, 0x1badb003); /* no magic: no header */
    assert_int_equal(inspect(&in, &image), ZP_ERR_FORMAT);
    gen_free(&image);
}

/* The file ends before 4 GiB do. */
static void memory_ends_at_4_gib(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_multiboot_addresses(&image, 1);
    gen_poke(&image, image.multiboot1 + 12, 4, 0xffffff20);
    gen_poke(&image, image.multiboot1 + 16, 4, 0xffffff00);
    gen_poke(&image, image.multiboot1 + 20, 4, 0);
    gen_poke(&image, image.multiboot1 + 24, 4, 0);
    assert_int_equal(inspect(&in, &image), ZP_ERR_TOO_LARGE);
    assert_int_equal(in.error.field, ZP_FIELD_MB_LOAD_ADDR);
    assert_int_equal(in.error.limit, 0xfffffdf0);
    gen_free(&image);

    gen_elf(&image, &(struct gen_elf){.multiboot1 = true, .load = UINT64_C(1) << 32});
    assert_int_equal(inspect(&in, &image), ZP_OK);
    assert_int_equal(offered(&in, ZP_PROTOCOL_MULTIBOOT1)->fault.code, ZP_ERR_TOO_LARGE);
    assert_int_equal(offered(&in, ZP_PROTOCOL_MULTIBOOT1)->fault.offset, 24);
    gen_free(&image);
}

/* Every place of the first 8 KiB, and none behind. */
static void where_it_is_looked_for(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    for (size_t at = 0x4c0; at <= 8192; at += 4) {
        gen_elf(&image, &(struct gen_elf){0});
        gen_resize(&image, 8192 + 64);
        gen_poke(&image, at, 4, ZP_MULTIBOOT_HEADER_MAGIC);
        set_flags(&image, at, 0);
        assert_int_equal(inspect(&in, &image), ZP_OK);
        assert_int_equal(in.image.multiboot1.present, at <= 8192 - 12);
        gen_free(&image);
    }
    gen_elf(&image, &(struct gen_elf){0});
    gen_resize(&image, 0x600);
    gen_poke(&image, 0x4c2, 4, ZP_MULTIBOOT_HEADER_MAGIC); /* not aligned */
    set_flags(&image, 0x4c2, 0);
    gen_poke(&image, 0x500, 4, ZP_MULTIBOOT_HEADER_MAGIC); /* a wrong sum: the search goes on */
    gen_poke(&image, 0x600 - 12, 4, ZP_MULTIBOOT_HEADER_MAGIC);
    set_flags(&image, 0x600 - 12, 0);
    sound(&in, &image, ZP_PROTOCOL_MULTIBOOT1);
    assert_int_equal(in.image.multiboot1.header_offset, 0x600 - 12);
    set_flags(&image, 0x600 - 12, ZP_MULTIBOOT_AOUT_KLUDGE); /* its address fields are not there */
    assert_int_equal(inspect(&in, &image), ZP_OK);
    assert_int_equal(offered(&in, ZP_PROTOCOL_MULTIBOOT1)->fault.code, ZP_ERR_TRUNCATED);
    assert_int_equal(offered(&in, ZP_PROTOCOL_MULTIBOOT1)->fault.field, ZP_FIELD_MB_HEADER_ADDR);
    gen_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_in_an_elf),         cmocka_unit_test(a_header_with_addresses),
        cmocka_unit_test(addresses_win_over_the_elf), cmocka_unit_test(fields_that_are_spoiled),
        cmocka_unit_test(memory_ends_at_4_gib),       cmocka_unit_test(where_it_is_looked_for),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
