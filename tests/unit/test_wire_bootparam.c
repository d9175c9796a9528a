/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The zero page against Debian's <asm/bootparam.h>: each member has the same offset and size, no member is
 * missing, and each constant that both name has one value.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <asm/bootparam.h>

#include <zeropage/wire/bootparam.h>

#include "same.h"

static void screen_info(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_screen_info, struct screen_info, orig_x);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, orig_y);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, ext_mem_k);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, orig_video_page);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, orig_video_mode);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, orig_video_cols);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, flags);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, unused2);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, orig_video_ega_bx);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, unused3);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, orig_video_lines);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, orig_video_isVGA);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, orig_video_points);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, lfb_width);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, lfb_height);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, lfb_depth);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, lfb_base);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, lfb_size);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, cl_magic);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, cl_offset);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, lfb_linelength);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, red_size);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, red_pos);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, green_size);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, green_pos);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, blue_size);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, blue_pos);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, rsvd_size);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, rsvd_pos);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, vesapm_seg);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, vesapm_off);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, pages);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, vesa_attributes);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, capabilities);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, ext_lfb_base);
    SAME_MEMBER(struct zp_screen_info, struct screen_info, _reserved);
    SAME_SIZE(struct zp_screen_info, struct screen_info, 0);
}

static void apm_bios_info(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_apm_bios_info, struct apm_bios_info, version);
    SAME_MEMBER(struct zp_apm_bios_info, struct apm_bios_info, cseg);
    SAME_MEMBER(struct zp_apm_bios_info, struct apm_bios_info, offset);
    SAME_MEMBER(struct zp_apm_bios_info, struct apm_bios_info, cseg_16);
    SAME_MEMBER(struct zp_apm_bios_info, struct apm_bios_info, dseg);
    SAME_MEMBER(struct zp_apm_bios_info, struct apm_bios_info, flags);
    SAME_MEMBER(struct zp_apm_bios_info, struct apm_bios_info, cseg_len);
    SAME_MEMBER(struct zp_apm_bios_info, struct apm_bios_info, cseg_16_len);
    SAME_MEMBER(struct zp_apm_bios_info, struct apm_bios_info, dseg_len);
    SAME_SIZE(struct zp_apm_bios_info, struct apm_bios_info, 0);
}

static void ist_info(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_ist_info, struct ist_info, signature);
    SAME_MEMBER(struct zp_ist_info, struct ist_info, command);
    SAME_MEMBER(struct zp_ist_info, struct ist_info, event);
    SAME_MEMBER(struct zp_ist_info, struct ist_info, perf_level);
    SAME_SIZE(struct zp_ist_info, struct ist_info, 0);
}

static void sys_desc_table(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_sys_desc_table, struct sys_desc_table, length);
    SAME_MEMBER(struct zp_sys_desc_table, struct sys_desc_table, table);
    SAME_SIZE(struct zp_sys_desc_table, struct sys_desc_table, 0);
}

static void olpc_ofw_header(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_olpc_ofw_header, struct olpc_ofw_header, ofw_magic);
    SAME_MEMBER(struct zp_olpc_ofw_header, struct olpc_ofw_header, ofw_version);
    SAME_MEMBER(struct zp_olpc_ofw_header, struct olpc_ofw_header, cif_handler);
    SAME_MEMBER(struct zp_olpc_ofw_header, struct olpc_ofw_header, irq_desc_table);
    SAME_SIZE(struct zp_olpc_ofw_header, struct olpc_ofw_header, 0);
}

static void edid_info(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_edid_info, struct edid_info, dummy);
    SAME_SIZE(struct zp_edid_info, struct edid_info, 0);
}

static void efi_info(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_efi_info, struct efi_info, efi_loader_signature);
    SAME_MEMBER(struct zp_efi_info, struct efi_info, efi_systab);
    SAME_MEMBER(struct zp_efi_info, struct efi_info, efi_memdesc_size);
    SAME_MEMBER(struct zp_efi_info, struct efi_info, efi_memdesc_version);
    SAME_MEMBER(struct zp_efi_info, struct efi_info, efi_memmap);
    SAME_MEMBER(struct zp_efi_info, struct efi_info, efi_memmap_size);
    SAME_MEMBER(struct zp_efi_info, struct efi_info, efi_systab_hi);
    SAME_MEMBER(struct zp_efi_info, struct efi_info, efi_memmap_hi);
    SAME_SIZE(struct zp_efi_info, struct efi_info, 0);
}

