/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the parts of an opened image lie. Offsets in the file are hostile where the core has not checked them
 * (PE sections, certificates): those are checked here, so that an extent always lies in its source.
 */
#include <stdlib.h>
#include <string.h>

#include <zeropage/wire/bootparam.h>
#include <zeropage/wire/elf.h>

#include "unpack.h"

#define LINUX_FORMATS (ZP_FORMAT_BZIMAGE | ZP_FORMAT_ZIMAGE)

static void set(struct cli_extent *ret_extent, const struct zp_source *source, const char *inside,
                uint64_t offset, uint64_t size)
{
    *ret_extent = (struct cli_extent){.source = size ? source : NULL, .offset = offset, .size = size};
    memcpy(ret_extent->inside, inside, ZP_INSIDE_SIZE);
}

static int check(const struct cli_extent *extent, uint64_t header, struct zp_error *ret_error)
{
    if (!extent->source || extent->offset + extent->size <= extent->source->size)
        return ZP_OK;
    *ret_error = (struct zp_error){.code = ZP_ERR_TRUNCATED,
                                   .field = ZP_FIELD_PE_SECTION,
                                   .offset = header,
                                   .value = extent->offset + extent->size,
                                   .limit = extent->source->size};
    return ZP_ERR_TRUNCATED;
}

/* What the UKI is inside of. */
static const char *uki_inside(const struct zp_opened_image *opened)
{
    static const char unpacked[ZP_INSIDE_SIZE] = "unpacked", bare[ZP_INSIDE_SIZE] = "";
    return opened->uki.packed ? unpacked : bare;
}

void cli_part_setup_header(const struct zp_opened_image *opened, struct cli_extent *ret_extent)
{
    const struct zp_image *image = &opened->image;
    uint64_t size = image->formats & LINUX_FORMATS ? image->bzimage.header_end - ZP_SETUP_HEADER_OFFSET : 0;
    set(ret_extent, image->source, opened->inside, ZP_SETUP_HEADER_OFFSET, size);
}

int cli_part_signature(const struct zp_opened_image *opened, struct cli_extent *ret_extent,
                       struct zp_error *ret_error)
{
    const struct zp_bzimage *bzimage = &opened->image.bzimage;
    uint64_t offset, size;
    const struct zp_source *uki = &zp_opened_image_uki_file(opened)->source;
    set(ret_extent, NULL, opened->inside, 0, 0);
    if (opened->uki.present && zp_pe_security(uki, &offset, &size))
        set(ret_extent, uki, uki_inside(opened), offset, size);
    else if (zp_pe_security(opened->image.source, &offset, &size))
        set(ret_extent, opened->image.source, opened->inside, offset, size);
    else if (opened->image.formats & LINUX_FORMATS)
        set(ret_extent, opened->image.source, opened->inside, bzimage->code_offset + bzimage->code_size,
            bzimage->trailing_size);
    return check(ret_extent, ret_extent->offset, ret_error);
}

static int find_section(const struct zp_source *source, const char *inside, const char *name,
                        struct cli_extent *ret_extent, struct zp_error *ret_error)
{
    struct zp_pe_section *sections;
    size_t count;
    int status = zp_pe_sections_read(source, &sections, &count, ret_error);
    if (status != 0)
        return status;
    for (size_t i = 0; i < count && !ret_extent->source; i++) {
        if (strcmp(sections[i].name, name) != 0)
            continue;
        set(ret_extent, source, inside, sections[i].offset, sections[i].size);
        status = check(ret_extent, sections[i].header_offset, ret_error);
    }
    free(sections);
    return status;
}

int cli_part_section(const struct zp_opened_image *opened, const char *name, struct cli_extent *ret_extent,
                     struct zp_error *ret_error)
{
    int status = 0;
    set(ret_extent, NULL, opened->inside, 0, 0);
    if (opened->uki.present)
        status = find_section(&zp_opened_image_uki_file(opened)->source, uki_inside(opened), name, ret_extent,
                              ret_error);
    if (status == 0 && !ret_extent->source)
        status = find_section(opened->image.source, opened->inside, name, ret_extent, ret_error);
    return status;
}

static bool has_inner(const struct zp_opened_image *opened)
{
    return opened->inner.tried && opened->inner.status == 0;
}

const struct zp_image *cli_part_elf(const struct zp_opened_image *opened)
{
    return has_inner(opened) ? &opened->inner.image : &opened->image;
}

const char *cli_part_elf_inside(const struct zp_opened_image *opened)
{
    return has_inner(opened) ? opened->inner.inside : opened->inside;
}

void cli_part_relocations(const struct zp_opened_image *opened, struct cli_extent *ret_extent)
{
    const struct zp_image *elf = cli_part_elf(opened);
    set(ret_extent, elf->source, cli_part_elf_inside(opened), elf->relocations.offset,
        elf->relocations.list_count ? elf->relocations.size : 0);
}

/* Program headers as the core has read them: whole, of the right size, in the file. */
static bool read_phdr(const struct zp_image *elf, uint32_t index, struct zp_elf64_phdr *ret_phdr)
{
    const struct zp_source *source = elf->source;
    struct zp_elf32_phdr narrow;
    if (elf->elf.class_bits == 64)
        return source->read(source->context, elf->elf.phoff + index * sizeof *ret_phdr, ret_phdr,
                            sizeof *ret_phdr) == 0;
    if (source->read(source->context, elf->elf.phoff + index * sizeof narrow, &narrow, sizeof narrow) != 0)
        return false;
    *ret_phdr = (struct zp_elf64_phdr){
        .p_type = narrow.p_type, .p_offset = narrow.p_offset, .p_filesz = narrow.p_filesz};
    return true;
}

bool cli_part_notes(const struct zp_opened_image *opened, uint32_t *index, struct cli_extent *ret_extent)
{
    const struct zp_image *elf = cli_part_elf(opened);
    struct zp_elf64_phdr phdr;
    while (*index < elf->elf.phnum && read_phdr(elf, (*index)++, &phdr)) {
        if (phdr.p_type != ZP_PT_NOTE || phdr.p_offset > elf->source->size ||
            phdr.p_filesz > elf->source->size - phdr.p_offset || phdr.p_filesz == 0)
            continue;
        set(ret_extent, elf->source, cli_part_elf_inside(opened), phdr.p_offset, phdr.p_filesz);
        return true;
    }
    return false;
}
