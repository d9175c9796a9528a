/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf.h - object files: headers, segments, sections, notes, symbols.
 *
 * Layouts of the System V ABI, chapters 4 "Object Files" and 5 "Program
 * Loading", in the 32-bit and 64-bit classes, with the numbers of the i386 and
 * x86-64 supplements and those of the machines that we only have to name.
 * A loader sees little-endian files alone (ZP_ELFDATA2LSB).
 */
#ifndef ZEROPAGE_WIRE_ELF_H
#define ZEROPAGE_WIRE_ELF_H

/* e_ident */
#define ZP_EI_MAG0       0
#define ZP_EI_MAG1       1
#define ZP_EI_MAG2       2
#define ZP_EI_MAG3       3
#define ZP_EI_CLASS      4
#define ZP_EI_DATA       5
#define ZP_EI_VERSION    6
#define ZP_EI_OSABI      7
#define ZP_EI_ABIVERSION 8
#define ZP_EI_PAD        9
#define ZP_EI_NIDENT     16

#define ZP_ELFMAG0 0x7f
#define ZP_ELFMAG1 0x45       /* E */
#define ZP_ELFMAG2 0x4c       /* L */
#define ZP_ELFMAG3 0x46       /* F */
#define ZP_ELFMAG  0x464c457f /* the four bytes as one little-endian word */
#define ZP_SELFMAG 4

#define ZP_ELFCLASSNONE 0
#define ZP_ELFCLASS32   1
#define ZP_ELFCLASS64   2

#define ZP_ELFDATANONE 0
#define ZP_ELFDATA2LSB 1
#define ZP_ELFDATA2MSB 2

#define ZP_ELFOSABI_SYSV       0
#define ZP_ELFOSABI_GNU        3
#define ZP_ELFOSABI_FREEBSD    9
#define ZP_ELFOSABI_STANDALONE 255

/* e_version and e_ident[ZP_EI_VERSION] */
#define ZP_EV_NONE    0
#define ZP_EV_CURRENT 1

/* e_type */
#define ZP_ET_NONE 0
#define ZP_ET_REL  1
#define ZP_ET_EXEC 2
#define ZP_ET_DYN  3
#define ZP_ET_CORE 4

/* e_machine */
#define ZP_EM_NONE       0
#define ZP_EM_SPARC      2
#define ZP_EM_386        3
#define ZP_EM_68K        4
#define ZP_EM_IAMCU      6
#define ZP_EM_MIPS       8
#define ZP_EM_PARISC     15
#define ZP_EM_PPC        20
#define ZP_EM_PPC64      21
#define ZP_EM_S390       22
#define ZP_EM_ARM        40
#define ZP_EM_SH         42
#define ZP_EM_SPARCV9    43
#define ZP_EM_IA_64      50
#define ZP_EM_X86_64     62
#define ZP_EM_OPENRISC   92
#define ZP_EM_XTENSA     94
#define ZP_EM_AARCH64    183
#define ZP_EM_MICROBLAZE 189
#define ZP_EM_RISCV      243
#define ZP_EM_BPF        247
#define ZP_EM_LOONGARCH  258

/* e_phnum: the count is in sh_info of section 0 */
#define ZP_PN_XNUM 0xffff

/* p_type */
#define ZP_PT_NULL         0
#define ZP_PT_LOAD         1
#define ZP_PT_DYNAMIC      2
#define ZP_PT_INTERP       3
#define ZP_PT_NOTE         4
#define ZP_PT_SHLIB        5
#define ZP_PT_PHDR         6
#define ZP_PT_TLS          7
#define ZP_PT_LOOS         0x60000000
#define ZP_PT_GNU_EH_FRAME 0x6474e550
#define ZP_PT_GNU_STACK    0x6474e551
#define ZP_PT_GNU_RELRO    0x6474e552
#define ZP_PT_GNU_PROPERTY 0x6474e553
#define ZP_PT_HIOS         0x6fffffff
#define ZP_PT_LOPROC       0x70000000
#define ZP_PT_HIPROC       0x7fffffff

