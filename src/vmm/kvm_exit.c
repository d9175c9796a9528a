/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vCPU's life: KVM_RUN, then whatever made it return (Documentation/virt/kvm/api, section 5). Ports go to
 * the devices; ports and memory that belong to nobody read as ones. Every exit is either handled or ends
 * the run with an explanation: nothing is retried for ever without the guest getting on.
 *
 * Leaving KVM_RUN from outside: under the lock a reason is stored (stop, park) and immediate_exit set, then
 * the thread gets a signal. The next KVM_RUN returns EINTR after it has completed the last port access, and
 * the thread looks for the reason under the same lock, so that no request is ever missed.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "kvm.h"

#define PARK_PATIENCE 1 /* seconds */
#define AMD_RESET_RIP 0xfff0u
#define VECTOR_BP     3

int zp_kvm_kick_signal(void)
{
    return SIGRTMIN;
}

void zp_kvm_wake(struct zp_kvm *kvm)
{
    uint64_t one = 1;
    ssize_t written = write(kvm->wake, &one, sizeof(one));

    (void)written; /* EAGAIN: it is awake already */
}

void zp_kvm_kick_all(struct zp_kvm *kvm)
{
    for (unsigned i = 0; i < kvm->vcpu_count; i++) {
        struct zp_kvm_vcpu *vcpu = &kvm->vcpus[i];

        if (!vcpu->started)
            continue;
        vcpu->run->immediate_exit = 1;
        pthread_kill(vcpu->thread, zp_kvm_kick_signal());
    }
}

void zp_kvm_end(struct zp_kvm *kvm, enum zp_vm_end end)
{
    uint64_t one = 1;
    ssize_t written;

    pthread_mutex_lock(&kvm->lock);
    if (!kvm->stop) {
        kvm->stop = true;
        kvm->end = end;
        written = write(kvm->halt, &one, sizeof(one));
        (void)written; /* an eventfd that was never written takes one */
        zp_kvm_kick_all(kvm);
        pthread_cond_broadcast(&kvm->changed);
    }
    pthread_mutex_unlock(&kvm->lock);
    zp_kvm_wake(kvm);
}

static bool all_parked(const struct zp_kvm *kvm)
{
    for (unsigned i = 0; i < kvm->vcpu_count; i++)
        if (kvm->vcpus[i].started && !kvm->vcpus[i].parked)
            return false;
    return true;
}

bool zp_kvm_park(struct zp_kvm *kvm)
{
    struct timespec deadline;
    int waited = 0;
    bool parked;

    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += PARK_PATIENCE;
    pthread_mutex_lock(&kvm->lock);
    kvm->park = true;
    kvm->run_alone = -1;
    zp_kvm_kick_all(kvm);
    while (!kvm->stop && !all_parked(kvm) && waited == 0)
        waited = pthread_cond_timedwait(&kvm->changed, &kvm->lock, &deadline);
    parked = !kvm->stop && all_parked(kvm);
    pthread_mutex_unlock(&kvm->lock);
    return parked;
}

void zp_kvm_unpark(struct zp_kvm *kvm, int alone)
{
    pthread_mutex_lock(&kvm->lock);
    kvm->park = alone >= 0;
    kvm->run_alone = alone;
    pthread_cond_broadcast(&kvm->changed);
    pthread_mutex_unlock(&kvm->lock);
}

/* Outside of KVM_RUN: waits while parked. False: the run is over. */
static bool may_go_on(struct zp_kvm_vcpu *vcpu)
{
    struct zp_kvm *kvm = vcpu->kvm;
    bool go_on;

    pthread_mutex_lock(&kvm->lock);
    vcpu->run->immediate_exit = 0;
    while (!kvm->stop && kvm->park && kvm->run_alone != (int)vcpu->index) {
        vcpu->parked = true;
        pthread_cond_broadcast(&kvm->changed);
        pthread_cond_wait(&kvm->changed, &kvm->lock);
        vcpu->run->immediate_exit = 0;
    }
    vcpu->parked = false;
    go_on = !kvm->stop;
    pthread_mutex_unlock(&kvm->lock);
    return go_on;
}

