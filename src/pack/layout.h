/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a packed file is made of: the one description that the packer, the front (assembly) and the stub
 * share.
 *
 *   0                     sector 0: ELF or MZ header, boot code, partition table, start of the setup header
 *   0x200                 setup header, program headers or PE headers, notes, real-mode code
 *   ZP_PACK_BODY          body: entries of 32 and 64 bits, struct zp_pack_body, the stub, LZ4-compressed
 *   (with an ESP)         FAT file system of partition 1, in whose data BOOTX64.EFI and the payload lie
 *   payload               struct zp_pack_payload, command line, kernel, initrds. The last of the body
 *   (partitions)          appended, loaded by nobody who minds syssize
 *
 * Body and payload are one run of bytes, loaded to any base below 4 GiB that is a multiple of 4096 and called
 * "the body" from there on: PT_LOAD, the protected-mode code of the bzImage, the multiboot load range. Behind
 * it in memory, at `work`, begins what the stub needs; init_size, p_memsz and bss_end_addr cover it. Numbers
 * are little-endian.
 */
#ifndef ZP_PACK_LAYOUT_H
#define ZP_PACK_LAYOUT_H

#define ZP_PACK_BODY        0x1000   /* in the file: setup_sects is 7 */
#define ZP_PACK_ADDRESS     0x200000 /* p_paddr, pref_address, multiboot load address of the body */
#define ZP_PACK_HEADERS     0x280    /* ELF program headers and note, or PE headers, then multiboot headers */
#define ZP_PACK_HEADERS_END 0x480
/* Dwords of the file in [ZP_PACK_HEADERS, ZP_PACK_BODY) add up to 0 modulo 2^32; this one sees to it. */
#define ZP_PACK_SETUP_BALANCE 0xffc
/* But for what signing a PE writes: CheckSum and the directory entry of the certificates, two dwords. */
#define ZP_PACK_PE_CHECKSUM     0x2d8
#define ZP_PACK_PE_CERTIFICATES 0x328

/* Entries, from the body's start. The first and the second are where the Linux protocols want them. */
#define ZP_PACK_ENTRY_LINUX32    0x000 /* ESI: boot_params */
#define ZP_PACK_ENTRY_PVH        0x010 /* EBX: start_info */
#define ZP_PACK_ENTRY_MULTIBOOT1 0x020 /* EBX: multiboot information */
#define ZP_PACK_ENTRY_MULTIBOOT2 0x030
#define ZP_PACK_HEADER           0x040 /* struct zp_pack_body */
#define ZP_PACK_ENTRY_LINUX64    0x200 /* RSI: boot_params; e_entry */
#define ZP_PACK_ENTRY_EFI        0x210 /* RCX: image handle, RDX: system table (AddressOfEntryPoint) */
#define ZP_PACK_ENTRY_HANDOVER   0x220 /* RDI: image handle, RSI: system table, RDX: boot_params */

/* How we were entered: the first argument of stub_main. */
#define ZP_PACK_WAY_LINUX32    1
#define ZP_PACK_WAY_LINUX64    2
#define ZP_PACK_WAY_PVH        3
#define ZP_PACK_WAY_MULTIBOOT1 4
#define ZP_PACK_WAY_MULTIBOOT2 5
#define ZP_PACK_WAY_EFI        6
#define ZP_PACK_WAY_HANDOVER   7

/* Offsets in struct zp_pack_body, for assembly. */
#define ZP_PACK_BODY_STUB_OFFSET 0x18
#define ZP_PACK_BODY_STUB_SIZE   0x1c
#define ZP_PACK_BODY_STUB_BYTES  0x20
#define ZP_PACK_BODY_STUB_MEMORY 0x24
#define ZP_PACK_BODY_WORK        0x28

#define ZP_PACK_BODY_MAGIC    "zeropage" /* 8 bytes, no NUL */
#define ZP_PACK_PAYLOAD_MAGIC "zp-load\n"
#define ZP_PACK_VERSION       1

/* In the ESP: where the PE flavour without a payload looks for one. */
#define ZP_PACK_ESP_PAYLOAD u"\\EFI\\BOOT\\PAYLOAD.ZP"

#define ZP_PACK_MODULE_MAX 16

