/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The probe guest as a bzImage: setup header and real-mode code in front of the body. SHAPE_BZIMAGE is a 2.15
 * image with all three entries, SHAPE_BZIMAGE32 lacks the 64-bit one, SHAPE_BZIMAGE16 is a 2.04 image that
 * says nothing of relocation or init_size.
 *
 * Real mode: receives the CPU and these sectors anywhere below 1 MiB; leaves struct guest_setup with the CPU as
 * found and the memory map of the BIOS, opens A20 and enters the body in protected mode. Linux boot.rst, "THE
 * REAL-MODE KERNEL HEADER", "RUNNING THE KERNEL"; ACPI 6.4, 15.1 "INT 15H, E820H".
 */
#include <zeropage/wire/bootparam.h>
#include <zeropage/wire/e820.h>
#include <zeropage/wire/x86.h>

#include "../cpu.h"
#include "shape.inc"

#if defined(SHAPE_BZIMAGE16)
#define VERSION 0x0204
#else
#define VERSION 0x020f
#endif

/*
 * Entered as SEG+20:0 or as SEG:200 the same code runs at two values of CS. Before it knows which, it writes
 * to %cs:EARLY, which is EARLY or EARLY + 200 in these sectors: both are kept free.
 */
#define EARLY       0x800
#define EARLY_EAX   (EARLY + 0x00)
#define EARLY_ESP   (EARLY + 0x04)
#define EARLY_SS    (EARLY + 0x08)
#define EARLY_STACK (EARLY + 0x80)
#define EARLY_MOVED 0x200

#define FOUND     0xb00         /* struct guest_setup */
#define STACK_TOP 0x1800        /* the end of the setup sectors */

#define OFFSET(label) (label - setup)

#define CODE32 0x08
#define DATA   0x10
#define A20_TRIES 255

    .section .text, "ax"
    .code16
setup:
    .org    ZP_BOOT_PARAMS_HDR_SETUP_SECTS
    .byte   GUEST_SETUP_SECTS
    .word   0
    .long   (body_end - body + ZP_SYSSIZE_UNIT - 1) / ZP_SYSSIZE_UNIT
    .org    ZP_BOOT_PARAMS_HDR_VID_MODE
    .word   ZP_VID_MODE_NORMAL
    .org    ZP_BOOT_PARAMS_HDR_BOOT_FLAG
    .word   ZP_BOOT_FLAG
    .byte   0xeb, start - setup - ZP_SETUP_HEADER_JUMP_BASE
    .long   ZP_SETUP_MAGIC_HDRS
    .word   VERSION
    .org    ZP_BOOT_PARAMS_HDR_KERNEL_VERSION
    .word   version - setup - ZP_BOOT_PARAMS_HDR_JUMP
    .org    ZP_BOOT_PARAMS_HDR_LOADFLAGS
    .byte   ZP_LOADED_HIGH
    .org    ZP_BOOT_PARAMS_HDR_CODE32_START
    .long   ZP_CODE32_START_DEFAULT
    .org    ZP_BOOT_PARAMS_HDR_INITRD_ADDR_MAX
    .long   GUEST_INITRD_ADDR_MAX
#if VERSION > 0x0204
    .long   GUEST_KERNEL_ALIGNMENT
    .byte   1                           /* relocatable_kernel */
    .byte   GUEST_MIN_ALIGNMENT
#ifdef SHAPE_BZIMAGE
    .word   ZP_XLF_KERNEL_64 | ZP_XLF_CAN_BE_LOADED_ABOVE_4G
#else
    .word   0
#endif
    .long   GUEST_CMDLINE_SIZE
    .org    ZP_BOOT_PARAMS_HDR_PREF_ADDRESS
    .quad   GUEST_PREF_ADDRESS
    .long   GUEST_INIT_SIZE
    .org    ZP_SETUP_HEADER_END
#else
    .org    ZP_BOOT_PARAMS_HDR_KERNEL_ALIGNMENT
