/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors in Multiboot information. Multiboot Specification 0.6.96, 3.2 and 3.3; Multiboot2 Specification 2.0,
 * 3.3 and 3.6.
 */
#include <string.h>

#include "spoil_place.h"

/* The magic of the other specification, or of the header. */
static void eax_state(struct spoil_boot *boot)
{
    boot->plan->state.rax = boot->plan->protocol == ZP_PROTOCOL_MULTIBOOT1 ? ZP_MULTIBOOT_HEADER_MAGIC
                                                                           : ZP_MULTIBOOT2_HEADER_MAGIC;
}

/* --- Multiboot 1 ----------------------------------------------------------------------------------- */

/* The image's header asks for memory information. */
static void no_memory(struct spoil_boot *boot)
{
    spoil_multiboot1(boot)->flags &= ~(uint32_t)ZP_MULTIBOOT_INFO_MEMORY;
}

static void no_flags(struct spoil_boot *boot)
{
    spoil_multiboot1(boot)->flags = 0;
}

/* The size of the whole entry, where the size word does not count. */
static void map_size(struct spoil_boot *boot)
{
    const struct zp_multiboot_info *info = spoil_multiboot1(boot);
    struct zp_multiboot_mmap_entry *entries = spoil_at(boot, info->mmap_addr, info->mmap_length);

    for (uint32_t i = 0; i < info->mmap_length / sizeof(*entries); i++)
        entries[i].size = sizeof(*entries);
}

static void map_size_zero(struct spoil_boot *boot)
{
    const struct zp_multiboot_info *info = spoil_multiboot1(boot);
    struct zp_multiboot_mmap_entry *entry = spoil_at(boot, info->mmap_addr, sizeof(*entry));

    entry->size = 0;
}

static void memory_upper(struct spoil_boot *boot)
{
    spoil_multiboot1(boot)->mem_upper *= 1024; /* bytes, where KiB are asked for */
}

static void module_count(struct spoil_boot *boot)
{
    spoil_multiboot1(boot)->mods_count = 0;
}

/* The end of a module as its last byte, where the byte behind it is meant. */
static void module_end(struct spoil_boot *boot)
{
    struct zp_multiboot_mod_list *module = spoil_at(boot, spoil_multiboot1(boot)->mods_addr, sizeof(*module));

    module->mod_end--;
}

static void module_pad(struct spoil_boot *boot)
{
    struct zp_multiboot_mod_list *module = spoil_at(boot, spoil_multiboot1(boot)->mods_addr, sizeof(*module));

    module->pad = 0xa5a5a5a5;
}

/* --- Multiboot 2 ----------------------------------------------------------------------------------- */

static void total_short(struct spoil_boot *boot)
{
    spoil_multiboot2(boot)->total_size -= 16;
}

static void reserved(struct spoil_boot *boot)
{
    spoil_multiboot2(boot)->reserved = 0xa5a5a5a5;
}

static void end_missing(struct spoil_boot *boot)
{
    spoil_multiboot2(boot)->total_size -= (uint32_t)sizeof(struct zp_multiboot2_tag);
}

/* Tags follow each other without padding: the one behind the command line, and all that come. */
static void tag_misaligned(struct spoil_boot *boot)
{
    struct zp_multiboot2_tag *tag = spoil_tag(boot, ZP_MULTIBOOT2_TAG_TYPE_BOOT_LOADER_NAME);
    char *begin = spoil_at(boot, boot->plan->state.rbx, spoil_multiboot2(boot)->total_size);
    char *next = (char *)tag + ((tag->size + 7) & ~7u);
    uint32_t padding = (uint32_t)(next - (char *)tag) - tag->size;

    memmove(next - padding, next, spoil_multiboot2(boot)->total_size - (size_t)(next - begin));
    spoil_multiboot2(boot)->total_size -= padding;
}

