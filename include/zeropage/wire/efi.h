/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * efi.h - what a 64-bit UEFI firmware leaves in memory for an application.
 *
 * Layouts of the UEFI Specification 2.10, sections 4.2 "EFI Table Header", 4.3
 * "EFI System Table", 4.4 "EFI Boot Services Table", 4.6 "EFI Configuration
 * Table", 7.2.3 (memory descriptors) and 9.1 "EFI Loaded Image Protocol", for
 * x64. Member names are the specification's in lower case,
 * words joined by underscores.
 */
#ifndef ZEROPAGE_WIRE_EFI_H
#define ZEROPAGE_WIRE_EFI_H

#define ZP_EFI_SYSTEM_TABLE_SIGNATURE 0x5453595320494249 /* "IBI SYST" */

/* efi_memory_descriptor.type */
#define ZP_EFI_RESERVED_MEMORY_TYPE        0
#define ZP_EFI_LOADER_CODE                 1
#define ZP_EFI_LOADER_DATA                 2
#define ZP_EFI_BOOT_SERVICES_CODE          3
#define ZP_EFI_BOOT_SERVICES_DATA          4
#define ZP_EFI_RUNTIME_SERVICES_CODE       5
#define ZP_EFI_RUNTIME_SERVICES_DATA       6
#define ZP_EFI_CONVENTIONAL_MEMORY         7
#define ZP_EFI_UNUSABLE_MEMORY             8
#define ZP_EFI_ACPI_RECLAIM_MEMORY         9
#define ZP_EFI_ACPI_MEMORY_NVS             10
#define ZP_EFI_MEMORY_MAPPED_IO            11
#define ZP_EFI_MEMORY_MAPPED_IO_PORT_SPACE 12
#define ZP_EFI_PAL_CODE                    13
#define ZP_EFI_PERSISTENT_MEMORY           14
#define ZP_EFI_UNACCEPTED_MEMORY_TYPE      15

#define ZP_EFI_PAGE_SHIFT 12

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#include <zeropage/static_assert.h>

/* How each table starts */
struct zp_efi_table_header {
    uint64_t signature;
    uint32_t revision;    /* major << 16 | minor */
    uint32_t header_size; /* bytes of the whole table */
    uint32_t crc32;       /* over header_size bytes, this word taken as 0 */
    uint32_t reserved;
};

static_assert(offsetof(struct zp_efi_table_header, signature) == 0, "signature");
static_assert(offsetof(struct zp_efi_table_header, revision) == 8, "revision");
static_assert(offsetof(struct zp_efi_table_header, header_size) == 12, "header_size");
static_assert(offsetof(struct zp_efi_table_header, crc32) == 16, "crc32");
static_assert(offsetof(struct zp_efi_table_header, reserved) == 20, "reserved");
static_assert(sizeof(struct zp_efi_table_header) == 24, "size of efi_table_header");

/* What RDX points to at entry */
struct zp_efi_system_table {
    struct zp_efi_table_header hdr; /* ZP_EFI_SYSTEM_TABLE_SIGNATURE */
    uint64_t firmware_vendor;       /* UTF-16 text, NUL-terminated */
    uint32_t firmware_revision;
    uint32_t _pad;
    uint64_t console_in_handle;
    uint64_t con_in;
    uint64_t console_out_handle;
    uint64_t con_out;
    uint64_t standard_error_handle;
    uint64_t std_err;
    uint64_t runtime_services;
    uint64_t boot_services;
    uint64_t number_of_table_entries;
    uint64_t configuration_table; /* array of efi_configuration_table */
};

static_assert(offsetof(struct zp_efi_system_table, hdr) == 0, "hdr");
static_assert(offsetof(struct zp_efi_system_table, firmware_vendor) == 24, "firmware_vendor");
static_assert(offsetof(struct zp_efi_system_table, firmware_revision) == 32, "firmware_revision");
static_assert(offsetof(struct zp_efi_system_table, _pad) == 36, "_pad");
static_assert(offsetof(struct zp_efi_system_table, console_in_handle) == 40, "console_in_handle");
static_assert(offsetof(struct zp_efi_system_table, con_in) == 48, "con_in");
static_assert(offsetof(struct zp_efi_system_table, console_out_handle) == 56, "console_out_handle");
static_assert(offsetof(struct zp_efi_system_table, con_out) == 64, "con_out");
static_assert(offsetof(struct zp_efi_system_table, standard_error_handle) == 72, "standard_error_handle");
static_assert(offsetof(struct zp_efi_system_table, std_err) == 80, "std_err");
static_assert(offsetof(struct zp_efi_system_table, runtime_services) == 88, "runtime_services");
static_assert(offsetof(struct zp_efi_system_table, boot_services) == 96, "boot_services");
static_assert(offsetof(struct zp_efi_system_table, number_of_table_entries) == 104,
              "number_of_table_entries");
static_assert(offsetof(struct zp_efi_system_table, configuration_table) == 112, "configuration_table");
static_assert(sizeof(struct zp_efi_system_table) == 120, "size of efi_system_table");

