/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF executables of both classes: segments, the entry by e_entry, and what spoils them.
 */
#include "inspecting.h"

#include <stdlib.h>

#include <zeropage/wire/elf.h>

static void an_elf64_is_taken_apart(void **state)
{
    struct gen_image image;
    struct inspecting in;
    const struct zp_entry *entry;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.virtual_addresses = true, .unsorted = true});
    entry = sound(&in, &image, ZP_PROTOCOL_LINUX64);
    assert_protocols(&in, OFFERS(LINUX64));
    assert_int_equal(in.image.formats, ZP_FORMAT_ELF64);
    assert_int_equal(entry->container, ZP_CONTAINER_ELF64);
    assert_int_equal(entry->address.value, 0x1000010);
    assert_int_equal(entry->reserve.value, 0x1000000);
    assert_int_equal(entry->reserve_size, 0x5000);
    assert_int_equal(entry->align, 0);
    assert_int_equal(entry->segment_count, 3);
    assert_int_equal(in.segments[0].paddr.value, 0x1000000);
    assert_true(in.segments[0].vaddr == 0xffffffff81000000);
    assert_int_equal(in.segments[0].file_offset, 0x300);
    assert_int_equal(in.segments[0].file_size, 0x100);
    assert_int_equal(in.segments[0].memory_size, 0x1000);
    assert_int_equal(in.segments[0].align, 0x200000);
    assert_int_equal(in.segments[0].flags, ZP_PF_R | ZP_PF_X);
    assert_int_equal(in.segments[2].paddr.value, 0x1004000);
    assert_int_equal(in.segments[2].file_size, 0); /* memory to reserve and clear */
    assert_int_equal(in.image.elf.class_bits, 64);
    assert_int_equal(in.image.elf.type, ZP_ET_EXEC);
    assert_int_equal(in.image.elf.machine, ZP_EM_X86_64);
    assert_int_equal(in.image.elf.phnum, 4);
    assert_int_equal(in.image.elf.phoff, 64);
    assert_int_equal(in.image.elf.shnum, 1);
    assert_int_equal(in.image.elf.shentsize, 64);
    assert_int_equal(in.image.elf.guest_linux, 0);
    gen_free(&image);
}

static void an_elf32_is_taken_apart(void **state)
{
    struct gen_image image;
    struct inspecting in;
    const struct zp_entry *entry;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.bits = 32, .load = 0x100000, .type = ZP_ET_DYN});
    entry = sound(&in, &image, ZP_PROTOCOL_LINUX32);
    assert_protocols(&in, OFFERS(LINUX32));
    assert_int_equal(in.image.formats, ZP_FORMAT_ELF32);
    assert_int_equal(entry->container, ZP_CONTAINER_ELF32);
    assert_int_equal(entry->address.value, 0x100010);
    assert_int_equal(entry->reserve_size, 0x5000);
    assert_int_equal(in.image.elf.machine, ZP_EM_386);
    gen_free(&image);

    gen_elf(&image, &(struct gen_elf){.bits = 32, .machine = ZP_EM_X86_64}); /* as multiboot kernels are */
    sound(&in, &image, ZP_PROTOCOL_LINUX32);
    gen_free(&image);
}

static void e_entry_becomes_physical(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.virtual_addresses = true, .virtual_entry = true});
    assert_int_equal(sound(&in, &image, ZP_PROTOCOL_LINUX64)->address.value, 0x1000010);
    gen_poke(&image, 0x18, 8, 0xffffffff81000000 + 0x2020); /* in the second segment */
    assert_int_equal(sound(&in, &image, ZP_PROTOCOL_LINUX64)->address.value, 0x1002020);
    gen_free(&image);

    gen_elf(&image, &(struct gen_elf){.bits = 32, .virtual_addresses = true, .virtual_entry = true});
    assert_int_equal(sound(&in, &image, ZP_PROTOCOL_LINUX32)->address.value, 0x1000010);
    assert_int_equal(in.image.elf.entry.value, 0x1000010);
    gen_free(&image);

    /* In both: it is physical already. The data's p_vaddr is moved over the code's p_paddr. */
    gen_elf(&image, &(struct gen_elf){0});
    gen_poke(&image, image.phdrs + 2 * image.phdr_size + 16, 8, 0x1000000);
    assert_int_equal(sound(&in, &image, ZP_PROTOCOL_LINUX64)->address.value, 0x1000010);
    gen_free(&image);
}

