/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The relocation table behind a Linux ELF: every layout, every fault of HOSTILE row 19, what it means for
 * where the kernel may be moved, and how load applies it.
 */
#include "inspecting.h"
#include "plan_fixture.h"

#include <stdlib.h>

#include <zeropage/wire/elf.h>

#define MAP64 UINT64_C(0xffffffff80000000)
#define LOW   UINT32_C(0x80000000) /* its low half */

static const struct zp_relocations *relocations(struct inspecting *in, const struct gen_image *image)
{
    if (inspect(in, image) != ZP_OK)
        fail_msg("refused: %s %s", zp_status_name(in->status), zp_field_name(in->error.field));
    return &in->image.relocations;
}

static void assert_list(uint64_t offset, uint64_t count, const struct gen_list *list)
{
    assert_int_equal(count, list->count);
    assert_int_equal(offset, list->count ? list->at : offset);
}

static void assert_sound(const struct zp_relocations *table, const struct gen_image *image, uint32_t lists)
{
    assert_string_equal(zp_status_name(table->fault.code), zp_status_name(ZP_OK));
    assert_int_equal(table->list_count, lists);
    assert_int_equal(table->offset, image->relocations);
    assert_int_equal(table->offset + table->size, image->size);
    assert_list(table->list64_offset, table->list64_count, &image->list64);
    assert_list(table->list32neg_offset, table->list32neg_count, &image->list32neg);
    assert_list(table->list32_offset, table->list32_count, &image->list32);
}

static void assert_none(const struct zp_relocations *table)
{
    assert_int_equal(table->list_count, 0);
    assert_string_equal(zp_status_name(table->fault.code), zp_status_name(ZP_OK));
}

static void assert_fault(const struct zp_relocations *table, int code, size_t offset)
{
    if (table->fault.code != code || table->fault.offset != offset)
        fail_msg("%s at 0x%llx, not %s at 0x%zx", zp_status_name(table->fault.code),
                 (unsigned long long)table->fault.offset, zp_status_name(code), offset);
    assert_int_equal(table->fault.field, ZP_FIELD_RELOCATIONS);
    assert_int_equal(table->list_count, 0);
}

/* --- layouts -------------------------------------------------------------------------------------- */

