/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The handoff report of machines made by hand: what each protocol hands over is read as it lies there, and
 * nothing that lies there makes the report endless or broken.
 */
#include <zeropage/wire/acpi.h>
#include <zeropage/wire/bootparam.h>
#include <zeropage/wire/efi.h>
#include <zeropage/wire/mptable.h>
#include <zeropage/wire/multiboot.h>
#include <zeropage/wire/multiboot2.h>
#include <zeropage/wire/x86.h>
#include <zeropage/wire/xen.h>

#include "probe_fixture.h"

#define PARAMS  0x7000u
#define CMDLINE 0x20000u
#define INITRD  0x800000u
#define INFO    0x6000u

/* ---- the CPU */

static void the_cpu_as_it_is(void **state)
{
    static const uint64_t gdt[] = {0, 0, ZP_SEGMENT_FLAT_CODE32, ZP_SEGMENT_FLAT_DATA};
    struct fixture *fixture = *state;
    struct zp_probe_cpu *cpu = &fixture->view.cpu;

    fixture->view.protocol = ZP_PROTOCOL_LINUX32;
    fixture->view.image = "bzimage";
    cpu->rip = 0x100000;
    cpu->rsi = PARAMS;
    cpu->rflags = 2;
    cpu->r8 = 5;
    cpu->gdt_base = 0x500;
    cpu->gdt_limit = sizeof(gdt) - 1;
    cpu->cs = ZP_BOOT_CS;
    cpu->ds = cpu->es = ZP_BOOT_DS;
    cpu->fs = 0x20; /* past the limit */
    cpu->ss = 0x1c; /* in an LDT */
    fixture_poke(fixture, 0x500, gdt, sizeof(gdt));
    fixture_report(fixture);
    assert_string_equal(fixture_line(fixture, "begin", 0),
                        "{\"probe\":\"begin\",\"schema\":1,\"seen\":\"inside\",\"image\":\"bzimage\","
                        "\"protocol\":\"linux32\"}");
    assert_string_equal(
        fixture_line(fixture, "cpu", 0),
        "{\"probe\":\"cpu\",\"mode\":\"protected32\",\"rip\":\"0x100000\",\"rflags\":\"0x2\",\"rax\":\"0x0\","
        "\"rbx\":\"0x0\",\"rcx\":\"0x0\",\"rdx\":\"0x0\",\"rsi\":\"0x7000\",\"rdi\":\"0x0\",\"rbp\":\"0x0\","
        "\"rsp\":\"0x0\",\"cr0\":\"0x11\",\"cr2\":\"0x0\",\"cr3\":\"0x0\",\"cr4\":\"0x0\",\"efer\":\"0x0\","
        "\"gdt\":{\"base\":\"0x500\",\"limit\":\"0x1f\"},\"idt\":{\"base\":\"0x0\",\"limit\":\"0x0\"},"
        "\"cs\":\"0x10\",\"ds\":\"0x18\",\"es\":\"0x18\",\"fs\":\"0x20\",\"gs\":\"0x0\",\"ss\":\"0x1c\","
        "\"tr\":\"0x0\",\"ldtr\":\"0x0\"}");
    assert_string_equal(fixture_line(fixture, "descriptors", 0),
                        "{\"probe\":\"descriptors\",\"cs\":\"0xcf9b000000ffff\",\"ds\":\"0xcf93000000ffff\","
                        "\"es\":\"0xcf93000000ffff\",\"fs\":null,\"gs\":null,\"ss\":null,\"tr\":null}");
    assert_null(fixture_line(fixture, "segments", 0));
    assert_null(fixture_line(fixture, "paging", 0));
}

static void hidden_parts_from_outside(void **state)
{
    struct fixture *fixture = *state;
    struct zp_segment_register segments[ZP_PROBE_SEGMENT_COUNT] = {
        [ZP_PROBE_SEGMENT_CS] = {.limit = UINT32_MAX, .type = 11, .s = 1, .present = 1, .db = 1, .g = 1},
        [ZP_PROBE_SEGMENT_LDTR] = {.base = 0x1234, .unusable = 1}};

    fixture->view.segments = segments;
    fixture->view.seen = "outside";
    fixture->view.cpu.mode = ZP_PROBE_LONG64;
    fixture->view.cpu.r15 = 0xf;
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "cpu", 0, "\"mode\":\"long64\""));
    assert_true(fixture_has(fixture, "cpu", 0, "\"r8\":\"0x0\",\"r9\":\"0x0\",\"r10\":\"0x0\""));
    assert_true(fixture_has(fixture, "cpu", 0, "\"r15\":\"0xf\",\"cr0\""));
    assert_true(fixture_has(
        fixture, "segments", 0,
        "\"cs\":{\"base\":\"0x0\",\"limit\":\"0xffffffff\",\"type\":11,\"s\":1,\"dpl\":0,\"present\":1,"
        "\"l\":0,\"db\":1,\"g\":1,\"unusable\":0},\"ds\":{"));
    assert_true(fixture_has(fixture, "segments", 0, "\"ldtr\":{\"base\":\"0x1234\","));
}

static void real_mode_has_no_descriptors(void **state)
{
    struct fixture *fixture = *state;

    fixture->view.cpu.mode = ZP_PROBE_REAL16;
    fixture->view.protocol = ZP_PROTOCOL_LINUX16;
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "cpu", 0, "\"mode\":\"real16\""));
    assert_false(fixture_has(fixture, "cpu", 0, "efer"));
    assert_false(fixture_has(fixture, "cpu", 0, "ldtr"));
    assert_null(fixture_line(fixture, "descriptors", 0));
}

static void a_gdt_past_memory_is_null(void **state)
{
    struct fixture *fixture = *state;

    fixture->view.cpu.gdt_base = FIXTURE_RAM - 4;
    fixture->view.cpu.gdt_limit = 0xffff;
    fixture->view.cpu.cs = 8;
    fixture->view.cpu.ds = 0xfff8;
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "descriptors", 0, "\"cs\":null,\"ds\":null"));
}

/* ---- paging */

static void make_long_mode(struct fixture *fixture, uint64_t cr3)
{
    struct zp_probe_cpu *cpu = &fixture->view.cpu;

    cpu->mode = ZP_PROBE_LONG64;
    cpu->cr0 = ZP_CR0_PG | ZP_CR0_PE;
    cpu->cr4 = ZP_CR4_PAE;
    cpu->efer = ZP_EFER_LME | ZP_EFER_LMA;
    cpu->cr3 = cr3;
}

