/* SPDX-License-Identifier: BSD-2-Clause */
/* The two forms in which `zeropage inspect` shows an image, and the names that both use. */
#ifndef ZP_CLI_IMAGE_VIEW_H
#define ZP_CLI_IMAGE_VIEW_H

#include <zeropage/image.h>

#include "cli.h"
#include "opened.h"
#include "packed_view.h"

/* image_name: escaped. */
void cli_image_table(const struct zp_opened_image *opened, const struct cli_packed *packed,
                     const char *image_name);
struct json_object *cli_image_json(const struct zp_opened_image *opened, const struct cli_packed *packed,
                                   const char *image_name);

/* image_boots.c: where it boots, and what to change. opened with zp_opening.examine, refused or not. */
void cli_boots_table(const struct zp_opened_image *opened);
void cli_advice_table(const struct zp_opened_image *opened);
/* Adds "boots" and "advice". */
void cli_boots_json(struct json_object *object, const struct zp_opened_image *opened);

/* image_inside.c: what the image was taken out of; the sections of a PE file; the relocation table. */
void cli_inside_table(const struct zp_opened_image *opened);
struct json_object *cli_uki_json(const struct zp_opened_image *opened); /* NULL: no UKI */
void cli_sections_table(const struct zp_source *source);
struct json_object *cli_sections_json(const struct zp_source *source);
void cli_relocations_table(const struct zp_image *image, const char *image_name);
struct json_object *cli_relocations_json(const struct zp_image *image, const char *image_name);

/* A field of the setup header as it stands in the image. */
struct cli_header_field {
    const char *name;
    uint32_t offset; /* in the file */
    uint32_t size;   /* bytes: 1, 2, 4 or 8 */
    uint32_t since;  /* protocol version that brought it; 0: always there */
    bool number;     /* shown in decimal: a size or a count */
};
extern const struct cli_header_field cli_header_fields[];
extern const size_t cli_header_field_count;
/* Whether the image's header has it. */
bool cli_header_has(const struct zp_bzimage *bzimage, const struct cli_header_field *field);
uint64_t cli_header_value(const struct zp_bzimage *bzimage, const struct cli_header_field *field);
/* The set flags of loadflags and xloadflags by name, "" for other fields; returns text. */
char *cli_header_flags(const struct cli_header_field *field, uint64_t value, char *text, size_t text_size);

/* "bzimage", "elf64" and so on: names of the bits of zp_image.formats, NULL past the last. */
const char *cli_format_name(unsigned bit);
const char *cli_container_name(uint32_t container);
/* "PHYS32_ENTRY"; "unknown" for a number that Xen's elfnote.h does not have. */
const char *cli_note_name(uint32_t type);
bool cli_note_is_text(const struct zp_note *note);
/* Text of a note's descriptor, escaped; returns text. */
char *cli_note_text(const struct zp_image *image, const struct zp_note *note, char *text, size_t text_size);
/* A relocatable note's three words by index, where the descriptor has them. */
bool cli_note_word(const struct zp_image *image, const struct zp_note *note, unsigned index,
                   uint32_t *ret_word);

/* The kernel's own version text, escaped; "" when it tells none. Returns text. */
char *cli_kernel_version(const struct zp_image *image, char *text, size_t text_size);

#endif
