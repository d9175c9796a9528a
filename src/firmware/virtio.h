/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio devices: found on PCI or told of by address, driven with one queue and one request at a time, reset
 * when the firmware is done. virtio_pci.c and virtio_mmio.c know the registers, virtio.c rings and features,
 * virtio_blk.c, virtio_scsi.c and virtio_rng.c what to ask for.
 *
 * A device may answer with anything at any time. Every wait has an end; a device that breaks the rules, or
 * answers not at all, is reset and asked no more.
 */
#ifndef ZP_FIRMWARE_VIRTIO_H
#define ZP_FIRMWARE_VIRTIO_H

#include <zeropage/wire/virtio.h>

#include "disk.h"
#include "pci.h"

#define FW_VIRTIO_MAX 64 /* devices that are driven; others are noted */
#define FW_DISK_MAX   64

/* Of one request: at most so many bytes, so that a slow host answers in time. */
#define FW_REQUEST_MAX (UINT32_C(16) << 20)

/* A disk's worth of patience, in ticks: 5 to 10 seconds as TSCs go. It shrinks with each device that is
 * silent. */
#define FW_PATIENCE       (UINT64_C(20) << 30)
#define FW_PATIENCE_LEAST (FW_PATIENCE / 16)

struct fw_virtio;
struct fw_virtio_bus;

struct fw_virtio_transport {
    uint8_t (*status)(const struct fw_virtio *device);
    void (*set_status)(const struct fw_virtio *device, uint8_t status);
    uint64_t (*features)(const struct fw_virtio *device);
    void (*accept)(const struct fw_virtio *device, uint64_t features);
    uint32_t (*queue_max)(const struct fw_virtio *device, uint16_t index); /* selects it; 0: none */
    int (*queue_start)(struct fw_virtio *device);                          /* 0, or -1 and a note */
    void (*notify)(const struct fw_virtio *device);
    uint32_t (*generation)(const struct fw_virtio *device);
    /* Once it is reset, or would not be: as it was found, but unable to write to memory if it would not. */
    void (*release)(const struct fw_virtio *device, bool is_reset);
};
extern const struct fw_virtio_transport fw_virtio_pci, fw_virtio_mmio;

/* The driver's own count of the ring is the one that counts: memory that a device sees is written only. */
struct fw_virtio_queue {
    struct zp_virtq_desc *desc;
    struct zp_virtq_avail *avail;
    volatile struct zp_virtq_used *used;
    uint16_t index, size, issued;
    uint16_t put, filled, chain; /* chains to be issued, descriptors of all and of each */
    uint64_t writable;           /* bytes that the device may write to each */
    uint64_t notify;             /* PCI: where to */
};

struct fw_virtio {
    struct fw_virtio_bus *bus;
    const struct fw_virtio_transport *transport;
    char name[32]; /* "virtio-blk 00:03.0", "virtio-blk 0xfeb00e00" */
    uint32_t type; /* ZP_VIRTIO_ID_* */
    bool touched;  /* it may be other than reset */
    bool running;
    uint64_t features;     /* what both sides agreed on */
    uint64_t registers;    /* PCI: common configuration; MMIO: all */
    uint64_t config;       /* the device's own configuration */
    uint64_t config_bytes; /* of it that there are */
    /* PCI */
    const struct fw_pci *pci;
    uint16_t at, command; /* command register as found */
    uint64_t notify, notify_bytes;
    uint32_t notify_multiplier;
    /* MMIO */
    uint32_t irq;
    struct fw_virtio_queue queue;
    uint32_t segment_max;   /* no descriptor has more bytes */
    unsigned char *scratch; /* FW_SCRATCH bytes of memory for headers and small answers */
    /* Block */
    uint64_t sectors;
    uint32_t sector_size, max_count;
};
#define FW_SCRATCH 1024