/* p_flags */
#define ZP_PF_X 0x1
#define ZP_PF_W 0x2
#define ZP_PF_R 0x4

/* sh_type */
#define ZP_SHT_NULL          0
#define ZP_SHT_PROGBITS      1
#define ZP_SHT_SYMTAB        2
#define ZP_SHT_STRTAB        3
#define ZP_SHT_RELA          4
#define ZP_SHT_HASH          5
#define ZP_SHT_DYNAMIC       6
#define ZP_SHT_NOTE          7
#define ZP_SHT_NOBITS        8
#define ZP_SHT_REL           9
#define ZP_SHT_SHLIB         10
#define ZP_SHT_DYNSYM        11
#define ZP_SHT_INIT_ARRAY    14
#define ZP_SHT_FINI_ARRAY    15
#define ZP_SHT_PREINIT_ARRAY 16
#define ZP_SHT_GROUP         17
#define ZP_SHT_SYMTAB_SHNDX  18

/* sh_flags */
#define ZP_SHF_WRITE      0x1
#define ZP_SHF_ALLOC      0x2
#define ZP_SHF_EXECINSTR  0x4
#define ZP_SHF_COMPRESSED 0x800

/* st_shndx and e_shstrndx */
#define ZP_SHN_UNDEF     0
#define ZP_SHN_LORESERVE 0xff00
#define ZP_SHN_ABS       0xfff1
#define ZP_SHN_COMMON    0xfff2
#define ZP_SHN_XINDEX    0xffff /* the index is in sh_link of section 0 */
#define ZP_SHN_HIRESERVE 0xffff

/* st_info: type in bits 0 to 3, binding in bits 4 to 7 */
#define ZP_STT_NOTYPE  0
#define ZP_STT_OBJECT  1
#define ZP_STT_FUNC    2
#define ZP_STT_SECTION 3
#define ZP_STT_FILE    4
#define ZP_STB_LOCAL   0
#define ZP_STB_GLOBAL  1
#define ZP_STB_WEAK    2

/* n_type of notes whose name is "GNU" */
#define ZP_NT_GNU_BUILD_ID        3
#define ZP_NT_GNU_PROPERTY_TYPE_0 5

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#include <zeropage/static_assert.h>

struct zp_elf32_ehdr {
    uint8_t e_ident[ZP_EI_NIDENT];
    uint16_t e_type;    /* ZP_ET_* */
    uint16_t e_machine; /* ZP_EM_* */
    uint32_t e_version; /* ZP_EV_CURRENT */
    uint32_t e_entry;   /* virtual address */
    uint32_t e_phoff;   /* file offset, 0 if none */
    uint32_t e_shoff;   /* file offset, 0 if none */
    uint32_t e_flags;
    uint16_t e_ehsize;    /* bytes */
    uint16_t e_phentsize; /* bytes */
    uint16_t e_phnum;
    uint16_t e_shentsize; /* bytes */
    uint16_t e_shnum;     /* 0 with e_shoff set: the count is in sh_size of section 0 */
    uint16_t e_shstrndx;
};

