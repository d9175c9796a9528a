/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where an image boots and what to change, in the two forms in which `zeropage inspect` shows an image. The
 * table is short: hosts that boot it plainly stand together, one line for each of the others; the JSON has
 * every rule and every version.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image_view.h"
#include "verdict.h"

#define LINE_WIDTH 96u
#define INDENT     16u

static struct zp_verdict_row *judge(const struct zp_opened_image *opened, size_t *ret_count)
{
    size_t count = zp_verdicts(opened, NULL, 0);
    struct zp_verdict_row *rows = cli_grow(NULL, count, sizeof *rows);
    *ret_count = zp_verdicts(opened, rows, count);
    return rows;
}

/* Words after a first column, broken between words. */
static void print_words(const char *first, const char *words)
{
    size_t column = INDENT;
    printf("  %-*s", (int)INDENT - 2, first);
    while (*words) {
        size_t length = strcspn(words, " ");
        if (column > INDENT && column + 1 + length > LINE_WIDTH) {
            printf("\n%*s", (int)INDENT, "");
            column = INDENT;
        } else if (column > INDENT) {
            putchar(' ');
            column++;
        }
        printf("%.*s", (int)length, words);
        column += length;
        words += length + strspn(words + length, " ");
    }
    putchar('\n');
}

/* "qemu-kernel (linux16), crosvm (linux64)" */
static void print_plain(const struct zp_verdict_row *rows, size_t count)
{
    char words[1024] = "";
    size_t used = 0;
    for (size_t i = 0; i < count && used < sizeof words; i++)
        if (rows[i].verdict == ZP_VERDICT_BOOTS)
            used += (size_t)snprintf(words + used, sizeof words - used, "%s%s (%s)", used ? ", " : "",
                                     rows[i].host, rows[i].entry);
    print_words("boots", used ? words : "nowhere");
}

/* Nothing in the image that the host looks for: the last rule of each. */
static bool finds_nothing(const struct zp_verdict_row *row)
{
    return row->verdict == ZP_VERDICT_DOES_NOT && strcmp(row->id, "none") == 0;
}

static bool is_faulty(const struct zp_verdict_row *row)
{
    return row->verdict == ZP_VERDICT_DOES_NOT &&
           (strcmp(row->id, "entry.faulty") == 0 || strcmp(row->id, "elf.sound") == 0);
}

/* What is said of a host beyond its name; hosts of which the same is said stand together. */
static const char *said(const struct zp_verdict_row *row)
{
    return row->verdict == ZP_VERDICT_BOOTS_BUT ? row->but : row->rule;
}

static bool told_before(const struct zp_verdict_row *rows, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (rows[i].verdict == rows[index].verdict && strcmp(said(&rows[i]), said(&rows[index])) == 0)
            return true;
    return false;
}

static void print_alike(const struct zp_verdict_row *rows, size_t count, size_t first)
{
    char words[ZP_VERDICT_BUT_SIZE + 512] = "";
    size_t used = 0;
    for (size_t i = first; i < count; i++) {
        if (rows[i].verdict != rows[first].verdict || strcmp(said(&rows[i]), said(&rows[first])) != 0)
            continue;
        used += (size_t)snprintf(words + used, sizeof words - used, used ? ", %s" : "%s", rows[i].host);
        if (rows[i].entry)
            used += (size_t)snprintf(words + used, sizeof words - used, " (%s)", rows[i].entry);
    }
    snprintf(words + used, sizeof words - used, ": %s", said(&rows[first]));
    print_words(rows[first].verdict == ZP_VERDICT_BOOTS_BUT ? "boots, but" : "does not", words);
}

/* What is worth knowing of hosts that boot it, once for all of which the same is said. */
static void print_notes(const struct zp_verdict_row *rows, size_t count)
{
    char words[ZP_VERDICT_RULE_SIZE + 512];
    for (size_t i = 0; i < count; i++) {
        size_t used = 0, first = count;
        for (size_t j = 0; j < count; j++) {
            if (!rows[i].note[0] || strcmp(rows[j].note, rows[i].note) != 0)
                continue;
            first = first < j ? first : j;
            used += (size_t)snprintf(words + used, sizeof words - used, used ? ", %s" : "%s", rows[j].host);
        }
        if (first != i)
            continue;
        snprintf(words + used, sizeof words - used, ": %s", rows[i].note);
        print_words("note", words);
    }
}

