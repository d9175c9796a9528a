/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * multiboot.h - Multiboot 1: the header in an image, the information it gets.
 *
 * Layouts of the Multiboot Specification 0.6.96, sections 3.1 "OS image
 * format" and 3.3 "Boot information format". The header is sought in the first
 * 8 KiB of the image at multiples of 4. The colour information of the frame
 * buffer lies where the specification's own multiboot.h puts it, at 112, which
 * is also where GRUB writes it; the table of later texts says 110.
 */
#ifndef ZEROPAGE_WIRE_MULTIBOOT_H
#define ZEROPAGE_WIRE_MULTIBOOT_H

#define ZP_MULTIBOOT_SEARCH           8192 /* bytes; the header lies wholly inside */
#define ZP_MULTIBOOT_HEADER_ALIGN     4
#define ZP_MULTIBOOT_HEADER_MAGIC     0x1badb002
#define ZP_MULTIBOOT_BOOTLOADER_MAGIC 0x2badb002 /* EAX at entry */
#define ZP_MULTIBOOT_MOD_ALIGN        0x1000
#define ZP_MULTIBOOT_INFO_ALIGN       4

/* multiboot_header.flags: bits 0 to 15 must be understood, or the boot fails */
#define ZP_MULTIBOOT_PAGE_ALIGN    0x00000001 /* modules on page boundaries */
#define ZP_MULTIBOOT_MEMORY_INFO   0x00000002
#define ZP_MULTIBOOT_VIDEO_MODE    0x00000004
#define ZP_MULTIBOOT_AOUT_KLUDGE   0x00010000 /* the address fields are valid and win */
#define ZP_MULTIBOOT_REQUIRED_MASK 0x0000ffff

/* multiboot_info.flags */
#define ZP_MULTIBOOT_INFO_MEMORY           0x00000001
#define ZP_MULTIBOOT_INFO_BOOTDEV          0x00000002
#define ZP_MULTIBOOT_INFO_CMDLINE          0x00000004
#define ZP_MULTIBOOT_INFO_MODS             0x00000008
#define ZP_MULTIBOOT_INFO_AOUT_SYMS        0x00000010
#define ZP_MULTIBOOT_INFO_ELF_SHDR         0x00000020
#define ZP_MULTIBOOT_INFO_MEM_MAP          0x00000040
#define ZP_MULTIBOOT_INFO_DRIVE_INFO       0x00000080
#define ZP_MULTIBOOT_INFO_CONFIG_TABLE     0x00000100
#define ZP_MULTIBOOT_INFO_BOOT_LOADER_NAME 0x00000200
#define ZP_MULTIBOOT_INFO_APM_TABLE        0x00000400
#define ZP_MULTIBOOT_INFO_VBE_INFO         0x00000800
#define ZP_MULTIBOOT_INFO_FRAMEBUFFER_INFO 0x00001000

/* multiboot_info.framebuffer_type */
#define ZP_MULTIBOOT_FRAMEBUFFER_TYPE_INDEXED  0
#define ZP_MULTIBOOT_FRAMEBUFFER_TYPE_RGB      1
#define ZP_MULTIBOOT_FRAMEBUFFER_TYPE_EGA_TEXT 2

/* multiboot_mmap_entry.type */
#define ZP_MULTIBOOT_MEMORY_AVAILABLE        1
#define ZP_MULTIBOOT_MEMORY_RESERVED         2
#define ZP_MULTIBOOT_MEMORY_ACPI_RECLAIMABLE 3
#define ZP_MULTIBOOT_MEMORY_NVS              4
#define ZP_MULTIBOOT_MEMORY_BADRAM           5

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#include <zeropage/static_assert.h>

struct zp_multiboot_header {
    uint32_t magic; /* ZP_MULTIBOOT_HEADER_MAGIC */
    uint32_t flags;
    uint32_t checksum; /* magic + flags + checksum = 0 modulo 2^32 */
    /* with ZP_MULTIBOOT_AOUT_KLUDGE: physical addresses */
    uint32_t header_addr;   /* of this header */
    uint32_t load_addr;     /* of the text; tells where in the file it starts */
    uint32_t load_end_addr; /* 0: to the end of the file */
    uint32_t bss_end_addr;  /* 0: no BSS */
    uint32_t entry_addr;
    /* with ZP_MULTIBOOT_VIDEO_MODE */
    uint32_t mode_type; /* 0 linear graphics, 1 EGA text */
    uint32_t width;     /* pixels or columns, 0: no preference */
    uint32_t height;    /* pixels or lines */
    uint32_t depth;     /* bits per pixel, 0 in text mode */
};

