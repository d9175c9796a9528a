/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sharing: pages that guests may share with their files, counted against a bitmap of what relocation writes.
 */
#include "inspecting.h"
#include "plan_fixture.h"

#include "gen.h"

#define PAGE UINT64_C(4096)

static struct zp_sharing share(struct fixture *f)
{
    struct zp_sharing sharing = {99, 99, 99};

    assert_int_equal(zp_plan_sharing(&f->plan, &sharing, &f->error), ZP_OK);
    return sharing;
}

static void assert_sharing(struct fixture *f, uint64_t pages, uint64_t mappable, uint64_t relocated)
{
    struct zp_sharing sharing = share(f);

    assert_int_equal(sharing.pages, pages);
    assert_int_equal(sharing.mappable, mappable);
    assert_int_equal(sharing.relocated, relocated);
}

static void pages_of_kernel_and_initrds(void **state)
{
    struct fixture *f = fixture_elf(ZP_PROTOCOL_LINUX64, ZP_CONTAINER_ELF64);

    (void)state;
    plan_holds(f); /* 4096 bytes at a page, from 1024 of the file, and 512 bytes */
    assert_sharing(f, 1, 0, 0);
    f->segments[0].file_offset = PAGE;
    plan_holds(f);
    assert_sharing(f, 1, 1, 0);
    add_module(f, 2 * PAGE + 1, NULL);
    add_module(f, 2 * PAGE, NULL); /* behind the first, not at a page */
    plan_holds(f);
    assert_sharing(f, 1 + 2 + 1, 1 + 2, 0);
    free(f);
}

static void arguments_are_checked(void **state)
{
    struct zp_sharing sharing;
    struct zp_plan plan;
    struct zp_error error = {0};

    (void)state;
    assert_int_equal(zp_plan_sharing(NULL, &sharing, &error), ZP_ERR_ARGUMENT);
    assert_int_equal(error.code, ZP_ERR_ARGUMENT);
    assert_int_equal(zp_plan_sharing(&plan, NULL, NULL), ZP_ERR_ARGUMENT);
}

/* A generated kernel, moved. */
static struct fixture *planned(struct gen_image *image, struct inspecting *in, const struct gen_linux *kind)
{
    struct fixture *f = fixture_new();

    gen_linux(image, kind);
    assert_int_equal(inspect(in, image), ZP_OK);
    f->image = in->image;
    add_pin(f, ZP_SPAN_KERNEL, 0, 32 * MIB);
    plan_holds(f);
    return f;
}

/* The same number by marking pages: each entry on its own, in any order. */
static uint64_t count_marked(const struct fixture *f, const struct gen_image *image)
{
    const struct {
        const struct gen_list *list;
        unsigned width;
    } lists[] = {{&image->list64, 8}, {&image->list32neg, 4}, {&image->list32, 4}};
    unsigned char marked[1024] = {0};
    uint64_t count = 0;

    for (size_t l = 0; l < 3; l++)
        for (size_t i = 0; i < lists[l].list->count; i++) {
            uint64_t word = gen_peek(image, lists[l].list->at + 4 * i, 4);
            uint64_t start = (word - (uint32_t)f->image.relocations.map) + f->plan.delta - 32 * MIB;

            for (uint64_t at = start; at < start + lists[l].width; at++)
                marked[at / PAGE] = 1;
        }
    for (size_t page = 0; page < sizeof(marked); page++) {
        for (size_t i = 0; i < f->plan.span_count && marked[page]; i++) {
            const struct zp_span *span = &f->plan.spans[i];
            uint64_t at = 32 * MIB + page * PAGE;

            if (span->kind == ZP_SPAN_KERNEL && at >= span->start.value &&
                at + PAGE <= span->start.value + span->file_size &&
                (span->start.value - span->file_offset) % PAGE == 0)
                count++;
        }
    }
    return count;
}

