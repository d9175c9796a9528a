/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zeropage probe: what its parts share. A case is one entry of the probe by one host: what was run, the text
 * that came back, the report in it and the verdicts on that.
 */
#ifndef ZP_CLI_PROBE_H
#define ZP_CLI_PROBE_H

#include <limits.h>

#include "cli.h"
#include "images.h"
#include "judge.h"

#define PROBE_OUTPUT_MAX ((size_t)16 << 20)

/* The initrd and the command line that a probe is given unless the caller has others (zeropage-probe(1)). */
#define PROBE_INITRD_SIZE 12345u
extern const char probe_cmdline[];
void probe_initrd(unsigned char bytes[PROBE_INITRD_SIZE]);

struct probe_text {
    char *bytes; /* length of them and a NUL; NULL: none */
    size_t length;
};
/* A whole file, "-" for stdin, at most PROBE_OUTPUT_MAX of it. 0, or CLI_NO after a message. */
int probe_text_read(const char *name, struct probe_text *ret_text);
void probe_text_free(struct probe_text *text);

/* What the loader was asked to hand over. */
struct probe_asked {
    struct zp_probe_expected expected;
    struct zp_probe_expected_module module;
};
void probe_asked_cmdline(struct probe_asked *asked, const char *cmdline);
void probe_asked_module(struct probe_asked *asked, const void *bytes, size_t size);

struct probe_counts {
    size_t passed, failed, not_observable, not_applicable;
};

struct probe_case {
    const char *host;     /* "kvm", the name of a command; NULL: a file */
    const char *image;    /* as run; of the report once there is one */
    const char *protocol; /* NULL until there is a report or a wish */
    struct probe_text output, trace;
    struct zp_report *report; /* NULL: none, and why says so */
    char why[256];
    const char *hint; /* what the user may have forgotten, with why; NULL: no idea */
    struct zp_clause_result *results;
    size_t count;
    struct probe_counts counts[4]; /* by level */
};
/* Reads and judges what came. True: a report came and no must clause failed. */
bool probe_case_judge(struct probe_case *probe, const struct probe_asked *asked);
bool probe_case_passed(const struct probe_case *probe);
void probe_case_free(struct probe_case *probe);

/* probe_run.c: a folder for the files of a run, and commands in it. */

struct probe_folder {
    char path[PATH_MAX];
};
/* 0, or CLI_NO after a message. */
int probe_folder_make(struct probe_folder *folder);
void probe_folder_remove(struct probe_folder *folder);
/* Writes a file of that name in the folder and gives its path, owned by the caller. NULL after a message. */
char *probe_folder_write(const struct probe_folder *folder, const char *name, const void *bytes, size_t size);

#define PROBE_WHY 64
struct probe_command {
    const char *const *argv; /* NULL at the end; no shell */
    unsigned timeout;        /* seconds */
    const char *label;       /* for the progress line */
};
/*
 * Runs a command, its stdout and stderr into *ret_output, until it ends, or two seconds after the report's
 * end, or the time is over; ends what still runs. 0, or CLI_NO after a message. ret_why: how it ended.
 */
int probe_run(const struct probe_command *command, struct probe_text *ret_output, char ret_why[PROBE_WHY]);

/* The last lines of what a command printed that gave no report, each behind prefix, safe for a terminal. */
void probe_tail(FILE *file, const struct probe_text *output, const char *prefix);

/* probe_table.c, probe_json.c, probe_tap.c, probe_diff.c, probe_files.c */
void probe_table(const struct probe_case *probe, bool all);
struct json_object *probe_json(const struct probe_case *probe);
void probe_tap(const struct probe_case *cases, size_t count);
/* CLI_DONE when they agree, CLI_NO when they do not or after a message. */
int probe_diff(const char *left, const char *right);
int probe_list(void);
int probe_write(const char *folder, const char *image);
int probe_clauses(const char *protocol, bool json);
/* "must", "should", "note"; "passed" and so on. */
const char *probe_level_name(enum zp_clause_level level);
const char *probe_verdict_name(enum zp_clause_verdict verdict);

/* probe_own.c: our engines. An image by name or all (NULL), as are engine and protocol. */
struct probe_own {
    const char *engine, *protocol, *image;
    unsigned timeout;
    const struct probe_asked *asked;
    const char *cmdline, *initrd; /* initrd: path of a file */
    const struct probe_folder *folder;
};
/* Judged cases; *ret_count of them, owned by the caller. 0, or CLI_NO after a message. */
int probe_own(const struct probe_own *own, struct probe_case **ret_cases, size_t *ret_count);

#endif