static_assert(offsetof(struct zp_multiboot_header, magic) == 0, "magic");
static_assert(offsetof(struct zp_multiboot_header, flags) == 4, "flags");
static_assert(offsetof(struct zp_multiboot_header, checksum) == 8, "checksum");
static_assert(offsetof(struct zp_multiboot_header, header_addr) == 12, "header_addr");
static_assert(offsetof(struct zp_multiboot_header, load_addr) == 16, "load_addr");
static_assert(offsetof(struct zp_multiboot_header, load_end_addr) == 20, "load_end_addr");
static_assert(offsetof(struct zp_multiboot_header, bss_end_addr) == 24, "bss_end_addr");
static_assert(offsetof(struct zp_multiboot_header, entry_addr) == 28, "entry_addr");
static_assert(offsetof(struct zp_multiboot_header, mode_type) == 32, "mode_type");
static_assert(offsetof(struct zp_multiboot_header, width) == 36, "width");
static_assert(offsetof(struct zp_multiboot_header, height) == 40, "height");
static_assert(offsetof(struct zp_multiboot_header, depth) == 44, "depth");
static_assert(sizeof(struct zp_multiboot_header) == 48, "size of multiboot_header");

/* Symbols of an a.out image */
struct zp_multiboot_aout_symbol_table {
    uint32_t tabsize; /* bytes */
    uint32_t strsize; /* bytes */
    uint32_t addr;
    uint32_t reserved;
};

static_assert(offsetof(struct zp_multiboot_aout_symbol_table, tabsize) == 0, "tabsize");
static_assert(offsetof(struct zp_multiboot_aout_symbol_table, strsize) == 4, "strsize");
static_assert(offsetof(struct zp_multiboot_aout_symbol_table, addr) == 8, "addr");
static_assert(offsetof(struct zp_multiboot_aout_symbol_table, reserved) == 12, "reserved");
static_assert(sizeof(struct zp_multiboot_aout_symbol_table) == 16, "size of multiboot_aout_symbol_table");

/* Section headers of an ELF image */
struct zp_multiboot_elf_section_header_table {
    uint32_t num;
    uint32_t size; /* bytes per header */
    uint32_t addr;
    uint32_t shndx; /* of the section names */
};

static_assert(offsetof(struct zp_multiboot_elf_section_header_table, num) == 0, "num");
static_assert(offsetof(struct zp_multiboot_elf_section_header_table, size) == 4, "size");
static_assert(offsetof(struct zp_multiboot_elf_section_header_table, addr) == 8, "addr");
static_assert(offsetof(struct zp_multiboot_elf_section_header_table, shndx) == 12, "shndx");
static_assert(sizeof(struct zp_multiboot_elf_section_header_table) == 16,
              "size of multiboot_elf_section_header_table");

/* What EBX points to at entry; a field counts when its flag is set */
struct zp_multiboot_info {
    uint32_t flags;       /* ZP_MULTIBOOT_INFO_* */
    uint32_t mem_lower;   /* KiB from 0, at most 640 */
    uint32_t mem_upper;   /* KiB from 1 MiB up to the first hole */
    uint32_t boot_device; /* BIOS drive in the top byte, then three partition levels */
    uint32_t cmdline;     /* NUL-terminated */
    uint32_t mods_count;
    uint32_t mods_addr; /* array of multiboot_mod_list */
    union {
        struct zp_multiboot_aout_symbol_table aout_sym;
        struct zp_multiboot_elf_section_header_table elf_sec;
    } u;
    uint32_t mmap_length;   /* bytes */
    uint32_t mmap_addr;     /* multiboot_mmap_entry after multiboot_mmap_entry */
    uint32_t drives_length; /* bytes */
    uint32_t drives_addr;
    uint32_t config_table;     /* as of INT 15h AH=C0h */
    uint32_t boot_loader_name; /* NUL-terminated */
    uint32_t apm_table;        /* multiboot_apm_info */
    uint32_t vbe_control_info;
    uint32_t vbe_mode_info;
    uint16_t vbe_mode;
    uint16_t vbe_interface_seg;
    uint16_t vbe_interface_off;
    uint16_t vbe_interface_len;
    uint64_t framebuffer_addr;
    uint32_t framebuffer_pitch; /* bytes per line */
    uint32_t framebuffer_width; /* pixels or characters */
    uint32_t framebuffer_height;
    uint8_t framebuffer_bpp;  /* bits per pixel */
    uint8_t framebuffer_type; /* ZP_MULTIBOOT_FRAMEBUFFER_TYPE_* */
    uint8_t _pad[2];
    __extension__ union {
        /* indexed colour */
        __extension__ struct {
            uint32_t framebuffer_palette_addr; /* array of multiboot_color */
            uint16_t framebuffer_palette_num_colors;
        };
        /* direct colour; positions and sizes in bits */
        __extension__ struct {
            uint8_t framebuffer_red_field_position;
            uint8_t framebuffer_red_mask_size;
            uint8_t framebuffer_green_field_position;
            uint8_t framebuffer_green_mask_size;
            uint8_t framebuffer_blue_field_position;
            uint8_t framebuffer_blue_mask_size;
        };
    };
};

