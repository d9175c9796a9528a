/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inspect: what an image is, what it demands and every entry that it offers.
 *
 * One file may be several things at once (a bzImage with an EFI stub, an ELF with a multiboot header and a
 * PVH note, a universal image that is all of these). An image therefore has a mask of formats, a list of
 * segments (bytes of the file and the memory they want) and a list of entries, each of which names the
 * segments that it loads and how far they may be moved.
 */
#ifndef ZEROPAGE_IMAGE_H
#define ZEROPAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zeropage/error.h>
#include <zeropage/wire/bootparam.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A guest physical address. A type of its own, so that it is never taken for a pointer or an offset. */
typedef struct zp_gpa {
    uint64_t value;
} zp_gpa;

/*
 * Where image bytes come from. No mmap is assumed: a file, a ring, a disk or a memory block serve alike.
 * read fills buffer with exactly length bytes from offset and returns 0, or returns a negative number;
 * the core never asks for bytes at or past size. A source that shrinks must fail its reads.
 */
struct zp_source {
    uint64_t size;
    int (*read)(void *context, uint64_t offset, void *buffer, size_t length);
    void *context;
};

/* A source over memory. The bytes must stay in place and unchanged while it is in use. */
struct zp_memory_source {
    struct zp_source source;
    const void *bytes;
};
void zp_memory_source_init(struct zp_memory_source *ret_source, const void *bytes, uint64_t size);

enum zp_protocol {
    ZP_PROTOCOL_AUTO = 0,    /* in a request: the first that the image offers, in plan's order */
    ZP_PROTOCOL_LINUX16 = 1, /* real mode at setup + 0x200; needs BIOS services */
    ZP_PROTOCOL_LINUX32 = 2, /* Documentation/x86/boot: 32-bit boot protocol */
    ZP_PROTOCOL_LINUX64 = 3, /* Documentation/x86/boot: 64-bit boot protocol */
    ZP_PROTOCOL_PVH = 4,     /* Xen's start_info by ELF note 18 */
    ZP_PROTOCOL_MULTIBOOT1 = 5,
    ZP_PROTOCOL_MULTIBOOT2 = 6,
    ZP_PROTOCOL_COUNT = 7
};

/* "linux64" and so on; "auto" for 0; "unknown" for anything else. Static strings. */
const char *zp_protocol_name(uint32_t protocol);
/* The protocol of that name, or -1. */
int zp_protocol_by_name(const char *name);

/* zp_image.formats */
#define ZP_FORMAT_BZIMAGE    UINT32_C(0x01) /* setup header, LOADED_HIGH */
#define ZP_FORMAT_ZIMAGE     UINT32_C(0x02) /* setup header or boot sector of a kernel loaded low */
#define ZP_FORMAT_ELF32      UINT32_C(0x04)
#define ZP_FORMAT_ELF64      UINT32_C(0x08)
#define ZP_FORMAT_MULTIBOOT1 UINT32_C(0x10)
#define ZP_FORMAT_MULTIBOOT2 UINT32_C(0x20)
#define ZP_FORMAT_PE         UINT32_C(0x40) /* an EFI application too; that entry is not ours */
#define ZP_FORMAT_PRE_200    UINT32_C(0x80) /* a boot sector with AA55 and no HdrS: pre-2.00 protocol */

enum zp_compression {
    ZP_COMPRESSION_NONE = 0,
    ZP_COMPRESSION_GZIP,
    ZP_COMPRESSION_BZIP2,
    ZP_COMPRESSION_LZMA,
    ZP_COMPRESSION_XZ,
    ZP_COMPRESSION_LZO,
    ZP_COMPRESSION_LZ4,
    ZP_COMPRESSION_ZSTD,
    ZP_COMPRESSION_ELF,    /* a bare ELF */
    ZP_COMPRESSION_UNKNOWN /* there is a payload, of no magic that we know */
};
const char *zp_compression_name(uint32_t compression);

/* Bytes of the file and the memory that they want, as linked. Sorted by paddr within an entry's list. */
struct zp_segment {
    uint64_t file_offset;
    uint64_t file_size; /* may be 0: memory to reserve, clear and map */
    zp_gpa paddr;
    uint64_t vaddr;
    uint64_t memory_size; /* >= file_size; what lies past the file's bytes is cleared */
    uint64_t align;       /* as the file says; 0 or a power of two */
    uint32_t flags;       /* ZP_PF_* of wire/elf.h */
    uint32_t reserved;
};

