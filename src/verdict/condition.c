/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conditions of rules. Each receives a subject and the rule's number, leaves in the subject the numbers
 * that the rule's sentence names, and says whether it holds. Programs ask raw bytes, so the raw setup header
 * is asked here; what needs understanding comes from the core's description of the image.
 */
#include "rule.h"

#include <stdlib.h>

#include <zeropage/wire/elf.h>
#include <zeropage/wire/multiboot.h>
#include <zeropage/wire/pe.h>
#include <zeropage/wire/xen.h>

#define SECTOR  512u
#define ENTRY64 0x200u /* of the 64-bit entry in the protected-mode code */

bool zp_is_always(struct zp_subject *subject, uint64_t number)
{
    (void)subject;
    (void)number;
    return true;
}

bool zp_is_compressed(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    return subject->compression != ZP_COMPRESSION_NONE;
}

/* --- the setup header ----------------------------------------------------------------------------- */

bool zp_has_hdrs(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    subject->number[0] = subject->header.version;
    return subject->hdrs;
}

bool zp_has_no_hdrs(struct zp_subject *subject, uint64_t number)
{
    return !zp_has_hdrs(subject, number);
}

bool zp_is_old_linux(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    return subject->image->formats & ZP_FORMAT_PRE_200;
}

bool zp_has_boot_flag(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    subject->number[0] = subject->header.boot_flag;
    return subject->header.boot_flag == ZP_BOOT_FLAG;
}

bool zp_version_from(struct zp_subject *subject, uint64_t number)
{
    subject->number[0] = subject->header.version;
    return subject->hdrs && subject->header.version >= number;
}

bool zp_version_before(struct zp_subject *subject, uint64_t number)
{
    return subject->hdrs && !zp_version_from(subject, number);
}

bool zp_is_loaded_high(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    subject->number[0] = subject->header.loadflags;
    return subject->hdrs && (subject->header.loadflags & ZP_LOADED_HIGH);
}

bool zp_is_loaded_low(struct zp_subject *subject, uint64_t number)
{
    return subject->hdrs && !zp_is_loaded_high(subject, number);
}

bool zp_is_relocatable(struct zp_subject *subject, uint64_t number)
{
    bool told = zp_version_from(subject, 0x205);

    (void)number;
    subject->number[0] = told ? subject->header.relocatable_kernel : 0;
    return subject->number[0] != 0;
}

bool zp_place_from(struct zp_subject *subject, uint64_t number)
{
    subject->number[0] = subject->header.pref_address;
    return subject->header.relocatable_kernel || subject->header.pref_address >= number;
}

bool zp_is_grub_linux32(struct zp_subject *subject, uint64_t number)
{
    bool high = zp_is_loaded_high(subject, number);

    return zp_version_from(subject, 0x203) && high && zp_subject_entry(subject, ZP_PROTOCOL_LINUX32);
}

bool zp_has_xloadflags(struct zp_subject *subject, uint64_t number)
{
    bool there = zp_version_from(subject, 0x20c);

    subject->number[0] = there ? subject->header.xloadflags : 0;
    return there && (subject->number[0] & number) == number;
}

bool zp_is_kexec_bzimage64(struct zp_subject *subject, uint64_t number)
{
    return zp_file_from(subject, 1024) && zp_has_boot_flag(subject, number) &&
           zp_is_loaded_high(subject, number) &&
           zp_has_xloadflags(subject, ZP_XLF_KERNEL_64 | ZP_XLF_CAN_BE_LOADED_ABOVE_4G);
}

bool zp_setup_sects_upto(struct zp_subject *subject, uint64_t number)
{
    subject->number[0] = subject->header.setup_sects;
    return subject->header.setup_sects <= number;
}

bool zp_setup_sects_told(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    subject->number[0] = subject->header.setup_sects;
    return subject->header.setup_sects != 0;
}

/* Where the protected-mode code begins in the file, by the raw header. */
static uint64_t code_offset(const struct zp_subject *subject)
{
    uint64_t sectors = subject->header.setup_sects ? subject->header.setup_sects : ZP_SETUP_SECTS_DEFAULT;

    return (sectors + 1) * ZP_SETUP_SECTOR_SIZE;
}

