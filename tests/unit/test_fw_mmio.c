/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What ACPI tells of memory: virtio devices in a DSDT, and where PCI's configuration space lies, by MCFG or
 * by _CBA. Tables may end anywhere and point anywhere (HOSTILE row 22): what is no table is passed over, and
 * no byte outside of one is looked at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <zeropage/wire/acpi.h>

#include "../../src/firmware/boot/buses.h"
#include "../../src/firmware/boot/disks.h"

#define BASE 0x7f000000u /* where the tables seem to lie */
#define RSDP (BASE + 0x000)
#define XSDT (BASE + 0x100)
#define FADT (BASE + 0x200)
#define DSDT (BASE + 0x400)
#define MCFG (BASE + 0x600)
#define SIZE 0x800u

static uint8_t memory[SIZE];
static uint64_t seen_base, seen_length;
static uint32_t seen_irq;
static unsigned seen_count;

/* Exactly what lies in the memory. */
const void *stub_see(uint64_t address, uint64_t size)
{
    if (address < BASE || address - BASE > SIZE || size > SIZE - (address - BASE))
        return NULL;
    return memory + (address - BASE);
}

void fw_virtio_add_mmio(struct fw_virtio_bus *bus, uint64_t base, uint64_t length, uint32_t irq)
{
    (void)bus;
    seen_base = base;
    seen_length = length;
    seen_irq = irq;
    seen_count++;
}

static void put(uint32_t address, const void *bytes, size_t size)
{
    assert_true(address >= BASE && address - BASE + size <= SIZE);
    memcpy(memory + (address - BASE), bytes, size);
}

static void put_number(uint32_t address, uint64_t value, size_t size)
{
    put(address, &value, size);
}

static void header(uint32_t address, const char *signature, uint32_t length)
{
    put(address, signature, 4);
    put_number(address + 4, length, 4);
}

/* An XSDT with FADT and MCFG; the DSDT is AML of so many bytes. */
static void tables(const void *aml, size_t size)
{
    memset(memory, 0, sizeof(memory));
    seen_count = 0;
    put(RSDP, "RSD PTR ", 8);
    put_number(RSDP + offsetof(struct zp_acpi_rsdp, revision), 2, 1);
    put_number(RSDP + offsetof(struct zp_acpi_rsdp, xsdt_address), XSDT, 8);
    header(XSDT, "XSDT", 36 + 16);
    put_number(XSDT + 36, FADT, 8);
    put_number(XSDT + 44, MCFG, 8);
    header(FADT, "FACP", 244);
    put_number(FADT + offsetof(struct zp_acpi_fadt, dsdt), DSDT, 4);
    header(DSDT, "DSDT", (uint32_t)(36 + size));
    put(DSDT + 36, aml, size);
}

static void mcfg(unsigned index, uint64_t base, uint16_t segment, uint8_t first, uint8_t last)
{
    header(MCFG, "MCFG", 44 + 16 * (index + 1));
    put_number(MCFG + 44 + 16 * index, base, 8);
    put_number(MCFG + 52 + 16 * index, segment, 2);
    put_number(MCFG + 54 + 16 * index, first, 1);
    put_number(MCFG + 55 + 16 * index, last, 1);
}

static uint64_t ecam(uint8_t *ret_last)
{
    return fw_acpi_ecam(RSDP, ret_last);
}

/* Method (_CBA) {Return (0xe0000000)}, as QEMU's microvm has it; and other ways to say it. */
static const uint8_t method[] = "\x14\x0b_CBA\x00\xa4\x0c\x00\x00\x00\xe0";
static const uint8_t wide[] = "\x14\x0f_CBA\x00\xa4\x0e\x00\x00\x00\xe0\x01\x00\x00\x00";
static const uint8_t name[] = "\x08_CBA\x0c\x00\x00\x00\xd0";
static const uint8_t local[] = "\x14\x09_CBA\x00\xa4\x60\x00\x00\x00\x00\x00\x00";

static void by_cba(void **state)
{
    static uint8_t padded[64];
    uint8_t last = 0;

    (void)state;
    memcpy(padded, method, sizeof(method) - 1);
    tables(padded, sizeof(padded));
    assert_true(ecam(&last) == 0xe0000000);
    assert_int_equal(last, 255);
    memset(padded, 0, sizeof(padded));
    memcpy(padded + 3, wide, sizeof(wide) - 1);
    tables(padded, sizeof(padded));
    assert_true(ecam(&last) == UINT64_C(0x1e0000000));
    memset(padded, 0, sizeof(padded));
    memcpy(padded + 7, name, sizeof(name) - 1);
    tables(padded, sizeof(padded));
    assert_true(ecam(&last) == 0xd0000000);
    memset(padded, 0, sizeof(padded));
    memcpy(padded, local, sizeof(local) - 1);
    tables(padded, sizeof(padded));
    assert_true(ecam(&last) == 0);
}

