/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Texts of configuration files. Receives bytes of disks; guarantees strings that end, in an arena that is not
 * overrun, and paths that stay in their file system. There is no libc to do it.
 */
#include "text.h"

#include "../core/checked.h"

bool fw_is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

char fw_lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
}

size_t fw_length(const char *text)
{
    size_t length = 0;

    while (text[length])
        length++;
    return length;
}

int fw_order(const char *a, const char *b)
{
    a = a ? a : "";
    b = b ? b : "";
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

bool fw_same(const char *a, const char *b)
{
    return fw_order(a, b) == 0;
}

bool fw_same_letters(const char *a, const char *b)
{
    while (*a && fw_lower(*a) == fw_lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

bool fw_ends(const char *text, const char *with)
{
    size_t length = fw_length(text), end = fw_length(with);

    return length >= end && fw_same_letters(text + (length - end), with);
}

bool fw_decimal(const char *text, uint32_t *ret_value)
{
    uint64_t value = 0;

    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (uint64_t)(*text - '0');
        if (value > UINT32_MAX)
            return false;
    }
    *ret_value = (uint32_t)value;
    return true;
}

char *fw_keep(struct fw_arena *arena, const char *text, size_t length)
{
    char *kept = length < SIZE_MAX ? fw_arena_take(arena, length + 1) : NULL;

    if (kept)
        memcpy(kept, text, length);
    return kept;
}

char *fw_join(struct fw_arena *arena, const char *a, const char *between, const char *b)
{
    size_t first = fw_length(a), second = fw_length(between), third = fw_length(b);
    char *joined = fw_arena_take(arena, first + second + third + 1);

    if (joined) {
        memcpy(joined, a, first);
        memcpy(joined + first, between, second);
        memcpy(joined + first + second, b, third);
    }
    return joined;
}

/* Where the last name of path[0..length) begins, its slash included. */
static size_t parent(const char *path, size_t length)
{
    while (length != 0 && path[--length] != '/')
        ;
    return length;
}

char *fw_path_join(struct fw_arena *arena, const char *directory, const char *name)
{
    char *path = fw_join(arena, *name == '/' ? "" : directory, "/", name);
    const char *from = path;
    size_t length = 0;

    if (!path)
        return NULL;
    while (*from) {
        size_t size = 0;

        while (*from == '/')
            from++;
        while (from[size] && from[size] != '/')
            size++;
        if (size == 2 && from[0] == '.' && from[1] == '.') {
            length = parent(path, length);
        } else if (size != 0 && !(size == 1 && from[0] == '.')) {
            path[length++] = '/'; /* there was one before each name: length is never ahead of from */
            memmove(path + length, from, size);
            length += size;
        }
        from += size;
    }
    if (length >= FW_PATH_MAX) {
        fw_note("a path of %u bytes is too long", (uint64_t)length);
        length = 0;
    }
    if (length == 0)
        path[length++] = '/';
    path[length] = '\0';
    return path;
}

char *fw_cut_line(char **at)
{
    char *line = *at, *end = line;

    if (!*line)
        return NULL;
    while (*end && *end != '\n')
        end++;
    *at = *end ? end + 1 : end;
    *end = '\0';
    while (end > line && fw_is_space(end[-1]))
        *--end = '\0';
    while (fw_is_space(*line))
        line++;
    return line;
}

char *fw_cut_word(char **at)
{
    char *word = *at, *end;

    while (fw_is_space(*word))
        word++;
    for (end = word; *end && !fw_is_space(*end); end++)
        ;
    *at = end;
    if (*end)
        *(*at)++ = '\0';
    while (fw_is_space(**at))
        ++*at;
    return word;
}

bool fw_is_file(struct fw_fs *fs, const char *path)
{
    struct fw_file file;

    return fw_open(fs, path, &file) == 0 && file.kind == FW_FILE;
}

char *fw_slurp_text(struct fw_fs *fs, struct fw_arena *arena, const char *path, size_t max)
{
    size_t used = arena->used, size;
    char *text = fw_slurp(fs, arena, path, max, &size);

    if (!text)
        return NULL;
    if (fw_length(text) != size) {
        fw_note("%s: not a text: byte %u is 0", path, (uint64_t)fw_length(text));
        arena->used = used;
        return NULL;
    }
    return memcmp(text, "\xef\xbb\xbf", size < 3 ? size : 3) == 0 && size >= 3 ? text + 3 : text;
}

struct names {
    struct fw_arena *arena;
    const char *suffix;
    const char **list;
    size_t count;
};

static int take_name(void *context, const char *name, enum fw_kind kind, uint64_t size)
{
    struct names *names = context;

    (void)size;
    if (name[0] == '.')
        return 0;
    if (*names->suffix == '/' ? kind != FW_DIRECTORY : kind == FW_DIRECTORY || !fw_ends(name, names->suffix))
        return 0;
    for (const char *byte = name; *byte; byte++)
        if (*byte == '/' || (unsigned char)*byte < ' ')
            return 0; /* no system writes such a name */
    if (names->count == FW_ENTRY_MAX) {
        fw_note("more than %u names end in %s: the rest is left out", (uint64_t)FW_ENTRY_MAX, names->suffix);
        return 1;
    }
    names->list[names->count] = fw_keep(names->arena, name, fw_length(name));
    return names->list[names->count++] ? 0 : 1;
}

const char **fw_names(struct fw_fs *fs, struct fw_arena *arena, const char *directory, const char *suffix)
{
    struct names names = {.arena = arena, .suffix = suffix};
    struct fw_file file;

    if (fw_open(fs, directory, &file) != 0 || file.kind != FW_DIRECTORY)
        return NULL;
    names.list = fw_arena_take(arena, (FW_ENTRY_MAX + 1) * sizeof(*names.list));
    if (names.list && fw_list(&file, take_name, &names) < 0)
        fw_note("%s: cannot be listed to its end", directory);
    return names.list;
}
