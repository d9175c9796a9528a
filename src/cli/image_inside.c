/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How an image lay in its file: unpacked from a compressed one, as a section of a UKI, with the sections
 * and the texts of that; and the relocation table behind a Linux ELF. Everything that the file says is
 * escaped, and only so much of a text is read as a person would.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image_view.h"

#define TEXT_MAX 1024u

static const enum zp_uki_part text_parts[] = {ZP_UKI_CMDLINE, ZP_UKI_UNAME, ZP_UKI_OSREL};
#define TEXT_PART_COUNT (sizeof text_parts / sizeof text_parts[0])

/* The bytes of a part up to a NUL, in text; length without what ends the last line. */
static size_t read_part(const struct zp_uki *uki, enum zp_uki_part part, char *text, size_t text_size)
{
    const struct zp_file *file = &uki->parts[part];
    size_t length = text_size - 1;
    if (!file->name)
        return 0;
    if (length > file->source.size)
        length = (size_t)file->source.size;
    if (file->source.read(file->source.context, 0, text, length) != 0)
        return 0;
    text[length] = '\0';
    length = strlen(text);
    while (length > 0 && memchr(" \t\r\n", text[length - 1], 5))
        text[--length] = '\0';
    return length;
}

/* Line by line, each under the one before. */
static void print_part(const struct zp_uki *uki, enum zp_uki_part part)
{
    char text[TEXT_MAX], safe[4 * TEXT_MAX];
    const char *name = zp_uki_part_name(part) + 1;
    if (read_part(uki, part, text, sizeof text) == 0)
        return;
    for (char *line = text; line; name = "") {
        char *end = strchr(line, '\n');
        size_t length = end ? (size_t)(end - line) : strlen(line);
        printf("  %-13s %s\n", name, cli_escape(line, length, safe, sizeof safe));
        line = end ? end + 1 : NULL;
    }
}

void cli_sections_table(const struct zp_source *source)
{
    struct zp_pe_section *sections;
    struct zp_error error;
    size_t count;
    char name[40], size[32];
    if (zp_pe_sections_read(source, &sections, &count, &error) != 0)
        return;
    for (size_t i = 0; i < count; i++) {
        const struct zp_pe_section *section = &sections[i];
        printf("  %-13s %10s at 0x%08" PRIx64 " of the file, 0x%08" PRIx64 " in memory\n",
               cli_escape(section->name, strlen(section->name), name, sizeof name),
               zp_size_format(section->size, size, sizeof size), section->offset, section->virtual_address);
    }
    free(sections);
}

struct json_object *cli_sections_json(const struct zp_source *source)
{
    struct json_object *list = json_object_new_array();
    struct zp_pe_section *sections;
    struct zp_error error;
    size_t count;
    char name[40];
    if (zp_pe_sections_read(source, &sections, &count, &error) != 0)
        return list;
    for (size_t i = 0; i < count; i++) {
        const struct zp_pe_section *section = &sections[i];
        struct json_object *object = json_object_new_object();
        cli_json_text(object, "name", cli_escape(section->name, strlen(section->name), name, sizeof name));
        cli_json_size(object, "offset", section->offset);
        cli_json_size(object, "size", section->size);
        cli_json_size(object, "virtual_size", section->virtual_size);
        cli_json_hex(object, "virtual_address", section->virtual_address);
        json_object_array_add(list, object);
    }
    free(sections);
    return list;
}

void cli_inside_table(const struct zp_opened_image *opened)
{
    const struct zp_uki *uki = &opened->uki;
    char size[32];
    if (opened->compression)
        printf("  %-13s %s\n", zp_compression_name(opened->compression),
               uki->present && !uki->packed ? ".linux unpacked"
                                            : zp_size_format(opened->file.source.size, size, sizeof size));
    if (!uki->present)
        return;
    printf("  %-13s unified kernel image, %s, with the kernel at 0x%" PRIx64 "\n", "UKI",
           zp_size_format(zp_opened_image_uki_file(opened)->source.size, size, sizeof size),
           uki->linux_offset);
    for (size_t i = 0; i < TEXT_PART_COUNT; i++)
        print_part(uki, text_parts[i]);
}

static struct json_object *part_json(const struct zp_uki *uki, enum zp_uki_part part)
{
    char text[TEXT_MAX], safe[4 * TEXT_MAX];
    if (!uki->parts[part].name)
        return NULL;
    size_t length = read_part(uki, part, text, sizeof text);
    return json_object_new_string(cli_escape(text, length, safe, sizeof safe));
}

struct json_object *cli_uki_json(const struct zp_opened_image *opened)
{
    const struct zp_uki *uki = &opened->uki;
    if (!uki->present)
        return NULL;
    struct json_object *object = json_object_new_object();
    cli_json_bool(object, "packed", uki->packed);
    cli_json_size(object, "linux_offset", uki->linux_offset);
    cli_json_size(object, "linux_size", uki->linux_size);
    for (size_t i = 0; i < TEXT_PART_COUNT; i++)
        json_object_object_add(object, zp_uki_part_name(text_parts[i]) + 1, part_json(uki, text_parts[i]));
    json_object_object_add(object, "sections", cli_sections_json(&zp_opened_image_uki_file(opened)->source));
    return object;
}

void cli_relocations_table(const struct zp_image *image, const char *image_name)
{
    const struct zp_relocations *table = &image->relocations;
    char size[32], text[1024];
    if (table->fault.code)
        printf("  %s\n", zp_error_explain(&table->fault, image_name, text, sizeof text));
    if (table->list_count == 0)
        return;
    printf("  %-13s %s at 0x%" PRIx64 " of the file, to its end\n", "table",
           zp_size_format(table->size, size, sizeof size), table->offset);
    if (table->list_count >= 2)
        printf("  %-13s %" PRIu64 " at 0x%" PRIx64 "\n", "64 bits", table->list64_count,
               table->list64_offset);
    if (table->list_count == 3)
        printf("  %-13s %" PRIu64 " at 0x%" PRIx64 "\n", "32, negative", table->list32neg_count,
               table->list32neg_offset);
    printf("  %-13s %" PRIu64 " at 0x%" PRIx64 "\n", "32 bits", table->list32_count, table->list32_offset);
}

struct json_object *cli_relocations_json(const struct zp_image *image, const char *image_name)
{
    const struct zp_relocations *table = &image->relocations;
    if (table->list_count == 0 && table->fault.code == ZP_OK)
        return NULL;
    struct json_object *object = json_object_new_object();
    cli_json_size(object, "list_count", table->list_count);
    cli_json_size(object, "offset", table->offset);
    cli_json_size(object, "size", table->size);
    cli_json_size(object, "list64_offset", table->list64_offset);
    cli_json_size(object, "list64_count", table->list64_count);
    cli_json_size(object, "list32neg_offset", table->list32neg_offset);
    cli_json_size(object, "list32neg_count", table->list32neg_count);
    cli_json_size(object, "list32_offset", table->list32_offset);
    cli_json_size(object, "list32_count", table->list32_count);
    cli_json_hex(object, "map", table->map);
    json_object_object_add(object, "fault",
                           table->fault.code ? cli_json_fault(&table->fault, image_name) : NULL);
    return object;
}
