/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * boot_params and the setup header as Linux gets them (boot.rst, "Details of Header Fields"; zero-page.rst),
 * where the kernel may lie, and the setup_data list. A field that is younger than the header's version is
 * not there, whatever lies in its place.
 */
#include <stddef.h>
#include <string.h>
#include <zeropage/wire/bootparam.h>

#include "images.h"
#include "judging.h"

#define FIELDS "Linux boot.rst, Details of Header Fields: "
#define ZERO   "Linux zero-page.rst: "

static enum zp_clause_verdict sentinel(const struct zp_judging *judging)
{
    uint64_t value;
    if (!zp_line_number(zp_report_line(judging->report, "boot_params"), "sentinel", &value))
        return zp_unseen(judging, "boot_params");
    return zp_judged(judging, value == 0, "sentinel 0x%" PRIx64, value);
}

static enum zp_clause_verdict stray(const struct zp_judging *judging)
{
    struct json_object *line = zp_report_line(judging->report, "boot_params");
    struct json_object *null;
    uint64_t offset;
    if (!line || !json_object_object_get_ex(line, "stray", &null))
        return zp_unseen(judging, "boot_params");
    if (zp_line_number(line, "stray", &offset))
        return zp_judged(judging, false, "a byte that is not 0 at offset 0x%" PRIx64, offset);
    return zp_judged(judging, true, "zero");
}

/* A field of the header, where the header is new enough to have it. */
static bool field(const struct zp_judging *judging, const char *name, unsigned since, uint64_t *ret_value)
{
    uint64_t version;
    return zp_line_number(judging->header, "version", &version) && version >= since &&
           zp_line_number(judging->header, name, ret_value);
}

static enum zp_clause_verdict header_magic(const struct zp_judging *judging)
{
    uint64_t flag = 0, magic = 0, version = 0;
    if (!judging->header)
        return zp_unseen(judging, "the setup header");
    zp_line_number(judging->header, "boot_flag", &flag);
    zp_line_number(judging->header, "header", &magic);
    zp_line_number(judging->header, "version", &version);
    return zp_judged(judging, flag == ZP_BOOT_FLAG && magic == ZP_SETUP_MAGIC_HDRS && version >= 0x200,
                     "boot_flag 0x%" PRIx64 ", header 0x%" PRIx64 ", version 0x%" PRIx64, flag, magic,
                     version);
}

/* What boot.rst has the loader read and not write. */
static const struct read_field {
    const char *name;
    size_t offset;
    unsigned size;
    unsigned since;
} read_fields[] = {
#define READ(name, since)                                                                                 \
    {                                                                                                     \
#name, offsetof(struct zp_setup_header, name), sizeof(((struct zp_setup_header *)0)->name), since \
    }
    READ(setup_sects, 0x200),        READ(version, 0x200),         READ(initrd_addr_max, 0x203),
    READ(relocatable_kernel, 0x205), READ(xloadflags, 0x20c),      READ(cmdline_size, 0x206),
    READ(payload_offset, 0x208),     READ(payload_length, 0x208),  READ(pref_address, 0x20a),
    READ(init_size, 0x20a),          READ(handover_offset, 0x20b), READ(kernel_info_offset, 0x20f),
#undef READ
};

/* Compares with the header of the image itself, which this program holds. */
static enum zp_clause_verdict header_copied(const struct zp_judging *judging)
{
    const struct zp_probe_image *image = zp_probe_image_by_name(judging->report->image);
    if (!judging->header)
        return zp_unseen(judging, "the setup header");
    if (!image || strncmp(image->name, "bzimage", 7) != 0 || image->size < ZP_SETUP_HEADER_END)
        return zp_not_arisen(judging, "the image has no setup header of its own");
    uint64_t version;
    if (!zp_line_number(judging->header, "version", &version))
        return zp_unseen(judging, "the setup header");
    const unsigned char *own = (const unsigned char *)image->bytes + ZP_SETUP_HEADER_OFFSET;
    for (size_t i = 0; i < sizeof read_fields / sizeof read_fields[0]; i++) {
        const struct read_field *known = &read_fields[i];
        uint64_t wanted = 0, value;
        memcpy(&wanted, own + known->offset, known->size); /* both are little endian */
        if (version < known->since)
            continue;
        if (!zp_line_number(judging->header, known->name, &value))
            return zp_unseen(judging, known->name);
        if (value != wanted)
            return zp_judged(judging, false, "%s is 0x%" PRIx64 ", the image says 0x%" PRIx64, known->name,
                             value, wanted);
    }
    return zp_judged(judging, true, "as in the image");
}

