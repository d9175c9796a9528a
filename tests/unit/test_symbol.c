/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * symbol.c: finds this program's own functions in this program's own ELF, and a small made-up ELF of either
 * class; lies in the file lead to no answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <zeropage/wire/elf.h>

#include "host.h"

extern const char __executable_start[];

__attribute__((noinline)) static int landmark(int number)
{
    return number * 3 + 1;
}

static void own_function_is_found(void **state)
{
    uint64_t address = (uint64_t)((uintptr_t)landmark - (uintptr_t)__executable_start);
    struct zp_image image = {0};
    struct zp_elf64_ehdr header;
    struct zp_file file;
    char name[64] = "";
    uint64_t offset = 99;

    (void)state;
    assert_int_equal(landmark(2), 7);
    assert_int_equal(zp_file_open(&file, "/proc/self/exe"), 0);
    assert_int_equal(file.source.read(file.source.context, 0, &header, sizeof(header)), 0);
    image.source = &file.source;
    image.elf = (struct zp_elf){
        .class_bits = 64, .shoff = header.e_shoff, .shnum = header.e_shnum, .shentsize = header.e_shentsize};
    assert_true(zp_elf_symbol(&image, address, name, sizeof(name), &offset));
    assert_string_equal(name, "landmark");
    assert_int_equal(offset, 0);
    assert_true(zp_elf_symbol(&image, address + 1, name, sizeof(name), &offset));
    assert_string_equal(name, "landmark");
    assert_int_equal(offset, 1);
    assert_false(zp_elf_symbol(&image, UINT64_C(1) << 40, name, sizeof(name), &offset));
    zp_file_close(&file);
}

/* A header's room, then: null section, .text at 0x1000, .symtab, .strtab; symbols in disorder. */
static struct {
    char header[64];
    struct zp_elf64_shdr sections[4];
    struct zp_elf64_sym symbols[5];
    char names[32];
} wide;

static struct zp_memory_source memory;

static struct zp_image make_wide(void)
{
    memset(&wide, 0, sizeof(wide));
    memcpy(wide.names, "\0late\0early\0label\0bad\033name", 27);
    wide.sections[1] = (struct zp_elf64_shdr){
        .sh_type = ZP_SHT_PROGBITS, .sh_flags = ZP_SHF_ALLOC, .sh_addr = 0x1000, .sh_size = 0x1000};
    wide.sections[2] = (struct zp_elf64_shdr){.sh_type = ZP_SHT_SYMTAB,
                                              .sh_link = 3,
                                              .sh_offset = offsetof(__typeof__(wide), symbols),
                                              .sh_size = sizeof(wide.symbols)};
    wide.sections[3] = (struct zp_elf64_shdr){.sh_type = ZP_SHT_STRTAB,
                                              .sh_offset = offsetof(__typeof__(wide), names),
                                              .sh_size = sizeof(wide.names)};
    wide.symbols[1] = (struct zp_elf64_sym){.st_name = 1, .st_info = 0x12, .st_shndx = 1, .st_value = 0x1800};
    wide.symbols[2] =
        (struct zp_elf64_sym){.st_name = 12, .st_info = 0x00, .st_shndx = 1, .st_value = 0x1100};
    wide.symbols[3] = (struct zp_elf64_sym){.st_name = 6, .st_info = 0x02, .st_shndx = 1, .st_value = 0x1100};
    wide.symbols[4] =
        (struct zp_elf64_sym){.st_name = 18, .st_info = 0x02, .st_shndx = 1, .st_value = 0x1f00};
    zp_memory_source_init(&memory, &wide, sizeof(wide));
    return (struct zp_image){.source = &memory.source,
                             .elf = {.class_bits = 64,
                                     .shoff = offsetof(__typeof__(wide), sections),
                                     .shnum = 4,
                                     .shentsize = sizeof(struct zp_elf64_shdr)}};
}

static void nearest_symbol_wins(void **state)
{
    static const struct {
        uint64_t address;
        const char *name;
        uint64_t offset;
    } rows[] = {
        {0x1100, "early", 0}, /* a function before a label */
        {0x17ff, "early", 0x6ff},
        {0x1805, "late", 5},
        {0x1fff, "bad?name", 0xff}, /* an escape would reach the terminal */
    };
    const struct zp_image image = make_wide();
    uint64_t offset = 99;
    char name[32] = "";

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(zp_elf_symbol(&image, rows[i].address, name, sizeof(name), &offset));
        assert_string_equal(name, rows[i].name);
        assert_int_equal(offset, rows[i].offset);
    }
    assert_true(zp_elf_symbol(&image, 0x1100, name, 4, &offset));
    assert_string_equal(name, "ear"); /* cut to its room */
    assert_false(zp_elf_symbol(&image, 0x10ff, name, sizeof(name), &offset));
    assert_false(zp_elf_symbol(&image, 0x2000, name, sizeof(name), &offset)); /* past the section */
    assert_false(zp_elf_symbol(&image, UINT64_MAX, name, sizeof(name), &offset));
}

static uint64_t bytes_read;

static int count_and_read(void *context, uint64_t offset, void *buffer, size_t length)
{
    bytes_read += length;
    return memory.source.read(context, offset, buffer, length);
}

