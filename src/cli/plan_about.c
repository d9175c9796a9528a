/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands around a plan: whether it is that of the ELF inside a bzImage or why not, what a UKI brings
 * to it, and how many pages of files a run could map instead of copying. For a person and for a program.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "plan_view.h"

#define PAGE          UINT64_C(4096)
#define LINUX_FORMATS (ZP_FORMAT_BZIMAGE | ZP_FORMAT_ZIMAGE | ZP_FORMAT_PRE_200)

static const struct zp_source *part(const struct cli_plan_about *about, enum zp_uki_part which)
{
    const struct zp_file *file = &about->opened->uki.parts[which];
    return file->name ? &file->source : NULL;
}

static void print_direct(const struct cli_plan_about *about)
{
    const struct zp_opened_image *opened = about->opened;
    char text[6144], packed[32], unpacked[32];
    if (about->choice->direct) {
        snprintf(text, sizeof text, "direct: the ELF inside, %s from %s of %s",
                 zp_size_format(opened->inner.file.source.size, unpacked, sizeof unpacked),
                 zp_size_format(opened->image.bzimage.payload_length, packed, sizeof packed),
                 zp_compression_name(opened->image.bzimage.payload_compression));
        cli_print_sentence(text);
        return;
    }
    if (about->choice->why_not_status == 0) {
        if (opened->image.formats & LINUX_FORMATS)
            cli_print_sentence("own entry, as asked: the kernel unpacks itself");
        return;
    }
    char reason[4096];
    snprintf(text, sizeof text, "own entry, not the ELF inside: %s",
             zp_choice_why_not(about->choice, NULL, reason, sizeof reason));
    cli_print_sentence(text);
}

static void print_uki(const struct cli_plan_about *about)
{
    const struct zp_source *initrd = part(about, ZP_UKI_INITRD);
    const struct zp_source *microcode = part(about, ZP_UKI_UCODE);
    char text[1100], size[32];
    if (microcode) {
        snprintf(text, sizeof text, "the UKI's microcode, %s, before any other initrd",
                 zp_size_format(microcode->size, size, sizeof size));
        cli_print_sentence(text);
    }
    if (initrd) {
        snprintf(text, sizeof text, "the UKI's initrd, %s, before those of the command line",
                 zp_size_format(initrd->size, size, sizeof size));
        cli_print_sentence(text);
    }
    if (!part(about, ZP_UKI_CMDLINE))
        return;
    cli_print_sentence(about->uki_cmdline ? "the UKI's command line:"
                                          : "the UKI's command line is passed over for that of --cmdline");
    if (about->uki_cmdline)
        printf("    %s\n", about->uki_cmdline);
}

/* Pages of 4 KiB that the span's file bytes fill wholly and a run maps, and of which kind the file is. */
static uint64_t pages_of(const struct zp_plan *plan, const struct zp_span *span, bool *ret_stable)
{
    const struct zp_source *source =
        span->kind == ZP_SPAN_KERNEL ? plan->image->source : plan->request->modules[span->index].source;
    uint64_t base = 0;
    uint64_t first = (span->start.value + PAGE - 1) / PAGE;
    uint64_t end = (span->start.value + span->file_size) / PAGE;
    *ret_stable = false;
    if (zp_source_descriptor(source, &base, ret_stable) < 0 || first >= end ||
        (base + span->file_offset - span->start.value) % PAGE != 0)
        return 0;
    return end - first;
}

struct pages {
    uint64_t shared;     /* with the files, for as long as the guest does not write to them */
    uint64_t on_request; /* more of them with --share-pages */
};

static struct pages count_pages(const struct cli_plan_about *about)
{
    const struct zp_plan *plan = &about->choice->made.plan;
    struct pages pages = {0};
    bool stable, kernel = false;
    for (size_t i = 0; i < plan->span_count && !about->copies; i++) {
        const struct zp_span *span = &plan->spans[i];
        if (span->kind != ZP_SPAN_KERNEL && span->kind != ZP_SPAN_INITRD)
            continue;
        uint64_t count = pages_of(plan, span, &stable);
        bool taken = stable || about->share_pages;
        kernel |= span->kind == ZP_SPAN_KERNEL && taken && count > 0;
        *(taken ? &pages.shared : &pages.on_request) += count;
    }
    uint64_t *moved = kernel ? &pages.shared : &pages.on_request;
    *moved -= *moved < about->sharing.relocated ? *moved : about->sharing.relocated;
    return pages;
}

static void print_sharing(const struct cli_plan_about *about)
{
    struct pages pages = count_pages(about);
    char text[256], more[64] = "", relocated[64] = "";
    if (about->sharing.pages == 0)
        return;
    if (about->sharing.relocated > 0)
        snprintf(relocated, sizeof relocated, "; relocation writes to %" PRIu64, about->sharing.relocated);
    if (pages.on_request > 0)
        snprintf(more, sizeof more, "; %" PRIu64 " more with --share-pages", pages.on_request);
    snprintf(text, sizeof text, "%" PRIu64 " of %" PRIu64 " pages of files are shared with them%s%s%s",
             pages.shared, about->sharing.pages,
             about->copies ? ": the QEMU engine has copies" : " on the KVM engine", relocated, more);
    cli_print_sentence(text);
}

void cli_plan_about_table(const struct cli_plan_about *about)
{
    print_direct(about);
    print_uki(about);
    print_sharing(about);
}

static struct json_object *uki_json(const struct cli_plan_about *about)
{
    const struct zp_source *initrd = part(about, ZP_UKI_INITRD);
    const struct zp_source *microcode = part(about, ZP_UKI_UCODE);
    if (!about->opened->uki.present)
        return NULL;
    struct json_object *object = json_object_new_object();
    cli_json_size(object, "microcode_size", microcode ? microcode->size : 0);
    cli_json_size(object, "initrd_size", initrd ? initrd->size : 0);
    json_object_object_add(object, "cmdline",
                           about->uki_cmdline ? json_object_new_string(about->uki_cmdline) : NULL);
    return object;
}

void cli_plan_about_json(const struct cli_plan_about *about, struct json_object *object)
{
    const struct zp_choice *choice = about->choice;
    struct json_object *sharing = json_object_new_object();
    struct pages pages = count_pages(about);
    size_t size = strlen(about->image_name) + ZP_INSIDE_SIZE + 2;
    char *name = cli_grow(NULL, size, 1);
    cli_json_bool(object, "direct", choice->direct);
    cli_json_text(object, "inside", choice->inside);
    json_object_object_add(
        object, "why_not_direct",
        choice->why_not_status
            ? cli_json_status(choice->why_not_status, &choice->why_not,
                              zp_inside_name(about->image_name, choice->why_not_inside, name, size))
            : NULL);
    free(name);
    json_object_object_add(object, "uki", uki_json(about));
    cli_json_size(sharing, "pages", about->sharing.pages);
    cli_json_size(sharing, "mappable", about->sharing.mappable);
    cli_json_size(sharing, "relocated", about->sharing.relocated);
    cli_json_size(sharing, "shared", pages.shared);
    cli_json_size(sharing, "on_request", pages.on_request);
    json_object_object_add(object, "sharing", sharing);
}
