/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules of firmware: a BIOS that starts a disk by its first sector, and UEFI, which loads a PE or an EFI
 * system partition's default one. VirtualBox, VMware and Xen HVM guests have such a BIOS, and want the file
 * in a format of their own. BIOS Boot Specification 1.01; UEFI 2.10, sections 2.1.1 and 3.5.1.
 */
#include "rule.h"

#include <zeropage/wire/pe.h>

static const struct zp_rule bios_disk[] = {
    ZP_PATH_TO("disk", "boot-sector", zp_disk_magic, 0,
               "0xaa55 at 0x1fe: the first sector is run at 0000:7c00"),
    ZP_NEED("disk.kernel", zp_disk_bootable, 0,
            "the first sector is a kernel's or a PE's without partitions, and no boot code"),
    ZP_NEED("disk.code", zp_disk_code, 0, "the first sector has no code: it begins with zeros"),
    ZP_NONE("none", "no 0xaa55 at 0x1fe"),
};

static const struct zp_rule uefi[] = {
    ZP_PATH_TO("pe", "efi", zp_is_pe, 0, "a PE for x86-64, PE header at $x0: the firmware runs it by itself"),
    ZP_NEED("pe.machine", zp_pe_is_for, ZP_IMAGE_FILE_MACHINE_AMD64,
            "the PE is for machine $x0 (COFF header), not $x1 of 64-bit firmware"),
    ZP_NEED("pe.whole", zp_pe_is_whole, 0, "a section of the PE ends at $x0, past the file's end at $x1"),
    ZP_NEED("pe.subsystem", zp_pe_is_application, 0, "the PE's Subsystem is $d0, not 10, EFI application"),
    ZP_PATH_TO("esp", "efi", zp_has_esp, 0,
               "partition $d0 (sector $d2) is an EFI system partition: the firmware runs "
               "EFI/BOOT/BOOTX64.EFI from it"),
    ZP_ESP_NEEDS,
    ZP_NONE("none", "neither a PE (MZ, and PE at e_lfanew) nor a disk with an EFI system partition"),
};

#define DISK_HOW                                                                                             \
    "VirtualBox: VBoxManage convertfromraw FILE FILE.vdi; VMware: qemu-img convert -O vmdk FILE FILE.vmdk; " \
    "Xen HVM: as it is, raw"

const struct zp_host zp_firmware_hosts[] = {
    {"bios-disk", "SeaBIOS 1.16", 0, NULL, DISK_HOW, bios_disk, sizeof(bios_disk) / sizeof(bios_disk[0])},
    {"uefi", "EDK II 2022.11", 0, NULL, NULL, uefi, sizeof(uefi) / sizeof(uefi[0])},
};
const size_t zp_firmware_host_count = sizeof(zp_firmware_hosts) / sizeof(zp_firmware_hosts[0]);
