/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries of the boot loader specification, type 1, and loader.conf: keys, odd and hostile files, names, boot
 * counting, a full arena, failing reads.
 */
#include "fw_menu.h"

#define ENTRIES "/loader/entries/"

static const struct fw_entry *only(struct fixture *fixture)
{
    assert_int_equal(fw_bls_read(&fixture->menu, &fixture->tree.fs), 0);
    assert_int_equal(fixture->menu.count, 1);
    return &fixture->menu.entries[0];
}

static void keys(void **state)
{
    struct fixture fixture;
    const struct fw_entry *entry;

    (void)state;
    begin(&fixture);
    fw_tree_text(&fixture.tree, ENTRIES "6a98-3.8.0.conf",
                 "# a comment\n"
                 "title        Fedora 19 (Rawhide)\n"
                 "sort-key     fedora\r\n"
                 "machine-id   6a9857a393724b7a981ebb5b8495b9ea\n"
                 "version      3.8.0-2.fc19.x86_64\n"
                 "options      root=UUID=6d33 quiet\n"
                 "\toptions \t rw  \n"
                 "options $literal ${too} $\n"
                 "architecture X64\n"
                 "linux        6a98/3.8.0/linux\n"
                 "initrd       /6a98//3.8.0/./microcode\n"
                 "initrd       /6a98/3.8.0/initrd /other/../6a98/more\n"
                 "unknown-key  is no mistake\n"
                 "title\n"
                 "devicetree   /a.dtb");
    entry = only(&fixture);
    assert_int_equal(entry->source, FW_BLS1);
    assert_ptr_equal(entry->fs, &fixture.tree.fs);
    assert_string_equal(entry->id, "6a98-3.8.0");
    assert_string_equal(entry->file, "6a98-3.8.0.conf");
    assert_string_equal(entry->title, "Fedora 19 (Rawhide)");
    assert_string_equal(entry->sort_key, "fedora");
    assert_string_equal(entry->machine_id, "6a9857a393724b7a981ebb5b8495b9ea");
    assert_string_equal(entry->version, "3.8.0-2.fc19.x86_64");
    assert_string_equal(entry->options, "root=UUID=6d33 quiet rw $literal ${too} $");
    assert_string_equal(entry->kernel, "/6a98/3.8.0/linux");
    assert_int_equal(entry->initrd_count, 3);
    assert_string_equal(entry->initrds[0], "/6a98/3.8.0/microcode");
    assert_string_equal(entry->initrds[1], "/6a98/3.8.0/initrd");
    assert_string_equal(entry->initrds[2], "/6a98/more");
    assert_string_equal(entry->devicetree, "/a.dtb");
    assert_int_equal(entry->tries_left, -1);
    assert_string_equal(fw_host_notes, "");
    end(&fixture);
}

static void left_out(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "names no kernel"},
        {"title only a title\n", "names no kernel"},
        {"linux\n", "names no kernel"},
        {"linux /a\narchitecture aa64\n", "for architecture aa64"},
        {"efi /shell.efi\n", "/shell.efi is no kernel: is not there"},
        {"efi /program.efi\n", "/program.efi is no kernel: not a PE"},
        {"linux /a\ninitrd 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n", "more than 16 initrds"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fixture fixture;

        begin(&fixture);
        fw_tree_text(&fixture.tree, ENTRIES "bad.conf", cases[i].text);
        fw_tree_text(&fixture.tree, ENTRIES "good.conf", "linux /a\n");
        fw_tree_text(&fixture.tree, "/program.efi", "not a program");
        assert_string_equal(only(&fixture)->id, "good");
        assert_non_null(strstr(fw_host_notes, cases[i].why));
        assert_non_null(strstr(fw_host_notes, ENTRIES "bad.conf"));
        assert_int_equal(notes(), 1);
        end(&fixture);
    }
}

static void not_a_text(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    fw_tree_add(&fixture.tree, ENTRIES "nul.conf", "linux /a\0b\n", 11);
    fw_tree_add(&fixture.tree, ENTRIES "huge.conf", NULL, UINT64_C(1) << 30);
    fw_tree_add(&fixture.tree, ENTRIES "huger.conf", NULL, UINT64_MAX);
    fw_tree_add(&fixture.tree, "/loader/loader.conf", NULL, UINT64_C(1) << 30);
    fw_tree_text(&fixture.tree, ENTRIES "mark.conf", "\xef\xbb\xbflinux /a\n");
    assert_string_equal(only(&fixture)->id, "mark");
    assert_int_equal(notes(), 4);
    assert_true(fixture.arena.used < 300000);
    end(&fixture);
}

