/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest of test_qemu.c, in two widths: stores every register where the test can read it in shared RAM,
 * prints a line, and ends as the word at GUEST_WISH says. Runs where the test copies it, at GUEST_HOME.
 */
#include "qemu_guest.h"

/* Stores into the frame that comes with both widths. */
.macro store_segments_and_tables
    movw    %cs, GUEST_FOUND + FOUND_SEGMENTS + 0
    movw    %ds, GUEST_FOUND + FOUND_SEGMENTS + 2
    movw    %es, GUEST_FOUND + FOUND_SEGMENTS + 4
    movw    %fs, GUEST_FOUND + FOUND_SEGMENTS + 6
    movw    %gs, GUEST_FOUND + FOUND_SEGMENTS + 8
    movw    %ss, GUEST_FOUND + FOUND_SEGMENTS + 10
    str     GUEST_FOUND + FOUND_SEGMENTS + 12
    sldt    GUEST_FOUND + FOUND_SEGMENTS + 14
    sgdt    GUEST_FOUND + FOUND_GDT
    sidt    GUEST_FOUND + FOUND_IDT
.endm

.macro print_and_end
    /* "go" to COM1; QEMU's transmitter is always ready for so little */
    movw    $0x3f8, %dx
    movb    $'g', %al
    outb    %al, %dx
    movb    $'o', %al
    outb    %al, %dx
    movb    $'\n', %al
    outb    %al, %dx
    movl    GUEST_WISH, %eax
    cmpl    $WISH_RESET, %eax
    je      1f
    cmpl    $WISH_TRIPLE_FAULT, %eax
    je      2f
    cmpl    $WISH_HALT, %eax
    je      3f
    cmpl    $WISH_SPIN, %eax
    je      4f
    cmpl    $WISH_ECHO, %eax
    je      5f
6:  movw    $0x604, %dx         /* PM1a control: SLP_EN */
    movw    $0x2000, %ax
    outw    %ax, %dx
    jmp     4f
1:  movw    $0xcf9, %dx
    movb    $6, %al
    outb    %al, %dx
    jmp     4f
2:  ud2
3:  cli
    hlt
    jmp     3b
4:  pause
    jmp     4b
5:  movw    $0x3fd, %dx         /* line status: bit 0, a byte has come */
    inb     %dx, %al
    testb   $1, %al
    jz      5b
    movw    $0x3f8, %dx
    inb     %dx, %al
    outb    %al, %dx
    cmpb    $'q', %al
    je      6b
    jmp     5b
.endm

    .section .rodata.qemu_guest, "a"
    .globl  qemu_guest64, qemu_guest64_end, qemu_guest32, qemu_guest32_end

    .code64
qemu_guest64:
    movq    %rax, GUEST_FOUND + 0x00
    movq    %rbx, GUEST_FOUND + 0x08
    movq    %rcx, GUEST_FOUND + 0x10
    movq    %rdx, GUEST_FOUND + 0x18
    movq    %rsi, GUEST_FOUND + 0x20
    movq    %rdi, GUEST_FOUND + 0x28
    movq    %rbp, GUEST_FOUND + 0x30
    movq    %rsp, GUEST_FOUND + 0x38
    pushfq
    popq    GUEST_FOUND + FOUND_RFLAGS
    movq    %cr0, %rax
    movq    %rax, GUEST_FOUND + FOUND_CR0
    movq    %cr3, %rax
    movq    %rax, GUEST_FOUND + FOUND_CR3
    movq    %cr4, %rax
    movq    %rax, GUEST_FOUND + FOUND_CR4
    movl    $0xc0000080, %ecx
    rdmsr
    movl    %eax, GUEST_FOUND + FOUND_EFER
    movl    $0x2ff, %ecx
    rdmsr
    movl    %eax, GUEST_FOUND + FOUND_MTRR
    movq    %r8, %rax
    orq     %r9, %rax
    orq     %r10, %rax
    orq     %r11, %rax
    orq     %r12, %rax
    orq     %r13, %rax
    orq     %r14, %rax
    orq     %r15, %rax
    movq    %rax, GUEST_FOUND + FOUND_OTHERS
    store_segments_and_tables
    print_and_end
qemu_guest64_end:

    .code32
qemu_guest32:
    movl    %eax, GUEST_FOUND + 0x00
    movl    %ebx, GUEST_FOUND + 0x08
    movl    %ecx, GUEST_FOUND + 0x10
    movl    %edx, GUEST_FOUND + 0x18
    movl    %esi, GUEST_FOUND + 0x20
    movl    %edi, GUEST_FOUND + 0x28
    movl    %ebp, GUEST_FOUND + 0x30
    movl    %esp, GUEST_FOUND + 0x38
    pushfl
    popl    GUEST_FOUND + FOUND_RFLAGS
    movl    %cr0, %eax
    movl    %eax, GUEST_FOUND + FOUND_CR0
    movl    %cr3, %eax
    movl    %eax, GUEST_FOUND + FOUND_CR3
    movl    %cr4, %eax
    movl    %eax, GUEST_FOUND + FOUND_CR4
    movl    $0xc0000080, %ecx
    rdmsr
    movl    %eax, GUEST_FOUND + FOUND_EFER
    movl    $0x2ff, %ecx
    rdmsr
    movl    %eax, GUEST_FOUND + FOUND_MTRR
    store_segments_and_tables
    print_and_end
qemu_guest32_end:

    .section .note.GNU-stack, "", @progbits
