/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands of grub.cfg. GRUB manual, "Available commands". Receives words; guarantees that what a boot is
 * made of (set, test, search, load_env, linux, initrd, menuentry, blscfg) is done as GRUB would, that what
 * concerns screens and modules does nothing, and that anything else is noted once by its name, and fails.
 * Devices are called fs0 (where the script lies), fs1 and so on, as search finds them. The environment is
 * read, never written: an entry for the next boot alone could not be taken back, and is passed over.
 */
#include "grub.h"

#define SOURCED_MAX 8u
#define ENV_MAX     (64u << 10)

static const char *keep(struct fw_grub *grub, const char *text, size_t length)
{
    const char *kept = fw_keep(grub->menu->arena, text, length);

    grub->full |= !kept;
    return kept;
}

static struct fw_grub_variable *find(const struct fw_grub *grub, const char *name, size_t length)
{
    for (size_t i = 0; i < grub->variable_count; i++)
        if (fw_length(grub->variables[i].name) == length &&
            memcmp(grub->variables[i].name, name, length) == 0)
            return &grub->variables[i];
    return NULL;
}

const char *fw_grub_get(const struct fw_grub *grub, const char *name, size_t length)
{
    const struct fw_grub_variable *variable = find(grub, name, length);

    return variable ? variable->value : NULL;
}

static const char *get(const struct fw_grub *grub, const char *name)
{
    return fw_grub_get(grub, name, fw_length(name));
}

void fw_grub_set(struct fw_grub *grub, const char *name, size_t length, const char *value)
{
    struct fw_grub_variable *variable = find(grub, name, length);
    const char *kept;

    if (variable && fw_same(variable->value, value))
        return;
    if (!variable) {
        const char *own = grub->variable_count < FW_GRUB_VARIABLES ? keep(grub, name, length) : NULL;

        if (!own) {
            if (!grub->full && fw_menu_notes(grub->menu))
                fw_note("%s:%u: too many variables", grub->at.path, fw_grub_line(&grub->at));
            return;
        }
        variable = &grub->variables[grub->variable_count++];
        *variable = (struct fw_grub_variable){own, ""};
    }
    kept = keep(grub, value, fw_length(value));
    if (kept)
        variable->value = kept;
}

static void set(struct fw_grub *grub, const char *name, const char *value)
{
    fw_grub_set(grub, name, fw_length(name), value);
}

static void unset(struct fw_grub *grub, const char *name)
{
    struct fw_grub_variable *variable = find(grub, name, fw_length(name));

    if (variable)
        *variable = grub->variables[--grub->variable_count];
}

/* name=value; SIZE_MAX: it is not of that form. */
static size_t assignment(const char *word)
{
    size_t length = 0;

    while (word[length] == '_' || (word[length] >= '0' && word[length] <= '9') ||
           (fw_lower(word[length]) >= 'a' && fw_lower(word[length]) <= 'z'))
        length++;
    return length != 0 && word[length] == '=' ? length : SIZE_MAX;
}

static int assign(struct fw_grub *grub, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = assignment(words[i]);

        if (length != SIZE_MAX)
            fw_grub_set(grub, words[i], length, words[i] + length + 1);
    }
    return 0;
}

/* A device that GRUB would know and we do not (hd0,gpt2) is taken for the one with the script. */
static struct fw_fs *device(const struct fw_grub *grub, const char *name, size_t length)
{
    size_t index = length == 3 && name[0] == 'f' && name[1] == 's' ? (size_t)(name[2] - '0') : 0;

    return index < grub->device_count ? grub->devices[index] : grub->fs;
}

/* (device)/path, or /path on $root; a path of *ret_fs. NULL: the arena is full. */
static const char *place(struct fw_grub *grub, const char *text, struct fw_fs **ret_fs)
{
    const char *name = get(grub, "root"), *path = text;
    size_t length;

    if (*text == '(') {
        name = text + 1;
        for (length = 0; name[length] && name[length] != ')';)
            length++;
        path = name + length + (name[length] == ')');
    } else {
        name = name ? name : "";
        length = fw_length(name);
    }
    *ret_fs = device(grub, name, length);
    path = fw_path_join(grub->menu->arena, "", path);
    grub->full |= !path;
    return path;
}

