/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtio drivers against honest devices and enemies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <zeropage/wire/pci.h>

#include "fw_host.h"
#include "fw_machine.h"

#define ARENA_SIZE  (1u << 20)
#define BUFFER_SIZE (20u << 20)
#define AT          FW_PCI_AT(0, 3, 0)
#define BASE        UINT64_C(0xfe000000)
#define MMIO_BASE   UINT64_C(0xfeb00e00)

static const struct fw_pci ports = {.last_bus = 255};
static struct fw_virtio_bus bus;
static struct fw_arena arena;
static unsigned char *buffer;
static struct fw_model model, other;

static int begin(void **state)
{
    (void)state;
    fw_machine_begin();
    fw_host_forget();
    arena = (struct fw_arena){.bytes = malloc(ARENA_SIZE), .size = ARENA_SIZE};
    if (!buffer)
        buffer = malloc(BUFFER_SIZE); /* one for all: it is large */
    fw_machine_memory(arena.bytes, arena.size);
    fw_machine_memory(buffer, BUFFER_SIZE);
    fw_virtio_begin(&bus, &arena);
    return arena.bytes && buffer ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    free(arena.bytes);
    return 0;
}

/* Reads, and compares with what the model has there. buffer is used from an odd address on. */
static void check_read(const struct fw_disk *disk, uint64_t sector, uint32_t count, unsigned unit)
{
    size_t size = (size_t)count * disk->sector_size;

    memset(buffer, 0xaa, size + 2);
    assert_int_equal(disk->read(disk->context, sector, count, buffer + 1), 0);
    assert_int_equal(buffer[0], 0xaa);
    assert_int_equal(buffer[size + 1], 0xaa);
    for (size_t i = 0; i < size; i++)
        if (buffer[1 + i] != fw_machine_byte(sector * disk->sector_size + i, unit))
            fail_msg("byte %zu of sector %llu", i, (unsigned long long)sector);
}

static void check_quiet(void)
{
    fw_virtio_quiesce_all(&bus);
    assert_true(fw_machine_is_quiet());
    for (size_t i = 0; i < bus.disk_count; i++)
        assert_int_equal(bus.disks[i].read(bus.disks[i].context, 0, 1, buffer), -1);
}

static void find_pci(uint32_t type)
{
    fw_machine_model(&model, type);
    fw_machine_pci(&model, AT, BASE);
    fw_virtio_add_pci(&bus, &ports);
}

/* --- honest --- */

static void block(void **state)
{
    (void)state;
    find_pci(ZP_VIRTIO_ID_BLOCK);
    assert_int_equal(bus.disk_count, 1);
    assert_string_equal(bus.disks[0].name, "virtio-blk 00:03.0");
    assert_int_equal(bus.disks[0].sector_size, 512);
    assert_int_equal(bus.disks[0].sectors, 2048);
    assert_int_equal(bus.disks[0].max_count, FW_REQUEST_MAX / 512);
    check_read(&bus.disks[0], 0, 1, 0);
    check_read(&bus.disks[0], 2047, 1, 0);
    check_read(&bus.disks[0], 0, 2048, 0);
    assert_string_equal(fw_host_notes, "");
    assert_true(model.accepted >> ZP_VIRTIO_F_VERSION_1 & 1);
    assert_int_equal(model.accepted & 0xffffffff,
                     1 << ZP_VIRTIO_BLK_F_SEG_MAX | 1 << ZP_VIRTIO_BLK_F_BLK_SIZE);
    check_quiet();
}

/* More requests than a ring has places, and than its index has numbers. */
static void block_for_long(void **state)
{
    (void)state;
    find_pci(ZP_VIRTIO_ID_BLOCK);
    for (unsigned i = 0; i < 70000; i++)
        assert_int_equal(bus.disks[0].read(bus.disks[0].context, i % 2048, 1, buffer), 0);
    check_read(&bus.disks[0], 17, 3, 0);
    assert_int_equal(model.requests, 70001);
    check_quiet();
}

static void block_sectors(void **state)
{
    (void)state;
    fw_machine_model(&model, ZP_VIRTIO_ID_BLOCK);
    fw_machine_set(&model, ZP_VIRTIO_BLK_BLK_SIZE, 4, 4096);
    fw_machine_set(&model, ZP_VIRTIO_BLK_CAPACITY, 8, 81); /* ten, and a piece that nobody can read */
    model.sector_size = 4096;
    fw_machine_pci(&model, AT, BASE);
    fw_virtio_add_pci(&bus, &ports);
    assert_int_equal(bus.disk_count, 1);
    assert_int_equal(bus.disks[0].sector_size, 4096);
    assert_int_equal(bus.disks[0].sectors, 10);
    check_read(&bus.disks[0], 9, 1, 0);
    assert_int_equal(bus.disks[0].read(bus.disks[0].context, 10, 1, buffer), -1);
    assert_int_equal(bus.disks[0].read(bus.disks[0].context, 9, 2, buffer), -1);
    assert_int_equal(bus.disks[0].read(bus.disks[0].context, UINT64_MAX, 1, buffer), -1);
    assert_int_equal(bus.disks[0].read(bus.disks[0].context, 0, 0, buffer), -1);
    check_quiet();
}

