/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole search: a command line, two file systems and disks. The input is cut at bytes of
 * 0xff: the command line, then for each file its path, which begins with a letter for its file system, and
 * its contents; with the letter d the contents are a disk. Asserted: notes and entries are bounded, texts end
 * within the arena, each entry is chosen once, and what was chosen can be read to its end.
 */
#include "../src/core/seam.h"
#include "fw_entries.h"
#include "partition.h"
#include "search.h"

#define FILES_MAX 24
#define DISKS_MAX 4
#define SECTOR    512u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct state {
    struct entries entries; /* its tree is the first file system */
    struct fw_tree second;
    struct fw_search search;
    struct fw_host_disk disks[DISKS_MAX];
    size_t disk_count;
};

/* The next part; its end is *data + *size of the rest. */
static const uint8_t *cut(const uint8_t **data, size_t *size, size_t *ret_length)
{
    const uint8_t *part = *data, *end = *size ? memchr(part, 0xff, *size) : NULL;

    *ret_length = end ? (size_t)(end - part) : *size;
    *size -= *ret_length + (end != NULL);
    *data += *ret_length + (end != NULL);
    return part;
}

static bool is_kernel(const struct zp_source *source)
{
    char first;

    return source->size != 0 && source->read(source->context, 0, &first, 1) == 0 &&
           (first == 'K' || first == 'M');
}

static bool is_path(const char *path)
{
    return path[0] == '/' && path[1] && !strstr(path, "//") && !strstr(path, "/./") &&
           !strstr(path, "/../") && path[strlen(path) - 1] != '/' && path[strlen(path) - 1] != '.';
}

static void add(struct state *state, const char *name, const uint8_t *bytes, size_t size)
{
    if (*name == 'd' && state->disk_count < DISKS_MAX && size >= SECTOR)
        fw_host_memory(&state->disks[state->disk_count++], bytes, size, SECTOR);
    else if ((*name == 'a' || *name == 'b') && is_path(name + 1))
        fw_tree_add(*name == 'a' ? &state->entries.tree : &state->second, name + 1, bytes, size);
}

/* All that was chosen is there, and lies where it is said to. */
static void use(struct state *state, const struct fw_entry *entry)
{
    const char *options = fw_search_options(&state->search, entry);
    struct fw_file_source source;
    char last;

    entries_insist(entry->kernel && entry->fs && entry->id,
                   "an entry has a name, a kernel and a file system");
    entries_insist(entry->initrd_count <= FW_INITRD_MAX, "initrds are bounded");
    if (options)
        entries_text(&state->entries, options);
    for (size_t i = 0; i <= entry->initrd_count; i++) {
        const char *path = i ? entry->initrds[i - 1] : entry->kernel;
        struct fw_piece piece = i ? entry->initrd_pieces[i - 1] : entry->kernel_piece;

        entries_insist(fw_file_source(entry->fs, path, piece, &source) == 0, "what is chosen is there");
        if (source.source.size != 0)
            source.source.read(source.source.context, source.source.size - 1, &last, 1);
        entries_insist(source.source.read(source.source.context, source.source.size, &last, 1) != 0,
                       "nothing is behind the end");
    }
}

static void boot_all(struct state *state)
{
    struct fw_menu *menu = &state->search.menu;
    const char *why = NULL;
    size_t chosen, count = 0;

    while ((chosen = fw_choose(menu, &why)) != SIZE_MAX) {
        entries_insist(++count <= FW_ENTRY_MAX && chosen < menu->count, "each is chosen once");
        entries_insist(!menu->entries[chosen].failed, "nobody fails twice");
        use(state, &menu->entries[chosen]);
        menu->entries[chosen].failed = true;
    }
    entries_insist(menu->count <= FW_ENTRY_MAX && why, "entries are bounded, and there is a reason");
}

static void search(struct state *state, const char *cmdline)
{
    struct fw_search *search = &state->search;

    if (fw_search_begin(search, &state->entries.arena, cmdline, is_kernel) != 0)
        return;
    for (size_t i = 0; i < state->disk_count; i++)
        fw_search_disk(search, &state->disks[i].disk);
    search->systems[search->system_count] = state->entries.tree.fs;
    search->systems[search->system_count++].volume.disk = &state->disks[0].disk;
    search->systems[search->system_count] = state->second.fs;
    search->systems[search->system_count++].volume.disk = &state->disks[1].disk;
    fw_search_done(search, cmdline);
    boot_all(state);
    fw_search_images(search);
    boot_all(state);
    fw_search_programs(search);
    boot_all(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct state state;
    char cmdline[1024], name[1024];
    size_t length;
    const uint8_t *part = cut(&data, &size, &length);

    memset(&state, 0, sizeof(state));
    entries_begin(&state.entries);
    fw_tree_begin(&state.second, &state.entries.arena);
    fw_tree_text(&state.second, "/k", "Kernel");
    snprintf(cmdline, sizeof(cmdline), "%.*s", (int)(length < 1000 ? length : 1000), (const char *)part);
    for (unsigned i = 0; i < FILES_MAX && size != 0; i++) {
        part = cut(&data, &size, &length);
        snprintf(name, sizeof(name), "%.*s", (int)(length < 1000 ? length : 1000), (const char *)part);
        part = cut(&data, &size, &length);
        add(&state, name, part, length);
    }
    search(&state, cmdline);
    entries_insist(entries_notes < 600, "notes are bounded");
    fw_tree_end(&state.second);
    fw_tree_end(&state.entries.tree);
    free(state.entries.arena.bytes);
    return 0;
}
