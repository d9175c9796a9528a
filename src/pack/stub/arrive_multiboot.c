/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entered by multiboot 1 or 2. Receives the address of the information (EBX); guarantees in struct arrival
 * the memory map - counted memory where there is no better one - the command line, the modules with theirs,
 * and with version 2 the RSDP of which the loader made a copy. Multiboot Specification 0.6.96, 3.3 "Boot
 * information format"; Multiboot2 Specification 2.0, 3.6 "Boot information". Types of both maps are those of
 * e820, as far as they go. What speaks of screens, drives and EFI is not handed on.
 */
#include <zeropage/wire/e820.h>
#include <zeropage/wire/multiboot.h>
#include <zeropage/wire/multiboot2.h>

#include "../../core/seam.h"
#include "arrive.h"

#define INFO_MAX   0x1000000u /* bytes of a multiboot 2 information; symbols of an ELF may be in it */
#define RSDP_ALIGN 16

/* As far as 0.6.96 says that flags 0 to 6 go; what follows may lie past the loader's structure. */
#define INFO_READ (offsetof(struct zp_multiboot_info, drives_length))

/*
 * A user writes `-append ARGUMENTS`, `--command-line=ARGUMENTS` or `multiboot2 FILE ARGUMENTS`, and the
 * kernel in here is to see ARGUMENTS, as by each other way in: a file name in front would reach Linux as an
 * argument of init. GRUB 2 leaves it out. These put it in front, say who they are, and lose it:
 */
static const char loaders_with_file_name[][10] = {
    "qemu", "kexec", "iPXE", "SYSLINUX", "ISOLINUX", "PXELINUX", "EXTLINUX", "GNU GRUB 0", "GRUB 0."};

static bool puts_file_name(const char *loader)
{
    for (size_t i = 0; i < sizeof(loaders_with_file_name) / sizeof(loaders_with_file_name[0]); i++) {
        const char *name = loaders_with_file_name[i];
        size_t n = 0;

        while (n < sizeof(loaders_with_file_name[0]) && name[n] && loader[n] == name[n])
            n++;
        if (n == sizeof(loaders_with_file_name[0]) || !name[n])
            return true;
    }
    return false;
}

void arrive_multiboot_cmdline(struct arrival *arrival, const char *text, size_t length, const char *loader)
{
    if (loader && puts_file_name(loader)) {
        while (length && *text != ' ')
            text++, length--;
        while (length && *text == ' ')
            text++, length--;
    }
    if (length)
        stub_cmdline_add(arrival, text, length);
}

/* --- version 1 --- */

/* Entries say their own sizes, which do not count the word that says it. */
static void add_mmap1(struct arrival *arrival, uint64_t address, uint64_t size)
{
    const char *what = "multiboot mmap", *bytes;
    struct zp_multiboot_mmap_entry entry;

    if (size > ARRIVE_TABLE_MAX)
        stub_refuse("%s: mmap_length is %d", what, size);
    bytes = arrive_hold(arrival, what, address, size);
    for (uint64_t at = 0; at < size; at += sizeof(entry.size) + (uint64_t)entry.size) {
        if (size - at < sizeof(entry))
            stub_refuse("%s: entry at 0x%x reaches past mmap_length", what, address + at);
        memcpy(&entry, bytes + at, sizeof(entry));
        if (entry.size < sizeof(entry) - sizeof(entry.size) || entry.size > size - at - sizeof(entry.size))
            stub_refuse("%s: entry at 0x%x of %d bytes", what, address + at, (uint64_t)entry.size);
        arrive_range(arrival, what, entry.addr, entry.len, arrive_multiboot_type(entry.type));
    }
}

static void add_modules1(struct arrival *arrival, const struct zp_multiboot_info *info)
{
    const char *list;

    if (info->mods_count == 0)
        return;
    if (info->mods_count > STUB_MODULE_MAX)
        stub_refuse("multiboot: mods_count is %d", (uint64_t)info->mods_count);
    list = arrive_hold(arrival, "multiboot mods", info->mods_addr,
                       info->mods_count * sizeof(struct zp_multiboot_mod_list));
    for (size_t i = 0; i < info->mods_count; i++) {
        struct zp_multiboot_mod_list module;
        const char *cmdline;
        size_t length;

        memcpy(&module, list + i * sizeof(module), sizeof(module));
        if (module.mod_end < module.mod_start)
            stub_refuse("multiboot module: from 0x%x to 0x%x", (uint64_t)module.mod_start,
                        (uint64_t)module.mod_end);
        cmdline = arrive_string(arrival, "multiboot module's command line", module.cmdline, &length);
        arrive_module(arrival, "multiboot module", module.mod_start, module.mod_end - module.mod_start,
                      cmdline, length);
    }
}