/* size_max and seg_max: the pieces, and how many. */
static void block_limits(void **state)
{
    const struct {
        uint32_t size_max, seg_max, queue_max, bytes, piece;
    } rows[] = {
        {4096, 8, 256, 32768, 4096},
        {4096, 1000, 256, 126 * 4096, 4096}, /* as many as the queue takes */
        {4096, 1000, 16, 14 * 4096, 4096},
        {1000, 2, 256, 1024, 512}, /* whole sectors a piece */
        {512, 1, 256, 512, 512},
        {65536, 254, 256, 126 * 65536, 65536},
        {UINT32_MAX, UINT32_MAX, 256, FW_REQUEST_MAX, FW_REQUEST_MAX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        end(NULL);
        begin(NULL);
        fw_machine_model(&model, ZP_VIRTIO_ID_BLOCK);
        model.offers |= 1 << ZP_VIRTIO_BLK_F_SIZE_MAX;
        model.queue_max = rows[i].queue_max;
        fw_machine_set(&model, ZP_VIRTIO_BLK_CAPACITY, 8, 1 << 20);
        fw_machine_set(&model, ZP_VIRTIO_BLK_SIZE_MAX, 4, rows[i].size_max);
        fw_machine_set(&model, ZP_VIRTIO_BLK_SEG_MAX, 4, rows[i].seg_max);
        fw_machine_pci(&model, AT, BASE);
        fw_virtio_add_pci(&bus, &ports);
        assert_int_equal(bus.disk_count, 1);
        assert_int_equal(bus.disks[0].max_count * 512, rows[i].bytes);
        check_read(&bus.disks[0], 5, bus.disks[0].max_count, 0);
        assert_int_equal(model.longest, rows[i].bytes);
        assert_int_equal(model.segment_longest, rows[i].piece);
        assert_int_equal(bus.disks[0].read(bus.disks[0].context, 0, bus.disks[0].max_count + 1, buffer), -1);
        check_quiet();
    }
}

static void scsi(void **state)
{
    (void)state;
    fw_machine_model(&model, ZP_VIRTIO_ID_SCSI);
    model.targets = 2;
    model.units = 3;
    model.sectors = 100;
    model.sector_size = 4096;
    fw_machine_pci(&model, AT, BASE);
    fw_virtio_add_pci(&bus, &ports);
    assert_int_equal(bus.disk_count, 6);
    assert_string_equal(bus.disks[0].name, "virtio-scsi 00:03.0 target 0 lun 0");
    assert_string_equal(bus.disks[5].name, "virtio-scsi 00:03.0 target 1 lun 2");
    assert_int_equal(bus.disks[5].sector_size, 4096);
    assert_int_equal(bus.disks[5].sectors, 100);
    for (unsigned i = 0; i < 6; i++)
        check_read(&bus.disks[i], 3, 97, i % 3);
    assert_int_equal(bus.disks[0].read(bus.disks[0].context, 99, 2, buffer), -1);
    assert_string_equal(fw_host_notes, "");
    check_quiet();
}

static void scsi_sizes(void **state)
{
    (void)state;
    fw_machine_model(&model, ZP_VIRTIO_ID_SCSI);
    model.sectors = (UINT64_C(1) << 32) + 5;
    fw_machine_pci(&model, AT, BASE);
    fw_virtio_add_pci(&bus, &ports);
    assert_int_equal(bus.disk_count, 1);
    assert_true(bus.disks[0].sectors == (UINT64_C(1) << 32) + 5);
    check_read(&bus.disks[0], (UINT64_C(1) << 32) + 3, 2, 0);
    assert_int_equal(model.last_opcode, 0x88);
    check_quiet();
}

static void scsi_limits(void **state)
{
    const struct {
        uint32_t max_sectors, limit, sector_size, count;
    } rows[] = {
        {0xffff, 0, 512, FW_REQUEST_MAX / 512}, {0xffff, 64, 512, 64}, {16, 64, 512, 16}, {16, 0, 4096, 2},
        {0, 0, 2048, FW_REQUEST_MAX / 2048},    {1, 0, 4096, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        end(NULL);
        begin(NULL);
        fw_machine_model(&model, ZP_VIRTIO_ID_SCSI);
        model.sectors = 1 << 20;
        model.limit = rows[i].limit;
        model.sector_size = rows[i].sector_size;
        fw_machine_set(&model, ZP_VIRTIO_SCSI_MAX_SECTORS, 4, rows[i].max_sectors);
        fw_machine_pci(&model, AT, BASE);
        fw_virtio_add_pci(&bus, &ports);
        assert_int_equal(bus.disk_count, 1);
        assert_int_equal(bus.disks[0].max_count, rows[i].count);
        check_read(&bus.disks[0], 7, rows[i].count, 0);
        check_quiet();
    }
}

/* A CD is a disk; a scanner is none. */
static void scsi_types(void **state)
{
    (void)state;
    fw_machine_model(&model, ZP_VIRTIO_ID_SCSI);
    fw_machine_model(&other, ZP_VIRTIO_ID_SCSI);
    model.scsi_type = 5;
    model.sector_size = 2048;
    other.scsi_type = 6;
    fw_machine_pci(&model, AT, BASE);
    fw_machine_pci(&other, AT + 8, BASE + 0x10000);
    fw_virtio_add_pci(&bus, &ports);
    assert_int_equal(bus.disk_count, 1);
    assert_int_equal(bus.disks[0].sector_size, 2048);
    check_read(&bus.disks[0], 0, 5, 0);
    assert_int_equal(other.status, 0);
    check_quiet();
}

static void random_bytes(void **state)
{
    unsigned char bytes[3000], same[3000];

    (void)state;
    find_pci(ZP_VIRTIO_ID_RNG);
    assert_int_equal(bus.disk_count, 0);
    assert_int_equal(fw_virtio_random(&bus, bytes, sizeof(bytes)), sizeof(bytes));
    for (size_t i = 0; i < sizeof(same); i++)
        same[i] = fw_machine_byte(i % FW_SCRATCH, 0);
    assert_memory_equal(bytes, same, sizeof(bytes));
    model.mischief = FW_SHORT;
    assert_int_equal(fw_virtio_random(&bus, bytes, sizeof(bytes)), 16); /* one a try */
    model.mischief = FW_EMPTY;
    model.requests = 0;
    assert_int_equal(fw_virtio_random(&bus, bytes, sizeof(bytes)), 0);
    assert_int_equal(model.requests, 1);
    check_quiet();
    assert_int_equal(fw_virtio_random(&bus, bytes, sizeof(bytes)), 0);
}

static void transitional(void **state)
{
    struct fw_function *function;

    (void)state;
    fw_machine_model(&model, ZP_VIRTIO_ID_BLOCK);
    function = fw_machine_pci(&model, AT, BASE);
    function->config[ZP_PCI_DEVICE_ID] = 0x01;
    function->config[ZP_PCI_DEVICE_ID + 1] = 0x10;
    function->config[ZP_PCI_SUBSYSTEM_ID] = ZP_VIRTIO_ID_BLOCK;
    fw_virtio_add_pci(&bus, &ports);
    assert_int_equal(bus.disk_count, 1);
    check_read(&bus.disks[0], 0, 1, 0);
    check_quiet();
}

/* By ports and then in memory: the same functions are met again. */
static void once(void **state)
{
    const struct fw_pci ecam = {.ecam = 0xb0000000, .last_bus = 255};

    (void)state;
    find_pci(ZP_VIRTIO_ID_BLOCK);
    fw_machine_model(&other, ZP_VIRTIO_ID_BLOCK);
    fw_machine_pci(&other, AT + 8, BASE + 0x10000);
    fw_machine.ecam = ecam.ecam;
    fw_virtio_add_pci(&bus, &ecam);
    assert_int_equal(bus.disk_count, 2);
    assert_int_equal(bus.device_count, 2);
    check_read(&bus.disks[1], 0, 1, 0);
    fw_machine.ecam = 0;
    check_read(&bus.disks[0], 0, 1, 0);
    fw_virtio_stop(&bus.devices[0]);
    fw_machine.ecam = ecam.ecam;
    check_quiet();
}

static void behind_bridges(void **state)
{
    (void)state;
    fw_machine_bridge(FW_PCI_AT(0, 1, 0), 1, 2);
    fw_machine_bridge(FW_PCI_AT(1, 0, 0), 2, 2);
    fw_machine_model(&model, ZP_VIRTIO_ID_BLOCK);
    fw_machine_pci(&model, FW_PCI_AT(2, 31, 0), UINT64_C(0x8000000000))->config[ZP_PCI_HEADER_TYPE] = 0x80;
    fw_machine_model(&other, ZP_VIRTIO_ID_SCSI);
    fw_machine_pci(&other, FW_PCI_AT(2, 31, 7), BASE);
    fw_virtio_add_pci(&bus, &ports);
    assert_int_equal(bus.disk_count, 2);
    assert_string_equal(bus.disks[0].name, "virtio-blk 02:1f.0");
    assert_string_equal(bus.disks[1].name, "virtio-scsi 02:1f.7 target 0 lun 0");
    check_read(&bus.disks[0], 1, 1, 0);
    check_read(&bus.disks[1], 2, 2, 0);
    check_quiet();
}

/* As found: a device that a firmware has driven before us keeps its bus mastering. */
static void command_register(void **state)
{
    struct fw_function *function;

    (void)state;
    fw_machine_model(&model, ZP_VIRTIO_ID_BLOCK);
    function = fw_machine_pci(&model, AT, BASE);
    function->config[ZP_PCI_COMMAND] = 0x07;
    model.status = 0x0f;
    fw_virtio_add_pci(&bus, &ports);
    assert_int_equal(bus.disk_count, 1);
    assert_int_equal(function->config[ZP_PCI_COMMAND], 0x07);
    assert_int_equal(function->config[ZP_PCI_COMMAND + 1], 0x05); /* and no interrupts */
    fw_virtio_quiesce_all(&bus);
    assert_int_equal(function->config[ZP_PCI_COMMAND], 0x07);
    assert_int_equal(function->config[ZP_PCI_COMMAND + 1], 0x01);
    assert_int_equal(model.status, 0);
}

/* --- MMIO --- */

static void mmio(void **state)
{
    (void)state;
    fw_machine_model(&model, ZP_VIRTIO_ID_BLOCK);
    fw_machine_mmio(&model, MMIO_BASE);
    fw_machine_model(&other, ZP_VIRTIO_ID_SCSI);
    fw_machine_mmio(&other, MMIO_BASE - 0x200);
    fw_virtio_add_cmdline(&bus, "console=ttyS0 virtio_mmio.device=512@0xfeb00e00:12 "
                                "virtio_mmio.device=0x200@0xfeb00c00:13:7 quiet");
    assert_string_equal(fw_host_notes, "");
    assert_int_equal(bus.disk_count, 2);
    assert_string_equal(bus.disks[0].name, "virtio-blk 0xfeb00e00");
    assert_string_equal(bus.disks[1].name, "virtio-scsi 0xfeb00c00 target 0 lun 0");
    assert_int_equal(bus.devices[1].irq, 13);
    check_read(&bus.disks[0], 1, 7, 0);
    check_read(&bus.disks[1], 1, 7, 0);
    fw_virtio_add_mmio(&bus, MMIO_BASE, 512, 12); /* as ACPI tells once more */
    assert_int_equal(bus.device_count, 2);
    check_quiet();
}

static void cmdline(void **state)
{
    const struct {
        const char *text, *note;
        size_t disks;
    } rows[] = {
        {"virtio_mmio.device=512@0xfeb00e00:12", "", 1},
        {"virtio_mmio.device=4K@0xfeb00e00:5:0", "", 1},
        {"virtio_mmio.device=4k@0xFEB00E00:5", "", 1},
        {"virtio_mmio.device=01000@4272950784:0x5\n", "", 1},
        {"a\tvirtio_mmio.device=512@0xfeb00e00:12", "", 1},
        {"virtio_mmio.device=512@0xfeb00e00:12 virtio_mmio.device=512@0xfeb00e00:12", "", 1},
        {"", "", 0},
        {"xvirtio_mmio.device=512@0xfeb00e00:12", "", 0},
        {"-- virtio_mmio.device=512@0xfeb00e00:12", "", 0},
        {"virtio_mmio.devices=512@0xfeb00e00:12", "", 0},
        {"virtio_mmio.device=", "", 0},
        {"virtio_mmio.device=512@0xfeb00e00", "is not SIZE", 0},
        {"virtio_mmio.device=512@0xfeb00e00:", "is not SIZE", 0},
        {"virtio_mmio.device=512@0xfeb00e00:12:", "is not SIZE", 0},
        {"virtio_mmio.device=512@0xfeb00e00:12:x", "is not SIZE", 0},
        {"virtio_mmio.device=512@0xfeb00e00:12x", "is not SIZE", 0},
        {"virtio_mmio.device=512@:12", "is not SIZE", 0},
        {"virtio_mmio.device=@0xfeb00e00:12", "is not SIZE", 0},
        {"virtio_mmio.device=0x@0xfeb00e00:12", "is not SIZE", 0},
        {"virtio_mmio.device=512T@0xfeb00e00:12", "is not SIZE", 0},
        {"virtio_mmio.device=512@0xfeb00e00:0x100000000", "is not SIZE", 0},
        {"virtio_mmio.device=512@0x1feb00e00feb00e00:12", "is not SIZE", 0},
        {"virtio_mmio.device=18446744073709551615K@0xfeb00e00:12", "is not SIZE", 0},
        {"virtio_mmio.device=512@0xfeb00e02:12", "no place", 0},
        {"virtio_mmio.device=512@0:12", "no place", 0},
        {"virtio_mmio.device=255@0xfeb00e00:12", "no place", 0},
        {"virtio_mmio.device=512@0xffffffffffffff00:12", "no place", 0},
        {"virtio_mmio.device=1G@0xffffffffffffc:12", "no place", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        end(NULL);
        begin(NULL);
        fw_machine_model(&model, ZP_VIRTIO_ID_BLOCK);
        fw_machine_mmio(&model, MMIO_BASE);
        fw_virtio_add_cmdline(&bus, rows[i].text);
        if (bus.disk_count != rows[i].disks || !strstr(fw_host_notes, rows[i].note) ||
            !*rows[i].note != !*fw_host_notes)
            fail_msg("%s: %zu disks, %s", rows[i].text, bus.disk_count, fw_host_notes);
    }
}

static void mmio_that_is_none(void **state)
{
    (void)state;
    fw_machine_model(&model, ZP_VIRTIO_ID_BLOCK);
    model.legacy = true;
    fw_machine_mmio(&model, MMIO_BASE);
    fw_virtio_add_mmio(&bus, MMIO_BASE, 512, 12);
    assert_non_null(strstr(fw_host_notes, "virtio-mmio 0xfeb00e00: version 1: a legacy device"));
    fw_host_forget();
    fw_machine_model(&other, 0); /* an empty place */
    fw_machine_mmio(&other, MMIO_BASE + 0x200);
    fw_virtio_add_mmio(&bus, MMIO_BASE + 0x200, 512, 12);
    assert_string_equal(fw_host_notes, "");
    other.type = 1; /* a network card */
    fw_virtio_add_mmio(&bus, MMIO_BASE + 0x200, 512, 12);
    assert_string_equal(fw_host_notes, "");
    fw_virtio_add_mmio(&bus, MMIO_BASE + 0x100, 512, 12);
    assert_non_null(strstr(fw_host_notes, "no device"));
    fw_machine.unreachable = MMIO_BASE;
    other.type = ZP_VIRTIO_ID_BLOCK;
    fw_host_forget();
    fw_virtio_add_mmio(&bus, MMIO_BASE + 0x200, 512, 12);
    assert_non_null(strstr(fw_host_notes, "no such address"));
    assert_int_equal(bus.device_count, 0);
    assert_int_equal(bus.disk_count, 0);
}

/* --- enemies: HOSTILE row 21 --- */

/* What becomes of a disk: whether it is found, and whether it reads. */
static const struct {
    enum fw_mischief mischief;
    const char *note;
    bool found[2], reads; /* block, SCSI */
} enemies[] = {
    {FW_SILENT, "no answer", {true, false}, false},
    {FW_LATE, "", {true, true}, true},
    {FW_WRONG_ID, "a descriptor that it was not given", {true, false}, false},
    {FW_TWICE, "", {true, false}, true},
    {FW_WILD_ID, "a descriptor that it was not given", {true, false}, false},
    {FW_LONG, "more bytes than there was room for", {true, false}, false},
    {FW_INDEX_AHEAD, "an index that it was not asked for", {true, false}, false},
    {FW_INDEX_BACK, "an index that it was not asked for", {true, false}, false},
    {FW_SCRIBBLES, "", {true, true}, true},
    {FW_WANTS_RESET, "asks for a reset", {true, false}, false},
    {FW_FORGETS, "asks for a reset", {true, false}, false},
    {FW_NEVER_RESETS, "cannot be reset", {true, false}, false},
    {FW_IMMUNE, "does not become 0", {false, false}, false},
    {FW_TAKES_NO_FEATURES, "does not take the features", {false, false}, false},
    {FW_NO_STATUS_BYTE, "", {true, false}, false},
    {FW_FAILS, "reading failed", {true, true}, false},
    {FW_NO_QUEUE, "there is none", {false, false}, false},
};

static void attack(size_t number, uint32_t type, bool by_mmio)
{
    enum fw_mischief mischief = enemies[number].mischief;
    bool found = enemies[number].found[type == ZP_VIRTIO_ID_SCSI];
    bool reads = found && enemies[number].reads;
    unsigned requests;
    int status;

    end(NULL);
    begin(NULL);
    /* The status is looked at now and then: let that come before patience ends. */
    if (mischief == FW_WANTS_RESET || mischief == FW_FORGETS)
        fw_machine.step = 1 << 10;
    if (mischief == FW_LATE)
        fw_machine.step = 1 << 20;
    fw_machine_model(&model, type);
    model.mischief = mischief;
    model.status = mischief == FW_IMMUNE ? 0x0f : 0;
    if (mischief == FW_NO_STATUS_BYTE)
        model.attentions = 0; /* all would be well */
    fw_machine_model(&other, ZP_VIRTIO_ID_BLOCK);
    if (by_mmio) {
        fw_machine_mmio(&model, MMIO_BASE);
        fw_machine_mmio(&other, MMIO_BASE + 0x200);
        fw_virtio_add_mmio(&bus, MMIO_BASE, 512, 1);
        fw_virtio_add_mmio(&bus, MMIO_BASE + 0x200, 512, 1);
    } else {
        fw_machine_pci(&model, AT, BASE);
        fw_machine_pci(&other, AT + 8, BASE + 0x10000);
        fw_virtio_add_pci(&bus, &ports);
    }
    if (bus.disk_count != found + 1u)
        fail_msg("enemy %d: %zu disks: %s", mischief, bus.disk_count, fw_host_notes);
    status = found ? bus.disks[0].read(bus.disks[0].context, 3, 5, buffer) : -1;
    if (status != (reads ? 0 : -1) || !strstr(fw_host_notes, enemies[number].note))
        fail_msg("enemy %d: %d: %s", mischief, status, fw_host_notes);
    if (reads) {
        for (unsigned i = 0; i < 600; i++)
            check_read(&bus.disks[0], i, 3, 0);
        assert_string_equal(fw_host_notes, "");
    }
    /* Whom we gave up is asked no more, and waited for no more. */
    requests = model.requests;
    fw_machine.accesses = 0;
    if (found && !reads && mischief != FW_FAILS && mischief != FW_NO_STATUS_BYTE) {
        assert_int_equal(bus.disks[0].read(bus.disks[0].context, 3, 5, buffer), -1);
        assert_int_equal(model.requests, requests);
        assert_int_equal(fw_machine.accesses, 0);
    }
    check_read(&bus.disks[bus.disk_count - 1], 9, 4, 0); /* the next one is none the worse */
    fw_virtio_quiesce_all(&bus);
    assert_int_equal(other.status, 0);
    if (mischief != FW_IMMUNE && mischief != FW_NEVER_RESETS)
        assert_int_equal(model.status, 0);
    assert_false(model.pending && mischief != FW_NEVER_RESETS);
}

static void enemies_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(enemies) / sizeof(*enemies); i++) {
        attack(i, ZP_VIRTIO_ID_BLOCK, false);
        attack(i, ZP_VIRTIO_ID_BLOCK, true);
        attack(i, ZP_VIRTIO_ID_SCSI, false);
        attack(i, ZP_VIRTIO_ID_SCSI, true);
    }
}

/* It cannot write to memory any more, whatever it holds on to. */
static void never_resets(void **state)
{
    struct fw_function *function;

    (void)state;
    fw_machine_model(&model, ZP_VIRTIO_ID_BLOCK);
    model.mischief = FW_NEVER_RESETS;
    function = fw_machine_pci(&model, AT, BASE);
    function->config[ZP_PCI_COMMAND] = 0x07;
    fw_virtio_add_pci(&bus, &ports);
    assert_int_equal(bus.disks[0].read(bus.disks[0].context, 0, 1, buffer), -1);
    assert_non_null(strstr(fw_host_notes, "cannot be reset"));
    fw_virtio_quiesce_all(&bus);
    assert_int_equal(function->config[ZP_PCI_COMMAND], 0x03);
}

static void pulled_out(void **state)
{
    (void)state;
    find_pci(ZP_VIRTIO_ID_BLOCK);
    model.mischief = FW_PULLED_OUT;
    fw_machine.step = 1 << 10;
    assert_int_equal(bus.disks[0].read(bus.disks[0].context, 0, 1, buffer), -1);
    assert_non_null(strstr(fw_host_notes, "asks for a reset"));
    assert_int_equal(bus.disks[0].read(bus.disks[0].context, 0, 1, buffer), -1);
    fw_virtio_quiesce_all(&bus);
}

/* Time that stands still ends a wait, too. */
static void no_time(void **state)
{
    (void)state;
    fw_machine_model(&model, ZP_VIRTIO_ID_BLOCK);
    model.mischief = FW_IMMUNE;
    model.status = 0x0f;
    fw_machine_pci(&model, AT, BASE);
    fw_machine.step = 0;
    fw_virtio_add_pci(&bus, &ports);
    assert_int_equal(bus.disk_count, 0);
    assert_non_null(strstr(fw_host_notes, "does not become 0"));
}

/* As many silent devices as there may be cost twice the patience of one, and some. */
static void many_silent(void **state)
{
    static struct fw_model models[40];
    uint64_t ticks;

    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        fw_machine_model(&models[i], ZP_VIRTIO_ID_SCSI);
        models[i].mischief = FW_SILENT;
        fw_machine_pci(&models[i], FW_PCI_AT(0, i / 8, i % 8), BASE + i * 0x10000)
            ->config[ZP_PCI_HEADER_TYPE] = 0x80;
    }
    ticks = fw_machine.ticks;
    fw_virtio_add_pci(&bus, &ports);
    assert_int_equal(bus.disk_count, 0);
    assert_int_equal(bus.device_count, 40);
    assert_true(fw_machine.ticks - ticks < 2 * FW_PATIENCE + 40 * (FW_PATIENCE_LEAST + (UINT64_C(2) << 30)));
    check_quiet();
}

