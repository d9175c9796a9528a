/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A loader that leaves the CPU and low memory as another VMM does, and jumps to an ELF64's e_entry: Firecracker
 * (STATE_FIRECRACKER) or crosvm (STATE_CROSVM). For hosts without KVM, where neither of them runs.
 *
 * Receives: start_info of a PVH entry (QEMU -kernel), the segments of the kernel in memory where p_paddr says
 * (QEMU -device loader), and in `parameters` what the test put there. Guarantees: registers, descriptors, page
 * tables and boot_params as the VMM's sources have them, at its addresses; both leave a setup header of version
 * 0 and CR0 with CD and NW, as KVM's reset has it. The memory map has what RAM there really is.
 * Facts: firecracker arch/x86_64 {layout,regs,gdt}.rs, crosvm x86_64 {lib,regs,gdt}.rs; Linux boot.rst, "64-bit
 * BOOT PROTOCOL"; Xen start_info.h.
 */
#include <zeropage/wire/bootparam.h>
#include <zeropage/wire/x86.h>
#include <zeropage/wire/xen.h>

#define BOOT_PARAMS 0x7000
#define TABLES      0x9000              /* PML4, then PDPT, then page directories */
#define CMDLINE     0x20000
#define ALIGNMENT   0x1000000           /* what both of them write into kernel_alignment */
#define RAM         1
#define RESERVED    2
#define CODE64      0x08
#define DATA        0x10
#define TSS         0x18
#ifdef STATE_FIRECRACKER
#define GDT         0x500
#define GIBS        1                   /* of the identity map */
#define STACK       0x8ff0
#define FRAME       0x8ff0
#define LOW_END     0x9fc00             /* its EBDA; ACPI and MP tables are kept from there to 1 MiB */
#else
#define GDT         0x1500
#define GIBS        4
#define STACK       0x8000
#define FRAME       0
#define LOW_END     0xa0000
#endif
#define IDT         (GDT + 0x20)
#define IDT_LIMIT   7
#define HIGH        0x100000

#define FIELD(name) (BOOT_PARAMS + ZP_BOOT_PARAMS_##name)
#define E820_SIZE   20

    .section .text, "ax"
    .code32
    .globl  entry
entry:
    cli
    cld
    movl    $stack_top, %esp
    movl    %ebx, %ebp                  /* start_info */
    movl    $BOOT_PARAMS, %edi
    xorl    %eax, %eax
    movl    $(ZP_BOOT_PARAMS_SIZE / 4), %ecx
    rep stosl
    movb    $0xff, FIELD(HDR_TYPE_OF_LOADER)
    movw    $ZP_BOOT_FLAG, FIELD(HDR_BOOT_FLAG)
    movl    $ZP_SETUP_MAGIC_HDRS, FIELD(HDR_HEADER)
    movl    $ALIGNMENT, FIELD(HDR_KERNEL_ALIGNMENT)
    movl    ZP_HVM_START_INFO_RSDP(%ebp), %eax
    movl    %eax, FIELD(ACPI_RSDP_ADDR)

/* The command line; QEMU has it at the same address. */
    movl    ZP_HVM_START_INFO_CMDLINE(%ebp), %esi
    movl    $CMDLINE, %edi
    movl    %edi, FIELD(HDR_CMD_LINE_PTR)
1:  lodsb
    stosb
    testb   %al, %al
    jnz     1b
    subl    $(CMDLINE + 1), %edi
    movl    %edi, FIELD(HDR_CMDLINE_SIZE)

/* The initrd: Firecracker has it at the end of RAM, as QEMU does; crosvm on the first page behind the kernel. */
    cmpl    $0, ZP_HVM_START_INFO_NR_MODULES(%ebp)
    je      2f
    movl    ZP_HVM_START_INFO_MODLIST(%ebp), %ebx
    movl    ZP_HVM_MODLIST_ENTRY_PADDR(%ebx), %esi
    movl    ZP_HVM_MODLIST_ENTRY_SIZE(%ebx), %ecx
    movl    %ecx, FIELD(HDR_RAMDISK_SIZE)
#ifdef STATE_CROSVM
    movl    parameter_end, %edi
    addl    $(ZP_PAGE_SIZE - 1), %edi
    andl    $-ZP_PAGE_SIZE, %edi
    movl    %edi, FIELD(HDR_RAMDISK_IMAGE)
    rep movsb
#else
    movl    %esi, FIELD(HDR_RAMDISK_IMAGE)
#endif

/* RAM below the hole, what is kept in it, and all RAM above. */
2:  movl    $(BOOT_PARAMS + ZP_BOOT_PARAMS_E820_TABLE), %edi
    xorl    %edx, %edx
    movl    $LOW_END, %eax
    movl    $RAM, %ecx
    call    range
    movl    $LOW_END, %edx
    movl    $(HIGH - LOW_END), %eax
    movl    $RESERVED, %ecx
    call    range
    movl    ZP_HVM_START_INFO_MEMMAP(%ebp), %esi
    movl    ZP_HVM_START_INFO_MEMMAP_ENTRIES(%ebp), %ebx
