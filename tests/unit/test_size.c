/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * size.c: what is a size and what is none, and how sizes are told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host.h"

static void sizes_parse(void **state)
{
    static const struct {
        const char *text;
        uint64_t size;
    } rows[] = {
        {"0", 0},
        {"1048576", 1048576},
        {"512M", UINT64_C(512) << 20},
        {"512m", UINT64_C(512) << 20},
        {"2G", UINT64_C(2) << 30},
        {"2GiB", UINT64_C(2) << 30},
        {"3T", UINT64_C(3) << 40},
        {"7k", 7168},
        {"0x4000000", 0x4000000},
        {"0XfF", 255},
        {"0x10M", UINT64_C(16) << 20},
        {"010", 10},
        {"18446744073709551615", UINT64_MAX},
        {"0xffffffffffffffff", UINT64_MAX},
        {"16777215T", UINT64_C(16777215) << 40},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t size = 12345;

        assert_true(zp_size_parse(rows[i].text, &size));
        assert_int_equal(size, rows[i].size);
    }
}

static void other_texts_do_not_parse(void **state)
{
    static const char *const texts[] = {
        "",
        "M",
        "x",
        "0x",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1 M",
        "1MB",
        "1MiBx",
        "1Mi",
        "1P",
        "1.5G",
        "12a",
        "0xg",
        "18446744073709551616",
        "0x10000000000000000",
        "16777216T",
        "99999999999999T",
        "1MM",
        "1@",
        "1\xcb",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        uint64_t size = 12345;

        assert_false(zp_size_parse(texts[i], &size));
        assert_int_equal(size, 12345);
    }
}

static void sizes_format(void **state)
{
    static const struct {
        uint64_t size;
        const char *text;
    } rows[] = {
        {0, "0 B"},
        {1, "1 B"},
        {4096, "4096 B"},
        {9999, "9999 B"},
        {10240, "10 KiB"},
        {10000, "9.8 KiB"},
        {UINT64_C(512) << 20, "512 MiB"},
        {14155776, "13.5 MiB"},
        {(UINT64_C(1) << 30) + 1, "1.0 GiB"},
        {UINT64_C(99999) << 40, "97.7 PiB"},
        {UINT64_MAX, "16.0 EiB"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[32];

        assert_ptr_equal(zp_size_format(rows[i].size, text, sizeof(text)), text);
        assert_string_equal(text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_parse),
        cmocka_unit_test(other_texts_do_not_parse),
        cmocka_unit_test(sizes_format),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
