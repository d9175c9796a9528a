/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The judge: reads a handoff report and holds it against the specification of the protocol, clause by clause.
 *
 * A report is text of an unknown sender. Reading checks its checksum and order, joins what was seen from
 * outside to it, and keeps it as JSON; each clause then looks at the fields that it speaks of. What cannot be
 * seen is "not observable", never "pass".
 */
#ifndef ZP_PROBE_JUDGE_H
#define ZP_PROBE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zp_report;

/* What was handed over, where the one who asks knows it. */
struct zp_probe_expected {
    bool cmdline_known;
    const char *cmdline;
    bool modules_known;
    size_t module_count;
    const struct zp_probe_expected_module {
        uint64_t size;
        uint32_t crc32;
    } * modules;
};

enum zp_clause_level {
    ZP_CLAUSE_MUST = 1,
    ZP_CLAUSE_SHOULD = 2,
    ZP_CLAUSE_NOTE = 3
};

enum zp_clause_verdict {
    ZP_CLAUSE_PASS = 1,
    ZP_CLAUSE_FAIL = 2,
    ZP_CLAUSE_NOT_OBSERVABLE = 3,
    ZP_CLAUSE_NOT_APPLICABLE = 4 /* the case that it speaks of did not arise: no initrd was handed over */
};

struct zp_clause_result {
    const char *id;      /* "linux64.rsi"; stable, for tables and links */
    const char *text;    /* what is asked, a sentence */
    const char *section; /* where from: "Linux boot.rst, 64-bit BOOT PROTOCOL" */
    enum zp_clause_level level;
    enum zp_clause_verdict verdict;
    char detail[256]; /* what was found, for a fail always */
};

/*
 * Finds the (last whole) report in text; outside is the text of a trace of the same entry, or NULL. 0, or -1
 * with a sentence in why (no report, cut off after line N, wrong checksum at line N).
 */
int zp_report_read(const char *text, size_t length, const char *outside, size_t outside_length,
                   struct zp_report **ret_report, char *why, size_t why_size);
void zp_report_free(struct zp_report *report);
/* "linux32" and so on; name of the image. */
const char *zp_report_protocol(const struct zp_report *report);
const char *zp_report_image(const struct zp_report *report);

/* Judges; results in the order of the table, owned by the caller (free). */
int zp_judge(const struct zp_report *report, const struct zp_probe_expected *expected,
             struct zp_clause_result **ret_results, size_t *ret_count);

/* Every clause of a protocol ("" for all), for the manual and for tests; results without verdict. */
int zp_judge_clauses(const char *protocol, struct zp_clause_result **ret_results, size_t *ret_count);

#endif
