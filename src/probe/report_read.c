/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a report (report.h) out of what came over a serial line: a stranger's text, with a firmware's
 * banners and escape sequences between the lines and before each brace, and with line ends of any kind.
 *
 * One pass finds the last report that is whole, by its count of lines and its checksum; only that one is
 * parsed. Bounded: a line, the lines of a report, its bytes and the objects in a line all have a limit, so
 * that no text costs more than some tens of megabytes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "reading.h"

#define LINE_MAX_BYTES   ((size_t)64 << 10)
#define LINES_MAX        ((size_t)8192)
#define REPORT_MAX       ((size_t)2 << 20)
#define OBJECTS_PER_LINE 32u
#define DEPTH_MAX        4
#define OPENING          "{\"probe\":\""

struct piece {
    const char *bytes;
    size_t length;
};

struct search {
    struct piece *pieces; /* of the report that is being read */
    size_t count, capacity, bytes;
    bool open;
    struct piece *whole; /* of the last whole one */
    size_t whole_count;
    uint32_t crc;
    char *why;
    size_t why_size;
};

static void say(struct search *search, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct search *search, const char *format, ...)
{
    va_list arguments;
    if (search->why_size == 0)
        return;
    va_start(arguments, format);
    vsnprintf(search->why, search->why_size, format, arguments);
    va_end(arguments);
}

static bool begins(const struct piece *piece, const char *kind)
{
    size_t length = strlen(kind), skip = strlen(OPENING);
    return piece->length > skip + length && memcmp(piece->bytes + skip, kind, length) == 0 &&
           piece->bytes[skip + length] == '"';
}

/* Objects and arrays that a line would make: each costs hundreds of times the two bytes of its text. */
static unsigned count_objects(const struct piece *piece)
{
    unsigned objects = 0;
    bool quoted = false;
    for (size_t i = 0; i < piece->length; i++) {
        char byte = piece->bytes[i];
        if (quoted && byte == '\\')
            i++;
        else if (byte == '"')
            quoted = !quoted;
        else if (!quoted && (byte == '{' || byte == '['))
            objects++;
    }
    return objects;
}

/* Parses one line; NULL when it is anything but one object of a size that ours have. */
static struct json_object *parse(const struct piece *piece)
{
    if (piece->length > LINE_MAX_BYTES || count_objects(piece) > OBJECTS_PER_LINE)
        return NULL;
    struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
    if (!tokener)
        return NULL;
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *object = json_tokener_parse_ex(tokener, piece->bytes, (int)piece->length);
    bool whole = json_tokener_get_error(tokener) == json_tokener_success &&
                 json_object_is_type(object, json_type_object);
    json_tokener_free(tokener);
    if (whole)
        return object;
    json_object_put(object);
    return NULL;
}

/* The checksum that a line adds to: from its brace through its newline, as the writer wrote it. */
static uint32_t add_crc(uint32_t crc, const struct piece *piece)
{
    crc = (uint32_t)crc32(crc, (const Bytef *)piece->bytes, (uInt)piece->length);
    return (uint32_t)crc32(crc, (const Bytef *)"\n", 1);
}

static void drop(struct search *search)
{
    search->open = false;
    search->count = 0;
    search->bytes = 0;
    search->crc = 0;
}

/* The end of a report: keeps it when it is whole. 0 or -1 without memory. */
static int close_report(struct search *search, const struct piece *piece)
{
    uint64_t lines = 0, crc = 0;
    struct json_object *end = parse(piece);
    bool told = zp_line_number(end, "lines", &lines) && zp_line_number(end, "crc32", &crc);
    json_object_put(end);
    if (!told) {
        say(search, "the end line after line %zu cannot be read", search->count);
    } else if (lines != search->count) {
        say(search, "the report should have %" PRIu64 " lines, %zu came", lines, search->count);
    } else if (crc != search->crc) {
        say(search, "wrong checksum after line %zu: 0x%08" PRIx32 ", the report says 0x%08" PRIx64,
            search->count, search->crc, crc);
    } else {
        struct piece *copy = realloc(search->whole, search->count * sizeof *copy);
        if (!copy)
            return -1;
        memcpy(copy, search->pieces, search->count * sizeof *copy);
        search->whole = copy;
        search->whole_count = search->count;
    }
    drop(search);
    return 0;
}