#define PHDR64(index, member) (64 + 56 * (index) + offsetof(struct zp_elf64_phdr, member))
#define PHDR32(index, member) (52 + 32 * (index) + offsetof(struct zp_elf32_phdr, member))

/* HOSTILE rows 12, 13, 15 */
static void fields_of_an_elf64_that_are_spoiled(void **state)
{
    static const struct mangle mangles[] = {
        {"class 3", 4, 1, 3, ZP_ERR_ELF_CLASS, ZP_FIELD_E_IDENT, 0, 0},
        {"class 0", 4, 1, 0, ZP_ERR_ELF_CLASS, ZP_FIELD_E_IDENT, 0, 0},
        {"class 32", 4, 1, 1, ZP_ERR_NO_SEGMENT, ZP_FIELD_E_PHNUM, 0, 44},
        {"big endian", 5, 1, 2, ZP_ERR_ELF_DATA, ZP_FIELD_E_IDENT, 0, 0},
        {"ident version 0", 6, 1, 0, ZP_ERR_VALUE, ZP_FIELD_E_IDENT, 0, 0},
        {"osabi is anyone's", 7, 1, 255, ZP_OK, ZP_FIELD_NONE, 0, 0},
        {"ET_REL", 16, 2, ZP_ET_REL, ZP_ERR_ELF_TYPE, ZP_FIELD_E_TYPE, 0, 0},
        {"ET_CORE", 16, 2, ZP_ET_CORE, ZP_ERR_ELF_TYPE, ZP_FIELD_E_TYPE, 0, 0},
        {"AArch64", 18, 2, ZP_EM_AARCH64, ZP_ERR_ELF_MACHINE, ZP_FIELD_E_MACHINE, 0, 0},
        {"i386 in an ELF64", 18, 2, ZP_EM_386, ZP_ERR_ELF_MACHINE, ZP_FIELD_E_MACHINE, 0, 0},
        {"version 0", 20, 4, 0, ZP_ERR_VALUE, ZP_FIELD_E_VERSION, 0, 0},
        {"no entry", 24, 8, 0, ZP_ERR_OUTSIDE, ZP_FIELD_E_ENTRY, 0, 0},
        {"entry between segments", 24, 8, 0x1001000, ZP_ERR_OUTSIDE, ZP_FIELD_E_ENTRY, 0, 0},
        {"entry below", 24, 8, 0xffffff, ZP_ERR_OUTSIDE, ZP_FIELD_E_ENTRY, 0, 0},
        {"entry far above", 24, 8, UINT64_MAX, ZP_ERR_OUTSIDE, ZP_FIELD_E_ENTRY, 0, 0},
        {"phoff wraps", 32, 8, UINT64_MAX - 100, ZP_ERR_OVERFLOW, ZP_FIELD_E_PHOFF, 0, 0},
        {"phoff past the file", 32, 8, 0x4c0, ZP_ERR_TRUNCATED, ZP_FIELD_E_PHOFF, 0, 0},
        {"shoff is not asked", 40, 8, UINT64_MAX, ZP_OK, ZP_FIELD_NONE, 0, 0},
        {"phentsize 0", 54, 2, 0, ZP_ERR_VALUE, ZP_FIELD_E_PHENTSIZE, 0, 0},
        {"phentsize 32", 54, 2, 32, ZP_ERR_VALUE, ZP_FIELD_E_PHENTSIZE, 0, 0},
        {"phentsize 57", 54, 2, 57, ZP_ERR_VALUE, ZP_FIELD_E_PHENTSIZE, 0, 0},
        {"phnum 0", 56, 2, 0, ZP_ERR_NO_SEGMENT, ZP_FIELD_E_PHNUM, 0, 0},
        {"phnum past the file", 56, 2, 100, ZP_ERR_TRUNCATED, ZP_FIELD_E_PHOFF, 0, 32},
        {"phnum 65535, section 0 says 0", 56, 2, 65535, ZP_ERR_NO_SEGMENT, ZP_FIELD_E_PHNUM, 0, 0},
        {"filesz above memsz", PHDR64(1, p_filesz), 8, 0x1001, ZP_ERR_TOO_LARGE, ZP_FIELD_P_FILESZ, 0, 0},
        {"memsz below filesz", PHDR64(1, p_memsz), 8, 0xff, ZP_ERR_TOO_LARGE, ZP_FIELD_P_FILESZ, 0,
         PHDR64(1, p_filesz)},
        {"offset + filesz wraps", PHDR64(1, p_offset), 8, UINT64_MAX - 0xfe, ZP_ERR_OVERFLOW,
         ZP_FIELD_P_OFFSET, 0, 0},
        {"offset past the file", PHDR64(1, p_offset), 8, 0x3c1, ZP_ERR_TRUNCATED, ZP_FIELD_P_OFFSET, 0, 0},
        {"paddr + memsz wraps", PHDR64(3, p_paddr), 8, UINT64_MAX - 0xffe, ZP_ERR_OVERFLOW, ZP_FIELD_P_PADDR,
         0, 0},
        {"paddr at 2^52", PHDR64(3, p_paddr), 8, UINT64_C(1) << 52, ZP_ERR_TOO_LARGE, ZP_FIELD_P_PADDR, 0, 0},
        {"paddr is virtual", PHDR64(3, p_paddr), 8, 0xffffffff80000000, ZP_ERR_TOO_LARGE, ZP_FIELD_P_PADDR, 0,
         0},
        {"memsz 2^52", PHDR64(3, p_memsz), 8, UINT64_C(1) << 52, ZP_ERR_TOO_LARGE, ZP_FIELD_P_MEMSZ, 0, 0},
        {"memsz 2^50 is for the plan to refuse", PHDR64(3, p_memsz), 8, UINT64_C(1) << 50, ZP_OK,
         ZP_FIELD_NONE, 0, 0},
        {"align 3", PHDR64(2, p_align), 8, 3, ZP_ERR_ALIGNMENT, ZP_FIELD_P_ALIGN, 0, 0},
        {"align 0", PHDR64(2, p_align), 8, 0, ZP_OK, ZP_FIELD_NONE, 0, 0},
        {"data over the code", PHDR64(2, p_paddr), 8, 0x1000fff, ZP_ERR_OVERLAP, ZP_FIELD_P_PADDR, 0, 0},
        {"code into the data", PHDR64(1, p_memsz), 8, 0x2001, ZP_ERR_OVERLAP, ZP_FIELD_P_PADDR, 0,
         PHDR64(2, p_paddr)},
        {"code up to the data", PHDR64(1, p_memsz), 8, 0x2000, ZP_OK, ZP_FIELD_NONE, 0, 0},
        {"a PT_LOAD of no memory", PHDR64(3, p_memsz), 8, 0, ZP_OK, ZP_FIELD_NONE, 0, 0},
        {"offset of no bytes", PHDR64(3, p_offset), 8, UINT64_MAX, ZP_OK, ZP_FIELD_NONE, 0, 0},
        {"PT_INTERP", PHDR64(0, p_type), 4, ZP_PT_INTERP, ZP_ERR_ELF_PROGRAM, ZP_FIELD_P_TYPE, 0, SIZE_MAX},
    };
    struct gen_image image;

    (void)state;
    gen_elf(&image, &(struct gen_elf){0});
    MANGLE_ALL(&image, mangles);
    gen_free(&image);
}

