/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A boot loader for a BIOS, the smallest that keeps the 16-bit boot protocol: boot sector and second stage. The
 * disk behind it holds a bzImage and an initrd. Linux Documentation/x86/boot, "THE REAL-MODE KERNEL HEADER",
 * "LOADING THE REST OF THE KERNEL", "RUNNING THE KERNEL"; INT 13h AH=42h (Enhanced Disk Drive 3.0) and INT 15h
 * AH=87h for memory beyond the first MiB.
 *
 * Who builds the disk fills in the parameter block. Its first word names an error to make on the way; 0 is none.
 */
#include <zeropage/wire/bootparam.h>

#include "mbr.h"

#define STAGE_SECTORS 7
#define BUFFER_SEGMENT 0x2000           /* what comes from disk on its way up: 32 KiB */
#define BUFFER         0x20000
#define CHUNK_SECTORS  64
#define SETUP_SEGMENT  0x9000
#define HEAP_END       0xe000           /* in the setup's segment; the command line follows */
#define CODE           0x100000
#define INITRD         0x7000000
#define INITRD_RESERVED 0x1800000       /* where a kernel that prefers 16 MiB unpacks itself */

#define HEADER(field) (ZP_BOOT_PARAMS_HDR_##field)

    .macro  if_error number, label
    cmpw    $\number, parameters + MBR_ERROR
    je      \label
    .endm

    .section .text, "ax"
    .code16
    .globl  _start
_start:
    ljmp    $0, $1f
1:  cli
    xorw    %ax, %ax
    movw    %ax, %ds
    movw    %ax, %es
    movw    %ax, %ss
    movw    $_start, %sp
    sti
    cld
    movb    %dl, drive
    movw    $STAGE_SECTORS, packet_count
    movl    $1, packet_lba
    movw    $stage, packet_offset
    movw    $0, packet_segment
    call    read
    jmp     main

/* Reads packet_count sectors from packet_lba on. */
read:
    pusha
    movb    drive, %dl
    movw    $packet, %si
    movb    $0x42, %ah
    int     $0x13
    jc      failed
    popa
    ret

/* No way to tell more than by a letter. */
failed:
    movw    $0x0e45, %ax
    xorw    %bx, %bx
    int     $0x10
2:  hlt
    jmp     2b

    .balign 4
packet:
    .byte   16, 0
packet_count:
    .word   0
packet_offset:
    .word   0
packet_segment:
    .word   0
packet_lba:
    .long   0, 0
drive:
    .byte   0

    .org    510
    .word   ZP_BOOT_FLAG

/* --- second stage, and first its parameters ---------------------------------------------------------- */

stage:
    .org    MBR_PARAMETERS
parameters:
    .skip   MBR_PARAMETERS_SIZE

main:
    /* The header first, for it says how long the setup is. */
    movl    parameters + MBR_IMAGE_LBA, %eax
    movl    %eax, packet_lba
    movw    $1, packet_count
    movw    $0, packet_offset
    movw    $SETUP_SEGMENT, packet_segment
    call    read
    movw    $SETUP_SEGMENT, %ax
    movw    %ax, %fs
    movzbl  %fs:HEADER(SETUP_SECTS), %eax
    testl   %eax, %eax
    jnz     1f
    movl    $ZP_SETUP_SECTS_DEFAULT, %eax
1:  incl    %eax
    movl    %eax, setup_sectors
    movw    %ax, packet_count
    call    read

    /* The code, to 1 MiB. */
    movl    parameters + MBR_IMAGE_BYTES, %ecx
    addl    $(ZP_SETUP_SECTOR_SIZE - 1), %ecx
    shrl    $9, %ecx
    subl    setup_sectors, %ecx
    if_error MBR_CODE_SHORT, 2f
    jmp     3f
2:  decl    %ecx
3:  movl    parameters + MBR_IMAGE_LBA, %eax
    addl    setup_sectors, %eax
    movl    $CODE, %edi
    call    read_high

    /* The initrd. */
    movl    $INITRD, %edi
    if_error MBR_INITRD_IN_RESERVE, 2f
    jmp     3f
2:  movl    $INITRD_RESERVED, %edi
3:  movl    %edi, %fs:HEADER(RAMDISK_IMAGE)
    movl    parameters + MBR_INITRD_BYTES, %ecx
    movl    %ecx, %fs:HEADER(RAMDISK_SIZE)
    addl    $(ZP_SETUP_SECTOR_SIZE - 1), %ecx
    shrl    $9, %ecx
    if_error MBR_INITRD_CUT, 2f
    jmp     3f
2:  decl    %ecx
3:  movl    parameters + MBR_INITRD_LBA, %eax
    call    read_high

    /* The command line, behind the heap. */
    movw    $MBR_CMDLINE, %si
    addw    $_start, %si
    movw    %fs, %ax
    movw    %ax, %es
    movw    $HEAP_END, %di
