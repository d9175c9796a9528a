/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The head of a packed file's body: the CPU as some loader hands it over, down to the unpacked stub.
 *
 * Nothing is trusted: no stack, no GDT, no IDT, no direction flag, foreign page tables or none, and nobody
 * says where we are. What holds is the protocol of each entry (layout.h) and that [body, +work + stub_memory)
 * is RAM. In this order: where are we, is the body whole (its checksum), page tables and long mode where we
 * come from 32 bits, unpack the stub (body_lz4.S or body_lzma.c) to `work` behind the payload, call it. With the EFI entries the CPU is
 * the firmware's: its stack, its tables, and a way back.
 * Linux Documentation/x86/boot, "32-bit" and "64-bit boot protocol", "EFI handover protocol"; Xen PVH;
 * Multiboot 3.2 "Machine state"; UEFI 2.3.4 "x64 Platforms"; Intel SDM 3A, 9.8.5.
 */
#include <zeropage/wire/x86.h>

#include "../../enter/from32.inc"
#include "../layout.h"

/* Made by the build (squeeze.c): STUB_BYTES, STUB_TABLES and STUB_MEMORY of the stub (stub.ld). */
#include STUB_NUMBERS

#define BODY(field) (ZP_PACK_HEADER + (field))
#define CHECKSUM    BODY(0x40) /* of struct zp_pack_body */
#define CHECKED     BODY(0x10) /* body_size */
#define CHECKED_MAX 0x100000   /* no body of ours is as large */

#define CODE64      0x10
#define DATA        0x18
#define LOAD_ERROR  0x8000000000000001 /* UEFI appendix D */

    .section .text.head, "ax"
body:
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

    .org    BODY(ZP_PACK_BODY_STUB_OFFSET)
    .long   stub - body
    .long   stub_end - stub
    .long   STUB_BYTES
    .long   STUB_MEMORY

/*
 * Fletcher's sums of the words from SI on, count in ECX, as zp_pack_checksum has them: EDX the plain one, EDI
 * the sum of sums. Adding the carry back in is adding modulo 2^32 - 1.
 */
    .macro  sum
77: lodsl
    addl    %eax, %edx
    adcl    $0, %edx
    addl    %edx, %edi
    adcl    $0, %edi
    loop    77b
    .endm

/* all ones is 0 */
    .macro  reduce sum
    addl    $1, \sum
    adcl    $-1, \sum
    .endm

/* Is the body whole? Jumps to `bad` when not. r: e or r, BP has the body; AX, CX, DX, SI, DI are lost. */
    .macro  verify r, bad
    mov     %\r\()bp, %\r\()si
    xorl    %edx, %edx
    xorl    %edi, %edi
    movl    $(CHECKSUM / 4), %ecx
    sum
    add     $8, %\r\()si            /* the checksum counts as two words of 0 */
    addl    %edx, %edi
    adcl    $0, %edi
    addl    %edx, %edi
    adcl    $0, %edi
    movl    CHECKED(%\r\()bp), %ecx
    cmpl    $CHECKED_MAX, %ecx
    ja      \bad
    shrl    $2, %ecx
    subl    $((CHECKSUM + 8) / 4), %ecx
    jbe     \bad
    sum
    reduce  %edx
    reduce  %edi
    cmpl    CHECKSUM(%\r\()bp), %edx
    jne     \bad
    cmpl    CHECKSUM + 4(%\r\()bp), %edi
    jne     \bad
    .endm

/*
 * Any 32-bit entry: EDI the way, EBX what was handed over. Some loader may come here in long mode, against
 * every protocol: LEA of address 0 tells, for in 64-bit code the same bytes name memory relative to RIP.
 */
    .org    ZP_PACK_HEADER + 72
found32:
    cli
    cld
    leal    0, %ecx
    jecxz   1f
    .code64
    movl    %ebx, %ebx
    jmp     found64
    .code32

1:  find_origin body
    movl    %edi, %esp              /* no stack yet: one more register */
    verify  e, bad32
    paging_off
    jmp     tables32

bad32:
    leal    (message - body)(%ebp), %esi
refuse32:
    leal    (halt - body)(%ebp), %ebp
    jmp     refuse

    .code64
/* 64-bit entries can name memory relative to themselves. */
    .org    ZP_PACK_ENTRY_LINUX64
    movq    %rsi, %rbx
    movl    $ZP_PACK_WAY_LINUX64, %edi
    jmp     found64

/* RCX, RDX; what a caller of Microsoft's kind wants to find again is kept, and the same for the other. */
    .org    ZP_PACK_ENTRY_EFI
    pushq   %rdi
    pushq   %rsi
    movl    $ZP_PACK_WAY_EFI, %edi
    jmp     found_efi

    .org    ZP_PACK_ENTRY_HANDOVER
    pushq   %rdi
    pushq   %rsi
    movq    %rdi, %rcx
    xchgq   %rsi, %rdx
    movl    $ZP_PACK_WAY_HANDOVER, %edi
