/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmm/explain.c: a made-up plan, guest memory and CPU, and the lines that a person gets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <zeropage/wire/x86.h>

#include "vmm.h"

#define RAM_SIZE  (UINT64_C(16) << 20)
#define KERNEL    0x100000
#define TABLES    0x9000
#define PRESENT   0x3
#define DIRECT_2M 0x83

static char text[8192];

/* Everything that an explanation looks at. */
static struct {
    uint8_t ram[RAM_SIZE];
    struct zp_guest_region region;
    struct zp_ram mapped;
    struct zp_span spans[2];
    struct zp_segment segment;
    struct zp_entry entries[2];
    struct zp_source source;
    struct zp_image image;
    struct zp_plan plan;
    struct zp_vm_config config;
    struct zp_vm vm;
    struct zp_cpu_view cpu;
} world;

static int no_bytes(void *context, uint64_t offset, void *buffer, size_t length)
{
    (void)context;
    (void)offset;
    (void)buffer;
    (void)length;
    return -1;
}

static int make_world(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    world.region = (struct zp_guest_region){{0}, RAM_SIZE, world.ram};
    world.mapped = (struct zp_ram){
        .size = RAM_SIZE,
        .guest = {.struct_size = sizeof(struct zp_guest), .regions = &world.region, .region_count = 1}};
    world.spans[0] = (struct zp_span){.kind = ZP_SPAN_BOOT_PARAMS, .start = {0x7000}, .size = 0x1000};
    world.spans[1] = (struct zp_span){.kind = ZP_SPAN_KERNEL, .start = {KERNEL}, .size = 0x10000};
    world.segment =
        (struct zp_segment){.paddr = {KERNEL}, .vaddr = 0xffffffff81000000, .memory_size = 0x10000};
    world.entries[0] = (struct zp_entry){
        .protocol = ZP_PROTOCOL_LINUX64, .container = ZP_CONTAINER_BZIMAGE, .segment_count = 1};
    world.entries[1] = (struct zp_entry){
        .protocol = ZP_PROTOCOL_LINUX32, .container = ZP_CONTAINER_BZIMAGE, .segment_count = 1};
    world.source = (struct zp_source){.size = 0, .read = no_bytes};
    world.image = (struct zp_image){.source = &world.source,
                                    .segments = &world.segment,
                                    .segment_count = 1,
                                    .entries = world.entries,
                                    .entry_count = 2};
    world.plan = (struct zp_plan){.protocol = ZP_PROTOCOL_LINUX64,
                                  .image = &world.image,
                                  .request = &world.config.request,
                                  .kernel_load = {KERNEL},
                                  .entry = &world.entries[0],
                                  .spans = world.spans,
                                  .span_count = 2};
    world.vm = (struct zp_vm){.config = &world.config, .plan = &world.plan, .ram = &world.mapped};
    world.cpu = (struct zp_cpu_view){.rip = KERNEL + 0x234,
                                     .cr0 = ZP_CR0_PE,
                                     .cs = 0x10,
                                     .rsi = 0x7000,
                                     .cs_default32 = true,
                                     .last_exit = "KVM_EXIT_SHUTDOWN"};
    return 0;
}

/* What is written to stderr, in text. */
static void explain(const char *headline)
{
    int ends[2], saved = dup(STDERR_FILENO);
    ssize_t length;

    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    zp_vm_explain(&world.vm, &world.cpu, headline);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    length = read(ends[0], text, sizeof(text) - 1);
    close(ends[0]);
    assert_true(length > 0);
    text[length] = '\0';
}

#define assert_line(line) assert_non_null(strstr(text, "zeropage: " line "\n"))

/* Four levels at TABLES that map 2 MiB at linear to 0. */
static void map_long(uint64_t linear)
{
    for (unsigned level = 4; level > 1; level--) {
        uint64_t entry = level == 2 ? DIRECT_2M : (TABLES + (5 - level) * 0x1000) | PRESENT;
        uint64_t index = (linear >> (12 + (level - 1) * 9)) & 511;

        memcpy(world.ram + TABLES + (4 - level) * 0x1000 + index * 8, &entry, 8);
    }
    world.cpu.cr0 = ZP_CR0_PE | ZP_CR0_PG;
    world.cpu.cr3 = TABLES;
    world.cpu.cr4 = ZP_CR4_PAE;
    world.cpu.efer = ZP_EFER_LME | ZP_EFER_LMA;
    world.cpu.cs_long = true;
    world.cpu.cs_default32 = false;
}

