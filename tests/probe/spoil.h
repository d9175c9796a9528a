/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Deliberate errors: each spoils one thing in a handoff that is right otherwise, as loaders got it wrong, for
 * the judge to find. An error changes the planned CPU state, which the engine enters, or guest memory once it
 * is loaded, or both where a segment register and its descriptor must agree.
 */
#ifndef ZP_TEST_SPOIL_H
#define ZP_TEST_SPOIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zeropage/load.h>
#include <zeropage/plan.h>

/* RAM that no plan of 256 MiB uses: the kernels lie below, the initrd above. */
#define SPOIL_RAM        (UINT64_C(256) << 20)
#define SPOIL_SPARE_LOW  UINT64_C(0x80000)    /* 64 KiB */
#define SPOIL_SPARE_HIGH UINT64_C(0x08000000) /* 1 MiB */

struct spoil_boot {
    struct zp_plan *plan; /* a copy; what it points at is the real one's */
    const struct zp_guest *guest;
};

#define SPOIL_LINUX     (1u << ZP_PROTOCOL_LINUX32 | 1u << ZP_PROTOCOL_LINUX64)
#define SPOIL_MULTIBOOT (1u << ZP_PROTOCOL_MULTIBOOT1 | 1u << ZP_PROTOCOL_MULTIBOOT2)
#define SPOIL_FLAT32    (1u << ZP_PROTOCOL_LINUX32 | 1u << ZP_PROTOCOL_PVH | SPOIL_MULTIBOOT)
#define SPOIL_ALL       (SPOIL_LINUX | 1u << ZP_PROTOCOL_PVH | SPOIL_MULTIBOOT)

struct spoil_error {
    const char *name;
    uint32_t protocols;                      /* mask of 1 << enum zp_protocol */
    void (*state)(struct spoil_boot *boot);  /* before the engine sees the plan; NULL */
    void (*memory)(struct spoil_boot *boot); /* after the load; NULL */
    const char *only;                        /* the engine that alone can do it; NULL: both */
};

/* Tables that end with an error without a name. */
extern const struct spoil_error spoil_cpu_errors[];
extern const struct spoil_error spoil_linux_errors[];
extern const struct spoil_error spoil_pvh_errors[];
extern const struct spoil_error spoil_multiboot_errors[];
extern const struct spoil_error spoil_any_errors[];

/* Guest memory; ends the program when it is not there, for then the error is our own. */
void *spoil_at(const struct spoil_boot *boot, uint64_t address, uint64_t size);
/* Of a span that the plan has; ends the program otherwise. */
const struct zp_span *spoil_span(const struct spoil_boot *boot, uint32_t kind);
/* Copies [from, +size) to `to`. */
void spoil_copy(const struct spoil_boot *boot, uint64_t to, uint64_t from, uint64_t size);
/* Writes the descriptor that a register stands for where its selector points. */
void spoil_describe(const struct spoil_boot *boot, const struct zp_segment_register *segment);

#endif
