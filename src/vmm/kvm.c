/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The KVM engine: receives a guest that is loaded (RAM, a plan) and enters the planned state on a vCPU of a
 * machine of its own: RAM as KVM memory slots, the in-kernel interrupt controllers and timer, and a few
 * devices (devices.h). Documentation/virt/kvm/api says what each call does.
 *
 * run makes the machine, starts a thread per vCPU (kvm_exit.c) and waits here for input, silence, time and
 * gdb. However the run ends, all threads are joined and everything is given back.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <zeropage/wire/x86.h>

#include "kvm.h"

/* Four pages below the firmware's place, which no PC has RAM at: Intel's KVM wants them for itself. */
#define IDENTITY_MAP_ADDRESS UINT64_C(0xfffbc000)
#define TSS_ADDRESS          0xfffbd000ul

#define SECOND      UINT64_C(1000000000)
#define HALT_CHECK  SECOND
#define INPUT_CHUNK 256u
#define API_VERSION 12

static uint64_t clock_nanoseconds(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static uint64_t monotonic(void *context)
{
    (void)context;
    return clock_nanoseconds(CLOCK_MONOTONIC);
}

static uint64_t wall_clock(void *context)
{
    (void)context;
    return clock_nanoseconds(CLOCK_REALTIME);
}

int zp_kvm_open(char *why, size_t why_size)
{
    static const struct {
        int capability;
        const char *name;
    } needed[] = {{KVM_CAP_IRQCHIP, "interrupt controllers"}, {KVM_CAP_USER_MEMORY, "user memory"},
                  {KVM_CAP_SET_TSS_ADDR, "a TSS address"},    {KVM_CAP_EXT_CPUID, "CPUID"},
                  {KVM_CAP_MP_STATE, "CPU states"},           {KVM_CAP_PIT2, "a timer"},
                  {KVM_CAP_IMMEDIATE_EXIT, "immediate exits"}};
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        snprintf(why, why_size, "/dev/kvm: %s%s", strerror(errno),
                 errno == EACCES ? " (are you in group kvm?)" : "");
        return -1;
    }
    if (ioctl(fd, KVM_GET_API_VERSION, 0) != API_VERSION) {
        snprintf(why, why_size, "/dev/kvm does not speak version %d of KVM's interface", API_VERSION);
        close(fd);
        return -1;
    }
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (ioctl(fd, KVM_CHECK_EXTENSION, needed[i].capability) > 0)
            continue;
        snprintf(why, why_size, "/dev/kvm has no %s", needed[i].name);
        close(fd);
        return -1;
    }
    return fd;
}

static int probe(char *why, size_t why_size, bool *ret_fast)
{
    uint64_t speed;
    int fd = zp_kvm_open(why, why_size);

    if (fd < 0)
        return -1;
    speed = zp_kvm_calibrate(fd, why, why_size);
    close(fd);
    if (speed == 0)
        return -1;
    *ret_fast = speed >= ZP_KVM_FAST;
    if (*ret_fast)
        snprintf(why, why_size, "KVM, %" PRIu64 " million instructions a second", speed / 1000000);
    else
        snprintf(why, why_size,
                 "/dev/kvm interprets, at %" PRIu64 ".%" PRIu64 " million instructions a second",
                 speed / 1000000, speed / 100000 % 10);
    return 0;
}

static int refuse(const char *option)
{
    zp_vm_error("%s: the KVM engine has no such device; use --engine qemu", option);
    return -1;
}

static int check(const struct zp_vm_config *config)
{
    if (config->disk_count > 0)
        return refuse("--disk");
    if (config->net_user)
        return refuse("--net user");
    if (config->qemu_argument_count > 0) {
        zp_vm_error("-- %s: arguments for QEMU mean nothing to the KVM engine; use --engine qemu",
                    config->qemu_arguments[0]);
        return -1;
    }
    if (config->cpus > ZP_KVM_CPUS_MAX) {
        zp_vm_error("--smp %" PRIu32 ": the KVM engine has at most %u CPUs", config->cpus, ZP_KVM_CPUS_MAX);
        return -1;
    }
    return 0;
}

static void describe_pc(const struct zp_vm_config *config, struct zp_pc *ret_pc,
                        struct zp_acpi_hardware *ret_hardware)
{
    *ret_pc = (struct zp_pc){.struct_size = sizeof(*ret_pc),
                             .cpu_count = config->cpus,
                             .ram_size = config->ram_size,
                             .hole_start = {ZP_KVM_HOLE_START},
                             .hole_end = {ZP_KVM_HOLE_END}};
    *ret_hardware = (struct zp_acpi_hardware){.cpus = config->cpus,
                                              .pm_base = ZP_PM_PORT,
                                              .sci_irq = 9,
                                              .reset_port = ZP_RESET_PORT,
                                              .reset_value = ZP_RESET_PORT_VALUE};
}

