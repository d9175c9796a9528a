/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the firmware, ROM or ELF, and its part for disks, which has no room in it but packed, and runs in
 * RAM: what the part is told, and the functions of the firmware that it calls. They are of one build.
 */
#ifndef ZP_FIRMWARE_BOOT_PART_H
#define ZP_FIRMWARE_BOOT_PART_H

#include "boot.h"
#include "buses.h"

/* How the part begins; all is counted from there. */
struct fw_part {
    uint32_t entry;                        /* of fw_part_entry */
    uint32_t relocations, relocations_end; /* Elf64_Relr */
    uint32_t bss, bss_end;
};

struct fw_rom {
    void (*boot)(struct arrival *arrival, const struct fw_kernel *kernel);
    bool (*is_kernel)(const struct zp_source *source);
    void (*say_list)(const char *format, va_list values);
    const void *(*see)(uint64_t address, uint64_t size);
    uint64_t (*find)(const struct arrival *arrival, uint64_t size, uint64_t align, uint64_t avoid,
                     uint64_t avoid_size, uint64_t end);
    void (*keep)(struct arrival *arrival, uint64_t start, uint64_t size);
    void (*pci_setup)(const struct fw_windows *windows);
    uint64_t (*address_mask)(void);
};

typedef void fw_part_entry(struct arrival *arrival, const struct fw_rom *rom);

#endif
