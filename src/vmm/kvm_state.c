/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a plan's entry state to the registers of a vCPU, and from registers to what people are shown.
 *
 * The first half is a translation by name (struct kvm_regs and kvm_sregs, Documentation/virt/kvm/api, 4.11
 * to 4.14) and decides nothing; what a plan does not speak of (APIC base, CPUID, MTRRs) is set as firmware
 * leaves it: memory is write-back, each CPU knows its own APIC id and the topology is one socket of
 * single-thread cores (Intel SDM 2A "CPUID"; AMD APM 3, appendix E).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <zeropage/wire/x86.h>

#include "kvm.h"

#define CPUID1_ECX_TSC_DEADLINE (1u << 24)
#define CPUID1_ECX_HYPERVISOR   (1u << 31)
#define CPUID1_EDX_HTT          (1u << 28)
#define CPUID8_1_ECX_CMP_LEGACY (1u << 1)
#define CPUID_LEVEL_SMT         (1u << 8)
#define CPUID_LEVEL_CORE        (2u << 8)
#define CPUID_ENTRIES           256u

void zp_kvm_regs_of(const struct zp_entry_state *state, struct kvm_regs *ret_regs)
{
    *ret_regs = (struct kvm_regs){
        .rax = state->rax,
        .rbx = state->rbx,
        .rcx = state->rcx,
        .rdx = state->rdx,
        .rsi = state->rsi,
        .rdi = state->rdi,
        .rsp = state->rsp,
        .rbp = state->rbp,
        .rip = state->rip,
        .rflags = state->rflags | ZP_RFLAGS_FIXED,
    };
}

static struct kvm_segment segment_of(const struct zp_segment_register *segment)
{
    return (struct kvm_segment){
        .base = segment->base,
        .limit = segment->limit,
        .selector = segment->selector,
        .type = segment->type,
        .present = segment->present,
        .dpl = segment->dpl,
        .db = segment->db,
        .s = segment->s,
        .l = segment->l,
        .g = segment->g,
        .avl = segment->avl,
        .unusable = segment->unusable,
    };
}

void zp_kvm_sregs_of(const struct zp_entry_state *state, struct kvm_sregs *sregs)
{
    sregs->cs = segment_of(&state->cs);
    sregs->ds = segment_of(&state->ds);
    sregs->es = segment_of(&state->es);
    sregs->fs = segment_of(&state->fs);
    sregs->gs = segment_of(&state->gs);
    sregs->ss = segment_of(&state->ss);
    sregs->tr = segment_of(&state->tr);
    sregs->ldt = segment_of(&state->ldtr);
    /* VMX enters no guest without a busy TSS (Intel SDM 3C, 26.3.1.2); where the plan has none this is
     * the one of a CPU reset, which no guest can tell from none before it loads its own. */
    if (!sregs->tr.present || sregs->tr.unusable)
        sregs->tr = (struct kvm_segment){.limit = 0xffff, .type = 11, .present = 1};
    sregs->gdt = (struct kvm_dtable){.base = state->gdt_base.value, .limit = (uint16_t)state->gdt_limit};
    sregs->idt = (struct kvm_dtable){.base = state->idt_base.value, .limit = (uint16_t)state->idt_limit};
    sregs->cr0 = state->cr0;
    sregs->cr2 = 0;
    sregs->cr3 = state->cr3;
    sregs->cr4 = state->cr4;
    sregs->efer = state->efer;
}

static struct zp_segment_register segment_from(const struct kvm_segment *segment)
{
    return (struct zp_segment_register){
        .base = segment->base,
        .limit = segment->limit,
        .selector = segment->selector,
        .type = segment->type,
        .s = segment->s,
        .dpl = segment->dpl,
        .present = segment->present,
        .l = segment->l,
        .db = segment->db,
        .g = segment->g,
        .avl = segment->avl,
        .unusable = segment->unusable,
    };
}

