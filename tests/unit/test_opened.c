/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * opened.c and uki.c: an image and a plan with more elements than the first room holds, compressed files,
 * UKIs, both in each other, and every way to say no.
 */
#include "packing.h"

#include <errno.h>

#include <zeropage/machine.h>
#include <zeropage/wire/elf.h>
#include <zeropage/zeropage.h>

#include "opened.h"

#define SEGMENTS 300
#define PAGE     4096

/* An ELF64 of SEGMENTS pages of one byte each, whose first instruction is in the first; remove with unlink.
 */
static const char *write_elf(void)
{
    static char path[] = "/tmp/zp-test-opened-XXXXXX";
    struct zp_elf64_ehdr header = {
        .e_ident = {0x7f, 'E', 'L', 'F', ZP_ELFCLASS64, ZP_ELFDATA2LSB, 1, ZP_ELFOSABI_STANDALONE},
        .e_type = ZP_ET_EXEC,
        .e_machine = ZP_EM_X86_64,
        .e_version = 1,
        .e_entry = 0x200000,
        .e_phoff = sizeof(header),
        .e_ehsize = sizeof(header),
        .e_phentsize = sizeof(struct zp_elf64_phdr),
        .e_phnum = SEGMENTS};
    FILE *out;
    int fd;

    strcpy(path + sizeof(path) - 7, "XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    out = fdopen(fd, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(&header, sizeof(header), 1, out), 1);
    for (uint64_t i = 0; i < SEGMENTS; i++) {
        const struct zp_elf64_phdr segment = {.p_type = ZP_PT_LOAD,
                                              .p_flags = ZP_PF_R | ZP_PF_X,
                                              .p_vaddr = 0x200000 + i * PAGE,
                                              .p_paddr = 0x200000 + i * PAGE,
                                              .p_filesz = 1,
                                              .p_memsz = 1,
                                              .p_align = 1};

        assert_int_equal(fwrite(&segment, sizeof(segment), 1, out), 1);
    }
    assert_int_equal(fclose(out), 0);
    return path;
}

static void room_grows(void **state)
{
    struct zp_memory_range ranges[ZP_PC_RANGE_COUNT];
    const struct zp_pc pc = {.struct_size = sizeof(pc),
                             .cpu_count = 1,
                             .ram_size = 64 << 20,
                             .hole_start = {0xc0000000},
                             .hole_end = {UINT64_C(1) << 32}};
    const struct zp_request request = {.struct_size = sizeof(request)};
    const char *path = write_elf();
    struct zp_opened_image opened;
    struct zp_made_plan made;
    struct zp_machine machine;
    struct zp_error error = {0};

    (void)state;
    assert_int_equal(zp_opened_image_open(&opened, path, NULL, &error), 0);
    assert_int_equal(opened.image.segment_count, SEGMENTS);
    assert_ptr_equal(opened.image.source, &opened.file.source);
    assert_int_equal(opened.image.segments[SEGMENTS - 1].paddr.value, 0x200000 + (SEGMENTS - 1) * PAGE);
    assert_int_equal(zp_machine_pc(&pc, ranges, ZP_PC_RANGE_COUNT, &machine, &error), ZP_OK);
    assert_int_equal(zp_made_plan_make(&made, &opened.image, &machine, &request, &error), 0);
    assert_true(made.plan.span_count > SEGMENTS);
    assert_non_null(zp_plan_span_at(&made.plan, (zp_gpa){0x200000}));
    zp_made_plan_free(&made);
    assert_null(made.plan.spans);
    zp_opened_image_close(&opened);
    assert_null(opened.image.segments);
    zp_opened_image_close(&opened); /* harmless */
    assert_int_equal(unlink(path), 0);
}

static void refusals_pass_through(void **state)
{
    struct zp_opened_image opened;
    struct zp_error error = {0};

    (void)state;
    assert_int_equal(zp_opened_image_open(&opened, "/nonexistent", NULL, &error), ENOENT);
    assert_int_equal(zp_opened_image_open(&opened, "/", NULL, &error), EISDIR);
    assert_int_equal(error.code, 0);
    assert_int_equal(zp_opened_image_open(&opened, "/dev/null", NULL, &error), ZP_ERR_EMPTY);
    assert_int_equal(error.code, ZP_ERR_EMPTY);
    assert_int_equal(zp_opened_image_open(&opened, "/etc/passwd", NULL, NULL), ZP_ERR_FORMAT);
    assert_null(opened.file.name);
}

static void impossible_plan_says_why(void **state)
{
    struct zp_memory_range range = {{0}, 1 << 20, ZP_USAGE_FREE, 0};
    const struct zp_machine machine = {
        .struct_size = sizeof(machine), .cpu_count = 1, .ranges = &range, .range_count = 1};
    const struct zp_request request = {.struct_size = sizeof(request)};
    const char *path = write_elf();
    struct zp_opened_image opened;
    struct zp_made_plan made;
    struct zp_error error = {0};

    (void)state;
    assert_int_equal(zp_opened_image_open(&opened, path, NULL, &error), 0);
    assert_true(zp_made_plan_make(&made, &opened.image, &machine, &request, &error) < 0);
    assert_int_equal(error.field, ZP_FIELD_KERNEL);
    assert_null(made.room.spans);
    zp_opened_image_close(&opened);
    assert_int_equal(unlink(path), 0);
}

/* Opens an image, which is freed; its file is gone again, which nothing needs any more. */
static int open_image(struct zp_opened_image *opened, struct gen_image *image, struct zp_error *error)
{
    char path[PATH_SIZE];
    int status;

    write_image(path, image);
    status = zp_opened_image_open(opened, path, NULL, error);
    assert_int_equal(unlink(path), 0);
    return status;
}

/* What the source of the opened image says at its start. */
static uint32_t magic_of(const struct zp_opened_image *opened)
{
    uint32_t magic = 0;
    const struct zp_source *source = opened->image.source;

    assert_int_equal(source->read(source->context, 0, &magic, sizeof(magic)), 0);
    return magic;
}

static void compressed_files_are_followed(void **state)
{
    struct zp_opened_image opened;
    struct zp_error error = {0};
    struct gen_image image;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.pvh = true});
    gzip(&image);
    assert_int_equal(open_image(&opened, &image, &error), 0);
    assert_int_equal(opened.compression, ZP_COMPRESSION_GZIP);
    assert_string_equal(opened.inside, "unpacked");
    assert_int_equal(opened.image.elf.class_bits, 64);
    assert_ptr_equal(opened.image.source, &opened.unpacked.source);
    assert_int_equal(magic_of(&opened), 0x464c457f);
    zp_opened_image_close(&opened);

    gen_elf(&image, &(struct gen_elf){.pvh = true}); /* in itself once more: no further */
    gzip(&image);
    gzip(&image);
    assert_int_equal(open_image(&opened, &image, &error), ZP_ERR_COMPRESSED);
    assert_int_equal(error.value, ZP_COMPRESSION_GZIP);
    assert_string_equal(opened.inside, "unpacked");
    assert_null(opened.unpacked.name);

    gen_elf(&image, &(struct gen_elf){.pvh = true});
    gzip(&image);
    gen_resize(&image, image.size / 2);
    assert_true(open_image(&opened, &image, &error) < 0);
    assert_int_equal(error.field, ZP_FIELD_PAYLOAD);
    assert_string_equal(opened.inside, "");
}

