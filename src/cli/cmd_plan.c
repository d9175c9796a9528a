/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zeropage plan: makes the plan that `zeropage run` would execute and shows it, as tables, as JSON or as a
 * drawing. Starts nothing and writes no guest memory. The machine is a plain PC whose RAM below 4 GiB ends
 * at 3 GiB, or the PC of the engine asked for; the ACPI tables in it are those that the guest would get.
 * Parts of its RAM may be busy until entry, as under a stub or a firmware.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "plan_view.h"
#include "request.h"

enum {
    KEY_HOLE = 0x200,
    KEY_BUSY,
    KEY_JSON,
    KEY_SVG
};

#define GIB             (UINT64_C(1) << 30)
#define BUSY_MAX        8
#define TRAMPOLINE_SIZE 32768u /* about what a stub of ours wants */

struct plan_options {
    struct cli_request request;
    uint64_t hole_start; /* 0: as the machine has it */
    struct {
        uint64_t start, end;
    } busy[BUSY_MAX];
    size_t busy_count;
    const char *svg_name;
    bool json;
};

static void take_hole(struct plan_options *options, const struct argp_state *state, const char *text)
{
    uint64_t start = cli_request_size(state, "--hole", text);
    if (start < GIB / 1024 || start > 4 * GIB || start % 4096 != 0)
        cli_usage(state, "--hole %s: not a multiple of 4096 from 1 MiB to 4 GiB", text);
    options->hole_start = start;
}

static void take_busy(struct plan_options *options, const struct argp_state *state, const char *text)
{
    char start_text[32];
    const char *plus = strchr(text, '+');
    uint64_t start = 0, size = 0;
    size_t length = plus ? (size_t)(plus - text) : sizeof start_text;
    if (length < sizeof start_text) {
        memcpy(start_text, text, length);
        start_text[length] = '\0';
    }
    if (length >= sizeof start_text || !zp_size_parse(start_text, &start) ||
        !zp_size_parse(plus + 1, &size) || size == 0 || start > UINT64_MAX - size)
        cli_usage(state, "--busy %s: not ADDRESS+SIZE", text);
    if (options->busy_count == BUSY_MAX)
        cli_usage(state, "--busy %s: %d of them are enough", text, BUSY_MAX);
    options->busy[options->busy_count].start = start;
    options->busy[options->busy_count++].end = start + size;
}