static void boot_e820_entry(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_boot_e820_entry, struct boot_e820_entry, addr);
    SAME_MEMBER(struct zp_boot_e820_entry, struct boot_e820_entry, size);
    SAME_MEMBER(struct zp_boot_e820_entry, struct boot_e820_entry, type);
    SAME_SIZE(struct zp_boot_e820_entry, struct boot_e820_entry, 0);
}

static void edd_device_params(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_edd_device_params, struct edd_device_params, length);
    SAME_MEMBER(struct zp_edd_device_params, struct edd_device_params, info_flags);
    SAME_MEMBER(struct zp_edd_device_params, struct edd_device_params, num_default_cylinders);
    SAME_MEMBER(struct zp_edd_device_params, struct edd_device_params, num_default_heads);
    SAME_MEMBER(struct zp_edd_device_params, struct edd_device_params, sectors_per_track);
    SAME_MEMBER(struct zp_edd_device_params, struct edd_device_params, number_of_sectors);
    SAME_MEMBER(struct zp_edd_device_params, struct edd_device_params, bytes_per_sector);
    SAME_MEMBER(struct zp_edd_device_params, struct edd_device_params, dpte_ptr);
    SAME_MEMBER(struct zp_edd_device_params, struct edd_device_params, key);
    SAME_MEMBER(struct zp_edd_device_params, struct edd_device_params, device_path_info_length);
    SAME_MEMBER(struct zp_edd_device_params, struct edd_device_params, reserved2);
    SAME_MEMBER(struct zp_edd_device_params, struct edd_device_params, reserved3);
    SAME_MEMBER(struct zp_edd_device_params, struct edd_device_params, host_bus_type);
    SAME_MEMBER(struct zp_edd_device_params, struct edd_device_params, interface_type);
    SAME_MEMBER(struct zp_edd_device_params, struct edd_device_params, interface_path);
    SAME_MEMBER(struct zp_edd_device_params, struct edd_device_params, device_path);
    SAME_MEMBER(struct zp_edd_device_params, struct edd_device_params, reserved4);
    SAME_MEMBER(struct zp_edd_device_params, struct edd_device_params, checksum);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, interface_path.isa.base_address);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, interface_path.isa.reserved1);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, interface_path.isa.reserved2);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, interface_path.pci.bus);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, interface_path.pci.slot);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, interface_path.pci.function);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, interface_path.pci.channel);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, interface_path.pci.reserved);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, interface_path.ibnd.reserved);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, interface_path.xprs.reserved);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, interface_path.htpt.reserved);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, interface_path.unknown.reserved);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.ata.device);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.ata.reserved1);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.ata.reserved2);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.ata.reserved3);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.ata.reserved4);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.atapi.device);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.atapi.lun);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.atapi.reserved1);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.atapi.reserved2);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.atapi.reserved3);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.atapi.reserved4);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.scsi.id);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.scsi.lun);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.scsi.reserved1);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.scsi.reserved2);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.usb.serial_number);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.usb.reserved);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.i1394.eui);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.i1394.reserved);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.fibre.wwid);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.fibre.lun);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.i2o.identity_tag);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.i2o.reserved);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.raid.array_number);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.raid.reserved1);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.raid.reserved2);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.sata.device);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.sata.reserved1);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.sata.reserved2);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.sata.reserved3);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.sata.reserved4);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.unknown.reserved1);
    SAME_VIEW(struct zp_edd_device_params, struct edd_device_params, device_path.unknown.reserved2);
    SAME_SIZE(struct zp_edd_device_params, struct edd_device_params, 0);
}

static void edd_info(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_edd_info, struct edd_info, device);
    SAME_MEMBER(struct zp_edd_info, struct edd_info, version);
    SAME_MEMBER(struct zp_edd_info, struct edd_info, interface_support);
    SAME_MEMBER(struct zp_edd_info, struct edd_info, legacy_max_cylinder);
    SAME_MEMBER(struct zp_edd_info, struct edd_info, legacy_max_head);
    SAME_MEMBER(struct zp_edd_info, struct edd_info, legacy_sectors_per_track);
    SAME_MEMBER(struct zp_edd_info, struct edd_info, params);
    SAME_SIZE(struct zp_edd_info, struct edd_info, 0);
}

