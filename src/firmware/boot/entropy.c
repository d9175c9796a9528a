/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A seed for the kernel's random numbers. Taken from the CPU (RDRAND: Intel SDM 2B, CPUID leaf 1), else from
 * a virtio-rng device; a seed that a loader has handed over stays.
 */
#include "disks.h"

#define SEED         32
#define CPUID_RDRAND (UINT32_C(1) << 30)
#define TRIES        16

static FW_KEPT uint64_t seed[SEED / sizeof(uint64_t)];

static bool has_rdrand(void)
{
    uint32_t a = 1, b, c, d;

    __asm__("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
    return c & CPUID_RDRAND;
}

static bool rdrand(uint64_t *ret_value)
{
    for (int i = 0; i < TRIES; i++) {
        bool good;

        __asm__ volatile("rdrand %0" : "=r"(*ret_value), "=@ccc"(good));
        if (good)
            return true;
    }
    return false;
}

static bool ask_cpu(void)
{
    bool good = has_rdrand();

    for (size_t i = 0; good && i < SEED / sizeof(*seed); i++)
        good = rdrand(&seed[i]);
    return good;
}

void fw_take_entropy(struct arrival *arrival, struct fw_virtio_bus *bus)
{
    if (arrival->entropy || (!ask_cpu() && fw_virtio_random(bus, seed, SEED) != SEED))
        return;
    arrival->entropy = seed;
    arrival->entropy_length = SEED;
}
