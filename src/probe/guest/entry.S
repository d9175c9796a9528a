/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first instructions of the probe guest: every way in but real mode (setup.S), down to long mode in
 * guest_main (guest.c).
 *
 * Nothing that was handed over is trusted: no stack, no GDT, no IDT, and nobody says where we are. Each
 * entry stores the CPU as it was found into guest_found before it changes it, except for the debug registers
 * DR0 to DR3, where 32-bit code keeps what it has no other place for. Linux boot.rst, "32-bit BOOT PROTOCOL"
 * and "64-bit BOOT PROTOCOL"; Xen PVH; Multiboot 3.2 "Machine state"; Intel SDM 3A, 9.8.5 "Initializing
 * IA-32e Mode".
 */
#include <zeropage/wire/x86.h>

#include "../cpu.h"
#include "body.h"

/* A word of low memory, borrowed for one call and given back. */
#define BORROWED 0x5f8

#define MODE32 ZP_PROBE_PROTECTED32
#define MODE64 ZP_PROBE_LONG64

/* Memory of ours in 32-bit code: reg holds where `here` lies. */
#define AT(symbol, field, reg) (symbol - here + (field))(reg)

    .section .head, "ax"
    .globl guest_body
guest_body:
    .code32

/*
 * 32-bit entries. MOV to a debug register changes no flag and no memory. AX: entry and protocol, for DR3.
 */
    .macro  entry32 offset, protocol
    .org    \offset
    movl    %eax, %dr1
    movl    $(\offset << 16 | \protocol), %eax
    jmp     found32
    .endm

    entry32 GUEST_ENTRY_LINUX32, GUEST_PROTOCOL_LINUX32
    entry32 GUEST_ENTRY_PVH, GUEST_PROTOCOL_PVH
    entry32 GUEST_ENTRY_MULTIBOOT1, GUEST_PROTOCOL_MULTIBOOT1
    entry32 GUEST_ENTRY_MULTIBOOT2, GUEST_PROTOCOL_MULTIBOOT2
    entry32 GUEST_ENTRY_SETUP, GUEST_PROTOCOL_LINUX16

    .code64
    .org    GUEST_ENTRY_EFI
    jmp     entry_efi

    .org    GUEST_PARAMETERS
    .globl  guest_parameters
guest_parameters:

/*
 * 64-bit entries: instructions can name memory relative to themselves. All that is needed is a stack to
 * read the flags with.
 */
    .org    GUEST_ENTRY_LINUX64
    movl    $(GUEST_ENTRY_LINUX64 << 16 | GUEST_PROTOCOL_LINUX64), guest_found + GUEST_FOUND_PROTOCOL(%rip)
    jmp     found64
entry_efi:
    movl    $(GUEST_ENTRY_EFI << 16 | GUEST_PROTOCOL_EFI), guest_found + GUEST_FOUND_PROTOCOL(%rip)
