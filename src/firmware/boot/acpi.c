/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI tables by QEMU's script: etc/table-loader says which files to put into memory, where they point to
 * each other and what their checksums cover. QEMU builds them when they are first read, of the machine as it
 * is then: set up, by chipset.c. Receives a script of any content; guarantees that nothing is written outside
 * of the files that it allocated, and an RSDP when all of it held. A script that does not hold is one line,
 * and a machine without ACPI. QEMU include/hw/acpi/bios-linker-loader.h; ACPI 6.4, 5.2.5.
 */
#include <zeropage/wire/acpi.h>
#include <zeropage/wire/e820.h>

#include "../../core/checked.h"
#include "fw_cfg.h"
#include "reset.h"

#define COMMAND_MAX 256
#define FILE_MAX    16
#define ALIGN_MAX   0x10000u

enum {
    ALLOCATE = 1,
    ADD_POINTER = 2,
    ADD_CHECKSUM = 3,
    WRITE_POINTER = 4
};
#define ZONE_LOW 2 /* where an RSDP is sought; else anywhere below 4 GiB */

struct command {
    uint32_t command;
    union {
        struct {
            char file[FW_CFG_NAME];
            uint32_t align;
            uint8_t zone;
        } __attribute__((packed)) allocate;
        struct {
            char to[FW_CFG_NAME], from[FW_CFG_NAME];
            uint32_t offset;
            uint8_t size;
        } __attribute__((packed)) pointer;
        struct {
            char file[FW_CFG_NAME];
            uint32_t offset, start, length;
        } __attribute__((packed)) checksum;
        struct {
            char to[FW_CFG_NAME], from[FW_CFG_NAME];
            uint32_t offset, from_offset;
            uint8_t size;
        } __attribute__((packed)) write;
        uint8_t bytes[124];
    };
} __attribute__((packed));
static_assert(sizeof(struct command) == 128, "size of a command");

/* What was allocated; its name is that of the command that did it. */
struct file {
    const char *name;
    uint64_t key; /* bytes 8 to 15 of it */
    uint8_t *bytes;
    uint32_t size;
};

static FW_KEPT struct command commands[COMMAND_MAX];
static FW_KEPT struct file files[FILE_MAX];
static FW_KEPT size_t file_count;

static uint64_t word(const char *name, size_t at)
{
    uint64_t value;

    memcpy(&value, name + at, sizeof(value));
    return value;
}

/* All begin with "etc/acpi", or nearly so, and what follows tells them apart: that is the key. */
static bool same_rest(const char *a, const char *b)
{
    for (size_t i = 0; i < FW_CFG_NAME; i += i ? 8 : 16) {
        if (word(a, i) != word(b, i))
            return false;
        if (i == 0 && word(a, 8) >> 56 == 0)
            return true; /* the name ends in the key */
    }
    return true;
}

static struct file *find(const char *name)
{
    uint64_t key = word(name, 8);

    for (struct file *file = files; file < files + file_count; file++)
        if (file->key == key && same_rest(file->name, name))
            return file;
    return NULL;
}

static const char *allocate(struct fw_board *board, const struct command *command)
{
    const char *name = command->allocate.file;
    uint32_t align = command->allocate.align;
    struct file *file = &files[file_count];
    struct fw_cfg_file source;

    if (file_count == FILE_MAX || name[FW_CFG_NAME - 1] || find(name) || !fw_cfg_find(name, &source))
        return "allocate";
    if (align == 0)
        align = 1;
    if (!zp_is_power_of_two(align) || align > ALIGN_MAX || source.size == 0)
        return "alignment";
    file->name = name;
    file->key = word(name, 8);
    file->size = source.size;
    if (command->allocate.zone == ZONE_LOW)
        file->bytes = fw_board_take_low(board, source.size, align < 16 ? 16 : align);
    else
        file->bytes = fw_board_take(board, source.size, align, ZP_E820_ACPI);
    if (!file->bytes)
        return "no room";
    fw_cfg_read(source.item, 0, file->bytes, source.size);
    file_count++;
    return NULL;
}

