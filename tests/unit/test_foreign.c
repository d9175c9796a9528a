/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is not for us, by its name, and never taken for it when there is an entry.
 */
#include "inspecting.h"

#include <zeropage/wire/image.h>
#include <zeropage/wire/multiboot.h>
#include <zeropage/wire/pe.h>

static void assert_refused(const struct gen_image *image, int code, uint32_t field, uint64_t offset,
                           uint64_t value, uint64_t limit)
{
    struct inspecting in;

    if (inspect(&in, image) != code)
        fail_msg("%s instead of %s", zp_status_name(in.status), zp_status_name(code));
    assert_int_equal(in.error.field, field);
    assert_int_equal(in.error.offset, offset);
    assert_int_equal(in.error.value, value);
    assert_int_equal(in.error.limit, limit);
}

static void efi_executables(void **state)
{
    struct gen_image image;

    (void)state;
    gen_pe(&image, ZP_IMAGE_FILE_MACHINE_AMD64);
    assert_refused(&image, ZP_ERR_PE_ONLY, ZP_FIELD_PE_HEADER, 0x80, 0x8664, 0x8664);
    gen_poke(&image, 0x84, 2, ZP_IMAGE_FILE_MACHINE_ARM64);
    assert_refused(&image, ZP_ERR_PE_ONLY, ZP_FIELD_PE_HEADER, 0x80, 0xaa64, 0x8664);
    gen_poke(&image, 0x86, 2, 0xffff); /* NumberOfSections */
    assert_refused(&image, ZP_ERR_TRUNCATED, ZP_FIELD_PE_SECTION, 0x400, 0x428, 0x400);
    gen_poke(&image, 0x3c, 4, 0x400 - 24); /* e_lfanew: the headers just fit, but there are none */
    assert_refused(&image, ZP_ERR_FORMAT, ZP_FIELD_MAGIC, 0, 0x5a4d, 0);
    gen_poke(&image, 0x3c, 4, 0xffffffff);
    assert_refused(&image, ZP_ERR_FORMAT, ZP_FIELD_MAGIC, 0, 0x5a4d, 0);
    gen_free(&image);
}

static void unified_kernel_images(void **state)
{
    struct gen_image image;
    struct inspecting in;
    size_t linux_at;

    (void)state;
    gen_uki(&image);
    linux_at = image.sections + 3 * sizeof(struct zp_image_section_header);
    assert_refused(&image, ZP_ERR_UKI, ZP_FIELD_PE_SECTION, linux_at, image.kernel, image.kernel_size);
    assert_int_equal(inspect_bytes(&in, image.bytes + image.kernel, image.kernel_size), ZP_OK);
    gen_poke(&image, linux_at + offsetof(struct zp_image_section_header, SizeOfRawData), 4, 0x200);
    assert_refused(&image, ZP_ERR_UKI, ZP_FIELD_PE_SECTION, linux_at, image.kernel, 0x200);
    gen_poke(&image, linux_at + offsetof(struct zp_image_section_header, PointerToRawData), 4, 0xffffffff);
    assert_refused(&image, ZP_ERR_TRUNCATED, ZP_FIELD_PE_SECTION, linux_at, 0x1000001ff, image.size);
    gen_free(&image);
}

static void images_of_other_machines(void **state)
{
    struct gen_image image;

    (void)state;
    gen_arm64(&image);
    assert_refused(&image, ZP_ERR_ARM64_IMAGE, ZP_FIELD_MAGIC, 0x38, ZP_ARM64_IMAGE_MAGIC, 0);
    gen_poke(&image, 0, 2, 0); /* without an EFI stub as well */
    assert_refused(&image, ZP_ERR_ARM64_IMAGE, ZP_FIELD_MAGIC, 0x38, ZP_ARM64_IMAGE_MAGIC, 0);
    gen_free(&image);
    gen_riscv64(&image);
    assert_refused(&image, ZP_ERR_RISCV64_IMAGE, ZP_FIELD_MAGIC, 0x38, ZP_RISCV_IMAGE_MAGIC2, 0);
    gen_free(&image);
    gen_loongarch64(&image);
    assert_refused(&image, ZP_ERR_LOONGARCH_IMAGE, ZP_FIELD_MAGIC, 0x38, ZP_LOONGARCH_IMAGE_PE_MAGIC, 0);
    gen_poke(&image, 0x84, 2, ZP_IMAGE_FILE_MACHINE_LOONGARCH32);
    assert_refused(&image, ZP_ERR_LOONGARCH_IMAGE, ZP_FIELD_MAGIC, 0x38, ZP_LOONGARCH_IMAGE_PE_MAGIC, 0);
    gen_poke(&image, 0x84, 2, ZP_IMAGE_FILE_MACHINE_AMD64); /* x86 has the same magic */
    assert_refused(&image, ZP_ERR_PE_ONLY, ZP_FIELD_PE_HEADER, 0x80, 0x8664, 0x8664);
    gen_poke(&image, 0x80, 4, 0);
    assert_refused(&image, ZP_ERR_FORMAT, ZP_FIELD_MAGIC, 0, 0x5a4d, 0);
    gen_free(&image);
}

