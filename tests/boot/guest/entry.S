/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first instructions of the handoff guest. Each way in (32-bit boot protocol, multiboot 1 and 2, PVH,
 * 64-bit boot protocol) stores the registers as they were found before it uses any memory but its own, and
 * ends in long mode in handoff_main (handoff.c).
 *
 * Linked at 1 MiB and never moved, so that addresses are plain numbers. Offset 0 is the 32-bit entry and
 * offset 0x200 the 64-bit entry, as Documentation/x86/boot wants it in a bzImage; an ELF file is entered at
 * the same places by e_entry. Page tables are data: they map the first 4 GiB on themselves.
 */
#include <zeropage/wire/bootparam.h>
#include <zeropage/wire/multiboot.h>
#include <zeropage/wire/multiboot2.h>
#include <zeropage/wire/x86.h>
#include <zeropage/wire/xen.h>

#include "handoff.h"

#define LOAD 0x100000

    .section .head, "ax"
    .code32
    .globl entry32
entry32:
    movl %eax, found + FOUND_RAX
    movl %esp, found + FOUND_RSP
    movl $stack_top, %esp
    pushfl
    popl found + FOUND_RFLAGS
    movl $WAY_MULTIBOOT1, found + FOUND_WAY
    cmpl $ZP_MULTIBOOT_BOOTLOADER_MAGIC, %eax
    je found32
    movl $WAY_MULTIBOOT2, found + FOUND_WAY
    cmpl $ZP_MULTIBOOT2_BOOTLOADER_MAGIC, %eax
    je found32
    movl $WAY_LINUX32, found + FOUND_WAY
    jmp found32

    .globl entry_pvh
entry_pvh:
    movl %eax, found + FOUND_RAX
    movl %esp, found + FOUND_RSP
    movl $stack_top, %esp
    pushfl
    popl found + FOUND_RFLAGS
    movl $WAY_PVH, found + FOUND_WAY
    jmp found32

    .org 0x200
    .code64
    .globl entry64
entry64:
    movq %rax, found + FOUND_RAX(%rip)
    movl $WAY_LINUX64, found + FOUND_WAY(%rip)
    movq %rbx, found + FOUND_RBX(%rip)
    movq %rcx, found + FOUND_RCX(%rip)
    movq %rdx, found + FOUND_RDX(%rip)
    movq %rsi, found + FOUND_RSI(%rip)
    movq %rdi, found + FOUND_RDI(%rip)
    movq %rbp, found + FOUND_RBP(%rip)
    movq %rsp, found + FOUND_RSP(%rip)
    leaq stack_top(%rip), %rsp
    pushfq
    popq found + FOUND_RFLAGS(%rip)
    movq %cr0, %rax
    movq %rax, found + FOUND_CR0(%rip)
    movq %cr3, %rax
    movq %rax, found + FOUND_CR3(%rip)
    movq %cr4, %rax
    movq %rax, found + FOUND_CR4(%rip)
    sgdt found + FOUND_GDT(%rip)
    sidt found + FOUND_IDT(%rip)
    movw %cs, found + FOUND_CS(%rip)
    movw %ds, found + FOUND_DS(%rip)
    movw %es, found + FOUND_ES(%rip)
    movw %fs, found + FOUND_FS(%rip)
    movw %gs, found + FOUND_GS(%rip)
    movw %ss, found + FOUND_SS(%rip)
    strw found + FOUND_TR(%rip)
    sldt found + FOUND_LDTR(%rip)

    /* The GDT in memory must hold what the segment registers were loaded with: load them again. */
    pushq $ZP_BOOT_CS
    leaq 1f(%rip), %rax
    pushq %rax
    lretq
1:  movl $ZP_BOOT_DS, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    jmp long_mode

    .code32
found32:
    movl %ebx, found + FOUND_RBX
    movl %ecx, found + FOUND_RCX
    movl %edx, found + FOUND_RDX
    movl %esi, found + FOUND_RSI
    movl %edi, found + FOUND_RDI
    movl %ebp, found + FOUND_RBP
    movl %cr0, %eax
    movl %eax, found + FOUND_CR0
    movl %cr3, %eax
    movl %eax, found + FOUND_CR3
    movl %cr4, %eax
    movl %eax, found + FOUND_CR4
    sgdtl found + FOUND_GDT
    sidtl found + FOUND_IDT
    movw %cs, found + FOUND_CS
    movw %ds, found + FOUND_DS
    movw %es, found + FOUND_ES
    movw %fs, found + FOUND_FS
    movw %gs, found + FOUND_GS
    movw %ss, found + FOUND_SS
    strw found + FOUND_TR
    sldt found + FOUND_LDTR

    /* Linux alone promises a GDT in memory; the others may leave it invalid. */
    cmpl $WAY_LINUX32, found + FOUND_WAY
    jne 2f
    ljmpl $ZP_BOOT_CS, $1f
