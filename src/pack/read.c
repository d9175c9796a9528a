/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tells whether a file is a packed one and what is in it. Receives any bytes; guarantees of what it accepts
 * that every part lies in the file, in the order of layout.h and none over another, and that setup header and
 * partition table name the same bytes as body and payload do. Checksums are verify.c's.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <zeropage/wire/bootparam.h>
#include <zeropage/wire/multiboot.h>

#include "packing.h"

#define BODY_MAX        (UINT32_C(16) << 20) /* of head and stub; ours have 1/100 of it */
#define MEMORY_MAX      (UINT64_C(1) << 32)
#define PARTITION_TABLE 0x1beu
#define PARTITION_SIZE  16u
#define AT(type, field) (offsetof(struct type, field))

struct reading {
    const struct zp_source *file;
    struct zp_packed *packed;
    struct zp_pack_say say;
    unsigned char front[ZP_PACK_BODY];
};

static int get(const struct reading *reading, uint64_t offset, void *bytes, size_t size)
{
    int status = reading->file->read(reading->file->context, offset, bytes, size);

    return status ? zp_pack_fail(&reading->say, "offset 0x%" PRIx64 ": %s", offset, strerror(-status)) : 0;
}

/* A field that is out of bounds: -1. */
static int bad(const struct reading *reading, const char *part, const char *field, uint64_t offset,
               uint64_t value, const char *why)
{
    return zp_pack_fail(&reading->say, "%s at 0x%" PRIx64 ": %s 0x%" PRIx64 " %s", part, offset, field, value,
                        why);
}

