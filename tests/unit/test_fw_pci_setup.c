/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI set up on trees of functions, bridges and roots of the test's own: whatever they are, numbers are told
 * once, what decodes lies in a window and over nothing else, windows lie in those before them, what decodes
 * nothing was said. And where: which gap of the memory map is taken, and that what somebody has set up stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <zeropage/wire/e820.h>
#include <zeropage/wire/pci.h>

#include "../../src/firmware/boot/buses.h"
#include "../../src/firmware/io.h"

#define FUNCTION_MAX 400
#define MIB          UINT64_C(0x100000)
#define GIB          (1024 * MIB)
#define ECAM         UINT64_C(0xe0000000)

enum {
    BAR_32,
    BAR_64,
    BAR_PREFETCH_32,
    BAR_PREFETCH_64,
    BAR_IO
};

static struct {
    struct function {
        uint8_t slot;
        int parent; /* a bridge's place in the list; below 0: root -1 - parent */
        bool bridge;
        uint64_t sizes[6];
        uint8_t config[256], mask[256]; /* bits that can be written */
    } functions[FUNCTION_MAX];
    int count;
    uint8_t roots[8];
    uint32_t selected;
    bool by_ecam, untold;
    unsigned notes;
    char note[256];
    uint64_t address_mask;
    struct arrival arrival;
} with;

/* --- the tree --- */

static uint32_t get(const uint8_t *bytes, unsigned size)
{
    uint32_t value = 0;

    memcpy(&value, bytes, size);
    return value;
}

static struct function *add(int parent, uint8_t slot, bool bridge)
{
    struct function *function = &with.functions[with.count++];

    assert_true(with.count <= FUNCTION_MAX);
    memset(function, 0, sizeof(*function));
    function->parent = parent;
    function->slot = slot;
    function->bridge = bridge;
    function->config[0] = 0x34;
    function->config[1] = 0x12;
    function->config[ZP_PCI_HEADER_TYPE] = bridge;
    function->mask[ZP_PCI_COMMAND] = 7;
    function->mask[0x3c] = 0xff;
    function->config[0x3d] = 1;
    if (bridge) { /* with 64 bits for what can be prefetched; narrow() takes them away */
        memset(function->mask + 0x18, 0xff, 3);
        function->mask[0x1c] = function->mask[0x1d] = function->mask[0x20] = function->mask[0x22] = 0xf0;
        function->mask[0x21] = function->mask[0x23] = 0xff;
        function->mask[0x24] = function->mask[0x26] = 0xf0;
        function->config[0x24] = function->config[0x26] = 1;
        memset(function->mask + 0x25, 0xff, 1);
        memset(function->mask + 0x27, 0xff, 9);
    }
    return function;
}

static void narrow(struct function *bridge)
{
    bridge->config[0x24] = bridge->config[0x26] = 0;
    memset(bridge->mask + 0x28, 0, 8);
}

static void bar(struct function *function, unsigned number, int kind, uint64_t size)
{
    static const uint8_t types[] = {0, 4, 8, 12, 1};
    uint64_t mask = -size;
    unsigned bytes = kind == BAR_64 || kind == BAR_PREFETCH_64 ? 8 : 4;

    function->sizes[number] = size;
    memcpy(function->mask + 0x10 + 4 * number, &mask, bytes);
    function->config[0x10 + 4 * number] = types[kind];
}

static unsigned bus_of(const struct function *function)
{
    return function->parent < 0 ? with.roots[-1 - function->parent]
                                : with.functions[function->parent].config[ZP_PCI_SECONDARY_BUS];
}

static bool is_reached(const struct function *function)
{
    unsigned bus = bus_of(function);

    for (int up = function->parent; up >= 0; up = with.functions[up].parent) {
        const uint8_t *config = with.functions[up].config;

        if (config[0x19] == 0 || bus < config[0x19] || bus > config[0x1a])
            return false;
    }
    return true;
}

