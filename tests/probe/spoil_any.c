/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors that every protocol can have, done in its own structures: command line, initrd or first module,
 * memory map, ACPI, and the kernel's own bytes. Where a protocol keeps these is found by the structures
 * themselves, as the guest will find them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zeropage/wire/acpi.h>
#include <zeropage/wire/e820.h>
#include <zeropage/wire/x86.h>

#include "spoil_place.h"

#define NOWHERE      UINT32_C(0xd0000000) /* in the hole below 4 GiB of either engine */
#define UNTERMINATED 0x10000u             /* bytes without a NUL; more than anybody reads */

/* --- command line ---------------------------------------------------------------------------------- */

/* What a fixed buffer of a loader cuts off in silence. */
static void cmdline_cut(struct spoil_boot *boot)
{
    char *text = spoil_cmdline(boot);

    text[strlen(text) / 2] = 0;
}

static void cmdline_unterminated(struct spoil_boot *boot)
{
    const char *text = spoil_cmdline(boot);
    char *buffer = spoil_at(boot, SPOIL_SPARE_HIGH, UNTERMINATED);
    size_t length = strlen(text);

    memcpy(buffer, text, length);
    memset(buffer + length, 'x', UNTERMINATED - length);
    spoil_cmdline_set(boot, SPOIL_SPARE_HIGH);
}

static void cmdline_nowhere(struct spoil_boot *boot)
{
    spoil_cmdline_set(boot, NOWHERE);
}

static void cmdline_missing(struct spoil_boot *boot)
{
    spoil_cmdline_set(boot, 0);
}

/* --- initrd or first module ------------------------------------------------------------------------ */

static void initrd_flipped(struct spoil_boot *boot)
{
    struct spoil_module module = spoil_module(boot);
    unsigned char *bytes = spoil_at(boot, module.start, module.size);

    bytes[module.size / 2] ^= 0x20;
}

/* The last sector was not read. */
static void initrd_short(struct spoil_boot *boot)
{
    struct spoil_module module = spoil_module(boot);

    spoil_module_set(boot, module.start, module.size - 512);
}

/* Where the kernel unpacks itself, clears its BSS or both. */
static void initrd_in_reserve(struct spoil_boot *boot)
{
    struct spoil_module module = spoil_module(boot);
    uint64_t to =
        (boot->plan->runtime.value + boot->plan->runtime_size - module.size) & ~(ZP_PAGE_SIZE - 1ull);

    spoil_copy(boot, to, module.start, module.size);
    spoil_module_set(boot, to, module.size);
}

static void initrd_nowhere(struct spoil_boot *boot)
{
    spoil_module_set(boot, NOWHERE, spoil_module(boot).size);
}

static void module_unaligned(struct spoil_boot *boot)
{
    struct spoil_module module = spoil_module(boot);

    spoil_copy(boot, SPOIL_SPARE_HIGH + 0x10, module.start, module.size);
    spoil_module_set(boot, SPOIL_SPARE_HIGH + 0x10, module.size);
}

/* --- memory map ------------------------------------------------------------------------------------ */

/* The range as told that holds address. */
static struct zp_boot_e820_entry *range_at(const struct spoil_boot *boot, uint64_t address)
{
    struct zp_boot_e820_entry *range;

    for (size_t i = 0; (range = spoil_range(boot, i)) != NULL; i++)
        if (address >= range->addr && address - range->addr < range->size)
            return range;
    fprintf(stderr, "spoil: no range holds 0x%llx\n", (unsigned long long)address);
    exit(2);
}

/* The ROM below 1 MiB reaches into the RAM above it. */
static void map_overlap(struct spoil_boot *boot)
{
    range_at(boot, 0xf0000)->size += 0x10000;
}

/* RAM begins behind the kernel, as if its place were taken. */
static void map_without_reserve(struct spoil_boot *boot)
{
    struct zp_boot_e820_entry *range = range_at(boot, boot->plan->runtime.value);
    uint64_t end = boot->plan->runtime.value + boot->plan->runtime_size;

    range->size -= end - range->addr;
    range->addr = end;
}

static void map_empty(struct spoil_boot *boot)
{
    spoil_map_clear(boot);
}

/* --- ACPI ------------------------------------------------------------------------------------------ */

