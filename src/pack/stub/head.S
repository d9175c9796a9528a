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

/* CPUID's extended functions: their number, and bit 29 of EDX of the second (Intel SDM 2A, CPUID). */
#define EXTENDED    0x80000000
#define FEATURES    0x80000001
#define LONG_MODE   29

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

/*
 * Only a call tells where we are, and it needs a stack: four bytes of what was handed over, lent. If that is no
 * memory, what there is elsewhere, so that the stub can say so.
 */
1:  movl    %ebx, %ecx
    movl    (%ecx), %eax
    notl    %eax
    movl    %eax, (%ecx)
    cmpl    %eax, (%ecx)
    notl    %eax
    je      1f
    movl    $ZP_BDA_END, %ecx
    movl    (%ecx), %eax
1:  leal    4(%ecx), %esp
    call    2f
2:  popl    %ebp
    movl    %eax, (%ecx)
    subl    $(2b - body), %ebp
    movl    %edi, %esp              /* no stack yet: one more register */
    verify  e, bad32

/* Paging is off by every protocol. If a loader left it on, off with it; PCIDs must go first. */
    movl    %cr4, %eax
    andl    $~ZP_CR4_PCIDE, %eax
    movl    %eax, %cr4
    movl    %cr0, %eax
    andl    $~ZP_CR0_PG, %eax
    movl    %eax, %cr0
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

/*
 * Long mode, 4 GiB in pages of 2 MiB: four directories, their table and the top, in the stub's memory. A CPU
 * without it would start all over at the first write to EFER, with no word.
 */
    .code32
tables32:
    movl    %ebx, %esi
    movl    $EXTENDED, %eax
    cpuid
    cmpl    $FEATURES, %eax
    jb      1f
    movl    $FEATURES, %eax
    cpuid
    btl     $LONG_MODE, %edx
    jc      2f
1:  leal    (message_cpu - body)(%ebp), %esi
    jmp     refuse32
2:  movl    %esi, %ebx
    movl    BODY(ZP_PACK_BODY_WORK)(%ebp), %esi
    addl    %ebp, %esi
    leal    STUB_TABLES + 0x2000(%esi), %edi
    movl    $(ZP_PTE_P | ZP_PTE_RW | ZP_PTE_PS), %eax
    movl    $2048, %ecx
1:  movl    %eax, (%edi)
    movl    $0, 4(%edi)
    addl    $8, %edi
    addl    $ZP_PAGE_SIZE_2M, %eax
    loop    1b
    leal    STUB_TABLES(%esi), %edi
    xorl    %eax, %eax
    movl    $(2 * ZP_PAGE_SIZE / 4), %ecx
    rep stosl
    leal    STUB_TABLES + 0x1000 + (ZP_PTE_P | ZP_PTE_RW)(%esi), %eax
    movl    %eax, STUB_TABLES(%esi)
    leal    STUB_TABLES + 0x1000(%esi), %edi
    movl    $4, %ecx
2:  addl    $ZP_PAGE_SIZE, %eax
    movl    %eax, (%edi)
    addl    $8, %edi
    loop    2b

    movl    %esp, %edi              /* the way; from here on there is a stack */
    leal    STUB_MEMORY(%esi), %esp
    movl    $ZP_CR4_PAE, %eax
    movl    %eax, %cr4
    leal    STUB_TABLES(%esi), %eax
    movl    %eax, %cr3
    movl    $ZP_MSR_EFER, %ecx
    rdmsr
    orl     $ZP_EFER_LME, %eax
    wrmsr
    leal    (gdt - body)(%ebp), %eax
    pushl   %eax
    pushw   $(gdt_end - gdt - 1)
    lgdtl   (%esp)
    pushl   $CODE64
    leal    (long_mode - body)(%ebp), %eax
    pushl   %eax
    movl    $(ZP_CR0_PG | ZP_CR0_NE | ZP_CR0_ET | ZP_CR0_PE), %eax
    movl    %eax, %cr0
    lretl
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
