/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * choice.c: each way in which a bzImage's own entry and the ELF inside can be chosen, and each reason why
 * not. The payload is an ELF as it is, so that no codec has a say here.
 */
#include "packing.h"

#include <zeropage/machine.h>

#include "choice.h"

#define MIB (UINT64_C(1) << 20)

/* A machine, a request and an image in a file of its own. */
struct scene {
    char path[PATH_SIZE];
    struct zp_memory_range ranges[ZP_PC_RANGE_COUNT];
    struct zp_machine machine;
    struct zp_request request;
    struct zp_opening opening;
    struct zp_opened_image opened;
    struct zp_choice choice;
    struct zp_error error;
};

static void begin(struct scene *scene, struct gen_image *image)
{
    const struct zp_pc pc = {.struct_size = sizeof(pc),
                             .cpu_count = 1,
                             .ram_size = 64 * MIB,
                             .hole_start = {0xc0000000},
                             .hole_end = {UINT64_C(1) << 32}};

    *scene = (struct scene){.request.struct_size = sizeof(scene->request)};
    write_image(scene->path, image);
    assert_int_equal(zp_machine_pc(&pc, scene->ranges, ZP_PC_RANGE_COUNT, &scene->machine, &scene->error),
                     ZP_OK);
    assert_int_equal(zp_opened_image_open(&scene->opened, scene->path, NULL, &scene->error), 0);
}

static void end(struct scene *scene)
{
    zp_choice_free(&scene->choice);
    zp_opened_image_close(&scene->opened);
    assert_int_equal(unlink(scene->path), 0);
}

static int choose(struct scene *scene, enum zp_direct wish)
{
    zp_choice_free(&scene->choice);
    return zp_choice_make(&scene->choice, &scene->opened, wish, &scene->machine, &scene->request,
                          &scene->opening, &scene->error);
}

static const char *why_not(const struct scene *scene)
{
    static char text[512];

    return zp_choice_why_not(&scene->choice, "k", text, sizeof(text));
}

static struct gen_image wrapped_elf(uint64_t load)
{
    struct gen_image elf;

    gen_elf(&elf, &(struct gen_elf){.pvh = true, .load = load, .virtual_addresses = true});
    return wrap(&elf, 0);
}

static void direct_when_it_can(void **state)
{
    struct gen_image image = wrapped_elf(0);
    struct scene scene;

    (void)state;
    begin(&scene, &image);
    for (int again = 0; again < 2; again++) {
        for (enum zp_direct wish = ZP_DIRECT_AUTO; wish <= ZP_DIRECT_ON; wish++) {
            assert_int_equal(choose(&scene, wish), 0);
            assert_true(scene.choice.direct);
            assert_int_equal(scene.choice.why_not_status, 0);
            assert_string_equal(why_not(&scene), "");
            assert_string_equal(scene.choice.inside, "payload");
            assert_ptr_equal(scene.choice.made.plan.image, &scene.opened.inner.image);
            assert_ptr_equal(scene.choice.made.plan.request, &scene.choice.request);
            assert_ptr_equal(scene.choice.request.wrapper, &scene.opened.image);
        }
    }
    scene.request.protocol = ZP_PROTOCOL_PVH;
    assert_int_equal(choose(&scene, ZP_DIRECT_AUTO), 0);
    assert_int_equal(scene.choice.made.plan.protocol, ZP_PROTOCOL_PVH);
    end(&scene);
}

static void off_is_the_own_entry(void **state)
{
    struct gen_image image = wrapped_elf(0);
    struct scene scene;

    (void)state;
    begin(&scene, &image);
    assert_int_equal(choose(&scene, ZP_DIRECT_OFF), 0);
    assert_false(scene.choice.direct);
    assert_false(scene.opened.inner.tried);
    assert_string_equal(why_not(&scene), "");
    assert_string_equal(scene.choice.inside, "");
    assert_ptr_equal(scene.choice.made.plan.image, &scene.opened.image);
    assert_null(scene.choice.request.wrapper);
    end(&scene);
}

/* auto takes the own entry and says why; on says the same as an error. */
static void falls_back(struct scene *scene, int status, const char *reason)
{
    assert_int_equal(choose(scene, ZP_DIRECT_AUTO), 0);
    assert_false(scene->choice.direct);
    assert_int_equal(scene->choice.why_not_status, status);
    assert_non_null(strstr(why_not(scene), reason));
    assert_ptr_equal(scene->choice.made.plan.image, &scene->opened.image);
    assert_null(scene->choice.request.wrapper);
    assert_int_equal(choose(scene, ZP_DIRECT_ON), status);
    assert_int_equal(scene->error.code, status);
    assert_null(scene->choice.made.room.spans);
}

static void no_payload(void **state)
{
    static const uint16_t versions[] = {0x20f, 0x207, 0x206};
    struct gen_image image;
    struct scene scene;

    (void)state;
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        gen_bzimage(&image, &(struct gen_bzimage){.version = versions[i], .no_payload = i == 0});
        begin(&scene, &image);
        falls_back(&scene, ZP_ERR_NO_PAYLOAD, "k: ");
        assert_int_equal(scene.error.value, versions[i]);
        assert_string_equal(scene.choice.inside, "");
        end(&scene);
    }
}

static void no_elf(void **state)
{
    struct gen_image payload, image;
    struct scene scene;

    (void)state;
    gen_bzimage(&image, &(struct gen_bzimage){0}); /* four bytes of zstd */
    begin(&scene, &image);
    assert_int_equal(choose(&scene, ZP_DIRECT_AUTO), 0);
    assert_true(scene.choice.why_not_status < 0);
    assert_string_equal(scene.choice.why_not_inside, "");
    end(&scene);

    gen_elf(&payload, &(struct gen_elf){.machine = 183}); /* AArch64 */
    image = wrap(&payload, 0);
    begin(&scene, &image);
    falls_back(&scene, ZP_ERR_ELF_MACHINE, "k: payload: ");
    assert_string_equal(scene.choice.inside, "payload");
    end(&scene);
}

