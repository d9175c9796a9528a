/* SPDX-License-Identifier: BSD-2-Clause */
/* The three forms in which `zeropage plan` shows a plan. */
#ifndef ZP_CLI_PLAN_VIEW_H
#define ZP_CLI_PLAN_VIEW_H

#include <stdio.h>

#include <zeropage/plan.h>

#include "cli.h"

/* Entries of the relocation table that load will patch: 0 when the kernel stays where it is linked. */
static inline uint64_t cli_plan_relocations(const struct zp_plan *plan)
{
    const struct zp_relocations *table = &plan->image->relocations;

    return plan->virtual_delta ? table->list64_count + table->list32neg_count + table->list32_count : 0;
}

/* For a person, on stdout: map, registers, e820, decisions. */
void cli_plan_table(const struct zp_plan *plan, const char *image_name, uint64_t ram_size);
/* Everything that the plan holds, for a program. */
struct json_object *cli_plan_json(const struct zp_plan *plan, const char *image_name, uint64_t ram_size);
/* A drawing of the map, to stream. */
void cli_plan_svg(const struct zp_plan *plan, const char *image_name, uint64_t ram_size, FILE *stream);

#endif
