/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zp_vm_run, the whole story of a run in order: pick an engine, describe its PC, add ACPI tables and entropy
 * to the request, choose between a bzImage and the ELF inside and plan it, map guest RAM, and let the engine
 * have it loaded and enter. Everything that can be refused is refused before guest RAM exists; what is left
 * to fail while loading is input and output.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "host.h"
#include "qemu.h"
#include "vmm.h"

#define SEED_SIZE   32
#define TEXT_SIZE   4096
#define NAME_SIZE   (PATH_MAX + ZP_INSIDE_SIZE + 2)
#define BLOBS_EXTRA 1

#define LOAD_ANNOUNCED (UINT64_C(512) << 20) /* what an ordinary disk reads in about a second */

/* All that a run owns on its way. */
struct story {
    const struct zp_vm_config *config;
    const struct zp_engine *engine;
    struct zp_pc pc;
    struct zp_memory_range ranges[ZP_PC_RANGE_COUNT];
    struct zp_machine machine;
    struct zp_acpi acpi;
    struct zp_blob blobs[ZP_VM_BLOBS_MAX];
    unsigned char seed[SEED_SIZE];
    struct zp_request request;
    struct zp_choice choice;
    struct zp_ram ram;
};

/* KVM where it is fast, else QEMU, else KVM however slow. */
static int choose_freely(struct story *story)
{
    const struct zp_vm_config *config = story->config;
    char kvm[256], qemu[256];
    bool fast = false, ignored = false;
    bool has_kvm = zp_engine_kvm.probe(kvm, sizeof(kvm), &fast) == 0;

    story->engine = &zp_engine_kvm;
    if (!has_kvm || !fast) {
        if (zp_engine_qemu.probe(qemu, sizeof(qemu), &ignored) == 0)
            story->engine = &zp_engine_qemu;
        else if (!has_kvm) {
            zp_vm_error("no engine: %s; %s", kvm, qemu);
            return -1;
        }
    }
    zp_vm_say(config, "engine %s: %s", story->engine->name, kvm);
    return 0;
}

static int choose_engine(struct story *story)
{
    const struct zp_vm_config *config = story->config;
    char why[256];
    bool fast = false;

    if (config->engine != ZP_ENGINE_AUTO) {
        story->engine = config->engine == ZP_ENGINE_KVM ? &zp_engine_kvm : &zp_engine_qemu;
        if (story->engine->probe(why, sizeof(why), &fast) == 0) {
            zp_vm_say(config, "engine %s, as asked: %s", story->engine->name, why);
            return 0;
        }
        zp_vm_error("engine %s: %s", story->engine->name, why);
        return -1;
    }
    /* What only QEMU can honour decides without asking KVM. */
    if (config->disk_count || config->net_user || config->qemu_argument_count) {
        const char *option = config->disk_count ? "--disk"
                             : config->net_user ? "--net"
                                                : "arguments for QEMU";

        story->engine = &zp_engine_qemu;
        if (story->engine->probe(why, sizeof(why), &fast) == 0) {
            zp_vm_say(config, "engine qemu, which alone takes %s", option);
            return 0;
        }
        zp_vm_error("engine qemu, which alone takes %s: %s", option, why);
        return -1;
    }
    return choose_freely(story);
}

/* With the name of what is to blame: the image, the initrd, or nothing when the machine is. */
static void say_no(const struct zp_vm_config *config, const struct zp_error *error, const char *inside)
{
    char image_name[NAME_SIZE], text[TEXT_SIZE];
    const char *name = zp_inside_name(config->image_name, inside, image_name, sizeof(image_name));
    const char *file = NULL;

    if (error->field == ZP_FIELD_RAM || error->field == ZP_FIELD_CPUS || error->field == ZP_FIELD_RANGES)
        name = NULL;
    /* Of several files only an empty one is told by its number. */
    if (config->module_names && error->code == ZP_ERR_INITRD_EMPTY)
        file = config->module_names[error->value];
    else if (config->module_names && error->code == ZP_ERR_READ && error->field == ZP_FIELD_INITRD &&
             config->request.module_count == 1)
        file = config->module_names[0];
    if (file)
        name = file;
    zp_vm_error("%s", zp_error_explain(error, name, text, sizeof(text)));
}