found_efi:
    pushq   %rbx
    pushq   %rbp
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    cld
    movq    %rcx, %rbx
    movq    %rdx, %r13
    movq    %rsi, %r14
    cmpl    $ZP_PACK_WAY_HANDOVER, %edi
    je      1f
    xorl    %r14d, %r14d
1:  jmp     check64

found64:
    cli
    cld
    xorl    %r13d, %r13d
    xorl    %r14d, %r14d
check64:
    movl    %edi, %r12d
    leaq    body(%rip), %rbp
    verify  r, bad64

/* R12D: the way; RBX, R13, R14: what was handed over; RBP: the body, which is whole. */
unpack:
    movq    BODY(ZP_PACK_BODY_WORK)(%rbp), %r15
    addq    %rbp, %r15
    cmpl    $ZP_PACK_WAY_EFI, %r12d
    jae     1f
    leaq    STUB_MEMORY(%r15), %rsp
1:  movq    %r15, %rdi
    leaq    stub(%rip), %rsi
    leaq    stub_end(%rip), %rdx
    movl    $STUB_BYTES, %ecx
    call    unpack_body
    pushq   $0                      /* struct stub_entry, from its end: checked */
    pushq   $0                      /* payload */
    pushq   %r15                    /* stub */
    pushq   %rbp                    /* body */
    pushq   %r14                    /* third */
    pushq   %r13                    /* second */
    pushq   %rbx                    /* handed */
    pushq   %r12                    /* way, settled */
    movq    %rsp, %rdi
    call    *%r15
    addq    $64, %rsp               /* back to the firmware; others do not come back */
leave:
    popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %rbp
    popq    %rbx
    popq    %rsi
    popq    %rdi
    ret

bad64:
    leaq    message(%rip), %rsi
    leaq    halt(%rip), %rbp
    cmpl    $ZP_PACK_WAY_EFI, %r12d
    jb      refuse
    leaq    1f(%rip), %rbp
    jmp     refuse
1:  movabsq $LOAD_ERROR, %rax
    jmp     leave

/*
 * The text at SI, to VGA text memory and COM1, then on at BP: the same bytes in 32-bit and in 64-bit code.
 * VGA memory that is not there swallows it, and so does a port.
 */
refuse:
    movl    $0xb8000, %edi
1:  lodsb
    testb   %al, %al
    jz      4f
    movb    %al, %bl
    cmpb    $0x20, %al
    jb      2f
    stosb
    movb    $0x4f, %al              /* white on red */
    stosb
2:  movl    $0x10000, %ecx
    movw    $0x3fd, %dx
3:  inb     %dx, %al
    testb   $0x20, %al
    jnz     5f
    loop    3b
5:  movw    $0x3f8, %dx
    movb    %bl, %al
    outb    %al, %dx
    jmp     1b
4:  jmp     *%rbp
halt:
    cli
    hlt
    jmp     halt

message:
    .asciz  "zeropage: this file was altered or cut: checksum of the stub\r\n"

message_cpu:
    .asciz  "zeropage: this CPU has no 64-bit mode, and the stub needs it\r\n"

/* Tables and stack lie in the stub's memory. */
    .code32
tables32:
    movl    %ebx, %esi
    demand_long_mode no_long_mode
    movl    %esi, %ebx
    movl    BODY(ZP_PACK_BODY_WORK)(%ebp), %esi
    addl    %ebp, %esi
    map_4gib STUB_TABLES
    movl    %esp, %edi              /* the way; from here on there is a stack */
    leal    STUB_MEMORY(%esi), %esp
    to_long_mode body, STUB_TABLES, gdt, gdt_end, CODE64, long_mode
no_long_mode:
    leal    (message_cpu - body)(%ebp), %esi
    jmp     refuse32
    .code64
long_mode:
    movl    $DATA, %eax
    movl    %eax, %ss
    movl    %edi, %r12d
    movl    %ebx, %ebx
    movl    %ebp, %ebp
    xorl    %r13d, %r13d
    xorl    %r14d, %r14d
    jmp     unpack

/* Accessed bits are set already, so that the CPU writes nothing here. */
    .balign 8
gdt:
    .quad   0, 0
    .quad   ZP_SEGMENT_FLAT_CODE64      /* CODE64 */
    .quad   ZP_SEGMENT_FLAT_DATA        /* DATA */
gdt_end:

    .section .packed, "a"
stub:
    .incbin STUB_PACKED
stub_end:

    .section .note.GNU-stack, "", @progbits
