/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boot entries in files of their own: loader/entries/ *.conf. UAPI "Boot Loader Specification", "Type #1 Boot
 * Loader Specification Entries" and "Boot counting". Receives a directory of any names and files; guarantees
 * entries that name a kernel and are for this machine. Variables are none of the specification's, but of
 * Fedora's GRUB, for which entries say "options $kernelopts".
 */
#include "reading.h"

#define DIRECTORY "/loader/entries"
#define SUFFIX    5 /* ".conf" */

bool fw_menu_notes(struct fw_menu *menu)
{
    if (menu->notes < FW_NOTES_MAX && ++menu->notes == FW_NOTES_MAX)
        fw_note("there is more that is wrong with these configuration files");
    return menu->notes < FW_NOTES_MAX;
}

struct fw_entry *fw_menu_next(struct fw_menu *menu, struct fw_fs *fs, enum fw_source source)
{
    struct fw_entry *entry = &menu->entries[menu->count];

    if (menu->count == FW_ENTRY_MAX) {
        fw_note("more than %u boot entries: the rest is left out", (uint64_t)FW_ENTRY_MAX);
        return NULL;
    }
    memset(entry, 0, sizeof(*entry));
    entry->source = source;
    entry->fs = fs;
    entry->tries_left = -1;
    entry->tries_done = -1;
    return entry;
}

int fw_menu_begin(struct fw_menu *ret_menu, struct fw_arena *arena)
{
    memset(ret_menu, 0, sizeof(*ret_menu));
    ret_menu->arena = arena;
    ret_menu->entries = fw_arena_take(arena, (FW_ENTRY_MAX + 1) * sizeof(*ret_menu->entries));
    return ret_menu->entries ? 0 : -1;
}

bool fw_entry_initrd(struct fw_menu *menu, struct fw_entry *entry, const char *path, const char *where)
{
    if (entry->initrd_count == FW_INITRD_MAX) {
        if (fw_menu_notes(menu))
            fw_note("%s: more than %u initrds", where, (uint64_t)FW_INITRD_MAX);
        return false;
    }
    entry->initrds[entry->initrd_count++] = path;
    return true;
}

/* Digits that end at name[*end], as a number of at most 9 of them; -1: none. *end moves before them. */
static int number_before(const char *name, size_t *end)
{
    size_t start = *end;
    int value = 0;

    while (start != 0 && name[start - 1] >= '0' && name[start - 1] <= '9')
        start--;
    if (start == *end || *end - start > 9)
        return -1;
    for (size_t i = start; i < *end; i++)
        value = value * 10 + (name[i] - '0');
    *end = start;
    return value;
}

size_t fw_tries_cut(const char *name, size_t suffix, int *ret_left, int *ret_done)
{
    size_t length = fw_length(name) - suffix, end = length;
    int left = number_before(name, &end), done = 0;

    if (left >= 0 && end != 0 && name[end - 1] == '-') {
        done = left;
        end--;
        left = number_before(name, &end);
    }
    if (left < 0 || end < 2 || name[end - 1] != '+')
        return length;
    *ret_left = left;
    *ret_done = done;
    return end - 1;
}

/* One file. */
struct bls {
    struct fw_menu *menu;
    struct fw_entry *entry;
    const struct fw_variables *variables;
    const char *path;
    const char *uki;
    char *options, *options_end; /* all of them, in `room` bytes */
    size_t room;
    bool full; /* the arena */
    bool bad;  /* said why */
};

/* How long a $name or ${name} at `text` is, and the name in it; 0: it is none. */
static size_t variable_length(const char *text, const char **ret_name, size_t *ret_length)
{
    bool brace = text[0] == '$' && text[1] == '{';
    const char *name = text + (brace ? 2 : 1);
    size_t length = 0;

    if (*text != '$')
        return 0;
    while (name[length] == '_' || (name[length] >= '0' && name[length] <= '9') ||
           (fw_lower(name[length]) >= 'a' && fw_lower(name[length]) <= 'z'))
        length++;
    if (length == 0 || (brace && name[length] != '}'))
        return 0;
    *ret_name = name;
    *ret_length = length;
    return length + (brace ? 3 : 1);
}

