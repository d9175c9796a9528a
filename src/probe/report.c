/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zp_probe_report, the whole report in order: the CPU, its page tables, what the protocol handed over, the
 * tables of the firmware, what this side alone knows, the checksum. Here too are the lines that several
 * protocols share: command line, module, range of the memory map.
 *
 * Receives a view of a machine just entered and trusts nothing in it. Guarantees an end, in time and in
 * lines, and a report that is whole whatever memory holds.
 */
#include "reporting.h"

#define CHUNK 128u

/* The guest may run under an interpreter; from outside a large initrd is no trouble. */
#define SUM_INSIDE  (UINT64_C(16) << 20)
#define SUM_OUTSIDE (UINT64_C(4) << 30)

bool zp_probe_peek(struct zp_probe_reporting *reporting, uint64_t address, void *buffer, uint32_t size)
{
    const struct zp_probe_view *view = reporting->view;

    return address <= UINT64_MAX - size && view->peek(view->context, address, buffer, size) == 0;
}

/* How much to read at once: never across a page, so that the bytes before a hole are seen. */
static uint32_t chunk_at(uint64_t address, uint64_t left)
{
    uint32_t size = 0x1000u - (uint32_t)(address & 0xfff);

    if (size > CHUNK)
        size = CHUNK;
    return left < size ? (uint32_t)left : size;
}

const char *zp_probe_sum_memory(struct zp_probe_reporting *reporting, uint64_t address, uint64_t size,
                                uint32_t *ret_crc)
{
    uint8_t bytes[CHUNK];
    uint32_t crc = 0;

    if (size > reporting->sum_left)
        return "too large";
    while (size) {
        uint32_t chunk = chunk_at(address, size);

        if (!zp_probe_peek(reporting, address, bytes, chunk))
            return "unreadable";
        crc = zp_probe_crc32(crc, bytes, chunk);
        address += chunk;
        size -= chunk;
        reporting->sum_left -= chunk;
    }
    *ret_crc = crc;
    return NULL;
}

bool zp_probe_adds_up(struct zp_probe_reporting *reporting, uint64_t address, uint32_t size)
{
    uint8_t bytes[CHUNK];
    uint8_t sum = 0;

    while (size) {
        uint32_t chunk = chunk_at(address, size);

        if (!zp_probe_peek(reporting, address, bytes, chunk))
            return false;
        for (uint32_t i = 0; i < chunk; i++)
            sum = (uint8_t)(sum + bytes[i]);
        address += chunk;
        size -= chunk;
    }
    return sum == 0;
}

static uint32_t find_nul(const char *bytes, uint32_t length)
{
    uint32_t at = 0;

    while (at < length && bytes[at])
        at++;
    return at;
}

void zp_probe_memory_text(struct zp_probe_reporting *reporting, const char *name, uint64_t address,
                          uint32_t most)
{
    char bytes[CHUNK];

    zp_probe_text_open(&reporting->writer, name);
    while (most) {
        uint32_t chunk = chunk_at(address, most);
        uint32_t length;

        if (!zp_probe_peek(reporting, address, bytes, chunk))
            break;
        length = find_nul(bytes, chunk);
        zp_probe_text_add(&reporting->writer, bytes, length);
        if (length < chunk)
            break;
        address += chunk;
        most -= chunk;
    }
    zp_probe_text_close(&reporting->writer);
}

void zp_probe_cmdline(struct zp_probe_reporting *reporting, uint64_t address, uint32_t most)
{
    struct zp_probe_writer *writer = &reporting->writer;
    char bytes[CHUNK];
    uint32_t length = 0, crc = 0;
    bool ended = false, readable = true;

    zp_probe_line(writer, "cmdline");
    zp_probe_bool(writer, "present", address != 0);
    if (!address) {
        zp_probe_line_end(writer);
        return;
    }
    if (most > ZP_PROBE_STRING_MAX)
        most = ZP_PROBE_STRING_MAX;
    while (length < most && !ended) {
        uint32_t chunk = chunk_at(address + length, most - length), found;

        readable = zp_probe_peek(reporting, address + length, bytes, chunk);
        if (!readable)
            break;
        found = find_nul(bytes, chunk);
        crc = zp_probe_crc32(crc, bytes, found);
        length += found;
        ended = found < chunk;
    }
    zp_probe_hex(writer, "address", address);
    zp_probe_count(writer, "length", length);
    zp_probe_sum(writer, "crc32", crc);
    zp_probe_memory_text(reporting, "text", address, length < ZP_PROBE_TEXT_MAX ? length : ZP_PROBE_TEXT_MAX);
    zp_probe_bool(writer, "terminated", ended);
    if (!readable)
        zp_probe_string(writer, "error", "unreadable");
    zp_probe_line_end(writer);
}

