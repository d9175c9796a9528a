/* SPDX-License-Identifier: BSD-2-Clause */
/* Verdicts for a program: each clause, the counts by level, and the report itself line by line. */
#include <stdlib.h>

#include "probe.h"
#include "reading.h"

static const char *verdict_key(enum zp_clause_verdict verdict)
{
    switch (verdict) {
    case ZP_CLAUSE_PASS: return "pass";
    case ZP_CLAUSE_FAIL: return "fail";
    case ZP_CLAUSE_NOT_OBSERVABLE: return "not_observable";
    case ZP_CLAUSE_NOT_APPLICABLE: return "not_applicable";
    }
    return "unknown";
}

/* Text of a stranger as UTF-8 that every reader takes. */
static void add_safe(struct json_object *object, const char *key, const char *text)
{
    char *safe = cli_escape_copy(text);
    cli_json_text(object, key, safe);
    free(safe);
}

static struct json_object *counts_json(const struct probe_counts *counts)
{
    struct json_object *object = json_object_new_object();
    cli_json_size(object, "passed", counts->passed);
    cli_json_size(object, "failed", counts->failed);
    cli_json_size(object, "not_observable", counts->not_observable);
    cli_json_size(object, "not_applicable", counts->not_applicable);
    return object;
}

static struct json_object *clause_json(const struct zp_clause_result *clause)
{
    struct json_object *object = json_object_new_object();
    cli_json_text(object, "id", clause->id);
    cli_json_text(object, "level", probe_level_name(clause->level));
    cli_json_text(object, "verdict", verdict_key(clause->verdict));
    cli_json_text(object, "detail", clause->detail);
    cli_json_text(object, "section", clause->section);
    cli_json_text(object, "text", clause->text);
    return object;
}

struct json_object *probe_json(const struct probe_case *probe)
{
    struct json_object *object = json_object_new_object();
    add_safe(object, "image", probe->image ? probe->image : "");
    if (probe->protocol)
        cli_json_text(object, "protocol", probe->protocol);
    else
        json_object_object_add(object, "protocol", NULL);
    if (probe->host)
        add_safe(object, "host", probe->host);
    if (!probe->report) {
        add_safe(object, "error", probe->why);
        cli_json_bool(object, "passed", false);
        if (probe->hint)
            cli_json_text(object, "hint", probe->hint);
        return object;
    }
    cli_json_bool(object, "passed", probe_case_passed(probe));
    for (enum zp_clause_level level = ZP_CLAUSE_MUST; level <= ZP_CLAUSE_NOTE; level++)
        json_object_object_add(object, probe_level_name(level), counts_json(&probe->counts[level]));
    struct json_object *clauses = json_object_new_array();
    for (size_t i = 0; i < probe->count; i++)
        json_object_array_add(clauses, clause_json(&probe->results[i]));
    json_object_object_add(object, "clauses", clauses);
    struct json_object *report = json_object_new_array();
    for (size_t i = 0; i < probe->report->count; i++)
        json_object_array_add(report, json_object_get(probe->report->lines[i]));
    json_object_object_add(object, "report", report);
    return object;
}