/* NULL: the text stays as it is written. */
static const char *variable(const struct bls *bls, const char *name, size_t length)
{
    static const char *const known[] = {"kernelopts", "tuned_params", "tuned_initrd", "early_initrd"};
    const char *value = bls->variables ? bls->variables->value(bls->variables->context, name, length) : NULL;

    for (size_t i = 0; i < sizeof(known) / sizeof(*known) && !value; i++)
        if (fw_length(known[i]) == length && memcmp(known[i], name, length) == 0)
            value = "";
    return value || !bls->variables ? value : ""; /* what GRUB does not know is nothing to it */
}

/* Writes text with its variables to `to`, or only counts. */
static size_t expand(const struct bls *bls, const char *text, char *to)
{
    size_t size = 0;

    while (*text) {
        const char *name, *value = NULL;
        size_t length, skip = variable_length(text, &name, &length);

        if (skip)
            value = variable(bls, name, length);
        if (!value) {
            value = text;
            skip = length = 1;
        } else {
            length = fw_length(value);
        }
        if (to)
            memcpy(to + size, value, length);
        size += length;
        text += skip;
    }
    return size;
}

static char *expanded(struct bls *bls, char *text)
{
    size_t size = expand(bls, text, NULL);
    char *made = fw_arena_take(bls->menu->arena, size + 1);

    if (made)
        expand(bls, text, made);
    /* Of a variable without a value no space is left at the end: GRUB hands over words. */
    while (made && size != 0 && made[size - 1] == ' ')
        made[--size] = '\0';
    bls->full |= !made;
    return made ? made : text;
}

static bool has_variable(const char *text)
{
    while (*text && *text != '$')
        text++;
    return *text;
}

static void add_options(struct bls *bls, char *value)
{
    size_t size;

    if (has_variable(value))
        value = expanded(bls, value);
    size = fw_length(value);
    if (!bls->entry->options) {
        bls->entry->options = bls->options = value;
        bls->options_end = value + size;
        return;
    }
    /* A second line: from here on in a place of their own, with room for the whole file and its variables. */
    if ((size_t)(bls->options_end - bls->options) + size + 2 > bls->room) {
        size_t used = (size_t)(bls->options_end - bls->options);
        char *more = fw_arena_take(bls->menu->arena, (used + size) * 2 + FW_BLS_MAX / 16);

        if (!more) {
            bls->full = true;
            return;
        }
        memcpy(more, bls->options, used);
        bls->room = (used + size) * 2 + FW_BLS_MAX / 16;
        bls->entry->options = bls->options = more;
        bls->options_end = more + used;
    }
    *bls->options_end++ = ' ';
    memcpy(bls->options_end, value, size + 1);
    bls->options_end += size;
}

static void add_initrds(struct bls *bls, char *value)
{
    if (has_variable(value))
        value = expanded(bls, value);
    while (*value && !bls->bad) {
        char *path = fw_path_join(bls->menu->arena, "", fw_cut_word(&value));

        bls->full |= !path;
        bls->bad |= !path || !fw_entry_initrd(bls->menu, bls->entry, path, bls->path);
    }
}

static const char *absolute(struct bls *bls, const char *value)
{
    const char *path = fw_path_join(bls->menu->arena, "", value);

    bls->full |= !path;
    return path;
}

