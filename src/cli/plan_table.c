/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plan as tables for a person: every row of the memory map with a bar that shows, to scale, where in RAM
 * it lies; the bases of a Linux that has a virtual one; the registers at the first instruction; the e820 that
 * the guest is told; and why things are as they are, a sentence each. Ends are the first address after a
 * range.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host.h"
#include "map.h"
#include "plan_view.h"

#define BAR_CELLS 24u

static const char *const group_colour[CLI_GROUP_COUNT] = {
    [CLI_GROUP_KERNEL] = "\033[34m", [CLI_GROUP_RESERVED_KERNEL] = "\033[36m",
    [CLI_GROUP_INITRD] = "\033[32m", [CLI_GROUP_HANDOFF] = "\033[33m",
    [CLI_GROUP_CPU] = "\033[35m",    [CLI_GROUP_BLOB] = "\033[31m",
};

/* How many hex digits the highest address takes, so that columns stand in line. */
static int address_digits(uint64_t highest)
{
    int digits = 8;
    while (digits < 16 && highest >> (4 * digits) != 0)
        digits++;
    return digits;
}

/* Cell i of the bar stands for [end * i / cells, end * (i + 1) / cells). */
static uint64_t cell_edge(uint64_t end, unsigned cell)
{
    return end / BAR_CELLS * cell + end % BAR_CELLS * cell / BAR_CELLS;
}

/* A cell wholly the row's is full; one that it has part of is half; where RAM is not is blank. */
static void print_bar(const struct cli_row *row, const struct cli_map *map, const struct cli_style *style)
{
    const char *full = style->utf8 ? "█" : "#";
    const char *part = style->utf8 ? "▌" : "|";
    const char *none = style->utf8 ? "·" : ".";
    unsigned last = 0;
    for (unsigned i = 0; i < BAR_CELLS; i++)
        if (row->start < cell_edge(map->end, i + 1) && row->end > cell_edge(map->end, i))
            last = i + 1;
    if (row->kind == CLI_ROW_HOLE || row->kind == CLI_ROW_FREE)
        return;
    for (unsigned i = 0; i < last; i++) {
        uint64_t low = cell_edge(map->end, i);
        uint64_t high = cell_edge(map->end, i + 1);
        bool touches = row->start < high && row->end > low;
        bool fills = row->start <= low && row->end >= high;
        fputs(fills ? full : touches ? part : none, stdout);
    }
}

static void print_map(const struct zp_plan *plan, const struct cli_style *style)
{
    struct cli_map map;
    cli_map_make(&map, plan);
    int digits = address_digits(map.end);
    char size[32];
    char name[64];
    printf("%sMemory%s (the last column is drawn to scale, 0 to %s)\n", style->bold, style->plain,
           zp_size_format(map.end, size, sizeof size));
    printf("  %-*s  %-*s  %10s  %s\n", digits + 2, "start", digits + 2, "end", "size", "what");
    for (size_t i = 0; i < map.row_count; i++) {
        const struct cli_row *row = &map.rows[i];
        const char *colour = "";
        if (row->kind != CLI_ROW_SPAN)
            colour = style->dim;
        else if (style->colour)
            colour = group_colour[cli_span_group(row->span->kind)];
        cli_row_name(row, plan, name, sizeof name);
        if (row->kind == CLI_ROW_SPAN && row->span->pinned)
            strncat(name, ", pinned", sizeof name - strlen(name) - 1);
        bool drawn = row->kind != CLI_ROW_HOLE && row->kind != CLI_ROW_FREE;
        printf("%s  0x%0*" PRIx64 "  0x%0*" PRIx64 "  %10s  %-*s", colour, digits, row->start, digits,
               row->end, zp_size_format(row->end - row->start, size, sizeof size), drawn ? 22 : 0, name);
        if (drawn)
            fputs("  ", stdout);
        print_bar(row, &map, style);
        printf("%s\n", style->plain);
    }
    cli_map_free(&map);
}

/* Where a base lies, and how far from where it is linked; addresses are modulo 2^64. */
static void print_base(const char *name, uint64_t base, uint64_t delta, uint64_t relocations)
{
    bool down = delta >> 63;
    printf("  %-8s  0x%08" PRIx64, name, base);
    if (delta == 0)
        fputs("  as linked", stdout);
    else
        printf("  moved %s by 0x%" PRIx64, down ? "down" : "up", down ? 0 - delta : delta);
    if (relocations > 0)
        printf(", %" PRIu64 " relocation%s", relocations, relocations == 1 ? "" : "s");
    putchar('\n');
}

/* Of a kernel that has virtual addresses of its own; any other lies where the map says. */
static void print_bases(const struct zp_plan *plan, const struct cli_style *style)
{
    if (plan->virtual_base == 0)
        return;
    printf("\n%sBases%s\n", style->bold, style->plain);
    print_base("physical", plan->kernel_load.value, plan->delta, 0);
    print_base("virtual", plan->virtual_base, plan->virtual_delta, cli_plan_relocations(plan));
}

