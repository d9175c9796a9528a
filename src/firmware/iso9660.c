/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ISO 9660 with the names of Rock Ridge, else of Joliet, else its own. Receives a volume whose every byte may
 * lie; guarantees that an extent lies in the volume, that a directory ends after 4 MiB, a chain of continued
 * system use after 8 areas, a file after 64 extents, and that names are UTF-8 without control characters or
 * slashes. ECMA-119, 8.4 and 9.1; SUSP 1.12, 5; RRIP 1.12, 4.1.
 */
#include "../core/checked.h"
#include "bytes.h"
#include "fs.h"
#include "name.h"

#define SECTOR         2048u
#define DESCRIPTORS    16u /* the first sector with one, */
#define DESCRIPTOR_MAX 16u /* and how many we look at */
#define DIRECTORY_MAX  (4u << 20)
#define AREAS_MAX      8u
#define DEPTH_MAX      64u /* names in a path */
#define NAME_MAX       255u
#define LINKS_MAX      16u
#define EXTENTS_MAX    64u /* of a file */

/* Offsets in a volume descriptor. */
#define VD_TYPE     0u
#define VD_LABEL    40u
#define VD_ESCAPES  88u
#define VD_BLOCK    128u
#define VD_ROOT     156u
#define VD_CREATED  813u
#define VD_MODIFIED 830u

#define LABEL_SIZE 32u
#define DATE_SIZE  16u /* digits, without the zone */

#define TYPE_PRIMARY       1u
#define TYPE_SUPPLEMENTARY 2u
#define TYPE_LAST          255u

/* Offsets in a directory record. */
#define RECORD_ATTRIBUTES 1u /* blocks before the data */
#define RECORD_EXTENT     2u
#define RECORD_SIZE       10u
#define RECORD_FLAGS      25u
#define RECORD_UNIT       26u
#define RECORD_NAME_SIZE  32u
#define RECORD_NAME       33u

#define FLAG_DIRECTORY  0x02u
#define FLAG_ASSOCIATED 0x04u
#define FLAG_MORE       0x80u

#define SL_CURRENT 0x02u /* flags of a component: */
#define SL_PARENT  0x04u
#define SL_ROOT    0x08u
#define SL_MORE    0x01u /* the next one is of the same name */

#define PX_TYPE      0xf000u
#define PX_FILE      0x8000u
#define PX_DIRECTORY 0x4000u

enum spelling {
    PLAIN,
    JOLIET,
    ROCK_RIDGE
};

enum {
    NODE_START, /* of a file of several extents: of its directory */
    NODE_SIZE,
    NODE_EXTENTS, /* 0: one; else so many, and */
    NODE_POSITION /* where in the directory the first one's record is */
};

/* The sector that was read last. */
struct window {
    uint64_t start;
    bool valid;
    unsigned char bytes[SECTOR];
};

struct iso {
    uint32_t block;
    enum spelling spelling;
    unsigned skip; /* of each system use area */
    unsigned char root[34];
    struct window directory, more;
    char path[FW_PATH_MAX]; /* that is being opened: what is left of it */
    char link[FW_NAME_MAX]; /* of the last entry: where it leads; "": it is no link */
    size_t link_size;
    bool link_open; /* the next component needs no slash before it */
};

struct entry {
    char name[FW_NAME_MAX];
    unsigned char record[256];
    enum fw_kind kind;
    uint64_t position; /* in the directory, of what comes next */
    uint64_t first;    /* and of the file's first record, */
    uint64_t extents;  /* of so many, */
    uint64_t size;     /* and all their bytes */
};

static int refuse(const struct fw_fs *fs, const char *why, uint64_t value)
{
    fw_note("%s, partition %u: ISO 9660: %s (%u)", fs->volume.disk->name, (uint64_t)fs->volume.number, why,
            value);
    return -1;
}

/* All of the sector from offset on; NULL: not to be read. */
static const unsigned char *see(const struct fw_fs *fs, struct window *window, uint64_t offset)
{
    uint64_t start = zp_align_down(offset, SECTOR);

    if (!window->valid || window->start != start) {
        window->start = start;
        window->valid = fw_volume_read(&fs->volume, start, window->bytes, SECTOR) == 0;
    }
    return window->valid ? window->bytes + (offset - start) : NULL;
}

/* --- Rock Ridge --------------------------------------------------------------------------------------- */

struct use {
    const unsigned char *at;
    size_t size;
    uint64_t next; /* where it goes on; size 0: nowhere */
    size_t next_size;
};