static void take_segments(const struct kvm_sregs *sregs, struct zp_entry_state *state)
{
    state->cs = segment_from(&sregs->cs);
    state->ds = segment_from(&sregs->ds);
    state->es = segment_from(&sregs->es);
    state->fs = segment_from(&sregs->fs);
    state->gs = segment_from(&sregs->gs);
    state->ss = segment_from(&sregs->ss);
    state->tr = segment_from(&sregs->tr);
    state->ldtr = segment_from(&sregs->ldt);
    state->gdt_base.value = sregs->gdt.base;
    state->gdt_limit = sregs->gdt.limit;
    state->idt_base.value = sregs->idt.base;
    state->idt_limit = sregs->idt.limit;
}

void zp_kvm_entered_of(const struct kvm_regs *regs, const struct kvm_sregs *sregs,
                       struct zp_vm_entered *ret_entered)
{
    const uint64_t high[8] = {regs->r8,  regs->r9,  regs->r10, regs->r11,
                              regs->r12, regs->r13, regs->r14, regs->r15};
    struct zp_entry_state *state = &ret_entered->state;

    *state = (struct zp_entry_state){
        .mode = sregs->efer & ZP_EFER_LMA ? ZP_MODE_LONG64 : ZP_MODE_PROTECTED32,
        .rip = regs->rip,
        .rflags = regs->rflags,
        .rax = regs->rax,
        .rbx = regs->rbx,
        .rcx = regs->rcx,
        .rdx = regs->rdx,
        .rsi = regs->rsi,
        .rdi = regs->rdi,
        .rbp = regs->rbp,
        .rsp = regs->rsp,
        .cr0 = sregs->cr0,
        .cr3 = sregs->cr3,
        .cr4 = sregs->cr4,
        .efer = sregs->efer,
    };
    take_segments(sregs, state);
    memcpy(ret_entered->r8_to_r15, high, sizeof(high));
    ret_entered->cr2 = sregs->cr2;
}

void zp_kvm_view_of(const struct kvm_regs *regs, const struct kvm_sregs *sregs, struct zp_cpu_view *ret_view)
{
    *ret_view = (struct zp_cpu_view){
        .rip = regs->rip,
        .rsp = regs->rsp,
        .rflags = regs->rflags,
        .cr0 = sregs->cr0,
        .cr2 = sregs->cr2,
        .cr3 = sregs->cr3,
        .cr4 = sregs->cr4,
        .efer = sregs->efer,
        .rax = regs->rax,
        .rbx = regs->rbx,
        .rcx = regs->rcx,
        .rdx = regs->rdx,
        .rsi = regs->rsi,
        .rdi = regs->rdi,
        .rbp = regs->rbp,
        .cs = sregs->cs.selector,
        .cs_long = sregs->cs.l,
        .cs_default32 = sregs->cs.db,
        .cs_base = sregs->cs.base,
        .last_exit = "none yet",
    };
}

static const char *name_last_exit(struct zp_kvm_vcpu *vcpu)
{
    if (vcpu->last_reason == KVM_EXIT_IO)
        snprintf(vcpu->last_exit, sizeof(vcpu->last_exit), "KVM_EXIT_IO, %s port 0x%" PRIx64,
                 vcpu->last_write ? "out to" : "in from", vcpu->last_address);
    else if (vcpu->last_reason == KVM_EXIT_MMIO)
        snprintf(vcpu->last_exit, sizeof(vcpu->last_exit), "KVM_EXIT_MMIO, %s 0x%" PRIx64,
                 vcpu->last_write ? "write to" : "read from", vcpu->last_address);
    else
        return "none yet";
    return vcpu->last_exit;
}

static int read_registers(struct zp_kvm_vcpu *vcpu, struct kvm_regs *ret_regs, struct kvm_sregs *ret_sregs)
{
    if (ioctl(vcpu->fd, KVM_GET_REGS, ret_regs) == 0 && ioctl(vcpu->fd, KVM_GET_SREGS, ret_sregs) == 0)
        return 0;
    zp_vm_error("KVM: reading the registers of CPU %u: %s", vcpu->index, strerror(errno));
    return -1;
}

