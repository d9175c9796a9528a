/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The QEMU engine: receives a loaded guest and runs it in a QEMU process under software emulation. Guest RAM
 * is the memory file into which the core has loaded; our ROM enters the planned state. Here is the loop that
 * carries bytes between the terminal and the serial port, and that learns how the run ended.
 *
 * QEMU starts stopped, so that no event is lost before the monitor listens, and stops instead of ending when
 * the guest powers off, resets or dies, so that its registers can still be read. "-no-reboot" turns a reset
 * into a shutdown with reason guest-reset; a triple fault has the same reason and is told apart by QEMU's log
 * of CPU resets.
 */
#include "qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zeropage/wire/x86.h>

#include "qemu_pc.h"

#define CPUS_MAX 255 /* what QEMU's pc takes */
/* Beyond, QEMU moves RAM past the place below 1 TiB that AMD keeps for HyperTransport. */
#define RAM_MAX            (UINT64_C(1009) << 30)
#define HALT_CHECK_FIRST   1000 /* ms without output before the guest is asked whether it has halted */
#define HALT_CHECK_LONGEST 16000
#define LOG_CHECK          1000 /* ms: the log grows by up to 100 MB in that time */
#define LEAVE_PATIENCE     3000 /* ms for the last output after the guest's end, when nobody reads it */

struct channel {
    char bytes[4096];
    size_t start, length;
};

struct run {
    const struct zp_vm_config *config;
    const struct zp_vm *vm; /* NULL: real mode, no plan */
    struct zp_qemu_process process;
    struct zp_qemu_monitor monitor;
    struct zp_terminal *terminal;
    int signals;
    sigset_t old_mask;
    struct sigaction old_child;
    struct channel to_guest, from_guest;
    bool input_ended, serial_closed, diagnostics_closed;
    bool ended; /* how is in result */
    bool left;  /* at once: no more output is waited for */
    bool explained_silence;
    bool waits_for_debugger;
    bool has_last_cpu;
    struct zp_qemu_cpu last_cpu;
    int64_t started, last_output, next_halt_check, halt_interval;
    struct zp_vm_result result;
};

static void finish(struct run *run, enum zp_vm_end end)
{
    if (run->ended)
        return;
    run->ended = true;
    run->result.end = end;
}

static void leave(struct run *run, enum zp_vm_end end)
{
    finish(run, end);
    run->left = true;
}

/* ---- what the CPUs do */

/* The CPU that is to blame: the first that has not halted, else the first. */
static bool read_cpu(struct run *run, struct zp_qemu_cpu *ret_cpu)
{
    char *text = zp_qemu_monitor_human(&run->monitor, "info registers -a");
    bool found = false;

    for (const char *at = text ? zp_qemu_registers_next(text) : NULL; at; at = zp_qemu_registers_next(at)) {
        struct zp_qemu_cpu cpu;

        if (!zp_qemu_registers_parse(at, &cpu))
            continue;
        if (!found || (ret_cpu->halted && !cpu.halted))
            *ret_cpu = cpu;
        found = true;
    }
    free(text);
    return found;
}

/* A CPU that halts with interrupts off never wakes; so have those that were never started. */
static bool have_all_halted(struct run *run)
{
    char *text = zp_qemu_monitor_human(&run->monitor, "info registers -a");
    bool all = false;

    for (const char *at = text ? zp_qemu_registers_next(text) : NULL; at; at = zp_qemu_registers_next(at)) {
        struct zp_qemu_cpu cpu;

        all = zp_qemu_registers_parse(at, &cpu) && cpu.halted && !(cpu.view.rflags & ZP_RFLAGS_IF);
        if (!all)
            break;
    }
    free(text);
    return all;
}

