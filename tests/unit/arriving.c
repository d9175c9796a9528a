/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine of arriving.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arriving.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define POISONED 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define POISONED 1
#endif
#ifdef POISONED
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size)   ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

struct arriving arriving;
static jmp_buf refused;

static void insist(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "property broken: %s\n", what);
    abort();
}

void arriving_begin(uint64_t base, size_t size)
{
    memset(&arriving, 0, sizeof(arriving));
    arriving.base = base;
    arriving.size = size;
    arriving.memory = calloc(size ? size : 1, 1);
    insist(arriving.memory, "memory for a machine");
}

void arriving_end(void)
{
    ASAN_UNPOISON_MEMORY_REGION(arriving.memory, arriving.size);
    free(arriving.memory);
    arriving.memory = NULL;
}

void arriving_poke(uint64_t address, unsigned width, uint64_t value)
{
    for (unsigned i = 0; i < width; i++)
        arriving.memory[address - arriving.base + i] = (uint8_t)(value >> 8 * i);
}

void arriving_text(uint64_t address, const char *text)
{
    memcpy(arriving.memory + (address - arriving.base), text, strlen(text) + 1);
}

static bool is_there(uint64_t address, uint64_t size)
{
    return address >= arriving.base && address - arriving.base <= arriving.size &&
           size <= arriving.size - (address - arriving.base);
}

static uint64_t address_of(const void *pointer)
{
    return arriving.base + (uint64_t)((const uint8_t *)pointer - arriving.memory);
}

/* --- stub.h --- */

const void *stub_see(uint64_t address, uint64_t size)
{
    if (!is_there(address, size)) {
        if (address == 0) /* where NULL is no answer, as a machine always has something there */
            stub_refuse("memory at 0x0 cannot be read");
        return NULL;
    }
    ASAN_UNPOISON_MEMORY_REGION(arriving.memory + (address - arriving.base), size);
    return arriving.memory + (address - arriving.base);
}

static void format_line(char *line, size_t room, const char *format, va_list arguments)
{
    size_t at = 0;

    for (; *format && at + 1 < room; format++) {
        if (*format != '%') {
            line[at++] = *format;
            continue;
        }
        format++;
        insist(*format == 'x' || *format == 'd' || *format == 's', "a format that say.c knows");
        if (*format == 's')
            at += (size_t)snprintf(line + at, room - at, "%s", va_arg(arguments, const char *));
        else
            at += (size_t)snprintf(line + at, room - at, *format == 'x' ? "%llx" : "%llu",
                                   (unsigned long long)va_arg(arguments, uint64_t));
        if (at >= room)
            at = room - 1;
    }
    line[at] = '\0';
}

void stub_say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    format_line(arriving.said, sizeof(arriving.said), format, arguments);
    va_end(arguments);
}

_Noreturn void stub_refuse(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    format_line(arriving.refusal, sizeof(arriving.refusal), format, arguments);
    va_end(arguments);
    longjmp(refused, 1);
}

void stub_range_add(struct arrival *arrival, uint64_t start, uint64_t size, uint32_t e820_type)
{
    struct zp_memory_range *range = &arrival->ranges[arrival->range_count];

    if (arrival->range_count == STUB_RANGE_MAX)
        stub_refuse("more than %d ranges", (uint64_t)STUB_RANGE_MAX);
    range->start.value = start;
    range->size = size;
    range->usage = e820_type == 1 ? ZP_USAGE_FREE : ZP_USAGE_RESERVED;
    range->e820_type = e820_type;
    arrival->range_count++;
}

void stub_keep(struct arrival *arrival, uint64_t start, uint64_t size)
{
    insist(size != 0 && is_there(start, size), "what is kept is there");
    if (arriving_is_kept(start, size))
        return;
    if (arrival->keep_count == STUB_KEEP_MAX)
        stub_refuse("more than %d areas to keep", (uint64_t)STUB_KEEP_MAX);
    arrival->keeps[arrival->keep_count].start = start;
    arrival->keeps[arrival->keep_count++].size = size;
}

void stub_cmdline_add(struct arrival *arrival, const char *text, size_t length)
{
    size_t at = arrival->cmdline_length, space = at != 0;

    if (at + space + length >= STUB_CMDLINE_MAX)
        stub_refuse("command line of %d bytes", (uint64_t)(at + space + length));
    if (space)
        arrival->cmdline[at++] = ' ';
    memcpy(arrival->cmdline + at, text, length);
    arrival->cmdline[at + length] = '\0';
    arrival->cmdline_length = at + length;
}

