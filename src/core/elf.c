/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF executables: the PT_LOADs as segments, sorted by physical address and apart from each other, and the
 * entry by e_entry. Specification: System V ABI, chapters 4 and 5; Linux Documentation/x86/boot for what is
 * entered at e_entry.
 *
 * Rules where the specification leaves a choice:
 *
 * - ET_EXEC and ET_DYN for EM_386 or EM_X86_64; an ELF32 may be for x86-64 (multiboot kernels are), an ELF64
 *   not for i386. e_phentsize must be that of the class. PN_XNUM is resolved.
 * - A PT_LOAD without memory is passed over; one without file bytes is memory to reserve and clear. None may
 *   end past 2^52, in an ELF32 past 4 GiB, and no two may share a byte.
 * - The ELF ends in the file behind the last of its headers, tables, segments and sections. What claims to
 * lie outside of the file, a section table of another layout too, does not count.
 * - e_entry is a physical address if it lies in some segment's [p_paddr, +p_memsz), as in Linux's vmlinux; if
 *   not, but in some [p_vaddr, +p_memsz), it moves with that segment. 0 is none (gABI).
 * - Whoever asks for an interpreter (PT_INTERP) or carries the GNU ABI tag was made for an operating system
 *   (user-mode Linux, busybox): its e_entry is no entry for us. A PVH note or a multiboot header speaks for
 *   itself: FreeBSD's kernel has a PT_INTERP too.
 */
#include "inspect.h"

#include <zeropage/wire/elf.h>

#include "checked.h"
#include "report.h"

#define PHDR_BLOCK 16 /* program headers that are read at once */
/* Section 0 may tell of billions of headers, on a disk that has room for them. */
#define PHNUM_MAX (1u << 20)
#define SHNUM_MAX (1u << 20) /* of more none counts: they only tell where the ELF ends */

#define LINUX_ALIGN (UINT64_C(2) << 20)
#define LINUX32_MAX ((UINT64_C(512) << 20) - 1)
#define LINUX64_MAX ((UINT64_C(1) << 46) - 1)

/* Places of what an error can speak of, in either class. */
struct layout {
    uint16_t ehdr_size;
    uint16_t phdr_size;
    uint16_t shdr_size;
    uint16_t e_version;
    uint16_t e_entry;
    uint16_t e_phoff;
    uint16_t e_shoff;
    uint16_t e_phentsize;
    uint16_t e_phnum;
    uint16_t p_offset;
    uint16_t p_paddr;
    uint16_t p_filesz;
    uint16_t p_memsz;
    uint16_t p_align;
    uint64_t end; /* of addresses */
};

