/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Partition tables of a disk that is the input (fw_image.h). Asserted: reads are bounded, each volume lies on
 * the disk, no two share a byte but for the whole disk of a hybrid image, which is the last, and the arena is
 * given back.
 */
#include "bytes.h"
#include "fw_image.h"
#include "partition.h"

#define READS_MAX 300u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The checksums of a GPT whose header is in that sector, at most as far as the disk goes. */
static void seal(struct fw_image *image, uint64_t sector)
{
    unsigned char *header = image->bytes + sector * image->sector_size;
    uint64_t at = fw_get64(header + 72), count = fw_get32(header + 80), size = fw_get32(header + 84);
    uint32_t crc, header_size = fw_get32(header + 12);

    if (memcmp(header, "EFI PART", 8) != 0)
        return;
    if (at < image->size / image->sector_size && size < 65536 && count < 65536 &&
        count * size <= image->size - at * image->sector_size) {
        crc = fw_crc32(0, image->bytes + at * image->sector_size, (size_t)(count * size));
        memcpy(header + 88, &crc, 4);
    }
    memset(header + 16, 0, 4);
    if (header_size <= image->sector_size) {
        crc = fw_crc32(0, header, header_size);
        memcpy(header + 16, &crc, 4);
    }
}

static void check(const struct fw_image *image, const struct fw_volume *volumes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct fw_volume *volume = &volumes[i];

        insist(volume->size != 0 && volume->start < image->size &&
                   volume->size <= image->size - volume->start,
               "a volume lies on the disk");
        insist(memchr(volume->name, '\0', sizeof(volume->name)) != NULL, "a name has an end");
        for (const char *at = volume->name; *at; at++)
            insist(*at >= ' ' && *at <= '~', "a name is printable");
        if (volume->number == 0) {
            insist(i == count - 1 && volume->start == 0, "the whole disk is the last volume");
            continue;
        }
        insist(volume->start != 0, "a partition leaves room for its table");
        for (size_t j = 0; j < i; j++)
            insist(volumes[j].start + volumes[j].size <= volume->start ||
                       volume->start + volume->size <= volumes[j].start,
                   "volumes share no byte");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fw_image image;
    static struct fw_volume volumes[FW_VOLUME_MAX];
    struct fw_host_disk host;
    struct fw_arena arena = {.size = 1 << 20};
    size_t count;

    if (!fw_image_begin(&image, data, size))
        return 0;
    if (image.seal) {
        seal(&image, 1);
        seal(&image, image.size / image.sector_size - 1);
    }
    arena.bytes = malloc(arena.size);
    fw_image_disk(&image, &host);
    count = fw_partitions(&host.disk, &arena, volumes, FW_VOLUME_MAX);
    insist(count <= FW_VOLUME_MAX, "there are at most so many volumes");
    insist(arena.used == 0, "the arena is given back");
    insist(host.reads < READS_MAX, "reads are few");
    check(&image, volumes, count);
    free(arena.bytes);
    memset(image.bytes, 0, image.size); /* the checksums, too */
    return 0;
}
