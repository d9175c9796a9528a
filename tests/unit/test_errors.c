/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The texts of codes and fields: each code has a name and a sentence of its own, each field a name of its
 * own, and a number from nowhere gets an answer too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <zeropage/zeropage.h>

static void each_status_has_its_own_texts(void **state)
{
    int known = 0;

    (void)state;
    for (int code = 0; code > -200; code--) {
        if (strcmp(zp_status_name(code), "unknown") == 0)
            continue;
        known++;
        assert_true(strncmp(zp_status_name(code), "ZP_", 3) == 0);
        assert_string_not_equal(zp_status_text(code), "an unknown error");
        for (int other = code - 1; other > -200; other--)
            assert_string_not_equal(zp_status_text(code), zp_status_text(other));
    }
    assert_true(known > 40);
    assert_string_equal(zp_status_name(ZP_ERR_FILL), "ZP_ERR_FILL");
}

static void each_field_has_its_own_name(void **state)
{
    int known = 0;

    (void)state;
    for (uint32_t field = 0; field < 256; field++) {
        if (strcmp(zp_field_name(field), "unknown") == 0)
            continue;
        known++;
        for (uint32_t other = field + 1; other < 256; other++)
            assert_string_not_equal(zp_field_name(field), zp_field_name(other));
    }
    assert_true(known > 90);
    assert_string_equal(zp_field_name(ZP_FIELD_INIT_SIZE), "init_size");
}

static void numbers_from_nowhere_have_texts(void **state)
{
    (void)state;
    assert_string_equal(zp_status_name(1), "unknown");
    assert_string_equal(zp_status_text(-10000), "an unknown error");
    assert_string_equal(zp_field_name(UINT32_MAX), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_status_has_its_own_texts),
        cmocka_unit_test(each_field_has_its_own_name),
        cmocka_unit_test(numbers_from_nowhere_have_texts),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