#endif
start:
    movl    %eax, %cs:EARLY_EAX
    movl    %esp, %cs:EARLY_ESP
    movw    %ss, %cs:EARLY_SS
    movw    %cs, %ax
    movw    %ax, %ss
    movl    $EARLY_STACK, %esp
    pushfl
    cli
    cld
    pushl   %ebx
    pushl   %ecx
    pushl   %edx
    pushl   %esi
    pushl   %edi
    pushl   %ebp
    pushw   %ds
    pushw   %es
    pushw   %fs
    pushw   %gs

/* "HdrS" tells where CS stands: BX = IP of the entry, SI = where what we stored really is. */
    movw    %cs, %ax
    movw    $ZP_BOOT_PARAMS_HDR_JUMP, %bx
    movw    $EARLY, %si
    cmpl    $ZP_SETUP_MAGIC_HDRS, %cs:ZP_BOOT_PARAMS_HDR_HEADER
    je      1f
    subw    $(ZP_BOOT_PARAMS_HDR_JUMP >> 4), %ax
    xorw    %bx, %bx
    addw    $EARLY_MOVED, %si
1:  movw    %cs, %cx
    movw    %ax, %ds
    movw    %ax, %es
    movw    %ax, %ss
    movl    $STACK_TOP, %esp
    pushw   %ax
    pushw   $OFFSET(settled)
    lretw                       /* from here on CS = DS = ES = SS = the first of these sectors */

/* Into struct zp_probe_cpu; what was pushed lies below EARLY_STACK, the last on top. */
#define EARLY_AT(field)  field - EARLY(%si)
#define PUSHED(bytes)    EARLY_STACK - EARLY - (bytes)(%si)
#define KEEP(from, to)   movl from, %eax; movl %eax, FOUND + to
#define KEEP16(from, to) movw from, %ax; movw %ax, FOUND + to
settled:
    movl    %ebx, FOUND + ZP_PROBE_RIP
    movw    %cx, FOUND + ZP_PROBE_CS
    KEEP(EARLY_AT(EARLY_EAX), ZP_PROBE_RAX)
    KEEP(EARLY_AT(EARLY_ESP), ZP_PROBE_RSP)
    KEEP16(EARLY_AT(EARLY_SS), ZP_PROBE_SS)
    KEEP(PUSHED(4), ZP_PROBE_RFLAGS)
    KEEP(PUSHED(8), ZP_PROBE_RBX)
    KEEP(PUSHED(12), ZP_PROBE_RCX)
    KEEP(PUSHED(16), ZP_PROBE_RDX)
    KEEP(PUSHED(20), ZP_PROBE_RSI)
    KEEP(PUSHED(24), ZP_PROBE_RDI)
    KEEP(PUSHED(28), ZP_PROBE_RBP)
    KEEP16(PUSHED(30), ZP_PROBE_DS)
    KEEP16(PUSHED(32), ZP_PROBE_ES)
    KEEP16(PUSHED(34), ZP_PROBE_FS)
    KEEP16(PUSHED(36), ZP_PROBE_GS)
    KEEP(%cr0, ZP_PROBE_CR0)
    KEEP(%cr2, ZP_PROBE_CR2)
    KEEP(%cr3, ZP_PROBE_CR3)
    KEEP(%cr4, ZP_PROBE_CR4)
    movl    $ZP_PROBE_REAL16, FOUND + ZP_PROBE_MODE
    sgdtl   FOUND + GUEST_SETUP_GDT
    sidtl   FOUND + GUEST_SETUP_IDT
    xorl    %ebp, %ebp
    movw    %cs, %bp
    shll    $4, %ebp            /* where the sectors lie, as a linear address */
    movl    %ebp, FOUND + GUEST_SETUP_SETUP

/* The memory map, while there is a BIOS to ask. EBX goes from call to call. */
    xorl    %ebx, %ebx
    movw    $(FOUND + GUEST_SETUP_MEMORY), %di
