/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plugin of QEMU's translator that counts guest instructions between two marks. Receives in its arguments
 * `marks`, a file of lines `begin|place|end NAME HEX-BYTES`: a mark is met when an instruction is executed at
 * which these bytes lie, wherever that is; and `out`, to which it writes what it has counted as JSON when an
 * `end` is met after a `begin`. Then it ends QEMU. With `clock=on` it counts nothing, which costs time, and
 * only looks at the clock at each mark.
 *
 * Every executed instruction is counted at its own address, by code that QEMU translates along with it, so
 * that nothing is estimated. A string instruction with a repeat prefix is, to QEMU, as many instructions as
 * it has steps; these are counted as such, and apart from them how often it was begun. docs/devel/tcg-plugins
 * of QEMU; the declarations below are version 1 of that interface, which QEMU has had up to 8.2 and whose
 * header distributions do not ship.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void translated_cb(uint64_t id, struct qemu_plugin_tb *block);
typedef void executed_cb(unsigned cpu, void *data);

enum {
    NO_REGISTERS = 0, /* what a callback wants of the CPU */
    ADD_U64 = 0
};

extern void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, translated_cb *cb);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
extern void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, executed_cb *cb, int flags,
                                                   void *data);
extern void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int operation,
                                                       void *counter, uint64_t operand);

#define EXPORT    __attribute__((visibility("default")))
#define MARK_MAX  32
#define BYTES_MAX 32
#define HIT_MAX   256
#define PAGE      4096
#define BUCKETS   (1u << 18)

struct mark {
    char kind[8], name[32];
    unsigned char bytes[BYTES_MAX];
    size_t size;
};

/* An address at which there was an instruction. Counted for as long as QEMU runs: never freed. */
struct site {
    struct site *next;
    uint64_t address;
    uint64_t count; /* steps, of a string instruction */
    uint64_t begun; /* of a string instruction */
    uint64_t last;  /* `executed` at its last step */
    bool repeats;
};

struct hit {
    const struct mark *mark;
    uint64_t address, executed, ns;
};

/* Of each mark there may be many sites, which all want to know what they are. */
struct marked {
    const struct mark *mark;
    uint64_t address;
};

static struct mark marks[MARK_MAX];
static size_t mark_count;
static struct site *sites[BUCKETS];
static uint64_t executed, before;
static struct hit hits[HIT_MAX];
static size_t hit_count;
static bool counting, clock_only;
static const char *out_path;

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

static void fail(const char *what)
{
    fprintf(stderr, "count: %s\n", what);
    _exit(1);
}

static struct site *site_of(uint64_t address)
{
    struct site **bucket = &sites[(address ^ address >> 18) % BUCKETS], *site = *bucket;

    while (site && site->address != address)
        site = site->next;
    if (site)
        return site;
    site = calloc(1, sizeof(*site));
    if (site == NULL)
        fail("no memory");
    site->address = address;
    site->next = *bucket;
    return *bucket = site;
}

static void begin(void)
{
    counting = true;
    before = executed;
    executed = 0;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct site *site = sites[i]; site; site = site->next)
            site->count = site->begun = site->last = 0;
}

static void report(void)
{
    const char *comma = "";
    FILE *out = fopen(out_path, "w");

    if (out == NULL)
        fail("the file to write to does not open");
    fprintf(out, "{\"before\": %" PRIu64 ", \"executed\": %" PRIu64 ",\n \"marks\": [", before, executed);
    for (size_t i = 0; i < hit_count; i++)
        fprintf(out, "%s[\"%s\", %" PRIu64 ", %" PRIu64 "]", i ? ", " : "", hits[i].mark->name,
                hits[i].address, hits[i].executed);
    fprintf(out, "],\n \"ns\": [");
    for (size_t i = 0; i < hit_count; i++)
        fprintf(out, "%s%" PRIu64, i ? ", " : "", hits[i].ns - hits[0].ns);
    fprintf(out, "],\n \"sites\": [");
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct site *site = sites[i]; site; site = site->next) {
            if (site->count == 0)
                continue;
            fprintf(out, "%s[%" PRIu64 ", %" PRIu64 ", %" PRIu64 "]", comma, site->address, site->count,
                    site->repeats ? site->begun : site->count);
            comma = ", ";
        }
    }
    fprintf(out, "]}\n");
    if (fclose(out) != 0)
        fail("the file cannot be written");
    _exit(0);
}

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void on_mark(unsigned cpu, void *data)
{
    const struct marked *marked = data;
    const struct mark *mark = marked->mark;

    (void)cpu;
    if (!counting && mark->kind[0] == 'b')
        begin();
    if (!counting)
        return;
    if (hit_count < HIT_MAX)
        hits[hit_count++] = (struct hit){mark, marked->address, executed, now()};
    if (mark->kind[0] == 'e')
        report();
}

