/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI as the firmware walks it: ports and memory, bridges, functions, capabilities, BARs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <zeropage/wire/pci.h>

#include "fw_machine.h"

static const struct fw_pci ports = {.last_bus = 255};
static char seen[4096];

static void see(void *context, uint16_t at, uint16_t vendor, uint16_t device)
{
    size_t length = strlen(seen);

    (void)context;
    snprintf(seen + length, sizeof(seen) - length, "%02x:%02x.%x=%04x:%04x ", at >> 8, at >> 3 & 31, at & 7,
             vendor, device);
}

static const char *walk(const struct fw_pci *pci)
{
    seen[0] = '\0';
    fw_pci_walk(pci, see, NULL);
    return seen;
}

static int begin(void **state)
{
    (void)state;
    fw_machine_begin();
    fw_machine_function(FW_PCI_AT(0, 0, 0), 0x8086, 0x29c0);
    return 0;
}

static void one_bus(void **state)
{
    (void)state;
    fw_machine_function(FW_PCI_AT(0, 31, 0), 0x1af4, 0x1042);
    assert_string_equal(walk(&ports), "00:00.0=8086:29c0 00:1f.0=1af4:1042 ");
}

static void functions(void **state)
{
    (void)state;
    fw_machine_function(FW_PCI_AT(0, 3, 0), 1, 2)->config[ZP_PCI_HEADER_TYPE] = ZP_PCI_HEADER_MULTIFUNCTION;
    fw_machine_function(FW_PCI_AT(0, 3, 2), 1, 3);
    fw_machine_function(FW_PCI_AT(0, 3, 7), 1, 4);
    /* Functions beside a device of one answer as its ghosts. */
    fw_machine_function(FW_PCI_AT(0, 4, 0), 1, 5);
    fw_machine_function(FW_PCI_AT(0, 4, 1), 1, 6);
    /* And those without function 0 are no device. */
    fw_machine_function(FW_PCI_AT(0, 5, 1), 1, 7);
    assert_string_equal(walk(&ports), "00:00.0=8086:29c0 00:03.0=0001:0002 00:03.2=0001:0003 "
                                      "00:03.7=0001:0004 00:04.0=0001:0005 ");
}

static void bridges(void **state)
{
    (void)state;
    fw_machine_bridge(FW_PCI_AT(0, 1, 0), 7, 9);
    fw_machine_bridge(FW_PCI_AT(7, 0, 0), 8, 9);
    fw_machine_function(FW_PCI_AT(8, 0, 0), 1, 2);
    fw_machine_function(FW_PCI_AT(7, 1, 0), 1, 3);
    fw_machine_function(FW_PCI_AT(20, 0, 0), 1, 4); /* no bridge leads there */
    assert_string_equal(walk(&ports), "00:00.0=8086:29c0 00:01.0=1b36:000c 07:00.0=1b36:000c "
                                      "07:01.0=0001:0003 08:00.0=0001:0002 ");
    assert_string_equal(walk(&(struct fw_pci){.last_bus = 255, .every_bus = true}),
                        "00:00.0=8086:29c0 00:01.0=1b36:000c 07:00.0=1b36:000c 07:01.0=0001:0003 "
                        "08:00.0=0001:0002 14:00.0=0001:0004 ");
}

/* QEMU's pxb: a root with a number of its own, and what is behind it. */
static void expanders(void **state)
{
    (void)state;
    fw_machine_function(FW_PCI_AT(0, 1, 0), 0x1b36, 0x000b);
    fw_machine_bridge(FW_PCI_AT(0, 2, 0), 1, 1);
    fw_machine_function(FW_PCI_AT(1, 0, 0), 1, 2);
    fw_machine_bridge(FW_PCI_AT(16, 0, 0), 17, 17);
    fw_machine_function(FW_PCI_AT(17, 0, 0), 1, 3);
    assert_string_equal(walk(&ports), "00:00.0=8086:29c0 00:01.0=1b36:000b 00:02.0=1b36:000c "
                                      "01:00.0=0001:0002 10:00.0=1b36:000c 11:00.0=0001:0003 ");
}

