/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entered by the 32- or 64-bit Linux protocol, by our own real-mode code, or by what efi.c made of an EFI
 * entry: boot_params. Receives its address; guarantees in struct arrival the memory map (e820_table,
 * SETUP_E820_EXT, or the sizes of a BIOS without e820), the command line, the initrd as first module, the
 * RSDP, the setup_data nodes to hand on, a seed, and a copy of the page for the fields that a plan does not
 * set. Linux Documentation/x86/boot, "Details of header fields", "32-bit boot protocol" and "64-bit boot
 * protocol"; zero-page.
 */
#include <zeropage/wire/bootparam.h>
#include <zeropage/wire/e820.h>

#include "../../core/seam.h"
#include "arrive.h"

#define NODE_MAX       64u            /* of the setup_data list; Linux itself knows ten types */
#define LOW_KIB        636u           /* that Linux supposes below 640 KiB when there is no map */
#define EFI_MAP_MAX    (1024u * 1024) /* bytes of an EFI memory map */
#define EFI_DESCRIPTOR 40u            /* the least that one takes */

static uint64_t wide(uint32_t high, uint32_t low)
{
    return (uint64_t)high << 32 | low;
}

/*
 * A loader that copies more of the file than the header leaves the sentinel at what the file has there: then
 * the fields that such loaders do not know hold bytes of the file and count as 0, as they do for Linux.
 */
static void forget_what_nobody_set(struct zp_boot_params *params)
{
    if (params->sentinel == 0)
        return;
    params->ext_ramdisk_image = 0;
    params->ext_ramdisk_size = 0;
    params->ext_cmd_line_ptr = 0;
    memset(&params->edid_info, 0, sizeof(params->edid_info));
    params->kbd_status = 0;
    params->sentinel = 0;
}

static void add_entries(struct arrival *arrival, const char *what, const void *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct zp_boot_e820_entry entry;

        memcpy(&entry, (const char *)entries + i * sizeof(entry), sizeof(entry));
        arrive_range(arrival, what, entry.addr, entry.size, entry.type);
    }
}

static void add_map(struct arrival *arrival, const struct zp_boot_params *params)
{
    uint64_t alt = params->alt_mem_k, ext = params->screen_info.ext_mem_k;

    if (params->e820_entries > ZP_E820_MAX_ENTRIES_ZEROPAGE)
        stub_refuse("boot_params: e820_entries is %d, and the table holds %d", (uint64_t)params->e820_entries,
                    (uint64_t)ZP_E820_MAX_ENTRIES_ZEROPAGE);
    if (params->e820_entries) {
        add_entries(arrival, "boot_params: e820_table", params->e820_table, params->e820_entries);
        return;
    }
    /* INT 15h AX=E801h, or AH=88h with its 64 MiB at most */
    if (alt == 0 && ext == 0)
        stub_refuse("boot_params: e820_entries, alt_mem_k and ext_mem_k are 0: no memory map");
    arrive_counted(arrival, "boot_params", LOW_KIB, alt > ext ? alt : ext);
}

/* The data of one node, wherever it lies. */
static void add_node(struct arrival *arrival, uint32_t type, const void *data, uint64_t size)
{
    struct zp_blob blob = {
        .size = size,
        .align = 16,
        .limit = {UINT64_C(1) << 32},
        .role = ZP_BLOB_SETUP_DATA,
        .setup_data_type = type,
        .fill = arrive_fill,
        .context = (void *)(uintptr_t)data,
    };

    if (size == 0 || type == ZP_SETUP_NONE)
        return;
    switch (type) {
    case ZP_SETUP_E820_EXT:
        if (size > ARRIVE_TABLE_MAX || size % sizeof(struct zp_boot_e820_entry))
            stub_refuse("setup_data: E820_EXT of %d bytes", size);
        add_entries(arrival, "setup_data: E820_EXT", data, size / sizeof(struct zp_boot_e820_entry));
        return;
    case ZP_SETUP_RNG_SEED:
        if (arrival->entropy)
            break;
        arrival->entropy = data;
        arrival->entropy_length = (size_t)size;
        return;
    case ZP_SETUP_IMA:
    case ZP_SETUP_KEXEC_KHO:
        /* They are addresses of RAM that an earlier kernel left as it is, for nobody but its successor. */
        stub_say("setup_data of type %d tells of memory that is not handed on: left out", (uint64_t)type);
        return;
    }
    arrive_blob(arrival, "setup_data", &blob);
}