static void by_mcfg(void **state)
{
    uint8_t last = 0;

    (void)state;
    tables(method, sizeof(method) - 1);
    mcfg(0, 0x100000000, 1, 0, 255); /* another segment, and other buses */
    mcfg(1, 0x200000000, 0, 128, 255);
    mcfg(2, 0x300000000, 0, 0, 127);
    mcfg(3, 0x400000000, 0, 0, 255);
    assert_true(ecam(&last) == UINT64_C(0x300000000));
    assert_int_equal(last, 127);
    header(MCFG, "MCFG", 44 + 15); /* no entry is whole */
    assert_true(ecam(&last) == 0);
    header(MCFG, "MCFG", 0xffffffff);
    assert_true(ecam(&last) == 0);
}

/* The AML is cut at every length: a number is found whole or not at all. */
static void cut_off(void **state)
{
    uint8_t last;

    (void)state;
    for (size_t size = 0; size < sizeof(method) - 1; size++) {
        tables(method, size);
        header(DSDT, "DSDT", (uint32_t)(36 + size));
        put_number(FADT + offsetof(struct zp_acpi_fadt, dsdt), BASE + SIZE - 36 - size, 4);
        header((uint32_t)(BASE + SIZE - 36 - size), "DSDT", (uint32_t)(36 + size));
        put((uint32_t)(BASE + SIZE - size), method, size);
        assert_true(ecam(&last) == 0);
    }
}

/* Where there are two numbers the wider one counts; some VMMs tell that alone. A FADT may end before it. */
static void by_x_dsdt(void **state)
{
    static uint8_t padded[64];
    uint8_t last;

    (void)state;
    memcpy(padded, method, sizeof(method) - 1);
    tables(padded, sizeof(padded));
    put_number(FADT + offsetof(struct zp_acpi_fadt, dsdt), 0, 4);
    put_number(FADT + offsetof(struct zp_acpi_fadt, x_dsdt), DSDT, 8);
    assert_true(ecam(&last) == 0xe0000000);
    put_number(FADT + offsetof(struct zp_acpi_fadt, dsdt), MCFG, 4);
    assert_true(ecam(&last) == 0xe0000000);
    header(FADT, "FACP", 116);
    put_number(FADT + offsetof(struct zp_acpi_fadt, dsdt), DSDT, 4);
    put_number(FADT + offsetof(struct zp_acpi_fadt, x_dsdt), MCFG, 8);
    assert_true(ecam(&last) == 0xe0000000);
}

static void wild(void **state)
{
    static const uint64_t addresses[] = {0,          1,         BASE - 1, BASE + SIZE, BASE + SIZE - 1,
                                         UINT32_MAX, UINT64_MAX};
    uint8_t last;

    (void)state;
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        assert_true(fw_acpi_ecam(addresses[i], &last) == 0);
        tables(method, sizeof(method) - 1);
        put_number(XSDT + 36, addresses[i], 8);
        put_number(XSDT + 44, addresses[i], 8);
        assert_true(ecam(&last) == 0);
        tables(method, sizeof(method) - 1);
        put_number(FADT + offsetof(struct zp_acpi_fadt, dsdt), addresses[i], 4);
        assert_true(ecam(&last) == 0);
        fw_add_acpi(NULL, RSDP);
        assert_int_equal(seen_count, 0);
    }
    tables(method, sizeof(method) - 1);
    header(FADT, "FACP", 41); /* too short to have one */
    assert_true(ecam(&last) == 0);
}

static void virtio_device(void **state)
{
    static const uint8_t aml[] = "\x5b\x82\x30VR00\x08_HID\x0dLNRO0005\x00\x08_CRS\x11\x1a\x0a\x17"
                                 "\x86\x09\x00\x01\x00\x00\xb0\xfe\x00\x02\x00\x00"
                                 "\x89\x06\x00\x01\x01\x05\x00\x00\x00\x79\x00\x00\x00\x00\x00\x00";

    (void)state;
    tables(aml, sizeof(aml) - 1);
    fw_add_acpi(NULL, RSDP);
    assert_int_equal(seen_count, 1);
    assert_true(seen_base == 0xfeb00000 && seen_length == 0x200);
    assert_int_equal(seen_irq, 5);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_cba),  cmocka_unit_test(by_mcfg), cmocka_unit_test(by_x_dsdt),
        cmocka_unit_test(cut_off), cmocka_unit_test(wild),    cmocka_unit_test(virtio_device),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