static void an_identity_map_is_one_line(void **state)
{
    struct fixture *fixture = *state;

    make_long_mode(fixture, 0x9000);
    fixture_poke_number(fixture, 0x9000, 0xa000 | ZP_PTE_P | ZP_PTE_RW, 8);
    for (uint64_t i = 0; i < 4; i++)
        fixture_poke_number(fixture, 0xa000 + 8 * i, (0xb000 + 0x1000 * i) | ZP_PTE_P | ZP_PTE_RW, 8);
    for (uint64_t i = 0; i < 2048; i++)
        fixture_poke_number(fixture, 0xb000 + 8 * i, i << 21 | ZP_PTE_P | ZP_PTE_RW | ZP_PTE_PS, 8);
    fixture_report(fixture);
    assert_string_equal(fixture_line(fixture, "paging", 0),
                        "{\"probe\":\"paging\",\"levels\":4,\"tables\":6,\"cr3\":\"0x9000\",\"unreadable\":0,"
                        "\"cut\":false}");
    assert_int_equal(fixture_count(fixture, "mapping"), 1);
    assert_string_equal(fixture_line(fixture, "mapping", 0),
                        "{\"probe\":\"mapping\",\"virtual\":\"0x0\",\"physical\":\"0x0\",\"size\":4294967296,"
                        "\"writable\":true,\"executable\":true,\"user\":false}");
    assert_int_equal(fixture_count(fixture, "table"), 6);
    assert_string_equal(fixture_line(fixture, "table", 0),
                        "{\"probe\":\"table\",\"at\":\"0x9000\",\"level\":4}");
    assert_string_equal(fixture_line(fixture, "table", 5),
                        "{\"probe\":\"table\",\"at\":\"0xe000\",\"level\":2}");
    /* The guest runs under interpreters too. */
    assert_true(fixture->peeks < 3000);
}

static void rights_and_halves_part_mappings(void **state)
{
    struct fixture *fixture = *state;
    const uint64_t all = ZP_PTE_P | ZP_PTE_RW | ZP_PTE_US;

    make_long_mode(fixture, 0x9000);
    fixture->view.cpu.efer |= ZP_EFER_NXE;
    /* The last gigabyte of the lower half and the first of the upper one, physically side by side. */
    fixture_poke_number(fixture, 0x9000 + 8 * 255, 0xa000 | all, 8);
    fixture_poke_number(fixture, 0x9000 + 8 * 256, 0xb000 | all, 8);
    fixture_poke_number(fixture, 0xa000 + 8 * 511, 0x40000000 | all | ZP_PTE_PS, 8);
    fixture_poke_number(fixture, 0xb000, 0x80000000 | all | ZP_PTE_PS, 8);
    /* Rights are those of every level. */
    fixture_poke_number(fixture, 0x9000 + 8 * 511, 0xc000 | ZP_PTE_P | ZP_PTE_US, 8);
    fixture_poke_number(fixture, 0xc000, 0xd000 | all, 8);
    fixture_poke_number(fixture, 0xd000, 0xe000 | all | ZP_PTE_XD, 8);
    fixture_poke_number(fixture, 0xe000, 0x5000 | all, 8);
    fixture_report(fixture);
    assert_int_equal(fixture_count(fixture, "mapping"), 3);
    assert_true(fixture_has(fixture, "mapping", 0, "\"virtual\":\"0x7fffc0000000\""));
    assert_true(fixture_has(fixture, "mapping", 1, "\"virtual\":\"0xffff800000000000\""));
    assert_string_equal(fixture_line(fixture, "mapping", 2),
                        "{\"probe\":\"mapping\",\"virtual\":\"0xffffff8000000000\",\"physical\":\"0x5000\","
                        "\"size\":4096,\"writable\":false,\"executable\":false,\"user\":true}");
}

static void five_levels(void **state)
{
    struct fixture *fixture = *state;

    make_long_mode(fixture, 0x9000);
    fixture->view.cpu.cr4 |= ZP_CR4_LA57;
    fixture_poke_number(fixture, 0x9000 + 8 * 511, 0xa000 | ZP_PTE_P, 8);
    fixture_poke_number(fixture, 0xa000, 0xb000 | ZP_PTE_P, 8);
    fixture_poke_number(fixture, 0xb000, 0x40000000 | ZP_PTE_P | ZP_PTE_PS, 8);
    /* Reserved bits fault: a large page of 512 GiB, and no-execute without EFER.NXE. */
    fixture_poke_number(fixture, 0xa008, 0xb000 | ZP_PTE_P | ZP_PTE_PS, 8);
    fixture_poke_number(fixture, 0xb008, 0x40000000 | ZP_PTE_P | ZP_PTE_PS | ZP_PTE_XD, 8);
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "paging", 0, "\"levels\":5,\"tables\":3"));
    assert_int_equal(fixture_count(fixture, "mapping"), 1);
    assert_true(fixture_has(fixture, "mapping", 0, "\"virtual\":\"0xffff000000000000\""));
}

static void old_paging_formats(void **state)
{
    struct fixture *fixture = *state;
    struct zp_probe_cpu *cpu = &fixture->view.cpu;

    cpu->cr0 = ZP_CR0_PG | ZP_CR0_PE;
    cpu->cr4 = ZP_CR4_PAE;
    cpu->cr3 = 0x9020;
    fixture_poke_number(fixture, 0x9020 + 24, 0xa000 | ZP_PTE_P, 8);
    fixture_poke_number(fixture, 0xa000 + 8, 0x400000 | ZP_PTE_P | ZP_PTE_RW | ZP_PTE_PS, 8);
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "paging", 0, "\"levels\":3,\"tables\":2,\"cr3\":\"0x9020\""));
    assert_string_equal(
        fixture_line(fixture, "mapping", 0),
        "{\"probe\":\"mapping\",\"virtual\":\"0xc0200000\",\"physical\":\"0x400000\",\"size\":2097152,"
        "\"writable\":true,\"executable\":true,\"user\":false}");

    cpu->cr4 = ZP_CR4_PSE;
    cpu->cr3 = 0xb000;
    fixture_poke_number(fixture, 0xb000 + 4, 0xc00000 | 3 << 13 | ZP_PTE_P | ZP_PTE_PS, 4);
    fixture_poke_number(fixture, 0xb000 + 4 * 1023, 0xc000 | ZP_PTE_P | ZP_PTE_RW, 4);
    fixture_poke_number(fixture, 0xc000 + 4 * 1023, 0x7000 | ZP_PTE_P | ZP_PTE_RW, 4);
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "paging", 0, "\"levels\":2,\"tables\":2"));
    assert_true(fixture_has(fixture, "mapping", 0, "\"virtual\":\"0x400000\",\"physical\":\"0x300c00000\""));
    assert_true(fixture_has(fixture, "mapping", 0, "\"size\":4194304,\"writable\":false"));
    assert_true(fixture_has(fixture, "mapping", 1, "\"virtual\":\"0xfffff000\",\"physical\":\"0x7000\""));
}

static void the_gdt_is_found_through_the_tables(void **state)
{
    struct fixture *fixture = *state;

    make_long_mode(fixture, 0x9000);
    fixture_poke_number(fixture, 0x9000, 0xa000 | ZP_PTE_P, 8);
    fixture_poke_number(fixture, 0xa000, 0xb000 | ZP_PTE_P, 8);
    fixture_poke_number(fixture, 0xb000, 0xc000 | ZP_PTE_P, 8);
    fixture_poke_number(fixture, 0xc000, 0x30000 | ZP_PTE_P, 8);
    fixture_poke_number(fixture, 0xc008, 0x50000 | ZP_PTE_P, 8);
    /* The descriptor lies in two pages. */
    fixture->view.cpu.gdt_base = 0xff4;
    fixture->view.cpu.gdt_limit = 0x17;
    fixture->view.cpu.cs = 8;
    fixture->view.cpu.ss = 0x10;
    fixture_poke_number(fixture, 0x30ffc, 0x0000ffff, 4);
    fixture_poke_number(fixture, 0x50000, 0x00af9b00, 4);
    fixture_poke_number(fixture, 0x50004, ZP_SEGMENT_FLAT_DATA, 8);
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "descriptors", 0, "\"cs\":\"0xaf9b000000ffff\""));
    assert_true(fixture_has(fixture, "descriptors", 0, "\"ss\":\"0xcf93000000ffff\""));
    fixture->view.cpu.gdt_base = 0x1ff8; /* the page after is not mapped */
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "descriptors", 0, "\"cs\":null"));
}

