/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory map: what zp_machine_pc makes and what zp_machine_check refuses (HOSTILE: memory maps that are
 * unsorted, overlapping, empty or that wrap).
 */
#include "plan_fixture.h"

static const struct zp_pc pc_template = {sizeof(struct zp_pc), 2, 512 * MIB, {3 * GIB}, {4 * GIB}};

static int pc(struct fixture *f, const struct zp_pc *wish)
{
    return zp_machine_pc(wish, f->ranges, 300, &f->machine, &f->error);
}

static void a_pc_below_the_hole(void **state)
{
    struct fixture *f = fixture_new();

    (void)state;
    assert_int_equal(pc(f, &pc_template), ZP_OK);
    assert_int_equal(f->machine.range_count, 4);
    assert_int_equal(f->machine.cpu_count, 2);
    assert_int_equal(f->ranges[0].size, 0x9fc00);
    assert_int_equal(f->ranges[1].usage, ZP_USAGE_RESERVED);
    assert_int_equal(f->ranges[1].e820_type, ZP_E820_RESERVED);
    assert_int_equal(f->ranges[2].start.value, 0xe0000);
    assert_int_equal(f->ranges[3].start.value, MIB);
    assert_int_equal(f->ranges[3].size, 511 * MIB);
    assert_int_equal(zp_machine_check(&f->machine, NULL), ZP_OK);
    free(f);
}

static void a_pc_beyond_the_hole(void **state)
{
    struct fixture *f = fixture_new();
    struct zp_pc wish = pc_template;

    (void)state;
    wish.ram_size = 1024 * GIB;
    assert_int_equal(pc(f, &wish), ZP_OK);
    assert_int_equal(f->machine.range_count, 5);
    assert_int_equal(f->ranges[3].start.value + f->ranges[3].size, 3 * GIB);
    assert_int_equal(f->ranges[4].start.value, 4 * GIB);
    assert_int_equal(f->ranges[4].size, 1021 * GIB);
    free(f);
}

static void a_pc_that_cannot_be(void **state)
{
    struct fixture *f = fixture_new();
    struct zp_pc wish = pc_template;

    (void)state;
    wish.ram_size = MIB - 4096;
    assert_int_equal(pc(f, &wish), ZP_ERR_TOO_SMALL);
    wish.ram_size = 99999 * (GIB << 10);
    assert_int_equal(pc(f, &wish), ZP_ERR_TOO_LARGE);
    assert_int_equal(f->error.field, ZP_FIELD_RAM);
    wish.ram_size = 512 * MIB + 1;
    assert_int_equal(pc(f, &wish), ZP_ERR_ALIGNMENT);
    wish = pc_template;
    wish.cpu_count = 0;
    assert_int_equal(pc(f, &wish), ZP_ERR_TOO_SMALL);
    assert_int_equal(f->error.field, ZP_FIELD_CPUS);
    wish = pc_template;
    wish.struct_size--;
    assert_int_equal(pc(f, &wish), ZP_ERR_STRUCT_SIZE);
    assert_int_equal(zp_machine_pc(&pc_template, f->ranges, 4, &f->machine, &f->error), ZP_ERR_ROOM);
    assert_int_equal(f->error.value, ZP_PC_RANGE_COUNT);
    assert_int_equal(zp_machine_pc(NULL, f->ranges, 5, &f->machine, NULL), ZP_ERR_ARGUMENT);
    assert_int_equal(zp_machine_pc(&pc_template, NULL, 5, &f->machine, NULL), ZP_ERR_ARGUMENT);
    assert_int_equal(zp_machine_pc(&pc_template, f->ranges, 5, NULL, NULL), ZP_ERR_ARGUMENT);
    free(f);
}

static void holes_that_cannot_be(void **state)
{
    static const uint64_t holes[][2] = {{4096, 4 * GIB},
                                        {3 * GIB, 2 * GIB},
                                        {3 * GIB, 5 * GIB},
                                        {3 * GIB + 1, 4 * GIB},
                                        {3 * GIB, 4 * GIB - 1}};
    struct fixture *f = fixture_new();

    (void)state;
    for (size_t i = 0; i < sizeof(holes) / sizeof(holes[0]); i++) {
        struct zp_pc wish = pc_template;

        wish.hole_start.value = holes[i][0];
        wish.hole_end.value = holes[i][1];
        assert_int_equal(pc(f, &wish), ZP_ERR_MEMORY_MAP);
    }
    free(f);
}

/* HOSTILE row 22: overlapping, unsorted, empty and wrapping memory maps. */
static void maps_that_cannot_be(void **state)
{
    static const struct zp_memory_range maps[][2] = {
        {{{MIB}, MIB, ZP_USAGE_FREE, 0}, {{MIB + 4096}, MIB, ZP_USAGE_FREE, 0}},  /* overlap */
        {{{4 * MIB}, MIB, ZP_USAGE_FREE, 0}, {{MIB}, MIB, ZP_USAGE_FREE, 0}},     /* unsorted */
        {{{MIB}, 0, ZP_USAGE_FREE, 0}, {{2 * MIB}, MIB, ZP_USAGE_FREE, 0}},       /* empty */
        {{{MIB}, MIB, ZP_USAGE_FREE, 0}, {{UINT64_MAX - 4095}, 8192, 0, 0}},      /* wraps */
        {{{MIB}, MIB, ZP_USAGE_FREE, 0}, {{UINT64_C(1) << 52}, 4096, 0, 0}},      /* too high */
        {{{MIB}, MIB, 7, 0}, {{2 * MIB}, MIB, ZP_USAGE_FREE, 0}},                 /* no such usage */
        {{{MIB}, MIB, ZP_USAGE_RESERVED, 2}, {{2 * MIB}, MIB, ZP_USAGE_BUSY, 0}}, /* nothing free */
    };
    struct zp_machine machine = {.struct_size = sizeof(machine), .cpu_count = 1, .range_count = 2};
    struct zp_error error;

    (void)state;
    for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
        machine.ranges = maps[i];
        assert_int_equal(zp_machine_check(&machine, &error), ZP_ERR_MEMORY_MAP);
        assert_int_equal(error.field, ZP_FIELD_RANGES);
    }
    machine.range_count = 0;
    assert_int_equal(zp_machine_check(&machine, &error), ZP_ERR_MEMORY_MAP);
    machine.range_count = 2;
    machine.cpu_count = 0;
    assert_int_equal(zp_machine_check(&machine, &error), ZP_ERR_TOO_SMALL);
    machine.struct_size = 1;
    assert_int_equal(zp_machine_check(&machine, &error), ZP_ERR_STRUCT_SIZE);
    machine.ranges = NULL;
    assert_int_equal(zp_machine_check(&machine, &error), ZP_ERR_ARGUMENT);
    assert_int_equal(zp_machine_check(NULL, &error), ZP_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pc_below_the_hole), cmocka_unit_test(a_pc_beyond_the_hole),
        cmocka_unit_test(a_pc_that_cannot_be), cmocka_unit_test(holes_that_cannot_be),
        cmocka_unit_test(maps_that_cannot_be),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