/* test: an expression that is read from the left. */
struct test {
    struct fw_grub *grub;
    const char *const *words;
    size_t count, at;
    unsigned depth;
};

static bool test_or(struct test *test);

static bool test_file(struct test *test, char kind, const char *text)
{
    struct fw_file file;
    struct fw_fs *fs;
    const char *path = place(test->grub, text, &fs);

    if (!path || fw_open(fs, path, &file) != 0)
        return false;
    if (kind == 'd')
        return file.kind == FW_DIRECTORY;
    return kind == 'e' || (file.kind == FW_FILE && (kind == 'f' || file.size != 0));
}

static bool is_binary(const char *word)
{
    static const char *const operators[] = {
        "=", "==", "!=", "<", ">", "<=", ">=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge"};

    for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++)
        if (fw_same(word, operators[i]))
            return true;
    return false;
}

static bool test_binary(const char *a, const char *operator, const char * b)
{
    uint32_t left = 0, right = 0;
    bool numbers = *operator== '-';
    int order;

    if (numbers) {
        fw_decimal(a, &left);
        fw_decimal(b, &right);
    }
    order = numbers ? (left > right) - (left < right) : fw_order(a, b);
    switch (numbers ? operator[1] : *operator) {
    case '=':
    case 'e': return order == 0;
    case '!':
    case 'n': return order != 0;
    case '<':
    case 'l': return order < 0 || (order == 0 && (numbers ? operator[2] == 'e' : operator[1] == '='));
    default: return order > 0 || (order == 0 && (numbers ? operator[2] == 'e' : operator[1] == '='));
    }
}

static bool test_primary(struct test *test)
{
    const char *const *words = test->words + test->at;
    size_t left = test->count - test->at;

    if (left == 0)
        return false;
    if (left >= 3 && is_binary(words[1])) {
        test->at += 3;
        return test_binary(words[0], words[1], words[2]);
    }
    if (fw_same(words[0], "(") && test->depth < 8) {
        bool value;

        test->at++;
        test->depth++;
        value = test_or(test);
        test->depth--;
        test->at += test->at < test->count; /* ")" */
        return value;
    }
    if (left >= 2 && words[0][0] == '-' && words[0][1] && !words[0][2]) {
        test->at += 2;
        switch (words[0][1]) {
        case 'z': return !*words[1];
        case 'n': return *words[1];
        case 'd':
        case 'e':
        case 'f':
        case 's': return test_file(test, words[0][1], words[1]);
        default: return false;
        }
    }
    test->at++;
    return *words[0];
}

static bool test_not(struct test *test)
{
    bool negated = false;

    while (test->at + 1 < test->count && fw_same(test->words[test->at], "!")) {
        negated = !negated;
        test->at++;
    }
    return test_primary(test) != negated;
}

static bool test_and(struct test *test)
{
    bool value = test_not(test);

    while (test->at < test->count && fw_same(test->words[test->at], "-a")) {
        test->at++;
        value &= test_not(test);
    }
    return value;
}

static bool test_or(struct test *test)
{
    bool value = test_and(test);

    while (test->at < test->count && fw_same(test->words[test->at], "-o")) {
        test->at++;
        value |= test_and(test);
    }
    return value;
}

static int run_test(struct fw_grub *grub, const char *const *words, size_t count)
{
    struct test test = {.grub = grub, .words = words + 1, .count = count - 1};

    if (*words[0] == '[')
        test.count -= test.count != 0; /* the last one is "]" */
    return !test_or(&test);
}

/* The value of an option that is written --name=value; NULL: it is another word. */
static const char *option(const char *word, const char *name)
{
    while (*name && *word == *name) {
        word++;
        name++;
    }
    return !*name && *word == '=' ? word + 1 : NULL;
}

