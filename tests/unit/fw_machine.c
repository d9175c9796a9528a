/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine of fw_machine.h: io.h on one side, models of devices on the other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zeropage/wire/pci.h>

#include "fw_machine.h"
#include "io.h"

#define COMMON_AT   0x0000u
#define ISR_AT      0x1000u
#define DEVICE_AT   0x2000u
#define NOTIFY_AT   0x3000u
#define MMIO_SIZE   0x200u
#define ECAM_SIZE   (UINT64_C(256) << 20)
#define MULTIPLIER  4u
#define LATE_ROUNDS 3u

struct fw_machine fw_machine;

static void insist(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "property broken: %s\n", what);
    abort();
}

/* The same of a driver that was not lied to about the registers. */
static void demand(bool holds, const char *what)
{
    insist(holds || fw_machine.twist, what);
}

static void put(uint8_t *bytes, unsigned width, uint64_t value)
{
    for (unsigned i = 0; i < width; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get(const uint8_t *bytes, unsigned width)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < width; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

static void put_big(uint8_t *bytes, unsigned width, uint64_t value)
{
    for (unsigned i = 0; i < width; i++)
        bytes[i] = (uint8_t)(value >> 8 * (width - 1 - i));
}

static uint64_t get_big(const uint8_t *bytes, unsigned width)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < width; i++)
        value = value << 8 | bytes[i];
    return value;
}

static uint64_t twist(uint64_t value)
{
    return fw_machine.twist ? fw_machine.twist(value) : value;
}

/* --- building --- */

void fw_machine_begin(void)
{
    memset(&fw_machine, 0, sizeof(fw_machine));
    fw_machine.step = UINT64_C(1) << 26;
    fw_machine.limit = 10 * 1000 * 1000;
}

void fw_machine_memory(const void *start, size_t size)
{
    fw_machine.memory[fw_machine.memory_count].start = start;
    fw_machine.memory[fw_machine.memory_count++].size = size;
}

struct fw_function *fw_machine_function(uint16_t at, uint16_t vendor, uint16_t device)
{
    struct fw_function *function = &fw_machine.functions[fw_machine.function_count++];

    insist(fw_machine.function_count <= sizeof(fw_machine.functions) / sizeof(*function),
           "room for functions");
    function->at = at;
    put(function->config + ZP_PCI_VENDOR_ID, 2, vendor);
    put(function->config + ZP_PCI_DEVICE_ID, 2, device);
    put(function->config + ZP_PCI_COMMAND, 2, FW_MACHINE_COMMAND);
    return function;
}

struct fw_function *fw_machine_bridge(uint16_t at, uint8_t secondary, uint8_t subordinate)
{
    struct fw_function *function = fw_machine_function(at, 0x1b36, 0x000c);

    function->config[ZP_PCI_HEADER_TYPE] = ZP_PCI_HEADER_BRIDGE;
    function->config[ZP_PCI_SECONDARY_BUS] = secondary;
    function->config[ZP_PCI_SUBORDINATE_BUS] = subordinate;
    return function;
}

void fw_machine_set(struct fw_model *model, uint32_t offset, unsigned width, uint64_t value)
{
    put(model->config + offset, width, value);
}

void fw_machine_model(struct fw_model *model, uint32_t type)
{
    memset(model, 0, sizeof(*model));
    model->type = type;
    model->offers = UINT64_C(1) << ZP_VIRTIO_F_VERSION_1 | UINT64_C(1) << 28 | UINT64_C(1) << 29;
    model->queue_max = 256;
    model->sectors = 2048;
    model->sector_size = 512;
    model->targets = model->units = 1;
    model->delay = FW_PATIENCE_LEAST - FW_PATIENCE_LEAST / 8;
    if (type == ZP_VIRTIO_ID_BLOCK) {
        model->config_bytes = 60;
        fw_machine_set(model, ZP_VIRTIO_BLK_CAPACITY, 8, model->sectors);
        fw_machine_set(model, ZP_VIRTIO_BLK_SEG_MAX, 4, 254);
        fw_machine_set(model, ZP_VIRTIO_BLK_BLK_SIZE, 4, 512);
        model->offers |= 1 << ZP_VIRTIO_BLK_F_SEG_MAX | 1 << ZP_VIRTIO_BLK_F_BLK_SIZE;
    } else if (type == ZP_VIRTIO_ID_SCSI) {
        model->config_bytes = ZP_VIRTIO_SCSI_CONFIG_BYTES;
        fw_machine_set(model, 0, 4, 1);
        fw_machine_set(model, ZP_VIRTIO_SCSI_SEG_MAX, 4, 254);
        fw_machine_set(model, ZP_VIRTIO_SCSI_MAX_SECTORS, 4, 0xffff);
        fw_machine_set(model, ZP_VIRTIO_SCSI_SENSE_SIZE, 4, 96);
        fw_machine_set(model, ZP_VIRTIO_SCSI_CDB_SIZE, 4, 32);
        fw_machine_set(model, ZP_VIRTIO_SCSI_MAX_TARGET, 2, 255);
        fw_machine_set(model, 32, 4, 16383);
        model->attentions = 1;
    }
}

