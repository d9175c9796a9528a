/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The entry ROM of the QEMU engine: from the reset vector to the planned state, and out.
 *
 * Receives: a loaded guest, and a parameter block (rom_parameters.h) that states every register. Guarantees:
 * the kernel's first instruction runs with exactly those. The ROM writes no guest RAM but one bit, the busy
 * flag of the TSS, and has no stack: what pops, pops from the parameter block.
 * Intel SDM volume 3A, 9.1 "Initialization Overview", 9.9 "Mode Switching"; volume 2, IRET.
 */
#include <zeropage/wire/x86.h>

#include "rom_parameters.h"

/* Selectors of our own GDT, in use until the planned one is. */
#define CODE32 0x08
#define CODE64 0x10
#define DATA   0x18

#define MODE_LONG64 2 /* enum zp_cpu_mode */

/*
 * Where a parameter or label lies in the guest; and a label for 16-bit code, whose segment begins 60 KiB
 * before this page. Differences of labels are constants to the assembler, so the page needs no link of its
 * own: it is read-only data of the program, and qemu_rom.c copies it.
 */
#define PARAMETER(name) (ZP_ROM_PAGE + ZP_ROM_##name)
#define ADDRESS(label)  (label - zp_rom_page + ZP_ROM_PAGE)
#define OFFSET16(label) (label - zp_rom_page + ZP_ROM_PAGE_IP)

    .section .rodata.zp_rom_page, "a"
    .globl  zp_rom_page
    .hidden zp_rom_page
    .type   zp_rom_page, @object
    .size   zp_rom_page, ZP_ROM_PAGE_SIZE
    .balign 16
zp_rom_page:
    .skip   ZP_ROM_PARAMETERS_SIZE

/*
 * The CPU wakes up in real mode at f000:fff0, but with a CS base of 0xffff0000, so it runs in the upper of
 * the two places where the ROM is seen. To protected mode: load a GDT of flat segments, set CR0.PE, and jump
 * far, which makes CS a segment of that GDT and brings us to the lower place. That one stays mapped when
 * paging comes on, for planned page tables are the identity from 0.
 */
    .code16
start16:
    cli
    cld
    lgdtl   %cs:OFFSET16(gdt_pointer)
    movl    %cr0, %eax
    orb     $ZP_CR0_PE, %al
    movl    %eax, %cr0
    ljmpl   $CODE32, $ADDRESS(start32)

    .code32
start32:
    movw    $DATA, %ax
    movw    %ax, %ds
    movw    %ax, %es
    movw    %ax, %ss            /* for the pops to come */

    /* What a firmware sets up in the chip set. */
    movl    $PARAMETER(PORT_WRITES), %esi
    movl    PARAMETER(PORT_WRITE_COUNT), %edi
1:  testl   %edi, %edi
    jz      msrs
    movw    (%esi), %dx
    movl    4(%esi), %eax
    cmpb    $2, 2(%esi)
    jb      2f
    je      3f
    outl    %eax, %dx
    jmp     4f
2:  outb    %al, %dx
    jmp     4f
3:  outw    %ax, %dx
4:  addl    $ZP_ROM_PORT_WRITE_SIZE, %esi
    decl    %edi
    jmp     1b

    /* And in the CPU: memory types. */
msrs:
    movl    $PARAMETER(MSR_WRITES), %esi
    movl    PARAMETER(MSR_WRITE_COUNT), %edi
1:  testl   %edi, %edi
    jz      controls
    movl    (%esi), %ecx
    movl    8(%esi), %eax
    movl    12(%esi), %edx
    wrmsr
    addl    $ZP_ROM_MSR_WRITE_SIZE, %esi
    decl    %edi
    jmp     1b

    /*
     * ltr takes no TSS that is busy, and the planned descriptor states what shall be, which is busy. Make it
     * available; ltr sets the bit again.
     */
controls:
    movl    PARAMETER(TSS_ACCESS), %eax
    testl   %eax, %eax
    jz      1f
    andb    $~2, (%eax)

    /*
     * Control registers as planned; CR0 last, for its PG with EFER.LME and CR4.PAE starts long mode. As CS
     * is still a 32-bit segment, the next instructions run in compatibility mode.
     */
