/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen: makes valid kernel images in memory, small ones, for unit tests, fuzz corpora and, through the
 * command gen-image, for tests of the command line. Every image is accepted (or named) by zp_inspect as it
 * is; a test spoils what it wants to see refused.
 *
 * Where a struct of options is 0, the default beside the member holds, so `{0}` is a good image.
 */
#ifndef ZP_TESTS_GEN_H
#define ZP_TESTS_GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An image and the places in it that a test may want to spoil (file offsets; 0 where there is none). */
struct gen_image {
    uint8_t *bytes; /* from malloc: gen_free */
    size_t size;
    size_t code;  /* the protected-mode code; the bytes of the first segment */
    size_t phdrs; /* program headers: 0 the PT_NOTE, 1 to 3 the PT_LOADs */
    size_t phdr_size;
    size_t shdrs; /* section 0 */
    size_t notes; /* the PT_NOTE's bytes */
    size_t notes_size;
    size_t note_entry; /* PHYS32_ENTRY's note header; its descriptor lies 16 bytes on */
    size_t note_reloc; /* PHYS32_RELOC's */
    size_t multiboot1; /* headers */
    size_t multiboot2;
    size_t tag_request; /* multiboot 2 tags */
    size_t tag_address;
    size_t tag_entry;
    size_t tag_relocatable;
    size_t pe;       /* "PE\0\0" */
    size_t sections; /* PE section headers */
    size_t kernel;   /* in a UKI: the bytes of .linux */
    size_t kernel_size;
    size_t relocations; /* the table behind a Linux ELF: its first 0 */
    struct gen_list {
        size_t at;
        size_t count;
    } list64, list32neg, list32;
};

void gen_free(struct gen_image *image);

/* Writes a little-endian number of 1 to 8 bytes. Aborts outside of the image. */
void gen_poke(struct gen_image *image, size_t offset, size_t size, uint64_t value);
uint64_t gen_peek(const struct gen_image *image, size_t offset, size_t size);
/* Cuts the image or adds zero bytes. */
void gen_resize(struct gen_image *image, size_t size);

/* A bzImage or zImage with setup header: 512-byte setup sectors, then code. */
struct gen_bzimage {
    uint16_t version; /* 0x20f */
    bool low;         /* a zImage: LOADED_HIGH unset */
    bool fixed;       /* not relocatable */
    bool narrow;      /* no 64-bit entry */
    bool below_4g;    /* without XLF_CAN_BE_LOADED_ABOVE_4G */
    bool no_payload;
    bool pe;               /* an EFI stub's headers in the first sector */
    uint8_t setup_sects;   /* 1 */
    size_t code_size;      /* 0x400 */
    uint32_t alignment;    /* 2 MiB */
    uint64_t pref_address; /* 16 MiB; 1 MiB when fixed */
    uint32_t init_size;    /* 64 KiB, or as much as the code */
    const void *code32;    /* goes to the 32-bit entry; hlt, jmp when NULL */
    size_t code32_size;
    const void *code64; /* goes to the 64-bit entry at 0x200 */
    size_t code64_size;
};
void gen_bzimage(struct gen_image *ret_image, const struct gen_bzimage *options);

/* A kernel older than 2.00: Linux's boot sector, AA55, no header. */
void gen_boot_sector(struct gen_image *ret_image);

/* The whole of an ELF: three PT_LOADs (code and BSS; data; memory alone), notes, multiboot headers. */
struct gen_elf {
    unsigned bits;          /* 64 */
    uint16_t machine;       /* EM_X86_64, or EM_386 with 32 bits */
    uint16_t type;          /* ET_EXEC */
    uint64_t load;          /* p_paddr of the first segment: 16 MiB */
    uint64_t entry;         /* e_entry: load + 0x10 */
    bool virtual_addresses; /* p_vaddr in the upper 2 GiB (64 bits) or from 3 GiB on, not p_paddr */
    bool virtual_entry;     /* e_entry is one of them */
    bool unsorted;          /* PT_LOADs by falling address */
    bool interpreter;       /* the PT_NOTE becomes a PT_INTERP */
    bool pvh;               /* notes GUEST_OS "linux" and PHYS32_ENTRY */
    bool pvh_wide;          /* the latter with 8 bytes */
    bool reloc;             /* and PHYS32_RELOC */
    uint32_t reloc_size;    /* its bytes: 12; UINT32_MAX: none */
    unsigned padding;       /* of notes: 4, or 8 */
    uint64_t note_align;    /* p_align of the PT_NOTE: as the padding */
    bool property;          /* a .note.gnu.property before the Xen notes */
    bool abi_tag;           /* a GNU ABI tag before them */
    bool multiboot1;        /* header without addresses */
    bool multiboot2;        /* header with requests and module alignment */
    bool multiboot2_entry;  /* and entry address tag */
    bool multiboot2_relocatable;
    const void *code; /* goes to the entry; hlt, jmp when NULL; at most 128 bytes */
    size_t code_size;
};
void gen_elf(struct gen_image *ret_image, const struct gen_elf *options);

/*
 * A vmlinux as Linux's build makes it: text, data, per-cpu data (ELF64: at virtual address 0 with three
 * lists) and init with BSS, notes of the owner "Linux", a section table, and the relocation table behind it.
 * What is relocated has link addresses in it; entries of list32neg and list32 alternate in the text.
 */
struct gen_linux {
    unsigned bits;   /* 64 */
    unsigned lists;  /* 3 (up to Linux 6.14) or 2; always 1 with 32 bits */
    unsigned scale;  /* 1: segments of 0x400, 0x200, 0x100 and 0x200 bytes in the file; times this */
    bool late_entry; /* e_entry lies in init, not at the lowest address */
    bool no_note;    /* nothing but the table tells that it is a Linux */
    bool no_table;
    bool pvh;         /* Xen notes as well */
    bool reloc;       /* and PHYS32_RELOC */
    const void *code; /* goes to the entry; hlt, jmp when NULL; at most 128 bytes */
    size_t code_size;
};
#define GEN_LINUX_LOAD 0x1000000
void gen_linux(struct gen_image *ret_image, const struct gen_linux *options);

/* A flat file whose multiboot header carries its addresses; loaded at 1 MiB. version: 1 or 2. */
void gen_multiboot_addresses(struct gen_image *ret_image, unsigned version);

/* An EFI executable for that IMAGE_FILE_MACHINE_*. */
void gen_pe(struct gen_image *ret_image, uint16_t machine);
/* An EFI executable with a small bzImage in its section .linux. */
void gen_uki(struct gen_image *ret_image);
/* Images of other machines, each an EFI executable as well. */
void gen_arm64(struct gen_image *ret_image);
void gen_riscv64(struct gen_image *ret_image);
void gen_loongarch64(struct gen_image *ret_image);
void gen_zboot(struct gen_image *ret_image);
/* The first bytes of a compressed file, by its name ("gzip", "zstd", ...); aborts for another. */
void gen_compressed(struct gen_image *ret_image, const char *name);

/* Every kind by name: "bzimage", "bzimage-2.03", "elf64-pvh", ... */
struct gen_kind {
    const char *name;
    const char *text;
    void (*make)(struct gen_image *ret_image);
};
extern const struct gen_kind gen_kinds[];
extern const size_t gen_kind_count;

#endif
