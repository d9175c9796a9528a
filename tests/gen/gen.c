/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The generator: each image is laid out by hand with the wire structures, small and at fixed places.
 * See gen.h. Runs on little-endian hosts, as everything here.
 */
#include "gen.h"

#include <stdlib.h>
#include <string.h>

#include <zeropage/wire/bootparam.h>
#include <zeropage/wire/elf.h>
#include <zeropage/wire/image.h>
#include <zeropage/wire/multiboot.h>
#include <zeropage/wire/multiboot2.h>
#include <zeropage/wire/pe.h>
#include <zeropage/wire/xen.h>

static const uint8_t stop_here[] = {0xf4, 0xeb, 0xfd}; /* hlt; jmp to it */

static void start(struct gen_image *image, size_t size)
{
    memset(image, 0, sizeof(*image));
    image->bytes = calloc(1, size);
    if (!image->bytes)
        abort();
    image->size = size;
}

static void put(struct gen_image *image, size_t offset, const void *bytes, size_t size)
{
    if (offset > image->size || size > image->size - offset)
        abort();
    memcpy(image->bytes + offset, bytes, size);
}

void gen_free(struct gen_image *image)
{
    free(image->bytes);
    image->bytes = NULL;
    image->size = 0;
}

void gen_poke(struct gen_image *image, size_t offset, size_t size, uint64_t value)
{
    put(image, offset, &value, size);
}

uint64_t gen_peek(const struct gen_image *image, size_t offset, size_t size)
{
    uint64_t value = 0;

    if (size > sizeof(value) || offset > image->size || size > image->size - offset)
        abort();
    memcpy(&value, image->bytes + offset, size);
    return value;
}

void gen_resize(struct gen_image *image, size_t size)
{
    uint8_t *bytes = realloc(image->bytes, size ? size : 1);

    if (!bytes)
        abort();
    if (size > image->size)
        memset(bytes + image->size, 0, size - image->size);
    image->bytes = bytes;
    image->size = size;
}

/* --- PE ------------------------------------------------------------------------------------------- */

#define PE_SIZE (4 + sizeof(struct zp_image_file_header) + sizeof(struct zp_image_optional_header64))

/* MZ, PE headers at `where` and an empty section table behind them. */
static void put_pe(struct gen_image *image, size_t where, uint16_t machine, uint16_t sections)
{
    const struct zp_image_file_header header = {
        .Machine = machine,
        .NumberOfSections = sections,
        .SizeOfOptionalHeader = sizeof(struct zp_image_optional_header64),
        .Characteristics = ZP_IMAGE_FILE_EXECUTABLE_IMAGE | ZP_IMAGE_FILE_LARGE_ADDRESS_AWARE,
    };
    const struct zp_image_optional_header64 optional = {
        .Magic = ZP_IMAGE_NT_OPTIONAL_HDR64_MAGIC,
        .AddressOfEntryPoint = 0x1000,
        .SectionAlignment = 0x1000,
        .FileAlignment = 0x200,
        .Subsystem = ZP_IMAGE_SUBSYSTEM_EFI_APPLICATION,
    };

    gen_poke(image, 0, 2, ZP_IMAGE_DOS_SIGNATURE);
    gen_poke(image, ZP_IMAGE_DOS_HEADER_LFANEW, 4, where);
    gen_poke(image, where, 4, ZP_IMAGE_NT_SIGNATURE);
    put(image, where + 4, &header, sizeof(header));
    put(image, where + 4 + sizeof(header), &optional, sizeof(optional));
    image->pe = where;
    image->sections = where + PE_SIZE;
}

static void put_section(struct gen_image *image, unsigned index, const char *name, size_t offset, size_t size,
                        size_t virtual_size)
{
    struct zp_image_section_header section = {
        .VirtualSize = (uint32_t)virtual_size,
        .VirtualAddress = 0x1000 * (index + 1),
        .SizeOfRawData = (uint32_t)size,
        .PointerToRawData = (uint32_t)offset,
        .Characteristics = ZP_IMAGE_SCN_MEM_READ | ZP_IMAGE_SCN_CNT_INITIALIZED_DATA,
    };

    memcpy(section.Name, name, strlen(name));
    put(image, image->sections + index * sizeof(section), &section, sizeof(section));
}

void gen_pe(struct gen_image *ret_image, uint16_t machine)
{
    start(ret_image, 0x400);
    put_pe(ret_image, 0x80, machine, 1);
    put_section(ret_image, 0, ".text", 0x200, 0x200, 0x200);
}

void gen_uki(struct gen_image *ret_image)
{
    struct gen_image kernel;

    gen_bzimage(&kernel, &(struct gen_bzimage){.pe = true});
    start(ret_image, 0x400 + kernel.size + 0x100);
    put_pe(ret_image, 0x80, ZP_IMAGE_FILE_MACHINE_AMD64, 4);
    put_section(ret_image, 0, ".text", 0x200, 0x100, 0x100);
    put_section(ret_image, 1, ".osrel", 0x300, 0x20, 0x20);
    put_section(ret_image, 2, ".cmdline", 0x320, 0x20, 0x10);
    put_section(ret_image, 3, ".linux", 0x400, kernel.size + 0x100, kernel.size);
    put(ret_image, 0x400, kernel.bytes, kernel.size);
    ret_image->kernel = 0x400;
    ret_image->kernel_size = kernel.size;
    gen_free(&kernel);
}