static void add_model(struct fw_model *model)
{
    insist(fw_machine.model_count < sizeof(fw_machine.models) / sizeof(*fw_machine.models),
           "room for models");
    fw_machine.models[fw_machine.model_count++] = model;
}

static void add_capability(struct fw_function *function, unsigned number, uint8_t type, uint32_t offset,
                           uint32_t length)
{
    uint8_t *capability = function->config + FW_MACHINE_CAPS + number * FW_MACHINE_CAP_GAP;

    capability[0] = ZP_PCI_CAPABILITY_VENDOR;
    capability[1] = number == 3 ? 0 : (uint8_t)(FW_MACHINE_CAPS + (number + 1) * FW_MACHINE_CAP_GAP);
    capability[2] = type == ZP_VIRTIO_PCI_CAP_NOTIFY_CFG ? 20 : 16;
    capability[3] = type;
    capability[4] = 4;
    put(capability + 8, 4, offset);
    put(capability + 12, 4, length);
    if (type == ZP_VIRTIO_PCI_CAP_NOTIFY_CFG)
        put(capability + 16, 4, MULTIPLIER);
}

struct fw_function *fw_machine_pci(struct fw_model *model, uint16_t at, uint64_t base)
{
    struct fw_function *function =
        fw_machine_function(at, ZP_VIRTIO_PCI_VENDOR, (uint16_t)(ZP_VIRTIO_PCI_DEVICE_TYPE0 + model->type));

    model->base = base;
    model->function = (unsigned)fw_machine.function_count - 1;
    function->model = model;
    add_model(model);
    put(function->config + ZP_PCI_STATUS, 2, ZP_PCI_STATUS_CAPABILITIES);
    function->config[ZP_PCI_CAPABILITIES] = FW_MACHINE_CAPS;
    put(function->config + ZP_PCI_BAR0 + 16, 8, base | ZP_PCI_BAR_TYPE_64 | ZP_PCI_BAR_PREFETCH);
    function->bar_mask[4] = ~(FW_MACHINE_BAR - 1);
    function->bar_mask[5] = UINT32_MAX;
    add_capability(function, 0, ZP_VIRTIO_PCI_CAP_COMMON_CFG, COMMON_AT, 0x1000);
    add_capability(function, 1, ZP_VIRTIO_PCI_CAP_ISR_CFG, ISR_AT, 0x1000);
    add_capability(function, 2, ZP_VIRTIO_PCI_CAP_DEVICE_CFG, DEVICE_AT, 0x1000);
    add_capability(function, 3, ZP_VIRTIO_PCI_CAP_NOTIFY_CFG, NOTIFY_AT, 0x1000);
    return function;
}

void fw_machine_mmio(struct fw_model *model, uint64_t base)
{
    model->base = base;
    model->mmio = true;
    add_model(model);
}

static uint16_t command_of(const struct fw_model *model)
{
    return (uint16_t)get(fw_machine.functions[model->function].config + ZP_PCI_COMMAND, 2);
}

bool fw_machine_is_quiet(void)
{
    for (size_t i = 0; i < fw_machine.model_count; i++) {
        const struct fw_model *model = fw_machine.models[i];

        if (model->status != 0 || model->enabled || model->pending)
            return false;
        if (!model->mmio && command_of(model) != FW_MACHINE_COMMAND)
            return false;
    }
    return true;
}

uint8_t fw_machine_byte(uint64_t offset, unsigned unit)
{
    return (uint8_t)((offset * 0x9e3779b97f4a7c15u >> 56) + unit);
}

/* --- memory that devices reach --- */

static uint8_t *reach(uint64_t address, uint64_t size)
{
    for (size_t i = 0; i < fw_machine.memory_count; i++) {
        uint64_t start = (uintptr_t)fw_machine.memory[i].start, most = fw_machine.memory[i].size;

        if (address >= start && address - start <= most && size <= most - (address - start))
            return (uint8_t *)(uintptr_t)address;
    }
    insist(false, "descriptors and rings lie in memory");
    return NULL;
}

#define PIECES 256
struct request {
    struct fw_model *model;
    struct zp_virtq_desc pieces[PIECES];
    unsigned count, readable;
    uint64_t in_size; /* bytes that the device may write */
};

static void gather(struct request *request, uint16_t head)
{
    const struct fw_model *model = request->model;
    uint16_t at = head;

    for (;;) {
        struct zp_virtq_desc *piece = &request->pieces[request->count];

        insist(at < model->queue_size, "a descriptor's number is below the queue's size");
        insist(request->count < model->queue_size && request->count < PIECES, "a chain has no loop");
        memcpy(piece, reach(model->desc + 16u * at, 16), 16);
        insist((piece->flags & ~(ZP_VIRTQ_DESC_F_NEXT | ZP_VIRTQ_DESC_F_WRITE)) == 0,
               "flags that were agreed on");
        insist(piece->len != 0, "no piece is empty");
        reach(piece->addr, piece->len);
        if (piece->flags & ZP_VIRTQ_DESC_F_WRITE)
            request->in_size += piece->len;
        else
            insist(request->readable++ == request->count, "what the device reads comes first");
        request->count++;
        if (!(piece->flags & ZP_VIRTQ_DESC_F_NEXT))
            return;
        at = piece->next;
    }
}

