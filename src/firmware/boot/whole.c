/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Disks: what reads them has no room in 128 KiB beside what sets a machine up and boots kernels, so that it
 * is packed, by NRV2E: an eighth smaller than LZ4 makes it, and undone within a millisecond. Puts it into
 * RAM, out of any kernel's way, and calls it with the functions of ours that it needs. System V ABI for
 * AMD64, "Relocation".
 */
#include "../../core/seam.h"
#include "part.h"

#define PAGE 4096u

struct relocation {
    uint64_t offset, info;
    uint64_t addend;
};

extern const uint8_t fw_whole[];
extern const uint32_t fw_whole_bytes, fw_whole_memory;
size_t fw_unpack(uint8_t *to, const uint8_t *from); /* unpack.S */

static fw_part_entry *settle(uint8_t *bytes)
{
    const struct fw_part *part = (const void *)bytes;
    const struct relocation *relocations = (const void *)(bytes + part->relocations);

    for (size_t i = 0; i < (part->relocations_end - part->relocations) / sizeof(*relocations); i++)
        *(uint64_t *)(bytes + relocations[i].offset) = (uintptr_t)bytes + relocations[i].addend;
    memset(bytes + part->bss, 0, part->bss_end - part->bss);
    return (fw_part_entry *)(uintptr_t)(bytes + part->entry);
}

void fw_boot_disks(struct arrival *arrival)
{
    static const struct fw_rom rom = {fw_boot, fw_is_kernel, stub_say_list, stub_see, stub_find, stub_keep};
    uint64_t place;
    uint8_t *bytes;

    stub_ranges_done(arrival); /* after a reset nobody has needed that yet */
    place = stub_find(arrival, fw_whole_memory, PAGE, 0, 0, 0);
    if (place == 0) {
        fw_note("disks: no room for %d KiB", (uint64_t)fw_whole_memory >> 10);
        return;
    }
    bytes = (uint8_t *)(uintptr_t)stub_see(place, fw_whole_memory);
    stub_keep(arrival, place, fw_whole_memory);
    if (fw_unpack(bytes, fw_whole) != fw_whole_bytes) {
        fw_note("disks: what reads them is damaged");
        return;
    }
    settle(bytes)(arrival, &rom);
}
