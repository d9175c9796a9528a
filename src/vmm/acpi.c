/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's ACPI tables, as one blob: receives what the engine's PC has, gives RSDP, FACS, RSDT, XSDT,
 * FADT, MADT and DSDT in that order, whose addresses and checksums are filled in when the plan has found the
 * blob a home. The RSDP stands first, so a blob at the start of the EBDA is found by scanning as well. ACPI
 * specification 6.4, section 5.2. The machine is in ACPI mode from the start (no SMI command port).
 */
#include "vmm.h"

#include <string.h>

#include <zeropage/wire/acpi.h>
#include <zeropage/wire/e820.h>

#include "dsdt_kvm.hex" /* unsigned char dsdt_kvm_aml_code[] */
#include "dsdt_pc.hex"

#define BLOB_ALIGN      1024
#define BLOB_LIMIT      0xa0000
#define LOCAL_APIC      UINT32_C(0xfee00000)
#define IO_APIC         UINT32_C(0xfec00000)
#define X2APIC_FIRST    255 /* from this APIC identity on, the short structure cannot tell it */
#define CMOS_CENTURY    0x32
#define NO_C2           101 /* microseconds that say so */
#define NO_C3           1001
#define LEVEL_HIGH      (ZP_ACPI_MPS_POLARITY_HIGH | ZP_ACPI_MPS_TRIGGER_LEVEL)
#define LAYOUT_ALIGN(x) (((x) + UINT64_C(15)) & ~UINT64_C(15))

/* Interrupts that PCI devices of QEMU's pc share with the ISA bus; the SCI is among them there. */
static const uint8_t pci_irqs[] = {5, 10, 11};

/* Where each table lies in the blob. */
struct layout {
    uint64_t facs, rsdt, xsdt, fadt, madt, dsdt, end;
};

static const unsigned char *dsdt_of(const struct zp_acpi_hardware *hardware, size_t *ret_size)
{
    if (hardware->has_pci) {
        *ret_size = sizeof(dsdt_pc_aml_code);
        return dsdt_pc_aml_code;
    }
    *ret_size = sizeof(dsdt_kvm_aml_code);
    return dsdt_kvm_aml_code;
}

static uint64_t madt_size(const struct zp_acpi_hardware *hardware)
{
    uint64_t cpus = hardware->cpus;
    uint64_t near = cpus < X2APIC_FIRST ? cpus : X2APIC_FIRST;
    uint64_t overrides = 2 + (hardware->has_pci ? sizeof(pci_irqs) : 0);

    return sizeof(struct zp_acpi_madt) + near * sizeof(struct zp_acpi_madt_local_apic) +
           (cpus - near) * sizeof(struct zp_acpi_madt_local_x2apic) + sizeof(struct zp_acpi_madt_io_apic) +
           overrides * sizeof(struct zp_acpi_madt_interrupt_source_override) +
           sizeof(struct zp_acpi_madt_local_apic_nmi);
}

static struct layout lay_out(const struct zp_acpi_hardware *hardware)
{
    struct layout at;
    size_t dsdt_size;

    dsdt_of(hardware, &dsdt_size);
    at.facs = 64; /* its alignment; the RSDP is shorter */
    at.rsdt = at.facs + sizeof(struct zp_acpi_facs);
    at.xsdt = LAYOUT_ALIGN(at.rsdt + sizeof(struct zp_acpi_rsdt) + 2 * sizeof(uint32_t));
    at.fadt = LAYOUT_ALIGN(at.xsdt + sizeof(struct zp_acpi_xsdt) + 2 * sizeof(uint64_t));
    at.madt = LAYOUT_ALIGN(at.fadt + sizeof(struct zp_acpi_fadt));
    at.dsdt = LAYOUT_ALIGN(at.madt + madt_size(hardware));
    /* Whole KiB, as the BIOS counts base memory: no crumb of RAM is left between the blob and the EBDA's KiB.
     */
    at.end = (at.dsdt + dsdt_size + 1023) & ~UINT64_C(1023);
    return at;
}

