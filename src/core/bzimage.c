/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bzImage and zImage: the setup header at 0x1f1 of the file, what it demands and the entries behind it.
 * Specification: Linux Documentation/x86/boot, "Memory layout" to "64-bit boot protocol", 2.00 to 2.15 and
 * whatever comes later, since every version only appends.
 *
 * Rules where the specification leaves a choice:
 *
 * - "HdrS" makes a setup header; AA55 at 0x1fe and a version from 2.00 on must go with it.
 * - A field exists when the version has it and the header reaches it. The header ends where the jump at
 *   0x200 goes, but not past the end that its version has (ipxe.lkrn jumps over text of its own), and only
 *   at an end that some version has. A jump that is none (OSv: 0) or lands inside the 2.00 header tells
 *   nothing, and the version's end counts. What does not exist is 0 in the copy.
 * - linux32 is offered from 2.05 on (memdisk and GRUB's lnxboot, both 2.03, must be entered in real mode)
 *   by an image loaded high that is relocatable or says a code32_start. code32_start 0 without relocation
 *   (ipxe.lkrn) leaves the 16-bit entry alone. linux64 wants 2.12 and XLF_KERNEL_64 on top.
 * - The code is the rest of the file if that fits into init_size; else what syssize says, if that is inside
 *   the file and fits; the rest is trailing bytes (signatures). Without init_size it is the rest.
 * - A relocatable image is linked at pref_address (before 2.10: 1 MiB), rounded up to its alignment, and
 *   goes nowhere lower; code32_start is not asked. Another one lies at code32_start and runs at
 *   pref_address. min_alignment is for those who must move it closer together, which we never do.
 * - Before 2.10 nobody says how much memory the kernel runs over: four times its size and at least 16 MiB
 *   are reserved, but not past 4 GiB.
 * - What spoils the protected-mode kernel spoils the 16-bit entry too, which ends in the same code; only
 *   where the 16-bit entry is offered alone are those fields not asked, and an init_size that cannot be
 *   right counts as none.
 * - A payload of length 0 is none (payload_offset ffffffff makes Xen's domain builder step aside).
 * - A kernel older than 2.00 has no magic but AA55, like any disk. It is taken for one if it begins as
 *   Linux's floppy boot sector did until the end, by moving itself from 07c0:0 to 9000:0.
 */
#include "inspect.h"

#include <zeropage/wire/elf.h>

#include "checked.h"
#include "report.h"

#define FIELD_OFFSET(member) (ZP_SETUP_HEADER_OFFSET + offsetof(struct zp_setup_header, member))
#define FIELD_END(member)    (FIELD_OFFSET(member) + sizeof(((struct zp_setup_header *)0)->member))

#define MAGIC_END         FIELD_END(header)
#define SHORT_JUMP        0xebu
#define LOW_LOAD          UINT64_C(0x10000) /* zImage */
#define LOW_END           UINT64_C(0x90000)
#define HIGH_LOAD         UINT64_C(0x100000) /* bzImage */
#define SETUP_LOAD        UINT64_C(0x90000)  /* where the boot sector goes, by tradition */
#define SETUP_ENTRY       UINT64_C(0x200)
#define VERSION_TEXT_BASE UINT64_C(0x200) /* kernel_version counts from here */
#define GUESS_AT_LEAST    (UINT64_C(16) << 20)
#define KERNEL_INFO_FIXED sizeof(struct zp_kernel_info)

/* The first byte after the header, by version (the last row counts for all later ones). */
static const struct {
    uint16_t version;
    uint16_t end;
} header_ends[] = {
    {0x200, 0x224}, {0x201, 0x228}, {0x202, 0x22c}, {0x203, 0x230}, {0x205, 0x238}, {0x206, 0x23c},
    {0x207, 0x248}, {0x208, 0x250}, {0x209, 0x258}, {0x20a, 0x264}, {0x20b, 0x268}, {0x20f, 0x26c},
};

static uint32_t find_header_end(const struct zp_setup_header *header)
{
    uint32_t told = ZP_SETUP_HEADER_JUMP_BASE + (header->jump >> 8);
    uint32_t end = header_ends[0].end;

    if ((header->jump & 0xff) != SHORT_JUMP || told < header_ends[0].end)
        told = UINT32_MAX;
    for (size_t i = 1; i < sizeof(header_ends) / sizeof(header_ends[0]); i++)
        if (header_ends[i].version <= header->version && header_ends[i].end <= told)
            end = header_ends[i].end;
    return end;
}

static bool exists(const struct zp_bzimage *bzimage, uint32_t since, size_t field_end)
{
    return bzimage->version >= since && bzimage->header_end >= field_end;
}

/* Keeps what exists: the tail goes by header_end, younger fields in its midst by version. */
static void copy_header(struct zp_bzimage *bzimage, const struct zp_setup_header *header)
{
    struct zp_setup_header *copy = &bzimage->header;

    memset(copy, 0, sizeof(*copy));
    memcpy(copy, header, bzimage->header_end - ZP_SETUP_HEADER_OFFSET);
    if (bzimage->version < 0x202)
        copy->ext_loader_ver = copy->ext_loader_type = 0;
    if (bzimage->version < 0x204)
        copy->syssize &= 0xffff;
    if (bzimage->version < 0x20a)
        copy->min_alignment = 0;
    if (bzimage->version < 0x20c)
        copy->xloadflags = 0;
}

static void derive(struct zp_bzimage *bzimage)
{
    const struct zp_setup_header *header = &bzimage->header;

    bzimage->setup_sects = header->setup_sects ? header->setup_sects : ZP_SETUP_SECTS_DEFAULT;
    bzimage->loaded_high = header->loadflags & ZP_LOADED_HIGH;
    bzimage->code_offset = (uint64_t)(bzimage->setup_sects + 1) * ZP_SETUP_SECTOR_SIZE;
    bzimage->syssize_bytes = (uint64_t)header->syssize * ZP_SYSSIZE_UNIT;
    bzimage->cmdline_max =
        exists(bzimage, 0x206, FIELD_END(cmdline_size)) ? header->cmdline_size : ZP_CMDLINE_SIZE_DEFAULT;
    bzimage->initrd_max.value = exists(bzimage, 0x203, FIELD_END(initrd_addr_max))
                                    ? header->initrd_addr_max
                                    : ZP_INITRD_ADDR_MAX_DEFAULT;
    bzimage->kernel_alignment = header->relocatable_kernel ? header->kernel_alignment : 0;
}

/* The setup sectors and at least a byte of code are there. */
static int check_sectors(const struct zp_inspection *in, struct zp_error *fault)
{
    uint64_t code = in->image->bzimage.code_offset;
    uint64_t size = in->source->size;

    if (code > size)
        return zp_fault(fault, ZP_ERR_TRUNCATED, ZP_FIELD_SETUP_SECTS, FIELD_OFFSET(setup_sects), code, size);
    if (code == size)
        return zp_fault(fault, ZP_ERR_TRUNCATED, ZP_FIELD_PROTECTED_MODE_CODE, code, code + 1, size);
    return ZP_OK;
}

/* Takes `code` bytes of the file and calls what is left trailing. */
static void take_code(struct zp_inspection *in, uint64_t code)
{
    struct zp_bzimage *bzimage = &in->image->bzimage;

    bzimage->code_size = code;
    bzimage->trailing_size = in->source->size - bzimage->code_offset - code;
}

/* How much of the file is code, given the room where it is loaded. 2.04 made syssize wide enough to ask. */
static int choose_code_size(struct zp_inspection *in, uint64_t room, struct zp_error *fault)
{
    struct zp_bzimage *bzimage = &in->image->bzimage;
    uint64_t rest = in->source->size - bzimage->code_offset;
    bool sized = exists(bzimage, 0x20a, FIELD_END(init_size)) && in->setup.protected_mode;
    uint64_t most = sized && bzimage->header.init_size < room ? bzimage->header.init_size : room;
    uint64_t told = bzimage->version >= 0x204 || bzimage->version == 0 ? bzimage->syssize_bytes : 0;

    if (rest > most && told != 0 && told <= most) {
        take_code(in, told);
        return ZP_OK;
    }
    take_code(in, rest);
    if (rest <= most)
        return ZP_OK;
    if (most < room)
        return zp_fault(fault, ZP_ERR_TOO_SMALL, ZP_FIELD_INIT_SIZE, FIELD_OFFSET(init_size), most, rest);
    return zp_fault(fault, ZP_ERR_TOO_LARGE, ZP_FIELD_PROTECTED_MODE_CODE, bzimage->code_offset, rest, room);
}

/* The range that the kernel runs over before it reads a memory map, from `start` on. */
static int reserve(struct zp_inspection *in, uint64_t start, struct zp_error *fault)
{
    const struct zp_bzimage *bzimage = &in->image->bzimage;
    struct zp_entry *shared = &in->setup.shared;
    uint64_t size = bzimage->code_size * 4; /* below 16 GiB */
    uint64_t end;

    shared->reserve.value = start;
    if (exists(bzimage, 0x20a, FIELD_END(init_size)) && bzimage->header.init_size >= bzimage->code_size) {
        shared->reserve_size = bzimage->header.init_size;
        if (!zp_add(start, shared->reserve_size, &end))
            return zp_fault(fault, ZP_ERR_OVERFLOW, ZP_FIELD_PREF_ADDRESS, FIELD_OFFSET(pref_address), start,
                            shared->reserve_size);
        return ZP_OK;
    }
    if (size < GUESS_AT_LEAST)
        size = GUESS_AT_LEAST;
    if (size > ZP_GIB4 - start)
        size = ZP_GIB4 - start;
    shared->reserve_size = size;
    shared->guessed_size = 1;
    return ZP_OK;
}

static int place_relocatable(struct zp_inspection *in, struct zp_error *fault)
{
    const struct zp_bzimage *bzimage = &in->image->bzimage;
    const struct zp_setup_header *header = &bzimage->header;
    struct zp_setup_state *setup = &in->setup;
    uint64_t prefer = exists(bzimage, 0x20a, FIELD_END(pref_address)) ? header->pref_address : HIGH_LOAD;

    if (!zp_is_power_of_two(header->kernel_alignment))
        return zp_fault(fault, ZP_ERR_ALIGNMENT, ZP_FIELD_KERNEL_ALIGNMENT, FIELD_OFFSET(kernel_alignment),
                        header->kernel_alignment, 0);
    if (!zp_align_up(prefer, header->kernel_alignment, &setup->load))
        return zp_fault(fault, ZP_ERR_OVERFLOW, ZP_FIELD_PREF_ADDRESS, FIELD_OFFSET(pref_address), prefer,
                        header->kernel_alignment - 1);
    setup->shared.align = header->kernel_alignment;
    setup->shared.min.value = setup->load;
    return reserve(in, setup->load, fault);
}

static int place_fixed(struct zp_inspection *in, struct zp_error *fault)
{
    const struct zp_bzimage *bzimage = &in->image->bzimage;
    uint64_t load = bzimage->header.code32_start;

    if (bzimage->code_size > ZP_GIB4 - load)
        return zp_fault(fault, ZP_ERR_TOO_LARGE, ZP_FIELD_CODE32_START, FIELD_OFFSET(code32_start), load,
                        ZP_GIB4 - bzimage->code_size);
    in->setup.load = load;
    return reserve(in, exists(bzimage, 0x20a, FIELD_END(pref_address)) ? bzimage->header.pref_address : load,
                   fault);
}

/* The compressed kernel lies inside the code. The kernel adds the two in 32 bits. */
static int check_payload(struct zp_inspection *in, struct zp_error *fault)
{
    struct zp_bzimage *bzimage = &in->image->bzimage;
    uint32_t offset = bzimage->header.payload_offset;
    uint32_t length = bzimage->header.payload_length;
    uint64_t code_end = bzimage->code_offset + bzimage->code_size;

    if (!exists(bzimage, 0x208, FIELD_END(payload_length)) || length == 0)
        return ZP_OK;
    if (offset > UINT32_MAX - length)
        return zp_fault(fault, ZP_ERR_OVERFLOW, ZP_FIELD_PAYLOAD_LENGTH, FIELD_OFFSET(payload_length), offset,
                        length);
    if (offset >= bzimage->code_size)
        return zp_fault(fault, ZP_ERR_TRUNCATED, ZP_FIELD_PAYLOAD_OFFSET, FIELD_OFFSET(payload_offset),
                        bzimage->code_offset + offset + 1, code_end);
    if (length > bzimage->code_size - offset)
        return zp_fault(fault, ZP_ERR_TRUNCATED, ZP_FIELD_PAYLOAD_LENGTH, FIELD_OFFSET(payload_length),
                        bzimage->code_offset + offset + length, code_end);
    bzimage->payload_offset = bzimage->code_offset + offset;
    bzimage->payload_length = length;
    return ZP_OK;
}

/* The first fault of the image as a whole. */
static int measure(struct zp_inspection *in, struct zp_error *fault)
{
    const struct zp_bzimage *bzimage = &in->image->bzimage;
    uint64_t room = bzimage->loaded_high ? ZP_GIB4 - HIGH_LOAD : LOW_END - LOW_LOAD;
    int code;

    if ((code = check_sectors(in, fault)) != ZP_OK)
        return code;
    if ((code = choose_code_size(in, room, fault)) != ZP_OK)
        return code;
    if (in->setup.protected_mode) {
        code = bzimage->header.relocatable_kernel ? place_relocatable(in, fault) : place_fixed(in, fault);
        if (code != ZP_OK)
            return code;
    }
    return check_payload(in, fault);
}

#define ONES  UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

/* Is there a NUL in the text? A borrow into the high bit of a byte that had none comes from a 0. */
static bool has_end(const uint64_t *words, size_t count)
{
    uint64_t found = 0;

    for (size_t i = 0; i < count; i++)
        found |= (words[i] - ONES) & ~words[i];
    return found & HIGHS;
}

/* Where the text that kernel_version points at starts, or 0. It ends inside the setup sectors. */
static int find_version_text(struct zp_inspection *in)
{
    struct zp_bzimage *bzimage = &in->image->bzimage;
    uint64_t start = bzimage->header.kernel_version + VERSION_TEXT_BASE;
    int status;

    if (bzimage->header.kernel_version == 0)
        return ZP_OK;
    for (uint64_t at = start; at < bzimage->code_offset;) {
        uint64_t rest = bzimage->code_offset - at, words[16];
        size_t length = rest < sizeof(words) ? (size_t)rest : sizeof(words);

        words[(length - 1) / 8] = UINT64_MAX; /* what of the last word is not read */
        if ((status = zp_inspection_read(in, at, words, length)) != ZP_OK)
            return status;
        if (has_end(words, (length + 7) / 8)) {
            bzimage->kernel_version_offset = start;
            return ZP_OK;
        }
        at += length;
    }
    return ZP_OK;
}

static int find_kernel_info(struct zp_inspection *in)
{
    struct zp_bzimage *bzimage = &in->image->bzimage;
    uint64_t offset = bzimage->header.kernel_info_offset;
    struct zp_kernel_info info;
    int status;

    if (!exists(bzimage, 0x20f, FIELD_END(kernel_info_offset)) || offset == 0 ||
        !zp_fits(offset, KERNEL_INFO_FIXED, bzimage->code_size))
        return ZP_OK;
    if ((status = zp_inspection_read(in, bzimage->code_offset + offset, &info, sizeof(info))) != ZP_OK)
        return status;
    if (info.header != ZP_KERNEL_INFO_MAGIC || info.size < KERNEL_INFO_FIXED)
        return ZP_OK;
    bzimage->kernel_info_offset = bzimage->code_offset + offset;
    bzimage->setup_type_max = info.setup_type_max;
    return ZP_OK;
}

/* What can be told about a sound image beyond its entries. */
static int look_inside(struct zp_inspection *in)
{
    struct zp_bzimage *bzimage = &in->image->bzimage;
    uint8_t magic[4];
    int status;

    if (bzimage->payload_length != 0) {
        size_t length = bzimage->payload_length < sizeof(magic) ? bzimage->payload_length : sizeof(magic);

        if ((status = zp_inspection_read(in, bzimage->payload_offset, magic, length)) != ZP_OK)
            return status;
        bzimage->payload_compression = zp_compression_by_magic(magic, length);
    }
    if ((status = find_version_text(in)) != ZP_OK)
        return status;
    return find_kernel_info(in);
}

/* Is it a header that can be read at all? */
static int check_header(const struct zp_inspection *in, const struct zp_setup_header *header,
                        struct zp_error *fault)
{
    if (in->source->size < FIELD_END(version))
        return zp_fault(fault, ZP_ERR_TRUNCATED, ZP_FIELD_VERSION, FIELD_OFFSET(version), FIELD_END(version),
                        in->source->size);
    if (header->version < header_ends[0].version)
        return zp_fault(fault, ZP_ERR_TOO_SMALL, ZP_FIELD_VERSION, FIELD_OFFSET(version), header->version,
                        header_ends[0].version);
    return ZP_OK;
}

int zp_inspect_bzimage(struct zp_inspection *in)
{
    struct zp_bzimage *bzimage = &in->image->bzimage;
    struct zp_setup_header header;
    int status;

    if (in->source->size < MAGIC_END)
        return ZP_OK;
    if ((status = zp_inspection_read_some(in, ZP_SETUP_HEADER_OFFSET, &header, sizeof(header))) != ZP_OK)
        return status;
    if (header.header != ZP_SETUP_MAGIC_HDRS)
        return ZP_OK;
    in->setup.present = true;
    if (check_header(in, &header, &in->setup.fault) != ZP_OK)
        return ZP_OK;

    bzimage->version = header.version;
    bzimage->header_end = find_header_end(&header);
    copy_header(bzimage, &header);
    derive(bzimage);
    in->image->formats |= bzimage->loaded_high ? ZP_FORMAT_BZIMAGE : ZP_FORMAT_ZIMAGE;
    in->setup.protected_mode = bzimage->loaded_high &&
                               exists(bzimage, 0x205, FIELD_END(relocatable_kernel)) &&
                               (bzimage->header.relocatable_kernel || bzimage->header.code32_start != 0);
    if (measure(in, &in->setup.fault) != ZP_OK)
        return ZP_OK;
    /* No kernel to us, and one to loaders that look at "HdrS" alone: it is described whole. */
    if (header.boot_flag != ZP_BOOT_FLAG)
        zp_fault(&in->setup.fault, ZP_ERR_VALUE, ZP_FIELD_BOOT_FLAG, FIELD_OFFSET(boot_flag),
                 header.boot_flag, ZP_BOOT_FLAG);
    return in->room->without & ZP_WITHOUT_DETAILS ? ZP_OK : look_inside(in);
}

/* One entry in protected mode: what differs between the two is the way in and how high it may lie. */
static struct zp_error add_protected(struct zp_inspection *in, uint32_t protocol, uint64_t entry_offset,
                                     uint64_t end)
{
    const struct zp_bzimage *bzimage = &in->image->bzimage;
    struct zp_entry entry = in->setup.shared;

    entry.protocol = protocol;
    entry.container = ZP_CONTAINER_BZIMAGE;
    entry.address.value = in->setup.load + entry_offset;
    entry.fault = in->setup.fault;
    if (entry.align != 0)
        entry.max.value = end - 1;
    if (entry.fault.code == ZP_OK && !zp_fits(entry.reserve.value, entry.reserve_size, end))
        zp_fault(&entry.fault, ZP_ERR_TOO_LARGE, ZP_FIELD_PREF_ADDRESS, FIELD_OFFSET(pref_address),
                 bzimage->header.pref_address, end - entry.reserve_size);
    if (entry.fault.code == ZP_OK && entry_offset >= bzimage->code_size)
        zp_fault(&entry.fault, ZP_ERR_TRUNCATED, ZP_FIELD_ENTRY64, bzimage->code_offset + entry_offset,
                 bzimage->code_offset + entry_offset + 1, bzimage->code_offset + bzimage->code_size);
    zp_inspection_add_entry(in, &entry);
    return entry.fault;
}

void zp_inspect_bzimage_protected(struct zp_inspection *in)
{
    const struct zp_bzimage *bzimage = &in->image->bzimage;
    uint32_t xloadflags = exists(bzimage, 0x20c, FIELD_END(xloadflags)) ? bzimage->header.xloadflags : 0;
    struct zp_error fault64 = {.code = ZP_ERR_NO_ENTRY}, fault32;

    if (!in->setup.protected_mode)
        return;
    if (in->setup.fault.code == ZP_OK) {
        const struct zp_segment code = {
            .file_offset = bzimage->code_offset,
            .file_size = bzimage->code_size,
            .paddr.value = in->setup.load,
            .vaddr = in->setup.load,
            .memory_size = bzimage->code_size,
            .align = bzimage->kernel_alignment,
            .flags = ZP_PF_R | ZP_PF_W | ZP_PF_X,
        };

        in->setup.shared.segment_first = in->image->segment_count;
        in->setup.shared.segment_count = 1;
        zp_inspection_add_segment(in, &code);
    }
    if (xloadflags & ZP_XLF_KERNEL_64)
        fault64 = add_protected(in, ZP_PROTOCOL_LINUX64, ZP_LINUX64_ENTRY_OFFSET,
                                xloadflags & ZP_XLF_CAN_BE_LOADED_ABOVE_4G ? ZP_PHYSICAL_END : ZP_GIB4);
    fault32 = add_protected(in, ZP_PROTOCOL_LINUX32, 0, ZP_GIB4);
    if (fault64.code != ZP_OK && fault32.code != ZP_OK)
        in->setup.fault = fault32;
}

/* Setup sectors at 0x90000 and code at 64 KiB or 1 MiB, in the order of their addresses. */
static void add_real_segments(struct zp_inspection *in, struct zp_entry *entry)
{
    const struct zp_bzimage *bzimage = &in->image->bzimage;
    const struct zp_segment setup = {
        .file_size = bzimage->code_offset,
        .paddr.value = SETUP_LOAD,
        .memory_size = bzimage->code_offset,
        .flags = ZP_PF_R | ZP_PF_W | ZP_PF_X,
    };
    const struct zp_segment code = {
        .file_offset = bzimage->code_offset,
        .file_size = bzimage->code_size,
        .paddr.value = bzimage->loaded_high ? HIGH_LOAD : LOW_LOAD,
        .memory_size = bzimage->code_size,
        .flags = ZP_PF_R | ZP_PF_W | ZP_PF_X,
    };

    entry->segment_first = in->image->segment_count;
    entry->segment_count = 2;
    zp_inspection_add_segment(in, bzimage->loaded_high ? &setup : &code);
    zp_inspection_add_segment(in, bzimage->loaded_high ? &code : &setup);
}

void zp_inspect_bzimage_real(struct zp_inspection *in)
{
    const struct zp_bzimage *bzimage = &in->image->bzimage;
    struct zp_entry entry = {0};

    if (!in->setup.present)
        return;
    if (in->setup.fault.code == ZP_OK) {
        if (!in->setup.protected_mode && bzimage->loaded_high) {
            (void)reserve(in, HIGH_LOAD, &entry.fault); /* cannot wrap from here */
        } else if (!bzimage->loaded_high) {
            in->setup.shared.reserve.value = LOW_LOAD;
            in->setup.shared.reserve_size = LOW_END - LOW_LOAD;
            in->setup.shared.guessed_size = 1;
        }
        entry.reserve = in->setup.shared.reserve;
        entry.reserve_size = in->setup.shared.reserve_size;
        entry.guessed_size = in->setup.shared.guessed_size;
        add_real_segments(in, &entry);
    }
    entry.protocol = ZP_PROTOCOL_LINUX16;
    entry.container = ZP_CONTAINER_BZIMAGE;
    entry.address.value = SETUP_LOAD + SETUP_ENTRY;
    entry.fault = in->setup.fault;
    zp_inspection_add_entry(in, &entry);
}

/* mov ax,07c0; mov ds,ax; mov ax,9000; mov es,ax */
static const uint8_t linux_boot_sector[] = {0xb8, 0xc0, 0x07, 0x8e, 0xd8, 0xb8, 0x00, 0x90, 0x8e, 0xc0};

int zp_inspect_boot_sector(struct zp_inspection *in)
{
    struct zp_bzimage *bzimage = &in->image->bzimage;
    uint8_t start[sizeof(linux_boot_sector)];
    struct zp_setup_header header;
    int status;

    if (in->elf.present || in->source->size < ZP_SETUP_SECTOR_SIZE)
        return ZP_OK;
    if ((status = zp_inspection_read(in, 0, start, sizeof(start))) != ZP_OK)
        return status;
    if ((status = zp_inspection_read_some(in, ZP_SETUP_HEADER_OFFSET, &header, sizeof(header))) != ZP_OK)
        return status;
    if (memcmp(start, linux_boot_sector, sizeof(start)) != 0 || header.boot_flag != ZP_BOOT_FLAG)
        return ZP_OK;
    in->setup.present = true;
    in->image->formats |= ZP_FORMAT_PRE_200 | ZP_FORMAT_ZIMAGE;
    bzimage->header_end = ZP_SETUP_SECTOR_SIZE;
    copy_header(bzimage, &header);
    derive(bzimage);
    (void)measure(in, &in->setup.fault);
    zp_inspect_bzimage_real(in);
    return ZP_OK;
}
