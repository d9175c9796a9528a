/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where an image boots: what each VMM, firmware and boot loader makes of it, by the rules of that program,
 * and what an author would change so that it boots in more places. Works on an image opened with
 * zp_opening.examine, so that files which zeropage refuses have verdicts as well, and on scattered reads of
 * the file. The rules are tables (rules_*.c), one row a rule; verdict.c walks them.
 */
#ifndef ZP_VERDICT_VERDICT_H
#define ZP_VERDICT_VERDICT_H

#include "opened.h"

enum zp_verdict {
    ZP_VERDICT_DOES_NOT = 0,
    ZP_VERDICT_BOOTS_BUT = 1, /* it is started, but something is lost or at risk */
    ZP_VERDICT_BOOTS = 2
};
/* "does not", "boots but", "boots". */
const char *zp_verdict_name(uint32_t verdict);

#define ZP_VERDICT_RULE_SIZE 512u
#define ZP_VERDICT_BUT_SIZE  1024u
#define ZP_VERDICT_BUTS_MAX  8u
#define ZP_VERDICT_NOTES_MAX 4u

struct zp_verdict_row {
    const char *host;    /* stable: "qemu-kernel" */
    const char *version; /* of the program that the rules are from: "QEMU 7.2" */
    uint32_t verdict;    /* enum zp_verdict */
    const char *entry;   /* "linux16", "pvh", "efi", "boot-sector"...; NULL where it does not boot */
    const char *how;     /* what a person does where it boots; NULL: nothing of note */
    const char *id;      /* of the rule that decides: "qemu-kernel.elf.note" */
    const char
        *buts[ZP_VERDICT_BUTS_MAX]; /* ids of the rules behind `but`; those past the room are left out */
    size_t but_count;
    char rule[ZP_VERDICT_RULE_SIZE]; /* as a sentence, with the numbers of the image */
    char but[ZP_VERDICT_BUT_SIZE];   /* sentences, parted by "; "; "": none */
    const char *notes[ZP_VERDICT_NOTES_MAX];
    size_t note_count;
    char note[ZP_VERDICT_RULE_SIZE]; /* what is worth knowing where it boots, the same way; "": nothing */
};

/*
 * One row a host, always in the same order. Returns how many hosts there are; rows past capacity are left
 * out. What cannot be read counts as absent. The payload of a bzImage is asked where it was unpacked
 * (zp_opened_image_direct) and said to be unknown where it was not.
 */
size_t zp_verdicts(const struct zp_opened_image *opened, struct zp_verdict_row *rows, size_t capacity);

#define ZP_ADVICE_SIZE 512u
#define ZP_ADVICE_MAX  24u

/* A fault or a weakness, and what to change. */
struct zp_advice {
    const char *id; /* stable: "pvh-note-missing" */
    char problem[ZP_ADVICE_SIZE];
    char change[ZP_ADVICE_SIZE];
};

/* What is worth changing, the gravest first; at most ZP_ADVICE_MAX. Returns how many. */
size_t zp_advise(const struct zp_opened_image *opened, struct zp_advice *advice, size_t capacity);

#endif
