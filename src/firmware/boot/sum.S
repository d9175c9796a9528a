/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sum of bytes modulo 256, which is all that a checksum asks for. Words of 64 bits are added up, and their
 * bytes of even number once more in lanes of 16 bits, which hold 256 of them; what the first sum has beyond
 * the second is that of the others. No SSE: KVM, where it has to interpret a guest, does not know all of it.
 * In: bytes (RDI), size (RSI). Out: the sum (AL).
 */
#define CHUNK 2048 /* bytes: 256 words */

    .macro  word at
    movq    \at(%rdi), %r10
    addq    %r10, %rdx
    andq    %r8, %r10
    addq    %r10, %r9
    .endm

    .text
    .section .text.fw_sum, "ax", @progbits
    .globl  fw_sum
fw_sum:
    xorl    %eax, %eax
    movl    %esi, %ecx
    andl    $7, %ecx
    jz      2f
    leaq    (%rdi, %rsi), %r9           /* what is no word, from its end on */
1:  decq    %r9
    addb    (%r9), %al
    decl    %ecx
    jnz     1b
2:  andq    $-8, %rsi
    jz      7f
    movabsq $0x00ff00ff00ff00ff, %r8
3:  movl    $CHUNK, %ecx
    cmpq    %rcx, %rsi
    cmovb   %rsi, %rcx
    subq    %rcx, %rsi
    xorl    %edx, %edx
    xorl    %r9d, %r9d
    testb   $8, %cl
    jz      4f
    word    0
    addq    $8, %rdi
4:  shrl    $4, %ecx
    jz      6f
5:  word    0
    word    8
    addq    $16, %rdi
    decl    %ecx
    jnz     5b
6:  subq    %r9, %rdx
    shrq    $8, %rdx
    andq    %r8, %rdx
    andq    %r8, %r9
    addq    %r9, %rdx
    movabsq $0x0001000100010001, %r10   /* adds up the lanes in the topmost */
    imulq   %r10, %rdx
    shrq    $48, %rdx
    addl    %edx, %eax
    testq   %rsi, %rsi
    jnz     3b
7:  ret

    .section .note.GNU-stack, "", @progbits
