/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is inside an image, part by part: first as rows {inside of what, name, offset, size, words}, then as
 * a table or as JSON, so that both say the same.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unpack.h"

#define BANNER_MAX 256u

struct row {
    char inside[ZP_INSIDE_SIZE]; /* of the file */
    char name[40];
    uint64_t offset, size;
    char text[1100];
};

struct list {
    const struct zp_opened_image *opened;
    struct row *rows;
    size_t count, capacity;
};

static struct row *add(struct list *list, const char *inside, const char *name, uint64_t offset,
                       uint64_t size)
{
    if (list->count == list->capacity) { /* an ELF may have a million note segments */
        list->capacity = 2 * list->capacity + 16;
        list->rows = cli_grow(list->rows, list->capacity, sizeof *list->rows);
    }
    struct row *row = &list->rows[list->count++];
    *row = (struct row){.offset = offset, .size = size};
    snprintf(row->inside, sizeof row->inside, "%s", inside);
    snprintf(row->name, sizeof row->name, "%s", name);
    return row;
}

static void add_extent(struct list *list, const char *name, const struct cli_extent *extent)
{
    if (extent->source)
        add(list, extent->inside, name, extent->offset, extent->size);
}

static void add_sections(struct list *list, const struct zp_source *source, const char *inside)
{
    struct zp_pe_section *sections;
    struct zp_error error;
    size_t count;
    char name[40];
    if (zp_pe_sections_read(source, &sections, &count, &error) != 0)
        return;
    for (size_t i = 0; i < count; i++) {
        const struct zp_pe_section *section = &sections[i];
        struct row *row =
            add(list, inside, cli_escape(section->name, strlen(section->name), name, sizeof name),
                section->offset, section->size);
        snprintf(row->text, sizeof row->text, "PE section, 0x%" PRIx64 " in memory",
                 section->virtual_address);
    }
    free(sections);
}

static void add_uki(struct list *list)
{
    const struct zp_opened_image *opened = list->opened;
    const char *inside = opened->uki.packed ? "unpacked" : "";
    if (!opened->uki.present)
        return;
    add_sections(list, &zp_opened_image_uki_file(opened)->source, inside);
}

static void add_bzimage(struct list *list)
{
    const struct zp_opened_image *opened = list->opened;
    const struct zp_bzimage *bzimage = &opened->image.bzimage;
    struct cli_extent extent;
    struct row *row;
    if (!(opened->image.formats & (ZP_FORMAT_BZIMAGE | ZP_FORMAT_ZIMAGE)))
        return;
    row = add(list, opened->inside, "setup", 0, bzimage->code_offset);
    snprintf(row->text, sizeof row->text, "%u sectors after the first", bzimage->setup_sects);
    cli_part_setup_header(opened, &extent);
    row = add(list, opened->inside, "setup header", extent.offset, extent.size);
    snprintf(row->text, sizeof row->text, "boot protocol %u.%02u", bzimage->version >> 8,
             bzimage->version & 0xff);
    row = add(list, opened->inside, "code", bzimage->code_offset, bzimage->code_size);
    if (bzimage->kernel_version_offset)
        cli_image_text(opened->image.source, bzimage->kernel_version_offset, 256, row->text,
                       sizeof row->text);
    if (bzimage->payload_compression != ZP_COMPRESSION_NONE) {
        row = add(list, opened->inside, "payload", bzimage->payload_offset, bzimage->payload_length);
        snprintf(row->text, sizeof row->text, "%s", zp_compression_name(bzimage->payload_compression));
    }
    if (!opened->uki.present)
        add_sections(list, opened->image.source, opened->inside);
}

static void add_signature(struct list *list)
{
    struct cli_extent extent;
    struct zp_error error;
    if (cli_part_signature(list->opened, &extent, &error) == 0)
        add_extent(list, "signature", &extent);
}

static void add_texts(struct list *list, const struct zp_image *elf, const char *inside)
{
    struct zp_kernel_texts texts;
    struct zp_error error;
    char banner[BANNER_MAX + 1], *end;
    if (zp_kernel_texts_find(elf->source, &texts, &error) != 0)
        return;
    if (texts.config_offset) {
        struct row *row = add(list, inside, "config", texts.config_offset, texts.config_size);
        snprintf(row->text, sizeof row->text, "IKCONFIG, gzip");
    }
    if (texts.banner_offset == 0)
        return;
    size_t length = elf->source->size - texts.banner_offset < BANNER_MAX
                        ? (size_t)(elf->source->size - texts.banner_offset)
                        : BANNER_MAX;
    if (elf->source->read(elf->source->context, texts.banner_offset, banner, length) != 0)
        return;
    banner[length] = '\0';
    if ((end = strchr(banner, '\n')))
        *end = '\0';
    struct row *row = add(list, inside, "version", texts.banner_offset, strlen(banner));
    cli_escape(banner, strlen(banner), row->text, sizeof row->text);
}

