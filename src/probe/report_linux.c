/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the Linux boot protocol hands over: "boot_params", "setup_header", "setup_data", the memory map, the
 * command line and the initrd. Linux Documentation/x86/boot, "The Real-Mode Kernel Header" and "Details of
 * Header Fields"; zero-page.
 *
 * The 32- and 64-bit entries find boot_params by ESI or RSI. The 16-bit entry has only the header that the
 * loader filled in, in its own segment; before protocol 2.02 the command line hangs on two words in the first
 * sector. The list of setup_data ends after ZP_PROBE_NODES_MAX nodes, or where it meets itself.
 */
#include <zeropage/wire/bootparam.h>

#include "reporting.h"

#define OLD_CMDLINE_MAGIC   0xa33f
#define OLD_CMDLINE_VERSION 0x202 /* from here on cmd_line_ptr tells */
#define CHUNK               64u

/* Nodes that continue the memory map. */
struct extensions {
    uint64_t at[4];
    uint32_t entries[4];
    uint32_t count;
};

static void put_header_first(struct zp_probe_writer *writer, const struct zp_setup_header *header)
{
    zp_probe_count(writer, "setup_sects", header->setup_sects);
    zp_probe_hex(writer, "root_flags", header->root_flags);
    zp_probe_count(writer, "syssize", header->syssize);
    zp_probe_hex(writer, "ram_size", header->ram_size);
    zp_probe_hex(writer, "vid_mode", header->vid_mode);
    zp_probe_hex(writer, "root_dev", header->root_dev);
    zp_probe_hex(writer, "boot_flag", header->boot_flag);
    zp_probe_hex(writer, "jump", header->jump);
    zp_probe_hex(writer, "header", header->header);
    zp_probe_hex(writer, "version", header->version);
    zp_probe_hex(writer, "realmode_swtch", header->realmode_swtch);
    zp_probe_hex(writer, "start_sys_seg", header->start_sys_seg);
    zp_probe_hex(writer, "kernel_version", header->kernel_version);
    zp_probe_hex(writer, "type_of_loader", header->type_of_loader);
    zp_probe_hex(writer, "loadflags", header->loadflags);
    zp_probe_hex(writer, "setup_move_size", header->setup_move_size);
    zp_probe_hex(writer, "code32_start", header->code32_start);
    zp_probe_hex(writer, "ramdisk_image", header->ramdisk_image);
    zp_probe_count(writer, "ramdisk_size", header->ramdisk_size);
    zp_probe_hex(writer, "bootsect_kludge", header->bootsect_kludge);
    zp_probe_hex(writer, "heap_end_ptr", header->heap_end_ptr);
}

static void put_header_rest(struct zp_probe_writer *writer, const struct zp_setup_header *header)
{
    zp_probe_hex(writer, "ext_loader_ver", header->ext_loader_ver);
    zp_probe_hex(writer, "ext_loader_type", header->ext_loader_type);
    zp_probe_hex(writer, "cmd_line_ptr", header->cmd_line_ptr);
    zp_probe_hex(writer, "initrd_addr_max", header->initrd_addr_max);
    zp_probe_hex(writer, "kernel_alignment", header->kernel_alignment);
    zp_probe_count(writer, "relocatable_kernel", header->relocatable_kernel);
    zp_probe_count(writer, "min_alignment", header->min_alignment);
    zp_probe_hex(writer, "xloadflags", header->xloadflags);
    zp_probe_count(writer, "cmdline_size", header->cmdline_size);
    zp_probe_count(writer, "hardware_subarch", header->hardware_subarch);
    zp_probe_hex(writer, "hardware_subarch_data", header->hardware_subarch_data);
    zp_probe_hex(writer, "payload_offset", header->payload_offset);
    zp_probe_count(writer, "payload_length", header->payload_length);
    zp_probe_hex(writer, "setup_data", header->setup_data);
    zp_probe_hex(writer, "pref_address", header->pref_address);
    zp_probe_count(writer, "init_size", header->init_size);
    zp_probe_hex(writer, "handover_offset", header->handover_offset);
    zp_probe_hex(writer, "kernel_info_offset", header->kernel_info_offset);
}

static bool report_header(struct zp_probe_reporting *reporting, uint64_t address,
                          struct zp_setup_header *ret_header)
{
    struct zp_probe_writer *writer = &reporting->writer;
    bool readable = zp_probe_peek(reporting, address, ret_header, sizeof(*ret_header));

    zp_probe_line(writer, "setup_header");
    if (readable) {
        put_header_first(writer, ret_header);
        put_header_rest(writer, ret_header);
    } else {
        zp_probe_string(writer, "error", "unreadable");
    }
    zp_probe_line_end(writer);
    return readable;
}

