/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * multiboot2.h - Multiboot 2: header tags in an image, information tags for it.
 *
 * Layouts of the Multiboot2 Specification 2.0, sections 3.1 "OS image format"
 * and 3.6 "Boot information". The header is sought in the first 32 KiB of the
 * image at multiples of 8; every tag starts on a multiple of 8. Where text and
 * example header of the specification differ (ELF sections, palette), this
 * follows the header, as GRUB and the kernels do.
 */
#ifndef ZEROPAGE_WIRE_MULTIBOOT2_H
#define ZEROPAGE_WIRE_MULTIBOOT2_H

#define ZP_MULTIBOOT2_SEARCH           32768 /* bytes; the header lies wholly inside */
#define ZP_MULTIBOOT2_HEADER_ALIGN     8
#define ZP_MULTIBOOT2_HEADER_MAGIC     0xe85250d6
#define ZP_MULTIBOOT2_BOOTLOADER_MAGIC 0x36d76289 /* EAX at entry */
#define ZP_MULTIBOOT2_MOD_ALIGN        0x1000
#define ZP_MULTIBOOT2_INFO_ALIGN       8
#define ZP_MULTIBOOT2_TAG_ALIGN        8

/* multiboot2_header.architecture */
#define ZP_MULTIBOOT2_ARCHITECTURE_I386   0
#define ZP_MULTIBOOT2_ARCHITECTURE_MIPS32 4

/* multiboot2_header_tag.type */
#define ZP_MULTIBOOT2_HEADER_TAG_END                 0
#define ZP_MULTIBOOT2_HEADER_TAG_INFORMATION_REQUEST 1
#define ZP_MULTIBOOT2_HEADER_TAG_ADDRESS             2
#define ZP_MULTIBOOT2_HEADER_TAG_ENTRY_ADDRESS       3
#define ZP_MULTIBOOT2_HEADER_TAG_CONSOLE_FLAGS       4
#define ZP_MULTIBOOT2_HEADER_TAG_FRAMEBUFFER         5
#define ZP_MULTIBOOT2_HEADER_TAG_MODULE_ALIGN        6
#define ZP_MULTIBOOT2_HEADER_TAG_EFI_BS              7
#define ZP_MULTIBOOT2_HEADER_TAG_ENTRY_ADDRESS_EFI32 8
#define ZP_MULTIBOOT2_HEADER_TAG_ENTRY_ADDRESS_EFI64 9
#define ZP_MULTIBOOT2_HEADER_TAG_RELOCATABLE         10

/* multiboot2_header_tag.flags: a loader may ignore the tag */
#define ZP_MULTIBOOT2_HEADER_TAG_OPTIONAL 1

/* multiboot2_header_tag_console_flags.console_flags */
#define ZP_MULTIBOOT2_CONSOLE_FLAGS_CONSOLE_REQUIRED   1
#define ZP_MULTIBOOT2_CONSOLE_FLAGS_EGA_TEXT_SUPPORTED 2

/* multiboot2_header_tag_relocatable.preference */
#define ZP_MULTIBOOT2_LOAD_PREFERENCE_NONE 0
#define ZP_MULTIBOOT2_LOAD_PREFERENCE_LOW  1
#define ZP_MULTIBOOT2_LOAD_PREFERENCE_HIGH 2

