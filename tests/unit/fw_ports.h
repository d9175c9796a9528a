/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Before anything else in a file of the firmware that runs on the host: ports are functions of the test's,
 * and the BIOS data area, where a process has no memory, is an array of it.
 */
#ifndef ZP_FIRMWARE_PORT_H
#define ZP_FIRMWARE_PORT_H

#include <stdint.h>

#include <zeropage/wire/x86.h>

extern uint8_t fw_ports_bda[0x100];

#undef ZP_BDA_BASE
#undef ZP_BDA_EBDA_SEGMENT
#undef ZP_BDA_BASE_MEMORY
#undef ZP_BDA_END
#define ZP_BDA_BASE         ((uintptr_t)fw_ports_bda)
#define ZP_BDA_EBDA_SEGMENT (ZP_BDA_BASE + 0x0e)
#define ZP_BDA_BASE_MEMORY  (ZP_BDA_BASE + 0x13)
#define ZP_BDA_END          (ZP_BDA_BASE + sizeof(fw_ports_bda))

void port_out8(uint16_t port, uint8_t value);
void port_out16(uint16_t port, uint16_t value);
void port_out32(uint16_t port, uint32_t value);
uint8_t port_in8(uint16_t port);
void port_in8s(uint16_t port, void *to, uint64_t count);
uint16_t port_in16(uint16_t port);
uint32_t port_in32(uint16_t port);

#endif
