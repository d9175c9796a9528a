/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unpacks the part for disks, as squeeze.c packs it: UCL's NRV2E, its bits in words of 32, and calls with
 * addresses for distances. It is our own and found whole, so that nothing is checked. RDI: to, RSI: from.
 * Returns how many bytes it became.
 *
 * A bit 1 and a byte is a literal, a bit 0 begins a match. That goes on with the distance's upper bits: one,
 * whether they end, and when not one more to go on with. 2 stands for the last distance and a bit; else eight
 * bits more are a byte, and the lowest of all is that bit. The bit is how the length begins, see there.
 */
    .section .text, "ax"
    .macro  bit                     /* the next one: carry. Below those in R8 is a 1, to tell when they end. */
    addl    %r8d, %r8d
    jnz     .Lbit\@
    call    word
.Lbit\@:
    .endm

#define WINDOW 18 /* bits of a distance that is taken for one */

    .globl  fw_unpack
    .hidden fw_unpack
fw_unpack:
    movq    %rdi, %rdx
    movl    $0x80000000, %r8d
    movq    $-1, %r9                /* the last distance, negative */
    jmp     next
literal:
    movsb
next:
    bit
    jc      literal
    movl    $1, %eax
    jmp     2f
1:  decl    %eax
    bit
    adcl    %eax, %eax
2:  bit
    adcl    %eax, %eax
    bit
    jnc     1b
    xorl    %ecx, %ecx
    subl    $3, %eax
    jb      3f
    shll    $8, %eax
    lodsb
    xorl    $-1, %eax
    jz      mend                    /* all ones: the end */
    sarl    %eax
    movslq  %eax, %r9
    jmp     4f
3:  bit
4:  jc      6f                      /* 1: 2 and a bit; 01: 4 and a bit; 00: 4 and more, ends as a distance does */
    bit
    jc      5f
    incl    %ecx
1:  bit
    adcl    %ecx, %ecx
    bit
    jnc     1b
    addl    $2, %ecx
    jmp     7f
5:  incl    %ecx
6:  bit
    adcl    %ecx, %ecx
7:  cmpq    $-0x500, %r9            /* farther: one more */
    adcl    $2, %ecx
    movq    %rsi, %rax
    leaq    (%rdi, %r9), %rsi
    rep movsb
    movq    %rax, %rsi
    jmp     next

word:                               /* the 1 below the last ones is the carry */
    movl    (%rsi), %r8d
    leaq    4(%rsi), %rsi
    adcl    %r8d, %r8d
    ret

/* What lies farther is no call. A distance stays in the window, whichever way it goes, so that each is known. */
mend:
    subq    %rdx, %rdi
    movq    %rdi, %r8               /* the size */
    leaq    -4(%rdi), %rcx
    movq    %rdx, %rdi
    movb    $0xe8, %al
1:  jrcxz   2f
    repne scasb
    jne     2f
    movl    (%rdi), %esi
    leal    1 << (WINDOW - 1)(%rsi), %r9d
    shrl    $WINDOW, %r9d
    jnz     1b
    addl    %edx, %esi
    subl    %edi, %esi
    shll    $(32 - WINDOW), %esi
    sarl    $(32 - WINDOW), %esi
    movl    %esi, (%rdi)
    jmp     1b
2:  movq    %r8, %rax
    ret

    .section .note.GNU-stack, "", @progbits
