/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the packed kernel is and how the stub will enter it. Receives the kernel as a source; inspects it and
 * plans its boot on a PC with more memory than any, so that what could never boot is refused when it is
 * packed and not on somebody's machine: no entry, a command line longer than the kernel takes, an initrd for
 * a kernel that takes none. The stub makes the same plan again on the machine that it finds.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "packing.h"

#define RAM_SIZE   (UINT64_C(64) << 30)
#define HOLE_START (UINT64_C(3) << 30)
#define HOLE_END   (UINT64_C(4) << 30)
#define GROW       4u
#define ARRAY_MAX  ((size_t)1 << 22)

static void free_room(struct zp_image_room *room)
{
    free(room->segments);
    free(room->notes);
    free(room->entries);
    *room = (struct zp_image_room){0};
}

static bool make_room(struct zp_image_room *room, size_t factor)
{
    free_room(room);
    room->segments = calloc(64 * factor, sizeof(*room->segments));
    room->notes = calloc(32 * factor, sizeof(*room->notes));
    room->entries = calloc(12 * factor, sizeof(*room->entries));
    room->segment_capacity = 64 * factor;
    room->note_capacity = 32 * factor;
    room->entry_capacity = 12 * factor;
    return room->segments && room->notes && room->entries;
}

/* As zp_inspect, with an entry told of where the image does not offer it. */
static int inspect(const struct zp_pack_request *request, const struct zp_image_room *room,
                   struct zp_image *ret_image, uint32_t *ret_told, struct zp_error *error)
{
    int status;

    *ret_image = (struct zp_image){.struct_size = sizeof(*ret_image)};
    *ret_told = 0;
    status = zp_examine(request->kernel, room, ret_image, error);
    if (status == ZP_ERR_ROOM || status == ZP_ERR_READ || request->entry == ZP_PROTOCOL_AUTO ||
        ret_image->elf.class_bits == 0 || zp_image_entry(ret_image, request->entry))
        return status;
    *ret_told = 1;
    return zp_image_tell(ret_image, room, request->entry, error);
}

static int inspect_growing(const struct zp_pack_request *request, struct zp_image_room *room,
                           struct zp_image *ret_image, uint32_t *ret_told, struct zp_error *error)
{
    int status = ZP_ERR_ROOM;

    for (size_t factor = 1; status == ZP_ERR_ROOM && factor <= ARRAY_MAX / 64; factor *= GROW) {
        if (!make_room(room, factor))
            return ENOMEM;
        status = inspect(request, room, ret_image, ret_told, error);
    }
    return status;
}

/* Why not, with what to do where that is another thing than for a boot. */
static int refuse(const struct zp_pack_request *request, int status, const struct zp_error *error,
                  const struct zp_pack_say *say)
{
    if (status > 0)
        return zp_pack_fail(say, "%s: %s", request->kernel_name, strerror(status));
    switch (error->code) {
    case ZP_ERR_REAL_MODE_ONLY:
        return zp_pack_fail(say,
                            "%s: only the 16-bit entry is offered, which needs a BIOS; a packed kernel is "
                            "entered without one: pack the kernel that it loads",
                            request->kernel_name);
    case ZP_ERR_UKI:
        return zp_pack_fail(say,
                            "%s: a unified kernel image; zeropage unpack --section .linux:FILE takes the "
                            "kernel out of it, .initrd and .cmdline likewise: pack those",
                            request->kernel_name);
    case ZP_ERR_PROTOCOL:
        return zp_pack_fail(say, "%s: an entry of protocol %s is not offered; --entry takes another",
                            request->kernel_name, zp_protocol_name(request->entry));
    case ZP_ERR_COMPRESSED:
        return zp_pack_fail(say, "%s: compressed; zeropage unpack -o FILE unpacks it: pack that",
                            request->kernel_name);
    }
    if (error->code == ZP_ERR_INITRD_EMPTY && error->value < request->initrd_count)
        zp_error_explain(error, request->initrd_names[error->value], say->text, say->size);
    else
        zp_error_explain(error, request->kernel_name, say->text, say->size);
    return -1;
}

