/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory taken from the system ahead of the one who writes to it.
 */
#ifndef ZP_HOST_AHEAD_H
#define ZP_HOST_AHEAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct zp_ahead {
    char *at;
    size_t size;
    atomic_bool stop;
    bool running;
    pthread_t thread;
};

/* Begins to take [at, +size), pages of a mapping, by another thread. That it cannot begin is no failure. */
void zp_ahead_begin(struct zp_ahead *ret_ahead, void *at, size_t size);
/* Stops soon, wherever it is, and waits for it. The mapping must still be there. */
void zp_ahead_end(struct zp_ahead *ahead);

#endif
