/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The probe guest in each of its shapes, as files inside of this program: what `zeropage probe --list` names
 * and `--write` hands out.
 */
#ifndef ZP_PROBE_IMAGES_H
#define ZP_PROBE_IMAGES_H

#include <stddef.h>
#include <stdint.h>

struct zp_probe_image {
    const char *name;      /* "bzimage", "bzimage16", "elf64", "pvh", "multiboot1", "multiboot2", "efi" */
    const char *file_name; /* "probe.bzimage" */
    const char *about;     /* a phrase for people */
    uint32_t protocols;    /* mask of 1 << enum zp_protocol, (uint64_t)1 << ZP_PROBE_PROTOCOL_EFI aside */
    uint32_t efi;          /* 1: an EFI application */
    const void *bytes;
    size_t size;
};

extern const struct zp_probe_image zp_probe_images[];
extern const size_t zp_probe_image_count;

/* By name; NULL. */
const struct zp_probe_image *zp_probe_image_by_name(const char *name);

#endif
