/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The QEMU engine's parts: the entry ROM (qemu_rom.c), the command line (qemu_command.c), the process and
 * its life (qemu_process.c), the monitor and what it tells (qemu_monitor.c), a gdb client that knows three
 * packets (qemu_gdb.c), and the engine on top of them (qemu.c). Two things are for others: zp_engine_qemu,
 * declared in vmm.h, and zp_qemu_run_real_mode.
 */
#ifndef ZP_VMM_QEMU_H
#define ZP_VMM_QEMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "vmm.h"

/*
 * Boots an image that offers only the 16-bit entry: SeaBIOS and QEMU's own -kernel do it, for that entry
 * needs BIOS services, and its text reaches us because SeaBIOS copies the screen to the serial port.
 * Neither plan nor our loader take part; a message says so. 0 or -1 after a message.
 */
int zp_qemu_run_real_mode(const struct zp_vm_config *config, struct zp_vm_result *ret_result);

/* ---- qemu_rom.c */

/* A memfd of ZP_ROM_SIZE with the entry ROM for that state, or -1 after a message. */
int zp_qemu_rom_make(const struct zp_plan *plan);

/* ---- qemu_command.c */

/* Finds the program: $ZEROPAGE_QEMU, else qemu-system-x86_64 in PATH. The caller frees it. NULL: nowhere. */
char *zp_qemu_program(void);

/* What the child inherits. -1 where it does not exist. */
struct zp_qemu_files {
    int ram; /* guest RAM */
    int rom;
    int serial;  /* socket: the guest's COM1 */
    int monitor; /* socket: QMP */
    int gdb;     /* socket: gdb's remote protocol, to stop at the entry */
    int log;     /* memfd: CPU resets, among them triple faults */
};

/* The argument vector, from execvp's point of view. NULL after a message. */
char **zp_qemu_command_make(const struct zp_vm_config *config, const char *program, uint64_t ram_size,
                            const struct zp_qemu_files *files);
void zp_qemu_command_free(char **command);

/* Did the user ask QEMU to wait (-S)? Then it is not ours to start the guest. */
bool zp_qemu_command_waits(const struct zp_vm_config *config);

/* ---- qemu_process.c */

struct zp_qemu_process {
    pid_t pid;       /* 0: reaped */
    int status;      /* as waitpid gives it, once reaped */
    int serial;      /* non-blocking */
    int monitor;     /* non-blocking */
    int gdb;         /* -1: not asked for */
    int diagnostics; /* pipe from its stdout and stderr */
    int log;
    off_t log_trimmed; /* up to here its memory is given back */
    char line[512];    /* of diagnostics, incomplete */
    size_t line_length;
};

/* Starts QEMU, stopped before its first instruction. 0 or -1 after a message. */
int zp_qemu_process_start(struct zp_qemu_process *ret_process, const struct zp_vm_config *config,
                          uint64_t ram_size, int ram, int rom);
/* Reads what QEMU itself says and passes whole lines on. false: it will say no more. */
bool zp_qemu_process_relay(struct zp_qemu_process *process);
/* Waits up to that long for its end; true when it has ended. */
bool zp_qemu_process_wait(struct zp_qemu_process *process, int milliseconds);
/* Ends it by force if need be, and closes everything. */
void zp_qemu_process_end(struct zp_qemu_process *process);
/* Gives back what the log holds but for its end: a guest can reset its CPUs without end (INIT to itself). */
void zp_qemu_process_trim_log(struct zp_qemu_process *process);
/* Has a CPU of the guest been reset by a triple fault, as far as the end of the log tells? */
bool zp_qemu_process_triple_faulted(const struct zp_qemu_process *process);

/* Milliseconds on a clock that only goes forward. */
int64_t zp_qemu_now(void);

/* ---- qemu_monitor.c */

struct zp_qemu_monitor {
    int fd;
    bool closed;
    bool shut_down;          /* a SHUTDOWN event has come */
    char shutdown_cause[32]; /* its reason, "guest-reset" */
    char *text;              /* what has been received and not yet read as lines */
    size_t length, capacity;
};

void zp_qemu_monitor_open(struct zp_qemu_monitor *ret_monitor, int fd);
void zp_qemu_monitor_close(struct zp_qemu_monitor *monitor);
/* Takes in what has come: events. */
void zp_qemu_monitor_receive(struct zp_qemu_monitor *monitor);
/* Greeting and capabilities. 0, or -1: QEMU is gone or silent. */
int zp_qemu_monitor_greet(struct zp_qemu_monitor *monitor);
/* Sends a command without arguments and waits for its answer. 0 or -1. */
int zp_qemu_monitor_command(struct zp_qemu_monitor *monitor, const char *name);
/* The same for a line of the human monitor; its text (the caller frees it) or NULL. */
char *zp_qemu_monitor_human(struct zp_qemu_monitor *monitor, const char *line);
/* Is the guest running, as opposed to being stopped by whomever? */
bool zp_qemu_monitor_is_running(struct zp_qemu_monitor *monitor);
/* Sends quit and waits for nothing. */
void zp_qemu_monitor_quit(struct zp_qemu_monitor *monitor);

/* What "info registers -a" tells of one CPU. */
struct zp_qemu_cpu {
    struct zp_cpu_view view;
    bool halted;
    bool a20_masked;
};
/* Reads the text of one CPU, which begins at text. false: not what we know. */
bool zp_qemu_registers_parse(const char *text, struct zp_qemu_cpu *ret_cpu);
/* The same in full, as at an entry. A TR that is loaded counts as busy, as on every CPU. */
bool zp_qemu_registers_entered(const char *text, struct zp_vm_entered *ret_entered);
/* Where the next CPU's text begins, or NULL. Begin with the whole text. */
const char *zp_qemu_registers_next(const char *text);

/* ---- qemu_gdb.c */

/* Runs a stopped guest up to a hardware breakpoint at address, and leaves it stopped there. 0 or -1. */
int zp_qemu_gdb_run_to(int fd, uint64_t address);

#endif
