/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio over PCI. Receives functions whose BARs are assigned; guarantees that every register lies in a
 * memory BAR of the function, whatever its capabilities say, and that the command register is given back as
 * it was found. Functions without the capabilities of version 1 are refused. VIRTIO 1.2, section 4.1.
 */
#include <zeropage/wire/pci.h>

#include "../core/checked.h"
#include "io.h"
#include "virtio.h"

#define DRIVING (ZP_PCI_COMMAND_MEMORY | ZP_PCI_COMMAND_MASTER | ZP_PCI_COMMAND_INTX_DISABLE)

static uint8_t status(const struct fw_virtio *device)
{
    return fw_read8(device->registers + ZP_VIRTIO_PCI_DEVICE_STATUS);
}

static void set_status(const struct fw_virtio *device, uint8_t value)
{
    fw_write8(device->registers + ZP_VIRTIO_PCI_DEVICE_STATUS, value);
}

static uint64_t features(const struct fw_virtio *device)
{
    uint64_t low;

    fw_write32(device->registers + ZP_VIRTIO_PCI_DEVICE_FEATURE_SELECT, 0);
    low = fw_read32(device->registers + ZP_VIRTIO_PCI_DEVICE_FEATURE);
    fw_write32(device->registers + ZP_VIRTIO_PCI_DEVICE_FEATURE_SELECT, 1);
    return low | (uint64_t)fw_read32(device->registers + ZP_VIRTIO_PCI_DEVICE_FEATURE) << 32;
}

static void accept(const struct fw_virtio *device, uint64_t value)
{
    fw_write32(device->registers + ZP_VIRTIO_PCI_DRIVER_FEATURE_SELECT, 0);
    fw_write32(device->registers + ZP_VIRTIO_PCI_DRIVER_FEATURE, (uint32_t)value);
    fw_write32(device->registers + ZP_VIRTIO_PCI_DRIVER_FEATURE_SELECT, 1);
    fw_write32(device->registers + ZP_VIRTIO_PCI_DRIVER_FEATURE, (uint32_t)(value >> 32));
}

static uint32_t queue_max(const struct fw_virtio *device, uint16_t index)
{
    fw_write16(device->registers + ZP_VIRTIO_PCI_QUEUE_SELECT, index);
    return fw_read16(device->registers + ZP_VIRTIO_PCI_QUEUE_SIZE);
}

static void write_address(const struct fw_virtio *device, uint32_t offset, const volatile void *memory)
{
    uint64_t address = (uintptr_t)memory;

    fw_write32(device->registers + offset, (uint32_t)address);
    fw_write32(device->registers + offset + 4, (uint32_t)(address >> 32));
}

static int queue_start(struct fw_virtio *device)
{
    struct fw_virtio_queue *queue = &device->queue;
    uint64_t offset;

    fw_write16(device->registers + ZP_VIRTIO_PCI_QUEUE_SIZE, queue->size);
    offset =
        (uint64_t)fw_read16(device->registers + ZP_VIRTIO_PCI_QUEUE_NOTIFY_OFF) * device->notify_multiplier;
    if (!zp_fits(offset, 2, device->notify_bytes)) {
        fw_note("%s: queue_notify_off: 0x%x, and there are 0x%x bytes", device->name, offset,
                device->notify_bytes);
        return -1;
    }
    queue->notify = device->notify + offset;
    write_address(device, ZP_VIRTIO_PCI_QUEUE_DESC, queue->desc);
    write_address(device, ZP_VIRTIO_PCI_QUEUE_DRIVER, queue->avail);
    write_address(device, ZP_VIRTIO_PCI_QUEUE_DEVICE, queue->used);
    fw_write16(device->registers + ZP_VIRTIO_PCI_QUEUE_ENABLE, 1);
    return 0;
}

static void notify(const struct fw_virtio *device)
{
    fw_write16(device->queue.notify, device->queue.index);
}

static uint32_t generation(const struct fw_virtio *device)
{
    return fw_read8(device->registers + ZP_VIRTIO_PCI_CONFIG_GENERATION);
}

static void release(const struct fw_virtio *device, bool is_reset)
{
    uint16_t command = device->command;

    if (!is_reset)
        command &= (uint16_t)~ZP_PCI_COMMAND_MASTER;
    fw_pci_write16(device->pci, device->at, ZP_PCI_COMMAND, command);
}

const struct fw_virtio_transport fw_virtio_pci = {
    status, set_status, features, accept, queue_max, queue_start, notify, generation, release,
};

/* What one capability tells of: where its registers lie, and how many bytes of them. false: not usable. */
static bool place_of(const struct fw_virtio *device, uint8_t capability, uint64_t *ret_address,
                     uint64_t *ret_bytes)
{
    const struct fw_pci *pci = device->pci;
    uint64_t address, size;
    uint8_t bar = fw_pci_read8(pci, device->at, capability + ZP_VIRTIO_PCI_CAP_BAR);
    uint32_t offset = fw_pci_read32(pci, device->at, capability + ZP_VIRTIO_PCI_CAP_OFFSET);
    uint32_t length = fw_pci_read32(pci, device->at, capability + ZP_VIRTIO_PCI_CAP_LENGTH);

    if (!fw_pci_bar(pci, device->at, bar, &address, &size))
        return false;
    if (!zp_fits(offset, length, size)) {
        fw_note("%s: capability at 0x%x: 0x%x bytes at 0x%x of BAR %u, which has 0x%x", device->name,
                (uint64_t)capability, (uint64_t)length, (uint64_t)offset, (uint64_t)bar, size);
        return false;
    }
    if (!fw_reach(address + offset, length))
        return false;
    *ret_address = address + offset;
    *ret_bytes = length;
    return true;
}