static_assert(offsetof(struct zp_multiboot_info, flags) == 0, "flags");
static_assert(offsetof(struct zp_multiboot_info, mem_lower) == 4, "mem_lower");
static_assert(offsetof(struct zp_multiboot_info, mem_upper) == 8, "mem_upper");
static_assert(offsetof(struct zp_multiboot_info, boot_device) == 12, "boot_device");
static_assert(offsetof(struct zp_multiboot_info, cmdline) == 16, "cmdline");
static_assert(offsetof(struct zp_multiboot_info, mods_count) == 20, "mods_count");
static_assert(offsetof(struct zp_multiboot_info, mods_addr) == 24, "mods_addr");
static_assert(offsetof(struct zp_multiboot_info, u.aout_sym) == 28, "u.aout_sym");
static_assert(offsetof(struct zp_multiboot_info, u.elf_sec) == 28, "u.elf_sec");
static_assert(offsetof(struct zp_multiboot_info, u) == 28, "u");
static_assert(offsetof(struct zp_multiboot_info, mmap_length) == 44, "mmap_length");
static_assert(offsetof(struct zp_multiboot_info, mmap_addr) == 48, "mmap_addr");
static_assert(offsetof(struct zp_multiboot_info, drives_length) == 52, "drives_length");
static_assert(offsetof(struct zp_multiboot_info, drives_addr) == 56, "drives_addr");
static_assert(offsetof(struct zp_multiboot_info, config_table) == 60, "config_table");
static_assert(offsetof(struct zp_multiboot_info, boot_loader_name) == 64, "boot_loader_name");
static_assert(offsetof(struct zp_multiboot_info, apm_table) == 68, "apm_table");
static_assert(offsetof(struct zp_multiboot_info, vbe_control_info) == 72, "vbe_control_info");
static_assert(offsetof(struct zp_multiboot_info, vbe_mode_info) == 76, "vbe_mode_info");
static_assert(offsetof(struct zp_multiboot_info, vbe_mode) == 80, "vbe_mode");
static_assert(offsetof(struct zp_multiboot_info, vbe_interface_seg) == 82, "vbe_interface_seg");
static_assert(offsetof(struct zp_multiboot_info, vbe_interface_off) == 84, "vbe_interface_off");
static_assert(offsetof(struct zp_multiboot_info, vbe_interface_len) == 86, "vbe_interface_len");
static_assert(offsetof(struct zp_multiboot_info, framebuffer_addr) == 88, "framebuffer_addr");
static_assert(offsetof(struct zp_multiboot_info, framebuffer_pitch) == 96, "framebuffer_pitch");
static_assert(offsetof(struct zp_multiboot_info, framebuffer_width) == 100, "framebuffer_width");
static_assert(offsetof(struct zp_multiboot_info, framebuffer_height) == 104, "framebuffer_height");
static_assert(offsetof(struct zp_multiboot_info, framebuffer_bpp) == 108, "framebuffer_bpp");
static_assert(offsetof(struct zp_multiboot_info, framebuffer_type) == 109, "framebuffer_type");
static_assert(offsetof(struct zp_multiboot_info, framebuffer_palette_addr) == 112,
              "framebuffer_palette_addr");
static_assert(offsetof(struct zp_multiboot_info, framebuffer_palette_num_colors) == 116,
              "framebuffer_palette_num_colors");