/* HOSTILE row 21 */
static void bridges_that_lead_back(void **state)
{
    (void)state;
    fw_machine_bridge(FW_PCI_AT(0, 1, 0), 0, 0);
    fw_machine_bridge(FW_PCI_AT(0, 2, 0), 5, 255);
    fw_machine_bridge(FW_PCI_AT(0, 3, 0), 5, 5);
    fw_machine_bridge(FW_PCI_AT(5, 0, 0), 5, 5);
    fw_machine_bridge(FW_PCI_AT(5, 1, 0), 0, 255);
    fw_machine_bridge(FW_PCI_AT(5, 2, 0), 255, 0);
    fw_machine_bridge(FW_PCI_AT(255, 0, 0), 255, 255);
    fw_machine_function(FW_PCI_AT(5, 3, 0), 1, 2);
    assert_string_equal(walk(&ports),
                        "00:00.0=8086:29c0 00:01.0=1b36:000c 00:02.0=1b36:000c 00:03.0=1b36:000c "
                        "05:00.0=1b36:000c 05:01.0=1b36:000c 05:02.0=1b36:000c 05:03.0=0001:0002 "
                        "ff:00.0=1b36:000c ");
}

static void ecam(void **state)
{
    const struct fw_pci pci = {.ecam = 0xe0000000, .last_bus = 31};

    (void)state;
    fw_machine.ecam = pci.ecam;
    fw_machine_bridge(FW_PCI_AT(0, 1, 0), 31, 31);
    fw_machine_bridge(FW_PCI_AT(0, 2, 0), 32, 32); /* not in this memory */
    fw_machine_function(FW_PCI_AT(31, 0, 0), 1, 2);
    fw_machine_function(FW_PCI_AT(32, 0, 0), 1, 3);
    assert_string_equal(walk(&pci),
                        "00:00.0=8086:29c0 00:01.0=1b36:000c 00:02.0=1b36:000c 1f:00.0=0001:0002 ");
}

static void widths(void **state)
{
    struct fw_function *function = fw_machine_function(FW_PCI_AT(0, 2, 0), 0x1234, 0x5678);

    (void)state;
    function->config[0x40] = 0x11;
    function->config[0x41] = 0x22;
    function->config[0x42] = 0x33;
    function->config[0x43] = 0x44;
    assert_int_equal(fw_pci_read8(&ports, function->at, 0x43), 0x44);
    assert_int_equal(fw_pci_read16(&ports, function->at, 0x42), 0x4433);
    assert_int_equal(fw_pci_read32(&ports, function->at, 0x40), 0x44332211);
    fw_pci_write16(&ports, function->at, ZP_PCI_COMMAND, 0xabcd);
    assert_int_equal(fw_pci_read16(&ports, function->at, ZP_PCI_COMMAND), 0xabcd);
}

static void capabilities(void **state)
{
    struct fw_function *function = fw_machine_function(FW_PCI_AT(0, 2, 0), 1, 2);
    uint32_t steps = 0;
    uint8_t at;

    (void)state;
    function->config[ZP_PCI_CAPABILITIES] = 0x43; /* the lower two bits are not part of it */
    memcpy(function->config + 0x40, (uint8_t[]){9, 0x60}, 2);
    memcpy(function->config + 0x60, (uint8_t[]){5, 0x80}, 2);
    memcpy(function->config + 0x80, (uint8_t[]){9, 0}, 2);
    assert_int_equal(fw_pci_capability(&ports, function->at, 9, 0, &steps), 0); /* its status says: none */
    function->config[ZP_PCI_STATUS] = ZP_PCI_STATUS_CAPABILITIES;
    steps = 0;
    at = fw_pci_capability(&ports, function->at, 9, 0, &steps);
    assert_int_equal(at, 0x40);
    at = fw_pci_capability(&ports, function->at, 9, at, &steps);
    assert_int_equal(at, 0x80);
    assert_int_equal(fw_pci_capability(&ports, function->at, 9, at, &steps), 0);
}

/* HOSTILE row 21 */
static void capability_loop(void **state)
{
    struct fw_function *function = fw_machine_function(FW_PCI_AT(0, 2, 0), 1, 2);
    unsigned count = 0;
    uint32_t steps = 0;
    uint8_t at = 0;

    (void)state;
    function->config[ZP_PCI_STATUS] = ZP_PCI_STATUS_CAPABILITIES;
    function->config[ZP_PCI_CAPABILITIES] = 0x40;
    memcpy(function->config + 0x40, (uint8_t[]){9, 0x50}, 2);
    memcpy(function->config + 0x50, (uint8_t[]){9, 0x40}, 2);
    while ((at = fw_pci_capability(&ports, function->at, 9, at, &steps)))
        count++;
    assert_int_equal(count, 48);
    function->config[0x51] = 0x20; /* into the header, where one seems to lie */
    function->config[0x20] = 9;
    steps = 0;
    assert_int_equal(fw_pci_capability(&ports, function->at, 9, 0x50, &steps), 0);
}