/* gen_uki: sections .text, .osrel, .cmdline, .linux, of 40 bytes each. */
#define SECTION_HEADER(n) (sections + 40 * (n))
enum {
    SECTION_OSREL = 1,
    SECTION_CMDLINE,
    SECTION_LINUX
};

static size_t make_uki(struct gen_image *image)
{
    gen_uki(image);
    memcpy(image->bytes + 0x320, "quiet  \n\0\0", 10);
    memcpy(image->bytes + 0x300, "NAME=x\n", 7);
    return image->sections;
}

static void ukis_are_followed(void **state)
{
    struct zp_opened_image opened;
    struct zp_error error = {0};
    struct gen_image image;
    char text[16];

    (void)state;
    for (int packed = 0; packed < 2; packed++) {
        make_uki(&image);
        if (packed)
            gzip(&image);
        assert_int_equal(open_image(&opened, &image, &error), 0);
        assert_true(opened.uki.present);
        assert_int_equal(opened.uki.packed, packed);
        assert_string_equal(opened.inside, packed ? "unpacked: .linux" : ".linux");
        assert_true(opened.image.formats & ZP_FORMAT_BZIMAGE);
        assert_ptr_equal(opened.image.source, &opened.linux_file.source);
        assert_int_equal(opened.uki.linux_offset, 0x400);
        /* VirtualSize bounds the bytes: 0x10 of 0x20 for one, the file's for another. */
        assert_int_equal(opened.uki.parts[ZP_UKI_CMDLINE].source.size, 0x10);
        assert_int_equal(opened.uki.parts[ZP_UKI_OSREL].source.size, 0x20);
        assert_int_equal(opened.uki.part_offsets[ZP_UKI_CMDLINE], 0x320);
        assert_null(opened.uki.parts[ZP_UKI_INITRD].name);
        assert_null(opened.uki.parts[ZP_UKI_UCODE].name);
        assert_int_equal(opened.uki.parts[ZP_UKI_CMDLINE].source.read(
                             opened.uki.parts[ZP_UKI_CMDLINE].source.context, 0, text, 5),
                         0);
        assert_memory_equal(text, "quiet", 5);
        assert_ptr_equal(zp_opened_image_uki_file(&opened), packed ? &opened.unpacked : &opened.file);
        zp_opened_image_close(&opened);
        assert_null(opened.uki.parts[ZP_UKI_CMDLINE].name);
    }
}