/* Of the image that the stub has room for: the packer takes no other. */
#define ZP_PACK_SEGMENT_MAX 128
#define ZP_PACK_NOTE_MAX    64
#define ZP_PACK_ENTRY_MAX   16

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#include <zeropage/static_assert.h>

/* At ZP_PACK_HEADER of the body. The assembler leaves it zero but for the stub's own numbers. */
struct zp_pack_body {
    char magic[8];
    uint32_t version;
    uint32_t flavour;   /* enum zp_pack_flavour */
    uint32_t body_size; /* bytes from the body's start that `checksum` covers: head and packed stub */
    uint32_t reserved;
    uint32_t stub_offset;    /* of the LZ4 block, from the body's start */
    uint32_t stub_size;      /* of it, bytes */
    uint32_t stub_bytes;     /* unpacked */
    uint32_t stub_memory;    /* what the stub needs at `work`: unpacked bytes, .bss, page tables, stack */
    uint64_t work;           /* from the body's start, a multiple of 4096: behind the payload */
    uint64_t payload_offset; /* from the body's start; 0: a file of the ESP that we were started from */
    uint64_t payload_size;
    uint64_t checksum; /* zp_pack_checksum of [body, +body_size) with 0 here */
};

static_assert(offsetof(struct zp_pack_body, stub_offset) == ZP_PACK_BODY_STUB_OFFSET, "stub_offset");
static_assert(offsetof(struct zp_pack_body, stub_size) == ZP_PACK_BODY_STUB_SIZE, "stub_size");
static_assert(offsetof(struct zp_pack_body, stub_bytes) == ZP_PACK_BODY_STUB_BYTES, "stub_bytes");
static_assert(offsetof(struct zp_pack_body, stub_memory) == ZP_PACK_BODY_STUB_MEMORY, "stub_memory");
static_assert(offsetof(struct zp_pack_body, work) == ZP_PACK_BODY_WORK, "work");
static_assert(sizeof(struct zp_pack_body) == 72, "size of zp_pack_body");

enum zp_pack_flavour {
    ZP_PACK_ELF = 1,
    ZP_PACK_PE = 2
};

enum zp_pack_compression {
    ZP_PACK_STORED = 0,
    ZP_PACK_LZ4 = 1, /* one LZ4 block */
    ZP_PACK_ZSTD = 2 /* one zstd frame */
};

struct zp_pack_module {
    uint64_t offset; /* from the payload's start */
    uint64_t size;
};

/* The payload begins with this. */
struct zp_pack_payload {
    char magic[8];
    uint32_t version;
    uint32_t header_size;                /* sizeof */
    uint64_t size;                       /* of the payload whole; its file in the ESP is as long */
    uint64_t checksum;                   /* zp_pack_checksum of all of it with 0 here */
    uint64_t kernel_offset, kernel_size; /* as stored */
    uint64_t kernel_bytes;               /* unpacked; kernel_size when stored */
    uint32_t compression;                /* enum zp_pack_compression */
    uint32_t entry;                      /* enum zp_protocol to enter by; 0: plan's choice */
    uint32_t told; /* 1: the image does not offer that entry, its author tells of it (zp_image_tell) */
    uint32_t cmdline_room; /* bytes kept for the built-in command line with its NUL */
    uint32_t cmdline_offset;
    uint32_t cmdline_length;
    uint64_t home, home_size; /* where the kernel is linked to lie: we go somewhere else beforehand */
    uint64_t modules_room;    /* bytes from module[0].offset on that --set-initrd may fill */
    uint32_t module_count;
    uint32_t cmdline_max; /* bytes without NUL: the longest that kernel and stub take */
    struct zp_pack_module modules[ZP_PACK_MODULE_MAX];
};

static_assert(sizeof(struct zp_pack_payload) == 368, "size of zp_pack_payload");

/*
 * Fletcher's checksum of 32-bit little-endian words, both sums modulo 2^32 - 1, the second in the upper half.
 * size: a multiple of 4. The 8 bytes at `skip` (a multiple of 4; SIZE_MAX: none) count as 0.
 */
uint64_t zp_pack_checksum(const void *bytes, size_t size, size_t skip);

#endif

#endif
