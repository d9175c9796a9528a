/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plan as JSON: every member of struct zp_plan under its own name, by the convention of json.c. The
 * manual page zeropage-plan(1) documents the keys; a test holds the two equal.
 */
#include <stdio.h>

#include "host.h"
#include "plan_view.h"

static struct json_object *spans_json(const struct zp_plan *plan)
{
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < plan->span_count; i++) {
        const struct zp_span *span = &plan->spans[i];
        struct json_object *object = json_object_new_object();
        cli_json_text(object, "kind", zp_span_kind_name(span->kind));
        cli_json_size(object, "index", span->index);
        cli_json_hex(object, "start", span->start.value);
        cli_json_size(object, "size", span->size);
        cli_json_size(object, "file_offset", span->file_offset);
        cli_json_size(object, "file_size", span->file_size);
        cli_json_size(object, "e820_type", span->e820_type);
        cli_json_bool(object, "pinned", span->pinned);
        if (span->staged.value == ZP_NOT_STAGED)
            json_object_object_add(object, "staged", NULL);
        else if (span->staged.value != span->start.value)
            cli_json_hex(object, "staged", span->staged.value);
        json_object_array_add(list, object);
    }
    return list;
}

static struct json_object *e820_json(const struct zp_plan *plan)
{
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < plan->e820_count; i++) {
        const struct zp_e820_range *range = &plan->e820[i];
        struct json_object *object = json_object_new_object();
        cli_json_hex(object, "start", range->start.value);
        cli_json_size(object, "size", range->size);
        cli_json_size(object, "type", range->type);
        cli_json_text(object, "name", cli_e820_name(range->type));
        json_object_array_add(list, object);
    }
    return list;
}

static struct json_object *machine_json(const struct zp_machine *machine, uint64_t ram_size)
{
    static const char *const usages[] = {
        [ZP_USAGE_FREE] = "free", [ZP_USAGE_RESERVED] = "reserved", [ZP_USAGE_BUSY] = "busy"};
    struct json_object *object = json_object_new_object();
    struct json_object *list = json_object_new_array();
    cli_json_size(object, "ram_size", ram_size);
    cli_json_size(object, "cpu_count", machine->cpu_count);
    for (size_t i = 0; i < machine->range_count; i++) {
        const struct zp_memory_range *range = &machine->ranges[i];
        struct json_object *one = json_object_new_object();
        cli_json_hex(one, "start", range->start.value);
        cli_json_size(one, "size", range->size);
        cli_json_text(one, "usage", range->usage <= ZP_USAGE_BUSY ? usages[range->usage] : "unknown");
        cli_json_size(one, "e820_type", range->usage == ZP_USAGE_RESERVED ? range->e820_type : 1);
        json_object_array_add(list, one);
    }
    json_object_object_add(object, "ranges", list);
    return object;
}

static struct json_object *decisions_json(const struct zp_plan *plan)
{
    char text[512];
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < plan->decision_count; i++) {
        const struct zp_decision *decision = &plan->decisions[i];
        struct json_object *object = json_object_new_object();
        cli_json_size(object, "code", decision->code);
        cli_json_text(object, "field", zp_field_name(decision->field));
        cli_json_hex(object, "a", decision->a);
        cli_json_hex(object, "b", decision->b);
        cli_json_text(object, "text", zp_decision_explain(decision, text, sizeof text));
        json_object_array_add(list, object);
    }
    return list;
}

static void add_segment(struct json_object *registers, const char *name,
                        const struct zp_segment_register *segment)
{
    struct json_object *object = json_object_new_object();
    cli_json_hex(object, "selector", segment->selector);
    cli_json_hex(object, "base", segment->base);
    cli_json_hex(object, "limit", segment->limit);
    cli_json_size(object, "type", segment->type);
    cli_json_size(object, "s", segment->s);
    cli_json_size(object, "dpl", segment->dpl);
    cli_json_size(object, "present", segment->present);
    cli_json_size(object, "l", segment->l);
    cli_json_size(object, "db", segment->db);
    cli_json_size(object, "g", segment->g);
    cli_json_size(object, "avl", segment->avl);
    cli_json_size(object, "unusable", segment->unusable);
    json_object_object_add(registers, name, object);
}

