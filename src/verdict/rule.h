/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the rules of a host are written down: a list of rows, walked from the top.
 *
 *   PATH  a way in that the host tries. When its condition does not hold, the walk goes on at the next PATH.
 *   NEED  of the path taken: when it does not hold the host does not boot the image, and this rule says why.
 *   BUT   of the path taken: when it holds the host boots the image, but...
 *   NOTE  of the path taken: when it holds, this is worth knowing, and the verdict stays.
 *   NONE  when no path was taken: the host does not boot the image, and this says why.
 *
 * A path that names a protocol needs a sound entry of it besides. Sentences name numbers that the condition
 * left in the subject: $x0 in hexadecimal, $d0 in decimal, $s0 as a size, $v0 as a protocol version (0 to 3),
 * $f the fault, $w why in words, $p the number as a protocol.
 */
#ifndef ZP_VERDICT_RULE_H
#define ZP_VERDICT_RULE_H

#include "subject.h"

enum zp_rule_kind {
    ZP_RULE_PATH,
    ZP_RULE_NEED,
    ZP_RULE_BUT,
    ZP_RULE_NOTE,
    ZP_RULE_NONE
};

typedef bool zp_condition(struct zp_subject *subject, uint64_t number);

struct zp_rule {
    uint32_t kind;
    uint32_t protocol; /* PATH: enum zp_protocol; 0: none of ours */
    const char *id;    /* after the host's name: "bzimage.version" */
    zp_condition *holds;
    uint64_t number;   /* for the condition; it stands in number[1] too, unless that sets it */
    const char *entry; /* PATH: the entry's name where it is none of ours */
    const char *text;
};

struct zp_host {
    const char *name;
    const char *version;
    uint32_t unpacks;         /* mask, 1 << enum zp_compression */
    const char *unpacks_text; /* what it takes that it unpacks: a "but"; NULL: nothing */
    const char *how;          /* what a person does with an image that boots; NULL: nothing of note */
    const struct zp_rule *rules;
    size_t rule_count;
};

#define ZP_HOST_COUNT 17u
extern const struct zp_host zp_vmm_hosts[];      /* rules_vmm.c */
extern const struct zp_host zp_loader_hosts[];   /* rules_loader.c */
extern const struct zp_host zp_firmware_hosts[]; /* rules_firmware.c */
extern const size_t zp_vmm_host_count, zp_loader_host_count, zp_firmware_host_count;

#define ZP_PATH(id, protocol, holds, number, text)            \
    {                                                         \
        ZP_RULE_PATH, protocol, id, holds, number, NULL, text \
    }
#define ZP_PATH_TO(id, entry, holds, number, text)      \
    {                                                   \
        ZP_RULE_PATH, 0, id, holds, number, entry, text \
    }
#define ZP_NEED(id, holds, number, text)               \
    {                                                  \
        ZP_RULE_NEED, 0, id, holds, number, NULL, text \
    }
#define ZP_BUT(id, holds, number, text)               \
    {                                                 \
        ZP_RULE_BUT, 0, id, holds, number, NULL, text \
    }
#define ZP_NOTE(id, holds, number, text)               \
    {                                                  \
        ZP_RULE_NOTE, 0, id, holds, number, NULL, text \
    }
/* Partitions behind the kernel: the host loads them as if they were of it, or leaves them alone. */
#define ZP_TAIL_LOADED(id, how) \
    ZP_BUT(                     \
        id, zp_has_tail, 0,     \
        how                     \
        ", the $s0 of partitions behind the kernel too (from $x1 of the file): the guest needs RAM for $s2")
#define ZP_TAIL_LEFT(id, how) \
    ZP_NOTE(id, zp_has_tail, 0, how " and leaves the $s0 of partitions behind the kernel in the file")
