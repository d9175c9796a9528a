/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which entry is booted, and why. Receives the entries of all file systems; guarantees their order, by
 * "Sorting" of the UAPI boot loader specification (what it does not know follows in the order of its files),
 * and that the chosen one's kernel and initrds are there. An entry that is not whole is passed over with a
 * note; the next one is tried.
 */
#include "reading.h"

/* Entries of equal ranks belong together: what the command line names, then what is written for any loader.
 */
static unsigned rank(const struct fw_entry *entry)
{
    static const unsigned char ranks[] = {
        [FW_PATH] = 0, [FW_BLS1] = 1, [FW_UKI] = 1, [FW_EXTLINUX] = 2, [FW_GRUB] = 3, [FW_UNIVERSAL] = 4};

    return ranks[entry->source];
}

static bool is_bad(const struct fw_entry *entry)
{
    return entry->tries_left == 0;
}

static int by_keys(const struct fw_entry *a, const struct fw_entry *b)
{
    bool a_key = a->sort_key && *a->sort_key, b_key = b->sort_key && *b->sort_key;
    int order;

    if (a_key != b_key)
        return a_key ? -1 : 1;
    if (!a_key)
        return 0;
    order = fw_order(a->sort_key, b->sort_key);
    if (order == 0)
        order = fw_order(a->machine_id, b->machine_id);
    return order ? order : fw_version_compare(b->version ? b->version : "", a->version ? a->version : "");
}

int fw_entry_compare(const struct fw_entry *a, const struct fw_entry *b)
{
    int order = is_bad(a) - is_bad(b);

    if (order == 0)
        order = (int)rank(a) - (int)rank(b);
    if (order != 0 || rank(a) != 1)
        return order;
    order = by_keys(a, b);
    if (order == 0)
        order = fw_version_compare(b->id, a->id);
    if (order == 0)
        order = (int)a->profile - (int)b->profile;
    if (order == 0)
        order = b->tries_left - a->tries_left;
    return order ? order : a->tries_done - b->tries_done;
}

/* Few, and mostly in order: by insertion, equal ones stay as they were. */
static void sort(struct fw_menu *menu)
{
    struct fw_entry *spare = &menu->entries[FW_ENTRY_MAX]; /* fw_menu_begin took one more */

    for (size_t i = 1; i < menu->count; i++) {
        size_t at = i;

        while (at != 0 && fw_entry_compare(&menu->entries[i], &menu->entries[at - 1]) < 0)
            at--;
        if (at == i)
            continue;
        *spare = menu->entries[i];
        memmove(&menu->entries[at + 1], &menu->entries[at], (i - at) * sizeof(*spare));
        menu->entries[at] = *spare;
    }
}

/* Names of an entry that a pattern may mean: its id, and its file's name without tries. */
static bool is_meant(const struct fw_menu *menu, const struct fw_entry *entry, const char *pattern)
{
    const char *suffix = entry->source == FW_BLS1 ? ".conf" : ".efi";
    char profile[] = "@0\0";
    size_t used = menu->arena->used;
    const char *file;
    bool meant;

    if (rank(entry) != 1)
        return false;
    if (entry->profile == 0 && fw_glob(pattern, entry->id))
        return true;
    if (entry->profile >= 10)
        profile[2] = (char)('0' + entry->profile % 10);
    profile[1] = (char)('0' + (entry->profile >= 10 ? entry->profile / 10 : entry->profile));
    file = fw_join(menu->arena, entry->id, suffix, entry->profile ? profile : "");
    meant = file && fw_glob(pattern, file);
    menu->arena->used = used;
    return meant;
}

/* Of the disk whose loader.conf has the pattern. */
static size_t find_meant(const struct fw_menu *menu, const struct fw_disk *disk, const char *pattern,
                         bool bad_too)
{
    for (size_t i = 0; pattern && i < menu->count; i++) {
        const struct fw_entry *entry = &menu->entries[i];

        if (!entry->failed && entry->fs && entry->fs->volume.disk == disk && (bad_too || !is_bad(entry)) &&
            is_meant(menu, entry, pattern))
            return i;
    }
    return SIZE_MAX;
}

/* The first that is left; or the default of the configuration that it is from. */
static size_t find_first(const struct fw_menu *menu, const char **ret_why)
{
    const struct fw_entry *entries = menu->entries;
    size_t first = 0;

    while (first < menu->count && entries[first].failed)
        first++;
    if (first == menu->count)
        return SIZE_MAX;
    for (size_t i = first; i < menu->count; i++)
        if (entries[i].is_default && !entries[i].failed && is_bad(&entries[i]) == is_bad(&entries[first]) &&
            rank(&entries[i]) == rank(&entries[first]) &&
            (rank(&entries[i]) == 1 || entries[i].fs == entries[first].fs)) {
            *ret_why = "the default of its configuration";
            return i;
        }
    *ret_why = is_bad(&entries[first])      ? "nothing else is left, its tries are spent"
               : rank(&entries[first]) == 0 ? "named on the command line"
               : first != 0                 ? "the first that is left"
                                            : "the first of all entries";
    return first;
}

static size_t pick(const struct fw_menu *menu, const char **ret_why)
{
    size_t found;

    if (menu->count != 0 && rank(&menu->entries[0]) == 0 && !menu->entries[0].failed)
        return find_first(menu, ret_why);
    for (const struct fw_settings *of = menu->settings; of; of = of->next) {
        *ret_why = "preferred by loader.conf";
        found = find_meant(menu, of->disk, of->preferred, false);
        if (found != SIZE_MAX)
            return found;
        *ret_why = "the default of loader.conf";
        found = find_meant(menu, of->disk, of->default_entry, true);
        if (found != SIZE_MAX)
            return found;
    }
    return find_first(menu, ret_why);
}

bool fw_entry_is_whole(struct fw_menu *menu, struct fw_entry *entry)
{
    const char *missing = NULL, *why = NULL;

    if (!entry->fs)
        return true; /* whoever made it knows */
    if (!entry->kernel || !fw_is_file(entry->fs, entry->kernel))
        missing = entry->kernel ? entry->kernel : "a kernel";
    for (size_t i = 0; i < entry->initrd_count && !missing; i++)
        if (entry->initrd_pieces[i].size == 0 && !fw_is_file(entry->fs, entry->initrds[i]))
            missing = entry->initrds[i];
    if (missing) {
        fw_note("%s: %s is not there", entry->id ? entry->id : "entry", missing);
        return false;
    }
    /* A kernel is a PE mostly; one with a .linux section is a UKI, whoever names it. */
    if (entry->kernel_piece.size != 0 || fw_uki_take(menu, entry, 0, &why) != 0 ||
        entry->kernel_piece.size == 0)
        return true;
    fw_note("%s: %s: %s", entry->id ? entry->id : "entry", entry->kernel, why);
    return false;
}

size_t fw_choose(struct fw_menu *menu, const char **ret_why)
{
    size_t chosen;

    sort(menu);
    while ((chosen = pick(menu, ret_why)) != SIZE_MAX) {
        if (fw_entry_is_whole(menu, &menu->entries[chosen]))
            return chosen;
        menu->entries[chosen].failed = true;
    }
    *ret_why = "there is nothing to boot";
    return SIZE_MAX;
}