static void fields_of_an_elf32_that_are_spoiled(void **state)
{
    static const struct mangle mangles[] = {
        {"class 64", 4, 1, 2, ZP_ERR_ELF_MACHINE, ZP_FIELD_E_MACHINE, 0, 18},
        {"AArch64", 18, 2, ZP_EM_AARCH64, ZP_ERR_ELF_MACHINE, ZP_FIELD_E_MACHINE, 0, 0},
        {"version 0", 20, 4, 0, ZP_ERR_VALUE, ZP_FIELD_E_VERSION, 0, 0},
        {"entry outside", 24, 4, 0xffffffff, ZP_ERR_OUTSIDE, ZP_FIELD_E_ENTRY, 0, 0},
        {"phoff past the file", 28, 4, 0xffffffff, ZP_ERR_TRUNCATED, ZP_FIELD_E_PHOFF, 0, 0},
        {"phentsize 56", 42, 2, 56, ZP_ERR_VALUE, ZP_FIELD_E_PHENTSIZE, 0, 0},
        {"phnum 0", 44, 2, 0, ZP_ERR_NO_SEGMENT, ZP_FIELD_E_PHNUM, 0, 0},
        {"filesz above memsz", PHDR32(1, p_filesz), 4, 0x1001, ZP_ERR_TOO_LARGE, ZP_FIELD_P_FILESZ, 0, 0},
        {"offset past the file", PHDR32(1, p_offset), 4, 0xffffffff, ZP_ERR_TRUNCATED, ZP_FIELD_P_OFFSET, 0,
         0},
        {"paddr + memsz past 4 GiB", PHDR32(3, p_paddr), 4, 0xfffff001, ZP_ERR_TOO_LARGE, ZP_FIELD_P_MEMSZ, 0,
         PHDR32(3, p_memsz)},
        {"paddr + memsz up to 4 GiB", PHDR32(3, p_paddr), 4, 0xfffff000, ZP_OK, ZP_FIELD_NONE, 0, 0},
        {"align 5", PHDR32(1, p_align), 4, 5, ZP_ERR_ALIGNMENT, ZP_FIELD_P_ALIGN, 0, 0},
        {"data over the code", PHDR32(2, p_paddr), 4, 0x1000001, ZP_ERR_OVERLAP, ZP_FIELD_P_PADDR, 0, 0},
    };
    struct gen_image image;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.bits = 32});
    MANGLE_ALL(&image, mangles);
    gen_free(&image);
}

