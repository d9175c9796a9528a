/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The search for something to boot. Receives disks, one after the other, and a command line; guarantees a
 * menu in which each entry names a file system that is mounted. A disk, partition or file that is not as it
 * should be costs a line and is passed over.
 */
#include "search.h"

#include "../core/checked.h"
#include "partition.h"
#include "reading.h"
#include "universal.h"

static const char kernel_word[] = "zeropage.kernel=";
static const char initrd_word[] = "zeropage.initrd=";

/* Of the memory that is left, to one file system: half for what it is, a quarter for what it says. */
#define MOUNT_PARTS 2u
#define READ_PARTS  4u

struct word {
    const char *text; /* quotes and all */
    size_t length;
};

/* The next word from *at on; quoted ones may hold spaces. false: there is none. */
static bool next_word(const char **at, struct word *ret)
{
    bool quoted = false;

    while (fw_is_space(**at))
        ++*at;
    ret->text = *at;
    for (; **at && (quoted || !fw_is_space(**at)); ++*at)
        quoted ^= **at == '"';
    ret->length = (size_t)(*at - ret->text);
    return ret->length != 0;
}

/* What follows the name in a word that begins with it, be it behind a quote; NULL: another word. */
static const char *value_of(const struct word *word, const char *name)
{
    const char *text = word->text + (*word->text == '"');

    while (*name)
        if (*text++ != *name++)
            return NULL;
    return text;
}

/* The words that are not ours, with a space between. */
static char *others(struct fw_arena *arena, const char *cmdline)
{
    char *words = fw_arena_take(arena, fw_length(cmdline) + 1);
    struct word word;
    size_t used = 0;

    while (words && next_word(&cmdline, &word)) {
        if (value_of(&word, kernel_word) || value_of(&word, initrd_word))
            continue;
        if (used)
            words[used++] = ' ';
        memcpy(words + used, word.text, word.length);
        used += word.length;
    }
    return words;
}

int fw_search_begin(struct fw_search *ret_search, struct fw_arena *arena, const char *cmdline,
                    fw_is_image *is_kernel)
{
    struct fw_search search = {.arena = arena, .is_kernel = is_kernel};

    search.systems = fw_arena_take(arena, FW_SYSTEM_MAX * sizeof(*search.systems));
    search.bare = fw_arena_take(arena, FW_BARE_MAX * sizeof(*search.bare));
    search.words = others(arena, cmdline);
    if (!search.systems || !search.bare || !search.words || fw_menu_begin(&search.menu, arena) != 0)
        return -1;
    *ret_search = search;
    return 0;
}

/*
 * Nobody may take more than a part of the memory that is left, lest a disk leave none to those behind it: so
 * much may be taken from here on. Returns what the arena's size was.
 */
static size_t limit(struct fw_arena *arena, size_t parts)
{
    size_t size = arena->size;

    arena->size = arena->used + (size - arena->used) / parts;
    return size;
}

static void add_bare(struct fw_search *search, const struct fw_volume *volume)
{
    if (search->bare_count < FW_BARE_MAX)
        search->bare[search->bare_count++] = volume;
    else
        fw_note("%s, partition %d: one too many without a file system", volume->disk->name,
                (uint64_t)volume->number);
}

/* A disk with an MBR, as a whole: at once, if it begins as packed files do; else when nothing else boots. */
static bool add_packed(struct fw_search *search, const struct fw_disk *disk, struct fw_volume *whole)
{
    char magic[2];

    /* A disk with volumes has a size in bytes. */
    *whole = (struct fw_volume){.disk = disk, .size = disk->sectors * disk->sector_size};
    if (fw_volume_read(whole, 0, magic, sizeof(magic)) == 0 &&
        (memcmp(magic, "MZ", 2) == 0 || memcmp(magic, "\177E", 2) == 0) &&
        fw_universal_volume(&search->menu, whole, search->is_kernel))
        return true;
    add_bare(search, whole);
    return false;
}

int fw_search_disk(struct fw_search *search, const struct fw_disk *disk)
{
    struct fw_volume *volumes = fw_arena_take(search->arena, (FW_VOLUME_MAX + 1) * sizeof(*volumes));
    size_t count;

    if (!volumes)
        return -1;
    count = fw_partitions(disk, search->arena, volumes, FW_VOLUME_MAX);
    search->arena->used -= (FW_VOLUME_MAX - count) * sizeof(*volumes);
    if (count != 0 && !volumes[0].gpt && volumes[count - 1].number != 0 &&
        add_packed(search, disk, &volumes[count]))
        return 0;
    for (size_t i = 0; i < count; i++) {
        size_t size;

        if (search->system_count == FW_SYSTEM_MAX) {
            fw_note("%s: more than %d file systems: the others are not looked at", disk->name,
                    (uint64_t)FW_SYSTEM_MAX);
            break;
        }
        size = limit(search->arena, MOUNT_PARTS);
        if (fw_mount(&volumes[i], search->arena, &search->systems[search->system_count]) == 0)
            search->system_count++;
        else
            add_bare(search, &volumes[i]);
        search->arena->size = size;
    }
    return 0;
}

