/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why a guest died or is silent: receives the CPU as an engine saw it last and the plan by which it was
 * entered, gives some lines for a person. Mode from CR0, EFER and CS (Intel SDM volume 3, chapter 2 and
 * section 9.8); the physical address by the guest's own page tables (chapter 4); the nearest span of the
 * plan; the symbol where the image is an ELF that has them; and what to try. The guest may have written
 * anything anywhere: each step of the walk is checked and may end in "not mapped".
 */
#include "vmm.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <zeropage/wire/x86.h>

#include "host.h"

#define PTE_PRESENT UINT64_C(0x1)
#define PTE_LARGE   UINT64_C(0x80)
#define PTE_ADDRESS UINT64_C(0x000ffffffffff000)
#define RFLAGS_VM   UINT64_C(0x20000)
#define CODE_BYTES  16
#define SMALL_RAM   (UINT64_C(256) << 20)
#define CR3_LEGACY  UINT64_C(0xfffff000)
#define CR3_PAE     UINT64_C(0xffffffe0)

static bool is_paged(const struct zp_cpu_view *cpu)
{
    return (cpu->cr0 & ZP_CR0_PE) && (cpu->cr0 & ZP_CR0_PG);
}

static const char *mode_name(const struct zp_cpu_view *cpu)
{
    if (!(cpu->cr0 & ZP_CR0_PE))
        return "real mode, 16-bit";
    if (cpu->efer & ZP_EFER_LMA)
        return cpu->cs_long ? "long mode, 64-bit" : "compatibility mode under long mode";
    if (cpu->rflags & RFLAGS_VM)
        return "virtual 8086 mode";
    if (!cpu->cs_default32)
        return is_paged(cpu) ? "16-bit protected mode, paging on" : "16-bit protected mode, paging off";
    return is_paged(cpu) ? "32-bit protected mode, paging on" : "32-bit protected mode, paging off";
}

static uint64_t linear_rip(const struct zp_cpu_view *cpu)
{
    if ((cpu->efer & ZP_EFER_LMA) && cpu->cs_long)
        return cpu->rip;
    return (cpu->cs_base + cpu->rip) & UINT32_MAX;
}

/* ---- page tables */

static bool read_entry(const struct zp_vm *vm, uint64_t address, unsigned size, uint64_t *ret_entry)
{
    const void *at = zp_guest_pointer(&vm->ram->guest, (zp_gpa){address}, size);

    if (!at)
        return false;
    *ret_entry = 0;
    memcpy(ret_entry, at, size);
    return true;
}

/* The shape of the tables: levels, bits of an index, bytes of an entry. */
struct tables {
    unsigned levels, index_bits, entry_size;
    uint64_t root;
};

static struct tables tables_of(const struct zp_cpu_view *cpu)
{
    if (cpu->efer & ZP_EFER_LMA)
        return (struct tables){cpu->cr4 & ZP_CR4_LA57 ? 5 : 4, 9, 8, cpu->cr3 & PTE_ADDRESS};
    if (cpu->cr4 & ZP_CR4_PAE)
        return (struct tables){3, 9, 8, cpu->cr3 & CR3_PAE};
    return (struct tables){2, 10, 4, cpu->cr3 & CR3_LEGACY};
}

/* Does the entry map memory itself? Large pages are of levels 2 and 3, but the top of PAE's three. */
static bool is_leaf(const struct zp_cpu_view *cpu, const struct tables *tables, unsigned level,
                    uint64_t entry)
{
    if (level == 1)
        return true;
    if (!(entry & PTE_LARGE) || level > 3)
        return false;
    return tables->levels == 2 ? (cpu->cr4 & ZP_CR4_PSE) != 0 : level < tables->levels;
}

/* false: not mapped, or by tables that are not in RAM. */
static bool translate(const struct zp_vm *vm, const struct zp_cpu_view *cpu, uint64_t linear,
                      uint64_t *ret_physical)
{
    struct tables tables = tables_of(cpu);
    uint64_t table = tables.root, entry;

    if (!is_paged(cpu)) {
        *ret_physical = linear;
        return true;
    }
    for (unsigned level = tables.levels; level > 0; level--) {
        unsigned shift = 12 + (level - 1) * tables.index_bits;
        uint64_t index = (linear >> shift) & ((UINT64_C(1) << tables.index_bits) - 1);
        uint64_t within = (UINT64_C(1) << shift) - 1;

        if (!read_entry(vm, table + index * tables.entry_size, tables.entry_size, &entry) ||
            !(entry & PTE_PRESENT))
            return false;
        if (is_leaf(cpu, &tables, level, entry)) {
            *ret_physical = (entry & PTE_ADDRESS & ~within) | (linear & within);
            return true;
        }
        table = entry & PTE_ADDRESS;
    }
    return false;
}

/* ---- where it is */

/* The last span that starts at or below an address, or NULL. */
static const struct zp_span *span_below(const struct zp_plan *plan, uint64_t address)
{
    const struct zp_span *found = NULL;

    for (size_t i = 0; i < plan->span_count; i++)
        if (plan->spans[i].start.value <= address)
            found = &plan->spans[i];
    return found;
}

