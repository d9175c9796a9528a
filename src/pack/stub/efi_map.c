/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory map of an EFI firmware as the ranges of e820 (UEFI 2.10, 7.2.3 "EFI_BOOT_SERVICES.
 * GetMemoryMap()" and table 7.10 on what the types mean after ExitBootServices; ACPI 6.5, 15.4 "UEFI
 * Assumptions and Requirements"). Receives descriptors of any stride, order and number; guarantees ranges
 * by address, none empty, none wrapping, neighbours of a type merged. Where a firmware's descriptors overlap
 * is for stub_ranges_done to settle.
 */
#include <zeropage/wire/e820.h>

#include "efi.h"

uint32_t stub_efi_type(uint32_t type, uint64_t attribute)
{
    switch (type) {
    case ZP_EFI_LOADER_CODE:
    case ZP_EFI_LOADER_DATA:
    case ZP_EFI_BOOT_SERVICES_CODE:
    case ZP_EFI_BOOT_SERVICES_DATA:
    case ZP_EFI_CONVENTIONAL_MEMORY:
        return attribute & ZP_EFI_MEMORY_SP ? ZP_E820_SOFT_RESERVED : ZP_E820_RAM;
    case ZP_EFI_ACPI_RECLAIM_MEMORY: return ZP_E820_ACPI;
    case ZP_EFI_ACPI_MEMORY_NVS: return ZP_E820_NVS;
    case ZP_EFI_UNUSABLE_MEMORY: return ZP_E820_UNUSABLE;
    case ZP_EFI_PERSISTENT_MEMORY: return ZP_E820_PMEM;
    /* Runtime services, devices, memory nobody accepted yet, and what is not known. */
    default: return ZP_E820_RESERVED;
    }
}

static uint64_t end_of(const struct zp_boot_e820_entry *range)
{
    return range->addr + range->size;
}

/* Puts a range where it belongs by address; *count ranges are there already and stored up to capacity. */
static void insert(struct zp_boot_e820_entry *ranges, size_t *count, size_t capacity,
                   const struct zp_boot_e820_entry *range)
{
    size_t at = *count < capacity ? *count : capacity;

    while (at > 0 && ranges[at - 1].addr > range->addr) {
        if (at < capacity)
            ranges[at] = ranges[at - 1];
        at--;
    }
    if (at < capacity)
        ranges[at] = *range;
    ++*count;
}

static size_t merge(struct zp_boot_e820_entry *ranges, size_t count)
{
    size_t merged = 0;

    for (size_t i = 0; i < count; i++) {
        if (merged && ranges[merged - 1].type == ranges[i].type &&
            end_of(&ranges[merged - 1]) == ranges[i].addr)
            ranges[merged - 1].size += ranges[i].size;
        else
            ranges[merged++] = ranges[i];
    }
    return merged;
}

size_t stub_efi_ranges(const void *map, uint64_t size, uint64_t stride, struct zp_boot_e820_entry *ranges,
                       size_t capacity)
{
    struct zp_efi_memory_descriptor descriptor;
    size_t count = 0;

    if (stride < sizeof(descriptor))
        return 0;
    for (uint64_t at = 0; size >= stride && at <= size - stride; at += stride) {
        struct zp_boot_e820_entry range;

        if (!stub_efi_descriptor(map, at, &descriptor))
            continue;
        range.addr = descriptor.physical_start;
        range.size = descriptor.number_of_pages << ZP_EFI_PAGE_SHIFT;
        range.type = stub_efi_type(descriptor.type, descriptor.attribute);
        insert(ranges, &count, capacity, &range);
    }
    return count > capacity ? count : merge(ranges, count);
}
