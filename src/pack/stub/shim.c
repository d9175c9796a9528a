/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shim under liblz4.a and libzstd.a, which distributions make for programs of Linux. Receives the CPU as
 * start.S leaves it: no SSE, FS base 0. Guarantees what their code wants: SSE switched on, the guard of the
 * stack protector at %fs:0x28, and the few functions of a C library that they name. memcpy and its kin are in
 * memory.c. Memory is what the unpackers hand them, so malloc has none. System V ABI AMD64 1.0, 3.4.1
 * "Initial Stack and Register State" and 6.2 "Thread-Local Storage"; Intel SDM 3A, 13.1 "Providing Operating
 * System Support for SSE Extensions".
 */
#include <zeropage/wire/x86.h>

#include "../../core/seam.h"
#include "shim.h"
#include "stub.h"

/* What lies at FS base: a thread's own block, of which only the guard is looked at. */
static struct {
    uint64_t unused[5];
    uint64_t guard; /* offset 0x28 */
    uint64_t more[2];
} thread;

static uint64_t old_fs_base;

void __stack_chk_fail(void);
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void free(void *memory);
void *__memcpy_chk(void *to, const void *from, size_t size, size_t room);
void *__memmove_chk(void *to, const void *from, size_t size, size_t room);
void *__memset_chk(void *to, int byte, size_t size, size_t room);

static uint64_t read_fs_base(void)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(ZP_MSR_FS_BASE));
    return (uint64_t)high << 32 | low;
}

static void write_fs_base(uint64_t base)
{
    __asm__ volatile("wrmsr"
                     :
                     : "a"((uint32_t)base), "d"((uint32_t)(base >> 32)), "c"(ZP_MSR_FS_BASE)
                     : "memory");
}

/* Not a secret, as there is no entropy yet; its low byte is 0, so that no string runs into it unseen. */
static uint64_t new_guard(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return ((uint64_t)high << 32 | low) * UINT64_C(0x9e3779b97f4a7c15) & ~UINT64_C(0xff);
}

void stub_shim_begin(void)
{
    uint64_t cr0, cr4;

    __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
    cr0 = (cr0 & ~(uint64_t)(ZP_CR0_EM | ZP_CR0_TS)) | ZP_CR0_MP;
    __asm__ volatile("mov %0, %%cr0" : : "r"(cr0));
    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    cr4 |= ZP_CR4_OSFXSR;
    __asm__ volatile("mov %0, %%cr4" : : "r"(cr4));
    __asm__ volatile("fninit");
    thread.guard = new_guard();
    old_fs_base = read_fs_base();
    write_fs_base((uintptr_t)&thread);
}

/* SSE stays on; the plan's entry state says what the kernel finds. */
void stub_shim_end(void)
{
    write_fs_base(old_fs_base);
}

/* --- what they name --- */

__attribute__((used, noreturn)) void __stack_chk_fail(void)
{
    stub_refuse("kernel: unpacking it ran over the stack");
}

__attribute__((used)) void *malloc(size_t size)
{
    (void)size;
    return NULL;
}

__attribute__((used)) void *calloc(size_t count, size_t size)
{
    (void)count;
    (void)size;
    return NULL;
}

__attribute__((used)) void free(void *memory)
{
    (void)memory;
}

/* Where a distribution makes them with _FORTIFY_SOURCE. */
static void fortify(size_t size, size_t room)
{
    if (size > room)
        stub_refuse("kernel: unpacking it ran over its memory");
}

__attribute__((used)) void *__memcpy_chk(void *to, const void *from, size_t size, size_t room)
{
    fortify(size, room);
    return memcpy(to, from, size);
}

__attribute__((used)) void *__memmove_chk(void *to, const void *from, size_t size, size_t room)
{
    fortify(size, room);
    return memmove(to, from, size);
}

__attribute__((used)) void *__memset_chk(void *to, int byte, size_t size, size_t room)
{
    fortify(size, room);
    return memset(to, byte, size);
}
