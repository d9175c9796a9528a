/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sum of bytes modulo 256, which is all that a checksum asks for. SSE2, which every CPU of 64 bits has and
 * reset.S turns on, adds up 16 bytes by one instruction: PSADBW, against zeros, into two sums of 64 bits.
 * Intel SDM 2, "PSADBW". In: bytes (RDI), size (RSI). Out: the sum (AL).
 */
    .text
    .section .text.fw_sum, "ax", @progbits
    .globl  fw_sum
fw_sum:
    xorl    %eax, %eax
    pxor    %xmm0, %xmm0
    pxor    %xmm1, %xmm1
    addq    %rsi, %rdi                  /* the end: they are added up from there */
    movl    %esi, %ecx
    andl    $7, %ecx
    jz      2f
1:  decq    %rdi
    addb    (%rdi), %al
    decl    %ecx
    jnz     1b
2:  testb   $8, %sil
    jz      2f
    subq    $8, %rdi
    movq    (%rdi), %xmm1
    psadbw  %xmm0, %xmm1
2:  andq    $-16, %rsi
    jz      4f
    negq    %rsi
3:  movdqu  (%rdi, %rsi), %xmm2
    psadbw  %xmm0, %xmm2
    paddq   %xmm2, %xmm1
    addq    $16, %rsi
    jnz     3b
4:  movd    %xmm1, %edx
    psrldq  $8, %xmm1
    movd    %xmm1, %ecx
    addl    %edx, %eax
    addl    %ecx, %eax
    ret

    .section .note.GNU-stack, "", @progbits
