/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-rng: random bytes from the host, for the kernel's seed. Guarantees that what is given back was
 * written by the device, not more than it says, and that no more is asked of it once it was silent.
 * VIRTIO 1.2, section 5.4.
 */
#include "../core/seam.h"
#include "virtio.h"

#define QUEUE_SIZE 8
#define TRIES      16 /* it may give less than it was asked for, but not nothing */

int fw_virtio_rng(struct fw_virtio *device)
{
    if (device->bus->rng || fw_virtio_start(device, 0) || fw_virtio_run(device, 0, QUEUE_SIZE))
        return -1;
    device->bus->rng = device;
    return 0;
}

size_t fw_virtio_random(struct fw_virtio_bus *bus, void *buffer, size_t size)
{
    struct fw_virtio *device = bus->rng;
    unsigned char *to = buffer;
    size_t have = 0;
    uint32_t got;

    for (unsigned try = 0; device && have < size && try < TRIES; try++) {
        struct fw_virtio_part part = {device->scratch, FW_SCRATCH, true};

        if (size - have < FW_SCRATCH)
            part.size = (uint32_t)(size - have);
        if (fw_virtio_request(device, &part, 1, &got) || got == 0)
            break;
        memcpy(to + have, device->scratch, got);
        memset(device->scratch, 0, got); /* nobody else's */
        have += got;
    }
    return have;
}
