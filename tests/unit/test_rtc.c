/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clock: a known moment in all four encodings, one time for the reads that belong together, memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "devices.h"

/* Saturday 2024-02-10 23:59:58 UTC */
#define MOMENT (UINT64_C(1707609598) * 1000000000)

static uint64_t now;

static uint64_t clock_now(void *context)
{
    (void)context;
    return now;
}

static uint8_t get(struct zp_rtc *rtc, uint8_t index)
{
    zp_rtc_write(rtc, 0, index);
    return zp_rtc_read(rtc, 1);
}

static void set(struct zp_rtc *rtc, uint8_t index, uint8_t value)
{
    zp_rtc_write(rtc, 0, index);
    zp_rtc_write(rtc, 1, value);
}

static void bcd_and_24_hours_after_reset(void **state)
{
    struct zp_rtc rtc;

    (void)state;
    now = MOMENT;
    zp_rtc_init(&rtc, clock_now, NULL);
    assert_int_equal(get(&rtc, 0x0a) & 0x80, 0);
    assert_int_equal(get(&rtc, 0x0b), 0x02);
    assert_int_equal(get(&rtc, 0x00), 0x58);
    assert_int_equal(get(&rtc, 0x02), 0x59);
    assert_int_equal(get(&rtc, 0x04), 0x23);
    assert_int_equal(get(&rtc, 0x06), 7);
    assert_int_equal(get(&rtc, 0x07), 0x10);
    assert_int_equal(get(&rtc, 0x08), 0x02);
    assert_int_equal(get(&rtc, 0x09), 0x24);
    assert_int_equal(get(&rtc, 0x32), 0x20);
    assert_int_equal(get(&rtc, 0x0c), 0);
    assert_int_equal(get(&rtc, 0x0d), 0x80);
}

static void other_encodings(void **state)
{
    struct zp_rtc rtc;

    (void)state;
    now = MOMENT;
    zp_rtc_init(&rtc, clock_now, NULL);
    set(&rtc, 0x0b, 0x06);
    assert_int_equal(get(&rtc, 0x04), 23);
    assert_int_equal(get(&rtc, 0x02), 59);
    set(&rtc, 0x0b, 0x04);
    assert_int_equal(get(&rtc, 0x04), 0x80 | 11);
    set(&rtc, 0x0b, 0x00);
    assert_int_equal(get(&rtc, 0x04), 0x91);
    now += UINT64_C(3600) * 1000000000; /* 0:59 is 12:59 am */
    assert_int_equal(get(&rtc, 0x04), 0x12);
}

static void reads_that_belong_together_see_one_time(void **state)
{
    struct zp_rtc rtc;

    (void)state;
    now = MOMENT + UINT64_C(1999999999);
    zp_rtc_init(&rtc, clock_now, NULL);
    assert_int_equal(get(&rtc, 0x00), 0x59);
    now += 2; /* midnight */
    assert_int_equal(get(&rtc, 0x02), 0x59);
    assert_int_equal(get(&rtc, 0x07), 0x10);
    now += 20000000;
    assert_int_equal(get(&rtc, 0x00), 0x00);
    assert_int_equal(get(&rtc, 0x07), 0x11);
}

static void the_rest_is_memory(void **state)
{
    struct zp_rtc rtc;

    (void)state;
    now = MOMENT;
    zp_rtc_init(&rtc, clock_now, NULL);
    set(&rtc, 0x0f, 0x0a);
    set(&rtc, 0x7f, 0x55);
    assert_int_equal(get(&rtc, 0x0f), 0x0a);
    assert_int_equal(get(&rtc, 0xff), 0x55); /* bit 7 masks NMI and is no address */
    set(&rtc, 0x0a, 0xa6);
    assert_int_equal(get(&rtc, 0x0a), 0x26); /* never an update in progress */
    assert_int_equal(zp_rtc_read(&rtc, 0), 0xff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bcd_and_24_hours_after_reset),
        cmocka_unit_test(other_encodings),
        cmocka_unit_test(reads_that_belong_together_see_one_time),
        cmocka_unit_test(the_rest_is_memory),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
