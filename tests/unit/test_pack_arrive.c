/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arrivals of the packer's stub: what each protocol hands over, field by field, and what is refused. Each
 * machine's last byte belongs to a module, so that memory cut anywhere is refused, too. HOSTILE rows 8, 9,
 * 10, 22.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <zeropage/wire/e820.h>
#include <zeropage/wire/multiboot.h>
#include <zeropage/wire/multiboot2.h>
#include <zeropage/wire/xen.h>

#include "arriving.h"

#define BASE    0x10000u
#define SIZE    0x8000u
#define HANDED  BASE
#define NODES   (BASE + 0x2000)
#define TABLE   (BASE + 0x3000)
#define TEXTS   (BASE + 0x6000)
#define RSDP    (BASE + 0x7000)
#define MODULE  (BASE + 0x7f00) /* 0x100 bytes, to the end of memory */
#define RAM_END 0x8000000u

struct mangle {
    const char *name;
    uint64_t address;
    unsigned width;
    uint64_t value;
    const char *refusal; /* part of it; NULL: accepted */
};

static void put_rsdp(uint64_t address, unsigned revision)
{
    uint8_t *rsdp = arriving.memory + (address - BASE), sum = 0;

    memset(rsdp, 0, 36);
    memcpy(rsdp, "RSD PTR \0OEMOEM", 15);
    rsdp[15] = (uint8_t)revision;
    rsdp[17] = 0xe0;
    rsdp[20] = 36;
    for (unsigned i = 0; i < 20; i++)
        sum = (uint8_t)(sum + rsdp[i]);
    rsdp[8] = (uint8_t)-sum;
    for (unsigned i = sum = 0; i < 36; i++)
        sum = (uint8_t)(sum + rsdp[i]);
    rsdp[32] = (uint8_t)-sum;
}

static void put_e820(uint64_t at, uint64_t start, uint64_t size, uint32_t type)
{
    arriving_poke(at, 8, start);
    arriving_poke(at + 8, 8, size);
    arriving_poke(at + 16, 4, type);
}

static void put_node(uint64_t at, uint64_t next, uint32_t type, uint32_t length)
{
    arriving_poke(at, 8, next);
    arriving_poke(at + 8, 4, type);
    arriving_poke(at + 12, 4, length);
}

static void assert_refused(uint32_t way, const char *name, const char *refusal)
{
    bool accepted = arriving_run(way, HANDED);

    if (accepted != !refusal || (refusal && !strstr(arriving.refusal, refusal)))
        fail_msg("%s: %s", name, accepted ? "accepted" : arriving.refusal);
}

static void mangle_all(uint32_t way, void (*build)(void), const struct mangle *mangles, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        build();
        arriving_poke(mangles[i].address, mangles[i].width, mangles[i].value);
        assert_refused(way, mangles[i].name, mangles[i].refusal);
        arriving_end();
    }
}
#define MANGLE_ALL(way, build, mangles) \
    mangle_all(way, build, mangles, sizeof(mangles) / sizeof((mangles)[0]))

/* The machine with memory cut to each size; the address sanitizer minds that nothing past it is read. */
static void cut_everywhere(uint32_t way, void (*build)(void))
{
    for (size_t size = 0; size < SIZE; size += size < SIZE - 0x1100 ? 7 : 1) {
        build();
        arriving.size = size;
        assert_false(arriving_run(way, HANDED));
        assert_non_null(strstr(arriving.refusal, "cannot be read"));
        arriving.size = SIZE;
        arriving_end();
    }
    build();
    assert_true(arriving_run(way, HANDED));
    arriving_end();
}

static void assert_range(size_t i, uint64_t start, uint64_t size, uint32_t type)
{
    const struct zp_memory_range *range = &arriving.arrival.ranges[i];

    assert_true(i < arriving.arrival.range_count);
    assert_int_equal(range->start.value, start);
    assert_int_equal(range->size, size);
    assert_int_equal(range->e820_type, type);
    assert_int_equal(range->usage, type == ZP_E820_RAM ? ZP_USAGE_FREE : ZP_USAGE_RESERVED);
}

static void assert_module(size_t i, uint64_t start, uint64_t size, const char *cmdline)
{
    const struct zp_module *module = &arriving.arrival.modules[i];

    assert_true(i < arriving.arrival.module_count);
    assert_int_equal(module->source->size, size);
    assert_ptr_equal(arriving.arrival.sources[i].bytes, arriving.memory + (start - BASE));
    assert_true(arriving_is_kept(start, size));
    if (cmdline)
        assert_string_equal(module->cmdline, cmdline);
    else
        assert_null(module->cmdline);
}

/* --- Linux --- */

#define PARAMS(field) (HANDED + offsetof(struct zp_boot_params, field))

static void build_linux(void)
{
    arriving_begin(BASE, SIZE);
    arriving_poke(PARAMS(hdr.header), 4, ZP_SETUP_MAGIC_HDRS);
    arriving_poke(PARAMS(hdr.version), 2, 0x20f);
    arriving_poke(PARAMS(e820_entries), 1, 3);
    put_e820(PARAMS(e820_table), 0, 0x9fc00, ZP_E820_RAM);
    put_e820(PARAMS(e820_table) + 20, 0x9fc00, 0x400, ZP_E820_RESERVED);
    put_e820(PARAMS(e820_table) + 40, 0x100000, RAM_END - 0x100000, ZP_E820_RAM);
    arriving_poke(PARAMS(hdr.cmd_line_ptr), 4, TEXTS);
    arriving_text(TEXTS, "console=ttyS0 quiet");
    arriving_poke(PARAMS(hdr.ramdisk_image), 4, MODULE);
    arriving_poke(PARAMS(hdr.ramdisk_size), 4, 0x100);
    arriving_poke(PARAMS(acpi_rsdp_addr), 8, RSDP);
    put_rsdp(RSDP, 2);
    arriving_poke(PARAMS(hdr.setup_data), 8, NODES);
    /* E820_EXT, a seed, something to hand on, the same elsewhere */
    put_node(NODES, NODES + 0x100, ZP_SETUP_E820_EXT, 20);
    put_e820(NODES + 16, 0x100000000, 0x1000, ZP_E820_PMEM);
    put_node(NODES + 0x100, NODES + 0x200, ZP_SETUP_RNG_SEED, 32);
    memset(arriving.memory + 0x2110, 0x5a, 32);
    put_node(NODES + 0x200, NODES + 0x300, ZP_SETUP_PCI, 5);
    arriving_text(NODES + 0x210, "pcis");
    put_node(NODES + 0x300, 0, ZP_SETUP_INDIRECT, 24);
    arriving_poke(NODES + 0x310, 4, ZP_SETUP_INDIRECT | ZP_SETUP_DTB);
    arriving_poke(NODES + 0x318, 8, 9);
    arriving_poke(NODES + 0x320, 8, TABLE);
    arriving_text(TABLE, "flatTREE");
}

