/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The terminal that the guest's serial port types on: stdin. A real terminal is raw from open to close, so
 * that Ctrl-C and Ctrl-Z are the guest's; Ctrl-A is ours: Ctrl-A X asks to leave, Ctrl-A Ctrl-A is one
 * Ctrl-A. Output processing stays on, for our own messages end in a bare newline.
 *
 * However the program ends, the terminal is as it was: on close, at exit, and on the signals that end or
 * stop a program, unless an engine or the caller's parent has taken those over (then its handler stays).
 * Anything else on stdin (a pipe, /dev/null, nothing) is passed to the guest byte by byte; its end is no
 * error.
 */
#include "vmm.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#define ESCAPE 0x01 /* Ctrl-A */

struct zp_terminal {
    int fd; /* -1 after the end of input */
    bool is_terminal;
    bool escaped; /* the last byte was Ctrl-A */
};

static const int fatal_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
#define FATAL_SIGNALS (sizeof(fatal_signals) / sizeof(fatal_signals[0]))

/* There is one stdin, and signal handlers and atexit know no argument. */
static struct zp_terminal only;
static struct termios cooked, raw;
static volatile sig_atomic_t is_raw;

static void restore(void)
{
    if (is_raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &cooked);
}

void zp_terminal_restore(void)
{
    restore();
}

static void die_restored(int number)
{
    restore();
    signal(number, SIG_DFL);
    raise(number); /* delivered when the handler returns */
}

static void stop_restored(int number)
{
    int saved = errno;
    sigset_t mask;

    restore();
    signal(number, SIG_DFL);
    raise(number);
    sigemptyset(&mask);
    sigaddset(&mask, number);
    sigprocmask(SIG_UNBLOCK, &mask, NULL); /* stops here, until SIGCONT */
    sigprocmask(SIG_BLOCK, &mask, NULL);
    signal(number, stop_restored);
    if (is_raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    errno = saved;
}

/* Takes a signal over only where its default would end or stop us. */
static void take(int number, void (*handler)(int))
{
    struct sigaction now;
    struct sigaction ours = {.sa_handler = handler, .sa_flags = SA_RESTART};

    if (sigaction(number, NULL, &now) == 0 && !(now.sa_flags & SA_SIGINFO) && now.sa_handler == SIG_DFL)
        sigaction(number, &ours, NULL);
}

static void give_back(int number, void (*handler)(int))
{
    struct sigaction now;

    if (sigaction(number, NULL, &now) == 0 && !(now.sa_flags & SA_SIGINFO) && now.sa_handler == handler)
        signal(number, SIG_DFL);
}

static void make_raw(void)
{
    static bool registered;

    raw = cooked;
    cfmakeraw(&raw);
    raw.c_oflag = cooked.c_oflag;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (!registered)
        registered = atexit(restore) == 0;
    for (size_t i = 0; i < FATAL_SIGNALS; i++)
        take(fatal_signals[i], die_restored);
    take(SIGTSTP, stop_restored);
    is_raw = 1;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

struct zp_terminal *zp_terminal_open(void)
{
    only = (struct zp_terminal){.fd = STDIN_FILENO};
    only.is_terminal = tcgetattr(STDIN_FILENO, &cooked) == 0;
    if (only.is_terminal)
        make_raw();
    return &only;
}

void zp_terminal_close(struct zp_terminal *terminal)
{
    if (!terminal || !terminal->is_terminal)
        return;
    restore();
    is_raw = 0;
    for (size_t i = 0; i < FATAL_SIGNALS; i++)
        give_back(fatal_signals[i], die_restored);
    give_back(SIGTSTP, stop_restored);
    terminal->is_terminal = false;
}

int zp_terminal_fd(const struct zp_terminal *terminal)
{
    return terminal->fd;
}

/* Copies what is not our Ctrl-A sequences and returns how much that is: at most one byte, a Ctrl-A that was
 * held back, more than length. */
static size_t filter(struct zp_terminal *terminal, const unsigned char *from, size_t length,
                     unsigned char *to, bool *ret_leave)
{
    size_t kept = 0;

    for (size_t i = 0; i < length; i++) {
        if (!terminal->escaped) {
            terminal->escaped = from[i] == ESCAPE;
            if (!terminal->escaped)
                to[kept++] = from[i];
            continue;
        }
        terminal->escaped = false;
        if (from[i] == 'x' || from[i] == 'X') {
            *ret_leave = true;
            break;
        }
        to[kept++] = ESCAPE;
        if (from[i] != ESCAPE)
            to[kept++] = from[i]; /* not ours: the guest gets both */
    }
    return kept;
}

int zp_terminal_read(struct zp_terminal *terminal, void *buffer, size_t size, bool *ret_leave)
{
    unsigned char typed[256];
    ssize_t got;

    *ret_leave = false;
    if (terminal->fd < 0)
        return -1;
    if (size < 2)
        return 0;
    if (size > sizeof(typed))
        size = sizeof(typed);
    got = read(terminal->fd, typed, size - 1); /* one byte of room for a Ctrl-A held back */
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (got <= 0) {
        terminal->fd = -1;
        return -1;
    }
    if (!terminal->is_terminal) {
        __builtin_memcpy(buffer, typed, (size_t)got);
        return (int)got;
    }
    return (int)filter(terminal, typed, (size_t)got, buffer, ret_leave);
}
