/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For fuzzers of boot entries: a file system of memory, a menu, and what has to hold of it whatever the files
 * are: texts end within the arena, pieces lie in their files, notes and memory are bounded, and the choice
 * comes to an end.
 */
#ifndef ZP_FUZZ_FW_ENTRIES_H
#define ZP_FUZZ_FW_ENTRIES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "fw_host.h"
#include "fw_tree.h"

#define ENTRIES_ARENA (512u << 10)

struct entries {
    struct fw_tree tree;
    struct fw_arena arena;
    struct fw_menu menu;
};

static unsigned entries_notes;

static void entries_hear(const char *line)
{
    (void)line;
    entries_notes++;
}

static void entries_insist(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "property broken: %s\n", what);
    abort();
}

static inline void entries_begin(struct entries *entries)
{
    entries->arena = (struct fw_arena){.bytes = malloc(ENTRIES_ARENA), .size = ENTRIES_ARENA};
    fw_tree_begin(&entries->tree, &entries->arena);
    fw_tree_text(&entries->tree, "/k", "kernel");
    entries_insist(fw_menu_begin(&entries->menu, &entries->arena) == 0, "memory");
    fw_host_hear = entries_hear;
    fw_host_forget();
    entries_notes = 0;
}

/* Strings of files are in the arena; those of the readers themselves are short. */
static inline void entries_text(const struct entries *entries, const char *text)
{
    const char *begin = (const char *)entries->arena.bytes, *end = begin + entries->arena.used;

    if (text && text >= begin && text < begin + entries->arena.size)
        entries_insist(text < end && strnlen(text, (size_t)(end - text)) < (size_t)(end - text), "texts end");
}

static inline void entries_check(const struct entries *entries, const struct fw_entry *entry, uint64_t size)
{
    const char *texts[] = {entry->id,      entry->file,       entry->title,        entry->sort_key,
                           entry->version, entry->machine_id, entry->architecture, entry->kernel,
                           entry->options, entry->devicetree, entry->efi};

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        entries_text(entries, texts[i]);
    entries_insist(entry->kernel && *entry->kernel == '/', "a kernel's path is absolute");
    entries_insist(entry->id && entry->fs == &entries->tree.fs, "an entry has a name and a file system");
    entries_insist(entry->initrd_count <= FW_INITRD_MAX, "initrds are bounded");
    entries_insist(entry->kernel_piece.offset + entry->kernel_piece.size <= size,
                   "the kernel lies in its file");
    for (size_t i = 0; i < entry->initrd_count; i++) {
        entries_text(entries, entry->initrds[i]);
        entries_insist(*entry->initrds[i] == '/', "an initrd's path is absolute");
        entries_insist(entry->initrd_pieces[i].offset + entry->initrd_pieces[i].size <= size,
                       "an initrd lies in its file");
    }
}

/* size: of the largest file that pieces can lie in. */
static inline void entries_end(struct entries *entries, uint64_t size)
{
    const char *why = NULL;

    entries_insist(entries->menu.count <= FW_ENTRY_MAX, "entries are bounded");
    for (size_t i = 0; i < entries->menu.count; i++)
        entries_check(entries, &entries->menu.entries[i], size);
    entries_insist(entries_notes < 300, "notes are bounded");
    for (size_t i = 0; i <= entries->menu.count; i++) {
        size_t chosen = fw_choose(&entries->menu, &why);

        entries_insist(why != NULL, "there is a reason");
        if (chosen == SIZE_MAX)
            break;
        entries_insist(i < entries->menu.count && chosen < entries->menu.count, "each is chosen once");
        entries_insist(!entries->menu.entries[chosen].failed, "nobody fails twice");
        entries_check(entries, &entries->menu.entries[chosen], size > 6 ? size : 6);
        entries->menu.entries[chosen].failed = true;
    }
    fw_tree_end(&entries->tree);
    free(entries->arena.bytes);
}

#endif
