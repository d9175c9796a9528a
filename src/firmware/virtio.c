/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Features, rings and waits. Receives a device whose registers are found; guarantees that it was reset before
 * anything else, that no request is under way when a function returns, that every wait ends, and that what
 * the device writes to the rings is read once and held against what was asked: another index, head or length
 * ends its use. VIRTIO 1.2, sections 2.1, 2.7, 3.1; HOSTILE row 21.
 */
#include "virtio.h"
#include "../core/checked.h"
#include "io.h"

#define RESET_TICKS  (UINT64_C(4) << 30) /* a second or two */
#define ROUNDS       (UINT64_C(1) << 26) /* should time stand still; each is a pause */
#define RESET_ROUNDS (UINT64_C(1) << 20) /* each reads a register */
#define STATUS_EVERY UINT64_C(0x1000)    /* rounds between looks at the status */
#define CHAIN_LEAST  4                   /* descriptors: header, data, status; a power of two */

#define BIT(number) (UINT64_C(1) << (number))
/* An IOMMU is off or maps memory as it is, and fences are full ones: both cost nothing. */
#define TAKEN_ALWAYS \
    (BIT(ZP_VIRTIO_F_VERSION_1) | BIT(ZP_VIRTIO_F_ACCESS_PLATFORM) | BIT(ZP_VIRTIO_F_ORDER_PLATFORM))

struct wait {
    uint64_t begin, ticks, rounds;
};

static struct wait wait_for(uint64_t ticks, uint64_t rounds)
{
    return (struct wait){fw_ticks(), ticks, rounds};
}

static bool waits_on(struct wait *wait)
{
    if (wait->rounds == 0 || fw_ticks() - wait->begin > wait->ticks)
        return false;
    wait->rounds--;
    fw_pause();
    return true;
}

/* --- names --- */

void fw_name_text(char *name, size_t size, const char *text)
{
    size_t at = 0;

    while (name[at])
        at++;
    while (*text && at + 1 < size)
        name[at++] = *text++;
    name[at] = '\0';
}