int zp_kvm_state_entered(struct zp_kvm_vcpu *vcpu, struct zp_vm_entered *ret_entered)
{
    struct kvm_regs regs;
    struct kvm_sregs sregs;

    if (read_registers(vcpu, &regs, &sregs) != 0)
        return -1;
    zp_kvm_entered_of(&regs, &sregs, ret_entered);
    return 0;
}

int zp_kvm_state_view(struct zp_kvm_vcpu *vcpu, struct zp_cpu_view *ret_view)
{
    struct kvm_regs regs;
    struct kvm_sregs sregs;

    if (read_registers(vcpu, &regs, &sregs) != 0)
        return -1;
    zp_kvm_view_of(&regs, &sregs, ret_view);
    ret_view->last_exit = name_last_exit(vcpu);
    ret_view->has_printed = atomic_load(&vcpu->kvm->serial_bytes) != 0;
    return 0;
}

/* Bits of an APIC id that number the cores of the socket. */
static unsigned core_bits(unsigned count)
{
    unsigned bits = 0;

    while ((1u << bits) < count)
        bits++;
    return bits;
}

/* Leaves 0xb and 0x1f: a level of threads (one each), a level of cores, then the end of the list. */
static void fit_topology(struct kvm_cpuid_entry2 *entry, unsigned index, unsigned count)
{
    uint32_t level = entry->index;

    entry->eax = level == 1 ? core_bits(count) : 0;
    entry->ebx = level == 0 ? 1 : level == 1 ? count : 0;
    entry->ecx = level | (level == 0 ? CPUID_LEVEL_SMT : level == 1 ? CPUID_LEVEL_CORE : 0);
    entry->edx = index;
}

/* Caches (leaf 4, and 0x8000001d on AMD): levels 1 and 2 are a core's own, level 3 is everybody's. */
static void fit_cache(struct kvm_cpuid_entry2 *entry, unsigned count, bool tells_cores)
{
    uint32_t level = entry->eax >> 5 & 7;
    uint32_t sharing = level >= 3 ? (1u << core_bits(count)) - 1 : 0;

    if ((entry->eax & 0x1f) == 0)
        return;
    entry->eax = (entry->eax & 0x3fff) | sharing << 14;
    if (tells_cores)
        entry->eax |= ((1u << core_bits(count)) - 1) << 26;
}

static void fit_entry(struct kvm_cpuid_entry2 *entry, unsigned index, unsigned count, bool deadline_timer)
{
    switch (entry->function) {
    case 1:
        entry->ebx = (entry->ebx & 0xff00ffff) | (1u << core_bits(count)) << 16;
        entry->ebx = (entry->ebx & 0x00ffffff) | index << 24;
        entry->ecx |= CPUID1_ECX_HYPERVISOR | (deadline_timer ? CPUID1_ECX_TSC_DEADLINE : 0);
        entry->edx = (entry->edx & ~CPUID1_EDX_HTT) | (count > 1 ? CPUID1_EDX_HTT : 0);
        break;
    case 4: fit_cache(entry, count, true); break;
    case 0xb:
    case 0x1f: fit_topology(entry, index, count); break;
    case 0x80000001:
        entry->ecx = (entry->ecx & ~CPUID8_1_ECX_CMP_LEGACY) | (count > 1 ? CPUID8_1_ECX_CMP_LEGACY : 0);
        break;
    case 0x80000008: entry->ecx = (entry->ecx & ~0xf0ffu) | (count - 1) | core_bits(count) << 12; break;
    case 0x8000001d: fit_cache(entry, count, false); break;
    case 0x8000001e:
        entry->eax = index;
        entry->ebx = index & 0xff; /* core id; one thread per core */
        entry->ecx = 0;            /* one node */
        break;
    default: break;
    }
}

