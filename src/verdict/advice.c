/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an author would change in an image: faults of its entries, reasons why it boots in fewer places than
 * it could, and weaknesses of what is accepted; each with words to act on, in a linker script, an assembly
 * file or a header. The image is the innermost one, as zp_opened_image has it; a program for an operating
 * system gets no advice, for it is no kernel. Multiboot 0.6.96, section 3.1.1, and 2.0, section 3.1; Xen
 * public/elfnote.h; Linux Documentation/x86/boot.
 */
#include "verdict.h"

#include <stdlib.h>
#include <string.h>

#include <zeropage/wire/elf.h>
#include <zeropage/wire/multiboot.h>
#include <zeropage/wire/multiboot2.h>
#include <zeropage/wire/pe.h>
#include <zeropage/wire/xen.h>

#include "rule.h"
#include "sentence.h"

#define MIB         UINT64_C(0x100000)
#define SEARCH      0x20000u /* how far a multiboot header is looked for that nobody else would find */
#define KNOWN_FLAGS (ZP_MULTIBOOT_PAGE_ALIGN | ZP_MULTIBOOT_MEMORY_INFO | ZP_MULTIBOOT_VIDEO_MODE)

struct lesson {
    const char *id;
    zp_condition *holds;
    uint64_t number;
    const char *problem;
    const char *change;
};

/* --- faults of entries ---------------------------------------------------------------------------- */

/* A fault of that field in an entry, or why the image as a whole is refused. */
static const struct zp_error *fault_of(const struct zp_subject *subject, uint32_t field, uint32_t protocol)
{
    const struct zp_image *image = subject->image;

    for (size_t i = 0; i < image->entry_count; i++)
        if (image->entries[i].fault.code && image->entries[i].fault.field == field &&
            (protocol == 0 || image->entries[i].protocol == protocol))
            return &image->entries[i].fault;
    return protocol == 0 && subject->opened->refusal.code && subject->opened->refusal.field == field
               ? &subject->opened->refusal
               : NULL;
}

/* An entry is spoiled by this field: [0] its value, [1] the bound, [2] its place in the file. */
static bool field_is_faulty(struct zp_subject *subject, uint64_t field)
{
    const struct zp_error *fault = fault_of(subject, (uint32_t)field, 0);

    if (!fault)
        return false;
    subject->fault = fault;
    subject->number[0] = fault->value;
    subject->number[1] = fault->limit;
    subject->number[2] = fault->offset;
    return true;
}

static bool paddr_overlaps(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    return field_is_faulty(subject, ZP_FIELD_P_PADDR) && subject->fault->code == ZP_ERR_OVERLAP;
}

/* --- ELF ------------------------------------------------------------------------------------------ */

/* One that was meant as a kernel and could be loaded. */
static bool is_kernel_elf(struct zp_subject *subject)
{
    const struct zp_error *fault = &subject->opened->refusal;

    for (size_t i = 0; i < subject->image->entry_count; i++)
        if (subject->image->entries[i].fault.code == ZP_ERR_ELF_PROGRAM)
            return false;
    return zp_is_elf(subject, 0) && fault->code != ZP_ERR_ELF_MACHINE && fault->code != ZP_ERR_ELF_TYPE &&
           subject->image->elf.segment_count != 0;
}

static const struct zp_segment *segment_at(const struct zp_subject *subject, uint64_t address, bool virtual)
{
    const struct zp_image *image = subject->image;

    for (size_t i = 0; i < image->elf.segment_count; i++) {
        const struct zp_segment *segment = &image->segments[image->elf.segment_first + i];
        uint64_t start = virtual ? segment->vaddr : segment->paddr.value;

        if (address >= start && address - start < segment->memory_size)
            return segment;
    }
    return NULL;
}

static bool lacks_note(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    return is_kernel_elf(subject) && !subject->image->pvh.present && !subject->hdrs;
}

static bool note_is_padded_otherwise(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    return subject->image->pvh.present && !(zp_note_by_qemu(subject, 0) && zp_note_by_padding(subject, 4));
}

static bool note_is_followed(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    return subject->image->pvh.present && !zp_note_in_last(subject, 0);
}

