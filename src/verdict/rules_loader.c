/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules of boot loaders: kexec-tools, GRUB's commands, syslinux, iPXE. Facts from the sources of the versions
 * named and from trying Debian's binaries.
 */
#include "rule.h"

#include <zeropage/wire/bootparam.h>
#include <zeropage/wire/elf.h>

#define REAL_MODE_SECTS      127u                 /* 64 KiB with the boot sector */
#define IPXE_SETUP_SECTS_MAX 74u                  /* tried: it refuses 75 */
#define RAM_END              UINT64_C(0xe0000000) /* the PCI hole begins there at the latest */
#define GRUB_SETUP_SECTS_MAX 64u                  /* GRUB_LINUX_MAX_SETUP_SECTS */

/* kexec-tools for x86-64: multiboot 2 in an ELF, an ELF for x86-64 by e_entry, multiboot 1, an ELF for i386,
 * bzImage64, bzImage. */
static const struct zp_rule kexec[] = {
    ZP_PATH("multiboot2", ZP_PROTOCOL_MULTIBOOT2, zp_is_multiboot2_elf, 0,
            "an ELF with a multiboot 2 header at $x0"),
    ZP_TAIL_LEFT("multiboot2.tail", "it loads the PT_LOADs"),
    ZP_PATH("elf64", ZP_PROTOCOL_LINUX64, zp_is_elf_for, ZP_EM_X86_64,
            "an ELF for x86-64, entered at e_entry"),
    ZP_NEED("elf.sound", zp_elf_is_sound, 0, "the ELF cannot be loaded: $f"),
    ZP_NEED("elf.entry", zp_e_entry_inside, 0,
            "e_entry $x0 is taken as a physical address, and lies in no segment ($x1 to $x2)"),
    ZP_NEED("elf.page", zp_paddr_on_pages, 0, "p_paddr $x0 is not page aligned"),
    ZP_NEED("elf.notes", zp_notes_are_whole, 0, "a note is cut off (its n_descsz at $x0)"),
    ZP_BUT("elf.args", zp_is_always, 0, "only with --args-linux does it get boot_params"),
    ZP_TAIL_LEFT("elf.tail", "it loads the PT_LOADs"),
    ZP_BUT("elf.linux", zp_is_no_linux, 0,
           "nothing says that it is a Linux, whose 64-bit protocol e_entry must expect"),
    ZP_PATH("multiboot", ZP_PROTOCOL_MULTIBOOT1, zp_has_multiboot1, 0,
            "a multiboot header at $x0, in the first 8 KiB"),
    ZP_NEED("multiboot.flags", zp_multiboot_flags_known, 7,
            "the multiboot flags $x0 have bits outside 0x10007 that must be understood"),
    ZP_PATH("elf32", ZP_PROTOCOL_LINUX32, zp_is_elf_for, ZP_EM_386, "an ELF for i386, entered at e_entry"),
    ZP_NEED("elf32.sound", zp_elf_is_sound, 0, "the ELF cannot be loaded: $f"),
    ZP_NEED("elf32.entry", zp_e_entry_inside, 0,
            "e_entry $x0 is taken as a physical address, and lies in no segment ($x1 to $x2)"),
    ZP_NEED("elf32.page", zp_paddr_on_pages, 0, "p_paddr $x0 is not page aligned"),
    ZP_BUT("elf32.args", zp_is_always, 0, "only with --args-linux does it get boot_params"),
    ZP_BUT("elf32.linux", zp_is_no_linux, 0,
           "nothing says that it is a Linux, whose 32-bit protocol e_entry must expect"),
    ZP_PATH("bzimage64", ZP_PROTOCOL_LINUX64, zp_is_kexec_bzimage64, 0,
            "xloadflags $x0 (at 0x236) have XLF_KERNEL_64 and XLF_CAN_BE_LOADED_ABOVE_4G"),
    ZP_PATH("bzimage", ZP_PROTOCOL_LINUX32, zp_has_hdrs, 0, "a bzImage of protocol $v0, by its 32-bit entry"),
    ZP_NEED("bzimage.size", zp_file_from, 1024, "the file has $d0 bytes, less than the $d1 that it asks"),
    ZP_NEED("bzimage.boot_flag", zp_has_boot_flag, 0, "boot_flag (at 0x1fe) is $x0, not 0xaa55"),
    ZP_NEED("bzimage.version", zp_version_from, 0x200, "protocol $v0 (at 0x206) is older than $v1"),
    ZP_NEED("bzimage.high", zp_is_loaded_high, 0, "loadflags $x0 (at 0x211) without LOADED_HIGH: a zImage"),
    ZP_TAIL_LOADED("bzimage.tail", "everything behind the setup is loaded"),
    ZP_NONE("none", "no ELF, no multiboot header, no \"HdrS\" at 0x202"),
};

