/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unified kernel images in EFI/Linux: pieces, texts, profiles, boot counting; sizes and offsets that lie.
 */
#include "fw_menu.h"
#include "fw_uki_image.h"

static unsigned char image[UKI_SIZE] __attribute__((aligned(16)));

static const struct uki_section whole[] = {
    {".text", "code"},
    {".osrel",
     "NAME=\"Debian GNU/Linux\"\nPRETTY_NAME=\"Debian \\\"12\\\"\"\n# comment\nID=debian\nVERSION_ID='12'\n"},
    {".cmdline", "root=UUID=1\n\t quiet \n"},
    {".uname", "6.1.0-18-amd64"},
    {".initrd", "the initrd"},
    {".ucode", "microcode"},
    {".linux", "the kernel"},
};

static void read_all(struct fixture *fixture)
{
    assert_int_equal(fw_uki_read(&fixture->menu, &fixture->tree.fs), 0);
}

static void assert_piece(struct fw_piece piece, const char *content)
{
    assert_int_equal(piece.size, strlen(content));
    assert_memory_equal(image + piece.offset, content, strlen(content));
}

static void parts(void **state)
{
    struct fixture fixture;
    const struct fw_entry *entry;

    (void)state;
    begin(&fixture);
    uki_build(image, whole, 7);
    fw_tree_add(&fixture.tree, "/EFI/Linux/debian-6.1+3-1.efi", image, sizeof(image));
    fw_tree_text(&fixture.tree, "/EFI/Linux/notes.txt", "nothing");
    read_all(&fixture);
    assert_int_equal(fixture.menu.count, 1);
    entry = &fixture.menu.entries[0];
    assert_int_equal(entry->source, FW_UKI);
    assert_string_equal(entry->id, "debian-6.1");
    assert_string_equal(entry->file, "debian-6.1+3-1.efi");
    assert_int_equal(entry->tries_left, 3);
    assert_int_equal(entry->tries_done, 1);
    assert_string_equal(entry->kernel, "/EFI/Linux/debian-6.1+3-1.efi");
    assert_piece(entry->kernel_piece, "the kernel");
    assert_int_equal(entry->initrd_count, 2);
    assert_string_equal(entry->initrds[0], entry->kernel);
    assert_piece(entry->initrd_pieces[0], "microcode");
    assert_piece(entry->initrd_pieces[1], "the initrd");
    assert_string_equal(entry->options, "root=UUID=1   quiet");
    assert_string_equal(entry->title, "Debian \"12\"");
    assert_string_equal(entry->sort_key, "debian");
    assert_string_equal(entry->version, "12");
    assert_string_equal(fw_host_notes, "");
    end(&fixture);
}

static void kernel_alone(void **state)
{
    static const struct uki_section sections[] = {{".linux", "k"}, {".uname", "6.1"}};
    struct fixture fixture;
    const struct fw_entry *entry;

    (void)state;
    begin(&fixture);
    uki_build(image, sections, 2);
    fw_tree_add(&fixture.tree, "/efi/linux/A.EFI", image, sizeof(image));
    read_all(&fixture);
    assert_int_equal(fixture.menu.count, 1);
    entry = &fixture.menu.entries[0];
    assert_string_equal(entry->title, "A");
    assert_string_equal(entry->version, "6.1");
    assert_null(entry->options);
    assert_null(entry->sort_key);
    assert_int_equal(entry->initrd_count, 0);
    end(&fixture);
}

static void profiles(void **state)
{
    static const struct uki_section sections[] = {
        {".linux", "k"},
        {".cmdline", "quiet"},
        {".osrel", "PRETTY_NAME=Os\n"},
        {".cmdline", "the second counts not"},
        {".profile", "ID=regular\nTITLE=\"Regular boot\"\n"},
        {".profile", "ID=reset\nTITLE='Factory reset'\n"},
        {".cmdline", "quiet reset"},
        {".cmdline", "nor this"},
        {".profile", "ID=storage\n"},
        {".initrd", "own initrd"},
    };
    static const char *const titles[] = {"Os, Regular boot", "Os, Factory reset", "Os, storage"};
    static const char *const options[] = {"quiet", "quiet reset", "quiet"};
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    uki_build(image, sections, 10);
    fw_tree_add(&fixture.tree, "/EFI/Linux/os.efi", image, sizeof(image));
    read_all(&fixture);
    assert_int_equal(fixture.menu.count, 3);
    for (size_t i = 0; i < 3; i++) {
        const struct fw_entry *entry = &fixture.menu.entries[i];

        assert_string_equal(entry->id, "os");
        assert_int_equal(entry->profile, i);
        assert_string_equal(entry->title, titles[i]);
        assert_string_equal(entry->options, options[i]);
        assert_int_equal(entry->initrd_count, i == 2);
    }
    end(&fixture);
}

