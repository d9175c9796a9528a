/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * acpi.c: signatures, lengths, checksums and pointers of the blob for 1, 2 and 64 CPUs on both engines'
 * hardware, wherever it lies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <zeropage/wire/acpi.h>
#include <zeropage/wire/e820.h>

#include "vmm.h"

static struct zp_acpi_hardware hardware_of(uint32_t cpus, bool pc)
{
    return (struct zp_acpi_hardware){.cpus = cpus,
                                     .pm_base = 0x600,
                                     .sci_irq = 9,
                                     .reset_port = 0xcf9,
                                     .reset_value = 6,
                                     .has_pci = pc,
                                     .pci_hole_start = 0xe0000000,
                                     .pci_hole_end = 0xfec00000};
}

static uint8_t sum(const uint8_t *bytes, size_t size)
{
    uint8_t total = 0;

    for (size_t i = 0; i < size; i++)
        total = (uint8_t)(total + bytes[i]);
    return total;
}

/* The table at an address, checked: inside, signature, checksum. */
static const uint8_t *table_at(const uint8_t *bytes, uint64_t size, uint64_t self, uint64_t address,
                               const char *signature)
{
    struct zp_acpi_description_header header;
    uint64_t offset = address - self;

    assert_true(address >= self && offset + sizeof(header) <= size);
    memcpy(&header, bytes + offset, sizeof(header));
    assert_memory_equal(header.signature, signature, 4);
    assert_true(header.length <= size - offset);
    assert_int_equal(sum(bytes + offset, header.length), 0);
    return bytes + offset;
}

static void check_madt(const uint8_t *table, uint32_t cpus, bool pc)
{
    struct zp_acpi_madt madt;
    uint32_t seen[16] = {0};
    size_t at = sizeof(madt);

    memcpy(&madt, table, sizeof(madt));
    assert_int_equal(madt.local_interrupt_controller_address, 0xfee00000);
    while (at < madt.header.length) {
        struct zp_acpi_madt_structure head;
        struct zp_acpi_madt_local_apic cpu;
        struct zp_acpi_madt_interrupt_source_override line;

        memcpy(&head, table + at, sizeof(head));
        assert_true(head.type < 16 && head.length >= 2 && at + head.length <= madt.header.length);
        if (head.type == ZP_ACPI_MADT_LOCAL_APIC) {
            memcpy(&cpu, table + at, sizeof(cpu));
            assert_int_equal(cpu.apic_id, seen[head.type]);
            assert_int_equal(cpu.flags, ZP_ACPI_MADT_ENABLED);
        }
        if (head.type == ZP_ACPI_MADT_INTERRUPT_SOURCE_OVERRIDE) {
            memcpy(&line, table + at, sizeof(line));
            assert_int_equal(line.global_system_interrupt, line.source ? line.source : 2);
            assert_int_equal(line.flags, line.source ? 0xd : 0);
        }
        seen[head.type]++;
        at += head.length;
    }
    assert_int_equal(at, madt.header.length);
    assert_int_equal(seen[ZP_ACPI_MADT_LOCAL_APIC], cpus);
    assert_int_equal(seen[ZP_ACPI_MADT_IO_APIC], 1);
    assert_int_equal(seen[ZP_ACPI_MADT_INTERRUPT_SOURCE_OVERRIDE], pc ? 5 : 2);
    assert_int_equal(seen[ZP_ACPI_MADT_LOCAL_APIC_NMI], 1);
}

static void check_fadt(const uint8_t *bytes, uint64_t size, uint64_t self, const uint8_t *table, bool pc)
{
    struct zp_acpi_fadt fadt;
    struct zp_acpi_facs facs;

    memcpy(&fadt, table, sizeof(fadt));
    assert_int_equal(fadt.header.length, 276);
    assert_int_equal(fadt.header.revision, 6);
    assert_int_equal(fadt.dsdt, fadt.x_dsdt);
    assert_non_null(table_at(bytes, size, self, fadt.dsdt, "DSDT"));
    assert_int_equal(fadt.firmware_ctrl % 64, 0);
    memcpy(&facs, bytes + (fadt.firmware_ctrl - self), sizeof(facs));
    assert_memory_equal(facs.signature, "FACS", 4);
    assert_int_equal(facs.length, 64);
    assert_int_equal(fadt.smi_cmd, 0);
    assert_int_equal(fadt.sci_int, 9);
    assert_int_equal(fadt.pm1a_evt_blk, 0x600);
    assert_int_equal(fadt.x_pm1a_cnt_blk.address, 0x604);
    assert_int_equal(fadt.x_pm1a_cnt_blk.register_bit_width, 16);
    assert_int_equal(fadt.pm_tmr_blk, 0x608);
    assert_int_equal(fadt.reset_reg.address, 0xcf9);
    assert_int_equal(fadt.reset_value, 6);
    assert_true(fadt.flags & ZP_ACPI_FADT_WBINVD);
    assert_true(fadt.flags & ZP_ACPI_FADT_RESET_REG_SUP);
    assert_int_equal(!(fadt.flags & ZP_ACPI_FADT_PWR_BUTTON), pc);
    assert_int_equal(!!(fadt.iapc_boot_arch & ZP_ACPI_IAPC_8042), pc);
    assert_true(fadt.iapc_boot_arch & ZP_ACPI_IAPC_NO_VGA);
}

