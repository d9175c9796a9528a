/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * grub.cfg as grub-mkconfig writes it: Debian's, Fedora's, Alpine's. Receives the file systems where it may
 * lie; guarantees entries of what its menuentries would boot, in the order of the menu, with those of
 * submenus in their places. As GRUB does, the script runs first, and the bodies of entries with what it left
 * behind; each body here in an environment of its own. GRUB manual, "Menu-specific commands" and "default".
 */
#include "grub.h"

#define LEVELS 3u

/* The environment before a body. */
struct saved {
    struct fw_grub_variable *variables;
    size_t variable_count, function_count;
};

static bool save(struct fw_grub *grub, struct saved *saved)
{
    if (!saved->variables)
        saved->variables = fw_arena_take(grub->menu->arena, FW_GRUB_VARIABLES * sizeof(*saved->variables));
    if (!saved->variables) {
        grub->full = true;
        return false;
    }
    memcpy(saved->variables, grub->variables, grub->variable_count * sizeof(*saved->variables));
    saved->variable_count = grub->variable_count;
    saved->function_count = grub->function_count;
    return true;
}

static void restore(struct fw_grub *grub, const struct saved *saved)
{
    memcpy(grub->variables, saved->variables, saved->variable_count * sizeof(*saved->variables));
    grub->variable_count = saved->variable_count;
    grub->function_count = saved->function_count;
    grub->returning = false;
}

static void run_entry(struct fw_grub *grub, struct fw_grub_item *item)
{
    const char *argument = item->title;
    struct fw_entry *entry = fw_menu_next(grub->menu, grub->fs, FW_GRUB);

    if (!entry) {
        grub->broken = true;
        return;
    }
    entry->id = item->id;
    entry->title = item->title;
    grub->body = entry;
    grub->spoiled = false;
    grub->arguments = &argument;
    grub->argument_count = 1;
    fw_grub_run_body(grub, &item->body);
    grub->body = NULL;
    grub->argument_count = 0;
    if (grub->full || grub->broken)
        return;
    if (!entry->kernel && !grub->spoiled && fw_menu_notes(grub->menu))
        fw_note("%s:%u: menuentry '%s' boots no kernel", item->body.path, fw_grub_line(&item->body),
                item->title);
    if (!entry->kernel || grub->spoiled)
        return;
    grub->menu->count++;
    item->entry = entry;
}

/* Those of a submenu behind it: items[from..) that are there now. */
static void run_items(struct fw_grub *grub, size_t from, unsigned level, struct saved *saved)
{
    for (size_t i = from, end = grub->item_count; i < end && !grub->broken && !grub->full; i++) {
        struct fw_grub_item *item = &grub->items[i];

        if (item->kind == FW_GRUB_BLS || !save(grub, &saved[level]))
            continue;
        if (item->kind == FW_GRUB_ENTRY) {
            run_entry(grub, item);
        } else if (level + 1 < LEVELS) {
            size_t first = grub->item_count;

            grub->parent = i;
            fw_grub_run_body(grub, &item->body);
            run_items(grub, first, level + 1, saved);
        }
        restore(grub, &saved[level]);
    }
}

/* The entry of that place in the order of those that blscfg found. */
static struct fw_entry *bls_at(const struct fw_grub *grub, const struct fw_fs *fs, size_t place,
                               size_t *ret_count)
{
    const struct fw_menu *menu = grub->menu;
    struct fw_entry *found = NULL;

    *ret_count = 0;
    for (size_t i = 0; i < menu->count; i++) {
        size_t before = 0;

        if (menu->entries[i].source != FW_BLS1 || menu->entries[i].fs != fs)
            continue;
        ++*ret_count;
        for (size_t j = 0; j < menu->count; j++)
            before += menu->entries[j].source == FW_BLS1 && menu->entries[j].fs == fs &&
                      fw_entry_compare(&menu->entries[j], &menu->entries[i]) < 0;
        if (before == place)
            found = &menu->entries[i];
    }
    return found;
}