/* Writes to the chain at an offset among the bytes that may be written. */
static void answer_at(const struct request *request, uint64_t offset, const void *bytes, uint64_t size)
{
    const uint8_t *from = bytes;

    for (unsigned i = request->readable; i < request->count && size; i++) {
        uint64_t room = request->pieces[i].len;

        if (offset >= room) {
            offset -= room;
            continue;
        }
        room -= offset;
        if (room > size)
            room = size;
        memcpy(reach(request->pieces[i].addr + offset, room), from, room);
        from += room;
        size -= room;
        offset = 0;
    }
    insist(size == 0, "there is room for the answer");
}

static void send_disk(const struct request *request, uint64_t offset, uint64_t start, uint64_t size,
                      unsigned unit)
{
    uint8_t block[512];

    for (uint64_t done = 0; done < size; done += sizeof(block)) {
        for (unsigned i = 0; i < sizeof(block); i++)
            block[i] = fw_machine_byte(start + done + i, unit);
        answer_at(request, offset + done, block, size - done < sizeof(block) ? size - done : sizeof(block));
    }
}

static void note_data(struct request *request, unsigned first, unsigned behind)
{
    struct fw_model *model = request->model;
    uint64_t size = 0;

    for (unsigned i = first; i + behind < request->count; i++) {
        size += request->pieces[i].len;
        if (request->pieces[i].len > model->segment_longest)
            model->segment_longest = request->pieces[i].len;
    }
    if (size > model->longest)
        model->longest = (uint32_t)size;
}

/* --- block --- */

static uint64_t do_block(struct request *request)
{
    struct fw_model *model = request->model;
    const uint64_t size = request->in_size - 1;
    struct zp_virtio_blk_req header;
    uint8_t status = model->mischief == FW_FAILS ? 1 : ZP_VIRTIO_BLK_S_OK;
    uint64_t sectors = get(model->config + ZP_VIRTIO_BLK_CAPACITY, 8);

    insist(request->readable == 1 && request->pieces[0].len == sizeof(header),
           "a block request has a header");
    memcpy(&header, reach(request->pieces[0].addr, sizeof(header)), sizeof(header));
    insist(header.type == ZP_VIRTIO_BLK_T_IN, "a disk is read only");
    insist(request->pieces[request->count - 1].len == 1, "the status is a piece of its own");
    demand(size % model->sector_size == 0 && header.sector % (model->sector_size / 512) == 0,
           "whole sectors");
    demand(header.sector <= sectors && size / 512 <= sectors - header.sector, "on the disk");
    note_data(request, 1, 1);
    if (status == ZP_VIRTIO_BLK_S_OK)
        send_disk(request, 0, header.sector * 512, size, 0);
    if (model->mischief != FW_NO_STATUS_BYTE)
        answer_at(request, size, &status, 1);
    return status == ZP_VIRTIO_BLK_S_OK ? size + 1 : 1;
}

/* --- SCSI --- */

struct scsi {
    struct request *request;
    struct zp_virtio_scsi_cmd command;
    struct zp_virtio_scsi_resp response;
    uint64_t room; /* for data */
    unsigned target, lun;
};

static void scsi_data(struct scsi *scsi, const void *bytes, uint64_t size)
{
    uint64_t sent = size < scsi->room ? size : scsi->room;

    answer_at(scsi->request, sizeof(scsi->response), bytes, sent);
    scsi->response.resid = (uint32_t)(scsi->room - sent);
}

static void scsi_fault(struct scsi *scsi, uint8_t key)
{
    scsi->response.status = 2;
    scsi->response.sense_len = 18;
    scsi->response.sense[0] = 0x70;
    scsi->response.sense[2] = key;
}

static void scsi_inquiry(struct scsi *scsi)
{
    const struct fw_model *model = scsi->request->model;
    uint8_t data[64] = {0};

    if (scsi->command.cdb[1] & 1) {
        if (!model->limit || scsi->command.cdb[2] != 0xb0) {
            scsi_fault(scsi, 5);
            return;
        }
        data[1] = 0xb0;
        data[3] = 60;
        put_big(data + 8, 4, model->limit);
        scsi_data(scsi, data, sizeof(data));
        return;
    }
    data[0] = model->scsi_type;
    data[4] = 31;
    scsi_data(scsi, data, 36);
}

