/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is not for us, by name: EFI executables, unified kernel images, Images of other machines, EFI zboot
 * wrappers, compressed files. Only asked when the file offers no entry at all, so that a bzImage, which is
 * an EFI executable as well and carries LoongArch's magic since Linux 6.12, is never taken for another.
 * Specifications: Microsoft PE and COFF; UAPI "Unified Kernel Image"; Linux Documentation/arm64/booting,
 * riscv/boot-image-header, loongarch/booting, drivers/firmware/efi/libstub/zboot-header.S.
 */
#include "inspect.h"

#include <zeropage/wire/image.h>
#include <zeropage/wire/pe.h>

#include "checked.h"
#include "report.h"

static const char linux_section[] = ".linux";
static const char zboot_type[4] = {'z', 'i', 'm', 'g'};

int zp_inspect_pe(struct zp_inspection *in)
{
    int status = zp_pe_find(in->source, &in->pe_offset, in->ret_error);

    if (status != ZP_OK || in->pe_offset == 0)
        return status;
    in->image->formats |= ZP_FORMAT_PE;
    if (in->room->without & ZP_WITHOUT_DETAILS)
        return ZP_OK;
    return zp_pe_describe(in->source, in->pe_offset, &in->image->pe, in->ret_error);
}

/* A UKI has its kernel in a section ".linux"; one of no bytes, or outside of the file, is none. */
static int refuse_pe(const struct zp_inspection *in)
{
    struct zp_image_file_header header;
    struct zp_pe_section section;
    uint64_t at;
    int status;

    if ((status = zp_pe_file_header(in->source, in->pe_offset, &header, in->ret_error)) != ZP_OK)
        return status;
    at = zp_pe_section_table(in->pe_offset, &header);
    for (uint32_t i = 0; i < header.NumberOfSections; i++, at += sizeof(struct zp_image_section_header)) {
        if ((status = zp_pe_section_at(in->source, at, &section, in->ret_error)) != ZP_OK)
            return status;
        if (memcmp(section.name, linux_section, sizeof(linux_section)) != 0)
            continue;
        if ((status = zp_pe_section_fits(in->source, &section, in->ret_error)) != ZP_OK)
            return status;
        return zp_report(in->ret_error, ZP_ERR_UKI, ZP_FIELD_PE_SECTION, at, section.offset, section.size);
    }
    return zp_report(in->ret_error, ZP_ERR_PE_ONLY, ZP_FIELD_PE_HEADER, in->pe_offset, header.Machine,
                     ZP_IMAGE_FILE_MACHINE_AMD64);
}

static int refuse_zboot(const struct zp_inspection *in, const struct zp_linux_efi_zboot_header *header)
{
    uint64_t at = offsetof(struct zp_linux_efi_zboot_header, payload_offset);

    if (!zp_fits(header->payload_offset, header->payload_size, in->source->size))
        return zp_report(in->ret_error, ZP_ERR_TRUNCATED, ZP_FIELD_PAYLOAD_OFFSET, at,
                         (uint64_t)header->payload_offset + header->payload_size, in->source->size);
    return zp_report(in->ret_error, ZP_ERR_EFI_ZBOOT, ZP_FIELD_PAYLOAD_OFFSET, at, header->payload_offset,
                     header->payload_size);
}

/* LoongArch's magic also stands in the EFI executables of other machines: theirs tells. */
static int is_loongarch(const struct zp_inspection *in, uint32_t magic, bool *ret_is)
{
    struct zp_image_file_header header;
    int status;

    *ret_is = false;
    if (magic != ZP_LOONGARCH_IMAGE_PE_MAGIC || !(in->image->formats & ZP_FORMAT_PE))
        return ZP_OK;
    if ((status = zp_pe_file_header(in->source, in->pe_offset, &header, in->ret_error)) != ZP_OK)
        return status;
    *ret_is = header.Machine == ZP_IMAGE_FILE_MACHINE_LOONGARCH32 ||
              header.Machine == ZP_IMAGE_FILE_MACHINE_LOONGARCH64;
    return ZP_OK;
}

static int refuse_unknown(const struct zp_inspection *in, const uint8_t *start, size_t length)
{
    uint32_t compression = zp_compression_by_magic(start, length);
    uint32_t value;

    if (compression != ZP_COMPRESSION_UNKNOWN)
        return zp_report(in->ret_error, ZP_ERR_COMPRESSED, ZP_FIELD_MAGIC, 0, compression, 0);
    if (in->checksum.code != ZP_OK)
        return zp_report(in->ret_error, in->checksum.code, in->checksum.field, in->checksum.offset,
                         in->checksum.value, in->checksum.limit);
    memcpy(&value, start, sizeof(value));
    return zp_report(in->ret_error, ZP_ERR_FORMAT, ZP_FIELD_MAGIC, 0, value, 0);
}

int zp_inspect_foreign(const struct zp_inspection *in)
{
    struct zp_linux_efi_zboot_header zboot; /* 64 bytes, as all the Images' headers */
    uint8_t start[sizeof(zboot)];
    uint32_t magic;
    bool loongarch;
    int status;

    if ((status = zp_inspection_read_some(in, 0, start, sizeof(start))) != ZP_OK)
        return status;
    memcpy(&magic, start + ZP_IMAGE_MAGIC_OFFSET, sizeof(magic));
    memcpy(&zboot, start, sizeof(zboot));
    if ((zboot.mz_magic & 0xffff) == ZP_IMAGE_DOS_SIGNATURE &&
        memcmp(zboot.image_type, zboot_type, sizeof(zboot_type)) == 0)
        return refuse_zboot(in, &zboot);
    if (magic == ZP_ARM64_IMAGE_MAGIC)
        return zp_report(in->ret_error, ZP_ERR_ARM64_IMAGE, ZP_FIELD_MAGIC, ZP_IMAGE_MAGIC_OFFSET, magic, 0);
    if (magic == ZP_RISCV_IMAGE_MAGIC2)
        return zp_report(in->ret_error, ZP_ERR_RISCV64_IMAGE, ZP_FIELD_MAGIC, ZP_IMAGE_MAGIC_OFFSET, magic,
                         0);
    if ((status = is_loongarch(in, magic, &loongarch)) != ZP_OK)
        return status;
    if (loongarch)
        return zp_report(in->ret_error, ZP_ERR_LOONGARCH_IMAGE, ZP_FIELD_MAGIC, ZP_IMAGE_MAGIC_OFFSET, magic,
                         0);
    if (in->image->formats & ZP_FORMAT_PE)
        return refuse_pe(in);
    return refuse_unknown(in, start,
                          in->source->size < sizeof(start) ? (size_t)in->source->size : sizeof(start));
}
