/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The request options of `plan` and `run`. Everything that can be judged from the command line alone is a
 * usage error; files are opened afterwards, in the order in which they were named, and a file that cannot
 * be read is the machine's no.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <zeropage/machine.h>
#include <zeropage/wire/bootparam.h>

#include "request.h"

enum {
    KEY_MEMORY = 0x100,
    KEY_INITRD,
    KEY_CMDLINE,
    KEY_PROTOCOL,
    KEY_SMP,
    KEY_ENGINE,
    KEY_PIN,
    KEY_SEED,
    KEY_MODULE,
    KEY_NO_ACPI,
    KEY_SUBARCH,
    KEY_SUBARCH_DATA,
    KEY_KEEP_SEGMENTS,
    KEY_QUIET_KERNEL,
    KEY_SETUP_DATA,
    KEY_DIRECT,
    KEY_KASLR,
    KEY_CACHE,
    KEY_CACHE_SIZE,
    KEY_SHARE_PAGES
};

#define CPUS_MAX           255u /* local APIC ids of 8 bits, 255 being all */
#define AUTO_ENTROPY_BYTES 32u
#define GIB                (UINT64_C(1) << 30)
#define RAM_MAX            ((UINT64_C(1) << ZP_PHYSICAL_BITS_MAX) - 4 * GIB) /* leaves room for the hole */

void cli_request_init(struct cli_request *request, enum cli_seed seed, enum cli_kaslr kaslr)
{
    memset(request, 0, sizeof *request);
    request->ram_size = CLI_RAM_SIZE_DEFAULT;
    request->cpus = 1;
    request->seed = seed;
    request->kaslr = kaslr;
    request->cache_size = CLI_CACHE_SIZE_DEFAULT;
    request->request.struct_size = sizeof request->request;
}

uint64_t cli_request_size(const struct argp_state *state, const char *option, const char *text)
{
    uint64_t size;
    if (!zp_size_parse(text, &size))
        cli_usage(state, "%s %s: not a number of bytes such as 512M, 2G or 0x4000000", option, text);
    return size;
}

uint32_t cli_request_number(const struct argp_state *state, const char *option, const char *text,
                            uint32_t least, uint32_t most)
{
    uint64_t number = 0;
    const char *at = text;
    while (*at >= '0' && *at <= '9' && number <= UINT32_MAX)
        number = number * 10 + (uint64_t)(*at++ - '0');
    if (at == text || *at != '\0' || number < least || number > most)
        cli_usage(state, "%s %s: not a number from %" PRIu32 " to %" PRIu32, option, text, least, most);
    return (uint32_t)number;
}

static void take_ram_size(struct cli_request *request, const struct argp_state *state, const char *text)
{
    uint64_t size = cli_request_size(state, "-m", text);
    if (size < UINT64_C(1) << 20) {
        bool bare = text[strspn(text, "0123456789")] == '\0';
        if (bare && size >= 1)
            cli_usage(state, "-m %s: %" PRIu64 " bytes are less than 1 MiB; did you mean -m %sM?", text, size,
                      text);
        cli_usage(state, "-m %s: a machine has at least 1 MiB of RAM", text);
    }
    if (size > RAM_MAX)
        cli_usage(state, "-m %s: more than a PC can address (4 PiB less 4 GiB)", text);
    if (size % 4096 != 0)
        cli_usage(state, "-m %s: not a multiple of 4096 bytes", text);
    request->ram_size = size;
}

static void take_protocol(struct cli_request *request, const struct argp_state *state, const char *text)
{
    char names[256] = "auto";
    int protocol = zp_protocol_by_name(text);
    if (protocol >= 0) {
        request->request.protocol = (uint32_t)protocol;
        return;
    }
    for (uint32_t i = 1; i < ZP_PROTOCOL_COUNT; i++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, ", %s", zp_protocol_name(i));
    }
    cli_usage(state, "--protocol %s: not one of %s", text, names);
}

static void take_engine(struct cli_request *request, const struct argp_state *state, const char *text)
{
    if (strcmp(text, "auto") == 0)
        request->engine = ZP_ENGINE_AUTO;
    else if (strcmp(text, "kvm") == 0)
        request->engine = ZP_ENGINE_KVM;
    else if (strcmp(text, "qemu") == 0)
        request->engine = ZP_ENGINE_QEMU;
    else
        cli_usage(state, "--engine %s: not one of auto, kvm, qemu", text);
}

