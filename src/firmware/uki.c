/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unified kernel images: a kernel and what it boots with as sections of a PE. UAPI "Unified Kernel Image",
 * "UKI Components" and "Multi-Profile UKIs"; boot loader specification, "Type #2 EFI Unified Kernel Images";
 * of addons systemd-stub(7). Receives a file of any bytes; guarantees pieces that lie in it, and texts of
 * bounded length. A section has as many bytes as both its sizes allow (core, pe.c). Nothing of the EFI stub
 * in it runs.
 */
#include <zeropage/image.h>
#include <zeropage/wire/pe.h>

#include "../core/inspect.h"
#include "reading.h"

#define DIRECTORY    "/EFI/Linux"
#define ADDONS       "/loader/addons"
#define ADDONS_MAX   32u  /* of a folder */
#define ADDONS_ALL   512u /* of all images together: each is a file that takes time */
#define SUFFIX       4    /* ".efi" */
#define SECTIONS_MAX 256u
#define PROFILES_MAX 16u
#define CMDLINE_MAX  (64u << 10)
#define OSREL_MAX    (64u << 10)

enum part {
    LINUX,
    UCODE,
    INITRD,
    CMDLINE,
    OSREL,
    UNAME,
    PROFILE,
    PARTS,
};

static const char *const names[PARTS] = {".linux", ".ucode", ".initrd", ".cmdline",
                                         ".osrel", ".uname", ".profile"};

struct uki {
    struct fw_menu *menu;
    struct fw_file file;
    struct zp_source source;
    struct fw_piece parts[PARTS]; /* size 0: there is none */
    uint32_t profiles;
    const char *why; /* it cannot be used */
};

static int read_source(void *context, uint64_t offset, void *buffer, size_t length)
{
    return fw_read(context, offset, buffer, length);
}

/* The table of sections: where it is and how long. false: `why` says what is wrong. */
static bool find_table(struct uki *uki, uint64_t *ret_table, uint32_t *ret_count)
{
    struct zp_image_file_header header;
    uint64_t pe;

    uki->why = "cannot be read";
    if (zp_pe_find(&uki->source, &pe, NULL) != ZP_OK)
        return false;
    uki->why = "not a PE";
    if (pe == 0 || zp_pe_file_header(&uki->source, pe, &header, NULL) != ZP_OK)
        return false;
    uki->why = "for another machine";
    if (header.Machine != ZP_IMAGE_FILE_MACHINE_AMD64)
        return false;
    uki->why = "has too many sections";
    *ret_table = zp_pe_section_table(pe, &header);
    *ret_count = header.NumberOfSections;
    return header.NumberOfSections <= SECTIONS_MAX;
}

/*
 * A section counts that is of the base profile, before the first .profile, or of the one that is wanted; this
 * one's goes before the other's, and of several in one place the first.
 */
static bool take_section(struct uki *uki, const struct zp_pe_section *section, uint32_t wanted, bool *own)
{
    bool base = uki->profiles == 0;
    unsigned part = 0;

    while (part < PARTS && !fw_same(section->name, names[part]))
        part++;
    if (part == PROFILE) {
        uki->profiles++;
        base = false;
    }
    if (part == PARTS || section->size == 0 || (!base && uki->profiles != wanted + 1) || own[part] ||
        (base && uki->parts[part].size != 0))
        return true;
    if (zp_pe_section_fits(&uki->source, section, NULL) != ZP_OK) {
        uki->why = "a section of it lies outside of the file";
        return false;
    }
    uki->parts[part] = (struct fw_piece){section->offset, section->size};
    own[part] = !base;
    return true;
}

