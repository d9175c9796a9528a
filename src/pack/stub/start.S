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
#define CODE32       0x20

/* In stub_tables (memory.c): the order in which head.S lays them out. */
#define PML4         0x0000
#define POINTERS     0x1000
#define DIRECTORIES  0x2000
#define GIBS         4 /* that the directories map */

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

/*
 * Coming from a 32-bit entry, or back here, we run in these tables already: then what maps the first 4 GiB
 * is not written to, and what memory.c added above goes, for its pool begins anew.
 */
take_over:
    cli
    leaq    stub_tables(%rip), %rbx
    movq    %cr3, %rax
    cmpq    %rax, %rbx
    je      2f
    leaq    DIRECTORIES(%rbx), %rdi
    movl    $(ZP_PTE_P | ZP_PTE_RW | ZP_PTE_PS), %eax
    movl    $2048, %ecx
1:  stosq
    addq    $ZP_PAGE_SIZE_2M, %rax
    loop    1b
2:  xorl    %eax, %eax
    leaq    8(%rbx), %rdi           /* of the top all but its first entry */
    movl    $(ZP_PAGE_TABLE_ENTRIES - 1), %ecx
    rep stosq
    addq    $(8 * GIBS), %rdi       /* POINTERS comes next */
    movl    $(ZP_PAGE_TABLE_ENTRIES - GIBS), %ecx
    rep stosq
    leaq    (POINTERS + ZP_PTE_P | ZP_PTE_RW)(%rbx), %rax
    movq    %rax, PML4(%rbx)
    leaq    POINTERS(%rbx), %rdi
    movl    $GIBS, %ecx
3:  addq    $ZP_PAGE_SIZE, %rax
    stosq
    loop    3b

    leaq    stub_stack(%rip), %rsp
    pushq   $0
    pushq   $0
    lidt    6(%rsp)                 /* limit 0 */
    leaq    gdt(%rip), %rax
    movq    %rax, 8(%rsp)
    movw    $(gdt_end - gdt - 1), 6(%rsp)
    lgdt    6(%rsp)
    leaq    settled64(%rip), %rdx

/*
 * Long mode does not let go of five levels, where a loader uses them, and kernels are promised four: then it
 * is left for a moment. PCIDs must go first.
 */
    movq    %cr4, %rax
    andl    $(ZP_CR4_PAE | ZP_CR4_LA57), %eax
    movq    %rax, %cr4
    testl   $ZP_CR4_LA57, %eax
    jnz     4f
    movq    %rbx, %cr3
    movl    $(ZP_CR0_PG | ZP_CR0_NE | ZP_CR0_ET | ZP_CR0_PE), %eax
    movq    %rax, %cr0
    pushq   $CODE64
    pushq   %rdx
    lretq
4:  leaq    five_levels(%rip), %rax
    pushq   $CODE32
    pushq   %rax
    lretq
    .code32
five_levels:
    movl    $DATA, %eax
    movl    %eax, %ss
    movl    %cr0, %eax
    andl    $~ZP_CR0_PG, %eax
    movl    %eax, %cr0
    movl    $ZP_CR4_PAE, %eax
    movl    %eax, %cr4
    movl    %ebx, %cr3
    movl    $(ZP_CR0_PG | ZP_CR0_NE | ZP_CR0_ET | ZP_CR0_PE), %eax
    movl    %eax, %cr0              /* EFER.LME is as it was */
    pushl   $CODE64
    pushl   %edx
    lretl
    .code64
settled64:
    movl    $DATA, %eax
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
    .quad   ZP_SEGMENT_FLAT_CODE32      /* CODE32 */
gdt_end:

/* Behind .bss, never cleared (stub.ld). */
    .section .kept, "aw", @nobits
    .balign ZP_PAGE_SIZE
    .globl  stub_tables
    .hidden stub_tables
stub_tables:
    .skip   6 * ZP_PAGE_SIZE
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
