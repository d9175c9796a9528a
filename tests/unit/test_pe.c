/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PE section tables: sizes, spoiled headers, truncation at every length, failing reads, short arrays.
 */
#include "inspecting.h"

#include <stdlib.h>

#include <zeropage/wire/pe.h>

struct listing {
    struct zp_pe_section sections[8];
    struct zp_memory_source memory;
    struct zp_error error;
    size_t count;
};

static int list(struct listing *listing, const struct gen_image *image)
{
    memset(listing, 0, sizeof(*listing));
    listing->count = 99;
    zp_memory_source_init(&listing->memory, image->bytes, image->size);
    return zp_pe_sections(&listing->memory.source, listing->sections, 8, &listing->count, &listing->error);
}

#define SECTION(image, index, member)                                      \
    ((image).sections + (index) * sizeof(struct zp_image_section_header) + \
     offsetof(struct zp_image_section_header, member))

static void sections_of_a_uki(void **state)
{
    static const char *const names[] = {".text", ".osrel", ".cmdline", ".linux"};
    struct gen_image image;
    struct listing listing;

    (void)state;
    gen_uki(&image);
    assert_int_equal(list(&listing, &image), ZP_OK);
    assert_int_equal(listing.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(listing.sections[i].name, names[i]);
        assert_int_equal(listing.sections[i].header_offset, SECTION(image, i, Name));
        assert_int_equal(listing.sections[i].virtual_address, 0x1000 * (i + 1));
        assert_true(listing.sections[i].characteristics & ZP_IMAGE_SCN_MEM_READ);
    }
    assert_int_equal(listing.sections[2].offset, 0x320);
    assert_int_equal(listing.sections[2].size, 0x10); /* VirtualSize; SizeOfRawData is padded */
    assert_int_equal(listing.sections[2].virtual_size, 0x10);
    assert_int_equal(listing.sections[3].offset, image.kernel);
    assert_int_equal(listing.sections[3].size, image.kernel_size);
    gen_free(&image);
}

static void sizes(void **state)
{
    struct gen_image image;
    struct listing listing;

    (void)state;
    gen_uki(&image);
    gen_poke(&image, SECTION(image, 0, VirtualSize), 4, 0x4000); /* a BSS behind it */
    gen_poke(&image, SECTION(image, 1, SizeOfRawData), 4, 0); /* all of it BSS; its offset does not matter */
    gen_poke(&image, SECTION(image, 1, PointerToRawData), 4, 0xffffffff);
    gen_poke(&image, SECTION(image, 2, Name), 8, 0x4847464544434241); /* eight letters, without NUL */
    assert_int_equal(list(&listing, &image), ZP_OK);
    assert_int_equal(listing.sections[0].size, 0x100);
    assert_int_equal(listing.sections[0].virtual_size, 0x4000);
    assert_int_equal(listing.sections[1].size, 0);
    assert_string_equal(listing.sections[2].name, "ABCDEFGH");
    gen_free(&image);
}

static void sections_that_are_spoiled(void **state)
{
    struct gen_image image;
    struct listing listing;
    size_t last;

    (void)state;
    gen_uki(&image);
    last = SECTION(image, 3, Name);
    gen_poke(&image, SECTION(image, 3, PointerToRawData), 4, 0x401 + 0x100); /* VirtualSize must fit */
    assert_int_equal(list(&listing, &image), ZP_ERR_TRUNCATED);
    assert_int_equal(listing.error.field, ZP_FIELD_PE_SECTION);
    assert_int_equal(listing.error.offset, last);
    assert_int_equal(listing.error.value, image.size + 1);
    assert_int_equal(listing.error.limit, image.size);
    assert_int_equal(listing.count, 99);
    gen_poke(&image, SECTION(image, 3, PointerToRawData), 4, 0xffffffff);
    assert_int_equal(list(&listing, &image), ZP_ERR_TRUNCATED);
    gen_poke(&image, SECTION(image, 3, PointerToRawData), 4, 0x400);
    assert_int_equal(list(&listing, &image), ZP_OK);
    gen_poke(&image, image.pe + 4 + offsetof(struct zp_image_file_header, SizeOfOptionalHeader), 2, 0xffff);
    assert_int_equal(list(&listing, &image), ZP_ERR_TRUNCATED);
    assert_int_equal(listing.error.offset, image.pe + 24 + 0xffff);
    gen_poke(&image, image.pe + 4 + offsetof(struct zp_image_file_header, NumberOfSections), 2, 0xffff);
    assert_int_equal(list(&listing, &image), ZP_ERR_ROOM);
    assert_int_equal(listing.error.value, 0xffff);
    assert_int_equal(listing.error.limit, 8);
    gen_free(&image);
}