/* The PVH entry lies in no segment; [2] what a virtual address of a segment must lose to be one. */
static bool pvh_entry_is_virtual(struct zp_subject *subject, uint64_t number)
{
    const struct zp_note *note = zp_image_note(subject->image, ZP_XEN_ELFNOTE_PHYS32_ENTRY);
    const struct zp_segment *segment = note ? segment_at(subject, note->number, true) : NULL;

    (void)number;
    if (!fault_of(subject, ZP_FIELD_PHYS32_ENTRY, ZP_PROTOCOL_PVH) || !segment ||
        segment->vaddr == segment->paddr.value)
        return false;
    subject->number[0] = note->number;
    subject->number[2] = segment->vaddr - segment->paddr.value;
    subject->number[3] = note->number - subject->number[2];
    return true;
}

static bool pvh_entry_is_outside(struct zp_subject *subject, uint64_t number)
{
    const struct zp_error *fault = fault_of(subject, ZP_FIELD_PHYS32_ENTRY, ZP_PROTOCOL_PVH);

    if (!fault || pvh_entry_is_virtual(subject, number))
        return false;
    (void)zp_e_entry_inside(subject, 0); /* for where the segments are */
    subject->number[0] = fault->value;
    return true;
}

/* It moved with its segment: [2] by how much. */
static bool e_entry_is_virtual(struct zp_subject *subject, uint64_t number)
{
    const struct zp_elf *elf = &subject->image->elf;
    bool kernel = is_kernel_elf(subject);

    (void)number;
    subject->number[0] = elf->e_entry;
    subject->number[2] = elf->e_entry - elf->entry.value;
    subject->number[3] = elf->entry.value;
    return kernel && elf->e_entry != elf->entry.value;
}

static bool e_entry_is_outside(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    return is_kernel_elf(subject) && fault_of(subject, ZP_FIELD_E_ENTRY, 0) && !zp_e_entry_inside(subject, 0);
}

static bool paddr_is_low(struct zp_subject *subject, uint64_t number)
{
    return is_kernel_elf(subject) && !zp_paddr_from(subject, number);
}

static bool paddr_is_below_crosvm(struct zp_subject *subject, uint64_t number)
{
    return is_kernel_elf(subject) && zp_paddr_from(subject, MIB) && !zp_paddr_from(subject, number);
}

static bool has_rwx(struct zp_subject *subject, uint64_t number)
{
    const struct zp_image *image = subject->image;

    (void)number;
    if (!is_kernel_elf(subject) || subject->hdrs) /* one segment is what a file with two headers has */
        return false;
    for (size_t i = 0; i < image->elf.segment_count; i++) {
        const struct zp_segment *segment = &image->segments[image->elf.segment_first + i];

        subject->number[0] = segment->paddr.value;
        if ((segment->flags & (ZP_PF_W | ZP_PF_X)) == (ZP_PF_W | ZP_PF_X))
            return true;
    }
    return false;
}

static bool is_dynamic(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    return is_kernel_elf(subject) && subject->image->elf.type == ZP_ET_DYN;
}

/* --- setup header --------------------------------------------------------------------------------- */

static bool lacks_boot_flag(struct zp_subject *subject, uint64_t number)
{
    return subject->hdrs && !zp_has_boot_flag(subject, number);
}

/* [0] init_size, [1] what the ELF inside spans in memory. */
static bool init_size_is_short(struct zp_subject *subject, uint64_t number)
{
    const struct zp_image *inner = subject->inner;
    const struct zp_segment *first, *last;

    (void)number;
    if (!inner || inner->elf.segment_count == 0 || !zp_version_from(subject, 0x20a))
        return false;
    first = &inner->segments[inner->elf.segment_first];
    last = first + inner->elf.segment_count - 1;
    subject->number[0] = subject->header.init_size;
    subject->number[1] = last->paddr.value + last->memory_size - first->paddr.value;
    return subject->number[0] < subject->number[1];
}