static void say_span(const struct zp_vm *vm, uint64_t physical)
{
    const struct zp_span *span = zp_plan_span_at(vm->plan, (zp_gpa){physical});

    if (span) {
        /* A kernel's segments are one kernel: offsets as in its System.map, from the lowest. */
        bool is_kernel = span->kind == ZP_SPAN_KERNEL && vm->plan->kernel_load.value <= physical;
        uint64_t start = is_kernel ? vm->plan->kernel_load.value : span->start.value;

        zp_vm_error("  memory: 0x%" PRIx64 " is %s + 0x%" PRIx64, physical, zp_span_kind_name(span->kind),
                    physical - start);
        return;
    }
    if (!zp_guest_pointer(&vm->ram->guest, (zp_gpa){physical}, 1)) {
        zp_vm_error("  memory: 0x%" PRIx64 " is no RAM: the guest jumped astray", physical);
        return;
    }
    span = span_below(vm->plan, physical);
    if (!span) {
        zp_vm_error("  memory: 0x%" PRIx64 " lies below everything that was loaded", physical);
        return;
    }
    zp_vm_error("  memory: 0x%" PRIx64 " is 0x%" PRIx64
                " past the end of %s; a kernel that moves itself (KASLR) may be there",
                physical, physical - span->start.value - span->size, zp_span_kind_name(span->kind));
}

/* The link address of a loaded byte: where its segment wants it, virtually. */
static bool link_address(const struct zp_plan *plan, uint64_t physical, uint64_t *ret_address)
{
    uint64_t paddr = physical - plan->delta;

    for (size_t i = 0; i < plan->entry->segment_count; i++) {
        const struct zp_segment *segment = &plan->image->segments[plan->entry->segment_first + i];

        if (paddr >= segment->paddr.value && paddr - segment->paddr.value < segment->memory_size) {
            *ret_address = segment->vaddr + (paddr - segment->paddr.value);
            return true;
        }
    }
    return false;
}

/* Where the byte at RIP was linked, whatever it was moved by. false: it is not of the kernel. */
static bool find_linked(const struct zp_plan *plan, uint64_t linear, bool mapped, uint64_t physical,
                        uint64_t *ret_address)
{
    uint64_t unmoved = linear - plan->virtual_delta;

    if (mapped)
        return link_address(plan, physical, ret_address);
    /* The page tables are lost, but the kernel's own addresses are known. */
    for (size_t i = 0; i < plan->entry->segment_count; i++) {
        const struct zp_segment *segment = &plan->image->segments[plan->entry->segment_first + i];

        if (unmoved >= segment->vaddr && unmoved - segment->vaddr < segment->memory_size) {
            *ret_address = unmoved;
            return true;
        }
    }
    return false;
}

/* Symbols carry link addresses, virtual or physical: each reading of RIP is tried. */
static bool find_symbol(const struct zp_plan *plan, uint64_t linear, bool mapped, uint64_t physical,
                        char *name, size_t name_size, uint64_t *ret_offset)
{
    const struct zp_image *image = plan->image;
    uint64_t linked;

    if (find_linked(plan, linear, mapped, physical, &linked) &&
        zp_elf_symbol(image, linked, name, name_size, ret_offset))
        return true;
    return zp_elf_symbol(image, linear - plan->virtual_delta, name, name_size, ret_offset) ||
           zp_elf_symbol(image, linear - plan->delta, name, name_size, ret_offset) ||
           (mapped && zp_elf_symbol(image, physical - plan->delta, name, name_size, ret_offset));
}

static void say_symbol(const struct zp_vm *vm, uint64_t linear, bool mapped, uint64_t physical)
{
    uint64_t offset = 0, linked = 0;
    char name[128];

    if (vm->plan->entry->container == ZP_CONTAINER_BZIMAGE) {
        zp_vm_error("  symbol: none, a bzImage carries no symbols; run its vmlinux to see them");
        return;
    }
    if (find_symbol(vm->plan, linear, mapped, physical, name, sizeof(name), &offset))
        zp_vm_error("  symbol: %s + 0x%" PRIx64, name, offset);
    else
        zp_vm_error("  symbol: none in the image for this address");
    if (vm->plan->image->elf.guest_linux && find_linked(vm->plan, linear, mapped, physical, &linked))
        zp_vm_error("  linked: 0x%" PRIx64 ", as System.map and addr2line -e vmlinux know it", linked);
}

static void say_code(const struct zp_vm *vm, uint64_t physical)
{
    const uint8_t *code = zp_guest_pointer(&vm->ram->guest, (zp_gpa){physical}, CODE_BYTES);
    char text[3 * CODE_BYTES + 1] = "";

    if (!code)
        return;
    for (size_t i = 0; i < CODE_BYTES; i++)
        snprintf(text + 3 * i, 4, " %02x", code[i]);
    zp_vm_error("  code:  %s", text);
}

