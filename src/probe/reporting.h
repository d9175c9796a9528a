/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the report writer: what its topics share. Each report_*.c reads one kind of handoff through
 * zp_probe_peek and writes its lines; report.c calls them in order. A topic says in a line's "error" where it
 * could not go on, and ends for any contents of memory: lists have a longest length, strings and checksums a
 * largest size.
 */
#ifndef ZP_PROBE_REPORTING_H
#define ZP_PROBE_REPORTING_H

#include <stddef.h>

#include "report.h"

#define ZP_PROBE_MEMORY_MAX   512u
#define ZP_PROBE_MODULES_MAX  32u
#define ZP_PROBE_NODES_MAX    32u
#define ZP_PROBE_TAGS_MAX     128u
#define ZP_PROBE_MAPPINGS_MAX 64u
#define ZP_PROBE_TABLES_MAX   64u
#define ZP_PROBE_WALK_MAX     8192u /* pages of page tables */
#define ZP_PROBE_ACPI_MAX     64u
#define ZP_PROBE_ACPI_LENGTH  (1u << 20)
#define ZP_PROBE_TEXT_MAX     4096u
#define ZP_PROBE_STRING_MAX   65536u /* of a command line, to look for its end */
#define ZP_PROBE_NAME_MAX     256u   /* of a module's command line, or a name */

struct zp_probe_reporting {
    const struct zp_probe_view *view;
    struct zp_probe_writer writer;
    uint64_t rsdp;         /* as told by the loader */
    uint64_t sum_left;     /* bytes that checksums may still read */
    uint32_t memory_index; /* of the next range */
    uint64_t memory_more;  /* ranges past the longest list */
};

void *memset(void *to, int byte, size_t size);
void *memcpy(void *restrict to, const void *restrict from, size_t size);
int memcmp(const void *a, const void *b, size_t size);

/* report.c: what every topic needs. */
bool zp_probe_peek(struct zp_probe_reporting *reporting, uint64_t address, void *buffer, uint32_t size);
/* CRC-32 of guest memory; NULL, or what is wrong: "unreadable", "too large". */
const char *zp_probe_sum_memory(struct zp_probe_reporting *reporting, uint64_t address, uint64_t size,
                                uint32_t *ret_crc);
/* All bytes add up to 0. */
bool zp_probe_adds_up(struct zp_probe_reporting *reporting, uint64_t address, uint32_t size);
/* Text up to NUL, unreadable memory, or most bytes. */
void zp_probe_memory_text(struct zp_probe_reporting *reporting, const char *name, uint64_t address,
                          uint32_t most);
/* The line "cmdline"; address 0: there is none. most: bytes that it may have, NUL counted. */
void zp_probe_cmdline(struct zp_probe_reporting *reporting, uint64_t address, uint32_t most);
/* The line "module", but for its end. */
void zp_probe_module(struct zp_probe_reporting *reporting, uint32_t index, uint64_t start, uint64_t size);
/* {"probe":KIND,"more":N} when there is more. */
void zp_probe_more(struct zp_probe_reporting *reporting, const char *kind, uint64_t more);
/* A range of the memory map, and after the last what was left out. */
void zp_probe_memory(struct zp_probe_reporting *reporting, uint64_t start, uint64_t size, uint32_t type);
/* The same but for the line's end. false: past the longest list, nothing to end. */
bool zp_probe_memory_open(struct zp_probe_reporting *reporting, uint64_t start, uint64_t size, uint32_t type);
void zp_probe_memory_end(struct zp_probe_reporting *reporting);

/* The topics. */
void zp_probe_report_cpu(struct zp_probe_reporting *reporting);
void zp_probe_report_paging(struct zp_probe_reporting *reporting);
void zp_probe_report_linux(struct zp_probe_reporting *reporting);
void zp_probe_report_linux16(struct zp_probe_reporting *reporting);
void zp_probe_report_pvh(struct zp_probe_reporting *reporting);
void zp_probe_report_multiboot(struct zp_probe_reporting *reporting);
void zp_probe_report_multiboot2(struct zp_probe_reporting *reporting);
void zp_probe_report_efi(struct zp_probe_reporting *reporting);
void zp_probe_report_acpi(struct zp_probe_reporting *reporting);

/* report_paging.c: by the page tables in force, or as it is without paging. false: not mapped. */
bool zp_probe_translate(struct zp_probe_reporting *reporting, uint64_t linear, uint64_t *ret_physical);

/* line.c: text piece by piece, and a string of our own that needs no escape. */
void zp_probe_text_open(struct zp_probe_writer *writer, const char *name);
void zp_probe_text_add(struct zp_probe_writer *writer, const char *bytes, uint32_t length);
void zp_probe_text_close(struct zp_probe_writer *writer);
void zp_probe_string(struct zp_probe_writer *writer, const char *name, const char *string);

#endif
