/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration space, by ports or in memory. Receives whatever functions and bridges claim; guarantees
 * that a walk ends: each bus is looked at once, lists of capabilities stop after as many as fit in their
 * space, and a BAR neither wraps nor is 0. PCI Local Bus Specification 3.0, 3.2.2.3.2, 6.2.5.1 (sizes of
 * BARs), 6.7; PCI-to-PCI Bridge 1.2, 3.2.5.
 */
#include <zeropage/wire/pci.h>

#include "../core/checked.h"
#include "io.h"
#include "pci.h"

#define BUSES           256u
#define DEVICES         32u
#define FUNCTIONS       8u
#define BARS            6u
#define CAPABILITY_MAX  48u /* of at least 4 bytes, in the 192 behind the header */
#define NOBODY          0xffffu
#define CONFIG_SIZE     256u
#define PHYSICAL_MEMORY (UINT64_C(1) << 52)

static uint64_t address_of(const struct fw_pci *pci, uint16_t at, uint32_t offset)
{
    return pci->ecam + ((uint64_t)at << ZP_PCI_ECAM_FUNCTION_SHIFT) + (offset & (CONFIG_SIZE - 1));
}

/* Selects four bytes; the port that has the one at offset. */
static uint16_t select_port(uint16_t at, uint32_t offset)
{
    fw_out32(ZP_PCI_PORT_ADDRESS, ZP_PCI_ADDRESS_ENABLE | (uint32_t)at << 8 | (offset & (CONFIG_SIZE - 4)));
    return (uint16_t)(ZP_PCI_PORT_DATA + (offset & 3));
}

uint8_t fw_pci_read8(const struct fw_pci *pci, uint16_t at, uint32_t offset)
{
    return pci->ecam ? fw_read8(address_of(pci, at, offset)) : fw_in8(select_port(at, offset));
}

uint16_t fw_pci_read16(const struct fw_pci *pci, uint16_t at, uint32_t offset)
{
    return pci->ecam ? fw_read16(address_of(pci, at, offset)) : fw_in16(select_port(at, offset));
}

uint32_t fw_pci_read32(const struct fw_pci *pci, uint16_t at, uint32_t offset)
{
    return pci->ecam ? fw_read32(address_of(pci, at, offset)) : fw_in32(select_port(at, offset));
}

void fw_pci_write8(const struct fw_pci *pci, uint16_t at, uint32_t offset, uint8_t value)
{
    if (pci->ecam)
        fw_write8(address_of(pci, at, offset), value);
    else
        fw_out8(select_port(at, offset), value);
}

void fw_pci_write16(const struct fw_pci *pci, uint16_t at, uint32_t offset, uint16_t value)
{
    if (pci->ecam)
        fw_write16(address_of(pci, at, offset), value);
    else
        fw_out16(select_port(at, offset), value);
}

void fw_pci_write32(const struct fw_pci *pci, uint16_t at, uint32_t offset, uint32_t value)
{
    if (pci->ecam)
        fw_write32(address_of(pci, at, offset), value);
    else
        fw_out32(select_port(at, offset), value);
}

struct walk {
    const struct fw_pci *pci;
    fw_pci_visit *visit;
    void *context;
    bool wanted[BUSES], every_bus;
};

/* Is there a function; and *ret_more: are there others in its device? */
static bool meet(struct walk *walk, uint16_t at, bool *ret_more)
{
    uint32_t id = fw_pci_read32(walk->pci, at, ZP_PCI_VENDOR_ID);
    uint8_t header;

    *ret_more = false;
    if ((id & NOBODY) == NOBODY || (id & NOBODY) == 0)
        return false;
    header = fw_pci_read8(walk->pci, at, ZP_PCI_HEADER_TYPE);
    *ret_more = header & ZP_PCI_HEADER_MULTIFUNCTION;
    if ((header & ZP_PCI_HEADER_TYPE_MASK) == ZP_PCI_HEADER_BRIDGE)
        walk->wanted[fw_pci_read8(walk->pci, at, ZP_PCI_SECONDARY_BUS)] = true;
    walk->every_bus = walk->every_bus || fw_pci_is_expander((uint16_t)id, (uint16_t)(id >> 16));
    walk->visit(walk->context, at, (uint16_t)id, (uint16_t)(id >> 16));
    return true;
}