/* --- bzImage -------------------------------------------------------------------------------------- */

/* ends of the header by version, as the specification's table of fields gives them */
static size_t header_end(uint16_t version)
{
    static const uint16_t ends[] = {0x224, 0x228, 0x22c, 0x230, 0x230, 0x238, 0x23c, 0x248,
                                    0x250, 0x258, 0x264, 0x268, 0x268, 0x268, 0x268, 0x26c};

    return version < 0x20f ? ends[version & 0xf] : ends[15];
}

#define VERSION_TEXT 0x280 /* in the first setup sector, past any header */
#define KERNEL_INFO  0x280 /* in the code */
#define PAYLOAD      0x300 /* in the code */

static void put_setup_header(struct gen_image *image, const struct gen_bzimage *options, uint16_t version)
{
    struct zp_setup_header header = {
        .setup_sects = options->setup_sects ? options->setup_sects : 1,
        .syssize = (uint32_t)((image->size - image->code + 15) / 16),
        .boot_flag = ZP_BOOT_FLAG,
        .jump = (uint16_t)(0xeb | (header_end(version) - ZP_SETUP_HEADER_JUMP_BASE) << 8),
        .header = ZP_SETUP_MAGIC_HDRS,
        .version = version,
        .kernel_version = VERSION_TEXT - 0x200,
        .loadflags = options->low ? 0 : ZP_LOADED_HIGH,
        .code32_start = options->low ? 0x1000 : 0x100000,
        .initrd_addr_max = 0x7fffffff,
        .kernel_alignment = options->alignment ? options->alignment : 0x200000,
        .relocatable_kernel = !options->fixed,
        .min_alignment = 21,
        .cmdline_size = 2047,
        .init_size = options->init_size ? options->init_size : 0x10000,
        .kernel_info_offset = KERNEL_INFO,
    };

    if (!options->narrow)
        header.xloadflags = ZP_XLF_KERNEL_64 | (options->below_4g ? 0 : ZP_XLF_CAN_BE_LOADED_ABOVE_4G);
    if (!options->no_payload) {
        header.payload_offset = PAYLOAD;
        header.payload_length = 0x40;
    }
    header.pref_address = options->fixed ? 0x100000 : 0x1000000;
    if (options->pref_address)
        header.pref_address = options->pref_address;
    if (!options->init_size && image->size - image->code > header.init_size)
        header.init_size = (uint32_t)(image->size - image->code);
    put(image, ZP_SETUP_HEADER_OFFSET, &header, header_end(version) - ZP_SETUP_HEADER_OFFSET);
}

void gen_bzimage(struct gen_image *ret_image, const struct gen_bzimage *options)
{
    const struct zp_kernel_info info = {ZP_KERNEL_INFO_MAGIC, sizeof(info), sizeof(info), ZP_SETUP_RNG_SEED};
    static const uint8_t zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
    size_t code_size = options->code_size ? options->code_size : 0x400;
    size_t sectors = 1u + (options->setup_sects ? options->setup_sects : 1);
    uint16_t version = options->version ? options->version : 0x20f;

    start(ret_image, sectors * ZP_SETUP_SECTOR_SIZE + code_size);
    ret_image->code = sectors * ZP_SETUP_SECTOR_SIZE;
    memset(ret_image->bytes + ret_image->code, 0x90, code_size);
    put_setup_header(ret_image, options, version);
    put(ret_image, VERSION_TEXT, "6.6.6-test (gen)", 17);
    put(ret_image, ret_image->code, options->code32 ? options->code32 : stop_here,
        options->code32 ? options->code32_size : sizeof(stop_here));
    if (code_size >= 0x400) {
        put(ret_image, ret_image->code + 0x200, options->code64 ? options->code64 : stop_here,
            options->code64 ? options->code64_size : sizeof(stop_here));
        put(ret_image, ret_image->code + KERNEL_INFO, &info, sizeof(info));
        put(ret_image, ret_image->code + PAYLOAD, zstd, sizeof(zstd));
    }
    if (options->pe)
        put_pe(ret_image, 0x40, ZP_IMAGE_FILE_MACHINE_AMD64, 0);
}

void gen_boot_sector(struct gen_image *ret_image)
{
    /* mov ax,07c0; mov ds,ax; mov ax,9000; mov es,ax; mov cx,0100; sub si,si; sub di,di */
    static const uint8_t code[] = {0xb8, 0xc0, 0x07, 0x8e, 0xd8, 0xb8, 0x00, 0x90, 0x8e,
                                   0xc0, 0xb9, 0x00, 0x01, 0x29, 0xf6, 0x29, 0xff};

    start(ret_image, 5 * ZP_SETUP_SECTOR_SIZE + 0x200);
    ret_image->code = 5 * ZP_SETUP_SECTOR_SIZE;
    put(ret_image, 0, code, sizeof(code));
    gen_poke(ret_image, 0x1f1, 1, 4);
    gen_poke(ret_image, 0x1f4, 2, 0x20);
    gen_poke(ret_image, 0x1fe, 2, ZP_BOOT_FLAG);
    memset(ret_image->bytes + ZP_SETUP_SECTOR_SIZE, 0x90, ret_image->size - ZP_SETUP_SECTOR_SIZE);
}

