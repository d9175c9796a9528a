/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load: executes a plan on guest memory. Everything was checked when the plan was made; what is left to
 * fail is input and output, and guest memory that is not there.
 */
#ifndef ZEROPAGE_LOAD_H
#define ZEROPAGE_LOAD_H

#include <stddef.h>
#include <stdint.h>

#include <zeropage/error.h>
#include <zeropage/image.h>
#include <zeropage/plan.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Guest RAM [start, +size) as the caller sees it at host. */
struct zp_guest_region {
    zp_gpa start;
    uint64_t size;
    void *host;
};

/* zp_guest.flags */
#define ZP_GUEST_ZEROED \
    UINT32_C(1) /* all of it reads as zero (fresh from the host): nothing needs clearing */

struct zp_guest {
    uint32_t struct_size;
    uint32_t flags;
    const struct zp_guest_region *regions; /* any order, none overlapping */
    size_t region_count;
    /*
     * Optional: has guest memory [address, +size) show the bytes of the source from offset on, privately:
     * what is written there afterwards, by load or by the guest, does not reach the source. Asked for whole
     * 4 KiB pages of KERNEL and INITRD spans whose address and offset agree modulo 4096, before anything is
     * written to them; not for deferred ones, whose bytes are moved. Returns 0: mapped; 1: not this one, it
     * is read instead; negative: failed.
     */
    int (*map)(void *context, const struct zp_source *source, uint64_t offset, zp_gpa address, uint64_t size);
    void *map_context;
};

/*
 * The one way from a guest address to a pointer: NULL unless [address, +size) lies in one region whole.
 */
void *zp_guest_pointer(const struct zp_guest *guest, zp_gpa address, uint64_t size);

/*
 * Writes every span of the plan to guest memory, where it is staged: reads file bytes straight to their
 * place, clears what must be zero, fills tables. Guest memory outside of the plan's spans is not touched, nor
 * is ZP_SPAN_KERNEL_RESERVED, which is the kernel's own to clear, nor the home of a deferred span, nor the
 * trampoline.
 * First it checks that all spans are covered (ZP_ERR_GUEST_MEMORY, nothing written); then only ZP_ERR_READ
 * and ZP_ERR_FILL are left, and ZP_ERR_OUTSIDE for a relocation table that changed since it was inspected.
 */
int zp_load(const struct zp_plan *plan, const struct zp_guest *guest, struct zp_error *ret_error);

/* Pages of 4 KiB that guests may share with the files that they were loaded from. */
struct zp_sharing {
    uint64_t pages;     /* that file bytes fill wholly, in KERNEL and INITRD spans */
    uint64_t mappable;  /* of those, where address and file offset agree: what zp_guest.map is asked for */
    uint64_t relocated; /* of those, written to by relocation, and the guest's own from then on */
};

/* Counts them. Reads the relocation table when the plan relocates: ZP_ERR_READ, ZP_ERR_OUTSIDE. */
int zp_plan_sharing(const struct zp_plan *plan, struct zp_sharing *ret_sharing, struct zp_error *ret_error);

#ifdef __cplusplus
}
#endif

#endif
