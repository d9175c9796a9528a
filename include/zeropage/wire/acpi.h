/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * acpi.h - the ACPI tables by which a kernel finds CPUs, APICs and power-off.
 *
 * Layouts of the ACPI Specification 6.4, sections 5.2.3 (generic address
 * structure), 5.2.5 (RSDP), 5.2.6 to 5.2.8 (headers, RSDT, XSDT), 5.2.9 (FADT),
 * 5.2.10 (FACS) and 5.2.12 (MADT); MCFG is of the PCI Firmware Specification
 * 3.3, section 4.1.2. Checksums make their bytes sum to 0. Member names are the
 * specification's in lower case, words joined by underscores.
 */
#ifndef ZEROPAGE_WIRE_ACPI_H
#define ZEROPAGE_WIRE_ACPI_H

#define ZP_ACPI_RSDP_SIGNATURE "RSD PTR " /* eight bytes, at a multiple of 16 */
#define ZP_ACPI_RSDP_ALIGN     16
#define ZP_ACPI_RSDP_V1_SIZE   20 /* what checksum covers */
#define ZP_ACPI_RSDP_V2_SIZE   36 /* what extended_checksum covers */

/* acpi_generic_address.address_space_id */
#define ZP_ACPI_SPACE_SYSTEM_MEMORY 0
#define ZP_ACPI_SPACE_SYSTEM_IO     1
#define ZP_ACPI_SPACE_PCI_CONFIG    2

/* acpi_generic_address.access_size */
#define ZP_ACPI_ACCESS_UNDEFINED 0
#define ZP_ACPI_ACCESS_BYTE      1
#define ZP_ACPI_ACCESS_WORD      2
#define ZP_ACPI_ACCESS_DWORD     3
#define ZP_ACPI_ACCESS_QWORD     4

/* acpi_fadt.flags */
#define ZP_ACPI_FADT_WBINVD            0x00000001
#define ZP_ACPI_FADT_WBINVD_FLUSH      0x00000002
#define ZP_ACPI_FADT_PROC_C1           0x00000004
#define ZP_ACPI_FADT_P_LVL2_UP         0x00000008
#define ZP_ACPI_FADT_PWR_BUTTON        0x00000010 /* no fixed power button */
#define ZP_ACPI_FADT_SLP_BUTTON        0x00000020 /* no fixed sleep button */
#define ZP_ACPI_FADT_FIX_RTC           0x00000040
#define ZP_ACPI_FADT_RTC_S4            0x00000080
#define ZP_ACPI_FADT_TMR_VAL_EXT       0x00000100 /* 32-bit timer, else 24 */
#define ZP_ACPI_FADT_RESET_REG_SUP     0x00000400
#define ZP_ACPI_FADT_HEADLESS          0x00001000
#define ZP_ACPI_FADT_HW_REDUCED_ACPI   0x00100000
#define ZP_ACPI_FADT_LOW_POWER_S0_IDLE 0x00200000

/* acpi_fadt.iapc_boot_arch */
#define ZP_ACPI_IAPC_LEGACY_DEVICES 0x0001
#define ZP_ACPI_IAPC_8042           0x0002
#define ZP_ACPI_IAPC_NO_VGA         0x0004
#define ZP_ACPI_IAPC_NO_MSI         0x0008
#define ZP_ACPI_IAPC_NO_ASPM        0x0010
#define ZP_ACPI_IAPC_NO_CMOS_RTC    0x0020

/* PM1 status and enable, control */
#define ZP_ACPI_PM1_TMR               0x0001
#define ZP_ACPI_PM1_GBL               0x0020
#define ZP_ACPI_PM1_PWRBTN            0x0100
#define ZP_ACPI_PM1_SLPBTN            0x0200
#define ZP_ACPI_PM1_RTC               0x0400
#define ZP_ACPI_PM1_WAK_STS           0x8000
#define ZP_ACPI_PM1_CNT_SCI_EN        0x0001
#define ZP_ACPI_PM1_CNT_SLP_TYP_SHIFT 10
#define ZP_ACPI_PM1_CNT_SLP_TYP       0x1c00
#define ZP_ACPI_PM1_CNT_SLP_EN        0x2000

