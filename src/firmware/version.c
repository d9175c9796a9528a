/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Versions in their order, newer ones higher: "Version Comparison" of the UAPI version format specification,
 * step by step. Numbers are compared by their digits, so that none is too long.
 */
#include "text.h"

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_letter(char byte)
{
    return fw_lower(byte) >= 'a' && fw_lower(byte) <= 'z';
}

static const char *skip_others(const char *text)
{
    while (*text && !is_digit(*text) && !is_letter(*text) && *text != '-' && *text != '.' && *text != '~' &&
           *text != '^')
        text++;
    return text;
}

static int compare_numbers(const char **a, const char **b)
{
    int order = 0;

    while (**a == '0')
        ++*a;
    while (**b == '0')
        ++*b;
    while (is_digit(**a) && is_digit(**b)) {
        if (order == 0)
            order = **a - **b;
        ++*a;
        ++*b;
    }
    return is_digit(**a) ? 1 : is_digit(**b) ? -1 : order;
}

static int compare_letters(const char **a, const char **b)
{
    while (is_letter(**a) && is_letter(**b)) {
        if (**a != **b)
            return **a - **b; /* capitals are lower in ASCII, too */
        ++*a;
        ++*b;
    }
    return is_letter(**a) ? 1 : is_letter(**b) ? -1 : 0;
}

int fw_version_compare(const char *a, const char *b)
{
    for (;;) {
        int order;

        a = skip_others(a);
        b = skip_others(b);
        /* Who has the mark is the lower one; and only by ~ is a string that goes on lower than its start. */
        for (const char *mark = "~-^."; *mark; mark++) {
            if ((*a == *mark) != (*b == *mark))
                return *a == *mark ? -1 : 1;
            if (*a == *mark) {
                a++;
                b++;
            }
            if (*mark == '~' && (!*a || !*b))
                return !!*a - !!*b;
        }
        order = is_digit(*a) || is_digit(*b) ? compare_numbers(&a, &b) : compare_letters(&a, &b);
        if (order != 0)
            return order;
    }
}
