/* SPDX-License-Identifier: BSD-2-Clause */
/* Patterns of loader.conf. */
#include "fw_menu.h"

#include <fnmatch.h>

static void patterns(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"*", "anything", true},
        {"**", "a", true},
        {"debian-*", "debian-6.1", true},
        {"debian-*", "fedora-6.1", false},
        {"Debian-*", "debian-6.1", true},
        {"debian-*", "DEBIAN-6.1", true},
        {"*.conf", "a.conf", true},
        {"*.conf", "a.conf.old", false},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"[a-c]x", "bx", true},
        {"[a-c]x", "dx", false},
        {"[ab]", "b", true},
        {"[]a]", "]", true},
        {"[]a]", "a", true},
        {"[a-]", "-", true},
        {"[-a]", "-", true},
        {"[A-C]", "b", true},
        {"[a", "a", false},
        {"[", "[", false},
        {"\\*", "*", true},
        {"\\*", "a", false},
        {"a\\", "a\\", true},
        {"*a*b*c", "xxaxxbxxc", true},
        {"*a*b*c", "xxaxxcxxb", false},
        {"a*a", "a", false},
        {"a*a", "aa", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        print_message("# %s and %s\n", cases[i].pattern, cases[i].text);
        assert_int_equal(fw_glob(cases[i].pattern, cases[i].text), cases[i].matches);
    }
}

/* All patterns of up to 4 of these bytes against texts of up to 4: as fnmatch of the C library. */
static void against_fnmatch(void **state)
{
    static const char bytes[] = "ab*?";
    char pattern[5] = "", text[5] = "";

    (void)state;
    for (unsigned i = 0; i < 625; i++) {
        size_t length = 0;

        for (unsigned rest = i; rest; rest /= 5)
            if (rest % 5)
                pattern[length++] = bytes[rest % 5 - 1];
        pattern[length] = '\0';
        for (unsigned j = 0; j < 81; j++) {
            length = 0;
            for (unsigned rest = j; rest; rest /= 3)
                if (rest % 3)
                    text[length++] = bytes[rest % 3 - 1];
            text[length] = '\0';
            assert_int_equal(fw_glob(pattern, text), fnmatch(pattern, text, 0) == 0);
        }
    }
}

/* Many stars: in time. */
static void stars(void **state)
{
    static char pattern[4001], text[16001];

    (void)state;
    for (size_t i = 0; i < 4000; i += 2)
        memcpy(pattern + i, "*a", 2);
    memset(text, 'a', 16000);
    assert_true(fw_glob(pattern, text));
    pattern[3999] = 'b';
    assert_false(fw_glob(pattern, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns),
        cmocka_unit_test(against_fnmatch),
        cmocka_unit_test(stars),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