void stub_module_add(struct arrival *arrival, uint64_t start, uint64_t size, const char *cmdline,
                     size_t cmdline_length)
{
    struct zp_module *module = &arrival->modules[arrival->module_count];
    struct zp_memory_source *source = &arrival->sources[arrival->module_count];

    if (arrival->module_count == STUB_MODULE_MAX)
        stub_refuse("more than %d modules", (uint64_t)STUB_MODULE_MAX);
    arrival->module_count++;
    source->bytes = stub_see(start, size);
    source->source.size = size;
    module->source = &source->source;
    module->cmdline = cmdline;
    module->cmdline_length = cmdline_length;
    stub_keep(arrival, start, size);
}

void stub_find_rsdp(struct arrival *arrival)
{
    arrival->rsdp = arriving.rsdp;
}

/* --- runs --- */

static void arrive(uint32_t way, uint64_t handed)
{
    switch (way) {
    case ZP_PACK_WAY_LINUX32:
    case ZP_PACK_WAY_LINUX64: stub_arrive_linux(&arriving.arrival, handed); return;
    case ZP_PACK_WAY_PVH: stub_arrive_pvh(&arriving.arrival, handed); return;
    case ZP_PACK_WAY_MULTIBOOT1: stub_arrive_multiboot1(&arriving.arrival, handed); return;
    default: stub_arrive_multiboot2(&arriving.arrival, handed);
    }
}

bool arriving_run(uint32_t way, uint64_t handed)
{
    bool accepted = false;

    memset(&arriving.arrival, 0, sizeof(arriving.arrival));
    arriving.refusal[0] = arriving.said[0] = '\0';
    ASAN_POISON_MEMORY_REGION(arriving.memory, arriving.size);
    if (setjmp(refused) == 0) {
        arrive(way, handed);
        arriving_check();
        accepted = true;
    }
    ASAN_UNPOISON_MEMORY_REGION(arriving.memory, arriving.size);
    return accepted;
}

bool arriving_is_kept(uint64_t address, uint64_t size)
{
    uint64_t end = address + size;

    for (size_t i = 0; address < end && i < arriving.arrival.keep_count;) {
        const struct stub_keep *keep = &arriving.arrival.keeps[i++];

        if (address >= keep->start && address - keep->start < keep->size) {
            address = keep->start + keep->size;
            i = 0;
        }
    }
    return address >= end;
}

static void check_ranges(const struct arrival *arrival)
{
    bool ram = false;

    for (size_t i = 0; i < arrival->range_count; i++) {
        const struct zp_memory_range *range = &arrival->ranges[i];

        insist(range->size != 0, "no range is empty");
        insist(range->start.value < UINT64_C(1) << 52 &&
                   range->size <= (UINT64_C(1) << 52) - range->start.value,
               "ranges lie below 2^52");
        insist(range->e820_type != 0, "a range has a type");
        ram = ram || range->usage == ZP_USAGE_FREE;
    }
    insist(ram, "there is RAM");
}

static void check_blobs(const struct arrival *arrival)
{
    for (size_t i = 0; i < arrival->blob_count; i++) {
        const struct zp_blob *blob = &arrival->blobs[i];
        void *copy;

        insist(blob->size != 0 && blob->size <= UINT32_MAX, "a blob has a size");
        copy = malloc((size_t)blob->size);
        insist(copy && blob->fill(blob->context, (zp_gpa){0x1000}, copy, blob->size) == 0, "a blob fills");
        insist(memcmp(copy, blob->context, (size_t)blob->size) == 0, "and is what was handed over");
        free(copy);
        insist(blob->role == ZP_BLOB_ACPI || arriving_is_kept(address_of(blob->context), blob->size),
               "a blob's bytes are kept");
    }
}

void arriving_check(void)
{
    const struct arrival *arrival = &arriving.arrival;

    check_ranges(arrival);
    check_blobs(arrival);
    insist(arrival->cmdline_length < STUB_CMDLINE_MAX && !arrival->cmdline[arrival->cmdline_length],
           "the command line has its end");
    for (size_t i = 0; i < arrival->module_count; i++) {
        const struct zp_module *module = &arrival->modules[i];

        insist(module->source->size != 0, "a module has bytes");
        if (module->cmdline)
            insist(module->cmdline[module->cmdline_length] == '\0' &&
                       arriving_is_kept(address_of(module->cmdline), module->cmdline_length + 1),
                   "a module's command line is kept whole");
        else
            insist(module->cmdline_length == 0, "no command line is 0 bytes");
    }
    if (arrival->entropy)
        insist(arrival->entropy_length &&
                   arriving_is_kept(address_of(arrival->entropy), arrival->entropy_length),
               "a seed is kept");
}
