/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plan in the making, shared by the files that make it (place.c, kernel.c, kaslr.c, initrd.c, linux.c,
 * pvh.c, multiboot_info.c, e820.c, cpu.c, plan.c) and by nobody else.
 *
 * Placement runs twice over the same list of wants: once for those that the caller pinned, once for the
 * others, so that nothing is put where a pin points. zp_draft_want() does nothing in the pass to which
 * a want does not belong.
 */
#ifndef ZP_CORE_DRAFT_H
#define ZP_CORE_DRAFT_H

#include <zeropage/plan.h>

#include "checked.h"
#include "report.h"

#define ZP_LOWEST      UINT64_C(0x1000) /* page 0 holds the interrupt vectors and the BIOS data area */
#define ZP_LOW_END     UINT64_C(0xa0000)
#define ZP_TABLE_ALIGN UINT64_C(16)

/* A walk upwards over the gaps between spans in free RAM; begins as {0}. */
struct zp_walk {
    uint64_t next;    /* what is left of the run of free RAM at hand begins here */
    uint64_t run_end; /* and ends here */
    size_t range;     /* of the machine: the first behind the run */
    size_t span;      /* the first that may lie behind `next` */
};

struct zp_draft {
    struct zp_plan plan;
    struct zp_plan_room room;
    struct zp_error *error;
    bool pinned_pass; /* placing what is pinned, else the rest */
    bool joined;      /* all modules are one initrd */
    bool announced;   /* the RSDP: its place and the EBDA are told */
    bool deferring;   /* memory that is busy until entry may be a home */
    bool linux_elf;   /* an ELF that is Linux, by its notes or by the bzImage around it */
    /* How far the kernel may be moved: zp_entry's words and what the bzImage around it says. */
    uint64_t align; /* 0: not at all */
    uint64_t min;
    uint64_t max;
    struct zp_walk low; /* past the gaps that are too small for any table; {0} is always right */
};

/* Something that needs memory. */
struct zp_want {
    uint32_t kind;
    uint32_t index;
    uint64_t size;
    uint64_t align;     /* power of two */
    uint64_t end;       /* exclusive limit, 0: none */
    bool free_only;     /* never where memory is busy until entry */
    bool high;          /* as high as allowed, else as low as possible */
    uint32_t e820_type; /* 0: RAM */
};

static inline int zp_draft_fail(struct zp_draft *draft, int code, uint32_t field, uint64_t value,
                                uint64_t limit)
{
    return zp_report(draft->error, code, field, ZP_NO_OFFSET, value, limit);
}

/* place.c */
uint32_t zp_span_field(uint32_t kind);
int zp_draft_decide(struct zp_draft *draft, uint32_t code, uint32_t field, uint64_t a, uint64_t b);
/* [start, +size) is free RAM of the machine: ZP_OK, ZP_ERR_NOT_RAM or ZP_ERR_BUSY. Reports nothing. */
int zp_machine_cover(const struct zp_machine *machine, uint64_t start, uint64_t size);
/* The same for a home: busy memory is fine where it can be deferred to. */
int zp_draft_cover(const struct zp_draft *draft, uint64_t start, uint64_t size);
/* The span that shares a byte with [start, +size), or NULL. */
const struct zp_span *zp_draft_hit(const struct zp_draft *draft, uint64_t start, uint64_t size);
/* Index of the first span that ends after address. */
size_t zp_span_after(const struct zp_draft *draft, uint64_t address);
/* Puts a span at its own start, where room was found for it. */
int zp_draft_put(struct zp_draft *draft, const struct zp_span *span);
/* The same where it may be that there is none: it must do for a home and be without another span. */
int zp_draft_fix(struct zp_draft *draft, const struct zp_span *span);
/*
 * Finds room in [min, end) for a want, in free RAM or else over busy memory too, where that can be deferred
 * to; false leaves the largest gap in *ret_largest.
 */
bool zp_draft_find(struct zp_draft *draft, const struct zp_want *want, uint64_t min, uint64_t *ret_start,
                   uint64_t *ret_largest);
