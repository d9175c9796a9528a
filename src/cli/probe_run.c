/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running a VMM or loader on the probe: a command without a shell, in a process group of its own, so that
 * what it started can be ended with it; stdin is /dev/null, stdout and stderr come through one pipe. A
 * virtual machine seldom knows that its guest is done: after the report's end it has two seconds to go.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

#define GRACE_MS    2000 /* after the report */
#define TERM_MS     1000 /* between SIGTERM and SIGKILL */
#define DRAIN_MS    300  /* after the command has ended: what its children still hold back */
#define END_MARK    "{\"probe\":\"end\""
#define PROGRESS_MS 500

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    interrupted = number;
}

static int64_t now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

int probe_folder_make(struct probe_folder *folder)
{
    const char *parent = getenv("TMPDIR");
    int length = snprintf(folder->path, sizeof folder->path, "%s/zeropage-probe.XXXXXX",
                          parent && parent[0] ? parent : "/tmp");
    errno = ENAMETOOLONG;
    if ((size_t)length < sizeof folder->path && mkdtemp(folder->path))
        return 0;
    cli_error_errno(folder->path, errno);
    folder->path[0] = '\0';
    return CLI_NO;
}

void probe_folder_remove(struct probe_folder *folder)
{
    static const char *const names[] = {"probe.initrd", "trace"};
    char *path;
    if (folder->path[0] == '\0')
        return;
    for (size_t i = 0; i < zp_probe_image_count + 2; i++) {
        const char *name =
            i < zp_probe_image_count ? zp_probe_images[i].file_name : names[i - zp_probe_image_count];
        if (asprintf(&path, "%s/%s", folder->path, name) < 0)
            continue;
        unlink(path);
        free(path);
    }
    rmdir(folder->path);
}

char *probe_folder_write(const struct probe_folder *folder, const char *name, const void *bytes, size_t size)
{
    char *path;
    if (asprintf(&path, "%s/%s", folder->path, name) < 0)
        return NULL;
    FILE *file = fopen(path, "we");
    bool written = file && fwrite(bytes, 1, size, file) == size;
    if (file && fclose(file) != 0)
        written = false;
    if (written)
        return path;
    cli_error_errno(path, errno);
    free(path);
    return NULL;
}

/* The child's side. Only what fork allows. */
static void become(const char *const *argv, int out, int error_fd)
{
    int in = open("/dev/null", O_RDONLY);
    setpgid(0, 0);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    if (in >= 0 && dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
        dup2(out, STDERR_FILENO) >= 0)
        execvp(argv[0], (char *const *)(uintptr_t)argv);
    int number = errno;
    if (write(error_fd, &number, sizeof number) < 0)
        _exit(126);
    _exit(127);
}

/* Starts it. The child's pid, or -1 after a message. */
static pid_t start(const char *const *argv, int *ret_out)
{
    int out[2], failure[2], number = 0;
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(failure, O_CLOEXEC) != 0) {
        cli_error_errno(argv[0], errno);
        return -1;
    }
    pid_t child = fork();
    if (child == 0)
        become(argv, out[1], failure[1]);
    close(out[1]);
    close(failure[1]);
    if (child > 0)
        setpgid(child, child); /* both sides: neither need wait for the other */
    bool failed = child < 0 || read(failure[0], &number, sizeof number) == (ssize_t)sizeof number;
    close(failure[0]);
    if (!failed) {
        *ret_out = out[0];
        return child;
    }
    cli_error_errno(argv[0], child < 0 ? errno : number);
    close(out[0]);
    if (child > 0)
        waitpid(child, NULL, 0);
    return -1;
}

/* Ends the group: asks first. The status of its leader. The leader is not yet waited for, so that its number
 * is still ours. */
static int end_group(pid_t child, bool *ended)
{
    int status = 0;
    int64_t deadline = now_ms() + TERM_MS;
    kill(-child, SIGTERM);
    while (!*ended && now_ms() < deadline) {
        siginfo_t info = {0};
        *ended = waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child;
        if (!*ended)
            poll(NULL, 0, 20);
    }
    kill(-child, SIGKILL);
    waitpid(child, &status, 0);
    return status;
}

