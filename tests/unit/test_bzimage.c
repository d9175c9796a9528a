/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bzImages of every version: which entries they offer, where they want to lie, and what spoils them.
 */
#include "inspecting.h"

static void make(struct gen_image *image, const struct gen_bzimage *options)
{
    gen_bzimage(image, options);
}

static void versions_offer_their_entries(void **state)
{
    static const struct {
        uint16_t version;
        uint32_t offers;
        uint32_t header_end;
    } rows[] = {
        {0x200, OFFERS(LINUX16), 0x224},
        {0x201, OFFERS(LINUX16), 0x228},
        {0x202, OFFERS(LINUX16), 0x22c},
        {0x203, OFFERS(LINUX16), 0x230},
        {0x204, OFFERS(LINUX16), 0x230},
        {0x205, OFFERS(LINUX16) | OFFERS(LINUX32), 0x238},
        {0x206, OFFERS(LINUX16) | OFFERS(LINUX32), 0x23c},
        {0x207, OFFERS(LINUX16) | OFFERS(LINUX32), 0x248},
        {0x208, OFFERS(LINUX16) | OFFERS(LINUX32), 0x250},
        {0x209, OFFERS(LINUX16) | OFFERS(LINUX32), 0x258},
        {0x20a, OFFERS(LINUX16) | OFFERS(LINUX32), 0x264},
        {0x20b, OFFERS(LINUX16) | OFFERS(LINUX32), 0x268},
        {0x20c, OFFERS_LINUX, 0x268},
        {0x20d, OFFERS_LINUX, 0x268},
        {0x20e, OFFERS_LINUX, 0x268},
        {0x20f, OFFERS_LINUX, 0x26c},
        {0x210, OFFERS_LINUX, 0x26c},
        {0x300, OFFERS_LINUX, 0x26c},
        {0xffff, OFFERS_LINUX, 0x26c}, /* HOSTILE row 3 */
    };
    struct inspecting in;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct gen_image image;

        make(&image, &(struct gen_bzimage){.version = rows[i].version});
        assert_int_equal(inspect(&in, &image), ZP_OK);
        assert_protocols(&in, rows[i].offers);
        assert_int_equal(in.image.bzimage.version, rows[i].version);
        assert_int_equal(in.image.bzimage.header_end, rows[i].header_end);
        assert_int_equal(in.image.formats, ZP_FORMAT_BZIMAGE);
        gen_free(&image);
    }
}

/* Whatever stands in fields that the version does not have, nothing of it is taken. */
static void younger_fields_do_not_exist(void **state)
{
    struct gen_image image;
    struct inspecting in;
    const struct zp_setup_header *header = &in.image.bzimage.header;

    (void)state;
    make(&image, &(struct gen_bzimage){.version = 0x200});
    memset(image.bytes + 0x224, 0xff, 0x270 - 0x224);
    gen_poke(&image, 0x201, 1, 0x7f);
    assert_int_equal(inspect(&in, &image), ZP_OK);
    assert_int_equal(in.image.bzimage.header_end, 0x224);
    assert_int_equal(header->syssize, 0x40);
    assert_int_equal(header->heap_end_ptr, 0);
    assert_int_equal(header->init_size, 0);
    assert_int_equal(in.image.bzimage.cmdline_max, 255);
    assert_int_equal(in.image.bzimage.initrd_max.value, 0x37ffffff);

    gen_poke(&image, 0x206, 2, 0x201); /* heap_end_ptr, not the two bytes behind it */
    assert_int_equal(inspect(&in, &image), ZP_OK);
    assert_int_equal(header->heap_end_ptr, 0xffff);
    assert_int_equal(header->ext_loader_ver, 0);
    assert_int_equal(header->ext_loader_type, 0);

    gen_poke(&image, 0x1f6, 2, 0xffff); /* the upper half of syssize is younger than 2.03 */
    gen_poke(&image, 0x206, 2, 0x203);
    assert_int_equal(inspect(&in, &image), ZP_OK);
    assert_int_equal(header->syssize, 0x40);
    assert_int_equal(header->ext_loader_type, 0xff);
    assert_int_equal(in.image.bzimage.initrd_max.value, 0xffffffff);

    gen_poke(&image, 0x1f6, 2, 0);
    gen_poke(&image, 0x206, 2, 0x205); /* min_alignment (2.10), xloadflags (2.12) lie inside its range */
    gen_poke(&image, 0x230, 4, 0x100000);
    assert_int_equal(inspect(&in, &image), ZP_OK);
    assert_int_equal(header->relocatable_kernel, 0xff);
    assert_int_equal(header->min_alignment, 0);
    assert_int_equal(header->xloadflags, 0);
    assert_protocols(&in, OFFERS(LINUX16) | OFFERS(LINUX32));
    gen_free(&image);
}

