/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The firmware's story. A VMM starts us, at the reset vector or by one of the protocols by which it would
 * start a kernel; from there to the kernel's first instruction it goes:
 *
 *   arrive    what there is to know - memory, tables, command line, files - becomes one struct arrival;
 *             after a reset that takes setting the machine up first
 *   settle    out of any kernel's way, to the top of RAM (the ROM's variables are in low memory already)
 *   handed    the kernel that was handed over is booted: -kernel after a reset, else the first module
 *   disks     else what the disks have to offer
 *
 * Nothing is waited for that is not needed on the way taken.
 */
#include "../../core/seam.h"
#include "boot.h"

static FW_KEPT struct arrival arrival;

/* The counts; what they count is filled as it goes. */
static void begin(void)
{
    arrival.range_count = 0;
    arrival.keep_count = 0;
    arrival.cmdline_length = 0;
    arrival.cmdline[0] = '\0';
    arrival.module_count = 0;
    arrival.rsdp = 0;
    arrival.has_boot_params = false;
    arrival.blob_count = 0;
    arrival.entropy = NULL;
    arrival.entropy_length = 0;
    stub_keep(&arrival, (uintptr_t)fw_memory, (uint64_t)(fw_memory_end - fw_memory));
}

static bool keeps(uint64_t address)
{
    volatile uint64_t *word = (volatile uint64_t *)(uintptr_t)address;
    const uint64_t other = ~*word;

    *word = other;
    return *word == other;
}

/* Starts all over in the copy: nothing is carried along but struct fw_start. */
static void settle(const struct fw_start *entry)
{
    uint64_t place;

    if (entry->settled)
        return;
    place = stub_find(&arrival, (uint64_t)(fw_memory_end - fw_memory), 4096, 0, 0, 0);
    if (place <= (uintptr_t)fw_memory)
        return;
    /* A map may say what it likes; who jumps to where nothing is can say nothing more. */
    if (!keeps(place) || !keeps(place + (uint64_t)(fw_memory_end - fw_memory) - sizeof(uint64_t)))
        stub_refuse("the memory map has RAM at 0x%x where there is none", place);
    fw_move(entry, place);
}

_Noreturn void fw_main(const struct fw_start *entry)
{
    begin();
    fw_arrive(&arrival, entry);
    settle(entry);
    fw_boot_handed(&arrival);
    memset(fw_cold, 0, (size_t)(fw_cold_end - fw_cold));
    fw_boot_disks(&arrival);
    stub_refuse("nothing to boot");
}