/* The name of the loader counts in full, and is looked at only where a table above has it. */
static const char *loader_name1(struct arrival *arrival, const struct zp_multiboot_info *info,
                                uint64_t address)
{
    struct zp_multiboot_info whole;
    size_t length, size = offsetof(struct zp_multiboot_info, apm_table);

    if (!(info->flags & ZP_MULTIBOOT_INFO_BOOT_LOADER_NAME))
        return NULL;
    memcpy(&whole, arrive_hold(arrival, "multiboot information", address, size), size);
    return arrive_string(arrival, "multiboot boot_loader_name", whole.boot_loader_name, &length);
}

void stub_arrive_multiboot1(struct arrival *arrival, uint64_t handed)
{
    struct zp_multiboot_info info;

    memcpy(&info, arrive_hold(arrival, "multiboot information", handed, INFO_READ), INFO_READ);
    if (info.flags & ZP_MULTIBOOT_INFO_MEM_MAP)
        add_mmap1(arrival, info.mmap_addr, info.mmap_length);
    else if (info.flags & ZP_MULTIBOOT_INFO_MEMORY)
        arrive_counted(arrival, "multiboot information", info.mem_lower, info.mem_upper);
    arrive_map_done(arrival, "multiboot information");
    if (info.flags & ZP_MULTIBOOT_INFO_MODS)
        add_modules1(arrival, &info);
    if (info.flags & ZP_MULTIBOOT_INFO_CMDLINE) {
        size_t length;
        const char *text = arrive_string(arrival, "multiboot command line", info.cmdline, &length);

        arrive_multiboot_cmdline(arrival, text, length, loader_name1(arrival, &info, handed));
    }
}

/* --- version 2 --- */

struct information {
    const char *bytes; /* all of it, held */
    uint64_t address, size;
};

/* Copies a tag's fixed part of size bytes; those that follow are its variable part. */
static void take_tag(const struct information *info, uint64_t at, void *ret, size_t size)
{
    struct zp_multiboot2_tag tag;

    memcpy(&tag, info->bytes + at, sizeof(tag));
    if (tag.size < size)
        stub_refuse("multiboot2 tag of type %d at 0x%x: %d bytes", (uint64_t)tag.type, info->address + at,
                    (uint64_t)tag.size);
    memcpy(ret, info->bytes + at, size);
}

/*
 * The next tag of that type behind *cursor, which begins as 0: the bytes of its offset, or 0. All of the
 * tags up to the end tag lie inside of total_size, or this refuses them.
 */
static uint64_t next_tag(const struct information *info, uint32_t type, uint64_t *cursor)
{
    uint64_t at = *cursor ? *cursor : sizeof(struct zp_multiboot2_info);

    for (;;) {
        struct zp_multiboot2_tag tag;
        uint64_t here = at;

        if (info->size < sizeof(tag) || at > info->size - sizeof(tag))
            stub_refuse("multiboot2 information at 0x%x: no end tag in its %d bytes", info->address,
                        info->size);
        memcpy(&tag, info->bytes + at, sizeof(tag));
        if (tag.size < sizeof(tag) || tag.size > info->size - at)
            stub_refuse("multiboot2 tag of type %d at 0x%x: %d bytes", (uint64_t)tag.type, info->address + at,
                        (uint64_t)tag.size);
        at += ((uint64_t)tag.size + ZP_MULTIBOOT2_TAG_ALIGN - 1) & ~(uint64_t)(ZP_MULTIBOOT2_TAG_ALIGN - 1);
        *cursor = at;
        if (tag.type == ZP_MULTIBOOT2_TAG_TYPE_END)
            return 0;
        if (tag.type == type)
            return here;
    }
}

static void add_mmap2(struct arrival *arrival, const struct information *info, uint64_t at)
{
    struct zp_multiboot2_tag_mmap tag;
    struct zp_multiboot2_mmap_entry entry;
    uint64_t size;

    take_tag(info, at, &tag, sizeof(tag));
    size = tag.size - sizeof(tag);
    if (tag.entry_size < sizeof(entry) || size % tag.entry_size || size > ARRIVE_TABLE_MAX)
        stub_refuse("multiboot2 mmap: %d bytes of entries of %d", size, (uint64_t)tag.entry_size);
    for (uint64_t done = 0; done < size; done += tag.entry_size) {
        memcpy(&entry, info->bytes + at + sizeof(tag) + done, sizeof(entry));
        arrive_range(arrival, "multiboot2 mmap", entry.addr, entry.len, arrive_multiboot_type(entry.type));
    }
}

static void add_map2(struct arrival *arrival, const struct information *info)
{
    uint64_t at, cursor = 0;

    while ((at = next_tag(info, ZP_MULTIBOOT2_TAG_TYPE_MMAP, &cursor)) != 0)
        add_mmap2(arrival, info, at);
    cursor = 0;
    if (arrival->range_count == 0 &&
        (at = next_tag(info, ZP_MULTIBOOT2_TAG_TYPE_BASIC_MEMINFO, &cursor)) != 0) {
        struct zp_multiboot2_tag_basic_meminfo tag;

        take_tag(info, at, &tag, sizeof(tag));
        arrive_counted(arrival, "multiboot2 information", tag.mem_lower, tag.mem_upper);
    }
    arrive_map_done(arrival, "multiboot2 information");
}

