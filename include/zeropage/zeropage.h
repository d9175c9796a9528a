/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zeropage: the public interface of libzeropage.
 */
#ifndef ZEROPAGE_ZEROPAGE_H
#define ZEROPAGE_ZEROPAGE_H

#ifdef __cplusplus
extern "C" {
#endif

/* The library's version, "major.minor.patch". The string is constant and never freed. */
const char *zp_version(void);

#ifdef __cplusplus
}
#endif

#endif