static void every_layout_is_read(void **state)
{
    static const struct gen_linux kinds[] = {
        {.lists = 3},
        {.lists = 2},
        {.bits = 32},
        {.lists = 3, .scale = 40}, /* more than fit into a chunk */
        {.lists = 2, .scale = 40, .pvh = true},
        {.bits = 32, .scale = 100, .late_entry = true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct zp_relocations *table;
        struct gen_image image;
        struct inspecting in;

        gen_linux(&image, &kinds[i]);
        table = relocations(&in, &image);
        assert_sound(table, &image, kinds[i].bits == 32 ? 1 : kinds[i].lists);
        assert_true(table->map == (kinds[i].bits == 32 ? 0xc0000000 : MAP64));
        assert_int_equal(in.image.elf.guest_linux, 1);
        assert_int_equal(in.image.elf.file_end, image.relocations);
        gen_free(&image);
    }
}

static void poke_words(struct gen_image *image, const uint32_t *words, size_t count)
{
    size_t at = image->size;

    image->relocations = at;
    gen_resize(image, at + 4 * count);
    for (size_t i = 0; i < count; i++)
        gen_poke(image, at + 4 * i, 4, words[i]);
}

/* Lists may be empty, but for the last one. */
static void lists_may_be_empty(void **state)
{
    static const struct {
        unsigned bits;
        uint32_t words[5];
        unsigned length;
        uint32_t lists;
        uint64_t counts[3];
    } cases[] = {
        {64, {0, 0, 0, 0x81000100}, 4, 3, {0, 0, 1}},
        {64, {0, 0, 0x81000100, 0x81000104}, 4, 2, {0, 0, 2}},
        {64, {0, 0x81000108, 0, 0x81000100, 0}, 5, 2, {1, 0, 1}}, /* the last 0 is padding */
        {32, {0, 0xc1000100}, 2, 1, {0, 0, 1}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct zp_relocations *table;
        struct gen_image image;
        struct inspecting in;

        gen_linux(&image, &(struct gen_linux){.bits = cases[i].bits, .no_table = true});
        assert_none(relocations(&in, &image));
        poke_words(&image, cases[i].words, cases[i].length);
        table = relocations(&in, &image);
        assert_string_equal(zp_status_name(table->fault.code), zp_status_name(ZP_OK));
        assert_int_equal(table->list_count, cases[i].lists);
        assert_int_equal(table->list64_count, cases[i].counts[0]);
        assert_int_equal(table->list32neg_count, cases[i].counts[1]);
        assert_int_equal(table->list32_count, cases[i].counts[2]);
        gen_free(&image);
    }
}

/* Zeros behind the ELF are no table, and behind a table they are padding: up to 1 MiB of them. */
static void zeros_are_padding(void **state)
{
    static const struct gen_linux kinds[] = {{.lists = 3}, {.lists = 2}, {.bits = 32}};
    static const size_t sizes[] = {4, 8, 12, 16, 4096, 1 << 20};

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct gen_image image;
        struct inspecting in;
        size_t size;

        gen_linux(&image, &kinds[i]);
        size = image.size;
        for (size_t j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
            gen_resize(&image, size + sizes[j]);
            relocations(&in, &image);
            image.size = size;
            assert_sound(&in.image.relocations, &image, kinds[i].bits == 32 ? 1 : kinds[i].lists);
        }
        gen_resize(&image, size + (1 << 20) + 4);
        assert_fault(relocations(&in, &image), ZP_ERR_VALUE, kinds[i].lists == 2 ? size + 4 : size);
        gen_resize(&image, image.relocations);
        for (size_t j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
            gen_resize(&image, image.relocations + sizes[j] - j % 4);
            assert_none(relocations(&in, &image));
        }
        gen_free(&image);
    }
}

/* The last link addresses: a target ends with them, or is refused. */
static void link_addresses_end_at_4_gib(void **state)
{
    static const struct {
        uint32_t entry;
        int code;
    } cases[] = {{0xfffffffc, ZP_OK}, {0xfffffffd, ZP_ERR_OUTSIDE}, {0xffffffff, ZP_ERR_OUTSIDE}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct zp_relocations *table;
        struct gen_image image;
        struct inspecting in;

        gen_elf(&image,
                &(struct gen_elf){.load = 0x7fffff80, .pvh = true}); /* bytes on both sides of the end */
        poke_words(&image, (const uint32_t[]){0, 0, 0xffffff90, cases[i].entry}, 4);
        table = relocations(&in, &image);
        assert_int_equal(table->fault.code, cases[i].code);
        assert_int_equal(table->list32_count, cases[i].code ? 0 : 2);
        gen_free(&image);
    }
}

/* Where the mapping wraps, the next entry speaks of address 0, though the segment goes on. */
static void targets_end_at_4_gib(void **state)
{
    static const struct {
        uint32_t entry;
        int code;
    } cases[] = {{0x7ffffffc, ZP_OK},
                 {0x7ffffffd, ZP_ERR_OUTSIDE},
                 {0x80000000, ZP_ERR_OUTSIDE},
                 {0x80000010, ZP_ERR_OUTSIDE}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct zp_relocations *table;
        struct gen_image image;
        struct inspecting in;

        gen_elf(&image, &(struct gen_elf){.load = 0xffffff80, .pvh = true});
        poke_words(&image, (const uint32_t[]){0, 0, 0x7fffff90, cases[i].entry}, 4);
        table = relocations(&in, &image);
        assert_int_equal(table->fault.code, cases[i].code);
        assert_int_equal(table->list32_count, cases[i].code ? 0 : 2);
        gen_free(&image);
    }
}

/* --- HOSTILE row 19 ------------------------------------------------------------------------------- */

struct spoil {
    const char *name;
    size_t offset; /* of the word */
    uint32_t value;
    int code;
    size_t at; /* of the error; 0: of the word */
};

static void spoil_all(const struct gen_linux *kind, const struct spoil *spoils, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct zp_relocations *table;
        struct gen_image image;
        struct inspecting in;
        size_t at = spoils[i].at ? spoils[i].at : spoils[i].offset;

        gen_linux(&image, kind);
        gen_poke(&image, spoils[i].offset, 4, spoils[i].value);
        table = relocations(&in, &image);
        if (table->fault.code != spoils[i].code || table->fault.offset != at)
            fail_msg("%s: %s at 0x%llx, not 0x%zx", spoils[i].name, zp_status_name(table->fault.code),
                     (unsigned long long)table->fault.offset, at);
        assert_fault(table, spoils[i].code, at);
        /* The image can be booted as linked, and an ELF64 be moved physically. */
        assert_non_null(
            zp_image_entry(&in.image, kind->bits == 32 ? ZP_PROTOCOL_LINUX32 : ZP_PROTOCOL_LINUX64));
        gen_free(&image);
    }
}

#define SPOIL_ALL(kind, spoils) spoil_all((kind), (spoils), sizeof(spoils) / sizeof((spoils)[0]))

/* Segments of gen_linux: text at 16 MiB, data a page on, per-cpu data, init; 0x400, 0x200, 0x100, 0x200
 * bytes. */