static struct function *at(uint32_t place)
{
    for (int i = 0; i < with.count; i++)
        if (with.functions[i].slot == (place & 0xff) && bus_of(&with.functions[i]) == place >> 8 &&
            is_reached(&with.functions[i]))
            return &with.functions[i];
    return NULL;
}

static uint32_t look(uint32_t place, uint32_t offset, unsigned size)
{
    struct function *function = at(place);

    return function ? get(function->config + offset, size) : UINT32_MAX >> (32 - 8 * size);
}

static void change(uint32_t place, uint32_t offset, unsigned size, uint32_t value)
{
    struct function *function = at(place);

    for (unsigned i = 0; function && i < size; i++, value >>= 8)
        function->config[offset + i] =
            (uint8_t)((function->config[offset + i] & ~function->mask[offset + i]) |
                      (value & function->mask[offset + i]));
}

/* --- what io.h and the firmware's others would be --- */

static uint32_t in(uint16_t port, unsigned size)
{
    if (port == ZP_PCI_PORT_ADDRESS)
        return with.by_ecam ? UINT32_MAX : with.selected;
    assert_true(port >= ZP_PCI_PORT_DATA && port + size <= ZP_PCI_PORT_DATA + 4u && !with.by_ecam);
    return look(with.selected >> 8 & 0xffff, (with.selected & 0xfc) + (port & 3), size);
}

static void out(uint16_t port, unsigned size, uint32_t value)
{
    if (port == ZP_PCI_PORT_ADDRESS) {
        with.selected = value;
        return;
    }
    assert_true(port >= ZP_PCI_PORT_DATA && port + size <= ZP_PCI_PORT_DATA + 4u && !with.by_ecam);
    change(with.selected >> 8 & 0xffff, (with.selected & 0xfc) + (port & 3), size, value);
}

static uint32_t place_of(uint64_t address)
{
    assert_true(with.by_ecam && address >= ECAM && address < ECAM + 256 * MIB);
    return (uint32_t)(address - ECAM) >> 12;
}

uint8_t fw_in8(uint16_t port)
{
    return (uint8_t)in(port, 1);
}
uint16_t fw_in16(uint16_t port)
{
    return (uint16_t)in(port, 2);
}
uint32_t fw_in32(uint16_t port)
{
    return in(port, 4);
}
void fw_out8(uint16_t port, uint8_t value)
{
    out(port, 1, value);
}
void fw_out16(uint16_t port, uint16_t value)
{
    out(port, 2, value);
}
void fw_out32(uint16_t port, uint32_t value)
{
    out(port, 4, value);
}
uint8_t fw_read8(uint64_t address)
{
    return (uint8_t)look(place_of(address), address & 0xfff, 1);
}
uint16_t fw_read16(uint64_t address)
{
    return (uint16_t)look(place_of(address), address & 0xfff, 2);
}
uint32_t fw_read32(uint64_t address)
{
    return look(place_of(address), address & 0xfff, 4);
}
void fw_write8(uint64_t address, uint8_t value)
{
    change(place_of(address), address & 0xfff, 1, value);
}
void fw_write16(uint64_t address, uint16_t value)
{
    change(place_of(address), address & 0xfff, 2, value);
}
void fw_write32(uint64_t address, uint32_t value)
{
    change(place_of(address), address & 0xfff, 4, value);
}

bool fw_reach(uint64_t address, uint64_t size)
{
    return address == ECAM && size == 256 * MIB;
}

uint64_t stub_address_mask(void)
{
    return with.address_mask;
}

uint64_t fw_acpi_ecam(uint64_t rsdp, uint8_t *ret_last_bus)
{
    (void)rsdp;
    *ret_last_bus = UINT8_MAX;
    return with.untold ? 0 : ECAM;
}

void fw_note(const char *format, ...)
{
    snprintf(with.note, sizeof(with.note), "%s", format);
    with.notes++;
}

/* --- what must hold --- */

struct range {
    uint64_t start, end;
};

static struct range bar_range(const struct function *function, unsigned number, bool *ret_io)
{
    const uint8_t *config = function->config + 0x10 + 4 * number;
    uint64_t low = get(config, 4), address = low & ~UINT64_C(0xf);

