/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that boots another kernel over itself: it receives start_info with the kernel as its first module,
 * plans with all of its own memory busy until entry, and enters. Every table of the plan is pinned to busy
 * memory as well, so that each kind of span is staged and moved, some of them over the code, the stack and
 * the page tables that zp_enter is called with.
 */
#include <zeropage/wire/e820.h>
#include <zeropage/wire/x86.h>
#include <zeropage/wire/xen.h>
#include <zeropage/zeropage.h>

#include "../../src/enter/enter.h"

#define BUSY_START UINT64_C(0x100000)
#define BUSY_END   UINT64_C(0x1000000)
#define PIN_START  UINT64_C(0x110000)
#define GIB4       (UINT64_C(1) << 32)
#define COM1       0x3f8
#define RANGES     32
#define SPANS      64

void guest_main(const struct zp_hvm_start_info *info);
void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);

void *memcpy(void *to, const void *from, size_t size)
{
    void *at = to;

    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(size) : : "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    char *out = to;
    const char *in = from;

    if (out <= in)
        return memcpy(to, from, size);
    while (size-- > 0) {
        out[size] = in[size];
        __asm__ volatile("" : : : "memory");
    }
    return to;
}

void *memset(void *to, int value, size_t size)
{
    void *at = to;

    __asm__ volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(value) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *x = a, *y = b;

    for (size_t i = 0; i < size; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

static void say(const char *text)
{
    for (; *text; text++)
        __asm__ volatile("outb %0, %1" : : "a"(*text), "Nd"((uint16_t)COM1));
}

static _Noreturn void give_up(const char *what, int status, const struct zp_error *error)
{
    say("guest: ");
    say(what);
    say(": ");
    say(zp_status_name(status));
    say(" ");
    say(zp_field_name(error->field));
    say("\n");
    for (;;)
        __asm__ volatile("hlt");
}

static struct zp_memory_range ranges[RANGES];
static struct zp_span spans[SPANS];
static struct zp_e820_range e820[RANGES * 2];
static struct zp_decision decisions[32];
static struct zp_pin pins[SPANS];
static struct zp_segment segments[16];
static struct zp_note notes[16];
static struct zp_entry entries[8];

static size_t add_range(size_t count, uint64_t start, uint64_t end, uint32_t usage, uint32_t type)
{
    if (start < end && count < RANGES)
        ranges[count++] = (struct zp_memory_range){{start}, end - start, usage, type};
    return count;
}

/* RAM of the memory map without [from, to), which is busy; start_info and its module are in `keep`s. */
static size_t add_ram(size_t count, uint64_t start, uint64_t end, const struct zp_memory_range *busy,
                      size_t busy_count)
{
    for (size_t i = 0; i < busy_count; i++) {
        uint64_t from = busy[i].start.value, to = from + busy[i].size;

        if (to <= start || from >= end)
            continue;
        from = from < start ? start : from;
        to = to > end ? end : to;
        count = add_range(count, start, from, ZP_USAGE_FREE, 0);
        count = add_range(count, from, to, ZP_USAGE_BUSY, 0);
        start = to;
    }
    return add_range(count, start, end, ZP_USAGE_FREE, 0);
}

static size_t make_ranges(const struct zp_hvm_start_info *info, const struct zp_hvm_modlist_entry *module)
{
    const struct zp_hvm_memmap_table_entry *map =
        (const struct zp_hvm_memmap_table_entry *)(uintptr_t)info->memmap_paddr;
    const uint64_t from = module->paddr & ~UINT64_C(0xfff);
    const uint64_t to = (module->paddr + module->size + 0xfff) & ~UINT64_C(0xfff);
    const struct zp_memory_range busy[] = {
        {{0}, 0x9f000, 0, 0}, /* start_info, command line */
        {{BUSY_START}, BUSY_END - BUSY_START, 0, 0},
        {{from}, to - from, 0, 0},
    };
    size_t count = 0;

    for (uint32_t i = 0; i < info->memmap_entries; i++) {
        if (map[i].type == ZP_E820_RAM)
            count = add_ram(count, map[i].addr, map[i].addr + map[i].size, busy, 3);
        else
            count = add_range(count, map[i].addr, map[i].addr + map[i].size, ZP_USAGE_RESERVED, map[i].type);
    }
    return count;
}

/* All tables of a plan that was made, one behind the other in busy memory. */
static size_t pin_tables(const struct zp_plan *plan)
{
    uint64_t at = PIN_START;
    size_t count = 0;

    for (size_t i = 0; i < plan->span_count; i++) {
        const struct zp_span *span = &plan->spans[i];

        switch (span->kind) {
        case ZP_SPAN_KERNEL:
        case ZP_SPAN_KERNEL_RESERVED:
        case ZP_SPAN_STAGING:
        case ZP_SPAN_TRAMPOLINE: continue;
        default: break;
        }
        pins[count++] = (struct zp_pin){span->kind, span->index, {at}};
        at = (at + span->size + 0x1fff) & ~UINT64_C(0xfff); /* a page between */
    }
    return count;
}

static size_t length(const char *text)
{
    size_t size = 0;

    while (text[size])
        size++;
    return size;
}

static void plan_and_enter(const struct zp_hvm_start_info *info, const struct zp_hvm_modlist_entry *module)
{
    struct zp_image_room image_room = {segments, 16, notes, 16, entries, 8};
    struct zp_plan_room room = {spans, SPANS, e820, RANGES * 2, decisions, 32};
    struct zp_guest_region region = {{0x1000}, GIB4 - 0x1000, (void *)0x1000};
    struct zp_guest guest = {.struct_size = sizeof(guest), .regions = &region, .region_count = 1};
    struct zp_machine machine = {.struct_size = sizeof(machine), .cpu_count = 1, .ranges = ranges};
    struct zp_request request = {.struct_size = sizeof(request), .flags = ZP_REQUEST_DEFER};
    struct zp_memory_source file;
    struct zp_image image;
    struct zp_plan plan;
    struct zp_error error = {0};
    int status;

    machine.range_count = make_ranges(info, module);
    zp_memory_source_init(&file, (const void *)(uintptr_t)module->paddr, module->size);
    if ((status = zp_inspect(&file.source, &image_room, &image, &error)))
        give_up("inspect", status, &error);
    request.cmdline = (const char *)(uintptr_t)info->cmdline_paddr;
    request.cmdline_length = length(request.cmdline);
    request.trampoline_size = zp_enter_size(SPANS);
    request.rsdp = (struct zp_rsdp){{info->rsdp_paddr}, (const void *)(uintptr_t)info->rsdp_paddr, 36};
    if ((status = zp_plan_make(&image, &machine, &request, &room, &plan, &error)))
        give_up("plan", status, &error);
    request.pins = pins;
    request.pin_count = pin_tables(&plan);
    if ((status = zp_plan_make(&image, &machine, &request, &room, &plan, &error)))
        give_up("plan with pins", status, &error);
    if ((status = zp_load(&plan, &guest, &error)))
        give_up("load", status, &error);
    zp_enter(&plan);
}

void guest_main(const struct zp_hvm_start_info *info)
{
    const struct zp_hvm_modlist_entry *module =
        (const struct zp_hvm_modlist_entry *)(uintptr_t)info->modlist_paddr;

    if (info->version < 1 || info->nr_modules != 1)
        give_up("start_info", ZP_ERR_ARGUMENT, &(struct zp_error){0});
    plan_and_enter(info, module);
}
