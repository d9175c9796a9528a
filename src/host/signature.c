/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the signatures of an EFI executable lie. Offset and size come from the file: whoever reads there asks
 * first whether the file goes so far. Microsoft PE and COFF Specification, "Optional Header Data
 * Directories", "The Attribute Certificate Table".
 */
#include <zeropage/wire/pe.h>

#include "opened.h"

static bool read_at(const struct zp_source *source, uint64_t offset, void *buffer, size_t size)
{
    return offset <= source->size && size <= source->size - offset &&
           source->read(source->context, offset, buffer, size) == 0;
}

/* Where the data directories are: behind an optional header of either size. */
static bool find_directories(const struct zp_source *source, uint64_t *ret_offset, uint32_t *ret_count)
{
    struct zp_image_dos_header dos;
    struct zp_image_file_header header;
    uint32_t signature;
    uint16_t magic;
    uint64_t at;
    size_t size;

    if (!read_at(source, 0, &dos, sizeof(dos)) || dos.e_magic != ZP_IMAGE_DOS_SIGNATURE ||
        !read_at(source, dos.e_lfanew, &signature, sizeof(signature)) || signature != ZP_IMAGE_NT_SIGNATURE)
        return false;
    at = (uint64_t)dos.e_lfanew + ZP_IMAGE_NT_SIGNATURE_SIZE;
    if (!read_at(source, at, &header, sizeof(header)))
        return false;
    at += sizeof(header);
    if (!read_at(source, at, &magic, sizeof(magic)) ||
        (magic != ZP_IMAGE_NT_OPTIONAL_HDR32_MAGIC && magic != ZP_IMAGE_NT_OPTIONAL_HDR64_MAGIC))
        return false;
    size = magic == ZP_IMAGE_NT_OPTIONAL_HDR32_MAGIC ? sizeof(struct zp_image_optional_header32)
                                                     : sizeof(struct zp_image_optional_header64);
    /* NumberOfRvaAndSizes ends both; the directories must lie in what SizeOfOptionalHeader says. */
    if (header.SizeOfOptionalHeader < size ||
        !read_at(source, at + size - sizeof(*ret_count), ret_count, sizeof(*ret_count)))
        return false;
    if (*ret_count > (header.SizeOfOptionalHeader - size) / sizeof(struct zp_image_data_directory))
        *ret_count =
            (uint32_t)((header.SizeOfOptionalHeader - size) / sizeof(struct zp_image_data_directory));
    *ret_offset = at + size;
    return true;
}

bool zp_pe_security(const struct zp_source *source, uint64_t *ret_offset, uint64_t *ret_size)
{
    struct zp_image_data_directory directory;
    uint64_t at;
    uint32_t count;

    if (!find_directories(source, &at, &count) || count <= ZP_IMAGE_DIRECTORY_ENTRY_SECURITY ||
        !read_at(source, at + ZP_IMAGE_DIRECTORY_ENTRY_SECURITY * sizeof(directory), &directory,
                 sizeof(directory)) ||
        directory.Size == 0)
        return false;
    *ret_offset = directory.VirtualAddress; /* of this directory alone it is an offset in the file */
    *ret_size = directory.Size;
    return true;
}