/* What a firmware asks of an EFI system partition and of the loader in it. */
#define ZP_ESP_NEEDS                                                                                     \
    ZP_NEED("esp.fat", zp_esp_is_fat, 0, "the EFI system partition cannot be read as FAT: $w (at $x0)"), \
        ZP_NEED("esp.loader", zp_esp_has_loader, 0,                                                      \
                "the EFI system partition has no EFI/BOOT/BOOTX64.EFI: $w (at $x0)"),                    \
        ZP_NEED("esp.pe", zp_esp_is_pe, 0, "EFI/BOOT/BOOTX64.EFI is no PE"),                             \
        ZP_NEED("esp.machine", zp_esp_is_for, 0x8664,                                                    \
                "EFI/BOOT/BOOTX64.EFI is for machine $x0 (COFF header), not $x1 of 64-bit firmware"),    \
        ZP_NEED("esp.whole", zp_esp_is_whole, 0,                                                         \
                "a section of EFI/BOOT/BOOTX64.EFI ends at $x0, past its end at $x1"),                   \
        ZP_NEED("esp.subsystem", zp_esp_is_application, 0,                                               \
                "the Subsystem of EFI/BOOT/BOOTX64.EFI is $d0, not 10, EFI application")

#define ZP_NONE(id, text)                        \
    {                                            \
        ZP_RULE_NONE, 0, id, NULL, 0, NULL, text \
    }

