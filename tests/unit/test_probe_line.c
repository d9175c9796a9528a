/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines of a handoff report: their spelling, their escapes, their checksum.
 */
#include "probe_fixture.h"

static struct zp_probe_writer begin(struct fixture *fixture)
{
    struct zp_probe_writer writer = {.put = fixture_put, .context = fixture};

    fixture->length = 0;
    fixture->text[0] = 0;
    return writer;
}

static void crc32_is_the_usual_one(void **state)
{
    uint8_t bytes[256];

    (void)state;
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7 + 3);
    assert_int_equal(zp_probe_crc32(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(zp_probe_crc32(0, "", 0), 0);
    assert_int_equal(zp_probe_crc32(0, bytes, sizeof(bytes)), fixture_crc32(bytes, sizeof(bytes)));
    assert_int_equal(zp_probe_crc32(zp_probe_crc32(0, bytes, 100), bytes + 100, 156),
                     fixture_crc32(bytes, sizeof(bytes)));
}

static void fields_are_spelled_as_json(void **state)
{
    struct fixture *fixture = *state;
    struct zp_probe_writer writer = begin(fixture);

    zp_probe_line(&writer, "x");
    zp_probe_hex(&writer, "a", 0);
    zp_probe_hex(&writer, "b", UINT64_MAX);
    zp_probe_hex(&writer, "c", 0x10f0);
    zp_probe_count(&writer, "d", 0);
    zp_probe_count(&writer, "e", UINT64_MAX);
    zp_probe_bool(&writer, "f", true);
    zp_probe_bool(&writer, "g", false);
    zp_probe_null(&writer, "h");
    zp_probe_open(&writer, "i");
    zp_probe_hex(&writer, "j", 1);
    zp_probe_open(&writer, "k");
    zp_probe_close(&writer);
    zp_probe_count(&writer, "l", 2);
    zp_probe_close(&writer);
    zp_probe_sum(&writer, "m", 0x1a);
    zp_probe_line_end(&writer);
    assert_string_equal(fixture->text,
                        "{\"probe\":\"x\",\"a\":\"0x0\",\"b\":\"0xffffffffffffffff\",\"c\":\"0x10f0\","
                        "\"d\":0,\"e\":18446744073709551615,\"f\":true,\"g\":false,\"h\":null,"
                        "\"i\":{\"j\":\"0x1\",\"k\":{},\"l\":2},\"m\":\"0x0000001a\"}\n");
    assert_int_equal(writer.lines, 1);
    assert_int_equal(writer.crc, fixture_crc32(fixture->text, fixture->length));
}

static void text_is_escaped(void **state)
{
    static const char text[] = "a\"b\\c\n\x7f\x00\x80\xff ~z";
    struct fixture *fixture = *state;
    struct zp_probe_writer writer = begin(fixture);

    zp_probe_line(&writer, "x");
    zp_probe_text(&writer, "t", text, sizeof(text) - 1);
    zp_probe_text(&writer, "u", "\x01", 1);
    zp_probe_text(&writer, "v", "", 0);
    zp_probe_line_end(&writer);
    assert_string_equal(fixture->text,
                        "{\"probe\":\"x\",\"t\":\"a\\\"b\\\\c\\u000a\\u007f\\u0000\\u0080\\u00ff ~z\","
                        "\"u\":\"\\u0001\",\"v\":\"\"}\n");
    assert_int_equal(writer.crc, fixture_crc32(fixture->text, fixture->length));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32_is_the_usual_one),
        cmocka_unit_test_setup_teardown(fields_are_spelled_as_json, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(text_is_escaped, fixture_setup, fixture_teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
