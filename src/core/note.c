/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF notes in PT_NOTEs: all that Xen's public elfnote.h knows are kept, and PHYS32_ENTRY (18) makes the PVH
 * entry, to be moved as PHYS32_RELOC (19) allows. Xen's GUEST_OS, or any note of the owner "Linux", says that
 * the ELF is a Linux. Specifications: System V ABI, "Note section"; Xen
 * docs/misc/pvh and public/elfnote.h.
 *
 * Rules where the specification leaves a choice:
 *
 * - Names and descriptors are padded to 8 when p_align is 8, else to 4 (0, 1 and 2 occur). Linkers merge
 *   notes of both kinds into one segment, so each PT_NOTE is walked both ways, and the way that finds more
 *   notes of Xen and Linux is right; the declared one when that is a draw.
 * - A walk ends where a note would pass the segment's end. That is no fault, for other loaders pass over it
 *   as well, unless the note is a Xen PHYS32_ENTRY: then it is the PVH entry's.
 * - The first PHYS32_ENTRY and the first PHYS32_RELOC count.
 * - PT_NOTEs that lie outside of the file, or that have more bytes together than the file has (they would
 *   overlap) or than 1 MiB, are passed over: a note may have 12 bytes, and each is read three times.
 */
#include "inspect.h"

#include <zeropage/wire/elf.h>
#include <zeropage/wire/xen.h>

#include "checked.h"
#include "report.h"

#define PVH_ALIGN_DEFAULT (UINT64_C(2) << 20)
#define PAGE_SIZE         UINT64_C(4096)
#define GNU_ABI_TAG       1u /* n_type of the owner "GNU" */

#define OWNER_SIZE 6 /* of the longest that matters here, with its NUL */

static const char xen_owner[] = "Xen";
static const char gnu_owner[] = "GNU";
static const char linux_owner[] = "Linux";

/* A note: first as it lies in the file. */
struct span {
    struct zp_elf_nhdr header;
    char owner[OWNER_SIZE];
    uint64_t offset;
    uint64_t descriptor; /* in the file */
};
static_assert(offsetof(struct span, owner) == sizeof(struct zp_elf_nhdr), "owner");

/* PHYS32_ENTRY: where the PVH entry is. */
static int take_entry(struct zp_inspection *in, const struct span *note, uint64_t number)
{
    struct zp_pvh_state *pvh = &in->pvh;

    if (pvh->present)
        return ZP_OK;
    pvh->present = true;
    pvh->entry = number;
    pvh->entry_offset = note->descriptor;
    if (note->header.n_descsz != 4 && note->header.n_descsz != 8)
        zp_fault(&pvh->fault, ZP_ERR_VALUE, ZP_FIELD_N_DESCSZ,
                 note->offset + offsetof(struct zp_elf_nhdr, n_descsz), note->header.n_descsz, 8);
    return ZP_OK;
}

/* PHYS32_RELOC: {align, min, max}, each of them optional from the end on. */
static int take_reloc(struct zp_inspection *in, const struct span *note)
{
    struct zp_pvh_state *pvh = &in->pvh;
    uint32_t words[3] = {0, 0, UINT32_MAX};
    uint32_t size = note->header.n_descsz;
    int status;

    if (pvh->relocatable)
        return ZP_OK;
    pvh->relocatable = true;
    if (size > sizeof(words) || size % sizeof(words[0]) != 0) {
        if (pvh->fault.code == ZP_OK)
            zp_fault(&pvh->fault, ZP_ERR_VALUE, ZP_FIELD_N_DESCSZ,
                     note->offset + offsetof(struct zp_elf_nhdr, n_descsz), size, sizeof(words));
        return ZP_OK;
    }
    if ((status = zp_inspection_read(in, note->descriptor, words, size)) != ZP_OK)
        return status;
    pvh->align = words[0];
    pvh->min = words[1];
    pvh->max = words[2];
    if (pvh->fault.code == ZP_OK && size != 0 && !zp_is_power_of_two(words[0]))
        zp_fault(&pvh->fault, ZP_ERR_ALIGNMENT, ZP_FIELD_PHYS32_RELOC, note->descriptor, words[0], 0);
    if (pvh->fault.code == ZP_OK && words[2] < words[1])
        zp_fault(&pvh->fault, ZP_ERR_TOO_SMALL, ZP_FIELD_PHYS32_RELOC, note->descriptor + 8, words[2],
                 words[1]);
    return ZP_OK;
}