/* With the lock held. */
void zp_kvm_feed_serial(struct zp_kvm *kvm)
{
    while (kvm->input_count > 0 && zp_serial_room(&kvm->serial) > 0) {
        zp_serial_receive(&kvm->serial, &kvm->input[kvm->input_start], 1);
        kvm->input_start = (kvm->input_start + 1) % ZP_KVM_INPUT_SIZE;
        /* A pipe is read only while there is room: there is some again. */
        if (kvm->input_count-- == ZP_KVM_INPUT_SIZE)
            zp_kvm_wake(kvm);
    }
}

static uint8_t port_read_byte(struct zp_kvm *kvm, unsigned port)
{
    uint8_t value;

    if (port - ZP_SERIAL_PORT < ZP_SERIAL_PORTS) {
        value = zp_serial_read(&kvm->serial, port - ZP_SERIAL_PORT);
        zp_kvm_feed_serial(kvm);
        return value;
    }
    if (port - ZP_RTC_PORT < ZP_RTC_PORTS)
        return zp_rtc_read(&kvm->rtc, port - ZP_RTC_PORT);
    if (port == ZP_RESET_PORT)
        return zp_pm_reset_read(&kvm->pm);
    if (port == ZP_I8042_DATA || port == ZP_I8042_COMMAND || port == ZP_PORT92)
        return zp_i8042_read(&kvm->i8042, port);
    return 0xff;
}

static int port_write_byte(struct zp_kvm *kvm, unsigned port, uint8_t value)
{
    if (port - ZP_SERIAL_PORT < ZP_SERIAL_PORTS) {
        zp_serial_write(&kvm->serial, port - ZP_SERIAL_PORT, value);
        zp_kvm_feed_serial(kvm);
        return 0;
    }
    if (port - ZP_RTC_PORT < ZP_RTC_PORTS) {
        zp_rtc_write(&kvm->rtc, port - ZP_RTC_PORT, value);
        return 0;
    }
    if (port == ZP_RESET_PORT)
        return zp_pm_reset_write(&kvm->pm, value);
    if (port == ZP_I8042_DATA || port == ZP_I8042_COMMAND || port == ZP_PORT92)
        return zp_i8042_write(&kvm->i8042, port, value);
    return 0;
}

/* A PCI configuration address (four bytes at 0xcf8) covers the reset port without meaning it. */
static bool is_bytewise(unsigned port, unsigned size)
{
    return size == 1 || !(port <= ZP_RESET_PORT && ZP_RESET_PORT < port + size);
}

static void port_in(struct zp_kvm *kvm, unsigned port, uint8_t *data, unsigned size)
{
    uint32_t value;

    memset(data, 0xff, size);
    if (port - ZP_PM_PORT < ZP_PM_PORTS) {
        value = zp_pm_read(&kvm->pm, port - ZP_PM_PORT, size);
        memcpy(data, &value, size);
        return;
    }
    for (unsigned i = 0; i < size && is_bytewise(port, size); i++)
        data[i] = port_read_byte(kvm, port + i);
}

static int port_out(struct zp_kvm *kvm, unsigned port, const uint8_t *data, unsigned size)
{
    uint32_t value = 0;
    int end = 0;

    memcpy(&value, data, size);
    if (port - ZP_PM_PORT < ZP_PM_PORTS)
        return zp_pm_write(&kvm->pm, port - ZP_PM_PORT, size, value);
    for (unsigned i = 0; i < size && end == 0 && is_bytewise(port, size); i++)
        end = port_write_byte(kvm, port + i, data[i]);
    return end;
}

/*
 * What the guest printed goes out whole, or the run ends. Without the lock, for a terminal may be stopped
 * and a pipe full; `halt` ends the wait.
 */