/* HOSTILE row 2: the jump tells the header's end, if it is a jump. */
static void the_jump_ends_the_header(void **state)
{
    static const struct {
        uint16_t jump;
        uint32_t header_end;
    } rows[] = {
        {0x6aeb, 0x26c}, {0xffeb, 0x26c}, {0x00eb, 0x26c}, {0x0000, 0x26c}, {0x6600, 0x26c}, {0x21eb, 0x26c},
        {0x22eb, 0x224}, {0x2eeb, 0x230}, {0x69eb, 0x268}, {0x65eb, 0x264}, {0x5deb, 0x258},
    };
    struct gen_image image;
    struct inspecting in;

    (void)state;
    make(&image, &(struct gen_bzimage){0});
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        gen_poke(&image, 0x200, 2, rows[i].jump);
        assert_int_equal(inspect(&in, &image), ZP_OK);
        assert_int_equal(in.image.bzimage.header_end, rows[i].header_end);
    }
    gen_poke(&image, 0x200, 2, 0x33eb); /* ends in the midst of relocatable_kernel's row: 16-bit alone */
    assert_int_equal(inspect(&in, &image), ZP_OK);
    assert_protocols(&in, OFFERS(LINUX16));
    gen_free(&image);
}

static void a_modern_kernel_says_where_it_lies(void **state)
{
    struct gen_image image;
    struct inspecting in;
    const struct zp_bzimage *bzimage = &in.image.bzimage;
    const struct zp_entry *entry;

    (void)state;
    make(&image, &(struct gen_bzimage){.pe = true});
    entry = sound(&in, &image, ZP_PROTOCOL_LINUX64);
    assert_int_equal(in.image.formats, ZP_FORMAT_BZIMAGE | ZP_FORMAT_PE);
    assert_int_equal(entry->container, ZP_CONTAINER_BZIMAGE);
    assert_int_equal(entry->address.value, 0x1000200);
    assert_int_equal(entry->reserve.value, 0x1000000);
    assert_int_equal(entry->reserve_size, 0x10000);
    assert_int_equal(entry->align, 0x200000);
    assert_int_equal(entry->min.value, 0x1000000);
    assert_true(entry->max.value == (UINT64_C(1) << 52) - 1);
    assert_int_equal(entry->segment_count, 1);
    assert_int_equal(in.segments[entry->segment_first].file_offset, 0x400);
    assert_int_equal(in.segments[entry->segment_first].file_size, 0x400);
    entry = zp_image_entry(&in.image, ZP_PROTOCOL_LINUX32);
    assert_int_equal(entry->address.value, 0x1000000);
    assert_int_equal(entry->max.value, 0xffffffff);
    entry = zp_image_entry(&in.image, ZP_PROTOCOL_LINUX16);
    assert_int_equal(entry->address.value, 0x90200);
    assert_int_equal(entry->align, 0);
    assert_int_equal(entry->segment_count, 2);
    assert_int_equal(in.segments[entry->segment_first].paddr.value, 0x90000);
    assert_int_equal(in.segments[entry->segment_first + 1].paddr.value, 0x100000);
    assert_int_equal(bzimage->code_offset, 0x400);
    assert_int_equal(bzimage->code_size, 0x400);
    assert_int_equal(bzimage->trailing_size, 0);
    assert_int_equal(bzimage->cmdline_max, 2047);
    assert_int_equal(bzimage->initrd_max.value, 0x7fffffff);
    assert_int_equal(bzimage->payload_compression, ZP_COMPRESSION_ZSTD);
    assert_int_equal(bzimage->payload_offset, 0x700);
    assert_int_equal(bzimage->payload_length, 0x40);
    assert_int_equal(bzimage->kernel_info_offset, 0x680);
    assert_int_equal(bzimage->setup_type_max, 9);
    assert_string_equal((const char *)image.bytes + bzimage->kernel_version_offset, "6.6.6-test (gen)");
    gen_free(&image);
}

