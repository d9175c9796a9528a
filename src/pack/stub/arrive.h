/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the arrivals share: reading what was handed over. Each of these refuses what it cannot accept, with a
 * line that begins with `what` ("boot_params", "start_info module"), so that callers see good values alone.
 */
#ifndef ZP_PACK_STUB_ARRIVE_H
#define ZP_PACK_STUB_ARRIVE_H

#include "stub.h"

#define ARRIVE_ADDRESS_END (UINT64_C(1) << 52) /* x86-64: no physical address reaches it */
#define ARRIVE_TABLE_MAX   0x10000u            /* bytes of a memory map: some 3000 ranges */

/* Bytes [address, +size), which may be anything but are there. */
const void *arrive_see(const char *what, uint64_t address, uint64_t size);
/* The same, kept in place for the stub's second pass and for load. */
const void *arrive_hold(struct arrival *arrival, const char *what, uint64_t address, uint64_t size);

/* A string, held; NULL and length 0 for address 0. Longer than STUB_CMDLINE_MAX is refused, not cut. */
const char *arrive_string(struct arrival *arrival, const char *what, uint64_t address, size_t *ret_length);
void arrive_cmdline(struct arrival *arrival, const char *what, uint64_t address);

/* A range of a memory map. Empty ones are left out. */
void arrive_range(struct arrival *arrival, const char *what, uint64_t start, uint64_t size,
                  uint32_t e820_type);
/* Types of a multiboot map: from 6 on they are nobody's, which means reserved. */
uint32_t arrive_multiboot_type(uint32_t type);
/* Memory as counted by a BIOS of old: KiB from 0 and KiB from 1 MiB. */
void arrive_counted(struct arrival *arrival, const char *what, uint64_t low_kib, uint64_t high_kib);
/* The map is complete: there must be RAM in it. */
void arrive_map_done(const struct arrival *arrival, const char *what);

/* A module or initrd, inside of what the complete map describes. cmdline: held already, or NULL. */
void arrive_module(struct arrival *arrival, const char *what, uint64_t start, uint64_t size,
                   const char *cmdline, size_t cmdline_length);

/* The RSDP at address; 0: nobody told. */
void arrive_rsdp(struct arrival *arrival, const char *what, uint64_t address);
/* Is this the RSDP of ACPI 1 (20 bytes) or later (36)? Its size, or 0. */
size_t arrive_rsdp_size(const void *bytes, size_t size);

/* fill of a blob whose context is the bytes. */
int arrive_fill(void *context, zp_gpa self, void *buffer, uint64_t size);
void arrive_blob(struct arrival *arrival, const char *what, const struct zp_blob *blob);

/* What of a multiboot loader's command line is meant for the kernel. loader: its name, or NULL. */
void arrive_multiboot_cmdline(struct arrival *arrival, const char *text, size_t length, const char *loader);

#endif