/* The first byte in [from, to) of boot_params that is not 0; `to` when there is none. */
static uint32_t find_set(struct zp_probe_reporting *reporting, uint64_t params, uint32_t from, uint32_t to)
{
    uint8_t bytes[CHUNK];

    for (uint32_t chunk; from < to; from += chunk) {
        chunk = to - from < CHUNK ? to - from : CHUNK;
        if (!zp_probe_peek(reporting, params + from, bytes, chunk))
            return to;
        for (uint32_t i = 0; i < chunk; i++)
            if (bytes[i])
                return from + i;
    }
    return to;
}

/* What lies between the fields, where a loader that copies too much leaves its traces. */
static void put_stray(struct zp_probe_reporting *reporting, uint64_t params)
{
    static const uint16_t gaps[][2] = {
#define GAP(field)                           \
    {offsetof(struct zp_boot_params, field), \
     offsetof(struct zp_boot_params, field) + sizeof(((struct zp_boot_params *)0)->field)}
        GAP(_pad2), GAP(_pad3), GAP(_pad4), GAP(_pad5), GAP(_pad6), GAP(_pad7), GAP(_pad8), GAP(_pad9),
#undef GAP
    };

    for (uint32_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
        uint32_t at = find_set(reporting, params, gaps[i][0], gaps[i][1]);

        if (at < gaps[i][1]) {
            zp_probe_hex(&reporting->writer, "stray", at);
            return;
        }
    }
    zp_probe_null(&reporting->writer, "stray");
}

static uint64_t read_number(struct zp_probe_reporting *reporting, uint64_t address, uint32_t size)
{
    uint64_t number = 0;

    return zp_probe_peek(reporting, address, &number, size) ? number : 0;
}

#define NUMBER(reporting, params, field)                                      \
    read_number(reporting, (params) + offsetof(struct zp_boot_params, field), \
                sizeof(((struct zp_boot_params *)0)->field))

static bool report_params(struct zp_probe_reporting *reporting, uint64_t params)
{
    struct zp_probe_writer *writer = &reporting->writer;
    uint8_t last;

    zp_probe_line(writer, "boot_params");
    zp_probe_hex(writer, "address", params);
    if (params > UINT64_MAX - ZP_BOOT_PARAMS_SIZE ||
        !zp_probe_peek(reporting, params + ZP_BOOT_PARAMS_SIZE - 1, &last, sizeof(last))) {
        zp_probe_string(writer, "error", "unreadable");
        zp_probe_line_end(writer);
        return false;
    }
    zp_probe_hex(writer, "sentinel", NUMBER(reporting, params, sentinel));
    zp_probe_hex(writer, "acpi_rsdp_addr", NUMBER(reporting, params, acpi_rsdp_addr));
    zp_probe_count(writer, "e820_entries", NUMBER(reporting, params, e820_entries));
    zp_probe_hex(writer, "ext_ramdisk_image", NUMBER(reporting, params, ext_ramdisk_image));
    zp_probe_hex(writer, "ext_ramdisk_size", NUMBER(reporting, params, ext_ramdisk_size));
    zp_probe_hex(writer, "ext_cmd_line_ptr", NUMBER(reporting, params, ext_cmd_line_ptr));
    zp_probe_hex(writer, "cc_blob_address", NUMBER(reporting, params, cc_blob_address));
    zp_probe_bool(writer, "screen_info",
                  find_set(reporting, params, 0, sizeof(struct zp_screen_info)) <
                      sizeof(struct zp_screen_info));
    zp_probe_hex(writer, "efi_info", NUMBER(reporting, params, efi_info.efi_loader_signature));
    put_stray(reporting, params);
    zp_probe_line_end(writer);
    return true;
}

static void put_indirect(struct zp_probe_reporting *reporting, uint64_t at)
{
    struct zp_setup_indirect indirect;

    if (!zp_probe_peek(reporting, at + sizeof(struct zp_setup_data), &indirect, sizeof(indirect)))
        return;
    zp_probe_count(&reporting->writer, "indirect_type", indirect.type);
    zp_probe_count(&reporting->writer, "indirect_len", indirect.len);
    zp_probe_hex(&reporting->writer, "indirect_addr", indirect.addr);
}

static void put_node(struct zp_probe_reporting *reporting, uint64_t at, const struct zp_setup_data *node)
{
    struct zp_probe_writer *writer = &reporting->writer;
    uint32_t crc = 0;
    const char *error = zp_probe_sum_memory(reporting, at + sizeof(*node), node->len, &crc);

    zp_probe_count(writer, "type", node->type);
    zp_probe_count(writer, "len", node->len);
    if (error)
        zp_probe_string(writer, "error", error);
    else
        zp_probe_sum(writer, "crc32", crc);
    zp_probe_hex(writer, "next", node->next);
    if (node->type & ZP_SETUP_INDIRECT && !error)
        put_indirect(reporting, at);
}

static void note_extension(struct extensions *extensions, uint64_t at, const struct zp_setup_data *node)
{
    uint32_t last = extensions->count;

    if (node->type != ZP_SETUP_E820_EXT || last == sizeof(extensions->at) / sizeof(extensions->at[0]))
        return;
    extensions->at[last] = at + sizeof(*node);
    extensions->entries[last] = node->len / sizeof(struct zp_boot_e820_entry);
    extensions->count++;
}