static void death_is_told_line_by_line(void **state)
{
    (void)state;
    memcpy(world.ram + KERNEL + 0x234, "\x0f\x0b\xeb\xfe", 4);
    explain("the guest died by a triple fault");
    assert_memory_equal(text, "zeropage: the guest died by a triple fault\n", 43);
    assert_line("  CPU:    32-bit protected mode, paging off, RIP 0x100234");
    assert_line("  memory: 0x100234 is kernel + 0x234");
    assert_line("  symbol: none, a bzImage carries no symbols; run its vmlinux to see them");
    assert_line("  code:   0f 0b eb fe 00 00 00 00 00 00 00 00 00 00 00 00");
    assert_line("  exit:   KVM_EXIT_SHUTDOWN");
    assert_non_null(strstr(text, "rsi 0000000000007000"));
    assert_non_null(strstr(text, "is console=ttyS0 on the command line?"));
    assert_non_null(strstr(text, "--protocol linux32: entered by linux64"));
    assert_line("  try:    more RAM with -m: it has 16 MiB");
    assert_null(strstr(text, "--no-acpi"));
    /* Nobody who has read the guest's messages needs to be told how to get them. */
    world.cpu.has_printed = true;
    explain("the guest died by a triple fault");
    assert_null(strstr(text, "console=ttyS0"));
}

static void modes_are_told_apart(void **state)
{
    (void)state;
    world.cpu.cr0 = 0;
    world.cpu.rip = 0x10;
    world.cpu.cs_base = 0x7000;
    explain("h");
    assert_line("  CPU:    real mode, 16-bit, RIP 0x7010");
    assert_line("  memory: 0x7010 is boot_params + 0x10");
    world.cpu.cr0 = ZP_CR0_PE;
    world.cpu.cs_default32 = false;
    explain("h");
    assert_line("  CPU:    16-bit protected mode, paging off, RIP 0x7010");
    map_long(0);
    world.cpu.cs_long = false;
    explain("h");
    assert_line("  CPU:    compatibility mode under long mode, RIP 0x7010");
}

static void page_tables_are_walked(void **state)
{
    (void)state;
    map_long(0xffffffff81000000);
    world.cpu.rip = 0xffffffff81000000 + KERNEL + 8;
    explain("h");
    assert_line("  CPU:    long mode, 64-bit, RIP 0xffffffff81100008");
    assert_line("  memory: 0x100008 is kernel + 0x8");
    assert_null(strstr(text, "--protocol")); /* it came up: the entry was right */
    assert_line("  try:    nokaslr on the command line, so that addresses are as linked");
    world.cpu.rip = 0xffffffff91000000;
    explain("h");
    assert_line("  memory: the page tables at 0x9000 do not map RIP");
    world.cpu.cr3 = UINT64_MAX; /* the guest may have written anything */
    explain("h");
    assert_non_null(strstr(text, "do not map RIP"));
}

static void thirty_two_bit_tables_are_walked(void **state)
{
    const uint32_t large = 0x00000083; /* 4 MiB at 0 */

    (void)state;
    memcpy(world.ram + TABLES + (0xc0000000 >> 22) * 4, &large, 4);
    world.cpu.cr0 = ZP_CR0_PE | ZP_CR0_PG;
    world.cpu.cr3 = TABLES;
    world.cpu.cr4 = ZP_CR4_PSE;
    world.cpu.rip = 0xc0000000 + KERNEL + 4;
    explain("h");
    assert_line("  CPU:    32-bit protected mode, paging on, RIP 0xc0100004");
    assert_line("  memory: 0x100004 is kernel + 0x4");
}

static void places_outside_are_told(void **state)
{
    (void)state;
    world.cpu.rip = 0x500;
    explain("h");
    assert_line("  memory: 0x500 lies below everything that was loaded");
    world.cpu.rip = KERNEL + 0x10010;
    explain("h");
    assert_line(
        "  memory: 0x110010 is 0x10 past the end of kernel; a kernel that moves itself (KASLR) may be there");
    world.cpu.rip = 0xf0000000;
    explain("h");
    assert_line("  memory: 0xf0000000 is no RAM: the guest jumped astray");
}

