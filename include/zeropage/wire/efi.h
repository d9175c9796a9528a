/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * efi.h - what a 64-bit UEFI firmware leaves in memory for an application, and
 * what it can be asked.
 *
 * Layouts of the UEFI Specification 2.10, sections 4.2 "EFI Table Header", 4.3
 * "EFI System Table", 4.4 "EFI Boot Services Table", 4.5 "EFI Runtime Services
 * Table", 4.6 "EFI Configuration Table", 7.2.3 (memory descriptors), 9.1 "EFI
 * Loaded Image Protocol", 10.3 "Device Path Nodes", 12.4 and 12.9 (text and
 * graphics output), 13.2 and 13.4 to 13.5 (files) and 37.5 (random numbers),
 * for x64. Member names are the specification's in lower case, words joined by
 * underscores.
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

#define ZP_EFI_MEMORY_DESCRIPTOR_VERSION 1
#define ZP_EFI_MEMORY_SP                 0x0000000000040000 /* attribute: kept for a purpose */

/* EFI_STATUS: errors have the highest bit set */
#define ZP_EFI_SUCCESS           0
#define ZP_EFI_ERROR             0x8000000000000000
#define ZP_EFI_LOAD_ERROR        (ZP_EFI_ERROR | 1)
#define ZP_EFI_INVALID_PARAMETER (ZP_EFI_ERROR | 2)
#define ZP_EFI_BUFFER_TOO_SMALL  (ZP_EFI_ERROR | 5)
#define ZP_EFI_DEVICE_ERROR      (ZP_EFI_ERROR | 7)
#define ZP_EFI_OUT_OF_RESOURCES  (ZP_EFI_ERROR | 9)
#define ZP_EFI_NOT_FOUND         (ZP_EFI_ERROR | 14)

/* Arguments of boot services */
#define ZP_EFI_ALLOCATE_MAX_ADDRESS 1 /* EFI_ALLOCATE_TYPE of AllocatePages */
#define ZP_EFI_BY_PROTOCOL          2 /* EFI_LOCATE_SEARCH_TYPE of LocateHandleBuffer */
#define ZP_EFI_FILE_MODE_READ       1
#define ZP_EFI_FILE_END             0xffffffffffffffff /* to SetPosition */
#define ZP_EFI_VARIABLE_RUNTIME     0x00000004         /* attribute of a variable */

/* efi_graphics_output_mode_information.pixel_format */
#define ZP_EFI_PIXEL_RGB_RESERVED 0 /* 8 bits each */
#define ZP_EFI_PIXEL_BGR_RESERVED 1
#define ZP_EFI_PIXEL_BIT_MASK     2
#define ZP_EFI_PIXEL_BLT_ONLY     3 /* no frame buffer */

/* efi_device_path.type and sub_type */
#define ZP_EFI_PATH_MEDIA        0x04
#define ZP_EFI_PATH_MEDIA_VENDOR 0x03
#define ZP_EFI_PATH_END          0x7f
#define ZP_EFI_PATH_END_ENTIRE   0xff

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
    uint64_t _pad0[2];
    uint64_t allocate_pages;
    uint64_t free_pages;
    uint64_t get_memory_map;
    uint64_t _pad1;
    uint64_t free_pool;
    uint64_t _pad2[9];
    uint64_t handle_protocol;
    uint64_t _pad3[3];
    uint64_t locate_device_path;
    uint64_t _pad4[3];
    uint64_t exit;
    uint64_t _pad5;
    uint64_t exit_boot_services;
    uint64_t _pad6[2];
    uint64_t set_watchdog_timer;
    uint64_t _pad7[6];
    uint64_t locate_handle_buffer;
    uint64_t locate_protocol;
    uint64_t _pad8[6];
};

static_assert(offsetof(struct zp_efi_boot_services, hdr) == 0x00, "hdr");
static_assert(offsetof(struct zp_efi_boot_services, _pad0) == 0x18, "_pad0");
static_assert(offsetof(struct zp_efi_boot_services, allocate_pages) == 0x28, "allocate_pages");
static_assert(offsetof(struct zp_efi_boot_services, free_pages) == 0x30, "free_pages");
static_assert(offsetof(struct zp_efi_boot_services, get_memory_map) == 0x38, "get_memory_map");
static_assert(offsetof(struct zp_efi_boot_services, _pad1) == 0x40, "_pad1");
static_assert(offsetof(struct zp_efi_boot_services, free_pool) == 0x48, "free_pool");
static_assert(offsetof(struct zp_efi_boot_services, _pad2) == 0x50, "_pad2");
static_assert(offsetof(struct zp_efi_boot_services, handle_protocol) == 0x98, "handle_protocol");
static_assert(offsetof(struct zp_efi_boot_services, _pad3) == 0xa0, "_pad3");
static_assert(offsetof(struct zp_efi_boot_services, locate_device_path) == 0xb8, "locate_device_path");
static_assert(offsetof(struct zp_efi_boot_services, _pad4) == 0xc0, "_pad4");
static_assert(offsetof(struct zp_efi_boot_services, exit) == 0xd8, "exit");
static_assert(offsetof(struct zp_efi_boot_services, _pad5) == 0xe0, "_pad5");
static_assert(offsetof(struct zp_efi_boot_services, exit_boot_services) == 0xe8, "exit_boot_services");
static_assert(offsetof(struct zp_efi_boot_services, _pad6) == 0xf0, "_pad6");
static_assert(offsetof(struct zp_efi_boot_services, set_watchdog_timer) == 0x100, "set_watchdog_timer");
static_assert(offsetof(struct zp_efi_boot_services, _pad7) == 0x108, "_pad7");
static_assert(offsetof(struct zp_efi_boot_services, locate_handle_buffer) == 0x138, "locate_handle_buffer");
static_assert(offsetof(struct zp_efi_boot_services, locate_protocol) == 0x140, "locate_protocol");
static_assert(offsetof(struct zp_efi_boot_services, _pad8) == 0x148, "_pad8");
static_assert(sizeof(struct zp_efi_boot_services) == 0x178, "size of efi_boot_services");

