/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot 1 structures and numbers against the header that the package multiboot ships with the
 * specification.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <multiboot/multiboot.h>

#include <zeropage/wire/multiboot.h>

#include "same.h"

static void multiboot_header(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_multiboot_header, struct multiboot_header, magic);
    SAME_MEMBER(struct zp_multiboot_header, struct multiboot_header, flags);
    SAME_MEMBER(struct zp_multiboot_header, struct multiboot_header, checksum);
    SAME_MEMBER(struct zp_multiboot_header, struct multiboot_header, header_addr);
    SAME_MEMBER(struct zp_multiboot_header, struct multiboot_header, load_addr);
    SAME_MEMBER(struct zp_multiboot_header, struct multiboot_header, load_end_addr);
    SAME_MEMBER(struct zp_multiboot_header, struct multiboot_header, bss_end_addr);
    SAME_MEMBER(struct zp_multiboot_header, struct multiboot_header, entry_addr);
    SAME_MEMBER(struct zp_multiboot_header, struct multiboot_header, mode_type);
    SAME_MEMBER(struct zp_multiboot_header, struct multiboot_header, width);
    SAME_MEMBER(struct zp_multiboot_header, struct multiboot_header, height);
    SAME_MEMBER(struct zp_multiboot_header, struct multiboot_header, depth);
    SAME_SIZE(struct zp_multiboot_header, struct multiboot_header, 0);
}

static void multiboot_aout_symbol_table(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_multiboot_aout_symbol_table, struct multiboot_aout_symbol_table, tabsize);
    SAME_MEMBER(struct zp_multiboot_aout_symbol_table, struct multiboot_aout_symbol_table, strsize);
    SAME_MEMBER(struct zp_multiboot_aout_symbol_table, struct multiboot_aout_symbol_table, addr);
    SAME_MEMBER(struct zp_multiboot_aout_symbol_table, struct multiboot_aout_symbol_table, reserved);
    SAME_SIZE(struct zp_multiboot_aout_symbol_table, struct multiboot_aout_symbol_table, 0);
}

static void multiboot_elf_section_header_table(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_multiboot_elf_section_header_table, struct multiboot_elf_section_header_table, num);
    SAME_MEMBER(struct zp_multiboot_elf_section_header_table, struct multiboot_elf_section_header_table,
                size);
    SAME_MEMBER(struct zp_multiboot_elf_section_header_table, struct multiboot_elf_section_header_table,
                addr);
    SAME_MEMBER(struct zp_multiboot_elf_section_header_table, struct multiboot_elf_section_header_table,
                shndx);
    SAME_SIZE(struct zp_multiboot_elf_section_header_table, struct multiboot_elf_section_header_table, 0);
}

static void multiboot_color(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_multiboot_color, struct multiboot_color, red);
    SAME_MEMBER(struct zp_multiboot_color, struct multiboot_color, green);
    SAME_MEMBER(struct zp_multiboot_color, struct multiboot_color, blue);
    SAME_SIZE(struct zp_multiboot_color, struct multiboot_color, 0);
}

static void multiboot_mmap_entry(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_multiboot_mmap_entry, struct multiboot_mmap_entry, size);
    SAME_MEMBER(struct zp_multiboot_mmap_entry, struct multiboot_mmap_entry, addr);
    SAME_MEMBER(struct zp_multiboot_mmap_entry, struct multiboot_mmap_entry, len);
    SAME_MEMBER(struct zp_multiboot_mmap_entry, struct multiboot_mmap_entry, type);
    SAME_SIZE(struct zp_multiboot_mmap_entry, struct multiboot_mmap_entry, 0);
}

static void multiboot_mod_list(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_multiboot_mod_list, struct multiboot_mod_list, mod_start);
    SAME_MEMBER(struct zp_multiboot_mod_list, struct multiboot_mod_list, mod_end);
    SAME_MEMBER(struct zp_multiboot_mod_list, struct multiboot_mod_list, cmdline);
    SAME_MEMBER(struct zp_multiboot_mod_list, struct multiboot_mod_list, pad);
    SAME_SIZE(struct zp_multiboot_mod_list, struct multiboot_mod_list, 0);
}

static void multiboot_apm_info(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_multiboot_apm_info, struct multiboot_apm_info, version);
    SAME_MEMBER(struct zp_multiboot_apm_info, struct multiboot_apm_info, cseg);
    SAME_MEMBER(struct zp_multiboot_apm_info, struct multiboot_apm_info, offset);
    SAME_MEMBER(struct zp_multiboot_apm_info, struct multiboot_apm_info, cseg_16);
    SAME_MEMBER(struct zp_multiboot_apm_info, struct multiboot_apm_info, dseg);
    SAME_MEMBER(struct zp_multiboot_apm_info, struct multiboot_apm_info, flags);
    SAME_MEMBER(struct zp_multiboot_apm_info, struct multiboot_apm_info, cseg_len);
    SAME_MEMBER(struct zp_multiboot_apm_info, struct multiboot_apm_info, cseg_16_len);
    SAME_MEMBER(struct zp_multiboot_apm_info, struct multiboot_apm_info, dseg_len);
    SAME_SIZE(struct zp_multiboot_apm_info, struct multiboot_apm_info, 0);
}

