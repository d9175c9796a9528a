/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI as a kernel expects to find it: buses numbered depth first, each BAR with an address of its own, bridge
 * windows around those of the buses behind them, with some room for devices that come later, decoding on,
 * interrupt lines told. Roots beside bus 0 have numbers of their own, and bridges leave these alone. Receives
 * the window below 4 GiB; of what has 64-bit registers the largest goes above RAM until the rest fits there.
 * Devices may say anything of themselves: counts are bounded, and what finds no place is left out and off,
 * with a line. PCI Local Bus 3.0, 6.2.5.1; PCI-to-PCI Bridge 1.2, 3.2.5 and 9.1.
 */
#include "../../core/checked.h"
#include "buses.h"

#define BAR_MAX   512
#define BUS_COUNT 256u
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
#define LOW_MAX  (UINT64_C(1) << 31) /* a BAR of more has no place below 4 GiB */
#define SIZE_END (UINT64_C(1) << 48) /* sums of less do not wrap */
#define SPARE    (2 * MIB)           /* of each window, for hot plug */
#define IO_GRAIN 0x1000u

enum kind {
    IO,
    MEMORY,
    PREFETCH,
    HIGH, /* on a root bus, above 4 GiB */
    NOWHERE,
    NOWHERE_IO
};

struct bar {
    uint16_t function;
    uint8_t offset; /* in its configuration space; of a window, of its base */
    uint8_t kind;
    uint8_t bus;   /* on which it lies; all roots count as 0, for they share their windows */
    uint8_t child; /* of a window: the bus behind; else 0 */
    bool wide, placed;
    uint64_t size, align, address;
};

static FW_KEPT struct {
    const struct fw_windows *windows;
    struct bar bars[BAR_MAX];
    size_t bar_count;
    struct {
        uint16_t bridge;
        uint8_t parent; /* 0: a root */
        bool wide;      /* its window for what can be prefetched has 64 bits */
    } buses[BUS_COUNT]; /* by number */
    uint8_t children[BUS_COUNT], roots[BUS_COUNT];
    unsigned child_count, root_count;
    unsigned root, last,
        end; /* of the root that is scanned; the last number given, and that of the next root */
    bool full;
} pci;

static uint32_t read32(uint16_t function, uint32_t offset)
{
    return fw_pci_read32(pci.windows->pci, function, offset);
}

static uint16_t read16(uint16_t function, uint32_t offset)
{
    return fw_pci_read16(pci.windows->pci, function, offset);
}

static uint8_t read8(uint16_t function, uint32_t offset)
{
    return fw_pci_read8(pci.windows->pci, function, offset);
}

static void write32(uint16_t function, uint32_t offset, uint32_t value)
{
    fw_pci_write32(pci.windows->pci, function, offset, value);
}

static void write16(uint16_t function, uint32_t offset, uint16_t value)
{
    fw_pci_write16(pci.windows->pci, function, offset, value);
}

static void write8(uint16_t function, uint32_t offset, uint8_t value)
{
    fw_pci_write8(pci.windows->pci, function, offset, value);
}

static uint16_t decoding(const struct bar *bar)
{
    return bar->kind == IO || bar->kind == NOWHERE_IO ? COMMAND_IO : COMMAND_MEMORY;
}

static void put_nowhere(struct bar *bar)
{
    bar->kind = decoding(bar) == COMMAND_IO ? NOWHERE_IO : NOWHERE;
}

static void leave_out(struct bar *bar)
{
    fw_note("PCI %x:%x.%d: no room for 0x%x bytes: left to the kernel", (uint64_t)bar->function >> 8,
            (uint64_t)bar->function >> 3 & 31, (uint64_t)bar->function & 7, bar->size);
    put_nowhere(bar);
}

/* The others of its device, then, must not decode either: it would with them, at 0. */
static void add(const struct bar *bar)
{
    if (pci.bar_count < BAR_MAX) {
        pci.bars[pci.bar_count++] = *bar;
        return;
    }
    if (!pci.full)
        fw_note("PCI: more than %d BARs and windows: the others are left out", (uint64_t)BAR_MAX);
    pci.full = true;
    for (size_t i = 0; i < BAR_MAX; i++)
        if (pci.bars[i].function == bar->function && decoding(&pci.bars[i]) == decoding(bar) && !bar->child)
            put_nowhere(&pci.bars[i]);
}

