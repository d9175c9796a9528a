/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The checksums of a packed file, as the stub will compute them: that of the body, that of the payload, and
 * the sum over front and real-mode code; and those of the BOOTX64.EFI in the ESP, which is found there as a
 * firmware would find it, by the directories (Microsoft FAT specification 1.03). Receives what read.c
 * accepted.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "packing.h"

#define PIECE      ((size_t)1 << 20)
#define ENTRY_SIZE 32u

static int get(const struct zp_source *file, uint64_t offset, void *bytes, size_t size,
               const struct zp_pack_say *say)
{
    int status = file->read(file->context, offset, bytes, size);

    return status ? zp_pack_fail(say, "offset 0x%" PRIx64 ": %s", offset, strerror(-status)) : 0;
}

/* The checksum of [at, +size) of the file with the 8 bytes at `skip` from its start as 0. */
static int sum_up(const struct zp_source *file, uint64_t at, uint64_t size, uint64_t skip, uint64_t *ret_sum,
                  const struct zp_pack_say *say)
{
    unsigned char *piece = malloc(PIECE);
    struct zp_pack_sum sum = {0};
    int status = piece ? 0 : zp_pack_fail(say, "no memory to read it with");

    for (uint64_t done = 0; status == 0 && done < size; done += PIECE) {
        size_t part = size - done < PIECE ? (size_t)(size - done) : PIECE;

        status = get(file, at + done, piece, part, say);
        if (done == 0 && skip + 8 <= part)
            memset(piece + skip, 0, 8);
        if (status == 0)
            zp_pack_sum_add(&sum, piece, part);
    }
    free(piece);
    *ret_sum = zp_pack_sum_end(&sum);
    return status;
}

static int compare(const struct zp_source *file, const char *part, uint64_t at, uint64_t size, uint64_t skip,
                   uint64_t expected, const struct zp_pack_say *say)
{
    uint64_t sum;

    if (sum_up(file, at, size, skip, &sum, say))
        return -1;
    if (sum != expected)
        return zp_pack_fail(say,
                            "%s at 0x%" PRIx64 ": checksum 0x%" PRIx64 ", and its bytes make 0x%" PRIx64
                            ": it was altered",
                            part, at, expected, sum);
    return 0;
}

static int verify_front(const struct zp_source *file, const struct zp_pack_say *say)
{
    unsigned char front[ZP_PACK_BODY];
    uint32_t sum;

    if (get(file, 0, front, sizeof(front), say))
        return -1;
    sum = zp_pack_setup_sum(front);
    if (sum != 0)
        return zp_pack_fail(say, "front at 0x%x: its words add up to 0x%x and not to 0: it was altered",
                            ZP_PACK_HEADERS, sum);
    return 0;
}

/* Everything of one flavour but an ESP. */
static int verify_one(const struct zp_source *file, const struct zp_packed *packed,
                      const struct zp_pack_say *say)
{
    int status = verify_front(file, say);

    if (status == 0)
        status =
            compare(file, "body", ZP_PACK_BODY, packed->body.body_size,
                    ZP_PACK_HEADER + offsetof(struct zp_pack_body, checksum), packed->body.checksum, say);
    if (status == 0 && packed->payload_at != 0)
        status = compare(file, "payload", packed->payload_at, packed->payload.size,
                         offsetof(struct zp_pack_payload, checksum), packed->payload.checksum, say);
    return status;
}

/* The volume as its boot sector has it. */
struct volume {
    const struct zp_source *file;
    const struct zp_pack_say *say;
    uint64_t at, end;
    uint64_t root_at, data_at, cluster_size;
};

static int open_volume(struct volume *volume, const struct zp_packed *packed)
{
    unsigned char sector[ZP_PACK_SECTOR];
    uint64_t reserved, fats, root_size, fat_sectors;

    volume->at = packed->esp_at;
    volume->end = packed->esp_at + packed->esp_size;
    if (get(volume->file, volume->at, sector, sizeof(sector), volume->say))
        return -1;
    reserved = sector[0x0e] | (uint64_t)sector[0x0f] << 8;
    fats = sector[0x10];
    root_size = (sector[0x11] | (uint64_t)sector[0x12] << 8) * ENTRY_SIZE;
    fat_sectors = sector[0x16] | (uint64_t)sector[0x17] << 8;
    volume->cluster_size = (uint64_t)sector[0x0d] * ZP_PACK_SECTOR;
    volume->root_at = volume->at + (reserved + fats * fat_sectors) * ZP_PACK_SECTOR;
    volume->data_at = volume->root_at + root_size;
    if (sector[0x1fe] != 0x55 || sector[0x1ff] != 0xaa || volume->cluster_size == 0 || root_size == 0 ||
        volume->data_at >= volume->end)
        return zp_pack_fail(volume->say, "ESP at 0x%" PRIx64 ": no FAT file system", volume->at);
    return 0;
}

