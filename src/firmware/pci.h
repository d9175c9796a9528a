/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI: configuration space and what is found in it. Buses have the numbers that were given to them already;
 * assigning them, and BARs, is the platform's.
 */
#ifndef ZP_FIRMWARE_PCI_H
#define ZP_FIRMWARE_PCI_H

#include <stdbool.h>
#include <stdint.h>

/* A function's place: bus << 8 | device << 3 | function. */
#define FW_PCI_AT(bus, device, function) ((uint16_t)((bus) << 8 | (device) << 3 | (function)))

struct fw_pci {
    uint64_t ecam;    /* where bus 0 lies in memory, within reach (fw_reach); 0: by ports */
    uint8_t last_bus; /* that ecam has; 255 by ports */
    bool every_bus;   /* look at all of them: there are roots beside bus 0 that no bridge leads to */
};

/* QEMU's pxb and pxb-pcie, which stand on bus 0 for a root of their own. */
static inline bool fw_pci_is_expander(uint16_t vendor, uint16_t device)
{
    return vendor == 0x1b36 && (device == 0x0009 || device == 0x000b);
}

uint8_t fw_pci_read8(const struct fw_pci *pci, uint16_t at, uint32_t offset);
uint16_t fw_pci_read16(const struct fw_pci *pci, uint16_t at, uint32_t offset);
uint32_t fw_pci_read32(const struct fw_pci *pci, uint16_t at, uint32_t offset);
void fw_pci_write8(const struct fw_pci *pci, uint16_t at, uint32_t offset, uint8_t value);
void fw_pci_write16(const struct fw_pci *pci, uint16_t at, uint32_t offset, uint16_t value);
void fw_pci_write32(const struct fw_pci *pci, uint16_t at, uint32_t offset, uint32_t value);

/*
 * Each function that is there, once: bus 0, then buses behind bridges in the order of their numbers, or, from
 * an expander on, all. Bridges that lead back or nowhere are passed over.
 */
typedef void fw_pci_visit(void *context, uint16_t at, uint16_t vendor, uint16_t device);
void fw_pci_walk(const struct fw_pci *pci, fw_pci_visit *visit, void *context);

/*
 * The next capability of that kind behind `after` (0: the first); its offset, 0: no more. *steps, 0 at the
 * beginning, bounds the whole walk, for lists may have loops.
 */
uint8_t fw_pci_capability(const struct fw_pci *pci, uint16_t at, uint8_t id, uint8_t after, uint32_t *steps);

/*
 * A memory BAR as it is assigned, and its size, by asking the function: its memory must not be decoded
 * (ZP_PCI_COMMAND_MEMORY off) meanwhile. false: I/O, not there, not assigned, or not below 2^52.
 */
bool fw_pci_bar(const struct fw_pci *pci, uint16_t at, uint32_t number, uint64_t *ret_address,
                uint64_t *ret_size);

#endif
