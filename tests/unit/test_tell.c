/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tell: entries that only an image's author knows of.
 */
#include "inspecting.h"

#include <zeropage/wire/elf.h>

static int tell(struct inspecting *in, uint32_t protocol)
{
    memset(&in->error, 0, sizeof(in->error));
    return zp_image_tell(&in->image, &in->room, protocol, &in->error);
}

static void an_entry_is_told(void **state)
{
    static const uint32_t protocols[] = {ZP_PROTOCOL_LINUX32, ZP_PROTOCOL_PVH, ZP_PROTOCOL_MULTIBOOT1,
                                         ZP_PROTOCOL_MULTIBOOT2};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct gen_image image;
        struct inspecting in;
        const struct zp_entry *entry;

        gen_elf(&image, &(struct gen_elf){.virtual_addresses = true});
        sound(&in, &image, ZP_PROTOCOL_LINUX64);
        assert_int_equal(tell(&in, protocols[i]), ZP_OK);
        entry = zp_image_entry(&in.image, protocols[i]);
        assert_ptr_equal(entry, &in.entries[0]);
        assert_int_equal(entry->container, ZP_CONTAINER_ELF64);
        assert_int_equal(entry->address.value, 0x1000010);
        assert_int_equal(entry->segment_count, 3);
        assert_int_equal(entry->reserve.value, 0x1000000);
        assert_int_equal(entry->reserve_size, 0x5000);
        assert_int_equal(entry->align, 0);
        assert_int_equal(in.image.entry_count, 2);
        assert_int_equal(in.entries[1].protocol, ZP_PROTOCOL_LINUX64);
        gen_free(&image);
    }
}

/* e_entry as a virtual address goes with its segment. */
static void an_entry_by_virtual_address(void **state)
{
    struct gen_image image;
    struct inspecting in;
    uint64_t entry = 0xffffffff81000010;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.virtual_addresses = true});
    memcpy(image.bytes + offsetof(struct zp_elf64_ehdr, e_entry), &entry, sizeof(entry));
    assert_int_equal(inspect(&in, &image), ZP_OK);
    assert_int_equal(tell(&in, ZP_PROTOCOL_MULTIBOOT1), ZP_OK);
    assert_int_equal(in.entries[0].address.value, 0x1000010);
    gen_free(&image);
}

static void an_elf32_has_its_own_container(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.bits = 32, .load = 0x100000});
    assert_int_equal(inspect(&in, &image), ZP_OK);
    assert_int_equal(tell(&in, ZP_PROTOCOL_MULTIBOOT2), ZP_OK);
    assert_int_equal(in.entries[0].container, ZP_CONTAINER_ELF32);
    assert_int_equal(in.entries[0].address.value, 0x100010);
    gen_free(&image);
}

/* Sound ones and faulty ones of that protocol go; the others stay as they were. */
static void what_is_told_replaces_what_was_found(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.virtual_addresses = true});
    assert_int_equal(inspect(&in, &image), ZP_OK);
    in.entries[1] = in.entries[2] = in.entries[0];
    in.entries[0].fault.code = ZP_ERR_OUTSIDE;
    in.entries[1].protocol = ZP_PROTOCOL_PVH;
    in.image.entry_count = 3;
    in.room.entry_capacity = 2;
    assert_int_equal(tell(&in, ZP_PROTOCOL_LINUX64), ZP_OK);
    assert_int_equal(in.image.entry_count, 2);
    assert_int_equal(in.entries[0].protocol, ZP_PROTOCOL_LINUX64);
    assert_int_equal(in.entries[0].fault.code, ZP_OK);
    assert_int_equal(in.entries[1].protocol, ZP_PROTOCOL_PVH);

    /* Once more changes nothing. */
    assert_int_equal(tell(&in, ZP_PROTOCOL_LINUX64), ZP_OK);
    assert_int_equal(in.image.entry_count, 2);
    assert_int_equal(in.entries[1].protocol, ZP_PROTOCOL_PVH);

    assert_int_equal(tell(&in, ZP_PROTOCOL_MULTIBOOT1), ZP_ERR_ROOM);
    assert_int_equal(in.error.field, ZP_FIELD_ENTRIES);
    assert_int_equal(in.error.value, 3);
    assert_int_equal(in.error.limit, 2);
    gen_free(&image);
}