/* Each of 1000 section headers tells of a symbol table as long as the file. */
static void tables_over_each_other_are_not_all_read(void **state)
{
    static struct {
        char header[64];
        struct zp_elf64_shdr sections[1000];
    } file;
    struct zp_source counting = {.size = sizeof(file), .read = count_and_read, .context = &memory};
    struct zp_image image = {.source = &counting,
                             .elf = {.class_bits = 64,
                                     .shoff = offsetof(__typeof__(file), sections),
                                     .shnum = 1000,
                                     .shentsize = sizeof(struct zp_elf64_shdr)}};
    char name[32];
    uint64_t offset;

    (void)state;
    file.sections[0].sh_type = ZP_SHT_STRTAB;
    for (size_t i = 1; i < 1000; i++)
        file.sections[i] = (struct zp_elf64_shdr){.sh_type = ZP_SHT_SYMTAB, .sh_size = sizeof(file)};
    zp_memory_source_init(&memory, &file, sizeof(file));
    assert_false(zp_elf_symbol(&image, 0, name, sizeof(name), &offset));
    assert_in_range(bytes_read, sizeof(file), 5 * sizeof(file));
}

/* Spoils one field of a sound file: no answer, and no harm. */
static void lies_lead_to_no_answer(void **state)
{
    uint64_t offset = 99;
    char name[32] = "";
    struct zp_image image;

#define SPOIL(field, value) \
    image = make_wide();    \
    field = (value);        \
    assert_false(zp_elf_symbol(&image, 0x1100, name, sizeof(name), &offset))

    (void)state;
    SPOIL(image.elf.shoff, UINT64_MAX - 64);
    SPOIL(image.elf.shoff, sizeof(wide) - 1);
    SPOIL(image.elf.shoff, 0);
    SPOIL(image.elf.shentsize, 1);
    SPOIL(image.elf.shentsize, UINT32_MAX);
    SPOIL(image.elf.shnum, 2);
    SPOIL(image.elf.class_bits, 0);
    SPOIL(wide.sections[2].sh_offset, UINT64_MAX - 8);
    SPOIL(wide.sections[2].sh_size, UINT64_MAX);
    SPOIL(wide.sections[2].sh_size, 0);
    SPOIL(wide.sections[2].sh_link, 77);
    SPOIL(wide.sections[2].sh_link, 1);
    SPOIL(wide.sections[3].sh_offset, UINT64_MAX);
    SPOIL(wide.sections[3].sh_size, UINT64_MAX);
    SPOIL(wide.sections[3].sh_size, 3);
    SPOIL(wide.symbols[3].st_name, UINT32_MAX);
    SPOIL(wide.sections[1].sh_flags, 0);
    SPOIL(wide.sections[1].sh_size, 0x10);
#undef SPOIL
    assert_int_equal(offset, 99);
    for (size_t size = 0; size < sizeof(wide); size++) {
        image = make_wide();
        zp_memory_source_init(&memory, &wide, size);
        if (size < sizeof(wide) - sizeof(wide.names))
            assert_false(zp_elf_symbol(&image, 0x1100, name, sizeof(name), &offset));
    }
}

static void class_32_reads_alike(void **state)
{
    static struct {
        char header[52];
        struct zp_elf32_shdr sections[4];
        struct zp_elf32_sym symbols[2];
        char names[16];
    } narrow;
    const struct zp_image image = {.source = &memory.source,
                                   .elf = {.class_bits = 32,
                                           .shoff = offsetof(__typeof__(narrow), sections),
                                           .shnum = 4,
                                           .shentsize = sizeof(struct zp_elf32_shdr)}};
    uint64_t offset = 99;
    char name[32] = "";

    (void)state;
    memcpy(narrow.names, "\0start", 7);
    narrow.sections[1] = (struct zp_elf32_shdr){
        .sh_type = ZP_SHT_PROGBITS, .sh_flags = ZP_SHF_ALLOC, .sh_addr = 0x100000, .sh_size = 0x1000};
    narrow.sections[2] = (struct zp_elf32_shdr){.sh_type = ZP_SHT_SYMTAB,
                                                .sh_link = 3,
                                                .sh_offset = offsetof(__typeof__(narrow), symbols),
                                                .sh_size = sizeof(narrow.symbols)};
    narrow.sections[3] = (struct zp_elf32_shdr){.sh_type = ZP_SHT_STRTAB,
                                                .sh_offset = offsetof(__typeof__(narrow), names),
                                                .sh_size = sizeof(narrow.names)};
    narrow.symbols[1] =
        (struct zp_elf32_sym){.st_name = 1, .st_info = 0x12, .st_shndx = 1, .st_value = 0x100010};
    zp_memory_source_init(&memory, &narrow, sizeof(narrow));
    assert_true(zp_elf_symbol(&image, 0x100012, name, sizeof(name), &offset));
    assert_string_equal(name, "start");
    assert_int_equal(offset, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_function_is_found),
        cmocka_unit_test(nearest_symbol_wins),
        cmocka_unit_test(tables_over_each_other_are_not_all_read),
        cmocka_unit_test(lies_lead_to_no_answer),
        cmocka_unit_test(class_32_reads_alike),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