/* --- ELF ------------------------------------------------------------------------------------------ */

/* Places in the file. */
#define ELF_MULTIBOOT1 0x140
#define ELF_MULTIBOOT2 0x150
#define ELF_NOTES      0x200
#define ELF_CODE       0x300
#define ELF_CODE_SIZE  0x100
#define ELF_DATA       0x400
#define ELF_DATA_SIZE  0x80
#define ELF_SECTIONS   0x480
#define ELF_ENTRY      0x10 /* from the load address */

static void put_ehdr(struct gen_image *image, const struct gen_elf *options, uint64_t entry)
{
    struct zp_elf64_ehdr wide = {
        .e_ident = {0x7f, 'E', 'L', 'F', ZP_ELFCLASS64, ZP_ELFDATA2LSB, ZP_EV_CURRENT},
        .e_type = options->type ? options->type : ZP_ET_EXEC,
        .e_machine = options->machine      ? options->machine
                     : options->bits == 32 ? ZP_EM_386
                                           : ZP_EM_X86_64,
        .e_version = ZP_EV_CURRENT,
        .e_entry = entry,
        .e_phoff = image->phdrs,
        .e_shoff = image->shdrs,
        .e_ehsize = sizeof(wide),
        .e_phentsize = (uint16_t)image->phdr_size,
        .e_phnum = 4,
        .e_shentsize = sizeof(struct zp_elf64_shdr),
        .e_shnum = 1,
    };
    struct zp_elf32_ehdr narrow = {
        .e_type = wide.e_type,
        .e_machine = wide.e_machine,
        .e_version = wide.e_version,
        .e_entry = (uint32_t)entry,
        .e_phoff = (uint32_t)wide.e_phoff,
        .e_shoff = (uint32_t)wide.e_shoff,
        .e_ehsize = sizeof(narrow),
        .e_phentsize = wide.e_phentsize,
        .e_phnum = wide.e_phnum,
        .e_shentsize = sizeof(struct zp_elf32_shdr),
        .e_shnum = 1,
    };

    memcpy(narrow.e_ident, wide.e_ident, sizeof(narrow.e_ident));
    narrow.e_ident[ZP_EI_CLASS] = ZP_ELFCLASS32;
    if (options->bits == 32)
        put(image, 0, &narrow, sizeof(narrow));
    else
        put(image, 0, &wide, sizeof(wide));
}

static void put_phdr(struct gen_image *image, unsigned index, const struct zp_elf64_phdr *wide)
{
    struct zp_elf32_phdr narrow = {
        .p_type = wide->p_type,
        .p_offset = (uint32_t)wide->p_offset,
        .p_vaddr = (uint32_t)wide->p_vaddr,
        .p_paddr = (uint32_t)wide->p_paddr,
        .p_filesz = (uint32_t)wide->p_filesz,
        .p_memsz = (uint32_t)wide->p_memsz,
        .p_flags = wide->p_flags,
        .p_align = (uint32_t)wide->p_align,
    };

    if (image->phdr_size == sizeof(narrow))
        put(image, image->phdrs + index * sizeof(narrow), &narrow, sizeof(narrow));
    else
        put(image, image->phdrs + index * sizeof(*wide), wide, sizeof(*wide));
}

/* Appends a note and returns where its header is. */
static size_t put_note(struct gen_image *image, const char *owner, uint32_t type, const void *descriptor,
                       uint32_t size, size_t padding)
{
    const struct zp_elf_nhdr header = {(uint32_t)strlen(owner) + 1, size, type};
    size_t at = image->notes + image->notes_size;
    size_t where = (sizeof(header) + header.n_namesz + padding - 1) / padding * padding;

    put(image, at, &header, sizeof(header));
    put(image, at + sizeof(header), owner, header.n_namesz);
    put(image, at + where, descriptor, size);
    image->notes_size += (where + size + padding - 1) / padding * padding;
    return at;
}

static void put_xen_notes(struct gen_image *image, const struct gen_elf *options, uint64_t entry)
{
    const uint32_t reloc[3] = {0x200000, 0x200000, 0x3fffffff};
    size_t padding = options->padding ? options->padding : 4;
    uint32_t reloc_size = options->reloc_size ? options->reloc_size : sizeof(reloc);

    if (!options->pvh)
        return;
    put_note(image, "Xen", ZP_XEN_ELFNOTE_GUEST_OS, "linux", 6, padding);
    image->note_entry =
        put_note(image, "Xen", ZP_XEN_ELFNOTE_PHYS32_ENTRY, &entry, options->pvh_wide ? 8 : 4, padding);
    if (options->reloc)
        image->note_reloc = put_note(image, "Xen", ZP_XEN_ELFNOTE_PHYS32_RELOC, reloc,
                                     reloc_size == UINT32_MAX ? 0 : reloc_size, padding);
}

