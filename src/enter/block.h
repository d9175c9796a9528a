/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What enter.c tells the trampoline (enter.S), in the memory behind its code: the moves to make and the state
 * in which to leave. Offsets for assembly are asserted.
 */
#ifndef ZP_ENTER_BLOCK_H
#define ZP_ENTER_BLOCK_H

#define BLOCK_TABLES     0x00
#define BLOCK_MOVES      0x08
#define BLOCK_MOVE_COUNT 0x10
#define BLOCK_LONG64     0x18
#define BLOCK_GDT        0x20
#define BLOCK_IDT        0x30
#define BLOCK_TSS        0x40
#define BLOCK_CR0        0x48
#define BLOCK_CR3        0x50
#define BLOCK_CR4        0x58
#define BLOCK_EFER       0x60
#define BLOCK_CS         0x68
#define BLOCK_DS         0x6a
#define BLOCK_ES         0x6c
#define BLOCK_FS         0x6e
#define BLOCK_GS         0x70
#define BLOCK_SS         0x72
#define BLOCK_TR         0x74
#define BLOCK_RIP        0x78
#define BLOCK_RFLAGS     0x80
#define BLOCK_RAX        0x88
#define BLOCK_RBX        0x90
#define BLOCK_RCX        0x98
#define BLOCK_RDX        0xa0
#define BLOCK_RSI        0xa8
#define BLOCK_RDI        0xb0
#define BLOCK_RBP        0xb8
#define BLOCK_RSP        0xc0
#define BLOCK_SIZE       0xc8

/* struct zp_move */
#define MOVE_TO    0
#define MOVE_FROM  8
#define MOVE_BYTES 16
#define MOVE_CLEAR 24
#define MOVE_SIZE  32

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#include <zeropage/plan.h>
#include <zeropage/static_assert.h>
#include <zeropage/wire/x86.h>

struct enter_block {
    uint64_t tables; /* for CR3 while memory is moved; 0: nothing is */
    uint64_t moves;  /* address of the first struct zp_move */
    uint64_t move_count;
    uint64_t long64; /* 0: protected mode of 32 bits */
    struct zp_descriptor_table_pointer gdt;
    uint8_t pad0[6];
    struct zp_descriptor_table_pointer idt;
    uint8_t pad1[6];
    uint64_t tss; /* address of the byte that says whether the TSS is busy; 0: no TSS */
    uint64_t cr0, cr3, cr4, efer;
    uint16_t cs, ds, es, fs, gs, ss, tr;
    uint8_t pad2[2];
    uint64_t rip, rflags;
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
};

static_assert(offsetof(struct enter_block, tables) == BLOCK_TABLES, "tables");
static_assert(offsetof(struct enter_block, moves) == BLOCK_MOVES, "moves");
static_assert(offsetof(struct enter_block, move_count) == BLOCK_MOVE_COUNT, "move_count");
static_assert(offsetof(struct enter_block, long64) == BLOCK_LONG64, "long64");
static_assert(offsetof(struct enter_block, gdt) == BLOCK_GDT, "gdt");
static_assert(offsetof(struct enter_block, idt) == BLOCK_IDT, "idt");
static_assert(offsetof(struct enter_block, tss) == BLOCK_TSS, "tss");
static_assert(offsetof(struct enter_block, cr0) == BLOCK_CR0, "cr0");
static_assert(offsetof(struct enter_block, cr3) == BLOCK_CR3, "cr3");
static_assert(offsetof(struct enter_block, cr4) == BLOCK_CR4, "cr4");
static_assert(offsetof(struct enter_block, efer) == BLOCK_EFER, "efer");
static_assert(offsetof(struct enter_block, cs) == BLOCK_CS, "cs");
static_assert(offsetof(struct enter_block, ds) == BLOCK_DS, "ds");
static_assert(offsetof(struct enter_block, es) == BLOCK_ES, "es");
static_assert(offsetof(struct enter_block, fs) == BLOCK_FS, "fs");
static_assert(offsetof(struct enter_block, gs) == BLOCK_GS, "gs");
static_assert(offsetof(struct enter_block, ss) == BLOCK_SS, "ss");
static_assert(offsetof(struct enter_block, tr) == BLOCK_TR, "tr");
static_assert(offsetof(struct enter_block, rip) == BLOCK_RIP, "rip");
static_assert(offsetof(struct enter_block, rflags) == BLOCK_RFLAGS, "rflags");
static_assert(offsetof(struct enter_block, rax) == BLOCK_RAX, "rax");
static_assert(offsetof(struct enter_block, rbx) == BLOCK_RBX, "rbx");
static_assert(offsetof(struct enter_block, rcx) == BLOCK_RCX, "rcx");
static_assert(offsetof(struct enter_block, rdx) == BLOCK_RDX, "rdx");
static_assert(offsetof(struct enter_block, rsi) == BLOCK_RSI, "rsi");
static_assert(offsetof(struct enter_block, rdi) == BLOCK_RDI, "rdi");
static_assert(offsetof(struct enter_block, rbp) == BLOCK_RBP, "rbp");
static_assert(offsetof(struct enter_block, rsp) == BLOCK_RSP, "rsp");
static_assert(sizeof(struct enter_block) == BLOCK_SIZE, "size of enter_block");

static_assert(offsetof(struct zp_move, to) == MOVE_TO, "to");
static_assert(offsetof(struct zp_move, from) == MOVE_FROM, "from");
static_assert(offsetof(struct zp_move, size) == MOVE_BYTES, "size");
static_assert(offsetof(struct zp_move, clear) == MOVE_CLEAR, "clear");
static_assert(sizeof(struct zp_move) == MOVE_SIZE, "size of zp_move");

#endif

#endif