/* A Xen note (any PT_NOTE, owner "Xen"). */
struct zp_note {
    uint32_t type;              /* ZP_XEN_ELFNOTE_* */
    uint32_t descriptor_size;   /* bytes */
    uint64_t header_offset;     /* of the note in the file */
    uint64_t descriptor_offset; /* of its descriptor in the file; text is read from there */
    uint64_t number;            /* descriptor as a number where it has 4 or 8 bytes, else 0 */
};

/* Where an entry stands in the file. */
enum zp_container {
    ZP_CONTAINER_BZIMAGE = 1,
    ZP_CONTAINER_ELF32 = 2,
    ZP_CONTAINER_ELF64 = 3,
    ZP_CONTAINER_ADDRESSES = 4 /* a multiboot header that carries its own load addresses */
};

/*
 * One way into the image. Everything is as linked: when the plan moves the image by a delta, paddr,
 * address and reserve move with it.
 */
struct zp_entry {
    uint32_t protocol;    /* enum zp_protocol */
    uint32_t container;   /* enum zp_container */
    zp_gpa address;       /* of the first instruction */
    size_t segment_first; /* index into zp_image.segments */
    size_t segment_count;
    zp_gpa reserve;        /* runtime range that must be free RAM: [reserve, +reserve_size) */
    uint64_t reserve_size; /* init_size, or the span of the segments */
    uint64_t align;        /* 0: not relocatable; else a power of two for the load address */
    zp_gpa min;            /* lowest load address, when relocatable */
    zp_gpa max;            /* highest address of the last byte of the reserve, when relocatable */
    uint32_t prefer;       /* when moved: ZP_PREFER_* */
    uint32_t guessed_size; /* 1: reserve_size is a generous guess (before protocol 2.10) */
    struct zp_error fault; /* code ZP_OK: sound. Else why this entry cannot be used */
};
#define ZP_PREFER_LINKED  UINT32_C(0) /* the linked address if free, else the lowest that fits */
#define ZP_PREFER_LOWEST  UINT32_C(1) /* multiboot 2 relocatable tag */
#define ZP_PREFER_HIGHEST UINT32_C(2)

/*
 * The setup header and what follows from it (Documentation/x86/boot). Fields younger than the version are
 * zero in `header`, whatever the file's bytes say; effective values stand beside it.
 */
struct zp_bzimage {
    struct zp_setup_header header; /* copied up to header_end, zero beyond */
    uint32_t version;              /* 0x20f; 0 for a kernel older than 2.00 */
    uint32_t header_end;           /* file offset of the first byte after the valid header */
    uint32_t setup_sects;          /* effective: 0 in the file means 4 */
    uint32_t loaded_high;          /* 1: bzImage */
    uint64_t code_offset;          /* file offset of the protected-mode code */
    uint64_t code_size;            /* bytes of it that are loaded */
    uint64_t trailing_size;        /* bytes after it that are not loaded */
    uint64_t syssize_bytes;        /* what syssize claims; often not the file's */
    uint64_t cmdline_max;          /* longest command line, NUL not counted */
    zp_gpa initrd_max;             /* highest address an initrd may occupy */
    uint32_t kernel_alignment;     /* effective; 0 when not relocatable */
    uint32_t payload_compression;  /* enum zp_compression; NONE: no payload told */
    uint64_t payload_offset;       /* in the file */
    uint64_t payload_length;
    uint64_t kernel_version_offset; /* of the NUL-terminated text in the file, or 0 */
    uint64_t kernel_info_offset;    /* in the file, or 0 */
    uint32_t setup_type_max;        /* from kernel_info, or 0 */
    uint32_t reserved;
};