/* The payload unpacks to more than init_size: it was not unpacked to its end. */
static bool payload_passes_init_size(struct zp_subject *subject, uint64_t number)
{
    const struct zp_inner_image *inner = &subject->opened->inner;

    (void)number;
    subject->number[0] = subject->header.init_size;
    return subject->image == &subject->opened->image && inner->tried && inner->status == ZP_ERR_TOO_LARGE &&
           zp_version_from(subject, 0x20a) && inner->error.limit == subject->header.init_size &&
           (subject->number[0] = subject->header.init_size) != 0;
}

static bool lacks_kernel_64(struct zp_subject *subject, uint64_t number)
{
    bool flagged = zp_has_xloadflags(subject, 1);

    (void)number;
    return subject->inner && subject->inner->elf.class_bits == 64 && !flagged;
}

static bool lacks_pvh_inside(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    return subject->inner && subject->inner->elf.guest_linux && !subject->inner->pvh.present &&
           !subject->image->pvh.present;
}

static bool is_not_relocatable(struct zp_subject *subject, uint64_t number)
{
    return zp_version_from(subject, 0x205) && zp_is_loaded_high(subject, number) &&
           zp_subject_entry(subject, ZP_PROTOCOL_LINUX32) && !zp_is_relocatable(subject, number);
}

static bool takes_no_cmdline(struct zp_subject *subject, uint64_t number)
{
    return zp_version_from(subject, 0x206) && zp_cmdline_below(subject, number);
}

static bool takes_no_initrd(struct zp_subject *subject, uint64_t number)
{
    return zp_version_from(subject, 0x203) && zp_initrd_below(subject, number);
}

/* --- multiboot headers that nobody finds ------------------------------------------------------------ */

struct stray {
    uint64_t offset;
    uint32_t sum;      /* of its words; 0: right */
    uint32_t checksum; /* that would be right */
};

static uint32_t word_at(const uint8_t *bytes, size_t index)
{
    uint32_t word;

    memcpy(&word, bytes + 4 * index, sizeof(word));
    return word;
}

/* Is it a header, or chance? One whose sum is right is; one that is wrong must look like one else. */
static bool is_header(const uint8_t *at, unsigned version, struct stray *stray)
{
    size_t last = version == 1 ? 2 : 3; /* the word that is the checksum */
    bool likely = version == 1 ? !(word_at(at, 1) & ~(KNOWN_FLAGS | ZP_MULTIBOOT_AOUT_KLUDGE))
                               : word_at(at, 1) == 0 && word_at(at, 2) >= 16 && word_at(at, 2) < 0x8000;

    if (word_at(at, 0) != (version == 1 ? ZP_MULTIBOOT_HEADER_MAGIC : ZP_MULTIBOOT2_HEADER_MAGIC))
        return false;
    stray->sum = 0;
    for (size_t i = 0; i <= last; i++)
        stray->sum += word_at(at, i);
    stray->checksum = word_at(at, last) - stray->sum;
    return stray->sum == 0 || likely;
}

/* The first stray header of the file's beginning; an image that has a proper one has none. */
static bool find_stray(struct zp_subject *subject, unsigned version, struct stray *ret_stray)
{
    bool proper = version == 1 ? subject->image->multiboot1.present : subject->image->multiboot2.present;
    size_t size = subject->source->size < SEARCH ? (size_t)subject->source->size : SEARCH;
    uint8_t *bytes;
    bool found = false;

    if (proper || subject->hdrs || subject->image->pe.offset || size < 16)
        return false;
    bytes = malloc(size);
    if (!bytes || !zp_subject_read(subject->source, 0, bytes, size))
        size = 0;
    for (size_t at = 0; at + 16 <= size && !found; at++) {
        found = is_header(bytes + at, version, ret_stray);
        ret_stray->offset = at;
    }
    free(bytes);
    return found;
}

static bool tell_stray(struct zp_subject *subject, const struct stray *stray)
{
    subject->number[0] = stray->offset;
    subject->number[2] = stray->sum;
    subject->number[3] = stray->checksum;
    return true;
}

static bool has_bad_sum(struct zp_subject *subject, uint64_t version)
{
    struct stray stray;

    return find_stray(subject, (unsigned)version, &stray) && stray.sum != 0 && tell_stray(subject, &stray);
}

