/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How PCI is reached, and PCI that nobody has set up. By ports, where the host bridge has them; else in
 * memory, where ACPI tells. A machine in which no bridge has a number and no BAR an address was entered
 * without a firmware, or by one that leaves PCI alone: then buses, BARs and windows are assigned as the ROM
 * does (pci_setup.c). Where nobody says which addresses are free, these are taken: below 4 GiB the largest
 * gap between 3 GiB and the I/O APIC that neither the memory map nor configuration space has; above, the last
 * quarter of the CPU's addresses, if the map has nothing there.
 */
#include <zeropage/wire/pci.h>

#include "../../core/checked.h"
#include "../io.h"
#include "buses.h"

#define GAP     UINT64_C(0xc0000000)
#define GAP_END UINT64_C(0xfec00000)
#define BARS    6u

/* What was written is there to read: no other device has such a port. */
static bool has_ports(void)
{
    fw_out32(ZP_PCI_PORT_ADDRESS, ZP_PCI_ADDRESS_ENABLE);
    return fw_in32(ZP_PCI_PORT_ADDRESS) == ZP_PCI_ADDRESS_ENABLE;
}

struct look {
    const struct fw_pci *pci;
    bool is_set_up, has_roots;
};

static void look_at(void *context, uint16_t at, uint16_t vendor, uint16_t device)
{
    struct look *look = context;
    unsigned type = fw_pci_read8(look->pci, at, ZP_PCI_HEADER_TYPE) & ZP_PCI_HEADER_TYPE_MASK;
    unsigned bars = type == ZP_PCI_HEADER_BRIDGE ? 2 : BARS;

    if (fw_pci_is_expander(vendor, device))
        look->has_roots = true;
    if (type == ZP_PCI_HEADER_BRIDGE && fw_pci_read8(look->pci, at, ZP_PCI_SECONDARY_BUS))
        look->is_set_up = true;
    for (unsigned i = 0; type <= ZP_PCI_HEADER_BRIDGE && i < bars; i++)
        if (fw_pci_read32(look->pci, at, ZP_PCI_BAR0 + 4 * i) & ~UINT32_C(0xf))
            look->is_set_up = true;
}

static void widen(struct fw_windows *windows, uint64_t start, uint64_t end)
{
    if (end <= start || end - start <= windows->end - windows->start)
        return;
    windows->start = start;
    windows->end = end;
}

/* Of [start, end) the largest gap of the map, which is sorted. */
static void find_gap(struct fw_windows *windows, const struct arrival *arrival, uint64_t start, uint64_t end)
{
    for (size_t i = 0; i < arrival->range_count; i++) {
        uint64_t from = arrival->ranges[i].start.value, to = from + arrival->ranges[i].size;

        widen(windows, start, from < end ? from : end);
        to = to < end ? zp_align_down(to + 0xfffff, 0x100000) : end; /* windows of bridges have whole MiBs */
        start = to > start ? to : start;
    }
    widen(windows, start, end);
}

static uint64_t last_quarter(const struct fw_windows *windows, uint64_t *ret_end)
{
    const struct arrival *arrival = windows->context;
    uint64_t size = stub_address_mask() + 1, start = size - size / 4;

    *ret_end = size;
    for (size_t i = 0; i < arrival->range_count; i++)
        if (arrival->ranges[i].start.value + arrival->ranges[i].size > start)
            *ret_end = start;
    return start < ZP_GIB4 ? *ret_end : start;
}

static void set_up(const struct arrival *arrival, const struct fw_pci *pci, bool roots)
{
    struct fw_windows windows = {.pci = pci, .high = last_quarter, .context = arrival, .roots = roots};
    const uint64_t ecam_end = pci->ecam + ((pci->last_bus + UINT64_C(1)) << ZP_PCI_ECAM_BUS_SHIFT);

    windows.ports = !pci->ecam;
    if (!zp_overlaps(pci->ecam, ecam_end - pci->ecam, GAP, GAP_END - GAP)) {
        find_gap(&windows, arrival, GAP, GAP_END);
    } else {
        find_gap(&windows, arrival, GAP, pci->ecam);
        find_gap(&windows, arrival, ecam_end > GAP ? ecam_end : GAP, GAP_END);
    }
    fw_pci_setup(&windows);
}

/* Who writes to configuration space that is none writes to whatever lies there. */
static bool has_memory(const struct arrival *arrival, uint64_t start, uint64_t size)
{
    for (size_t i = 0; i < arrival->range_count; i++)
        if (arrival->ranges[i].usage != ZP_USAGE_RESERVED &&
            zp_overlaps(start, size, arrival->ranges[i].start.value, arrival->ranges[i].size))
            return true;
    return false;
}

/* In memory, where ACPI says so. */
static bool has_space(const struct arrival *arrival, struct fw_pci *pci)
{
    uint64_t size;

    pci->ecam = fw_acpi_ecam(arrival->rsdp, &pci->last_bus);
    size = (pci->last_bus + UINT64_C(1)) << ZP_PCI_ECAM_BUS_SHIFT;
    if (!pci->ecam || !fw_reach(pci->ecam, size))
        return false;
    if (!has_memory(arrival, pci->ecam, size))
        return true;
    fw_note("ACPI: configuration space of PCI at 0x%x, where RAM is: not looked at", pci->ecam);
    return false;
}

bool fw_find_buses(const struct arrival *arrival, struct fw_pci *ret_pci)
{
    struct look look = {.pci = ret_pci};

    ret_pci->last_bus = UINT8_MAX;
    if (!has_ports() && !has_space(arrival, ret_pci))
        return false;
    fw_pci_walk(ret_pci, look_at, &look);
    if (!look.is_set_up)
        set_up(arrival, ret_pci, look.has_roots);
    return true;
}