static void tag_size(struct spoil_boot *boot)
{
    struct zp_multiboot2_tag *tag = spoil_tag(boot, ZP_MULTIBOOT2_TAG_TYPE_BASIC_MEMINFO);

    tag->size = 0;
}

/* Entries of 20 bytes, as e820 has them, where a multiple of 8 is asked for; what is left is a tag of
 * nobody's. */
static void entry_size(struct spoil_boot *boot)
{
    struct zp_multiboot2_tag_mmap *tag = spoil_tag(boot, ZP_MULTIBOOT2_TAG_TYPE_MMAP);
    const uint32_t old = tag->size, packed = sizeof(struct zp_boot_e820_entry);
    uint32_t count = (old - (uint32_t)sizeof(*tag)) / (uint32_t)sizeof(struct zp_multiboot2_mmap_entry), end;

    for (uint32_t i = 0; i < count; i++)
        memmove((char *)(tag + 1) + i * packed, spoil_range(boot, i), packed);
    tag->entry_size = packed;
    tag->size = (uint32_t)sizeof(*tag) + count * packed;
    end = (tag->size + 7) & ~7u;
    if (end < old)
        *(struct zp_multiboot2_tag *)((char *)tag + end) =
            (struct zp_multiboot2_tag){.type = 0x7a70, .size = old - end};
}

static void module_end2(struct spoil_boot *boot)
{
    struct zp_multiboot2_tag_module *tag = spoil_tag(boot, ZP_MULTIBOOT2_TAG_TYPE_MODULE);

    tag->mod_end--;
}

static void rsdp_copy(struct spoil_boot *boot)
{
    struct zp_multiboot2_tag *tag = spoil_tag(boot, ZP_MULTIBOOT2_TAG_TYPE_ACPI_NEW);

    ((unsigned char *)(tag + 1))[8] ^= 0x55;
}

static void misplaced_state(struct spoil_boot *boot)
{
    boot->plan->state.rbx = SPOIL_SPARE_LOW + 4;
}

/* The information lies on a multiple of 4, as that of Multiboot 1 may. */
static void misplaced(struct spoil_boot *boot)
{
    const struct zp_span *span = spoil_span(boot, ZP_SPAN_MULTIBOOT_INFO);

    spoil_copy(boot, SPOIL_SPARE_LOW + 4, span->start.value, span->size);
}

#define MULTIBOOT1 (1u << ZP_PROTOCOL_MULTIBOOT1)
#define MULTIBOOT2 (1u << ZP_PROTOCOL_MULTIBOOT2)

const struct spoil_error spoil_multiboot_errors[] = {
    {"eax", SPOIL_MULTIBOOT, eax_state, NULL},
    {"no-memory", MULTIBOOT1, NULL, no_memory},
    {"no-flags", MULTIBOOT1, NULL, no_flags},
    {"map-size", MULTIBOOT1, NULL, map_size},
    {"map-size-zero", MULTIBOOT1, NULL, map_size_zero},
    {"memory-upper", MULTIBOOT1, NULL, memory_upper},
    {"module-count", MULTIBOOT1, NULL, module_count},
    {"module-end", MULTIBOOT1, NULL, module_end},
    {"module-pad", MULTIBOOT1, NULL, module_pad},
    {"total-short", MULTIBOOT2, NULL, total_short},
    {"reserved", MULTIBOOT2, NULL, reserved},
    {"end-missing", MULTIBOOT2, NULL, end_missing},
    {"tag-misaligned", MULTIBOOT2, NULL, tag_misaligned},
    {"tag-size", MULTIBOOT2, NULL, tag_size},
    {"entry-size", MULTIBOOT2, NULL, entry_size},
    {"module-end", MULTIBOOT2, NULL, module_end2},
    {"rsdp-copy", MULTIBOOT2, NULL, rsdp_copy},
    {"info-misplaced", MULTIBOOT2, misplaced_state, misplaced},
    {0},
};
