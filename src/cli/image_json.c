/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An image as JSON: every member of struct zp_image under its own name, by the convention of json.c. Parts
 * that the image does not have are null.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zeropage/wire/elf.h>
#include <zeropage/wire/xen.h>

#include "image_view.h"

#define FORMATS_LINUX (ZP_FORMAT_BZIMAGE | ZP_FORMAT_ZIMAGE | ZP_FORMAT_PRE_200)

static struct json_object *formats_json(const struct zp_image *image)
{
    struct json_object *list = json_object_new_array();
    for (unsigned bit = 0; cli_format_name(bit); bit++)
        if (image->formats >> bit & 1)
            json_object_array_add(list, json_object_new_string(cli_format_name(bit)));
    return list;
}

static struct json_object *header_json(const struct zp_bzimage *bzimage)
{
    struct json_object *object = json_object_new_object();
    for (size_t i = 0; i < cli_header_field_count; i++) {
        const struct cli_header_field *field = &cli_header_fields[i];
        if (!cli_header_has(bzimage, field))
            continue;
        uint64_t value = cli_header_value(bzimage, field);
        if (field->number)
            cli_json_size(object, field->name, value);
        else
            cli_json_hex(object, field->name, value);
    }
    return object;
}

static struct json_object *bzimage_json(const struct zp_image *image)
{
    const struct zp_bzimage *bzimage = &image->bzimage;
    char text[1100];
    if (!(image->formats & FORMATS_LINUX))
        return NULL;
    struct json_object *object = json_object_new_object();
    char version[16];
    snprintf(version, sizeof version, "%u.%02u", bzimage->version >> 8, bzimage->version & 0xff);
    cli_json_text(object, "version", version);
    cli_json_text(object, "kernel_version", cli_kernel_version(image, text, sizeof text));
    cli_json_size(object, "header_end", bzimage->header_end);
    cli_json_size(object, "setup_sects", bzimage->setup_sects);
    cli_json_bool(object, "loaded_high", bzimage->loaded_high);
    cli_json_size(object, "code_offset", bzimage->code_offset);
    cli_json_size(object, "code_size", bzimage->code_size);
    cli_json_size(object, "trailing_size", bzimage->trailing_size);
    cli_json_size(object, "syssize_bytes", bzimage->syssize_bytes);
    cli_json_size(object, "cmdline_max", bzimage->cmdline_max);
    cli_json_hex(object, "initrd_max", bzimage->initrd_max.value);
    cli_json_size(object, "kernel_alignment", bzimage->kernel_alignment);
    cli_json_text(object, "payload_compression", zp_compression_name(bzimage->payload_compression));
    cli_json_size(object, "payload_offset", bzimage->payload_offset);
    cli_json_size(object, "payload_length", bzimage->payload_length);
    cli_json_size(object, "kernel_info_offset", bzimage->kernel_info_offset);
    cli_json_size(object, "setup_type_max", bzimage->setup_type_max);
    json_object_object_add(object, "header", header_json(bzimage));
    return object;
}

static struct json_object *elf_json(const struct zp_elf *elf)
{
    if (elf->class_bits == 0)
        return NULL;
    struct json_object *object = json_object_new_object();
    cli_json_size(object, "class", elf->class_bits);
    cli_json_size(object, "type", elf->type);
    cli_json_size(object, "machine", elf->machine);
    cli_json_size(object, "osabi", elf->osabi);
    cli_json_hex(object, "entry", elf->entry.value);
    cli_json_size(object, "phoff", elf->phoff);
    cli_json_size(object, "phnum", elf->phnum);
    cli_json_size(object, "shoff", elf->shoff);
    cli_json_size(object, "shnum", elf->shnum);
    cli_json_size(object, "shentsize", elf->shentsize);
    cli_json_bool(object, "guest_linux", elf->guest_linux);
    cli_json_size(object, "file_end", elf->file_end);
    return object;
}

static struct json_object *multiboot_json(const struct zp_multiboot *multiboot, bool first)
{
    if (!multiboot->present)
        return NULL;
    struct json_object *object = json_object_new_object();
    cli_json_size(object, "header_offset", multiboot->header_offset);
    if (first)
        cli_json_hex(object, "flags", multiboot->flags);
    else
        cli_json_size(object, "header_length", multiboot->header_length);
    cli_json_bool(object, "wants_page_aligned_modules", multiboot->wants_page_aligned_modules);
    cli_json_bool(object, "wants_video_mode", multiboot->wants_video_mode);
    return object;
}

