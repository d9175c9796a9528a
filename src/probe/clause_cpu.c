/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPU at the 32- and 64-bit entries of Linux (boot.rst, "32-bit Boot Protocol", "64-bit Boot Protocol"),
 * and what the tables of other protocols need to judge registers and segments. The hidden part of a segment
 * register is what the CPU uses, and no guest can see it: it is judged where a trace from outside shows it.
 * The descriptor in memory is an obligation of its own, for the kernel may load the selector again.
 */
#include <string.h>
#include <zeropage/wire/bootparam.h>

#include "judging.h"

#define BOOT32 "Linux boot.rst, 32-bit Boot Protocol"
#define BOOT64 "Linux boot.rst, 64-bit Boot Protocol"

#define CR0_PE    UINT64_C(1)
#define CR0_PG    (UINT64_C(1) << 31)
#define CR4_PAE   (UINT64_C(1) << 5)
#define EFER_LMA  (UINT64_C(1) << 10)
#define EFLAGS_IF UINT64_C(0x200)
#define EFLAGS_DF UINT64_C(0x400)

struct segment {
    uint64_t base, limit, type, s, present, l, db;
};

static enum zp_clause_verdict judge_segment(const struct zp_judging *judging, const char *name,
                                            const struct segment *segment, enum zp_flat flat)
{
    bool flat_range = segment->base == 0 && segment->limit == UINT32_MAX;
    bool kind = flat == ZP_FLAT_DATA ? (segment->type & 0xe) == 0x2 : (segment->type & 0xa) == 0xa;
    bool width = flat == ZP_FLAT_CODE64 ? segment->l && !segment->db : segment->db && !segment->l;
    if (flat == ZP_FLAT_DATA) /* of no meaning in long mode, and many write no B there */
        width = segment->db || judging->protocol == ZP_BY_LINUX64;
    return zp_judged(judging, segment->present && segment->s && flat_range && kind && width,
                     "%s: base 0x%" PRIx64 ", limit 0x%" PRIx64 ", type 0x%" PRIx64 "%s%s%s%s", name,
                     segment->base, segment->limit, segment->type, segment->s ? "" : ", system",
                     segment->present ? "" : ", not present", segment->db ? ", 32-bit" : "",
                     segment->l ? ", 64-bit" : "");
}

static bool hidden(const struct zp_judging *judging, const char *name, struct segment *ret_segment)
{
    struct json_object *object = zp_line_object(zp_report_line(judging->report, "segments"), name);
    uint64_t unusable = 0;
    if (!zp_line_number(object, "base", &ret_segment->base) ||
        !zp_line_number(object, "limit", &ret_segment->limit) ||
        !zp_line_number(object, "type", &ret_segment->type) ||
        !zp_line_number(object, "s", &ret_segment->s) ||
        !zp_line_number(object, "present", &ret_segment->present) ||
        !zp_line_number(object, "l", &ret_segment->l) || !zp_line_number(object, "db", &ret_segment->db))
        return false;
    if (zp_line_number(object, "unusable", &unusable) && unusable != 0)
        ret_segment->present = 0;
    return true;
}

enum zp_clause_verdict zp_judge_hidden(const struct zp_judging *judging, const char *names, enum zp_flat flat)
{
    enum zp_clause_verdict verdict = ZP_CLAUSE_PASS;
    for (; verdict == ZP_CLAUSE_PASS && *names; names += names[2] ? 3 : 2) {
        char name[3] = {names[0], names[1], '\0'};
        struct segment segment;
        if (!hidden(judging, name, &segment))
            return zp_unseen(judging,
                             "the hidden parts of segment registers: they need a trace from outside");
        verdict = judge_segment(judging, name, &segment, flat);
    }
    return verdict;
}

enum zp_clause_verdict zp_judge_bits(const struct zp_judging *judging, const char *name, uint64_t set,
                                     uint64_t clear)
{
    uint64_t value;
    if (!zp_judging_cpu(judging, name, &value))
        return zp_unseen(judging, name);
    return zp_judged(judging, (value & set) == set && (value & clear) == 0, "%s 0x%" PRIx64, name, value);
}