static void put_notes(struct gen_image *image, const struct gen_elf *options, uint64_t entry)
{
    const uint32_t tag[4] = {0, 3, 2, 0};
    const uint8_t property[32] = {0x02, 0x00, 0x01, 0xc0, 4, [16] = 0x02, 0x80, 0x01, 0xc0, 4};
    size_t padding = options->padding ? options->padding : 4;

    image->notes = ELF_NOTES;
    if (options->abi_tag)
        put_note(image, "GNU", 1, tag, sizeof(tag), padding);
    if (options->property)
        put_note(image, "GNU", ZP_NT_GNU_PROPERTY_TYPE_0, property, sizeof(property), 8);
    put_xen_notes(image, options, entry);
}

static void put_phdrs(struct gen_image *image, const struct gen_elf *options, uint64_t load)
{
    uint64_t base = !options->virtual_addresses ? 0 : options->bits == 32 ? 0xc0000000 : 0xffffffff80000000;
    struct zp_elf64_phdr loads[3] = {
        {.p_flags = ZP_PF_R | ZP_PF_X, .p_offset = ELF_CODE, .p_filesz = ELF_CODE_SIZE, .p_memsz = 0x1000},
        {.p_flags = ZP_PF_R | ZP_PF_W, .p_offset = ELF_DATA, .p_filesz = ELF_DATA_SIZE, .p_memsz = 0x800},
        {.p_flags = ZP_PF_R | ZP_PF_W, .p_memsz = 0x1000},
    };
    struct zp_elf64_phdr note = {
        .p_type = options->interpreter ? ZP_PT_INTERP
                  : image->notes_size  ? ZP_PT_NOTE
                                       : ZP_PT_NULL,
        .p_flags = ZP_PF_R,
        .p_offset = image->notes,
        .p_filesz = image->notes_size,
        .p_memsz = image->notes_size,
        .p_align = options->note_align ? options->note_align
                   : options->padding  ? options->padding
                                       : 4,
    };

    put_phdr(image, 0, &note);
    for (unsigned i = 0; i < 3; i++) {
        loads[i].p_type = ZP_PT_LOAD;
        loads[i].p_paddr = load + 0x2000 * i;
        loads[i].p_vaddr = loads[i].p_paddr + base;
        loads[i].p_align = i == 0 ? 0x200000 : 0x1000;
        put_phdr(image, options->unsorted ? 3 - i : 1 + i, &loads[i]);
    }
}

/* --- multiboot ------------------------------------------------------------------------------------ */

static void put_multiboot1(struct gen_image *image, size_t where, const struct zp_multiboot_header *header)
{
    struct zp_multiboot_header whole = *header;

    whole.magic = ZP_MULTIBOOT_HEADER_MAGIC;
    whole.checksum = 0u - whole.magic - whole.flags;
    put(image, where, &whole, whole.flags & ZP_MULTIBOOT_AOUT_KLUDGE ? 32 : 12);
    image->multiboot1 = where;
}

static size_t put_tag(struct gen_image *image, size_t *at, const void *tag, size_t size)
{
    size_t where = *at;

    put(image, where, tag, size);
    *at += (size + 7) / 8 * 8;
    return where;
}

static void start_multiboot2(struct gen_image *image, size_t where, size_t *at)
{
    static const uint32_t request[] = {ZP_MULTIBOOT2_HEADER_TAG_INFORMATION_REQUEST, 16,
                                       ZP_MULTIBOOT2_TAG_TYPE_MODULE, ZP_MULTIBOOT2_TAG_TYPE_MMAP};
    static const struct zp_multiboot2_header_tag align = {ZP_MULTIBOOT2_HEADER_TAG_MODULE_ALIGN, 0, 8};

    image->multiboot2 = where;
    *at = where + sizeof(struct zp_multiboot2_header);
    image->tag_request = put_tag(image, at, request, sizeof(request));
    put_tag(image, at, &align, sizeof(align));
}

static void end_multiboot2(struct gen_image *image, size_t *at)
{
    static const struct zp_multiboot2_header_tag end = {ZP_MULTIBOOT2_HEADER_TAG_END, 0, 8};
    struct zp_multiboot2_header header = {.magic = ZP_MULTIBOOT2_HEADER_MAGIC};

    put_tag(image, at, &end, sizeof(end));
    header.header_length = (uint32_t)(*at - image->multiboot2);
    header.checksum = 0u - header.magic - header.architecture - header.header_length;
    put(image, image->multiboot2, &header, sizeof(header));
}

static void put_multiboot2(struct gen_image *image, const struct gen_elf *options, uint64_t load)
{
    const struct zp_multiboot2_header_tag_entry_address entry = {ZP_MULTIBOOT2_HEADER_TAG_ENTRY_ADDRESS, 0,
                                                                 12, (uint32_t)load + 0x20};
    const struct zp_multiboot2_header_tag_relocatable relocatable = {
        ZP_MULTIBOOT2_HEADER_TAG_RELOCATABLE, 0, 24, 0x200000, 0x3fffffff, 0x200000,
        ZP_MULTIBOOT2_LOAD_PREFERENCE_LOW};
    size_t at;

    start_multiboot2(image, ELF_MULTIBOOT2, &at);
    if (options->multiboot2_entry)
        image->tag_entry = put_tag(image, &at, &entry, sizeof(entry));
    if (options->multiboot2_relocatable)
        image->tag_relocatable = put_tag(image, &at, &relocatable, sizeof(relocatable));
    end_multiboot2(image, &at);
}

