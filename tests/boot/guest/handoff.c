/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The handoff guest: says on COM1, by polling, what it was handed by the loader, line by line
 * ("handoff: ..."), and ends the way its command line asks for:
 *
 *     off=pm       ACPI power-off at PM1a control (the default)
 *     off=cf9      reset by port 0xcf9
 *     off=kbd      reset by the keyboard controller
 *     off=port92   reset by port 0x92
 *     off=triple   triple fault
 *     off=halt     halts for good
 *     off=spin     loops for good
 *     off=echo     echoes the serial port until a 'q', then powers off
 *     smp=N        wakes the other CPUs first and says how many came, of N - 1
 *
 * It trusts nothing but its own page tables; a fault is a triple fault, for there is no IDT.
 */
#include "handoff.h"

#include <stdbool.h>

#include <zeropage/wire/acpi.h>
#include <zeropage/wire/bootparam.h>
#include <zeropage/wire/e820.h>
#include <zeropage/wire/multiboot.h>
#include <zeropage/wire/multiboot2.h>
#include <zeropage/wire/x86.h>
#include <zeropage/wire/xen.h>

#define COM1        0x3f8
#define PM1A_CNT    0x604
#define BYTES_SHOWN 16

extern struct found found;
extern char page_map[], handoff_ap[], handoff_ap_end[];
void handoff_main(void);

/* What all protocols tell in their own words. */
struct handed {
    const char *cmdline;
    uint64_t rsdp;
    uint64_t memory_entries;
    uint64_t ram_bytes; /* of type 1 */
    uint64_t module_count;
    struct {
        uint64_t start, size;
        const char *cmdline;
    } modules[4];
};