static enum zp_clause_verdict type_of_loader(const struct zp_judging *judging)
{
    uint64_t type;
    if (!field(judging, "type_of_loader", 0x200, &type))
        return zp_unseen(judging, "type_of_loader");
    return zp_judged(judging, type != 0, "0x%" PRIx64, type);
}

/* An extended type is 0x10 and more, and 0x10 is reserved: 0 was not written. */
static enum zp_clause_verdict ext_loader_type(const struct zp_judging *judging)
{
    uint64_t type, extended;
    if (!field(judging, "type_of_loader", 0x202, &type) ||
        !field(judging, "ext_loader_type", 0x202, &extended))
        return judging->header ? zp_not_arisen(judging, "the header is older than the field")
                               : zp_unseen(judging, "the setup header");
    if ((type & 0xf0) != 0xe0)
        return zp_not_arisen(judging, "the type of the loader is not an extended one");
    return zp_judged(judging, extended != 0, "type_of_loader 0x%" PRIx64 ", ext_loader_type 0x%" PRIx64, type,
                     extended);
}

static enum zp_clause_verdict loaded_high(const struct zp_judging *judging)
{
    uint64_t flags;
    if (strncmp(judging->report->image, "bzimage", 7) != 0)
        return zp_not_arisen(judging, "the image has no setup header of its own");
    if (!field(judging, "loadflags", 0x200, &flags))
        return zp_unseen(judging, "loadflags");
    return zp_judged(judging, flags & ZP_LOADED_HIGH, "loadflags 0x%" PRIx64, flags);
}

static enum zp_clause_verdict subarch(const struct zp_judging *judging)
{
    uint64_t value;
    if (!field(judging, "hardware_subarch", 0x207, &value))
        return judging->header ? zp_not_arisen(judging, "the header is older than the field")
                               : zp_unseen(judging, "the setup header");
    return zp_judged(judging, value == 0, "%" PRIu64, value);
}

static enum zp_clause_verdict cmd_line_ptr(const struct zp_judging *judging)
{
    uint64_t version, low, high = 0;
    if (zp_line_number(judging->header, "version", &version) && version < 0x202)
        return zp_not_arisen(judging, "the header is older than the field");
    if (!field(judging, "cmd_line_ptr", 0x202, &low))
        return zp_unseen(judging, "cmd_line_ptr");
    zp_line_number(zp_report_line(judging->report, "boot_params"), "ext_cmd_line_ptr", &high);
    return zp_judged(judging, low != 0 || high != 0, "0x%" PRIx64, high << 32 | low);
}

static enum zp_clause_verdict cmdline_size(const struct zp_judging *judging)
{
    uint64_t length, limit = ZP_CMDLINE_SIZE_DEFAULT;
    if (!zp_line_number(zp_report_line(judging->report, "cmdline"), "length", &length))
        return zp_unseen(judging, "the command line");
    field(judging, "cmdline_size", 0x206, &limit);
    return zp_judged(judging, length <= limit, "%" PRIu64 " characters, the kernel takes %" PRIu64, length,
                     limit);
}

/* Only what boot.rst's "must set" speaks of: a relocatable kernel away from its default place. */
static enum zp_clause_verdict code32_start(const struct zp_judging *judging)
{
    uint64_t start, relocatable = 0;
    if (strncmp(judging->report->image, "bzimage", 7) != 0)
        return zp_not_arisen(judging, "no bzImage");
    if (!judging->load_known || !field(judging, "code32_start", 0x200, &start))
        return zp_unseen(judging, "code32_start, or where the kernel lies");
    field(judging, "relocatable_kernel", 0x205, &relocatable);
    if (judging->load > UINT32_MAX || (!relocatable && judging->load != ZP_CODE32_START_DEFAULT))
        return zp_not_arisen(judging, "not a place that code32_start can name");
    return zp_judged(judging, start == judging->load, "code32_start 0x%" PRIx64 ", loaded at 0x%" PRIx64,
                     start, judging->load);
}

