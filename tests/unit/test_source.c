/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Byte sources: memory, and the checked read that never asks for what is not there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <zeropage/zeropage.h>

#include "source.h"

static void memory_gives_its_bytes(void **state)
{
    struct zp_memory_source memory;
    char buffer[4] = {0};

    (void)state;
    zp_memory_source_init(&memory, "abcdef", 6);
    assert_int_equal(memory.source.size, 6);
    assert_int_equal(memory.source.read(memory.source.context, 2, buffer, 3), 0);
    assert_memory_equal(buffer, "cde", 4);
    assert_true(memory.source.read(memory.source.context, 4, buffer, 3) < 0);
    assert_true(memory.source.read(memory.source.context, UINT64_MAX, buffer, 1) < 0);
}

static int refuse(void *context, uint64_t offset, void *buffer, size_t length)
{
    (void)offset;
    (void)buffer;
    (void)length;
    return *(int *)context;
}

static void failures_are_told(void **state)
{
    int answer = -5;
    const struct zp_source source = {.size = 16, .read = refuse, .context = &answer};
    struct zp_error error = {0};
    char buffer[16];

    (void)state;
    assert_int_equal(zp_source_read(&source, 4, buffer, 8, &error), ZP_ERR_READ);
    assert_int_equal(error.field, ZP_FIELD_FILE);
    assert_int_equal(error.offset, 4);
    assert_int_equal(error.value, 8);
    assert_int_equal(error.limit, 5);
    answer = 3; /* not what the contract allows, but no success either */
    assert_int_equal(zp_source_read(&source, 4, buffer, 8, NULL), ZP_ERR_READ);
}

static void nothing_outside_is_asked_for(void **state)
{
    const struct zp_source source = {.size = 16, .read = NULL};
    struct zp_error error = {0};
    char buffer[16];

    (void)state;
    assert_int_equal(zp_source_read(&source, 16, buffer, 0, &error), ZP_OK);
    assert_int_equal(zp_source_read(&source, 9, buffer, 8, &error), ZP_ERR_TRUNCATED);
    assert_int_equal(error.offset, 9);
    assert_int_equal(error.value, 17);
    assert_int_equal(error.limit, 16);
    assert_int_equal(zp_source_read(&source, UINT64_MAX, buffer, 8, &error), ZP_ERR_TRUNCATED);
    assert_true(error.value == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_gives_its_bytes),
        cmocka_unit_test(failures_are_told),
        cmocka_unit_test(nothing_outside_is_asked_for),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