static void explain(struct run *run, struct zp_qemu_cpu *cpu, const char *last_exit, const char *headline)
{
    cpu->view.last_exit = last_exit;
    cpu->view.has_printed = run->result.serial_bytes != 0;
    if (run->vm) {
        zp_vm_explain(run->vm, &cpu->view, headline);
        return;
    }
    zp_vm_error("%s", headline);
    zp_vm_error("it is at 0x%" PRIx64 " (CS base 0x%" PRIx64 ", RIP 0x%" PRIx64 "), CR0 0x%" PRIx64,
                cpu->view.cs_base + cpu->view.rip, cpu->view.cs_base, cpu->view.rip, cpu->view.cr0);
}

static void explain_silence(struct run *run)
{
    char headline[128];
    struct zp_qemu_cpu cpu;

    run->explained_silence = true;
    if (!zp_qemu_monitor_is_running(&run->monitor))
        return; /* somebody stopped it on purpose */
    zp_qemu_monitor_command(&run->monitor, "stop");
    if (read_cpu(run, &cpu)) {
        snprintf(headline, sizeof(headline), "the guest has printed nothing for %u s",
                 run->config->silent_seconds);
        explain(run, &cpu, cpu.halted ? "halted" : "none", headline);
    }
    zp_qemu_monitor_command(&run->monitor, "cont");
}

static void check_halt(struct run *run, int64_t now)
{
    run->halt_interval *= 2;
    if (run->halt_interval > HALT_CHECK_LONGEST)
        run->halt_interval = HALT_CHECK_LONGEST;
    run->next_halt_check = now + run->halt_interval;
    if (have_all_halted(run))
        finish(run, ZP_VM_HALTED);
}

/* ---- how it ended */

/*
 * A reset by port 0x92 masks A20 with the same write, and QEMU's CPU runs on to the end of its block of
 * code: there it may die of a triple fault, having lost every second MiB. That was a reset.
 */
static void note_reset(struct run *run)
{
    bool faulted = zp_qemu_process_triple_faulted(&run->process);

    run->has_last_cpu = faulted && read_cpu(run, &run->last_cpu);
    if (run->has_last_cpu && run->last_cpu.a20_masked)
        faulted = false;
    finish(run, faulted ? ZP_VM_TRIPLE_FAULT : ZP_VM_RESET);
}

static void note_shutdown(struct run *run)
{
    const char *cause = run->monitor.shutdown_cause;

    if (run->ended)
        return;
    if (strcmp(cause, "guest-shutdown") == 0) {
        finish(run, ZP_VM_POWERED_OFF);
    } else if (strcmp(cause, "guest-reset") == 0) {
        note_reset(run);
    } else if (strcmp(cause, "guest-panic") == 0) {
        zp_vm_say(run->config, "the guest told QEMU that it panicked");
        finish(run, ZP_VM_HALTED);
    } else if (strcmp(cause, "host-error") == 0) {
        zp_vm_error("qemu stopped the guest after an error of its own");
        finish(run, ZP_VM_FAILED);
    } else {
        finish(run, ZP_VM_STOPPED);
    }
}

/* The monitor is closed and nobody had asked for it: by a debug exit device, or by trouble. */
static void note_vanished(struct run *run)
{
    int status;

    if (run->ended)
        return;
    if (!zp_qemu_process_wait(&run->process, 3000)) {
        zp_vm_error("qemu has closed its monitor");
        finish(run, ZP_VM_FAILED);
        return;
    }
    status = run->process.status;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        finish(run, ZP_VM_POWERED_OFF);
        return;
    }
    if (WIFEXITED(status))
        zp_vm_error("qemu ended with status %d", WEXITSTATUS(status));
    else
        zp_vm_error("qemu was ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    finish(run, ZP_VM_FAILED);
}

/* ---- bytes */

/* Writes what can be written now. false: the other side is gone. */
static bool flush(struct channel *channel, int fd, bool is_socket)
{
    const char *bytes = channel->bytes + channel->start;
    ssize_t put =
        is_socket ? send(fd, bytes, channel->length, MSG_NOSIGNAL) : write(fd, bytes, channel->length);

    if (put < 0)
        return errno == EAGAIN || errno == EINTR;
    channel->start += (size_t)put;
    channel->length -= (size_t)put;
    return true;
}