/* The string that ends a tag and begins at its fixed part's size. */
static const char *tag_string(const struct information *info, uint64_t at, size_t fixed, size_t *ret_length)
{
    struct zp_multiboot2_tag tag;
    const char *text = info->bytes + at + fixed;
    size_t length = 0;

    memcpy(&tag, info->bytes + at, sizeof(tag));
    while (length < tag.size - fixed && text[length])
        length++;
    if (length == tag.size - fixed)
        stub_refuse("multiboot2 tag of type %d at 0x%x: its string has no end", (uint64_t)tag.type,
                    info->address + at);
    *ret_length = length;
    return text;
}

static void add_modules2(struct arrival *arrival, const struct information *info)
{
    uint64_t at, cursor = 0;

    while ((at = next_tag(info, ZP_MULTIBOOT2_TAG_TYPE_MODULE, &cursor)) != 0) {
        struct zp_multiboot2_tag_module tag;
        const char *cmdline;
        size_t length;

        take_tag(info, at, &tag, sizeof(tag));
        if (tag.mod_end < tag.mod_start)
            stub_refuse("multiboot2 module: from 0x%x to 0x%x", (uint64_t)tag.mod_start,
                        (uint64_t)tag.mod_end);
        cmdline = tag_string(info, at, sizeof(tag), &length);
        arrive_module(arrival, "multiboot2 module", tag.mod_start, tag.mod_end - tag.mod_start, cmdline,
                      length);
    }
}

static void add_cmdline2(struct arrival *arrival, const struct information *info)
{
    size_t length, fixed = sizeof(struct zp_multiboot2_tag_string);
    const char *loader = NULL, *text;
    uint64_t at, cursor = 0;

    at = next_tag(info, ZP_MULTIBOOT2_TAG_TYPE_BOOT_LOADER_NAME, &cursor);
    if (at)
        loader = tag_string(info, at, fixed, &length);
    cursor = 0;
    at = next_tag(info, ZP_MULTIBOOT2_TAG_TYPE_CMDLINE, &cursor);
    if (!at)
        return;
    text = tag_string(info, at, fixed, &length);
    arrive_multiboot_cmdline(arrival, text, length, loader);
}

/*
 * The tag has a copy, and nobody tells where its original lies. On a BIOS that is found where one looks for
 * it; else the copy goes to memory of its own.
 */
static void add_rsdp2(struct arrival *arrival, const struct information *info)
{
    static const uint32_t types[] = {ZP_MULTIBOOT2_TAG_TYPE_ACPI_NEW, ZP_MULTIBOOT2_TAG_TYPE_ACPI_OLD};
    struct zp_blob blob = {
        .size = sizeof(arrival->rsdp_bytes),
        .align = RSDP_ALIGN,
        .limit = {UINT64_C(1) << 32},
        .e820_type = ZP_E820_ACPI,
        .role = ZP_BLOB_ACPI,
        .fill = arrive_fill,
        .context = arrival->rsdp_bytes,
    };
    struct zp_multiboot2_tag tag;
    uint64_t at = 0, cursor;
    size_t size;

    for (size_t i = 0; !at && i < sizeof(types) / sizeof(types[0]); i++) {
        cursor = 0;
        at = next_tag(info, types[i], &cursor);
    }
    if (!at)
        return;
    take_tag(info, at, &tag, sizeof(tag));
    size = arrive_rsdp_size(info->bytes + at + sizeof(tag), tag.size - sizeof(tag));
    if (!size)
        stub_refuse("multiboot2 tag of type %d at 0x%x: no RSDP", (uint64_t)tag.type, info->address + at);
    stub_find_rsdp(arrival);
    if (arrival->rsdp)
        return;
    memset(arrival->rsdp_bytes, 0, sizeof(arrival->rsdp_bytes));
    memcpy(arrival->rsdp_bytes, info->bytes + at + sizeof(tag), size);
    arrive_blob(arrival, "multiboot2 RSDP", &blob);
}

void stub_arrive_multiboot2(struct arrival *arrival, uint64_t handed)
{
    struct information info = {.address = handed};
    struct zp_multiboot2_info head;
    uint64_t cursor = 0;

    memcpy(&head, arrive_see("multiboot2 information", handed, sizeof(head)), sizeof(head));
    if (head.total_size < sizeof(head) || head.total_size > INFO_MAX)
        stub_refuse("multiboot2 information at 0x%x: total_size is %d", handed, (uint64_t)head.total_size);
    info.size = head.total_size;
    info.bytes = arrive_hold(arrival, "multiboot2 information", handed, info.size);
    if (next_tag(&info, ZP_MULTIBOOT2_TAG_TYPE_EFI_BS, &cursor))
        stub_refuse("multiboot2 information at 0x%x: EFI boot services were not left", handed);
    add_map2(arrival, &info);
    add_modules2(arrival, &info);
    add_cmdline2(arrival, &info);
    add_rsdp2(arrival, &info);
}
