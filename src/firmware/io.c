/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports, device memory and time on a CPU. Receives addresses that fw_reach has mapped where they are;
 * guarantees one access of the width asked for, for devices tell widths apart, and that the compiler keeps
 * the order. Intel SDM volume 3A, 9.2 (device memory is uncached: the CPU keeps the order, too).
 */
#include "io.h"

#include "port.h"

uint8_t fw_in8(uint16_t port)
{
    return port_in8(port);
}

uint16_t fw_in16(uint16_t port)
{
    return port_in16(port);
}

uint32_t fw_in32(uint16_t port)
{
    return port_in32(port);
}

void fw_out8(uint16_t port, uint8_t value)
{
    port_out8(port, value);
}

void fw_out16(uint16_t port, uint16_t value)
{
    port_out16(port, value);
}

void fw_out32(uint16_t port, uint32_t value)
{
    port_out32(port, value);
}

uint8_t fw_read8(uint64_t address)
{
    uint8_t value;

    __asm__ volatile("movb (%1), %0" : "=q"(value) : "r"(address) : "memory");
    return value;
}

uint16_t fw_read16(uint64_t address)
{
    uint16_t value;

    __asm__ volatile("movw (%1), %0" : "=r"(value) : "r"(address) : "memory");
    return value;
}

uint32_t fw_read32(uint64_t address)
{
    uint32_t value;

    __asm__ volatile("movl (%1), %0" : "=r"(value) : "r"(address) : "memory");
    return value;
}

void fw_write8(uint64_t address, uint8_t value)
{
    __asm__ volatile("movb %0, (%1)" : : "q"(value), "r"(address) : "memory");
}

void fw_write16(uint64_t address, uint16_t value)
{
    __asm__ volatile("movw %0, (%1)" : : "r"(value), "r"(address) : "memory");
}

void fw_write32(uint64_t address, uint32_t value)
{
    __asm__ volatile("movl %0, (%1)" : : "r"(value), "r"(address) : "memory");
}

/* A locked instruction orders as mfence does, and every x86-64 CPU and emulator has it. */
void fw_fence(void)
{
    __asm__ volatile("lock orl $0, (%%rsp)" : : : "memory", "cc");
}

uint64_t fw_ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* So many that asking again costs less than waiting, and few enough that nobody is kept waiting. */
void fw_pause(void)
{
    __asm__ volatile("pause; pause; pause; pause; pause; pause; pause; pause" : : : "memory");
}
