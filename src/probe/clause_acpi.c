/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI tables and the MP table as they are found from the handoff (ACPI 6.5, 5.2.5 and 5.2.6; MultiProcessor
 * Specification 1.4, chapter 4). That they lie in memory which the map does not call free RAM is what kernels
 * rely on: the map says what an OS may take for itself.
 */
#include <string.h>

#include "judging.h"

#define RSDP "ACPI 6.5, 5.2.5 Root System Description Pointer: "

static bool find_rsdp(const struct zp_judging *judging, struct json_object **ret_line, uint64_t *ret_told,
                      uint64_t *ret_scanned)
{
    *ret_line = zp_report_line(judging->report, "rsdp");
    return zp_line_number(*ret_line, "told", ret_told) && zp_line_number(*ret_line, "scanned", ret_scanned);
}

static enum zp_clause_verdict found(const struct zp_judging *judging)
{
    struct json_object *line;
    uint64_t told, scanned;
    if (!find_rsdp(judging, &line, &told, &scanned))
        return zp_unseen(judging, "the RSDP");
    return zp_judged(judging, told != 0 || scanned != 0, "told 0x%" PRIx64 ", found by scanning 0x%" PRIx64,
                     told, scanned);
}

static enum zp_clause_verdict sum(const struct zp_judging *judging)
{
    struct json_object *line;
    uint64_t told, scanned;
    bool sound;
    if (!find_rsdp(judging, &line, &told, &scanned))
        return zp_unseen(judging, "the RSDP");
    if (told == 0 && scanned == 0)
        return zp_not_arisen(judging, "no RSDP");
    const char *error = zp_line_text(line, "error", NULL);
    if (error)
        return zp_judged(judging, false, "the RSDP at 0x%" PRIx64 ": %s", told ? told : scanned, error);
    if (!zp_line_bool(line, "sum", &sound))
        return zp_unseen(judging, "the RSDP's checksum");
    return zp_judged(judging, sound, "the RSDP at 0x%" PRIx64 "%s", told ? told : scanned,
                     sound ? "" : " has no signature, or its bytes do not add up to 0");
}

/* A scan steps by 16: only what is told can lie elsewhere in its range. */
static enum zp_clause_verdict scanned_aligned(const struct zp_judging *judging)
{
    struct json_object *line;
    uint64_t told, scanned;
    if (!find_rsdp(judging, &line, &told, &scanned))
        return zp_unseen(judging, "the RSDP");
    uint64_t at = told >= 0xe0000 && told < 0x100000 ? told : scanned;
    if (at == 0)
        return zp_not_arisen(judging, "no RSDP where a scan seeks it");
    return zp_judged(judging, at % 16 == 0, "0x%" PRIx64, at);
}

static enum zp_clause_verdict tables_sum(const struct zp_judging *judging)
{
    size_t cursor = 0, count = 0;
    for (struct json_object *line; (line = zp_report_next(judging->report, "acpi", &cursor)) != NULL;) {
        const char *name = zp_line_text(line, "signature", NULL), *error = zp_line_text(line, "error", NULL);
        bool sound;
        if (error)
            return zp_judged(judging, false, "%.4s: %s", name ? name : "a table", error);
        if (!zp_line_bool(line, "sum", &sound))
            continue; /* a FACS has none */
        count++;
        if (!sound)
            return zp_judged(judging, false, "the bytes of %.4s do not add up to 0", name ? name : "a table");
    }
    return count ? zp_judged(judging, true, "%zu tables", count) : zp_not_arisen(judging, "no ACPI tables");
}

static bool has_table(const struct zp_judging *judging, const char *wanted)
{
    size_t cursor = 0;
    for (struct json_object *line; (line = zp_report_next(judging->report, "acpi", &cursor)) != NULL;) {
        const char *name = zp_line_text(line, "signature", NULL);
        if (name && strncmp(name, wanted, 4) == 0)
            return true;
    }
    return false;
}

