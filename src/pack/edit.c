/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Another command line or initrd for a packed file, in place: nothing else moves, so that every header stays
 * true, and a file system in an appended partition stays where it is. Receives a descriptor; checks first
 * that the file is whole (an altered one must not be sealed as if it were sound) and that the new part fits.
 * What can fail is tried while the file is still as it was: the new part is read through, and its blocks are
 * allocated. The payload's checksum is spoiled before the first byte is changed and written last of all:
 * whatever happens in between, the stub and --verify see it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zeropage/wire/bootparam.h>

#include "packing.h"

#define PIECE ((size_t)1 << 20)

struct edit {
    int fd;
    struct zp_source file;
    struct zp_packed packed;
    struct zp_pack_say say;
};

static int read_fd(void *context, uint64_t offset, void *buffer, size_t length)
{
    const struct edit *edit = context;
    char *to = buffer;

    while (length > 0) {
        ssize_t got = pread(edit->fd, to, length, (off_t)offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -errno : -ENODATA;
        to += got;
        offset += (uint64_t)got;
        length -= (size_t)got;
    }
    return 0;
}

static int begin(struct edit *edit, int fd, char *error, size_t error_size)
{
    off_t end = lseek(fd, 0, SEEK_END);
    int status;

    *edit = (struct edit){.fd = fd, .say = {error, error_size}};
    if (end < 0)
        return zp_pack_fail(&edit->say, "%s", strerror(errno));
    edit->file = (struct zp_source){(uint64_t)end, read_fd, edit};
    status = zp_pack_read(&edit->file, &edit->packed, error, error_size);
    if (status < 0)
        return -1;
    if (status == 0)
        return zp_pack_fail(&edit->say, "no packed file");
    if (edit->packed.payload_at == 0)
        return zp_pack_fail(&edit->say, "the EFI stub of a packed file, which has no payload of its own");
    return zp_pack_verify(&edit->file, &edit->packed, error, error_size);
}

static int put(struct edit *edit, uint64_t offset, const void *bytes, size_t size)
{
    int status = zp_pack_put(edit->fd, offset, bytes, size);

    return status ? zp_pack_fail(&edit->say, "offset 0x%" PRIx64 ": %s", offset, strerror(-status)) : 0;
}

static int zeros(struct edit *edit, uint64_t offset, uint64_t size)
{
    static const unsigned char none[4096];
    int status = 0;

    for (uint64_t at = 0; status == 0 && at < size; at += sizeof(none))
        status = put(edit, offset + at, none, size - at < sizeof(none) ? (size_t)(size - at) : sizeof(none));
    return status;
}

static int settle(struct edit *edit)
{
    return fdatasync(edit->fd) == 0 || errno == EINVAL ? 0 : zp_pack_fail(&edit->say, "%s", strerror(errno));
}

/* So that no write into a hole of the file meets a full disk. Not all file systems know how. */
static int allocate(struct edit *edit, uint64_t offset, uint64_t size)
{
    int error = fallocate(edit->fd, FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)size) == 0 ? 0 : errno;

    if (error != ENOSPC && error != EDQUOT && error != EIO)
        return 0;
    return zp_pack_fail(&edit->say, "offset 0x%" PRIx64 ": %" PRIu64 " bytes: %s", offset, size,
                        strerror(error));
}

/* From here on until seal the file is known to be none. */
static int unseal(struct edit *edit)
{
    uint64_t spoiled = ~edit->packed.payload.checksum;
    int status = put(edit, edit->packed.payload_at + offsetof(struct zp_pack_payload, checksum), &spoiled,
                     sizeof(spoiled));

    return status ? status : settle(edit);
}

/* The payload's header as it is to be, and the checksum over what the file holds now. */
static int seal(struct edit *edit)
{
    struct zp_packed *packed = &edit->packed;
    struct zp_pack_payload *payload = &packed->payload;
    const size_t head = sizeof(*payload);
    unsigned char *piece = malloc(PIECE);
    struct zp_pack_sum sum = {0};
    int status = piece ? settle(edit) : zp_pack_fail(&edit->say, "no memory to seal it with");

    payload->checksum = 0;
    zp_pack_sum_add(&sum, payload, head);
    for (uint64_t at = head; status == 0 && at < payload->size; at += PIECE) {
        size_t part = payload->size - at < PIECE ? (size_t)(payload->size - at) : PIECE;

        status = read_fd(edit, packed->payload_at + at, piece, part);
        if (status)
            status = zp_pack_fail(&edit->say, "%s", strerror(-status));
        else
            zp_pack_sum_add(&sum, piece, part);
    }
    free(piece);
    payload->checksum = zp_pack_sum_end(&sum);
    if (status == 0)
        status = put(edit, packed->payload_at, payload, head);
    return status ? status : settle(edit);
}

