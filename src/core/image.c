/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Questions to an image that was inspected: which protocols it offers in sound entries, the entry of one
 * protocol, the Xen note of one type.
 */
#include <zeropage/image.h>

#include "seam.h"

uint32_t zp_image_protocols(const struct zp_image *image)
{
    uint32_t mask = 0;

    for (size_t i = 0; i < image->entry_count; i++)
        if (image->entries[i].fault.code == ZP_OK)
            mask |= UINT32_C(1) << image->entries[i].protocol;
    return mask;
}

const struct zp_entry *zp_image_entry(const struct zp_image *image, uint32_t protocol)
{
    for (size_t i = 0; i < image->entry_count; i++)
        if (image->entries[i].fault.code == ZP_OK && image->entries[i].protocol == protocol)
            return &image->entries[i];
    return NULL;
}

const struct zp_note *zp_image_note(const struct zp_image *image, uint32_t type)
{
    for (size_t i = 0; i < image->note_count; i++)
        if (image->notes[i].type == type)
            return &image->notes[i];
    return NULL;
}
