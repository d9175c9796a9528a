/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-scsi: the disks behind a SCSI host. Receives a device that is found; guarantees that a scan of its
 * targets ends in bounded time, that lengths in answers are held against what was received, and that reads
 * lie on the disk and have all of their bytes. VIRTIO 1.2, section 5.6; SPC-4 6.4 (INQUIRY), 6.33 (REPORT
 * LUNS); SBC-3 5.10 (READ), 5.15 (READ CAPACITY), 6.5.3 (block limits).
 */
#include "../core/checked.h"
#include "io.h"
#include "virtio.h"

#define QUEUE_SIZE   64
#define PROBES       32   /* targets that are asked at once */
#define TARGETS      256u /* an address has 8 bits of target */
#define LUNS         32u  /* of one target; others are not looked at */
#define TRIES        4    /* a new disk answers first that it is new */
#define SECTOR_LEAST 512u
#define SECTOR_MAX   4096u
#define UNIT         512u /* of max_sectors */
#define COUNT_MAX    UINT16_MAX
#define CDB_SIZE     16
#define FLAT         1 /* the upper two bits of a unit's number: 14 more, no bus */

#define OP_TEST_UNIT_READY 0x00
#define OP_INQUIRY         0x12
#define OP_READ_CAPACITY   0x25
#define OP_READ10          0x28
#define OP_READ16          0x88
#define OP_SERVICE_IN16    0x9e /* with this action it reads the capacity */
#define READ_CAPACITY16    0x10
#define OP_REPORT_LUNS     0xa0
#define PAGE_BLOCK_LIMITS  0xb0

#define STATUS_GOOD            0x00
#define STATUS_CHECK_CONDITION 0x02
#define STATUS_BUSY            0x08
#define SENSE_UNIT_ATTENTION   0x06
#define TYPE_DISK              0x00
#define TYPE_CD                0x05

/* Where things lie in a device's scratch; the rest is for the data of small commands. */
#define COMMAND_AT  0
#define RESPONSE_AT 64
#define DATA_AT     256
#define DATA_MAX    (FW_SCRATCH - DATA_AT)

struct lun {
    struct fw_virtio *device;
    uint8_t address[8];
    uint64_t sectors;
    uint32_t sector_size, max_count;
};

