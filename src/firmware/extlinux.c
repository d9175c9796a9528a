/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * extlinux.conf and syslinux.cfg. Receives files of any bytes; guarantees entries that name a kernel, with
 * paths as seen from the folder of the file, and one of them as the default. Syslinux wiki, "Config" and
 * "Menu"; syslinux.cfg(5). Labels that start programs of its own (COM32, boot sectors, localboot) are passed
 * over; menus of menus are one menu.
 */
#include "reading.h"

#define FILES_MAX 16u /* included ones */
#define DEPTH_MAX 4u

struct extlinux {
    struct fw_menu *menu;
    struct fw_fs *fs;
    const char *directory;
    const char *path; /* of the file that is read, and the line in it */
    uint64_t line, label_line;
    unsigned files, depth;

    const char *default_line, *ontimeout, *append; /* outside of labels */
    bool ui;
    const char *menu_default; /* the label with MENU DEFAULT */

    struct fw_entry *entry; /* the label that is read; its options are those of APPEND */
    bool foreign, help;
    bool full, stop;
};

static const char *resolve(struct extlinux *cfg, const char *name)
{
    const char *path = fw_path_join(cfg->menu->arena, cfg->directory, name);

    cfg->full |= !path;
    return path;
}

static void add_initrds(struct extlinux *cfg, char *list)
{
    cfg->full |= !list;
    while (!cfg->full && *list) {
        char *name = list;
        const char *path;

        while (*list && *list != ',')
            list++;
        if (*list)
            *list++ = '\0';
        if (!*name)
            continue;
        path = resolve(cfg, name);
        if (path && !fw_entry_initrd(cfg->menu, cfg->entry, path, cfg->path))
            cfg->foreign = true;
    }
}

/* The words of APPEND but initrd=, which is told to the loader; whether it is there once is all the same. */
static void take_options(struct extlinux *cfg, const char *append)
{
    char *at = fw_keep(cfg->menu->arena, append, fw_length(append)), *to = at, *options = at;

    cfg->full |= !at;
    while (at && *at) {
        char *word = fw_cut_word(&at);
        size_t length = fw_length(word);

        if (length > 7 && memcmp(word, "initrd=", 7) == 0) {
            add_initrds(cfg, fw_keep(cfg->menu->arena, word + 7, length - 7));
            continue;
        }
        if (to != options)
            *to++ = ' ';
        memmove(to, word, length);
        to += length;
    }
    if (options)
        *to = '\0';
    cfg->entry->options = options;
}

/* The label is read: it becomes an entry, or not. */
static void finish(struct extlinux *cfg)
{
    struct fw_entry *entry = cfg->entry;
    const char *append;

    if (!entry)
        return;
    append = entry->options ? entry->options : cfg->append;
    if (append && !fw_same(append, "-"))
        take_options(cfg, append);
    else
        entry->options = NULL;
    if (!entry->title)
        entry->title = entry->id;
    cfg->entry = NULL;
    if (cfg->full)
        return;
    if (!cfg->foreign && entry->kernel)
        cfg->menu->count++;
    else if (fw_menu_notes(cfg->menu))
        fw_note("%s:%u: label %s boots no kernel", cfg->path, cfg->label_line, entry->id);
}

static void begin(struct extlinux *cfg, const char *label)
{
    finish(cfg);
    cfg->foreign = false;
    cfg->label_line = cfg->line;
    cfg->entry = fw_menu_next(cfg->menu, cfg->fs, FW_EXTLINUX);
    cfg->stop |= !cfg->entry;
    if (cfg->entry)
        cfg->entry->id = label;
}

/* KERNEL takes many things, and tells them by their names. */
static bool is_program(const char *path)
{
    static const char *const ends[] = {".c32", ".com", ".cbt", ".bs", ".bin", ".bss", ".img", ".0"};

    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
        if (fw_ends(path, ends[i]))
            return true;
    return false;
}

/* '^' marks the key of an entry. */
static char *without_mark(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++)
        if (*from != '^')
            *to++ = *from;
    *to = '\0';
    return text;
}

static void include(struct extlinux *cfg, const char *name);

static void take_menu(struct extlinux *cfg, char *rest)
{
    const char *word = fw_cut_word(&rest);

    if (fw_same_letters(word, "label") && cfg->entry)
        cfg->entry->title = without_mark(rest);
    else if (fw_same_letters(word, "default") && cfg->entry)
        cfg->menu_default = cfg->entry->id;
    else if (fw_same_letters(word, "include"))
        include(cfg, fw_cut_word(&rest));
}

/* Keywords of a label. */
static bool take_in_label(struct extlinux *cfg, const char *key, char *rest)
{
    static const char *const foreign[] = {"boot",    "bss",   "pxe",    "fdimage",
                                          "comboot", "com32", "config", "localboot"};
    bool kernel = fw_same_letters(key, "kernel");

    for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++)
        if (fw_same_letters(key, foreign[i])) {
            cfg->foreign = true;
            return true;
        }
    if (kernel || fw_same_letters(key, "linux")) {
        cfg->foreign |= kernel && is_program(rest);
        cfg->entry->kernel = resolve(cfg, rest);
    } else if (fw_same_letters(key, "initrd")) {
        add_initrds(cfg, rest);
    } else if (fw_same_letters(key, "append")) {
        cfg->entry->options = rest;
    } else if (fw_same_letters(key, "fdt") || fw_same_letters(key, "devicetree")) {
        cfg->entry->devicetree = rest;
    } else {
        return false;
    }
    return true;
}

