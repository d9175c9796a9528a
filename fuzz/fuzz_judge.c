/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zp_report_read and zp_judge on any text, with and without a trace (what stands behind a form feed). So that
 * a fuzzer need not guess checksums, every report is read a second time with the end line that its lines
 * call for. What must hold: a refusal says why; each verdict is one of the four, and a failed clause says
 * what was found in plain characters.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BEGIN "{\"probe\":\"begin\""
#define PROBE "{\"probe\":\""

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check(const char *text, size_t length, const char *outside, size_t outside_length)
{
    static const struct zp_probe_expected_module module = {12345, 0x1234abcd};
    static const struct zp_probe_expected expected = {true, "console=ttyS0 quiet", true, 1, &module};
    struct zp_report *report = NULL;
    struct zp_clause_result *results;
    char why[128] = "";
    size_t count;

    if (zp_report_read(text, length, outside, outside_length, &report, why, sizeof(why)) != 0) {
        must(report == NULL && why[0] != '\0');
        return;
    }
    must(zp_report_protocol(report) && zp_report_image(report));
    if (zp_judge(report, &expected, &results, &count) == 0) {
        must(count >= 20);
        for (size_t i = 0; i < count; i++) {
            must(results[i].verdict >= ZP_CLAUSE_PASS && results[i].verdict <= ZP_CLAUSE_NOT_APPLICABLE);
            must(results[i].verdict != ZP_CLAUSE_FAIL || results[i].detail[0] != '\0');
            for (const char *at = results[i].detail; *at; at++)
                must(*at >= ' ' && *at <= '~');
        }
        free(results);
    }
    zp_report_free(report);
}

/* The lines of the text as a whole report of their own: from the first "begin", each from its brace on. */
static char *completed(const char *text, size_t length, size_t *ret_length)
{
    char *out = malloc(length + 128);
    const char *end = text + length;
    size_t used = 0, lines = 0;

    must(out != NULL);
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *stop = newline ? newline : end;
        const char *brace = memmem(text, (size_t)(stop - text), PROBE, strlen(PROBE));
        bool is_begin =
            brace && (size_t)(stop - brace) >= strlen(BEGIN) && memcmp(brace, BEGIN, strlen(BEGIN)) == 0;
        bool is_end = brace && (size_t)(stop - brace) >= 14 && memcmp(brace, "{\"probe\":\"end\"", 14) == 0;

        if (is_begin)
            used = lines = 0;
        if (brace && !is_end && (is_begin || lines > 0)) {
            while (stop > brace && stop[-1] == '\r')
                stop--;
            memcpy(out + used, brace, (size_t)(stop - brace));
            used += (size_t)(stop - brace);
            out[used++] = '\n';
            lines++;
        }
        text = newline ? newline + 1 : end;
    }
    *ret_length =
        used + (size_t)snprintf(out + used, 100, "{\"probe\":\"end\",\"lines\":%zu,\"crc32\":\"0x%08lx\"}\n",
                                lines, crc32(0, (const Bytef *)out, (uInt)used));
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *feed = size ? memchr(text, '\f', size) : NULL;
    size_t length = feed ? (size_t)(feed - text) : size, whole_length, trace_length = 0;
    char *whole, *trace = NULL;

    check(text, length, feed, feed ? size - length : 0);
    whole = completed(text, length, &whole_length);
    if (feed)
        trace = completed(feed, size - length, &trace_length);
    check(whole, whole_length, trace, trace_length);
    free(whole);
    free(trace);
    return 0;
}