bool zp_syssize_fits(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    subject->number[0] = code_offset(subject) + (uint64_t)subject->header.syssize * ZP_SYSSIZE_UNIT;
    subject->number[1] = subject->source->size;
    return subject->number[0] <= subject->source->size;
}

/* A disk whose kernel ends before a partition begins: more than loaders of bzImages reckon with. */
bool zp_has_tail(struct zp_subject *subject, uint64_t number)
{
    uint64_t code = code_offset(subject), end = code + (uint64_t)subject->header.syssize * ZP_SYSSIZE_UNIT;

    (void)number;
    if (!subject->hdrs || subject->disk.last_start * SECTOR < end || subject->source->size <= end)
        return false;
    subject->number[0] = subject->source->size - end;
    subject->number[1] = end;
    subject->number[2] = subject->source->size - code;
    return true;
}

bool zp_init_size_covers(struct zp_subject *subject, uint64_t number)
{
    uint64_t code = code_offset(subject);

    (void)number;
    subject->number[0] = subject->header.init_size;
    subject->number[1] = subject->source->size > code ? subject->source->size - code : 0;
    return subject->number[1] <= ((uint64_t)subject->header.init_size + 0xfff) / 0x1000 * 0x1000;
}

bool zp_init_size_short(struct zp_subject *subject, uint64_t number)
{
    return zp_version_from(subject, 0x20a) && !zp_init_size_covers(subject, number);
}

/* Loaders that keep init_size free and write all of the file there do not survive a tail that passes it. */
bool zp_has_no_tail(struct zp_subject *subject, uint64_t number)
{
    return !zp_init_size_short(subject, number) || !zp_has_tail(subject, number);
}

bool zp_is_grub_linux16_tail(struct zp_subject *subject, uint64_t number)
{
    bool tail = !zp_has_no_tail(subject, number);
    bool linux32 = zp_is_grub_linux32(subject, number);

    return tail && linux32;
}

/* libxenguest unpacks what payload_offset names, from 2.08 on, and steps aside when that is past the end. */
bool zp_payload_is_far(struct zp_subject *subject, uint64_t number)
{
    bool asked = zp_version_from(subject, 0x208);

    (void)number;
    subject->number[0] = subject->header.payload_offset;
    return !asked || code_offset(subject) + subject->number[0] >= subject->source->size;
}

bool zp_code32_from(struct zp_subject *subject, uint64_t number)
{
    subject->number[0] = subject->header.code32_start;
    return subject->header.code32_start >= number;
}

bool zp_cmdline_below(struct zp_subject *subject, uint64_t number)
{
    bool told = zp_version_from(subject, 0x206);

    subject->number[0] = told ? subject->header.cmdline_size : ZP_CMDLINE_SIZE_DEFAULT;
    return subject->hdrs && subject->number[0] < number;
}

bool zp_initrd_too_high(struct zp_subject *subject, uint64_t number)
{
    return !zp_has_xloadflags(subject, ZP_XLF_CAN_BE_LOADED_ABOVE_4G) && zp_initrd_below(subject, number);
}

bool zp_initrd_below(struct zp_subject *subject, uint64_t number)
{
    bool told = zp_version_from(subject, 0x203);

    subject->number[0] = told ? subject->header.initrd_addr_max : ZP_INITRD_ADDR_MAX_DEFAULT;
    return subject->hdrs && subject->number[0] < number;
}

/* --- the file and where it runs ------------------------------------------------------------------- */

bool zp_file_from(struct zp_subject *subject, uint64_t number)
{
    subject->number[0] = subject->source->size;
    return subject->source->size >= number;
}

bool zp_file_below(struct zp_subject *subject, uint64_t number)
{
    return !zp_file_from(subject, number);
}

/* The range that the image runs over: of a sound entry into its own code. */
static bool reserve_of(struct zp_subject *subject, uint64_t *ret_start, uint64_t *ret_size)
{
    for (size_t i = 0; i < subject->image->entry_count; i++) {
        const struct zp_entry *entry = &subject->image->entries[i];

        if (entry->fault.code || entry->reserve_size == 0)
            continue;
        *ret_start = entry->reserve.value;
        *ret_size = entry->reserve_size;
        return true;
    }
    return false;
}

