/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One boot up to the entry, over and over, as bench.py commands: for each line on stdin it opens, inspects,
 * plans and loads a kernel (and an initrd) into new guest RAM, then reads every loaded byte once, and answers
 * with one line of JSON. Loaders of others under bench/peers answer in the same manner, so that turns of
 * both alternate. The line "hold" keeps the guest's RAM until the next line, to be looked at from outside;
 * every other line gives it back.
 *
 * What is timed begins before the files are opened; making guest RAM is not timed. Bytes are counted where
 * they pass: at the source that copies and at the callback that maps.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host.h"
#include "vmm.h"

static const char cmdline[] = "console=ttyS0 reboot=k panic=-1";

struct job {
    const char *kernel, *initrd;
    uint64_t ram_size;
    uint32_t cpus;
    bool maps;      /* private RAM: pages of the files are mapped where they can be */
    uint64_t kaslr; /* not 0: random bits that choose the kernel's bases */
    bool private;   /* guest RAM as the KVM engine has it, not as the QEMU engine shares it */
};

/* A file whose bytes are counted as they are copied out. */
struct counted {
    struct zp_file file;
    struct zp_source source;
    uint64_t *copied;
};

/* What a round makes, in the order in which it is made. */
struct round {
    struct zp_ram ram;
    struct counted kernel, initrd;
    struct zp_segment segments[64];
    struct zp_note notes[32];
    struct zp_entry entries[12];
    struct zp_span spans[64];
    struct zp_e820_range e820[160];
    struct zp_decision decisions[32];
    struct zp_memory_range ranges[ZP_PC_RANGE_COUNT];
    struct zp_image image;
    struct zp_machine machine;
    struct zp_module module;
    struct zp_acpi acpi;
    struct zp_blob blob;
    struct zp_request request;
    struct zp_plan plan;
    int (*take_pages)(void *, const struct zp_source *, uint64_t, zp_gpa, uint64_t); /* guest RAM's own */
    uint64_t copied, mapped;
};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_round: %s: %s\n", what, why);
    exit(1);
}

static void check(int status, const char *what)
{
    if (status)
        die(what, status < 0 ? zp_status_text(status) : strerror(status));
}

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int counted_read(void *context, uint64_t offset, void *buffer, size_t length)
{
    struct counted *counted = context;

    *counted->copied += length;
    return counted->file.source.read(counted->file.source.context, offset, buffer, length);
}

static void open_counted(struct counted *counted, const char *name, uint64_t *copied)
{
    check(zp_file_open(&counted->file, name), name);
    counted->source = (struct zp_source){counted->file.source.size, counted_read, counted};
    counted->copied = copied;
}

/* Guest RAM's own callback on the file itself, with what it does counted. */
static int take_pages(void *context, const struct zp_source *source, uint64_t offset, zp_gpa address,
                      uint64_t size)
{
    struct round *round = context;
    const struct counted *counted = source->context;
    int answer = round->take_pages(&round->ram, &counted->file.source, offset, address, size);

    if (answer == 0)
        *(round->ram.fd < 0 ? &round->mapped : &round->copied) += size;
    return answer;
}

/* A PC as `zeropage run` makes it; the hole is where QEMU's pc has it. */
static struct zp_pc describe_pc(const struct job *job)
{
    return (struct zp_pc){
        sizeof(struct zp_pc), job->cpus, job->ram_size, {UINT64_C(3) << 30}, {UINT64_C(4) << 30}};
}

/* A memory file gets pages from file to file; private memory has them mapped, or all of it copied. */
static void make_ram(const struct job *job, const struct zp_pc *pc, struct round *round)
{
    if ((job->private ? zp_ram_map_private : zp_ram_map)(pc, &round->ram) != 0)
        die("guest RAM", "cannot be mapped");
    if (job->private && !job->maps)
        return;
    zp_ram_take_pages(&round->ram, true);
    round->take_pages = round->ram.guest.map;
    round->ram.guest.map = take_pages;
    round->ram.guest.map_context = round;
}

static void make_request(const struct job *job, struct round *round)
{
    static const uint8_t entropy[32] = {1};
    struct zp_acpi_hardware hardware = {.cpus = job->cpus, .pm_base = 0x600, .sci_irq = 9};

    zp_acpi_blob(&round->acpi, &hardware, &round->blob);
    round->module.source = &round->initrd.source;
    round->request = (struct zp_request){.struct_size = sizeof(round->request),
                                         .cmdline = cmdline,
                                         .cmdline_length = sizeof(cmdline) - 1,
                                         .modules = &round->module,
                                         .module_count = job->initrd ? 1 : 0,
                                         .entropy = entropy,
                                         .entropy_length = sizeof(entropy),
                                         .blobs = &round->blob,
                                         .blob_count = 1};
    if (job->kaslr) {
        round->request.flags |= ZP_REQUEST_KASLR;
        round->request.kaslr_physical = job->kaslr;
        round->request.kaslr_virtual = job->kaslr;
    }
}