static void tables_that_point_to_themselves_end(void **state)
{
    struct fixture *fixture = *state;

    make_long_mode(fixture, 0x9000);
    for (uint64_t i = 0; i < 512; i++)
        fixture_poke_number(fixture, 0x9000 + 8 * i, 0x9000 | ZP_PTE_P, 8);
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "paging", 0, "\"tables\":8192,"));
    assert_true(fixture_has(fixture, "paging", 0, "\"cut\":true"));
    assert_int_equal(fixture_count(fixture, "mapping"), 65);
    assert_true(fixture_has(fixture, "mapping", 64, "{\"probe\":\"mapping\",\"more\":"));
    assert_int_equal(fixture_count(fixture, "table"), 65);
    assert_string_equal(fixture_line(fixture, "table", 64), "{\"probe\":\"table\",\"more\":8128}");
}

static void tables_past_memory_are_unreadable(void **state)
{
    struct fixture *fixture = *state;

    make_long_mode(fixture, FIXTURE_RAM);
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "paging", 0, "\"tables\":1,"));
    assert_true(fixture_has(fixture, "paging", 0, "\"unreadable\":1"));
    assert_null(fixture_line(fixture, "mapping", 0));
}

/* ---- Linux */

static struct zp_boot_params *make_params(struct fixture *fixture)
{
    struct zp_boot_params *params = (void *)(fixture->ram + PARAMS);

    fixture->view.protocol = ZP_PROTOCOL_LINUX64;
    fixture->view.cpu.mode = ZP_PROBE_LONG64;
    fixture->view.cpu.rsi = PARAMS;
    params->hdr.header = ZP_SETUP_MAGIC_HDRS;
    params->hdr.boot_flag = ZP_BOOT_FLAG;
    params->hdr.version = 0x20f;
    return params;
}

static void boot_params_field_by_field(void **state)
{
    struct fixture *fixture = *state;
    struct zp_boot_params *params = make_params(fixture);

    params->sentinel = 0xff;
    params->acpi_rsdp_addr = 0x9fc00;
    params->e820_entries = 2;
    params->ext_cmd_line_ptr = 0;
    params->screen_info.orig_video_isVGA = 1;
    params->efi_info.efi_loader_signature = ZP_EFI64_LOADER_SIGNATURE;
    params->_pad7[35] = 1;
    params->_pad9[0] = 1;
    params->hdr.setup_sects = 27;
    params->hdr.syssize = 0x1234;
    params->hdr.type_of_loader = 0xff;
    params->hdr.init_size = 0x2000000;
    params->hdr.kernel_info_offset = 0x55;
    params->e820_table[0] = (struct zp_boot_e820_entry){0, 0x9fc00, 1};
    params->e820_table[1] = (struct zp_boot_e820_entry){0x100000, UINT64_C(1) << 40, 2};
    fixture_report(fixture);
    assert_string_equal(
        fixture_line(fixture, "boot_params", 0),
        "{\"probe\":\"boot_params\",\"address\":\"0x7000\",\"sentinel\":\"0xff\","
        "\"acpi_rsdp_addr\":\"0x9fc00\",\"e820_entries\":2,\"ext_ramdisk_image\":\"0x0\","
        "\"ext_ramdisk_size\":\"0x0\",\"ext_cmd_line_ptr\":\"0x0\",\"cc_blob_address\":\"0x0\","
        "\"screen_info\":true,\"efi_info\":\"0x34364c45\",\"stray\":\"0x28f\"}");
    assert_true(fixture_has(fixture, "setup_header", 0, "{\"probe\":\"setup_header\",\"setup_sects\":27,"));
    assert_true(fixture_has(fixture, "setup_header", 0, "\"syssize\":4660,"));
    assert_true(fixture_has(fixture, "setup_header", 0, "\"version\":\"0x20f\","));
    assert_true(fixture_has(fixture, "setup_header", 0, "\"type_of_loader\":\"0xff\","));
    assert_true(fixture_has(fixture, "setup_header", 0, "\"init_size\":33554432,"));
    assert_true(fixture_has(fixture, "setup_header", 0, "\"kernel_info_offset\":\"0x55\"}"));
    assert_int_equal(fixture_count(fixture, "memory"), 2);
    assert_string_equal(
        fixture_line(fixture, "memory", 1),
        "{\"probe\":\"memory\",\"index\":1,\"start\":\"0x100000\",\"size\":1099511627776,\"type\":2}");
    assert_string_equal(fixture_line(fixture, "cmdline", 0), "{\"probe\":\"cmdline\",\"present\":false}");
    assert_null(fixture_line(fixture, "module", 0));
}

static void a_clean_page_has_nothing_stray(void **state)
{
    struct fixture *fixture = *state;

    make_params(fixture);
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "boot_params", 0, "\"screen_info\":false"));
    assert_true(fixture_has(fixture, "boot_params", 0, "\"stray\":null}"));
}

static void cmdline_and_initrd(void **state)
{
    static const char text[] = "console=ttyS0 \"a  b\" c=\\";
    struct fixture *fixture = *state;
    struct zp_boot_params *params = make_params(fixture);
    char expected[512];

    params->hdr.cmd_line_ptr = CMDLINE;
    params->hdr.ramdisk_image = INITRD + 5;
    params->hdr.ramdisk_size = 12345;
    for (unsigned i = 0; i < 12345; i++)
        fixture->ram[INITRD + 5 + i] = (uint8_t)(i * i >> 3);
    fixture_poke(fixture, CMDLINE, text, sizeof(text));
    fixture_report(fixture);
    snprintf(expected, sizeof(expected),
             "{\"probe\":\"cmdline\",\"present\":true,\"address\":\"0x20000\",\"length\":%zu,"
             "\"crc32\":\"0x%08x\",\"text\":\"console=ttyS0 \\\"a  b\\\" c=\\\\\",\"terminated\":true}",
             strlen(text), fixture_crc32(text, strlen(text)));
    assert_string_equal(fixture_line(fixture, "cmdline", 0), expected);
    snprintf(expected, sizeof(expected),
             "{\"probe\":\"module\",\"index\":0,\"start\":\"0x800005\",\"size\":12345,\"crc32\":\"0x%08x\"}",
             fixture_crc32(fixture->ram + INITRD + 5, 12345));
    assert_string_equal(fixture_line(fixture, "module", 0), expected);
}