static const char *search_kind(const char *word)
{
    if (fw_same(word, "--fs-uuid") || fw_same(word, "-u") || fw_same(word, "search.fs_uuid"))
        return "uuid";
    if (fw_same(word, "--label") || fw_same(word, "-l") || fw_same(word, "--fs-label") ||
        fw_same(word, "search.fs_label"))
        return "label";
    return fw_same(word, "--file") || fw_same(word, "-f") || fw_same(word, "search.file") ? "file" : NULL;
}

static int found(struct fw_grub *grub, struct fw_fs *fs, const char *variable)
{
    char name[] = "fs0";
    size_t i = 0;

    while (i < grub->device_count && grub->devices[i] != fs)
        i++;
    if (i == FW_GRUB_DEVICES)
        return 1;
    grub->devices[i] = fs;
    grub->device_count += i == grub->device_count;
    name[2] = (char)('0' + i);
    set(grub, variable, name);
    return 0;
}

static int search(struct fw_grub *grub, const char *const *words, size_t count)
{
    const char *kind = search_kind(words[0]), *variable = "root", *value = NULL;
    struct fw_fs *fs = NULL;

    if (kind) { /* search.fs_uuid VALUE [VARIABLE [HINT...]] */
        value = count > 1 ? words[1] : NULL;
        variable = count > 2 ? words[2] : variable;
    }
    for (size_t i = 1; !value && i < count; i++) {
        const char *set_option = option(words[i], "--set");

        if (set_option)
            variable = set_option;
        else if (search_kind(words[i]))
            kind = search_kind(words[i]);
        else if (i + 1 == count)
            value = words[i]; /* what is between options and this one are hints */
    }
    if (!value)
        return 1;
    kind = kind ? kind : "file";
    if (fw_fs_is(grub->fs, kind, value))
        fs = grub->fs;
    else if (grub->lookup)
        fs = grub->lookup->find(grub->lookup->context, kind, value);
    return fs ? found(grub, fs, variable) : 1;
}

static bool is_wanted(const char *name, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fw_same(words[i], name))
            return true;
    return count == 0;
}

static void load_line(struct fw_grub *grub, const char *line, const char *const *words, size_t count)
{
    size_t length = assignment(line);
    const char *name;

    if (length == SIZE_MAX)
        return;
    name = keep(grub, line, length);
    if (!name || !is_wanted(name, words, count))
        return;
    if (!line[length + 1] || (!fw_same(name, "next_entry") && !fw_same(name, "prev_saved_entry")))
        set(grub, name, line + length + 1);
    else if (fw_menu_notes(grub->menu))
        fw_note("grubenv: %s is left out: it is for one boot, and nothing is written here", name);
}

static int load_env(struct fw_grub *grub, const char *const *words, size_t count)
{
    const char *file = "/grubenv", *prefix = get(grub, "prefix"), *path;
    char *text, *line;
    struct fw_fs *fs;
    size_t first = 1;

    for (; first < count && *words[first] == '-'; first++) {
        const char *value = option(words[first], "--file");

        if ((fw_same(words[first], "-f") || fw_same(words[first], "--file")) && first + 1 < count)
            value = words[++first];
        if (value) {
            file = value;
            prefix = NULL;
        }
    }
    path = prefix ? fw_join(grub->menu->arena, prefix, "", file) : file;
    path = path ? place(grub, path, &fs) : NULL;
    text = path ? fw_slurp_text(fs, grub->menu->arena, path, ENV_MAX) : NULL;
    if (!text)
        return 1;
    while ((line = fw_cut_line(&text)) != NULL)
        load_line(grub, line, words + first, count - first);
    return 0;
}

/* Files of other file systems are found there on their own. */
static int source(struct fw_grub *grub, const char *const *words, size_t count)
{
    struct fw_fs *fs;
    const char *path = count > 1 ? place(grub, words[1], &fs) : NULL, *text;

    if (!path || grub->body || !fw_is_file(fs, path))
        return 1;
    if (fs != grub->fs || fw_same(path, grub->at.path))
        return 0;
    if (grub->sourced == SOURCED_MAX) {
        if (fw_menu_notes(grub->menu))
            fw_note("%s:%u: too many files are read", grub->at.path, fw_grub_line(&grub->at));
        return 1;
    }
    grub->sourced++;
    text = fw_slurp_text(fs, grub->menu->arena, path, FW_CONFIG_MAX);
    if (!text)
        return 1;
    fw_grub_run_text(grub, path, text);
    return grub->status;
}

