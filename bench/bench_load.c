/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Measures inspect, plan and load of one kernel and one initrd: bench_load KERNEL INITRD. Prints JSON, for
 * bench.py to show.
 *
 * Nanoseconds of a call are the median of many calls. What load costs is told as a ratio to a floor taken in
 * the same run: pread of the same bytes of the same files into guest RAM of the same kind at the same
 * addresses. Each turn measures both, in an order that alternates, each into RAM that nobody has touched
 * before, so that both pay for the same page faults; the ratio is the median over turns, with quartiles.
 * Files are read once before, so that no disk is measured.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host.h"
#include "vmm.h"

#define RAM_SIZE (UINT64_C(512) << 20)
#define CALLS    2001u
#define TURNS    61u

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_load: %s: %s\n", what, why);
    exit(1);
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* The value below which this part of the values lies; sorts them. */
static double quantile(double *values, size_t count, double part)
{
    qsort(values, count, sizeof(*values), compare);
    return values[(size_t)((double)(count - 1) * part + 0.5)];
}

/* All that is looked at, with its room. */
struct subject {
    struct zp_file kernel, initrd;
    struct zp_source *source; /* of the kernel: its file, or its bytes in memory */
    struct zp_segment segments[64];
    struct zp_note notes[32];
    struct zp_entry entries[12];
    struct zp_span spans[64];
    struct zp_e820_range e820[160];
    struct zp_decision decisions[32];
    struct zp_memory_range ranges[ZP_PC_RANGE_COUNT];
    struct zp_pc pc;
    struct zp_module module;
    struct zp_request request;
    struct zp_machine machine;
    struct zp_image image;
    struct zp_plan plan;
};

static void check(int status, const char *what)
{
    if (status)
        die(what, zp_status_text(status));
}

static void inspect(struct subject *subject)
{
    struct zp_image_room room = {subject->segments, 64, subject->notes, 32, subject->entries, 12};

    check(zp_inspect(subject->source, &room, &subject->image, NULL), "zp_inspect");
}

static void plan(struct subject *subject)
{
    struct zp_plan_room room = {subject->spans, 64, subject->e820, 160, subject->decisions, 32};

    check(zp_plan_make(&subject->image, &subject->machine, &subject->request, &room, &subject->plan, NULL),
          "zp_plan_make");
}

static void prepare(struct subject *subject, const char *kernel, const char *initrd)
{
    static const char cmdline[] = "console=ttyS0 reboot=k panic=-1";
    static const uint8_t entropy[32] = {1};
    int error;

    if ((error = zp_file_open(&subject->kernel, kernel)) != 0)
        die(kernel, strerror(error));
    if ((error = zp_file_open(&subject->initrd, initrd)) != 0)
        die(initrd, strerror(error));
    subject->source = &subject->kernel.source;
    subject->pc = (struct zp_pc){sizeof(subject->pc), 1, RAM_SIZE, {UINT64_C(3) << 30}, {UINT64_C(4) << 30}};
    check(zp_machine_pc(&subject->pc, subject->ranges, ZP_PC_RANGE_COUNT, &subject->machine, NULL),
          "zp_machine_pc");
    subject->module.source = &subject->initrd.source;
    subject->request = (struct zp_request){.struct_size = sizeof(subject->request),
                                           .cmdline = cmdline,
                                           .cmdline_length = sizeof(cmdline) - 1,
                                           .modules = &subject->module,
                                           .module_count = 1,
                                           .entropy = entropy,
                                           .entropy_length = sizeof(entropy)};
}

/* Whole files, so that what follows finds them in the page cache. Returns the kernel's bytes. */
static void *warm_up(struct subject *subject)
{
    struct zp_source *sources[] = {&subject->initrd.source, &subject->kernel.source};
    void *bytes = NULL;

    for (size_t i = 0; i < 2; i++) {
        free(bytes);
        bytes = malloc(sources[i]->size);
        if (!bytes || sources[i]->read(sources[i]->context, 0, bytes, sources[i]->size) != 0)
            die("warm-up", strerror(errno));
    }
    return bytes;
}

