/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zp_inspect as a whole: which images are accepted, in which order entries come, what happens when the file
 * ends anywhere, when any read fails and when any array is too short.
 */
#include "inspecting.h"

#include <stdlib.h>

#include <zeropage/wire/multiboot.h>

/* A source that counts its reads, fails the n-th and holds every one against the size. */
struct watched {
    struct zp_source source;
    const uint8_t *bytes;
    size_t reads;
    size_t fail_at; /* 0: never */
};

static int read_watched(void *context, uint64_t offset, void *buffer, size_t length)
{
    struct watched *watched = context;

    assert_true(length != 0);
    assert_true(offset < watched->source.size && length <= watched->source.size - offset);
    if (++watched->reads == watched->fail_at)
        return -7;
    memcpy(buffer, watched->bytes + offset, length);
    return 0;
}

static int inspect_watched(struct inspecting *in, struct watched *watched, const void *bytes, size_t size)
{
    memset(in, 0, sizeof(*in));
    in->room = (struct zp_image_room){in->segments, 8, in->notes, 8, in->entries, 8};
    watched->source = (struct zp_source){.size = size, .read = read_watched, .context = watched};
    watched->bytes = bytes;
    watched->reads = 0;
    in->status = zp_inspect(&watched->source, &in->room, &in->image, &in->error);
    return in->status;
}

/* What holds for every accepted image. */
static void check_image(const struct inspecting *in, uint64_t size)
{
    assert_int_equal(in->image.struct_size, sizeof(in->image));
    assert_true(zp_image_protocols(&in->image) != 0);
    for (size_t i = 0; i < in->image.entry_count; i++) {
        const struct zp_entry *entry = &in->entries[i];
        bool inside = false;

        if (entry->fault.code != ZP_OK)
            continue;
        assert_true(entry->segment_count != 0);
        assert_true(entry->segment_first + entry->segment_count <= in->image.segment_count);
        for (size_t j = 0; j < entry->segment_count; j++) {
            const struct zp_segment *segment = &in->segments[entry->segment_first + j];

            assert_true(segment->file_size <= segment->memory_size);
            assert_true(segment->file_offset + segment->file_size <= size);
            assert_int_equal(segment->reserved, 0);
            if (j > 0)
                assert_true(segment[-1].paddr.value + segment[-1].memory_size <= segment->paddr.value);
            inside |= entry->address.value >= segment->paddr.value &&
                      entry->address.value < segment->paddr.value + segment->memory_size;
        }
        assert_true(inside);
    }
}

static const char *const refused[] = {"elf64-program", "pe",    "uki",  "arm64", "riscv64",
                                      "loongarch64",   "zboot", "gzip", "zstd"};

static void every_kind_is_told_right(void **state)
{
    struct inspecting in;

    (void)state;
    for (size_t i = 0; i < gen_kind_count; i++) {
        struct gen_image image;
        bool good = true;

        for (size_t j = 0; j < sizeof(refused) / sizeof(refused[0]); j++)
            good &= strcmp(gen_kinds[i].name, refused[j]) != 0;
        gen_kinds[i].make(&image);
        inspect(&in, &image);
        if ((in.status == ZP_OK) != good)
            fail_msg("%s: %s", gen_kinds[i].name, zp_status_name(in.status));
        if (good)
            check_image(&in, image.size);
        gen_free(&image);
    }
}

/* HOSTILE row 1: every length from nothing to the whole, in memory of exactly that length. */
static void every_truncation_is_answered(void **state)
{
    struct inspecting in;
    struct watched watched = {0};

    (void)state;
    for (size_t i = 0; i < gen_kind_count; i++) {
        struct gen_image image;

        gen_kinds[i].make(&image);
        for (size_t size = 0; size < image.size; size++) {
            uint8_t *cut = malloc(size + 1);

            memcpy(cut, image.bytes, size);
            inspect_watched(&in, &watched, cut, size);
            free(cut);
            if (in.status == ZP_OK)
                check_image(&in, size);
            else
                assert_int_equal(in.error.code, in.status);
            assert_true(in.status != ZP_ERR_READ && in.status != ZP_ERR_ROOM);
        }
        gen_free(&image);
    }
}

