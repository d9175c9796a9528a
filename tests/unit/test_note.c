/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF notes and the PVH entry: paddings, sizes, several PT_NOTEs, relocation. HOSTILE row 16.
 */
#include "inspecting.h"

#include <zeropage/wire/elf.h>
#include <zeropage/wire/xen.h>

#define N_NAMESZ 0
#define N_DESCSZ 4
#define N_TYPE   8
#define N_DESC   16

static void descriptors_of_4_and_8_bytes(void **state)
{
    static const struct gen_elf options[] = {
        {.pvh = true},
        {.pvh = true, .pvh_wide = true},
        {.pvh = true, .padding = 8},
        {.pvh = true, .pvh_wide = true, .padding = 8},
        {.bits = 32, .pvh = true},
        {.bits = 32, .pvh = true, .pvh_wide = true, .padding = 8},
    };
    struct gen_image image;
    struct inspecting in;

    (void)state;
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        gen_elf(&image, &options[i]);
        assert_int_equal(sound(&in, &image, ZP_PROTOCOL_PVH)->address.value, 0x1000010);
        assert_int_equal(in.image.note_count, 2);
        assert_int_equal(in.notes[0].type, ZP_XEN_ELFNOTE_GUEST_OS);
        assert_int_equal(in.notes[0].descriptor_size, 6);
        assert_int_equal(in.notes[0].number, 0);
        assert_string_equal((const char *)image.bytes + in.notes[0].descriptor_offset, "linux");
        assert_int_equal(in.notes[1].type, ZP_XEN_ELFNOTE_PHYS32_ENTRY);
        assert_int_equal(in.notes[1].header_offset, image.note_entry);
        assert_int_equal(in.notes[1].number, 0x1000010);
        assert_int_equal(in.image.elf.guest_linux, 1);
        gen_free(&image);
    }
}

/* p_align of 0, 1, 2 and others mean 4; and a segment padded otherwise than it says is found all the same. */
static void every_declared_alignment(void **state)
{
    static const uint64_t aligns[] = {0, 1, 2, 3, 4, 8, 16, 4096, UINT64_MAX};
    struct gen_image image;
    struct inspecting in;

    (void)state;
    for (unsigned padding = 4; padding <= 8; padding += 4) {
        gen_elf(&image, &(struct gen_elf){.pvh = true, .padding = padding});
        for (size_t i = 0; i < sizeof(aligns) / sizeof(aligns[0]); i++) {
            gen_poke(&image, image.phdrs + offsetof(struct zp_elf64_phdr, p_align), 8, aligns[i]);
            sound(&in, &image, ZP_PROTOCOL_PVH);
            assert_int_equal(in.image.note_count, 2);
        }
        gen_free(&image);
    }
    gen_elf(&image, &(struct gen_elf){.pvh = true, .reloc = true, .property = true, .note_align = 8});
    assert_int_equal(sound(&in, &image, ZP_PROTOCOL_PVH)->align, 0x200000);
    assert_int_equal(in.image.note_count, 3);
    gen_free(&image);
}

static void notes_that_are_spoiled(void **state)
{
    struct gen_image image;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.pvh = true, .reloc = true});
    {
        const size_t entry = image.note_entry, reloc = image.note_reloc;
        const struct mangle mangles[] = {
            {"descsz 0", entry + N_DESCSZ, 4, 0, ZP_ERR_VALUE, ZP_FIELD_N_DESCSZ, ZP_PROTOCOL_PVH, 0},
            {"descsz 5", entry + N_DESCSZ, 4, 5, ZP_ERR_VALUE, ZP_FIELD_N_DESCSZ, ZP_PROTOCOL_PVH, 0},
            {"descsz ffffffff", entry + N_DESCSZ, 4, 0xffffffff, ZP_ERR_TRUNCATED, ZP_FIELD_N_DESCSZ,
             ZP_PROTOCOL_PVH, 0},
            {"entry outside", entry + N_DESC, 4, 0x1001000, ZP_ERR_OUTSIDE, ZP_FIELD_PHYS32_ENTRY,
             ZP_PROTOCOL_PVH, 0},
            {"reloc of 3 bytes", reloc + N_DESCSZ, 4, 3, ZP_ERR_VALUE, ZP_FIELD_N_DESCSZ, ZP_PROTOCOL_PVH, 0},
            {"reloc align 0", reloc + N_DESC, 4, 0, ZP_ERR_ALIGNMENT, ZP_FIELD_PHYS32_RELOC, ZP_PROTOCOL_PVH,
             0},
            {"reloc align 3", reloc + N_DESC, 4, 3, ZP_ERR_ALIGNMENT, ZP_FIELD_PHYS32_RELOC, ZP_PROTOCOL_PVH,
             0},
            {"reloc max below min", reloc + N_DESC + 8, 4, 0x1fffff, ZP_ERR_TOO_SMALL, ZP_FIELD_PHYS32_RELOC,
             ZP_PROTOCOL_PVH, 0},
            {"reloc past the segment is none", reloc + N_DESCSZ, 4, 0xffffffff, ZP_OK, ZP_FIELD_NONE,
             ZP_PROTOCOL_PVH, 0},
            {"another's note after it", reloc + N_DESC - 4, 4, 0x00646e41, ZP_OK, ZP_FIELD_NONE,
             ZP_PROTOCOL_PVH, 0},
        };

        MANGLE_ALL(&image, mangles);
    }
    gen_free(&image);
}

