/* SPDX-License-Identifier: BSD-2-Clause */
/* What multiboot kernels are told of their loader. */
#ifndef ZP_CORE_LOADER_NAME_H
#define ZP_CORE_LOADER_NAME_H

#define ZP_LOADER_NAME "zeropage"

#endif