/*
 * Or a window. What lies behind a bridge and can be prefetched has a window of its own, of 64 bits where the
 * bridge has them: then it is for those alone that can go there. What no window could hold is left out at
 * once, for its bridge would be, too.
 */
static void add_bar(struct bar *bar)
{
    if (bar->kind == IO && !pci.windows->ports)
        return;
    if (bar->bus && !(bar->kind == PREFETCH && bar->wide && pci.buses[bar->bus].wide)) {
        if (bar->kind == PREFETCH && pci.buses[bar->bus].wide)
            bar->kind = MEMORY;
        if (bar->size >= LOW_MAX)
            leave_out(bar);
    }
    add(bar);
}

/* One BAR; how many dwords it takes. The last has no other half, whatever it says. */
static unsigned measure(uint16_t function, unsigned offset, unsigned end)
{
    struct bar bar = {.function = function, .offset = (uint8_t)offset};
    uint32_t low, high = UINT32_MAX;

    bar.bus = function >> 8 == pci.root ? 0 : (uint8_t)(function >> 8);

    write32(function, offset, UINT32_MAX);
    low = read32(function, offset);
    if (low == 0)
        return 1;
    if (low & 1) {
        bar.kind = IO;
        bar.size = -(low & ~3u) & 0xffff;
    } else {
        bar.wide = (low & 6) == 4 && offset + 4 < end;
        bar.kind = low & 8 ? PREFETCH : MEMORY;
        if (bar.wide) {
            write32(function, offset + 4, UINT32_MAX);
            high = read32(function, offset + 4);
        }
        bar.size = -((uint64_t)high << 32 | (low & ~15u));
    }
    write32(function, offset, 0);
    if (bar.wide)
        write32(function, offset + 4, 0);
    bar.align = bar.size;
    if (!zp_is_power_of_two(bar.size))
        return bar.wide ? 2 : 1;
    if (bar.size < SIZE_END) {
        add_bar(&bar);
    } else {
        leave_out(&bar);
        add(&bar);
    }
    return bar.wide ? 2 : 1;
}

/*
 * Pins go round with the device number, on a root and behind each bridge; ICH9 has its own devices on pins
 * as they are. Where lines meet is PIRQS in chipset.c.
 */
static void tell_line(uint16_t function)
{
    unsigned pin = read8(function, PIN), device = function >> 3 & 31, bus = function >> 8;

    if (pin < 1 || pin > 4)
        return;
    pin--;
    for (; bus && bus != pci.root; bus = pci.buses[bus].parent) {
        pin = (pin + device) & 3;
        device = pci.buses[bus].bridge >> 3 & 31;
    }
    if (pci.windows->lines == FW_LINES_PIIX || bus)
        pin = (pin + device - 1) & 3;
    else if (device < 25)
        pin = (pin + device) & 3;
    write8(function, LINE, pin < 2 ? 10 : 11);
}

static void scan(unsigned bus, unsigned depth);

static void scan_bridge(uint16_t function, unsigned depth)
{
    unsigned bus = function >> 8, child;

    if (pci.last + 1 == pci.end || depth == DEPTH_MAX) {
        fw_note("PCI %x:%x.%d: a bridge too many, or too deep", (uint64_t)bus, (uint64_t)function >> 3 & 31,
                (uint64_t)function & 7);
        return;
    }
    child = ++pci.last;
    pci.children[pci.child_count++] = (uint8_t)child;
    pci.buses[child].bridge = function;
    pci.buses[child].parent = bus == pci.root ? 0 : (uint8_t)bus;
    pci.buses[child].wide = (read8(function, PREFETCH_BASE) & 15) == 1;
    write32(function, BUSES, bus | child << 8 | (pci.end - 1) << 16);
    scan(child, depth + 1);
    write8(function, BUSES + 2, (uint8_t)pci.last);
}