static int take_piece(struct search *search, const struct piece *piece)
{
    if (begins(piece, "begin")) {
        drop(search);
        search->open = true;
    }
    if (!search->open)
        return 0;
    if (begins(piece, "end"))
        return close_report(search, piece);
    if (search->count == LINES_MAX || search->bytes + piece->length > REPORT_MAX) {
        say(search, "the report is longer than any: past line %zu", search->count);
        drop(search);
        return 0;
    }
    if (search->count == search->capacity) {
        size_t capacity = search->capacity ? 2 * search->capacity : 64;
        struct piece *grown = realloc(search->pieces, capacity * sizeof *grown);
        if (!grown)
            return -1;
        search->pieces = grown;
        search->capacity = capacity;
    }
    search->pieces[search->count++] = *piece;
    search->bytes += piece->length;
    search->crc = add_crc(search->crc, piece);
    return 0;
}

/*
 * The object in a line: the last that begins there, for a machine that was reset in the midst of a line
 * begins its next report behind what came of it (within a string of ours no such text can stand: quotes are
 * escaped), and down to its brace, for what watches the line may end it with a sequence of its own.
 */
static bool find_object(const char *line, const char *stop, struct piece *ret_piece)
{
    const char *brace = NULL, *next = line;
    while ((next = memmem(next, (size_t)(stop - next), OPENING, strlen(OPENING))) != NULL) {
        brace = next;
        next += strlen(OPENING);
    }
    if (!brace)
        return false;
    const char *last = memrchr(brace, '}', (size_t)(stop - brace));
    *ret_piece = (struct piece){brace, (size_t)((last ? last + 1 : stop) - brace)};
    return true;
}

/* Goes through the text line by line. 0 or -1 without memory. */
static int find(struct search *search, const char *text, size_t length)
{
    const char *end = text + length;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline ? newline : end;
        struct piece piece;
        if (find_object(text, stop, &piece) && take_piece(search, &piece) != 0)
            return -1;
        text = newline ? newline + 1 : end;
    }
    return 0;
}

/* Appends the lines of pieces, of one kind or of all (NULL). 0 or -1. */
static int keep(struct zp_report *report, const struct search *search, const char *kind)
{
    for (size_t i = 0; i < search->whole_count; i++) {
        if (kind && !begins(&search->whole[i], kind))
            continue;
        struct json_object *object = parse(&search->whole[i]);
        if (!object) {
            if (search->why_size > 0)
                snprintf(search->why, search->why_size, "line %zu of the report is no line of JSON", i + 1);
            return -1;
        }
        struct json_object **grown =
            realloc(report->lines, (report->count + 1) * sizeof(struct json_object *));
        if (!grown) {
            json_object_put(object);
            return -1;
        }
        report->lines = grown;
        report->lines[report->count++] = object;
    }
    return 0;
}

/* What the first line says of the report. 0 or -1. */
static int begin(struct zp_report *report, struct search *search)
{
    uint64_t schema = 0;
    struct json_object *first = zp_report_line(report, "begin");
    if (!zp_line_number(first, "schema", &schema) || schema != 1) {
        say(search, "the report has schema %" PRIu64 ", known is 1", schema);
        return -1;
    }
    report->protocol = zp_line_text(first, "protocol", NULL);
    report->image = zp_line_text(first, "image", NULL);
    if (!report->protocol) {
        say(search, "the report does not say by which protocol");
        return -1;
    }
    if (!report->image)
        report->image = "";
    return 0;
}

/*
 * What a guest cannot see of itself: the hidden parts of its segment registers. All else stands in both, and
 * the guest's own sight counts.
 */
static int join(struct zp_report *report, const char *outside, size_t length, struct search *search)
{
    struct search trace = {.why = search->why, .why_size = search->why_size};
    struct zp_report other = {0};
    int status = find(&trace, outside, length);
    if (status == 0 && trace.whole_count == 0) {
        say(search, "the trace holds no whole report");
        status = -1;
    }
    if (status == 0)
        status = keep(&other, &trace, "begin");
    if (status == 0)
        status = begin(&other, &trace);
    if (status == 0 && strcmp(other.protocol, report->protocol) != 0) {
        say(search, "the trace is of another protocol than the report");
        status = -1;
    }
    if (status == 0 && !zp_report_line(report, "segments"))
        status = keep(report, &trace, "segments");
    for (size_t i = 0; i < other.count; i++)
        json_object_put(other.lines[i]);
    free(other.lines);
    free(trace.pieces);
    free(trace.whole);
    return status;
}