/* Takes what the pipe has. False at its end, or when there is too much. */
static bool take(int fd, struct probe_text *output, bool *too_much)
{
    size_t room = 65536;
    if (output->length + room > PROBE_OUTPUT_MAX) {
        *too_much = true;
        return false;
    }
    output->bytes = cli_grow(output->bytes, output->length + room + 1, 1);
    ssize_t taken = read(fd, output->bytes + output->length, room);
    if (taken > 0)
        output->length += (size_t)taken;
    output->bytes[output->length] = '\0';
    return taken > 0 || (taken < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Has the end line come, from offset *from on? */
static bool has_end(const struct probe_text *output, size_t *from)
{
    if (!output->bytes)
        return false;
    const char *mark = memmem(output->bytes + *from, output->length - *from, END_MARK, strlen(END_MARK));
    if (mark)
        return memchr(mark, '\n', output->length - (size_t)(mark - output->bytes)) != NULL;
    *from = output->length > strlen(END_MARK) ? output->length - strlen(END_MARK) : 0;
    return false;
}

static void progress(const struct probe_command *command, int64_t begun, int64_t *next)
{
    int64_t now = now_ms();
    if (!isatty(STDERR_FILENO) || now < *next)
        return;
    fprintf(stderr, "\r\033[K%s: %u s", command->label, (unsigned)((now - begun) / 1000));
    fflush(stderr);
    *next = now + PROGRESS_MS;
}

/* Reads until there is a reason to stop; says why when the command did not end by itself. */
static const char *follow(const struct probe_command *command, pid_t child, int fd, struct probe_text *output,
                          bool *ended)
{
    int64_t begun = now_ms(), deadline = begun + (int64_t)command->timeout * 1000, next = begun;
    size_t searched = 0;
    bool done = false, too_much = false;
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    for (;;) {
        siginfo_t info = {0};
        progress(command, begun, &next);
        if (!*ended && waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            info.si_pid == child) {
            *ended = true;
            if (deadline > now_ms() + DRAIN_MS)
                deadline = now_ms() + DRAIN_MS;
        }
        if (*ended && waiting.fd < 0)
            return ""; /* nobody is left who could write */
        int64_t left = deadline - now_ms();
        if (interrupted)
            return "interrupted";
        if (left <= 0 && *ended && !done)
            return "the command ended, and what it had started held its output";
        if (left <= 0)
            return done ? "" : "the time is over";
        if (poll(&waiting, 1, left < 100 ? (int)left : 100) <= 0)
            continue;
        if (!take(fd, output, &too_much)) {
            if (too_much)
                return "too much output";
            if (*ended)
                return "";
            waiting.fd = -1; /* it closed its output and runs on */
        }
        if (!done && has_end(output, &searched)) {
            done = true;
            if (deadline > now_ms() + GRACE_MS)
                deadline = now_ms() + GRACE_MS;
        }
    }
}

/* How a command ended, by itself or for a reason of ours. */
static void say_end(const char *reason, int status, char ret_why[PROBE_WHY])
{
    if (reason[0])
        snprintf(ret_why, PROBE_WHY, "%s", reason);
    else if (WIFSIGNALED(status))
        snprintf(ret_why, PROBE_WHY, "ended by signal %d", WTERMSIG(status));
    else
        snprintf(ret_why, PROBE_WHY, "exit status %d", WEXITSTATUS(status));
}

int probe_run(const struct probe_command *command, struct probe_text *ret_output, char ret_why[PROBE_WHY])
{
    struct sigaction action = {.sa_handler = on_signal}, old_int, old_term, old_hup;
    bool ended = false;
    const char *reason = "";
    int fd = -1;
    *ret_output = (struct probe_text){.bytes = cli_grow(NULL, 1, 1)};
    ret_output->bytes[0] = '\0';
    ret_why[0] = '\0';
    sigaction(SIGINT, &action, &old_int);
    sigaction(SIGTERM, &action, &old_term);
    sigaction(SIGHUP, NULL, &old_hup);
    if (old_hup.sa_handler != SIG_IGN) /* nohup's wish */
        sigaction(SIGHUP, &action, NULL);
    pid_t child = start(command->argv, &fd);
    if (child > 0) {
        reason = follow(command, child, fd, ret_output, &ended);
        close(fd);
        say_end(reason, end_group(child, &ended), ret_why);
        if (isatty(STDERR_FILENO))
            fputs("\r\033[K", stderr);
    }
    sigaction(SIGINT, &old_int, NULL);
    sigaction(SIGTERM, &old_term, NULL);
    sigaction(SIGHUP, &old_hup, NULL);
    return child > 0 && !interrupted ? 0 : CLI_NO;
}
