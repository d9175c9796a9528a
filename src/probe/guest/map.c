/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables of the guest's own: the body where it is (virtual = physical), and a window of 2 MiB that can
 * be moved to any physical address that the CPU has. So nothing that a loader handed over can make a read
 * fault. The loader's tables can be put in force again, to try what they promise. Intel SDM 3A, 4.5 "4-Level
 * Paging and 5-Level Paging".
 */
#include "guest.h"

#define WINDOW UINT64_C(0xffffff0000000000) /* entry 510 of level 4, 511 of level 5 */
#define TABLE  (ZP_PTE_P | ZP_PTE_RW)
#define LARGE  (ZP_PTE_P | ZP_PTE_RW | ZP_PTE_PS)

#define ENTRIES    ZP_PAGE_TABLE_ENTRIES
#define INDEX_MASK (ENTRIES - 1)

struct tables {
    uint64_t level5[ENTRIES];
    uint64_t level4[ENTRIES];
    uint64_t level3[ENTRIES];
    uint64_t level2[2][ENTRIES]; /* the GiB where the body begins, and the next */
    uint64_t window3[ENTRIES];
    uint64_t window2[ENTRIES];
};

static struct tables tables __attribute__((aligned(ZP_PAGE_SIZE)));
static struct zp_gate_descriptor64 gates[GUEST_VECTORS];
static uint64_t own_cr0, own_cr4;
static uint64_t physical_end; /* of the CPU's address space */
static uint64_t shown;        /* where the window is */

static uint64_t own_cr3(void)
{
    return (uintptr_t)(own_cr4 & ZP_CR4_LA57 ? tables.level5 : tables.level4);
}

static void load_cr3(uint64_t value)
{
    __asm__ volatile("movq %0, %%cr3" : : "r"(value) : "memory");
}

static void load_cr4(uint64_t value)
{
    __asm__ volatile("movq %0, %%cr4" : : "r"(value) : "memory");
}

static void load_cr0(uint64_t value)
{
    __asm__ volatile("movq %0, %%cr0" : : "r"(value) : "memory");
}

/* CPUID leaf 80000008: bits of a physical address. */
static unsigned physical_bits(void)
{
    uint32_t eax = 0x80000000, ebx, ecx = 0, edx;

    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    if (eax < 0x80000008)
        return 36;
    eax = 0x80000008;
    ecx = 0;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    eax &= 0xff;
    return eax < 36 ? 36 : eax > 52 ? 52 : eax;
}

static void fill_tables(uint64_t base)
{
    uint64_t gib = base >> ZP_PAGE_SHIFT_1G << ZP_PAGE_SHIFT_1G;

    for (unsigned i = 0; i < 2; i++, gib += ZP_PAGE_SIZE_1G) {
        for (unsigned j = 0; j < ENTRIES; j++)
            tables.level2[i][j] = (gib + ((uint64_t)j << ZP_PAGE_SHIFT_2M)) | LARGE;
        tables.level3[gib >> ZP_PAGE_SHIFT_1G & INDEX_MASK] = (uintptr_t)tables.level2[i] | TABLE;
        tables.level4[gib >> ZP_PAGE_SHIFT_512G & INDEX_MASK] = (uintptr_t)tables.level3 | TABLE;
        tables.level5[gib >> ZP_PAGE_SHIFT_256T & INDEX_MASK] = (uintptr_t)tables.level4 | TABLE;
    }
    tables.window3[0] = (uintptr_t)tables.window2 | TABLE;
    tables.level4[WINDOW >> ZP_PAGE_SHIFT_512G & INDEX_MASK] = (uintptr_t)tables.window3 | TABLE;
    tables.level5[WINDOW >> ZP_PAGE_SHIFT_256T & INDEX_MASK] = (uintptr_t)tables.level4 | TABLE;
}

