/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPU as the probe found it at its first instruction. The entry stubs (guest/entry.S, guest/setup.S)
 * fill the struct by these offsets before they change anything else; the trace of `zeropage run` fills it
 * from what the engine reads back. What a mode does not have is 0.
 */
#ifndef ZP_PROBE_CPU_H
#define ZP_PROBE_CPU_H

/* zp_probe_cpu.mode */
#define ZP_PROBE_REAL16      1
#define ZP_PROBE_PROTECTED32 2
#define ZP_PROBE_LONG64      3

#define ZP_PROBE_RAX       0x000
#define ZP_PROBE_RBX       0x008
#define ZP_PROBE_RCX       0x010
#define ZP_PROBE_RDX       0x018
#define ZP_PROBE_RSI       0x020
#define ZP_PROBE_RDI       0x028
#define ZP_PROBE_RBP       0x030
#define ZP_PROBE_RSP       0x038
#define ZP_PROBE_R8        0x040
#define ZP_PROBE_R9        0x048
#define ZP_PROBE_R10       0x050
#define ZP_PROBE_R11       0x058
#define ZP_PROBE_R12       0x060
#define ZP_PROBE_R13       0x068
#define ZP_PROBE_R14       0x070
#define ZP_PROBE_R15       0x078
#define ZP_PROBE_RIP       0x080
#define ZP_PROBE_RFLAGS    0x088
#define ZP_PROBE_CR0       0x090
#define ZP_PROBE_CR2       0x098
#define ZP_PROBE_CR3       0x0a0
#define ZP_PROBE_CR4       0x0a8
#define ZP_PROBE_EFER      0x0b0
#define ZP_PROBE_GDT_BASE  0x0b8
#define ZP_PROBE_IDT_BASE  0x0c0
#define ZP_PROBE_GDT_LIMIT 0x0c8
#define ZP_PROBE_IDT_LIMIT 0x0ca
#define ZP_PROBE_CS        0x0cc
#define ZP_PROBE_DS        0x0ce
#define ZP_PROBE_ES        0x0d0
#define ZP_PROBE_FS        0x0d2
#define ZP_PROBE_GS        0x0d4
#define ZP_PROBE_SS        0x0d6
#define ZP_PROBE_TR        0x0d8
#define ZP_PROBE_LDTR      0x0da
#define ZP_PROBE_MODE      0x0dc
#define ZP_PROBE_CPU_SIZE  0x0e0

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#include <zeropage/static_assert.h>

struct zp_probe_cpu {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rip, rflags; /* real16: the offset in CS */
    uint64_t cr0, cr2, cr3, cr4, efer;
    uint64_t gdt_base, idt_base;
    uint16_t gdt_limit, idt_limit;
    uint16_t cs, ds, es, fs, gs, ss, tr, ldtr; /* selectors */
    uint32_t mode;                             /* ZP_PROBE_REAL16 and so on */
};

static_assert(offsetof(struct zp_probe_cpu, rax) == ZP_PROBE_RAX, "rax");
static_assert(offsetof(struct zp_probe_cpu, rsp) == ZP_PROBE_RSP, "rsp");
static_assert(offsetof(struct zp_probe_cpu, r8) == ZP_PROBE_R8, "r8");
static_assert(offsetof(struct zp_probe_cpu, r15) == ZP_PROBE_R15, "r15");
static_assert(offsetof(struct zp_probe_cpu, rip) == ZP_PROBE_RIP, "rip");
static_assert(offsetof(struct zp_probe_cpu, rflags) == ZP_PROBE_RFLAGS, "rflags");
static_assert(offsetof(struct zp_probe_cpu, cr0) == ZP_PROBE_CR0, "cr0");
static_assert(offsetof(struct zp_probe_cpu, efer) == ZP_PROBE_EFER, "efer");
static_assert(offsetof(struct zp_probe_cpu, gdt_base) == ZP_PROBE_GDT_BASE, "gdt_base");
static_assert(offsetof(struct zp_probe_cpu, idt_base) == ZP_PROBE_IDT_BASE, "idt_base");
static_assert(offsetof(struct zp_probe_cpu, gdt_limit) == ZP_PROBE_GDT_LIMIT, "gdt_limit");
static_assert(offsetof(struct zp_probe_cpu, idt_limit) == ZP_PROBE_IDT_LIMIT, "idt_limit");
static_assert(offsetof(struct zp_probe_cpu, cs) == ZP_PROBE_CS, "cs");
static_assert(offsetof(struct zp_probe_cpu, ldtr) == ZP_PROBE_LDTR, "ldtr");
static_assert(offsetof(struct zp_probe_cpu, mode) == ZP_PROBE_MODE, "mode");
static_assert(sizeof(struct zp_probe_cpu) == ZP_PROBE_CPU_SIZE, "size of zp_probe_cpu");

#endif /* !__ASSEMBLER__ */

#endif