void fw_name_number(char *name, size_t size, uint64_t value, unsigned base, unsigned digits)
{
    char text[21];
    unsigned at = sizeof(text) - 1;

    text[at] = '\0';
    do {
        text[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (at && (value || sizeof(text) - 1 - at < digits));
    fw_name_text(name, size, text + at);
}

/* --- devices --- */

void fw_virtio_begin(struct fw_virtio_bus *bus, struct fw_arena *arena)
{
    memset(bus, 0, sizeof(*bus));
    bus->arena = arena;
    bus->patience = FW_PATIENCE;
}

bool fw_virtio_known(uint32_t type)
{
    return type == ZP_VIRTIO_ID_BLOCK || type == ZP_VIRTIO_ID_SCSI || type == ZP_VIRTIO_ID_RNG;
}

struct fw_virtio *fw_virtio_new(struct fw_virtio_bus *bus, const struct fw_virtio_transport *transport,
                                uint32_t type)
{
    struct fw_virtio *device = &bus->devices[bus->device_count];

    if (bus->device_count == FW_VIRTIO_MAX) {
        fw_note("virtio: more than %u devices: the others are left alone", (uint64_t)FW_VIRTIO_MAX);
        return NULL;
    }
    memset(device, 0, sizeof(*device));
    device->bus = bus;
    device->transport = transport;
    device->type = type;
    device->segment_max = FW_REQUEST_MAX;
    fw_name_text(device->name, sizeof(device->name),
                 type == ZP_VIRTIO_ID_BLOCK  ? "virtio-blk "
                 : type == ZP_VIRTIO_ID_SCSI ? "virtio-scsi "
                                             : "virtio-rng ");
    return device;
}

/* A device that has nothing for us is reset, and keeps its place so that it is not taken again. */
void fw_virtio_drive(struct fw_virtio *device)
{
    int failed;

    device->bus->device_count++;
    device->touched = true;
    switch (device->type) {
    case ZP_VIRTIO_ID_BLOCK: failed = fw_virtio_blk(device); break;
    case ZP_VIRTIO_ID_SCSI: failed = fw_virtio_scsi(device); break;
    default: failed = fw_virtio_rng(device);
    }
    if (failed)
        fw_virtio_stop(device);
}

struct fw_disk *fw_virtio_disk(struct fw_virtio_bus *bus)
{
    if (bus->disk_count < FW_DISK_MAX)
        return &bus->disks[bus->disk_count++];
    fw_note("virtio: more than %u disks: the others are passed over", (uint64_t)FW_DISK_MAX);
    return NULL;
}

static bool reset(struct fw_virtio *device)
{
    struct wait wait = wait_for(RESET_TICKS, RESET_ROUNDS);

    device->transport->set_status(device, 0);
    while (device->transport->status(device) != 0)
        if (!waits_on(&wait))
            return false;
    return true;
}

void fw_virtio_stop(struct fw_virtio *device)
{
    bool is_reset;

    device->running = false;
    if (!device->touched)
        return;
    device->touched = false;
    is_reset = reset(device);
    if (!is_reset)
        fw_note("%s: it cannot be reset", device->name);
    device->transport->release(device, is_reset);
}

void fw_virtio_break(struct fw_virtio *device, const char *why)
{
    fw_note("%s: %s: it is asked no more", device->name, why);
    fw_virtio_stop(device);
}

void fw_virtio_quiesce_all(struct fw_virtio_bus *bus)
{
    for (size_t i = 0; i < bus->device_count; i++)
        fw_virtio_stop(&bus->devices[i]);
    bus->rng = NULL;
}

static int refuse(const struct fw_virtio *device, const char *why)
{
    fw_note("%s: %s", device->name, why);
    return -1;
}

int fw_virtio_start(struct fw_virtio *device, uint64_t wanted)
{
    const struct fw_virtio_transport *transport = device->transport;
    uint8_t status = ZP_VIRTIO_STATUS_ACKNOWLEDGE | ZP_VIRTIO_STATUS_DRIVER;

    if (!reset(device))
        return refuse(device, "status: it does not become 0 by a reset");
    transport->set_status(device, ZP_VIRTIO_STATUS_ACKNOWLEDGE);
    transport->set_status(device, status);
    device->features = transport->features(device);
    if (!(device->features & BIT(ZP_VIRTIO_F_VERSION_1)))
        return refuse(device, "features: a device of before version 1");
    device->features &= wanted | TAKEN_ALWAYS;
    transport->accept(device, device->features);
    status |= ZP_VIRTIO_STATUS_FEATURES_OK;
    transport->set_status(device, status);
    if (transport->status(device) != status)
        return refuse(device, "status: it does not take the features that it offers");
    return 0;
}

/* Both rings and the descriptors, aligned to 16 as the first of them; 2.7 asks for no more. */
static int take_queue(struct fw_virtio *device, uint16_t size)
{
    struct fw_virtio_queue *queue = &device->queue;
    size_t desc = sizeof(*queue->desc) * size;
    size_t avail = (sizeof(*queue->avail) + sizeof(uint16_t) * size + 3) & ~(size_t)3;
    size_t used = sizeof(*queue->used) + sizeof(struct zp_virtq_used_elem) * size;
    unsigned char *memory = fw_arena_take(device->bus->arena, desc + avail + used);

    device->scratch = fw_arena_take(device->bus->arena, FW_SCRATCH);
    if (!memory || !device->scratch)
        return refuse(device, "no memory for its queue");
    queue->size = size;
    queue->desc = (struct zp_virtq_desc *)memory;
    queue->avail = (struct zp_virtq_avail *)(memory + desc);
    queue->used = (volatile struct zp_virtq_used *)(memory + desc + avail);
    queue->avail->flags = ZP_VIRTQ_AVAIL_F_NO_INTERRUPT;
    return 0;
}

int fw_virtio_run(struct fw_virtio *device, uint16_t index, uint16_t size)
{
    const struct fw_virtio_transport *transport = device->transport;
    uint32_t max = transport->queue_max(device, index);
    uint8_t status = transport->status(device);

    while (size > max)
        size /= 2;
    if (size < CHAIN_LEAST)
        return refuse(device, max ? "queue: it is too short" : "queue: there is none");
    device->queue.index = index;
    if (take_queue(device, size) || transport->queue_start(device))
        return -1;
    transport->set_status(device, status | ZP_VIRTIO_STATUS_DRIVER_OK);
    device->running = true;
    return 0;
}

uint32_t fw_virtio_config16(const struct fw_virtio *device, uint32_t offset)
{
    return zp_fits(offset, 2, device->config_bytes) ? fw_read16(device->config + offset) : 0;
}

uint32_t fw_virtio_config32(const struct fw_virtio *device, uint32_t offset)
{
    return zp_fits(offset, 4, device->config_bytes) ? fw_read32(device->config + offset) : 0;
}

/* --- requests --- */

/* Pieces of one part, each as large as may be; how many, or -1: there are not as many descriptors. */
static int add_pieces(struct fw_virtio *device, const struct fw_virtio_part *part)
{
    struct fw_virtio_queue *queue = &device->queue;
    uint16_t flags = ZP_VIRTQ_DESC_F_NEXT | (part->device_writes ? ZP_VIRTQ_DESC_F_WRITE : 0);
    uint64_t address = (uintptr_t)part->address;

    for (uint32_t left = part->size; left;) {
        uint32_t size = left < device->segment_max ? left : device->segment_max;

        if (queue->filled == queue->size)
            return -1;
        queue->desc[queue->filled] = (struct zp_virtq_desc){address, size, flags, queue->filled + 1};
        queue->filled++;
        address += size;
        left -= size;
    }
    return 0;
}

int fw_virtio_put(struct fw_virtio *device, const struct fw_virtio_part *parts, size_t count)
{
    struct fw_virtio_queue *queue = &device->queue;
    uint16_t *ring = (uint16_t *)((uintptr_t)queue->avail + sizeof(*queue->avail));
    uint16_t head = queue->filled;
    uint64_t writable = 0;

    for (size_t i = 0; i < count; i++) {
        if (queue->put == FW_PUT_MAX || add_pieces(device, &parts[i])) {
            queue->filled = head;
            return -1;
        }
        writable += parts[i].device_writes ? parts[i].size : 0;
    }
    queue->desc[queue->filled - 1].flags &= (uint16_t)~ZP_VIRTQ_DESC_F_NEXT;
    queue->chain = queue->filled - head;
    queue->writable = writable;
    ring[(uint16_t)(queue->issued + queue->put++) % queue->size] = head;
    return 0;
}

/* A status of 0xff, as of a device that was pulled out, asks for a reset as well. */
static bool is_sound(const struct fw_virtio *device)
{
    uint8_t status = device->transport->status(device);

    return status & ZP_VIRTIO_STATUS_DRIVER_OK && !(status & ZP_VIRTIO_STATUS_NEEDS_RESET);
}

/* Whoever takes long leaves less time to the next; a disk that has to wake up may. */
static void lose_patience(struct fw_virtio_bus *bus, uint64_t waited)
{
    if (waited < FW_PATIENCE_LEAST)
        return;
    waited /= 2;
    bus->patience = bus->patience > waited + FW_PATIENCE_LEAST ? bus->patience - waited : FW_PATIENCE_LEAST;
}

/* Until all are answered. NULL, or what is wrong. */
static const char *await(struct fw_virtio *device)
{
    const struct fw_virtio_queue *queue = &device->queue;
    struct wait wait = wait_for(device->bus->patience, ROUNDS);
    uint16_t open;

    while ((open = (uint16_t)(queue->issued - queue->used->idx)) != 0) {
        if (open > queue->put)
            return "used ring: an index that it was not asked for";
        if (!waits_on(&wait)) {
            lose_patience(device->bus, device->bus->patience);
            return "no answer";
        }
        if (wait.rounds % STATUS_EVERY == 0 && !is_sound(device))
            return "it asks for a reset while a request is under way";
    }
    lose_patience(device->bus, fw_ticks() - wait.begin);
    return NULL;
}

/* Each head once, in any order. */
static const char *collect(const struct fw_virtio *device, uint32_t *ret_written)
{
    const struct fw_virtio_queue *queue = &device->queue;
    const volatile struct zp_virtq_used_elem *ring =
        (const volatile struct zp_virtq_used_elem *)((uintptr_t)queue->used + sizeof(*queue->used));
    uint64_t seen = 0;

    for (uint16_t i = 0; i < queue->put; i++) {
        uint16_t place = (uint16_t)(queue->issued - queue->put + i) % queue->size;
        uint32_t id = ring[place].id, length = ring[place].len, number = id / queue->chain;

        if (id % queue->chain || number >= queue->put || seen & BIT(number))
            return "used ring: a descriptor that it was not given";
        if (length > queue->writable)
            return "used ring: more bytes than there was room for";
        seen |= BIT(number);
        *ret_written = length;
    }
    return NULL;
}

int fw_virtio_go(struct fw_virtio *device, uint32_t *ret_written)
{
    struct fw_virtio_queue *queue = &device->queue;
    const char *wrong;

    queue->issued += queue->put;
    fw_fence();
    queue->avail->idx = queue->issued;
    fw_fence();
    device->transport->notify(device);
    wrong = await(device);
    fw_fence();
    if (!wrong)
        wrong = collect(device, ret_written);
    queue->put = queue->filled = 0;
    if (!wrong)
        return 0;
    fw_virtio_break(device, wrong);
    return -1;
}

int fw_virtio_request(struct fw_virtio *device, const struct fw_virtio_part *parts, size_t count,
                      uint32_t *ret_written)
{
    if (!device->running)
        return -1;
    if (fw_virtio_put(device, parts, count))
        return refuse(device, "queue: a request of more pieces than it has room for");
    return fw_virtio_go(device, ret_written);
}
