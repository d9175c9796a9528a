/* SPDX-License-Identifier: BSD-2-Clause */
/* The three forms in which `zeropage plan` shows a plan. */
#ifndef ZP_CLI_PLAN_VIEW_H
#define ZP_CLI_PLAN_VIEW_H

#include <stdio.h>
#include <string.h>

#include <zeropage/load.h>
#include <zeropage/plan.h>

#include "choice.h"
#include "cli.h"

/* Entries of the relocation table that load will patch: 0 when the kernel stays where it is linked. */
static inline uint64_t cli_plan_relocations(const struct zp_plan *plan)
{
    const struct zp_relocations *table = &plan->image->relocations;

    return plan->virtual_delta ? table->list64_count + table->list32neg_count + table->list32_count : 0;
}

/* What a plan was made from. */
struct cli_plan_about {
    const char *image_name; /* escaped */
    uint64_t ram_size;
    const struct zp_opened_image *opened;
    const struct zp_choice *choice;
    const char *uki_cmdline; /* escaped; NULL: another is used, or there is none */
    bool share_pages;        /* --share-pages */
    bool copies;             /* the engine asked for is QEMU, which another process must see into */
    struct zp_sharing sharing;
};
/* Lines under the heading. */
void cli_plan_about_table(const struct cli_plan_about *about);
/* More members of the plan's object. */
void cli_plan_about_json(const struct cli_plan_about *about, struct json_object *object);

/* For a person, on stdout: map, registers, e820, decisions. */
void cli_plan_table(const struct zp_plan *plan, const struct cli_plan_about *about);
/* Everything that the plan holds, for a program. */
struct json_object *cli_plan_json(const struct zp_plan *plan, const struct cli_plan_about *about);
/* A drawing of the map, to stream. */
void cli_plan_svg(const struct zp_plan *plan, const char *image_name, uint64_t ram_size, FILE *stream);

/* One sentence, wrapped between words at 78 columns, under a dash. */
void cli_print_sentence(const char *text);

#endif