void gen_elf(struct gen_image *ret_image, const struct gen_elf *options)
{
    uint64_t load = options->load ? options->load : 0x1000000;
    uint64_t base = options->bits == 32 ? 0xc0000000 : 0xffffffff80000000;
    uint64_t entry = options->entry ? options->entry : load + ELF_ENTRY + (options->virtual_entry ? base : 0);

    start(ret_image,
          ELF_SECTIONS + (options->bits == 32 ? sizeof(struct zp_elf32_shdr) : sizeof(struct zp_elf64_shdr)));
    ret_image->phdrs = options->bits == 32 ? sizeof(struct zp_elf32_ehdr) : sizeof(struct zp_elf64_ehdr);
    ret_image->phdr_size = options->bits == 32 ? sizeof(struct zp_elf32_phdr) : sizeof(struct zp_elf64_phdr);
    ret_image->shdrs = ELF_SECTIONS;
    ret_image->code = ELF_CODE;
    put_notes(ret_image, options, load + ELF_ENTRY);
    put_ehdr(ret_image, options, entry);
    put_phdrs(ret_image, options, load);
    if (options->multiboot1)
        put_multiboot1(
            ret_image, ELF_MULTIBOOT1,
            &(struct zp_multiboot_header){.flags = ZP_MULTIBOOT_PAGE_ALIGN | ZP_MULTIBOOT_MEMORY_INFO});
    if (options->multiboot2)
        put_multiboot2(ret_image, options, load);
    memset(ret_image->bytes + ELF_CODE, 0x90, ELF_CODE_SIZE);
    memset(ret_image->bytes + ELF_DATA, 0xda, ELF_DATA_SIZE);
    put(ret_image, ELF_CODE + ELF_ENTRY, options->code ? options->code : stop_here,
        options->code ? options->code_size : sizeof(stop_here));
}

/* --- Linux's ELF with its relocation table -------------------------------------------------------- */

#define LINUX_SEGMENTS 4 /* text, data, per-cpu data, init */
#define LINUX_NOTES    0x180
#define LINUX_TEXT     0x280
#define LINUX_ENTRIES  0x100 /* of the text are code, without relocations */
#define LINUX_GAP      0x1000
#define LINUX_MAP64    UINT64_C(0xffffffff80000000)
#define LINUX_MAP32    UINT64_C(0xc0000000)
#define LINUX_SECTIONS 3

struct linux_layout {
    const struct gen_linux *options;
    bool wide;
    unsigned lists;
    struct zp_elf64_phdr loads[LINUX_SEGMENTS];
    size_t end; /* of the ELF */
};

static void lay_out_linux(struct linux_layout *layout, const struct gen_linux *options)
{
    static const uint16_t sizes[LINUX_SEGMENTS] = {0x400, 0x200, 0x100, 0x200};
    unsigned scale = options->scale ? options->scale : 1;
    uint64_t offset = LINUX_TEXT, address = GEN_LINUX_LOAD;

    memset(layout, 0, sizeof(*layout));
    layout->options = options;
    layout->wide = options->bits != 32;
    layout->lists = !layout->wide ? 1 : options->lists ? options->lists : 3;
    for (unsigned i = 0; i < LINUX_SEGMENTS; i++) {
        struct zp_elf64_phdr *load = &layout->loads[i];
        bool percpu = i == 2 && layout->lists == 3;

        load->p_type = ZP_PT_LOAD;
        load->p_flags = ZP_PF_R | (i == 0 ? ZP_PF_X : ZP_PF_W) | (i == 3 ? ZP_PF_X : 0);
        load->p_offset = offset;
        load->p_filesz = (uint64_t)sizes[i] * scale;
        load->p_memsz = load->p_filesz + (i == 3 ? LINUX_GAP : 0);
        load->p_paddr = address;
        load->p_vaddr = percpu ? 0 : address + (layout->wide ? LINUX_MAP64 : LINUX_MAP32);
        load->p_align = 0x200000;
        offset += load->p_filesz;
        address += (load->p_memsz + LINUX_GAP - 1) / LINUX_GAP * LINUX_GAP;
    }
    layout->end = offset + LINUX_SECTIONS *
                               (layout->wide ? sizeof(struct zp_elf64_shdr) : sizeof(struct zp_elf32_shdr));
}

/* Section 0, the text, and a BSS that claims more bytes than the file has. */
static void put_linux_sections(struct gen_image *image, const struct linux_layout *layout)
{
    const struct zp_elf64_phdr *text = &layout->loads[0];
    struct zp_elf64_shdr wide[LINUX_SECTIONS] = {
        {.sh_type = ZP_SHT_NULL},
        {.sh_type = ZP_SHT_PROGBITS, .sh_offset = text->p_offset, .sh_size = text->p_filesz},
        {.sh_type = ZP_SHT_NOBITS, .sh_offset = image->shdrs, .sh_size = 0x100000},
    };
    struct zp_elf32_shdr narrow[LINUX_SECTIONS] = {{0}};

    for (unsigned i = 0; i < LINUX_SECTIONS; i++) {
        narrow[i].sh_type = wide[i].sh_type;
        narrow[i].sh_offset = (uint32_t)wide[i].sh_offset;
        narrow[i].sh_size = (uint32_t)wide[i].sh_size;
    }
    if (layout->wide)
        put(image, image->shdrs, wide, sizeof(wide));
    else
        put(image, image->shdrs, narrow, sizeof(narrow));
}