static struct json_object *segments_json(const struct zp_image *image)
{
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct zp_segment *segment = &image->segments[i];
        struct json_object *object = json_object_new_object();
        cli_json_size(object, "file_offset", segment->file_offset);
        cli_json_size(object, "file_size", segment->file_size);
        cli_json_hex(object, "paddr", segment->paddr.value);
        cli_json_hex(object, "vaddr", segment->vaddr);
        cli_json_size(object, "memory_size", segment->memory_size);
        cli_json_size(object, "align", segment->align);
        cli_json_hex(object, "flags", segment->flags);
        json_object_array_add(list, object);
    }
    return list;
}

static struct json_object *notes_json(const struct zp_image *image)
{
    char text[4200];
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < image->note_count; i++) {
        const struct zp_note *note = &image->notes[i];
        struct json_object *object = json_object_new_object();
        cli_json_text(object, "name", cli_note_name(note->type));
        cli_json_size(object, "type", note->type);
        cli_json_size(object, "header_offset", note->header_offset);
        cli_json_size(object, "descriptor_offset", note->descriptor_offset);
        cli_json_size(object, "descriptor_size", note->descriptor_size);
        if (cli_note_is_text(note))
            cli_json_text(object, "text", cli_note_text(image, note, text, sizeof text));
        else if (note->descriptor_size == 4 || note->descriptor_size == 8)
            cli_json_hex(object, "number", note->number);
        uint32_t word;
        static const char *const words[] = {"align", "min", "max"};
        for (unsigned w = 0; note->type == ZP_XEN_ELFNOTE_PHYS32_RELOC && w < 3; w++)
            if (cli_note_word(image, note, w, &word))
                cli_json_hex(object, words[w], word);
        json_object_array_add(list, object);
    }
    return list;
}

static struct json_object *entries_json(const struct zp_image *image, const char *image_name)
{
    static const char *const preferences[] = {"linked", "lowest", "highest"};
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < image->entry_count; i++) {
        const struct zp_entry *entry = &image->entries[i];
        struct json_object *object = json_object_new_object();
        cli_json_text(object, "protocol", zp_protocol_name(entry->protocol));
        cli_json_text(object, "container", cli_container_name(entry->container));
        cli_json_hex(object, "address", entry->address.value);
        cli_json_size(object, "segment_first", entry->segment_first);
        cli_json_size(object, "segment_count", entry->segment_count);
        cli_json_hex(object, "reserve", entry->reserve.value);
        cli_json_size(object, "reserve_size", entry->reserve_size);
        cli_json_bool(object, "relocatable", entry->align != 0);
        cli_json_size(object, "align", entry->align);
        cli_json_hex(object, "min", entry->min.value);
        cli_json_hex(object, "max", entry->max.value);
        cli_json_text(object, "prefer", entry->prefer <= ZP_PREFER_HIGHEST ? preferences[entry->prefer] : "");
        cli_json_bool(object, "guessed_size", entry->guessed_size);
        json_object_object_add(object, "fault",
                               entry->fault.code ? cli_json_fault(&entry->fault, image_name) : NULL);
        json_object_array_add(list, object);
    }
    return list;
}

struct json_object *cli_image_json(const struct zp_opened_image *opened, const struct cli_packed *packed,
                                   const char *image_name)
{
    const struct zp_image *image = &opened->image;
    size_t size = strlen(image_name) + ZP_INSIDE_SIZE + 2;
    char *inner_name = cli_grow(NULL, size, 1);
    zp_inside_name(image_name, opened->inside, inner_name, size);
    struct json_object *object = json_object_new_object();
    cli_json_text(object, "image", image_name);
    cli_json_size(object, "file_size", opened->file.source.size);
    cli_json_text(object, "inside", opened->inside);
    cli_json_text(object, "compression", zp_compression_name(opened->compression));
    json_object_object_add(object, "uki", cli_uki_json(opened));
    json_object_object_add(object, "packed", cli_packed_json(packed));
    cli_json_size(object, "image_size", image->source->size);
    json_object_object_add(object, "formats", formats_json(image));
    json_object_object_add(object, "bzimage", bzimage_json(image));
    json_object_object_add(object, "elf", elf_json(&image->elf));
    json_object_object_add(object, "relocations", cli_relocations_json(image, inner_name));
    json_object_object_add(object, "multiboot1", multiboot_json(&image->multiboot1, true));
    json_object_object_add(object, "multiboot2", multiboot_json(&image->multiboot2, false));
    json_object_object_add(object, "segments", segments_json(image));
    json_object_object_add(object, "notes", notes_json(image));
    json_object_object_add(object, "entries", entries_json(image, inner_name));
    cli_boots_json(object, opened);
    free(inner_name);
    return object;
}