static void load_idt(void)
{
    struct zp_descriptor_table_pointer pointer;

    for (unsigned i = 0; i < GUEST_VECTORS; i++) {
        uint64_t target = (uintptr_t)guest_traps + i * GUEST_TRAP_STRIDE;

        gates[i] = (struct zp_gate_descriptor64){
            .offset_low = (uint16_t)target,
            .selector = GUEST_CODE64,
            .access = ZP_SEGMENT_P | 0xe,
            .offset_mid = (uint16_t)(target >> 16),
            .offset_high = (uint32_t)(target >> 32),
        };
    }
    pointer.limit = sizeof(gates) - 1;
    pointer.base = (uintptr_t)gates;
    __asm__ volatile("lidt %0" : : "m"(pointer));
}

void guest_map_init(void)
{
    uint64_t cr4;

    load_idt();
    physical_end = UINT64_C(1) << physical_bits();
    __asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
    own_cr4 = (cr4 & ZP_CR4_LA57) | ZP_CR4_PAE;
    own_cr0 = ZP_CR0_PG | ZP_CR0_NE | ZP_CR0_ET | ZP_CR0_PE;
    shown = UINT64_MAX;
    fill_tables(guest_found.base);
    guest_map_own();
}

/* CR4 first: what it loses (PCIDs, global pages) must not outlive the tables. */
void guest_map_own(void)
{
    load_cr4(own_cr4);
    load_cr0(own_cr0);
    load_cr3(own_cr3());
}

void guest_map_loader(void)
{
    load_cr3(guest_found.cpu.cr3 & ZP_PTE_ADDRESS);
    load_cr0(guest_found.cpu.cr0);
    load_cr4(guest_found.cpu.cr4);
}

void *guest_window(uint64_t physical)
{
    uint64_t frame = physical >> ZP_PAGE_SHIFT_2M << ZP_PAGE_SHIFT_2M;

    if (physical >= physical_end)
        return NULL;
    if (frame != shown) {
        tables.window2[0] = frame | LARGE;
        __asm__ volatile("invlpg (%0)" : : "r"(WINDOW) : "memory");
        shown = frame;
    }
    return (void *)(WINDOW | (physical & (ZP_PAGE_SIZE_2M - 1)));
}

int guest_peek(void *context, uint64_t address, void *buffer, uint32_t size)
{
    char *to = buffer;

    (void)context;
    if (address >= physical_end || size > physical_end - address)
        return -1;
    while (size > 0) {
        uint64_t room = ZP_PAGE_SIZE_2M - (address & (ZP_PAGE_SIZE_2M - 1));
        uint32_t part = size < room ? size : (uint32_t)room;

        memcpy(to, guest_window(address), part);
        to += part;
        address += part;
        size -= part;
    }
    return 0;
}

/* Where the loader's tables have virtual; false: nowhere. */
static bool loader_translate(uint64_t virtual, uint64_t *ret_physical)
{
    unsigned shift = guest_found.cpu.cr4 & ZP_CR4_LA57 ? ZP_PAGE_SHIFT_256T : ZP_PAGE_SHIFT_512G;
    uint64_t table = guest_found.cpu.cr3 & ZP_PTE_ADDRESS, entry;

    for (;; shift -= 9) {
        if (guest_peek(NULL, table + (virtual >> shift & INDEX_MASK) * 8, &entry, sizeof(entry)) != 0)
            return false;
        if (!(entry & ZP_PTE_P))
            return false;
        table = entry & ZP_PTE_ADDRESS;
        if (shift == ZP_PAGE_SHIFT || (shift <= ZP_PAGE_SHIFT_1G && entry & ZP_PTE_PS))
            break;
    }
    table &= ~((UINT64_C(1) << shift) - 1);
    *ret_physical = table | (virtual & ((UINT64_C(1) << shift) - 1));
    return true;
}

bool guest_loader_maps(uint64_t start, uint64_t size)
{
    uint64_t physical;

    for (uint64_t at = start & ~UINT64_C(0xfff); at < start + size; at += ZP_PAGE_SIZE)
        if (!loader_translate(at, &physical) || physical != at)
            return false;
    return true;
}
