/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio devices behind registers in memory, as ACPI tells of them: devices whose _HID is "LNRO0005" and
 * whose _CRS has one range of memory and one interrupt. The AML around them is not run: behind the name the
 * two descriptors are sought as they are stored (ACPI 6.5, 6.4.3.4 "32-Bit Fixed Memory Range
 * Descriptor", 6.4.3.6 "Extended Interrupt Descriptor"). Tables may be an enemy's; the driver asks each
 * address whether it is a virtio device at all.
 */
#include <zeropage/wire/acpi.h>

#include "../../core/checked.h"
#include "disks.h"

#define TABLE_MAX  (UINT32_C(1) << 20)
#define TABLES_MAX 64u
#define NEAR       96u /* bytes of AML in which a device's descriptors are */

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
    const struct zp_acpi_description_header *header = address ? stub_see(address, sizeof(*header)) : NULL;

    if (!header || header->length < sizeof(*header) || header->length > TABLE_MAX)
        return NULL;
    *ret_size = header->length;
    return stub_see(address, header->length);
}

static void look_in(struct fw_virtio_bus *bus, uint64_t address)
{
    uint32_t size;
    const uint8_t *table = see_table(address, &size);

    for (size_t i = sizeof(struct zp_acpi_description_header); table && i + sizeof(hid) <= size; i++)
        if (memcmp(table + i, hid, sizeof(hid)) == 0)
            add_device(bus, table + i, size - i < NEAR ? size - i : NEAR);
}

/* The DSDT, which the FADT tells of. */
static void look_in_fadt(struct fw_virtio_bus *bus, uint64_t address)
{
    uint32_t size, dsdt;
    const uint8_t *fadt = see_table(address, &size);
    const size_t at = offsetof(struct zp_acpi_fadt, dsdt);

    if (!fadt || memcmp(fadt, "FACP", 4) != 0 || size < at + sizeof(dsdt))
        return;
    memcpy(&dsdt, fadt + at, sizeof(dsdt));
    look_in(bus, dsdt);
}

void fw_add_acpi(struct fw_virtio_bus *bus, uint64_t address)
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
        look_in_fadt(bus, entry);
    }
}