static bool bar(struct fw_function *function, uint32_t number, uint64_t value, uint64_t mask,
                uint64_t *ret_address, uint64_t *ret_size)
{
    memcpy(function->config + ZP_PCI_BAR0 + 4 * number, &value, number == 5 ? 4 : 8);
    function->bar_mask[number] = (uint32_t)mask;
    if (number < 5)
        function->bar_mask[number + 1] = (uint32_t)(mask >> 32);
    return fw_pci_bar(&ports, function->at, number, ret_address, ret_size);
}

static void bars(void **state)
{
    struct fw_function *function = fw_machine_function(FW_PCI_AT(0, 2, 0), 1, 2);
    uint64_t address, size, value = 0;

    (void)state;
    fw_pci_write16(&ports, function->at, ZP_PCI_COMMAND, 0);
    assert_true(bar(function, 0, 0xfebc0000, 0xfffff000, &address, &size));
    assert_int_equal(address, 0xfebc0000);
    assert_int_equal(size, 0x1000);
    assert_true(bar(function, 2, 0xe00000000cu, 0xffffffffffffc000u, &address, &size));
    assert_true(address == 0xe000000000u && size == 0x4000);
    memcpy(&value, function->config + ZP_PCI_BAR0 + 8, 8);
    assert_true(value == 0xe00000000cu); /* as it was */
    assert_true(bar(function, 4, 0x80000000000000cu, 0xf000000000000000u, &address, &size) == false);
    assert_true(bar(function, 2, 0x4000000004u, 0xffffffc000000000u, &address, &size));
    assert_true(size == (uint64_t)1 << 38);
    assert_true(bar(function, 5, 0xfebc0000, 0xffffc000, &address, &size));
}

/* HOSTILE row 21 */
static void bars_that_are_none(void **state)
{
    struct fw_function *function = fw_machine_function(FW_PCI_AT(0, 2, 0), 1, 2);
    uint64_t address, size;

    (void)state;
    fw_pci_write16(&ports, function->at, ZP_PCI_COMMAND, 0);
    assert_false(bar(function, 0, 0xc001, 0xffffffc0, &address, &size));     /* I/O */
    assert_false(bar(function, 0, 0, 0xfffff000, &address, &size));          /* not assigned */
    assert_false(bar(function, 0, 0, 0, &address, &size));                   /* not there */
    assert_false(bar(function, 5, 0xfebc0004, 0xffffc000, &address, &size)); /* its half is outside */
    assert_false(bar(function, 0, 0xfebc0000, 0xfff0f000, &address, &size)); /* a size with holes */
    assert_false(bar(function, 0, 0xffffffffffffc004, 0xffffffffffffc000, &address, &size)); /* above 2^52 */
    assert_false(fw_pci_bar(&ports, function->at, 6, &address, &size));
    assert_false(fw_pci_bar(&ports, function->at, UINT32_MAX, &address, &size));
}

static uint64_t second_is_0(uint64_t value)
{
    static unsigned count;

    return ++count == 2 ? 0 : value;
}

/* No bit of it is set when all of them were: that would be 4 GiB and more. */
static void bar_without_a_size(void **state)
{
    struct fw_function *function = fw_machine_function(FW_PCI_AT(0, 2, 0), 1, 2);
    uint64_t address, size;

    (void)state;
    fw_pci_write16(&ports, function->at, ZP_PCI_COMMAND, 0);
    fw_machine.twist = second_is_0;
    assert_false(bar(function, 0, 0xfebc0000, 0xfffff000, &address, &size));
}

/* A test on a machine of its own. */
#define POINT(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        POINT(one_bus),
        POINT(functions),
        POINT(bridges),
        POINT(expanders),
        POINT(bridges_that_lead_back),
        POINT(ecam),
        POINT(widths),
        POINT(capabilities),
        POINT(capability_loop),
        POINT(bars),
        POINT(bars_that_are_none),
        POINT(bar_without_a_size),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
