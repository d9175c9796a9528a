/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pe.h - the headers of an EFI executable, and Linux's EFI zboot wrapper.
 *
 * Layouts of the Microsoft PE and COFF Specification, sections "MS-DOS Stub"
 * to "Section Table", with its own member names; only what an EFI image uses
 * is named. e_lfanew points at "PE\0\0", then come the file header, an optional
 * header of either size, and the section table. The zboot header is described
 * by Linux's drivers/firmware/efi/libstub/zboot-header.S.
 */
#ifndef ZEROPAGE_WIRE_PE_H
#define ZEROPAGE_WIRE_PE_H

#define ZP_IMAGE_DOS_SIGNATURE     0x5a4d     /* "MZ" */
#define ZP_IMAGE_NT_SIGNATURE      0x00004550 /* "PE\0\0" */
#define ZP_IMAGE_NT_SIGNATURE_SIZE 4
#define ZP_IMAGE_DOS_HEADER_LFANEW 0x3c /* offset of e_lfanew, for assembly */

/* image_file_header.Machine */
#define ZP_IMAGE_FILE_MACHINE_UNKNOWN     0x0000
#define ZP_IMAGE_FILE_MACHINE_I386        0x014c
#define ZP_IMAGE_FILE_MACHINE_ARM         0x01c0
#define ZP_IMAGE_FILE_MACHINE_THUMB       0x01c2
#define ZP_IMAGE_FILE_MACHINE_ARMNT       0x01c4
#define ZP_IMAGE_FILE_MACHINE_IA64        0x0200
#define ZP_IMAGE_FILE_MACHINE_EBC         0x0ebc
#define ZP_IMAGE_FILE_MACHINE_RISCV32     0x5032
#define ZP_IMAGE_FILE_MACHINE_RISCV64     0x5064
#define ZP_IMAGE_FILE_MACHINE_RISCV128    0x5128
#define ZP_IMAGE_FILE_MACHINE_LOONGARCH32 0x6232
#define ZP_IMAGE_FILE_MACHINE_LOONGARCH64 0x6264
#define ZP_IMAGE_FILE_MACHINE_AMD64       0x8664
#define ZP_IMAGE_FILE_MACHINE_ARM64       0xaa64

/* image_file_header.Characteristics */
#define ZP_IMAGE_FILE_RELOCS_STRIPPED     0x0001
#define ZP_IMAGE_FILE_EXECUTABLE_IMAGE    0x0002
#define ZP_IMAGE_FILE_LINE_NUMS_STRIPPED  0x0004
#define ZP_IMAGE_FILE_LOCAL_SYMS_STRIPPED 0x0008
#define ZP_IMAGE_FILE_LARGE_ADDRESS_AWARE 0x0020
#define ZP_IMAGE_FILE_32BIT_MACHINE       0x0100
#define ZP_IMAGE_FILE_DEBUG_STRIPPED      0x0200
#define ZP_IMAGE_FILE_SYSTEM              0x1000
#define ZP_IMAGE_FILE_DLL                 0x2000

/* Magic of the optional header */
#define ZP_IMAGE_NT_OPTIONAL_HDR32_MAGIC 0x010b
#define ZP_IMAGE_NT_OPTIONAL_HDR64_MAGIC 0x020b

/* Subsystem */
#define ZP_IMAGE_SUBSYSTEM_UNKNOWN                 0
#define ZP_IMAGE_SUBSYSTEM_NATIVE                  1
#define ZP_IMAGE_SUBSYSTEM_WINDOWS_GUI             2
#define ZP_IMAGE_SUBSYSTEM_WINDOWS_CUI             3
#define ZP_IMAGE_SUBSYSTEM_EFI_APPLICATION         10
#define ZP_IMAGE_SUBSYSTEM_EFI_BOOT_SERVICE_DRIVER 11
#define ZP_IMAGE_SUBSYSTEM_EFI_RUNTIME_DRIVER      12
#define ZP_IMAGE_SUBSYSTEM_EFI_ROM                 13

/* DllCharacteristics */
#define ZP_IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA 0x0020
#define ZP_IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE    0x0040
#define ZP_IMAGE_DLLCHARACTERISTICS_NX_COMPAT       0x0100