/* multiboot2_tag.type */
#define ZP_MULTIBOOT2_TAG_TYPE_END              0
#define ZP_MULTIBOOT2_TAG_TYPE_CMDLINE          1
#define ZP_MULTIBOOT2_TAG_TYPE_BOOT_LOADER_NAME 2
#define ZP_MULTIBOOT2_TAG_TYPE_MODULE           3
#define ZP_MULTIBOOT2_TAG_TYPE_BASIC_MEMINFO    4
#define ZP_MULTIBOOT2_TAG_TYPE_BOOTDEV          5
#define ZP_MULTIBOOT2_TAG_TYPE_MMAP             6
#define ZP_MULTIBOOT2_TAG_TYPE_VBE              7
#define ZP_MULTIBOOT2_TAG_TYPE_FRAMEBUFFER      8
#define ZP_MULTIBOOT2_TAG_TYPE_ELF_SECTIONS     9
#define ZP_MULTIBOOT2_TAG_TYPE_APM              10
#define ZP_MULTIBOOT2_TAG_TYPE_EFI32            11
#define ZP_MULTIBOOT2_TAG_TYPE_EFI64            12
#define ZP_MULTIBOOT2_TAG_TYPE_SMBIOS           13
#define ZP_MULTIBOOT2_TAG_TYPE_ACPI_OLD         14
#define ZP_MULTIBOOT2_TAG_TYPE_ACPI_NEW         15
#define ZP_MULTIBOOT2_TAG_TYPE_NETWORK          16
#define ZP_MULTIBOOT2_TAG_TYPE_EFI_MMAP         17
#define ZP_MULTIBOOT2_TAG_TYPE_EFI_BS           18
#define ZP_MULTIBOOT2_TAG_TYPE_EFI32_IH         19
#define ZP_MULTIBOOT2_TAG_TYPE_EFI64_IH         20
#define ZP_MULTIBOOT2_TAG_TYPE_LOAD_BASE_ADDR   21

/* multiboot2_mmap_entry.type */
#define ZP_MULTIBOOT2_MEMORY_AVAILABLE        1
#define ZP_MULTIBOOT2_MEMORY_RESERVED         2
#define ZP_MULTIBOOT2_MEMORY_ACPI_RECLAIMABLE 3
#define ZP_MULTIBOOT2_MEMORY_NVS              4
#define ZP_MULTIBOOT2_MEMORY_BADRAM           5

/* multiboot2_tag_framebuffer.framebuffer_type */
#define ZP_MULTIBOOT2_FRAMEBUFFER_TYPE_INDEXED  0
#define ZP_MULTIBOOT2_FRAMEBUFFER_TYPE_RGB      1
#define ZP_MULTIBOOT2_FRAMEBUFFER_TYPE_EGA_TEXT 2

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#include <zeropage/static_assert.h>

/* --- in the image --- */

struct zp_multiboot2_header {
    uint32_t magic;         /* ZP_MULTIBOOT2_HEADER_MAGIC */
    uint32_t architecture;  /* ZP_MULTIBOOT2_ARCHITECTURE_* */
    uint32_t header_length; /* bytes, with all tags */
    uint32_t checksum;      /* the four words sum to 0 modulo 2^32 */
};

static_assert(offsetof(struct zp_multiboot2_header, magic) == 0, "magic");
static_assert(offsetof(struct zp_multiboot2_header, architecture) == 4, "architecture");
static_assert(offsetof(struct zp_multiboot2_header, header_length) == 8, "header_length");
static_assert(offsetof(struct zp_multiboot2_header, checksum) == 12, "checksum");
static_assert(sizeof(struct zp_multiboot2_header) == 16, "size of multiboot2_header");

/* How each header tag starts */
struct zp_multiboot2_header_tag {
    uint16_t type;  /* ZP_MULTIBOOT2_HEADER_TAG_* */
    uint16_t flags; /* ZP_MULTIBOOT2_HEADER_TAG_OPTIONAL */
    uint32_t size;  /* bytes of the tag, padding not counted */
};

static_assert(offsetof(struct zp_multiboot2_header_tag, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_header_tag, flags) == 2, "flags");
static_assert(offsetof(struct zp_multiboot2_header_tag, size) == 4, "size");
static_assert(sizeof(struct zp_multiboot2_header_tag) == 8, "size of multiboot2_header_tag");

struct zp_multiboot2_header_tag_information_request {
    uint16_t type;
    uint16_t flags;
    uint32_t size;
    __extension__ uint32_t requests[]; /* ZP_MULTIBOOT2_TAG_TYPE_* */
};

