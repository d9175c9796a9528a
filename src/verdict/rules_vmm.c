/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules of virtual machine monitors that load a kernel file by themselves, each in the order in which the
 * program probes. Facts from the programs' sources and from trying them; the version beside each host is the
 * one that was read or tried. Addresses are where that program puts things: 0x100000 for a bzImage in most,
 * 0x200000 in crosvm, setup at 1000:0000 in kvmtool.
 */
#include "rule.h"

#include <zeropage/wire/bootparam.h>

#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)

#define INITRD_TOP    (UINT64_C(0xd0000000) - 1) /* RAM below 4 GiB ends there in Firecracker and its like */
#define CMDLINE_USUAL 255u                       /* a shorter limit is worth a word */

/* QEMU, hw/i386/x86.c: HdrS, multiboot in the first 8 KiB, an ELF with the note; all else is taken for a
 * Linux older than 2.00. */
static const struct zp_rule qemu[] = {
    ZP_PATH("bzimage", ZP_PROTOCOL_LINUX16, zp_has_hdrs, 0,
            "\"HdrS\" at 0x202 makes it a Linux (protocol $v0); its 16-bit setup runs under the BIOS"),
    ZP_NEED("bzimage.size", zp_file_below, 2 * GIB,
            "it counts the file's bytes in 31 bits and so takes none from $s1 on, partitions and all; this "
            "has $s0"),
    ZP_BUT("bzimage.pvh", zp_is_pvh_alone, 0,
           "\"HdrS\" is asked first, so that the PVH entry $x0 of the same file is not used"),
    ZP_TAIL_LOADED("bzimage.tail", "everything behind the setup is loaded to 0x100000"),
    ZP_PATH("multiboot", ZP_PROTOCOL_MULTIBOOT1, zp_has_multiboot1, 0,
            "a multiboot header at $x0, in the first 8 KiB"),
    ZP_NEED("multiboot.elf64", zp_multiboot_or_elf32, 0,
            "an ELF for x86-64 (e_machine $d0 at 0x12) with a multiboot header must carry load addresses "
            "(flag bit 16)"),
    ZP_BUT("multiboot.video", zp_multiboot_wants_video, 0,
           "the video mode that its flags $x0 ask for is not given"),
    ZP_PATH("elf", ZP_PROTOCOL_PVH, zp_is_elf, 0, "the ELF has the note PHYS32_ENTRY $x0"),
    ZP_NEED("elf.note", zp_is_pvh_elf, 0,
            "an ELF needs the Xen note PHYS32_ENTRY (type 18), and this has none"),
    ZP_NEED("elf.align", zp_note_by_qemu, 0,
            "it steps over notes by p_align, $d0, for name and descriptor alike, and so passes over "
            "PHYS32_ENTRY"),
    ZP_PATH("old", ZP_PROTOCOL_LINUX16, zp_is_old_linux, 0,
            "no \"HdrS\" at 0x202: taken for a Linux older than 2.00, which it is"),
    ZP_NONE("none", "no \"HdrS\" at 0x202, no multiboot header in the first 8 KiB, no ELF"),
};

/* Firecracker, load_kernel and linux-loader 0.13 (notes padded by 4, the last PT_NOTE decides): an ELF64,
 * then a bzImage by its 64-bit entry. */
#define LINUX_LOADER_ELF                                                                                 \
    ZP_NEED("elf.class", zp_is_elf64, 0, "e_phentsize must be 56: an ELF of 64 bits, and this has $d0"), \
        ZP_NEED("elf.phoff", zp_phoff_from, 64, "e_phoff $x0 lies inside the ELF header of $d1 bytes"),  \
        ZP_NEED("elf.sound", zp_elf_is_sound, 0, "the ELF cannot be loaded: $f"),                        \
        ZP_NEED("elf.entry", zp_e_entry_from, MIB, "e_entry $x0 must not lie below $x1, PVH or not")

#define LINUX_LOADER_NOTE                                                                             \
    ZP_NEED("elf.note.padding", zp_note_by_padding, 4,                                                \
            "it walks the notes by 4 bytes and so passes over PHYS32_ENTRY, which is padded by $d0"), \
        ZP_NEED("elf.note.last", zp_note_in_last, 0,                                                  \
                "PHYS32_ENTRY lies in PT_NOTE $d0 of $d1, and a later PT_NOTE makes it forget the note")

