/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of fw-look: each shows what it finds, one JSON object a line.
 */
#ifndef ZP_TESTS_FW_LOOK_H
#define ZP_TESTS_FW_LOOK_H

#include <json-c/json.h>

#include "fs.h"

/* Prints line and releases it. */
void look_line(struct json_object *line);
/* text as a string of JSON, whatever bytes it is made of. */
struct json_object *look_text(const char *text);
/* What the file systems of a disk offer to boot. */
void look_entries(struct fw_fs *systems, size_t count, struct fw_arena *arena);

#endif