static int take_guest_os(struct zp_inspection *in, const struct span *note)
{
    static const char linux_name[5] = {'l', 'i', 'n', 'u', 'x'};
    char name[sizeof(linux_name) + 1] = {0};
    size_t length = note->header.n_descsz < sizeof(name) ? note->header.n_descsz : sizeof(name);
    int status;

    if ((status = zp_inspection_read(in, note->descriptor, name, length)) != ZP_OK)
        return status;
    if (memcmp(name, linux_name, sizeof(linux_name)) == 0 && name[sizeof(linux_name)] == '\0')
        in->image->elf.guest_linux = 1;
    return ZP_OK;
}

static int take_xen(struct zp_inspection *in, const struct span *note)
{
    struct zp_note kept = {
        .type = note->header.n_type,
        .descriptor_size = note->header.n_descsz,
        .header_offset = note->offset,
        .descriptor_offset = note->descriptor,
    };
    int status;

    if (kept.descriptor_size == 4 || kept.descriptor_size == 8) {
        status = zp_inspection_read(in, kept.descriptor_offset, &kept.number, kept.descriptor_size);
        if (status != ZP_OK)
            return status;
    }
    zp_inspection_add_note(in, &kept);
    switch (kept.type) {
    case ZP_XEN_ELFNOTE_PHYS32_ENTRY: return take_entry(in, note, kept.number);
    case ZP_XEN_ELFNOTE_PHYS32_RELOC: return take_reloc(in, note);
    case ZP_XEN_ELFNOTE_GUEST_OS: return take_guest_os(in, note);
    default: return ZP_OK;
    }
}

/*
 * Reads the header at `at`, and as much behind it as the longest owner takes that may be one of ours; one
 * that is cut off is nobody's.
 */
static int read_note(const struct zp_inspection *in, uint64_t at, uint64_t rest, struct span *ret_note)
{
    const size_t whole = sizeof(ret_note->header) + sizeof(ret_note->owner);
    int status;

    memset(ret_note->owner, 0, sizeof(ret_note->owner));
    ret_note->offset = at;
    status = zp_inspection_read(in, at, ret_note, rest < whole ? (size_t)rest : whole);
    if (status == ZP_OK && rest - sizeof(ret_note->header) < ret_note->header.n_namesz)
        memset(ret_note->owner, 0, sizeof(ret_note->owner));
    return status;
}

/* size is that of the owner with its NUL. */
static bool owned_by(const struct span *note, const char *owner, size_t size)
{
    return note->header.n_namesz == size && memcmp(note->owner, owner, size) == 0;
}

#define OWNED_BY(note, owner) owned_by((note), (owner), sizeof(owner))

/* A PHYS32_ENTRY whose descriptor is cut off. */
static void take_broken(struct zp_inspection *in, const struct span *note, uint64_t end, uint64_t segment_end)
{
    if (!OWNED_BY(note, xen_owner) || note->header.n_type != ZP_XEN_ELFNOTE_PHYS32_ENTRY || in->pvh.present)
        return;
    in->pvh.present = true;
    zp_fault(&in->pvh.fault, ZP_ERR_TRUNCATED, ZP_FIELD_N_DESCSZ,
             note->offset + offsetof(struct zp_elf_nhdr, n_descsz), end, segment_end);
}

/* A walk by that padding came upon this note of Xen's. */
static void seen(struct zp_inspection *in, const struct span *note, uint64_t padding)
{
    if (note->header.n_type == ZP_XEN_ELFNOTE_PHYS32_ENTRY)
        in->pvh.walks |= (uint32_t)padding;
}

/* Walks [offset, +size) with one padding and counts the notes of Xen and Linux; with `keep` it also takes
 * them. */
