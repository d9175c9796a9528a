/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries of the boot loader specification. The input is cut at bytes of 0xff: loader.conf, then for each
 * entry its name and its text. Asserted: what fw_entries.h says; and that versions and patterns have one
 * order.
 */
#include "fw_entries.h"

#define FILES_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The next part; its end is *data + *size of the rest. */
static const uint8_t *cut(const uint8_t **data, size_t *size, size_t *ret_length)
{
    const uint8_t *part = *data, *end = memchr(part, 0xff, *size);

    *ret_length = end ? (size_t)(end - part) : *size;
    *size -= *ret_length + (end != NULL);
    *data += *ret_length + (end != NULL);
    return part;
}

static bool is_name(const char *name)
{
    return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct entries entries;
    char path[1200], last[1024] = "";
    size_t length;
    const uint8_t *part = cut(&data, &size, &length);

    entries_begin(&entries);
    fw_tree_add(&entries.tree, "/loader/loader.conf", part, length);
    for (unsigned i = 0; i < FILES_MAX && size != 0; i++) {
        char name[1000];

        part = cut(&data, &size, &length);
        snprintf(name, sizeof(name), "%.*s", (int)(length < 900 ? length : 900), (const char *)part);
        part = cut(&data, &size, &length);
        snprintf(path, sizeof(path), "/loader/entries/%s.conf", name);
        if (is_name(name))
            fw_tree_add(&entries.tree, path, part, length);
        entries_insist((fw_version_compare(name, last) < 0) == (fw_version_compare(last, name) > 0),
                       "versions have one order");
        entries_insist(fw_glob("*", name), "a star matches all");
        fw_glob(name, last);
        snprintf(last, sizeof(last), "%s", name);
    }
    fw_bls_read(&entries.menu, &entries.tree.fs);
    entries_end(&entries, 0);
    return 0;
}