static void entries_of_three_lists_that_are_spoiled(void **state)
{
    const struct gen_linux kind = {.lists = 3};
    struct gen_image image;
    size_t table, list64, neg, list32, last64, last32;

    (void)state;
    gen_linux(&image, &kind);
    table = image.relocations;
    list64 = image.list64.at;
    neg = image.list32neg.at;
    list32 = image.list32.at;
    last64 = list64 + 4 * (image.list64.count - 1);
    last32 = list32 + 4 * (image.list32.count - 1);
    {
        const struct spoil spoils[] = {
            {"the first terminator", table, 0x81001000, ZP_ERR_VALUE, 0},
            {"a fourth list", list32 + 8, 0, ZP_ERR_VALUE, 0},
            {"a fourth list by an early end", list64 + 8, 0, ZP_ERR_VALUE, list32 - 4},
            {"lists run together", neg - 4, 0x810020f8, ZP_ERR_OVERLAP, neg},
            {"lists run together, out of the file", neg - 4, 0xffffffff, ZP_ERR_OUTSIDE, 0},
            {"not in the kernel's mapping", list64, 0x1001008, ZP_ERR_OUTSIDE, 0},
            {"before the first segment", list64, 0x80ffffff, ZP_ERR_OUTSIDE, 0},
            {"before the first segment, the end in it", neg, 0x80fffffe, ZP_ERR_OUTSIDE, 0},
            {"between segments", list64, 0x81000800, ZP_ERR_OUTSIDE, 0},
            {"past the end of a segment", last64, 0x810020f9, ZP_ERR_OUTSIDE, 0},
            {"in the BSS", last32, 0x81003200, ZP_ERR_OUTSIDE, 0},
            {"half in the BSS", last32, 0x810031fd, ZP_ERR_OUTSIDE, 0},
            {"behind all segments", last32, 0x81100000, ZP_ERR_OUTSIDE, 0},
            {"the last link address", last32, 0xffffffff, ZP_ERR_OUTSIDE, 0},
            {"twice", list64 + 4, 0x81001008, ZP_ERR_OVERLAP, 0},
            {"descending", list64 + 4, 0x81001000, ZP_ERR_OVERLAP, 0},
            {"over the one before", list64 + 4, 0x8100100f, ZP_ERR_OVERLAP, 0},
            {"over the next", list64, 0x81001011, ZP_ERR_OVERLAP, list64 + 4},
            {"over the next, of 4 bytes", list32, 0x81000112, ZP_ERR_OVERLAP, list32 + 4},
            {"in two lists", list32, 0x81000101, ZP_ERR_OVERLAP, 0},
            {"over one of another list", list32, 0x81000104, ZP_ERR_OVERLAP, 0},
            {"over the next of another list", neg, 0x81000102, ZP_ERR_OVERLAP, list32},
            {"over the end of 8 bytes", list32 + 4 * 47, 0x8100100c, ZP_ERR_OVERLAP, 0},
            {"over the start of 8 bytes", list32 + 4 * 47, 0x81001005, ZP_ERR_OVERLAP, list64},
        };

        SPOIL_ALL(&kind, spoils);
    }
    gen_free(&image);
}

static void entries_of_other_layouts_that_are_spoiled(void **state)
{
    const struct gen_linux two = {.lists = 2}, narrow = {.bits = 32}, large = {.lists = 3, .scale = 40};
    struct gen_image image;

    (void)state;
    gen_linux(&image, &two);
    {
        const struct spoil spoils[] = {
            {"the first terminator", image.relocations, 1, ZP_ERR_VALUE, 0},
            {"no second list", image.list32.at - 4, 0x810020f8, ZP_ERR_OVERLAP, image.list32.at},
            {"in two lists", image.list32.at + 4 * 47, 0x81001018, ZP_ERR_OVERLAP, 0},
        };

        SPOIL_ALL(&two, spoils);
    }
    gen_free(&image);
    gen_linux(&image, &narrow);
    {
        const struct spoil spoils[] = {
            {"no terminator", image.relocations, 0xc1000000, ZP_ERR_VALUE, 0},
            {"a second list", image.list32.at + 4, 0, ZP_ERR_VALUE, 0},
            {"below PAGE_OFFSET", image.list32.at, 0x1000105, ZP_ERR_OUTSIDE, 0},
            {"twice", image.list32.at + 4, 0xc1000105, ZP_ERR_OVERLAP, 0},
        };

        SPOIL_ALL(&narrow, spoils);
    }
    gen_free(&image);
    gen_linux(&image, &large); /* list64 and list32neg have 1920 entries */
    {
        const struct spoil spoils[] = {
            {"in the second chunk", image.list64.at + 4 * 1500, 0x81100000, ZP_ERR_OUTSIDE, 0},
            {"first of a chunk", image.list64.at + 4 * 1023, 0, ZP_ERR_VALUE, image.list32.at - 4},
            {"in two lists", image.list32.at + 4 * 1500,
             (uint32_t)gen_peek(&image, image.list32neg.at + 4 * 1500, 4), ZP_ERR_OVERLAP, 0},
        };

        SPOIL_ALL(&large, spoils);
    }
    gen_free(&image);
}

