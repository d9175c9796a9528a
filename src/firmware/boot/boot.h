/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The firmware from its first instruction to the kernel's: what its files share.
 *
 *   reset.S      a CPU after reset -> 64-bit mode, by page tables that are in the ROM
 *   entry.S      PVH, multiboot, Linux's 32 and 64 bits -> 64-bit mode, in a place of our own
 *   main.c       the story
 *   arrive_*.c   (pack/stub) what a loader hands over -> struct arrival, as the packer's stubs have it
 *   arrive_handed.c calls them; the first module as a kernel
 *   arrive_reset.c  what QEMU tells by fw_cfg -> the same
 *   fw_cfg.c     files and items of fw_cfg, by DMA or byte by byte
 *   chipset.c    shadow RAM, power management, interrupt routing, ECAM of QEMU's pc and q35
 *   pci_setup.c  bus numbers, BARs and bridge windows
 *   mtrr.c       memory types
 *   acpi.c       ACPI tables by QEMU's script
 *   smbios.c     SMBIOS tables
 *   sum.S        what checksums are made of
 *   handed.c     -kernel, -initrd, -append; handed_elf.c of an ELF, handed_multiboot.c of multiboot 1
 *   whole.c      unpacks (unpack.S) and calls the part for disks, part.c:
 *   disks.c      drivers, file systems, boot entries
 *   menu.c       the choice, on the serial port
 *   buses.c      how PCI is reached; has pci_setup.c do it where nobody did
 *   mmio.c       virtio devices and configuration space that ACPI tells of
 *   boot.c       inspect, plan, load, enter
 *   seed.c       random bits of the CPU's
 *   see.c        page tables, as somebody wants to look at memory
 *
 * Variables: .bss.hot is cleared at the start, the rest of .bss before disks are looked at, .bss.kept never.
 */
#ifndef ZP_FIRMWARE_BOOT_BOOT_H
#define ZP_FIRMWARE_BOOT_BOOT_H

#include "../../pack/stub/stub.h"
#include "layout.h"

#define FW_HOT  __attribute__((section(".bss.hot")))
#define FW_KEPT __attribute__((section(".bss.kept")))

struct fw_start {
    uint32_t way;     /* FW_WAY_RESET or ZP_PACK_WAY_* */
    uint32_t settled; /* 1: this is where we stay */
    uint64_t handed;  /* boot_params, start_info, multiboot information */
};

_Noreturn void fw_main(const struct fw_start *entry);

/* rom.ld, elf.ld: memory that is ours until the kernel is entered. */
extern const char fw_memory[], fw_memory_end[];
extern char fw_cold[], fw_cold_end[];
/* ELF: what is copied when we move. ROM: the text; its end says where tables may begin. */
extern const char fw_begin[], fw_text_end[];

/* entry.S: continues at fw_main in a copy of ours at `place`. */
_Noreturn void fw_move(const struct fw_start *entry, uint64_t place);

/*
 * What the machine is and what was handed over. arrive_reset.c, in the ROM, sets the machine up before it
 * tells; arrive_handed.c, in the ELF, reads what a loader tells.
 */
void fw_arrive(struct arrival *arrival, const struct fw_start *start);

/*
 * Boots the kernel that was handed over: in the ROM (handed.c) what QEMU was told to boot by -kernel, in the
 * ELF (arrive_handed.c) the first module. Comes back when there is none, or when it does not boot, having
 * said why.
 */
void fw_boot_handed(struct arrival *arrival);

/*
 * whole.c, and in the part that it unpacks disks.c: boots what the disks have to offer; comes back when they
 * have nothing, or nothing that boots, having said why.
 */
void fw_boot_disks(struct arrival *arrival);

/* boot.c: a kernel with all that belongs to it. */
struct fw_kernel {
    const char *name; /* for messages; NULL: "the kernel" */
    const struct zp_source *source;
    const struct zp_module *modules; /* initrds, joined in this order */
    size_t module_count;
    const char *cmdline; /* whole: NUL-terminated */
    size_t cmdline_length;
    uint32_t protocol;   /* ZP_PROTOCOL_*, AUTO: any that it has */
    bool in_place;       /* its segments are in memory already, where they are linked to be */
    bool is_linux;       /* it has a setup header */
    bool unseen;         /* sources write to memory themselves: no page tables are needed for them */
    void (*leave)(void); /* called when all is loaded; NULL: nothing to be left */
};
/* Does not come back, unless the kernel cannot be booted: then it said so in one line. */
void fw_boot(struct arrival *arrival, const struct fw_kernel *kernel);
/* Is that a kernel at all? */
bool fw_is_kernel(const struct zp_source *source);

/* see.c: memory from 0 on that is mapped from the beginning. */
#define FW_ALWAYS_SEEN (UINT64_C(1) << 30)

/* seed.c: arrival->entropy, when nobody has handed any over and the CPU has some. */
void fw_seed(struct arrival *arrival);

/* Like stub_say, of something that is passed over. */
void fw_note(const char *format, ...);

#endif
