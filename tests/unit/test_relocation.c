/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The relocation table behind a Linux ELF: every layout, every fault of HOSTILE row 19, and what it means for
 * where the kernel may be moved.
 */
#include "inspecting.h"

#include <stdlib.h>

#include <zeropage/wire/elf.h>

#define MAP64 UINT64_C(0xffffffff80000000)
#define LOW64 UINT32_C(0x80000000) /* its low half */

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

/* Lists may be empty, each of them. */
static void lists_may_be_empty(void **state)
{
    static const struct {
        unsigned bits;
        uint32_t words[5];
        unsigned length;
        uint32_t lists;
        uint64_t counts[3];
    } cases[] = {
        {64, {0, 0, 0}, 3, 3, {0, 0, 0}},
        {64, {0, 0}, 2, 2, {0, 0, 0}},
        {64, {0, 0x81000100, 0, 0}, 4, 3, {1, 0, 0}},
        {64, {0, 0, 0x81000100, 0}, 4, 3, {0, 1, 0}},
        {64, {0, 0, 0, 0x81000100}, 4, 3, {0, 0, 1}},
        {64, {0, 0, 0x81000100, 0x81000104}, 4, 2, {0, 0, 2}},
        {64, {0, 0x81000100, 0}, 3, 2, {1, 0, 0}},
        {64, {0, 0x81000108, 0, 0x81000100, 0}, 5, 3, {1, 1, 0}},
        {32, {0}, 1, 1, {0, 0, 0}},
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
        if (size == image.relocations)
            assert_none(table);
        else if ((size - image.relocations) % 4 != 0)
            assert_fault(table, ZP_ERR_ALIGNMENT, size - (size - image.relocations) % 4);
        else if (size < image.list32neg.at)
            assert_fault(table, ZP_ERR_VALUE, image.relocations);
        else
            assert_int_equal(table->list_count, size < image.list32.at ? 2 : 3);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layout_is_read),
        cmocka_unit_test(lists_may_be_empty),
        cmocka_unit_test(entries_of_three_lists_that_are_spoiled),
        cmocka_unit_test(entries_of_other_layouts_that_are_spoiled),
        cmocka_unit_test(every_truncation_of_the_table),
        cmocka_unit_test(bytes_behind_other_elfs_are_nobodys),
        cmocka_unit_test(the_end_of_the_elf),
        cmocka_unit_test(very_many_sections),
        cmocka_unit_test(linux_can_be_moved),
        cmocka_unit_test(faults_keep_apart),
        cmocka_unit_test(a_table_that_changes_while_read),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
