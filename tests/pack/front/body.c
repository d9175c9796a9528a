/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A body by which the front of packed files is tried alone: entered by the 32-bit Linux protocol (Linux
 * boot.rst, "32-bit BOOT PROTOCOL"), it writes to the first serial port what it was handed and whether it
 * came whole, "key value" lines up to "end". The test puts in size and balance; with it all 32-bit words of
 * the body add up to 0.
 */
#include <stdint.h>

#include <zeropage/wire/bootparam.h>

#define COM1       0x3f8
#define LSR        (COM1 + 5)
#define LSR_EMPTY  0x20
#define DEBUG_EXIT 0x501

struct body {
    char magic[8];
    uint32_t size, balance;
};

extern const volatile struct body body;
extern const volatile uint32_t body_begin[];
void body_main(const struct zp_boot_params *params, uint32_t cs, uint32_t ds);

__asm__(".section .text.start, \"ax\"\n"
        "    .globl body_begin\n"
        "body_begin:\n"
        "    xorl %eax, %eax\n"
        "    movw %ds, %ax\n"
        "    pushl %eax\n"
        "    movw %cs, %ax\n"
        "    pushl %eax\n"
        "    pushl %esi\n"
        "    call body_main\n"
        "    .balign 8\n"
        "    .globl body\n"
        "body:\n"
        "    .ascii \"the body\"\n"
        "    .long 0, 0\n"
        "    .text\n");

static void out(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void put(char character)
{
    while ((in(LSR)&LSR_EMPTY) == 0) {}
    out(COM1, (uint8_t)character);
}

static void text(const char *characters)
{
    while (*characters != '\0')
        put(*characters++);
}

static void number(const char *key, uint64_t value)
{
    text(key);
    put(' ');
    for (int shift = 60; shift >= 0; shift -= 4)
        put("0123456789abcdef"[value >> shift & 15]);
    put('\n');
}

void body_main(const struct zp_boot_params *params, uint32_t cs, uint32_t ds)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < body.size / sizeof(sum); i++)
        sum += body_begin[i];
    text("\nbody\n");
    number("sum", sum);
    number("base", (uintptr_t)body_begin);
    number("boot_params", (uintptr_t)params);
    number("cs", cs);
    number("ds", ds);
    number("loader", params->hdr.type_of_loader);
    number("code32_start", params->hdr.code32_start);
    number("ramdisk", params->hdr.ramdisk_size);
    number("sentinel", params->sentinel);
    number("alt_mem_k", params->alt_mem_k);
    number("mode", params->screen_info.orig_video_mode);
    number("columns", params->screen_info.orig_video_cols);
    number("lines", params->screen_info.orig_video_lines);
    number("vga", params->screen_info.orig_video_isVGA);
    for (uint32_t i = 0; i < params->e820_entries; i++) {
        number("e820", params->e820_table[i].addr);
        number("size", params->e820_table[i].size);
        number("type", params->e820_table[i].type);
    }
    text("cmdline ");
    if (params->hdr.cmd_line_ptr != 0)
        text((const char *)(uintptr_t)params->hdr.cmd_line_ptr);
    text("\nend\n");
    out(DEBUG_EXIT, 0);
    for (;;)
        __asm__ volatile("cli; hlt");
}