/* SLEEP_CONTROL_REG */
#define ZP_ACPI_SLEEP_CONTROL_SLP_TYP_SHIFT 2
#define ZP_ACPI_SLEEP_CONTROL_SLP_TYP       0x1c
#define ZP_ACPI_SLEEP_CONTROL_SLP_EN        0x20

/* acpi_madt.flags */
#define ZP_ACPI_MADT_PCAT_COMPAT 0x00000001 /* two 8259s are there as well */

/* acpi_madt_structure.type */
#define ZP_ACPI_MADT_LOCAL_APIC                  0
#define ZP_ACPI_MADT_IO_APIC                     1
#define ZP_ACPI_MADT_INTERRUPT_SOURCE_OVERRIDE   2
#define ZP_ACPI_MADT_NMI_SOURCE                  3
#define ZP_ACPI_MADT_LOCAL_APIC_NMI              4
#define ZP_ACPI_MADT_LOCAL_APIC_ADDRESS_OVERRIDE 5
#define ZP_ACPI_MADT_LOCAL_X2APIC                9
#define ZP_ACPI_MADT_LOCAL_X2APIC_NMI            10

/* acpi_madt_local_apic.flags */
#define ZP_ACPI_MADT_ENABLED        0x00000001
#define ZP_ACPI_MADT_ONLINE_CAPABLE 0x00000002

/* MPS INTI flags of overrides and NMIs */
#define ZP_ACPI_MPS_POLARITY_BUS  0x0000
#define ZP_ACPI_MPS_POLARITY_HIGH 0x0001
#define ZP_ACPI_MPS_POLARITY_LOW  0x0003
#define ZP_ACPI_MPS_TRIGGER_BUS   0x0000
#define ZP_ACPI_MPS_TRIGGER_EDGE  0x0004
#define ZP_ACPI_MPS_TRIGGER_LEVEL 0x000c

/* acpi_processor_uid of an NMI that every processor gets */
#define ZP_ACPI_MADT_ALL_PROCESSORS 0xff

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#include <zeropage/static_assert.h>

/* A register, by address space */
struct zp_acpi_generic_address {
    uint8_t address_space_id; /* ZP_ACPI_SPACE_* */
    uint8_t register_bit_width;
    uint8_t register_bit_offset;
    uint8_t access_size; /* ZP_ACPI_ACCESS_* */
    uint64_t address;
} __attribute__((packed));

static_assert(offsetof(struct zp_acpi_generic_address, address_space_id) == 0, "address_space_id");
static_assert(offsetof(struct zp_acpi_generic_address, register_bit_width) == 1, "register_bit_width");
static_assert(offsetof(struct zp_acpi_generic_address, register_bit_offset) == 2, "register_bit_offset");
static_assert(offsetof(struct zp_acpi_generic_address, access_size) == 3, "access_size");
static_assert(offsetof(struct zp_acpi_generic_address, address) == 4, "address");
static_assert(sizeof(struct zp_acpi_generic_address) == 12, "size of acpi_generic_address");

/* Root pointer; revision 0 ends before length */
struct zp_acpi_rsdp {
    char signature[8]; /* ZP_ACPI_RSDP_SIGNATURE */
    uint8_t checksum;  /* over the first 20 bytes */
    char oemid[6];
    uint8_t revision; /* 2 */
    uint32_t rsdt_address;
    uint32_t length; /* bytes */
    uint64_t xsdt_address;
    uint8_t extended_checksum; /* over length bytes */
    uint8_t reserved[3];
} __attribute__((packed));

static_assert(offsetof(struct zp_acpi_rsdp, signature) == 0, "signature");
static_assert(offsetof(struct zp_acpi_rsdp, checksum) == 8, "checksum");
static_assert(offsetof(struct zp_acpi_rsdp, oemid) == 9, "oemid");
static_assert(offsetof(struct zp_acpi_rsdp, revision) == 15, "revision");
static_assert(offsetof(struct zp_acpi_rsdp, rsdt_address) == 16, "rsdt_address");
static_assert(offsetof(struct zp_acpi_rsdp, length) == 20, "length");
static_assert(offsetof(struct zp_acpi_rsdp, xsdt_address) == 24, "xsdt_address");
static_assert(offsetof(struct zp_acpi_rsdp, extended_checksum) == 32, "extended_checksum");
static_assert(offsetof(struct zp_acpi_rsdp, reserved) == 33, "reserved");
static_assert(sizeof(struct zp_acpi_rsdp) == 36, "size of acpi_rsdp");

