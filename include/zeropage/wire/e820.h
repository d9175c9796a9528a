/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * e820.h - address range types of the system memory map.
 *
 * Numbers that a BIOS returns from INT 15h AX=E820h (ACPI 6.5, section 15.1,
 * "Address Range Types") and that Linux, Xen and Multiboot carry on in their
 * own maps. Types from 12 on are Linux's; an unknown type means reserved. The
 * entry that boot_params holds is in bootparam.h.
 */
#ifndef ZEROPAGE_WIRE_E820_H
#define ZEROPAGE_WIRE_E820_H

#define ZP_E820_RAM           1
#define ZP_E820_RESERVED      2
#define ZP_E820_ACPI          3 /* ACPI tables: RAM once the kernel has read them */
#define ZP_E820_NVS           4 /* kept by the firmware over sleep */
#define ZP_E820_UNUSABLE      5
#define ZP_E820_DISABLED      6
#define ZP_E820_PMEM          7          /* persistent memory */
#define ZP_E820_PRAM          12         /* persistent memory by Linux's older number */
#define ZP_E820_SOFT_RESERVED 0xefffffff /* Linux: RAM set aside for a purpose */

/* "SMAP": EDX on entry to, and EAX on return from, INT 15h AX=E820h */
#define ZP_E820_SMAP 0x534d4150

#endif
