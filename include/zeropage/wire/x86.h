/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * x86.h - processor state that an entry is made of: control registers, MSRs,
 * descriptors, task state, page tables; and the PC's BIOS data area.
 *
 * Layouts and numbers of the Intel SDM volume 3A, chapters 2 "System
 * Architecture Overview", 3 "Protected-Mode Memory Management", 4 "Paging",
 * 8 "Task Management" and volume 4 (MSRs). Constants carry no type suffix, so
 * that assembly can use them too.
 */
#ifndef ZEROPAGE_WIRE_X86_H
#define ZEROPAGE_WIRE_X86_H

/* CR0 */
#define ZP_CR0_PE 0x00000001 /* protected mode */
#define ZP_CR0_MP 0x00000002
#define ZP_CR0_EM 0x00000004
#define ZP_CR0_TS 0x00000008
#define ZP_CR0_ET 0x00000010 /* always reads as 1 */
#define ZP_CR0_NE 0x00000020
#define ZP_CR0_WP 0x00010000
#define ZP_CR0_AM 0x00040000
#define ZP_CR0_NW 0x20000000
#define ZP_CR0_CD 0x40000000
#define ZP_CR0_PG 0x80000000 /* paging */

/* CR4 */
#define ZP_CR4_VME        0x00000001
#define ZP_CR4_PVI        0x00000002
#define ZP_CR4_TSD        0x00000004
#define ZP_CR4_DE         0x00000008
#define ZP_CR4_PSE        0x00000010
#define ZP_CR4_PAE        0x00000020
#define ZP_CR4_MCE        0x00000040
#define ZP_CR4_PGE        0x00000080
#define ZP_CR4_PCE        0x00000100
#define ZP_CR4_OSFXSR     0x00000200
#define ZP_CR4_OSXMMEXCPT 0x00000400
#define ZP_CR4_UMIP       0x00000800
#define ZP_CR4_LA57       0x00001000 /* five-level paging */
#define ZP_CR4_VMXE       0x00002000
#define ZP_CR4_SMXE       0x00004000
#define ZP_CR4_FSGSBASE   0x00010000
#define ZP_CR4_PCIDE      0x00020000
#define ZP_CR4_OSXSAVE    0x00040000
#define ZP_CR4_SMEP       0x00100000
#define ZP_CR4_SMAP       0x00200000
#define ZP_CR4_PKE        0x00400000
#define ZP_CR4_CET        0x00800000

/* RFLAGS */
#define ZP_RFLAGS_CF    0x00000001
#define ZP_RFLAGS_FIXED 0x00000002 /* bit 1 is always set */
#define ZP_RFLAGS_PF    0x00000004
#define ZP_RFLAGS_AF    0x00000010
#define ZP_RFLAGS_ZF    0x00000040
#define ZP_RFLAGS_SF    0x00000080
#define ZP_RFLAGS_TF    0x00000100
#define ZP_RFLAGS_IF    0x00000200
#define ZP_RFLAGS_DF    0x00000400
#define ZP_RFLAGS_OF    0x00000800
#define ZP_RFLAGS_IOPL  0x00003000
#define ZP_RFLAGS_NT    0x00004000
#define ZP_RFLAGS_RF    0x00010000
#define ZP_RFLAGS_VM    0x00020000
#define ZP_RFLAGS_AC    0x00040000
#define ZP_RFLAGS_ID    0x00200000

/* MSR numbers */
#define ZP_MSR_TSC               0x00000010
#define ZP_MSR_APIC_BASE         0x0000001b
#define ZP_MSR_FEATURE_CONTROL   0x0000003a
#define ZP_MSR_MTRRCAP           0x000000fe
#define ZP_MSR_SYSENTER_CS       0x00000174
#define ZP_MSR_SYSENTER_ESP      0x00000175
#define ZP_MSR_SYSENTER_EIP      0x00000176
#define ZP_MSR_MISC_ENABLE       0x000001a0
#define ZP_MSR_MTRR_PHYSBASE0    0x00000200 /* pairs: base, mask, base, ... */
#define ZP_MSR_MTRR_PHYSMASK0    0x00000201
#define ZP_MSR_MTRR_FIX64K_00000 0x00000250
#define ZP_MSR_MTRR_FIX16K_80000 0x00000258
#define ZP_MSR_MTRR_FIX16K_A0000 0x00000259
#define ZP_MSR_MTRR_FIX4K_C0000  0x00000268 /* to F8000 at 0x26f */
#define ZP_MSR_PAT               0x00000277
#define ZP_MSR_MTRR_DEF_TYPE     0x000002ff
#define ZP_MSR_X2APIC_BASE       0x00000800
#define ZP_MSR_EFER              0xc0000080
#define ZP_MSR_STAR              0xc0000081
#define ZP_MSR_LSTAR             0xc0000082
#define ZP_MSR_CSTAR             0xc0000083
#define ZP_MSR_SYSCALL_MASK      0xc0000084
#define ZP_MSR_FS_BASE           0xc0000100
#define ZP_MSR_GS_BASE           0xc0000101
#define ZP_MSR_KERNEL_GS_BASE    0xc0000102