static const struct zp_rule firecracker[] = {
    ZP_PATH("pvh", ZP_PROTOCOL_PVH, zp_is_seen_pvh, 0, "an ELF64 with the note PHYS32_ENTRY $x0"),
    LINUX_LOADER_ELF,
    ZP_TAIL_LEFT("pvh.tail", "it loads the PT_LOADs"),
    ZP_PATH("elf", ZP_PROTOCOL_LINUX64, zp_is_elf, 0,
            "an ELF64 without a PVH note that it sees: e_entry $x0, by the 64-bit protocol"),
    LINUX_LOADER_ELF,
    ZP_NEED("elf.entry.physical", zp_e_entry_inside, 0,
            "e_entry $x0 is taken as a physical address, and lies in no segment ($x1 to $x2)"),
    ZP_BUT("elf.gib", zp_reserve_beyond, GIB, "only the first GiB is mapped, and the image ends at $x0"),
    ZP_BUT("elf.linux", zp_is_no_linux, 0,
           "nothing says that it is a Linux, whose 64-bit protocol e_entry must expect"),
    ZP_TAIL_LEFT("elf.tail", "it loads the PT_LOADs"),
    ZP_BUT("elf.note", zp_is_pvh_alone, 0, "it passes over the PVH entry $x0, whose note it does not find"),
    ZP_PATH("bzimage", ZP_PROTOCOL_LINUX64, zp_has_hdrs, 0,
            "protocol $v0 with XLF_KERNEL_64: entered at code32_start + 0x200"),
    ZP_NEED("bzimage.high", zp_is_loaded_high, 0, "loadflags $x0 (at 0x211) without LOADED_HIGH: a zImage"),
    ZP_NEED(
        "bzimage.entry64", zp_has_xloadflags, ZP_XLF_KERNEL_64,
        "it enters bzImages by the 64-bit entry alone, and xloadflags $x0 (at 0x236) have no XLF_KERNEL_64"),
    ZP_NEED("bzimage.code32", zp_code32_from, MIB, "code32_start $x0 (at 0x214) must not lie below $x1"),
    ZP_BUT("bzimage.reserve", zp_runs_at_other_place, MIB,
           "init_size is not reserved: the kernel runs over $s2 from $x0, and nothing keeps that free"),
    ZP_BUT("bzimage.initrd", zp_initrd_too_high, INITRD_TOP,
           "it puts an initrd at the end of RAM, up to $x1, and the kernel takes it up to $x0 (at 0x22c)"),
    ZP_BUT(
        "bzimage.cmdline", zp_cmdline_below, 2047,
        "it hands over command lines of up to $d1 bytes, and the kernel takes $d0 (cmdline_size at 0x238)"),
    ZP_BUT("bzimage.gib", zp_reserve_beyond, GIB,
           "only the first GiB is mapped, and the kernel runs up to $x0"),
    ZP_TAIL_LOADED("bzimage.tail", "everything behind the setup is loaded"),
    ZP_NONE("none", "neither an ELF nor \"HdrS\" at 0x202"),
};

/* Cloud Hypervisor: an ELF64 by PVH alone, else a bzImage by its 32-bit entry. */
static const struct zp_rule cloud_hypervisor[] = {
    ZP_PATH("elf", ZP_PROTOCOL_PVH, zp_is_elf, 0, "an ELF64 with the note PHYS32_ENTRY $x0"),
    LINUX_LOADER_ELF,
    ZP_NEED("elf.note", zp_is_pvh_elf, 0,
            "an ELF needs the Xen note PHYS32_ENTRY (type 18), and this has none"),
    LINUX_LOADER_NOTE,
    ZP_TAIL_LEFT("elf.tail", "it loads the PT_LOADs"),
    ZP_PATH("bzimage", ZP_PROTOCOL_LINUX32, zp_has_hdrs, 0,
            "a bzImage of protocol $v0, entered at code32_start by the 32-bit protocol"),
    ZP_NEED("bzimage.high", zp_is_loaded_high, 0, "loadflags $x0 (at 0x211) without LOADED_HIGH: a zImage"),
    ZP_NEED("bzimage.code32", zp_code32_from, MIB, "code32_start $x0 (at 0x214) must not lie below $x1"),
    ZP_BUT("bzimage.reserve", zp_runs_at_other_place, MIB,
           "init_size is not reserved: the kernel runs over $s2 from $x0, and nothing keeps that free"),
    ZP_BUT("bzimage.initrd", zp_initrd_too_high, INITRD_TOP,
           "it puts an initrd at the end of RAM, up to $x1, and the kernel takes it up to $x0 (at 0x22c)"),
    ZP_TAIL_LOADED("bzimage.tail", "everything behind the setup is loaded"),
    ZP_NONE("none", "neither an ELF nor \"HdrS\" at 0x202"),
};