/* The request as the user made it, with what a PC needs besides. */
static int make_request(struct story *story, const struct zp_acpi_hardware *hardware)
{
    const struct zp_vm_config *config = story->config;
    size_t count = config->request.blob_count;

    story->request = config->request;
    if (count + BLOBS_EXTRA > ZP_VM_BLOBS_MAX) {
        zp_vm_error("%zu blobs are more than the %d that a run takes", count, ZP_VM_BLOBS_MAX - BLOBS_EXTRA);
        return -1;
    }
    if (count)
        memcpy(story->blobs, config->request.blobs, count * sizeof(story->blobs[0]));
    if (!config->no_acpi)
        zp_acpi_blob(&story->acpi, hardware, &story->blobs[count++]);
    story->request.blobs = story->blobs;
    story->request.blob_count = count;
    /* NULL asks for entropy of ours; a length of 0 with a pointer asks for none. */
    if (!story->request.entropy &&
        getrandom(story->seed, sizeof(story->seed), 0) == (ssize_t)sizeof(story->seed)) {
        story->request.entropy = story->seed;
        story->request.entropy_length = sizeof(story->seed);
    }
    return 0;
}

/* 0 with a plan; the status of an image that only a BIOS can boot; -1 after a message. */
static int make_plan(struct story *story)
{
    const struct zp_vm_config *config = story->config;
    struct zp_acpi_hardware hardware = {.cpus = config->cpus};
    struct zp_error error = {.code = 0};
    int status;

    story->engine->pc(config, &story->pc, &hardware);
    status = zp_machine_pc(&story->pc, story->ranges, ZP_PC_RANGE_COUNT, &story->machine, &error);
    if (!status && make_request(story, &hardware) != 0)
        return -1;
    if (!status)
        status = zp_choice_make(&story->choice, config->opened, config->direct, &story->machine,
                                &story->request, config->opening, &error);
    if (status > 0)
        zp_vm_error("%s: %s", config->image_name, strerror(status));
    else if (status && status != ZP_ERR_REAL_MODE_ONLY)
        say_no(config, &error, story->choice.inside);
    return status == 0 || status == ZP_ERR_REAL_MODE_ONLY ? status : -1;
}

/* Loading reads each file once, or not at all; a person who waits is told what for. */
static void announce_load(const struct story *story)
{
    char text[32];
    uint64_t sum = 0;

    for (size_t i = 0; i < story->choice.made.plan.span_count; i++)
        sum += story->choice.made.plan.spans[i].file_size;
    if (sum >= LOAD_ANNOUNCED && isatty(STDERR_FILENO))
        zp_vm_say(story->config, "loading %s", zp_size_format(sum, text, sizeof(text)));
}

/* What became of the wish to boot the ELF inside. */
static void say_choice(const struct story *story)
{
    const struct zp_vm_config *config = story->config;
    const struct zp_choice *choice = &story->choice;
    const struct zp_inner_image *inner = &config->opened->inner;
    const struct zp_plan *plan = &choice->made.plan;
    char text[TEXT_SIZE];

    if (choice->why_not_status)
        zp_vm_say(config, "%s; it is entered by its own code",
                  zp_choice_why_not(choice, config->image_name, text, sizeof(text)));
    if (zp_opened_image_cache_why(config->opened))
        zp_vm_say(config, "the cache is of no use: %s", zp_opened_image_cache_why(config->opened));
    if (!choice->direct)
        return;
    zp_vm_say(config, "%s: the ELF inside%s, kernel at 0x%llx, _text at 0x%llx", config->image_name,
              inner->cached ? ", from the cache" : "", (unsigned long long)plan->kernel_load.value,
              (unsigned long long)plan->virtual_base);
}

/* What was asked for by an option, or is the rule, and cannot be had. */
static void say_unmet(const struct story *story)
{
    const struct zp_vm_config *config = story->config;
    const struct zp_plan *plan = &story->choice.made.plan;
    char text[TEXT_SIZE];

    for (size_t i = 0; i < plan->decision_count; i++) {
        uint32_t code = plan->decisions[i].code;
        bool spoiled = plan->decisions[i].a == ZP_KASLR_NONE_SPOILED;

        if ((code == ZP_DECISION_KASLR_NONE && (config->kaslr_asked || spoiled)) ||
            (code == ZP_DECISION_RNG_SEED_UNUSED && config->seed_asked))
            zp_vm_say(config, "%s: %s", config->image_name,
                      zp_decision_explain(&plan->decisions[i], text, sizeof(text)));
    }
    if (config->share_pages && story->engine->shares_ram)
        zp_vm_say(config, "--share-pages is of no use: the %s engine has copies of all pages",
                  story->engine->name);
}

