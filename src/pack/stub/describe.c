/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What arrived, as the core wants it: the machine, and of the request all that a loader handed over. What is
 * to be booted, with its command line and modules, is the caller's: the stub's payload, or what the firmware
 * has found.
 */
#include "../../core/seam.h"
#include "stub.h"

void stub_describe(const struct arrival *arrival, struct zp_memory_range *ranges,
                   struct zp_machine *ret_machine, struct zp_request *ret_request)
{
    memset(ret_machine, 0, sizeof(*ret_machine));
    ret_machine->struct_size = sizeof(*ret_machine);
    ret_machine->cpu_count = 1;
    ret_machine->ranges = ranges;
    ret_machine->range_count = stub_machine_ranges(arrival, ranges);

    memset(ret_request, 0, sizeof(*ret_request));
    ret_request->struct_size = sizeof(*ret_request);
    ret_request->flags = ZP_REQUEST_DEFER;
    ret_request->entropy = arrival->entropy;
    ret_request->entropy_length = arrival->entropy_length;
    ret_request->blobs = arrival->blobs;
    ret_request->blob_count = arrival->blob_count;
    if (arrival->has_boot_params)
        ret_request->boot_params = &arrival->boot_params;
    ret_request->rsdp.address.value = arrival->rsdp;
    ret_request->rsdp.bytes = arrival->rsdp_bytes;
    ret_request->rsdp.size = arrival->rsdp_bytes[15] < 2 ? 20 : sizeof(arrival->rsdp_bytes);
}
