/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory that Linux runs over before it reads its memory map: init_size bytes from the runtime start
 * (boot.rst, init_size). Whatever was handed over in there is lost when the kernel unpacks itself. The text
 * leaves the consequence to the reader, so each is a "should".
 */
#include "judging.h"

#define SECTION "Linux boot.rst, Details of Header Fields: init_size"

static enum zp_clause_verdict judge_free(const struct zp_judging *judging, enum zp_handed kind)
{
    uint64_t version;
    if (zp_line_number(judging->header, "version", &version) && version < 0x20a)
        return zp_not_arisen(judging, "init_size is unknown before protocol 2.10");
    if (!judging->reserve_known)
        return zp_unseen(judging, "init_size, or where the kernel lies");
    const struct zp_range *first = zp_handed_first(judging, kind);
    if (!first)
        return zp_not_arisen(judging, "nothing of the kind");
    const struct zp_range *in = zp_handed_in(judging, kind, judging->reserve, judging->reserve_size);
    if (in)
        return zp_judged(judging, false, "%s at 0x%" PRIx64 " lies in 0x%" PRIx64 " + 0x%" PRIx64,
                         zp_handed_name(kind), in->start, judging->reserve, judging->reserve_size);
    return zp_judged(judging, true, "0x%" PRIx64 ", outside of 0x%" PRIx64 " + 0x%" PRIx64, first->start,
                     judging->reserve, judging->reserve_size);
}

static enum zp_clause_verdict boot_params(const struct zp_judging *judging)
{
    return judge_free(judging, ZP_HANDED_BOOT_PARAMS);
}

static enum zp_clause_verdict cmdline(const struct zp_judging *judging)
{
    return judge_free(judging, ZP_HANDED_CMDLINE);
}

static enum zp_clause_verdict initrd(const struct zp_judging *judging)
{
    return judge_free(judging, ZP_HANDED_MODULE);
}

static enum zp_clause_verdict setup_data(const struct zp_judging *judging)
{
    return judge_free(judging, ZP_HANDED_SETUP_DATA);
}

static enum zp_clause_verdict gdt(const struct zp_judging *judging)
{
    return judge_free(judging, ZP_HANDED_GDT);
}

static enum zp_clause_verdict tables(const struct zp_judging *judging)
{
    return judge_free(judging, ZP_HANDED_TABLES);
}

static enum zp_clause_verdict acpi(const struct zp_judging *judging)
{
    return judge_free(judging, ZP_HANDED_ACPI);
}

static const struct zp_clause clauses[] = {
    {"linux.reserve.boot_params", ZP_BY_BOOTPARAMS, ZP_CLAUSE_SHOULD, boot_params,
     "boot_params lies outside of the memory that the kernel runs over.", SECTION},
    {"linux.reserve.cmdline", ZP_BY_LINUX, ZP_CLAUSE_SHOULD, cmdline, "So does the command line.", SECTION},
    {"linux.reserve.initrd", ZP_BY_LINUX, ZP_CLAUSE_SHOULD, initrd, "So does the initrd.", SECTION},
    {"linux.reserve.setup_data", ZP_BY_LINUX, ZP_CLAUSE_SHOULD, setup_data, "So does setup_data.", SECTION},
    {"linux.reserve.gdt", ZP_BY_BOOTPARAMS, ZP_CLAUSE_SHOULD, gdt, "So does the GDT.", SECTION},
    {"linux.reserve.tables", ZP_BY_LINUX64, ZP_CLAUSE_SHOULD, tables, "So do the page tables.", SECTION},
    {"linux.reserve.acpi", ZP_BY_LINUX, ZP_CLAUSE_SHOULD, acpi, "So do RSDP and ACPI tables.", SECTION},
};

const struct zp_clause_table zp_clauses_reserve = {clauses, sizeof clauses / sizeof clauses[0]};