static_assert(offsetof(struct zp_multiboot2_header_tag_information_request, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_header_tag_information_request, flags) == 2, "flags");
static_assert(offsetof(struct zp_multiboot2_header_tag_information_request, size) == 4, "size");
static_assert(offsetof(struct zp_multiboot2_header_tag_information_request, requests) == 8, "requests");
static_assert(sizeof(struct zp_multiboot2_header_tag_information_request) == 8,
              "size of multiboot2_header_tag_information_request");

struct zp_multiboot2_header_tag_address {
    uint16_t type;
    uint16_t flags;
    uint32_t size;
    uint32_t header_addr;   /* where the header itself is to lie */
    uint32_t load_addr;     /* 0xffffffff: load the file from its start */
    uint32_t load_end_addr; /* 0: to the end of the file */
    uint32_t bss_end_addr;  /* 0: no BSS */
};

static_assert(offsetof(struct zp_multiboot2_header_tag_address, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_header_tag_address, flags) == 2, "flags");
static_assert(offsetof(struct zp_multiboot2_header_tag_address, size) == 4, "size");
static_assert(offsetof(struct zp_multiboot2_header_tag_address, header_addr) == 8, "header_addr");
static_assert(offsetof(struct zp_multiboot2_header_tag_address, load_addr) == 12, "load_addr");
static_assert(offsetof(struct zp_multiboot2_header_tag_address, load_end_addr) == 16, "load_end_addr");
static_assert(offsetof(struct zp_multiboot2_header_tag_address, bss_end_addr) == 20, "bss_end_addr");
static_assert(sizeof(struct zp_multiboot2_header_tag_address) == 24, "size of multiboot2_header_tag_address");

/* Also ZP_MULTIBOOT2_HEADER_TAG_ENTRY_ADDRESS_EFI32 and _EFI64 */
struct zp_multiboot2_header_tag_entry_address {
    uint16_t type;
    uint16_t flags;
    uint32_t size;
    uint32_t entry_addr;
};

static_assert(offsetof(struct zp_multiboot2_header_tag_entry_address, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_header_tag_entry_address, flags) == 2, "flags");
static_assert(offsetof(struct zp_multiboot2_header_tag_entry_address, size) == 4, "size");
static_assert(offsetof(struct zp_multiboot2_header_tag_entry_address, entry_addr) == 8, "entry_addr");
static_assert(sizeof(struct zp_multiboot2_header_tag_entry_address) == 12,
              "size of multiboot2_header_tag_entry_address");

struct zp_multiboot2_header_tag_console_flags {
    uint16_t type;
    uint16_t flags;
    uint32_t size;
    uint32_t console_flags; /* ZP_MULTIBOOT2_CONSOLE_FLAGS_* */
};

static_assert(offsetof(struct zp_multiboot2_header_tag_console_flags, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_header_tag_console_flags, flags) == 2, "flags");
static_assert(offsetof(struct zp_multiboot2_header_tag_console_flags, size) == 4, "size");
static_assert(offsetof(struct zp_multiboot2_header_tag_console_flags, console_flags) == 8, "console_flags");
static_assert(sizeof(struct zp_multiboot2_header_tag_console_flags) == 12,
              "size of multiboot2_header_tag_console_flags");

struct zp_multiboot2_header_tag_framebuffer {
    uint16_t type;
    uint16_t flags;
    uint32_t size;
    uint32_t width; /* pixels or characters, 0: no preference */
    uint32_t height;
    uint32_t depth; /* bits per pixel, 0 in text mode */
};

static_assert(offsetof(struct zp_multiboot2_header_tag_framebuffer, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_header_tag_framebuffer, flags) == 2, "flags");
static_assert(offsetof(struct zp_multiboot2_header_tag_framebuffer, size) == 4, "size");
static_assert(offsetof(struct zp_multiboot2_header_tag_framebuffer, width) == 8, "width");
static_assert(offsetof(struct zp_multiboot2_header_tag_framebuffer, height) == 12, "height");
static_assert(offsetof(struct zp_multiboot2_header_tag_framebuffer, depth) == 16, "depth");
static_assert(sizeof(struct zp_multiboot2_header_tag_framebuffer) == 20,
              "size of multiboot2_header_tag_framebuffer");