/* One entry: the low half of target's link address, and a value of that width at the target. */
static void put_relocation(struct gen_image *image, const struct linux_layout *layout, unsigned segment,
                           uint64_t offset, size_t width, struct gen_list *list)
{
    const struct zp_elf64_phdr *load = &layout->loads[segment];
    uint64_t map = layout->wide ? LINUX_MAP64 : LINUX_MAP32;
    uint64_t value = map + GEN_LINUX_LOAD + 0x11 * list->count;
    uint32_t entry = (uint32_t)(map + load->p_paddr + offset);

    put(image, load->p_offset + offset, &value, width);
    put(image, list->at + 4 * list->count++, &entry, sizeof(entry));
}

/* Both lists of 32 bits, or list32 alone, in the text, and list32 in init. */
static void put_linux_lists32(struct gen_image *image, const struct linux_layout *layout, size_t *at)
{
    uint64_t text = layout->loads[0].p_filesz, init = layout->loads[3].p_filesz;

    if (layout->lists == 3) {
        image->list32neg.at = *at + 4;
        for (uint64_t offset = LINUX_ENTRIES; offset < text; offset += 16)
            put_relocation(image, layout, 0, offset + 1, 4, &image->list32neg);
        *at += 4 + 4 * image->list32neg.count;
    }
    image->list32.at = *at + 4;
    for (uint64_t offset = LINUX_ENTRIES; offset < text; offset += 16)
        put_relocation(image, layout, 0, offset + 5, 4, &image->list32);
    for (uint64_t offset = LINUX_ENTRIES; offset < init; offset += 8)
        put_relocation(image, layout, 3, offset + 4, 4, &image->list32); /* the last ends with the segment */
    *at += 4 + 4 * image->list32.count;
}

static void put_linux_table(struct gen_image *image, const struct linux_layout *layout)
{
    size_t at = layout->end;

    image->relocations = at;
    gen_resize(image, image->size + 0x200 * 4 * (layout->options->scale ? layout->options->scale : 1));
    if (layout->wide) {
        image->list64.at = at + 4;
        for (uint64_t offset = 0; offset < layout->loads[1].p_filesz; offset += 16)
            put_relocation(image, layout, 1, offset + 8, 8, &image->list64);
        for (uint64_t offset = 0; offset < layout->loads[2].p_filesz; offset += 16)
            put_relocation(image, layout, 2, offset, 8, &image->list64);
        at += 4 + 4 * image->list64.count;
    }
    put_linux_lists32(image, layout, &at);
    gen_resize(image, at);
}

void gen_linux(struct gen_image *ret_image, const struct gen_linux *options)
{
    const struct gen_elf notes = {.pvh = options->pvh, .reloc = options->reloc};
    struct gen_elf header = {.bits = options->bits};
    struct zp_elf64_phdr note = {.p_type = ZP_PT_NOTE, .p_flags = ZP_PF_R, .p_align = 4};
    struct linux_layout layout;
    const struct zp_elf64_phdr *entered;
    uint64_t entry;

    lay_out_linux(&layout, options);
    entered = &layout.loads[options->late_entry ? 3 : 0];
    entry = entered->p_paddr + ELF_ENTRY;
    start(ret_image, layout.end);
    for (size_t i = LINUX_TEXT; i < layout.end; i++)
        ret_image->bytes[i] = (uint8_t)(i * 31 + i / 256);
    ret_image->phdrs = layout.wide ? sizeof(struct zp_elf64_ehdr) : sizeof(struct zp_elf32_ehdr);
    ret_image->phdr_size = layout.wide ? sizeof(struct zp_elf64_phdr) : sizeof(struct zp_elf32_phdr);
    ret_image->code = LINUX_TEXT;
    ret_image->shdrs = layout.loads[3].p_offset + layout.loads[3].p_filesz;
    ret_image->notes = LINUX_NOTES;
    if (!options->no_note)
        put_note(ret_image, "Linux", 0x101, "\0\0\0", 4, 4); /* LINUX_ELFNOTE_LTO_INFO */
    put_xen_notes(ret_image, &notes, entry);
    note.p_offset = ret_image->notes;
    note.p_filesz = ret_image->notes_size;
    put_ehdr(ret_image, &header, entry);
    gen_poke(ret_image,
             layout.wide ? offsetof(struct zp_elf64_ehdr, e_phnum) : offsetof(struct zp_elf32_ehdr, e_phnum),
             2, 1 + LINUX_SEGMENTS);
    gen_poke(ret_image,
             layout.wide ? offsetof(struct zp_elf64_ehdr, e_shnum) : offsetof(struct zp_elf32_ehdr, e_shnum),
             2, LINUX_SECTIONS);
    put_phdr(ret_image, 0, &note);
    for (unsigned i = 0; i < LINUX_SEGMENTS; i++)
        put_phdr(ret_image, 1 + i, &layout.loads[i]);
    put_linux_sections(ret_image, &layout);
    put(ret_image, entered->p_offset + ELF_ENTRY, options->code ? options->code : stop_here,
        options->code ? options->code_size : sizeof(stop_here));
    if (!options->no_table)
        put_linux_table(ret_image, &layout);
}