/* A name that is longer than the file hides the note, and spoils nothing else. */
static void a_wild_name_is_no_note(void **state)
{
    static const uint32_t sizes[] = {0, 3, 5, 0x7fffffff, 0xfffffff0, 0xffffffff};
    struct gen_image image;
    struct inspecting in;

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        gen_elf(&image, &(struct gen_elf){.pvh = true, .multiboot1 = true});
        gen_poke(&image, image.note_entry + N_NAMESZ, 4, sizes[i]);
        sound(&in, &image, ZP_PROTOCOL_MULTIBOOT1);
        assert_null(offered(&in, ZP_PROTOCOL_PVH));
        assert_int_equal(in.image.note_count, 1);
        gen_free(&image);
    }
}

/* Both numbers at their largest, right where a note of the file ends: nothing wraps. */
static void sizes_never_wrap(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.pvh = true, .padding = 8});
    gen_poke(&image, image.note_entry + N_NAMESZ, 4, 0xffffffff);
    gen_poke(&image, image.note_entry + N_DESCSZ, 4, 0xffffffff);
    sound(&in, &image, ZP_PROTOCOL_LINUX64);
    assert_int_equal(in.image.note_count, 1);
    gen_free(&image);

    gen_elf(&image, &(struct gen_elf){.pvh = true}); /* the segment ends inside the last note's owner */
    for (uint64_t cut = 5; cut <= 8; cut++) {
        gen_poke(&image, image.phdrs + offsetof(struct zp_elf64_phdr, p_filesz), 8, image.notes_size - cut);
        sound(&in, &image, ZP_PROTOCOL_LINUX64);
        assert_null(offered(&in, ZP_PROTOCOL_PVH));
    }
    gen_poke(&image, image.phdrs + offsetof(struct zp_elf64_phdr, p_filesz), 8, image.notes_size - 1);
    assert_int_equal(inspect(&in, &image), ZP_OK); /* inside its descriptor: the PVH entry's fault */
    assert_int_equal(offered(&in, ZP_PROTOCOL_PVH)->fault.code, ZP_ERR_TRUNCATED);
    gen_free(&image);
}

/* A second PT_NOTE, before or behind the one with the Xen notes, or a copy of it. */
static void several_pt_notes(void **state)
{
    struct gen_image image;
    struct inspecting in;
    struct zp_elf64_phdr note, other;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.pvh = true});
    memcpy(&note, image.bytes + image.phdrs, sizeof(note));
    other = note;
    other.p_offset = 0x400; /* bytes of data that are no notes */
    other.p_filesz = 0x80;
    memcpy(image.bytes + image.phdrs + 3 * 56, &other, sizeof(other));
    sound(&in, &image, ZP_PROTOCOL_PVH); /* HOSTILE row 16: Xen note first */
    assert_int_equal(in.image.note_count, 2);
    memcpy(image.bytes + image.phdrs + 3 * 56, &note, sizeof(note));
    memcpy(image.bytes + image.phdrs, &other, sizeof(other));
    sound(&in, &image, ZP_PROTOCOL_PVH); /* and last */
    assert_int_equal(in.image.note_count, 2);

    memcpy(image.bytes + image.phdrs, &note, sizeof(note)); /* the first counts */
    assert_int_equal(sound(&in, &image, ZP_PROTOCOL_PVH)->address.value, 0x1000010);
    assert_int_equal(in.image.note_count, 4);

    other.p_offset = UINT64_MAX - 8; /* outside of the file: passed over */
    memcpy(image.bytes + image.phdrs, &other, sizeof(other));
    sound(&in, &image, ZP_PROTOCOL_PVH);
    other.p_offset = 0; /* more than the file has, together with the next */
    other.p_filesz = image.size;
    memcpy(image.bytes + image.phdrs, &other, sizeof(other));
    sound(&in, &image, ZP_PROTOCOL_LINUX64);
    assert_null(offered(&in, ZP_PROTOCOL_PVH));
    gen_free(&image);
}

