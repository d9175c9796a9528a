/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PE executables as containers: is the file one, and where do its sections lie in it. bzImages with an EFI
 * stub, unified kernel images and Images of other machines are. Specification: Microsoft PE and COFF, "COFF
 * File Header" and "Section Table".
 *
 * A section has as many bytes as both its sizes allow: SizeOfRawData is padded, VirtualSize goes on into
 * memory. A file with MZ whose e_lfanew leads to no PE headers is no PE; sections outside of the file are
 * refused.
 */
#include <zeropage/wire/pe.h>

#include "checked.h"
#include "inspect.h"
#include "report.h"
#include "source.h"

#define PE_HEADERS (ZP_IMAGE_NT_SIGNATURE_SIZE + sizeof(struct zp_image_file_header))

int zp_pe_find(const struct zp_source *source, uint64_t *ret_offset, struct zp_error *ret_error)
{
    struct zp_image_dos_header dos;
    uint32_t signature;
    int status;

    *ret_offset = 0;
    if (source->size < sizeof(dos))
        return ZP_OK;
    if ((status = zp_source_read(source, 0, &dos, sizeof(dos), ret_error)) != ZP_OK)
        return status;
    if (dos.e_magic != ZP_IMAGE_DOS_SIGNATURE || !zp_fits(dos.e_lfanew, PE_HEADERS, source->size))
        return ZP_OK;
    if ((status = zp_source_read(source, dos.e_lfanew, &signature, sizeof(signature), ret_error)) != ZP_OK)
        return status;
    if (signature == ZP_IMAGE_NT_SIGNATURE)
        *ret_offset = dos.e_lfanew;
    return ZP_OK;
}

int zp_pe_file_header(const struct zp_source *source, uint64_t pe_offset,
                      struct zp_image_file_header *ret_header, struct zp_error *ret_error)
{
    return zp_source_read(source, pe_offset + ZP_IMAGE_NT_SIGNATURE_SIZE, ret_header, sizeof(*ret_header),
                          ret_error);
}

static_assert(sizeof(struct zp_image_file_header) % _Alignof(struct zp_image_optional_header32) == 0,
              "no gap");

/* Both kinds have these members at the same places, up to what follows ImageBase and from Subsystem on. */
static_assert(offsetof(struct zp_image_optional_header64, SectionAlignment) ==
                  offsetof(struct zp_image_optional_header32, SectionAlignment),
              "SectionAlignment");
static_assert(offsetof(struct zp_image_optional_header64, DllCharacteristics) ==
                  offsetof(struct zp_image_optional_header32, DllCharacteristics),
              "DllCharacteristics");

int zp_pe_describe(const struct zp_source *source, uint64_t pe_offset, struct zp_pe *ret_pe,
                   struct zp_error *ret_error)
{
    struct {
        struct zp_image_file_header file;
        struct zp_image_optional_header32 optional;
    } header; /* as they lie in the file */
    bool whole = zp_fits(pe_offset + ZP_IMAGE_NT_SIGNATURE_SIZE, sizeof(header), source->size);
    int status = zp_source_read(source, pe_offset + ZP_IMAGE_NT_SIGNATURE_SIZE, &header,
                                whole ? sizeof(header) : sizeof(header.file), ret_error);

    if (status != ZP_OK)
        return status;
    ret_pe->offset = pe_offset;
    ret_pe->machine = header.file.Machine;
    ret_pe->sections = header.file.NumberOfSections;
    ret_pe->characteristics = header.file.Characteristics;
    if (!whole || header.file.SizeOfOptionalHeader < sizeof(header.optional))
        return ZP_OK;
    ret_pe->magic = header.optional.Magic;
    ret_pe->subsystem = header.optional.Subsystem;
    ret_pe->dll_characteristics = header.optional.DllCharacteristics;
    ret_pe->entry = header.optional.AddressOfEntryPoint;
    ret_pe->section_alignment = header.optional.SectionAlignment;
    ret_pe->image_size = header.optional.SizeOfImage;
    return ZP_OK;
}

int zp_pe_section_at(const struct zp_source *source, uint64_t at, struct zp_pe_section *ret_section,
                     struct zp_error *ret_error)
{
    struct zp_image_section_header header;
    int status;

    if (!zp_fits(at, sizeof(header), source->size))
        return zp_report(ret_error, ZP_ERR_TRUNCATED, ZP_FIELD_PE_SECTION, at, at + sizeof(header),
                         source->size);
    if ((status = zp_source_read(source, at, &header, sizeof(header), ret_error)) != ZP_OK)
        return status;
    memset(ret_section, 0, sizeof(*ret_section));
    memcpy(ret_section->name, header.Name, sizeof(header.Name));
    ret_section->header_offset = at;
    ret_section->offset = header.PointerToRawData;
    ret_section->size = header.VirtualSize < header.SizeOfRawData ? header.VirtualSize : header.SizeOfRawData;
    ret_section->virtual_size = header.VirtualSize;
    ret_section->virtual_address = header.VirtualAddress;
    ret_section->characteristics = header.Characteristics;
    return ZP_OK;
}

int zp_pe_section_fits(const struct zp_source *source, const struct zp_pe_section *section,
                       struct zp_error *ret_error)
{
    if (section->size == 0 || zp_fits(section->offset, section->size, source->size))
        return ZP_OK;
    return zp_report(ret_error, ZP_ERR_TRUNCATED, ZP_FIELD_PE_SECTION, section->header_offset,
                     section->offset + section->size, source->size);
}

uint64_t zp_pe_section_table(uint64_t pe_offset, const struct zp_image_file_header *header)
{
    return pe_offset + PE_HEADERS + header->SizeOfOptionalHeader;
}

int zp_pe_sections(const struct zp_source *source, struct zp_pe_section *sections, size_t capacity,
                   size_t *ret_count, struct zp_error *ret_error)
{
    struct zp_image_file_header header = {0};
    uint64_t offset, at;
    int status;

    if (!source || !source->read || !ret_count || (!sections && capacity != 0))
        return zp_report(ret_error, ZP_ERR_ARGUMENT, ZP_FIELD_NONE, ZP_NO_OFFSET, 0, 0);
    status = zp_pe_find(source, &offset, ret_error);
    if (status == ZP_OK && offset != 0)
        status = zp_pe_file_header(source, offset, &header, ret_error);
    if (status != ZP_OK)
        return status;
    if (header.NumberOfSections > capacity)
        return zp_report(ret_error, ZP_ERR_ROOM, ZP_FIELD_PE_SECTION, ZP_NO_OFFSET, header.NumberOfSections,
                         capacity);
    at = zp_pe_section_table(offset, &header);
    for (size_t i = 0; i < header.NumberOfSections && status == ZP_OK; i++) {
        status = zp_pe_section_at(source, at + i * sizeof(struct zp_image_section_header), &sections[i],
                                  ret_error);
        if (status == ZP_OK)
            status = zp_pe_section_fits(source, &sections[i], ret_error);
    }
    if (status == ZP_OK)
        *ret_count = header.NumberOfSections;
    return status;
}
