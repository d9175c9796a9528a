/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Included before all else in each file of a stub: what one file needs of another is in the same program, and
 * needs no table of addresses, which would have to be relocated.
 */
#ifndef __ASSEMBLER__
#pragma GCC visibility push(hidden)
#endif