/* HOSTILE row 15: nothing to load. */
static void an_elf_without_segments(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_elf(&image, &(struct gen_elf){0});
    for (unsigned i = 1; i <= 3; i++)
        gen_poke(&image, PHDR64(i, p_type), 4, ZP_PT_NULL);
    assert_int_equal(inspect(&in, &image), ZP_ERR_NO_SEGMENT);
    assert_int_equal(in.error.field, ZP_FIELD_E_PHNUM);
    for (unsigned i = 1; i <= 3; i++) {
        gen_poke(&image, PHDR64(i, p_type), 4, ZP_PT_LOAD);
        gen_poke(&image, PHDR64(i, p_filesz), 8, 0);
        gen_poke(&image, PHDR64(i, p_memsz), 8, 0);
    }
    assert_int_equal(inspect(&in, &image), ZP_ERR_NO_SEGMENT);
    gen_free(&image);
}

/* HOSTILE row 12: PN_XNUM, whose count stands in section 0. */
static void phnum_in_section_0(void **state)
{
    static const unsigned classes[] = {64, 32};
    struct gen_image image;
    struct inspecting in;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        bool wide = classes[i] == 64;
        size_t shoff = wide ? 40 : 32, phnum = wide ? 56 : 44, shnum = wide ? 60 : 48;
        size_t info =
            wide ? offsetof(struct zp_elf64_shdr, sh_info) : offsetof(struct zp_elf32_shdr, sh_info);
        size_t size =
            wide ? offsetof(struct zp_elf64_shdr, sh_size) : offsetof(struct zp_elf32_shdr, sh_size);
        uint32_t protocol = wide ? ZP_PROTOCOL_LINUX64 : ZP_PROTOCOL_LINUX32;

        gen_elf(&image, &(struct gen_elf){.bits = classes[i]});
        gen_poke(&image, phnum, 2, 65535);
        gen_poke(&image, image.shdrs + info, 4, 4);
        sound(&in, &image, protocol);
        assert_int_equal(in.image.elf.phnum, 4);
        gen_poke(&image, image.shdrs + info, 4, 0xffffffff);
        assert_int_equal(inspect(&in, &image), ZP_ERR_TRUNCATED);
        assert_int_equal(in.error.field, ZP_FIELD_E_PHOFF);
        gen_poke(&image, image.shdrs + info, 4, 4);
        gen_poke(&image, shnum, 2, 0);
        gen_poke(&image, image.shdrs + size, 4, 70000);
        sound(&in, &image, protocol);
        assert_int_equal(in.image.elf.shnum, 70000);
        gen_poke(&image, shoff, wide ? 8 : 4, 0);
        assert_int_equal(inspect(&in, &image), ZP_ERR_TRUNCATED);
        assert_int_equal(in.error.field, ZP_FIELD_E_SHOFF);
        gen_poke(&image, shoff, wide ? 8 : 4, UINT64_MAX);
        assert_int_equal(inspect(&in, &image), ZP_ERR_TRUNCATED);
        assert_int_equal(in.error.field, ZP_FIELD_E_SHOFF);
        gen_poke(&image, phnum, 2, 4); /* without PN_XNUM nobody needs the section */
        sound(&in, &image, protocol);
        assert_int_equal(in.image.elf.shnum, 0);
        gen_free(&image);
    }
    gen_elf(&image, &(struct gen_elf){0});
    gen_poke(&image, 60, 2, 0);
    gen_poke(&image, image.shdrs + offsetof(struct zp_elf64_shdr, sh_size), 8, UINT64_MAX);
    sound(&in, &image, ZP_PROTOCOL_LINUX64);
    assert_int_equal(in.image.elf.shnum, 0);
    gen_free(&image);
}

