/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory for page tables, never cleared: see.c and entry.S fill what they use. */
#include <zeropage/wire/x86.h>

    .section .kept, "aw", @nobits
    .balign ZP_PAGE_SIZE
    .globl  fw_tables, fw_table_pool
    .hidden fw_tables, fw_table_pool
fw_tables:
    .skip   7 * ZP_PAGE_SIZE
fw_table_pool:
    .skip   16 * ZP_PAGE_SIZE

    .section .note.GNU-stack, "", @progbits
