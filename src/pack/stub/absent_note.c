/* SPDX-License-Identifier: BSD-2-Clause */
/* In place of the core's note.c in stubs whose kernel is an ELF entered by multiboot: notes tell it nothing.
 */
#include "../../core/inspect.h"

int zp_inspect_notes(struct zp_inspection *in, uint64_t offset, uint64_t size, uint64_t align)
{
    (void)in;
    (void)offset;
    (void)size;
    (void)align;
    return ZP_OK;
}

void zp_inspect_pvh(struct zp_inspection *in)
{
    (void)in;
}