found64:
    movq    %rax, guest_found + ZP_PROBE_RAX(%rip)
    movq    %rbx, guest_found + ZP_PROBE_RBX(%rip)
    movq    %rcx, guest_found + ZP_PROBE_RCX(%rip)
    movq    %rdx, guest_found + ZP_PROBE_RDX(%rip)
    movq    %rsi, guest_found + ZP_PROBE_RSI(%rip)
    movq    %rdi, guest_found + ZP_PROBE_RDI(%rip)
    movq    %rbp, guest_found + ZP_PROBE_RBP(%rip)
    movq    %rsp, guest_found + ZP_PROBE_RSP(%rip)
    movq    %r8, guest_found + ZP_PROBE_R8(%rip)
    movq    %r9, guest_found + ZP_PROBE_R8 + 0x08(%rip)
    movq    %r10, guest_found + ZP_PROBE_R8 + 0x10(%rip)
    movq    %r11, guest_found + ZP_PROBE_R8 + 0x18(%rip)
    movq    %r12, guest_found + ZP_PROBE_R8 + 0x20(%rip)
    movq    %r13, guest_found + ZP_PROBE_R8 + 0x28(%rip)
    movq    %r14, guest_found + ZP_PROBE_R8 + 0x30(%rip)
    movq    %r15, guest_found + ZP_PROBE_R15(%rip)
    leaq    guest_stack_top(%rip), %rsp
    pushfq
    cli
    cld
    popq    guest_found + ZP_PROBE_RFLAGS(%rip)
    movq    %cr0, %rax
    movq    %rax, guest_found + ZP_PROBE_CR0(%rip)
    movq    %cr2, %rax
    movq    %rax, guest_found + ZP_PROBE_CR2(%rip)
    movq    %cr3, %rax
    movq    %rax, guest_found + ZP_PROBE_CR3(%rip)
    movq    %cr4, %rax
    movq    %rax, guest_found + ZP_PROBE_CR4(%rip)
    movl    $ZP_MSR_EFER, %ecx
    rdmsr
    movl    %eax, guest_found + ZP_PROBE_EFER(%rip)
    movl    %edx, guest_found + ZP_PROBE_EFER + 4(%rip)
    sgdt    guest_found + GUEST_FOUND_GDT(%rip)
    sidt    guest_found + GUEST_FOUND_IDT(%rip)
    movw    %cs, guest_found + ZP_PROBE_CS(%rip)
    movw    %ds, guest_found + ZP_PROBE_DS(%rip)
    movw    %es, guest_found + ZP_PROBE_ES(%rip)
    movw    %fs, guest_found + ZP_PROBE_FS(%rip)
    movw    %gs, guest_found + ZP_PROBE_GS(%rip)
    movw    %ss, guest_found + ZP_PROBE_SS(%rip)
    strw    guest_found + ZP_PROBE_TR(%rip)
    sldt    guest_found + ZP_PROBE_LDTR(%rip)
    movl    $MODE64, guest_found + ZP_PROBE_MODE(%rip)
    leaq    guest_body(%rip), %rbx
    movq    %rbx, guest_found + GUEST_FOUND_BASE(%rip)
    movzwl  guest_found + GUEST_FOUND_PROTOCOL + 2(%rip), %eax
    addq    %rbx, %rax
    movq    %rax, guest_found + ZP_PROBE_RIP(%rip)
    cmpw    $GUEST_PROTOCOL_EFI, guest_found + GUEST_FOUND_PROTOCOL(%rip)
    jne     long_mode

/* The firmware answers on its own stack only, and has interrupts on when it is done. */
    movq    guest_found + ZP_PROBE_RSP(%rip), %rsp
    andq    $-16, %rsp
    call    guest_efi_ask
    cli
    cld
    jmp     long_mode

/*
 * Where are we? In 32-bit code only a call tells, and a call needs a stack: four bytes of low memory, whose
 * contents wait in DR0, ESP's in DR2. From `here` on EAX is our anchor, and all memory in use is ours.
 */
    .code32
found32:
    movl    %eax, %dr3
    movl    %esp, %dr2
    movl    %ecx, %dr0

/*
 * Some loader comes here in long mode, against every protocol. LEA of address 0 tells without a flag: in
 * 64-bit code the same bytes name memory relative to RIP, and CX is not 0.
 */
    leal    0, %ecx
    jecxz   1f
    .code64
    movq    %dr3, %rax
    movl    %eax, guest_found + GUEST_FOUND_PROTOCOL(%rip)
    movq    %dr1, %rax
    movq    %dr0, %rcx
    jmp     found64
    .code32
1:  movl    %dr0, %ecx
    movl    BORROWED, %eax
    movl    %eax, %dr0
    movl    $BORROWED + 4, %esp
    call    here
