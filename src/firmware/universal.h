/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernels that no configuration names: images that a volume begins with, and what UEFI would start.
 */
#ifndef ZP_FIRMWARE_UNIVERSAL_H
#define ZP_FIRMWARE_UNIVERSAL_H

#include "search.h"

/* Each adds entries to the menu, as many as there is room for; false: none. */
bool fw_universal_volume(struct fw_menu *menu, const struct fw_volume *volume, fw_is_image *is_kernel);
void fw_universal_files(struct fw_menu *menu, struct fw_fs *fs, fw_is_image *is_kernel);

#endif
