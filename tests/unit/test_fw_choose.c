/* SPDX-License-Identifier: BSD-2-Clause */
/* The order of entries, and which is booted: sort keys, versions, tries, defaults, what is missing. */
#include "fw_menu.h"

#define ENTRIES "/loader/entries/"

static void add(struct fixture *fixture, const char *name, const char *keys)
{
    char *path, *text;

    /* Leaked into the arena, which lives as long. */
    path = fw_arena_take(&fixture->arena, strlen(name) + 40);
    text = fw_arena_take(&fixture->arena, strlen(keys) + 40);
    sprintf(path, ENTRIES "%s.conf", name);
    sprintf(text, "linux /k\n%s", keys);
    fw_tree_text(&fixture->tree, path, text);
}

static void begin_with_kernel(struct fixture *fixture)
{
    begin(fixture);
    fw_tree_text(&fixture->tree, "/k", "kernel");
}

static size_t choose(struct fixture *fixture, const char **ret_why)
{
    assert_int_equal(fw_bls_read(&fixture->menu, &fixture->tree.fs), 0);
    return fw_choose(&fixture->menu, ret_why);
}

static void order(void **state)
{
    struct fixture fixture;
    const char *why;

    (void)state;
    begin_with_kernel(&fixture);
    add(&fixture, "z-1.9", "");
    add(&fixture, "z-1.10", "");
    add(&fixture, "z-1.10~rc1", "");
    add(&fixture, "b", "sort-key b\nversion 1\n");
    add(&fixture, "a2", "sort-key a\nmachine-id 2\nversion 9\n");
    add(&fixture, "a1-old", "sort-key a\nmachine-id 1\nversion 5.9\n");
    add(&fixture, "a1-new", "sort-key a\nmachine-id 1\nversion 5.10\n");
    add(&fixture, "a0", "sort-key a\nversion 1\n");
    add(&fixture, "bad+0-3", "sort-key a\nversion 99\n");
    add(&fixture, "tried+2-1", "sort-key a\nmachine-id 1\nversion 5.10\n");
    assert_int_equal(choose(&fixture, &why), 0);
    assert_string_equal(ids(&fixture.menu), "a0 tried a1-new a1-old a2 b z-1.10 z-1.10~rc1 z-1.9 bad ");
    assert_string_equal(why, "the first of all entries");
    end(&fixture);
}

/* Entries without sort-key come behind, by their names alone. */
static void without_keys_behind(void **state)
{
    struct fixture fixture;
    const char *why;

    (void)state;
    begin_with_kernel(&fixture);
    add(&fixture, "a-10", "title A\nversion 10\nmachine-id dd235d00696545768f6f693bfd23b15f\n");
    add(&fixture, "a-5", "title A\nversion 5\nmachine-id dd235d00696545768f6f693bfd23b15f\n");
    add(&fixture, "b", "title B\nversion 3\nmachine-id b75451ad92f94feeab50b0b442768dbd\n");
    add(&fixture, "c", "title C\nsort-key xxxx\nversion 5\nmachine-id 309de666fd5044268a9a26541ac93176\n");
    add(&fixture, "cx", "title C\nsort-key xxxx\nversion 10\nmachine-id 309de666fd5044268a9a26541ac93176\n");
    add(&fixture, "d", "title D\nsort-key kkkk\nversion 100\nmachine-id 81c6e3147cf544c19006af023e22b292\n");
    assert_int_equal(choose(&fixture, &why), 0);
    assert_string_equal(ids(&fixture.menu), "d cx c b a-10 a-5 ");
    end(&fixture);
}

static void tries(void **state)
{
    struct fixture fixture;
    const char *why;

    (void)state;
    begin_with_kernel(&fixture);
    add(&fixture, "a+0-1", "");
    add(&fixture, "a+0-3", "");
    add(&fixture, "a+1-1", "");
    add(&fixture, "a+3", "");
    assert_int_equal(choose(&fixture, &why), 0);
    assert_int_equal(fixture.menu.entries[0].tries_left, 3);
    assert_int_equal(fixture.menu.entries[1].tries_left, 1);
    assert_int_equal(fixture.menu.entries[2].tries_done, 1);
    assert_int_equal(fixture.menu.entries[3].tries_done, 3);
    fixture.menu.entries[0].failed = fixture.menu.entries[1].failed = true;
    assert_int_equal(fw_choose(&fixture.menu, &why), 2);
    assert_string_equal(why, "nothing else is left, its tries are spent");
    end(&fixture);
}