here:
    popl    %eax
    movl    %ebx, AT(guest_found, ZP_PROBE_RBX, %eax)
    movl    %dr0, %ebx
    movl    %ebx, BORROWED
    leal    AT(guest_stack_top, 0, %eax), %esp
    pushfl
    cli
    cld
    popl    AT(guest_found, ZP_PROBE_RFLAGS, %eax)
    movl    %dr1, %ebx
    movl    %ebx, AT(guest_found, ZP_PROBE_RAX, %eax)
    movl    %dr2, %ebx
    movl    %ebx, AT(guest_found, ZP_PROBE_RSP, %eax)
    movl    %ecx, AT(guest_found, ZP_PROBE_RCX, %eax)
    movl    %edx, AT(guest_found, ZP_PROBE_RDX, %eax)
    movl    %esi, AT(guest_found, ZP_PROBE_RSI, %eax)
    movl    %edi, AT(guest_found, ZP_PROBE_RDI, %eax)
    movl    %ebp, AT(guest_found, ZP_PROBE_RBP, %eax)
    movl    %eax, %ebp          /* the anchor from here on, for RDMSR wants EAX */
    movl    %cr0, %eax
    movl    %eax, AT(guest_found, ZP_PROBE_CR0, %ebp)
    movl    %cr2, %eax
    movl    %eax, AT(guest_found, ZP_PROBE_CR2, %ebp)
    movl    %cr3, %eax
    movl    %eax, AT(guest_found, ZP_PROBE_CR3, %ebp)
    movl    %cr4, %eax
    movl    %eax, AT(guest_found, ZP_PROBE_CR4, %ebp)
    movl    $ZP_MSR_EFER, %ecx
    rdmsr
    movl    %eax, AT(guest_found, ZP_PROBE_EFER, %ebp)
    movl    %edx, AT(guest_found, ZP_PROBE_EFER + 4, %ebp)
    sgdtl   AT(guest_found, GUEST_FOUND_GDT, %ebp)
    sidtl   AT(guest_found, GUEST_FOUND_IDT, %ebp)
    movw    %cs, AT(guest_found, ZP_PROBE_CS, %ebp)
    movw    %ds, AT(guest_found, ZP_PROBE_DS, %ebp)
    movw    %es, AT(guest_found, ZP_PROBE_ES, %ebp)
    movw    %fs, AT(guest_found, ZP_PROBE_FS, %ebp)
    movw    %gs, AT(guest_found, ZP_PROBE_GS, %ebp)
    movw    %ss, AT(guest_found, ZP_PROBE_SS, %ebp)
    strw    AT(guest_found, ZP_PROBE_TR, %ebp)
    sldt    AT(guest_found, ZP_PROBE_LDTR, %ebp)
    movl    $MODE32, AT(guest_found, ZP_PROBE_MODE, %ebp)
    movl    %esi, AT(guest_found, GUEST_FOUND_HANDED, %ebp)
    leal    AT(guest_body, 0, %ebp), %ebx
    movl    %ebx, AT(guest_found, GUEST_FOUND_BASE, %ebp)
    movl    $0, AT(guest_found, GUEST_FOUND_BASE + 4, %ebp)
    movl    %dr3, %eax
    movl    %eax, AT(guest_found, GUEST_FOUND_PROTOCOL, %ebp)
    shrl    $16, %eax
    addl    %ebx, %eax
    movl    %eax, AT(guest_found, ZP_PROBE_RIP, %ebp)

/*
 * Paging is off by every protocol. Where a loader left it on all the same, off with it: what it maps is no
 * concern of ours, and we are where the addresses say. PCIDs must go first.
 */
    movl    %cr4, %eax
    andl    $~ZP_CR4_PCIDE, %eax
    movl    %eax, %cr4
    movl    %cr0, %eax
    andl    $~ZP_CR0_PG, %eax
    movl    %eax, %cr0

/* Page tables for the first 4 GiB, in 2 MiB pages: four directories, their table, and the top. */
    leal    AT(tables32, 0x2000, %ebp), %edi
    movl    $(ZP_PTE_P | ZP_PTE_RW | ZP_PTE_PS), %eax
    movl    $2048, %ecx
