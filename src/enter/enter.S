/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trampoline: the last code of ours on this CPU. It is copied to memory that the plan keeps clear and is
 * entered there in 64-bit mode by enter.c, with struct enter_block and the moves behind it. It receives memory
 * that is identity-mapped up to 4 GiB, makes the moves, and leaves in exactly the state that the plan says:
 * nothing of what ran before is needed from its first instruction on, no stack and no table.
 *
 * Intel SDM volume 3A: 10.8.5 (leaving and entering IA-32e mode), 3.4 and 8.2 (descriptors, LTR).
 */
#include <zeropage/wire/x86.h>

#include "block.h"

        .section .text.enter, "ax", @progbits
        .globl  enter_begin, enter_far, enter_block, enter_end
        .hidden enter_begin, enter_far, enter_block, enter_end

        .code64
enter_begin:
        cli
        cld
        leaq    enter_block(%rip), %rbx

        /*
         * The caller's page tables may lie where something is moved to. The tables here are ours, in the
         * memory of the trampoline.
         */
        movq    BLOCK_TABLES(%rbx), %rax
        testq   %rax, %rax
        jz      no_moves
        movq    %rax, %cr3
        movq    BLOCK_MOVES(%rbx), %rbp
        movq    BLOCK_MOVE_COUNT(%rbx), %rdx
next_move:
        movq    MOVE_TO(%rbp), %rdi
        movq    MOVE_FROM(%rbp), %rsi
        movq    MOVE_BYTES(%rbp), %rcx
        shrq    $3, %rcx
        rep movsq
        movl    MOVE_BYTES(%rbp), %ecx
        andl    $7, %ecx
        rep movsb
        xorl    %eax, %eax
        movq    MOVE_CLEAR(%rbp), %rcx
        shrq    $3, %rcx
        rep stosq
        movl    MOVE_CLEAR(%rbp), %ecx
        andl    $7, %ecx
        rep stosb
        addq    $MOVE_SIZE, %rbp
        decq    %rdx
        jnz     next_move
no_moves:

        /* The plan's tables are at home by now. */
        cmpb    $0, BLOCK_LONG64(%rbx)
        je      1f
        movq    BLOCK_CR3(%rbx), %rax
        movq    %rax, %cr3
1:      lgdt    BLOCK_GDT(%rbx)
        lidt    BLOCK_IDT(%rbx)
        movw    BLOCK_DS(%rbx), %ds
        movw    BLOCK_ES(%rbx), %es
        movw    BLOCK_FS(%rbx), %fs
        movw    BLOCK_GS(%rbx), %gs
        movw    BLOCK_SS(%rbx), %ss
        xorl    %eax, %eax
        lldt    %ax

        /* The TSS descriptor is busy as the plan has it; LTR wants it available, and makes it busy again. */
        movq    BLOCK_TSS(%rbx), %rax
        testq   %rax, %rax
        jz      1f
        andb    $~0x02, (%rax)

        /* Registers that only 64-bit code can reach. */
1:      xorl    %r8d, %r8d
        xorl    %r9d, %r9d
        xorl    %r10d, %r10d
        xorl    %r11d, %r11d
        xorl    %r12d, %r12d
        xorl    %r13d, %r13d
        xorl    %r14d, %r14d
        xorl    %r15d, %r15d

        /* Into the plan's code segment, which is of 64 bits, or of 32 and then makes this compatibility mode. */
        leaq    enter_stack(%rip), %rsp
        movzwl  BLOCK_CS(%rbx), %eax
        pushq   %rax
        leaq    leave32(%rip), %rax
        cmpb    $0, BLOCK_LONG64(%rbx)
        je      1f
        leaq    leave64(%rip), %rax
1:      pushq   %rax
        lretq

        /* --- 64 bits ------------------------------------------------------------------------------ */
leave64:
        movq    BLOCK_CR4(%rbx), %rax
        movq    %rax, %cr4
        movl    $ZP_MSR_EFER, %ecx
        movl    BLOCK_EFER(%rbx), %eax
        xorl    %edx, %edx
        wrmsr
        movq    BLOCK_CR0(%rbx), %rax
        movq    %rax, %cr0
        cmpq    $0, BLOCK_TSS(%rbx)
        je      1f
        ltr     BLOCK_TR(%rbx)
1:      pushq   BLOCK_RFLAGS(%rbx)
        popfq
        movq    BLOCK_RAX(%rbx), %rax
        movq    BLOCK_RCX(%rbx), %rcx
        movq    BLOCK_RDX(%rbx), %rdx
        movq    BLOCK_RSI(%rbx), %rsi
        movq    BLOCK_RDI(%rbx), %rdi
        movq    BLOCK_RBP(%rbx), %rbp
        movq    BLOCK_RSP(%rbx), %rsp
        movq    BLOCK_RBX(%rbx), %rbx
        jmp     *enter_block+BLOCK_RIP(%rip)

        /* --- 32 bits ------------------------------------------------------------------------------ */
        .code32
leave32:
        /* With PCIDE or CET in CR4 neither paging nor write protection could be turned off. */
        movl    %cr4, %eax
        andl    $ZP_CR4_PAE | ZP_CR4_LA57, %eax
        movl    %eax, %cr4
        movl    %cr0, %eax
        andl    $~ZP_CR0_PG, %eax
        movl    %eax, %cr0
        jmp     1f
1:      movl    $ZP_MSR_EFER, %ecx
        movl    BLOCK_EFER(%ebx), %eax
        xorl    %edx, %edx
        wrmsr
        movl    BLOCK_CR4(%ebx), %eax
        movl    %eax, %cr4
        movl    BLOCK_CR3(%ebx), %eax
        movl    %eax, %cr3
        movl    BLOCK_CR0(%ebx), %eax
        movl    %eax, %cr0
        cmpl    $0, BLOCK_TSS(%ebx)
        je      1f
        ltr     BLOCK_TR(%ebx)
1:      pushl   BLOCK_RFLAGS(%ebx)
        popfl
        movl    BLOCK_RAX(%ebx), %eax
        movl    BLOCK_RCX(%ebx), %ecx
        movl    BLOCK_RDX(%ebx), %edx
        movl    BLOCK_RSI(%ebx), %esi
        movl    BLOCK_RDI(%ebx), %edi
        movl    BLOCK_RBP(%ebx), %ebp
        movl    BLOCK_RSP(%ebx), %esp
        movl    BLOCK_RBX(%ebx), %ebx
        .byte   0xea                    /* ljmp: no register is left to jump by */
enter_far:
        .long   0                       /* rip and cs, by enter.c */
        .word   0

        .balign 8
        .fill   32, 1, 0
enter_stack:
enter_block:
        .fill   BLOCK_SIZE, 1, 0
enter_end:

        .section .note.GNU-stack, "", @progbits
