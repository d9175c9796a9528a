/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lies in memory, as ACPI tells of it. virtio devices: those whose _HID is "LNRO0005" and whose _CRS has
 * one range of memory and one interrupt. The AML around them is not run: behind the name the two descriptors
 * are sought as they are stored (ACPI 6.5, 6.4.3.4 "32-Bit Fixed Memory Range Descriptor", 6.4.3.6 "Extended
 * Interrupt Descriptor"). PCI's configuration space: the table MCFG, else the number that a _CBA gives back
 * (PCI Firmware Specification 3.2, 4.1.2 and 4.1.3; ACPI 6.5, 20.2.3 "Data Objects Encoding"). Tables may be
 * an enemy's; drivers ask each address whether it is what they look for at all.
 */
#include <zeropage/wire/acpi.h>

#include "../../core/checked.h"
#include "buses.h"
#include "disks.h"

#define TABLE_MAX  (UINT32_C(1) << 20)
#define TABLES_MAX 64u
#define NEAR       96u /* bytes of AML in which a device's descriptors are */

#define AML_DWORD  0x0c
#define AML_QWORD  0x0e
#define AML_RETURN 0xa4

static const char hid[] = "LNRO0005";

static uint32_t word(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Memory32Fixed: 0x86, length 9, writable, base, size. Extended interrupt: 0x89, length 6, flags, 1, number.
 */
static void add_device(struct fw_virtio_bus *bus, const uint8_t *aml, size_t size)
{
    uint32_t base = 0, length = 0, irq = 0;

    for (size_t i = 0; i + 12 <= size; i++) {
        if (length == 0 && aml[i] == 0x86 && aml[i + 1] == 9 && aml[i + 2] == 0) {
            base = word(aml + i + 4);
            length = word(aml + i + 8);
        }
        if (aml[i] == 0x89 && aml[i + 1] >= 6 && aml[i + 2] == 0 && aml[i + 4] == 1)
            irq = word(aml + i + 5);
    }
    if (length)
        fw_virtio_add_mmio(bus, base, length, irq);
}

/* The bytes of a table, by its header, or NULL. */
static const uint8_t *see_table(uint64_t address, uint32_t *ret_size)
{
    const struct zp_acpi_description_header *seen = address ? stub_see(address, sizeof(*seen)) : NULL;
    struct zp_acpi_description_header header;

    if (!seen)
        return NULL;
    memcpy(&header, seen, sizeof(header));
    if (header.length < sizeof(header) || header.length > TABLE_MAX)
        return NULL;
    *ret_size = header.length;
    return stub_see(address, header.length);
}

/* A table with a signature, of those that the root table has; the DSDT, which the FADT tells of. */
typedef void table_visit(void *context, const uint8_t *table, uint32_t size);

static void visit_entry(uint64_t address, const char *signature, table_visit *visit, void *context)
{
    uint32_t size;
    const uint8_t *table = see_table(address, &size);
    struct zp_acpi_fadt fadt = {0};

    if (!table || memcmp(table, signature, 4) != 0)
        return;
    if (memcmp(table, "FACP", 4) == 0) {
        memcpy(&fadt, table, size < sizeof(fadt) ? size : sizeof(fadt));
        table = see_table(fadt.x_dsdt ? fadt.x_dsdt : fadt.dsdt, &size);
    }
    if (table)
        visit(context, table, size);
}

static void visit_tables(uint64_t address, const char *signature, table_visit *visit, void *context)
{
    const struct zp_acpi_rsdp *seen = address ? stub_see(address, sizeof(*seen)) : NULL;
    struct zp_acpi_rsdp rsdp;
    const uint8_t *table;
    uint32_t size, step;

    if (!seen)
        return;
    memcpy(&rsdp, seen, sizeof(rsdp));
    step = rsdp.revision >= 2 && rsdp.xsdt_address ? 8 : 4;
    table = see_table(step == 8 ? rsdp.xsdt_address : rsdp.rsdt_address, &size);
    for (uint32_t i = 0, at = sizeof(struct zp_acpi_description_header);
         table && i < TABLES_MAX && at + step <= size; i++, at += step) {
        uint64_t entry = 0;

        memcpy(&entry, table + at, step);
        visit_entry(entry, signature, visit, context);
    }
}

static void look_in_dsdt(void *context, const uint8_t *table, uint32_t size)
{
    for (size_t i = sizeof(struct zp_acpi_description_header); i + sizeof(hid) <= size; i++)
        if (table[i] == hid[0] && memcmp(table + i, hid, sizeof(hid)) == 0)
            add_device(context, table + i, size - i < NEAR ? size - i : NEAR);
}

void fw_add_acpi(struct fw_virtio_bus *bus, uint64_t address)
{
    visit_tables(address, "FACP", look_in_dsdt, bus);
}

struct ecam {
    uint64_t base;
    uint8_t last_bus;
};

/* That of bus 0 of the first segment. */
static void look_in_mcfg(void *context, const uint8_t *table, uint32_t size)
{
    struct ecam *ecam = context;
    struct zp_acpi_mcfg_allocation entry;

    for (uint32_t at = sizeof(struct zp_acpi_mcfg); at + sizeof(entry) <= size; at += sizeof(entry)) {
        memcpy(&entry, table + at, sizeof(entry));
        if (entry.pci_segment_group_number || entry.start_bus_number || ecam->base)
            continue;
        ecam->base = entry.base_address;
        ecam->last_bus = entry.end_bus_number;
    }
}

/* Name (_CBA, number) or Method (_CBA) {Return (number)}, the number of 32 or 64 bits. */
static void look_for_cba(void *context, const uint8_t *table, uint32_t size)
{
    static const char name[4] = "_CBA";
    struct ecam *ecam = context;

    for (size_t i = sizeof(struct zp_acpi_description_header); i + 16 <= size && !ecam->base; i++) {
        const uint8_t *number = table + i + sizeof(name);

        if (table[i] != name[0] || memcmp(table + i, name, sizeof(name)) != 0)
            continue;
        if (number[1] == AML_RETURN)
            number += 2; /* behind a method's flags */
        if (*number == AML_DWORD || *number == AML_QWORD)
            ecam->base = word(number + 1);
        if (*number == AML_QWORD)
            ecam->base |= (uint64_t)word(number + 5) << 32;
    }
}

uint64_t fw_acpi_ecam(uint64_t rsdp, uint8_t *ret_last_bus)
{
    struct ecam ecam = {.last_bus = UINT8_MAX};

    visit_tables(rsdp, "MCFG", look_in_mcfg, &ecam);
    if (!ecam.base)
        visit_tables(rsdp, "FACP", look_for_cba, &ecam);
    *ret_last_bus = ecam.last_bus;
    return ecam.base;
}
