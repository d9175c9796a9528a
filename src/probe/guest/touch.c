/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can only be found out by trying: whether A20 is open, whether the body came whole and its .bss clear,
 * and whether every page that the protocol promises is there. Each page is read, written, read back and
 * restored; in long mode with the loader's own page tables in force, for they are what is promised.
 * Linux boot.rst: init_size, "64-bit BOOT PROTOCOL"; UEFI 2.9, 2.3.4 "x64 Platforms".
 */
#include <zeropage/wire/bootparam.h>

#include "guest.h"

#define A20_LOW   0x500
#define A20_HIGH  0x100500
#define EFI_STACK 0x20000 /* at least, available to an application */

extern char guest_body[], guest_clear_end[];

static uint64_t round_down(uint64_t value)
{
    return value & ~(uint64_t)(ZP_PAGE_SIZE - 1);
}

/* With A20 closed, 1 MiB and 0 are the same memory. */
static bool a20_open(void)
{
    volatile uint32_t *low = guest_window(A20_LOW), *high = guest_window(A20_HIGH);
    uint32_t before = *low;
    bool open = *high != before;

    if (!open) {
        *low = ~before;
        open = *high == before;
        *low = before;
    }
    return open;
}

static uint32_t body_crc(void)
{
    static const uint32_t zero;
    uint32_t at = GUEST_PARAMETERS + offsetof(struct guest_parameters, crc32);
    uint32_t crc = zp_probe_crc32(0, guest_body, at);

    crc = zp_probe_crc32(crc, &zero, sizeof(zero));
    at += sizeof(zero);
    return zp_probe_crc32(crc, guest_body + at, guest_parameters.size - at);
}

/* Bytes that are not 0 in the part of .bss that nobody uses. */
static void put_bss(struct zp_probe_writer *writer)
{
    uint64_t start = guest_found.base + GUEST_SPAN - GUEST_BSS_UNTOUCHED, first = 0;
    uint32_t dirty = 0;

    for (uint64_t at = start; at < start + GUEST_BSS_UNTOUCHED; at += 8) {
        uint64_t word = *(const volatile uint64_t *)at;

        if (word == 0)
            continue;
        for (unsigned i = 0; i < 8; i++, word >>= 8) {
            if ((word & 0xff) == 0)
                continue;
            if (dirty++ == 0)
                first = at + i;
        }
    }
    zp_probe_hex(writer, "bss_start", start);
    zp_probe_count(writer, "bss_size", GUEST_BSS_UNTOUCHED);
    zp_probe_count(writer, "bss_dirty", dirty);
    zp_probe_hex(writer, "first_dirty", first);
}

static void put_image(struct zp_probe_writer *writer)
{
    zp_probe_line(writer, "image");
    zp_probe_hex(writer, "base", guest_found.base - guest_parameters.before);
    zp_probe_hex(writer, "linked", guest_parameters.linked);
    zp_probe_count(writer, "size", guest_parameters.size);
    zp_probe_sum(writer, "crc32", body_crc());
    zp_probe_sum(writer, "expected", guest_parameters.crc32);
    put_bss(writer);
    zp_probe_line_end(writer);
}

/* Our own code, stack and tables, which are in use: no place to try anything. */
static bool is_ours(uint64_t page)
{
    return page >= round_down(guest_found.base) && page < (uintptr_t)guest_clear_end;
}

/*
 * Where in a page it is tried: a page of the loader's page tables may be among those that are tried through
 * these very tables, and its last entry is the one that we are least likely to stand on.
 */
#define TRIED_AT (ZP_PAGE_SIZE - 8)

struct promise {
    uint64_t start, size;
    uint64_t pages, bad, first_bad;
};

static void try_pages(struct promise *promise, bool loader, bool in_force)
{
    uint64_t end = promise->start + promise->size;

    for (uint64_t page = round_down(promise->start); page < end; page += ZP_PAGE_SIZE) {
        bool good;

        promise->pages++;
        if (is_ours(page))
            continue;
        if (loader)
            good = in_force ? guest_touch(page + TRIED_AT) == 0 : guest_loader_maps(page, 1);
        else
            good = guest_window(page) != NULL && guest_touch((uintptr_t)guest_window(page) + TRIED_AT) == 0;
        if (!good && promise->bad++ == 0)
            promise->first_bad = page;
    }
}

/* Without our own code and stack in the loader's tables they cannot be put in force, only read. */
static void put_touched(struct zp_probe_writer *writer, const char *name, uint64_t start, uint64_t size)
{
    struct promise promise = {.start = start, .size = size};
    bool loader = guest_found.cpu.mode == ZP_PROBE_LONG64;
    bool in_force = loader && guest_loader_maps(guest_found.base, GUEST_SPAN - GUEST_BSS_UNTOUCHED);
    uint32_t length = 0;

    if (size == 0 || start + size < start)
        return;
    if (in_force)
        guest_map_loader();
    try_pages(&promise, loader, in_force);
    if (in_force)
        guest_map_own();
    while (name[length])
        length++;
    zp_probe_line(writer, "touched");
    zp_probe_text(writer, "promise", name, length);
    zp_probe_hex(writer, "start", start);
    zp_probe_count(writer, "size", size);
    zp_probe_count(writer, "pages", promise.pages);
    zp_probe_count(writer, "bad", promise.bad);
    zp_probe_hex(writer, "first_bad", promise.first_bad);
    zp_probe_text(writer, "through", loader ? "loader" : "own", loader ? 6 : 3);
    zp_probe_line_end(writer);
}

/* What Linux runs over before it looks at the memory map; any other image has the memory of its segments. */
static void put_reserve(struct zp_probe_writer *writer)
{
    uint64_t start = guest_found.base, align = guest_parameters.align;

    if (align == 0) {
        put_touched(writer, "reserve", start, GUEST_SPAN);
        return;
    }
    start = (start + align - 1) & ~(align - 1);
    if (start < guest_parameters.pref_address)
        start = guest_parameters.pref_address;
    put_touched(writer, "reserve", start, guest_parameters.init_size);
}

static void put_boot_params(struct zp_probe_writer *writer)
{
    uint64_t at = guest_found.cpu.rsi, cmdline, size = 0;
    uint32_t low = 0, high = 0;
    char c;

    put_touched(writer, "boot_params", at, ZP_BOOT_PARAMS_SIZE);
    guest_peek(NULL, at + offsetof(struct zp_boot_params, hdr.cmd_line_ptr), &low, sizeof(low));
    guest_peek(NULL, at + offsetof(struct zp_boot_params, ext_cmd_line_ptr), &high, sizeof(high));
    cmdline = low | (uint64_t)high << 32;
    if (cmdline == 0)
        return;
    while (size <= GUEST_CMDLINE_SIZE && guest_peek(NULL, cmdline + size, &c, 1) == 0) {
        size++;
        if (c == 0)
            break;
    }
    put_touched(writer, "cmdline", cmdline, size);
}

void guest_check(struct zp_probe_writer *writer)
{
    zp_probe_line(writer, "a20");
    zp_probe_bool(writer, "enabled", a20_open());
    zp_probe_line_end(writer);
    put_image(writer);
    put_reserve(writer);
    if (guest_found.protocol == ZP_PROTOCOL_LINUX64)
        put_boot_params(writer);
    if (guest_found.protocol == ZP_PROBE_PROTOCOL_EFI)
        put_touched(writer, "stack", guest_found.cpu.rsp - EFI_STACK, EFI_STACK);
}