/* Words as the kernel gets them of GRUB: those with spaces in quotes, quotes and \ behind a \. */
static const char *join(struct fw_grub *grub, const char *const *words, size_t count)
{
    size_t size = 1;
    char *made, *to;

    for (size_t i = 0; i < count; i++)
        size += 2 * fw_length(words[i]) + 3;
    made = to = fw_arena_take(grub->menu->arena, size);
    grub->full |= !made;
    for (size_t i = 0; made && i < count; i++) {
        const char *byte = words[i];
        bool spaces = false;

        while (*byte)
            spaces |= *byte++ == ' ';
        if (i != 0)
            *to++ = ' ';
        if (spaces)
            *to++ = '"';
        for (byte = words[i]; *byte; byte++) {
            if (*byte == '\\' || *byte == '"' || *byte == '\'')
                *to++ = '\\';
            *to++ = *byte;
        }
        if (spaces)
            *to++ = '"';
    }
    return made;
}

static int spoil(struct fw_grub *grub, const char *why)
{
    if (fw_menu_notes(grub->menu))
        fw_note("%s:%u: %s", grub->at.path, fw_grub_line(&grub->at), why);
    grub->spoiled = true;
    return 1;
}

static int linux_command(struct fw_grub *grub, const char *const *words, size_t count)
{
    struct fw_entry *entry = grub->body;

    if (!entry || count < 2)
        return spoil(grub, "linux names no kernel, or stands outside of a menuentry");
    entry->kernel = place(grub, words[1], &entry->fs);
    entry->options = count > 2 ? join(grub, words + 2, count - 2) : NULL;
    entry->initrd_count = 0;
    return 0;
}

static int initrd_command(struct fw_grub *grub, const char *const *words, size_t count)
{
    struct fw_entry *entry = grub->body;

    if (!entry || !entry->kernel)
        return spoil(grub, "initrd before linux");
    for (size_t i = 1; i < count; i++) {
        struct fw_fs *fs;
        const char *path = place(grub, words[i], &fs);

        if (!path)
            return 1;
        if (fs != entry->fs || (words[i][0] != '/' && words[i][0] != '('))
            return spoil(grub, "an initrd that is not a file beside the kernel's");
        if (!fw_entry_initrd(grub->menu, entry, path, grub->at.path)) {
            grub->spoiled = true;
            return 1;
        }
    }
    return 0;
}

static const char *variable_for_bls(void *context, const char *name, size_t length)
{
    return fw_grub_get(context, name, length);
}

static int blscfg(struct fw_grub *grub)
{
    struct fw_variables variables = {.value = variable_for_bls, .context = grub};
    const char *directory = get(grub, "blsdir"), *root = get(grub, "root");
    struct fw_fs *fs = device(grub, root ? root : "", root ? fw_length(root) : 0);
    struct fw_file file;

    if (grub->body || grub->item_count == FW_GRUB_ITEMS)
        return 1;
    if (!directory || !*directory)
        directory = fw_open(fs, "/loader/entries", &file) == 0 ? "/loader/entries" : "/boot/loader/entries";
    directory = place(grub, directory, &fs);
    if (!directory || fw_bls_directory(grub->menu, fs, directory, &variables) != 0) {
        grub->full = true;
        return 1;
    }
    grub->items[grub->item_count++] =
        (struct fw_grub_item){.kind = FW_GRUB_BLS, .parent = grub->parent, .fs = fs};
    return 0;
}

