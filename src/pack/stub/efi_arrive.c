/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is left of an EFI firmware in memory when boot_params tells of one (efi_info), whoever left its boot
 * services. Tables that the configuration table points to - memory attributes, ESRT, machine owner keys - lie
 * in memory of boot services, which is RAM by e820 (UEFI 2.10, 7.2.3): a kernel that looks for them expects
 * that its loader used none of that memory. Guarantees that what may lie anywhere does not lie there. The
 * memory map itself is reserved by arrive_linux.c, which has also checked where it lies.
 */
#include "efi.h"

/* False: it describes nothing. */
bool stub_efi_descriptor(const void *map, uint64_t at, struct zp_efi_memory_descriptor *ret)
{
    memcpy(ret, (const uint8_t *)map + at, sizeof(*ret));
    return ret->number_of_pages != 0 && ret->number_of_pages <= UINT64_MAX >> ZP_EFI_PAGE_SHIFT &&
           ret->physical_start <= UINT64_MAX - (ret->number_of_pages << ZP_EFI_PAGE_SHIFT);
}

void stub_efi_arrive(struct arrival *arrival)
{
    struct zp_efi_info info = arrival->boot_params.efi_info;
    uint64_t stride = info.efi_memdesc_size, size = info.efi_memmap_size;
    struct zp_efi_memory_descriptor descriptor;
    const void *map;

    if (!arrival->has_boot_params || info.efi_loader_signature != ZP_EFI64_LOADER_SIGNATURE ||
        stride < sizeof(descriptor) || size < stride)
        return;
    map = stub_see((uint64_t)info.efi_memmap_hi << 32 | info.efi_memmap, size);
    for (uint64_t at = 0; at <= size - stride; at += stride)
        if (stub_efi_descriptor(map, at, &descriptor) &&
            (descriptor.type == ZP_EFI_BOOT_SERVICES_DATA || descriptor.type == ZP_EFI_BOOT_SERVICES_CODE))
            stub_keep(arrival, descriptor.physical_start, descriptor.number_of_pages << ZP_EFI_PAGE_SHIFT);
}