    *ret_io = low & 1;
    if (*ret_io)
        address = low & ~UINT64_C(3);
    else if ((low & 6) == 4)
        address |= (uint64_t)get(config + 4, 4) << 32;
    return (struct range){address, address + function->sizes[number]};
}

static struct range window(const struct function *bridge, unsigned offset)
{
    const uint8_t *config = bridge->config;
    struct range range;

    if (offset == 0x1c)
        return (struct range){(config[0x1c] & 0xf0u) << 8, ((config[0x1d] & 0xf0u) << 8) + 0x1000};
    range.start = (get(config + offset, 2) & 0xfff0) << 16;
    range.end = (get(config + offset + 2, 2) & 0xfff0) << 16;
    if (offset == 0x24) {
        range.start |= (uint64_t)get(config + 0x28, 4) << 32;
        range.end |= (uint64_t)get(config + 0x2c, 4) << 32;
    }
    range.end += MIB;
    return range;
}

static bool holds(struct range outer, struct range inner)
{
    return inner.start >= outer.start && inner.end <= outer.end && inner.start < inner.end;
}

/* And every bridge before it: one whose own BARs have no address is off. */
static bool decodes(const struct function *function, bool io)
{
    uint8_t command = function->config[ZP_PCI_COMMAND];

    for (int up = function->parent; up >= 0; up = with.functions[up].parent)
        command &= with.functions[up].config[ZP_PCI_COMMAND];
    return command & (io ? 1 : 2);
}

static void assert_let_through(const struct function *function, struct range range, bool io)
{
    for (int up = function->parent; up >= 0; up = with.functions[up].parent) {
        const struct function *bridge = &with.functions[up];

        if (io)
            assert_true(holds(window(bridge, 0x1c), range));
        else
            assert_true(holds(window(bridge, 0x20), range) || holds(window(bridge, 0x24), range));
        assert_true(bridge->config[ZP_PCI_COMMAND] & 4);
    }
}

static void assert_numbers(void)
{
    bool taken[256] = {false};

    for (unsigned i = 0; i < sizeof(with.roots) && (i == 0 || with.roots[i]); i++)
        taken[with.roots[i]] = true;
    for (int i = 0; i < with.count; i++) {
        const uint8_t *config = with.functions[i].config;

        if (!with.functions[i].bridge || config[0x19] == 0)
            continue;
        assert_false(taken[config[0x19]]);
        taken[config[0x19]] = true;
        assert_int_equal(config[0x18], bus_of(&with.functions[i]));
        assert_true(config[0x1a] >= config[0x19] && config[0x19] > config[0x18]);
        assert_true(is_reached(&with.functions[i]));
        for (unsigned root = 0; root < sizeof(with.roots) && with.roots[root]; root++)
            assert_false(with.roots[root] >= config[0x19] && with.roots[root] <= config[0x1a]);
    }
}

/* low, high: where BARs may lie. Returns how many BARs of memory have no address. */
static unsigned assert_sound(struct range low, struct range high)
{
    static struct range memory[6 * FUNCTION_MAX], ports[6 * FUNCTION_MAX];
    size_t memory_count = 0, port_count = 0;
    unsigned absent = 0;

    assert_numbers();
    for (int i = 0; i < with.count; i++) {
        const struct function *function = &with.functions[i];

        for (unsigned number = 0; number < 6; number++) {
            bool io;
            struct range range;

            if (!function->sizes[number])
                continue;
            range = bar_range(function, number, &io);
            absent += !io && !decodes(function, io);
            if (!decodes(function, io))
                continue;
            assert_true(range.start != 0 && range.start % function->sizes[number] == 0);
            assert_true(io ? range.end <= 0x10000 : holds(low, range) || holds(high, range));
            assert_let_through(function, range, io);
            for (size_t other = 0; other < (io ? port_count : memory_count); other++) {
                struct range seen = (io ? ports : memory)[other];

                assert_true(range.end <= seen.start || seen.end <= range.start);
            }
            if (io)
                ports[port_count++] = range;
            else
                memory[memory_count++] = range;
        }
    }
    return absent;
}