void fw_grub_define(struct fw_grub *grub, const char *const *words, size_t count,
                    const struct fw_grub_at *body)
{
    struct fw_grub_item item = {.body = *body, .parent = grub->parent};

    item.kind = fw_same(words[0], "submenu") ? FW_GRUB_SUBMENU : FW_GRUB_ENTRY;
    if (grub->body || (item.kind == FW_GRUB_ENTRY && !fw_same(words[0], "menuentry")))
        return;
    for (size_t i = 1; i < count; i++) {
        const char *id = option(words[i], "--id");
        bool takes =
            fw_same(words[i], "--class") || fw_same(words[i], "--users") || fw_same(words[i], "--hotkey");

        if (fw_same(words[i], "--id") && i + 1 < count)
            id = words[++i];
        if (id)
            item.id = keep(grub, id, fw_length(id));
        else if (takes)
            i++;
        else if (!item.title && !(words[i][0] == '-' && words[i][1] == '-'))
            item.title = keep(grub, words[i], fw_length(words[i]));
    }
    if (!item.title)
        item.title = "";
    if (!item.id)
        item.id = item.title;
    if (grub->item_count < FW_GRUB_ITEMS)
        grub->items[grub->item_count++] = item;
    else if (fw_menu_notes(grub->menu))
        fw_note("%s:%u: too many menu entries", grub->at.path, fw_grub_line(&grub->at));
}

/* What has nothing to do with what is booted; and what answers a question about the machine with no. */
static bool is_one_of(const char *word, const char *list)
{
    size_t length = fw_length(word);

    for (const char *at = list; *at; at++) {
        size_t same = 0;

        while (same < length && at[same] == word[same])
            same++;
        if (same == length && at[same] == ' ')
            return true;
        while (*at != ' ')
            at++;
    }
    return false;
}

static int unknown(struct fw_grub *grub, const char *word)
{
    for (size_t i = 0; i < grub->unknown_count; i++)
        if (fw_same(grub->unknown[i], word))
            return 1;
    if (grub->unknown_count == FW_GRUB_UNKNOWN)
        return 1;
    word = keep(grub, word, fw_length(word));
    if (!word)
        return 1;
    grub->unknown[grub->unknown_count++] = word;
    fw_note("%s:%u: %s is not known here", grub->at.path, fw_grub_line(&grub->at), word);
    return 1;
}

int fw_grub_command(struct fw_grub *grub, const char *const *words, size_t count)
{
    static const char idle[] =
        "insmod rmmod echo export save_env terminal_input terminal_output terminal serial loadfont "
        "background_image background_color play sleep clear keymap true : increment decrement badram cutmem "
        "gfxmode videoinfo setparams password password_pbkdf2 boot "
        "module module2 lsefi efi-watchdog ";
    static const char no[] = "false hwmatch cmostest cmosclean keystatus eval regexp authenticate ";
    static const char leaving[] = "exit normal_exit reboot halt poweroff fwsetup ";
    const char *name = words[0];

    if (fw_same(name, "set"))
        return assign(grub, words + 1, count - 1);
    if (assignment(name) != SIZE_MAX)
        return assign(grub, words, count);
    if (fw_same(name, "[") || fw_same(name, "test"))
        return run_test(grub, words, count);
    if (fw_same(name, "search") || search_kind(name))
        return search(grub, words, count);
    if (fw_same(name, "linux") || fw_same(name, "linux16") || fw_same(name, "linuxefi"))
        return linux_command(grub, words, count);
    if (fw_same(name, "initrd") || fw_same(name, "initrd16") || fw_same(name, "initrdefi"))
        return initrd_command(grub, words, count);
    if (fw_same(name, "load_env"))
        return load_env(grub, words, count);
    if (fw_same(name, "source") || fw_same(name, ".") || fw_same(name, "configfile") ||
        fw_same(name, "normal"))
        return source(grub, words, count);
    if (fw_same(name, "blscfg") || fw_same(name, "bls_import"))
        return blscfg(grub);
    if (fw_same(name, "unset")) {
        for (size_t i = 1; i < count; i++)
            unset(grub, words[i]);
        return 0;
    }
    if (fw_same(name, "return")) {
        grub->returning = true;
        return count > 1 && !fw_same(words[1], "0");
    }
    if (is_one_of(name, leaving)) {
        grub->spoiled |= grub->body && !grub->body->kernel; /* an entry that is meant to boot nothing */
        return 1;
    }
    if (is_one_of(name, idle))
        return 0;
    return is_one_of(name, no) ? 1 : unknown(grub, name);
}
