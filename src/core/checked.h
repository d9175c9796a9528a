/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checked arithmetic. Every sum and product on numbers from outside goes through here; each function says
 * by its return value whether the result fits and leaves *ret_result untouched when it does not.
 */
#ifndef ZP_CORE_CHECKED_H
#define ZP_CORE_CHECKED_H

#include "seam.h"

#define ZP_GIB4 (UINT64_C(1) << 32) /* where addresses of 32 bits end */

static inline bool zp_add(uint64_t a, uint64_t b, uint64_t *ret_result)
{
    uint64_t sum;

    if (__builtin_add_overflow(a, b, &sum))
        return false;
    *ret_result = sum;
    return true;
}

static inline bool zp_multiply(uint64_t a, uint64_t b, uint64_t *ret_result)
{
    uint64_t product;

    if (__builtin_mul_overflow(a, b, &product))
        return false;
    *ret_result = product;
    return true;
}

static inline bool zp_is_power_of_two(uint64_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

/* align is a power of two. */
static inline uint64_t zp_align_down(uint64_t value, uint64_t align)
{
    return value & ~(align - 1);
}

static inline bool zp_align_up(uint64_t value, uint64_t align, uint64_t *ret_result)
{
    uint64_t sum;

    if (!zp_add(value, align - 1, &sum))
        return false;
    *ret_result = zp_align_down(sum, align);
    return true;
}

/*
 * One of count things, picked by uniform random bits: the upper half of their product, [0, count). No place
 * is favoured by more than count / 2^64, which a remainder would not give as cheaply.
 */
static inline uint64_t zp_pick(uint64_t bits, uint64_t count)
{
    uint64_t low = (bits & UINT32_MAX) * (count & UINT32_MAX);
    uint64_t middle = (bits >> 32) * (count & UINT32_MAX) + (low >> 32);
    uint64_t cross = (bits & UINT32_MAX) * (count >> 32) + (middle & UINT32_MAX);

    return (bits >> 32) * (count >> 32) + (middle >> 32) + (cross >> 32);
}

/* Does [start, +size) lie inside [0, limit)? Never wraps. */
static inline bool zp_fits(uint64_t start, uint64_t size, uint64_t limit)
{
    return start <= limit && size <= limit - start;
}

/* Do [a, +a_size) and [b, +b_size) share a byte? Both must not wrap. */
static inline bool zp_overlaps(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a_size != 0 && b_size != 0 && a < b + b_size && b < a + a_size;
}

#endif