/* HOSTILE row 1: what is promised inside the file must be there. */
static void a_cut_bzimage_is_refused(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_bzimage(&image, &(struct gen_bzimage){0});
    assert_int_equal(inspect_bytes(&in, image.bytes, 0), ZP_ERR_EMPTY);
    for (size_t size = 1; size < 0x206; size++)
        assert_int_equal(inspect_bytes(&in, image.bytes, size), ZP_ERR_FORMAT);
    for (size_t size = 0x206; size < image.code + 0x340; size++)
        assert_int_equal(inspect_bytes(&in, image.bytes, size), ZP_ERR_TRUNCATED);
    assert_int_equal(inspect_bytes(&in, image.bytes, image.code + 0x340), ZP_OK);
    gen_free(&image);
}

static void every_failing_read_is_told(void **state)
{
    struct inspecting in;
    struct watched watched = {0};

    (void)state;
    for (size_t i = 0; i < gen_kind_count; i++) {
        struct gen_image image;
        size_t reads;

        gen_kinds[i].make(&image);
        watched.fail_at = 0;
        inspect_watched(&in, &watched, image.bytes, image.size);
        reads = watched.reads;
        assert_true(reads != 0);
        for (watched.fail_at = 1; watched.fail_at <= reads; watched.fail_at++) {
            inspect_watched(&in, &watched, image.bytes, image.size);
            assert_int_equal(in.status, ZP_ERR_READ);
            assert_int_equal(in.error.field, ZP_FIELD_FILE);
            assert_int_equal(in.error.limit, 7);
            assert_int_equal(in.image.struct_size, 0); /* untouched */
        }
        gen_free(&image);
    }
}

static int inspect_in(struct inspecting *in, const struct gen_image *image, size_t segments, size_t notes,
                      size_t entries)
{
    memset(in, 0, sizeof(*in));
    in->room = (struct zp_image_room){in->segments, segments, in->notes, notes, in->entries, entries};
    zp_memory_source_init(&in->memory, image->bytes, image->size);
    in->status = zp_inspect(&in->memory.source, &in->room, &in->image, &in->error);
    return in->status;
}

static void assert_room(const struct inspecting *in, uint32_t field, size_t needed, size_t given)
{
    assert_int_equal(in->status, ZP_ERR_ROOM);
    assert_int_equal(in->error.field, field);
    assert_int_equal(in->error.limit, given);
    assert_true(in->error.value > given && in->error.value <= needed);
    assert_int_equal(in->image.struct_size, 0);
}

static void every_short_array_is_told(void **state)
{
    struct inspecting in;

    (void)state;
    for (size_t i = 0; i < gen_kind_count; i++) {
        struct gen_image image;
        size_t segments, notes, entries;

        gen_kinds[i].make(&image);
        if (inspect(&in, &image) == ZP_OK) {
            segments = in.image.segment_count;
            notes = in.image.note_count;
            entries = in.image.entry_count;
            assert_int_equal(inspect_in(&in, &image, segments, notes, entries), ZP_OK);
            for (size_t n = 0; n < segments; n++) {
                inspect_in(&in, &image, n, notes, entries);
                assert_room(&in, ZP_FIELD_SEGMENTS, segments, n);
            }
            for (size_t n = 0; n < notes; n++) {
                inspect_in(&in, &image, segments, n, entries);
                assert_room(&in, ZP_FIELD_NOTES, notes, n);
                assert_int_equal(in.error.value, notes);
            }
            for (size_t n = 0; n < entries; n++) {
                inspect_in(&in, &image, segments, notes, n);
                assert_room(&in, ZP_FIELD_ENTRIES, entries, n);
                assert_int_equal(in.error.value, entries);
            }
        }
        gen_free(&image);
    }
}

