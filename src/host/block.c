/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks that do not refer to each other (lz4, lzo), decoded by all threads. Whoever is free takes the next
 * one: finding it, which also reads it from the source, is done by one at a time, so that reading goes on
 * beside decoding. After a failure no further block is begun; since blocks are begun in order, the failure
 * that lies first in the stream is among those met, and it is the one that is told.
 */
#include "codec.h"
#include "threads.h"

#include <pthread.h>

struct crew {
    struct zp_block_run *run;
    pthread_mutex_t lock;
    pthread_t caller;
    int status; /* 0 while all is well, ZP_BLOCK_END once the last block is taken */
    uint64_t status_at;
    struct zp_error error;
    int failed;
};

static void fail(struct crew *crew, int status, uint64_t at, const struct zp_error *error)
{
    if (crew->failed && crew->status_at <= at)
        return;
    crew->failed = status;
    crew->status_at = at;
    crew->error = *error;
}

static bool take(struct crew *crew, struct zp_block *ret_block)
{
    struct zp_error error = {0};

    if (!crew->status && !crew->failed) {
        crew->status = crew->run->next(crew->run, ret_block, &error);
        if (crew->status && crew->status != ZP_BLOCK_END)
            fail(crew, crew->status, crew->run->to, &error);
        return crew->status == 0;
    }
    return false;
}

static void work(void *context)
{
    struct crew *crew = context;
    struct zp_error error = {0};
    struct zp_block block = {0};
    int status;

    pthread_mutex_lock(&crew->lock);
    while (take(crew, &block)) {
        pthread_mutex_unlock(&crew->lock);
        status = crew->run->decode(crew->run, &block, &error);
        pthread_mutex_lock(&crew->lock);
        if (status) {
            fail(crew, status, block.to, &error);
            continue;
        }
        crew->run->finished(crew->run, &block);
        if (pthread_equal(pthread_self(), crew->caller))
            zp_stream_progress(crew->run->stream);
    }
    pthread_mutex_unlock(&crew->lock);
}

int zp_block_run(struct zp_block_run *run, unsigned threads, struct zp_error *ret_error)
{
    struct crew crew = {.run = run, .lock = PTHREAD_MUTEX_INITIALIZER, .caller = pthread_self()};

    zp_threads_run(threads, work, &crew);
    pthread_mutex_destroy(&crew.lock);
    if (crew.failed)
        *ret_error = crew.error;
    return crew.failed;
}
