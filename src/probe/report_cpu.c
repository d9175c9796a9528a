/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lines "cpu", "segments" and "descriptors": registers as they were at the first instruction, the hidden
 * parts of the segment registers where somebody could see them, and what the GDT in memory holds for each
 * selector, which is what a kernel gets that loads it again. Intel SDM volume 3A, 3.4 "Logical and Linear
 * Addresses" and 3.5 "System Descriptor Types".
 */
#include <zeropage/wire/x86.h>

#include "reporting.h"

static void put_general(struct zp_probe_writer *writer, const struct zp_probe_cpu *cpu)
{
    zp_probe_hex(writer, "rip", cpu->rip);
    zp_probe_hex(writer, "rflags", cpu->rflags);
    zp_probe_hex(writer, "rax", cpu->rax);
    zp_probe_hex(writer, "rbx", cpu->rbx);
    zp_probe_hex(writer, "rcx", cpu->rcx);
    zp_probe_hex(writer, "rdx", cpu->rdx);
    zp_probe_hex(writer, "rsi", cpu->rsi);
    zp_probe_hex(writer, "rdi", cpu->rdi);
    zp_probe_hex(writer, "rbp", cpu->rbp);
    zp_probe_hex(writer, "rsp", cpu->rsp);
    if (cpu->mode != ZP_PROBE_LONG64)
        return;
    zp_probe_hex(writer, "r8", cpu->r8);
    zp_probe_hex(writer, "r9", cpu->r9);
    zp_probe_hex(writer, "r10", cpu->r10);
    zp_probe_hex(writer, "r11", cpu->r11);
    zp_probe_hex(writer, "r12", cpu->r12);
    zp_probe_hex(writer, "r13", cpu->r13);
    zp_probe_hex(writer, "r14", cpu->r14);
    zp_probe_hex(writer, "r15", cpu->r15);
}

static void put_table(struct zp_probe_writer *writer, const char *name, uint64_t base, uint16_t limit)
{
    zp_probe_open(writer, name);
    zp_probe_hex(writer, "base", base);
    zp_probe_hex(writer, "limit", limit);
    zp_probe_close(writer);
}

static void put_system(struct zp_probe_writer *writer, const struct zp_probe_cpu *cpu)
{
    zp_probe_hex(writer, "cr0", cpu->cr0);
    zp_probe_hex(writer, "cr2", cpu->cr2);
    zp_probe_hex(writer, "cr3", cpu->cr3);
    zp_probe_hex(writer, "cr4", cpu->cr4);
    if (cpu->mode != ZP_PROBE_REAL16)
        zp_probe_hex(writer, "efer", cpu->efer);
    put_table(writer, "gdt", cpu->gdt_base, cpu->gdt_limit);
    put_table(writer, "idt", cpu->idt_base, cpu->idt_limit);
}

static const char *mode_name(uint32_t mode)
{
    if (mode == ZP_PROBE_REAL16)
        return "real16";
    return mode == ZP_PROBE_LONG64 ? "long64" : "protected32";
}

static void put_cpu(struct zp_probe_writer *writer, const struct zp_probe_cpu *cpu)
{
    zp_probe_line(writer, "cpu");
    zp_probe_string(writer, "mode", mode_name(cpu->mode));
    put_general(writer, cpu);
    put_system(writer, cpu);
    zp_probe_hex(writer, "cs", cpu->cs);
    zp_probe_hex(writer, "ds", cpu->ds);
    zp_probe_hex(writer, "es", cpu->es);
    zp_probe_hex(writer, "fs", cpu->fs);
    zp_probe_hex(writer, "gs", cpu->gs);
    zp_probe_hex(writer, "ss", cpu->ss);
    if (cpu->mode != ZP_PROBE_REAL16) {
        zp_probe_hex(writer, "tr", cpu->tr);
        zp_probe_hex(writer, "ldtr", cpu->ldtr);
    }
    zp_probe_line_end(writer);
}

static void put_segments(struct zp_probe_writer *writer, const struct zp_segment_register *segments)
{
    static const char names[ZP_PROBE_SEGMENT_COUNT][5] = {"cs", "ds", "es", "fs", "gs", "ss", "tr", "ldtr"};

    zp_probe_line(writer, "segments");
    for (uint32_t i = 0; i < ZP_PROBE_SEGMENT_COUNT; i++) {
        zp_probe_open(writer, names[i]);
        zp_probe_hex(writer, "base", segments[i].base);
        zp_probe_hex(writer, "limit", segments[i].limit);
        zp_probe_count(writer, "type", segments[i].type);
        zp_probe_count(writer, "s", segments[i].s);
        zp_probe_count(writer, "dpl", segments[i].dpl);
        zp_probe_count(writer, "present", segments[i].present);
        zp_probe_count(writer, "l", segments[i].l);
        zp_probe_count(writer, "db", segments[i].db);
        zp_probe_count(writer, "g", segments[i].g);
        zp_probe_count(writer, "unusable", segments[i].unusable);
        zp_probe_close(writer);
    }
    zp_probe_line_end(writer);
}

/* The GDT lies at a linear address and need not be aligned: a descriptor may begin in one page and end in
 * another one that lies elsewhere. */
static bool read_descriptor(struct zp_probe_reporting *reporting, uint16_t selector, uint64_t *ret_descriptor)
{
    const struct zp_probe_cpu *cpu = &reporting->view->cpu;
    uint32_t offset = selector & 0xfff8u, size;
    uint64_t linear = cpu->gdt_base + offset, physical;
    uint8_t bytes[8];

    if (offset == 0 || selector & 4 || offset + 7 > cpu->gdt_limit)
        return false;
    for (uint32_t at = 0; at < sizeof(bytes); at += size) {
        size = ZP_PAGE_SIZE - ((uint32_t)(linear + at) & (ZP_PAGE_SIZE - 1));
        if (size > sizeof(bytes) - at)
            size = (uint32_t)sizeof(bytes) - at;
        if (!zp_probe_translate(reporting, linear + at, &physical) ||
            !zp_probe_peek(reporting, physical, bytes + at, size))
            return false;
    }
    memcpy(ret_descriptor, bytes, sizeof(bytes));
    return true;
}

static void put_descriptor(struct zp_probe_reporting *reporting, const char *name, uint16_t selector)
{
    uint64_t descriptor;

    if (read_descriptor(reporting, selector, &descriptor))
        zp_probe_hex(&reporting->writer, name, descriptor);
    else
        zp_probe_null(&reporting->writer, name);
}

void zp_probe_report_cpu(struct zp_probe_reporting *reporting)
{
    const struct zp_probe_cpu *cpu = &reporting->view->cpu;

    put_cpu(&reporting->writer, cpu);
    if (reporting->view->segments)
        put_segments(&reporting->writer, reporting->view->segments);
    if (cpu->mode == ZP_PROBE_REAL16)
        return;
    zp_probe_line(&reporting->writer, "descriptors");
    put_descriptor(reporting, "cs", cpu->cs);
    put_descriptor(reporting, "ds", cpu->ds);
    put_descriptor(reporting, "es", cpu->es);
    put_descriptor(reporting, "fs", cpu->fs);
    put_descriptor(reporting, "gs", cpu->gs);
    put_descriptor(reporting, "ss", cpu->ss);
    put_descriptor(reporting, "tr", cpu->tr);
    zp_probe_line_end(&reporting->writer);
}
