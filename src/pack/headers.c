/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The headers in the front of a packed file. Receives a front as assembled and the numbers of one file;
 * fills the ELF header, program headers and PVH note, or the PE headers; the multiboot headers; what is open
 * in the setup header; the partition table. All of them name one and the same run of bytes, from ZP_PACK_BODY
 * to loaded_end. ELF gABI; Xen public/elfnote.h; Microsoft PE and COFF; Multiboot 0.6.96 and 2.0; Linux
 * Documentation/x86/boot.
 */
#include <string.h>

#include <zeropage/wire/bootparam.h>
#include <zeropage/wire/elf.h>
#include <zeropage/wire/multiboot.h>
#include <zeropage/wire/multiboot2.h>
#include <zeropage/wire/pe.h>
#include <zeropage/wire/xen.h>

#include "packing.h"

#define FILE_ADDRESS     (ZP_PACK_ADDRESS - ZP_PACK_BODY) /* of the file's first byte, were it all loaded */
#define PE_IMAGE_BASE    0
#define PE_DIRECTORIES   6u
#define MULTIBOOT_ALIGN  8u
#define PARTITION_TABLE  0x1beu
#define PARTITION_SIZE   16u
#define PARTITION_ACTIVE 0x80u
#define HEADS            255u /* of the geometry that BIOSes and partitioners assume */
#define TRACK            63u
#define CYLINDER_MAX     1023u

#define PE_OPTIONAL     (ZP_PACK_HEADERS + sizeof(uint32_t) + sizeof(struct zp_image_file_header))
#define PE_CERTIFICATES 4u /* index of their directory */

static_assert(PE_OPTIONAL + offsetof(struct zp_image_optional_header64, CheckSum) == ZP_PACK_PE_CHECKSUM,
              "CheckSum");
static_assert(PE_OPTIONAL + sizeof(struct zp_image_optional_header64) +
                      PE_CERTIFICATES * sizeof(struct zp_image_data_directory) ==
                  ZP_PACK_PE_CERTIFICATES,
              "certificates");

struct note {
    struct zp_elf_nhdr header;
    char name[4];
    uint64_t entry; /* 8 bytes: QEMU reads as many in a 64-bit ELF */
};

static uint64_t loaded_size(const struct zp_pack_shape *shape)
{
    return shape->loaded_end - ZP_PACK_BODY;
}

/* Returns the file offset behind what was written. */
static size_t put_elf(unsigned char *front, const struct zp_pack_shape *shape)
{
    const size_t note_at = ZP_PACK_HEADERS + 2 * sizeof(struct zp_elf64_phdr);
    struct zp_elf64_ehdr header;
    const struct note note = {
        .header = {.n_namesz = 4, .n_descsz = 8, .n_type = ZP_XEN_ELFNOTE_PHYS32_ENTRY},
        .name = "Xen",
        .entry = ZP_PACK_ADDRESS + ZP_PACK_ENTRY_PVH,
    };
    const struct zp_elf64_phdr segments[2] = {
        {.p_type = ZP_PT_LOAD,
         .p_flags = ZP_PF_R | ZP_PF_W | ZP_PF_X,
         .p_offset = ZP_PACK_BODY,
         .p_vaddr = ZP_PACK_ADDRESS,
         .p_paddr = ZP_PACK_ADDRESS,
         .p_filesz = loaded_size(shape),
         .p_memsz = shape->memory,
         .p_align = ZP_PACK_PAGE},
        {.p_type = ZP_PT_NOTE,
         .p_flags = ZP_PF_R,
         .p_offset = note_at,
         .p_vaddr = FILE_ADDRESS + note_at,
         .p_paddr = FILE_ADDRESS + note_at,
         .p_filesz = sizeof(note),
         .p_memsz = sizeof(note),
         .p_align = 4},
    };

    memcpy(&header, front, sizeof(header)); /* e_ident is code as well: the front's own */
    header.e_type = ZP_ET_EXEC;
    header.e_machine = ZP_EM_X86_64;
    header.e_version = ZP_EV_CURRENT;
    header.e_entry = ZP_PACK_ADDRESS + ZP_PACK_ENTRY_LINUX64;
    header.e_phoff = ZP_PACK_HEADERS;
    header.e_shoff = 0;
    header.e_flags = 0;
    header.e_ehsize = sizeof(header);
    header.e_phentsize = sizeof(segments[0]);
    header.e_phnum = 2;
    header.e_shentsize = 0;
    header.e_shnum = 0;
    header.e_shstrndx = 0;
    memcpy(front, &header, sizeof(header));
    memcpy(front + ZP_PACK_HEADERS, segments, sizeof(segments));
    memcpy(front + note_at, &note, sizeof(note));
    return note_at + sizeof(note);
}

/*
 * One section holds all of it, where an address is an offset in the file: the stub unpacks itself behind it
 * and runs there, so it is written to and executed. Nothing in it depends on its address.
 */
