/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The texts of codes and fields. Switches, not arrays: a code or field without its text is a compiler
 * warning, and a number from anywhere finds its default.
 */
#include <zeropage/error.h>

const char *zp_status_name(int code)
{
    switch ((enum zp_status)code) {
    case ZP_OK: return "ZP_OK";
    case ZP_ERR_ARGUMENT: return "ZP_ERR_ARGUMENT";
    case ZP_ERR_STRUCT_SIZE: return "ZP_ERR_STRUCT_SIZE";
    case ZP_ERR_ROOM: return "ZP_ERR_ROOM";
    case ZP_ERR_READ: return "ZP_ERR_READ";
    case ZP_ERR_TRUNCATED: return "ZP_ERR_TRUNCATED";
    case ZP_ERR_OVERFLOW: return "ZP_ERR_OVERFLOW";
    case ZP_ERR_TOO_LARGE: return "ZP_ERR_TOO_LARGE";
    case ZP_ERR_TOO_SMALL: return "ZP_ERR_TOO_SMALL";
    case ZP_ERR_ALIGNMENT: return "ZP_ERR_ALIGNMENT";
    case ZP_ERR_VALUE: return "ZP_ERR_VALUE";
    case ZP_ERR_CHECKSUM: return "ZP_ERR_CHECKSUM";
    case ZP_ERR_OVERLAP: return "ZP_ERR_OVERLAP";
    case ZP_ERR_OUTSIDE: return "ZP_ERR_OUTSIDE";
    case ZP_ERR_UNSUPPORTED: return "ZP_ERR_UNSUPPORTED";
    case ZP_ERR_EMPTY: return "ZP_ERR_EMPTY";
    case ZP_ERR_FORMAT: return "ZP_ERR_FORMAT";
    case ZP_ERR_PE_ONLY: return "ZP_ERR_PE_ONLY";
    case ZP_ERR_UKI: return "ZP_ERR_UKI";
    case ZP_ERR_ARM64_IMAGE: return "ZP_ERR_ARM64_IMAGE";
    case ZP_ERR_RISCV64_IMAGE: return "ZP_ERR_RISCV64_IMAGE";
    case ZP_ERR_LOONGARCH_IMAGE: return "ZP_ERR_LOONGARCH_IMAGE";
    case ZP_ERR_EFI_ZBOOT: return "ZP_ERR_EFI_ZBOOT";
    case ZP_ERR_COMPRESSED: return "ZP_ERR_COMPRESSED";
    case ZP_ERR_ELF_CLASS: return "ZP_ERR_ELF_CLASS";
    case ZP_ERR_ELF_DATA: return "ZP_ERR_ELF_DATA";
    case ZP_ERR_ELF_MACHINE: return "ZP_ERR_ELF_MACHINE";
    case ZP_ERR_ELF_TYPE: return "ZP_ERR_ELF_TYPE";
    case ZP_ERR_NO_SEGMENT: return "ZP_ERR_NO_SEGMENT";
    case ZP_ERR_NO_ENTRY: return "ZP_ERR_NO_ENTRY";
    case ZP_ERR_ELF_PROGRAM: return "ZP_ERR_ELF_PROGRAM";
    case ZP_ERR_PROTOCOL: return "ZP_ERR_PROTOCOL";
    case ZP_ERR_REAL_MODE_ONLY: return "ZP_ERR_REAL_MODE_ONLY";
    case ZP_ERR_MEMORY_MAP: return "ZP_ERR_MEMORY_MAP";
    case ZP_ERR_NO_SPACE: return "ZP_ERR_NO_SPACE";
    case ZP_ERR_NOT_RAM: return "ZP_ERR_NOT_RAM";
    case ZP_ERR_CMDLINE_LENGTH: return "ZP_ERR_CMDLINE_LENGTH";
    case ZP_ERR_CMDLINE_NUL: return "ZP_ERR_CMDLINE_NUL";
    case ZP_ERR_TOO_MANY_RANGES: return "ZP_ERR_TOO_MANY_RANGES";
    case ZP_ERR_ABOVE_4G: return "ZP_ERR_ABOVE_4G";
    case ZP_ERR_PIN: return "ZP_ERR_PIN";
    case ZP_ERR_INITRD_UNSUPPORTED: return "ZP_ERR_INITRD_UNSUPPORTED";
    case ZP_ERR_BUSY: return "ZP_ERR_BUSY";
    case ZP_ERR_INITRD_EMPTY: return "ZP_ERR_INITRD_EMPTY";
    case ZP_ERR_BLOB: return "ZP_ERR_BLOB";
    case ZP_ERR_GUEST_MEMORY: return "ZP_ERR_GUEST_MEMORY";
    case ZP_ERR_FILL: return "ZP_ERR_FILL";
    case ZP_ERR_NO_PAYLOAD: return "ZP_ERR_NO_PAYLOAD";
    case ZP_ERR_PAYLOAD_MAGIC: return "ZP_ERR_PAYLOAD_MAGIC";
    case ZP_ERR_STREAM: return "ZP_ERR_STREAM";
    case ZP_ERR_UNPACKED_SIZE: return "ZP_ERR_UNPACKED_SIZE";
    case ZP_ERR_UNPACK_MEMORY: return "ZP_ERR_UNPACK_MEMORY";
    }
    return "unknown";
}