/* Each answer comes just in time: a scan ends all the same. */
static void slow_units(void **state)
{
    (void)state;
    fw_machine_model(&model, ZP_VIRTIO_ID_SCSI);
    model.mischief = FW_SLOW;
    model.units = 32;
    model.targets = 256;
    fw_machine_pci(&model, AT, BASE);
    fw_virtio_add_pci(&bus, &ports);
    assert_non_null(strstr(fw_host_notes, "than there is time"));
    assert_true(fw_machine.ticks < 3 * FW_PATIENCE);
    assert_in_range(bus.disk_count, 1, FW_DISK_MAX);
    check_quiet();
}

/* So does whoever reads from it: each answer that takes long leaves less time to the next. */
static void slow_reads(void **state)
{
    unsigned count = 0;

    (void)state;
    find_pci(ZP_VIRTIO_ID_BLOCK);
    model.mischief = FW_SLOW;
    model.delay = FW_PATIENCE / 4;
    while (bus.disks[0].read(bus.disks[0].context, 0, 1, buffer) == 0)
        assert_in_range(++count, 1, 20);
    assert_in_range(count, 2, 20);
    assert_non_null(strstr(fw_host_notes, "no answer"));
    check_quiet();
}

static void endless_units(void **state)
{
    (void)state;
    fw_machine.step = 1;
    fw_machine_model(&model, ZP_VIRTIO_ID_SCSI);
    model.mischief = FW_ENDLESS_UNITS;
    fw_machine_set(&model, ZP_VIRTIO_SCSI_MAX_TARGET, 2, 0xffff);
    fw_machine_pci(&model, AT, BASE);
    fw_machine_model(&other, ZP_VIRTIO_ID_BLOCK);
    fw_machine_pci(&other, AT + 8, BASE + 0x10000);
    fw_virtio_add_pci(&bus, &ports);
    assert_int_equal(bus.disk_count, FW_DISK_MAX);
    assert_non_null(strstr(fw_host_notes, "more than 64 disks"));
    assert_ptr_equal(strchr(fw_host_notes, '\n') + 1,
                     strchr(fw_host_notes, '\0')); /* one line, of the other */
    assert_int_equal(other.status, 0);
    check_quiet();
}

