/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of the packed file's stub that EFI firmware enters, against a firmware of our own: tables, files
 * and a memory map that the test spoils one at a time. Everything is what the stub runs with but the last
 * step, in which it takes the CPU.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <zeropage/wire/e820.h>

#include "../../src/pack/stub/efi.h"

#define MAP_MAX     512
#define TEXT_MAX    65536
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* --- what the stub has elsewhere
 * ----------------------------------------------------------------------------- */

static jmp_buf refused;
static char said[512];

/* Its numbers are all uint64_t. */
static void format(const char *text, va_list values)
{
    size_t used = 0;

    for (; *text && used < sizeof(said) - 32; text++) {
        if (*text != '%')
            said[used++] = *text;
        else if (*++text == 's')
            used += (size_t)sprintf(said + used, "%.64s", va_arg(values, const char *));
        else
            used += (size_t)sprintf(said + used, *text == 'x' ? "%lx" : "%lu", va_arg(values, uint64_t));
    }
    said[used] = 0;
}

void stub_say(const char *text, ...)
{
    va_list values;

    va_start(values, text);
    format(text, values);
    va_end(values);
}

_Noreturn void stub_refuse(const char *text, ...)
{
    va_list values;

    va_start(values, text);
    format(text, values);
    va_end(values);
    longjmp(refused, 1);
}

const void *stub_see(uint64_t address, uint64_t size)
{
    (void)size;
    return (const void *)(uintptr_t)address;
}

void stub_keep(struct arrival *arrival, uint64_t start, uint64_t size)
{
    arrival->keeps[arrival->keep_count++] = (struct stub_keep){start, size};
}

static uint64_t checked_payload;

void stub_payload_check(struct stub_entry *entry)
{
    checked_payload = entry->payload;
}

/* --- the firmware
 * ---------------------------------------------------------------------------------------------- */