/* Index in the data directories that follow the optional header */
#define ZP_IMAGE_DIRECTORY_ENTRY_EXPORT     0
#define ZP_IMAGE_DIRECTORY_ENTRY_IMPORT     1
#define ZP_IMAGE_DIRECTORY_ENTRY_RESOURCE   2
#define ZP_IMAGE_DIRECTORY_ENTRY_EXCEPTION  3
#define ZP_IMAGE_DIRECTORY_ENTRY_SECURITY   4 /* its address is a file offset */
#define ZP_IMAGE_DIRECTORY_ENTRY_BASERELOC  5
#define ZP_IMAGE_DIRECTORY_ENTRY_DEBUG      6
#define ZP_IMAGE_NUMBEROF_DIRECTORY_ENTRIES 16

/* image_section_header.Characteristics */
#define ZP_IMAGE_SCN_CNT_CODE               0x00000020
#define ZP_IMAGE_SCN_CNT_INITIALIZED_DATA   0x00000040
#define ZP_IMAGE_SCN_CNT_UNINITIALIZED_DATA 0x00000080
#define ZP_IMAGE_SCN_ALIGN_16BYTES          0x00500000
#define ZP_IMAGE_SCN_MEM_DISCARDABLE        0x02000000
#define ZP_IMAGE_SCN_MEM_EXECUTE            0x20000000
#define ZP_IMAGE_SCN_MEM_READ               0x40000000
#define ZP_IMAGE_SCN_MEM_WRITE              0x80000000

#define ZP_IMAGE_SIZEOF_SHORT_NAME     8
#define ZP_IMAGE_SIZEOF_SECTION_HEADER 40

/* Base relocations */
#define ZP_IMAGE_REL_BASED_ABSOLUTE 0
#define ZP_IMAGE_REL_BASED_HIGHLOW  3
#define ZP_IMAGE_REL_BASED_DIR64    10

/* linux_efi_zboot_header */
#define ZP_EFI_ZBOOT_IMAGE_TYPE 0x676d697a /* "zimg" as a little-endian word */
#define ZP_LINUX_PE_MAGIC       0x818223cd /* at 0x38 where no other format claims it */

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#include <zeropage/static_assert.h>

struct zp_image_dos_header {
    uint16_t e_magic; /* ZP_IMAGE_DOS_SIGNATURE */
    uint16_t e_cblp;
    uint16_t e_cp;
    uint16_t e_crlc;
    uint16_t e_cparhdr;
    uint16_t e_minalloc;
    uint16_t e_maxalloc;
    uint16_t e_ss;
    uint16_t e_sp;
    uint16_t e_csum;
    uint16_t e_ip;
    uint16_t e_cs;
    uint16_t e_lfarlc;
    uint16_t e_ovno;
    uint16_t e_res[4];
    uint16_t e_oemid;
    uint16_t e_oeminfo;
    uint16_t e_res2[10];
    uint32_t e_lfanew; /* file offset of the signature "PE\0\0" */
};

static_assert(offsetof(struct zp_image_dos_header, e_magic) == 0, "e_magic");
static_assert(offsetof(struct zp_image_dos_header, e_cblp) == 2, "e_cblp");
static_assert(offsetof(struct zp_image_dos_header, e_cp) == 4, "e_cp");
static_assert(offsetof(struct zp_image_dos_header, e_crlc) == 6, "e_crlc");
static_assert(offsetof(struct zp_image_dos_header, e_cparhdr) == 8, "e_cparhdr");
static_assert(offsetof(struct zp_image_dos_header, e_minalloc) == 10, "e_minalloc");
static_assert(offsetof(struct zp_image_dos_header, e_maxalloc) == 12, "e_maxalloc");
static_assert(offsetof(struct zp_image_dos_header, e_ss) == 14, "e_ss");
static_assert(offsetof(struct zp_image_dos_header, e_sp) == 16, "e_sp");
static_assert(offsetof(struct zp_image_dos_header, e_csum) == 18, "e_csum");
static_assert(offsetof(struct zp_image_dos_header, e_ip) == 20, "e_ip");
static_assert(offsetof(struct zp_image_dos_header, e_cs) == 22, "e_cs");
static_assert(offsetof(struct zp_image_dos_header, e_lfarlc) == 24, "e_lfarlc");
static_assert(offsetof(struct zp_image_dos_header, e_ovno) == 26, "e_ovno");
static_assert(offsetof(struct zp_image_dos_header, e_res) == 28, "e_res");
static_assert(offsetof(struct zp_image_dos_header, e_oemid) == 36, "e_oemid");
static_assert(offsetof(struct zp_image_dos_header, e_oeminfo) == 38, "e_oeminfo");
static_assert(offsetof(struct zp_image_dos_header, e_res2) == 40, "e_res2");
static_assert(offsetof(struct zp_image_dos_header, e_lfanew) == 60, "e_lfanew");
static_assert(sizeof(struct zp_image_dos_header) == 64, "size of image_dos_header");