/* GRUB on BIOS, the command linux: the 32-bit protocol; linux16 for what is older. */
static const struct zp_rule grub_linux[] = {
    ZP_PATH("linux16-tail", ZP_PROTOCOL_LINUX16, zp_is_grub_linux16_tail, 0,
            "a kernel of protocol $v0 with partitions behind it, by its 16-bit setup"),
    ZP_BUT("linux16-tail.command", zp_is_always, 0,
           "by the command linux16: linux writes the whole file over init_size, past it and over GRUB, and "
           "dies"),
    ZP_TAIL_LOADED("linux16-tail.tail", "everything behind the setup is loaded to 0x100000"),
    ZP_PATH("linux", ZP_PROTOCOL_LINUX32, zp_is_grub_linux32, 0,
            "a bzImage of protocol $v0, by its 32-bit entry"),
    ZP_NEED("linux.boot_flag", zp_has_boot_flag, 0, "boot_flag (at 0x1fe) is $x0, not 0xaa55"),
    ZP_NEED("linux.setup_sects", zp_setup_sects_upto, GRUB_SETUP_SECTS_MAX,
            "setup_sects $d0 (at 0x1f1) is more than the $d1 it takes"),
    ZP_BUT("linux.init_size", zp_init_size_short, 0,
           "it keeps init_size $x0 (at 0x260) free and writes all $x1 bytes behind the setup there: past it"),
    ZP_PATH("linux16", ZP_PROTOCOL_LINUX16, zp_has_hdrs, 0, "a kernel of protocol $v0, by its 16-bit setup"),
    ZP_NEED("linux16.boot_flag", zp_has_boot_flag, 0, "boot_flag (at 0x1fe) is $x0, not 0xaa55"),
    ZP_NEED("linux16.setup_sects", zp_setup_sects_upto, GRUB_SETUP_SECTS_MAX,
            "setup_sects $d0 (at 0x1f1) is more than the $d1 it takes"),
    ZP_BUT("linux16.command", zp_is_always, 0,
           "by the command linux16: it offers no 32-bit entry that linux could take"),
    ZP_TAIL_LOADED("linux16.tail", "everything behind the setup is loaded to 0x100000"),
    ZP_PATH("linux16-old", ZP_PROTOCOL_LINUX16, zp_is_old_linux, 0, "a kernel older than 2.00"),
    ZP_BUT("linux16-old.command", zp_is_always, 0, "by the command linux16"),
    ZP_NONE("none", "no \"HdrS\" at 0x202"),
};

static const struct zp_rule grub_multiboot[] = {
    ZP_PATH("multiboot", ZP_PROTOCOL_MULTIBOOT1, zp_has_multiboot1, 0,
            "a multiboot header at $x0, in the first 8 KiB, with the checksum right"),
    ZP_NEED("multiboot.flags", zp_multiboot_flags_known, 7,
            "the multiboot flags $x0 have bits outside 0x10007 that must be understood"),
    ZP_TAIL_LEFT("multiboot.tail", "it loads what the header's addresses name"),
    ZP_NONE("none", "no multiboot header (magic 0x1badb002, 4-byte aligned, sum 0) in the first 8 KiB"),
};

static const struct zp_rule grub_multiboot2[] = {
    ZP_PATH("multiboot2", ZP_PROTOCOL_MULTIBOOT2, zp_has_multiboot2, 0,
            "a multiboot 2 header at $x0, in the first 32 KiB"),
    ZP_TAIL_LEFT("multiboot2.tail", "it loads what the header's addresses name"),
    ZP_NONE("none", "no multiboot 2 header (magic 0xe85250d6, 8-byte aligned, sum 0) in the first 32 KiB"),
};