static void walk_bus(struct walk *walk, unsigned bus)
{
    for (unsigned device = 0; device < DEVICES; device++) {
        bool more, unused;

        if (!meet(walk, FW_PCI_AT(bus, device, 0), &more) || !more)
            continue;
        for (unsigned function = 1; function < FUNCTIONS; function++)
            meet(walk, FW_PCI_AT(bus, device, function), &unused);
    }
}

void fw_pci_walk(const struct fw_pci *pci, fw_pci_visit *visit, void *context)
{
    struct walk walk;

    memset(&walk, 0, sizeof(walk));
    walk.pci = pci;
    walk.visit = visit;
    walk.context = context;
    walk.every_bus = pci->every_bus;
    /* What lies behind a bridge has numbers above its own bus: one way up meets all, and one that leads back
     * leads nowhere. */
    for (unsigned bus = 0; bus <= pci->last_bus; bus++)
        if (bus == 0 || walk.every_bus || walk.wanted[bus])
            walk_bus(&walk, bus);
}

uint8_t fw_pci_capability(const struct fw_pci *pci, uint16_t at, uint8_t id, uint8_t after, uint32_t *steps)
{
    uint8_t place = after;

    if (!(fw_pci_read16(pci, at, ZP_PCI_STATUS) & ZP_PCI_STATUS_CAPABILITIES))
        return 0;
    while ((*steps)++ < CAPABILITY_MAX) {
        place = fw_pci_read8(pci, at, place ? place + ZP_PCI_CAPABILITY_NEXT : ZP_PCI_CAPABILITIES) & 0xfc;
        if (place < ZP_PCI_CAPABILITY_FIRST)
            return 0;
        if (fw_pci_read8(pci, at, place) == id)
            return place;
    }
    return 0;
}

/* Writes all ones, reads which of them stay, and puts back what was there. */
static uint32_t ask_size(const struct fw_pci *pci, uint16_t at, uint32_t offset, uint32_t value)
{
    uint32_t mask;

    fw_pci_write32(pci, at, offset, UINT32_MAX);
    mask = fw_pci_read32(pci, at, offset);
    fw_pci_write32(pci, at, offset, value);
    return mask;
}

bool fw_pci_bar(const struct fw_pci *pci, uint16_t at, uint32_t number, uint64_t *ret_address,
                uint64_t *ret_size)
{
    uint32_t offset = ZP_PCI_BAR0 + number * 4, low, high = 0, high_mask = UINT32_MAX;
    uint64_t address, size;
    bool wide;

    if (number >= BARS)
        return false;
    low = fw_pci_read32(pci, at, offset);
    wide = (low & ZP_PCI_BAR_TYPE_MASK) == ZP_PCI_BAR_TYPE_64;
    if (low & ZP_PCI_BAR_IO || (wide && number == BARS - 1))
        return false;
    if (wide) {
        high = fw_pci_read32(pci, at, offset + 4);
        high_mask = ask_size(pci, at, offset + 4, high);
    }
    size = (uint64_t)high_mask << 32 | (ask_size(pci, at, offset, low) & ~UINT32_C(0xf));
    size = ~size + 1;
    if (!wide && size > ZP_GIB4 / 2) /* no bit of it could be set */
        return false;
    address = (uint64_t)high << 32 | (low & ~UINT32_C(0xf));
    if (address == 0 || !zp_is_power_of_two(size) || !zp_fits(address, size, PHYSICAL_MEMORY))
        return false;
    *ret_address = address;
    *ret_size = size;
    return true;
}
