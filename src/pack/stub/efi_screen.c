/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frame buffer that the firmware draws in -> screen_info (UEFI 2.10, 12.9 "Graphics Output Protocol";
 * Linux/x86 boot protocol, "struct screen_info"). Receives any mode of a firmware; guarantees numbers that
 * fit their fields, or leaves screen_info as it was.
 */
#include "efi.h"

/* Of several outputs the one that the console writes to. */
static const struct zp_efi_guid graphics_output = {
    0x9042a9de, 0x23dc, 0x4a38, {0x96, 0xfb, 0x7a, 0xde, 0xd0, 0x80, 0x51, 0x6a}};
static const struct zp_efi_guid console_out_device = {
    0xd3b36f2c, 0xd551, 0x11d4, {0x9a, 0x46, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d}};
static const struct zp_efi_guid edid_active = {
    0xbd8c1056, 0x9f36, 0x44ec, {0x92, 0xa8, 0xa6, 0x33, 0x7f, 0x81, 0x79, 0x86}};

/* Where the ones of a mask begin and how many there are. */
static void mask_bits(uint32_t mask, uint8_t *ret_position, uint8_t *ret_size)
{
    uint8_t position = 0, size = 0;

    while (mask && !(mask & 1)) {
        mask >>= 1;
        position++;
    }
    while (mask & 1) {
        mask >>= 1;
        size++;
    }
    *ret_position = position;
    *ret_size = size;
}

static bool set_pixels(struct zp_screen_info *screen,
                       const struct zp_efi_graphics_output_mode_information *info)
{
    static const struct zp_efi_pixel_bitmask rgb = {0xff, 0xff00, 0xff0000, 0xff000000};
    static const struct zp_efi_pixel_bitmask bgr = {0xff0000, 0xff00, 0xff, 0xff000000};
    const struct zp_efi_pixel_bitmask *mask = &info->pixel_information;

    if (info->pixel_format == ZP_EFI_PIXEL_RGB_RESERVED)
        mask = &rgb;
    else if (info->pixel_format == ZP_EFI_PIXEL_BGR_RESERVED)
        mask = &bgr;
    else if (info->pixel_format != ZP_EFI_PIXEL_BIT_MASK)
        return false;
    mask_bits(mask->red_mask, &screen->red_pos, &screen->red_size);
    mask_bits(mask->green_mask, &screen->green_pos, &screen->green_size);
    mask_bits(mask->blue_mask, &screen->blue_pos, &screen->blue_size);
    mask_bits(mask->reserved_mask, &screen->rsvd_pos, &screen->rsvd_size);
    screen->lfb_depth =
        (uint16_t)(screen->red_size + screen->green_size + screen->blue_size + screen->rsvd_size);
    return screen->lfb_depth >= 8 && screen->lfb_depth <= 32;
}

bool stub_efi_screen_mode(struct zp_screen_info *screen, const struct zp_efi_graphics_output_mode *mode,
                          const struct zp_efi_graphics_output_mode_information *info)
{
    struct zp_screen_info made = *screen;
    uint64_t line, size;

    if (!set_pixels(&made, info) || mode->frame_buffer_base == 0)
        return false;
    line = (uint64_t)info->pixels_per_scan_line * made.lfb_depth / 8;
    size = line * info->vertical_resolution;
    if (info->horizontal_resolution == 0 || info->vertical_resolution == 0 ||
        info->horizontal_resolution > UINT16_MAX || info->vertical_resolution > UINT16_MAX ||
        info->pixels_per_scan_line < info->horizontal_resolution || line > UINT16_MAX || size > UINT32_MAX)
        return false;
    made.orig_video_isVGA = ZP_VIDEO_TYPE_EFI;
    made.lfb_width = (uint16_t)info->horizontal_resolution;
    made.lfb_height = (uint16_t)info->vertical_resolution;
    made.lfb_linelength = (uint16_t)line;
    made.lfb_size = (uint32_t)size;
    made.lfb_base = (uint32_t)mode->frame_buffer_base;
    made.ext_lfb_base = (uint32_t)(mode->frame_buffer_base >> 32);
    made.pages = 1;
    made.capabilities |= ZP_VIDEO_CAPABILITY_SKIP_QUIRKS;
    if (made.ext_lfb_base)
        made.capabilities |= ZP_VIDEO_CAPABILITY_64BIT_BASE;
    *screen = made;
    return true;
}

static bool try_output(const struct stub_efi *efi, uint64_t handle, struct zp_boot_params *boot_params)
{
    const struct zp_efi_graphics_output *output = stub_efi_interface(efi, handle, &graphics_output);
    const struct zp_efi_graphics_output_mode *mode;
    const struct zp_efi_edid_active *edid;
    struct zp_screen_info screen = boot_params->screen_info;

    if (output == NULL || output->mode == 0)
        return false;
    mode = (const void *)(uintptr_t)output->mode;
    if (mode->info == 0 || !stub_efi_screen_mode(&screen, mode, (const void *)(uintptr_t)mode->info))
        return false;
    boot_params->screen_info = screen;
    edid = stub_efi_interface(efi, handle, &edid_active);
    if (edid && edid->edid && edid->size_of_edid >= sizeof(boot_params->edid_info))
        memcpy(&boot_params->edid_info, (const void *)(uintptr_t)edid->edid, sizeof(boot_params->edid_info));
    return true;
}

void stub_efi_screen(const struct stub_efi *efi, struct zp_boot_params *boot_params)
{
    uint64_t *handles = NULL, count = 0;
    bool found = false;

    if (STUB_EFI_CALL(stub_efi_locate_handle_buffer, efi->services->locate_handle_buffer)(
            ZP_EFI_BY_PROTOCOL, &graphics_output, NULL, &count, &handles) != ZP_EFI_SUCCESS)
        return;
    for (uint64_t i = 0; !found && i < count; i++)
        found = stub_efi_interface(efi, handles[i], &console_out_device) &&
                try_output(efi, handles[i], boot_params);
    for (uint64_t i = 0; !found && i < count; i++)
        found = try_output(efi, handles[i], boot_params);
    STUB_EFI_CALL(stub_efi_free_pool, efi->services->free_pool)(handles);
}