static struct fw_entry *bls_named(const struct fw_grub *grub, const struct fw_fs *fs, const char *name)
{
    for (size_t i = 0; i < grub->menu->count; i++) {
        struct fw_entry *entry = &grub->menu->entries[i];

        if (entry->source == FW_BLS1 && entry->fs == fs &&
            (fw_same(entry->id, name) || (entry->title && fw_same(entry->title, name))))
            return entry;
    }
    return NULL;
}

/* The item that a part of `default` names below a parent; of BLS entries *ret_entry. */
static struct fw_grub_item *find(const struct fw_grub *grub, size_t parent, const char *name,
                                 struct fw_entry **ret_entry)
{
    uint32_t number = 0;
    bool numbered = fw_decimal(name, &number);
    size_t left = number;

    for (size_t i = 0; i < grub->item_count; i++) {
        struct fw_grub_item *item = &grub->items[i];
        size_t count = 1;

        if (item->parent != parent)
            continue;
        if (item->kind == FW_GRUB_BLS) {
            *ret_entry = numbered ? bls_at(grub, item->fs, left, &count) : bls_named(grub, item->fs, name);
            if (*ret_entry)
                return item;
        } else if (numbered ? left == 0 : fw_same(item->id, name) || fw_same(item->title, name)) {
            *ret_entry = item->entry;
            return item;
        }
        if (numbered)
            left -= count; /* there were no more than that, or one of them were it */
    }
    return NULL;
}

/* Cuts the next part of a path "submenu>entry"; ">>" is a '>' of its name. */
static char *cut_part(char **at)
{
    char *part = *at, *to = part, *from = part;

    for (; *from && !(from[0] == '>' && from[1] != '>'); from++) {
        from += from[0] == '>';
        *to++ = *from;
    }
    *at = *from ? from + 1 : from;
    *to = '\0';
    return part;
}

static struct fw_entry *first_below(const struct fw_grub *grub, size_t parent)
{
    struct fw_entry *entry = NULL;
    size_t count;

    for (size_t i = 0; i < grub->item_count && !entry; i++)
        if (grub->items[i].parent == parent)
            entry = grub->items[i].kind == FW_GRUB_BLS ? bls_at(grub, grub->items[i].fs, 0, &count)
                                                       : grub->items[i].entry;
    return entry;
}

static struct fw_entry *find_default(struct fw_grub *grub)
{
    const char *value = fw_grub_get(grub, "default", 7);
    char *at = value ? fw_keep(grub->menu->arena, value, fw_length(value)) : NULL;
    struct fw_entry *entry = NULL;
    size_t parent = SIZE_MAX;

    while (at && *at) {
        const struct fw_grub_item *item = find(grub, parent, cut_part(&at), &entry);

        if (!item)
            break;
        if (item->kind != FW_GRUB_SUBMENU)
            return entry;
        parent = (size_t)(item - grub->items);
        entry = first_below(grub, parent); /* when nothing follows */
    }
    return entry ? entry : first_below(grub, SIZE_MAX);
}

/* What GRUB on a PC with BIOS would say of itself. */
static void begin(struct fw_grub *grub, const char *path, const char *directory)
{
    static const char *const told[] = {"root", "fs0", "grub_platform", "pc", "grub_cpu", "i386"};
    static const char *const features[] = {"feature_menuentry_id",      "feature_platform_search_hint",
                                           "feature_timeout_style",     "feature_all_video_module",
                                           "feature_default_font_path", "feature_menuentry_options",
                                           "feature_200_final"};
    const char *prefix = fw_join(grub->menu->arena, "(fs0)", "", directory);

    for (size_t i = 0; i < sizeof(told) / sizeof(*told); i += 2)
        fw_grub_set(grub, told[i], fw_length(told[i]), told[i + 1]);
    for (size_t i = 0; i < sizeof(features) / sizeof(*features); i++)
        fw_grub_set(grub, features[i], fw_length(features[i]), "y");
    grub->full |= !prefix;
    if (!prefix)
        return;
    fw_grub_set(grub, "prefix", 6, prefix);
    fw_grub_set(grub, "config_directory", 16, prefix);
    fw_grub_set(grub, "config_file", 11, path);
}