static void setup_header(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_setup_header, struct setup_header, setup_sects);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, root_flags);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, syssize);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, ram_size);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, vid_mode);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, root_dev);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, boot_flag);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, jump);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, header);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, version);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, realmode_swtch);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, start_sys_seg);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, kernel_version);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, type_of_loader);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, loadflags);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, setup_move_size);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, code32_start);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, ramdisk_image);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, ramdisk_size);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, bootsect_kludge);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, heap_end_ptr);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, ext_loader_ver);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, ext_loader_type);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, cmd_line_ptr);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, initrd_addr_max);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, kernel_alignment);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, relocatable_kernel);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, min_alignment);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, xloadflags);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, cmdline_size);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, hardware_subarch);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, hardware_subarch_data);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, payload_offset);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, payload_length);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, setup_data);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, pref_address);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, init_size);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, handover_offset);
    SAME_MEMBER(struct zp_setup_header, struct setup_header, kernel_info_offset);
    SAME_SIZE(struct zp_setup_header, struct setup_header, 0);
}

static void boot_params(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_boot_params, struct boot_params, screen_info);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, apm_bios_info);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, _pad2);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, tboot_addr);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, ist_info);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, acpi_rsdp_addr);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, _pad3);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, hd0_info);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, hd1_info);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, sys_desc_table);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, olpc_ofw_header);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, ext_ramdisk_image);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, ext_ramdisk_size);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, ext_cmd_line_ptr);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, _pad4);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, cc_blob_address);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, edid_info);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, efi_info);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, alt_mem_k);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, scratch);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, e820_entries);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, eddbuf_entries);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, edd_mbr_sig_buf_entries);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, kbd_status);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, secure_boot);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, _pad5);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, sentinel);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, _pad6);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, hdr);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, _pad7);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, edd_mbr_sig_buffer);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, e820_table);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, _pad8);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, eddbuf);
    SAME_MEMBER(struct zp_boot_params, struct boot_params, _pad9);
    SAME_SIZE(struct zp_boot_params, struct boot_params, 0);
}

static void setup_indirect(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_setup_indirect, struct setup_indirect, type);
    SAME_MEMBER(struct zp_setup_indirect, struct setup_indirect, reserved);
    SAME_MEMBER(struct zp_setup_indirect, struct setup_indirect, len);
    SAME_MEMBER(struct zp_setup_indirect, struct setup_indirect, addr);
    SAME_SIZE(struct zp_setup_indirect, struct setup_indirect, 0);
}

static void setup_data(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_setup_data, struct setup_data, next);
    SAME_MEMBER(struct zp_setup_data, struct setup_data, type);
    SAME_MEMBER(struct zp_setup_data, struct setup_data, len);
    SAME_OFFSET(struct zp_setup_data, struct setup_data, data);
    SAME_SIZE(struct zp_setup_data, struct setup_data, 0);
}

static void subarchitectures(void **state)
{
    (void)state;
    SAME_CONSTANT(X86_SUBARCH_PC);
    SAME_CONSTANT(X86_SUBARCH_LGUEST);
    SAME_CONSTANT(X86_SUBARCH_XEN);
    SAME_CONSTANT(X86_SUBARCH_INTEL_MID);
    SAME_CONSTANT(X86_SUBARCH_CE4100);
    SAME_CONSTANT(X86_NR_SUBARCHS);
}

/* Numbers younger than the header of Debian 12 continue its rows */
static void younger_numbers(void **state)
{
    (void)state;
    assert_int_equal(ZP_XLF_MEM_ENCRYPTION, XLF_5LEVEL_ENABLED << 1);
    assert_int_equal(ZP_SETUP_KEXEC_KHO, SETUP_RNG_SEED + 1);
}