/* GRUB on x86-64 EFI, the command linux. */
static const struct zp_rule grub_efi_linux[] = {
    ZP_PATH("linux", ZP_PROTOCOL_LINUX32, zp_has_hdrs, 0,
            "a bzImage of protocol $v0, by its 32-bit entry after ExitBootServices"),
    ZP_NEED("linux.boot_flag", zp_has_boot_flag, 0, "boot_flag (at 0x1fe) is $x0, not 0xaa55"),
    ZP_NEED("linux.setup_sects", zp_setup_sects_upto, GRUB_SETUP_SECTS_MAX,
            "setup_sects $d0 (at 0x1f1) is more than the $d1 it takes"),
    ZP_NEED("linux.version", zp_version_from, 0x203, "protocol $v0 (at 0x206) is older than $v1"),
    ZP_NEED("linux.high", zp_is_loaded_high, 0, "loadflags $x0 (at 0x211) without LOADED_HIGH: a zImage"),
    ZP_NEED("linux.bios", zp_entry_offered, ZP_PROTOCOL_LINUX32,
            "only the 16-bit entry is offered, which needs a BIOS"),
    ZP_NEED("linux.tail", zp_has_no_tail, 0,
            "the $s0 of partitions behind the kernel (from $x1 of the file) are written past init_size, over "
            "GRUB itself"),
    ZP_BUT("linux.init_size", zp_init_size_short, 0,
           "it keeps init_size $x0 (at 0x260) free and writes all $x1 bytes behind the setup there: past it"),
    ZP_NONE("none", "no \"HdrS\" at 0x202"),
};

/* syslinux: Linux by the 16-bit setup; mboot.c32 for multiboot 1, and for an ELF32 without a header. */
static const struct zp_rule syslinux[] = {
    ZP_PATH("linux", ZP_PROTOCOL_LINUX16, zp_has_hdrs, 0, "a kernel of protocol $v0, by its 16-bit setup"),
    ZP_NEED("linux.size", zp_file_from, 1024, "the file has $d0 bytes, less than the $d1 that it asks"),
    ZP_NEED("linux.boot_flag", zp_has_boot_flag, 0, "boot_flag (at 0x1fe) is $x0, not 0xaa55"),
    ZP_NEED("linux.setup_sects", zp_setup_sects_upto, REAL_MODE_SECTS,
            "setup_sects $d0 (at 0x1f1): the setup does not fit into 64 KiB"),
    ZP_TAIL_LOADED("linux.tail", "everything behind the setup is loaded to 0x100000"),
    ZP_PATH("linux-old", ZP_PROTOCOL_LINUX16, zp_is_old_linux, 0, "a kernel older than 2.00"),
    ZP_PATH("mboot", ZP_PROTOCOL_MULTIBOOT1, zp_has_multiboot1, 0,
            "a multiboot header at $x0, in the first 8 KiB"),
    ZP_NEED("mboot.flags", zp_multiboot_flags_known, 7,
            "the multiboot flags $x0 have bits outside 0x10007 that must be understood"),
    ZP_NEED("mboot.place", zp_multiboot_is_ram, RAM_END, "it is linked to $x0, where no machine has RAM"),
    ZP_BUT("mboot.module", zp_is_always, 0, "by its module mboot.c32"),
    ZP_PATH_TO("elf", "multiboot1", zp_is_elf32, 0, "an ELF32, entered at e_entry"),
    ZP_NEED("elf.sound", zp_elf_is_sound, 0, "the ELF cannot be loaded: $f"),
    ZP_BUT("elf.module", zp_is_always, 0,
           "by its module mboot.c32, with the state of multiboot though there is no header"),
    ZP_NONE("none", "no \"HdrS\" at 0x202, no multiboot header in the first 8 KiB, no ELF32"),
};

