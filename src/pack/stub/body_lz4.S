/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unpacks the stub in bodies that are to be fast rather than small: one LZ4 block, our own and found whole, so
 * that nothing is checked. RDI: to, RSI: from, RDX: its end. doc/lz4_Block_format.md of LZ4.
 */
    .section .text, "ax"
    .globl  unpack_body
    .hidden unpack_body
unpack_body:
    movq    %rdx, %r8
sequence:                           /* a token: how many literals, how many bytes of what has been before */
    movzbl  (%rsi), %edx
    incq    %rsi
    movl    %edx, %ecx
    shrl    $4, %ecx
    call    length
    rep movsb
    cmpq    %r8, %rsi
    jae     2f
    lodsw
    movzwl  %ax, %r9d
    movl    %edx, %ecx
    andl    $15, %ecx
    call    length
    addl    $4, %ecx
    movq    %rsi, %rax
    movq    %rdi, %rsi
    subq    %r9, %rsi
    rep movsb
    movq    %rax, %rsi
    jmp     sequence

length:                             /* 15 goes on in bytes, up to the first that is not 255 */
    cmpl    $15, %ecx
    jne     2f
1:  movzbl  (%rsi), %eax
    incq    %rsi
    addl    %eax, %ecx
    cmpl    $255, %eax
    je      1b
2:  ret

    .section .note.GNU-stack, "", @progbits
