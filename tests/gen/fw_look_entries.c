/* SPDX-License-Identifier: BSD-2-Clause */
/* Boot entries, once there are readers of them. */
#include "fw_look.h"

void look_entries(struct fw_fs *systems, size_t count, struct fw_arena *arena)
{
    (void)systems;
    (void)count;
    (void)arena;
}