/* iPXE on BIOS: multiboot 1 before all else (PROBE_MULTIBOOT), bzImage by the 16-bit setup, a raw ELF32. */
static const struct zp_rule ipxe[] = {
    ZP_PATH("multiboot", ZP_PROTOCOL_MULTIBOOT1, zp_has_multiboot1, 0,
            "a multiboot header at $x0, in the first 8 KiB"),
    ZP_NEED("multiboot.flags", zp_multiboot_flags_known, 3,
            "the multiboot flags $x0 demand more than pages and memory (0x3): video modes it does not know"),
    ZP_NEED("multiboot.class", zp_multiboot_or_elf_of, 32,
            "an ELF of $d0 bits without load addresses (flag bit 16), and it loads 32 bits alone"),
    ZP_NEED("multiboot.place", zp_multiboot_is_ram, RAM_END, "it is linked to $x0, where no machine has RAM"),
    ZP_TAIL_LEFT("multiboot.tail", "it loads what the header's addresses name"),
    ZP_PATH("bzimage", ZP_PROTOCOL_LINUX16, zp_has_hdrs, 0, "a kernel of protocol $v0, by its 16-bit setup"),
    ZP_NEED("bzimage.boot_flag", zp_has_boot_flag, 0, "boot_flag (at 0x1fe) is $x0, not 0xaa55"),
    ZP_NEED("bzimage.setup_sects", zp_setup_sects_upto, IPXE_SETUP_SECTS_MAX,
            "setup_sects $d0 (at 0x1f1) is more than the $d1 that leave room for heap and stack"),
    ZP_TAIL_LOADED("bzimage.tail", "everything behind the setup is loaded to 0x100000"),
    ZP_PATH_TO("elf", "elf32", zp_is_elf32, 0, "an ELF32, entered at e_entry in flat 32-bit mode"),
    ZP_NEED("elf.sound", zp_elf_is_sound, 0, "the ELF cannot be loaded: $f"),
    ZP_NEED("elf.entry", zp_e_entry_inside, 0,
            "e_entry $x0 is taken as a physical address, and lies in no segment ($x1 to $x2)"),
    ZP_NEED("elf.low", zp_paddr_from, 0x100000,
            "p_paddr $x0 lies below 1 MiB, where it has its own code and tables"),
    ZP_NEED("elf.high", zp_elf_upto, RAM_END, "a segment ends at $x0, where no machine has RAM"),
    ZP_BUT("elf.nothing", zp_is_always, 0, "nothing is handed over to it: no command line, no memory map"),
    ZP_NONE("none", "no \"HdrS\" at 0x202, no multiboot header in the first 8 KiB, no ELF32"),
};

#define HOST(name, version, rules)                                              \
    {                                                                           \
        name, version, 0, NULL, NULL, rules, sizeof(rules) / sizeof((rules)[0]) \
    }
#define UNPACKER(name, version, mask, text, rules)                                 \
    {                                                                              \
        name, version, mask, text, NULL, rules, sizeof(rules) / sizeof((rules)[0]) \
    }

#define GRUB_UNPACKS (1u << ZP_COMPRESSION_GZIP | 1u << ZP_COMPRESSION_XZ | 1u << ZP_COMPRESSION_LZO)
#define GRUB_MODULES "its module gzio, xzio or lzopio must be loaded to unpack the file"

const struct zp_host zp_loader_hosts[] = {
    HOST("kexec", "kexec-tools 2.0.25", kexec), /* Debian builds it without zlib and lzma */
    UNPACKER("grub-linux", "GRUB 2.06", GRUB_UNPACKS, GRUB_MODULES, grub_linux),
    UNPACKER("grub-multiboot", "GRUB 2.06", GRUB_UNPACKS, GRUB_MODULES, grub_multiboot),
    UNPACKER("grub-multiboot2", "GRUB 2.06", GRUB_UNPACKS, GRUB_MODULES, grub_multiboot2),
    UNPACKER("grub-efi-linux", "GRUB 2.06", GRUB_UNPACKS, GRUB_MODULES, grub_efi_linux),
    UNPACKER("syslinux", "syslinux 6.04", 1u << ZP_COMPRESSION_GZIP,
             "its module mboot.c32 unpacks the file, and no other", syslinux),
    HOST("ipxe", "iPXE 1.0.0+git20190125", ipxe),
};
const size_t zp_loader_host_count = sizeof(zp_loader_hosts) / sizeof(zp_loader_hosts[0]);
