/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the arrivals share. Receives addresses, sizes and types that a stranger chose; guarantees that
 * whatever goes on to struct arrival lies below 2^52, does not wrap, can be read, and stays where it is until
 * the kernel is entered (a keep). RSDP: ACPI 6.5, section 5.2.5.3.
 */
#include <zeropage/wire/acpi.h>
#include <zeropage/wire/e820.h>

#include "../../core/seam.h"
#include "arrive.h"

#define PAGE             4096u
#define KIB              1024u
#define MIB              (1024u * KIB)
#define RSDP_ACPI1_SIZE  20u /* without length and what follows it */
#define RSDP_SIGNATURE   "RSD PTR "
#define LOW_MEMORY_LIMIT 640u /* KiB; above lie screen and ROMs */

static bool lies_below_end(uint64_t address, uint64_t size)
{
    return address < ARRIVE_ADDRESS_END && size <= ARRIVE_ADDRESS_END - address;
}

/* Address 0 is memory like other memory: GRUB on EFI puts modules there. */
const void *arrive_see(const char *what, uint64_t address, uint64_t size)
{
    const void *bytes = NULL;

    if (lies_below_end(address, size))
        bytes = stub_see(address, size);
    if (!bytes && (address != 0 || size > ARRIVE_ADDRESS_END))
        stub_refuse("%s: %d bytes at 0x%x cannot be read", what, size, address);
    return bytes;
}

const void *arrive_hold(struct arrival *arrival, const char *what, uint64_t address, uint64_t size)
{
    const void *bytes = arrive_see(what, address, size);

    if (size)
        stub_keep(arrival, address, size);
    return bytes;
}

/* Bytes before the NUL. Looks no further than the page in which that lies. */
static size_t string_length(const char *what, uint64_t address)
{
    size_t length = 0;

    while (length < STUB_CMDLINE_MAX) {
        size_t size = PAGE - (size_t)((address + length) % PAGE);
        const char *part = arrive_see(what, address + length, size);

        for (size_t i = 0; i < size && length < STUB_CMDLINE_MAX; i++, length++)
            if (part[i] == '\0')
                return length;
    }
    stub_refuse("%s: string at 0x%x is longer than %d bytes", what, address, (uint64_t)STUB_CMDLINE_MAX - 1);
}

const char *arrive_string(struct arrival *arrival, const char *what, uint64_t address, size_t *ret_length)
{
    *ret_length = 0;
    if (address == 0)
        return NULL;
    *ret_length = string_length(what, address);
    return arrive_hold(arrival, what, address, *ret_length + 1);
}

void arrive_cmdline(struct arrival *arrival, const char *what, uint64_t address)
{
    size_t length;
    const char *text = arrive_string(arrival, what, address, &length);

    if (length)
        stub_cmdline_add(arrival, text, length);
}

void arrive_range(struct arrival *arrival, const char *what, uint64_t start, uint64_t size,
                  uint32_t e820_type)
{
    if (size == 0)
        return;
    if (size - 1 > UINT64_MAX - start)
        stub_refuse("%s: range at 0x%x of 0x%x bytes wraps", what, start, size);
    if (e820_type == 0)
        e820_type = ZP_E820_RESERVED;
    if (!lies_below_end(start, size)) {
        if (e820_type == ZP_E820_RAM)
            stub_refuse("%s: RAM at 0x%x of 0x%x bytes reaches past 2^52", what, start, size);
        /* That no address reaches is as good as reserved. */
        if (start >= ARRIVE_ADDRESS_END)
            return;
        size = ARRIVE_ADDRESS_END - start;
    }
    stub_range_add(arrival, start, size, e820_type);
}

uint32_t arrive_multiboot_type(uint32_t type)
{
    return type >= ZP_E820_RAM && type <= ZP_E820_UNUSABLE ? type : ZP_E820_RESERVED;
}

