/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The headers of an EFI image and their numbers against gnu-efi's <pe.h>.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* What <pe.h> takes from the rest of gnu-efi */
typedef uint8_t UINT8;
typedef uint16_t UINT16;
typedef uint32_t UINT32;
typedef uint64_t UINT64;
#include <efi/x86_64/pe.h>

#include <zeropage/wire/pe.h>

#include "same.h"

static void image_dos_header(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_image_dos_header, IMAGE_DOS_HEADER, e_magic);
    SAME_MEMBER(struct zp_image_dos_header, IMAGE_DOS_HEADER, e_cblp);
    SAME_MEMBER(struct zp_image_dos_header, IMAGE_DOS_HEADER, e_cp);
    SAME_MEMBER(struct zp_image_dos_header, IMAGE_DOS_HEADER, e_crlc);
    SAME_MEMBER(struct zp_image_dos_header, IMAGE_DOS_HEADER, e_cparhdr);
    SAME_MEMBER(struct zp_image_dos_header, IMAGE_DOS_HEADER, e_minalloc);
    SAME_MEMBER(struct zp_image_dos_header, IMAGE_DOS_HEADER, e_maxalloc);
    SAME_MEMBER(struct zp_image_dos_header, IMAGE_DOS_HEADER, e_ss);
    SAME_MEMBER(struct zp_image_dos_header, IMAGE_DOS_HEADER, e_sp);
    SAME_MEMBER(struct zp_image_dos_header, IMAGE_DOS_HEADER, e_csum);
    SAME_MEMBER(struct zp_image_dos_header, IMAGE_DOS_HEADER, e_ip);
    SAME_MEMBER(struct zp_image_dos_header, IMAGE_DOS_HEADER, e_cs);
    SAME_MEMBER(struct zp_image_dos_header, IMAGE_DOS_HEADER, e_lfarlc);
    SAME_MEMBER(struct zp_image_dos_header, IMAGE_DOS_HEADER, e_ovno);
    SAME_MEMBER(struct zp_image_dos_header, IMAGE_DOS_HEADER, e_res);
    SAME_MEMBER(struct zp_image_dos_header, IMAGE_DOS_HEADER, e_oemid);
    SAME_MEMBER(struct zp_image_dos_header, IMAGE_DOS_HEADER, e_oeminfo);
    SAME_MEMBER(struct zp_image_dos_header, IMAGE_DOS_HEADER, e_res2);
    SAME_MEMBER(struct zp_image_dos_header, IMAGE_DOS_HEADER, e_lfanew);
    SAME_SIZE(struct zp_image_dos_header, IMAGE_DOS_HEADER, 0);
}

static void image_file_header(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_image_file_header, IMAGE_FILE_HEADER, Machine);
    SAME_MEMBER(struct zp_image_file_header, IMAGE_FILE_HEADER, NumberOfSections);
    SAME_MEMBER(struct zp_image_file_header, IMAGE_FILE_HEADER, TimeDateStamp);
    SAME_MEMBER(struct zp_image_file_header, IMAGE_FILE_HEADER, PointerToSymbolTable);
    SAME_MEMBER(struct zp_image_file_header, IMAGE_FILE_HEADER, NumberOfSymbols);
    SAME_MEMBER(struct zp_image_file_header, IMAGE_FILE_HEADER, SizeOfOptionalHeader);
    SAME_MEMBER(struct zp_image_file_header, IMAGE_FILE_HEADER, Characteristics);
    SAME_SIZE(struct zp_image_file_header, IMAGE_FILE_HEADER, 0);
}

static void image_data_directory(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_image_data_directory, IMAGE_DATA_DIRECTORY, VirtualAddress);
    SAME_MEMBER(struct zp_image_data_directory, IMAGE_DATA_DIRECTORY, Size);
    SAME_SIZE(struct zp_image_data_directory, IMAGE_DATA_DIRECTORY, 0);
}

