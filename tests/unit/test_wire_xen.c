/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PVH structures and note numbers against libxen-dev's headers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <xen/xen.h>

#include <xen/arch-x86/hvm/start_info.h>
#include <xen/elfnote.h>

#include <zeropage/wire/xen.h>

#include "same.h"

static void hvm_start_info(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_hvm_start_info, struct hvm_start_info, magic);
    SAME_MEMBER(struct zp_hvm_start_info, struct hvm_start_info, version);
    SAME_MEMBER(struct zp_hvm_start_info, struct hvm_start_info, flags);
    SAME_MEMBER(struct zp_hvm_start_info, struct hvm_start_info, nr_modules);
    SAME_MEMBER(struct zp_hvm_start_info, struct hvm_start_info, modlist_paddr);
    SAME_MEMBER(struct zp_hvm_start_info, struct hvm_start_info, cmdline_paddr);
    SAME_MEMBER(struct zp_hvm_start_info, struct hvm_start_info, rsdp_paddr);
    SAME_MEMBER(struct zp_hvm_start_info, struct hvm_start_info, memmap_paddr);
    SAME_MEMBER(struct zp_hvm_start_info, struct hvm_start_info, memmap_entries);
    SAME_MEMBER(struct zp_hvm_start_info, struct hvm_start_info, reserved);
    SAME_SIZE(struct zp_hvm_start_info, struct hvm_start_info, 0);
}

static void hvm_modlist_entry(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_hvm_modlist_entry, struct hvm_modlist_entry, paddr);
    SAME_MEMBER(struct zp_hvm_modlist_entry, struct hvm_modlist_entry, size);
    SAME_MEMBER(struct zp_hvm_modlist_entry, struct hvm_modlist_entry, cmdline_paddr);
    SAME_MEMBER(struct zp_hvm_modlist_entry, struct hvm_modlist_entry, reserved);
    SAME_SIZE(struct zp_hvm_modlist_entry, struct hvm_modlist_entry, 0);
}

static void hvm_memmap_table_entry(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_hvm_memmap_table_entry, struct hvm_memmap_table_entry, addr);
    SAME_MEMBER(struct zp_hvm_memmap_table_entry, struct hvm_memmap_table_entry, size);
    SAME_MEMBER(struct zp_hvm_memmap_table_entry, struct hvm_memmap_table_entry, type);
    SAME_MEMBER(struct zp_hvm_memmap_table_entry, struct hvm_memmap_table_entry, reserved);
    SAME_SIZE(struct zp_hvm_memmap_table_entry, struct hvm_memmap_table_entry, 0);
}

static void version_0_ends_before_the_map(void **state)
{
    (void)state;
    assert_int_equal(ZP_HVM_START_INFO_V0_SIZE, offsetof(struct hvm_start_info, memmap_paddr));
    assert_int_equal(ZP_HVM_START_INFO_V1_SIZE, sizeof(struct hvm_start_info));
}

static void offsets_for_assembly(void **state)
{
    (void)state;
    assert_int_equal(ZP_HVM_START_INFO_MAGIC, offsetof(struct hvm_start_info, magic));
    assert_int_equal(ZP_HVM_START_INFO_VERSION, offsetof(struct hvm_start_info, version));
    assert_int_equal(ZP_HVM_START_INFO_FLAGS, offsetof(struct hvm_start_info, flags));
    assert_int_equal(ZP_HVM_START_INFO_NR_MODULES, offsetof(struct hvm_start_info, nr_modules));
    assert_int_equal(ZP_HVM_START_INFO_MODLIST, offsetof(struct hvm_start_info, modlist_paddr));
    assert_int_equal(ZP_HVM_START_INFO_CMDLINE, offsetof(struct hvm_start_info, cmdline_paddr));
    assert_int_equal(ZP_HVM_START_INFO_RSDP, offsetof(struct hvm_start_info, rsdp_paddr));
    assert_int_equal(ZP_HVM_START_INFO_MEMMAP, offsetof(struct hvm_start_info, memmap_paddr));
    assert_int_equal(ZP_HVM_START_INFO_MEMMAP_ENTRIES, offsetof(struct hvm_start_info, memmap_entries));
    assert_int_equal(ZP_HVM_MODLIST_ENTRY_BYTES, sizeof(struct hvm_modlist_entry));
    assert_int_equal(ZP_HVM_MEMMAP_TABLE_ENTRY_BYTES, sizeof(struct hvm_memmap_table_entry));
}

