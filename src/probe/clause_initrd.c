/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The initrd and modules: that each came whole, by size and checksum, and where Linux lets an initrd lie
 * (boot.rst, ramdisk_image, initrd_addr_max). The zeros that a loader adds to align the next file of a joined
 * initrd are no fault, so one module is expected where Linux is entered.
 */
#include <zeropage/wire/bootparam.h>

#include "judging.h"

#define FIELDS "Linux boot.rst, Details of Header Fields: "
#define MODS                                                                                       \
    FIELDS "ramdisk_image, ramdisk_size; Xen start_info.h: modules; Multiboot 0.6.96, 3.3: mods; " \
           "Multiboot2 2.0: Modules"
#define PAGE 4096u

#define WITH_MODULES (ZP_BY_ALL & ~ZP_BY_EFI)

/* To Linux, ramdisk_image 0 is no initrd, whatever its size and wherever its bytes are. */
static size_t count_modules(const struct zp_judging *judging)
{
    size_t cursor = 0, count = 0;
    uint64_t more, start;
    for (struct json_object *line; (line = zp_report_next(judging->report, "module", &cursor)) != NULL;)
        if (!(judging->protocol & ZP_BY_LINUX) || !zp_line_number(line, "start", &start) || start != 0)
            count += zp_line_number(line, "more", &more) ? (size_t)(more & UINT32_MAX) : 1;
    return count;
}

static enum zp_clause_verdict count(const struct zp_judging *judging)
{
    const struct zp_probe_expected *expected = judging->expected;
    size_t found = count_modules(judging), wanted = expected->module_count;
    if (!expected->modules_known)
        return zp_unseen(judging, "what was asked for");
    if (judging->protocol & ZP_BY_LINUX && wanted > 1)
        wanted = 1;
    return zp_judged(judging, found == wanted, "%zu came, %zu were asked for", found, wanted);
}

static enum zp_clause_verdict whole(const struct zp_judging *judging)
{
    const struct zp_probe_expected *expected = judging->expected;
    size_t cursor = 0, index = 0;
    if (!expected->modules_known)
        return zp_unseen(judging, "what was asked for");
    for (struct json_object *line; (line = zp_report_next(judging->report, "module", &cursor)) != NULL;
         index++) {
        uint64_t size = 0, crc;
        const char *error = zp_line_text(line, "error", NULL);
        if (index >= expected->module_count)
            break;
        if (error)
            return zp_judged(judging, false, "module %zu: %s", index, error);
        if (!zp_line_number(line, "size", &size) || !zp_line_number(line, "crc32", &crc))
            return zp_unseen(judging, "a module's checksum");
        if (size != expected->modules[index].size || crc != expected->modules[index].crc32)
            return zp_judged(judging, false,
                             "module %zu: %" PRIu64 " bytes with CRC 0x%08" PRIx64 ", not %" PRIu64
                             " with 0x%08" PRIx32,
                             index, size, crc, expected->modules[index].size, expected->modules[index].crc32);
    }
    if (index == 0)
        return zp_not_arisen(judging, "no modules");
    return zp_judged(judging, true, "%zu whole", index);
}

static enum zp_clause_verdict apart(const struct zp_judging *judging)
{
    static const enum zp_handed kinds[] = {ZP_HANDED_IMAGE,      ZP_HANDED_BOOT_PARAMS, ZP_HANDED_CMDLINE,
                                           ZP_HANDED_SETUP_DATA, ZP_HANDED_TABLES,      ZP_HANDED_ACPI,
                                           ZP_HANDED_INFO};
    bool any = false;
    for (size_t i = 0; i < judging->handed.count; i++) {
        const struct zp_range *module = &judging->handed.ranges[i];
        if (module->type != ZP_HANDED_MODULE || module->size == 0)
            continue;
        any = true;
        for (size_t j = 0; j < sizeof kinds / sizeof kinds[0]; j++) {
            const struct zp_range *other = zp_handed_in(judging, kinds[j], module->start, module->size);
            if (other)
                return zp_judged(judging, false,
                                 "a module at 0x%" PRIx64 ", %" PRIu64 " bytes, and %s at 0x%" PRIx64,
                                 module->start, module->size, zp_handed_name(other->type), other->start);
        }
        for (size_t j = i + 1; j < judging->handed.count; j++)
            if (judging->handed.ranges[j].type == ZP_HANDED_MODULE &&
                zp_overlap(module, &judging->handed.ranges[j]))
                return zp_judged(judging, false, "modules at 0x%" PRIx64 " and 0x%" PRIx64, module->start,
                                 judging->handed.ranges[j].start);
    }
    return any ? zp_judged(judging, true, "apart") : zp_not_arisen(judging, "no modules");
}

