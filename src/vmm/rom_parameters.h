/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parameter block of the entry ROM (rom/rom.S): the planned CPU state as the QEMU engine writes it into
 * the ROM before the machine starts. The ROM is 64 KiB below 4 GiB, and seen once more below 1 MiB; only its
 * last page is used, and the block is the beginning of that page. C and assembly share the offsets here;
 * each is asserted against the struct.
 */
#ifndef ZP_VMM_ROM_PARAMETERS_H
#define ZP_VMM_ROM_PARAMETERS_H

#define ZP_ROM_SIZE      0x10000 /* QEMU takes a BIOS in multiples of 64 KiB */
#define ZP_ROM_PAGE      0xff000 /* guest address of the last page */
#define ZP_ROM_PAGE_SIZE 0x1000
#define ZP_ROM_PAGE_IP   0xf000 /* its offset in the 64 KiB segment in which the CPU wakes up */

#define ZP_ROM_PORT_WRITES_MAX 24
#define ZP_ROM_MSR_WRITES_MAX  24

/* Offsets in struct zp_rom_parameters. */
#define ZP_ROM_MODE             0x000
#define ZP_ROM_CR0              0x004
#define ZP_ROM_CR3              0x008
#define ZP_ROM_CR4              0x00c
#define ZP_ROM_EFER             0x010
#define ZP_ROM_TSS_ACCESS       0x014
#define ZP_ROM_PORT_WRITE_COUNT 0x018
#define ZP_ROM_MSR_WRITE_COUNT  0x01c
#define ZP_ROM_RAX              0x020
#define ZP_ROM_RBX              0x028
#define ZP_ROM_RCX              0x030
#define ZP_ROM_RDX              0x038
#define ZP_ROM_RSI              0x040
#define ZP_ROM_RDI              0x048
#define ZP_ROM_RBP              0x050
#define ZP_ROM_RIP              0x058
#define ZP_ROM_CS               0x060
#define ZP_ROM_RFLAGS           0x068
#define ZP_ROM_RSP              0x070
#define ZP_ROM_SS               0x078
#define ZP_ROM_GDT              0x080
#define ZP_ROM_IDT              0x08a
#define ZP_ROM_DS               0x094
#define ZP_ROM_ES               0x096
#define ZP_ROM_FS               0x098
#define ZP_ROM_GS               0x09a
#define ZP_ROM_TR               0x09c
#define ZP_ROM_LDTR             0x09e
#define ZP_ROM_FAR_POINTER      0x0a0
#define ZP_ROM_PORT_WRITES      0x0a8
#define ZP_ROM_MSR_WRITES       0x168
#define ZP_ROM_PARAMETERS_SIZE  0x2e8

#define ZP_ROM_PORT_WRITE_SIZE 8
#define ZP_ROM_MSR_WRITE_SIZE  16

#ifndef __ASSEMBLER__

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <zeropage/wire/x86.h>

/* One out instruction. */
struct zp_rom_port_write {
    uint16_t port;
    uint16_t width; /* 1, 2 or 4 bytes */
    uint32_t value;
};

static_assert(offsetof(struct zp_rom_port_write, port) == 0, "port");
static_assert(offsetof(struct zp_rom_port_write, width) == 2, "width");
static_assert(offsetof(struct zp_rom_port_write, value) == 4, "value");
static_assert(sizeof(struct zp_rom_port_write) == ZP_ROM_PORT_WRITE_SIZE, "size of rom_port_write");

/* One wrmsr. */
struct zp_rom_msr_write {
    uint32_t msr;
    uint32_t reserved;
    uint64_t value;
};

static_assert(offsetof(struct zp_rom_msr_write, msr) == 0, "msr");
static_assert(offsetof(struct zp_rom_msr_write, reserved) == 4, "reserved");
static_assert(offsetof(struct zp_rom_msr_write, value) == 8, "value");
static_assert(sizeof(struct zp_rom_msr_write) == ZP_ROM_MSR_WRITE_SIZE, "size of rom_msr_write");

struct zp_rom_parameters {
    uint32_t mode; /* enum zp_cpu_mode */
    uint32_t cr0;
    uint32_t cr3; /* loaded before long mode: below 4 GiB */
    uint32_t cr4;
    uint32_t efer;       /* without LMA, which the CPU sets */
    uint32_t tss_access; /* address of the access byte in TR's descriptor; 0: TR stays as reset left it */
    uint32_t port_write_count;
    uint32_t msr_write_count;
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp;
    /* In this order the five make a frame for iretq. */
    uint64_t rip, cs, rflags, rsp, ss;
    struct zp_descriptor_table_pointer gdt, idt; /* 32-bit code reads the first six bytes */
    uint16_t ds, es, fs, gs, tr, ldtr;
    uint32_t far_offset; /* with far_selector: operand of ljmp in 32-bit mode */
    uint16_t far_selector;
    uint16_t reserved;
    struct zp_rom_port_write port_writes[ZP_ROM_PORT_WRITES_MAX];
    struct zp_rom_msr_write msr_writes[ZP_ROM_MSR_WRITES_MAX];
};