static void zboot_wrappers(void **state)
{
    struct gen_image image;

    (void)state;
    gen_zboot(&image);
    assert_refused(&image, ZP_ERR_EFI_ZBOOT, ZP_FIELD_PAYLOAD_OFFSET, 8, 0x200, 0x100);
    gen_poke(&image, 8, 4, 0x301);
    assert_refused(&image, ZP_ERR_TRUNCATED, ZP_FIELD_PAYLOAD_OFFSET, 8, 0x401, 0x400);
    gen_poke(&image, 0, 2, 0);
    assert_refused(&image, ZP_ERR_FORMAT, ZP_FIELD_MAGIC, 0, 0, 0);
    gen_free(&image);
}

static void compressed_files(void **state)
{
    static const struct {
        const char *name;
        uint32_t compression;
    } rows[] = {
        {"gzip", ZP_COMPRESSION_GZIP}, {"bzip2", ZP_COMPRESSION_BZIP2}, {"lzma", ZP_COMPRESSION_LZMA},
        {"xz", ZP_COMPRESSION_XZ},     {"lzo", ZP_COMPRESSION_LZO},     {"lz4", ZP_COMPRESSION_LZ4},
        {"zstd", ZP_COMPRESSION_ZSTD},
    };
    struct gen_image image;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        gen_compressed(&image, rows[i].name);
        assert_refused(&image, ZP_ERR_COMPRESSED, ZP_FIELD_MAGIC, 0, rows[i].compression, 0);
        gen_free(&image);
    }
}

/* An x86 kernel from 6.12 on carries LoongArch's magic; spoiled, it is still told as a bzImage. */
static void a_bzimage_is_no_stranger(void **state)
{
    struct gen_image image;
    struct inspecting in;

    (void)state;
    gen_bzimage(&image, &(struct gen_bzimage){.pe = true});
    gen_poke(&image, 0x38, 4, ZP_LINUX_PE_MAGIC);
    sound(&in, &image, ZP_PROTOCOL_LINUX64);
    gen_poke(&image, 0x1fe, 2, 0);
    assert_int_equal(inspect(&in, &image), ZP_ERR_VALUE);
    gen_free(&image);
}

/* Xen's xen.efi holds the multiboot headers of the ELF that it once was. */
static void multiboot_headers_in_an_efi_executable(void **state)
{
    struct gen_image image, elf;
    struct inspecting in;

    (void)state;
    gen_elf(&elf, &(struct gen_elf){.multiboot1 = true, .multiboot2 = true});
    gen_pe(&image, ZP_IMAGE_FILE_MACHINE_AMD64);
    memcpy(image.bytes + 0x200, elf.bytes + elf.multiboot1, 12);
    memcpy(image.bytes + 0x240, elf.bytes + elf.multiboot2, 48);
    assert_refused(&image, ZP_ERR_PE_ONLY, ZP_FIELD_PE_HEADER, 0x80, 0x8664, 0x8664);
    gen_free(&elf);

    gen_multiboot_addresses(&elf, 1); /* with addresses it is an entry */
    memcpy(image.bytes + 0x300, elf.bytes + elf.multiboot1, 32);
    memset(image.bytes + 0x200, 0, 0x100);
    gen_poke(&image, 0x30c, 4, 0x100300);
    sound(&in, &image, ZP_PROTOCOL_MULTIBOOT1);
    assert_int_equal(in.image.formats, ZP_FORMAT_MULTIBOOT1 | ZP_FORMAT_PE);
    gen_free(&image);
    gen_free(&elf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(efi_executables),
        cmocka_unit_test(unified_kernel_images),
        cmocka_unit_test(images_of_other_machines),
        cmocka_unit_test(zboot_wrappers),
        cmocka_unit_test(compressed_files),
        cmocka_unit_test(a_bzimage_is_no_stranger),
        cmocka_unit_test(multiboot_headers_in_an_efi_executable),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