static void linux_hands_over(void **state)
{
    const struct arrival *arrival = &arriving.arrival;

    (void)state;
    build_linux();
    assert_refused(ZP_PACK_WAY_LINUX64, "sound", NULL);
    assert_int_equal(arrival->range_count, 4);
    assert_range(0, 0, 0x9fc00, ZP_E820_RAM);
    assert_range(1, 0x9fc00, 0x400, ZP_E820_RESERVED);
    assert_range(3, 0x100000000, 0x1000, ZP_E820_PMEM);
    assert_string_equal(arrival->cmdline, "console=ttyS0 quiet");
    assert_int_equal(arrival->module_count, 1);
    assert_module(0, MODULE, 0x100, NULL);
    assert_int_equal(arrival->rsdp, RSDP);
    assert_memory_equal(arrival->rsdp_bytes, arriving.memory + (RSDP - BASE), 36);
    assert_true(arrival->has_boot_params);
    assert_int_equal(arrival->boot_params.hdr.version, 0x20f);
    assert_ptr_equal(arrival->entropy, arriving.memory + 0x2110);
    assert_int_equal(arrival->entropy_length, 32);
    assert_int_equal(arrival->blob_count, 2);
    assert_int_equal(arrival->blobs[0].setup_data_type, ZP_SETUP_PCI);
    assert_int_equal(arrival->blobs[0].size, 5);
    assert_int_equal(arrival->blobs[1].setup_data_type, ZP_SETUP_DTB);
    assert_int_equal(arrival->blobs[1].size, 9);
    assert_memory_equal(arrival->blobs[1].context, "flatTREE", 9);
    assert_int_equal(arrival->blobs[1].role, ZP_BLOB_SETUP_DATA);
    /* All that a second pass reads again is kept. */
    assert_true(arriving_is_kept(HANDED, 4096));
    assert_true(arriving_is_kept(TEXTS, 20));
    assert_true(arriving_is_kept(NODES, 36));
    assert_true(arriving_is_kept(NODES + 0x300, 40));
    arriving_end();
}

static void linux_fields_that_are_spoiled(void **state)
{
    static const struct mangle mangles[] = {
        {"no header", PARAMS(hdr.header), 4, 0, "no setup header"},
        {"128 ranges and one", PARAMS(e820_entries), 1, 129, "e820_entries is 129"},
        {"no map", PARAMS(e820_entries), 1, 0, "no memory map"},
        {"an empty range", PARAMS(e820_table) + 28, 8, 0, NULL},
        {"a range that wraps", PARAMS(e820_table) + 48, 8, UINT64_MAX, "wraps"},
        {"a range up to 2^64", PARAMS(e820_table) + 28, 8, UINT64_MAX - 0x9fbff, NULL},
        {"RAM past 2^52", PARAMS(e820_table) + 48, 8, UINT64_C(1) << 52, "past 2^52"},
        {"a type of nobody", PARAMS(e820_table) + 36, 4, 0x77, NULL},
        {"type 0", PARAMS(e820_table) + 36, 4, 0, NULL},
        {"command line nowhere", PARAMS(ext_cmd_line_ptr), 4, 0xff000000, "command line"},
        {"command line past memory", PARAMS(hdr.cmd_line_ptr), 4, BASE + SIZE, "command line"},
        {"no command line", PARAMS(hdr.cmd_line_ptr), 4, 0, NULL},
        {"initrd past 2^52", PARAMS(ext_ramdisk_size), 4, UINT32_MAX, "initrd"},
        {"initrd past memory", PARAMS(hdr.ramdisk_size), 4, 0x101, "initrd"},
        {"initrd of 0 bytes", PARAMS(hdr.ramdisk_size), 4, 0, NULL},
        {"initrd nowhere", PARAMS(hdr.ramdisk_image), 4, 0, NULL},
        {"initrd outside of the map", PARAMS(e820_table) + 8, 8, BASE, "not in memory that the map"},
        {"rsdp nowhere", PARAMS(acpi_rsdp_addr), 8, UINT64_MAX, "acpi_rsdp_addr"},
        {"no rsdp there", PARAMS(acpi_rsdp_addr), 8, RSDP + 1, "no RSDP"},
        {"no rsdp", PARAMS(acpi_rsdp_addr), 8, 0, NULL},
        {"rsdp spoiled", RSDP + 16, 1, 1, "no RSDP"},
        {"rsdp spoiled behind", RSDP + 33, 1, 1, "no RSDP"},
        {"rsdp of another length", RSDP + 20, 1, 35, "no RSDP"},
        {"setup_data nowhere", PARAMS(hdr.setup_data), 8, UINT64_MAX - 4, "setup_data"},
        {"a node past memory", NODES + 0x20c, 4, SIZE, "setup_data"},
        {"a node of 4 GiB", NODES + 0x20c, 4, UINT32_MAX, "setup_data"},
        {"a loop to itself", NODES + 0x200, 8, NODES + 0x200, "setup_data"},
        {"a loop of four", NODES + 0x300, 8, NODES, "setup_data"},
        {"an empty node", NODES + 0x20c, 4, 0, NULL},
        {"a type of nobody", NODES + 0x208, 4, 0x1234, NULL},
        {"half an entry", NODES + 12, 4, 19, "E820_EXT of 19 bytes"},
        {"a short indirect", NODES + 0x30c, 4, 23, "setup_indirect of 23"},
        {"an indirect to another", NODES + 0x310, 4, ZP_SETUP_INDIRECT, "setup_indirect of type"},
        {"an indirect of a plain type", NODES + 0x310, 4, ZP_SETUP_DTB, "setup_indirect of type"},
        {"an indirect of 4 GiB", NODES + 0x318, 8, UINT64_C(1) << 32, "setup_indirect of 4294967296"},
        {"an indirect of 0 bytes", NODES + 0x318, 8, 0, NULL},
        {"an indirect nowhere", NODES + 0x320, 8, UINT64_MAX, "setup_indirect"},
        {"an indirect in its type", NODES + 0x308, 4, ZP_SETUP_INDIRECT | 2, "of type 0x80000002"},
        {"memory not handed on", NODES + 0x208, 4, ZP_SETUP_IMA, NULL},
    };

    (void)state;
    MANGLE_ALL(ZP_PACK_WAY_LINUX32, build_linux, mangles);
}

