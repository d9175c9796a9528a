/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What UEFI hands over: "efi", "efi_table" for each configuration table, and the memory map. UEFI
 * Specification 2.10, sections 2.3.4 "x64 Platforms" (RCX the image's handle, RDX the system table), 4.3 and
 * 7.2.3. What only boot services tell - the loaded image, its load options, the memory map - comes with the
 * view. Firmware maps memory one to one, so that its pointers are physical addresses.
 */
#include <zeropage/wire/e820.h>
#include <zeropage/wire/efi.h>

#include "reporting.h"

#define TABLES_MAX 32u
#define RANGES_MAX 65536u

/* Text of 16-bit units, as far as it is ASCII; '?' stands for the rest. */
static void put_wide(struct zp_probe_reporting *reporting, const char *name, uint64_t address, uint64_t units)
{
    struct zp_probe_writer *writer = &reporting->writer;

    if (units > ZP_PROBE_TEXT_MAX)
        units = ZP_PROBE_TEXT_MAX;
    zp_probe_text_open(writer, name);
    for (uint64_t i = 0; address && i < units; i++) {
        uint16_t unit;
        char letter;

        if (!zp_probe_peek(reporting, address + i * 2, &unit, sizeof(unit)) || unit == 0)
            break;
        letter = (char)(unit < 0x80 ? unit : '?');
        zp_probe_text_add(writer, &letter, 1);
    }
    zp_probe_text_close(writer);
}

/* The checksum is of the table with its own word 0. */
static bool has_sound_sum(struct zp_probe_reporting *reporting, uint64_t at,
                          const struct zp_efi_table_header *header)
{
    static const uint8_t zero[4];
    const uint32_t before = offsetof(struct zp_efi_table_header, crc32);
    uint32_t crc;

    if (header->header_size < sizeof(*header) || header->header_size > 4096)
        return false;
    crc = zp_probe_crc32(zp_probe_crc32(0, header, before), zero, sizeof(zero));
    for (uint32_t i = before + sizeof(zero); i < header->header_size; i++) {
        uint8_t byte;

        if (!zp_probe_peek(reporting, at + i, &byte, 1))
            return false;
        crc = zp_probe_crc32(crc, &byte, 1);
    }
    return crc == header->crc32;
}

static void put_image(struct zp_probe_reporting *reporting, const struct zp_probe_efi *efi)
{
    struct zp_probe_writer *writer = &reporting->writer;

    zp_probe_hex(writer, "image_base", efi->image_base);
    zp_probe_count(writer, "image_size", efi->image_size);
    zp_probe_count(writer, "load_options_size", efi->load_options_size);
    put_wide(reporting, "load_options", efi->load_options, efi->load_options_size / 2);
    zp_probe_count(writer, "memory_map_size", efi->memory_map_size);
    zp_probe_count(writer, "descriptor_size", efi->descriptor_size);
}

static void put_system_table(struct zp_probe_reporting *reporting, uint64_t at,
                             const struct zp_efi_system_table *table)
{
    struct zp_probe_writer *writer = &reporting->writer;

    zp_probe_hex(writer, "signature", table->hdr.signature);
    zp_probe_hex(writer, "revision", table->hdr.revision);
    put_wide(reporting, "vendor", table->firmware_vendor, ZP_PROBE_NAME_MAX);
    zp_probe_hex(writer, "firmware_revision", table->firmware_revision);
    zp_probe_bool(writer, "table_crc", has_sound_sum(reporting, at, &table->hdr));
    zp_probe_count(writer, "tables", table->number_of_table_entries);
}

static void put_digits(char *to, uint64_t value, uint32_t count)
{
    while (count--) {
        uint32_t digit = (uint32_t)(value & 15);

        to[count] = (char)(digit < 10 ? '0' + digit : 'a' + digit - 10);
        value >>= 4;
    }
}

static void put_guid(struct zp_probe_writer *writer, const struct zp_efi_guid *guid)
{
    char text[36];

    put_digits(text, guid->data1, 8);
    put_digits(text + 9, guid->data2, 4);
    put_digits(text + 14, guid->data3, 4);
    for (uint32_t i = 0; i < 8; i++)
        put_digits(text + (i < 2 ? 19 : 20) + 2 * i, guid->data4[i], 2);
    text[8] = text[13] = text[18] = text[23] = '-';
    zp_probe_text(writer, "guid", text, sizeof(text));
}

/* The RSDP hangs on one of two identities; the one of ACPI 2.0 counts. */
static void note_rsdp(struct zp_probe_reporting *reporting, const struct zp_efi_configuration_table *table)
{
    static const struct zp_efi_guid acpi20 = {
        0x8868e871, 0xe4f1, 0x11d3, {0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81}};
    static const struct zp_efi_guid acpi10 = {
        0xeb9d2d30, 0x2d88, 0x11d3, {0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d}};

    if (memcmp(&table->vendor_guid, &acpi20, sizeof(acpi20)) == 0)
        reporting->rsdp = table->vendor_table;
    if (memcmp(&table->vendor_guid, &acpi10, sizeof(acpi10)) == 0 && !reporting->rsdp)
        reporting->rsdp = table->vendor_table;
}

static void report_tables(struct zp_probe_reporting *reporting, const struct zp_efi_system_table *system)
{
    struct zp_probe_writer *writer = &reporting->writer;

    for (uint64_t i = 0; i < system->number_of_table_entries; i++) {
        struct zp_efi_configuration_table table;

        if (i == TABLES_MAX) {
            zp_probe_more(reporting, "efi_table", system->number_of_table_entries - i);
            return;
        }
        if (!zp_probe_peek(reporting, system->configuration_table + i * sizeof(table), &table, sizeof(table)))
            return;
        zp_probe_line(writer, "efi_table");
        zp_probe_count(writer, "index", i);
        put_guid(writer, &table.vendor_guid);
        zp_probe_hex(writer, "address", table.vendor_table);
        zp_probe_line_end(writer);
        note_rsdp(reporting, &table);
    }
}

/* As Linux's EFI stub makes an e820 map of it. */
static uint32_t e820_type(uint32_t type)
{
    static const uint8_t types[] = {ZP_E820_RESERVED, ZP_E820_RAM,      ZP_E820_RAM,      ZP_E820_RAM,
                                    ZP_E820_RAM,      ZP_E820_RESERVED, ZP_E820_RESERVED, ZP_E820_RAM,
                                    ZP_E820_UNUSABLE, ZP_E820_ACPI,     ZP_E820_NVS,      ZP_E820_RESERVED,
                                    ZP_E820_RESERVED, ZP_E820_RESERVED, ZP_E820_PMEM,     ZP_E820_RESERVED};

    return type < sizeof(types) ? types[type] : ZP_E820_RESERVED;
}

static void report_memory(struct zp_probe_reporting *reporting, const struct zp_probe_efi *efi)
{
    struct zp_efi_memory_descriptor range;
    uint64_t count = 0;

    if (efi->descriptor_size >= sizeof(range))
        count = efi->memory_map_size / efi->descriptor_size;
    for (uint64_t i = 0; i < count && i < RANGES_MAX; i++) {
        if (!zp_probe_peek(reporting, efi->memory_map + i * efi->descriptor_size, &range, sizeof(range)))
            break;
        if (!zp_probe_memory_open(reporting, range.physical_start, range.number_of_pages << ZP_EFI_PAGE_SHIFT,
                                  e820_type(range.type)))
            continue;
        zp_probe_count(&reporting->writer, "efi_type", range.type);
        zp_probe_line_end(&reporting->writer);
    }
    zp_probe_memory_end(reporting);
}

void zp_probe_report_efi(struct zp_probe_reporting *reporting)
{
    const struct zp_probe_view *view = reporting->view;
    struct zp_probe_writer *writer = &reporting->writer;
    struct zp_efi_system_table system;
    bool readable = zp_probe_peek(reporting, view->cpu.rdx, &system, sizeof(system));

    zp_probe_line(writer, "efi");
    zp_probe_hex(writer, "image_handle", view->cpu.rcx);
    zp_probe_hex(writer, "system_table", view->cpu.rdx);
    if (readable)
        put_system_table(reporting, view->cpu.rdx, &system);
    else
        zp_probe_string(writer, "error", "unreadable");
    if (view->efi)
        put_image(reporting, view->efi);
    zp_probe_line_end(writer);
    if (readable && system.hdr.signature == ZP_EFI_SYSTEM_TABLE_SIGNATURE)
        report_tables(reporting, &system);
    if (view->efi)
        report_memory(reporting, view->efi);
}
