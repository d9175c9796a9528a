/* SPDX-License-Identifier: BSD-2-Clause */
/* Verdicts for a person: a line for each level that has any, then what failed; with -v every clause. */
#include <stdio.h>
#include <stdlib.h>

#include "probe.h"

static void put_counts(const char *name, const struct probe_counts *counts)
{
    printf("  %-6s  %zu passed, %zu failed, %zu not observable", name, counts->passed, counts->failed,
           counts->not_observable);
    if (counts->not_applicable)
        printf(", %zu did not arise", counts->not_applicable);
    putchar('\n');
}

static void put_clause(const struct zp_clause_result *clause, const struct cli_style *style)
{
    bool failed = clause->verdict == ZP_CLAUSE_FAIL;
    char *detail = cli_escape_copy(clause->detail);
    bool serious = failed && clause->level == ZP_CLAUSE_MUST;
    printf("  %s%-14s %-6s %s%s\n",
           serious  ? style->bad
           : failed ? style->bold
                    : "",
           probe_verdict_name(clause->verdict), probe_level_name(clause->level), clause->id,
           failed ? style->plain : "");
    if (failed)
        printf("    %s\n", clause->text);
    if (detail[0])
        printf("    %s%s%s\n", failed ? "" : style->dim, detail, failed ? "" : style->plain);
    if (failed)
        printf("    %s[%s]%s\n", style->dim, clause->section, style->plain);
    free(detail);
}

void probe_table(const struct probe_case *probe, bool all)
{
    struct cli_style style = cli_style();
    char *image = cli_escape_copy(probe->image ? probe->image : "");
    char *host = cli_escape_copy(probe->host ? probe->host : "");
    printf("%s%s%s%s%s%s%s: ", style.bold, image, probe->protocol ? " by " : "",
           probe->protocol ? probe->protocol : "", probe->host ? " on " : "", host, style.plain);
    free(image);
    free(host);
    if (!probe->report) {
        char *why = cli_escape_copy(probe->why);
        printf("%sno verdict%s: %s\n", style.bad, style.plain, why);
        free(why);
        if (probe->host)
            probe_tail(stdout, &probe->output, "    ");
        if (probe->hint)
            printf("  %s\n", probe->hint);
        return;
    }
    const char *verdict = !probe_case_passed(probe)                      ? "does not conform"
                          : probe->counts[ZP_CLAUSE_MUST].not_observable ? "no must clause fails"
                                                                         : "every must clause holds";
    printf("%s%s%s\n", probe_case_passed(probe) ? "" : style.bad, verdict, style.plain);
    for (enum zp_clause_level level = ZP_CLAUSE_MUST; level <= ZP_CLAUSE_NOTE; level++)
        put_counts(probe_level_name(level), &probe->counts[level]);
    for (enum zp_clause_level level = ZP_CLAUSE_MUST; level <= ZP_CLAUSE_NOTE; level++)
        for (size_t i = 0; i < probe->count; i++)
            if (probe->results[i].level == level && (all || probe->results[i].verdict == ZP_CLAUSE_FAIL))
                put_clause(&probe->results[i], &style);
}