/* How each table but FACS starts */
struct zp_acpi_description_header {
    char signature[4];
    uint32_t length; /* bytes, with this header */
    uint8_t revision;
    uint8_t checksum; /* over length bytes */
    char oemid[6];
    char oem_table_id[8];
    uint32_t oem_revision;
    uint32_t creator_id;
    uint32_t creator_revision;
};

static_assert(offsetof(struct zp_acpi_description_header, signature) == 0, "signature");
static_assert(offsetof(struct zp_acpi_description_header, length) == 4, "length");
static_assert(offsetof(struct zp_acpi_description_header, revision) == 8, "revision");
static_assert(offsetof(struct zp_acpi_description_header, checksum) == 9, "checksum");
static_assert(offsetof(struct zp_acpi_description_header, oemid) == 10, "oemid");
static_assert(offsetof(struct zp_acpi_description_header, oem_table_id) == 16, "oem_table_id");
static_assert(offsetof(struct zp_acpi_description_header, oem_revision) == 24, "oem_revision");
static_assert(offsetof(struct zp_acpi_description_header, creator_id) == 28, "creator_id");
static_assert(offsetof(struct zp_acpi_description_header, creator_revision) == 32, "creator_revision");
static_assert(sizeof(struct zp_acpi_description_header) == 36, "size of acpi_description_header");

/* 32-bit table pointers */
struct zp_acpi_rsdt {
    struct zp_acpi_description_header header; /* "RSDT", revision 1 */
    __extension__ uint32_t entry[];
};

static_assert(offsetof(struct zp_acpi_rsdt, header) == 0, "header");
static_assert(offsetof(struct zp_acpi_rsdt, entry) == 36, "entry");
static_assert(sizeof(struct zp_acpi_rsdt) == 36, "size of acpi_rsdt");

/* 64-bit table pointers, not aligned */
struct zp_acpi_xsdt {
    struct zp_acpi_description_header header; /* "XSDT", revision 1 */
    __extension__ uint64_t entry[];
} __attribute__((packed));

static_assert(offsetof(struct zp_acpi_xsdt, header) == 0, "header");
static_assert(offsetof(struct zp_acpi_xsdt, entry) == 36, "entry");
static_assert(sizeof(struct zp_acpi_xsdt) == 36, "size of acpi_xsdt");

