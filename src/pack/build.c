/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes a packed file: one kernel, its command line and initrds, in the layout of layout.h. Receives a
 * request; judges the kernel first, then decides where everything lies, then writes each part at its place.
 * The payload is written once, and whoever names it names that one run of bytes. Same input, same bytes: no
 * time, no random number and no name of a file goes in.
 *
 *     judge (kernel.c) -> compress (compress.c) -> place (here, fat.c) -> payload -> headers, body, FAT ->
 *     partitions
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zeropage/wire/bootparam.h>

#include "packing.h"

#define PIECE       ((size_t)1 << 20)
#define ADDRESS_END (UINT64_C(1) << 32)
#define SECTORS_MAX UINT64_C(0xffffffff)

struct build {
    const struct zp_pack_request *request;
    int out;
    struct zp_pack_say say;
    struct zp_pack_progress progress;
    struct zp_pack_kernel kernel;
    unsigned char *compressed; /* NULL: stored */
    enum zp_pack_stub stub;
    struct zp_pack_blob body;
    struct zp_pack_payload payload;
    uint64_t payload_at, loaded_end;
    uint64_t volume_end; /* end of the ESP, or of the payload */
    struct zp_pack_fat fat;
    bool esp;
    struct {
        uint64_t at, size; /* size in whole sectors */
    } partitions[ZP_PACK_PARTITION_MAX];
    uint64_t file_end;
    uint32_t id; /* of disk and volume */
    unsigned char *piece;
};

static int put(struct build *build, uint64_t offset, const void *bytes, size_t size)
{
    int status = zp_pack_put(build->out, offset, bytes, size);

    return status ? zp_pack_fail(&build->say, "%s: writing it: %s", build->request->output_name,
                                 strerror(-status))
                  : 0;
}

/* Room for the command line, with its NUL. */
static int settle_cmdline(struct build *build)
{
    const struct zp_pack_request *request = build->request;
    uint64_t length = strlen(request->cmdline), room = request->cmdline_room;

    if (length > build->kernel.cmdline_max)
        return zp_pack_fail(&build->say, "command line: %llu bytes, and the stub takes %u at most",
                            (unsigned long long)length, build->kernel.cmdline_max);
    if (room == 0)
        room = length < ZP_PACK_CMDLINE_ROOM ? ZP_PACK_CMDLINE_ROOM : length + 1;
    if (room <= length)
        return zp_pack_fail(&build->say,
                            "command line: needs %llu bytes with its NUL, and the room is to have %llu",
                            (unsigned long long)length + 1, (unsigned long long)room);
    if (room > ZP_PACK_CMDLINE_MAX + 1)
        return zp_pack_fail(&build->say, "command line: room for %llu bytes, and the stub takes %u at most",
                            (unsigned long long)room, ZP_PACK_CMDLINE_MAX + 1);
    build->payload.cmdline_offset = sizeof(build->payload);
    build->payload.cmdline_room = (uint32_t)zp_pack_align(room, ZP_PACK_GRAIN);
    build->payload.cmdline_length = (uint32_t)length;
    build->payload.cmdline_max = build->kernel.cmdline_max;
    return 0;
}

/* Initrds one behind the other, then what --set-initrd may fill one day. */
static int settle_modules(struct build *build)
{
    const struct zp_pack_request *request = build->request;
    struct zp_pack_payload *payload = &build->payload;
    uint64_t start = zp_pack_align(payload->kernel_offset + payload->kernel_size, ZP_PACK_GRAIN);
    uint64_t at = start, room = request->initrd_room;

    if (room > ZP_PACK_PAYLOAD_MAX)
        return zp_pack_fail(&build->say, "initrd: room for %llu bytes: a packed file holds %llu in all",
                            (unsigned long long)room, (unsigned long long)ZP_PACK_PAYLOAD_MAX);
    room = zp_pack_align(room, ZP_PACK_GRAIN);
    if (request->initrd_count > ZP_PACK_MODULE_MAX)
        return zp_pack_fail(&build->say, "%zu initrds: a packed file holds %d", request->initrd_count,
                            ZP_PACK_MODULE_MAX);
    for (size_t i = 0; i < request->initrd_count; i++) {
        uint64_t size = request->initrds[i]->size;

        if (size > ZP_PACK_PAYLOAD_MAX)
            return zp_pack_fail(&build->say, "%s: %llu bytes: a packed file holds %llu in all",
                                request->initrd_names[i], (unsigned long long)size,
                                (unsigned long long)ZP_PACK_PAYLOAD_MAX);
        payload->modules[i].offset = at;
        payload->modules[i].size = size;
        at = zp_pack_align(at + size, ZP_PACK_GRAIN);
    }
    payload->module_count = (uint32_t)request->initrd_count;
    payload->modules_room = at - start;
    if (room != 0 && room < payload->modules_room)
        return zp_pack_fail(&build->say, "initrd: needs %llu bytes, and the room for it is to have %llu",
                            (unsigned long long)payload->modules_room,
                            (unsigned long long)request->initrd_room);
    if (room != 0) {
        payload->modules_room = room;
        if (payload->module_count == 0)
            payload->modules[0].offset = start;
    }
    payload->size = start + payload->modules_room;
    return 0;
}