struct endless {
    struct gen_image image;
    uint64_t reads;
};

/* The image, and zeros behind it. */
static int read_endless(void *context, uint64_t offset, void *buffer, size_t length)
{
    struct endless *endless = context;

    memset(buffer, 0, length);
    if (offset < endless->image.size)
        memcpy(buffer, endless->image.bytes + offset,
               length < endless->image.size - offset ? length : endless->image.size - offset);
    return ++endless->reads < 100000 ? 0 : -1;
}

/* A file with room for as many headers as there are numbers is not read through. */
static void billions_of_headers(void **state)
{
    struct endless endless = {.reads = 0};
    struct zp_source source = {.size = UINT64_C(1) << 40, .read = read_endless, .context = &endless};
    struct inspecting in = {.room = {in.segments, 8, in.notes, 8, in.entries, 8}};

    (void)state;
    gen_elf(&endless.image, &(struct gen_elf){0});
    gen_poke(&endless.image, 56, 2, 65535);
    gen_poke(&endless.image, endless.image.shdrs + offsetof(struct zp_elf64_shdr, sh_info), 4, 0xffffffff);
    assert_int_equal(zp_inspect(&source, &in.room, &in.image, &in.error), ZP_ERR_TOO_LARGE);
    assert_int_equal(in.error.field, ZP_FIELD_E_PHNUM);
    assert_int_equal(in.error.offset, 56);
    assert_int_equal(in.error.value, 0xffffffff);
    gen_poke(&endless.image, endless.image.shdrs + offsetof(struct zp_elf64_shdr, sh_info), 4, 1u << 20);
    endless.reads = 0;
    assert_int_equal(zp_inspect(&source, &in.room, &in.image, &in.error), ZP_OK);
    gen_poke(&endless.image, 56, 2, 4);
    gen_poke(&endless.image, 60, 2, 0);
    gen_poke(&endless.image, endless.image.shdrs + offsetof(struct zp_elf64_shdr, sh_size), 8, 0xffffffff);
    endless.reads = 0;
    assert_int_equal(zp_inspect(&source, &in.room, &in.image, &in.error), ZP_OK);
    gen_free(&endless.image);
}

