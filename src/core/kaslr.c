/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Randomises where a Linux kernel lies, in place of its decompressor, which does not run. Receives a plan
 * that holds without it; guarantees one that holds whatever the caller's bits are, and the same for the same.
 *
 * Everything else keeps its place: the kernel alone is taken out and put where the bits point, among all
 * places that are free then. Its old place is one of them, so a boot that is possible without KASLR is
 * possible with it, however tight memory is. Physical and virtual base are chosen independently, as
 * Linux does (arch/x86/boot/compressed/kaslr.c): the physical one in free RAM, not below where the kernel is
 * linked; the virtual one from there to 1 GiB (KERNEL_IMAGE_SIZE), less the image. A 32-bit kernel has one
 * choice for both. What the command line turns off there is turned off here.
 */
#include "draft.h"

#define KERNEL_IMAGE_SIZE (UINT64_C(1) << 30)

/* --- the command line ----------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return (unsigned char)c <= ' ';
}

/* Linux's cmdline_find_option_bool: a word by itself. Quotes mean nothing to it, nor does "--". */
static bool has_word(const struct zp_request *request, const char *word, size_t word_length)
{
    const char *text = request->cmdline;
    size_t at = 0;

    while (at < request->cmdline_length) {
        size_t start = at;

        while (at < request->cmdline_length && !is_blank(text[at]))
            at++;
        if (at - start == word_length && memcmp(text + start, word, word_length) == 0)
            return true;
        at++;
    }
    return false;
}

static bool is_text(const char *text, size_t length, const char *expected, size_t expected_length)
{
    return length == expected_length && memcmp(text, expected, length) == 0;
}

/* "default_hugepagesz" and the like too, as Linux looks for the word in the name. */
static bool is_memory_option(const char *name, size_t length)
{
    static const char huge[] = "hugepages";
    const size_t huge_length = sizeof(huge) - 1;

    for (size_t i = 0; i + huge_length <= length; i++)
        if (memcmp(name + i, huge, huge_length) == 0)
            return true;
    return is_text(name, length, "mem", 3) || is_text(name, length, "memmap", 6);
}

/*
 * mem=, memmap= or hugepages=: what they take away or set apart is known to the kernel only. Words by the
 * rules of Linux's next_arg: quotes keep blanks in a word, and may open it; "--" ends the kernel's part.
 */
static bool has_memory_option(const struct zp_request *request)
{
    const char *text = request->cmdline;
    const size_t length = request->cmdline_length;

    for (size_t at = 0; at < length; at++) {
        size_t start = text[at] == '"' ? at + 1 : at;
        size_t name_end = 0;
        bool quoted = false;

        for (; at < length && (quoted || !is_blank(text[at])); at++) {
            if (text[at] == '"')
                quoted = !quoted;
            else if (text[at] == '=' && name_end == 0)
                name_end = at;
        }
        if (name_end > start && is_memory_option(text + start, name_end - start))
            return true;
        if (at > start && is_text(text + start, at - start, "--", 2))
            return false;
    }
    return false;
}

/* --- the bases ------------------------------------------------------------------------------------ */

static int stays(struct zp_draft *draft, uint32_t field, uint32_t why)
{
    return zp_draft_decide(draft, ZP_DECISION_KASLR_NONE, field, why, 0);
}

/* What was said of the kernel's place before it was moved. */
static void retell(struct zp_draft *draft, uint64_t places)
{
    for (size_t i = 0; i < draft->plan.decision_count; i++) {
        struct zp_decision *decision = &draft->room.decisions[i];

        if (decision->code == ZP_DECISION_RESERVE || decision->code == ZP_DECISION_RESERVE_GUESSED)
            decision->a = draft->plan.runtime.value;
        if (decision->code != ZP_DECISION_KERNEL_LINKED && decision->code != ZP_DECISION_KERNEL_MOVED)
            continue;
        decision->code = ZP_DECISION_KASLR_PHYSICAL;
        decision->a = draft->plan.kernel_load.value;
        decision->b = places;
    }
}

/* Takes the kernel out and puts it where the bits point. *ret_places: so many there were. */
static int move(struct zp_draft *draft, uint64_t *ret_places)
{
    struct zp_want want = {.kind = ZP_SPAN_KERNEL, .align = draft->align};
    uint64_t load = draft->plan.kernel_load.value;
    uint64_t min = load - draft->plan.delta; /* where it is linked */
    uint64_t places;
    int status;

    *ret_places = 0;
    for (size_t i = 0; i < draft->plan.span_count; i++)
        if (draft->room.spans[i].kind == ZP_SPAN_KERNEL && zp_is_deferred(&draft->room.spans[i]))
            return ZP_OK; /* for it had no place in free RAM */
    if (min < draft->min)
        min = draft->min;
    want.size = draft->plan.entry->reserve_size;
    if (!zp_add(draft->max, 1, &want.end))
        want.end = 0;
    zp_draft_map_more(draft, &want.end);
    zp_draft_drop(draft, ZP_SPAN_KERNEL);
    zp_draft_drop(draft, ZP_SPAN_KERNEL_RESERVED);
    places = zp_draft_places(draft, &want, min, UINT64_MAX, &load);
    if (places > 1)
        zp_draft_places(draft, &want, min, zp_pick(draft->plan.request->kaslr_physical, places), &load);
    status = zp_draft_put_kernel(draft, load, false);
    zp_draft_map_exactly(draft);
    *ret_places = places;
    return status;
}

