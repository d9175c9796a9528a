/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests: a FAT file system with EFI/BOOT/BOOTX64.EFI in it, written by the specification and not by the
 * reader's code. Clusters 2 (EFI), 3 (BOOT), from 4 on the file; with FAT32 the root is the cluster behind
 * it.
 */
#ifndef ZP_TESTS_FAT_IMAGE_H
#define ZP_TESTS_FAT_IMAGE_H

#include <string.h>

#include "gen.h"

struct fat_layout {
    unsigned bits;            /* 12, 16 or 32 */
    size_t sectors;           /* of 512 bytes, in all */
    size_t per_cluster;       /* sectors */
    size_t table, root, data; /* offsets from the volume's start, filled by fat_image */
    size_t file_clusters;
    size_t root_cluster;
};

static inline void fat_image_link(struct gen_image *image, size_t at, const struct fat_layout *layout,
                                  size_t cluster, uint32_t next)
{
    size_t entry = at + layout->table + cluster * layout->bits / 8;
    uint32_t old;

    if (layout->bits == 32) {
        gen_poke(image, entry, 4, next);
    } else if (layout->bits == 16) {
        gen_poke(image, entry, 2, next & 0xffff);
    } else {
        old = (uint32_t)gen_peek(image, entry, 2);
        old = cluster & 1 ? (old & 0xf) | (next & 0xfff) << 4 : (old & 0xf000) | (next & 0xfff);
        gen_poke(image, entry, 2, old);
    }
}

static inline void fat_image_entry(struct gen_image *image, size_t at, const char *name, unsigned attributes,
                                   size_t cluster, size_t size)
{
    memcpy(image->bytes + at, name, 11);
    gen_poke(image, at + 11, 1, attributes);
    gen_poke(image, at + 20, 2, cluster >> 16);
    gen_poke(image, at + 26, 2, cluster & 0xffff);
    gen_poke(image, at + 28, 4, size);
}

static inline size_t fat_image_cluster(size_t at, const struct fat_layout *layout, size_t cluster)
{
    return at + layout->data + (cluster - 2) * layout->per_cluster * 512;
}

/* Into image at `at`, which is large enough. */
static inline void fat_image(struct gen_image *image, size_t at, struct fat_layout *layout, const void *file,
                             size_t size)
{
    size_t cluster_size = layout->per_cluster * 512, entries = layout->sectors / layout->per_cluster + 2;
    size_t table = (entries * layout->bits / 8 + 1 + 511) / 512, reserved = layout->bits == 32 ? 32 : 1;
    size_t root = layout->bits == 32 ? 0 : 2; /* 32 entries */

    gen_poke(image, at, 4, 0x903ceb);
    gen_poke(image, at + 11, 2, 512);
    gen_poke(image, at + 13, 1, layout->per_cluster);
    gen_poke(image, at + 14, 2, reserved);
    gen_poke(image, at + 16, 1, 2);
    gen_poke(image, at + 17, 2, root * 16);
    gen_poke(image, at + 19, 2, layout->sectors < 0x10000 ? layout->sectors : 0);
    gen_poke(image, at + 21, 1, 0xf8);
    gen_poke(image, at + 22, 2, layout->bits == 32 ? 0 : table);
    gen_poke(image, at + 32, 4, layout->sectors < 0x10000 ? 0 : layout->sectors);
    gen_poke(image, at + 510, 2, 0xaa55);
    layout->table = reserved * 512;
    layout->root = (reserved + 2 * table) * 512;
    layout->data = layout->root + root * 512;
    layout->file_clusters = (size + cluster_size - 1) / cluster_size;
    layout->root_cluster = 4 + layout->file_clusters;
    if (layout->bits == 32) {
        gen_poke(image, at + 36, 4, table);
        gen_poke(image, at + 44, 4, layout->root_cluster);
        fat_image_link(image, at, layout, layout->root_cluster, 0xfffffff);
        layout->root = fat_image_cluster(0, layout, layout->root_cluster);
    }
    fat_image_link(image, at, layout, 0, 0xffffff8);
    fat_image_link(image, at, layout, 1, 0xfffffff);
    fat_image_entry(image, at + layout->root, "ESP        ", 0x08, 0, 0);
    memcpy(image->bytes + at + layout->root + 32,
           "\xe5"
           "FI        ",
           11); /* erased */
    gen_poke(image, at + layout->root + 32 + 11, 1, 0x10);
    fat_image_entry(image, at + layout->root + 64, "EFI        ", 0x10, 2, 0);
    fat_image_link(image, at, layout, 2, 0xfffffff);
    fat_image_entry(image, fat_image_cluster(at, layout, 2), ".          ", 0x10, 2, 0);
    fat_image_entry(image, fat_image_cluster(at, layout, 2) + 32, "BOOT       ", 0x10, 3, 0);
    fat_image_link(image, at, layout, 3, 0xfffffff);
    fat_image_entry(image, fat_image_cluster(at, layout, 3), "BOOTX64 EFI", 0x20, size ? 4 : 0, size);
    for (size_t i = 0; i < layout->file_clusters; i++)
        fat_image_link(image, at, layout, 4 + i,
                       i + 1 < layout->file_clusters ? (uint32_t)(5 + i) : 0xfffffff);
    memcpy(image->bytes + fat_image_cluster(at, layout, 4), file, size);
}

#endif