static void linux_memory_is_cut(void **state)
{
    (void)state;
    cut_everywhere(ZP_PACK_WAY_LINUX64, build_linux);
}

/* A longer map than the page holds, and one without an end. */
static void linux_long_maps(void **state)
{
    uint64_t ext = BASE + 0x3400;

    (void)state;
    build_linux();
    arriving_poke(PARAMS(e820_entries), 1, 128);
    for (uint64_t i = 3; i < 128; i++)
        put_e820(PARAMS(e820_table) + 20 * i, 0x10000000 + i * 0x2000, 0x1000, ZP_E820_RESERVED);
    put_node(NODES + 0x300, ext, ZP_SETUP_PCI, 1);
    put_node(ext, 0, ZP_SETUP_E820_EXT, 20 * 100);
    for (uint64_t i = 0; i < 100; i++)
        put_e820(ext + 16 + 20 * i, 0x20000000 + i * 0x2000, 0x1000, ZP_E820_RAM);
    assert_refused(ZP_PACK_WAY_LINUX64, "128 ranges and more", NULL);
    assert_int_equal(arriving.arrival.range_count, 229);
    assert_range(127, 0x100fe000, 0x1000, ZP_E820_RESERVED);
    assert_range(228, 0x200c6000, 0x1000, ZP_E820_RAM);
    for (unsigned i = 0; i < STUB_BLOB_MAX + 1; i++)
        put_node(NODES + i * 32, i < STUB_BLOB_MAX ? NODES + (i + 1) * 32 : 0, ZP_SETUP_PCI, 4);
    assert_refused(ZP_PACK_WAY_LINUX64, "too much to hand on", "more than 16 to hand on");
    for (unsigned i = 0; i < 100; i++)
        put_node(NODES + i * 16, i < 99 ? NODES + (i + 1) * 16 : 0, ZP_SETUP_PCI, 0);
    assert_refused(ZP_PACK_WAY_LINUX64, "empty nodes", "more than 64");
    arriving_end();
}

static void linux_without_a_map(void **state)
{
    (void)state;
    build_linux();
    arriving_poke(PARAMS(e820_entries), 1, 0);
    arriving_poke(PARAMS(screen_info.ext_mem_k), 2, 0xfc00);
    assert_refused(ZP_PACK_WAY_LINUX32, "88h", NULL);
    assert_range(0, 0, 0x9f000, ZP_E820_RAM);
    assert_range(1, 0x100000, 0x3f00000, ZP_E820_RAM);
    arriving_poke(PARAMS(alt_mem_k), 4, 0x3ffc00);
    assert_refused(ZP_PACK_WAY_LINUX32, "e801h", NULL);
    assert_range(1, 0x100000, 0xfff00000, ZP_E820_RAM);
    arriving_end();
}

/* Bytes of the file in fields that the loader does not know. */
static void linux_with_a_sentinel(void **state)
{
    (void)state;
    build_linux();
    arriving_poke(PARAMS(sentinel), 1, 0xff);
    arriving_poke(PARAMS(ext_cmd_line_ptr), 4, 0x12345678);
    arriving_poke(PARAMS(ext_ramdisk_image), 4, 0x12345678);
    arriving_poke(PARAMS(ext_ramdisk_size), 4, 0x12345678);
    arriving_poke(PARAMS(edid_info), 8, UINT64_MAX);
    assert_refused(ZP_PACK_WAY_LINUX32, "sentinel", NULL);
    assert_string_equal(arriving.arrival.cmdline, "console=ttyS0 quiet");
    assert_module(0, MODULE, 0x100, NULL);
    assert_int_equal(arriving.arrival.boot_params.edid_info.dummy[0], 0);
    assert_int_equal(arriving.arrival.boot_params.sentinel, 0);
    arriving_end();
}

