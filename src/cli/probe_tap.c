/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verdicts for a test harness (TAP 13): a point for each must and should clause. A should that fails is a
 * TODO, which no harness counts as a failure; what did not arise or cannot be seen is skipped. Notes are
 * comments.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"

/* "#" begins a directive. */
static void put_plain(const char *text)
{
    for (; *text; text++)
        putchar(*text == '#' ? ' ' : *text);
}

static void put_clause(const struct probe_case *probe, const struct zp_clause_result *clause, size_t number)
{
    bool failed = clause->verdict == ZP_CLAUSE_FAIL;
    char *detail = cli_escape_copy(clause->detail);
    char *host = cli_escape_copy(probe->host ? probe->host : "");
    char *image = cli_escape_copy(probe->image ? probe->image : "");
    printf("%s %zu - ", failed ? "not ok" : "ok", number);
    put_plain(image);
    putchar(' ');
    put_plain(host);
    printf("%s%s: ", host[0] ? " " : "", clause->id);
    put_plain(clause->text);
    if (clause->verdict == ZP_CLAUSE_NOT_OBSERVABLE || clause->verdict == ZP_CLAUSE_NOT_APPLICABLE)
        printf(" # SKIP %s", probe_verdict_name(clause->verdict));
    else if (failed && clause->level == ZP_CLAUSE_SHOULD)
        printf(" # TODO should");
    putchar('\n');
    if (failed)
        printf("# %s\n# %s\n", detail, clause->section);
    free(image);
    free(host);
    free(detail);
}

void probe_tap(const struct probe_case *cases, size_t count)
{
    size_t total = 0, number = 0;
    for (size_t i = 0; i < count; i++) {
        total += cases[i].report ? 0 : 1;
        for (size_t j = 0; j < cases[i].count; j++)
            total += cases[i].results[j].level != ZP_CLAUSE_NOTE;
    }
    printf("TAP version 13\n1..%zu\n", total);
    for (size_t i = 0; i < count; i++) {
        const struct probe_case *probe = &cases[i];
        if (!probe->report) {
            char *why = cli_escape_copy(probe->why);
            printf("not ok %zu - a report came\n# %s\n", ++number, why);
            free(why);
            if (probe->host)
                probe_tail(stdout, &probe->output, "#   ");
            if (probe->hint)
                printf("# %s\n", probe->hint);
        }
        for (size_t j = 0; j < probe->count; j++) {
            const struct zp_clause_result *clause = &probe->results[j];
            if (clause->level != ZP_CLAUSE_NOTE)
                put_clause(probe, clause, ++number);
            else if (clause->verdict == ZP_CLAUSE_FAIL)
                printf("# note %s: %s\n", clause->id, clause->detail);
        }
    }
}
