/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of protocols and compressions: each its own, and back again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <zeropage/zeropage.h>

static void protocols_have_names(void **state)
{
    (void)state;
    for (int i = 0; i < ZP_PROTOCOL_COUNT; i++) {
        assert_int_equal(zp_protocol_by_name(zp_protocol_name((uint32_t)i)), i);
        for (int other = 0; other < i; other++)
            assert_string_not_equal(zp_protocol_name((uint32_t)i), zp_protocol_name((uint32_t)other));
    }
    assert_string_equal(zp_protocol_name(ZP_PROTOCOL_LINUX64), "linux64");
    assert_string_equal(zp_protocol_name(ZP_PROTOCOL_COUNT), "unknown");
    assert_string_equal(zp_protocol_name(UINT32_MAX), "unknown");
}

static void names_from_nowhere_are_no_protocol(void **state)
{
    static const char *const names[] = {"", "linux", "linux640", "unknown", "PVH", "multiboot"};

    (void)state;
    assert_int_equal(zp_protocol_by_name(NULL), -1);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(zp_protocol_by_name(names[i]), -1);
}

static void compressions_have_names(void **state)
{
    (void)state;
    assert_string_equal(zp_compression_name(ZP_COMPRESSION_NONE), "none");
    assert_string_equal(zp_compression_name(ZP_COMPRESSION_ZSTD), "zstd");
    for (uint32_t i = 0; i <= ZP_COMPRESSION_UNKNOWN; i++)
        for (uint32_t other = 0; other < i; other++)
            assert_string_not_equal(zp_compression_name(i), zp_compression_name(other));
    assert_string_equal(zp_compression_name(UINT32_MAX), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(protocols_have_names),
        cmocka_unit_test(names_from_nowhere_are_no_protocol),
        cmocka_unit_test(compressions_have_names),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
