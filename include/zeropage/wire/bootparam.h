/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bootparam.h - the zero page: what a loader hands to Linux on x86.
 *
 * Layouts of the Linux/x86 boot protocol 2.15 ("The Linux/x86 Boot Protocol",
 * sections "Memory layout" to "kernel_info") and of the page itself ("Zero
 * Page", the table of boot_params). The setup header lies at offset 0x1f1 of
 * both the bzImage file and the page. Fields younger than the version in an
 * image are not there, whatever bytes lie in their place.
 */
#ifndef ZEROPAGE_WIRE_BOOTPARAM_H
#define ZEROPAGE_WIRE_BOOTPARAM_H

#define ZP_BOOT_FLAG              0xaa55     /* setup_header.boot_flag */
#define ZP_SETUP_MAGIC_HDRS       0x53726448 /* setup_header.header, "HdrS" */
#define ZP_KERNEL_INFO_MAGIC      0x506f544c /* kernel_info.header, "LToP" */
#define ZP_SETUP_HEADER_OFFSET    0x1f1      /* in the file and in boot_params */
#define ZP_SETUP_HEADER_JUMP_BASE 0x202      /* plus the byte at 0x201: the header's end */
#define ZP_SETUP_SECTOR_SIZE      512        /* unit of setup_sects */
#define ZP_SETUP_SECTS_DEFAULT    4          /* what setup_sects = 0 means */
#define ZP_SYSSIZE_UNIT           16         /* unit of syssize */
#define ZP_BOOT_PARAMS_SIZE       4096
#define ZP_LINUX64_ENTRY_OFFSET   0x200 /* 64-bit entry, from the load address */

/* Selectors that the 32- and 64-bit entries expect */
#define ZP_BOOT_CS 0x10
#define ZP_BOOT_DS 0x18

/* Defaults for what a header is too old to say */
#define ZP_INITRD_ADDR_MAX_DEFAULT 0x37ffffff
#define ZP_CMDLINE_SIZE_DEFAULT    255
#define ZP_CODE32_START_DEFAULT    0x100000

/* setup_header.type_of_loader */
#define ZP_LOADER_TYPE_EXTENDED  0xe0 /* the number is in ext_loader_type */
#define ZP_LOADER_TYPE_UNDEFINED 0xff /* a loader without an assigned number */

/* setup_header.loadflags */
#define ZP_LOADED_HIGH   0x01 /* protected-mode code goes to 0x100000, else 0x10000 */
#define ZP_KASLR_FLAG    0x02 /* the kernel's own: it was randomised */
#define ZP_QUIET_FLAG    0x20 /* no early messages */
#define ZP_KEEP_SEGMENTS 0x40 /* the kernel keeps the loader's segments */
#define ZP_CAN_USE_HEAP  0x80 /* heap_end_ptr is valid */

/* setup_header.xloadflags */
#define ZP_XLF_KERNEL_64              0x0001 /* has the 64-bit entry at +0x200 */
#define ZP_XLF_CAN_BE_LOADED_ABOVE_4G 0x0002 /* also boot_params, command line, initrd */
#define ZP_XLF_EFI_HANDOVER_32        0x0004
#define ZP_XLF_EFI_HANDOVER_64        0x0008
#define ZP_XLF_EFI_KEXEC              0x0010
#define ZP_XLF_5LEVEL                 0x0020
#define ZP_XLF_5LEVEL_ENABLED         0x0040
#define ZP_XLF_MEM_ENCRYPTION         0x0080

/* setup_header.ram_size, of the floppy age */
#define ZP_RAMDISK_IMAGE_START_MASK 0x07ff
#define ZP_RAMDISK_PROMPT_FLAG      0x8000
#define ZP_RAMDISK_LOAD_FLAG        0x4000

/* setup_header.vid_mode; other values are modes by number */
#define ZP_VID_MODE_NORMAL 0xffff
#define ZP_VID_MODE_EXT    0xfffe
#define ZP_VID_MODE_ASK    0xfffd

/* setup_header.hardware_subarch */
#define ZP_X86_SUBARCH_PC        0
#define ZP_X86_SUBARCH_LGUEST    1
#define ZP_X86_SUBARCH_XEN       2
#define ZP_X86_SUBARCH_INTEL_MID 3
#define ZP_X86_SUBARCH_CE4100    4
#define ZP_X86_NR_SUBARCHS       5

/* setup_data.type */
#define ZP_SETUP_NONE             0
#define ZP_SETUP_E820_EXT         1
#define ZP_SETUP_DTB              2
#define ZP_SETUP_PCI              3
#define ZP_SETUP_EFI              4
#define ZP_SETUP_APPLE_PROPERTIES 5
#define ZP_SETUP_JAILHOUSE        6
#define ZP_SETUP_CC_BLOB          7
#define ZP_SETUP_IMA              8
#define ZP_SETUP_RNG_SEED         9
#define ZP_SETUP_KEXEC_KHO        10
#define ZP_SETUP_INDIRECT         0x80000000 /* or-ed to a type: the data is a setup_indirect */

#define ZP_E820_MAX_ENTRIES_ZEROPAGE 128 /* further ones go to SETUP_E820_EXT */
#define ZP_EDD_MBR_SIG_MAX           16
#define ZP_EDDMAXNR                  6

/* screen_info.orig_video_isVGA */
#define ZP_VIDEO_TYPE_MDA  0x10
#define ZP_VIDEO_TYPE_CGA  0x11
#define ZP_VIDEO_TYPE_EGAM 0x20
#define ZP_VIDEO_TYPE_EGAC 0x21
#define ZP_VIDEO_TYPE_VGAC 0x22
#define ZP_VIDEO_TYPE_VLFB 0x23
#define ZP_VIDEO_TYPE_EFI  0x70

/* screen_info.flags and screen_info.capabilities */
#define ZP_VIDEO_FLAGS_NOCURSOR         0x01
#define ZP_VIDEO_CAPABILITY_SKIP_QUIRKS 0x01
#define ZP_VIDEO_CAPABILITY_64BIT_BASE  0x02

/* efi_info.efi_loader_signature: "EL32", "EL64" */
#define ZP_EFI32_LOADER_SIGNATURE 0x32334c45
#define ZP_EFI64_LOADER_SIGNATURE 0x34364c45

/* boot_params.secure_boot */
#define ZP_EFI_SECUREBOOT_MODE_UNSET    0
#define ZP_EFI_SECUREBOOT_MODE_UNKNOWN  1
#define ZP_EFI_SECUREBOOT_MODE_DISABLED 2
#define ZP_EFI_SECUREBOOT_MODE_ENABLED  3

/* Offsets in boot_params for assembly; asserted at the end of this file */
#define ZP_BOOT_PARAMS_SCREEN_INFO               0x000
#define ZP_BOOT_PARAMS_ACPI_RSDP_ADDR            0x070
#define ZP_BOOT_PARAMS_EXT_RAMDISK_IMAGE         0x0c0
#define ZP_BOOT_PARAMS_EXT_RAMDISK_SIZE          0x0c4
#define ZP_BOOT_PARAMS_EXT_CMD_LINE_PTR          0x0c8
#define ZP_BOOT_PARAMS_CC_BLOB_ADDRESS           0x13c
#define ZP_BOOT_PARAMS_EFI_INFO                  0x1c0
#define ZP_BOOT_PARAMS_E820_ENTRIES              0x1e8
#define ZP_BOOT_PARAMS_SENTINEL                  0x1ef
#define ZP_BOOT_PARAMS_HDR                       0x1f1
#define ZP_BOOT_PARAMS_E820_TABLE                0x2d0
#define ZP_BOOT_PARAMS_HDR_SETUP_SECTS           0x1f1
#define ZP_BOOT_PARAMS_HDR_ROOT_FLAGS            0x1f2
#define ZP_BOOT_PARAMS_HDR_SYSSIZE               0x1f4
#define ZP_BOOT_PARAMS_HDR_RAM_SIZE              0x1f8
#define ZP_BOOT_PARAMS_HDR_VID_MODE              0x1fa
#define ZP_BOOT_PARAMS_HDR_ROOT_DEV              0x1fc
#define ZP_BOOT_PARAMS_HDR_BOOT_FLAG             0x1fe
#define ZP_BOOT_PARAMS_HDR_JUMP                  0x200
#define ZP_BOOT_PARAMS_HDR_HEADER                0x202
#define ZP_BOOT_PARAMS_HDR_VERSION               0x206
#define ZP_BOOT_PARAMS_HDR_REALMODE_SWTCH        0x208
#define ZP_BOOT_PARAMS_HDR_START_SYS_SEG         0x20c
#define ZP_BOOT_PARAMS_HDR_KERNEL_VERSION        0x20e
#define ZP_BOOT_PARAMS_HDR_TYPE_OF_LOADER        0x210
#define ZP_BOOT_PARAMS_HDR_LOADFLAGS             0x211
#define ZP_BOOT_PARAMS_HDR_SETUP_MOVE_SIZE       0x212
#define ZP_BOOT_PARAMS_HDR_CODE32_START          0x214
#define ZP_BOOT_PARAMS_HDR_RAMDISK_IMAGE         0x218
#define ZP_BOOT_PARAMS_HDR_RAMDISK_SIZE          0x21c
#define ZP_BOOT_PARAMS_HDR_BOOTSECT_KLUDGE       0x220
#define ZP_BOOT_PARAMS_HDR_HEAP_END_PTR          0x224
#define ZP_BOOT_PARAMS_HDR_EXT_LOADER_VER        0x226
#define ZP_BOOT_PARAMS_HDR_EXT_LOADER_TYPE       0x227
#define ZP_BOOT_PARAMS_HDR_CMD_LINE_PTR          0x228
#define ZP_BOOT_PARAMS_HDR_INITRD_ADDR_MAX       0x22c
#define ZP_BOOT_PARAMS_HDR_KERNEL_ALIGNMENT      0x230
#define ZP_BOOT_PARAMS_HDR_RELOCATABLE_KERNEL    0x234
#define ZP_BOOT_PARAMS_HDR_MIN_ALIGNMENT         0x235
#define ZP_BOOT_PARAMS_HDR_XLOADFLAGS            0x236
#define ZP_BOOT_PARAMS_HDR_CMDLINE_SIZE          0x238
#define ZP_BOOT_PARAMS_HDR_HARDWARE_SUBARCH      0x23c
#define ZP_BOOT_PARAMS_HDR_HARDWARE_SUBARCH_DATA 0x240
#define ZP_BOOT_PARAMS_HDR_PAYLOAD_OFFSET        0x248
#define ZP_BOOT_PARAMS_HDR_PAYLOAD_LENGTH        0x24c
#define ZP_BOOT_PARAMS_HDR_SETUP_DATA            0x250
#define ZP_BOOT_PARAMS_HDR_PREF_ADDRESS          0x258
#define ZP_BOOT_PARAMS_HDR_INIT_SIZE             0x260
#define ZP_BOOT_PARAMS_HDR_HANDOVER_OFFSET       0x264
#define ZP_BOOT_PARAMS_HDR_KERNEL_INFO_OFFSET    0x268
#define ZP_SETUP_HEADER_END                      0x26c /* the first byte behind the 2.15 header */

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#include <zeropage/static_assert.h>

/* Text or linear frame buffer of the screen that the loader leaves behind */
struct zp_screen_info {
    uint8_t orig_x;     /* cursor column */
    uint8_t orig_y;     /* cursor row */
    uint16_t ext_mem_k; /* KiB above 1 MiB, INT 15h AH=88h */
    uint16_t orig_video_page;
    uint8_t orig_video_mode;
    uint8_t orig_video_cols;
    uint8_t flags; /* ZP_VIDEO_FLAGS_* */
    uint8_t unused2;
    uint16_t orig_video_ega_bx;
    uint16_t unused3;
    uint8_t orig_video_lines;
    uint8_t orig_video_isVGA;   /* ZP_VIDEO_TYPE_* */
    uint16_t orig_video_points; /* font height, scan lines */
    uint16_t lfb_width;         /* pixels */
    uint16_t lfb_height;        /* pixels */
    uint16_t lfb_depth;         /* bits per pixel */
    uint32_t lfb_base;          /* low half of the physical address */
    uint32_t lfb_size;          /* 64 KiB units for VESA, bytes for EFI */
    uint16_t cl_magic;          /* 0xa33f: cl_offset holds an old-style command line */
    uint16_t cl_offset;
    uint16_t lfb_linelength; /* bytes per line */
    uint8_t red_size;        /* bits */
    uint8_t red_pos;
    uint8_t green_size;
    uint8_t green_pos;
    uint8_t blue_size;
    uint8_t blue_pos;
    uint8_t rsvd_size;
    uint8_t rsvd_pos;
    uint16_t vesapm_seg;
    uint16_t vesapm_off;
    uint16_t pages;
    uint16_t vesa_attributes;
    uint32_t capabilities; /* ZP_VIDEO_CAPABILITY_* */
    uint32_t ext_lfb_base; /* high half of lfb_base */
    uint8_t _reserved[2];
} __attribute__((packed));

static_assert(offsetof(struct zp_screen_info, orig_x) == 0x000, "orig_x");
static_assert(offsetof(struct zp_screen_info, orig_y) == 0x001, "orig_y");
static_assert(offsetof(struct zp_screen_info, ext_mem_k) == 0x002, "ext_mem_k");
static_assert(offsetof(struct zp_screen_info, orig_video_page) == 0x004, "orig_video_page");
static_assert(offsetof(struct zp_screen_info, orig_video_mode) == 0x006, "orig_video_mode");
static_assert(offsetof(struct zp_screen_info, orig_video_cols) == 0x007, "orig_video_cols");
static_assert(offsetof(struct zp_screen_info, flags) == 0x008, "flags");
static_assert(offsetof(struct zp_screen_info, unused2) == 0x009, "unused2");
static_assert(offsetof(struct zp_screen_info, orig_video_ega_bx) == 0x00a, "orig_video_ega_bx");
static_assert(offsetof(struct zp_screen_info, unused3) == 0x00c, "unused3");
static_assert(offsetof(struct zp_screen_info, orig_video_lines) == 0x00e, "orig_video_lines");
static_assert(offsetof(struct zp_screen_info, orig_video_isVGA) == 0x00f, "orig_video_isVGA");
static_assert(offsetof(struct zp_screen_info, orig_video_points) == 0x010, "orig_video_points");
static_assert(offsetof(struct zp_screen_info, lfb_width) == 0x012, "lfb_width");
static_assert(offsetof(struct zp_screen_info, lfb_height) == 0x014, "lfb_height");
static_assert(offsetof(struct zp_screen_info, lfb_depth) == 0x016, "lfb_depth");
static_assert(offsetof(struct zp_screen_info, lfb_base) == 0x018, "lfb_base");
static_assert(offsetof(struct zp_screen_info, lfb_size) == 0x01c, "lfb_size");
static_assert(offsetof(struct zp_screen_info, cl_magic) == 0x020, "cl_magic");
static_assert(offsetof(struct zp_screen_info, cl_offset) == 0x022, "cl_offset");
static_assert(offsetof(struct zp_screen_info, lfb_linelength) == 0x024, "lfb_linelength");
static_assert(offsetof(struct zp_screen_info, red_size) == 0x026, "red_size");
static_assert(offsetof(struct zp_screen_info, red_pos) == 0x027, "red_pos");
static_assert(offsetof(struct zp_screen_info, green_size) == 0x028, "green_size");
static_assert(offsetof(struct zp_screen_info, green_pos) == 0x029, "green_pos");
static_assert(offsetof(struct zp_screen_info, blue_size) == 0x02a, "blue_size");
static_assert(offsetof(struct zp_screen_info, blue_pos) == 0x02b, "blue_pos");
static_assert(offsetof(struct zp_screen_info, rsvd_size) == 0x02c, "rsvd_size");
static_assert(offsetof(struct zp_screen_info, rsvd_pos) == 0x02d, "rsvd_pos");
static_assert(offsetof(struct zp_screen_info, vesapm_seg) == 0x02e, "vesapm_seg");
static_assert(offsetof(struct zp_screen_info, vesapm_off) == 0x030, "vesapm_off");
static_assert(offsetof(struct zp_screen_info, pages) == 0x032, "pages");
static_assert(offsetof(struct zp_screen_info, vesa_attributes) == 0x034, "vesa_attributes");
static_assert(offsetof(struct zp_screen_info, capabilities) == 0x036, "capabilities");
static_assert(offsetof(struct zp_screen_info, ext_lfb_base) == 0x03a, "ext_lfb_base");
static_assert(offsetof(struct zp_screen_info, _reserved) == 0x03e, "_reserved");
static_assert(sizeof(struct zp_screen_info) == 0x040, "size of screen_info");

/* APM 1.2 BIOS connection; segments are real-mode segment numbers */
struct zp_apm_bios_info {
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

static_assert(offsetof(struct zp_apm_bios_info, version) == 0x000, "version");
static_assert(offsetof(struct zp_apm_bios_info, cseg) == 0x002, "cseg");
static_assert(offsetof(struct zp_apm_bios_info, offset) == 0x004, "offset");
static_assert(offsetof(struct zp_apm_bios_info, cseg_16) == 0x008, "cseg_16");
static_assert(offsetof(struct zp_apm_bios_info, dseg) == 0x00a, "dseg");
static_assert(offsetof(struct zp_apm_bios_info, flags) == 0x00c, "flags");
static_assert(offsetof(struct zp_apm_bios_info, cseg_len) == 0x00e, "cseg_len");
static_assert(offsetof(struct zp_apm_bios_info, cseg_16_len) == 0x010, "cseg_16_len");
static_assert(offsetof(struct zp_apm_bios_info, dseg_len) == 0x012, "dseg_len");
static_assert(sizeof(struct zp_apm_bios_info) == 0x014, "size of apm_bios_info");

/* Intel SpeedStep BIOS information, INT 15h AX=E980h */
struct zp_ist_info {
    uint32_t signature;
    uint32_t command;
    uint32_t event;
    uint32_t perf_level;
};

static_assert(offsetof(struct zp_ist_info, signature) == 0, "signature");
static_assert(offsetof(struct zp_ist_info, command) == 4, "command");
static_assert(offsetof(struct zp_ist_info, event) == 8, "event");
static_assert(offsetof(struct zp_ist_info, perf_level) == 12, "perf_level");
static_assert(sizeof(struct zp_ist_info) == 16, "size of ist_info");

/* MCA system description table, INT 15h AH=C0h; obsolete */
struct zp_sys_desc_table {
    uint16_t length; /* bytes after this word */
    uint8_t table[14];
};

static_assert(offsetof(struct zp_sys_desc_table, length) == 0, "length");
static_assert(offsetof(struct zp_sys_desc_table, table) == 2, "table");
static_assert(sizeof(struct zp_sys_desc_table) == 16, "size of sys_desc_table");

/* Open Firmware of the OLPC laptops */
struct zp_olpc_ofw_header {
    uint32_t ofw_magic; /* "OFW " */
    uint32_t ofw_version;
    uint32_t cif_handler; /* physical address of the callback */
    uint32_t irq_desc_table;
} __attribute__((packed));

static_assert(offsetof(struct zp_olpc_ofw_header, ofw_magic) == 0, "ofw_magic");
static_assert(offsetof(struct zp_olpc_ofw_header, ofw_version) == 4, "ofw_version");
static_assert(offsetof(struct zp_olpc_ofw_header, cif_handler) == 8, "cif_handler");
static_assert(offsetof(struct zp_olpc_ofw_header, irq_desc_table) == 12, "irq_desc_table");
static_assert(sizeof(struct zp_olpc_ofw_header) == 16, "size of olpc_ofw_header");

/* VESA EDID block as the monitor sent it */
struct zp_edid_info {
    uint8_t dummy[128];
};

static_assert(offsetof(struct zp_edid_info, dummy) == 0, "dummy");
static_assert(sizeof(struct zp_edid_info) == 128, "size of edid_info");

/* UEFI left behind by a loader that called ExitBootServices */
struct zp_efi_info {
    uint32_t efi_loader_signature; /* ZP_EFI32_ or ZP_EFI64_LOADER_SIGNATURE */
    uint32_t efi_systab;           /* low half */
    uint32_t efi_memdesc_size;     /* bytes per memory descriptor */
    uint32_t efi_memdesc_version;
    uint32_t efi_memmap;      /* low half */
    uint32_t efi_memmap_size; /* bytes */
    uint32_t efi_systab_hi;
    uint32_t efi_memmap_hi;
};

static_assert(offsetof(struct zp_efi_info, efi_loader_signature) == 0, "efi_loader_signature");
static_assert(offsetof(struct zp_efi_info, efi_systab) == 4, "efi_systab");
static_assert(offsetof(struct zp_efi_info, efi_memdesc_size) == 8, "efi_memdesc_size");
static_assert(offsetof(struct zp_efi_info, efi_memdesc_version) == 12, "efi_memdesc_version");
static_assert(offsetof(struct zp_efi_info, efi_memmap) == 16, "efi_memmap");
static_assert(offsetof(struct zp_efi_info, efi_memmap_size) == 20, "efi_memmap_size");
static_assert(offsetof(struct zp_efi_info, efi_systab_hi) == 24, "efi_systab_hi");
static_assert(offsetof(struct zp_efi_info, efi_memmap_hi) == 28, "efi_memmap_hi");
static_assert(sizeof(struct zp_efi_info) == 32, "size of efi_info");

/* One range of the memory map; 20 bytes each, without padding */
struct zp_boot_e820_entry {
    uint64_t addr;
    uint64_t size; /* bytes */
    uint32_t type; /* ZP_E820_* */
} __attribute__((packed));

static_assert(offsetof(struct zp_boot_e820_entry, addr) == 0, "addr");
static_assert(offsetof(struct zp_boot_e820_entry, size) == 8, "size");
static_assert(offsetof(struct zp_boot_e820_entry, type) == 16, "type");
static_assert(sizeof(struct zp_boot_e820_entry) == 20, "size of boot_e820_entry");

/* BIOS Enhanced Disk Drive parameters, INT 13h AH=48h (T13 D1572) */
struct zp_edd_device_params {
    uint16_t length; /* bytes of this structure that the BIOS filled */
    uint16_t info_flags;
    uint32_t num_default_cylinders;
    uint32_t num_default_heads;
    uint32_t sectors_per_track;
    uint64_t number_of_sectors;
    uint16_t bytes_per_sector;
    uint32_t dpte_ptr;               /* real-mode far pointer, 0xffffffff if none */
    uint16_t key;                    /* 0xbedd: the device path below is there */
    uint8_t device_path_info_length; /* 44 */
    uint8_t reserved2;
    uint16_t reserved3;
    uint8_t host_bus_type[4];  /* "ISA " or "PCI " */
    uint8_t interface_type[8]; /* "ATA     ", "SCSI    ", ... */
    /* chosen by host_bus_type */
    union {
        struct {
            uint16_t base_address;
            uint16_t reserved1;
            uint32_t reserved2;
        } __attribute__((packed)) isa;
        struct {
            uint8_t bus;
            uint8_t slot;
            uint8_t function;
            uint8_t channel;
            uint32_t reserved;
        } __attribute__((packed)) pci;
        struct {
            uint64_t reserved;
        } __attribute__((packed)) ibnd;
        struct {
            uint64_t reserved;
        } __attribute__((packed)) xprs;
        struct {
            uint64_t reserved;
        } __attribute__((packed)) htpt;
        struct {
            uint64_t reserved;
        } __attribute__((packed)) unknown;
    } interface_path;
    /* chosen by interface_type */
    union {
        struct {
            uint8_t device;
            uint8_t reserved1;
            uint16_t reserved2;
            uint32_t reserved3;
            uint64_t reserved4;
        } __attribute__((packed)) ata;
        struct {
            uint8_t device;
            uint8_t lun;
            uint8_t reserved1;
            uint8_t reserved2;
            uint32_t reserved3;
            uint64_t reserved4;
        } __attribute__((packed)) atapi;
        struct {
            uint16_t id;
            uint64_t lun;
            uint16_t reserved1;
            uint32_t reserved2;
        } __attribute__((packed)) scsi;
        struct {
            uint64_t serial_number;
            uint64_t reserved;
        } __attribute__((packed)) usb;
        struct {
            uint64_t eui;
            uint64_t reserved;
        } __attribute__((packed)) i1394;
        struct {
            uint64_t wwid;
            uint64_t lun;
        } __attribute__((packed)) fibre;
        struct {
            uint64_t identity_tag;
            uint64_t reserved;
        } __attribute__((packed)) i2o;
        struct {
            uint32_t array_number;
            uint32_t reserved1;
            uint64_t reserved2;
        } __attribute__((packed)) raid;
        struct {
            uint8_t device;
            uint8_t reserved1;
            uint16_t reserved2;
            uint32_t reserved3;
            uint64_t reserved4;
        } __attribute__((packed)) sata;
        struct {
            uint64_t reserved1;
            uint64_t reserved2;
        } __attribute__((packed)) unknown;
    } device_path;
    uint8_t reserved4;
    uint8_t checksum;
} __attribute__((packed));

static_assert(offsetof(struct zp_edd_device_params, length) == 0, "length");
static_assert(offsetof(struct zp_edd_device_params, info_flags) == 2, "info_flags");
static_assert(offsetof(struct zp_edd_device_params, num_default_cylinders) == 4, "num_default_cylinders");
static_assert(offsetof(struct zp_edd_device_params, num_default_heads) == 8, "num_default_heads");
static_assert(offsetof(struct zp_edd_device_params, sectors_per_track) == 12, "sectors_per_track");
static_assert(offsetof(struct zp_edd_device_params, number_of_sectors) == 16, "number_of_sectors");
static_assert(offsetof(struct zp_edd_device_params, bytes_per_sector) == 24, "bytes_per_sector");
static_assert(offsetof(struct zp_edd_device_params, dpte_ptr) == 26, "dpte_ptr");
static_assert(offsetof(struct zp_edd_device_params, key) == 30, "key");
static_assert(offsetof(struct zp_edd_device_params, device_path_info_length) == 32,
              "device_path_info_length");
static_assert(offsetof(struct zp_edd_device_params, reserved2) == 33, "reserved2");
static_assert(offsetof(struct zp_edd_device_params, reserved3) == 34, "reserved3");
static_assert(offsetof(struct zp_edd_device_params, host_bus_type) == 36, "host_bus_type");
static_assert(offsetof(struct zp_edd_device_params, interface_type) == 40, "interface_type");
static_assert(offsetof(struct zp_edd_device_params, interface_path.isa.base_address) == 48,
              "interface_path.isa.base_address");
static_assert(offsetof(struct zp_edd_device_params, interface_path.isa.reserved1) == 50,
              "interface_path.isa.reserved1");
static_assert(offsetof(struct zp_edd_device_params, interface_path.isa.reserved2) == 52,
              "interface_path.isa.reserved2");
static_assert(offsetof(struct zp_edd_device_params, interface_path.pci.bus) == 48, "interface_path.pci.bus");
static_assert(offsetof(struct zp_edd_device_params, interface_path.pci.slot) == 49,
              "interface_path.pci.slot");
static_assert(offsetof(struct zp_edd_device_params, interface_path.pci.function) == 50,
              "interface_path.pci.function");
static_assert(offsetof(struct zp_edd_device_params, interface_path.pci.channel) == 51,
              "interface_path.pci.channel");
static_assert(offsetof(struct zp_edd_device_params, interface_path.pci.reserved) == 52,
              "interface_path.pci.reserved");
static_assert(offsetof(struct zp_edd_device_params, interface_path.ibnd.reserved) == 48,
              "interface_path.ibnd.reserved");
static_assert(offsetof(struct zp_edd_device_params, interface_path.xprs.reserved) == 48,
              "interface_path.xprs.reserved");
static_assert(offsetof(struct zp_edd_device_params, interface_path.htpt.reserved) == 48,
              "interface_path.htpt.reserved");
static_assert(offsetof(struct zp_edd_device_params, interface_path.unknown.reserved) == 48,
              "interface_path.unknown.reserved");
static_assert(offsetof(struct zp_edd_device_params, interface_path) == 48, "interface_path");
static_assert(offsetof(struct zp_edd_device_params, device_path.ata.device) == 56, "device_path.ata.device");
static_assert(offsetof(struct zp_edd_device_params, device_path.ata.reserved1) == 57,
              "device_path.ata.reserved1");
static_assert(offsetof(struct zp_edd_device_params, device_path.ata.reserved2) == 58,
              "device_path.ata.reserved2");
static_assert(offsetof(struct zp_edd_device_params, device_path.ata.reserved3) == 60,
              "device_path.ata.reserved3");
static_assert(offsetof(struct zp_edd_device_params, device_path.ata.reserved4) == 64,
              "device_path.ata.reserved4");
static_assert(offsetof(struct zp_edd_device_params, device_path.atapi.device) == 56,
              "device_path.atapi.device");
static_assert(offsetof(struct zp_edd_device_params, device_path.atapi.lun) == 57, "device_path.atapi.lun");
static_assert(offsetof(struct zp_edd_device_params, device_path.atapi.reserved1) == 58,
              "device_path.atapi.reserved1");
static_assert(offsetof(struct zp_edd_device_params, device_path.atapi.reserved2) == 59,
              "device_path.atapi.reserved2");
static_assert(offsetof(struct zp_edd_device_params, device_path.atapi.reserved3) == 60,
              "device_path.atapi.reserved3");
static_assert(offsetof(struct zp_edd_device_params, device_path.atapi.reserved4) == 64,
              "device_path.atapi.reserved4");
static_assert(offsetof(struct zp_edd_device_params, device_path.scsi.id) == 56, "device_path.scsi.id");
static_assert(offsetof(struct zp_edd_device_params, device_path.scsi.lun) == 58, "device_path.scsi.lun");
static_assert(offsetof(struct zp_edd_device_params, device_path.scsi.reserved1) == 66,
              "device_path.scsi.reserved1");
static_assert(offsetof(struct zp_edd_device_params, device_path.scsi.reserved2) == 68,
              "device_path.scsi.reserved2");
static_assert(offsetof(struct zp_edd_device_params, device_path.usb.serial_number) == 56,
              "device_path.usb.serial_number");
static_assert(offsetof(struct zp_edd_device_params, device_path.usb.reserved) == 64,
              "device_path.usb.reserved");
static_assert(offsetof(struct zp_edd_device_params, device_path.i1394.eui) == 56, "device_path.i1394.eui");
static_assert(offsetof(struct zp_edd_device_params, device_path.i1394.reserved) == 64,
              "device_path.i1394.reserved");
static_assert(offsetof(struct zp_edd_device_params, device_path.fibre.wwid) == 56, "device_path.fibre.wwid");
static_assert(offsetof(struct zp_edd_device_params, device_path.fibre.lun) == 64, "device_path.fibre.lun");
static_assert(offsetof(struct zp_edd_device_params, device_path.i2o.identity_tag) == 56,
              "device_path.i2o.identity_tag");
static_assert(offsetof(struct zp_edd_device_params, device_path.i2o.reserved) == 64,
              "device_path.i2o.reserved");
static_assert(offsetof(struct zp_edd_device_params, device_path.raid.array_number) == 56,
              "device_path.raid.array_number");
static_assert(offsetof(struct zp_edd_device_params, device_path.raid.reserved1) == 60,
              "device_path.raid.reserved1");
static_assert(offsetof(struct zp_edd_device_params, device_path.raid.reserved2) == 64,
              "device_path.raid.reserved2");
static_assert(offsetof(struct zp_edd_device_params, device_path.sata.device) == 56,
              "device_path.sata.device");
static_assert(offsetof(struct zp_edd_device_params, device_path.sata.reserved1) == 57,
              "device_path.sata.reserved1");
static_assert(offsetof(struct zp_edd_device_params, device_path.sata.reserved2) == 58,
              "device_path.sata.reserved2");
static_assert(offsetof(struct zp_edd_device_params, device_path.sata.reserved3) == 60,
              "device_path.sata.reserved3");
static_assert(offsetof(struct zp_edd_device_params, device_path.sata.reserved4) == 64,
              "device_path.sata.reserved4");
static_assert(offsetof(struct zp_edd_device_params, device_path.unknown.reserved1) == 56,
              "device_path.unknown.reserved1");
static_assert(offsetof(struct zp_edd_device_params, device_path.unknown.reserved2) == 64,
              "device_path.unknown.reserved2");
static_assert(offsetof(struct zp_edd_device_params, device_path) == 56, "device_path");
static_assert(offsetof(struct zp_edd_device_params, reserved4) == 72, "reserved4");
static_assert(offsetof(struct zp_edd_device_params, checksum) == 73, "checksum");
static_assert(sizeof(struct zp_edd_device_params) == 74, "size of edd_device_params");

/* One BIOS disk */
struct zp_edd_info {
    uint8_t device;  /* BIOS drive number, from 0x80 */
    uint8_t version; /* of the extensions */
    uint16_t interface_support;
    uint16_t legacy_max_cylinder;
    uint8_t legacy_max_head;
    uint8_t legacy_sectors_per_track;
    struct zp_edd_device_params params;
} __attribute__((packed));

static_assert(offsetof(struct zp_edd_info, device) == 0, "device");
static_assert(offsetof(struct zp_edd_info, version) == 1, "version");
static_assert(offsetof(struct zp_edd_info, interface_support) == 2, "interface_support");
static_assert(offsetof(struct zp_edd_info, legacy_max_cylinder) == 4, "legacy_max_cylinder");
static_assert(offsetof(struct zp_edd_info, legacy_max_head) == 6, "legacy_max_head");
static_assert(offsetof(struct zp_edd_info, legacy_sectors_per_track) == 7, "legacy_sectors_per_track");
static_assert(offsetof(struct zp_edd_info, params) == 8, "params");
static_assert(sizeof(struct zp_edd_info) == 82, "size of edd_info");

/*
 * The header of a bzImage, at file offset 0x1f1. Pointers are physical
 * addresses unless the comment says otherwise; "since" is the first protocol
 * version that has the field.
 */
struct zp_setup_header {
    uint8_t setup_sects;      /* real-mode code after the first sector, in 512-byte sectors; 0 means 4 */
    uint16_t root_flags;      /* mount the root read-only if not 0 */
    uint32_t syssize;         /* protected-mode code, 16-byte units; untrustworthy */
    uint16_t ram_size;        /* ZP_RAMDISK_*; obsolete */
    uint16_t vid_mode;        /* ZP_VID_MODE_* or a mode number */
    uint16_t root_dev;        /* device number of the root */
    uint16_t boot_flag;       /* ZP_BOOT_FLAG */
    uint16_t jump;            /* since 2.00: short jump; the second byte tells the header's end */
    uint32_t header;          /* ZP_SETUP_MAGIC_HDRS */
    uint16_t version;         /* major << 8 | minor */
    uint32_t realmode_swtch;  /* real-mode far pointer, called before the switch */
    uint16_t start_sys_seg;   /* load segment of the code, low images; obsolete */
    uint16_t kernel_version;  /* file offset of a string, less 0x200 */
    uint8_t type_of_loader;   /* number << 4 | version */
    uint8_t loadflags;        /* ZP_LOADED_HIGH, ... */
    uint16_t setup_move_size; /* bytes to move to 0x90000, before 2.02 */
    uint32_t code32_start;    /* where the 32-bit code is entered */
    uint32_t ramdisk_image;   /* initrd, low half */
    uint32_t ramdisk_size;    /* bytes, low half */
    uint32_t bootsect_kludge; /* obsolete */
    uint16_t heap_end_ptr;    /* since 2.01: end of the setup heap, less 0x200, from the setup segment */
    uint8_t ext_loader_ver;   /* since 2.02 */
    uint8_t ext_loader_type;
    uint32_t cmd_line_ptr;     /* command line, NUL-terminated, low half */
    uint32_t initrd_addr_max;  /* since 2.03: the highest address of an initrd's last byte */
    uint32_t kernel_alignment; /* since 2.05: bytes, matters when relocatable */
    uint8_t relocatable_kernel;
    uint8_t min_alignment;     /* since 2.10: log2 of the least alignment that works */
    uint16_t xloadflags;       /* since 2.12: ZP_XLF_* */
    uint32_t cmdline_size;     /* since 2.06: longest command line, NUL not counted */
    uint32_t hardware_subarch; /* since 2.07: ZP_X86_SUBARCH_* */
    uint64_t hardware_subarch_data;
    uint32_t payload_offset;     /* since 2.08: from the start of the protected-mode code */
    uint32_t payload_length;     /* bytes */
    uint64_t setup_data;         /* since 2.09: first node of the list, or 0 */
    uint64_t pref_address;       /* since 2.10: preferred load address */
    uint32_t init_size;          /* bytes of memory that the kernel needs from its start on */
    uint32_t handover_offset;    /* since 2.11: EFI handover entry, from the protected-mode code */
    uint32_t kernel_info_offset; /* since 2.15: from the protected-mode code */
} __attribute__((packed));

static_assert(offsetof(struct zp_setup_header, setup_sects) == 0, "setup_sects");
static_assert(offsetof(struct zp_setup_header, root_flags) == 1, "root_flags");
static_assert(offsetof(struct zp_setup_header, syssize) == 3, "syssize");
static_assert(offsetof(struct zp_setup_header, ram_size) == 7, "ram_size");
static_assert(offsetof(struct zp_setup_header, vid_mode) == 9, "vid_mode");
static_assert(offsetof(struct zp_setup_header, root_dev) == 11, "root_dev");
static_assert(offsetof(struct zp_setup_header, boot_flag) == 13, "boot_flag");
static_assert(offsetof(struct zp_setup_header, jump) == 15, "jump");
static_assert(offsetof(struct zp_setup_header, header) == 17, "header");
static_assert(offsetof(struct zp_setup_header, version) == 21, "version");
static_assert(offsetof(struct zp_setup_header, realmode_swtch) == 23, "realmode_swtch");
static_assert(offsetof(struct zp_setup_header, start_sys_seg) == 27, "start_sys_seg");
static_assert(offsetof(struct zp_setup_header, kernel_version) == 29, "kernel_version");
static_assert(offsetof(struct zp_setup_header, type_of_loader) == 31, "type_of_loader");
static_assert(offsetof(struct zp_setup_header, loadflags) == 32, "loadflags");
static_assert(offsetof(struct zp_setup_header, setup_move_size) == 33, "setup_move_size");
static_assert(offsetof(struct zp_setup_header, code32_start) == 35, "code32_start");
static_assert(offsetof(struct zp_setup_header, ramdisk_image) == 39, "ramdisk_image");
static_assert(offsetof(struct zp_setup_header, ramdisk_size) == 43, "ramdisk_size");
static_assert(offsetof(struct zp_setup_header, bootsect_kludge) == 47, "bootsect_kludge");
static_assert(offsetof(struct zp_setup_header, heap_end_ptr) == 51, "heap_end_ptr");
static_assert(offsetof(struct zp_setup_header, ext_loader_ver) == 53, "ext_loader_ver");
static_assert(offsetof(struct zp_setup_header, ext_loader_type) == 54, "ext_loader_type");
static_assert(offsetof(struct zp_setup_header, cmd_line_ptr) == 55, "cmd_line_ptr");
static_assert(offsetof(struct zp_setup_header, initrd_addr_max) == 59, "initrd_addr_max");
static_assert(offsetof(struct zp_setup_header, kernel_alignment) == 63, "kernel_alignment");
static_assert(offsetof(struct zp_setup_header, relocatable_kernel) == 67, "relocatable_kernel");
static_assert(offsetof(struct zp_setup_header, min_alignment) == 68, "min_alignment");
static_assert(offsetof(struct zp_setup_header, xloadflags) == 69, "xloadflags");
static_assert(offsetof(struct zp_setup_header, cmdline_size) == 71, "cmdline_size");
static_assert(offsetof(struct zp_setup_header, hardware_subarch) == 75, "hardware_subarch");
static_assert(offsetof(struct zp_setup_header, hardware_subarch_data) == 79, "hardware_subarch_data");
static_assert(offsetof(struct zp_setup_header, payload_offset) == 87, "payload_offset");
static_assert(offsetof(struct zp_setup_header, payload_length) == 91, "payload_length");
static_assert(offsetof(struct zp_setup_header, setup_data) == 95, "setup_data");
static_assert(offsetof(struct zp_setup_header, pref_address) == 103, "pref_address");
static_assert(offsetof(struct zp_setup_header, init_size) == 111, "init_size");
static_assert(offsetof(struct zp_setup_header, handover_offset) == 115, "handover_offset");
static_assert(offsetof(struct zp_setup_header, kernel_info_offset) == 119, "kernel_info_offset");
static_assert(sizeof(struct zp_setup_header) == 123, "size of setup_header");

/* The page that the kernel finds in RSI or ESI; zero all that is not set */
struct zp_boot_params {
    struct zp_screen_info screen_info;
    struct zp_apm_bios_info apm_bios_info;
    uint8_t _pad2[4];
    uint64_t tboot_addr; /* shared page of Intel TXT's tboot */
    struct zp_ist_info ist_info;
    uint64_t acpi_rsdp_addr; /* read since Linux 5.0 */
    uint8_t _pad3[8];
    uint8_t hd0_info[16];                    /* obsolete */
    uint8_t hd1_info[16];                    /* obsolete */
    struct zp_sys_desc_table sys_desc_table; /* obsolete */
    struct zp_olpc_ofw_header olpc_ofw_header;
    uint32_t ext_ramdisk_image; /* high half of hdr.ramdisk_image */
    uint32_t ext_ramdisk_size;  /* high half of hdr.ramdisk_size */
    uint32_t ext_cmd_line_ptr;  /* high half of hdr.cmd_line_ptr */
    uint8_t _pad4[112];
    uint32_t cc_blob_address; /* confidential computing blob */
    struct zp_edid_info edid_info;
    struct zp_efi_info efi_info;
    uint32_t alt_mem_k; /* KiB above 1 MiB, INT 15h AX=E801h */
    uint32_t scratch;   /* the kernel's own */
    uint8_t e820_entries;
    uint8_t eddbuf_entries;
    uint8_t edd_mbr_sig_buf_entries;
    uint8_t kbd_status;  /* INT 16h AH=02h */
    uint8_t secure_boot; /* ZP_EFI_SECUREBOOT_MODE_* */
    uint8_t _pad5[2];
    uint8_t sentinel; /* must be 0, else the kernel discards fields around hdr */
    uint8_t _pad6[1];
    struct zp_setup_header hdr; /* copied from the image, no byte more */
    uint8_t _pad7[36];
    uint32_t edd_mbr_sig_buffer[ZP_EDD_MBR_SIG_MAX]; /* disk signatures of the MBRs */
    struct zp_boot_e820_entry e820_table[ZP_E820_MAX_ENTRIES_ZEROPAGE];
    uint8_t _pad8[48];
    struct zp_edd_info eddbuf[ZP_EDDMAXNR];
    uint8_t _pad9[276];
} __attribute__((packed));

static_assert(offsetof(struct zp_boot_params, screen_info) == 0x000, "screen_info");
static_assert(offsetof(struct zp_boot_params, apm_bios_info) == 0x040, "apm_bios_info");
static_assert(offsetof(struct zp_boot_params, tboot_addr) == 0x058, "tboot_addr");
static_assert(offsetof(struct zp_boot_params, ist_info) == 0x060, "ist_info");
static_assert(offsetof(struct zp_boot_params, acpi_rsdp_addr) == 0x070, "acpi_rsdp_addr");
static_assert(offsetof(struct zp_boot_params, hd0_info) == 0x080, "hd0_info");
static_assert(offsetof(struct zp_boot_params, hd1_info) == 0x090, "hd1_info");
static_assert(offsetof(struct zp_boot_params, sys_desc_table) == 0x0a0, "sys_desc_table");
static_assert(offsetof(struct zp_boot_params, olpc_ofw_header) == 0x0b0, "olpc_ofw_header");
static_assert(offsetof(struct zp_boot_params, ext_ramdisk_image) == 0x0c0, "ext_ramdisk_image");
static_assert(offsetof(struct zp_boot_params, ext_ramdisk_size) == 0x0c4, "ext_ramdisk_size");
static_assert(offsetof(struct zp_boot_params, ext_cmd_line_ptr) == 0x0c8, "ext_cmd_line_ptr");
static_assert(offsetof(struct zp_boot_params, cc_blob_address) == 0x13c, "cc_blob_address");
static_assert(offsetof(struct zp_boot_params, edid_info) == 0x140, "edid_info");
static_assert(offsetof(struct zp_boot_params, efi_info) == 0x1c0, "efi_info");
static_assert(offsetof(struct zp_boot_params, alt_mem_k) == 0x1e0, "alt_mem_k");
static_assert(offsetof(struct zp_boot_params, scratch) == 0x1e4, "scratch");
static_assert(offsetof(struct zp_boot_params, e820_entries) == 0x1e8, "e820_entries");
static_assert(offsetof(struct zp_boot_params, eddbuf_entries) == 0x1e9, "eddbuf_entries");
static_assert(offsetof(struct zp_boot_params, edd_mbr_sig_buf_entries) == 0x1ea, "edd_mbr_sig_buf_entries");
static_assert(offsetof(struct zp_boot_params, kbd_status) == 0x1eb, "kbd_status");
static_assert(offsetof(struct zp_boot_params, secure_boot) == 0x1ec, "secure_boot");
static_assert(offsetof(struct zp_boot_params, sentinel) == 0x1ef, "sentinel");
static_assert(offsetof(struct zp_boot_params, hdr) == 0x1f1, "hdr");
static_assert(offsetof(struct zp_boot_params, edd_mbr_sig_buffer) == 0x290, "edd_mbr_sig_buffer");
static_assert(offsetof(struct zp_boot_params, e820_table) == 0x2d0, "e820_table");
static_assert(offsetof(struct zp_boot_params, eddbuf) == 0xd00, "eddbuf");
static_assert(sizeof(struct zp_boot_params) == 0x1000, "size of boot_params");

/* Node of the list at hdr.setup_data */
struct zp_setup_data {
    uint64_t next; /* address of the next node, 0 at the end */
    uint32_t type; /* ZP_SETUP_* */
    uint32_t len;  /* bytes of data */
    __extension__ uint8_t data[];
};

static_assert(offsetof(struct zp_setup_data, next) == 0, "next");
static_assert(offsetof(struct zp_setup_data, type) == 8, "type");
static_assert(offsetof(struct zp_setup_data, len) == 12, "len");
static_assert(offsetof(struct zp_setup_data, data) == 16, "data");
static_assert(sizeof(struct zp_setup_data) == 16, "size of setup_data");

/* The data of a node whose type has ZP_SETUP_INDIRECT: it lies elsewhere */
struct zp_setup_indirect {
    uint32_t type;     /* ZP_SETUP_INDIRECT | the true type */
    uint32_t reserved; /* 0 */
    uint64_t len;      /* bytes */
    uint64_t addr;
};

static_assert(offsetof(struct zp_setup_indirect, type) == 0, "type");
static_assert(offsetof(struct zp_setup_indirect, reserved) == 4, "reserved");
static_assert(offsetof(struct zp_setup_indirect, len) == 8, "len");
static_assert(offsetof(struct zp_setup_indirect, addr) == 16, "addr");
static_assert(sizeof(struct zp_setup_indirect) == 24, "size of setup_indirect");

/* Read-only facts about the kernel, at hdr.kernel_info_offset (since 2.15) */
struct zp_kernel_info {
    uint32_t header;         /* ZP_KERNEL_INFO_MAGIC */
    uint32_t size;           /* bytes of this fixed part */
    uint32_t size_total;     /* bytes with the variable part behind it */
    uint32_t setup_type_max; /* highest setup_data type known, with ZP_SETUP_INDIRECT */
};

static_assert(offsetof(struct zp_kernel_info, header) == 0, "header");
static_assert(offsetof(struct zp_kernel_info, size) == 4, "size");
static_assert(offsetof(struct zp_kernel_info, size_total) == 8, "size_total");
static_assert(offsetof(struct zp_kernel_info, setup_type_max) == 12, "setup_type_max");
static_assert(sizeof(struct zp_kernel_info) == 16, "size of kernel_info");

static_assert(offsetof(struct zp_setup_header, kernel_info_offset) + 4 + ZP_SETUP_HEADER_OFFSET == 0x26c,
              "end of the setup header");
static_assert(sizeof(struct zp_boot_params) == ZP_BOOT_PARAMS_SIZE, "one page");

static_assert(offsetof(struct zp_boot_params, screen_info) == ZP_BOOT_PARAMS_SCREEN_INFO, "screen_info");
static_assert(offsetof(struct zp_boot_params, acpi_rsdp_addr) == ZP_BOOT_PARAMS_ACPI_RSDP_ADDR,
              "acpi_rsdp_addr");
static_assert(offsetof(struct zp_boot_params, ext_ramdisk_image) == ZP_BOOT_PARAMS_EXT_RAMDISK_IMAGE,
              "ext_ramdisk_image");
static_assert(offsetof(struct zp_boot_params, ext_ramdisk_size) == ZP_BOOT_PARAMS_EXT_RAMDISK_SIZE,
              "ext_ramdisk_size");
static_assert(offsetof(struct zp_boot_params, ext_cmd_line_ptr) == ZP_BOOT_PARAMS_EXT_CMD_LINE_PTR,
              "ext_cmd_line_ptr");
static_assert(offsetof(struct zp_boot_params, cc_blob_address) == ZP_BOOT_PARAMS_CC_BLOB_ADDRESS,
              "cc_blob_address");
static_assert(offsetof(struct zp_boot_params, efi_info) == ZP_BOOT_PARAMS_EFI_INFO, "efi_info");
static_assert(offsetof(struct zp_boot_params, e820_entries) == ZP_BOOT_PARAMS_E820_ENTRIES, "e820_entries");
static_assert(offsetof(struct zp_boot_params, sentinel) == ZP_BOOT_PARAMS_SENTINEL, "sentinel");
static_assert(offsetof(struct zp_boot_params, hdr) == ZP_BOOT_PARAMS_HDR, "hdr");
static_assert(offsetof(struct zp_boot_params, e820_table) == ZP_BOOT_PARAMS_E820_TABLE, "e820_table");
static_assert(offsetof(struct zp_boot_params, hdr.setup_sects) == ZP_BOOT_PARAMS_HDR_SETUP_SECTS,
              "setup_sects");
static_assert(offsetof(struct zp_boot_params, hdr.root_flags) == ZP_BOOT_PARAMS_HDR_ROOT_FLAGS, "root_flags");
static_assert(offsetof(struct zp_boot_params, hdr.syssize) == ZP_BOOT_PARAMS_HDR_SYSSIZE, "syssize");
static_assert(offsetof(struct zp_boot_params, hdr.ram_size) == ZP_BOOT_PARAMS_HDR_RAM_SIZE, "ram_size");
static_assert(offsetof(struct zp_boot_params, hdr.vid_mode) == ZP_BOOT_PARAMS_HDR_VID_MODE, "vid_mode");
static_assert(offsetof(struct zp_boot_params, hdr.root_dev) == ZP_BOOT_PARAMS_HDR_ROOT_DEV, "root_dev");
static_assert(offsetof(struct zp_boot_params, hdr.boot_flag) == ZP_BOOT_PARAMS_HDR_BOOT_FLAG, "boot_flag");
static_assert(offsetof(struct zp_boot_params, hdr.jump) == ZP_BOOT_PARAMS_HDR_JUMP, "jump");
static_assert(offsetof(struct zp_boot_params, hdr.header) == ZP_BOOT_PARAMS_HDR_HEADER, "header");
static_assert(offsetof(struct zp_boot_params, hdr.version) == ZP_BOOT_PARAMS_HDR_VERSION, "version");
static_assert(offsetof(struct zp_boot_params, hdr.realmode_swtch) == ZP_BOOT_PARAMS_HDR_REALMODE_SWTCH,
              "realmode_swtch");
static_assert(offsetof(struct zp_boot_params, hdr.start_sys_seg) == ZP_BOOT_PARAMS_HDR_START_SYS_SEG,
              "start_sys_seg");
static_assert(offsetof(struct zp_boot_params, hdr.kernel_version) == ZP_BOOT_PARAMS_HDR_KERNEL_VERSION,
              "kernel_version");
static_assert(offsetof(struct zp_boot_params, hdr.type_of_loader) == ZP_BOOT_PARAMS_HDR_TYPE_OF_LOADER,
              "type_of_loader");
static_assert(offsetof(struct zp_boot_params, hdr.loadflags) == ZP_BOOT_PARAMS_HDR_LOADFLAGS, "loadflags");
static_assert(offsetof(struct zp_boot_params, hdr.setup_move_size) == ZP_BOOT_PARAMS_HDR_SETUP_MOVE_SIZE,
              "setup_move_size");
static_assert(offsetof(struct zp_boot_params, hdr.code32_start) == ZP_BOOT_PARAMS_HDR_CODE32_START,
              "code32_start");
static_assert(offsetof(struct zp_boot_params, hdr.ramdisk_image) == ZP_BOOT_PARAMS_HDR_RAMDISK_IMAGE,
              "ramdisk_image");
static_assert(offsetof(struct zp_boot_params, hdr.ramdisk_size) == ZP_BOOT_PARAMS_HDR_RAMDISK_SIZE,
              "ramdisk_size");
static_assert(offsetof(struct zp_boot_params, hdr.bootsect_kludge) == ZP_BOOT_PARAMS_HDR_BOOTSECT_KLUDGE,
              "bootsect_kludge");
static_assert(offsetof(struct zp_boot_params, hdr.heap_end_ptr) == ZP_BOOT_PARAMS_HDR_HEAP_END_PTR,
              "heap_end_ptr");
static_assert(offsetof(struct zp_boot_params, hdr.ext_loader_ver) == ZP_BOOT_PARAMS_HDR_EXT_LOADER_VER,
              "ext_loader_ver");
static_assert(offsetof(struct zp_boot_params, hdr.ext_loader_type) == ZP_BOOT_PARAMS_HDR_EXT_LOADER_TYPE,
              "ext_loader_type");
static_assert(offsetof(struct zp_boot_params, hdr.cmd_line_ptr) == ZP_BOOT_PARAMS_HDR_CMD_LINE_PTR,
              "cmd_line_ptr");
static_assert(offsetof(struct zp_boot_params, hdr.initrd_addr_max) == ZP_BOOT_PARAMS_HDR_INITRD_ADDR_MAX,
              "initrd_addr_max");
static_assert(offsetof(struct zp_boot_params, hdr.kernel_alignment) == ZP_BOOT_PARAMS_HDR_KERNEL_ALIGNMENT,
              "kernel_alignment");
static_assert(offsetof(struct zp_boot_params, hdr.relocatable_kernel) ==
                  ZP_BOOT_PARAMS_HDR_RELOCATABLE_KERNEL,
              "relocatable_kernel");
static_assert(offsetof(struct zp_boot_params, hdr.min_alignment) == ZP_BOOT_PARAMS_HDR_MIN_ALIGNMENT,
              "min_alignment");
static_assert(offsetof(struct zp_boot_params, hdr.xloadflags) == ZP_BOOT_PARAMS_HDR_XLOADFLAGS, "xloadflags");
static_assert(offsetof(struct zp_boot_params, hdr.cmdline_size) == ZP_BOOT_PARAMS_HDR_CMDLINE_SIZE,
              "cmdline_size");
static_assert(offsetof(struct zp_boot_params, hdr.hardware_subarch) == ZP_BOOT_PARAMS_HDR_HARDWARE_SUBARCH,
              "hardware_subarch");
static_assert(offsetof(struct zp_boot_params, hdr.hardware_subarch_data) ==
                  ZP_BOOT_PARAMS_HDR_HARDWARE_SUBARCH_DATA,
              "hardware_subarch_data");
static_assert(offsetof(struct zp_boot_params, hdr.payload_offset) == ZP_BOOT_PARAMS_HDR_PAYLOAD_OFFSET,
              "payload_offset");
static_assert(offsetof(struct zp_boot_params, hdr.payload_length) == ZP_BOOT_PARAMS_HDR_PAYLOAD_LENGTH,
              "payload_length");
static_assert(offsetof(struct zp_boot_params, hdr.setup_data) == ZP_BOOT_PARAMS_HDR_SETUP_DATA, "setup_data");
static_assert(offsetof(struct zp_boot_params, hdr.pref_address) == ZP_BOOT_PARAMS_HDR_PREF_ADDRESS,
              "pref_address");
static_assert(offsetof(struct zp_boot_params, hdr.init_size) == ZP_BOOT_PARAMS_HDR_INIT_SIZE, "init_size");
static_assert(offsetof(struct zp_boot_params, hdr.handover_offset) == ZP_BOOT_PARAMS_HDR_HANDOVER_OFFSET,
              "handover_offset");
static_assert(offsetof(struct zp_boot_params, hdr.kernel_info_offset) ==
                  ZP_BOOT_PARAMS_HDR_KERNEL_INFO_OFFSET,
              "kernel_info_offset");
static_assert(offsetof(struct zp_boot_params, hdr) + sizeof(struct zp_setup_header) == ZP_SETUP_HEADER_END,
              "end of hdr");

#endif /* !__ASSEMBLER__ */

#endif