static void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void outw(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t inb(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void put(char c)
{
    while ((inb(COM1 + 5) & 0x20) == 0)
        ;
    outb(COM1, (uint8_t)c);
}

static void print(const char *text)
{
    while (*text)
        put(*text++);
}

static void print_number(uint64_t value, unsigned base)
{
    char digits[24];
    unsigned count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    if (base == 16)
        print("0x");
    while (count > 0)
        put(digits[--count]);
}

static void print_hex(const char *name, uint64_t value)
{
    print(name);
    print_number(value, 16);
}

static void print_found(void)
{
    print_hex("handoff: regs rax=", found.rax);
    print_hex(" rbx=", found.rbx);
    print_hex(" rcx=", found.rcx);
    print_hex(" rdx=", found.rdx);
    print_hex(" rsi=", found.rsi);
    print_hex(" rdi=", found.rdi);
    print_hex(" rbp=", found.rbp);
    print_hex(" rsp=", found.rsp);
    print_hex(" rflags=", found.rflags);
    print_hex("\nhandoff: control cr0=", found.cr0);
    print_hex(" cr3=", found.cr3);
    print_hex(" cr4=", found.cr4);
    print_hex(" efer=", found.efer);
    print_hex("\nhandoff: segments cs=", found.cs);
    print_hex(" ds=", found.ds);
    print_hex(" es=", found.es);
    print_hex(" fs=", found.fs);
    print_hex(" gs=", found.gs);
    print_hex(" ss=", found.ss);
    print_hex(" tr=", found.tr);
    print_hex(" ldtr=", found.ldtr);
    print_hex("\nhandoff: gdt base=", found.gdt.base);
    print_hex(" limit=", found.gdt.limit);
    print_hex("\nhandoff: idt base=", found.idt.base);
    print_hex(" limit=", found.idt.limit);
    print("\n");
}

/* Guest memory by its address, which the compiler must not reason about: low ones are as good as any. */
static const void *at(uint64_t address)
{
    __asm__("" : "+r"(address));
    return (const void *)(uintptr_t)address;
}

static void add_module(struct handed *handed, uint64_t start, uint64_t size, const char *cmdline)
{
    if (handed->module_count < 4) {
        handed->modules[handed->module_count].start = start;
        handed->modules[handed->module_count].size = size;
        handed->modules[handed->module_count].cmdline = cmdline;
    }
    handed->module_count++;
}

static void add_memory(struct handed *handed, uint64_t size, uint32_t type)
{
    handed->memory_entries++;
    if (type == ZP_E820_RAM)
        handed->ram_bytes += size;
}

/* Documentation/x86/zero-page */
static void read_boot_params(struct handed *handed)
{
    const struct zp_boot_params *params = at(found.rsi);

    print_hex("handoff: boot_params version=", params->hdr.version);
    print_hex(" type_of_loader=", params->hdr.type_of_loader);
    print_hex(" loadflags=", params->hdr.loadflags);
    print_hex(" sentinel=", params->sentinel);
    print_hex(" setup_data=", params->hdr.setup_data);
    print_hex(" hardware_subarch=", params->hdr.hardware_subarch);
    print("\n");
    handed->cmdline = at(params->hdr.cmd_line_ptr | (uint64_t)params->ext_cmd_line_ptr << 32);
    handed->rsdp = params->acpi_rsdp_addr;
    for (unsigned i = 0; i < params->e820_entries; i++)
        add_memory(handed, params->e820_table[i].size, params->e820_table[i].type);
    if (params->hdr.ramdisk_size != 0 || params->ext_ramdisk_size != 0)
        add_module(handed, params->hdr.ramdisk_image | (uint64_t)params->ext_ramdisk_image << 32,
                   params->hdr.ramdisk_size | (uint64_t)params->ext_ramdisk_size << 32, "");
}

static void read_start_info(struct handed *handed)
{
    const struct zp_hvm_start_info *info = at(found.rbx);
    const struct zp_hvm_modlist_entry *modules = at(info->modlist_paddr);
    const struct zp_hvm_memmap_table_entry *memmap = at(info->memmap_paddr);

    print_hex("handoff: start_info magic=", info->magic);
    print_hex(" version=", info->version);
    print_hex(" flags=", info->flags);
    print("\n");
    handed->cmdline = at(info->cmdline_paddr);
    handed->rsdp = info->rsdp_paddr;
    for (unsigned i = 0; i < info->memmap_entries; i++)
        add_memory(handed, memmap[i].size, memmap[i].type);
    for (unsigned i = 0; i < info->nr_modules; i++)
        add_module(handed, modules[i].paddr, modules[i].size, at(modules[i].cmdline_paddr));
}

static void read_multiboot1(struct handed *handed)
{
    const struct zp_multiboot_info *info = at(found.rbx);
    const struct zp_multiboot_mod_list *modules = at(info->mods_addr);
    uint64_t entry = info->mmap_addr;

    print_hex("handoff: multiboot1 flags=", info->flags);
    print_hex(" mem_lower=", info->mem_lower);
    print_hex(" mem_upper=", info->mem_upper);
    print("\n");
    if (info->flags & ZP_MULTIBOOT_INFO_CMDLINE)
        handed->cmdline = at(info->cmdline);
    for (unsigned i = 0; (info->flags & ZP_MULTIBOOT_INFO_MODS) && i < info->mods_count; i++)
        add_module(handed, modules[i].mod_start, modules[i].mod_end - modules[i].mod_start,
                   at(modules[i].cmdline));
    while ((info->flags & ZP_MULTIBOOT_INFO_MEM_MAP) && entry < info->mmap_addr + info->mmap_length) {
        const struct zp_multiboot_mmap_entry *range = at(entry);

        add_memory(handed, range->len, range->type);
        entry += range->size + 4;
    }
}

static void read_multiboot2_tag(struct handed *handed, const struct zp_multiboot2_tag *tag)
{
    uint64_t start = (uintptr_t)tag;

    if (tag->type == ZP_MULTIBOOT2_TAG_TYPE_CMDLINE)
        handed->cmdline = at(start + 8);
    if (tag->type == ZP_MULTIBOOT2_TAG_TYPE_ACPI_NEW || tag->type == ZP_MULTIBOOT2_TAG_TYPE_ACPI_OLD)
        handed->rsdp = start + 8;
    if (tag->type == ZP_MULTIBOOT2_TAG_TYPE_MODULE) {
        const struct zp_multiboot2_tag_module *module = at(start);

        add_module(handed, module->mod_start, module->mod_end - module->mod_start, at(start + 16));
    }
    if (tag->type == ZP_MULTIBOOT2_TAG_TYPE_MMAP) {
        const struct zp_multiboot2_tag_mmap *mmap = at(start);

        for (uint64_t entry = start + 16; entry < start + tag->size; entry += mmap->entry_size) {
            const struct zp_multiboot2_mmap_entry *range = at(entry);

            add_memory(handed, range->len, range->type);
        }
    }
}

static void read_multiboot2(struct handed *handed)
{
    uint64_t start = found.rbx;
    uint64_t end = start + *(const uint32_t *)at(start);
    unsigned tags = 0;

    for (uint64_t place = start + 8; place < end; tags++) {
        const struct zp_multiboot2_tag *tag = at(place);

        if (tag->type == ZP_MULTIBOOT2_TAG_TYPE_END)
            break;
        read_multiboot2_tag(handed, tag);
        place += (tag->size + 7u) & ~7u;
    }
    print_hex("handoff: multiboot2 total_size=", end - start);
    print(" tags=");
    print_number(tags, 10);
    print("\n");
}

/* ACPI 6, 5.2.5.1: the first KiB of the EBDA, at multiples of 16. For those who are told no address. */
static uint64_t scan_ebda(void)
{
    const uint16_t *bda = at(ZP_BDA_EBDA_SEGMENT);
    uint64_t ebda = (uint64_t)*bda << 4;

    for (uint64_t place = ebda; ebda != 0 && place < ebda + 1024; place += 16) {
        const char *text = at(place);
        bool same = true;

        for (int i = 0; i < 8; i++)
            same = same && text[i] == "RSD PTR "[i];
        if (same)
            return place;
    }
    return 0;
}

static bool sums_to_zero(uint64_t start, uint64_t size)
{
    const uint8_t *bytes = at(start);
    uint8_t sum = 0;

    for (uint64_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum == 0;
}

static void print_handed(const struct handed *handed)
{
    uint64_t scanned = scan_ebda();
    uint64_t rsdp = handed->rsdp != 0 ? handed->rsdp : scanned;

    print("handoff: memory entries=");
    print_number(handed->memory_entries, 10);
    print(" ram=");
    print_number(handed->ram_bytes, 10);
    print("\nhandoff: modules ");
    print_number(handed->module_count, 10);
    print("\n");
    for (unsigned i = 0; i < handed->module_count && i < 4; i++) {
        const uint8_t *bytes = at(handed->modules[i].start);

        print("handoff: module ");
        print_number(i, 10);
        print_hex(" start=", handed->modules[i].start);
        print(" size=");
        print_number(handed->modules[i].size, 10);
        print(" bytes=");
        for (uint64_t j = 0; j < handed->modules[i].size && j < BYTES_SHOWN; j++) {
            put("0123456789abcdef"[bytes[j] >> 4]);
            put("0123456789abcdef"[bytes[j] & 15]);
        }
        print(" cmdline=[");
        if ((uintptr_t)handed->modules[i].cmdline != 0)
            print(handed->modules[i].cmdline);
        print("]\n");
    }
    print_hex("handoff: rsdp told=", handed->rsdp);
    print_hex(" scanned=", scanned);
    print(rsdp == 0 ? " none\n" : sums_to_zero(rsdp, ZP_ACPI_RSDP_V1_SIZE) ? " sum ok\n" : " sum bad\n");
}

/* The text after "name" at a word's start in the command line, or NULL. */
static const char *option(const char *cmdline, const char *name)
{
    for (bool start = true; (uintptr_t)cmdline != 0 && *cmdline; start = *cmdline++ == ' ') {
        unsigned i = 0;

        while (name[i] && cmdline[i] == name[i])
            i++;
        if (start && name[i] == 0)
            return cmdline + i;
    }
    return (const char *)0;
}

static bool is_word(const char *text, const char *word)
{
    while (*word && *text == *word) {
        text++;
        word++;
    }
    return *word == 0 && (*text == 0 || *text == ' ');
}

/* Intel SDM 3A, 8.4: INIT and start-up IPI to all but self. */
static void wake_cpus(unsigned expected)
{
    volatile uint32_t *command = (volatile uint32_t *)at(ZP_APIC_DEFAULT_BASE + 0x300);
    volatile uint32_t *spurious = (volatile uint32_t *)at(ZP_APIC_DEFAULT_BASE + 0xf0);
    volatile uint16_t *count = (volatile uint16_t *)at(AP_COUNT);
    volatile char *page = (volatile char *)at(AP_PAGE);

    for (unsigned i = 0; handoff_ap + i < handoff_ap_end; i++)
        page[i] = handoff_ap[i];
    *count = 0;
    *spurious |= 0x100;
    *command = 0x000c4500;
    for (unsigned tries = 0; tries < 4000 && *count + 1u < expected; tries++) {
        if (tries % 20 == 0)
            *command = 0x000c4600 | AP_PAGE >> 12;
        for (unsigned i = 0; i < 500; i++)
            inb(0x80);
    }
    print("handoff: woken ");
    print_number(*count, 10);
    print("\n");
}

/* A page fault with no IDT to go to. */
static void triple_fault(void)
{
    const struct found_table none = {0, 0, {0}};

    __asm__ volatile("lidt %0" : : "m"(none));
    (void)*(const volatile char *)at(UINT64_C(1) << 40);
}

static void echo(void)
{
    for (;;) {
        char c;

        while ((inb(COM1 + 5) & 1) == 0)
            __asm__ volatile("pause");
        c = (char)inb(COM1);
        put(c);
        if (c == 'q')
            break;
    }
    print("\n");
}

static void leave(const char *how)
{
    if (is_word(how, "cf9")) {
        outb(0xcf9, 0x02);
        outb(0xcf9, 0x06);
    }
    if (is_word(how, "kbd"))
        outb(0x64, 0xfe);
    if (is_word(how, "port92"))
        outb(0x92, 0x01);
    if (is_word(how, "triple"))
        triple_fault();
    if (is_word(how, "halt"))
        __asm__ volatile("cli; hlt");
    if (is_word(how, "spin"))
        for (;;)
            __asm__ volatile("pause");
    if (is_word(how, "echo"))
        echo();
    outw(PM1A_CNT, ZP_ACPI_PM1_CNT_SLP_EN);
}

void handoff_main(void)
{
    static const char *const names[] = {"", "", "linux32", "linux64", "pvh", "multiboot1", "multiboot2"};
    static struct handed handed;
    const char *text;

    print("handoff: protocol ");
    print(names[found.way]);
    print("\n");
    print_found();
    if (found.way == WAY_LINUX32 || found.way == WAY_LINUX64)
        read_boot_params(&handed);
    if (found.way == WAY_PVH)
        read_start_info(&handed);
    if (found.way == WAY_MULTIBOOT1)
        read_multiboot1(&handed);
    if (found.way == WAY_MULTIBOOT2)
        read_multiboot2(&handed);
    print("handoff: cmdline [");
    if ((uintptr_t)handed.cmdline != 0)
        print(handed.cmdline);
    print("]\n");
    /* So far on the loader's own tables; the rest may lie anywhere. */
    __asm__ volatile("movq %0, %%cr3" : : "r"(page_map) : "memory");
    print_handed(&handed);

    text = option(handed.cmdline, "smp=");
    if ((uintptr_t)text != 0) {
        unsigned expected = 0;

        while (*text >= '0' && *text <= '9')
            expected = expected * 10 + (unsigned)(*text++ - '0');
        wake_cpus(expected);
    }
    text = option(handed.cmdline, "off=");
    print("handoff: done\n");
    leave((uintptr_t)text != 0 ? text : "pm");
}
