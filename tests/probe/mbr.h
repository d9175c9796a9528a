/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the boot loader of mbr.S is told, by offsets from the start of the disk, and the errors that it can
 * make. test_spoiled.py reads the numbers from here.
 */
#ifndef ZP_TEST_MBR_H
#define ZP_TEST_MBR_H

#define MBR_PARAMETERS      0x200
#define MBR_PARAMETERS_SIZE 0x20
#define MBR_CMDLINE         0xc00
#define MBR_CMDLINE_SIZE    0x400

/* In the parameters. Sectors have 512 bytes. */
#define MBR_ERROR        0x00
#define MBR_IMAGE_LBA    0x04
#define MBR_IMAGE_BYTES  0x08
#define MBR_INITRD_LBA   0x0c
#define MBR_INITRD_BYTES 0x10

/* Errors. */
#define MBR_IF                1
#define MBR_SS                2
#define MBR_SP                3
#define MBR_ES                4
#define MBR_DS                5
#define MBR_CS                6
#define MBR_NO_HEAP_FLAG      7
#define MBR_HEAP_IN_CMDLINE   8
#define MBR_NO_LOADER_TYPE    9
#define MBR_CMDLINE_SEGMENTED 10
#define MBR_INITRD_CUT        11
#define MBR_INITRD_IN_RESERVE 12
#define MBR_CODE_SHORT        13

#endif