/* --- tests --- */

static const struct range low = {0xc0000000, 0xfec00000}, high = {4 * GIB, UINT64_C(1) << 40};

static uint64_t above(const struct fw_windows *windows, uint64_t *ret_end)
{
    const struct range *range = windows->context;

    *ret_end = range->end;
    return range->start;
}

static void set_up(bool roots)
{
    static const struct fw_pci ports = {.last_bus = 255};
    const struct fw_windows windows = {.pci = &ports,
                                       .start = low.start,
                                       .end = low.end,
                                       .high = above,
                                       .context = &high,
                                       .ports = true,
                                       .roots = roots,
                                       .lines = FW_LINES_PIIX};

    fw_pci_setup(&windows);
}

static int begin(void **state)
{
    (void)state;
    memset(&with, 0, sizeof(with));
    with.address_mask = (UINT64_C(1) << 40) - 1;
    with.arrival.range_count = 1;
    with.arrival.ranges[0].size = 256 * MIB;
    add(-1, 0, false);
    return 0;
}

static void bridge_in_bridge(void **state)
{
    (void)state;
    add(-1, 8, true);
    add(1, 0, true);
    bar(add(2, 16, false), 1, BAR_PREFETCH_64, 64 * MIB);
    bar(&with.functions[3], 0, BAR_IO, 32);
    bar(add(2, 24, false), 0, BAR_32, 4096);
    set_up(false);
    assert_int_equal(assert_sound(low, high), 0);
    assert_int_equal(with.notes, 0);
    assert_int_equal(with.functions[1].config[0x1a], 2);
}

static void large_goes_high(void **state)
{
    bool io;

    (void)state;
    bar(add(-1, 8, false), 0, BAR_64, 4096);
    bar(add(-1, 16, false), 2, BAR_PREFETCH_64, 32 * GIB);
    bar(add(add(-1, 24, true) - with.functions, 0, false), 0, BAR_PREFETCH_64, 64 * GIB);
    bar(&with.functions[4], 2, BAR_PREFETCH_32, MIB);
    set_up(false);
    assert_int_equal(assert_sound(low, high), 0);
    assert_int_equal(with.notes, 0);
    assert_true(bar_range(&with.functions[1], 0, &io).start < 4 * GIB);
    assert_true(bar_range(&with.functions[2], 2, &io).start >= 4 * GIB);
    assert_true(bar_range(&with.functions[4], 0, &io).start >= 4 * GIB);
}

/* A bridge of 32 bits behind one of 64 does not keep it from going high. */
static void narrow_behind_wide(void **state)
{
    bool io;

    (void)state;
    add(-1, 8, true);
    narrow(add(1, 0, true));
    bar(add(2, 0, false), 0, BAR_PREFETCH_64, 64 * MIB);
    bar(add(1, 8, false), 0, BAR_PREFETCH_64, 64 * GIB);
    set_up(false);
    assert_int_equal(assert_sound(low, high), 0);
    assert_int_equal(with.notes, 0);
    assert_true(bar_range(&with.functions[3], 0, &io).start < 4 * GIB);
    assert_true(bar_range(&with.functions[4], 0, &io).start >= 4 * GIB);
}

/* Each of these is left out, and nothing else. */
static void too_large(void **state)
{
    (void)state;
    bar(add(-1, 8, false), 0, BAR_PREFETCH_64, 2048 * GIB);
    bar(&with.functions[1], 2, BAR_32, 4096); /* the same device's */
    bar(add(-1, 16, false), 0, BAR_32, 2 * GIB);
    add(-1, 24, true);
    bar(add(3, 0, false), 0, BAR_64, 4 * GIB);
    bar(add(3, 8, false), 0, BAR_64, 4096);
    set_up(false);
    assert_int_equal(assert_sound(low, high), 4);
    assert_int_equal(with.notes, 3);
    assert_int_equal(with.functions[1].config[ZP_PCI_COMMAND] & 2, 0);
    assert_int_equal(with.functions[5].config[ZP_PCI_COMMAND] & 2, 2);
}

