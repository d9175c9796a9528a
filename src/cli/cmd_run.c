/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zeropage run: turns the command line into a zp_vm_config, has the VMM run it and turns the guest's end
 * into an exit code: 0 when it powered off or reset or the user left, 1 when it died or never ran.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "request.h"
#include "trace.h"

enum {
    KEY_DISK = 0x300,
    KEY_NET,
    KEY_GDB,
    KEY_TIMEOUT,
    KEY_SILENCE,
    KEY_QUIET,
    KEY_TRACE,
    KEY_TRACE_FILE
};

#define SILENCE_DEFAULT 10u
#define SECONDS_MAX     86400u

struct run_options {
    struct cli_request request;
    struct zp_vm_config config;
    const char **disks;
    const char **qemu_arguments;
    const char **module_names;
    bool wants_trace;
    const char *trace_file;
    struct cli_trace trace;
};

static void take_argument(struct run_options *options, const struct argp_state *state, const char *argument)
{
    if (!options->request.image_name) {
        options->request.image_name = argument;
        return;
    }
    if (state->quoted == 0)
        cli_usage(state, "one image at a time: '%s' is too many (QEMU's arguments come after --)", argument);
    size_t count = options->config.qemu_argument_count++;
    options->qemu_arguments = cli_grow(options->qemu_arguments, count + 1, sizeof *options->qemu_arguments);
    options->qemu_arguments[count] = argument;
}

