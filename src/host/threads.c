/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One piece of work by several threads. The pieces share it out among themselves, so a thread that could not
 * be started only costs time. Signals stay with the caller: every other thread blocks them all.
 */
#include "threads.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>

#define THREADS_MAX 16u

struct share {
    void (*work)(void *context);
    void *context;
};

unsigned zp_threads_usable(void)
{
    cpu_set_t set;
    int count;

    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return 1;
    count = CPU_COUNT(&set);
    return count < 1 ? 1 : (unsigned)count;
}

static void *run_share(void *argument)
{
    const struct share *share = argument;

    share->work(share->context);
    return NULL;
}

void zp_threads_run(unsigned count, void (*work)(void *context), void *context)
{
    struct share share = {work, context};
    pthread_t others[THREADS_MAX - 1];
    unsigned started = 0;
    sigset_t all, before;

    sigfillset(&all);
    if (count > THREADS_MAX)
        count = THREADS_MAX;
    if (count > 1 && pthread_sigmask(SIG_SETMASK, &all, &before) == 0) {
        while (started < count - 1 && pthread_create(&others[started], NULL, run_share, &share) == 0)
            started++;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    work(context);
    while (started > 0)
        pthread_join(others[--started], NULL);
}