static void roots_keep_their_numbers(void **state)
{
    (void)state;
    with.roots[1] = 3;
    with.roots[2] = 200;
    for (uint8_t i = 1; i < 4; i++)
        add(-1, (uint8_t)(8 * i), true);
    bar(add(1, 0, false), 0, BAR_32, 4096);
    add(-2, 8, true);
    bar(add(5, 0, false), 0, BAR_32, 4096);
    bar(add(-3, 0, false), 0, BAR_32, 4096);
    set_up(true);
    assert_int_equal(assert_sound(low, high), 0);
    assert_int_equal(with.notes, 1); /* the third bridge: there are two numbers before 3 */
    assert_int_equal(with.functions[3].config[0x19], 0);
    assert_int_equal(with.functions[5].config[0x19], 4);
}

static void more_bridges_than_numbers(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 300; i++)
        add(i < 31 ? -1 : (int)(i - 30), (uint8_t)(i < 31 ? 8 * (i + 1) : 8 * (i % 31)), true);
    set_up(false);
    assert_sound(low, high);
    assert_true(with.notes > 0);
}

/* Who has one of too many has none that decodes: the one left out would lie at 0. */
static void more_bars_than_there_may_be(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 110; i++) {
        struct function *function = add(-1, (uint8_t)(i + 8), false);

        function->config[ZP_PCI_HEADER_TYPE] = ZP_PCI_HEADER_MULTIFUNCTION;
        for (unsigned number = 0; number < 6; number++)
            bar(function, number, number % 3 == 2 ? BAR_IO : BAR_32, 16);
    }
    set_up(false);
    assert_true(assert_sound(low, high) != 0);
    assert_int_equal(strncmp(with.note, "PCI: more than", 14), 0);
}

/* The last BAR says that it has 64 bits, and has no other half: what lies behind it is no BAR's. */
static void half_a_bar(void **state)
{
    for (unsigned is_bridge = 0; is_bridge < 2; is_bridge++) {
        unsigned last = is_bridge ? 1 : 5, behind = 0x14 + 4 * last;
        struct function *function;

        begin(state);
        function = add(-1, 8, is_bridge);
        bar(function, last, BAR_32, 4096);
        function->config[behind - 4] = 4;
        memset(function->mask + behind, 0xff, 4);
        if (is_bridge)
            bar(add(1, 0, false), 0, BAR_32, 4096);
        else
            memset(function->config + behind, 0x55, 4);
        set_up(false);
        if (is_bridge)
            assert_int_equal(function->config[ZP_PCI_SECONDARY_BUS], 1);
        else
            assert_int_equal(get(function->config + behind, 4), 0x55555555);
        assert_true(get(function->config + behind - 4, 4) >= low.start);
        function->sizes[last] = 0; /* it was looked at */
        assert_int_equal(assert_sound(low, high), 0);
    }
}

/* A BAR as large as addresses are has no place, and the others of its device none without it. */
static void as_large_as_addresses(void **state)
{
    (void)state;
    add(-1, 8, true);
    bar(add(1, 8, false), 0, BAR_PREFETCH_64, UINT64_C(1) << 48);
    bar(&with.functions[2], 2, BAR_32, 4096);
    set_up(false);
    assert_int_equal(assert_sound(low, high), 2);
    assert_int_equal(with.notes, 1);
}

static uint64_t seed;

static unsigned any(unsigned end)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (unsigned)(seed >> 33) % end;
}

static void any_bars(struct function *function)
{
    for (unsigned number = 0; number < (function->bridge ? 2u : 6u); number++) {
        int kind = (int)any(8);
        bool wide = kind == BAR_64 || kind == BAR_PREFETCH_64;

        if (kind > BAR_IO || (wide && number == (function->bridge ? 1 : 5)))
            continue;
        bar(function, number, kind,
            kind == BAR_IO ? UINT64_C(4) << any(7)
                           : UINT64_C(16) << any(any(10) ? 20
                                                 : wide  ? 40
                                                         : 27));
        number += wide;
    }
}

