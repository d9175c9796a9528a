/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one way from the core to an image's bytes: a read that is checked against the source's size.
 */
#ifndef ZP_CORE_SOURCE_H
#define ZP_CORE_SOURCE_H

#include <zeropage/image.h>

#include "seam.h"

/*
 * Fills buffer with exactly length bytes from offset. ZP_ERR_TRUNCATED when they are not all inside the
 * source, which is then not asked; ZP_ERR_READ when it fails. No bytes are always there.
 */
int zp_source_read(const struct zp_source *source, uint64_t offset, void *buffer, size_t length,
                   struct zp_error *ret_error);

#endif
