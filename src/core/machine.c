/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory map of the machine: made for a PC, or checked when it comes from elsewhere (start_info, an
 * e820, a caller). After zp_machine_check the rest of the core may add start and size of any range and
 * walk the ranges in order without looking back.
 */
#include <zeropage/machine.h>
#include <zeropage/wire/e820.h>
#include <zeropage/wire/x86.h>

#include "checked.h"
#include "report.h"

#define BASE_MEMORY_END UINT64_C(0x9fc00) /* as BIOSes report it: the last KiB below 640 KiB is theirs */
#define ROM_START       UINT64_C(0xe0000)
#define MIB             UINT64_C(0x100000)
#define ADDRESS_END     (UINT64_C(1) << ZP_PHYSICAL_BITS_MAX)

static size_t add_range(struct zp_memory_range *ranges, size_t count, uint64_t start, uint64_t end,
                        uint32_t usage)
{
    if (start >= end)
        return count;
    ranges[count].start.value = start;
    ranges[count].size = end - start;
    ranges[count].usage = usage;
    ranges[count].e820_type = usage == ZP_USAGE_RESERVED ? ZP_E820_RESERVED : ZP_E820_RAM;
    return count + 1;
}

static int check_pc(const struct zp_pc *pc, struct zp_error *ret_error)
{
    uint64_t hole_start = pc->hole_start.value;
    uint64_t hole_end = pc->hole_end.value;

    if (pc->ram_size < MIB)
        return zp_report(ret_error, ZP_ERR_TOO_SMALL, ZP_FIELD_RAM, ZP_NO_OFFSET, pc->ram_size, MIB);
    if (pc->ram_size > ADDRESS_END - ZP_GIB4)
        return zp_report(ret_error, ZP_ERR_TOO_LARGE, ZP_FIELD_RAM, ZP_NO_OFFSET, pc->ram_size,
                         ADDRESS_END - ZP_GIB4);
    if (pc->ram_size % ZP_PAGE_SIZE)
        return zp_report(ret_error, ZP_ERR_ALIGNMENT, ZP_FIELD_RAM, ZP_NO_OFFSET, pc->ram_size, ZP_PAGE_SIZE);
    if (pc->cpu_count == 0)
        return zp_report(ret_error, ZP_ERR_TOO_SMALL, ZP_FIELD_CPUS, ZP_NO_OFFSET, 0, 1);
    if (hole_start < MIB || hole_end < hole_start || hole_end > ZP_GIB4 || hole_start % ZP_PAGE_SIZE ||
        hole_end % ZP_PAGE_SIZE)
        return zp_report(ret_error, ZP_ERR_MEMORY_MAP, ZP_FIELD_RANGES, ZP_NO_OFFSET, hole_start, hole_end);
    return ZP_OK;
}

int zp_machine_pc(const struct zp_pc *pc, struct zp_memory_range *ranges, size_t capacity,
                  struct zp_machine *ret_machine, struct zp_error *ret_error)
{
    uint64_t low_end;
    size_t count = 0;
    int status;

    if (!pc || !ranges || !ret_machine)
        return zp_report(ret_error, ZP_ERR_ARGUMENT, ZP_FIELD_NONE, ZP_NO_OFFSET, 0, 0);
    if (pc->struct_size != sizeof(*pc))
        return zp_report(ret_error, ZP_ERR_STRUCT_SIZE, ZP_FIELD_STRUCT_SIZE, ZP_NO_OFFSET, pc->struct_size,
                         sizeof(*pc));
    status = check_pc(pc, ret_error);
    if (status)
        return status;
    if (capacity < ZP_PC_RANGE_COUNT)
        return zp_report(ret_error, ZP_ERR_ROOM, ZP_FIELD_RANGES, ZP_NO_OFFSET, ZP_PC_RANGE_COUNT, capacity);

    low_end = pc->ram_size < pc->hole_start.value ? pc->ram_size : pc->hole_start.value;
    count = add_range(ranges, count, 0, BASE_MEMORY_END, ZP_USAGE_FREE);
    count = add_range(ranges, count, BASE_MEMORY_END, ZP_VGA_HOLE_START, ZP_USAGE_RESERVED);
    count = add_range(ranges, count, ROM_START, MIB, ZP_USAGE_RESERVED);
    count = add_range(ranges, count, MIB, low_end, ZP_USAGE_FREE);
    count = add_range(ranges, count, pc->hole_end.value, pc->hole_end.value + (pc->ram_size - low_end),
                      ZP_USAGE_FREE);

    memset(ret_machine, 0, sizeof(*ret_machine));
    ret_machine->struct_size = sizeof(*ret_machine);
    ret_machine->cpu_count = pc->cpu_count;
    ret_machine->ranges = ranges;
    ret_machine->range_count = count;
    ret_machine->bda.value = ZP_BDA_BASE;
    ret_machine->has_bda = 1;
    return ZP_OK;
}

int zp_machine_check(const struct zp_machine *machine, struct zp_error *ret_error)
{
    uint64_t previous_end = 0;
    bool any_free = false;

    if (!machine || (machine->range_count && !machine->ranges))
        return zp_report(ret_error, ZP_ERR_ARGUMENT, ZP_FIELD_RANGES, ZP_NO_OFFSET, 0, 0);
    if (machine->struct_size != sizeof(*machine))
        return zp_report(ret_error, ZP_ERR_STRUCT_SIZE, ZP_FIELD_STRUCT_SIZE, ZP_NO_OFFSET,
                         machine->struct_size, sizeof(*machine));
    if (machine->cpu_count == 0)
        return zp_report(ret_error, ZP_ERR_TOO_SMALL, ZP_FIELD_CPUS, ZP_NO_OFFSET, 0, 1);
    for (size_t i = 0; i < machine->range_count; i++) {
        const struct zp_memory_range *range = &machine->ranges[i];
        uint64_t start = range->start.value;

        if (range->size == 0 || !zp_fits(start, range->size, ADDRESS_END) || start < previous_end ||
            range->usage > ZP_USAGE_BUSY)
            return zp_report(ret_error, ZP_ERR_MEMORY_MAP, ZP_FIELD_RANGES, ZP_NO_OFFSET, start,
                             previous_end);
        previous_end = start + range->size;
        any_free = any_free || range->usage == ZP_USAGE_FREE;
    }
    if (!any_free)
        return zp_report(ret_error, ZP_ERR_MEMORY_MAP, ZP_FIELD_RANGES, ZP_NO_OFFSET, 0, previous_end);
    return ZP_OK;
}
