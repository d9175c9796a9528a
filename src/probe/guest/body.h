/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where things lie in the body of the probe guest: the one block of code that all shapes carry. The body is
 * position independent and wants [base, base + GUEST_SPAN): its bytes, a gap, and from GUEST_BSS on memory
 * that need not be clear. A shape (setup.S, elf.S, pe.S) brings the loader to one of the entries and fills
 * in what is its own: the parameters, and headers that a loader seeks in the image.
 */
#ifndef GUEST_BODY_H
#define GUEST_BODY_H

/* Entries, as offsets from base. */
#define GUEST_ENTRY_LINUX32    0x000
#define GUEST_ENTRY_PVH        0x010
#define GUEST_ENTRY_MULTIBOOT1 0x020
#define GUEST_ENTRY_MULTIBOOT2 0x030
#define GUEST_ENTRY_SETUP      0x040 /* from setup.S: 32-bit, ESI = struct guest_setup */
#define GUEST_ENTRY_EFI        0x050 /* 64-bit */
#define GUEST_ENTRY_LINUX64    0x200

/* What the shape brings: struct guest_parameters, and room for headers. */
#define GUEST_PARAMETERS      0x080
#define GUEST_HEADERS         0x0c0
#define GUEST_HEADERS_END     GUEST_ENTRY_LINUX64
#define GUEST_PARAMETERS_MARK "ZPPROBE"

#define GUEST_BSS           0xa000
#define GUEST_BSS_SIZE      0x30000
#define GUEST_BSS_UNTOUCHED 0x10000 /* at its end: nobody writes there, to see who cleared it */
#define GUEST_SPAN          (GUEST_BSS + GUEST_BSS_SIZE)

/* What a real Linux of today asks for, so that loaders can break a promise (Linux boot.rst). */
#define GUEST_KERNEL_ALIGNMENT 0x200000
#define GUEST_MIN_ALIGNMENT    21
#define GUEST_PREF_ADDRESS     0x1000000
#define GUEST_INIT_SIZE        0x2000000
#define GUEST_INITRD_ADDR_MAX  0x7fffffff
#define GUEST_CMDLINE_SIZE     2047

#define GUEST_ELF_BASE    0x200000 /* where ELF files are linked */
#define GUEST_PE_BASE     0x1000   /* of the body in the PE file, as RVA and as offset */
#define GUEST_SETUP_SECTS 11       /* besides the boot sector */

/* struct guest_found */
#define GUEST_FOUND_GDT      0x0e0
#define GUEST_FOUND_IDT      0x0f0
#define GUEST_FOUND_BASE     0x100
#define GUEST_FOUND_HANDED   0x108
#define GUEST_FOUND_PROTOCOL 0x110
#define GUEST_FOUND_SIZE     0x118

/* struct guest_setup */
#define GUEST_SETUP_GDT          0x0e0
#define GUEST_SETUP_IDT          0x0f0
#define GUEST_SETUP_SETUP        0x100
#define GUEST_SETUP_MEMORY_COUNT 0x104
#define GUEST_SETUP_MEMORY       0x108
#define GUEST_SETUP_MEMORY_MAX   40
#define GUEST_SETUP_MEMORY_BYTES 24
#define GUEST_SETUP_SIZE         0x4c8

/* enum zp_protocol, ZP_PROBE_PROTOCOL_EFI */
#define GUEST_PROTOCOL_LINUX16    1
#define GUEST_PROTOCOL_LINUX32    2
#define GUEST_PROTOCOL_LINUX64    3
#define GUEST_PROTOCOL_PVH        4
#define GUEST_PROTOCOL_MULTIBOOT1 5
#define GUEST_PROTOCOL_MULTIBOOT2 6
#define GUEST_PROTOCOL_EFI        32

/* Selectors of the guest's own GDT. */
#define GUEST_CODE64 0x08
#define GUEST_DATA   0x10

#define GUEST_VECTORS     32
#define GUEST_TRAP_STRIDE 16

#endif