struct zp_efi_runtime_services {
    struct zp_efi_table_header hdr;
    uint64_t _pad0[6];
    uint64_t get_variable;
    uint64_t _pad1[7];
};

static_assert(offsetof(struct zp_efi_runtime_services, hdr) == 0x00, "hdr");
static_assert(offsetof(struct zp_efi_runtime_services, _pad0) == 0x18, "_pad0");
static_assert(offsetof(struct zp_efi_runtime_services, get_variable) == 0x48, "get_variable");
static_assert(offsetof(struct zp_efi_runtime_services, _pad1) == 0x50, "_pad1");
static_assert(sizeof(struct zp_efi_runtime_services) == 0x88, "size of efi_runtime_services");

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

/* EFI_SIMPLE_TEXT_OUTPUT_PROTOCOL, as far as it is called */
struct zp_efi_simple_text_output {
    uint64_t reset;
    uint64_t output_string;
};

static_assert(offsetof(struct zp_efi_simple_text_output, reset) == 0x00, "reset");
static_assert(offsetof(struct zp_efi_simple_text_output, output_string) == 0x08, "output_string");
static_assert(sizeof(struct zp_efi_simple_text_output) == 0x10, "size of efi_simple_text_output");

/* EFI_SIMPLE_FILE_SYSTEM_PROTOCOL */
struct zp_efi_simple_file_system {
    uint64_t revision;
    uint64_t open_volume;
};

static_assert(offsetof(struct zp_efi_simple_file_system, revision) == 0x00, "revision");
static_assert(offsetof(struct zp_efi_simple_file_system, open_volume) == 0x08, "open_volume");
static_assert(sizeof(struct zp_efi_simple_file_system) == 0x10, "size of efi_simple_file_system");

/* EFI_FILE_PROTOCOL, revision 1 */
struct zp_efi_file {
    uint64_t revision;
    uint64_t open;
    uint64_t close;
    uint64_t delete_file; /* Delete */
    uint64_t read;
    uint64_t write;
    uint64_t get_position;
    uint64_t set_position;
    uint64_t get_info;
    uint64_t set_info;
    uint64_t flush;
};

static_assert(offsetof(struct zp_efi_file, revision) == 0x00, "revision");
static_assert(offsetof(struct zp_efi_file, open) == 0x08, "open");
static_assert(offsetof(struct zp_efi_file, close) == 0x10, "close");
static_assert(offsetof(struct zp_efi_file, delete_file) == 0x18, "delete_file");
static_assert(offsetof(struct zp_efi_file, read) == 0x20, "read");
static_assert(offsetof(struct zp_efi_file, write) == 0x28, "write");
static_assert(offsetof(struct zp_efi_file, get_position) == 0x30, "get_position");
static_assert(offsetof(struct zp_efi_file, set_position) == 0x38, "set_position");
static_assert(offsetof(struct zp_efi_file, get_info) == 0x40, "get_info");
static_assert(offsetof(struct zp_efi_file, set_info) == 0x48, "set_info");
static_assert(offsetof(struct zp_efi_file, flush) == 0x50, "flush");
static_assert(sizeof(struct zp_efi_file) == 0x58, "size of efi_file");

/* EFI_LOAD_FILE2_PROTOCOL */
struct zp_efi_load_file2 {
    uint64_t load_file;
};

static_assert(offsetof(struct zp_efi_load_file2, load_file) == 0x00, "load_file");
static_assert(sizeof(struct zp_efi_load_file2) == 0x08, "size of efi_load_file2");

/* EFI_RNG_PROTOCOL */
struct zp_efi_rng {
    uint64_t get_info;
    uint64_t get_rng;
};

static_assert(offsetof(struct zp_efi_rng, get_info) == 0x00, "get_info");
static_assert(offsetof(struct zp_efi_rng, get_rng) == 0x08, "get_rng");
static_assert(sizeof(struct zp_efi_rng) == 0x10, "size of efi_rng");

/* How each node of a device path starts */
struct zp_efi_device_path {
    uint8_t type; /* ZP_EFI_PATH_* */
    uint8_t sub_type;
    uint8_t length[2]; /* bytes of the node, little-endian */
};