static_assert(offsetof(struct zp_multiboot_info, framebuffer_red_field_position) == 112,
              "framebuffer_red_field_position");
static_assert(offsetof(struct zp_multiboot_info, framebuffer_red_mask_size) == 113,
              "framebuffer_red_mask_size");
static_assert(offsetof(struct zp_multiboot_info, framebuffer_green_field_position) == 114,
              "framebuffer_green_field_position");
static_assert(offsetof(struct zp_multiboot_info, framebuffer_green_mask_size) == 115,
              "framebuffer_green_mask_size");
static_assert(offsetof(struct zp_multiboot_info, framebuffer_blue_field_position) == 116,
              "framebuffer_blue_field_position");
static_assert(offsetof(struct zp_multiboot_info, framebuffer_blue_mask_size) == 117,
              "framebuffer_blue_mask_size");
static_assert(sizeof(struct zp_multiboot_info) == 120, "size of multiboot_info");

struct zp_multiboot_color {
    uint8_t red;
    uint8_t green;
    uint8_t blue;
};

static_assert(offsetof(struct zp_multiboot_color, red) == 0, "red");
static_assert(offsetof(struct zp_multiboot_color, green) == 1, "green");
static_assert(offsetof(struct zp_multiboot_color, blue) == 2, "blue");
static_assert(sizeof(struct zp_multiboot_color) == 3, "size of multiboot_color");

/* One range of the map; the next one lies size + 4 bytes on */
struct zp_multiboot_mmap_entry {
    uint32_t size; /* bytes after this word, at least 20 */
    uint64_t addr;
    uint64_t len;  /* bytes */
    uint32_t type; /* ZP_MULTIBOOT_MEMORY_* */
} __attribute__((packed));

static_assert(offsetof(struct zp_multiboot_mmap_entry, size) == 0, "size");
static_assert(offsetof(struct zp_multiboot_mmap_entry, addr) == 4, "addr");
static_assert(offsetof(struct zp_multiboot_mmap_entry, len) == 12, "len");
static_assert(offsetof(struct zp_multiboot_mmap_entry, type) == 20, "type");
static_assert(sizeof(struct zp_multiboot_mmap_entry) == 24, "size of multiboot_mmap_entry");

struct zp_multiboot_mod_list {
    uint32_t mod_start; /* physical address */
    uint32_t mod_end;   /* first byte after it */
    uint32_t cmdline;   /* NUL-terminated */
    uint32_t pad;       /* 0 */
};

static_assert(offsetof(struct zp_multiboot_mod_list, mod_start) == 0, "mod_start");
static_assert(offsetof(struct zp_multiboot_mod_list, mod_end) == 4, "mod_end");
static_assert(offsetof(struct zp_multiboot_mod_list, cmdline) == 8, "cmdline");
static_assert(offsetof(struct zp_multiboot_mod_list, pad) == 12, "pad");
static_assert(sizeof(struct zp_multiboot_mod_list) == 16, "size of multiboot_mod_list");

struct zp_multiboot_apm_info {
    uint16_t version;
    uint16_t cseg;
    uint32_t offset;
    uint16_t cseg_16;
    uint16_t dseg;
    uint16_t flags;
    uint16_t cseg_len;
    uint16_t cseg_16_len;
    uint16_t dseg_len;
};

static_assert(offsetof(struct zp_multiboot_apm_info, version) == 0, "version");
static_assert(offsetof(struct zp_multiboot_apm_info, cseg) == 2, "cseg");
static_assert(offsetof(struct zp_multiboot_apm_info, offset) == 4, "offset");
static_assert(offsetof(struct zp_multiboot_apm_info, cseg_16) == 8, "cseg_16");
static_assert(offsetof(struct zp_multiboot_apm_info, dseg) == 10, "dseg");
static_assert(offsetof(struct zp_multiboot_apm_info, flags) == 12, "flags");
static_assert(offsetof(struct zp_multiboot_apm_info, cseg_len) == 14, "cseg_len");
static_assert(offsetof(struct zp_multiboot_apm_info, cseg_16_len) == 16, "cseg_16_len");
static_assert(offsetof(struct zp_multiboot_apm_info, dseg_len) == 18, "dseg_len");
static_assert(sizeof(struct zp_multiboot_apm_info) == 20, "size of multiboot_apm_info");

#endif /* !__ASSEMBLER__ */

#endif
