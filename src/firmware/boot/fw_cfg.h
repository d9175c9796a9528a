/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What QEMU tells its firmware: items by number, files by name. QEMU docs/specs/fw_cfg. The VMM is the one
 * part of the machine that is trusted with memory - a DMA write goes where we say - and with nothing else:
 * sizes and counts are bounded where they are used.
 */
#ifndef ZP_FIRMWARE_BOOT_FW_CFG_H
#define ZP_FIRMWARE_BOOT_FW_CFG_H

#include <stdbool.h>
#include <stdint.h>

#define FW_CFG_CPUS         0x05
#define FW_CFG_KERNEL_ADDR  0x07
#define FW_CFG_KERNEL_SIZE  0x08
#define FW_CFG_INITRD_SIZE  0x0b
#define FW_CFG_KERNEL_ENTRY 0x10
#define FW_CFG_KERNEL_DATA  0x11
#define FW_CFG_INITRD_DATA  0x12
#define FW_CFG_CMDLINE_SIZE 0x14
#define FW_CFG_CMDLINE_DATA 0x15
#define FW_CFG_SETUP_SIZE   0x17
#define FW_CFG_SETUP_DATA   0x18

#define FW_CFG_NAME 56 /* bytes of a file's name, the NUL included */

struct fw_cfg_file {
    uint32_t size;
    uint16_t item;
};

/* False: there is no fw_cfg; then everything reads as 0 and there are no files. */
bool fw_cfg_begin(void);
/* Does fw_cfg write to memory itself? Else fw_cfg_read does, which wants it mapped. */
bool fw_cfg_by_dma(void);
/* Bytes [skip, +size) of an item; zeros where it has none. */
void fw_cfg_read(uint16_t item, uint32_t skip, void *to, uint32_t size);
uint32_t fw_cfg_number(uint16_t item);
/* name: 12 bytes of it are read, whatever its length. */
bool fw_cfg_find(const char *name, struct fw_cfg_file *ret_file);
/* To a file that can be written; only by DMA. */
bool fw_cfg_write(uint16_t item, uint32_t skip, const void *from, uint32_t size);

#endif