static void an_endless_cmdline_is_cut(void **state)
{
    struct fixture *fixture = *state;
    struct zp_boot_params *params = make_params(fixture);

    params->hdr.cmd_line_ptr = INITRD;
    memset(fixture->ram + INITRD, 'a', FIXTURE_RAM - INITRD);
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "cmdline", 0, "\"length\":65536,"));
    assert_true(fixture_has(fixture, "cmdline", 0, "aaa\",\"terminated\":false}"));
    assert_true(strlen(fixture_line(fixture, "cmdline", 0)) < 4096 + 200);
    params->hdr.cmd_line_ptr = (uint32_t)FIXTURE_RAM - 3;
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "cmdline", 0, "\"length\":3,"));
    assert_true(fixture_has(fixture, "cmdline", 0,
                            "\"text\":\"aaa\",\"terminated\":false,\"error\":\"unreadable\"}"));
    params->ext_cmd_line_ptr = 0xffffffff;
    params->hdr.cmd_line_ptr = 0xffffffff;
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "cmdline", 0, "\"address\":\"0xffffffffffffffff\",\"length\":0,"));
}

static void initrds_that_are_nowhere(void **state)
{
    struct fixture *fixture = *state;
    struct zp_boot_params *params = make_params(fixture);

    params->hdr.ramdisk_image = (uint32_t)FIXTURE_RAM - 10;
    params->hdr.ramdisk_size = 11;
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "module", 0, "\"size\":11,\"error\":\"unreadable\"}"));
    params->ext_ramdisk_size = 0xffffffff;
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "module", 0, "\"size\":18446744069414584331,\"error\":\"too large\"}"));
    params->hdr.ramdisk_image = 0;
    params->hdr.ramdisk_size = 0;
    params->ext_ramdisk_size = 0;
    params->ext_ramdisk_image = 1;
    fixture_report(fixture);
    assert_true(
        fixture_has(fixture, "module", 0, "\"start\":\"0x100000000\",\"size\":0,\"crc32\":\"0x00000000\"}"));
}

static void poke_node(struct fixture *fixture, uint64_t at, uint64_t next, uint32_t type, uint32_t len)
{
    struct zp_setup_data node = {.next = next, .type = type, .len = len};

    fixture_poke(fixture, at, &node, sizeof(node));
}

static void setup_data_and_its_extension(void **state)
{
    static const struct zp_setup_indirect indirect = {
        .type = ZP_SETUP_INDIRECT | ZP_SETUP_DTB, .len = 7, .addr = 0x77};
    struct fixture *fixture = *state;
    struct zp_boot_params *params = make_params(fixture);
    struct zp_boot_e820_entry entry = {.addr = 0x5000, .size = 0x6000, .type = 3};

    params->hdr.setup_data = 0x30000;
    params->e820_entries = 255; /* more than there is room for */
    poke_node(fixture, 0x30000, 0x31000, ZP_SETUP_RNG_SEED, 32);
    poke_node(fixture, 0x31000, 0x32000, ZP_SETUP_E820_EXT, sizeof(entry));
    fixture_poke(fixture, 0x31000 + sizeof(struct zp_setup_data), &entry, sizeof(entry));
    poke_node(fixture, 0x32000, 0, ZP_SETUP_INDIRECT, sizeof(indirect));
    fixture_poke(fixture, 0x32000 + sizeof(struct zp_setup_data), &indirect, sizeof(indirect));
    fixture_report(fixture);
    assert_int_equal(fixture_count(fixture, "setup_data"), 3);
    assert_string_equal(fixture_line(fixture, "setup_data", 0),
                        "{\"probe\":\"setup_data\",\"index\":0,\"address\":\"0x30000\",\"type\":9,\"len\":32,"
                        "\"crc32\":\"0x190a55ad\",\"next\":\"0x31000\"}");
    assert_true(fixture_has(fixture, "setup_data", 2,
                            "\"next\":\"0x0\",\"indirect_type\":2147483650,\"indirect_len\":7,"
                            "\"indirect_addr\":\"0x77\"}"));
    assert_int_equal(fixture_count(fixture, "memory"), 129);
    assert_string_equal(
        fixture_line(fixture, "memory", 128),
        "{\"probe\":\"memory\",\"index\":128,\"start\":\"0x5000\",\"size\":24576,\"type\":3}");
}

static void setup_data_that_goes_wrong_ends(void **state)
{
    struct fixture *fixture = *state;
    struct zp_boot_params *params = make_params(fixture);

    /* A loop of two. */
    params->hdr.setup_data = 0x30000;
    poke_node(fixture, 0x30000, 0x31000, 4, 0);
    poke_node(fixture, 0x31000, 0x30000, 4, 0);
    fixture_report(fixture);
    assert_int_equal(fixture_count(fixture, "setup_data"), 3);
    assert_string_equal(fixture_line(fixture, "setup_data", 2),
                        "{\"probe\":\"setup_data\",\"index\":2,\"address\":\"0x30000\",\"error\":\"loop\"}");
    /* Nowhere, and data that is nowhere. */
    poke_node(fixture, 0x31000, UINT64_MAX - 3, 4, UINT32_MAX);
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "setup_data", 1, "\"len\":4294967295,\"error\":\"too large\",\"next\""));
    assert_true(fixture_has(fixture, "setup_data", 2, "\"error\":\"unreadable\"}"));
    /* Without end. */
    for (uint64_t i = 0; i < 64; i++)
        poke_node(fixture, 0x30000 + 16 * i, 0x30000 + 16 * (i + 1), 1, UINT32_MAX);
    fixture_report(fixture);
    assert_int_equal(fixture_count(fixture, "setup_data"), 33);
    assert_true(fixture_has(fixture, "setup_data", 32, "\"error\":\"too many\"}"));
    /* And each of them promised 200 million ranges. */
    assert_int_equal(fixture_count(fixture, "memory"), 513);
    assert_true(fixture_has(fixture, "memory", 512, "{\"probe\":\"memory\",\"more\":"));
}

static void params_that_are_nowhere(void **state)
{
    struct fixture *fixture = *state;

    make_params(fixture);
    fixture->view.cpu.rsi = UINT64_MAX - 100;
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "boot_params", 0, "9b\",\"error\":\"unreadable\"}"));
    assert_null(fixture_line(fixture, "setup_header", 0));
    assert_null(fixture_line(fixture, "cmdline", 0));
    fixture->view.cpu.rsi = FIXTURE_RAM - 0xfff;
    fixture_report(fixture);
    assert_null(fixture_line(fixture, "setup_header", 0));
    assert_non_null(fixture_line(fixture, "rsdp", 0));
}

static void the_sixteen_bit_header(void **state)
{
    struct fixture *fixture = *state;
    struct zp_setup_header header = {.header = ZP_SETUP_MAGIC_HDRS, .version = 0x204};

    fixture->view.protocol = ZP_PROTOCOL_LINUX16;
    fixture->view.cpu.mode = ZP_PROBE_REAL16;
    fixture->view.setup = 0x10000;
    header.cmd_line_ptr = CMDLINE;
    header.ramdisk_image = INITRD;
    header.ramdisk_size = 1;
    fixture_poke(fixture, 0x101f1, &header, sizeof(header));
    fixture_poke(fixture, CMDLINE, "new", 4);
    fixture_poke(fixture, 0x19000, "old", 4);
    fixture_poke_number(fixture, 0x10020, 0xa33f, 2);
    fixture_poke_number(fixture, 0x10022, 0x9000, 2);
    fixture_report(fixture);
    assert_null(fixture_line(fixture, "boot_params", 0));
    assert_true(fixture_has(fixture, "setup_header", 0, "\"version\":\"0x204\""));
    assert_true(fixture_has(fixture, "cmdline", 0, "\"text\":\"new\""));
    assert_true(fixture_has(fixture, "module", 0, "\"start\":\"0x800000\",\"size\":1,"));
    header.version = 0x201;
    fixture_poke(fixture, 0x101f1, &header, sizeof(header));
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "cmdline", 0, "\"address\":\"0x19000\""));
    assert_true(fixture_has(fixture, "cmdline", 0, "\"text\":\"old\""));
    fixture_poke_number(fixture, 0x10020, 0, 2);
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "cmdline", 0, "\"present\":false"));
}

