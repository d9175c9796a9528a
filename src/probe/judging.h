/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the clauses share: the facts of a report, decoded once, and how a verdict is given.
 *
 * A clause is a row of a table (clause_*.c) with a function that looks at the facts. The function answers
 * "not observable" whenever the report does not hold what it would need, and "not applicable" when the case
 * that the clause speaks of did not arise.
 */
#ifndef ZP_PROBE_JUDGING_H
#define ZP_PROBE_JUDGING_H

#include <inttypes.h>

#include "reading.h"

/* zp_clause.protocols */
#define ZP_BY_LINUX16    0x01u
#define ZP_BY_LINUX32    0x02u
#define ZP_BY_LINUX64    0x04u
#define ZP_BY_PVH        0x08u
#define ZP_BY_MULTIBOOT1 0x10u
#define ZP_BY_MULTIBOOT2 0x20u
#define ZP_BY_EFI        0x40u
#define ZP_BY_LINUX      (ZP_BY_LINUX16 | ZP_BY_LINUX32 | ZP_BY_LINUX64)
#define ZP_BY_BOOTPARAMS (ZP_BY_LINUX32 | ZP_BY_LINUX64)
#define ZP_BY_ALL        0x7fu

#define ZP_RAM         1u /* e820 type */
#define ZP_DETAIL_SIZE (sizeof((struct zp_clause_result *)0)->detail)

/* What was handed over and must survive, by kind. */
enum zp_handed {
    ZP_HANDED_BOOT_PARAMS,
    ZP_HANDED_CMDLINE,
    ZP_HANDED_MODULE,
    ZP_HANDED_SETUP_DATA,
    ZP_HANDED_GDT,
    ZP_HANDED_TABLES,
    ZP_HANDED_INFO, /* start_info or the multiboot information, with its lists */
    ZP_HANDED_ACPI, /* RSDP and tables */
    ZP_HANDED_IMAGE /* the kernel itself, with .bss */
};

struct zp_range {
    uint64_t start;
    uint64_t size;
    uint32_t type; /* e820 type; enum zp_handed of what was handed over */
    bool writable;
};

struct zp_ranges {
    struct zp_range *ranges;
    size_t count;
    bool cut; /* there were more */
};

/* The CPU registers as one word each; false in known where the report has none. */
struct zp_judging {
    const struct zp_report *report;
    const struct zp_probe_expected *expected; /* never NULL */
    uint32_t protocol;                        /* ZP_BY_* */
    struct json_object *cpu;
    struct json_object *header; /* setup_header */
    struct zp_ranges memory;    /* in the order told */
    struct zp_ranges mapping;   /* identity mappings alone */
    struct zp_ranges handed;
    bool load_known;
    uint64_t load; /* where the protected-mode code, or the lowest segment, lies */
    bool reserve_known;
    uint64_t reserve, reserve_size; /* [runtime start, +init_size) */
    char *detail;
};

struct zp_clause {
    const char *id;
    uint32_t protocols;
    enum zp_clause_level level;
    enum zp_clause_verdict (*check)(const struct zp_judging *judging);
    const char *text;
    const char *section;
};

struct zp_clause_table {
    const struct zp_clause *clauses;
    size_t count;
};

extern const struct zp_clause_table zp_clauses_cpu, zp_clauses_linux, zp_clauses_linux16, zp_clauses_initrd,
    zp_clauses_reserve, zp_clauses_pvh, zp_clauses_multiboot, zp_clauses_multiboot2, zp_clauses_efi,
    zp_clauses_memory, zp_clauses_acpi, zp_clauses_image, zp_clauses_cmdline;

/* facts.c. 0, or -1 without memory; release in any case. */
int zp_judging_make(struct zp_judging *judging, const struct zp_report *report,
                    const struct zp_probe_expected *expected);
void zp_judging_release(struct zp_judging *judging);

/* A register by its key in the cpu line. */
bool zp_judging_cpu(const struct zp_judging *judging, const char *name, uint64_t *ret_value);
/* Is [start, +size) covered by ranges of that type (0: any; writable where asked)? */
bool zp_covered(const struct zp_ranges *ranges, uint64_t start, uint64_t size, uint32_t type, bool writable,
                uint64_t *ret_missing);
/* Do the two have a byte in common? */
bool zp_overlap(const struct zp_range *left, const struct zp_range *right);
/* The first of what was handed over of that kind that touches [start, +size), or NULL. */
const struct zp_range *zp_handed_in(const struct zp_judging *judging, enum zp_handed kind, uint64_t start,
                                    uint64_t size);
/* The first of that kind, or NULL. */
const struct zp_range *zp_handed_first(const struct zp_judging *judging, enum zp_handed kind);
/* "command line" and so on. */
const char *zp_handed_name(uint32_t kind);

/* The first line of that kind whose field is no multiple of align. *ret_any: one has the field at all. */
bool zp_find_unaligned(const struct zp_judging *judging, const char *kind, const char *field, uint64_t align,
                       bool *ret_any, uint64_t *ret_value);

/* Verdicts, with what was found. */
enum zp_clause_verdict zp_judged(const struct zp_judging *judging, bool holds, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
enum zp_clause_verdict zp_unseen(const struct zp_judging *judging, const char *what);
enum zp_clause_verdict zp_not_arisen(const struct zp_judging *judging, const char *why);

/* Judgements of more than one protocol (clause_cpu.c, clause_memory.c). */

/* Which of the two flat segments of 32-bit code. */
enum zp_flat {
    ZP_FLAT_CODE32,
    ZP_FLAT_CODE64,
    ZP_FLAT_DATA
};
/* A hidden part, as the trace saw it; names by commas: "ds,es,ss". */
enum zp_clause_verdict zp_judge_hidden(const struct zp_judging *judging, const char *names,
                                       enum zp_flat flat);
/* A bit mask of a register: what must be set, what must be clear. */
enum zp_clause_verdict zp_judge_bits(const struct zp_judging *judging, const char *name, uint64_t set,
                                     uint64_t clear);

#endif