static void offsets_for_assembly(void **state)
{
    (void)state;
    assert_int_equal(ZP_BOOT_PARAMS_SCREEN_INFO, offsetof(struct boot_params, screen_info));
    assert_int_equal(ZP_BOOT_PARAMS_ACPI_RSDP_ADDR, offsetof(struct boot_params, acpi_rsdp_addr));
    assert_int_equal(ZP_BOOT_PARAMS_EXT_RAMDISK_IMAGE, offsetof(struct boot_params, ext_ramdisk_image));
    assert_int_equal(ZP_BOOT_PARAMS_EXT_RAMDISK_SIZE, offsetof(struct boot_params, ext_ramdisk_size));
    assert_int_equal(ZP_BOOT_PARAMS_EXT_CMD_LINE_PTR, offsetof(struct boot_params, ext_cmd_line_ptr));
    assert_int_equal(ZP_BOOT_PARAMS_CC_BLOB_ADDRESS, offsetof(struct boot_params, cc_blob_address));
    assert_int_equal(ZP_BOOT_PARAMS_EFI_INFO, offsetof(struct boot_params, efi_info));
    assert_int_equal(ZP_BOOT_PARAMS_E820_ENTRIES, offsetof(struct boot_params, e820_entries));
    assert_int_equal(ZP_BOOT_PARAMS_SENTINEL, offsetof(struct boot_params, sentinel));
    assert_int_equal(ZP_BOOT_PARAMS_HDR, offsetof(struct boot_params, hdr));
    assert_int_equal(ZP_BOOT_PARAMS_E820_TABLE, offsetof(struct boot_params, e820_table));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_SETUP_SECTS, offsetof(struct boot_params, hdr.setup_sects));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_ROOT_FLAGS, offsetof(struct boot_params, hdr.root_flags));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_SYSSIZE, offsetof(struct boot_params, hdr.syssize));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_RAM_SIZE, offsetof(struct boot_params, hdr.ram_size));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_VID_MODE, offsetof(struct boot_params, hdr.vid_mode));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_ROOT_DEV, offsetof(struct boot_params, hdr.root_dev));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_BOOT_FLAG, offsetof(struct boot_params, hdr.boot_flag));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_JUMP, offsetof(struct boot_params, hdr.jump));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_HEADER, offsetof(struct boot_params, hdr.header));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_VERSION, offsetof(struct boot_params, hdr.version));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_REALMODE_SWTCH, offsetof(struct boot_params, hdr.realmode_swtch));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_START_SYS_SEG, offsetof(struct boot_params, hdr.start_sys_seg));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_KERNEL_VERSION, offsetof(struct boot_params, hdr.kernel_version));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_TYPE_OF_LOADER, offsetof(struct boot_params, hdr.type_of_loader));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_LOADFLAGS, offsetof(struct boot_params, hdr.loadflags));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_SETUP_MOVE_SIZE, offsetof(struct boot_params, hdr.setup_move_size));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_CODE32_START, offsetof(struct boot_params, hdr.code32_start));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_RAMDISK_IMAGE, offsetof(struct boot_params, hdr.ramdisk_image));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_RAMDISK_SIZE, offsetof(struct boot_params, hdr.ramdisk_size));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_BOOTSECT_KLUDGE, offsetof(struct boot_params, hdr.bootsect_kludge));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_HEAP_END_PTR, offsetof(struct boot_params, hdr.heap_end_ptr));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_EXT_LOADER_VER, offsetof(struct boot_params, hdr.ext_loader_ver));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_EXT_LOADER_TYPE, offsetof(struct boot_params, hdr.ext_loader_type));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_CMD_LINE_PTR, offsetof(struct boot_params, hdr.cmd_line_ptr));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_INITRD_ADDR_MAX, offsetof(struct boot_params, hdr.initrd_addr_max));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_KERNEL_ALIGNMENT, offsetof(struct boot_params, hdr.kernel_alignment));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_RELOCATABLE_KERNEL,
                     offsetof(struct boot_params, hdr.relocatable_kernel));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_MIN_ALIGNMENT, offsetof(struct boot_params, hdr.min_alignment));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_XLOADFLAGS, offsetof(struct boot_params, hdr.xloadflags));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_CMDLINE_SIZE, offsetof(struct boot_params, hdr.cmdline_size));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_HARDWARE_SUBARCH, offsetof(struct boot_params, hdr.hardware_subarch));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_HARDWARE_SUBARCH_DATA,
                     offsetof(struct boot_params, hdr.hardware_subarch_data));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_PAYLOAD_OFFSET, offsetof(struct boot_params, hdr.payload_offset));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_PAYLOAD_LENGTH, offsetof(struct boot_params, hdr.payload_length));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_SETUP_DATA, offsetof(struct boot_params, hdr.setup_data));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_PREF_ADDRESS, offsetof(struct boot_params, hdr.pref_address));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_INIT_SIZE, offsetof(struct boot_params, hdr.init_size));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_HANDOVER_OFFSET, offsetof(struct boot_params, hdr.handover_offset));
    assert_int_equal(ZP_BOOT_PARAMS_HDR_KERNEL_INFO_OFFSET,
                     offsetof(struct boot_params, hdr.kernel_info_offset));
    assert_int_equal(ZP_BOOT_PARAMS_SIZE, sizeof(struct boot_params));
    assert_int_equal(ZP_SETUP_HEADER_OFFSET, offsetof(struct boot_params, hdr));
    assert_int_equal(ZP_SETUP_HEADER_END, offsetof(struct boot_params, hdr) + sizeof(struct setup_header));
    assert_int_equal(ZP_EDD_MBR_SIG_MAX, EDD_MBR_SIG_MAX);
    assert_int_equal(ZP_EDDMAXNR, EDDMAXNR);
}