const char *zp_status_text(int code)
{
    switch ((enum zp_status)code) {
    case ZP_OK: return "done";
    case ZP_ERR_ARGUMENT: return "a pointer is NULL or an argument makes no sense";
    case ZP_ERR_STRUCT_SIZE: return "struct_size is not one that this library knows";
    case ZP_ERR_ROOM: return "an array of the caller is too short";
    case ZP_ERR_READ: return "the byte source failed";
    case ZP_ERR_TRUNCATED: return "the file ends too early";
    case ZP_ERR_OVERFLOW: return "the sum does not fit";
    case ZP_ERR_TOO_LARGE: return "above the largest value allowed";
    case ZP_ERR_TOO_SMALL: return "below the smallest value allowed";
    case ZP_ERR_ALIGNMENT: return "not a power of two, or not aligned";
    case ZP_ERR_VALUE: return "not a value that the specification allows";
    case ZP_ERR_CHECKSUM: return "the checksum is not 0";
    case ZP_ERR_OVERLAP: return "two parts overlap in memory";
    case ZP_ERR_OUTSIDE: return "an address lies in no loaded segment";
    case ZP_ERR_UNSUPPORTED: return "the image demands what no loader of this kind can give";
    case ZP_ERR_EMPTY: return "the file is empty";
    case ZP_ERR_FORMAT: return "no format that boots on x86";
    case ZP_ERR_PE_ONLY: return "an EFI application with no other entry";
    case ZP_ERR_UKI: return "a unified kernel image";
    case ZP_ERR_ARM64_IMAGE: return "an arm64 Linux Image";
    case ZP_ERR_RISCV64_IMAGE: return "a riscv64 Linux Image";
    case ZP_ERR_LOONGARCH_IMAGE: return "a LoongArch Linux Image";
    case ZP_ERR_EFI_ZBOOT: return "an EFI zboot image";
    case ZP_ERR_COMPRESSED: return "a compressed file";
    case ZP_ERR_ELF_CLASS: return "an ELF that is neither 32-bit nor 64-bit";
    case ZP_ERR_ELF_DATA: return "an ELF that is not little-endian";
    case ZP_ERR_ELF_MACHINE: return "an ELF for another machine";
    case ZP_ERR_ELF_TYPE: return "an ELF that is not an executable";
    case ZP_ERR_NO_SEGMENT: return "an ELF with nothing to load";
    case ZP_ERR_NO_ENTRY: return "no entry that a loader could use";
    case ZP_ERR_ELF_PROGRAM: return "a program for an operating system, not a kernel";
    case ZP_ERR_PROTOCOL: return "the image does not offer this protocol";
    case ZP_ERR_REAL_MODE_ONLY: return "the image offers only the 16-bit entry, which needs a BIOS";
    case ZP_ERR_MEMORY_MAP: return "the memory map is unsorted, overlapping, empty or too high";
    case ZP_ERR_NO_SPACE: return "no free memory of this size where it may lie";
    case ZP_ERR_NOT_RAM: return "the place it must have is not free RAM";
    case ZP_ERR_CMDLINE_LENGTH: return "longer than the kernel takes";
    case ZP_ERR_CMDLINE_NUL: return "a NUL byte inside the command line";
    case ZP_ERR_TOO_MANY_RANGES: return "more memory ranges than the protocol carries";
    case ZP_ERR_ABOVE_4G: return "must lie below 4 GiB for this protocol";
    case ZP_ERR_PIN: return "a pinned address for something that this plan does not have";
    case ZP_ERR_INITRD_UNSUPPORTED: return "this kernel takes no initrd";
    case ZP_ERR_BUSY: return "the place it must have is busy until entry";
    case ZP_ERR_INITRD_EMPTY: return "an initrd of 0 bytes";
    case ZP_ERR_BLOB: return "the size, alignment or limit of a blob makes no sense";
    case ZP_ERR_GUEST_MEMORY: return "guest memory does not cover the plan";
    case ZP_ERR_FILL: return "the fill callback of a blob failed";
    case ZP_ERR_NO_PAYLOAD: return "no payload that could be unpacked";
    case ZP_ERR_PAYLOAD_MAGIC: return "packed in a format that is not known";
    case ZP_ERR_STREAM: return "the compressed stream is spoiled";
    case ZP_ERR_UNPACKED_SIZE: return "what was unpacked is not of the size told";
    case ZP_ERR_UNPACK_MEMORY: return "unpacking demands too much memory";
    }
    return "an unknown error";
}