1:  movl    PARAMETER(CR4), %eax
    movl    %eax, %cr4
    movl    PARAMETER(CR3), %eax
    movl    %eax, %cr3
    movl    PARAMETER(EFER), %eax
    xorl    %edx, %edx
    movl    $ZP_MSR_EFER, %ecx
    wrmsr
    movl    PARAMETER(CR0), %eax
    movl    %eax, %cr0
    cmpl    $MODE_LONG64, PARAMETER(MODE)
    jne     enter32
    ljmp    $CODE64, $ADDRESS(enter64)

/*
 * Into 32-bit code. Flags first: nothing after them changes any. Then the tables; CS keeps what our own GDT
 * said until the jump, so parameters are read through it. No register is left for the jump but its operand.
 */
enter32:
    movl    $PARAMETER(RFLAGS), %esp
    cmpw    $0, PARAMETER(TR)
    lgdt    PARAMETER(GDT)
    lidt    PARAMETER(IDT)
    lldt    PARAMETER(LDTR)
    je      1f
    ltr     PARAMETER(TR)
1:  popfl
    movw    %cs:PARAMETER(SS), %ss
    movw    %cs:PARAMETER(ES), %es
    movw    %cs:PARAMETER(FS), %fs
    movw    %cs:PARAMETER(GS), %gs
    movw    %cs:PARAMETER(DS), %ds
    movl    %cs:PARAMETER(RAX), %eax
    movl    %cs:PARAMETER(RBX), %ebx
    movl    %cs:PARAMETER(RCX), %ecx
    movl    %cs:PARAMETER(RDX), %edx
    movl    %cs:PARAMETER(RSI), %esi
    movl    %cs:PARAMETER(RDI), %edi
    movl    %cs:PARAMETER(RBP), %ebp
    movl    %cs:PARAMETER(RSP), %esp
    ljmp    *%cs:PARAMETER(FAR_POINTER)

/*
 * Into 64-bit code. Here lgdt reads ten bytes, and iretq always takes all of RIP, CS, RFLAGS, RSP and SS from
 * its frame, which is in the parameter block: one instruction sets all that must change at once.
 */
    .code64
enter64:
    lgdt    PARAMETER(GDT)
    lidt    PARAMETER(IDT)
    lldt    PARAMETER(LDTR)
    cmpw    $0, PARAMETER(TR)
    je      1f
    ltr     PARAMETER(TR)
1:  movw    PARAMETER(DS), %ds
    movw    PARAMETER(ES), %es
    movw    PARAMETER(FS), %fs
    movw    PARAMETER(GS), %gs
    movl    $PARAMETER(RIP), %esp
    xorl    %r8d, %r8d
    xorl    %r9d, %r9d
    xorl    %r10d, %r10d
    xorl    %r11d, %r11d
    xorl    %r12d, %r12d
    xorl    %r13d, %r13d
    xorl    %r14d, %r14d
    xorl    %r15d, %r15d
    movq    PARAMETER(RAX), %rax
    movq    PARAMETER(RBX), %rbx
    movq    PARAMETER(RCX), %rcx
    movq    PARAMETER(RDX), %rdx
    movq    PARAMETER(RSI), %rsi
    movq    PARAMETER(RDI), %rdi
    movq    PARAMETER(RBP), %rbp
    iretq

    .balign 8
gdt:
    .quad   0
    .quad   ZP_SEGMENT_FLAT_CODE32
    .quad   ZP_SEGMENT_FLAT_CODE64
    .quad   ZP_SEGMENT_FLAT_DATA
gdt_pointer:
    .word   gdt_pointer - gdt - 1
    .long   ADDRESS(gdt)

/* The reset vector, 16 bytes before the end. */
    .org    ZP_ROM_PAGE_SIZE - 16
    .code16
reset:
    jmp     start16
    .org    ZP_ROM_PAGE_SIZE

    .section .note.GNU-stack, "", @progbits
