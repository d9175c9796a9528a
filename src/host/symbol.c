/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The symbol nearest to an address: receives an inspected ELF of either class and reads its symbol tables
 * through the image's source. Everything in the file is hostile: each table lies inside the file or is
 * passed over, symbols are read in pieces of fixed size, and a name comes out printable and cut to its room.
 * System V ABI, chapter 4, "Sections", "Symbol Table".
 */
#include "host.h"

#include <string.h>

#include <zeropage/wire/elf.h>

#define SECTIONS_MAX 65536u
#define PIECE        8192 /* bytes of symbols at a time */

struct section {
    uint32_t type, link;
    uint64_t flags, address, offset, size, entry_size;
};

struct symbol {
    uint32_t name;
    unsigned kind, binding, section;
    uint64_t value;
    uint64_t names_offset, names_size; /* of its string table */
};

/* Does [offset, +size) lie in the file? */
static bool inside(const struct zp_image *image, uint64_t offset, uint64_t size)
{
    return offset <= image->source->size && size <= image->source->size - offset;
}

static bool read_at(const struct zp_image *image, uint64_t offset, void *buffer, size_t size)
{
    return inside(image, offset, size) &&
           image->source->read(image->source->context, offset, buffer, size) == 0;
}

static bool read_section(const struct zp_image *image, uint32_t index, struct section *ret_section)
{
    const struct zp_elf *elf = &image->elf;
    uint64_t at = elf->shoff + (uint64_t)index * elf->shentsize;
    struct zp_elf64_shdr wide;
    struct zp_elf32_shdr narrow;

    if (index >= elf->shnum || at < elf->shoff)
        return false;
    if (elf->class_bits == 64) {
        if (elf->shentsize < sizeof(wide) || !read_at(image, at, &wide, sizeof(wide)))
            return false;
        *ret_section = (struct section){wide.sh_type,   wide.sh_link, wide.sh_flags,  wide.sh_addr,
                                        wide.sh_offset, wide.sh_size, wide.sh_entsize};
        return true;
    }
    if (elf->shentsize < sizeof(narrow) || !read_at(image, at, &narrow, sizeof(narrow)))
        return false;
    *ret_section = (struct section){narrow.sh_type,   narrow.sh_link, narrow.sh_flags,  narrow.sh_addr,
                                    narrow.sh_offset, narrow.sh_size, narrow.sh_entsize};
    return true;
}

static size_t symbol_size(const struct zp_image *image)
{
    return image->elf.class_bits == 64 ? sizeof(struct zp_elf64_sym) : sizeof(struct zp_elf32_sym);
}

static struct symbol decode(const struct zp_image *image, const char *bytes)
{
    struct zp_elf64_sym wide;
    struct zp_elf32_sym narrow;

    if (image->elf.class_bits == 64) {
        memcpy(&wide, bytes, sizeof(wide));
        return (struct symbol){wide.st_name, wide.st_info & 15u, wide.st_info >> 4, wide.st_shndx,
                               wide.st_value};
    }
    memcpy(&narrow, bytes, sizeof(narrow));
    return (struct symbol){narrow.st_name, narrow.st_info & 15u, narrow.st_info >> 4, narrow.st_shndx,
                           narrow.st_value};
}

/* Code and data with a name, in a section of the file. */
static bool is_place(const struct symbol *symbol)
{
    return symbol->kind <= ZP_STT_FUNC && symbol->name != 0 && symbol->section != ZP_SHN_UNDEF &&
           symbol->section < ZP_SHN_LORESERVE;
}

/* Of two symbols at one address a function tells more than a label, and a global more than a local. */
static unsigned rank(const struct symbol *symbol)
{
    return (symbol->kind == ZP_STT_FUNC ? 2u : 0u) + (symbol->binding != ZP_STB_LOCAL ? 1u : 0u);
}

static void consider(const struct symbol *symbol, uint64_t address, struct symbol *best, bool *found)
{
    if (!is_place(symbol) || symbol->value > address)
        return;
    if (*found &&
        (symbol->value < best->value || (symbol->value == best->value && rank(symbol) <= rank(best))))
        return;
    *best = *symbol;
    *found = true;
}

static void search(const struct zp_image *image, const struct section *table, const struct section *names,
                   uint64_t address, struct symbol *best, bool *found)
{
    size_t size = symbol_size(image);
    uint64_t at = table->offset;
    uint64_t end = table->offset + table->size - table->size % size;
    char piece[PIECE];

    while (at < end) {
        size_t length = sizeof(piece) - sizeof(piece) % size;

        if (length > end - at)
            length = (size_t)(end - at);
        if (!read_at(image, at, piece, length))
            return;
        for (size_t i = 0; i < length; i += size) {
            struct symbol symbol = decode(image, piece + i);

            symbol.names_offset = names->offset;
            symbol.names_size = names->size;
            consider(&symbol, address, best, found);
        }
        at += length;
    }
}

/* Is the address still in the section of the symbol? Else the symbol just happens to be the last one. */
static bool reaches(const struct zp_image *image, const struct symbol *symbol, uint64_t address)
{
    struct section home;

    return read_section(image, symbol->section, &home) && (home.flags & ZP_SHF_ALLOC) &&
           (symbol->value < home.address || address - home.address < home.size);
}

/* The file chooses the bytes of the name, the terminal must not obey them. */
static bool copy_name(const struct zp_image *image, const struct symbol *symbol, char *name, size_t name_size)
{
    uint64_t rest;
    size_t length = name_size - 1;

    if (symbol->name >= symbol->names_size)
        return false;
    rest = symbol->names_size - symbol->name;
    if (length > rest)
        length = (size_t)rest;
    if (!read_at(image, symbol->names_offset + symbol->name, name, length))
        return false;
    name[length] = '\0';
    for (char *c = name; *c; c++)
        if (*c < 0x20 || *c > 0x7e)
            *c = '?';
    return name[0] != '\0';
}

bool zp_elf_symbol(const struct zp_image *image, uint64_t address, char *name, size_t name_size,
                   uint64_t *ret_offset)
{
    uint32_t sections = image->elf.shnum < SECTIONS_MAX ? image->elf.shnum : SECTIONS_MAX;
    uint64_t budget = image->source->size; /* tables that hold more together lie over each other */
    struct symbol best = {0};
    bool found = false;

    if (name_size < 2 || image->elf.class_bits == 0 || image->elf.shoff == 0)
        return false;
    for (uint32_t i = 0; i < sections; i++) {
        struct section table, names;

        if (!read_section(image, i, &table))
            return false;
        if (table.type != ZP_SHT_SYMTAB || !inside(image, table.offset, table.size) || table.size > budget)
            continue;
        budget -= table.size;
        if (read_section(image, table.link, &names) && names.type == ZP_SHT_STRTAB &&
            inside(image, names.offset, names.size))
            search(image, &table, &names, address, &best, &found);
    }
    if (!found || !reaches(image, &best, address) || !copy_name(image, &best, name, name_size))
        return false;
    *ret_offset = address - best.value;
    return true;
}