/* The byte that makes the sum of all 0. */
static uint8_t checksum(const void *table, size_t size)
{
    const uint8_t *byte = table;
    uint8_t sum = 0;

    while (size-- > 0)
        sum = (uint8_t)(sum + *byte++);
    return (uint8_t)-sum;
}

static struct zp_acpi_description_header header(const char *signature, uint64_t length, uint8_t revision)
{
    struct zp_acpi_description_header made = {
        .length = (uint32_t)length, .revision = revision, .oem_revision = 1, .creator_revision = 1};

    memcpy(made.signature, signature, sizeof(made.signature));
    memcpy(made.oemid, "ZEROPG", sizeof(made.oemid));
    memcpy(made.oem_table_id, "ZEROPAGE", sizeof(made.oem_table_id));
    memcpy(&made.creator_id, "ZERO", sizeof(made.creator_id));
    return made;
}

/* Sums up a table that begins with a header. */
static void seal(uint8_t *table)
{
    struct zp_acpi_description_header made;

    memcpy(&made, table, sizeof(made));
    made.checksum = 0;
    memcpy(table, &made, sizeof(made));
    made.checksum = checksum(table, made.length);
    memcpy(table, &made, sizeof(made));
}

static void put_rsdp(uint8_t *blob, uint64_t self, const struct layout *at)
{
    struct zp_acpi_rsdp rsdp = {.revision = 2,
                                .rsdt_address = (uint32_t)(self + at->rsdt),
                                .length = sizeof(rsdp),
                                .xsdt_address = self + at->xsdt};

    memcpy(rsdp.signature, ZP_ACPI_RSDP_SIGNATURE, sizeof(rsdp.signature));
    memcpy(rsdp.oemid, "ZEROPG", sizeof(rsdp.oemid));
    rsdp.checksum = checksum(&rsdp, ZP_ACPI_RSDP_V1_SIZE);
    rsdp.extended_checksum = checksum(&rsdp, ZP_ACPI_RSDP_V2_SIZE);
    memcpy(blob, &rsdp, sizeof(rsdp));
}

static void put_facs(uint8_t *to)
{
    struct zp_acpi_facs facs = {.length = sizeof(facs), .version = 2};

    memcpy(facs.signature, "FACS", sizeof(facs.signature));
    memcpy(to, &facs, sizeof(facs));
}

/* The RSDT serves kernels that read revision 1 alone. Both point to FADT and MADT; FADT has the others. */
static void put_roots(uint8_t *blob, uint64_t self, const struct layout *at)
{
    const uint32_t near[2] = {(uint32_t)(self + at->fadt), (uint32_t)(self + at->madt)};
    const uint64_t far[2] = {self + at->fadt, self + at->madt};
    struct zp_acpi_description_header made = header("RSDT", sizeof(made) + sizeof(near), 1);

    memcpy(blob + at->rsdt, &made, sizeof(made));
    memcpy(blob + at->rsdt + sizeof(made), near, sizeof(near));
    seal(blob + at->rsdt);
    made = header("XSDT", sizeof(made) + sizeof(far), 1);
    memcpy(blob + at->xsdt, &made, sizeof(made));
    memcpy(blob + at->xsdt + sizeof(made), far, sizeof(far));
    seal(blob + at->xsdt);
}

static struct zp_acpi_generic_address port(uint64_t number, uint8_t bytes)
{
    return (struct zp_acpi_generic_address){.address_space_id = ZP_ACPI_SPACE_SYSTEM_IO,
                                            .register_bit_width = (uint8_t)(8 * bytes),
                                            .access_size = bytes == 1   ? ZP_ACPI_ACCESS_BYTE
                                                           : bytes == 2 ? ZP_ACPI_ACCESS_WORD
                                                                        : ZP_ACPI_ACCESS_DWORD,
                                            .address = number};
}