struct fw_virtio_bus {
    struct fw_arena *arena; /* queues lie there: below 2^52 at their own address until all are quiesced */
    uint64_t patience;
    struct fw_virtio devices[FW_VIRTIO_MAX];
    size_t device_count;
    struct fw_disk disks[FW_DISK_MAX];
    size_t disk_count;
    struct fw_virtio *rng;
};

/* Nothing found yet. */
void fw_virtio_begin(struct fw_virtio_bus *bus, struct fw_arena *arena);

/* Each finds devices, and disks in them, in the order of their places; BARs are assigned. pci stays. */
void fw_virtio_add_pci(struct fw_virtio_bus *bus, const struct fw_pci *pci);
/* Registers at an address, as the kernel command line or ACPI tells; the same again is passed over. */
void fw_virtio_add_mmio(struct fw_virtio_bus *bus, uint64_t address, uint64_t size, uint32_t irq);
/* Each virtio_mmio.device=SIZE@ADDRESS:IRQ[:ID] of a kernel command line. */
void fw_virtio_add_cmdline(struct fw_virtio_bus *bus, const char *cmdline);

/* Random bytes; how many there were. */
size_t fw_virtio_random(struct fw_virtio_bus *bus, void *buffer, size_t size);

/*
 * Before the kernel is entered: each device that was touched is reset and as it was found. Disks fail from
 * then on.
 */
void fw_virtio_quiesce_all(struct fw_virtio_bus *bus);

/* --- between transports, rings and drivers --- */

/* Called by transports. The next device to fill, or NULL and a note; fw_virtio_drive takes it in. */
struct fw_virtio *fw_virtio_new(struct fw_virtio_bus *bus, const struct fw_virtio_transport *transport,
                                uint32_t type);
void fw_virtio_drive(struct fw_virtio *device);
/* The kinds that there is a driver for. */
bool fw_virtio_known(uint32_t type);
/* To a device's or disk's name. */
void fw_name_text(char *name, size_t size, const char *text);
void fw_name_number(char *name, size_t size, uint64_t value, unsigned base, unsigned digits);

/* Drivers: 0, or -1: it is noted why. They add disks by fw_virtio_disk. */
int fw_virtio_blk(struct fw_virtio *device);
int fw_virtio_scsi(struct fw_virtio *device);
int fw_virtio_rng(struct fw_virtio *device);
struct fw_disk *fw_virtio_disk(struct fw_virtio_bus *bus); /* the next to fill, or NULL and a note */

/* From reset to agreed features, of those wanted (and those that every driver must take). */
int fw_virtio_start(struct fw_virtio *device, uint64_t wanted);
/* Its queue of that number, of at most `size`, and on it goes. */
int fw_virtio_run(struct fw_virtio *device, uint16_t index, uint16_t size);
/* Resets the device; it is asked no more. */
void fw_virtio_stop(struct fw_virtio *device);
/* The same, and one line that says why. */
void fw_virtio_break(struct fw_virtio *device, const char *why);

/* A field of the device's configuration; 0 when it lies behind its end. */
uint32_t fw_virtio_config16(const struct fw_virtio *device, uint32_t offset);
uint32_t fw_virtio_config32(const struct fw_virtio *device, uint32_t offset);

struct fw_virtio_part {
    const void *address;
    uint32_t size;
    bool device_writes;
};
/*
 * One request, and its answer awaited. Parts that the device reads come first. 0 and how many bytes it says
 * it wrote; or -1: it is noted, and the device is stopped.
 */
int fw_virtio_request(struct fw_virtio *device, const struct fw_virtio_part *parts, size_t count,
                      uint32_t *ret_written);
/*
 * Several at once, of one shape: each put (-1: there is no room for another), then all of them under way
 * until the last is answered.
 */
#define FW_PUT_MAX 64
int fw_virtio_put(struct fw_virtio *device, const struct fw_virtio_part *parts, size_t count);
int fw_virtio_go(struct fw_virtio *device, uint32_t *ret_written);

#endif
