/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-blk: one disk. Receives a device that is found; guarantees that what it tells of itself (capacity,
 * sector size, limits of a request) was read in one piece and makes sense, and that reads lie on the disk and
 * within those limits. Nothing is ever written. VIRTIO 1.2, section 5.2.
 */
#include "../core/checked.h"
#include "virtio.h"

#define UNIT           512u /* of capacity and requests, whatever a sector has */
#define SECTOR_MAX     4096u
#define QUEUE          0
#define QUEUE_SIZE     16
#define QUEUE_LONG     128 /* where a descriptor may not have all of a request */
#define CONFIG_TRY     8   /* it changes as often as that, and is not read */
#define NEVER_A_STATUS 0xff

#define BIT(number) (UINT64_C(1) << (number))
#define WANTED      (BIT(ZP_VIRTIO_BLK_F_SIZE_MAX) | BIT(ZP_VIRTIO_BLK_F_SEG_MAX) | BIT(ZP_VIRTIO_BLK_F_BLK_SIZE))

struct config {
    uint64_t capacity;
    uint32_t size_max, seg_max, blk_size;
};

static bool has(const struct fw_virtio *device, unsigned bit)
{
    return device->features & BIT(bit);
}

/* The fields that its features say are there; of one generation. */
static bool read_config(const struct fw_virtio *device, struct config *ret)
{
    for (unsigned try = 0; try < CONFIG_TRY; try++) {
        uint32_t generation = device->transport->generation(device);

        ret->capacity = fw_virtio_config32(device, ZP_VIRTIO_BLK_CAPACITY) |
                        (uint64_t)fw_virtio_config32(device, ZP_VIRTIO_BLK_CAPACITY + 4) << 32;
        ret->size_max = has(device, ZP_VIRTIO_BLK_F_SIZE_MAX)
                            ? fw_virtio_config32(device, ZP_VIRTIO_BLK_SIZE_MAX)
                            : FW_REQUEST_MAX;
        ret->seg_max = has(device, ZP_VIRTIO_BLK_F_SEG_MAX)
                           ? fw_virtio_config32(device, ZP_VIRTIO_BLK_SEG_MAX)
                           : QUEUE_LONG;
        ret->blk_size =
            has(device, ZP_VIRTIO_BLK_F_BLK_SIZE) ? fw_virtio_config32(device, ZP_VIRTIO_BLK_BLK_SIZE) : UNIT;
        if (device->transport->generation(device) == generation)
            return true;
    }
    fw_note("%s: its configuration does not hold still", device->name);
    return false;
}

static bool is_sound(const struct fw_virtio *device, const struct config *config)
{
    uint64_t bytes;

    if (!zp_is_power_of_two(config->blk_size) || config->blk_size < UNIT || config->blk_size > SECTOR_MAX) {
        fw_note("%s: blk_size: sectors of %u bytes", device->name, (uint64_t)config->blk_size);
        return false;
    }
    if (config->capacity < config->blk_size / UNIT || !zp_multiply(config->capacity, UNIT, &bytes)) {
        fw_note("%s: capacity: 0x%x sectors", device->name, config->capacity);
        return false;
    }
    return true;
}

/* Bytes of a request, in whole sectors; 0: not even one. */
static uint32_t request_max(struct fw_virtio *device, const struct config *config)
{
    uint64_t pieces = config->seg_max, bytes;

    device->segment_max = config->size_max < FW_REQUEST_MAX ? config->size_max & ~(UNIT - 1) : FW_REQUEST_MAX;
    if (pieces > device->queue.size - 2u) /* its header and its status have two */
        pieces = device->queue.size - 2u;
    bytes = pieces * device->segment_max;
    if (bytes > FW_REQUEST_MAX)
        bytes = FW_REQUEST_MAX;
    return (uint32_t)zp_align_down(bytes, config->blk_size);
}

static int read_sectors(void *context, uint64_t sector, uint32_t count, void *buffer)
{
    struct fw_virtio *device = context;
    struct zp_virtio_blk_req request = {.type = ZP_VIRTIO_BLK_T_IN,
                                        .sector = sector * (device->sector_size / UNIT)};
    unsigned char *status = device->scratch + sizeof(request);
    const struct fw_virtio_part parts[] = {
        {device->scratch, sizeof(request), false},
        {buffer, count * device->sector_size, true},
        {status, 1, true},
    };
    uint32_t written;

    if (!device->running || count == 0 || count > device->max_count ||
        !zp_fits(sector, count, device->sectors))
        return -1;
    memcpy(device->scratch, &request, sizeof(request));
    *status = NEVER_A_STATUS;
    if (fw_virtio_request(device, parts, 3, &written))
        return -1;
    if (*status == ZP_VIRTIO_BLK_S_OK)
        return 0;
    fw_note("%s: sector %u: reading failed with status %u", device->name, sector, (uint64_t)*status);
    return -1;
}

int fw_virtio_blk(struct fw_virtio *device)
{
    struct config config;
    struct fw_disk *disk;

    if (fw_virtio_start(device, WANTED) || !read_config(device, &config) || !is_sound(device, &config) ||
        fw_virtio_run(device, QUEUE, config.size_max < FW_REQUEST_MAX ? QUEUE_LONG : QUEUE_SIZE))
        return -1;
    device->sector_size = config.blk_size;
    device->sectors = config.capacity / (config.blk_size / UNIT);
    device->max_count = request_max(device, &config) / config.blk_size;
    if (device->max_count == 0) {
        fw_note("%s: size_max, seg_max: a request has no room for a sector", device->name);
        return -1;
    }
    disk = fw_virtio_disk(device->bus);
    if (!disk)
        return -1;
    memset(disk, 0, sizeof(*disk));
    fw_name_text(disk->name, sizeof(disk->name), device->name);
    disk->sector_size = config.blk_size;
    disk->sectors = device->sectors;
    disk->max_count = device->max_count;
    disk->read = read_sectors;
    disk->context = device;
    return 0;
}