static void on_step(unsigned cpu, void *data)
{
    struct site *site = data;

    (void)cpu;
    site->begun += executed - site->last != 1 || site->last == 0;
    site->last = executed;
}

/* Prefixes, one of them F2 or F3, perhaps REX, and the opcode of a string instruction. Intel SDM 2, 4.3
 * "REP". */
static bool is_string(const unsigned char *bytes, size_t size)
{
    bool repeat = false;
    size_t i = 0;

    for (; i < size && memchr("\x66\x67\x2e\x36\x3e\x26\x64\x65\xf2\xf3", bytes[i], 10); i++)
        repeat |= bytes[i] >= 0xf2;
    i += i < size && (bytes[i] & 0xf0) == 0x40;
    return repeat && i + 1 == size &&
           memchr("\x6c\x6d\x6e\x6f\xa4\xa5\xa6\xa7\xaa\xab\xac\xad\xae\xaf", bytes[i], 14);
}

static void look_for_marks(struct qemu_plugin_insn *insn, uint64_t address)
{
    const void *first = qemu_plugin_insn_data(insn), *bytes = NULL;
    size_t size = qemu_plugin_insn_size(insn), left = PAGE - address % PAGE;

    for (size_t i = 0; i < mark_count; i++) {
        const size_t known = size < marks[i].size ? size : marks[i].size;
        struct marked *marked;

        /* The instruction alone first: to find what lies behind it takes longer. */
        if (marks[i].size > left || memcmp(first, marks[i].bytes, known) != 0)
            continue;
        bytes = bytes ? bytes : qemu_plugin_insn_haddr(insn);
        if (bytes == NULL || memcmp(bytes, marks[i].bytes, marks[i].size) != 0)
            continue;
        marked = malloc(sizeof(*marked));
        if (marked == NULL)
            fail("no memory");
        *marked = (struct marked){&marks[i], address};
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, NO_REGISTERS, marked);
    }
}

static void on_translation(uint64_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
        uint64_t address = qemu_plugin_insn_vaddr(insn);
        struct site *site;

        look_for_marks(insn, address);
        if (clock_only)
            continue;
        site = site_of(address);
        qemu_plugin_register_vcpu_insn_exec_inline(insn, ADD_U64, &site->count, 1);
        qemu_plugin_register_vcpu_insn_exec_inline(insn, ADD_U64, &executed, 1);
        if (is_string(qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn))) {
            site->repeats = true;
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_step, NO_REGISTERS, site);
        }
    }
}

static bool read_mark(const char *line, struct mark *mark)
{
    char hex[2 * BYTES_MAX + 1];

    if (sscanf(line, "%7s %31s %64s", mark->kind, mark->name, hex) != 3)
        return false;
    for (mark->size = 0; hex[2 * mark->size] && hex[2 * mark->size + 1]; mark->size++)
        if (sscanf(hex + 2 * mark->size, "%2hhx", &mark->bytes[mark->size]) != 1)
            return false;
    return mark->size != 0;
}

static void read_marks(const char *path)
{
    char line[256];
    FILE *file = fopen(path, "r");

    if (file == NULL)
        fail("the file of marks does not open");
    while (fgets(line, sizeof(line), file))
        if (mark_count == MARK_MAX || !read_mark(line, &marks[mark_count++]))
            fail("a line of the marks is not understood");
    fclose(file);
}

EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "marks=", 6) == 0)
            read_marks(argv[i] + 6);
        if (strncmp(argv[i], "out=", 4) == 0)
            out_path = strdup(argv[i] + 4);
        clock_only |= strcmp(argv[i], "clock=on") == 0;
    }
    if (out_path == NULL || mark_count == 0)
        fail("arguments: marks=FILE,out=FILE[,clock=on]");
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}
