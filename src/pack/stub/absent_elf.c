/* SPDX-License-Identifier: BSD-2-Clause */
/* In place of the core's elf.c, note.c and tell.c in stubs whose kernel is a bzImage. */
#include "../../core/inspect.h"
#include "../../core/report.h"

int zp_inspect_elf(struct zp_inspection *in)
{
    (void)in;
    return ZP_OK;
}

void zp_inspect_elf_entry(struct zp_inspection *in)
{
    (void)in;
}

bool zp_inspect_elf_comes_first(const struct zp_inspection *in)
{
    (void)in;
    return false;
}

void zp_inspect_pvh(struct zp_inspection *in)
{
    (void)in;
}

int zp_image_tell(struct zp_image *image, const struct zp_image_room *room, uint32_t protocol,
                  struct zp_error *ret_error)
{
    (void)image;
    (void)room;
    return zp_report(ret_error, ZP_ERR_PROTOCOL, ZP_FIELD_PROTOCOL, ZP_NO_OFFSET, protocol, 0);
}
