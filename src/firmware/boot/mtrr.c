/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory types: write-back by default, uncached where devices are, from the end of low RAM up to 4 GiB and
 * where VGA has its memory. A kernel takes the page attribute table for unusable where these are off. Intel
 * SDM 3A, 11.11 "Memory Type Range Registers".
 */
#include <zeropage/wire/x86.h>

#include "../../core/checked.h"
#include "port.h"
#include "reset.h"

#define CPUID_MTRR  (1u << 12) /* leaf 1, EDX */
#define CAP_FIXED   0x100
#define CAP_COUNT   0xff
#define ALL(type)   (UINT64_C(0x0101010101010101) * (type))
#define FIX64K_LOW  0x250
#define FIX16K_LOW  0x258
#define FIX16K_VGA  0x259
#define FIX4K_FIRST 0x268
#define FIX4K_LAST  0x26f

static void set_fixed(void)
{
    msr_write(FIX64K_LOW, ALL(ZP_MTRR_TYPE_WB));
    msr_write(FIX16K_LOW, ALL(ZP_MTRR_TYPE_WB));
    msr_write(FIX16K_VGA, ALL(ZP_MTRR_TYPE_UC));
    for (uint32_t number = FIX4K_FIRST; number <= FIX4K_LAST; number++)
        msr_write(number, ALL(ZP_MTRR_TYPE_WP));
}

static uint64_t address_mask(void)
{
    uint32_t eax = 0x80000000, ebx, ecx, edx;

    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
    if (eax < 0x80000008)
        return (UINT64_C(1) << 36) - 1;
    eax = 0x80000008;
    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
    return (UINT64_C(1) << (eax & 0x3f)) - 1;
}

/* [uncached, 4 GiB) in as many powers of two, each a multiple of itself, as it takes. */
void fw_mtrr(const struct fw_board *board, uint64_t uncached)
{
    uint32_t eax = 1, ebx, ecx, edx;
    uint64_t cap, mask;

    (void)board;
    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
    if (!(edx & CPUID_MTRR))
        return;
    cap = msr_read(ZP_MSR_MTRRCAP);
    mask = address_mask();
    if (cap & CAP_FIXED)
        set_fixed();
    for (uint32_t i = 0; i < (cap & CAP_COUNT) && uncached < ZP_GIB4; i++) {
        uint64_t size = uncached & -uncached;

        msr_write(ZP_MSR_MTRR_PHYSBASE0 + 2 * i, uncached | ZP_MTRR_TYPE_UC);
        msr_write(ZP_MSR_MTRR_PHYSMASK0 + 2 * i, (mask & ~(size - 1)) | ZP_MTRR_PHYSMASK_VALID);
        uncached += size;
    }
    msr_write(ZP_MSR_MTRR_DEF_TYPE,
              ZP_MTRR_DEF_TYPE_E | (cap & CAP_FIXED ? ZP_MTRR_DEF_TYPE_FE : 0) | ZP_MTRR_TYPE_WB);
}
