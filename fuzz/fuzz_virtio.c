/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices that lie. The first bytes choose the devices and what each does wrong, the rest changes what the
 * driver reads of registers, configuration space and used rings, one byte an access: 0 leaves it as it is.
 * Asserted: every run ends within a bounded number of accesses, no request leads out of memory, what is read
 * lies on the disk that was told of, and afterwards every device that can be reset is.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fw_host.h"
#include "fw_machine.h"

#define CONTROL_SIZE 8u
#define DEVICES      3u
#define ARENA_SIZE   (256u << 10)
#define BUFFER_SIZE  FW_REQUEST_MAX
#define ACCESSES     2000000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *lies;
static size_t lie_count, lie;

/* What enemies like: nothing, everything, one more, one less, another bit, other widths. */
static uint64_t twist(uint64_t value)
{
    uint8_t how = lie < lie_count ? lies[lie++] : 0;

    switch (how >> 5) {
    case 0: return how == 0 ? value : value + how;
    case 1: return value - (how & 31);
    case 2: return value ^ UINT64_C(1) << (how & 31);
    case 3: return UINT64_C(1) << (how & 31);
    case 4: return (UINT64_C(1) << (how & 31)) - 1;
    case 5: return how & 31;
    case 6: return ~(uint64_t)0 - (how & 31);
    default: return value << (how & 31);
    }
}

static void insist(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "property broken: %s\n", what);
    abort();
}

static void add(struct fw_model *model, unsigned number, uint8_t what)
{
    const uint32_t types[] = {ZP_VIRTIO_ID_BLOCK, ZP_VIRTIO_ID_SCSI, ZP_VIRTIO_ID_RNG, ZP_VIRTIO_ID_BLOCK};

    fw_machine_model(model, types[what & 3]);
    model->mischief = (enum fw_mischief)((what >> 3) % FW_MISCHIEFS);
    if (what & 4)
        fw_machine_mmio(model, 0xfeb00000 + number * 0x200);
    else
        fw_machine_pci(model, FW_PCI_AT(0, 3 + number, 0), 0xfe000000 + number * 0x10000);
}

static void read_disks(const struct fw_virtio_bus *bus, unsigned char *buffer)
{
    for (size_t i = 0; i < bus->disk_count; i++) {
        const struct fw_disk *disk = &bus->disks[i];
        uint64_t end;

        insist(disk->sector_size >= 512 && disk->sector_size <= 4096 &&
                   (disk->sector_size & (disk->sector_size - 1)) == 0,
               "sectors of 512 to 4096 bytes");
        insist(disk->max_count && (uint64_t)disk->max_count * disk->sector_size <= FW_REQUEST_MAX,
               "a request has a sector, and not more than it may");
        insist(disk->sectors && !__builtin_mul_overflow(disk->sectors, disk->sector_size, &end),
               "a size of 64 bits");
        insist(strlen(disk->name) > 11 && strlen(disk->name) < sizeof(disk->name), "a name");
        disk->read(disk->context, 0, 1, buffer);
        disk->read(disk->context, disk->sectors - 1, 1, buffer);
        if (i < 2 && disk->max_count <= disk->sectors && disk->max_count <= 256)
            disk->read(disk->context, disk->sectors - disk->max_count, disk->max_count, buffer);
        insist(disk->read(disk->context, disk->sectors, 1, buffer) == -1, "nothing behind the end");
    }
}

static bool can_be_reset(const struct fw_model *model)
{
    return model->mischief != FW_IMMUNE && model->mischief != FW_NEVER_RESETS &&
           model->mischief != FW_PULLED_OUT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fw_virtio_bus bus;
    static unsigned char arena_bytes[ARENA_SIZE] __attribute__((aligned(16)));
    static unsigned char buffer[BUFFER_SIZE];
    static struct fw_model models[DEVICES];
    struct fw_arena arena = {.bytes = arena_bytes, .size = sizeof(arena_bytes)};
    struct fw_pci pci = {.last_bus = 255};
    char cmdline[256];
    size_t length = 0;

    if (size < CONTROL_SIZE)
        return 0;
    fw_machine_begin();
    fw_host_forget();
    fw_machine.limit = ACCESSES;
    fw_machine_memory(arena_bytes, sizeof(arena_bytes));
    fw_machine_memory(buffer, sizeof(buffer));
    for (unsigned i = 0; i < DEVICES; i++)
        add(&models[i], i, data[i]);
    if (data[3] & 1)
        fw_machine.ecam = pci.ecam = 0xb0000000;
    if (data[3] & 2)
        fw_machine_bridge(FW_PCI_AT(0, 9, 0), data[4], data[5]);
    /* A command line: three that are sound, or the input's own. */
    if (data[3] & 4) {
        length = size - CONTROL_SIZE < sizeof(cmdline) - 1 ? size - CONTROL_SIZE : sizeof(cmdline) - 1;
        memcpy(cmdline, data + CONTROL_SIZE, length);
        cmdline[length] = '\0';
    } else {
        snprintf(cmdline, sizeof(cmdline),
                 "virtio_mmio.device=512@0xfeb00000:5 virtio_mmio.device=512@0xfeb00200:6 "
                 "virtio_mmio.device=512@0xfeb00400:7");
    }
    lies = data + CONTROL_SIZE + length;
    lie_count = size - CONTROL_SIZE - length;
    lie = 0;
    fw_machine.twist = twist;
    fw_virtio_begin(&bus, &arena);
    fw_virtio_add_pci(&bus, &pci);
    fw_virtio_add_cmdline(&bus, cmdline);
    read_disks(&bus, buffer);
    fw_virtio_random(&bus, buffer, 64);
    fw_virtio_quiesce_all(&bus);
    for (unsigned i = 0; i < DEVICES; i++)
        insist(models[i].status == 0 || !can_be_reset(&models[i]), "a device that can be reset is");
    return 0;
}