static void say_registers(const struct zp_cpu_view *cpu)
{
    zp_vm_error("  rax %016" PRIx64 "  rbx %016" PRIx64 "  rcx %016" PRIx64 "  rdx %016" PRIx64, cpu->rax,
                cpu->rbx, cpu->rcx, cpu->rdx);
    zp_vm_error("  rsi %016" PRIx64 "  rdi %016" PRIx64 "  rbp %016" PRIx64 "  rsp %016" PRIx64, cpu->rsi,
                cpu->rdi, cpu->rbp, cpu->rsp);
    zp_vm_error("  cr0 %016" PRIx64 "  cr2 %016" PRIx64 "  cr3 %016" PRIx64 "  cr4 %016" PRIx64, cpu->cr0,
                cpu->cr2, cpu->cr3, cpu->cr4);
    zp_vm_error("  efer %016" PRIx64 "  rflags %08" PRIx64 "  cs %04x", cpu->efer, cpu->rflags, cpu->cs);
}

/* ---- what to try */

/* Is word in the command line? It may hold no NUL at its end. */
static bool cmdline_has(const struct zp_vm_config *config, const char *word)
{
    const char *text = config->request.cmdline;
    size_t length = text ? config->request.cmdline_length : 0;

    return length > 0 && memmem(text, length, word, strlen(word)) != NULL;
}

static void say_console_hint(const struct zp_vm *vm, const struct zp_cpu_view *cpu)
{
    if (cpu->has_printed)
        return;
    if (!cmdline_has(vm->config, "console=ttyS0"))
        zp_vm_error(
            "  try:    no console output: is console=ttyS0 on the command line? --cmdline 'console=ttyS0'");
    else if (!cmdline_has(vm->config, "earlyprintk"))
        zp_vm_error("  try:    earlyprintk=ttyS0 on the command line, for messages before the console is up");
}

static void say_protocol_hint(const struct zp_vm *vm)
{
    uint32_t others = zp_image_protocols(vm->plan->image) & ~(UINT32_C(1) << vm->plan->protocol) &
                      ~(UINT32_C(1) << ZP_PROTOCOL_LINUX16);
    char names[128] = "";
    size_t length = 0;

    for (uint32_t protocol = 1; protocol < ZP_PROTOCOL_COUNT; protocol++)
        if (others & (UINT32_C(1) << protocol))
            length += (size_t)snprintf(names + length, sizeof(names) - length, "%s--protocol %s",
                                       length ? " or " : "", zp_protocol_name(protocol));
    if (length > 0)
        zp_vm_error("  try:    %s: entered by %s it does not get far", names,
                    zp_protocol_name(vm->plan->protocol));
}

/* RIP in the upper half of its address space: the kernel has its own page tables, so it was entered well. */
static bool has_come_up(const struct zp_cpu_view *cpu, uint64_t linear)
{
    return is_paged(cpu) && (cpu->cs_long ? linear >> 63 != 0 : linear >= UINT32_C(0x80000000));
}

/* Entered as a vmlinux: whose fault it is, the other way tells. */
static void say_direct_hint(const struct zp_vm *vm)
{
    if (vm->plan->request->wrapper)
        zp_vm_error("  try:    --direct off: the kernel unpacks and places itself");
}

static void say_hints(const struct zp_vm *vm, const struct zp_cpu_view *cpu, uint64_t linear)
{
    char size[32];

    say_console_hint(vm, cpu);
    say_direct_hint(vm);
    if (!has_come_up(cpu, linear))
        say_protocol_hint(vm);
    else if (!cmdline_has(vm->config, "nokaslr"))
        zp_vm_error("  try:    nokaslr on the command line, so that addresses are as linked");
    if (vm->ram->size < SMALL_RAM)
        zp_vm_error("  try:    more RAM with -m: it has %s",
                    zp_size_format(vm->ram->size, size, sizeof(size)));
    if (vm->config->no_acpi)
        zp_vm_error("  try:    without --no-acpi: many kernels find their CPUs and interrupts by ACPI alone");
}

char *zp_vm_gdb_symbols(const struct zp_plan *plan, char *text, size_t text_size)
{
    text[0] = '\0';
    if (plan->virtual_delta != 0)
        snprintf(text, text_size, " -ex 'add-symbol-file vmlinux -o 0x%" PRIx64 "'", plan->virtual_delta);
    return text;
}

void zp_vm_explain(const struct zp_vm *vm, const struct zp_cpu_view *cpu, const char *headline)
{
    uint64_t linear = linear_rip(cpu), physical = 0;
    bool mapped = translate(vm, cpu, linear, &physical);

    zp_vm_error("%s", headline);
    zp_vm_error("  CPU:    %s, RIP 0x%" PRIx64, mode_name(cpu), linear);
    if (mapped)
        say_span(vm, physical);
    else
        zp_vm_error("  memory: the page tables at 0x%" PRIx64 " do not map RIP", cpu->cr3);
    say_symbol(vm, linear, mapped, physical);
    if (mapped)
        say_code(vm, physical);
    zp_vm_error("  exit:   %s", cpu->last_exit ? cpu->last_exit : "none yet");
    say_registers(cpu);
    say_hints(vm, cpu, linear);
}