static void scan_function(uint16_t function, unsigned type, unsigned depth)
{
    unsigned end = type == 1 ? BAR_0 + 8 : BAR_0 + 24;

    for (unsigned offset = BAR_0; type <= 1 && offset < end;)
        offset += 4 * measure(function, offset, end);
    if (pci.windows->lines) {
        if (read16(function, CLASS) == CLASS_IDE && read16(function, 0) == 0x8086)
            write32(function, PIIX_TIMING, 0x80008000);
        tell_line(function);
    }
    if (type == 1)
        scan_bridge(function, depth);
}

static void scan(unsigned bus, unsigned depth)
{
    for (unsigned device = 0; device < 32; device++) {
        uint16_t first = FW_PCI_AT(bus, device, 0);
        unsigned functions = 1;

        for (unsigned i = 0; i < functions; i++) {
            const uint16_t function = (uint16_t)(first + i);
            uint16_t vendor = read16(function, 0);
            uint8_t header;

            if (vendor == 0xffff || vendor == 0)
                continue; /* function 0 is there when any is */
            header = read8(function, HEADER);
            if (i == 0 && header & MULTIFUNCTION)
                functions = 8;
            scan_function(function, header & 0x7f, depth);
        }
    }
}

/* While no bridge has a number, who answers on another bus than 0 has a root there. */
static void find_roots(void)
{
    for (unsigned bus = 1; bus < BUS_COUNT; bus++)
        for (unsigned device = 0; device < 32; device++) {
            uint16_t vendor = read16(FW_PCI_AT(bus, device, 0), 0);

            if (vendor == 0xffff || vendor == 0)
                continue;
            pci.roots[pci.root_count++] = (uint8_t)bus;
            break;
        }
}