static void spoiled_ukis_are_refused(void **state)
{
    static const struct {
        unsigned section, member; /* offset in the section header */
        uint32_t value;
        int status;
    } cases[] = {
        {SECTION_CMDLINE, 20, 0xffffffff, ZP_ERR_TRUNCATED}, /* PointerToRawData */
        {SECTION_OSREL, 20, 0x7fffffff, ZP_ERR_TRUNCATED},
        {SECTION_LINUX, 20, 0xfffff000, ZP_ERR_TRUNCATED},
        {SECTION_CMDLINE, 20, 0x300, ZP_ERR_OVERLAP},
        {SECTION_CMDLINE, 20, 0x500, ZP_ERR_OVERLAP},
        {SECTION_OSREL, 20, 0x3f0, ZP_ERR_OVERLAP},
    };
    struct zp_opened_image opened;
    struct gen_image image;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct zp_error error = {0};
        size_t sections = make_uki(&image);

        gen_poke(&image, SECTION_HEADER(cases[i].section) + cases[i].member, 4, cases[i].value);
        assert_int_equal(open_image(&opened, &image, &error), cases[i].status);
        assert_int_equal(error.code, cases[i].status);
        assert_int_equal(error.field, ZP_FIELD_PE_SECTION);
        assert_null(opened.file.name);
    }
}