/* The kernel's segments are moved in the file, so that some agree with their addresses. */
static void align_segments(struct gen_image *image, const struct gen_linux *kind)
{
    size_t wide = kind->bits != 32;
    size_t at_offset = wide ? 8 : 4, at_filesz = wide ? 32 : 16, width = wide ? 8 : 4;

    /* text from 0 of the file and init from the second page on: their bytes do not matter here */
    gen_poke(image, image->phdrs + image->phdr_size + at_offset, width, 0);
    gen_poke(image, image->phdrs + 4 * image->phdr_size + at_offset, width, PAGE);
    assert_true(gen_peek(image, image->phdrs + image->phdr_size + at_filesz, width) >= PAGE);
}

static void relocated_pages(void **state)
{
    static const struct gen_linux kinds[] = {
        {.lists = 3, .scale = 40}, {.lists = 2, .scale = 64}, {.bits = 32, .scale = 41}, {.lists = 3}};

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct gen_image image;
        struct inspecting in;
        struct fixture *f = planned(&image, &in, &kinds[i]);
        uint64_t marked;

        if (kinds[i].scale) {
            align_segments(&image, &kinds[i]);
            assert_int_equal(inspect(&in, &image), ZP_OK);
            f->image = in.image;
            plan_holds(f);
        }
        f->plan.virtual_delta = 0;
        assert_int_equal(share(f).relocated, 0);
        f->plan.virtual_delta = 16 * MIB;
        marked = count_marked(f, &image);
        assert_true(kinds[i].scale ? marked > 4 : marked == 0);
        assert_int_equal(share(f).relocated, marked);
        assert_true(marked <= share(f).mappable && share(f).mappable <= share(f).pages);
        free(f);
        gen_free(&image);
    }
}

struct failing {
    struct zp_source source;
    const struct gen_image *image;
    size_t reads, fail_at;
};

static int read_failing(void *context, uint64_t offset, void *buffer, size_t length)
{
    struct failing *failing = context;

    memcpy(buffer, failing->image->bytes + offset, length);
    return ++failing->reads == failing->fail_at ? -7 : 0;
}

/* What the table says now is not believed: outside it is refused, descending it is counted somehow. */
static void a_table_that_changes_or_fails(void **state)
{
    const struct gen_linux kind = {.lists = 3, .scale = 40};
    struct zp_sharing sharing = {99, 99, 99};
    struct gen_image image;
    struct inspecting in;
    struct fixture *f = planned(&image, &in, &kind);
    struct failing failing = {.image = &image};
    size_t reads;

    (void)state;
    f->plan.virtual_delta = 16 * MIB;
    failing.source = (struct zp_source){image.size, read_failing, &failing};
    f->image.source = &failing.source;
    share(f);
    reads = failing.reads;
    assert_true(reads >= 6);
    for (failing.fail_at = 1; failing.fail_at <= reads; failing.fail_at++) {
        failing.reads = 0;
        assert_int_equal(zp_plan_sharing(&f->plan, &sharing, &f->error), ZP_ERR_READ);
        assert_int_equal(sharing.pages, 99);
    }
    failing.fail_at = 0;
    gen_poke(&image, image.list32neg.at, 4, (uint32_t)gen_peek(&image, image.list32neg.at + 400, 4));
    share(f);
    gen_poke(&image, image.list32.at + 40, 4, 0x82000000);
    assert_int_equal(zp_plan_sharing(&f->plan, &sharing, &f->error), ZP_ERR_OUTSIDE);
    assert_int_equal(f->error.field, ZP_FIELD_RELOCATIONS);
    assert_int_equal(f->error.offset, image.list32.at + 40);
    assert_int_equal(sharing.pages, 99);
    free(f);
    gen_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_of_kernel_and_initrds),
        cmocka_unit_test(arguments_are_checked),
        cmocka_unit_test(relocated_pages),
        cmocka_unit_test(a_table_that_changes_or_fails),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
