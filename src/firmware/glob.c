/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Patterns of loader.conf: * any run of bytes, ? one byte, [a-z] one of these (no negation, no classes), \
 * the next byte itself; letters in either case. loader.conf(5), "default". No recursion: only the last * is
 * ever gone back to, so a pattern costs at most its length times the text's.
 */
#include "text.h"

/* One of the set that begins at *at (behind the '[')? *at moves behind it. A set without an end matches
 * nothing. */
static bool matches_set(const char **at, char byte)
{
    const char *set = *at;
    bool found = false;

    do {
        char low = fw_lower(*set), high = low;

        if (!low)
            return false;
        if (set[1] == '-' && set[2] && set[2] != ']') {
            high = fw_lower(set[2]);
            set += 2;
        }
        found |= (unsigned char)byte >= (unsigned char)low && (unsigned char)byte <= (unsigned char)high;
        set++;
    } while (*set != ']');
    *at = set + 1;
    return found;
}

/* One element of the pattern against one byte; *pattern moves behind the element. */
static bool matches(const char **pattern, char byte)
{
    char wanted = *(*pattern)++;

    switch (wanted) {
    case '?': return true;
    case '[': return matches_set(pattern, byte);
    case '\\':
        if (**pattern)
            wanted = *(*pattern)++;
        return fw_lower(wanted) == byte;
    default: return fw_lower(wanted) == byte;
    }
}

bool fw_glob(const char *pattern, const char *text)
{
    const char *star = NULL, *resume = NULL;

    while (*text) {
        const char *next = pattern;

        if (*pattern == '*') {
            star = ++pattern;
            resume = text;
        } else if (*pattern && matches(&next, fw_lower(*text))) {
            pattern = next;
            text++;
        } else if (star) {
            pattern = star;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}
