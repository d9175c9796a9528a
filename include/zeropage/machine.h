/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine that will be booted, as far as a loader must know it: its memory map and its CPUs.
 *
 * Memory is of three kinds: free, reserved, and busy until entry (the code, stack and rings of a firmware
 * or stub that is still running: no target for a load, plain RAM in the final e820).
 */
#ifndef ZEROPAGE_MACHINE_H
#define ZEROPAGE_MACHINE_H

#include <stddef.h>
#include <stdint.h>

#include <zeropage/error.h>
#include <zeropage/image.h>

#ifdef __cplusplus
extern "C" {
#endif

enum zp_usage {
    ZP_USAGE_FREE = 0,     /* RAM that a plan may use; e820 type 1 */
    ZP_USAGE_RESERVED = 1, /* never a target; told to the guest with e820_type */
    ZP_USAGE_BUSY = 2      /* RAM, but not before entry */
};

struct zp_memory_range {
    zp_gpa start;
    uint64_t size;
    uint32_t usage;     /* enum zp_usage */
    uint32_t e820_type; /* ZP_E820_* for RESERVED; ignored otherwise */
};

struct zp_machine {
    uint32_t struct_size;
    uint32_t cpu_count;                   /* at least 1; for tables only, a plan enters one CPU */
    const struct zp_memory_range *ranges; /* sorted by start, none overlapping or empty */
    size_t range_count;
    zp_gpa bda;       /* BIOS data area, 0x400 on a PC; told the guest where the EBDA lies */
    uint32_t has_bda; /* 1: plan may write bda + 0x0e (EBDA segment) and + 0x13 (KiB of base memory) */
    uint32_t reserved;
};

#define ZP_PC_RANGE_COUNT 5u /* ranges that zp_machine_pc needs at most */

struct zp_pc {
    uint32_t struct_size;
    uint32_t cpu_count;
    uint64_t ram_size; /* bytes, a multiple of 4096, at least 1 MiB */
    zp_gpa hole_start; /* RAM below 4 GiB ends here at the latest: 3 GiB on most VMMs, 3.5 on QEMU's pc */
    zp_gpa hole_end;   /* and goes on here: 4 GiB */
};

/*
 * The memory map of a PC: base memory up to 0x9fc00, a reserved KiB for the EBDA and the reserved ROM
 * range from 0xe0000 to 1 MiB, RAM up to the hole, RAM beyond it.
 * ranges: at least ZP_PC_RANGE_COUNT, borrowed by *ret_machine.
 * ZP_ERR_TOO_SMALL or ZP_ERR_TOO_LARGE with ZP_FIELD_RAM; ZP_ERR_ALIGNMENT; ZP_ERR_ROOM; ZP_ERR_STRUCT_SIZE.
 */
int zp_machine_pc(const struct zp_pc *pc, struct zp_memory_range *ranges, size_t capacity,
                  struct zp_machine *ret_machine, struct zp_error *ret_error);

#define ZP_PHYSICAL_BITS_MAX 52u /* x86-64: no physical address reaches 2^52 */

/* Checks a map: sorted, not overlapping, no empty range, below 2^52, at least one free. ZP_ERR_MEMORY_MAP. */
int zp_machine_check(const struct zp_machine *machine, struct zp_error *ret_error);

#ifdef __cplusplus
}
#endif

#endif