static void defaults(void **state)
{
    static const struct {
        const char *conf, *id, *why;
    } cases[] = {
        {"default a\n", "a", "the default of loader.conf"},
        {"default a.conf\n", "a", "the default of loader.conf"},
        {"default A*\n", "a", "the default of loader.conf"},
        {"default *\n", "c-2", "the default of loader.conf"},
        {"default c-1*\n", "c-1", "the default of loader.conf"},
        {"default missing\n", "c-2", "the first that is left"},
        {"default @saved\n", "c-2", "the first that is left"},
        {"default b\n", "b", "the default of loader.conf"},
        {"preferred b\ndefault a\n", "a", "the default of loader.conf"},
        {"preferred c-1\ndefault a\n", "c-1", "preferred by loader.conf"},
        {"default gone\n", "c-2", "the first that is left"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fixture fixture;
        const char *why;
        size_t chosen;

        print_message("# %s\n", cases[i].id);
        begin_with_kernel(&fixture);
        add(&fixture, "a", "");
        add(&fixture, "b+0", "");
        add(&fixture, "c-1", "");
        add(&fixture, "c-2", "");
        add(&fixture, "gone", "initrd /gone\n");
        fw_tree_text(&fixture.tree, "/loader/loader.conf", cases[i].conf);
        chosen = choose(&fixture, &why);
        assert_int_not_equal(chosen, SIZE_MAX);
        assert_string_equal(fixture.menu.entries[chosen].id, cases[i].id);
        assert_string_equal(why, cases[i].why);
        end(&fixture);
    }
}

static void missing(void **state)
{
    struct fixture fixture;
    const char *why;

    (void)state;
    begin_with_kernel(&fixture);
    add(&fixture, "d", "linux /folder\n");
    add(&fixture, "c", "linux /missing\n");
    add(&fixture, "b", "initrd /k /missing\n");
    add(&fixture, "a", "initrd /k\n");
    fw_tree_text(&fixture.tree, "/folder/file", "");
    assert_int_equal(choose(&fixture, &why), 3);
    assert_string_equal(why, "the first that is left");
    assert_string_equal(fw_host_notes,
                        "d: /folder is not there\nc: /missing is not there\nb: /missing is not there\n");
    fixture.menu.entries[3].failed = true;
    assert_int_equal(fw_choose(&fixture.menu, &why), SIZE_MAX);
    assert_string_equal(why, "there is nothing to boot");
    assert_int_equal(notes(), 3);
    end(&fixture);
}

static struct fw_entry *put(struct fixture *fixture, enum fw_source source, const char *id)
{
    struct fw_entry *entry = &fixture->menu.entries[fixture->menu.count++];

    *entry = (struct fw_entry){.source = source,
                               .fs = &fixture->tree.fs,
                               .id = id,
                               .kernel = "/k",
                               .tries_left = -1,
                               .tries_done = -1};
    return entry;
}

/* What the command line names, then the specification's, then others in the order of their files. */
static void sources(void **state)
{
    struct fw_settings settings = {.default_entry = "u-1"};
    struct fixture fixture;
    const char *why;

    (void)state;
    begin_with_kernel(&fixture);
    put(&fixture, FW_UNIVERSAL, "universal");
    put(&fixture, FW_GRUB, "g1");
    put(&fixture, FW_GRUB, "g2")->is_default = true;
    put(&fixture, FW_EXTLINUX, "x1");
    put(&fixture, FW_EXTLINUX, "x2")->is_default = true;
    put(&fixture, FW_UKI, "u-1");
    put(&fixture, FW_BLS1, "u-2");
    put(&fixture, FW_PATH, "path");
    fixture.menu.settings = &settings;
    assert_int_equal(fw_choose(&fixture.menu, &why), 0);
    assert_string_equal(ids(&fixture.menu), "path u-2 u-1 x1 x2 g1 g2 universal ");
    assert_string_equal(why, "named on the command line");
    for (size_t i = 0; i < 8; i++) {
        static const size_t expected[] = {0, 2, 1, 4, 3, 6, 5, 7};
        size_t chosen = fw_choose(&fixture.menu, &why);

        assert_int_equal(chosen, expected[i]);
        fixture.menu.entries[chosen].failed = true;
    }
    assert_int_equal(fw_choose(&fixture.menu, &why), SIZE_MAX);
    end(&fixture);
}

/* A loader.conf is for the entries of its disk alone, be they in another file system; disks in their order.
 */
static void disks(void **state)
{
    static const struct {
        const char *first, *second, *id, *why;
    } cases[] = {
        {"", "", "b", "the first of all entries"},
        {"default a\n", "", "a", "the default of loader.conf"},
        {"default other*\n", "", "b", "the first of all entries"},
        {"default other*\n", "default other-1\n", "other-1", "the default of loader.conf"},
        {"default a\n", "preferred other-1\n", "a", "the default of loader.conf"},
        {"timeout 3\n", "preferred other-1\n", "other-1", "preferred by loader.conf"},
        {"", "default a\n", "b", "the first of all entries"},
    };
    const struct fw_disk disk[2] = {{.name = "first"}, {.name = "second"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fw_tree boot, other;
        struct fixture fixture;
        const char *why;
        size_t chosen;

        print_message("# %zu\n", i);
        begin_with_kernel(&fixture);
        fw_tree_begin(&boot, &fixture.arena);
        fw_tree_begin(&other, &fixture.arena);
        fixture.tree.fs.volume.disk = boot.fs.volume.disk = &disk[0];
        other.fs.volume.disk = &disk[1];
        fw_tree_text(&fixture.tree, "/loader/loader.conf", cases[i].first);
        fw_tree_text(&boot, "/k", "kernel");
        fw_tree_text(&boot, ENTRIES "a.conf", "sort-key 2\nlinux /k\n");
        fw_tree_text(&boot, ENTRIES "b.conf", "sort-key 1\nlinux /k\n");
        fw_tree_text(&other, "/loader/loader.conf", cases[i].second);
        fw_tree_text(&other, "/k", "kernel");
        fw_tree_text(&other, ENTRIES "other-1.conf", "sort-key 3\nlinux /k\n");
        fw_tree_text(&other, ENTRIES "other-2.conf", "sort-key 4\nlinux /k\n");
        assert_int_equal(fw_bls_read(&fixture.menu, &fixture.tree.fs), 0);
        assert_int_equal(fw_bls_read(&fixture.menu, &boot.fs), 0);
        assert_int_equal(fw_bls_read(&fixture.menu, &other.fs), 0);
        chosen = fw_choose(&fixture.menu, &why);
        assert_int_not_equal(chosen, SIZE_MAX);
        assert_string_equal(fixture.menu.entries[chosen].id, cases[i].id);
        assert_string_equal(why, cases[i].why);
        fw_tree_end(&boot);
        fw_tree_end(&other);
        end(&fixture);
    }
}

static void nothing(void **state)
{
    struct fixture fixture;
    const char *why;

    (void)state;
    begin(&fixture);
    assert_int_equal(choose(&fixture, &why), SIZE_MAX);
    assert_string_equal(why, "there is nothing to boot");
    end(&fixture);
}

/* Ids of file systems as their tools print them. */
static void systems(void **state)
{
    static const struct {
        uint32_t size;
        const char *bytes, *text;
    } cases[] = {
        {16, "\x6b\x9a\x0e\x1c\x9f\x4b\x4c\x1e\x8a\x53\x1f\x1f\x8c\x2a\x7d\x10",
         "6b9a0e1c-9f4b-4c1e-8a53-1f1f8c2a7d10"},
        {4, "\x78\x56\x34\x12\0\0\0\0\0\0\0\0\0\0\0\0", "1234-5678"},
        {4, "\xcd\xab\x0f\xde\0\0\0\0\0\0\0\0\0\0\0\0", "DE0F-ABCD"},
    };
    struct fixture fixture;

    (void)state;
    begin_with_kernel(&fixture);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        memcpy(fixture.tree.fs.uuid, cases[i].bytes, 16);
        fixture.tree.fs.uuid_size = cases[i].size;
        for (size_t j = 0; j < sizeof(cases) / sizeof(*cases); j++)
            assert_int_equal(fw_fs_is(&fixture.tree.fs, "uuid", cases[j].text), i == j);
        assert_false(fw_fs_is(&fixture.tree.fs, "uuid", ""));
    }
    strcpy(fixture.tree.fs.label, "boot");
    assert_true(fw_fs_is(&fixture.tree.fs, "label", "boot"));
    assert_false(fw_fs_is(&fixture.tree.fs, "label", "BOOT"));
    assert_true(fw_fs_is(&fixture.tree.fs, "file", "/k"));
    assert_false(fw_fs_is(&fixture.tree.fs, "file", "/missing"));
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order),   cmocka_unit_test(without_keys_behind),
        cmocka_unit_test(tries),   cmocka_unit_test(defaults),
        cmocka_unit_test(missing), cmocka_unit_test(sources),
        cmocka_unit_test(disks),   cmocka_unit_test(nothing),
        cmocka_unit_test(systems),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
