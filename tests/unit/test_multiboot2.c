/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot 2: the header, each of its tags, and what spoils them. HOSTILE row 17.
 */
#include "inspecting.h"

#include <zeropage/wire/multiboot2.h>

#define ARCHITECTURE 4
#define LENGTH       8
#define CHECKSUM     12
#define TAG_FLAGS    2
#define TAG_SIZE     4

static void fix_checksum(struct gen_image *image)
{
    size_t at = image->multiboot2;

    gen_poke(
        image, at + CHECKSUM, 4,
        0u - (uint32_t)(gen_peek(image, at, 4) + gen_peek(image, at + 4, 4) + gen_peek(image, at + 8, 4)));
}

static void a_header_in_an_elf(void **state)
{
    struct gen_image image;
    struct inspecting in;
    const struct zp_entry *entry;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.bits = 32, .multiboot2 = true});
    entry = sound(&in, &image, ZP_PROTOCOL_MULTIBOOT2);
    assert_int_equal(entry->container, ZP_CONTAINER_ELF32);
    assert_int_equal(entry->address.value, 0x1000010);
    assert_int_equal(entry->align, 0);
    assert_int_equal(in.image.multiboot2.present, 1);
    assert_int_equal(in.image.multiboot2.header_offset, image.multiboot2);
    assert_int_equal(in.image.multiboot2.header_length, 48);
    assert_int_equal(in.image.multiboot2.wants_page_aligned_modules, 1);
    assert_int_equal(in.image.multiboot2.wants_video_mode, 0);
    gen_free(&image);

    gen_elf(&image,
            &(struct gen_elf){.multiboot2 = true, .multiboot2_entry = true, .multiboot2_relocatable = true});
    entry = sound(&in, &image, ZP_PROTOCOL_MULTIBOOT2);
    assert_int_equal(entry->container, ZP_CONTAINER_ELF64);
    assert_int_equal(entry->address.value, 0x1000020);
    assert_int_equal(entry->align, 0x200000);
    assert_int_equal(entry->min.value, 0x200000);
    assert_int_equal(entry->max.value, 0x3fffffff);
    assert_int_equal(entry->prefer, ZP_PREFER_LOWEST);
    gen_poke(&image, image.tag_relocatable + 20, 4, 0);
    assert_int_equal(sound(&in, &image, ZP_PROTOCOL_MULTIBOOT2)->prefer, ZP_PREFER_LINKED);
    gen_poke(&image, image.tag_relocatable + 20, 4, 2);
    assert_int_equal(sound(&in, &image, ZP_PROTOCOL_MULTIBOOT2)->prefer, ZP_PREFER_HIGHEST);
    gen_free(&image);
}

static void a_header_with_addresses(void **state)
{
    struct gen_image image;
    struct inspecting in;
    const struct zp_entry *entry;

    (void)state;
    gen_multiboot_addresses(&image, 2);
    entry = sound(&in, &image, ZP_PROTOCOL_MULTIBOOT2);
    assert_int_equal(in.image.formats, ZP_FORMAT_MULTIBOOT2);
    assert_int_equal(entry->container, ZP_CONTAINER_ADDRESSES);
    assert_int_equal(entry->address.value, 0x1000c0);
    assert_int_equal(entry->reserve_size, 0x1000);
    assert_int_equal(in.segments[0].file_offset, 0);
    assert_int_equal(in.segments[0].file_size, 0x200);

    gen_poke(&image, image.tag_address + 12, 4, 0xffffffff); /* load the file from its start */
    entry = sound(&in, &image, ZP_PROTOCOL_MULTIBOOT2);
    assert_int_equal(in.segments[0].paddr.value, 0x100000);
    assert_int_equal(in.segments[0].file_offset, 0);
    gen_poke(&image, image.tag_address + 8, 4, 0x1f);
    assert_int_equal(inspect(&in, &image), ZP_ERR_TOO_SMALL);
    assert_int_equal(in.error.field, ZP_FIELD_MB_HEADER_ADDR);
    assert_int_equal(in.error.offset, image.tag_address + 8);
    gen_free(&image);
}