static int walk(struct zp_inspection *in, uint64_t offset, uint64_t size, uint64_t padding, bool keep,
                uint64_t *ret_count)
{
    struct span note;
    uint64_t at = 0, count = 0;
    int status;

    while (size - at >= sizeof(note.header)) {
        uint64_t start, next; /* of 32-bit numbers: none of the sums wraps */

        if ((status = read_note(in, offset + at, size - at, &note)) != ZP_OK)
            return status;
        start = zp_align_down(sizeof(note.header) + (uint64_t)note.header.n_namesz + padding - 1, padding);
        next = zp_align_down(start + note.header.n_descsz + padding - 1, padding);
        note.descriptor = offset + at + start;
        if (start + note.header.n_descsz > size - at) {
            if (keep)
                take_broken(in, &note, note.descriptor + note.header.n_descsz, offset + size);
            break;
        }
        if (OWNED_BY(&note, xen_owner)) {
            count++;
            seen(in, &note, padding);
            if (keep && (status = take_xen(in, &note)) != ZP_OK)
                return status;
        }
        if (OWNED_BY(&note, linux_owner)) {
            count++;
            if (keep)
                in->image->elf.guest_linux = 1;
        }
        if (OWNED_BY(&note, gnu_owner) && note.header.n_type == GNU_ABI_TAG)
            in->elf.program = true;
        at += next < size - at ? next : size - at;
    }
    *ret_count = count;
    return ZP_OK;
}

int zp_inspect_notes(struct zp_inspection *in, uint64_t offset, uint64_t size, uint64_t align)
{
    uint64_t declared = align == 8 ? 8 : 4;
    uint64_t other = align == 8 ? 4 : 8;
    uint64_t declared_count, other_count;
    struct zp_pvh *told = &in->image->pvh;
    struct zp_pvh_state pvh;
    size_t note_count = in->image->note_count;
    uint32_t guest_linux = in->image->elf.guest_linux;
    int status;

    told->segment_count++;
    in->pvh.walks = 0;
    if (!zp_fits(offset, size, in->source->size) || size > in->elf.note_budget)
        return ZP_OK;
    in->elf.note_budget -= size;
    if ((status = walk(in, offset, size, other, false, &other_count)) != ZP_OK)
        return status;
    pvh = in->pvh;
    status = walk(in, offset, size, declared, true, &declared_count);
    if (status == ZP_OK && other_count > declared_count) {
        pvh.walks = in->pvh.walks;
        in->pvh = pvh; /* what was taken by the wrong padding is forgotten */
        in->image->note_count = note_count;
        in->image->elf.guest_linux = guest_linux;
        status = walk(in, offset, size, other, true, &declared_count);
    }
    if (status == ZP_OK && in->pvh.present && !told->present) {
        told->present = 1;
        told->paddings = in->pvh.walks;
        told->note_offset = offset;
        told->note_size = size;
        told->note_align = align;
        told->segment = told->segment_count - 1;
    }
    return status;
}

void zp_inspect_pvh(struct zp_inspection *in)
{
    const struct zp_pvh_state *pvh = &in->pvh;
    struct zp_entry entry;

    if (!pvh->present)
        return;
    zp_inspect_elf_segments(in, &entry);
    entry.protocol = ZP_PROTOCOL_PVH;
    entry.address.value = pvh->entry;
    if (pvh->relocatable) {
        entry.align = in->elf.p_align >= PAGE_SIZE ? in->elf.p_align : PVH_ALIGN_DEFAULT;
        if (pvh->align != 0)
            entry.align = pvh->align;
        entry.min.value = pvh->min;
        entry.max.value = pvh->max;
    }
    if (entry.fault.code == ZP_OK)
        entry.fault = pvh->fault;
    if (entry.fault.code == ZP_OK && pvh->entry >= ZP_GIB4)
        zp_fault(&entry.fault, ZP_ERR_TOO_LARGE, ZP_FIELD_PHYS32_ENTRY, pvh->entry_offset, pvh->entry,
                 ZP_GIB4 - 1);
    if (entry.fault.code == ZP_OK && !zp_inspection_covers(in, &entry, pvh->entry))
        zp_fault(&entry.fault, ZP_ERR_OUTSIDE, ZP_FIELD_PHYS32_ENTRY, pvh->entry_offset, pvh->entry, 0);
    zp_inspection_add_entry(in, &entry);
}