static void image_optional_header32(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, Magic);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, MajorLinkerVersion);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, MinorLinkerVersion);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, SizeOfCode);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, SizeOfInitializedData);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, SizeOfUninitializedData);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, AddressOfEntryPoint);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, BaseOfCode);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, BaseOfData);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, ImageBase);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, SectionAlignment);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, FileAlignment);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, MajorOperatingSystemVersion);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, MinorOperatingSystemVersion);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, MajorImageVersion);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, MinorImageVersion);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, MajorSubsystemVersion);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, MinorSubsystemVersion);
    SAME_MEMBER_AS(struct zp_image_optional_header32, Win32VersionValue, IMAGE_OPTIONAL_HEADER, Reserved1);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, SizeOfImage);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, SizeOfHeaders);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, CheckSum);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, Subsystem);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, DllCharacteristics);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, SizeOfStackReserve);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, SizeOfStackCommit);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, SizeOfHeapReserve);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, SizeOfHeapCommit);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, LoaderFlags);
    SAME_MEMBER(struct zp_image_optional_header32, IMAGE_OPTIONAL_HEADER, NumberOfRvaAndSizes);
    /* the directories follow ours, for their number is in the image */
    assert_int_equal(sizeof(struct zp_image_optional_header32),
                     offsetof(IMAGE_OPTIONAL_HEADER, DataDirectory));
    assert_int_equal(covered, offsetof(IMAGE_OPTIONAL_HEADER, DataDirectory));
}

/*
 * PE32+ is PE32 without BaseOfData, its bytes given to a wider ImageBase, and with wider stack and heap
 * sizes; gnu-efi has no structure for it.
 */
static void image_optional_header64(void **state)
{
    const size_t wider = 4 * sizeof(uint32_t);

    (void)state;
    SAME_VIEW(struct zp_image_optional_header64, IMAGE_OPTIONAL_HEADER, Magic);
    SAME_VIEW(struct zp_image_optional_header64, IMAGE_OPTIONAL_HEADER, MajorLinkerVersion);
    SAME_VIEW(struct zp_image_optional_header64, IMAGE_OPTIONAL_HEADER, MinorLinkerVersion);
    SAME_VIEW(struct zp_image_optional_header64, IMAGE_OPTIONAL_HEADER, SizeOfCode);
    SAME_VIEW(struct zp_image_optional_header64, IMAGE_OPTIONAL_HEADER, SizeOfInitializedData);
    SAME_VIEW(struct zp_image_optional_header64, IMAGE_OPTIONAL_HEADER, SizeOfUninitializedData);
    SAME_VIEW(struct zp_image_optional_header64, IMAGE_OPTIONAL_HEADER, AddressOfEntryPoint);
    SAME_VIEW(struct zp_image_optional_header64, IMAGE_OPTIONAL_HEADER, BaseOfCode);
    SAME_VIEW(struct zp_image_optional_header64, IMAGE_OPTIONAL_HEADER, SectionAlignment);
    SAME_VIEW(struct zp_image_optional_header64, IMAGE_OPTIONAL_HEADER, FileAlignment);
    SAME_VIEW(struct zp_image_optional_header64, IMAGE_OPTIONAL_HEADER, MajorOperatingSystemVersion);
    SAME_VIEW(struct zp_image_optional_header64, IMAGE_OPTIONAL_HEADER, MinorOperatingSystemVersion);
    SAME_VIEW(struct zp_image_optional_header64, IMAGE_OPTIONAL_HEADER, MajorImageVersion);
    SAME_VIEW(struct zp_image_optional_header64, IMAGE_OPTIONAL_HEADER, MinorImageVersion);
    SAME_VIEW(struct zp_image_optional_header64, IMAGE_OPTIONAL_HEADER, MajorSubsystemVersion);
    SAME_VIEW(struct zp_image_optional_header64, IMAGE_OPTIONAL_HEADER, MinorSubsystemVersion);
    assert_int_equal(offsetof(struct zp_image_optional_header64, Win32VersionValue),
                     offsetof(IMAGE_OPTIONAL_HEADER, Reserved1));
    SAME_VIEW(struct zp_image_optional_header64, IMAGE_OPTIONAL_HEADER, SizeOfImage);
    SAME_VIEW(struct zp_image_optional_header64, IMAGE_OPTIONAL_HEADER, SizeOfHeaders);
    SAME_VIEW(struct zp_image_optional_header64, IMAGE_OPTIONAL_HEADER, CheckSum);
    SAME_VIEW(struct zp_image_optional_header64, IMAGE_OPTIONAL_HEADER, Subsystem);
    SAME_VIEW(struct zp_image_optional_header64, IMAGE_OPTIONAL_HEADER, DllCharacteristics);
    assert_int_equal(offsetof(struct zp_image_optional_header64, ImageBase),
                     offsetof(IMAGE_OPTIONAL_HEADER, BaseOfData));
    assert_int_equal(MEMBER_SIZE(struct zp_image_optional_header64, ImageBase), 8);
    assert_int_equal(offsetof(struct zp_image_optional_header64, SizeOfStackReserve),
                     offsetof(IMAGE_OPTIONAL_HEADER, SizeOfStackReserve));
    assert_int_equal(MEMBER_SIZE(struct zp_image_optional_header64, SizeOfStackReserve), 8);
    assert_int_equal(offsetof(struct zp_image_optional_header64, SizeOfStackCommit),
                     offsetof(IMAGE_OPTIONAL_HEADER, SizeOfStackCommit) + 4);
    assert_int_equal(MEMBER_SIZE(struct zp_image_optional_header64, SizeOfStackCommit), 8);
    assert_int_equal(offsetof(struct zp_image_optional_header64, SizeOfHeapReserve),
                     offsetof(IMAGE_OPTIONAL_HEADER, SizeOfHeapReserve) + 8);
    assert_int_equal(MEMBER_SIZE(struct zp_image_optional_header64, SizeOfHeapReserve), 8);
    assert_int_equal(offsetof(struct zp_image_optional_header64, SizeOfHeapCommit),
                     offsetof(IMAGE_OPTIONAL_HEADER, SizeOfHeapCommit) + 12);
    assert_int_equal(MEMBER_SIZE(struct zp_image_optional_header64, SizeOfHeapCommit), 8);
    assert_int_equal(offsetof(struct zp_image_optional_header64, LoaderFlags),
                     offsetof(IMAGE_OPTIONAL_HEADER, LoaderFlags) + wider);
    assert_int_equal(offsetof(struct zp_image_optional_header64, NumberOfRvaAndSizes),
                     offsetof(IMAGE_OPTIONAL_HEADER, NumberOfRvaAndSizes) + wider);
    assert_int_equal(sizeof(struct zp_image_optional_header64),
                     offsetof(IMAGE_OPTIONAL_HEADER, DataDirectory) + wider);
}