static void check_blob(uint32_t cpus, bool pc, uint64_t self)
{
    const struct zp_acpi_hardware hardware = hardware_of(cpus, pc);
    struct zp_acpi acpi;
    struct zp_blob blob;
    struct zp_acpi_rsdp rsdp;
    uint64_t far[2];
    uint32_t near[2];
    uint8_t *bytes;

    zp_acpi_blob(&acpi, &hardware, &blob);
    assert_true(blob.size <= 8192);
    bytes = malloc(blob.size);
    assert_non_null(bytes);
    memset(bytes, 0x5a, blob.size);
    assert_int_equal(blob.fill(blob.context, (zp_gpa){self}, bytes, blob.size), 0);
    memcpy(&rsdp, bytes, sizeof(rsdp));
    assert_memory_equal(rsdp.signature, "RSD PTR ", 8);
    assert_int_equal(rsdp.revision, 2);
    assert_int_equal(rsdp.length, 36);
    assert_int_equal(sum(bytes, 20), 0);
    assert_int_equal(sum(bytes, 36), 0);
    memcpy(near, table_at(bytes, blob.size, self, rsdp.rsdt_address, "RSDT") + 36, sizeof(near));
    memcpy(far, table_at(bytes, blob.size, self, rsdp.xsdt_address, "XSDT") + 36, sizeof(far));
    assert_int_equal(near[0], far[0]);
    assert_int_equal(near[1], far[1]);
    check_fadt(bytes, blob.size, self, table_at(bytes, blob.size, self, far[0], "FACP"), pc);
    check_madt(table_at(bytes, blob.size, self, far[1], "APIC"), cpus, pc);
    free(bytes);
}

static void blob_holds_together(void **state)
{
    static const uint32_t cpus[] = {1, 2, 64};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        check_blob(cpus[i], false, 0x9e000);
        check_blob(cpus[i], true, 0x9e000);
        check_blob(cpus[i], true, 0x1400);
    }
    check_blob(254, true, 0x90000);
}

static void blob_asks_for_the_ebda(void **state)
{
    const struct zp_acpi_hardware hardware = hardware_of(1, false);
    struct zp_acpi acpi;
    struct zp_blob blob;
    uint8_t byte;

    (void)state;
    zp_acpi_blob(&acpi, &hardware, &blob);
    assert_int_equal(blob.role, ZP_BLOB_ACPI);
    assert_int_equal(blob.align, 1024);
    assert_int_equal(blob.limit.value, 0xa0000);
    assert_int_equal(blob.e820_type, ZP_E820_ACPI);
    assert_int_equal(blob.fill(blob.context, (zp_gpa){0x9f000}, &byte, 1), -1);
}

static void window_is_patched_once(void **state)
{
    static const uint8_t first[] = {0x08, 'P', 'C', 'I', 'S', 0x0c, 0x00, 0x00, 0x00, 0xc0};
    static const uint8_t last[] = {0x08, 'P', 'C', 'I', 'L', 0x0c, 0xff, 0xff, 0xbf, 0xfe};
    struct zp_acpi_hardware hardware = hardware_of(1, true);
    struct zp_acpi acpi;
    struct zp_blob blob;
    uint8_t *bytes;

    (void)state;
    hardware.pci_hole_start = 0xc0000000;
    zp_acpi_blob(&acpi, &hardware, &blob);
    bytes = malloc(blob.size);
    assert_non_null(bytes);
    assert_int_equal(blob.fill(blob.context, (zp_gpa){0x9f000}, bytes, blob.size), 0);
    assert_non_null(memmem(bytes, blob.size, first, sizeof(first)));
    assert_non_null(memmem(bytes, blob.size, last, sizeof(last)));
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blob_holds_together),
        cmocka_unit_test(blob_asks_for_the_ebda),
        cmocka_unit_test(window_is_patched_once),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
