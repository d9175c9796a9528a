/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors in what Linux alone is handed: boot_params, its setup header and setup_data, and in long mode the
 * page tables. Linux Documentation/x86/boot, "Details of header fields", "32-bit BOOT PROTOCOL" and "64-bit
 * BOOT PROTOCOL"; zero-page.
 */
#include <string.h>

#include <zeropage/wire/x86.h>

#include "spoil_place.h"

#define MIB(n) ((uint64_t)(n) << 20)
#define WILD   UINT64_C(0xfffffff00000)

/*
 * The whole first sector of the file goes to boot_params, and not the header alone. Linux has 0xff in the
 * sentinel of that sector, for kernels to notice.
 */
static void first_sector(struct spoil_boot *boot)
{
    unsigned char *params = (unsigned char *)spoil_boot_params(boot);

    memset(params + ZP_BOOT_PARAMS_SENTINEL, 0xff, 1);
    memcpy(params, "MZ\xea\x07\x00\xc0\x07\x8c\xc8\x8e\xd8\x8e\xc0\x8e\xd0\x31", 16);
}

static void sentinel(struct spoil_boot *boot)
{
    spoil_boot_params(boot)->sentinel = 0xff;
}

static void stray(struct spoil_boot *boot)
{
    spoil_boot_params(boot)->_pad9[100] = 0xa5;
}

static void header_absent(struct spoil_boot *boot)
{
    spoil_boot_params(boot)->hdr.header = 0;
}

static void type_of_loader(struct spoil_boot *boot)
{
    spoil_boot_params(boot)->hdr.type_of_loader = 0;
}

/* As of a page that nobody cleared: twice as many entries as were written. */
static void map_count(struct spoil_boot *boot)
{
    spoil_boot_params(boot)->e820_entries *= 2;
}

static struct zp_setup_data *first_node(const struct spoil_boot *boot)
{
    return spoil_at(boot, spoil_boot_params(boot)->hdr.setup_data, sizeof(struct zp_setup_data));
}

static void setup_data_loop(struct spoil_boot *boot)
{
    first_node(boot)->next = spoil_boot_params(boot)->hdr.setup_data;
}

static void setup_data_wild(struct spoil_boot *boot)
{
    first_node(boot)->next = WILD;
}

/* --- page tables ----------------------------------------------------------------------------------- */

/* The entry that maps address, by 2 MiB pages as the plan has them. */
static uint64_t *page_entry(const struct spoil_boot *boot, uint64_t address)
{
    uint64_t table = boot->plan->state.cr3;

    for (int shift = ZP_PAGE_SHIFT_512G; shift > ZP_PAGE_SHIFT_2M; shift -= 9) {
        uint64_t *entries = spoil_at(boot, table, ZP_PAGE_SIZE);

        table = entries[address >> shift & (ZP_PAGE_TABLE_ENTRIES - 1)] & ZP_PTE_ADDRESS;
    }
    return (uint64_t *)spoil_at(boot, table, ZP_PAGE_SIZE) +
           (address >> ZP_PAGE_SHIFT_2M & (ZP_PAGE_TABLE_ENTRIES - 1));
}

/* As a loader does that maps the kernel's file and forgets init_size. */
static void reserve_unmapped(struct spoil_boot *boot)
{
    *page_entry(boot, boot->plan->runtime.value + boot->plan->runtime_size - 1) = 0;
}

static void reserve_elsewhere(struct spoil_boot *boot)
{
    uint64_t *entry = page_entry(boot, boot->plan->runtime.value + boot->plan->runtime_size - 1);

    *entry = (*entry & ~ZP_PTE_ADDRESS) | SPOIL_SPARE_HIGH;
}

/* The page tables end below a command line that lies high. */
static void cmdline_unmapped(struct spoil_boot *boot)
{
    const char *text = spoil_cmdline(boot);

    memcpy(spoil_at(boot, SPOIL_SPARE_HIGH, strlen(text) + 1), text, strlen(text) + 1);
    spoil_cmdline_set(boot, SPOIL_SPARE_HIGH);
    for (uint64_t at = SPOIL_SPARE_HIGH; at < SPOIL_RAM; at += ZP_PAGE_SIZE_2M)
        *page_entry(boot, at) = 0;
}

static void boot_params_unmapped_state(struct spoil_boot *boot)
{
    boot->plan->state.rsi = SPOIL_SPARE_HIGH;
}

static void boot_params_unmapped(struct spoil_boot *boot)
{
    uint64_t planned = spoil_span(boot, ZP_SPAN_BOOT_PARAMS)->start.value;

    spoil_copy(boot, SPOIL_SPARE_HIGH, planned, sizeof(struct zp_boot_params));
    *page_entry(boot, SPOIL_SPARE_HIGH) = 0;
}

/*
 * Tables of 4 GiB where the kernel unpacks itself: the last pages of its reserve. The guest writes there
 * while they are in force, and lives on by what the CPU remembers of them; a KVM that interprets remembers
 * nothing.
 */
static uint64_t tables_in_reserve(const struct spoil_boot *boot)
{
    return (boot->plan->runtime.value + boot->plan->runtime_size - MIB(1)) & ~(ZP_PAGE_SIZE - 1ull);
}

static void tables_in_reserve_state(struct spoil_boot *boot)
{
    boot->plan->state.cr3 = tables_in_reserve(boot);
}

static void tables_in_reserve_memory(struct spoil_boot *boot)
{
    const uint64_t at = tables_in_reserve(boot), directories = 4;
    uint64_t *root = spoil_at(boot, at, (2 + directories) * ZP_PAGE_SIZE);
    uint64_t *pointers = root + ZP_PAGE_TABLE_ENTRIES, *pages = pointers + ZP_PAGE_TABLE_ENTRIES;

    memset(root, 0, (2 + directories) * ZP_PAGE_SIZE);
    root[0] = (at + ZP_PAGE_SIZE) | ZP_PTE_P | ZP_PTE_RW;
    for (uint64_t i = 0; i < directories; i++)
        pointers[i] = (at + (2 + i) * ZP_PAGE_SIZE) | ZP_PTE_P | ZP_PTE_RW;
    for (uint64_t i = 0; i < directories * ZP_PAGE_TABLE_ENTRIES; i++)
        pages[i] = i << ZP_PAGE_SHIFT_2M | ZP_PTE_P | ZP_PTE_RW | ZP_PTE_PS;
}

#define LINUX64 (1u << ZP_PROTOCOL_LINUX64)

const struct spoil_error spoil_linux_errors[] = {
    {"first-sector", SPOIL_LINUX, NULL, first_sector},
    {"sentinel", SPOIL_LINUX, NULL, sentinel},
    {"stray", SPOIL_LINUX, NULL, stray},
    {"header-absent", SPOIL_LINUX, NULL, header_absent},
    {"type-of-loader", SPOIL_LINUX, NULL, type_of_loader},
    {"map-count", SPOIL_LINUX, NULL, map_count},
    {"setup-data-loop", SPOIL_LINUX, NULL, setup_data_loop},
    {"setup-data-wild", SPOIL_LINUX, NULL, setup_data_wild},
    {"reserve-unmapped", LINUX64, NULL, reserve_unmapped},
    {"reserve-elsewhere", LINUX64, NULL, reserve_elsewhere},
    {"cmdline-unmapped", LINUX64, NULL, cmdline_unmapped},
    {"boot-params-unmapped", LINUX64, boot_params_unmapped_state, boot_params_unmapped},
    {"tables-in-reserve", LINUX64, tables_in_reserve_state, tables_in_reserve_memory, "qemu"},
    {0},
};
