/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI as a kernel expects to find it: buses numbered depth first, each BAR with an address of its own, bridge
 * windows around those of the buses behind them, with some room for devices that come later, decoding on,
 * interrupt lines told. Receives the chipset's window below 4 GiB; what does not fit there and has 64-bit
 * registers goes above RAM. Devices may say anything of themselves: counts are bounded, and what finds no
 * place is left out and off, with a line. PCI Local Bus 3.0, 6.2.5.1; PCI-to-PCI Bridge 1.2, 3.2.5 and 9.1.
 */
#include "../../core/checked.h"
#include "config.h"
#include "fw_cfg.h"
#include "reset.h"

#define BAR_MAX   512
#define BUS_MAX   64
#define DEPTH_MAX 8

#define COMMAND        0x04
#define COMMAND_IO     1u
#define COMMAND_MEMORY 2u
#define COMMAND_MASTER 4u
#define CLASS          0x0a /* sub-class and class */
#define CLASS_IDE      0x0101
#define HEADER         0x0e
#define MULTIFUNCTION  0x80
#define BAR_0          0x10
#define BUSES          0x18 /* primary, secondary, subordinate */
#define IO_BASE        0x1c
#define MEMORY_BASE    0x20
#define PREFETCH_BASE  0x24
#define PREFETCH_HIGH  0x28
#define LIMIT_HIGH     0x2c
#define IO_HIGH        0x30
#define LINE           0x3c
#define PIN            0x3d
#define PIIX_TIMING    0x40 /* of both channels: bit 15 has them decode */

#define IO_START      0xc000u
#define IO_START_MORE 0x1000u
#define IO_END        0x10000u
#define IO_END_MORE   0xa000u /* above are hot-plug registers */

#define MIB      0x100000u
#define SPARE    (2 * MIB) /* of each window, for hot plug */
#define IO_GRAIN 0x1000u

enum kind {
    IO,
    MEMORY,
    PREFETCH,
    HIGH, /* on the root bus, above 4 GiB */
    KINDS
};

struct bar {
    config_function function;
    uint8_t offset; /* in its configuration space; of a window, of its base */
    uint8_t kind;
    uint8_t bus;   /* on which it lies */
    uint8_t child; /* of a window: the bus behind; else 0 */
    bool wide, placed;
    uint64_t size, align, address;
};

static FW_KEPT struct {
    struct bar bars[BAR_MAX];
    size_t bar_count;
    struct {
        config_function bridge;
        uint8_t parent;
    } buses[BUS_MAX]; /* by number, from 1 */
    unsigned last;
    bool ich9, full;
} pci;

static void add(const struct bar *bar)
{
    if (pci.bar_count < BAR_MAX) {
        pci.bars[pci.bar_count++] = *bar;
        return;
    }
    if (!pci.full)
        fw_note("PCI: more than %d BARs and windows: the others are left out", (uint64_t)BAR_MAX);
    pci.full = true;
}

/* One BAR; how many dwords it takes. */
static unsigned measure(config_function function, unsigned offset)
{
    struct bar bar = {.function = function, .offset = (uint8_t)offset, .bus = (uint8_t)(function >> 8)};
    uint32_t low, high = UINT32_MAX;

    config_write32(function, offset, UINT32_MAX);
    low = config_read32(function, offset);
    if (low == 0)
        return 1;
    if (low & 1) {
        bar.kind = IO;
        bar.size = -(low & ~3u) & 0xffff;
    } else {
        bar.wide = (low & 6) == 4;
        bar.kind = low & 8 ? PREFETCH : MEMORY;
        if (bar.wide) {
            config_write32(function, offset + 4, UINT32_MAX);
            high = config_read32(function, offset + 4);
        }
        bar.size = -((uint64_t)high << 32 | (low & ~15u));
    }
    config_write32(function, offset, 0);
    if (bar.wide)
        config_write32(function, offset + 4, 0);
    bar.align = bar.size;
    if (zp_is_power_of_two(bar.size) && bar.size < UINT64_C(1) << 48)
        add(&bar);
    return bar.wide ? 2 : 1;
}

/*
 * Pins go round with the device number, on the root and behind each bridge; ICH9 has its own devices on
 * pins as they are. Where lines meet is PIRQS in chipset.c.
 */
static void tell_line(config_function function)
{
    unsigned pin = config_read8(function, PIN), device = function >> 3 & 31, bus = function >> 8;

    if (pin < 1 || pin > 4)
        return;
    pin--;
    for (; bus; bus = pci.buses[bus].parent) {
        pin = (pin + device) & 3;
        device = pci.buses[bus].bridge >> 3 & 31;
    }
    if (!pci.ich9)
        pin = (pin + device - 1) & 3;
    else if (device < 25)
        pin = (pin + device) & 3;
    config_write8(function, LINE, pin < 2 ? 10 : 11);
}

