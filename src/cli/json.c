/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON (RFC 8259) for other programs. One convention everywhere: what is an address, a register or a set of
 * flags is a string "0x...", for readers that keep numbers as doubles lose bits above 2^53; what is a size,
 * a count or an offset in a file is an integer. Keys stand in a fixed order: same input, same bytes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "host.h"

void cli_json_hex(struct json_object *object, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "0x%" PRIx64, value);
    cli_json_text(object, key, text);
}

void cli_json_size(struct json_object *object, const char *key, uint64_t value)
{
    json_object_object_add(object, key, json_object_new_uint64(value));
}

void cli_json_text(struct json_object *object, const char *key, const char *text)
{
    json_object_object_add(object, key, json_object_new_string(text));
}

void cli_json_bool(struct json_object *object, const char *key, bool value)
{
    json_object_object_add(object, key, json_object_new_boolean(value));
}

struct json_object *cli_json_fault(const struct zp_error *error, const char *file_name)
{
    char text[1024];
    struct json_object *object = json_object_new_object();
    char *safe = cli_escape_copy(file_name);
    cli_json_text(object, "code", zp_status_name(error->code));
    cli_json_text(object, "field", zp_field_name(error->field));
    if (error->offset == ZP_NO_OFFSET)
        json_object_object_add(object, "offset", NULL);
    else
        cli_json_size(object, "offset", error->offset);
    cli_json_hex(object, "value", error->value);
    cli_json_hex(object, "limit", error->limit);
    cli_json_text(object, "text", zp_error_explain(error, safe, text, sizeof text));
    free(safe);
    return object;
}

/* JSON lets DEL and the C1 control characters (U+0080 to U+009F) stand as they are; a terminal obeys them. */
static void put_escaped(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++)
        if (*at == 0x7f)
            fputs("\\u007f", stdout);
        else if (*at == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f)
            printf("\\u00%02x", *++at);
        else
            putchar(*at);
    putchar('\n');
}

void cli_json_print(struct json_object *object)
{
    put_escaped(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                           JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(object);
}

/* The error of a file that could not even be read, in the same shape. */
static struct json_object *errno_fault(const char *file_name, int number)
{
    struct json_object *object = json_object_new_object();
    const char *name = strerrorname_np(number);
    char *safe = cli_escape_copy(file_name);
    char *text = NULL;
    if (asprintf(&text, "%s: %s", safe, strerror(number)) < 0)
        text = NULL;
    cli_json_text(object, "code", name ? name : "unknown");
    cli_json_text(object, "field", zp_field_name(ZP_FIELD_FILE));
    json_object_object_add(object, "offset", NULL);
    cli_json_hex(object, "value", 0);
    cli_json_hex(object, "limit", 0);
    cli_json_text(object, "text", text ? text : "");
    free(text);
    free(safe);
    return object;
}

struct json_object *cli_json_status(int status, const struct zp_error *error, const char *file_name)
{
    return status > 0 ? errno_fault(file_name, status) : cli_json_fault(error, file_name);
}

int cli_refuse(bool json, const char *file_name, int status, const struct zp_error *error)
{
    if (json) {
        struct json_object *object = json_object_new_object();
        json_object_object_add(object, "error", cli_json_status(status, error, file_name));
        cli_json_print(object);
        return cli_finish(CLI_NO);
    }
    if (status > 0) {
        cli_error_errno(file_name, status);
        return CLI_NO;
    }
    char text[1024];
    char *safe = cli_escape_copy(file_name);
    cli_error("%s", zp_error_explain(error, safe, text, sizeof text));
    free(safe);
    return CLI_NO;
}
