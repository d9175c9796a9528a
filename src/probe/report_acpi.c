/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables of the firmware: "rsdp", "acpi" for each table that can be reached from it, "mptable". ACPI
 * Specification 6.4, 5.2.5.1 "Finding the RSDP on IA-PC Systems" and 5.2.6 to 5.2.9; MultiProcessor
 * Specification 1.4, chapter 4.
 *
 * What the loader told and what a kernel finds that searches for itself are two things, and both are said.
 * The walk is two levels deep whatever the tables hold: root, tables, and what the FADT points to.
 */
#include <zeropage/wire/acpi.h>
#include <zeropage/wire/mptable.h>
#include <zeropage/wire/x86.h>

#include "reporting.h"

#define CHUNK          128u
#define BASE_MEMORY_LK 0x9fc00 /* last KiB of 640, where an MP table may be announced */
#define KIB            1024u

/* What a search of the BIOS areas found; 0: nothing. */
struct found {
    uint64_t rsdp;
    uint64_t mp;
};

static void look_at(struct zp_probe_reporting *reporting, uint64_t at, const uint8_t *bytes,
                    struct found *found)
{
    if (!found->rsdp && memcmp(bytes, ZP_ACPI_RSDP_SIGNATURE, 8) == 0 &&
        zp_probe_adds_up(reporting, at, ZP_ACPI_RSDP_V1_SIZE))
        found->rsdp = at;
    if (!found->mp && memcmp(bytes, "_MP_", 4) == 0 &&
        zp_probe_adds_up(reporting, at, sizeof(struct zp_mp_floating_pointer)))
        found->mp = at;
}

static void search(struct zp_probe_reporting *reporting, uint64_t start, uint64_t end, struct found *found)
{
    uint8_t bytes[CHUNK];

    for (uint64_t at = start; at + CHUNK <= end && !(found->rsdp && found->mp); at += CHUNK) {
        if (!zp_probe_peek(reporting, at, bytes, CHUNK))
            continue;
        /* Both begin on a multiple of 16; a letter decides nearly always. */
        for (uint32_t i = 0; i < CHUNK; i += ZP_ACPI_RSDP_ALIGN)
            if (bytes[i] == 'R' || bytes[i] == '_')
                look_at(reporting, at + i, bytes + i, found);
    }
}

static void search_everywhere(struct zp_probe_reporting *reporting, struct found *found)
{
    uint16_t segment = 0;

    if (zp_probe_peek(reporting, ZP_BDA_EBDA_SEGMENT, &segment, sizeof(segment)) && segment)
        search(reporting, (uint64_t)segment << 4, ((uint64_t)segment << 4) + KIB, found);
    search(reporting, BASE_MEMORY_LK, BASE_MEMORY_LK + KIB, found);
    search(reporting, ZP_BIOS_ROM_SEARCH_START, ZP_BIOS_ROM_END, found);
}

static bool adds_up_as_whole(struct zp_probe_reporting *reporting, uint64_t at,
                             const struct zp_acpi_rsdp *rsdp)
{
    if (memcmp(rsdp->signature, ZP_ACPI_RSDP_SIGNATURE, 8) != 0 ||
        !zp_probe_adds_up(reporting, at, ZP_ACPI_RSDP_V1_SIZE))
        return false;
    if (rsdp->revision < 2)
        return true;
    return rsdp->length >= ZP_ACPI_RSDP_V2_SIZE && rsdp->length <= ZP_PAGE_SIZE &&
           zp_probe_adds_up(reporting, at, rsdp->length);
}

static void read_rsdp(struct zp_probe_reporting *reporting, uint64_t at, struct zp_acpi_rsdp *ret_rsdp,
                      bool *ret_readable)
{
    memset(ret_rsdp, 0, sizeof(*ret_rsdp));
    *ret_readable = at && zp_probe_peek(reporting, at, ret_rsdp, ZP_ACPI_RSDP_V1_SIZE);
    if (*ret_readable && ret_rsdp->revision >= 2)
        *ret_readable = zp_probe_peek(reporting, at, ret_rsdp, sizeof(*ret_rsdp));
}

/* ---- tables */

static void put_table(struct zp_probe_reporting *reporting, uint64_t at,
                      const struct zp_acpi_description_header *header)
{
    struct zp_probe_writer *writer = &reporting->writer;
    bool is_facs = memcmp(header->signature, "FACS", 4) == 0;

    zp_probe_line(writer, "acpi");
    zp_probe_text(writer, "signature", header->signature, sizeof(header->signature));
    zp_probe_hex(writer, "address", at);
    zp_probe_count(writer, "length", header->length);
    /* A FACS is no ordinary table: it has no checksum. */
    if (is_facs) {
        zp_probe_null(writer, "revision");
        zp_probe_null(writer, "sum");
    } else {
        zp_probe_count(writer, "revision", header->revision);
        if (header->length < sizeof(*header) || header->length > ZP_PROBE_ACPI_LENGTH) {
            zp_probe_bool(writer, "sum", false);
            zp_probe_string(writer, "error", "length");
        } else {
            zp_probe_bool(writer, "sum", zp_probe_adds_up(reporting, at, header->length));
        }
    }
    zp_probe_line_end(writer);
}

static bool report_table(struct zp_probe_reporting *reporting, uint64_t at,
                         struct zp_acpi_description_header *ret_header)
{
    struct zp_probe_writer *writer = &reporting->writer;

