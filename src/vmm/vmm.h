/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM's room: what `zeropage run` asks for and what it gets back.
 *
 * zp_vm_run (run.c) tells the whole story in order: pick an engine, describe its PC as a zp_machine, add
 * ACPI tables as a blob, plan, map guest RAM, load, and let the engine enter the planned state. Engines
 * never place or load anything: they execute the plan. Messages for a person go to stderr through
 * zp_vm_say, one line each; the guest's serial port owns stdin and stdout.
 */
#ifndef ZP_VMM_VMM_H
#define ZP_VMM_VMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zeropage/load.h>
#include <zeropage/plan.h>
#include <zeropage/zeropage.h>

#include "choice.h"

enum zp_engine_kind {
    ZP_ENGINE_AUTO = 0,
    ZP_ENGINE_KVM = 1,
    ZP_ENGINE_QEMU = 2
};

/* The boot CPU as it is just before the guest's first instruction, and memory as it is then. */
struct zp_vm_entered {
    const struct zp_plan *plan;
    const struct zp_guest *guest;
    struct zp_entry_state state; /* read back from the engine, hidden parts of the segments and all */
    uint64_t r8_to_r15[8];
    uint64_t cr2;
};

/* What the user asked for. All borrowed. */
struct zp_vm_config {
    struct zp_opened_image *opened; /* what is inside it is unpacked when it is to be booted */
    const char *image_name;         /* as the user wrote it, for messages */
    enum zp_direct direct;
    const struct zp_opening *opening; /* how to unpack; NULL: by default */
    /* Protocol, command line, modules, pins. ACPI tables join its blobs; entropy NULL lets run add 32 bytes,
     * a pointer with length 0 means none. */
    struct zp_request request;
    uint64_t ram_size; /* bytes */
    uint32_t cpus;
    enum zp_engine_kind engine;
    bool no_acpi;             /* give no ACPI tables */
    bool no_reboot;           /* a reset ends the run (the default of `run`) */
    const char *const *disks; /* --disk FILE; QEMU engine */
    size_t disk_count;
    bool net_user;                     /* --net user; QEMU engine */
    const char *const *qemu_arguments; /* after --; QEMU engine */
    size_t qemu_argument_count;
    /* One for each of request.modules, NULL where it is no file of its own: for messages, and for SeaBIOS's
     * -initrd when only the 16-bit entry is offered. NULL: no names. */
    const char *const *module_names;
    unsigned gdb_port;        /* 0: none; else wait at the entry on 127.0.0.1:port */
    unsigned silent_seconds;  /* explain a guest that prints nothing for so long; 0: never */
    unsigned timeout_seconds; /* end the run after so long; 0: never */
    bool kaslr_asked;         /* and not only wished by default: a line says when there is none */
    bool seed_asked;          /* the same of the RNG seed */
    bool share_pages;         /* KVM: map pages of any file, also of those that others may change */
    bool quiet;               /* no message but errors */
    /* Called once, when everything is set and nothing of the guest has run: 0, or -1 after a message, which
     * ends the run. NULL: not wanted, and nothing is read back. */
    int (*entered)(void *context, const struct zp_vm_entered *entered);
    void *entered_context;
};

enum zp_vm_end {
    ZP_VM_POWERED_OFF = 1, /* ACPI power-off or QEMU's exit after it */
    ZP_VM_RESET,           /* reset port, keyboard controller or ACPI reset */
    ZP_VM_TRIPLE_FAULT,    /* shutdown state of a vCPU */
    ZP_VM_STOPPED,         /* by the user: Ctrl-A X, a signal */
    ZP_VM_TIMEOUT,
    ZP_VM_HALTED, /* every vCPU halted for good with interrupts off */
    ZP_VM_FAILED  /* the engine itself failed; it has said why */
};

#define ZP_VM_BLOBS_MAX 17 /* of a request, and the ACPI tables that a run adds */

struct zp_vm_result {
    enum zp_vm_end end;
    uint64_t serial_bytes; /* bytes that the guest printed */
    uint64_t exits;        /* KVM: exits handled; else 0 */
};

/*
 * Runs the guest to its end. Returns 0 when the guest ran at all (*ret_result says how it ended), 1 after
 * a message when the image or the machine says no.
 */
int zp_vm_run(const struct zp_vm_config *config, struct zp_vm_result *ret_result);

/* Mapped guest RAM, regions as the guest sees them. */
struct zp_ram {
    int fd; /* of the memory file; -1: private memory */
    uint64_t size;
    void *host;
    void *reserved;                    /* the address space that it lies in */
    struct zp_guest_region regions[2]; /* below the hole, beyond it */
    struct zp_guest guest;
    bool takes_any_file;
    unsigned mappings;     /* of files, in private memory */
    uint64_t mapped_bytes; /* in them */
};

/*
 * A guest that is planned, as run.c hands it to an engine. load executes the plan on guest RAM: 0, or -1
 * after a message. An engine calls it once before anything of the guest runs, beside whatever else takes its
 * time; NULL: it is loaded already.
 */
