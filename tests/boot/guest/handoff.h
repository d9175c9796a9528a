/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the first instructions (entry.S) leave for handoff_main: the way in and the registers as found.
 */
#ifndef HANDOFF_H
#define HANDOFF_H

#define WAY_LINUX32    2 /* the numbers of enum zp_protocol */
#define WAY_LINUX64    3
#define WAY_PVH        4
#define WAY_MULTIBOOT1 5
#define WAY_MULTIBOOT2 6

#define FOUND_RAX    0x00
#define FOUND_RBX    0x08
#define FOUND_RCX    0x10
#define FOUND_RDX    0x18
#define FOUND_RSI    0x20
#define FOUND_RDI    0x28
#define FOUND_RBP    0x30
#define FOUND_RSP    0x38
#define FOUND_RFLAGS 0x40
#define FOUND_CR0    0x48
#define FOUND_CR3    0x50
#define FOUND_CR4    0x58
#define FOUND_EFER   0x60
#define FOUND_CS     0x68
#define FOUND_DS     0x6a
#define FOUND_ES     0x6c
#define FOUND_FS     0x6e
#define FOUND_GS     0x70
#define FOUND_SS     0x72
#define FOUND_TR     0x74
#define FOUND_LDTR   0x76
#define FOUND_GDT    0x78 /* limit, base: 10 bytes */
#define FOUND_IDT    0x88
#define FOUND_WAY    0x98
#define FOUND_SIZE   0xa0

#define AP_PAGE  0x8000 /* woken CPUs begin here */
#define AP_COUNT 0x9000 /* and count themselves in this word */

#ifndef __ASSEMBLER__
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

struct found_table {
    uint16_t limit;
    uint64_t base;
    uint8_t padding[6];
} __attribute__((packed));

struct found {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, rflags, cr0, cr3, cr4, efer;
    uint16_t cs, ds, es, fs, gs, ss, tr, ldtr;
    struct found_table gdt, idt;
    uint32_t way;
    uint32_t reserved;
};

static_assert(offsetof(struct found, rflags) == FOUND_RFLAGS, "rflags");
static_assert(offsetof(struct found, efer) == FOUND_EFER, "efer");
static_assert(offsetof(struct found, ldtr) == FOUND_LDTR, "ldtr");
static_assert(offsetof(struct found, gdt) == FOUND_GDT, "gdt");
static_assert(offsetof(struct found, idt) == FOUND_IDT, "idt");
static_assert(offsetof(struct found, way) == FOUND_WAY, "way");
static_assert(sizeof(struct found) == FOUND_SIZE, "size of found");
#endif

#endif
