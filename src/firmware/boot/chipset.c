/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the chipsets of QEMU's pc and q35 want set before anything else works: shadow RAM where BIOS tables
 * are sought, the power management registers at the address that QEMU then writes into its FADT, PCI's
 * interrupts on lines 10 and 11, level-triggered, and on q35 configuration space in memory. A microvm has
 * none of it. No SMI is enabled: QEMU itself answers the ACPI_ENABLE that its tables tell of.
 * Intel 290549 (82441FX), 290550 (82371SB), 290562 (82371AB), 307013 (ICH7 to 9), 316610 (3 series MCH).
 */
#include <zeropage/wire/e820.h>

#include "../../core/checked.h"
#include "buses.h"
#include "config.h"
#include "fw_cfg.h"
#include "reset.h"

#define HOST     CONFIG_FUNCTION(0, 0, 0)
#define ID_440FX 0x12378086u
#define ID_Q35   0x29c08086u

#define PAM0_440FX  0x59
#define PAM0_Q35    0x90
#define PAM_WRITE   0x20 /* bits of the upper half: 0xf0000 to 1 MiB */
#define PAM_READ    0x10
#define PCIEXBAR    0x60
#define PCIEXBAR_ON 0x01
#define ECAM_SIZE   0x10000000u /* 256 buses */

#define PIIX3      CONFIG_FUNCTION(0, 1, 0)
#define PIIX4_PM   CONFIG_FUNCTION(0, 1, 3)
#define ID_PIIX3   0x70008086u
#define ID_PIIX4   0x71138086u
#define PIRQ_A     0x60 /* to D in the next three */
#define PIRQ_E     0x68
#define PIIX4_BASE 0x40
#define PIIX4_MISC 0x80 /* 1: the registers at the base are on */
#define PIIX4_SMB  0x90
#define PIIX4_SMBC 0xd2

#define LPC       CONFIG_FUNCTION(0, 31, 0)
#define SMBUS     CONFIG_FUNCTION(0, 31, 3)
#define ID_ICH9   0x29188086u
#define LPC_BASE  0x40
#define LPC_ACPI  0x44
#define LPC_RCBA  0xf0
#define RCBA      0xfed1c000u
#define RCBA_SIZE 0x4000u
#define SMB_BASE  0x20
#define SMB_HOSTC 0x40

#define PM_PORT  0x600u
#define SMB_PORT 0x700u
#define IO_SPACE 1u
#define LINE     0x3c
#define IRQ_ACPI 9

#define PIRQS    0x0b0b0a0au /* A, B: 10, C, D: 11 */
#define ELCR     0x4d0
#define ELCR_PCI ((1u << 10 | 1u << 11) >> 8)

#define WINDOW     0xc0000000u
#define WINDOW_END 0xfec00000u /* the I/O APIC */
#define MIB256     0x10000000u
#define ROMS       0xfffc0000u

/* RAM in place of the ROM, with what the ROM has of us there. From then on tables may lie behind that. */
static void shadow(struct fw_board *board, uint32_t pam)
{
    uintptr_t end = ((uintptr_t)fw_text_end + 15) & ~(uintptr_t)15;

    if (end < FW_SHADOW)
        end = FW_SHADOW;
    config_at(HOST, pam);
    fw_shadow(CONFIG_DATA + (pam & 3), PAM_READ | PAM_WRITE, end - FW_SHADOW);
    board->shadow = end;
}

static void set_piix(void)
{
    if (config_read32(PIIX3, 0) == ID_PIIX3)
        config_write32(PIIX3, PIRQ_A, PIRQS);
    if (config_read32(PIIX4_PM, 0) != ID_PIIX4)
        return;
    config_write32(PIIX4_PM, PIIX4_BASE, PM_PORT | IO_SPACE);
    config_write8(PIIX4_PM, PIIX4_MISC, 1);
    config_write32(PIIX4_PM, PIIX4_SMB, SMB_PORT | IO_SPACE);
    config_write8(PIIX4_PM, PIIX4_SMBC, 0x09);
    config_write8(PIIX4_PM, LINE, IRQ_ACPI);
}

