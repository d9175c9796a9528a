/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Universal images, as `zeropage pack` makes them, and whatever else is a kernel without a configuration.
 * Receives what the search has left: volumes without a file system, disks with partitions as a whole, and
 * file systems; adds entries for those that begin as an image which can be booted, and for the file that UEFI
 * would start of each file system (UEFI specification 3.5.1.1), when that is a kernel. Of a packed disk of
 * which the partition for UEFI alone is left, the payload's parts are the entry (pack/layout.h). Programs of
 * EFI lie at the same place: what is none of ours costs no line.
 */
#include "universal.h"

#include "../core/checked.h"
#include "../pack/layout.h"
#include "reading.h"

#define FOLDER      "/EFI/BOOT/"
#define CMDLINE_MAX 65536u

/* --- Volumes that are images ------------------------------------------------------------------------------
 */

static int image_open(struct fw_fs *fs, const char *path, struct fw_file *ret)
{
    (void)path; /* there is one */
    ret->kind = FW_FILE;
    ret->size = fs->volume.size;
    return 0;
}

static int image_read(struct fw_file *file, uint64_t offset, void *buffer, size_t length)
{
    return fw_volume_read(&file->fs->volume, offset, buffer, length);
}

static const struct fw_fs_ops image = {.name = "image", .open = image_open, .read = image_read};

static bool is_image(struct fw_fs *fs, const char *path, fw_is_image *is_kernel)
{
    struct fw_file_source source;

    return fw_file_source(fs, path, (struct fw_piece){.size = 0}, &source) == 0 && is_kernel(&source.source);
}

static struct fw_entry *next_entry(struct fw_menu *menu, struct fw_fs *fs, const char *kernel)
{
    struct fw_entry *entry = fw_menu_next(menu, fs, FW_UNIVERSAL);

    if (entry) {
        entry->id = entry->title = "Image";
        entry->kernel = kernel;
    }
    return entry;
}

bool fw_universal_volume(struct fw_menu *menu, const struct fw_volume *volume, fw_is_image *is_kernel)
{
    size_t used = menu->arena->used;
    struct fw_fs *fs = fw_arena_take(menu->arena, sizeof(*fs));

    if (!fs)
        return false;
    fs->volume = *volume;
    fs->arena = menu->arena;
    fs->ops = &image;
    if (!is_image(fs, volume->disk->name, is_kernel) || !next_entry(menu, fs, volume->disk->name)) {
        menu->arena->used = used;
        return false;
    }
    menu->count++;
    return true;
}

/* --- Files ------------------------------------------------------------------------------------------------
 */

static int refuse(const char *path, const char *why)
{
    fw_note("%s: %s", path, why);
    return -1;
}

/* Bytes of the payload as a piece of its file. */
static bool take_piece(const struct fw_file *file, uint64_t offset, uint64_t size, struct fw_piece *ret)
{
    *ret = (struct fw_piece){.offset = offset, .size = size};
    return size != 0 && zp_fits(offset, size, file->size);
}

static int take_parts(struct fw_entry *entry, struct fw_file *file, const struct zp_pack_payload *payload,
                      struct fw_arena *arena)
{
    bool fits = take_piece(file, payload->kernel_offset, payload->kernel_size, &entry->kernel_piece) &&
                payload->module_count <= FW_INITRD_MAX && payload->cmdline_length < CMDLINE_MAX;
    char *options;

    for (uint32_t i = 0; fits && i < payload->module_count; i++) {
        entry->initrds[i] = entry->kernel;
        fits =
            take_piece(file, payload->modules[i].offset, payload->modules[i].size, &entry->initrd_pieces[i]);
    }
    if (!fits)
        return refuse(entry->kernel, "no payload: what it says of itself cannot be");
    entry->initrd_count = payload->module_count;
    options = fw_arena_take(arena, payload->cmdline_length + 1);
    if (!options || fw_read(file, payload->cmdline_offset, options, payload->cmdline_length) != 0)
        return refuse(entry->kernel, "its command line cannot be read");
    if (fw_length(options) != payload->cmdline_length)
        return refuse(entry->kernel, "its command line has a byte of 0");
    entry->options = options;
    return 0;
}

/* 0, 1: there is none, -1. */
static int add_payload(struct fw_menu *menu, struct fw_fs *fs)
{
    static const char path[] = FOLDER "PAYLOAD.ZP";
    struct zp_pack_payload payload;
    struct fw_entry *entry;
    struct fw_file file;

    if (fw_open(fs, path, &file) != 0 || fw_read(&file, 0, &payload, sizeof(payload)) != 0 ||
        memcmp(payload.magic, ZP_PACK_PAYLOAD_MAGIC, sizeof(payload.magic)) != 0 ||
        payload.version != ZP_PACK_VERSION)
        return 1;
    if (payload.compression != ZP_PACK_STORED || payload.told)
        return refuse(path, "only the stub that it was packed with can boot this");
    entry = next_entry(menu, fs, path);
    if (!entry || take_parts(entry, &file, &payload, menu->arena) != 0)
        return -1;
    menu->count++;
    return 0;
}

void fw_universal_files(struct fw_menu *menu, struct fw_fs *fs, fw_is_image *is_kernel)
{
    static const char path[] = FOLDER "BOOTX64.EFI";
    struct fw_entry *entry;
    const char *why;

    if (add_payload(menu, fs) <= 0 || !fw_is_file(fs, path))
        return; /* and the program beside a payload is what UEFI needs to boot that */
    entry = next_entry(menu, fs, path);
    if (entry && (fw_uki_take(menu, entry, 0, &why) != 0 || is_image(fs, path, is_kernel)))
        menu->count++;
}