/* crosvm: multiboot 1, ELF by e_entry (64 bits: long mode; 32: flat), bzImage at 2 MiB. */
static const struct zp_rule crosvm[] = {
    ZP_PATH("multiboot", ZP_PROTOCOL_MULTIBOOT1, zp_has_multiboot1, 0,
            "a multiboot header at $x0, in the first 8 KiB, asked before all else"),
    ZP_NEED("multiboot.flags", zp_multiboot_flags_known, 7,
            "the multiboot flags $x0 have bits outside 0x10007"),
    ZP_TAIL_LEFT("multiboot.tail", "it loads what the header's addresses name"),
    ZP_PATH("elf64", ZP_PROTOCOL_LINUX64, zp_is_elf64, 0, "an ELF64, entered at e_entry in long mode"),
    ZP_NEED("elf.sound", zp_elf_is_sound, 0, "the ELF cannot be loaded: $f"),
    ZP_NEED("elf.paddr", zp_paddr_from, 2 * MIB, "p_paddr $x0 lies below $x1, where its kernels begin"),
    ZP_NEED("elf.entry", zp_e_entry_inside, 0,
            "e_entry $x0 is taken as a physical address, and lies in no segment ($x1 to $x2)"),
    ZP_BUT("elf.gib4", zp_reserve_beyond, 4 * GIB,
           "only the first 4 GiB are mapped, and the image ends at $x0"),
    ZP_BUT("elf.linux", zp_is_no_linux, 0,
           "nothing says that it is a Linux, whose 64-bit protocol e_entry must expect"),
    ZP_BUT("elf.note", zp_is_pvh_alone, 0, "it does not know PVH; the entry $x0 is not used"),
    ZP_TAIL_LEFT("elf.tail", "it loads the PT_LOADs"),
    ZP_PATH("elf32", ZP_PROTOCOL_LINUX32, zp_is_elf32, 0, "an ELF32, entered at e_entry in flat 32-bit mode"),
    ZP_NEED("elf32.sound", zp_elf_is_sound, 0, "the ELF cannot be loaded: $f"),
    ZP_NEED("elf32.paddr", zp_paddr_from, 2 * MIB, "p_paddr $x0 lies below $x1, where its kernels begin"),
    ZP_NEED("elf32.entry", zp_e_entry_inside, 0,
            "e_entry $x0 is taken as a physical address, and lies in no segment ($x1 to $x2)"),
    ZP_PATH("bzimage64", ZP_PROTOCOL_LINUX64, zp_has_xloadflags, ZP_XLF_KERNEL_64,
            "a bzImage with XLF_KERNEL_64, loaded at 0x200000 and entered 0x200 behind"),
    ZP_NEED("bzimage64.relocatable", zp_is_relocatable, 0,
            "it loads bzImages at 0x200000, and relocatable_kernel is $d0 (at 0x234)"),
    ZP_NEED("bzimage64.syssize", zp_syssize_fits, 0, "syssize (at 0x1f4) ends at $x0, past the file's $x1"),
    ZP_BUT("bzimage64.reserve", zp_runs_at_other_place, 2 * MIB,
           "init_size is not reserved: the kernel runs over $s2 from $x0, and nothing keeps that free"),
    ZP_TAIL_LEFT("bzimage64.tail", "it loads what syssize says"),
    ZP_PATH("bzimage32", ZP_PROTOCOL_LINUX32, zp_has_hdrs, 0,
            "a bzImage without XLF_KERNEL_64, loaded and entered at 0x200000"),
    ZP_NEED("bzimage32.relocatable", zp_is_relocatable, 0,
            "it loads bzImages at 0x200000, and relocatable_kernel is $d0 (at 0x234)"),
    ZP_NEED("bzimage32.syssize", zp_syssize_fits, 0, "syssize (at 0x1f4) ends at $x0, past the file's $x1"),
    ZP_BUT("bzimage32.reserve", zp_runs_at_other_place, 2 * MIB,
           "init_size is not reserved: the kernel runs over $s2 from $x0, and nothing keeps that free"),
    ZP_NONE("none", "no multiboot header in the first 8 KiB, no ELF, no \"HdrS\" at 0x202"),
};