static enum zp_clause_verdict load_aligned(const struct zp_judging *judging)
{
    uint64_t relocatable, alignment;
    if (!judging->load_known || !field(judging, "kernel_alignment", 0x205, &alignment) ||
        !field(judging, "relocatable_kernel", 0x205, &relocatable) || !relocatable)
        return zp_not_arisen(judging, "not relocatable");
    if (alignment == 0 || (alignment & (alignment - 1)) != 0)
        return zp_judged(judging, false, "kernel_alignment 0x%" PRIx64, alignment);
    return zp_judged(judging, (judging->load & (alignment - 1)) == 0,
                     "loaded at 0x%" PRIx64 ", kernel_alignment 0x%" PRIx64, judging->load, alignment);
}

static enum zp_clause_verdict load_preferred(const struct zp_judging *judging)
{
    uint64_t preferred, size, missing, relocatable = 0;
    if (!judging->load_known || !field(judging, "pref_address", 0x20a, &preferred) || preferred == 0 ||
        !field(judging, "init_size", 0x20a, &size))
        return zp_not_arisen(judging, "no pref_address");
    field(judging, "relocatable_kernel", 0x205, &relocatable);
    if (!relocatable || (judging->load == ZP_CODE32_START_DEFAULT && preferred != judging->load))
        return zp_not_arisen(judging, "the kernel was not relocated: it lies at the standard address");
    if (judging->load != preferred && judging->memory.count > 0 &&
        !zp_covered(&judging->memory, preferred, size, ZP_RAM, false, &missing))
        return zp_not_arisen(judging, "no RAM at pref_address");
    return zp_judged(judging, judging->load == preferred, "loaded at 0x%" PRIx64 ", pref_address 0x%" PRIx64,
                     judging->load, preferred);
}

static enum zp_clause_verdict load_fixed(const struct zp_judging *judging)
{
    uint64_t relocatable = 0, flags;
    field(judging, "relocatable_kernel", 0x205, &relocatable);
    if (relocatable || strncmp(judging->report->image, "bzimage", 7) != 0)
        return zp_not_arisen(judging, "relocatable");
    if (!judging->load_known || !field(judging, "loadflags", 0x200, &flags))
        return zp_unseen(judging, "where the kernel lies");
    uint64_t wanted = flags & ZP_LOADED_HIGH ? ZP_CODE32_START_DEFAULT : 0x10000;
    return zp_judged(judging, judging->load == wanted, "loaded at 0x%" PRIx64 ", not 0x%" PRIx64,
                     judging->load, wanted);
}

static enum zp_clause_verdict above_4g(const struct zp_judging *judging)
{
    uint64_t flags = 0, highest = judging->load_known ? judging->load : 0;
    for (size_t i = 0; i < judging->handed.count; i++) {
        const struct zp_range *range = &judging->handed.ranges[i];
        if (range->type <= ZP_HANDED_MODULE && range->start + range->size > highest)
            highest = range->start + range->size;
    }
    if (highest <= UINT64_C(1) << 32)
        return zp_not_arisen(judging, "nothing lies above 4 GiB");
    field(judging, "xloadflags", 0x20c, &flags);
    return zp_judged(judging, flags & ZP_XLF_CAN_BE_LOADED_ABOVE_4G,
                     "up to 0x%" PRIx64 ", xloadflags 0x%" PRIx64, highest, flags);
}

/*
 * The first node whose walk broke in that way, or NULL; *ret_any: there is a list; *ret_left: it was left
 * before its end for any reason.
 */
static struct json_object *broken_node(const struct zp_judging *judging, const char *how, bool *ret_any,
                                       bool *ret_left)
{
    size_t cursor = 0;
    uint64_t next;
    *ret_any = false;
    *ret_left = false;
    for (struct json_object *line; (line = zp_report_next(judging->report, "setup_data", &cursor)) != NULL;) {
        const char *error = zp_line_text(line, "error", NULL);
        *ret_any = true;
        *ret_left = !zp_line_number(line, "next", &next);
        if (error && strcmp(error, how) == 0)
            return line;
    }
    return NULL;
}