static void scsi_luns(struct scsi *scsi)
{
    const struct fw_model *model = scsi->request->model;
    bool endless = model->mischief == FW_ENDLESS_UNITS;
    /* On a bus behind the target, of two levels, extended, and 300. */
    static const uint8_t strange[] = {0x05, 1, 0, 0, 0, 0, 0, 0, 0,    2,    0, 1, 0, 0, 0, 0,
                                      0xc1, 0, 0, 0, 0, 0, 0, 0, 0x41, 0x2c, 0, 0, 0, 0, 0, 0};
    uint8_t data[8 + 8 * 64] = {0};
    unsigned units = endless ? 64 : model->units;

    if (model->mischief == FW_STRANGE_UNITS) {
        put_big(data, 4, sizeof(strange));
        memcpy(data + 8, strange, sizeof(strange));
        scsi_data(scsi, data, 8 + sizeof(strange));
        return;
    }
    put_big(data, 4, endless ? UINT32_MAX : units * 8);
    for (unsigned i = 0; i < units; i++) {
        data[8 + 8 * i] = i & 1 ? 0x40 : 0; /* both forms */
        data[8 + 8 * i + 1] = (uint8_t)i;
    }
    scsi_data(scsi, data, 8 + 8 * units);
}

static void scsi_capacity(struct scsi *scsi, bool wide)
{
    const struct fw_model *model = scsi->request->model;
    uint64_t last = model->sectors - 1;
    uint8_t data[32] = {0};

    if (wide) {
        put_big(data, 8, last);
        put_big(data + 8, 4, model->sector_size);
        scsi_data(scsi, data, 32);
        return;
    }
    put_big(data, 4, last < UINT32_MAX ? last : UINT32_MAX);
    put_big(data + 4, 4, model->sector_size);
    scsi_data(scsi, data, 8);
}

static void scsi_read(struct scsi *scsi, uint64_t sector, uint64_t count)
{
    struct fw_model *model = scsi->request->model;
    uint64_t size = count * model->sector_size;

    demand(size == scsi->room, "a read has room for what it asks");
    note_data(scsi->request, 2, 0);
    if (model->mischief == FW_FAILS || sector > model->sectors || count > model->sectors - sector) {
        scsi_fault(scsi, 3);
        return;
    }
    if (model->mischief == FW_SHORT)
        size -= model->sector_size;
    if (size > scsi->room)
        size = scsi->room;
    send_disk(scsi->request, sizeof(scsi->response), sector * model->sector_size, size, scsi->lun);
    scsi->response.resid = (uint32_t)(scsi->room - size);
}

static void scsi_run(struct scsi *scsi)
{
    const uint8_t *cdb = scsi->command.cdb;
    struct fw_model *model = scsi->request->model;

    model->last_opcode = cdb[0];
    if (model->attentions && cdb[0] != 0x00 && cdb[0] != 0x12 && cdb[0] != 0xa0) {
        model->attentions--;
        scsi_fault(scsi, 6);
        return;
    }
    switch (cdb[0]) {
    case 0x00: return;
    case 0x12: scsi_inquiry(scsi); return;
    case 0xa0: scsi_luns(scsi); return;
    case 0x25: scsi_capacity(scsi, false); return;
    case 0x9e: scsi_capacity(scsi, true); return;
    case 0x28: scsi_read(scsi, get_big(cdb + 2, 4), get_big(cdb + 7, 2)); return;
    case 0x88: scsi_read(scsi, get_big(cdb + 2, 8), get_big(cdb + 10, 4)); return;
    default: insist(false, "a command that a disk has");
    }
}

static uint64_t do_scsi(struct request *request)
{
    const struct fw_model *model = request->model;
    struct scsi scsi = {.request = request};
    bool endless = model->mischief == FW_ENDLESS_UNITS;
    uint64_t written;

    insist(request->readable == 1 && request->pieces[0].len == sizeof(scsi.command),
           "a command of its length");
    insist(request->count >= 2 && request->pieces[1].len == sizeof(scsi.response), "room for a response");
    memcpy(&scsi.command, reach(request->pieces[0].addr, sizeof(scsi.command)), sizeof(scsi.command));
    insist(scsi.command.lun[0] == 1 && scsi.command.lun[2] >> 6 == 1, "an address of the host's form");
    scsi.room = request->in_size - sizeof(scsi.response);
    scsi.response.resid = (uint32_t)scsi.room;
    scsi.target = scsi.command.lun[1];
    scsi.lun = (scsi.command.lun[2] & 0x3fu) << 8 | scsi.command.lun[3];
    if (!endless && scsi.target >= model->targets)
        scsi.response.response = ZP_VIRTIO_SCSI_S_BAD_TARGET;
    else if (!endless && scsi.lun >= model->units)
        scsi.response.response = ZP_VIRTIO_SCSI_S_INCORRECT_LUN;
    else
        scsi_run(&scsi);
    written = sizeof(scsi.response) + scsi.room - scsi.response.resid;
    if (model->mischief == FW_WILD_RESID)
        scsi.response.resid = (uint32_t)scsi.room + 1;
    if (model->mischief != FW_NO_STATUS_BYTE)
        answer_at(request, 0, &scsi.response, sizeof(scsi.response));
    return written;
}

