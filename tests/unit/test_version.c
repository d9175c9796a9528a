/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * version.c: the string in the library is the version that the build file states.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zeropage/zeropage.h>

static void version_equals_build_file(void **state)
{
    (void)state;
    assert_string_equal(zp_version(), ZP_TEST_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_equals_build_file),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