/* One field of a sound image is spoiled: what becomes of it. */
static void spoiled(void **state)
{
    static const struct {
        const char *name;
        size_t offset; /* in the section's header, or of the image */
        int section;
        unsigned width;
        uint64_t value;
        const char *why; /* NULL: it is an entry */
        uint64_t kernel_size;
    } cases[] = {
#define OF(member) offsetof(struct zp_image_section_header, member)
        {"VirtualSize beyond the raw data", OF(VirtualSize), 6, 4, 0xffffffff, NULL, 256},
        {"VirtualSize 0", OF(VirtualSize), 6, 4, 0, "has no .linux section", 0},
        {"SizeOfRawData 0", OF(SizeOfRawData), 6, 4, 0, "has no .linux section", 0},
        {"SizeOfRawData below VirtualSize", OF(SizeOfRawData), 6, 4, 3, NULL, 3},
        {"SizeOfRawData wild", OF(SizeOfRawData), 6, 4, 0xffffffff, NULL, 10},
        {"PointerToRawData behind the end", OF(PointerToRawData), 6, 4, UKI_SIZE, "outside of the file", 0},
        {"PointerToRawData at the end", OF(PointerToRawData), 6, 4, UKI_SIZE - 10, NULL, 10},
        {"PointerToRawData one too far", OF(PointerToRawData), 6, 4, UKI_SIZE - 9, "outside of the file", 0},
        {"PointerToRawData near 2^32", OF(PointerToRawData), 6, 4, 0xfffffffe, "outside of the file", 0},
        {"initrd outside", OF(PointerToRawData), 4, 4, 0x7fffffff, "outside of the file", 0},
        {"cmdline outside", OF(PointerToRawData), 2, 4, 0x7fffffff, "outside of the file", 0},
        {"code outside is not ours", OF(PointerToRawData), 0, 4, 0x7fffffff, NULL, 10},
        {"no .linux", OF(Name), 6, 2, 0x2e2e, "has no .linux section", 0},
        {"e_magic", 0, -1, 2, 0, "not a PE", 0},
        {"e_lfanew at the end", 0x3c, -1, 4, UKI_SIZE - 4, "not a PE", 0},
        {"e_lfanew wild", 0x3c, -1, 4, 0xffffffff, "not a PE", 0},
        {"Machine", UKI_PE + 4, -1, 2, 0xaa64, "for another machine", 0},
        {"NumberOfSections 0", UKI_PE + 6, -1, 2, 0, "has no .linux section", 0},
        {"NumberOfSections 65535", UKI_PE + 6, -1, 2, 65535, "has too many sections", 0},
        {"SizeOfOptionalHeader", UKI_PE + 20, -1, 2, 0xffff, "its table of sections is cut off", 0},
#undef OF
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fixture fixture;
        unsigned char *field;

        print_message("# %s\n", cases[i].name);
        begin(&fixture);
        uki_build(image, whole, 7);
        field = cases[i].section < 0 ? image : (unsigned char *)uki_header(image, (size_t)cases[i].section);
        memcpy(field + cases[i].offset, &cases[i].value, cases[i].width);
        fw_tree_add(&fixture.tree, "/EFI/Linux/a.efi", image, sizeof(image));
        read_all(&fixture);
        assert_int_equal(fixture.menu.count, cases[i].why == NULL);
        assert_int_equal(notes(), cases[i].why != NULL);
        if (cases[i].why)
            assert_non_null(strstr(fw_host_notes, cases[i].why));
        else
            assert_int_equal(fixture.menu.entries[0].kernel_piece.size, cases[i].kernel_size);
        end(&fixture);
    }
}

/* Cut off at any length: refused with one note, or all pieces lie within. */
static void truncated(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof(image); size += size < 0x300 ? 1 : 37) {
        unsigned char *cut = malloc(size ? size : 1);
        struct fixture fixture;

        begin(&fixture);
        uki_build(image, whole, 7);
        memcpy(cut, image, size);
        fw_tree_add(&fixture.tree, "/EFI/Linux/a.efi", cut, size);
        read_all(&fixture);
        assert_int_equal(fixture.menu.count + notes(), 1);
        for (size_t i = 0; i < fixture.menu.count; i++) {
            const struct fw_entry *entry = &fixture.menu.entries[i];

            assert_true(entry->kernel_piece.offset + entry->kernel_piece.size <= size);
            for (size_t j = 0; j < entry->initrd_count; j++)
                assert_true(entry->initrd_pieces[j].offset + entry->initrd_pieces[j].size <= size);
        }
        end(&fixture);
        free(cut);
    }
}