/* COFF file header, right after the signature */
struct zp_image_file_header {
    uint16_t Machine; /* ZP_IMAGE_FILE_MACHINE_* */
    uint16_t NumberOfSections;
    uint32_t TimeDateStamp;        /* seconds since 1970 */
    uint32_t PointerToSymbolTable; /* file offset */
    uint32_t NumberOfSymbols;
    uint16_t SizeOfOptionalHeader; /* bytes; the section table starts after them */
    uint16_t Characteristics;
};

static_assert(offsetof(struct zp_image_file_header, Machine) == 0, "Machine");
static_assert(offsetof(struct zp_image_file_header, NumberOfSections) == 2, "NumberOfSections");
static_assert(offsetof(struct zp_image_file_header, TimeDateStamp) == 4, "TimeDateStamp");
static_assert(offsetof(struct zp_image_file_header, PointerToSymbolTable) == 8, "PointerToSymbolTable");
static_assert(offsetof(struct zp_image_file_header, NumberOfSymbols) == 12, "NumberOfSymbols");
static_assert(offsetof(struct zp_image_file_header, SizeOfOptionalHeader) == 16, "SizeOfOptionalHeader");
static_assert(offsetof(struct zp_image_file_header, Characteristics) == 18, "Characteristics");
static_assert(sizeof(struct zp_image_file_header) == 20, "size of image_file_header");

struct zp_image_data_directory {
    uint32_t VirtualAddress; /* from the image base */
    uint32_t Size;           /* bytes */
};

static_assert(offsetof(struct zp_image_data_directory, VirtualAddress) == 0, "VirtualAddress");
static_assert(offsetof(struct zp_image_data_directory, Size) == 4, "Size");
static_assert(sizeof(struct zp_image_data_directory) == 8, "size of image_data_directory");

/* PE32; NumberOfRvaAndSizes image_data_directory follow */
struct zp_image_optional_header32 {
    uint16_t Magic; /* ZP_IMAGE_NT_OPTIONAL_HDR32_MAGIC */
    uint8_t MajorLinkerVersion;
    uint8_t MinorLinkerVersion;
    uint32_t SizeOfCode; /* bytes */
    uint32_t SizeOfInitializedData;
    uint32_t SizeOfUninitializedData;
    uint32_t AddressOfEntryPoint; /* from the image base */
    uint32_t BaseOfCode;
    uint32_t BaseOfData;
    uint32_t ImageBase;        /* preferred address */
    uint32_t SectionAlignment; /* bytes, in memory */
    uint32_t FileAlignment;    /* bytes, in the file */
    uint16_t MajorOperatingSystemVersion;
    uint16_t MinorOperatingSystemVersion;
    uint16_t MajorImageVersion;
    uint16_t MinorImageVersion;
    uint16_t MajorSubsystemVersion;
    uint16_t MinorSubsystemVersion;
    uint32_t Win32VersionValue;
    uint32_t SizeOfImage;   /* bytes in memory */
    uint32_t SizeOfHeaders; /* bytes in the file */
    uint32_t CheckSum;
    uint16_t Subsystem; /* ZP_IMAGE_SUBSYSTEM_* */
    uint16_t DllCharacteristics;
    uint32_t SizeOfStackReserve;
    uint32_t SizeOfStackCommit;
    uint32_t SizeOfHeapReserve;
    uint32_t SizeOfHeapCommit;
    uint32_t LoaderFlags;
    uint32_t NumberOfRvaAndSizes;
};

