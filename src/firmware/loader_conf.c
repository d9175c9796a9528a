/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loader/loader.conf of systemd-boot: which entry is booted and whether a menu waits. Receives a file of any
 * bytes; guarantees that a setting is as loader.conf(5) says, or stays as it was. What concerns screens,
 * EFI variables and keys to enrol is not for us.
 */
#include "reading.h"

#define CONF "/loader/loader.conf"

static bool read_boolean(const char *text, bool *ret)
{
    static const char *const words[] = {"no", "yes", "n",   "y",  "false", "true",
                                        "f",  "t",   "off", "on", "0",     "1"};

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (fw_same(text, words[i])) {
            *ret = i & 1;
            return true;
        }
    return false;
}

static bool set_timeout(struct fw_settings *settings, const struct fw_fs *fs, const char *text)
{
    uint32_t seconds = 0;
    bool force = fw_same(text, "menu-force");

    if (!force && !fw_same(text, "menu-hidden") && !fw_same(text, "menu-disabled") &&
        !fw_decimal(text, &seconds))
        return false;
    if (!settings->by_loader_conf) {
        settings->has_timeout = settings->by_loader_conf = true;
        settings->timeout_disk = fs->volume.disk;
        settings->timeout = force ? UINT32_MAX : seconds;
        settings->menu |= force;
    }
    return true;
}

/* false: the value is none for this key. A pattern with '@' names an EFI variable, which nobody has set. */
static bool set(struct fw_settings *settings, const struct fw_fs *fs, const char *key, const char *value)
{
    bool editor = true;

    if (fw_same(key, "timeout"))
        return set_timeout(settings, fs, value);
    if (fw_same(key, "default") && *value != '@' && !settings->default_entry)
        settings->default_entry = value;
    if (fw_same(key, "preferred") && *value != '@' && !settings->preferred)
        settings->preferred = value;
    if (fw_same(key, "editor")) {
        if (!read_boolean(value, &editor))
            return false;
        settings->editor_off |= !editor;
    }
    return true;
}

int fw_loader_conf_read(struct fw_menu *menu, struct fw_fs *fs)
{
    char *at = fw_slurp_text(fs, menu->arena, CONF, FW_BLS_MAX), *line;
    uint64_t number = 0;

    if (!at)
        return 0;
    while ((line = fw_cut_line(&at)) != NULL) {
        const char *key;

        number++;
        if (*line == '#' || !*line)
            continue;
        key = fw_cut_word(&line);
        if (*line && !set(&menu->settings, fs, key, line) && fw_menu_notes(menu))
            fw_note("%s:%u: %s cannot be %s", CONF, number, key, line);
    }
    return 0;
}