static_assert(offsetof(struct zp_elf32_ehdr, e_ident) == 0, "e_ident");
static_assert(offsetof(struct zp_elf32_ehdr, e_type) == 16, "e_type");
static_assert(offsetof(struct zp_elf32_ehdr, e_machine) == 18, "e_machine");
static_assert(offsetof(struct zp_elf32_ehdr, e_version) == 20, "e_version");
static_assert(offsetof(struct zp_elf32_ehdr, e_entry) == 24, "e_entry");
static_assert(offsetof(struct zp_elf32_ehdr, e_phoff) == 28, "e_phoff");
static_assert(offsetof(struct zp_elf32_ehdr, e_shoff) == 32, "e_shoff");
static_assert(offsetof(struct zp_elf32_ehdr, e_flags) == 36, "e_flags");
static_assert(offsetof(struct zp_elf32_ehdr, e_ehsize) == 40, "e_ehsize");
static_assert(offsetof(struct zp_elf32_ehdr, e_phentsize) == 42, "e_phentsize");
static_assert(offsetof(struct zp_elf32_ehdr, e_phnum) == 44, "e_phnum");
static_assert(offsetof(struct zp_elf32_ehdr, e_shentsize) == 46, "e_shentsize");
static_assert(offsetof(struct zp_elf32_ehdr, e_shnum) == 48, "e_shnum");
static_assert(offsetof(struct zp_elf32_ehdr, e_shstrndx) == 50, "e_shstrndx");
static_assert(sizeof(struct zp_elf32_ehdr) == 52, "size of elf32_ehdr");

struct zp_elf64_ehdr {
    uint8_t e_ident[ZP_EI_NIDENT];
    uint16_t e_type;    /* ZP_ET_* */
    uint16_t e_machine; /* ZP_EM_* */
    uint32_t e_version; /* ZP_EV_CURRENT */
    uint64_t e_entry;   /* virtual address */
    uint64_t e_phoff;   /* file offset, 0 if none */
    uint64_t e_shoff;   /* file offset, 0 if none */
    uint32_t e_flags;
    uint16_t e_ehsize;    /* bytes */
    uint16_t e_phentsize; /* bytes */
    uint16_t e_phnum;
    uint16_t e_shentsize; /* bytes */
    uint16_t e_shnum;     /* 0 with e_shoff set: the count is in sh_size of section 0 */
    uint16_t e_shstrndx;
};

static_assert(offsetof(struct zp_elf64_ehdr, e_ident) == 0, "e_ident");
static_assert(offsetof(struct zp_elf64_ehdr, e_type) == 16, "e_type");
static_assert(offsetof(struct zp_elf64_ehdr, e_machine) == 18, "e_machine");
static_assert(offsetof(struct zp_elf64_ehdr, e_version) == 20, "e_version");
static_assert(offsetof(struct zp_elf64_ehdr, e_entry) == 24, "e_entry");
static_assert(offsetof(struct zp_elf64_ehdr, e_phoff) == 32, "e_phoff");
static_assert(offsetof(struct zp_elf64_ehdr, e_shoff) == 40, "e_shoff");
static_assert(offsetof(struct zp_elf64_ehdr, e_flags) == 48, "e_flags");
static_assert(offsetof(struct zp_elf64_ehdr, e_ehsize) == 52, "e_ehsize");
static_assert(offsetof(struct zp_elf64_ehdr, e_phentsize) == 54, "e_phentsize");
static_assert(offsetof(struct zp_elf64_ehdr, e_phnum) == 56, "e_phnum");
static_assert(offsetof(struct zp_elf64_ehdr, e_shentsize) == 58, "e_shentsize");
static_assert(offsetof(struct zp_elf64_ehdr, e_shnum) == 60, "e_shnum");
static_assert(offsetof(struct zp_elf64_ehdr, e_shstrndx) == 62, "e_shstrndx");
static_assert(sizeof(struct zp_elf64_ehdr) == 64, "size of elf64_ehdr");

struct zp_elf32_phdr {
    uint32_t p_type;   /* ZP_PT_* */
    uint32_t p_offset; /* file offset */
    uint32_t p_vaddr;
    uint32_t p_paddr;
    uint32_t p_filesz; /* bytes in the file */
    uint32_t p_memsz;  /* bytes in memory; the rest is zero */
    uint32_t p_flags;  /* ZP_PF_* */
    uint32_t p_align;  /* 0 or 1: none */
};