static void add_table(struct json_object *registers, const char *name, zp_gpa base, uint32_t limit)
{
    struct json_object *object = json_object_new_object();
    cli_json_hex(object, "base", base.value);
    cli_json_hex(object, "limit", limit);
    json_object_object_add(registers, name, object);
}

static struct json_object *registers_json(const struct zp_entry_state *state)
{
    struct json_object *object = json_object_new_object();
    cli_json_text(object, "mode", state->mode == ZP_MODE_LONG64 ? "long64" : "protected32");
    cli_json_hex(object, "rip", state->rip);
    cli_json_hex(object, "rflags", state->rflags);
    cli_json_hex(object, "rax", state->rax);
    cli_json_hex(object, "rbx", state->rbx);
    cli_json_hex(object, "rcx", state->rcx);
    cli_json_hex(object, "rdx", state->rdx);
    cli_json_hex(object, "rsi", state->rsi);
    cli_json_hex(object, "rdi", state->rdi);
    cli_json_hex(object, "rbp", state->rbp);
    cli_json_hex(object, "rsp", state->rsp);
    cli_json_hex(object, "cr0", state->cr0);
    cli_json_hex(object, "cr3", state->cr3);
    cli_json_hex(object, "cr4", state->cr4);
    cli_json_hex(object, "efer", state->efer);
    add_segment(object, "cs", &state->cs);
    add_segment(object, "ds", &state->ds);
    add_segment(object, "es", &state->es);
    add_segment(object, "fs", &state->fs);
    add_segment(object, "gs", &state->gs);
    add_segment(object, "ss", &state->ss);
    add_segment(object, "tr", &state->tr);
    add_segment(object, "ldtr", &state->ldtr);
    add_table(object, "gdt", state->gdt_base, state->gdt_limit);
    add_table(object, "idt", state->idt_base, state->idt_limit);
    return object;
}

struct json_object *cli_plan_json(const struct zp_plan *plan, const struct cli_plan_about *about)
{
    struct json_object *object = json_object_new_object();
    cli_json_text(object, "image", about->image_name);
    cli_json_text(object, "protocol", zp_protocol_name(plan->protocol));
    cli_json_hex(object, "entry", plan->state.rip);
    cli_plan_about_json(about, object);
    struct json_object *kernel = json_object_new_object();
    cli_json_hex(kernel, "load", plan->kernel_load.value);
    cli_json_hex(kernel, "delta", plan->delta);
    cli_json_hex(kernel, "virtual_base", plan->virtual_base);
    cli_json_hex(kernel, "virtual_delta", plan->virtual_delta);
    cli_json_size(kernel, "relocations", cli_plan_relocations(plan));
    cli_json_hex(kernel, "runtime", plan->runtime.value);
    cli_json_size(kernel, "runtime_size", plan->runtime_size);
    json_object_object_add(object, "kernel", kernel);
    struct json_object *initrd = NULL;
    if (plan->initrd_size > 0) {
        initrd = json_object_new_object();
        cli_json_hex(initrd, "start", plan->initrd.value);
        cli_json_size(initrd, "size", plan->initrd_size);
    }
    json_object_object_add(object, "initrd", initrd);
    cli_json_hex(object, "rsdp", plan->rsdp.value);
    if (plan->trampoline.value)
        cli_json_hex(object, "trampoline", plan->trampoline.value);
    cli_json_hex(object, "identity_end", plan->identity_end.value);
    json_object_object_add(object, "machine", machine_json(plan->machine, about->ram_size));
    json_object_object_add(object, "spans", spans_json(plan));
    json_object_object_add(object, "e820", e820_json(plan));
    json_object_object_add(object, "registers", registers_json(&plan->state));
    json_object_object_add(object, "decisions", decisions_json(plan));
    return object;
}
