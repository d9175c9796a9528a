/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the firmware lies, in both of its shapes, for C and assembly.
 *
 * zeropage-fw.rom is linked to run in place: at 0xe0000, where the last 128 KiB of a ROM are seen below
 * 1 MiB, with its variables in low memory. zeropage-fw.elf is the same program as position-independent code:
 * it is loaded wherever its loader likes and moves to the top of RAM.
 */
#ifndef ZP_FIRMWARE_BOOT_LAYOUT_H
#define ZP_FIRMWARE_BOOT_LAYOUT_H

#define FW_ROM_BASE   0xe0000
#define FW_ROM_SIZE   0x20000
#define FW_EBDA       0x9fc00 /* the last KiB of low memory */
#define FW_EBDA_END   0xa0000
#define FW_SHADOW     0xf0000 /* up to 1 MiB: RAM once the chipset is told so, and tables lie there */
#define FW_SHADOW_END 0x100000

/* Where the ROM's tables show us its bytes below 4 GiB: what is at X below 1 MiB is at FW_ALIAS + X. */
#define FW_ALIAS_GIB  510        /* entry of the table of GiBs; the one behind it is the page, too */
#define FW_ALIAS_PAGE 0xffe00000 /* of 2 MiB */
#define FW_ALIAS      0x7fbff00000

/* Where other CPUs start for a moment (a page of the ROM), and what they read and count. */
#define FW_OTHER_CPU   0xe3000
#define FW_OTHER_COUNT 0x5fc
#define FW_OTHER_LIST  0x600

/* How we were entered: as in a packed file (pack/layout.h), or by a reset. */
#define FW_WAY_RESET 0

/* Where the ELF shape is linked, and loaded by those who load as linked. */
#define FW_ELF_ADDRESS 0x200000

#endif
