/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The QEMU process: started with exactly the files that it needs, its own words passed on with a prefix, and
 * ended in any case, for it dies with us (PR_SET_PDEATHSIG) and we never wait for it without bound.
 */
#include "qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The registers of 255 CPUs, twice, come after the words on a triple fault. */
#define LOG_TAIL     ((off_t)2 << 20)
#define END_PATIENCE 3000 /* ms that QEMU has to end by itself */

int64_t zp_qemu_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Two connected sockets: ours does not block, theirs is for the child. */
static int make_channel(int *ret_ours, int *ret_theirs)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return -1;
    if (fcntl(pair[0], F_SETFL, O_NONBLOCK) != 0) {
        close(pair[0]);
        close(pair[1]);
        return -1;
    }
    *ret_ours = pair[0];
    *ret_theirs = pair[1];
    return 0;
}

static void close_file(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int make_channels(struct zp_qemu_process *process, struct zp_qemu_files *files, bool wants_gdb)
{
    if (make_channel(&process->serial, &files->serial) != 0)
        return -1;
    if (make_channel(&process->monitor, &files->monitor) != 0)
        return -1;
    if (wants_gdb && make_channel(&process->gdb, &files->gdb) != 0)
        return -1;
    process->log = files->log = memfd_create("CPU resets", MFD_CLOEXEC);
    return process->log < 0 ? -1 : 0;
}

static void inherit(int fd)
{
    if (fd >= 0)
        fcntl(fd, F_SETFD, 0);
}

/* In the child, between fork and exec. */
__attribute__((noreturn)) static void become_qemu(char **command, const struct zp_qemu_files *files,
                                                  int diagnostics, pid_t parent)
{
    sigset_t none;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127); /* the parent died before we asked to be told */
    setpgid(0, 0);  /* a Ctrl-C is for us to handle, and only for us */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    dup2(null, STDIN_FILENO);
    dup2(diagnostics, STDOUT_FILENO);
    dup2(diagnostics, STDERR_FILENO);
    inherit(files->ram);
    inherit(files->rom);
    inherit(files->serial);
    inherit(files->monitor);
    inherit(files->gdb);
    inherit(files->log);
    execv(command[0], command);
    dprintf(STDERR_FILENO, "cannot execute %s: %s\n", command[0], strerror(errno));
    _exit(127);
}

static int start(struct zp_qemu_process *process, char **command, const struct zp_qemu_files *files)
{
    pid_t self = getpid();
    int diagnostics[2];

    if (pipe2(diagnostics, O_CLOEXEC) != 0)
        return -1;
    process->diagnostics = diagnostics[0];
    fcntl(diagnostics[0], F_SETFL, O_NONBLOCK);
    process->pid = fork();
    if (process->pid == 0)
        become_qemu(command, files, diagnostics[1], self);
    close(diagnostics[1]);
    if (process->pid > 0)
        return 0;
    process->pid = 0;
    return -1;
}

int zp_qemu_process_start(struct zp_qemu_process *ret_process, const struct zp_vm_config *config,
                          uint64_t ram_size, int ram, int rom)
{
    struct zp_qemu_process process = {.serial = -1, .monitor = -1, .gdb = -1, .diagnostics = -1, .log = -1};
    struct zp_qemu_files files = {.ram = ram, .rom = rom, .serial = -1, .monitor = -1, .gdb = -1, .log = -1};
    char *program = zp_qemu_program();
    char **command = NULL;
    int status = -1;

    if (!program) {
        zp_vm_error("QEMU is not installed: install qemu-system-x86 or use --engine kvm");
        return -1;
    }
    if (make_channels(&process, &files, (config->gdb_port || config->entered) && ram >= 0) != 0)
        zp_vm_error("cannot make the channels to QEMU: %s", strerror(errno));
    else
        command = zp_qemu_command_make(config, program, ram_size, &files);
    if (command) {
        status = start(&process, command, &files);
        if (status != 0)
            zp_vm_error("cannot start %s: %s", program, strerror(errno));
    }
    close_file(&files.serial);
    close_file(&files.monitor);
    close_file(&files.gdb);
    zp_qemu_command_free(command);
    free(program);
    if (status == 0)
        *ret_process = process;
    else
        zp_qemu_process_end(&process);
    return status;
}

