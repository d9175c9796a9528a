/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The firmware's console while boot services are there (UEFI 2.10, 12.4.3 "OutputString()"), which goes to
 * screen and serial port as its owner set it up; and the way back to the firmware, which then tries its next
 * boot entry (7.4.5 "EFI_BOOT_SERVICES.Exit()").
 */
#include "efi.h"

#define UNITS 64

/* In .bss: gone with boot services, and nothing of it goes on to a second pass. */
static struct stub_efi console;

void stub_efi_console(const struct stub_efi *efi)
{
    if (efi)
        console = *efi;
    else
        memset(&console, 0, sizeof(console));
}

static bool print(const uint16_t *text)
{
    struct zp_efi_simple_text_output *output =
        (struct zp_efi_simple_text_output *)(uintptr_t)console.system->con_out;
    uint64_t status = STUB_EFI_CALL(stub_efi_output_string, output->output_string)(output, text);

    return !(status & ZP_EFI_ERROR);
}

bool stub_efi_print(const char *line)
{
    uint16_t text[UNITS + 3];
    size_t count = 0;

    if (console.system == NULL || console.system->con_out == 0)
        return false;
    for (; *line; line++) {
        text[count++] = (uint8_t)*line < 0x80 ? (uint16_t)*line : '?';
        if (count < UNITS)
            continue;
        text[count] = 0;
        if (!print(text))
            return false;
        count = 0;
    }
    text[count++] = '\r';
    text[count++] = '\n';
    text[count] = 0;
    return print(text);
}

void stub_efi_return(void)
{
    struct stub_efi efi = console;

    if (efi.services)
        STUB_EFI_CALL(stub_efi_exit, efi.services->exit)(efi.image, ZP_EFI_LOAD_ERROR, 0, NULL);
}
