/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors in the CPU's state at the entry: selectors, limits, flags, control registers, paging, TR. Linux
 * Documentation/x86/boot, "32-bit BOOT PROTOCOL" and "64-bit BOOT PROTOCOL"; Xen docs/misc/pvh; Multiboot
 * Specification 3.2 "Machine state"; Multiboot2 Specification 3.3 "I386 machine state".
 */
#include <string.h>

#include <zeropage/wire/x86.h>

#include "spoil.h"

#define LIMIT_128M    0x07ffffffu
#define SELECTOR_FREE 0x08 /* of the plan's GDT */

void spoil_describe(const struct spoil_boot *boot, const struct zp_segment_register *segment)
{
    uint32_t limit = segment->g ? segment->limit >> ZP_PAGE_SHIFT : segment->limit;
    struct zp_segment_descriptor descriptor = {
        .limit_low = (uint16_t)limit,
        .base_low = (uint16_t)segment->base,
        .base_mid = (uint8_t)(segment->base >> 16),
        .base_high = (uint8_t)(segment->base >> 24),
        .access = (uint8_t)(segment->type | segment->s << 4 | segment->dpl << 5 | segment->present << 7),
    };
    uint64_t at = boot->plan->state.gdt_base.value + segment->selector;

    descriptor.flags = (uint8_t)(limit >> 16 | segment->l << 5 | segment->db << 6 | segment->g << 7);
    memcpy(spoil_at(boot, at, sizeof(descriptor)), &descriptor, sizeof(descriptor));
}

static void describe_all(struct spoil_boot *boot)
{
    spoil_describe(boot, &boot->plan->state.cs);
    spoil_describe(boot, &boot->plan->state.ds);
}

static void set_data(struct zp_entry_state *state)
{
    state->es = state->fs = state->gs = state->ss = state->ds;
}

/* Code at 8 and data behind it, as most GDTs have it. */
static void cs_selector(struct spoil_boot *boot)
{
    boot->plan->state.cs.selector = SELECTOR_FREE;
}

static void ds_selector(struct spoil_boot *boot)
{
    boot->plan->state.ds.selector = SELECTOR_FREE;
    set_data(&boot->plan->state);
}

static void cs_limit(struct spoil_boot *boot)
{
    boot->plan->state.cs.limit = LIMIT_128M;
}

static void ds_limit(struct spoil_boot *boot)
{
    boot->plan->state.ds.limit = LIMIT_128M;
    set_data(&boot->plan->state);
}

static void es_null(struct spoil_boot *boot)
{
    boot->plan->state.es = (struct zp_segment_register){.unusable = 1};
}

/* Hidden parts alone, with no table behind them: a VMM can, a loader cannot. */
static void gdt_absent(struct spoil_boot *boot)
{
    boot->plan->state.gdt_limit = 0;
    boot->plan->state.gdt_base.value = 0;
}

static void if_set(struct spoil_boot *boot)
{
    boot->plan->state.rflags |= ZP_RFLAGS_IF;
}

static void ebp(struct spoil_boot *boot)
{
    boot->plan->state.rbp = 0x1000;
}

static void edi(struct spoil_boot *boot)
{
    boot->plan->state.rdi = 0x90000;
}

static void ebx(struct spoil_boot *boot)
{
    boot->plan->state.rbx = 1;
}

static void cr0_wp(struct spoil_boot *boot)
{
    boot->plan->state.cr0 |= ZP_CR0_WP;
}

static void cr4_pae(struct spoil_boot *boot)
{
    boot->plan->state.cr4 |= ZP_CR4_PAE;
}

/*
 * 32-bit paging without CR4, which a KVM that interprets may not know: one directory, and tables of 4 KiB
 * pages that are the identity on all of RAM.
 */
static void paging_state(struct spoil_boot *boot)
{
    boot->plan->state.cr0 |= ZP_CR0_PG;
    boot->plan->state.cr3 = SPOIL_SPARE_HIGH;
    boot->plan->identity_end.value = SPOIL_RAM;
}

static void paging_memory(struct spoil_boot *boot)
{
    const uint32_t pages = (uint32_t)(SPOIL_RAM >> ZP_PAGE_SHIFT), tables = pages / 1024;
    uint32_t *directory = spoil_at(boot, SPOIL_SPARE_HIGH, (1 + tables) * ZP_PAGE_SIZE);
    uint32_t *entries = directory + 1024;

    for (uint32_t i = 0; i < tables; i++)
        directory[i] = (uint32_t)(SPOIL_SPARE_HIGH + (1 + i) * ZP_PAGE_SIZE) | ZP_PTE_P | ZP_PTE_RW;
    for (uint32_t i = 0; i < pages; i++)
        entries[i] = i << ZP_PAGE_SHIFT | ZP_PTE_P | ZP_PTE_RW;
}

/* One that a guest can see only by what the table in memory says. */
static void tr_limit(struct spoil_boot *boot)
{
    boot->plan->state.tr.limit = 0xffff;
}

static void tr_descriptor(struct spoil_boot *boot)
{
    spoil_describe(boot, &boot->plan->state.tr);
}

static void tr_null(struct spoil_boot *boot)
{
    boot->plan->state.tr = (struct zp_segment_register){.unusable = 1};
}

static void tr_available(struct spoil_boot *boot)
{
    boot->plan->state.tr.type = ZP_SEGMENT_TSS32_AVAILABLE;
}

#define LINUX32 (1u << ZP_PROTOCOL_LINUX32)
#define LINUX64 (1u << ZP_PROTOCOL_LINUX64)
#define PVH     (1u << ZP_PROTOCOL_PVH)

const struct spoil_error spoil_cpu_errors[] = {
    {"cs-selector", SPOIL_LINUX, cs_selector, describe_all},
    {"ds-selector", SPOIL_LINUX, ds_selector, describe_all},
    {"cs-limit", SPOIL_FLAT32, cs_limit, describe_all},
    {"ds-limit", SPOIL_FLAT32, ds_limit, describe_all},
    {"es-null", LINUX64, es_null, NULL},
    {"gdt-absent", SPOIL_LINUX, gdt_absent, NULL, "kvm"},
    {"if-set", SPOIL_ALL, if_set, NULL},
    {"ebp", LINUX32, ebp, NULL},
    {"edi", LINUX32, edi, NULL},
    {"ebx", LINUX32, ebx, NULL},
    {"paging-on", SPOIL_FLAT32, paging_state, paging_memory, "qemu"},
    {"cr0-wp", PVH, cr0_wp, NULL},
    {"cr4-pae", PVH, cr4_pae, NULL},
    {"tr-limit", PVH, tr_limit, tr_descriptor},
    {"tr-null", PVH, tr_null, NULL},
    {"tr-available", PVH, tr_available, tr_descriptor, "kvm"},
    {0},
};
