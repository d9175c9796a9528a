/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The built-in parts of packed files, by what they are for: a front for each flavour (front/), a body for
 * each stub (stub/). The bytes are blobs.S's.
 */
#include "pack.h"

#define BLOB(name)                                                                     \
    extern const unsigned char zp_pack_##name[] __attribute__((visibility("hidden"))); \
    extern const unsigned char zp_pack_##name##_end[] __attribute__((visibility("hidden")))

BLOB(front_elf);
BLOB(front_pe);
BLOB(body_bzimage);
BLOB(body_elf);
BLOB(body_multiboot);
BLOB(body_full);
BLOB(body_lz4);
BLOB(body_zstd);

static struct zp_pack_blob between(const unsigned char *start, const unsigned char *end)
{
    return (struct zp_pack_blob){start, (size_t)(end - start)};
}

struct zp_pack_blob zp_pack_front(uint32_t flavour)
{
    if (flavour == ZP_PACK_PE)
        return between(zp_pack_front_pe, zp_pack_front_pe_end);
    return between(zp_pack_front_elf, zp_pack_front_elf_end);
}

struct zp_pack_blob zp_pack_body_blob(enum zp_pack_stub stub)
{
    switch (stub) {
    case ZP_PACK_STUB_BZIMAGE: return between(zp_pack_body_bzimage, zp_pack_body_bzimage_end);
    case ZP_PACK_STUB_ELF: return between(zp_pack_body_elf, zp_pack_body_elf_end);
    case ZP_PACK_STUB_MULTIBOOT: return between(zp_pack_body_multiboot, zp_pack_body_multiboot_end);
    case ZP_PACK_STUB_FULL: break;
    case ZP_PACK_STUB_LZ4: return between(zp_pack_body_lz4, zp_pack_body_lz4_end);
    case ZP_PACK_STUB_ZSTD: return between(zp_pack_body_zstd, zp_pack_body_zstd_end);
    }
    return between(zp_pack_body_full, zp_pack_body_full_end);
}