static void sizes_of_a_section(void **state)
{
    struct zp_opened_image opened;
    struct zp_error error = {0};
    struct gen_image image;
    size_t sections;

    (void)state;
    /* More memory than bytes: the bytes. */
    sections = make_uki(&image);
    gen_poke(&image, SECTION_HEADER(SECTION_CMDLINE) + 8, 4, 0x1000000);
    assert_int_equal(open_image(&opened, &image, &error), 0);
    assert_int_equal(opened.uki.parts[ZP_UKI_CMDLINE].source.size, 0x20);
    zp_opened_image_close(&opened);
    /* None at all: as if it were not there, wherever it claims to lie. */
    sections = make_uki(&image);
    gen_poke(&image, SECTION_HEADER(SECTION_CMDLINE) + 8, 4, 0);
    gen_poke(&image, SECTION_HEADER(SECTION_CMDLINE) + 20, 4, 0xffffffff);
    assert_int_equal(open_image(&opened, &image, &error), 0);
    assert_null(opened.uki.parts[ZP_UKI_CMDLINE].name);
    zp_opened_image_close(&opened);
    /* A kernel of no bytes is an empty file. */
    sections = make_uki(&image);
    gen_poke(&image, SECTION_HEADER(SECTION_LINUX) + 8, 4, 0);
    assert_int_equal(open_image(&opened, &image, &error), ZP_ERR_EMPTY);
    assert_string_equal(opened.inside, ".linux");
}

/* A .linux that is packed once is followed, a UKI in a UKI is not. */
static void what_linux_may_hold(void **state)
{
    struct zp_opened_image opened;
    struct zp_error error = {0};
    struct gen_image image, kernel;
    size_t sections;

    (void)state;
    gen_elf(&kernel, &(struct gen_elf){.pvh = true});
    gzip(&kernel);
    sections = make_uki(&image);
    assert_true(kernel.size <= image.kernel_size);
    memcpy(image.bytes + image.kernel, kernel.bytes, kernel.size);
    gen_poke(&image, SECTION_HEADER(SECTION_LINUX) + 8, 4, kernel.size);
    gen_free(&kernel);
    assert_int_equal(open_image(&opened, &image, &error), 0);
    assert_string_equal(opened.inside, ".linux: unpacked");
    assert_int_equal(opened.image.elf.class_bits, 64);
    assert_false(opened.uki.packed);
    assert_ptr_equal(zp_opened_image_uki_file(&opened), &opened.file);
    zp_opened_image_close(&opened);

    make_uki(&kernel);
    sections = make_uki(&image);
    gen_resize(&image, image.kernel + kernel.size);
    memcpy(image.bytes + image.kernel, kernel.bytes, kernel.size);
    gen_poke(&image, SECTION_HEADER(SECTION_LINUX) + 8, 4, kernel.size);
    gen_poke(&image, SECTION_HEADER(SECTION_LINUX) + 16, 4, kernel.size);
    gen_free(&kernel);
    assert_int_equal(open_image(&opened, &image, &error), ZP_ERR_UKI);
    assert_string_equal(opened.inside, ".linux");
}

/* Progress is told an end whether the stream is sound or not. */
static void note_end(void *context, uint64_t done, uint64_t total)
{
    if (done == 0 && total == 0)
        ++*(int *)context;
}

static void progress_ends(void **state)
{
    int ends = 0;
    const struct zp_opening opening = {.progress = note_end, .progress_context = &ends};
    struct zp_opened_image opened;
    struct gen_image image;
    char path[PATH_SIZE];

    (void)state;
    for (int spoiled = 0; spoiled < 2; spoiled++) {
        gen_elf(&image, &(struct gen_elf){.pvh = true});
        gzip(&image);
        if (spoiled)
            gen_resize(&image, 40);
        write_image(path, &image);
        ends = 0;
        assert_int_equal(zp_opened_image_open(&opened, path, &opening, NULL) != 0, spoiled);
        assert_true(ends >= 1);
        zp_opened_image_close(&opened);
        assert_int_equal(unlink(path), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(room_grows),
        cmocka_unit_test(refusals_pass_through),
        cmocka_unit_test(impossible_plan_says_why),
        cmocka_unit_test(compressed_files_are_followed),
        cmocka_unit_test(ukis_are_followed),
        cmocka_unit_test(spoiled_ukis_are_refused),
        cmocka_unit_test(sizes_of_a_section),
        cmocka_unit_test(what_linux_may_hold),
        cmocka_unit_test(progress_ends),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