/* Fixed hardware; lengths are in bytes, latencies in microseconds */
struct zp_acpi_fadt {
    struct zp_acpi_description_header header; /* "FACP", revision 6 */
    uint32_t firmware_ctrl;                   /* FACS, when x_firmware_ctrl is 0 */
    uint32_t dsdt;                            /* when x_dsdt is 0 */
    uint8_t reserved0;
    uint8_t preferred_pm_profile;
    uint16_t sci_int; /* global system interrupt */
    uint32_t smi_cmd; /* port, 0: always in ACPI mode */
    uint8_t acpi_enable;
    uint8_t acpi_disable;
    uint8_t s4bios_req;
    uint8_t pstate_cnt;
    uint32_t pm1a_evt_blk; /* port */
    uint32_t pm1b_evt_blk; /* port */
    uint32_t pm1a_cnt_blk; /* port */
    uint32_t pm1b_cnt_blk; /* port */
    uint32_t pm2_cnt_blk;  /* port */
    uint32_t pm_tmr_blk;   /* port */
    uint32_t gpe0_blk;     /* port */
    uint32_t gpe1_blk;     /* port */
    uint8_t pm1_evt_len;
    uint8_t pm1_cnt_len;
    uint8_t pm2_cnt_len;
    uint8_t pm_tmr_len;
    uint8_t gpe0_blk_len;
    uint8_t gpe1_blk_len;
    uint8_t gpe1_base;
    uint8_t cst_cnt;
    uint16_t p_lvl2_lat; /* above 100: no C2 */
    uint16_t p_lvl3_lat; /* above 1000: no C3 */
    uint16_t flush_size;
    uint16_t flush_stride;
    uint8_t duty_offset;
    uint8_t duty_width;
    uint8_t day_alrm;
    uint8_t mon_alrm;
    uint8_t century;         /* CMOS index */
    uint16_t iapc_boot_arch; /* ZP_ACPI_IAPC_* */
    uint8_t reserved1;
    uint32_t flags; /* ZP_ACPI_FADT_* */
    struct zp_acpi_generic_address reset_reg;
    uint8_t reset_value;
    uint16_t arm_boot_arch;
    uint8_t fadt_minor_version;
    uint64_t x_firmware_ctrl;
    uint64_t x_dsdt;
    struct zp_acpi_generic_address x_pm1a_evt_blk;
    struct zp_acpi_generic_address x_pm1b_evt_blk;
    struct zp_acpi_generic_address x_pm1a_cnt_blk;
    struct zp_acpi_generic_address x_pm1b_cnt_blk;
    struct zp_acpi_generic_address x_pm2_cnt_blk;
    struct zp_acpi_generic_address x_pm_tmr_blk;
    struct zp_acpi_generic_address x_gpe0_blk;
    struct zp_acpi_generic_address x_gpe1_blk;
    struct zp_acpi_generic_address sleep_control_reg;
    struct zp_acpi_generic_address sleep_status_reg;
    uint64_t hypervisor_vendor_identity;
} __attribute__((packed));

