/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A directory of unpacked kernels, found by what they were packed from. For any number of processes at a
 * time, each of which may be killed at any moment.
 */
#ifndef ZP_HOST_CACHE_H
#define ZP_HOST_CACHE_H

#include "unpack.h"

struct zp_cache;

/*
 * 0 or a positive errno value. The directory, and folders above it, are made with mode 0700 where they are
 * missing. EPERM: the directory is not ours, or others may write to it. size_limit bounds all entries
 * together, in bytes; what is larger alone is not kept.
 */
int zp_cache_open(struct zp_cache **ret_cache, const char *directory, uint64_t size_limit);
/* NULL is left alone. Files that came out of the cache stay good. */
void zp_cache_close(struct zp_cache *cache);

/*
 * zp_unpack_file through the cache; with NULL, or of bytes that are not packed, straight. *ret_hit: nothing
 * was unpacked. A cache that fails never fails the unpacking: *ret_cache_error has its errno (0: none) and
 * the file lies in memory alone. Both are set whatever is returned.
 *
 * A file that came out of the cache is stable (zp_source_descriptor): entries have mode 0400 and nobody
 * writes to them or cuts them. Whoever has our user's rights can, as he could change the kernel itself.
 */
int zp_cache_unpack(struct zp_cache *cache, const struct zp_unpack *unpack, struct zp_file *ret_file,
                    bool *ret_hit, int *ret_cache_error, struct zp_error *ret_error);

#endif
