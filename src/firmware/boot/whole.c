/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Disks: what reads them has no room in 128 KiB beside what sets a machine up and boots kernels, so that it
 * is packed, by NRV2E: a sixth smaller than LZ4 makes it, and undone within a millisecond. Puts it into
 * RAM, out of any kernel's way, and calls it with the functions of ours that it needs. System V gABI,
 * "Relocation", DT_RELR.
 */
#include "../../core/seam.h"
#include "part.h"

#define PAGE 4096u

extern const uint8_t fw_whole[];
extern const uint32_t fw_whole_bytes, fw_whole_memory;
size_t fw_unpack(uint8_t *to, const uint8_t *from); /* unpack.S */

/* Each word of relocations is where one is, or, with bit 0 set, which ones are among the 63 behind the last.
 */
static fw_part_entry *settle(uint8_t *bytes)
{
    const struct fw_part *part = (const void *)bytes;
    const uint64_t *word = (const void *)(bytes + part->relocations);
    uint64_t *next = NULL;

    for (; (const uint8_t *)word != bytes + part->relocations_end; word++) {
        if (*word % 2 == 0) {
            next = (uint64_t *)(bytes + *word);
            *next++ += (uintptr_t)bytes;
            continue;
        }
        for (size_t i = 0; i < 63; i++, next++)
            if (*word >> (i + 1) & 1)
                *next += (uintptr_t)bytes;
    }
    memset(bytes + part->bss, 0, part->bss_end - part->bss);
    return (fw_part_entry *)(uintptr_t)(bytes + part->entry);
}

void fw_boot_disks(struct arrival *arrival)
{
    static const struct fw_rom rom = {fw_boot,   fw_is_kernel, stub_say_list, stub_see,
                                      stub_find, stub_keep,    fw_pci_setup,  stub_address_mask};
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