static void arguments_are_checked(void **state)
{
    struct zp_segment segment;
    struct zp_memory_source memory;
    struct zp_image_room room = {&segment, 1, NULL, 0, NULL, 0};
    struct zp_source no_read = {.size = 1};
    struct zp_image image;
    struct zp_error error = {0};

    (void)state;
    zp_memory_source_init(&memory, "x", 1);
    assert_int_equal(zp_inspect(NULL, &room, &image, &error), ZP_ERR_ARGUMENT);
    assert_int_equal(error.code, ZP_ERR_ARGUMENT);
    assert_int_equal(zp_inspect(&no_read, &room, &image, NULL), ZP_ERR_ARGUMENT);
    assert_int_equal(zp_inspect(&memory.source, NULL, &image, NULL), ZP_ERR_ARGUMENT);
    assert_int_equal(zp_inspect(&memory.source, &room, NULL, NULL), ZP_ERR_ARGUMENT);
    room.segments = NULL;
    assert_int_equal(zp_inspect(&memory.source, &room, &image, NULL), ZP_ERR_ARGUMENT);
    room = (struct zp_image_room){NULL, 0, NULL, 1, NULL, 0};
    assert_int_equal(zp_inspect(&memory.source, &room, &image, NULL), ZP_ERR_ARGUMENT);
    room = (struct zp_image_room){NULL, 0, NULL, 0, NULL, 1};
    assert_int_equal(zp_inspect(&memory.source, &room, &image, NULL), ZP_ERR_ARGUMENT);
    room.entry_capacity = 0;
    assert_int_equal(zp_inspect(&memory.source, &room, &image, NULL), ZP_ERR_FORMAT);
}

/* One file that is a bzImage, an ELF with a PVH note and both multiboots: all entries, in plan's order. */
static void entries_come_in_order(void **state)
{
    static const uint32_t order[] = {ZP_PROTOCOL_LINUX64, ZP_PROTOCOL_LINUX32,    ZP_PROTOCOL_LINUX64,
                                     ZP_PROTOCOL_PVH,     ZP_PROTOCOL_MULTIBOOT2, ZP_PROTOCOL_MULTIBOOT1,
                                     ZP_PROTOCOL_LINUX16};
    struct gen_image bzimage, elf, all = {0};
    struct inspecting in;

    (void)state;
    gen_bzimage(&bzimage, &(struct gen_bzimage){.setup_sects = 4});
    gen_elf(&elf, &(struct gen_elf){.pvh = true, .multiboot1 = true, .multiboot2 = true});
    gen_resize(&all, bzimage.size);
    memcpy(all.bytes, elf.bytes, 0x1f1);
    memcpy(all.bytes + 0x1f1, bzimage.bytes + 0x1f1, bzimage.size - 0x1f1);
    memcpy(all.bytes + 0x300, elf.bytes + 0x200, elf.size - 0x200); /* notes and on, 0x100 further */
    for (unsigned i = 0; i < 3; i++)
        gen_poke(&all, elf.phdrs + i * elf.phdr_size + 8, 8,
                 gen_peek(&all, elf.phdrs + i * elf.phdr_size + 8, 8) + 0x100);
    gen_poke(&all, 0x28, 8, 0);
    assert_int_equal(inspect(&in, &all), ZP_OK);
    assert_int_equal(in.image.entry_count, sizeof(order) / sizeof(order[0]));
    for (size_t i = 0; i < in.image.entry_count; i++) {
        assert_int_equal(in.entries[i].protocol, order[i]);
        assert_int_equal(in.entries[i].fault.code, ZP_OK);
    }
    assert_int_equal(in.entries[0].container, ZP_CONTAINER_BZIMAGE);
    assert_int_equal(in.entries[2].container, ZP_CONTAINER_ELF64);
    check_image(&in, all.size);

    /* One way spoiled, the others hold: a sound entry is enough, and the fault stays. */
    gen_poke(&all, 0x260, 4, 0);
    assert_int_equal(inspect(&in, &all), ZP_OK);
    assert_int_equal(in.entries[0].fault.code, ZP_ERR_TOO_SMALL);
    assert_int_equal(in.entries[0].fault.field, ZP_FIELD_INIT_SIZE);
    assert_ptr_equal(zp_image_entry(&in.image, ZP_PROTOCOL_LINUX64), &in.entries[2]);
    check_image(&in, all.size);

    /* All spoiled: the first fault is the answer. */
    gen_poke(&all, 16, 2, 1); /* ET_REL */
    assert_int_equal(inspect(&in, &all), ZP_ERR_TOO_SMALL);
    assert_int_equal(in.error.field, ZP_FIELD_INIT_SIZE);
    gen_free(&bzimage);
    gen_free(&elf);
    gen_free(&all);
}