static int settle_payload(struct build *build)
{
    const struct zp_pack_request *request = build->request;
    struct zp_pack_payload *payload = &build->payload;
    size_t packed_size = 0;
    int status = 0;

    memcpy(payload->magic, ZP_PACK_PAYLOAD_MAGIC, sizeof(payload->magic));
    payload->version = ZP_PACK_VERSION;
    payload->header_size = sizeof(*payload);
    payload->compression = request->compression;
    payload->entry = request->entry;
    payload->told = build->kernel.told;
    payload->home = build->kernel.home;
    payload->home_size = build->kernel.home_size;
    payload->kernel_bytes = payload->kernel_size = request->kernel->size;
    if (request->compression != ZP_PACK_STORED) {
        status = zp_pack_compress(request, &build->compressed, &packed_size, &build->progress, &build->say);
        payload->kernel_size = packed_size;
    }
    if (status == 0)
        status = settle_cmdline(build);
    if (status)
        return status;
    payload->kernel_offset = payload->cmdline_offset + payload->cmdline_room;
    status = settle_modules(build);
    if (status == 0 && payload->size > ZP_PACK_PAYLOAD_MAX)
        return zp_pack_fail(&build->say, "kernel and initrds: %llu bytes: a packed file holds %llu",
                            (unsigned long long)payload->size, (unsigned long long)ZP_PACK_PAYLOAD_MAX);
    return status;
}

/* The smallest stub that can do what this file asks of it. */
static enum zp_pack_stub choose_stub(const struct build *build)
{
    const struct zp_pack_request *request = build->request;

    switch (request->compression) {
    case ZP_PACK_LZ4: return ZP_PACK_STUB_LZ4;
    case ZP_PACK_ZSTD: return ZP_PACK_STUB_ZSTD;
    }
    return build->esp || request->flavour == ZP_PACK_PE ? ZP_PACK_STUB_FULL : build->kernel.stub;
}

static int settle_partitions(struct build *build)
{
    const struct zp_pack_request *request = build->request;
    uint64_t end = build->volume_end;

    if (request->partition_count > ZP_PACK_PARTITION_MAX)
        return zp_pack_fail(&build->say, "%zu partitions: there is room for %d", request->partition_count,
                            ZP_PACK_PARTITION_MAX);
    for (size_t i = 0; i < request->partition_count; i++) {
        const struct zp_pack_partition *partition = &request->partitions[i];

        if (partition->source->size == 0)
            return zp_pack_fail(&build->say, "%s: a partition of 0 bytes", partition->name);
        if (partition->type == 0)
            return zp_pack_fail(&build->say, "%s: type 0 means that there is no partition", partition->name);
        end = zp_pack_align(end, ZP_PACK_PAGE);
        if (partition->source->size > SECTORS_MAX * ZP_PACK_SECTOR - end)
            return zp_pack_fail(&build->say,
                                "%s: %llu bytes: a partition table of this kind tells of 2 TiB in all",
                                partition->name, (unsigned long long)partition->source->size);
        build->partitions[i].at = end;
        build->partitions[i].size = zp_pack_align(partition->source->size, ZP_PACK_SECTOR);
        end += build->partitions[i].size;
    }
    end = zp_pack_align(end, ZP_PACK_SECTOR);
    build->file_end = end < ZP_PACK_LEAST ? ZP_PACK_LEAST : end;
    return 0;
}

