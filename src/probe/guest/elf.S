/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The probe guest as an ELF file, one way in a file: ELF64 entered at e_entry by Linux's 64-bit protocol
 * (SHAPE_ELF64), ELF64 with the PVH note (SHAPE_PVH), ELF32 with a multiboot 1 or 2 header (SHAPE_MULTIBOOT1,
 * SHAPE_MULTIBOOT2), ELF64 whose e_entry is 32-bit code for multiboot 1 and which says so nowhere, as OSv's
 * (SHAPE_OSV: no loader enters it by itself, zeropage-pack(1) does when told). Which entry e_entry names is the
 * linker's business (meson.build).
 * Xen elfnote.h; Multiboot 0.6.96, 3.1.1; Multiboot2 2.0, 3.1.
 */
#include <zeropage/wire/multiboot.h>
#include <zeropage/wire/multiboot2.h>
#include <zeropage/wire/xen.h>

#include "shape.inc"

    .section .text, "ax"
#if defined(SHAPE_ELF64)
    shape_headers elf64, GUEST_ELF_BASE, 0, 0, 0
#elif defined(SHAPE_PVH)
    shape_headers pvh, GUEST_ELF_BASE, 0, 0, 0
#elif defined(SHAPE_OSV)
    shape_headers osv, GUEST_ELF_BASE, 0, 0, 0
#elif defined(SHAPE_MULTIBOOT1)
    shape_headers multiboot1, GUEST_ELF_BASE, 0, 0, 0
#define FLAGS (ZP_MULTIBOOT_PAGE_ALIGN | ZP_MULTIBOOT_MEMORY_INFO)
    .long   ZP_MULTIBOOT_HEADER_MAGIC
    .long   FLAGS
    .long   -(ZP_MULTIBOOT_HEADER_MAGIC + FLAGS)
#elif defined(SHAPE_MULTIBOOT2)
    shape_headers multiboot2, GUEST_ELF_BASE, 0, 0, 0
multiboot2:
    .long   ZP_MULTIBOOT2_HEADER_MAGIC
    .long   ZP_MULTIBOOT2_ARCHITECTURE_I386
    .long   multiboot2_end - multiboot2
    .long   -(ZP_MULTIBOOT2_HEADER_MAGIC + ZP_MULTIBOOT2_ARCHITECTURE_I386 + (multiboot2_end - multiboot2))
    .word   ZP_MULTIBOOT2_HEADER_TAG_MODULE_ALIGN, 0
    .long   8
    .word   ZP_MULTIBOOT2_HEADER_TAG_END, 0
    .long   8
multiboot2_end:
#endif
    shape_body

/* The linker script gives these their offsets in the body. */
    .bss
    .skip   GUEST_BSS_SIZE

#ifdef SHAPE_PVH
    .section .note.Xen, "a", @note
    .balign 4
    .long   2f - 1f
    .long   4f - 3f
    .long   ZP_XEN_ELFNOTE_PHYS32_ENTRY
1:  .asciz  "Xen"
2:  .balign 4
3:  .long   GUEST_ELF_BASE + GUEST_ENTRY_PVH
4:  .balign 4
    .long   2f - 1f
    .long   4f - 3f
    .long   ZP_XEN_ELFNOTE_PHYS32_RELOC
1:  .asciz  "Xen"
2:  .balign 4
3:  .long   0x200000                    /* alignment */
    .long   0x200000                    /* lowest */
    .long   0xffffffff                  /* highest */
4:  .balign 4
#endif

    .section .note.GNU-stack, "", @progbits
