/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A seed for the kernel's random numbers, where the CPU makes such: Linux takes it at its very beginning, and
 * nobody else is told of it. Intel SDM 1, 7.3.17 "Random Number Generator Instructions": an instruction may
 * come back with nothing, and ten times in a row means that it is broken.
 */
#include "boot.h"

#define CPUID_RDRAND (1u << 30) /* leaf 1, ECX */
#define RETRIES      10
#define WORDS        4

static bool draw(uint64_t *ret_word)
{
    for (unsigned i = 0; i < RETRIES; i++) {
        bool drawn;

        __asm__ volatile("rdrand %0" : "=r"(*ret_word), "=@ccc"(drawn));
        if (drawn)
            return true;
    }
    return false;
}

void fw_seed(struct arrival *arrival)
{
    static FW_KEPT uint64_t words[WORDS];
    uint32_t eax = 1, ebx, ecx, edx;

    if (arrival->entropy)
        return;
    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
    if (!(ecx & CPUID_RDRAND))
        return;
    for (unsigned i = 0; i < WORDS; i++)
        if (!draw(&words[i]))
            return;
    if (words[0] == words[1] && words[1] == words[2])
        return; /* one that always says the same is broken, too */
    arrival->entropy = words;
    arrival->entropy_length = sizeof(words);
}