static enum zp_clause_verdict ram(const struct zp_judging *judging)
{
    const struct zp_range *module = zp_handed_first(judging, ZP_HANDED_MODULE);
    uint64_t missing;
    if (!module)
        return zp_not_arisen(judging, "no modules");
    if (judging->memory.count == 0)
        return zp_unseen(judging, "a memory map");
    if (zp_covered(&judging->memory, module->start, module->size, ZP_RAM, false, &missing))
        return zp_judged(judging, true, "at 0x%" PRIx64, module->start);
    if (judging->memory.cut)
        return zp_unseen(judging, "the whole memory map");
    return zp_judged(judging, false, "0x%" PRIx64 " of the module at 0x%" PRIx64 " is not RAM", missing,
                     module->start);
}

static enum zp_clause_verdict aligned(const struct zp_judging *judging)
{
    const struct zp_range *module = zp_handed_first(judging, ZP_HANDED_MODULE);
    if (!module)
        return zp_not_arisen(judging, "no initrd");
    return zp_judged(judging, module->start % PAGE == 0, "at 0x%" PRIx64, module->start);
}

static enum zp_clause_verdict highest(const struct zp_judging *judging)
{
    const struct zp_range *module = zp_handed_first(judging, ZP_HANDED_MODULE);
    uint64_t version = 0, limit = ZP_INITRD_ADDR_MAX_DEFAULT, flags = 0;
    if (!module || module->size == 0)
        return zp_not_arisen(judging, "no initrd");
    if (!zp_line_number(judging->header, "version", &version))
        return zp_unseen(judging, "the setup header");
    if (version >= 0x203)
        zp_line_number(judging->header, "initrd_addr_max", &limit);
    if (version >= 0x20c)
        zp_line_number(judging->header, "xloadflags", &flags);
    uint64_t last = module->start + module->size - 1;
    if (last > limit && flags & ZP_XLF_CAN_BE_LOADED_ABOVE_4G && judging->protocol != ZP_BY_LINUX16)
        return zp_judged(judging, true, "up to 0x%" PRIx64 ", as XLF_CAN_BE_LOADED_ABOVE_4G allows", last);
    return zp_judged(judging, last <= limit, "up to 0x%" PRIx64 ", initrd_addr_max 0x%" PRIx64, last, limit);
}

static enum zp_clause_verdict absent(const struct zp_judging *judging)
{
    uint64_t image, size;
    if (!judging->expected->modules_known || judging->expected->module_count > 0)
        return zp_not_arisen(judging, "an initrd was asked for, or nobody knows");
    if (!zp_line_number(judging->header, "ramdisk_image", &image) ||
        !zp_line_number(judging->header, "ramdisk_size", &size))
        return zp_unseen(judging, "the setup header");
    return zp_judged(judging, image == 0 && size == 0, "ramdisk_image 0x%" PRIx64 ", ramdisk_size %" PRIu64,
                     image, size);
}

static const struct zp_clause clauses[] = {
    {"modules.count", WITH_MODULES, ZP_CLAUSE_MUST, count, "As many modules came as were asked for.", MODS},
    {"modules.whole", WITH_MODULES, ZP_CLAUSE_MUST, whole, "Each came whole, by size and checksum.", MODS},
    {"modules.apart", WITH_MODULES, ZP_CLAUSE_SHOULD, apart,
     "None lies over the kernel, the command line, the boot information or another one.",
     "Multiboot 0.6.96, 3.1.3 The address fields: bss_end_addr; Linux reserve_initrd()"},
    {"modules.ram", WITH_MODULES & ~ZP_BY_LINUX16, ZP_CLAUSE_SHOULD, ram,
     "The first lies in RAM of the memory map.", "Linux arch/x86/kernel/setup.c, reserve_initrd()"},
    {"linux.initrd.max", ZP_BY_LINUX, ZP_CLAUSE_MUST, highest,
     "The initrd ends at initrd_addr_max, unless the image allows addresses above 4 GiB.",
     FIELDS "initrd_addr_max; xloadflags"},
    {"linux.initrd.aligned", ZP_BY_LINUX, ZP_CLAUSE_SHOULD, aligned,
     "The initrd begins on a page boundary: Linux assumes that only its end does not.",
     "Linux arch/x86/kernel/setup.c, early_reserve_initrd()"},
    {"linux.initrd.absent", ZP_BY_LINUX, ZP_CLAUSE_MUST, absent,
     "Without an initrd, ramdisk_image and ramdisk_size are left at zero.",
     FIELDS "ramdisk_image, ramdisk_size"},
};

const struct zp_clause_table zp_clauses_initrd = {clauses, sizeof clauses / sizeof clauses[0]};
