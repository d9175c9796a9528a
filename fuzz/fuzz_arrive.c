/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a host hands to a packed file. The first 8 bytes choose the way in and what the search for an RSDP
 * finds, the rest is memory from address 0x10000, at which boot_params, start_info or multiboot information
 * begins.
 * Asserted: it is refused, or what arrives holds (arriving_check); nothing is read that was not asked for.
 */
#include <stdint.h>
#include <string.h>

#include "arriving.h"

#define CONTROL_SIZE 8u
#define BASE         0x10000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < CONTROL_SIZE)
        return 0;
    arriving_begin(BASE, size - CONTROL_SIZE);
    memcpy(arriving.memory, data + CONTROL_SIZE, size - CONTROL_SIZE);
    arriving.rsdp = data[1] & 1 ? 0xf0000 : 0;
    arriving_run(ZP_PACK_WAY_LINUX32 + data[0] % ZP_PACK_WAY_MULTIBOOT2, BASE);
    arriving_end();
    return 0;
}