static void endless_devices(void **state)
{
    static struct fw_model models[63];

    (void)state;
    for (unsigned i = 0; i < 63; i++) {
        fw_machine_model(&models[i], ZP_VIRTIO_ID_RNG);
        fw_machine_pci(&models[i], FW_PCI_AT(0, i / 8, i % 8), BASE + i * 0x10000)
            ->config[ZP_PCI_HEADER_TYPE] = 0x80;
    }
    fw_virtio_add_pci(&bus, &ports);
    assert_int_equal(bus.device_count, 63);
    assert_ptr_equal(bus.rng, &bus.devices[0]);
    fw_machine_model(&model, ZP_VIRTIO_ID_RNG);
    fw_machine_mmio(&model, MMIO_BASE);
    fw_virtio_add_mmio(&bus, MMIO_BASE, 512, 1);
    fw_machine_model(&other, ZP_VIRTIO_ID_BLOCK);
    fw_machine_mmio(&other, MMIO_BASE + 0x200);
    fw_virtio_add_mmio(&bus, MMIO_BASE + 0x200, 512, 1);
    assert_int_equal(bus.device_count, FW_VIRTIO_MAX);
    assert_non_null(strstr(fw_host_notes, "more than 64 devices"));
    check_quiet();
}

/* Configurations that make no sense: field, value, what is said. */
static void configurations(void **state)
{
    const struct {
        uint32_t type, offset, width;
        uint64_t value;
        const char *note;
    } rows[] = {
        {ZP_VIRTIO_ID_BLOCK, ZP_VIRTIO_BLK_CAPACITY, 8, 0, "capacity"},
        {ZP_VIRTIO_ID_BLOCK, ZP_VIRTIO_BLK_CAPACITY, 8, UINT64_MAX, "capacity"},
        {ZP_VIRTIO_ID_BLOCK, ZP_VIRTIO_BLK_CAPACITY, 8, UINT64_C(1) << 55, "capacity"},
        {ZP_VIRTIO_ID_BLOCK, ZP_VIRTIO_BLK_BLK_SIZE, 4, 0, "blk_size"},
        {ZP_VIRTIO_ID_BLOCK, ZP_VIRTIO_BLK_BLK_SIZE, 4, 256, "blk_size"},
        {ZP_VIRTIO_ID_BLOCK, ZP_VIRTIO_BLK_BLK_SIZE, 4, 520, "blk_size"},
        {ZP_VIRTIO_ID_BLOCK, ZP_VIRTIO_BLK_BLK_SIZE, 4, 8192, "blk_size"},
        {ZP_VIRTIO_ID_BLOCK, ZP_VIRTIO_BLK_BLK_SIZE, 4, UINT32_MAX, "blk_size"},
        {ZP_VIRTIO_ID_BLOCK, ZP_VIRTIO_BLK_SEG_MAX, 4, 0, "seg_max"},
        {ZP_VIRTIO_ID_BLOCK, ZP_VIRTIO_BLK_SIZE_MAX, 4, 0, "size_max"},
        {ZP_VIRTIO_ID_BLOCK, ZP_VIRTIO_BLK_SIZE_MAX, 4, 511, "size_max"},
        {ZP_VIRTIO_ID_SCSI, ZP_VIRTIO_SCSI_SENSE_SIZE, 4, 252, "sense_size"},
        {ZP_VIRTIO_ID_SCSI, ZP_VIRTIO_SCSI_CDB_SIZE, 4, 0, "cdb_size"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        end(NULL);
        begin(NULL);
        fw_machine_model(&model, rows[i].type);
        if (rows[i].type == ZP_VIRTIO_ID_BLOCK && rows[i].offset == ZP_VIRTIO_BLK_SIZE_MAX)
            model.offers |= 1 << ZP_VIRTIO_BLK_F_SIZE_MAX;
        fw_machine_set(&model, rows[i].offset, rows[i].width, rows[i].value);
        fw_machine_pci(&model, AT, BASE);
        fw_virtio_add_pci(&bus, &ports);
        if (bus.disk_count != 0 || !strstr(fw_host_notes, rows[i].note))
            fail_msg("row %zu: %zu disks, %s", i, bus.disk_count, fw_host_notes);
        check_quiet();
    }
}

static void strange_units(void **state)
{
    (void)state;
    fw_machine_model(&model, ZP_VIRTIO_ID_SCSI);
    model.mischief = FW_STRANGE_UNITS;
    model.units = 301;
    fw_machine_pci(&model, AT, BASE);
    fw_virtio_add_pci(&bus, &ports);
    assert_int_equal(bus.disk_count, 1);
    assert_string_equal(bus.disks[0].name, "virtio-scsi 00:03.0 target 0 lun 300");
    check_read(&bus.disks[0], 0, 1, 300);
    check_quiet();
}

static void wild_resid(void **state)
{
    (void)state;
    fw_machine_model(&model, ZP_VIRTIO_ID_SCSI);
    model.mischief = FW_WILD_RESID;
    fw_machine_pci(&model, AT, BASE);
    fw_virtio_add_pci(&bus, &ports);
    assert_int_equal(bus.disk_count, 0);
    check_quiet();
}

static void wide_status(void **state)
{
    (void)state;
    fw_machine_model(&model, ZP_VIRTIO_ID_BLOCK);
    model.mischief = FW_WIDE_STATUS;
    fw_machine_mmio(&model, MMIO_BASE);
    fw_virtio_add_mmio(&bus, MMIO_BASE, 512, 1);
    assert_int_equal(bus.disk_count, 0);
    assert_non_null(strstr(fw_host_notes, "does not become 0"));
}

static void restless(void **state)
{
    (void)state;
    fw_machine_model(&model, ZP_VIRTIO_ID_BLOCK);
    model.mischief = FW_RESTLESS;
    fw_machine_pci(&model, AT, BASE);
    fw_virtio_add_pci(&bus, &ports);
    assert_int_equal(bus.disk_count, 0);
    assert_non_null(strstr(fw_host_notes, "does not hold still"));
    check_quiet();
}

static void scsi_units_that_are_none(void **state)
{
    const struct {
        uint64_t sectors;
        uint32_t size;
    } rows[] = {{100, 0}, {100, 520}, {100, 256}, {100, 8192}, {0, 512}, {UINT64_C(1) << 60, 512}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        end(NULL);
        begin(NULL);
        fw_machine_model(&model, ZP_VIRTIO_ID_SCSI);
        model.sectors = rows[i].sectors;
        model.sector_size = rows[i].size;
        fw_machine_pci(&model, AT, BASE);
        fw_virtio_add_pci(&bus, &ports);
        if (bus.disk_count != 0 || !strstr(fw_host_notes, "target 0 lun 0: "))
            fail_msg("row %zu: %zu disks, %s", i, bus.disk_count, fw_host_notes);
        check_quiet();
    }
}

static void scsi_short(void **state)
{
    (void)state;
    find_pci(ZP_VIRTIO_ID_SCSI);
    model.mischief = FW_SHORT;
    assert_int_equal(bus.disks[0].read(bus.disks[0].context, 0, 8, buffer), -1);
    assert_non_null(strstr(fw_host_notes, "reading failed"));
    model.mischief = FW_HONEST;
    model.attentions = 3; /* a medium that was changed, and again */
    check_read(&bus.disks[0], 0, 8, 0);
    model.attentions = 1000;
    assert_int_equal(bus.disks[0].read(bus.disks[0].context, 0, 8, buffer), -1);
    model.attentions = 0;
    check_read(&bus.disks[0], 0, 8, 0);
    check_quiet();
}

/* Capabilities: number in the list, place in it, value; no register outside of the BAR is touched. */
static void capabilities(void **state)
{
    const struct {
        unsigned number, offset, width;
        uint64_t value;
    } rows[] = {
        {0, 4, 1, 3}, /* a BAR that is not there */
        {0, 4, 1, 5}, /* the upper half of one */
        {0, 4, 1, 6}, /* none */
        {0, 4, 1, 255},
        {0, 8, 4, FW_MACHINE_BAR}, /* behind its end */
        {0, 8, 4, FW_MACHINE_BAR - 55},
        {0, 8, 4, 0xfffffffc}, /* wraps */
        {0, 8, 4, 2},          /* not aligned */
        {0, 12, 4, 55},        /* too short */
        {0, 12, 4, UINT32_MAX},
        {0, 3, 1, 9}, /* none of that kind */
        {0, 2, 1, 8}, /* its own length */
        {3, 4, 1, 6},
        {3, 8, 4, FW_MACHINE_BAR - 2},
        {3, 12, 4, 5}, /* the queue's place is behind it */
        {3, 12, 4, 0},
        {3, 16, 4, 0x10000}, /* a multiplier that leads out */
        {3, 16, 4, UINT32_MAX},
        {3, 2, 1, 16}, /* no room for a multiplier */
        {2, 12, 4, 7}, /* a configuration without a capacity */
        {2, 4, 1, 6},
        {2, 8, 4, FW_MACHINE_BAR},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct fw_function *function;

        end(NULL);
        begin(NULL);
        fw_machine_model(&model, ZP_VIRTIO_ID_BLOCK);
        function = fw_machine_pci(&model, AT, BASE);
        for (unsigned byte = 0; byte < rows[i].width; byte++)
            function->config[FW_MACHINE_CAPS + rows[i].number * FW_MACHINE_CAP_GAP + rows[i].offset + byte] =
                (uint8_t)(rows[i].value >> 8 * byte);
        fw_virtio_add_pci(&bus, &ports);
        if (bus.disk_count != 0 || !*fw_host_notes)
            fail_msg("row %zu: %zu disks, %s", i, bus.disk_count, fw_host_notes);
        check_quiet();
    }
}

static void capability_loops(void **state)
{
    struct fw_function *function;

    (void)state;
    fw_machine_model(&model, ZP_VIRTIO_ID_BLOCK);
    function = fw_machine_pci(&model, AT, BASE);
    function->config[FW_MACHINE_CAPS + 3 * FW_MACHINE_CAP_GAP + 1] = FW_MACHINE_CAPS;
    fw_virtio_add_pci(&bus, &ports);
    assert_int_equal(bus.disk_count, 1); /* all that is needed was in it */
    check_read(&bus.disks[0], 0, 1, 0);
    check_quiet();
}

static void unreachable_bar(void **state)
{
    (void)state;
    fw_machine_model(&model, ZP_VIRTIO_ID_BLOCK);
    fw_machine_pci(&model, AT, UINT64_C(1) << 40);
    fw_machine.unreachable = UINT64_C(1) << 39;
    fw_virtio_add_pci(&bus, &ports);
    assert_int_equal(bus.disk_count, 0);
    assert_non_null(strstr(fw_host_notes, "no registers of virtio 1"));
    fw_host_forget();
    fw_virtio_add_pci(&bus, &ports); /* somebody looks again, and has heard it */
    assert_string_equal(fw_host_notes, "");
    check_quiet();
}

static void without_version_1(void **state)
{
    (void)state;
    fw_machine_model(&model, ZP_VIRTIO_ID_BLOCK);
    model.offers &= UINT32_MAX;
    fw_machine_pci(&model, AT, BASE);
    fw_virtio_add_pci(&bus, &ports);
    assert_int_equal(bus.disk_count, 0);
    assert_non_null(strstr(fw_host_notes, "before version 1"));
    check_quiet();
}

/* A device behind an IOMMU must be told that we know (6.1). */
static void access_platform(void **state)
{
    (void)state;
    fw_machine_model(&model, ZP_VIRTIO_ID_BLOCK);
    model.offers |= UINT64_C(0x1f) << 32; /* with packed rings and the like */
    fw_machine_pci(&model, AT, BASE);
    fw_virtio_add_pci(&bus, &ports);
    assert_int_equal(bus.disk_count, 1);
    assert_int_equal(model.accepted >> 32, 0x13);
    check_quiet();
}

/* Wherever memory ends, nothing is half done. */
static void arena_ends(void **state)
{
    size_t size = 0;

    (void)state;
    do {
        end(NULL);
        begin(NULL);
        arena.size = size;
        fw_machine_model(&model, ZP_VIRTIO_ID_SCSI);
        model.units = 2;
        fw_machine_pci(&model, AT, BASE);
        fw_virtio_add_pci(&bus, &ports);
        for (size_t i = 0; i < bus.disk_count; i++)
            check_read(&bus.disks[i], 0, 1, (unsigned)i);
        if (size > 0 && bus.disk_count < 2)
            assert_int_equal(model.status, bus.disk_count ? 0x0f : 0);
        fw_virtio_quiesce_all(&bus);
        assert_true(fw_machine_is_quiet());
        size += 64;
    } while (bus.disk_count < 2);
    assert_in_range(size, 1024, 16384);
}

/* A test on a machine of its own. */
#define POINT(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        POINT(block),
        POINT(block_for_long),
        POINT(block_sectors),
        POINT(block_limits),
        POINT(scsi),
        POINT(scsi_sizes),
        POINT(scsi_limits),
        POINT(scsi_types),
        POINT(random_bytes),
        POINT(transitional),
        POINT(once),
        POINT(behind_bridges),
        POINT(command_register),
        POINT(mmio),
        POINT(cmdline),
        POINT(mmio_that_is_none),
        POINT(enemies_all),
        POINT(never_resets),
        POINT(pulled_out),
        POINT(no_time),
        POINT(many_silent),
        POINT(slow_units),
        POINT(slow_reads),
        POINT(endless_units),
        POINT(endless_devices),
        POINT(configurations),
        POINT(restless),
        POINT(strange_units),
        POINT(wild_resid),
        POINT(wide_status),
        POINT(scsi_units_that_are_none),
        POINT(scsi_short),
        POINT(capabilities),
        POINT(capability_loops),
        POINT(unreachable_bar),
        POINT(without_version_1),
        POINT(access_platform),
        POINT(arena_ends),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