/* Where all of it lies in the file. */
static int place(struct build *build)
{
    const struct zp_pack_payload *payload = &build->payload;
    uint64_t body_end;

    build->esp = build->request->esp && build->request->flavour == ZP_PACK_ELF;
    build->stub = choose_stub(build);
    build->body = zp_pack_body_blob(build->stub);
    body_end = ZP_PACK_BODY + build->body.size;
    if (build->esp) {
        /* Whole sectors, for the section of a PE has whole ones, and firmware asks for its last byte. */
        zp_pack_fat_plan(&build->fat, zp_pack_align(body_end, ZP_PACK_PAGE),
                         zp_pack_align(body_end, ZP_PACK_SECTOR), payload->size);
        build->payload_at = build->fat.payload_at;
        build->volume_end = build->fat.at + build->fat.size;
    } else {
        build->payload_at = zp_pack_align(body_end, ZP_PACK_GRAIN);
        build->volume_end = build->payload_at + payload->size;
    }
    build->loaded_end = build->payload_at + payload->size;
    return settle_partitions(build);
}

/* The body's header, and its checksum. size: of the body in the file; payload_at 0: none. */
static void fill_body(const struct build *build, unsigned char *bytes, uint32_t flavour, uint64_t payload_at,
                      struct zp_pack_body *ret_body)
{
    const uint64_t payload_size = payload_at ? build->payload.size : 0;
    const uint64_t end = payload_at ? payload_at - ZP_PACK_BODY + payload_size : build->body.size;
    struct zp_pack_body body;

    memcpy(bytes, build->body.bytes, build->body.size);
    memcpy(&body, bytes + ZP_PACK_HEADER, sizeof(body));
    memcpy(body.magic, ZP_PACK_BODY_MAGIC, sizeof(body.magic));
    body.version = ZP_PACK_VERSION;
    body.flavour = flavour;
    body.body_size = (uint32_t)build->body.size;
    body.reserved = 0;
    body.work = zp_pack_align(end, ZP_PACK_PAGE);
    body.payload_offset = payload_at ? payload_at - ZP_PACK_BODY : 0;
    body.payload_size = payload_size;
    body.checksum = 0;
    memcpy(bytes + ZP_PACK_HEADER, &body, sizeof(body));
    body.checksum = zp_pack_checksum(bytes, build->body.size, SIZE_MAX);
    memcpy(bytes + ZP_PACK_HEADER, &body, sizeof(body));
    *ret_body = body;
}

/*
 * Bytes from the body's start that init_size claims: what the stub needs, and the file up to the partitions.
 * GRUB reads all of a file behind its setup sectors into as much memory as init_size says, and minds no
 * syssize; hyperkit refuses a file that is longer.
 */
static uint64_t claimed_memory(const struct build *build, const struct zp_pack_body *body, bool whole)
{
    const uint64_t stub = body->work + body->stub_memory;
    uint64_t file = 0;

    if (whole)
        file = (build->request->partition_count > 0 ? build->volume_end : build->file_end) - ZP_PACK_BODY;
    return zp_pack_align(file > stub ? file : stub, ZP_PACK_PAGE);
}

/* Front and body of one flavour; bytes has ZP_PACK_BODY and the body's size. */
static int make_head(struct build *build, unsigned char *bytes, uint32_t flavour, uint64_t payload_at)
{
    const struct zp_pack_blob front = zp_pack_front(flavour);
    struct zp_pack_shape shape = {.flavour = flavour,
                                  .loaded_end =
                                      payload_at ? build->loaded_end : ZP_PACK_BODY + build->body.size,
                                  .cmdline_size = zp_pack_cmdline_left(&build->payload),
                                  .multiboot = build->request->multiboot && payload_at,
                                  .handover = build->stub >= ZP_PACK_STUB_FULL};
    struct zp_pack_body body;

    memcpy(bytes, front.bytes, ZP_PACK_BODY);
    fill_body(build, bytes + ZP_PACK_BODY, flavour, payload_at, &body);
    shape.memory = claimed_memory(build, &body, payload_at != 0);
    if (ZP_PACK_ADDRESS + shape.memory > ADDRESS_END)
        return zp_pack_fail(&build->say, "the stub's %u bytes do not fit below 4 GiB", body.stub_memory);
    zp_pack_headers(bytes, &shape);
    zp_pack_setup_balance(bytes);
    return 0;
}

