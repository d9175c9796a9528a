/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The probe guest's images as read-only data of the program, for images.c: zp_probe_bytes_NAME. The
 * build names the folder where they are.
 */
    .macro  image name
    .globl  zp_probe_bytes_\name
    .hidden zp_probe_bytes_\name
    .balign 16
zp_probe_bytes_\name:
    .incbin "probe.\name"
    .endm

    .section .rodata.zp_probe_images, "a"
    image   bzimage
    image   bzimage32
    image   bzimage16
    image   elf64
    image   pvh
    image   multiboot1
    image   multiboot2
    image   efi

    .section .note.GNU-stack, "", @progbits