/*
 * How many places a want has in free RAM in [min, end), each a multiple of its alignment; *ret_start is place
 * number nth, when there are so many.
 */
uint64_t zp_draft_places(const struct zp_draft *draft, const struct zp_want *want, uint64_t min, uint64_t nth,
                         uint64_t *ret_start);
/* Is the span staged? */
static inline bool zp_is_deferred(const struct zp_span *span)
{
    return span->staged.value != span->start.value;
}
/* Takes all spans of that kind out again. */
void zp_draft_drop(struct zp_draft *draft, uint32_t kind);
const struct zp_pin *zp_draft_pin(const struct zp_draft *draft, uint32_t kind, uint32_t index);
/* Places a want in its pass. */
int zp_draft_want(struct zp_draft *draft, const struct zp_want *want);
/* The placed span, or NULL: where load and the entry state find it. */
const struct zp_span *zp_find_span(const struct zp_plan *plan, uint32_t kind, uint32_t index);

/* kernel.c, initrd.c */
/* Once the entry is chosen: what the kernel is and how far it may be moved. */
void zp_draft_limits(struct zp_draft *draft);
int zp_draft_kernel(struct zp_draft *draft);
/* The kernel's spans and the plan's members that tell of it, without a decision. */
int zp_draft_put_kernel(struct zp_draft *draft, uint64_t load, bool pinned);
/* Virtual addresses of this kernel are physical ones plus a constant: both move, or neither. */
bool zp_moves_as_one(const struct zp_draft *draft);
int zp_draft_modules(struct zp_draft *draft);

/* kaslr.c */
/* Once all else is placed: moves the kernel by the caller's bits, if they are to be used. */
int zp_draft_kaslr(struct zp_draft *draft);
/* Was a base chosen by the caller's bits? The kernel is told by KASLR_FLAG. */
bool zp_plan_randomised(const struct zp_plan *plan);

/* linux.c, pvh.c, multiboot_info.c: what a protocol needs besides kernel, modules and command line */
int zp_draft_linux(struct zp_draft *draft);
int zp_draft_pvh(struct zp_draft *draft);
int zp_draft_multiboot(struct zp_draft *draft);
bool zp_is_linux(uint32_t protocol);
/* The setup header that counts: the image's own, or that of the bzImage around it; NULL for a bare ELF. */
const struct zp_bzimage *zp_find_setup(const struct zp_plan *plan);
/* Exclusive limit of what the kernel is handed (boot_params, command line): 4 GiB, or 0 for none. */
uint64_t zp_draft_handoff_end(const struct zp_draft *draft);
/* The tables that carry the memory map, for range_count ranges; refuses more than the protocol carries. */
int zp_draft_linux_tables(struct zp_draft *draft, size_t range_count);
int zp_draft_pvh_tables(struct zp_draft *draft, size_t range_count);
int zp_draft_multiboot_tables(struct zp_draft *draft, size_t range_count);
/* Bytes of all module command lines, each with its NUL. */
uint64_t zp_module_cmdlines_size(const struct zp_request *request);

/* defer.c */
/* Once all homes are known: stages what lies where memory is busy, and places the trampoline. */
int zp_draft_defer(struct zp_draft *draft);
/* Bytes of the span that load writes: the rest of a deferred one is cleared by its move. */
uint64_t zp_span_bytes(const struct zp_span *span);

/* plan.c: is there a blob that begins with the RSDP? Known before it is placed. */
bool zp_has_acpi(const struct zp_request *request);

/* e820.c */
size_t zp_draft_e820_bound(const struct zp_draft *draft);
int zp_draft_e820(struct zp_draft *draft);

/* cpu.c */
int zp_draft_cpu(struct zp_draft *draft);
int zp_draft_page_tables(struct zp_draft *draft);
/* Page tables that map all of free RAM below *end (0: all of it), or *end is lowered to what they map. */
void zp_draft_map_more(struct zp_draft *draft, uint64_t *end);
/* Cuts them to what the plan needs. */
void zp_draft_map_exactly(struct zp_draft *draft);
void zp_draft_state(struct zp_draft *draft);

#endif
