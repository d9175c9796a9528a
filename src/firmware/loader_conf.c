/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loader/loader.conf of systemd-boot: which entry is booted and whether a menu waits. Receives a file of any
 * bytes; guarantees that a setting is as loader.conf(5) says, or stays as it was. What concerns screens,
 * EFI variables, editing and keys to enrol is not for us.
 */
#include "reading.h"

#define CONF "/loader/loader.conf"

/* Those of the disk, empty when nothing was said of it so far; NULL: the arena is full. */
static struct fw_settings *settings_of(struct fw_menu *menu, const struct fw_disk *disk)
{
    struct fw_settings **at = &menu->settings;

    while (*at && (*at)->disk != disk)
        at = &(*at)->next;
    if (!*at) {
        *at = fw_arena_take(menu->arena, sizeof(**at));
        if (*at)
            **at = (struct fw_settings){.disk = disk};
    }
    return *at;
}

static bool set_timeout(struct fw_settings *settings, const char *text)
{
    uint32_t seconds = 0;
    bool force = fw_same(text, "menu-force");

    if (!force && !fw_same(text, "menu-hidden") && !fw_same(text, "menu-disabled") &&
        !fw_decimal(text, &seconds))
        return false;
    if (!settings->has_timeout)
        settings->timeout = force ? UINT32_MAX : seconds;
    settings->has_timeout = true;
    return true;
}

/* false: the value is none for this key. A pattern with '@' names an EFI variable, which nobody has set. */
static bool set(struct fw_settings *settings, const char *key, const char *value)
{
    if (fw_same(key, "timeout"))
        return set_timeout(settings, value);
    if (fw_same(key, "default") && *value != '@' && !settings->default_entry)
        settings->default_entry = value;
    if (fw_same(key, "preferred") && *value != '@' && !settings->preferred)
        settings->preferred = value;
    return true;
}

int fw_loader_conf_read(struct fw_menu *menu, struct fw_fs *fs)
{
    char *at = fw_slurp_text(fs, menu->arena, CONF, FW_BLS_MAX), *line;
    struct fw_settings *settings;
    uint64_t number = 0;

    if (!at)
        return 0;
    settings = settings_of(menu, fs->volume.disk);
    if (!settings)
        return -1;
    while ((line = fw_cut_line(&at)) != NULL) {
        const char *key;

        number++;
        if (*line == '#' || !*line)
            continue;
        key = fw_cut_word(&line);
        if (*line && !set(settings, key, line) && fw_menu_notes(menu))
            fw_note("%s:%u: %s cannot be %s", CONF, number, key, line);
    }
    return 0;
}