static void linux_on_efi(void **state)
{
    (void)state;
    build_linux();
    arriving_poke(PARAMS(efi_info.efi_loader_signature), 4, ZP_EFI64_LOADER_SIGNATURE);
    arriving_poke(PARAMS(efi_info.efi_memmap), 4, TABLE + 0x100);
    arriving_poke(PARAMS(efi_info.efi_memmap_size), 4, 480);
    arriving_poke(PARAMS(efi_info.efi_memdesc_size), 4, 48);
    assert_refused(ZP_PACK_WAY_LINUX64, "efi_info", NULL);
    assert_int_equal(arriving.arrival.range_count, 5);
    assert_range(4, TABLE + 0x100, 480, ZP_E820_RESERVED);
    arriving_poke(PARAMS(efi_info.efi_memdesc_size), 4, 0);
    assert_refused(ZP_PACK_WAY_LINUX64, "descriptors of 0 bytes", "480 bytes, 0 each");
    arriving_poke(PARAMS(efi_info.efi_memdesc_size), 4, 48);
    arriving_poke(PARAMS(efi_info.efi_memmap_hi), 4, 0x80000000);
    assert_refused(ZP_PACK_WAY_LINUX64, "a map nowhere", "efi_info: memory map");
    arriving_poke(PARAMS(efi_info.efi_memmap_size), 4, 0x100001);
    assert_refused(ZP_PACK_WAY_LINUX64, "a map of 1 MiB", "1048577 bytes");
    arriving_poke(PARAMS(efi_info.efi_loader_signature), 4, 0);
    assert_refused(ZP_PACK_WAY_LINUX64, "nobody's", NULL);
    arriving_end();
}

/* Two seeds: the second is data like other data. */
static void linux_with_two_seeds(void **state)
{
    (void)state;
    build_linux();
    put_node(NODES + 0x200, 0, ZP_SETUP_RNG_SEED, 4);
    assert_refused(ZP_PACK_WAY_LINUX64, "seeds", NULL);
    assert_int_equal(arriving.arrival.entropy_length, 32);
    assert_int_equal(arriving.arrival.blob_count, 1);
    assert_int_equal(arriving.arrival.blobs[0].setup_data_type, ZP_SETUP_RNG_SEED);
    put_node(NODES + 0x200, 0, ZP_SETUP_KEXEC_KHO, 4);
    assert_refused(ZP_PACK_WAY_LINUX64, "handover", NULL);
    assert_int_equal(arriving.arrival.blob_count, 0);
    assert_non_null(strstr(arriving.said, "type 10"));
    arriving_end();
}

/* The longest one that fits, whole; one byte more is refused. */
static void long_command_lines(void **state)
{
    (void)state;
    arriving_begin(BASE, 0x20000);
    arriving_poke(PARAMS(hdr.header), 4, ZP_SETUP_MAGIC_HDRS);
    arriving_poke(PARAMS(e820_entries), 1, 1);
    put_e820(PARAMS(e820_table), 0, RAM_END, ZP_E820_RAM);
    arriving_poke(PARAMS(hdr.cmd_line_ptr), 4, TEXTS + 3);
    memset(arriving.memory + (TEXTS + 3 - BASE), 'x', STUB_CMDLINE_MAX - 1);
    assert_refused(ZP_PACK_WAY_LINUX64, "longest", NULL);
    assert_int_equal(arriving.arrival.cmdline_length, STUB_CMDLINE_MAX - 1);
    arriving_poke(TEXTS + 3 + STUB_CMDLINE_MAX - 1, 1, 'x');
    assert_refused(ZP_PACK_WAY_LINUX64, "longer", "longer than 8191 bytes");
    arriving_end();
}

/* --- PVH --- */

#define INFO(field)     (HANDED + offsetof(struct zp_hvm_start_info, field))
#define MODLIST         (BASE + 0x1000)
#define MODULE_AT(i, f) (MODLIST + (i)*32 + offsetof(struct zp_hvm_modlist_entry, f))
#define MEMMAP_AT(i, f) (TABLE + (i)*24 + offsetof(struct zp_hvm_memmap_table_entry, f))

static void put_memmap(unsigned i, uint64_t start, uint64_t size, uint32_t type)
{
    arriving_poke(MEMMAP_AT(i, addr), 8, start);
    arriving_poke(MEMMAP_AT(i, size), 8, size);
    arriving_poke(MEMMAP_AT(i, type), 4, type);
}

static void build_pvh(void)
{
    arriving_begin(BASE, SIZE);
    arriving_poke(INFO(magic), 4, ZP_XEN_HVM_START_MAGIC_VALUE);
    arriving_poke(INFO(version), 4, 1);
    arriving_poke(INFO(nr_modules), 4, 2);
    arriving_poke(INFO(modlist_paddr), 8, MODLIST);
    arriving_poke(INFO(cmdline_paddr), 8, TEXTS);
    arriving_text(TEXTS, "root=/dev/vda");
    arriving_poke(INFO(rsdp_paddr), 8, RSDP);
    put_rsdp(RSDP, 0);
    arriving_poke(INFO(memmap_paddr), 8, TABLE);
    arriving_poke(INFO(memmap_entries), 4, 3);
    put_memmap(0, 0, 0xa0000, ZP_XEN_HVM_MEMMAP_TYPE_RAM);
    put_memmap(1, 0x100000, RAM_END - 0x100000, ZP_XEN_HVM_MEMMAP_TYPE_RAM);
    put_memmap(2, 0xfee00000, 0x1000, ZP_XEN_HVM_MEMMAP_TYPE_NVS);
    arriving_poke(MODULE_AT(0, paddr), 8, BASE + 0x5000);
    arriving_poke(MODULE_AT(0, size), 8, 0x80);
    arriving_poke(MODULE_AT(0, cmdline_paddr), 8, TEXTS + 0x100);
    arriving_text(TEXTS + 0x100, "first of two");
    arriving_poke(MODULE_AT(1, paddr), 8, MODULE);
    arriving_poke(MODULE_AT(1, size), 8, 0x100);
}

