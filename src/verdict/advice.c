/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an author would change in an image: faults of its entries and weaknesses of what is accepted, each
 * with the words to act on.
 */
#include "verdict.h"

size_t zp_advise(const struct zp_opened_image *opened, struct zp_advice *advice, size_t capacity)
{
    (void)opened;
    (void)advice;
    (void)capacity;
    return 0;
}