static void fill_partitions(const struct build *build, unsigned char *front)
{
    const uint64_t body = ZP_PACK_BODY / ZP_PACK_SECTOR;

    memcpy(front + 0x1b8, &build->id, sizeof(build->id));
    if (build->esp)
        zp_pack_partition_set(front, 0, ZP_PACK_TYPE_ESP, build->fat.at / ZP_PACK_SECTOR,
                              build->fat.size / ZP_PACK_SECTOR);
    else /* BIOSes that want an active partition, and partitioners, see that something is there */
        zp_pack_partition_set(front, 0, ZP_PACK_TYPE_BODY, body,
                              zp_pack_align(build->loaded_end, ZP_PACK_SECTOR) / ZP_PACK_SECTOR - body);
    for (size_t i = 0; i < build->request->partition_count; i++)
        zp_pack_partition_set(front, i + 1, build->request->partitions[i].type,
                              build->partitions[i].at / ZP_PACK_SECTOR,
                              build->partitions[i].size / ZP_PACK_SECTOR);
}

static int write_heads(struct build *build)
{
    const size_t size = ZP_PACK_BODY + build->body.size;
    const size_t fat_size = build->esp ? (size_t)build->fat.head_size : 0;
    unsigned char *bytes = malloc(size), *fat = malloc(fat_size + 1);
    int status = bytes && fat ? 0 : zp_pack_fail(&build->say, "no memory for the stub");

    if (status == 0)
        status = make_head(build, bytes, build->request->flavour, build->payload_at);
    if (status == 0) {
        fill_partitions(build, bytes);
        status = put(build, 0, bytes, size);
    }
    if (status == 0 && build->esp) {
        build->fat.id = build->id;
        zp_pack_fat_fill(&build->fat, fat);
        status = put(build, build->fat.at, fat, fat_size);
        if (status == 0)
            status = make_head(build, bytes, ZP_PACK_PE, 0);
        if (status == 0)
            status = put(build, build->fat.efi_at, bytes, size);
    }
    free(bytes);
    free(fat);
    return status;
}

/* Adds bytes to the checksums; `content` leaves out what --set-cmdline changes. */
struct sums {
    struct zp_pack_sum payload, content;
};

static int copy_source(struct build *build, const struct zp_source *source, const char *name, uint64_t offset,
                       struct sums *sums)
{
    uint64_t size = source->size;

    for (uint64_t at = 0; at < size; at += PIECE) {
        size_t piece = size - at < PIECE ? (size_t)(size - at) : PIECE, whole = piece;
        int status = source->read(source->context, at, build->piece, piece);

        if (status)
            return zp_pack_fail(&build->say, "%s: %s", name, strerror(-status));
        while (whole % ZP_PACK_GRAIN != 0)
            build->piece[whole++] = 0;
        zp_pack_sum_add(&sums->payload, build->piece, whole);
        zp_pack_sum_add(&sums->content, build->piece, whole);
        status = put(build, build->payload_at + offset + at, build->piece, whole);
        if (status)
            return status;
        zp_pack_tell(&build->progress, piece);
    }
    return 0;
}

static int write_kernel(struct build *build, struct sums *sums)
{
    const struct zp_pack_request *request = build->request;
    const struct zp_pack_payload *payload = &build->payload;
    struct zp_memory_source memory;

    if (!build->compressed)
        return copy_source(build, request->kernel, request->kernel_name, payload->kernel_offset, sums);
    zp_memory_source_init(&memory, build->compressed, payload->kernel_size);
    return copy_source(build, &memory.source, request->kernel_name, payload->kernel_offset, sums);
}

/* Header and command line go last to the file and first into the checksum. */
static int write_payload(struct build *build)
{
    const struct zp_pack_request *request = build->request;
    struct zp_pack_payload *payload = &build->payload;
    const size_t head_size = (size_t)payload->kernel_offset;
    unsigned char *head = calloc(1, head_size);
    struct sums sums = {{0}, {0}};
    uint64_t end = payload->kernel_offset + zp_pack_align(payload->kernel_size, ZP_PACK_GRAIN), room;
    int status = head ? 0 : zp_pack_fail(&build->say, "no memory for the payload's header");

    if (status == 0) {
        memcpy(head, payload, sizeof(*payload));
        memcpy(head + payload->cmdline_offset, request->cmdline, payload->cmdline_length);
        zp_pack_sum_add(&sums.payload, head, head_size);
        status = write_kernel(build, &sums);
    }
    for (uint32_t i = 0; status == 0 && i < payload->module_count; i++) {
        const struct zp_pack_module *module = &payload->modules[i];

        status = copy_source(build, request->initrds[i], request->initrd_names[i], module->offset, &sums);
        end = zp_pack_align(module->offset + module->size, ZP_PACK_GRAIN);
    }
    memset(build->piece, 0, PIECE);
    for (; status == 0 && end < payload->size; end += room) {
        room = payload->size - end < PIECE ? payload->size - end : PIECE;
        zp_pack_sum_add(&sums.payload, build->piece, (size_t)room);
    }
    if (status == 0) {
        uint64_t content = zp_pack_sum_end(&sums.content);

        build->id = (uint32_t)(content ^ content >> 32) | 1; /* never 0, which says that there is none */
        payload->checksum = zp_pack_sum_end(&sums.payload);
        memcpy(head, payload, sizeof(*payload));
        status = put(build, build->payload_at, head, head_size);
    }
    free(head);
    return status;
}