bool zp_runs_at_other_place(struct zp_subject *subject, uint64_t number)
{
    uint64_t start, size;

    if (!zp_version_from(subject, 0x20a) || !reserve_of(subject, &start, &size))
        return false;
    subject->number[0] = start;
    subject->number[2] = size;
    return start != number;
}

bool zp_reserve_upto(struct zp_subject *subject, uint64_t number)
{
    uint64_t start, size;

    if (!reserve_of(subject, &start, &size))
        return true;
    subject->number[0] = start + size;
    subject->number[2] = start;
    return start + size <= number;
}

bool zp_reserve_beyond(struct zp_subject *subject, uint64_t number)
{
    return !zp_reserve_upto(subject, number);
}

bool zp_entry_offered(struct zp_subject *subject, uint64_t number)
{
    const struct zp_entry *entry = zp_subject_entry(subject, (uint32_t)number);

    subject->number[0] = number;
    return entry != NULL;
}

/* --- ELF ------------------------------------------------------------------------------------------ */

bool zp_is_elf(struct zp_subject *subject, uint64_t number)
{
    const struct zp_note *note = zp_image_note(subject->image, ZP_XEN_ELFNOTE_PHYS32_ENTRY);

    (void)number;
    subject->number[0] = note ? note->number : 0;
    return subject->compression == ZP_COMPRESSION_NONE && subject->magic == ZP_ELFMAG;
}

bool zp_is_elf64(struct zp_subject *subject, uint64_t number)
{
    bool elf = zp_is_elf(subject, number);

    subject->number[0] = subject->image->elf.class_bits;
    return elf && subject->image->elf.class_bits == 64;
}

bool zp_is_elf32(struct zp_subject *subject, uint64_t number)
{
    bool elf = zp_is_elf(subject, number);

    subject->number[0] = subject->image->elf.class_bits;
    return elf && subject->image->elf.class_bits == 32;
}

bool zp_is_pvh_elf(struct zp_subject *subject, uint64_t number)
{
    return zp_is_elf(subject, number) && subject->image->pvh.present;
}

/* e_entry is the 64-bit entry of a bzImage in the same file: the two protocols are one. */
static bool is_entry_of_bzimage(const struct zp_subject *subject)
{
    const struct zp_setup_header *header = &subject->header;

    return subject->hdrs && header->version >= 0x20c && (header->xloadflags & ZP_XLF_KERNEL_64) &&
           subject->image->elf.e_entry == header->pref_address + ENTRY64;
}

bool zp_is_pvh_alone(struct zp_subject *subject, uint64_t number)
{
    return zp_is_pvh_elf(subject, number) && !is_entry_of_bzimage(subject);
}

bool zp_is_seen_pvh(struct zp_subject *subject, uint64_t number)
{
    return zp_note_by_padding(subject, 4) && zp_note_in_last(subject, 0) && zp_is_pvh_elf(subject, number);
}

/* What is wrong with the segments spoils every entry into them. */
bool zp_elf_is_sound(struct zp_subject *subject, uint64_t number)
{
    const struct zp_image *image = subject->image;

    (void)number;
    if (image->elf.segment_count != 0)
        return true;
    for (size_t i = 0; i < image->entry_count; i++)
        if (image->entries[i].fault.code && image->entries[i].container != ZP_CONTAINER_BZIMAGE &&
            image->entries[i].container != ZP_CONTAINER_ADDRESSES)
            subject->fault = &image->entries[i].fault;
    if (!subject->fault && subject->opened->refusal.code)
        subject->fault = &subject->opened->refusal;
    return false;
}

bool zp_is_elf_for(struct zp_subject *subject, uint64_t number)
{
    return zp_is_elf(subject, number) && subject->image->elf.machine == number;
}

bool zp_is_no_linux(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    return !subject->image->elf.guest_linux && !is_entry_of_bzimage(subject);
}

bool zp_is_multiboot2_elf(struct zp_subject *subject, uint64_t number)
{
    return zp_is_elf(subject, number) && zp_has_multiboot2(subject, number);
}

bool zp_phoff_from(struct zp_subject *subject, uint64_t number)
{
    subject->number[0] = subject->image->elf.phoff;
    return subject->image->elf.phoff >= number;
}

bool zp_e_entry_from(struct zp_subject *subject, uint64_t number)
{
    subject->number[0] = subject->image->elf.e_entry;
    return subject->image->elf.e_entry >= number;
}