static void take(struct extlinux *cfg, const char *key, char *rest)
{
    if (cfg->entry && take_in_label(cfg, key, rest))
        return;
    if (fw_same_letters(key, "label"))
        begin(cfg, rest);
    else if (fw_same_letters(key, "menu"))
        take_menu(cfg, rest);
    else if (fw_same_letters(key, "include"))
        include(cfg, rest);
    else if (fw_same_letters(key, "default"))
        cfg->default_line = rest;
    else if (fw_same_letters(key, "ontimeout"))
        cfg->ontimeout = rest;
    else if (fw_same_letters(key, "append"))
        cfg->append = rest;
    else if (fw_same_letters(key, "ui"))
        cfg->ui = true;
}

static void read_file(struct extlinux *cfg, const char *path)
{
    char *at = fw_slurp_text(cfg->fs, cfg->menu->arena, path, FW_CONFIG_MAX), *line;

    cfg->path = path;
    cfg->line = 0;
    while (at && !cfg->full && !cfg->stop && (line = fw_cut_line(&at)) != NULL) {
        const char *key;

        cfg->line++;
        if (*line == '#' || !*line)
            continue;
        key = fw_cut_word(&line);
        if (fw_same_letters(key, "text") || fw_same_letters(key, "endtext"))
            cfg->help = fw_same_letters(key, "text");
        else if (!cfg->help)
            take(cfg, key, line);
    }
    cfg->help = false;
}

static void include(struct extlinux *cfg, const char *name)
{
    const char *path = cfg->path, *inner;
    uint64_t line = cfg->line;

    if (cfg->files == FILES_MAX || cfg->depth == DEPTH_MAX) {
        if (fw_menu_notes(cfg->menu))
            fw_note("%s:%u: %s: too many files are included", path, line, name);
        return;
    }
    inner = resolve(cfg, name);
    if (!inner)
        return;
    cfg->files++;
    cfg->depth++;
    read_file(cfg, inner);
    cfg->depth--;
    cfg->path = path;
    cfg->line = line;
}

static struct fw_entry *find(struct extlinux *cfg, size_t from, const char *label)
{
    for (size_t i = from; label && i < cfg->menu->count; i++)
        if (fw_same(cfg->menu->entries[i].id, label))
            return &cfg->menu->entries[i];
    return NULL;
}

/* What DEFAULT and ONTIMEOUT name: a label with more options, or a kernel that has no label. */
static struct fw_entry *find_line(struct extlinux *cfg, size_t from, const char *text)
{
    char *rest = text ? fw_keep(cfg->menu->arena, text, fw_length(text)) : NULL;
    const char *word, *kernel;
    struct fw_entry *entry;

    if (!rest)
        return NULL;
    /* Labels may have spaces, though Syslinux would not find them. */
    entry = find(cfg, from, rest);
    if (entry)
        return entry;
    word = fw_cut_word(&rest);
    entry = find(cfg, from, word);
    kernel = entry || is_program(word) ? NULL : resolve(cfg, word);
    if (kernel && fw_is_file(cfg->fs, kernel)) {
        begin(cfg, word);
        if (!cfg->entry)
            return NULL;
        cfg->entry->kernel = kernel;
        entry = cfg->entry;
        finish(cfg);
    }
    if (entry && *rest)
        entry->options = entry->options ? fw_join(cfg->menu->arena, entry->options, " ", rest) : rest;
    return entry;
}

static void settle(struct extlinux *cfg, size_t from)
{
    bool menu = cfg->ui || (cfg->default_line && fw_ends(cfg->default_line, ".c32"));
    struct fw_entry *entry = find_line(cfg, from, cfg->ontimeout);

    if (!entry && menu)
        entry = find(cfg, from, cfg->menu_default);
    if (!entry)
        entry = find_line(cfg, from, cfg->default_line);
    if (!entry)
        entry = find(cfg, from, cfg->menu_default);
    if (!entry && from < cfg->menu->count)
        entry = &cfg->menu->entries[from];
    if (entry)
        entry->is_default = true;
}

/* NULL: there is none in this folder, or no memory (cfg->full). */
static const char *find_file(struct extlinux *cfg)
{
    static const char *const names[] = {"extlinux.conf", "syslinux.cfg", "isolinux.cfg"};
    struct fw_file folder;

    if (fw_open(cfg->fs, cfg->directory, &folder) != 0)
        return NULL;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const char *path = resolve(cfg, names[i]);

        if (path && fw_is_file(cfg->fs, path))
            return path;
    }
    return NULL;
}

int fw_extlinux_read(struct fw_menu *menu, struct fw_fs *fs)
{
    static const char *const directories[] = {"/boot/extlinux", "/extlinux",      "/boot/syslinux",
                                              "/syslinux",      "/boot/isolinux", "/isolinux",
                                              "/EFI/syslinux",  "/boot",          "/"};
    struct extlinux cfg = {.menu = menu, .fs = fs};
    size_t from = menu->count;
    const char *path = NULL;

    for (size_t i = 0; i < sizeof(directories) / sizeof(*directories) && !path; i++) {
        cfg.directory = directories[i];
        path = find_file(&cfg);
    }
    if (path) {
        read_file(&cfg, path);
        finish(&cfg);
        settle(&cfg, from);
    }
    return cfg.full ? -1 : 0;
}