static void relocation_has_defaults(void **state)
{
    struct gen_image image;
    struct inspecting in;
    const struct zp_entry *entry;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.pvh = true, .reloc = true});
    entry = sound(&in, &image, ZP_PROTOCOL_PVH);
    assert_int_equal(entry->align, 0x200000);
    assert_int_equal(entry->min.value, 0x200000);
    assert_int_equal(entry->max.value, 0x3fffffff);
    assert_int_equal(entry->prefer, ZP_PREFER_LINKED);
    gen_free(&image);

    gen_elf(&image, &(struct gen_elf){.pvh = true, .reloc = true, .reloc_size = 4});
    entry = sound(&in, &image, ZP_PROTOCOL_PVH);
    assert_int_equal(entry->align, 0x200000);
    assert_int_equal(entry->min.value, 0);
    assert_int_equal(entry->max.value, 0xffffffff);
    gen_free(&image);

    gen_elf(&image, &(struct gen_elf){.pvh = true, .reloc = true, .reloc_size = UINT32_MAX});
    gen_poke(&image, image.phdrs + 56 + offsetof(struct zp_elf64_phdr, p_align), 8, 0x400000);
    assert_int_equal(sound(&in, &image, ZP_PROTOCOL_PVH)->align, 0x400000); /* the largest p_align */
    gen_poke(&image, image.phdrs + 56 + offsetof(struct zp_elf64_phdr, p_align), 8, 16);
    gen_poke(&image, image.phdrs + 112 + offsetof(struct zp_elf64_phdr, p_align), 8, 0x800);
    gen_poke(&image, image.phdrs + 168 + offsetof(struct zp_elf64_phdr, p_align), 8, 1);
    assert_int_equal(sound(&in, &image, ZP_PROTOCOL_PVH)->align, 0x200000); /* below 4 KiB it tells nothing */
    gen_free(&image);

    gen_elf(&image, &(struct gen_elf){.pvh = true});
    assert_int_equal(sound(&in, &image, ZP_PROTOCOL_PVH)->align, 0);
    gen_poke(&image, image.note_entry + N_TYPE, 4, ZP_XEN_ELFNOTE_PHYS32_RELOC); /* it alone is no entry */
    sound(&in, &image, ZP_PROTOCOL_LINUX64);
    assert_null(offered(&in, ZP_PROTOCOL_PVH));
    gen_free(&image);
}

static void entries_above_4_gib(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.pvh = true, .pvh_wide = true, .load = UINT64_C(1) << 33});
    assert_int_equal(inspect(&in, &image), ZP_OK);
    assert_int_equal(offered(&in, ZP_PROTOCOL_PVH)->fault.code, ZP_ERR_TOO_LARGE);
    assert_int_equal(offered(&in, ZP_PROTOCOL_PVH)->fault.field, ZP_FIELD_PHYS32_ENTRY);
    sound(&in, &image, ZP_PROTOCOL_LINUX64);
    gen_free(&image);
}

