/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests: a unified kernel image of any sections. */
#ifndef ZP_TESTS_FW_UKI_IMAGE_H
#define ZP_TESTS_FW_UKI_IMAGE_H

#include <string.h>

#include <zeropage/wire/pe.h>

#define UKI_SIZE     16384u
#define UKI_PE       0x80u
#define UKI_TABLE    (UKI_PE + ZP_IMAGE_NT_SIGNATURE_SIZE + sizeof(struct zp_image_file_header))
#define UKI_CONTENTS 0x1000u

struct uki_section {
    const char *name, *text;
};

/* Contents lie one behind the other from UKI_CONTENTS on, in places of 256 bytes. */
static inline void uki_build(unsigned char *image, const struct uki_section *sections, size_t count)
{
    struct zp_image_dos_header dos = {.e_magic = ZP_IMAGE_DOS_SIGNATURE, .e_lfanew = UKI_PE};
    struct zp_image_file_header header = {.Machine = ZP_IMAGE_FILE_MACHINE_AMD64,
                                          .NumberOfSections = (uint16_t)count};
    uint32_t signature = ZP_IMAGE_NT_SIGNATURE;

    memset(image, 0, UKI_SIZE);
    memcpy(image, &dos, sizeof(dos));
    memcpy(image + UKI_PE, &signature, sizeof(signature));
    memcpy(image + UKI_PE + ZP_IMAGE_NT_SIGNATURE_SIZE, &header, sizeof(header));
    for (size_t i = 0; i < count; i++) {
        struct zp_image_section_header section = {
            .VirtualSize = (uint32_t)strlen(sections[i].text),
            .VirtualAddress = (uint32_t)(0x10000 * (i + 1)),
            .SizeOfRawData = 256,
            .PointerToRawData = (uint32_t)(UKI_CONTENTS + 256 * i),
        };

        memcpy(section.Name, sections[i].name, strnlen(sections[i].name, sizeof(section.Name)));
        memcpy(image + UKI_TABLE + i * sizeof(section), &section, sizeof(section));
        memcpy(image + UKI_CONTENTS + 256 * i, sections[i].text, strlen(sections[i].text));
    }
}

static inline struct zp_image_section_header *uki_header(unsigned char *image, size_t index)
{
    return (struct zp_image_section_header *)(void *)(image + UKI_TABLE) + index;
}

#endif
