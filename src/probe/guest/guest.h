/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the probe guest: what the first instructions leave for C, and what its files offer each other.
 * Everything runs in long mode with interrupts off, on one CPU, on a stack of 16 KiB.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zeropage/static_assert.h>
#include <zeropage/wire/x86.h>

#include "../report.h"
#include "body.h"

/* Filled by entry.S. */
struct guest_found {
    struct zp_probe_cpu cpu;
    struct zp_descriptor_table_pointer gdt;
    uint8_t padding0[6];
    struct zp_descriptor_table_pointer idt;
    uint8_t padding1[6];
    uint64_t base;   /* of the body */
    uint32_t handed; /* from setup.S: where its struct guest_setup is */
    uint32_t reserved;
    uint16_t protocol;
    uint16_t entry; /* offset of the entry in the body */
    uint32_t padding2;
};

static_assert(offsetof(struct guest_found, gdt) == GUEST_FOUND_GDT, "gdt");
static_assert(offsetof(struct guest_found, idt) == GUEST_FOUND_IDT, "idt");
static_assert(offsetof(struct guest_found, base) == GUEST_FOUND_BASE, "base");
static_assert(offsetof(struct guest_found, handed) == GUEST_FOUND_HANDED, "handed");
static_assert(offsetof(struct guest_found, protocol) == GUEST_FOUND_PROTOCOL, "protocol");
static_assert(sizeof(struct guest_found) == GUEST_FOUND_SIZE, "size of guest_found");

/* Filled by setup.S, in low memory. */
struct guest_setup {
    struct zp_probe_cpu cpu;
    struct zp_descriptor_table_pointer32 gdt;
    uint8_t padding0[10];
    struct zp_descriptor_table_pointer32 idt;
    uint8_t padding1[10];
    uint32_t setup; /* where the setup sectors lie */
    uint32_t memory_count;
    struct guest_memory {
        uint64_t start;
        uint64_t size;
        uint32_t type;
        uint32_t attributes; /* ACPI 3.0 */
    } memory[GUEST_SETUP_MEMORY_MAX];
};

static_assert(offsetof(struct guest_setup, gdt) == GUEST_SETUP_GDT, "gdt");
static_assert(offsetof(struct guest_setup, idt) == GUEST_SETUP_IDT, "idt");
static_assert(offsetof(struct guest_setup, setup) == GUEST_SETUP_SETUP, "setup");
static_assert(offsetof(struct guest_setup, memory_count) == GUEST_SETUP_MEMORY_COUNT, "memory_count");
static_assert(offsetof(struct guest_setup, memory) == GUEST_SETUP_MEMORY, "memory");
static_assert(sizeof(struct guest_memory) == GUEST_SETUP_MEMORY_BYTES, "size of guest_memory");
static_assert(sizeof(struct guest_setup) == GUEST_SETUP_SIZE, "size of guest_setup");

/* What a shape says of itself (shape.inc). */
struct guest_parameters {
    char mark[8]; /* GUEST_PARAMETERS_MARK */
    char name[16];
    uint64_t linked;
    uint64_t pref_address; /* with align: Linux's promise of memory; all 0: the span of the body */
    uint32_t align;
    uint32_t init_size;
    uint32_t size;   /* bytes of the body in the file */
    uint32_t crc32;  /* of them, with this field 0 (seal) */
    uint32_t before; /* bytes of the image in memory before the body: headers of a PE file */
    uint32_t reserved;
};

static_assert(sizeof(struct guest_parameters) == GUEST_HEADERS - GUEST_PARAMETERS,
              "size of guest_parameters");

/* entry.S, trap.S */
extern struct guest_found guest_found;
extern const struct guest_parameters guest_parameters;
extern char guest_traps[];
void guest_main(void);
void guest_fault(uint32_t vector, const uint64_t *stack);
int guest_touch(uint64_t address);
_Noreturn void guest_triple_fault(void);

/* memory.c */
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

/* serial.c: COM1. */
void guest_serial_init(void);
void guest_put(void *context, const char *bytes, uint32_t length);
void guest_serial_drain(void);

/* map.c: page tables of our own, and a window to any physical address. */
void guest_map_init(void);
/* The address in the window of physical memory, up to the next multiple of 2 MiB; NULL: past the CPU's. */
void *guest_window(uint64_t physical);
int guest_peek(void *context, uint64_t address, void *buffer, uint32_t size);
/* Puts the loader's page tables in force, and ours back. */
void guest_map_loader(void);
void guest_map_own(void);
/* Whether the loader's page tables show size bytes from start where they are. */
bool guest_loader_maps(uint64_t start, uint64_t size);

/* touch.c: the lines a20, image and touched. */
void guest_check(struct zp_probe_writer *writer);

/* off.c: every known way to power off or reset, each with a line. */
_Noreturn void guest_off(struct zp_probe_writer *writer);

/* efi.c: what only the firmware can tell, asked on its own stack (entry.S) and kept. */
void guest_efi_ask(void);
const struct zp_probe_efi *guest_efi(void);
uint64_t guest_efi_rsdp(void);

static inline void guest_outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void guest_outw(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void guest_outl(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t guest_inb(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint16_t guest_inw(uint16_t port)
{
    uint16_t value;

    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint64_t guest_ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return low | (uint64_t)high << 32;
}

#endif