const char *zp_field_name(uint32_t field)
{
    switch ((enum zp_field)field) {
    case ZP_FIELD_NONE: return "nothing";
    case ZP_FIELD_FILE: return "file";
    case ZP_FIELD_STRUCT_SIZE: return "struct_size";
    case ZP_FIELD_SEGMENTS: return "segments";
    case ZP_FIELD_NOTES: return "notes";
    case ZP_FIELD_ENTRIES: return "entries";
    case ZP_FIELD_SPANS: return "spans";
    case ZP_FIELD_E820: return "e820";
    case ZP_FIELD_DECISIONS: return "decisions";
    case ZP_FIELD_RANGES: return "memory map";
    case ZP_FIELD_SETUP_SECTS: return "setup_sects";
    case ZP_FIELD_SYSSIZE: return "syssize";
    case ZP_FIELD_BOOT_FLAG: return "boot_flag";
    case ZP_FIELD_JUMP: return "jump";
    case ZP_FIELD_HEADER: return "header magic";
    case ZP_FIELD_VERSION: return "version";
    case ZP_FIELD_KERNEL_VERSION: return "kernel_version";
    case ZP_FIELD_LOADFLAGS: return "loadflags";
    case ZP_FIELD_CODE32_START: return "code32_start";
    case ZP_FIELD_INITRD_ADDR_MAX: return "initrd_addr_max";
    case ZP_FIELD_KERNEL_ALIGNMENT: return "kernel_alignment";
    case ZP_FIELD_RELOCATABLE_KERNEL: return "relocatable_kernel";
    case ZP_FIELD_MIN_ALIGNMENT: return "min_alignment";
    case ZP_FIELD_XLOADFLAGS: return "xloadflags";
    case ZP_FIELD_CMDLINE_SIZE: return "cmdline_size";
    case ZP_FIELD_PAYLOAD_OFFSET: return "payload_offset";
    case ZP_FIELD_PAYLOAD_LENGTH: return "payload_length";
    case ZP_FIELD_SETUP_DATA: return "setup_data";
    case ZP_FIELD_PREF_ADDRESS: return "pref_address";
    case ZP_FIELD_INIT_SIZE: return "init_size";
    case ZP_FIELD_HANDOVER_OFFSET: return "handover_offset";
    case ZP_FIELD_KERNEL_INFO_OFFSET: return "kernel_info_offset";
    case ZP_FIELD_SETUP_CODE: return "setup code";
    case ZP_FIELD_PROTECTED_MODE_CODE: return "protected-mode code";
    case ZP_FIELD_ENTRY64: return "64-bit entry";
    case ZP_FIELD_E_IDENT: return "e_ident";
    case ZP_FIELD_E_TYPE: return "e_type";
    case ZP_FIELD_E_MACHINE: return "e_machine";
    case ZP_FIELD_E_VERSION: return "e_version";
    case ZP_FIELD_E_ENTRY: return "e_entry";
    case ZP_FIELD_E_PHOFF: return "e_phoff";
    case ZP_FIELD_E_PHNUM: return "e_phnum";
    case ZP_FIELD_E_PHENTSIZE: return "e_phentsize";
    case ZP_FIELD_E_SHOFF: return "e_shoff";
    case ZP_FIELD_P_OFFSET: return "p_offset";
    case ZP_FIELD_P_FILESZ: return "p_filesz";
    case ZP_FIELD_P_MEMSZ: return "p_memsz";
    case ZP_FIELD_P_PADDR: return "p_paddr";
    case ZP_FIELD_P_ALIGN: return "p_align";
    case ZP_FIELD_NOTE: return "ELF note";
    case ZP_FIELD_N_NAMESZ: return "n_namesz";
    case ZP_FIELD_N_DESCSZ: return "n_descsz";
    case ZP_FIELD_PHYS32_ENTRY: return "note PHYS32_ENTRY";
    case ZP_FIELD_PHYS32_RELOC: return "note PHYS32_RELOC";
    case ZP_FIELD_P_TYPE: return "p_type";
    case ZP_FIELD_RELOCATIONS: return "relocation table";
    case ZP_FIELD_SECTION_HEADER: return "section header";
    case ZP_FIELD_MB_CHECKSUM: return "multiboot checksum";
    case ZP_FIELD_MB_FLAGS: return "multiboot flags";
    case ZP_FIELD_MB_HEADER_ADDR: return "multiboot header_addr";
    case ZP_FIELD_MB_LOAD_ADDR: return "multiboot load_addr";
    case ZP_FIELD_MB_LOAD_END_ADDR: return "multiboot load_end_addr";
    case ZP_FIELD_MB_BSS_END_ADDR: return "multiboot bss_end_addr";
    case ZP_FIELD_MB_ENTRY_ADDR: return "multiboot entry_addr";
    case ZP_FIELD_MB2_ARCHITECTURE: return "multiboot2 architecture";
    case ZP_FIELD_MB2_HEADER_LENGTH: return "multiboot2 header_length";
    case ZP_FIELD_MB2_TAG: return "multiboot2 header tag";
    case ZP_FIELD_MB2_INFORMATION_REQUEST: return "multiboot2 information request";
    case ZP_FIELD_PE_HEADER: return "PE header";
    case ZP_FIELD_PE_SECTION: return "PE section table";
    case ZP_FIELD_MAGIC: return "magic";
    case ZP_FIELD_PAYLOAD: return "payload";
    case ZP_FIELD_PAYLOAD_SIZE: return "unpacked size";
    case ZP_FIELD_KERNEL: return "kernel";
    case ZP_FIELD_INITRD: return "initrd";
    case ZP_FIELD_CMDLINE: return "command line";
    case ZP_FIELD_BOOT_PARAMS: return "boot_params";
    case ZP_FIELD_START_INFO: return "start_info";
    case ZP_FIELD_MODLIST: return "modlist";
    case ZP_FIELD_MEMMAP: return "memmap";
    case ZP_FIELD_MULTIBOOT_INFO: return "multiboot information";
    case ZP_FIELD_GDT: return "GDT";
    case ZP_FIELD_TSS: return "TSS";
    case ZP_FIELD_PAGE_TABLES: return "page tables";
    case ZP_FIELD_STACK: return "stack";
    case ZP_FIELD_RNG_SEED: return "RNG seed";
    case ZP_FIELD_E820_EXT: return "E820_EXT";
    case ZP_FIELD_BLOB: return "blob";
    case ZP_FIELD_BDA: return "BIOS data area";
    case ZP_FIELD_PIN: return "pin";
    case ZP_FIELD_PROTOCOL: return "protocol";
    case ZP_FIELD_ENTROPY: return "entropy";
    case ZP_FIELD_RAM: return "RAM";
    case ZP_FIELD_RSDP: return "RSDP";
    case ZP_FIELD_CPUS: return "CPUs";
    case ZP_FIELD_MODULES: return "modules";
    case ZP_FIELD_KASLR: return "KASLR";
    case ZP_FIELD_VIRTUAL_BASE: return "virtual base";
    case ZP_FIELD_STAGING: return "staging";
    case ZP_FIELD_TRAMPOLINE: return "trampoline";
    }
    return "unknown";
}