static void fields_of_the_header_that_are_spoiled(void **state)
{
    static const struct {
        size_t field;
        uint32_t value;
        int code;
        uint32_t error;
    } rows[] = {
        {ARCHITECTURE, 4, ZP_ERR_VALUE, ZP_FIELD_MB2_ARCHITECTURE},
        {LENGTH, 0, ZP_ERR_TOO_SMALL, ZP_FIELD_MB2_HEADER_LENGTH},
        {LENGTH, 15, ZP_ERR_TOO_SMALL, ZP_FIELD_MB2_HEADER_LENGTH},
        {LENGTH, 0x8000 - 0x20 + 1, ZP_ERR_TOO_LARGE, ZP_FIELD_MB2_HEADER_LENGTH},
        {LENGTH, 0xffffffff, ZP_ERR_TOO_LARGE, ZP_FIELD_MB2_HEADER_LENGTH},
        {LENGTH, 0x1f1, ZP_ERR_TRUNCATED, ZP_FIELD_MB2_HEADER_LENGTH},
    };
    struct gen_image image;
    struct inspecting in;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        gen_multiboot_addresses(&image, 2);
        gen_poke(&image, image.multiboot2 + rows[i].field, 4, rows[i].value);
        assert_int_equal(inspect(&in, &image), ZP_ERR_CHECKSUM);
        assert_int_equal(in.error.offset, image.multiboot2 + CHECKSUM);
        fix_checksum(&image);
        assert_int_equal(inspect(&in, &image), rows[i].code);
        assert_int_equal(in.error.field, rows[i].error);
        assert_int_equal(in.error.offset, image.multiboot2 + rows[i].field);
        gen_free(&image);
    }
    gen_multiboot_addresses(&image, 2); /* the tags end at header_length, without an end tag */
    gen_poke(&image, image.multiboot2 + LENGTH, 4, gen_peek(&image, image.multiboot2 + LENGTH, 4) - 8);
    fix_checksum(&image);
    sound(&in, &image, ZP_PROTOCOL_MULTIBOOT2);
    gen_poke(&image, image.multiboot2 + LENGTH, 4, gen_peek(&image, image.multiboot2 + LENGTH, 4) + 4);
    fix_checksum(&image);
    assert_int_equal(inspect(&in, &image), ZP_ERR_TRUNCATED); /* half an end tag */
    assert_int_equal(in.error.field, ZP_FIELD_MB2_TAG);
    gen_free(&image);
}