static uint32_t big32(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint64_t big64(const unsigned char *bytes)
{
    return (uint64_t)big32(bytes) << 32 | big32(bytes + 4);
}

static void put_big32(unsigned char *bytes, uint32_t value)
{
    value = __builtin_bswap32(value);
    memcpy(bytes, &value, sizeof(value));
}

/* The key, by either format of sense data (SPC-4 4.5). */
static uint8_t sense_key(const struct zp_virtio_scsi_resp *response)
{
    return (response->sense[0] & 0x7e) == 0x72 ? response->sense[1] & 15 : response->sense[2] & 15;
}

struct scan {
    struct fw_virtio *device;
    uint64_t begin;
    uint32_t max_sectors;
    unsigned char *probes; /* memory for PROBES questions and answers */
};

enum answer {
    ANSWER_GOOD,
    ANSWER_AGAIN,
    ANSWER_NOBODY, /* no such target or unit */
    ANSWER_ERROR,
    ANSWER_BROKEN /* the device is no more */
};

static enum answer judge(const struct zp_virtio_scsi_resp *response)
{
    switch (response->response) {
    case ZP_VIRTIO_SCSI_S_OK: break;
    case ZP_VIRTIO_SCSI_S_RESET:
    case ZP_VIRTIO_SCSI_S_BUSY: return ANSWER_AGAIN;
    case ZP_VIRTIO_SCSI_S_BAD_TARGET:
    case ZP_VIRTIO_SCSI_S_INCORRECT_LUN: return ANSWER_NOBODY;
    default: return ANSWER_ERROR;
    }
    if (response->status == STATUS_GOOD)
        return ANSWER_GOOD;
    if (response->status == STATUS_BUSY ||
        (response->status == STATUS_CHECK_CONDITION && sense_key(response) == SENSE_UNIT_ATTENTION))
        return ANSWER_AGAIN;
    return ANSWER_ERROR;
}

/* One try. The answer is copied before it is judged. */
static enum answer try_once(const struct lun *lun, const uint8_t *cdb, void *data, uint32_t size,
                            uint32_t *ret_got)
{
    unsigned char *scratch = lun->device->scratch;
    struct zp_virtio_scsi_cmd command = {.tag = 1};
    struct zp_virtio_scsi_resp response;
    const struct fw_virtio_part parts[] = {
        {scratch + COMMAND_AT, sizeof(command), false},
        {scratch + RESPONSE_AT, sizeof(response), true},
        {data, size, true},
    };
    uint32_t written;

    memcpy(command.lun, lun->address, sizeof(command.lun));
    memcpy(command.cdb, cdb, CDB_SIZE);
    memcpy(scratch + COMMAND_AT, &command, sizeof(command));
    memset(scratch + RESPONSE_AT, 0xff, sizeof(response)); /* no answer that we know */
    if (fw_virtio_request(lun->device, parts, 3, &written))
        return ANSWER_BROKEN;
    memcpy(&response, scratch + RESPONSE_AT, sizeof(response));
    if (response.resid > size)
        response.resid = size;
    *ret_got = size - response.resid;
    return judge(&response);
}

static enum answer run(const struct lun *lun, const uint8_t *cdb, void *data, uint32_t size,
                       uint32_t *ret_got)
{
    enum answer answer = ANSWER_AGAIN;

    *ret_got = 0;
    for (unsigned try = 0; try < TRIES && answer == ANSWER_AGAIN; try++)
        answer = try_once(lun, cdb, data, size, ret_got);
    return answer;
}

/* A small command, its data in scratch, zeros where it sent none. */
static enum answer ask(const struct lun *lun, const uint8_t *cdb, uint32_t size, uint32_t *ret_got)
{
    memset(lun->device->scratch + DATA_AT, 0, DATA_MAX);
    return run(lun, cdb, lun->device->scratch + DATA_AT, size, ret_got);
}

static void name(const struct lun *lun, char *text, size_t size)
{
    fw_name_text(text, size, lun->device->name);
    fw_name_text(text, size, " target ");
    fw_name_number(text, size, lun->address[1], 10, 1);
    fw_name_text(text, size, " lun ");
    fw_name_number(text, size, (lun->address[2] & 0x3fu) << 8 | lun->address[3], 10, 1);
}

static int read_sectors(void *context, uint64_t sector, uint32_t count, void *buffer)
{
    const struct lun *lun = context;
    uint32_t size = count * lun->sector_size, got;
    char text[sizeof(((struct fw_disk *)NULL)->name)] = "";
    uint8_t cdb[CDB_SIZE] = {OP_READ10};
    enum answer answer;

    if (!lun->device->running || count == 0 || count > lun->max_count ||
        !zp_fits(sector, count, lun->sectors))
        return -1;
    if (lun->sectors > UINT32_MAX) {
        cdb[0] = OP_READ16;
        put_big32(cdb + 2, (uint32_t)(sector >> 32));
        put_big32(cdb + 6, (uint32_t)sector);
        put_big32(cdb + 10, count);
    } else {
        put_big32(cdb + 2, (uint32_t)sector);
        cdb[7] = (uint8_t)(count >> 8);
        cdb[8] = (uint8_t)count;
    }
    answer = run(lun, cdb, buffer, size, &got);
    if (answer == ANSWER_GOOD && got == size)
        return 0;
    if (answer == ANSWER_BROKEN)
        return -1;
    name(lun, text, sizeof(text));
    fw_note("%s: sector %u: reading failed", text, sector);
    return -1;
}

/* --- what is there --- */

/* Ten bytes of command where they are enough; a CD knows no other. */
static bool read_capacity(struct lun *lun)
{
    const uint8_t cdb10[CDB_SIZE] = {OP_READ_CAPACITY};
    const uint8_t cdb16[CDB_SIZE] = {OP_SERVICE_IN16, READ_CAPACITY16, [13] = 32};
    const unsigned char *data = lun->device->scratch + DATA_AT;
    uint32_t got;

    if (ask(lun, cdb10, 8, &got) != ANSWER_GOOD || got < 8)
        return false;
    lun->sectors = (uint64_t)big32(data) + 1;
    lun->sector_size = big32(data + 4);
    if (lun->sectors <= UINT32_MAX)
        return true;
    if (ask(lun, cdb16, 32, &got) != ANSWER_GOOD || got < 12)
        return false;
    lun->sector_size = big32(data + 8);
    return zp_add(big64(data), 1, &lun->sectors);
}

/* Sectors of a request: as many as host, unit (if it says) and we take. */
static void limit(struct lun *lun, uint32_t max_sectors)
{
    const uint8_t cdb[CDB_SIZE] = {OP_INQUIRY, 1, PAGE_BLOCK_LIMITS, [4] = 64};
    const unsigned char *data = lun->device->scratch + DATA_AT;
    uint64_t max = FW_REQUEST_MAX / lun->sector_size, host = (uint64_t)max_sectors * UNIT / lun->sector_size;
    uint32_t got, unit = 0;

    if (ask(lun, cdb, 64, &got) == ANSWER_GOOD && got >= 12 && data[1] == PAGE_BLOCK_LIMITS)
        unit = big32(data + 8);
    if (max_sectors && host < max)
        max = host;
    if (unit && unit < max)
        max = unit;
    if (max > COUNT_MAX)
        max = COUNT_MAX;
    lun->max_count = max ? (uint32_t)max : 1;
}

static bool is_disk(const struct lun *lun)
{
    const uint8_t cdb[CDB_SIZE] = {OP_INQUIRY, [4] = 36};
    uint32_t got;
    uint8_t type;

    if (ask(lun, cdb, 36, &got) != ANSWER_GOOD || got < 1)
        return false;
    type = lun->device->scratch[DATA_AT]; /* its upper bits: 0 when there is one */
    return type == TYPE_DISK || type == TYPE_CD;
}

static bool is_sound(const struct lun *lun)
{
    uint64_t bytes;

    return zp_is_power_of_two(lun->sector_size) && lun->sector_size >= SECTOR_LEAST &&
           lun->sector_size <= SECTOR_MAX && zp_multiply(lun->sectors, lun->sector_size, &bytes);
}

static void give_disk(const struct lun *found, const char *text)
{
    struct fw_virtio_bus *bus = found->device->bus;
    struct lun *lun = fw_arena_take(bus->arena, sizeof(*lun));
    struct fw_disk *disk = lun ? fw_virtio_disk(bus) : NULL;

    if (!disk)
        return;
    *lun = *found;
    memset(disk, 0, sizeof(*disk));
    fw_name_text(disk->name, sizeof(disk->name), text);
    disk->sector_size = lun->sector_size;
    disk->sectors = lun->sectors;
    disk->max_count = lun->max_count;
    disk->read = read_sectors;
    disk->context = lun;
}

static void add_lun(struct lun *lun, uint32_t max_sectors)
{
    char text[sizeof(((struct fw_disk *)NULL)->name)] = "";

    if (!is_disk(lun))
        return;
    name(lun, text, sizeof(text));
    if (!read_capacity(lun)) {
        fw_note("%s: no medium, or its size is not told", text);
        return;
    }
    if (!is_sound(lun)) {
        fw_note("%s: 0x%x sectors of %u bytes", text, lun->sectors, (uint64_t)lun->sector_size);
        return;
    }
    limit(lun, max_sectors);
    if (lun->device->running)
        give_disk(lun, text);
}

/* A unit's number as REPORT LUNS gives it: one level, by either of its two simple forms (SAM-5 4.7.7). */
static bool set_lun(struct lun *lun, const unsigned char *reported)
{
    static const unsigned char one_level[6];

    if (reported[0] != 0 && reported[0] >> 6 != FLAT)
        return false;
    if (memcmp(reported + 2, one_level, sizeof(one_level)))
        return false;
    lun->address[2] = (uint8_t)(0x40 | (reported[0] & 0x3f));
    lun->address[3] = reported[1];
    return true;
}

static void set_target(struct lun *lun, struct fw_virtio *device, unsigned target)
{
    memset(lun, 0, sizeof(*lun));
    lun->device = device;
    lun->address[0] = 1;
    lun->address[1] = (uint8_t)target;
    lun->address[2] = 0x40;
}

/* As long in all as one silent device may take. */
static bool has_time(const struct scan *scan)
{
    if (!scan->device->running || scan->device->bus->disk_count == FW_DISK_MAX)
        return false;
    if (fw_ticks() - scan->begin <= scan->device->bus->patience)
        return true;
    fw_note("%s: there are more targets and units than there is time", scan->device->name);
    return false;
}

/* The list is copied before its units are asked, which use the same scratch. */
static bool scan_target(const struct scan *scan, unsigned target)
{
    const uint32_t room = 8 + 8 * LUNS;
    struct fw_virtio *device = scan->device;
    uint8_t cdb[CDB_SIZE] = {OP_REPORT_LUNS};
    unsigned char list[8 + 8 * LUNS];
    uint32_t got, count;
    enum answer answer;
    struct lun lun;

    set_target(&lun, device, target);
    put_big32(cdb + 6, room);
    answer = ask(&lun, cdb, room, &got);
    if (answer == ANSWER_NOBODY)
        return true;
    if (answer == ANSWER_BROKEN)
        return false;
    memcpy(list, device->scratch + DATA_AT, sizeof(list));
    if (answer != ANSWER_GOOD || got < 16) { /* it has one unit, number 0, or will not tell */
        add_lun(&lun, scan->max_sectors);
        return device->running;
    }
    count = big32(list) / 8;
    if (count > (got - 8) / 8)
        count = (got - 8) / 8;
    for (uint32_t i = 0; i < count; i++) {
        if (!has_time(scan))
            return false;
        if (set_lun(&lun, list + 8 + 8 * i))
            add_lun(&lun, scan->max_sectors);
    }
    return true;
}

/* Most targets are not there: so many of them are asked at once, and who is, by a bit each. */
static uint32_t probe(const struct scan *scan, unsigned first, unsigned count)
{
    const struct zp_virtio_scsi_cmd *commands = (const struct zp_virtio_scsi_cmd *)scan->probes;
    struct zp_virtio_scsi_resp *responses =
        (struct zp_virtio_scsi_resp *)(scan->probes + PROBES * sizeof(*commands));
    uint32_t present = 0, written;
    struct lun lun;

    memset(responses, 0xff, PROBES * sizeof(*responses));
    for (unsigned i = 0; i < count; i++) {
        struct zp_virtio_scsi_cmd command = {.tag = i, .cdb = {OP_TEST_UNIT_READY}};
        const struct fw_virtio_part parts[] = {
            {&commands[i], sizeof(command), false},
            {&responses[i], sizeof(*responses), true},
        };

        set_target(&lun, scan->device, first + i);
        memcpy(command.lun, lun.address, sizeof(command.lun));
        memcpy(scan->probes + i * sizeof(command), &command, sizeof(command));
        if (fw_virtio_put(scan->device, parts, 2)) {
            fw_virtio_stop(scan->device);
            return 0;
        }
    }
    if (fw_virtio_go(scan->device, &written))
        return 0;
    for (unsigned i = 0; i < count; i++)
        if (responses[i].response != ZP_VIRTIO_SCSI_S_BAD_TARGET)
            present |= UINT32_C(1) << i;
    return present;
}

static void scan_targets(const struct scan *scan, unsigned targets)
{
    unsigned most = scan->device->queue.size / 2 < PROBES ? scan->device->queue.size / 2 : PROBES;

    for (unsigned first = 0; first < targets && has_time(scan); first += most) {
        uint32_t present = probe(scan, first, targets - first < most ? targets - first : most);

        for (unsigned i = 0; i < most; i++)
            if (present >> i & 1 && (!has_time(scan) || !scan_target(scan, first + i)))
                return;
    }
}

int fw_virtio_scsi(struct fw_virtio *device)
{
    size_t before = device->bus->disk_count;
    struct scan scan = {.device = device};
    uint32_t targets;

    if (fw_virtio_start(device, 0))
        return -1;
    scan.max_sectors = fw_virtio_config32(device, ZP_VIRTIO_SCSI_MAX_SECTORS);
    targets = fw_virtio_config16(device, ZP_VIRTIO_SCSI_MAX_TARGET) + 1;
    if (fw_virtio_config32(device, ZP_VIRTIO_SCSI_SENSE_SIZE) != ZP_VIRTIO_SCSI_SENSE_DEFAULT ||
        fw_virtio_config32(device, ZP_VIRTIO_SCSI_CDB_SIZE) != ZP_VIRTIO_SCSI_CDB_DEFAULT) {
        fw_note("%s: sense_size, cdb_size: not the default after a reset", device->name);
        return -1;
    }
    scan.probes = fw_arena_take(device->bus->arena, PROBES * (sizeof(struct zp_virtio_scsi_cmd) +
                                                              sizeof(struct zp_virtio_scsi_resp)));
    if (!scan.probes || fw_virtio_run(device, ZP_VIRTIO_SCSI_REQUEST_QUEUE, QUEUE_SIZE))
        return -1;
    scan.begin = fw_ticks();
    scan_targets(&scan, targets < TARGETS ? targets : TARGETS);
    return device->bus->disk_count > before ? 0 : -1;
}
