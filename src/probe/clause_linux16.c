/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real-mode entry of Linux (boot.rst, "Running the Kernel", "Memory Layout of The Real-Mode Code"). The
 * text says "should" of almost all of it. Where the setup code lies follows from the entry: CS:IP is its
 * start plus 0x200, in whatever way a loader splits that.
 */
#include <zeropage/wire/bootparam.h>

#include "judging.h"

#define RUNNING "Linux boot.rst, Running the Kernel"
#define LAYOUT  "Linux boot.rst, Memory Layout of The Real-Mode Code"
#define FIELDS  "Linux boot.rst, Details of Header Fields: "

#define EFLAGS_IF      UINT64_C(0x200)
#define LOW_MEMORY_END UINT64_C(0xa0000)
#define EBDA_MAYBE     UINT64_C(0x9a000)

/* The address of the setup code's first byte. */
static bool setup_address(const struct zp_judging *judging, uint64_t *ret_address)
{
    uint64_t cs, ip;
    if (!zp_judging_cpu(judging, "cs", &cs) || !zp_judging_cpu(judging, "rip", &ip) || cs * 16 + ip < 0x200)
        return false;
    *ret_address = cs * 16 + ip - 0x200;
    return true;
}

/* boot.rst: the offset of the end of the heap from the beginning of the setup code, minus this. */
#define HEAP_END_BASE 0x200

/* The end of the heap as heap_end_ptr says, an address. */
static bool heap_end(const struct zp_judging *judging, uint64_t *ret_end)
{
    uint64_t setup, end;
    if (!setup_address(judging, &setup) || !zp_line_number(judging->header, "heap_end_ptr", &end))
        return false;
    *ret_end = setup + end + HEAP_END_BASE;
    return true;
}

static enum zp_clause_verdict mode(const struct zp_judging *judging)
{
    const char *text = zp_line_text(judging->cpu, "mode", NULL);
    if (!text)
        return zp_unseen(judging, "the mode");
    return zp_judged(judging, text[0] == 'r', "%s", text);
}

static enum zp_clause_verdict interrupts(const struct zp_judging *judging)
{
    return zp_judge_bits(judging, "rflags", 0, EFLAGS_IF);
}

static enum zp_clause_verdict entry(const struct zp_judging *judging)
{
    uint64_t cs, ip;
    if (!zp_judging_cpu(judging, "cs", &cs) || !zp_judging_cpu(judging, "rip", &ip))
        return zp_unseen(judging, "cs and ip");
    return zp_judged(judging, ip == 0, "entered at %04" PRIx64 ":%04" PRIx64, cs, ip);
}

static enum zp_clause_verdict judge_segments(const struct zp_judging *judging, const char *names)
{
    uint64_t setup;
    if (!setup_address(judging, &setup))
        return zp_unseen(judging, "where the setup code lies");
    for (; *names; names += names[2] ? 3 : 2) {
        char name[3] = {names[0], names[1], '\0'};
        uint64_t value;
        if (!zp_judging_cpu(judging, name, &value))
            return zp_unseen(judging, name);
        if (value * 16 != setup)
            return zp_judged(judging, false, "%s is 0x%" PRIx64 ", the setup code lies at 0x%" PRIx64, name,
                             value, setup);
    }
    return zp_judged(judging, true, "0x%" PRIx64, setup / 16);
}

static enum zp_clause_verdict ds(const struct zp_judging *judging)
{
    return judge_segments(judging, "ds,es,ss");
}

static enum zp_clause_verdict fs(const struct zp_judging *judging)
{
    return judge_segments(judging, "fs,gs");
}

static enum zp_clause_verdict stack(const struct zp_judging *judging)
{
    uint64_t setup, sectors, ss, sp, end;
    if (!zp_judging_cpu(judging, "ss", &ss) || !zp_judging_cpu(judging, "rsp", &sp) ||
        !heap_end(judging, &end) || !setup_address(judging, &setup) ||
        !zp_line_number(judging->header, "setup_sects", &sectors))
        return zp_unseen(judging, "ss:sp, or heap_end_ptr");
    uint64_t code_end = setup + ((sectors ? sectors : ZP_SETUP_SECTS_DEFAULT) + 1) * ZP_SETUP_SECTOR_SIZE;
    return zp_judged(judging, ss * 16 + sp > code_end && ss * 16 + sp <= end,
                     "ss:sp is 0x%" PRIx64 ", the heap ends at 0x%" PRIx64, ss * 16 + sp, end);
}

static enum zp_clause_verdict can_use_heap(const struct zp_judging *judging)
{
    uint64_t flags;
    if (!zp_line_number(judging->header, "loadflags", &flags))
        return zp_unseen(judging, "loadflags");
    return zp_judged(judging, flags & ZP_CAN_USE_HEAP, "loadflags 0x%" PRIx64, flags);
}

