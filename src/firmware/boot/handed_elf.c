/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An ELF that `qemu -kernel` has put into memory itself, for a PVH entry. fw_cfg has where its segments
 * begin, how long they are together, and the entry. Its SETUP_DATA should be the beginning of the file, but
 * up to QEMU 9.1 that is a stack frame which is gone: any bytes, as soon as the machine has a network card.
 * So none of the file is read: we write an ELF of one segment with the note of that entry, whose bytes in
 * memory are read where they are to lie, which is no work. QEMU docs/specs/fw_cfg; ELF gABI, "ELF Header",
 * "Program Header" and "Note Section"; Xen's elfnote.h.
 */
#include <zeropage/wire/elf.h>
#include <zeropage/wire/xen.h>

#include "../../core/checked.h"
#include "boot.h"
#include "fw_cfg.h"
#include "handed.h"

#define OFFSET 0x1000u /* of the segment in the file */

static FW_KEPT struct made {
    struct zp_elf32_ehdr header;
    struct zp_elf32_phdr segment, notes;
    struct zp_elf_nhdr note;
    char name[4];
    uint32_t entry;
} made;

static int read_elf(void *context, uint64_t offset, void *buffer, size_t length)
{
    const struct zp_source *source = context;
    const char *from;

    if (zp_fits(offset, length, sizeof(made))) {
        memcpy(buffer, (const char *)&made + offset, length);
        return 0;
    }
    if (!zp_fits(offset, length, source->size))
        return -1;
    if (offset < OFFSET) {
        size_t part = length < OFFSET - offset ? length : (size_t)(OFFSET - offset), seen = 0;

        if (offset < sizeof(made))
            seen = part < sizeof(made) - offset ? part : (size_t)(sizeof(made) - offset);
        memcpy(buffer, (const char *)&made + offset, seen);
        memset((char *)buffer + seen, 0, part - seen);
        buffer = (char *)buffer + part;
        offset += part;
        length -= part;
    }
    if (length == 0)
        return 0;
    from = stub_see(made.segment.p_paddr + (offset - OFFSET), length);
    if (!from)
        return -1; /* where nobody can look */
    if (from != buffer)
        memmove(buffer, from, length);
    return 0;
}

bool fw_handed_elf(struct zp_source *source)
{
    made.entry = fw_cfg_number(FW_CFG_KERNEL_ENTRY);
    if (made.entry == 0)
        return false;
    memcpy(made.header.e_ident, "\177ELF\1\1\1", 7); /* of 32 bits, little-endian, version 1 */
    made.header.e_type = ZP_ET_EXEC;
    made.header.e_machine = ZP_EM_386;
    made.header.e_version = ZP_EV_CURRENT;
    made.header.e_entry = made.entry;
    made.header.e_phoff = offsetof(struct made, segment);
    made.header.e_ehsize = sizeof(made.header);
    made.header.e_phentsize = sizeof(made.segment);
    made.header.e_phnum = 2;
    made.segment.p_type = ZP_PT_LOAD;
    made.segment.p_offset = OFFSET;
    made.segment.p_paddr = made.segment.p_vaddr = fw_cfg_number(FW_CFG_KERNEL_ADDR);
    made.segment.p_filesz = made.segment.p_memsz = fw_cfg_number(FW_CFG_KERNEL_SIZE);
    made.notes.p_type = ZP_PT_NOTE;
    made.notes.p_offset = offsetof(struct made, note);
    made.notes.p_filesz = sizeof(made) - offsetof(struct made, note);
    made.note.n_namesz = sizeof(made.name);
    made.note.n_descsz = sizeof(made.entry);
    made.note.n_type = ZP_XEN_ELFNOTE_PHYS32_ENTRY;
    memcpy(made.name, "Xen", sizeof(made.name));
    source->size = OFFSET + (uint64_t)made.segment.p_filesz;
    source->read = read_elf;
    source->context = source;
    return true;
}