/* The PT_LOADs, sorted by address. */
static const struct zp_segment *loads(const struct zp_subject *subject, size_t *ret_count)
{
    *ret_count = subject->image->elf.segment_count;
    return subject->image->segments + subject->image->elf.segment_first;
}

bool zp_e_entry_inside(struct zp_subject *subject, uint64_t number)
{
    size_t count;
    const struct zp_segment *segments = loads(subject, &count);

    (void)number;
    subject->number[0] = subject->image->elf.e_entry;
    if (count == 0)
        return false;
    subject->number[1] = segments[0].paddr.value;
    subject->number[2] = segments[count - 1].paddr.value + segments[count - 1].memory_size;
    return subject->number[0] >= subject->number[1] && subject->number[0] < subject->number[2];
}

bool zp_paddr_on_pages(struct zp_subject *subject, uint64_t number)
{
    size_t count;
    const struct zp_segment *segments = loads(subject, &count);

    (void)number;
    for (size_t i = 0; i < count; i++) {
        subject->number[0] = segments[i].paddr.value;
        if (subject->number[0] & 0xfff)
            return false;
    }
    return true;
}

/* No note is cut off in its PT_NOTE; we notice that of PHYS32_ENTRY. */
bool zp_notes_are_whole(struct zp_subject *subject, uint64_t number)
{
    const struct zp_entry *entry = zp_subject_entry(subject, ZP_PROTOCOL_PVH);

    (void)number;
    subject->number[0] = entry ? entry->fault.offset : 0;
    return !entry || entry->fault.field != ZP_FIELD_N_DESCSZ || entry->fault.code != ZP_ERR_TRUNCATED;
}

bool zp_elf_upto(struct zp_subject *subject, uint64_t number)
{
    (void)zp_e_entry_inside(subject, 0); /* for where the segments end */
    subject->number[0] = subject->number[2];
    return subject->number[0] <= number;
}

bool zp_paddr_from(struct zp_subject *subject, uint64_t number)
{
    size_t count;
    const struct zp_segment *segments = loads(subject, &count);

    subject->number[0] = count ? segments[0].paddr.value : 0;
    return count && segments[0].paddr.value >= number;
}

bool zp_note_by_padding(struct zp_subject *subject, uint64_t number)
{
    subject->number[0] = subject->image->pvh.note_align;
    return subject->image->pvh.paddings & number;
}

static uint64_t rounded(uint64_t number, uint64_t align)
{
    if (align > UINT32_MAX)
        return UINT32_MAX; /* past the end of any PT_NOTE */
    return align ? (number + align - 1) / align * align : number;
}

/*
 * QEMU, include/hw/elf_ops.h: steps over a note by the header and both sizes, each rounded up to p_align, and
 * asks n_type alone; the descriptor it reads behind a name so rounded. With a p_align of 8 that goes astray
 * at the first note with a name of 4 bytes. It dies of a p_align of 0.
 */
bool zp_note_by_qemu(struct zp_subject *subject, uint64_t number)
{
    const struct zp_pvh *pvh = &subject->image->pvh;
    const struct zp_note *wanted = zp_image_note(subject->image, ZP_XEN_ELFNOTE_PHYS32_ENTRY);
    struct zp_elf_nhdr header;
    uint64_t at = 0;

    (void)number;
    subject->number[0] = pvh->note_align;
    while (wanted && pvh->note_align != 0 && at + sizeof(header) <= pvh->note_size) {
        if (!zp_subject_read(subject->source, pvh->note_offset + at, &header, sizeof(header)))
            return false;
        if (header.n_type == ZP_XEN_ELFNOTE_PHYS32_ENTRY)
            return pvh->note_offset + at == wanted->header_offset &&
                   rounded(header.n_namesz, pvh->note_align) == rounded(header.n_namesz, 4);
        at += sizeof(header) + rounded(header.n_namesz, pvh->note_align) +
              rounded(header.n_descsz, pvh->note_align);
    }
    return false;
}

bool zp_note_in_last(struct zp_subject *subject, uint64_t number)
{
    const struct zp_pvh *pvh = &subject->image->pvh;

    (void)number;
    subject->number[0] = (uint64_t)pvh->segment + 1;
    subject->number[1] = pvh->segment_count;
    return pvh->segment + 1 == pvh->segment_count;
}