void zp_probe_module(struct zp_probe_reporting *reporting, uint32_t index, uint64_t start, uint64_t size)
{
    struct zp_probe_writer *writer = &reporting->writer;
    uint32_t crc = 0;
    const char *error = zp_probe_sum_memory(reporting, start, size, &crc);

    zp_probe_line(writer, "module");
    zp_probe_count(writer, "index", index);
    zp_probe_hex(writer, "start", start);
    zp_probe_count(writer, "size", size);
    if (error)
        zp_probe_string(writer, "error", error);
    else
        zp_probe_sum(writer, "crc32", crc);
}

void zp_probe_more(struct zp_probe_reporting *reporting, const char *kind, uint64_t more)
{
    if (!more)
        return;
    zp_probe_line(&reporting->writer, kind);
    zp_probe_count(&reporting->writer, "more", more);
    zp_probe_line_end(&reporting->writer);
}

bool zp_probe_memory_open(struct zp_probe_reporting *reporting, uint64_t start, uint64_t size, uint32_t type)
{
    struct zp_probe_writer *writer = &reporting->writer;

    if (reporting->memory_index >= ZP_PROBE_MEMORY_MAX) {
        reporting->memory_more++;
        return false;
    }
    zp_probe_line(writer, "memory");
    zp_probe_count(writer, "index", reporting->memory_index++);
    zp_probe_hex(writer, "start", start);
    zp_probe_count(writer, "size", size);
    zp_probe_count(writer, "type", type);
    return true;
}

void zp_probe_memory(struct zp_probe_reporting *reporting, uint64_t start, uint64_t size, uint32_t type)
{
    if (zp_probe_memory_open(reporting, start, size, type))
        zp_probe_line_end(&reporting->writer);
}

void zp_probe_memory_end(struct zp_probe_reporting *reporting)
{
    zp_probe_more(reporting, "memory", reporting->memory_more);
}

const char *zp_probe_protocol_name(uint32_t protocol)
{
    if (protocol == ZP_PROTOCOL_LINUX16)
        return "linux16";
    if (protocol == ZP_PROTOCOL_LINUX32)
        return "linux32";
    if (protocol == ZP_PROTOCOL_LINUX64)
        return "linux64";
    if (protocol == ZP_PROTOCOL_PVH)
        return "pvh";
    if (protocol == ZP_PROTOCOL_MULTIBOOT1)
        return "multiboot1";
    if (protocol == ZP_PROTOCOL_MULTIBOOT2)
        return "multiboot2";
    if (protocol == ZP_PROBE_PROTOCOL_EFI)
        return "efi";
    return "unknown";
}

static void report_handoff(struct zp_probe_reporting *reporting)
{
    uint32_t protocol = reporting->view->protocol;

    if (protocol == ZP_PROTOCOL_LINUX16)
        zp_probe_report_linux16(reporting);
    if (protocol == ZP_PROTOCOL_LINUX32 || protocol == ZP_PROTOCOL_LINUX64)
        zp_probe_report_linux(reporting);
    if (protocol == ZP_PROTOCOL_PVH)
        zp_probe_report_pvh(reporting);
    if (protocol == ZP_PROTOCOL_MULTIBOOT1)
        zp_probe_report_multiboot(reporting);
    if (protocol == ZP_PROTOCOL_MULTIBOOT2)
        zp_probe_report_multiboot2(reporting);
    if (protocol == ZP_PROBE_PROTOCOL_EFI)
        zp_probe_report_efi(reporting);
}

static void begin(struct zp_probe_reporting *reporting)
{
    const struct zp_probe_view *view = reporting->view;
    struct zp_probe_writer *writer = &reporting->writer;

    zp_probe_line(writer, "begin");
    zp_probe_count(writer, "schema", ZP_PROBE_SCHEMA);
    zp_probe_string(writer, "seen", view->seen);
    zp_probe_string(writer, "image", view->image);
    zp_probe_string(writer, "protocol", zp_probe_protocol_name(view->protocol));
    zp_probe_line_end(writer);
}

static void end(struct zp_probe_writer *writer)
{
    uint32_t lines = writer->lines, crc = writer->crc;

    zp_probe_line(writer, "end");
    zp_probe_count(writer, "lines", lines);
    zp_probe_sum(writer, "crc32", crc);
    zp_probe_line_end(writer);
}

void zp_probe_report(const struct zp_probe_view *view)
{
    struct zp_probe_reporting reporting;

    memset(&reporting, 0, sizeof(reporting));
    reporting.view = view;
    reporting.writer.put = view->put;
    reporting.writer.context = view->context;
    reporting.sum_left = view->seen[0] == 'i' ? SUM_INSIDE : SUM_OUTSIDE;

    begin(&reporting);
    zp_probe_report_cpu(&reporting);
    zp_probe_report_paging(&reporting);
    report_handoff(&reporting);
    zp_probe_report_acpi(&reporting);
    if (view->more)
        view->more(view->context, &reporting.writer);
    end(&reporting.writer);
}
