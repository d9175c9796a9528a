/* SPDX-License-Identifier: BSD-2-Clause */
/* In place of the core's bzimage.c in stubs whose kernel is none: no setup header is looked for. */
#include "../../core/inspect.h"

int zp_inspect_bzimage(struct zp_inspection *in)
{
    (void)in;
    return ZP_OK;
}

void zp_inspect_bzimage_protected(struct zp_inspection *in)
{
    (void)in;
}

void zp_inspect_bzimage_real(struct zp_inspection *in)
{
    (void)in;
}

int zp_inspect_boot_sector(struct zp_inspection *in)
{
    (void)in;
    return ZP_OK;
}
