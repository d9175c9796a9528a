/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file systems that there are, in the order in which a volume is held against them: first those with a
 * magic number of their own, then FAT, since what it is known by is all but a guess; what is left may be an
 * ext4 whose beginning is damaged.
 */
#include "kinds.h"

const struct fw_fs_ops *const fw_kinds[] = {
    &fw_ext4, &fw_iso9660, &fw_fat, &fw_ext4_backup, NULL,
};
