/* SPDX-License-Identifier: BSD-2-Clause */
/* Images opened for a verb: with progress on a terminal, the cache that was asked for, and the UKI's parts.
 */
#ifndef ZP_CLI_OPENING_H
#define ZP_CLI_OPENING_H

#include <time.h>

#include "cli.h"
#include "opened.h"

#define CLI_CACHE_SIZE_DEFAULT (UINT64_C(1) << 30)

/* How far unpacking is, told on one line of a terminal from its first second on. */
struct cli_progress {
    struct timespec begin;
    bool running, shown;
};

/* Whose progress is told, unless stderr is no terminal; {0} is a good progress. */
void cli_progress_use(struct cli_progress *progress, struct zp_opening *opening);

/* What a cache directory cannot be used for is said; 0 or CLI_NO. */
int cli_cache_open(struct zp_cache **ret_cache, const char *directory, uint64_t size_limit, bool json);

/* zp_opened_image_open; 0, or CLI_NO after a message that names what is inside the file. */
int cli_image_open(struct zp_opened_image *opened, const char *name, const struct zp_opening *opening,
                   bool json);
/* cli_refuse for something inside a file. */
int cli_refuse_inside(bool json, const char *file_name, const char *inside, int status,
                      const struct zp_error *error);

/* The text of a UKI's .cmdline, without what stands behind it, in memory of its own; NULL: none. CLI_NO after
 * a message when it cannot be. */
int cli_uki_cmdline(const struct zp_opened_image *opened, bool json, char **ret_text, size_t *ret_length);

#endif
