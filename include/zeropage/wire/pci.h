/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pci.h - PCI configuration space, as far as a loader reads it.
 *
 * Offsets and bits of the PCI Local Bus Specification 3.0, chapter 6, of the PCI-to-PCI Bridge Architecture
 * Specification 1.2, chapter 3, and the two ways to it: ports (PCI 3.0, 3.2.2.3.2) and memory (PCI Express
 * Base Specification, 7.2.2).
 */
#ifndef ZEROPAGE_WIRE_PCI_H
#define ZEROPAGE_WIRE_PCI_H

/* Ports: an address, and four bytes of what lies there */
#define ZP_PCI_PORT_ADDRESS   0xcf8
#define ZP_PCI_PORT_DATA      0xcfc
#define ZP_PCI_ADDRESS_ENABLE 0x80000000

/* Memory: a function has 4 KiB, a bus 1 MiB */
#define ZP_PCI_ECAM_FUNCTION_SHIFT 12
#define ZP_PCI_ECAM_BUS_SHIFT      20

/* Every function */
#define ZP_PCI_VENDOR_ID    0x00
#define ZP_PCI_DEVICE_ID    0x02
#define ZP_PCI_COMMAND      0x04
#define ZP_PCI_STATUS       0x06
#define ZP_PCI_CLASS        0x0a /* u16: subclass, and class above it */
#define ZP_PCI_HEADER_TYPE  0x0e
#define ZP_PCI_BAR0         0x10
#define ZP_PCI_CAPABILITIES 0x34
/* Header type 0 */
#define ZP_PCI_SUBSYSTEM_ID 0x2e
/* Header type 1 */
#define ZP_PCI_SECONDARY_BUS   0x19
#define ZP_PCI_SUBORDINATE_BUS 0x1a

#define ZP_PCI_COMMAND_IO           0x1
#define ZP_PCI_COMMAND_MEMORY       0x2
#define ZP_PCI_COMMAND_MASTER       0x4
#define ZP_PCI_COMMAND_INTX_DISABLE 0x400
#define ZP_PCI_STATUS_CAPABILITIES  0x10

#define ZP_PCI_HEADER_BRIDGE        0x01
#define ZP_PCI_HEADER_TYPE_MASK     0x7f
#define ZP_PCI_HEADER_MULTIFUNCTION 0x80

#define ZP_PCI_BAR_IO        0x1
#define ZP_PCI_BAR_TYPE_MASK 0x6
#define ZP_PCI_BAR_TYPE_64   0x4
#define ZP_PCI_BAR_PREFETCH  0x8

/* The list of capabilities: where the first may lie, and what one begins with */
#define ZP_PCI_CAPABILITY_FIRST  0x40
#define ZP_PCI_CAPABILITY_NEXT   1
#define ZP_PCI_CAPABILITY_VENDOR 0x09

#endif
