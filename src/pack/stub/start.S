/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first instructions of the unpacked stub, and of each copy that it makes of itself: from 64-bit mode in
 * anybody's environment to stub_main in ours - page tables for 4 GiB, GDT, no IDT, a stack, a clear .bss.
 * With the EFI ways the firmware's environment stays until stub_move is called with another way.
 * Intel SDM 3A, 4.5 "4-level and 5-level paging".
 */
#include <zeropage/wire/x86.h>

#include "../layout.h"

#define ENTRY_STUB   0x28 /* struct stub_entry */
#define ENTRY_QWORDS 8

#define CODE64       0x10
#define DATA         0x18

/* In stub_tables (memory.c): the order in which head.S lays them out. */
#define PML4         0x0000
#define POINTERS     0x1000
#define DIRECTORIES  0x2000
#define PML5         0x6000

/* Called with RDI: struct stub_entry, which is outside of our .bss and may lie on the stack we take. */
    .section .text.start, "ax"
    .globl  stub_begin
    .hidden stub_begin
stub_begin:
    cld
    movq    %rdi, %rsi
    leaq    own_entry(%rip), %rdi
    movl    $ENTRY_QWORDS, %ecx
    rep movsq
    leaq    stub_clear(%rip), %rdi
    leaq    stub_clear_end(%rip), %rcx
    subq    %rdi, %rcx
    shrq    $3, %rcx
    xorl    %eax, %eax
    rep stosq
    leaq    own_entry(%rip), %rdi
    cmpl    $ZP_PACK_WAY_EFI, (%rdi)
    jb      take_over
    andq    $-16, %rsp
    call    stub_main
    ud2

    .globl  stub_move
    .hidden stub_move
stub_move:
    movq    ENTRY_STUB(%rdi), %rax
    leaq    stub_begin(%rip), %rsi
    cmpq    %rax, %rsi
    je      1f
    movq    %rdi, %rdx
    movq    %rax, %rdi
    leaq    stub_text_end(%rip), %rcx
    subq    %rsi, %rcx
    shrq    $3, %rcx
    rep movsq
    movq    %rdx, %rdi
1:  jmp     *%rax

/* Coming from a 32-bit entry, head.S has made the very same tables. */
take_over:
    cli
    leaq    stub_tables(%rip), %rbx
    movq    %cr3, %rax
    cmpq    %rax, %rbx
    je      3f
    leaq    DIRECTORIES(%rbx), %rdi
    movl    $(ZP_PTE_P | ZP_PTE_RW | ZP_PTE_PS), %eax
    movl    $2048, %ecx
1:  stosq
    addq    $ZP_PAGE_SIZE_2M, %rax
    loop    1b
    xorl    %eax, %eax              /* RDI is at PML5 */
    movl    $(ZP_PAGE_SIZE / 8), %ecx
    rep stosq
    movq    %rbx, %rdi
    movl    $(2 * ZP_PAGE_SIZE / 8), %ecx
    rep stosq
    leaq    (ZP_PTE_P | ZP_PTE_RW)(%rbx), %rax
    movq    %rax, PML5(%rbx)
    addq    $POINTERS, %rax
    movq    %rax, PML4(%rbx)
    leaq    POINTERS(%rbx), %rdi
    movl    $4, %ecx
2:  addq    $ZP_PAGE_SIZE, %rax
    stosq
    loop    2b

/* Long mode does not let go of five levels, where a loader uses them: then ours hang below a fifth. */
    movq    %cr4, %rax
    movq    %rbx, %rcx
    testl   $ZP_CR4_LA57, %eax
    jz      4f
    addq    $PML5, %rcx
4:  movq    %rcx, %cr3
    andl    $ZP_CR4_LA57, %eax
    orl     $ZP_CR4_PAE, %eax
    movq    %rax, %cr4
3:  movl    $(ZP_CR0_PG | ZP_CR0_NE | ZP_CR0_ET | ZP_CR0_PE), %eax
    movq    %rax, %cr0

    leaq    stub_stack(%rip), %rsp
    pushq   $0
    pushq   $0
    lidt    6(%rsp)                 /* limit 0 */
    leaq    gdt(%rip), %rax
    movq    %rax, 8(%rsp)
    movw    $(gdt_end - gdt - 1), 6(%rsp)
    lgdt    6(%rsp)
    leaq    5f(%rip), %rax
    pushq   $CODE64
    pushq   %rax
    lretq
5:  movl    $DATA, %eax
    movl    %eax, %ds
    movl    %eax, %es
    movl    %eax, %ss
    xorl    %eax, %eax
    movl    %eax, %fs
    movl    %eax, %gs
    leaq    stub_stack(%rip), %rsp
    xorl    %ebp, %ebp
    leaq    own_entry(%rip), %rdi
    call    stub_main
    ud2

    .section .rodata.gdt, "a"
    .balign 8
gdt:
    .quad   0, 0
    .quad   ZP_SEGMENT_FLAT_CODE64      /* CODE64 */
    .quad   ZP_SEGMENT_FLAT_DATA        /* DATA */
gdt_end:

/* Behind .bss, never cleared (stub.ld). */
    .section .kept, "aw", @nobits
    .balign ZP_PAGE_SIZE
    .globl  stub_tables
    .hidden stub_tables
stub_tables:
    .skip   7 * ZP_PAGE_SIZE
    .globl  stub_table_pool
    .hidden stub_table_pool
stub_table_pool:
    .skip   16 * ZP_PAGE_SIZE
own_entry:
    .skip   8 * ENTRY_QWORDS
    .skip   0x8000
    .balign ZP_PAGE_SIZE
stub_stack:

    .section .note.GNU-stack, "", @progbits
