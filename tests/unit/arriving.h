/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine for the arrivals of the packer's stub: some memory at an address, and the functions of stub.h
 * that they call. A refusal ends the run; its text is kept. Under the address sanitizer all memory is out of
 * bounds that stub_see was not asked for.
 */
#ifndef ZP_ARRIVING_H
#define ZP_ARRIVING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../src/pack/stub/stub.h"

struct arriving {
    uint8_t *memory;
    uint64_t base; /* its address */
    size_t size;
    uint64_t rsdp; /* what stub_find_rsdp finds */
    struct arrival arrival;
    char refusal[256];
    char said[256];
};
extern struct arriving arriving;

/* Memory of size bytes, all 0; arriving_end gives it back. */
void arriving_begin(uint64_t base, size_t size);
void arriving_end(void);
/* Writes a value of so many bytes. */
void arriving_poke(uint64_t address, unsigned width, uint64_t value);
void arriving_text(uint64_t address, const char *text);
/* False: refused. */
bool arriving_run(uint32_t way, uint64_t handed);
/* Is [address, +size) kept, by one keep or by several that meet? */
bool arriving_is_kept(uint64_t address, uint64_t size);
/* What must hold for all that was accepted: aborts with a line when it does not. */
void arriving_check(void);

#endif