/* Cut anywhere. Behind its second terminator a table of three lists looks like one of two. */
static void every_truncation_of_the_table(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_linux(&image, &(struct gen_linux){.lists = 3});
    for (size_t size = image.size - 1; size >= image.relocations; size--) {
        const struct zp_relocations *table;

        gen_resize(&image, size);
        table = relocations(&in, &image);
        if (size <= image.relocations + 4)
            assert_none(table); /* zeros alone */
        else if ((size - image.relocations) % 4 != 0)
            assert_fault(table, ZP_ERR_ALIGNMENT, size - (size - image.relocations) % 4);
        else if (size <= image.list32neg.at)
            assert_fault(table, ZP_ERR_VALUE, image.relocations);
        else
            assert_int_equal(table->list_count, size <= image.list32.at ? 2 : 3);
    }
    gen_free(&image);
}

/* --- whose bytes they are ------------------------------------------------------------------------- */

static void bytes_behind_other_elfs_are_nobodys(void **state)
{
    static const uint32_t text[] = {0x6e676953, 0x72757461, 0x65}, padding[] = {0, 0, 0},
                          good[] = {0, 0, 0x81000010}, bad[] = {0, 0, 0x82000010};
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.virtual_addresses = true});
    poke_words(&image, text, 3);
    assert_none(relocations(&in, &image));
    gen_resize(&image, image.size - 9); /* of no whole word */
    assert_none(relocations(&in, &image));
    assert_int_equal(in.image.elf.guest_linux, 0);
    gen_free(&image);

    gen_elf(&image, &(struct gen_elf){.virtual_addresses = true});
    poke_words(&image, padding, 3);
    assert_none(relocations(&in, &image));
    assert_int_equal(in.image.elf.guest_linux, 0);
    for (size_t i = 0; i < 3; i++)
        gen_poke(&image, image.relocations + 4 * i, 4, bad[i]);
    assert_none(relocations(&in, &image));
    for (size_t i = 0; i < 3; i++)
        gen_poke(&image, image.relocations + 4 * i, 4, good[i]);
    assert_int_equal(relocations(&in, &image)->list_count, 2);
    assert_int_equal(in.image.elf.guest_linux, 1);
    assert_int_equal(in.entries[0].align, 2 << 20);
    gen_free(&image);
}

#define EHDR64(member) offsetof(struct zp_elf64_ehdr, member)
#define SHDR64(image, index, member) \
    ((image).shdrs + (index) * sizeof(struct zp_elf64_shdr) + offsetof(struct zp_elf64_shdr, member))

/* The ELF's end: what claims bytes outside of the file has none. */
static void the_end_of_the_elf(void **state)
{
    struct gen_image image;
    struct inspecting in;
    uint64_t end;

    (void)state;
    gen_linux(&image, &(struct gen_linux){0});
    end = image.relocations;
    assert_sound(relocations(&in, &image), &image, 3);
    gen_poke(&image, EHDR64(e_shnum), 2, 0); /* told by section 0 */
    gen_poke(&image, SHDR64(image, 0, sh_size), 8, 3);
    assert_sound(relocations(&in, &image), &image, 3);
    gen_poke(&image, SHDR64(image, 0, sh_offset), 8, image.size - 3); /* which is no section */
    assert_sound(relocations(&in, &image), &image, 3);
    gen_poke(&image, SHDR64(image, 2, sh_size), 8, image.size - image.shdrs); /* nor has a BSS bytes */
    assert_sound(relocations(&in, &image), &image, 3);
    gen_poke(&image, SHDR64(image, 1, sh_size), 8, UINT64_MAX); /* a section out of the file */
    assert_sound(relocations(&in, &image), &image, 3);
    gen_poke(&image, SHDR64(image, 1, sh_size), 8, image.size - image.code); /* to the very end */
    assert_none(relocations(&in, &image));
    assert_int_equal(in.image.elf.file_end, image.size);
    gen_poke(&image, SHDR64(image, 1, sh_size), 8, 0);

    gen_poke(&image, SHDR64(image, 0, sh_size), 8, UINT32_MAX); /* a table out of the file: not counted */
    assert_fault(relocations(&in, &image), ZP_ERR_VALUE, image.shdrs + 12);
    assert_int_equal(in.image.elf.file_end, image.shdrs);
    gen_poke(&image, EHDR64(e_shnum), 2, 3);
    gen_poke(&image, EHDR64(e_shentsize), 2, 0); /* of another layout */
    inspect(&in, &image);
    assert_int_equal(in.image.elf.file_end, image.shdrs);
    gen_poke(&image, EHDR64(e_shoff), 8, UINT64_MAX - 8);
    inspect(&in, &image);
    assert_int_equal(in.image.elf.file_end, image.shdrs);
    gen_poke(&image, EHDR64(e_shoff), 8, 0); /* no table at all */
    inspect(&in, &image);
    assert_int_equal(in.image.elf.file_end, image.shdrs);
    assert_true(end > image.shdrs);
    gen_free(&image);
}