static void inspect(const struct job *job, struct round *round)
{
    struct zp_image_room room = {round->segments, 64, round->notes, 32, round->entries, 12};

    open_counted(&round->kernel, job->kernel, &round->copied);
    round->image.struct_size = sizeof(round->image);
    check(zp_inspect(&round->kernel.source, &room, &round->image, NULL), "zp_inspect");
    if (job->initrd)
        open_counted(&round->initrd, job->initrd, &round->copied);
}

static void plan(const struct job *job, const struct zp_pc *pc, struct round *round)
{
    struct zp_plan_room room = {round->spans, 64, round->e820, 160, round->decisions, 32};

    check(zp_machine_pc(pc, round->ranges, ZP_PC_RANGE_COUNT, &round->machine, NULL), "zp_machine_pc");
    make_request(job, round);
    round->plan.struct_size = sizeof(round->plan);
    check(zp_plan_make(&round->image, &round->machine, &round->request, &room, &round->plan, NULL),
          "zp_plan_make");
}

/* Every byte that came from a file, as 64-bit words. */
static uint64_t read_all(const struct round *round, uint64_t *ret_bytes)
{
    uint64_t sum = 0;

    *ret_bytes = 0;
    for (size_t i = 0; i < round->plan.span_count; i++) {
        const struct zp_span *span = &round->plan.spans[i];
        const uint64_t *words = zp_guest_pointer(&round->ram.guest, span->start, span->size);

        for (uint64_t word = 0; word < span->file_size / 8; word++)
            sum += words[word];
        *ret_bytes += span->file_size;
    }
    return sum;
}

static void make_round(const struct job *job, struct round *round)
{
    const struct zp_pc pc = describe_pc(job);
    int64_t begun, inspected, planned, loaded, all;
    struct zp_sharing sharing;
    uint64_t sum, bytes, copied, mapped;

    memset(round, 0, sizeof(*round));
    make_ram(job, &pc, round);
    begun = now();
    inspect(job, round);
    inspected = now();
    plan(job, &pc, round);
    planned = now();
    check(zp_load(&round->plan, &round->ram.guest, NULL), "zp_load");
    loaded = now();
    copied = round->copied;
    mapped = round->mapped;
    sum = read_all(round, &bytes);
    all = now();
    check(zp_plan_sharing(&round->plan, &sharing, NULL), "zp_plan_sharing");
    printf("{\"inspect_ns\": %" PRId64 ", \"plan_ns\": %" PRId64 ", \"load_ns\": %" PRId64
           ", \"all_ns\": %" PRId64 ", \"bytes\": %" PRIu64 ", \"copied\": %" PRIu64 ", \"mapped\": %" PRIu64
           ", \"sum\": %" PRIu64 ", \"pages\": %" PRIu64 ", \"mappable_pages\": %" PRIu64
           ", \"relocated_pages\": %" PRIu64 "}\n",
           inspected - begun, planned - inspected, loaded - begun, all - begun, bytes, copied, mapped,
           sum & 0xffffffff, sharing.pages, sharing.mappable, sharing.relocated);
    fflush(stdout);
}

static void give_back(struct round *round)
{
    zp_ram_unmap(&round->ram);
    zp_file_close(&round->kernel.file);
    zp_file_close(&round->initrd.file);
}

static const struct argp_option options[] = {
    {"ram", 'm', "MIB", 0, "guest RAM (512)", 0},
    {"cpus", 'c', "N", 0, "CPUs (1)", 0},
    {"initrd", 'i', "FILE", 0, "an initrd", 0},
    {"kaslr", 'k', "BITS", 0, "choose the kernel's bases by these bits, not 0", 0},
    {"map", 'M', NULL, 0, "map pages of the files instead of copying them", 0},
    {"private", 'p', NULL, 0, "guest RAM as the KVM engine has it, not a memory file", 0},
    {0}};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct job *job = state->input;

    switch (key) {
    case 'm': job->ram_size = strtoull(argument, NULL, 0) << 20; return 0;
    case 'c': job->cpus = (uint32_t)strtoul(argument, NULL, 0); return 0;
    case 'i': job->initrd = argument; return 0;
    case 'k': job->kaslr = strtoull(argument, NULL, 0); return 0;
    case 'M': job->maps = true; return 0;
    case 'p': job->private = true; return 0;
    case ARGP_KEY_ARG:
        if (job->kernel)
            argp_usage(state);
        job->kernel = argument;
        return 0;
    case ARGP_KEY_END:
        if (!job->kernel)
            argp_usage(state);
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp argp = {options, parse, "KERNEL", "Rounds of a boot up to the entry.",
                                     NULL,    NULL,  NULL};
    static struct round round;
    struct job job = {.ram_size = UINT64_C(512) << 20, .cpus = 1};
    char line[16];
    bool held = false;

    argp_parse(&argp, argc, argv, 0, NULL, &job);
    while (fgets(line, sizeof(line), stdin)) {
        if (held)
            give_back(&round);
        make_round(&job, &round);
        held = strcmp(line, "hold\n") == 0;
        if (!held)
            give_back(&round);
    }
    return 0;
}