bool zp_qemu_process_relay(struct zp_qemu_process *process)
{
    for (;;) {
        char *free_room = process->line + process->line_length;
        char *newline;
        ssize_t got = read(process->diagnostics, free_room, sizeof(process->line) - 1 - process->line_length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 && process->line_length && got == 0) { /* its last words, without a newline */
            zp_vm_error("qemu: %.*s", (int)process->line_length, process->line);
            process->line_length = 0;
        }
        if (got <= 0)
            return got < 0 && errno == EAGAIN;
        process->line_length += (size_t)got;
        process->line[process->line_length] = 0;
        while ((newline = strchr(process->line, '\n')) || process->line_length == sizeof(process->line) - 1) {
            size_t taken = newline ? (size_t)(newline - process->line) : process->line_length;

            zp_vm_error("qemu: %.*s", (int)taken, process->line);
            taken += newline != NULL;
            process->line_length -= taken;
            memmove(process->line, process->line + taken, process->line_length + 1);
        }
    }
}

static bool reap(struct zp_qemu_process *process, int flags)
{
    if (process->pid > 0 && waitpid(process->pid, &process->status, flags) == process->pid)
        process->pid = 0;
    return process->pid == 0;
}

bool zp_qemu_process_wait(struct zp_qemu_process *process, int milliseconds)
{
    int64_t deadline = zp_qemu_now() + milliseconds;

    /* Its end shows at once by the closed pipe; the sleep only bridges the moment up to the zombie. */
    while (!reap(process, WNOHANG)) {
        struct pollfd file = {.fd = process->diagnostics, .events = POLLIN};
        int64_t left = deadline - zp_qemu_now();

        if (left <= 0)
            return false;
        poll(&file, 1, left < 50 ? (int)left : 50);
        if (!zp_qemu_process_relay(process))
            poll(NULL, 0, 1);
    }
    zp_qemu_process_relay(process);
    return true;
}

void zp_qemu_process_end(struct zp_qemu_process *process)
{
    if (process->pid > 0 && !zp_qemu_process_wait(process, END_PATIENCE)) {
        kill(process->pid, SIGKILL);
        reap(process, 0);
    }
    close_file(&process->serial);
    close_file(&process->monitor);
    close_file(&process->gdb);
    close_file(&process->diagnostics);
    close_file(&process->log);
}

/* Where the last LOG_TAIL bytes of the log begin. */
static off_t get_log_tail(const struct zp_qemu_process *process)
{
    struct stat log;

    if (process->log < 0 || fstat(process->log, &log) != 0 || log.st_size <= LOG_TAIL)
        return 0;
    return log.st_size - LOG_TAIL;
}

void zp_qemu_process_trim_log(struct zp_qemu_process *process)
{
    off_t tail = get_log_tail(process);

    if (tail - process->log_trimmed < LOG_TAIL)
        return;
    if (fallocate(process->log, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, tail) == 0)
        process->log_trimmed = tail;
}

bool zp_qemu_process_triple_faulted(const struct zp_qemu_process *process)
{
    static const char words[] = "Triple fault";
    char text[4096 + 1];
    off_t offset = get_log_tail(process);
    ssize_t got;

    /* Windows overlap by the length of the words. */
    while ((got = pread(process->log, text, sizeof(text) - 1, offset)) > 0) {
        if (memmem(text, (size_t)got, words, sizeof(words) - 1))
            return true;
        if ((size_t)got < sizeof(words))
            break;
        offset += got - (ssize_t)sizeof(words);
        if ((size_t)got < sizeof(text) - 1)
            break;
    }
    return false;
}