/* The descriptor that the GDT in memory has for a selector which should be `selector`. */
static enum zp_clause_verdict judge_descriptor(const struct zp_judging *judging, const char *name,
                                               uint64_t selector, enum zp_flat flat)
{
    uint64_t loaded, raw;
    struct json_object *line = zp_report_line(judging->report, "descriptors");
    if (!line)
        return zp_unseen(judging, "descriptors");
    if (!zp_judging_cpu(judging, name, &loaded) || loaded != selector)
        return zp_unseen(judging, "the descriptor, for the selector is another");
    if (!zp_line_number(line, name, &raw))
        return zp_judged(judging, false, "the GDT has no descriptor for selector 0x%" PRIx64, selector);
    struct segment segment = {
        .base = (raw >> 16 & 0xffffff) | (raw >> 56 << 24),
        .limit = (raw & 0xffff) | (raw >> 48 & 0xf) << 16,
        .type = raw >> 40 & 0xf,
        .s = raw >> 44 & 1,
        .present = raw >> 47 & 1,
        .l = raw >> 53 & 1,
        .db = raw >> 54 & 1,
    };
    if (raw >> 55 & 1)
        segment.limit = segment.limit << 12 | 0xfff;
    return judge_segment(judging, "in the GDT", &segment, flat);
}

static enum zp_clause_verdict judge_selectors(const struct zp_judging *judging, const char *names,
                                              uint64_t selector)
{
    for (; *names; names += names[2] ? 3 : 2) {
        char name[3] = {names[0], names[1], '\0'};
        uint64_t value;
        if (!zp_judging_cpu(judging, name, &value))
            return zp_unseen(judging, name);
        if (value != selector)
            return zp_judged(judging, false, "%s is 0x%" PRIx64, name, value);
    }
    return zp_judged(judging, true, "0x%" PRIx64, selector);
}

static enum zp_clause_verdict judge_mode(const struct zp_judging *judging, const char *wanted)
{
    const char *mode = zp_line_text(judging->cpu, "mode", NULL);
    if (!mode)
        return zp_unseen(judging, "the mode");
    return zp_judged(judging, strcmp(mode, wanted) == 0, "%s", mode);
}

static enum zp_clause_verdict mode32(const struct zp_judging *judging)
{
    enum zp_clause_verdict verdict = judge_mode(judging, "protected32");
    return verdict == ZP_CLAUSE_PASS ? zp_judge_bits(judging, "cr0", CR0_PE, 0) : verdict;
}

static enum zp_clause_verdict mode64(const struct zp_judging *judging)
{
    enum zp_clause_verdict verdict = judge_mode(judging, "long64");
    return verdict == ZP_CLAUSE_PASS ? zp_judge_bits(judging, "efer", EFER_LMA, 0) : verdict;
}

static enum zp_clause_verdict paging_off(const struct zp_judging *judging)
{
    return zp_judge_bits(judging, "cr0", 0, CR0_PG);
}

static enum zp_clause_verdict paging_on(const struct zp_judging *judging)
{
    enum zp_clause_verdict verdict = zp_judge_bits(judging, "cr4", CR4_PAE, 0);
    return verdict == ZP_CLAUSE_PASS ? zp_judge_bits(judging, "cr0", CR0_PG | CR0_PE, 0) : verdict;
}

static enum zp_clause_verdict interrupts(const struct zp_judging *judging)
{
    return zp_judge_bits(judging, "rflags", 0, EFLAGS_IF);
}

static enum zp_clause_verdict direction(const struct zp_judging *judging)
{
    return zp_judge_bits(judging, "rflags", 0, EFLAGS_DF);
}

static enum zp_clause_verdict cs(const struct zp_judging *judging)
{
    return judge_selectors(judging, "cs", ZP_BOOT_CS);
}

static enum zp_clause_verdict ds(const struct zp_judging *judging)
{
    return judge_selectors(judging, "ds,es,ss", ZP_BOOT_DS);
}

static enum zp_clause_verdict gdt_cs(const struct zp_judging *judging)
{
    return judge_descriptor(judging, "cs", ZP_BOOT_CS,
                            judging->protocol == ZP_BY_LINUX64 ? ZP_FLAT_CODE64 : ZP_FLAT_CODE32);
}

static enum zp_clause_verdict gdt_ds(const struct zp_judging *judging)
{
    return judge_descriptor(judging, "ds", ZP_BOOT_DS, ZP_FLAT_DATA);
}

static enum zp_clause_verdict hidden_cs(const struct zp_judging *judging)
{
    return zp_judge_hidden(judging, "cs",
                           judging->protocol == ZP_BY_LINUX64 ? ZP_FLAT_CODE64 : ZP_FLAT_CODE32);
}

static enum zp_clause_verdict hidden_ds(const struct zp_judging *judging)
{
    return zp_judge_hidden(judging, "ds,es,ss", ZP_FLAT_DATA);
}