static void image_section_header(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_image_section_header, IMAGE_SECTION_HEADER, Name);
    SAME_MEMBER_AS(struct zp_image_section_header, VirtualSize, IMAGE_SECTION_HEADER, Misc.VirtualSize);
    SAME_MEMBER(struct zp_image_section_header, IMAGE_SECTION_HEADER, VirtualAddress);
    SAME_MEMBER(struct zp_image_section_header, IMAGE_SECTION_HEADER, SizeOfRawData);
    SAME_MEMBER(struct zp_image_section_header, IMAGE_SECTION_HEADER, PointerToRawData);
    SAME_MEMBER(struct zp_image_section_header, IMAGE_SECTION_HEADER, PointerToRelocations);
    SAME_MEMBER(struct zp_image_section_header, IMAGE_SECTION_HEADER, PointerToLinenumbers);
    SAME_MEMBER(struct zp_image_section_header, IMAGE_SECTION_HEADER, NumberOfRelocations);
    SAME_MEMBER(struct zp_image_section_header, IMAGE_SECTION_HEADER, NumberOfLinenumbers);
    SAME_MEMBER(struct zp_image_section_header, IMAGE_SECTION_HEADER, Characteristics);
    SAME_SIZE(struct zp_image_section_header, IMAGE_SECTION_HEADER, 0);
}

static void headers_chain_as_in_nt_headers(void **state)
{
    (void)state;
    assert_int_equal(ZP_IMAGE_NT_SIGNATURE_SIZE, offsetof(IMAGE_NT_HEADERS, FileHeader));
    assert_int_equal(ZP_IMAGE_NT_SIGNATURE_SIZE + sizeof(struct zp_image_file_header),
                     offsetof(IMAGE_NT_HEADERS, OptionalHeader));
    assert_int_equal(ZP_IMAGE_DOS_HEADER_LFANEW, offsetof(IMAGE_DOS_HEADER, e_lfanew));
    assert_int_equal(ZP_IMAGE_FILE_MACHINE_AMD64, IMAGE_FILE_MACHINE_X64);
    assert_int_equal(ZP_IMAGE_FILE_MACHINE_THUMB, IMAGE_FILE_MACHINE_ARMTHUMB_MIXED);
    assert_int_equal(ZP_IMAGE_NT_OPTIONAL_HDR32_MAGIC, IMAGE_NT_OPTIONAL_HDR_MAGIC);
}