static void places_follow_the_options(void **state)
{
    struct gen_image image;
    struct inspecting in;
    const struct zp_entry *entry;

    (void)state;
    make(&image, &(struct gen_bzimage){.below_4g = true, .pref_address = 0x1000001});
    entry = sound(&in, &image, ZP_PROTOCOL_LINUX64);
    assert_int_equal(entry->max.value, 0xffffffff);
    assert_int_equal(entry->min.value, 0x1200000); /* rounded up to kernel_alignment */
    assert_int_equal(entry->address.value, 0x1200200);
    gen_free(&image);

    make(&image, &(struct gen_bzimage){.version = 0x20c, .fixed = true});
    gen_poke(&image, 0x230, 4, 0); /* alignment counts only when relocatable */
    entry = sound(&in, &image, ZP_PROTOCOL_LINUX64);
    assert_int_equal(entry->align, 0);
    assert_int_equal(entry->address.value, 0x100200);
    assert_int_equal(in.image.bzimage.kernel_alignment, 0);
    gen_poke(&image, 0x214, 4, 0x300000); /* loaded there, runs at pref_address */
    entry = sound(&in, &image, ZP_PROTOCOL_LINUX32);
    assert_int_equal(entry->address.value, 0x300000);
    assert_int_equal(entry->reserve.value, 0x100000);
    gen_free(&image);

    make(&image, &(struct gen_bzimage){.version = 0x205}); /* no pref_address, no init_size */
    gen_poke(&image, 0x214, 4, 0);                         /* HOSTILE row 7: not asked when relocatable */
    entry = sound(&in, &image, ZP_PROTOCOL_LINUX32);
    assert_int_equal(entry->address.value, 0x200000);
    assert_int_equal(entry->min.value, 0x200000);
    assert_int_equal(entry->reserve_size, 16 << 20);
    assert_int_equal(entry->guessed_size, 1);
    gen_poke(&image, 0x230, 4, 0x80000000);
    entry = sound(&in, &image, ZP_PROTOCOL_LINUX32);
    assert_int_equal(entry->min.value, 0x80000000);
    gen_free(&image);

    make(&image, &(struct gen_bzimage){.version = 0x205, .fixed = true});
    gen_poke(&image, 0x214, 4, 0xff800000); /* the guess ends at 4 GiB */
    entry = sound(&in, &image, ZP_PROTOCOL_LINUX32);
    assert_int_equal(entry->reserve_size, 0x800000);
    gen_free(&image);

    make(&image, &(struct gen_bzimage){.version = 0x205, .code_size = 5 << 20});
    entry = sound(&in, &image, ZP_PROTOCOL_LINUX32);
    assert_int_equal(entry->reserve_size, 20 << 20); /* four times the code */
    gen_free(&image);
}

/* HOSTILE row 2: setup_sects 0 means 4. */
static void setup_sects_0_means_4(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    make(&image, &(struct gen_bzimage){.setup_sects = 4});
    gen_poke(&image, 0x1f1, 1, 0);
    sound(&in, &image, ZP_PROTOCOL_LINUX64);
    assert_int_equal(in.image.bzimage.setup_sects, 4);
    assert_int_equal(in.image.bzimage.code_offset, 5 * 512);
    assert_int_equal(in.image.bzimage.header.setup_sects, 0);
    gen_free(&image);

    make(&image, &(struct gen_bzimage){.setup_sects = 255});
    sound(&in, &image, ZP_PROTOCOL_LINUX64);
    assert_int_equal(in.image.bzimage.code_offset, 256 * 512);
    gen_free(&image);
}