static void print(struct zp_kvm *kvm, const uint8_t *bytes, size_t count)
{
    struct pollfd ready[] = {{.fd = STDOUT_FILENO, .events = POLLOUT}, {.fd = kvm->halt, .events = POLLIN}};

    atomic_fetch_add_explicit(&kvm->serial_bytes, count, memory_order_relaxed);
    while (count > 0) {
        ssize_t written;

        if (poll(ready, 2, -1) < 0 && errno != EINTR)
            break;
        if (ready[1].revents != 0)
            return;
        written = write(STDOUT_FILENO, bytes, count);
        if (written < 0 && errno != EINTR && errno != EAGAIN)
            break;
        if (written > 0) {
            bytes += written;
            count -= (size_t)written;
        }
    }
    if (count == 0)
        return;
    if (errno != EPIPE)
        zp_vm_error("the guest's output cannot be written: %s", strerror(errno));
    zp_kvm_end(kvm, errno == EPIPE ? ZP_VM_STOPPED : ZP_VM_FAILED);
}

/* Ends the run when a device says so. */
static bool handle_port(struct zp_kvm_vcpu *vcpu)
{
    struct zp_kvm *kvm = vcpu->kvm;
    struct kvm_run *run = vcpu->run;
    uint8_t *data = (uint8_t *)run + run->io.data_offset;
    unsigned size = run->io.size;
    uint8_t output[ZP_KVM_OUTPUT_SIZE];
    size_t output_count;
    int end = 0;

    if (size == 0 || size > 4 || run->io.data_offset > kvm->run_size ||
        (uint64_t)size * run->io.count > kvm->run_size - run->io.data_offset) {
        zp_vm_error("KVM: a port access of %u times %u bytes makes no sense", run->io.count, size);
        zp_kvm_end(kvm, ZP_VM_FAILED);
        return false;
    }
    pthread_mutex_lock(&kvm->lock);
    for (uint32_t i = 0; i < run->io.count && end == 0; i++, data += size) {
        if (run->io.direction == KVM_EXIT_IO_IN)
            port_in(kvm, run->io.port, data, size);
        else
            end = port_out(kvm, run->io.port, data, size);
    }
    output_count = kvm->output_count;
    memcpy(output, kvm->output, output_count);
    kvm->output_count = 0;
    pthread_mutex_unlock(&kvm->lock);
    if (output_count > 0)
        print(kvm, output, output_count);
    if (end != 0)
        zp_kvm_end(kvm, (enum zp_vm_end)end);
    return end == 0;
}

/*
 * The registers to show for a dead CPU. KVM on AMD puts a CPU through INIT before it reports the triple
 * fault; the registers of the exit before it are then the best there is.
 */
static void explain_death(struct zp_kvm_vcpu *vcpu, const char *headline)
{
    struct zp_cpu_view view;
    char text[160];
    bool was_reset;

    if (zp_kvm_state_view(vcpu, &view) != 0)
        return;
    was_reset = view.rip == AMD_RESET_RIP && view.cs == 0xf000 && !(view.cr0 & 1);
    if (!was_reset) {
        zp_vm_explain(vcpu->kvm->vm, &view, headline);
        return;
    }
    if (vcpu->has_last) {
        const char *last_exit = view.last_exit;
        bool has_printed = view.has_printed;

        zp_kvm_view_of(&vcpu->last_regs, &vcpu->last_sregs, &view);
        view.last_exit = last_exit;
        view.has_printed = has_printed;
        snprintf(text, sizeof(text), "%s (registers as of the last exit: this KVM forgets the later ones)",
                 headline);
    } else {
        snprintf(text, sizeof(text), "%s (this KVM forgets the registers, and there was no exit before)",
                 headline);
    }
    zp_vm_explain(vcpu->kvm->vm, &view, text);
}

