/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boots an image as `zeropage run` does, but for one deliberate error: the engine's PC, ACPI tables, the
 * choice and the plan, guest RAM, the load, the engine. A copy of the plan gets the error's CPU state before
 * the engine sees it; guest memory is spoiled when it is loaded. The guest's serial port is stdout; `control`
 * spoils nothing.
 *
 *     spoil --engine kvm|qemu --protocol NAME --error NAME [--initrd FILE] [--cmdline-file FILE]
 *           [--trace-file FILE] IMAGE
 *     spoil --list    one line for each: protocol, error, and the engine that alone can do it
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "spoil.h"
#include "trace.h"
#include "vmm.h"

#define CMDLINE_MAX     4096
#define TIMEOUT_SECONDS 50

static const struct spoil_error control = {.name = "control", .protocols = SPOIL_ALL};

static const struct spoil_error *const tables[] = {spoil_cpu_errors, spoil_any_errors, spoil_linux_errors,
                                                   spoil_pvh_errors, spoil_multiboot_errors};

struct story {
    const struct spoil_error *error;
    struct cli_trace trace; /* as `run --trace handoff` has it */
    struct zp_opened_image opened;
    struct zp_file initrd;
    struct zp_module module;
    char cmdline[CMDLINE_MAX];
    struct zp_vm_config config;
    struct zp_pc pc;
    struct zp_memory_range ranges[ZP_PC_RANGE_COUNT];
    struct zp_machine machine;
    struct zp_acpi acpi;
    struct zp_blob blob;
    struct zp_choice choice;
    struct zp_plan plan; /* the copy */
    struct zp_ram ram;
};

/* For trace.c, which is the command's. */
void cli_error_errno(const char *name, int number)
{
    fprintf(stderr, "spoil: %s: %s\n", name, strerror(number));
}

static int list(void)
{
    for (uint32_t protocol = 1; protocol < ZP_PROTOCOL_COUNT; protocol++)
        for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
            for (const struct spoil_error *error = tables[t]; error->name; error++)
                if (error->protocols & 1u << protocol)
                    printf("%s %s %s\n", zp_protocol_name(protocol), error->name,
                           error->only ? error->only : "");
    return 0;
}

static uint32_t find_protocol(const char *name)
{
    for (uint32_t protocol = 1; protocol < ZP_PROTOCOL_COUNT; protocol++)
        if (strcmp(name, zp_protocol_name(protocol)) == 0)
            return protocol;
    fprintf(stderr, "spoil: --protocol %s: not known\n", name);
    exit(2);
}

static const struct spoil_error *find_error(const char *name, uint32_t protocol)
{
    if (strcmp(name, control.name) == 0)
        return &control;
    for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
        for (const struct spoil_error *error = tables[t]; error->name; error++)
            if (strcmp(name, error->name) == 0 && error->protocols & 1u << protocol)
                return error;
    fprintf(stderr, "spoil: --error %s: not one of %s\n", name, zp_protocol_name(protocol));
    exit(2);
}

static int fail(const char *what, const struct zp_error *error)
{
    char text[512];

    fprintf(stderr, "spoil: %s\n",
            error && error->code ? zp_error_explain(error, what, text, sizeof(text)) : what);
    return -1;
}

static int read_cmdline(struct story *story, const char *name)
{
    FILE *file = fopen(name, "r");
    size_t length;

    if (!file)
        return fail(name, NULL);
    length = fread(story->cmdline, 1, sizeof(story->cmdline) - 1, file);
    fclose(file);
    while (length && story->cmdline[length - 1] == '\n')
        length--;
    story->cmdline[length] = 0;
    return 0;
}

static int open_files(struct story *story, const char *image, const char *initrd, const char *cmdline)
{
    struct zp_error error = {.code = 0};

    if (cmdline && read_cmdline(story, cmdline) != 0)
        return -1;
    if (zp_opened_image_open(&story->opened, image, NULL, &error) != 0)
        return fail(image, &error);
    if (!initrd)
        return 0;
    if (zp_file_open(&story->initrd, initrd) != 0)
        return fail(initrd, NULL);
    story->module.source = &story->initrd.source;
    return 0;
}