static uint64_t do_rng(struct request *request)
{
    enum fw_mischief mischief = request->model->mischief;
    uint64_t size = mischief == FW_SHORT ? 1 : mischief == FW_EMPTY ? 0 : request->in_size;

    insist(request->readable == 0, "nothing for the device to read");
    send_disk(request, 0, 0, size, 0);
    return size;
}

/* --- rings --- */

static void put_used(struct fw_model *model, uint16_t place, uint32_t id, uint32_t length)
{
    struct zp_virtq_used_elem element = {(uint32_t)twist(id), (uint32_t)twist(length)};

    memcpy(reach(model->used + 4 + 8u * (place % model->queue_size), 8), &element, 8);
}

/* Loops, and addresses that nobody has: the driver writes anew what it needs of them. */
static void scribble(struct fw_model *model)
{
    for (uint16_t i = 0; i < model->queue_size; i++) {
        struct zp_virtq_desc desc = {UINT64_MAX - i, UINT32_MAX, 7, i};

        memcpy(reach(model->desc + 16u * i, 16), &desc, 16);
        memset(reach(model->avail + 4 + 2u * i, 2), 0xee, 2);
    }
    memset(reach(model->avail, 4), 0xee, 4);
}

static void finish(struct fw_model *model, uint16_t head, uint64_t written, uint64_t room)
{
    uint16_t index, step = 1;

    switch (model->mischief) {
    case FW_WRONG_ID: head++; break;
    case FW_TWICE: head = 0; break;
    case FW_LONG: written = room + 1; break;
    case FW_INDEX_AHEAD: step = 2; break;
    case FW_INDEX_BACK: step = (uint16_t)-1; break;
    default: break;
    }
    put_used(model, model->done, model->mischief == FW_WILD_ID ? UINT32_MAX : head, (uint32_t)written);
    model->done = (uint16_t)(model->done + step);
    index = (uint16_t)twist(model->done);
    memcpy(reach(model->used + 2, 2), &index, 2);
}

/* Who was told of another device asks for other things. */
static bool is_understood(const struct request *request)
{
    const struct zp_virtq_desc *pieces = request->pieces;
    unsigned last = request->count - 1;

    if (!fw_machine.twist)
        return true;
    switch (request->model->type) {
    case ZP_VIRTIO_ID_BLOCK:
        return request->readable == 1 && pieces[0].len == sizeof(struct zp_virtio_blk_req) && last > 0 &&
               pieces[last].len == 1;
    case ZP_VIRTIO_ID_SCSI:
        return request->readable == 1 && pieces[0].len == sizeof(struct zp_virtio_scsi_cmd) && last > 0 &&
               pieces[1].len == sizeof(struct zp_virtio_scsi_resp);
    default: return request->readable == 0;
    }
}

static void process_one(struct fw_model *model)
{
    static struct request request;
    uint64_t written;
    uint16_t head;

    memcpy(&head, reach(model->avail + 4 + 2u * (model->seen % model->queue_size), 2), 2);
    model->seen++;
    memset(&request, 0, sizeof(request));
    request.model = model;
    gather(&request, head);
    model->requests++;
    written = !is_understood(&request)            ? 0
              : model->type == ZP_VIRTIO_ID_BLOCK ? do_block(&request)
              : model->type == ZP_VIRTIO_ID_SCSI  ? do_scsi(&request)
                                                  : do_rng(&request);
    finish(model, head, written, request.in_size);
}

/* A driver counts by itself: an index that was scribbled over is its own again. */
static void process(struct fw_model *model)
{
    uint16_t index, left;

    memcpy(&index, reach(model->avail + 2, 2), 2);
    left = (uint16_t)(index - model->seen);
    model->pending = false;
    demand(left > 0 && left <= model->queue_size, "as many requests as a queue has places");
    if (left > model->queue_size)
        return;
    while (left-- > 0)
        process_one(model);
    if (model->mischief == FW_SCRIBBLES)
        scribble(model);
}

static void notified(struct fw_model *model, uint32_t queue)
{
    demand(model->status & ZP_VIRTIO_STATUS_DRIVER_OK && model->enabled, "nothing is asked before DRIVER_OK");
    demand(queue == (model->type == ZP_VIRTIO_ID_SCSI ? 2u : 0u), "the queue that there is");
    demand(model->mmio || command_of(model) & ZP_PCI_COMMAND_MASTER, "a bus master");
    if (!model->enabled)
        return;
    model->pending = true;
    model->rounds = 0;
    switch (model->mischief) {
    case FW_SILENT:
    case FW_NEVER_RESETS:
    case FW_LATE:
    case FW_SLOW: return;
    case FW_WANTS_RESET: model->status |= ZP_VIRTIO_STATUS_NEEDS_RESET; return;
    case FW_FORGETS: model->status = 0; return;
    case FW_PULLED_OUT: return;
    default: process(model);
    }
}

