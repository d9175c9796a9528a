/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes the subject of a verdict: chooses the layer of the file that the host reads (the file as named, what
 * it unpacks to, a UKI from outside) and reads the few raw bytes that rules ask for. UEFI specification 2.10,
 * sections 5.2 (MBR) and 5.3 (GPT); Linux Documentation/x86/boot for the setup header.
 */
#include "subject.h"

#include <string.h>

#define SECTOR        512u
#define JMP_SHORT     0xebu
#define BOOT_MAGIC_AT 0x1feu
#define TABLE_AT      0x1beu
#define ENTRY_SIZE    16u
#define TYPE_ESP      0xefu
#define TYPE_GPT      0xeeu
#define GPT_ENTRY_MAX 128u /* entries that are asked; the specification reserves room for as many */

/* C12A7328-F81F-11D2-BA4B-00A0C93EC93B, as it lies on the disk */
static const uint8_t esp_type[16] = {0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
                                     0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b};

/* How the first sector of a kernel begins that is not meant to be booted: an EFI stub; and ljmp 07c0:0005, by
 * which Linux from 2.6 on and memtest86+ go to tell that they want a boot loader, or look for a floppy; and
 * GRUB's lnxboot, which clears EBP and goes on in the second sector. */
static const uint8_t mz[] = {'M', 'Z'};
static const uint8_t lnxboot[] = {0x66, 0x31, 0xed, 0xe9};
static const uint8_t complaint[] = {0xea, 0x05, 0x00, 0xc0, 0x07};

struct gpt_header {
    char signature[8];
    uint8_t skipped[64];
    uint64_t entries_lba;
    uint32_t entry_count;
    uint32_t entry_size;
};

struct gpt_entry {
    uint8_t type[16];
    uint8_t unique[16];
    uint64_t first, last; /* sectors, both included */
};

bool zp_subject_read(const struct zp_source *source, uint64_t offset, void *bytes, size_t length)
{
    uint64_t rest;

    memset(bytes, 0, length);
    if (!source || !source->read || offset >= source->size)
        return false;
    rest = source->size - offset;
    return source->read(source->context, offset, bytes, rest < length ? (size_t)rest : length) == 0;
}

static uint32_t word_at(const uint8_t *bytes)
{
    uint32_t word;

    memcpy(&word, bytes, sizeof(word));
    return word;
}

/* One that a firmware would believe: marked active or not, of some type, of some size, inside the disk. */
static bool possible(const uint8_t *entry, uint64_t sectors)
{
    uint32_t first = word_at(entry + 8), count = word_at(entry + 12);

    return (entry[0] == 0x00 || entry[0] == 0x80) && entry[4] != 0 && first != 0 && count != 0 &&
           first < sectors;
}

static void look_at_gpt(struct zp_disk *disk, const struct zp_source *source)
{
    struct gpt_header header;
    struct gpt_entry entry;

    if (!zp_subject_read(source, SECTOR, &header, sizeof(header)) ||
        memcmp(header.signature, "EFI PART", sizeof(header.signature)) != 0)
        return;
    disk->gpt = true;
    if (header.entry_size < sizeof(entry) || header.entries_lba > source->size / SECTOR)
        return;
    for (uint32_t i = 0; i < header.entry_count && i < GPT_ENTRY_MAX && disk->esp == 0; i++) {
        uint64_t at = header.entries_lba * SECTOR + (uint64_t)i * header.entry_size;

        if (!zp_subject_read(source, at, &entry, sizeof(entry)))
            return;
        if (memcmp(entry.type, esp_type, sizeof(esp_type)) != 0 || entry.last < entry.first)
            continue;
        disk->esp = i + 1;
        disk->esp_start = entry.first;
        disk->esp_size = entry.last - entry.first + 1;
    }
}

