/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine that is nothing but memory, for tests of the report writer: 16 MiB from address 0, nothing
 * beyond. fixture_report writes a report of it, holds the last line against the others, and keeps the text;
 * fixture_line gives one line of a kind.
 */
#ifndef ZP_TESTS_PROBE_FIXTURE_H
#define ZP_TESTS_PROBE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "probe/report.h"

#define FIXTURE_RAM  (UINT64_C(16) << 20)
#define FIXTURE_TEXT (4u << 20)

struct fixture {
    struct zp_probe_view view;
    uint8_t *ram;
    char *text;
    size_t length;
    unsigned long peeks;
    char line[16384];
};

static int fixture_peek(void *context, uint64_t address, void *buffer, uint32_t size)
{
    struct fixture *fixture = context;

    fixture->peeks++;
    if (address >= FIXTURE_RAM || size > FIXTURE_RAM - address)
        return -1;
    memcpy(buffer, fixture->ram + address, size);
    return 0;
}

static void fixture_put(void *context, const char *bytes, uint32_t length)
{
    struct fixture *fixture = context;

    assert_true(length < FIXTURE_TEXT - fixture->length);
    memcpy(fixture->text + fixture->length, bytes, length);
    fixture->length += length;
    fixture->text[fixture->length] = 0;
}

static int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (!fixture)
        return -1;
    fixture->ram = calloc(1, FIXTURE_RAM);
    fixture->text = malloc(FIXTURE_TEXT);
    fixture->view.seen = "inside";
    fixture->view.image = "";
    fixture->view.cpu.mode = ZP_PROBE_PROTECTED32;
    fixture->view.cpu.cr0 = 0x11;
    fixture->view.peek = fixture_peek;
    fixture->view.put = fixture_put;
    fixture->view.context = fixture;
    *state = fixture;
    return fixture->ram && fixture->text ? 0 : -1;
}

static int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;

    free(fixture->ram);
    free(fixture->text);
    free(fixture);
    return 0;
}

/* Puts bytes into the machine's memory. */
static inline void fixture_poke(struct fixture *fixture, uint64_t address, const void *bytes, size_t size)
{
    assert_true(address < FIXTURE_RAM && size <= FIXTURE_RAM - address);
    memcpy(fixture->ram + address, bytes, size);
}

static inline void fixture_poke_number(struct fixture *fixture, uint64_t address, uint64_t number,
                                       size_t size)
{
    fixture_poke(fixture, address, &number, size);
}

/* Makes the bytes [address, +size) add up to 0 by the one at sum. */
static inline void fixture_add_up(struct fixture *fixture, uint64_t address, size_t size, uint64_t sum)
{
    uint8_t total = 0;

    fixture->ram[sum] = 0;
    for (size_t i = 0; i < size; i++)
        total = (uint8_t)(total + fixture->ram[address + i]);
    fixture->ram[sum] = (uint8_t)-total;
}

/* The usual CRC-32, bit by bit. */
static inline uint32_t fixture_crc32(const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    uint32_t crc = ~UINT32_C(0);

    for (size_t i = 0; i < length; i++) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
    }
    return ~crc;
}

/* The n-th line of a kind, from 0, or NULL. Without its newline, until the next call. */
static inline const char *fixture_line(struct fixture *fixture, const char *kind, unsigned n)
{
    char head[64];

    snprintf(head, sizeof(head), "{\"probe\":\"%s\"", kind);
    for (const char *at = fixture->text; *at; at = strchr(at, '\n') + 1) {
        size_t length = (size_t)(strchr(at, '\n') - at);

        if (strncmp(at, head, strlen(head)) != 0 || n-- != 0)
            continue;
        assert_true(length < sizeof(fixture->line));
        memcpy(fixture->line, at, length);
        fixture->line[length] = 0;
        return fixture->line;
    }
    return NULL;
}

static inline unsigned fixture_count(struct fixture *fixture, const char *kind)
{
    unsigned count = 0;

    while (fixture_line(fixture, kind, count))
        count++;
    return count;
}

/* Does that line have this in it? */
static inline bool fixture_has(struct fixture *fixture, const char *kind, unsigned n, const char *part)
{
    const char *line = fixture_line(fixture, kind, n);

    return line && strstr(line, part);
}

/* Writes the report; its last line must tell of all the others. */
static inline void fixture_report(struct fixture *fixture)
{
    unsigned lines = 0;
    char expected[128];
    size_t before;

    fixture->length = 0;
    fixture->peeks = 0;
    zp_probe_report(&fixture->view);
    assert_true(fixture->length > 0 && fixture->text[fixture->length - 1] == '\n');
    assert_int_equal(strlen(fixture->text), fixture->length);
    for (size_t i = 0; i < fixture->length; i++)
        lines += fixture->text[i] == '\n';
    assert_non_null(fixture_line(fixture, "begin", 0));
    assert_non_null(fixture_line(fixture, "end", 0));
    before = fixture->length - strlen(fixture_line(fixture, "end", 0)) - 1;
    snprintf(expected, sizeof(expected), "{\"probe\":\"end\",\"lines\":%u,\"crc32\":\"0x%08x\"}", lines - 1,
             fixture_crc32(fixture->text, before));
    assert_string_equal(fixture_line(fixture, "end", 0), expected);
}

#endif
