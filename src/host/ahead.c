/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory taken ahead. The pages of a memory file are taken from the system one by one, at the first write to
 * each, which costs as much time as a fast decoder does. Where the decoder has one thread and the machine
 * more, another walks before it. It only saves time: where the kernel (before 5.14) cannot, nothing happens.
 */
#include "ahead.h"

#include <signal.h>
#include <sys/mman.h>

#define PIECE ((size_t)1 << 20)

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static void *take(void *argument)
{
    struct zp_ahead *ahead = argument;

    for (size_t at = 0; at < ahead->size && !atomic_load(&ahead->stop); at += PIECE) {
        size_t rest = ahead->size - at;

        if (madvise(ahead->at + at, rest < PIECE ? rest : PIECE, MADV_POPULATE_WRITE) != 0)
            break;
    }
    return NULL;
}

void zp_ahead_begin(struct zp_ahead *ret_ahead, void *at, size_t size)
{
    sigset_t all, before;

    ret_ahead->at = at;
    ret_ahead->size = size;
    atomic_init(&ret_ahead->stop, false);
    sigfillset(&all);
    ret_ahead->running = pthread_sigmask(SIG_SETMASK, &all, &before) == 0;
    if (!ret_ahead->running)
        return;
    ret_ahead->running = pthread_create(&ret_ahead->thread, NULL, take, ret_ahead) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void zp_ahead_end(struct zp_ahead *ahead)
{
    if (!ahead->running)
        return;
    atomic_store(&ahead->stop, true);
    pthread_join(ahead->thread, NULL);
    ahead->running = false;
}