struct zp_efi_guid {
    uint32_t data1;
    uint16_t data2;
    uint16_t data3;
    uint8_t data4[8];
};

static_assert(offsetof(struct zp_efi_guid, data1) == 0, "data1");
static_assert(offsetof(struct zp_efi_guid, data2) == 4, "data2");
static_assert(offsetof(struct zp_efi_guid, data3) == 6, "data3");
static_assert(offsetof(struct zp_efi_guid, data4) == 8, "data4");
static_assert(sizeof(struct zp_efi_guid) == 16, "size of efi_guid");

struct zp_efi_configuration_table {
    struct zp_efi_guid vendor_guid;
    uint64_t vendor_table;
};

static_assert(offsetof(struct zp_efi_configuration_table, vendor_guid) == 0, "vendor_guid");
static_assert(offsetof(struct zp_efi_configuration_table, vendor_table) == 16, "vendor_table");
static_assert(sizeof(struct zp_efi_configuration_table) == 24, "size of efi_configuration_table");

/* One range of the map; the firmware tells how far the next one is */
struct zp_efi_memory_descriptor {
    uint32_t type; /* ZP_EFI_RESERVED_MEMORY_TYPE, ... */
    uint32_t _pad;
    uint64_t physical_start;
    uint64_t virtual_start;
    uint64_t number_of_pages; /* of 4 KiB */
    uint64_t attribute;
};

static_assert(offsetof(struct zp_efi_memory_descriptor, type) == 0, "type");
static_assert(offsetof(struct zp_efi_memory_descriptor, _pad) == 4, "_pad");
static_assert(offsetof(struct zp_efi_memory_descriptor, physical_start) == 8, "physical_start");
static_assert(offsetof(struct zp_efi_memory_descriptor, virtual_start) == 16, "virtual_start");
static_assert(offsetof(struct zp_efi_memory_descriptor, number_of_pages) == 24, "number_of_pages");
static_assert(offsetof(struct zp_efi_memory_descriptor, attribute) == 32, "attribute");
static_assert(sizeof(struct zp_efi_memory_descriptor) == 40, "size of efi_memory_descriptor");

/* Functions by address, of Microsoft's calling convention; those that nobody here calls are not named */
struct zp_efi_boot_services {
    struct zp_efi_table_header hdr;
    uint64_t _pad0[4];
    uint64_t get_memory_map;
    uint64_t _pad1[11];
    uint64_t handle_protocol;
};

static_assert(offsetof(struct zp_efi_boot_services, hdr) == 0x00, "hdr");
static_assert(offsetof(struct zp_efi_boot_services, get_memory_map) == 0x38, "get_memory_map");
static_assert(offsetof(struct zp_efi_boot_services, handle_protocol) == 0x98, "handle_protocol");
static_assert(sizeof(struct zp_efi_boot_services) == 0xa0, "size of efi_boot_services");

/* EFI_LOADED_IMAGE_PROTOCOL */
struct zp_efi_loaded_image {
    uint32_t revision;
    uint32_t _pad0;
    uint64_t parent_handle;
    uint64_t system_table;
    uint64_t device_handle;
    uint64_t file_path;
    uint64_t reserved;
    uint32_t load_options_size; /* bytes */
    uint32_t _pad1;
    uint64_t load_options;
    uint64_t image_base;
    uint64_t image_size; /* bytes */
    uint32_t image_code_type;
    uint32_t image_data_type;
    uint64_t unload;
};

static_assert(offsetof(struct zp_efi_loaded_image, revision) == 0x00, "revision");
static_assert(offsetof(struct zp_efi_loaded_image, parent_handle) == 0x08, "parent_handle");
static_assert(offsetof(struct zp_efi_loaded_image, system_table) == 0x10, "system_table");
static_assert(offsetof(struct zp_efi_loaded_image, device_handle) == 0x18, "device_handle");
static_assert(offsetof(struct zp_efi_loaded_image, file_path) == 0x20, "file_path");
static_assert(offsetof(struct zp_efi_loaded_image, reserved) == 0x28, "reserved");
static_assert(offsetof(struct zp_efi_loaded_image, load_options_size) == 0x30, "load_options_size");
static_assert(offsetof(struct zp_efi_loaded_image, load_options) == 0x38, "load_options");
static_assert(offsetof(struct zp_efi_loaded_image, image_base) == 0x40, "image_base");
static_assert(offsetof(struct zp_efi_loaded_image, image_size) == 0x48, "image_size");
static_assert(offsetof(struct zp_efi_loaded_image, image_code_type) == 0x50, "image_code_type");
static_assert(offsetof(struct zp_efi_loaded_image, image_data_type) == 0x54, "image_data_type");
static_assert(offsetof(struct zp_efi_loaded_image, unload) == 0x58, "unload");
static_assert(sizeof(struct zp_efi_loaded_image) == 0x60, "size of efi_loaded_image");

#endif /* !__ASSEMBLER__ */

#endif