/* Median nanoseconds of one call. */
static double time_calls(struct subject *subject, void (*call)(struct subject *))
{
    static double times[CALLS];

    for (size_t i = 0; i < CALLS; i++) {
        double begun = now();

        call(subject);
        times[i] = now() - begun;
    }
    return quantile(times, CALLS, 0.5);
}

static void load(struct subject *subject, const struct zp_guest *guest)
{
    check(zp_load(&subject->plan, guest, NULL), "zp_load");
}

static void everything(struct subject *subject, const struct zp_guest *guest)
{
    inspect(subject);
    plan(subject);
    load(subject, guest);
}

/* The same bytes to the same places by bare pread. */
static void read_floor(struct subject *subject, const struct zp_guest *guest)
{
    for (size_t i = 0; i < subject->plan.span_count; i++) {
        const struct zp_span *span = &subject->plan.spans[i];
        int fd = span->kind == ZP_SPAN_INITRD ? subject->initrd.fd : subject->kernel.fd;
        char *to = zp_guest_pointer(guest, span->start, span->size);
        uint64_t done = 0;

        while (done < span->file_size) {
            ssize_t got = pread(fd, to + done, span->file_size - done, (off_t)(span->file_offset + done));

            if (got <= 0)
                die("pread", got ? strerror(errno) : "the file has shrunk");
            done += (uint64_t)got;
        }
    }
}

/* One call into guest RAM that is new. */
static double time_fill(struct subject *subject, void (*fill)(struct subject *, const struct zp_guest *))
{
    struct zp_ram ram;
    double begun, taken;

    if (zp_ram_map(&subject->pc, &ram) != 0)
        die("guest RAM", "cannot be mapped");
    begun = now();
    fill(subject, &ram.guest);
    taken = now() - begun;
    zp_ram_unmap(&ram);
    return taken;
}

/* Turns of one against the floor; prints medians and the ratio with its quartiles. */
static void compare_with_floor(struct subject *subject, const char *name,
                               void (*fill)(struct subject *, const struct zp_guest *))
{
    static double times[TURNS], floors[TURNS], ratios[TURNS];

    time_fill(subject, fill);
    time_fill(subject, read_floor);
    for (size_t i = 0; i < TURNS; i++) {
        if (i % 2)
            floors[i] = time_fill(subject, read_floor);
        times[i] = time_fill(subject, fill);
        if (i % 2 == 0)
            floors[i] = time_fill(subject, read_floor);
        ratios[i] = times[i] / floors[i];
    }
    printf(", \"%s\": {\"ns\": %.0f, \"floor_ns\": %.0f, \"ratio\": %.3f, \"ratio_low\": %.3f, "
           "\"ratio_high\": %.3f}",
           name, quantile(times, TURNS, 0.5), quantile(floors, TURNS, 0.5), quantile(ratios, TURNS, 0.5),
           quantile(ratios, TURNS, 0.25), quantile(ratios, TURNS, 0.75));
}

int main(int argc, char **argv)
{
    static struct subject subject;
    struct zp_memory_source memory;
    void *bytes;

    if (argc != 3)
        die("usage", "bench_load KERNEL INITRD");
    prepare(&subject, argv[1], argv[2]);
    bytes = warm_up(&subject);
    inspect(&subject);
    plan(&subject);
    printf("{\"kernel_bytes\": %" PRIu64 ", \"initrd_bytes\": %" PRIu64 ", \"calls\": %u, \"turns\": %u",
           subject.kernel.source.size, subject.initrd.source.size, CALLS, TURNS);
    printf(", \"inspect_ns\": %.0f", time_calls(&subject, inspect));
    printf(", \"plan_ns\": %.0f", time_calls(&subject, plan));
    compare_with_floor(&subject, "load", load);
    compare_with_floor(&subject, "all", everything);
    /* The floor against itself: how far apart are two runs of the same? */
    compare_with_floor(&subject, "noise", read_floor);

    zp_memory_source_init(&memory, bytes, subject.kernel.source.size);
    subject.source = &memory.source;
    printf(", \"inspect_memory_ns\": %.0f}\n", time_calls(&subject, inspect));
    free(bytes);
    zp_file_close(&subject.initrd);
    zp_file_close(&subject.kernel);
    return 0;
}