static enum zp_clause_verdict boot_params_pointer(const struct zp_judging *judging)
{
    uint64_t rsi, address, flag = 0, magic = 0;
    struct json_object *page = zp_report_line(judging->report, "boot_params");
    if (!zp_judging_cpu(judging, "rsi", &rsi))
        return zp_unseen(judging, "rsi");
    if (!zp_line_number(page, "address", &address) || !judging->header)
        return zp_judged(judging, false, "nothing to read at 0x%" PRIx64, rsi);
    zp_line_number(judging->header, "boot_flag", &flag);
    zp_line_number(judging->header, "header", &magic);
    return zp_judged(judging, rsi == address && flag == ZP_BOOT_FLAG && magic == ZP_SETUP_MAGIC_HDRS,
                     "0x%" PRIx64 "; there boot_flag 0x%" PRIx64 ", header 0x%" PRIx64, rsi, flag, magic);
}

static enum zp_clause_verdict zero_registers(const struct zp_judging *judging)
{
    uint64_t rbp, rdi, rbx;
    if (!zp_judging_cpu(judging, "rbp", &rbp) || !zp_judging_cpu(judging, "rdi", &rdi) ||
        !zp_judging_cpu(judging, "rbx", &rbx))
        return zp_unseen(judging, "rbp, rdi and rbx");
    return zp_judged(judging, rbp == 0 && rdi == 0 && rbx == 0,
                     "ebp 0x%" PRIx64 ", edi 0x%" PRIx64 ", ebx 0x%" PRIx64, rbp, rdi, rbx);
}

static enum zp_clause_verdict identity(const struct zp_judging *judging, const char *what, uint64_t start,
                                       uint64_t size)
{
    uint64_t missing;
    if (!zp_report_line(judging->report, "paging"))
        return zp_unseen(judging, "page tables");
    if (zp_covered(&judging->mapping, start, size, 0, true, &missing))
        return zp_judged(judging, true, "%s at 0x%" PRIx64 ", %" PRIu64 " bytes", what, start, size);
    if (judging->mapping.cut)
        return zp_unseen(judging, "all mappings");
    return zp_judged(judging, false,
                     "0x%" PRIx64 " of %s (0x%" PRIx64 ", %" PRIu64
                     " bytes) is not mapped to itself for writing",
                     missing, what, start, size);
}

/* A header without init_size, as an ELF's may be, still speaks of the kernel itself. */
static enum zp_clause_verdict map_kernel(const struct zp_judging *judging)
{
    const struct zp_range *image = zp_handed_first(judging, ZP_HANDED_IMAGE);
    uint64_t size;
    if (!judging->load_known || !zp_line_number(judging->header, "init_size", &size))
        return zp_unseen(judging, "where the kernel lies, or init_size");
    if (image && image->size > size)
        size = image->size;
    if (size == 0)
        return zp_unseen(judging, "the size of the kernel");
    return identity(judging, "the kernel", judging->load, size);
}

static enum zp_clause_verdict map_handed(const struct zp_judging *judging, enum zp_handed kind)
{
    const struct zp_range *range = zp_handed_first(judging, kind);
    if (!range)
        return zp_unseen(judging, zp_handed_name(kind));
    return identity(judging, zp_handed_name(kind), range->start, range->size);
}

static enum zp_clause_verdict map_boot_params(const struct zp_judging *judging)
{
    return map_handed(judging, ZP_HANDED_BOOT_PARAMS);
}

static enum zp_clause_verdict map_cmdline(const struct zp_judging *judging)
{
    return map_handed(judging, ZP_HANDED_CMDLINE);
}

/* Each page was written and read through the page tables that the loader left. */
static enum zp_clause_verdict map_touched(const struct zp_judging *judging)
{
    size_t cursor = 0;
    uint64_t pages = 0, more, bad, at = 0;
    bool seen = false;
    for (struct json_object *line; (line = zp_report_next(judging->report, "touched", &cursor)) != NULL;) {
        const char *through = zp_line_text(line, "through", NULL);
        if (!through || strcmp(through, "loader") != 0 || !zp_line_number(line, "bad", &bad))
            continue;
        seen = true;
        zp_line_number(line, "first_bad", &at);
        if (bad != 0)
            return zp_judged(judging, false,
                             "%" PRIu64 " pages fault or do not keep what is written, first 0x%" PRIx64, bad,
                             at);
        if (zp_line_number(line, "pages", &more))
            pages += more;
    }
    if (!seen || pages == 0)
        return zp_unseen(judging, "pages touched through the loader's page tables");
    return zp_judged(judging, true, "%" PRIu64 " pages", pages);
}

