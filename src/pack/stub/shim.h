/* SPDX-License-Identifier: BSD-2-Clause */
/* What liblz4 and libzstd, made for a program of Linux, find around them in the stub. */
#ifndef ZP_PACK_STUB_SHIM_H
#define ZP_PACK_STUB_SHIM_H

/* Between the two, code of the libraries may run. No other function of theirs is called outside. */
void stub_shim_begin(void);
void stub_shim_end(void);

#endif
