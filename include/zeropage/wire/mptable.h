/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mptable.h - processors and interrupts of a PC without ACPI.
 *
 * Layouts of Intel's MultiProcessor Specification 1.4, chapter 4 "MP
 * Configuration Table". The floating pointer is sought at multiples of 16 in
 * the first KiB of the EBDA, the last KiB of base memory and the BIOS ROM. Both
 * checksums make their bytes sum to 0. Member names are the specification's in
 * lower case, words joined by underscores.
 */
#ifndef ZEROPAGE_WIRE_MPTABLE_H
#define ZEROPAGE_WIRE_MPTABLE_H

#define ZP_MP_FLOATING_POINTER_SIGNATURE 0x5f504d5f /* "_MP_" */
#define ZP_MP_CONFIG_TABLE_SIGNATURE     0x504d4350 /* "PCMP" */
#define ZP_MP_SPEC_REV_1_4               4

/* mp_floating_pointer.mp_feature_information[1] */
#define ZP_MP_FEATURE_IMCRP 0x80 /* PIC mode, with an IMCR */

/* entry_type */
#define ZP_MP_ENTRY_PROCESSOR       0
#define ZP_MP_ENTRY_BUS             1
#define ZP_MP_ENTRY_IO_APIC         2
#define ZP_MP_ENTRY_IO_INTERRUPT    3
#define ZP_MP_ENTRY_LOCAL_INTERRUPT 4

/* mp_processor_entry.cpu_flags */
#define ZP_MP_CPU_EN 0x01 /* usable */
#define ZP_MP_CPU_BP 0x02 /* the bootstrap processor */

/* mp_io_apic_entry.io_apic_flags */
#define ZP_MP_IO_APIC_EN 0x01 /* usable */

/* interrupt_type */
#define ZP_MP_INTERRUPT_INT    0
#define ZP_MP_INTERRUPT_NMI    1
#define ZP_MP_INTERRUPT_SMI    2
#define ZP_MP_INTERRUPT_EXTINT 3

/* io_interrupt_flag and local_interrupt_flag */
#define ZP_MP_INTERRUPT_PO_BUS   0x0000 /* polarity as the bus has it */
#define ZP_MP_INTERRUPT_PO_HIGH  0x0001
#define ZP_MP_INTERRUPT_PO_LOW   0x0003
#define ZP_MP_INTERRUPT_EL_BUS   0x0000 /* trigger mode as the bus has it */
#define ZP_MP_INTERRUPT_EL_EDGE  0x0004
#define ZP_MP_INTERRUPT_EL_LEVEL 0x000c

#define ZP_MP_DESTINATION_ALL 0xff /* every APIC */

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#include <zeropage/static_assert.h>

struct zp_mp_floating_pointer {
    char signature[4];                 /* "_MP_" */
    uint32_t physical_address_pointer; /* mp_config_table_header */
    uint8_t length;                    /* 1, in units of 16 bytes */
    uint8_t spec_rev;                  /* ZP_MP_SPEC_REV_1_4 */
    uint8_t checksum;                  /* over this structure */
    uint8_t mp_feature_information[5];
};

static_assert(offsetof(struct zp_mp_floating_pointer, signature) == 0, "signature");
static_assert(offsetof(struct zp_mp_floating_pointer, physical_address_pointer) == 4,
              "physical_address_pointer");
static_assert(offsetof(struct zp_mp_floating_pointer, length) == 8, "length");
static_assert(offsetof(struct zp_mp_floating_pointer, spec_rev) == 9, "spec_rev");
static_assert(offsetof(struct zp_mp_floating_pointer, checksum) == 10, "checksum");
static_assert(offsetof(struct zp_mp_floating_pointer, mp_feature_information) == 11,
              "mp_feature_information");
static_assert(sizeof(struct zp_mp_floating_pointer) == 16, "size of mp_floating_pointer");

