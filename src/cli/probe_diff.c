/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two reports side by side: what a boot that failed was entered with, and what a good one was. Lines are
 * paired by their kind and their number within it, fields by their name; objects within are taken apart.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"
#include "reading.h"

struct field {
    char *name;
    struct json_object *value; /* of the report */
};

struct fields {
    struct field *fields;
    size_t count;
};

static void add(struct fields *fields, const char *prefix, struct json_object *object)
{
    json_object_object_foreach(object, key, value)
    {
        char *name;
        if (asprintf(&name, "%s.%s", prefix, key) < 0)
            exit(CLI_NO);
        if (json_object_is_type(value, json_type_object)) {
            add(fields, name, value);
            free(name);
            continue;
        }
        if (strcmp(key, "probe") == 0) {
            free(name);
            continue;
        }
        fields->fields = cli_grow(fields->fields, fields->count + 1, sizeof *fields->fields);
        fields->fields[fields->count++] = (struct field){name, value};
    }
}

/* The number of this line among those of its kind. */
static size_t number_of(const struct zp_report *report, size_t line, const char *kind)
{
    size_t number = 0;
    for (size_t i = 0; i < line; i++) {
        const char *other = zp_line_text(report->lines[i], "probe", NULL);
        number += other && strcmp(other, kind) == 0;
    }
    return number;
}

static void take_apart(const struct zp_report *report, struct fields *fields)
{
    for (size_t i = 0; i < report->count; i++) {
        const char *kind = zp_line_text(report->lines[i], "probe", NULL);
        char *prefix;
        size_t number = kind ? number_of(report, i, kind) : 0;
        if (!kind ||
            (number ? asprintf(&prefix, "%s[%zu]", kind, number) : asprintf(&prefix, "%s", kind)) < 0)
            continue;
        add(fields, prefix, report->lines[i]);
        free(prefix);
    }
}

static int by_name(const void *left, const void *right)
{
    return strverscmp(((const struct field *)left)->name, ((const struct field *)right)->name);
}

static void free_fields(struct fields *fields)
{
    for (size_t i = 0; i < fields->count; i++)
        free(fields->fields[i].name);
    free(fields->fields);
}

/* Safe for a terminal, and a word even when it is empty; "-" for a field that the other report alone has. */
static char *show(struct json_object *value)
{
    if (!value)
        return strdup("-");
    const char *text = json_object_get_string(value);
    return text[0] ? cli_escape_copy(text) : strdup("\"\"");
}

/* What does not fit into its column has the line to itself. */
static void put(const char *name, struct json_object *left, struct json_object *right)
{
    char *safe_name = cli_escape_copy(name), *safe_left = show(left), *safe_right = show(right);
    bool is_long = strlen(safe_left) >= 22;
    printf("%-32s %-22s%s%*s%s\n", safe_name, safe_left, is_long ? "\n" : " ", is_long ? 56 : 0, "",
           safe_right);
    free(safe_name);
    free(safe_left);
    free(safe_right);
}

/* Both are sorted by name. The number of differences. */
static size_t compare(const struct fields *left, const struct fields *right)
{
    size_t i = 0, j = 0, differences = 0;
    while (i < left->count || j < right->count) {
        int order = i == left->count    ? 1
                    : j == right->count ? -1
                                        : by_name(&left->fields[i], &right->fields[j]);
        if (order < 0)
            put(left->fields[i].name, left->fields[i].value, NULL);
        else if (order > 0)
            put(right->fields[j].name, NULL, right->fields[j].value);
        else if (!json_object_equal(left->fields[i].value, right->fields[j].value))
            put(left->fields[i].name, left->fields[i].value, right->fields[j].value);
        else
            differences--;
        differences++;
        i += order <= 0;
        j += order >= 0;
    }
    return differences;
}

static struct zp_report *read_report(const char *name)
{
    struct probe_text text;
    struct zp_report *report = NULL;
    char why[256];
    if (probe_text_read(name, &text) != 0)
        return NULL;
    if (zp_report_read(text.bytes, text.length, NULL, 0, &report, why, sizeof why) != 0) {
        char *safe = cli_escape_copy(name);
        cli_error("%s: %s", safe, why);
        free(safe);
    }
    probe_text_free(&text);
    return report;
}

int probe_diff(const char *left, const char *right)
{
    struct fields left_fields = {0}, right_fields = {0};
    struct zp_report *left_report = read_report(left);
    struct zp_report *right_report = left_report ? read_report(right) : NULL;
    size_t differences = 1;
    if (left_report && right_report) {
        take_apart(left_report, &left_fields);
        take_apart(right_report, &right_fields);
        if (left_fields.count > 0)
            qsort(left_fields.fields, left_fields.count, sizeof *left_fields.fields, by_name);
        if (right_fields.count > 0)
            qsort(right_fields.fields, right_fields.count, sizeof *right_fields.fields, by_name);
        differences = compare(&left_fields, &right_fields);
    }
    free_fields(&left_fields);
    free_fields(&right_fields);
    zp_report_free(left_report);
    zp_report_free(right_report);
    return cli_finish(differences ? CLI_NO : CLI_DONE);
}