static_assert(offsetof(struct zp_efi_device_path, type) == 0x00, "type");
static_assert(offsetof(struct zp_efi_device_path, sub_type) == 0x01, "sub_type");
static_assert(offsetof(struct zp_efi_device_path, length) == 0x02, "length");
static_assert(sizeof(struct zp_efi_device_path) == 0x04, "size of efi_device_path");

struct zp_efi_pixel_bitmask {
    uint32_t red_mask;
    uint32_t green_mask;
    uint32_t blue_mask;
    uint32_t reserved_mask;
};

static_assert(offsetof(struct zp_efi_pixel_bitmask, red_mask) == 0x00, "red_mask");
static_assert(offsetof(struct zp_efi_pixel_bitmask, green_mask) == 0x04, "green_mask");
static_assert(offsetof(struct zp_efi_pixel_bitmask, blue_mask) == 0x08, "blue_mask");
static_assert(offsetof(struct zp_efi_pixel_bitmask, reserved_mask) == 0x0c, "reserved_mask");
static_assert(sizeof(struct zp_efi_pixel_bitmask) == 0x10, "size of efi_pixel_bitmask");

struct zp_efi_graphics_output_mode_information {
    uint32_t version;               /* 0 */
    uint32_t horizontal_resolution; /* pixels */
    uint32_t vertical_resolution;
    uint32_t pixel_format;                         /* ZP_EFI_PIXEL_* */
    struct zp_efi_pixel_bitmask pixel_information; /* for ZP_EFI_PIXEL_BIT_MASK */
    uint32_t pixels_per_scan_line;
};

static_assert(offsetof(struct zp_efi_graphics_output_mode_information, version) == 0x00, "version");
static_assert(offsetof(struct zp_efi_graphics_output_mode_information, horizontal_resolution) == 0x04,
              "horizontal_resolution");
static_assert(offsetof(struct zp_efi_graphics_output_mode_information, vertical_resolution) == 0x08,
              "vertical_resolution");
static_assert(offsetof(struct zp_efi_graphics_output_mode_information, pixel_format) == 0x0c, "pixel_format");
static_assert(offsetof(struct zp_efi_graphics_output_mode_information, pixel_information) == 0x10,
              "pixel_information");
static_assert(offsetof(struct zp_efi_graphics_output_mode_information, pixels_per_scan_line) == 0x20,
              "pixels_per_scan_line");
static_assert(sizeof(struct zp_efi_graphics_output_mode_information) == 0x24,
              "size of efi_graphics_output_mode_information");

struct zp_efi_graphics_output_mode {
    uint32_t max_mode;
    uint32_t mode; /* the number of this one */
    uint64_t info; /* efi_graphics_output_mode_information */
    uint64_t size_of_info;
    uint64_t frame_buffer_base;
    uint64_t frame_buffer_size; /* bytes */
};

static_assert(offsetof(struct zp_efi_graphics_output_mode, max_mode) == 0x00, "max_mode");
static_assert(offsetof(struct zp_efi_graphics_output_mode, mode) == 0x04, "mode");
static_assert(offsetof(struct zp_efi_graphics_output_mode, info) == 0x08, "info");
static_assert(offsetof(struct zp_efi_graphics_output_mode, size_of_info) == 0x10, "size_of_info");
static_assert(offsetof(struct zp_efi_graphics_output_mode, frame_buffer_base) == 0x18, "frame_buffer_base");
static_assert(offsetof(struct zp_efi_graphics_output_mode, frame_buffer_size) == 0x20, "frame_buffer_size");
static_assert(sizeof(struct zp_efi_graphics_output_mode) == 0x28, "size of efi_graphics_output_mode");

/* EFI_GRAPHICS_OUTPUT_PROTOCOL */
struct zp_efi_graphics_output {
    uint64_t query_mode;
    uint64_t set_mode;
    uint64_t blt;
    uint64_t mode; /* efi_graphics_output_mode */
};

static_assert(offsetof(struct zp_efi_graphics_output, query_mode) == 0x00, "query_mode");
static_assert(offsetof(struct zp_efi_graphics_output, set_mode) == 0x08, "set_mode");
static_assert(offsetof(struct zp_efi_graphics_output, blt) == 0x10, "blt");
static_assert(offsetof(struct zp_efi_graphics_output, mode) == 0x18, "mode");
static_assert(sizeof(struct zp_efi_graphics_output) == 0x20, "size of efi_graphics_output");

/* EFI_EDID_ACTIVE_PROTOCOL */
struct zp_efi_edid_active {
    uint32_t size_of_edid; /* bytes */
    uint32_t _pad;
    uint64_t edid;
};

static_assert(offsetof(struct zp_efi_edid_active, size_of_edid) == 0x00, "size_of_edid");
static_assert(offsetof(struct zp_efi_edid_active, _pad) == 0x04, "_pad");
static_assert(offsetof(struct zp_efi_edid_active, edid) == 0x08, "edid");
static_assert(sizeof(struct zp_efi_edid_active) == 0x10, "size of efi_edid_active");

#endif /* !__ASSEMBLER__ */

#endif