static enum zp_clause_verdict setup_data(const struct zp_judging *judging, const char *how)
{
    bool any, left, told;
    struct json_object *broken = broken_node(judging, how, &any, &left);
    uint64_t head = 0;
    told = field(judging, "setup_data", 0x209, &head);
    if (broken)
        return zp_judged(judging, false, "%s in the list that begins at 0x%" PRIx64, how, head);
    /* All nodes of a loop were seen. */
    if ((any && left && !broken_node(judging, "loop", &any, &left)) || (!any && told && head != 0))
        return zp_unseen(judging, "the whole setup_data list");
    if (!any)
        return zp_not_arisen(judging, "no setup_data");
    return zp_judged(judging, true, "list at 0x%" PRIx64, head);
}

static enum zp_clause_verdict setup_data_ends(const struct zp_judging *judging)
{
    return setup_data(judging, "loop");
}

static enum zp_clause_verdict setup_data_readable(const struct zp_judging *judging)
{
    return setup_data(judging, "unreadable");
}

static enum zp_clause_verdict setup_data_types(const struct zp_judging *judging)
{
    size_t cursor = 0;
    uint64_t type;
    for (struct json_object *line; (line = zp_report_next(judging->report, "setup_data", &cursor)) != NULL;)
        if (zp_line_number(line, "type", &type) &&
            ((type & ~(uint64_t)ZP_SETUP_INDIRECT) > ZP_SETUP_KEXEC_KHO || type == ZP_SETUP_NONE))
            return zp_judged(judging, false, "type 0x%" PRIx64, type);
    if (cursor == 0 || !zp_report_line(judging->report, "setup_data"))
        return zp_not_arisen(judging, "no setup_data");
    return zp_judged(judging, true, "known types");
}

/* What a setup_indirect names: neither another one, nor data without a type. */
static enum zp_clause_verdict setup_data_indirect(const struct zp_judging *judging)
{
    size_t cursor = 0;
    uint64_t type, inner, length;
    bool any = false;
    for (struct json_object *line; (line = zp_report_next(judging->report, "setup_data", &cursor)) != NULL;) {
        if (!zp_line_number(line, "type", &type) || type != ZP_SETUP_INDIRECT)
            continue;
        any = true;
        if (zp_line_number(line, "len", &length) && length < sizeof(struct zp_setup_indirect))
            return zp_judged(judging, false, "a node of %" PRIu64 " bytes", length);
        if (!zp_line_number(line, "indirect_type", &inner))
            return zp_unseen(judging, "what the node names");
        if (!(inner & ZP_SETUP_INDIRECT) || inner == ZP_SETUP_INDIRECT)
            return zp_judged(judging, false, "a node names data of type 0x%" PRIx64, inner);
    }
    return any ? zp_judged(judging, true, "typed data") : zp_not_arisen(judging, "no SETUP_INDIRECT");
}

static enum zp_clause_verdict efi_signature(const struct zp_judging *judging)
{
    uint64_t signature;
    struct json_object *page = zp_report_line(judging->report, "boot_params");
    if (!zp_line_number(page, "efi_info", &signature) &&
        !zp_line_number(page, "efi_info_signature", &signature) &&
        !zp_line_number(page, "efi_loader_signature", &signature))
        return zp_unseen(judging, "efi_info");
    return zp_judged(judging,
                     signature == 0 || signature == ZP_EFI32_LOADER_SIGNATURE ||
                         signature == ZP_EFI64_LOADER_SIGNATURE,
                     "0x%" PRIx64, signature);
}