/* Trees of any kind: sound, and what was not said is there. */
static void any_tree(void **state)
{
    for (unsigned round = 0; round < 400; round++) {
        int bridges[FUNCTION_MAX], bridge_count = 0;
        unsigned absent;

        begin(state);
        seed = round;
        with.roots[1] = (uint8_t)(any(2) ? 20 + any(200) : 0);
        for (unsigned i = 0; i < 1 + any(60); i++) {
            int parent = bridge_count && any(2) ? bridges[any((unsigned)bridge_count)]
                         : with.roots[1]        ? -1 - (int)any(2)
                                                : -1;
            uint8_t slot = (uint8_t)(8 * (1 + any(31)));
            bool clash = false;

            for (int other = 0; other < with.count; other++)
                clash =
                    clash || (with.functions[other].parent == parent && with.functions[other].slot == slot);
            if (clash)
                continue;
            any_bars(add(parent, slot, any(3) == 0));
            if (with.functions[with.count - 1].bridge)
                bridges[bridge_count++] = with.count - 1;
            if (with.functions[with.count - 1].bridge && any(3) == 0)
                narrow(&with.functions[with.count - 1]);
        }
        set_up(with.roots[1]);
        absent = assert_sound(low, high);
        assert_true(absent == 0 || with.notes != 0);
    }
}

static void nothing_is_set_up_twice(void **state)
{
    struct fw_pci pci = {0};
    struct function before;

    (void)state;
    bar(add(-1, 8, false), 0, BAR_32, 4096);
    bar(add(-1, 16, false), 0, BAR_32, 4096);
    with.functions[1].config[0x13] = 0xd0;
    before = with.functions[2];
    assert_true(fw_find_buses(&with.arrival, &pci));
    assert_memory_equal(&before, &with.functions[2], sizeof(before));
    assert_int_equal(with.functions[1].config[0x13], 0xd0);
    with.functions[1].config[0x13] = 0;
    assert_true(fw_find_buses(&with.arrival, &pci));
    assert_int_equal(assert_sound(low, high), 0);
}

static void numbered_bridges_stay(void **state)
{
    struct fw_pci pci = {0};

    (void)state;
    add(-1, 8, true)->config[0x19] = 7;
    with.functions[1].config[0x1a] = 7;
    bar(add(1, 0, false), 0, BAR_32, 4096);
    assert_true(fw_find_buses(&with.arrival, &pci));
    assert_int_equal(with.functions[1].config[0x19], 7);
    assert_int_equal(with.functions[2].config[ZP_PCI_COMMAND], 0);
}

static void expander_on_bus_0(void **state)
{
    struct fw_pci pci = {0};

    (void)state;
    with.roots[1] = 100;
    memcpy(add(-1, 8, false)->config, "\x36\x1b\x0b\x00", 4);
    add(-2, 0, true);
    bar(add(2, 0, false), 0, BAR_32, 4096);
    assert_true(fw_find_buses(&with.arrival, &pci));
    assert_int_equal(with.functions[2].config[0x19], 101);
    assert_int_equal(assert_sound(low, high), 0);
}

/* As on QEMU's microvm: no ports, and configuration space in the middle of the gap. */
static void in_memory(void **state)
{
    const struct range before = {0xc0000000, ECAM},
                       quarter = {(UINT64_C(1) << 40) / 4 * 3, UINT64_C(1) << 40};
    struct fw_pci pci = {0};
    bool io;

    (void)state;
    with.by_ecam = true;
    bar(add(-1, 8, false), 0, BAR_PREFETCH_64, GIB);
    bar(&with.functions[1], 2, BAR_IO, 32);
    bar(&with.functions[1], 3, BAR_32, 256 * MIB);
    assert_true(fw_find_buses(&with.arrival, &pci));
    assert_true(pci.ecam == ECAM);
    assert_int_equal(assert_sound(before, quarter), 0);
    assert_true(bar_range(&with.functions[1], 0, &io).start == quarter.start);
    assert_int_equal(with.functions[1].config[ZP_PCI_COMMAND] & 1, 0);
}

