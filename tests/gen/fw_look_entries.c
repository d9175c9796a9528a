/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boot entries of file systems, in the order in which they would be booted: an object "entry" each, then
 * "settings" and "chosen".
 */
#include "fw_look.h"

#include <stdio.h>

#include "entry.h"

struct systems {
    struct fw_fs *systems;
    size_t count;
};

static struct fw_fs *find(void *context, const char *kind, const char *value)
{
    struct systems *all = context;

    for (size_t i = 0; i < all->count; i++)
        if (fw_fs_is(&all->systems[i], kind, value))
            return &all->systems[i];
    return NULL;
}

static void add_text(struct json_object *line, const char *key, const char *text)
{
    if (text)
        json_object_object_add(line, key, look_text(text));
}

static void add_piece(struct json_object *line, const char *key, struct fw_piece piece)
{
    struct json_object *pair = json_object_new_array();

    json_object_array_add(pair, json_object_new_uint64(piece.offset));
    json_object_array_add(pair, json_object_new_uint64(piece.size));
    json_object_object_add(line, key, pair);
}

static struct json_object *look_entry(const struct fw_entry *entry, const struct fw_fs *systems)
{
    static const char *const sources[] = {[FW_BLS1] = "bls",
                                          [FW_UKI] = "uki",
                                          [FW_EXTLINUX] = "extlinux",
                                          [FW_GRUB] = "grub",
                                          [FW_UNIVERSAL] = "universal",
                                          [FW_PATH] = "path"};
    struct json_object *line = json_object_new_object(), *initrds = json_object_new_array();

    json_object_object_add(line, "entry", look_text(entry->id ? entry->id : ""));
    add_text(line, "source", sources[entry->source]);
    json_object_object_add(line, "system", json_object_new_uint64((uint64_t)(entry->fs - systems)));
    add_text(line, "file", entry->file);
    add_text(line, "title", entry->title);
    add_text(line, "sort-key", entry->sort_key);
    add_text(line, "version", entry->version);
    add_text(line, "machine-id", entry->machine_id);
    add_text(line, "kernel", entry->kernel);
    add_piece(line, "kernel-piece", entry->kernel_piece);
    for (size_t i = 0; i < entry->initrd_count; i++) {
        struct json_object *initrd = json_object_new_object();

        add_text(initrd, "path", entry->initrds[i]);
        add_piece(initrd, "piece", entry->initrd_pieces[i]);
        json_object_array_add(initrds, initrd);
    }
    json_object_object_add(line, "initrds", initrds);
    add_text(line, "options", entry->options);
    json_object_object_add(line, "profile", json_object_new_uint64(entry->profile));
    json_object_object_add(line, "left", json_object_new_int(entry->tries_left));
    json_object_object_add(line, "done", json_object_new_int(entry->tries_done));
    json_object_object_add(line, "default", json_object_new_boolean(entry->is_default));
    json_object_object_add(line, "failed", json_object_new_boolean(entry->failed));
    return line;
}

void look_entries(struct fw_fs *systems, size_t count, struct fw_arena *arena)
{
    struct systems all = {systems, count};
    struct fw_lookup lookup = {.find = find, .context = &all};
    const char *why = "there is no memory left";
    struct json_object *line;
    size_t chosen = SIZE_MAX;
    struct fw_menu menu;
    int full = fw_menu_begin(&menu, arena);

    for (size_t i = 0; i < count && full == 0; i++) {
        full |= fw_bls_read(&menu, &systems[i]);
        full |= fw_uki_read(&menu, &systems[i]);
        full |= fw_extlinux_read(&menu, &systems[i]);
        full |= fw_grub_read(&menu, &systems[i], &lookup);
    }
    if (menu.entries)
        chosen = fw_choose(&menu, &why);
    for (size_t i = 0; i < menu.count; i++)
        look_line(look_entry(&menu.entries[i], systems));
    line = json_object_new_object();
    json_object_object_add(line, "settings", json_object_new_boolean(full == 0));
    if (full == 0 && menu.settings && menu.settings->has_timeout)
        json_object_object_add(line, "timeout", json_object_new_uint64(menu.settings->timeout));
    look_line(line);
    line = json_object_new_object();
    json_object_object_add(
        line, "chosen",
        chosen == SIZE_MAX ? NULL : look_text(menu.entries[chosen].id ? menu.entries[chosen].id : ""));
    json_object_object_add(line, "index", json_object_new_int64(chosen == SIZE_MAX ? -1 : (int64_t)chosen));
    add_text(line, "why", why);
    look_line(line);
}