static size_t put_pe(unsigned char *front, const struct zp_pack_shape *shape)
{
    const uint32_t raw = (uint32_t)zp_pack_align(loaded_size(shape), ZP_PACK_SECTOR);
    const uint32_t lfanew = ZP_PACK_HEADERS, signature = ZP_IMAGE_NT_SIGNATURE;
    const struct zp_image_data_directory directories[PE_DIRECTORIES] = {{0}};
    const struct zp_image_optional_header64 optional = {
        .Magic = ZP_IMAGE_NT_OPTIONAL_HDR64_MAGIC,
        .SizeOfCode = raw,
        .AddressOfEntryPoint = ZP_PACK_BODY + ZP_PACK_ENTRY_EFI,
        .BaseOfCode = ZP_PACK_BODY,
        .ImageBase = PE_IMAGE_BASE,
        .SectionAlignment = ZP_PACK_PAGE,
        .FileAlignment = ZP_PACK_SECTOR,
        .MajorImageVersion = ZP_PACK_VERSION,
        .SizeOfImage = (uint32_t)(ZP_PACK_BODY + shape->memory),
        .SizeOfHeaders = ZP_PACK_BODY,
        .Subsystem = ZP_IMAGE_SUBSYSTEM_EFI_APPLICATION,
        .NumberOfRvaAndSizes = PE_DIRECTORIES,
    };
    const struct zp_image_file_header header = {
        .Machine = ZP_IMAGE_FILE_MACHINE_AMD64,
        .NumberOfSections = 1,
        .SizeOfOptionalHeader = sizeof(optional) + sizeof(directories),
        .Characteristics = ZP_IMAGE_FILE_EXECUTABLE_IMAGE | ZP_IMAGE_FILE_LINE_NUMS_STRIPPED |
                           ZP_IMAGE_FILE_LARGE_ADDRESS_AWARE | ZP_IMAGE_FILE_DEBUG_STRIPPED,
    };
    const struct zp_image_section_header section = {
        .Name = ".text",
        .VirtualSize = (uint32_t)shape->memory,
        .VirtualAddress = ZP_PACK_BODY,
        .SizeOfRawData = raw,
        .PointerToRawData = ZP_PACK_BODY,
        .Characteristics =
            ZP_IMAGE_SCN_CNT_CODE | ZP_IMAGE_SCN_MEM_EXECUTE | ZP_IMAGE_SCN_MEM_READ | ZP_IMAGE_SCN_MEM_WRITE,
    };
    unsigned char *at = front + ZP_PACK_HEADERS;

    memcpy(front + ZP_IMAGE_DOS_HEADER_LFANEW, &lfanew, sizeof(lfanew));
    memcpy(at, &signature, sizeof(signature));
    at += sizeof(signature);
    memcpy(at, &header, sizeof(header));
    at += sizeof(header);
    memcpy(at, &optional, sizeof(optional));
    at += sizeof(optional);
    memcpy(at, directories, sizeof(directories));
    at += sizeof(directories);
    memcpy(at, &section, sizeof(section));
    return (size_t)(at + sizeof(section) - front);
}

/* The 32-bit numbers that a loader of either version is told. */
struct load_addresses {
    uint32_t header, load, load_end, bss_end;
};

static struct load_addresses addresses_of(const struct zp_pack_shape *shape, size_t header_at)
{
    return (struct load_addresses){
        .header = (uint32_t)(FILE_ADDRESS + header_at),
        .load = FILE_ADDRESS,
        .load_end = (uint32_t)(FILE_ADDRESS + shape->loaded_end),
        .bss_end = (uint32_t)(ZP_PACK_ADDRESS + shape->memory),
    };
}

static size_t put_multiboot1(unsigned char *front, size_t at, const struct zp_pack_shape *shape)
{
    const size_t size = offsetof(struct zp_multiboot_header, mode_type);
    const struct load_addresses addresses = addresses_of(shape, at);
    struct zp_multiboot_header header = {
        .magic = ZP_MULTIBOOT_HEADER_MAGIC,
        .flags = ZP_MULTIBOOT_MEMORY_INFO | ZP_MULTIBOOT_AOUT_KLUDGE,
        .header_addr = addresses.header,
        .load_addr = addresses.load,
        .load_end_addr = addresses.load_end,
        .bss_end_addr = addresses.bss_end,
        .entry_addr = ZP_PACK_ADDRESS + ZP_PACK_ENTRY_MULTIBOOT1,
    };

    header.checksum = -(header.magic + header.flags);
    memcpy(front + at, &header, size);
    return at + size;
}