#define FLAT_HEADER 0x20
#define FLAT_LOAD   0x100000
#define FLAT_ENTRY  0xc0 /* from the load address */
#define FLAT_FILE   0x200
#define FLAT_MEMORY 0x1000

void gen_multiboot_addresses(struct gen_image *ret_image, unsigned version)
{
    const struct zp_multiboot_header header = {
        .flags = ZP_MULTIBOOT_AOUT_KLUDGE | ZP_MULTIBOOT_MEMORY_INFO,
        .header_addr = FLAT_LOAD + FLAT_HEADER,
        .load_addr = FLAT_LOAD,
        .load_end_addr = FLAT_LOAD + FLAT_FILE,
        .bss_end_addr = FLAT_LOAD + FLAT_MEMORY,
        .entry_addr = FLAT_LOAD + FLAT_ENTRY,
    };
    const struct zp_multiboot2_header_tag_address address = {ZP_MULTIBOOT2_HEADER_TAG_ADDRESS,
                                                             0,
                                                             24,
                                                             header.header_addr,
                                                             header.load_addr,
                                                             header.load_end_addr,
                                                             header.bss_end_addr};
    const struct zp_multiboot2_header_tag_entry_address entry = {ZP_MULTIBOOT2_HEADER_TAG_ENTRY_ADDRESS, 0,
                                                                 12, header.entry_addr};
    size_t at;

    start(ret_image, FLAT_FILE + 0x10);
    put(ret_image, FLAT_ENTRY, stop_here, sizeof(stop_here));
    if (version == 1) {
        put_multiboot1(ret_image, FLAT_HEADER, &header);
        return;
    }
    start_multiboot2(ret_image, FLAT_HEADER, &at);
    ret_image->tag_address = put_tag(ret_image, &at, &address, sizeof(address));
    ret_image->tag_entry = put_tag(ret_image, &at, &entry, sizeof(entry));
    end_multiboot2(ret_image, &at);
}

/* --- other machines ------------------------------------------------------------------------------- */

void gen_arm64(struct gen_image *ret_image)
{
    gen_pe(ret_image, ZP_IMAGE_FILE_MACHINE_ARM64);
    gen_poke(ret_image, 0x38, 4, ZP_ARM64_IMAGE_MAGIC);
}

void gen_riscv64(struct gen_image *ret_image)
{
    gen_pe(ret_image, ZP_IMAGE_FILE_MACHINE_RISCV64);
    gen_poke(ret_image, 0x38, 4, ZP_RISCV_IMAGE_MAGIC2);
}

void gen_loongarch64(struct gen_image *ret_image)
{
    gen_pe(ret_image, ZP_IMAGE_FILE_MACHINE_LOONGARCH64);
    gen_poke(ret_image, 0x38, 4, ZP_LOONGARCH_IMAGE_PE_MAGIC);
}

void gen_zboot(struct gen_image *ret_image)
{
    gen_pe(ret_image, ZP_IMAGE_FILE_MACHINE_ARM64);
    put(ret_image, 4, "zimg", 4);
    gen_poke(ret_image, 8, 4, 0x200);
    gen_poke(ret_image, 12, 4, 0x100);
    put(ret_image, 0x18, "gzip", 5);
    gen_poke(ret_image, 0x38, 4, ZP_LINUX_PE_MAGIC);
}

void gen_compressed(struct gen_image *ret_image, const char *name)
{
    static const struct {
        const char *name;
        uint8_t length;
        uint8_t bytes[6];
    } magics[] = {
        {"gzip", 4, {0x1f, 0x8b, 8, 0}},
        {"bzip2", 4, {'B', 'Z', 'h', '9'}},
        {"lzma", 5, {0x5d, 0, 0, 0x80, 0}},
        {"xz", 6, {0xfd, '7', 'z', 'X', 'Z', 0}},
        {"lzo", 6, {0x89, 'L', 'Z', 'O', 0, 0x0d}},
        {"lz4", 4, {0x04, 0x22, 0x4d, 0x18}},
        {"zstd", 4, {0x28, 0xb5, 0x2f, 0xfd}},
    };

    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
        if (strcmp(name, magics[i].name) == 0) {
            start(ret_image, 0x100);
            put(ret_image, 0, magics[i].bytes, magics[i].length);
            return;
        }
    }
    abort();
}

/* --- kinds ---------------------------------------------------------------------------------------- */

#define KIND(function, call)                          \
    static void function(struct gen_image *ret_image) \
    {                                                 \
        call;                                         \
    }
#define BZIMAGE(function, ...) KIND(function, gen_bzimage(ret_image, &(struct gen_bzimage){__VA_ARGS__}))
#define ELF(function, ...)     KIND(function, gen_elf(ret_image, &(struct gen_elf){__VA_ARGS__}))