/* As zp_vm_run has it. */
static int make_plan(struct story *story, const struct zp_engine *engine)
{
    static const unsigned char seed[32] = "as random as a test may be";
    struct zp_acpi_hardware hardware = {.cpus = 1};
    struct zp_request *request = &story->config.request;
    struct zp_error error = {.code = 0};

    engine->pc(&story->config, &story->pc, &hardware);
    if (zp_machine_pc(&story->pc, story->ranges, ZP_PC_RANGE_COUNT, &story->machine, &error) != 0)
        return fail("machine", &error);
    zp_acpi_blob(&story->acpi, &hardware, &story->blob);
    request->blobs = &story->blob;
    request->blob_count = 1;
    request->cmdline = story->cmdline;
    request->cmdline_length = strlen(story->cmdline);
    request->modules = &story->module;
    request->module_count = story->module.source ? 1 : 0;
    request->entropy = seed;
    request->entropy_length = sizeof(seed);
    if (zp_choice_make(&story->choice, &story->opened, ZP_DIRECT_OFF, &story->machine, request, NULL,
                       &error) != 0)
        return fail("plan", &error);
    story->plan = story->choice.made.plan;
    return 0;
}

/* The load is of the plan as it should be. */
static int load(void *context)
{
    struct story *story = context;
    struct spoil_boot boot = {&story->plan, &story->ram.guest};
    struct zp_error error;

    if (zp_load(&story->choice.made.plan, &story->ram.guest, &error) != ZP_OK)
        return fail("load", &error);
    if (story->error->memory)
        story->error->memory(&boot);
    return 0;
}

static int run(struct story *story, const struct zp_engine *engine)
{
    struct zp_vm vm = {&story->config, &story->plan, &story->ram, load, story};
    struct spoil_boot boot = {&story->plan, NULL};
    struct zp_vm_result result = {.end = ZP_VM_FAILED};
    int failed;

    if (make_plan(story, engine) != 0)
        return -1;
    if (story->error->state)
        story->error->state(&boot);
    failed = engine->shares_ram ? zp_ram_map(&story->pc, &story->ram)
                                : zp_ram_map_private(&story->pc, &story->ram);
    if (failed)
        return -1;
    failed = engine->run(&vm, &result);
    zp_ram_unmap(&story->ram);
    zp_choice_free(&story->choice);
    return failed;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"engine", required_argument, NULL, 'e'},
        {"protocol", required_argument, NULL, 'p'},
        {"error", required_argument, NULL, 'x'},
        {"initrd", required_argument, NULL, 'i'},
        {"cmdline-file", required_argument, NULL, 'c'},
        {"trace-file", required_argument, NULL, 't'},
        {"list", no_argument, NULL, 'l'},
        {0},
    };
    static struct story story;
    const char *engine = "qemu", *protocol = "", *error = "control", *initrd = NULL, *cmdline = NULL,
               *trace = NULL;
    int option, failed;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'e': engine = optarg; break;
        case 'p': protocol = optarg; break;
        case 'x': error = optarg; break;
        case 'i': initrd = optarg; break;
        case 'c': cmdline = optarg; break;
        case 't': trace = optarg; break;
        case 'l': return list();
        default: return 2;
        }
    }
    if (optind + 1 != argc) {
        fail("one image, please", NULL);
        return 2;
    }
    story.config = (struct zp_vm_config){
        .opened = &story.opened,
        .image_name = argv[optind],
        .direct = ZP_DIRECT_OFF,
        .request = {.struct_size = sizeof(struct zp_request), .protocol = find_protocol(protocol)},
        .ram_size = SPOIL_RAM,
        .cpus = 1,
        .no_reboot = true,
        .timeout_seconds = TIMEOUT_SECONDS,
        .quiet = true,
    };
    story.error = find_error(error, story.config.request.protocol);
    if (trace) {
        if (cli_trace_open(&story.trace, trace) != CLI_DONE)
            return 1;
        story.config.entered = cli_trace_entered;
        story.config.entered_context = &story.trace;
    }
    failed = open_files(&story, argv[optind], initrd, cmdline);
    if (!failed)
        failed = run(&story, strcmp(engine, "kvm") == 0 ? &zp_engine_kvm : &zp_engine_qemu);
    cli_trace_close(&story.trace);
    zp_file_close(&story.initrd);
    zp_opened_image_close(&story.opened);
    return failed ? 1 : 0;
}