static struct fw_fs *find(void *context, const char *kind, const char *value)
{
    struct fw_search *search = context;

    for (size_t i = 0; i < search->system_count; i++)
        if (fw_fs_is(&search->systems[i], kind, value))
            return &search->systems[i];
    return NULL;
}

/* The next word of ours from *at on: its value, kept without quotes. */
static const char *next_value(struct fw_search *search, const char **at, const char *name)
{
    struct word word;

    while (next_word(at, &word)) {
        const char *value = value_of(&word, name);
        char *kept, *to;

        if (!value)
            continue;
        kept = to = fw_keep(search->arena, value, (size_t)(*at - value));
        for (const char *from = kept; from && *from; from++)
            if (*from != '"')
                *to++ = *from;
        if (kept)
            *to = '\0';
        return kept;
    }
    return NULL;
}

/* What the command line names, as an entry that goes before all others. */
static void add_named(struct fw_search *search, const char *cmdline)
{
    const char *at = cmdline, *path = next_value(search, &at, kernel_word), *initrd;
    struct fw_fs *fs = path ? find(search, "file", path) : NULL;
    struct fw_entry *entry;

    if (!path) {
        if (next_value(search, &cmdline, initrd_word))
            fw_note("%s: of no use without %s", initrd_word, kernel_word);
        return;
    }
    if (next_value(search, &at, kernel_word))
        fw_note("%s%s: the first of several: only it is booted", kernel_word, path);
    if (!fs) {
        fw_note("%s%s: no file system has it", kernel_word, path);
        return;
    }
    entry = fw_menu_next(&search->menu, fs, FW_PATH);
    if (!entry)
        return;
    entry->id = entry->title = entry->kernel = path;
    for (at = cmdline; (initrd = next_value(search, &at, initrd_word)) != NULL;)
        if (!fw_entry_initrd(&search->menu, entry, initrd, "zeropage.initrd"))
            return;
    search->menu.count++;
}

void fw_search_done(struct fw_search *search, const char *cmdline)
{
    const struct fw_lookup lookup = {.find = find, .context = search};

    add_named(search, cmdline);
    for (size_t i = 0; i < search->system_count; i++) {
        struct fw_fs *fs = &search->systems[i];
        size_t size = limit(search->arena, READ_PARTS);
        int full = fw_bls_read(&search->menu, fs);

        full |= fw_uki_read(&search->menu, fs);
        full |= fw_extlinux_read(&search->menu, fs);
        full |= fw_grub_read(&search->menu, fs, &lookup);
        search->arena->size = size;
        if (full)
            fw_note("%s, partition %d: its configuration takes too much memory: the rest is left out",
                    fs->volume.disk->name, (uint64_t)fs->volume.number);
    }
}

void fw_search_images(struct fw_search *search)
{
    for (size_t i = 0; i < search->bare_count; i++)
        fw_universal_volume(&search->menu, search->bare[i], search->is_kernel);
}

void fw_search_programs(struct fw_search *search)
{
    for (size_t i = 0; i < search->system_count; i++)
        fw_universal_files(&search->menu, &search->systems[i], search->is_kernel);
}

const char *fw_search_options(struct fw_search *search, const struct fw_entry *entry)
{
    const char *own = entry && entry->options ? entry->options : "";

    return fw_join(search->arena, own, *own && *search->words ? " " : "", search->words);
}

static int read_file(void *context, uint64_t offset, void *buffer, size_t length)
{
    struct fw_file_source *from = context;

    return zp_fits(offset, length, from->source.size)
               ? fw_read(&from->file, from->offset + offset, buffer, length)
               : -1;
}

int fw_file_source(struct fw_fs *fs, const char *path, struct fw_piece piece, struct fw_file_source *ret)
{
    if (fw_open(fs, path, &ret->file) != 0 || ret->file.kind != FW_FILE) {
        fw_note("%s: cannot be opened", path);
        return -1;
    }
    if (!zp_fits(piece.offset, piece.size, ret->file.size)) {
        fw_note("%s: has 0x%x bytes, and 0x%x from 0x%x on are wanted", path, ret->file.size, piece.size,
                piece.offset);
        return -1;
    }
    ret->offset = piece.offset;
    ret->source.size = piece.size ? piece.size : ret->file.size - piece.offset;
    ret->source.read = read_file;
    ret->source.context = ret;
    return 0;
}