/* Texts that are too long: of the command line the entry, of the rest the text alone. */
static void long_texts(void **state)
{
    static unsigned char big[0x40000];
    struct fixture fixture;

    (void)state;
    for (int section = 1; section <= 3; section++) {
        begin(&fixture);
        uki_build(image, whole, 7);
        memset(big, 'a', sizeof(big));
        memcpy(big, image, sizeof(image));
        uki_header(big, (size_t)section)->VirtualSize = 0x20000;
        uki_header(big, (size_t)section)->SizeOfRawData = 0x20000;
        fw_tree_add(&fixture.tree, "/EFI/Linux/a.efi", big, sizeof(big));
        read_all(&fixture);
        assert_int_equal(fixture.menu.count, section != 2);
        assert_int_equal(notes(), section != 3);
        end(&fixture);
    }
}

/* Type 1 entries that name one. */
static void named_by_type1(void **state)
{
    static const char *const keys[] = {"uki", "efi", "linux"};
    struct fixture fixture;
    const struct fw_entry *entry;
    const char *why;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char text[100];

        begin(&fixture);
        uki_build(image, whole, 7);
        snprintf(text, sizeof(text), "title Mine\n%s /a.efi\ninitrd /more\noptions own\n", keys[i]);
        fw_tree_add(&fixture.tree, "/a.efi", image, sizeof(image));
        fw_tree_text(&fixture.tree, "/more", "");
        fw_tree_text(&fixture.tree, "/loader/entries/a.conf", text);
        assert_int_equal(fw_bls_read(&fixture.menu, &fixture.tree.fs), 0);
        assert_int_equal(fw_choose(&fixture.menu, &why), 0);
        entry = &fixture.menu.entries[0];
        assert_string_equal(entry->title, "Mine");
        assert_string_equal(entry->options, "own");
        assert_piece(entry->kernel_piece, "the kernel");
        assert_int_equal(entry->initrd_count, 3);
        assert_piece(entry->initrd_pieces[1], "the initrd");
        assert_string_equal(entry->initrds[2], "/more");
        assert_int_equal(entry->initrd_pieces[2].size, 0);
        end(&fixture);
    }
}

/* Command lines of addons: those for all images first, in the order of names, none for another kernel. */
static void addons(void **state)
{
    static unsigned char files[6][UKI_SIZE] __attribute__((aligned(16)));
    static const struct {
        const char *path, *uname, *cmdline;
    } cases[] = {
        {"/loader/addons/b.addon.efi", "6.1.0-18-amd64", "all-b\n"},
        {"/loader/addons/a.addon.efi", NULL, "all-a"},
        {"/loader/addons/other.addon.efi", "5.10", "not-this"},
        {"/loader/addons/plain.efi", NULL, "nor-this"},
        {"/EFI/Linux/debian.efi.extra.d/2.addon.efi", NULL, "own-2"},
        {"/EFI/Linux/debian.efi.extra.d/1.addon.efi", NULL, "own-1 x"},
    };
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    uki_build(image, whole, 7);
    fw_tree_add(&fixture.tree, "/EFI/Linux/debian+3-1.efi", image, sizeof(image));
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct uki_section sections[] = {{".cmdline", cases[i].cmdline}, {".uname", cases[i].uname}};

        uki_build(files[i], sections, cases[i].uname ? 2 : 1);
        fw_tree_add(&fixture.tree, cases[i].path, files[i], UKI_SIZE);
    }
    fw_tree_text(&fixture.tree, "/EFI/Linux/debian.efi.extra.d/3.addon.efi", "no program");
    fw_tree_text(&fixture.tree, "/EFI/Linux/debian.efi.extra.d/a.cred", "for the stub");
    read_all(&fixture);
    assert_int_equal(fixture.menu.count, 1);
    assert_string_equal(fixture.menu.entries[0].options, "root=UUID=1   quiet all-a all-b own-1 x own-2");
    assert_string_equal(fw_host_notes, "/EFI/Linux/debian.efi.extra.d/3.addon.efi: not a PE\n");
    end(&fixture);
}

/* An entry with options of its own keeps them, as a boot loader hands them to the stub; addons come behind.
 */