static bool is_misaligned(struct zp_subject *subject, uint64_t version)
{
    struct stray stray;

    return find_stray(subject, (unsigned)version, &stray) && stray.sum == 0 &&
           stray.offset % (version == 1 ? 4 : 8) != 0 && tell_stray(subject, &stray);
}

static bool is_too_late(struct zp_subject *subject, uint64_t version)
{
    struct stray stray;

    return find_stray(subject, (unsigned)version, &stray) && stray.sum == 0 &&
           stray.offset % (version == 1 ? 4 : 8) == 0 && tell_stray(subject, &stray);
}

static bool is_flat_multiboot(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    return subject->image->multiboot1.present && !zp_is_elf(subject, 0) &&
           !zp_multiboot_addresses(subject, 0);
}

static bool is_elf64_multiboot(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    return subject->image->multiboot1.present && subject->image->elf.machine == ZP_EM_X86_64 &&
           !zp_multiboot_addresses(subject, 0);
}

/* --- firmware -------------------------------------------------------------------------------------- */

static bool is_no_application(struct zp_subject *subject, uint64_t number)
{
    return zp_is_pe(subject, number) && zp_pe_is_for(subject, ZP_IMAGE_FILE_MACHINE_AMD64) &&
           !zp_pe_is_application(subject, number);
}

/* --- the lessons, the gravest first ---------------------------------------------------------------- */

