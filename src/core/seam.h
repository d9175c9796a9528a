/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The seam: everything that the core needs from outside. An embedder brings these four functions, which
 * compilers demand of a freestanding program anyhow; a test runs nm -u on the archive and allows no more.
 */
#ifndef ZP_CORE_SEAM_H
#define ZP_CORE_SEAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

#endif