static void pvh_hands_over(void **state)
{
    const struct arrival *arrival = &arriving.arrival;

    (void)state;
    build_pvh();
    assert_refused(ZP_PACK_WAY_PVH, "sound", NULL);
    assert_int_equal(arrival->range_count, 3);
    assert_range(1, 0x100000, RAM_END - 0x100000, ZP_E820_RAM);
    assert_range(2, 0xfee00000, 0x1000, ZP_E820_NVS);
    assert_string_equal(arrival->cmdline, "root=/dev/vda");
    assert_int_equal(arrival->module_count, 2);
    assert_module(0, BASE + 0x5000, 0x80, "first of two");
    assert_module(1, MODULE, 0x100, NULL);
    assert_int_equal(arrival->rsdp, RSDP);
    assert_memory_equal(arrival->rsdp_bytes, arriving.memory + (RSDP - BASE), 20);
    assert_false(arrival->has_boot_params);
    assert_true(arriving_is_kept(HANDED, 56));
    assert_true(arriving_is_kept(MODLIST, 64));
    assert_true(arriving_is_kept(TABLE, 72));
    assert_true(arriving_is_kept(TEXTS, 14));
    arriving_end();
}

static void pvh_fields_that_are_spoiled(void **state)
{
    static const struct mangle mangles[] = {
        {"magic", INFO(magic), 4, 0x336ec579, "its magic is 0x336ec579"},
        {"version 0", INFO(version), 4, 0, "version 0, no memory map"},
        {"a later version", INFO(version), 4, 7, NULL},
        {"no map", INFO(memmap_entries), 4, 0, "version 1, no memory map"},
        {"2^32 entries", INFO(memmap_entries), 4, UINT32_MAX, "map of 4294967295 entries"},
        {"map nowhere", INFO(memmap_paddr), 8, UINT64_MAX - 8, "memory map"},
        {"map at 0", INFO(memmap_paddr), 8, 0, "at 0x0 cannot be read"},
        {"no RAM in it", INFO(memmap_paddr), 8, MODLIST + 0x800, "no RAM"},
        {"a range that wraps", MEMMAP_AT(1, size), 8, UINT64_MAX, "wraps"},
        {"RAM past 2^52", MEMMAP_AT(1, addr), 8, UINT64_C(1) << 52, "past 2^52"},
        {"reserved past 2^52", MEMMAP_AT(2, addr), 8, UINT64_C(1) << 52, NULL},
        {"65 modules", INFO(nr_modules), 4, 65, "65 modules"},
        {"2^32 modules", INFO(nr_modules), 4, UINT32_MAX, "4294967295 modules"},
        {"no modules", INFO(nr_modules), 4, 0, NULL},
        {"module list nowhere", INFO(modlist_paddr), 8, UINT64_MAX, "module list"},
        {"module list at 0", INFO(modlist_paddr), 8, 0, "at 0x0 cannot be read"},
        {"empty module", MODULE_AT(0, size), 8, 0, "module: 0 bytes"},
        {"module nowhere", MODULE_AT(0, paddr), 8, UINT64_C(1) << 40, "module"},
        {"module that wraps", MODULE_AT(1, size), 8, UINT64_MAX, "module"},
        {"module's command line nowhere", MODULE_AT(1, cmdline_paddr), 8, UINT64_MAX, "command line"},
        {"command line nowhere", INFO(cmdline_paddr), 8, BASE - 1, "command line"},
        {"no command line", INFO(cmdline_paddr), 8, 0, NULL},
        {"rsdp nowhere", INFO(rsdp_paddr), 8, BASE + SIZE - 19, "rsdp_paddr"},
        {"no rsdp there", INFO(rsdp_paddr), 8, TEXTS, "no RSDP"},
        {"no rsdp", INFO(rsdp_paddr), 8, 0, NULL},
    };

    (void)state;
    MANGLE_ALL(ZP_PACK_WAY_PVH, build_pvh, mangles);
}

static void pvh_memory_is_cut(void **state)
{
    (void)state;
    cut_everywhere(ZP_PACK_WAY_PVH, build_pvh);
}

/* --- multiboot 1 --- */

#define MBI(field)     (HANDED + offsetof(struct zp_multiboot_info, field))
#define MOD1_AT(i, f)  (MODLIST + (i)*16 + offsetof(struct zp_multiboot_mod_list, f))
#define LOADER_NAME    (TEXTS + 0x200)
#define MMAP1_ENTRY(i) (TABLE + (i)*24)

static void put_mmap1(uint64_t at, uint32_t size, uint64_t start, uint64_t length, uint32_t type)
{
    arriving_poke(at, 4, size);
    put_e820(at + 4, start, length, type);
}

static void build_multiboot1(void)
{
    arriving_begin(BASE, SIZE);
    arriving_poke(MBI(flags), 4,
                  ZP_MULTIBOOT_INFO_MEMORY | ZP_MULTIBOOT_INFO_CMDLINE | ZP_MULTIBOOT_INFO_MODS |
                      ZP_MULTIBOOT_INFO_MEM_MAP | ZP_MULTIBOOT_INFO_BOOT_LOADER_NAME);
    arriving_poke(MBI(mem_lower), 4, 639);
    arriving_poke(MBI(mem_upper), 4, 0x8000);
    arriving_poke(MBI(cmdline), 4, TEXTS);
    arriving_text(TEXTS, "/boot/image one two");
    arriving_poke(MBI(boot_loader_name), 4, LOADER_NAME);
    arriving_text(LOADER_NAME, "GRUB 2.06");
    arriving_poke(MBI(mods_count), 4, 1);
    arriving_poke(MBI(mods_addr), 4, MODLIST);
    arriving_poke(MOD1_AT(0, mod_start), 4, MODULE);
    arriving_poke(MOD1_AT(0, mod_end), 4, MODULE + 0x100);
    arriving_poke(MOD1_AT(0, cmdline), 4, TEXTS + 0x100);
    arriving_text(TEXTS + 0x100, "/boot/initrd arguments");
    /* Entries of three sizes */
    arriving_poke(MBI(mmap_length), 4, 24 + 28 + 24);
    arriving_poke(MBI(mmap_addr), 4, TABLE);
    put_mmap1(TABLE, 20, 0, 0x9fc00, ZP_MULTIBOOT_MEMORY_AVAILABLE);
    put_mmap1(TABLE + 24, 24, 0x100000, RAM_END - 0x100000, ZP_MULTIBOOT_MEMORY_AVAILABLE);
    put_mmap1(TABLE + 52, 20, RAM_END, 0x10000, 9);
}

