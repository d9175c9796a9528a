/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads what is in a packed file for `zeropage inspect`: its parts, its checksums, the kernel in it, and each
 * way in that its headers really offer, by the entries of src/pack/layout.h.
 */
#include <string.h>

#include <zeropage/wire/bootparam.h>

#include "packed_view.h"

static void add_way(struct cli_packed *packed, const char *name, uint64_t at, uint64_t address,
                    const char *what)
{
    if (packed->way_count < CLI_PACKED_WAYS)
        packed->ways[packed->way_count++] = (struct cli_packed_way){name, what, at, address};
}

/* An entry of the body. */
static void add_entry(struct cli_packed *packed, const char *name, uint64_t entry, bool fixed,
                      const char *what)
{
    add_way(packed, name, ZP_PACK_BODY + entry, fixed ? ZP_PACK_ADDRESS + entry : 0, what);
}

static void find_ways(struct cli_packed *packed, const struct zp_opened_image *opened)
{
    const struct zp_image *image = &opened->image;
    const struct zp_bzimage *bzimage = &image->bzimage;
    bool elf = image->elf.class_bits == 64;
    if (packed->packed.body.payload_offset != 0)
        add_way(packed, "bios-disk", 0, 0, "a BIOS runs the first sector, which reads the body");
    if (packed->packed.esp)
        add_way(packed, "uefi-disk", packed->packed.esp_at, 0,
                "UEFI runs EFI/BOOT/BOOTX64.EFI of the ESP, which reads EFI/BOOT/PAYLOAD.ZP");
    if (image->formats & ZP_FORMAT_BZIMAGE) {
        add_way(packed, "linux16", ZP_SETUP_SECTOR_SIZE, 0, "loaders of bzImages: the real-mode setup");
        add_entry(packed, "linux32", ZP_PACK_ENTRY_LINUX32, false, "loaders of bzImages: ESI is boot_params");
        if (bzimage->header.xloadflags & ZP_XLF_KERNEL_64)
            add_entry(packed, "linux64", ZP_PACK_ENTRY_LINUX64, false,
                      "loaders of bzImages: RSI is boot_params");
    }
    if (elf)
        add_entry(packed, "e_entry", ZP_PACK_ENTRY_LINUX64, true,
                  "loaders of ELF64 files: RSI is boot_params");
    if (image->pvh.present)
        add_entry(packed, "pvh", ZP_PACK_ENTRY_PVH, true, "loaders that know PVH: EBX is start_info");
    if (image->multiboot1.present)
        add_entry(packed, "multiboot1", ZP_PACK_ENTRY_MULTIBOOT1, true,
                  "multiboot 1 loaders: EBX is their information");
    if (image->multiboot2.present)
        add_entry(packed, "multiboot2", ZP_PACK_ENTRY_MULTIBOOT2, true,
                  "multiboot 2 loaders: EBX is their information");
    if (image->pe.offset != 0)
        add_entry(packed, "efi", ZP_PACK_ENTRY_EFI, false, "UEFI runs the file: a PE for x86-64");
    if ((image->formats & ZP_FORMAT_BZIMAGE) && (bzimage->header.xloadflags & ZP_XLF_EFI_HANDOVER_64))
        add_entry(packed, "handover", ZP_PACK_ENTRY_HANDOVER, false,
                  "EFI loaders that know the handover protocol");
}

void cli_packed_read(struct cli_packed *ret_packed, const struct zp_opened_image *opened)
{
    const struct zp_source *source = &opened->file.source;
    memset(ret_packed, 0, sizeof *ret_packed);
    if (opened->compression != ZP_COMPRESSION_NONE)
        return;
    int found = zp_pack_read(source, &ret_packed->packed, ret_packed->why, sizeof ret_packed->why);
    ret_packed->present = found != 0;
    ret_packed->spoiled = found < 0;
    if (found <= 0)
        return;
    ret_packed->altered =
        zp_pack_verify(source, &ret_packed->packed, ret_packed->why, sizeof ret_packed->why) != 0;
    if (ret_packed->packed.body.payload_offset != 0)
        cli_packed_kernel(&opened->file, &ret_packed->packed, ret_packed->kernel, sizeof ret_packed->kernel);
    find_ways(ret_packed, opened);
}

void cli_packed_free(struct cli_packed *packed)
{
    if (packed->present && !packed->spoiled)
        zp_packed_free(&packed->packed);
    packed->present = false;
}