/* HOSTILE row 4: syssize is only asked when the rest of the file is more than init_size. */
static void trailing_bytes_are_told(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    make(&image, &(struct gen_bzimage){.init_size = 0x800});
    gen_poke(&image, 0x1f4, 4, 0); /* memdisk */
    sound(&in, &image, ZP_PROTOCOL_LINUX64);
    gen_poke(&image, 0x1f4, 4, 0x7fffffff); /* OSv */
    sound(&in, &image, ZP_PROTOCOL_LINUX64);
    assert_int_equal(in.image.bzimage.code_size, 0x400);
    assert_true(in.image.bzimage.syssize_bytes == UINT64_C(0x7fffffff0));

    gen_resize(&image, image.size + 0x400); /* a signature that fits into init_size is loaded too */
    gen_poke(&image, 0x1f4, 4, 0x40);
    sound(&in, &image, ZP_PROTOCOL_LINUX64);
    assert_int_equal(in.image.bzimage.code_size, 0x800);
    assert_int_equal(in.image.bzimage.trailing_size, 0);

    gen_resize(&image, image.size + 1); /* one that does not is left away, as syssize says */
    sound(&in, &image, ZP_PROTOCOL_LINUX64);
    assert_int_equal(in.image.bzimage.code_size, 0x400);
    assert_int_equal(in.image.bzimage.trailing_size, 0x401);

    gen_poke(&image, 0x1f4, 4, 0x81); /* not if it does not fit either */
    assert_int_equal(inspect(&in, &image), ZP_ERR_TOO_SMALL);
    assert_int_equal(in.error.field, ZP_FIELD_INIT_SIZE);
    assert_int_equal(in.error.value, 0x800);
    assert_int_equal(in.error.limit, 0x801);
    gen_poke(&image, 0x1f4, 4, 0);
    assert_int_equal(inspect(&in, &image), ZP_ERR_TOO_SMALL);
    gen_free(&image);
}

/* HOSTILE row 7: without relocation code32_start 0 leaves the 16-bit entry, whose fields are not asked. */
static void code32_start_0_is_16_bit_alone(void **state)
{
    struct gen_image image;
    struct inspecting in;
    const struct zp_entry *entry;

    (void)state;
    make(&image, &(struct gen_bzimage){.fixed = true, .no_payload = true});
    gen_poke(&image, 0x214, 4, 0);
    gen_poke(&image, 0x230, 4, 3);
    entry = sound(&in, &image, ZP_PROTOCOL_LINUX16);
    assert_protocols(&in, OFFERS(LINUX16));
    assert_int_equal(entry->reserve.value, 0x100000);
    assert_int_equal(entry->reserve_size, 0x10000);
    gen_poke(&image, 0x260, 4, 0x3ff); /* cannot be right */
    entry = sound(&in, &image, ZP_PROTOCOL_LINUX16);
    assert_int_equal(entry->reserve_size, 16 << 20);
    assert_int_equal(entry->guessed_size, 1);
    gen_poke(&image, 0x206, 2, 0x207); /* ipxe.lkrn */
    entry = sound(&in, &image, ZP_PROTOCOL_LINUX16);
    assert_int_equal(entry->reserve_size, 16 << 20);
    assert_int_equal(entry->guessed_size, 1);
    gen_free(&image);
}

