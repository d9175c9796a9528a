/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The seam between drivers and hardware: ports, device memory, time. io.c has it for a CPU; hosted tests
 * bring devices of their own in its place. Nothing here is checked: a device may answer with anything.
 */
#ifndef ZP_FIRMWARE_IO_H
#define ZP_FIRMWARE_IO_H

#include <stdbool.h>
#include <stdint.h>

uint8_t fw_in8(uint16_t port);
uint16_t fw_in16(uint16_t port);
uint32_t fw_in32(uint16_t port);
void fw_out8(uint16_t port, uint8_t value);
void fw_out16(uint16_t port, uint16_t value);
void fw_out32(uint16_t port, uint32_t value);

/* Device memory, each access of exactly that width and in the order of the calls. */
uint8_t fw_read8(uint64_t address);
uint16_t fw_read16(uint64_t address);
uint32_t fw_read32(uint64_t address);
void fw_write8(uint64_t address, uint8_t value);
void fw_write16(uint64_t address, uint16_t value);
void fw_write32(uint64_t address, uint32_t value);

/* What was written to memory is seen by devices before what comes after, and what is read is read anew. */
void fw_fence(void);

uint64_t fw_ticks(void); /* the time-stamp counter */
void fw_pause(void);     /* a microsecond or less: eight times the instruction of that name */

/*
 * Sees to it that device memory can be accessed at its own address, which may lie above what is mapped. The
 * platform brings it. false: it cannot be, and must not be touched.
 */
bool fw_reach(uint64_t address, uint64_t size);

#endif