struct zp_multiboot2_header_tag_module_align {
    uint16_t type;
    uint16_t flags;
    uint32_t size;
};

static_assert(offsetof(struct zp_multiboot2_header_tag_module_align, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_header_tag_module_align, flags) == 2, "flags");
static_assert(offsetof(struct zp_multiboot2_header_tag_module_align, size) == 4, "size");
static_assert(sizeof(struct zp_multiboot2_header_tag_module_align) == 8,
              "size of multiboot2_header_tag_module_align");

struct zp_multiboot2_header_tag_relocatable {
    uint16_t type;
    uint16_t flags;
    uint32_t size;
    uint32_t min_addr;
    uint32_t max_addr;   /* of the image's last byte */
    uint32_t align;      /* bytes */
    uint32_t preference; /* ZP_MULTIBOOT2_LOAD_PREFERENCE_* */
};

static_assert(offsetof(struct zp_multiboot2_header_tag_relocatable, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_header_tag_relocatable, flags) == 2, "flags");
static_assert(offsetof(struct zp_multiboot2_header_tag_relocatable, size) == 4, "size");
static_assert(offsetof(struct zp_multiboot2_header_tag_relocatable, min_addr) == 8, "min_addr");
static_assert(offsetof(struct zp_multiboot2_header_tag_relocatable, max_addr) == 12, "max_addr");
static_assert(offsetof(struct zp_multiboot2_header_tag_relocatable, align) == 16, "align");
static_assert(offsetof(struct zp_multiboot2_header_tag_relocatable, preference) == 20, "preference");
static_assert(sizeof(struct zp_multiboot2_header_tag_relocatable) == 24,
              "size of multiboot2_header_tag_relocatable");

/* --- in memory at entry --- */

/* What EBX points to; the tags follow */
struct zp_multiboot2_info {
    uint32_t total_size; /* bytes, with this and the end tag */
    uint32_t reserved;   /* 0 */
};

static_assert(offsetof(struct zp_multiboot2_info, total_size) == 0, "total_size");
static_assert(offsetof(struct zp_multiboot2_info, reserved) == 4, "reserved");
static_assert(sizeof(struct zp_multiboot2_info) == 8, "size of multiboot2_info");

/* How each information tag starts */
struct zp_multiboot2_tag {
    uint32_t type; /* ZP_MULTIBOOT2_TAG_TYPE_* */
    uint32_t size; /* bytes of the tag, padding not counted */
};

static_assert(offsetof(struct zp_multiboot2_tag, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_tag, size) == 4, "size");
static_assert(sizeof(struct zp_multiboot2_tag) == 8, "size of multiboot2_tag");

/* Command line and name of the boot loader */
struct zp_multiboot2_tag_string {
    uint32_t type;
    uint32_t size;
    __extension__ char string[]; /* NUL-terminated */
};

static_assert(offsetof(struct zp_multiboot2_tag_string, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_tag_string, size) == 4, "size");
static_assert(offsetof(struct zp_multiboot2_tag_string, string) == 8, "string");
static_assert(sizeof(struct zp_multiboot2_tag_string) == 8, "size of multiboot2_tag_string");

struct zp_multiboot2_tag_module {
    uint32_t type;
    uint32_t size;
    uint32_t mod_start;           /* physical address */
    uint32_t mod_end;             /* first byte after it */
    __extension__ char cmdline[]; /* NUL-terminated */
};

static_assert(offsetof(struct zp_multiboot2_tag_module, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_tag_module, size) == 4, "size");
static_assert(offsetof(struct zp_multiboot2_tag_module, mod_start) == 8, "mod_start");
static_assert(offsetof(struct zp_multiboot2_tag_module, mod_end) == 12, "mod_end");
static_assert(offsetof(struct zp_multiboot2_tag_module, cmdline) == 16, "cmdline");
static_assert(sizeof(struct zp_multiboot2_tag_module) == 16, "size of multiboot2_tag_module");