static void image_base_relocation(void **state)
{
    size_t covered = 0;

    (void)state;
    SAME_MEMBER(struct zp_image_base_relocation, IMAGE_BASE_RELOCATION, VirtualAddress);
    SAME_MEMBER(struct zp_image_base_relocation, IMAGE_BASE_RELOCATION, SizeOfBlock);
    SAME_SIZE(struct zp_image_base_relocation, IMAGE_BASE_RELOCATION, 0);
}

static void constants_agree(void **state)
{
    (void)state;
    SAME_CONSTANT(IMAGE_DOS_SIGNATURE);
    SAME_CONSTANT(IMAGE_NT_SIGNATURE);
    SAME_CONSTANT(IMAGE_FILE_MACHINE_UNKNOWN);
    SAME_CONSTANT(IMAGE_FILE_MACHINE_I386);
    SAME_CONSTANT(IMAGE_FILE_MACHINE_IA64);
    SAME_CONSTANT(IMAGE_FILE_MACHINE_EBC);
    SAME_CONSTANT(IMAGE_FILE_RELOCS_STRIPPED);
    SAME_CONSTANT(IMAGE_FILE_EXECUTABLE_IMAGE);
    SAME_CONSTANT(IMAGE_FILE_LINE_NUMS_STRIPPED);
    SAME_CONSTANT(IMAGE_FILE_LOCAL_SYMS_STRIPPED);
    SAME_CONSTANT(IMAGE_FILE_32BIT_MACHINE);
    SAME_CONSTANT(IMAGE_FILE_DEBUG_STRIPPED);
    SAME_CONSTANT(IMAGE_FILE_SYSTEM);
    SAME_CONSTANT(IMAGE_FILE_DLL);
    SAME_CONSTANT(IMAGE_SUBSYSTEM_UNKNOWN);
    SAME_CONSTANT(IMAGE_SUBSYSTEM_NATIVE);
    SAME_CONSTANT(IMAGE_SUBSYSTEM_WINDOWS_GUI);
    SAME_CONSTANT(IMAGE_SUBSYSTEM_WINDOWS_CUI);
    SAME_CONSTANT(IMAGE_DIRECTORY_ENTRY_EXPORT);
    SAME_CONSTANT(IMAGE_DIRECTORY_ENTRY_IMPORT);
    SAME_CONSTANT(IMAGE_DIRECTORY_ENTRY_RESOURCE);
    SAME_CONSTANT(IMAGE_DIRECTORY_ENTRY_EXCEPTION);
    SAME_CONSTANT(IMAGE_DIRECTORY_ENTRY_SECURITY);
    SAME_CONSTANT(IMAGE_DIRECTORY_ENTRY_BASERELOC);
    SAME_CONSTANT(IMAGE_DIRECTORY_ENTRY_DEBUG);
    SAME_CONSTANT(IMAGE_NUMBEROF_DIRECTORY_ENTRIES);
    SAME_CONSTANT(IMAGE_SCN_CNT_CODE);
    SAME_CONSTANT(IMAGE_SCN_CNT_INITIALIZED_DATA);
    SAME_CONSTANT(IMAGE_SCN_CNT_UNINITIALIZED_DATA);
    SAME_CONSTANT(IMAGE_SCN_ALIGN_16BYTES);
    SAME_CONSTANT(IMAGE_SCN_MEM_DISCARDABLE);
    SAME_CONSTANT(IMAGE_SCN_MEM_EXECUTE);
    SAME_CONSTANT(IMAGE_SCN_MEM_READ);
    SAME_CONSTANT(IMAGE_SCN_MEM_WRITE);
    SAME_CONSTANT(IMAGE_SIZEOF_SHORT_NAME);
    SAME_CONSTANT(IMAGE_SIZEOF_SECTION_HEADER);
    SAME_CONSTANT(IMAGE_REL_BASED_ABSOLUTE);
    SAME_CONSTANT(IMAGE_REL_BASED_HIGHLOW);
    SAME_CONSTANT(IMAGE_REL_BASED_DIR64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image_dos_header),
        cmocka_unit_test(image_file_header),
        cmocka_unit_test(image_data_directory),
        cmocka_unit_test(image_optional_header32),
        cmocka_unit_test(image_optional_header64),
        cmocka_unit_test(image_section_header),
        cmocka_unit_test(headers_chain_as_in_nt_headers),
        cmocka_unit_test(image_base_relocation),
        cmocka_unit_test(constants_agree),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