/* More RAM than there is: the ELF's plan fails; auto lives with the own entry. */
static void no_plan(void **state)
{
    struct gen_image image = wrapped_elf(0);
    const struct zp_pin pin = {.kind = ZP_SPAN_KERNEL, .start = {0x1000000 + 0x200000}};
    struct scene scene;

    (void)state;
    begin(&scene, &image);
    scene.request.cmdline = "x";
    scene.request.cmdline_length = 1;
    scene.request.pins = &pin;
    scene.request.pin_count = 1;
    scene.request.protocol = ZP_PROTOCOL_PVH; /* not moved without a PHYS32_RELOC note */
    assert_true(choose(&scene, ZP_DIRECT_ON) < 0);
    assert_int_equal(scene.error.field, ZP_FIELD_KERNEL);
    assert_string_equal(scene.choice.inside, "payload");
    /* Neither can. The own entry never could by PVH: the error is that of the ELF. */
    assert_true(choose(&scene, ZP_DIRECT_AUTO) < 0);
    assert_int_equal(scene.error.code, scene.choice.why_not_status);
    assert_int_equal(scene.error.field, ZP_FIELD_KERNEL);
    assert_string_equal(scene.choice.inside, "payload");
    assert_non_null(strstr(why_not(&scene), "k: payload: "));
    /* By a protocol that neither has it is that of the own entry. */
    scene.request.protocol = ZP_PROTOCOL_MULTIBOOT1;
    assert_int_equal(choose(&scene, ZP_DIRECT_AUTO), ZP_ERR_PROTOCOL);
    assert_int_equal(scene.error.code, ZP_ERR_PROTOCOL);
    assert_string_equal(scene.choice.inside, "");
    assert_true(scene.choice.why_not_status < 0);
    end(&scene);
}

static void foreseen(void **state)
{
    static const uint32_t wishes[] = {ZP_PROTOCOL_LINUX16, ZP_PROTOCOL_LINUX32};
    struct gen_image image = wrapped_elf(0);
    struct scene scene;

    (void)state;
    begin(&scene, &image);
    for (size_t i = 0; i < 2; i++) {
        scene.request.protocol = wishes[i];
        assert_int_equal(choose(&scene, ZP_DIRECT_ON), ZP_ERR_PROTOCOL);
        assert_int_equal(scene.error.value, wishes[i]);
        assert_int_equal(scene.error.limit, 1 << ZP_PROTOCOL_PVH | 1 << ZP_PROTOCOL_LINUX64);
        assert_false(scene.opened.inner.tried);
    }
    assert_int_equal(choose(&scene, ZP_DIRECT_AUTO), 0);
    assert_int_equal(scene.choice.made.plan.protocol, ZP_PROTOCOL_LINUX32);
    assert_int_equal(scene.choice.why_not_status, ZP_ERR_PROTOCOL);
    assert_non_null(strstr(why_not(&scene), "k: payload: "));
    assert_false(scene.opened.inner.tried);
    end(&scene);
}

static void bounds_count(void **state)
{
    struct gen_image image = wrapped_elf(0), elf;
    struct scene scene;

    (void)state;
    begin(&scene, &image);
    scene.opening.limit = 0x100; /* of the machine */
    falls_back(&scene, ZP_ERR_NO_SPACE, "give more with -m");
    end(&scene);

    gen_elf(&elf, &(struct gen_elf){.pvh = true});
    gen_resize(&elf, 0x8000);
    gzip(&elf);
    image = wrap(&elf, 0x7fff); /* of the header, which no RAM changes */
    begin(&scene, &image);
    for (int machine = 0; machine < 2; machine++) {
        scene.opening.limit = machine ? 64 * MIB : 0;
        falls_back(&scene, ZP_ERR_TOO_LARGE, "init_size");
        assert_null(strstr(why_not(&scene), "-m"));
        assert_int_equal(scene.error.limit, 0x7fff);
        zp_opened_image_close(&scene.opened);
        assert_int_equal(zp_opened_image_open(&scene.opened, scene.path, NULL, &scene.error), 0);
    }
    end(&scene);

    gen_elf(&elf, &(struct gen_elf){.pvh = true});
    gen_resize(&elf, 0x8000);
    gzip(&elf);
    image = wrap(&elf, 0x8000);
    begin(&scene, &image);
    scene.opening.limit = 0x8000;
    assert_int_equal(choose(&scene, ZP_DIRECT_ON), 0);
    end(&scene);
}

static void bare_elf_is_planned_as_it_is(void **state)
{
    struct gen_image image;
    struct scene scene;

    (void)state;
    gen_elf(&image, &(struct gen_elf){.pvh = true});
    begin(&scene, &image);
    for (enum zp_direct wish = ZP_DIRECT_AUTO; wish <= ZP_DIRECT_OFF; wish++) {
        assert_int_equal(choose(&scene, wish), 0);
        assert_false(scene.choice.direct);
        assert_int_equal(scene.choice.why_not_status, 0);
        assert_ptr_equal(scene.choice.made.plan.image, &scene.opened.image);
    }
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(direct_when_it_can),
        cmocka_unit_test(off_is_the_own_entry),
        cmocka_unit_test(no_payload),
        cmocka_unit_test(no_elf),
        cmocka_unit_test(no_plan),
        cmocka_unit_test(foreseen),
        cmocka_unit_test(bounds_count),
        cmocka_unit_test(bare_elf_is_planned_as_it_is),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
