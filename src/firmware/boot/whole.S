/* SPDX-License-Identifier: BSD-2-Clause */
/* The part for disks, packed by squeeze.c: for whole.c. */
    .section .rodata.whole, "a"
    .globl  fw_whole
    .hidden fw_whole
fw_whole:
    .incbin FW_WHOLE
    .globl  fw_whole_bytes, fw_whole_memory
    .hidden fw_whole_bytes, fw_whole_memory
    .balign 4
fw_whole_bytes:
    .long   STUB_BYTES
fw_whole_memory:
    .long   STUB_MEMORY

    .section .note.GNU-stack, "", @progbits
