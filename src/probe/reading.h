/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A report in memory: its lines as JSON objects, in their order. Line kinds and keys are those of report.h;
 * a key that is missing or has another type reads as "not there", whoever wrote the report.
 */
#ifndef ZP_PROBE_READING_H
#define ZP_PROBE_READING_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "judge.h"

struct zp_report {
    struct json_object **lines;
    size_t count;
    size_t inside_count; /* lines past it were joined from the trace */
    const char *protocol;
    const char *image;
};

/* The next line of that kind from *cursor on, which begins as 0; NULL: no more. */
struct json_object *zp_report_next(const struct zp_report *report, const char *kind, size_t *cursor);
/* The first line of that kind, or NULL. */
struct json_object *zp_report_line(const struct zp_report *report, const char *kind);

/* A number, written as an integer or as "0x...". False leaves *ret_value alone. object may be NULL. */
bool zp_line_number(struct json_object *object, const char *key, uint64_t *ret_value);
bool zp_line_bool(struct json_object *object, const char *key, bool *ret_value);
/* A string and its length, or NULL. */
const char *zp_line_text(struct json_object *object, const char *key, size_t *ret_length);
/* An object within, or NULL. */
struct json_object *zp_line_object(struct json_object *object, const char *key);

#endif