struct zp_multiboot2_tag_basic_meminfo {
    uint32_t type;
    uint32_t size;
    uint32_t mem_lower; /* KiB from 0 */
    uint32_t mem_upper; /* KiB from 1 MiB up to the first hole */
};

static_assert(offsetof(struct zp_multiboot2_tag_basic_meminfo, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_tag_basic_meminfo, size) == 4, "size");
static_assert(offsetof(struct zp_multiboot2_tag_basic_meminfo, mem_lower) == 8, "mem_lower");
static_assert(offsetof(struct zp_multiboot2_tag_basic_meminfo, mem_upper) == 12, "mem_upper");
static_assert(sizeof(struct zp_multiboot2_tag_basic_meminfo) == 16, "size of multiboot2_tag_basic_meminfo");

struct zp_multiboot2_tag_bootdev {
    uint32_t type;
    uint32_t size;
    uint32_t biosdev; /* BIOS drive */
    uint32_t slice;   /* partition, 0xffffffff: none */
    uint32_t part;    /* sub-partition, 0xffffffff: none */
};

static_assert(offsetof(struct zp_multiboot2_tag_bootdev, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_tag_bootdev, size) == 4, "size");
static_assert(offsetof(struct zp_multiboot2_tag_bootdev, biosdev) == 8, "biosdev");
static_assert(offsetof(struct zp_multiboot2_tag_bootdev, slice) == 12, "slice");
static_assert(offsetof(struct zp_multiboot2_tag_bootdev, part) == 16, "part");
static_assert(sizeof(struct zp_multiboot2_tag_bootdev) == 20, "size of multiboot2_tag_bootdev");

struct zp_multiboot2_mmap_entry {
    uint64_t addr;
    uint64_t len;  /* bytes */
    uint32_t type; /* ZP_MULTIBOOT2_MEMORY_* */
    uint32_t zero;
};

static_assert(offsetof(struct zp_multiboot2_mmap_entry, addr) == 0, "addr");
static_assert(offsetof(struct zp_multiboot2_mmap_entry, len) == 8, "len");
static_assert(offsetof(struct zp_multiboot2_mmap_entry, type) == 16, "type");
static_assert(offsetof(struct zp_multiboot2_mmap_entry, zero) == 20, "zero");
static_assert(sizeof(struct zp_multiboot2_mmap_entry) == 24, "size of multiboot2_mmap_entry");

/* Entries of entry_size bytes follow; read their first 24 */
struct zp_multiboot2_tag_mmap {
    uint32_t type;
    uint32_t size;
    uint32_t entry_size;    /* bytes, a multiple of 8 */
    uint32_t entry_version; /* 0 */
};

static_assert(offsetof(struct zp_multiboot2_tag_mmap, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_tag_mmap, size) == 4, "size");
static_assert(offsetof(struct zp_multiboot2_tag_mmap, entry_size) == 8, "entry_size");
static_assert(offsetof(struct zp_multiboot2_tag_mmap, entry_version) == 12, "entry_version");
static_assert(sizeof(struct zp_multiboot2_tag_mmap) == 16, "size of multiboot2_tag_mmap");

struct zp_multiboot2_tag_vbe {
    uint32_t type;
    uint32_t size;
    uint16_t vbe_mode;
    uint16_t vbe_interface_seg;
    uint16_t vbe_interface_off;
    uint16_t vbe_interface_len;
    uint8_t vbe_control_info[512];
    uint8_t vbe_mode_info[256];
};

