/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The version of the library as a string, so that a program can tell which libzeropage it runs on.
 * It must equal the version in the top meson.build; a test holds them equal.
 */
#include <zeropage/zeropage.h>

const char *zp_version(void)
{
    return "0.1.0";
}