/* The next field of system use into *ret, and its size; 0: there is none. */
static size_t next_field(struct use *use, const unsigned char **ret)
{
    size_t size;

    if (use->size < 4)
        return 0;
    size = use->at[2];
    if (size < 4 || size > use->size || (use->at[0] == 'S' && use->at[1] == 'T'))
        return 0;
    *ret = use->at;
    use->at += size;
    use->size -= size;
    return size;
}

static bool is_field(const unsigned char *field, const char *name)
{
    return field[0] == name[0] && field[1] == name[1];
}

/* NM: more of the name. */
static void add_name(struct entry *entry, const unsigned char *field, size_t size, size_t *length)
{
    if (size <= 5 || *length + size - 5 > NAME_MAX)
        return;
    memcpy(entry->name + *length, field + 5, size - 5);
    *length += size - 5;
    entry->name[*length] = '\0';
}

/* SL: more of the path that it leads to. One that is too long leads nowhere. */
static void add_link(struct iso *iso, const unsigned char *field, size_t size)
{
    for (size_t at = 5; at + 2 <= size && field[at + 1] <= size - at - 2; at += 2 + field[at + 1]) {
        unsigned flags = field[at], length = field[at + 1];
        const void *text = field + at + 2;

        if (flags & (SL_CURRENT | SL_PARENT)) {
            text = "..";
            length = flags & SL_PARENT ? 2 : 1;
        }
        if (iso->link_size + length + 2 > sizeof(iso->link)) {
            iso->link_size = 0;
            break;
        }
        if (flags & SL_ROOT || (iso->link_size != 0 && !iso->link_open))
            iso->link[iso->link_size++] = '/';
        iso->link_open = flags & (SL_MORE | SL_ROOT);
        memcpy(iso->link + iso->link_size, text, length);
        iso->link_size += length;
    }
    iso->link[iso->link_size] = '\0';
}

static void apply_field(struct iso *iso, struct use *use, struct entry *entry, const unsigned char *field,
                        size_t size, size_t *length)
{
    if (is_field(field, "NM")) {
        add_name(entry, field, size, length);
    } else if (is_field(field, "SL")) {
        entry->kind = FW_OTHER;
        add_link(iso, field, size);
    } else if (is_field(field, "CL")) {
        entry->kind = FW_OTHER;
    } else if (is_field(field, "PX") && size >= 8) {
        uint32_t type = fw_get32(field + 4) & PX_TYPE;

        if (type != PX_FILE && type != PX_DIRECTORY)
            entry->kind = FW_OTHER;
    } else if (is_field(field, "CE") && size >= 28) {
        use->next = (uint64_t)fw_get32(field + 4) * iso->block + fw_get32(field + 12);
        use->next_size = fw_get32(field + 20);
    }
}

static bool is_name(const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)name[i] < ' ' || name[i] == 0x7f || name[i] == '/')
            return false;
    }
    return length != 0 && !fw_is_dots(name);
}

/* Name and kind by system use, which begins behind the name. False: there is no name. */
static bool spell_rock_ridge(const struct fw_fs *fs, struct entry *entry)
{
    struct iso *iso = fs->own;
    size_t used = RECORD_NAME + (entry->record[RECORD_NAME_SIZE] | 1u), length = 0;
    struct use use = {.at = entry->record + used};

    if (used + iso->skip > entry->record[0])
        return false;
    use.at += iso->skip;
    use.size = entry->record[0] - used - iso->skip;
    for (unsigned areas = 0; areas < AREAS_MAX; areas++) {
        const unsigned char *field;
        size_t size;

        use.next_size = 0;
        while ((size = next_field(&use, &field)) != 0)
            apply_field(iso, &use, entry, field, size, &length);
        if (use.next_size == 0 || use.next_size > SECTOR - use.next % SECTOR)
            break;
        use.at = see(fs, &iso->more, use.next);
        if (!use.at)
            break;
        use.size = use.next_size;
    }
    return is_name(entry->name, length);
}

/* --- Names ---------------------------------------------------------------------------------------------- */

/* Without the version behind the semicolon. */
static bool spell_joliet(struct entry *entry)
{
    size_t count = entry->record[RECORD_NAME_SIZE] / 2;
    uint16_t units[128];

    for (size_t i = 0; i < count; i++) {
        const unsigned char *at = entry->record + RECORD_NAME + 2 * i;

        units[i] = (uint16_t)(at[0] << 8 | at[1]);
        if (units[i] == ';')
            count = i;
    }
    return fw_name_spell(entry->name, units, count);
}