/* --- devices towards the machine ------------------------------------------------------------------- */

static void transmit(void *context, uint8_t byte)
{
    struct zp_kvm *kvm = context;

    if (kvm->output_count < ZP_KVM_OUTPUT_SIZE)
        kvm->output[kvm->output_count++] = byte;
}

static void serial_interrupt(void *context, bool level)
{
    struct zp_kvm *kvm = context;
    struct kvm_irq_level line = {.irq = ZP_SERIAL_IRQ, .level = level};

    ioctl(kvm->vm_fd, KVM_IRQ_LINE, &line);
}

static void make_devices(struct zp_kvm *kvm)
{
    zp_serial_init(&kvm->serial, transmit, serial_interrupt, kvm);
    zp_pm_init(&kvm->pm, monotonic, NULL);
    zp_rtc_init(&kvm->rtc, wall_clock, NULL);
    zp_i8042_init(&kvm->i8042);
}

/* --- making and giving back ------------------------------------------------------------------------ */

static int no(const char *what)
{
    zp_vm_error("KVM: %s: %s", what, strerror(errno));
    return -1;
}

static int make_memory(struct zp_kvm *kvm)
{
    const struct zp_ram *ram = kvm->vm->ram;

    for (uint32_t i = 0; i < ram->guest.region_count; i++) {
        const struct zp_guest_region *region = &ram->guest.regions[i];
        struct kvm_userspace_memory_region slot = {.slot = i,
                                                   .guest_phys_addr = region->start.value,
                                                   .memory_size = region->size,
                                                   .userspace_addr = (uintptr_t)region->host};

        if ((region->start.value | region->size | (uintptr_t)region->host) % ZP_PAGE_SIZE != 0) {
            zp_vm_error("KVM: guest RAM at 0x%" PRIx64 " is not made of pages", region->start.value);
            return -1;
        }
        if (region->start.value < ZP_KVM_HOLE_END && region->size > ZP_KVM_HOLE_START - region->start.value) {
            zp_vm_error("KVM: guest RAM reaches into the hole below 4 GiB");
            return -1;
        }
        if (ioctl(kvm->vm_fd, KVM_SET_USER_MEMORY_REGION, &slot) != 0)
            return no("guest RAM");
    }
    return 0;
}

static int make_machine(struct zp_kvm *kvm)
{
    struct kvm_pit_config pit = {.flags = KVM_PIT_SPEAKER_DUMMY};
    uint64_t identity_map = IDENTITY_MAP_ADDRESS;

    kvm->vm_fd = ioctl(kvm->fd, KVM_CREATE_VM, 0);
    if (kvm->vm_fd < 0)
        return no("making a machine");
    if (ioctl(kvm->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity_map) != 0 ||
        ioctl(kvm->vm_fd, KVM_SET_TSS_ADDR, TSS_ADDRESS) != 0)
        return no("a place for its own pages");
    if (ioctl(kvm->vm_fd, KVM_CREATE_IRQCHIP, 0) != 0)
        return no("interrupt controllers");
    if (ioctl(kvm->vm_fd, KVM_CREATE_PIT2, &pit) != 0)
        return no("the timer");
    return make_memory(kvm);
}

/* Only KVM on AMD forgets the registers of a dead CPU; elsewhere handing them over would cost for nothing. */
static bool wants_registers(const struct zp_kvm *kvm)
{
    const int wanted = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    int offered = ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_SYNC_REGS);

    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return offered > 0 && (offered & wanted) == wanted && ebx != 0x756e6547; /* "Genu" */
}

