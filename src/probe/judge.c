/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Judging: the facts of a report once, then each clause of its protocol in the order of the tables. A clause
 * sees the facts and nothing of the other verdicts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judging.h"

static const struct zp_clause_table *const tables[] = {
    &zp_clauses_cpu,       &zp_clauses_linux,      &zp_clauses_linux16, &zp_clauses_pvh,
    &zp_clauses_multiboot, &zp_clauses_multiboot2, &zp_clauses_efi,     &zp_clauses_memory,
    &zp_clauses_cmdline,   &zp_clauses_initrd,     &zp_clauses_reserve, &zp_clauses_acpi,
    &zp_clauses_image,
};
#define TABLE_COUNT (sizeof tables / sizeof tables[0])

static const struct {
    const char *name;
    uint32_t bit;
} protocols[] = {
    {"", ZP_BY_ALL},
    {"linux16", ZP_BY_LINUX16},
    {"linux32", ZP_BY_LINUX32},
    {"linux64", ZP_BY_LINUX64},
    {"pvh", ZP_BY_PVH},
    {"multiboot1", ZP_BY_MULTIBOOT1},
    {"multiboot2", ZP_BY_MULTIBOOT2},
    {"efi", ZP_BY_EFI},
};

/* Results for the clauses of some protocol, judged when judging is given. 0 or -1. */
static int collect(uint32_t protocol, struct zp_judging *judging, struct zp_clause_result **ret_results,
                   size_t *ret_count)
{
    size_t total = 0, count = 0;
    for (size_t i = 0; i < TABLE_COUNT; i++)
        total += tables[i]->count;
    struct zp_clause_result *results = calloc(total, sizeof *results);
    if (!results)
        return -1;
    for (size_t i = 0; i < TABLE_COUNT; i++)
        for (size_t j = 0; j < tables[i]->count; j++) {
            const struct zp_clause *clause = &tables[i]->clauses[j];
            if (!(clause->protocols & protocol))
                continue;
            struct zp_clause_result *result = &results[count++];
            result->id = clause->id;
            result->text = clause->text;
            result->section = clause->section;
            result->level = clause->level;
            if (!judging)
                continue;
            judging->detail = result->detail;
            result->verdict = clause->check(judging);
        }
    *ret_results = results;
    *ret_count = count;
    return 0;
}

int zp_judge(const struct zp_report *report, const struct zp_probe_expected *expected,
             struct zp_clause_result **ret_results, size_t *ret_count)
{
    struct zp_judging judging;
    int status = zp_judging_make(&judging, report, expected);
    if (status == 0 && judging.protocol == 0)
        status = -1;
    if (status == 0)
        status = collect(judging.protocol, &judging, ret_results, ret_count);
    zp_judging_release(&judging);
    return status;
}

int zp_judge_clauses(const char *protocol, struct zp_clause_result **ret_results, size_t *ret_count)
{
    for (size_t i = 0; i < sizeof protocols / sizeof protocols[0]; i++)
        if (strcmp(protocols[i].name, protocol) == 0)
            return collect(protocols[i].bit, NULL, ret_results, ret_count);
    return -1;
}
