/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line: a string with an end, and what was asked for. Loaders may put words of their own in
 * front (Linux boot.rst, "Special Command Line Options", BOOT_IMAGE=); what they may not is to lose a byte.
 */
#include <stdlib.h>
#include <string.h>

#include "judging.h"

#define STRING                                                                                          \
    "Linux boot.rst, The Kernel Command Line; Xen start_info.h: cmdline_paddr; Multiboot 0.6.96, 3.3: " \
    "cmdline; Multiboot2 2.0: Boot command line"
#define REPORTED_MAX 4096u /* bytes of it that a report has as text */
#define SPECIAL      "Linux boot.rst, Special Command Line Options; Multiboot 0.6.96, 3.3: cmdline"

static enum zp_clause_verdict terminated(const struct zp_judging *judging)
{
    struct json_object *line = zp_report_line(judging->report, "cmdline");
    bool present = true, ended;
    zp_line_bool(line, "present", &present);
    if (!present)
        return zp_not_arisen(judging, "no command line");
    if (!zp_line_bool(line, "terminated", &ended))
        return zp_unseen(judging, "the command line");
    return zp_judged(judging, ended, "%s", ended ? "zero-terminated" : "no zero byte, or unreadable");
}

/*
 * What the report has as text: bytes beyond ASCII were written as characters of the same number, and come as
 * UTF-8. Memory of its own, or NULL.
 */
static char *handed_text(const struct zp_judging *judging, size_t *ret_length)
{
    size_t length, out = 0;
    const char *text = zp_line_text(zp_report_line(judging->report, "cmdline"), "text", &length);
    if (judging->protocol == ZP_BY_EFI)
        text = zp_line_text(zp_report_line(judging->report, "efi"), "load_options", &length);
    char *bytes = text ? malloc(length + 1) : NULL;
    if (!bytes)
        return NULL;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if ((byte == 0xc2 || byte == 0xc3) && i + 1 < length)
            byte = (unsigned char)((byte & 3) << 6 | ((unsigned char)text[++i] & 0x3f));
        bytes[out++] = (char)byte;
    }
    bytes[out] = '\0';
    *ret_length = out;
    return bytes;
}

/* A GRUB or a shell may leave a blank behind. */
static size_t trimmed(const char *text, size_t length)
{
    while (length > 0 && text[length - 1] == ' ')
        length--;
    return length;
}

static enum zp_clause_verdict judge_asked(const struct zp_judging *judging, bool front)
{
    const struct zp_probe_expected *expected = judging->expected;
    size_t length;
    if (!expected->cmdline_known)
        return zp_unseen(judging, "what was asked for");
    char *text = handed_text(judging, &length);
    if (!text) {
        bool present = true;
        zp_line_bool(zp_report_line(judging->report, "cmdline"), "present", &present);
        if (present)
            return zp_unseen(judging, "the command line");
        return zp_judged(judging, expected->cmdline[0] == '\0', "no command line");
    }
    uint64_t told = 0;
    zp_line_number(zp_report_line(judging->report, "cmdline"), "length", &told);
    if (length >= REPORTED_MAX && told > length) {
        free(text);
        return zp_unseen(judging, "all of so long a command line");
    }
    size_t wanted = strlen(expected->cmdline), whole = length;
    enum zp_clause_verdict verdict;
    length = trimmed(text, length);
    wanted = trimmed(expected->cmdline, wanted);
    bool ends = length >= wanted && memcmp(text + length - wanted, expected->cmdline, wanted) == 0;
    size_t before = length - wanted;
    if (!ends && front)
        verdict = zp_not_arisen(judging, "what was asked for is not whole");
    else if (!ends)
        verdict = zp_judged(judging, false, "%zu characters, of %zu asked for: %.120s", whole,
                            strlen(expected->cmdline), text);
    else if (front)
        verdict = zp_judged(judging, before == 0, "in front: %.*s", (int)(before < 160 ? before : 160), text);
    else
        verdict = zp_judged(judging, before == 0 || text[before - 1] == ' ' || wanted == 0, "%zu characters",
                            whole);
    free(text);
    return verdict;
}

static enum zp_clause_verdict asked(const struct zp_judging *judging)
{
    return judge_asked(judging, false);
}

static enum zp_clause_verdict front(const struct zp_judging *judging)
{
    return judge_asked(judging, true);
}

static const struct zp_clause clauses[] = {
    {"cmdline.terminated", ZP_BY_ALL & ~ZP_BY_EFI, ZP_CLAUSE_MUST, terminated,
     "The command line is zero-terminated.", STRING},
    {"cmdline.asked", ZP_BY_ALL, ZP_CLAUSE_SHOULD, asked,
     "The command line ends in all that was asked for, unchanged.", SPECIAL},
    {"cmdline.front", ZP_BY_ALL, ZP_CLAUSE_NOTE, front,
     "The loader put nothing in front of what was asked for.", SPECIAL},
};

const struct zp_clause_table zp_clauses_cmdline = {clauses, sizeof clauses / sizeof clauses[0]};
