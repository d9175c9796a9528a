/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The handoff report of a machine whose memory is the input. The first 64 bytes choose protocol, mode and
 * registers, the rest is memory from address 0; in one mode it repeats without end, as it does for a guest
 * that reads what is nobody's.
 * Asserted: the report ends after a bounded number of reads, each line is printable ASCII and begins as a
 * line does, and the last one tells number and checksum of those before it.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/report.h"

#define CONTROL_SIZE 64u
#define TEXT_MAX     (1u << 20)
#define READS_MAX    2000000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct control {
    uint8_t protocol;
    uint8_t flags;
    uint16_t cs;
    uint16_t gdt_limit;
    uint16_t setup_segment;
    uint64_t pointer; /* RSI, RBX and RDX */
    uint64_t cr3;
    uint64_t gdt_base;
    uint64_t load_options, memory_map;
    uint16_t load_options_size, memory_map_size, descriptor_size, spare;
};

#define FLAG_LONG    0x01u
#define FLAG_REAL    0x02u
#define FLAG_PAGING  0x04u
#define FLAG_PAE     0x08u
#define FLAG_LA57    0x10u
#define FLAG_NXE     0x20u
#define FLAG_ENDLESS 0x40u
#define FLAG_OUTSIDE 0x80u

_Static_assert(sizeof(struct control) == CONTROL_SIZE - 8, "size of control");

struct machine {
    const uint8_t *memory;
    size_t size;
    bool endless;
    unsigned reads;
    size_t length;
    char text[TEXT_MAX];
};

static void insist(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "property broken: %s\n", what);
    abort();
}

static int peek(void *context, uint64_t address, void *buffer, uint32_t size)
{
    struct machine *machine = context;
    uint8_t *to = buffer;

    insist(++machine->reads < READS_MAX, "reads are bounded");
    if (!machine->size)
        return -1;
    if (!machine->endless) {
        if (address >= machine->size || size > machine->size - address)
            return -1;
        memcpy(to, machine->memory + address, size);
        return 0;
    }
    for (uint32_t i = 0; i < size; i++)
        to[i] = machine->memory[(address + i) % machine->size];
    return 0;
}

static void put(void *context, const char *bytes, uint32_t length)
{
    struct machine *machine = context;

    insist(length < TEXT_MAX - machine->length, "text is bounded");
    memcpy(machine->text + machine->length, bytes, length);
    machine->length += length;
}

static void choose(const struct control *control, struct zp_probe_view *view, struct zp_probe_efi *efi)
{
    struct zp_probe_cpu *cpu = &view->cpu;
    uint8_t flags = control->flags;

    view->protocol = control->protocol % (ZP_PROTOCOL_COUNT + 1);
    if (view->protocol == ZP_PROTOCOL_COUNT)
        view->protocol = ZP_PROBE_PROTOCOL_EFI;
    view->seen = flags & FLAG_OUTSIDE && !(flags & FLAG_ENDLESS) ? "outside" : "inside";
    view->setup = (uint64_t)control->setup_segment << 4;
    cpu->mode = flags & FLAG_REAL   ? ZP_PROBE_REAL16
                : flags & FLAG_LONG ? ZP_PROBE_LONG64
                                    : ZP_PROBE_PROTECTED32;
    cpu->rsi = cpu->rbx = cpu->rdx = control->pointer;
    cpu->cr0 = flags & FLAG_PAGING ? 0x80000001 : 1;
    cpu->cr3 = control->cr3;
    cpu->cr4 = (flags & FLAG_PAE ? 0x30u : 0x10u) | (flags & FLAG_LA57 ? 0x1000u : 0);
    cpu->efer = (flags & FLAG_LONG ? 0x500u : 0) | (flags & FLAG_NXE ? 0x800u : 0);
    cpu->gdt_base = control->gdt_base;
    cpu->gdt_limit = control->gdt_limit;
    cpu->cs = control->cs;
    efi->load_options = control->load_options;
    efi->load_options_size = control->load_options_size;
    efi->memory_map = control->memory_map;
    efi->memory_map_size = control->memory_map_size;
    efi->descriptor_size = control->descriptor_size;
    view->efi = control->spare & 1 ? efi : NULL;
}

static void check_text(const struct machine *machine)
{
    const char *line = machine->text, *end = machine->text + machine->length, *next;
    unsigned lines = 0;
    char expected[80];

    insist(machine->length > 0 && end[-1] == '\n', "the last line is whole");
    for (;; line = next, lines++) {
        next = (const char *)memchr(line, '\n', (size_t)(end - line)) + 1;
        insist(next - line > 12 && memcmp(line, "{\"probe\":\"", 10) == 0 && next[-2] == '}',
               "a line is an object that begins with its kind");
        for (const char *at = line; at < next - 1; at++)
            insist(*at >= 0x20 && *at <= 0x7e, "a line is printable");
        if (next == end)
            break;
    }
    snprintf(expected, sizeof(expected), "{\"probe\":\"end\",\"lines\":%u,\"crc32\":\"0x%08x\"}\n", lines,
             zp_probe_crc32(0, machine->text, (uint32_t)(line - machine->text)));
    insist((size_t)(end - line) == strlen(expected) && memcmp(line, expected, (size_t)(end - line)) == 0,
           "the last line speaks of all before it");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct machine machine;
    struct zp_probe_efi efi = {.image_base = 0};
    struct zp_probe_view view = {.image = "", .peek = peek, .put = put, .context = &machine};
    struct control control;

    if (size < CONTROL_SIZE)
        return 0;
    memcpy(&control, data, sizeof(control));
    machine.memory = data + CONTROL_SIZE;
    machine.size = size - CONTROL_SIZE;
    machine.endless = control.flags & FLAG_ENDLESS;
    machine.reads = 0;
    machine.length = 0;
    choose(&control, &view, &efi);
    zp_probe_report(&view);
    check_text(&machine);
    return 0;
}