static void names(void **state)
{
    char unicode[800] = ENTRIES, at_limit[300] = ENTRIES;
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    /* 255 UTF-16 units: 250 of three bytes and ".conf". */
    for (size_t i = 0; i < 250; i++)
        strcat(unicode, "\xe6\xbc\xa2");
    strcat(unicode, ".conf");
    memset(at_limit + strlen(at_limit), 'n', 250);
    strcat(at_limit, ".conf");
    fw_tree_text(&fixture.tree, unicode, "linux /a\n");
    fw_tree_text(&fixture.tree, at_limit, "linux /b\n");
    fw_tree_text(&fixture.tree, ENTRIES ".hidden.conf", "linux /c\n");
    fw_tree_text(&fixture.tree, ENTRIES "readme.txt", "linux /d\n");
    fw_tree_text(&fixture.tree, ENTRIES "folder.conf/file", "linux /e\n");
    fw_tree_text(&fixture.tree, ENTRIES "new\nline.conf", "linux /f\n");
    fw_tree_text(&fixture.tree, ENTRIES "SHORT.CON", "linux /g\n");
    fw_tree_text(&fixture.tree, ENTRIES "CAPS.CONF", "linux /h\n");
    assert_int_equal(fw_bls_read(&fixture.menu, &fixture.tree.fs), 0);
    assert_int_equal(fixture.menu.count, 3);
    assert_int_equal(strlen(fixture.menu.entries[0].id), 750);
    assert_int_equal(strlen(fixture.menu.entries[1].id), 250);
    assert_string_equal(fixture.menu.entries[2].id, "CAPS");
    end(&fixture);
}

static void long_path(void **state)
{
    static char text[6000] = "linux /";
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    memset(text + 7, 'p', 5000);
    fw_tree_text(&fixture.tree, ENTRIES "long.conf", text);
    assert_string_equal(only(&fixture)->kernel, "/");
    assert_string_equal(fw_host_notes, "a path of 5001 bytes is too long\n");
    end(&fixture);
}

static void above_the_root(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    fw_tree_text(&fixture.tree, ENTRIES "up.conf", "linux ../../../a/../../b\n");
    assert_string_equal(only(&fixture)->kernel, "/b");
    end(&fixture);
}

static void counted(void **state)
{
    static const struct {
        const char *name, *id;
        int left, done;
    } cases[] = {
        {"a+3", "a", 3, 0},
        {"a+3-1", "a", 3, 1},
        {"a+0-5", "a", 0, 5},
        {"a+00003-00", "a", 3, 0},
        {"a+", "a+", -1, -1},
        {"a+3-", "a+3-", -1, -1},
        {"a+-3", "a+-3", -1, -1},
        {"a+3x", "a+3x", -1, -1},
        {"a-3", "a-3", -1, -1},
        {"a+1+2", "a+1", 2, 0},
        {"6.1.0-18", "6.1.0-18", -1, -1},
        {"+3", "+3", -1, -1},
        {"a+9999999999", "a+9999999999", -1, -1},
        {"a+999999999-999999999", "a", 999999999, 999999999},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fixture fixture;
        const struct fw_entry *entry;
        char path[100];

        begin(&fixture);
        snprintf(path, sizeof(path), ENTRIES "%s.conf", cases[i].name);
        fw_tree_text(&fixture.tree, path, "linux /a\n");
        entry = only(&fixture);
        assert_string_equal(entry->id, cases[i].id);
        assert_int_equal(entry->tries_left, cases[i].left);
        assert_int_equal(entry->tries_done, cases[i].done);
        end(&fixture);
    }
}

static void other_entries(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    fw_tree_text(&fixture.tree, ENTRIES "a.conf", "linux /a\n");
    fw_tree_text(&fixture.tree, "/loader/entries.srel", "type7\n");
    assert_int_equal(fw_bls_read(&fixture.menu, &fixture.tree.fs), 0);
    assert_int_equal(fixture.menu.count, 0);
    assert_int_equal(notes(), 1);
    fixture.tree.files[1].bytes = (const unsigned char *)"type1\n";
    only(&fixture);
    end(&fixture);
}

/* Without GRUB, its variables are nothing; what is no variable of it stays. */
static void variables(void **state)
{
    struct fixture fixture;
    const struct fw_entry *entry;

    (void)state;
    begin(&fixture);
    fw_tree_text(
        &fixture.tree, ENTRIES "a.conf",
        "linux /a\ninitrd /b $tuned_initrd\noptions $kernelopts ${tuned_params} x=$y $tuned_params\n");
    entry = only(&fixture);
    assert_int_equal(entry->initrd_count, 1);
    assert_string_equal(entry->options, "  x=$y");
    end(&fixture);
}

