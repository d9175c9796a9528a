/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPU after a reset: real mode, CS based at 0xffff0000, at 0xfffffff0, the last 16 bytes of the ROM.
 * Whatever was the machine's state before, these are the ROM's bytes up here, and so are those at 0xe0000; at
 * 0xf0000 we left RAM in their place. In as few steps as there are to 64-bit mode, by page tables that need not
 * be built: they are constants of the ROM, accessed and dirty already so that no CPU writes to them. They map
 * the first GiB, and more by pages of 1 GiB, which see.c asks the CPU for before it looks at anything there.
 * Intel SDM 3A, 9.1.4 "First Instruction Executed" and 9.8.5 "Initializing IA-32e Mode".
 */
#include <zeropage/wire/x86.h>

#include "../../enter/from32.inc"
#include "layout.h"

#define CODE32 0x08
#define CODE64 0x10
#define DATA   0x18

#define TABLE  (ZP_PTE_P | ZP_PTE_RW | ZP_PTE_A)
#define PAGE   (ZP_PTE_P | ZP_PTE_RW | ZP_PTE_A | ZP_PTE_D | ZP_PTE_PS)

    .section .tables, "ax"
pml4:
    .quad   pointers + TABLE
    .fill   511, 8, 0
pointers:
    .quad   directory + TABLE
    .set    address, ZP_PAGE_SIZE_1G
    .rept   FW_ALIAS_GIB - 1
    .quad   address + PAGE
    .set    address, address + ZP_PAGE_SIZE_1G
    .endr
    .quad   pointers + TABLE            /* as a directory, of which the last entry maps the ROM's top */
    .quad   FW_ALIAS_PAGE + PAGE
directory:
    .set    address, 0
    .rept   512
    .quad   address + PAGE
    .set    address, address + ZP_PAGE_SIZE_2M
    .endr
/* Another CPU, in real mode, at FW_OTHER_CPU: sets its registers as the first one's are, counts, and waits. */
    .org    FW_OTHER_CPU - FW_ROM_BASE
    .code16
    cli
    xorw    %ax, %ax
    movw    %ax, %ds
    movw    $FW_OTHER_LIST, %si
1:  movl    (%si), %ecx
    testl   %ecx, %ecx
    jz      2f
    movl    4(%si), %eax
    movl    8(%si), %edx
    wrmsr
    addw    $12, %si
    jmp     1b
2:  lock incl FW_OTHER_COUNT
3:  cli
    hlt
    jmp     3b

    .balign 8
gdt:
    .quad   0
    .quad   ZP_SEGMENT_FLAT_CODE32
    .quad   ZP_SEGMENT_FLAT_CODE64
    .quad   ZP_SEGMENT_FLAT_DATA
gdt_end:
entry:
    .long   FW_WAY_RESET
    .long   1                           /* settled */
    .quad   0

/* The last 64 KiB, with the vector in its last 16 bytes. */
    .section .reset, "ax"
    .code16
start16:
    cli
    cld
    lgdtl   %cs:(gdt_pointer - FW_SHADOW)
    movl    $(ZP_CR0_NE | ZP_CR0_ET | ZP_CR0_PE), %eax
    movl    %eax, %cr0
    ljmpl   $CODE32, $start32
gdt_pointer:
    .word   gdt_end - gdt - 1
    .long   gdt

    .section .vector, "ax"
    .code16
    jmp     start16
    .balign 16, 0

/* From here on below 1 MiB, where the first 64 KiB of the ROM are seen whatever the machine's state. */
    .section .text.start, "ax"
    .code32
start32:
    demand_long_mode no_long_mode
    movl    $DATA, %eax
    movl    %eax, %ds
    movl    %eax, %es
    movl    %eax, %ss
    movl    $ZP_CR4_PAE, %eax
    movl    %eax, %cr4
    movl    $pml4, %eax
    movl    %eax, %cr3
    movl    $ZP_MSR_EFER, %ecx
    movl    $ZP_EFER_LME, %eax
    xorl    %edx, %edx
    wrmsr
    movl    $(ZP_CR0_PG | ZP_CR0_NE | ZP_CR0_ET | ZP_CR0_PE), %eax
    movl    %eax, %cr0
    ljmpl   $CODE64, $fw_begin

    .code64
    .globl  fw_begin
fw_begin:
    movl    $fw_stack, %esp
    xorl    %eax, %eax
    movl    $fw_hot, %edi
    movl    $fw_hot_qwords, %ecx
    rep stosq
    movl    $entry, %edi
    call    fw_main
    ud2

/*
 * RAM in place of the ROM's last 64 KiB, in which our caller may run, with the same bytes in it. DI: the port
 * of the register that does it, SI: its value, RDX: bytes.
 */
    .globl  fw_shadow
fw_shadow:
    movl    %edx, %ecx
    movl    %edi, %edx
    movl    %esi, %eax
    outb    %al, %dx
    movl    $FW_SHADOW, %edi
    movabsq $(FW_ALIAS + FW_SHADOW), %rsi
    shrl    $3, %ecx
    rep movsq
    ret

/* It would start all over without a word. The port has its values after a reset, which do where there is no wire. */
    .code32
no_long_mode:
    movl    $message_cpu, %esi
    movl    $0x3f8, %edx
1:  movb    %cs:(%esi), %al
    incl    %esi
    testb   %al, %al
    jz      2f
    outb    %al, %dx
    jmp     1b
2:  hlt
    jmp     2b
message_cpu:
    .asciz  "zeropage: this CPU has no 64-bit mode\r\n"

    .code64
    .globl  fw_move
fw_move:                                /* a ROM is where it stays */
    ud2

    .section .note.GNU-stack, "", @progbits