static uint32_t fadt_flags(const struct zp_acpi_hardware *hardware)
{
    /* No sleep button, no wake-up by the clock; a 24-bit timer, which a longer one serves as well. */
    uint32_t flags =
        ZP_ACPI_FADT_WBINVD | ZP_ACPI_FADT_PROC_C1 | ZP_ACPI_FADT_SLP_BUTTON | ZP_ACPI_FADT_FIX_RTC;

    if (!hardware->has_pci)
        flags |= ZP_ACPI_FADT_PWR_BUTTON; /* set: there is none. QEMU's PIIX4 has one */
    if (hardware->reset_port)
        flags |= ZP_ACPI_FADT_RESET_REG_SUP;
    return flags;
}

static void put_fadt(uint8_t *blob, uint64_t self, const struct layout *at,
                     const struct zp_acpi_hardware *hardware)
{
    struct zp_acpi_fadt fadt = {
        .header = header("FACP", sizeof(fadt), 6),
        .firmware_ctrl = (uint32_t)(self + at->facs),
        .dsdt = (uint32_t)(self + at->dsdt),
        .sci_int = hardware->sci_irq,
        .pm1a_evt_blk = hardware->pm_base,
        .pm1a_cnt_blk = hardware->pm_base + 4u,
        .pm_tmr_blk = hardware->pm_base + 8u,
        .pm1_evt_len = 4,
        .pm1_cnt_len = 2,
        .pm_tmr_len = 4,
        .p_lvl2_lat = NO_C2,
        .p_lvl3_lat = NO_C3,
        .century = CMOS_CENTURY,
        .iapc_boot_arch = ZP_ACPI_IAPC_LEGACY_DEVICES | ZP_ACPI_IAPC_NO_VGA,
        .flags = fadt_flags(hardware),
        .x_dsdt = self + at->dsdt,
        .x_pm1a_evt_blk = port(hardware->pm_base, 4),
        .x_pm1a_cnt_blk = port(hardware->pm_base + 4u, 2),
        .x_pm_tmr_blk = port(hardware->pm_base + 8u, 4),
    };

    fadt.x_pm1a_evt_blk.access_size = ZP_ACPI_ACCESS_WORD; /* status and enable are words */
    if (hardware->has_pci)
        fadt.iapc_boot_arch |= ZP_ACPI_IAPC_8042;
    if (hardware->reset_port) {
        fadt.reset_reg = port(hardware->reset_port, 1);
        fadt.reset_value = hardware->reset_value;
    }
    memcpy(blob + at->fadt, &fadt, sizeof(fadt));
    seal(blob + at->fadt);
}

static uint8_t *append(uint8_t *to, const void *bytes, size_t size)
{
    memcpy(to, bytes, size);
    return to + size;
}

static uint8_t *append_cpu(uint8_t *to, uint32_t cpu)
{
    const struct zp_acpi_madt_local_apic near = {.type = ZP_ACPI_MADT_LOCAL_APIC,
                                                 .length = sizeof(near),
                                                 .acpi_processor_uid = (uint8_t)cpu,
                                                 .apic_id = (uint8_t)cpu,
                                                 .flags = ZP_ACPI_MADT_ENABLED};
    const struct zp_acpi_madt_local_x2apic far = {.type = ZP_ACPI_MADT_LOCAL_X2APIC,
                                                  .length = sizeof(far),
                                                  .x2apic_id = cpu,
                                                  .flags = ZP_ACPI_MADT_ENABLED,
                                                  .acpi_processor_uid = cpu};

    return cpu < X2APIC_FIRST ? append(to, &near, sizeof(near)) : append(to, &far, sizeof(far));
}

static uint8_t *append_override(uint8_t *to, unsigned irq, uint32_t gsi, uint16_t flags)
{
    const struct zp_acpi_madt_interrupt_source_override made = {.type =
                                                                    ZP_ACPI_MADT_INTERRUPT_SOURCE_OVERRIDE,
                                                                .length = sizeof(made),
                                                                .source = (uint8_t)irq,
                                                                .global_system_interrupt = gsi,
                                                                .flags = flags};

    return append(to, &made, sizeof(made));
}

