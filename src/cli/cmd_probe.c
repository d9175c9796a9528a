/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zeropage probe: has a VMM or boot loader enter the probe, and judges the state in which it did. What runs
 * is our own engines, a command after --, or nobody: a captured log. Exit 0 when no must clause fails, 1
 * when one does or no report came, 2 usage.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "probe.h"

enum {
    KEY_ENGINE = 0x400,
    KEY_PROTOCOL,
    KEY_IMAGE,
    KEY_JSON,
    KEY_TAP,
    KEY_TIMEOUT,
    KEY_JUDGE,
    KEY_TRACE,
    KEY_CMDLINE,
    KEY_INITRD,
    KEY_KNOWN,
    KEY_KEEP,
    KEY_LIST,
    KEY_WRITE,
    KEY_CLAUSES,
    KEY_DIFF
};

#define TIMEOUT_DEFAULT 60u
#define TIMEOUT_MAX     86400u

struct probe_options {
    const char *engine, *protocol, *image, *judge, *trace, *cmdline, *initrd, *keep, *write;
    bool list, clauses, diff, known, json, tap, all;
    unsigned timeout;
    char **words; /* after the options: a command, two files, a protocol */
    size_t word_count;
    bool quoted; /* they stood behind -- */
};

static unsigned parse_seconds(const struct argp_state *state, const char *text)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || value < 1 || value > TIMEOUT_MAX)
        cli_usage(state, "--timeout %s: not a number from 1 to %u", text, TIMEOUT_MAX);
    return (unsigned)value;
}

static bool is_protocol(const char *name)
{
    return zp_protocol_by_name(name) > 0 || strcmp(name, "efi") == 0;
}

/* What goes together, once all is known. */
static void check(const struct argp_state *state, const struct probe_options *options)
{
    int modes = options->list + options->clauses + options->diff + (options->judge != NULL) +
                (options->write != NULL) + options->quoted;
    if (modes > 1)
        cli_usage(state, "one of --list, --write, --clauses, --judge, --diff and a command at a time");
    if (options->quoted && options->word_count == 0)
        cli_usage(state, "no command after --");
    if (options->diff && options->word_count != 2)
        cli_usage(state, "--diff takes two files");
    if (options->clauses && options->word_count > 1)
        cli_usage(state, "--clauses takes one protocol");
    if (options->clauses && options->word_count == 1 && !is_protocol(options->words[0]))
        cli_usage(state, "--clauses %s: not a protocol", options->words[0]);
    if (options->quoted && (options->engine || options->protocol))
        cli_usage(state, "--engine and --protocol are for our own engines; a command is given an --image");
    if (options->json && options->tap)
        cli_usage(state, "--json or --tap");
    if (options->trace && !options->judge)
        cli_usage(state, "--trace goes with --judge");
    if (options->image && !zp_probe_image_by_name(options->image))
        cli_usage(state, "--image %s: not an image; --list lists them", options->image);
    if (options->protocol && !is_protocol(options->protocol))
        cli_usage(state, "--protocol %s: not a protocol", options->protocol);
    if (options->engine && strcmp(options->engine, "kvm") != 0 && strcmp(options->engine, "qemu") != 0)
        cli_usage(state, "--engine %s: not kvm or qemu", options->engine);
}