/* KIND=ADDRESS or KIND[INDEX]=ADDRESS. */
static void take_pin(struct cli_request *request, const struct argp_state *state, char *text)
{
    struct zp_pin pin = {0};
    char kind[32];
    int used = 0;
    if (sscanf(text, "%31[a-zA-Z0-9_]%n", kind, &used) != 1)
        cli_usage(state, "--pin %s: not KIND=ADDRESS", text);
    const char *at = text + used;
    if (*at == '[') {
        int more = 0;
        if (sscanf(at, "[%4" SCNu32 "]%n", &pin.index, &more) != 1 || more == 0)
            cli_usage(state, "--pin %s: not KIND[INDEX]=ADDRESS", text);
        at += more;
    }
    if (*at++ != '=')
        cli_usage(state, "--pin %s: not KIND=ADDRESS", text);
    for (uint32_t i = 1; i < ZP_SPAN_KIND_COUNT; i++)
        if (strcmp(kind, zp_span_kind_name(i)) == 0)
            pin.kind = i;
    if (pin.kind == 0)
        cli_usage(state, "--pin %s: '%s' is no kind of span; zeropage-plan(1) lists them", text, kind);
    if (!zp_size_parse(at, &pin.start.value))
        cli_usage(state, "--pin %s: '%s' is no address", text, at);
    request->pins = cli_grow(request->pins, request->pin_count + 1, sizeof pin);
    request->pins[request->pin_count++] = pin;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void take_seed(struct cli_request *request, const struct argp_state *state, const char *text)
{
    request->seed_asked = strcmp(text, "none") != 0;
    if (strcmp(text, "none") == 0 || strcmp(text, "auto") == 0) {
        request->seed = text[0] == 'n' ? CLI_SEED_NONE : CLI_SEED_AUTO;
        return;
    }
    size_t length = strlen(text);
    if (length == 0 || length % 2 != 0)
        cli_usage(state, "--seed %s: not auto, none or pairs of hex digits", text);
    request->entropy = cli_grow(request->entropy, length / 2, 1);
    for (size_t i = 0; i < length; i += 2) {
        int high = hex_digit(text[i]);
        int low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0)
            cli_usage(state, "--seed %s: not auto, none or pairs of hex digits", text);
        request->entropy[i / 2] = (unsigned char)(high << 4 | low);
    }
    request->entropy_length = length / 2;
    request->seed = CLI_SEED_GIVEN;
}

static void take_direct(struct cli_request *request, const struct argp_state *state, const char *text)
{
    if (strcmp(text, "auto") == 0)
        request->direct = ZP_DIRECT_AUTO;
    else if (strcmp(text, "on") == 0)
        request->direct = ZP_DIRECT_ON;
    else if (strcmp(text, "off") == 0)
        request->direct = ZP_DIRECT_OFF;
    else
        cli_usage(state, "--direct %s: not one of auto, on, off", text);
}

