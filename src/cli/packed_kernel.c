/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names the kernel in a packed file: takes it out of the payload, unpacked where it is compressed, and has
 * zp_examine say what it is. Receives what zp_pack_read accepted, so that every part lies in the file; a
 * kernel that does not unpack, or is too large to be worth it, has no name. LZ4 block format; RFC 8878.
 */
#include <inttypes.h>
#include <lz4.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include <zeropage/wire/elf.h>

#include "image_view.h"
#include "packed_view.h"

#define UNPACK_MAX (UINT64_C(1) << 30)
#define SEGMENTS   256u
#define NOTES      64u
#define ENTRIES    32u

/* The kernel as stored, in memory of its own; NULL: it cannot be. */
static char *read_stored(const struct zp_file *file, const struct zp_packed *packed)
{
    const struct zp_pack_payload *payload = &packed->payload;
    char *bytes = payload->kernel_size <= UNPACK_MAX ? malloc((size_t)payload->kernel_size) : NULL;
    if (bytes && file->source.read(file->source.context, packed->payload_at + payload->kernel_offset, bytes,
                                   (size_t)payload->kernel_size) != 0) {
        free(bytes);
        return NULL;
    }
    return bytes;
}

static char *unpack(const struct zp_pack_payload *payload, const char *stored)
{
    size_t size = (size_t)payload->kernel_bytes, done = 0;
    char *bytes = payload->kernel_bytes <= UNPACK_MAX ? malloc(size ? size : 1) : NULL;
    if (bytes && payload->compression == ZP_PACK_LZ4) {
        int made = LZ4_decompress_safe(stored, bytes, (int)payload->kernel_size, (int)size);
        done = made < 0 ? 0 : (size_t)made;
    } else if (bytes && payload->compression == ZP_PACK_ZSTD) {
        done = ZSTD_decompress(bytes, size, stored, (size_t)payload->kernel_size);
    }
    if (bytes && done == size)
        return bytes;
    free(bytes);
    return NULL;
}

/* "Linux version 6.1.0-18-amd64 (...)" to its third word, from an ELF that says it is Linux. */
static void add_banner(const struct zp_source *source, char *text, size_t size)
{
    struct zp_kernel_texts texts = {0};
    char banner[256];
    if (zp_kernel_texts_find(source, &texts, &(struct zp_error){0}) != 0 || texts.banner_offset == 0)
        return;
    cli_image_text(source, texts.banner_offset, 120, banner, sizeof banner);
    const char *version = strlen(banner) > 14 ? banner + 14 : banner;
    size_t used = strlen(text);
    snprintf(text + used, size - used, ", Linux %.*s", (int)strcspn(version, " "), version);
}

static void name(const struct zp_image *image, char *text, size_t size)
{
    char version[300];
    size_t used = 0;
    if (image->formats & (ZP_FORMAT_BZIMAGE | ZP_FORMAT_ZIMAGE)) {
        used += (size_t)snprintf(text, size, "bzImage of protocol %u.%02u", image->bzimage.version >> 8,
                                 image->bzimage.version & 0xff);
        if (cli_kernel_version(image, version, sizeof version)[0])
            snprintf(text + used, size - used, ", %s", version);
        return;
    }
    if (image->elf.class_bits) {
        snprintf(text, size, "ELF%" PRIu32 " for %s", image->elf.class_bits,
                 image->elf.machine == ZP_EM_X86_64 ? "x86-64" : "i386");
        if (image->elf.guest_linux)
            add_banner(image->source, text, size);
        return;
    }
    if (image->formats & (ZP_FORMAT_MULTIBOOT1 | ZP_FORMAT_MULTIBOOT2))
        snprintf(text, size, "multiboot image");
}

static void examine(const char *bytes, uint64_t length, char *text, size_t size)
{
    struct zp_memory_source memory;
    struct zp_image image = {.struct_size = sizeof image};
    struct zp_image_room room = {.segments = cli_grow(NULL, SEGMENTS, sizeof *room.segments),
                                 .segment_capacity = SEGMENTS,
                                 .notes = cli_grow(NULL, NOTES, sizeof *room.notes),
                                 .note_capacity = NOTES,
                                 .entries = cli_grow(NULL, ENTRIES, sizeof *room.entries),
                                 .entry_capacity = ENTRIES};
    zp_memory_source_init(&memory, bytes, length);
    (void)zp_examine(&memory.source, &room, &image, &(struct zp_error){0});
    if (image.source)
        name(&image, text, size);
    free(room.segments);
    free(room.notes);
    free(room.entries);
}

void cli_packed_kernel(const struct zp_file *file, const struct zp_packed *packed, char *text, size_t size)
{
    const struct zp_pack_payload *payload = &packed->payload;
    char *stored = read_stored(file, packed), *plain = NULL;
    text[0] = '\0';
    if (stored && payload->compression != ZP_PACK_STORED)
        plain = unpack(payload, stored);
    if (plain || (stored && payload->compression == ZP_PACK_STORED))
        examine(plain ? plain : stored, payload->kernel_bytes, text, size);
    free(plain);
    free(stored);
}