static const struct zp_clause clauses[] = {
    {"linux32.mode", ZP_BY_LINUX32, ZP_CLAUSE_MUST, mode32, "The CPU is in 32-bit protected mode.", BOOT32},
    {"linux32.paging", ZP_BY_LINUX32, ZP_CLAUSE_MUST, paging_off, "Paging is disabled.", BOOT32},
    {"linux32.interrupts", ZP_BY_LINUX32, ZP_CLAUSE_MUST, interrupts, "Interrupts are disabled.", BOOT32},
    {"linux32.cs", ZP_BY_LINUX32, ZP_CLAUSE_MUST, cs, "CS is __BOOT_CS (0x10).", BOOT32},
    {"linux32.ds", ZP_BY_LINUX32, ZP_CLAUSE_MUST, ds, "DS, ES and SS are __BOOT_DS (0x18).", BOOT32},
    {"linux32.cs.hidden", ZP_BY_LINUX32, ZP_CLAUSE_MUST, hidden_cs,
     "The code segment in force is 32-bit, flat, 4 GiB, execute/read.", BOOT32},
    {"linux32.ds.hidden", ZP_BY_LINUX32, ZP_CLAUSE_MUST, hidden_ds,
     "The data segments in force are flat, 4 GiB, read/write.", BOOT32},
    {"linux32.gdt.cs", ZP_BY_LINUX32, ZP_CLAUSE_MUST, gdt_cs,
     "The GDT holds a flat 4 GiB execute/read descriptor for __BOOT_CS.", BOOT32},
    {"linux32.gdt.ds", ZP_BY_LINUX32, ZP_CLAUSE_MUST, gdt_ds,
     "The GDT holds a flat 4 GiB read/write descriptor for __BOOT_DS.", BOOT32},
    {"linux32.esi", ZP_BY_LINUX32, ZP_CLAUSE_MUST, boot_params_pointer,
     "ESI holds the address of boot_params, known by the setup header in it.", BOOT32},
    {"linux32.zero", ZP_BY_LINUX32, ZP_CLAUSE_MUST, zero_registers, "EBP, EDI and EBX are zero.", BOOT32},
    {"linux64.mode", ZP_BY_LINUX64, ZP_CLAUSE_MUST, mode64, "The CPU is in 64-bit mode.", BOOT64},
    {"linux64.paging", ZP_BY_LINUX64, ZP_CLAUSE_MUST, paging_on, "Paging is enabled.", BOOT64},
    {"linux64.interrupts", ZP_BY_LINUX64, ZP_CLAUSE_MUST, interrupts, "Interrupts are disabled.", BOOT64},
    {"linux64.cs", ZP_BY_LINUX64, ZP_CLAUSE_MUST, cs, "CS is __BOOT_CS (0x10).", BOOT64},
    {"linux64.ds", ZP_BY_LINUX64, ZP_CLAUSE_MUST, ds, "DS, ES and SS are __BOOT_DS (0x18).", BOOT64},
    {"linux64.cs.hidden", ZP_BY_LINUX64, ZP_CLAUSE_MUST, hidden_cs,
     "The code segment in force is 64-bit, flat, execute/read.", BOOT64},
    {"linux64.ds.hidden", ZP_BY_LINUX64, ZP_CLAUSE_MUST, hidden_ds,
     "The data segments in force are flat, 4 GiB, read/write.", BOOT64},
    {"linux64.gdt.cs", ZP_BY_LINUX64, ZP_CLAUSE_MUST, gdt_cs,
     "The GDT holds a flat execute/read descriptor of 64-bit code for __BOOT_CS.", BOOT64},
    {"linux64.gdt.ds", ZP_BY_LINUX64, ZP_CLAUSE_MUST, gdt_ds,
     "The GDT holds a flat 4 GiB read/write descriptor for __BOOT_DS.", BOOT64},
    {"linux64.rsi", ZP_BY_LINUX64, ZP_CLAUSE_MUST, boot_params_pointer,
     "RSI holds the address of boot_params, known by the setup header in it.", BOOT64},
    {"linux64.map.kernel", ZP_BY_LINUX64, ZP_CLAUSE_MUST, map_kernel,
     "init_size bytes from the start of the kernel are identity-mapped.", BOOT64},
    {"linux64.map.boot_params", ZP_BY_LINUX64, ZP_CLAUSE_MUST, map_boot_params,
     "boot_params is identity-mapped.", BOOT64},
    {"linux64.map.cmdline", ZP_BY_LINUX64, ZP_CLAUSE_MUST, map_cmdline,
     "The command line is identity-mapped.", BOOT64},
    {"linux64.map.touched", ZP_BY_LINUX64, ZP_CLAUSE_MUST, map_touched,
     "Every page that must be mapped can be read and written through the loader's page tables.", BOOT64},
    {"linux.direction", ZP_BY_BOOTPARAMS, ZP_CLAUSE_NOTE, direction,
     "The direction flag is clear; kernels clear it themselves.", "System V ABI, Registers"},
};

const struct zp_clause_table zp_clauses_cpu = {clauses, sizeof clauses / sizeof clauses[0]};