static void multiboot_info(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, flags);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, mem_lower);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, mem_upper);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, boot_device);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, cmdline);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, mods_count);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, mods_addr);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, u);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, mmap_length);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, mmap_addr);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, drives_length);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, drives_addr);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, config_table);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, boot_loader_name);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, apm_table);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, vbe_control_info);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, vbe_mode_info);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, vbe_mode);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, vbe_interface_seg);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, vbe_interface_off);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, vbe_interface_len);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, framebuffer_addr);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, framebuffer_pitch);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, framebuffer_width);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, framebuffer_height);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, framebuffer_bpp);
    SAME_MEMBER(struct zp_multiboot_info, struct multiboot_info, framebuffer_type);
    SAME_VIEW(struct zp_multiboot_info, struct multiboot_info, u.aout_sym);
    SAME_VIEW(struct zp_multiboot_info, struct multiboot_info, u.elf_sec);
    SAME_VIEW(struct zp_multiboot_info, struct multiboot_info, framebuffer_palette_addr);
    SAME_VIEW(struct zp_multiboot_info, struct multiboot_info, framebuffer_palette_num_colors);
    SAME_VIEW(struct zp_multiboot_info, struct multiboot_info, framebuffer_red_field_position);
    SAME_VIEW(struct zp_multiboot_info, struct multiboot_info, framebuffer_red_mask_size);
    SAME_VIEW(struct zp_multiboot_info, struct multiboot_info, framebuffer_green_field_position);
    SAME_VIEW(struct zp_multiboot_info, struct multiboot_info, framebuffer_green_mask_size);
    SAME_VIEW(struct zp_multiboot_info, struct multiboot_info, framebuffer_blue_field_position);
    SAME_VIEW(struct zp_multiboot_info, struct multiboot_info, framebuffer_blue_mask_size);
    /* 2 bytes of padding, 8 of the union of the colour views above */
    SAME_SIZE(struct zp_multiboot_info, struct multiboot_info, 10);
}

static void constants_agree(void **state)
{
    (void)state;
    SAME_CONSTANT(MULTIBOOT_SEARCH);
    SAME_CONSTANT(MULTIBOOT_HEADER_ALIGN);
    SAME_CONSTANT(MULTIBOOT_HEADER_MAGIC);
    SAME_CONSTANT(MULTIBOOT_BOOTLOADER_MAGIC);
    SAME_CONSTANT(MULTIBOOT_MOD_ALIGN);
    SAME_CONSTANT(MULTIBOOT_INFO_ALIGN);
    SAME_CONSTANT(MULTIBOOT_PAGE_ALIGN);
    SAME_CONSTANT(MULTIBOOT_MEMORY_INFO);
    SAME_CONSTANT(MULTIBOOT_VIDEO_MODE);
    SAME_CONSTANT(MULTIBOOT_AOUT_KLUDGE);
    SAME_CONSTANT(MULTIBOOT_INFO_MEMORY);
    SAME_CONSTANT(MULTIBOOT_INFO_BOOTDEV);
    SAME_CONSTANT(MULTIBOOT_INFO_CMDLINE);
    SAME_CONSTANT(MULTIBOOT_INFO_MODS);
    SAME_CONSTANT(MULTIBOOT_INFO_AOUT_SYMS);
    SAME_CONSTANT(MULTIBOOT_INFO_ELF_SHDR);
    SAME_CONSTANT(MULTIBOOT_INFO_MEM_MAP);
    SAME_CONSTANT(MULTIBOOT_INFO_DRIVE_INFO);
    SAME_CONSTANT(MULTIBOOT_INFO_CONFIG_TABLE);
    SAME_CONSTANT(MULTIBOOT_INFO_BOOT_LOADER_NAME);
    SAME_CONSTANT(MULTIBOOT_INFO_APM_TABLE);
    SAME_CONSTANT(MULTIBOOT_INFO_VBE_INFO);
    SAME_CONSTANT(MULTIBOOT_INFO_FRAMEBUFFER_INFO);
    SAME_CONSTANT(MULTIBOOT_FRAMEBUFFER_TYPE_INDEXED);
    SAME_CONSTANT(MULTIBOOT_FRAMEBUFFER_TYPE_RGB);
    SAME_CONSTANT(MULTIBOOT_FRAMEBUFFER_TYPE_EGA_TEXT);
    SAME_CONSTANT(MULTIBOOT_MEMORY_AVAILABLE);
    SAME_CONSTANT(MULTIBOOT_MEMORY_RESERVED);
    SAME_CONSTANT(MULTIBOOT_MEMORY_ACPI_RECLAIMABLE);
    SAME_CONSTANT(MULTIBOOT_MEMORY_NVS);
    SAME_CONSTANT(MULTIBOOT_MEMORY_BADRAM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(multiboot_header),
        cmocka_unit_test(multiboot_aout_symbol_table),
        cmocka_unit_test(multiboot_elf_section_header_table),
        cmocka_unit_test(multiboot_color),
        cmocka_unit_test(multiboot_mmap_entry),
        cmocka_unit_test(multiboot_mod_list),
        cmocka_unit_test(multiboot_apm_info),
        cmocka_unit_test(multiboot_info),
        cmocka_unit_test(constants_agree),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
