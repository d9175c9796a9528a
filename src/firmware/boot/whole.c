/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Disks, for the ROM: what reads them has no room in 128 KiB beside what sets a machine up, so that the ROM
 * has the other shape of the firmware inside, zeropage-fw.elf, packed. That is a kernel like any other: it is
 * unpacked to RAM and booted by the core, and finds by its own protocol all that it needs. This costs some
 * milliseconds, and only those who boot from disks.
 */
#include "../../core/seam.h"
#include "boot.h"

#define PAGE 4096u

extern const uint8_t fw_whole[], fw_whole_end[];
extern const uint32_t fw_whole_bytes;
void unpack_body(uint8_t *to, const uint8_t *from, const uint8_t *end, size_t size); /* pack/stub */

void fw_boot_disks(struct arrival *arrival)
{
    const size_t size = fw_whole_bytes;
    struct fw_kernel kernel = {.cmdline = arrival->cmdline, .cmdline_length = arrival->cmdline_length};
    struct zp_memory_source source;
    uint64_t place;
    uint8_t *bytes;

    place = stub_find(arrival, size, PAGE, 0, 0, 0);
    if (place == 0) {
        fw_note("disks: no room for %d KiB", (uint64_t)size >> 10);
        return;
    }
    bytes = (uint8_t *)(uintptr_t)stub_see(place, size);
    stub_keep(arrival, place, size);
    unpack_body(bytes, fw_whole, fw_whole_end, size);
    zp_memory_source_init(&source, bytes, size);
    kernel.source = &source.source;
    fw_boot(arrival, &kernel);
}