/* ZP_MSR_EFER */
#define ZP_EFER_SCE 0x00000001
#define ZP_EFER_LME 0x00000100 /* long mode enabled */
#define ZP_EFER_LMA 0x00000400 /* long mode active */
#define ZP_EFER_NXE 0x00000800

/* ZP_MSR_APIC_BASE */
#define ZP_APIC_BASE_BSP       0x00000100
#define ZP_APIC_BASE_X2APIC    0x00000400
#define ZP_APIC_BASE_ENABLE    0x00000800
#define ZP_APIC_DEFAULT_BASE   0xfee00000
#define ZP_IOAPIC_DEFAULT_BASE 0xfec00000

/* ZP_MSR_MISC_ENABLE */
#define ZP_MISC_ENABLE_FAST_STRING 0x00000001

/* ZP_MSR_MTRR_DEF_TYPE, ZP_MSR_MTRR_PHYSMASK0 and the memory types */
#define ZP_MTRR_DEF_TYPE_FE    0x00000400 /* fixed ranges on */
#define ZP_MTRR_DEF_TYPE_E     0x00000800 /* MTRRs on */
#define ZP_MTRR_PHYSMASK_VALID 0x00000800
#define ZP_MTRR_TYPE_UC        0
#define ZP_MTRR_TYPE_WC        1
#define ZP_MTRR_TYPE_WT        4
#define ZP_MTRR_TYPE_WP        5
#define ZP_MTRR_TYPE_WB        6
#define ZP_PAT_RESET           0x0007040600070406

/* segment_descriptor.access */
#define ZP_SEGMENT_ACCESSED    0x01
#define ZP_SEGMENT_WRITABLE    0x02 /* data; in code: readable */
#define ZP_SEGMENT_READABLE    0x02
#define ZP_SEGMENT_EXPAND_DOWN 0x04 /* data; in code: conforming */
#define ZP_SEGMENT_CONFORMING  0x04
#define ZP_SEGMENT_CODE        0x08
#define ZP_SEGMENT_S           0x10 /* code or data, else a system segment */
#define ZP_SEGMENT_DPL         0x60
#define ZP_SEGMENT_P           0x80 /* present */

/* segment_descriptor.access of system segments, without ZP_SEGMENT_P */
#define ZP_SEGMENT_LDT             0x02
#define ZP_SEGMENT_TSS32_AVAILABLE 0x09 /* in long mode the 64-bit one */
#define ZP_SEGMENT_TSS32_BUSY      0x0b

/* segment_descriptor.flags; bits 0 to 3 are limit bits 16 to 19 */
#define ZP_SEGMENT_LIMIT_HIGH 0x0f
#define ZP_SEGMENT_AVL        0x10
#define ZP_SEGMENT_L          0x20 /* 64-bit code */
#define ZP_SEGMENT_DB         0x40 /* 32-bit operands or stack */
#define ZP_SEGMENT_G          0x80 /* the limit counts 4 KiB units */

/* Whole descriptors, base 0, limit 4 GiB, accessed */
#define ZP_SEGMENT_FLAT_CODE32 0x00cf9b000000ffff
#define ZP_SEGMENT_FLAT_CODE64 0x00af9b000000ffff
#define ZP_SEGMENT_FLAT_DATA   0x00cf93000000ffff