/* A seed is a number without a unit. */
static void take_kaslr(struct cli_request *request, const struct argp_state *state, const char *text)
{
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = hex ? text + 2 : text;
    request->kaslr_asked = strcmp(text, "off") != 0;
    if (strcmp(text, "auto") == 0 || strcmp(text, "off") == 0) {
        request->kaslr = text[0] == 'a' ? CLI_KASLR_AUTO : CLI_KASLR_OFF;
        return;
    }
    if (digits[strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789")] != '\0' ||
        !zp_size_parse(text, &request->kaslr_seed))
        cli_usage(state, "--kaslr %s: not auto, off or a number of 64 bits", text);
    request->kaslr = CLI_KASLR_GIVEN;
}

static void add_module(struct cli_request *request, char *name, char *cmdline)
{
    struct cli_module module = {.name = name, .cmdline = cmdline};
    request->modules = cli_grow(request->modules, request->module_count + 1, sizeof module);
    request->modules[request->module_count++] = module;
}

/* FILE[:ARGUMENTS], split at the first colon. */
static void take_module(struct cli_request *request, char *text)
{
    char *colon = strchr(text, ':');
    if (colon)
        *colon++ = '\0';
    add_module(request, text, colon);
}

/* TYPE:FILE, the type as a number or by the specification's name. */
static void take_setup_data(struct cli_request *request, const struct argp_state *state, char *text)
{
    static const char *const names[] = {
        [ZP_SETUP_DTB] = "dtb",
        [ZP_SETUP_PCI] = "pci",
        [ZP_SETUP_EFI] = "efi",
        [ZP_SETUP_APPLE_PROPERTIES] = "apple_properties",
        [ZP_SETUP_JAILHOUSE] = "jailhouse",
        [ZP_SETUP_CC_BLOB] = "cc_blob",
        [ZP_SETUP_IMA] = "ima",
        [ZP_SETUP_RNG_SEED] = "rng_seed",
        [ZP_SETUP_KEXEC_KHO] = "kexec_kho",
    };
    struct cli_setup_data node = {0};
    char *colon = strchr(text, ':');
    if (!colon)
        cli_usage(state, "--setup-data %s: not TYPE:FILE", text);
    *colon = '\0';
    node.name = colon + 1;
    for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i] && strcmp(text, names[i]) == 0)
            node.type = i;
    uint64_t number = 0;
    if (node.type == 0 && (!zp_size_parse(text, &number) || number == 0 || number > UINT32_MAX))
        cli_usage(state, "--setup-data %s: no type of setup_data; a number, dtb, rng_seed, ...", text);
    if (node.type == 0)
        node.type = (uint32_t)number;
    request->setup_data =
        cli_grow(request->setup_data, request->setup_data_count + 1, sizeof *request->setup_data);
    request->setup_data[request->setup_data_count++] = node;
}