static_assert(offsetof(struct zp_elf32_phdr, p_type) == 0, "p_type");
static_assert(offsetof(struct zp_elf32_phdr, p_offset) == 4, "p_offset");
static_assert(offsetof(struct zp_elf32_phdr, p_vaddr) == 8, "p_vaddr");
static_assert(offsetof(struct zp_elf32_phdr, p_paddr) == 12, "p_paddr");
static_assert(offsetof(struct zp_elf32_phdr, p_filesz) == 16, "p_filesz");
static_assert(offsetof(struct zp_elf32_phdr, p_memsz) == 20, "p_memsz");
static_assert(offsetof(struct zp_elf32_phdr, p_flags) == 24, "p_flags");
static_assert(offsetof(struct zp_elf32_phdr, p_align) == 28, "p_align");
static_assert(sizeof(struct zp_elf32_phdr) == 32, "size of elf32_phdr");

struct zp_elf64_phdr {
    uint32_t p_type;   /* ZP_PT_* */
    uint32_t p_flags;  /* ZP_PF_* */
    uint64_t p_offset; /* file offset */
    uint64_t p_vaddr;
    uint64_t p_paddr;
    uint64_t p_filesz; /* bytes in the file */
    uint64_t p_memsz;  /* bytes in memory; the rest is zero */
    uint64_t p_align;  /* 0 or 1: none */
};

static_assert(offsetof(struct zp_elf64_phdr, p_type) == 0, "p_type");
static_assert(offsetof(struct zp_elf64_phdr, p_flags) == 4, "p_flags");
static_assert(offsetof(struct zp_elf64_phdr, p_offset) == 8, "p_offset");
static_assert(offsetof(struct zp_elf64_phdr, p_vaddr) == 16, "p_vaddr");
static_assert(offsetof(struct zp_elf64_phdr, p_paddr) == 24, "p_paddr");
static_assert(offsetof(struct zp_elf64_phdr, p_filesz) == 32, "p_filesz");
static_assert(offsetof(struct zp_elf64_phdr, p_memsz) == 40, "p_memsz");
static_assert(offsetof(struct zp_elf64_phdr, p_align) == 48, "p_align");
static_assert(sizeof(struct zp_elf64_phdr) == 56, "size of elf64_phdr");

struct zp_elf32_shdr {
    uint32_t sh_name;  /* offset in the section name table */
    uint32_t sh_type;  /* ZP_SHT_* */
    uint32_t sh_flags; /* ZP_SHF_* */
    uint32_t sh_addr;
    uint32_t sh_offset; /* file offset */
    uint32_t sh_size;   /* bytes */
    uint32_t sh_link;
    uint32_t sh_info;
    uint32_t sh_addralign;
    uint32_t sh_entsize; /* bytes */
};

static_assert(offsetof(struct zp_elf32_shdr, sh_name) == 0, "sh_name");
static_assert(offsetof(struct zp_elf32_shdr, sh_type) == 4, "sh_type");
static_assert(offsetof(struct zp_elf32_shdr, sh_flags) == 8, "sh_flags");
static_assert(offsetof(struct zp_elf32_shdr, sh_addr) == 12, "sh_addr");
static_assert(offsetof(struct zp_elf32_shdr, sh_offset) == 16, "sh_offset");
static_assert(offsetof(struct zp_elf32_shdr, sh_size) == 20, "sh_size");
static_assert(offsetof(struct zp_elf32_shdr, sh_link) == 24, "sh_link");
static_assert(offsetof(struct zp_elf32_shdr, sh_info) == 28, "sh_info");
static_assert(offsetof(struct zp_elf32_shdr, sh_addralign) == 32, "sh_addralign");
static_assert(offsetof(struct zp_elf32_shdr, sh_entsize) == 36, "sh_entsize");
static_assert(sizeof(struct zp_elf32_shdr) == 40, "size of elf32_shdr");

struct zp_elf64_shdr {
    uint32_t sh_name;  /* offset in the section name table */
    uint32_t sh_type;  /* ZP_SHT_* */
    uint64_t sh_flags; /* ZP_SHF_* */
    uint64_t sh_addr;
    uint64_t sh_offset; /* file offset */
    uint64_t sh_size;   /* bytes */
    uint32_t sh_link;
    uint32_t sh_info;
    uint64_t sh_addralign;
    uint64_t sh_entsize; /* bytes */
};