static_assert(offsetof(struct zp_acpi_fadt, header) == 0, "header");
static_assert(offsetof(struct zp_acpi_fadt, firmware_ctrl) == 36, "firmware_ctrl");
static_assert(offsetof(struct zp_acpi_fadt, dsdt) == 40, "dsdt");
static_assert(offsetof(struct zp_acpi_fadt, reserved0) == 44, "reserved0");
static_assert(offsetof(struct zp_acpi_fadt, preferred_pm_profile) == 45, "preferred_pm_profile");
static_assert(offsetof(struct zp_acpi_fadt, sci_int) == 46, "sci_int");
static_assert(offsetof(struct zp_acpi_fadt, smi_cmd) == 48, "smi_cmd");
static_assert(offsetof(struct zp_acpi_fadt, acpi_enable) == 52, "acpi_enable");
static_assert(offsetof(struct zp_acpi_fadt, acpi_disable) == 53, "acpi_disable");
static_assert(offsetof(struct zp_acpi_fadt, s4bios_req) == 54, "s4bios_req");
static_assert(offsetof(struct zp_acpi_fadt, pstate_cnt) == 55, "pstate_cnt");
static_assert(offsetof(struct zp_acpi_fadt, pm1a_evt_blk) == 56, "pm1a_evt_blk");
static_assert(offsetof(struct zp_acpi_fadt, pm1b_evt_blk) == 60, "pm1b_evt_blk");
static_assert(offsetof(struct zp_acpi_fadt, pm1a_cnt_blk) == 64, "pm1a_cnt_blk");
static_assert(offsetof(struct zp_acpi_fadt, pm1b_cnt_blk) == 68, "pm1b_cnt_blk");
static_assert(offsetof(struct zp_acpi_fadt, pm2_cnt_blk) == 72, "pm2_cnt_blk");
static_assert(offsetof(struct zp_acpi_fadt, pm_tmr_blk) == 76, "pm_tmr_blk");
static_assert(offsetof(struct zp_acpi_fadt, gpe0_blk) == 80, "gpe0_blk");
static_assert(offsetof(struct zp_acpi_fadt, gpe1_blk) == 84, "gpe1_blk");
static_assert(offsetof(struct zp_acpi_fadt, pm1_evt_len) == 88, "pm1_evt_len");
static_assert(offsetof(struct zp_acpi_fadt, pm1_cnt_len) == 89, "pm1_cnt_len");
static_assert(offsetof(struct zp_acpi_fadt, pm2_cnt_len) == 90, "pm2_cnt_len");
static_assert(offsetof(struct zp_acpi_fadt, pm_tmr_len) == 91, "pm_tmr_len");
static_assert(offsetof(struct zp_acpi_fadt, gpe0_blk_len) == 92, "gpe0_blk_len");
static_assert(offsetof(struct zp_acpi_fadt, gpe1_blk_len) == 93, "gpe1_blk_len");
static_assert(offsetof(struct zp_acpi_fadt, gpe1_base) == 94, "gpe1_base");
static_assert(offsetof(struct zp_acpi_fadt, cst_cnt) == 95, "cst_cnt");
static_assert(offsetof(struct zp_acpi_fadt, p_lvl2_lat) == 96, "p_lvl2_lat");
static_assert(offsetof(struct zp_acpi_fadt, p_lvl3_lat) == 98, "p_lvl3_lat");
static_assert(offsetof(struct zp_acpi_fadt, flush_size) == 100, "flush_size");
static_assert(offsetof(struct zp_acpi_fadt, flush_stride) == 102, "flush_stride");
static_assert(offsetof(struct zp_acpi_fadt, duty_offset) == 104, "duty_offset");
static_assert(offsetof(struct zp_acpi_fadt, duty_width) == 105, "duty_width");
static_assert(offsetof(struct zp_acpi_fadt, day_alrm) == 106, "day_alrm");
static_assert(offsetof(struct zp_acpi_fadt, mon_alrm) == 107, "mon_alrm");
static_assert(offsetof(struct zp_acpi_fadt, century) == 108, "century");
static_assert(offsetof(struct zp_acpi_fadt, iapc_boot_arch) == 109, "iapc_boot_arch");
static_assert(offsetof(struct zp_acpi_fadt, reserved1) == 111, "reserved1");
static_assert(offsetof(struct zp_acpi_fadt, flags) == 112, "flags");
static_assert(offsetof(struct zp_acpi_fadt, reset_reg) == 116, "reset_reg");
static_assert(offsetof(struct zp_acpi_fadt, reset_value) == 128, "reset_value");
static_assert(offsetof(struct zp_acpi_fadt, arm_boot_arch) == 129, "arm_boot_arch");
static_assert(offsetof(struct zp_acpi_fadt, fadt_minor_version) == 131, "fadt_minor_version");
static_assert(offsetof(struct zp_acpi_fadt, x_firmware_ctrl) == 132, "x_firmware_ctrl");
static_assert(offsetof(struct zp_acpi_fadt, x_dsdt) == 140, "x_dsdt");
static_assert(offsetof(struct zp_acpi_fadt, x_pm1a_evt_blk) == 148, "x_pm1a_evt_blk");
static_assert(offsetof(struct zp_acpi_fadt, x_pm1b_evt_blk) == 160, "x_pm1b_evt_blk");
static_assert(offsetof(struct zp_acpi_fadt, x_pm1a_cnt_blk) == 172, "x_pm1a_cnt_blk");
static_assert(offsetof(struct zp_acpi_fadt, x_pm1b_cnt_blk) == 184, "x_pm1b_cnt_blk");
static_assert(offsetof(struct zp_acpi_fadt, x_pm2_cnt_blk) == 196, "x_pm2_cnt_blk");
static_assert(offsetof(struct zp_acpi_fadt, x_pm_tmr_blk) == 208, "x_pm_tmr_blk");
static_assert(offsetof(struct zp_acpi_fadt, x_gpe0_blk) == 220, "x_gpe0_blk");
static_assert(offsetof(struct zp_acpi_fadt, x_gpe1_blk) == 232, "x_gpe1_blk");
static_assert(offsetof(struct zp_acpi_fadt, sleep_control_reg) == 244, "sleep_control_reg");
static_assert(offsetof(struct zp_acpi_fadt, sleep_status_reg) == 256, "sleep_status_reg");
static_assert(offsetof(struct zp_acpi_fadt, hypervisor_vendor_identity) == 268, "hypervisor_vendor_identity");
static_assert(sizeof(struct zp_acpi_fadt) == 276, "size of acpi_fadt");

