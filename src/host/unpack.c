/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unpacking: receives packed bytes of a source and what they are packed with, gives a sealed memory file. The
 * memory file is as long as the limit at first, without taking memory, and mapped once; decoders write
 * straight into it, nothing is copied; then it is cut to what came out and sealed. A size that the
 * file claims is compared, and bounds what is taken ahead. Documentation/x86/boot, "payload_offset";
 * arch/x86/boot/compressed/mkpiggy.c for the size behind the stream.
 */
#include "unpack.h"

#include "ahead.h"
#include "codec.h"
#include "file.h"
#include "threads.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define ROOM_MAX       (UINT64_C(1) << 40) /* addresses are not endless */
#define MEMORY_DEFAULT (UINT64_C(256) << 20)
#define AHEAD_LEAST    (UINT64_C(1) << 20) /* below, a thread costs more than it saves */
#define AHEAD_RATIO    16
#define SIZE_BYTES     4 /* of the size behind the stream */

static zp_codec *const codecs[] = {
    [ZP_COMPRESSION_NONE] = zp_codec_copy,   [ZP_COMPRESSION_GZIP] = zp_codec_gzip,
    [ZP_COMPRESSION_BZIP2] = zp_codec_bzip2, [ZP_COMPRESSION_LZMA] = zp_codec_lzma,
    [ZP_COMPRESSION_XZ] = zp_codec_xz,       [ZP_COMPRESSION_LZO] = zp_codec_lzo,
    [ZP_COMPRESSION_LZ4] = zp_codec_lz4,     [ZP_COMPRESSION_ZSTD] = zp_codec_zstd,
    [ZP_COMPRESSION_ELF] = zp_codec_copy,
};
#define CODEC_COUNT (sizeof(codecs) / sizeof(codecs[0]))

static bool is_packed(uint32_t compression)
{
    return compression != ZP_COMPRESSION_NONE && compression != ZP_COMPRESSION_ELF;
}

int zp_codec_copy(struct zp_stream *stream, struct zp_error *ret_error)
{
    const struct zp_unpack *asked = stream->asked;
    int answer;

    if (stream->size > stream->room)
        return zp_stream_too_large(stream, stream->size, ret_error);
    answer = asked->source->read(asked->source->context, asked->offset, stream->out, (size_t)stream->size);
    if (answer != 0) {
        *ret_error = (struct zp_error){ZP_ERR_READ, ZP_FIELD_PAYLOAD, asked->offset, stream->size,
                                       (uint64_t) - (int64_t)answer};
        return ZP_ERR_READ;
    }
    stream->done = stream->size;
    return 0;
}

/* Reads number `size` bytes before the end of the packed bytes. */
static int read_size(const struct zp_unpack *asked, uint32_t *ret_size, struct zp_error *ret_error)
{
    uint64_t at = asked->offset + asked->length - SIZE_BYTES;
    int answer = asked->source->read(asked->source->context, at, ret_size, SIZE_BYTES);

    if (answer == 0)
        return 0;
    *ret_error =
        (struct zp_error){ZP_ERR_READ, ZP_FIELD_PAYLOAD_SIZE, at, SIZE_BYTES, (uint64_t) - (int64_t)answer};
    return ZP_ERR_READ;
}

/* Sets the stream's size and total, and checks them against the bounds that are known beforehand. */
static int measure(struct zp_stream *stream, struct zp_error *ret_error)
{
    const struct zp_unpack *asked = stream->asked;
    uint32_t said;
    int status;

    stream->size = asked->length;
    if (!is_packed(asked->compression))
        return 0;
    if (asked->length < SIZE_BYTES)
        return zp_stream_cut(stream, ret_error);
    if (asked->has_size) {
        if ((status = read_size(asked, &said, ret_error)))
            return status;
        if (asked->compression != ZP_COMPRESSION_GZIP)
            stream->size -= SIZE_BYTES;
        stream->total = said;
        if (said > stream->room) {
            zp_stream_too_large(stream, said, ret_error);
            ret_error->field = ZP_FIELD_PAYLOAD_SIZE;
            return ZP_ERR_TOO_LARGE;
        }
    }
    return zp_packed_plausible(asked) ? 0 : zp_stream_too_large(stream, stream->size, ret_error);
}

