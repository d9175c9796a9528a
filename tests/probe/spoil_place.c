/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finds in guest memory what each protocol hands over (spoil_place.h): boot_params by ESI or RSI, start_info
 * and multiboot information by EBX.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spoil_place.h"

static int protocol_of(const struct spoil_boot *boot)
{
    return (int)boot->plan->protocol;
}

static void end(const char *what)
{
    fprintf(stderr, "spoil: there is no %s\n", what);
    exit(2);
}

void *spoil_at(const struct spoil_boot *boot, uint64_t address, uint64_t size)
{
    void *pointer = zp_guest_pointer(boot->guest, (zp_gpa){address}, size);

    if (!pointer)
        end("such memory");
    return pointer;
}

const struct zp_span *spoil_span(const struct spoil_boot *boot, uint32_t kind)
{
    const struct zp_span *span = zp_plan_span(boot->plan, kind);

    if (!span)
        end(zp_span_kind_name(kind));
    return span;
}

void spoil_copy(const struct spoil_boot *boot, uint64_t to, uint64_t from, uint64_t size)
{
    memmove(spoil_at(boot, to, size), spoil_at(boot, from, size), (size_t)size);
}

struct zp_boot_params *spoil_boot_params(const struct spoil_boot *boot)
{
    return spoil_at(boot, boot->plan->state.rsi, sizeof(struct zp_boot_params));
}

struct zp_hvm_start_info *spoil_start_info(const struct spoil_boot *boot)
{
    return spoil_at(boot, boot->plan->state.rbx, sizeof(struct zp_hvm_start_info));
}

struct zp_multiboot_info *spoil_multiboot1(const struct spoil_boot *boot)
{
    return spoil_at(boot, boot->plan->state.rbx, sizeof(struct zp_multiboot_info));
}

struct zp_multiboot2_info *spoil_multiboot2(const struct spoil_boot *boot)
{
    return spoil_at(boot, boot->plan->state.rbx, sizeof(struct zp_multiboot2_info));
}

void *spoil_tag(const struct spoil_boot *boot, uint32_t type)
{
    uint32_t total = spoil_multiboot2(boot)->total_size, at = sizeof(struct zp_multiboot2_info);

    while (at < total) {
        struct zp_multiboot2_tag *tag = spoil_at(boot, boot->plan->state.rbx + at, sizeof(*tag));

        if (tag->type == type)
            return tag;
        at += (tag->size + ZP_MULTIBOOT2_TAG_ALIGN - 1) & ~(ZP_MULTIBOOT2_TAG_ALIGN - 1u);
    }
    end("such tag");
    return NULL;
}

char *spoil_cmdline(const struct spoil_boot *boot)
{
    struct zp_multiboot2_tag *tag;

    switch (protocol_of(boot)) {
    case ZP_PROTOCOL_PVH: return spoil_at(boot, spoil_start_info(boot)->cmdline_paddr, 1);
    case ZP_PROTOCOL_MULTIBOOT1: return spoil_at(boot, spoil_multiboot1(boot)->cmdline, 1);
    case ZP_PROTOCOL_MULTIBOOT2:
        tag = spoil_tag(boot, ZP_MULTIBOOT2_TAG_TYPE_CMDLINE);
        return (char *)(tag + 1);
    default: return spoil_at(boot, spoil_boot_params(boot)->hdr.cmd_line_ptr, 1);
    }
}

void spoil_cmdline_set(const struct spoil_boot *boot, uint64_t address)
{
    switch (protocol_of(boot)) {
    case ZP_PROTOCOL_PVH: spoil_start_info(boot)->cmdline_paddr = address; return;
    case ZP_PROTOCOL_MULTIBOOT1: spoil_multiboot1(boot)->cmdline = (uint32_t)address; return;
    case ZP_PROTOCOL_MULTIBOOT2: end("address of the command line in Multiboot 2"); return;
    default: spoil_boot_params(boot)->hdr.cmd_line_ptr = (uint32_t)address; return;
    }
}

static struct zp_hvm_modlist_entry *pvh_module(const struct spoil_boot *boot)
{
    return spoil_at(boot, spoil_start_info(boot)->modlist_paddr, sizeof(struct zp_hvm_modlist_entry));
}

static struct zp_multiboot_mod_list *multiboot1_module(const struct spoil_boot *boot)
{
    return spoil_at(boot, spoil_multiboot1(boot)->mods_addr, sizeof(struct zp_multiboot_mod_list));
}

struct spoil_module spoil_module(const struct spoil_boot *boot)
{
    struct zp_multiboot2_tag_module *tag;
    struct zp_multiboot_mod_list *listed;
    struct zp_setup_header *header;