static_assert(offsetof(struct zp_image_optional_header32, Magic) == 0, "Magic");
static_assert(offsetof(struct zp_image_optional_header32, MajorLinkerVersion) == 2, "MajorLinkerVersion");
static_assert(offsetof(struct zp_image_optional_header32, MinorLinkerVersion) == 3, "MinorLinkerVersion");
static_assert(offsetof(struct zp_image_optional_header32, SizeOfCode) == 4, "SizeOfCode");
static_assert(offsetof(struct zp_image_optional_header32, SizeOfInitializedData) == 8,
              "SizeOfInitializedData");
static_assert(offsetof(struct zp_image_optional_header32, SizeOfUninitializedData) == 12,
              "SizeOfUninitializedData");
static_assert(offsetof(struct zp_image_optional_header32, AddressOfEntryPoint) == 16, "AddressOfEntryPoint");
static_assert(offsetof(struct zp_image_optional_header32, BaseOfCode) == 20, "BaseOfCode");
static_assert(offsetof(struct zp_image_optional_header32, BaseOfData) == 24, "BaseOfData");
static_assert(offsetof(struct zp_image_optional_header32, ImageBase) == 28, "ImageBase");
static_assert(offsetof(struct zp_image_optional_header32, SectionAlignment) == 32, "SectionAlignment");
static_assert(offsetof(struct zp_image_optional_header32, FileAlignment) == 36, "FileAlignment");
static_assert(offsetof(struct zp_image_optional_header32, MajorOperatingSystemVersion) == 40,
              "MajorOperatingSystemVersion");
static_assert(offsetof(struct zp_image_optional_header32, MinorOperatingSystemVersion) == 42,
              "MinorOperatingSystemVersion");
static_assert(offsetof(struct zp_image_optional_header32, MajorImageVersion) == 44, "MajorImageVersion");
static_assert(offsetof(struct zp_image_optional_header32, MinorImageVersion) == 46, "MinorImageVersion");
static_assert(offsetof(struct zp_image_optional_header32, MajorSubsystemVersion) == 48,
              "MajorSubsystemVersion");
static_assert(offsetof(struct zp_image_optional_header32, MinorSubsystemVersion) == 50,
              "MinorSubsystemVersion");
static_assert(offsetof(struct zp_image_optional_header32, Win32VersionValue) == 52, "Win32VersionValue");
static_assert(offsetof(struct zp_image_optional_header32, SizeOfImage) == 56, "SizeOfImage");
static_assert(offsetof(struct zp_image_optional_header32, SizeOfHeaders) == 60, "SizeOfHeaders");
static_assert(offsetof(struct zp_image_optional_header32, CheckSum) == 64, "CheckSum");
static_assert(offsetof(struct zp_image_optional_header32, Subsystem) == 68, "Subsystem");
static_assert(offsetof(struct zp_image_optional_header32, DllCharacteristics) == 70, "DllCharacteristics");
static_assert(offsetof(struct zp_image_optional_header32, SizeOfStackReserve) == 72, "SizeOfStackReserve");
static_assert(offsetof(struct zp_image_optional_header32, SizeOfStackCommit) == 76, "SizeOfStackCommit");
static_assert(offsetof(struct zp_image_optional_header32, SizeOfHeapReserve) == 80, "SizeOfHeapReserve");
static_assert(offsetof(struct zp_image_optional_header32, SizeOfHeapCommit) == 84, "SizeOfHeapCommit");
static_assert(offsetof(struct zp_image_optional_header32, LoaderFlags) == 88, "LoaderFlags");
static_assert(offsetof(struct zp_image_optional_header32, NumberOfRvaAndSizes) == 92, "NumberOfRvaAndSizes");
static_assert(sizeof(struct zp_image_optional_header32) == 96, "size of image_optional_header32");

/* PE32+; NumberOfRvaAndSizes image_data_directory follow */
struct zp_image_optional_header64 {
    uint16_t Magic; /* ZP_IMAGE_NT_OPTIONAL_HDR64_MAGIC */
    uint8_t MajorLinkerVersion;
    uint8_t MinorLinkerVersion;
    uint32_t SizeOfCode; /* bytes */
    uint32_t SizeOfInitializedData;
    uint32_t SizeOfUninitializedData;
    uint32_t AddressOfEntryPoint; /* from the image base */
    uint32_t BaseOfCode;
    uint64_t ImageBase;        /* preferred address */
    uint32_t SectionAlignment; /* bytes, in memory */
    uint32_t FileAlignment;    /* bytes, in the file */
    uint16_t MajorOperatingSystemVersion;
    uint16_t MinorOperatingSystemVersion;
    uint16_t MajorImageVersion;
    uint16_t MinorImageVersion;
    uint16_t MajorSubsystemVersion;
    uint16_t MinorSubsystemVersion;
    uint32_t Win32VersionValue;
    uint32_t SizeOfImage;   /* bytes in memory */
    uint32_t SizeOfHeaders; /* bytes in the file */
    uint32_t CheckSum;
    uint16_t Subsystem; /* ZP_IMAGE_SUBSYSTEM_* */
    uint16_t DllCharacteristics;
    uint64_t SizeOfStackReserve;
    uint64_t SizeOfStackCommit;
    uint64_t SizeOfHeapReserve;
    uint64_t SizeOfHeapCommit;
    uint32_t LoaderFlags;
    uint32_t NumberOfRvaAndSizes;
};