static void print_segment(const char *name, const struct zp_segment_register *segment)
{
    if (segment->unusable) {
        printf("  %-5s unusable\n", name);
        return;
    }
    printf("  %-5s %04x  base 0x%08" PRIx64 "  limit 0x%08" PRIx32 "  type 0x%x s=%u dpl=%u p=%u l=%u db=%u "
           "g=%u\n",
           name, segment->selector, segment->base, segment->limit, segment->type, segment->s, segment->dpl,
           segment->present, segment->l, segment->db, segment->g);
}

static void print_registers(const struct zp_plan *plan, const struct cli_style *style)
{
    const struct zp_entry_state *state = &plan->state;
    const struct {
        const char *name;
        uint64_t value;
    } registers[] = {
        {"rip", state->rip}, {"rflags", state->rflags}, {"cr0", state->cr0}, {"rax", state->rax},
        {"rbx", state->rbx}, {"cr3", state->cr3},       {"rcx", state->rcx}, {"rdx", state->rdx},
        {"cr4", state->cr4}, {"rsi", state->rsi},       {"rdi", state->rdi}, {"efer", state->efer},
        {"rbp", state->rbp}, {"rsp", state->rsp},
    };
    size_t count = sizeof registers / sizeof registers[0];
    printf("\n%sRegisters%s (%s)\n", style->bold, style->plain,
           state->mode == ZP_MODE_LONG64 ? "64-bit long mode" : "32-bit protected mode, paging off");
    for (size_t i = 0; i < count; i++) {
        bool last = i % 3 == 2 || i + 1 == count;
        char value[24];
        snprintf(value, sizeof value, "0x%" PRIx64, registers[i].value);
        printf("  %-6s %-*s%s", registers[i].name, last ? 0 : 14, value, last ? "\n" : "");
    }
    print_segment("cs", &state->cs);
    print_segment("ds", &state->ds);
    print_segment("es", &state->es);
    print_segment("fs", &state->fs);
    print_segment("gs", &state->gs);
    print_segment("ss", &state->ss);
    print_segment("tr", &state->tr);
    print_segment("ldtr", &state->ldtr);
    printf("  gdt   base 0x%" PRIx64 "  limit 0x%" PRIx32 "\n", state->gdt_base.value, state->gdt_limit);
    printf("  idt   base 0x%" PRIx64 "  limit 0x%" PRIx32 "\n", state->idt_base.value, state->idt_limit);
}

static void print_e820(const struct zp_plan *plan, const struct cli_style *style)
{
    uint64_t highest = 0;
    char size[32];
    for (size_t i = 0; i < plan->e820_count; i++)
        highest = plan->e820[i].start.value + plan->e820[i].size;
    int digits = address_digits(highest);
    printf("\n%se820%s (what the guest is told)\n", style->bold, style->plain);
    for (size_t i = 0; i < plan->e820_count; i++) {
        const struct zp_e820_range *range = &plan->e820[i];
        printf("  0x%0*" PRIx64 "  0x%0*" PRIx64 "  %10s  %s\n", digits, range->start.value, digits,
               range->start.value + range->size, zp_size_format(range->size, size, sizeof size),
               cli_e820_name(range->type));
    }
}

void cli_print_sentence(const char *text)
{
    size_t column = 3;
    fputs("  -", stdout);
    while (*text) {
        size_t length = strcspn(text, " ");
        if (column + 1 + length > 78 && column > 3) {
            fputs("\n   ", stdout);
            column = 3;
        }
        printf(" %.*s", (int)length, text);
        column += 1 + length;
        text += length;
        text += strspn(text, " ");
    }
    putchar('\n');
}

static void print_decisions(const struct zp_plan *plan, const struct cli_style *style)
{
    char text[512];
    printf("\n%sDecisions%s\n", style->bold, style->plain);
    for (size_t i = 0; i < plan->decision_count; i++)
        cli_print_sentence(zp_decision_explain(&plan->decisions[i], text, sizeof text));
}

void cli_plan_table(const struct zp_plan *plan, const struct cli_plan_about *about)
{
    struct cli_style style = cli_style();
    char size[32];
    printf("%s%s%s by %s on %s of RAM, entered at 0x%" PRIx64 "\n", style.bold, about->image_name,
           style.plain, zp_protocol_name(plan->protocol), zp_size_format(about->ram_size, size, sizeof size),
           plan->state.rip);
    cli_plan_about_table(about);
    putchar('\n');
    print_map(plan, &style);
    print_bases(plan, &style);
    print_registers(plan, &style);
    print_e820(plan, &style);
    print_decisions(plan, &style);
}