/* 64 KiB sections and more are counted in section 0; the table is read in blocks, and stays cheap. */
static void very_many_sections(void **state)
{
    const uint32_t sections = 70000;
    struct gen_image image;
    struct inspecting in;
    size_t shdrs;

    (void)state;
    gen_linux(&image, &(struct gen_linux){.no_table = true});
    shdrs = image.size;
    gen_resize(&image, shdrs + (size_t)sections * sizeof(struct zp_elf64_shdr));
    gen_poke(&image, EHDR64(e_shoff), 8, shdrs);
    gen_poke(&image, EHDR64(e_shnum), 2, 0);
    image.shdrs = shdrs;
    gen_poke(&image, SHDR64(image, 0, sh_size), 8, sections);
    assert_none(relocations(&in, &image));
    assert_int_equal(in.image.elf.shnum, sections);
    assert_int_equal(in.image.elf.file_end, image.size);
    poke_words(&image, (const uint32_t[]){0, 0, 0x81000100}, 3);
    assert_int_equal(relocations(&in, &image)->list_count, 2);
    gen_free(&image);
}

/* --- where Linux may be moved --------------------------------------------------------------------- */

static void assert_movable(const struct zp_entry *entry, uint64_t max)
{
    assert_int_equal(entry->align, 2 << 20);
    assert_int_equal(entry->min.value, GEN_LINUX_LOAD);
    assert_true(entry->max.value == max);
    assert_int_equal(entry->prefer, ZP_PREFER_LINKED);
}

static void linux_can_be_moved(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_linux(&image, &(struct gen_linux){.pvh = true, .late_entry = true});
    assert_movable(sound(&in, &image, ZP_PROTOCOL_LINUX64), (UINT64_C(1) << 46) - 1);
    assert_int_equal(in.entries[0].protocol, ZP_PROTOCOL_LINUX64); /* before PVH */
    assert_int_equal(in.entries[0].address.value, GEN_LINUX_LOAD + 0x3010);
    assert_int_equal(in.entries[0].reserve.value, GEN_LINUX_LOAD);
    assert_int_equal(in.entries[1].protocol, ZP_PROTOCOL_PVH);
    assert_int_equal(in.entries[1].align, 0);
    gen_free(&image);

    gen_linux(&image, &(struct gen_linux){.no_table = true}); /* physically, that needs no table */
    assert_movable(sound(&in, &image, ZP_PROTOCOL_LINUX64), (UINT64_C(1) << 46) - 1);
    gen_free(&image);

    gen_linux(&image, &(struct gen_linux){.bits = 32});
    assert_movable(sound(&in, &image, ZP_PROTOCOL_LINUX32), (UINT64_C(512) << 20) - 1);
    gen_poke(&image, image.relocations, 4, 1); /* no sound table: as linked */
    assert_int_equal(sound(&in, &image, ZP_PROTOCOL_LINUX32)->align, 0);
    gen_free(&image);

    gen_elf(&image, &(struct gen_elf){.multiboot1 = true}); /* no Linux */
    assert_int_equal(sound(&in, &image, ZP_PROTOCOL_LINUX64)->align, 0);
    assert_int_equal(in.entries[0].protocol, ZP_PROTOCOL_MULTIBOOT1);
    gen_free(&image);
}

/* A faulty ELF has neither segments nor a table; a faulty entry leaves the table alone. */
static void faults_keep_apart(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_linux(&image, &(struct gen_linux){.pvh = true});
    gen_poke(&image, EHDR64(e_entry), 8, 0x7000000); /* the per-cpu segment has low virtual addresses */
    assert_sound(relocations(&in, &image), &image, 3);
    assert_protocols(&in, OFFERS(PVH));
    gen_poke(&image, image.phdrs + image.phdr_size + offsetof(struct zp_elf64_phdr, p_memsz), 8, 0);
    assert_int_equal(inspect(&in, &image), ZP_ERR_TOO_LARGE);
    gen_free(&image);

    gen_linux(&image, &(struct gen_linux){.bits = 32, .pvh = true});
    gen_poke(&image, offsetof(struct zp_elf32_ehdr, e_entry), 4, 7); /* the mapping is the first segment's */
    assert_sound(relocations(&in, &image), &image, 1);
    gen_free(&image);
}

/* --- a source that changes its mind --------------------------------------------------------------- */

struct fickle {
    struct zp_source source;
    const struct gen_image *image;
    size_t reads;
    size_t change_at; /* from this read on every word of the table is another */
    uint32_t change;
};