/* ---- PVH */

static struct zp_hvm_start_info *make_start_info(struct fixture *fixture)
{
    struct zp_hvm_start_info *info = (void *)(fixture->ram + INFO);

    fixture->view.protocol = ZP_PROTOCOL_PVH;
    fixture->view.cpu.rbx = INFO;
    info->magic = ZP_XEN_HVM_START_MAGIC_VALUE;
    info->version = 1;
    return info;
}

static void start_info_and_what_it_points_to(void **state)
{
    static const struct zp_hvm_memmap_table_entry map[] = {{0, 0xa0000, 1, 0}, {0xf0000, 0x10000, 2, 0}};
    static const struct zp_hvm_modlist_entry modules[] = {{INITRD, 4, 0x40000, 0}, {INITRD, 0, 0, 9}};
    struct fixture *fixture = *state;
    struct zp_hvm_start_info *info = make_start_info(fixture);

    info->nr_modules = 2;
    info->modlist_paddr = 0x41000;
    info->cmdline_paddr = CMDLINE;
    info->memmap_paddr = 0x42000;
    info->memmap_entries = 2;
    fixture_poke(fixture, 0x40000, "two words", 10);
    fixture_poke(fixture, 0x41000, modules, sizeof(modules));
    fixture_poke(fixture, 0x42000, map, sizeof(map));
    fixture_poke(fixture, INITRD, "ramd", 4);
    fixture_report(fixture);
    assert_string_equal(
        fixture_line(fixture, "start_info", 0),
        "{\"probe\":\"start_info\",\"address\":\"0x6000\",\"magic\":\"0x336ec578\",\"version\":1,"
        "\"flags\":\"0x0\",\"nr_modules\":2,\"modlist_paddr\":\"0x41000\",\"cmdline_paddr\":\"0x20000\","
        "\"rsdp_paddr\":\"0x0\",\"memmap_paddr\":\"0x42000\",\"memmap_entries\":2,\"reserved\":\"0x0\"}");
    assert_int_equal(fixture_count(fixture, "memory"), 2);
    assert_string_equal(fixture_line(fixture, "memory", 1),
                        "{\"probe\":\"memory\",\"index\":1,\"start\":\"0xf0000\",\"size\":65536,\"type\":2}");
    assert_true(fixture_has(fixture, "cmdline", 0, "\"length\":0,\"crc32\":\"0x00000000\",\"text\":\"\""));
    assert_true(fixture_has(fixture, "module", 0, "\"cmdline\":\"two words\",\"reserved\":\"0x0\"}"));
    assert_string_equal(
        fixture_line(fixture, "module", 1),
        "{\"probe\":\"module\",\"index\":1,\"start\":\"0x800000\",\"size\":0,\"crc32\":\"0x00000000\","
        "\"cmdline\":null,\"reserved\":\"0x9\"}");
}

static void version_0_has_no_map(void **state)
{
    struct fixture *fixture = *state;
    struct zp_hvm_start_info *info = make_start_info(fixture);

    info->version = 0;
    info->memmap_entries = 7; /* somebody else's bytes */
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "start_info", 0, "\"rsdp_paddr\":\"0x0\"}"));
    assert_null(fixture_line(fixture, "memory", 0));
}

static void start_info_that_lies_ends(void **state)
{
    struct fixture *fixture = *state;
    struct zp_hvm_start_info *info = make_start_info(fixture);

    info->memmap_paddr = 0x40000;
    info->memmap_entries = UINT32_MAX;
    info->modlist_paddr = 0x40000;
    info->nr_modules = UINT32_MAX;
    fixture_report(fixture);
    assert_int_equal(fixture_count(fixture, "memory"), 513);
    assert_string_equal(fixture_line(fixture, "memory", 512), "{\"probe\":\"memory\",\"more\":4294966783}");
    assert_int_equal(fixture_count(fixture, "module"), 33);
    assert_string_equal(fixture_line(fixture, "module", 32), "{\"probe\":\"module\",\"more\":4294967263}");
    info->memmap_paddr = UINT64_MAX;
    info->modlist_paddr = UINT64_MAX - 8;
    fixture_report(fixture);
    assert_null(fixture_line(fixture, "memory", 0));
    assert_string_equal(fixture_line(fixture, "module", 0),
                        "{\"probe\":\"module\",\"index\":0,\"error\":\"unreadable\"}");
    info->magic = 0;
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "start_info", 0, "\"magic\":\"0x0\""));
    assert_null(fixture_line(fixture, "cmdline", 0));
}

/* ---- Multiboot 1 */

static struct zp_multiboot_info *make_multiboot(struct fixture *fixture)
{
    struct zp_multiboot_info *info = (void *)(fixture->ram + INFO);

    fixture->view.protocol = ZP_PROTOCOL_MULTIBOOT1;
    fixture->view.cpu.rbx = INFO;
    return info;
}

static void multiboot_information(void **state)
{
    static const struct zp_multiboot_mmap_entry map[] = {{20, 0, 0x9fc00, 1}, {20, 0x100000, 0x100, 2}};
    static const struct zp_multiboot_mod_list modules[] = {{INITRD, INITRD + 4, 0, 0}, {5, 4, 0, 0}};
    struct fixture *fixture = *state;
    struct zp_multiboot_info *info = make_multiboot(fixture);

    info->flags = ZP_MULTIBOOT_INFO_MEMORY | ZP_MULTIBOOT_INFO_CMDLINE | ZP_MULTIBOOT_INFO_MODS |
                  ZP_MULTIBOOT_INFO_MEM_MAP | ZP_MULTIBOOT_INFO_BOOT_LOADER_NAME;
    info->mem_lower = 639;
    info->cmdline = CMDLINE;
    info->mods_count = 2;
    info->mods_addr = 0x40000;
    info->mmap_length = sizeof(map);
    info->mmap_addr = 0x41000;
    info->boot_loader_name = 0x42000;
    fixture_poke(fixture, CMDLINE, "k x", 4);
    fixture_poke(fixture, 0x40000, modules, sizeof(modules));
    fixture_poke(fixture, 0x41000, map, sizeof(map));
    fixture_poke(fixture, 0x42000, "loader 1", 9);
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "multiboot1", 0, "\"address\":\"0x6000\",\"flags\":\"0x24d\","));
    assert_true(fixture_has(fixture, "multiboot1", 0, "\"mem_lower\":639,\"mem_upper\":0,"));
    assert_true(fixture_has(fixture, "multiboot1", 0, "\"vbe_interface_len\":0,\"loader\":\"loader 1\"}"));
    assert_int_equal(fixture_count(fixture, "memory"), 2);
    assert_true(fixture_has(fixture, "memory", 1, "\"start\":\"0x100000\",\"size\":256,\"type\":2}"));
    assert_true(fixture_has(fixture, "cmdline", 0, "\"text\":\"k x\""));
    assert_true(fixture_has(fixture, "module", 0, "\"size\":4,\"crc32\":"));
    assert_true(fixture_has(fixture, "module", 1, "\"error\":\"ends before it starts\",\"cmdline\":null"));
    info->flags |= ZP_MULTIBOOT_INFO_FRAMEBUFFER_INFO;
    info->framebuffer_width = 80;
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "multiboot1", 0, "\"framebuffer_width\":80,"));
    info->flags = 0;
    fixture_report(fixture);
    assert_null(fixture_line(fixture, "memory", 0));
    assert_null(fixture_line(fixture, "module", 0));
    assert_true(fixture_has(fixture, "cmdline", 0, "\"present\":false"));
}