static_assert(offsetof(struct zp_multiboot2_tag_vbe, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_tag_vbe, size) == 4, "size");
static_assert(offsetof(struct zp_multiboot2_tag_vbe, vbe_mode) == 8, "vbe_mode");
static_assert(offsetof(struct zp_multiboot2_tag_vbe, vbe_interface_seg) == 10, "vbe_interface_seg");
static_assert(offsetof(struct zp_multiboot2_tag_vbe, vbe_interface_off) == 12, "vbe_interface_off");
static_assert(offsetof(struct zp_multiboot2_tag_vbe, vbe_interface_len) == 14, "vbe_interface_len");
static_assert(offsetof(struct zp_multiboot2_tag_vbe, vbe_control_info) == 16, "vbe_control_info");
static_assert(offsetof(struct zp_multiboot2_tag_vbe, vbe_mode_info) == 528, "vbe_mode_info");
static_assert(sizeof(struct zp_multiboot2_tag_vbe) == 784, "size of multiboot2_tag_vbe");

struct zp_multiboot2_color {
    uint8_t red;
    uint8_t green;
    uint8_t blue;
};

static_assert(offsetof(struct zp_multiboot2_color, red) == 0, "red");
static_assert(offsetof(struct zp_multiboot2_color, green) == 1, "green");
static_assert(offsetof(struct zp_multiboot2_color, blue) == 2, "blue");
static_assert(sizeof(struct zp_multiboot2_color) == 3, "size of multiboot2_color");

/* One of the two colour descriptions follows, by framebuffer_type */
struct zp_multiboot2_tag_framebuffer {
    uint32_t type;
    uint32_t size;
    uint64_t framebuffer_addr;
    uint32_t framebuffer_pitch; /* bytes per line */
    uint32_t framebuffer_width; /* pixels or characters */
    uint32_t framebuffer_height;
    uint8_t framebuffer_bpp;  /* bits per pixel */
    uint8_t framebuffer_type; /* ZP_MULTIBOOT2_FRAMEBUFFER_TYPE_* */
    uint16_t reserved;        /* 0 */
};

static_assert(offsetof(struct zp_multiboot2_tag_framebuffer, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_tag_framebuffer, size) == 4, "size");
static_assert(offsetof(struct zp_multiboot2_tag_framebuffer, framebuffer_addr) == 8, "framebuffer_addr");
static_assert(offsetof(struct zp_multiboot2_tag_framebuffer, framebuffer_pitch) == 16, "framebuffer_pitch");
static_assert(offsetof(struct zp_multiboot2_tag_framebuffer, framebuffer_width) == 20, "framebuffer_width");
static_assert(offsetof(struct zp_multiboot2_tag_framebuffer, framebuffer_height) == 24, "framebuffer_height");
static_assert(offsetof(struct zp_multiboot2_tag_framebuffer, framebuffer_bpp) == 28, "framebuffer_bpp");
static_assert(offsetof(struct zp_multiboot2_tag_framebuffer, framebuffer_type) == 29, "framebuffer_type");
static_assert(offsetof(struct zp_multiboot2_tag_framebuffer, reserved) == 30, "reserved");
static_assert(sizeof(struct zp_multiboot2_tag_framebuffer) == 32, "size of multiboot2_tag_framebuffer");

/* Indexed colour; that many multiboot2_color follow */
struct zp_multiboot2_framebuffer_palette {
    uint16_t framebuffer_palette_num_colors;
};

static_assert(offsetof(struct zp_multiboot2_framebuffer_palette, framebuffer_palette_num_colors) == 0,
              "framebuffer_palette_num_colors");
static_assert(sizeof(struct zp_multiboot2_framebuffer_palette) == 2,
              "size of multiboot2_framebuffer_palette");

/* Direct colour; positions and sizes in bits */
struct zp_multiboot2_framebuffer_rgb {
    uint8_t framebuffer_red_field_position;
    uint8_t framebuffer_red_mask_size;
    uint8_t framebuffer_green_field_position;
    uint8_t framebuffer_green_mask_size;
    uint8_t framebuffer_blue_field_position;
    uint8_t framebuffer_blue_mask_size;
};

static_assert(offsetof(struct zp_multiboot2_framebuffer_rgb, framebuffer_red_field_position) == 0,
              "framebuffer_red_field_position");
static_assert(offsetof(struct zp_multiboot2_framebuffer_rgb, framebuffer_red_mask_size) == 1,
              "framebuffer_red_mask_size");