    /* A FACS shares the first eight bytes with the others, and is longer than their header. */
    if (zp_probe_peek(reporting, at, ret_header, sizeof(*ret_header))) {
        put_table(reporting, at, ret_header);
        return true;
    }
    zp_probe_line(writer, "acpi");
    zp_probe_hex(writer, "address", at);
    zp_probe_string(writer, "error", "unreadable");
    zp_probe_line_end(writer);
    return false;
}

static uint64_t read_address(struct zp_probe_reporting *reporting, uint64_t at, uint32_t size)
{
    uint64_t address = 0;

    return zp_probe_peek(reporting, at, &address, size) ? address : 0;
}

/* One of two fields tells: the 64-bit one where the table is long enough and it is not 0. */
static uint64_t read_either(struct zp_probe_reporting *reporting, uint64_t fadt, uint32_t length,
                            uint32_t narrow, uint32_t wide)
{
    uint64_t address = wide + 8 <= length ? read_address(reporting, fadt + wide, 8) : 0;

    if (!address && narrow + 4 <= length)
        address = read_address(reporting, fadt + narrow, 4);
    return address;
}

static void report_fadt(struct zp_probe_reporting *reporting, uint64_t at, uint32_t length)
{
    struct zp_acpi_description_header header;
    uint64_t dsdt = read_either(reporting, at, length, offsetof(struct zp_acpi_fadt, dsdt),
                                offsetof(struct zp_acpi_fadt, x_dsdt));
    uint64_t facs = read_either(reporting, at, length, offsetof(struct zp_acpi_fadt, firmware_ctrl),
                                offsetof(struct zp_acpi_fadt, x_firmware_ctrl));

    if (dsdt)
        report_table(reporting, dsdt, &header);
    if (facs)
        report_table(reporting, facs, &header);
}

/* Root table and what it lists. entry_size: 4 for the RSDT, 8 for the XSDT. */
static void report_root(struct zp_probe_reporting *reporting, uint64_t root, uint32_t entry_size)
{
    struct zp_acpi_description_header header;
    uint32_t count;

    if (!report_table(reporting, root, &header) || header.length < sizeof(header))
        return;
    count = (header.length - (uint32_t)sizeof(header)) / entry_size;
    for (uint32_t i = 0; i < count && i < ZP_PROBE_ACPI_MAX; i++) {
        uint64_t at = read_address(reporting, root + sizeof(header) + (uint64_t)i * entry_size, entry_size);
        struct zp_acpi_description_header table;

        if (report_table(reporting, at, &table) && memcmp(table.signature, "FACP", 4) == 0)
            report_fadt(reporting, at, table.length);
    }
    if (count > ZP_PROBE_ACPI_MAX)
        zp_probe_more(reporting, "acpi", count - ZP_PROBE_ACPI_MAX);
}

static void report_rsdp(struct zp_probe_reporting *reporting, uint64_t scanned)
{
    struct zp_probe_writer *writer = &reporting->writer;
    uint64_t at = reporting->rsdp ? reporting->rsdp : scanned;
    struct zp_acpi_rsdp rsdp;
    bool readable, sound = false;

    read_rsdp(reporting, at, &rsdp, &readable);
    zp_probe_line(writer, "rsdp");
    zp_probe_hex(writer, "told", reporting->rsdp);
    zp_probe_hex(writer, "scanned", scanned);
    if (readable) {
        sound = adds_up_as_whole(reporting, at, &rsdp);
        zp_probe_bool(writer, "sum", sound);
        zp_probe_count(writer, "revision", rsdp.revision);
        zp_probe_hex(writer, "rsdt", rsdp.rsdt_address);
        zp_probe_hex(writer, "xsdt", rsdp.xsdt_address);
    } else if (at) {
        zp_probe_string(writer, "error", "unreadable");
    }
    zp_probe_line_end(writer);
    /* Tables are sought behind a sound pointer alone. The XSDT counts where there is one. */
    if (sound && rsdp.xsdt_address)
        report_root(reporting, rsdp.xsdt_address, 8);
    else if (sound && rsdp.rsdt_address)
        report_root(reporting, rsdp.rsdt_address, 4);
}

static void report_mp(struct zp_probe_reporting *reporting, uint64_t at)
{
    struct zp_probe_writer *writer = &reporting->writer;
    struct zp_mp_floating_pointer pointer;
    struct zp_mp_config_table_header table;
    bool has_table;

    if (!at || !zp_probe_peek(reporting, at, &pointer, sizeof(pointer)))
        return;
    zp_probe_line(writer, "mptable");
    zp_probe_hex(writer, "address", at);
    zp_probe_hex(writer, "table", pointer.physical_address_pointer);
    has_table = pointer.physical_address_pointer &&
                zp_probe_peek(reporting, pointer.physical_address_pointer, &table, sizeof(table));
    zp_probe_bool(
        writer, "sum",
        !pointer.physical_address_pointer ||
            (has_table && memcmp(table.signature, "PCMP", 4) == 0 &&
             table.base_table_length >= sizeof(table) &&
             zp_probe_adds_up(reporting, pointer.physical_address_pointer, table.base_table_length)));
    zp_probe_line_end(writer);
}

void zp_probe_report_acpi(struct zp_probe_reporting *reporting)
{
    struct found found = {.rsdp = 0};

    search_everywhere(reporting, &found);
    report_rsdp(reporting, found.rsdp);
    report_mp(reporting, found.mp);
}