static void tell_failed_emulation(const struct kvm_run *run, char *text, size_t size)
{
    size_t length;
    unsigned count = run->emulation_failure.insn_size;

    snprintf(text, size, "KVM cannot emulate an instruction (--engine qemu may)");
    if (run->emulation_failure.ndata < 4 ||
        !(run->emulation_failure.flags & KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES))
        return;
    for (unsigned i = 0; i < count && i < sizeof(run->emulation_failure.insn_bytes); i++) {
        length = strlen(text);
        snprintf(text + length, size - length, "%s%02x", i == 0 ? ": " : " ",
                 run->emulation_failure.insn_bytes[i]);
    }
}

static void tell_internal_error(const struct kvm_run *run, char *text, size_t size)
{
    switch (run->internal.suberror) {
    case KVM_INTERNAL_ERROR_EMULATION: tell_failed_emulation(run, text, size); return;
    case KVM_INTERNAL_ERROR_SIMUL_EX:
        snprintf(text, size, "KVM: an exception while it delivered another");
        return;
    case KVM_INTERNAL_ERROR_DELIVERY_EV:
        snprintf(text, size, "KVM: an unexpected exit while it delivered an event");
        return;
    default: snprintf(text, size, "KVM: internal error %u", run->internal.suberror); return;
    }
}

static bool fail(struct zp_kvm_vcpu *vcpu, const char *headline)
{
    explain_death(vcpu, headline);
    zp_kvm_end(vcpu->kvm, ZP_VM_FAILED);
    return false;
}

static bool handle_system_event(struct zp_kvm_vcpu *vcpu)
{
    uint32_t type = vcpu->run->system_event.type;

    if (type == KVM_SYSTEM_EVENT_SHUTDOWN || type == KVM_SYSTEM_EVENT_RESET) {
        zp_kvm_end(vcpu->kvm, type == KVM_SYSTEM_EVENT_RESET ? ZP_VM_RESET : ZP_VM_POWERED_OFF);
        return false;
    }
    return fail(vcpu, "KVM: the guest asked for a system event that this machine has not");
}

/* An INT3 that is the guest's own goes back to it. */
static bool give_back_breakpoint(struct zp_kvm_vcpu *vcpu)
{
    struct kvm_vcpu_events events;

    if (ioctl(vcpu->fd, KVM_GET_VCPU_EVENTS, &events) != 0)
        return false;
    events.exception.injected = 1;
    events.exception.nr = VECTOR_BP;
    events.exception.has_error_code = 0;
    return ioctl(vcpu->fd, KVM_SET_VCPU_EVENTS, &events) == 0;
}

/* Stops the whole machine for gdb; the main thread takes it from there. False: the INT3 is not gdb's. */
static bool stop_for_gdb(struct zp_kvm_vcpu *vcpu, bool breakpoint, uint64_t address)
{
    struct zp_kvm *kvm = vcpu->kvm;
    bool mine;

    pthread_mutex_lock(&kvm->lock);
    mine = kvm->gdb && (!breakpoint || zp_gdb_owns(kvm->gdb, address));
    if (mine) {
        kvm->park = true;
        kvm->run_alone = -1;
        if (kvm->debug_stopped < 0)
            kvm->debug_stopped = (int)vcpu->index;
        zp_kvm_kick_all(kvm);
    }
    pthread_mutex_unlock(&kvm->lock);
    if (mine)
        zp_kvm_wake(kvm);
    return mine;
}

static bool handle_debug(struct zp_kvm_vcpu *vcpu)
{
    const struct kvm_debug_exit_arch *debug = &vcpu->run->debug.arch;

    if (stop_for_gdb(vcpu, debug->exception == VECTOR_BP, debug->pc) || give_back_breakpoint(vcpu))
        return true;
    return fail(vcpu, "KVM: the guest's own breakpoint cannot be delivered");
}

/* A KVM that interprets knows no INT3: gdb's breakpoints come out as instructions that it cannot emulate. */
static bool is_breakpoint_unknown_to_kvm(struct zp_kvm_vcpu *vcpu)
{
    struct kvm_regs regs;

    return vcpu->run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION &&
           ioctl(vcpu->fd, KVM_GET_REGS, &regs) == 0 && stop_for_gdb(vcpu, true, regs.rip);
}