/* As Linux shows them: in lower case, and without a dot that nothing follows. */
static bool spell_plain(struct entry *entry)
{
    size_t size = entry->record[RECORD_NAME_SIZE], length = 0;

    for (; length < size && entry->record[RECORD_NAME + length] != ';'; length++) {
        char letter = (char)entry->record[RECORD_NAME + length];

        if (letter <= ' ' || letter == 0x7f || letter == '/')
            letter = '?';
        entry->name[length] = letter >= 'A' && letter <= 'Z' ? (char)(letter | 0x20) : letter;
    }
    if (length > 1 && entry->name[length - 1] == '.')
        length--;
    entry->name[length] = '\0';
    return length != 0 && !fw_is_dots(entry->name);
}

static void spell(const struct fw_fs *fs, struct entry *entry)
{
    struct iso *iso = fs->own;

    iso->link_size = 0;
    iso->link_open = false;
    iso->link[0] = '\0';
    if (iso->spelling == ROCK_RIDGE && spell_rock_ridge(fs, entry))
        return;
    if (iso->spelling == JOLIET && spell_joliet(entry))
        return;
    if (!spell_plain(entry))
        memcpy(entry->name, "?", 2);
}

/* --- Directories ---------------------------------------------------------------------------------------- */

/* The next record of a directory. 0, 1: it has no more, -1. */
static int next_record(struct fw_file *directory, struct entry *entry)
{
    struct iso *iso = directory->fs->own;

    while (entry->position < directory->node[NODE_SIZE]) {
        uint64_t at = directory->node[NODE_START] + entry->position, left = SECTOR - at % SECTOR;
        const unsigned char *record = see(directory->fs, &iso->directory, at);

        if (!record)
            return -1;
        if (left > directory->node[NODE_SIZE] - entry->position)
            left = directory->node[NODE_SIZE] - entry->position;
        if (record[0] == 0) { /* none in the rest of this sector */
            entry->position += left;
            continue;
        }
        if (record[0] <= RECORD_NAME || record[0] > left ||
            record[RECORD_NAME_SIZE] > record[0] - RECORD_NAME)
            return refuse(directory->fs, "a directory has a record that cannot be, at byte", at);
        memcpy(entry->record, record, record[0]);
        entry->position += record[0];
        return 0;
    }
    return 1;
}

static bool is_self_or_parent(const unsigned char *record)
{
    return record[RECORD_NAME_SIZE] == 1 && record[RECORD_NAME] <= 1;
}

/* The next file that has a name; the record is that of its last extent. */
static int next_entry(struct fw_file *directory, struct entry *entry)
{
    const unsigned char *record = entry->record;
    bool more = false;

    for (;;) {
        uint64_t position = entry->position;
        int result = next_record(directory, entry);

        if (result != 0)
            return result;
        if (!more) {
            entry->first = position;
            entry->extents = entry->size = 0;
        }
        entry->extents++;
        entry->size += fw_get32(record + RECORD_SIZE);
        more = record[RECORD_FLAGS] & FLAG_MORE;
        if (!more && !(record[RECORD_FLAGS] & FLAG_ASSOCIATED) && !is_self_or_parent(record) &&
            record[RECORD_NAME_SIZE] != 0)
            break;
    }
    entry->kind = record[RECORD_FLAGS] & FLAG_DIRECTORY ? FW_DIRECTORY : FW_FILE;
    if (entry->extents > (entry->kind == FW_FILE ? EXTENTS_MAX : 1))
        entry->kind = FW_OTHER;
    spell(directory->fs, entry);
    return 0;
}

static int open_record(struct fw_fs *fs, const unsigned char *record, enum fw_kind kind, struct fw_file *ret)
{
    const struct iso *iso = fs->own;
    uint64_t size = fw_get32(record + RECORD_SIZE);

    memset(ret, 0, sizeof(*ret));
    ret->fs = fs;
    ret->kind = kind;
    ret->node[NODE_START] =
        ((uint64_t)fw_get32(record + RECORD_EXTENT) + record[RECORD_ATTRIBUTES]) * iso->block;
    ret->node[NODE_SIZE] = size;
    if (kind == FW_OTHER)
        return 0;
    if (fw_get16(record + RECORD_UNIT) != 0)
        return refuse(fs, "a file is interleaved, in units of", record[RECORD_UNIT]);
    if (!zp_fits(ret->node[NODE_START], size, fs->volume.size))
        return refuse(fs, "a file does not lie in its volume, its first byte", ret->node[NODE_START]);
    if (kind == FW_FILE)
        ret->size = size;
    else if (size > DIRECTORY_MAX)
        return refuse(fs, "a directory is too large", size);
    return 0;
}

