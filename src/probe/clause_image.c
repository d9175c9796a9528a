/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image itself: that all of it came to memory, and that what its headers call zero is zero. A bzImage
 * makes no promise of the latter (its memory past the file is covered by init_size), an ELF and a PE do.
 */
#include <string.h>

#include "judging.h"

static struct json_object *image(const struct zp_judging *judging)
{
    return zp_report_line(judging->report, "image");
}

static enum zp_clause_verdict whole(const struct zp_judging *judging)
{
    uint64_t crc, expected, base = 0, size = 0;
    if (!zp_line_number(image(judging), "crc32", &crc) ||
        !zp_line_number(image(judging), "expected", &expected))
        return zp_unseen(judging, "the image");
    zp_line_number(image(judging), "base", &base);
    zp_line_number(image(judging), "size", &size);
    return zp_judged(judging, crc == expected,
                     "%" PRIu64 " bytes at 0x%" PRIx64 ": CRC 0x%08" PRIx64 ", should be 0x%08" PRIx64, size,
                     base, crc, expected);
}

static enum zp_clause_verdict bss(const struct zp_judging *judging)
{
    uint64_t dirty, size = 0, at = 0;
    if (strncmp(judging->report->image, "bzimage", 7) == 0)
        return zp_not_arisen(judging, "a bzImage has no .bss that a loader clears");
    if (!zp_line_number(image(judging), "bss_dirty", &dirty))
        return zp_unseen(judging, "the image's .bss");
    zp_line_number(image(judging), "bss_size", &size);
    zp_line_number(image(judging), "first_dirty", &at);
    if (dirty != 0)
        return zp_judged(judging, false, "%" PRIu64 " of %" PRIu64 " bytes are not zero, first 0x%" PRIx64,
                         dirty, size, at);
    return zp_judged(judging, true, "%" PRIu64 " bytes", size);
}

static enum zp_clause_verdict a20(const struct zp_judging *judging)
{
    bool enabled;
    if (!zp_line_bool(zp_report_line(judging->report, "a20"), "enabled", &enabled))
        return zp_unseen(judging, "the A20 gate");
    return zp_judged(judging, enabled, "%s", enabled ? "enabled" : "disabled");
}

static const struct zp_clause clauses[] = {
    {"image.whole", ZP_BY_ALL, ZP_CLAUSE_MUST, whole, "Every byte of the image came to memory.",
     "Linux boot.rst, Loading The Rest of The Kernel; ELF gABI, Program Header: p_filesz; PE/COFF, Section "
     "Table"},
    {"image.bss", ZP_BY_ALL & ~ZP_BY_LINUX16, ZP_CLAUSE_MUST, bss,
     "Memory past the bytes from the file is zero.",
     "ELF gABI, Program Header: p_memsz; Multiboot 0.6.96, 3.1.3: bss_end_addr; PE/COFF, Section Table: "
     "VirtualSize"},
    {"a20.enabled", ZP_BY_BOOTPARAMS | ZP_BY_PVH | ZP_BY_EFI, ZP_CLAUSE_SHOULD, a20,
     "The A20 gate is enabled: no text names it, and no kernel at 1 MiB runs without.",
     "Linux boot.rst, 32-bit and 64-bit Boot Protocol: 4G flat segments"},
};

const struct zp_clause_table zp_clauses_image = {clauses, sizeof clauses / sizeof clauses[0]};
