/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entered by a loader, which tells of the machine by the protocol that it speaks: the arrivals of the
 * packer's stubs read that. If it has brought a kernel, as the first of its modules, that is what is to be
 * booted, with the other modules as initrds.
 */
#include "boot.h"

void fw_arrive(struct arrival *arrival, const struct fw_start *start)
{
    switch (start->way) {
    case ZP_PACK_WAY_LINUX32:
    case ZP_PACK_WAY_LINUX64: stub_arrive_linux(arrival, start->handed); break;
    case ZP_PACK_WAY_PVH: stub_arrive_pvh(arrival, start->handed); break;
    case ZP_PACK_WAY_MULTIBOOT1: stub_arrive_multiboot1(arrival, start->handed); break;
    case ZP_PACK_WAY_MULTIBOOT2: stub_arrive_multiboot2(arrival, start->handed); break;
    default: stub_refuse("entered in no way that this file has");
    }
    stub_ranges_done(arrival);
    stub_find_rsdp(arrival);
}

void fw_boot_handed(struct arrival *arrival)
{
    struct fw_kernel kernel = {.source = arrival->modules[0].source};

    if (arrival->module_count == 0)
        return;
    if (!fw_is_kernel(kernel.source)) {
        fw_note("the first module is no kernel: none of %d is used", (uint64_t)arrival->module_count);
        return;
    }
    kernel.modules = arrival->modules + 1;
    kernel.module_count = arrival->module_count - 1;
    kernel.cmdline = arrival->cmdline;
    kernel.cmdline_length = arrival->cmdline_length;
    fw_boot(arrival, &kernel);
}