/* Page table entries of 4- and 5-level and PAE paging */
#define ZP_PTE_P         0x0000000000000001 /* present */
#define ZP_PTE_RW        0x0000000000000002
#define ZP_PTE_US        0x0000000000000004
#define ZP_PTE_PWT       0x0000000000000008
#define ZP_PTE_PCD       0x0000000000000010
#define ZP_PTE_A         0x0000000000000020 /* accessed */
#define ZP_PTE_D         0x0000000000000040 /* dirty */
#define ZP_PTE_PS        0x0000000000000080 /* maps a large page; PAT in the last level */
#define ZP_PTE_G         0x0000000000000100
#define ZP_PTE_PAT_LARGE 0x0000000000001000
#define ZP_PTE_ADDRESS   0x000ffffffffff000
#define ZP_PTE_XD        0x8000000000000000

#define ZP_PAGE_SIZE          0x1000
#define ZP_PAGE_SHIFT         12
#define ZP_PAGE_SIZE_2M       0x200000
#define ZP_PAGE_SHIFT_2M      21
#define ZP_PAGE_SIZE_1G       0x40000000
#define ZP_PAGE_SHIFT_1G      30
#define ZP_PAGE_SHIFT_512G    39 /* what one entry of the fourth level covers */
#define ZP_PAGE_SHIFT_256T    48 /* and of the fifth */
#define ZP_PAGE_TABLE_ENTRIES 512

/* BIOS data area, physical addresses of 16-bit words, and its surroundings */
#define ZP_BDA_BASE              0x400
#define ZP_BDA_COM1              0x400 /* I/O port */
#define ZP_BDA_EBDA_SEGMENT      0x40e /* real-mode segment */
#define ZP_BDA_BASE_MEMORY       0x413 /* KiB */
#define ZP_BDA_END               0x500
#define ZP_VGA_HOLE_START        0xa0000
#define ZP_BIOS_ROM_SEARCH_START 0xe0000 /* where an RSDP is sought */
#define ZP_BIOS_ROM_START        0xf0000
#define ZP_BIOS_ROM_END          0x100000

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#include <zeropage/static_assert.h>

/* Code, data and 32-bit system segments */
struct zp_segment_descriptor {
    uint16_t limit_low; /* limit bits 0 to 15 */
    uint16_t base_low;  /* base bits 0 to 15 */
    uint8_t base_mid;   /* base bits 16 to 23 */
    uint8_t access;     /* type, S, DPL, P */
    uint8_t flags;      /* limit bits 16 to 19, AVL, L, D/B, G */
    uint8_t base_high;  /* base bits 24 to 31 */
};

static_assert(offsetof(struct zp_segment_descriptor, limit_low) == 0, "limit_low");
static_assert(offsetof(struct zp_segment_descriptor, base_low) == 2, "base_low");
static_assert(offsetof(struct zp_segment_descriptor, base_mid) == 4, "base_mid");
static_assert(offsetof(struct zp_segment_descriptor, access) == 5, "access");
static_assert(offsetof(struct zp_segment_descriptor, flags) == 6, "flags");
static_assert(offsetof(struct zp_segment_descriptor, base_high) == 7, "base_high");
static_assert(sizeof(struct zp_segment_descriptor) == 8, "size of segment_descriptor");

/* A system segment (TSS, LDT) in long mode takes two places in the table */
struct zp_segment_descriptor64 {
    uint16_t limit_low;
    uint16_t base_low;
    uint8_t base_mid;
    uint8_t access;
    uint8_t flags;
    uint8_t base_high;
    uint32_t base_upper; /* base bits 32 to 63 */
    uint32_t reserved;   /* 0 */
};

static_assert(offsetof(struct zp_segment_descriptor64, limit_low) == 0, "limit_low");
static_assert(offsetof(struct zp_segment_descriptor64, base_low) == 2, "base_low");
static_assert(offsetof(struct zp_segment_descriptor64, base_mid) == 4, "base_mid");
static_assert(offsetof(struct zp_segment_descriptor64, access) == 5, "access");
static_assert(offsetof(struct zp_segment_descriptor64, flags) == 6, "flags");
static_assert(offsetof(struct zp_segment_descriptor64, base_high) == 7, "base_high");
static_assert(offsetof(struct zp_segment_descriptor64, base_upper) == 8, "base_upper");
static_assert(offsetof(struct zp_segment_descriptor64, reserved) == 12, "reserved");
static_assert(sizeof(struct zp_segment_descriptor64) == 16, "size of segment_descriptor64");

