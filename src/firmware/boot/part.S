/* SPDX-License-Identifier: BSD-2-Clause */
/* struct fw_part, with which the part for disks begins: see part.h. */
    .section .text.start, "a"
part:
    .long   fw_part_begin - part
    .long   part_relr - part
    .long   part_relr_end - part
    .long   part_bss - part
    .long   part_bss_end - part

    .section .note.GNU-stack, "", @progbits