static void tags_that_are_spoiled(void **state)
{
    struct gen_image image;

    (void)state;
    gen_multiboot_addresses(&image, 2);
    {
        const size_t request = image.tag_request, address = image.tag_address, entry = image.tag_entry;
        const struct mangle mangles[] = {
            {"request for a boot device", request + 8, 4, 5, ZP_ERR_UNSUPPORTED,
             ZP_FIELD_MB2_INFORMATION_REQUEST, 0, 0},
            {"request for APM", request + 12, 4, 10, ZP_ERR_UNSUPPORTED, ZP_FIELD_MB2_INFORMATION_REQUEST, 0,
             0},
            {"request for the unheard-of", request + 12, 4, 0xffff, ZP_ERR_UNSUPPORTED,
             ZP_FIELD_MB2_INFORMATION_REQUEST, 0, 0},
            {"request for the command line", request + 8, 4, 1, ZP_OK, ZP_FIELD_NONE, 0, 0},
            {"request for the loader's name", request + 8, 4, 2, ZP_OK, ZP_FIELD_NONE, 0, 0},
            {"request for basic memory", request + 8, 4, 4, ZP_OK, ZP_FIELD_NONE, 0, 0},
            {"request for the old RSDP", request + 8, 4, 14, ZP_OK, ZP_FIELD_NONE, 0, 0},
            {"request for the new RSDP", request + 8, 4, 15, ZP_OK, ZP_FIELD_NONE, 0, 0},
            {"request for the load base", request + 8, 4, 21, ZP_OK, ZP_FIELD_NONE, 0, 0},
            {"tag of 0 bytes", request + TAG_SIZE, 4, 0, ZP_ERR_TOO_SMALL, ZP_FIELD_MB2_TAG, 0, 0},
            {"tag of 7 bytes", request + TAG_SIZE, 4, 7, ZP_ERR_TOO_SMALL, ZP_FIELD_MB2_TAG, 0, 0},
            {"tag past the header", request + TAG_SIZE, 4, 0xffffffff, ZP_ERR_TRUNCATED, ZP_FIELD_MB2_TAG, 0,
             0},
            {"unknown tag", request, 2, 11, ZP_ERR_UNSUPPORTED, ZP_FIELD_MB2_TAG, 0, 0},
            {"console flags", request, 2, 4, ZP_OK, ZP_FIELD_NONE, 0, 0},
            {"frame buffer", request, 2, 5, ZP_OK, ZP_FIELD_NONE, 0, 0},
            {"boot services", request, 2, 7, ZP_OK, ZP_FIELD_NONE, 0, 0},
            {"EFI i386 entry", request, 2, 8, ZP_OK, ZP_FIELD_NONE, 0, 0},
            {"EFI amd64 entry", request, 2, 9, ZP_OK, ZP_FIELD_NONE, 0, 0},
            {"short address tag", address + TAG_SIZE, 4, 20, ZP_ERR_TOO_SMALL, ZP_FIELD_MB2_TAG, 0, 0},
            {"short entry tag", entry + TAG_SIZE, 4, 11, ZP_ERR_TOO_SMALL, ZP_FIELD_MB2_TAG, 0, 0},
            {"no entry tag", entry, 2, 4, ZP_ERR_NO_ENTRY, ZP_FIELD_MB_ENTRY_ADDR, 0, address},
            {"header below load", address + 8, 4, 0xfffff, ZP_ERR_TOO_SMALL, ZP_FIELD_MB_HEADER_ADDR, 0, 0},
            {"starts before the file", address + 12, 4, 0xfffff, ZP_ERR_TOO_SMALL, ZP_FIELD_MB_LOAD_ADDR, 0,
             0},
            {"end below load", address + 16, 4, 0xfffff, ZP_ERR_TOO_SMALL, ZP_FIELD_MB_LOAD_END_ADDR, 0, 0},
            {"end past the file", address + 16, 4, 0x100211, ZP_ERR_TRUNCATED, ZP_FIELD_MB_LOAD_END_ADDR, 0,
             0},
            {"bss below end", address + 20, 4, 0x1001ff, ZP_ERR_TOO_SMALL, ZP_FIELD_MB_BSS_END_ADDR, 0, 0},
            {"entry outside", entry + 8, 4, 0x101000, ZP_ERR_OUTSIDE, ZP_FIELD_MB_ENTRY_ADDR, 0, 0},
        };
        struct inspecting in;

        MANGLE_ALL(&image, mangles);
        gen_poke(&image, request + TAG_FLAGS, 2, 1); /* what is optional may be unknown */
        gen_poke(&image, request + 8, 4, 5);
        sound(&in, &image, ZP_PROTOCOL_MULTIBOOT2);
        gen_poke(&image, request, 2, 99);
        sound(&in, &image, ZP_PROTOCOL_MULTIBOOT2);
        gen_poke(&image, request, 2, 5);
        sound(&in, &image, ZP_PROTOCOL_MULTIBOOT2);
        assert_int_equal(in.image.multiboot2.wants_video_mode, 1);
        gen_poke(&image, address, 2, 99); /* no addresses, no ELF */
        gen_poke(&image, address + TAG_FLAGS, 2, 1);
        assert_int_equal(inspect(&in, &image), ZP_ERR_NO_SEGMENT);
        assert_int_equal(in.error.field, ZP_FIELD_MB2_TAG);
    }
    gen_free(&image);
}

static void the_first_fault_is_told(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_multiboot_addresses(&image, 2);
    gen_poke(&image, image.tag_request + 8, 4, 5);
    gen_poke(&image, image.tag_request + 12, 4, 7);
    gen_poke(&image, image.tag_address, 2, 99);
    gen_poke(&image, image.tag_entry + TAG_SIZE, 4, 8);
    assert_int_equal(inspect(&in, &image), ZP_ERR_UNSUPPORTED);
    assert_int_equal(in.error.value, 5);
    gen_free(&image);
}

