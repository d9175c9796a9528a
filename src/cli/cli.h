/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the verbs of the command share: exit codes, one-line errors, options by argp, text made safe for a
 * terminal, and small JSON helpers. Everything that a stranger wrote (file names, version texts, notes)
 * passes cli_escape before it is printed.
 */
#ifndef ZP_CLI_CLI_H
#define ZP_CLI_CLI_H

#include <argp.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zeropage/plan.h>
#include <zeropage/zeropage.h>

enum cli_exit {
    CLI_DONE = 0,
    CLI_NO = 1,   /* the image or the machine says no */
    CLI_USAGE = 2 /* the command line makes no sense */
};

/* The verbs. argv[0] is "zeropage VERB"; the answer is the exit code. */
int cli_firmware(int argc, char **argv);
int cli_inspect(int argc, char **argv);
int cli_pack(int argc, char **argv);
int cli_plan(int argc, char **argv);
int cli_probe(int argc, char **argv);
int cli_run(int argc, char **argv);
int cli_unpack(int argc, char **argv);

/* options.c: a verb's own argp stands beside --help, which every verb has. */

/* Parses; ends the program with CLI_DONE after --help and with CLI_USAGE and one line after an error. */
void cli_options(const struct argp *argp, int argc, char **argv, unsigned flags, void *input);
/* The options that every verb has. */
extern const struct argp cli_common_argp;
/* One line, "zeropage VERB: ...", and the end with CLI_USAGE. */
void cli_usage(const struct argp_state *state, const char *format, ...)
    __attribute__((noreturn, format(printf, 2, 3)));

/* text.c */

/* One line on stderr, "zeropage: ...". */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "zeropage: NAME: No such file or directory" for a positive errno value. */
void cli_error_errno(const char *name, int number);
/* Flushes stdout; CLI_NO and a line when it could not be written, else code. */
int cli_finish(int code);

/*
 * Copies length bytes with everything that could steer a terminal or break a parser written as \xNN:
 * control characters, bytes that are no UTF-8, and the characters that turn the direction of writing.
 * A backslash becomes two. Never splits a character when text is short. Returns text.
 */
char *cli_escape(const char *bytes, size_t length, char *text, size_t text_size);
/* The same for a string, in memory of its own; never NULL. */
char *cli_escape_copy(const char *string);

/* Up to length bytes of an image at offset, to the first NUL, escaped. Returns text, "" when unreadable. */
char *cli_image_text(const struct zp_source *source, uint64_t offset, size_t length, char *text,
                     size_t text_size);

/* How the terminal is told of styles: empty strings unless stdout is one and NO_COLOR is unset or empty. */
struct cli_style {
    const char *bold;
    const char *dim;
    const char *bad;
    const char *plain;
    bool colour;
    bool utf8; /* the locale's character set takes block characters */
};
struct cli_style cli_style(void);

/* Memory or the end of the program with one line. */
void *cli_grow(void *array, size_t count, size_t element_size);

/* "RAM", "reserved" and so on for an e820 type. */
const char *cli_e820_name(uint32_t type);

/* json.c: addresses and flags are strings "0x...", sizes and counts are integers. */
void cli_json_hex(struct json_object *object, const char *key, uint64_t value);
void cli_json_size(struct json_object *object, const char *key, uint64_t value);
void cli_json_text(struct json_object *object, const char *key, const char *text);
void cli_json_bool(struct json_object *object, const char *key, bool value);
struct json_object *cli_json_fault(const struct zp_error *error, const char *file_name);
/* What cli_refuse is told, as an object. */
struct json_object *cli_json_status(int status, const struct zp_error *error, const char *file_name);
/* Prints object with a newline and releases it. */
void cli_json_print(struct json_object *object);

/*
 * Says why not, in the form asked for: as {"error": ...} on stdout, or as one line on stderr. status is what
 * the host helpers answer: a positive errno value, or a negative zp_status with *error. Returns CLI_NO.
 */
int cli_refuse(bool json, const char *file_name, int status, const struct zp_error *error);

#endif