static const struct zp_clause clauses[] = {
    {"linux.boot_params.sentinel", ZP_BY_BOOTPARAMS, ZP_CLAUSE_SHOULD, sentinel,
     "sentinel is 0; else Linux takes the loader for broken and drops fields that it set.",
     ZERO "sentinel; Linux boot.rst, 32-bit Boot Protocol: initialized to all zero"},
    {"linux.boot_params.zero", ZP_BY_BOOTPARAMS, ZP_CLAUSE_SHOULD, stray,
     "boot_params is zero outside of the fields that the loader sets.",
     "Linux boot.rst, 32-bit and 64-bit Boot Protocol: initialized to all zero"},
    {"linux.efi_info", ZP_BY_BOOTPARAMS, ZP_CLAUSE_SHOULD, efi_signature,
     "efi_info is empty or signed EL32 or EL64.", ZERO "efi_info"},
    {"linux.header.magic", ZP_BY_LINUX, ZP_CLAUSE_SHOULD, header_magic,
     "The setup header was handed over: boot_flag, HdrS, a version.",
     "Linux boot.rst, 32-bit and 64-bit Boot Protocol: the setup header should be loaded"},
    {"linux.header.copied", ZP_BY_LINUX, ZP_CLAUSE_SHOULD, header_copied,
     "The header fields that a loader only reads are those of the image: Linux unpacks itself by init_size.",
     FIELDS "type read; arch/x86/boot/compressed/head_64.S"},
    {"linux.type_of_loader", ZP_BY_LINUX, ZP_CLAUSE_MUST, type_of_loader,
     "type_of_loader is set; with 0 Linux ignores the initrd.", FIELDS "type_of_loader, write (obligatory)"},
    {"linux.ext_loader_type", ZP_BY_LINUX, ZP_CLAUSE_MUST, ext_loader_type,
     "Where type_of_loader is 0xEV, ext_loader_type is set.",
     FIELDS "ext_loader_type, write (obligatory if)"},
    {"linux.loadflags.high", ZP_BY_LINUX, ZP_CLAUSE_SHOULD, loaded_high,
     "LOADED_HIGH is left as the image has it.", FIELDS "loadflags, LOADED_HIGH (read)"},
    {"linux.hardware_subarch", ZP_BY_LINUX, ZP_CLAUSE_NOTE, subarch, "hardware_subarch says PC.",
     FIELDS "hardware_subarch"},
    {"linux.cmd_line_ptr", ZP_BY_LINUX, ZP_CLAUSE_MUST, cmd_line_ptr,
     "cmd_line_ptr is set, for an empty command line too.", FIELDS "cmd_line_ptr, write (obligatory)"},
    {"linux.cmdline.size", ZP_BY_LINUX, ZP_CLAUSE_MUST, cmdline_size,
     "The command line is no longer than cmdline_size.", FIELDS "cmdline_size"},
    {"linux.code32_start", ZP_BY_LINUX, ZP_CLAUSE_MUST, code32_start,
     "code32_start points to the loaded code.", FIELDS "relocatable_kernel, code32_start"},
    {"linux.load.aligned", ZP_BY_LINUX, ZP_CLAUSE_SHOULD, load_aligned,
     "A relocatable kernel lies at a multiple of kernel_alignment.", FIELDS "kernel_alignment"},
    {"linux.load.preferred", ZP_BY_LINUX, ZP_CLAUSE_SHOULD, load_preferred,
     "A kernel that is relocated at all lies at pref_address, where there is RAM.", FIELDS "pref_address"},
    {"linux.load.fixed", ZP_BY_LINUX, ZP_CLAUSE_SHOULD, load_fixed,
     "A kernel that is not relocatable lies at 0x100000, a zImage at 0x10000.",
     "Linux boot.rst, Loading The Rest of The Kernel"},
    {"linux.above_4g", ZP_BY_BOOTPARAMS, ZP_CLAUSE_MUST, above_4g,
     "Kernel, boot_params, command line and initrd lie below 4 GiB unless the image allows more.",
     FIELDS "xloadflags, XLF_CAN_BE_LOADED_ABOVE_4G"},
    {"linux.setup_data.ends", ZP_BY_LINUX, ZP_CLAUSE_MUST, setup_data_ends,
     "The setup_data list comes to its end.", FIELDS "setup_data"},
    {"linux.setup_data.readable", ZP_BY_LINUX, ZP_CLAUSE_MUST, setup_data_readable,
     "Each setup_data node can be read.", FIELDS "setup_data"},
    {"linux.setup_data.indirect", ZP_BY_LINUX, ZP_CLAUSE_MUST, setup_data_indirect,
     "A node of type SETUP_INDIRECT holds a setup_indirect, of type SETUP_INDIRECT and another type.",
     FIELDS "setup_data, struct setup_indirect"},
    {"linux.setup_data.types", ZP_BY_LINUX, ZP_CLAUSE_NOTE, setup_data_types,
     "Each setup_data node has a type that is known.", FIELDS "setup_data, setup_type_max"},
};

const struct zp_clause_table zp_clauses_linux = {clauses, sizeof clauses / sizeof clauses[0]};