/* --- registers --- */

static void set_status(struct fw_model *model, uint8_t status)
{
    const uint8_t order[] = {0x00, 0x01, 0x03, 0x0b, 0x0f};
    bool found = false;

    if (status == 0) {
        model->resets++;
        model->pending = model->enabled = model->was_ready = false;
        if (model->mischief == FW_IMMUNE || (model->mischief == FW_NEVER_RESETS && model->status & 4))
            return;
        model->status = 0;
        model->accepted = 0;
        model->seen = model->done = 0;
        model->desc = model->avail = model->used = 0;
        return;
    }
    for (unsigned i = 1; i < sizeof(order); i++)
        if (order[i] == status && (order[i - 1] == model->status || model->status == status))
            found = true;
    demand(found || model->mischief != FW_HONEST, "status bits are set in their order");
    if (status == 0x0b) {
        demand((model->accepted & ~model->offers) == 0, "no feature that was not offered");
        if (model->mischief == FW_TAKES_NO_FEATURES)
            status = 0x03;
    }
    if (status == 0x0f)
        demand(model->enabled, "the queue is there before DRIVER_OK");
    model->status = status;
}

static void set_enabled(struct fw_model *model)
{
    demand(model->status == 0x0b, "queues are set up after FEATURES_OK and before DRIVER_OK");
    insist(model->queue_size && (model->queue_size & (model->queue_size - 1)) == 0 &&
               model->queue_size <= model->queue_max,
           "a queue's size is a power of two, and not more than it may be");
    insist(model->desc % 16 == 0 && model->avail % 2 == 0 && model->used % 4 == 0, "alignments of 2.7");
    reach(model->desc, 16u * model->queue_size);
    reach(model->avail, 4u + 2u * model->queue_size);
    reach(model->used, 4u + 8u * model->queue_size);
    model->enabled = true;
}

static uint64_t features(const struct fw_model *model, uint32_t select)
{
    return select > 1 ? 0 : model->offers >> 32 * select & UINT32_MAX;
}

static void set_features(struct fw_model *model, uint32_t select, uint64_t value)
{
    demand(select <= 1 && model->status == 0x03, "features are told between DRIVER and FEATURES_OK");
    model->accepted &= ~((uint64_t)UINT32_MAX << 32 * select);
    model->accepted |= value << 32 * select;
}

static void set_half(uint64_t *address, bool high, uint64_t value)
{
    *address = high ? (*address & UINT32_MAX) | value << 32 : (*address & ~(uint64_t)UINT32_MAX) | value;
}

static uint32_t queue_max(const struct fw_model *model)
{
    bool here = model->queue_select <= (model->type == ZP_VIRTIO_ID_SCSI ? 2u : 0u);

    return here && model->mischief != FW_NO_QUEUE ? model->queue_max : 0;
}

static uint32_t generation(struct fw_model *model)
{
    return model->mischief == FW_RESTLESS ? ++model->generation : model->generation;
}

static uint64_t read_config(const struct fw_model *model, uint64_t offset, unsigned width)
{
    demand(offset % width == 0, "configuration is read by whole fields");
    if (offset + width > model->config_bytes)
        return 0;
    return get(model->config + offset, width);
}

static uint64_t read_common(struct fw_model *model, uint64_t offset, unsigned width)
{
    switch (offset << 4 | width) {
    case 0x044: return features(model, model->feature_select);
    case 0x141: return model->status;
    case 0x151: return generation(model) & 0xff;
    case 0x182: return queue_max(model);
    case 0x1e2: return 1; /* its place of notification */
    default: demand(false, "a common register, by its own width"); return 0;
    }
}

static void write_common(struct fw_model *model, uint64_t offset, unsigned width, uint32_t value)
{
    switch (offset << 4 | width) {
    case 0x004: model->feature_select = value; return;
    case 0x084: model->driver_select = value; return;
    case 0x0c4: set_features(model, model->driver_select, value); return;
    case 0x141: set_status(model, (uint8_t)value); return;
    case 0x162: model->queue_select = value; return;
    case 0x182: model->queue_size = value; return;
    case 0x1c2: set_enabled(model); return;
    case 0x204:
    case 0x244: set_half(&model->desc, offset & 4, value); return;
    case 0x284:
    case 0x2c4: set_half(&model->avail, offset & 4, value); return;
    case 0x304:
    case 0x344: set_half(&model->used, offset & 4, value); return;
    default: demand(false, "a common register that can be written, by its own width");
    }
}

static uint64_t read_bar(struct fw_model *model, uint64_t offset, unsigned width)
{
    if (offset >= DEVICE_AT && offset < NOTIFY_AT)
        return read_config(model, offset - DEVICE_AT, width);
    return read_common(model, offset, width);
}

