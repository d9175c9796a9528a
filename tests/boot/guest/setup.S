/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Turns the handoff guest into a bzImage: two setup sectors that hold nothing but the setup header of
 * protocol 2.15 (Documentation/x86/boot), and the flat image behind them. There is no 16-bit code.
 */
#include <zeropage/wire/bootparam.h>

#define GUEST_LOAD      0x100000
#define GUEST_INIT_SIZE 0x40000

    .section .text, "ax"
    .org ZP_BOOT_PARAMS_HDR_SETUP_SECTS
    .byte 1                                     /* besides the boot sector */
    .word 0
    .long (guest_end - guest + 15) / 16         /* syssize */
    .org ZP_BOOT_PARAMS_HDR_VID_MODE
    .word ZP_VID_MODE_NORMAL
    .org ZP_BOOT_PARAMS_HDR_BOOT_FLAG
    .word ZP_BOOT_FLAG
    .byte 0xeb, ZP_SETUP_HEADER_END - ZP_SETUP_HEADER_JUMP_BASE
    .long ZP_SETUP_MAGIC_HDRS
    .word 0x020f
    .org ZP_BOOT_PARAMS_HDR_KERNEL_VERSION
    .word version - 0x200
    .org ZP_BOOT_PARAMS_HDR_LOADFLAGS
    .byte ZP_LOADED_HIGH
    .org ZP_BOOT_PARAMS_HDR_CODE32_START
    .long GUEST_LOAD
    .org ZP_BOOT_PARAMS_HDR_INITRD_ADDR_MAX
    .long 0x7fffffff
    .long 0x1000                                /* kernel_alignment */
    .byte 0                                     /* not relocatable */
    .byte 0
    .word ZP_XLF_KERNEL_64
    .long 2047                                  /* cmdline_size */
    .org ZP_BOOT_PARAMS_HDR_PREF_ADDRESS
    .quad GUEST_LOAD
    .long GUEST_INIT_SIZE
    .org ZP_SETUP_HEADER_END
version:
    .asciz "1.0 handoff guest"
    .org 2 * ZP_SETUP_SECTOR_SIZE
guest:
    .incbin GUEST_FLAT
guest_end:

    .section .note.GNU-stack, "", @progbits
