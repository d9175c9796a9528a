/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio over memory-mapped registers. Receives addresses, from the kernel command line or from ACPI;
 * guarantees that a place without a device of version 2 is refused (version 1, "legacy", knows another queue)
 * and that no place is taken twice. VIRTIO 1.2, section 4.2; Linux, Documentation/admin-guide
 * (virtio_mmio.device=).
 */
#include "../core/checked.h"
#include "io.h"
#include "virtio.h"

#define VERSION  2
#define LEGACY   1
#define OPTION   "virtio_mmio.device="
#define LAST_END (UINT64_C(1) << 52)

static uint32_t get(const struct fw_virtio *device, uint32_t offset)
{
    return fw_read32(device->registers + offset);
}

static void set(const struct fw_virtio *device, uint32_t offset, uint32_t value)
{
    fw_write32(device->registers + offset, value);
}

/* All of its bits: one that is set above the eight known is no sound status either. */
static uint8_t status(const struct fw_virtio *device)
{
    uint32_t value = get(device, ZP_VIRTIO_MMIO_STATUS);

    return value > UINT8_MAX ? UINT8_MAX : (uint8_t)value;
}

static void set_status(const struct fw_virtio *device, uint8_t value)
{
    set(device, ZP_VIRTIO_MMIO_STATUS, value);
}