/* Words that look like a multiboot header inside a bzImage do not spoil it. */
static void chance_magic_spoils_nothing(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_bzimage(&image, &(struct gen_bzimage){0});
    gen_poke(&image, image.code + 0x100, 4, ZP_MULTIBOOT_HEADER_MAGIC);
    gen_poke(&image, image.code + 0x104, 4, 0);
    gen_poke(&image, image.code + 0x108, 4, 0u - ZP_MULTIBOOT_HEADER_MAGIC);
    assert_int_equal(inspect(&in, &image), ZP_OK);
    assert_protocols(&in, OFFERS_LINUX);
    assert_int_equal(offered(&in, ZP_PROTOCOL_MULTIBOOT1)->fault.code, ZP_ERR_VALUE);
    gen_free(&image);
}

static void questions_to_an_image(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.pvh = true});
    assert_int_equal(inspect(&in, &image), ZP_OK);
    assert_ptr_equal(zp_image_note(&in.image, 18), &in.notes[1]);
    assert_null(zp_image_note(&in.image, 19));
    assert_null(zp_image_entry(&in.image, ZP_PROTOCOL_MULTIBOOT1));
    assert_protocols(&in, OFFERS(PVH) | OFFERS(LINUX64));
    gen_free(&image);
}

/* The same answer as zp_inspect for every kind, with the image described though it is refused. */
static void the_refused_are_described(void **state)
{
    struct inspecting in;

    (void)state;
    for (size_t i = 0; i < gen_kind_count; i++) {
        struct zp_image described = {0};
        struct zp_error error = {0};
        struct gen_image image;

        gen_kinds[i].make(&image);
        inspect(&in, &image);
        assert_int_equal(zp_examine(&in.memory.source, &in.room, &described, &error), in.status);
        assert_int_equal(described.struct_size, sizeof(described));
        assert_ptr_equal(described.source, &in.memory.source);
        if (in.status == ZP_OK)
            assert_memory_equal(&described, &in.image, sizeof(described));
        else
            assert_memory_equal(&error, &in.error, sizeof(error));
        gen_free(&image);
    }
    assert_int_equal(zp_examine(NULL, &in.room, &in.image, NULL), ZP_ERR_ARGUMENT);
    assert_int_equal(zp_examine(&in.memory.source, &in.room, NULL, NULL), ZP_ERR_ARGUMENT);
}

/* What zp_examine says of a generated image, which is freed. */
static int examine(struct inspecting *in, struct gen_image *image)
{
    inspect(in, image);
    in->status = zp_examine(&in->memory.source, &in->room, &in->image, &in->error);
    return in->status;
}