static void add_elf(struct list *list)
{
    const struct zp_opened_image *opened = list->opened;
    const struct zp_image *elf = cli_part_elf(opened);
    const char *inside = cli_part_elf_inside(opened);
    struct cli_extent extent;
    if (elf->elf.class_bits == 0)
        return;
    struct row *row = add(list, inside, "vmlinux", 0, elf->source->size);
    snprintf(row->text, sizeof row->text, "ELF%" PRIu32 ", entry 0x%" PRIx64, elf->elf.class_bits,
             elf->elf.entry.value);
    for (uint32_t i = 0; cli_part_notes(opened, &i, &extent);)
        add_extent(list, "notes", &extent);
    cli_part_relocations(opened, &extent);
    if (extent.source) {
        const struct zp_relocations *table = &elf->relocations;
        row = add(list, inside, "relocations", extent.offset, extent.size);
        snprintf(row->text, sizeof row->text, "%" PRIu32 " list%s: %" PRIu64 " of 64 bits, %" PRIu64 " of 32",
                 table->list_count, table->list_count == 1 ? "" : "s", table->list64_count,
                 table->list32_count + table->list32neg_count);
    }
    add_texts(list, elf, inside);
}

static void print_table(const struct list *list, const char *image_name)
{
    struct cli_style style = cli_style();
    const char *inside = NULL;
    char size[32];
    for (size_t i = 0; i < list->count; i++) {
        const struct row *row = &list->rows[i];
        if (!inside || strcmp(inside, row->inside) != 0)
            printf("%s%s%s%s%s%s\n", i ? "\n" : "", style.bold, image_name, row->inside[0] ? ": " : "",
                   row->inside, style.plain);
        inside = row->inside;
        printf("  0x%08" PRIx64 "  %10s  ", row->offset, zp_size_format(row->size, size, sizeof size));
        printf(row->text[0] ? "%-13s %s\n" : "%s%s\n", row->name, row->text);
    }
}

static struct json_object *list_json(const struct list *list)
{
    struct json_object *array = json_object_new_array();
    for (size_t i = 0; i < list->count; i++) {
        const struct row *row = &list->rows[i];
        struct json_object *object = json_object_new_object();
        cli_json_text(object, "inside", row->inside);
        cli_json_text(object, "name", row->name);
        cli_json_size(object, "offset", row->offset);
        cli_json_size(object, "size", row->size);
        cli_json_text(object, "text", row->text);
        json_object_array_add(array, object);
    }
    return array;
}

/* Having no payload is no fault of an image. */
static bool is_spoiled(const struct zp_inner_image *inner)
{
    return inner->tried && inner->status != 0 && inner->status != ZP_ERR_NO_PAYLOAD;
}

/* Why there is no ELF to tell of, where a bzImage could have one. */
static struct json_object *inner_fault(const struct zp_opened_image *opened, const char *image_name)
{
    const struct zp_inner_image *inner = &opened->inner;
    if (!is_spoiled(inner))
        return NULL;
    size_t size = strlen(image_name) + ZP_INSIDE_SIZE + 2;
    char *name = cli_grow(NULL, size, 1);
    struct json_object *object =
        cli_json_status(inner->status, &inner->error, zp_inside_name(image_name, inner->inside, name, size));
    free(name);
    return object;
}

int cli_unpack_list(const struct zp_opened_image *opened, const char *image_name, bool json)
{
    struct list list = {.opened = opened};
    char *name = cli_escape_copy(image_name);
    if (opened->compression && !(opened->uki.present && !opened->uki.packed)) {
        struct row *row = add(&list, "", "file", 0, opened->file.source.size);
        snprintf(row->text, sizeof row->text, "%s", zp_compression_name(opened->compression));
    }
    add_uki(&list);
    add_bzimage(&list);
    add_signature(&list);
    add_elf(&list);
    if (json) {
        struct json_object *object = json_object_new_object();
        cli_json_text(object, "image", name);
        cli_json_size(object, "file_size", opened->file.source.size);
        json_object_object_add(object, "parts", list_json(&list));
        json_object_object_add(object, "fault", inner_fault(opened, image_name));
        cli_json_print(object);
    } else {
        print_table(&list, name);
    }
    free(list.rows);
    free(name);
    if (!is_spoiled(&opened->inner))
        return CLI_DONE;
    return json ? CLI_NO
                : cli_refuse_inside(false, image_name, opened->inner.inside, opened->inner.status,
                                    &opened->inner.error);
}