static_assert(offsetof(struct zp_multiboot2_framebuffer_rgb, framebuffer_green_field_position) == 2,
              "framebuffer_green_field_position");
static_assert(offsetof(struct zp_multiboot2_framebuffer_rgb, framebuffer_green_mask_size) == 3,
              "framebuffer_green_mask_size");
static_assert(offsetof(struct zp_multiboot2_framebuffer_rgb, framebuffer_blue_field_position) == 4,
              "framebuffer_blue_field_position");
static_assert(offsetof(struct zp_multiboot2_framebuffer_rgb, framebuffer_blue_mask_size) == 5,
              "framebuffer_blue_mask_size");
static_assert(sizeof(struct zp_multiboot2_framebuffer_rgb) == 6, "size of multiboot2_framebuffer_rgb");

/* The section headers follow, num * entsize bytes */
struct zp_multiboot2_tag_elf_sections {
    uint32_t type;
    uint32_t size;
    uint32_t num;
    uint32_t entsize; /* bytes */
    uint32_t shndx;   /* of the section names */
};

static_assert(offsetof(struct zp_multiboot2_tag_elf_sections, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_tag_elf_sections, size) == 4, "size");
static_assert(offsetof(struct zp_multiboot2_tag_elf_sections, num) == 8, "num");
static_assert(offsetof(struct zp_multiboot2_tag_elf_sections, entsize) == 12, "entsize");
static_assert(offsetof(struct zp_multiboot2_tag_elf_sections, shndx) == 16, "shndx");
static_assert(sizeof(struct zp_multiboot2_tag_elf_sections) == 20, "size of multiboot2_tag_elf_sections");

