/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entered at reset: nobody has set anything up, and QEMU tells by fw_cfg what a loader would have told.
 * Guarantees in struct arrival the memory map (etc/e820, else what CMOS counts) with the areas of a PC carved
 * out of it and our tables told, the RSDP, and a machine as ACPI's tables and a kernel expect it. BIOS data
 * area: "IBM PS/2 and Personal Computer BIOS Interface Technical Reference"; QEMU docs/specs/fw_cfg.
 */
#include <zeropage/wire/e820.h>
#include <zeropage/wire/x86.h>

#include "../../core/checked.h"
#include "../../pack/stub/arrive.h"
#include "../port.h"
#include "fw_cfg.h"
#include "reset.h"

#define MIB         0x100000u
#define PAGE        4096u
#define ENTRY_MAX   256
#define LOW_END     0xfec00000u /* from there on are the I/O APIC and others that cannot lie elsewhere */
#define CMOS_INDEX  0x70
#define CMOS_DATA   0x71
#define CMOS_LOW    0x30 /* KiB above 1 MiB, two bytes */
#define CMOS_MIDDLE 0x34 /* 64 KiB above 16 MiB, two bytes */
#define CMOS_HIGH   0x5b /* 64 KiB above 4 GiB, three bytes */

static uint64_t cmos(uint8_t index, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes; i++) {
        port_out8(CMOS_INDEX, (uint8_t)(index + i));
        value |= (uint64_t)port_in8(CMOS_DATA) << (8 * i);
    }
    return value;
}

static void count_by_cmos(struct fw_board *board)
{
    uint64_t low = cmos(CMOS_MIDDLE, 2) << 16, high = cmos(CMOS_HIGH, 3) << 16;

    low = low ? 16 * MIB + low : MIB + (cmos(CMOS_LOW, 2) << 10);
    arrive_range(board->arrival, "CMOS", 0, low, ZP_E820_RAM);
    arrive_range(board->arrival, "CMOS", ZP_GIB4, high, ZP_E820_RAM);
    board->low_end = low;
    board->high_end = ZP_GIB4 + high;
}

static void count_by_e820(struct fw_board *board, const struct fw_cfg_file *file)
{
    static FW_KEPT struct zp_boot_e820_entry entries[ENTRY_MAX];

    if (file->size > sizeof(entries) || file->size % sizeof(entries[0]))
        stub_refuse("etc/e820: %d bytes", (uint64_t)file->size);
    fw_cfg_read(file->item, 0, entries, file->size);
    for (size_t i = 0; i < file->size / sizeof(entries[0]); i++) {
        uint64_t start = entries[i].addr, size = entries[i].size;

        arrive_range(board->arrival, "etc/e820", start, size, entries[i].type);
        if (entries[i].type != ZP_E820_RAM)
            continue;
        if (start <= MIB && start + size > MIB && start + size <= ZP_GIB4)
            board->low_end = start + size;
        if (start >= ZP_GIB4 && start + size > board->high_end)
            board->high_end = start + size;
    }
}

void *fw_board_take(struct fw_board *board, uint64_t size, uint64_t align, uint32_t e820_type)
{
    uint64_t start;

    align = align < PAGE ? PAGE : align; /* whole pages are told */
    if (size > board->tables || (start = zp_align_down(board->tables - size, align)) < 16 * MIB)
        return NULL;
    stub_range_add(board->arrival, start, board->tables - start, e820_type);
    board->tables = start;
    return (void *)(uintptr_t)stub_see(start, size);
}

void *fw_board_take_low(struct fw_board *board, uint64_t size, uint64_t align)
{
    uint64_t start, end = board->shadow > FW_EBDA_END ? FW_SHADOW_END - 16 : FW_EBDA_END;

    if (!zp_align_up(board->shadow, align, &start) || start > end || size > end - start)
        return NULL;
    board->shadow = start + size;
    return (void *)(uintptr_t)start;
}

/* Words of the BIOS data area that a kernel may read before it asks anyone. */
static void tell_bda(void)
{
    uint16_t segment = FW_EBDA >> 4, kib = FW_EBDA >> 10;
    char *bda = (char *)ZP_BDA_BASE;

    __asm__("" : "+r"(bda)); /* an address that no C object has */
    memset(bda, 0, ZP_BDA_END - ZP_BDA_BASE);
    memcpy(bda + (ZP_BDA_EBDA_SEGMENT - ZP_BDA_BASE), &segment, sizeof(segment));
    memcpy(bda + (ZP_BDA_BASE_MEMORY - ZP_BDA_BASE), &kib, sizeof(kib));
}

void fw_arrive(struct arrival *arrival, const struct fw_start *start)
{
    static FW_KEPT struct fw_board board;
    struct fw_cfg_file e820;

    (void)start;
    board.arrival = arrival;
    board.low_end = 0;
    board.high_end = ZP_GIB4;
    board.shadow = FW_EBDA + 16; /* its first byte tells how large it is */
    board.cpus = 1;
    if (fw_cfg_begin())
        board.cpus = fw_cfg_number(FW_CFG_CPUS) & 0xffff;
    if (fw_cfg_find("etc/e820\0\0\0", &e820))
        count_by_e820(&board, &e820);
    else
        count_by_cmos(&board);
    if (board.low_end < 2 * MIB || board.low_end > LOW_END)
        stub_refuse("RAM from 1 MiB to 0x%x", board.low_end);
    board.tables = board.low_end;
    stub_range_add(arrival, FW_EBDA, FW_SHADOW_END - FW_EBDA, ZP_E820_RESERVED);
    tell_bda();
    fw_chipset(&board);
    fw_acpi(&board);
    fw_smbios(&board);
}
