/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The probe guest in C: from long mode with the CPU's state saved (entry.S), through the report (report.h),
 * to every way of powering off. What was handed over is read through the window of map.c alone.
 */
#include "guest.h"

static struct guest_setup setup;

/* 32-bit code stores halves: what a mode does not have is 0. */
static void settle_protected(struct zp_probe_cpu *cpu)
{
    uint64_t *const words[] = {&cpu->rax, &cpu->rbx, &cpu->rcx, &cpu->rdx,   &cpu->rsi,
                               &cpu->rdi, &cpu->rbp, &cpu->rsp, &cpu->rip,   &cpu->cr0,
                               &cpu->cr2, &cpu->cr3, &cpu->cr4, &cpu->rflags};

    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        *words[i] &= UINT32_MAX;
    memset(&cpu->r8, 0, offsetof(struct zp_probe_cpu, rip) - offsetof(struct zp_probe_cpu, r8));
    guest_found.gdt.base &= UINT32_MAX;
    guest_found.idt.base &= UINT32_MAX;
}

/* The CPU as setup.S found it, and the memory map of the BIOS. */
static void settle_real(struct zp_probe_view *view)
{
    if (guest_peek(NULL, guest_found.handed, &setup, sizeof(setup)) != 0)
        return;
    if (setup.memory_count > GUEST_SETUP_MEMORY_MAX)
        setup.memory_count = GUEST_SETUP_MEMORY_MAX;
    guest_found.cpu = setup.cpu;
    guest_found.gdt.limit = setup.gdt.limit;
    guest_found.gdt.base = setup.gdt.base;
    guest_found.idt.limit = setup.idt.limit;
    guest_found.idt.base = setup.idt.base;
    view->setup = setup.setup;
}

static void put_bios_memory(struct zp_probe_writer *writer)
{
    for (uint32_t i = 0; i < setup.memory_count; i++) {
        zp_probe_line(writer, "bios_memory");
        zp_probe_count(writer, "index", i);
        zp_probe_hex(writer, "start", setup.memory[i].start);
        zp_probe_hex(writer, "size", setup.memory[i].size);
        zp_probe_count(writer, "type", setup.memory[i].type);
        zp_probe_line_end(writer);
    }
}

static void put_more(void *context, struct zp_probe_writer *writer)
{
    (void)context;
    if (guest_found.protocol == ZP_PROTOCOL_LINUX16)
        put_bios_memory(writer);
    guest_check(writer);
}

/* Not an initializer: a compiler may copy that from constants, and the address of a function is none here. */
static void begin_lines(struct zp_probe_writer *writer)
{
    memset(writer, 0, sizeof(*writer));
    writer->put = guest_put;
}

void guest_main(void)
{
    static struct zp_probe_view view;
    struct zp_probe_writer writer;

    begin_lines(&writer);
    guest_map_init();
    guest_serial_init();
    if (guest_found.cpu.mode == ZP_PROBE_PROTECTED32)
        settle_protected(&guest_found.cpu);
    if (guest_found.protocol == ZP_PROTOCOL_LINUX16)
        settle_real(&view);
    guest_found.cpu.gdt_base = guest_found.gdt.base;
    guest_found.cpu.gdt_limit = guest_found.gdt.limit;
    guest_found.cpu.idt_base = guest_found.idt.base;
    guest_found.cpu.idt_limit = guest_found.idt.limit;

    view.seen = "inside";
    view.image = guest_parameters.name;
    view.protocol = guest_found.protocol;
    view.cpu = guest_found.cpu;
    if (guest_found.protocol == ZP_PROBE_PROTOCOL_EFI)
        view.efi = guest_efi();
    view.peek = guest_peek;
    view.put = guest_put;
    view.more = put_more;
    guest_put(NULL, "\n", 1);
    zp_probe_report(&view);
    guest_off(&writer);
}

/* An exception that nobody expected: said, and out. */
void guest_fault(uint32_t vector, const uint64_t *stack)
{
    struct zp_probe_writer writer;
    uint64_t cr2;

    __asm__ volatile("movq %%cr2, %0" : "=r"(cr2));
    begin_lines(&writer);
    guest_put(NULL, "\n", 1);
    zp_probe_line(&writer, "fault");
    zp_probe_count(&writer, "vector", vector);
    zp_probe_hex(&writer, "cr2", cr2);
    zp_probe_hex(&writer, "stack0", stack[0]);
    zp_probe_hex(&writer, "stack1", stack[1]);
    zp_probe_hex(&writer, "base", guest_found.base);
    zp_probe_line_end(&writer);
    guest_off(&writer);
}