/* An entry of the directory whose first sector lies at *at; then *at and *size are those of what it names. */
static int enter(const struct volume *volume, const char *name, uint64_t *at, uint64_t *size)
{
    unsigned char sector[ZP_PACK_SECTOR];

    if (get(volume->file, *at, sector, sizeof(sector), volume->say))
        return -1;
    for (size_t i = 0; i < sizeof(sector); i += ENTRY_SIZE) {
        const unsigned char *entry = sector + i;
        uint64_t cluster = entry[0x1a] | (uint64_t)entry[0x1b] << 8;

        if (memcmp(entry, name, 11) != 0)
            continue;
        if (cluster < 2 || volume->data_at + (cluster - 2) * volume->cluster_size >= volume->end)
            break;
        *at = volume->data_at + (cluster - 2) * volume->cluster_size;
        *size = entry[0x1c] | (uint64_t)entry[0x1d] << 8 | (uint64_t)entry[0x1e] << 16 |
                (uint64_t)entry[0x1f] << 24;
        return 0;
    }
    return zp_pack_fail(volume->say, "ESP at 0x%" PRIx64 ": no \\EFI\\BOOT\\%.11s in it", volume->at, name);
}

struct part {
    struct zp_source source;
    const struct zp_source *file;
    uint64_t at;
};

static int read_part(void *context, uint64_t offset, void *buffer, size_t length)
{
    const struct part *part = context;

    return part->file->read(part->file->context, part->at + offset, buffer, length);
}

static int verify_efi(const struct volume *volume, uint64_t at, uint64_t size)
{
    struct part part = {.source = {size, read_part, &part}, .file = volume->file, .at = at};
    struct zp_packed packed;
    char text[512];
    struct zp_pack_say say = {text, sizeof(text)};
    int status = at > volume->end || size > volume->end - at
                     ? zp_pack_fail(&say, "it goes past the end of the ESP")
                     : zp_pack_read(&part.source, &packed, text, sizeof(text));

    if (status == 0)
        status = zp_pack_fail(&say, "it is no stub");
    if (status == 1) {
        status = verify_one(&part.source, &packed, &say);
        zp_packed_free(&packed);
    }
    return status ? zp_pack_fail(volume->say, "BOOTX64.EFI at 0x%" PRIx64 ": %s", at, text) : 0;
}

/*
 * Clusters in the order in which firmware reads them: the table as the packer made it, but for its first two
 * entries, in which whoever mounts the volume keeps notes.
 */
static int verify_chains(const struct volume *volume, const struct zp_packed *packed)
{
    const uint64_t efi = zp_pack_align(ZP_PACK_BODY + packed->body.body_size, ZP_PACK_SECTOR);
    struct zp_pack_fat fat;
    unsigned char *made, *found;
    size_t first, size;
    int status = 0;

    zp_pack_fat_plan(&fat, packed->esp_at, efi, packed->payload.size);
    if (fat.size != packed->esp_size || fat.payload_at != packed->payload_at)
        return zp_pack_fail(volume->say,
                            "ESP at 0x%" PRIx64 ": its size or layout is another than was packed",
                            packed->esp_at);
    first = ZP_PACK_SECTOR + (fat.fat16 ? 4 : 3);
    size = (size_t)(ZP_PACK_SECTOR * (1 + (uint64_t)fat.fat_sectors)) - first;
    made = malloc((size_t)fat.head_size);
    found = malloc(size);
    if (!made || !found)
        status = zp_pack_fail(volume->say, "no memory to read it with");
    if (status == 0)
        status = get(volume->file, packed->esp_at + first, found, size, volume->say);
    if (status == 0) {
        zp_pack_fat_fill(&fat, made);
        if (memcmp(made + first, found, size) != 0)
            status = zp_pack_fail(volume->say,
                                  "ESP at 0x%" PRIx64 ": its cluster chains are not those that were packed: "
                                  "the file system was written to",
                                  packed->esp_at);
    }
    free(made);
    free(found);
    return status;
}

static int verify_esp(const struct zp_source *file, const struct zp_packed *packed,
                      const struct zp_pack_say *say)
{
    struct volume volume = {.file = file, .say = say};
    uint64_t directory = 0, at, size;

    if (open_volume(&volume, packed))
        return -1;
    directory = volume.root_at;
    if (enter(&volume, "EFI        ", &directory, &size) || enter(&volume, "BOOT       ", &directory, &size))
        return -1;
    at = directory;
    if (enter(&volume, "BOOTX64 EFI", &at, &size) || verify_efi(&volume, at, size))
        return -1;
    at = directory;
    if (enter(&volume, "PAYLOAD ZP ", &at, &size))
        return -1;
    if (at != packed->payload_at || size != packed->payload.size)
        return zp_pack_fail(say,
                            "ESP at 0x%" PRIx64 ": PAYLOAD.ZP is not the payload at 0x%" PRIx64
                            ": the file system was written to",
                            packed->esp_at, packed->payload_at);
    return verify_chains(&volume, packed);
}

int zp_pack_verify(const struct zp_source *file, const struct zp_packed *packed, char *error,
                   size_t error_size)
{
    const struct zp_pack_say say = {error, error_size};
    int status = verify_one(file, packed, &say);

    return status == 0 && packed->esp ? verify_esp(file, packed, &say) : status;
}
