/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * static_assert.h - the word static_assert, in C11 as in C++ and C23.
 *
 * C11 7.2 gives it as a macro of <assert.h>, which is not among the headers that a freestanding compiler
 * must have (C11 section 4, paragraph 6).
 */
#ifndef ZEROPAGE_STATIC_ASSERT_H
#define ZEROPAGE_STATIC_ASSERT_H

#if !defined(__cplusplus) && !defined(static_assert) && __STDC_VERSION__ < 202311L
#define static_assert _Static_assert
#endif

#endif
