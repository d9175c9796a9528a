/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * grub.cfg: the language (words, quotes, variables, conditions, loops, functions), commands, menus of menus,
 * defaults, other file systems, Fedora's blscfg; scripts that are broken, deep, endless or large.
 */
#include "fw_menu.h"

#define CFG "/boot/grub/grub.cfg"

static void run(struct fixture *fixture, const char *script)
{
    begin(fixture);
    fw_tree_text(&fixture->tree, CFG, script);
    assert_int_equal(fw_grub_read(&fixture->menu, &fixture->tree.fs, NULL), 0);
}

/* What the words of a script become: the options of an entry whose body ends in "linux /k WORDS". */
static void words(void **state)
{
    static const struct {
        const char *before, *words, *options;
    } cases[] = {
        {"", "a b  c", "a b c"},
        {"", "'a b' c", "\"a b\" c"},
        {"", "\"a b\"", "\"a b\""},
        {"", "a\\ b", "\"a b\""},
        {"", "a'b'c\"d\"e", "abcde"},
        {"", "''", ""},
        {"", "a '' b", "a  b"},
        {"", "a\\\nb", "ab"},
        {"", "a \\\n b", "a b"},
        {"", "a # comment", "a"},
        {"", "a#b", "a#b"},
        {"", "x=\\\"y\\\"", "x=\\\"y\\\""},
        {"", "\"a\\\"b\\\\c\\d\"", "a\\\"b\\\\c\\\\d"},
        {"", "'a\\b'", "a\\\\b"},
        {"", "$\"translated\"", "translated"},
        {"set v=1", "$v ${v} a$v ${v}b $vb", "1 1 a1 1b"},
        {"set v=1", "'$v' \"$v\" \\$v", "$v 1 $v"},
        {"set v='a b'", "$v", "a b"},
        {"set v='a b'", "\"$v\"", "\"a b\""},
        {"set v='a b'", "x${v}y", "xa by"},
        {"set v=' a '", "x${v}y", "x a y"},
        {"set v=", "a $v b", "a b"},
        {"set v=", "a \"$v\" b", "a  b"},
        {"", "$unset a", "a"},
        {"", "a$", "a$"},
        {"", "a$ b", "a$ b"},
        {"", "\"${unended\"", "${unended"},
        {"v=1", "$v", "1"},
        {"v=a=b", "$v", "a=b"},
        {"set v=1; set v=2", "$v", "2"},
        {"set v=1; unset v", "x$v", "x"},
        {"set a=1 b=2", "$a$b", "12"},
        {"", "$1", "title"},
        {"", "$2 $# $?", "1 0"},
        {"function f { set v=$1-$#-$2; }; f x 'y z'", "$v", "x-2-y"},
        {"function f { set v=$1; }; f x; function f { set v=new; }; f x", "$v", "new"},
        {"function f { set v=1; return; set v=2; }; f", "$v", "1"},
        {"function f { set v=\"$*\"; }; f a b", "$v", "a b"},
        {"function f { set v=\"$@\"; }; f v=a b=2", "$v$b", "v=a2"},
        {"for x in a b 'c d'; do set v=$v$x; done", "$v", "abc"},
        {"set l='a b'; for x in $l; do set v=$x$v; done", "$v", "ba"},
        {"for x in ; do set v=1; done", "x$v", "x"},
        {"while true; do set v=1; done", "x$v", "x"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fixture fixture;
        char script[400];

        print_message("# %zu\n", i);
        snprintf(script, sizeof(script), "%s\nmenuentry title {\n linux /k %s\n}\n", cases[i].before,
                 cases[i].words);
        run(&fixture, script);
        assert_int_equal(fixture.menu.count, 1);
        assert_string_equal(fixture.menu.entries[0].options ? fixture.menu.entries[0].options : "",
                            cases[i].options);
        assert_string_equal(fw_host_notes, "");
        end(&fixture);
    }
}

static void conditions(void **state)
{
    static const struct {
        const char *condition;
        bool holds;
    } cases[] = {
        {"true", true},
        {"false", false},
        {"! false", true},
        {"[ a ]", true},
        {"[ \"\" ]", false},
        {"[ ]", false},
        {"[ -z \"\" ]", true},
        {"[ -n \"\" ]", false},
        {"[ -z ]", true},
        {"[ a = a ]", true},
        {"[ a == b ]", false},
        {"[ a != b ]", true},
        {"[ x$none = x ]", true},
        {"[ ! a = a ]", false},
        {"[ ! ! a ]", true},
        {"[ a = a -a b = c ]", false},
        {"[ a = b -o b = b ]", true},
        {"[ a = b -o b = b -a c = d ]", false},
        {"[ ( a = b -o b = b ) -a c = c ]", true},
        {"[ 10 -gt 9 ]", true},
        {"[ 10 -lt 9 ]", false},
        {"[ 9 -ge 9 ]", true},
        {"[ 9 -le 8 ]", false},
        {"[ 9 -ne 8 ]", true},
        {"[ 09 -eq 9 ]", true},
        {"[ '10' '<' 9 ]", true},
        {"test a = a", true},
        {"test", false},
        {"[ -e /file ]", true},
        {"[ -f /file ]", true},
        {"[ -f /boot ]", false},
        {"[ -d /boot ]", true},
        {"[ -s /file ]", true},
        {"[ -s /empty ]", false},
        {"[ -f /missing ]", false},
        {"[ -f ($root)/file ]", true},
        {"[ -s $prefix/grub.cfg ]", true},
        {"[ -f ${config_directory}/grub.cfg ]", true},
        {"[ $grub_platform = pc ]", true},
        {"[ x$feature_menuentry_id = xy ]", true},
        {"insmod anything", true},
        {"hwmatch list 3", false},
        {"unheard of", false},
        {"false; true", true},
        {"true; false", false},
        {"search --label nowhere", false},
        {"load_env", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fixture fixture;
        char script[400];

        print_message("# %zu\n", i);
        snprintf(script, sizeof(script),
                 "if false; then set v=no; elif %s\nthen set v=yes; else set v=no; fi\n"
                 "if if false; then if false; then fi; fi; then menuentry $v { linux /k; }; fi",
                 cases[i].condition);
        begin(&fixture);
        fw_tree_text(&fixture.tree, "/file", "content");
        fw_tree_text(&fixture.tree, "/empty", "");
        fw_tree_text(&fixture.tree, CFG, script);
        assert_int_equal(fw_grub_read(&fixture.menu, &fixture.tree.fs, NULL), 0);
        assert_string_equal(ids(&fixture.menu), cases[i].holds ? "yes " : "no ");
        end(&fixture);
    }
}

static void entries(void **state)
{
    struct fixture fixture;
    const struct fw_entry *entry;

    (void)state;
    run(&fixture, "set later=1\n"
                  "menuentry 'One, two' --class gnu --class=os --unrestricted --users root --id one {\n"
                  "  set root='hd0,gpt2'; set mine=x\n"
                  "  linuxefi /vmlinuz root=/dev/sda $later$mine\n"
                  "  initrdefi ($root)/a /b/../c\n"
                  "  initrd /d\n"
                  "}\n"
                  "menuentry \"Second\" --hotkey=s --id=two{linux16 /k $mine;initrd16 /i;}\n"
                  "menuentry No --id no { true }\n"
                  "menuentry Xen { multiboot2 /xen.gz; module2 /vmlinuz; }\n"
                  "menuentry Outside { linux /k; initrd newc:init:/x; }\n"
                  "menuentry Early { initrd /i; linux /k; }\n"
                  "menuentry 'System shutdown' { echo 'off'; halt; }\n" /* boots nothing, and is no mistake */
                  "menuentry 'UEFI Firmware Settings' { fwsetup; }\n"
                  "set later=2\n");
    assert_string_equal(ids(&fixture.menu), "one two ");
    entry = &fixture.menu.entries[0];
    assert_int_equal(entry->source, FW_GRUB);
    assert_string_equal(entry->title, "One, two");
    assert_string_equal(entry->kernel, "/vmlinuz");
    assert_string_equal(entry->options, "root=/dev/sda 2x"); /* bodies run when all of the script has */
    assert_int_equal(entry->initrd_count, 3);
    assert_string_equal(entry->initrds[0], "/a");
    assert_string_equal(entry->initrds[1], "/c");
    assert_string_equal(entry->initrds[2], "/d");
    assert_ptr_equal(entry->fs, &fixture.tree.fs);
    assert_null(fixture.menu.entries[1].options); /* what a body sets is its own */
    assert_int_equal(notes(), 5);
    assert_non_null(strstr(fw_host_notes, CFG ":9: menuentry 'No' boots no kernel"));
    assert_non_null(strstr(fw_host_notes, CFG ":10: multiboot2 is not known here"));
    assert_non_null(strstr(fw_host_notes, CFG ":11: an initrd that is not a file beside the kernel's"));
    end(&fixture);
}

static const char *default_of(const struct fixture *fixture)
{
    const char *id = "";

    for (size_t i = 0; i < fixture->menu.count; i++)
        if (fixture->menu.entries[i].is_default) {
            assert_string_equal(id, "");
            id = fixture->menu.entries[i].id;
        }
    return id;
}

static void defaults(void **state)
{
    static const char menu[] = "menuentry First --id a { linux /k; }\n"
                               "submenu 'More of it' --id sub {\n"
                               "  menuentry Second --id b { linux /k; }\n"
                               "  submenu 'Deep > down' --id deep {\n"
                               "    menuentry Third --id c { linux /k; }\n"
                               "    submenu Deeper { menuentry Never --id never { linux /k; }; }\n"
                               "  }\n"
                               "}\n"
                               "menuentry Nothing --id none { true; }\n"
                               "menuentry Fourth --id d { linux /k; }\n";
    static const struct {
        const char *value, *id;
    } cases[] = {
        {"", "a"},
        {"0", "a"},
        {"3", "d"},
        {"99", "a"},
        {"99999999999999999999", "a"},
        {"1", "b"},
        {"1>0", "b"},
        {"1>1", "c"},
        {"1>1>0", "c"},
        {"1>9", "b"},
        {"d", "d"},
        {"Fourth", "d"},
        {"sub>b", "b"},
        {"More of it>Second", "b"},
        {"sub>deep>c", "c"},
        {"More of it>Deep >> down>Third", "c"},
        {"b", "a"}, /* of a submenu, but it is not said of which */
        {"missing", "a"},
        {"none", "a"},
        {">", "a"},
        {"0>", "a"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fixture fixture;
        char script[1000];

        print_message("# %zu\n", i);
        snprintf(script, sizeof(script), "set default='%s'\n%s", cases[i].value, menu);
        run(&fixture, script);
        assert_string_equal(ids(&fixture.menu), "a b c d ");
        if (strcmp(cases[i].value, "none") == 0)
            assert_string_equal(default_of(&fixture), "");
        else
            assert_string_equal(default_of(&fixture), cases[i].id);
        end(&fixture);
    }
}

static void environment(void **state)
{
    static const char env[] = "# GRUB Environment Block\n# WARNING\nsaved_entry=b\nnext_entry=a\nextra=x y\n"
                              "prev_saved_entry=\nodd line\n=\n################";
    static const char menu[] = "menuentry A --id a { linux /k $extra; }\nmenuentry B --id b { linux /k; }\n";
    struct fixture fixture;
    char script[500];

    (void)state;
    snprintf(script, sizeof(script),
             "if [ -s $prefix/grubenv ]; then load_env; fi\n"
             "if [ \"${next_entry}\" ]; then set default=\"${next_entry}\"; set next_entry=; save_env "
             "next_entry; else set default=\"${saved_entry}\"; fi\n%s",
             menu);
    begin(&fixture);
    fw_tree_text(&fixture.tree, "/boot/grub/grubenv", env);
    fw_tree_text(&fixture.tree, CFG, script);
    assert_int_equal(fw_grub_read(&fixture.menu, &fixture.tree.fs, NULL), 0);
    assert_string_equal(default_of(&fixture), "b");
    assert_string_equal(fixture.menu.entries[0].options, "x y");
    assert_int_equal(notes(), 1); /* next_entry could not be taken back */
    end(&fixture);

    begin(&fixture);
    snprintf(script, sizeof(script), "load_env --file /my/env saved_entry\nset default=$saved_entry\n%s",
             menu);
    fw_tree_text(&fixture.tree, "/my/env", env);
    fw_tree_text(&fixture.tree, CFG, script);
    assert_int_equal(fw_grub_read(&fixture.menu, &fixture.tree.fs, NULL), 0);
    assert_string_equal(default_of(&fixture), "b");
    assert_null(fixture.menu.entries[0].options);
    assert_string_equal(fw_host_notes, "");
    end(&fixture);
}

/* What Ubuntu's scripts add to Debian's: failures that are recorded, and a console that is handed over. */
static void ubuntu(void **state)
{
    static const char script[] =
        "if [ -s $prefix/grubenv ]; then\n  set have_grubenv=true\n  load_env\nfi\n"
        "if [ \"${initrdfail}\" = 2 ]; then\n   set initrdfail=\nelif [ \"${initrdfail}\" = 1 ]; then\n"
        "   set next_entry=\"${prev_entry}\"\n   set prev_entry=\n   save_env prev_entry\n"
        "   if [ \"${next_entry}\" ]; then\n      set initrdfail=2\n   fi\nfi\n"
        "if [ \"${next_entry}\" ] ; then\n   set default=\"${next_entry}\"\n   set next_entry=\n   save_env "
        "next_entry\n"
        "   set boot_once=true\nelse\n   set default=\"${saved_entry}\"\nfi\n"
        "if [ x\"${feature_menuentry_id}\" = xy ]; then\n  menuentry_id_option=\"--id\"\nelse\n"
        "  menuentry_id_option=\"\"\nfi\nexport menuentry_id_option\n"
        "function initrdfail {\n    if [ -n \"${have_grubenv}\" ]; then if [ -n \"${partuuid}\" ]; then\n"
        "      if [ -z \"${initrdfail}\" ]; then\n        set initrdfail=1\n        if [ -n \"${boot_once}\" "
        "]; then\n"
        "          set prev_entry=\"${default}\"\n          save_env prev_entry\n        fi\n      fi\n"
        "      save_env initrdfail\n    fi; fi\n}\n"
        "function recordfail {\n  set recordfail=1\n  if [ -n \"${have_grubenv}\" ]; then if [ -z "
        "\"${boot_once}\" ]; "
        "then save_env recordfail; fi; fi\n}\n"
        "function load_video {\n  if [ x$feature_all_video_module = xy ]; then\n    insmod all_video\n  "
        "else\n"
        "    insmod efi_gop\n  fi\n}\n"
        "if [ \"${recordfail}\" = 1 ] ; then\n  set timeout=30\nelse\n  if [ x$feature_timeout_style = xy ] "
        "; then\n"
        "    set timeout_style=hidden\n    set timeout=0\n  elif sleep --interruptible 0 ; then\n    set "
        "timeout=0\n"
        "  fi\nfi\n"
        "set menu_color_normal=white/black\n"
        "function gfxmode {\n\tset gfxpayload=\"${1}\"\n\tif [ \"${1}\" = \"keep\" ]; then\n"
        "\t\tset vt_handoff=vt.handoff=7\n\telse\n\t\tset vt_handoff=\n\tfi\n}\n"
        "if [ \"${recordfail}\" != 1 ]; then\n  if [ -e ${prefix}/gfxblacklist.txt ]; then\n"
        "    if [ ${grub_platform} != pc ]; then\n      set linux_gfx_mode=keep\n"
        "    elif hwmatch ${prefix}/gfxblacklist.txt 3; then\n      if [ ${match} = 0 ]; then\n"
        "        set linux_gfx_mode=keep\n      else\n        set linux_gfx_mode=text\n      fi\n    else\n"
        "      set linux_gfx_mode=text\n    fi\n  else\n    set linux_gfx_mode=keep\n  fi\nelse\n"
        "  set linux_gfx_mode=text\nfi\nexport linux_gfx_mode\n"
        "menuentry 'Ubuntu' --class ubuntu --class os $menuentry_id_option 'gnulinux-simple-U' {\n"
        "\trecordfail\n\tload_video\n\tgfxmode $linux_gfx_mode\n\tinsmod gzio\n"
        "\tif [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi\n"
        "\tsearch --no-floppy --fs-uuid --set=root  U\n"
        "\tlinux\t/k root=UUID=U ro  quiet splash $vt_handoff\n\tinitrd\t/i\n}\n"
        "submenu 'Advanced options for Ubuntu' $menuentry_id_option 'gnulinux-advanced-U' {\n"
        "\tmenuentry 'Ubuntu, with Linux 5.15.0-91-generic' $menuentry_id_option 'gnulinux-91-advanced-U' {\n"
        "\t\trecordfail\n\t\tgfxmode $linux_gfx_mode\n\t\techo\t'Loading Linux ...'\n"
        "\t\tlinux\t/k ro quiet splash $vt_handoff\n\t\tinitrd\t/i\n\t}\n"
        "\tmenuentry 'Ubuntu, with Linux 5.15.0-91-generic (recovery mode)' $menuentry_id_option "
        "'gnulinux-91-recovery-U' {\n\t\trecordfail\n\t\tlinux\t/k ro recovery nomodeset dis_ucode_ldr\n"
        "\t\tinitrd\t/i\n\t}\n}\n"
        "fwsetup --is-supported\nif [ \"$?\" = 0 ]; then\n"
        "\tmenuentry 'UEFI Firmware Settings' $menuentry_id_option 'uefi-firmware' {\n\t\tfwsetup\n\t}\nfi\n";
    static const struct {
        const char *env, *id, *options;
    } cases[] = {
        {"#\n", "gnulinux-simple-U", "root=UUID=U ro quiet splash vt.handoff=7"},
        {"recordfail=1\n", "gnulinux-simple-U", "root=UUID=U ro quiet splash"},
        {"saved_entry=gnulinux-advanced-U>gnulinux-91-advanced-U\n", "gnulinux-91-advanced-U",
         "ro quiet splash vt.handoff=7"},
        {"saved_entry=gnulinux-advanced-U\n", "gnulinux-91-advanced-U", "ro quiet splash vt.handoff=7"},
        {"saved_entry=1>1\n", "gnulinux-91-recovery-U", "ro recovery nomodeset dis_ucode_ldr"},
        {"saved_entry=gone\n", "gnulinux-simple-U", "root=UUID=U ro quiet splash vt.handoff=7"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct fw_entry *entry = NULL;
        struct fixture fixture;

        print_message("# %zu\n", i);
        begin(&fixture);
        fw_tree_text(&fixture.tree, "/boot/grub/grubenv", cases[i].env);
        fw_tree_text(&fixture.tree, CFG, script);
        assert_int_equal(fw_grub_read(&fixture.menu, &fixture.tree.fs, NULL), 0);
        assert_int_equal(fixture.menu.count, 3);
        assert_string_equal(fw_host_notes, "");
        for (size_t at = 0; at < fixture.menu.count; at++)
            if (fixture.menu.entries[at].is_default)
                entry = &fixture.menu.entries[at];
        assert_non_null(entry);
        assert_string_equal(entry->id, cases[i].id);
        assert_string_equal(entry->options, cases[i].options);
        end(&fixture);
    }
}

struct others {
    struct fw_fs *boot;
    unsigned asked;
};

static struct fw_fs *find_other(void *context, const char *kind, const char *value)
{
    struct others *others = context;

    others->asked++;
    return fw_fs_is(others->boot, kind, value) ? others->boot : NULL;
}

/* The script on one file system, kernels on another. */
static void other_systems(void **state)
{
    static const char *const searches[] = {
        "search --no-floppy --fs-uuid --set=root --hint-bios=hd0,gpt2 0102",
        "search --no-floppy --fs-uuid --set=root 0102",
        "search --no-floppy --root-dev-only --fs-uuid --set=dev 0102\nset root=$dev",
        "search -u 0102 -s root --hint x 0102",
        "search.fs_uuid 0102 root hd0,gpt2",
        "search.fs_uuid 0102",
        "search --label --set=root boot",
        "search -l boot",
        "search.fs_label boot other; set root=$other",
        "search --file --set=root /here",
        "search --set=root -f /here",
        "search.file /here",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(searches) / sizeof(*searches); i++) {
        struct fixture fixture;
        struct fw_tree boot;
        struct others others = {.boot = &boot.fs};
        struct fw_lookup lookup = {find_other, &others};
        char script[400];

        print_message("# %zu\n", i);
        begin(&fixture);
        fw_tree_begin(&boot, &fixture.arena);
        boot.fs.uuid_size = 2;
        boot.fs.uuid[0] = 1;
        boot.fs.uuid[1] = 2;
        strcpy(boot.fs.label, "boot");
        fw_tree_text(&boot, "/here", "");
        snprintf(
            script, sizeof(script),
            "%s\nmenuentry A { linux /k; initrd ($root)/i; }\nmenuentry B { linux (fs0)/k; initrd /i; }\n"
            "menuentry C { search --label --set=root none; linux /k; }",
            searches[i]);
        fw_tree_text(&fixture.tree, "/EFI/fedora/grub.cfg", script);
        assert_int_equal(fw_grub_read(&fixture.menu, &fixture.tree.fs, &lookup), 0);
        assert_string_equal(ids(&fixture.menu), "A C ");
        assert_ptr_equal(fixture.menu.entries[0].fs, &boot.fs);
        assert_ptr_equal(fixture.menu.entries[1].fs, &boot.fs);
        assert_true(others.asked >= 1);
        assert_int_equal(notes(), 1); /* B: an initrd elsewhere */
        fw_tree_end(&boot);
        end(&fixture);
    }
}

static void included(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    fw_tree_text(&fixture.tree, CFG,
                 "if [ -f ${config_directory}/custom.cfg ]; then source ${config_directory}/custom.cfg; fi\n"
                 "configfile $prefix/grub.cfg\nsource /missing\n"
                 "menuentry Last { linux /k; }\n");
    fw_tree_text(&fixture.tree, "/boot/grub/custom.cfg",
                 "menuentry Custom { linux /k; }\nsource $prefix/loop.cfg\n");
    fw_tree_text(&fixture.tree, "/boot/grub/loop.cfg",
                 "menuentry Loop { linux /k; }\nsource $prefix/custom.cfg\n");
    assert_int_equal(fw_grub_read(&fixture.menu, &fixture.tree.fs, NULL), 0);
    assert_string_equal(ids(&fixture.menu), "Custom Loop Custom Loop Custom Loop Custom Loop Last ");
    assert_int_equal(notes(), 1);
    end(&fixture);
}

/* Fedora: entries of the specification, with options of GRUB's environment. */
static void fedora(void **state)
{
    static const struct {
        const char *saved, *chosen;
    } cases[] = {
        {"", "id-6.10.7"},
        {"saved_entry=id-6.9.1\n", "id-6.9.1"},
        {"saved_entry=1\n", "id-6.9.1"},
        {"saved_entry=2\n", "id-0-rescue"},
        {"saved_entry=3\n", "extra"},
        {"saved_entry=Fedora 6.9\n", "id-6.9.1"},
        {"saved_entry=gone\n", "id-6.10.7"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fixture fixture;
        const char *why;
        char env[200];
        size_t chosen;

        print_message("# %zu\n", i);
        begin(&fixture);
        snprintf(env, sizeof(env), "# GRUB Environment Block\n%skernelopts=root=UUID=1 ro rhgb\n####",
                 cases[i].saved);
        fw_tree_text(&fixture.tree, "/vmlinuz", "");
        fw_tree_text(&fixture.tree, "/grub2/grubenv", env);
        fw_tree_text(&fixture.tree, "/grub2/grub.cfg",
                     "load_env\nset default=\"${saved_entry}\"\n"
                     "if [ -z \"${kernelopts}\" ]; then set kernelopts=\"root=other \"; fi\n"
                     "insmod blscfg\nblscfg\nmenuentry Extra --id extra { linux /vmlinuz; }\n");
        fw_tree_text(&fixture.tree, "/loader/entries/id-6.9.1.conf",
                     "title Fedora 6.9\nversion 6.9.1\nlinux /vmlinuz\noptions $kernelopts $tuned_params\n");
        fw_tree_text(&fixture.tree, "/loader/entries/id-6.10.7.conf",
                     "title Fedora 6.10\nversion 6.10.7\nlinux /vmlinuz\noptions ${kernelopts} quiet\n"
                     "grub_users $grub_users\ngrub_arg --unrestricted\ngrub_class fedora\n");
        fw_tree_text(&fixture.tree, "/loader/entries/id-0-rescue.conf",
                     "linux /vmlinuz\noptions none$unset ${unset}\n");
        /* As main does: first without GRUB's variables, then with them. */
        assert_int_equal(fw_bls_read(&fixture.menu, &fixture.tree.fs), 0);
        assert_int_equal(fixture.menu.count, 3);
        assert_int_equal(fw_grub_read(&fixture.menu, &fixture.tree.fs, NULL), 0);
        assert_int_equal(fw_bls_read(&fixture.menu, &fixture.tree.fs), 0);
        assert_int_equal(fixture.menu.count, 4);
        assert_string_equal(fw_host_notes, "");
        chosen = fw_choose(&fixture.menu, &why);
        assert_string_equal(ids(&fixture.menu), "id-6.10.7 id-6.9.1 id-0-rescue extra ");
        assert_string_equal(fixture.menu.entries[0].options, "root=UUID=1 ro rhgb quiet");
        assert_string_equal(fixture.menu.entries[1].options, "root=UUID=1 ro rhgb");
        assert_string_equal(fixture.menu.entries[2].options, "none");
        if (strcmp(cases[i].chosen, "extra") != 0) /* another kind: those of the specification go first */
            assert_string_equal(fixture.menu.entries[chosen].id, cases[i].chosen);
        end(&fixture);
    }
}

static void broken(void **state)
{
    static const struct {
        const char *script, *note, *ids;
    } cases[] = {
        {"menuentry A { linux /k; }\nif true; then", ":2: ", "A "},
        {"menuentry A { linux /k; }\nfi\nmenuentry B { linux /k; }", ":2: ", "A "},
        {"menuentry A { linux /k; }\n}\nmenuentry B { linux /k; }", ":2: ", "A "},
        {"menuentry A { linux /k; }\nmenuentry B { linux /k;", ":2: } is missing", "A "},
        {"menuentry A { linux /k; }\necho 'a", ":2: a quote does not end", "A "},
        {"menuentry A { linux /k; }\necho \"a", ":2: a quote does not end", "A "},
        {"menuentry A { linux /k; }\necho a | cat", ":2: |, &, < and >", "A "},
        {"menuentry A { linux /k; }\necho a && true", ":2: |, &, < and >", "A "},
        {"menuentry A { linux /k; }\nif true; fi", ":2: then is missing", "A "},
        {"menuentry A { linux /k; }\nif true; then true; done", ":2: fi is missing", "A "},
        {"menuentry A { linux /k; }\nfor x do true; done", ":2: for is not as it should be", "A "},
        {"menuentry A { linux /k; }\nfor x in a; do true; fi", ":2: done is missing", "A "},
        {"menuentry A { linux /k; }\nfunction f true", ":2: { is missing", "A "},
        {"menuentry A { linux /k; }\nfunction { true; }", ":2: a function without a name", "A "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fixture fixture;

        print_message("# %zu\n", i);
        run(&fixture, cases[i].script);
        assert_string_equal(ids(&fixture.menu), cases[i].ids);
        assert_int_equal(notes(), 1);
        assert_non_null(strstr(fw_host_notes, cases[i].note));
        end(&fixture);
    }
}

static void repeat(char *to, const char *text, unsigned times)
{
    to += strlen(to);
    while (times-- > 0)
        to = stpcpy(to, text);
}

static void bounds(void **state)
{
    static const struct {
        const char *before, *repeated, *after;
        unsigned times;
        const char *note;
    } cases[] = {
        {"", "if true; then ", "", 1000, "too deep"},
        {"", "menuentry A {", "", 1000, "too deep"},
        {"function f { f; }\nf\n", "", "", 0, "too deep"},
        {"function f { g; }\nfunction g { f; }\ng\n", "", "", 0, "too deep"},
        {"", "true;", "", 40000, "too many commands"},
        {"for a in 1 2 3 4 5 6 7 8 9 0; do for b in 1 2 3 4 5 6 7 8 9 0; do for c in 1 2 3 4 5 6 7 8 9 0; do "
         "for d in 1 2 3 4 5 6 7 8 9 0; do for e in 1 2 3 4 5 6 7 8 9 0; do true; done; done; done; done; "
         "done",
         "", "", 0, "too many commands"},
        {"echo ", "a ", "", 1000, "too many words"},
        {"echo ", "aaaaaaaaaa", "", 10000, "a command is too long"},
        {"set v=aaaaaaaaaaaaaaaaaaaa\n", "v=$v$v$v$v\n", "", 10, "a command is too long"},
        {"", "function f { true; }\n", "", 100, "too many functions"},
        {"", "menuentry A { linux /k; }\n", "", 300, "too many menu entries"},
        {"for x in ", "a ", "; do y=$y$x; done", 400, NULL},
        {"[ ", "( ", "]", 400, NULL},
        {"[ ", "! ", "]", 400, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char *script = calloc(1, 250000);
        struct fixture fixture;

        strcpy(script, "menuentry Good { linux /k; }\n");
        strcat(script, cases[i].before);
        repeat(script, cases[i].repeated, cases[i].times);
        strcat(script, cases[i].after);
        print_message("# %zu\n", i);
        run(&fixture, script);
        assert_int_not_equal(fixture.menu.count, 0);
        assert_string_equal(fixture.menu.entries[0].id, "Good");
        assert_true(notes() < 70);
        if (cases[i].note)
            assert_non_null(strstr(fw_host_notes, cases[i].note));
        end(&fixture);
        free(script);
    }
}

static void many_variables(void **state)
{
    char *script = calloc(1, 250000), *to = script;
    struct fixture fixture;

    (void)state;
    for (int i = 0; i < 9000; i++)
        to += sprintf(to, "set v%d=%d\n", i, i);
    strcpy(to, "menuentry A { linux /k $v0 $v9; }\n");
    run(&fixture, script);
    assert_string_equal(fixture.menu.entries[0].options, "0 9");
    assert_true(notes() < 70);
    end(&fixture);
    free(script);
}

/* Bytes of any kind: no script is harmful. */
static void any_bytes(void **state)
{
    static const char *const pieces[] = {
        "menuentry ", "submenu ",   "{ ",           "} ",      "if ",       "then ",      "fi ",
        "else ",      "elif ",      "for ",         "in ",     "do ",       "done ",      "function ",
        "x ",         "'",          "\"",           "$",       "${",        "\\",         "\n",
        ";",          "#",          "[ ",           "] ",      "linux /k ", "initrd /i ", "set x=y ",
        "blscfg ",    "source /f ", "search -l x ", "return ", "while ",    "=",          "! ",
        "-o ",        "( "};
    uint32_t random = 1;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        struct fixture fixture;
        char script[600] = "";

        for (unsigned j = 0; j < 40; j++) {
            random = random * 1103515245 + 12345;
            strcat(script, pieces[(random >> 16) % (sizeof(pieces) / sizeof(*pieces))]);
        }
        begin(&fixture);
        fw_tree_text(&fixture.tree, CFG, script);
        fw_tree_text(&fixture.tree, "/f", script);
        assert_int_equal(fw_grub_read(&fixture.menu, &fixture.tree.fs, NULL), 0);
        end(&fixture);
    }
}

static void nothing_left(void **state)
{
    static const char script[] =
        "function f { set a=$1; }\nf b\nload_env\nsearch -f /k\nblscfg\n"
        "for x in a b; do set y=$y$x; done\nsource /k\n"
        "submenu S { menuentry A --id a { linux /k $y; initrd /k; }; }\nset default='S>a'\n";

    (void)state;
    for (size_t less = 0; less<120000; less += less> 60000 ? 97 : 1999) {
        struct fixture fixture;

        begin(&fixture);
        fixture.arena.size = fixture.arena.used + less;
        fw_tree_text(&fixture.tree, CFG, script);
        fw_tree_text(&fixture.tree, "/k", "");
        fw_tree_text(&fixture.tree, "/boot/grub/grubenv", "a=b\n");
        fw_tree_text(&fixture.tree, "/loader/entries/a.conf", "linux /k\noptions $a\n");
        fw_grub_read(&fixture.menu, &fixture.tree.fs, NULL);
        end(&fixture);
    }
    for (uint64_t call = 1; call < 30; call++) {
        struct fixture fixture;

        begin(&fixture);
        fixture.tree.fail_at = call;
        fw_tree_text(&fixture.tree, CFG, script);
        fw_tree_text(&fixture.tree, "/k", "");
        assert_int_equal(fw_grub_read(&fixture.menu, &fixture.tree.fs, NULL), 0);
        end(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),         cmocka_unit_test(ubuntu),       cmocka_unit_test(conditions),
        cmocka_unit_test(entries),       cmocka_unit_test(defaults),     cmocka_unit_test(environment),
        cmocka_unit_test(other_systems), cmocka_unit_test(included),     cmocka_unit_test(fedora),
        cmocka_unit_test(broken),        cmocka_unit_test(bounds),       cmocka_unit_test(many_variables),
        cmocka_unit_test(any_bytes),     cmocka_unit_test(nothing_left),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
