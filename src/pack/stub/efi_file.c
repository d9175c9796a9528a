/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files by the firmware's drivers. The payload lies beside us, in the file system of the device that we were
 * loaded from (UEFI 2.10, 13.4 "Simple File System Protocol", 13.5 "File Protocol"): guarantees that it is as
 * long as it says of itself, or refuses with the file's name and what is wrong; its checksum is looked at by
 * stub_payload. An initrd is offered by a boot loader at a device path that Linux defined (13.3 "Load File 2
 * Protocol"; Linux, drivers/firmware/efi/libstub).
 */
#include "efi.h"

#define CHUNK        (UINT64_C(1) << 20) /* of one read: drivers have been seen to fail at much more */
#define LARGE        (UINT64_C(32) << 20)
#define PAYLOAD_NAME "\\EFI\\BOOT\\PAYLOAD.ZP" /* ZP_PACK_ESP_PAYLOAD, for messages */

static const struct zp_efi_guid simple_file_system = {
    0x964e5b22, 0x6459, 0x11d2, {0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};

static struct zp_efi_file *open_payload(const struct stub_efi *efi)
{
    struct zp_efi_simple_file_system *volume = NULL;
    struct zp_efi_file *root = NULL, *file = NULL;
    uint64_t status;

    if (efi->loaded && efi->loaded->device_handle)
        volume = stub_efi_interface(efi, efi->loaded->device_handle, &simple_file_system);
    if (volume == NULL)
        stub_refuse(PAYLOAD_NAME ": what we were loaded from has no file system");
    status = STUB_EFI_CALL(stub_efi_open_volume, volume->open_volume)(volume, &root);
    if (status != ZP_EFI_SUCCESS)
        stub_refuse(PAYLOAD_NAME ": its file system does not open (EFI status %x)", status);
    status =
        STUB_EFI_CALL(stub_efi_open, root->open)(root, &file, ZP_PACK_ESP_PAYLOAD, ZP_EFI_FILE_MODE_READ, 0);
    if (status == ZP_EFI_NOT_FOUND)
        stub_refuse(PAYLOAD_NAME ": not there, on the device that we were loaded from");
    if (status != ZP_EFI_SUCCESS)
        stub_refuse(PAYLOAD_NAME ": does not open (EFI status %x)", status);
    STUB_EFI_CALL(stub_efi_close, root->close)(root);
    return file;
}

static uint64_t size_of(struct zp_efi_file *file)
{
    uint64_t size = 0;
    uint64_t status = STUB_EFI_CALL(stub_efi_set_position, file->set_position)(file, ZP_EFI_FILE_END);

    if (status == ZP_EFI_SUCCESS)
        status = STUB_EFI_CALL(stub_efi_get_position, file->get_position)(file, &size);
    if (status == ZP_EFI_SUCCESS)
        status = STUB_EFI_CALL(stub_efi_set_position, file->set_position)(file, 0);
    if (status != ZP_EFI_SUCCESS)
        stub_refuse(PAYLOAD_NAME ": its size cannot be told (EFI status %x)", status);
    return size;
}

static void read_whole(struct zp_efi_file *file, uint8_t *to, uint64_t from, uint64_t end)
{
    while (from < end) {
        uint64_t wanted = end - from < CHUNK ? end - from : CHUNK;
        uint64_t got = wanted, status;

        status = STUB_EFI_CALL(stub_efi_read, file->read)(file, &got, to + from);
        if (status != ZP_EFI_SUCCESS)
            stub_refuse(PAYLOAD_NAME ": cannot be read at %d of %d bytes (EFI status %x)", from, end, status);
        if (got == 0 || got > wanted)
            stub_refuse(PAYLOAD_NAME ": ends at %d bytes while it is %d long", from, end);
        from += got;
    }
}

/* Before gigabytes are read: is it one of ours, and whole? */
static void check_header(struct zp_efi_file *file, uint64_t size)
{
    struct zp_pack_payload header;

    if (size < sizeof(header))
        stub_refuse(PAYLOAD_NAME ": %d bytes are too short for a payload", size);
    read_whole(file, (uint8_t *)&header, 0, sizeof(header));
    if (memcmp(header.magic, ZP_PACK_PAYLOAD_MAGIC, sizeof(header.magic)) != 0)
        stub_refuse(PAYLOAD_NAME ": is no payload of ours");
    if (header.size != size)
        stub_refuse(PAYLOAD_NAME ": %d bytes, while its header says %d", size, header.size);
    if (STUB_EFI_CALL(stub_efi_set_position, file->set_position)(file, 0) != ZP_EFI_SUCCESS)
        stub_refuse(PAYLOAD_NAME ": cannot be read again");
}

uint64_t stub_efi_payload(const struct stub_efi *efi)
{
    struct zp_efi_file *file = open_payload(efi);
    uint64_t size = size_of(file);
    uint8_t *to;

    check_header(file, size);
    to = stub_efi_allocate(efi, size, ZP_EFI_LOADER_DATA, PAYLOAD_NAME);
    if (size >= LARGE)
        stub_say("reading " PAYLOAD_NAME ", %d MiB", size >> 20);
    /* The firmware starts again by itself after five minutes: too short for a slow disk. */
    STUB_EFI_CALL(stub_efi_set_watchdog_timer, efi->services->set_watchdog_timer)(0, 0, 0, NULL);
    read_whole(file, to, 0, size);
    STUB_EFI_CALL(stub_efi_close, file->close)(file);
    return (uintptr_t)to;
}

uint64_t stub_efi_initrd(const struct stub_efi *efi, uint64_t *ret_size)
{
    static const struct zp_efi_guid load_file2 = {
        0x4006c0c1, 0xfcb3, 0x403e, {0x99, 0x6d, 0x4a, 0x6c, 0x87, 0x24, 0xe0, 0x6d}};
    /* The vendor node of Linux's initrd, 5568e427-68fc-4f3d-ac74-ca555231cc68, and the end of the path. */
    static const uint8_t media[] = {ZP_EFI_PATH_MEDIA,
                                    ZP_EFI_PATH_MEDIA_VENDOR,
                                    20,
                                    0,
                                    0x27,
                                    0xe4,
                                    0x68,
                                    0x55,
                                    0xfc,
                                    0x68,
                                    0x3d,
                                    0x4f,
                                    0xac,
                                    0x74,
                                    0xca,
                                    0x55,
                                    0x52,
                                    0x31,
                                    0xcc,
                                    0x68,
                                    ZP_EFI_PATH_END,
                                    ZP_EFI_PATH_END_ENTIRE,
                                    4,
                                    0};
    const void *path = media;
    uint64_t handle = 0, size = 0, status;
    struct zp_efi_load_file2 *loader;
    void *to;

    if (STUB_EFI_CALL(stub_efi_locate_device_path,
                      efi->services->locate_device_path)(&load_file2, &path, &handle) != ZP_EFI_SUCCESS)
        return 0;
    loader = stub_efi_interface(efi, handle, &load_file2);
    if (loader == NULL)
        return 0;
    status = STUB_EFI_CALL(stub_efi_load_file, loader->load_file)(loader, path, 0, &size, NULL);
    if (status == ZP_EFI_NOT_FOUND || (status == ZP_EFI_SUCCESS && size == 0))
        return 0;
    if (status != ZP_EFI_BUFFER_TOO_SMALL)
        stub_refuse("the boot loader's initrd has no size (EFI status %x)", status);
    if (size == 0)
        return 0;
    to = stub_efi_allocate(efi, size, ZP_EFI_LOADER_DATA, "the boot loader's initrd");
    status = STUB_EFI_CALL(stub_efi_load_file, loader->load_file)(loader, path, 0, &size, to);
    if (status != ZP_EFI_SUCCESS)
        stub_refuse("the boot loader's initrd cannot be read (EFI status %x)", status);
    *ret_size = size;
    return (uintptr_t)to;
}
