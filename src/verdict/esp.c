/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks for the program that a firmware starts from an EFI system partition, EFI/BOOT/BOOTX64.EFI, and asks
 * of it what a firmware asks of any PE. Receives the partition that look_at_disk found; looks once, when a
 * rule asks first. UEFI 2.10, sections 3.5.1.1 and 13.3; Microsoft PE and COFF for the headers.
 */
#include <stdlib.h>

#include <zeropage/wire/pe.h>

#include "rule.h"

#define SECTOR 512u

static const char loader_path[] = "EFI/BOOT/BOOTX64.EFI";

struct pe_headers {
    uint32_t signature;
    struct zp_image_file_header file;
    struct zp_image_optional_header64 optional;
};

static void look_at_pe(struct zp_esp *esp)
{
    struct zp_image_dos_header dos;
    struct pe_headers headers;

    if (!zp_subject_read(&esp->loader.source, 0, &dos, sizeof(dos)) ||
        dos.e_magic != ZP_IMAGE_DOS_SIGNATURE ||
        !zp_subject_read(&esp->loader.source, dos.e_lfanew, &headers, sizeof(headers)) ||
        headers.signature != ZP_IMAGE_NT_SIGNATURE)
        return;
    esp->pe = true;
    esp->machine = headers.file.Machine;
    esp->subsystem = headers.optional.Subsystem;
}

static const struct zp_esp *look(struct zp_subject *subject)
{
    struct zp_esp *esp = &subject->esp;
    const struct zp_disk *disk = &subject->disk;

    if (esp->looked)
        return esp;
    esp->looked = true;
    esp->status = ZP_FAT_CUT;
    esp->wrong_at = disk->esp_start * SECTOR;
    if (disk->esp_start > subject->opened->file.source.size / SECTOR || disk->esp_size > UINT32_MAX)
        return esp;
    esp->status = zp_fat_open(&esp->fat, &subject->opened->file.source, disk->esp_start * SECTOR,
                              disk->esp_size * SECTOR, &esp->wrong_at);
    esp->opened = esp->status == ZP_FAT_OK;
    if (!esp->opened)
        return esp;
    esp->status = zp_fat_find(&esp->fat, loader_path, &esp->loader, &esp->wrong_at);
    if (esp->status == ZP_FAT_OK)
        look_at_pe(esp);
    return esp;
}

static bool tell(struct zp_subject *subject, bool answer)
{
    subject->number[0] = subject->esp.wrong_at;
    subject->why = zp_fat_status_text(subject->esp.status);
    return answer;
}

bool zp_esp_is_fat(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    return tell(subject, look(subject)->opened);
}

bool zp_esp_has_loader(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    return tell(subject, look(subject)->status == ZP_FAT_OK);
}

bool zp_esp_is_pe(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    return look(subject)->pe;
}

bool zp_esp_is_for(struct zp_subject *subject, uint64_t number)
{
    subject->number[0] = look(subject)->machine;
    return subject->number[0] == number;
}

bool zp_esp_is_application(struct zp_subject *subject, uint64_t number)
{
    (void)number;
    subject->number[0] = look(subject)->subsystem;
    return subject->number[0] == ZP_IMAGE_SUBSYSTEM_EFI_APPLICATION;
}

bool zp_esp_is_whole(struct zp_subject *subject, uint64_t number)
{
    struct zp_pe_section *sections = NULL;
    struct zp_error error = {0};
    size_t count = 0;
    int status = zp_pe_sections_read(&look(subject)->loader.source, &sections, &count, &error);

    (void)number;
    free(sections);
    subject->number[0] = error.value;
    subject->number[1] = error.limit;
    return status == 0;
}