static void write_bar(struct fw_model *model, uint64_t offset, unsigned width, uint32_t value)
{
    if (offset < NOTIFY_AT) {
        write_common(model, offset, width, value);
        return;
    }
    demand(width == 2 && offset == NOTIFY_AT + MULTIPLIER, "a notification where the queue has its own");
    notified(model, value);
}

static uint64_t read_mmio(struct fw_model *model, uint64_t offset, unsigned width)
{
    if (offset >= ZP_VIRTIO_MMIO_CONFIG)
        return read_config(model, offset - ZP_VIRTIO_MMIO_CONFIG, width);
    demand(width == 4, "registers have 32 bits");
    switch (offset) {
    case ZP_VIRTIO_MMIO_MAGIC_VALUE: return ZP_VIRTIO_MMIO_MAGIC;
    case ZP_VIRTIO_MMIO_VERSION: return model->legacy ? 1 : 2;
    case ZP_VIRTIO_MMIO_DEVICE_ID: return model->type;
    case ZP_VIRTIO_MMIO_DEVICE_FEATURES: return features(model, model->feature_select);
    case ZP_VIRTIO_MMIO_QUEUE_NUM_MAX: return queue_max(model);
    case ZP_VIRTIO_MMIO_STATUS: return model->status | (model->mischief == FW_WIDE_STATUS ? 0x100 : 0);
    case ZP_VIRTIO_MMIO_CONFIG_GENERATION: return generation(model);
    default: demand(false, "a register that can be read"); return 0;
    }
}

static void write_mmio(struct fw_model *model, uint64_t offset, unsigned width, uint32_t value)
{
    demand(width == 4 && !model->legacy, "registers have 32 bits");
    switch (offset) {
    case ZP_VIRTIO_MMIO_DEVICE_FEATURES_SEL: model->feature_select = value; return;
    case ZP_VIRTIO_MMIO_DRIVER_FEATURES_SEL: model->driver_select = value; return;
    case ZP_VIRTIO_MMIO_DRIVER_FEATURES: set_features(model, model->driver_select, value); return;
    case ZP_VIRTIO_MMIO_QUEUE_SEL: model->queue_select = value; return;
    case ZP_VIRTIO_MMIO_QUEUE_NUM: model->queue_size = value; return;
    case ZP_VIRTIO_MMIO_QUEUE_READY: set_enabled(model); return;
    case ZP_VIRTIO_MMIO_QUEUE_NOTIFY: notified(model, value); return;
    case ZP_VIRTIO_MMIO_STATUS: set_status(model, (uint8_t)value); return;
    case ZP_VIRTIO_MMIO_QUEUE_DESC:
    case ZP_VIRTIO_MMIO_QUEUE_DESC + 4: set_half(&model->desc, offset & 4, value); return;
    case ZP_VIRTIO_MMIO_QUEUE_DRIVER:
    case ZP_VIRTIO_MMIO_QUEUE_DRIVER + 4: set_half(&model->avail, offset & 4, value); return;
    case ZP_VIRTIO_MMIO_QUEUE_DEVICE:
    case ZP_VIRTIO_MMIO_QUEUE_DEVICE + 4: set_half(&model->used, offset & 4, value); return;
    default: demand(false, "a register that can be written");
    }
}

/* --- PCI configuration --- */

static uint64_t read_pci(uint16_t at, uint32_t offset, unsigned width)
{
    demand(offset + width <= 256 && offset % width == 0, "configuration is read by whole fields");
    for (size_t i = 0; i < fw_machine.function_count; i++)
        if (fw_machine.functions[i].at == at)
            return get(fw_machine.functions[i].config + offset, width);
    return UINT32_MAX >> (32 - 8 * width);
}

static void write_pci(uint16_t at, uint32_t offset, unsigned width, uint32_t value)
{
    for (size_t i = 0; i < fw_machine.function_count; i++) {
        struct fw_function *function = &fw_machine.functions[i];
        unsigned bar = (offset - ZP_PCI_BAR0) / 4;

        if (function->at != at)
            continue;
        if (offset == ZP_PCI_COMMAND && width == 2) {
            put(function->config + offset, 2, value);
            return;
        }
        demand(width == 4 && offset >= ZP_PCI_BAR0 && bar < 6 && offset % 4 == 0,
               "only command and BARs change");
        demand(!(get(function->config + ZP_PCI_COMMAND, 2) & ZP_PCI_COMMAND_MEMORY),
               "a BAR is asked for its size when nothing is decoded");
        value &= function->bar_mask[bar];
        put(function->config + offset, 4,
            value | (get(function->config + offset, 4) & ~function->bar_mask[bar]));
        return;
    }
    demand(false, "a function that is there");
}

/* --- io.h --- */

static void count_access(void)
{
    insist(!fw_machine.limit || ++fw_machine.accesses <= fw_machine.limit, "accesses are bounded");
}

