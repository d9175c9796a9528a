/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What test_qemu.c and its guest (qemu_guest.S) have agreed upon.
 */
#ifndef QEMU_GUEST_H
#define QEMU_GUEST_H

#define GUEST_HOME  0x200000
#define GUEST_WISH  0x2ff000 /* how to end: */
#define GUEST_FOUND 0x300000 /* registers as found: */
#define GUEST_STACK 0x310000

#define WISH_POWER_OFF    0
#define WISH_RESET        1
#define WISH_TRIPLE_FAULT 2
#define WISH_HALT         3
#define WISH_SPIN         4
#define WISH_ECHO         5

#define FOUND_RFLAGS   0x40 /* after eight general registers */
#define FOUND_CR0      0x48
#define FOUND_CR3      0x50
#define FOUND_CR4      0x58
#define FOUND_EFER     0x60
#define FOUND_MTRR     0x68
#define FOUND_OTHERS   0x70 /* r8 to r15, or-ed */
#define FOUND_SEGMENTS 0x78 /* cs ds es fs gs ss tr ldtr */
#define FOUND_GDT      0x88
#define FOUND_IDT      0x98

#ifndef __ASSEMBLER__
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <zeropage/wire/x86.h>

struct found {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, rflags, cr0, cr3, cr4;
    uint64_t efer, mtrr, others;
    uint16_t cs, ds, es, fs, gs, ss, tr, ldtr;
    struct zp_descriptor_table_pointer gdt;
    uint8_t padding[6];
    struct zp_descriptor_table_pointer idt;
};

static_assert(offsetof(struct found, rflags) == FOUND_RFLAGS, "rflags");
static_assert(offsetof(struct found, others) == FOUND_OTHERS, "others");
static_assert(offsetof(struct found, cs) == FOUND_SEGMENTS, "segments");
static_assert(offsetof(struct found, gdt) == FOUND_GDT, "gdt");
static_assert(offsetof(struct found, idt) == FOUND_IDT, "idt");

extern const unsigned char qemu_guest64[], qemu_guest64_end[], qemu_guest32[], qemu_guest32_end[];
#endif

#endif
