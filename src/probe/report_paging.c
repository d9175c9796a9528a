/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lines "paging", "mapping" and "table": what the page tables that are in force map, and where they lie.
 * Intel SDM volume 3A, chapter 4 "Paging": 32-bit, PAE, four- and five-level paging.
 *
 * The tables are anybody's: they may point to themselves, to each other or nowhere. The walk counts each page
 * of tables that it enters and ends at a largest number, so it takes bounded time; the line then says so with
 * "cut". Once it counts the pages, once more it reads what they map; there it joins neighbours.
 */
#include <zeropage/wire/x86.h>

#include "reporting.h"

#define LEVELS 5u
#define BYTES  64u /* of entries, read at once */

/* What the CPU's mode makes of an entry. */
struct format {
    uint32_t levels;     /* 2 to 5 */
    uint32_t entry_size; /* bytes: 4 or 8 */
    bool large;          /* two levels: CR4.PSE */
    bool no_execute;     /* EFER.NXE; without it the bit is reserved */
    uint64_t root;
};

struct rights {
    bool writable, executable, user;
};

/* A mapping as it grows; size 0: none yet. */
struct run {
    uint64_t linear, physical, size;
    struct rights rights;
};

/* One page of tables on the way down. */
struct level {
    uint64_t table;
    uint64_t linear; /* of its first entry */
    uint32_t index;  /* of the next entry */
    struct rights rights;
    uint8_t bytes[BYTES];
    bool known; /* bytes hold the entries around index */
};

struct walk {
    struct zp_probe_reporting *reporting;
    struct format format;
    bool counting;       /* tables alone */
    uint32_t tables;     /* entered */
    uint32_t unreadable; /* of them */
    bool cut;
    uint64_t listed[ZP_PROBE_TABLES_MAX]; /* the first tables, the level in the low bits */
    uint64_t lines, more;                 /* mappings written, and not */
    struct run run;
};

static struct format format_of(const struct zp_probe_cpu *cpu)
{
    struct format format = {.entry_size = 8, .no_execute = (cpu->efer & ZP_EFER_NXE) != 0};

    format.root = cpu->cr3 & ZP_PTE_ADDRESS;
    if (cpu->efer & ZP_EFER_LMA) {
        format.levels = cpu->cr4 & ZP_CR4_LA57 ? 5 : 4;
    } else if (cpu->cr4 & ZP_CR4_PAE) {
        format.levels = 3;
        format.root = cpu->cr3 & 0xffffffe0;
    } else {
        format.levels = 2;
        format.entry_size = 4;
        format.large = (cpu->cr4 & ZP_CR4_PSE) != 0;
        format.no_execute = false;
        format.root = cpu->cr3 & 0xfffff000;
    }
    return format;
}

static uint32_t shift_of(const struct format *format, uint32_t level)
{
    return ZP_PAGE_SHIFT + (format->entry_size == 4 ? 10 : 9) * (level - 1);
}

/* The top of PAE paging has four entries without rights. */
static bool is_pae_top(const struct format *format, uint32_t level)
{
    return format->levels == 3 && level == 3;
}

static uint32_t entries_of(const struct format *format, uint32_t level)
{
    if (is_pae_top(format, level))
        return 4;
    return format->entry_size == 4 ? 1024 : 512;
}

/* A set bit that must be clear faults as an absent page does. */
static bool is_present(const struct format *format, uint32_t level, uint64_t entry)
{
    if (!(entry & ZP_PTE_P))
        return false;
    if (entry & ZP_PTE_XD && (!format->no_execute || is_pae_top(format, level)))
        return false;
    return level < 4 || !(entry & ZP_PTE_PS);
}

static bool is_leaf(const struct format *format, uint32_t level, uint64_t entry)
{
    if (level == 1)
        return true;
    if (level > 3 || is_pae_top(format, level) || !(entry & ZP_PTE_PS))
        return false;
    return format->entry_size == 8 || format->large;
}

