/* SPDX-License-Identifier: BSD-2-Clause */
/* What a firmware does after a reset, between arrive_reset.c and its helpers. */
#ifndef ZP_FIRMWARE_BOOT_RESET_H
#define ZP_FIRMWARE_BOOT_RESET_H

#include "boot.h"

/* The machine while it is set up. */
struct fw_board {
    struct arrival *arrival;
    uint64_t low_end;  /* RAM below 4 GiB ends here */
    uint64_t high_end; /* and that above, 4 GiB when there is none */
    uint64_t tables;   /* what we take from the end of low RAM begins here */
    uint64_t shadow;   /* the next free byte in [.., 1 MiB) that tables may lie in; 0: there is no such RAM */
    uint32_t cpus;     /* that are there, this one included */
};

/* The highest free RAM below 4 GiB, told the kernel as e820_type; NULL: there is not as much. */
void *fw_board_take(struct fw_board *board, uint64_t size, uint64_t align, uint32_t e820_type);
/* Where BIOS tables are sought: shadow RAM below 1 MiB, or the EBDA where there is none. */
void *fw_board_take_low(struct fw_board *board, uint64_t size, uint64_t align);

void fw_shadow(uint32_t port, uint32_t value, uint64_t size);  /* reset.S */
void fw_chipset(struct fw_board *board);                       /* chipset.c */
void fw_mtrr(const struct fw_board *board, uint64_t uncached); /* mtrr.c */
void fw_acpi(struct fw_board *board);                          /* acpi.c */
void fw_smbios(struct fw_board *board);                        /* smbios.c */
uint8_t fw_sum(const void *bytes, size_t size);                /* sum.S */

#endif