static void multiboot_lists_that_lie_end(void **state)
{
    struct fixture *fixture = *state;
    struct zp_multiboot_info *info = make_multiboot(fixture);

    info->flags = ZP_MULTIBOOT_INFO_MODS | ZP_MULTIBOOT_INFO_MEM_MAP;
    info->mods_count = UINT32_MAX;
    info->mods_addr = UINT32_MAX;
    info->mmap_length = UINT32_MAX;
    info->mmap_addr = 0x41000; /* entries of size 0 */
    fixture_report(fixture);
    assert_string_equal(fixture_line(fixture, "memory", 0), "{\"probe\":\"memory\",\"error\":\"size\"}");
    assert_true(fixture_has(fixture, "module", 0, "\"error\":\"unreadable\""));
    for (uint64_t i = 0; i < 100000; i++)
        fixture_poke_number(fixture, 0x41000 + 24 * i, 20, 4);
    fixture_report(fixture);
    assert_int_equal(fixture_count(fixture, "memory"), 514);
    assert_true(fixture_has(fixture, "memory", 512, "\"more\":65024}"));
    assert_true(fixture_has(fixture, "memory", 513, "\"error\":\"too many\"}"));
    info->mmap_length = 47;
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "memory", 1, "\"error\":\"beyond the end\"}"));
    fixture->view.cpu.rbx = FIXTURE_RAM - 4;
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "multiboot1", 0, "\"error\":\"unreadable\"}"));
}

/* ---- Multiboot 2 */

/* Appends a tag; where the next one goes. */
static uint64_t poke_tag(struct fixture *fixture, uint64_t at, uint32_t type, const void *data, uint32_t size)
{
    fixture_poke_number(fixture, at, type, 4);
    fixture_poke_number(fixture, at + 4, size + 8, 4);
    fixture_poke(fixture, at + 8, data, size);
    return at + 8 + ((size + 7) & ~7u);
}

static void begin_multiboot2(struct fixture *fixture)
{
    fixture->view.protocol = ZP_PROTOCOL_MULTIBOOT2;
    fixture->view.cpu.rbx = INFO;
}

static void multiboot2_tags(void **state)
{
    static const uint32_t meminfo[] = {639, 1024};
    static const uint32_t module[] = {INITRD, INITRD + 3, 0x636261};
    static const uint32_t map[] = {24, 0, 0, 0, 0x9fc00, 0, 1, 0, 0x100000, 0, 0x1000, 0, 3, 0};
    static const uint32_t load_base = 0x200000;
    static const char rsdp[20] = "RSD PTR ";
    struct fixture *fixture = *state;
    uint64_t at = INFO + 8;

    begin_multiboot2(fixture);
    at = poke_tag(fixture, at, ZP_MULTIBOOT2_TAG_TYPE_CMDLINE, "a b", 4);
    at = poke_tag(fixture, at, ZP_MULTIBOOT2_TAG_TYPE_BASIC_MEMINFO, meminfo, sizeof(meminfo));
    at = poke_tag(fixture, at, ZP_MULTIBOOT2_TAG_TYPE_MODULE, module, sizeof(module));
    at = poke_tag(fixture, at, ZP_MULTIBOOT2_TAG_TYPE_MMAP, map, sizeof(map));
    at = poke_tag(fixture, at, ZP_MULTIBOOT2_TAG_TYPE_ACPI_OLD, rsdp, sizeof(rsdp));
    at = poke_tag(fixture, at, ZP_MULTIBOOT2_TAG_TYPE_LOAD_BASE_ADDR, &load_base, sizeof(load_base));
    at = poke_tag(fixture, at, 99, "what", 4);
    at = poke_tag(fixture, at, ZP_MULTIBOOT2_TAG_TYPE_END, "", 0);
    fixture_poke_number(fixture, INFO, at - INFO, 4);
    fixture_report(fixture);
    assert_string_equal(
        fixture_line(fixture, "multiboot2", 0),
        "{\"probe\":\"multiboot2\",\"address\":\"0x6000\",\"total_size\":200,\"reserved\":\"0x0\"}");
    assert_int_equal(fixture_count(fixture, "tag"), 8);
    assert_string_equal(
        fixture_line(fixture, "tag", 0),
        "{\"probe\":\"tag\",\"index\":0,\"type\":1,\"size\":12,\"at\":\"0x6008\",\"string\":\"a b\"}");
    assert_true(fixture_has(fixture, "tag", 1, "\"mem_lower\":639,\"mem_upper\":1024}"));
    assert_true(fixture_has(fixture, "tag", 2, "\"mod_start\":\"0x800000\",\"mod_end\":\"0x800003\"}"));
    assert_true(fixture_has(fixture, "tag", 3, "\"entry_size\":24,\"entry_version\":0}"));
    assert_true(fixture_has(fixture, "tag", 4, "\"version\":1,\"rsdp\":\"0x6088\"}"));
    assert_true(fixture_has(fixture, "tag", 5, "\"load_base_addr\":\"0x200000\"}"));
    assert_true(fixture_has(fixture, "tag", 6, "\"type\":99,\"size\":12,\"at\":\"0x60b0\"}"));
    assert_true(fixture_has(fixture, "tag", 7, "\"type\":0,\"size\":8,"));
    assert_int_equal(fixture_count(fixture, "memory"), 2);
    assert_true(fixture_has(fixture, "memory", 1, "\"start\":\"0x100000\",\"size\":4096,\"type\":3}"));
    assert_true(fixture_has(fixture, "cmdline", 0, "\"length\":3,"));
    assert_true(fixture_has(fixture, "module", 0, "\"size\":3,\"crc32\":"));
    assert_true(fixture_has(fixture, "module", 0, "\"cmdline\":\"abc\"}"));
    assert_true(fixture_has(fixture, "rsdp", 0, "\"told\":\"0x6088\",\"scanned\":\"0x0\",\"sum\":false"));
}