static struct fw_model *model_at(uint64_t address, uint64_t *ret_offset)
{
    for (size_t i = 0; i < fw_machine.model_count; i++) {
        struct fw_model *model = fw_machine.models[i];
        uint64_t offset = address - model->base;

        if (offset >= (model->mmio ? MMIO_SIZE : FW_MACHINE_BAR))
            continue;
        demand(model->mmio || command_of(model) & ZP_PCI_COMMAND_MEMORY, "a BAR that is decoded");
        *ret_offset = offset;
        return model;
    }
    return NULL;
}

static uint64_t read_any(uint64_t address, unsigned width)
{
    struct fw_model *model;
    uint64_t offset;

    count_access();
    if (fw_machine.ecam && address - fw_machine.ecam < ECAM_SIZE) {
        offset = address - fw_machine.ecam;
        return twist(read_pci((uint16_t)(offset >> 12), (uint32_t)(offset & 0xfff), width));
    }
    model = model_at(address, &offset);
    demand(model, "registers of a device");
    if (!model || (model->mischief == FW_PULLED_OUT && model->pending))
        return UINT32_MAX >> (32 - 8 * width);
    return twist(model->mmio ? read_mmio(model, offset, width) : read_bar(model, offset, width));
}

static void write_any(uint64_t address, unsigned width, uint32_t value)
{
    struct fw_model *model;
    uint64_t offset;

    count_access();
    if (fw_machine.ecam && address - fw_machine.ecam < ECAM_SIZE) {
        offset = address - fw_machine.ecam;
        write_pci((uint16_t)(offset >> 12), (uint32_t)(offset & 0xfff), width, value);
        return;
    }
    model = model_at(address, &offset);
    demand(model, "registers of a device");
    if (!model)
        return;
    if (model->mischief == FW_PULLED_OUT && model->pending) {
        if (value == 0)
            model->resets++; /* in vain */
        return;
    }
    if (model->mmio)
        write_mmio(model, offset, width, value);
    else
        write_bar(model, offset, width, value);
}

static uint64_t in_any(uint16_t port, unsigned width)
{
    uint32_t address = fw_machine.address;

    count_access();
    insist(!fw_machine.ecam && address & ZP_PCI_ADDRESS_ENABLE && port >= ZP_PCI_PORT_DATA &&
               port < ZP_PCI_PORT_DATA + 4,
           "the ports of PCI");
    return twist(read_pci((uint16_t)(address >> 8), (address & 0xfc) | (port & 3u), width));
}

static void out_any(uint16_t port, unsigned width, uint32_t value)
{
    uint32_t address = fw_machine.address;

    count_access();
    if (port == ZP_PCI_PORT_ADDRESS && width == 4) {
        fw_machine.address = value;
        return;
    }
    insist(!fw_machine.ecam && address & ZP_PCI_ADDRESS_ENABLE && port >= ZP_PCI_PORT_DATA &&
               port < ZP_PCI_PORT_DATA + 4,
           "the ports of PCI");
    write_pci((uint16_t)(address >> 8), (address & 0xfc) | (port & 3u), width, value);
}

uint8_t fw_in8(uint16_t port)
{
    return (uint8_t)in_any(port, 1);
}

uint16_t fw_in16(uint16_t port)
{
    return (uint16_t)in_any(port, 2);
}

uint32_t fw_in32(uint16_t port)
{
    return (uint32_t)in_any(port, 4);
}

void fw_out8(uint16_t port, uint8_t value)
{
    out_any(port, 1, value);
}

void fw_out16(uint16_t port, uint16_t value)
{
    out_any(port, 2, value);
}

void fw_out32(uint16_t port, uint32_t value)
{
    out_any(port, 4, value);
}

uint8_t fw_read8(uint64_t address)
{
    return (uint8_t)read_any(address, 1);
}

uint16_t fw_read16(uint64_t address)
{
    return (uint16_t)read_any(address, 2);
}

uint32_t fw_read32(uint64_t address)
{
    return (uint32_t)read_any(address, 4);
}

void fw_write8(uint64_t address, uint8_t value)
{
    write_any(address, 1, value);
}

void fw_write16(uint64_t address, uint16_t value)
{
    write_any(address, 2, value);
}

void fw_write32(uint64_t address, uint32_t value)
{
    write_any(address, 4, value);
}

void fw_fence(void)
{
}

uint64_t fw_ticks(void)
{
    return fw_machine.ticks += fw_machine.step ? 1 : 0;
}

/* While the driver waits, those that take their time come to their answers. */
void fw_pause(void)
{
    fw_machine.ticks += fw_machine.step;
    for (size_t i = 0; i < fw_machine.model_count; i++) {
        struct fw_model *model = fw_machine.models[i];

        if (!model->pending)
            continue;
        if (model->mischief == FW_SLOW) {
            if (model->rounds++ == 0) {
                fw_machine.ticks += model->delay;
                continue;
            }
            process(model);
        } else if (model->mischief == FW_LATE && ++model->rounds == LATE_ROUNDS) {
            process(model);
        }
    }
}

bool fw_reach(uint64_t address, uint64_t size)
{
    return fw_machine.unreachable == 0 || address + size <= fw_machine.unreachable;
}