static bool is_size(uint32_t size)
{
    return size <= 8 && zp_is_power_of_two(size);
}

/* Little-endian, as we are. */
static const char *add_pointer(const struct command *command)
{
    struct file *to = find(command->pointer.to), *from = find(command->pointer.from);
    uint32_t size = command->pointer.size;
    uint64_t value = 0;

    if (!to || !from || !is_size(size) || !zp_fits(command->pointer.offset, size, to->size))
        return "pointer";
    memcpy(&value, to->bytes + command->pointer.offset, size);
    value += (uintptr_t)from->bytes;
    if (size < 8 && value >> (8 * size))
        return "pointer too small";
    memcpy(to->bytes + command->pointer.offset, &value, size);
    return NULL;
}

static const char *add_checksum(const struct command *command)
{
    struct file *file = find(command->checksum.file);

    if (!file || !zp_fits(command->checksum.start, command->checksum.length, file->size) ||
        !zp_fits(command->checksum.offset, 1, file->size))
        return "checksum";
    file->bytes[command->checksum.offset] -=
        fw_sum(file->bytes + command->checksum.start, command->checksum.length);
    return NULL;
}

/* Tells QEMU where one of its files lies. */
static const char *write_pointer(const struct command *command)
{
    struct file *from = find(command->write.from);
    uint32_t size = command->write.size;
    struct fw_cfg_file to;
    uint64_t value;

    if (!from || !is_size(size) || command->write.to[FW_CFG_NAME - 1] ||
        !fw_cfg_find(command->write.to, &to) || !zp_fits(command->write.offset, size, to.size) ||
        command->write.from_offset >= from->size)
        return "write pointer";
    value = (uintptr_t)from->bytes + command->write.from_offset;
    if (!fw_cfg_write(to.item, command->write.offset, &value, size))
        return "write pointer: no DMA";
    return NULL;
}

static const char *run(struct fw_board *board, const struct command *command)
{
    switch (command->command) {
    case ALLOCATE: return allocate(board, command);
    case ADD_POINTER: return add_pointer(command);
    case ADD_CHECKSUM: return add_checksum(command);
    case WRITE_POINTER: return write_pointer(command);
    }
    return NULL; /* a script may be longer than its commands, and newer than we */
}

/* The script has set its checksums. */
static void tell_rsdp(struct arrival *arrival)
{
    for (size_t i = 0; i < file_count; i++) {
        const struct file *file = &files[i];
        size_t size = ZP_ACPI_RSDP_V2_SIZE;

        if (memcmp(file->bytes, ZP_ACPI_RSDP_SIGNATURE, 8) || file->size < ZP_ACPI_RSDP_V1_SIZE)
            continue;
        if (file->bytes[offsetof(struct zp_acpi_rsdp, revision)] < 2)
            size = ZP_ACPI_RSDP_V1_SIZE;
        if (file->size < size)
            continue;
        arrival->rsdp = (uintptr_t)file->bytes;
        memcpy(arrival->rsdp_bytes, file->bytes, size);
        return;
    }
}

void fw_acpi(struct fw_board *board)
{
    struct fw_cfg_file script;
    size_t count;

    file_count = 0;
    if (!fw_cfg_find("etc/table-loader", &script))
        return;
    if (script.size > sizeof(commands) || script.size % sizeof(commands[0])) {
        fw_note("etc/table-loader: %d bytes: no ACPI", (uint64_t)script.size);
        return;
    }
    fw_cfg_read(script.item, 0, commands, script.size);
    count = script.size / sizeof(commands[0]);
    while (count && commands[count - 1].command == 0)
        count--; /* QEMU's script has a tail of zeros */
    for (size_t i = 0; i < count; i++) {
        const char *wrong = run(board, &commands[i]);

        if (wrong) {
            fw_note("etc/table-loader: command %d: %s: no ACPI", (uint64_t)i, wrong);
            return;
        }
    }
    tell_rsdp(board->arrival);
}