static void put_madt(uint8_t *blob, const struct layout *at, const struct zp_acpi_hardware *hardware)
{
    const struct zp_acpi_madt madt = {.header = header("APIC", madt_size(hardware), 5),
                                      .local_interrupt_controller_address = LOCAL_APIC,
                                      .flags = ZP_ACPI_MADT_PCAT_COMPAT};
    const struct zp_acpi_madt_io_apic io_apic = {
        .type = ZP_ACPI_MADT_IO_APIC, .length = sizeof(io_apic), .io_apic_address = IO_APIC};
    const struct zp_acpi_madt_local_apic_nmi nmi = {.type = ZP_ACPI_MADT_LOCAL_APIC_NMI,
                                                    .length = sizeof(nmi),
                                                    .acpi_processor_uid = ZP_ACPI_MADT_ALL_PROCESSORS,
                                                    .local_apic_lint = 1};
    uint8_t *to = append(blob + at->madt, &madt, sizeof(madt));

    for (uint32_t cpu = 0; cpu < hardware->cpus; cpu++)
        to = append_cpu(to, cpu);
    to = append(to, &io_apic, sizeof(io_apic));
    to = append_override(to, 0, 2, 0); /* the PIT is wired to pin 2 */
    to = append_override(to, hardware->sci_irq, hardware->sci_irq, LEVEL_HIGH);
    for (size_t i = 0; hardware->has_pci && i < sizeof(pci_irqs); i++)
        to = append_override(to, pci_irqs[i], pci_irqs[i], LEVEL_HIGH);
    append(to, &nmi, sizeof(nmi));
    seal(blob + at->madt);
}

/* Gives Name(NAME, dword) of the table a new value. Each stands there once; a test holds us to it. */
static void patch(uint8_t *aml, size_t size, const char *name, uint32_t value)
{
    uint8_t wanted[6] = {0x08, 0, 0, 0, 0, 0x0c}; /* NameOp, four letters, DWordPrefix */

    memcpy(wanted + 1, name, 4);
    for (size_t i = 0; i + sizeof(wanted) + sizeof(value) <= size; i++) {
        if (memcmp(aml + i, wanted, sizeof(wanted)) == 0) {
            memcpy(aml + i + sizeof(wanted), &value, sizeof(value));
            return;
        }
    }
}

static void put_dsdt(uint8_t *blob, const struct layout *at, const struct zp_acpi_hardware *hardware)
{
    size_t size;
    const unsigned char *aml = dsdt_of(hardware, &size);

    memcpy(blob + at->dsdt, aml, size);
    if (hardware->has_pci) {
        patch(blob + at->dsdt, size, "PCIS", (uint32_t)hardware->pci_hole_start);
        patch(blob + at->dsdt, size, "PCIL", (uint32_t)(hardware->pci_hole_end - 1));
    }
    seal(blob + at->dsdt);
}

static int fill(void *context, zp_gpa self, void *buffer, uint64_t size)
{
    const struct zp_acpi *acpi = context;
    const struct layout at = lay_out(&acpi->hardware);
    uint8_t *blob = buffer;

    if (size != at.end || self.value > BLOB_LIMIT)
        return -1;
    memset(blob, 0, size);
    put_rsdp(blob, self.value, &at);
    put_facs(blob + at.facs);
    put_roots(blob, self.value, &at);
    put_fadt(blob, self.value, &at, &acpi->hardware);
    put_madt(blob, &at, &acpi->hardware);
    put_dsdt(blob, &at, &acpi->hardware);
    return 0;
}

void zp_acpi_blob(struct zp_acpi *acpi, const struct zp_acpi_hardware *hardware, struct zp_blob *ret_blob)
{
    acpi->hardware = *hardware;
    *ret_blob = (struct zp_blob){.size = lay_out(hardware).end,
                                 .align = BLOB_ALIGN,
                                 .limit = {BLOB_LIMIT},
                                 .e820_type = ZP_E820_ACPI,
                                 .role = ZP_BLOB_ACPI,
                                 .where = ZP_BLOB_HIGH,
                                 .fill = fill,
                                 .context = acpi};
}