/* Keys that nobody here needs are no mistake: others have keys of their own. */
static void take(struct bls *bls, const char *key, char *value)
{
    static const struct {
        const char *key;
        size_t member;
    } texts[] = {
        {"title", offsetof(struct fw_entry, title)},
        {"version", offsetof(struct fw_entry, version)},
        {"machine-id", offsetof(struct fw_entry, machine_id)},
        {"sort-key", offsetof(struct fw_entry, sort_key)},
        {"architecture", offsetof(struct fw_entry, architecture)},
        {"devicetree", offsetof(struct fw_entry, devicetree)},
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        if (fw_same(key, texts[i].key))
            memcpy((char *)bls->entry + texts[i].member, &value, sizeof(value));
    if (fw_same(key, "linux"))
        bls->entry->kernel = absolute(bls, value);
    else if (fw_same(key, "efi"))
        bls->entry->efi = absolute(bls, value);
    else if (fw_same(key, "uki"))
        bls->uki = absolute(bls, value);
    else if (fw_same(key, "initrd"))
        add_initrds(bls, value);
    else if (fw_same(key, "options"))
        add_options(bls, value);
}

static void take_lines(struct bls *bls, char *at)
{
    char *line;

    while ((line = fw_cut_line(&at)) != NULL && !bls->bad && !bls->full) {
        const char *key;
        size_t length;

        if (*line == '#' || !*line)
            continue;
        key = fw_cut_word(&line);
        length = fw_length(line);
        if (length > 1 && *line == '"' && line[length - 1] == '"') {
            line[length - 1] = '\0';
            line++;
        }
        if (*line)
            take(bls, key, line);
    }
}

/* Is it an entry for this machine? If not, that is said. */
static bool holds(struct bls *bls)
{
    struct fw_entry *entry = bls->entry;
    const char *why = NULL;

    if (entry->architecture && !fw_same_letters(entry->architecture, "x64")) {
        if (fw_menu_notes(bls->menu))
            fw_note("%s: for architecture %s, not x64", bls->path, entry->architecture);
        return false;
    }
    if (entry->kernel)
        return true;
    entry->kernel = bls->uki ? bls->uki : entry->efi;
    if (!entry->kernel) {
        if (fw_menu_notes(bls->menu))
            fw_note("%s: names no kernel", bls->path);
        return false;
    }
    if (fw_uki_take(bls->menu, entry, 0, &why) != 0)
        return true;
    if (fw_menu_notes(bls->menu))
        fw_note("%s: %s is no kernel: %s", bls->path, entry->kernel, why);
    return false;
}

static struct fw_entry *find(const struct fw_menu *menu, const struct fw_fs *fs, const char *name)
{
    for (size_t i = 0; i < menu->count; i++)
        if (menu->entries[i].source == FW_BLS1 && menu->entries[i].fs == fs &&
            fw_same(menu->entries[i].file, name))
            return &menu->entries[i];
    return NULL;
}

/* 0: it is an entry, 1: not, and that was said, -1: there is no memory left, or no room for more entries */
static int read_entry(struct fw_menu *menu, struct fw_fs *fs, const char *directory, const char *name,
                      const struct fw_variables *variables)
{
    struct fw_entry *known = find(menu, fs, name), *entry;
    struct bls bls = {.menu = menu, .variables = variables};
    size_t used = menu->arena->used;
    char *text;

    if (known && !variables)
        return 0;
    entry = bls.entry = fw_menu_next(menu, fs, FW_BLS1);
    if (!entry)
        return -1;
    bls.path = fw_join(menu->arena, directory, "/", name);
    if (!bls.path)
        return -1;
    text = fw_slurp_text(fs, menu->arena, bls.path, FW_BLS_MAX);
    if (!text) {
        menu->arena->used = used;
        return 1;
    }
    entry->file = name;
    entry->id =
        fw_keep(menu->arena, name, fw_tries_cut(name, SUFFIX, &entry->tries_left, &entry->tries_done));
    bls.full = !entry->id;
    take_lines(&bls, text);
    if (!bls.full && !bls.bad && holds(&bls)) {
        if (known)
            *known = *entry;
        else
            menu->count++;
        return 0;
    }
    menu->arena->used = used;
    return bls.full ? -1 : 1;
}

int fw_bls_directory(struct fw_menu *menu, struct fw_fs *fs, const char *directory,
                     const struct fw_variables *variables)
{
    const char **names = fw_names(fs, menu->arena, directory, ".conf");
    size_t refused = 0;

    for (size_t i = 0; names && names[i]; i++) {
        int status = read_entry(menu, fs, directory, names[i], variables);

        if (status < 0)
            return menu->count == FW_ENTRY_MAX ? 0 : -1;
        refused += (size_t)status;
        if (refused == FW_REFUSED_MAX) {
            fw_note("%s: too many are no entries: the rest is left out", directory);
            break;
        }
    }
    return 0;
}

/* entries.srel may say that the directory holds entries of another kind. */
static bool is_type1(struct fw_menu *menu, struct fw_fs *fs)
{
    static const char path[] = "/loader/entries.srel";
    size_t used = menu->arena->used;
    char *text = fw_slurp_text(fs, menu->arena, path, 64);
    bool type1 = !text || fw_same(fw_cut_word(&text), "type1");

    if (!type1)
        fw_note("%s: the entries are not of type1", path);
    menu->arena->used = used;
    return type1;
}

int fw_bls_read(struct fw_menu *menu, struct fw_fs *fs)
{
    if (fw_loader_conf_read(menu, fs) != 0)
        return -1;
    return is_type1(menu, fs) ? fw_bls_directory(menu, fs, DIRECTORY, NULL) : 0;
}
