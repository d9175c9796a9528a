/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The names of the boot protocols, as users type and read them.
 */
#include <zeropage/image.h>

#include "seam.h"

const char *zp_protocol_name(uint32_t protocol)
{
    switch ((enum zp_protocol)protocol) {
    case ZP_PROTOCOL_AUTO: return "auto";
    case ZP_PROTOCOL_LINUX16: return "linux16";
    case ZP_PROTOCOL_LINUX32: return "linux32";
    case ZP_PROTOCOL_LINUX64: return "linux64";
    case ZP_PROTOCOL_PVH: return "pvh";
    case ZP_PROTOCOL_MULTIBOOT1: return "multiboot1";
    case ZP_PROTOCOL_MULTIBOOT2: return "multiboot2";
    case ZP_PROTOCOL_COUNT: break;
    }
    return "unknown";
}

static bool equal(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

int zp_protocol_by_name(const char *name)
{
    if (!name)
        return -1;
    for (int protocol = 0; protocol < ZP_PROTOCOL_COUNT; protocol++)
        if (equal(name, zp_protocol_name((uint32_t)protocol)))
            return protocol;
    return -1;
}