static void set_ich9(struct arrival *arrival)
{
    if (config_read32(LPC, 0) != ID_ICH9)
        return;
    config_write32(LPC, LPC_BASE, PM_PORT | IO_SPACE);
    config_write8(LPC, LPC_ACPI, 0x80);
    config_write32(LPC, PIRQ_A, PIRQS);
    config_write32(LPC, PIRQ_E, PIRQS);
    config_write32(LPC, LPC_RCBA, RCBA | 1);
    stub_range_add(arrival, RCBA, RCBA_SIZE, ZP_E820_RESERVED);
    config_write32(SMBUS, SMB_BASE, SMB_PORT | IO_SPACE);
    config_write8(SMBUS, SMB_HOSTC, 1);
    config_write16(SMBUS, 4, IO_SPACE);
}

static uint64_t above(uint64_t low_end, uint64_t least)
{
    return low_end > least ? (low_end + MIB256 - 1) & ~(uint64_t)(MIB256 - 1) : least;
}

/* Above RAM, and above what QEMU keeps for memory that is plugged in later; as far as this CPU reaches. */
static uint64_t above_ram(const struct fw_windows *windows, uint64_t *ret_end)
{
    const struct fw_board *board = windows->context;
    const uint64_t gib = UINT64_C(1) << 30;
    uint64_t start = board->high_end, reserved = 0;
    struct fw_cfg_file file;

    if (fw_cfg_find("etc/reserved-memory-end", &file) && file.size == sizeof(reserved))
        fw_cfg_read(file.item, 0, &reserved, sizeof(reserved));
    start = reserved > start && reserved < UINT64_C(1) << 46 ? reserved : start;
    *ret_end = stub_address_mask() + 1;
    return (start + gib - 1) & ~(gib - 1);
}

static void set_pci(struct fw_board *board, uint64_t window, enum fw_lines lines)
{
    static const struct fw_pci ports = {.last_bus = UINT8_MAX};
    struct fw_windows windows = {.pci = &ports, .start = window, .end = WINDOW_END, .ports = true};
    struct fw_cfg_file roots;

    windows.high = above_ram;
    windows.context = board;
    windows.lines = lines;
    windows.roots = fw_cfg_find("etc/extra-pci-roots", &roots);
    fw_pci_setup(&windows);
}

void fw_chipset(struct fw_board *board)
{
    uint32_t id = config_read32(HOST, 0);
    uint64_t window = above(board->low_end, WINDOW), ecam;

    stub_range_add(board->arrival, ROMS, ZP_GIB4 - ROMS, ZP_E820_RESERVED);
    /* First of all: the ROM is seen where it is copied from until somebody looks at other memory. */
    if (id == ID_440FX || id == ID_Q35)
        shadow(board, id == ID_Q35 ? PAM0_Q35 : PAM0_440FX);
    fw_mtrr(board, above(board->low_end, ZP_GIB4 / 2));
    if (id != ID_440FX && id != ID_Q35)
        return;
    port_out16(ELCR, ELCR_PCI << 8);
    if (id == ID_440FX) {
        set_piix();
        set_pci(board, window, FW_LINES_PIIX);
        return;
    }
    ecam = above(board->low_end, WINDOW - ECAM_SIZE);
    config_write32(HOST, PCIEXBAR + 4, 0);
    config_write32(HOST, PCIEXBAR, (uint32_t)ecam | PCIEXBAR_ON);
    stub_range_add(board->arrival, ecam, ECAM_SIZE, ZP_E820_RESERVED);
    set_ich9(board->arrival);
    set_pci(board, ecam + ECAM_SIZE, FW_LINES_ICH9);
}