static void scan(unsigned bus, unsigned depth);

static void scan_bridge(config_function function, unsigned depth)
{
    unsigned bus = function >> 8, child;

    if (pci.last + 1 == BUS_MAX || depth == DEPTH_MAX) {
        fw_note("PCI: bridge %x: too many, or too deep", (uint64_t)function);
        return;
    }
    child = ++pci.last;
    pci.buses[child].bridge = function;
    pci.buses[child].parent = (uint8_t)bus;
    config_write32(function, BUSES, bus | child << 8 | 0xff0000);
    scan(child, depth + 1);
    config_write8(function, BUSES + 2, (uint8_t)pci.last);
}

static void scan_function(config_function function, unsigned type, unsigned depth)
{
    unsigned end = type == 1 ? BAR_0 + 8 : BAR_0 + 24;

    for (unsigned offset = BAR_0; type <= 1 && offset < end;)
        offset += 4 * measure(function, offset);
    if (config_read16(function, CLASS) == CLASS_IDE && config_read16(function, 0) == 0x8086)
        config_write32(function, PIIX_TIMING, 0x80008000);
    tell_line(function);
    if (type == 1)
        scan_bridge(function, depth);
}

static void scan(unsigned bus, unsigned depth)
{
    for (unsigned device = 0; device < 32; device++) {
        config_function first = CONFIG_FUNCTION(bus, device, 0);
        unsigned functions = 1;

        for (unsigned i = 0; i < functions; i++) {
            uint16_t vendor = config_read16(first + i, 0);
            uint8_t header;

            if (vendor == 0xffff || vendor == 0)
                continue; /* function 0 is there when any is */
            header = config_read8(first + i, HEADER);
            if (i == 0 && header & MULTIFUNCTION)
                functions = 8;
            scan_function(first + i, header & 0x7f, depth);
        }
    }
}

/* The largest that has no place yet. */
static struct bar *next_bar(unsigned bus, unsigned kind)
{
    struct bar *largest = NULL;

    for (size_t i = 0; i < pci.bar_count; i++) {
        struct bar *bar = &pci.bars[i];

        if (bar->bus == bus && bar->kind == kind && !bar->placed && (!largest || bar->align > largest->align))
            largest = bar;
    }
    return largest;
}

/*
 * Gives each BAR of a bus and kind a place from base on, the largest first, so that none needs a gap. Returns
 * the end.
 */
static uint64_t lay_out(unsigned bus, unsigned kind, uint64_t base)
{
    struct bar *bar;

    while ((bar = next_bar(bus, kind))) {
        base = (base + bar->align - 1) & ~(bar->align - 1);
        bar->address = base;
        bar->placed = true;
        base += bar->size;
    }
    return base;
}

static void take_back(unsigned bus, unsigned kind)
{
    for (size_t i = 0; i < pci.bar_count; i++)
        if (pci.bars[i].bus == bus && pci.bars[i].kind == kind)
            pci.bars[i].placed = false;
}

/* The window of one kind of the bridge to a bus, as a BAR of the bus before it. */
static void add_window(unsigned child, unsigned kind, uint8_t offset, uint64_t grain, uint64_t spare)
{
    struct bar window = {.offset = offset, .child = (uint8_t)child, .align = grain, .wide = true};

    window.function = pci.buses[child].bridge;
    window.bus = pci.buses[child].parent;
    window.kind = (uint8_t)kind;
    for (size_t i = 0; i < pci.bar_count; i++) {
        const struct bar *bar = &pci.bars[i];

        if (bar->bus != child || bar->kind != kind)
            continue;
        window.wide = window.wide && bar->wide;
        window.align = bar->align > window.align ? bar->align : window.align;
    }
    if (kind != PREFETCH || (config_read8(window.function, offset) & 15) != 1)
        window.wide = false;
    window.size = lay_out(child, kind, 0);
    take_back(child, kind);
    window.size = window.size < spare ? spare : (window.size + grain - 1) & ~(grain - 1);
    if (window.size)
        add(&window);
}

/* Buses behind are numbered after those before them. */
static void add_windows(void)
{
    for (unsigned child = pci.last; child; child--) {
        add_window(child, IO, IO_BASE, IO_GRAIN, 0);
        add_window(child, MEMORY, MEMORY_BASE, MIB, SPARE);
        add_window(child, PREFETCH, PREFETCH_BASE, MIB, SPARE);
    }
}

