/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ELF shape's entries, and the start of each copy that it makes of itself. Receives the CPU as a loader
 * leaves it by PVH, multiboot or Linux's 32- and 64-bit protocols - no stack, no tables that we may keep,
 * nobody says where we are; guarantees fw_main in 64-bit mode with 4 GiB mapped by tables of our own,
 * pointers relocated, .bss clear. Linux Documentation/x86/boot; Xen PVH; Multiboot 3.2 "Machine state";
 * Intel SDM 3A, 9.8.5; System V ABI for AMD64, "Relocation".
 */
#include <zeropage/wire/multiboot2.h>
#include <zeropage/wire/x86.h>
#include <zeropage/wire/xen.h>

#include "../../enter/from32.inc"
#include "../../pack/layout.h"
#include "layout.h"

#define CODE64     0x10
#define DATA       0x18

#define RELA_SIZE  24
#define RELATIVE   8 /* R_X86_64_RELATIVE */

/* The tables: top, pointers, four directories, and a fifth level above them for who comes with one. */
#define POINTERS    FROM32_POINTERS
#define DIRECTORIES FROM32_DIRECTORIES
#define PML5        0x6000

    .section .text.start, "ax"
    .globl  fw_begin
    .hidden fw_begin
fw_begin:
    .code32
    movl    %esi, %ebx
    movl    $ZP_PACK_WAY_LINUX32, %edi
    jmp     found32

    .org    ZP_PACK_ENTRY_PVH
    movl    $ZP_PACK_WAY_PVH, %edi
    jmp     found32

    .org    ZP_PACK_ENTRY_MULTIBOOT1
    movl    $ZP_PACK_WAY_MULTIBOOT1, %edi
    jmp     found32

    .org    ZP_PACK_ENTRY_MULTIBOOT2
    movl    $ZP_PACK_WAY_MULTIBOOT2, %edi
    jmp     found32

found32:
    cli
    cld
    find_origin fw_begin
    paging_off
    movl    %ebx, %esi
    demand_long_mode no_long_mode
    movl    %esi, %ebx
    movl    %edi, %edx              /* EBX: handed, EDX: the way */
    leal    (fw_tables - fw_begin)(%ebp), %esi
    map_4gib 0
    movl    %edx, %edi
    leal    (fw_stack - fw_begin)(%ebp), %esp
    to_long_mode fw_begin, 0, gdt, gdt_end, CODE64, long_mode
    .code64
long_mode:
    movl    %ebx, %ebx
    jmp     start

    .org    ZP_PACK_ENTRY_LINUX64
    .globl  fw_linux64
fw_linux64:
    movq    %rsi, %rbx
    movl    $ZP_PACK_WAY_LINUX64, %edi
    jmp     start

/* Not of multiboot 1, which would keep QEMU and others from better ways. */
    .balign ZP_MULTIBOOT2_HEADER_ALIGN
multiboot2:
    .long   ZP_MULTIBOOT2_HEADER_MAGIC
    .long   ZP_MULTIBOOT2_ARCHITECTURE_I386
    .long   multiboot2_end - multiboot2
    .long   -(ZP_MULTIBOOT2_HEADER_MAGIC + ZP_MULTIBOOT2_ARCHITECTURE_I386 + (multiboot2_end - multiboot2))
    .word   ZP_MULTIBOOT2_HEADER_TAG_ENTRY_ADDRESS, 0
    .long   12
    .long   FW_ELF_ADDRESS + ZP_PACK_ENTRY_MULTIBOOT2
    .balign ZP_MULTIBOOT2_TAG_ALIGN
    .word   ZP_MULTIBOOT2_HEADER_TAG_MODULE_ALIGN, 0
    .long   8
    .word   ZP_MULTIBOOT2_HEADER_TAG_END, 0
    .long   8
multiboot2_end:

    .code32
no_long_mode:
    leal    (message_cpu - fw_begin)(%ebp), %esi
    movl    $0x3f8, %edx
2:  movb    (%esi), %al
    incl    %esi
    testb   %al, %al
    jz      3f
    outb    %al, %dx
    jmp     2b
3:  hlt
    jmp     3b
message_cpu:
    .asciz  "zeropage: this CPU has no 64-bit mode\r\n"
    .code64

/* struct fw_start (RDI), place (RSI) */
    .globl  fw_move
    .hidden fw_move
fw_move:
    movq    8(%rdi), %rbx
    movl    0(%rdi), %r8d
    leaq    fw_begin(%rip), %rax
    leaq    fw_text_end(%rip), %rcx
    leaq    moved(%rip), %rdx
    subq    %rax, %rcx
    subq    %rax, %rdx
    addq    %rsi, %rdx
    movq    %rsi, %rdi
    movq    %rax, %rsi
    shrq    $3, %rcx
    rep movsq
    movl    %r8d, %edi
    jmp     *%rdx