/* The entries follow, by type: processors first */
struct zp_mp_config_table_header {
    char signature[4];          /* "PCMP" */
    uint16_t base_table_length; /* bytes, with this header */
    uint8_t spec_rev;           /* ZP_MP_SPEC_REV_1_4 */
    uint8_t checksum;           /* over base_table_length bytes */
    char oem_id[8];             /* space-padded */
    char product_id[12];        /* space-padded */
    uint32_t oem_table_pointer;
    uint16_t oem_table_size; /* bytes */
    uint16_t entry_count;
    uint32_t address_of_local_apic;
    uint16_t extended_table_length; /* bytes */
    uint8_t extended_table_checksum;
    uint8_t reserved;
};

static_assert(offsetof(struct zp_mp_config_table_header, signature) == 0, "signature");
static_assert(offsetof(struct zp_mp_config_table_header, base_table_length) == 4, "base_table_length");
static_assert(offsetof(struct zp_mp_config_table_header, spec_rev) == 6, "spec_rev");
static_assert(offsetof(struct zp_mp_config_table_header, checksum) == 7, "checksum");
static_assert(offsetof(struct zp_mp_config_table_header, oem_id) == 8, "oem_id");
static_assert(offsetof(struct zp_mp_config_table_header, product_id) == 16, "product_id");
static_assert(offsetof(struct zp_mp_config_table_header, oem_table_pointer) == 28, "oem_table_pointer");
static_assert(offsetof(struct zp_mp_config_table_header, oem_table_size) == 32, "oem_table_size");
static_assert(offsetof(struct zp_mp_config_table_header, entry_count) == 34, "entry_count");
static_assert(offsetof(struct zp_mp_config_table_header, address_of_local_apic) == 36,
              "address_of_local_apic");
static_assert(offsetof(struct zp_mp_config_table_header, extended_table_length) == 40,
              "extended_table_length");
static_assert(offsetof(struct zp_mp_config_table_header, extended_table_checksum) == 42,
              "extended_table_checksum");
static_assert(offsetof(struct zp_mp_config_table_header, reserved) == 43, "reserved");
static_assert(sizeof(struct zp_mp_config_table_header) == 44, "size of mp_config_table_header");

struct zp_mp_processor_entry {
    uint8_t entry_type; /* ZP_MP_ENTRY_PROCESSOR */
    uint8_t local_apic_id;
    uint8_t local_apic_version;
    uint8_t cpu_flags;      /* ZP_MP_CPU_* */
    uint32_t cpu_signature; /* CPUID leaf 1, EAX */
    uint32_t feature_flags; /* CPUID leaf 1, EDX */
    uint32_t reserved[2];
};

static_assert(offsetof(struct zp_mp_processor_entry, entry_type) == 0, "entry_type");
static_assert(offsetof(struct zp_mp_processor_entry, local_apic_id) == 1, "local_apic_id");
static_assert(offsetof(struct zp_mp_processor_entry, local_apic_version) == 2, "local_apic_version");
static_assert(offsetof(struct zp_mp_processor_entry, cpu_flags) == 3, "cpu_flags");
static_assert(offsetof(struct zp_mp_processor_entry, cpu_signature) == 4, "cpu_signature");
static_assert(offsetof(struct zp_mp_processor_entry, feature_flags) == 8, "feature_flags");
static_assert(offsetof(struct zp_mp_processor_entry, reserved) == 12, "reserved");
static_assert(sizeof(struct zp_mp_processor_entry) == 20, "size of mp_processor_entry");

struct zp_mp_bus_entry {
    uint8_t entry_type; /* ZP_MP_ENTRY_BUS */
    uint8_t bus_id;
    char bus_type_string[6]; /* "ISA   ", "PCI   " */
};

static_assert(offsetof(struct zp_mp_bus_entry, entry_type) == 0, "entry_type");
static_assert(offsetof(struct zp_mp_bus_entry, bus_id) == 1, "bus_id");
static_assert(offsetof(struct zp_mp_bus_entry, bus_type_string) == 2, "bus_type_string");
static_assert(sizeof(struct zp_mp_bus_entry) == 8, "size of mp_bus_entry");