static error_t parse_run(int key, char *argument, struct argp_state *state)
{
    struct run_options *options = state->input;
    struct zp_vm_config *config = &options->config;
    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &options->request; return 0;
    case KEY_DISK:
        options->disks = cli_grow(options->disks, config->disk_count + 1, sizeof *options->disks);
        options->disks[config->disk_count++] = argument;
        return 0;
    case KEY_NET:
        if (strcmp(argument, "user") != 0)
            cli_usage(state, "--net %s: not 'user'", argument);
        config->net_user = true;
        return 0;
    case KEY_GDB: config->gdb_port = cli_request_number(state, "--gdb", argument, 1, 65535); return 0;
    case KEY_TIMEOUT:
        config->timeout_seconds = cli_request_number(state, "--timeout", argument, 0, SECONDS_MAX);
        return 0;
    case KEY_SILENCE:
        config->silent_seconds = cli_request_number(state, "--silence", argument, 0, SECONDS_MAX);
        return 0;
    case KEY_QUIET: config->quiet = true; return 0;
    case KEY_TRACE:
        if (strcmp(argument, "handoff") != 0)
            cli_usage(state, "--trace %s: not 'handoff'", argument);
        options->wants_trace = true;
        return 0;
    case KEY_TRACE_FILE: options->trace_file = argument; return 0;
    case ARGP_KEY_ARG: take_argument(options, state, argument); return 0;
    case ARGP_KEY_END:
        if (!options->request.image_name)
            cli_usage(state, "no image given");
        if (options->trace_file && !options->wants_trace)
            cli_usage(state, "--trace-file %s: wants --trace handoff", options->trace_file);
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp_option argp_options[] = {
    {"disk", KEY_DISK, "FILE", 0, "A disk (qemu); again for more", 4},
    {"net", KEY_NET, "user", 0, "A network card (qemu)", 4},
    {"gdb", KEY_GDB, "PORT", 0, "Wait at the entry for gdb on 127.0.0.1", 4},
    {"timeout", KEY_TIMEOUT, "SECONDS", 0, "End the run after so long", 4},
    {"silence", KEY_SILENCE, "SECONDS", 0, "Explain a mute guest (default 10; 0 never)", 4},
    {"quiet", KEY_QUIET, NULL, 0, "No messages but errors", 4},
    {"trace", KEY_TRACE, "handoff", OPTION_HIDDEN, "", 4},
    {"trace-file", KEY_TRACE_FILE, "FILE", OPTION_HIDDEN, "", 4},
    {0},
};

static const struct argp_child children[] = {
    {&cli_request_argp, 0, NULL, 0},
    {&cli_common_argp, 0, NULL, 0},
    {0},
};

static const struct argp run_argp = {
    argp_options,
    parse_run,
    "IMAGE [-- QEMU-ARGUMENTS]",
    "Boots IMAGE; its serial port is this terminal, Ctrl-A X leaves. The manual has\n"
    "more options, such as --module, --share-pages, --setup-data and --trace.",
    children,
    NULL,
    NULL,
};

/* The engine has explained a death at length; this is the last line, and the exit code. */
static int report_end(const char *name, const struct zp_vm_result *result)
{
    const char *how = NULL;
    switch (result->end) {
    case ZP_VM_POWERED_OFF:
    case ZP_VM_RESET:
    case ZP_VM_STOPPED: return CLI_DONE;
    case ZP_VM_TRIPLE_FAULT: how = "the guest died by a triple fault"; break;
    case ZP_VM_TIMEOUT: how = "the guest was still running when its time was over"; break;
    case ZP_VM_HALTED: how = "the guest halted for good, with interrupts off"; break;
    case ZP_VM_FAILED: return CLI_NO;
    }
    char *safe = cli_escape_copy(name);
    cli_error("%s: %s", safe, how ? how : "the guest ended in an unknown way");
    free(safe);
    return CLI_NO;
}

/* What the image itself brings to the boot, and a person did not write. */
static void say_uki(const struct run_options *options)
{
    const struct cli_request *request = &options->request;
    const struct zp_file *parts = request->opened.uki.parts;
    char size[32];
    if (options->config.quiet || !request->opened.uki.present)
        return;
    char *name = cli_escape_copy(request->image_name);
    for (int i = ZP_UKI_UCODE; i <= ZP_UKI_INITRD; i++)
        if (parts[i].name)
            cli_error("%s: with its own %s, %s", name, zp_uki_part_name((enum zp_uki_part)i),
                      zp_size_format(parts[i].source.size, size, sizeof size));
    if (request->uki_cmdline) {
        char *cmdline = cli_escape_copy(request->uki_cmdline);
        cli_error("%s: with its own command line: %s", name, cmdline);
        free(cmdline);
    }
    free(name);
}

static int run_image(struct run_options *options)
{
    struct cli_request *request = &options->request;
    struct zp_vm_config *config = &options->config;
    struct zp_vm_result result;
    config->opened = &request->opened;
    config->image_name = request->image_name;
    config->direct = request->direct;
    config->opening = &request->opening;
    config->share_pages = request->share_pages;
    config->kaslr_asked = request->kaslr_asked;
    config->seed_asked = request->seed_asked;
    config->request = request->request;
    if (request->seed == CLI_SEED_NONE)
        config->request.entropy = ""; /* of length 0: none, and none of the VMM's either */
    config->ram_size = request->ram_size;
    config->cpus = request->cpus;
    config->engine = request->engine;
    config->no_acpi = request->no_acpi;
    config->no_reboot = true;
    config->disks = options->disks;
    config->qemu_arguments = options->qemu_arguments;
    options->module_names = cli_grow(NULL, request->request.module_count, sizeof *options->module_names);
    for (size_t i = 0; i < request->request.module_count; i++)
        options->module_names[i] = cli_request_module_name(request, i);
    config->module_names = options->module_names;
    memset(&result, 0, sizeof result);
    if (options->wants_trace) {
        if (cli_trace_open(&options->trace, options->trace_file) != CLI_DONE)
            return CLI_NO;
        config->entered = cli_trace_entered;
        config->entered_context = &options->trace;
    }
    say_uki(options);
    int status = zp_vm_run(config, &result);
    cli_trace_close(&options->trace);
    return status == 0 ? report_end(request->image_name, &result) : CLI_NO;
}

int cli_run(int argc, char **argv)
{
    struct run_options options = {.config = {.silent_seconds = SILENCE_DEFAULT}};
    cli_request_init(&options.request, CLI_SEED_AUTO, CLI_KASLR_AUTO);
    /* In order, so that the image is told from what comes after --. */
    cli_options(&run_argp, argc, argv, ARGP_IN_ORDER, &options);
    if (options.config.gdb_port && !options.request.kaslr_asked)
        options.request.kaslr = CLI_KASLR_OFF; /* symbols stand where the file says */

    if (options.config.quiet)
        options.request.no_progress = true;
    int code = cli_request_open(&options.request, false);
    if (code == CLI_DONE)
        code = run_image(&options);
    cli_request_close(&options.request);
    free(options.disks);
    free(options.qemu_arguments);
    free(options.module_names);
    return code;
}