/* kvmtool, x86/kvm.c: HdrS from 2.06 on, else a flat binary in real mode. */
static const struct zp_rule kvmtool[] = {
    ZP_PATH("bzimage", ZP_PROTOCOL_LINUX16, zp_has_hdrs, 0,
            "\"HdrS\" of protocol $v0: its 16-bit setup is entered at 1000:0200"),
    ZP_NEED("bzimage.size", zp_file_from, 4096,
            "the file has $d0 bytes, and it reads $d1 before it asks for \"HdrS\""),
    ZP_NEED("bzimage.version", zp_version_from, 0x206, "protocol $v0 (at 0x206) is older than $v1"),
    ZP_NEED("bzimage.high", zp_is_loaded_high, 0,
            "it puts the code at 0x100000, and loadflags $x0 (at 0x211) have no LOADED_HIGH"),
    ZP_BUT("bzimage.cmdline", zp_cmdline_below, UINT64_MAX,
           "a command line longer than $d0 bytes is cut without a word"),
    ZP_TAIL_LOADED("bzimage.tail", "everything behind the setup is loaded to 0x100000"),
    ZP_NONE("none", "no \"HdrS\" at 0x202: it would run the file as flat real-mode code at 1000:0000"),
};

/* Xen's domain builder for PVH guests, libxenguest: an ELF with the note, or one in a bzImage's payload. */
static const struct zp_rule xen[] = {
    ZP_PATH("elf", ZP_PROTOCOL_PVH, zp_is_elf, 0, "the ELF has the note PHYS32_ENTRY $x0"),
    ZP_NEED("elf.note", zp_is_pvh_elf, 0,
            "an ELF needs the Xen note PHYS32_ENTRY (type 18), and this has none"),
    ZP_NEED("elf.padding", zp_note_by_padding, 4,
            "it walks the notes by 4 bytes and so passes over PHYS32_ENTRY, which is padded by $d0"),
    ZP_NEED("elf.hdrs", zp_payload_is_far, 0,
            "\"HdrS\" at 0x202 is asked before the ELF: no kernel to unpack is at payload_offset $x0 (at "
            "0x248), and only "
            "one past the file's end, 0xffffffff, makes it go on"),
    ZP_TAIL_LEFT("elf.tail", "it loads the PT_LOADs"),
    ZP_PATH_TO("bzimage", "pvh", zp_has_inner, 0,
               "the ELF in the bzImage's payload has the note PHYS32_ENTRY"),
    ZP_NEED("bzimage.note", zp_inner_has_note, 0,
            "the ELF in the payload has no Xen note PHYS32_ENTRY (type 18): built without CONFIG_PVH"),
    ZP_PATH_TO("bzimage-unseen", "pvh", zp_inner_unknown, 0,
               "a bzImage: its payload is unpacked and its notes are asked"),
    ZP_BUT("bzimage.unseen", zp_is_always, 0,
           "only if the ELF in the payload has the note PHYS32_ENTRY: it was not unpacked here"),
    ZP_NONE("none", "no ELF, nor one in the payload of a bzImage, with the Xen note PHYS32_ENTRY"),
};

