/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory types: write-back by default, uncached where devices are, from the end of low RAM up to 4 GiB and
 * where VGA has its memory. A kernel takes the page attribute table for unusable where these are off. Intel
 * SDM 3A, 11.11 "Memory Type Range Registers".
 */
#include <zeropage/wire/x86.h>

#include "../../core/checked.h"
#include "../port.h"
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

#define LAPIC_COMMAND (ZP_APIC_DEFAULT_BASE + 0x300)
#define ALL_OTHERS    0xc0000u
#define INIT          0x04500u
#define START         0x04600u
#define WAIT_MAX      0x200000u /* rounds of eight pauses */

/* What was written, where other CPUs, if there are any, read it (reset.S); a number of 0 ends it. */
#define LIST_MAX 32
struct written {
    uint32_t number, low, high;
};
static FW_KEPT unsigned written_count;

static struct written *list(void)
{
    struct written *first = (struct written *)FW_OTHER_LIST;

    __asm__("" : "+r"(first)); /* an address that no C object has */
    return first;
}

static void set(const struct fw_board *board, uint32_t number, uint64_t value)
{
    struct written *entry = list() + written_count;

    if (written_count == LIST_MAX - 1)
        return;
    msr_write(number, value);
    if (board->cpus == 1)
        return;
    entry->number = number;
    entry->low = (uint32_t)value;
    entry->high = (uint32_t)(value >> 32);
    written_count++;
}

static void set_fixed(const struct fw_board *board)
{
    set(board, FIX64K_LOW, ALL(ZP_MTRR_TYPE_WB));
    set(board, FIX16K_LOW, ALL(ZP_MTRR_TYPE_WB));
    set(board, FIX16K_VGA, ALL(ZP_MTRR_TYPE_UC));
    for (uint32_t number = FIX4K_FIRST; number <= FIX4K_LAST; number++)
        set(board, number, ALL(ZP_MTRR_TYPE_WP));
}

/*
 * The other CPUs wait for a start-up interrupt since the reset. They run the code at fw_other_cpu (reset.S)
 * in the ROM, each counts itself, and stops; a kernel starts them again when it likes. Who does not come in
 * time is left alone. Intel SDM 3A, 8.4 "Multiple-Processor (MP) Initialization" and 10.6.1 "Interrupt
 * Command Register".
 */
static void tell_other_cpus(uint32_t others)
{
    volatile uint32_t *command = (volatile uint32_t *)(uintptr_t)stub_see(LAPIC_COMMAND, 4);

    volatile uint32_t *count = (volatile uint32_t *)FW_OTHER_COUNT;

    __asm__("" : "+r"(count));
    list()[written_count].number = 0;
    *count = 0;
    *command = ALL_OTHERS | INIT;
    *command = ALL_OTHERS | START | FW_OTHER_CPU >> 12;
    for (uint32_t wait = WAIT_MAX; wait && *count < others; wait--)
        __asm__ volatile("pause; pause; pause; pause; pause; pause; pause; pause" : : : "memory");
}

/* [uncached, 4 GiB) in as many powers of two, each a multiple of itself, as it takes. */
void fw_mtrr(const struct fw_board *board, uint64_t uncached)
{
    uint32_t eax = 1, ebx, ecx, edx;
    uint64_t cap, mask;

    written_count = 0;
    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
    if (!(edx & CPUID_MTRR))
        return;
    cap = msr_read(ZP_MSR_MTRRCAP);
    mask = stub_address_mask();
    if (cap & CAP_FIXED)
        set_fixed(board);
    for (uint32_t i = 0; i < (cap & CAP_COUNT) && uncached < ZP_GIB4; i++) {
        uint64_t size = uncached & -uncached;

        set(board, ZP_MSR_MTRR_PHYSBASE0 + 2 * i, uncached | ZP_MTRR_TYPE_UC);
        set(board, ZP_MSR_MTRR_PHYSMASK0 + 2 * i, (mask & ~(size - 1)) | ZP_MTRR_PHYSMASK_VALID);
        uncached += size;
    }
    set(board, ZP_MSR_MTRR_DEF_TYPE,
        ZP_MTRR_DEF_TYPE_E | (cap & CAP_FIXED ? ZP_MTRR_DEF_TYPE_FE : 0) | ZP_MTRR_TYPE_WB);
    if (board->cpus > 1)
        tell_other_cpus(board->cpus - 1);
}
