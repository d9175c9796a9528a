/* SPDX-License-Identifier: BSD-2-Clause */
/* zeropage-fw.elf, packed by LZMA, as the ROM has it: for whole.c. */
    .section .rodata.whole, "a"
    .globl  fw_whole, fw_whole_end
    .hidden fw_whole, fw_whole_end
fw_whole:
    .incbin FW_WHOLE
fw_whole_end:
    .globl  fw_whole_bytes
    .hidden fw_whole_bytes
    .balign 4
fw_whole_bytes:
    .long   STUB_BYTES

    .section .note.GNU-stack, "", @progbits