static void say_protocol(const struct story *story)
{
    const struct zp_plan *plan = &story->choice.made.plan;
    char mapped[64] = "", size[32];

    if (story->ram.mapped_bytes)
        snprintf(mapped, sizeof(mapped), ", %s of it mapped",
                 zp_size_format(story->ram.mapped_bytes, size, sizeof(size)));
    zp_vm_say(story->config, "%s enters by %s at 0x%llx, %u CPU%s%s", story->config->image_name,
              zp_protocol_name(plan->protocol), (unsigned long long)plan->state.rip, story->config->cpus,
              story->config->cpus == 1 ? "" : "s", mapped);
}

static int load(void *context)
{
    struct story *story = context;
    struct zp_error error;

    announce_load(story);
    if (zp_load(&story->choice.made.plan, &story->ram.guest, &error) != ZP_OK) {
        say_no(story->config, &error, story->choice.inside);
        return -1;
    }
    say_protocol(story);
    return 0;
}

static int load_and_enter(struct story *story, struct zp_vm_result *ret_result)
{
    const struct zp_vm_config *config = story->config;
    struct zp_vm vm = {config, &story->choice.made.plan, &story->ram, load, story};
    int status;

    status = story->engine->shares_ram ? zp_ram_map(&story->pc, &story->ram)
                                       : zp_ram_map_private(&story->pc, &story->ram);
    if (status != 0)
        return 1;
    zp_ram_take_pages(&story->ram, config->share_pages);
    status = story->engine->run(&vm, ret_result);
    zp_ram_unmap(&story->ram);
    return status == 0 ? 0 : 1;
}

/* SeaBIOS places and QEMU hands over: what they have no way to honour must not be lost in silence. */
static int check_real_mode(const struct zp_vm_config *config)
{
    const struct zp_request *request = &config->request;
    const uint64_t cmdline_max = config->opened->image.bzimage.cmdline_max;
    const struct zp_error too_long = {.code = ZP_ERR_CMDLINE_LENGTH,
                                      .field = ZP_FIELD_CMDLINE,
                                      .offset = ZP_NO_OFFSET,
                                      .value = request->cmdline_length,
                                      .limit = cmdline_max};
    const char *option = request->module_count > 1 ? "a second initrd"
                         : request->module_count && request->modules[0].cmdline_length
                             ? "a module's arguments"
                         : request->pin_count                        ? "--pin"
                         : request->blob_count                       ? "--setup-data"
                         : request->hardware_subarch                 ? "--subarch"
                         : request->hardware_subarch_data            ? "--subarch-data"
                         : request->flags & ZP_REQUEST_KEEP_SEGMENTS ? "--keep-segments"
                         : request->flags & ZP_REQUEST_QUIET         ? "--quiet-kernel"
                         : config->no_acpi                           ? "--no-acpi"
                         : config->entered                           ? "--trace"
                                                                     : NULL;

    if (config->opened->inside[0])
        zp_vm_error(
            "%s: %s has the 16-bit entry alone, and SeaBIOS takes it as a file of its own; see `zeropage "
            "unpack`",
            config->image_name, config->opened->inside);
    else if (option)
        zp_vm_error("%s: SeaBIOS, which boots the 16-bit entry, has no way to honour %s; leave it out",
                    config->image_name, option);
    else if (request->cmdline_length > cmdline_max)
        say_no(config, &too_long, "");
    return config->opened->inside[0] || option || request->cmdline_length > cmdline_max ? -1 : 0;
}

static int real_mode(struct story *story, struct zp_vm_result *ret_result)
{
    const struct zp_vm_config *config = story->config;

    if (config->engine == ZP_ENGINE_KVM) {
        zp_vm_error("%s: the 16-bit entry needs a BIOS; --engine qemu has one", config->image_name);
        return 1;
    }
    if (check_real_mode(config) != 0)
        return 1;
    return zp_qemu_run_real_mode(config, ret_result) == 0 ? 0 : 1;
}

int zp_vm_run(const struct zp_vm_config *config, struct zp_vm_result *ret_result)
{
    struct story story = {.config = config};
    int status;

    if (choose_engine(&story) != 0 || story.engine->check(config) != 0)
        return 1;
    status = make_plan(&story);
    if (status == ZP_ERR_REAL_MODE_ONLY)
        return real_mode(&story, ret_result);
    if (status)
        return 1;
    say_choice(&story);
    say_unmet(&story);
    status = load_and_enter(&story, ret_result);
    zp_choice_free(&story.choice);
    return status;
}