static int open_entry(struct fw_file *directory, const struct entry *entry, struct fw_file *ret)
{
    const struct fw_file from = *directory;

    if (entry->kind != FW_FILE || entry->extents == 1)
        return open_record(from.fs, entry->record, entry->kind, ret);
    *ret = from;
    ret->kind = FW_FILE;
    ret->size = entry->size;
    ret->node[NODE_EXTENTS] = entry->extents;
    ret->node[NODE_POSITION] = entry->first;
    return 0;
}

static bool is_wanted(const struct iso *iso, const char *name, const char *wanted, size_t length)
{
    if (!fw_is_named(name, wanted, length))
        return false;
    return iso->spelling != ROCK_RIDGE || memcmp(name, wanted, length) == 0;
}

/* The directory's second record. */
static int step_up(struct fw_file *file)
{
    struct entry entry = {.position = 0};
    int result = next_record(file, &entry);

    if (result == 0)
        result = next_record(file, &entry);
    if (result != 0 || entry.record[RECORD_NAME_SIZE] != 1 || entry.record[RECORD_NAME] != 1)
        return result != 0 ? result : 1;
    return open_record(file->fs, entry.record, FW_DIRECTORY, file);
}

/* The name's file in place of its directory, which stays if it is a link. 0, 1: not there, -1. */
static int step(struct fw_file *file, const char *name, size_t length)
{
    const struct iso *iso = file->fs->own;
    struct entry entry = {.position = 0};

    if (length == 1 && name[0] == '.')
        return 0;
    if (length == 2 && fw_is_named("..", name, length))
        return step_up(file);
    for (;;) {
        int result = next_entry(file, &entry);

        if (result != 0)
            return result;
        if (is_wanted(iso, entry.name, name, length))
            return iso->link_size != 0 ? 0 : open_entry(file, &entry, file);
    }
}

static size_t text_length(const char *text)
{
    size_t length = 0;

    while (text[length] != '\0')
        length++;
    return length;
}

/* The link goes before the rest of the path. */
static bool splice(struct iso *iso, const char *rest)
{
    size_t size = text_length(rest) + 1;

    if (iso->link_size + size > sizeof(iso->path))
        return false;
    memmove(iso->path + iso->link_size, rest, size);
    memcpy(iso->path, iso->link, iso->link_size);
    return true;
}

static int iso_open(struct fw_fs *fs, const char *path, struct fw_file *ret)
{
    struct iso *iso = fs->own;
    int result = open_record(fs, iso->root, FW_DIRECTORY, ret);
    unsigned links = 0;

    for (unsigned depth = 0; result == 0 && depth < DEPTH_MAX; depth++) {
        size_t length = 0;

        while (*path == '/')
            path++;
        if (*path == '\0')
            return 0;
        if (ret->kind != FW_DIRECTORY)
            return 1;
        while (path[length] != '\0' && path[length] != '/')
            length++;
        iso->link_size = 0;
        result = step(ret, path, length);
        path += length;
        if (result != 0 || iso->link_size == 0)
            continue;
        if (++links > LINKS_MAX || !splice(iso, path))
            return refuse(fs, "a path has too many links, or too long ones", links);
        path = iso->path;
        if (path[0] == '/')
            result = open_record(fs, iso->root, FW_DIRECTORY, ret);
    }
    return result != 0 ? result : refuse(fs, "a path has too many names", DEPTH_MAX);
}

/* Extent by extent, as the directory has them now. */
static int read_extents(struct fw_file *file, uint64_t offset, unsigned char *to, size_t length)
{
    struct entry entry = {.position = file->node[NODE_POSITION]};
    struct fw_file extent;

    for (uint64_t i = 0; i < file->node[NODE_EXTENTS] && length != 0; i++) {
        size_t part = length;

        if (next_record(file, &entry) != 0 || open_record(file->fs, entry.record, FW_FILE, &extent) != 0)
            return -1;
        if (offset >= extent.size) {
            offset -= extent.size;
            continue;
        }
        if (part > extent.size - offset)
            part = (size_t)(extent.size - offset);
        if (fw_volume_read(&file->fs->volume, extent.node[NODE_START] + offset, to, part) != 0)
            return -1;
        to += part;
        length -= part;
        offset = 0;
    }
    return length == 0 ? 0 : -1;
}

static int iso_read(struct fw_file *file, uint64_t offset, void *buffer, size_t length)
{
    if (file->node[NODE_EXTENTS] != 0)
        return read_extents(file, offset, buffer, length);
    return fw_volume_read(&file->fs->volume, file->node[NODE_START] + offset, buffer, length);
}