static void what_other_loaders_ask(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.virtual_addresses = true, .virtual_entry = true});
    examine(&in, &image);
    assert_true(in.image.elf.e_entry == 0xffffffff81000010);
    assert_int_equal(in.image.elf.entry.value, 0x1000010);
    assert_int_equal(in.image.elf.segment_count, 3);
    assert_int_equal(in.image.pvh.present, 0);
    gen_free(&image);
    gen_elf(&image, &(struct gen_elf){.pvh = true, .pvh_wide = true, .padding = 8});
    gen_poke(&image, image.notes + 4, 4, 4); /* a walk by 4 loses the second note */
    examine(&in, &image);
    assert_int_equal(in.image.pvh.present, 1);
    assert_int_equal(in.image.pvh.paddings, 8);
    assert_int_equal(in.image.pvh.note_align, 8);
    assert_int_equal(in.image.pvh.note_offset, image.notes);
    assert_int_equal(in.image.pvh.note_size, image.notes_size);
    assert_int_equal(in.image.pvh.segment_count, 1);
    gen_free(&image);
    /* All entries faulty: their faults are there. */
    gen_bzimage(&image, &(struct gen_bzimage){.pe = true});
    gen_poke(&image, 0x260, 4, 0);
    assert_int_equal(examine(&in, &image), ZP_ERR_TOO_SMALL);
    assert_int_equal(in.image.entry_count, 3);
    assert_int_equal(in.entries[2].fault.code, ZP_ERR_TOO_SMALL);
    assert_int_equal(in.image.bzimage.version, 0x20f);
    assert_int_equal(in.image.pe.offset, image.pe);
    gen_free(&image);
    /* No boot flag: loaders that look at "HdrS" alone enter it all the same. */
    gen_bzimage(&image, &(struct gen_bzimage){.pe = false});
    gen_poke(&image, 0x1fe, 2, 0);
    assert_int_equal(examine(&in, &image), ZP_ERR_VALUE);
    assert_int_equal(in.error.field, ZP_FIELD_BOOT_FLAG);
    assert_int_equal(in.image.entry_count, 3);
    for (size_t i = 0; i < in.image.entry_count; i++)
        assert_int_equal(in.entries[i].fault.field, ZP_FIELD_BOOT_FLAG);
    assert_int_equal(in.image.bzimage.version, 0x20f);
    gen_free(&image);
    gen_pe(&image, 0xaa64);
    assert_int_equal(examine(&in, &image), ZP_ERR_PE_ONLY);
    assert_int_equal(in.image.pe.machine, 0xaa64);
    assert_int_equal(in.image.pe.magic, 0x20b);
    assert_int_equal(in.image.pe.subsystem, 10);
    gen_resize(&image, image.pe + 30); /* the optional header is cut off */
    examine(&in, &image);
    assert_int_equal(in.image.pe.machine, 0xaa64);
    assert_int_equal(in.image.pe.magic, 0);
    gen_free(&image);
}

/* ZP_WITHOUT_DETAILS: the same answer, entries and segments, and a bzImage in fewer reads. */
static void details_can_be_left_out(void **state)
{
    struct inspecting whole, brief;

    (void)state;
    for (size_t i = 0; i < gen_kind_count; i++) {
        struct gen_image image;
        int status;

        gen_kinds[i].make(&image);
        inspect(&whole, &image);
        inspect(&brief, &image);
        brief.room.without = ZP_WITHOUT_DETAILS;
        memset(brief.entries, 0, sizeof(brief.entries));
        memset(brief.segments, 0, sizeof(brief.segments));
        status = zp_inspect(&brief.memory.source, &brief.room, &brief.image, &brief.error);
        assert_int_equal(status, whole.status);
        assert_memory_equal(brief.entries, whole.entries, sizeof(brief.entries));
        assert_memory_equal(brief.segments, whole.segments, sizeof(brief.segments));
        if (status == ZP_OK) {
            assert_int_equal(brief.image.formats, whole.image.formats);
            assert_int_equal(brief.image.bzimage.code_size, whole.image.bzimage.code_size);
            assert_int_equal(brief.image.pe.offset, 0);
            assert_int_equal(brief.image.bzimage.kernel_version_offset, 0);
            assert_int_equal(brief.image.bzimage.kernel_info_offset, 0);
        }
        gen_free(&image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_refused_are_described), cmocka_unit_test(what_other_loaders_ask),
        cmocka_unit_test(every_kind_is_told_right),  cmocka_unit_test(every_truncation_is_answered),
        cmocka_unit_test(a_cut_bzimage_is_refused),  cmocka_unit_test(every_failing_read_is_told),
        cmocka_unit_test(every_short_array_is_told), cmocka_unit_test(arguments_are_checked),
        cmocka_unit_test(entries_come_in_order),     cmocka_unit_test(chance_magic_spoils_nothing),
        cmocka_unit_test(questions_to_an_image),     cmocka_unit_test(details_can_be_left_out),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
