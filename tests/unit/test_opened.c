/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * opened.c: an image and a plan with more elements than the first room holds, and every way to say no.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <zeropage/machine.h>
#include <zeropage/wire/elf.h>
#include <zeropage/zeropage.h>

#include "host.h"

#define SEGMENTS 300
#define PAGE     4096

/* An ELF64 of SEGMENTS pages of one byte each, whose first instruction is in the first; remove with unlink.
 */
static const char *write_elf(void)
{
    static char path[] = "/tmp/zp-test-opened-XXXXXX";
    struct zp_elf64_ehdr header = {
        .e_ident = {0x7f, 'E', 'L', 'F', ZP_ELFCLASS64, ZP_ELFDATA2LSB, 1, ZP_ELFOSABI_STANDALONE},
        .e_type = ZP_ET_EXEC,
        .e_machine = ZP_EM_X86_64,
        .e_version = 1,
        .e_entry = 0x200000,
        .e_phoff = sizeof(header),
        .e_ehsize = sizeof(header),
        .e_phentsize = sizeof(struct zp_elf64_phdr),
        .e_phnum = SEGMENTS};
    FILE *out;
    int fd;

    strcpy(path + sizeof(path) - 7, "XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    out = fdopen(fd, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(&header, sizeof(header), 1, out), 1);
    for (uint64_t i = 0; i < SEGMENTS; i++) {
        const struct zp_elf64_phdr segment = {.p_type = ZP_PT_LOAD,
                                              .p_flags = ZP_PF_R | ZP_PF_X,
                                              .p_vaddr = 0x200000 + i * PAGE,
                                              .p_paddr = 0x200000 + i * PAGE,
                                              .p_filesz = 1,
                                              .p_memsz = 1,
                                              .p_align = 1};

        assert_int_equal(fwrite(&segment, sizeof(segment), 1, out), 1);
    }
    assert_int_equal(fclose(out), 0);
    return path;
}

static void room_grows(void **state)
{
    struct zp_memory_range ranges[ZP_PC_RANGE_COUNT];
    const struct zp_pc pc = {.struct_size = sizeof(pc),
                             .cpu_count = 1,
                             .ram_size = 64 << 20,
                             .hole_start = {0xc0000000},
                             .hole_end = {UINT64_C(1) << 32}};
    const struct zp_request request = {.struct_size = sizeof(request)};
    const char *path = write_elf();
    struct zp_opened_image opened;
    struct zp_made_plan made;
    struct zp_machine machine;
    struct zp_error error = {0};

    (void)state;
    assert_int_equal(zp_opened_image_open(&opened, path, &error), 0);
    assert_int_equal(opened.image.segment_count, SEGMENTS);
    assert_ptr_equal(opened.image.source, &opened.file.source);
    assert_int_equal(opened.image.segments[SEGMENTS - 1].paddr.value, 0x200000 + (SEGMENTS - 1) * PAGE);
    assert_int_equal(zp_machine_pc(&pc, ranges, ZP_PC_RANGE_COUNT, &machine, &error), ZP_OK);
    assert_int_equal(zp_made_plan_make(&made, &opened.image, &machine, &request, &error), 0);
    assert_true(made.plan.span_count > SEGMENTS);
    assert_non_null(zp_plan_span_at(&made.plan, (zp_gpa){0x200000}));
    zp_made_plan_free(&made);
    assert_null(made.plan.spans);
    zp_opened_image_close(&opened);
    assert_null(opened.image.segments);
    zp_opened_image_close(&opened); /* harmless */
    assert_int_equal(unlink(path), 0);
}

static void refusals_pass_through(void **state)
{
    struct zp_opened_image opened;
    struct zp_error error = {0};

    (void)state;
    assert_int_equal(zp_opened_image_open(&opened, "/nonexistent", &error), ENOENT);
    assert_int_equal(zp_opened_image_open(&opened, "/", &error), EISDIR);
    assert_int_equal(error.code, 0);
    assert_int_equal(zp_opened_image_open(&opened, "/dev/null", &error), ZP_ERR_EMPTY);
    assert_int_equal(error.code, ZP_ERR_EMPTY);
    assert_int_equal(zp_opened_image_open(&opened, "/etc/passwd", NULL), ZP_ERR_FORMAT);
    assert_null(opened.file.name);
}

static void impossible_plan_says_why(void **state)
{
    struct zp_memory_range range = {{0}, 1 << 20, ZP_USAGE_FREE, 0};
    const struct zp_machine machine = {
        .struct_size = sizeof(machine), .cpu_count = 1, .ranges = &range, .range_count = 1};
    const struct zp_request request = {.struct_size = sizeof(request)};
    const char *path = write_elf();
    struct zp_opened_image opened;
    struct zp_made_plan made;
    struct zp_error error = {0};

    (void)state;
    assert_int_equal(zp_opened_image_open(&opened, path, &error), 0);
    assert_true(zp_made_plan_make(&made, &opened.image, &machine, &request, &error) < 0);
    assert_int_equal(error.field, ZP_FIELD_KERNEL);
    assert_null(made.room.spans);
    zp_opened_image_close(&opened);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(room_grows),
        cmocka_unit_test(refusals_pass_through),
        cmocka_unit_test(impossible_plan_says_why),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