static enum zp_pack_stub stub_of(const struct zp_entry *entry)
{
    if (entry->protocol == ZP_PROTOCOL_MULTIBOOT1 || entry->protocol == ZP_PROTOCOL_MULTIBOOT2)
        return ZP_PACK_STUB_MULTIBOOT;
    return entry->container == ZP_CONTAINER_BZIMAGE ? ZP_PACK_STUB_BZIMAGE : ZP_PACK_STUB_ELF;
}

static uint32_t cmdline_max(const struct zp_plan *plan)
{
    uint64_t most = ZP_PACK_CMDLINE_MAX;

    for (size_t i = 0; i < plan->decision_count; i++)
        if (plan->decisions[i].code == ZP_DECISION_CMDLINE && plan->decisions[i].b < most)
            most = plan->decisions[i].b;
    return (uint32_t)most;
}

static void describe(const struct zp_plan *plan, struct zp_pack_kernel *kernel)
{
    kernel->entry = plan->protocol;
    kernel->home = plan->entry->reserve.value;
    kernel->home_size = plan->entry->reserve_size;
    kernel->cmdline_max = cmdline_max(plan);
    kernel->stub = stub_of(plan->entry);
}

static struct zp_module *modules_of(const struct zp_pack_request *request)
{
    struct zp_module *modules = calloc(request->initrd_count + 1, sizeof(*modules));

    for (size_t i = 0; modules && i < request->initrd_count; i++)
        modules[i].source = request->initrds[i];
    return modules;
}

static int plan_boot(const struct zp_pack_request *request, const struct zp_image *image,
                     struct zp_pack_kernel *ret_kernel, struct zp_error *error)
{
    struct zp_memory_range ranges[ZP_PC_RANGE_COUNT];
    const struct zp_pc pc = {.struct_size = sizeof(pc),
                             .cpu_count = 1,
                             .ram_size = RAM_SIZE,
                             .hole_start = {HOLE_START},
                             .hole_end = {HOLE_END}};
    struct zp_machine machine = {.struct_size = sizeof(machine)};
    struct zp_module *modules = modules_of(request);
    struct zp_request boot = {.struct_size = sizeof(boot),
                              .protocol = request->entry,
                              .cmdline = request->cmdline,
                              .cmdline_length = strlen(request->cmdline),
                              .modules = modules,
                              .module_count = request->initrd_count};
    struct zp_made_plan made;
    int status = modules ? zp_machine_pc(&pc, ranges, ZP_PC_RANGE_COUNT, &machine, error) : ENOMEM;

    if (status == 0)
        status = zp_made_plan_make(&made, image, &machine, &boot, error);
    if (status == 0) {
        describe(&made.plan, ret_kernel);
        zp_made_plan_free(&made);
    }
    free(modules);
    return status;
}

/* What the stub's fixed room does not hold it would refuse, where nobody can help any more. */
static int check_room(const struct zp_pack_request *request, const struct zp_image *image,
                      const struct zp_pack_say *say)
{
    const struct {
        const char *what;
        size_t count, most;
    } rooms[] = {
        {"segments", image->segment_count, ZP_PACK_SEGMENT_MAX},
        {"notes", image->note_count, ZP_PACK_NOTE_MAX},
        {"entries", image->entry_count, ZP_PACK_ENTRY_MAX},
    };

    for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++)
        if (rooms[i].count > rooms[i].most)
            return zp_pack_fail(say, "%s: %zu %s, and the stub takes %zu", request->kernel_name,
                                rooms[i].count, rooms[i].what, rooms[i].most);
    return 0;
}

int zp_pack_judge(const struct zp_pack_request *request, struct zp_pack_kernel *ret_kernel,
                  const struct zp_pack_say *say)
{
    struct zp_image_room room = {0};
    struct zp_image image;
    struct zp_error error = {0};
    struct zp_pack_kernel kernel = {0};
    int status = inspect_growing(request, &room, &image, &kernel.told, &error);

    if (status == 0)
        status = plan_boot(request, &image, &kernel, &error);
    free_room(&room);
    if (status)
        return refuse(request, status, &error, say);
    *ret_kernel = kernel;
    return check_room(request, &image, say);
}
