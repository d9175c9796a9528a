/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names for what an image holds: the setup header's fields (Documentation/x86/boot, "The Real-Mode Kernel
 * Header"), Xen's notes (public/elfnote.h), formats and containers. The values themselves come from
 * zp_inspect; a field younger than the image's protocol is never shown.
 */
#include <stdio.h>
#include <string.h>

#include <zeropage/wire/bootparam.h>
#include <zeropage/wire/xen.h>

#include "image_view.h"

#define FIELD(name, since, number)                                              \
    {                                                                           \
#name, ZP_SETUP_HEADER_OFFSET + offsetof(struct zp_setup_header, name), \
            sizeof(((struct zp_setup_header *)0)->name), since, number          \
    }

const struct cli_header_field cli_header_fields[] = {
    FIELD(setup_sects, 0, true),
    FIELD(root_flags, 0, false),
    FIELD(syssize, 0, true),
    FIELD(vid_mode, 0, false),
    FIELD(root_dev, 0, false),
    FIELD(boot_flag, 0, false),
    FIELD(jump, 0x200, false),
    FIELD(header, 0x200, false),
    FIELD(version, 0x200, false),
    FIELD(realmode_swtch, 0x200, false),
    FIELD(start_sys_seg, 0x200, false),
    FIELD(kernel_version, 0x200, false),
    FIELD(type_of_loader, 0x200, false),
    FIELD(loadflags, 0x200, false),
    FIELD(setup_move_size, 0x200, true),
    FIELD(code32_start, 0x200, false),
    FIELD(ramdisk_image, 0x200, false),
    FIELD(ramdisk_size, 0x200, true),
    FIELD(bootsect_kludge, 0x200, false),
    FIELD(heap_end_ptr, 0x201, false),
    FIELD(ext_loader_ver, 0x202, false),
    FIELD(ext_loader_type, 0x202, false),
    FIELD(cmd_line_ptr, 0x202, false),
    FIELD(initrd_addr_max, 0x203, false),
    FIELD(kernel_alignment, 0x205, false),
    FIELD(relocatable_kernel, 0x205, true),
    FIELD(min_alignment, 0x20a, true),
    FIELD(xloadflags, 0x20c, false),
    FIELD(cmdline_size, 0x206, true),
    FIELD(hardware_subarch, 0x207, false),
    FIELD(hardware_subarch_data, 0x207, false),
    FIELD(payload_offset, 0x208, false),
    FIELD(payload_length, 0x208, true),
    FIELD(setup_data, 0x209, false),
    FIELD(pref_address, 0x20a, false),
    FIELD(init_size, 0x20a, true),
    FIELD(handover_offset, 0x20b, false),
    FIELD(kernel_info_offset, 0x20f, false),
};
const size_t cli_header_field_count = sizeof cli_header_fields / sizeof cli_header_fields[0];

bool cli_header_has(const struct zp_bzimage *bzimage, const struct cli_header_field *field)
{
    return bzimage->version >= field->since &&
           (field->since == 0 || field->offset + field->size <= bzimage->header_end);
}

uint64_t cli_header_value(const struct zp_bzimage *bzimage, const struct cli_header_field *field)
{
    uint64_t value = 0; /* x86: the low bytes come first, here as in the file */
    memcpy(&value, (const unsigned char *)&bzimage->header + (field->offset - ZP_SETUP_HEADER_OFFSET),
           field->size);
    return value;
}

struct flag_name {
    uint32_t flag;
    const char *name;
};

static const struct flag_name loadflags[] = {
    {ZP_LOADED_HIGH, "LOADED_HIGH"},     {ZP_KASLR_FLAG, "KASLR"},          {ZP_QUIET_FLAG, "QUIET"},
    {ZP_KEEP_SEGMENTS, "KEEP_SEGMENTS"}, {ZP_CAN_USE_HEAP, "CAN_USE_HEAP"}, {0, NULL},
};

static const struct flag_name xloadflags[] = {
    {ZP_XLF_KERNEL_64, "KERNEL_64"},
    {ZP_XLF_CAN_BE_LOADED_ABOVE_4G, "CAN_BE_LOADED_ABOVE_4G"},
    {ZP_XLF_EFI_HANDOVER_32, "EFI_HANDOVER_32"},
    {ZP_XLF_EFI_HANDOVER_64, "EFI_HANDOVER_64"},
    {ZP_XLF_EFI_KEXEC, "EFI_KEXEC"},
    {ZP_XLF_5LEVEL, "5LEVEL"},
    {ZP_XLF_5LEVEL_ENABLED, "5LEVEL_ENABLED"},
    {ZP_XLF_MEM_ENCRYPTION, "MEM_ENCRYPTION"},
    {0, NULL},
};