static enum zp_clause_verdict fadt(const struct zp_judging *judging)
{
    struct json_object *line;
    uint64_t told, scanned;
    if (!find_rsdp(judging, &line, &told, &scanned))
        return zp_unseen(judging, "the RSDP");
    if (told == 0 && scanned == 0)
        return zp_not_arisen(judging, "no RSDP");
    bool has_fadt = has_table(judging, "FACP"), has_dsdt = has_table(judging, "DSDT");
    return zp_judged(judging, has_fadt && has_dsdt, "FADT %s, DSDT %s", has_fadt ? "found" : "missing",
                     has_dsdt ? "found" : "missing");
}

static enum zp_clause_verdict not_ram(const struct zp_judging *judging)
{
    bool any = false;
    if (judging->memory.count == 0)
        return zp_unseen(judging, "a memory map");
    for (size_t i = 0; i < judging->handed.count; i++) {
        const struct zp_range *table = &judging->handed.ranges[i];
        if (table->type != ZP_HANDED_ACPI)
            continue;
        any = true;
        for (size_t j = 0; j < judging->memory.count; j++)
            if (judging->memory.ranges[j].type == ZP_RAM && zp_overlap(table, &judging->memory.ranges[j]))
                return zp_judged(judging, false,
                                 "0x%" PRIx64 ", %" PRIu64 " bytes, lies in RAM that the map calls free",
                                 table->start, table->size);
    }
    return any ? zp_judged(judging, true, "none in RAM") : zp_not_arisen(judging, "no ACPI tables");
}

static enum zp_clause_verdict mptable(const struct zp_judging *judging)
{
    struct json_object *line = zp_report_line(judging->report, "mptable");
    uint64_t address = 0;
    bool sound;
    if (!zp_line_number(line, "address", &address) || address == 0)
        return zp_not_arisen(judging, "no MP table");
    if (!zp_line_bool(line, "sum", &sound))
        return zp_unseen(judging, "the MP table's checksum");
    return zp_judged(judging, sound, "the MP table at 0x%" PRIx64, address);
}

static const struct zp_clause clauses[] = {
    {"acpi.found", ZP_BY_ALL, ZP_CLAUSE_NOTE, found, "An RSDP is told or can be found by scanning.",
     RSDP "5.2.5.1 Finding the RSDP on IA-PC Systems"},
    {"acpi.rsdp.sum", ZP_BY_ALL, ZP_CLAUSE_MUST, sum, "The RSDP has its signature and adds up to 0.",
     RSDP "Checksum"},
    {"acpi.rsdp.aligned", ZP_BY_ALL, ZP_CLAUSE_SHOULD, scanned_aligned,
     "An RSDP between 0xe0000 and 0x100000 lies at a multiple of 16, where a scan finds it.",
     RSDP "5.2.5.1 Finding the RSDP on IA-PC Systems"},
    {"acpi.tables.sum", ZP_BY_ALL, ZP_CLAUSE_MUST, tables_sum,
     "Every table that it leads to can be read and adds up to 0.",
     "ACPI 6.5, 5.2.6 System Description Table Header: Checksum"},
    {"acpi.fadt", ZP_BY_ALL, ZP_CLAUSE_MUST, fadt, "It leads to a FADT and a DSDT.",
     "ACPI 6.5, 5.2.9 Fixed ACPI Description Table, 5.2.11.1 Differentiated System Description Table"},
    {"acpi.memory", ZP_BY_ALL & ~ZP_BY_LINUX16, ZP_CLAUSE_SHOULD, not_ram,
     "RSDP and tables lie in no memory that the map calls free RAM.",
     "ACPI 6.5, 15 System Address Map Interfaces: AddressRangeACPI, AddressRangeReserved"},
    {"mptable.sum", ZP_BY_ALL, ZP_CLAUSE_MUST, mptable, "An MP table adds up to 0.",
     "MultiProcessor Specification 1.4, 4.1 and 4.2: CHECKSUM"},
};

const struct zp_clause_table zp_clauses_acpi = {clauses, sizeof clauses / sizeof clauses[0]};
