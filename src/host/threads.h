/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One piece of work by several threads.
 */
#ifndef ZP_HOST_THREADS_H
#define ZP_HOST_THREADS_H

/* As many as this process may run at a time, at least 1. */
unsigned zp_threads_usable(void);

/*
 * Calls work(context) on `count` threads, of which the caller's is one, and waits for all. Where fewer can be
 * started, fewer work. The others take no signals.
 */
void zp_threads_run(unsigned count, void (*work)(void *context), void *context);

#endif
