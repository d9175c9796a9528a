/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions of the probe guest. While guest_touch runs, any exception makes it return 1: the page could not
 * be read or written. At any other time guest_fault (guest.c) says so and tries to power off.
 * Intel SDM 3A, 6.12 "Exception and Interrupt Handling", 6.14 "... in 64-bit Mode".
 */
#include "body.h"

    .text
    .code64

/* int guest_touch(uint64_t address): reads, writes, reads back and restores 8 bytes there. 0, or 1: failed. */
    .globl  guest_touch
guest_touch:
    movq    %rsp, resume(%rip)
    movl    $1, %eax
    movq    (%rdi), %rcx
    movq    %rcx, %rdx
    notq    %rdx
    movq    %rdx, (%rdi)
    cmpq    %rdx, (%rdi)
    movq    %rcx, (%rdi)
    jne     1f
    cmpq    %rcx, (%rdi)
    jne     1f
    xorl    %eax, %eax
1:  movq    $0, resume(%rip)
    ret

/* One stub a vector, GUEST_TRAP_STRIDE apart. What lies below the vector on the stack differs. */
    .balign GUEST_TRAP_STRIDE
    .globl  guest_traps
guest_traps:
    .set    vector, 0
    .rept   GUEST_VECTORS
    .balign GUEST_TRAP_STRIDE
    pushq   $vector
    jmp     trap
    .set    vector, vector + 1
    .endr

trap:
    cmpq    $0, resume(%rip)
    je      2f
    movq    resume(%rip), %rsp
    movq    $0, resume(%rip)
    movl    $1, %eax
    ret
2:  movl    (%rsp), %edi
    leaq    8(%rsp), %rsi
    andq    $-16, %rsp
    call    guest_fault

    .bss
    .balign 8
resume:
    .skip   8

    .section .note.GNU-stack, "", @progbits
