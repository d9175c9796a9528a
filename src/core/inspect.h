/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the readers of the formats share while zp_inspect runs.
 *
 * Each reader gets the inspection, adds segments, notes and entries, and returns ZP_OK or a failure of the
 * whole call (ZP_ERR_READ, ZP_ERR_ROOM). What is wrong with the image itself is a fault: it goes into the
 * entries that it spoils, never into the return value.
 */
#ifndef ZP_CORE_INSPECT_H
#define ZP_CORE_INSPECT_H

#include <zeropage/image.h>

#include "seam.h"

#define ZP_NOTES_MAX    (UINT64_C(1) << 20) /* bytes of notes: kernels have a few KiB */
#define ZP_PHYSICAL_END (UINT64_C(1) << 52) /* no physical address of x86-64 reaches it */

/* The setup header, while its fields are weighed. */
struct zp_setup_state {
    bool present;           /* "HdrS" is there */
    bool protected_mode;    /* the 32-bit entry, or the 64-bit one, is offered */
    struct zp_error fault;  /* of all entries of the bzImage */
    struct zp_entry shared; /* what the entries in protected mode have in common */
    uint64_t load;          /* where their code is linked to lie */
};

struct zp_elf_state {
    bool present;                /* the magic is there */
    bool program;                /* PT_INTERP or the GNU ABI tag: made for an operating system */
    struct zp_error fault;       /* of all entries that load the ELF's segments */
    struct zp_error entry_fault; /* of the entry by e_entry alone */
    size_t segment_first;
    size_t segment_count;
    zp_gpa lowest;         /* of the segments */
    zp_gpa end;            /* one past the highest byte */
    uint64_t p_align;      /* the largest of a PT_LOAD */
    uint64_t note_budget;  /* bytes of PT_NOTEs that will still be walked */
    uint64_t entry_offset; /* of e_entry in the file */
};

struct zp_pvh_state {
    bool present; /* a PHYS32_ENTRY note */
    bool relocatable;
    uint32_t walks; /* in this PT_NOTE: mask of the paddings, 4 and 8, that come upon it */
    struct zp_error fault;
    uint64_t entry;
    uint64_t entry_offset; /* of the descriptor in the file */
    uint64_t align;        /* 0: by default */
    uint64_t min;
    uint64_t max;
};

struct zp_inspection {
    const struct zp_source *source;
    const struct zp_image_room *room;
    struct zp_image *image; /* being made; its counts run on past the room's capacities */
    struct zp_error *ret_error;
    struct zp_setup_state setup;
    struct zp_elf_state elf;
    struct zp_pvh_state pvh;
    struct zp_error checksum; /* a multiboot magic whose words do not add up; told when nothing else is */
    uint64_t pe_offset;       /* of "PE\0\0", when formats has ZP_FORMAT_PE */
};

/* A boot loader's address fields: the same order in a multiboot 1 header and in a multiboot 2 tag. */
struct zp_multiboot_addresses {
    uint32_t header_addr;
    uint32_t load_addr;
    uint32_t load_end_addr;
    uint32_t bss_end_addr;
    uint32_t entry_addr;
    uint64_t header_offset; /* in the file, of the header */
    uint64_t fields_offset; /* of header_addr */
    uint64_t entry_offset;  /* of entry_addr */
};

/* inspect.c */
int zp_inspection_read(const struct zp_inspection *in, uint64_t offset, void *buffer, size_t length);
/* Reads what the file has of [offset, +length) and clears the rest. */
int zp_inspection_read_some(const struct zp_inspection *in, uint64_t offset, void *buffer, size_t length);
void zp_inspection_add_segment(struct zp_inspection *in, const struct zp_segment *segment);
void zp_inspection_add_note(struct zp_inspection *in, const struct zp_note *note);
void zp_inspection_add_entry(struct zp_inspection *in, const struct zp_entry *entry);
/* Does address lie in one of the entry's segments? */
bool zp_inspection_covers(const struct zp_inspection *in, const struct zp_entry *entry, uint64_t address);

/* bzimage.c */
int zp_inspect_bzimage(struct zp_inspection *in);
void zp_inspect_bzimage_protected(struct zp_inspection *in);
void zp_inspect_bzimage_real(struct zp_inspection *in);
int zp_inspect_boot_sector(struct zp_inspection *in);

/* elf.c */
int zp_inspect_elf(struct zp_inspection *in);
void zp_inspect_elf_entry(struct zp_inspection *in);
/* Linux is best entered at e_entry, before PVH and multiboot. */
bool zp_inspect_elf_comes_first(const struct zp_inspection *in);
/* Fills in what every entry into the ELF's segments shares, its fault too. */
void zp_inspect_elf_segments(const struct zp_inspection *in, struct zp_entry *ret_entry);
/* As above, entered at e_entry. */
void zp_inspect_elf_start(const struct zp_inspection *in, struct zp_entry *ret_entry);

/* relocation.c: needs the segments, the entry and the end of the ELF */
int zp_inspect_relocations(struct zp_inspection *in);

/* note.c */
int zp_inspect_notes(struct zp_inspection *in, uint64_t offset, uint64_t size, uint64_t align);
void zp_inspect_pvh(struct zp_inspection *in);

/* multiboot.c */
int zp_inspect_multiboot1(struct zp_inspection *in);
void zp_multiboot_place(struct zp_inspection *in, const struct zp_multiboot_addresses *addresses,
                        struct zp_entry *entry);
/*
 * Looks for magic in the first `search` bytes of the file, at multiples of align from *offset on, where a
 * header of header_size bytes fits. *offset is where it lies, when *ret_found.
 */
int zp_multiboot_search(const struct zp_inspection *in, uint32_t magic, uint64_t search, size_t align,
                        size_t header_size, uint64_t *offset, bool *ret_found);
/* A header whose words do not add up is none; but it is told when the file is nothing else. */
void zp_multiboot_bad_checksum(struct zp_inspection *in, uint64_t offset, uint32_t sum);

/* multiboot2.c */
int zp_inspect_multiboot2(struct zp_inspection *in);

/* pe.c: *ret_offset is that of "PE\0\0", 0 when the file is no PE */
struct zp_image_file_header;
int zp_pe_find(const struct zp_source *source, uint64_t *ret_offset, struct zp_error *ret_error);
int zp_pe_file_header(const struct zp_source *source, uint64_t pe_offset,
                      struct zp_image_file_header *ret_header, struct zp_error *ret_error);
/* What zp_image tells of it; an optional header that is cut off or of another kind is left out. */
int zp_pe_describe(const struct zp_source *source, uint64_t pe_offset, struct zp_pe *ret_pe,
                   struct zp_error *ret_error);
uint64_t zp_pe_section_table(uint64_t pe_offset, const struct zp_image_file_header *header);
int zp_pe_section_at(const struct zp_source *source, uint64_t at, struct zp_pe_section *ret_section,
                     struct zp_error *ret_error);
/* ZP_ERR_TRUNCATED unless the section's bytes are in the file. */
int zp_pe_section_fits(const struct zp_source *source, const struct zp_pe_section *section,
                       struct zp_error *ret_error);

/* foreign.c */
int zp_inspect_pe(struct zp_inspection *in);
int zp_inspect_foreign(const struct zp_inspection *in);

/* compression.c: by the first bytes; ZP_COMPRESSION_UNKNOWN when none is known. */
uint32_t zp_compression_by_magic(const uint8_t *bytes, size_t length);

#endif