static void rsdp_sum(struct spoil_boot *boot)
{
    struct zp_acpi_rsdp *rsdp = spoil_at(boot, boot->plan->rsdp.value, sizeof(*rsdp));

    rsdp->checksum ^= 0x55;
}

static void table_sum(struct spoil_boot *boot)
{
    struct zp_acpi_rsdp *rsdp = spoil_at(boot, boot->plan->rsdp.value, sizeof(*rsdp));
    struct zp_acpi_description_header *xsdt = spoil_at(boot, rsdp->xsdt_address, sizeof(*xsdt));

    xsdt->checksum ^= 0x55;
}

/* The kernel will use the tables' memory for something else. */
static void acpi_in_ram(struct spoil_boot *boot)
{
    range_at(boot, boot->plan->rsdp.value)->type = ZP_E820_RAM;
}

/* --- the kernel's bytes ---------------------------------------------------------------------------- */

/* One bit of the file's bytes, in the middle of the first long run of zeros: nobody's code. */
static void kernel_flipped(struct spoil_boot *boot)
{
    const struct zp_span *span = spoil_span(boot, ZP_SPAN_KERNEL);
    unsigned char *bytes = spoil_at(boot, span->start.value, span->size);
    uint64_t run = 0;

    for (uint64_t i = 0; i < span->file_size; i++) {
        run = bytes[i] ? 0 : run + 1;
        if (run == 64) {
            bytes[i - 32] ^= 0x10;
            return;
        }
    }
    fprintf(stderr, "spoil: the kernel has no zeros\n");
    exit(2);
}

static void kernel_short(struct spoil_boot *boot)
{
    const struct zp_span *span = spoil_span(boot, ZP_SPAN_KERNEL);

    memset(spoil_at(boot, span->start.value + span->file_size - 512, 512), 0, 512);
}

/* Memory that was used before, and that the loader did not clear. */
static void bss_dirty(struct spoil_boot *boot)
{
    for (size_t i = 0; i < boot->plan->span_count; i++) {
        const struct zp_span *span = &boot->plan->spans[i];
        uint64_t tail = span->size - span->file_size;

        if (span->kind != ZP_SPAN_KERNEL || tail < 0x10000)
            continue;
        memset(spoil_at(boot, span->start.value + span->size - 0x8000, 16), 0xa5, 16);
        return;
    }
    fprintf(stderr, "spoil: the kernel has no BSS\n");
    exit(2);
}

#define LINUX64 (1u << ZP_PROTOCOL_LINUX64)
#define PVH     (1u << ZP_PROTOCOL_PVH)

const struct spoil_error spoil_any_errors[] = {
    {"cmdline-cut", SPOIL_ALL, NULL, cmdline_cut},
    {"cmdline-unterminated", SPOIL_ALL & ~(1u << ZP_PROTOCOL_MULTIBOOT2), NULL, cmdline_unterminated},
    {"cmdline-nowhere", SPOIL_ALL & ~(1u << ZP_PROTOCOL_MULTIBOOT2), NULL, cmdline_nowhere},
    {"cmdline-missing", SPOIL_ALL & ~(1u << ZP_PROTOCOL_MULTIBOOT2), NULL, cmdline_missing},
    {"initrd-flipped", SPOIL_ALL, NULL, initrd_flipped},
    {"initrd-short", SPOIL_ALL, NULL, initrd_short},
    {"initrd-in-reserve", SPOIL_ALL, NULL, initrd_in_reserve},
    {"initrd-nowhere", SPOIL_ALL, NULL, initrd_nowhere},
    {"module-unaligned", SPOIL_MULTIBOOT, NULL, module_unaligned},
    {"map-overlap", SPOIL_ALL, NULL, map_overlap},
    {"map-without-reserve", SPOIL_ALL, NULL, map_without_reserve},
    {"map-empty", SPOIL_ALL, NULL, map_empty},
    {"rsdp-sum", SPOIL_LINUX | PVH, NULL, rsdp_sum},
    {"acpi-sum", SPOIL_ALL, NULL, table_sum},
    {"acpi-in-ram", SPOIL_ALL, NULL, acpi_in_ram},
    {"kernel-flipped", SPOIL_ALL, NULL, kernel_flipped},
    {"kernel-short", SPOIL_LINUX, NULL, kernel_short},
    {"bss-dirty", LINUX64 | PVH | SPOIL_MULTIBOOT, NULL, bss_dirty},
    {0},
};