static_assert(offsetof(struct zp_image_optional_header64, Magic) == 0, "Magic");
static_assert(offsetof(struct zp_image_optional_header64, MajorLinkerVersion) == 2, "MajorLinkerVersion");
static_assert(offsetof(struct zp_image_optional_header64, MinorLinkerVersion) == 3, "MinorLinkerVersion");
static_assert(offsetof(struct zp_image_optional_header64, SizeOfCode) == 4, "SizeOfCode");
static_assert(offsetof(struct zp_image_optional_header64, SizeOfInitializedData) == 8,
              "SizeOfInitializedData");
static_assert(offsetof(struct zp_image_optional_header64, SizeOfUninitializedData) == 12,
              "SizeOfUninitializedData");
static_assert(offsetof(struct zp_image_optional_header64, AddressOfEntryPoint) == 16, "AddressOfEntryPoint");
static_assert(offsetof(struct zp_image_optional_header64, BaseOfCode) == 20, "BaseOfCode");
static_assert(offsetof(struct zp_image_optional_header64, ImageBase) == 24, "ImageBase");
static_assert(offsetof(struct zp_image_optional_header64, SectionAlignment) == 32, "SectionAlignment");
static_assert(offsetof(struct zp_image_optional_header64, FileAlignment) == 36, "FileAlignment");
static_assert(offsetof(struct zp_image_optional_header64, MajorOperatingSystemVersion) == 40,
              "MajorOperatingSystemVersion");
static_assert(offsetof(struct zp_image_optional_header64, MinorOperatingSystemVersion) == 42,
              "MinorOperatingSystemVersion");
static_assert(offsetof(struct zp_image_optional_header64, MajorImageVersion) == 44, "MajorImageVersion");
static_assert(offsetof(struct zp_image_optional_header64, MinorImageVersion) == 46, "MinorImageVersion");
static_assert(offsetof(struct zp_image_optional_header64, MajorSubsystemVersion) == 48,
              "MajorSubsystemVersion");
static_assert(offsetof(struct zp_image_optional_header64, MinorSubsystemVersion) == 50,
              "MinorSubsystemVersion");
static_assert(offsetof(struct zp_image_optional_header64, Win32VersionValue) == 52, "Win32VersionValue");
static_assert(offsetof(struct zp_image_optional_header64, SizeOfImage) == 56, "SizeOfImage");
static_assert(offsetof(struct zp_image_optional_header64, SizeOfHeaders) == 60, "SizeOfHeaders");
static_assert(offsetof(struct zp_image_optional_header64, CheckSum) == 64, "CheckSum");
static_assert(offsetof(struct zp_image_optional_header64, Subsystem) == 68, "Subsystem");
static_assert(offsetof(struct zp_image_optional_header64, DllCharacteristics) == 70, "DllCharacteristics");
static_assert(offsetof(struct zp_image_optional_header64, SizeOfStackReserve) == 72, "SizeOfStackReserve");
static_assert(offsetof(struct zp_image_optional_header64, SizeOfStackCommit) == 80, "SizeOfStackCommit");
static_assert(offsetof(struct zp_image_optional_header64, SizeOfHeapReserve) == 88, "SizeOfHeapReserve");
static_assert(offsetof(struct zp_image_optional_header64, SizeOfHeapCommit) == 96, "SizeOfHeapCommit");
static_assert(offsetof(struct zp_image_optional_header64, LoaderFlags) == 104, "LoaderFlags");
static_assert(offsetof(struct zp_image_optional_header64, NumberOfRvaAndSizes) == 108, "NumberOfRvaAndSizes");
static_assert(sizeof(struct zp_image_optional_header64) == 112, "size of image_optional_header64");