static void many(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    for (int i = 0; i < 1000; i++) {
        char path[40];

        snprintf(path, sizeof(path), ENTRIES "%d.conf", i);
        fw_tree_text(&fixture.tree, path, i % 2 ? "linux /a\n" : "nothing\n");
    }
    assert_int_equal(fw_bls_read(&fixture.menu, &fixture.tree.fs), 0);
    assert_int_equal(fixture.menu.count, 63); /* until 64 are none */
    assert_true(notes() < 70);
    end(&fixture);
}

/* Options in many lines come together, whatever their number, in memory of the order of the file. */
static void many_options(void **state)
{
    static char text[16000] = "linux /a\n";
    struct fixture fixture;
    const struct fw_entry *entry;
    size_t used;

    (void)state;
    while (strlen(text) < 15900)
        strcat(text, "options abc\n");
    begin(&fixture);
    used = fixture.arena.used;
    fw_tree_text(&fixture.tree, ENTRIES "a.conf", text);
    entry = only(&fixture);
    assert_int_equal(strlen(entry->options), (strlen(text) - 9) / 12 * 4 - 1);
    assert_true(fixture.arena.used - used < 80000);
    end(&fixture);
}

static void loader_conf(void **state)
{
    static const struct {
        const char *text;
        struct fw_settings settings;
        size_t notes;
    } cases[] = {
        {"timeout 7\n", {.has_timeout = true, .timeout = 7}, 0},
        {"timeout menu-force\n", {.has_timeout = true, .timeout = UINT32_MAX}, 0},
        {"timeout menu-hidden\n", {.has_timeout = true}, 0},
        {"timeout menu-disabled\n", {.has_timeout = true}, 0},
        {"timeout -1\n", {0}, 1},
        {"timeout 4294967296\n", {0}, 1},
        {"timeout\n", {0}, 0},
        {"timeout 3\ntimeout 4\n", {.has_timeout = true, .timeout = 3}, 0},
        {"default debian-*\n", {.default_entry = "debian-*"}, 0},
        {"default @saved\n", {0}, 0},
        {"preferred a b\n", {.preferred = "a b"}, 0},
        {"default a\ndefault b\n", {.default_entry = "a"}, 0},
        {"editor perhaps\n", {0}, 0},
        {"#timeout 3\n\n  console-mode max\n", {0}, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct fw_settings *want = &cases[i].settings, *got;
        struct fixture fixture;

        print_message("# %zu\n", i);
        begin(&fixture);
        fw_tree_text(&fixture.tree, "/loader/loader.conf", cases[i].text);
        assert_int_equal(fw_bls_read(&fixture.menu, &fixture.tree.fs), 0);
        got = fixture.menu.settings;
        assert_non_null(got);
        assert_ptr_equal(got->disk, fixture.tree.fs.volume.disk);
        assert_int_equal(got->has_timeout, want->has_timeout);
        assert_int_equal(got->timeout, want->timeout);
        assert_string_equal(got->default_entry ? got->default_entry : "",
                            want->default_entry ? want->default_entry : "");
        assert_string_equal(got->preferred ? got->preferred : "", want->preferred ? want->preferred : "");
        assert_int_equal(notes(), cases[i].notes);
        end(&fixture);
    }
}

/* Every size of the arena, and every call of the file system that can fail. */
static void nothing_left(void **state)
{
    (void)state;
    for (size_t less = 0; less < 3000; less += 7) {
        struct fixture fixture;
        size_t before;

        begin(&fixture);
        before = fixture.arena.used;
        fixture.arena.size = before + less;
        fw_tree_text(&fixture.tree, ENTRIES "a.conf",
                     "linux /a\ninitrd /b\noptions a\noptions $kernelopts\n");
        if (fw_bls_read(&fixture.menu, &fixture.tree.fs) != 0)
            assert_int_equal(fixture.menu.count, 0);
        end(&fixture);
    }
    for (uint64_t call = 1; call < 12; call++) {
        struct fixture fixture;

        begin(&fixture);
        fixture.tree.fail_at = call;
        fw_tree_text(&fixture.tree, "/loader/loader.conf", "timeout 3\n");
        fw_tree_text(&fixture.tree, ENTRIES "a.conf", "linux /a\n");
        fw_tree_text(&fixture.tree, ENTRIES "b.conf", "linux /b\n");
        assert_int_equal(fw_bls_read(&fixture.menu, &fixture.tree.fs), 0);
        assert_true(fixture.menu.count <= 2);
        end(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys),         cmocka_unit_test(left_out),      cmocka_unit_test(not_a_text),
        cmocka_unit_test(names),        cmocka_unit_test(long_path),     cmocka_unit_test(above_the_root),
        cmocka_unit_test(counted),      cmocka_unit_test(other_entries), cmocka_unit_test(variables),
        cmocka_unit_test(many),         cmocka_unit_test(many_options),  cmocka_unit_test(loader_conf),
        cmocka_unit_test(nothing_left),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