/* condition.c: what rules ask. Each leaves its numbers in the subject. */
zp_condition zp_is_always;
zp_condition zp_has_tail; /* partitions behind a bzImage: [0] bytes, [1] from there, [2] behind the setup */
zp_condition zp_is_compressed; /* as a whole */
zp_condition zp_has_hdrs;      /* number[0] the version */
zp_condition zp_has_no_hdrs;
zp_condition zp_has_no_tail;    /* or init_size covers it: [0] bytes, [1] from there in the file */
zp_condition zp_payload_is_far; /* no payload for a loader that looks for one: number[0] payload_offset */
zp_condition zp_is_grub_linux16_tail; /* too long for the 32-bit loader */
zp_condition zp_is_old_linux;         /* a boot sector older than 2.00 */
zp_condition zp_has_boot_flag;        /* AA55 at 0x1fe: number[0] */
zp_condition zp_version_from;         /* number[0] the version, at least number */
zp_condition zp_version_before;       /* of an image with HdrS */
zp_condition zp_is_loaded_high;       /* number[0] loadflags */
zp_condition zp_is_loaded_low;
zp_condition zp_is_relocatable;     /* number[0] relocatable_kernel */
zp_condition zp_place_from;         /* relocatable, or pref_address at least number: number[0] */
zp_condition zp_is_grub_linux32;    /* 2.03 or later, loaded high, with a 32-bit entry; number[0] version */
zp_condition zp_has_xloadflags;     /* all of number; number[0] the flags */
zp_condition zp_is_kexec_bzimage64; /* 2.12, AA55, LOADED_HIGH and both flags; number[0] xloadflags */
zp_condition zp_setup_sects_upto;   /* number[0] as in the file, at most number */
zp_condition zp_setup_sects_told;   /* not 0 */
zp_condition zp_syssize_fits;       /* number[0] bytes told, number[1] bytes there */
zp_condition zp_init_size_short;    /* from 2.10 on, and less than the rest of the file: [0], [1] */
zp_condition zp_init_size_covers;   /* number[0] init_size, number[1] the rest of the file */
zp_condition zp_code32_from;        /* number[0] code32_start, at least number */
zp_condition zp_file_from;          /* number[0] the size, at least number */
zp_condition zp_file_below;
zp_condition zp_runs_at_other_place; /* the reserve begins elsewhere than number: [0] reserve, [2] its size */
zp_condition zp_reserve_upto;        /* the reserve ends by number; number[0] its end */
zp_condition zp_reserve_beyond;
zp_condition zp_entry_offered; /* of the protocol number */
zp_condition zp_is_elf;
zp_condition zp_is_elf64;
zp_condition zp_is_elf32;
zp_condition zp_is_pvh_elf;        /* with the note PHYS32_ENTRY, however padded; number[0] entry */
zp_condition zp_is_pvh_alone;      /* and no bzImage of the same code, so that it is the better entry */
zp_condition zp_is_seen_pvh;       /* and a loader that walks by 4, and asks the last PT_NOTE, sees it */
zp_condition zp_elf_is_sound;      /* its segments: fault */
zp_condition zp_is_elf_for;        /* e_machine number, whatever the class */
zp_condition zp_is_no_linux;       /* an ELF that nothing calls a Linux */
zp_condition zp_is_multiboot2_elf; /* number[0] the header's offset */
zp_condition zp_phoff_from;        /* number[0] e_phoff */
zp_condition zp_e_entry_from;      /* number[0] e_entry as in the file */
zp_condition zp_e_entry_inside;    /* [0] e_entry, [1] lowest, [2] end of the segments */
zp_condition zp_paddr_on_pages;    /* number[0] the p_paddr that is not */
zp_condition zp_notes_are_whole;
zp_condition zp_elf_upto;        /* the segments end by number; number[0] where they do */
zp_condition zp_paddr_from;      /* number[0] the lowest p_paddr */
zp_condition zp_note_by_padding; /* a walk by padding number finds PHYS32_ENTRY; number[0] p_align */
zp_condition zp_note_by_qemu;    /* QEMU's walk comes upon it; number[0] p_align */
zp_condition zp_note_in_last;    /* it lies in the last PT_NOTE: [0] of, [1] how many */
zp_condition zp_is_not_x86_64;   /* number[0] e_machine */
zp_condition zp_has_multiboot1;  /* number[0] its offset, number[2] flags */
zp_condition zp_has_multiboot2;
zp_condition zp_multiboot_addresses; /* bit 16 */
zp_condition zp_multiboot_or_elf32;  /* addresses, or no ELF for x86-64; number[0] e_machine */
zp_condition zp_multiboot_is_ram;    /* it ends by number; number[0] where it begins */
zp_condition zp_multiboot_wants_video;
zp_condition zp_multiboot_or_elf_of;   /* addresses, or an ELF of number bits; number[0] its class */
zp_condition zp_multiboot_flags_known; /* no flag of the low 16 bits outside number; number[0] flags */
zp_condition zp_has_inner;             /* the payload was unpacked to an ELF */
zp_condition zp_inner_has_note;        /* which has PHYS32_ENTRY; number[0] its address */
zp_condition zp_inner_unknown;         /* there is a payload, and nobody looked into it */
zp_condition zp_is_pe;
zp_condition zp_pe_is_for;          /* machine number; number[0] the machine */
zp_condition zp_pe_is_whole;        /* [0] where a section ends, [1] where the file does */
zp_condition zp_pe_is_application;  /* number[0] the subsystem */
zp_condition zp_has_esp;            /* number[0] partition, [2] first sector */
zp_condition zp_esp_is_fat;         /* number[0] where it is not, $w why */
zp_condition zp_esp_has_loader;     /* EFI/BOOT/BOOTX64.EFI: the same */
zp_condition zp_esp_is_pe;          /* the loader: has PE headers */
zp_condition zp_esp_is_for;         /* machine number; number[0] the machine */
zp_condition zp_esp_is_whole;       /* [0] where a section ends, [1] where the file does */
zp_condition zp_esp_is_application; /* number[0] the subsystem */
zp_condition zp_disk_magic;         /* AA55: number[0] */
zp_condition zp_disk_code;
zp_condition zp_disk_bootable;   /* the first sector is not that of a kernel */
zp_condition zp_cmdline_below;   /* number[0] the longest command line, below number */
zp_condition zp_initrd_too_high; /* not loadable above 4 GiB, and taken below number alone: number[0] */
zp_condition zp_initrd_below;    /* number[0] the highest address of an initrd, below number */

#endif