static const struct lesson lessons[] = {
    {"boot-flag", lacks_boot_flag, 0, "\"HdrS\" is at 0x202, but boot_flag (at 0x1fe) is $x0",
     "write the bytes 55 aa at 0x1fe, at the end of the boot sector"},
    {"setup-sects", field_is_faulty, ZP_FIELD_SETUP_SECTS,
     "setup_sects (at 0x1f1) puts the protected-mode code at $x0, past the file's end at $x1",
     "count the 512-byte sectors of the setup code behind the boot sector, rounded up, and write that"},
    {"init-size", field_is_faulty, ZP_FIELD_INIT_SIZE,
     "init_size (at 0x260) is $x0, less than the $s1 of the kernel's own code",
     "write what the kernel runs over before it reads the memory map: its code unpacked, with .bss, .brk and "
     "the room to unpack"},
    {"init-size-inner", init_size_is_short, 0,
     "init_size (at 0x260) is $s0, but the ELF in the payload alone spans $s1 of memory",
     "write at least $x1: loaders may put an initrd or tables behind init_size"},
    {"init-size-payload", payload_passes_init_size, 0,
     "init_size (at 0x260) is $s0, but the payload unpacks to more",
     "write at least the unpacked size with .bss: loaders may put an initrd or tables behind init_size"},
    {"kernel-alignment", field_is_faulty, ZP_FIELD_KERNEL_ALIGNMENT,
     "kernel_alignment (at 0x230) is $x0, no power of two",
     "write the alignment that the code needs, 0x200000 where it maps itself by large pages"},
    {"payload", field_is_faulty, ZP_FIELD_PAYLOAD_LENGTH,
     "payload_offset and payload_length (at 0x248) lead out of the protected-mode code",
     "count payload_offset from the protected-mode code, or write 0 to both where there is no payload"},
    {"entry64", field_is_faulty, ZP_FIELD_ENTRY64,
     "XLF_KERNEL_64 is set (at 0x236), but the file ends before the 64-bit entry at $x2",
     "put the 64-bit entry 0x200 behind the start of the protected-mode code, or clear bit 0 at 0x236"},
    {"kernel-64", lacks_kernel_64, 0,
     "the kernel inside is of 64 bits, but XLF_KERNEL_64 (bit 0 at 0x236, from 2.12 on) is not set",
     "set it, with the 64-bit entry 0x200 behind the start of the code: Firecracker enters nothing else"},
    {"overlap", paddr_overlaps, 0, "the segments at p_paddr $x0 and $x1 overlap in memory",
     "give every PT_LOAD a place of its own: check the AT() expressions of the linker script"},
    {"truncated", field_is_faulty, ZP_FIELD_P_OFFSET,
     "a segment (program header at $x2) ends at $x0, past the file's end at $x1",
     "copy the file whole; a tool that strips or cuts it must leave what PT_LOADs name"},
    {"p-filesz", field_is_faulty, ZP_FIELD_P_FILESZ, "p_filesz $x0 (at $x2) is larger than p_memsz $x1",
     "p_memsz counts .bss too and is never the smaller one: let the linker write both"},
    {"p-align", field_is_faulty, ZP_FIELD_P_ALIGN, "p_align $x0 (at $x2) is no power of two",
     "align sections by powers of two: . = ALIGN(0x1000)"},
    {"e-entry-outside", e_entry_is_outside, 0,
     "e_entry $x0 lies in no segment (they are at $x1 to $x2, by p_paddr)",
     "name the first instruction with ENTRY() and keep its section, KEEP(*(.text.start)), in a PT_LOAD"},
    {"e-entry-virtual", e_entry_is_virtual, 0,
     "e_entry $x0 is a virtual address; Firecracker, crosvm and kexec jump to it as it is",
     "enter at the physical one: in the linker script phys_start = start - $x2; ENTRY(phys_start), which is "
     "$x3"},
    {"pvh-entry-virtual", pvh_entry_is_virtual, 0,
     "PHYS32_ENTRY $x0 is a virtual address, and no segment lies there",
     "store the physical one in the note: .long entry - $x2, which is $x3"},
    {"pvh-entry-outside", pvh_entry_is_outside, 0,
     "PHYS32_ENTRY $x0 lies in no segment (they are at $x1 to $x2, by p_paddr)",
     "store the physical address of the 32-bit entry in the note, and keep its section in a PT_LOAD"},
    {"pvh-note-size", field_is_faulty, ZP_FIELD_N_DESCSZ,
     "the descriptor of the PVH note has $d0 bytes (n_descsz at $x2)",
     "give it 4 bytes: .long 4, 4, 18; .asciz \"Xen\"; .long entry32"},
    {"pvh-note-merged", note_is_padded_otherwise, 0,
     "the PT_NOTE of the Xen notes has p_align $d0: QEMU, which steps by that, or others, which step by 4, "
     "pass "
     "over PHYS32_ENTRY",
     "keep notes of 8-byte alignment out of it: /DISCARD/ : { *(.note.gnu.property) } in the linker script, "
     "or "
     "give .note.Xen, with .balign 4, a PT_NOTE of its own"},
    {"pvh-note-followed", note_is_followed, 0,
     "PHYS32_ENTRY lies in PT_NOTE $d0 of $d1; Firecracker and Cloud Hypervisor believe the last one alone",
     "put all notes into one PT_NOTE, or that of Xen last: PHDRS of the linker script has the order"},
    {"pvh-note-missing", lacks_note, 0,
     "an ELF without the PVH note, by which QEMU -kernel, Cloud Hypervisor and Xen enter an ELF",
     "add a 32-bit entry and .section .note.Xen, \"a\", @note; .long 4, 4, 18; .asciz \"Xen\"; .long entry32 "
     "(its physical address), kept in a PT_NOTE"},
    {"pvh-inside", lacks_pvh_inside, 0,
     "the kernel inside has no PVH note: Xen does not boot it as a PVH guest", "build it with CONFIG_PVH=y"},
    {"multiboot-sum", has_bad_sum, 1,
     "the words of the multiboot header at $x0 add up to $x2 and not to 0: nobody takes it for one",
     "write $x3 as its checksum: -(magic + flags)"},
    {"multiboot-aligned", is_misaligned, 1,
     "the multiboot header at $x0 is not 4-byte aligned in the file: nobody finds it",
     "put .balign 4 before it"},
    {"multiboot-late", is_too_late, 1,
     "the multiboot header lies at $x0, past the first 8 KiB of the file: nobody finds it",
     "put its section first, KEEP(*(.multiboot)) before .text, and link with -z max-page-size=0x1000 where "
     "padding moves it"},
    {"multiboot2-sum", has_bad_sum, 2,
     "the words of the multiboot 2 header at $x0 add up to $x2 and not to 0: nobody takes it for one",
     "write $x3 as its checksum: -(magic + architecture + header_length)"},
    {"multiboot2-aligned", is_misaligned, 2,
     "the multiboot 2 header at $x0 is not 8-byte aligned in the file: nobody finds it",
     "put .balign 8 before it"},
    {"multiboot2-late", is_too_late, 2,
     "the multiboot 2 header lies at $x0, past the first 32 KiB of the file: nobody finds it",
     "put its section first, KEEP(*(.multiboot)) before .text, and link with -z max-page-size=0x1000 where "
     "padding moves it"},
    {"multiboot-flat", is_flat_multiboot, 0,
     "a multiboot header (flags $x0) without load addresses in a file that is no ELF",
     "set bit 16 of its flags and fill in header_addr to entry_addr, or link an ELF32"},
    {"multiboot-elf64", is_elf64_multiboot, 0,
     "multiboot in an ELF for x86-64 without load addresses (flags $x0): QEMU and iPXE refuse it",
     "turn it into an ELF32, objcopy -O elf32-i386, or set bit 16 of the flags and fill in the addresses"},
    {"multiboot-flags", field_is_faulty, ZP_FIELD_MB_FLAGS,
     "the multiboot flags demand $x0, which no loader knows", "clear bits 3 to 15 of the flags"},
    {"p-paddr-low", paddr_is_low, MIB,
     "the lowest p_paddr is $x0, below 1 MiB, where firmware, BIOS data and loaders have their tables",
     "link at 2 MiB or above: . = 2M, or AT() for the load address"},
    {"p-paddr-crosvm", paddr_is_below_crosvm, 2 * MIB,
     "the lowest p_paddr is $x0; crosvm takes no ELF below 2 MiB", "link at 2 MiB or above: . = 2M"},
    {"not-relocatable", is_not_relocatable, 0,
     "relocatable_kernel (at 0x234) is 0: crosvm loads at 2 MiB, and others where RAM is taken cannot move "
     "it",
     "make the code run at any multiple of kernel_alignment, and write 1"},
    {"cmdline-size", takes_no_cmdline, 1, "cmdline_size (at 0x238) is 0: no command line fits",
     "write the longest command line without its NUL, 2047 in Linux"},
    {"initrd-max", takes_no_initrd, MIB, "initrd_addr_max (at 0x22c) is $x0: no initrd fits below it",
     "write the highest address that an initrd may reach, 0x7fffffff in Linux"},
    {"rwx", has_rwx, 0, "the segment at $x0 is writable and executable",
     "part code and data: PHDRS { text PT_LOAD FLAGS(5); data PT_LOAD FLAGS(6); }, each on pages of its own"},
    {"dynamic", is_dynamic, 0, "the ELF is ET_DYN, position-independent, and no loader relocates it",
     "link with -static -no-pie, or apply .rela.dyn before anything else at the entry"},
    {"pe-subsystem", is_no_application, 0,
     "the PE's Subsystem is $d0: firmware runs 10, EFI application, alone",
     "link with --subsystem=10 (ld) or /subsystem:efi_application"},
};

static bool advise_one(const struct lesson *lesson, struct zp_subject *subject, struct zp_advice *ret_advice)
{
    struct zp_line problem = {ret_advice->problem, sizeof(ret_advice->problem), 0};
    struct zp_line change = {ret_advice->change, sizeof(ret_advice->change), 0};

    memset(subject->number, 0, sizeof(subject->number));
    subject->number[1] = lesson->number;
    subject->fault = NULL;
    if (!lesson->holds(subject, lesson->number))
        return false;
    ret_advice->id = lesson->id;
    zp_line_sentence(&problem, lesson->problem, subject);
    zp_line_sentence(&change, lesson->change, subject);
    return true;
}

size_t zp_advise(const struct zp_opened_image *opened, struct zp_advice *advice, size_t capacity)
{
    struct zp_subject subject;
    size_t count = 0;

    zp_subject_make(&subject, opened, UINT32_MAX);
    for (size_t i = 0; i < sizeof(lessons) / sizeof(lessons[0]) && count < capacity; i++)
        count += advise_one(&lessons[i], &subject, &advice[count]);
    return count;
}