static int decode(struct zp_stream *stream, struct zp_error *ret_error)
{
    zp_codec *codec = codecs[stream->asked->compression];
    int status = codec(stream, ret_error);

    if (!is_packed(stream->asked->compression))
        return status;
    /* gzip counts modulo 2^32, and no limit for a payload is larger. */
    if (!status && stream->asked->has_size && stream->done != stream->total)
        return zp_stream_wrong_size(stream, stream->done, stream->total, ret_error);
    return status;
}

/* Is it worth a thread to take memory ahead of the decoder? lz4 and lzo have all threads at work already. */
static bool is_slow_alone(const struct zp_stream *stream)
{
    const struct zp_unpack *asked = stream->asked;

    return stream->threads > 1 && stream->total > AHEAD_LEAST && is_packed(asked->compression) &&
           asked->compression != ZP_COMPRESSION_LZ4 && asked->compression != ZP_COMPRESSION_LZO;
}

static int decode_ahead(struct zp_stream *stream, struct zp_error *ret_error)
{
    struct zp_ahead ahead;
    uint64_t most;
    int status;

    if (!is_slow_alone(stream))
        return decode(stream, ret_error);
    /* A size that lies must not take memory that no kernel would: they pack to a quarter, not to less than
     * this. */
    most = stream->size * AHEAD_RATIO;
    zp_ahead_begin(&ahead, stream->out, (size_t)(stream->total < most ? stream->total : most));
    status = decode(stream, ret_error);
    zp_ahead_end(&ahead);
    return status;
}

/* Decodes into the memory file. */
static int fill(int memory, struct zp_stream *stream, struct zp_error *ret_error)
{
    size_t mapped = (size_t)(stream->room > 0 ? stream->room : 1);
    int status;

    if (ftruncate(memory, (off_t)stream->room) != 0)
        return errno;
    stream->out = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, memory, 0);
    if (stream->out == MAP_FAILED)
        return errno;
    status = decode_ahead(stream, ret_error);
    munmap(stream->out, mapped);
    if (!status && ftruncate(memory, (off_t)stream->done) != 0)
        return errno;
    return status ? status : zp_file_seal(memory);
}

/* "NAME:unpacked" */
static int adopt(struct zp_file *ret_file, int fd, uint64_t base, uint64_t size,
                 const struct zp_source *source)
{
    const char *name = zp_source_name(source);
    char text[4096];

    snprintf(text, sizeof(text), "%s%sunpacked", name ? name : "", name ? ":" : "");
    return zp_file_adopt(ret_file, fd, base, size, true, text);
}

