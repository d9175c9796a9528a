/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In place of a BIOS: takes a CPU after reset to where a loader enters a kernel, and enters what the test has put
 * into RAM, by registers that the test has put there, too (bare.py). It writes to nothing but the page tables of
 * the 64-bit entry. Linux Documentation/x86/boot, "32-bit boot protocol" and "64-bit boot protocol"; Xen PVH;
 * Multiboot2 3.2 "Machine state".
 */
#include <zeropage/wire/x86.h>

#define CODE32 0x10
#define DATA   0x18
#define CODE64 0x20

/* What the test says, in RAM. */
#define WIDE   0x500                    /* 4 bytes: 1 for the 64-bit entry */
#define MAGIC  0x504                    /* EAX */
#define ENTRY  0x508                    /* 8 bytes */
#define HANDED 0x510                    /* 8 bytes: RBX and RSI */
#define TABLES 0x1000                   /* six pages, for the 64-bit entry */

    .text
    .globl  entry
entry:
    .code32
start32:
    movl    $DATA, %eax
    movl    %eax, %ds
    movl    %eax, %es
    movl    %eax, %fs
    movl    %eax, %gs
    movl    %eax, %ss
    cmpl    $0, WIDE
    jne     1f
    movl    MAGIC, %eax
    movl    HANDED, %ebx
    movl    %ebx, %esi
    xorl    %ebp, %ebp
    xorl    %edi, %edi
    jmp     *ENTRY

1:  movl    $TABLES, %edi
    xorl    %eax, %eax
    movl    $(2 * ZP_PAGE_SIZE / 4), %ecx
    rep stosl
    movl    $(ZP_PTE_P | ZP_PTE_RW | ZP_PTE_PS), %eax
    movl    $(4 * ZP_PAGE_TABLE_ENTRIES), %ecx
2:  movl    %eax, (%edi)
    movl    $0, 4(%edi)
    addl    $8, %edi
    addl    $ZP_PAGE_SIZE_2M, %eax
    loop    2b
    movl    $(TABLES + ZP_PAGE_SIZE + ZP_PTE_P + ZP_PTE_RW), TABLES
    movl    $(TABLES + ZP_PAGE_SIZE), %edi
    movl    $(TABLES + 2 * ZP_PAGE_SIZE + ZP_PTE_P + ZP_PTE_RW), %eax
    movl    $4, %ecx
3:  movl    %eax, (%edi)
    addl    $8, %edi
    addl    $ZP_PAGE_SIZE, %eax
    loop    3b
    movl    $ZP_CR4_PAE, %eax
    movl    %eax, %cr4
    movl    $TABLES, %eax
    movl    %eax, %cr3
    movl    $ZP_MSR_EFER, %ecx
    xorl    %edx, %edx
    movl    $ZP_EFER_LME, %eax
    wrmsr
    movl    $(ZP_CR0_PG | ZP_CR0_ET | ZP_CR0_PE), %eax
    movl    %eax, %cr0
    ljmp    $CODE64, $wide
    .code64
wide:
    movq    HANDED, %rbx
    movq    %rbx, %rsi
    jmp     *ENTRY

    .balign 8
gdt:
    .quad   0, 0
    .quad   ZP_SEGMENT_FLAT_CODE32
    .quad   ZP_SEGMENT_FLAT_DATA
    .quad   ZP_SEGMENT_FLAT_CODE64
gdt_end:
gdt_pointer:
    .word   gdt_end - gdt - 1
    .long   gdt

/* The last bytes of the last 64 KiB. */
    .org    0xffc0
    .code16
start16:
    cli
    cld
    lgdtl   %cs:(gdt_pointer - entry)
    movl    $(ZP_CR0_ET | ZP_CR0_PE), %eax
    movl    %eax, %cr0
    ljmpl   $CODE32, $start32

    .org    0xfff0
    jmp     start16
    .org    0x10000

    .section .note.GNU-stack, "", @progbits