/* Of each kind the first that can be used (4.1.4). */
static void take_capability(struct fw_virtio *device, uint8_t capability)
{
    uint8_t length = fw_pci_read8(device->pci, device->at, capability + ZP_VIRTIO_PCI_CAP_LEN);
    uint64_t address, bytes;

    if (length < ZP_VIRTIO_PCI_CAP_BYTES || capability > 0x100 - ZP_VIRTIO_PCI_CAP_NOTIFY_BYTES)
        return;
    switch (fw_pci_read8(device->pci, device->at, capability + ZP_VIRTIO_PCI_CAP_CFG_TYPE)) {
    case ZP_VIRTIO_PCI_CAP_COMMON_CFG:
        if (!device->registers && place_of(device, capability, &address, &bytes) &&
            bytes >= ZP_VIRTIO_PCI_COMMON_BYTES && address % 4 == 0)
            device->registers = address;
        return;
    case ZP_VIRTIO_PCI_CAP_NOTIFY_CFG:
        if (device->notify || length < ZP_VIRTIO_PCI_CAP_NOTIFY_BYTES ||
            !place_of(device, capability, &device->notify, &device->notify_bytes))
            return;
        device->notify_multiplier =
            fw_pci_read32(device->pci, device->at, capability + ZP_VIRTIO_PCI_CAP_NOTIFY_MULTIPLIER);
        return;
    case ZP_VIRTIO_PCI_CAP_DEVICE_CFG:
        if (!device->config && place_of(device, capability, &address, &bytes) && address % 4 == 0) {
            device->config = address;
            device->config_bytes = bytes;
        }
        return;
    default: return;
    }
}

static uint32_t type_of(const struct fw_pci *pci, uint16_t at, uint16_t vendor, uint16_t id)
{
    if (vendor != ZP_VIRTIO_PCI_VENDOR || id < ZP_VIRTIO_PCI_DEVICE_FIRST || id > ZP_VIRTIO_PCI_DEVICE_LAST)
        return 0;
    if (id >= ZP_VIRTIO_PCI_DEVICE_TYPE0)
        return id - ZP_VIRTIO_PCI_DEVICE_TYPE0;
    return fw_pci_read16(pci, at, ZP_PCI_SUBSYSTEM_ID);
}

static void name(struct fw_virtio *device)
{
    fw_name_number(device->name, sizeof(device->name), device->at >> 8, 16, 2);
    fw_name_text(device->name, sizeof(device->name), ":");
    fw_name_number(device->name, sizeof(device->name), device->at >> 3 & 31, 16, 2);
    fw_name_text(device->name, sizeof(device->name), ".");
    fw_name_number(device->name, sizeof(device->name), device->at & 7, 16, 1);
}

struct walk {
    struct fw_virtio_bus *bus;
    const struct fw_pci *pci;
};

static bool is_known(const struct fw_virtio_bus *bus, uint16_t at)
{
    for (size_t i = 0; i < bus->device_count; i++)
        if (bus->devices[i].pci && bus->devices[i].at == at)
            return true;
    return false;
}

/* BARs are asked for their sizes, so nothing is decoded until all capabilities are read. */
static void meet(void *context, uint16_t at, uint16_t vendor, uint16_t id)
{
    struct walk *walk = context;
    uint32_t type = type_of(walk->pci, at, vendor, id), steps = 0;
    struct fw_virtio *device;
    uint8_t capability = 0;

    if (!fw_virtio_known(type) || is_known(walk->bus, at))
        return;
    device = fw_virtio_new(walk->bus, &fw_virtio_pci, type);
    if (!device)
        return;
    device->pci = walk->pci;
    device->at = at;
    name(device);
    device->command = fw_pci_read16(walk->pci, at, ZP_PCI_COMMAND);
    fw_pci_write16(walk->pci, at, ZP_PCI_COMMAND, device->command & (uint16_t)~ZP_PCI_COMMAND_MEMORY);
    while ((capability = fw_pci_capability(walk->pci, at, ZP_PCI_CAPABILITY_VENDOR, capability, &steps)))
        take_capability(device, capability);
    if (!device->registers || !device->notify) {
        fw_note("%s: no registers of virtio 1 in an assigned memory BAR", device->name);
        fw_pci_write16(walk->pci, at, ZP_PCI_COMMAND, device->command);
        walk->bus->device_count++; /* and this is said once */
        return;
    }
    fw_pci_write16(walk->pci, at, ZP_PCI_COMMAND, device->command | DRIVING);
    fw_virtio_drive(device);
}

void fw_virtio_add_pci(struct fw_virtio_bus *bus, const struct fw_pci *pci)
{
    struct walk walk = {bus, pci};

    fw_pci_walk(pci, meet, &walk);
}