static int unpack(struct zp_stream *stream, struct zp_file *ret_file, struct zp_error *ret_error)
{
    int memory = memfd_create("unpacked", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int status;

    if (memory < 0)
        return errno;
    if ((status = fill(memory, stream, ret_error))) {
        close(memory);
        return status;
    }
    if (stream->asked->progress)
        stream->asked->progress(stream->asked->progress_context, stream->done, stream->done);
    return adopt(ret_file, memory, 0, stream->done, stream->asked->source);
}

/* Bytes that are not packed, of a source that keeps them: shared. -1: this is none. */
static int share(const struct zp_unpack *asked, struct zp_file *ret_file)
{
    uint64_t base = 0;
    bool stable = false;
    int fd = zp_source_descriptor(asked->source, &base, &stable);

    if (fd < 0 || !stable || is_packed(asked->compression) || asked->length > asked->limit)
        return -1;
    if ((fd = fcntl(fd, F_DUPFD_CLOEXEC, 0)) < 0)
        return errno;
    return adopt(ret_file, fd, base + asked->offset, asked->length, asked->source);
}

/* What may come out: a memory file longer than RLIMIT_FSIZE would be a signal. */
static uint64_t room_of(const struct zp_unpack *asked)
{
    uint64_t room = asked->limit < ROOM_MAX ? asked->limit : ROOM_MAX;
    struct rlimit most;

    if (getrlimit(RLIMIT_FSIZE, &most) == 0 && most.rlim_cur != RLIM_INFINITY && most.rlim_cur < room)
        room = most.rlim_cur;
    return room;
}

static int refuse_unknown(const struct zp_unpack *asked, struct zp_error *ret_error)
{
    uint32_t magic = 0;

    if (asked->length >= sizeof(magic) &&
        asked->source->read(asked->source->context, asked->offset, &magic, sizeof(magic)) != 0)
        magic = 0;
    *ret_error = (struct zp_error){ZP_ERR_PAYLOAD_MAGIC, ZP_FIELD_PAYLOAD, asked->offset, magic, 0};
    return ZP_ERR_PAYLOAD_MAGIC;
}

unsigned zp_unpack_threads(const struct zp_unpack *asked)
{
    return asked->threads ? asked->threads : zp_threads_usable();
}

int zp_packed_unpack(const struct zp_unpack *asked, struct zp_packed *packed, struct zp_file *ret_file,
                     struct zp_error *ret_error)
{
    struct zp_stream stream = {.asked = asked,
                               .room = room_of(asked),
                               .memory_limit = asked->memory_limit ? asked->memory_limit : MEMORY_DEFAULT,
                               .threads = zp_unpack_threads(asked)};
    struct zp_error error = {0};
    int status = measure(&stream, &error);

    if (!status && is_packed(asked->compression) && !packed->bytes)
        status = zp_packed_open(asked, packed);
    stream.packed = packed->bytes;
    stream.fetched = packed->whole ? stream.size : 0;
    if (!status)
        status = unpack(&stream, ret_file, &error);
    if (status < 0 && ret_error)
        *ret_error = error;
    return status;
}

/* Bytes outside of the source, or of no format that is known. */
static int refuse(const struct zp_unpack *asked, struct zp_error *ret_error)
{
    uint64_t size = asked->source->size;

    if (asked->offset > size || asked->length > size - asked->offset) {
        *ret_error = (struct zp_error){ZP_ERR_TRUNCATED, ZP_FIELD_PAYLOAD, asked->offset,
                                       asked->offset + asked->length, size};
        return ZP_ERR_TRUNCATED;
    }
    return asked->compression < CODEC_COUNT ? 0 : refuse_unknown(asked, ret_error);
}

/*
 * A payload that is an ELF as it is may have its size behind it all the same. Left there it would spoil the
 * relocation table, in which no entry is as low.
 */
static int leave_size_out(struct zp_unpack *asked, struct zp_error *ret_error)
{
    uint32_t said = 0;
    int status = 0;

    if (asked->compression == ZP_COMPRESSION_ELF && asked->has_size && asked->length > SIZE_BYTES)
        status = read_size(asked, &said, ret_error);
    if (said != 0 && said == asked->length - SIZE_BYTES)
        asked->length = said;
    return status;
}

int zp_unpack_file(const struct zp_unpack *unpack, struct zp_file *ret_file, struct zp_error *ret_error)
{
    struct zp_unpack bare = *unpack;
    const struct zp_unpack *asked = &bare;
    struct zp_packed packed = {0};
    struct zp_error error = {0};
    int status = refuse(asked, &error);

    if (!status)
        status = leave_size_out(&bare, &error);
    if (status) {
        if (ret_error)
            *ret_error = error;
        return status;
    }
    if ((status = share(asked, ret_file)) >= 0)
        return status;
    status = zp_packed_unpack(asked, &packed, ret_file, ret_error);
    zp_packed_close(&packed);
    return status;
}