#define LAYOUT(bits, limit)                                                                               \
    {                                                                                                     \
        .ehdr_size = sizeof(struct zp_elf##bits##_ehdr), .phdr_size = sizeof(struct zp_elf##bits##_phdr), \
        .shdr_size = sizeof(struct zp_elf##bits##_shdr),                                                  \
        .e_version = offsetof(struct zp_elf##bits##_ehdr, e_version),                                     \
        .e_entry = offsetof(struct zp_elf##bits##_ehdr, e_entry),                                         \
        .e_phoff = offsetof(struct zp_elf##bits##_ehdr, e_phoff),                                         \
        .e_shoff = offsetof(struct zp_elf##bits##_ehdr, e_shoff),                                         \
        .e_phentsize = offsetof(struct zp_elf##bits##_ehdr, e_phentsize),                                 \
        .e_phnum = offsetof(struct zp_elf##bits##_ehdr, e_phnum),                                         \
        .p_offset = offsetof(struct zp_elf##bits##_phdr, p_offset),                                       \
        .p_paddr = offsetof(struct zp_elf##bits##_phdr, p_paddr),                                         \
        .p_filesz = offsetof(struct zp_elf##bits##_phdr, p_filesz),                                       \
        .p_memsz = offsetof(struct zp_elf##bits##_phdr, p_memsz),                                         \
        .p_align = offsetof(struct zp_elf##bits##_phdr, p_align), .end = (limit)                          \
    }

static const struct layout layout32 = LAYOUT(32, ZP_GIB4);
static const struct layout layout64 = LAYOUT(64, ZP_PHYSICAL_END);

static const struct layout *layout_of(const struct zp_inspection *in)
{
    return in->image->elf.class_bits == 32 ? &layout32 : &layout64;
}

/* --- the ELF header ------------------------------------------------------------------------------- */

/* The header of 32 bits that lies in a buffer as that of 64, which has the wider fields. */
static void widen_ehdr(struct zp_elf64_ehdr *ret_ehdr)
{
    struct zp_elf32_ehdr narrow;

    memcpy(&narrow, ret_ehdr, sizeof(narrow));
    ret_ehdr->e_type = narrow.e_type;
    ret_ehdr->e_machine = narrow.e_machine;
    ret_ehdr->e_version = narrow.e_version;
    ret_ehdr->e_entry = narrow.e_entry;
    ret_ehdr->e_phoff = narrow.e_phoff;
    ret_ehdr->e_shoff = narrow.e_shoff;
    ret_ehdr->e_phentsize = narrow.e_phentsize;
    ret_ehdr->e_phnum = narrow.e_phnum;
    ret_ehdr->e_shentsize = narrow.e_shentsize;
    ret_ehdr->e_shnum = narrow.e_shnum;
}

/* Only section 0, which holds counts that are too large for the ELF header. */
static int read_section0(const struct zp_inspection *in, uint64_t *ret_size, uint32_t *ret_info)
{
    struct zp_elf32_shdr narrow;
    struct zp_elf64_shdr wide;
    int status;

    if (in->image->elf.class_bits == 64) {
        if ((status = zp_inspection_read(in, in->image->elf.shoff, &wide, sizeof(wide))) != ZP_OK)
            return status;
        *ret_size = wide.sh_size;
        *ret_info = wide.sh_info;
        return ZP_OK;
    }
    if ((status = zp_inspection_read(in, in->image->elf.shoff, &narrow, sizeof(narrow))) != ZP_OK)
        return status;
    *ret_size = narrow.sh_size;
    *ret_info = narrow.sh_info;
    return ZP_OK;
}

/* e_ident: what says how the rest is to be read. */
static int check_ident(struct zp_inspection *in, const uint8_t *ident, struct zp_error *fault)
{
    if (ident[ZP_EI_CLASS] == ZP_ELFCLASS32)
        in->image->elf.class_bits = 32;
    else if (ident[ZP_EI_CLASS] == ZP_ELFCLASS64)
        in->image->elf.class_bits = 64;
    else
        return zp_fault(fault, ZP_ERR_ELF_CLASS, ZP_FIELD_E_IDENT, ZP_EI_CLASS, ident[ZP_EI_CLASS],
                        ZP_ELFCLASS64);
    in->image->formats |= in->image->elf.class_bits == 32 ? ZP_FORMAT_ELF32 : ZP_FORMAT_ELF64;
    in->image->elf.osabi = ident[ZP_EI_OSABI];
    in->elf.entry_offset = layout_of(in)->e_entry;
    if (in->source->size < layout_of(in)->ehdr_size)
        return zp_fault(fault, ZP_ERR_TRUNCATED, ZP_FIELD_E_IDENT, 0, layout_of(in)->ehdr_size,
                        in->source->size);
    if (ident[ZP_EI_DATA] != ZP_ELFDATA2LSB)
        return zp_fault(fault, ZP_ERR_ELF_DATA, ZP_FIELD_E_IDENT, ZP_EI_DATA, ident[ZP_EI_DATA],
                        ZP_ELFDATA2LSB);
    if (ident[ZP_EI_VERSION] != ZP_EV_CURRENT)
        return zp_fault(fault, ZP_ERR_VALUE, ZP_FIELD_E_IDENT, ZP_EI_VERSION, ident[ZP_EI_VERSION],
                        ZP_EV_CURRENT);
    return ZP_OK;
}

static bool is_x86(uint32_t class_bits, uint32_t machine)
{
    return machine == ZP_EM_X86_64 || (machine == ZP_EM_386 && class_bits == 32);
}

static int check_ehdr(const struct zp_inspection *in, const struct zp_elf64_ehdr *ehdr,
                      struct zp_error *fault)
{
    const struct layout *layout = layout_of(in);

    if (!is_x86(in->image->elf.class_bits, ehdr->e_machine))
        return zp_fault(fault, ZP_ERR_ELF_MACHINE, ZP_FIELD_E_MACHINE,
                        offsetof(struct zp_elf64_ehdr, e_machine), ehdr->e_machine, ZP_EM_X86_64);
    if (ehdr->e_type != ZP_ET_EXEC && ehdr->e_type != ZP_ET_DYN)
        return zp_fault(fault, ZP_ERR_ELF_TYPE, ZP_FIELD_E_TYPE, offsetof(struct zp_elf64_ehdr, e_type),
                        ehdr->e_type, ZP_ET_EXEC);
    if (ehdr->e_version != ZP_EV_CURRENT)
        return zp_fault(fault, ZP_ERR_VALUE, ZP_FIELD_E_VERSION, layout->e_version, ehdr->e_version,
                        ZP_EV_CURRENT);
    if (ehdr->e_phnum == 0)
        return zp_fault(fault, ZP_ERR_NO_SEGMENT, ZP_FIELD_E_PHNUM, layout->e_phnum, 0, 1);
    if (ehdr->e_phentsize != layout->phdr_size)
        return zp_fault(fault, ZP_ERR_VALUE, ZP_FIELD_E_PHENTSIZE, layout->e_phentsize, ehdr->e_phentsize,
                        layout->phdr_size);
    return ZP_OK;
}

/* Resolves counts that are in section 0. A section table that is not there only matters to PN_XNUM. */
static int resolve_counts(struct zp_inspection *in)
{
    struct zp_elf *elf = &in->image->elf;
    const struct layout *layout = layout_of(in);
    uint64_t size, end = UINT64_MAX;
    uint32_t info;
    int status;

    if (elf->phnum != ZP_PN_XNUM && (elf->shnum != 0 || elf->shoff == 0))
        return ZP_OK;
    if (elf->shoff == 0 || !zp_fits(elf->shoff, layout->shdr_size, in->source->size)) {
        (void)zp_add(elf->shoff, layout->shdr_size, &end);
        if (elf->phnum == ZP_PN_XNUM)
            zp_fault(&in->elf.fault, ZP_ERR_TRUNCATED, ZP_FIELD_E_SHOFF, layout->e_shoff, end,
                     in->source->size);
        return ZP_OK;
    }
    if ((status = read_section0(in, &size, &info)) != ZP_OK)
        return status;
    if (elf->shnum == 0 && size <= UINT32_MAX)
        elf->shnum = (uint32_t)size;
    if (elf->phnum == ZP_PN_XNUM)
        elf->phnum = info;
    if (elf->phnum == 0)
        zp_fault(&in->elf.fault, ZP_ERR_NO_SEGMENT, ZP_FIELD_E_PHNUM, layout->e_phnum, 0, 1);
    return ZP_OK;
}

static int check_table(const struct zp_inspection *in, struct zp_error *fault)
{
    const struct zp_elf *elf = &in->image->elf;
    const struct layout *layout = layout_of(in);
    uint64_t size = (uint64_t)elf->phnum * layout->phdr_size;
    uint64_t end;

    if (!zp_add(elf->phoff, size, &end))
        return zp_fault(fault, ZP_ERR_OVERFLOW, ZP_FIELD_E_PHOFF, layout->e_phoff, elf->phoff, size);
    if (end > in->source->size)
        return zp_fault(fault, ZP_ERR_TRUNCATED, ZP_FIELD_E_PHOFF, layout->e_phoff, end, in->source->size);
    if (elf->phnum > PHNUM_MAX)
        return zp_fault(fault, ZP_ERR_TOO_LARGE, ZP_FIELD_E_PHNUM, layout->e_phnum, elf->phnum, PHNUM_MAX);
    return ZP_OK;
}

/* --- segments ------------------------------------------------------------------------------------- */

static uint64_t phdr_offset(const struct zp_inspection *in, uint32_t index)
{
    return in->image->elf.phoff + (uint64_t)index * layout_of(in)->phdr_size;
}

/* A block of them, [first, +count). */
static int read_phdrs(const struct zp_inspection *in, uint32_t first, size_t count,
                      struct zp_elf64_phdr *ret_phdrs)
{
    struct zp_elf32_phdr narrow[PHDR_BLOCK];
    int status;

    if (in->image->elf.class_bits == 64)
        return zp_inspection_read(in, phdr_offset(in, first), ret_phdrs, count * sizeof(*ret_phdrs));
    if ((status = zp_inspection_read(in, phdr_offset(in, first), narrow, count * sizeof(narrow[0]))) != ZP_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        ret_phdrs[i].p_type = narrow[i].p_type;
        ret_phdrs[i].p_flags = narrow[i].p_flags;
        ret_phdrs[i].p_offset = narrow[i].p_offset;
        ret_phdrs[i].p_vaddr = narrow[i].p_vaddr;
        ret_phdrs[i].p_paddr = narrow[i].p_paddr;
        ret_phdrs[i].p_filesz = narrow[i].p_filesz;
        ret_phdrs[i].p_memsz = narrow[i].p_memsz;
        ret_phdrs[i].p_align = narrow[i].p_align;
    }
    return ZP_OK;
}

static int check_load(const struct zp_inspection *in, uint32_t index, const struct zp_elf64_phdr *phdr,
                      struct zp_error *fault)
{
    const struct layout *layout = layout_of(in);
    uint64_t at = phdr_offset(in, index);
    uint64_t end;

    if (phdr->p_filesz > phdr->p_memsz)
        return zp_fault(fault, ZP_ERR_TOO_LARGE, ZP_FIELD_P_FILESZ, at + layout->p_filesz, phdr->p_filesz,
                        phdr->p_memsz);
    if (!zp_add(phdr->p_offset, phdr->p_filesz, &end))
        return zp_fault(fault, ZP_ERR_OVERFLOW, ZP_FIELD_P_OFFSET, at + layout->p_offset, phdr->p_offset,
                        phdr->p_filesz);
    if (phdr->p_filesz != 0 && end > in->source->size)
        return zp_fault(fault, ZP_ERR_TRUNCATED, ZP_FIELD_P_OFFSET, at + layout->p_offset, end,
                        in->source->size);
    if (!zp_add(phdr->p_paddr, phdr->p_memsz, &end))
        return zp_fault(fault, ZP_ERR_OVERFLOW, ZP_FIELD_P_PADDR, at + layout->p_paddr, phdr->p_paddr,
                        phdr->p_memsz);
    if (phdr->p_paddr >= layout->end)
        return zp_fault(fault, ZP_ERR_TOO_LARGE, ZP_FIELD_P_PADDR, at + layout->p_paddr, phdr->p_paddr,
                        layout->end - 1);
    if (end > layout->end)
        return zp_fault(fault, ZP_ERR_TOO_LARGE, ZP_FIELD_P_MEMSZ, at + layout->p_memsz, phdr->p_memsz,
                        layout->end - phdr->p_paddr);
    if (phdr->p_align != 0 && !zp_is_power_of_two(phdr->p_align))
        return zp_fault(fault, ZP_ERR_ALIGNMENT, ZP_FIELD_P_ALIGN, at + layout->p_align, phdr->p_align, 0);
    return ZP_OK;
}

/* The first fault stays; what comes later is not looked at. */
static void add_load(struct zp_inspection *in, uint32_t index, const struct zp_elf64_phdr *phdr)
{
    const struct zp_segment segment = {
        .file_offset = phdr->p_filesz != 0 ? phdr->p_offset : 0,
        .file_size = phdr->p_filesz,
        .paddr.value = phdr->p_paddr,
        .vaddr = phdr->p_vaddr,
        .memory_size = phdr->p_memsz,
        .align = phdr->p_align,
        .flags = phdr->p_flags,
        .reserved = index, /* until they are sorted */
    };

    if (phdr->p_memsz == 0 && phdr->p_filesz == 0)
        return; /* nothing: its addresses are nobody's */
    if (in->elf.fault.code != ZP_OK || check_load(in, index, phdr, &in->elf.fault) != ZP_OK)
        return;
    if (phdr->p_align > in->elf.p_align)
        in->elf.p_align = phdr->p_align;
    in->elf.segment_count++;
    zp_inspection_add_segment(in, &segment);
}

/* [offset, +size) is the ELF's, when the file has it. */
static void reach(struct zp_inspection *in, uint64_t offset, uint64_t size)
{
    if (zp_fits(offset, size, in->source->size) && offset + size > in->image->elf.file_end)
        in->image->elf.file_end = offset + size;
}

static int walk_phdrs(struct zp_inspection *in)
{
    const uint32_t phnum = in->image->elf.phnum;
    struct zp_elf64_phdr block[PHDR_BLOCK];
    int status = ZP_OK;

    for (uint32_t i = 0; i < phnum && status == ZP_OK; i++) {
        const struct zp_elf64_phdr *phdr = &block[i % PHDR_BLOCK];

        if (i % PHDR_BLOCK == 0 &&
            (status = read_phdrs(in, i, phnum - i < PHDR_BLOCK ? phnum - i : PHDR_BLOCK, block)) != ZP_OK)
            return status;
        if (phdr->p_type != ZP_PT_NULL)
            reach(in, phdr->p_offset, phdr->p_filesz);
        if (phdr->p_type == ZP_PT_LOAD)
            add_load(in, i, phdr);
        else if (phdr->p_type == ZP_PT_NOTE)
            status = zp_inspect_notes(in, phdr->p_offset, phdr->p_filesz, phdr->p_align);
        else if (phdr->p_type == ZP_PT_INTERP)
            in->elf.program = true;
    }
    return status;
}

static void sift_down(struct zp_segment *segments, size_t root, size_t count)
{
    struct zp_segment moving = segments[root];
    size_t child;

    while ((child = 2 * root + 1) < count) {
        if (child + 1 < count && segments[child + 1].paddr.value > segments[child].paddr.value)
            child++;
        if (segments[child].paddr.value <= moving.paddr.value)
            break;
        segments[root] = segments[child];
        root = child;
    }
    segments[root] = moving;
}

static bool is_sorted(const struct zp_segment *segments, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (segments[i - 1].paddr.value > segments[i].paddr.value)
            return false;
    return true;
}

/* Heap sort: in place, and no input makes it slow. */
static void sort_by_paddr(struct zp_segment *segments, size_t count)
{
    if (is_sorted(segments, count))
        return;
    for (size_t i = count / 2; i-- > 0;)
        sift_down(segments, i, count);
    for (size_t last = count; last-- > 1;) {
        struct zp_segment highest = segments[0];

        segments[0] = segments[last];
        segments[last] = highest;
        sift_down(segments, 0, last);
    }
}

/* Sorted, the end of each must not pass the start of the next. */
static int check_overlap(const struct zp_inspection *in, const struct zp_segment *segments, size_t count,
                         struct zp_error *fault)
{
    for (size_t i = 1; i < count; i++) {
        const struct zp_segment *low = &segments[i - 1];
        const struct zp_segment *high = &segments[i];

        if (low->paddr.value + low->memory_size > high->paddr.value)
            return zp_fault(fault, ZP_ERR_OVERLAP, ZP_FIELD_P_PADDR,
                            phdr_offset(in, high->reserved) + layout_of(in)->p_paddr, high->paddr.value,
                            low->paddr.value);
    }
    return ZP_OK;
}

/* From what the walk has collected to a list that can be loaded, or a fault. */
static int settle_segments(struct zp_inspection *in)
{
    struct zp_segment *segments = in->room->segments + in->elf.segment_first;
    size_t count = in->elf.segment_count;

    if (in->image->segment_count > in->room->segment_capacity)
        return zp_report(in->ret_error, ZP_ERR_ROOM, ZP_FIELD_SEGMENTS, ZP_NO_OFFSET,
                         in->image->segment_count, in->room->segment_capacity);
    if (in->elf.fault.code == ZP_OK && count == 0)
        zp_fault(&in->elf.fault, ZP_ERR_NO_SEGMENT, ZP_FIELD_E_PHNUM, layout_of(in)->e_phnum,
                 in->image->elf.phnum, 1);
    if (in->elf.fault.code != ZP_OK)
        return ZP_OK;
    sort_by_paddr(segments, count);
    if (check_overlap(in, segments, count, &in->elf.fault) != ZP_OK)
        return ZP_OK;
    for (size_t i = 0; i < count; i++)
        segments[i].reserved = 0;
    in->elf.lowest = segments[0].paddr;
    in->elf.end.value = segments[count - 1].paddr.value + segments[count - 1].memory_size;
    return ZP_OK;
}

/* --- entries -------------------------------------------------------------------------------------- */

/* Turns e_entry into a physical address by the rule at the top of this file. */
static void find_entry(struct zp_inspection *in, uint64_t entry)
{
    const struct zp_segment *segments = in->room->segments + in->elf.segment_first;
    struct zp_entry whole;

    in->image->elf.entry.value = entry;
    zp_inspect_elf_segments(in, &whole);
    if (entry != 0 && zp_inspection_covers(in, &whole, entry))
        return;
    for (size_t i = 0; entry != 0 && i < in->elf.segment_count; i++) {
        if (entry >= segments[i].vaddr && entry - segments[i].vaddr < segments[i].memory_size) {
            in->image->elf.entry.value = segments[i].paddr.value + (entry - segments[i].vaddr);
            return;
        }
    }
    zp_fault(&in->elf.entry_fault, ZP_ERR_OUTSIDE, ZP_FIELD_E_ENTRY, in->elf.entry_offset, entry, 0);
}

/* --- the end of the ELF in the file --------------------------------------------------------------- */

static void reach_section(struct zp_inspection *in, uint32_t type, uint64_t offset, uint64_t size)
{
    if (type != ZP_SHT_NULL && type != ZP_SHT_NOBITS)
        reach(in, offset, size);
}

/* Section headers are read in blocks, for there may be many; the table is known to lie in the file. */
static int reach_sections(struct zp_inspection *in)
{
    union {
        struct zp_elf32_shdr narrow[64];
        struct zp_elf64_shdr wide[40];
    } block;
    uint64_t at = in->image->elf.shoff, left = in->image->elf.shnum;
    uint64_t size = layout_of(in)->shdr_size, count;
    int status;

    for (; left != 0; left -= count, at += count * size) {
        count = left < sizeof(block) / size ? left : sizeof(block) / size;
        if ((status = zp_inspection_read(in, at, &block, (size_t)(count * size))) != ZP_OK)
            return status;
        for (size_t i = 0; i < count; i++) {
            if (in->image->elf.class_bits == 32)
                reach_section(in, block.narrow[i].sh_type, block.narrow[i].sh_offset,
                              block.narrow[i].sh_size);
            else
                reach_section(in, block.wide[i].sh_type, block.wide[i].sh_offset, block.wide[i].sh_size);
        }
    }
    return ZP_OK;
}

static int find_end(struct zp_inspection *in)
{
    const struct zp_elf *elf = &in->image->elf;
    const struct layout *layout = layout_of(in);
    uint64_t size = (uint64_t)elf->shnum * layout->shdr_size;

    reach(in, 0, layout->ehdr_size);
    reach(in, elf->phoff, (uint64_t)elf->phnum * layout->phdr_size);
    if (elf->shoff == 0 || elf->shnum == 0 || elf->shnum > SHNUM_MAX || elf->shentsize != layout->shdr_size ||
        !zp_fits(elf->shoff, size, in->source->size))
        return ZP_OK;
    reach(in, elf->shoff, size);
    return reach_sections(in);
}

/* What follows the ELF header. The fault, if any, is kept; segments of a faulty ELF are dropped. */
static int inspect_body(struct zp_inspection *in, uint64_t entry)
{
    int status;

    if ((status = walk_phdrs(in)) != ZP_OK)
        return status;
    if ((status = settle_segments(in)) != ZP_OK)
        return status;
    if (in->elf.fault.code != ZP_OK) {
        in->image->segment_count = in->elf.segment_first;
        in->elf.segment_count = 0;
        return ZP_OK;
    }
    in->image->elf.segment_first = in->elf.segment_first;
    in->image->elf.segment_count = in->elf.segment_count;
    find_entry(in, entry);
    if ((status = find_end(in)) != ZP_OK)
        return status;
    return zp_inspect_relocations(in);
}

int zp_inspect_elf(struct zp_inspection *in)
{
    struct zp_elf *elf = &in->image->elf;
    struct zp_elf64_ehdr ehdr;
    uint32_t magic;
    int status;

    if ((status = zp_inspection_read_some(in, 0, &ehdr, sizeof(ehdr))) != ZP_OK)
        return status;
    memcpy(&magic, ehdr.e_ident, sizeof(magic));
    if (magic != ZP_ELFMAG)
        return ZP_OK;
    in->elf.present = true;
    in->elf.segment_first = in->image->segment_count;
    if (check_ident(in, ehdr.e_ident, &in->elf.fault) != ZP_OK)
        return ZP_OK;
    if (elf->class_bits == 32)
        widen_ehdr(&ehdr);
    elf->type = ehdr.e_type;
    elf->machine = ehdr.e_machine;
    elf->entry.value = ehdr.e_entry;
    elf->e_entry = ehdr.e_entry;
    elf->phoff = ehdr.e_phoff;
    elf->shoff = ehdr.e_shoff;
    elf->phnum = ehdr.e_phnum;
    elf->shnum = ehdr.e_shnum;
    elf->shentsize = ehdr.e_shentsize;
    if (check_ehdr(in, &ehdr, &in->elf.fault) != ZP_OK)
        return ZP_OK;
    if ((status = resolve_counts(in)) != ZP_OK)
        return status;
    if (in->elf.fault.code != ZP_OK || check_table(in, &in->elf.fault) != ZP_OK)
        return ZP_OK;
    return inspect_body(in, ehdr.e_entry);
}

void zp_inspect_elf_segments(const struct zp_inspection *in, struct zp_entry *ret_entry)
{
    memset(ret_entry, 0, sizeof(*ret_entry));
    ret_entry->container = in->image->elf.class_bits == 32 ? ZP_CONTAINER_ELF32 : ZP_CONTAINER_ELF64;
    ret_entry->segment_first = in->elf.segment_first;
    ret_entry->segment_count = in->elf.segment_count;
    ret_entry->reserve = in->elf.lowest;
    ret_entry->reserve_size = in->elf.end.value - in->elf.lowest.value;
    ret_entry->fault = in->elf.fault;
}

void zp_inspect_elf_start(const struct zp_inspection *in, struct zp_entry *ret_entry)
{
    zp_inspect_elf_segments(in, ret_entry);
    ret_entry->address = in->image->elf.entry;
    if (ret_entry->fault.code == ZP_OK)
        ret_entry->fault = in->elf.entry_fault;
}

/*
 * Linux can be moved. At the 64-bit entry it finds out where it lies by itself: it wants 2 MiB pages, and its
 * page tables reach 64 TiB with four levels. A 32-bit one has its physical addresses in its code, so it moves
 * by its relocation table, and not past what its first mapping holds.
 */
static void set_movable(const struct zp_inspection *in, struct zp_entry *entry)
{
    bool is_32 = in->image->elf.class_bits == 32;

    if (!in->image->elf.guest_linux || (is_32 && in->image->relocations.list_count == 0))
        return;
    entry->align = LINUX_ALIGN;
    entry->min = in->elf.lowest;
    entry->max.value = is_32 ? LINUX32_MAX : LINUX64_MAX;
}

bool zp_inspect_elf_comes_first(const struct zp_inspection *in)
{
    return in->image->elf.guest_linux && !in->elf.program;
}

void zp_inspect_elf_entry(struct zp_inspection *in)
{
    struct zp_entry entry;

    if (in->image->elf.class_bits == 0)
        return;
    zp_inspect_elf_start(in, &entry);
    entry.protocol = in->image->elf.class_bits == 32 ? ZP_PROTOCOL_LINUX32 : ZP_PROTOCOL_LINUX64;
    set_movable(in, &entry);
    if (entry.fault.code == ZP_OK && in->elf.program)
        zp_fault(&entry.fault, ZP_ERR_ELF_PROGRAM, ZP_FIELD_P_TYPE, ZP_NO_OFFSET, in->image->elf.type, 0);
    zp_inspection_add_entry(in, &entry);
}
