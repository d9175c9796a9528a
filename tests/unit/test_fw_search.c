/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of the command line that are the firmware's, what is left for the kernel, and what somebody chose. */
#include "fw_menu.h"
#include "fw_uki_image.h"
#include "search.h"

static void search(struct fixture *fixture, struct fw_search *ret, const char *cmdline)
{
    assert_int_equal(fw_search_begin(ret, &fixture->arena, cmdline, NULL), 0);
    ret->systems[0] = fixture->tree.fs;
    ret->system_count = 1;
    fw_search_done(ret, cmdline);
}

static void begin_with_files(struct fixture *fixture)
{
    begin(fixture);
    fw_tree_text(&fixture->tree, "/k", "kernel");
    fw_tree_text(&fixture->tree, "/a kernel", "another");
    fw_tree_text(&fixture->tree, "/rd", "initrd");
}

static void named(void **state)
{
    struct fixture fixture;
    struct fw_search found;
    const char *why;

    (void)state;
    begin_with_files(&fixture);
    search(&fixture, &found, " a=b zeropage.initrd=/rd\tzeropage.kernel=/k  \"c d\" zeropage.initrd=/k");
    assert_string_equal(fw_search_options(&found, &found.menu.entries[0]), "a=b \"c d\"");
    assert_int_equal(fw_choose(&found.menu, &why), 0);
    assert_string_equal(why, "named on the command line");
    assert_string_equal(found.menu.entries[0].kernel, "/k");
    assert_int_equal(found.menu.entries[0].initrd_count, 2);
    assert_string_equal(found.menu.entries[0].initrds[0], "/rd");
    assert_string_equal(found.menu.entries[0].initrds[1], "/k");
    assert_int_equal(notes(), 0);
    end(&fixture);
}

static void named_with_spaces(void **state)
{
    static const char *const lines[] = {"x zeropage.kernel=\"/a kernel\" y",
                                        "x \"zeropage.kernel=/a kernel\" y"};
    struct fixture fixture;
    struct fw_search found;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        begin_with_files(&fixture);
        search(&fixture, &found, lines[i]);
        assert_int_equal(found.menu.count, 1);
        assert_string_equal(found.menu.entries[0].kernel, "/a kernel");
        assert_string_equal(found.words, "x y");
        end(&fixture);
    }
}

/* What is within another word's quotes is that word's, for the kernel and for us alike. */
static void quoted_is_not_ours(void **state)
{
    const char *cmdline = "x=\"1 zeropage.kernel=/k zeropage.initrd=/rd\" zeropage.kernelx=/k";
    struct fixture fixture;
    struct fw_search found;

    (void)state;
    begin_with_files(&fixture);
    search(&fixture, &found, cmdline);
    assert_int_equal(found.menu.count, 0);
    assert_string_equal(found.words, cmdline);
    end(&fixture);
}

static void named_and_not_there(void **state)
{
    struct fixture fixture;
    struct fw_search found;

    (void)state;
    begin_with_files(&fixture);
    search(&fixture, &found, "zeropage.kernel=/nowhere z");
    assert_int_equal(found.menu.count, 0);
    assert_int_equal(notes(), 1);
    assert_string_equal(found.words, "z");
    end(&fixture);
}

/* What is not used is not dropped without a word. */
static void named_for_nothing(void **state)
{
    struct fixture fixture;
    struct fw_search found;

    (void)state;
    begin_with_files(&fixture);
    search(&fixture, &found, "zeropage.kernel=/k a zeropage.kernel=/rd");
    assert_int_equal(found.menu.count, 1);
    assert_string_equal(found.menu.entries[0].kernel, "/k");
    assert_string_equal(found.words, "a");
    assert_string_equal(fw_host_notes, "zeropage.kernel=/k: the first of several: only it is booted\n");
    end(&fixture);
    begin_with_files(&fixture);
    search(&fixture, &found, "a zeropage.initrd=/rd");
    assert_int_equal(found.menu.count, 0);
    assert_string_equal(fw_host_notes, "zeropage.initrd=: of no use without zeropage.kernel=\n");
    end(&fixture);
}