static void fields_that_are_spoiled(void **state)
{
    static const struct mangle mangles[] = {
        /* HOSTILE row 2 */
        {"setup_sects past the file", 0x1f1, 1, 255, ZP_ERR_TRUNCATED, ZP_FIELD_SETUP_SECTS, 0, 0},
        {"no code behind the setup", 0x1f1, 1, 3, ZP_ERR_TRUNCATED, ZP_FIELD_PROTECTED_MODE_CODE, 0, 0x800},
        /* HOSTILE row 3 */
        {"no AA55", 0x1fe, 2, 0, ZP_ERR_VALUE, ZP_FIELD_BOOT_FLAG, 0, 0},
        {"version 1.255", 0x206, 2, 0x1ff, ZP_ERR_TOO_SMALL, ZP_FIELD_VERSION, 0, 0},
        {"version 0", 0x206, 2, 0, ZP_ERR_TOO_SMALL, ZP_FIELD_VERSION, 0, 0},
        /* HOSTILE row 5 */
        {"payload starts past the code", 0x248, 4, 0x400, ZP_ERR_TRUNCATED, ZP_FIELD_PAYLOAD_OFFSET, 0, 0},
        {"payload ends past the code", 0x24c, 4, 0x101, ZP_ERR_TRUNCATED, ZP_FIELD_PAYLOAD_LENGTH, 0, 0},
        {"payload wraps", 0x24c, 4, 0xffffffff, ZP_ERR_OVERFLOW, ZP_FIELD_PAYLOAD_LENGTH, 0, 0},
        {"payload_offset wraps", 0x248, 4, 0xffffffff, ZP_ERR_OVERFLOW, ZP_FIELD_PAYLOAD_LENGTH, 0, 0x24c},
        {"no payload", 0x24c, 4, 0, ZP_OK, ZP_FIELD_NONE, 0, 0},
        /* HOSTILE row 6 */
        {"init_size 0", 0x260, 4, 0, ZP_ERR_TOO_SMALL, ZP_FIELD_INIT_SIZE, 0, 0},
        {"init_size below the code", 0x260, 4, 0x3ff, ZP_ERR_TOO_SMALL, ZP_FIELD_INIT_SIZE, 0, 0},
        {"init_size of 4 GiB less one", 0x260, 4, 0xffffffff, ZP_ERR_TOO_LARGE, ZP_FIELD_PREF_ADDRESS,
         ZP_PROTOCOL_LINUX32, 0x258},
        {"alignment 0", 0x230, 4, 0, ZP_ERR_ALIGNMENT, ZP_FIELD_KERNEL_ALIGNMENT, 0, 0},
        {"alignment 3 MiB", 0x230, 4, 3 << 20, ZP_ERR_ALIGNMENT, ZP_FIELD_KERNEL_ALIGNMENT, 0, 0},
        {"pref_address + init_size wraps", 0x258, 8, 0xffffffffffe00000 + 0x1f0000, ZP_ERR_OVERFLOW,
         ZP_FIELD_PREF_ADDRESS, 0, 0},
        {"pref_address rounded up wraps", 0x258, 8, UINT64_MAX, ZP_ERR_OVERFLOW, ZP_FIELD_PREF_ADDRESS, 0, 0},
        {"pref_address past 2^52", 0x258, 8, UINT64_C(1) << 52, ZP_ERR_TOO_LARGE, ZP_FIELD_PREF_ADDRESS, 0,
         0},
        {"pref_address past 4 GiB", 0x258, 8, UINT64_C(1) << 32, ZP_ERR_TOO_LARGE, ZP_FIELD_PREF_ADDRESS,
         ZP_PROTOCOL_LINUX32, 0},
        /* HOSTILE row 8: taken as they are */
        {"cmdline_size 0", 0x238, 4, 0, ZP_OK, ZP_FIELD_NONE, 0, 0},
        {"cmdline_size ffffffff", 0x238, 4, 0xffffffff, ZP_OK, ZP_FIELD_NONE, 0, 0},
        /* HOSTILE row 9 */
        {"initrd_addr_max 0", 0x22c, 4, 0, ZP_OK, ZP_FIELD_NONE, 0, 0},
        /* HOSTILE row 10: kept, and never followed */
        {"setup_data", 0x250, 8, 0xdeadbeef, ZP_OK, ZP_FIELD_NONE, 0, 0},
        /* told only when they hold */
        {"kernel_version at nothing", 0x20e, 2, 0xffff, ZP_OK, ZP_FIELD_NONE, 0, 0},
        {"kernel_info at nothing", 0x268, 4, 0xfffffff0, ZP_OK, ZP_FIELD_NONE, 0, 0},
    };
    struct gen_image image;
    struct inspecting in;

    (void)state;
    make(&image, &(struct gen_bzimage){0});
    MANGLE_ALL(&image, mangles);
    gen_poke(&image, 0x202, 4, 0);
    assert_int_equal(inspect(&in, &image), ZP_ERR_FORMAT); /* no HdrS: no setup header at all */
    gen_free(&image);
}