/* hyperkit and xhyve, firmware/kexec.c: a bzImage from 2.10 on by its 32-bit entry. */
static const struct zp_rule hyperkit[] = {
    ZP_PATH("bzimage", ZP_PROTOCOL_LINUX32, zp_has_hdrs, 0,
            "a bzImage of protocol $v0, entered in flat 32-bit mode (-f kexec)"),
    ZP_NEED("bzimage.setup_sects", zp_setup_sects_told, 0,
            "setup_sects (at 0x1f1) is 0, which it does not take as 4"),
    ZP_NEED("bzimage.boot_flag", zp_has_boot_flag, 0, "boot_flag (at 0x1fe) is $x0, not 0xaa55"),
    ZP_NEED("bzimage.version", zp_version_from, 0x20a, "protocol $v0 (at 0x206) is older than $v1"),
    ZP_NEED("bzimage.high", zp_is_loaded_high, 0, "loadflags $x0 (at 0x211) without LOADED_HIGH: a zImage"),
    ZP_NEED("bzimage.syssize", zp_syssize_fits, 0, "syssize (at 0x1f4) ends at $x0, past the file's $x1"),
    ZP_NEED("bzimage.init_size", zp_init_size_covers, 0,
            "init_size $x0 (at 0x260), in whole pages, is less than the $x1 bytes behind the setup"),
    ZP_NEED("bzimage.place", zp_place_from, MIB,
            "pref_address $x0 (at 0x258) of a kernel that is not relocatable lies below $x1"),
    ZP_BUT("bzimage.reserve", zp_runs_at_other_place, 2 * MIB,
           "pref_address is not honoured (load at 1 MiB rounded up to kernel_alignment): nothing keeps the "
           "$s2 from $x0 free"),
    ZP_BUT("bzimage.cmdline", zp_cmdline_below, CMDLINE_USUAL,
           "cmdline_size $d0 (at 0x238) leaves hardly a command line"),
    ZP_TAIL_LOADED("bzimage.tail", "everything behind the setup is loaded"),
    ZP_NONE("none", "no \"HdrS\" at 0x202: it takes bzImages, FreeBSD's userboot and a bootrom"),
};

/* bhyve loads no kernel by itself: UEFI firmware (-l bootrom), or grub-bhyve before it. */
static const struct zp_rule bhyve[] = {
    ZP_PATH_TO("esp", "efi", zp_has_esp, 0, "its UEFI firmware starts EFI/BOOT/BOOTX64.EFI of partition $d0"),
    ZP_ESP_NEEDS,
    ZP_PATH("linux", ZP_PROTOCOL_LINUX32, zp_has_hdrs, 0, "grub-bhyve loads it by GRUB's linux command"),
    ZP_NEED("linux.version", zp_version_from, 0x203,
            "grub-bhyve takes Linux from protocol 2.03 on, and this is $v0"),
    ZP_NEED("linux.high", zp_is_loaded_high, 0, "loadflags $x0 (at 0x211) without LOADED_HIGH: a zImage"),
    ZP_BUT("linux.grub", zp_is_always, 0,
           "only through grub-bhyve (grub2-bhyve 0.40); bhyve itself loads no kernel"),
    ZP_PATH_TO("efi", "efi", zp_is_pe, 0, "its UEFI firmware runs it from an EFI system partition"),
    ZP_NEED("efi.machine", zp_pe_is_for, 0x8664, "the PE is for machine $x0 (COFF header), not $x1"),
    ZP_BUT("efi.disk", zp_is_always, 0, "as EFI/BOOT/BOOTX64.EFI on a disk, with -l bootrom,BHYVE_UEFI.fd"),
    ZP_NONE("none", "no EFI system partition, no EFI application, no Linux that grub-bhyve takes"),
};

#define HOST(name, version, rules)                                              \
    {                                                                           \
        name, version, 0, NULL, NULL, rules, sizeof(rules) / sizeof((rules)[0]) \
    }

const struct zp_host zp_vmm_hosts[] = {
    HOST("qemu-kernel", "QEMU 7.2", qemu),
    HOST("firecracker", "Firecracker 1.17", firecracker),
    HOST("cloud-hypervisor", "Cloud Hypervisor 54", cloud_hypervisor),
    HOST("crosvm", "crosvm of 2024", crosvm),
    HOST("kvmtool", "kvmtool of 2023", kvmtool),
    {"xen-pvh", "Xen 4.17", 1u << ZP_COMPRESSION_GZIP, NULL, NULL, xen, sizeof(xen) / sizeof(xen[0])},
    HOST("hyperkit", "hyperkit 0.20210107", hyperkit),
    HOST("bhyve", "bhyve of FreeBSD 13", bhyve),
};
const size_t zp_vmm_host_count = sizeof(zp_vmm_hosts) / sizeof(zp_vmm_hosts[0]);