/* A window that is closed has its base above its limit. */
static void close_windows(void)
{
    for (unsigned child = pci.last; child; child--) {
        config_write16(pci.buses[child].bridge, IO_BASE, 0x00f0);
        config_write32(pci.buses[child].bridge, MEMORY_BASE, 0x0000fff0);
        config_write32(pci.buses[child].bridge, PREFETCH_BASE, 0x0000fff0);
        config_write32(pci.buses[child].bridge, PREFETCH_HIGH, UINT32_MAX);
        config_write32(pci.buses[child].bridge, LIMIT_HIGH, 0);
    }
}

static void write_window(const struct bar *bar)
{
    uint64_t first = bar->address, last = bar->address + bar->size - 1;

    if (bar->kind == IO) {
        config_write16(bar->function, IO_BASE, (uint16_t)((first >> 8 & 0xf0) | (last & 0xf000)));
        config_write32(bar->function, IO_HIGH, 0);
        return;
    }
    config_write32(bar->function, bar->offset, (uint32_t)((first >> 16 & 0xfff0) | (last & 0xfff00000)));
    if (bar->offset != PREFETCH_BASE)
        return;
    config_write32(bar->function, PREFETCH_HIGH, (uint32_t)(first >> 32));
    config_write32(bar->function, LIMIT_HIGH, (uint32_t)(last >> 32));
}

/* And has its device decode: one that has no address does not, for at 0 it would lie over RAM. */
static void write_bar(const struct bar *bar)
{
    uint16_t command = config_read16(bar->function, COMMAND);

    command |= bar->kind == IO ? COMMAND_IO : COMMAND_MEMORY;
    if (bar->child) {
        write_window(bar);
        command |= COMMAND_MASTER;
    } else {
        config_write32(bar->function, bar->offset, (uint32_t)bar->address);
        if (bar->wide)
            config_write32(bar->function, bar->offset + 4, (uint32_t)(bar->address >> 32));
    }
    config_write16(bar->function, COMMAND, command);
}

/* In the order of buses: a window's place is known before that of what lies in it. */
static void write_all(void)
{
    for (unsigned child = 1; child <= pci.last; child++)
        for (size_t i = 0; i < pci.bar_count; i++)
            if (pci.bars[i].child == child && pci.bars[i].placed)
                lay_out(child, pci.bars[i].offset == PREFETCH_BASE ? PREFETCH : pci.bars[i].kind,
                        pci.bars[i].address);
    for (size_t i = 0; i < pci.bar_count; i++)
        if (pci.bars[i].placed)
            write_bar(&pci.bars[i]);
}

/* Above RAM, and above what QEMU keeps for memory that is plugged in later. */
static uint64_t high_start(const struct fw_board *board)
{
    const uint64_t gib = UINT64_C(1) << 30;
    uint64_t start = board->high_end, reserved = 0;
    struct fw_cfg_file file;

    if (fw_cfg_find("etc/reserved-memory-end", &file) && file.size == sizeof(reserved))
        fw_cfg_read(file.item, 0, &reserved, sizeof(reserved));
    start = reserved > start && reserved < UINT64_C(1) << 46 ? reserved : start;
    return (start + gib - 1) & ~(gib - 1);
}

static void leave_out(unsigned kind)
{
    fw_note("PCI: no room for all of kind %d: left to the kernel", (uint64_t)kind);
    take_back(0, kind);
}

static void place_io(void)
{
    if (lay_out(0, IO, IO_START) <= IO_END)
        return;
    take_back(0, IO);
    if (lay_out(0, IO, IO_START_MORE) > IO_END_MORE)
        leave_out(IO);
}

static void place_memory(const struct fw_board *board, uint64_t window, uint64_t window_end)
{
    if (lay_out(0, MEMORY, lay_out(0, PREFETCH, window)) <= window_end)
        return;
    take_back(0, PREFETCH);
    take_back(0, MEMORY);
    for (size_t i = 0; i < pci.bar_count; i++)
        if (pci.bars[i].bus == 0 && pci.bars[i].wide)
            pci.bars[i].kind = HIGH;
    lay_out(0, HIGH, high_start(board));
    if (lay_out(0, MEMORY, lay_out(0, PREFETCH, window)) <= window_end)
        return;
    leave_out(PREFETCH);
    leave_out(MEMORY);
}

void fw_pci_setup(struct fw_board *board, uint64_t window, uint64_t window_end, bool ich9)
{
    pci.bar_count = 0;
    pci.last = 0;
    pci.ich9 = ich9;
    pci.full = false;
    scan(0, 0);
    add_windows();
    close_windows();
    place_io();
    place_memory(board, window, window_end);
    write_all();
}