static bool find_parts(struct uki *uki, uint32_t wanted)
{
    bool own[PARTS] = {false};
    uint32_t count;
    uint64_t table;

    if (!find_table(uki, &table, &count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct zp_pe_section section;

        uki->why = "its table of sections is cut off";
        if (zp_pe_section_at(&uki->source, table + i * sizeof(struct zp_image_section_header), &section,
                             NULL) != ZP_OK ||
            !take_section(uki, &section, wanted, own))
            return false;
    }
    uki->why = NULL;
    return true;
}

/* A section as a text without space at its end; NULL: there is none (uki->why NULL), or it cannot be had. */
static char *read_text(struct uki *uki, enum part part, size_t max)
{
    const struct fw_piece *piece = &uki->parts[part];
    size_t length;
    char *text;

    uki->why = NULL;
    if (piece->size == 0)
        return NULL;
    uki->why = "a text in it is too long";
    if (piece->size > max)
        return NULL;
    uki->why = "no memory left for it";
    text = fw_arena_take(uki->menu->arena, (size_t)piece->size + 1);
    if (!text)
        return NULL;
    uki->why = "cannot be read";
    if (fw_read(&uki->file, piece->offset, text, (size_t)piece->size) != 0)
        return NULL;
    for (length = fw_length(text); length != 0 && fw_is_space(text[length - 1]); length--)
        text[length - 1] = '\0';
    uki->why = NULL;
    return text;
}

/* Takes quotes off in place: '...' as it is, in "..." and outside of it \ keeps the next byte. */
static char *unquote(char *text)
{
    char *to = text, *from = text, quote = '\0';

    for (; *from; from++) {
        if (*from == quote) {
            quote = '\0';
        } else if (!quote && (*from == '"' || *from == '\'')) {
            quote = *from;
        } else {
            if (*from == '\\' && quote != '\'' && from[1])
                from++;
            *to++ = *from;
        }
    }
    *to = '\0';
    return text;
}

static bool begins(const char *line, const char *key, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (line[i] != key[i])
            return false;
    return true;
}

/* The first of the keys, each ended by a space, that has a value; lines are cut already. */
static const char *value_of(char *lines, const char *end, const char *keys)
{
    while (*keys) {
        size_t length = 0;

        while (keys[length] != ' ')
            length++;
        for (char *line = lines; line < end; line += fw_length(line) + 1)
            if (begins(line, keys, length) && line[length] == '=' && line[length + 1])
                return line + length + 1;
        keys += length + 1;
    }
    return NULL;
}

/* Lines KEY=VALUE, cut and unquoted; *ret_end: their end. */
static void cut_lines(char *text, const char **ret_end)
{
    char *to = text, *line;

    while ((line = fw_cut_line(&text)) != NULL) {
        size_t length = fw_length(unquote(line)) + 1;

        memmove(to, line, length);
        to += length;
    }
    *ret_end = to;
}

static void prefer(const char **member, const char *value)
{
    if (!*member)
        *member = value;
}

/* What os-release(5) says of the system in it; an entry that says it itself has the last word. */
static void take_release(struct uki *uki, struct fw_entry *entry)
{
    char *lines = read_text(uki, OSREL, OSREL_MAX);
    const char *end = lines;

    if (uki->why)
        fw_note("%s: .osrel: %s", entry->kernel, uki->why);
    if (!lines)
        return;
    cut_lines(lines, &end);
    prefer(&entry->title, value_of(lines, end, "PRETTY_NAME IMAGE_ID NAME ID "));
    prefer(&entry->sort_key, value_of(lines, end, "IMAGE_ID ID "));
    prefer(&entry->version, value_of(lines, end, "IMAGE_VERSION VERSION_ID VERSION BUILD_ID "));
}

/* The title of a profile, behind that of the system. */
static void take_profile(struct uki *uki, struct fw_entry *entry)
{
    char *lines = read_text(uki, PROFILE, OSREL_MAX), *both;
    const char *end = lines, *title;

    if (!lines)
        return;
    cut_lines(lines, &end);
    title = value_of(lines, end, "TITLE ID ");
    both = title && entry->title ? fw_join(uki->menu->arena, entry->title, ", ", title) : NULL;
    if (title)
        entry->title = both ? both : title;
}

/* .ucode goes before all initrds, .initrd before those that the entry names itself. */
static bool take_initrds(struct uki *uki, struct fw_entry *entry)
{
    size_t more = (uki->parts[UCODE].size != 0) + (uki->parts[INITRD].size != 0), at = 0;

    uki->why = "has too many initrds";
    if (entry->initrd_count + more > FW_INITRD_MAX)
        return false;
    memmove(entry->initrds + more, entry->initrds, entry->initrd_count * sizeof(*entry->initrds));
    memmove(entry->initrd_pieces + more, entry->initrd_pieces,
            entry->initrd_count * sizeof(*entry->initrd_pieces));
    entry->initrd_count += more;
    for (enum part part = UCODE; part <= INITRD; part++)
        if (uki->parts[part].size != 0) {
            entry->initrds[at] = entry->kernel;
            entry->initrd_pieces[at++] = uki->parts[part];
        }
    return true;
}

static char *read_cmdline(struct uki *uki)
{
    char *cmdline = read_text(uki, CMDLINE, CMDLINE_MAX);

    for (char *byte = cmdline; byte && *byte; byte++)
        if ((unsigned char)*byte < ' ')
            *byte = ' '; /* a line's end would end the command line for some */
    return cmdline;
}

/* Opens a file and finds what there is of a profile in it. */
static bool open_parts(struct uki *uki, struct fw_fs *fs, const char *path, uint32_t profile)
{
    int opened = fw_open(fs, path, &uki->file);

    uki->why = opened < 0 ? "cannot be read" : "is not there";
    if (opened != 0 || uki->file.kind != FW_FILE)
        return false;
    uki->source = (struct zp_source){.size = uki->file.size, .read = read_source, .context = &uki->file};
    return find_parts(uki, profile);
}

/* The command line of an addon goes behind the entry's; not that of one for another kernel. */
static bool take_addon(struct uki *uki, struct fw_entry *entry, const char *path, const char *uname)
{
    struct uki addon = {.menu = uki->menu};
    const char *cmdline = NULL, *wanted;

    if (open_parts(&addon, entry->fs, path, 0)) {
        wanted = read_text(&addon, UNAME, 256);
        cmdline = wanted && uname && !fw_same(wanted, uname) ? NULL : read_cmdline(&addon);
    }
    if (addon.why && fw_menu_notes(uki->menu))
        fw_note("%s: %s", path, addon.why);
    if (cmdline)
        entry->options = entry->options ? fw_join(uki->menu->arena, entry->options, " ", cmdline) : cmdline;
    return !cmdline || entry->options;
}

/* Those of a folder, in the order of their names. */
static bool take_addons(struct uki *uki, struct fw_entry *entry, const char *directory, const char *uname)
{
    const char **files = fw_names(entry->fs, uki->menu->arena, directory, ".addon.efi"), *path;

    for (size_t i = 0; files && files[i]; i++) {
        for (size_t later = i + 1; files[later]; later++)
            if (fw_order(files[later], files[i]) < 0) {
                path = files[i];
                files[i] = files[later];
                files[later] = path;
            }
        if (i == ADDONS_MAX || uki->menu->addons == ADDONS_ALL) {
            if (fw_menu_notes(uki->menu))
                fw_note("%s: too many addons: the rest is left out", directory);
            break;
        }
        uki->menu->addons++;
        path = fw_join(uki->menu->arena, directory, "/", files[i]);
        if (!path || !take_addon(uki, entry, path, uname))
            return false;
    }
    return true;
}

static bool take_parts(struct uki *uki, struct fw_entry *entry)
{
    const char *cmdline = read_cmdline(uki), *uname, *own;

    if (uki->why)
        return false;
    prefer(&entry->options, cmdline);
    entry->kernel_piece = uki->parts[LINUX];
    take_release(uki, entry);
    take_profile(uki, entry);
    uname = read_text(uki, UNAME, 256);
    prefer(&entry->version, uname);
    /* Addons of all images, then those of this one, in a folder of its name without tries. */
    own = entry->source == FW_UKI ? fw_join(uki->menu->arena, DIRECTORY "/", entry->id, ".efi.extra.d")
                                  : fw_join(uki->menu->arena, entry->kernel, ".extra.d", "");
    uki->why = "no memory left for its addons";
    return own && take_addons(uki, entry, ADDONS, uname) && take_addons(uki, entry, own, uname) &&
           take_initrds(uki, entry);
}

uint32_t fw_uki_take(struct fw_menu *menu, struct fw_entry *entry, uint32_t profile, const char **ret_why)
{
    struct uki uki = {.menu = menu};
    bool found = open_parts(&uki, entry->fs, entry->kernel, profile);

    if (found && uki.parts[LINUX].size == 0)
        uki.why = "has no .linux section";
    if (!found || uki.parts[LINUX].size == 0 || !take_parts(&uki, entry)) {
        *ret_why = uki.why;
        return 0;
    }
    entry->profile = profile;
    return uki.profiles == 0 ? 1 : uki.profiles;
}

/* One file, with all its profiles. As of bls.c. */
static int read_file(struct fw_menu *menu, struct fw_fs *fs, const char *name)
{
    const char *path = fw_join(menu->arena, DIRECTORY, "/", name), *why = NULL;
    uint32_t profiles = 1;

    if (!path)
        return -1;
    for (uint32_t i = 0; i < profiles && i < PROFILES_MAX; i++) {
        struct fw_entry *entry = fw_menu_next(menu, fs, FW_UKI);

        if (!entry)
            return -1;
        entry->kernel = path;
        entry->file = name;
        entry->id =
            fw_keep(menu->arena, name, fw_tries_cut(name, SUFFIX, &entry->tries_left, &entry->tries_done));
        if (!entry->id)
            return -1;
        profiles = fw_uki_take(menu, entry, i, &why);
        if (profiles == 0) {
            if (fw_menu_notes(menu))
                fw_note("%s: %s", path, why);
            return 1;
        }
        prefer(&entry->title, entry->id);
        menu->count++;
    }
    return 0;
}

int fw_uki_read(struct fw_menu *menu, struct fw_fs *fs)
{
    const char **files = fw_names(fs, menu->arena, DIRECTORY, ".efi");
    size_t refused = 0;

    for (size_t i = 0; files && files[i] && refused < FW_REFUSED_MAX; i++) {
        int status = read_file(menu, fs, files[i]);

        if (status < 0)
            return menu->count == FW_ENTRY_MAX ? 0 : -1;
        refused += (size_t)status;
    }
    return 0;
}