static error_t parse_plan(int key, char *argument, struct argp_state *state)
{
    struct plan_options *options = state->input;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &options->request; return 0;
    case KEY_HOLE: take_hole(options, state, argument); return 0;
    case KEY_BUSY: take_busy(options, state, argument); return 0;
    case KEY_JSON: options->json = true; return 0;
    case KEY_SVG: options->svg_name = argument; return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            cli_usage(state, "one image at a time: '%s' is too many", argument);
        options->request.image_name = argument;
        return 0;
    case ARGP_KEY_NO_ARGS: cli_usage(state, "no image given");
    case ARGP_KEY_END:
        if (options->json && options->svg_name && strcmp(options->svg_name, "-") == 0)
            cli_usage(state, "standard output takes one thing; name a file for the drawing");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp_option argp_options[] = {
    {"hole", KEY_HOLE, "ADDR", 0, "RAM below 4 GiB ends here (default 3G)", 4},
    {"busy", KEY_BUSY, "ADDR+SIZE", 0, "This RAM is busy until entry", 4},
    {"json", KEY_JSON, NULL, 0, "Everything, for a program", 4},
    {"svg", KEY_SVG, "FILE", 0, "Draw the map; - is stdout", 4},
    {0},
};

static const struct argp_child children[] = {
    {&cli_request_argp, 0, NULL, 0},
    {&cli_common_argp, 0, NULL, 0},
    {0},
};

static const struct argp plan_argp = {
    argp_options,
    parse_plan,
    "IMAGE",
    "Shows the memory map and entry state that a boot would use, and why.\n"
    "The manual has more options, such as --module and --setup-data.",
    children,
    NULL,
    NULL,
};

/* The PC to plan for and what its ACPI tables tell of. */
static void describe_pc(const struct plan_options *options, struct zp_pc *pc,
                        struct zp_acpi_hardware *hardware)
{
    const struct cli_request *request = &options->request;
    struct zp_vm_config config = {.ram_size = request->ram_size, .cpus = request->cpus};
    memset(pc, 0, sizeof *pc);
    memset(hardware, 0, sizeof *hardware);
    if (request->engine == ZP_ENGINE_QEMU)
        zp_engine_qemu.pc(&config, pc, hardware);
    else
        zp_engine_kvm.pc(&config, pc, hardware);
    pc->struct_size = sizeof *pc;
    if (request->engine == ZP_ENGINE_AUTO)
        pc->hole_start.value = 3 * GIB;
    if (options->hole_start)
        pc->hole_start.value = options->hole_start;
}

/* What of [start, end) is free becomes busy; at most one range more at either end. */
static size_t mark_busy(struct zp_memory_range *ranges, size_t count, uint64_t start, uint64_t end)
{
    for (size_t i = 0; i < count; i++) {
        struct zp_memory_range whole = ranges[i];
        uint64_t whole_end = whole.start.value + whole.size;
        uint64_t from = whole.start.value > start ? whole.start.value : start;
        uint64_t to = whole_end < end ? whole_end : end;
        if (whole.usage != ZP_USAGE_FREE || from >= to)
            continue;
        size_t pieces = 1 + (from > whole.start.value) + (to < whole_end);
        memmove(&ranges[i + pieces], &ranges[i + 1], (count - i - 1) * sizeof ranges[0]);
        count += pieces - 1;
        if (from > whole.start.value)
            ranges[i++].size = from - whole.start.value;
        ranges[i] = (struct zp_memory_range){{from}, to - from, ZP_USAGE_BUSY, whole.e820_type};
        if (to < whole_end)
            ranges[++i] = (struct zp_memory_range){{to}, whole_end - to, ZP_USAGE_FREE, whole.e820_type};
    }
    return count;
}

static void make_busy(struct plan_options *options, struct zp_memory_range *ranges,
                      struct zp_machine *machine)
{
    struct zp_request *request = &options->request.request;
    for (size_t i = 0; i < options->busy_count; i++)
        machine->range_count =
            mark_busy(ranges, machine->range_count, options->busy[i].start, options->busy[i].end);
    if (options->busy_count) {
        request->flags |= ZP_REQUEST_DEFER;
        request->trampoline_size = TRAMPOLINE_SIZE;
    }
}

static int write_svg(const struct zp_plan *plan, const struct plan_options *options, const char *image_name)
{
    struct zp_memory_source memory;
    char *drawing = NULL;
    size_t size = 0;
    int code = CLI_NO;
    FILE *stream = open_memstream(&drawing, &size);
    if (stream)
        cli_plan_svg(plan, image_name, options->request.ram_size, stream);
    if (stream && fclose(stream) == 0) {
        zp_memory_source_init(&memory, drawing, size);
        code = cli_output_copy(options->svg_name, &memory.source, options->svg_name, 0, size);
    } else
        cli_error_errno(options->svg_name, ENOMEM);
    free(drawing);
    return code;
}

/* Whose fault it is: an empty initrd has a name of its own, all else is inside the image. */
static int refuse(const struct plan_options *options, const char *inside, int status,
                  const struct zp_error *error)
{
    const struct cli_request *request = &options->request;
    const char *initrd =
        status == ZP_ERR_INITRD_EMPTY ? cli_request_module_name(request, error->value) : NULL;
    return initrd ? cli_refuse(options->json, initrd, status, error)
                  : cli_refuse_inside(options->json, request->image_name, inside, status, error);
}

static int show(const struct zp_choice *choice, const struct plan_options *options)
{
    const struct cli_request *request = &options->request;
    const struct zp_plan *plan = &choice->made.plan;
    struct cli_plan_about about = {
        .ram_size = request->ram_size,
        .opened = &request->opened,
        .choice = choice,
        .share_pages = request->share_pages,
        .copies = request->engine == ZP_ENGINE_QEMU,
    };
    struct zp_error error;
    int status = zp_plan_sharing(plan, &about.sharing, &error);
    if (status != 0)
        return cli_refuse_inside(options->json, request->image_name, choice->inside, status, &error);
    int code = CLI_DONE;
    char *name = cli_escape_copy(request->image_name);
    char *cmdline = request->uki_cmdline ? cli_escape_copy(request->uki_cmdline) : NULL;
    about.image_name = name;
    about.uki_cmdline = cmdline;
    if (options->svg_name)
        code = write_svg(plan, options, name);
    if (options->json)
        cli_json_print(cli_plan_json(plan, &about));
    else if (!options->svg_name)
        cli_plan_table(plan, &about);
    free(cmdline);
    free(name);
    return cli_finish(code);
}

static int plan_image(struct plan_options *options)
{
    struct cli_request *request = &options->request;
    struct zp_error error;
    struct zp_pc pc;
    struct zp_acpi acpi;
    struct zp_acpi_hardware hardware;
    /* Marking splits a range or two, and passes over others whole. */
    struct zp_memory_range ranges[ZP_PC_RANGE_COUNT + 2 * BUSY_MAX];
    struct zp_machine machine;
    struct zp_choice choice;

    describe_pc(options, &pc, &hardware);
    int status = zp_machine_pc(&pc, ranges, ZP_PC_RANGE_COUNT, &machine, &error);
    if (status != 0)
        return cli_refuse(options->json, request->image_name, status, &error);
    make_busy(options, ranges, &machine);
    if (!request->no_acpi)
        zp_acpi_blob(&acpi, &hardware, &request->zp_blobs[request->request.blob_count++]);
    status = zp_choice_make(&choice, &request->opened, request->direct, &machine, &request->request,
                            &request->opening, &error);
    cli_request_say_cache(request);
    int code = status ? refuse(options, choice.inside, status, &error) : show(&choice, options);
    zp_choice_free(&choice);
    return code;
}

int cli_plan(int argc, char **argv)
{
    struct plan_options options = {.json = false};
    cli_request_init(&options.request, CLI_SEED_NONE, CLI_KASLR_OFF);
    cli_options(&plan_argp, argc, argv, 0, &options);

    int code = cli_request_open(&options.request, options.json);
    if (code == CLI_DONE)
        code = plan_image(&options);
    cli_request_close(&options.request);
    return code;
}