/* Both entries of an ELF whose e_entry leads nowhere: examined, for it is refused. */
static void an_entry_outside_is_refused(void **state)
{
    static const uint64_t entries[] = {0, 0xfff, 0x1005000, UINT64_MAX};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct gen_image image;
        struct inspecting in;

        gen_elf(&image, &(struct gen_elf){.virtual_addresses = true});
        memcpy(image.bytes + offsetof(struct zp_elf64_ehdr, e_entry), &entries[i], sizeof(entries[i]));
        assert_int_not_equal(inspect(&in, &image), ZP_OK);
        assert_int_equal(zp_examine(&in.memory.source, &in.room, &in.image, NULL), in.status);
        assert_int_equal(tell(&in, ZP_PROTOCOL_MULTIBOOT1), ZP_ERR_OUTSIDE);
        assert_int_equal(in.error.field, ZP_FIELD_E_ENTRY);
        assert_int_equal(in.error.offset, offsetof(struct zp_elf64_ehdr, e_entry));
        assert_true(in.error.value == entries[i]);
        gen_free(&image);
    }
}

static void a_spoiled_elf_is_refused_with_its_fault(void **state)
{
    struct gen_image image;
    struct inspecting in;
    uint64_t phoff = UINT64_MAX - 8;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.virtual_addresses = true});
    memcpy(image.bytes + offsetof(struct zp_elf64_ehdr, e_phoff), &phoff, sizeof(phoff));
    assert_int_equal(inspect(&in, &image), ZP_ERR_OVERFLOW);
    assert_int_equal(zp_examine(&in.memory.source, &in.room, &in.image, NULL), ZP_ERR_OVERFLOW);
    assert_int_equal(tell(&in, ZP_PROTOCOL_PVH), ZP_ERR_OVERFLOW);
    assert_int_equal(in.error.field, ZP_FIELD_E_PHOFF);
    in.image.entry_count = 0;
    assert_int_equal(tell(&in, ZP_PROTOCOL_PVH), ZP_ERR_NO_SEGMENT);
    gen_free(&image);
}

static void a_32_bit_entry_lies_below_4_gib(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.load = UINT64_C(0x200000000)});
    assert_int_equal(inspect(&in, &image), ZP_OK);
    assert_int_equal(tell(&in, ZP_PROTOCOL_LINUX32), ZP_ERR_ABOVE_4G);
    assert_int_equal(in.error.field, ZP_FIELD_E_ENTRY);
    assert_int_equal(tell(&in, ZP_PROTOCOL_LINUX64), ZP_OK);
    gen_free(&image);
}

static void what_cannot_be_told(void **state)
{
    static const uint32_t protocols[] = {ZP_PROTOCOL_AUTO, ZP_PROTOCOL_LINUX16, ZP_PROTOCOL_COUNT, 33,
                                         UINT32_MAX};
    struct gen_image image;
    struct inspecting in;
    struct zp_entry other[8];
    struct zp_image_room room;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.virtual_addresses = true});
    assert_int_equal(inspect(&in, &image), ZP_OK);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(tell(&in, protocols[i]), ZP_ERR_PROTOCOL);
        assert_int_equal(in.error.field, ZP_FIELD_PROTOCOL);
        assert_true(in.error.value == protocols[i]);
    }
    room = in.room;
    room.entries = other;
    assert_int_equal(zp_image_tell(&in.image, &room, ZP_PROTOCOL_PVH, NULL), ZP_ERR_ARGUMENT);
    assert_int_equal(zp_image_tell(NULL, &in.room, ZP_PROTOCOL_PVH, NULL), ZP_ERR_ARGUMENT);
    assert_int_equal(zp_image_tell(&in.image, NULL, ZP_PROTOCOL_PVH, NULL), ZP_ERR_ARGUMENT);
    in.image.struct_size--;
    assert_int_equal(tell(&in, ZP_PROTOCOL_PVH), ZP_ERR_STRUCT_SIZE);
    in.image.struct_size++;
    assert_int_equal(in.image.entry_count, 1);
    gen_free(&image);

    gen_bzimage(&image, &(struct gen_bzimage){0});
    assert_int_equal(inspect(&in, &image), ZP_OK);
    assert_int_equal(tell(&in, ZP_PROTOCOL_MULTIBOOT1), ZP_ERR_FORMAT);
    assert_int_equal(in.error.field, ZP_FIELD_MAGIC);
    gen_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_told),
        cmocka_unit_test(an_entry_by_virtual_address),
        cmocka_unit_test(an_elf32_has_its_own_container),
        cmocka_unit_test(what_is_told_replaces_what_was_found),
        cmocka_unit_test(an_entry_outside_is_refused),
        cmocka_unit_test(a_spoiled_elf_is_refused_with_its_fault),
        cmocka_unit_test(a_32_bit_entry_lies_below_4_gib),
        cmocka_unit_test(what_cannot_be_told),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
