/* SPDX-License-Identifier: BSD-2-Clause */
/* What is in a packed file, in the two forms in which `zeropage inspect` shows an image. */
#ifndef ZP_CLI_PACKED_VIEW_H
#define ZP_CLI_PACKED_VIEW_H

#include "cli.h"
#include "opened.h"
#include "pack.h"

#define CLI_PACKED_WHY    512u
#define CLI_PACKED_KERNEL 512u
#define CLI_PACKED_WAYS   12u

/* A way into the file. */
struct cli_packed_way {
    const char *name; /* "bios-disk", "linux16", "e_entry", "efi"... */
    const char *what; /* who takes it */
    uint64_t at;      /* in the file */
    uint64_t address; /* where the headers put it in memory; 0: nowhere in particular */
};

struct cli_packed {
    bool present; /* the file is a packed one; with `spoiled` nothing else is known */
    bool spoiled; /* `why` says what is wrong with it */
    bool altered; /* it reads well, but a checksum is wrong: `why` */
    char why[CLI_PACKED_WHY];
    struct zp_packed packed;
    char kernel[CLI_PACKED_KERNEL]; /* "bzImage of protocol 2.15, 6.1.0-..."; escaped; "": not known */
    struct cli_packed_way ways[CLI_PACKED_WAYS];
    size_t way_count;
};

/* packed_read.c. What it owns goes with cli_packed_free. */
void cli_packed_read(struct cli_packed *ret_packed, const struct zp_opened_image *opened);
void cli_packed_free(struct cli_packed *packed);
/* packed_kernel.c: names the kernel in the payload. */
void cli_packed_kernel(const struct zp_file *file, const struct zp_packed *packed, char *text, size_t size);

/* packed_show.c */
void cli_packed_table(const struct cli_packed *packed);
struct json_object *cli_packed_json(const struct cli_packed *packed); /* NULL: no packed file */

#endif