struct zp_vm {
    const struct zp_vm_config *config;
    const struct zp_plan *plan;
    const struct zp_ram *ram;
    int (*load)(void *context);
    void *load_context;
};

/* What an engine's PC looks like to ACPI. */
struct zp_acpi_hardware {
    uint32_t cpus;
    uint16_t pm_base;    /* PM1a event block; control block at + 4, timer at + 8 */
    uint16_t sci_irq;    /* 9 */
    uint16_t reset_port; /* 0: no reset register */
    uint8_t reset_value;
    /* QEMU's pc: PCI host bridge, PIIX3 routing, keyboard controller, power button; else serial port and
     * clock */
    bool has_pci;
    uint64_t pci_hole_start; /* 32-bit MMIO window for PCI */
    uint64_t pci_hole_end;   /* exclusive */
};

struct zp_engine {
    const char *name;
    bool shares_ram; /* with another process: guest RAM must be a memory file */
    /*
     * Can this engine run here, and fast? Returns 0 and a phrase for people in why
     * ("KVM, 2100 million instructions a second"), or -1 and the reason in why.
     */
    int (*probe)(char *why, size_t why_size, bool *ret_fast);
    /* Refuses what it cannot honour with one message naming the option; 0 or -1. */
    int (*check)(const struct zp_vm_config *config);
    /* Where RAM is split, and the hardware that ACPI tells of. */
    void (*pc)(const struct zp_vm_config *config, struct zp_pc *ret_pc,
               struct zp_acpi_hardware *ret_hardware);
    /* Enters the plan and runs to the end; 0 or -1 after a message. */
    int (*run)(const struct zp_vm *vm, struct zp_vm_result *ret_result);
};

extern const struct zp_engine zp_engine_kvm;
extern const struct zp_engine zp_engine_qemu;

/*
 * ACPI tables (acpi.c): RSDP first, then FACS, RSDT, XSDT, FADT, MADT, DSDT, addresses filled in by fill. The
 * guest is in ACPI mode from the start; SLP_EN with SLP_TYP 0 at pm_base + 4 is power-off. CPU n has APIC
 * identity n. acpi is the fill callback's context and stays until the load is done.
 */
struct zp_acpi {
    struct zp_acpi_hardware hardware;
};
void zp_acpi_blob(struct zp_acpi *acpi, const struct zp_acpi_hardware *hardware, struct zp_blob *ret_blob);

/* Guest RAM (ram.c): a memory file that another process can share, or private memory, which is faster. 0, or
 * -1 after a message. */
int zp_ram_map(const struct zp_pc *pc, struct zp_ram *ret_ram);
int zp_ram_map_private(const struct zp_pc *pc, struct zp_ram *ret_ram);
void zp_ram_unmap(struct zp_ram *ram);
/* Has zp_load take whole pages from files without reading them (pages.c). any_file: also map those that
 * somebody may change under the guest. The RAM stays where it is from then on. */
void zp_ram_take_pages(struct zp_ram *ram, bool any_file);

/* One line on stderr, "zeropage: ..." with a newline added; silent when config says quiet. */
void zp_vm_say(const struct zp_vm_config *config, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same for errors, never silent. */
void zp_vm_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * The terminal (terminal.c): stdin, raw while a guest owns it. On a real terminal Ctrl-A X asks to leave and
 * Ctrl-A Ctrl-A is one Ctrl-A; a pipe or file is passed on byte by byte, and its end is no error: the guest
 * goes on. Open never fails. SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGTSTP restore the terminal before they
 * end or stop us; an engine that wants one of them installs its own handler, before or after.
 */
struct zp_terminal;
struct zp_terminal *zp_terminal_open(void);
void zp_terminal_close(struct zp_terminal *terminal);
/* As it was before; for signal handlers that end the process. */
void zp_terminal_restore(void);
/* File descriptor to poll for input; -1 (which poll passes over) after its end. */
int zp_terminal_fd(const struct zp_terminal *terminal);
/* Reads what was typed: bytes for the guest in buffer (0 or more), -1 at end of input; *ret_leave on Ctrl-A
 * X. size is at least 2: a Ctrl-A held back may come with the next byte. */
int zp_terminal_read(struct zp_terminal *terminal, void *buffer, size_t size, bool *ret_leave);

/* Why a guest died or is silent (explain.c): mode, RIP, nearest span, symbol, what to try. Several lines on
 * stderr. */
struct zp_cpu_view {
    uint64_t rip, rsp, rflags, cr0, cr2, cr3, cr4, efer;
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp;
    uint16_t cs;
    bool cs_long;      /* CS.L */
    bool cs_default32; /* CS.D */
    uint64_t cs_base;
    bool has_printed;      /* something came out of the serial port */
    const char *last_exit; /* "KVM_EXIT_SHUTDOWN", "triple fault", "none yet" */
};
void zp_vm_explain(const struct zp_vm *vm, const struct zp_cpu_view *cpu, const char *headline);
/* What gdb's command line wants besides, " -ex '...'", for a kernel that was moved; "" for others. Returns
 * text. */
char *zp_vm_gdb_symbols(const struct zp_plan *plan, char *text, size_t text_size);

#endif