char *cli_header_flags(const struct cli_header_field *field, uint64_t value, char *text, size_t text_size)
{
    const struct flag_name *names = strcmp(field->name, "loadflags") == 0    ? loadflags
                                    : strcmp(field->name, "xloadflags") == 0 ? xloadflags
                                                                             : NULL;
    text[0] = '\0';
    for (; names && names->name; names++) {
        if (!(value & names->flag))
            continue;
        size_t used = strlen(text);
        snprintf(text + used, text_size - used, "%s%s", used ? " " : "", names->name);
    }
    return text;
}

const char *cli_format_name(unsigned bit)
{
    static const char *const names[] = {"bzimage",    "zimage",     "elf32", "elf64",
                                        "multiboot1", "multiboot2", "pe",    "pre-2.00"};
    return bit < sizeof names / sizeof names[0] ? names[bit] : NULL;
}

const char *cli_container_name(uint32_t container)
{
    switch (container) {
    case ZP_CONTAINER_BZIMAGE: return "setup header";
    case ZP_CONTAINER_ELF32: return "elf32";
    case ZP_CONTAINER_ELF64: return "elf64";
    case ZP_CONTAINER_ADDRESSES: return "multiboot addresses";
    }
    return "unknown";
}

const char *cli_note_name(uint32_t type)
{
    static const char *const names[] = {
        [ZP_XEN_ELFNOTE_INFO] = "INFO",
        [ZP_XEN_ELFNOTE_ENTRY] = "ENTRY",
        [ZP_XEN_ELFNOTE_HYPERCALL_PAGE] = "HYPERCALL_PAGE",
        [ZP_XEN_ELFNOTE_VIRT_BASE] = "VIRT_BASE",
        [ZP_XEN_ELFNOTE_PADDR_OFFSET] = "PADDR_OFFSET",
        [ZP_XEN_ELFNOTE_XEN_VERSION] = "XEN_VERSION",
        [ZP_XEN_ELFNOTE_GUEST_OS] = "GUEST_OS",
        [ZP_XEN_ELFNOTE_GUEST_VERSION] = "GUEST_VERSION",
        [ZP_XEN_ELFNOTE_LOADER] = "LOADER",
        [ZP_XEN_ELFNOTE_PAE_MODE] = "PAE_MODE",
        [ZP_XEN_ELFNOTE_FEATURES] = "FEATURES",
        [ZP_XEN_ELFNOTE_BSD_SYMTAB] = "BSD_SYMTAB",
        [ZP_XEN_ELFNOTE_HV_START_LOW] = "HV_START_LOW",
        [ZP_XEN_ELFNOTE_L1_MFN_VALID] = "L1_MFN_VALID",
        [ZP_XEN_ELFNOTE_SUSPEND_CANCEL] = "SUSPEND_CANCEL",
        [ZP_XEN_ELFNOTE_INIT_P2M] = "INIT_P2M",
        [ZP_XEN_ELFNOTE_MOD_START_PFN] = "MOD_START_PFN",
        [ZP_XEN_ELFNOTE_SUPPORTED_FEATURES] = "SUPPORTED_FEATURES",
        [ZP_XEN_ELFNOTE_PHYS32_ENTRY] = "PHYS32_ENTRY",
        [ZP_XEN_ELFNOTE_PHYS32_RELOC] = "PHYS32_RELOC",
    };
    return type < sizeof names / sizeof names[0] ? names[type] : "unknown";
}

bool cli_note_is_text(const struct zp_note *note)
{
    switch (note->type) {
    case ZP_XEN_ELFNOTE_XEN_VERSION:
    case ZP_XEN_ELFNOTE_GUEST_OS:
    case ZP_XEN_ELFNOTE_GUEST_VERSION:
    case ZP_XEN_ELFNOTE_LOADER:
    case ZP_XEN_ELFNOTE_PAE_MODE:
    case ZP_XEN_ELFNOTE_FEATURES:
    case ZP_XEN_ELFNOTE_BSD_SYMTAB: return true;
    }
    return false;
}

char *cli_note_text(const struct zp_image *image, const struct zp_note *note, char *text, size_t text_size)
{
    return cli_image_text(image->source, note->descriptor_offset, note->descriptor_size, text, text_size);
}

bool cli_note_word(const struct zp_image *image, const struct zp_note *note, unsigned index,
                   uint32_t *ret_word)
{
    const struct zp_source *source = image->source;
    unsigned char bytes[4];
    if (note->descriptor_size / 4 <= index)
        return false;
    if (source->read(source->context, note->descriptor_offset + 4u * index, bytes, sizeof bytes) != 0)
        return false;
    *ret_word = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    return true;
}

char *cli_kernel_version(const struct zp_image *image, char *text, size_t text_size)
{
    text[0] = '\0';
    if (image->bzimage.kernel_version_offset == 0)
        return text;
    return cli_image_text(image->source, image->bzimage.kernel_version_offset, 256, text, text_size);
}