static int iso_list(struct fw_file *directory, fw_visit *visit, void *context)
{
    struct entry entry = {.position = 0};

    for (;;) {
        int result = next_entry(directory, &entry);

        if (result != 0)
            return result < 0 ? -1 : 0;
        result = visit(context, entry.name, entry.kind, entry.kind == FW_FILE ? entry.size : 0);
        if (result != 0)
            return result;
    }
}

/* --- Volumes ----------------------------------------------------------------------------------------------
 */

static bool is_date(const unsigned char *date)
{
    bool any = false;

    for (unsigned i = 0; i < DATE_SIZE; i++) {
        if (date[i] < '0' || date[i] > '9')
            return false;
        any = any || date[i] != '0';
    }
    return any;
}

static void name_volume(struct fw_fs *fs, const unsigned char *descriptor)
{
    const unsigned char *date = descriptor + (is_date(descriptor + VD_MODIFIED) ? VD_MODIFIED : VD_CREATED);
    size_t size = LABEL_SIZE;

    if (is_date(date)) {
        memcpy(fs->uuid, date, DATE_SIZE);
        fs->uuid_size = DATE_SIZE;
    }
    while (size != 0 && (descriptor[VD_LABEL + size - 1] == ' ' || descriptor[VD_LABEL + size - 1] == 0))
        size--;
    for (size_t i = 0; i < size; i++) {
        char letter = (char)descriptor[VD_LABEL + i];

        fs->label[i] = letter < ' ' || letter == 0x7f ? '?' : letter;
    }
}

static bool is_joliet(const unsigned char *descriptor)
{
    const unsigned char *escapes = descriptor + VD_ESCAPES;

    return escapes[0] == '%' && escapes[1] == '/' &&
           (escapes[2] == '@' || escapes[2] == 'C' || escapes[2] == 'E');
}

/* Does the root's first record announce system use? SP is the first field of it. */
static bool has_rock_ridge(struct fw_fs *fs)
{
    struct iso *iso = fs->own;
    struct entry entry = {.position = 0};
    const unsigned char *field = entry.record + RECORD_NAME + 1;
    struct fw_file root;

    if (open_record(fs, iso->root, FW_DIRECTORY, &root) != 0 || next_record(&root, &entry) != 0 ||
        entry.record[0] < RECORD_NAME + 1 + 7 || !is_field(field, "SP") || field[4] != 0xbe ||
        field[5] != 0xef)
        return false;
    iso->skip = field[6];
    return true;
}

/* The primary one, or Joliet's. False: not to be used. */
static bool take(struct fw_fs *fs, const unsigned char *descriptor, enum spelling spelling)
{
    struct iso *iso = fs->own;
    uint32_t block = fw_get16(descriptor + VD_BLOCK);

    if (!zp_is_power_of_two(block) || block < 512 || block > SECTOR)
        return false;
    iso->block = block;
    iso->spelling = spelling;
    memcpy(iso->root, descriptor + VD_ROOT, sizeof(iso->root));
    return true;
}

static int iso_mount(struct fw_fs *fs)
{
    unsigned char magic[6];
    struct fw_file root;
    struct iso *iso;

    if (fw_volume_read(&fs->volume, DESCRIPTORS * SECTOR, magic, sizeof(magic)) != 0 ||
        memcmp(magic + 1, "CD001", 5) != 0)
        return 1;
    iso = fs->own = fw_arena_take(fs->arena, sizeof(*iso));
    if (!iso)
        return refuse(fs, "no memory left, it needs", sizeof(*iso));
    for (unsigned i = 0; i < DESCRIPTOR_MAX; i++) {
        const unsigned char *at = see(fs, &iso->more, (uint64_t)(DESCRIPTORS + i) * SECTOR);

        if (!at || memcmp(at + 1, "CD001", 5) != 0 || at[VD_TYPE] == TYPE_LAST)
            break;
        if (at[VD_TYPE] == TYPE_PRIMARY && iso->block == 0 && take(fs, at, PLAIN)) {
            name_volume(fs, at);
            if (has_rock_ridge(fs))
                iso->spelling = ROCK_RIDGE;
        } else if (at[VD_TYPE] == TYPE_SUPPLEMENTARY && iso->block != 0 && iso->spelling == PLAIN &&
                   is_joliet(at)) {
            take(fs, at, JOLIET);
        }
    }
    if (iso->block == 0)
        return refuse(fs, "there is no primary volume, or blocks of no size that can be", 0);
    return open_record(fs, iso->root, FW_DIRECTORY, &root);
}

const struct fw_fs_ops fw_iso9660 = {
    .name = "iso9660",
    .mount = iso_mount,
    .open = iso_open,
    .read = iso_read,
    .list = iso_list,
};
