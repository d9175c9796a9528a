/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Versions: the examples of the version format specification, each against each, and that any strings have
 * one order.
 */
#include "fw_menu.h"

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void examples(void **state)
{
    static const struct {
        const char *a, *b;
        int order;
    } cases[] = {
        {"11", "11", 0},
        {"systemd-123", "systemd-123", 0},
        {"bar-123", "foo-123", -1},
        {"123a", "123", 1},
        {"123.a", "123", 1},
        {"123.a", "123.b", -1},
        {"123a", "123.a", 1},
        {"11\xce\xb1", "11\xce\xb2", 0},
        {"B", "a", -1},
        {"", "0", -1},
        {"0.", "0", 1},
        {"0.0", "0", 1},
        {"0", "~", 1},
        {"", "~", 1},
        {"1_", "1", 0},
        {"_1", "1", 0},
        {"1_", "1.2", -1},
        {"1_2_3", "1.3.3", 1},
        {"1+", "1", 0},
        {"+1", "1", 0},
        {"1+", "1.2", -1},
        {"1+2+3", "1.3.3", 1},
        {"5.10.9", "5.9.10", 1},
        {"007", "7", 0},
        {"18446744073709551617", "18446744073709551616", 1},
        {"99999999999999999999999999", "100000000000000000000000000", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        print_message("# %s and %s\n", cases[i].a, cases[i].b);
        assert_int_equal(sign(fw_version_compare(cases[i].a, cases[i].b)), cases[i].order);
        assert_int_equal(sign(fw_version_compare(cases[i].b, cases[i].a)), -cases[i].order);
    }
}

static void the_row(void **state)
{
    static const char *const row[] = {"122.1",   "123~rc1-1", "123",     "123-a",   "123-a.1", "123-1",
                                      "123-1.1", "123^post1", "123.a-1", "123.1-1", "123a-1",  "124-1"};

    (void)state;
    for (int i = 0; i < 12; i++)
        for (int j = 0; j < 12; j++)
            assert_int_equal(sign(fw_version_compare(row[i], row[j])), sign(i - j));
}

/* All strings of up to 3 of these bytes: the order is one, both ways round. */
static void any_strings(void **state)
{
    static const char bytes[] = "0a1~-^._";
    static char strings[1000][4];
    size_t count = 1;

    (void)state;
    for (size_t from = 0, length = 0; length < 3; length++) {
        size_t until = count;

        for (; from < until; from++)
            for (const char *byte = bytes; *byte; byte++) {
                memcpy(strings[count], strings[from], 4);
                strings[count++][length] = *byte;
            }
    }
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(fw_version_compare(strings[i], strings[i]), 0);
        for (size_t j = 0; j < i; j++)
            assert_int_equal(sign(fw_version_compare(strings[i], strings[j])),
                             -sign(fw_version_compare(strings[j], strings[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples),
        cmocka_unit_test(the_row),
        cmocka_unit_test(any_strings),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
