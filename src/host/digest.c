/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Digests for the cache: SHA-256 (FIPS 180-4, by nettle) of each MiB of a source, and SHA-256 of these, so
 * that several threads can read and hash. Bytes that need not be kept go through a small buffer.
 */
#include "digest.h"

#include "threads.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include <nettle/sha2.h>

#define PIECE (UINT64_C(1) << 20)

struct hashing {
    const struct zp_digest *digest;
    pthread_mutex_t lock;
    uint64_t next;    /* piece */
    uint8_t *digests; /* of all pieces */
    int status;
    struct zp_error error;
};

/* The next piece's number. false: all are taken, or one failed. */
static bool take(struct hashing *hashing, uint64_t *ret_piece)
{
    bool more;

    pthread_mutex_lock(&hashing->lock);
    more = !hashing->status && hashing->next * PIECE < hashing->digest->size;
    if (more)
        *ret_piece = hashing->next++;
    pthread_mutex_unlock(&hashing->lock);
    return more;
}

static void fail(struct hashing *hashing, int status, const struct zp_error *error)
{
    pthread_mutex_lock(&hashing->lock);
    hashing->status = status;
    hashing->error = *error;
    pthread_mutex_unlock(&hashing->lock);
}

static void hash_pieces(struct hashing *hashing, uint8_t *buffer)
{
    const struct zp_digest *digest = hashing->digest;
    const struct zp_source *source = digest->source;
    struct sha256_ctx state;
    uint64_t piece;

    while (take(hashing, &piece)) {
        uint64_t at = piece * PIECE, rest = digest->size - at;
        size_t size = (size_t)(rest < PIECE ? rest : PIECE);
        uint8_t *bytes = digest->kept ? digest->kept + at : buffer;
        int answer = source->read(source->context, digest->offset + at, bytes, size);

        if (answer != 0) {
            const struct zp_error error = {ZP_ERR_READ, ZP_FIELD_PAYLOAD, digest->offset + at, size,
                                           (uint64_t) - (int64_t)answer};

            fail(hashing, ZP_ERR_READ, &error);
            return;
        }
        sha256_init(&state);
        sha256_update(&state, size, bytes);
        sha256_digest(&state, ZP_DIGEST_SIZE, hashing->digests + piece * ZP_DIGEST_SIZE);
    }
}

static void work(void *context)
{
    struct hashing *hashing = context;
    uint8_t *buffer = hashing->digest->kept ? NULL : malloc(PIECE);

    if (!buffer && !hashing->digest->kept)
        fail(hashing, ENOMEM, &(struct zp_error){0});
    else
        hash_pieces(hashing, buffer);
    free(buffer);
}

int zp_digest_make(const struct zp_digest *digest, uint8_t ret_digest[ZP_DIGEST_SIZE],
                   struct zp_error *ret_error)
{
    struct hashing hashing = {.digest = digest, .lock = PTHREAD_MUTEX_INITIALIZER};
    uint64_t pieces = digest->size / PIECE + (digest->size % PIECE != 0);
    struct sha256_ctx state;

    hashing.digests = calloc((size_t)pieces + 1, ZP_DIGEST_SIZE);
    if (!hashing.digests)
        return ENOMEM;
    zp_threads_run(digest->threads < pieces ? digest->threads : (unsigned)pieces, work, &hashing);
    pthread_mutex_destroy(&hashing.lock);
    sha256_init(&state);
    sha256_update(&state, digest->label_size, digest->label);
    sha256_update(&state, (size_t)pieces * ZP_DIGEST_SIZE, hashing.digests);
    if (!hashing.status)
        sha256_digest(&state, ZP_DIGEST_SIZE, ret_digest);
    else if (ret_error)
        *ret_error = hashing.error;
    free(hashing.digests);
    return hashing.status;
}
