/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xen.h - the PVH entry: ELF notes that offer it and the start_info it gets.
 *
 * Layouts of "x86/HVM direct boot ABI" (Xen, docs/misc/pvh.pandoc) as in Xen's
 * public arch-x86/hvm/start_info.h, versions 0 and 1, and the note numbers of
 * its public elfnote.h. Notes carry the name "Xen". All values are little
 * endian, and Xen itself places everything below 4 GiB.
 */
#ifndef ZEROPAGE_WIRE_XEN_H
#define ZEROPAGE_WIRE_XEN_H

#define ZP_XEN_HVM_START_MAGIC_VALUE 0x336ec578 /* "xEn3" with bit 7 of the E set */
#define ZP_HVM_START_INFO_V0_SIZE    40         /* bytes; version 1 has 56 */
#define ZP_HVM_START_INFO_V1_SIZE    56

/* hvm_start_info.flags */
#define ZP_SIF_PRIVILEGED 0x1
#define ZP_SIF_INITDOMAIN 0x2

/* hvm_memmap_table_entry.type */
#define ZP_XEN_HVM_MEMMAP_TYPE_RAM      1
#define ZP_XEN_HVM_MEMMAP_TYPE_RESERVED 2
#define ZP_XEN_HVM_MEMMAP_TYPE_ACPI     3
#define ZP_XEN_HVM_MEMMAP_TYPE_NVS      4
#define ZP_XEN_HVM_MEMMAP_TYPE_UNUSABLE 5
#define ZP_XEN_HVM_MEMMAP_TYPE_DISABLED 6
#define ZP_XEN_HVM_MEMMAP_TYPE_PMEM     7

/* n_type of a note whose name is "Xen" */
#define ZP_XEN_ELFNOTE_INFO               0
#define ZP_XEN_ELFNOTE_ENTRY              1
#define ZP_XEN_ELFNOTE_HYPERCALL_PAGE     2
#define ZP_XEN_ELFNOTE_VIRT_BASE          3
#define ZP_XEN_ELFNOTE_PADDR_OFFSET       4
#define ZP_XEN_ELFNOTE_XEN_VERSION        5
#define ZP_XEN_ELFNOTE_GUEST_OS           6
#define ZP_XEN_ELFNOTE_GUEST_VERSION      7
#define ZP_XEN_ELFNOTE_LOADER             8
#define ZP_XEN_ELFNOTE_PAE_MODE           9
#define ZP_XEN_ELFNOTE_FEATURES           10
#define ZP_XEN_ELFNOTE_BSD_SYMTAB         11
#define ZP_XEN_ELFNOTE_HV_START_LOW       12
#define ZP_XEN_ELFNOTE_L1_MFN_VALID       13
#define ZP_XEN_ELFNOTE_SUSPEND_CANCEL     14
#define ZP_XEN_ELFNOTE_INIT_P2M           15
#define ZP_XEN_ELFNOTE_MOD_START_PFN      16
#define ZP_XEN_ELFNOTE_SUPPORTED_FEATURES 17
#define ZP_XEN_ELFNOTE_PHYS32_ENTRY       18 /* 4 or 8 bytes: the PVH entry's physical address */
#define ZP_XEN_ELFNOTE_PHYS32_RELOC       19 /* 0 to 3 u32: alignment, lowest, highest address */
#define ZP_XEN_ELFNOTE_MAX                19

/* Offsets in hvm_start_info for assembly; asserted below */
#define ZP_HVM_START_INFO_MAGIC          0
#define ZP_HVM_START_INFO_VERSION        4
#define ZP_HVM_START_INFO_FLAGS          8
#define ZP_HVM_START_INFO_NR_MODULES     12
#define ZP_HVM_START_INFO_MODLIST        16
#define ZP_HVM_START_INFO_CMDLINE        24
#define ZP_HVM_START_INFO_RSDP           32
#define ZP_HVM_START_INFO_MEMMAP         40
#define ZP_HVM_START_INFO_MEMMAP_ENTRIES 48

/* Offsets in its modules and memory map entries, and their sizes */
#define ZP_HVM_MODLIST_ENTRY_PADDR      0
#define ZP_HVM_MODLIST_ENTRY_SIZE       8
#define ZP_HVM_MODLIST_ENTRY_CMDLINE    16
#define ZP_HVM_MODLIST_ENTRY_BYTES      32
#define ZP_HVM_MEMMAP_TABLE_ENTRY_ADDR  0
#define ZP_HVM_MEMMAP_TABLE_ENTRY_SIZE  8
#define ZP_HVM_MEMMAP_TABLE_ENTRY_TYPE  16
#define ZP_HVM_MEMMAP_TABLE_ENTRY_BYTES 24

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#include <zeropage/static_assert.h>

/* What the guest finds at the address in EBX */
struct zp_hvm_start_info {
    uint32_t magic;         /* ZP_XEN_HVM_START_MAGIC_VALUE */
    uint32_t version;       /* 0 or 1; later ones only append */
    uint32_t flags;         /* ZP_SIF_* */
    uint32_t nr_modules;    /* the first is the initrd */
    uint64_t modlist_paddr; /* array of hvm_modlist_entry */
    uint64_t cmdline_paddr; /* NUL-terminated */
    uint64_t rsdp_paddr;
    uint64_t memmap_paddr;   /* since version 1: array of hvm_memmap_table_entry */
    uint32_t memmap_entries; /* 0 without a map */
    uint32_t reserved;       /* 0 */
};