void arrive_counted(struct arrival *arrival, const char *what, uint64_t low_kib, uint64_t high_kib)
{
    if (low_kib > LOW_MEMORY_LIMIT)
        stub_refuse("%s: %d KiB of low memory, and there are at most %d", what, low_kib,
                    (uint64_t)LOW_MEMORY_LIMIT);
    arrive_range(arrival, what, 0, low_kib * KIB, ZP_E820_RAM);
    arrive_range(arrival, what, MIB, high_kib * KIB, ZP_E820_RAM);
}

void arrive_map_done(const struct arrival *arrival, const char *what)
{
    for (size_t i = 0; i < arrival->range_count; i++)
        if (arrival->ranges[i].usage == ZP_USAGE_FREE)
            return;
    stub_refuse("%s: no RAM in the memory map", what);
}

/* Does the map, which need not be sorted yet, describe all of [start, +size)? */
static bool is_described(const struct arrival *arrival, uint64_t start, uint64_t size)
{
    uint64_t end = start + size, at = start;

    for (size_t i = 0; at < end && i < arrival->range_count;) {
        const struct zp_memory_range *range = &arrival->ranges[i++];

        if (at >= range->start.value && at - range->start.value < range->size) {
            at = range->start.value + range->size;
            i = 0;
        }
    }
    return at >= end;
}

void arrive_module(struct arrival *arrival, const char *what, uint64_t start, uint64_t size,
                   const char *cmdline, size_t cmdline_length)
{
    if (size == 0)
        stub_refuse("%s: 0 bytes at 0x%x", what, start);
    arrive_see(what, start, size);
    if (!is_described(arrival, start, size))
        stub_refuse("%s: %d bytes at 0x%x are not in memory that the map tells of", what, size, start);
    stub_module_add(arrival, start, size, cmdline, cmdline_length);
}

static uint8_t sum(const uint8_t *bytes, size_t size)
{
    uint8_t total = 0;

    for (size_t i = 0; i < size; i++)
        total = (uint8_t)(total + bytes[i]);
    return total;
}

size_t arrive_rsdp_size(const void *bytes, size_t size)
{
    struct zp_acpi_rsdp rsdp = {.revision = 0};

    if (size < RSDP_ACPI1_SIZE)
        return 0;
    memcpy(&rsdp, bytes, RSDP_ACPI1_SIZE);
    if (memcmp(rsdp.signature, RSDP_SIGNATURE, sizeof(rsdp.signature)) || sum(bytes, RSDP_ACPI1_SIZE))
        return 0;
    if (rsdp.revision < 2)
        return RSDP_ACPI1_SIZE;
    if (size < sizeof(rsdp))
        return 0;
    memcpy(&rsdp, bytes, sizeof(rsdp));
    return rsdp.length == sizeof(rsdp) && sum(bytes, sizeof(rsdp)) == 0 ? sizeof(rsdp) : 0;
}

/* Its tables and itself lie in memory that the map reserves, where a kernel looks for them for good. */
void arrive_rsdp(struct arrival *arrival, const char *what, uint64_t address)
{
    const uint8_t *bytes;
    size_t size = RSDP_ACPI1_SIZE;

    if (address == 0)
        return;
    bytes = arrive_see(what, address, size);
    if (bytes[offsetof(struct zp_acpi_rsdp, revision)] >= 2) {
        size = sizeof(struct zp_acpi_rsdp);
        bytes = arrive_see(what, address, size);
    }
    size = arrive_rsdp_size(bytes, size);
    if (!size)
        stub_refuse("%s: no RSDP at 0x%x", what, address);
    arrival->rsdp = address;
    memcpy(arrival->rsdp_bytes, bytes, size);
}

int arrive_fill(void *context, zp_gpa self, void *buffer, uint64_t size)
{
    (void)self;
    memcpy(buffer, context, (size_t)size);
    return 0;
}

void arrive_blob(struct arrival *arrival, const char *what, const struct zp_blob *blob)
{
    if (arrival->blob_count == STUB_BLOB_MAX)
        stub_refuse("%s: more than %d to hand on", what, (uint64_t)STUB_BLOB_MAX);
    arrival->blobs[arrival->blob_count++] = *blob;
}