1:  lodsb
    stosb
    testb   %al, %al
    jnz     1b
    movl    $((SETUP_SEGMENT << 4) + HEAP_END), %eax
    if_error MBR_CMDLINE_SEGMENTED, 2f
    jmp     3f
2:  movl    $((SETUP_SEGMENT << 16) + HEAP_END), %eax    /* segment and offset, where an address is asked for */
3:  movl    %eax, %fs:HEADER(CMD_LINE_PTR)

    /* And what else the loader is to write. */
    movw    $ZP_VID_MODE_NORMAL, %fs:HEADER(VID_MODE)
    movb    $ZP_LOADER_TYPE_UNDEFINED, %fs:HEADER(TYPE_OF_LOADER)
    orb     $ZP_CAN_USE_HEAP, %fs:HEADER(LOADFLAGS)
    movw    $(HEAP_END - 0x200), %fs:HEADER(HEAP_END_PTR)
    if_error MBR_NO_LOADER_TYPE, 1f
    if_error MBR_NO_HEAP_FLAG, 2f
    if_error MBR_HEAP_IN_CMDLINE, 3f
    jmp     4f
1:  movb    $0, %fs:HEADER(TYPE_OF_LOADER)
    jmp     4f
2:  andb    $~ZP_CAN_USE_HEAP, %fs:HEADER(LOADFLAGS)
    movw    $0, %fs:HEADER(HEAP_END_PTR)
    jmp     4f
3:  movw    $(HEAP_END + 0x100 - 0x200), %fs:HEADER(HEAP_END_PTR)

    /* Into the setup: all segments its own, the stack at the heap's end, interrupts off. */
4:  cli
    movw    parameters + MBR_ERROR, %bx
    movw    $SETUP_SEGMENT, %ax
    movw    %ax, %ds
    movw    %ax, %es
    movw    %ax, %fs
    movw    %ax, %gs
    movw    %ax, %ss
    movl    $HEAP_END, %esp
    cmpw    $MBR_IF, %bx
    je      1f
    cmpw    $MBR_SS, %bx
    je      2f
    cmpw    $MBR_SP, %bx
    je      3f
    cmpw    $MBR_ES, %bx
    je      4f
    cmpw    $MBR_DS, %bx
    je      5f
    cmpw    $MBR_CS, %bx
    je      6f
    jmp     7f
1:  sti
    jmp     7f
2:  movw    $0x8000, %ax
    movw    %ax, %ss
    jmp     7f
3:  movl    $0x100, %esp        /* in the header, over which the stack will grow */
    jmp     7f
4:  movw    $0, %ax
    movw    %ax, %es
    jmp     7f
5:  movw    $(SETUP_SEGMENT + 0x20), %ax
    movw    %ax, %ds
    movw    %ax, %es
    jmp     7f
6:  ljmp    $SETUP_SEGMENT, $0x200
7:  ljmp    $(SETUP_SEGMENT + 0x20), $0

/* Reads ECX sectors from EAX on, to EDI beyond 1 MiB, through the buffer. */
read_high:
    pushal
    movl    %eax, packet_lba
    movw    $0, packet_offset
    movw    $BUFFER_SEGMENT, packet_segment
1:  testl   %ecx, %ecx
    jz      3f
    movl    $CHUNK_SECTORS, %edx
    cmpl    %edx, %ecx
    jae     2f
    movl    %ecx, %edx
2:  movw    %dx, packet_count
    call    read
    call    move_high
    addl    %edx, packet_lba
    subl    %edx, %ecx
    shll    $9, %edx
    addl    %edx, %edi
    jmp     1b
3:  popal
    ret

/* EDX sectors from the buffer to EDI: the BIOS wants descriptors, and clobbers what it likes. */
move_high:
    pushal
    pushw   %es
    movl    %edi, %eax
    movw    %ax, move_to + 2
    shrl    $16, %eax
    movb    %al, move_to + 4
    movb    %ah, move_to + 7
    movw    %dx, %cx
    shlw    $8, %cx             /* words */
    pushw   %ds
    popw    %es
    movw    $move_table, %si
    movb    $0x87, %ah
    int     $0x15
    jc      failed
    popw    %es
    popal
    ret

    .balign 8
setup_sectors:
    .long   0
    .balign 8
move_table:
    .quad   0, 0
    .word   0xffff, BUFFER & 0xffff
    .byte   BUFFER >> 16, 0x93, 0, 0
move_to:
    .word   0xffff, 0
    .byte   0, 0x93, 0, 0
    .quad   0, 0

    /* The text, ended by a zero, is filled in here. */
    .org    MBR_CMDLINE
    .org    (1 + STAGE_SECTORS) * 512

    .section .note.GNU-stack, "", @progbits