/* An indirect node becomes a plain one of its true type: kernels that know the type know that. */
static void add_indirect(struct arrival *arrival, const void *data, uint64_t size)
{
    struct zp_setup_indirect indirect;
    uint32_t type;

    if (size < sizeof(indirect))
        stub_refuse("setup_data: setup_indirect of %d bytes", size);
    memcpy(&indirect, data, sizeof(indirect));
    type = indirect.type & ~ZP_SETUP_INDIRECT;
    if (!(indirect.type & ZP_SETUP_INDIRECT) || type == ZP_SETUP_NONE)
        stub_refuse("setup_data: setup_indirect of type 0x%x", (uint64_t)indirect.type);
    if (indirect.len > UINT32_MAX)
        stub_refuse("setup_data: setup_indirect of %d bytes", indirect.len);
    if (indirect.len == 0)
        return;
    add_node(arrival, type, arrive_hold(arrival, "setup_indirect", indirect.addr, indirect.len),
             indirect.len);
}

/* A list that ends in a loop has more than NODE_MAX nodes, too. */
static void walk_setup_data(struct arrival *arrival, uint64_t address)
{
    for (unsigned count = 0; address; count++) {
        struct zp_setup_data node;
        const char *bytes;

        if (count == NODE_MAX)
            stub_refuse("setup_data: a list of more than %d nodes, or a loop", (uint64_t)NODE_MAX);
        memcpy(&node, arrive_see("setup_data", address, sizeof(node)), sizeof(node));
        bytes = arrive_hold(arrival, "setup_data", address, sizeof(node) + (uint64_t)node.len);
        if (node.type == ZP_SETUP_INDIRECT)
            add_indirect(arrival, bytes + sizeof(node), node.len);
        else if (node.type & ZP_SETUP_INDIRECT)
            stub_refuse("setup_data: node at 0x%x of type 0x%x", address, (uint64_t)node.type);
        else
            add_node(arrival, node.type, bytes + sizeof(node), node.len);
        address = node.next;
    }
}

/*
 * The EFI memory map stays where efi_info says, whatever RAM it lies in, and the kernel reads it there: so
 * that is no RAM any more.
 */
static void reserve_efi_map(struct arrival *arrival, const struct zp_boot_params *params)
{
    struct zp_efi_info efi = params->efi_info;
    uint64_t map = wide(efi.efi_memmap_hi, efi.efi_memmap);

    if (efi.efi_loader_signature != ZP_EFI64_LOADER_SIGNATURE &&
        efi.efi_loader_signature != ZP_EFI32_LOADER_SIGNATURE)
        return;
    if (efi.efi_memmap_size == 0)
        return;
    if (efi.efi_memmap_size > EFI_MAP_MAX || efi.efi_memdesc_size < EFI_DESCRIPTOR)
        stub_refuse("efi_info: memory map of %d bytes, %d each", (uint64_t)efi.efi_memmap_size,
                    (uint64_t)efi.efi_memdesc_size);
    arrive_see("efi_info: memory map", map, efi.efi_memmap_size);
    arrive_range(arrival, "efi_info: memory map", map, efi.efi_memmap_size, ZP_E820_RESERVED);
}

void stub_arrive_linux(struct arrival *arrival, uint64_t handed)
{
    struct zp_boot_params *params = &arrival->boot_params;
    const struct zp_setup_header *header = &params->hdr;
    uint64_t initrd, initrd_size;

    memcpy(params, arrive_hold(arrival, "boot_params", handed, sizeof(*params)), sizeof(*params));
    if (header->header != ZP_SETUP_MAGIC_HDRS)
        stub_refuse("boot_params at 0x%x: no setup header", handed);
    forget_what_nobody_set(params);
    arrival->has_boot_params = true;
    add_map(arrival, params);
    walk_setup_data(arrival, header->setup_data);
    arrive_map_done(arrival, "boot_params");
    reserve_efi_map(arrival, params);
    arrive_cmdline(arrival, "boot_params: command line",
                   wide(params->ext_cmd_line_ptr, header->cmd_line_ptr));
    /* One of them 0 is how a loader says that there is none. */
    initrd = wide(params->ext_ramdisk_image, header->ramdisk_image);
    initrd_size = wide(params->ext_ramdisk_size, header->ramdisk_size);
    if (initrd && initrd_size)
        arrive_module(arrival, "boot_params: initrd", initrd, initrd_size, NULL, 0);
    arrive_rsdp(arrival, "boot_params: acpi_rsdp_addr", params->acpi_rsdp_addr);
}
