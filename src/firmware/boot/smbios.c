/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SMBIOS: QEMU has the tables and the entry point ready but for the address, which is ours to choose, and the
 * checksums that cover it. Entry points of version 2.1 (31 bytes) and 3.0 (24) alike. DMTF DSP0134 3.7,
 * section 5.2 "Table convention".
 */
#include <zeropage/wire/e820.h>

#include "../../core/checked.h"
#include "fw_cfg.h"
#include "reset.h"

#define ANCHOR_MAX 64u

#define V2_SIZE         0x1f
#define V2_CHECKSUM     0x04
#define V2_INTERMEDIATE 0x10 /* "_DMI_", with a checksum of its own up to the end */
#define V2_CHECKSUM_2   0x15
#define V2_ADDRESS      0x18 /* 4 bytes */

#define V3_SIZE     0x18
#define V3_CHECKSUM 0x05
#define V3_ADDRESS  0x10 /* 8 bytes */

static void set_checksum(uint8_t *bytes, size_t size, size_t at)
{
    bytes[at] = (uint8_t)(bytes[at] - fw_sum(bytes, size));
}

void fw_smbios(struct fw_board *board)
{
    struct fw_cfg_file anchor, tables;
    uint8_t *entry, *table;
    uint64_t address;

    if (!fw_cfg_find("etc/smbios/smbios-anchor", &anchor) ||
        !fw_cfg_find("etc/smbios/smbios-tables", &tables))
        return;
    entry = anchor.size <= ANCHOR_MAX ? fw_board_take_low(board, ANCHOR_MAX, 16) : NULL;
    table = entry ? fw_board_take(board, tables.size, 4096, ZP_E820_RESERVED) : NULL;
    if (!table) {
        fw_note("SMBIOS: no room for %d bytes", (uint64_t)tables.size);
        return;
    }
    fw_cfg_read(tables.item, 0, table, tables.size);
    memset(entry, 0, ANCHOR_MAX);
    fw_cfg_read(anchor.item, 0, entry, anchor.size);
    address = (uintptr_t)table;
    if (anchor.size >= V2_SIZE && memcmp(entry, "_SM_", 4) == 0) {
        memcpy(entry + V2_ADDRESS, &address, 4);
        set_checksum(entry + V2_INTERMEDIATE, V2_SIZE - V2_INTERMEDIATE, V2_CHECKSUM_2 - V2_INTERMEDIATE);
        set_checksum(entry, V2_SIZE, V2_CHECKSUM);
    } else if (anchor.size >= V3_SIZE && memcmp(entry, "_SM3_", 5) == 0) {
        memcpy(entry + V3_ADDRESS, &address, 8);
        set_checksum(entry, V3_SIZE, V3_CHECKSUM);
    } else {
        fw_note("SMBIOS: an entry point of %d bytes that is none", (uint64_t)anchor.size);
        memset(entry, 0, ANCHOR_MAX);
    }
}