#define FAIL(name)            \
    if (firmware.fail_##name) \
        return firmware.fail_##name;

struct fake_file {
    struct zp_efi_file protocol;
    const uint8_t *bytes;
    uint64_t size, told_size, at, short_by;
};

static struct {
    struct zp_efi_system_table system;
    struct zp_efi_boot_services services;
    struct zp_efi_runtime_services runtime;
    struct zp_efi_configuration_table tables[3];
    struct zp_efi_simple_text_output console;
    struct zp_efi_loaded_image image;
    struct zp_efi_simple_file_system volume;
    struct zp_efi_file root;
    struct fake_file payload;
    struct zp_efi_load_file2 load_file2;
    struct zp_efi_rng rng;
    struct zp_efi_graphics_output graphics[2];
    struct zp_efi_graphics_output_mode mode[2];
    struct zp_efi_graphics_output_mode_information info[2];
    struct zp_efi_edid_active edid;
    uint8_t edid_bytes[128];
    struct zp_efi_memory_descriptor map[MAP_MAX];
    uint64_t map_count, map_stride;
    const char *initrd;
    uint64_t initrd_size;
    int secure_boot, setup_mode, shim_state; /* -1: no such variable */
    uint32_t shim_attributes;
    bool shell, no_console, no_volume, no_payload, no_graphics, no_rng;
    uint64_t fail_open, fail_read, fail_allocate, fail_map, fail_exit, fail_load;
    unsigned exits, stale, maps, allocations, frees;
    bool left;
    uint64_t ended;
    uint32_t types[16];
    char printed[TEXT_MAX];
} firmware;

static uint8_t *body;
static struct zp_boot_params handed __attribute__((aligned(16)));
static uint16_t option_text[STUB_CMDLINE_MAX + 64];

/* Below 4 GiB, as firmware of the real kind has it all. */
static void *low_pages(uint64_t size)
{
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

    assert_ptr_not_equal(pages, MAP_FAILED);
    return pages;
}

static uint64_t __attribute__((ms_abi))
fake_allocate(uint32_t how, uint32_t type, uint64_t pages, uint64_t *address)
{
    FAIL(allocate)
    assert_int_equal(how, ZP_EFI_ALLOCATE_MAX_ADDRESS);
    assert_int_equal(*address, 0xffffffff);
    assert_false(firmware.left);
    if (firmware.allocations < COUNT(firmware.types))
        firmware.types[firmware.allocations] = type;
    firmware.allocations++;
    *address = (uintptr_t)low_pages(pages << 12);
    memset((void *)(uintptr_t)*address, 0xa5, pages << 12);
    return 0;
}

static uint64_t __attribute__((ms_abi))
fake_map(uint64_t *size, void *map, uint64_t *ret_key, uint64_t *ret_stride, uint32_t *ret_version)
{
    uint64_t need = firmware.map_count * firmware.map_stride, room = *size;

    *size = need;
    *ret_stride = firmware.map_stride;
    *ret_version = ZP_EFI_MEMORY_DESCRIPTOR_VERSION;
    if (room < need)
        return ZP_EFI_BUFFER_TOO_SMALL;
    FAIL(map)
    for (uint64_t i = 0; i < firmware.map_count; i++)
        memcpy((uint8_t *)map + i * firmware.map_stride, &firmware.map[i], sizeof(firmware.map[i]));
    *ret_key = 1000 + ++firmware.maps;
    return 0;
}

static uint64_t __attribute__((ms_abi)) fake_leave(uint64_t image, uint64_t key)
{
    FAIL(exit)
    assert_int_equal(image, 0x77);
    firmware.exits++;
    if (firmware.stale) {
        firmware.stale--;
        return ZP_EFI_INVALID_PARAMETER;
    }
    if (key != 1000 + firmware.maps)
        return ZP_EFI_INVALID_PARAMETER;
    firmware.left = true;
    return 0;
}

static uint64_t __attribute__((ms_abi))
fake_exit(uint64_t image, uint64_t status, uint64_t size, const uint16_t *data)
{
    assert_int_equal(image, 0x77);
    assert_int_equal(size, 0);
    assert_null(data);
    firmware.ended = status;
    return 0;
}

static uint64_t __attribute__((ms_abi))
fake_watchdog(uint64_t seconds, uint64_t code, uint64_t size, const uint16_t *data)
{
    (void)code, (void)size, (void)data;
    assert_int_equal(seconds, 0);
    return 0;
}

/* By the first member, which is enough to tell apart what we ask for. */
static uint64_t __attribute__((ms_abi))
fake_protocol(uint64_t handle, const struct zp_efi_guid *protocol, void **ret)
{
    void *found = NULL;

    switch (protocol->data1) {
    case 0x5b1b31a1: found = handle == 0x77 ? &firmware.image : NULL; break;
    case 0x964e5b22: found = handle == 0x88 && !firmware.no_volume ? &firmware.volume : NULL; break;
    case 0x752f3136: found = firmware.shell ? &firmware : NULL; break;
    case 0x4006c0c1: found = handle == 0x99 ? &firmware.load_file2 : NULL; break;
    case 0x9042a9de: found = handle >= 0x100 ? &firmware.graphics[handle - 0x100] : NULL; break;
    case 0xd3b36f2c: found = handle == 0x101 ? &firmware : NULL; break; /* the second is the console */
    case 0xbd8c1056: found = handle == 0x101 ? &firmware.edid : NULL; break;
    }
    *ret = found;
    return found ? 0 : ZP_EFI_ERROR | 3;
}

static uint64_t __attribute__((ms_abi))
fake_path(const struct zp_efi_guid *protocol, const void **path, uint64_t *ret_handle)
{
    static const uint8_t wanted[] = {4,    3,    20,   0,    0x27, 0xe4, 0x68, 0x55, 0xfc, 0x68, 0x3d, 0x4f,
                                     0xac, 0x74, 0xca, 0x55, 0x52, 0x31, 0xcc, 0x68, 0x7f, 0xff, 4,    0};

    assert_int_equal(protocol->data1, 0x4006c0c1);
    assert_memory_equal(*path, wanted, sizeof(wanted));
    if (!firmware.initrd)
        return ZP_EFI_NOT_FOUND;
    *path = (const uint8_t *)*path + 20;
    *ret_handle = 0x99;
    return 0;
}

static uint64_t __attribute__((ms_abi))
fake_load(void *self, const void *path, uint8_t policy, uint64_t *size, void *buffer)
{
    uint64_t room = *size;

    assert_ptr_equal(self, &firmware.load_file2);
    assert_int_equal(*(const uint8_t *)path, 0x7f);
    assert_int_equal(policy, 0);
    *size = firmware.initrd_size;
    if (room < *size || buffer == NULL)
        return *size ? ZP_EFI_BUFFER_TOO_SMALL : 0;
    FAIL(load)
    memcpy(buffer, firmware.initrd, *size);
    return 0;
}

static uint64_t __attribute__((ms_abi))
fake_handles(uint32_t how, const struct zp_efi_guid *protocol, void *key, uint64_t *ret_count, uint64_t **ret)
{
    static uint64_t handles[] = {0x100, 0x101};

    (void)key;
    assert_int_equal(how, ZP_EFI_BY_PROTOCOL);
    assert_int_equal(protocol->data1, 0x9042a9de);
    if (firmware.no_graphics)
        return ZP_EFI_NOT_FOUND;
    *ret_count = 2;
    *ret = handles;
    return 0;
}

static uint64_t __attribute__((ms_abi)) fake_free(void *pool)
{
    (void)pool;
    firmware.frees++;
    return 0;
}

static uint64_t __attribute__((ms_abi))
fake_locate(const struct zp_efi_guid *protocol, void *registration, void **ret)
{
    (void)registration;
    assert_int_equal(protocol->data1, 0x3152bca5);
    *ret = &firmware.rng;
    return firmware.no_rng ? ZP_EFI_NOT_FOUND : 0;
}

static uint64_t __attribute__((ms_abi))
fake_random(void *self, const struct zp_efi_guid *algorithm, uint64_t size, void *buffer)
{
    assert_ptr_equal(self, &firmware.rng);
    assert_null(algorithm);
    memset(buffer, 0x5e, size);
    return 0;
}

static uint64_t __attribute__((ms_abi)) fake_variable(const uint16_t *name, const struct zp_efi_guid *vendor,
                                                      uint32_t *ret_attributes, uint64_t *size, void *data)
{
    int value = -1;

    *ret_attributes = 6;
    if (name[0] == 'S' && name[2] == 'c' && vendor->data1 == 0x8be4df61)
        value = firmware.secure_boot;
    if (name[0] == 'S' && name[2] == 't' && vendor->data1 == 0x8be4df61)
        value = firmware.setup_mode;
    if (name[0] == 'M' && vendor->data1 == 0x605dab50) {
        value = firmware.shim_state;
        *ret_attributes = firmware.shim_attributes;
    }
    if (value == -1)
        return ZP_EFI_NOT_FOUND;
    if (value == -2)
        return ZP_EFI_DEVICE_ERROR;
    assert_int_equal(*size, 1);
    *(uint8_t *)data = (uint8_t)value;
    return 0;
}

static uint64_t __attribute__((ms_abi)) fake_print(void *self, const uint16_t *text)
{
    size_t used = strlen(firmware.printed);

    assert_ptr_equal(self, &firmware.console);
    assert_false(firmware.left);
    for (; *text; text++)
        firmware.printed[used++] = (char)*text;
    firmware.printed[used] = 0;
    return 0;
}

static uint64_t __attribute__((ms_abi)) fake_volume(void *self, struct zp_efi_file **ret)
{
    assert_ptr_equal(self, &firmware.volume);
    *ret = &firmware.root;
    return 0;
}

static uint64_t __attribute__((ms_abi)) fake_open(struct zp_efi_file *self, struct zp_efi_file **ret,
                                                  const uint16_t *name, uint64_t mode, uint64_t attributes)
{
    static const uint16_t wanted[] = u"\\EFI\\BOOT\\PAYLOAD.ZP";

    assert_ptr_equal(self, &firmware.root);
    assert_memory_equal(name, wanted, sizeof(wanted));
    assert_int_equal(mode, 1);
    assert_int_equal(attributes, 0);
    FAIL(open)
    if (firmware.no_payload)
        return ZP_EFI_NOT_FOUND;
    *ret = &firmware.payload.protocol;
    return 0;
}

static uint64_t __attribute__((ms_abi)) fake_close(struct zp_efi_file *self)
{
    (void)self;
    return 0;
}

static uint64_t __attribute__((ms_abi)) fake_seek(struct zp_efi_file *self, uint64_t at)
{
    assert_ptr_equal(self, &firmware.payload.protocol);
    firmware.payload.at = at == ZP_EFI_FILE_END ? firmware.payload.told_size : at;
    return 0;
}

static uint64_t __attribute__((ms_abi)) fake_tell(struct zp_efi_file *self, uint64_t *ret)
{
    assert_ptr_equal(self, &firmware.payload.protocol);
    *ret = firmware.payload.at;
    return 0;
}

/* Less than is wished for now and then, as a driver may. */
static uint64_t __attribute__((ms_abi)) fake_read(struct zp_efi_file *self, uint64_t *size, void *buffer)
{
    struct fake_file *file = &firmware.payload;
    uint64_t left = file->size - file->at;

    assert_ptr_equal(self, &file->protocol);
    if (file->at)
        FAIL(read)
    if (*size > left)
        *size = left;
    if (*size > file->short_by + 1)
        *size -= file->short_by;
    memcpy(buffer, file->bytes + file->at, *size);
    file->at += *size;
    return 0;
}

#define AT(function) ((uint64_t)(uintptr_t)(function))

static void describe(uint32_t type, uint64_t start, uint64_t size)
{
    firmware.map[firmware.map_count++] = (struct zp_efi_memory_descriptor){
        .type = type, .physical_start = start, .number_of_pages = size >> 12};
}

static void make_graphics(unsigned index, uint32_t width, uint32_t height)
{
    firmware.graphics[index].mode = AT(&firmware.mode[index]);
    firmware.mode[index].info = AT(&firmware.info[index]);
    firmware.mode[index].frame_buffer_base = 0x80000000;
    firmware.info[index].horizontal_resolution = width;
    firmware.info[index].vertical_resolution = height;
    firmware.info[index].pixels_per_scan_line = width;
    firmware.info[index].pixel_format = ZP_EFI_PIXEL_BGR_RESERVED;
}

static void make_services(void)
{
    struct zp_efi_boot_services *services = &firmware.services;

    services->allocate_pages = AT(fake_allocate);
    services->get_memory_map = AT(fake_map);
    services->free_pool = AT(fake_free);
    services->handle_protocol = AT(fake_protocol);
    services->locate_device_path = AT(fake_path);
    services->exit = AT(fake_exit);
    services->exit_boot_services = AT(fake_leave);
    services->set_watchdog_timer = AT(fake_watchdog);
    services->locate_handle_buffer = AT(fake_handles);
    services->locate_protocol = AT(fake_locate);
    firmware.runtime.get_variable = AT(fake_variable);
    firmware.console.output_string = AT(fake_print);
    firmware.volume.open_volume = AT(fake_volume);
    firmware.root.open = AT(fake_open);
    firmware.root.close = AT(fake_close);
    firmware.payload.protocol.close = AT(fake_close);
    firmware.payload.protocol.read = AT(fake_read);
    firmware.payload.protocol.set_position = AT(fake_seek);
    firmware.payload.protocol.get_position = AT(fake_tell);
    firmware.load_file2.load_file = AT(fake_load);
    firmware.rng.get_rng = AT(fake_random);
}

static void make_firmware(void)
{
    static const struct zp_efi_guid acpi10 = {
        0xeb9d2d30, 0x2d88, 0x11d3, {0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d}};
    static const struct zp_efi_guid acpi20 = {
        0x8868e871, 0xe4f1, 0x11d3, {0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81}};

    memset(&firmware, 0, sizeof(firmware));
    make_services();
    firmware.system.hdr.signature = ZP_EFI_SYSTEM_TABLE_SIGNATURE;
    firmware.system.boot_services = AT(&firmware.services);
    firmware.system.runtime_services = AT(&firmware.runtime);
    firmware.system.con_out = AT(&firmware.console);
    firmware.system.configuration_table = AT(firmware.tables);
    firmware.system.number_of_table_entries = 3;
    firmware.tables[0] = (struct zp_efi_configuration_table){acpi10, 0x1111};
    firmware.tables[2] = (struct zp_efi_configuration_table){acpi20, 0x2222};
    firmware.image.device_handle = 0x88;
    make_graphics(0, 640, 480);
    make_graphics(1, 1024, 768);
    memset(firmware.edid_bytes, 0xed, sizeof(firmware.edid_bytes));
    firmware.edid.edid = AT(firmware.edid_bytes);
    firmware.edid.size_of_edid = sizeof(firmware.edid_bytes);
    firmware.setup_mode = 0;
    firmware.shim_state = -1;
    firmware.map_stride = 48;
    describe(ZP_EFI_CONVENTIONAL_MEMORY, 0, 0xa0000);
    describe(ZP_EFI_BOOT_SERVICES_DATA, 0x100000, 0x700000);
    describe(ZP_EFI_CONVENTIONAL_MEMORY, 0x800000, 0x7000000);
    describe(ZP_EFI_ACPI_RECLAIM_MEMORY, 0x7800000, 0x10000);
    describe(ZP_EFI_RUNTIME_SERVICES_DATA, 0x7810000, 0x10000);
}

/* A payload of so many bytes in the file beside us. */
static uint8_t payload_bytes[3u << 20];

static void make_payload(uint64_t size)
{
    struct zp_pack_payload header = {.magic = ZP_PACK_PAYLOAD_MAGIC, .size = size};

    for (size_t i = 0; i < sizeof(payload_bytes); i++)
        payload_bytes[i] = (uint8_t)(i * 7);
    memcpy(payload_bytes, &header, sizeof(header));
    firmware.payload.bytes = payload_bytes;
    firmware.payload.size = firmware.payload.told_size = size;
}

static struct stub_entry make_entry(void *where)
{
    struct zp_pack_body header = {.payload_offset = 0x2000,
                                  .payload_size = 0x1000,
                                  .work = 0x3000,
                                  .stub_bytes = 0x800,
                                  .stub_memory = 0x2000};
    struct stub_entry entry = {.way = ZP_PACK_WAY_EFI, .handed = 0x77, .second = AT(&firmware.system)};

    body = where;
    memcpy(body + ZP_PACK_HEADER, &header, sizeof(header));
    memset(body + 0x2000, 0x42, 0x1000);
    entry.body = AT(body);
    entry.stub = AT(body) + 0x3000;
    return entry;
}

static struct zp_pack_body *header_of(void)
{
    return (struct zp_pack_body *)(body + ZP_PACK_HEADER);
}

static void set_options(const char *text)
{
    size_t length = strlen(text);

    for (size_t i = 0; i <= length; i++)
        option_text[i] = (uint8_t)text[i];
    firmware.image.load_options = AT(option_text);
    firmware.image.load_options_size = (uint32_t)(2 * (length + 1));
}

/* 0: done, else refused with said[]. */
static int run(struct stub_entry *entry)
{
    said[0] = 0;
    checked_payload = 0;
    if (setjmp(refused))
        return -1;
    stub_efi(entry);
    return 0;
}

#define assert_refused(entry, text)       \
    do {                                  \
        assert_int_equal(run(entry), -1); \
        assert_string_equal(said, text);  \
    } while (0)

/* --- the pure parts
 * ---------------------------------------------------------------------------------------------- */

static void types_are_those_of_linux(void **state)
{
    static const struct {
        uint32_t type;
        uint64_t attribute;
        uint32_t e820;
    } rows[] = {
        {ZP_EFI_RESERVED_MEMORY_TYPE, 0, ZP_E820_RESERVED},
        {ZP_EFI_LOADER_CODE, 0, ZP_E820_RAM},
        {ZP_EFI_LOADER_DATA, 0, ZP_E820_RAM},
        {ZP_EFI_BOOT_SERVICES_CODE, 0, ZP_E820_RAM},
        {ZP_EFI_BOOT_SERVICES_DATA, 0, ZP_E820_RAM},
        {ZP_EFI_RUNTIME_SERVICES_CODE, 0, ZP_E820_RESERVED},
        {ZP_EFI_RUNTIME_SERVICES_DATA, 0, ZP_E820_RESERVED},
        {ZP_EFI_CONVENTIONAL_MEMORY, 0, ZP_E820_RAM},
        {ZP_EFI_CONVENTIONAL_MEMORY, ZP_EFI_MEMORY_SP, ZP_E820_SOFT_RESERVED},
        {ZP_EFI_RUNTIME_SERVICES_DATA, ZP_EFI_MEMORY_SP, ZP_E820_RESERVED},
        {ZP_EFI_UNUSABLE_MEMORY, 0, ZP_E820_UNUSABLE},
        {ZP_EFI_ACPI_RECLAIM_MEMORY, 0, ZP_E820_ACPI},
        {ZP_EFI_ACPI_MEMORY_NVS, 0, ZP_E820_NVS},
        {ZP_EFI_MEMORY_MAPPED_IO, 0, ZP_E820_RESERVED},
        {ZP_EFI_MEMORY_MAPPED_IO_PORT_SPACE, 0, ZP_E820_RESERVED},
        {ZP_EFI_PAL_CODE, 0, ZP_E820_RESERVED},
        {ZP_EFI_PERSISTENT_MEMORY, 0, ZP_E820_PMEM},
        {ZP_EFI_UNACCEPTED_MEMORY_TYPE, 0, ZP_E820_RESERVED},
        {0x80000000, 0, ZP_E820_RESERVED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(stub_efi_type(rows[i].type, rows[i].attribute), rows[i].e820);
}

static size_t ranges_of(struct zp_boot_e820_entry *ranges, size_t capacity)
{
    uint8_t map[MAP_MAX * 48];
    uint64_t size = firmware.map_count * firmware.map_stride;

    for (uint64_t i = 0; i < firmware.map_count; i++)
        memcpy(map + i * firmware.map_stride, &firmware.map[i], sizeof(firmware.map[i]));
    return stub_efi_ranges(map, size, firmware.map_stride, ranges, capacity);
}

static void a_map_is_sorted_and_merged(void **state)
{
    struct zp_boot_e820_entry ranges[8];

    (void)state;
    make_firmware();
    firmware.map_count = 0;
    describe(ZP_EFI_CONVENTIONAL_MEMORY, 0x300000, 0x1000);
    describe(ZP_EFI_LOADER_DATA, 0x100000, 0x100000);
    describe(ZP_EFI_BOOT_SERVICES_CODE, 0x200000, 0x100000);
    describe(ZP_EFI_ACPI_MEMORY_NVS, 0x301000, 0x1000);
    describe(ZP_EFI_CONVENTIONAL_MEMORY, 0x400000, 0);                /* empty */
    describe(ZP_EFI_CONVENTIONAL_MEMORY, 0xfffffffffffff000, 0x2000); /* wraps */
    firmware.map[firmware.map_count++] = (struct zp_efi_memory_descriptor){
        .type = ZP_EFI_CONVENTIONAL_MEMORY, .physical_start = 0x500000, .number_of_pages = UINT64_MAX};
    describe(ZP_EFI_RESERVED_MEMORY_TYPE, 0, 0x1000);
    assert_int_equal(ranges_of(ranges, 8), 3);
    assert_int_equal(ranges[0].addr, 0);
    assert_int_equal(ranges[0].type, ZP_E820_RESERVED);
    assert_int_equal(ranges[1].addr, 0x100000);
    assert_int_equal(ranges[1].size, 0x201000);
    assert_int_equal(ranges[1].type, ZP_E820_RAM);
    assert_int_equal(ranges[2].addr, 0x301000);
    assert_int_equal(ranges[2].size, 0x1000);
    assert_int_equal(ranges[2].type, ZP_E820_NVS);
}

/* The last range may be anything; a stride below a descriptor describes nothing. */
static void a_map_of_any_stride_and_room(void **state)
{
    struct zp_boot_e820_entry ranges[8];

    (void)state;
    make_firmware();
    for (firmware.map_stride = 40; firmware.map_stride <= 48; firmware.map_stride += 8) {
        assert_int_equal(ranges_of(ranges, 8), 4); /* boot services and what follows them are one */
        assert_int_equal(ranges[1].size, 0x7700000);
    }
    assert_int_equal(ranges_of(ranges, 2), 5);
    assert_int_equal(stub_efi_ranges(firmware.map, 39, 40, ranges, 8), 0);
    assert_int_equal(stub_efi_ranges(firmware.map, 400, 39, ranges, 8), 0);
    assert_int_equal(stub_efi_ranges(firmware.map, 400, 0, ranges, 8), 0);
    assert_int_equal(stub_efi_ranges(firmware.map, 0, 48, ranges, 8), 0);
}

#define BYTES(text) (sizeof(text) - 2) /* of UTF-16, without the compiler's own NUL */

static void text_becomes_utf8(void **state)
{
    const struct {
        const uint16_t *units;
        uint64_t size;
        bool named;
        const char *text; /* NULL: that is not text */
    } rows[] = {
        {u"console=ttyS0 quiet", BYTES(u"console=ttyS0 quiet"), false, "console=ttyS0 quiet"},
        {u"a\0b", BYTES(u"a\0b"), false, "a"},
        {u"quiet ", BYTES(u"quiet "), false, "quiet"},
        {u"\0", 2, false, ""},
        {u"", 0, false, ""},
        {u"a\tb\0", BYTES(u"a\tb\0"), false, "a\tb"},
        {u"x=\u00e4\u20ac\U0001f600\0", BYTES(u"x=\u00e4\u20ac\U0001f600\0"), false,
         "x=\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        /* By the shell: the name in front, with its quotes. */
        {u"FS0:\\A.EFI quiet\0", BYTES(u"FS0:\\A.EFI quiet\0"), true, "quiet"},
        {u"\"my file.efi\"  quiet\0", BYTES(u"\"my file.efi\"  quiet\0"), true, "quiet"},
        {u"A.EFI\0", BYTES(u"A.EFI\0"), true, ""},
        {u"  A.EFI b c\0", BYTES(u"  A.EFI b c\0"), true, "b c"},
        {u"A.EFI quiet\0", BYTES(u"A.EFI quiet\0"), false, "A.EFI quiet"},
        /* Not text: control characters, half of a pair, letters without an end, bytes that are no units. */
        {u"a\nb\0", BYTES(u"a\nb\0"), false, NULL},
        {u"a\x7f\0", BYTES(u"a\x7f\0"), false, NULL},
        {u"x\u00e4", BYTES(u"x\u00e4"), false, NULL},
        {(const uint16_t[]){'a', 0xd83d, 0}, 6, false, NULL},
        {(const uint16_t[]){'a', 0xd83d, 'b', 0}, 8, false, NULL},
        {(const uint16_t[]){0xde00, 'b', 0}, 6, false, NULL},
        {u"abc", 5, false, NULL},
        /* What edk2 puts behind the boot entries that it makes by itself. */
        {(const uint16_t[]){0xac4e, 0x8108, 0x9f11, 0x4d59, 0x0e85, 0x1ae2, 0x2c52, 0xb259}, 16, false, NULL},
    };
    char text[64];
    size_t length;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int status = stub_efi_text(rows[i].units, rows[i].size, rows[i].named, text, sizeof(text), &length);

        assert_int_equal(status, rows[i].text ? 0 : -1);
        if (!rows[i].text)
            continue;
        assert_string_equal(text, rows[i].text);
        assert_int_equal(length, strlen(rows[i].text));
    }
    assert_int_equal(stub_efi_text(NULL, 4, false, text, sizeof(text), &length), -1);
}

static void text_fits_or_is_told(void **state)
{
    char text[6];
    size_t length;

    (void)state;
    assert_int_equal(stub_efi_text(u"abcde", 10, false, text, 6, &length), 0);
    assert_int_equal(length, 5);
    assert_int_equal(stub_efi_text(u"abcdef", 12, false, text, 6, &length), -2);
    assert_int_equal(stub_efi_text(u"abcd\u00e4\0", 12, false, text, 6, &length), -2);
    assert_int_equal(stub_efi_text(u"abcdef\n", 14, false, text, 6, &length), -1);
}

static void a_mode_becomes_screen_info(void **state)
{
    static const struct {
        uint32_t format;
        struct zp_efi_pixel_bitmask mask;
        uint8_t red, green, blue, depth;
    } rows[] = {
        {ZP_EFI_PIXEL_RGB_RESERVED, {0, 0, 0, 0}, 0, 8, 16, 32},
        {ZP_EFI_PIXEL_BGR_RESERVED, {0, 0, 0, 0}, 16, 8, 0, 32},
        {ZP_EFI_PIXEL_BIT_MASK, {0xf800, 0x07e0, 0x001f, 0}, 11, 5, 0, 16},
        {ZP_EFI_PIXEL_BIT_MASK, {0x3ff00000, 0xffc00, 0x3ff, 0xc0000000}, 20, 10, 0, 32},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct zp_screen_info screen = {0};

        make_firmware();
        firmware.mode[0].frame_buffer_base = 0x1280000000;
        firmware.info[0].pixels_per_scan_line = 1000;
        firmware.info[0].pixel_format = rows[i].format;
        firmware.info[0].pixel_information = rows[i].mask;
        assert_true(stub_efi_screen_mode(&screen, &firmware.mode[0], &firmware.info[0]));
        assert_int_equal(screen.orig_video_isVGA, ZP_VIDEO_TYPE_EFI);
        assert_int_equal(screen.lfb_width, 640);
        assert_int_equal(screen.lfb_height, 480);
        assert_int_equal(screen.lfb_depth, rows[i].depth);
        assert_int_equal(screen.lfb_linelength, 1000 * rows[i].depth / 8);
        assert_int_equal(screen.lfb_size, 480 * 1000 * rows[i].depth / 8);
        assert_int_equal(screen.lfb_base, 0x80000000);
        assert_int_equal(screen.ext_lfb_base, 0x12);
        assert_int_equal(screen.capabilities,
                         ZP_VIDEO_CAPABILITY_SKIP_QUIRKS | ZP_VIDEO_CAPABILITY_64BIT_BASE);
        assert_int_equal(screen.red_pos, rows[i].red);
        assert_int_equal(screen.green_pos, rows[i].green);
        assert_int_equal(screen.blue_pos, rows[i].blue);
        assert_int_equal(screen.pages, 1);
    }
}

static void a_spoiled_mode_is_none(void **state)
{
    static const struct {
        size_t at; /* in the mode's information */
        uint32_t value;
    } rows[] = {
#define ROW(member, value) {offsetof(struct zp_efi_graphics_output_mode_information, member), value}
        ROW(pixel_format, ZP_EFI_PIXEL_BLT_ONLY),
        ROW(pixel_format, 99),
        ROW(pixel_format, ZP_EFI_PIXEL_BIT_MASK), /* of no colours */
        ROW(horizontal_resolution, 0),
        ROW(horizontal_resolution, 0x10000),
        ROW(horizontal_resolution, 641),
        ROW(vertical_resolution, 0),
        ROW(vertical_resolution, 0x10000),
        ROW(pixels_per_scan_line, 639),
        ROW(pixels_per_scan_line, 0x4000),
        ROW(pixels_per_scan_line, UINT32_MAX),
    };
    struct zp_screen_info screen = {0}, before = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        make_firmware();
        memcpy((uint8_t *)&firmware.info[0] + rows[i].at, &rows[i].value, 4);
        assert_false(stub_efi_screen_mode(&screen, &firmware.mode[0], &firmware.info[0]));
        assert_memory_equal(&screen, &before, sizeof(screen));
    }
    make_firmware();
    firmware.mode[0].frame_buffer_base = 0;
    assert_false(stub_efi_screen_mode(&screen, &firmware.mode[0], &firmware.info[0]));
}

/* --- the whole
 * -------------------------------------------------------------------------------------------------- */

static struct zp_boot_params *params_of(const struct stub_entry *entry)
{
    return (struct zp_boot_params *)(uintptr_t)entry->handed;
}

static void all_that_firmware_knows_is_handed(void **state)
{
    struct stub_entry entry;
    struct zp_boot_params *params;
    struct zp_setup_data *node;

    (void)state;
    make_firmware();
    set_options("quiet splash");
    entry = make_entry(low_pages(0x5000));
    assert_int_equal(run(&entry), 0);
    assert_true(firmware.left);
    assert_int_equal(entry.way, ZP_PACK_WAY_LINUX64);
    assert_int_equal(entry.payload, AT(body) + 0x2000);
    assert_int_equal(checked_payload, entry.payload);
    params = params_of(&entry);
    assert_int_equal(params->hdr.header, ZP_SETUP_MAGIC_HDRS);
    assert_int_equal(params->sentinel, 0);
    assert_string_equal((char *)(uintptr_t)params->hdr.cmd_line_ptr, "quiet splash");
    assert_int_equal(params->acpi_rsdp_addr, 0x2222);
    assert_int_equal(params->secure_boot, ZP_EFI_SECUREBOOT_MODE_DISABLED);
    assert_int_equal(params->screen_info.lfb_width, 1024);
    assert_int_equal(params->edid_info.dummy[127], 0xed);
    assert_int_equal(firmware.frees, 1);
    assert_int_equal(params->e820_entries, 4);
    assert_int_equal(params->e820_table[1].addr, 0x100000);
    assert_int_equal(params->e820_table[1].size, 0x7700000);
    assert_int_equal(params->efi_info.efi_loader_signature, ZP_EFI64_LOADER_SIGNATURE);
    assert_int_equal(params->efi_info.efi_systab, (uint32_t)AT(&firmware.system));
    assert_int_equal(params->efi_info.efi_systab_hi, (uint32_t)(AT(&firmware.system) >> 32));
    assert_int_equal(params->efi_info.efi_memdesc_size, 48);
    assert_int_equal(params->efi_info.efi_memdesc_version, 1);
    assert_int_equal(params->efi_info.efi_memmap_size, 5 * 48);
    assert_memory_equal((void *)(uintptr_t)params->efi_info.efi_memmap, &firmware.map[0], 40);
    node = (struct zp_setup_data *)(uintptr_t)params->hdr.setup_data;
    assert_int_equal(node->type, ZP_SETUP_RNG_SEED);
    assert_int_equal(node->len, 32);
    assert_int_equal(node->data[31], 0x5e);
    assert_int_equal(node->next, 0);
    /* boot_params, then the map in memory that is no RAM, then what our own use of the map takes. */
    assert_int_equal(firmware.types[0], ZP_EFI_LOADER_DATA);
    assert_int_equal(firmware.types[1], ZP_EFI_ACPI_RECLAIM_MEMORY);
    assert_false(stub_efi_print("nobody hears that"));
}

static void firmware_that_knows_little_will_do(void **state)
{
    struct stub_entry entry;
    struct zp_boot_params *params;

    (void)state;
    make_firmware();
    firmware.no_graphics = firmware.no_rng = true;
    firmware.system.number_of_table_entries = 1;
    firmware.system.con_out = 0;
    firmware.secure_boot = -1;
    entry = make_entry(low_pages(0x5000));
    assert_int_equal(run(&entry), 0);
    params = params_of(&entry);
    assert_int_equal(params->acpi_rsdp_addr, 0x1111);
    assert_int_equal(params->screen_info.orig_video_isVGA, 0);
    assert_int_equal(params->hdr.cmd_line_ptr, 0);
    assert_int_equal(params->hdr.setup_data, 0);
    assert_int_equal(params->secure_boot, ZP_EFI_SECUREBOOT_MODE_DISABLED);
}

static void the_shell_puts_a_name_in_front(void **state)
{
    struct stub_entry entry;

    (void)state;
    make_firmware();
    set_options("FS0:\\EFI\\BOOT\\BOOTX64.EFI quiet");
    firmware.shell = true;
    entry = make_entry(low_pages(0x5000));
    assert_int_equal(run(&entry), 0);
    assert_string_equal((char *)(uintptr_t)params_of(&entry)->hdr.cmd_line_ptr, "quiet");
}

static void long_options_are_refused(void **state)
{
    struct stub_entry entry;

    (void)state;
    make_firmware();
    for (size_t i = 0; i < STUB_CMDLINE_MAX; i++)
        option_text[i] = 'a';
    firmware.image.load_options = AT(option_text);
    firmware.image.load_options_size = 2 * STUB_CMDLINE_MAX;
    entry = make_entry(low_pages(0x5000));
    assert_refused(&entry, "load options: longer than 8191 bytes");
    assert_false(firmware.left);
}

static void secure_boot_by_its_variables(void **state)
{
    static const struct {
        int secure, setup, shim;
        uint32_t attributes;
        uint8_t mode;
    } rows[] = {
        {-1, 0, -1, 0, ZP_EFI_SECUREBOOT_MODE_DISABLED}, {0, 0, -1, 0, ZP_EFI_SECUREBOOT_MODE_DISABLED},
        {-2, 0, -1, 0, ZP_EFI_SECUREBOOT_MODE_UNKNOWN},  {1, 1, -1, 0, ZP_EFI_SECUREBOOT_MODE_DISABLED},
        {1, -2, -1, 0, ZP_EFI_SECUREBOOT_MODE_UNKNOWN},  {1, 0, -1, 0, ZP_EFI_SECUREBOOT_MODE_ENABLED},
        {1, 0, 1, 2, ZP_EFI_SECUREBOOT_MODE_DISABLED},   {1, 0, 1, 6, ZP_EFI_SECUREBOOT_MODE_ENABLED},
        {1, 0, 0, 2, ZP_EFI_SECUREBOOT_MODE_ENABLED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct stub_entry entry;

        make_firmware();
        firmware.secure_boot = rows[i].secure;
        firmware.setup_mode = rows[i].setup;
        firmware.shim_state = rows[i].shim;
        firmware.shim_attributes = rows[i].attributes;
        entry = make_entry(low_pages(0x5000));
        assert_int_equal(run(&entry), 0);
        assert_int_equal(params_of(&entry)->secure_boot, rows[i].mode);
    }
}

static void handover_keeps_what_the_loader_said(void **state)
{
    struct stub_entry entry;
    struct zp_boot_params *params;

    (void)state;
    make_firmware();
    set_options("of the image");
    memset(&handed, 0, sizeof(handed));
    handed.hdr.header = ZP_SETUP_MAGIC_HDRS;
    handed.hdr.cmd_line_ptr = 0x1234;
    handed.hdr.ramdisk_image = 0x5000;
    handed.hdr.ramdisk_size = 0x100;
    handed.hdr.type_of_loader = 0x72;
    handed.hdr.setup_data = 0x9000;
    handed.e820_entries = 3;
    firmware.initrd = "of the loader";
    firmware.initrd_size = 13;
    entry = make_entry(low_pages(0x5000));
    entry.way = ZP_PACK_WAY_HANDOVER;
    entry.third = AT(&handed);
    assert_int_equal(run(&entry), 0);
    params = params_of(&entry);
    assert_int_equal(params->hdr.cmd_line_ptr, 0x1234);
    assert_int_equal(params->hdr.ramdisk_image, 0x5000);
    assert_int_equal(params->hdr.ramdisk_size, 0x100);
    assert_int_equal(params->hdr.type_of_loader, 0x72);
    assert_int_equal(params->e820_entries, 4);
    assert_int_equal(((struct zp_setup_data *)(uintptr_t)params->hdr.setup_data)->next, 0x9000);
    assert_int_equal(params->efi_info.efi_loader_signature, ZP_EFI64_LOADER_SIGNATURE);

    /* A first sector copied whole: nothing but its header counts. */
    make_firmware();
    handed.sentinel = 0xff;
    handed.acpi_rsdp_addr = 0xbad;
    handed.secure_boot = 0x99;
    entry = make_entry(low_pages(0x5000));
    entry.way = ZP_PACK_WAY_HANDOVER;
    entry.third = AT(&handed);
    assert_int_equal(run(&entry), 0);
    params = params_of(&entry);
    assert_int_equal(params->hdr.cmd_line_ptr, 0x1234);
    assert_int_equal(params->acpi_rsdp_addr, 0x2222);
    assert_int_equal(params->sentinel, 0);

    make_firmware();
    entry = make_entry(low_pages(0x5000));
    entry.way = ZP_PACK_WAY_HANDOVER;
    assert_refused(&entry, "EFI handover without boot_params");
}

static void an_initrd_is_taken_from_a_loader(void **state)
{
    struct stub_entry entry;
    struct zp_boot_params *params;

    (void)state;
    make_firmware();
    firmware.initrd = "initrd";
    firmware.initrd_size = 6;
    entry = make_entry(low_pages(0x5000));
    assert_int_equal(run(&entry), 0);
    params = params_of(&entry);
    assert_int_equal(params->hdr.ramdisk_size, 6);
    assert_memory_equal((void *)(uintptr_t)params->hdr.ramdisk_image, "initrd", 6);

    firmware.left = false;
    firmware.initrd_size = 0;
    entry = make_entry(low_pages(0x5000));
    assert_int_equal(run(&entry), 0);
    assert_int_equal(params_of(&entry)->hdr.ramdisk_size, 0);

    make_firmware();
    firmware.initrd = "initrd";
    firmware.initrd_size = 6;
    firmware.fail_load = ZP_EFI_DEVICE_ERROR;
    entry = make_entry(low_pages(0x5000));
    assert_refused(&entry, "the boot loader's initrd cannot be read (EFI status 8000000000000007)");
}

static void the_payload_is_read_from_the_disk(void **state)
{
    struct stub_entry entry;

    (void)state;
    for (uint64_t short_by = 0; short_by < 1000; short_by += 333) {
        make_firmware();
        make_payload(sizeof(payload_bytes) - 4);
        firmware.payload.short_by = short_by;
        entry = make_entry(low_pages(0x5000));
        header_of()->payload_offset = 0;
        assert_int_equal(run(&entry), 0);
        assert_int_equal(checked_payload, entry.payload);
        assert_true(entry.payload < UINT32_MAX);
        assert_memory_equal((void *)(uintptr_t)entry.payload, payload_bytes, sizeof(payload_bytes) - 4);
    }
}

static void a_payload_that_is_not_right_is_told(void **state)
{
    struct stub_entry entry;

    (void)state;
#define BEGIN()                            \
    make_firmware();                       \
    make_payload(100000);                  \
    entry = make_entry(low_pages(0x5000)); \
    header_of()->payload_offset = 0
#define NAME "\\EFI\\BOOT\\PAYLOAD.ZP: "
    BEGIN();
    firmware.no_payload = true;
    assert_refused(&entry, NAME "not there, on the device that we were loaded from");
    BEGIN();
    firmware.no_volume = true;
    assert_refused(&entry, NAME "what we were loaded from has no file system");
    BEGIN();
    firmware.fail_open = ZP_EFI_DEVICE_ERROR;
    assert_refused(&entry, NAME "does not open (EFI status 8000000000000007)");
    BEGIN();
    firmware.fail_read = ZP_EFI_DEVICE_ERROR;
    firmware.payload.short_by = 68;
    assert_refused(&entry, NAME "cannot be read at 300 of 368 bytes (EFI status 8000000000000007)");
    BEGIN();
    firmware.payload.size = 99999; /* shorter than the directory says */
    assert_refused(&entry, NAME "ends at 99999 bytes while it is 100000 long");
    BEGIN();
    firmware.payload.told_size = firmware.payload.size = 367;
    assert_refused(&entry, NAME "367 bytes are too short for a payload");
    BEGIN();
    firmware.payload.told_size = firmware.payload.size = 99996;
    assert_refused(&entry, NAME "99996 bytes, while its header says 100000");
    BEGIN();
    payload_bytes[3]++;
    assert_refused(&entry, NAME "is no payload of ours");
    BEGIN();
    firmware.secure_boot = 1;
    assert_refused(&entry, "Secure Boot is on: the payload must lie in this file, not beside it");
    assert_false(firmware.left);
#undef BEGIN
#undef NAME
}

static void boot_services_are_left_again_when_the_map_changed(void **state)
{
    struct stub_entry entry;

    (void)state;
    make_firmware();
    firmware.stale = 2;
    entry = make_entry(low_pages(0x5000));
    assert_int_equal(run(&entry), 0);
    assert_int_equal(firmware.exits, 3);

    make_firmware();
    firmware.stale = 1000;
    entry = make_entry(low_pages(0x5000));
    assert_refused(&entry, "the firmware does not let us go (EFI status 8000000000000002)");
    assert_int_equal(firmware.exits, 16);

    make_firmware();
    firmware.fail_exit = ZP_EFI_DEVICE_ERROR;
    entry = make_entry(low_pages(0x5000));
    assert_refused(&entry, "the firmware does not let us go (EFI status 8000000000000007)");
    assert_string_equal(firmware.printed, "");

    make_firmware();
    firmware.fail_map = ZP_EFI_DEVICE_ERROR;
    entry = make_entry(low_pages(0x5000));
    assert_refused(&entry, "the firmware gives no memory map any more (EFI status 8000000000000007)");

    make_firmware();
    firmware.map_stride = 32;
    entry = make_entry(low_pages(0x5000));
    assert_refused(&entry,
                   "the firmware gives no memory map (EFI status 8000000000000005, descriptors of 32 bytes)");

    make_firmware();
    firmware.fail_allocate = ZP_EFI_OUT_OF_RESOURCES;
    entry = make_entry(low_pages(0x5000));
    assert_refused(&entry,
                   "no memory below 4 GiB for boot_params, 12336 bytes (EFI status 8000000000000009)");
}

static void a_long_map_goes_on_in_setup_data(void **state)
{
    struct stub_entry entry;
    struct zp_boot_params *params;
    struct zp_setup_data *node;
    struct zp_boot_e820_entry last;

    (void)state;
    make_firmware();
    firmware.map_count = 0;
    for (uint64_t i = 0; i < 300; i++)
        describe(ZP_EFI_CONVENTIONAL_MEMORY, 0x100000 + i * 0x2000, 0x1000);
    entry = make_entry(low_pages(0x5000));
    assert_int_equal(run(&entry), 0);
    params = params_of(&entry);
    assert_int_equal(params->e820_entries, 128);
    node = (struct zp_setup_data *)(uintptr_t)params->hdr.setup_data;
    assert_int_equal(node->type, ZP_SETUP_E820_EXT);
    assert_int_equal(node->len, (300 - 128) * 20);
    memcpy(&last, node->data + node->len - 20, 20);
    assert_int_equal(last.addr, 0x100000 + 299 * 0x2000);
    assert_int_equal(((struct zp_setup_data *)(uintptr_t)node->next)->type, ZP_SETUP_RNG_SEED);
}

static void a_body_above_4_gib_comes_below(void **state)
{
    struct stub_entry entry;
    void *above = mmap((void *)0x500000000000, 0x5000, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    (void)state;
    assert_ptr_not_equal(above, MAP_FAILED);
    make_firmware();
    entry = make_entry(above);
    assert_int_equal(run(&entry), 0);
    assert_true(entry.body + 0x5000 < UINT32_MAX);
    assert_int_equal(entry.stub, entry.body + 0x3000);
    assert_int_equal(entry.payload, entry.body + 0x2000);
    assert_int_equal(*(uint8_t *)(uintptr_t)entry.payload, 0x42);
    assert_int_equal(firmware.types[0], ZP_EFI_LOADER_CODE);
    munmap(above, 0x5000);
}

static void no_firmware_is_refused(void **state)
{
    struct stub_entry entry;

    (void)state;
    make_firmware();
    entry = make_entry(low_pages(0x5000));
    firmware.system.hdr.signature++;
    assert_refused(&entry, "entered as an EFI program without a system table");
    make_firmware();
    entry = make_entry(low_pages(0x5000));
    firmware.system.boot_services = 0;
    assert_refused(&entry, "entered as an EFI program without a system table");
    entry.second = 0;
    assert_refused(&entry, "entered as an EFI program without a system table");
}

static void lines_go_to_the_console_until_it_is_gone(void **state)
{
    struct stub_efi efi = {.image = 0x77, .system = &firmware.system, .services = &firmware.services};
    char line[201];

    (void)state;
    make_firmware();
    stub_efi_console(NULL);
    assert_false(stub_efi_print("early"));
    stub_efi_return();
    assert_int_equal(firmware.ended, 0);
    stub_efi_console(&efi);
    for (size_t length = 0; length <= 200; length += 8) {
        memset(line, 'x', length);
        line[length] = 0;
        firmware.printed[0] = 0;
        assert_true(stub_efi_print(line));
        assert_int_equal(strlen(firmware.printed), length + 2);
        assert_memory_equal(firmware.printed, line, length);
        assert_string_equal(firmware.printed + length, "\r\n");
    }
    stub_efi_return();
    assert_int_equal(firmware.ended, ZP_EFI_LOAD_ERROR);
    firmware.system.con_out = 0;
    assert_false(stub_efi_print("no console"));
    stub_efi_console(NULL);
}

/* What boot services left is kept; everything else of the map is not. */
static void tables_in_ram_are_kept(void **state)
{
    static struct arrival arrival;

    (void)state;
    make_firmware();
    describe(ZP_EFI_BOOT_SERVICES_CODE, 0x9000000, 0x3000);
    memset(&arrival, 0, sizeof(arrival));
    stub_efi_arrive(&arrival);
    assert_int_equal(arrival.keep_count, 0);
    arrival.has_boot_params = true;
    stub_efi_arrive(&arrival);
    assert_int_equal(arrival.keep_count, 0);
    arrival.boot_params.efi_info =
        (struct zp_efi_info){.efi_loader_signature = ZP_EFI64_LOADER_SIGNATURE,
                             .efi_memmap = (uint32_t)AT(firmware.map),
                             .efi_memmap_hi = (uint32_t)(AT(firmware.map) >> 32),
                             .efi_memmap_size = (uint32_t)(firmware.map_count * 40),
                             .efi_memdesc_size = 40};
    stub_efi_arrive(&arrival);
    assert_int_equal(arrival.keep_count, 2);
    assert_int_equal(arrival.keeps[0].start, 0x100000);
    assert_int_equal(arrival.keeps[0].size, 0x700000);
    assert_int_equal(arrival.keeps[1].start, 0x9000000);
    arrival.boot_params.efi_info.efi_memdesc_size = 0;
    stub_efi_arrive(&arrival);
    assert_int_equal(arrival.keep_count, 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_are_those_of_linux),
        cmocka_unit_test(a_map_is_sorted_and_merged),
        cmocka_unit_test(a_map_of_any_stride_and_room),
        cmocka_unit_test(text_becomes_utf8),
        cmocka_unit_test(text_fits_or_is_told),
        cmocka_unit_test(a_mode_becomes_screen_info),
        cmocka_unit_test(a_spoiled_mode_is_none),
        cmocka_unit_test(all_that_firmware_knows_is_handed),
        cmocka_unit_test(firmware_that_knows_little_will_do),
        cmocka_unit_test(the_shell_puts_a_name_in_front),
        cmocka_unit_test(long_options_are_refused),
        cmocka_unit_test(secure_boot_by_its_variables),
        cmocka_unit_test(handover_keeps_what_the_loader_said),
        cmocka_unit_test(an_initrd_is_taken_from_a_loader),
        cmocka_unit_test(the_payload_is_read_from_the_disk),
        cmocka_unit_test(a_payload_that_is_not_right_is_told),
        cmocka_unit_test(boot_services_are_left_again_when_the_map_changed),
        cmocka_unit_test(a_long_map_goes_on_in_setup_data),
        cmocka_unit_test(a_body_above_4_gib_comes_below),
        cmocka_unit_test(no_firmware_is_refused),
        cmocka_unit_test(lines_go_to_the_console_until_it_is_gone),
        cmocka_unit_test(tables_in_ram_are_kept),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
