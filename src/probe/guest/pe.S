/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The probe guest as an EFI application: PE32+ for x64, with headers written by hand. The body lies at the same
 * place in the file as in memory, its .bss is a section of its own, and nothing wants relocation.
 * Microsoft PE and COFF Specification; UEFI 2.9, 2.1.1 "UEFI Images".
 */
#include <zeropage/wire/pe.h>

#include "shape.inc"

#define FILE_ALIGNMENT    0x200
#define SECTION_ALIGNMENT 0x1000
#define DIRECTORIES       6 /* to base relocations: a loader may want to see that there are none */

    .section .text, "ax"
file:
    .word   ZP_IMAGE_DOS_SIGNATURE
    .org    ZP_IMAGE_DOS_HEADER_LFANEW
    .long   signature - file
    .balign 16

signature:
    .long   ZP_IMAGE_NT_SIGNATURE
    /* struct zp_image_file_header */
    .word   ZP_IMAGE_FILE_MACHINE_AMD64
    .word   2                           /* NumberOfSections */
    .long   0                           /* TimeDateStamp */
    .long   0                           /* PointerToSymbolTable */
    .long   0                           /* NumberOfSymbols */
    .word   sections - optional         /* SizeOfOptionalHeader */
    .word   ZP_IMAGE_FILE_EXECUTABLE_IMAGE | ZP_IMAGE_FILE_LINE_NUMS_STRIPPED | ZP_IMAGE_FILE_DEBUG_STRIPPED | \
            ZP_IMAGE_FILE_LARGE_ADDRESS_AWARE

optional:
    /* struct zp_image_optional_header64 */
    .word   ZP_IMAGE_NT_OPTIONAL_HDR64_MAGIC
    .byte   0, 0                        /* linker version */
    .long   file_end - body             /* SizeOfCode */
    .long   0                           /* SizeOfInitializedData */
    .long   GUEST_BSS_SIZE              /* SizeOfUninitializedData */
    .long   GUEST_PE_BASE + GUEST_ENTRY_EFI
    .long   GUEST_PE_BASE               /* BaseOfCode */
    .quad   0                           /* ImageBase: anywhere */
    .long   SECTION_ALIGNMENT
    .long   FILE_ALIGNMENT
    .word   0, 0                        /* operating system version */
    .word   1, 0                        /* image version; from 1 on systemd's stub hands an initrd over */
    .word   0, 0                        /* subsystem version */
    .long   0                           /* Win32VersionValue */
    .long   GUEST_PE_BASE + GUEST_SPAN  /* SizeOfImage */
    .long   body - file                 /* SizeOfHeaders */
    .long   0                           /* CheckSum */
    .word   ZP_IMAGE_SUBSYSTEM_EFI_APPLICATION
    .word   ZP_IMAGE_DLLCHARACTERISTICS_NX_COMPAT
    .quad   0, 0, 0, 0                  /* stack and heap: the firmware's */
    .long   0                           /* LoaderFlags */
    .long   DIRECTORIES
    .fill   DIRECTORIES, 8, 0

sections:
    /* struct zp_image_section_header */
    .ascii  ".text\0\0\0"
    .long   body_end - body             /* VirtualSize */
    .long   GUEST_PE_BASE               /* VirtualAddress */
    .long   file_end - body             /* SizeOfRawData */
    .long   body - file                 /* PointerToRawData */
    .long   0, 0
    .word   0, 0
    .long   ZP_IMAGE_SCN_CNT_CODE | ZP_IMAGE_SCN_MEM_READ | ZP_IMAGE_SCN_MEM_EXECUTE

    .ascii  ".bss\0\0\0\0"
    .long   GUEST_BSS_SIZE
    .long   GUEST_PE_BASE + GUEST_BSS
    .long   0, 0
    .long   0, 0
    .word   0, 0
    .long   ZP_IMAGE_SCN_CNT_UNINITIALIZED_DATA | ZP_IMAGE_SCN_MEM_READ | ZP_IMAGE_SCN_MEM_WRITE

    .org    GUEST_PE_BASE
    shape_headers efi, 0, 0, 0, 0, GUEST_PE_BASE
    shape_body
    .balign FILE_ALIGNMENT
file_end:

    .section .note.GNU-stack, "", @progbits