/* Many segments in a bad order come out sorted. */
static void segments_are_sorted(void **state)
{
    enum {
        COUNT = 300
    };
    size_t size = 64 + COUNT * 56;
    uint8_t *bytes = calloc(1, size);
    struct zp_segment *segments = calloc(COUNT, sizeof(*segments));
    struct zp_entry entries[2];
    struct zp_image_room room = {segments, COUNT, NULL, 0, entries, 2};
    struct zp_memory_source memory;
    struct zp_image image;
    struct gen_image small;

    (void)state;
    gen_elf(&small, &(struct gen_elf){0});
    memcpy(bytes, small.bytes, 64);
    gen_free(&small);
    memcpy(bytes + 56, &(uint16_t){COUNT}, 2);
    memcpy(bytes + 24, &(uint64_t){0x100000}, 8);
    for (uint64_t i = 0; i < COUNT; i++) {
        struct zp_elf64_phdr phdr = {.p_type = ZP_PT_LOAD, .p_memsz = 0x1000};

        phdr.p_paddr = phdr.p_vaddr = 0x100000 + i * 7 % COUNT * 0x1000; /* 7 and 300 share no factor */
        memcpy(bytes + 64 + i * 56, &phdr, sizeof(phdr));
    }
    zp_memory_source_init(&memory, bytes, size);
    assert_int_equal(zp_inspect(&memory.source, &room, &image, NULL), ZP_OK);
    for (uint64_t i = 0; i < COUNT; i++)
        assert_int_equal(segments[i].paddr.value, 0x100000 + i * 0x1000);
    room.segment_capacity = COUNT - 1;
    assert_int_equal(zp_inspect(&memory.source, &room, &image, NULL), ZP_ERR_ROOM);
    free(segments);
    free(bytes);
}

/* A program for an operating system is none of ours, unless it says PVH or multiboot itself. */
static void programs_are_refused(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.abi_tag = true});
    assert_int_equal(inspect(&in, &image), ZP_ERR_ELF_PROGRAM);
    gen_free(&image);
    gen_elf(&image, &(struct gen_elf){.abi_tag = true, .pvh = true});
    sound(&in, &image, ZP_PROTOCOL_PVH);
    assert_protocols(&in, OFFERS(PVH));
    gen_free(&image);
    gen_elf(&image, &(struct gen_elf){.interpreter = true, .multiboot1 = true});
    sound(&in, &image, ZP_PROTOCOL_MULTIBOOT1);
    assert_protocols(&in, OFFERS(MULTIBOOT1));
    gen_free(&image);
}

/* The fault of an ELF is that of all entries that load it. */
static void a_fault_reaches_every_entry(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.pvh = true, .multiboot1 = true, .multiboot2 = true});
    gen_poke(&image, PHDR64(1, p_filesz), 8, 0x1001);
    assert_int_equal(inspect(&in, &image), ZP_ERR_TOO_LARGE);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(in.entries[i].fault.field, ZP_FIELD_P_FILESZ);
    assert_int_equal(in.entries[0].protocol, ZP_PROTOCOL_LINUX64); /* a Linux, by its note */
    gen_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_elf64_is_taken_apart),
        cmocka_unit_test(an_elf32_is_taken_apart),
        cmocka_unit_test(e_entry_becomes_physical),
        cmocka_unit_test(fields_of_an_elf64_that_are_spoiled),
        cmocka_unit_test(fields_of_an_elf32_that_are_spoiled),
        cmocka_unit_test(an_elf_without_segments),
        cmocka_unit_test(phnum_in_section_0),
        cmocka_unit_test(billions_of_headers),
        cmocka_unit_test(segments_are_sorted),
        cmocka_unit_test(programs_are_refused),
        cmocka_unit_test(a_fault_reaches_every_entry),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