/* Firmware's waking vector and lock; 64-byte aligned, no checksum */
struct zp_acpi_facs {
    char signature[4]; /* "FACS" */
    uint32_t length;   /* bytes */
    uint32_t hardware_signature;
    uint32_t firmware_waking_vector;
    uint32_t global_lock;
    uint32_t flags;
    uint64_t x_firmware_waking_vector;
    uint8_t version; /* 2 */
    uint8_t reserved0[3];
    uint32_t ospm_flags;
    uint8_t reserved1[24];
};

static_assert(offsetof(struct zp_acpi_facs, signature) == 0, "signature");
static_assert(offsetof(struct zp_acpi_facs, length) == 4, "length");
static_assert(offsetof(struct zp_acpi_facs, hardware_signature) == 8, "hardware_signature");
static_assert(offsetof(struct zp_acpi_facs, firmware_waking_vector) == 12, "firmware_waking_vector");
static_assert(offsetof(struct zp_acpi_facs, global_lock) == 16, "global_lock");
static_assert(offsetof(struct zp_acpi_facs, flags) == 20, "flags");
static_assert(offsetof(struct zp_acpi_facs, x_firmware_waking_vector) == 24, "x_firmware_waking_vector");
static_assert(offsetof(struct zp_acpi_facs, version) == 32, "version");
static_assert(offsetof(struct zp_acpi_facs, reserved0) == 33, "reserved0");
static_assert(offsetof(struct zp_acpi_facs, ospm_flags) == 36, "ospm_flags");
static_assert(offsetof(struct zp_acpi_facs, reserved1) == 40, "reserved1");
static_assert(sizeof(struct zp_acpi_facs) == 64, "size of acpi_facs");

/* Interrupt controllers; the structures follow */
struct zp_acpi_madt {
    struct zp_acpi_description_header header; /* "APIC", revision 5 */
    uint32_t local_interrupt_controller_address;
    uint32_t flags; /* ZP_ACPI_MADT_PCAT_COMPAT */
};

static_assert(offsetof(struct zp_acpi_madt, header) == 0, "header");
static_assert(offsetof(struct zp_acpi_madt, local_interrupt_controller_address) == 36,
              "local_interrupt_controller_address");
static_assert(offsetof(struct zp_acpi_madt, flags) == 40, "flags");
static_assert(sizeof(struct zp_acpi_madt) == 44, "size of acpi_madt");

/* How each structure starts */
struct zp_acpi_madt_structure {
    uint8_t type;   /* ZP_ACPI_MADT_* */
    uint8_t length; /* bytes */
};

static_assert(offsetof(struct zp_acpi_madt_structure, type) == 0, "type");
static_assert(offsetof(struct zp_acpi_madt_structure, length) == 1, "length");
static_assert(sizeof(struct zp_acpi_madt_structure) == 2, "size of acpi_madt_structure");

struct zp_acpi_madt_local_apic {
    uint8_t type;
    uint8_t length;
    uint8_t acpi_processor_uid;
    uint8_t apic_id;
    uint32_t flags; /* ZP_ACPI_MADT_ENABLED, ... */
};

static_assert(offsetof(struct zp_acpi_madt_local_apic, type) == 0, "type");
static_assert(offsetof(struct zp_acpi_madt_local_apic, length) == 1, "length");
static_assert(offsetof(struct zp_acpi_madt_local_apic, acpi_processor_uid) == 2, "acpi_processor_uid");
static_assert(offsetof(struct zp_acpi_madt_local_apic, apic_id) == 3, "apic_id");
static_assert(offsetof(struct zp_acpi_madt_local_apic, flags) == 4, "flags");
static_assert(sizeof(struct zp_acpi_madt_local_apic) == 8, "size of acpi_madt_local_apic");

struct zp_acpi_madt_io_apic {
    uint8_t type;
    uint8_t length;
    uint8_t io_apic_id;
    uint8_t reserved;
    uint32_t io_apic_address;
    uint32_t global_system_interrupt_base;
};

