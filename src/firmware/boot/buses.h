/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI that nobody has set up: what is to be set up, and by whom. */
#ifndef ZP_FIRMWARE_BOOT_BUSES_H
#define ZP_FIRMWARE_BOOT_BUSES_H

#include "../pci.h"
#include "boot.h"

/* How pins of the root bus meet lines; what nobody knows is left to the kernel. */
enum fw_lines {
    FW_LINES_UNKNOWN,
    FW_LINES_PIIX,
    FW_LINES_ICH9
};

struct fw_windows {
    const struct fw_pci *pci;
    uint64_t start, end; /* of memory below 4 GiB */
    /* And above, asked for what finds no room there; *ret_end may be at or below it: there is none. */
    uint64_t (*high)(const struct fw_windows *windows, uint64_t *ret_end);
    const void *context; /* of high */
    bool ports;          /* there are I/O ports for BARs */
    bool roots;          /* there are roots beside bus 0 */
    enum fw_lines lines;
};

/* pci_setup.c: numbers buses, assigns BARs, opens bridges; says what finds no room. */
void fw_pci_setup(const struct fw_windows *windows);

/*
 * buses.c: how configuration space is reached, when there is any; PCI that nobody has set up yet is set up.
 * Where a bridge has a number or a BAR an address, everything stays as it is.
 */
bool fw_find_buses(const struct arrival *arrival, struct fw_pci *ret_pci);

/* mmio.c: where configuration space lies in memory, by MCFG or _CBA; 0: nobody tells. */
uint64_t fw_acpi_ecam(uint64_t rsdp, uint8_t *ret_last_bus);

#endif