/* MZ as code is dec bp, pop dx; one that wants to be run goes on with a short jump over the header. */
static bool jumps_to_code(const uint8_t *sector)
{
    size_t target = 4u + sector[3];

    return sector[2] == JMP_SHORT && sector[3] < 0x80 && target + 4 <= SECTOR &&
           word_at(sector + target) != 0;
}

static void look_at_disk(struct zp_disk *disk, const struct zp_source *source)
{
    uint8_t sector[SECTOR];
    uint64_t sectors = source->size / SECTOR;

    if (sectors == 0 || !zp_subject_read(source, 0, sector, sizeof(sector)))
        return;
    disk->read = true;
    memcpy(&disk->magic, sector + BOOT_MAGIC_AT, sizeof(disk->magic));
    disk->code = word_at(sector) != 0 || word_at(sector + 4) != 0;
    disk->stub = (memcmp(sector, mz, sizeof(mz)) == 0 && !jumps_to_code(sector)) ||
                 memcmp(sector, lnxboot, sizeof(lnxboot)) == 0 ||
                 memcmp(sector, complaint, sizeof(complaint)) == 0;
    if (disk->magic != ZP_BOOT_FLAG)
        return;
    for (unsigned i = 0; i < 4; i++) {
        const uint8_t *entry = sector + TABLE_AT + i * ENTRY_SIZE;

        if (!possible(entry, sectors))
            continue;
        disk->table = disk->table || i < 3;
        if (word_at(entry + 8) > disk->last_start)
            disk->last_start = word_at(entry + 8);
        if (entry[4] == TYPE_GPT)
            look_at_gpt(disk, source);
        if (entry[4] != TYPE_ESP || disk->esp != 0)
            continue;
        disk->esp = i + 1;
        disk->esp_start = word_at(entry + 8);
        disk->esp_size = word_at(entry + 12);
    }
}

/* Which layer the host reads. */
static void choose_layer(struct zp_subject *subject, uint32_t unpacks)
{
    static const struct zp_image nothing = {0};
    const struct zp_opened_image *opened = subject->opened;

    subject->source = &opened->file.source;
    subject->image = &nothing;
    if (opened->compression != ZP_COMPRESSION_NONE && !(unpacks & UINT32_C(1) << opened->compression) &&
        !(opened->uki.present && !opened->uki.packed)) {
        subject->compression = opened->compression;
        return;
    }
    if (opened->uki.present) {
        subject->source = &zp_opened_image_uki_file(opened)->source;
        subject->uki =
            (struct zp_image){.formats = ZP_FORMAT_PE, .source = subject->source, .pe = opened->uki.pe};
        subject->image = &subject->uki;
        return;
    }
    if (opened->compression != ZP_COMPRESSION_NONE)
        subject->source = &opened->unpacked.source;
    subject->image = &opened->image;
    if (opened->inner.tried && opened->inner.status == 0)
        subject->inner = &opened->inner.image;
}

void zp_subject_make(struct zp_subject *ret_subject, const struct zp_opened_image *opened, uint32_t unpacks)
{
    memset(ret_subject, 0, sizeof(*ret_subject));
    ret_subject->opened = opened;
    choose_layer(ret_subject, unpacks);
    (void)zp_subject_read(ret_subject->source, 0, &ret_subject->magic, sizeof(ret_subject->magic));
    (void)zp_subject_read(ret_subject->source, ZP_SETUP_HEADER_OFFSET, &ret_subject->header,
                          sizeof(ret_subject->header));
    ret_subject->hdrs = ret_subject->header.header == ZP_SETUP_MAGIC_HDRS;
    look_at_disk(&ret_subject->disk, &opened->file.source);
}

const struct zp_entry *zp_subject_entry(const struct zp_subject *subject, uint32_t protocol)
{
    const struct zp_image *image = subject->image;
    const struct zp_entry *sound = zp_image_entry(image, protocol);

    for (size_t i = 0; i < image->entry_count && !sound; i++)
        if (image->entries[i].protocol == protocol)
            return &image->entries[i];
    return sound;
}