static size_t put_multiboot2(unsigned char *front, size_t at, const struct zp_pack_shape *shape)
{
    const struct load_addresses addresses = addresses_of(shape, at);
    struct {
        struct zp_multiboot2_header header;
        struct zp_multiboot2_header_tag_address address;
        struct zp_multiboot2_header_tag_entry_address entry;
        uint32_t padding;
        struct zp_multiboot2_header_tag end;
    } all = {
        .header = {.magic = ZP_MULTIBOOT2_HEADER_MAGIC,
                   .architecture = ZP_MULTIBOOT2_ARCHITECTURE_I386,
                   .header_length = sizeof(all)},
        .address = {.type = ZP_MULTIBOOT2_HEADER_TAG_ADDRESS,
                    .size = sizeof(all.address),
                    .header_addr = addresses.header,
                    .load_addr = addresses.load,
                    .load_end_addr = addresses.load_end,
                    .bss_end_addr = addresses.bss_end},
        .entry = {.type = ZP_MULTIBOOT2_HEADER_TAG_ENTRY_ADDRESS,
                  .size = sizeof(all.entry),
                  .entry_addr = ZP_PACK_ADDRESS + ZP_PACK_ENTRY_MULTIBOOT2},
        .end = {.type = ZP_MULTIBOOT2_HEADER_TAG_END, .size = sizeof(all.end)},
    };

    all.header.checksum = -(all.header.magic + all.header.architecture + all.header.header_length);
    memcpy(front + at, &all, sizeof(all));
    return at + sizeof(all);
}

static void put_setup_header(unsigned char *front, const struct zp_pack_shape *shape)
{
    struct zp_setup_header header;

    memcpy(&header, front + ZP_BOOT_PARAMS_HDR_SETUP_SECTS, sizeof(header));
    header.syssize = (uint32_t)((loaded_size(shape) + ZP_PACK_GRAIN - 1) / ZP_PACK_GRAIN);
    header.cmdline_size = shape->cmdline_size;
    header.init_size = (uint32_t)shape->memory;
    if (shape->flavour == ZP_PACK_ELF)
        header.payload_offset =
            UINT32_MAX; /* of no length: Xen looks there, and then takes the file as an ELF */
    if (shape->handover) {
        header.xloadflags |= ZP_XLF_EFI_HANDOVER_64;
        header.handover_offset = ZP_PACK_ENTRY_HANDOVER - ZP_PACK_ENTRY_LINUX64;
    }
    memcpy(front + ZP_BOOT_PARAMS_HDR_SETUP_SECTS, &header, sizeof(header));
}

void zp_pack_headers(unsigned char *front, const struct zp_pack_shape *shape)
{
    size_t at = shape->flavour == ZP_PACK_PE ? put_pe(front, shape) : put_elf(front, shape);

    if (shape->multiboot) {
        at = put_multiboot1(front, (size_t)zp_pack_align(at, MULTIBOOT_ALIGN), shape);
        put_multiboot2(front, (size_t)zp_pack_align(at, MULTIBOOT_ALIGN), shape);
    }
    put_setup_header(front, shape);
}

/* Cylinder, head and sector in three bytes, all ones past what they can tell. */
static void put_chs(unsigned char *at, uint64_t sector)
{
    uint64_t cylinder = sector / (HEADS * TRACK);
    uint32_t head = (uint32_t)(sector / TRACK % HEADS), number = (uint32_t)(sector % TRACK) + 1;

    if (cylinder > CYLINDER_MAX) {
        cylinder = CYLINDER_MAX;
        head = HEADS - 1;
        number = TRACK;
    }
    at[0] = (unsigned char)head;
    at[1] = (unsigned char)(number | (cylinder >> 8) << 6);
    at[2] = (unsigned char)cylinder;
}

void zp_pack_partition_set(unsigned char *front, size_t index, uint8_t type, uint64_t sector,
                           uint64_t sectors)
{
    unsigned char *at = front + PARTITION_TABLE + index * PARTITION_SIZE;
    uint32_t first = (uint32_t)sector, count = (uint32_t)sectors;

    at[0] = index == 0 ? PARTITION_ACTIVE : 0;
    put_chs(at + 1, sector);
    at[4] = type;
    put_chs(at + 5, sector + sectors - 1);
    memcpy(at + 8, &first, sizeof(first));
    memcpy(at + 12, &count, sizeof(count));
}

/* Changes when a PE is signed, and the sum does not. */
static bool is_signing(const unsigned char *front, size_t at)
{
    return front[0] == 'M' && (at == ZP_PACK_PE_CHECKSUM || at == ZP_PACK_PE_CERTIFICATES ||
                               at == ZP_PACK_PE_CERTIFICATES + sizeof(uint32_t));
}

uint32_t zp_pack_setup_sum(const unsigned char *front)
{
    uint32_t sum = 0, word;

    for (size_t at = ZP_PACK_HEADERS; at < ZP_PACK_BODY; at += sizeof(word)) {
        if (is_signing(front, at))
            continue;
        memcpy(&word, front + at, sizeof(word));
        sum += word;
    }
    return sum;
}

void zp_pack_setup_balance(unsigned char *front)
{
    uint32_t balance = 0;

    memcpy(front + ZP_PACK_SETUP_BALANCE, &balance, sizeof(balance));
    balance = -zp_pack_setup_sum(front);
    memcpy(front + ZP_PACK_SETUP_BALANCE, &balance, sizeof(balance));
}
