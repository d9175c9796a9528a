/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entered by EFI firmware, boot services running, on its stack and page tables (UEFI 2.10, 2.3.4 "x64
 * Platforms"): everything that only the firmware can tell or do is asked here, then boot services are left
 * (7.4.6 "ExitBootServices()"), and what remains is what a boot loader hands to the 64-bit entry of Linux: a
 * boot_params with memory map, command line, initrd, screen and efi_info. By handover the boot_params of the
 * loader is the template, and its command line and initrd are kept (Linux/x86 boot protocol, "EFI Handover
 * Protocol").
 *
 * Until boot services are left an error goes to the console and control back to the firmware. Runtime
 * services stay as they are: their virtual address map is the kernel's business.
 *
 * The memory map for the kernel lies in memory of type EfiACPIReclaimMemory: no RAM of e820 until the kernel
 * says so, hence no place for a plan, for a kernel that moves itself, or for what kexec starts later.
 */
#include "efi.h"

/* Descriptors that may come in between asking for the map's size and for the map. */
#define MAP_SLACK 32
#define EXIT_MAX  16

/* What boot_params refers to; one piece of memory below 4 GiB. */
struct handing {
    struct zp_boot_params boot_params;
    char cmdline[STUB_CMDLINE_MAX];
    uint8_t seed_node[sizeof(struct zp_setup_data) + STUB_EFI_SEED]; /* a multiple of 8 from the start */
};

/* The memory map as it is asked for, and room for what does not fit boot_params. */
struct map {
    void *bytes;
    uint64_t size, room;
    uint64_t stride;
    uint64_t key;
    uint32_t version;
    struct zp_boot_e820_entry *ranges;
    size_t capacity;
    struct zp_setup_data *more; /* node of SETUP_E820_EXT, `capacity` ranges long */
};

void *stub_efi_interface(const struct stub_efi *efi, uint64_t handle, const struct zp_efi_guid *protocol)
{
    void *interface = NULL;

    if (STUB_EFI_CALL(stub_efi_handle_protocol, efi->services->handle_protocol)(handle, protocol,
                                                                                &interface) != ZP_EFI_SUCCESS)
        return NULL;
    return interface;
}

static void open_firmware(struct stub_efi *efi, const struct stub_entry *entry)
{
    static const struct zp_efi_guid loaded_image = {
        0x5b1b31a1, 0x9562, 0x11d2, {0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};
    const struct zp_efi_system_table *system = (const void *)(uintptr_t)entry->second;

    if (system == NULL || system->hdr.signature != ZP_EFI_SYSTEM_TABLE_SIGNATURE ||
        system->boot_services == 0)
        stub_refuse("entered as an EFI program without a system table");
    efi->image = entry->handed;
    efi->system = system;
    efi->services = (const void *)(uintptr_t)system->boot_services;
    stub_efi_console(efi);
    efi->loaded = stub_efi_interface(efi, efi->image, &loaded_image);
}

/* A boot_params as from a loader without a name; the kernel's own setup header is the plan's business. */
static void begin(struct zp_boot_params *boot_params)
{
    boot_params->hdr.boot_flag = ZP_BOOT_FLAG;
    boot_params->hdr.header = ZP_SETUP_MAGIC_HDRS;
    boot_params->hdr.version = 0x20f;
    boot_params->hdr.type_of_loader = ZP_LOADER_TYPE_UNDEFINED;
    boot_params->hdr.loadflags = ZP_LOADED_HIGH;
}

/*
 * The loader's page. A sentinel that is not 0 says that it copied the first sector of the file whole: what
 * is not the setup header is rubbish then.
 */
static void begin_from(struct zp_boot_params *boot_params, uint64_t handed)
{
    const struct zp_boot_params *from = (const void *)(uintptr_t)handed;

    if (from == NULL)
        stub_refuse("EFI handover without boot_params");
    *boot_params = *from;
    if (from->sentinel) {
        memset(boot_params, 0, sizeof(*boot_params));
        boot_params->hdr = from->hdr;
    }
    boot_params->e820_entries = 0;
    if (boot_params->hdr.type_of_loader == 0)
        boot_params->hdr.type_of_loader = ZP_LOADER_TYPE_UNDEFINED;
}

static void take_options(const struct stub_efi *efi, struct handing *handing)
{
    static const struct zp_efi_guid shell_parameters = {
        0x752f3136, 0x4e16, 0x4fdc, {0xa2, 0x2a, 0xe5, 0xf4, 0x68, 0x12, 0xf4, 0xca}};
    size_t length = 0;
    bool shell;
    int status;

    if (efi->loaded == NULL || efi->loaded->load_options == 0 || efi->loaded->load_options_size == 0)
        return;
    /* A shell leaves this protocol on the programs that it starts. */
    shell = stub_efi_interface(efi, efi->image, &shell_parameters) != NULL;
    status = stub_efi_text((const void *)(uintptr_t)efi->loaded->load_options, efi->loaded->load_options_size,
                           shell, handing->cmdline, sizeof(handing->cmdline), &length);
    if (status == -2)
        stub_refuse("load options: longer than %d bytes", sizeof(handing->cmdline) - 1);
    if (status != 0)
        return;
    handing->boot_params.hdr.cmd_line_ptr = (uint32_t)(uintptr_t)handing->cmdline;
    handing->boot_params.ext_cmd_line_ptr = 0;
}

static void take_initrd(const struct stub_efi *efi, struct zp_boot_params *boot_params)
{
    uint64_t size = 0, start;

    if (boot_params->hdr.ramdisk_size || boot_params->ext_ramdisk_size)
        return;
    start = stub_efi_initrd(efi, &size);
    boot_params->hdr.ramdisk_image = (uint32_t)start;
    boot_params->hdr.ramdisk_size = (uint32_t)size;
    boot_params->ext_ramdisk_image = 0;
    boot_params->ext_ramdisk_size = (uint32_t)(size >> 32);
}

static void add_node(struct zp_boot_params *boot_params, struct zp_setup_data *node, uint32_t type,
                     uint32_t length)
{
    node->next = boot_params->hdr.setup_data;
    node->type = type;
    node->len = length;
    boot_params->hdr.setup_data = (uintptr_t)node;
}

static void ask(const struct stub_efi *efi, struct handing *handing)
{
    struct zp_boot_params *boot_params = &handing->boot_params;
    struct zp_setup_data *seed = (struct zp_setup_data *)handing->seed_node;

    if (boot_params->secure_boot == ZP_EFI_SECUREBOOT_MODE_UNSET)
        boot_params->secure_boot = stub_efi_secure_boot(efi);
    if (boot_params->screen_info.orig_video_isVGA == 0)
        stub_efi_screen(efi, boot_params);
    if (boot_params->acpi_rsdp_addr == 0)
        boot_params->acpi_rsdp_addr = stub_efi_rsdp(efi);
    if (stub_efi_random(efi, seed->data, STUB_EFI_SEED))
        add_node(boot_params, seed, ZP_SETUP_RNG_SEED, STUB_EFI_SEED);
}

static void find_payload(const struct stub_efi *efi, struct stub_entry *entry,
                         const struct zp_boot_params *boot_params)
{
    const struct zp_pack_body *body = (const void *)(uintptr_t)(entry->body + ZP_PACK_HEADER);

    if (body->payload_offset) {
        entry->payload = entry->body + body->payload_offset;
    } else {
        /* The signature that let us run is not of that file. */
        if (boot_params->secure_boot == ZP_EFI_SECUREBOOT_MODE_ENABLED)
            stub_refuse("Secure Boot is on: the payload must lie in this file, not beside it");
        entry->payload = stub_efi_payload(efi);
    }
    stub_payload_check(entry);
}

static uint64_t get_map(const struct stub_efi *efi, struct map *map)
{
    map->size = map->room;
    return STUB_EFI_CALL(stub_efi_get_memory_map, efi->services->get_memory_map)(
        &map->size, map->bytes, &map->key, &map->stride, &map->version);
}

static void prepare_map(const struct stub_efi *efi, struct map *map)
{
    uint64_t status, size;

    memset(map, 0, sizeof(*map));
    status = get_map(efi, map);
    if (status != ZP_EFI_BUFFER_TOO_SMALL || map->stride < sizeof(struct zp_efi_memory_descriptor))
        stub_refuse("the firmware gives no memory map (EFI status %x, descriptors of %d bytes)", status,
                    map->stride);
    map->room = STUB_EFI_PAGE(map->size + MAP_SLACK * map->stride);
    map->capacity = map->room / map->stride;
    size = map->capacity * sizeof(*map->ranges);
    map->bytes = stub_efi_allocate(efi, map->room, ZP_EFI_ACPI_RECLAIM_MEMORY, "the memory map");
    map->ranges = stub_efi_allocate(efi, size, ZP_EFI_LOADER_DATA, "the memory map");
    map->more = stub_efi_allocate(efi, sizeof(*map->more) + size, ZP_EFI_LOADER_DATA, "the memory map");
}

/*
 * The key of the map must be the last one that the firmware gave: when anything changed it in between, the
 * map is asked for again. From the first try on no other service may be called, the console neither.
 */
static void leave(const struct stub_efi *efi, struct map *map)
{
    uint64_t status = ZP_EFI_INVALID_PARAMETER;

    stub_efi_console(NULL);
    for (int i = 0; i < EXIT_MAX && status == ZP_EFI_INVALID_PARAMETER; i++) {
        status = get_map(efi, map);
        if (status != ZP_EFI_SUCCESS)
            stub_refuse("the firmware gives no memory map any more (EFI status %x)", status);
        status = STUB_EFI_CALL(stub_efi_exit_boot_services, efi->services->exit_boot_services)(efi->image,
                                                                                               map->key);
    }
    if (status != ZP_EFI_SUCCESS)
        stub_refuse("the firmware does not let us go (EFI status %x)", status);
}

static void hand_map(struct zp_boot_params *boot_params, const struct map *map)
{
    size_t count = stub_efi_ranges(map->bytes, map->size, map->stride, map->ranges, map->capacity);
    size_t first = count < ZP_E820_MAX_ENTRIES_ZEROPAGE ? count : ZP_E820_MAX_ENTRIES_ZEROPAGE;

    memcpy(boot_params->e820_table, map->ranges, first * sizeof(*map->ranges));
    boot_params->e820_entries = (uint8_t)first;
    if (count > first) {
        memcpy(map->more + 1, map->ranges + first, (count - first) * sizeof(*map->ranges));
        add_node(boot_params, map->more, ZP_SETUP_E820_EXT,
                 (uint32_t)((count - first) * sizeof(*map->ranges)));
    }
}

static void hand_firmware(const struct stub_efi *efi, struct zp_boot_params *boot_params,
                          const struct map *map)
{
    boot_params->efi_info = (struct zp_efi_info){
        .efi_loader_signature = ZP_EFI64_LOADER_SIGNATURE,
        .efi_systab = (uint32_t)(uintptr_t)efi->system,
        .efi_systab_hi = (uint32_t)((uint64_t)(uintptr_t)efi->system >> 32),
        .efi_memdesc_size = (uint32_t)map->stride,
        .efi_memdesc_version = map->version,
        .efi_memmap = (uint32_t)(uintptr_t)map->bytes,
        .efi_memmap_hi = (uint32_t)((uint64_t)(uintptr_t)map->bytes >> 32),
        .efi_memmap_size = (uint32_t)map->size,
    };
}

void stub_efi(struct stub_entry *entry)
{
    struct stub_efi efi;
    struct handing *handing;
    struct map map;

    open_firmware(&efi, entry);
    stub_efi_come_below(&efi, entry);
    handing = stub_efi_allocate(&efi, sizeof(*handing), ZP_EFI_LOADER_DATA, "boot_params");
    if (entry->way == ZP_PACK_WAY_HANDOVER)
        begin_from(&handing->boot_params, entry->third);
    else
        begin(&handing->boot_params);
    if (handing->boot_params.hdr.cmd_line_ptr == 0)
        take_options(&efi, handing);
    ask(&efi, handing);
    find_payload(&efi, entry, &handing->boot_params);
    take_initrd(&efi, &handing->boot_params);

    prepare_map(&efi, &map);
    leave(&efi, &map);
    hand_map(&handing->boot_params, &map);
    hand_firmware(&efi, &handing->boot_params, &map);
    entry->way = ZP_PACK_WAY_LINUX64;
    entry->handed = (uintptr_t)handing;
    entry->second = entry->third = 0;
}