/* Note 19 is younger than Xen 4.17, whose highest is 18 */
static void the_reloc_note_follows_the_entry_note(void **state)
{
    (void)state;
    assert_int_equal(ZP_XEN_ELFNOTE_PHYS32_RELOC, XEN_ELFNOTE_PHYS32_ENTRY + 1);
    assert_int_equal(ZP_XEN_ELFNOTE_MAX, ZP_XEN_ELFNOTE_PHYS32_RELOC);
}

static void constants_agree(void **state)
{
    (void)state;
    SAME_CONSTANT(XEN_HVM_START_MAGIC_VALUE);
    SAME_CONSTANT(SIF_PRIVILEGED);
    SAME_CONSTANT(SIF_INITDOMAIN);
    SAME_CONSTANT(XEN_HVM_MEMMAP_TYPE_RAM);
    SAME_CONSTANT(XEN_HVM_MEMMAP_TYPE_RESERVED);
    SAME_CONSTANT(XEN_HVM_MEMMAP_TYPE_ACPI);
    SAME_CONSTANT(XEN_HVM_MEMMAP_TYPE_NVS);
    SAME_CONSTANT(XEN_HVM_MEMMAP_TYPE_UNUSABLE);
    SAME_CONSTANT(XEN_HVM_MEMMAP_TYPE_DISABLED);
    SAME_CONSTANT(XEN_HVM_MEMMAP_TYPE_PMEM);
    SAME_CONSTANT(XEN_ELFNOTE_INFO);
    SAME_CONSTANT(XEN_ELFNOTE_ENTRY);
    SAME_CONSTANT(XEN_ELFNOTE_HYPERCALL_PAGE);
    SAME_CONSTANT(XEN_ELFNOTE_VIRT_BASE);
    SAME_CONSTANT(XEN_ELFNOTE_PADDR_OFFSET);
    SAME_CONSTANT(XEN_ELFNOTE_XEN_VERSION);
    SAME_CONSTANT(XEN_ELFNOTE_GUEST_OS);
    SAME_CONSTANT(XEN_ELFNOTE_GUEST_VERSION);
    SAME_CONSTANT(XEN_ELFNOTE_LOADER);
    SAME_CONSTANT(XEN_ELFNOTE_PAE_MODE);
    SAME_CONSTANT(XEN_ELFNOTE_FEATURES);
    SAME_CONSTANT(XEN_ELFNOTE_BSD_SYMTAB);
    SAME_CONSTANT(XEN_ELFNOTE_HV_START_LOW);
    SAME_CONSTANT(XEN_ELFNOTE_L1_MFN_VALID);
    SAME_CONSTANT(XEN_ELFNOTE_SUSPEND_CANCEL);
    SAME_CONSTANT(XEN_ELFNOTE_INIT_P2M);
    SAME_CONSTANT(XEN_ELFNOTE_MOD_START_PFN);
    SAME_CONSTANT(XEN_ELFNOTE_SUPPORTED_FEATURES);
    SAME_CONSTANT(XEN_ELFNOTE_PHYS32_ENTRY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hvm_start_info),         cmocka_unit_test(hvm_modlist_entry),
        cmocka_unit_test(hvm_memmap_table_entry), cmocka_unit_test(version_0_ends_before_the_map),
        cmocka_unit_test(offsets_for_assembly),   cmocka_unit_test(the_reloc_note_follows_the_entry_note),
        cmocka_unit_test(constants_agree),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