2:  movl    $1, GUEST_SETUP_MEMORY_BYTES - 4(%di)       /* attributes, for a BIOS that leaves them out */
    movl    $0xe820, %eax
    movl    $ZP_E820_SMAP, %edx
    movl    $GUEST_SETUP_MEMORY_BYTES, %ecx
    pushl   %ebp
    pushw   %di
    pushw   %ds
    int     $0x15
    popw    %ds
    popw    %di
    popl    %ebp
    movw    %ds, %cx
    movw    %cx, %es
    jc      3f
    cmpl    $ZP_E820_SMAP, %eax
    jne     3f
    incl    FOUND + GUEST_SETUP_MEMORY_COUNT
    addw    $GUEST_SETUP_MEMORY_BYTES, %di
    testl   %ebx, %ebx
    jz      3f
    cmpl    $GUEST_SETUP_MEMORY_MAX, FOUND + GUEST_SETUP_MEMORY_COUNT
    jb      2b

/* The body lies above 1 MiB, where with A20 closed there is none of it: BIOS, then port 92, then the 8042. */
3:  call    a20_open
    je      4f
    movw    $0x2401, %ax
    pushl   %ebp
    int     $0x15
    popl    %ebp
    cli
    call    a20_open
    je      4f
    inb     $0x92, %al
    orb     $0x02, %al
    andb    $0xfe, %al
    outb    %al, $0x92
    call    a20_open
    je      4f
    movb    $0xd1, %al          /* write the output port */
    outb    %al, $0x64
    call    delay
    movb    $0xdf, %al          /* A20 open, no reset */
    outb    %al, $0x60
    call    delay
    call    a20_open

/*
 * Protected mode: flat segments, then a far return to the body, wherever the loader says that it put it. SS is
 * flat from its load on, so ESP has to be linear by then.
 */
4:  leal    OFFSET(gdt)(%ebp), %eax
    movl    %eax, OFFSET(gdt_pointer) + 2
    lgdtl   OFFSET(gdt_pointer)
    movl    ZP_BOOT_PARAMS_HDR_CODE32_START, %edx
    addl    $GUEST_ENTRY_SETUP, %edx
    leal    FOUND(%ebp), %esi
    leal    STACK_TOP(%ebp), %ebx
    movl    %cr0, %eax
    orb     $ZP_CR0_PE, %al
    movl    %eax, %cr0
    movw    $DATA, %ax
    movw    %ax, %ds
    movw    %ax, %es
    movw    %ax, %ss
    movl    %ebx, %esp
    pushl   $CODE32
    pushl   %edx
    lretl

/* ZF: open. 0000:0500 and ffff:0510 are the same memory with A20 closed; writing tells, and is undone. */
a20_open:
    pushw   %fs
    pushw   %gs
    xorw    %ax, %ax
    movw    %ax, %fs
    decw    %ax
    movw    %ax, %gs
    movl    %fs:0x500, %edx
    movw    $A20_TRIES, %cx
5:  incl    %fs:0x500
    call    delay
    movl    %gs:0x510, %eax
    cmpl    %fs:0x500, %eax
    jne     6f
    decw    %cx
    jnz     5b
6:  movl    %edx, %fs:0x500
    popw    %gs
    popw    %fs
    testw   %cx, %cx
    setz    %al
    testb   %al, %al
    ret

delay:
    outb    %al, $0x80
    ret

    .balign 8
gdt:
    .quad   0
    .quad   ZP_SEGMENT_FLAT_CODE32      /* CODE32 */
    .quad   ZP_SEGMENT_FLAT_DATA        /* DATA */
gdt_end:
gdt_pointer:
    .word   gdt_end - gdt - 1
    .long   0
version:
    .asciz "1.0 zeropage probe"

    .org    EARLY               /* the code ends before */
    .org    (1 + GUEST_SETUP_SECTS) * ZP_SETUP_SECTOR_SIZE
#if defined(SHAPE_BZIMAGE16)
    shape_headers bzimage16, ZP_CODE32_START_DEFAULT, 0, 0, 0
#elif defined(SHAPE_BZIMAGE32)
    shape_headers bzimage32, GUEST_PREF_ADDRESS, GUEST_PREF_ADDRESS, GUEST_KERNEL_ALIGNMENT, GUEST_INIT_SIZE
#elif defined(SHAPE_BZIMAGE)
    shape_headers bzimage, GUEST_PREF_ADDRESS, GUEST_PREF_ADDRESS, GUEST_KERNEL_ALIGNMENT, GUEST_INIT_SIZE
#endif
    shape_body

    .section .note.GNU-stack, "", @progbits