static void multiboot1_hands_over(void **state)
{
    const struct arrival *arrival = &arriving.arrival;

    (void)state;
    build_multiboot1();
    assert_refused(ZP_PACK_WAY_MULTIBOOT1, "sound", NULL);
    assert_int_equal(arrival->range_count, 3);
    assert_range(0, 0, 0x9fc00, ZP_E820_RAM);
    assert_range(1, 0x100000, RAM_END - 0x100000, ZP_E820_RAM);
    assert_range(2, RAM_END, 0x10000, ZP_E820_RESERVED);
    assert_string_equal(arrival->cmdline, "/boot/image one two");
    assert_int_equal(arrival->module_count, 1);
    assert_module(0, MODULE, 0x100, "/boot/initrd arguments");
    assert_int_equal(arrival->rsdp, 0);
    assert_true(arriving_is_kept(HANDED, 52));
    assert_true(arriving_is_kept(MODLIST, 16));
    assert_true(arriving_is_kept(TABLE, 76));
    arriving_end();
}

static void multiboot1_fields_that_are_spoiled(void **state)
{
    static const struct mangle mangles[] = {
        {"an entry of 19 bytes", TABLE, 4, 19, "of 19 bytes"},
        {"an entry of 0 bytes", TABLE, 4, 0, "of 0 bytes"},
        {"an entry past the map", TABLE + 52, 4, 21, "of 21 bytes"},
        {"an entry of 4 GiB", TABLE, 4, UINT32_MAX, "of 4294967295 bytes"},
        {"half an entry", MBI(mmap_length), 4, 60, "reaches past mmap_length"},
        {"a map of 0 bytes", MBI(mmap_length), 4, 0, "no RAM"},
        {"a map of 4 GiB", MBI(mmap_length), 4, UINT32_MAX, "mmap_length is 4294967295"},
        {"map nowhere", MBI(mmap_addr), 4, 0xfffffff0, "multiboot mmap"},
        {"map at 0", MBI(mmap_addr), 4, 0, "at 0x0 cannot be read"},
        {"a range that wraps", TABLE + 36, 8, UINT64_MAX, "wraps"},
        {"no map", MBI(flags), 4, 0, "no RAM"},
        {"only counted", MBI(flags), 4, ZP_MULTIBOOT_INFO_MEMORY, NULL},
        {"65 modules", MBI(mods_count), 4, 65, "mods_count is 65"},
        {"2^32 modules", MBI(mods_count), 4, UINT32_MAX, "mods_count is"},
        {"no modules", MBI(mods_count), 4, 0, NULL},
        {"modules nowhere", MBI(mods_addr), 4, UINT32_MAX, "multiboot mods"},
        {"end before start", MOD1_AT(0, mod_end), 4, MODULE - 1, "from 0x17f00 to 0x17eff"},
        {"empty", MOD1_AT(0, mod_end), 4, MODULE, "module: 0 bytes"},
        {"past memory", MOD1_AT(0, mod_end), 4, MODULE + 0x101, "cannot be read"},
        {"outside of the map", TABLE + 12, 8, BASE, "not in memory that the map"},
        {"module's command line", MOD1_AT(0, cmdline), 4, UINT32_MAX, "module's command line"},
        {"no such", MOD1_AT(0, cmdline), 4, 0, NULL},
        {"command line", MBI(cmdline), 4, UINT32_MAX, "multiboot command line"},
        {"no command line", MBI(cmdline), 4, 0, NULL},
        {"loader's name", MBI(boot_loader_name), 4, UINT32_MAX, "boot_loader_name"},
        {"no such", MBI(boot_loader_name), 4, 0, NULL},
    };

    (void)state;
    MANGLE_ALL(ZP_PACK_WAY_MULTIBOOT1, build_multiboot1, mangles);
    build_multiboot1();
    arriving_poke(MBI(flags), 4, ZP_MULTIBOOT_INFO_MEMORY);
    assert_refused(ZP_PACK_WAY_MULTIBOOT1, "counted", NULL);
    assert_range(0, 0, 639 * 1024, ZP_E820_RAM);
    assert_range(1, 0x100000, 0x2000000, ZP_E820_RAM);
    arriving_poke(MBI(mem_lower), 4, 641);
    assert_refused(ZP_PACK_WAY_MULTIBOOT1, "low memory", "641 KiB of low memory");
    arriving_poke(MBI(mem_lower), 4, 0);
    arriving_poke(MBI(mem_upper), 4, 0);
    assert_refused(ZP_PACK_WAY_MULTIBOOT1, "no memory", "no RAM");
    arriving_end();
}

static void multiboot1_memory_is_cut(void **state)
{
    (void)state;
    cut_everywhere(ZP_PACK_WAY_MULTIBOOT1, build_multiboot1);
}