static void addons_of_type1(void **state)
{
    static const struct uki_section sections[] = {{".cmdline", "added"}};
    static unsigned char addon[UKI_SIZE] __attribute__((aligned(16)));
    struct fixture fixture;

    (void)state;
    for (int own = 0; own < 2; own++) {
        begin(&fixture);
        uki_build(image, whole, 7);
        uki_build(addon, sections, 1);
        fw_tree_add(&fixture.tree, "/a.efi", image, sizeof(image));
        fw_tree_add(&fixture.tree, "/a.efi.extra.d/x.addon.efi", addon, sizeof(addon));
        fw_tree_text(&fixture.tree, "/loader/entries/a.conf",
                     own ? "uki /a.efi\noptions own\n" : "uki /a.efi\n");
        assert_int_equal(fw_bls_read(&fixture.menu, &fixture.tree.fs), 0);
        assert_int_equal(fixture.menu.count, 1);
        assert_string_equal(fixture.menu.entries[0].options, own ? "own added" : "root=UUID=1   quiet added");
        assert_int_equal(notes(), 0);
        end(&fixture);
    }
}

/* Of a folder with very many, some are read, and that is said. */
static void many_addons(void **state)
{
    static const struct uki_section sections[] = {{".cmdline", "x"}};
    static unsigned char addon[UKI_SIZE] __attribute__((aligned(16)));
    static char paths[40][50];
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    uki_build(image, whole, 7);
    uki_build(addon, sections, 1);
    fw_tree_add(&fixture.tree, "/EFI/Linux/a.efi", image, sizeof(image));
    for (size_t i = 0; i < 40; i++) {
        snprintf(paths[i], sizeof(paths[i]), "/loader/addons/%02zu.addon.efi", i);
        fw_tree_add(&fixture.tree, paths[i], addon, sizeof(addon));
    }
    read_all(&fixture);
    assert_int_equal(strlen(fixture.menu.entries[0].options), strlen("root=UUID=1   quiet") + 32 * 2);
    assert_string_equal(fw_host_notes, "/loader/addons: too many addons: the rest is left out\n");
    end(&fixture);
}

/* Images of many profiles, each of which has all addons: reading them comes to an end. */
static void addons_of_many(void **state)
{
    static const struct uki_section one[] = {{".cmdline", "x"}};
    static unsigned char addon[UKI_SIZE] __attribute__((aligned(16)));
    static char paths[60][60];
    struct uki_section sections[17] = {{".linux", "k"}};
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    for (size_t i = 1; i < 17; i++)
        sections[i] = (struct uki_section){".profile", "ID=a\n"};
    uki_build(image, sections, 17);
    uki_build(addon, one, 1);
    for (size_t i = 0; i < 30; i++) {
        snprintf(paths[i], sizeof(paths[i]), "/EFI/Linux/%02zu.efi", i);
        fw_tree_add(&fixture.tree, paths[i], image, sizeof(image));
        snprintf(paths[30 + i], sizeof(paths[i]), "/loader/addons/%02zu.addon.efi", i);
        fw_tree_add(&fixture.tree, paths[30 + i], addon, sizeof(addon));
    }
    fw_uki_read(&fixture.menu, &fixture.tree.fs);
    assert_int_equal(fixture.menu.addons, 512);
    assert_true(fixture.menu.count > 100);
    assert_true(notes() < 70);
    end(&fixture);
}

static void nothing_left(void **state)
{
    (void)state;
    for (size_t less = 0; less < 4000; less += 16) {
        struct fixture fixture;

        begin(&fixture);
        fixture.arena.size = fixture.arena.used + less;
        uki_build(image, whole, 7);
        fw_tree_add(&fixture.tree, "/EFI/Linux/a.efi", image, sizeof(image));
        fw_uki_read(&fixture.menu, &fixture.tree.fs);
        end(&fixture);
    }
    for (uint64_t call = 1; call < 30; call++) {
        struct fixture fixture;

        begin(&fixture);
        fixture.tree.fail_at = call;
        uki_build(image, whole, 7);
        fw_tree_add(&fixture.tree, "/EFI/Linux/a.efi", image, sizeof(image));
        read_all(&fixture);
        end(&fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts),          cmocka_unit_test(kernel_alone),   cmocka_unit_test(profiles),
        cmocka_unit_test(spoiled),        cmocka_unit_test(truncated),      cmocka_unit_test(long_texts),
        cmocka_unit_test(named_by_type1), cmocka_unit_test(addons),         cmocka_unit_test(addons_of_type1),
        cmocka_unit_test(many_addons),    cmocka_unit_test(addons_of_many), cmocka_unit_test(nothing_left),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