static error_t parse_rare(int key, char *argument, struct argp_state *state)
{
    struct cli_request *request = state->input;
    uint64_t number;
    switch (key) {
    case KEY_SUBARCH:
        request->request.hardware_subarch =
            cli_request_number(state, "--subarch", argument, 0, UINT32_MAX - 1);
        return 0;
    case KEY_SUBARCH_DATA:
        if (!zp_size_parse(argument, &number))
            cli_usage(state, "--subarch-data %s: not a number", argument);
        request->request.hardware_subarch_data = number;
        return 0;
    case KEY_KEEP_SEGMENTS: request->request.flags |= ZP_REQUEST_KEEP_SEGMENTS; return 0;
    case KEY_QUIET_KERNEL: request->request.flags |= ZP_REQUEST_QUIET; return 0;
    case KEY_SETUP_DATA: take_setup_data(request, state, argument); return 0;
    case KEY_CACHE: request->cache_name = argument; return 0;
    case KEY_CACHE_SIZE:
        request->cache_size = cli_request_size(state, "--cache-size", argument);
        request->has_cache_size = true;
        return 0;
    case KEY_SHARE_PAGES: request->share_pages = true; return 0;
    case ARGP_KEY_END:
        if (request->has_cache_size && !request->cache_name)
            cli_usage(state, "--cache-size without --cache");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static error_t parse_request(int key, char *argument, struct argp_state *state)
{
    struct cli_request *request = state->input;
    switch (key) {
    case 'm':
    case KEY_MEMORY: take_ram_size(request, state, argument); return 0;
    case KEY_INITRD: add_module(request, argument, NULL); return 0;
    case KEY_CMDLINE:
        request->request.cmdline = argument;
        request->request.cmdline_length = strlen(argument);
        return 0;
    case KEY_PROTOCOL: take_protocol(request, state, argument); return 0;
    case KEY_SMP: request->cpus = cli_request_number(state, "--smp", argument, 1, CPUS_MAX); return 0;
    case KEY_ENGINE: take_engine(request, state, argument); return 0;
    case KEY_PIN: take_pin(request, state, argument); return 0;
    case KEY_SEED: take_seed(request, state, argument); return 0;
    case KEY_MODULE: take_module(request, argument); return 0;
    case KEY_NO_ACPI: request->no_acpi = true; return 0;
    case KEY_DIRECT: take_direct(request, state, argument); return 0;
    case KEY_KASLR: take_kaslr(request, state, argument); return 0;
    }
    return parse_rare(key, argument, state);
}

static const struct argp_option options[] = {
    {"initrd", KEY_INITRD, "FILE", 0, "Initial RAM disk; again for more of it", 1},
    {"cmdline", KEY_CMDLINE, "TEXT", 0, "The kernel's command line", 1},
    {NULL, 'm', "SIZE", 0, "RAM, such as 2G (default 512M)", 1},
    {"memory", KEY_MEMORY, "SIZE", OPTION_HIDDEN, NULL, 1},
    {"smp", KEY_SMP, "N", 0, "CPUs (default 1)", 1},
    {"protocol", KEY_PROTOCOL, "NAME", 0, "linux64, linux32, pvh, multiboot1 or -2", 1},
    {"engine", KEY_ENGINE, "NAME", 0, "auto, kvm or qemu", 1},
    {"cache", KEY_CACHE, "DIR", 0, "Keep unpacked kernels there", 2},
    {"direct", KEY_DIRECT, "auto|on|off", 0, "Boot the ELF inside a bzImage", 2},
    {"kaslr", KEY_KASLR, "auto|off|N", 0, "Random bases, or those of seed N", 2},
    {"module", KEY_MODULE, "FILE[:ARGS]", OPTION_HIDDEN, "Boot module with a line of its own", 2},
    {"pin", KEY_PIN, "KIND[N]=ADDR", 0, "Put a span at this address", 2},
    {"seed", KEY_SEED, "HEX", 0, "Entropy for the guest; or auto, none", 2},
    {"no-acpi", KEY_NO_ACPI, NULL, 0, "Give no ACPI tables", 2},
    {"subarch", KEY_SUBARCH, "N", OPTION_HIDDEN, NULL, 3},
    {"subarch-data", KEY_SUBARCH_DATA, "N", OPTION_HIDDEN, NULL, 3},
    {"keep-segments", KEY_KEEP_SEGMENTS, NULL, OPTION_HIDDEN, NULL, 3},
    {"quiet-kernel", KEY_QUIET_KERNEL, NULL, OPTION_HIDDEN, NULL, 3},
    {"setup-data", KEY_SETUP_DATA, "TYPE:FILE", OPTION_HIDDEN, NULL, 3},
    {"cache-size", KEY_CACHE_SIZE, "SIZE", OPTION_HIDDEN, NULL, 3},
    {"share-pages", KEY_SHARE_PAGES, NULL, OPTION_HIDDEN, NULL, 3},
    {0},
};

const struct argp cli_request_argp = {options, parse_request, NULL, NULL, NULL, NULL, NULL};

static int fill_from_file(void *context, zp_gpa self, void *buffer, uint64_t size)
{
    const struct zp_source *source = context;
    (void)self;
    return source->read(source->context, 0, buffer, (size_t)size);
}

/* The UKI's own initrds: microcode first, then .initrd; the user's files follow. */
static size_t take_uki_modules(struct cli_request *request)
{
    static const enum zp_uki_part parts[] = {ZP_UKI_UCODE, ZP_UKI_INITRD};
    size_t count = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const struct zp_file *part = &request->opened.uki.parts[parts[i]];
        if (part->name)
            request->zp_modules[count++] = (struct zp_module){.source = &part->source};
    }
    return count;
}

static int open_modules(struct cli_request *request, bool json)
{
    request->zp_modules =
        cli_grow(NULL, request->module_count + ZP_UKI_PART_COUNT, sizeof *request->zp_modules);
    size_t count = take_uki_modules(request);
    for (size_t i = 0; i < request->module_count; i++) {
        struct cli_module *module = &request->modules[i];
        int status = zp_file_open(&module->file, module->name);
        if (status != 0)
            return cli_refuse(json, module->name, status, NULL);
        request->zp_modules[count++] = (struct zp_module){
            .source = &module->file.source,
            .cmdline = module->cmdline,
            .cmdline_length = module->cmdline ? strlen(module->cmdline) : 0,
        };
    }
    request->request.modules = request->zp_modules;
    request->request.module_count = count;
    return 0;
}

static int open_setup_data(struct cli_request *request, bool json)
{
    request->zp_blobs = cli_grow(NULL, request->setup_data_count + 1, sizeof *request->zp_blobs);
    for (size_t i = 0; i < request->setup_data_count; i++) {
        struct cli_setup_data *node = &request->setup_data[i];
        int status = zp_file_open(&node->file, node->name);
        if (status != 0)
            return cli_refuse(json, node->name, status, NULL);
        request->zp_blobs[i] = (struct zp_blob){
            .size = node->file.source.size,
            .align = 8,
            .role = ZP_BLOB_SETUP_DATA,
            .setup_data_type = node->type,
            .fill = fill_from_file,
            .context = &node->file.source,
        };
    }
    request->request.blobs = request->zp_blobs;
    request->request.blob_count = request->setup_data_count;
    return 0;
}

static int draw_seed(struct cli_request *request, bool json)
{
    if (request->seed == CLI_SEED_AUTO) {
        request->entropy = cli_grow(request->entropy, AUTO_ENTROPY_BYTES, 1);
        request->entropy_length = AUTO_ENTROPY_BYTES;
        if (getrandom(request->entropy, AUTO_ENTROPY_BYTES, 0) != AUTO_ENTROPY_BYTES)
            return cli_refuse(json, "getrandom", errno, NULL);
    }
    if (request->seed != CLI_SEED_NONE) {
        request->request.entropy = request->entropy;
        request->request.entropy_length = request->entropy_length;
    }
    return 0;
}

/* The next number of SplitMix64. The manual promises that a seed gives the same plan for ever. */
static uint64_t split_mix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static int draw_kaslr(struct cli_request *request, bool json)
{
    uint64_t bits[2];
    if (request->kaslr == CLI_KASLR_OFF)
        return 0;
    if (request->kaslr == CLI_KASLR_AUTO && getrandom(bits, sizeof bits, 0) != (ssize_t)sizeof bits)
        return cli_refuse(json, "getrandom", errno, NULL);
    if (request->kaslr == CLI_KASLR_GIVEN) {
        uint64_t state = request->kaslr_seed;
        bits[0] = split_mix(&state);
        bits[1] = split_mix(&state);
    }
    request->request.flags |= ZP_REQUEST_KASLR;
    if (request->kaslr == CLI_KASLR_AUTO)
        request->request.flags |= ZP_REQUEST_KASLR_IF_SOUND;
    request->request.kaslr_physical = bits[0];
    request->request.kaslr_virtual = bits[1];
    return 0;
}

static int open_image(struct cli_request *request, bool json)
{
    size_t length = 0;
    int status = 0;
    request->opening.limit = request->ram_size;
    if (!request->no_progress)
        cli_progress_use(&request->progress, &request->opening);
    if (request->cache_name)
        status = cli_cache_open(&request->opening.cache, request->cache_name, request->cache_size, json);
    if (status == 0)
        status = cli_image_open(&request->opened, request->image_name, &request->opening, json);
    if (status != 0 || request->request.cmdline)
        return status;
    status = cli_uki_cmdline(&request->opened, json, &request->uki_cmdline, &length);
    request->request.cmdline = request->uki_cmdline;
    request->request.cmdline_length = length;
    return status;
}

int cli_request_open(struct cli_request *request, bool json)
{
    request->request.pins = request->pins;
    request->request.pin_count = request->pin_count;
    int status = open_image(request, json);
    if (status == 0)
        status = open_modules(request, json);
    if (status == 0)
        status = open_setup_data(request, json);
    if (status == 0)
        status = draw_seed(request, json);
    return status ? status : draw_kaslr(request, json);
}

const char *cli_request_module_name(const struct cli_request *request, uint64_t number)
{
    for (size_t i = 0; i < request->module_count; i++)
        if (number < request->request.module_count &&
            request->zp_modules[number].source == &request->modules[i].file.source)
            return request->modules[i].name;
    return NULL;
}

void cli_request_say_cache(const struct cli_request *request)
{
    const char *why = zp_opened_image_cache_why(&request->opened);
    if (!why)
        return;
    char *safe = cli_escape_copy(request->cache_name);
    cli_error("%s: the cache is of no use: %s", safe, why);
    free(safe);
}

void cli_request_close(struct cli_request *request)
{
    zp_opened_image_close(&request->opened);
    zp_cache_close(request->opening.cache);
    free(request->uki_cmdline);
    for (size_t i = 0; i < request->module_count; i++)
        zp_file_close(&request->modules[i].file);
    for (size_t i = 0; i < request->setup_data_count; i++)
        zp_file_close(&request->setup_data[i].file);
    free(request->modules);
    free(request->zp_modules);
    free(request->setup_data);
    free(request->zp_blobs);
    free(request->pins);
    free(request->entropy);
}