/* 1: there is a menu, 0: none, -1: the arena is full */
static int read_config(struct fw_menu *menu, struct fw_fs *fs, const struct fw_lookup *lookup,
                       const char *directory)
{
    struct fw_arena *arena = menu->arena;
    const char *path = fw_join(arena, directory, "/", "grub.cfg"), *text;
    struct saved saved[LEVELS] = {{0}};
    struct fw_entry *entry;
    struct fw_grub *grub;

    if (!path)
        return -1;
    text = fw_slurp_text(fs, arena, path, FW_CONFIG_MAX);
    if (!text)
        return 0;
    grub = fw_arena_take(arena, sizeof(*grub));
    if (!grub)
        return -1;
    *grub = (struct fw_grub){
        .menu = menu, .fs = fs, .lookup = lookup, .parent = SIZE_MAX, .devices = {fs}, .device_count = 1};
    grub->variables = fw_arena_take(arena, FW_GRUB_VARIABLES * sizeof(*grub->variables));
    grub->functions = fw_arena_take(arena, FW_GRUB_FUNCTIONS * sizeof(*grub->functions));
    grub->items = fw_arena_take(arena, FW_GRUB_ITEMS * sizeof(*grub->items));
    grub->words = fw_arena_take(arena, FW_GRUB_WORDS * sizeof(*grub->words));
    grub->scratch = fw_arena_take(arena, FW_GRUB_SCRATCH);
    if (!grub->scratch || !grub->words || !grub->items || !grub->functions || !grub->variables)
        return -1;
    begin(grub, path, directory);
    fw_grub_run_text(grub, path, text);
    grub->broken = false; /* what came before the mistake stays */
    grub->steps = 0;
    run_items(grub, 0, 0, saved);
    entry = find_default(grub);
    if (entry)
        entry->is_default = true;
    return grub->full ? -1 : grub->item_count != 0;
}

static int read_vendors(struct fw_menu *menu, struct fw_fs *fs, const struct fw_lookup *lookup)
{
    const char **vendors = fw_names(fs, menu->arena, "/EFI", "/");
    int status = 0;

    for (size_t i = 0; vendors && vendors[i] && status == 0; i++) {
        const char *directory = fw_join(menu->arena, "/EFI", "/", vendors[i]);

        status = directory ? read_config(menu, fs, lookup, directory) : -1;
    }
    return status;
}

int fw_grub_read(struct fw_menu *menu, struct fw_fs *fs, const struct fw_lookup *lookup)
{
    static const char *const directories[] = {"/boot/grub", "/grub", "/boot/grub2", "/grub2"};
    int status = 0;

    for (size_t i = 0; i < sizeof(directories) / sizeof(*directories) && status == 0; i++)
        status = read_config(menu, fs, lookup, directories[i]);
    if (status == 0)
        status = read_vendors(menu, fs, lookup);
    return status < 0 ? -1 : 0;
}

static size_t put_hex(char *to, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        *to++ = "0123456789abcdef"[bytes[i] >> 4];
        *to++ = "0123456789abcdef"[bytes[i] & 15];
    }
    return 2 * count;
}

/* As blkid prints it: 8-4-4-4-12 digits, FAT 4-4, ISO 9660 a date with a '-' behind each number. */
static void write_uuid(const struct fw_fs *fs, char text[40])
{
    bool date = fw_same(fs->ops->name, "iso9660");
    size_t size = 0;

    for (size_t i = 0; i < fs->uuid_size && i < 16; i++) {
        bool dash = fs->uuid_size == 4 ? i == 2 : date ? i > 3 && i % 2 == 0 : i > 3 && i < 11 && i % 2 == 0;

        if (dash)
            text[size++] = '-';
        if (date)
            text[size++] = (char)fs->uuid[i];
        else
            size += put_hex(text + size, &fs->uuid[fs->uuid_size == 4 ? 3 - i : i], 1);
    }
    text[size] = '\0';
}

bool fw_fs_is(struct fw_fs *fs, const char *kind, const char *value)
{
    char uuid[40];

    if (!*value)
        return false;
    if (fw_same(kind, "file"))
        return fw_is_file(fs, value);
    if (fw_same(kind, "label"))
        return fw_same(fs->label, value);
    write_uuid(fs, uuid);
    return fw_same_letters(uuid, value);
}
