/* SPDX-License-Identifier: BSD-2-Clause */
/* What `zeropage unpack` takes out of an image, and how it shows what is there. */
#ifndef ZP_CLI_UNPACK_H
#define ZP_CLI_UNPACK_H

#include "cli.h"
#include "opening.h"

/* Bytes inside a file. */
struct cli_extent {
    const struct zp_source *source; /* NULL: there is no such part */
    uint64_t offset, size;
    char inside[ZP_INSIDE_SIZE]; /* of what file or stream the offset counts */
};

/* The parts of an opened image. Each fills ret_extent, with source NULL when the image has none. */
void cli_part_setup_header(const struct zp_opened_image *opened, struct cli_extent *ret_extent);
/* Of the PE file that the UKI is, else of the kernel. ZP_ERR_TRUNCATED when it lies outside of the file. */
int cli_part_signature(const struct zp_opened_image *opened, struct cli_extent *ret_extent,
                       struct zp_error *ret_error);
/* The first section of that name, in the UKI or else in the kernel. The same error; what the core answers. */
int cli_part_section(const struct zp_opened_image *opened, const char *name, struct cli_extent *ret_extent,
                     struct zp_error *ret_error);
/* The ELF: inner image where there is one (unpacked already), else the image itself. */
const struct zp_image *cli_part_elf(const struct zp_opened_image *opened);
void cli_part_relocations(const struct zp_opened_image *opened, struct cli_extent *ret_extent);
/* The next PT_NOTE from program header *index on, which goes on behind it; false: no more. */
bool cli_part_notes(const struct zp_opened_image *opened, uint32_t *index, struct cli_extent *ret_extent);

/* Where the ELF is: "payload", "unpacked: payload". */
const char *cli_part_elf_inside(const struct zp_opened_image *opened);

/*
 * Everything that is there. inner_status: what zp_opened_image_direct answered, with its error. 0 or CLI_NO
 * after a message.
 */
int cli_unpack_list(const struct zp_opened_image *opened, const char *image_name, bool json);

#endif
