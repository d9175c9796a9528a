/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walks the rules of each host over an image and writes down which one decides. What a path needs besides
 * its own rules is the same everywhere: the entry that it leads to must be there and sound, for no loader
 * makes a kernel run whose code is cut off.
 */
#include "verdict.h"

#include <string.h>

#include "rule.h"
#include "sentence.h"

const char *zp_verdict_name(uint32_t verdict)
{
    static const char *const names[] = {"does not", "boots but", "boots"};

    return verdict < sizeof(names) / sizeof(names[0]) ? names[verdict] : "unknown";
}

/* --- the walk ------------------------------------------------------------------------------------- */

static bool ask(const struct zp_rule *rule, struct zp_subject *subject)
{
    subject->fault = NULL;
    subject->why = NULL;
    memset(subject->number, 0, sizeof(subject->number));
    subject->number[1] = rule->number;
    return rule->holds(subject, rule->number);
}

static void decide(struct zp_verdict_row *row, uint32_t verdict, const char *id, const char *text,
                   const struct zp_subject *subject)
{
    struct zp_line line = {row->rule, sizeof(row->rule), 0};

    row->verdict = verdict;
    row->id = id;
    row->rule[0] = '\0';
    zp_line_sentence(&line, text, subject);
}

static void add_but(struct zp_verdict_row *row, const char *id, const char *text,
                    const struct zp_subject *subject)
{
    struct zp_line line = {row->but, sizeof(row->but), strlen(row->but)};

    zp_line_put(&line, line.length ? "; " : "");
    zp_line_sentence(&line, text, subject);
    row->verdict = ZP_VERDICT_BOOTS_BUT;
    if (row->but_count < ZP_VERDICT_BUTS_MAX)
        row->buts[row->but_count++] = id;
}

static void add_note(struct zp_verdict_row *row, const char *id, const char *text,
                     const struct zp_subject *subject)
{
    struct zp_line line = {row->note, sizeof(row->note), strlen(row->note)};

    zp_line_put(&line, line.length ? "; " : "");
    zp_line_sentence(&line, text, subject);
    if (row->note_count < ZP_VERDICT_NOTES_MAX)
        row->notes[row->note_count++] = id;
}

/*
 * A fault of a setup header that no loader notices: it starts the kernel all the same, and whether that runs
 * is another matter. Code that is cut off runs nowhere.
 */
static bool goes_unnoticed(const struct zp_entry *entry)
{
    uint32_t field = entry->fault.field;

    if (field == ZP_FIELD_MB_FLAGS && entry->fault.code == ZP_ERR_UNSUPPORTED)
        return true; /* who minds has a rule for it */
    return entry->container == ZP_CONTAINER_BZIMAGE && field != ZP_FIELD_SETUP_SECTS &&
           field != ZP_FIELD_PROTECTED_MODE_CODE && field != ZP_FIELD_ENTRY64;
}

/* The entry that a path leads to; false, with the decision, when there is none that could be entered. */
static bool enter(struct zp_verdict_row *row, const struct zp_rule *path, struct zp_subject *subject)
{
    const struct zp_entry *entry;

    if (path->protocol == 0)
        return true;
    entry = zp_subject_entry(subject, path->protocol);
    subject->number[0] = path->protocol;
    if (!entry) {
        decide(row, ZP_VERDICT_DOES_NOT, "entry.missing",
               "it is entered by $p0, which the image does not offer", subject);
        return false;
    }
    if (!entry->fault.code || goes_unnoticed(entry))
        return true;
    subject->fault = &entry->fault;
    decide(row, ZP_VERDICT_DOES_NOT, "entry.faulty", "it is entered by $p0, and that entry is faulty: $f",
           subject);
    return false;
}

/* What was not noticed in the entry taken. */
static void add_fault(struct zp_verdict_row *row, const struct zp_rule *path, struct zp_subject *subject)
{
    const struct zp_entry *entry = path->protocol ? zp_subject_entry(subject, path->protocol) : NULL;

    if (!entry || !entry->fault.code)
        return;
    subject->fault = &entry->fault;
    add_but(row, "entry.unnoticed", "the entry is faulty, which it does not notice: $f", subject);
}

/* The rules of one path, from the row behind it on; false, with the decision, when a need is not met. */
static bool meet(struct zp_verdict_row *row, const struct zp_rule *rules, size_t count,
                 struct zp_subject *subject)
{
    for (size_t i = 0; i < count && rules[i].kind != ZP_RULE_PATH && rules[i].kind != ZP_RULE_NONE; i++) {
        if (rules[i].kind != ZP_RULE_NEED || ask(&rules[i], subject))
            continue;
        decide(row, ZP_VERDICT_DOES_NOT, rules[i].id, rules[i].text, subject);
        return false;
    }
    return true;
}

static void take_path(struct zp_verdict_row *row, const struct zp_host *host, size_t index,
                      struct zp_subject *subject)
{
    const struct zp_rule *path = &host->rules[index];
    size_t rest = host->rule_count - index - 1;

    if (!meet(row, path + 1, rest, subject) || !enter(row, path, subject))
        return;
    (void)ask(path, subject);
    row->how = host->how;
    row->entry = path->protocol ? zp_protocol_name(path->protocol) : path->entry;
    decide(row, ZP_VERDICT_BOOTS, path->id, path->text, subject);
    add_fault(row, path, subject);
    for (size_t i = 1; i <= rest; i++) {
        if (path[i].kind == ZP_RULE_PATH || path[i].kind == ZP_RULE_NONE)
            break;
        if (path[i].kind == ZP_RULE_BUT && ask(&path[i], subject))
            add_but(row, path[i].id, path[i].text, subject);
        if (path[i].kind == ZP_RULE_NOTE && ask(&path[i], subject))
            add_note(row, path[i].id, path[i].text, subject);
    }
    if (host->unpacks_text && subject->opened->compression &&
        subject->source != &subject->opened->file.source)
        add_but(row, "unpack", host->unpacks_text, subject);
}

static void judge(struct zp_verdict_row *row, const struct zp_host *host,
                  const struct zp_opened_image *opened)
{
    struct zp_subject subject;

    zp_subject_make(&subject, opened, host->unpacks);
    *row = (struct zp_verdict_row){.host = host->name, .version = host->version, .id = "none"};
    for (size_t i = 0; i < host->rule_count; i++) {
        const struct zp_rule *rule = &host->rules[i];

        if (rule->kind == ZP_RULE_PATH && ask(rule, &subject)) {
            take_path(row, host, i, &subject);
            return;
        }
        if (rule->kind == ZP_RULE_NONE && subject.compression) {
            decide(row, ZP_VERDICT_DOES_NOT, "none",
                   "the file is compressed with $c as a whole, which it does not unpack", &subject);
            return;
        }
        if (rule->kind == ZP_RULE_NONE)
            decide(row, ZP_VERDICT_DOES_NOT, rule->id, rule->text, &subject);
    }
}

size_t zp_verdicts(const struct zp_opened_image *opened, struct zp_verdict_row *rows, size_t capacity)
{
    const struct {
        const struct zp_host *hosts;
        size_t count;
    } groups[] = {{zp_vmm_hosts, zp_vmm_host_count},
                  {zp_loader_hosts, zp_loader_host_count},
                  {zp_firmware_hosts, zp_firmware_host_count}};
    size_t total = 0;

    for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
        for (size_t i = 0; i < groups[g].count; i++, total++)
            if (total < capacity)
                judge(&rows[total], &groups[g].hosts[i], opened);
    return total;
}
