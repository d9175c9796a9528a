/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between unpack.c and the decoders, one file each. A decoder gets a stream, fetches packed bytes as it
 * wants them and writes to out[0, room); it returns 0 with `done` set, a positive errno value, or the
 * answer of one of the zp_stream_* below that make an error. It need not clean what it wrote past `done`.
 */
#ifndef ZP_HOST_CODEC_H
#define ZP_HOST_CODEC_H

#include "unpack.h"

struct zp_stream {
    const struct zp_unpack *asked;
    const uint8_t *packed; /* [0, fetched) are there */
    uint64_t size;         /* of the packed stream, without the size behind it */
    uint64_t fetched;
    uint8_t *out;
    uint64_t room;
    uint64_t done;  /* bytes that have come out */
    uint64_t total; /* what should come out, for the progress; 0: unknown */
    uint64_t memory_limit;
    unsigned threads;  /* 1 or more */
    uint64_t reported; /* when progress was called last, in nanoseconds */
};

/* Packed bytes in memory of our own, or of a source that keeps them; as long as asked->length. */
struct zp_packed {
    uint8_t *bytes;
    bool whole; /* all of them are there */
    void *map;
    size_t map_size;
};
/* 0 or errno. */
int zp_packed_open(const struct zp_unpack *asked, struct zp_packed *ret_packed);
void zp_packed_close(struct zp_packed *packed);
/* Are there no more packed bytes than a packer makes of what may come out? Else they are not read. */
bool zp_packed_plausible(const struct zp_unpack *asked);
/* zp_unpack_file on bytes that may be there already. */
int zp_packed_unpack(const struct zp_unpack *asked, struct zp_packed *packed, struct zp_file *ret_file,
                     struct zp_error *ret_error);
/* As many threads as were asked for. */
unsigned zp_unpack_threads(const struct zp_unpack *asked);

typedef int zp_codec(struct zp_stream *stream, struct zp_error *ret_error);

zp_codec zp_codec_bzip2, zp_codec_copy, zp_codec_gzip, zp_codec_lz4, zp_codec_lzma, zp_codec_lzo, zp_codec_xz,
    zp_codec_zstd;

/* Makes packed[0, end) be there; end is at most size. 0, errno or ZP_ERR_READ. */
int zp_stream_fetch(struct zp_stream *stream, uint64_t end, struct zp_error *ret_error);
/* The caller's thread tells how far it is, unless it did so just now. */
void zp_stream_progress(struct zp_stream *stream);
/* Checks that from `at` on there is nothing but padding. 0, or an error. */
int zp_stream_padding(struct zp_stream *stream, uint64_t at, uint64_t done, struct zp_error *ret_error);

/* Errors; `done` is how much had come out before. */
int zp_stream_spoiled(const struct zp_stream *stream, uint64_t done, struct zp_error *ret_error);
int zp_stream_cut(const struct zp_stream *stream, struct zp_error *ret_error);
int zp_stream_too_large(const struct zp_stream *stream, uint64_t least, struct zp_error *ret_error);
int zp_stream_wrong_size(const struct zp_stream *stream, uint64_t done, uint64_t said,
                         struct zp_error *ret_error);
int zp_stream_memory(const struct zp_stream *stream, uint64_t wanted, struct zp_error *ret_error);

/*
 * A decoder of the kind that takes some bytes and gives some. step moves the two ends of both windows
 * forward and says ZP_PUMP_MORE, ZP_PUMP_END, or an error (errno, or by zp_stream_*). `last`: no input
 * follows what it sees. When it wants more and gets no further the stream is cut.
 */
struct zp_window {
    const uint8_t *in;
    size_t in_size;
    uint8_t *out;
    size_t out_size;
    bool last;
};
#define ZP_PUMP_MORE 0
#define ZP_PUMP_END  (-1000)
typedef int zp_pump_step(void *codec, struct zp_window *window, struct zp_stream *stream,
                         struct zp_error *ret_error);
/* Pumps from packed[*at] on; moves *at and stream->done. 0 at the end, or an error. */
int zp_stream_pump(struct zp_stream *stream, uint64_t *at, zp_pump_step *step, void *codec,
                   struct zp_error *ret_error);

/*
 * Packed blocks that are independent of each other, by all threads. next is called by one thread at a time,
 * in the order of the stream, and fetches; decode runs beside others. What lies first in the stream decides
 * which error is told, whoever meets it first.
 */
struct zp_block {
    uint64_t at, size;  /* packed */
    uint64_t to;        /* place in out; may be past room */
    uint64_t unpacked;  /* in: what is known; out: what came */
    uint32_t sum[2][2]; /* codec's own */
};
struct zp_block_run;
#define ZP_BLOCK_END (-1001)
struct zp_block_run {
    struct zp_stream *stream;
    int (*next)(struct zp_block_run *run, struct zp_block *ret_block, struct zp_error *ret_error);
    int (*decode)(struct zp_block_run *run, struct zp_block *block, struct zp_error *ret_error);
    void (*finished)(struct zp_block_run *run, const struct zp_block *block); /* one at a time */
    uint64_t to; /* of the block that next is about to tell */
};
int zp_block_run(struct zp_block_run *run, unsigned threads, struct zp_error *ret_error);

#endif