/* Operand of LGDT and LIDT in long mode; elsewhere the base ends at 32 bits */
struct zp_descriptor_table_pointer {
    uint16_t limit; /* bytes - 1 */
    uint64_t base;
} __attribute__((packed));

static_assert(offsetof(struct zp_descriptor_table_pointer, limit) == 0, "limit");
static_assert(offsetof(struct zp_descriptor_table_pointer, base) == 2, "base");
static_assert(sizeof(struct zp_descriptor_table_pointer) == 10, "size of descriptor_table_pointer");

struct zp_descriptor_table_pointer32 {
    uint16_t limit; /* bytes - 1 */
    uint32_t base;
} __attribute__((packed));

static_assert(offsetof(struct zp_descriptor_table_pointer32, limit) == 0, "limit");
static_assert(offsetof(struct zp_descriptor_table_pointer32, base) == 2, "base");
static_assert(sizeof(struct zp_descriptor_table_pointer32) == 6, "size of descriptor_table_pointer32");

/* Interrupt or trap gate of protected mode */
struct zp_gate_descriptor32 {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t reserved;
    uint8_t access; /* type 0xe interrupt, 0xf trap; DPL, P */
    uint16_t offset_high;
};

static_assert(offsetof(struct zp_gate_descriptor32, offset_low) == 0, "offset_low");
static_assert(offsetof(struct zp_gate_descriptor32, selector) == 2, "selector");
static_assert(offsetof(struct zp_gate_descriptor32, reserved) == 4, "reserved");
static_assert(offsetof(struct zp_gate_descriptor32, access) == 5, "access");
static_assert(offsetof(struct zp_gate_descriptor32, offset_high) == 6, "offset_high");
static_assert(sizeof(struct zp_gate_descriptor32) == 8, "size of gate_descriptor32");

/* Interrupt or trap gate of long mode */
struct zp_gate_descriptor64 {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist; /* bits 0 to 2 */
    uint8_t access;
    uint16_t offset_mid;
    uint32_t offset_high;
    uint32_t reserved;
};

static_assert(offsetof(struct zp_gate_descriptor64, offset_low) == 0, "offset_low");
static_assert(offsetof(struct zp_gate_descriptor64, selector) == 2, "selector");
static_assert(offsetof(struct zp_gate_descriptor64, ist) == 4, "ist");
static_assert(offsetof(struct zp_gate_descriptor64, access) == 5, "access");
static_assert(offsetof(struct zp_gate_descriptor64, offset_mid) == 6, "offset_mid");
static_assert(offsetof(struct zp_gate_descriptor64, offset_high) == 8, "offset_high");
static_assert(offsetof(struct zp_gate_descriptor64, reserved) == 12, "reserved");
static_assert(sizeof(struct zp_gate_descriptor64) == 16, "size of gate_descriptor64");

/* 32-bit task state; each selector fills the low half of a word */
struct zp_tss32 {
    uint16_t previous_task_link;
    uint16_t reserved0;
    uint32_t esp0;
    uint16_t ss0;
    uint16_t reserved1;
    uint32_t esp1;
    uint16_t ss1;
    uint16_t reserved2;
    uint32_t esp2;
    uint16_t ss2;
    uint16_t reserved3;
    uint32_t cr3;
    uint32_t eip;
    uint32_t eflags;
    uint32_t eax;
    uint32_t ecx;
    uint32_t edx;
    uint32_t ebx;
    uint32_t esp;
    uint32_t ebp;
    uint32_t esi;
    uint32_t edi;
    uint16_t es;
    uint16_t reserved4;
    uint16_t cs;
    uint16_t reserved5;
    uint16_t ss;
    uint16_t reserved6;
    uint16_t ds;
    uint16_t reserved7;
    uint16_t fs;
    uint16_t reserved8;
    uint16_t gs;
    uint16_t reserved9;
    uint16_t ldt;
    uint16_t reserved10;
    uint16_t trap;       /* bit 0: debug trap on task switch */
    uint16_t iomap_base; /* bytes from the start; beyond the limit: no map */
};