/* KVM lists leaf 0xb with the level it knows of; the two that we describe must be there, and the end. */
static void list_topology(struct kvm_cpuid2 *cpuid, uint32_t function)
{
    uint32_t kept = 0;
    bool listed = false;

    for (uint32_t i = 0; i < cpuid->nent; i++) {
        if (cpuid->entries[i].function == function) {
            listed = true;
            continue;
        }
        cpuid->entries[kept++] = cpuid->entries[i];
    }
    if (!listed || kept + 3 > CPUID_ENTRIES)
        return;
    for (uint32_t level = 0; level < 3; level++)
        cpuid->entries[kept++] = (struct kvm_cpuid_entry2){
            .function = function, .index = level, .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX};
    cpuid->nent = kept;
}

void zp_kvm_cpuid_fit(struct kvm_cpuid2 *cpuid, unsigned index, unsigned count, bool deadline_timer)
{
    list_topology(cpuid, 0xb);
    list_topology(cpuid, 0x1f);
    for (uint32_t i = 0; i < cpuid->nent; i++)
        fit_entry(&cpuid->entries[i], index, count, deadline_timer);
}

static int set_cpuid(struct zp_kvm_vcpu *vcpu)
{
    struct zp_kvm *kvm = vcpu->kvm;
    size_t size = sizeof(struct kvm_cpuid2) + CPUID_ENTRIES * sizeof(struct kvm_cpuid_entry2);
    struct kvm_cpuid2 *cpuid = calloc(1, size);
    bool deadline_timer = ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) > 0;
    int failed = -1;

    if (!cpuid)
        return -1;
    cpuid->nent = CPUID_ENTRIES;
    if (ioctl(kvm->fd, KVM_GET_SUPPORTED_CPUID, cpuid) == 0) {
        zp_kvm_cpuid_fit(cpuid, vcpu->index, kvm->vcpu_count, deadline_timer);
        failed = ioctl(vcpu->fd, KVM_SET_CPUID2, cpuid);
    }
    free(cpuid);
    return failed;
}

/* Write-back everywhere; no fixed ranges, which would be uncached until somebody fills them in. */
static int set_msrs(struct zp_kvm_vcpu *vcpu)
{
    static const struct kvm_msr_entry wanted[] = {
        {.index = ZP_MSR_MTRR_DEF_TYPE, .data = ZP_MTRR_DEF_TYPE_E | ZP_MTRR_TYPE_WB},
        {.index = ZP_MSR_PAT, .data = ZP_PAT_RESET},
        {.index = ZP_MSR_MISC_ENABLE, .data = ZP_MISC_ENABLE_FAST_STRING},
    };
    const int count = sizeof(wanted) / sizeof(wanted[0]);
    struct kvm_msrs *msrs = calloc(1, sizeof(*msrs) + sizeof(wanted));
    int set = -1;

    if (msrs) {
        msrs->nmsrs = (uint32_t)count;
        memcpy(msrs->entries, wanted, sizeof(wanted));
        set = ioctl(vcpu->fd, KVM_SET_MSRS, msrs);
    }
    free(msrs);
    /* The last one is Intel's; a KVM that knows it not does no harm. */
    return set >= count - 1 ? 0 : -1;
}

int zp_kvm_state_reset(struct zp_kvm_vcpu *vcpu)
{
    if (set_cpuid(vcpu) != 0) {
        zp_vm_error("KVM: CPUID of CPU %u: %s", vcpu->index, strerror(errno));
        return -1;
    }
    if (set_msrs(vcpu) != 0) {
        zp_vm_error("KVM: memory types (MTRR, PAT) of CPU %u are refused", vcpu->index);
        return -1;
    }
    return 0;
}

int zp_kvm_state_enter(struct zp_kvm_vcpu *vcpu, const struct zp_entry_state *state)
{
    struct kvm_regs regs;
    struct kvm_sregs sregs;

    if (ioctl(vcpu->fd, KVM_GET_SREGS, &sregs) == 0) {
        zp_kvm_sregs_of(state, &sregs);
        zp_kvm_regs_of(state, &regs);
        if (ioctl(vcpu->fd, KVM_SET_SREGS, &sregs) == 0 && ioctl(vcpu->fd, KVM_SET_REGS, &regs) == 0)
            return 0;
    }
    zp_vm_error("KVM: the planned entry state is refused: %s", strerror(errno));
    return -1;
}