    switch (protocol_of(boot)) {
    case ZP_PROTOCOL_PVH: return (struct spoil_module){pvh_module(boot)->paddr, pvh_module(boot)->size};
    case ZP_PROTOCOL_MULTIBOOT1:
        listed = multiboot1_module(boot);
        return (struct spoil_module){listed->mod_start, listed->mod_end - listed->mod_start};
    case ZP_PROTOCOL_MULTIBOOT2:
        tag = spoil_tag(boot, ZP_MULTIBOOT2_TAG_TYPE_MODULE);
        return (struct spoil_module){tag->mod_start, tag->mod_end - tag->mod_start};
    default:
        header = &spoil_boot_params(boot)->hdr;
        return (struct spoil_module){header->ramdisk_image, header->ramdisk_size};
    }
}

void spoil_module_set(const struct spoil_boot *boot, uint64_t start, uint64_t size)
{
    struct zp_multiboot2_tag_module *tag;
    struct zp_boot_params *params;

    switch (protocol_of(boot)) {
    case ZP_PROTOCOL_PVH:
        pvh_module(boot)->paddr = start;
        pvh_module(boot)->size = size;
        return;
    case ZP_PROTOCOL_MULTIBOOT1:
        multiboot1_module(boot)->mod_start = (uint32_t)start;
        multiboot1_module(boot)->mod_end = (uint32_t)(start + size);
        return;
    case ZP_PROTOCOL_MULTIBOOT2:
        tag = spoil_tag(boot, ZP_MULTIBOOT2_TAG_TYPE_MODULE);
        tag->mod_start = (uint32_t)start;
        tag->mod_end = (uint32_t)(start + size);
        return;
    default:
        params = spoil_boot_params(boot);
        params->hdr.ramdisk_image = (uint32_t)start;
        params->hdr.ramdisk_size = (uint32_t)size;
        return;
    }
}

static struct zp_boot_e820_entry *multiboot1_range(const struct spoil_boot *boot, size_t index)
{
    const struct zp_multiboot_info *info = spoil_multiboot1(boot);
    const size_t stride = sizeof(struct zp_multiboot_mmap_entry);

    if (index >= info->mmap_length / stride)
        return NULL;
    return (struct zp_boot_e820_entry *)((char *)spoil_at(boot, info->mmap_addr + index * stride, stride) +
                                         offsetof(struct zp_multiboot_mmap_entry, addr));
}

static struct zp_boot_e820_entry *multiboot2_range(const struct spoil_boot *boot, size_t index)
{
    struct zp_multiboot2_tag_mmap *tag = spoil_tag(boot, ZP_MULTIBOOT2_TAG_TYPE_MMAP);

    if (index >= (tag->size - sizeof(*tag)) / sizeof(struct zp_multiboot2_mmap_entry))
        return NULL;
    return (struct zp_boot_e820_entry *)((struct zp_multiboot2_mmap_entry *)(tag + 1) + index);
}

struct zp_boot_e820_entry *spoil_range(const struct spoil_boot *boot, size_t index)
{
    const struct zp_hvm_start_info *start_info;
    const size_t stride = sizeof(struct zp_hvm_memmap_table_entry);

    switch (protocol_of(boot)) {
    case ZP_PROTOCOL_PVH:
        start_info = spoil_start_info(boot);
        if (index >= start_info->memmap_entries)
            return NULL;
        return spoil_at(boot, start_info->memmap_paddr + index * stride, stride);
    case ZP_PROTOCOL_MULTIBOOT1: return multiboot1_range(boot, index);
    case ZP_PROTOCOL_MULTIBOOT2: return multiboot2_range(boot, index);
    default:
        if (index >= spoil_boot_params(boot)->e820_entries)
            return NULL;
        return &spoil_boot_params(boot)->e820_table[index];
    }
}

void spoil_map_clear(const struct spoil_boot *boot)
{
    struct zp_multiboot2_tag_mmap *tag;

    switch (protocol_of(boot)) {
    case ZP_PROTOCOL_PVH: spoil_start_info(boot)->memmap_entries = 0; return;
    case ZP_PROTOCOL_MULTIBOOT1: spoil_multiboot1(boot)->mmap_length = 0; return;
    case ZP_PROTOCOL_MULTIBOOT2:
        /* The ranges become a tag of nobody's. */
        tag = spoil_tag(boot, ZP_MULTIBOOT2_TAG_TYPE_MMAP);
        *(struct zp_multiboot2_tag *)(tag + 1) =
            (struct zp_multiboot2_tag){.type = 0x7a70, .size = tag->size - (uint32_t)sizeof(*tag)};
        tag->size = sizeof(*tag);
        return;
    default: spoil_boot_params(boot)->e820_entries = 0; return;
    }
}
