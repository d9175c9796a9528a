/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sentences of rules and of advice: text with tokens for the numbers that a condition left in the subject.
 * rule.h lists the tokens. What does not fit is cut.
 */
#include "sentence.h"

#include <inttypes.h>
#include <stdio.h>

void zp_line_put(struct zp_line *line, const char *text)
{
    while (*text && line->length + 1 < line->size)
        line->text[line->length++] = *text++;
    line->text[line->length] = '\0';
}

static void put_number(struct zp_line *line, char form, uint64_t number)
{
    char text[40];

    switch (form) {
    case 'd': snprintf(text, sizeof(text), "%" PRIu64, number); break;
    case 's': zp_size_format(number, text, sizeof(text)); break;
    case 'v':
        snprintf(text, sizeof(text), "%" PRIu64 ".%02" PRIu64, number >> 8 & 0xff, number & 0xff);
        break;
    default: snprintf(text, sizeof(text), "0x%" PRIx64, number);
    }
    zp_line_put(line, text);
}

static void put_fault(struct zp_line *line, const struct zp_error *fault)
{
    char text[400];

    zp_line_put(line, fault ? zp_error_explain(fault, NULL, text, sizeof(text)) : "it is damaged");
}

/* $x0, $d1, $s2, $v0: a number; $p0 a number as a protocol; $f the fault; $w the words of a status. */
void zp_line_sentence(struct zp_line *line, const char *sentence, const struct zp_subject *subject)
{
    for (; *sentence; sentence++) {
        char one[2] = {*sentence, '\0'};

        if (*sentence != '$') {
            zp_line_put(line, one);
            continue;
        }
        switch (*++sentence) {
        case 'f': put_fault(line, subject->fault); break;
        case 'w': zp_line_put(line, subject->why ? subject->why : "it is damaged"); break;
        case 'c': zp_line_put(line, zp_compression_name(subject->compression)); break;
        case 'p': zp_line_put(line, zp_protocol_name((uint32_t)subject->number[*++sentence - '0'])); break;
        default: put_number(line, sentence[0], subject->number[sentence[1] - '0']); sentence++;
        }
    }
}
