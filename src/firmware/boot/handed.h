/* SPDX-License-Identifier: BSD-2-Clause */
/* The kinds of kernel that QEMU hands over: handed.c, handed_elf.c and handed_multiboot.c. */
#ifndef ZP_FIRMWARE_BOOT_HANDED_H
#define ZP_FIRMWARE_BOOT_HANDED_H

#include <zeropage/image.h>

#include "boot.h"

/*
 * The source of an ELF in whose place there are its segments alone, where they are linked to be, with no more
 * than a PVH entry. It keeps a pointer to itself. False: no ELF was handed over.
 */
bool fw_handed_elf(struct zp_source *source);

/* Boots what QEMU's multiboot loader has made of a kernel: KERNEL_DATA, of so many bytes. */
void fw_boot_handed_multiboot(struct arrival *arrival, uint32_t data_size);

#endif
