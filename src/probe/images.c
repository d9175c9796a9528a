/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The probe guest in each of its shapes (images.h). The bytes come from images.S, their sizes from the build;
 * the order is the one in which `zeropage probe` goes through them.
 */
#include "images.h"

#include <string.h>

#include <zeropage/image.h>

#include "images_sizes.h"

#define PROTOCOL(name) (1u << ZP_PROTOCOL_##name)
#define BYTES(shape)                                                               \
    .name = #shape, .file_name = "probe." #shape, .bytes = zp_probe_bytes_##shape, \
    .size = ZP_PROBE_SIZE_##shape

extern const char zp_probe_bytes_bzimage[];
extern const char zp_probe_bytes_bzimage32[];
extern const char zp_probe_bytes_bzimage16[];
extern const char zp_probe_bytes_elf64[];
extern const char zp_probe_bytes_pvh[];
extern const char zp_probe_bytes_multiboot1[];
extern const char zp_probe_bytes_multiboot2[];
extern const char zp_probe_bytes_efi[];

const struct zp_probe_image zp_probe_images[] = {
    {BYTES(bzimage), .about = "bzImage 2.15 with the 16-, 32- and 64-bit entries",
     .protocols = PROTOCOL(LINUX16) | PROTOCOL(LINUX32) | PROTOCOL(LINUX64)},
    {BYTES(bzimage32), .about = "bzImage 2.15 with the 16- and 32-bit entries",
     .protocols = PROTOCOL(LINUX16) | PROTOCOL(LINUX32)},
    {BYTES(bzimage16), .about = "bzImage 2.04 with the 16-bit entry alone", .protocols = PROTOCOL(LINUX16)},
    {BYTES(elf64), .about = "ELF64 entered by Linux's 64-bit protocol", .protocols = PROTOCOL(LINUX64)},
    {BYTES(pvh), .about = "ELF64 with a PVH note", .protocols = PROTOCOL(PVH)},
    {BYTES(multiboot1), .about = "ELF32 with a multiboot 1 header", .protocols = PROTOCOL(MULTIBOOT1)},
    {BYTES(multiboot2), .about = "ELF32 with a multiboot 2 header", .protocols = PROTOCOL(MULTIBOOT2)},
    {BYTES(efi), .about = "EFI application for x64", .efi = 1},
};
const size_t zp_probe_image_count = sizeof(zp_probe_images) / sizeof(zp_probe_images[0]);

const struct zp_probe_image *zp_probe_image_by_name(const char *name)
{
    for (size_t i = 0; i < zp_probe_image_count; i++)
        if (strcmp(zp_probe_images[i].name, name) == 0)
            return &zp_probe_images[i];
    return NULL;
}