static uint64_t features(const struct fw_virtio *device)
{
    uint64_t low;

    set(device, ZP_VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
    low = get(device, ZP_VIRTIO_MMIO_DEVICE_FEATURES);
    set(device, ZP_VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
    return low | (uint64_t)get(device, ZP_VIRTIO_MMIO_DEVICE_FEATURES) << 32;
}

static void accept(const struct fw_virtio *device, uint64_t value)
{
    set(device, ZP_VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
    set(device, ZP_VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)value);
    set(device, ZP_VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    set(device, ZP_VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(value >> 32));
}

static uint32_t queue_max(const struct fw_virtio *device, uint16_t index)
{
    set(device, ZP_VIRTIO_MMIO_QUEUE_SEL, index);
    return get(device, ZP_VIRTIO_MMIO_QUEUE_NUM_MAX);
}

static void set_address(const struct fw_virtio *device, uint32_t offset, const volatile void *memory)
{
    uint64_t address = (uintptr_t)memory;

    set(device, offset, (uint32_t)address);
    set(device, offset + 4, (uint32_t)(address >> 32));
}

static int queue_start(struct fw_virtio *device)
{
    const struct fw_virtio_queue *queue = &device->queue;

    set(device, ZP_VIRTIO_MMIO_QUEUE_NUM, queue->size);
    set_address(device, ZP_VIRTIO_MMIO_QUEUE_DESC, queue->desc);
    set_address(device, ZP_VIRTIO_MMIO_QUEUE_DRIVER, queue->avail);
    set_address(device, ZP_VIRTIO_MMIO_QUEUE_DEVICE, queue->used);
    set(device, ZP_VIRTIO_MMIO_QUEUE_READY, 1);
    return 0;
}

static void notify(const struct fw_virtio *device)
{
    set(device, ZP_VIRTIO_MMIO_QUEUE_NOTIFY, device->queue.index);
}

static uint32_t generation(const struct fw_virtio *device)
{
    return get(device, ZP_VIRTIO_MMIO_CONFIG_GENERATION);
}

static void release(const struct fw_virtio *device, bool is_reset)
{
    (void)device;
    (void)is_reset;
}

const struct fw_virtio_transport fw_virtio_mmio = {
    status, set_status, features, accept, queue_max, queue_start, notify, generation, release,
};

static bool is_known(const struct fw_virtio_bus *bus, uint64_t address)
{
    for (size_t i = 0; i < bus->device_count; i++)
        if (bus->devices[i].transport == &fw_virtio_mmio && bus->devices[i].registers == address)
            return true;
    return false;
}

/* The type of the device there; 0: none, or nothing for us. */
static uint32_t look(uint64_t address)
{
    uint32_t magic = fw_read32(address + ZP_VIRTIO_MMIO_MAGIC_VALUE), version, type;

    if (magic != ZP_VIRTIO_MMIO_MAGIC) {
        fw_note("virtio-mmio 0x%x: magic 0x%x: no device", address, (uint64_t)magic);
        return 0;
    }
    version = fw_read32(address + ZP_VIRTIO_MMIO_VERSION);
    type = fw_read32(address + ZP_VIRTIO_MMIO_DEVICE_ID);
    if (!fw_virtio_known(type))
        return 0; /* 0 is a slot without a device */
    if (version != VERSION) {
        fw_note(version == LEGACY
                    ? "virtio-mmio 0x%x: version %u: a legacy device, which this firmware does not drive"
                    : "virtio-mmio 0x%x: version %u: not known",
                address, (uint64_t)version);
        return 0;
    }
    return type;
}

void fw_virtio_add_mmio(struct fw_virtio_bus *bus, uint64_t address, uint64_t size, uint32_t irq)
{
    struct fw_virtio *device;
    uint32_t type;

    if (size < ZP_VIRTIO_MMIO_CONFIG || address % 4 || address == 0 || !zp_fits(address, size, LAST_END)) {
        fw_note("virtio-mmio 0x%x: 0x%x bytes: no place for a device", address, size);
        return;
    }
    if (is_known(bus, address))
        return;
    if (!fw_reach(address, size)) {
        fw_note("virtio-mmio 0x%x: this CPU has no such address", address);
        return;
    }
    type = look(address);
    if (type == 0)
        return;
    device = fw_virtio_new(bus, &fw_virtio_mmio, type);
    if (!device)
        return;
    fw_name_text(device->name, sizeof(device->name), "0x");
    fw_name_number(device->name, sizeof(device->name), address, 16, 1);
    device->registers = address;
    device->config = address + ZP_VIRTIO_MMIO_CONFIG;
    device->config_bytes = size - ZP_VIRTIO_MMIO_CONFIG;
    device->irq = irq;
    fw_virtio_drive(device);
}

/* --- the command line --- */

static unsigned digit_of(char character)
{
    if (character >= '0' && character <= '9')
        return (unsigned)(character - '0');
    if ((character | 0x20) >= 'a' && (character | 0x20) <= 'f')
        return (unsigned)((character | 0x20) - 'a' + 10);
    return 16;
}

/* A number as C writes it, decimal, octal or hexadecimal. Where it ends, or NULL: none, or above 64 bits. */
static const char *number(const char *text, uint64_t *ret_value)
{
    unsigned base = 10;
    uint64_t value = 0;
    const char *from;

    if (text[0] == '0' && (text[1] | 0x20) == 'x') {
        base = 16;
        text += 2;
    } else if (text[0] == '0') {
        base = 8;
    }
    for (from = text; digit_of(*text) < base; text++)
        if (!zp_multiply(value, base, &value) || !zp_add(value, digit_of(*text), &value))
            return NULL;
    *ret_value = value;
    return text == from ? NULL : text;
}

/* The same, and K, M or G behind it. */
static const char *amount(const char *text, uint64_t *ret_value)
{
    uint64_t unit = 1;

    text = number(text, ret_value);
    if (!text)
        return NULL;
    switch (*text | 0x20) {
    case 'g': unit <<= 10; __attribute__((fallthrough));
    case 'm': unit <<= 10; __attribute__((fallthrough));
    case 'k':
        unit <<= 10;
        text++;
        break;
    default: break;
    }
    return zp_multiply(*ret_value, unit, ret_value) ? text : NULL;
}

static bool ends(char character)
{
    return character == '\0' || character == ' ' || character == '\t' || character == '\n';
}

/* SIZE@ADDRESS:IRQ[:ID] */
static bool parse(const char *text, uint64_t *ret_size, uint64_t *ret_address, uint64_t *ret_irq)
{
    uint64_t id;

    text = amount(text, ret_size);
    if (!text || *text++ != '@')
        return false;
    text = number(text, ret_address);
    if (!text || *text++ != ':')
        return false;
    text = number(text, ret_irq);
    if (text && *text == ':')
        text = number(text + 1, &id);
    return text && ends(*text) && *ret_irq <= UINT32_MAX;
}

/* Behind a word "--" are arguments of init. */
void fw_virtio_add_cmdline(struct fw_virtio_bus *bus, const char *cmdline)
{
    uint64_t size, address, irq;

    while (*cmdline) {
        const char *word = cmdline;
        size_t length = 0;

        while (!ends(word[length]))
            length++;
        cmdline += length + (word[length] != '\0');
        if (length == 2 && memcmp(word, "--", 2) == 0)
            return;
        if (length < sizeof(OPTION) || memcmp(word, OPTION, sizeof(OPTION) - 1) != 0)
            continue;
        if (parse(word + sizeof(OPTION) - 1, &size, &address, &irq))
            fw_virtio_add_mmio(bus, address, size, (uint32_t)irq);
        else
            fw_note("command line: virtio_mmio.device= is not SIZE@ADDRESS:IRQ");
    }
}
