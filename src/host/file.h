/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the room: how the other files here make a struct zp_file.
 */
#ifndef ZP_HOST_FILE_H
#define ZP_HOST_FILE_H

#include "host.h"

/* Seals a memory file for good; nothing may have it mapped for writing. 0 or errno. */
int zp_file_seal(int memory);

/* A file over [base, +size) of fd, which is closed with it, and at once when this fails. 0 or ENOMEM. */
int zp_file_adopt(struct zp_file *ret_file, int fd, uint64_t base, uint64_t size, bool stable,
                  const char *name);

/* The name of a source made by file.c, or NULL. */
const char *zp_source_name(const struct zp_source *source);

#endif