static void print_rest(const struct zp_verdict_row *rows, size_t count, uint32_t verdict)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].verdict == verdict && !finds_nothing(&rows[i]) && !is_faulty(&rows[i]) &&
            !told_before(rows, i))
            print_alike(rows, count, i);
}

/* Hosts of which one line says all. */
static void print_hosts(const char *first, const struct zp_verdict_row *rows, size_t count,
                        bool (*belongs)(const struct zp_verdict_row *row))
{
    char words[1024] = "";
    size_t used = 0;
    for (size_t i = 0; i < count && used < sizeof words; i++)
        if (belongs(&rows[i]))
            used +=
                (size_t)snprintf(words + used, sizeof words - used, "%s%s", used ? ", " : "", rows[i].host);
    if (used)
        print_words(first, words);
}

void cli_boots_table(const struct zp_opened_image *opened)
{
    struct cli_style style = cli_style();
    size_t count, dull = 0;
    struct zp_verdict_row *rows = judge(opened, &count);
    for (size_t i = 0; i < count; i++)
        dull += finds_nothing(&rows[i]);
    if (dull < count) {
        printf("\n%sBoots on%s\n", style.bold, style.plain);
        print_plain(rows, count);
        print_rest(rows, count, ZP_VERDICT_BOOTS_BUT);
        print_notes(rows, count);
        for (size_t i = 0; i < count; i++)
            if (rows[i].how)
                print_words(rows[i].host, rows[i].how);
        print_rest(rows, count, ZP_VERDICT_DOES_NOT);
        print_hosts("entry faulty", rows, count, is_faulty);
        print_hosts("no way in", rows, count, finds_nothing);
    }
    free(rows);
}

static struct json_object *row_json(const struct zp_verdict_row *row)
{
    struct json_object *object = json_object_new_object();
    cli_json_text(object, "host", row->host);
    cli_json_text(object, "verdict", zp_verdict_name(row->verdict));
    json_object_object_add(object, "entry", row->entry ? json_object_new_string(row->entry) : NULL);
    cli_json_text(object, "rule", row->rule);
    json_object_object_add(object, "but", row->but[0] ? json_object_new_string(row->but) : NULL);
    json_object_object_add(object, "note", row->note[0] ? json_object_new_string(row->note) : NULL);
    json_object_object_add(object, "how", row->how ? json_object_new_string(row->how) : NULL);
    cli_json_text(object, "version", row->version);
    cli_json_text(object, "id", row->id);
    return object;
}

void cli_boots_json(struct json_object *object, const struct zp_opened_image *opened)
{
    size_t count;
    struct zp_verdict_row *rows = judge(opened, &count);
    struct json_object *boots = json_object_new_array();
    for (size_t i = 0; i < count; i++)
        json_object_array_add(boots, row_json(&rows[i]));
    json_object_object_add(object, "boots", boots);
    free(rows);

    struct zp_advice *advice = cli_grow(NULL, ZP_ADVICE_MAX, sizeof *advice);
    struct json_object *list = json_object_new_array();
    count = zp_advise(opened, advice, ZP_ADVICE_MAX);
    for (size_t i = 0; i < count; i++) {
        struct json_object *one = json_object_new_object();
        cli_json_text(one, "problem", advice[i].problem);
        cli_json_text(one, "change", advice[i].change);
        cli_json_text(one, "id", advice[i].id);
        json_object_array_add(list, one);
    }
    json_object_object_add(object, "advice", list);
    free(advice);
}

void cli_advice_table(const struct zp_opened_image *opened)
{
    struct cli_style style = cli_style();
    struct zp_advice *advice = cli_grow(NULL, ZP_ADVICE_MAX, sizeof *advice);
    size_t count = zp_advise(opened, advice, ZP_ADVICE_MAX);
    if (count)
        printf("\n%sAdvice%s\n", style.bold, style.plain);
    for (size_t i = 0; i < count; i++) {
        print_words("problem", advice[i].problem);
        print_words("  change", advice[i].change);
    }
    free(advice);
}