static void read_serial(struct run *run, int64_t now)
{
    struct channel *channel = &run->from_guest;
    ssize_t got = read(run->process.serial, channel->bytes, sizeof(channel->bytes));

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        run->serial_closed = true;
        return;
    }
    channel->start = 0;
    channel->length = (size_t)got;
    run->result.serial_bytes += (uint64_t)got;
    run->last_output = now;
    run->halt_interval = HALT_CHECK_FIRST;
    run->next_halt_check = now + run->halt_interval;
}

static void read_terminal(struct run *run)
{
    struct channel *channel = &run->to_guest;
    bool wants_to_leave = false;
    int got = zp_terminal_read(run->terminal, channel->bytes, sizeof(channel->bytes), &wants_to_leave);

    if (got > 0) {
        channel->start = 0;
        channel->length = (size_t)got;
    }
    if (got < 0)
        run->input_ended = true;
    if (wants_to_leave)
        leave(run, ZP_VM_STOPPED);
}

static void take_signal(struct run *run)
{
    struct signalfd_siginfo info;

    if (read(run->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
        leave(run, ZP_VM_STOPPED);
}

/* ---- time */

static void lower(int64_t *limit, int64_t value)
{
    if (value < *limit)
        *limit = value;
}

static int get_poll_time(const struct run *run, int64_t now)
{
    int64_t until = now + LOG_CHECK;

    if (run->config->timeout_seconds)
        lower(&until, run->started + (int64_t)run->config->timeout_seconds * 1000);
    if (!run->ended && !run->waits_for_debugger) {
        lower(&until, run->next_halt_check);
        if (run->config->silent_seconds && !run->explained_silence)
            lower(&until, run->started + (int64_t)run->config->silent_seconds * 1000);
    }
    return until <= now ? 0 : (int)(until - now);
}

static void check_time(struct run *run, int64_t now)
{
    const struct zp_vm_config *config = run->config;

    zp_qemu_process_trim_log(&run->process);
    if (config->timeout_seconds && now >= run->started + (int64_t)config->timeout_seconds * 1000)
        leave(run, ZP_VM_TIMEOUT);
    if (run->ended || run->waits_for_debugger)
        return;
    if (config->silent_seconds && !run->explained_silence && !run->result.serial_bytes &&
        now >= run->started + (int64_t)config->silent_seconds * 1000)
        explain_silence(run);
    if (now >= run->next_halt_check)
        check_halt(run, now);
}

/* ---- the loop */

enum {
    SERIAL,
    OUTPUT,
    INPUT,
    MONITOR,
    DIAGNOSTICS,
    SIGNALS,
    FILE_COUNT
};

/* What to wait for. Nothing is read for which there is no room. */
static void set_events(struct run *run, struct pollfd files[FILE_COUNT])
{
    bool wants_input = run->terminal && !run->input_ended && !run->to_guest.length && !run->ended;
    bool wants_output = !run->from_guest.length && !run->serial_closed;

    for (int i = 0; i < FILE_COUNT; i++)
        files[i] = (struct pollfd){.fd = -1, .events = POLLIN};
    if (!run->serial_closed) {
        files[SERIAL].fd = run->process.serial;
        files[SERIAL].events = (short)((wants_output ? POLLIN : 0) | (run->to_guest.length ? POLLOUT : 0));
        if (!files[SERIAL].events)
            files[SERIAL].fd = -1; /* else a hang-up would be told again and again */
    }
    if (run->from_guest.length)
        files[OUTPUT] = (struct pollfd){.fd = STDOUT_FILENO, .events = POLLOUT};
    if (wants_input)
        files[INPUT].fd = zp_terminal_fd(run->terminal);
    if (!run->monitor.closed)
        files[MONITOR].fd = run->process.monitor;
    if (!run->diagnostics_closed)
        files[DIAGNOSTICS].fd = run->process.diagnostics;
    files[SIGNALS].fd = run->signals;
}

static void handle_events(struct run *run, const struct pollfd files[FILE_COUNT])
{
    int64_t now = zp_qemu_now();

    if (files[SIGNALS].revents)
        take_signal(run);
    if (files[DIAGNOSTICS].revents)
        run->diagnostics_closed = !zp_qemu_process_relay(&run->process);
    if (files[OUTPUT].revents && !flush(&run->from_guest, STDOUT_FILENO, false))
        leave(run, ZP_VM_STOPPED); /* nobody listens any more */
    if (files[SERIAL].revents & POLLOUT && !flush(&run->to_guest, run->process.serial, true))
        run->to_guest.length = 0;
    if (files[SERIAL].revents & (POLLIN | POLLHUP | POLLERR) && !run->from_guest.length)
        read_serial(run, now);
    if (files[INPUT].revents)
        read_terminal(run);
    if (files[MONITOR].revents)
        zp_qemu_monitor_receive(&run->monitor);
    if (run->monitor.shut_down)
        note_shutdown(run);
    if (run->monitor.closed)
        note_vanished(run);
    check_time(run, now);
}

/* Until the guest has ended and its last byte is written. QEMU is told to quit once its output is drained. */
static void carry(struct run *run)
{
    bool told_to_quit = false;
    int64_t quiet_since = 0;

    while (!run->left) {
        struct pollfd files[FILE_COUNT];
        int64_t now = zp_qemu_now();
        int time = get_poll_time(run, now);

        if (run->ended && run->serial_closed && !run->from_guest.length)
            return;
        if (run->ended && !told_to_quit && !run->from_guest.length) {
            zp_qemu_monitor_quit(&run->monitor);
            told_to_quit = true;
            quiet_since = now;
        }
        if (run->from_guest.length)
            quiet_since = now;
        if (told_to_quit && now - quiet_since > LEAVE_PATIENCE)
            return; /* it does not quit: zp_qemu_process_end sees to that */
        set_events(run, files);
        if (poll(files, FILE_COUNT, told_to_quit && time > 100 ? 100 : time) >= 0)
            handle_events(run, files);
    }
}

/* ---- beginning and end */

static void take_signals(struct run *run)
{
    struct sigaction by_default = {.sa_handler = SIG_DFL};
    sigset_t mask;

    /* Who started us may have it ignored; then QEMU's end and pid would be gone before we ask. */
    sigaction(SIGCHLD, &by_default, &run->old_child);
    sigemptyset(&mask);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGHUP);
    sigaddset(&mask, SIGQUIT);
    run->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    sigaddset(&mask, SIGPIPE);
    sigprocmask(SIG_BLOCK, &mask, &run->old_mask);
}

static void give_signals_back(struct run *run)
{
    static const struct timespec at_once;
    sigset_t mask;

    /* One that came in while it was blocked has done its work. */
    sigemptyset(&mask);
    sigaddset(&mask, SIGPIPE);
    while (sigtimedwait(&mask, NULL, &at_once) > 0)
        ;
    if (run->signals >= 0)
        close(run->signals);
    sigprocmask(SIG_SETMASK, &run->old_mask, NULL);
    sigaction(SIGCHLD, &run->old_child, NULL);
}

/* Runs the ROM up to the kernel's first instruction, where the guest stays stopped. */
static int run_to_entry(struct run *run)
{
    uint64_t entry = run->vm->plan->state.rip;

    if (zp_qemu_gdb_run_to(run->process.gdb, entry) == 0)
        return 0;
    zp_vm_error("%s: the guest did not come to its entry at 0x%" PRIx64,
                run->config->gdb_port ? "--gdb" : "--trace", entry);
    return -1;
}

/* Whoever wants to see the handoff sees what QEMU's CPU has, not what the plan says. */
static int tell_entered(struct run *run)
{
    const struct zp_vm_config *config = run->config;
    struct zp_vm_entered entered = {.plan = run->vm->plan, .guest = &run->vm->ram->guest};
    char *text = zp_qemu_monitor_human(&run->monitor, "info registers");
    const char *cpu = text ? zp_qemu_registers_next(text) : NULL;
    bool known = cpu && zp_qemu_registers_entered(cpu, &entered);

    free(text);
    if (!known) {
        zp_vm_error("--trace: qemu tells nothing of its registers");
        return -1;
    }
    return config->entered(config->entered_context, &entered);
}

/* Lets gdb have the guest at the kernel's first instruction. */
static int offer_to_debugger(struct run *run)
{
    unsigned port = run->config->gdb_port;
    uint64_t entry = run->vm ? run->vm->plan->state.rip : 0xfffffff0;
    char line[64], symbols[64] = "";
    char *answer;

    snprintf(line, sizeof(line), "gdbserver tcp:127.0.0.1:%u", port);
    answer = zp_qemu_monitor_human(&run->monitor, line);
    if (!answer || !strstr(answer, "Waiting for gdb")) {
        zp_vm_error("--gdb %u: qemu cannot wait there", port);
        free(answer);
        return -1;
    }
    free(answer);
    run->waits_for_debugger = true;
    if (run->vm)
        zp_vm_gdb_symbols(run->vm->plan, symbols, sizeof(symbols));
    zp_vm_error("waiting for gdb on 127.0.0.1:%u at 0x%" PRIx64 ": gdb -ex 'target remote :%u'%s", port,
                entry, port, symbols);
    return 0;
}

/*
 * QEMU takes its time to start and leaves guest RAM alone until it is told to go on: the time to load.
 * Signals are not ours meanwhile: who stops us in the middle of a large initrd ends us, and QEMU with us.
 */
static int load(struct run *run)
{
    sigset_t mask;
    int status;

    if (!run->vm || !run->vm->load)
        return 0;
    sigprocmask(SIG_SETMASK, &run->old_mask, &mask);
    status = run->vm->load(run->vm->load_context);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    return status;
}

static int release(struct run *run)
{
    if (zp_qemu_monitor_greet(&run->monitor) != 0) {
        zp_qemu_process_relay(&run->process);
        note_vanished(run);
        return -1;
    }
    if (run->vm && (run->config->entered || run->config->gdb_port) && run_to_entry(run) != 0)
        return -1;
    if (run->vm && run->config->entered && tell_entered(run) != 0)
        return -1;
    if (run->config->gdb_port)
        return offer_to_debugger(run);
    if (run->process.gdb >= 0) {
        close(run->process.gdb);
        run->process.gdb = -1;
    }
    if (zp_qemu_command_waits(run->config))
        return 0;
    return zp_qemu_monitor_command(&run->monitor, "cont");
}

static void tell_end(struct run *run)
{
    if (run->result.end != ZP_VM_TRIPLE_FAULT)
        return;
    if (run->has_last_cpu)
        explain(run, &run->last_cpu, "triple fault", "the guest died of a triple fault");
    else
        zp_vm_error("the guest died of a triple fault");
}

static int run_qemu(const struct zp_vm_config *config, const struct zp_vm *vm, uint64_t ram_size, int ram,
                    int rom, struct zp_vm_result *ret_result)
{
    struct run run = {.config = config, .vm = vm, .signals = -1, .halt_interval = HALT_CHECK_FIRST};
    int status;

    take_signals(&run);
    status = zp_qemu_process_start(&run.process, config, ram_size, ram, rom);
    if (status != 0) {
        give_signals_back(&run);
        return -1;
    }
    zp_qemu_monitor_open(&run.monitor, run.process.monitor);
    status = load(&run);
    if (status == 0)
        status = release(&run);
    else
        zp_qemu_monitor_greet(&run.monitor); /* before that it takes no `quit` */
    run.started = run.last_output = zp_qemu_now();
    run.next_halt_check = run.started + run.halt_interval;
    if (status == 0) {
        run.terminal = zp_terminal_open();
        carry(&run);
        zp_terminal_close(run.terminal);
    }
    if (!run.ended || run.left)
        zp_qemu_monitor_quit(&run.monitor);
    zp_qemu_process_end(&run.process);
    zp_qemu_monitor_close(&run.monitor);
    give_signals_back(&run);
    if (status != 0 || run.result.end == ZP_VM_FAILED)
        return -1;
    tell_end(&run);
    *ret_result = run.result;
    return 0;
}

/* ---- the engine */

static int probe(char *why, size_t why_size, bool *ret_fast)
{
    char *program = zp_qemu_program();

    *ret_fast = false;
    if (!program) {
        snprintf(why, why_size, "QEMU is not installed: install qemu-system-x86");
        return -1;
    }
    snprintf(why, why_size, "QEMU, software emulation by %s", program);
    free(program);
    return 0;
}

static int check(const struct zp_vm_config *config)
{
    if (config->cpus > CPUS_MAX) {
        zp_vm_error("--smp %" PRIu32 ": QEMU's pc takes at most %d CPUs", config->cpus, CPUS_MAX);
        return -1;
    }
    if (config->ram_size > RAM_MAX) {
        zp_vm_error("-m: QEMU's pc takes at most %" PRIu64 " GiB", RAM_MAX >> 30);
        return -1;
    }
    for (size_t i = 0; i < config->disk_count; i++) {
        if (access(config->disks[i], R_OK) != 0) {
            zp_vm_error("--disk %s: %s", config->disks[i], strerror(errno));
            return -1;
        }
    }
    return 0;
}

static void pc(const struct zp_vm_config *config, struct zp_pc *ret_pc, struct zp_acpi_hardware *ret_hardware)
{
    *ret_pc = (struct zp_pc){
        .struct_size = sizeof(*ret_pc),
        .cpu_count = config->cpus,
        .ram_size = config->ram_size,
        .hole_start = {ZP_QEMU_HOLE_START},
        .hole_end = {ZP_QEMU_HOLE_END},
    };
    *ret_hardware = (struct zp_acpi_hardware){
        .cpus = config->cpus,
        .pm_base = ZP_QEMU_PM_BASE,
        .sci_irq = ZP_QEMU_SCI_IRQ,
        .reset_port = ZP_QEMU_RESET_PORT,
        .reset_value = ZP_QEMU_RESET_VALUE,
        .has_pci = true,
        .pci_hole_start = ZP_QEMU_HOLE_START,
        .pci_hole_end = ZP_QEMU_PCI_END,
    };
}

static int run_plan(const struct zp_vm *vm, struct zp_vm_result *ret_result)
{
    int rom = zp_qemu_rom_make(vm->plan);
    int status;

    if (rom < 0)
        return -1;
    status = run_qemu(vm->config, vm, vm->ram->size, vm->ram->fd, rom, ret_result);
    close(rom);
    return status;
}

int zp_qemu_run_real_mode(const struct zp_vm_config *config, struct zp_vm_result *ret_result)
{
    const char *why = config->request.protocol == ZP_PROTOCOL_LINUX16 ? "is to be booted by the 16-bit entry"
                                                                      : "offers only the 16-bit entry";

    zp_vm_say(config, "%s %s, which needs a BIOS: SeaBIOS under QEMU boots it", config->image_name, why);
    return run_qemu(config, NULL, config->ram_size, -1, -1, ret_result);
}

const struct zp_engine zp_engine_qemu = {
    .name = "qemu",
    .shares_ram = true,
    .probe = probe,
    .check = check,
    .pc = pc,
    .run = run_plan,
};
