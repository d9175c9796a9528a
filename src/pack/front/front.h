/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The front of a packed file: offsets of what the packer fills in, beside the fields of the setup header
 * (wire/bootparam.h) and of the ELF, PE and multiboot headers. Shared with the assembly. As assembled all
 * holes are zero; the setup header is whole but for syssize, cmdline_size, init_size, handover_offset and the
 * flags of what this file can do more (xloadflags).
 */
#ifndef ZP_PACK_FRONT_FRONT_H
#define ZP_PACK_FRONT_FRONT_H

#define ZP_FRONT_SIZE       0x1000
#define ZP_FRONT_SETUP_SIZE 0xe00 /* without sector 0 */

/* The ELF flavour: e_ident is there, the rest of the ELF header goes here. */
#define ZP_FRONT_ELF_HEADER     0x10
#define ZP_FRONT_ELF_HEADER_END 0x40
/* The PE flavour: "MZ" is there; the 32-bit offset of the PE signature goes here (e_lfanew). */
#define ZP_FRONT_LFANEW 0x3c

/* Boot code jumps over what a BIOS may patch in memory. It ends where the disk signature begins. */
#define ZP_FRONT_JUMP      0x47
#define ZP_FRONT_BOOT_CODE 0x5b

/* Partition table of a PC disk: a signature, 2 bytes of 0, partitions. */
#define ZP_FRONT_DISK_SIGNATURE 0x1b8
#define ZP_FRONT_PARTITION      0x1be
#define ZP_FRONT_PARTITION_SIZE 16
/* The fourth overlays the setup header from here on and stays of type 0, as its byte 4 is root_flags. */
#define ZP_FRONT_PARTITION_COUNT 3

/* Where the front goes on that was read from a disk, as CS:IP = segment of sector 0:this; DL: drive. */
#define ZP_FRONT_DISK_ENTRY 0x480

#endif
