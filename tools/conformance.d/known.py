# SPDX-License-Identifier: BSD-2-Clause
"""Deviations of which it is known what they break, or why they come about. Only those that a run finds are shown."""

BITES = {
    "linux32.mode": "32-bit code means something else to a CPU in long mode; a kernel does not look for that. The "
                    "probe does, and tells.",
    "linux32.paging": "Linux builds page tables of its own and turns paging on, expecting that it was off: writing CR4 "
                      "and CR3 then happens under the loader's tables.",
    "linux.boot_params.sentinel": "Linux takes the loader for one that copied the whole first sector, and clears fields "
                                  "that it did set: ext_ramdisk_image, efi_info, setup_data and others.",
    "linux.type_of_loader": "With type_of_loader 0 Linux ignores the initrd.",
    "linux.header.magic": "boot_flag. Its bytes 0x1fe and 0x1ff once held other fields of the zero page, such as "
                          "aux_device_info, and loaders that still know it so write zeros there. Linux does not mind; a "
                          "kernel that checks what it was handed does.",
    "linux.e820.overlap": "Which of the two types counts depends on the kernel; Linux sorts it out, most others do not.",
    "linux.reserve.initrd": "The kernel unpacks itself over the initrd before it reads it: it comes up without a root "
                            "file system, or with a damaged one. It depends on sizes and shows late.",
    "linux.reserve.cmdline": "The kernel unpacks itself over its own command line.",
    "linux.reserve.boot_params": "The kernel unpacks itself over boot_params.",
    "linux.reserve.setup_data": "A QEMU of 2022 put it behind the kernel: those that unpack over it hung.",
    "linux.reserve.acpi": "The ACPI tables are gone when the kernel looks for them.",
    "linux.code32_start": "Nothing in Linux itself reads it any more; a kernel or a stage of one that finds itself by "
                          "code32_start, as the specification lets it, looks in the wrong place.",
    "linux.load.preferred": "A relocatable kernel copies itself to pref_address or runs where it is. What lies at "
                            "pref_address + init_size must be free in either case.",
    "cmdline.asked": "GRUB puts a backslash before quotes and folds blanks; Linux knows no backslash, so that a quoted "
                     "value reaches its reader with both in it. SYSLINUX and others append words of their own, such as "
                     "`initrd=`: a parser that takes the rest of the line after `--` finds them there.",
    "pvh.memmap.present": "Linux has no other source of the map outside of Xen, where it asks the hypervisor.",
    "pvh.memmap.empty": "A kernel that subtracts one from the end of a range wraps around.",
}