int zp_report_read(const char *text, size_t length, const char *outside, size_t outside_length,
                   struct zp_report **ret_report, char *why, size_t why_size)
{
    struct search search = {.why = why, .why_size = why_size};
    struct zp_report *report = calloc(1, sizeof *report);
    if (why_size > 0)
        why[0] = '\0';
    int status = report ? find(&search, text, length) : -1;
    if (status == 0 && search.whole_count == 0) {
        if (search.open)
            say(&search, "the report is cut off after line %zu", search.count);
        else if (why_size > 0 && why[0] == '\0')
            say(&search, "no report in %zu bytes of output", length);
        status = -1;
    }
    if (status == 0)
        status = keep(report, &search, NULL);
    if (status == 0)
        status = begin(report, &search);
    if (status == 0) {
        report->inside_count = report->count;
        if (outside)
            status = join(report, outside, outside_length, &search);
    }
    if (status != 0 && why_size > 0 && why[0] == '\0')
        say(&search, "out of memory");
    free(search.pieces);
    free(search.whole);
    if (status != 0) {
        zp_report_free(report);
        return -1;
    }
    *ret_report = report;
    return 0;
}

void zp_report_free(struct zp_report *report)
{
    if (!report)
        return;
    for (size_t i = 0; i < report->count; i++)
        json_object_put(report->lines[i]);
    free(report->lines);
    free(report);
}

const char *zp_report_protocol(const struct zp_report *report)
{
    return report->protocol;
}

const char *zp_report_image(const struct zp_report *report)
{
    return report->image;
}

struct json_object *zp_report_next(const struct zp_report *report, const char *kind, size_t *cursor)
{
    while (*cursor < report->count) {
        struct json_object *line = report->lines[(*cursor)++];
        const char *name = zp_line_text(line, "probe", NULL);
        if (name && strcmp(name, kind) == 0)
            return line;
    }
    return NULL;
}

struct json_object *zp_report_line(const struct zp_report *report, const char *kind)
{
    size_t cursor = 0;
    return zp_report_next(report, kind, &cursor);
}

static struct json_object *member(struct json_object *object, const char *key, enum json_type type)
{
    struct json_object *value = NULL;
    if (!json_object_is_type(object, json_type_object) || !json_object_object_get_ex(object, key, &value))
        return NULL;
    return json_object_is_type(value, type) ? value : NULL;
}

bool zp_line_number(struct json_object *object, const char *key, uint64_t *ret_value)
{
    struct json_object *value = member(object, key, json_type_int);
    if (value) {
        /* A negative number is none of ours. */
        if (json_object_get_int64(value) < 0)
            return false;
        *ret_value = json_object_get_uint64(value);
        return true;
    }
    const char *text = zp_line_text(object, key, NULL);
    if (!text || text[0] != '0' || text[1] != 'x' || strspn(text + 2, "0123456789abcdefABCDEF") == 0 ||
        strspn(text + 2, "0123456789abcdefABCDEF") != strlen(text + 2) || strlen(text + 2) > 16)
        return false;
    *ret_value = strtoull(text + 2, NULL, 16);
    return true;
}

bool zp_line_bool(struct json_object *object, const char *key, bool *ret_value)
{
    struct json_object *value = member(object, key, json_type_boolean);
    if (value)
        *ret_value = json_object_get_boolean(value);
    return value != NULL;
}

const char *zp_line_text(struct json_object *object, const char *key, size_t *ret_length)
{
    struct json_object *value = member(object, key, json_type_string);
    if (!value)
        return NULL;
    if (ret_length)
        *ret_length = (size_t)json_object_get_string_len(value);
    return json_object_get_string(value);
}

struct json_object *zp_line_object(struct json_object *object, const char *key)
{
    return member(object, key, json_type_object);
}