struct zp_mp_io_apic_entry {
    uint8_t entry_type; /* ZP_MP_ENTRY_IO_APIC */
    uint8_t io_apic_id;
    uint8_t io_apic_version;
    uint8_t io_apic_flags; /* ZP_MP_IO_APIC_EN */
    uint32_t io_apic_address;
};

static_assert(offsetof(struct zp_mp_io_apic_entry, entry_type) == 0, "entry_type");
static_assert(offsetof(struct zp_mp_io_apic_entry, io_apic_id) == 1, "io_apic_id");
static_assert(offsetof(struct zp_mp_io_apic_entry, io_apic_version) == 2, "io_apic_version");
static_assert(offsetof(struct zp_mp_io_apic_entry, io_apic_flags) == 3, "io_apic_flags");
static_assert(offsetof(struct zp_mp_io_apic_entry, io_apic_address) == 4, "io_apic_address");
static_assert(sizeof(struct zp_mp_io_apic_entry) == 8, "size of mp_io_apic_entry");

struct zp_mp_io_interrupt_entry {
    uint8_t entry_type;     /* ZP_MP_ENTRY_IO_INTERRUPT */
    uint8_t interrupt_type; /* ZP_MP_INTERRUPT_* */
    uint16_t io_interrupt_flag;
    uint8_t source_bus_id;
    uint8_t source_bus_irq; /* on PCI: device << 2 | pin */
    uint8_t destination_io_apic_id;
    uint8_t destination_io_apic_intin;
};

static_assert(offsetof(struct zp_mp_io_interrupt_entry, entry_type) == 0, "entry_type");
static_assert(offsetof(struct zp_mp_io_interrupt_entry, interrupt_type) == 1, "interrupt_type");
static_assert(offsetof(struct zp_mp_io_interrupt_entry, io_interrupt_flag) == 2, "io_interrupt_flag");
static_assert(offsetof(struct zp_mp_io_interrupt_entry, source_bus_id) == 4, "source_bus_id");
static_assert(offsetof(struct zp_mp_io_interrupt_entry, source_bus_irq) == 5, "source_bus_irq");
static_assert(offsetof(struct zp_mp_io_interrupt_entry, destination_io_apic_id) == 6,
              "destination_io_apic_id");
static_assert(offsetof(struct zp_mp_io_interrupt_entry, destination_io_apic_intin) == 7,
              "destination_io_apic_intin");
static_assert(sizeof(struct zp_mp_io_interrupt_entry) == 8, "size of mp_io_interrupt_entry");

struct zp_mp_local_interrupt_entry {
    uint8_t entry_type;     /* ZP_MP_ENTRY_LOCAL_INTERRUPT */
    uint8_t interrupt_type; /* ZP_MP_INTERRUPT_* */
    uint16_t local_interrupt_flag;
    uint8_t source_bus_id;
    uint8_t source_bus_irq;
    uint8_t destination_local_apic_id;
    uint8_t destination_local_apic_lintin;
};

static_assert(offsetof(struct zp_mp_local_interrupt_entry, entry_type) == 0, "entry_type");
static_assert(offsetof(struct zp_mp_local_interrupt_entry, interrupt_type) == 1, "interrupt_type");
static_assert(offsetof(struct zp_mp_local_interrupt_entry, local_interrupt_flag) == 2,
              "local_interrupt_flag");
static_assert(offsetof(struct zp_mp_local_interrupt_entry, source_bus_id) == 4, "source_bus_id");
static_assert(offsetof(struct zp_mp_local_interrupt_entry, source_bus_irq) == 5, "source_bus_irq");
static_assert(offsetof(struct zp_mp_local_interrupt_entry, destination_local_apic_id) == 6,
              "destination_local_apic_id");
static_assert(offsetof(struct zp_mp_local_interrupt_entry, destination_local_apic_lintin) == 7,
              "destination_local_apic_lintin");
static_assert(sizeof(struct zp_mp_local_interrupt_entry) == 8, "size of mp_local_interrupt_entry");

#endif /* !__ASSEMBLER__ */

#endif
