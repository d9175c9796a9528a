/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * terminal.c: raw only while open, whatever ends the program; Ctrl-A on a terminal; streams passed through.
 */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "vmm.h"

static int saved_stdin;

/* Puts a new pseudo terminal on stdin and returns its other end. */
static int terminal_on_stdin(void)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    int slave;

    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    assert_int_equal(dup2(slave, STDIN_FILENO), STDIN_FILENO);
    close(slave);
    return master;
}

static int save_stdin(void **state)
{
    (void)state;
    saved_stdin = dup(STDIN_FILENO);
    return 0;
}

static int restore_stdin(void **state)
{
    (void)state;
    if (saved_stdin >= 0) {
        dup2(saved_stdin, STDIN_FILENO);
        close(saved_stdin);
    }
    return 0;
}

static bool stdin_is_raw(void)
{
    struct termios now;

    assert_int_equal(tcgetattr(STDIN_FILENO, &now), 0);
    return !(now.c_lflag & (ICANON | ISIG | ECHO)) && (now.c_oflag & OPOST);
}

/* Types bytes and returns what the guest gets of them. */
static int typed(int master, struct zp_terminal *terminal, const char *bytes, char *got, bool *leave)
{
    assert_int_equal(write(master, bytes, strlen(bytes)), strlen(bytes));
    return zp_terminal_read(terminal, got, 64, leave);
}

static void terminal_is_raw_while_open(void **state)
{
    int master = terminal_on_stdin();
    struct zp_terminal *terminal;

    (void)state;
    assert_false(stdin_is_raw());
    terminal = zp_terminal_open();
    assert_non_null(terminal);
    assert_int_equal(zp_terminal_fd(terminal), STDIN_FILENO);
    assert_true(stdin_is_raw());
    zp_terminal_close(terminal);
    assert_false(stdin_is_raw());
    close(master);
}

static void control_a_is_ours_on_a_terminal(void **state)
{
    int master = terminal_on_stdin();
    struct zp_terminal *terminal = zp_terminal_open();
    char got[64];
    bool leave = true;

    (void)state;
    assert_int_equal(typed(master, terminal, "ls\r\x03\x1a", got, &leave), 5);
    assert_memory_equal(got, "ls\r\x03\x1a", 5);
    assert_false(leave);
    assert_int_equal(typed(master, terminal, "a\x01\x01", got, &leave), 2);
    assert_memory_equal(got, "a\x01", 2);
    assert_int_equal(typed(master, terminal, "\x01", got, &leave), 0);
    assert_int_equal(typed(master, terminal, "b", got, &leave), 2); /* held back, then both */
    assert_memory_equal(got,
                        "\x01"
                        "b",
                        2);
    assert_false(leave);
    assert_int_equal(typed(master, terminal, "c\x01", got, &leave), 1);
    assert_int_equal(typed(master, terminal, "x", got, &leave), 0);
    assert_true(leave);
    zp_terminal_close(terminal);
    close(master);
}

static void pipe_is_passed_through(void **state)
{
    struct zp_terminal *terminal;
    char got[64];
    bool leave = true;
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    terminal = zp_terminal_open();
    assert_int_equal(write(ends[1], "a\x01x", 3), 3);
    close(ends[1]);
    assert_int_equal(zp_terminal_read(terminal, got, sizeof(got), &leave), 3);
    assert_memory_equal(got, "a\x01x", 3);
    assert_false(leave);
    assert_int_equal(zp_terminal_read(terminal, got, sizeof(got), &leave), -1);
    assert_int_equal(zp_terminal_fd(terminal), -1);
    assert_int_equal(zp_terminal_read(terminal, got, sizeof(got), &leave), -1);
    zp_terminal_close(terminal);
}

static void no_stdin_is_its_end(void **state)
{
    struct zp_terminal *terminal;
    char got[2];
    bool leave = true;

    (void)state;
    close(STDIN_FILENO);
    terminal = zp_terminal_open();
    assert_int_equal(zp_terminal_read(terminal, got, sizeof(got), &leave), -1);
    assert_false(leave);
    zp_terminal_close(terminal);
    assert_int_equal(open("/dev/null", O_RDONLY), STDIN_FILENO);
    terminal = zp_terminal_open();
    assert_int_equal(zp_terminal_read(terminal, got, sizeof(got), &leave), -1);
    zp_terminal_close(terminal);
}

/* Opens the terminal in a child, which then does what ending says, and returns the child's status. */
static int end_child(int signal_number)
{
    int ends[2], status;
    char ready;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setpgid(0, 0); /* SIGTSTP does not stop a process group that is orphaned, as ours may be */
        signal(SIGINT, SIG_DFL);
        signal(SIGHUP, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        zp_terminal_open();
        if (!stdin_is_raw() || write(ends[1], "", 1) != 1)
            _exit(99);
        if (!signal_number)
            exit(5);
        for (int i = 0; i < 100; i++) /* a signal handled ends a poll early */
            poll(NULL, 0, 100);
        _exit(98);
    }
    assert_int_equal(read(ends[0], &ready, 1), 1);
    if (signal_number)
        assert_int_equal(kill(child, signal_number), 0);
    assert_int_equal(waitpid(child, &status, WUNTRACED), child);
    if (WIFSTOPPED(status)) {
        assert_false(stdin_is_raw());
        assert_int_equal(kill(child, SIGCONT), 0);
        for (int i = 0; i < 200 && !stdin_is_raw(); i++)
            poll(NULL, 0, 10);
        assert_true(stdin_is_raw());
        assert_int_equal(kill(child, SIGTERM), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
    }
    close(ends[0]);
    close(ends[1]);
    return status;
}

static void terminal_is_restored_however_we_end(void **state)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    int master = terminal_on_stdin();
    int status;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        status = end_child(signals[i]);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), signals[i]);
        assert_false(stdin_is_raw());
    }
    status = end_child(0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 5);
    assert_false(stdin_is_raw());
    close(master);
}

static void stop_and_continue(void **state)
{
    int master = terminal_on_stdin();
    int status = end_child(SIGTSTP);

    (void)state;
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGTERM);
    assert_false(stdin_is_raw());
    close(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terminal_is_raw_while_open),
        cmocka_unit_test(control_a_is_ours_on_a_terminal),
        cmocka_unit_test(pipe_is_passed_through),
        cmocka_unit_test(no_stdin_is_its_end),
        cmocka_unit_test(terminal_is_restored_however_we_end),
        cmocka_unit_test(stop_and_continue),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, save_stdin, restore_stdin);
}
