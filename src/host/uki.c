/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unified kernel images: an EFI executable whose sections are a kernel and what it boots with. Receives a
 * file that zp_inspect named so; guarantees that each section which a boot takes lies whole in the file and
 * shares no byte with another. Bytes of a section are those of both its sizes: what VirtualSize cuts off is
 * padding, what it has in excess is zeros that nobody asks for. Of several sections of one name the first
 * counts, that of the base profile. UAPI "Unified Kernel Image (UKI)"; Microsoft PE and COFF, "Section
 * Table".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "opened.h"

#define SECTIONS_FIRST 16

const char *zp_uki_part_name(enum zp_uki_part part)
{
    static const char *const names[ZP_UKI_PART_COUNT] = {[ZP_UKI_UCODE] = ".ucode",
                                                         [ZP_UKI_INITRD] = ".initrd",
                                                         [ZP_UKI_CMDLINE] = ".cmdline",
                                                         [ZP_UKI_OSREL] = ".osrel",
                                                         [ZP_UKI_UNAME] = ".uname"};

    return names[part];
}

int zp_pe_sections_read(const struct zp_source *source, struct zp_pe_section **ret_sections,
                        size_t *ret_count, struct zp_error *ret_error)
{
    struct zp_pe_section *sections = NULL;
    struct zp_error error = {.value = SECTIONS_FIRST};
    size_t capacity = 0;
    int status = ZP_ERR_ROOM;

    while (status == ZP_ERR_ROOM && error.value > capacity) {
        capacity = (size_t)error.value; /* NumberOfSections has 16 bits */
        free(sections);
        sections = calloc(capacity, sizeof(*sections));
        if (!sections)
            return ENOMEM;
        status = zp_pe_sections(source, sections, capacity, ret_count, &error);
    }
    if (status) {
        free(sections);
        *ret_error = error;
        return status;
    }
    *ret_sections = sections;
    return 0;
}

static const struct zp_pe_section *find(const struct zp_pe_section *sections, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(sections[i].name, name) == 0)
            return &sections[i];
    return NULL;
}

static int say_no(struct zp_error *ret_error, int code, const struct zp_pe_section *section, uint64_t value,
                  uint64_t limit)
{
    *ret_error = (struct zp_error){.code = code,
                                   .field = ZP_FIELD_PE_SECTION,
                                   .offset = section->header_offset,
                                   .value = value,
                                   .limit = limit};
    return code;
}

/* wanted: .linux and the parts, NULL where there is none. Each lies in the file: the core has seen to it. */
static int check(const struct zp_pe_section *const *wanted, size_t count, struct zp_error *ret_error)
{
    for (size_t i = 0; i < count; i++) {
        const struct zp_pe_section *one = wanted[i];

        if (!one || one->size == 0)
            continue;
        for (size_t j = 0; j < i; j++)
            if (wanted[j] && wanted[j]->size && one->offset < wanted[j]->offset + wanted[j]->size &&
                wanted[j]->offset < one->offset + one->size)
                return say_no(ret_error, ZP_ERR_OVERLAP, one, one->offset, wanted[j]->offset);
    }
    return 0;
}

static int open_parts(struct zp_uki *uki, const struct zp_file *file,
                      const struct zp_pe_section *const *parts)
{
    for (size_t i = 0; i < ZP_UKI_PART_COUNT; i++) {
        int status;

        if (!parts[i] || parts[i]->size == 0)
            continue;
        status = zp_file_section(&uki->parts[i], file, parts[i]->offset, parts[i]->size);
        if (status)
            return status;
        uki->part_offsets[i] = parts[i]->offset;
    }
    return 0;
}

int zp_uki_open(struct zp_uki *ret_uki, const struct zp_file *file, struct zp_error *ret_error)
{
    const struct zp_pe_section *wanted[1 + ZP_UKI_PART_COUNT];
    struct zp_pe_section *sections = NULL;
    struct zp_uki uki = {.present = true};
    size_t count = 0;
    int status = zp_pe_sections_read(&file->source, &sections, &count, ret_error);

    if (status)
        return status;
    wanted[0] = find(sections, count, ".linux");
    for (size_t i = 0; i < ZP_UKI_PART_COUNT; i++)
        wanted[1 + i] = find(sections, count, zp_uki_part_name((enum zp_uki_part)i));
    status = wanted[0] ? check(wanted, 1 + ZP_UKI_PART_COUNT, ret_error) : EINVAL;
    if (status == 0) {
        uki.linux_offset = wanted[0]->offset;
        uki.linux_size = wanted[0]->size;
        status = open_parts(&uki, file, wanted + 1);
    }
    free(sections);
    if (status)
        zp_uki_close(&uki);
    else
        *ret_uki = uki;
    return status;
}

void zp_uki_close(struct zp_uki *uki)
{
    for (size_t i = 0; i < ZP_UKI_PART_COUNT; i++)
        zp_file_close(&uki->parts[i]);
    *uki = (struct zp_uki){0};
}