bool zp_is_not_x86_64(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    subject->number[0] = subject->image->elf.machine;
    return subject->image->elf.machine != ZP_EM_X86_64;
}

/* --- multiboot ------------------------------------------------------------------------------------ */

bool zp_has_multiboot1(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    subject->number[0] = subject->image->multiboot1.header_offset;
    subject->number[2] = subject->image->multiboot1.flags;
    return subject->image->multiboot1.present;
}

bool zp_has_multiboot2(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    subject->number[0] = subject->image->multiboot2.header_offset;
    return subject->image->multiboot2.present;
}

bool zp_multiboot_addresses(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    subject->number[0] = subject->image->multiboot1.flags;
    return subject->image->multiboot1.flags & ZP_MULTIBOOT_AOUT_KLUDGE;
}

bool zp_multiboot_or_elf32(struct zp_subject *subject, uint64_t number)
{
    bool placed = zp_multiboot_addresses(subject, number);

    return !zp_is_not_x86_64(subject, number) ? placed : true;
}

bool zp_multiboot_is_ram(struct zp_subject *subject, uint64_t number)
{
    const struct zp_entry *entry = zp_subject_entry(subject, ZP_PROTOCOL_MULTIBOOT1);

    subject->number[0] = entry ? entry->reserve.value : 0;
    return !entry || entry->reserve.value + entry->reserve_size <= number;
}

bool zp_multiboot_wants_video(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    subject->number[0] = subject->image->multiboot1.flags;
    return subject->image->multiboot1.wants_video_mode;
}

bool zp_multiboot_or_elf_of(struct zp_subject *subject, uint64_t number)
{
    bool placed = zp_multiboot_addresses(subject, number);

    subject->number[0] = subject->image->elf.class_bits;
    return placed || subject->image->elf.class_bits == number;
}

bool zp_multiboot_flags_known(struct zp_subject *subject, uint64_t number)
{
    subject->number[0] = subject->image->multiboot1.flags;
    return (subject->image->multiboot1.flags & ZP_MULTIBOOT_REQUIRED_MASK & ~number) == 0;
}

/* --- what is inside ------------------------------------------------------------------------------- */

bool zp_has_inner(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    return subject->inner != NULL;
}

bool zp_inner_has_note(struct zp_subject *subject, uint64_t number)
{
    const struct zp_note *note =
        subject->inner ? zp_image_note(subject->inner, ZP_XEN_ELFNOTE_PHYS32_ENTRY) : NULL;

    (void)number;
    subject->number[0] = note ? note->number : 0;
    return note != NULL;
}

bool zp_inner_unknown(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    return subject->image->bzimage.payload_length != 0 && !subject->opened->inner.tried;
}

/* --- firmware ------------------------------------------------------------------------------------- */

bool zp_is_pe(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    subject->number[0] = subject->image->pe.offset;
    return subject->image->pe.offset != 0;
}

bool zp_pe_is_for(struct zp_subject *subject, uint64_t number)
{
    subject->number[0] = subject->image->pe.machine;
    return subject->image->pe.machine == number;
}

bool zp_pe_is_application(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    subject->number[0] = subject->image->pe.subsystem;
    return subject->image->pe.subsystem == ZP_IMAGE_SUBSYSTEM_EFI_APPLICATION;
}

bool zp_pe_is_whole(struct zp_subject *subject, uint64_t number)
{
    struct zp_pe_section *sections = NULL;
    struct zp_error error = {0};
    size_t count = 0;
    int status = zp_pe_sections_read(subject->source, &sections, &count, &error);

    (void)number;
    free(sections);
    subject->number[0] = error.value;
    subject->number[1] = error.limit;
    return status == 0;
}

bool zp_has_esp(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    subject->number[0] = subject->disk.esp;
    subject->number[2] = subject->disk.esp_start;
    return subject->disk.esp != 0;
}

bool zp_disk_magic(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    subject->number[0] = subject->disk.magic;
    return subject->disk.magic == ZP_BOOT_FLAG;
}

bool zp_disk_code(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    return subject->disk.code;
}

bool zp_disk_bootable(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    return !subject->disk.stub || subject->disk.table;
}