static int randomise_physical(struct zp_draft *draft)
{
    uint32_t field = zp_moves_as_one(draft) ? ZP_FIELD_KASLR : ZP_FIELD_KERNEL;
    uint64_t places;
    int status;

    if (zp_draft_pin(draft, ZP_SPAN_KERNEL, 0))
        return stays(draft, field, ZP_KASLR_NONE_PINNED);
    if (has_memory_option(draft->plan.request))
        return stays(draft, field, ZP_KASLR_NONE_MEMORY);
    status = move(draft, &places);
    if (status)
        return status;
    if (places < 2)
        return stays(draft, field, ZP_KASLR_NONE_SPACE);
    retell(draft, places);
    if (!zp_moves_as_one(draft))
        return ZP_OK;
    return zp_draft_decide(draft, ZP_DECISION_KASLR_VIRTUAL, ZP_FIELD_VIRTUAL_BASE, draft->plan.virtual_base,
                           places);
}

static int randomise_virtual(struct zp_draft *draft)
{
    const struct zp_entry *entry = draft->plan.entry;
    uint64_t linked = draft->plan.image->segments[entry->segment_first].paddr.value;
    uint64_t size = entry->reserve_size;
    uint64_t places = 0;

    if (draft->plan.image->relocations.list_count == 0)
        return stays(draft, ZP_FIELD_VIRTUAL_BASE, ZP_KASLR_NONE_NO_TABLE);
    if (zp_fits(linked, size, KERNEL_IMAGE_SIZE))
        places = (KERNEL_IMAGE_SIZE - size - linked) / draft->align + 1;
    if (places < 2)
        return stays(draft, ZP_FIELD_VIRTUAL_BASE, ZP_KASLR_NONE_SPACE);
    draft->plan.virtual_delta = zp_pick(draft->plan.request->kaslr_virtual, places) * draft->align;
    draft->plan.virtual_base += draft->plan.virtual_delta;
    return zp_draft_decide(draft, ZP_DECISION_KASLR_VIRTUAL, ZP_FIELD_VIRTUAL_BASE, draft->plan.virtual_base,
                           places);
}

/* By Linux's own entry. */
static int randomise_linux(struct zp_draft *draft)
{
    const struct zp_relocations *table = &draft->plan.image->relocations;
    int status;

    if (table->fault.code && (draft->plan.request->flags & ZP_REQUEST_KASLR_IF_SOUND))
        return stays(draft, ZP_FIELD_KASLR, ZP_KASLR_NONE_SPOILED);
    if (table->fault.code)
        return zp_report(draft->error, table->fault.code, table->fault.field, table->fault.offset,
                         table->fault.value, table->fault.limit);
    if (zp_moves_as_one(draft) && table->list_count == 0)
        return stays(draft, ZP_FIELD_KASLR, ZP_KASLR_NONE_NO_TABLE);
    if (draft->align == 0)
        return stays(draft, ZP_FIELD_KASLR, ZP_KASLR_NONE_PROTOCOL);
    status = randomise_physical(draft);
    if (!status && !zp_moves_as_one(draft))
        status = randomise_virtual(draft);
    return status;
}

int zp_draft_kaslr(struct zp_draft *draft)
{
    const struct zp_request *request = draft->plan.request;
    uint32_t protocol = draft->plan.protocol;
    int status;

    if (!(request->flags & ZP_REQUEST_KASLR))
        return ZP_OK;
    if (has_word(request, "nokaslr", 7))
        return stays(draft, ZP_FIELD_KASLR, ZP_KASLR_NONE_CMDLINE);
    if (draft->plan.entry->container == ZP_CONTAINER_BZIMAGE)
        return stays(draft, ZP_FIELD_KASLR, ZP_KASLR_NONE_OWN);
    if (!draft->linux_elf)
        return stays(draft, ZP_FIELD_KASLR, ZP_KASLR_NONE_NOT_LINUX);
    if (zp_is_linux(protocol))
        return randomise_linux(draft);
    if (protocol != ZP_PROTOCOL_PVH || draft->align == 0)
        return stays(draft, ZP_FIELD_KASLR, ZP_KASLR_NONE_PROTOCOL);
    status = randomise_physical(draft);
    return status ? status : stays(draft, ZP_FIELD_VIRTUAL_BASE, ZP_KASLR_NONE_PROTOCOL);
}

bool zp_plan_randomised(const struct zp_plan *plan)
{
    for (size_t i = 0; i < plan->decision_count; i++)
        if (plan->decisions[i].code == ZP_DECISION_KASLR_PHYSICAL ||
            plan->decisions[i].code == ZP_DECISION_KASLR_VIRTUAL)
            return true;
    return false;
}