static void scan_all(void)
{
    pci.roots[0] = 0;
    pci.root_count = 1;
    if (pci.windows->roots)
        find_roots();
    for (unsigned i = 0; i < pci.root_count; i++) {
        pci.root = pci.last = pci.roots[i];
        pci.end = i + 1 < pci.root_count ? pci.roots[i + 1] : BUS_COUNT;
        scan(pci.root, 0);
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
    struct bar window = {.offset = offset, .child = (uint8_t)child, .align = grain};

    window.function = pci.buses[child].bridge;
    window.bus = pci.buses[child].parent;
    window.kind = (uint8_t)kind;
    window.wide = kind == PREFETCH && pci.buses[child].wide; /* then all that is in it is */
    for (size_t i = 0; i < pci.bar_count; i++) {
        const struct bar *bar = &pci.bars[i];

        if (bar->bus != child || bar->kind != kind)
            continue;
        window.align = bar->align > window.align ? bar->align : window.align;
    }
    window.size = lay_out(child, kind, 0);
    take_back(child, kind);
    window.size = window.size < spare ? spare : (window.size + grain - 1) & ~(grain - 1);
    if (window.size)
        add_bar(&window);
}

/* Buses behind are numbered after those before them. */
static void add_windows(void)
{
    for (unsigned i = pci.child_count; i--;) {
        unsigned child = pci.children[i];

        add_window(child, IO, IO_BASE, IO_GRAIN, 0);
        add_window(child, MEMORY, MEMORY_BASE, MIB, SPARE);
        add_window(child, PREFETCH, PREFETCH_BASE, MIB, SPARE);
    }
}

/* A window that is closed has its base above its limit. */
static void close_windows(void)
{
    for (unsigned i = 0; i < pci.child_count; i++) {
        uint16_t bridge = pci.buses[pci.children[i]].bridge;

        write16(bridge, IO_BASE, 0x00f0);
        write32(bridge, MEMORY_BASE, 0x0000fff0);
        write32(bridge, PREFETCH_BASE, 0x0000fff0);
        write32(bridge, PREFETCH_HIGH, UINT32_MAX);
        write32(bridge, LIMIT_HIGH, 0);
    }
}

static void write_window(const struct bar *bar)
{
    uint64_t first = bar->address, last = bar->address + bar->size - 1;

    if (bar->kind == IO) {
        write16(bar->function, IO_BASE, (uint16_t)((first >> 8 & 0xf0) | (last & 0xf000)));
        write32(bar->function, IO_HIGH, 0);
        return;
    }
    write32(bar->function, bar->offset, (uint32_t)((first >> 16 & 0xfff0) | (last & 0xfff00000)));
    if (bar->offset != PREFETCH_BASE)
        return;
    write32(bar->function, PREFETCH_HIGH, (uint32_t)(first >> 32));
    write32(bar->function, LIMIT_HIGH, (uint32_t)(last >> 32));
}

/* And has its device decode. */
static void write_bar(const struct bar *bar)
{
    uint16_t command = read16(bar->function, COMMAND) | decoding(bar);

    if (bar->child) {
        write_window(bar);
        command |= COMMAND_MASTER;
    } else {
        write32(bar->function, bar->offset, (uint32_t)bar->address);
        if (bar->wide)
            write32(bar->function, bar->offset + 4, (uint32_t)(bar->address >> 32));
    }
    write16(bar->function, COMMAND, command);
}

/* A BAR without an address would lie over RAM, at 0: its whole device is off, whatever else it has. */
static void stop_decoding(const struct bar *bar)
{
    write16(bar->function, COMMAND, read16(bar->function, COMMAND) & ~decoding(bar));
}

/* In the order of buses: a window's place is known before that of what lies in it. */
static void write_all(void)
{
    for (unsigned child = 0; child < pci.child_count; child++)
        for (size_t i = 0; i < pci.bar_count; i++)
            if (pci.bars[i].child == pci.children[child] && pci.bars[i].placed)
                lay_out(pci.children[child],
                        pci.bars[i].offset == PREFETCH_BASE ? PREFETCH : pci.bars[i].kind,
                        pci.bars[i].address);
    for (size_t i = 0; i < pci.bar_count; i++)
        if (pci.bars[i].placed)
            write_bar(&pci.bars[i]);
    for (size_t i = 0; i < pci.bar_count; i++)
        if (!pci.bars[i].placed && !pci.bars[i].child)
            stop_decoding(&pci.bars[i]);
}

/* As lay_out, on the roots and below end: what does not fit is tried as another kind, or left out. */
static uint64_t fit(unsigned kind, uint64_t base, uint64_t end, unsigned otherwise)
{
    struct bar *bar;

    while ((bar = next_bar(0, kind))) {
        uint64_t start = (base + bar->align - 1) & ~(bar->align - 1);

        if (start >= end || bar->size > end - start) {
            if (otherwise == NOWHERE)
                leave_out(bar);
            else
                bar->kind = (uint8_t)otherwise;
            continue;
        }
        bar->address = start;
        bar->placed = true;
        base = start + bar->size;
    }
    return base;
}

static void place_io(void)
{
    if (lay_out(0, IO, IO_START) <= IO_END)
        return;
    take_back(0, IO);
    fit(IO, IO_START_MORE, IO_END_MORE, NOWHERE);
}

static bool fits_low(void)
{
    const struct fw_windows *windows = pci.windows;

    if (lay_out(0, MEMORY, lay_out(0, PREFETCH, windows->start)) <= windows->end)
        return true;
    take_back(0, PREFETCH);
    take_back(0, MEMORY);
    return false;
}

/* The largest that can be and is not yet above 4 GiB. */
static struct bar *next_wide(void)
{
    struct bar *largest = NULL;

    for (size_t i = 0; i < pci.bar_count; i++) {
        struct bar *bar = &pci.bars[i];

        if (bar->bus == 0 && bar->wide && bar->kind < HIGH && (!largest || bar->size > largest->size))
            largest = bar;
    }
    return largest;
}

static void place_memory(void)
{
    uint64_t start, end;
    struct bar *bar;

    if (fits_low())
        return;
    do {
        bar = next_wide();
        if (bar)
            bar->kind = HIGH;
    } while (bar && !fits_low());
    start = pci.windows->high(pci.windows, &end);
    take_back(0, PREFETCH);
    take_back(0, MEMORY);
    fit(HIGH, start, end, PREFETCH);
    fit(MEMORY, fit(PREFETCH, pci.windows->start, pci.windows->end, NOWHERE), pci.windows->end, NOWHERE);
}

void fw_pci_setup(const struct fw_windows *windows)
{
    pci.windows = windows;
    pci.bar_count = 0;
    pci.child_count = 0;
    pci.full = false;
    scan_all();
    add_windows();
    close_windows();
    place_io();
    place_memory();
    write_all();
}
