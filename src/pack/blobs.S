/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fronts and bodies of packed files as read-only data of the program, for blobs.c: each from
 * zp_pack_NAME to zp_pack_NAME_end. The build names the folders where they are.
 */
    .macro  blob name, file
    .globl  zp_pack_\name, zp_pack_\name\()_end
    .hidden zp_pack_\name, zp_pack_\name\()_end
    .balign 16
zp_pack_\name:
    .incbin "\file"
zp_pack_\name\()_end:
    .endm

    .section .rodata.zp_pack_blobs, "a"
    blob    front_elf, "front-elf.bin"
    blob    front_pe, "front-pe.bin"
    blob    body_bzimage, "body-bzimage.bin"
    blob    body_elf, "body-elf.bin"
    blob    body_multiboot, "body-multiboot.bin"
    blob    body_full, "body-full.bin"
    blob    body_lz4, "body-lz4.bin"
    blob    body_zstd, "body-zstd.bin"

    .section .note.GNU-stack, "", @progbits