static int write_cmdline(struct edit *edit, const char *cmdline, uint32_t length)
{
    struct zp_pack_payload *payload = &edit->packed.payload;
    const uint64_t at = edit->packed.payload_at + payload->cmdline_offset;
    uint32_t left;
    int status = allocate(edit, at, payload->cmdline_room);

    if (status == 0)
        status = unseal(edit);
    payload->cmdline_length = length;
    left = zp_pack_cmdline_left(payload);
    if (status == 0)
        status = put(edit, ZP_BOOT_PARAMS_HDR_CMDLINE_SIZE, &left, sizeof(left));
    if (status == 0)
        status = put(edit, at, cmdline, length);
    if (status == 0)
        status = zeros(edit, at + length, payload->cmdline_room - length);
    return status ? status : seal(edit);
}

int zp_pack_set_cmdline(int fd, const char *cmdline, char *error, size_t error_size)
{
    struct edit edit;
    const size_t length = strlen(cmdline);
    int status = begin(&edit, fd, error, error_size);
    const uint32_t room = edit.packed.payload.cmdline_room, most = edit.packed.payload.cmdline_max;

    if (status == 0 && length + 1 > room)
        status = zp_pack_fail(&edit.say, "command line: needs %zu bytes with its NUL, and the room has %u",
                              length + 1, room);
    if (status == 0 && length > most)
        status = zp_pack_fail(&edit.say, "command line: %zu bytes, and the kernel takes %u", length, most);
    if (status == 0)
        status = write_cmdline(&edit, cmdline, (uint32_t)length);
    zp_packed_free(&edit.packed);
    return status;
}

/* Reads all of it; writes it to the file, too, unless `at` is 0. */
static int copy_initrd(struct edit *edit, const struct zp_source *initrd, uint64_t at)
{
    unsigned char *piece = malloc(PIECE);
    int status = piece ? 0 : zp_pack_fail(&edit->say, "no memory to copy it");

    for (uint64_t done = 0; status == 0 && done < initrd->size; done += PIECE) {
        size_t part = initrd->size - done < PIECE ? (size_t)(initrd->size - done) : PIECE;

        status = initrd->read(initrd->context, done, piece, part);
        if (status)
            status =
                zp_pack_fail(&edit->say, "reading the initrd at 0x%" PRIx64 ": %s", done, strerror(-status));
        else if (at)
            status = put(edit, at + done, piece, part);
    }
    free(piece);
    return status;
}

/* Behind it the room has what it was packed with: zeros. */
static uint64_t modules_end(const struct zp_pack_payload *payload)
{
    uint64_t end = payload->modules[0].offset;

    if (payload->module_count > 0)
        end = payload->modules[payload->module_count - 1].offset +
              payload->modules[payload->module_count - 1].size;
    return end;
}

static int write_initrd(struct edit *edit, const struct zp_source *initrd)
{
    struct zp_pack_payload *payload = &edit->packed.payload;
    const uint64_t start = payload->modules[0].offset, at = edit->packed.payload_at + start;
    const uint64_t end = start + initrd->size, old_end = modules_end(payload);
    int status = copy_initrd(edit, initrd, 0);

    if (status == 0)
        status = allocate(edit, at, initrd->size);
    if (status == 0)
        status = unseal(edit);
    if (status == 0)
        status = copy_initrd(edit, initrd, at);
    if (status == 0 && old_end > end)
        status = zeros(edit, at + initrd->size, old_end - end);
    memset(payload->modules, 0, sizeof(payload->modules));
    payload->modules[0] = (struct zp_pack_module){start, initrd->size};
    payload->module_count = 1;
    return status ? status : seal(edit);
}

int zp_pack_set_initrd(int fd, const struct zp_source *initrd, char *error, size_t error_size)
{
    struct edit edit;
    int status = begin(&edit, fd, error, error_size);

    if (status == 0 && initrd->size == 0)
        status = zp_pack_fail(&edit.say, "an initrd of 0 bytes, which a kernel would take as none");
    if (status == 0 && initrd->size > edit.packed.payload.modules_room)
        status = zp_pack_fail(&edit.say,
                              "initrd: needs %" PRIu64 " bytes, and the room has %" PRIu64
                              "; --initrd-room when packing makes more",
                              initrd->size, edit.packed.payload.modules_room);
    if (status == 0)
        status = write_initrd(&edit, initrd);
    zp_packed_free(&edit.packed);
    return status;
}