static void multiboot2_lists_that_lie_end(void **state)
{
    static const uint32_t map[] = {0, 0, 1, 2, 3, 4};
    struct fixture *fixture = *state;
    uint64_t at = INFO + 8;

    begin_multiboot2(fixture);
    /* Tags of size 0. */
    fixture_poke_number(fixture, INFO, UINT32_MAX, 4);
    fixture_poke_number(fixture, INFO + 8, 5, 4);
    fixture_report(fixture);
    assert_int_equal(fixture_count(fixture, "tag"), 2);
    assert_string_equal(fixture_line(fixture, "tag", 1),
                        "{\"probe\":\"tag\",\"index\":1,\"at\":\"0x6008\",\"error\":\"size\"}");
    /* A map of entries of size 0, then a tag past the end. */
    at = poke_tag(fixture, at, ZP_MULTIBOOT2_TAG_TYPE_MMAP, map, sizeof(map));
    fixture_poke_number(fixture, at, ZP_MULTIBOOT2_TAG_TYPE_MODULE, 4);
    fixture_poke_number(fixture, at + 4, UINT32_MAX, 4);
    fixture_poke_number(fixture, INFO, 0x1000, 4);
    fixture_report(fixture);
    assert_null(fixture_line(fixture, "memory", 0));
    assert_null(fixture_line(fixture, "module", 0));
    assert_true(fixture_has(fixture, "tag", 1, "\"error\":\"beyond the end\"}"));
    /* No end. */
    fixture_poke_number(fixture, INFO, 40, 4);
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "tag", 1, "\"error\":\"no end tag\"}"));
    /* Too many. */
    for (uint64_t i = 0; i < 200; i++)
        poke_tag(fixture, INFO + 8 + 8 * i, 3, "", 0);
    fixture_poke_number(fixture, INFO, UINT32_MAX, 4);
    fixture_report(fixture);
    assert_int_equal(fixture_count(fixture, "tag"), 129);
    assert_true(fixture_has(fixture, "tag", 128, "\"error\":\"too many\"}"));
    assert_int_equal(fixture_count(fixture, "module"), 33);
    /* Nothing at all. */
    fixture_poke_number(fixture, INFO, 0, 4);
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "tag", 0, "\"error\":\"no end tag\"}"));
}

/* ---- EFI */

static void the_system_table(void **state)
{
    static const uint16_t vendor[] = {'E', 'D', 'K', 0x2122, 0};
    static const struct zp_efi_configuration_table tables[] = {
        {{0x8868e871, 0xe4f1, 0x11d3, {0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81}}, 0x12340}};
    static const struct zp_efi_memory_descriptor map[] = {
        {.type = ZP_EFI_CONVENTIONAL_MEMORY, .physical_start = 0x1000, .number_of_pages = 2},
        {.type = ZP_EFI_ACPI_MEMORY_NVS, .physical_start = 0x8000, .number_of_pages = 1}};
    struct zp_probe_efi efi = {.image_base = 0x400000,
                               .image_size = 4096,
                               .memory_map = 0x43000,
                               .memory_map_size = 2 * 48,
                               .descriptor_size = 48};
    struct zp_efi_system_table system = {.hdr = {.signature = ZP_EFI_SYSTEM_TABLE_SIGNATURE,
                                                 .revision = 0x20046,
                                                 .header_size = sizeof(system)},
                                         .firmware_vendor = 0x41000,
                                         .number_of_table_entries = 1,
                                         .configuration_table = 0x42000};
    struct fixture *fixture = *state;

    fixture->view.protocol = ZP_PROBE_PROTOCOL_EFI;
    fixture->view.cpu.mode = ZP_PROBE_LONG64;
    fixture->view.cpu.rcx = 0x5555;
    fixture->view.cpu.rdx = 0x40000;
    fixture->view.efi = &efi;
    system.hdr.crc32 = fixture_crc32(&system, sizeof(system));
    fixture_poke(fixture, 0x40000, &system, sizeof(system));
    fixture_poke(fixture, 0x41000, vendor, sizeof(vendor));
    fixture_poke(fixture, 0x42000, tables, sizeof(tables));
    fixture_poke(fixture, 0x43000, &map[0], sizeof(map[0]));
    fixture_poke(fixture, 0x43000 + 48, &map[1], sizeof(map[1]));
    fixture_report(fixture);
    assert_string_equal(
        fixture_line(fixture, "efi", 0),
        "{\"probe\":\"efi\",\"image_handle\":\"0x5555\",\"system_table\":\"0x40000\","
        "\"signature\":\"0x5453595320494249\",\"revision\":\"0x20046\",\"vendor\":\"EDK?\","
        "\"firmware_revision\":\"0x0\",\"table_crc\":true,\"tables\":1,\"image_base\":\"0x400000\","
        "\"image_size\":4096,\"load_options_size\":0,\"load_options\":\"\",\"memory_map_size\":96,"
        "\"descriptor_size\":48}");
    assert_string_equal(
        fixture_line(fixture, "efi_table", 0),
        "{\"probe\":\"efi_table\",\"index\":0,\"guid\":\"8868e871-e4f1-11d3-bc22-0080c73c8881\","
        "\"address\":\"0x12340\"}");
    assert_true(fixture_has(fixture, "memory", 0, "\"size\":8192,\"type\":1,\"efi_type\":7}"));
    assert_true(fixture_has(fixture, "memory", 1, "\"size\":4096,\"type\":4,\"efi_type\":10}"));
    assert_true(fixture_has(fixture, "rsdp", 0, "\"told\":\"0x12340\""));
    fixture->ram[0x40020]++;
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "efi", 0, "\"table_crc\":false"));
}

/* ---- tables of the firmware */

static void poke_table(struct fixture *fixture, uint64_t at, const char *signature, uint32_t length)
{
    struct zp_acpi_description_header header = {.length = length, .revision = 1};

    memcpy(header.signature, signature, 4);
    fixture_poke(fixture, at, &header, sizeof(header));
}

static void poke_rsdp(struct fixture *fixture, uint64_t at, uint32_t rsdt, uint64_t xsdt)
{
    struct zp_acpi_rsdp rsdp = {.revision = 2, .rsdt_address = rsdt, .length = 36, .xsdt_address = xsdt};

    memcpy(rsdp.signature, ZP_ACPI_RSDP_SIGNATURE, 8);
    fixture_poke(fixture, at, &rsdp, sizeof(rsdp));
    fixture_add_up(fixture, at, 20, at + 8);
    fixture_add_up(fixture, at, 36, at + 32);
}

