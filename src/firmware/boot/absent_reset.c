/* SPDX-License-Identifier: BSD-2-Clause */
/* In place of what follows a reset, in the shape that loaders enter. */
#include "boot.h"

void fw_arrive_reset(struct arrival *arrival)
{
    (void)arrival;
    stub_refuse("entered in no way that this file has");
}

void fw_boot_handed(struct arrival *arrival)
{
    (void)arrival;
}
