/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Power management registers, their timer, and the reset port.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "devices.h"

static uint64_t now;

static uint64_t clock_now(void *context)
{
    (void)context;
    return now;
}

static void s5_powers_off_and_nothing_else(void **state)
{
    struct zp_pm pm;

    (void)state;
    zp_pm_init(&pm, clock_now, NULL);
    assert_int_equal(zp_pm_write(&pm, 4, 2, 0x0001), 0);
    assert_int_equal(zp_pm_write(&pm, 4, 2, 0x1c00), 0); /* a type without SLP_EN */
    assert_int_equal(zp_pm_write(&pm, 4, 2, 0x2400), 0); /* SLP_EN with another type */
    assert_int_equal(zp_pm_write(&pm, 0, 2, 0x2000), 0);
    assert_int_equal(zp_pm_write(&pm, 4, 2, 0x2000), ZP_VM_POWERED_OFF);
    zp_pm_init(&pm, clock_now, NULL);
    assert_int_equal(zp_pm_write(&pm, 5, 1, 0x20), ZP_VM_POWERED_OFF); /* byte by byte */
    zp_pm_init(&pm, clock_now, NULL);
    assert_int_equal(zp_pm_write(&pm, 4, 4, 0x2000), ZP_VM_POWERED_OFF);
}

static void acpi_mode_is_always_on(void **state)
{
    struct zp_pm pm;

    (void)state;
    zp_pm_init(&pm, clock_now, NULL);
    assert_int_equal(zp_pm_read(&pm, 4, 2), 0x0001);
    zp_pm_write(&pm, 4, 2, 0x1400);
    assert_int_equal(zp_pm_read(&pm, 4, 2), 0x1401);
}

static void enable_is_kept_and_status_cleared_by_ones(void **state)
{
    struct zp_pm pm;

    (void)state;
    now = 0;
    zp_pm_init(&pm, clock_now, NULL);
    zp_pm_write(&pm, 2, 2, 0x0321);
    assert_int_equal(zp_pm_read(&pm, 2, 2), 0x0321);
    assert_int_equal(zp_pm_read(&pm, 0, 4), 0x03210000);
    zp_pm_write(&pm, 3, 1, 0x01);
    assert_int_equal(zp_pm_read(&pm, 2, 2), 0x0121);
    now = UINT64_C(600) * 1000000000; /* half of 2^32 ticks is 599.9 s */
    assert_int_equal(zp_pm_read(&pm, 0, 2), 0x0001);
    assert_int_equal(zp_pm_read(&pm, 0, 2), 0x0001);
    zp_pm_write(&pm, 0, 2, 0x0001);
    assert_int_equal(zp_pm_read(&pm, 0, 2), 0x0000);
}

static void the_timer_counts(void **state)
{
    struct zp_pm pm;

    (void)state;
    now = 0;
    zp_pm_init(&pm, clock_now, NULL);
    assert_int_equal(zp_pm_read(&pm, 8, 4), 0);
    now = 1000000000;
    assert_int_equal(zp_pm_read(&pm, 8, 4), 3579545);
    assert_int_equal(zp_pm_read(&pm, 10, 1), 3579545 >> 16);
    now = UINT64_C(86400) * 365 * 1000000000;
    assert_int_equal(zp_pm_read(&pm, 8, 4), (uint32_t)(UINT64_C(3579545) * 86400 * 365));
    assert_int_equal(zp_pm_write(&pm, 8, 4, 0), 0); /* read-only */
    assert_int_equal(zp_pm_read(&pm, 10, 4) >> 16, 0xffff);
}

static void the_reset_port(void **state)
{
    struct zp_pm pm;

    (void)state;
    zp_pm_init(&pm, clock_now, NULL);
    assert_int_equal(zp_pm_reset_read(&pm), 0);
    assert_int_equal(zp_pm_reset_write(&pm, 0x02), 0);
    assert_int_equal(zp_pm_reset_read(&pm), 0x02);
    assert_int_equal(zp_pm_reset_write(&pm, ZP_RESET_PORT_VALUE), ZP_VM_RESET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s5_powers_off_and_nothing_else),
        cmocka_unit_test(acpi_mode_is_always_on),
        cmocka_unit_test(enable_is_kept_and_status_cleared_by_ones),
        cmocka_unit_test(the_timer_counts),
        cmocka_unit_test(the_reset_port),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
