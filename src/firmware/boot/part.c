/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part for disks: entered by whole.c with what is known of the machine; for what readers and drivers ask
 * of the firmware, asks the ROM or ELF around it, which has it already.
 */
#include "part.h"
#include "../io.h"

static const struct fw_rom *rom;

fw_part_entry fw_part_begin;

__attribute__((used)) void fw_part_begin(struct arrival *arrival, const struct fw_rom *services)
{
    rom = services;
    fw_boot_disks(arrival);
}

void fw_boot(struct arrival *arrival, const struct fw_kernel *kernel)
{
    rom->boot(arrival, kernel);
}

bool fw_is_kernel(const struct zp_source *source)
{
    return rom->is_kernel(source);
}

void fw_note(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    rom->say_list(format, values);
    va_end(values);
}

const void *stub_see(uint64_t address, uint64_t size)
{
    return rom->see(address, size);
}

bool fw_reach(uint64_t address, uint64_t size)
{
    return rom->see(address, size) != NULL;
}

uint64_t stub_find(const struct arrival *arrival, uint64_t size, uint64_t align, uint64_t avoid,
                   uint64_t avoid_size, uint64_t end)
{
    return rom->find(arrival, size, align, avoid, avoid_size, end);
}

void stub_keep(struct arrival *arrival, uint64_t start, uint64_t size)
{
    rom->keep(arrival, start, size);
}

void fw_pci_setup(const struct fw_windows *windows)
{
    rom->pci_setup(windows);
}

uint64_t stub_address_mask(void)
{
    return rom->address_mask();
}