static void files_that_are_no_pe(void **state)
{
    struct gen_image image;
    struct listing listing;

    (void)state;
    gen_uki(&image);
    gen_poke(&image, 0x3c, 4, (uint32_t)image.size - 23);
    assert_int_equal(list(&listing, &image), ZP_OK);
    assert_int_equal(listing.count, 0);
    gen_poke(&image, 0x3c, 4, 0x80);
    gen_poke(&image, 0x80, 4, 0x4550 << 8);
    assert_int_equal(list(&listing, &image), ZP_OK);
    assert_int_equal(listing.count, 0);
    gen_poke(&image, 0, 2, 0);
    assert_int_equal(list(&listing, &image), ZP_OK);
    assert_int_equal(listing.count, 0);
    gen_free(&image);
    gen_elf(&image, &(struct gen_elf){0});
    assert_int_equal(list(&listing, &image), ZP_OK);
    assert_int_equal(listing.count, 0);
    gen_free(&image);
    gen_bzimage(&image, &(struct gen_bzimage){.pe = true}); /* an EFI stub, here without sections */
    assert_int_equal(list(&listing, &image), ZP_OK);
    assert_int_equal(listing.count, 0);
    gen_free(&image);
}

/* Cut anywhere: no PE, or an error, until the last section's bytes are there. */
static void every_truncation_of_a_pe(void **state)
{
    struct gen_image image;
    struct listing listing;
    size_t whole;

    (void)state;
    gen_uki(&image);
    whole = image.kernel + image.kernel_size;
    for (size_t size = 0; size <= image.size; size++) {
        struct gen_image cut = {.bytes = malloc(size + 1), .size = size};
        int status;

        memcpy(cut.bytes, image.bytes, size);
        status = list(&listing, &cut);
        if (size < image.pe + 24) {
            assert_int_equal(status, ZP_OK);
            assert_int_equal(listing.count, 0);
        } else {
            assert_int_equal(status, size < whole ? ZP_ERR_TRUNCATED : ZP_OK);
            assert_int_equal(listing.count, size < whole ? 99 : 4);
        }
        gen_free(&cut);
    }
    gen_free(&image);
}

struct failing {
    struct zp_source source;
    const struct gen_image *image;
    size_t reads, fail_at;
};

static int read_failing(void *context, uint64_t offset, void *buffer, size_t length)
{
    struct failing *failing = context;

    memcpy(buffer, failing->image->bytes + offset, length);
    return ++failing->reads == failing->fail_at ? -7 : 0;
}

static void every_failing_read_of_a_pe(void **state)
{
    struct gen_image image;
    struct failing failing = {.image = &image};
    struct zp_pe_section sections[8];
    struct zp_error error;
    size_t count = 99, reads;

    (void)state;
    gen_uki(&image);
    failing.source = (struct zp_source){image.size, read_failing, &failing};
    assert_int_equal(zp_pe_sections(&failing.source, sections, 8, &count, NULL), ZP_OK);
    reads = failing.reads;
    assert_int_equal(reads, 3 + 4);
    count = 99;
    for (failing.fail_at = 1; failing.fail_at <= reads; failing.fail_at++) {
        failing.reads = 0;
        assert_int_equal(zp_pe_sections(&failing.source, sections, 8, &count, &error), ZP_ERR_READ);
        assert_int_equal(error.limit, 7);
        assert_int_equal(count, 99);
    }
    gen_free(&image);
}

static void room_and_arguments(void **state)
{
    struct gen_image image;
    struct zp_memory_source memory;
    struct zp_pe_section sections[4];
    struct zp_error error;
    size_t count = 99;

    (void)state;
    gen_uki(&image);
    zp_memory_source_init(&memory, image.bytes, image.size);
    for (size_t capacity = 0; capacity < 4; capacity++) {
        assert_int_equal(zp_pe_sections(&memory.source, sections, capacity, &count, &error), ZP_ERR_ROOM);
        assert_int_equal(error.value, 4);
        assert_int_equal(error.limit, capacity);
    }
    assert_int_equal(zp_pe_sections(&memory.source, NULL, 0, &count, NULL), ZP_ERR_ROOM);
    assert_int_equal(zp_pe_sections(&memory.source, NULL, 4, &count, NULL), ZP_ERR_ARGUMENT);
    assert_int_equal(zp_pe_sections(&memory.source, sections, 4, NULL, NULL), ZP_ERR_ARGUMENT);
    assert_int_equal(zp_pe_sections(NULL, sections, 4, &count, NULL), ZP_ERR_ARGUMENT);
    assert_int_equal(count, 99);
    assert_int_equal(zp_pe_sections(&memory.source, sections, 4, &count, NULL), ZP_OK);
    assert_int_equal(count, 4);
    gen_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_of_a_uki),         cmocka_unit_test(sizes),
        cmocka_unit_test(sections_that_are_spoiled), cmocka_unit_test(files_that_are_no_pe),
        cmocka_unit_test(every_truncation_of_a_pe),  cmocka_unit_test(every_failing_read_of_a_pe),
        cmocka_unit_test(room_and_arguments),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