static int make_vcpu(struct zp_kvm *kvm, unsigned index)
{
    struct zp_kvm_vcpu *vcpu = &kvm->vcpus[index];
    void *run;

    vcpu->kvm = kvm;
    vcpu->index = index;
    vcpu->fd = ioctl(kvm->vm_fd, KVM_CREATE_VCPU, (unsigned long)index);
    if (vcpu->fd < 0)
        return no("making a CPU");
    run = mmap(NULL, kvm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
    if (run == MAP_FAILED)
        return no("mapping a CPU");
    vcpu->run = run;
    if (kvm->keeps_registers)
        vcpu->run->kvm_valid_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
    if (zp_kvm_state_reset(vcpu) != 0)
        return -1;
    /* The others wait for INIT and SIPI, as KVM makes them. */
    return index == 0 ? zp_kvm_state_enter(vcpu, &kvm->vm->plan->state) : 0;
}

static int make_vcpus(struct zp_kvm *kvm)
{
    int run_size = ioctl(kvm->fd, KVM_GET_VCPU_MMAP_SIZE, 0);
    unsigned count = kvm->vm->config->cpus;

    if (run_size < (int)sizeof(struct kvm_run))
        return no("the size of a CPU");
    kvm->run_size = (size_t)run_size;
    kvm->keeps_registers = wants_registers(kvm);
    kvm->vcpus = calloc(count, sizeof(*kvm->vcpus));
    if (!kvm->vcpus)
        return no("memory for CPUs");
    for (unsigned i = 0; i < count; i++)
        kvm->vcpus[i].fd = -1;
    kvm->vcpu_count = count;
    for (unsigned i = 0; i < count; i++)
        if (make_vcpu(kvm, i) != 0)
            return -1;
    return 0;
}

static int make_channels(struct zp_kvm *kvm)
{
    pthread_condattr_t attributes;

    kvm->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    kvm->halt = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (kvm->wake < 0 || kvm->halt < 0)
        return no("eventfd");
    pthread_mutex_init(&kvm->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&kvm->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return 0;
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

static void give_back(struct zp_kvm *kvm)
{
    for (unsigned i = 0; i < kvm->vcpu_count; i++) {
        if (kvm->vcpus[i].run)
            munmap(kvm->vcpus[i].run, kvm->run_size);
        close_if_open(kvm->vcpus[i].fd);
    }
    free(kvm->vcpus);
    if (kvm->gdb)
        zp_gdb_close(kvm->gdb);
    close_if_open(kvm->vm_fd);
    close_if_open(kvm->fd);
    close_if_open(kvm->wake);
    close_if_open(kvm->halt);
    free(kvm);
}

static struct zp_kvm *make(const struct zp_vm *vm)
{
    struct zp_kvm *kvm = calloc(1, sizeof(*kvm));
    char why[160];

    if (!kvm) {
        no("memory");
        return NULL;
    }
    kvm->vm = vm;
    kvm->fd = kvm->vm_fd = kvm->wake = kvm->halt = -1;
    kvm->run_alone = kvm->debug_stopped = -1;
    make_devices(kvm);
    kvm->fd = zp_kvm_open(why, sizeof(why));
    if (kvm->fd < 0)
        zp_vm_error("%s", why);
    if (kvm->fd < 0 || make_channels(kvm) != 0 || make_machine(kvm) != 0 || make_vcpus(kvm) != 0) {
        give_back(kvm);
        return NULL;
    }
    return kvm;
}

/* --- the main thread's part ------------------------------------------------------------------------ */

/* What the process looked like before the run. */
struct surroundings {
    sigset_t mask;
    struct sigaction kick, pipe;
    int signals; /* signalfd */
};

static void ignore_kick(int number)
{
    (void)number; /* interrupting KVM_RUN is all it is for */
}

/* Signals that would end us end the run instead, unless the caller ignores them. */
static void set_surroundings(struct surroundings *ret_old)
{
    static const int fatal[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction action = {.sa_handler = ignore_kick};
    struct sigaction pipe_action = {.sa_handler = SIG_IGN};
    struct sigaction now;
    sigset_t taken;

    sigemptyset(&taken);
    for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
        if (sigaction(fatal[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaddset(&taken, fatal[i]);
    sigaction(zp_kvm_kick_signal(), &action, &ret_old->kick);
    sigaction(SIGPIPE, &pipe_action, &ret_old->pipe);
    pthread_sigmask(SIG_BLOCK, &taken, &ret_old->mask);
    ret_old->signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void restore_surroundings(const struct surroundings *old)
{
    struct signalfd_siginfo taken;

    /* What has come and ended the run is not to come again. */
    while (old->signals >= 0 && read(old->signals, &taken, sizeof(taken)) > 0)
        ;
    close_if_open(old->signals);
    pthread_sigmask(SIG_SETMASK, &old->mask, NULL);
    sigaction(zp_kvm_kick_signal(), &old->kick, NULL);
    sigaction(SIGPIPE, &old->pipe, NULL);
}

/* With a terminal, keys are always read, for Ctrl-A X must get through; a full buffer drops the rest. */
static bool wants_input(struct zp_kvm *kvm, int fd)
{
    bool room;

    pthread_mutex_lock(&kvm->lock);
    room = ZP_KVM_INPUT_SIZE - kvm->input_count >= INPUT_CHUNK;
    pthread_mutex_unlock(&kvm->lock);
    return fd >= 0 && (room || isatty(fd));
}

static void take_input(struct zp_kvm *kvm, struct zp_terminal *terminal)
{
    uint8_t typed[INPUT_CHUNK];
    bool leave = false;
    int count = zp_terminal_read(terminal, typed, sizeof(typed), &leave);

    pthread_mutex_lock(&kvm->lock);
    for (int i = 0; i < count && kvm->input_count < ZP_KVM_INPUT_SIZE; i++) {
        kvm->input[(kvm->input_start + kvm->input_count) % ZP_KVM_INPUT_SIZE] = typed[i];
        kvm->input_count++;
    }
    zp_kvm_feed_serial(kvm);
    pthread_mutex_unlock(&kvm->lock);
    if (leave)
        zp_kvm_end(kvm, ZP_VM_STOPPED);
}

/* A CPU that halts with interrupts off never wakes, nor does one that waits for a start-up nobody sends. */
static bool is_halted(struct zp_kvm_vcpu *vcpu)
{
    struct kvm_mp_state state;
    struct kvm_regs regs;

    if (ioctl(vcpu->fd, KVM_GET_MP_STATE, &state) != 0 || ioctl(vcpu->fd, KVM_GET_REGS, &regs) != 0)
        return false;
    if (state.mp_state == KVM_MP_STATE_UNINITIALIZED)
        return true;
    return state.mp_state == KVM_MP_STATE_HALTED && !(regs.rflags & ZP_RFLAGS_IF);
}

static void check_halted(struct zp_kvm *kvm)
{
    bool halted = zp_kvm_park(kvm);
    struct zp_cpu_view view;

    for (unsigned i = 0; halted && i < kvm->vcpu_count; i++)
        halted = is_halted(&kvm->vcpus[i]);
    if (halted && zp_kvm_state_view(&kvm->vcpus[0], &view) == 0) {
        zp_vm_explain(kvm->vm, &view, "the guest halted for good, with interrupts off");
        zp_kvm_end(kvm, ZP_VM_HALTED);
    }
    zp_kvm_unpark(kvm, -1);
}

static void explain_silence(struct zp_kvm *kvm)
{
    struct zp_cpu_view view;
    char headline[96];

    snprintf(headline, sizeof(headline), "the guest has printed nothing for %u seconds",
             kvm->vm->config->silent_seconds);
    if (zp_kvm_park(kvm) && zp_kvm_state_view(&kvm->vcpus[0], &view) == 0)
        zp_vm_explain(kvm->vm, &view, headline);
    zp_kvm_unpark(kvm, -1);
}

struct watch {
    uint64_t started, checked_at;
    uint64_t bytes; /* printed at the last look */
    bool explained;
};

static void look_at_clock(struct zp_kvm *kvm, struct watch *watch)
{
    const struct zp_vm_config *config = kvm->vm->config;
    uint64_t now = clock_nanoseconds(CLOCK_MONOTONIC);
    uint64_t bytes = atomic_load(&kvm->serial_bytes);

    if (bytes != watch->bytes) {
        watch->bytes = bytes;
        watch->checked_at = now;
    }
    if (config->timeout_seconds != 0 && now - watch->started >= config->timeout_seconds * SECOND)
        zp_kvm_end(kvm, ZP_VM_TIMEOUT);
    if (kvm->gdb) /* a guest that is looked at may be as silent as it likes */
        return;
    if (now - watch->checked_at >= HALT_CHECK) {
        watch->checked_at = now;
        check_halted(kvm);
    }
    /* Never a word yet: one that has spoken may wait at a prompt. */
    if (config->silent_seconds != 0 && !watch->explained && bytes == 0 &&
        now - watch->started >= config->silent_seconds * SECOND) {
        watch->explained = true;
        explain_silence(kvm);
    }
}

static void look_at_debugger(struct zp_kvm *kvm)
{
    bool stopped;

    pthread_mutex_lock(&kvm->lock);
    stopped = kvm->debug_stopped >= 0;
    pthread_mutex_unlock(&kvm->lock);
    if (stopped && zp_kvm_park(kvm))
        zp_gdb_stopped(kvm->gdb);
}

static bool is_over(struct zp_kvm *kvm)
{
    bool over;

    pthread_mutex_lock(&kvm->lock);
    over = kvm->stop;
    pthread_mutex_unlock(&kvm->lock);
    return over;
}

static void wait_for_end(struct zp_kvm *kvm, struct zp_terminal *terminal, int signals)
{
    uint64_t now = clock_nanoseconds(CLOCK_MONOTONIC), woken;
    struct watch watch = {.started = now, .checked_at = now};

    while (!is_over(kvm)) {
        int input = zp_terminal_fd(terminal);
        struct pollfd ready[] = {
            {.fd = kvm->wake, .events = POLLIN},
            {.fd = signals, .events = POLLIN},
            {.fd = wants_input(kvm, input) ? input : -1, .events = POLLIN},
            {.fd = kvm->gdb ? zp_gdb_fd(kvm->gdb) : -1, .events = POLLIN},
        };

        if (poll(ready, 4, 250) < 0 && errno != EINTR) {
            no("waiting");
            zp_kvm_end(kvm, ZP_VM_FAILED);
            break;
        }
        if (ready[0].revents && read(kvm->wake, &woken, sizeof(woken)) < 0 && errno != EAGAIN)
            no("eventfd");
        if (ready[1].revents)
            zp_kvm_end(kvm, ZP_VM_STOPPED);
        if (ready[2].revents)
            take_input(kvm, terminal);
        if (kvm->gdb && ready[3].revents)
            zp_gdb_ready(kvm->gdb);
        if (kvm->gdb)
            look_at_debugger(kvm);
        look_at_clock(kvm, &watch);
    }
}

static int start_threads(struct zp_kvm *kvm)
{
    for (unsigned i = 0; i < kvm->vcpu_count; i++) {
        int error;

        pthread_mutex_lock(&kvm->lock);
        error = pthread_create(&kvm->vcpus[i].thread, NULL, zp_kvm_vcpu_thread, &kvm->vcpus[i]);
        kvm->vcpus[i].started = error == 0;
        pthread_mutex_unlock(&kvm->lock);
        if (error != 0) {
            errno = error;
            return no("a thread for a CPU");
        }
    }
    return 0;
}

static void join_threads(struct zp_kvm *kvm)
{
    for (unsigned i = 0; i < kvm->vcpu_count; i++)
        if (kvm->vcpus[i].started)
            pthread_join(kvm->vcpus[i].thread, NULL);
}

static int run_to_end(struct zp_kvm *kvm)
{
    struct surroundings old;
    struct zp_terminal *terminal;
    int failed;

    set_surroundings(&old);
    failed = start_threads(kvm);
    if (failed) {
        zp_kvm_end(kvm, ZP_VM_FAILED);
    } else {
        terminal = zp_terminal_open();
        wait_for_end(kvm, terminal, old.signals);
        zp_terminal_close(terminal);
    }
    join_threads(kvm);
    if (kvm->gdb)
        zp_gdb_ended(kvm->gdb, kvm->end);
    restore_surroundings(&old);
    return failed;
}

/* Whoever wants to see the handoff sees what KVM has, not what the plan says. */
static int tell_entered(struct zp_kvm *kvm)
{
    const struct zp_vm_config *config = kvm->vm->config;
    struct zp_vm_entered entered = {.plan = kvm->vm->plan, .guest = &kvm->vm->ram->guest};

    if (zp_kvm_state_entered(&kvm->vcpus[0], &entered) != 0)
        return -1;
    return config->entered(config->entered_context, &entered);
}

static int run(const struct zp_vm *vm, struct zp_vm_result *ret_result)
{
    struct zp_kvm *kvm;
    int failed = 0;

    if (vm->load && vm->load(vm->load_context) != 0)
        return -1;
    kvm = make(vm);
    if (!kvm)
        return -1;
    if (vm->config->entered)
        failed = tell_entered(kvm);
    if (!failed && vm->config->gdb_port != 0) {
        kvm->park = true; /* until gdb says go */
        kvm->gdb = zp_gdb_open(kvm, vm->config->gdb_port);
        failed = kvm->gdb ? 0 : -1;
    }
    if (!failed)
        failed = run_to_end(kvm);
    if (!failed)
        *ret_result = (struct zp_vm_result){.end = kvm->end,
                                            .serial_bytes = atomic_load(&kvm->serial_bytes),
                                            .exits = atomic_load(&kvm->exits)};
    give_back(kvm);
    return failed;
}

const struct zp_engine zp_engine_kvm = {
    .name = "kvm",
    .probe = probe,
    .check = check,
    .pc = describe_pc,
    .run = run,
};