1:  movl    %eax, (%edi)
    movl    $0, 4(%edi)
    addl    $8, %edi
    addl    $ZP_PAGE_SIZE_2M, %eax
    loop    1b
    leal    AT(tables32, 0, %ebp), %edi
    xorl    %eax, %eax
    movl    $(2 * ZP_PAGE_SIZE / 4), %ecx
    rep stosl
    leal    AT(tables32, 0x1000 + (ZP_PTE_P | ZP_PTE_RW), %ebp), %eax
    movl    %eax, AT(tables32, 0, %ebp)
    leal    AT(tables32, 0x1000, %ebp), %edi
    movl    $4, %ecx
2:  addl    $ZP_PAGE_SIZE, %eax
    movl    %eax, (%edi)
    addl    $8, %edi
    loop    2b

/* Into long mode: PAE, tables, LME, then paging; CS turns 64-bit with the far return behind it. */
    movl    $ZP_CR4_PAE, %eax
    movl    %eax, %cr4
    leal    AT(tables32, 0, %ebp), %eax
    movl    %eax, %cr3
    movl    $ZP_MSR_EFER, %ecx
    rdmsr
    orl     $ZP_EFER_LME, %eax
    wrmsr
    leal    AT(gdt, 0, %ebp), %eax
    movl    %eax, AT(gdt_pointer, 2, %ebp)
    movl    $0, AT(gdt_pointer, 6, %ebp)
    movw    $(gdt_end - gdt - 1), AT(gdt_pointer, 0, %ebp)
    lgdtl   AT(gdt_pointer, 0, %ebp)
    leal    AT(long_mode, 0, %ebp), %eax
    pushl   $GUEST_CODE64
    pushl   %eax
    movl    $(ZP_CR0_PG | ZP_CR0_NE | ZP_CR0_ET | ZP_CR0_PE), %eax
    movl    %eax, %cr0
    lretl

/* Long mode by any way: our own GDT, our own stack, memory that C takes for clear. */
    .code64
long_mode:
    leaq    gdt(%rip), %rax
    movq    %rax, gdt_pointer + 2(%rip)
    movw    $(gdt_end - gdt - 1), gdt_pointer(%rip)
    lgdt    gdt_pointer(%rip)
    leaq    guest_stack_top(%rip), %rsp
    leaq    1f(%rip), %rax
    pushq   $GUEST_CODE64
    pushq   %rax
    lretq
1:  movl    $GUEST_DATA, %eax
    movl    %eax, %ds
    movl    %eax, %es
    movl    %eax, %ss
    xorl    %eax, %eax
    movl    %eax, %fs
    movl    %eax, %gs
    leaq    guest_clear(%rip), %rdi
    leaq    guest_clear_end(%rip), %rcx
    subq    %rdi, %rcx
    shrq    $3, %rcx
    rep stosq
    xorl    %ebp, %ebp
    call    guest_main
    .globl  guest_triple_fault
guest_triple_fault:             /* no IDT, and a trap */
    pushq   $0
    pushq   $0
    lidt    (%rsp)
    int3
2:  cli
    hlt
    jmp     2b

/* Accessed bits are set already, so that the CPU writes nothing here. */
    .section .rodata.gdt, "a"
    .balign 8
gdt:
    .quad   0
    .quad   ZP_SEGMENT_FLAT_CODE64      /* GUEST_CODE64 */
    .quad   ZP_SEGMENT_FLAT_DATA        /* GUEST_DATA */
gdt_end:

/* First in .bss and never cleared: C clears what lies behind (body.ld). */
    .section .bss.found, "aw", @nobits
    .balign 16
    .globl  guest_found
guest_found:
    .skip   GUEST_FOUND_SIZE
    .balign 16
gdt_pointer:
    .skip   16
    .balign ZP_PAGE_SIZE
tables32:
    .skip   6 * ZP_PAGE_SIZE
    .skip   0x4000
    .globl  guest_stack_top
guest_stack_top:

    .section .note.GNU-stack, "", @progbits
