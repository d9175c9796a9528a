/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reset lines of the keyboard controller and of port 0x92.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "devices.h"

static void the_controller_resets_and_does_nothing_else(void **state)
{
    struct zp_i8042 i8042;

    (void)state;
    zp_i8042_init(&i8042);
    assert_int_equal(zp_i8042_read(&i8042, ZP_I8042_COMMAND), 0xff);
    assert_int_equal(zp_i8042_read(&i8042, ZP_I8042_DATA), 0xff);
    for (unsigned value = 0; value < 256; value++) {
        bool pulses_reset = (value & 0xf1) == 0xf0;

        assert_int_equal(zp_i8042_write(&i8042, ZP_I8042_COMMAND, (uint8_t)value),
                         pulses_reset ? ZP_VM_RESET : 0);
        assert_int_equal(zp_i8042_write(&i8042, ZP_I8042_DATA, (uint8_t)value), 0);
    }
}

static void port_92(void **state)
{
    struct zp_i8042 i8042;

    (void)state;
    zp_i8042_init(&i8042);
    assert_int_equal(zp_i8042_read(&i8042, ZP_PORT92), 0x02);
    assert_int_equal(zp_i8042_write(&i8042, ZP_PORT92, 0x00), 0);
    assert_int_equal(zp_i8042_read(&i8042, ZP_PORT92), 0x02); /* A20 stays on */
    assert_int_equal(zp_i8042_write(&i8042, ZP_PORT92, 0x03), ZP_VM_RESET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_controller_resets_and_does_nothing_else),
        cmocka_unit_test(port_92),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