static int read_fickle(void *context, uint64_t offset, void *buffer, size_t length)
{
    struct fickle *fickle = context;

    memcpy(buffer, fickle->image->bytes + offset, length);
    if (++fickle->reads >= fickle->change_at && offset >= fickle->image->relocations)
        for (size_t i = 0; i + 4 <= length; i += 4) {
            uint32_t word;

            memcpy(&word, (char *)buffer + i, 4);
            word ^= fickle->change;
            memcpy((char *)buffer + i, &word, 4);
        }
    return 0;
}

static void a_table_that_changes_while_read(void **state)
{
    static const uint32_t changes[] = {0x10, 0x80000000, 0xffffffff};
    struct gen_image image;
    size_t reads = 0;

    (void)state;
    gen_linux(&image, &(struct gen_linux){.lists = 3, .scale = 10});
    for (size_t i = 0; i < 3; i++) {
        struct fickle fickle = {.image = &image, .change = changes[i], .change_at = SIZE_MAX};

        for (size_t n = 0; n <= reads; n++) {
            struct zp_segment segments[8];
            struct zp_note notes[8];
            struct zp_entry entries[8];
            const struct zp_image_room room = {segments, 8, notes, 8, entries, 8};
            struct zp_image found;

            fickle.source = (struct zp_source){image.size, read_fickle, &fickle};
            fickle.reads = 0;
            assert_int_equal(zp_inspect(&fickle.source, &room, &found, NULL), ZP_OK);
            assert_true((found.relocations.list_count != 0) != (found.relocations.fault.code != ZP_OK));
            if (reads == 0)
                reads = fickle.reads;
            fickle.change_at = n + 1;
        }
    }
    assert_true(reads > 4);
    gen_free(&image);
}

/* --- applied by load ------------------------------------------------------------------------------ */

#define GUEST_SIZE (64 * MIB)
#define DIRT       0xcc
#define SPAN       0x40000 /* more than the kernel takes */

/* A plan for a generated kernel at `load`, and guest memory full of dirt. */
struct relocating {
    struct gen_image image;
    struct inspecting in;
    struct fixture *f;
    unsigned char *bytes;
    struct zp_guest_region region;
    struct zp_guest guest;
};

static void prepare(struct relocating *r, const struct gen_linux *kind, uint64_t load, uint64_t virtual_delta)
{
    gen_linux(&r->image, kind);
    assert_int_equal(inspect(&r->in, &r->image), ZP_OK);
    r->f = fixture_new();
    r->f->image = r->in.image;
    make_pc(r->f, GUEST_SIZE);
    add_pin(r->f, ZP_SPAN_KERNEL, 0, load);
    plan_holds(r->f);
    if (kind->bits != 32)
        r->f->plan.virtual_delta = virtual_delta;
    assert_int_equal(r->f->plan.virtual_delta, virtual_delta);
    r->bytes = malloc(GUEST_SIZE);
    assert_non_null(r->bytes);
    memset(r->bytes, DIRT, GUEST_SIZE);
    r->region = (struct zp_guest_region){{0}, GUEST_SIZE, r->bytes};
    r->guest = (struct zp_guest){.struct_size = sizeof(r->guest), .regions = &r->region, .region_count = 1};
}

static void release(struct relocating *r)
{
    free(r->bytes);
    free(r->f);
    gen_free(&r->image);
}

/* One list as Linux's decompressor walks it: from its end back to the 0 before it, which is returned. */
static size_t walk_back(const struct gen_image *image, size_t end, unsigned char *memory, uint64_t map,
                        int width, uint64_t delta)
{
    for (;;) {
        uint64_t entry = gen_peek(image, end -= 4, 4), value = 0;
        unsigned char *target = memory + ((entry - map) & 0xffffffff) - GEN_LINUX_LOAD;

        if (entry == 0)
            return end;
        for (int i = 0; i < width; i++)
            value |= (uint64_t)target[i] << 8 * i;
        value += delta;
        for (int i = 0; i < width; i++)
            target[i] = (unsigned char)(value >> 8 * i);
    }
}

/* The kernel as it must lie in memory, by a way of its own: dirt between the segments. */
static unsigned char *expect(const struct gen_image *image, const struct gen_linux *kind, uint64_t delta)
{
    unsigned char *memory = malloc(SPAN);
    uint64_t map = kind->bits == 32 ? 0xc0000000 : LOW;
    size_t end = image->size;

    memset(memory, DIRT, SPAN);
    for (unsigned i = 1; i <= 4; i++) {
        size_t at = image->phdrs + i * image->phdr_size;
        uint64_t offset, paddr, filesz, memsz;

        offset = kind->bits == 32 ? gen_peek(image, at + 4, 4) : gen_peek(image, at + 8, 8);
        paddr = kind->bits == 32 ? gen_peek(image, at + 12, 4) : gen_peek(image, at + 24, 8);
        filesz = kind->bits == 32 ? gen_peek(image, at + 16, 4) : gen_peek(image, at + 32, 8);
        memsz = kind->bits == 32 ? gen_peek(image, at + 20, 4) : gen_peek(image, at + 40, 8);
        memset(memory + (paddr - GEN_LINUX_LOAD), 0, memsz);
        memcpy(memory + (paddr - GEN_LINUX_LOAD), image->bytes + offset, filesz);
    }
    end = walk_back(image, end, memory, map, 4, delta);
    if (kind->bits != 32 && kind->lists != 2)
        end = walk_back(image, end, memory, map, 4, 0 - delta);
    if (kind->bits != 32)
        end = walk_back(image, end, memory, map, 8, delta);
    assert_int_equal(end, image->relocations);
    return memory;
}