static enum zp_clause_verdict heap_room(const struct zp_judging *judging)
{
    uint64_t sectors, end, version;
    if (zp_line_number(judging->header, "version", &version) && version < 0x201)
        return zp_not_arisen(judging, "the header is older than the field");
    if (!zp_line_number(judging->header, "heap_end_ptr", &end) ||
        !zp_line_number(judging->header, "setup_sects", &sectors))
        return zp_unseen(judging, "heap_end_ptr");
    uint64_t size = ((sectors ? sectors : ZP_SETUP_SECTS_DEFAULT) + 1) * ZP_SETUP_SECTOR_SIZE;
    end += HEAP_END_BASE;
    return zp_judged(judging, end > size,
                     "the heap ends at offset 0x%" PRIx64 ", the setup code at 0x%" PRIx64, end, size);
}

static enum zp_clause_verdict setup_low(const struct zp_judging *judging)
{
    uint64_t setup;
    if (!setup_address(judging, &setup))
        return zp_unseen(judging, "where the setup code lies");
    return zp_judged(judging, setup <= 0x90000, "the setup code lies at 0x%" PRIx64, setup);
}

static enum zp_clause_verdict cmdline_place(const struct zp_judging *judging)
{
    const struct zp_range *cmdline = zp_handed_first(judging, ZP_HANDED_CMDLINE);
    uint64_t end;
    if (!cmdline || !heap_end(judging, &end))
        return zp_unseen(judging, "the command line, or heap_end_ptr");
    return zp_judged(judging, cmdline->start >= end && cmdline->start + cmdline->size <= LOW_MEMORY_END,
                     "the command line lies at 0x%" PRIx64 ", the heap ends at 0x%" PRIx64, cmdline->start,
                     end);
}

static enum zp_clause_verdict below_ebda(const struct zp_judging *judging)
{
    const struct zp_range *cmdline = zp_handed_first(judging, ZP_HANDED_CMDLINE);
    uint64_t heap, top;
    if (!cmdline || !heap_end(judging, &heap))
        return zp_unseen(judging, "the command line, or heap_end_ptr");
    top = cmdline->start + cmdline->size > heap ? cmdline->start + cmdline->size : heap;
    return zp_judged(judging, top <= EBDA_MAYBE, "up to 0x%" PRIx64, top);
}

static const struct zp_clause clauses[] = {
    {"linux16.mode", ZP_BY_LINUX16, ZP_CLAUSE_MUST, mode, "The CPU is in real mode.", RUNNING},
    {"linux16.interrupts", ZP_BY_LINUX16, ZP_CLAUSE_SHOULD, interrupts, "Interrupts are disabled.", RUNNING},
    {"linux16.cs", ZP_BY_LINUX16, ZP_CLAUSE_MUST, entry,
     "The kernel is entered with a far jump to the setup code's segment + 0x20, offset 0.", RUNNING},
    {"linux16.ds", ZP_BY_LINUX16, ZP_CLAUSE_SHOULD, ds, "DS, ES and SS point to the start of the setup code.",
     RUNNING},
    {"linux16.fs", ZP_BY_LINUX16, ZP_CLAUSE_SHOULD, fs,
     "FS and GS point there too: recommended, to guard against bugs in the kernel.", RUNNING},
    {"linux16.sp", ZP_BY_LINUX16, ZP_CLAUSE_SHOULD, stack, "SS:SP points into the heap, normally to its top.",
     RUNNING},
    {"linux16.heap", ZP_BY_LINUX16, ZP_CLAUSE_MUST, heap_room,
     "heap_end_ptr is set, past the end of the setup code.", FIELDS "heap_end_ptr, write (obligatory)"},
    {"linux16.can_use_heap", ZP_BY_LINUX16, ZP_CLAUSE_SHOULD, can_use_heap,
     "CAN_USE_HEAP says that heap_end_ptr is valid; without it some setup code is disabled.",
     FIELDS "loadflags, CAN_USE_HEAP"},
    {"linux16.setup.place", ZP_BY_LINUX16, ZP_CLAUSE_SHOULD, setup_low,
     "The setup code lies in low memory, at 0x90000 or below: its segment ends below 0xa0000.", LAYOUT},
    {"linux16.cmdline.place", ZP_BY_LINUX16, ZP_CLAUSE_MUST, cmdline_place,
     "The command line lies between the end of the heap and 0xa0000.", FIELDS "cmd_line_ptr"},
    {"linux16.low_memory", ZP_BY_LINUX16, ZP_CLAUSE_NOTE, below_ebda,
     "Neither heap nor command line lies above 0x9a000, where an EBDA may be.", LAYOUT},
};

const struct zp_clause_table zp_clauses_linux16 = {clauses, sizeof clauses / sizeof clauses[0]};
