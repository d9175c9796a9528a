/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a protocol keeps what all of them hand over. Read and written in guest memory, by the structures that
 * the CPU's registers lead to.
 */
#ifndef ZP_TEST_SPOIL_PLACE_H
#define ZP_TEST_SPOIL_PLACE_H

#include <zeropage/wire/bootparam.h>
#include <zeropage/wire/multiboot.h>
#include <zeropage/wire/multiboot2.h>
#include <zeropage/wire/xen.h>

#include "spoil.h"

struct zp_boot_params *spoil_boot_params(const struct spoil_boot *boot);
struct zp_hvm_start_info *spoil_start_info(const struct spoil_boot *boot);
struct zp_multiboot_info *spoil_multiboot1(const struct spoil_boot *boot);
struct zp_multiboot2_info *spoil_multiboot2(const struct spoil_boot *boot);
/* The first tag of that type; ends the program when there is none. */
void *spoil_tag(const struct spoil_boot *boot, uint32_t type);

char *spoil_cmdline(const struct spoil_boot *boot);
/* Multiboot 2 has the text in its tag: not there. */
void spoil_cmdline_set(const struct spoil_boot *boot, uint64_t address);

/* The initrd, or the first module. */
struct spoil_module {
    uint64_t start, size;
};
struct spoil_module spoil_module(const struct spoil_boot *boot);
void spoil_module_set(const struct spoil_boot *boot, uint64_t start, uint64_t size);

/*
 * The memory map as told, range by range; NULL past the end. All four protocols have start, size and type in
 * that order and width.
 */
struct zp_boot_e820_entry *spoil_range(const struct spoil_boot *boot, size_t index);
/* The count, or length, of the map becomes 0. */
void spoil_map_clear(const struct spoil_boot *boot);

#endif