/* HOSTILE row 7: a place from which the code would run past 4 GiB. */
static void code32_start_too_high(void **state)
{
    static const struct mangle mangles[] = {
        {"code32_start at the top", 0x214, 4, 0xfffffd00, ZP_ERR_TOO_LARGE, ZP_FIELD_CODE32_START, 0, 0},
        {"code32_start fffff000", 0x214, 4, 0xfffff000, ZP_OK, ZP_FIELD_NONE, 0, 0}, /* 1 KiB fits */
        {"pref_address + init_size wraps", 0x258, 8, UINT64_MAX, ZP_ERR_OVERFLOW, ZP_FIELD_PREF_ADDRESS, 0,
         0},
    };
    struct gen_image image;
    struct inspecting in;

    (void)state;
    make(&image, &(struct gen_bzimage){.fixed = true});
    MANGLE_ALL(&image, mangles);
    gen_free(&image);

    make(&image, &(struct gen_bzimage){.fixed = true, .code_size = 0x1001});
    gen_poke(&image, 0x214, 4, 0xfffff000);
    assert_int_equal(inspect(&in, &image), ZP_ERR_TOO_LARGE);
    assert_int_equal(in.error.value, 0xfffff000);
    assert_int_equal(in.error.limit, 0xffffefff);
    gen_free(&image);
}

/* HOSTILE row 11: the 64-bit entry lies past the image; the others hold. */
static void the_64_bit_entry_must_be_there(void **state)
{
    struct gen_image image;
    struct inspecting in;
    const struct zp_entry *entry;

    (void)state;
    make(&image, &(struct gen_bzimage){.code_size = 0x200, .no_payload = true});
    assert_int_equal(inspect(&in, &image), ZP_OK);
    assert_protocols(&in, OFFERS(LINUX32) | OFFERS(LINUX16));
    entry = offered(&in, ZP_PROTOCOL_LINUX64);
    assert_int_equal(entry->fault.code, ZP_ERR_TRUNCATED);
    assert_int_equal(entry->fault.field, ZP_FIELD_ENTRY64);
    assert_int_equal(entry->fault.offset, 0x600);
    gen_resize(&image, image.size + 1);
    sound(&in, &image, ZP_PROTOCOL_LINUX64);
    gen_free(&image);
}

static void cmdline_and_initrd_limits(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    make(&image, &(struct gen_bzimage){0});
    gen_poke(&image, 0x238, 4, 0);
    gen_poke(&image, 0x22c, 4, 1);
    sound(&in, &image, ZP_PROTOCOL_LINUX64);
    assert_int_equal(in.image.bzimage.cmdline_max, 0);
    assert_int_equal(in.image.bzimage.initrd_max.value, 1);
    gen_poke(&image, 0x238, 4, 0xffffffff);
    sound(&in, &image, ZP_PROTOCOL_LINUX64);
    assert_int_equal(in.image.bzimage.cmdline_max, 0xffffffff);
    gen_free(&image);
}

