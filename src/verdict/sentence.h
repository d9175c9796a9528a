/* SPDX-License-Identifier: BSD-2-Clause */
/* A line of text that grows up to its room, and sentences with numbers in it. */
#ifndef ZP_VERDICT_SENTENCE_H
#define ZP_VERDICT_SENTENCE_H

#include "subject.h"

struct zp_line {
    char *text;
    size_t size, length;
};

void zp_line_put(struct zp_line *line, const char *text);
/* With the tokens that rule.h lists. */
void zp_line_sentence(struct zp_line *line, const char *sentence, const struct zp_subject *subject);

#endif