static void hints_fit_the_command_line(void **state)
{
    static const char console[] = "quiet console=ttyS0", both[] = "console=ttyS0 earlyprintk=ttyS0";

    (void)state;
    world.config.request.cmdline = console;
    world.config.request.cmdline_length = sizeof(console) - 1;
    world.config.no_acpi = true;
    explain("h");
    assert_null(strstr(text, "is console=ttyS0 on"));
    assert_non_null(strstr(text, "earlyprintk=ttyS0 on the command line"));
    assert_non_null(strstr(text, "without --no-acpi"));
    world.config.request.cmdline = both;
    world.config.request.cmdline_length = sizeof(both) - 1;
    explain("h");
    assert_null(strstr(text, "earlyprintk"));
}

/* The ELF out of a bzImage, moved by 0x11400000 and put down at KERNEL + 0x8000. */
static void moved_kernels_are_told_as_linked(void **state)
{
    (void)state;
    world.entries[0].container = ZP_CONTAINER_ELF64;
    world.segment.paddr.value = 0x1000000;
    world.image.elf.guest_linux = 1;
    world.plan.delta = KERNEL + 0x8000 - UINT64_C(0x1000000);
    world.plan.virtual_delta = 0x11400000;
    world.plan.kernel_load.value = KERNEL + 0x8000;
    world.spans[1].start.value = KERNEL + 0x8000;
    world.config.request.wrapper = &world.image;
    world.cpu.rip = KERNEL + 0x8010;
    explain("h");
    assert_line("  memory: 0x108010 is kernel + 0x10");
    assert_line("  linked: 0xffffffff81000010, as System.map and addr2line -e vmlinux know it");
    assert_line("  try:    --direct off: the kernel unpacks and places itself");
    map_long(0xffffffff92400000);
    world.cpu.rip = 0xffffffff92400000 + KERNEL + 0x8020;
    explain("h");
    assert_line("  memory: 0x108020 is kernel + 0x20");
    assert_line("  linked: 0xffffffff81000020, as System.map and addr2line -e vmlinux know it");
    world.cpu.cr3 = UINT64_MAX;
    world.cpu.rip = 0xffffffff92400030;
    explain("h");
    assert_non_null(strstr(text, "do not map RIP"));
    assert_line("  linked: 0xffffffff81000030, as System.map and addr2line -e vmlinux know it");
    world.cpu.rip = 0xffffffff81000030; /* where it would be, had it not been moved */
    explain("h");
    assert_null(strstr(text, "linked:"));
}

static void gdb_is_told_how_far_a_kernel_moved(void **state)
{
    char hint[64] = "x";

    (void)state;
    assert_string_equal(zp_vm_gdb_symbols(&world.plan, hint, sizeof(hint)), "");
    world.plan.virtual_delta = 0x11400000;
    assert_string_equal(zp_vm_gdb_symbols(&world.plan, hint, sizeof(hint)),
                        " -ex 'add-symbol-file vmlinux -o 0x11400000'");
}

/* Offsets count from the lowest segment, as in System.map, wherever they lie. */
static void segments_are_one_kernel(void **state)
{
    (void)state;
    world.spans[0] = (struct zp_span){.kind = ZP_SPAN_KERNEL, .start = {KERNEL - 0x4000}, .size = 0x1000};
    world.plan.kernel_load.value = KERNEL - 0x4000;
    explain("h");
    assert_line("  memory: 0x100234 is kernel + 0x4234");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(death_is_told_line_by_line, make_world),
        cmocka_unit_test_setup(modes_are_told_apart, make_world),
        cmocka_unit_test_setup(page_tables_are_walked, make_world),
        cmocka_unit_test_setup(thirty_two_bit_tables_are_walked, make_world),
        cmocka_unit_test_setup(places_outside_are_told, make_world),
        cmocka_unit_test_setup(moved_kernels_are_told_as_linked, make_world),
        cmocka_unit_test_setup(gdb_is_told_how_far_a_kernel_moved, make_world),
        cmocka_unit_test_setup(segments_are_one_kernel, make_world),
        cmocka_unit_test_setup(hints_fit_the_command_line, make_world),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