static void payload_and_texts_are_optional(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    make(&image, &(struct gen_bzimage){0});
    gen_poke(&image, 0x248, 4, 0xffffffff); /* Xen's domain builder steps aside */
    gen_poke(&image, 0x24c, 4, 0);
    sound(&in, &image, ZP_PROTOCOL_LINUX64);
    assert_int_equal(in.image.bzimage.payload_compression, ZP_COMPRESSION_NONE);
    gen_poke(&image, 0x248, 4, 0x3ff);
    gen_poke(&image, 0x24c, 4, 1); /* one byte is no magic */
    sound(&in, &image, ZP_PROTOCOL_LINUX64);
    assert_int_equal(in.image.bzimage.payload_compression, ZP_COMPRESSION_UNKNOWN);

    gen_poke(&image, 0x20e, 2, 0);
    gen_poke(&image, image.code + 0x280, 4, 0); /* no LToP */
    sound(&in, &image, ZP_PROTOCOL_LINUX64);
    assert_int_equal(in.image.bzimage.kernel_version_offset, 0);
    assert_int_equal(in.image.bzimage.kernel_info_offset, 0);
    gen_poke(&image, image.code + 0x280, 4, 0x506f544c);
    gen_poke(&image, image.code + 0x284, 4, 15); /* shorter than its fixed part */
    sound(&in, &image, ZP_PROTOCOL_LINUX64);
    assert_int_equal(in.image.bzimage.kernel_info_offset, 0);
    gen_poke(&image, 0x268, 4, 0);
    sound(&in, &image, ZP_PROTOCOL_LINUX64);

    gen_poke(&image, 0x20e, 2, 0x80);
    memset(image.bytes + 0x280, 'x', 0x400 - 0x280); /* a text without end inside the setup sectors */
    sound(&in, &image, ZP_PROTOCOL_LINUX64);
    assert_int_equal(in.image.bzimage.kernel_version_offset, 0);
    gen_poke(&image, 0x3ff, 1, 0);
    sound(&in, &image, ZP_PROTOCOL_LINUX64);
    assert_int_equal(in.image.bzimage.kernel_version_offset, 0x280);
    gen_free(&image);
}

static void compressions_are_told(void **state)
{
    static const struct {
        uint64_t magic;
        uint32_t compression;
    } rows[] = {
        {0x00088b1f, ZP_COMPRESSION_GZIP}, {0x39685a42, ZP_COMPRESSION_BZIP2},
        {0x8000005d, ZP_COMPRESSION_LZMA}, {0x587a37fd, ZP_COMPRESSION_XZ},
        {0x4f5a4c89, ZP_COMPRESSION_LZO},  {0x184c2102, ZP_COMPRESSION_LZ4},
        {0xfd2fb528, ZP_COMPRESSION_ZSTD}, {0x464c457f, ZP_COMPRESSION_ELF},
        {0, ZP_COMPRESSION_UNKNOWN},
    };
    struct gen_image image;
    struct inspecting in;

    (void)state;
    make(&image, &(struct gen_bzimage){0});
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        gen_poke(&image, image.code + 0x300, 4, rows[i].magic);
        sound(&in, &image, ZP_PROTOCOL_LINUX64);
        assert_int_equal(in.image.bzimage.payload_compression, rows[i].compression);
    }
    gen_free(&image);
}

static void zimages_are_loaded_low(void **state)
{
    struct gen_image image;
    struct inspecting in;
    const struct zp_entry *entry;

    (void)state;
    make(&image, &(struct gen_bzimage){.version = 0x20f, .low = true, .no_payload = true});
    entry = sound(&in, &image, ZP_PROTOCOL_LINUX16);
    assert_int_equal(in.image.formats, ZP_FORMAT_ZIMAGE);
    assert_protocols(&in, OFFERS(LINUX16));
    assert_int_equal(in.segments[entry->segment_first].paddr.value, 0x10000);
    assert_int_equal(in.segments[entry->segment_first + 1].paddr.value, 0x90000);
    assert_int_equal(entry->reserve.value, 0x10000);
    gen_resize(&image, image.code + 0x80000);
    sound(&in, &image, ZP_PROTOCOL_LINUX16);
    gen_resize(&image, image.size + 1); /* syssize tells what is code */
    sound(&in, &image, ZP_PROTOCOL_LINUX16);
    assert_int_equal(in.image.bzimage.code_size, 0x400);
    gen_poke(&image, 0x206, 2, 0x203); /* too old to be asked */
    assert_int_equal(inspect(&in, &image), ZP_ERR_TOO_LARGE);
    assert_int_equal(in.error.field, ZP_FIELD_PROTECTED_MODE_CODE);
    assert_int_equal(in.error.limit, 0x80000);
    gen_free(&image);
}