struct zp_elf {
    uint32_t class_bits; /* 32 or 64; 0: no ELF */
    uint32_t type;       /* ET_EXEC or ET_DYN */
    uint32_t machine;
    uint32_t osabi;
    zp_gpa entry;     /* e_entry, taken as a physical address by Linux's rule (see zp_entry.address) */
    uint64_t e_entry; /* as it stands in the file */
    uint64_t phoff;
    uint64_t shoff;
    uint32_t phnum;
    uint32_t shnum;
    uint32_t shentsize;
    uint32_t guest_linux; /* 1: Xen note GUEST_OS says "linux", a note of owner "Linux" is there, or a sound
                             relocation table with an entry in it */
    uint32_t reserved;
    uint64_t file_end;    /* of headers, segments and sections in the file; what follows is not the ELF's */
    size_t segment_first; /* its PT_LOADs in zp_image.segments */
    size_t segment_count;
};

/*
 * How the note PHYS32_ENTRY lies in the ELF. zp_inspect finds it with notes padded either way; most other
 * loaders walk by one padding only, and some ask the last PT_NOTE alone.
 */
struct zp_pvh {
    uint32_t present;
    uint32_t paddings;    /* mask of 4 and 8: a walk by that padding comes upon it */
    uint64_t note_offset; /* its PT_NOTE in the file */
    uint64_t note_size;
    uint64_t note_align;    /* p_align of that */
    uint32_t segment;       /* index of that among the PT_NOTEs */
    uint32_t segment_count; /* PT_NOTEs in the file */
};

/* The PE headers; what UEFI firmware asks before it loads an image. */
struct zp_pe {
    uint64_t offset;   /* of "PE\0\0" in the file; 0: no PE */
    uint16_t machine;  /* ZP_IMAGE_FILE_MACHINE_* */
    uint16_t sections; /* how many */
    uint16_t magic;    /* of the optional header, 0: it is not in the file whole; so for the rest */
    uint16_t subsystem;
    uint16_t characteristics;
    uint16_t dll_characteristics;
    uint32_t entry;             /* from the image's start in memory */
    uint32_t section_alignment; /* bytes */
    uint32_t image_size;        /* bytes in memory */
};

/*
 * The relocation table that Linux's build appends to its ELF, at elf.file_end (scripts of arch/x86/tools;
 * misc.c, handle_relocations). Each entry is the low half of a link address, sign-extended:
 *
 *     ELF64, up to 6.14   0, list64, 0, list32neg, 0, list32      three lists
 *     ELF64, since        0, list64, 0, list32                    two
 *     ELF32               0, list32                               one
 *
 * Checked whole by zp_inspect: each target lies in the file's bytes of a segment, lists ascend, no two
 * targets overlap, the last list is not empty. Patched by zp_load: u64 += and u32 += the virtual delta,
 * list32neg u32 -= it.
 */
struct zp_relocations {
    uint32_t list_count; /* 0: no table; else 1, 2 or 3 */
    uint32_t reserved;
    uint64_t offset; /* of the table in the file: its first 0 */
    uint64_t size;   /* bytes; behind them the file has zeros, if anything */
    uint64_t list64_offset, list64_count;
    uint64_t list32neg_offset, list32neg_count;
    uint64_t list32_offset, list32_count;
    uint64_t map;          /* link address minus physical address: ffffffff80000000, or PAGE_OFFSET */
    struct zp_error fault; /* code ZP_OK: sound, or none. Else why the image cannot be relocated */
};

/* What the multiboot header asks for. */
struct zp_multiboot {
    uint64_t header_offset; /* in the file */
    uint32_t present;
    uint32_t flags;         /* version 1: the flags word */
    uint32_t header_length; /* version 2 */
    uint32_t wants_page_aligned_modules;
    uint32_t wants_video_mode; /* it would like one; text mode is given */
    uint32_t reserved;
};

struct zp_image {
    uint32_t struct_size;
    uint32_t formats; /* ZP_FORMAT_* */
    const struct zp_source *source;
    const struct zp_segment *segments;
    size_t segment_count;
    const struct zp_note *notes;
    size_t note_count;
    const struct zp_entry *entries; /* sound ones and faulty ones, in the order in which plan tries them */
    size_t entry_count;
    struct zp_bzimage bzimage; /* valid when formats has BZIMAGE, ZIMAGE or PRE_200 */
    struct zp_elf elf;
    struct zp_multiboot multiboot1;
    struct zp_multiboot multiboot2;
    struct zp_relocations relocations;
    struct zp_pvh pvh;
    struct zp_pe pe;
};

