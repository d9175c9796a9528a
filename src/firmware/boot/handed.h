/* SPDX-License-Identifier: BSD-2-Clause */
/* The kinds of kernel that QEMU hands over: handed.c, handed_elf.c and handed_multiboot.c. */
#ifndef ZP_FIRMWARE_BOOT_HANDED_H
#define ZP_FIRMWARE_BOOT_HANDED_H

#include <zeropage/image.h>
#include <zeropage/wire/elf.h>

#include "boot.h"

/* How an ELF begins that we write of what fw_cfg tells. */
struct fw_handed_head {
    struct zp_elf32_ehdr ehdr;
    struct zp_elf32_phdr segment;
};

/*
 * All but the entry: one segment at an address, of so many bytes from an offset in the file on; further
 * program headers may follow, `phnum` in all.
 */
void fw_handed_head(struct fw_handed_head *ret_head, uint16_t phnum, uint32_t address, uint32_t size,
                    uint32_t offset);

/*
 * The source of an ELF in whose place there are its segments alone, where they are linked to be, with no more
 * than a PVH entry. It keeps a pointer to itself. False: no ELF was handed over.
 */
bool fw_handed_elf(struct zp_source *source);

/* Boots what QEMU's multiboot loader has made of a kernel: KERNEL_DATA, of so many bytes. */
void fw_boot_handed_multiboot(struct arrival *arrival, uint32_t data_size);

#endif