static void constants_agree(void **state)
{
    (void)state;
    SAME_CONSTANT(LOADED_HIGH);
    SAME_CONSTANT(KASLR_FLAG);
    SAME_CONSTANT(QUIET_FLAG);
    SAME_CONSTANT(KEEP_SEGMENTS);
    SAME_CONSTANT(CAN_USE_HEAP);
    SAME_CONSTANT(XLF_KERNEL_64);
    SAME_CONSTANT(XLF_CAN_BE_LOADED_ABOVE_4G);
    SAME_CONSTANT(XLF_EFI_HANDOVER_32);
    SAME_CONSTANT(XLF_EFI_HANDOVER_64);
    SAME_CONSTANT(XLF_EFI_KEXEC);
    SAME_CONSTANT(XLF_5LEVEL);
    SAME_CONSTANT(XLF_5LEVEL_ENABLED);
    SAME_CONSTANT(RAMDISK_IMAGE_START_MASK);
    SAME_CONSTANT(RAMDISK_PROMPT_FLAG);
    SAME_CONSTANT(RAMDISK_LOAD_FLAG);
    SAME_CONSTANT(SETUP_NONE);
    SAME_CONSTANT(SETUP_E820_EXT);
    SAME_CONSTANT(SETUP_DTB);
    SAME_CONSTANT(SETUP_PCI);
    SAME_CONSTANT(SETUP_EFI);
    SAME_CONSTANT(SETUP_APPLE_PROPERTIES);
    SAME_CONSTANT(SETUP_JAILHOUSE);
    SAME_CONSTANT(SETUP_CC_BLOB);
    SAME_CONSTANT(SETUP_IMA);
    SAME_CONSTANT(SETUP_RNG_SEED);
    SAME_CONSTANT(SETUP_INDIRECT);
    SAME_CONSTANT(E820_MAX_ENTRIES_ZEROPAGE);
    SAME_CONSTANT(VIDEO_TYPE_MDA);
    SAME_CONSTANT(VIDEO_TYPE_CGA);
    SAME_CONSTANT(VIDEO_TYPE_EGAM);
    SAME_CONSTANT(VIDEO_TYPE_EGAC);
    SAME_CONSTANT(VIDEO_TYPE_VGAC);
    SAME_CONSTANT(VIDEO_TYPE_VLFB);
    SAME_CONSTANT(VIDEO_TYPE_EFI);
    SAME_CONSTANT(VIDEO_FLAGS_NOCURSOR);
    SAME_CONSTANT(VIDEO_CAPABILITY_SKIP_QUIRKS);
    SAME_CONSTANT(VIDEO_CAPABILITY_64BIT_BASE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(screen_info),
        cmocka_unit_test(apm_bios_info),
        cmocka_unit_test(ist_info),
        cmocka_unit_test(sys_desc_table),
        cmocka_unit_test(olpc_ofw_header),
        cmocka_unit_test(edid_info),
        cmocka_unit_test(efi_info),
        cmocka_unit_test(boot_e820_entry),
        cmocka_unit_test(edd_device_params),
        cmocka_unit_test(edd_info),
        cmocka_unit_test(setup_header),
        cmocka_unit_test(boot_params),
        cmocka_unit_test(setup_indirect),
        cmocka_unit_test(setup_data),
        cmocka_unit_test(subarchitectures),
        cmocka_unit_test(younger_numbers),
        cmocka_unit_test(offsets_for_assembly),
        cmocka_unit_test(constants_agree),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
