/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An ELF that `qemu -kernel` has put into memory itself, for a PVH entry: fw_cfg has the first bytes of the
 * file, headers and all, and the segments lie where the program headers have them. So the file can be read as
 * if it were there: what lies in no segment reads as zeros. Reading a segment to where it lies is no work.
 * ELF gABI, "ELF Header" and "Program Header".
 */
#include <zeropage/wire/elf.h>

#include "../../core/checked.h"
#include "boot.h"
#include "handed.h"

#define SEGMENT_MAX 32

static FW_KEPT struct {
    const char *head;
    uint32_t head_size;
    uint64_t size;
    size_t count;
    struct {
        uint64_t offset, address, size;
    } segments[SEGMENT_MAX];
} elf;

/* Bytes from offset on that lie in one piece; NULL: zeros. False: where they lie nobody can look. */
static bool piece(uint64_t offset, size_t length, const char **ret_from, size_t *ret_length)
{
    uint64_t next = offset + length;

    for (size_t i = 0; i < elf.count; i++) {
        uint64_t start = elf.segments[i].offset, end = start + elf.segments[i].size;

        if (offset >= start && offset < end) {
            *ret_length = (size_t)((end < next ? end : next) - offset);
            *ret_from = stub_see(elf.segments[i].address + (offset - start), *ret_length);
            return *ret_from != NULL;
        }
        next = start > offset && start < next ? start : next;
    }
    if (offset < elf.head_size && next > elf.head_size)
        next = elf.head_size;
    *ret_length = (size_t)(next - offset);
    *ret_from = offset < elf.head_size ? elf.head + offset : NULL;
    return true;
}

static int read_elf(void *context, uint64_t offset, void *buffer, size_t length)
{
    char *to = buffer;

    (void)context;
    if (!zp_fits(offset, length, elf.size))
        return -1;
    while (length) {
        size_t done;
        const char *from;

        if (!piece(offset, length, &from, &done))
            return -1;
        if (!from)
            memset(to, 0, done);
        else if (from != to)
            memmove(to, from, done);
        to += done;
        offset += done;
        length -= done;
    }
    return 0;
}

static void add(uint64_t offset, uint64_t address, uint64_t size)
{
    if (elf.count == SEGMENT_MAX || !zp_fits(offset, size, UINT64_C(1) << 52) ||
        !zp_fits(address, size, UINT64_C(1) << 52))
        return;
    elf.segments[elf.count].offset = offset;
    elf.segments[elf.count].address = address;
    elf.segments[elf.count++].size = size;
    elf.size = offset + size > elf.size ? offset + size : elf.size;
}

static bool add_segments(uint64_t offset, uint32_t entry_size, uint32_t count)
{
    if (!zp_fits(offset, (uint64_t)entry_size * count, elf.head_size))
        return false;
    for (uint32_t i = 0; i < count; i++, offset += entry_size) {
        struct zp_elf64_phdr wide;
        struct zp_elf32_phdr narrow;

        memcpy(&narrow, elf.head + offset, sizeof(narrow));
        if (narrow.p_type != ZP_PT_LOAD)
            continue;
        if (entry_size == sizeof(narrow)) {
            add(narrow.p_offset, narrow.p_paddr, narrow.p_filesz);
            continue;
        }
        memcpy(&wide, elf.head + offset, sizeof(wide));
        add(wide.p_offset, wide.p_paddr, wide.p_filesz);
    }
    return elf.count != 0;
}

bool fw_handed_elf(char *head, uint32_t size, struct zp_source *ret_source)
{
    struct zp_elf64_ehdr *wide = (void *)head;
    struct zp_elf32_ehdr *narrow = (void *)head;
    bool found = false;

    if (size < sizeof(*wide) || memcmp(head, "\177ELF", 4))
        return false;
    elf.head = head;
    elf.head_size = size;
    elf.size = size;
    elf.count = 0;
    if (head[ZP_EI_CLASS] == ZP_ELFCLASS64 && wide->e_phentsize == sizeof(struct zp_elf64_phdr)) {
        found = add_segments(wide->e_phoff, wide->e_phentsize, wide->e_phnum);
        wide->e_shoff = 0;
        wide->e_shnum = 0;
    }
    if (head[ZP_EI_CLASS] == ZP_ELFCLASS32 && narrow->e_phentsize == sizeof(struct zp_elf32_phdr)) {
        found = add_segments(narrow->e_phoff, narrow->e_phentsize, narrow->e_phnum);
        narrow->e_shoff = 0;
        narrow->e_shnum = 0;
    }
    ret_source->size = elf.size;
    ret_source->read = read_elf;
    ret_source->context = NULL;
    return found;
}