static_assert(offsetof(struct zp_elf64_shdr, sh_name) == 0, "sh_name");
static_assert(offsetof(struct zp_elf64_shdr, sh_type) == 4, "sh_type");
static_assert(offsetof(struct zp_elf64_shdr, sh_flags) == 8, "sh_flags");
static_assert(offsetof(struct zp_elf64_shdr, sh_addr) == 16, "sh_addr");
static_assert(offsetof(struct zp_elf64_shdr, sh_offset) == 24, "sh_offset");
static_assert(offsetof(struct zp_elf64_shdr, sh_size) == 32, "sh_size");
static_assert(offsetof(struct zp_elf64_shdr, sh_link) == 40, "sh_link");
static_assert(offsetof(struct zp_elf64_shdr, sh_info) == 44, "sh_info");
static_assert(offsetof(struct zp_elf64_shdr, sh_addralign) == 48, "sh_addralign");
static_assert(offsetof(struct zp_elf64_shdr, sh_entsize) == 56, "sh_entsize");
static_assert(sizeof(struct zp_elf64_shdr) == 64, "size of elf64_shdr");

/* Note of either class; name and descriptor follow, each padded */
struct zp_elf_nhdr {
    uint32_t n_namesz; /* bytes, with the NUL */
    uint32_t n_descsz; /* bytes */
    uint32_t n_type;
};

static_assert(offsetof(struct zp_elf_nhdr, n_namesz) == 0, "n_namesz");
static_assert(offsetof(struct zp_elf_nhdr, n_descsz) == 4, "n_descsz");
static_assert(offsetof(struct zp_elf_nhdr, n_type) == 8, "n_type");
static_assert(sizeof(struct zp_elf_nhdr) == 12, "size of elf_nhdr");

struct zp_elf32_sym {
    uint32_t st_name; /* offset in the string table */
    uint32_t st_value;
    uint32_t st_size; /* bytes */
    uint8_t st_info;
    uint8_t st_other;
    uint16_t st_shndx; /* ZP_SHN_* or a section */
};

static_assert(offsetof(struct zp_elf32_sym, st_name) == 0, "st_name");
static_assert(offsetof(struct zp_elf32_sym, st_value) == 4, "st_value");
static_assert(offsetof(struct zp_elf32_sym, st_size) == 8, "st_size");
static_assert(offsetof(struct zp_elf32_sym, st_info) == 12, "st_info");
static_assert(offsetof(struct zp_elf32_sym, st_other) == 13, "st_other");
static_assert(offsetof(struct zp_elf32_sym, st_shndx) == 14, "st_shndx");
static_assert(sizeof(struct zp_elf32_sym) == 16, "size of elf32_sym");

struct zp_elf64_sym {
    uint32_t st_name; /* offset in the string table */
    uint8_t st_info;
    uint8_t st_other;
    uint16_t st_shndx; /* ZP_SHN_* or a section */
    uint64_t st_value;
    uint64_t st_size; /* bytes */
};

static_assert(offsetof(struct zp_elf64_sym, st_name) == 0, "st_name");
static_assert(offsetof(struct zp_elf64_sym, st_info) == 4, "st_info");
static_assert(offsetof(struct zp_elf64_sym, st_other) == 5, "st_other");
static_assert(offsetof(struct zp_elf64_sym, st_shndx) == 6, "st_shndx");
static_assert(offsetof(struct zp_elf64_sym, st_value) == 8, "st_value");
static_assert(offsetof(struct zp_elf64_sym, st_size) == 16, "st_size");
static_assert(sizeof(struct zp_elf64_sym) == 24, "size of elf64_sym");

#endif /* !__ASSEMBLER__ */

#endif
