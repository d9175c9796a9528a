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
    struct fw_handed_head head;
    struct zp_elf32_phdr notes;
    struct zp_elf_nhdr note;
    char name[4];
    uint32_t entry;
} made;
static_assert(offsetof(struct made, notes) == sizeof(struct fw_handed_head), "program headers in a row");

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
    from = stub_see(made.head.segment.p_paddr + (offset - OFFSET), length);
    if (!from)
        return -1; /* where nobody can look */
    if (from != buffer)
        memmove(buffer, from, length);
    return 0;
}

void fw_handed_head(struct fw_handed_head *ret_head, uint16_t phnum, uint32_t address, uint32_t size,
                    uint32_t offset)
{
    static const uint8_t ident[ZP_EI_NIDENT] = {0x7f,           'E',          'L', 'F', ZP_ELFCLASS32,
                                                ZP_ELFDATA2LSB, ZP_EV_CURRENT};
    struct zp_elf32_ehdr *ehdr = &ret_head->ehdr;
    struct zp_elf32_phdr *segment = &ret_head->segment;

    memset(ret_head, 0, sizeof(*ret_head));
    memcpy(ehdr->e_ident, ident, sizeof(ident));
    ehdr->e_type = ZP_ET_EXEC;
    ehdr->e_machine = ZP_EM_386;
    ehdr->e_version = ZP_EV_CURRENT;
    ehdr->e_phoff = offsetof(struct fw_handed_head, segment);
    ehdr->e_ehsize = sizeof(*ehdr);
    ehdr->e_phentsize = sizeof(*segment);
    ehdr->e_phnum = phnum;
    segment->p_type = ZP_PT_LOAD;
    segment->p_offset = offset;
    segment->p_vaddr = segment->p_paddr = address;
    segment->p_filesz = segment->p_memsz = size;
    segment->p_flags = ZP_PF_X | ZP_PF_W | ZP_PF_R;
}

bool fw_handed_elf(struct zp_source *source)
{
    made.entry = fw_cfg_number(FW_CFG_KERNEL_ENTRY);
    if (made.entry == 0)
        return false;
    fw_handed_head(&made.head, 2, fw_cfg_number(FW_CFG_KERNEL_ADDR), fw_cfg_number(FW_CFG_KERNEL_SIZE),
                   OFFSET);
    made.head.ehdr.e_entry = made.entry;
    made.notes.p_type = ZP_PT_NOTE;
    made.notes.p_offset = offsetof(struct made, note);
    made.notes.p_filesz = sizeof(made) - offsetof(struct made, note);
    made.note.n_namesz = sizeof(made.name);
    made.note.n_descsz = sizeof(made.entry);
    made.note.n_type = ZP_XEN_ELFNOTE_PHYS32_ENTRY;
    memcpy(made.name, "Xen", sizeof(made.name));
    source->size = OFFSET + (uint64_t)made.head.segment.p_filesz;
    source->read = read_elf;
    source->context = source;
    return true;
}
