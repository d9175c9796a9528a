/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `run --trace handoff`: what the engine read back of the boot CPU, and guest memory as it is then, become a
 * view for the writer of handoff reports (src/probe). The probe guest writes the same lines from inside, so
 * that the two can be laid side by side, and a boot that fails beside one that does not.
 */
#include "trace.h"

#include <errno.h>
#include <string.h>

#include "cli.h"
#include "probe/report.h"

struct seen {
    const struct zp_vm_entered *entered;
    FILE *file;
};

static int peek(void *context, uint64_t address, void *buffer, uint32_t size)
{
    const struct seen *seen = context;
    const void *bytes = zp_guest_pointer(seen->entered->guest, (zp_gpa){address}, size);
    if (!bytes)
        return -1;
    memcpy(buffer, bytes, size);
    return 0;
}

static void put(void *context, const char *bytes, uint32_t length)
{
    const struct seen *seen = context;
    fwrite(bytes, 1, length, seen->file); /* what went wrong is asked at the end */
}

static void take_registers(const struct zp_vm_entered *entered, struct zp_probe_cpu *cpu)
{
    const struct zp_entry_state *state = &entered->state;
    cpu->rax = state->rax;
    cpu->rbx = state->rbx;
    cpu->rcx = state->rcx;
    cpu->rdx = state->rdx;
    cpu->rsi = state->rsi;
    cpu->rdi = state->rdi;
    cpu->rbp = state->rbp;
    cpu->rsp = state->rsp;
    memcpy(&cpu->r8, entered->r8_to_r15, sizeof entered->r8_to_r15);
    cpu->rip = state->rip;
    cpu->rflags = state->rflags;
    cpu->cr0 = state->cr0;
    cpu->cr2 = entered->cr2;
    cpu->cr3 = state->cr3;
    cpu->cr4 = state->cr4;
    cpu->efer = state->efer;
    cpu->mode = state->mode == ZP_MODE_LONG64 ? ZP_PROBE_LONG64 : ZP_PROBE_PROTECTED32;
}

static void take_segments(const struct zp_entry_state *state, struct zp_probe_cpu *cpu,
                          struct zp_segment_register segments[ZP_PROBE_SEGMENT_COUNT])
{
    segments[ZP_PROBE_SEGMENT_CS] = state->cs;
    segments[ZP_PROBE_SEGMENT_DS] = state->ds;
    segments[ZP_PROBE_SEGMENT_ES] = state->es;
    segments[ZP_PROBE_SEGMENT_FS] = state->fs;
    segments[ZP_PROBE_SEGMENT_GS] = state->gs;
    segments[ZP_PROBE_SEGMENT_SS] = state->ss;
    segments[ZP_PROBE_SEGMENT_TR] = state->tr;
    segments[ZP_PROBE_SEGMENT_LDTR] = state->ldtr;
    cpu->cs = state->cs.selector;
    cpu->ds = state->ds.selector;
    cpu->es = state->es.selector;
    cpu->fs = state->fs.selector;
    cpu->gs = state->gs.selector;
    cpu->ss = state->ss.selector;
    cpu->tr = state->tr.selector;
    cpu->ldtr = state->ldtr.selector;
    cpu->gdt_base = state->gdt_base.value;
    cpu->gdt_limit = (uint16_t)state->gdt_limit;
    cpu->idt_base = state->idt_base.value;
    cpu->idt_limit = (uint16_t)state->idt_limit;
}

int cli_trace_entered(void *context, const struct zp_vm_entered *entered)
{
    struct cli_trace *trace = context;
    struct seen seen = {entered, trace->file};
    struct zp_segment_register segments[ZP_PROBE_SEGMENT_COUNT];
    struct zp_probe_view view = {.seen = "outside",
                                 .image = "",
                                 .protocol = entered->plan->protocol,
                                 .segments = segments,
                                 .peek = peek,
                                 .put = put,
                                 .context = &seen};
    take_registers(entered, &view.cpu);
    take_segments(&entered->state, &view.cpu, segments);
    errno = 0;
    zp_probe_report(&view);
    if (fflush(trace->file) == 0 && !ferror(trace->file))
        return 0;
    cli_error_errno(trace->file_name ? trace->file_name : "--trace", errno ? errno : EIO);
    return -1;
}

int cli_trace_open(struct cli_trace *trace, const char *file_name)
{
    trace->file_name = file_name;
    trace->file = stderr;
    if (!file_name)
        return CLI_DONE;
    trace->file = fopen(file_name, "we");
    if (trace->file)
        return CLI_DONE;
    cli_error_errno(file_name, errno);
    return CLI_NO;
}

void cli_trace_close(struct cli_trace *trace)
{
    if (trace->file && trace->file != stderr)
        fclose(trace->file);
    trace->file = NULL;
}