static_assert(offsetof(struct zp_rom_parameters, mode) == ZP_ROM_MODE, "mode");
static_assert(offsetof(struct zp_rom_parameters, cr0) == ZP_ROM_CR0, "cr0");
static_assert(offsetof(struct zp_rom_parameters, cr3) == ZP_ROM_CR3, "cr3");
static_assert(offsetof(struct zp_rom_parameters, cr4) == ZP_ROM_CR4, "cr4");
static_assert(offsetof(struct zp_rom_parameters, efer) == ZP_ROM_EFER, "efer");
static_assert(offsetof(struct zp_rom_parameters, tss_access) == ZP_ROM_TSS_ACCESS, "tss_access");
static_assert(offsetof(struct zp_rom_parameters, port_write_count) == ZP_ROM_PORT_WRITE_COUNT,
              "port_write_count");
static_assert(offsetof(struct zp_rom_parameters, msr_write_count) == ZP_ROM_MSR_WRITE_COUNT,
              "msr_write_count");
static_assert(offsetof(struct zp_rom_parameters, rax) == ZP_ROM_RAX, "rax");
static_assert(offsetof(struct zp_rom_parameters, rbx) == ZP_ROM_RBX, "rbx");
static_assert(offsetof(struct zp_rom_parameters, rcx) == ZP_ROM_RCX, "rcx");
static_assert(offsetof(struct zp_rom_parameters, rdx) == ZP_ROM_RDX, "rdx");
static_assert(offsetof(struct zp_rom_parameters, rsi) == ZP_ROM_RSI, "rsi");
static_assert(offsetof(struct zp_rom_parameters, rdi) == ZP_ROM_RDI, "rdi");
static_assert(offsetof(struct zp_rom_parameters, rbp) == ZP_ROM_RBP, "rbp");
static_assert(offsetof(struct zp_rom_parameters, rip) == ZP_ROM_RIP, "rip");
static_assert(offsetof(struct zp_rom_parameters, cs) == ZP_ROM_CS, "cs");
static_assert(offsetof(struct zp_rom_parameters, rflags) == ZP_ROM_RFLAGS, "rflags");
static_assert(offsetof(struct zp_rom_parameters, rsp) == ZP_ROM_RSP, "rsp");
static_assert(offsetof(struct zp_rom_parameters, ss) == ZP_ROM_SS, "ss");
static_assert(offsetof(struct zp_rom_parameters, gdt) == ZP_ROM_GDT, "gdt");
static_assert(offsetof(struct zp_rom_parameters, idt) == ZP_ROM_IDT, "idt");
static_assert(offsetof(struct zp_rom_parameters, ds) == ZP_ROM_DS, "ds");
static_assert(offsetof(struct zp_rom_parameters, es) == ZP_ROM_ES, "es");
static_assert(offsetof(struct zp_rom_parameters, fs) == ZP_ROM_FS, "fs");
static_assert(offsetof(struct zp_rom_parameters, gs) == ZP_ROM_GS, "gs");
static_assert(offsetof(struct zp_rom_parameters, tr) == ZP_ROM_TR, "tr");
static_assert(offsetof(struct zp_rom_parameters, ldtr) == ZP_ROM_LDTR, "ldtr");
static_assert(offsetof(struct zp_rom_parameters, far_offset) == ZP_ROM_FAR_POINTER, "far_offset");
static_assert(offsetof(struct zp_rom_parameters, far_selector) == ZP_ROM_FAR_POINTER + 4, "far_selector");
static_assert(offsetof(struct zp_rom_parameters, reserved) == ZP_ROM_FAR_POINTER + 6, "reserved");
static_assert(offsetof(struct zp_rom_parameters, port_writes) == ZP_ROM_PORT_WRITES, "port_writes");
static_assert(offsetof(struct zp_rom_parameters, msr_writes) == ZP_ROM_MSR_WRITES, "msr_writes");
static_assert(sizeof(struct zp_rom_parameters) == ZP_ROM_PARAMETERS_SIZE, "size of rom_parameters");

#endif /* !__ASSEMBLER__ */

#endif