/* A second relocation note, or a faulty entry before a faulty relocation: the first is told. */
static void the_first_note_counts(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.pvh = true, .reloc = true});
    gen_poke(&image, image.note_entry + N_DESCSZ, 4, 3);
    gen_poke(&image, image.note_reloc + N_DESCSZ, 4, 3);
    assert_int_equal(inspect(&in, &image), ZP_OK);
    assert_int_equal(offered(&in, ZP_PROTOCOL_PVH)->fault.offset, image.note_entry + N_DESCSZ);
    gen_poke(&image, image.note_reloc + N_DESCSZ, 4, 12);
    gen_poke(&image, image.note_reloc + N_DESC, 4, 3);
    gen_poke(&image, image.note_reloc + N_DESC + 8, 4, 3);
    assert_int_equal(inspect(&in, &image), ZP_OK);
    assert_int_equal(offered(&in, ZP_PROTOCOL_PVH)->fault.offset, image.note_entry + N_DESCSZ);
    gen_free(&image);

    gen_elf(&image, &(struct gen_elf){.pvh = true, .reloc = true});
    memcpy(image.bytes + image.phdrs + 3 * 56, image.bytes + image.phdrs, 56);
    assert_int_equal(sound(&in, &image, ZP_PROTOCOL_PVH)->align, 0x200000);
    assert_int_equal(in.image.note_count, 6);
    gen_poke(&image, image.phdrs + 3 * 56 + offsetof(struct zp_elf64_phdr, p_filesz), 8, 36);
    gen_poke(&image, image.phdrs + 3 * 56 + offsetof(struct zp_elf64_phdr, p_offset), 8, image.note_entry);
    gen_poke(&image, image.phdrs + 3 * 56 + offsetof(struct zp_elf64_phdr, p_filesz), 8, 18);
    assert_int_equal(sound(&in, &image, ZP_PROTOCOL_PVH)->address.value, 0x1000010); /* a broken one later */
    gen_free(&image);
}

/* A megabyte of notes is walked, a gigabyte that some zeros unpack to is not. */
static void very_many_notes(void **state)
{
    const size_t most = 1 << 20;
    struct gen_image image;
    struct inspecting in;
    size_t start;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.pvh = true});
    start = image.size;
    gen_resize(&image, start + most + 4);
    memcpy(image.bytes + image.phdrs + 3 * 56, image.bytes + image.phdrs, 56);
    gen_poke(&image, image.phdrs + offsetof(struct zp_elf64_phdr, p_offset), 8, start);
    gen_poke(&image, image.phdrs + offsetof(struct zp_elf64_phdr, p_filesz), 8, most + 4);
    sound(&in, &image, ZP_PROTOCOL_PVH); /* by the other PT_NOTE */
    assert_int_equal(in.image.note_count, 2);
    memcpy(image.bytes + start + (most - image.notes_size) / 12 * 12, image.bytes + image.notes,
           image.notes_size);
    sound(&in, &image, ZP_PROTOCOL_PVH);
    assert_int_equal(in.image.note_count, 2);
    gen_poke(&image, image.phdrs + offsetof(struct zp_elf64_phdr, p_filesz), 8, most);
    sound(&in, &image, ZP_PROTOCOL_PVH); /* now there is nothing left for the other one */
    assert_int_equal(in.image.note_count, 2);
    assert_true(in.notes[0].header_offset > start);
    gen_free(&image);
}

static void guest_os_is_linux_or_not(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.pvh = true});
    gen_poke(&image, image.notes + N_DESC, 1, 'X');
    sound(&in, &image, ZP_PROTOCOL_PVH);
    assert_int_equal(in.image.elf.guest_linux, 0);
    gen_poke(&image, image.notes + N_DESC, 8, 0x737878756e696c); /* "linuxxs" */
    sound(&in, &image, ZP_PROTOCOL_PVH);
    assert_int_equal(in.image.elf.guest_linux, 0);
    gen_poke(&image, image.notes + N_DESC, 8, 0x78756e696c);
    gen_poke(&image, image.notes + N_DESCSZ, 4, 5); /* without NUL */
    sound(&in, &image, ZP_PROTOCOL_PVH);
    assert_int_equal(in.image.elf.guest_linux, 1);
    gen_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors_of_4_and_8_bytes),
        cmocka_unit_test(every_declared_alignment),
        cmocka_unit_test(notes_that_are_spoiled),
        cmocka_unit_test(a_wild_name_is_no_note),
        cmocka_unit_test(sizes_never_wrap),
        cmocka_unit_test(several_pt_notes),
        cmocka_unit_test(relocation_has_defaults),
        cmocka_unit_test(entries_above_4_gib),
        cmocka_unit_test(the_first_note_counts),
        cmocka_unit_test(very_many_notes),
        cmocka_unit_test(guest_os_is_linux_or_not),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