static void relocation_and_entry_that_are_spoiled(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_elf(&image,
            &(struct gen_elf){.multiboot2 = true, .multiboot2_entry = true, .multiboot2_relocatable = true});
    {
        const size_t tag = image.tag_relocatable, entry = image.tag_entry;
        const struct mangle mangles[] = {
            {"align 0", tag + 16, 4, 0, ZP_ERR_ALIGNMENT, ZP_FIELD_MB2_TAG, ZP_PROTOCOL_MULTIBOOT2, 0},
            {"align 3", tag + 16, 4, 3, ZP_ERR_ALIGNMENT, ZP_FIELD_MB2_TAG, ZP_PROTOCOL_MULTIBOOT2, 0},
            {"max below min", tag + 12, 4, 0x1fffff, ZP_ERR_TOO_SMALL, ZP_FIELD_MB2_TAG,
             ZP_PROTOCOL_MULTIBOOT2, 0},
            {"preference 3", tag + 20, 4, 3, ZP_ERR_VALUE, ZP_FIELD_MB2_TAG, ZP_PROTOCOL_MULTIBOOT2, 0},
            {"short", tag + TAG_SIZE, 4, 20, ZP_ERR_TOO_SMALL, ZP_FIELD_MB2_TAG, ZP_PROTOCOL_MULTIBOOT2, 0},
            {"entry outside", entry + 8, 4, 0x1001000, ZP_ERR_OUTSIDE, ZP_FIELD_MB_ENTRY_ADDR,
             ZP_PROTOCOL_MULTIBOOT2, 0},
        };

        MANGLE_ALL(&image, mangles);
        gen_poke(&image, entry, 2, 7); /* without entry tag: e_entry, and its fault */
        assert_int_equal(sound(&in, &image, ZP_PROTOCOL_MULTIBOOT2)->address.value, 0x1000010);
        gen_poke(&image, 24, 8, 8);
        assert_int_equal(inspect(&in, &image), ZP_ERR_OUTSIDE);
        gen_poke(&image, entry, 2, 3); /* with one nobody asks for e_entry */
        sound(&in, &image, ZP_PROTOCOL_MULTIBOOT2);
        gen_poke(&image, 16, 2, 1); /* ET_REL */
        assert_int_equal(inspect(&in, &image), ZP_ERR_ELF_TYPE);
    }
    gen_free(&image);

    gen_elf(&image, &(struct gen_elf){.multiboot2 = true, .load = UINT64_C(1) << 32});
    assert_int_equal(inspect(&in, &image), ZP_OK);
    assert_int_equal(offered(&in, ZP_PROTOCOL_MULTIBOOT2)->fault.code, ZP_ERR_TOO_LARGE);
    assert_int_equal(offered(&in, ZP_PROTOCOL_MULTIBOOT2)->fault.field, ZP_FIELD_E_ENTRY);
    gen_free(&image);
}

/* Every place of the first 32 KiB at a multiple of 8, and none behind. */
static void where_it_is_looked_for(void **state)
{
    struct gen_image image, header;
    struct inspecting in;

    (void)state;
    gen_elf(&header, &(struct gen_elf){.multiboot2 = true});
    for (size_t at = 0x4c0; at <= 32768; at += 4) {
        size_t length = 48;

        if (at > 0x700 && at < 32768 - 128)
            continue;
        gen_elf(&image, &(struct gen_elf){0});
        gen_resize(&image, 32768 + 128);
        memcpy(image.bytes + at, header.bytes + header.multiboot2, length);
        assert_int_equal(inspect(&in, &image), ZP_OK);
        assert_int_equal(in.image.multiboot2.present, at % 8 == 0 && at <= 32768 - 16);
        if (in.image.multiboot2.present)
            assert_int_equal(offered(&in, ZP_PROTOCOL_MULTIBOOT2)->fault.code,
                             at <= 32768 - length ? ZP_OK : ZP_ERR_TOO_LARGE);
        gen_free(&image);
    }
    gen_free(&header);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_in_an_elf),
        cmocka_unit_test(a_header_with_addresses),
        cmocka_unit_test(fields_of_the_header_that_are_spoiled),
        cmocka_unit_test(tags_that_are_spoiled),
        cmocka_unit_test(the_first_fault_is_told),
        cmocka_unit_test(relocation_and_entry_that_are_spoiled),
        cmocka_unit_test(where_it_is_looked_for),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
