/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image.h - kernel images of other machines, so that we can name them.
 *
 * The 64-byte headers of Linux's "Booting AArch64 Linux" (arm64/booting),
 * "Boot image header in RISC-V Linux" (riscv/boot-image-header) and "Booting
 * Linux/LoongArch" (loongarch/booting). All are little endian in what we read
 * and may start with "MZ" when the image is an EFI executable as well.
 */
#ifndef ZEROPAGE_WIRE_IMAGE_H
#define ZEROPAGE_WIRE_IMAGE_H

#define ZP_ARM64_IMAGE_MAGIC        0x644d5241 /* "ARM\x64" at 0x38 */
#define ZP_RISCV_IMAGE_MAGIC2       0x05435352 /* "RSC\x05" at 0x38 */
#define ZP_LOONGARCH_IMAGE_PE_MAGIC 0x818223cd /* at 0x38; x86 has it too since Linux 6.12 */
#define ZP_IMAGE_MAGIC_OFFSET       0x38

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#include <zeropage/static_assert.h>

struct zp_arm64_image_header {
    uint32_t code0;
    uint32_t code1;
    uint64_t text_offset; /* bytes from a 2 MiB boundary to load at */
    uint64_t image_size;  /* bytes of memory from there on, 0 before Linux 3.17 */
    uint64_t flags;       /* bit 0 big endian, bits 1 and 2 page size, bit 3 anywhere */
    uint64_t res2;
    uint64_t res3;
    uint64_t res4;
    uint32_t magic; /* ZP_ARM64_IMAGE_MAGIC */
    uint32_t res5;  /* offset of the PE header */
};

static_assert(offsetof(struct zp_arm64_image_header, code0) == 0, "code0");
static_assert(offsetof(struct zp_arm64_image_header, code1) == 4, "code1");
static_assert(offsetof(struct zp_arm64_image_header, text_offset) == 8, "text_offset");
static_assert(offsetof(struct zp_arm64_image_header, image_size) == 16, "image_size");
static_assert(offsetof(struct zp_arm64_image_header, flags) == 24, "flags");
static_assert(offsetof(struct zp_arm64_image_header, res2) == 32, "res2");
static_assert(offsetof(struct zp_arm64_image_header, res3) == 40, "res3");
static_assert(offsetof(struct zp_arm64_image_header, res4) == 48, "res4");
static_assert(offsetof(struct zp_arm64_image_header, magic) == 56, "magic");
static_assert(offsetof(struct zp_arm64_image_header, res5) == 60, "res5");
static_assert(sizeof(struct zp_arm64_image_header) == 64, "size of arm64_image_header");

struct zp_riscv_image_header {
    uint32_t code0;
    uint32_t code1;
    uint64_t text_offset; /* bytes from the start of RAM to load at */
    uint64_t image_size;  /* bytes */
    uint64_t flags;       /* bit 0 big endian */
    uint32_t version;     /* major << 16 | minor */
    uint32_t res1;
    uint64_t res2;
    uint64_t magic;  /* "RISCV\0\0\0", deprecated */
    uint32_t magic2; /* ZP_RISCV_IMAGE_MAGIC2 */
    uint32_t res3;   /* offset of the PE header */
};

static_assert(offsetof(struct zp_riscv_image_header, code0) == 0, "code0");
static_assert(offsetof(struct zp_riscv_image_header, code1) == 4, "code1");
static_assert(offsetof(struct zp_riscv_image_header, text_offset) == 8, "text_offset");
static_assert(offsetof(struct zp_riscv_image_header, image_size) == 16, "image_size");
static_assert(offsetof(struct zp_riscv_image_header, flags) == 24, "flags");
static_assert(offsetof(struct zp_riscv_image_header, version) == 32, "version");
static_assert(offsetof(struct zp_riscv_image_header, res1) == 36, "res1");
static_assert(offsetof(struct zp_riscv_image_header, res2) == 40, "res2");
static_assert(offsetof(struct zp_riscv_image_header, magic) == 48, "magic");
static_assert(offsetof(struct zp_riscv_image_header, magic2) == 56, "magic2");
static_assert(offsetof(struct zp_riscv_image_header, res3) == 60, "res3");
static_assert(sizeof(struct zp_riscv_image_header) == 64, "size of riscv_image_header");

struct zp_loongarch_image_header {
    uint32_t mz_magic; /* "MZ\0\0" */
    uint32_t res0;
    uint64_t kernel_entry;
    uint64_t image_size;  /* bytes, with BSS */
    uint64_t load_offset; /* bytes from the start of RAM to load at */
    uint64_t res1;
    uint64_t res2;
    uint64_t res3;
    uint32_t linux_pe_magic; /* ZP_LOONGARCH_IMAGE_PE_MAGIC */
    uint32_t pe_header;      /* offset of the PE header */
};

static_assert(offsetof(struct zp_loongarch_image_header, mz_magic) == 0, "mz_magic");
static_assert(offsetof(struct zp_loongarch_image_header, res0) == 4, "res0");
static_assert(offsetof(struct zp_loongarch_image_header, kernel_entry) == 8, "kernel_entry");
static_assert(offsetof(struct zp_loongarch_image_header, image_size) == 16, "image_size");
static_assert(offsetof(struct zp_loongarch_image_header, load_offset) == 24, "load_offset");
static_assert(offsetof(struct zp_loongarch_image_header, res1) == 32, "res1");
static_assert(offsetof(struct zp_loongarch_image_header, res2) == 40, "res2");
static_assert(offsetof(struct zp_loongarch_image_header, res3) == 48, "res3");
static_assert(offsetof(struct zp_loongarch_image_header, linux_pe_magic) == 56, "linux_pe_magic");
static_assert(offsetof(struct zp_loongarch_image_header, pe_header) == 60, "pe_header");
static_assert(sizeof(struct zp_loongarch_image_header) == 64, "size of loongarch_image_header");

static_assert(offsetof(struct zp_arm64_image_header, magic) == ZP_IMAGE_MAGIC_OFFSET, "magic");
static_assert(offsetof(struct zp_riscv_image_header, magic2) == ZP_IMAGE_MAGIC_OFFSET, "magic2");
static_assert(offsetof(struct zp_loongarch_image_header, linux_pe_magic) == ZP_IMAGE_MAGIC_OFFSET, "magic");

#endif /* !__ASSEMBLER__ */

#endif