/* Where a page lies, or the next table. */
static uint64_t address_of(const struct format *format, uint32_t level, uint64_t entry, bool leaf)
{
    uint64_t page = (UINT64_C(1) << shift_of(format, level)) - 1;
    uint64_t address = entry & ZP_PTE_ADDRESS;

    /* 4 MiB pages reach beyond 4 GiB with bits 13 to 20. */
    if (leaf && level == 2 && format->entry_size == 4)
        return (entry & 0xffc00000) | (entry >> 13 & 0xff) << 32;
    return leaf ? address & ~page : address;
}

static struct rights rights_of(const struct format *format, uint32_t level, uint64_t entry,
                               struct rights above)
{
    if (is_pae_top(format, level))
        return above;
    above.writable = above.writable && entry & ZP_PTE_RW;
    above.user = above.user && entry & ZP_PTE_US;
    above.executable = above.executable && !(entry & ZP_PTE_XD);
    return above;
}

/* The first address of the upper half, 0 where there are no halves: bit 47 or 56 fills the bits above it. */
static uint64_t upper_half(const struct format *format)
{
    return format->levels < 4 ? 0 : UINT64_C(1) << (shift_of(format, format->levels) + 8);
}

static uint64_t canonical(const struct format *format, uint64_t linear)
{
    uint64_t half = upper_half(format);

    return linear & half ? linear | -half : linear;
}

bool zp_probe_translate(struct zp_probe_reporting *reporting, uint64_t linear, uint64_t *ret_physical)
{
    const struct zp_probe_cpu *cpu = &reporting->view->cpu;
    struct format format = format_of(cpu);
    uint64_t table = format.root;

    if (!(cpu->efer & ZP_EFER_LMA))
        linear &= UINT32_MAX;
    if (!(cpu->cr0 & ZP_CR0_PG)) {
        *ret_physical = linear;
        return true;
    }
    for (uint32_t level = format.levels; level > 0; level--) {
        uint32_t index = (uint32_t)(linear >> shift_of(&format, level)) % entries_of(&format, level);
        uint64_t entry = 0;

        if (!zp_probe_peek(reporting, table + index * format.entry_size, &entry, format.entry_size) ||
            !is_present(&format, level, entry))
            return false;
        table = address_of(&format, level, entry, is_leaf(&format, level, entry));
        if (is_leaf(&format, level, entry)) {
            *ret_physical = table | (linear & ((UINT64_C(1) << shift_of(&format, level)) - 1));
            return true;
        }
    }
    return false;
}

static void put_run(struct walk *walk)
{
    struct zp_probe_writer *writer = &walk->reporting->writer;
    const struct run *run = &walk->run;

    if (!run->size)
        return;
    if (walk->lines == ZP_PROBE_MAPPINGS_MAX) {
        walk->more++;
        return;
    }
    walk->lines++;
    zp_probe_line(writer, "mapping");
    zp_probe_hex(writer, "virtual", canonical(&walk->format, run->linear));
    zp_probe_hex(writer, "physical", run->physical);
    zp_probe_count(writer, "size", run->size);
    zp_probe_bool(writer, "writable", run->rights.writable);
    zp_probe_bool(writer, "executable", run->rights.executable);
    zp_probe_bool(writer, "user", run->rights.user);
    zp_probe_line_end(writer);
}

static void add_page(struct walk *walk, uint64_t linear, uint64_t physical, uint64_t size,
                     struct rights rights)
{
    struct run *run = &walk->run;

    if (run->size && linear != upper_half(&walk->format) && run->linear + run->size == linear &&
        run->physical + run->size == physical && run->rights.writable == rights.writable &&
        run->rights.executable == rights.executable && run->rights.user == rights.user) {
        run->size += size;
        return;
    }
    put_run(walk);
    *run = (struct run){linear, physical, size, rights};
}

/* false: that was one too many. */
static bool enter(struct walk *walk, uint32_t depth, struct level *level, uint64_t table, uint64_t linear,
                  struct rights rights)
{
    if (walk->tables == ZP_PROBE_WALK_MAX) {
        walk->cut = true;
        return false;
    }
    if (walk->counting && walk->tables < ZP_PROBE_TABLES_MAX)
        walk->listed[walk->tables] = table | depth;
    walk->tables++;
    level->table = table;
    level->linear = linear;
    level->index = 0;
    level->rights = rights;
    level->known = false;
    return true;
}