/*
 * A bit of zp_image_room.without: what no plan asks for is not looked for, which saves reads. That is
 * zp_image.pe, and of a bzImage its payload's compression, the place of its version text and what kernel_info
 * says.
 */
#define ZP_WITHOUT_DETAILS (UINT32_C(1) << 31)

/* Arrays for zp_inspect to fill. 64 segments, 32 notes and 12 entries hold any real image. */
struct zp_image_room {
    struct zp_segment *segments;
    size_t segment_capacity;
    struct zp_note *notes;
    size_t note_capacity;
    struct zp_entry *entries;
    size_t entry_capacity;
    /*
     * A mask, 1 << enum zp_protocol, of entries that are not looked for; 0: all are. Multiboot headers may
     * lie anywhere in the first 32 KiB, and who knows better saves the search. And ZP_WITHOUT_DETAILS.
     */
    uint32_t without;
};

/*
 * Says what an image is. Scattered reads, no writes outside the room, nothing trusted.
 *
 * source, room: borrowed by *ret_image. ret_error may be NULL.
 * An image with one sound entry is accepted; what is wrong with its other entries stays with them
 * (zp_entry.fault). When no entry is sound the first fault is the error, or one of the "what the image
 * is" errors. Besides: ZP_ERR_ROOM, ZP_ERR_READ.
 * Specifications: Linux Documentation/x86/boot; ELF gABI; Xen public/elfnote.h; Multiboot 0.6.96 and 2.0.
 */
int zp_inspect(const struct zp_source *source, const struct zp_image_room *room, struct zp_image *ret_image,
               struct zp_error *ret_error);

/*
 * As zp_inspect, but an image that is refused is described as well: *ret_image has what could be found out,
 * with the faults of its entries, whenever the file could be read and the room was enough. Other loaders
 * decide by rules of their own; such an image is not for zp_plan_make.
 */
int zp_examine(const struct zp_source *source, const struct zp_image_room *room, struct zp_image *ret_image,
               struct zp_error *ret_error);

/*
 * Adds an entry to an ELF whose headers do not tell of it, by the word of its author: all of its PT_LOADs
 * are loaded as linked and e_entry (zp_elf.entry) is entered as `protocol` says. It is the image's entry of
 * that protocol from then on, in the place of a sound or faulty one, and the first of all entries.
 *
 * image, room: from zp_inspect or zp_examine, with that room. One more entry than before may be needed:
 * ZP_ERR_ROOM. ZP_ERR_PROTOCOL: linux16 or no protocol; ZP_ERR_FORMAT: no ELF; ZP_ERR_NO_SEGMENT or the
 * fault of the ELF; ZP_ERR_OUTSIDE: e_entry lies in no segment; ZP_ERR_ABOVE_4G: a 32-bit entry beyond.
 */
int zp_image_tell(struct zp_image *image, const struct zp_image_room *room, uint32_t protocol,
                  struct zp_error *ret_error);

/* A mask, 1 << enum zp_protocol, of what the image offers in sound entries. */
uint32_t zp_image_protocols(const struct zp_image *image);

/* The first sound entry of that protocol, or NULL. */
const struct zp_entry *zp_image_entry(const struct zp_image *image, uint32_t protocol);

/* The first Xen note of that type, or NULL. */
const struct zp_note *zp_image_note(const struct zp_image *image, uint32_t type);

/* A section of a PE executable: of an EFI stub or a unified kernel image (".linux", ".cmdline", ...). */
struct zp_pe_section {
    char name[9];           /* as in the file, NUL-terminated */
    uint64_t header_offset; /* of its header in the file */
    uint64_t offset;        /* of its bytes in the file */
    uint64_t size;          /* of them: the smaller of VirtualSize and SizeOfRawData */
    uint64_t virtual_size;
    uint64_t virtual_address;
    uint32_t characteristics;
    uint32_t reserved;
};

/*
 * Lists the sections of a PE, in the order of its table; none for a file that is no PE. Errors:
 * ZP_ERR_TRUNCATED for a table or a section that is not in the file whole, ZP_ERR_ROOM, ZP_ERR_READ. There
 * are at most 65535.
 */
int zp_pe_sections(const struct zp_source *source, struct zp_pe_section *sections, size_t capacity,
                   size_t *ret_count, struct zp_error *ret_error);

#ifdef __cplusplus
}
#endif

#endif
