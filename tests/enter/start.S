/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Brings a PVH entry to 64-bit mode with 4 GiB identity-mapped by page tables of its own, as a stub would, and
 * calls guest_main(start_info). Xen docs/misc/pvh; Intel SDM volume 3A, 10.8.5.
 */
#include <zeropage/wire/x86.h>
#include <zeropage/wire/xen.h>

#define CODE64 0x08
#define DATA   0x10

    .section .text.start, "ax"
    .code32
    .globl  entry
entry:
    cli
    cld
    movl    %ebx, %ebp
    movl    $(tables + 0x1000 + 3), tables
    movl    $(tables + 0x2000 + 3), %eax
    xorl    %ecx, %ecx
1:  movl    %eax, tables + 0x1000(, %ecx, 8)
    addl    $0x1000, %eax
    incl    %ecx
    cmpl    $4, %ecx
    jne     1b
    movl    $0x83, %eax
    xorl    %ecx, %ecx
2:  movl    %eax, tables + 0x2000(, %ecx, 8)
    addl    $ZP_PAGE_SIZE_2M, %eax
    incl    %ecx
    cmpl    $2048, %ecx
    jne     2b
    lgdt    gdt_pointer
    movl    $(ZP_CR4_PAE | ZP_CR4_PGE), %eax
    movl    %eax, %cr4
    movl    $tables, %eax
    movl    %eax, %cr3
    movl    $ZP_MSR_EFER, %ecx
    rdmsr
    orl     $(ZP_EFER_LME | ZP_EFER_NXE | ZP_EFER_SCE), %eax
    wrmsr
    movl    %cr0, %eax
    orl     $(ZP_CR0_PG | ZP_CR0_WP | ZP_CR0_MP), %eax
    movl    %eax, %cr0
    ljmp    $CODE64, $long_mode

    .code64
long_mode:
    xorl    %eax, %eax          /* null selectors, as long mode allows them: nobody may lean on a caller's */
    movl    %eax, %ds
    movl    %eax, %es
    movl    %eax, %fs
    movl    %eax, %gs
    movl    %eax, %ss
    movl    $stack_top, %esp
    movl    %ebp, %edi
    call    guest_main
1:  hlt
    jmp     1b

    .balign 8
gdt:
    .quad   0
    .quad   ZP_SEGMENT_FLAT_CODE64
    .quad   ZP_SEGMENT_FLAT_DATA
gdt_end:
gdt_pointer:
    .word   gdt_end - gdt - 1
    .long   gdt

    .bss
    .balign 4096
tables:
    .skip   6 * 4096
    .skip   32768
stack_top:

    .section .note.Xen, "a", @note
    .balign 4
    .long   2f - 1f
    .long   4f - 3f
    .long   ZP_XEN_ELFNOTE_PHYS32_ENTRY
1:  .asciz  "Xen"
2:  .balign 4
3:  .long   entry
4:  .balign 4

    .section .note.GNU-stack, "", @progbits
