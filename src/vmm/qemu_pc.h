/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What QEMU's pc machine looks like once our ROM has set it up: said once, for the ROM, the command line and
 * the ACPI tables alike.
 */
#ifndef ZP_VMM_QEMU_PC_H
#define ZP_VMM_QEMU_PC_H

#include <stdint.h>

/* QEMU splits RAM at 3.5 GiB or, with more RAM than that, at 3; max-ram-below-4g makes it 3 always. */
#define ZP_QEMU_HOLE_START UINT64_C(0xc0000000)
#define ZP_QEMU_HOLE_END   UINT64_C(0x100000000)
#define ZP_QEMU_PCI_END    UINT64_C(0xfec00000) /* the IOAPIC; PCI's window ends here */

#define ZP_QEMU_PM_BASE     0x600
#define ZP_QEMU_SCI_IRQ     9
#define ZP_QEMU_RESET_PORT  0xcf9
#define ZP_QEMU_RESET_VALUE 0x06

#define ZP_QEMU_PIRQA_IRQ 10
#define ZP_QEMU_PIRQB_IRQ 10
#define ZP_QEMU_PIRQC_IRQ 11
#define ZP_QEMU_PIRQD_IRQ 11

#endif