3:  cmpl    $RAM, ZP_HVM_MEMMAP_TABLE_ENTRY_TYPE(%esi)
    jne     4f
    cmpl    $0, ZP_HVM_MEMMAP_TABLE_ENTRY_ADDR + 4(%esi)
    jne     5f
    cmpl    $HIGH, ZP_HVM_MEMMAP_TABLE_ENTRY_ADDR(%esi)
    jb      4f
5:  pushl   %esi
    movl    $(E820_SIZE / 4), %ecx      /* the first 20 bytes of both are the same */
    rep movsl
    popl    %esi
    incb    FIELD(E820_ENTRIES)
4:  addl    $ZP_HVM_MEMMAP_TABLE_ENTRY_BYTES, %esi
    decl    %ebx
    jnz     3b

/* Page tables, all of them present and writable, nothing else. */
    movl    $TABLES, %edi
    xorl    %eax, %eax
    movl    $((2 + GIBS) * ZP_PAGE_SIZE / 4), %ecx
    rep stosl
    movl    $(TABLES + ZP_PAGE_SIZE + ZP_PTE_P + ZP_PTE_RW), TABLES
    movl    $(TABLES + ZP_PAGE_SIZE), %edi
    movl    $(TABLES + 2 * ZP_PAGE_SIZE + ZP_PTE_P + ZP_PTE_RW), %eax
    movl    $GIBS, %ecx
6:  movl    %eax, (%edi)
    addl    $8, %edi
    addl    $ZP_PAGE_SIZE, %eax
    loop    6b
    movl    $(TABLES + 2 * ZP_PAGE_SIZE), %edi
    movl    $(ZP_PTE_P | ZP_PTE_RW | ZP_PTE_PS), %eax
    movl    $(GIBS * ZP_PAGE_TABLE_ENTRIES), %ecx
7:  movl    %eax, (%edi)
    addl    $8, %edi
    addl    $ZP_PAGE_SIZE_2M, %eax
    loop    7b

/*
 * Descriptors. TR is loaded before long mode, where a descriptor of 16 bytes would not fit the table; loading
 * makes the task busy, as KVM has it.
 */
    movl    $gdt, %esi
    movl    $GDT, %edi
    movl    $((gdt_end - gdt) / 4), %ecx
    rep movsl
    movl    $0, IDT
    movl    $0, IDT + 4
    lgdt    gdt_pointer
    lidt    idt_pointer
    movl    $TSS, %eax
    ltr     %ax

    movl    $ZP_CR4_PAE, %eax
    movl    %eax, %cr4
    movl    $TABLES, %eax
    movl    %eax, %cr3
    movl    $ZP_MSR_EFER, %ecx
    xorl    %edx, %edx
    movl    $ZP_EFER_LME, %eax
    wrmsr
    movl    $(ZP_CR0_PG | ZP_CR0_CD | ZP_CR0_NW | ZP_CR0_ET | ZP_CR0_PE), %eax
    movl    %eax, %cr0
    ljmp    $CODE64, $long_mode

/* Appends [edx, +eax) of type ecx. */
range:
    movl    %edx, (%edi)
    movl    $0, 4(%edi)
    movl    %eax, 8(%edi)
    movl    $0, 12(%edi)
    movl    %ecx, 16(%edi)
    addl    $E820_SIZE, %edi
    incb    FIELD(E820_ENTRIES)
    ret

    .code64
long_mode:
    movl    $DATA, %eax
    movl    %eax, %ds
    movl    %eax, %es
    movl    %eax, %fs
    movl    %eax, %gs
    movl    %eax, %ss
    pushq   $ZP_RFLAGS_FIXED
    popfq
    movl    $STACK, %esp                /* none of these touches a flag */
    movl    $0, %eax
    movl    $0, %ebx
    movl    $0, %ecx
    movl    $0, %edx
    movl    $0, %edi
    movl    $FRAME, %ebp
    movl    $BOOT_PARAMS, %esi
    movl    $0, %r8d
    movl    $0, %r9d
    movl    $0, %r10d
    movl    $0, %r11d
    movl    $0, %r12d
    movl    $0, %r13d
    movl    $0, %r14d
    movl    $0, %r15d
    jmp     *parameter_entry

    .balign 8
gdt:
    .quad   0
    .quad   ZP_SEGMENT_FLAT_CODE64
    .quad   ZP_SEGMENT_FLAT_DATA
    .quad   0x008f89000000ffff
gdt_end:
gdt_pointer:
    .word   gdt_end - gdt - 1
    .long   GDT
idt_pointer:
    .word   IDT_LIMIT
    .long   IDT

/* Filled in by the test, which finds them by their mark. */
    .balign 8
    .ascii  "zpstates"
parameter_entry:
    .quad   0                           /* e_entry */
parameter_end:
    .quad   0                           /* the end of the kernel in memory */

    .bss
    .skip   256
stack_top:

    .section .note.Xen, "a", @note
    .balign 4
    .long   2f - 1f
    .long   4f - 3f
    .long   ZP_XEN_ELFNOTE_PHYS32_ENTRY
1:  .asciz  "Xen"
2:  .balign 4
3:  .long   entry
4:  .balign 4

    .section .note.GNU-stack, "", @progbits