static_assert(offsetof(struct zp_tss32, previous_task_link) == 0, "previous_task_link");
static_assert(offsetof(struct zp_tss32, reserved0) == 2, "reserved0");
static_assert(offsetof(struct zp_tss32, esp0) == 4, "esp0");
static_assert(offsetof(struct zp_tss32, ss0) == 8, "ss0");
static_assert(offsetof(struct zp_tss32, reserved1) == 10, "reserved1");
static_assert(offsetof(struct zp_tss32, esp1) == 12, "esp1");
static_assert(offsetof(struct zp_tss32, ss1) == 16, "ss1");
static_assert(offsetof(struct zp_tss32, reserved2) == 18, "reserved2");
static_assert(offsetof(struct zp_tss32, esp2) == 20, "esp2");
static_assert(offsetof(struct zp_tss32, ss2) == 24, "ss2");
static_assert(offsetof(struct zp_tss32, reserved3) == 26, "reserved3");
static_assert(offsetof(struct zp_tss32, cr3) == 28, "cr3");
static_assert(offsetof(struct zp_tss32, eip) == 32, "eip");
static_assert(offsetof(struct zp_tss32, eflags) == 36, "eflags");
static_assert(offsetof(struct zp_tss32, eax) == 40, "eax");
static_assert(offsetof(struct zp_tss32, ecx) == 44, "ecx");
static_assert(offsetof(struct zp_tss32, edx) == 48, "edx");
static_assert(offsetof(struct zp_tss32, ebx) == 52, "ebx");
static_assert(offsetof(struct zp_tss32, esp) == 56, "esp");
static_assert(offsetof(struct zp_tss32, ebp) == 60, "ebp");
static_assert(offsetof(struct zp_tss32, esi) == 64, "esi");
static_assert(offsetof(struct zp_tss32, edi) == 68, "edi");
static_assert(offsetof(struct zp_tss32, es) == 72, "es");
static_assert(offsetof(struct zp_tss32, reserved4) == 74, "reserved4");
static_assert(offsetof(struct zp_tss32, cs) == 76, "cs");
static_assert(offsetof(struct zp_tss32, reserved5) == 78, "reserved5");
static_assert(offsetof(struct zp_tss32, ss) == 80, "ss");
static_assert(offsetof(struct zp_tss32, reserved6) == 82, "reserved6");
static_assert(offsetof(struct zp_tss32, ds) == 84, "ds");
static_assert(offsetof(struct zp_tss32, reserved7) == 86, "reserved7");
static_assert(offsetof(struct zp_tss32, fs) == 88, "fs");
static_assert(offsetof(struct zp_tss32, reserved8) == 90, "reserved8");
static_assert(offsetof(struct zp_tss32, gs) == 92, "gs");
static_assert(offsetof(struct zp_tss32, reserved9) == 94, "reserved9");
static_assert(offsetof(struct zp_tss32, ldt) == 96, "ldt");
static_assert(offsetof(struct zp_tss32, reserved10) == 98, "reserved10");
static_assert(offsetof(struct zp_tss32, trap) == 100, "trap");
static_assert(offsetof(struct zp_tss32, iomap_base) == 102, "iomap_base");
static_assert(sizeof(struct zp_tss32) == 104, "size of tss32");

/* Task state of long mode */
struct zp_tss64 {
    uint32_t reserved0;
    uint64_t rsp0;
    uint64_t rsp1;
    uint64_t rsp2;
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t iomap_base; /* bytes from the start; beyond the limit: no map */
} __attribute__((packed));

static_assert(offsetof(struct zp_tss64, reserved0) == 0, "reserved0");
static_assert(offsetof(struct zp_tss64, rsp0) == 4, "rsp0");
static_assert(offsetof(struct zp_tss64, rsp1) == 12, "rsp1");
static_assert(offsetof(struct zp_tss64, rsp2) == 20, "rsp2");
static_assert(offsetof(struct zp_tss64, reserved1) == 28, "reserved1");
static_assert(offsetof(struct zp_tss64, ist) == 36, "ist");
static_assert(offsetof(struct zp_tss64, reserved2) == 92, "reserved2");
static_assert(offsetof(struct zp_tss64, reserved3) == 100, "reserved3");
static_assert(offsetof(struct zp_tss64, iomap_base) == 102, "iomap_base");
static_assert(sizeof(struct zp_tss64) == 104, "size of tss64");

#endif /* !__ASSEMBLER__ */

#endif