moved:
    movl    $1, %r13d
    jmp     1f

/* RDI: the way, RBX: what was handed over, R13: whether this is where we stay. */
start:
    xorl    %r13d, %r13d
1:  cli
    cld
    movq    %rdi, %r12
    leaq    fw_tables(%rip), %rbp
    movq    %cr3, %rax
    cmpq    %rax, %rbp
    je      3f                      /* just made */
    leaq    DIRECTORIES(%rbp), %rdi
    movl    $(ZP_PTE_P | ZP_PTE_RW | ZP_PTE_PS), %eax
    movl    $2048, %ecx
1:  stosq
    addq    $ZP_PAGE_SIZE_2M, %rax
    loop    1b
    xorl    %eax, %eax              /* RDI is at PML5 */
    movl    $(ZP_PAGE_SIZE / 8), %ecx
    rep stosq
    movq    %rbp, %rdi
    movl    $(2 * ZP_PAGE_SIZE / 8), %ecx
    rep stosq
    leaq    (ZP_PTE_P | ZP_PTE_RW)(%rbp), %rax
    movq    %rax, PML5(%rbp)
    addq    $POINTERS, %rax
    movq    %rax, (%rbp)
    leaq    POINTERS(%rbp), %rdi
    movl    $4, %ecx
2:  addq    $ZP_PAGE_SIZE, %rax
    stosq
    loop    2b

/* Long mode does not let go of five levels, where a loader uses them: then ours hang below a fifth. */
    movq    %cr4, %rax
    movq    %rbp, %rcx
    testl   $ZP_CR4_LA57, %eax
    jz      4f
    addq    $PML5, %rcx
4:  movq    %rcx, %cr3
    andl    $ZP_CR4_LA57, %eax
    orl     $ZP_CR4_PAE, %eax
    movq    %rax, %cr4
3:  movl    $(ZP_CR0_PG | ZP_CR0_NE | ZP_CR0_ET | ZP_CR0_PE), %eax
    movq    %rax, %cr0

    leaq    fw_stack(%rip), %rsp
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
    leaq    fw_stack(%rip), %rsp
    xorl    %ebp, %ebp

/* Pointers in constants, as linked: the table has the addends, so that each copy can do it anew. */
    leaq    fw_begin(%rip), %rdx
    subq    $FW_ELF_ADDRESS, %rdx
    leaq    fw_rela(%rip), %rsi
    leaq    fw_rela_end(%rip), %rcx
6:  cmpq    %rcx, %rsi
    jae     7f
    movq    (%rsi), %rdi
    movq    16(%rsi), %rax
    cmpl    $RELATIVE, 8(%rsi)
    jne     .                       /* the build has seen to it that there are no others */
    addq    %rdx, %rax
    movq    %rax, (%rdx, %rdi)
    addq    $RELA_SIZE, %rsi
    jmp     6b
7:  leaq    fw_hot(%rip), %rdi
    leaq    fw_hot_end(%rip), %rcx
    subq    %rdi, %rcx
    shrq    $3, %rcx
    xorl    %eax, %eax
    rep stosq
    leaq    own_entry(%rip), %rdi
    movl    %r12d, (%rdi)
    movl    %r13d, 4(%rdi)
    movq    %rbx, 8(%rdi)
    call    fw_main
    ud2

/* Accessed bits are set already, so that the CPU writes nothing here. */
    .balign 8
gdt:
    .quad   0, 0
    .quad   ZP_SEGMENT_FLAT_CODE64      /* CODE64 */
    .quad   ZP_SEGMENT_FLAT_DATA        /* DATA */
gdt_end:

    .section .bss.kept, "aw", @nobits
    .balign 8
own_entry:
    .skip   16

    .section .note.Xen, "a", @note
    .balign 4
    .long   2f - 1f
    .long   4f - 3f
    .long   ZP_XEN_ELFNOTE_PHYS32_ENTRY
1:  .asciz  "Xen"
2:  .balign 4
3:  .long   FW_ELF_ADDRESS + ZP_PACK_ENTRY_PVH
4:  .balign 4
    .long   2f - 1f
    .long   4f - 3f
    .long   ZP_XEN_ELFNOTE_PHYS32_RELOC
1:  .asciz  "Xen"
2:  .balign 4
3:  .long   0x1000                      /* alignment */
    .long   0x100000                    /* lowest */
    .long   0xffffffff                  /* highest */
4:  .balign 4

    .section .note.GNU-stack, "", @progbits