static bool is_among(const uint64_t *seen, uint32_t count, uint64_t at)
{
    for (uint32_t i = 0; i < count; i++)
        if (seen[i] == at)
            return true;
    return false;
}

static void report_setup_data(struct zp_probe_reporting *reporting, uint64_t at,
                              struct extensions *extensions)
{
    struct zp_probe_writer *writer = &reporting->writer;
    uint64_t seen[ZP_PROBE_NODES_MAX];

    for (uint32_t index = 0; at; index++) {
        struct zp_setup_data node = {.next = 0};
        const char *error = NULL;

        if (index == ZP_PROBE_NODES_MAX)
            error = "too many";
        else if (is_among(seen, index, at))
            error = "loop";
        else if (!zp_probe_peek(reporting, at, &node, sizeof(node)))
            error = "unreadable";
        zp_probe_line(writer, "setup_data");
        zp_probe_count(writer, "index", index);
        zp_probe_hex(writer, "address", at);
        if (error)
            zp_probe_string(writer, "error", error);
        else
            put_node(reporting, at, &node);
        zp_probe_line_end(writer);
        if (error)
            return;
        note_extension(extensions, at, &node);
        seen[index] = at;
        at = node.next;
    }
}

/* false: unreadable from here on. */
static bool report_ranges(struct zp_probe_reporting *reporting, uint64_t at, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct zp_boot_e820_entry entry;

        /* Past the longest list ranges are only counted, and a length that lies ends the count soon. */
        if (reporting->memory_index == ZP_PROBE_MEMORY_MAX) {
            reporting->memory_more += count - i;
            return true;
        }
        if (!zp_probe_peek(reporting, at + i * sizeof(entry), &entry, sizeof(entry)))
            return false;
        zp_probe_memory(reporting, entry.addr, entry.size, entry.type);
    }
    return true;
}

static void report_memory(struct zp_probe_reporting *reporting, uint64_t params,
                          const struct extensions *extensions)
{
    uint32_t count = (uint32_t)NUMBER(reporting, params, e820_entries);

    if (count > ZP_E820_MAX_ENTRIES_ZEROPAGE)
        count = ZP_E820_MAX_ENTRIES_ZEROPAGE;
    if (report_ranges(reporting, params + offsetof(struct zp_boot_params, e820_table), count))
        for (uint32_t i = 0; i < extensions->count; i++)
            if (!report_ranges(reporting, extensions->at[i], extensions->entries[i]))
                break;
    zp_probe_memory_end(reporting);
}

static void report_initrd(struct zp_probe_reporting *reporting, uint64_t start, uint64_t size)
{
    if (!start && !size)
        return;
    zp_probe_module(reporting, 0, start, size);
    zp_probe_line_end(&reporting->writer);
}

void zp_probe_report_linux(struct zp_probe_reporting *reporting)
{
    uint64_t params = reporting->view->cpu.rsi;
    struct extensions extensions = {.count = 0};
    struct zp_setup_header header;

    if (!report_params(reporting, params) ||
        !report_header(reporting, params + ZP_SETUP_HEADER_OFFSET, &header))
        return;
    reporting->rsdp = NUMBER(reporting, params, acpi_rsdp_addr);
    report_setup_data(reporting, header.setup_data, &extensions);
    report_memory(reporting, params, &extensions);
    zp_probe_cmdline(reporting, header.cmd_line_ptr | NUMBER(reporting, params, ext_cmd_line_ptr) << 32,
                     ZP_PROBE_STRING_MAX);
    report_initrd(reporting, header.ramdisk_image | NUMBER(reporting, params, ext_ramdisk_image) << 32,
                  header.ramdisk_size | NUMBER(reporting, params, ext_ramdisk_size) << 32);
}

/* Before 2.02: magic and offset, from the start of the real-mode code. */
static uint64_t old_cmdline(struct zp_probe_reporting *reporting, uint64_t setup)
{
    uint64_t magic = read_number(reporting, setup + offsetof(struct zp_screen_info, cl_magic), 2);

    if (magic != OLD_CMDLINE_MAGIC)
        return 0;
    return setup + read_number(reporting, setup + offsetof(struct zp_screen_info, cl_offset), 2);
}

void zp_probe_report_linux16(struct zp_probe_reporting *reporting)
{
    uint64_t setup = reporting->view->setup;
    struct zp_setup_header header;
    bool has_pointer;

    if (!report_header(reporting, setup + ZP_SETUP_HEADER_OFFSET, &header))
        return;
    has_pointer = header.header == ZP_SETUP_MAGIC_HDRS && header.version >= OLD_CMDLINE_VERSION;
    zp_probe_cmdline(reporting, has_pointer ? header.cmd_line_ptr : old_cmdline(reporting, setup),
                     ZP_PROBE_STRING_MAX);
    if (header.header == ZP_SETUP_MAGIC_HDRS)
        report_initrd(reporting, header.ramdisk_image, header.ramdisk_size);
}