static error_t parse_probe(int key, char *argument, struct argp_state *state)
{
    struct probe_options *options = state->input;
    switch (key) {
    case KEY_ENGINE: options->engine = argument; return 0;
    case KEY_PROTOCOL: options->protocol = argument; return 0;
    case KEY_IMAGE: options->image = argument; return 0;
    case KEY_JSON: options->json = true; return 0;
    case KEY_TAP: options->tap = true; return 0;
    case KEY_TIMEOUT: options->timeout = parse_seconds(state, argument); return 0;
    case KEY_JUDGE: options->judge = argument; return 0;
    case KEY_TRACE: options->trace = argument; return 0;
    case KEY_CMDLINE: options->cmdline = argument; return 0;
    case KEY_INITRD: options->initrd = argument; return 0;
    case KEY_KNOWN: options->known = true; return 0;
    case KEY_KEEP: options->keep = argument; return 0;
    case KEY_LIST: options->list = true; return 0;
    case KEY_WRITE: options->write = argument; return 0;
    case KEY_CLAUSES: options->clauses = true; return 0;
    case KEY_DIFF: options->diff = true; return 0;
    case 'v': options->all = true; return 0;
    case ARGP_KEY_ARG:
        /* In order, so that the options of a command without "--" are not taken for ours. */
        if (!state->quoted && !options->diff && !options->clauses)
            cli_usage(state, "'%s' is too many (a command comes after --)", argument);
        options->words = cli_grow(options->words, options->word_count + 2, sizeof *options->words);
        options->words[options->word_count++] = argument;
        options->words[options->word_count] = NULL;
        return 0;
    case ARGP_KEY_END:
        options->quoted = state->quoted > 0;
        check(state, options);
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp_option argp_options[] = {
    {"engine", KEY_ENGINE, "NAME", 0, "Our kvm or qemu engine alone", 1},
    {"protocol", KEY_PROTOCOL, "NAME", 0, "Our engines by this protocol alone", 1},
    {"image", KEY_IMAGE, "NAME", 0, "This image of the probe (a command: bzimage)", 1},
    {"timeout", KEY_TIMEOUT, "SECONDS", 0, "End a command after so long (60)", 1},
    {"keep", KEY_KEEP, "FILE", 0, "Keep what the command printed", 1},
    {"json", KEY_JSON, NULL, 0, "Verdicts and report, for a program", 2},
    {"tap", KEY_TAP, NULL, 0, "Verdicts as TAP, for a test harness", 2},
    {"all", 'v', NULL, 0, "Every clause, not only what failed", 2},
    {"judge", KEY_JUDGE, "FILE", 0, "Judge a captured serial log", 3},
    {"trace", KEY_TRACE, "FILE", 0, "What was seen from outside (run --trace)", 3},
    {"cmdline", KEY_CMDLINE, "TEXT", 0, "The command line that was asked for", 3},
    {"initrd", KEY_INITRD, "FILE", 0, "The initrd that was asked for", 3},
    {"known", KEY_KNOWN, NULL, 0, "Those that --write wrote were asked for", 3},
    {"diff", KEY_DIFF, NULL, 0, "Compare two reports: --diff A B", 4},
    {"list", KEY_LIST, NULL, 0, "The images", 4},
    {"write", KEY_WRITE, "DIR", 0, "Write them to DIR, with initrd and command line", 4},
    {"clauses", KEY_CLAUSES, NULL, 0, "The clauses: --clauses [PROTOCOL]", 4},
    {0},
};

static const struct argp_child children[] = {
    {&cli_common_argp, 0, NULL, 0},
    {0},
};

static const struct argp probe_argp = {
    argp_options,
    parse_probe,
    "[-- COMMAND ... {} ... {initrd} ... {cmdline} ...]",
    "Has our engines, or COMMAND, boot a probe and judges how it was entered.\n"
    "{} is the probe's file, {initrd} a file for it, {cmdline} a command line.",
    children,
    NULL,
    NULL,
};

bool probe_case_passed(const struct probe_case *probe)
{
    return probe->report && probe->counts[ZP_CLAUSE_MUST].failed == 0;
}

static void count(struct probe_case *probe)
{
    for (size_t i = 0; i < probe->count; i++) {
        struct probe_counts *counts = &probe->counts[probe->results[i].level];
        switch (probe->results[i].verdict) {
        case ZP_CLAUSE_PASS: counts->passed++; break;
        case ZP_CLAUSE_FAIL: counts->failed++; break;
        case ZP_CLAUSE_NOT_OBSERVABLE: counts->not_observable++; break;
        case ZP_CLAUSE_NOT_APPLICABLE: counts->not_applicable++; break;
        }
    }
}

/* Gives up on a report; it can be printed no more, and neither can verdicts on it. */
static void drop(struct probe_case *probe, const char *why)
{
    snprintf(probe->why, sizeof probe->why, "%s", why);
    zp_report_free(probe->report);
    free(probe->results);
    probe->report = NULL;
    probe->results = NULL;
    probe->count = 0;
}

bool probe_case_judge(struct probe_case *probe, const struct probe_asked *asked)
{
    if (zp_report_read(probe->output.bytes, probe->output.length, probe->trace.bytes, probe->trace.length,
                       &probe->report, probe->why, sizeof probe->why) != 0)
        return false;
    if (zp_judge(probe->report, &asked->expected, &probe->results, &probe->count) != 0) {
        drop(probe, "the report is of an unknown protocol");
        return false;
    }
    count(probe);
    /* Not to fail is no merit of a report that shows nothing. */
    if (probe->counts[ZP_CLAUSE_MUST].passed + probe->counts[ZP_CLAUSE_MUST].failed == 0) {
        drop(probe, "the report shows nothing that a must clause is judged by");
        return false;
    }
    probe->protocol = zp_report_protocol(probe->report);
    probe->image = zp_report_image(probe->report);
    return probe_case_passed(probe);
}

void probe_case_free(struct probe_case *probe)
{
    zp_report_free(probe->report);
    free(probe->results);
    probe_text_free(&probe->output);
    probe_text_free(&probe->trace);
}

/* Text with each of the marks replaced; memory of its own. *used gets a bit for each mark that stood there.
 */
static char *replace(const char *text, const char *const marks[3], const char *const with[3], unsigned *used)
{
    char *out = NULL;
    size_t length = 0;
    while (*text) {
        const char *piece = text;
        size_t piece_length = 1, taken = 1;
        for (unsigned i = 0; i < 3; i++)
            if (strncmp(text, marks[i], strlen(marks[i])) == 0) {
                piece = with[i];
                piece_length = strlen(with[i]);
                taken = strlen(marks[i]);
                *used |= 1u << i;
            }
        out = cli_grow(out, length + piece_length + 1, 1);
        memcpy(out + length, piece, piece_length);
        length += piece_length;
        text += taken;
    }
    out = cli_grow(out, length + 1, 1);
    out[length] = '\0';
    return out;
}

/* Reads the initrd that was asked for, the known one by default. 0, or CLI_NO. */
static int take_initrd(const struct probe_options *options, struct probe_text *ret_text)
{
    if (options->initrd)
        return probe_text_read(options->initrd, ret_text);
    ret_text->bytes = cli_grow(NULL, PROBE_INITRD_SIZE, 1);
    ret_text->length = PROBE_INITRD_SIZE;
    probe_initrd((unsigned char *)ret_text->bytes);
    return 0;
}

/* Prints cases in the form asked for; the exit code. */
static int report_cases(const struct probe_options *options, const struct probe_case *cases,
                        size_t case_count)
{
    bool passed = true;
    for (size_t i = 0; i < case_count; i++)
        passed &= probe_case_passed(&cases[i]);
    if (options->tap) {
        probe_tap(cases, case_count);
    } else if (options->json && !options->quoted && !options->judge) {
        struct json_object *object = json_object_new_object(), *runs = json_object_new_array();
        for (size_t i = 0; i < case_count; i++)
            json_object_array_add(runs, probe_json(&cases[i]));
        cli_json_bool(object, "passed", passed);
        json_object_object_add(object, "runs", runs);
        cli_json_print(object);
    } else {
        for (size_t i = 0; i < case_count; i++)
            if (options->json)
                cli_json_print(probe_json(&cases[i]));
            else
                probe_table(&cases[i], options->all);
    }
    return cli_finish(passed ? CLI_DONE : CLI_NO);
}

static int keep(const struct probe_options *options, const struct probe_text *output)
{
    struct zp_memory_source source;
    if (!options->keep)
        return 0;
    zp_memory_source_init(&source, output->bytes, output->length);
    return cli_output_copy(options->keep, &source.source, "the output", 0, output->length);
}

/* What a command that gave no report may lack; NULL when nothing is missing for all that can be seen. */
static const char *hint(unsigned used, const struct probe_text *output)
{
    if (!(used & 1))
        return "no word of the command is {}, for which the path of the probe is put in";
    if (output->length == 0)
        return "the guest's first serial port (COM1) must come out on stdout; for QEMU: -serial stdio";
    return NULL;
}

/* A report of another image than the command was given: of another run, or of what a disk had on it. */
static void drop_other(struct probe_case *probe, const char *image)
{
    char why[sizeof probe->why];
    snprintf(why, sizeof why, "the report is of image '%.40s', the command was given '%s'", probe->image,
             image);
    drop(probe, why);
    probe->image = image;
    probe->protocol = NULL;
}

/* A command on the probe. */
static int run_command(const struct probe_options *options, const struct probe_folder *folder)
{
    static const char *const marks[3] = {"{}", "{initrd}", "{cmdline}"};
    const struct zp_probe_image *image = zp_probe_image_by_name(options->image ? options->image : "bzimage");
    struct probe_asked asked = {0};
    struct probe_text initrd = {0};
    struct probe_case probe = {.host = options->words[0], .image = image->name};
    const char *cmdline = options->cmdline ? options->cmdline : probe_cmdline;
    char why[PROBE_WHY] = "";
    unsigned used = 0;
    if (take_initrd(options, &initrd) != 0)
        return CLI_NO;
    char *image_path = probe_folder_write(folder, image->file_name, image->bytes, image->size);
    char *initrd_path = probe_folder_write(folder, "probe.initrd", initrd.bytes, initrd.length);
    int code = image_path && initrd_path ? 0 : CLI_NO;
    char **argv = cli_grow(NULL, options->word_count + 1, sizeof *argv);
    const char *const with[3] = {image_path, initrd_path, cmdline};
    size_t words = 0;
    for (; code == 0 && words < options->word_count; words++)
        argv[words] = replace(options->words[words], marks, with, &used);
    argv[words] = NULL;
    if (used & 4 || options->known || options->cmdline)
        probe_asked_cmdline(&asked, cmdline);
    if (used & 2 || options->known || options->initrd)
        probe_asked_module(&asked, initrd.bytes, initrd.length);
    struct probe_command command = {
        .argv = (const char *const *)argv, .timeout = options->timeout, .label = options->words[0]};
    if (code == 0)
        code = probe_run(&command, &probe.output, why);
    if (code == 0) {
        if (!probe_case_judge(&probe, &asked) && !probe.report && why[0])
            snprintf(probe.why + strlen(probe.why), sizeof probe.why - strlen(probe.why), " (%s)", why);
        else if (probe.report && used & 1 && strcmp(probe.image, image->name) != 0)
            drop_other(&probe, image->name);
        probe.hint = hint(used, &probe.output);
        int kept = keep(options, &probe.output);
        code = report_cases(options, &probe, 1);
        code = kept ? kept : code;
    }
    for (size_t i = 0; i < words; i++)
        free(argv[i]);
    free(argv);
    free(image_path);
    free(initrd_path);
    probe_text_free(&initrd);
    probe_case_free(&probe);
    return code;
}

static int run_own(const struct probe_options *options, const struct probe_folder *folder)
{
    struct probe_asked asked = {0};
    struct probe_text initrd = {0};
    struct probe_case *cases = NULL;
    size_t case_count = 0;
    const char *cmdline = options->cmdline ? options->cmdline : probe_cmdline;
    if (take_initrd(options, &initrd) != 0)
        return CLI_NO;
    char *path = probe_folder_write(folder, "probe.initrd", initrd.bytes, initrd.length);
    probe_asked_cmdline(&asked, cmdline);
    probe_asked_module(&asked, initrd.bytes, initrd.length);
    struct probe_own own = {.engine = options->engine,
                            .protocol = options->protocol,
                            .image = options->image,
                            .timeout = options->timeout,
                            .asked = &asked,
                            .cmdline = cmdline,
                            .initrd = path,
                            .folder = folder};
    int code = path ? probe_own(&own, &cases, &case_count) : CLI_NO;
    if (code == 0 && case_count > 0)
        code = keep(options, &cases[case_count - 1].output);
    if (code == 0)
        code = report_cases(options, cases, case_count);
    for (size_t i = 0; i < case_count; i++)
        probe_case_free(&cases[i]);
    free(cases);
    free(path);
    probe_text_free(&initrd);
    return code;
}

static int judge_file(const struct probe_options *options)
{
    struct probe_asked asked = {0};
    struct probe_text initrd = {0};
    struct probe_case probe = {0};
    char *name = cli_escape_copy(options->judge);
    int code = probe_text_read(options->judge, &probe.output);
    if (code == 0 && options->trace)
        code = probe_text_read(options->trace, &probe.trace);
    if (options->known || options->cmdline)
        probe_asked_cmdline(&asked, options->cmdline ? options->cmdline : probe_cmdline);
    if (code == 0 && (options->known || options->initrd)) {
        code = take_initrd(options, &initrd);
        probe_asked_module(&asked, initrd.bytes, initrd.length);
    }
    if (code == 0) {
        probe_case_judge(&probe, &asked);
        if (!probe.image || !probe.image[0]) /* no report, or a trace, which names none */
            probe.image = name;
        code = report_cases(options, &probe, 1);
    }
    probe_case_free(&probe);
    probe_text_free(&initrd);
    free(name);
    return code;
}

static int dispatch(const struct probe_options *options)
{
    struct probe_folder folder;
    if (options->list)
        return probe_list();
    if (options->write)
        return probe_write(options->write, options->image);
    if (options->clauses)
        return probe_clauses(options->word_count ? options->words[0] : "", options->json);
    if (options->diff)
        return probe_diff(options->words[0], options->words[1]);
    if (options->judge)
        return judge_file(options);
    if (probe_folder_make(&folder) != 0)
        return CLI_NO;
    int code = options->quoted ? run_command(options, &folder) : run_own(options, &folder);
    probe_folder_remove(&folder);
    return code;
}

int cli_probe(int argc, char **argv)
{
    struct probe_options options = {.timeout = TIMEOUT_DEFAULT};
    cli_options(&probe_argp, argc, argv, ARGP_IN_ORDER, &options);
    int code = dispatch(&options);
    free(options.words);
    return code;
}