static void acpi_tables_are_walked(void **state)
{
    struct fixture *fixture = *state;

    fixture_poke_number(fixture, ZP_BDA_EBDA_SEGMENT, 0x9fc0, 2);
    poke_rsdp(fixture, 0x9fc10, 0x50000, 0x51000);
    poke_table(fixture, 0x51000, "XSDT", 36 + 16);
    fixture_poke_number(fixture, 0x51000 + 36, 0x52000, 8);
    fixture_poke_number(fixture, 0x51000 + 44, 0x53000, 8);
    fixture_add_up(fixture, 0x51000, 52, 0x51009);
    poke_table(fixture, 0x52000, "FACP", sizeof(struct zp_acpi_fadt));
    fixture_poke_number(fixture, 0x52000 + offsetof(struct zp_acpi_fadt, dsdt), 0x54000, 4);
    fixture_poke_number(fixture, 0x52000 + offsetof(struct zp_acpi_fadt, x_firmware_ctrl), 0x55000, 8);
    fixture_add_up(fixture, 0x52000, sizeof(struct zp_acpi_fadt), 0x52009);
    poke_table(fixture, 0x53000, "APIC", 44); /* its sum is wrong */
    poke_table(fixture, 0x54000, "DSDT", 36);
    fixture_add_up(fixture, 0x54000, 36, 0x54009);
    poke_table(fixture, 0x55000, "FACS", 64);
    fixture_report(fixture);
    assert_string_equal(fixture_line(fixture, "rsdp", 0),
                        "{\"probe\":\"rsdp\",\"told\":\"0x0\",\"scanned\":\"0x9fc10\",\"sum\":true,"
                        "\"revision\":2,\"rsdt\":\"0x50000\",\"xsdt\":\"0x51000\"}");
    assert_int_equal(fixture_count(fixture, "acpi"), 5);
    assert_string_equal(fixture_line(fixture, "acpi", 0),
                        "{\"probe\":\"acpi\",\"signature\":\"XSDT\",\"address\":\"0x51000\",\"length\":52,"
                        "\"revision\":1,\"sum\":true}");
    assert_true(fixture_has(fixture, "acpi", 1, "\"signature\":\"FACP\""));
    assert_true(fixture_has(fixture, "acpi", 2, "\"signature\":\"DSDT\""));
    assert_true(fixture_has(fixture, "acpi", 3, "\"length\":64,\"revision\":null,\"sum\":null}"));
    assert_true(fixture_has(fixture, "acpi", 4, "\"signature\":\"APIC\""));
    assert_true(fixture_has(fixture, "acpi", 4, "\"sum\":false}"));
}

static void acpi_tables_that_lie_end(void **state)
{
    struct fixture *fixture = *state;
    struct zp_boot_params *params = make_params(fixture);

    /* The root table lists itself, four thousand million bytes long. */
    params->acpi_rsdp_addr = 0x60008;
    poke_rsdp(fixture, 0x60008, 0, 0x51000);
    poke_table(fixture, 0x51000, "FACP", UINT32_MAX);
    for (uint64_t i = 0; i < 1000; i++)
        fixture_poke_number(fixture, 0x51000 + 36 + 8 * i, 0x51000, 8);
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "rsdp", 0, "\"told\":\"0x60008\",\"scanned\":\"0x0\",\"sum\":true"));
    assert_true(fixture_has(fixture, "acpi", 0, "\"sum\":false,\"error\":\"length\"}"));
    assert_true(fixture_count(fixture, "acpi") <= 3 * 64 + 2);
    /* Not sound: its tables are nobody's. */
    fixture->ram[0x60008 + 35]++;
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "rsdp", 0, "\"sum\":false"));
    assert_null(fixture_line(fixture, "acpi", 0));
    params->acpi_rsdp_addr = UINT64_MAX - 7;
    fixture_report(fixture);
    assert_string_equal(fixture_line(fixture, "rsdp", 0),
                        "{\"probe\":\"rsdp\",\"told\":\"0xfffffffffffffff8\",\"scanned\":\"0x0\","
                        "\"error\":\"unreadable\"}");
}

static void the_mp_table(void **state)
{
    struct fixture *fixture = *state;
    struct zp_mp_floating_pointer pointer = {.physical_address_pointer = 0x9fd00, .length = 1, .spec_rev = 4};
    struct zp_mp_config_table_header table = {.base_table_length = sizeof(table), .spec_rev = 4};

    memcpy(pointer.signature, "_MP_", 4);
    memcpy(table.signature, "PCMP", 4);
    fixture_report(fixture);
    assert_null(fixture_line(fixture, "mptable", 0));
    fixture_poke(fixture, 0x9fc00, &pointer, sizeof(pointer));
    fixture_add_up(fixture, 0x9fc00, 16, 0x9fc0a);
    fixture_poke(fixture, 0x9fd00, &table, sizeof(table));
    fixture_report(fixture);
    assert_string_equal(
        fixture_line(fixture, "mptable", 0),
        "{\"probe\":\"mptable\",\"address\":\"0x9fc00\",\"table\":\"0x9fd00\",\"sum\":false}");
    fixture_add_up(fixture, 0x9fd00, sizeof(table), 0x9fd07);
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "mptable", 0, "\"sum\":true"));
}

/* ---- the rest */

static void say_more(void *context, struct zp_probe_writer *writer)
{
    (void)context;
    zp_probe_line(writer, "a20");
    zp_probe_bool(writer, "enabled", true);
    zp_probe_line_end(writer);
}

static void what_one_side_alone_knows_comes_last(void **state)
{
    struct fixture *fixture = *state;

    fixture->view.more = say_more;
    fixture_report(fixture);
    assert_true(fixture_has(fixture, "begin", 0, "\"protocol\":\"unknown\"}"));
    assert_non_null(strstr(fixture->text, "{\"probe\":\"a20\",\"enabled\":true}\n{\"probe\":\"end\","));
}

/* Any memory at all: each protocol over bytes of one kind, and over noise. */
static void any_memory_ends(void **state)
{
    struct fixture *fixture = *state;
    uint32_t noise = 12345;

    for (unsigned round = 0; round < 4; round++) {
        for (uint64_t i = 0; i < FIXTURE_RAM; i++) {
            noise = noise * 1664525 + 1013904223;
            fixture->ram[i] = round == 0 ? 0xff : round == 1 ? 1 : (uint8_t)(noise >> 24);
        }
        for (uint32_t protocol = 0; protocol <= ZP_PROTOCOL_COUNT; protocol++) {
            fixture->view.protocol = protocol == ZP_PROTOCOL_COUNT ? ZP_PROBE_PROTOCOL_EFI : protocol;
            fixture->view.cpu.rsi = fixture->view.cpu.rbx = fixture->view.cpu.rdx = 0x1000;
            fixture->view.setup = 0x1000;
            make_long_mode(fixture, 0x2000);
            if (round == 3)
                fixture->view.cpu.efer = fixture->view.cpu.cr4 = 0;
            fixture_report(fixture);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_cpu_as_it_is),
        TEST(hidden_parts_from_outside),
        TEST(real_mode_has_no_descriptors),
        TEST(a_gdt_past_memory_is_null),
        TEST(an_identity_map_is_one_line),
        TEST(rights_and_halves_part_mappings),
        TEST(five_levels),
        TEST(old_paging_formats),
        TEST(the_gdt_is_found_through_the_tables),
        TEST(tables_that_point_to_themselves_end),
        TEST(tables_past_memory_are_unreadable),
        TEST(boot_params_field_by_field),
        TEST(a_clean_page_has_nothing_stray),
        TEST(cmdline_and_initrd),
        TEST(an_endless_cmdline_is_cut),
        TEST(initrds_that_are_nowhere),
        TEST(setup_data_and_its_extension),
        TEST(setup_data_that_goes_wrong_ends),
        TEST(params_that_are_nowhere),
        TEST(the_sixteen_bit_header),
        TEST(start_info_and_what_it_points_to),
        TEST(version_0_has_no_map),
        TEST(start_info_that_lies_ends),
        TEST(multiboot_information),
        TEST(multiboot_lists_that_lie_end),
        TEST(multiboot2_tags),
        TEST(multiboot2_lists_that_lie_end),
        TEST(the_system_table),
        TEST(acpi_tables_are_walked),
        TEST(acpi_tables_that_lie_end),
        TEST(the_mp_table),
        TEST(what_one_side_alone_knows_comes_last),
        TEST(any_memory_ends),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