static_assert(offsetof(struct zp_acpi_madt_io_apic, type) == 0, "type");
static_assert(offsetof(struct zp_acpi_madt_io_apic, length) == 1, "length");
static_assert(offsetof(struct zp_acpi_madt_io_apic, io_apic_id) == 2, "io_apic_id");
static_assert(offsetof(struct zp_acpi_madt_io_apic, reserved) == 3, "reserved");
static_assert(offsetof(struct zp_acpi_madt_io_apic, io_apic_address) == 4, "io_apic_address");
static_assert(offsetof(struct zp_acpi_madt_io_apic, global_system_interrupt_base) == 8,
              "global_system_interrupt_base");
static_assert(sizeof(struct zp_acpi_madt_io_apic) == 12, "size of acpi_madt_io_apic");

struct zp_acpi_madt_interrupt_source_override {
    uint8_t type;
    uint8_t length;
    uint8_t bus;    /* 0: ISA */
    uint8_t source; /* IRQ */
    uint32_t global_system_interrupt;
    uint16_t flags; /* ZP_ACPI_MPS_* */
} __attribute__((packed));

static_assert(offsetof(struct zp_acpi_madt_interrupt_source_override, type) == 0, "type");
static_assert(offsetof(struct zp_acpi_madt_interrupt_source_override, length) == 1, "length");
static_assert(offsetof(struct zp_acpi_madt_interrupt_source_override, bus) == 2, "bus");
static_assert(offsetof(struct zp_acpi_madt_interrupt_source_override, source) == 3, "source");
static_assert(offsetof(struct zp_acpi_madt_interrupt_source_override, global_system_interrupt) == 4,
              "global_system_interrupt");
static_assert(offsetof(struct zp_acpi_madt_interrupt_source_override, flags) == 8, "flags");
static_assert(sizeof(struct zp_acpi_madt_interrupt_source_override) == 10,
              "size of acpi_madt_interrupt_source_override");

struct zp_acpi_madt_nmi_source {
    uint8_t type;
    uint8_t length;
    uint16_t flags; /* ZP_ACPI_MPS_* */
    uint32_t global_system_interrupt;
};

static_assert(offsetof(struct zp_acpi_madt_nmi_source, type) == 0, "type");
static_assert(offsetof(struct zp_acpi_madt_nmi_source, length) == 1, "length");
static_assert(offsetof(struct zp_acpi_madt_nmi_source, flags) == 2, "flags");
static_assert(offsetof(struct zp_acpi_madt_nmi_source, global_system_interrupt) == 4,
              "global_system_interrupt");
static_assert(sizeof(struct zp_acpi_madt_nmi_source) == 8, "size of acpi_madt_nmi_source");

struct zp_acpi_madt_local_apic_nmi {
    uint8_t type;
    uint8_t length;
    uint8_t acpi_processor_uid;
    uint16_t flags;          /* ZP_ACPI_MPS_* */
    uint8_t local_apic_lint; /* 0 or 1 */
} __attribute__((packed));

static_assert(offsetof(struct zp_acpi_madt_local_apic_nmi, type) == 0, "type");
static_assert(offsetof(struct zp_acpi_madt_local_apic_nmi, length) == 1, "length");
static_assert(offsetof(struct zp_acpi_madt_local_apic_nmi, acpi_processor_uid) == 2, "acpi_processor_uid");
static_assert(offsetof(struct zp_acpi_madt_local_apic_nmi, flags) == 3, "flags");
static_assert(offsetof(struct zp_acpi_madt_local_apic_nmi, local_apic_lint) == 5, "local_apic_lint");
static_assert(sizeof(struct zp_acpi_madt_local_apic_nmi) == 6, "size of acpi_madt_local_apic_nmi");

struct zp_acpi_madt_local_apic_address_override {
    uint8_t type;
    uint8_t length;
    uint16_t reserved;
    uint64_t local_apic_address;
} __attribute__((packed));

static_assert(offsetof(struct zp_acpi_madt_local_apic_address_override, type) == 0, "type");
static_assert(offsetof(struct zp_acpi_madt_local_apic_address_override, length) == 1, "length");
static_assert(offsetof(struct zp_acpi_madt_local_apic_address_override, reserved) == 2, "reserved");
static_assert(offsetof(struct zp_acpi_madt_local_apic_address_override, local_apic_address) == 4,
              "local_apic_address");