struct zp_multiboot2_tag_apm {
    uint32_t type;
    uint32_t size;
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

static_assert(offsetof(struct zp_multiboot2_tag_apm, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_tag_apm, size) == 4, "size");
static_assert(offsetof(struct zp_multiboot2_tag_apm, version) == 8, "version");
static_assert(offsetof(struct zp_multiboot2_tag_apm, cseg) == 10, "cseg");
static_assert(offsetof(struct zp_multiboot2_tag_apm, offset) == 12, "offset");
static_assert(offsetof(struct zp_multiboot2_tag_apm, cseg_16) == 16, "cseg_16");
static_assert(offsetof(struct zp_multiboot2_tag_apm, dseg) == 18, "dseg");
static_assert(offsetof(struct zp_multiboot2_tag_apm, flags) == 20, "flags");
static_assert(offsetof(struct zp_multiboot2_tag_apm, cseg_len) == 22, "cseg_len");
static_assert(offsetof(struct zp_multiboot2_tag_apm, cseg_16_len) == 24, "cseg_16_len");
static_assert(offsetof(struct zp_multiboot2_tag_apm, dseg_len) == 26, "dseg_len");
static_assert(sizeof(struct zp_multiboot2_tag_apm) == 28, "size of multiboot2_tag_apm");

/* EFI system table; also ZP_MULTIBOOT2_TAG_TYPE_EFI32_IH, the image handle */
struct zp_multiboot2_tag_efi32 {
    uint32_t type;
    uint32_t size;
    uint32_t pointer;
};

static_assert(offsetof(struct zp_multiboot2_tag_efi32, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_tag_efi32, size) == 4, "size");
static_assert(offsetof(struct zp_multiboot2_tag_efi32, pointer) == 8, "pointer");
static_assert(sizeof(struct zp_multiboot2_tag_efi32) == 12, "size of multiboot2_tag_efi32");

/* EFI system table; also ZP_MULTIBOOT2_TAG_TYPE_EFI64_IH, the image handle */
struct zp_multiboot2_tag_efi64 {
    uint32_t type;
    uint32_t size;
    uint64_t pointer;
};

static_assert(offsetof(struct zp_multiboot2_tag_efi64, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_tag_efi64, size) == 4, "size");
static_assert(offsetof(struct zp_multiboot2_tag_efi64, pointer) == 8, "pointer");
static_assert(sizeof(struct zp_multiboot2_tag_efi64) == 16, "size of multiboot2_tag_efi64");

struct zp_multiboot2_tag_smbios {
    uint32_t type;
    uint32_t size;
    uint8_t major;
    uint8_t minor;
    uint8_t reserved[6];
    __extension__ uint8_t tables[];
};

static_assert(offsetof(struct zp_multiboot2_tag_smbios, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_tag_smbios, size) == 4, "size");
static_assert(offsetof(struct zp_multiboot2_tag_smbios, major) == 8, "major");
static_assert(offsetof(struct zp_multiboot2_tag_smbios, minor) == 9, "minor");
static_assert(offsetof(struct zp_multiboot2_tag_smbios, reserved) == 10, "reserved");
static_assert(offsetof(struct zp_multiboot2_tag_smbios, tables) == 16, "tables");
static_assert(sizeof(struct zp_multiboot2_tag_smbios) == 16, "size of multiboot2_tag_smbios");

/* A copy of the RSDP: version 1 in _ACPI_OLD, version 2 in _ACPI_NEW */
struct zp_multiboot2_tag_acpi {
    uint32_t type;
    uint32_t size;
    __extension__ uint8_t rsdp[];
};

static_assert(offsetof(struct zp_multiboot2_tag_acpi, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_tag_acpi, size) == 4, "size");
static_assert(offsetof(struct zp_multiboot2_tag_acpi, rsdp) == 8, "rsdp");
static_assert(sizeof(struct zp_multiboot2_tag_acpi) == 8, "size of multiboot2_tag_acpi");

struct zp_multiboot2_tag_network {
    uint32_t type;
    uint32_t size;
    __extension__ uint8_t dhcpack[];
};

static_assert(offsetof(struct zp_multiboot2_tag_network, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_tag_network, size) == 4, "size");
static_assert(offsetof(struct zp_multiboot2_tag_network, dhcpack) == 8, "dhcpack");
static_assert(sizeof(struct zp_multiboot2_tag_network) == 8, "size of multiboot2_tag_network");

struct zp_multiboot2_tag_efi_mmap {
    uint32_t type;
    uint32_t size;
    uint32_t descr_size; /* bytes per descriptor */
    uint32_t descr_vers;
    __extension__ uint8_t efi_mmap[];
};

static_assert(offsetof(struct zp_multiboot2_tag_efi_mmap, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_tag_efi_mmap, size) == 4, "size");
static_assert(offsetof(struct zp_multiboot2_tag_efi_mmap, descr_size) == 8, "descr_size");
static_assert(offsetof(struct zp_multiboot2_tag_efi_mmap, descr_vers) == 12, "descr_vers");
static_assert(offsetof(struct zp_multiboot2_tag_efi_mmap, efi_mmap) == 16, "efi_mmap");
static_assert(sizeof(struct zp_multiboot2_tag_efi_mmap) == 16, "size of multiboot2_tag_efi_mmap");

/* Boot services were not left */
struct zp_multiboot2_tag_efi_bs {
    uint32_t type;
    uint32_t size;
};

static_assert(offsetof(struct zp_multiboot2_tag_efi_bs, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_tag_efi_bs, size) == 4, "size");
static_assert(sizeof(struct zp_multiboot2_tag_efi_bs) == 8, "size of multiboot2_tag_efi_bs");

struct zp_multiboot2_tag_load_base_addr {
    uint32_t type;
    uint32_t size;
    uint32_t load_base_addr; /* where a relocatable image went */
};

static_assert(offsetof(struct zp_multiboot2_tag_load_base_addr, type) == 0, "type");
static_assert(offsetof(struct zp_multiboot2_tag_load_base_addr, size) == 4, "size");
static_assert(offsetof(struct zp_multiboot2_tag_load_base_addr, load_base_addr) == 8, "load_base_addr");
static_assert(sizeof(struct zp_multiboot2_tag_load_base_addr) == 12, "size of multiboot2_tag_load_base_addr");

#endif /* !__ASSEMBLER__ */

#endif
