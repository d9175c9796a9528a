/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first 4 KiB of a packed file (layout.h): ELF or MZ magic that is code, too, boot code, partition table,
 * setup header, room for the headers of other formats, real-mode code. Assembled twice, with FRONT_PE for the
 * flavour that begins with "MZ".
 *
 * Entered by a BIOS at 0000:7c00 (BIOS Boot Specification 1.01, 6.5.1) or, already in memory with the body, by a
 * Linux boot loader at 200 (Linux boot.rst, "RUNNING THE KERNEL"). Either way it ends as if a loader of the 32-bit
 * boot protocol had been there: body in memory, boot_params filled, protected mode, code32_start.
 */
#include <zeropage/wire/bootparam.h>
#include <zeropage/wire/e820.h>
#include <zeropage/wire/x86.h>

#include "../layout.h"
#include "front.h"

#define OFFSET(label) (label - front)
#define CODE16        (gdt_code16 - gdt)
#define DATA16        (gdt_data16 - gdt)

/* Memory from the front's start on (setup.inc says why it is ours). */
#define BOOT_PARAMS   ZP_FRONT_SIZE
#define VARIABLES     (BOOT_PARAMS + ZP_BOOT_PARAMS_SIZE)
#define V_DRIVE       (VARIABLES + 0x00)        /* as BIOS numbers them */
#define V_FROM_DISK   (VARIABLES + 0x01)        /* 1: the body is still there; read with V_DRIVE as a word */
#define V_EXTENDED    (VARIABLES + 0x02)        /* 1: the drive has INT 13h extensions */
#define V_TRIES       (VARIABLES + 0x03)
#define V_COUNT       (VARIABLES + 0x04)        /* sectors of one read */
#define V_TRACK       (VARIABLES + 0x06)        /* sectors */
#define V_HEADS       (VARIABLES + 0x08)
#define V_EGA         (VARIABLES + 0x0a)        /* 1: an adapter of EGA or later */
#define V_BASE        (VARIABLES + 0x0c)        /* linear address of the front */
#define V_SECTOR      (VARIABLES + 0x10)        /* the next to read */
#define V_LEFT        (VARIABLES + 0x14)        /* sectors */
#define V_TO          (VARIABLES + 0x18)        /* linear address */
#define V_DOT         (VARIABLES + 0x1c)        /* sectors that a dot stands for */
#define V_DONE        (VARIABLES + 0x20)        /* sectors since the last dot */
#define V_BELOW_16M   (VARIABLES + 0x24)        /* KiB from 1 MiB on */
#define V_ABOVE_16M   (VARIABLES + 0x28)        /* 64 KiB from 16 MiB on */
#define V_ENTRY       (VARIABLES + 0x30)        /* an entry of the memory map */
#define V_PACKET      (VARIABLES + 0x50)        /* EDD's disk address packet */
#define VARIABLES_END (VARIABLES + 0x60)
#define STACK_TOP     0x4000

#define DISK_SEGMENT  0x7c0

/* Fields of boot_params that bootparam.h does not name for assembly, and of its screen_info. */
#define BP_EXT_MEM_K    0x002
#define BP_ALT_MEM_K    0x1e0
#define BP_KBD_STATUS   0x1eb
#define SCREEN_X        0x00            /* orig_x, orig_y */
#define SCREEN_PAGE     0x04
#define SCREEN_MODE     0x06
#define SCREEN_COLUMNS  0x07
#define SCREEN_FLAGS    0x08
#define SCREEN_EGA_BX   0x0a
#define SCREEN_LINES    0x0e
#define SCREEN_IS_VGA   0x0f
#define SCREEN_POINTS   0x10

#include "say.inc"

    .section .text, "ax"
    .code16
front:
#ifdef FRONT_PE
    .byte   0x4d, 0x5a                  /* "MZ": decw %bp, popw %dx; the drive number in DL is lost */
    .byte   0xeb, ZP_FRONT_JUMP - 4
#else
    .byte   0x7f, 0x45, 0x4c, 0x46      /* "\x7fELF": jg ZP_FRONT_JUMP, decw %sp, incw %si */
    .byte   2, 1, 1, 0xff               /* class, byte order, version, OS ABI: two additions to registers */
    .byte   0xeb, ZP_FRONT_JUMP - 10
#endif
    .org    ZP_FRONT_JUMP
    jmp     boot
    .org    ZP_FRONT_BOOT_CODE
#include "sector.inc"

    .org    ZP_BOOT_PARAMS_HDR_SETUP_SECTS
    .byte   ZP_FRONT_SETUP_SIZE / ZP_SETUP_SECTOR_SIZE
    .org    ZP_BOOT_PARAMS_HDR_BOOT_FLAG
    .word   ZP_BOOT_FLAG
    .byte   0xeb, over_header - front - ZP_SETUP_HEADER_JUMP_BASE
    .long   ZP_SETUP_MAGIC_HDRS
    .word   0x020f
    .org    ZP_BOOT_PARAMS_HDR_KERNEL_VERSION
    .word   version - front - ZP_BOOT_PARAMS_HDR_JUMP
    .org    ZP_BOOT_PARAMS_HDR_LOADFLAGS
    .byte   ZP_LOADED_HIGH
    .org    ZP_BOOT_PARAMS_HDR_CODE32_START
    .long   ZP_CODE32_START_DEFAULT
    .org    ZP_BOOT_PARAMS_HDR_INITRD_ADDR_MAX
    .long   0x7fffffff
    .long   0x200000                    /* kernel_alignment: OVMF looks for room in 511 steps of two of it */
    .byte   1                           /* relocatable_kernel */
    .byte   ZP_PAGE_SHIFT               /* min_alignment: the body runs on any page */
    .word   ZP_XLF_KERNEL_64
    .org    ZP_BOOT_PARAMS_HDR_PREF_ADDRESS
    .quad   ZP_PACK_ADDRESS
    .org    ZP_SETUP_HEADER_END
over_header:
    jmp     setup
    .org    ZP_PACK_HEADERS
    .org    ZP_PACK_HEADERS_END
#include "setup.inc"
#include "memory.inc"
#include "disk.inc"
#include "screen.inc"
version:
    .asciz  FRONT_VERSION
    .org    ZP_PACK_SETUP_BALANCE
    .long   0
    .org    ZP_FRONT_SIZE

    .section .note.GNU-stack, "", @progbits