static_assert(sizeof(struct zp_acpi_madt_local_apic_address_override) == 12,
              "size of acpi_madt_local_apic_address_override");

/* For processors whose APIC identity is 255 or more */
struct zp_acpi_madt_local_x2apic {
    uint8_t type;
    uint8_t length;
    uint16_t reserved;
    uint32_t x2apic_id;
    uint32_t flags; /* ZP_ACPI_MADT_ENABLED, ... */
    uint32_t acpi_processor_uid;
};

static_assert(offsetof(struct zp_acpi_madt_local_x2apic, type) == 0, "type");
static_assert(offsetof(struct zp_acpi_madt_local_x2apic, length) == 1, "length");
static_assert(offsetof(struct zp_acpi_madt_local_x2apic, reserved) == 2, "reserved");
static_assert(offsetof(struct zp_acpi_madt_local_x2apic, x2apic_id) == 4, "x2apic_id");
static_assert(offsetof(struct zp_acpi_madt_local_x2apic, flags) == 8, "flags");
static_assert(offsetof(struct zp_acpi_madt_local_x2apic, acpi_processor_uid) == 12, "acpi_processor_uid");
static_assert(sizeof(struct zp_acpi_madt_local_x2apic) == 16, "size of acpi_madt_local_x2apic");

struct zp_acpi_madt_local_x2apic_nmi {
    uint8_t type;
    uint8_t length;
    uint16_t flags;              /* ZP_ACPI_MPS_* */
    uint32_t acpi_processor_uid; /* 0xffffffff: all */
    uint8_t local_x2apic_lint;   /* 0 or 1 */
    uint8_t reserved[3];
};

static_assert(offsetof(struct zp_acpi_madt_local_x2apic_nmi, type) == 0, "type");
static_assert(offsetof(struct zp_acpi_madt_local_x2apic_nmi, length) == 1, "length");
static_assert(offsetof(struct zp_acpi_madt_local_x2apic_nmi, flags) == 2, "flags");
static_assert(offsetof(struct zp_acpi_madt_local_x2apic_nmi, acpi_processor_uid) == 4, "acpi_processor_uid");
static_assert(offsetof(struct zp_acpi_madt_local_x2apic_nmi, local_x2apic_lint) == 8, "local_x2apic_lint");
static_assert(offsetof(struct zp_acpi_madt_local_x2apic_nmi, reserved) == 9, "reserved");
static_assert(sizeof(struct zp_acpi_madt_local_x2apic_nmi) == 12, "size of acpi_madt_local_x2apic_nmi");

/* PCI configuration space in memory; acpi_mcfg_allocation follow */
struct zp_acpi_mcfg {
    struct zp_acpi_description_header header; /* "MCFG", revision 1 */
    uint8_t reserved[8];
};

static_assert(offsetof(struct zp_acpi_mcfg, header) == 0, "header");
static_assert(offsetof(struct zp_acpi_mcfg, reserved) == 36, "reserved");
static_assert(sizeof(struct zp_acpi_mcfg) == 44, "size of acpi_mcfg");

struct zp_acpi_mcfg_allocation {
    uint64_t base_address;
    uint16_t pci_segment_group_number;
    uint8_t start_bus_number;
    uint8_t end_bus_number;
    uint32_t reserved;
} __attribute__((packed));

static_assert(offsetof(struct zp_acpi_mcfg_allocation, base_address) == 0, "base_address");
static_assert(offsetof(struct zp_acpi_mcfg_allocation, pci_segment_group_number) == 8,
              "pci_segment_group_number");
static_assert(offsetof(struct zp_acpi_mcfg_allocation, start_bus_number) == 10, "start_bus_number");
static_assert(offsetof(struct zp_acpi_mcfg_allocation, end_bus_number) == 11, "end_bus_number");
static_assert(offsetof(struct zp_acpi_mcfg_allocation, reserved) == 12, "reserved");
static_assert(sizeof(struct zp_acpi_mcfg_allocation) == 16, "size of acpi_mcfg_allocation");

#endif /* !__ASSEMBLER__ */

#endif