static bool handle_internal_error(struct zp_kvm_vcpu *vcpu)
{
    char text[128];

    if (is_breakpoint_unknown_to_kvm(vcpu))
        return true;
    tell_internal_error(vcpu->run, text, sizeof(text));
    return fail(vcpu, text);
}

static void note_exit(struct zp_kvm_vcpu *vcpu)
{
    struct kvm_run *run = vcpu->run;
    bool port = run->exit_reason == KVM_EXIT_IO;

    vcpu->last_reason = run->exit_reason;
    vcpu->last_write = port ? run->io.direction == KVM_EXIT_IO_OUT : run->mmio.is_write;
    vcpu->last_address = port ? run->io.port : run->mmio.phys_addr;
    if (vcpu->kvm->keeps_registers) {
        vcpu->last_regs = run->s.regs.regs;
        vcpu->last_sregs = run->s.regs.sregs;
        vcpu->has_last = true;
    }
}

/* False: this vCPU has nothing more to do. */
static bool handle_exit(struct zp_kvm_vcpu *vcpu)
{
    struct kvm_run *run = vcpu->run;
    char text[128];

    switch (run->exit_reason) {
    case KVM_EXIT_IO: note_exit(vcpu); return handle_port(vcpu);
    case KVM_EXIT_MMIO:
        note_exit(vcpu);
        if (!run->mmio.is_write)
            memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
        return true;
    case KVM_EXIT_INTR:
    case KVM_EXIT_IRQ_WINDOW_OPEN: return true;
    case KVM_EXIT_DEBUG: return handle_debug(vcpu);
    case KVM_EXIT_SHUTDOWN:
        explain_death(vcpu, "the guest died of a triple fault");
        zp_kvm_end(vcpu->kvm, ZP_VM_TRIPLE_FAULT);
        return false;
    case KVM_EXIT_SYSTEM_EVENT: return handle_system_event(vcpu);
    case KVM_EXIT_FAIL_ENTRY:
        snprintf(text, sizeof(text), "KVM: the processor refuses the guest's state (reason 0x%" PRIx64 ")",
                 (uint64_t)run->fail_entry.hardware_entry_failure_reason);
        return fail(vcpu, text);
    case KVM_EXIT_INTERNAL_ERROR: return handle_internal_error(vcpu);
    default:
        snprintf(text, sizeof(text), "KVM: exit for reason %u, which nobody handles", run->exit_reason);
        return fail(vcpu, text);
    }
}

/* EINTR: somebody wants something. EAGAIN: a CPU that waits for its start-up was woken too early. */
static bool run_once(struct zp_kvm_vcpu *vcpu)
{
    char text[128];

    if (ioctl(vcpu->fd, KVM_RUN, 0) == 0) {
        atomic_fetch_add_explicit(&vcpu->kvm->exits, 1, memory_order_relaxed);
        return handle_exit(vcpu);
    }
    if (errno == EINTR)
        return may_go_on(vcpu);
    if (errno == EAGAIN)
        return true;
    if (vcpu->run->exit_reason == KVM_EXIT_INTERNAL_ERROR || vcpu->run->exit_reason == KVM_EXIT_FAIL_ENTRY)
        return handle_exit(vcpu);
    snprintf(text, sizeof(text), "KVM_RUN: %s", strerror(errno));
    return fail(vcpu, text);
}

void *zp_kvm_vcpu_thread(void *argument)
{
    struct zp_kvm_vcpu *vcpu = argument;
    struct zp_kvm *kvm = vcpu->kvm;
    bool alive = may_go_on(vcpu);

    while (alive)
        alive = run_once(vcpu);
    /* Whoever waits for all to be parked need not wait for one that is gone. */
    pthread_mutex_lock(&kvm->lock);
    vcpu->parked = true;
    pthread_cond_broadcast(&kvm->changed);
    pthread_mutex_unlock(&kvm->lock);
    return NULL;
}
