/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of file systems; a program that wants fewer brings a list of its own.
 */
#ifndef ZP_FIRMWARE_KINDS_H
#define ZP_FIRMWARE_KINDS_H

#include "fs.h"

extern const struct fw_fs_ops *const fw_kinds[]; /* NULL ends it */

#endif