static void kernels_older_than_200(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_boot_sector(&image);
    sound(&in, &image, ZP_PROTOCOL_LINUX16);
    assert_int_equal(in.image.formats, ZP_FORMAT_PRE_200 | ZP_FORMAT_ZIMAGE);
    assert_int_equal(in.image.bzimage.version, 0);
    assert_int_equal(in.image.bzimage.header_end, 0x200);
    assert_int_equal(in.image.bzimage.header.jump, 0);
    assert_int_equal(in.image.bzimage.code_offset, 5 * 512);
    gen_poke(&image, 0x1f1, 1, 40);
    assert_int_equal(inspect(&in, &image), ZP_ERR_TRUNCATED);
    gen_poke(&image, 0x1f1, 1, 4);
    gen_poke(&image, 0x1fe, 2, 0);
    assert_int_equal(inspect(&in, &image), ZP_ERR_FORMAT);
    gen_poke(&image, 0x1fe, 2, 0xaa55);
    gen_poke(&image, 0, 1, 0xeb); /* a disk's boot sector has AA55 too */
    assert_int_equal(inspect(&in, &image), ZP_ERR_FORMAT);
    gen_free(&image);
}

/* A source that claims sizes no file has. */
static int read_huge(void *context, uint64_t offset, void *buffer, size_t length)
{
    const struct gen_image *image = context;

    for (size_t i = 0; i < length; i++)
        ((uint8_t *)buffer)[i] = offset + i < image->size ? image->bytes[offset + i] : 0;
    return 0;
}

static void sizes_near_2_to_the_64(void **state)
{
    struct gen_image image;
    struct inspecting in = {0};
    struct zp_source source = {.size = UINT64_MAX, .read = read_huge, .context = &image};

    (void)state;
    in.room = (struct zp_image_room){in.segments, 8, in.notes, 8, in.entries, 8};
    make(&image, &(struct gen_bzimage){0});
    gen_poke(&image, 0x1f4, 4, 0);
    assert_int_equal(zp_inspect(&source, &in.room, &in.image, &in.error), ZP_ERR_TOO_SMALL);
    gen_poke(&image, 0x206, 2, 0x205);
    assert_int_equal(zp_inspect(&source, &in.room, &in.image, &in.error), ZP_ERR_TOO_LARGE);
    assert_int_equal(in.error.field, ZP_FIELD_PROTECTED_MODE_CODE);
    gen_poke(&image, 0x1f4, 4, 0x40);
    assert_int_equal(zp_inspect(&source, &in.room, &in.image, &in.error), ZP_OK);
    assert_true(in.image.bzimage.trailing_size == UINT64_MAX - 0x800);
    gen_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_offer_their_entries),
        cmocka_unit_test(younger_fields_do_not_exist),
        cmocka_unit_test(the_jump_ends_the_header),
        cmocka_unit_test(a_modern_kernel_says_where_it_lies),
        cmocka_unit_test(places_follow_the_options),
        cmocka_unit_test(setup_sects_0_means_4),
        cmocka_unit_test(trailing_bytes_are_told),
        cmocka_unit_test(code32_start_0_is_16_bit_alone),
        cmocka_unit_test(fields_that_are_spoiled),
        cmocka_unit_test(code32_start_too_high),
        cmocka_unit_test(the_64_bit_entry_must_be_there),
        cmocka_unit_test(cmdline_and_initrd_limits),
        cmocka_unit_test(payload_and_texts_are_optional),
        cmocka_unit_test(compressions_are_told),
        cmocka_unit_test(zimages_are_loaded_low),
        cmocka_unit_test(kernels_older_than_200),
        cmocka_unit_test(sizes_near_2_to_the_64),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