static int write_partitions(struct build *build)
{
    for (size_t i = 0; i < build->request->partition_count; i++) {
        int status = zp_pack_partition_copy(&build->request->partitions[i], build->out,
                                            build->partitions[i].at, &build->progress, &build->say);
        if (status)
            return status;
    }
    return 0;
}

static void count(const struct build *build, struct zp_pack_sizes *sizes)
{
    const struct zp_pack_payload *payload = &build->payload;
    uint64_t told;

    *sizes = (struct zp_pack_sizes){
        .file = build->file_end,
        .kernel = payload->kernel_bytes,
        .kernel_stored = payload->kernel_size,
        .front = ZP_PACK_BODY,
        .body = build->body.size,
        .rooms = sizeof(*payload) + payload->cmdline_room + payload->modules_room,
    };
    for (uint32_t i = 0; i < payload->module_count; i++)
        sizes->initrds += payload->modules[i].size;
    sizes->rooms -= sizes->initrds;
    if (build->esp) {
        sizes->efi_stub = ZP_PACK_BODY + build->body.size;
        sizes->fat = build->fat.head_size;
    }
    for (size_t i = 0; i < build->request->partition_count; i++)
        sizes->partitions += build->request->partitions[i].source->size;
    told = sizes->kernel_stored + sizes->initrds + sizes->front + sizes->body + sizes->rooms +
           sizes->efi_stub + sizes->fat + sizes->partitions;
    sizes->padding = sizes->file - told;
    sizes->disk_signature = build->id;
}

static uint64_t work_of(const struct zp_pack_request *request)
{
    uint64_t all = request->kernel->size * (request->compression ? 2 : 1);

    for (size_t i = 0; i < request->initrd_count; i++)
        all += request->initrds[i]->size;
    for (size_t i = 0; i < request->partition_count; i++)
        all += request->partitions[i].source->size;
    return all;
}

int zp_pack_write(const struct zp_pack_request *request, int out, struct zp_pack_sizes *ret_sizes,
                  void (*progress)(void *context, uint64_t done, uint64_t all), void *context, char *error,
                  size_t error_size)
{
    struct build build = {.request = request,
                          .out = out,
                          .say = {error, error_size},
                          .progress = {.call = progress, .context = context, .all = work_of(request)}};
    int status;

    if (request->kernel->size > ZP_PACK_PAYLOAD_MAX)
        return zp_pack_fail(&build.say, "%s: %llu bytes: a packed file holds %llu", request->kernel_name,
                            (unsigned long long)request->kernel->size,
                            (unsigned long long)ZP_PACK_PAYLOAD_MAX);
    status = zp_pack_judge(request, &build.kernel, &build.say);
    if (status == 0) {
        build.piece = malloc(PIECE + ZP_PACK_GRAIN);
        status = build.piece ? settle_payload(&build) : zp_pack_fail(&build.say, "no memory to pack with");
    }
    if (status == 0)
        status = place(&build);
    if (status == 0)
        status = write_payload(&build);
    if (status == 0)
        status = write_heads(&build);
    if (status == 0)
        status = write_partitions(&build);
    if (status == 0 && ftruncate(out, (off_t)build.file_end) != 0)
        status = zp_pack_fail(&build.say, "%s: its %llu bytes are too many here", request->output_name,
                              (unsigned long long)build.file_end);
    if (status == 0)
        count(&build, ret_sizes);
    free(build.piece);
    free(build.compressed);
    return status;
}