static void every_layout_is_applied(void **state)
{
    static const struct {
        struct gen_linux kind;
        uint64_t load;
        uint64_t delta;
    } cases[] = {
        {{.lists = 3}, 16 * MIB, 0x11400000},
        {{.lists = 3}, 32 * MIB, 0x11400000},
        {{.lists = 3}, 32 * MIB, 0},
        {{.lists = 2, .late_entry = true}, 16 * MIB, 0x200000},
        {{.lists = 2}, 48 * MIB, 0x3e000000},
        {{.lists = 3, .scale = 40}, 20 * MIB, 0x800000},
        {{.lists = 3}, 16 * MIB, UINT64_C(0) - 0x400000}, /* downwards, though no plan does */
        {{.bits = 32}, 32 * MIB, 16 * MIB},
        {{.bits = 32, .scale = 40}, 18 * MIB, 2 * MIB},
        {{.bits = 32}, 16 * MIB, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct relocating r;
        unsigned char *expected;

        prepare(&r, &cases[i].kind, cases[i].load, cases[i].delta);
        assert_int_equal(zp_load(&r.f->plan, &r.guest, &r.f->error), ZP_OK);
        expected = expect(&r.image, &cases[i].kind, cases[i].delta);
        assert_memory_equal(r.bytes + cases[i].load, expected, SPAN);
        free(expected);
        release(&r);
    }
}

/* What lies outside of the kernel's bytes from the file is as load leaves it without relocation. */
static void assert_contained(const struct relocating *r)
{
    for (size_t i = 0; i < r->f->plan.span_count; i++) {
        const struct zp_span *span = &r->f->plan.spans[i];
        uint64_t end = i + 1 < r->f->plan.span_count ? span[1].start.value : GUEST_SIZE;

        if (span->kind == ZP_SPAN_KERNEL)
            for (uint64_t at = span->file_size; at < span->size; at++)
                assert_int_equal(r->bytes[span->start.value + at], 0);
        for (uint64_t at = span->start.value + span->size; at < end; at++)
            if (r->bytes[at] != DIRT)
                fail_msg("0x%llx was written", (unsigned long long)at);
    }
}

/* Another table than was inspected: refused at the entry that would strike elsewhere, or applied inside. */
static void a_table_that_changes_before_it_is_applied(void **state)
{
    static const uint32_t changes[] = {1, 4, 0x100, 0x800, 0x1000, 0x3ffc, 0x100000, 0x80000000, 0xffffffff};

    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct relocating r;
        struct fickle fickle = {.image = &r.image, .change = changes[i]};
        int status;

        prepare(&r, &(struct gen_linux){.lists = 3}, 32 * MIB, 0x11400000);
        fickle.source = (struct zp_source){r.image.size, read_fickle, &fickle};
        r.f->image.source = &fickle.source;
        status = zp_load(&r.f->plan, &r.guest, &r.f->error);
        if (changes[i] > 4) {
            assert_string_equal(zp_status_name(status), "ZP_ERR_OUTSIDE");
            assert_int_equal(r.f->error.field, ZP_FIELD_RELOCATIONS);
            assert_true(r.f->error.offset >= r.image.list64.at && r.f->error.offset < r.image.size);
        }
        assert_contained(&r);
        release(&r);
    }
}

