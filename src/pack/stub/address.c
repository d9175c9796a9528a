/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How wide an address of this CPU is. A page table that names one it has not is a fault, and nobody is there
 * to take it. Intel SDM 2A, CPUID, leaf 80000008h; 36 bits where there is no such leaf.
 */
#include "stub.h"

#define EXTENDED   0x80000000u
#define ADDRESSES  0x80000008u
#define BITS_LEAST 36

uint64_t stub_address_mask(void)
{
    uint32_t eax = EXTENDED, ebx, ecx, edx;

    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
    if (eax < ADDRESSES)
        return (UINT64_C(1) << BITS_LEAST) - 1;
    eax = ADDRESSES;
    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
    return (UINT64_C(1) << (eax & 0x3f)) - 1;
}
