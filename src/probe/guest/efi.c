/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What only boot services tell an EFI application: its own image and options, and the memory map. Receives
 * the firmware still in charge, on its own stack, GDT and IDT, with the CPU's state saved; leaves what it was
 * told for the report, and never asks again. UEFI 2.9, 4.4 "EFI Boot Services Table", 7.2.3, 7.3.7, 9.1.
 */
#include <zeropage/wire/acpi.h>
#include <zeropage/wire/efi.h>

#include "guest.h"

#define MEMORY_MAP_MAX 0x6000
#define TABLES_MAX     64u

/* Not to be cleared with the rest (body.ld): this runs before. */
#define KEPT __attribute__((section(".bss.found")))

typedef uint64_t __attribute__((ms_abi))
handle_protocol(uint64_t handle, const struct zp_efi_guid *protocol, void **ret_interface);
typedef uint64_t __attribute__((ms_abi)) get_memory_map(uint64_t *size, void *map, uint64_t *ret_key,
                                                        uint64_t *ret_descriptor_size, uint32_t *ret_version);

static struct zp_probe_efi told KEPT;
static uint64_t memory_map[MEMORY_MAP_MAX / 8] KEPT;

static void ask_image(const struct zp_efi_boot_services *services)
{
    static const struct zp_efi_guid loaded_image = {
        0x5b1b31a1, 0x9562, 0x11d2, {0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};
    handle_protocol *ask = (handle_protocol *)(uintptr_t)services->handle_protocol;
    void *interface = NULL;
    const struct zp_efi_loaded_image *image;

    if (ask(guest_found.cpu.rcx, &loaded_image, &interface) != 0 || interface == NULL)
        return;
    image = interface;
    told.image_base = image->image_base;
    told.image_size = image->image_size;
    told.load_options = image->load_options;
    told.load_options_size = image->load_options_size;
}

static void ask_memory(const struct zp_efi_boot_services *services)
{
    get_memory_map *ask = (get_memory_map *)(uintptr_t)services->get_memory_map;
    uint64_t size = sizeof(memory_map), key, descriptor_size = 0;
    uint32_t version;

    if (ask(&size, memory_map, &key, &descriptor_size, &version) != 0)
        size = 0;
    told.memory_map = (uintptr_t)memory_map;
    told.memory_map_size = size;
    told.descriptor_size = descriptor_size;
}

void guest_efi_ask(void)
{
    const struct zp_efi_system_table *system =
        (const struct zp_efi_system_table *)(uintptr_t)guest_found.cpu.rdx;
    const struct zp_efi_boot_services *services;

    memset(&told, 0, sizeof(told));
    if (system->hdr.signature != ZP_EFI_SYSTEM_TABLE_SIGNATURE || system->boot_services == 0)
        return;
    services = (const struct zp_efi_boot_services *)(uintptr_t)system->boot_services;
    ask_image(services);
    ask_memory(services);
}

const struct zp_probe_efi *guest_efi(void)
{
    return &told;
}

/* A configuration table that is an RSDP, whatever its identity. */
uint64_t guest_efi_rsdp(void)
{
    struct zp_efi_system_table system;
    struct zp_efi_configuration_table table;
    char signature[8];

    if (guest_peek(NULL, guest_found.cpu.rdx, &system, sizeof(system)) != 0)
        return 0;
    for (uint64_t i = 0; i < system.number_of_table_entries && i < TABLES_MAX; i++) {
        if (guest_peek(NULL, system.configuration_table + i * sizeof(table), &table, sizeof(table)) != 0)
            return 0;
        if (guest_peek(NULL, table.vendor_table, signature, sizeof(signature)) == 0 &&
            memcmp(signature, ZP_ACPI_RSDP_SIGNATURE, sizeof(signature)) == 0)
            return table.vendor_table;
    }
    return 0;
}