static void file_names_in_front(void **state)
{
    static const struct {
        const char *loader, *text, *expected;
    } cases[] = {
        {"qemu", "/boot/image one two", "one two"},
        {"kexec 2.0.25", "/boot/image  one", "one"},
        {"iPXE 1.21", "image", ""},
        {"PXELINUX 6.04", "image one", "one"},
        {"GNU GRUB 0.97", "/image one", "one"},
        {"GRUB 0.97", "/image one", "one"},
        {"GRUB 2.06", "one two", "one two"},
        {"qem", "/boot/image one", "/boot/image one"},
        {"", "one", "one"},
        {"zeropage", "one two", "one two"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        build_multiboot1();
        arriving_text(TEXTS, cases[i].text);
        arriving_text(LOADER_NAME, cases[i].loader);
        assert_refused(ZP_PACK_WAY_MULTIBOOT1, cases[i].loader, NULL);
        assert_string_equal(arriving.arrival.cmdline, cases[i].expected);
        arriving_end();
    }
}

/* --- multiboot 2 --- */

#define TAG_CMDLINE (HANDED + 8)
#define TAG_LOADER  (HANDED + 40)
#define TAG_MODULE  (HANDED + 64)
#define TAG_MEMINFO (HANDED + 96)
#define TAG_MMAP    (HANDED + 112)
#define TAG_RSDP    (HANDED + 176)
#define TAG_OTHER   (HANDED + 224)
#define TAG_END     (HANDED + 240)
#define TOTAL       248u

static void put_tag(uint64_t at, uint32_t type, uint32_t size)
{
    arriving_poke(at, 4, type);
    arriving_poke(at + 4, 4, size);
}

static void build_multiboot2(void)
{
    arriving_begin(BASE, SIZE);
    arriving_poke(HANDED, 4, TOTAL);
    put_tag(TAG_CMDLINE, ZP_MULTIBOOT2_TAG_TYPE_CMDLINE, 8 + 21);
    arriving_text(TAG_CMDLINE + 8, "/boot/image one, two");
    put_tag(TAG_LOADER, ZP_MULTIBOOT2_TAG_TYPE_BOOT_LOADER_NAME, 8 + 10);
    arriving_text(TAG_LOADER + 8, "GRUB 2.06");
    put_tag(TAG_MODULE, ZP_MULTIBOOT2_TAG_TYPE_MODULE, 16 + 10);
    arriving_poke(TAG_MODULE + 8, 4, MODULE);
    arriving_poke(TAG_MODULE + 12, 4, MODULE + 0x100);
    arriving_text(TAG_MODULE + 16, "root image");
    arriving_poke(TAG_MODULE + 25, 1, 0);
    put_tag(TAG_MEMINFO, ZP_MULTIBOOT2_TAG_TYPE_BASIC_MEMINFO, 16);
    arriving_poke(TAG_MEMINFO + 8, 4, 640);
    arriving_poke(TAG_MEMINFO + 12, 4, 0x8000);
    put_tag(TAG_MMAP, ZP_MULTIBOOT2_TAG_TYPE_MMAP, 16 + 48);
    arriving_poke(TAG_MMAP + 8, 4, 24);
    put_e820(TAG_MMAP + 16, 0, 0x9fc00, ZP_MULTIBOOT2_MEMORY_AVAILABLE);
    put_e820(TAG_MMAP + 40, 0x100000, RAM_END - 0x100000, ZP_MULTIBOOT2_MEMORY_AVAILABLE);
    put_tag(TAG_RSDP, ZP_MULTIBOOT2_TAG_TYPE_ACPI_NEW, 8 + 36);
    put_rsdp(TAG_RSDP + 8, 2);
    put_tag(TAG_OTHER, ZP_MULTIBOOT2_TAG_TYPE_EFI64, 16);
    put_tag(TAG_END, ZP_MULTIBOOT2_TAG_TYPE_END, 8);
}

static void multiboot2_hands_over(void **state)
{
    const struct arrival *arrival = &arriving.arrival;

    (void)state;
    build_multiboot2();
    assert_refused(ZP_PACK_WAY_MULTIBOOT2, "sound", NULL);
    assert_int_equal(arrival->range_count, 2);
    assert_range(1, 0x100000, RAM_END - 0x100000, ZP_E820_RAM);
    assert_string_equal(arrival->cmdline, "/boot/image one, two");
    assert_int_equal(arrival->module_count, 1);
    assert_module(0, MODULE, 0x100, "root imag");
    assert_true(arriving_is_kept(HANDED, TOTAL));
    /* Nobody found the original: the copy is handed on. */
    assert_int_equal(arrival->rsdp, 0);
    assert_int_equal(arrival->blob_count, 1);
    assert_int_equal(arrival->blobs[0].role, ZP_BLOB_ACPI);
    assert_int_equal(arrival->blobs[0].size, 36);
    assert_int_equal(arrival->blobs[0].e820_type, ZP_E820_ACPI);
    assert_memory_equal(arrival->blobs[0].context, arriving.memory + (TAG_RSDP + 8 - BASE), 36);
    arriving.rsdp = 0xf0000;
    assert_refused(ZP_PACK_WAY_MULTIBOOT2, "found", NULL);
    assert_int_equal(arrival->rsdp, 0xf0000);
    assert_int_equal(arrival->blob_count, 0);
    arriving_end();
}

static void multiboot2_fields_that_are_spoiled(void **state)
{
    static const struct mangle mangles[] = {
        {"total_size 0", HANDED, 4, 0, "total_size is 0"},
        {"total_size 7", HANDED, 4, 7, "total_size is 7"},
        {"nothing but a head", HANDED, 4, 8, "no end tag"},
        {"total_size past memory", HANDED, 4, SIZE + 1, "cannot be read"},
        {"total_size of 4 GiB", HANDED, 4, UINT32_MAX, "total_size is 4294967295"},
        {"no end tag", HANDED, 4, TOTAL - 1, "no end tag"},
        {"no end tag at all", TAG_END, 4, 77, "no end tag"},
        {"a tag of 0 bytes", TAG_OTHER + 4, 4, 0, "0 bytes"},
        {"a tag of 7 bytes", TAG_OTHER + 4, 4, 7, "7 bytes"},
        {"a tag past the end", TAG_OTHER + 4, 4, 25, "25 bytes"},
        {"a tag of 4 GiB", TAG_OTHER + 4, 4, UINT32_MAX, "4294967295 bytes"},
        {"a tag of nobody", TAG_OTHER, 4, 0x1234, NULL},
        {"boot services", TAG_OTHER, 4, ZP_MULTIBOOT2_TAG_TYPE_EFI_BS, "boot services were not left"},
        {"an end tag in the middle", TAG_MODULE, 4, ZP_MULTIBOOT2_TAG_TYPE_END, "no RAM"},
        {"entries of 0 bytes", TAG_MMAP + 8, 4, 0, "entries of 0"},
        {"entries of 23 bytes", TAG_MMAP + 8, 4, 23, "entries of 23"},
        {"half an entry", TAG_MMAP + 8, 4, 32, "48 bytes of entries of 32"},
        {"no entry", TAG_MMAP + 8, 4, UINT32_MAX, "entries of 4294967295"},
        {"a range that wraps", TAG_MMAP + 48, 8, UINT64_MAX, "wraps"},
        {"only counted", TAG_MMAP, 4, 77, NULL},
        {"end before start", TAG_MODULE + 12, 4, MODULE - 1, "from 0x17f00 to 0x17eff"},
        {"empty", TAG_MODULE + 12, 4, MODULE, "module: 0 bytes"},
        {"past memory", TAG_MODULE + 12, 4, MODULE + 0x101, "cannot be read"},
        {"outside of the map", TAG_MMAP + 24, 8, BASE, "not in memory that the map"},
        {"a module's tag of 15 bytes", TAG_OTHER, 8, UINT64_C(15) << 32 | 3, "15 bytes"},
        {"a string without end", TAG_MODULE + 25, 1, 'e', "its string has no end"},
        {"no string", TAG_OTHER, 8, UINT64_C(16) << 32 | 3, "its string has no end"},
        {"command line without end", TAG_CMDLINE + 4, 4, 28, "its string has no end"},
        {"loader without end", TAG_LOADER + 4, 4, 17, "its string has no end"},
        {"a short rsdp", TAG_RSDP + 4, 4, 8 + 35, "no RSDP"},
        {"a spoiled rsdp", TAG_RSDP + 20, 1, 99, "no RSDP"},
    };

    (void)state;
    MANGLE_ALL(ZP_PACK_WAY_MULTIBOOT2, build_multiboot2, mangles);
    build_multiboot2();
    arriving_poke(TAG_MMAP, 4, 77);
    arriving_poke(TAG_RSDP, 4, ZP_MULTIBOOT2_TAG_TYPE_ACPI_OLD);
    put_rsdp(TAG_RSDP + 8, 0);
    arriving_text(TAG_LOADER + 8, "qemu");
    assert_refused(ZP_PACK_WAY_MULTIBOOT2, "counted", NULL);
    assert_range(0, 0, 640 * 1024, ZP_E820_RAM);
    assert_range(1, 0x100000, 0x2000000, ZP_E820_RAM);
    assert_string_equal(arriving.arrival.cmdline, "one, two");
    assert_int_equal(arriving.arrival.blobs[0].size, 36);
    assert_int_equal(arriving.arrival.rsdp_bytes[20], 0); /* ACPI 1 ends there */
    arriving_end();
}

/* On EFI page 0 is free memory, and GRUB begins there. */
static void multiboot2_at_address_0(void **state)
{
    uint8_t *memory;

    (void)state;
    build_multiboot2();
    arriving_poke(TAG_MODULE + 8, 4, 0x1000);
    arriving_poke(TAG_MODULE + 12, 4, 0x1100);
    memory = arriving.memory;
    arriving_begin(0, SIZE);
    memcpy(arriving.memory, memory, SIZE);
    free(memory);
    assert_true(arriving_run(ZP_PACK_WAY_MULTIBOOT2, 0));
    assert_int_equal(arriving.arrival.module_count, 1);
    assert_ptr_equal(arriving.arrival.sources[0].bytes, arriving.memory + 0x1000);
    assert_true(arriving_is_kept(0, TOTAL));
    arriving_end();
}

static void multiboot2_memory_is_cut(void **state)
{
    (void)state;
    cut_everywhere(ZP_PACK_WAY_MULTIBOOT2, build_multiboot2);
}

/* Nothing at all, at addresses that are nowhere. */
static void nothing_handed_over(void **state)
{
    static const uint64_t addresses[] = {0, 1, BASE - 1, BASE + SIZE, UINT64_C(1) << 52, UINT64_MAX};

    (void)state;
    arriving_begin(BASE, SIZE);
    for (uint32_t way = ZP_PACK_WAY_LINUX32; way <= ZP_PACK_WAY_MULTIBOOT2; way++) {
        for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
            assert_false(arriving_run(way, addresses[i]));
            assert_non_null(strstr(arriving.refusal, "cannot be read"));
        }
        assert_false(arriving_run(way, BASE)); /* zeros */
    }
    arriving_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linux_hands_over),
        cmocka_unit_test(linux_fields_that_are_spoiled),
        cmocka_unit_test(linux_memory_is_cut),
        cmocka_unit_test(linux_long_maps),
        cmocka_unit_test(linux_without_a_map),
        cmocka_unit_test(linux_with_a_sentinel),
        cmocka_unit_test(linux_on_efi),
        cmocka_unit_test(linux_with_two_seeds),
        cmocka_unit_test(long_command_lines),
        cmocka_unit_test(pvh_hands_over),
        cmocka_unit_test(pvh_fields_that_are_spoiled),
        cmocka_unit_test(pvh_memory_is_cut),
        cmocka_unit_test(multiboot1_hands_over),
        cmocka_unit_test(multiboot1_fields_that_are_spoiled),
        cmocka_unit_test(multiboot1_memory_is_cut),
        cmocka_unit_test(file_names_in_front),
        cmocka_unit_test(multiboot2_hands_over),
        cmocka_unit_test(multiboot2_fields_that_are_spoiled),
        cmocka_unit_test(multiboot2_at_address_0),
        cmocka_unit_test(multiboot2_memory_is_cut),
        cmocka_unit_test(nothing_handed_over),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