static_assert(offsetof(struct zp_hvm_start_info, magic) == 0, "magic");
static_assert(offsetof(struct zp_hvm_start_info, version) == 4, "version");
static_assert(offsetof(struct zp_hvm_start_info, flags) == 8, "flags");
static_assert(offsetof(struct zp_hvm_start_info, nr_modules) == 12, "nr_modules");
static_assert(offsetof(struct zp_hvm_start_info, modlist_paddr) == 16, "modlist_paddr");
static_assert(offsetof(struct zp_hvm_start_info, cmdline_paddr) == 24, "cmdline_paddr");
static_assert(offsetof(struct zp_hvm_start_info, rsdp_paddr) == 32, "rsdp_paddr");
static_assert(offsetof(struct zp_hvm_start_info, memmap_paddr) == 40, "memmap_paddr");
static_assert(offsetof(struct zp_hvm_start_info, memmap_entries) == 48, "memmap_entries");
static_assert(offsetof(struct zp_hvm_start_info, reserved) == 52, "reserved");
static_assert(sizeof(struct zp_hvm_start_info) == 56, "size of hvm_start_info");

struct zp_hvm_modlist_entry {
    uint64_t paddr;
    uint64_t size;          /* bytes */
    uint64_t cmdline_paddr; /* NUL-terminated, or 0 */
    uint64_t reserved;      /* 0 */
};

static_assert(offsetof(struct zp_hvm_modlist_entry, paddr) == 0, "paddr");
static_assert(offsetof(struct zp_hvm_modlist_entry, size) == 8, "size");
static_assert(offsetof(struct zp_hvm_modlist_entry, cmdline_paddr) == 16, "cmdline_paddr");
static_assert(offsetof(struct zp_hvm_modlist_entry, reserved) == 24, "reserved");
static_assert(sizeof(struct zp_hvm_modlist_entry) == 32, "size of hvm_modlist_entry");

struct zp_hvm_memmap_table_entry {
    uint64_t addr;
    uint64_t size;     /* bytes */
    uint32_t type;     /* ZP_XEN_HVM_MEMMAP_TYPE_* */
    uint32_t reserved; /* 0 */
};

static_assert(offsetof(struct zp_hvm_memmap_table_entry, addr) == 0, "addr");
static_assert(offsetof(struct zp_hvm_memmap_table_entry, size) == 8, "size");
static_assert(offsetof(struct zp_hvm_memmap_table_entry, type) == 16, "type");
static_assert(offsetof(struct zp_hvm_memmap_table_entry, reserved) == 20, "reserved");
static_assert(sizeof(struct zp_hvm_memmap_table_entry) == 24, "size of hvm_memmap_table_entry");

static_assert(offsetof(struct zp_hvm_start_info, memmap_paddr) == ZP_HVM_START_INFO_V0_SIZE, "v0 size");
static_assert(sizeof(struct zp_hvm_start_info) == ZP_HVM_START_INFO_V1_SIZE, "v1 size");
static_assert(offsetof(struct zp_hvm_start_info, magic) == ZP_HVM_START_INFO_MAGIC, "magic");
static_assert(offsetof(struct zp_hvm_start_info, version) == ZP_HVM_START_INFO_VERSION, "version");
static_assert(offsetof(struct zp_hvm_start_info, flags) == ZP_HVM_START_INFO_FLAGS, "flags");
static_assert(offsetof(struct zp_hvm_start_info, nr_modules) == ZP_HVM_START_INFO_NR_MODULES, "nr_modules");
static_assert(offsetof(struct zp_hvm_start_info, modlist_paddr) == ZP_HVM_START_INFO_MODLIST,
              "modlist_paddr");
static_assert(offsetof(struct zp_hvm_start_info, cmdline_paddr) == ZP_HVM_START_INFO_CMDLINE,
              "cmdline_paddr");
static_assert(offsetof(struct zp_hvm_start_info, rsdp_paddr) == ZP_HVM_START_INFO_RSDP, "rsdp_paddr");
static_assert(offsetof(struct zp_hvm_start_info, memmap_paddr) == ZP_HVM_START_INFO_MEMMAP, "memmap_paddr");
static_assert(offsetof(struct zp_hvm_start_info, memmap_entries) == ZP_HVM_START_INFO_MEMMAP_ENTRIES,
              "memmap_entries");
static_assert(offsetof(struct zp_hvm_modlist_entry, paddr) == ZP_HVM_MODLIST_ENTRY_PADDR, "paddr");
static_assert(offsetof(struct zp_hvm_modlist_entry, size) == ZP_HVM_MODLIST_ENTRY_SIZE, "size");
static_assert(offsetof(struct zp_hvm_modlist_entry, cmdline_paddr) == ZP_HVM_MODLIST_ENTRY_CMDLINE,
              "cmdline_paddr");
static_assert(sizeof(struct zp_hvm_modlist_entry) == ZP_HVM_MODLIST_ENTRY_BYTES, "modlist stride");
static_assert(offsetof(struct zp_hvm_memmap_table_entry, addr) == ZP_HVM_MEMMAP_TABLE_ENTRY_ADDR, "addr");
static_assert(offsetof(struct zp_hvm_memmap_table_entry, size) == ZP_HVM_MEMMAP_TABLE_ENTRY_SIZE, "size");
static_assert(offsetof(struct zp_hvm_memmap_table_entry, type) == ZP_HVM_MEMMAP_TABLE_ENTRY_TYPE, "type");
static_assert(sizeof(struct zp_hvm_memmap_table_entry) == ZP_HVM_MEMMAP_TABLE_ENTRY_BYTES, "memmap stride");

#endif /* !__ASSEMBLER__ */

#endif