BZIMAGE(kind_bzimage, .pe = true)
BZIMAGE(kind_bzimage_200, .version = 0x200)
BZIMAGE(kind_bzimage_203, .version = 0x203)
BZIMAGE(kind_bzimage_205, .version = 0x205)
BZIMAGE(kind_bzimage_208, .version = 0x208)
BZIMAGE(kind_bzimage_20c, .version = 0x20c, .below_4g = true)
BZIMAGE(kind_bzimage_fixed, .version = 0x20c, .fixed = true, .no_payload = true)
BZIMAGE(kind_bzimage_narrow, .narrow = true)
BZIMAGE(kind_zimage, .version = 0x202, .low = true)
ELF(kind_elf64, .virtual_addresses = true)
ELF(kind_elf32, .bits = 32)
ELF(kind_elf64_pvh, .pvh = true, .reloc = true)
ELF(kind_elf32_pvh, .bits = 32, .pvh = true, .unsorted = true)
ELF(kind_elf64_pvh8, .pvh = true, .pvh_wide = true, .padding = 8)
ELF(kind_elf64_merged, .pvh = true, .property = true, .note_align = 8)
ELF(kind_elf64_program, .interpreter = true)
ELF(kind_elf32_multiboot, .bits = 32, .multiboot1 = true, .multiboot2 = true)
ELF(kind_elf64_multiboot, .multiboot1 = true, .multiboot2 = true, .multiboot2_entry = true,
    .multiboot2_relocatable = true, .pvh = true)
#define LINUX(function, ...) KIND(function, gen_linux(ret_image, &(struct gen_linux){__VA_ARGS__}))
LINUX(kind_linux64, .pvh = true, .lists = 3)
LINUX(kind_linux64_two, .pvh = true, .reloc = true, .lists = 2, .late_entry = true)
LINUX(kind_linux32, .pvh = true, .bits = 32)
LINUX(kind_linux64_unnamed, .no_note = true)
LINUX(kind_linux64_fixed, .no_table = true)
KIND(kind_multiboot1, gen_multiboot_addresses(ret_image, 1))
KIND(kind_multiboot2, gen_multiboot_addresses(ret_image, 2))
KIND(kind_pe, gen_pe(ret_image, ZP_IMAGE_FILE_MACHINE_AMD64))
KIND(kind_gzip, gen_compressed(ret_image, "gzip"))
KIND(kind_zstd, gen_compressed(ret_image, "zstd"))

const struct gen_kind gen_kinds[] = {
    {"bzimage", "2.15, relocatable, all entries, EFI stub", kind_bzimage},
    {"bzimage-2.00", "2.00: 16-bit entry", kind_bzimage_200},
    {"bzimage-2.03", "2.03: 16-bit entry", kind_bzimage_203},
    {"bzimage-2.05", "2.05: relocatable, no init_size", kind_bzimage_205},
    {"bzimage-2.08", "2.08: payload told", kind_bzimage_208},
    {"bzimage-2.12", "2.12: 64-bit entry, below 4 GiB", kind_bzimage_20c},
    {"bzimage-fixed", "2.12, not relocatable", kind_bzimage_fixed},
    {"bzimage-i386", "2.15 without 64-bit entry", kind_bzimage_narrow},
    {"zimage", "2.02, loaded low", kind_zimage},
    {"boot-sector", "older than 2.00", gen_boot_sector},
    {"elf64", "e_entry alone, virtual p_vaddr", kind_elf64},
    {"elf32", "e_entry alone", kind_elf32},
    {"elf64-pvh", "PVH note with 4 bytes, relocatable", kind_elf64_pvh},
    {"elf32-pvh", "PVH note, segments not sorted", kind_elf32_pvh},
    {"elf64-pvh8", "PVH note with 8 bytes, notes padded to 8", kind_elf64_pvh8},
    {"elf64-merged", "PVH note behind a GNU property, padding 4 in a segment that says 8", kind_elf64_merged},
    {"elf64-program", "with PT_INTERP: refused", kind_elf64_program},
    {"elf32-multiboot", "multiboot 1 and 2", kind_elf32_multiboot},
    {"elf64-multiboot", "multiboot 1, 2 (relocatable, entry tag) and PVH", kind_elf64_multiboot},
    {"linux64", "vmlinux with three relocation lists, PVH", kind_linux64},
    {"linux64-two-lists", "vmlinux with two lists, entered in a high segment, PVH relocatable",
     kind_linux64_two},
    {"linux32", "i386 vmlinux with one list, PVH", kind_linux32},
    {"linux64-unnamed", "vmlinux without notes, with three lists", kind_linux64_unnamed},
    {"linux64-fixed", "vmlinux without relocation table", kind_linux64_fixed},
    {"multiboot1", "flat, by address fields", kind_multiboot1},
    {"multiboot2", "flat, by address tag", kind_multiboot2},
    {"pe", "EFI executable: refused", kind_pe},
    {"uki", "unified kernel image: refused", gen_uki},
    {"arm64", "arm64 Image: refused", gen_arm64},
    {"riscv64", "riscv64 Image: refused", gen_riscv64},
    {"loongarch64", "LoongArch Image: refused", gen_loongarch64},
    {"zboot", "EFI zboot: refused", gen_zboot},
    {"gzip", "compressed file: refused", kind_gzip},
    {"zstd", "compressed file: refused", kind_zstd},
};
const size_t gen_kind_count = sizeof(gen_kinds) / sizeof(gen_kinds[0]);