static void nothing_tells(void **state)
{
    struct fw_pci pci = {0};

    (void)state;
    with.by_ecam = with.untold = true;
    assert_false(fw_find_buses(&with.arrival, &pci));
}

/* Tables that have configuration space where RAM is: none of it is written to. */
static void configuration_space_in_ram(void **state)
{
    struct fw_pci pci = {0};
    struct function before;

    (void)state;
    with.by_ecam = true;
    bar(add(-1, 8, false), 0, BAR_32, 4096);
    before = with.functions[1];
    with.arrival.ranges[0].start.value = ECAM + 256 * MIB - 4096;
    with.arrival.ranges[0].size = GIB;
    assert_false(fw_find_buses(&with.arrival, &pci));
    assert_memory_equal(&before, &with.functions[1], sizeof(before));
    assert_int_equal(with.notes, 1);
    with.arrival.ranges[0].usage = ZP_USAGE_RESERVED;
    assert_true(fw_find_buses(&with.arrival, &pci));
}

/* What the map has is left alone: RAM beyond 3 GiB, and something reserved. */
static void gap_of_the_map(void **state)
{
    static const struct {
        uint64_t start, size;
    } map[] = {{0, 3 * GIB + 100 * MIB + 4096}, {0xd0000000, MIB}, {0xf0000000, 4096}, {4 * GIB, GIB}};
    struct fw_pci pci = {0};
    bool io;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        with.arrival.ranges[i].start.value = map[i].start;
        with.arrival.ranges[i].size = map[i].size;
    }
    with.arrival.range_count = 4;
    bar(add(-1, 8, false), 0, BAR_32, 4096);
    assert_true(fw_find_buses(&with.arrival, &pci));
    assert_int_equal(assert_sound((struct range){0xd0100000, 0xf0000000}, (struct range){0, 0}), 0);
    assert_true(bar_range(&with.functions[1], 0, &io).start == 0xd0100000);
}

/* A range up to the end of all numbers leaves no gap behind it. */
static void no_gap(void **state)
{
    struct fw_pci pci = {0};

    (void)state;
    with.arrival.ranges[0].start.value = 0xc0000000;
    with.arrival.ranges[0].size = UINT64_MAX - 0xc0000000;
    bar(add(-1, 8, false), 0, BAR_32, 4096);
    assert_true(fw_find_buses(&with.arrival, &pci));
    assert_int_equal(with.notes, 1);
    assert_int_equal(with.functions[1].config[ZP_PCI_COMMAND], 0);
}

/* RAM up to the end of the CPU's addresses: nothing above 4 GiB is free. */
static void no_high_gap(void **state)
{
    struct fw_pci pci = {0};

    (void)state;
    with.arrival.ranges[0].size = with.address_mask + 1;
    bar(add(-1, 8, false), 0, BAR_64, 8 * GIB);
    assert_true(fw_find_buses(&with.arrival, &pci));
    assert_int_equal(with.notes, 1);
    assert_int_equal(with.functions[1].config[ZP_PCI_COMMAND], 0);
}

#define POINT(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        POINT(bridge_in_bridge),
        POINT(large_goes_high),
        POINT(narrow_behind_wide),
        POINT(too_large),
        POINT(roots_keep_their_numbers),
        POINT(more_bridges_than_numbers),
        POINT(more_bars_than_there_may_be),
        POINT(half_a_bar),
        POINT(as_large_as_addresses),
        POINT(any_tree),
        POINT(nothing_is_set_up_twice),
        POINT(numbered_bridges_stay),
        POINT(expander_on_bus_0),
        POINT(in_memory),
        POINT(nothing_tells),
        POINT(configuration_space_in_ram),
        POINT(gap_of_the_map),
        POINT(no_gap),
        POINT(no_high_gap),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