#define BODY(field, why) \
    bad(reading, "body", #field, ZP_PACK_BODY + ZP_PACK_HEADER + AT(zp_pack_body, field), body->field, why)

static int check_body(const struct reading *reading)
{
    const struct zp_pack_body *body = &reading->packed->body;
    const uint64_t file_size = reading->file->size;

    if (body->version != ZP_PACK_VERSION)
        return BODY(version, "is not one that is known here");
    if (body->flavour != ZP_PACK_ELF && body->flavour != ZP_PACK_PE)
        return BODY(flavour, "is none");
    if (body->body_size % 4 != 0 || body->body_size > BODY_MAX || body->body_size < ZP_PACK_ENTRY_HANDOVER ||
        ZP_PACK_BODY + (uint64_t)body->body_size > file_size)
        return BODY(body_size, "is not that of a stub in this file");
    if (body->stub_offset < ZP_PACK_HEADER + sizeof(*body) || body->stub_offset > body->body_size)
        return BODY(stub_offset, "lies outside of the body");
    if (body->stub_size > body->body_size - body->stub_offset)
        return BODY(stub_size, "goes past the end of the body");
    if (body->stub_bytes > body->stub_memory)
        return BODY(stub_bytes, "is more than the stub's memory");
    if (body->work % ZP_PACK_PAGE != 0 || body->work < body->body_size ||
        body->work > MEMORY_MAX - body->stub_memory)
        return BODY(work, "is no page behind the payload and below 4 GiB");
    if (body->payload_offset == 0)
        return body->payload_size == 0       ? 0
               : body->flavour == ZP_PACK_PE ? BODY(payload_size, "of no payload")
                                             : BODY(payload_offset, "and a payload");
    if (body->payload_offset < body->body_size || body->payload_offset % ZP_PACK_GRAIN != 0)
        return BODY(payload_offset, "lies in the body, or off its grain of 16 bytes");
    if (body->payload_size < sizeof(struct zp_pack_payload) || body->payload_size % ZP_PACK_GRAIN != 0 ||
        body->payload_size > ZP_PACK_PAYLOAD_MAX)
        return BODY(payload_size, "is not that of a payload");
    if (body->payload_offset > file_size - ZP_PACK_BODY)
        return BODY(payload_offset, "lies behind the end of the file: it was cut");
    if (body->payload_size > file_size - ZP_PACK_BODY - body->payload_offset)
        return BODY(payload_size, "goes past the end of the file: it was cut");
    if (body->work < body->payload_offset + body->payload_size)
        return BODY(work, "lies in the payload");
    return 0;
}

#define PAYLOAD(field, why)                                                                   \
    bad(reading, "payload", #field, reading->packed->payload_at + AT(zp_pack_payload, field), \
        payload->field, why)

static int check_module(const struct reading *reading, uint32_t index, uint64_t *end)
{
    const struct zp_pack_payload *payload = &reading->packed->payload;
    const struct zp_pack_module *module = &payload->modules[index];
    const uint64_t room_end = payload->modules[0].offset + payload->modules_room;
    const uint64_t at = reading->packed->payload_at + AT(zp_pack_payload, modules) + index * sizeof(*module);

    if (module->offset < *end || module->offset > room_end)
        return bad(reading, "payload", "offset of an initrd", at, module->offset,
                   "lies in another part, or outside of the room for initrds");
    if (module->size == 0 || module->size > room_end - module->offset)
        return bad(reading, "payload", "size of an initrd", at + 8, module->size,
                   "is 0, or goes past the room for initrds");
    *end = module->offset + module->size;
    return 0;
}

static int check_modules(const struct reading *reading)
{
    const struct zp_pack_payload *payload = &reading->packed->payload;
    uint64_t end = payload->kernel_offset + payload->kernel_size;
    int status = 0;

    if (payload->module_count > ZP_PACK_MODULE_MAX)
        return PAYLOAD(module_count, "is more than a payload has");
    if (payload->modules_room == 0)
        return payload->module_count == 0 ? 0 : PAYLOAD(modules_room, "has no place for the initrds");
    if (payload->modules[0].offset < end || payload->modules[0].offset % ZP_PACK_GRAIN != 0 ||
        payload->modules[0].offset > payload->size ||
        payload->modules_room > payload->size - payload->modules[0].offset)
        return PAYLOAD(modules_room, "does not lie behind the kernel in the payload");
    for (uint32_t i = 0; status == 0 && i < payload->module_count; i++)
        status = check_module(reading, i, &end);
    return status;
}

static int check_payload(const struct reading *reading)
{
    const struct zp_pack_payload *payload = &reading->packed->payload;

    if (memcmp(payload->magic, ZP_PACK_PAYLOAD_MAGIC, sizeof(payload->magic)) != 0)
        return zp_pack_fail(&reading->say, "payload at 0x%" PRIx64 ": it does not begin as a payload does",
                            reading->packed->payload_at);
    if (payload->version != ZP_PACK_VERSION)
        return PAYLOAD(version, "is not one that is known here");
    if (payload->header_size != sizeof(*payload))
        return PAYLOAD(header_size, "is not that of this version");
    if (payload->size != reading->packed->body.payload_size)
        return PAYLOAD(size, "is not what the body says");
    if (payload->cmdline_offset < sizeof(*payload) || payload->cmdline_offset > payload->size)
        return PAYLOAD(cmdline_offset, "lies outside of the payload");
    if (payload->cmdline_room == 0 || payload->cmdline_room > payload->size - payload->cmdline_offset)
        return PAYLOAD(cmdline_room, "goes past the end of the payload");
    if (payload->cmdline_length >= payload->cmdline_room)
        return PAYLOAD(cmdline_length, "leaves no place for a NUL in its room");
    if (payload->cmdline_max < payload->cmdline_length || payload->cmdline_max > ZP_PACK_CMDLINE_MAX)
        return PAYLOAD(cmdline_max, "is less than the command line, or more than the stub takes");
    if (payload->kernel_offset < (uint64_t)payload->cmdline_offset + payload->cmdline_room ||
        payload->kernel_offset > payload->size)
        return PAYLOAD(kernel_offset, "lies in another part, or outside of the payload");
    if (payload->kernel_size == 0 || payload->kernel_size > payload->size - payload->kernel_offset)
        return PAYLOAD(kernel_size, "is 0, or goes past the end of the payload");
    if (payload->compression > ZP_PACK_ZSTD)
        return PAYLOAD(compression, "is none that is known here");
    if (payload->kernel_bytes == 0 || payload->kernel_bytes > MEMORY_MAX ||
        (payload->compression == ZP_PACK_STORED && payload->kernel_bytes != payload->kernel_size))
        return PAYLOAD(kernel_bytes, "is no size of this kernel");
    if (payload->entry >= ZP_PROTOCOL_COUNT || payload->entry == ZP_PROTOCOL_LINUX16)
        return PAYLOAD(entry, "is no protocol of a packed kernel");
    if (payload->told > 1 || (payload->told == 1 && payload->entry == ZP_PROTOCOL_AUTO))
        return PAYLOAD(told, "tells of no entry");
    if (payload->home > UINT64_MAX - payload->home_size)
        return PAYLOAD(home_size, "goes past the end of memory");
    return check_modules(reading);
}

static int read_cmdline(const struct reading *reading)
{
    struct zp_packed *packed = reading->packed;
    const uint64_t at = packed->payload_at + packed->payload.cmdline_offset;
    const size_t length = packed->payload.cmdline_length;

    packed->cmdline = malloc(length + 1);
    if (!packed->cmdline)
        return zp_pack_fail(&reading->say, "no memory for its command line");
    if (get(reading, at, packed->cmdline, length + 1))
        return -1;
    if (strnlen(packed->cmdline, length + 1) != length)
        return zp_pack_fail(&reading->say,
                            "command line at 0x%" PRIx64 ": its NUL is not where cmdline_length says", at);
    return 0;
}

static int read_payload(const struct reading *reading)
{
    struct zp_packed *packed = reading->packed;
    int status;

    packed->loaded_end = ZP_PACK_BODY + packed->body.body_size;
    if (packed->body.payload_offset == 0)
        return 0;
    packed->payload_at = ZP_PACK_BODY + packed->body.payload_offset;
    packed->loaded_end = packed->payload_at + packed->body.payload_size;
    status = get(reading, packed->payload_at, &packed->payload, sizeof(packed->payload));
    if (status == 0)
        status = check_payload(reading);
    return status ? status : read_cmdline(reading);
}

#define SETUP(field, why)                                                                             \
    bad(reading, "setup header", #field, ZP_BOOT_PARAMS_HDR_SETUP_SECTS + AT(zp_setup_header, field), \
        header.field, why)

/*
 * Where the file ended when it was packed, but for partitions: without any it was filled up. On a disk, or
 * signed, it is longer, and a partition may be there that somebody added.
 */
static uint64_t packed_end(const struct zp_packed *packed, bool filled)
{
    uint64_t end = packed->loaded_end;

    if (packed->payload_at == 0)
        return end;
    if (packed->esp)
        end = packed->esp_at + packed->esp_size;
    if (filled)
        end = end < ZP_PACK_LEAST ? ZP_PACK_LEAST : zp_pack_align(end, ZP_PACK_SECTOR);
    return end;
}

/* What init_size has to be (build.c). */
static uint64_t claimed_memory(const struct zp_packed *packed, bool filled)
{
    uint64_t claimed = packed->body.work + packed->body.stub_memory, file = packed_end(packed, filled);

    if (claimed < file - ZP_PACK_BODY)
        claimed = file - ZP_PACK_BODY;
    return zp_pack_align(claimed, ZP_PACK_PAGE);
}

/* What a loader reads there must be what the body means. */
static int check_setup_header(const struct reading *reading)
{
    const struct zp_packed *packed = reading->packed;
    struct zp_setup_header header;

    memcpy(&header, reading->front + ZP_BOOT_PARAMS_HDR_SETUP_SECTS, sizeof(header));
    if (header.boot_flag != ZP_BOOT_FLAG)
        return SETUP(boot_flag, "is not 0xaa55");
    if (header.header != ZP_SETUP_MAGIC_HDRS)
        return SETUP(header, "is not \"HdrS\"");
    if (header.setup_sects != ZP_PACK_BODY / ZP_PACK_SECTOR - 1)
        return SETUP(setup_sects, "is not 7");
    if (header.syssize != (packed->loaded_end - ZP_PACK_BODY + ZP_PACK_GRAIN - 1) / ZP_PACK_GRAIN)
        return SETUP(syssize, "does not end where the payload does");
    if (header.init_size != claimed_memory(packed, true) &&
        (packed->partition_count == 0 || header.init_size != claimed_memory(packed, false)))
        return SETUP(init_size, "is not what payload, stub and file need");
    return 0;
}

static int read_partition(const struct reading *reading, size_t index)
{
    struct zp_packed *packed = reading->packed;
    const size_t offset = PARTITION_TABLE + index * PARTITION_SIZE;
    const unsigned char *entry = reading->front + offset;
    uint32_t first, count;
    uint64_t at, size;

    memcpy(&first, entry + 8, sizeof(first));
    memcpy(&count, entry + 12, sizeof(count));
    at = (uint64_t)first * ZP_PACK_SECTOR;
    size = (uint64_t)count * ZP_PACK_SECTOR;
    if (entry[4] == 0)
        return 0;
    if (count == 0 || at < ZP_PACK_BODY || at > packed->file_size || size > packed->file_size - at)
        return bad(reading, "partition table", "a partition's start", offset + 8, first,
                   "and size are not in the file: it was cut");
    if (index == 0 && entry[4] == ZP_PACK_TYPE_ESP) {
        if (packed->payload_at != 0 && (packed->payload_at < at || packed->loaded_end > at + size))
            return bad(reading, "partition table", "the ESP's start", offset + 8, first,
                       "leaves the payload outside");
        packed->esp = true;
        packed->esp_at = at;
        packed->esp_size = size;
    } else if (index > 0) {
        if (at < packed->loaded_end)
            return bad(reading, "partition table", "a partition's start", offset + 8, first,
                       "lies in the body");
        packed->partitions[packed->partition_count].at = at;
        packed->partitions[packed->partition_count].size = size;
        packed->partitions[packed->partition_count++].type = entry[4];
    }
    return 0;
}

static bool has_multiboot(const unsigned char *front)
{
    for (size_t at = ZP_PACK_HEADERS; at < ZP_PACK_HEADERS_END; at += ZP_MULTIBOOT_HEADER_ALIGN) {
        uint32_t word;

        memcpy(&word, front + at, sizeof(word));
        if (word == ZP_MULTIBOOT_HEADER_MAGIC)
            return true;
    }
    return false;
}

static int read_all(struct reading *reading)
{
    struct zp_packed *packed = reading->packed;
    int status = get(reading, 0, reading->front, sizeof(reading->front));
    uint64_t end;

    if (status == 0)
        status = check_body(reading);
    if (status == 0)
        status = read_payload(reading);
    for (size_t i = 0; status == 0 && i <= ZP_PACK_PARTITION_MAX; i++)
        status = read_partition(reading, i);
    end = packed_end(packed, packed->partition_count == 0);
    if (status == 0 && packed->file_size < end)
        status =
            zp_pack_fail(&reading->say, "%" PRIu64 " bytes, and it was packed with %" PRIu64 ": it was cut",
                         packed->file_size, end);
    if (status == 0)
        status = check_setup_header(reading);
    packed->flavour = packed->body.flavour;
    packed->body_size = packed->loaded_end - ZP_PACK_BODY;
    packed->multiboot = has_multiboot(reading->front);
    return status;
}

int zp_pack_read(const struct zp_source *file, struct zp_packed *ret, char *error, size_t error_size)
{
    struct zp_packed packed = {.file_size = file->size};
    struct reading reading = {.file = file, .packed = &packed, .say = {error, error_size}};
    const uint64_t least = ZP_PACK_BODY + ZP_PACK_HEADER + sizeof(packed.body);

    if (file->size < least)
        return 0;
    if (get(&reading, ZP_PACK_BODY + ZP_PACK_HEADER, &packed.body, sizeof(packed.body)))
        return -1;
    if (memcmp(packed.body.magic, ZP_PACK_BODY_MAGIC, sizeof(packed.body.magic)) != 0)
        return 0;
    if (read_all(&reading) != 0) {
        zp_packed_free(&packed);
        return -1;
    }
    *ret = packed;
    return 1;
}

void zp_packed_free(struct zp_packed *packed)
{
    free(packed->cmdline);
    *packed = (struct zp_packed){0};
}