/* The entry at index, 0 where none can be read; then none of the rest of the table is tried. */
static uint64_t next_entry(struct walk *walk, struct level *level, uint32_t count)
{
    uint32_t size = walk->format.entry_size, per_read = BYTES / size;
    uint32_t at = level->index % per_read;
    uint64_t entry = 0;

    if (at == 0 || !level->known) {
        uint32_t read = count < per_read ? count * size : BYTES;

        level->known = zp_probe_peek(walk->reporting, level->table + level->index * size, level->bytes, read);
        if (!level->known) {
            walk->unreadable++;
            level->index = count;
            return 0;
        }
    }
    memcpy(&entry, level->bytes + at * size, size);
    level->index++;
    return entry;
}

/* Goes through all tables without recursion: levels[n] is the table of level n + 1 on the way. */
static void go(struct walk *walk)
{
    const struct format *format = &walk->format;
    struct level levels[LEVELS];
    uint32_t depth = format->levels;

    enter(walk, depth, &levels[depth - 1], format->root, 0, (struct rights){true, true, true});
    while (depth <= format->levels) {
        struct level *level = &levels[depth - 1];
        uint32_t count = entries_of(format, depth), shift = shift_of(format, depth);
        uint64_t linear = level->linear + ((uint64_t)level->index << shift), entry, address;
        struct rights rights;
        bool leaf;

        if (level->index >= count || (walk->counting && depth == 1 && level->known)) {
            depth++;
            continue;
        }
        entry = next_entry(walk, level, count);
        if (!is_present(format, depth, entry))
            continue;
        leaf = is_leaf(format, depth, entry);
        address = address_of(format, depth, entry, leaf);
        rights = rights_of(format, depth, entry, level->rights);
        if (!leaf && enter(walk, depth - 1, &levels[depth - 2], address, linear, rights))
            depth--;
        else if (leaf && !walk->counting)
            add_page(walk, linear, address, UINT64_C(1) << shift, rights);
    }
    put_run(walk);
}

static void begin(struct walk *walk, struct zp_probe_reporting *reporting, bool counting)
{
    walk->reporting = reporting;
    walk->format = format_of(&reporting->view->cpu);
    walk->counting = counting;
    walk->tables = 0;
    walk->unreadable = 0;
    walk->cut = false;
    walk->lines = 0;
    walk->more = 0;
    walk->run.size = 0;
}

static void put_tables(struct zp_probe_reporting *reporting, const struct walk *walk, uint32_t tables)
{
    struct zp_probe_writer *writer = &reporting->writer;

    for (uint32_t i = 0; i < tables && i < ZP_PROBE_TABLES_MAX; i++) {
        zp_probe_line(writer, "table");
        zp_probe_hex(writer, "at", walk->listed[i] & ~UINT64_C(7));
        zp_probe_count(writer, "level", walk->listed[i] & 7);
        zp_probe_line_end(writer);
    }
    if (tables > ZP_PROBE_TABLES_MAX)
        zp_probe_more(reporting, "table", tables - ZP_PROBE_TABLES_MAX);
}

void zp_probe_report_paging(struct zp_probe_reporting *reporting)
{
    const struct zp_probe_cpu *cpu = &reporting->view->cpu;
    struct zp_probe_writer *writer = &reporting->writer;
    struct walk walk;

    if (!(cpu->cr0 & ZP_CR0_PG))
        return;
    begin(&walk, reporting, true);
    go(&walk);
    zp_probe_line(writer, "paging");
    zp_probe_count(writer, "levels", walk.format.levels);
    zp_probe_count(writer, "tables", walk.tables);
    zp_probe_hex(writer, "cr3", cpu->cr3);
    zp_probe_count(writer, "unreadable", walk.unreadable);
    zp_probe_bool(writer, "cut", walk.cut);
    zp_probe_line_end(writer);

    begin(&walk, reporting, false);
    go(&walk);
    zp_probe_more(reporting, "mapping", walk.more);
    put_tables(reporting, &walk, walk.tables);
}
