/* SPDX-License-Identifier: BSD-2-Clause */
/* The two kinds of kernel that QEMU hands over: handed.c and handed_elf.c. */
#ifndef ZP_FIRMWARE_BOOT_HANDED_H
#define ZP_FIRMWARE_BOOT_HANDED_H

#include <zeropage/image.h>

/*
 * The source of an ELF in whose place there are its segments alone, where they are linked to be, with no more
 * than a PVH entry. It keeps a pointer to itself. False: no ELF was handed over.
 */
bool fw_handed_elf(struct zp_source *source);

#endif