1:  movl $ZP_BOOT_DS, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss

    /* To long mode: PAE, tables, LME, paging, and a far jump to 64-bit code. */
2:  lgdtl gdt_pointer
    movl %cr4, %eax
    orl $ZP_CR4_PAE, %eax
    movl %eax, %cr4
    movl $page_map, %eax
    movl %eax, %cr3
    movl $ZP_MSR_EFER, %ecx
    rdmsr
    movl %eax, found + FOUND_EFER
    orl $ZP_EFER_LME, %eax
    wrmsr
    movl %cr0, %eax
    orl $(ZP_CR0_PG | ZP_CR0_PE), %eax
    movl %eax, %cr0
    ljmpl $0x08, $long_mode_from_32

    .code64
long_mode_from_32:
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    jmp call_main

long_mode:
    movl $ZP_MSR_EFER, %ecx
    rdmsr
    movl %eax, found + FOUND_EFER(%rip)
call_main:
    leaq stack_top(%rip), %rsp
    xorl %ebp, %ebp
    call handoff_main
1:  cli
    hlt
    jmp 1b

    /* void handoff_ap(void): code for a woken CPU, copied to a page below 1 MiB. Counts itself and halts. */
    .globl handoff_ap, handoff_ap_end
    .code16
handoff_ap:
    cli
    xorw %ax, %ax
    movw %ax, %ds
    lock incw AP_COUNT
1:  hlt
    jmp 1b
handoff_ap_end:
    .code64

#ifdef WITH_MULTIBOOT
    .balign 8
multiboot1:
#ifdef GUEST_ELF32
#define MULTIBOOT1_FLAGS (ZP_MULTIBOOT_PAGE_ALIGN | ZP_MULTIBOOT_MEMORY_INFO)
#else
#define MULTIBOOT1_FLAGS (ZP_MULTIBOOT_PAGE_ALIGN | ZP_MULTIBOOT_MEMORY_INFO | ZP_MULTIBOOT_AOUT_KLUDGE)
#endif
    .long ZP_MULTIBOOT_HEADER_MAGIC
    .long MULTIBOOT1_FLAGS
    .long -(ZP_MULTIBOOT_HEADER_MAGIC + MULTIBOOT1_FLAGS)
#ifndef GUEST_ELF32
    .long multiboot1
    .long LOAD
    .long guest_data_end
    .long guest_end
    .long entry32
#endif

    .balign 8
multiboot2:
    .long ZP_MULTIBOOT2_HEADER_MAGIC
    .long ZP_MULTIBOOT2_ARCHITECTURE_I386
    .long multiboot2_end - multiboot2
    .long -(ZP_MULTIBOOT2_HEADER_MAGIC + ZP_MULTIBOOT2_ARCHITECTURE_I386 + (multiboot2_end - multiboot2))
#ifndef GUEST_ELF32
    .word ZP_MULTIBOOT2_HEADER_TAG_ENTRY_ADDRESS, 0
    .long 12
    .long entry32
    .balign 8
#endif
    .word ZP_MULTIBOOT2_HEADER_TAG_MODULE_ALIGN, 0
    .long 8
    .word ZP_MULTIBOOT2_HEADER_TAG_END, 0
    .long 8
multiboot2_end:
#endif

    .data
    .balign 8
gdt:
    .quad 0
    .quad ZP_SEGMENT_FLAT_CODE64
    .quad ZP_SEGMENT_FLAT_DATA
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .long gdt
    .long 0

    .balign 8
    .globl found
found:
    .fill FOUND_SIZE, 1, 0

    /* Page tables: 2 MiB pages, the first 4 GiB. */
    .balign ZP_PAGE_SIZE
    .globl page_map
page_map:
    .quad page_pointers + 0x3
    .fill 511, 8, 0
page_pointers:
    .quad page_directories + 0x0003
    .quad page_directories + 0x1003
    .quad page_directories + 0x2003
    .quad page_directories + 0x3003
    .fill 508, 8, 0
page_directories:
    .set address, 0
    .rept 2048
    .quad address + 0x83
    .set address, address + ZP_PAGE_SIZE_2M
    .endr

    .bss
    .balign 16
    .skip 0x2000
stack_top:

#ifdef WITH_PVH
    .section .note.Xen, "a", @note
    .balign 4
    .long 2f - 1f
    .long 4f - 3f
    .long ZP_XEN_ELFNOTE_PHYS32_ENTRY
1:  .asciz "Xen"
2:  .balign 4
3:  .long entry_pvh
4:  .balign 4
#endif

    .section .note.GNU-stack, "", @progbits