struct zp_image_section_header {
    char Name[ZP_IMAGE_SIZEOF_SHORT_NAME]; /* NUL-padded, not always terminated */
    uint32_t VirtualSize;                  /* bytes in memory */
    uint32_t VirtualAddress;               /* from the image base */
    uint32_t SizeOfRawData;                /* bytes in the file */
    uint32_t PointerToRawData;             /* file offset */
    uint32_t PointerToRelocations;
    uint32_t PointerToLinenumbers;
    uint16_t NumberOfRelocations;
    uint16_t NumberOfLinenumbers;
    uint32_t Characteristics; /* ZP_IMAGE_SCN_* */
};

static_assert(offsetof(struct zp_image_section_header, Name) == 0, "Name");
static_assert(offsetof(struct zp_image_section_header, VirtualSize) == 8, "VirtualSize");
static_assert(offsetof(struct zp_image_section_header, VirtualAddress) == 12, "VirtualAddress");
static_assert(offsetof(struct zp_image_section_header, SizeOfRawData) == 16, "SizeOfRawData");
static_assert(offsetof(struct zp_image_section_header, PointerToRawData) == 20, "PointerToRawData");
static_assert(offsetof(struct zp_image_section_header, PointerToRelocations) == 24, "PointerToRelocations");
static_assert(offsetof(struct zp_image_section_header, PointerToLinenumbers) == 28, "PointerToLinenumbers");
static_assert(offsetof(struct zp_image_section_header, NumberOfRelocations) == 32, "NumberOfRelocations");
static_assert(offsetof(struct zp_image_section_header, NumberOfLinenumbers) == 34, "NumberOfLinenumbers");
static_assert(offsetof(struct zp_image_section_header, Characteristics) == 36, "Characteristics");
static_assert(sizeof(struct zp_image_section_header) == 40, "size of image_section_header");

/* Block of base relocations; u16 entries follow, type << 12 | offset in page */
struct zp_image_base_relocation {
    uint32_t VirtualAddress; /* of the page */
    uint32_t SizeOfBlock;    /* bytes, with this header */
};

static_assert(offsetof(struct zp_image_base_relocation, VirtualAddress) == 0, "VirtualAddress");
static_assert(offsetof(struct zp_image_base_relocation, SizeOfBlock) == 4, "SizeOfBlock");
static_assert(sizeof(struct zp_image_base_relocation) == 8, "size of image_base_relocation");

/* A compressed kernel inside an EFI decompressor */
struct zp_linux_efi_zboot_header {
    uint32_t mz_magic;       /* "MZ\0\0" */
    char image_type[4];      /* "zimg" */
    uint32_t payload_offset; /* file offset */
    uint32_t payload_size;   /* bytes */
    uint32_t reserved[2];
    char comp_type[32];        /* "gzip", "lz4", "lzma", "lzo", "xzkern", "zstd22", ... NUL-terminated */
    uint32_t linux_pe_magic;   /* ZP_LINUX_PE_MAGIC */
    uint32_t pe_header_offset; /* the DOS header's e_lfanew */
};

static_assert(offsetof(struct zp_linux_efi_zboot_header, mz_magic) == 0, "mz_magic");
static_assert(offsetof(struct zp_linux_efi_zboot_header, image_type) == 4, "image_type");
static_assert(offsetof(struct zp_linux_efi_zboot_header, payload_offset) == 8, "payload_offset");
static_assert(offsetof(struct zp_linux_efi_zboot_header, payload_size) == 12, "payload_size");
static_assert(offsetof(struct zp_linux_efi_zboot_header, reserved) == 16, "reserved");
static_assert(offsetof(struct zp_linux_efi_zboot_header, comp_type) == 24, "comp_type");
static_assert(offsetof(struct zp_linux_efi_zboot_header, linux_pe_magic) == 56, "linux_pe_magic");
static_assert(offsetof(struct zp_linux_efi_zboot_header, pe_header_offset) == 60, "pe_header_offset");
static_assert(sizeof(struct zp_linux_efi_zboot_header) == 64, "size of linux_efi_zboot_header");

#endif /* !__ASSEMBLER__ */

#endif
