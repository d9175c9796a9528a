/* SPDX-License-Identifier: BSD-2-Clause */
/* The two kinds of kernel that QEMU hands over: handed.c and handed_elf.c. */
#ifndef ZP_FIRMWARE_BOOT_HANDED_H
#define ZP_FIRMWARE_BOOT_HANDED_H

#include <zeropage/image.h>

/*
 * The source of an ELF of whose file there is the head alone, and whose segments are in memory where they are
 * linked to be. The head is borrowed, and changed: sections are not told of, for there are none. False: no
 * such ELF.
 */
bool fw_handed_elf(char *head, uint32_t size, struct zp_source *ret_source);

#endif