/* Each entry of the last list once past the end of its segment by a byte. */
static void no_target_is_half_outside(void **state)
{
    static const struct {
        uint32_t entry;
        size_t list; /* 0: list64; 1: list32 */
        int status;
    } cases[] = {
        {0x810020f8, 0, ZP_OK},          {0x810020f9, 0, ZP_ERR_OUTSIDE}, {0x810020fc, 0, ZP_ERR_OUTSIDE},
        {0x810031fc, 1, ZP_OK},          {0x810031fd, 1, ZP_ERR_OUTSIDE}, {0x810031ff, 1, ZP_ERR_OUTSIDE},
        {0x81003200, 1, ZP_ERR_OUTSIDE}, {0x80ffffff, 1, ZP_ERR_OUTSIDE}, {0x81000000, 1, ZP_OK},
        {0, 1, ZP_ERR_OUTSIDE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct relocating r;
        const struct gen_list *list;

        prepare(&r, &(struct gen_linux){.lists = 3}, 32 * MIB, 0x11400000);
        list = cases[i].list ? &r.image.list32 : &r.image.list64;
        gen_poke(&r.image, list->at + 4 * (list->count - 1), 4, cases[i].entry);
        assert_int_equal(zp_load(&r.f->plan, &r.guest, &r.f->error), cases[i].status);
        if (cases[i].status) {
            assert_int_equal(r.f->error.offset, list->at + 4 * (list->count - 1));
            assert_int_equal(r.f->error.value, cases[i].entry);
        }
        assert_contained(&r);
        release(&r);
    }
}

/* An initrd has bytes of a file as well, but none to patch. */
static void initrds_are_not_patched(void **state)
{
    struct relocating r;

    (void)state;
    prepare(&r, &(struct gen_linux){.lists = 3}, 32 * MIB, 0);
    add_module(r.f, 8192, NULL);
    add_pin(r.f, ZP_SPAN_INITRD, 0, 40 * MIB);
    plan_holds(r.f);
    r.f->plan.virtual_delta = 0x11400000;
    gen_poke(&r.image, r.image.list32.at + 4 * (r.image.list32.count - 1), 4, LOW + 24 * MIB + 16);
    assert_int_equal(zp_load(&r.f->plan, &r.guest, &r.f->error), ZP_ERR_OUTSIDE);
    assert_int_equal(r.f->error.limit, 40 * MIB + 16);
    assert_memory_equal(r.bytes + 40 * MIB, r.f->bytes, 8192);
    release(&r);
}

struct failing {
    struct zp_source source;
    const struct gen_image *image;
    size_t reads;
    size_t fail_at;
};

static int read_failing(void *context, uint64_t offset, void *buffer, size_t length)
{
    struct failing *failing = context;

    assert_true(length != 0 && offset + length <= failing->source.size);
    memcpy(buffer, failing->image->bytes + offset, length);
    return ++failing->reads == failing->fail_at ? -7 : 0;
}

static void every_failing_read_while_loading(void **state)
{
    struct relocating r;
    struct failing failing = {.image = &r.image};
    size_t reads;

    (void)state;
    prepare(&r, &(struct gen_linux){.lists = 3, .scale = 40}, 32 * MIB, 0x11400000);
    failing.source = (struct zp_source){r.image.size, read_failing, &failing};
    r.f->image.source = &failing.source;
    assert_int_equal(zp_load(&r.f->plan, &r.guest, &r.f->error), ZP_OK);
    reads = failing.reads;
    assert_true(reads >= 4 + 3 + 3); /* segments, lists, their second chunks */
    for (failing.fail_at = 1; failing.fail_at <= reads; failing.fail_at++) {
        failing.reads = 0;
        assert_int_equal(zp_load(&r.f->plan, &r.guest, &r.f->error), ZP_ERR_READ);
        assert_int_equal(r.f->error.limit, 7);
        assert_int_equal(r.f->error.field, failing.fail_at <= 4 ? ZP_FIELD_KERNEL : ZP_FIELD_FILE);
    }
    release(&r);
}

/* A plan that asks for what the image has not: before a byte is written. */
static void no_relocation_without_a_table(void **state)
{
    struct relocating r;

    (void)state;
    prepare(&r, &(struct gen_linux){.no_table = true}, 32 * MIB, 0x11400000);
    assert_int_equal(zp_load(&r.f->plan, &r.guest, &r.f->error), ZP_ERR_ARGUMENT);
    assert_int_equal(r.f->error.field, ZP_FIELD_RELOCATIONS);
    for (size_t i = 0; i < GUEST_SIZE; i++)
        if (r.bytes[i] != DIRT)
            fail_msg("0x%zx was written", i);
    release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layout_is_read),
        cmocka_unit_test(lists_may_be_empty),
        cmocka_unit_test(zeros_are_padding),
        cmocka_unit_test(link_addresses_end_at_4_gib),
        cmocka_unit_test(targets_end_at_4_gib),
        cmocka_unit_test(entries_of_three_lists_that_are_spoiled),
        cmocka_unit_test(entries_of_other_layouts_that_are_spoiled),
        cmocka_unit_test(every_truncation_of_the_table),
        cmocka_unit_test(bytes_behind_other_elfs_are_nobodys),
        cmocka_unit_test(the_end_of_the_elf),
        cmocka_unit_test(very_many_sections),
        cmocka_unit_test(linux_can_be_moved),
        cmocka_unit_test(faults_keep_apart),
        cmocka_unit_test(a_table_that_changes_while_read),
        cmocka_unit_test(every_layout_is_applied),
        cmocka_unit_test(a_table_that_changes_before_it_is_applied),
        cmocka_unit_test(no_target_is_half_outside),
        cmocka_unit_test(initrds_are_not_patched),
        cmocka_unit_test(every_failing_read_while_loading),
        cmocka_unit_test(no_relocation_without_a_table),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