/* Whoever chooses in the menu may choose what fw_choose has not looked at: a UKI, or what is not there. */
static void chosen_by_somebody(void **state)
{
    static const struct uki_section sections[] = {{".linux", "kernel"}, {".initrd", "initrd"}};
    static unsigned char image[UKI_SIZE];
    struct fixture fixture;
    struct fw_search found;
    const char *why;

    (void)state;
    begin_with_files(&fixture);
    uki_build(image, sections, 2);
    fw_tree_add(&fixture.tree, "/one.efi", image, sizeof(image));
    fw_tree_text(&fixture.tree, "/extlinux/extlinux.conf",
                 "LABEL first\nLINUX /k\nLABEL uki\nLINUX /one.efi\nLABEL absent\nLINUX /nowhere\n");
    search(&fixture, &found, "");
    assert_int_equal(found.menu.count, 3);
    assert_int_equal(fw_choose(&found.menu, &why), 0);
    assert_int_equal(found.menu.entries[1].kernel_piece.size, 0);
    assert_true(fw_entry_is_whole(&found.menu, &found.menu.entries[1]));
    assert_int_equal(found.menu.entries[1].kernel_piece.size, strlen("kernel"));
    assert_int_equal(found.menu.entries[1].initrd_count, 1);
    assert_true(fw_entry_is_whole(&found.menu, &found.menu.entries[1]));
    assert_int_equal(found.menu.entries[1].initrd_count, 1);
    assert_int_equal(notes(), 0);
    assert_false(fw_entry_is_whole(&found.menu, &found.menu.entries[2]));
    assert_int_equal(notes(), 1);
    end(&fixture);
}

/* A script that takes memory as long as there is some: the next disk is read all the same. */
static void greedy_first(void **state)
{
    static const char line[] = "set b=$a$a\nset b=$a\n";
    static char config[20480], text[16384] = "set a=";
    const struct fw_disk disk = {.name = "disk"};
    struct fixture fixture;
    struct fw_search found;
    struct fw_tree good;
    const char *why;

    (void)state;
    begin_with_files(&fixture);
    memset(text + strlen(text), 'x', 4000);
    strcat(text, "\n");
    for (size_t i = 0; i < 300; i++)
        strcat(text, line);
    fw_tree_text(&fixture.tree, "/grub/grub.cfg", text);
    fw_tree_begin(&good, &fixture.arena);
    fw_tree_text(&good, "/k", "kernel");
    strcpy(config, "LABEL good\nLINUX /k\nAPPEND a=b\n");
    memset(config + strlen(config), '\n', 20000); /* more than is left when nothing is left for a word */
    fw_tree_text(&good, "/extlinux/extlinux.conf", config);
    assert_int_equal(fw_search_begin(&found, &fixture.arena, "c=d", NULL), 0);
    found.systems[0] = fixture.tree.fs;
    found.systems[1] = good.fs;
    found.systems[0].volume.disk = found.systems[1].volume.disk = &disk;
    found.system_count = 2;
    fw_search_done(&found, "c=d");
    assert_int_equal(notes(), 1);
    assert_int_equal(fw_choose(&found.menu, &why), 0);
    assert_string_equal(found.menu.entries[0].id, "good");
    assert_string_equal(fw_search_options(&found, &found.menu.entries[0]), "a=b c=d");
    fw_tree_end(&good);
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(named),
        cmocka_unit_test(named_with_spaces),
        cmocka_unit_test(quoted_is_not_ours),
        cmocka_unit_test(named_and_not_there),
        cmocka_unit_test(named_for_nothing),
        cmocka_unit_test(chosen_by_somebody),
        cmocka_unit_test(greedy_first),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fw-search", tests, NULL, NULL);
}
